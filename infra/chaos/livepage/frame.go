package livepage

import (
	"fmt"

	"chaosworkshop/infra/chaos/load"
	"chaosworkshop/infra/chaos/trace"
	"chaosworkshop/infra/lab/toxi"
)

// Hello is what a page must know before the first frame: the lanes and the catalogue of faults. It is also the first
// line of a recorded race.
type Hello struct {
	Lanes    []LaneName     `json:"lanes"`
	Faults   []FaultName    `json:"faults"`
	Outcomes []load.Outcome `json:"outcomes"`
	// Window is how much of the past the plots show, in milliseconds.
	Window int64 `json:"window"`
	// Rates are the rates to choose from, in requests a second and lane.
	Rates []int `json:"rates"`
}

// LaneName describes the exercise in a lane.
type LaneName struct {
	Number  int    `json:"number"`
	Pattern string `json:"pattern"`
	Motto   string `json:"motto"`
	Breaker bool   `json:"breaker"`
	Health  bool   `json:"health"`
	// Timeout and Deadline are the exercise's limits for one attempt and for the whole request, in milliseconds, and Attempts
	// is how often it tries; 0 if it has no such limit.
	Timeout  float64 `json:"timeout,omitempty"`
	Attempts int     `json:"attempts,omitempty"`
	Deadline float64 `json:"deadline,omitempty"`
}

// app is the name of the lane's app in its spans.
func (n LaneName) app() string { return fmt.Sprintf("exercise%d", n.Number) }

// FaultName is a fault of the catalogue as the page shows it.
type FaultName struct {
	Name       string `json:"name"`
	Summary    string `json:"summary"`
	Parameters string `json:"parameters"`
	CLI        string `json:"cli"`
}

// Frame is the race at one moment: the current state of everything, and the requests answered since the previous frame.
// Times are in milliseconds of the race's own time, which stops during a pause.
type Frame struct {
	T int64 `json:"t"`
	// Since is when the race was last reset: the page shows nothing from before.
	Since  int64       `json:"since"`
	Rate   int         `json:"rate"`
	Paused bool        `json:"paused"`
	Pooled bool        `json:"pooled"`
	Fault  *FaultFrame `json:"fault"`
	// After is the fault that has ended, until the next one begins; each lane then has its toll.
	After *AfterFrame `json:"after,omitempty"`
	Lanes []LaneFrame `json:"lanes"`
	// Holds is about how many requests a second this computer holds in each lane; 0 while unknown.
	Holds int `json:"holds,omitempty"`
	// Overloaded says that users suffer for a while although there has been no fault: this computer cannot keep up with the load.
	Overloaded bool `json:"overloaded,omitempty"`
	// Notice says what went wrong, for the people who watch the page.
	Notice string `json:"notice,omitempty"`
}

// FaultFrame is the active fault.
type FaultFrame struct {
	Name string `json:"name"`
	// Since is when it began.
	Since int64 `json:"since"`
	// Left is the time until the race removes it; 0 when it does not, because someone else injected the fault.
	Left int64 `json:"left,omitempty"`
}

// AfterFrame is a fault that has ended: From and To are its first and its last moment.
type AfterFrame struct {
	Name string `json:"name"`
	From int64  `json:"from"`
	To   int64  `json:"to"`
}

// LaneFrame is one lane. Shares are from 0 to 1; all numbers are from the last five seconds.
type LaneFrame struct {
	State laneState `json:"state"`
	// Reason says why the app is down.
	Reason string `json:"reason,omitempty"`
	// Points are the requests answered since the last frame: time, latency and the outcome's index, three numbers each.
	Points []float64 `json:"points"`
	// Traces are some of the requests since the last frame that had any, in detail.
	Traces []Trace `json:"traces,omitempty"`
	// Answered is the number of answered requests behind the numbers; 0 if there were none.
	Answered int     `json:"answered"`
	Success  float64 `json:"success"`
	// InTime is the share served within a second.
	InTime float64 `json:"inTime"`
	P50    float64 `json:"p50"`
	P99    float64 `json:"p99"`
	// Dials is the number of connections opened to the database per request sent; negative while unknown.
	Dials float64 `json:"dials"`
	// DialRate is the number of connections opened to the database in the last second; negative while unknown.
	DialRate float64 `json:"dialRate"`
	// Waiting is the number of requests in flight.
	Waiting int `json:"waiting"`
	// Breaker is closed, half-open or open; empty without a breaker. Left is the time until it lets a probe through.
	Breaker string `json:"breaker,omitempty"`
	Left    int64  `json:"left,omitempty"`
	// Failures is how many of the last requests failed, of as many as Threshold. So many in a row open the breaker.
	Failures  int `json:"failures,omitempty"`
	Threshold int `json:"threshold,omitempty"`
	// Health is what /health/ says, where it exists.
	Health *HealthFrame `json:"health,omitempty"`
	// Toll is what the fault that has ended did to the lane.
	Toll *Toll `json:"toll,omitempty"`
}

// Trace is the timeline of one request.
type Trace struct {
	// T is when the request ended; Took is its latency in milliseconds and Outcome the index of its outcome, as in Points.
	T       int64   `json:"t"`
	Took    float64 `json:"took"`
	Outcome int     `json:"outcome"`
	// Lines are its attempts, dials and backoffs; Says is what they show.
	Lines []trace.Line `json:"lines"`
	Says  string       `json:"says"`
}

// HealthFrame is the answer of /health/: the overall status, and each check by its name.
type HealthFrame struct {
	Status string            `json:"status"`
	Checks map[string]string `json:"checks"`
}

// settled is how long after a fault or a reset everything is as usual again, in milliseconds: what waits ends by its deadline, a
// breaker lets probes through, and the lanes' numbers forget what was.
const settled = 15_000

// overloaded tells whether most lanes fail or are late although there is no fault. One alone has troubles of its own.
func (f Frame) overloaded() bool {
	quiet := f.Since
	if f.After != nil {
		quiet = max(quiet, f.After.To)
	}
	if f.Fault != nil || f.Paused || f.T-quiet < settled {
		return false
	}
	up, suffer := 0, 0
	for _, lane := range f.Lanes {
		if lane.State != laneUp {
			continue
		}
		up++
		if lane.Answered > 0 && lane.InTime < 0.9 || lane.Answered == 0 && lane.Waiting > 0 {
			suffer++
		}
	}
	return suffer >= 2 && 2*suffer > up
}

// readLimits adds the exercises' limits, as the environment sets them.
func (h *Hello) readLimits() error {
	all, err := trace.ReadLimits()
	if err != nil {
		return err
	}
	for i := range h.Lanes {
		lane := &h.Lanes[i]
		limits := all.Of(lane.Number)
		lane.Timeout, lane.Attempts, lane.Deadline = milliseconds(limits.Timeout), limits.Attempts, milliseconds(limits.Deadline)
	}
	return nil
}

// window is how much of the past the plots show, in milliseconds.
const window = 60_000

// NewHello describes the five lanes and the catalogue of faults.
func NewHello() Hello {
	hello := Hello{Outcomes: load.Outcomes(), Window: window, Rates: []int{10, 25, 50, 100, 200}, Lanes: []LaneName{
		{Number: 1, Pattern: "baseline", Motto: "has no time limit"},
		{Number: 2, Pattern: "timeout", Motto: "gives up in time"},
		{Number: 3, Pattern: "retry", Motto: "tries again"},
		{Number: 4, Pattern: "circuit breaker", Motto: "stops asking", Breaker: true},
		{Number: 5, Pattern: "health", Motto: "reports its health", Breaker: true, Health: true},
	}}
	for _, fault := range toxi.Faults() {
		parameters := "proxy disabled"
		if fault.Type != "" {
			parameters = fmt.Sprintf("%s, toxicity %v", fault.Type, fault.Toxicity)
			for _, attribute := range fault.Attributes {
				parameters += fmt.Sprintf(", %s=%d", attribute.Name, attribute.Value)
			}
		}
		hello.Faults = append(hello.Faults, FaultName{fault.Name, fault.Summary, parameters, fault.CLI(toxi.ProxyName)})
	}
	return hello
}
