package soak

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"chaosworkshop/infra/lab/toxi"
	"chaosworkshop/infra/tools/stages"
)

func TestPlanIsTheSeeds(t *testing.T) {
	names := func(strikes []strike) (names []string) {
		for _, strike := range strikes {
			names = append(names, strike.fault.Name)
		}
		return names
	}
	first, again := plan(3, 1, time.Minute), plan(3, 1, time.Minute)
	if !slices.Equal(names(first), names(again)) || first[2].at != again[2].at {
		t.Errorf("one seed dealt %v and %v", names(first), names(again))
	}
	if other := plan(4, 1, time.Minute); slices.Equal(names(first), names(other)) && first[2].at == other[2].at {
		t.Errorf("two seeds dealt the same: %v", names(first))
	}
}

func TestPlanIsWhole(t *testing.T) {
	for seed := range uint64(200) {
		met := map[string]bool{}
		for index := range stages.Names {
			const duration = 40 * time.Second
			strikes := plan(seed, index, duration)
			end := time.Duration(0)
			for _, strike := range strikes {
				if strike.at < end || strike.lasts <= 0 {
					t.Fatalf("seed %d, exercise %d: %s from %s for %s begins before %s", seed, index, strike.fault.Name, strike.at, strike.lasts, end)
				}
				end = strike.at + strike.lasts
				met[strike.fault.Name] = true
			}
			if end != duration {
				t.Errorf("seed %d, exercise %d: the last fault ends at %s, want %s", seed, index, end, duration)
			}
		}
		if got, want := len(met), len(toxi.Faults()); got != want {
			t.Errorf("seed %d: %d kinds of faults in 40 s, want all %d", seed, got, want)
		}
	}
}

func TestPlanOfAShortSoak(t *testing.T) {
	for seed := range uint64(200) {
		strikes := plan(seed, 0, MinDuration)
		if len(strikes) == 0 {
			t.Fatalf("seed %d: no fault in %s", seed, MinDuration)
		}
	}
}

// curve is what a process of 40 MB uses that sways by 6 MB and grows by so many megabytes a sample.
func curve(grows float64) []float64 {
	random := rand.New(rand.NewPCG(1, 2))
	samples := make([]float64, 600)
	for i := range samples {
		samples[i] = 40 + float64(i)*grows + 6*random.Float64()
	}
	return samples
}

func TestGrowth(t *testing.T) {
	warming := curve(0)
	for i := range 100 {
		warming[i] -= 30
	}
	waves := curve(0)
	for i := range waves {
		waves[i] += float64(i / 30 % 2 * 40) // Each fault takes 40 MB and gives them back.
	}
	for _, test := range []struct {
		what    string
		samples []float64
		leaks   bool
	}{
		{"memory that sways", curve(0), false},
		{"memory that warms up", warming, false},
		{"memory that comes and goes", waves, false},
		{"20 requests a second that leave 4 KB each", curve(0.08), true},
		{"a leak of 1 MB a second", curve(1), true},
	} {
		if grew, noise := growth(test.samples); (grew > noise) != test.leaks {
			t.Errorf("%s: grew by %.1f MB, noise %.1f MB, want a leak: %t", test.what, grew, noise, test.leaks)
		}
	}
}

func TestOptionsOutOfBounds(t *testing.T) {
	good := Options{Duration: time.Minute, Rate: 20}
	for name, spoil := range map[string]func(*Options){
		"short": func(o *Options) { o.Duration = MinDuration - 1 },
		"long":  func(o *Options) { o.Duration = MaxDuration + 1 },
		"slow":  func(o *Options) { o.Rate = 0 },
		"full":  func(o *Options) { o.Attendees = MaxAttendees + 1 },
		"fast":  func(o *Options) { o.Rate = MaxRate + 1 },
	} {
		options := good
		spoil(&options)
		if _, err := Run(t.Context(), options); err == nil || !strings.Contains(err.Error(), "choose") {
			t.Errorf("%s: got %v, want an error that says what to choose", name, err)
		}
	}
}
