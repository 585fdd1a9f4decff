package experiment

import (
	"cmp"
	"fmt"
	"slices"
)

// judge checks every tolerance of the experiment and sets the verdict.
func (r *Run) judge(e Experiment) {
	before, last := e.Method[0], e.Method[len(e.Method)-1]
	r.Notes = slices.Clone(e.Warnings)
	r.Checks = []Check{e.steadyState("steady state before the fault", before, r,
		"Run the "+e.Subject()+", and send one of its requests by hand with curl. What does it answer, and what does it log?",
		map[bool]string{
			true:  "`git diff` shows what you have changed since it last worked.",
			false: "If that is the answer that users should get, correct `right` in the file.",
		}[e.Exercise > 0])}
	if r.Checks[0].Passed {
		for _, tolerance := range e.Tolerances {
			check := tolerance.Expect.check(scope{r, tolerance.Phases, e.names})
			check.Name, check.Why, check.Hints = tolerance.Name, tolerance.Why, tolerance.Hints
			r.Checks = append(r.Checks, check)
		}
		if last.Name != before.Name && !e.cut {
			r.Checks = append(r.Checks, e.steadyState("steady state after the rollback", last, r,
				"The fault is gone, but not what it left behind. What does the "+e.Subject()+" still hold: a broken connection, an open breaker, a query that waits?",
				"Bound every wait, open a new connection in place of a broken one, and let a circuit breaker close with its first success."))
		}
	}
	for i := range r.Checks {
		if !r.Checks[i].Passed {
			r.Checks[i].Examples = r.best(r.Checks[i].examples)
		}
	}
	switch reason, stalled, lucky := r.inconclusive(e), r.stalled(), r.lucky(e); {
	case reason != "":
		r.Verdict, r.Reason = Inconclusive, reason
	case r.Died != "":
		r.Verdict, r.Reason = Failed, r.Died
	case r.Sentence() == "" && lucky != "":
		r.Verdict, r.Reason = Inconclusive, lucky
	case r.Sentence() == "":
		r.Verdict, r.Reason = Passed, ""
	case stalled != "":
		r.Verdict, r.Reason = Inconclusive, stalled
	default:
		r.Verdict, r.Reason = Failed, r.Sentence()
	}
}

// again says why a run is repeated; empty for a clear verdict.
func (r *Run) again() string {
	if r.Verdict == Inconclusive {
		return r.Reason
	}
	reason := ""
	for _, check := range r.Checks {
		switch {
		case check.Passed != (r.Verdict == Passed):
		case check.near && reason == "":
			reason = fmt.Sprintf("%s: %s, which takes a second run to judge", check.Name, check.Measured)
		case !check.near && !check.Passed && (check.Excess == 0 || r.stall(check) < light || check.Excess > beyond*r.stall(check)):
			return "" // One clear failure is enough.
		case !check.Passed && reason == "":
			reason = fmt.Sprintf("%s: %s, with scheduling noise of %s", check.Name, check.Measured, Duration(r.stall(check)))
		}
	}
	return reason
}

// settle compares the verdict with that of the run before, if that one was not enough: it counts only if both
// are the same.
func (r *Run) settle(before *Run) {
	if before == nil || before.Verdict == Inconclusive || r.Verdict == Inconclusive || before.Verdict == r.Verdict {
		return
	}
	r.Reason = fmt.Sprintf("one run %s and the next one %s: %s", before.Verdict, r.Verdict, before.again())
	r.Verdict = Inconclusive
}

// steadyState checks the steady-state hypothesis in the first phase, before any fault, or in the last one.
func (e Experiment) steadyState(name string, phase Phase, r *Run, hints ...string) Check {
	expressions := e.steady
	if len(expressions) == 0 {
		served, _ := parseExpression("rate(served) == 1", nil) // A test reads it.
		expressions = append(expressions, served)
	}
	var check Check
	for _, expression := range expressions {
		if check = expression.check(scope{r, []string{phase.Name}, e.names}); !check.Passed {
			break
		}
	}
	check.Name, check.Why, check.Hints = name, "An app that fails without a fault also fails under one, and an outage must end with its fault.", hints
	return check
}

// inconclusive says why the run allows no verdict; empty when it allows one.
func (r *Run) inconclusive(e Experiment) string {
	if r.Broken != "" {
		return r.Broken
	}
	if unfelt := r.unfelt(); unfelt != "" {
		return unfelt
	}
	if e.Exercise > 0 {
		return r.pooled()
	}
	reason := cmp.Or(r.skipped(e), r.bypassed(e), r.unmet(), r.spared(e), r.faint(e), r.unmoved(e), r.cutShort(e))
	r.lasting = reason != ""
	return reason
}

// unfelt says that an injection is not verified.
func (r *Run) unfelt() string {
	for _, felt := range r.Felt {
		if missing := felt.missing(); missing != "" {
			return missing
		}
	}
	return ""
}

// lucky says that under a fault which spares users, every health check may have passed because a user waited at that moment, as users
// do on a busy computer. Nobody knows how often the check of another service tries.
func (r *Run) lucky(e Experiment) string {
	if e.Exercise == 0 {
		return ""
	}
	// A check fails for sure if all its attempts are closed, and a false alarm lasts for as long as the next check still tries: three
	// attempts are more than the tolerance allows.
	needed := int(e.names["RETRY_ATTEMPTS"].value) + 3
	for _, span := range r.Phases {
		if span.luck && span.row < needed {
			return fmt.Sprintf("in %q, only %s in a row met the fault, which spares those that open while a user waits; close other programs and run the experiment again", span.Name, howMany(span.row, "connection"))
		}
	}
	return ""
}

// pooled says that without a fault, the app did not open a connection through the proxy for each request, so that a
// fault of new connections cannot reach it.
func (r *Run) pooled() string {
	if len(r.Phases) == 0 {
		return ""
	}
	first := r.Phases[0]
	good := count(r.Of(first.Name), Answer.Served)
	switch {
	case good > 0 && first.Dials == 0:
		return fmt.Sprintf("the app answered %s without a connection through the proxy; it must reach its database at DB_HOST and DB_PORT", howMany(good, "request"))
	case first.Dials*10 < good*9:
		return fmt.Sprintf("the app answered %s over %s: it keeps them in a pool, or answers from a cache, and faults that hit new connections do not affect it; set DB_MAX_IDLE_CONNS=0, and cache nothing", howMany(good, "request"), howMany(first.Dials, "connection"))
	}
	return ""
}

// blame is how many times the longest measured stall an overshoot may be and still count as scheduling noise: stalls come
// in series, and the control measurement sees only some of them. On a quiet computer, the longest stall is a few
// milliseconds.
const blame = 10

// beyond is how many times the longest measured stall an overshoot must be so that one run is enough: no series of stalls that was
// missed explains it.
const beyond = 3 * blame

// light is a stall, in milliseconds, of a computer that is hardly busy: it makes no series of answers late.
const light = 25

// heavy is a stall, in milliseconds, that also distorts counts: under a flaky network, the last attempt of a request starts
// a few hundred milliseconds before the deadline, and a good connection needs some of them to answer.
const heavy = 100

// stall is the longest stall in the phases of a check, in milliseconds.
func (r *Run) stall(check Check) (longest float64) {
	for _, span := range r.Phases {
		if len(check.phases) == 0 || slices.Contains(check.phases, span.Name) {
			longest = max(longest, span.Stall)
		}
	}
	return longest
}

// stalled says that scheduling noise can explain every failed check: a duration whose overshoot is comparable to the
// longest stall, or a count on a computer that stalled for long. On a computer that is hardly busy, it does not explain why
// half of all answers are late.
func (r *Run) stalled() string {
	reason := ""
	for _, check := range r.Checks {
		if check.Passed {
			continue
		}
		stall := r.stall(check)
		explained := stall >= heavy
		if check.Excess > 0 {
			explained = check.Excess <= blame*stall
		}
		if check.certain || check.typical > stall && stall < light || !explained {
			return ""
		}
		if reason == "" {
			reason = fmt.Sprintf("%s: %s, but the scheduling noise was %s; close other programs and run it again", check.Name, check.Measured, Duration(stall))
		}
	}
	return reason
}
