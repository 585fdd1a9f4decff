package livepage

import (
	"testing"
	"time"

	"chaosworkshop/infra/chaos/load"
)

func TestAnswersForgetWhatIsOld(t *testing.T) {
	var answers answers
	start := time.Now()
	answers.add(start, load.Result{Status: 500, Latency: time.Second})
	answers.add(start.Add(3*time.Second), load.Result{Status: 200, Latency: time.Millisecond})
	if got := answers.summary(start.Add(4 * time.Second)); got.Count() != 2 || got.Success() != 0.5 {
		t.Errorf("after 4 s: %d answers, %v success, want 2 and 0.5", got.Count(), got.Success())
	}
	if got := answers.summary(start.Add(6 * time.Second)); got.Count() != 1 || got.Success() != 1 {
		t.Errorf("after 6 s: %d answers, %v success, want 1 and 1", got.Count(), got.Success())
	}
}

func TestGrowthIsDialsForEachRequest(t *testing.T) {
	var growth growth
	start := time.Now()
	at := func(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }
	growth.add(at(0), 100, 100)
	if got := growth.ratio(); got != -1 {
		t.Errorf("one sample gives %v, want -1: unknown", got)
	}
	growth.add(at(1), 250, 150)
	if got := growth.ratio(); got != 3 {
		t.Errorf("got %v dials a request, want 3", got)
	}
	for second := 2; second < 10; second++ {
		growth.add(at(second), 250, 150+50*(second-1))
	}
	if got := growth.ratio(); got != 0 {
		t.Errorf("got %v dials a request, want 0: the old ones are forgotten", got)
	}
	growth.add(at(10), 5, 700)
	if got := growth.ratio(); got != -1 {
		t.Errorf("got %v after the app started anew, want -1", got)
	}
}
