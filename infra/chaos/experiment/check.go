package experiment

import (
	"fmt"
	"math"
	"slices"
	"time"

	"chaosworkshop/infra/internal/stats"
)

// Every tolerance below rests on counts, states and bodies, or on a difference so large that chance alone flips a verdict
// in fewer than one run in a thousand; TestChance computes those that depend on chance. If scheduling noise
// explains the overshoot of a duration, the run is inconclusive, not failed.

// count is the number of answers that satisfy is.
func count(answers []Answer, is func(Answer) bool) int {
	n := 0
	for _, answer := range answers {
		if is(answer) {
			n++
		}
	}
	return n
}

// nothing is the check of a phase that was skipped.
func nothing(required string) Check {
	return Check{Measured: "the phase was skipped", Required: required}
}

// statusText is what a user got, in a word or two.
func statusText(a Answer) string {
	switch {
	case a.Status == 0:
		return "no answer"
	case a.Wrong:
		return fmt.Sprint(a.Status, " with wrong rows")
	}
	return fmt.Sprint(a.Status)
}

// firstOther is ", the first failure is 500" for the first answer that did not serve its user.
func firstOther(answers []Answer) string {
	for _, answer := range answers {
		if !answer.Served() {
			return ", the first failure is " + statusText(answer)
		}
	}
	return ""
}

// allServed requires that every request of the phase is a 200 with the right rows.
func allServed(phase string) func(*Run) Check {
	return func(r *Run) Check {
		answers := r.Of(phase)
		good := count(answers, Answer.Served)
		late := count(answers, func(a Answer) bool { return a.Status == 0 || a.Status == 504 })
		check := Check{
			Measured: fmt.Sprintf("%d of %d were served%s", good, len(answers), firstOther(answers)),
			Required: "all are 200 with the right rows", Passed: good == len(answers) && good > 0, phase: phase,
		}
		// A computer that stalls for a second makes a timeout fire.
		if good+late == len(answers) {
			check.Excess = stats.Percentile(Latencies(answers), 100)
		}
		return check
	}
}

// p99Within requires that 99 in 100 answers of the phase come within the limit. Of 300 requests three may miss it.
func p99Within(phase string, limit time.Duration) func(*Run) Check {
	return func(r *Run) Check {
		return duration(stats.Percentile(Latencies(r.Of(phase)), 99), "p99 %s over %d answers", len(r.Of(phase)), limit, phase)
	}
}

// duration checks a measured duration, in milliseconds, against its limit.
func duration(measured float64, format string, count int, limit time.Duration, phase string) Check {
	check := Check{
		Measured: fmt.Sprintf(format, Duration(measured), count),
		Required: "at most " + limit.String(),
		Passed:   count > 0 && measured <= stats.Milliseconds(limit),
		phase:    phase,
	}
	if !check.Passed {
		check.Excess = max(0, measured-stats.Milliseconds(limit))
	}
	return check
}

// Duration writes a duration in milliseconds for people.
func Duration(ms float64) string {
	switch {
	case ms < 10:
		return fmt.Sprintf("%.1f ms", ms)
	case ms < 1000:
		return fmt.Sprintf("%.0f ms", ms)
	}
	return fmt.Sprintf("%.2f s", ms/1000)
}

// bounded requires that no answer of the phase is later than the bound: TIMEOUT up to exercise 2, DEADLINE from exercise 3.
// Without a bound, 45 in 100 requests are later under slow, and all of them under a black hole.
func bounded(s Settings, phase string) func(*Run) Check {
	return func(r *Run) Check {
		bound, name := s.Timeout, "TIMEOUT"
		if r.Stage > 2 {
			bound, name = s.Deadline, "DEADLINE"
		}
		answers := r.Of(phase)
		check := duration(stats.Percentile(Latencies(answers), 100), "the slowest took %s, of %d", len(answers), bound+slack, phase)
		check.Required += fmt.Sprintf(" (%s + %s)", name, slack)
		return check
	}
}

// outOfTime requires that every request that was not served is a 504, or a rejection by an open breaker, and that there
// is a 504.
func outOfTime(phases ...string) func(*Run) Check {
	return func(r *Run) Check {
		late := count(r.Of(phases...), func(a Answer) bool { return a.Status == 504 })
		var wrong []Answer
		for _, answer := range r.Of(phases...) {
			if answer.Status != 504 && !answer.Served() && !rejected(answer) {
				wrong = append(wrong, answer)
			}
		}
		return Check{
			Measured: fmt.Sprintf("%d answers are 504, %d are neither 504 nor 200 nor a rejection%s", late, len(wrong), firstOther(wrong)),
			Required: "every failure is a 504, or a 503 with Retry-After from an open breaker", Passed: late > 0 && len(wrong) == 0,
		}
	}
}

// successAtLeast requires a share of served users in the phase. In theory 86 in 100 succeed under flaky with ten attempts,
// and 20 with one; under slow, 63 succeed with one attempt of a second, and 98 with retries.
func successAtLeast(phase string, share float64) func(*Run) Check {
	return func(r *Run) Check {
		answers := r.Of(phase)
		return Check{
			Measured: fmt.Sprintf("%.0f %% of %d requests were served%s", 100*Success(answers), len(answers), firstOther(answers)),
			Required: fmt.Sprintf("at least %.0f %%", 100*share), Passed: Success(answers) >= share,
			phase: phase, certain: Success(answers) < share/2,
		}
	}
}

// nothingLeft requires that a second after the last answer of the phase, no more of the app's connections to the database
// are open than before the fault: whatever a request starts ends with it.
func nothingLeft(phase string) func(*Run) Check {
	return func(r *Run) Check {
		const required = "no more than before the fault"
		span, ok := r.phase(phase)
		if !ok {
			return nothing(required)
		}
		return Check{
			Measured: fmt.Sprintf("%d connections are still open, %d before the fault", span.Left, r.Phases[0].Left),
			Required: required, Passed: span.Left <= r.Phases[0].Left, phase: phase,
		}
	}
}

// noneRejected requires that no request of the phase was rejected: the load is served, so a breaker must stay closed.
func noneRejected(phase string) func(*Run) Check {
	return func(r *Run) Check {
		answers := r.Of(phase)
		refusals := count(answers, func(a Answer) bool { return a.Status == 503 })
		return Check{
			Measured: fmt.Sprintf("%d of %d requests were rejected", refusals, len(answers)),
			Required: "none", Passed: len(answers) > 0 && refusals == 0, phase: phase,
		}
	}
}

// dialsPerRequest requires that the database gets at most that many connections per request of the phase.
func dialsPerRequest(phase string, most int) func(*Run) Check {
	return func(r *Run) Check {
		span, ok := r.phase(phase)
		answers := r.Of(phase)
		if !ok || len(answers) == 0 {
			return nothing("at most RETRY_ATTEMPTS connections per request")
		}
		dials := float64(span.Dials) / float64(len(answers))
		return Check{
			Measured: fmt.Sprintf("%.1f connections per request", dials),
			Required: fmt.Sprintf("at most %d (RETRY_ATTEMPTS)", most), Passed: dials <= float64(most),
		}
	}
}

// backsOff requires that a request whose connections are refused at once still takes a third of the sum of the backoffs:
// the jitter leaves at least a third of each. Without a backoff, it takes a few milliseconds.
func backsOff(phase string, s Settings) func(*Run) Check {
	return func(r *Run) Check {
		answers := r.Of(phase)
		least := stats.Milliseconds(s.backoff(s.RetryAttempts) / 3)
		median := stats.Percentile(Latencies(answers), 50)
		return Check{
			Measured: fmt.Sprintf("the median request whose connections were refused took %s", Duration(median)),
			Required: "at least " + Duration(least) + " for all its attempts", Passed: len(answers) > 0 && median >= least,
		}
	}
}

// opens requires a rejection with Retry-After in the phase, and none without.
func opens(phase string) func(*Run) Check {
	return func(r *Run) Check {
		answers := r.Of(phase)
		refusals := count(answers, rejected)
		measured := fmt.Sprintf("%d of %d requests were rejected", refusals, len(answers))
		bare := count(answers, func(a Answer) bool { return a.Status == 503 }) - refusals
		if bare > 0 {
			measured += fmt.Sprintf(", %d more without Retry-After", bare)
		}
		return Check{Measured: measured, Required: "rejections, each with Retry-After", Passed: refusals > 0 && bare == 0, certain: refusals == 0}
	}
}

// p99Rejections requires that 99 in 100 answers of the phase come within the limit, and that all but one in a hundred are
// rejections with Retry-After: the rest are probes.
func p99Rejections(phase string, limit time.Duration) func(*Run) Check {
	return func(r *Run) Check {
		answers := r.Of(phase)
		if len(answers) == 0 {
			return nothing("p99 at most " + limit.String())
		}
		refusals := count(answers, rejected)
		check := p99Within(phase, limit)(r)
		check.Measured += fmt.Sprintf(", %d rejected with Retry-After", refusals)
		if refusals*100 < len(answers)*99 {
			check.Required += ", 99 in 100 rejected with Retry-After"
			check.Passed, check.Excess = false, 0
		}
		return check
	}
}

// probesOnly requires that the database got no more connections in the phase than its probes may open: one probe for each
// open-state wait, each a request with all its attempts. Without a breaker every request opens as many.
func probesOnly(phase string, s Settings) func(*Run) Check {
	return func(r *Run) Check {
		span, ok := r.phase(phase)
		answers := r.Of(phase)
		if !ok || len(answers) == 0 {
			return nothing("connections of probes only")
		}
		probes := 1 + int((span.To-span.From)/stats.Milliseconds(s.BreakerDelay))
		return Check{
			Measured: fmt.Sprintf("%d connections for %d requests", span.Dials, len(answers)),
			Required: fmt.Sprintf("at most %d: %d probes of %d attempts", probes*s.RetryAttempts, probes, s.RetryAttempts),
			Passed:   span.Dials <= probes*s.RetryAttempts,
		}
	}
}

// retryAfterTrue requires that a user who comes back when Retry-After says is let through to the database, and that one
// who comes a second earlier is not. It ignores rejections during a probe, because nobody knows when the probe will end.
// The header is in whole seconds, so it may be off by a second, plus the gap between two requests of the load.
func retryAfterTrue(phases ...string) func(*Run) Check {
	return func(r *Run) Check {
		const tolerance, required = 1250, "within a second of the next request that is let through"
		var admitted []Answer
		for _, answer := range r.Of(phases...) {
			if answer.Status != 503 && answer.Status != 0 {
				admitted = append(admitted, answer)
			}
		}
		worst, judged := 0.0, 0
		for _, answer := range r.Of(phases...) {
			beside := slices.ContainsFunc(admitted, func(probe Answer) bool { return probe.At <= answer.end() && answer.At <= probe.end() })
			next := slices.IndexFunc(admitted, func(probe Answer) bool { return probe.At > answer.At })
			if !rejected(answer) || beside || next < 0 {
				continue
			}
			judged++
			off := answer.end() + 1000*float64(answer.RetryAfter) - admitted[next].At
			if math.Abs(off) > math.Abs(worst) {
				worst = off
			}
		}
		if judged == 0 {
			return nothing(required)
		}
		direction := "late"
		if worst < 0 {
			direction = "early"
		}
		return Check{
			Measured: fmt.Sprintf("of %d rejections the worst Retry-After is %s too %s", judged, Duration(math.Abs(worst)), direction),
			Required: required, Passed: math.Abs(worst) <= tolerance, phase: phases[0],
		}
	}
}

// returnsWithin requires that a user is served within the limit after the fault was removed.
func returnsWithin(limit time.Duration) func(*Run) Check {
	return func(r *Run) Check {
		took, ok := r.Recovery()
		if !ok {
			return Check{Measured: "no success after the fault was removed", Required: "within " + limit.String()}
		}
		return duration(took, "after %s, of %d requests", len(r.Of(rollback)), limit, rollback)
	}
}

// Recovery is the time from the rollback to the first success, in milliseconds; false when there was none.
func (r *Run) Recovery() (float64, bool) {
	span, ok := r.phase(rollback)
	first := math.Inf(1)
	for _, answer := range r.Of(rollback) {
		if answer.Served() {
			first = min(first, answer.end()-span.From)
		}
	}
	return first, ok && !math.IsInf(first, 1)
}

// agrees requires that health does not say Unhealthy while users are served: at most 1 answer in 20, while at least half of
// the users are served.
func agrees(phase string) func(*Run) Check {
	return func(r *Run) Check {
		const most = 0.05
		answers := r.health(phase)
		bad := count(answers, unhealthy)
		check := Check{
			Measured: fmt.Sprintf("%.0f %% of the users were served, %d of %d health checks said Unhealthy", 100*Success(r.Of(phase)), bad, len(answers)),
			Required: "at most 1 in 20, while at least half of the users are served",
			Passed:   len(answers) > 0 && float64(bad) <= most*float64(len(answers)), phase: phase,
		}
		if Success(r.Of(phase)) < 0.5 {
			check.Passed = false
		}
		return check
	}
}

// unhealthyWithin requires that /health/ says 503 within the limit after the phase began.
func unhealthyWithin(phase string, limit time.Duration) func(*Run) Check {
	return healthWithin(phase, "503", unhealthy, limit)
}

// healthyWithin requires that /health/ says Healthy within the limit after the phase began.
func healthyWithin(phase string, limit time.Duration) func(*Run) Check {
	return healthWithin(phase, "Healthy", healthy, limit)
}

func healthWithin(phase, what string, is func(Answer) bool, limit time.Duration) func(*Run) Check {
	return func(r *Run) Check {
		took, ok := r.healthFirst(phase, is)
		if !ok {
			return Check{Measured: fmt.Sprintf("never %s in %d answers", what, len(r.health(phase))), Required: what + " within " + limit.String(), phase: phase}
		}
		return duration(took, what+" after %s, asked %d times", len(r.health(phase)), limit, phase)
	}
}

// HealthyAfter is the time from the rollback until /health/ said Healthy, in milliseconds; false when it never did.
func (r *Run) HealthyAfter() (float64, bool) { return r.healthFirst(rollback, healthy) }

// healthFirst is when /health/ first gave such an answer, in milliseconds from the start of the phase.
func (r *Run) healthFirst(phase string, is func(Answer) bool) (float64, bool) {
	span, ok := r.phase(phase)
	first := math.Inf(1)
	for _, answer := range r.health(phase) {
		if is(answer) {
			first = min(first, answer.end()-span.From)
		}
	}
	return first, ok && !math.IsInf(first, 1)
}

// staysUnhealthy requires that every health check of the phase says 503.
func staysUnhealthy(phase string) func(*Run) Check {
	return func(r *Run) Check {
		answers := r.health(phase)
		bad := count(answers, unhealthy)
		return Check{Measured: fmt.Sprintf("%d of %d health checks said Unhealthy", bad, len(answers)), Required: "all", Passed: bad > 0 && bad == len(answers), phase: phase}
	}
}

// healthAnswersWithin requires that /health/ answers every time, within the limit.
func healthAnswersWithin(limit time.Duration) func(*Run) Check {
	return func(r *Run) Check {
		answers := r.health()
		for _, answer := range answers {
			if answer.Status == 0 {
				return Check{Measured: "no answer: " + answer.Error, Required: "an answer within " + limit.String()}
			}
		}
		return duration(stats.Percentile(Latencies(answers), 100), "the slowest took %s, of %d", len(answers), limit, "")
	}
}

// steadyState is the check of the first phase, before any fault, and of the last one: every request is served, and every
// answer of the health endpoint, if asked, is Healthy.
func steadyState(phase Phase) func(*Run) Check {
	return func(r *Run) Check {
		for _, answer := range r.health(phase.Name) {
			switch {
			case !phase.Health || healthy(answer):
			case answer.Status == 404:
				return Check{Measured: "GET /health/ answers 404: there is no health endpoint", Required: "200 Healthy", certain: true}
			default:
				return Check{Measured: "GET /health/ answers " + statusText(answer) + " " + answer.Says, Required: "200 Healthy"}
			}
		}
		return allServed(phase.Name)(r)
	}
}
