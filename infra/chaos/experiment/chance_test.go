package experiment

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestAtMost(t *testing.T) {
	for _, test := range []struct {
		k, n int
		p    float64
		want float64
	}{
		{0, 10, 0.5, 1.0 / 1024},
		{10, 10, 0.5, 1},
		{1, 2, 0.5, 0.75},
	} {
		if got := atMost(test.k, test.n, test.p); math.Abs(got-test.want) > 1e-9 {
			t.Errorf("at most %d of %d: got %v, want %v", test.k, test.n, got, test.want)
		}
	}
}

// Chance alone flips a verdict in fewer than one run in a thousand. These are all verdicts that depend on chance.
func TestChance(t *testing.T) {
	settings, err := LoadSettings()
	if err != nil {
		t.Fatal(err)
	}
	const toxicity = 0.8 // Of flaky: one attempt is one connection.
	load := phaseOf(t, Experiments(settings)[2], flaky)
	requests := int(float64(load.Rate) * load.For.Seconds())
	healed, rejects := simulate(load, settings)
	need := int(math.Ceil(0.7 * float64(requests)))
	// A reply is on time with chance 0.44; a connection and its query need three. Half of the rest comes within a second.
	const inTime = 0.63
	inSlow := phaseOf(t, Experiments(settings)[1], slow)
	asked := int(float64(inSlow.Rate) * inSlow.For.Seconds())
	chances := map[string]float64{
		"E3 fails with retries":                          atMost(need-1, requests, healed),
		"E3 passes with one attempt":                     1 - atMost(need-1, requests, 1-toxicity),
		"E3 rejects by chance":                           rejects,
		"E5 sees no failed check, and allows no verdict": luck(phaseOf(t, Experiments(settings)[4], lonely), settings),
		"E2 sees no late answer in slow":                 atMost(0, asked, 1-inTime),
		"E2 fails with a timeout in slow":                atMost(int(0.4*float64(asked))-1, asked, inTime),
		"E2 passes with a tenth of the timeout in slow":  1 - atMost(int(0.4*float64(asked))-1, asked, 0.44*0.44*0.44),
	}
	for _, name := range []string{"slow", "flaky", "delay", "latency"} {
		for _, toxicity := range []float64{0.05, 0.1, 0.3, 0.8, 1} {
			for _, own := range []bool{true, false} { // On somebody else's Toxiproxy, a canary's reply is one chunk.
				fault := faultOf(name)
				fault.Toxicity = toxicity
				c := &canaries{}
				chance := fault.effect().chance
				if own {
					c.meter = &Meter{}
				} else if !fault.effect().fails {
					chance /= 2
				}
				if n, least := c.required(fault); chance < 1 {
					chances[fmt.Sprintf("%s with toxicity %v is not felt, own %t", name, toxicity, own)] = atMost(least-1, n, chance)
				}
			}
		}
	}
	for what, chance := range chances {
		if chance > 0.001 {
			t.Errorf("%s: a chance of %.2g, want at most 0.001", what, chance)
		}
	}
}

// A share that decides, such as 70 % of 208 requests, is wrong about an app that is 7 points away from it in fewer than one
// run in a thousand, in either direction: a share close to its limit counts only if the next run
// says the same. Without the second run, it would be wrong in 1 of 100.
func TestCloseSharesAreRarelyWrong(t *testing.T) {
	const runs, requests, limit, away = 100_000, 208, 0.7, 0.07
	random := rand.New(rand.NewPCG(2, 0))
	expression, err := parseExpression("rate(served) >= 0.7", nil)
	if err != nil {
		t.Fatal(err)
	}
	// verdicts of every possible number of requests that were served.
	var verdicts [requests + 1]*Run
	for served := range verdicts {
		run := &Run{Phases: []Span{{Name: flaky}}}
		run.Answers = append(many(flaky, served, 0, good), many(flaky, requests-served, 0, Answer{Status: 500})...)
		run.Checks = []Check{expression.check(scope{run, []string{flaky}, nil})}
		run.Verdict = Failed
		if run.Checks[0].Passed {
			run.Verdict = Passed
		}
		verdicts[served] = run
	}
	draw := func(p float64) Run {
		served := 0
		for range requests {
			if random.Float64() < p {
				served++
			}
		}
		return *verdicts[served]
	}
	for right, p := range map[Verdict]float64{Passed: limit + away, Failed: limit - away} {
		wrong, once := 0, 0
		for range runs {
			run := draw(p)
			if run.Verdict != right {
				once++
			}
			if run.again() != "" {
				next := draw(p)
				next.settle(&run)
				run = next
			}
			if run.Verdict != right && run.Verdict != Inconclusive {
				wrong++
			}
		}
		if wrong > runs/1000 || once < wrong {
			t.Errorf("an app at %.0f %%: %d of %d verdicts are wrong, want at most 1 in 1000; %d with one run", 100*p, wrong, runs, once)
		}
	}
}

// simulate runs the flaky load on an app with retries and a breaker of 12 failures in a row. It returns the share of
// requests that succeed, and the share of runs in which the breaker opens while requests are still sent: after the
// load has ended, a long row of failures could open it, because only the slow requests are still due.
func simulate(load Phase, s Settings) (success, rejects float64) {
	const runs, failures = 20000, 12
	random := rand.New(rand.NewPCG(1, 0))
	type end struct {
		at     time.Duration
		failed bool
	}
	opened, good, all := 0, 0, 0
	for range runs {
		var ends []end
		for sent := time.Duration(0); sent < load.For; sent += time.Second / time.Duration(load.Rate) {
			took, failed := flakyRequest(random, s)
			ends = append(ends, end{sent + took, failed})
		}
		slices.SortFunc(ends, func(a, b end) int { return cmp.Compare(a.at, b.at) })
		row, early := 0, false
		for _, one := range ends {
			row++
			all++
			if !one.failed {
				row = 0
				good++
			}
			early = early || row >= failures && one.at < load.For
		}
		if early {
			opened++
		}
	}
	return float64(good) / float64(all), float64(opened) / runs
}

// luck runs the phase in which only checks fail on an app that checks its database every half a second, at any time: the share of runs
// in which too few connections in a row are closed, because too many of them open while a user waits.
func luck(phase Phase, s Settings) float64 {
	const (
		runs  = 20000
		every = 500 * time.Millisecond
		waits = 3 * time.Millisecond // A user of an app on a quiet computer.
	)
	random := rand.New(rand.NewPCG(3, 0))
	refusal := refusals[unlucky]
	refusal.most = s.unlucky()
	few := 0
	for range runs {
		meter := &Meter{}
		for at := time.Duration(random.Int64N(int64(every))); at < phase.For; {
			began, pause := at, s.RetryBaseDelay
			for attempt := 1; attempt <= s.RetryAttempts && at < phase.For; attempt++ {
				meter.users.waiting = 0
				if at%(time.Second/time.Duration(phase.Rate)) < waits {
					meter.users.waiting = 1
				}
				if meter.passes(refusal) {
					break
				}
				at += refusal.after + pause - time.Duration(random.Int64N(int64(pause)/2))
				pause = min(2*pause, s.RetryMaxDelay)
			}
			at = max(at, began+every)
		}
		run := Run{Phases: []Span{{Name: phase.Name}}}
		run.Phases[0].luck, run.Phases[0].row = meter.luck()
		if run.lucky(Experiment{Exercise: Stages, names: map[string]quantity{"RETRY_ATTEMPTS": {value: float64(s.RetryAttempts)}}}) != "" {
			few++
		}
	}
	return float64(few) / runs
}

// flakyRequest is a request of an app that retries, under the flaky fault: how long it takes and whether it fails. An
// attempt works at once, or with a chance of 0.8 fails after half a second.
func flakyRequest(random *rand.Rand, s Settings) (took time.Duration, failed bool) {
	const closes, toxicity = 500 * time.Millisecond, 0.8
	for attempt := 1; attempt <= s.RetryAttempts && took < s.Deadline; attempt++ {
		if random.Float64() >= toxicity {
			return took, false
		}
		delay := s.backoff(attempt+1) - s.backoff(attempt)
		took += closes + time.Duration(float64(delay)*(0.5+random.Float64()/2))
	}
	return min(took, s.Deadline), true
}

// phaseOf is the phase of that name.
func phaseOf(t *testing.T, e Experiment, name string) Phase {
	t.Helper()
	for _, phase := range e.Method {
		if phase.Name == name {
			return phase
		}
	}
	t.Fatalf("%s has no phase %s", e.ID, name)
	return Phase{}
}
