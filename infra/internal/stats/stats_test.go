package stats

import (
	"slices"
	"testing"
	"time"
)

func TestPercentile(t *testing.T) {
	values := []int{50, 20, 40, 10, 30}
	for p, want := range map[float64]int{0: 10, 20: 10, 20.1: 20, 50: 30, 99: 50, 100: 50} {
		if got := Percentile(values, p); got != want {
			t.Errorf("percentile %v: got %d, want %d", p, got, want)
		}
	}
	if want := []int{50, 20, 40, 10, 30}; !slices.Equal(values, want) {
		t.Errorf("the values afterwards: got %v, want %v", values, want)
	}
	if got := Percentile([]time.Duration{}, 99); got != 0 {
		t.Errorf("percentile of no values: got %v, want 0", got)
	}
}

func TestMilliseconds(t *testing.T) {
	if got, want := Milliseconds(1234567*time.Nanosecond), 1.234; got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}
