package load

import (
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// Report is a load as it is written down. Times are in milliseconds, shares from 0 to 1.
type Report struct {
	URL      string          `json:"url"`
	Rate     int             `json:"rate"`
	Seed     uint64          `json:"seed"`
	Started  time.Time       `json:"started"`
	Requests int             `json:"requests"`
	Sent     float64         `json:"sentPerSecond"`
	Success  float64         `json:"success"`
	Latency  Latency         `json:"latencyMs"`
	Outcomes map[Outcome]int `json:"outcomes"`
	Statuses map[string]int  `json:"statuses"`
	// WhyNot is the most frequent reason for no answer.
	WhyNot  string   `json:"whyNot,omitempty"`
	Seconds []Second `json:"seconds"`

	results []Result
}

// Latency holds quantiles in milliseconds.
type Latency struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// Second is what came back within one second.
type Second struct {
	// Second counts from 1.
	Second   int            `json:"second"`
	Requests int            `json:"requests"`
	Success  float64        `json:"success"`
	Latency  Latency        `json:"latencyMs"`
	Statuses map[string]int `json:"statuses"`
	WhyNot   string         `json:"whyNot,omitempty"`
	// Breaker is closed, half-open or open; empty where the app has none or does not say.
	Breaker string `json:"breaker,omitempty"`
}

// newLatency is the quantiles of a summary.
func newLatency(s *Summary) Latency {
	return Latency{
		P50: milliseconds(s.Quantile(0.5)), P95: milliseconds(s.Quantile(0.95)),
		P99: milliseconds(s.Quantile(0.99)), Max: milliseconds(s.Quantile(1)),
	}
}

// newSecond is the summary of one second.
func newSecond(number int, s *Summary, breaker string) Second {
	return Second{
		Second: number, Requests: s.Count(), Success: s.Success(), Latency: newLatency(s),
		Statuses: s.Statuses(), WhyNot: s.WhyNot(), Breaker: breaker,
	}
}

// total completes the report with what all results amount to.
func (r *Report) total(s *Summary) {
	r.Requests, r.Sent, r.Success = s.Count(), s.Rate(), s.Success()
	r.Latency, r.Statuses, r.WhyNot = newLatency(s), s.Statuses(), s.WhyNot()
	r.Outcomes = map[Outcome]int{}
	for _, outcome := range Outcomes() {
		if n := s.Of(outcome); n > 0 {
			r.Outcomes[outcome] = n
		}
	}
}

// WriteJSON writes the report as indented JSON.
func (r Report) WriteJSON(out io.Writer) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(r); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// milliseconds is d in milliseconds, to the microsecond.
func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
