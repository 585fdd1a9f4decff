package load

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"
)

// Summary collects results and says what they amount to. It keeps every latency, so its quantiles are exact.
type Summary struct {
	latencies []time.Duration
	sorted    bool
	outcomes  map[Outcome]int
	statuses  map[string]int
	errors    map[string]int
	first     time.Time
	last      time.Time
}

// NewSummary returns a summary of nothing yet.
func NewSummary() *Summary {
	return &Summary{outcomes: map[Outcome]int{}, statuses: map[string]int{}, errors: map[string]int{}}
}

// Add takes one result in.
func (s *Summary) Add(result Result) {
	s.latencies = append(s.latencies, result.Latency)
	s.sorted = false
	s.outcomes[result.Outcome()]++
	if result.Status == 0 {
		s.statuses["none"]++
		s.errors[result.Err]++
	} else {
		s.statuses[strconv.Itoa(result.Status)]++
	}
	if s.first.IsZero() || result.At.Before(s.first) {
		s.first = result.At
	}
	if result.At.After(s.last) {
		s.last = result.At
	}
}

// Count is the number of results.
func (s *Summary) Count() int { return len(s.latencies) }

// Of is the number of results with that outcome.
func (s *Summary) Of(outcome Outcome) int { return s.outcomes[outcome] }

// Statuses are the numbers of results by HTTP status; "none" stands for no answer.
func (s *Summary) Statuses() map[string]int { return maps.Clone(s.statuses) }

// Success is the share of results that are OK, from 0 to 1; 0 without any result.
func (s *Summary) Success() float64 {
	return float64(s.outcomes[OK]) / float64(max(1, s.Count()))
}

// Rate is how many requests were sent a second.
func (s *Summary) Rate() float64 {
	if seconds := s.last.Sub(s.first).Seconds(); seconds > 0 {
		return float64(s.Count()-1) / seconds
	}
	return float64(s.Count())
}

// Quantile is the latency that the share q of all results does not exceed (nearest rank): 0.5 is the median, 1 the
// maximum. It is 0 without any result.
func (s *Summary) Quantile(q float64) time.Duration {
	if s.Count() == 0 {
		return 0
	}
	if !s.sorted {
		slices.Sort(s.latencies)
		s.sorted = true
	}
	rank := int(math.Ceil(q*float64(s.Count()))) - 1
	return s.latencies[min(max(rank, 0), s.Count()-1)]
}

// WhyNot is the most frequent reason for no answer; empty when every request was answered.
func (s *Summary) WhyNot() string {
	reasons := slices.SortedFunc(maps.Keys(s.errors), func(a, b string) int {
		return cmp.Or(cmp.Compare(s.errors[b], s.errors[a]), cmp.Compare(a, b))
	})
	if len(reasons) == 0 {
		return ""
	}
	return reasons[0]
}
