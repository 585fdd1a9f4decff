package experiment

import (
	"fmt"
	"time"
)

// Every tolerance below rests on counts, states, or a difference so large that chance alone flips a verdict in fewer than
// one run in a thousand; TestChance computes the bounds that depend on chance. A duration that misses its bound by no more
// than the machine stood still makes the run invalid, not failed.

// allServed requires that every request of the phase is a 200.
func allServed(phase string) func(*Run) Check {
	return func(r *Run) Check {
		answers := r.answers(phase)
		good, late, latest := 0, 0, 0.0
		for _, answer := range answers {
			switch answer.Status {
			case 200:
				good++
			case 0, 504:
				late++
				latest = max(latest, answer.Latency)
			}
		}
		check := Check{
			Measured: fmt.Sprintf("%d of %d are 200%s", good, len(answers), firstOther(answers)),
			Required: "all are 200", Passed: good == len(answers) && good > 0, phase: phase,
		}
		// A machine that stands still for a second makes a timeout fire.
		if good+late == len(answers) {
			check.Excess = latest
		}
		return check
	}
}

// firstOther is ", the first other is 500" for the first answer that is not 200.
func firstOther(answers []Answer) string {
	for _, answer := range answers {
		if answer.Status != 200 {
			return ", the first other is " + statusText(answer)
		}
	}
	return ""
}

func statusText(a Answer) string {
	if a.Status == 0 {
		return "no answer"
	}
	return fmt.Sprint(a.Status)
}

// p99Within requires that 99 in 100 answers of the phase come within the limit. Of 300 requests three may miss it.
func p99Within(phase string, limit time.Duration) func(*Run) Check {
	return func(r *Run) Check { return p99(r.answers(phase), phase, limit) }
}

func p99(answers []Answer, phase string, limit time.Duration) Check {
	return duration(Percentile(Latencies(answers), 99), "p99 %s of %d", len(answers), limit, phase)
}

// duration is the check of a measured duration, in milliseconds, against its limit.
func duration(measured float64, format string, count int, limit time.Duration, phase string) Check {
	check := Check{
		Measured: fmt.Sprintf(format, Duration(measured), count),
		Required: "at most " + limit.String(),
		Passed:   count > 0 && measured <= milliseconds(limit),
		phase:    phase,
	}
	if !check.Passed {
		check.Excess = max(0, measured-milliseconds(limit))
	}
	return check
}

// Duration writes a duration in milliseconds as a person reads it.
func Duration(ms float64) string {
	switch {
	case ms < 10:
		return fmt.Sprintf("%.1f ms", ms)
	case ms < 1000:
		return fmt.Sprintf("%.0f ms", ms)
	}
	return fmt.Sprintf("%.2f s", ms/1000)
}

// bounded requires that no answer of the phase is later than the bound, and that there are answers. The bound is DEADLINE
// for an app that retries, as its own count of retries tells, and TIMEOUT for one that does not. Without a bound 45 in 100
// requests are later under slow, and every one under a black hole.
func bounded(s Settings, phase string) func(*Run) Check {
	return func(r *Run) Check {
		limit, name := s.Timeout+slack, "TIMEOUT"
		if retries(r) > 0 {
			limit, name = s.Deadline+slack, "DEADLINE"
		}
		answers := r.answers(phase)
		check := duration(Percentile(Latencies(answers), 100), "the latest after %s, of %d", len(answers), limit, phase)
		check.Required += fmt.Sprintf(" (%s + %s)", name, slack)
		return check
	}
}

// retries are those that the app counted in all phases.
func retries(r *Run) int {
	count := 0
	for _, span := range r.Phases {
		count += span.Retries
	}
	return count
}

// outOfTime requires that every request that did not succeed is a 504, or a refusal of an open breaker with its
// Retry-After, and that there is a 504.
func outOfTime(phases ...string) func(*Run) Check {
	return func(r *Run) Check {
		out, wrong, first := 0, 0, ""
		for _, phase := range phases {
			for _, answer := range r.answers(phase) {
				switch {
				case answer.Status == 504:
					out++
				case answer.Status != 200 && !refusedWithRetryAfter(answer):
					wrong++
					if first == "" {
						first = ", the first " + statusText(answer)
					}
				}
			}
		}
		return Check{
			Measured: fmt.Sprintf("%d answers are 504, %d are neither 504 nor 200%s", out, wrong, first),
			Required: "504, or 503 with Retry-After from an open breaker", Passed: out > 0 && wrong == 0,
		}
	}
}

// successAtLeast requires a share of 200 in the phase. In theory 89 in 100 succeed with five attempts, 49 with one that is
// not bounded, 36 with a timeout: for 208 requests six standard errors or more from 75, on either side.
func successAtLeast(phase string, share float64) func(*Run) Check {
	return func(r *Run) Check {
		answers := r.answers(phase)
		return Check{
			Measured: fmt.Sprintf("%.0f %% of %d requests succeeded", 100*Success(answers), len(answers)),
			Required: fmt.Sprintf("at least %.0f %%", 100*share), Passed: Success(answers) >= share,
		}
	}
}

// betterThanReference requires that the success is better than that of exercise 2, measured beside under the same load, by
// a share. In theory it is better by 53 points, with a standard error of 4.
func betterThanReference(phase string, share float64) func(*Run) Check {
	return func(r *Run) Check {
		if r.Reference == nil {
			return Check{Measured: "exercise 2 was not measured", Required: "a measurement of exercise 2"}
		}
		success := Success(r.answers(phase))
		return Check{
			Measured: fmt.Sprintf("%.0f %% against %.0f %% of exercise 2", 100*success, 100**r.Reference),
			Required: fmt.Sprintf("at least %.0f points more", 100*share), Passed: success-*r.Reference >= share,
		}
	}
}

// staysClosed requires that no breaker was ever seen in another state, and that no request was refused. While the load goes
// on, 12 failed requests in a row are as good as impossible: those that succeed end between them. When it has ended, the
// last answers due are mostly failures; TestChance simulates how rarely they are 12.
func staysClosed() func(*Run) Check {
	return func(r *Run) Check {
		worst, refusals := "closed", 0
		for _, state := range r.States {
			if state.Name != "closed" {
				worst = state.Name
			}
		}
		for _, answer := range r.Answers {
			if refusedWithRetryAfter(answer) {
				refusals++
			}
		}
		if len(r.States) == 0 {
			worst = "none there"
		}
		return Check{
			Measured: fmt.Sprintf("breaker %s, %d requests refused", worst, refusals),
			Required: "closed, none refused", Passed: (worst == "closed" || len(r.States) == 0) && refusals == 0,
		}
	}
}

// backsOff requires that a request whose connections are refused at once still takes a third of the backoff's sum: the
// jitter leaves at least half of it. Without a backoff it takes a few milliseconds.
func backsOff(phase string, s Settings) func(*Run) Check {
	return func(r *Run) Check {
		answers := r.answers(phase)
		least := milliseconds(s.backoff(s.RetryAttempts) / 3)
		median := Percentile(Latencies(answers), 50)
		return Check{
			Measured: fmt.Sprintf("a refused request took %s in the median", Duration(median)),
			Required: "at least " + Duration(least) + " for all its attempts", Passed: len(answers) > 0 && median >= least,
		}
	}
}

// opens requires a refusal with Retry-After in the phase.
func opens(phase string) func(*Run) Check {
	return func(r *Run) Check {
		answers := r.answers(phase)
		refusals, bare := 0, 0
		for _, answer := range answers {
			switch {
			case refusedWithRetryAfter(answer):
				refusals++
			case answer.Status == 503:
				bare++
			}
		}
		measured := fmt.Sprintf("%d of %d requests were refused", refusals, len(answers))
		if bare > 0 {
			measured += fmt.Sprintf(", %d more without Retry-After", bare)
		}
		return Check{Measured: measured, Required: "refusals, each with Retry-After", Passed: refusals > 0 && bare == 0}
	}
}

// patient requires that as many requests failed by themselves as open the breaker, before the first was refused. A breaker
// inside the retries counts attempts, and refuses before any request has failed.
func patient(phase string, s Settings) func(*Run) Check {
	return func(r *Run) Check {
		refusedAt, seen := 0.0, false
		answers := r.answers(phase)
		for _, answer := range answers {
			at := answer.At + answer.Latency
			if answer.Status == 503 && (!seen || at < refusedAt) {
				refusedAt, seen = at, true
			}
		}
		failures := 0
		for _, answer := range answers {
			// What ends within 100 ms of the first refusal counts as before it: the order on the wire is not that in the app.
			if answer.Status != 200 && answer.Status != 503 && (!seen || answer.At+answer.Latency <= refusedAt+100) {
				failures++
			}
		}
		if !seen {
			return Check{Measured: "no request was refused", Required: fmt.Sprintf("refusals after %d failed requests", s.BreakerFailures)}
		}
		return Check{
			Measured: fmt.Sprintf("%d requests failed before the first was refused", failures),
			Required: fmt.Sprintf("%d", s.BreakerFailures), Passed: failures >= s.BreakerFailures,
		}
	}
}

// p99Refusals requires that 99 in 100 answers of the phase come within the limit, and that all but one in a hundred are
// refusals with Retry-After: the rest are probes.
func p99Refusals(phase string, limit time.Duration) func(*Run) Check {
	return func(r *Run) Check {
		answers := r.answers(phase)
		if len(answers) == 0 {
			return Check{Measured: "the breaker was never open", Required: "p99 at most " + limit.String()}
		}
		refusals := 0
		for _, answer := range answers {
			if refusedWithRetryAfter(answer) {
				refusals++
			}
		}
		check := p99(answers, phase, limit)
		check.Measured += fmt.Sprintf(", %d refused with Retry-After", refusals)
		if refusals*100 < len(answers)*99 {
			check.Required += ", 99 in 100 refused with Retry-After"
			check.Passed, check.Excess = false, 0
		}
		return check
	}
}

// probesOnly requires that the database got no more connections in the phase than its probes may open: one probe a break,
// each a request with all its attempts. Without a breaker every request opens as many.
func probesOnly(phase string, s Settings) func(*Run) Check {
	return func(r *Run) Check {
		span, ok := r.phase(phase)
		answers := r.answers(phase)
		if !ok || len(answers) == 0 {
			return Check{Measured: "the breaker was never open", Required: "dials of probes only"}
		}
		each := s.RetryAttempts * dialsPerAttempt
		breaks := 1 + int((span.To-span.From)/milliseconds(s.BreakerDelay))
		return Check{
			Measured: fmt.Sprintf("%d dials for %d requests", span.Dials, len(answers)),
			Required: fmt.Sprintf("at most %d: %d probes of %d dials", breaks*each, breaks, each), Passed: span.Dials <= breaks*each,
		}
	}
}

// returnsWithin requires a success within the limit after the fault went.
func returnsWithin(limit time.Duration) func(*Run) Check {
	return func(r *Run) Check {
		took, ok := r.Recovery()
		if !ok {
			return Check{Measured: "no success after the fault went", Required: "within " + limit.String()}
		}
		return duration(took, "after %s, at request %d", len(r.answers(rollback)), limit, rollback)
	}
}

// Recovery is the time from the rollback to the first success, in milliseconds; false when there was none.
func (r *Run) Recovery() (float64, bool) {
	span, ok := r.phase(rollback)
	if !ok {
		return 0, false
	}
	first, found := 0.0, false
	for _, answer := range r.answers(rollback) {
		if end := answer.At + answer.Latency - span.From; answer.Status == 200 && (!found || end < first) {
			first, found = end, true
		}
	}
	return first, found
}

// unhealthyWithin requires that /health/ says 503 within the limit after the phase began.
func unhealthyWithin(phase string, limit time.Duration) func(*Run) Check {
	return func(r *Run) Check {
		took, ok := r.healthFirst(phase, func(a Answer) bool { return a.Status == 503 })
		if !ok {
			return Check{Measured: "never 503", Required: "503 within " + limit.String()}
		}
		return duration(took, "503 after %s, of %d asked", len(r.health(phase)), limit, phase)
	}
}

// healthyWithin requires that /health/ says Healthy within the limit after the phase began.
func healthyWithin(phase string, limit time.Duration) func(*Run) Check {
	return func(r *Run) Check {
		took, ok := r.healthFirst(phase, healthy)
		if !ok {
			return Check{Measured: "still not Healthy", Required: "Healthy within " + limit.String()}
		}
		return duration(took, "Healthy after %s, asked %d times", len(r.health(phase)), limit, phase)
	}
}

// HealthyAfter is the time from the rollback until /health/ said Healthy, in milliseconds; false when it never did.
func (r *Run) HealthyAfter() (float64, bool) { return r.healthFirst(rollback, healthy) }

// healthFirst is when /health/ first gave such an answer, in milliseconds from the phase's begin.
func (r *Run) healthFirst(phase string, is func(Answer) bool) (float64, bool) {
	span, ok := r.phase(phase)
	for _, answer := range r.health(phase) {
		if ok && is(answer) {
			return answer.At + answer.Latency - span.From, true
		}
	}
	return 0, false
}

// healthAnswersWithin requires that /health/ answers every time, within the limit.
func healthAnswersWithin(limit time.Duration) func(*Run) Check {
	return func(r *Run) Check {
		answers := r.health("")
		for _, answer := range answers {
			if answer.Status == 0 {
				return Check{Measured: "no answer: " + answer.Error, Required: "an answer within " + limit.String()}
			}
		}
		return duration(Percentile(Latencies(answers), 100), "the latest after %s, of %d", len(answers), limit, "")
	}
}

// steadyState is the check of the first phase, before any fault, and of the last one: every request is served, and with
// health every report is Healthy.
func steadyState(phase Phase) func(*Run) Check {
	return func(r *Run) Check {
		check := allServed(phase.Name)(r)
		if !phase.Health {
			return check
		}
		for _, answer := range r.health(phase.Name) {
			switch {
			case healthy(answer):
			case answer.Status == 404:
				return Check{Measured: "GET /health/ is a 404: there is no health endpoint", Required: "200 Healthy", certain: true}
			default:
				return Check{Measured: "GET /health/ is " + statusText(answer) + " " + answer.Says, Required: "200 Healthy"}
			}
		}
		return check
	}
}
