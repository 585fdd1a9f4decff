package toxi

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// cycles is low for everyday use; `go test ./infra/lab/toxi -run Cycles -cycles 500 -timeout 60m` is the long form.
var cycles = flag.Int("cycles", 25, "how often TestCycles adds and removes each fault")

// aloneVariable names the test that runs in a process of its own.
const aloneVariable = "TOXI_TEST_ALONE"

// alone tells that the test runs in a process of its own; until it does, alone runs it in one. What a deadlock stopped
// continues in steps of 5 s and keeps starting goroutines: in one process with other tests, those would count as their
// leaks.
func alone(t *testing.T) bool {
	t.Helper()
	if os.Getenv(aloneVariable) == t.Name() {
		return true
	}
	command := exec.CommandContext(t.Context(), os.Args[0], "-test.v", "-test.run=^"+t.Name()+"$",
		"-cycles="+strconv.Itoa(*cycles))
	command.Env = append(os.Environ(), aloneVariable+"="+t.Name())
	output, err := command.CombinedOutput()
	t.Logf("in a process of its own:\n%s", output)
	if err != nil {
		t.Error(err)
	}
	return false
}

// abandonAnswers runs clients that ask for count bytes over and over, read some of them and hang up, until the returned
// function is called, which returns how often they did.
func abandonAnswers(addr func() string, clients, count int) (stop func() int64) {
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	var asked atomic.Int64
	for range clients {
		group.Go(func() {
			for ctx.Err() == nil {
				if conn, err := net.DialTimeout("tcp", addr(), time.Second); err == nil {
					conn.SetDeadline(time.Now().Add(50 * time.Millisecond))
					fmt.Fprintf(conn, "%d\n", count)
					io.CopyN(io.Discard, conn, int64(count/4))
					conn.Close()
					asked.Add(1)
				} else {
					time.Sleep(time.Millisecond) // The fault "refused", or a repair.
				}
			}
		})
	}
	return func() int64 {
		cancel()
		group.Wait()
		return asked.Load()
	}
}

// answering is how many connections serveBytes has.
func answering() int {
	stacks := make([]byte, 64<<20)
	return bytes.Count(stacks[:runtime.Stack(stacks, true)], []byte("toxi.answerBytes("))
}

// The known deadlock (upstream issue 558): a toxic changes while clients abandon large answers. Each time, the call
// that hangs ends in 3 s, and the proxy serves again.
func TestDeadlockHeals(t *testing.T) {
	if !alone(t) {
		return
	}
	server := startProxy(t, serveBytes(t))
	for round := range 3 {
		stop := abandonAnswers(server.ProxyAddr, 20, 1_200_000)
		before := server.Rebuilds()
		var worst time.Duration
		for end := time.Now().Add(time.Minute); server.Rebuilds() == before; {
			if time.Now().After(end) {
				stop()
				t.Fatalf("round %d: no deadlock in a minute", round)
			}
			for _, call := range []func() error{
				func() error {
					toxic := Toxic{Type: "latency", Stream: "downstream", Toxicity: 1, Attributes: map[string]int64{"latency": 1}}
					return server.call(t.Context(), http.MethodPost, proxyPath(ProxyName)+"/toxics", toxic, nil)
				},
				func() error {
					return server.call(t.Context(), http.MethodDelete, proxyPath(ProxyName)+"/toxics/latency_downstream", nil, nil)
				},
			} {
				begin := time.Now()
				err := call()
				took := time.Since(begin)
				worst = max(worst, took)
				// After a repair there is no toxic to remove.
				if err != nil && !errors.Is(err, errRebuilt) && !errors.Is(err, errNotFound) {
					t.Errorf("round %d: %v", round, err)
				}
			}
		}
		// While the clients continue as before: a repair that works only without load would be no repair.
		got := ask(server.ProxyAddr(), 10, patience)
		asked := stop()
		if got.err != nil {
			t.Errorf("round %d: after the repair: %+v, want an answer", round, got)
		}
		if types := inPlace(t, server); len(types) > 0 {
			t.Errorf("round %d: %v in place after the repair, want nothing", round, types)
		}
		if worst > 3*time.Second {
			t.Errorf("round %d: a call took %s, want 3 s at most", round, worst)
		}
		t.Logf("round %d: a deadlock after %d answers abandoned; healed %s after its call", round, asked, worst)
	}
	left := answering()
	for end := time.Now().Add(portPatience + 20*time.Second); left > 0 && time.Now().Before(end); left = answering() {
		time.Sleep(50 * time.Millisecond)
	}
	if left > 0 {
		t.Errorf("the proxies that hung keep %d connections", left)
	}
}

// Faults come and go under load, while clients hang up during answers, and no call hangs.
func TestCycles(t *testing.T) {
	if !alone(t) {
		return
	}
	upstream := serveBytes(t)
	for _, fault := range Faults() {
		t.Run(fault.Name, func(t *testing.T) {
			server := startProxy(t, upstream)
			goroutines := runtime.NumGoroutine()
			stop := abandonAnswers(server.ProxyAddr, 20, 8_000)
			var took []time.Duration
			for cycle := range *cycles {
				begin := time.Now()
				err := errors.Join(
					server.Inject(t.Context(), ProxyName, fault),
					server.Calm(t.Context(), ProxyName),
				)
				if err != nil {
					t.Errorf("cycle %d: %v", cycle, err)
				}
				took = append(took, time.Since(begin))
			}
			asked := stop()
			// The proxy first works through what the clients left in its queue, which takes time on a busy computer.
			if got := ask(server.ProxyAddr(), 10, time.Minute); got.err != nil {
				t.Errorf("after the last cycle: %+v, want an answer", got)
			}
			slices.Sort(took)
			worst := took[len(took)-1]
			// Inject and Calm, each with at most two repairs.
			if worst > 12*time.Second {
				t.Errorf("a cycle took %s", worst)
			}
			t.Logf("%d cycles, %d answers abandoned, median %s, worst %s, %d repairs, goroutines %d -> %d",
				len(took), asked, took[len(took)/2].Round(time.Microsecond), worst.Round(time.Microsecond), server.Rebuilds(),
				goroutines, runtime.NumGoroutine())
		})
	}
}
