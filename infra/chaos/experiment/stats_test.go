package experiment

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestPercentileIsNearestRank(t *testing.T) {
	hundred := make([]float64, 100)
	for i := range hundred {
		hundred[i] = float64(100 - i) // From 100 down to 1.
	}
	for _, test := range []struct {
		values []float64
		p      float64
		want   float64
	}{
		{nil, 99, 0},
		{[]float64{7}, 99, 7},
		{[]float64{3, 1, 2}, 50, 2},
		{[]float64{3, 1, 2}, 0, 1},
		{hundred, 99, 99},
		{hundred, 100, 100},
	} {
		if got := Percentile(test.values, test.p); got != test.want {
			t.Errorf("p%v of %d values: got %v, want %v", test.p, len(test.values), got, test.want)
		}
	}
}

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
		if got := AtMost(test.k, test.n, test.p); math.Abs(got-test.want) > 1e-9 {
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
	load := phaseOf(t, Experiments(settings)[2], flaky)
	requests := float64(load.Rate) * load.For.Seconds()
	success := func(stage int) float64 {
		theory, err := InTheory(stage, settings)
		if err != nil {
			t.Fatal(err)
		}
		return theory.Success
	}
	need := int(requests * 3 / 4)
	difference := func(share float64) float64 {
		// The chance that a normal difference of two shares is below the share that is required.
		better, worse := success(3), success(2)
		deviation := math.Sqrt(better*(1-better)/requests + worse*(1-worse)/requests)
		return 0.5 * math.Erfc((better-worse-share)/deviation/math.Sqrt2)
	}
	for what, chance := range map[string]float64{
		"E3 fails with retries":          AtMost(need-1, int(requests), success(3)),
		"E3 passes without any policy":   1 - AtMost(need-1, int(requests), success(1)),
		"E3 passes with a timeout alone": 1 - AtMost(need-1, int(requests), success(2)),
		"E3 is not 25 points better":     difference(0.25),
		"the breaker opens in E3":        opensByChance(load, settings),
		"flaky is not felt":              AtMost(probes/2-1, probes, 0.8),
		"slow is not felt":               AtMost(probes/2-1, probes, 1-0.44*0.44*0.44),
		"E2 sees no late answer in slow": AtMost(0, 100, 0.45),
	} {
		if chance > 0.001 {
			t.Errorf("%s: a chance of %.2g, want at most 0.001", what, chance)
		}
	}
}

// opensByChance is how often a breaker around the retries opens under the flaky load, by simulation: the row of failed
// requests that opens it is long only after the load has ended, when nothing is due any more but what fares badly.
func opensByChance(load Phase, s Settings) float64 {
	const runs = 20000
	random := rand.New(rand.NewPCG(1, 0))
	type end struct {
		at     time.Duration
		failed bool
	}
	opened := 0
	for range runs {
		var ends []end
		for sent := time.Duration(0); sent < load.For; sent += time.Second / time.Duration(load.Rate) {
			took, failed := flakyRequest(random, s)
			ends = append(ends, end{sent + took, failed})
		}
		slices.SortFunc(ends, func(a, b end) int { return cmp.Compare(a.at, b.at) })
		row, longest := 0, 0
		for _, one := range ends {
			row++
			if !one.failed {
				row = 0
			}
			longest = max(longest, row)
		}
		if longest >= s.BreakerFailures {
			opened++
		}
	}
	return float64(opened) / runs
}

// flakyRequest is a request of an app that retries, under the flaky fault: how long it takes and whether it fails. A
// connection works at once, or with a chance of 0.8 fails after half a second.
func flakyRequest(random *rand.Rand, s Settings) (took time.Duration, failed bool) {
	const closes, toxicity = 500 * time.Millisecond, 0.8
	for attempt := 1; attempt <= s.RetryAttempts; attempt++ {
		if attempt > 1 {
			delay := s.backoff(attempt) - s.backoff(attempt-1)
			took += time.Duration(float64(delay) * (0.5 + random.Float64()))
		}
		ends := min(took+s.Timeout, s.Deadline)
		for ; took < ends; took += closes {
			if random.Float64() >= toxicity {
				return took, false
			}
		}
		if took = ends; took == s.Deadline {
			break
		}
	}
	return took, true
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

func TestTheory(t *testing.T) {
	settings, err := LoadSettings()
	if err != nil {
		t.Fatal(err)
	}
	for stage, want := range map[int]int{1: 3, 2: 2, 3: 10, 4: 10, 5: 10} {
		theory, err := InTheory(stage, settings)
		if err != nil {
			t.Fatal(err)
		}
		if theory.Dials != want {
			t.Errorf("exercise %d: got %d dials, want %d", stage, theory.Dials, want)
		}
		if got, want := theory.Success, 1-math.Pow(0.8, float64(want)); math.Abs(got-want) > 1e-6 {
			t.Errorf("exercise %d: got success %v, want %v", stage, got, want)
		}
	}
}
