package load

import (
	"testing"
	"time"
)

func TestSummary(t *testing.T) {
	start := time.Unix(0, 0)
	summary := NewSummary()
	for i := range 100 {
		result := Result{At: start.Add(time.Duration(i) * 10 * time.Millisecond), Latency: time.Duration(100-i) * time.Millisecond, Status: 200}
		if i%10 == 0 {
			result.Status, result.Err = 0, "connection refused"
		}
		summary.Add(result)
	}
	for q, want := range map[float64]time.Duration{0: 1, 0.5: 50, 0.95: 95, 0.99: 99, 1: 100} {
		if got := summary.Quantile(q); got != want*time.Millisecond {
			t.Errorf("quantile %v is %s, want %d ms", q, got, want)
		}
	}
	if got := summary.Success(); got != 0.9 {
		t.Errorf("success %v, want 0.9", got)
	}
	if got := summary.Rate(); got != 100 {
		t.Errorf("rate %v, want 100", got)
	}
	if got := summary.WhyNot(); got != "connection refused" {
		t.Errorf("why not: %q", got)
	}
	if got := summary.Statuses(); got["200"] != 90 || got["none"] != 10 {
		t.Errorf("statuses %v", got)
	}
}

func TestSummaryOfNothing(t *testing.T) {
	summary := NewSummary()
	if summary.Quantile(0.5) != 0 || summary.Success() != 0 || summary.Rate() != 0 || summary.WhyNot() != "" {
		t.Error("a summary of nothing must be all zero")
	}
}

func TestOutcome(t *testing.T) {
	for status, want := range map[int]Outcome{0: NoAnswer, 200: OK, 204: OK, 400: Error, 404: Error, 500: Error, 503: Rejected, 504: Timeout} {
		if got := (Result{Status: status}).Outcome(); got != want {
			t.Errorf("%d is %q, want %q", status, got, want)
		}
	}
}
