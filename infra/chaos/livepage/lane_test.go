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

func TestLaneTellsWhoWasServedWithinASecond(t *testing.T) {
	lane := newLane(LaneName{}, newClock())
	now := time.Now()
	lane.recent = []load.Result{
		{Status: 200, At: now, Latency: time.Second},
		{Status: 200, At: now, Latency: time.Second + time.Millisecond},
		{Status: 503, At: now, Latency: time.Millisecond},
		{Status: 500, At: now, Latency: time.Millisecond},
	}
	if got := lane.frame(now); got.InTime != 0.25 || got.Success != 0.5 {
		t.Errorf("got %v within a second and %v in all, want 0.25 and 0.5", got.InTime, got.Success)
	}
}

func TestLaneCountsDialsOfTheLastSecond(t *testing.T) {
	lane := newLane(LaneName{}, newClock())
	start := time.Now()
	for i, dials := range []int{0, 100, 200, 300, 310, 320} {
		if got := lane.dialRate(); i < 2 && got != -1 {
			t.Errorf("%d samples give %v, want -1: unknown", i, got)
		}
		lane.sample(sample{start.Add(time.Duration(i) * 500 * time.Millisecond), dials, 0})
	}
	if got := lane.dialRate(); got != 20 {
		t.Errorf("got %v dials a second, want 20", got)
	}
}

func TestLanesTellTheLimitsOfTheirExercises(t *testing.T) {
	t.Setenv("TIMEOUT", "600ms")
	hello := NewHello()
	if err := hello.readLimits(); err != nil {
		t.Fatal(err)
	}
	for i, want := range [][2]float64{{0, 0}, {600, 0}, {600, 5000}, {600, 5000}, {600, 5000}} {
		if got := [2]float64{hello.Lanes[i].Timeout, hello.Lanes[i].Deadline}; got != want {
			t.Errorf("exercise %d: got %v, want %v", i+1, got, want)
		}
	}
	t.Setenv("TIMEOUT", "soon")
	if err := hello.readLimits(); err == nil {
		t.Error("took a TIMEOUT of soon, want an error")
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
