package experiment

import (
	"slices"
	"time"
)

// The names of the phases.
const (
	steady    = "steady state"
	slow      = "slow"
	blackHole = "black hole"
	refused   = "refused"
	flaky     = "flaky"
	failing   = "outage"
	open      = "outage continues"
	quiet     = "outage without users"
	impatient = "black hole, impatient users"
	rollback  = "rollback"
	again     = "second rollback"
	after     = "steady state again"
)

// slack is how much later than its bound an answer may be: the computer needs time to send it.
const slack = 100 * time.Millisecond

// patience is how much longer than the app's last bound a user waits.
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
			SteadyState: "without a fault, every request is answered quickly",
			Hypothesis:  "without a fault, every answer is 200 with the right rows, and 99 in 100 come within 100 ms",
			Method:      []Phase{{Name: steady, Rate: 50, For: 6 * time.Second}},
			Tolerances: []Tolerance{
				{"every request is answered with the right rows", allServed(steady)},
				{"answers come quickly", p99Within(steady, 100*time.Millisecond)},
			},
			Rollback: "nothing was injected",
		},
		{
			ID: "E2", Exercise: 2, Title: "Bounded",
			SteadyState: "without a fault, every request is answered",
			Hypothesis:  "however slow the database is, no answer comes later than the bound; a request that needs longer gets a 504",
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
				{"a request that runs out of time gets a 504", outOfTime(slow, blackHole)},
				{"users who can be served in time are served", successAtLeast(slow, 0.4)},
				{"nothing is left running", nothingLeft(blackHole)},
			},
			Rollback: removed,
		},
		{
			ID: "E3", Exercise: 3, Title: "Self-healing",
			SteadyState: "without a fault, every request is answered",
			Hypothesis:  "when 4 connections in 5 fail, 7 requests in 10 still succeed, and the database gets no more connections than the attempts allow",
			Method: []Phase{
				{Name: steady, Rate: 20, For: 1500 * time.Millisecond},
				{Name: refused, Fault: "refused", Rate: 4, For: 1400 * time.Millisecond},
				// 8 clients, each of which sends 2 requests a second without waiting for the answers.
				{Name: flaky, Fault: "flaky", Rate: 8 * 2, For: 13 * time.Second},
				{Name: rollback, Rate: 10, For: breaks + 2*time.Second, Until: served},
				calm,
			},
			Tolerances: []Tolerance{
				{"most requests succeed under a flaky network", successAtLeast(flaky, 0.7)},
				{"no request is rejected while retries heal the fault", noneRejected(flaky)},
				{"the database gets no more connections than the attempts allow", dialsPerRequest(flaky, s.RetryAttempts)},
				{"a retry waits before it tries again", backsOff(refused, s)},
			},
			Rollback: removed,
		},
		{
			ID: "E4", Exercise: 4, Title: "Fail fast",
			SteadyState: "without a fault, every request is answered",
			Hypothesis:  "when the database is down, requests are rejected at once and the database is left alone until it is back, even when users give up",
			Method: []Phase{
				{Name: steady, Rate: 20, For: 1500 * time.Millisecond},
				// Every request fails within the deadline at the latest, so the breaker has opened a second later.
				{Name: failing, Fault: "outage", Rate: 20, For: s.Deadline + time.Second, Until: rejected},
				// This phase sees one probe: the breaker lets it through after the open-state wait, and it fails.
				{Name: open, Fault: "outage", Rate: 100, For: breaks + 2500*time.Millisecond, Only: wasRejected},
				{Name: rollback, Rate: 20, For: breaks + 2*time.Second, Until: served},
				{Name: impatient, Fault: "blackhole", Rate: 20, For: s.Deadline + 2*time.Second, Patience: 2 * time.Second, Until: rejected, Only: wasRejected},
				{Name: again, Rate: 20, For: breaks + s.Deadline, Until: served},
				calm,
			},
			Tolerances: []Tolerance{
				{"the breaker opens and answers 503 with Retry-After", opens(failing)},
				{"rejections are immediate", p99Rejections(open, 10*time.Millisecond)},
				{"the database is left alone: probes only", probesOnly(open, s)},
				{"Retry-After is accurate", retryAfterTrue(open, rollback)},
				{"requests succeed again once the fault is gone", returnsWithin(breaks + time.Second)},
				{"users who give up do not keep the breaker closed", opens(impatient)},
			},
			Rollback: removed,
		},
		{
			ID: "E5", Exercise: 5, Title: "Observable",
			SteadyState: "without a fault, every request is answered, and GET /health/ says Healthy",
			Hypothesis:  "the health endpoint always answers, detects when nobody is served, agrees with what users get, and turns healthy again by itself",
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
				{"health agrees with what users get under a flaky network", agrees(flaky)},
				{"health agrees with what users get under a slow database", agrees(slow)},
				{"an outage is detected", unhealthyWithin(failing, 3*time.Second)},
				{"an outage stays detected without users", staysUnhealthy(quiet)},
				{"a black hole is detected without users", unhealthyWithin(blackHole, s.Deadline+time.Second)},
				{"health always answers", healthAnswersWithin(time.Second)},
				{"healthy again without any users", healthyWithin(rollback, breaks+2*time.Second)},
				{"healthy again after a black hole", healthyWithin(again, breaks+2*time.Second)},
			},
			Rollback: removed,
		},
	}
}

// rejected tells whether an app rejected a user at once; healthy and unhealthy tell what the app says about itself.
func rejected(a Answer) bool  { return !a.Health && a.Status == 503 && a.RetryAfter > 0 }
func healthy(a Answer) bool   { return a.Health && a.Status == 200 && a.Says == "Healthy" }
func unhealthy(a Answer) bool { return a.Health && a.Status == 503 }

// wasRejected tells whether an earlier request was rejected.
func wasRejected(r *Run) bool { return slices.ContainsFunc(r.Answers, rejected) }
