package livepage

import (
	"testing"

	"chaosworkshop/infra/lab/toxi"
)

func TestCatalogueOnThePage(t *testing.T) {
	hello := NewHello()
	if len(hello.Faults) != len(toxi.Faults()) {
		t.Fatalf("%d faults on the page, want %d", len(hello.Faults), len(toxi.Faults()))
	}
	slow := hello.Faults[0]
	want := FaultName{
		"slow", slow.Summary, "latency, toxicity 1, latency=100, jitter=900",
		"toxiproxy-cli toxic add -t latency --tox 1 -a latency=100 -a jitter=900 mysql_proxy",
	}
	if slow != want {
		t.Errorf("got %+v, want %+v", slow, want)
	}
}

// Without a fault, users suffer only where the computer cannot keep up; soon after a fault they still suffer from that.
func TestOverloaded(t *testing.T) {
	late := LaneFrame{State: laneUp, Answered: 100, Success: 1, InTime: 0.5}
	stuck := LaneFrame{State: laneUp, Waiting: 300}
	good := LaneFrame{State: laneUp, Answered: 100, Success: 1, InTime: 1}
	for name, test := range map[string]struct {
		frame Frame
		want  bool
	}{
		"late and stuck":       {Frame{T: 60_000, Lanes: []LaneFrame{late, stuck, good}}, true},
		"calm":                 {Frame{T: 60_000, Lanes: []LaneFrame{good, good, good}}, false},
		"one lane":             {Frame{T: 60_000, Lanes: []LaneFrame{good, stuck, good}}, false},
		"two of five lanes":    {Frame{T: 60_000, Lanes: []LaneFrame{good, stuck, good, late, good}}, false},
		"an app that died":     {Frame{T: 60_000, Lanes: []LaneFrame{{State: laneDown, Waiting: 3}, stuck}}, false},
		"a fault":              {Frame{T: 60_000, Fault: &FaultFrame{Name: "slow"}, Lanes: []LaneFrame{late, late}}, false},
		"soon after a fault":   {Frame{T: 60_000, After: &AfterFrame{Name: "slow", To: 50_000}, Lanes: []LaneFrame{late, late}}, false},
		"long after a fault":   {Frame{T: 90_000, After: &AfterFrame{Name: "slow", To: 50_000}, Lanes: []LaneFrame{late, late}}, true},
		"soon after the reset": {Frame{T: 60_000, Since: 58_000, Lanes: []LaneFrame{late, late}}, false},
		"paused":               {Frame{T: 60_000, Paused: true, Lanes: []LaneFrame{stuck, stuck}}, false},
	} {
		if got := test.frame.overloaded(); got != test.want {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
	}
}

// A moment in which the computer does something else is not an overload.
func TestOverloadLasts(t *testing.T) {
	race := &Race{}
	for at := int64(0); at <= 20_000; at += 500 {
		if got, want := race.lasts(at != 3000, at), at >= 3000+overloadFor; got != want && at >= 3000 {
			t.Errorf("at %d ms: got %v, want %v", at, got, want)
		}
	}
}

// A load that is too high is not called calm.
func TestOverloadIsNotCalm(t *testing.T) {
	page, hub, _ := openLive(t)
	frame := under(20_000, "", func(_ int, lane *LaneFrame) { lane.Success, lane.InTime = 0, 0 })
	frame.Overloaded = true
	page.show(hub, frame)
	if got := page.text("#state"); got != "Overloaded no fault: this computer cannot keep up; lower the load" {
		t.Errorf("got %q, want what is the matter and what to do", got)
	}
}
