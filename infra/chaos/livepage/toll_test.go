package livepage

import (
	"bytes"
	"testing"
	"time"

	"chaosworkshop/infra/chaos/load"
)

func TestTollIsThatOfTheRequestsSentUnderTheFault(t *testing.T) {
	start := time.Now()
	at := func(seconds float64) time.Time { return start.Add(time.Duration(seconds * float64(time.Second))) }
	toll := newToll(at(10))
	add := func(sent float64, status int, latency time.Duration, t int64) {
		toll.add(load.Result{At: at(sent), Status: status, Latency: latency}, t)
	}
	add(9, 500, 9*time.Second, 10_500) // Sent before the fault.
	add(10, 200, time.Second, 11_000)
	add(11, 503, time.Millisecond, 11_001)
	if toll.frame() != nil {
		t.Errorf("got %+v while the fault is on, want nothing yet", toll.frame())
	}
	toll.end(at(20), 20_000)
	add(19, 504, 5*time.Second, 24_000) // Sent under the fault, answered after it.
	add(20.5, 503, time.Millisecond, 20_501)
	if got := toll.frame().Recovered; got >= 0 {
		t.Errorf("recovered after %d ms, want not yet", got)
	}
	add(23, 200, 100*time.Millisecond, 23_100)
	add(24, 200, time.Minute, 24_001) // After the fault: no longer its toll.
	got := toll.frame()
	if got.Answered != 3 || got.Served != 1 || got.Rejected != 1 || got.Worst != 5000 || got.Recovered != 3100 {
		t.Errorf("got %+v, want 3 answers, 1 served, 1 rejected, at worst 5 s, recovered after 3.1 s", got)
	}
}

func TestTollCountsTheDialsThatServedNobody(t *testing.T) {
	start := time.Now()
	at := func(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }
	lane := newLane(LaneName{}, newClock())
	lane.sample(sample{at(0), 0, 0})
	lane.faultBegins(at(1))
	lane.sample(sample{at(2), 100, 0}) // Half of these came before the fault.
	lane.sample(sample{at(4), 300, 0})
	lane.toll.end(at(5), 0)
	lane.toll.add(load.Result{At: at(3), Status: 200}, 0)
	lane.sample(sample{at(6), 340, 0}) // Half of these came after it.
	lane.sample(sample{at(8), 1000, 0})
	if got, want := lane.frame(at(8)).Toll.Wasted, 50+200+20-1; got != want {
		t.Errorf("got %d wasted connections, want %d", got, want)
	}
}

func TestTollStaysUntilTheNextFault(t *testing.T) {
	race := NewRace(Options{}, newTestHub(t, &bytes.Buffer{}))
	race.begin("slow")
	if frame := race.frame(); frame.After != nil || frame.Lanes[0].Toll != nil {
		t.Errorf("got %+v and %+v while the fault is on, want nothing", frame.After, frame.Lanes[0].Toll)
	}
	race.end()
	race.end() // Once more changes nothing.
	if frame := race.frame(); frame.After == nil || frame.After.Name != "slow" || frame.Lanes[4].Toll == nil {
		t.Errorf("got %+v after the fault, want slow and its toll", frame.After)
	}
	race.begin("outage")
	if frame := race.frame(); frame.After != nil || frame.Lanes[0].Toll != nil {
		t.Errorf("got %+v under the next fault, want nothing", frame.After)
	}
}
