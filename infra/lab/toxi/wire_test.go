package toxi

import (
	"net"
	"strings"
	"testing"
	"time"
)

// patience is far longer than any fault takes.
const patience = 10 * time.Second

// Each fault does on the wire what its summary says, and the path works again after it. Lower bounds are exact; the
// upper ones leave room for a busy machine.
func TestFaultsOnTheWire(t *testing.T) {
	upstream := serveBytes(t)
	felt := map[string]func(t *testing.T, server *Server){
		"slow": func(t *testing.T, server *Server) {
			prompt, late := 0, 0
			for _, got := range askAll(server.ProxyAddr(), 40, 10, patience) {
				if got.err != nil || got.last > 2*time.Second {
					t.Errorf("%+v, want an answer within a second", got)
				}
				if got.last < 300*time.Millisecond {
					prompt++
				} else {
					late++
				}
			}
			if prompt == 0 || late == 0 {
				t.Errorf("%d prompt, %d late, want some of both", prompt, late)
			}
		},
		"flaky": func(t *testing.T, server *Server) {
			good, bad := 0, 0
			for _, got := range askAll(server.ProxyAddr(), 40, 10, patience) {
				switch {
				case got.err == nil:
					good++
				case closed(got.err) && got.count == 0 && got.last >= 500*time.Millisecond && got.last < 2*time.Second:
					bad++
				default:
					t.Errorf("%+v, want an answer, or an end after half a second", got)
				}
			}
			// 4 of 5 are bad: the count is out of this range once in ten thousand runs.
			if bad < 20 || good == 0 {
				t.Errorf("%d good, %d bad, want about 8 and 32", good, bad)
			}
		},
		"outage": func(t *testing.T, server *Server) {
			for _, got := range askAll(server.ProxyAddr(), 10, 10, patience) {
				if !closed(got.err) || got.count > 0 || got.last < 100*time.Millisecond || got.last > time.Second {
					t.Errorf("%+v, want nothing and an end after 100 ms", got)
				}
			}
		},
		"delay": func(t *testing.T, server *Server) {
			got := ask(server.ProxyAddr(), 10, patience)
			if got.err != nil || got.first < time.Second || got.last > 2*time.Second {
				t.Errorf("%+v, want an answer after one second", got)
			}
		},
		"blackhole": func(t *testing.T, server *Server) {
			conn, err := net.Dial("tcp", server.ProxyAddr())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if got := askOn(conn, 10, time.Second); !timedOut(got.err) || got.count > 0 {
				t.Errorf("%+v, want silence", got)
			}
			if err := server.Calm(t.Context(), ProxyName); err != nil {
				t.Fatal(err)
			}
			conn.SetDeadline(time.Now().Add(patience))
			if _, err := conn.Read(make([]byte, 1)); err == nil || timedOut(err) {
				t.Errorf("after the fault: %v, want the connection ended", err)
			}
		},
		"refused": func(t *testing.T, server *Server) {
			begin := time.Now()
			_, err := net.DialTimeout("tcp", server.ProxyAddr(), patience)
			if err == nil || timedOut(err) || !strings.Contains(err.Error(), "refused") {
				t.Errorf("dial: %v after %s, want it refused", err, time.Since(begin))
			}
		},
		"reset": func(t *testing.T, server *Server) {
			got := ask(server.ProxyAddr(), 10, patience)
			if got.err == nil || !strings.Contains(got.err.Error(), "reset") && !strings.Contains(got.err.Error(), "forcibly closed") {
				t.Errorf("%+v, want a reset", got)
			}
		},
		"slowclose": func(t *testing.T, server *Server) {
			conn, err := net.Dial("tcp", server.ProxyAddr())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if got := askOn(conn, 10, patience); got.err != nil || got.last > 500*time.Millisecond {
				t.Errorf("%+v, want a prompt answer", got)
			}
			if got := askOn(conn, 0, patience); !closed(got.err) || got.last < time.Second || got.last > 2*time.Second {
				t.Errorf("%+v, want the end after one second", got)
			}
		},
		"trickle": func(t *testing.T, server *Server) {
			got := ask(server.ProxyAddr(), 500, patience)
			if got.err != nil || got.last < 450*time.Millisecond || got.last > 1500*time.Millisecond {
				t.Errorf("%+v, want 500 bytes in half a second", got)
			}
		},
		"sliced": func(t *testing.T, server *Server) {
			got := ask(server.ProxyAddr(), 640, patience)
			if got.err != nil || got.reads < 5 || got.first > got.last-50*time.Millisecond || got.last > time.Second {
				t.Errorf("%+v, want about 10 pieces in 100 ms", got)
			}
		},
		"cut": func(t *testing.T, server *Server) {
			got := ask(server.ProxyAddr(), 300, patience)
			if !closed(got.err) || got.count != 128 {
				t.Errorf("%+v, want the end after 128 bytes", got)
			}
		},
	}
	for _, fault := range Faults() {
		t.Run(fault.Name, func(t *testing.T) {
			server := startProxy(t, upstream)
			if err := server.Inject(t.Context(), ProxyName, fault); err != nil {
				t.Fatal(err)
			}
			felt[fault.Name](t, server)
			if err := server.Calm(t.Context(), ProxyName); err != nil {
				t.Fatal(err)
			}
			for _, got := range askAll(server.ProxyAddr(), 5, 2000, patience) {
				if got.err != nil || got.last > 500*time.Millisecond {
					t.Errorf("after calm: %+v, want 2,000 bytes at once", got)
				}
			}
		})
	}
}
