package cmd

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"chaosworkshop/infra/chaos/load"
	"chaosworkshop/infra/lab/openflights"
	"chaosworkshop/infra/lab/toxi"
	"chaosworkshop/shared/config"
)

// command runs the command line and returns its output and, separately, its progress.
func command(t *testing.T, args ...string) (out, progress string, err error) {
	t.Helper()
	var results, lines bytes.Buffer
	root := New()
	root.SetArgs(args)
	root.SetOut(&results)
	root.SetErr(&lines)
	err = root.ExecuteContext(t.Context())
	return results.String(), lines.String(), err
}

func TestLoadCommand(t *testing.T) {
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/metrics" {
			_, _ = w.Write([]byte("# TYPE circuit_breaker_state gauge\ncircuit_breaker_state{state=\"open\"} 1\n" +
				"# TYPE go_build_info gauge\ngo_build_info{checksum=\"\",path=\"chaosworkshop/exercise5\",version=\"\"} 1\n"))
			return
		}
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	t.Cleanup(app.Close)
	path := filepath.Join(t.TempDir(), "run.html")
	out, progress, err := command(t, "load", "--url", app.URL+"/", "--rate", "20", "--duration", "1500ms", "--json", "--out", path)
	if err != nil {
		t.Fatal(err)
	}
	var summary load.Summary
	if err := json.Unmarshal([]byte(out), &summary); err != nil || summary.Requests != 30 || summary.Statuses["503"] != 30 {
		t.Errorf("error %v, printed %s; want 30 requests, all 503", err, out)
	}
	for _, want := range []string{"requests a second to exercise5 at " + app.URL, "0.0 %", "open", "503:"} {
		if !strings.Contains(progress, want) {
			t.Errorf("the live lines lack %q:\n%s", want, progress)
		}
	}
	if page, err := os.ReadFile(path); err != nil || !bytes.Contains(page, []byte("class Chart")) {
		t.Errorf("error %v; want a page with a chart", err)
	}
}

// A rate that this computer does not hold is said before the load, and sent all the same; a usual one costs no calibration.
func TestLoadCommandSaysWhatThisComputerHolds(t *testing.T) {
	proxy := useStack(t)
	fault, err := toxi.Lookup("blackhole") // The calibration goes past it.
	if err != nil {
		t.Fatal(err)
	}
	if err := proxy.Inject(t.Context(), toxi.ProxyName, fault); err != nil {
		t.Fatal(err)
	}
	settings, err := config.Load[config.App]()
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	holds := calibrate(t.Context(), settings.Database, load.Pairs(openflights.Sample(), 1, 1))
	t.Logf("this computer holds %d requests a second, measured in %s", holds, time.Since(began))
	if holds < 10 || holds > load.MaxRate {
		t.Errorf("this computer holds %d requests a second, want 10 to %d", holds, load.MaxRate)
	}
	app := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(app.Close)
	for rate, want := range map[int]bool{usualRate: false, load.MaxRate: true} {
		_, progress, err := command(t, "load", "--url", app.URL, "--rate", strconv.Itoa(rate), "--duration", "100ms")
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(progress, "This computer holds about"); got != want && (!want || holds < load.MaxRate/2) {
			t.Errorf("%d requests a second: warned %v, want %v:\n%s", rate, got, want, progress)
		}
	}
}

func TestLoadCommandOnAnAppThatIsDown(t *testing.T) {
	app := httptest.NewServer(http.NotFoundHandler())
	app.Close()
	out, progress, err := command(t, "load", "--url", app.URL, "--rate", "20", "--duration", "1100ms")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out, "no answer x 22") || strings.Count(progress, "is the app running?") != 1 {
		t.Errorf("printed %s\nand %s\nwant no answer, and the advice once", out, progress)
	}
}

// Without a URL, the load asks for an exercise: it does not send requests to nothing, and says when something else answers.
func TestLoadCommandWithoutAnExercise(t *testing.T) {
	other := httptest.NewServer(http.NotFoundHandler())
	_, number, err := net.SplitHostPort(other.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PORT", number)
	if _, progress, err := command(t, "load", "--rate", "20", "--duration", "100ms"); err != nil || !strings.Contains(progress, "probably not an exercise (it answers 404)") {
		t.Errorf("error %v, printed %s\nwant it to say that this is no exercise", err, progress)
	}
	other.Close()
	if _, _, err := command(t, "load", "--rate", "20"); err == nil || !strings.Contains(err.Error(), "no exercise runs at http://127.0.0.1:"+number) {
		t.Errorf("error %v, want it to say that no exercise runs", err)
	}
}

func TestLoadCommandRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"another machine": {[]string{"--url", "http://192.0.2.1:5000"}, "REMOTE=1"},
		"too long":        {[]string{"--duration", "1h"}, "at most 30m"},
		"too fast":        {[]string{"--rate", "1001"}, "1 to 1000"},
		"odd file":        {[]string{"--out", "run.txt"}, ".json or .html"},
	} {
		if _, _, err := command(t, append([]string{"load"}, test.args...)...); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want it to say %q", name, err, test.want)
		}
	}
}

// A duration of 0 lasts until Ctrl-C.
func TestLoadUntilInterrupted(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	var asked atomic.Int32
	app := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/api/") && asked.Add(1) == 20 { // Most of those before have their answer.
			interrupt()
		}
	}))
	t.Cleanup(app.Close)
	out, err := carryOut(ctx, "load", "--url", app.URL, "--duration", "0")
	if err != nil || !strings.Contains(out, "until Ctrl-C") || !strings.Contains(out, "success      100.0 %") {
		t.Errorf("got %v, %s, want a summary", err, out)
	}
}

// The live lines say which exercise answers when that changes, what it costs the database, and why answers are missing, each in
// a line that fits a terminal.
func TestLiveLines(t *testing.T) {
	numbers := func(success float64, statuses map[string]int) load.Numbers {
		return load.Numbers{Requests: 1000, Success: success, Latency: load.Latency{P50: 12.3, P99: 9_990}, Statuses: statuses}
	}
	dials, retries := 15.04, 4.0
	var out bytes.Buffer
	say := printSeconds(&out)
	say(load.Second{Second: 1, Sent: 1000, Numbers: numbers(1, map[string]int{"200": 1000}), App: "exercise3", Dials: &dials, Retries: &retries})
	broken := numbers(0, map[string]int{"500": 500, "503": 500})
	say(load.Second{Second: 754, Sent: 1000, Numbers: broken, App: "exercise5", Breaker: "half-open", Health: "Unhealthy", Dials: &dials, Retries: &retries})
	broken = numbers(0, map[string]int{"none": 1000})
	broken.WhyNot = "connection refused"
	say(load.Second{Second: 755, Sent: 1000, Numbers: broken})
	say(load.Second{Second: 756, Sent: 1000, Numbers: broken})
	say(load.Second{Second: 757, Sent: 1000})
	say(load.Second{Second: 758, Numbers: numbers(1, nil)})
	say(load.Second{Second: 759, Numbers: numbers(1, nil)})
	for _, want := range []string{
		"\n       now exercise5 answers\n", "15.0   4.0 half-open Unhealthy 500:500 503:500\n", "\n 0:01 1000 100.0 %", "\n12:34 ", "    -     - -         -         none:1000\n",
		"no answer in this second",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("got\n%s, want %q", &out, want)
		}
	}
	if got := strings.Count(out.String(), "these are the last answers"); got != 1 {
		t.Errorf("the end of the load is said %d times, want once:\n%s", got, &out)
	}
	if got := strings.Count(out.String(), "is the app running?"); got != 1 {
		t.Errorf("the advice comes %d times, want once:\n%s", got, &out)
	}
	for line := range strings.Lines(out.String()) {
		if !strings.Contains(line, "is the app running?") && len(strings.TrimRight(line, "\n")) > 80 {
			t.Errorf("%q is too long for a terminal", line)
		}
	}
}

// A rate that a connection for each query cannot hold is warned of before anything is sent, and the summary tells what the
// computer could not do from what the app did not do.
func TestLoadThatUsesUpThePorts(t *testing.T) {
	app := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(app.Close)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	for arguments, want := range map[string]bool{"--rate 1000 --duration 10m": true, "--rate 1000 --duration 5s": false, "--rate 50 --duration 30m": false} {
		out, err := carryOut(ctx, append([]string{"load", "--url", app.URL}, strings.Fields(arguments)...)...)
		if got := strings.Contains(out, "opens a connection for each query"); err != nil || got != want {
			t.Errorf("%s: error %v, warned %v, want %v:\n%s", arguments, err, got, want, out)
		}
	}
	var out bytes.Buffer
	summary := load.Summary{Numbers: load.Numbers{Requests: 10, NoPort: 3}, Seconds: []load.Second{{}, {OutOfPorts: true}, {OutOfPorts: true}}}
	printLoad(&out, summary)
	if want := "this computer ran out of ports: 3 requests were never sent, and for 2 s no connection to the database was possible"; !strings.Contains(out.String(), want) {
		t.Errorf("got\n%s, want %q", &out, want)
	}
}
