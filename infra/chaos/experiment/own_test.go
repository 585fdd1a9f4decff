package experiment

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"chaosworkshop/infra/internal/require"
)

// shop is a service for experiments of one's own: each request asks the dependency at an address, which is that of a proxy unless it
// is changed, over a connection of its own.
type shop struct {
	dependency, listen string
	// patience is how long the service waits for the dependency; 0 is for ever.
	patience time.Duration
	// cached says that it asks only once.
	cached bool
	known  bool
}

// ServeHTTP answers with what the dependency says, or with 503.
func (s *shop) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	if s.cached && s.known {
		return
	}
	conn, err := net.Dial("tcp", s.listen)
	if err == nil {
		defer conn.Close()
		if s.patience > 0 {
			_ = conn.SetDeadline(time.Now().Add(s.patience))
		}
		_, _ = io.WriteString(conn, "hello")
		_, err = io.ReadFull(conn, make([]byte, 5))
	}
	if s.known = err == nil; !s.known {
		http.Error(w, "sorry", http.StatusServiceUnavailable)
	}
}

// run runs an experiment on the service once, with a phase between two calm ones, and judges it.
func (s *shop) run(t *testing.T, phase, expect string) *Run {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	text := fmt.Sprintf(`title: A shop
target: {url: %q}
proxies: [{name: stock, listen: %q, upstream: %q}]
method:
  - {phase: calm, duration: 500ms, load: {rate: 20}}
  - %s
  - {phase: calm again, duration: 500ms, load: {rate: 20}}
tolerances: [{name: as promised, phase: fault, expect: %s}]
`, server.URL, s.listen, s.dependency, phase, expect)
	e, err := read("shop.yaml", []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	run := &Run{}
	if err := observe(t.Context(), e, e.lab(), run); err != nil {
		t.Fatal(err)
	}
	run.judge(e)
	return run
}

// A fault that lets connections hang does so too where the dependency closes each connection after its answer, as for
// Connection: close: a service without a timeout must not pass because it gets an error at once.
func TestHangingFaultsHang(t *testing.T) {
	for _, test := range []struct {
		fault    string
		patience time.Duration
		want     Verdict
		reason   string
	}{
		{"blackhole", 0, Failed, "the user gave up"},
		{"blackhole", 200 * time.Millisecond, Passed, ""},
		{"outage", 0, Passed, ""},
		{"flaky", 0, Inconclusive, `the dependency closed`},
	} {
		t.Run(fmt.Sprint(test.fault, test.patience), func(t *testing.T) {
			t.Parallel()
			s := &shop{dependency: echo(t), listen: require.FreeAddress(t), patience: test.patience}
			run := s.run(t, "{phase: fault, fault: "+test.fault+", duration: 1s, load: {rate: 40, patience: 2s}}", "max <= 1s")
			if run.Verdict != test.want || !strings.Contains(run.Reason, test.reason) {
				t.Errorf("got %s: %s, want %s: %s", run.Verdict, run.Reason, test.want, test.reason)
			}
			if least := 99.0; test.fault == "outage" {
				for _, answer := range run.Of("fault") {
					if answer.Latency < least {
						t.Errorf("an answer came after %.1f ms, want none before Toxiproxy closes its connection", answer.Latency)
						break
					}
				}
			}
		})
	}
}
