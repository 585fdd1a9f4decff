// Package experiment holds the workshop's chaos experiments as data and runs them on an app as a black box: what its
// users get, what its database gets, and what it leaves behind decide. How the app is written does not.
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
	Exercise int `json:"exercise"`
	// Title names what a user gets from the pattern.
	Title string `json:"title"`
	// SteadyState is what is normal: what must hold before the fault and again after the rollback.
	SteadyState string `json:"steadyState"`
	// Hypothesis is what stays true under the fault.
	Hypothesis string `json:"hypothesis"`
	// Method is the fault and the load, phase by phase. The first phase is calm; the last one is calm again.
	Method []Phase `json:"method"`
	// Tolerances decide whether the hypothesis held.
	Tolerances []Tolerance `json:"-"`
	// Rollback is how the fault goes.
	Rollback string `json:"rollback"`
}

// Phase is one step of the method: a fault, the load under it, and when it ends. It is over when every request of it is
// answered.
type Phase struct {
	// Name is how tolerances and reports call it.
	Name string `json:"name"`
	// Fault is a name of the catalogue in package toxi; empty for calm.
	Fault string `json:"fault,omitempty"`
	// Rate is the load, in requests a second at a constant arrival rate; 0 is none.
	Rate int `json:"rate"`
	// For is how long the load lasts at most.
	For time.Duration `json:"for"`
	// Patience is how long a user waits for an answer; 0 is longer than any app may take.
	Patience time.Duration `json:"patience,omitempty"`
	// Until ends the phase as soon as an answer fulfils it; nil never does.
	Until func(Answer) bool `json:"-"`
	// Only skips the phase unless what happened so far fulfils it; nil never does.
	Only func(*Run) bool `json:"-"`
	// Raw is how long the raw client beside the app waits for an answer; 0 is 1.5 s.
	Raw time.Duration `json:"-"`
	// Health asks GET /health/ ten times a second as well.
	Health bool `json:"health,omitempty"`
}

// Tolerance is one expectation of an experiment, to be measured against what it requires.
type Tolerance struct {
	// Name is the expectation in a few words.
	Name string
	// Check measures it.
	Check func(*Run) Check
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
	quiet     = "outage without users"
	impatient = "black hole, impatient users"
	rollback  = "rollback"
	again     = "second rollback"
	after     = "steady state again"
)

// slack is what an answer may be later than its bound, for the way through the machine.
const slack = 100 * time.Millisecond

// patience is how long a user waits beyond the last bound of an app.
const patience = 1500 * time.Millisecond

// Experiments are E1 to E5 for an app with these settings.
func Experiments(s Settings) []Experiment {
	breaks := s.openWait()
	const removed = "every toxic is removed from the proxy, however the run ends"
	served := func(a Answer) bool { return !a.Health && a.Served() }
	calm := Phase{Name: after, Rate: 20, For: time.Second}
	return []Experiment{
		{
			ID: "E1", Exercise: 1, Title: "Steady state",
			SteadyState: "without a fault every request is answered, soon",
			Hypothesis:  "in calm every answer is 200 with the right rows, and 99 in 100 come within 100 ms",
			Method:      []Phase{{Name: steady, Rate: 50, For: 6 * time.Second}},
			Tolerances: []Tolerance{
				{"every request is answered with the right rows", allServed(steady)},
				{"answers come soon", p99Within(steady, 100*time.Millisecond)},
			},
			Rollback: "nothing was injected",
		},
		{
			ID: "E2", Exercise: 2, Title: "Bounded",
			SteadyState: "without a fault every request is answered",
			Hypothesis:  "however slow the database is, no answer comes later than the bound; what takes longer is a 504",
			Method: []Phase{
				{Name: steady, Rate: 20, For: 1500 * time.Millisecond},
				{Name: slow, Fault: "slow", Rate: 25, For: 4 * time.Second},
				{Name: blackHole, Fault: "blackhole", Rate: 20, For: time.Second},
				{Name: rollback, Rate: 10, For: breaks + 2*time.Second, Until: served},
				calm,
			},
			Tolerances: []Tolerance{
				{"no answer later than the bound under a slow database", bounded(s, slow)},
				{"no answer later than the bound under a black hole", bounded(s, blackHole)},
				{"a request out of time is a 504", outOfTime(slow, blackHole)},
				{"who can be served in time is served", successAtLeast(slow, 0.4)},
				{"nothing is left running", nothingLeft(blackHole)},
			},
			Rollback: removed,
		},
		{
			ID: "E3", Exercise: 3, Title: "Self-healing",
			SteadyState: "without a fault every request is answered",
			Hypothesis:  "when 4 connections in 5 fail, 7 requests in 10 still succeed, and the database is not hit harder than the attempts allow",
			Method: []Phase{
				{Name: steady, Rate: 20, For: 1500 * time.Millisecond},
				{Name: refused, Fault: "refused", Rate: 4, For: 1400 * time.Millisecond},
				// 8 clients, each of which sends 2 requests a second, whatever becomes of the earlier ones.
				{Name: flaky, Fault: "flaky", Rate: 8 * 2, For: 13 * time.Second},
				{Name: rollback, Rate: 10, For: breaks + 2*time.Second, Until: served},
				calm,
			},
			Tolerances: []Tolerance{
				{"most requests succeed under a flaky network", successAtLeast(flaky, 0.7)},
				{"no request is rejected while retries heal it", noneRejected(flaky)},
				{"the database gets no more connections than the attempts allow", dialsPerRequest(flaky, s.RetryAttempts)},
				{"a retry waits before it tries again", backsOff(refused, s)},
			},
			Rollback: removed,
		},
		{
			ID: "E4", Exercise: 4, Title: "Fail fast",
			SteadyState: "without a fault every request is answered",
			Hypothesis:  "when the database is down, requests are rejected at once and the database is left alone until it is back, also when users give up",
			Method: []Phase{
				{Name: steady, Rate: 20, For: 1500 * time.Millisecond},
				// Every request fails within the deadline at the latest, so the breaker has opened a second later.
				{Name: failing, Fault: "outage", Rate: 20, For: s.Deadline + time.Second, Until: rejected},
				// One probe falls into it: the breaker lets it through when its wait is over, and the probe fails.
				{Name: open, Fault: "outage", Rate: 100, For: breaks + 2500*time.Millisecond, Only: wasRejected},
				{Name: rollback, Rate: 20, For: breaks + 2*time.Second, Until: served},
				{Name: impatient, Fault: "blackhole", Rate: 20, For: s.Deadline + 2*time.Second, Patience: 2 * time.Second, Until: rejected, Only: wasRejected},
				{Name: again, Rate: 20, For: breaks + s.Deadline, Until: served},
				calm,
			},
			Tolerances: []Tolerance{
				{"the breaker opens, and 503 with Retry-After says so", opens(failing)},
				{"rejections are immediate", p99Rejections(open, 10*time.Millisecond)},
				{"the database is left alone: probes only", probesOnly(open, s)},
				{"Retry-After is true", retryAfterTrue(open, rollback)},
				{"success returns when the fault goes", returnsWithin(breaks + time.Second)},
				{"users who give up do not keep the breaker closed", opens(impatient)},
			},
			Rollback: removed,
		},
		{
			ID: "E5", Exercise: 5, Title: "Observable",
			SteadyState: "without a fault every request is answered, and GET /health/ says Healthy",
			Hypothesis:  "the health endpoint always answers, detects that nobody is served, agrees with service, and turns healthy again by itself",
			Method: []Phase{
				{Name: steady, Rate: 20, For: 1500 * time.Millisecond, Health: true},
				{Name: flaky, Fault: "flaky", Rate: 16, For: 6 * time.Second, Health: true},
				{Name: slow, Fault: "slow", Rate: 16, For: 4 * time.Second, Health: true},
				{Name: failing, Fault: "outage", Rate: 10, For: 4 * time.Second, Health: true, Until: unhealthy},
				{Name: quiet, Fault: "outage", For: time.Second, Health: true},
				{Name: rollback, For: breaks + 4*time.Second, Until: healthy, Health: true},
				{Name: blackHole, Fault: "blackhole", For: s.Deadline + 2*time.Second, Until: unhealthy, Health: true},
				{Name: again, For: breaks + s.Deadline + 4*time.Second, Until: healthy, Health: true},
				{Name: after, Rate: 20, For: time.Second, Health: true},
			},
			Tolerances: []Tolerance{
				{"health agrees with service under a flaky network", agrees(flaky)},
				{"health agrees with service under a slow database", agrees(slow)},
				{"an outage is detected", unhealthyWithin(failing, 3*time.Second)},
				{"an outage stays detected without users", staysUnhealthy(quiet)},
				{"a black hole is detected without users", unhealthyWithin(blackHole, s.Deadline+time.Second)},
				{"health always answers", healthAnswersWithin(time.Second)},
				{"healthy again without any user", healthyWithin(rollback, breaks+2*time.Second)},
				{"healthy again after a black hole", healthyWithin(again, breaks+2*time.Second)},
			},
			Rollback: removed,
		},
	}
}

// Takes is how long the method takes about, for progress lines.
func (e Experiment) Takes() time.Duration {
	takes := time.Second
	for _, phase := range e.Method {
		if phase.Until == nil {
			takes += phase.For
		} else {
			takes += phase.For / 2
		}
	}
	return takes
}

// rejected tells that an app refused a user at once, healthy and unhealthy what the app says of itself.
func rejected(a Answer) bool  { return !a.Health && a.Status == 503 && a.RetryAfter > 0 }
func healthy(a Answer) bool   { return a.Health && a.Status == 200 && a.Says == "Healthy" }
func unhealthy(a Answer) bool { return a.Health && a.Status == 503 }

// wasRejected tells that a request was rejected before.
func wasRejected(r *Run) bool { return slices.ContainsFunc(r.Answers, rejected) }
