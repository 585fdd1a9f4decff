package experiment

import (
	"math"
	"slices"
)

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

// Success is the share of answers that are 200, from 0 to 1; 0 when there are none.
func Success(answers []Answer) float64 {
	if len(answers) == 0 {
		return 0
	}
	good := 0
	for _, answer := range answers {
		if answer.Status == 200 {
			good++
		}
	}
	return float64(good) / float64(len(answers))
}

// AtMost is the chance of at most k successes in n independent tries that each succeed with chance p.
func AtMost(k, n int, p float64) float64 {
	sum := 0.0
	for i := 0; i <= min(k, n); i++ {
		whole, _ := math.Lgamma(float64(n + 1))
		chosen, _ := math.Lgamma(float64(i + 1))
		left, _ := math.Lgamma(float64(n - i + 1))
		sum += math.Exp(whole - chosen - left + float64(i)*math.Log(p) + float64(n-i)*math.Log1p(-p))
	}
	return sum
}
