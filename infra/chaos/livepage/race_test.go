package livepage

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"chaosworkshop/infra/chaos/load"
	"chaosworkshop/infra/lab/openflights"
	"chaosworkshop/infra/lab/stack"
	"chaosworkshop/infra/lab/toxi"
	"chaosworkshop/shared/config"
)

// patience bounds every wait in a test, builds included.
const patience = 2 * time.Minute

// running is a race that runs until the test ends.
type running struct {
	*Race
	hub *Hub
	end func() error
}

// startRace starts a race on free ports, with a load that even a busy computer can take; change may change its options.
func startRace(t *testing.T, change func(*Options)) *running {
	t.Helper()
	root, err := config.Root()
	if err != nil {
		t.Fatal(err)
	}
	infra, err := config.Load[config.Infra]()
	if err != nil {
		t.Fatal(err)
	}
	options := Options{
		Infra: stack.Isolated(infra), Root: root, Rate: 10, TTL: time.Minute,
		Pairs: load.Pairs(openflights.Sample(), 50, 1), Seed: 1,
	}
	if change != nil {
		change(&options)
	}
	hub := newTestHub(t, &bytes.Buffer{})
	race := NewRace(options, hub)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- race.Run(ctx) }()
	end := sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	t.Cleanup(func() {
		if err := end(); err != nil {
			t.Error(err)
		}
	})
	return &running{race, hub, end}
}

// until waits for a frame that is as wanted.
func (r *running) until(t *testing.T, what string, wanted func(Frame) bool) Frame {
	t.Helper()
	_, frames, leave := r.hub.Join()
	defer leave()
	timeout := time.After(patience)
	for last := (Frame{}); ; {
		select {
		case text, more := <-frames:
			if !more {
				t.Fatalf("the frames ended before: %s", what)
			}
			last = Frame{}
			if err := json.Unmarshal(text, &last); err != nil {
				t.Fatal(err)
			}
			if wanted(last) {
				return last
			}
		case <-timeout:
			t.Fatalf("not within %s: %s; the last frame: %+v", patience, what, last)
		}
	}
}

// calmly tells whether every lane answers well, and every breaker is closed.
func calmly(frame Frame) bool {
	for i, lane := range frame.Lanes {
		breaker := ""
		if i >= 3 {
			breaker = "closed"
		}
		if lane.State != laneUp || lane.Answered < 10 || lane.Success != 1 || lane.Breaker != breaker {
			return false
		}
	}
	return frame.Fault == nil
}

// suite is all tests, and the end of the browser that they share.
type suite struct{ *testing.M }

func (s suite) Run() int {
	// Two races mostly wait, so something else can be tested beside them, even on two cores.
	if err := flag.Set("test.parallel", "3"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := s.M.Run()
	if err := endBrowser(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// TestMain lets no race leave anything behind.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(suite{m},
		// Toxiproxy itself leaves the links of clients that went away while a toxic was changed.
		goleak.IgnoreAnyFunction("github.com/Shopify/toxiproxy/v2/toxics.(*ToxicStub).Run"))
}

// A race with a stack that it did not start. TestRaceInTheBrowser starts its own.
func TestRace(t *testing.T) {
	t.Parallel() // As everything here that mostly waits.
	infra, err := config.Load[config.Infra]()
	if err != nil {
		t.Fatal(err)
	}
	borrowed, err := stack.Start(t.Context(), stack.Isolated(infra))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = borrowed.Close() })
	race := startRace(t, func(options *Options) {
		options.Infra.MySQLPort = portIn(t, borrowed.Database())
		options.Infra.ProxyPort = portIn(t, borrowed.Proxy())
		options.Infra.ToxiproxyPort = portIn(t, borrowed.Toxi.URL()[len("http://"):])
	})
	frame := race.until(t, "all lanes in calm", calmly)
	if frame.Holds < 1 || frame.Holds > load.MaxRate {
		t.Errorf("this computer holds %d requests a second and lane, want some", frame.Holds)
	}
	for i, lane := range frame.Lanes {
		if lane.Dials < 0.5 || lane.Dials > 1.5 {
			t.Errorf("lane %d dials %v times a request in calm, want about once", i+1, lane.Dials)
		}
	}

	t.Run("a fault from a terminal is shown", func(t *testing.T) {
		fault, err := toxi.Lookup("delay")
		if err != nil {
			t.Fatal(err)
		}
		terminal := toxi.NewClient(race.toxi.URL())
		if err := terminal.Inject(t.Context(), toxi.ProxyName, fault); err != nil {
			t.Fatal(err)
		}
		frame := race.until(t, "the foreign fault is shown", func(f Frame) bool { return f.Fault != nil && f.Fault.Name == "delay" })
		if frame.Fault.Left != 0 {
			t.Errorf("it is left for %d ms, want nothing: it is not ours to remove", frame.Fault.Left)
		}
		if err := terminal.Calm(t.Context(), toxi.ProxyName); err != nil {
			t.Fatal(err)
		}
		race.until(t, "the foreign fault is gone", func(f Frame) bool { return f.Fault == nil })
	})

	t.Run("an app that dies comes back", func(t *testing.T) {
		race.until(t, "calm", calmly)
		race.Race.lanes[1].mutex.Lock()
		pid := race.Race.lanes[1].pid
		race.Race.lanes[1].mutex.Unlock()
		kill(t, pid)
		race.until(t, "the app is down", func(f Frame) bool { return f.Lanes[1].State == laneDown && f.Lanes[1].Reason != "" })
		race.until(t, "the app is back", calmly)
	})

	t.Run("pause, pool and reset", func(t *testing.T) {
		if err := race.Pause(t.Context(), true); err != nil {
			t.Fatal(err)
		}
		first := race.until(t, "paused", func(f Frame) bool { return f.Paused })
		second := race.until(t, "nothing is answered any more", func(f Frame) bool { return f.Lanes[0].Answered == 0 })
		if second.T != first.T {
			t.Errorf("the clock went from %d to %d while paused", first.T, second.T)
		}
		if err := race.Pool(t.Context(), true); err != nil {
			t.Fatal(err)
		}
		if err := race.Pause(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		race.until(t, "pooled connections spare the dials", func(f Frame) bool {
			return f.Pooled && calmly(f) && f.Lanes[0].Dials < 0.3
		})
		if err := race.SetRate(t.Context(), 51); err == nil {
			t.Error("took a rate that is not offered")
		}
		if err := race.SetRate(t.Context(), 50); err != nil {
			t.Fatal(err)
		}
		race.until(t, "more load", func(f Frame) bool { return f.Lanes[0].Answered > 100 })
		if err := race.SetRate(t.Context(), 10); err != nil {
			t.Fatal(err)
		}
		if err := race.Reset(t.Context()); err != nil {
			t.Fatal(err)
		}
		race.until(t, "everything anew", func(f Frame) bool { return f.Since > 0 && calmly(f) })
	})

	race.options.TTL = 2 * time.Second
	if err := race.Inject(t.Context(), "slow"); err != nil {
		t.Fatal(err)
	}
	race.mutex.Lock()
	if race.now.Fault == nil {
		t.Error("no fault is in place, want slow")
	}
	race.mutex.Unlock()
	race.until(t, "the fault ends by itself", func(f Frame) bool { return f.Fault == nil })

	race.options.TTL = time.Hour
	if err := race.Inject(t.Context(), "outage"); err != nil {
		t.Fatal(err)
	}
	if err := race.end(); err != nil {
		t.Fatal(err)
	}
	proxy, err := borrowed.Toxi.Proxy(t.Context(), toxi.ProxyName)
	if err != nil {
		t.Fatal(err)
	}
	if fault := proxy.Fault(); fault != "" {
		t.Errorf("the race left %s behind on a Toxiproxy that is not its own", fault)
	}
}

// portIn is the port of an address.
func portIn(t *testing.T, address string) int {
	t.Helper()
	_, text, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(fmt.Errorf("port of %s: %w", address, err))
	}
	return port
}

// A fault that someone injects in a terminal is not removed when the time of the page's own fault is over, not even if it is
// the same one.
func TestTTLRemovesOnlyItsOwn(t *testing.T) {
	server, err := toxi.Start(t.Context(), toxi.Options{APIAddr: "127.0.0.1:0", Listen: "127.0.0.1:0", Upstream: "127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	race := &Race{toxi: server, clock: newClock(), kick: make(chan struct{}, 1), options: Options{TTL: time.Hour}}
	terminal := toxi.NewClient(server.URL())
	for _, name := range []string{"slow", "outage", "refused"} {
		if err := race.Inject(t.Context(), "slow"); err != nil {
			t.Fatal(err)
		}
		fault, err := toxi.Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := terminal.Inject(t.Context(), toxi.ProxyName, fault); err != nil {
			t.Fatal(err)
		}
		race.expires = time.Now().Add(-time.Second)
		race.look(t.Context())
		proxy, err := server.Proxy(t.Context(), toxi.ProxyName)
		if err != nil {
			t.Fatal(err)
		}
		if got := proxy.Fault(); got != name || race.now.Fault == nil || race.now.Fault.Name != name {
			t.Errorf("%q is in place and %+v on the page, want %s", got, race.now.Fault, name)
		}
		if err := race.rollBack(); err != nil {
			t.Fatal(err)
		}
		if proxy, err = server.Proxy(t.Context(), toxi.ProxyName); err != nil || proxy.Fault() != name {
			t.Errorf("%q is in place after the race, %v, want %s", proxy.Fault(), err, name)
		}
	}
	if err := race.Inject(t.Context(), "slow"); err != nil {
		t.Fatal(err)
	}
	race.expires = time.Now().Add(-time.Second)
	race.look(t.Context())
	if proxy, err := server.Proxy(t.Context(), toxi.ProxyName); err != nil || proxy.Fault() != "" || race.now.Fault != nil {
		t.Errorf("%q, %v: our own fault is in place after its time", proxy.Fault(), err)
	}
}
