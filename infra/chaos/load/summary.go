package load

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"

	"chaosworkshop/infra/internal/stats"
)

// Tally counts results and keeps every latency, so that its quantiles are exact. The zero value has counted nothing.
type Tally struct {
	latencies   []time.Duration
	sorted      bool
	statuses    map[int]int
	errors      map[string]int
	first, last time.Time
}

// Add counts one result.
func (t *Tally) Add(result Result) {
	if t.statuses == nil {
		t.statuses, t.errors, t.first = map[int]int{}, map[string]int{}, result.At
	}
	t.latencies = append(t.latencies, result.Latency)
	t.sorted = false
	t.statuses[result.Status]++
	if result.Status == 0 {
		t.errors[result.Err]++
	}
	if result.At.Before(t.first) {
		t.first = result.At
	}
	if result.At.After(t.last) {
		t.last = result.At
	}
}

// Count is the number of results.
func (t *Tally) Count() int { return len(t.latencies) }

// Of is the number of results with that outcome.
func (t *Tally) Of(outcome Outcome) int {
	count := 0
	for status, n := range t.statuses {
		if (Result{Status: status}).Outcome() == outcome {
			count += n
		}
	}
	return count
}

// Success is the share of results that are OK, from 0 to 1; 0 without any result.
func (t *Tally) Success() float64 { return float64(t.Of(OK)) / float64(max(1, t.Count())) }

// Quantile is the latency that the share q of all results does not exceed (nearest rank): 0.5 is the median, 1 the
// maximum. It is 0 without any result.
func (t *Tally) Quantile(q float64) time.Duration {
	if t.Count() == 0 {
		return 0
	}
	if !t.sorted {
		slices.Sort(t.latencies)
		t.sorted = true
	}
	return t.latencies[max(int(math.Ceil(q*float64(t.Count()))), 1)-1]
}

// Numbers summarize results. Shares are from 0 to 1.
type Numbers struct {
	Requests int     `json:"requests"`
	Success  float64 `json:"success"`
	Latency  Latency `json:"latencyMs"`
	// Statuses are the numbers of results by HTTP status; "none" stands for no answer.
	Statuses map[string]int `json:"statuses"`
	// WhyNot is the most frequent reason for no answer; empty when every request was answered.
	WhyNot string `json:"whyNot,omitempty"`
	// NoPort is how many of the requests without an answer never left this computer, because it ran out of ports.
	NoPort int `json:"noPort,omitempty"`
}

// Latency holds quantiles in milliseconds.
type Latency struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// Numbers summarizes the results counted so far.
func (t *Tally) Numbers() Numbers {
	at := func(q float64) float64 { return stats.Milliseconds(t.Quantile(q)) }
	numbers := Numbers{
		Requests: t.Count(), NoPort: t.errors[errPorts], Success: t.Success(), Statuses: map[string]int{},
		Latency: Latency{P50: at(0.5), P95: at(0.95), P99: at(0.99), Max: at(1)},
	}
	for status, n := range t.statuses {
		if status == 0 {
			numbers.Statuses["none"] = n
		} else {
			numbers.Statuses[strconv.Itoa(status)] = n
		}
	}
	reasons := slices.SortedFunc(maps.Keys(t.errors), func(a, b string) int {
		return cmp.Or(cmp.Compare(t.errors[b], t.errors[a]), cmp.Compare(a, b))
	})
	if len(reasons) > 0 {
		numbers.WhyNot = reasons[0]
	}
	return numbers
}

// Summary is the record of a load.
type Summary struct {
	URL     string    `json:"url"`
	Rate    int       `json:"rate"`
	Seed    uint64    `json:"seed"`
	Started time.Time `json:"started"`
	Numbers
	Sent     float64         `json:"sentPerSecond"`
	Outcomes map[Outcome]int `json:"outcomes"`
	Seconds  []Second        `json:"seconds"`

	results []Result
}

// Second is the results of one second.
type Second struct {
	// Second counts from 1.
	Second int `json:"second"`
	// Sent is how many requests were sent in this second; Numbers are about those that ended in it.
	Sent int `json:"sent"`
	Numbers
	// App is the exercise that answered; empty where the app does not say.
	App string `json:"app,omitempty"`
	// Breaker is closed, half-open or open; empty where the app has none or does not say.
	Breaker string `json:"breaker,omitempty"`
	// Health is what /health/ answered, such as Healthy; empty where the app has no such endpoint.
	Health string `json:"health,omitempty"`
	// Dials and Retries are per request sent; nil where the app does not count them, or nothing was sent.
	Dials   *float64 `json:"dialsPerRequest,omitempty"`
	Retries *float64 `json:"retriesPerRequest,omitempty"`
	// OutOfPorts says that this computer had no port left for a connection to the database: what failed then may not be the app's
	// doing.
	OutOfPorts bool `json:"outOfPorts,omitempty"`
}

// total completes the summary with the numbers of all its results.
func (s *Summary) total() {
	tally := &Tally{}
	for _, result := range s.results {
		tally.Add(result)
	}
	s.Numbers, s.Sent, s.Outcomes = tally.Numbers(), float64(tally.Count()), map[Outcome]int{}
	if seconds := tally.last.Sub(tally.first).Seconds(); seconds > 0 {
		s.Sent = float64(tally.Count()-1) / seconds
	}
	for _, outcome := range Outcomes() {
		if n := tally.Of(outcome); n > 0 {
			s.Outcomes[outcome] = n
		}
	}
}

// WriteJSON writes the summary as indented JSON.
func (s Summary) WriteJSON(out io.Writer) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(s); err != nil {
		return fmt.Errorf("write the summary: %w", err)
	}
	return nil
}
