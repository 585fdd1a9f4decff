// Package stats holds the few figures that measurements share.
package stats

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// Percentile is the nearest-rank percentile p, from 0 to 100, of values: one of them, in their unit. It is the zero
// value when there are none. The values need not be sorted, and stay as they are.
func Percentile[T cmp.Ordered](values []T, p float64) T {
	if len(values) == 0 {
		var none T
		return none
	}
	sorted := slices.Sorted(slices.Values(values))
	rank := int(math.Ceil(p / 100 * float64(len(sorted))))
	return sorted[min(max(rank, 1), len(sorted))-1]
}

// Milliseconds is d in milliseconds, to the microsecond.
func Milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
