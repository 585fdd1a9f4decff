package experiment

import (
	"math"
	"slices"
	"time"
)

// milliseconds is d in milliseconds.
func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// Percentile is the nearest-rank percentile p, from 0 to 100, of values; 0 when there are none.
func Percentile(values []float64, p float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	rank := int(math.Ceil(p / 100 * float64(len(sorted))))
	return sorted[max(rank, 1)-1]
}

// Latencies are the latencies of answers, in milliseconds.
func Latencies(answers []Answer) []float64 {
	values := make([]float64, len(answers))
	for i, answer := range answers {
		values[i] = answer.Latency
	}
	return values
}

// Success is the share of answers that served their user, from 0 to 1; 0 when there are none.
func Success(answers []Answer) float64 {
	return float64(count(answers, Answer.Served)) / float64(max(1, len(answers)))
}
