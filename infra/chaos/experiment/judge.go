package experiment

import (
	"fmt"
)

// judge checks every tolerance of the experiment and sets the verdict.
func (r *Run) judge(e Experiment) {
	before, last := e.Method[0], e.Method[len(e.Method)-1]
	r.Checks = []Check{named("steady state before the fault", steadyState(before)(r))}
	if r.Checks[0].Passed {
		for _, tolerance := range e.Tolerances {
			r.Checks = append(r.Checks, named(tolerance.Name, tolerance.Check(r)))
		}
		if last.Name != before.Name {
			r.Checks = append(r.Checks, named("steady state after the rollback", steadyState(last)(r)))
		}
	}
	switch reason, stalled := r.inconclusive(), r.stalled(); {
	case reason != "":
		r.Verdict, r.Reason = Inconclusive, reason
	case r.Died != "":
		r.Verdict, r.Reason = Failed, r.Died
	case r.Sentence() == "":
		r.Verdict, r.Reason = Passed, ""
	case stalled != "":
		r.Verdict, r.Reason = Inconclusive, stalled
	default:
		r.Verdict, r.Reason = Failed, r.Sentence()
	}
}

func named(name string, check Check) Check {
	check.Name = name
	return check
}

// inconclusive says why the run allows no verdict; empty when it allows one.
func (r *Run) inconclusive() string {
	if r.Broken != "" {
		return r.Broken
	}
	for _, felt := range r.Felt {
		if missing := felt.missing(); missing != "" {
			return missing
		}
	}
	return r.bypassed()
}

// bypassed says that without a fault, the app did not open a connection through the proxy for each request, so that a
// fault of new connections cannot reach it.
func (r *Run) bypassed() string {
	if len(r.Phases) == 0 {
		return ""
	}
	first := r.Phases[0]
	good := count(r.Of(first.Name), Answer.Served)
	switch {
	case good > 0 && first.Dials == 0:
		return fmt.Sprintf("the app answered %d requests without a connection through the proxy; it must reach its database at DB_HOST and DB_PORT", good)
	case first.Dials*10 < good*9:
		return fmt.Sprintf("the app answered %d requests over %d connections: it keeps them in a pool, and faults that hit new connections do not affect it; set DB_MAX_IDLE_CONNS=0", good, first.Dials)
	}
	return ""
}

// blame is how many times the longest measured stall an overshoot may be and still count as scheduling noise: stalls come
// in series, and the control measurement sees only some of them. On a quiet computer, the longest stall is a few
// milliseconds.
const blame = 10

// heavy is a stall, in milliseconds, that also distorts counts: under a flaky network, the last attempt of a request starts
// a few hundred milliseconds before the deadline, and a good connection needs some of them to answer.
const heavy = 100

// stalled says that scheduling noise can explain every failed check: a duration whose overshoot is comparable to the
// longest stall, or any check on a computer that stalled for long.
func (r *Run) stalled() string {
	reason := ""
	for _, check := range r.Checks {
		if check.Passed {
			continue
		}
		stall := 0.0
		for _, span := range r.Phases {
			if check.phase == "" || check.phase == span.Name {
				stall = max(stall, span.Stall)
			}
		}
		late := check.Excess > 0 && check.Excess <= blame*stall
		if check.certain || !late && stall < heavy {
			return ""
		}
		if reason == "" {
			reason = fmt.Sprintf("%s: %s, but the scheduling noise was %s; close other programs and run it again", check.Name, check.Measured, Duration(stall))
		}
	}
	return reason
}
