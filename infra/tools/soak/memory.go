package soak

import (
	"fmt"
	"math"
	"slices"
)

// The bounds of noise: what the resident memory of a Go process may drift by without a leak, because its garbage
// collector gives memory back when it sees fit.
const (
	quiet  = 10 << 20 // In bytes, at least that much is noise.
	spread = 2        // And as many times the range in which half of the samples lie.
)

// fewest is the least number of samples that a verdict about memory rests on: below, the start is all there is to see.
const fewest = 60

// Memory is how much resident memory a process had, in bytes.
type Memory struct {
	// Measured tells whether this system says how much it is; where it does not, the rest is 0.
	Measured bool
	// Start is the middle of the second quarter of the run, End that of the last: the first quarter warms up.
	Start, End int
	// Peak is the most.
	Peak int
	// Noise is how much the end may be above the start.
	Noise int
	// Samples is how often it was measured.
	Samples int
}

// newMemory judges samples that were taken at a steady pace.
func newMemory(samples []int) Memory {
	if len(samples) < 4 {
		return Memory{}
	}
	quarter := len(samples) / 4
	second, last := samples[quarter:2*quarter], samples[len(samples)-quarter:]
	return Memory{
		Measured: true, Start: median(second), End: median(last), Peak: slices.Max(samples),
		Noise: max(quiet, spread*residue(samples[quarter:])), Samples: len(samples),
	}
}

// Flat tells whether the memory did not grow beyond the noise.
func (m Memory) Flat() bool { return m.End-m.Start <= m.Noise }

// String says what was measured, in megabytes.
func (m Memory) String() string {
	if !m.Measured {
		return "not measured"
	}
	return fmt.Sprintf("%s to %s MB", megabytes(m.Start), megabytes(m.End))
}

func megabytes(bytes int) string { return fmt.Sprintf("%.0f", float64(bytes)/(1<<20)) }

// residue is the range in which half of the samples lie around the straight line through them.
func residue(samples []int) int {
	n := float64(len(samples))
	var sumX, sumY, sumXX, sumXY float64
	for i, sample := range samples {
		x, y := float64(i), float64(sample)
		sumX, sumY, sumXX, sumXY = sumX+x, sumY+y, sumXX+x*x, sumXY+x*y
	}
	slope := 0.0
	if divisor := n*sumXX - sumX*sumX; divisor != 0 {
		slope = (n*sumXY - sumX*sumY) / divisor
	}
	around := make([]int, len(samples))
	for i, sample := range samples {
		around[i] = sample - int(math.Round(slope*float64(i)))
	}
	slices.Sort(around)
	return around[len(around)*3/4] - around[len(around)/4]
}

// median is the middle of the samples, of which there is at least one.
func median(samples []int) int {
	sorted := slices.Sorted(slices.Values(samples))
	return sorted[len(sorted)/2]
}
