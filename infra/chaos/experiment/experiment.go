// Package experiment holds the workshop's chaos experiments as data and runs them on an exercise as a black box: its
// binary, its HTTP answers, and what a meter in front of the database counts.
package experiment

import (
	"slices"
	"time"
)

// Experiment is one chaos experiment, in the words of the field.
type Experiment struct {
	// ID is E1 to E5.
	ID string `json:"id"`
	// Exercise is the number of the exercise that introduces the pattern: from there on the experiment passes, before it
	// fails.
	Exercise int
	// Title names what a user gets from the pattern.
	Title string
	// SteadyState is what is normal, and what must be so before the fault and again after the rollback.
	SteadyState string
	// Hypothesis is what stays true under the fault.
	Hypothesis string
	// Method is the fault and the load, phase by phase. The first phase is calm, and so are the last two: they are the
	// rollback and the return to the steady state.
	Method []Phase
	// Tolerances decide whether the hypothesis held.
	Tolerances []Tolerance
	// Reference has exercise 2 measured beside, under the same fault and load.
	Reference bool
	// Rollback is how the fault goes.
	Rollback string
}

// Phase is one step of the method: a fault, the load under it, and when it ends. It is over when every request of it is
// answered.
type Phase struct {
	// Name is how tolerances and reports call it.
	Name string
	// Fault is a name of the catalogue in package toxi; empty for calm.
	Fault string
	// Rate is the load, in requests a second at a constant arrival rate; 0 is none.
	Rate int
	// For is how long the load lasts at most.
	For time.Duration
	// Until ends the phase as soon as an answer fulfils it; nil never does.
	Until func(Answer) bool `json:"-"`
	// Only skips the phase unless what happened so far fulfils it; nil never does.
	Only func(*Run) bool `json:"-"`
	// Raw is how long the raw client beside the app waits for an answer; 0 is 1.5 s.
	Raw time.Duration
	// Health asks GET /health/ five times a second as well.
	Health bool
}

// Tolerance is one expectation of an experiment, to be measured against what it requires.
type Tolerance struct {
	// Name is the expectation in a few words.
	Name string
	// Check measures it.
	Check func(*Run) Check `json:"-"`
}

// The names of the phases.
const (
	steady    = "steady state"
	slow      = "slow"
	blackHole = "black hole"
	refused   = "refused"
	flaky     = "flaky"
	failing   = "outage"
	open      = "outage goes on"
	quiet     = "no traffic"
	rollback  = "rollback"
	after     = "steady state again"
)

// slack is what an answer may be later than its bound, for the way through the machine.
const slack = 100 * time.Millisecond

// Experiments are E1 to E5 for an app with these settings.
func Experiments(s Settings) []Experiment {
	breaks := s.BreakerDelay
	const removed = "every toxic is removed from the proxy, however the run ends"
	calm := []Phase{
		{Name: rollback, Rate: 10, For: breaks + 2*time.Second, Until: served},
		{Name: after, Rate: 20, For: time.Second},
	}
	return []Experiment{
		{
			ID: "E1", Exercise: 1, Title: "Steady state",
			SteadyState: "without a fault every request is answered, soon",
			Hypothesis:  "in calm every answer is 200, and 99 in 100 come within 100 ms",
			Method:      []Phase{{Name: steady, Rate: 50, For: 6 * time.Second}},
			Tolerances: []Tolerance{
				{"every request is answered", allServed(steady)},
				{"answers come soon", p99Within(steady, 100*time.Millisecond)},
			},
			Rollback: "nothing was injected",
		},
		{
			ID: "E2", Exercise: 2, Title: "Bounded",
			SteadyState: "without a fault every request is answered",
			Hypothesis:  "however slow the database is, no answer comes later than the bound; what takes longer is a 504",
			Method: append([]Phase{
				{Name: steady, Rate: 20, For: 1500 * time.Millisecond},
				{Name: slow, Fault: "slow", Rate: 25, For: 4 * time.Second},
				{Name: blackHole, Fault: "blackhole", Rate: 20, For: time.Second},
			}, calm...),
			Tolerances: []Tolerance{
				{"no answer later than the bound under a slow database", bounded(s, slow)},
				{"no answer later than the bound under a black hole", bounded(s, blackHole)},
				{"a request out of time is a 504", outOfTime(slow, blackHole)},
			},
			Rollback: removed,
		},
		{
			ID: "E3", Exercise: 3, Title: "Self-healing", Reference: true,
			SteadyState: "without a fault every request is answered",
			Hypothesis:  "when 4 connections in 5 fail, 3 requests in 4 still succeed, far more than with a timeout alone",
			Method: append([]Phase{
				{Name: steady, Rate: 20, For: 1500 * time.Millisecond},
				{Name: refused, Fault: "refused", Rate: 4, For: 1400 * time.Millisecond},
				// 8 clients, each of which sends 2 requests a second, whatever becomes of the earlier ones. When the load ends, what
				// is still due are the requests that fare badly. More of them at once, and they open the breaker by chance.
				{Name: flaky, Fault: "flaky", Rate: 8 * 2, For: 13 * time.Second},
			}, calm...),
			Tolerances: []Tolerance{
				{"most requests succeed under a flaky network", successAtLeast(flaky, 0.75)},
				{"far more succeed than with a timeout alone", betterThanReference(flaky, 0.25)},
				{"the circuit breaker stays closed", staysClosed()},
				{"a retry waits before it tries again", backsOff(refused, s)},
			},
			Rollback: removed,
		},
		{
			ID: "E4", Exercise: 4, Title: "Fail fast",
			SteadyState: "without a fault every request is answered",
			Hypothesis:  "when the database is down, requests are refused at once and the database is left alone until it is back",
			Method: []Phase{
				{Name: steady, Rate: 20, For: 1500 * time.Millisecond},
				// Every request fails within the deadline at the latest, so the breaker has opened a second later.
				{Name: failing, Fault: "outage", Rate: 20, For: s.Deadline + time.Second, Until: refusedWithRetryAfter},
				// One probe falls into it: the breaker lets it through when the break is over, and the probe fails.
				{Name: open, Fault: "outage", Rate: 100, For: breaks + 2500*time.Millisecond, Only: wasRefused},
				{Name: rollback, Rate: 20, For: breaks + 2*time.Second, Until: served},
				{Name: after, Rate: 20, For: time.Second},
			},
			Tolerances: []Tolerance{
				{"the breaker opens, and 503 with Retry-After says so", opens(failing)},
				{"the breaker counts requests, not attempts", patient(failing, s)},
				{"refusals are immediate", p99Refusals(open, 10*time.Millisecond)},
				{"the database is left alone: probes only", probesOnly(open, s)},
				{"success returns when the fault goes", returnsWithin(breaks + time.Second)},
			},
			Rollback: removed,
		},
		{
			ID: "E5", Exercise: 5, Title: "Observable",
			SteadyState: "without a fault every request is answered, and GET /health/ says Healthy",
			Hypothesis:  "the health endpoint tells an outage soon, always answers, and turns healthy again by itself",
			Method: []Phase{
				{Name: steady, Rate: 20, For: 1500 * time.Millisecond, Health: true},
				{Name: failing, Fault: "outage", Rate: 20, For: 1500 * time.Millisecond, Health: true},
				{Name: quiet, Fault: "outage", For: time.Second, Health: true},
				{Name: rollback, For: breaks + 4*time.Second, Until: healthy, Health: true},
				{Name: blackHole, Fault: "blackhole", For: 2 * time.Second, Health: true},
				{Name: rollback + " again", For: breaks + 4*time.Second, Until: healthy, Health: true},
				{Name: after, Rate: 20, For: time.Second, Health: true},
			},
			Tolerances: []Tolerance{
				{"health tells the outage soon", unhealthyWithin(failing, 2*time.Second)},
				{"health always answers", healthAnswersWithin(time.Second)},
				{"healthy again without any user", healthyWithin(rollback, breaks+2*time.Second)},
			},
			Rollback: removed,
		},
	}
}

// Takes is how long the method takes about, for progress lines.
func (e Experiment) Takes() time.Duration {
	takes := time.Second
	for _, phase := range e.Method {
		takes += phase.For
	}
	return takes
}

// served tells that an answer is a success, refusedWithRetryAfter that the breaker refused the request, healthy that the
// app says so of itself.
func served(a Answer) bool                { return !a.Health && a.Status == 200 }
func refusedWithRetryAfter(a Answer) bool { return !a.Health && a.Status == 503 && a.RetryAfter > 0 }
func healthy(a Answer) bool               { return a.Health && a.Status == 200 && a.Says == "Healthy" }

// wasRefused tells that the breaker refused a request.
func wasRefused(r *Run) bool { return slices.ContainsFunc(r.Answers, refusedWithRetryAfter) }
