package bench

import (
	"math"
	"slices"
	"time"
)

// milliseconds is d in milliseconds.
func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// latencies are those of the answers.
func latencies(answers []answer) []time.Duration {
	found := make([]time.Duration, len(answers))
	for i, one := range answers {
		found[i] = one.latency
	}
	return found
}

// quantile is the latency that the share q of the latencies does not exceed (nearest rank), in milliseconds; no number
// when there are none.
func quantile(latencies []time.Duration, q float64) float64 {
	if len(latencies) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(latencies))
	rank := int(math.Ceil(q * float64(len(sorted))))
	return milliseconds(sorted[max(rank, 1)-1])
}

// success is the share of answers that are 200, in per cent; no number when there are none.
func success(answers []answer) float64 {
	good := 0
	for _, one := range answers {
		if one.status == 200 {
			good++
		}
	}
	return 100 * float64(good) / float64(len(answers))
}

// latest is the longest latency, in milliseconds.
func latest(answers []answer) float64 {
	longest := time.Duration(0)
	for _, one := range answers {
		longest = max(longest, one.latency)
	}
	return milliseconds(longest)
}
