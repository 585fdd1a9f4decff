package load

import (
	"testing"
	"time"
)

func TestTally(t *testing.T) {
	start := time.Unix(0, 0)
	tally := &Tally{}
	var all []Result
	for i := range 100 {
		result := Result{At: start.Add(time.Duration(i) * 10 * time.Millisecond), Latency: time.Duration(100-i) * time.Millisecond, Status: 200}
		if i%10 == 0 {
			result.Status, result.Err = 0, "connection refused"
		}
		tally.Add(result)
		all = append(all, result)
	}
	for q, want := range map[float64]time.Duration{0: 1, 0.5: 50, 0.95: 95, 0.99: 99, 1: 100} {
		if got := tally.Quantile(q); got != want*time.Millisecond {
			t.Errorf("quantile %v is %s, want %d ms", q, got, want)
		}
	}
	got := tally.Numbers()
	if got.Requests != 100 || got.Success != 0.9 || got.WhyNot != "connection refused" || got.Statuses["200"] != 90 || got.Statuses["none"] != 10 {
		t.Errorf("got %+v, want 100 requests, 90 of them 200 and 10 refused", got)
	}
	if want := (Latency{50, 95, 99, 100}); got.Latency != want {
		t.Errorf("latency %+v, want %+v", got.Latency, want)
	}
	summary := Summary{results: all}
	if summary.total(); summary.Sent != 100 || summary.Outcomes[OK] != 90 || summary.Outcomes[NoAnswer] != 10 {
		t.Errorf("sent %v a second, outcomes %v; want 100, 90 ok and 10 without an answer", summary.Sent, summary.Outcomes)
	}
}

func TestSummaryOfNothing(t *testing.T) {
	var summary Summary
	if summary.total(); summary.Latency != (Latency{}) || summary.Success != 0 || summary.Sent != 0 || summary.WhyNot != "" {
		t.Errorf("got %+v, want all zero", summary)
	}
}

func TestOutcome(t *testing.T) {
	for status, want := range map[int]Outcome{0: NoAnswer, 200: OK, 204: OK, 400: Error, 404: Error, 500: Error, 503: Rejected, 504: Timeout} {
		if got := (Result{Status: status}).Outcome(); got != want {
			t.Errorf("%d is %q, want %q", status, got, want)
		}
	}
}
