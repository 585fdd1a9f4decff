package soak

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"chaosworkshop/infra/lab/toxi"
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
		for lane := range stages {
			const duration = 40 * time.Second
			strikes := plan(seed, lane, duration)
			end := time.Duration(0)
			for _, strike := range strikes {
				if strike.at < end || strike.lasts <= 0 {
					t.Fatalf("seed %d, lane %d: %s from %s for %s begins before %s", seed, lane, strike.fault.Name, strike.at, strike.lasts, end)
				}
				end = strike.at + strike.lasts
				met[strike.fault.Name] = true
			}
			if end != duration {
				t.Errorf("seed %d, lane %d: the last fault ends at %s, want %s", seed, lane, end, duration)
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

// curve is what a process of 40 MB uses that sways by 6 MB and grows by so many bytes a sample.
func curve(grows int) []int {
	random := rand.New(rand.NewPCG(1, 2))
	samples := make([]int, 600)
	for i := range samples {
		samples[i] = 40<<20 + i*grows + random.IntN(6<<20)
	}
	return samples
}

func TestMemoryThatSwaysIsFlat(t *testing.T) {
	if memory := newMemory(curve(0)); !memory.Flat() {
		t.Errorf("got a leak of %s, noise %d, want none", memory, memory.Noise)
	}
}

func TestMemoryThatWarmsUpIsFlat(t *testing.T) {
	samples := curve(0)
	for i := range 100 {
		samples[i] -= 30 << 20
	}
	if memory := newMemory(samples); !memory.Flat() {
		t.Errorf("got a leak of %s, noise %d, want none", memory, memory.Noise)
	}
}

func TestLeakIsNoticed(t *testing.T) {
	// 20 requests a second that leave 4 KB each.
	if memory := newMemory(curve(80 << 10)); memory.Flat() {
		t.Errorf("got flat: %s, noise %d, want a leak", memory, memory.Noise)
	}
}

func TestOptionsOutOfBounds(t *testing.T) {
	good := Options{Duration: time.Minute, Rate: 20}
	for name, spoil := range map[string]func(*Options){
		"short": func(o *Options) { o.Duration = MinDuration - 1 },
		"long":  func(o *Options) { o.Duration = MaxDuration + 1 },
		"slow":  func(o *Options) { o.Rate = 0 },
		"fast":  func(o *Options) { o.Rate = MaxRate + 1 },
	} {
		options := good
		spoil(&options)
		if _, err := Run(t.Context(), options, func(Progress) {}); err == nil || !strings.Contains(err.Error(), "choose") {
			t.Errorf("%s: got %v, want an error that says what to choose", name, err)
		}
	}
}

func TestReportFailsWithOneCheck(t *testing.T) {
	var report Report
	report.check("good", true, "")
	report.skip("not told", "no /proc")
	if !report.Passed() {
		t.Error("failed, want passed: nothing was found")
	}
	report.check("bad", false, "%d left", 1)
	if report.Passed() {
		t.Error("passed, want failed")
	}
}
