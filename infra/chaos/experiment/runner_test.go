package experiment

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"chaosworkshop/infra/chaos/load"
	"chaosworkshop/infra/lab/app"
	"chaosworkshop/infra/lab/openflights"
	"chaosworkshop/shared/config"
)

// Each phase asks for other airports, and asks the same in each run: what an app remembers from the steady state proves nothing.
func TestPhasesDrawTheirOwnRequests(t *testing.T) {
	var mutex sync.Mutex
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mutex.Lock()
		defer mutex.Unlock()
		asked = append(asked, r.URL.RawQuery)
	}))
	defer server.Close()
	draw := func(phases int) []string {
		asked = nil
		tried := &trial{app: &app.Process{URL: server.URL}, run: &Run{Phases: make([]Span, phases)}, lab: lab{load: load.Options{Pairs: load.Pairs(openflights.Sample(), 200, 1)}}}
		if err := tried.send(t.Context(), Phase{For: 40 * time.Millisecond}, 100, tried.load, nil, func(Answer) {}); err != nil {
			t.Fatal(err)
		}
		slices.Sort(asked)
		return asked
	}
	if first, second, again := draw(0), draw(1), draw(1); slices.Equal(first, second) || !slices.Equal(second, again) {
		t.Errorf("got %s, %s and %s, want other requests in the second phase, and the same ones again", first, second, again)
	}
}

// The whole path, once: build an exercise, run an experiment on it that must fail, leave nothing behind.
func TestLabRunsAnExperiment(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED, NOTHING WAS TESTED: -short leaves out what takes seconds")
	}
	// Toxiproxy itself leaves the links of clients that went away while a toxic was changed.
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent(), goleak.IgnoreAnyFunction("github.com/Shopify/toxiproxy/v2/toxics.(*ToxicStub).Run"))
	root, err := config.Root()
	if err != nil {
		t.Fatal(err)
	}
	binary, err := app.Build(t.Context(), filepath.Join(root, "exercise4"))
	if err != nil {
		t.Fatal(err)
	}
	runner, err := Open(t.Context(), DefaultSeed)
	if err != nil {
		t.Fatal(err)
	}
	defer runner.Close()
	run, err := runner.Run(t.Context(), Experiments(runner.Settings)[4], Subject{Folder: "exercise4", App: app.Options{Binary: binary}, Stage: 5})
	if err != nil {
		t.Fatal(err)
	}
	if run.Verdict != Failed || !strings.Contains(run.Reason, "404") {
		t.Errorf("E5 on exercise 4: got %s: %s, want failed with the 404 of /health/", run.Verdict, run.Reason)
	}
	if got := len(run.Of(steady)); got == 0 || run.Phases[0].Dials < got {
		t.Errorf("steady state: got %d dials for %d requests, want one or more each", run.Phases[0].Dials, got)
	}
	if len(run.States) == 0 || run.States[0].Name != "closed" {
		t.Errorf("breaker: got %v, want closed", run.States)
	}
	if len(run.Modules) == 0 {
		t.Error("journal: got no modules, want some")
	}
	if !strings.HasPrefix(run.Reason, "steady state before the fault") {
		t.Errorf("got %s, want the broken expectation", run.Reason)
	}
}
