package livepage

import (
	"testing"
	"time"

	"chaosworkshop/infra/chaos/load"
)

func TestLaneForgetsOldAnswers(t *testing.T) {
	lane := newLane(LaneName{}, newClock())
	start := time.Now()
	lane.recent = []load.Result{
		{Status: 500, At: start.Add(-time.Second), Latency: time.Second},
		{Status: 200, At: start.Add(3 * time.Second), Latency: time.Millisecond},
	}
	if got := lane.frame(start.Add(4 * time.Second)); got.Answered != 2 || got.Success != 0.5 || got.P99 != 1000 {
		t.Errorf("after 4 s: %+v, want 2 answers, half of them a success, the slowest 1 s", got)
	}
	if got := lane.frame(start.Add(6 * time.Second)); got.Answered != 1 || got.Success != 1 || got.P99 != 1 {
		t.Errorf("after 6 s: %+v, want 1 answer, a success", got)
	}
}

func TestLaneCountsDialsForEachRequest(t *testing.T) {
	lane := newLane(LaneName{}, newClock())
	start := time.Now()
	add := func(seconds, dials, sent int) {
		lane.sample(sample{start.Add(time.Duration(seconds) * time.Second), dials, sent})
	}
	add(0, 100, 100)
	if got := lane.dials(); got != -1 {
		t.Errorf("one sample gives %v, want -1: unknown", got)
	}
	add(1, 250, 150)
	if got := lane.dials(); got != 3 {
		t.Errorf("got %v dials a request, want 3", got)
	}
	for second := 2; second < 10; second++ {
		add(second, 250, 150+50*(second-1))
	}
	if got := lane.dials(); got != 0 {
		t.Errorf("got %v dials a request, want 0: the old ones are forgotten", got)
	}
	add(10, 5, 700)
	if got := lane.dials(); got != -1 {
		t.Errorf("got %v after the app started anew, want -1", got)
	}
}
