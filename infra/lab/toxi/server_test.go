package toxi

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// What Start started is gone after Close, whatever fault is active and whoever is connected.
func TestCloseLeavesNothing(t *testing.T) {
	upstream := serveBytes(t)
	for _, fault := range Faults() {
		t.Run(fault.Name, func(t *testing.T) {
			noLeaks(t)
			server := startProxy(t, upstream)
			conn, err := net.Dial("tcp", server.ProxyAddr())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if got := askOn(conn, 10, patience); got.err != nil {
				t.Fatal(got.err)
			}
			if err := server.Inject(t.Context(), ProxyName, fault); err != nil {
				t.Fatal(err)
			}
			if err := server.Close(); err != nil {
				t.Error(err)
			}
			conn.SetDeadline(time.Now().Add(patience))
			if _, err := conn.Read(make([]byte, 1)); err == nil || timedOut(err) {
				t.Errorf("connection through the proxy: %v, want it ended", err)
			}
			for _, addr := range []string{server.ProxyAddr(), strings.TrimPrefix(server.URL(), "http://")} {
				listener, err := net.Listen("tcp", addr)
				if err != nil {
					t.Errorf("port is not free again: %v", err)
					continue
				}
				listener.Close()
			}
		})
	}
}

func TestStartUsesARunningToxiproxy(t *testing.T) {
	noLeaks(t)
	upstream := serveBytes(t)
	first := startProxy(t, upstream)
	if !first.Owned() {
		t.Error("the first is not owned")
	}
	second, err := Start(t.Context(), Options{
		APIAddr: strings.TrimPrefix(first.URL(), "http://"), Listen: "127.0.0.1:0", Upstream: "127.0.0.1:1",
	})
	if err != nil {
		t.Fatal(err)
	}
	if second.Owned() || second.ProxyAddr() != first.ProxyAddr() {
		t.Errorf("owned %v, proxy %s, want that of the first, %s", second.Owned(), second.ProxyAddr(), first.ProxyAddr())
	}
	if _, err := second.Create(t.Context(), "extra", "127.0.0.1:0", upstream); err != nil {
		t.Fatal(err)
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	proxies, err := first.Proxies(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := proxies[ProxyName]; !ok || len(proxies) != 1 {
		t.Errorf("proxies after the second closed: %v, want %s alone", proxies, ProxyName)
	}
	if got := ask(first.ProxyAddr(), 10, patience); got.err != nil {
		t.Errorf("after the second closed: %v", got.err)
	}
}

func TestStartCreatesTheProxyOfARunningToxiproxy(t *testing.T) {
	noLeaks(t)
	first, err := Start(t.Context(), Options{APIAddr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	second, err := Start(t.Context(), Options{
		APIAddr: strings.TrimPrefix(first.URL(), "http://"), Listen: "127.0.0.1:0", Upstream: serveBytes(t),
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := ask(second.ProxyAddr(), 10, patience); got.err != nil {
		t.Error(got.err)
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	if proxies, err := first.Proxies(t.Context()); err != nil || len(proxies) > 0 {
		t.Errorf("proxies after the second closed: %v, %v, want none", proxies, err)
	}
}

// Both ports, taken by something else: an error that names the port, and nothing left running.
func TestStartOnATakenPort(t *testing.T) {
	upstream := serveBytes(t)
	web := httptest.NewServer(http.NotFoundHandler())
	defer web.Close()
	taken := web.Listener.Addr().String()
	for name, options := range map[string]Options{
		"API":   {APIAddr: taken, Listen: "127.0.0.1:0", Upstream: upstream},
		"proxy": {APIAddr: "127.0.0.1:0", Listen: taken, Upstream: upstream},
	} {
		t.Run(name, func(t *testing.T) {
			defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
			server, err := Start(t.Context(), options)
			if err == nil {
				server.Close()
				t.Fatal("no error")
			}
			if !strings.Contains(err.Error(), taken) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %q, want one line that names %s", err, taken)
			}
			inUse := errors.Is(err, syscall.EADDRINUSE) ||
				strings.Contains(err.Error(), "address already in use") || strings.Contains(err.Error(), "Only one usage")
			if !inUse {
				t.Errorf("error %q, want it to say that the address is in use", err)
			}
		})
	}
}
