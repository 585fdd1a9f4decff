package soak

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"chaosworkshop/infra/chaos/load"
	"chaosworkshop/infra/internal/require"
	"chaosworkshop/infra/lab/app"
	"chaosworkshop/infra/lab/openflights"
	"chaosworkshop/infra/lab/toxi"
	"chaosworkshop/infra/tools/stages"
	"chaosworkshop/shared/config"
)

// breakerDelay is that of the apps in these tests: shorter than the default, so that the tests are.
const breakerDelay = time.Second

// rig is a database, a Toxiproxy and apps, each a process of its own.
type rig struct {
	database, toxiproxy *child
	toxi                *toxi.Client
	apps                []*app.Process
}

// newRig starts the named exercises behind one proxy. Their logs go to output.
func newRig(t *testing.T, output io.Writer, names ...string) *rig {
	t.Helper()
	// Each returns to the same port when it is started again.
	r := &rig{database: newChild(t, "database", map[string]string{addressVariable: require.FreeAddress(t)})}
	r.toxiproxy = newChild(t, "toxiproxy", map[string]string{
		addressVariable: require.FreeAddress(t), listenVariable: require.FreeAddress(t), upstreamVariable: r.database.said[0],
	})
	r.toxi = toxi.NewClient("http://" + r.toxiproxy.said[0])
	for _, stage := range names {
		app := r.startApp(t, output, stage, "0")
		t.Cleanup(func() {
			if err := app.Stop(); err != nil && !strings.Contains(err.Error(), "killed") {
				t.Errorf("%s: %v", stage, err)
			}
		})
		r.apps = append(r.apps, app)
	}
	return r
}

// startApp starts an exercise on the port with the number; 0 takes any free one.
func (r *rig) startApp(t *testing.T, output io.Writer, stage, number string) *app.Process {
	t.Helper()
	root, err := config.Root()
	if err != nil {
		t.Fatal(err)
	}
	binary, err := app.Build(t.Context(), filepath.Join(root, stage))
	if err != nil {
		t.Fatal(err)
	}
	env, err := app.Env(r.toxiproxy.said[1], password)
	if err != nil {
		t.Fatal(err)
	}
	env["PORT"], env["DEADLINE"], env["BREAKER_DELAY"] = number, breakerDelay.String(), breakerDelay.String()
	app, err := app.Start(t.Context(), app.Options{Binary: binary, Output: output, Env: env})
	if err != nil {
		t.Fatal(err)
	}
	return app
}

// underLoad runs do while every app gets 20 requests a second, and returns what each of them answered.
func (r *rig) underLoad(t *testing.T, do func()) []*load.Tally {
	t.Helper()
	summaries := make([]*load.Tally, len(r.apps))
	pairs := load.Pairs(openflights.Sample(), 50, 1)
	throttle := load.NewThrottle(20)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var loads sync.WaitGroup
	var outstanding sync.WaitGroup
	for i, app := range r.apps {
		summaries[i] = &load.Tally{}
		loads.Go(func() {
			options := load.Options{URL: app.URL, Throttle: throttle, Pairs: pairs, Sent: func() { outstanding.Add(1) }}
			err := load.Run(ctx, options, func(result load.Result) {
				summaries[i].Add(result)
				outstanding.Done()
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	do()
	// No more requests, and the answers still due: then nothing of what counts is cancelled.
	throttle.Set(0)
	time.Sleep(100 * time.Millisecond)
	outstanding.Wait()
	cancel()
	loads.Wait()
	return summaries
}

// wantServing checks that the app serves again within the time, and goes on to.
func wantServing(t *testing.T, app *app.Process, within time.Duration) {
	t.Helper()
	if took, serves := awaitService(t.Context(), app.URL, within); !serves {
		t.Errorf("%s does not serve again steadily after %s, want within %s", app.URL, took, within)
	}
}

// wantServingAll checks every app at once.
func (r *rig) wantServingAll(t *testing.T, within time.Duration) {
	t.Helper()
	var group sync.WaitGroup
	for _, app := range r.apps {
		group.Go(func() { wantServing(t, app, within) })
	}
	group.Wait()
}

func TestAppsOutliveWhatTheyDependOn(t *testing.T) {
	t.Parallel() // As everything here that mostly waits.
	for _, role := range []string{"database", "toxiproxy"} {
		t.Run(role, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, nil, stages.Names...)
			victim := r.database
			if role == "toxiproxy" {
				victim = r.toxiproxy
			}
			summaries := r.underLoad(t, func() {
				time.Sleep(time.Second)
				victim.kill()
				time.Sleep(2 * time.Second)
				victim.start()
				r.wantServingAll(t, breakerDelay+recovery)
			})
			for i, summary := range summaries {
				select {
				case <-r.apps[i].Done():
					t.Errorf("%s ended: %v", stages.Names[i], r.apps[i].Err())
				default:
				}
				failed := summary.Count() - summary.Of(load.OK)
				if failed == 0 || summary.Of(load.OK) == 0 {
					t.Errorf("%s: %v, want good answers and, while the %s was dead, bad ones", stages.Names[i], summary.Numbers().Statuses, role)
				}
				if got := summary.Of(load.NoAnswer); got != 0 {
					t.Errorf("%s: %d of %d requests without an answer (%s), want none", stages.Names[i], got, summary.Count(), summary.Numbers().WhyNot)
				}
				t.Logf("%s: %v", stages.Names[i], summary.Numbers().Statuses)
			}
		})
	}
}

func TestAKilledAppConcernsNoOther(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil, stages.Names...)
	victim := len(stages.Names) - 1
	number := r.apps[victim].URL[strings.LastIndex(r.apps[victim].URL, ":")+1:]
	summaries := r.underLoad(t, func() {
		time.Sleep(time.Second)
		r.apps[victim].Kill()
		time.Sleep(time.Second)
		again := r.startApp(t, nil, stages.Names[victim], number)
		t.Cleanup(func() {
			if err := again.Stop(); err != nil {
				t.Error(err)
			}
		})
		wantServing(t, again, recovery)
	})
	for i, summary := range summaries {
		t.Logf("%s: %v", stages.Names[i], summary.Numbers().Statuses)
		if i == victim {
			if summary.Of(load.NoAnswer) == 0 || summary.Of(load.OK) == 0 {
				t.Errorf("the killed app: %v, want good answers and none while it was dead", summary.Numbers().Statuses)
			}
			continue
		}
		if got := summary.Of(load.OK); got != summary.Count() {
			t.Errorf("%s: %v, want 200 only", stages.Names[i], summary.Numbers().Statuses)
		}
	}
}

func TestARestartDoesNotWedgeTheProbe(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil, "exercise4", "exercise5")
	outage, err := toxi.Lookup("outage")
	if err != nil {
		t.Fatal(err)
	}
	blackhole, err := toxi.Lookup("blackhole")
	if err != nil {
		t.Fatal(err)
	}
	r.underLoad(t, func() {
		if err := r.toxi.Inject(t.Context(), toxi.ProxyName, outage); err != nil {
			t.Fatal(err)
		}
		for _, app := range r.apps {
			awaitBreaker(t, app, "open")
		}
		if err := r.toxi.Inject(t.Context(), toxi.ProxyName, blackhole); err != nil {
			t.Fatal(err)
		}
		for _, app := range r.apps {
			awaitBreaker(t, app, "half-open")
		}
		// The next request is the probe; it hangs in the black hole when Toxiproxy dies under it.
		time.Sleep(300 * time.Millisecond)
		for _, app := range r.apps {
			awaitBreaker(t, app, "half-open")
		}
		r.toxiproxy.kill()
		time.Sleep(300 * time.Millisecond)
		r.toxiproxy.start()
		r.wantServingAll(t, breakerDelay+recovery)
	})
	for _, app := range r.apps {
		awaitBreaker(t, app, "closed")
	}
}

// awaitBreaker returns when the app's breaker is in the state.
func awaitBreaker(t *testing.T, app *app.Process, state string) {
	t.Helper()
	seen := ""
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		metrics, err := app.Metrics(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if seen = metrics.Breaker; seen == state {
			return
		}
	}
	t.Fatalf("%s: the breaker is %s, want %s", app.URL, seen, state)
}

func TestSIGTERMLosesNoRequest(t *testing.T) {
	t.Parallel()
	for _, stage := range stages.Names {
		t.Run(stage, func(t *testing.T) {
			t.Parallel()
			var log logLines
			r := newRig(t, &log, stage)
			app := r.apps[0]
			late := toxi.Fault{Name: "late", Type: "latency", Toxicity: 1, Attributes: []toxi.Attribute{{Name: "latency", Value: 150}}}
			if err := r.toxi.Inject(t.Context(), toxi.ProxyName, late); err != nil {
				t.Fatal(err)
			}
			var term time.Time
			var stopped error
			done := make(chan struct{})
			time.AfterFunc(1500*time.Millisecond, func() {
				defer close(done)
				term = time.Now()
				process, err := os.FindProcess(app.PID())
				if err == nil {
					err = process.Signal(syscall.SIGTERM)
				}
				if err != nil {
					t.Logf("no SIGTERM here (%v): Stop alone", err)
				}
				stopped = app.Stop()
			})
			var results []load.Result
			err := load.Run(t.Context(), load.Options{
				URL: app.URL, Rate: 50, Duration: 3 * time.Second, Pairs: load.Pairs(openflights.Sample(), 50, 1),
			}, func(result load.Result) { results = append(results, result) })
			<-done
			if err != nil || stopped != nil {
				t.Fatal(err, stopped)
			}
			answered, inFlight, refused := 0, 0, 0
			for _, result := range results {
				if result.Status == 0 {
					refused++
					continue
				}
				answered++
				if result.At.Before(term) && result.At.Add(result.Latency).After(term) {
					inFlight++
				}
			}
			accepted := log.count("INFO request")
			t.Logf("%d accepted and answered, %d of them in flight at the SIGTERM, %d refused", answered, inFlight, refused)
			if answered != accepted || log.count("status=499") != 0 {
				t.Errorf("%d requests were accepted and %d answered completely, want all", accepted, answered)
			}
			if inFlight < 5 || refused == 0 {
				t.Errorf("%d in flight and %d refused: the test saw no shutdown under load", inFlight, refused)
			}
		})
	}
}

// logLines keeps what an app logs.
type logLines struct {
	mutex sync.Mutex
	text  strings.Builder
}

func (l *logLines) Write(piece []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.text.Write(piece)
}

func (l *logLines) count(words string) int {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return strings.Count(l.text.String(), words)
}
