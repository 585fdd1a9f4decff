package experiment

import (
	"cmp"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"chaosworkshop/infra/internal/require"
	"chaosworkshop/infra/lab/toxi"
)

// shop is a service for experiments of one's own: each request asks the dependency at an address, which is that of a proxy unless it
// is changed, over a connection of its own.
type shop struct {
	dependency, listen string
	// api is the Toxiproxy that is already running; empty for the experiment's own. bypasses says that the service does not use it.
	api      string
	bypasses bool
	// patience is how long the service waits for the dependency; 0 is for ever.
	patience time.Duration
	// cached says that the next answer is kept, and known that there is one.
	cached, known atomic.Bool
	// learns says that a slow answer makes it keep the next one, lies that it answers something wrong instead of 503, and drains that
	// it reads all that the dependency says.
	learns, lies, drains bool
	// greeted is how many bytes the dependency says first, asks what the service says then; empty is hello.
	greeted int
	asks    string
}

// ServeHTTP answers with what the dependency says, or with 503.
func (s *shop) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	if s.cached.Load() && s.known.Load() {
		return
	}
	begin, address := time.Now(), s.listen
	if s.bypasses {
		address = s.dependency
	}
	conn, err := net.Dial("tcp", address)
	if err == nil {
		defer conn.Close()
		if s.patience > 0 {
			_ = conn.SetDeadline(time.Now().Add(s.patience))
		}
		_, err = io.ReadFull(conn, make([]byte, s.greeted))
		_, _ = io.WriteString(conn, cmp.Or(s.asks, "hello"))
		if err == nil && s.drains {
			_, err = io.ReadAll(conn)
		} else if err == nil {
			_, err = io.ReadFull(conn, make([]byte, 5))
		}
	}
	if s.learns && time.Since(begin) > 250*time.Millisecond {
		s.cached.Store(true)
	}
	if s.known.Store(err == nil); err != nil && s.lies {
		_, _ = io.WriteString(w, `{"item": {"price": 0}}`)
		return
	}
	if err != nil {
		http.Error(w, "sorry", http.StatusServiceUnavailable)
		return
	}
	_, _ = io.WriteString(w, `{"item": {"price": 250}}`)
}

// text is an experiment on the service, with a phase between two calm ones.
func (s *shop) text(t *testing.T, phase, expect string) string {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	toxiproxy := ""
	if s.api != "" {
		toxiproxy = fmt.Sprintf("toxiproxy: {api: %q}", s.api)
	}
	return fmt.Sprintf(`title: A shop
target: {url: %q}
requests: [{path: /, right: {status: 200}}]
%s
proxies: [{name: stock, listen: %q, upstream: %q, probe: {send: hello}}]
method:
  - {phase: calm, duration: 500ms, load: {rate: 20}}
  - %s
  - {phase: calm again, duration: 500ms, load: {rate: 20}}
tolerances: [{name: as promised, phase: fault, expect: %s}]
`, server.URL, toxiproxy, s.listen, s.dependency, phase, expect)
}

// observed runs an experiment once.
func observed(t *testing.T, text string) (*Run, error) {
	t.Helper()
	e, err := read("shop.yaml", []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	run := &Run{}
	if err := observe(t.Context(), e, e.lab(func(string) {}), run); err != nil {
		return nil, err
	}
	run.judge(e)
	return run, nil
}

// run runs an experiment on the service once, and judges it.
func (s *shop) run(t *testing.T, phase, expect string) *Run {
	t.Helper()
	run, err := observed(t, s.text(t, phase, expect))
	if err != nil {
		t.Fatal(err)
	}
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
			run := s.run(t, "{phase: fault, fault: "+test.fault+", duration: 1s, load: {rate: 40, patience: 2s}}", "max <= 3s")
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

// What no fault reached proves nothing: a cache that answers under every fault. Where one phase is like that, a note says so.
func TestFaultsThatReachNobody(t *testing.T) {
	const down = "{phase: fault, fault: %s, duration: 500ms, load: {rate: 40, patience: 1s}}"
	for _, test := range []struct {
		what, phases, reason, note string
		cached                     bool
	}{
		{"a cache", fmt.Sprintf(down, "blackhole"), "while a fault was active, so no fault reached it; if a cache answers", "", true},
		{"a cache and a closed port", fmt.Sprintf(down, "refused"), "while a fault was active", "", true},
		{"a closed port", fmt.Sprintf(down, "refused"), "", "", false},
		{"no cache", fmt.Sprintf(down, "blackhole"), "", "", false},
		{"a cache that is filled later", "{phase: slow, fault: {type: latency, latency: 300ms}, duration: 1s, load: {rate: 40}}\n  - " + fmt.Sprintf(down, "blackhole"), "",
			`did not use the proxy stock in "fault"`, false},
	} {
		t.Run(test.what, func(t *testing.T) {
			t.Parallel()
			s := &shop{dependency: echo(t), listen: require.FreeAddress(t), patience: 500 * time.Millisecond}
			s.cached.Store(test.cached)
			s.learns = test.note != ""
			run := s.run(t, test.phases, "max <= 9s")
			if (run.Verdict == Inconclusive) != (test.reason != "") || !strings.Contains(run.Reason, test.reason) {
				t.Errorf("got %s: %s, want %q", run.Verdict, run.Reason, test.reason)
			}
			if got := strings.Join(run.Notes, ""); !strings.Contains(got, test.note) || (got == "") != (test.note == "") {
				t.Errorf("notes: got %q, want %q", got, test.note)
			}
		})
	}
}

// Nobody can count what does not arrive: a closed port, or requests that are lost on a connection of a pool. What comes afterwards tells.
func TestFaultsThatHoldBackWhatIsCounted(t *testing.T) {
	for fault, want := range map[string]string{
		"refused": "", "{type: timeout, timeout: 0, stream: upstream}": "", "blackhole": "while a fault was active",
	} {
		s := &shop{dependency: "127.0.0.1:1", listen: "127.0.0.1:2"}
		e, err := read("shop.yaml", []byte(s.text(t, "{phase: fault, fault: "+fault+", duration: 1s, load: {rate: 20}}", "max <= 1s")), nil)
		if err != nil {
			t.Fatal(err)
		}
		run := &Run{Phases: []Span{{Name: "calm"}, {Name: "fault", Unused: []string{"stock"}}, {Name: "calm again"}}, Dials: []Dial{{Proxy: "stock", Sent: 1}}}
		if got := run.bypassed(e); !strings.Contains(got, want) || (got == "") != (want == "") {
			t.Errorf("%s: got %q, want %q", fault, got, want)
		}
	}
}

// A fault that spares users closes nothing where one always waits, or where the service opens connections for users only.
func TestFaultsThatSpareEverybody(t *testing.T) {
	s := &shop{dependency: "127.0.0.1:1", listen: "127.0.0.1:2"}
	e, err := read("shop.yaml", []byte(s.text(t, "{phase: fault, fault: unlucky, duration: 1s, load: {rate: 20}}", "max <= 1s")), nil)
	if err != nil {
		t.Fatal(err)
	}
	for row, want := range map[int]string{0: `in "fault", no connection met the fault`, 1: ""} {
		run := &Run{Phases: []Span{{Name: "calm"}, {Name: "fault", row: row}, {Name: "calm again"}}}
		if got := run.spared(e); !strings.HasPrefix(got, want) || (got == "") != (want == "") {
			t.Errorf("%d closed: got %q, want %q", row, got, want)
		}
	}
}

// A fault that hits new connections only does not reach a pool.
func TestFaultsThatSpareAPool(t *testing.T) {
	const pool = "opened none in \"fault\", where faults hit new connections only"
	for fault, want := range map[string]string{
		"dropped": pool, "denied": pool, "unlucky": pool, "{type: timeout, timeout: 0, toxicity: 0.5}": pool,
		"{type: latency, latency: 200ms}, dropped": pool,
		"outage": "", "locked": "", "{type: latency, latency: 300ms, toxicity: 0.5}": "", "{type: timeout, timeout: 0, stream: upstream}": "",
	} {
		s := &shop{dependency: "127.0.0.1:1", listen: "127.0.0.1:2"}
		e, err := read("shop.yaml", []byte(s.text(t, "{phase: fault, faults: ["+fault+"], duration: 1s, load: {rate: 20}}", "max <= 1s")), nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, opens := range []bool{false, true} {
			run := &Run{Phases: []Span{{Name: "calm", To: 1}, {Name: "fault", From: 2, To: 3}, {Name: "calm again", From: 4, To: 5}}, Dials: []Dial{{Proxy: "stock", Sent: 1}}}
			if opens {
				run.Dials = append(run.Dials, Dial{Proxy: "stock", At: 2.5, Sent: 1})
			}
			if got := run.bypassed(e); opens && got != "" || !opens && (!strings.Contains(got, want) || (got == "") != (want == "")) {
				t.Errorf("%s, a new connection: %t: got %q, want %q", fault, opens, got, want)
			}
		}
	}
}

// Through a Toxiproxy that is already running nobody counts connections, but the answers tell whether a fault shows in them.
func TestFaultsThatNoAnswerShows(t *testing.T) {
	others, err := toxi.Start(t.Context(), toxi.Options{APIAddr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { others.Close() })
	for _, bypasses := range []bool{false, true} {
		s := &shop{dependency: echo(t), listen: require.FreeAddress(t), api: others.URL(), bypasses: bypasses}
		var run *Run
		for try := 0; try == 0 || try < 3 && run.Verdict == Inconclusive && !bypasses; try++ { // On a busy computer it is, as for a user.
			run = s.run(t, "{phase: fault, fault: {type: latency, latency: 200ms}, duration: 1s, load: {rate: 40}}", "max <= 9s")
		}
		want := map[bool]Verdict{false: Passed, true: Inconclusive}[bypasses]
		if run.Verdict != want || strings.Contains(run.Reason, "check that your service connects to the proxy") != bypasses {
			t.Errorf("bypasses %t: got %s: %s, want %s", bypasses, run.Verdict, run.Reason, want)
		}
	}
}

// says listens, and says something to everyone who connects, before it answers as echo does, without hanging up.
func says(t *testing.T, greeting string) string {
	t.Helper()
	return serve(t, func(conn net.Conn) {
		_, _ = io.WriteString(conn, greeting)
		_, _ = io.Copy(conn, conn)
	})
}

// A fault of MySQL's protocol does nothing to another dependency: a service without a timeout must not pass because tables are locked
// that do not exist.
func TestFaultsThatNeedMySQL(t *testing.T) {
	silent, mail := says(t, ""), says(t, "220 mail.example.org ready\r\n")
	for _, test := range []struct{ fault, upstream string }{{denied, mail}, {locked, mail}, {truncated, mail}, {interrupted, mail}, {locked, silent}} {
		for key, place := range map[string]string{"fault": "8:27", "faults": "8:61"} {
			t.Run(fmt.Sprint(test.fault, key), func(t *testing.T) {
				t.Parallel()
				s := &shop{dependency: test.upstream, listen: require.FreeAddress(t)}
				written := map[string]string{"fault": test.fault, "faults": "[{type: latency, latency: 50ms}, {type: " + test.fault + "}]"}[key]
				_, err := observed(t, s.text(t, "{phase: fault, "+key+": "+written+", duration: 500ms, load: {rate: 20}}", "max <= 9s"))
				want := "shop.yaml:" + place + ": " + test.fault + " needs MySQL, but " + test.upstream + " does not greet as MySQL does"
				if err == nil || !strings.HasPrefix(err.Error(), want) {
					t.Errorf("got %v, want %s", err, want)
				}
			})
		}
	}
}

// Where no phase with a fault took place, nothing was tested. Where one did, a note names the others.
func TestFaultsThatDidNotTakePlace(t *testing.T) {
	s := &shop{dependency: "127.0.0.1:1", listen: "127.0.0.1:2"}
	const phases = "{phase: fault, fault: blackhole, duration: 1s, load: {rate: 20}, only-after: rejected}\n  - {phase: more, fault: outage, duration: 1s, load: {rate: 20}}"
	e, err := read("shop.yaml", []byte(s.text(t, phases, "max <= 1s")), nil)
	if err != nil {
		t.Fatal(err)
	}
	calm := []Span{{Name: "calm"}, {Name: "calm again"}}
	run := &Run{Phases: calm, Checks: []Check{{Passed: true}}}
	if got, want := run.skipped(e), `"fault" and "more" did not take place, because no answer had the outcome of only-after, and so there was no fault`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	run = &Run{Phases: append(calm, Span{Name: "more"}), Checks: []Check{{Passed: true}}}
	if got := run.skipped(e); got != "" || len(run.Notes) != 1 || !strings.HasPrefix(run.Notes[0], `"fault" did not take place`) {
		t.Errorf("got %q and %q, want a note", got, run.Notes)
	}
	run = &Run{Phases: calm[:1], Checks: []Check{{}}}
	if got := run.skipped(e); got != "" {
		t.Errorf("got %q, want nothing: the service was not in its steady state", got)
	}
}

// Where an outage changes no answer, a note says so: something in the background may be all that uses the proxy.
func TestFaultsThatNobodyNotices(t *testing.T) {
	s := &shop{dependency: "127.0.0.1:1", listen: "127.0.0.1:2"}
	e, err := read("shop.yaml", []byte(s.text(t, "{phase: fault, fault: blackhole, duration: 1s, load: {rate: 4}}", "max <= 1s")), nil)
	if err != nil {
		t.Fatal(err)
	}
	for status, want := range map[int]int{200: 1, 503: 0} {
		run := &Run{
			Phases:  []Span{{Name: "calm", To: 1}, {Name: "fault", From: 2, To: 300}, {Name: "calm again", From: 400, To: 500}},
			Answers: []Answer{{Phase: "calm", Status: 200, Latency: 1}, {Phase: "fault", Status: status, At: 3, Latency: 1}},
			Dials:   []Dial{{Proxy: "stock", At: 3, End: 4, Sent: 6}},
		}
		if got := run.unmoved(e); got != "" || len(run.Notes) != want {
			t.Errorf("%d: got %q and %q, want %d notes", status, got, run.Notes, want)
		}
	}
}

// An answer that is late because the computer is busy shows no fault of its connection.
func TestLateAnswersOverQuickConnections(t *testing.T) {
	s := &shop{dependency: "127.0.0.1:1", listen: "127.0.0.1:2"}
	e, err := read("shop.yaml", []byte(s.text(t, "{phase: fault, fault: {type: timeout, timeout: 0, toxicity: 0.05}, duration: 1s, load: {rate: 4}}", "max <= 1s")), nil)
	if err != nil {
		t.Fatal(err)
	}
	run := &Run{
		Phases:  []Span{{Name: "calm", To: 1}, {Name: "fault", From: 2, To: 300}, {Name: "calm again", From: 400, To: 500}},
		Answers: []Answer{{Phase: "calm", Status: 200, Latency: 1}, {Phase: "fault", Status: 200, At: 3, Latency: 131}},
		Dials:   []Dial{{Proxy: "stock", At: 133, End: 134, Sent: 6, Received: 4}},
	}
	if got, want := run.faint(e), "may have spared all connections (1)"; !strings.Contains(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Faults that change late move every measurement of their phase: there is no verdict. Somebody else's Toxiproxy may be far away.
func TestFaultsThatChangeLate(t *testing.T) {
	for _, test := range []struct {
		took time.Duration
		api  string
		want string
	}{
		{promptly, "", ""},
		{600 * time.Millisecond, "", "changing the faults took Toxiproxy 600 ms; close other programs"},
		{600 * time.Millisecond, "http://127.0.0.1:8474", ""},
	} {
		trial := &trial{lab: lab{api: test.api}, run: &Run{}}
		trial.changed(test.took)
		if got := trial.run.inconclusive(Experiment{Exercise: 1}); test.want != "" && !strings.HasPrefix(got, test.want) || (trial.run.Broken == "") != (test.want == "") {
			t.Errorf("%s, %q: got %q, want %q", test.took, test.api, trial.run.Broken, test.want)
		}
	}
}

// A fault that may have spared all connections of a phase proves nothing if no answer shows it, nor does one that needs more bytes than
// the dependency sends, whatever other faults the answers show.
func TestFaultsThatMayHaveSparedAll(t *testing.T) {
	for _, test := range []struct {
		faults string
		dials  int
		want   string
		always bool // Whatever the answers show.
	}{
		{"{type: latency, latency: 300ms, toxicity: 0.3}", 3, "latency latency=300 toxicity=0.3 may have spared all connections (3)", false},
		{"{type: latency, latency: 300ms, toxicity: 0.3}", 20, "", false},
		{"{type: timeout, timeout: 0, toxicity: 0.05}", 40, "may have spared all connections (40)", false},
		{"{type: latency, latency: 300ms}", 1, "", false},
		{"{type: limit_data, bytes: 200}", 20, "limit_data bytes=200 had no effect: no connection through the proxy stock carried more than 100 bytes", true},
		{"{type: limit_data, bytes: 200, stream: upstream}", 20, "carried more than 10 bytes", true},
		{"{type: limit_data, bytes: 100}", 20, "", false},
		{"{type: bandwidth, rate: 100}", 20, "had no effect", true},
		{"trickle", 20, "", false},
		{"{type: slicer, average_size: 128, delay: 10ms}", 20, "had no effect", true},
		{"{type: slicer, average_size: 50, delay: 10ms}", 20, "", false},
		{"slowclose", 20, "the service itself closes its connections", true},
		{"outage", 20, "", false},
		{"{type: latency, latency: 300ms}, {type: limit_data, bytes: 200}", 20, "had no effect", true},
		{"{type: latency, latency: 300ms}, {type: timeout, timeout: 0, toxicity: 0.3}", 3, "may have spared all connections (3)", true},
		{"{type: latency, latency: 300ms}, {type: timeout, timeout: 0, toxicity: 0.3}", 20, "", false},
	} {
		s := &shop{dependency: "127.0.0.1:1", listen: "127.0.0.1:2"}
		e, err := read("shop.yaml", []byte(s.text(t, "{phase: fault, faults: ["+test.faults+"], duration: 1s, load: {rate: 20}}", "max <= 1s")), nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, moves := range []bool{false, true} {
			run := &Run{Phases: []Span{{Name: "calm", To: 1}, {Name: "fault", From: 2, To: 3}, {Name: "calm again", From: 4, To: 5}}}
			for range test.dials {
				dial := Dial{Proxy: "stock", At: 2.5, End: 2.6, Sent: 10, Received: 100}
				if moves {
					dial.End = 1000
				}
				run.Dials = append(run.Dials, dial)
			}
			run.Answers = []Answer{{Phase: "calm", Status: 200, Latency: 1}, {Phase: "fault", Status: 200, Latency: map[bool]float64{false: 2, true: 1000}[moves]}}
			want := test.want
			if moves && !test.always {
				want = ""
			}
			run.Answers[1].At = 2.5
			if got := run.faint(e); !strings.Contains(got, want) || (got == "") != (want == "") {
				t.Errorf("%s, an answer shows it: %t: got %q, want %q", test.faults, moves, got, want)
			}
		}
	}
}

// A fault of queries that no query meets proves nothing: a service that has none, or whose connections are encrypted.
func TestFaultsOfQueriesThatNoQueryMeets(t *testing.T) {
	greeting := refusals[denied].greeting
	const query = "\x1b\x00\x00\x00\x03select name from airports"
	for _, test := range []struct {
		what, asks string
		patience   time.Duration
		want       Verdict
		reason     string
	}{
		{"no query", "", 0, Inconclusive, `no query of the service met locked in "fault"`},
		{"a ping", "\x01\x00\x00\x00\x0e", 0, Inconclusive, `no query of the service met locked in "fault"`},
		{"a query", query, 200 * time.Millisecond, Passed, ""},
		{"a query without a timeout", query, 0, Failed, "the user gave up"},
	} {
		t.Run(test.what, func(t *testing.T) {
			t.Parallel()
			s := &shop{dependency: says(t, greeting), listen: require.FreeAddress(t), patience: test.patience, greeted: len(greeting), asks: test.asks}
			run := s.run(t, "{phase: fault, fault: locked, duration: 500ms, load: {rate: 40, patience: 2s}}", "max <= 1900ms")
			if run.Verdict != test.want || !strings.Contains(run.Reason, test.reason) {
				t.Errorf("got %s: %s, want %s: %s", run.Verdict, run.Reason, test.want, test.reason)
			}
			met, want := *run.Felt[1].Queries, int64(0)
			if test.want != Inconclusive {
				want = 20
			}
			if met != want {
				t.Errorf("got %s, want %d", run.Felt[1].Text("service"), want)
			}
		})
	}
}

// Toxiproxy resets every connection at its end, also those that toxicity spares. That is no failure of the service or of a probe,
// unless the dependency closes its connections, and the service reads up to the end.
func TestResetsOfAShare(t *testing.T) {
	for _, closes := range []bool{false, true} {
		s := &shop{dependency: says(t, ""), listen: require.FreeAddress(t), patience: time.Second}
		if closes {
			s.dependency, s.drains = echo(t), true
		}
		run := s.run(t, "{phase: fault, fault: {type: reset_peer, timeout: 50ms, toxicity: 0.3}, duration: 2s, load: {rate: 50}}", "rate(served) >= 40%")
		if failed := run.Felt[1].Failed; failed == 0 || failed == run.Felt[1].Probes {
			t.Errorf("closes: %t: got %s, want a share", closes, run.Felt[1].Text("service"))
		}
		if want := map[bool]Verdict{false: Passed, true: Inconclusive}[closes]; run.Verdict != want || closes && !strings.Contains(run.Reason, "also reset connections that toxicity spares") {
			t.Errorf("closes: %t: got %s: %s, want %s", closes, run.Verdict, run.Reason, want)
		}
	}
}

// What only a run shows to be a mistake of the file has a place in it, too.
func TestMistakesThatARunShows(t *testing.T) {
	others, err := toxi.Start(t.Context(), toxi.Options{APIAddr: "127.0.0.1:0", Listen: "127.0.0.1:0", Upstream: "127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { others.Close() })
	busy, taken, dead := echo(t), echo(t), require.FreeAddress(t)
	for _, test := range []struct {
		what, api, old, new, want string
	}{
		{"nothing upstream", "", "upstream: \"" + busy, "upstream: \"" + dead, ":5:62: nothing listens on " + dead + "; start the dependency, or correct upstream"},
		{"nobody's name", "", "upstream: \"" + busy, "upstream: \"nobody.invalid:6379", ":5:62: there is no host nobody.invalid, or this computer does not know it; correct upstream"},
		{"the port is taken", "", "LISTEN", taken, ":5:33: open the proxy stock: port " + strings.TrimPrefix(taken, "127.0.0.1:") + " is taken"},
		{"not of this computer", "", "LISTEN", "192.0.2.1:6380", ":5:33: open the proxy stock: cannot listen on 192.0.2.1:6380: "},
		{"no Toxiproxy", "http://" + dead, "", "", ":4:18: no Toxiproxy answers at http://" + dead + "; start it, correct the address, or delete the toxiproxy key"},
		{"no such proxy", others.URL(), "name: stock, listen: LISTEN, upstream: \"" + busy + "\"", "name: mysql-proxy", `:5:18: open the proxy mysql-proxy: the Toxiproxy at ` + others.URL() + ` has no proxy "mysql-proxy": add listen and upstream to create it; did you mean "mysql_proxy"?`},
		{"no such value", "", "right: {status: 200}", "right: {json: {$.item.prize: 250}}", `:3:51: in the steady state, no answer has a value at $.item.prize: the object has no key "prize"; did you mean "price"?`},
		{"no such entry", "", "right: {status: 200}", "right: {json: {'$.item[0]': 250}}", `:3:50: in the steady state, no answer has a value at $.item[0]: the object has no key "0"; expected one of price`},
	} {
		t.Run(test.what, func(t *testing.T) {
			s := &shop{dependency: busy, listen: require.FreeAddress(t), api: test.api}
			text := s.text(t, "{phase: fault, fault: blackhole, duration: 500ms, load: {rate: 20}}", "max <= 9s")
			listen := fmt.Sprintf("%q", s.listen)
			if test.old == "LISTEN" {
				test.old, test.new = listen, fmt.Sprintf("%q", test.new)
			}
			text = strings.Replace(text, strings.Replace(test.old, "LISTEN", listen, 1), test.new, 1)
			if _, err := observed(t, text); err == nil || !strings.HasPrefix(err.Error(), "shop.yaml"+test.want) {
				t.Errorf("got %v, want shop.yaml%s", err, test.want)
			}
		})
	}
}

// Where an answer is wrong, the output says what differs.
func TestWrongAnswersSayWhatDiffers(t *testing.T) {
	s := &shop{dependency: echo(t), listen: require.FreeAddress(t), patience: 100 * time.Millisecond, lies: true}
	text := s.text(t, "{phase: fault, fault: blackhole, duration: 500ms, load: {rate: 20}}", "rate(served) == 1")
	run, err := observed(t, strings.Replace(text, "right: {status: 200}", "right: {json: {$.item.price: 250}}", 1))
	if err != nil {
		t.Fatal(err)
	}
	const want = "200 with a wrong answer ($.item.price is 0 instead of 250)"
	if check := run.Checks[1]; !strings.Contains(check.Measured, want) || !strings.Contains(run.Story(check.Examples[0]), want) {
		t.Errorf("got %q and %q, want %q", check.Measured, run.Story(check.Examples[0]), want)
	}
}

// Whoever waits for a service hears after a second for what, and until when.
func TestWaitingIsSaid(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	dead := require.FreeAddress(t)
	for _, test := range []struct{ url, want string }{{"http://user:secret@" + dead, " at http://user:xxxxx@" + dead}, {server.URL, " 2xx at " + server.URL + "/up"}} {
		begin, said := time.Now(), make(chan string, 1)
		_, err := Target{URL: test.url, Ready: "/up", wait: 1500 * time.Millisecond}.start(t.Context(), func(line string) { said <- line })
		if err == nil || len(said) != 1 {
			t.Fatalf("got %v, and %d lines, want an error and a line", err, len(said))
		}
		line := func(later time.Duration) string {
			return "Waiting for the service to answer" + test.want + ", until " + begin.Add(1500*time.Millisecond+later).Format(time.TimeOnly) + "."
		}
		if got := <-said; got != line(0) && got != line(200*time.Millisecond) {
			t.Errorf("got %q, want %q", got, line(0))
		}
	}
}

// A service that starts slowly gets the time that the file gives it, and no more.
func TestSlowStart(t *testing.T) {
	const text = `title: Slow
target: {command: "sleep 60", start: 1s}
proxies: [{name: stock, listen: "127.0.0.1:1", upstream: "127.0.0.1:2"}]
method:
  - {phase: calm, duration: 1s, load: {rate: 1}}
  - {phase: fault, duration: 1s, fault: outage, load: {rate: 1}}
  - {phase: calm again, duration: 1s, load: {rate: 1}}
tolerances: [{name: as promised, phase: fault, expect: max <= 1s}]
`
	e, err := read("slow.yaml", []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	if e.Target.Dir = t.TempDir(); runtime.GOOS == "windows" {
		e.Target.Command = "ping -n 60 127.0.0.1"
	}
	begin := time.Now()
	_, err = e.Target.start(t.Context(), func(string) {})
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("it took %s, want about a second", took)
	}
	for _, want := range []string{"s after the start; make the service read PORT from its environment", "; if the service only needs more time, add `start: 60s` under target"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
