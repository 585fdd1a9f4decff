package experiment

import (
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"chaosworkshop/infra/lab/toxi"
)

// The canaries meet every fault of the catalogue, whatever the protocol behind the proxy is, and nothing without one.
func TestCanariesMeetTheFaults(t *testing.T) {
	meter, err := StartMeter(echo(t))
	if err != nil {
		t.Fatal(err)
	}
	defer meter.Close()
	proxy, err := toxi.Start(t.Context(), toxi.Options{APIAddr: "127.0.0.1:0", Listen: "127.0.0.1:0", Upstream: meter.Addr()})
	if err != nil {
		t.Fatal(err)
	}
	defer proxy.Close()
	trial := &trial{toxi: proxy}
	path := &path{Proxy: Proxy{Name: toxi.ProxyName}, meter: meter, canaries: &canaries{addr: proxy.ProxyAddr(), meter: meter}}
	try := func(name string, faults ...Fault) Felt {
		phase := Phase{Name: name, Faults: faults}
		if _, err := trial.inject(t.Context(), path, phase); err != nil {
			t.Fatal(err)
		}
		return path.feel(t.Context(), phase, faults)
	}
	feel := func(name string, faults ...Fault) {
		t.Helper()
		felt := try(name, faults...)
		for again := 0; felt.missing() != "" && again < 2; again++ { // A busy computer was slow without a fault: measure that again, too.
			path.usual = 0
			try("calm")
			felt = try(name, faults...)
		}
		if felt.missing() != "" {
			t.Errorf("%s: %s; got %+v", name, felt.missing(), felt)
		}
	}
	feel("calm")
	for _, fault := range toxi.Faults() {
		feel(fault.Name, FromCatalogue(fault))
	}
	up := faultOf("latency")
	up.Stream, up.Attributes["latency"] = "upstream", 200
	feel("latency upstream", up)
	partial := faultOf("outage")
	partial.Toxicity = 0.1
	feel("a rare fault", partial)
	feel("a share of resets", Fault{Name: "reset_peer", Type: "reset_peer", Stream: "downstream", Toxicity: 0.3, Attributes: map[string]int64{"timeout": 100}})
	feel("calm again")
	if got := meter.Log("", trial.start); len(got) != 0 {
		t.Errorf("the dependency got %d connections of the canaries, want none", len(got))
	}
}

// A fault that is not in place is not felt.
func TestCanariesMissAFaultThatIsNotThere(t *testing.T) {
	meter, err := StartMeter(echo(t))
	if err != nil {
		t.Fatal(err)
	}
	defer meter.Close()
	c := &canaries{addr: meter.Addr(), meter: meter}
	c.feel(t.Context(), Phase{Name: "calm"}, nil)
	for _, fault := range toxi.Faults() {
		faults := []Fault{FromCatalogue(fault)}
		if felt := c.feel(t.Context(), Phase{Name: fault.Name, Faults: faults}, faults); felt.missing() == "" {
			t.Errorf("%s: verified although it is not in place: %+v", fault.Name, felt)
		}
	}
}

// On somebody else's Toxiproxy, a probe that the dependency closes does not hang.
func TestCanariesThatTheDependencyCloses(t *testing.T) {
	upstream := echo(t)
	proxy, err := toxi.Start(t.Context(), toxi.Options{APIAddr: "127.0.0.1:0", Listen: "127.0.0.1:0", Upstream: upstream})
	if err != nil {
		t.Fatal(err)
	}
	defer proxy.Close()
	trial, path := &trial{toxi: proxy}, &path{Proxy: Proxy{Name: toxi.ProxyName}, canaries: &canaries{addr: proxy.ProxyAddr(), send: "hello"}}
	for fault, want := range map[string]string{"blackhole": "the dependency closed 20 of 20 probe connections", "latency": ""} {
		faults := []Fault{faultOf(fault)}
		faults[0].Attributes["latency"] = 30_000
		if fault == "blackhole" {
			delete(faults[0].Attributes, "latency")
		}
		phase := Phase{Name: fault, Faults: faults}
		if _, err := trial.inject(t.Context(), path, phase); err != nil {
			t.Fatal(err)
		}
		if got := path.feel(t.Context(), phase, faults).missing(); !strings.Contains(got, want) || (got == "") != (want == "") {
			t.Errorf("%s: got %q, want %q", fault, got, want)
		}
	}
}

// On somebody else's Toxiproxy, probes come a few at a time: the dependency may queue few connections, as Python's HTTPServer does.
func TestCanariesComeAFewAtATime(t *testing.T) {
	var now, most atomic.Int64
	address := serve(t, func(conn net.Conn) {
		if beside := now.Add(1); beside > most.Load() {
			most.Store(beside)
		}
		time.Sleep(20 * time.Millisecond)
		_, _ = io.WriteString(conn, "ready")
		now.Add(-1)
	})
	c := &canaries{addr: address}
	if felt := c.feel(t.Context(), Phase{}, nil); felt.Failed > 0 || most.Load() > 5 {
		t.Errorf("got %+v and %d connections at once, want no failure and at most 5", felt, most.Load())
	}
}
