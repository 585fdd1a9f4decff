package experiment

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"chaosworkshop/infra/internal/stats"
)

// judge checks every tolerance of the experiment and sets the verdict.
func (r *Run) judge(e Experiment) {
	before, last := e.Method[0], e.Method[len(e.Method)-1]
	r.Notes = slices.Clone(e.Warnings)
	r.Checks = []Check{e.steadyState("steady state before the fault", before, r,
		"Run the "+e.Subject()+", and send one of its requests by hand with curl. What does it answer, and what does it log?",
		"`git diff` shows what you have changed since it last worked.")}
	if r.Checks[0].Passed {
		for _, tolerance := range e.Tolerances {
			check := tolerance.Expect.check(scope{r, tolerance.Phases, e.names})
			check.Name, check.Why, check.Hints = tolerance.Name, tolerance.Why, tolerance.Hints
			r.Checks = append(r.Checks, check)
		}
		if last.Name != before.Name {
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
	switch reason, stalled := r.inconclusive(e), r.stalled(); {
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
		case !check.near && !check.Passed && (check.Excess == 0 || r.stall(check) < light):
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
	check.Name, check.Why, check.Hints = name, "A user who gets nothing without a fault gets nothing under one, and an outage must end with its fault.", hints
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
	r.unmoved(e)
	return cmp.Or(r.bypassed(e), r.cutShort(e))
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

// bypassed says that no fault of a proxy can have reached the app, which sent nothing through it meanwhile. Where only some phases
// are like that, a note says so: a circuit breaker may be open.
func (r *Run) bypassed(e Experiment) string {
	for _, proxy := range e.Proxies {
		broken, met, missed := false, 0, []string{}
		for _, phase := range e.Method {
			span, ran := r.phase(phase.Name)
			hits := func(f Fault) bool { return f.hits(proxy.Name) }
			if !slices.ContainsFunc(phase.Faults, hits) {
				continue
			}
			if broken = true; !ran || phase.Rate == 0 && !phase.Health {
				continue
			}
			if slices.ContainsFunc(phase.Faults, func(f Fault) bool { return hits(f) && f.Type == "" }) {
				span = r.Phases[len(r.Phases)-1] // Nobody can count connections to a closed port, but those afterwards.
			}
			if met++; slices.Contains(span.Unused, proxy.Name) {
				missed = append(missed, fmt.Sprintf("%q", phase.Name))
			}
		}
		used := slices.ContainsFunc(r.Dials, func(d Dial) bool { return d.Proxy == proxy.Name && d.Sent+d.Received > 0 })
		switch {
		case len(r.Phases) == 0 || e.API != "":
		case !used && broken:
			return fmt.Sprintf("the service sent nothing through the proxy %s, so no fault can reach it; make it connect to %s instead of %s",
				proxy.Name, proxy.Listen, proxy.Upstream)
		case met > 0 && len(missed) == met:
			return fmt.Sprintf("the service sent nothing through the proxy %s during its faults, so none reached it: does a cache answer? "+
				"Ask for what the cache does not hold, or let it forget sooner", proxy.Name)
		case len(missed) > 0:
			r.Notes = append(r.Notes, fmt.Sprintf("the service opened no connection through the proxy %s in %s, and sent nothing: a cache or an open circuit breaker answered, "+
				"so this says nothing about how it meets the fault", proxy.Name, strings.Join(missed, " and ")))
		}
	}
	return ""
}

// unmoved notes the phases in which the answers show no fault, where nobody can count the connections.
func (r *Run) unmoved(e Experiment) {
	slowest := stats.Percentile(Latencies(r.Of(e.Method[0].Name)), 100)
	for _, phase := range e.Method {
		late, chance := 20.0, 0.0
		for _, fault := range phase.Faults {
			effect := fault.effect()
			chance = max(chance, effect.chance)
			if !effect.fails {
				late = max(late, effect.late)
			}
		}
		answers := r.Of(phase.Name)
		moved := count(answers, func(a Answer) bool { return !a.Served() || a.Latency > slowest+late })
		if e.API != "" && float64(moved) < chance/4*float64(len(answers)) {
			r.Notes = append(r.Notes, fmt.Sprintf("the answers in %q are like those without a fault, and connections through a Toxiproxy that is already running cannot be counted: "+
				"check that your service uses its proxy", phase.Name))
		}
	}
}

// cutShort says that a fault let far fewer connections hang than it should, because the dependency closed them first. Where the
// fault affects all connections, the meter keeps those open.
func (r *Run) cutShort(e Experiment) string {
	for _, phase := range e.Method {
		span, _ := r.phase(phase.Name)
		for _, fault := range phase.Faults {
			for _, proxy := range e.Proxies {
				all, closed := 0, 0
				for _, dial := range r.Dials {
					if dial.Proxy == proxy.Name && dial.At >= span.From && dial.At <= span.To {
						all++
						if dial.Dropped {
							closed++
						}
					}
				}
				if fault.hangs() && fault.hits(proxy.Name) && fault.Toxicity < 1 && atMost(all-closed, all, 0.9*fault.Toxicity) < 0.001 {
					return fmt.Sprintf("in %q, the dependency closed %d of %d connections through the proxy %s, so %s let too few of them hang to test a timeout; "+
						"use a long delay instead, such as fault: {type: latency, latency: 30s, toxicity: %v}", phase.Name, closed, all, proxy.Name, fault, fault.Toxicity)
				}
			}
		}
	}
	return ""
}

// atMost is the chance of at most k successes in n independent tries that each succeed with chance p.
func atMost(k, n int, p float64) float64 {
	sum := 0.0
	for i := 0; i <= min(k, n); i++ {
		whole, _ := math.Lgamma(float64(n + 1))
		chosen, _ := math.Lgamma(float64(i + 1))
		left, _ := math.Lgamma(float64(n - i + 1))
		sum += math.Exp(whole - chosen - left + float64(i)*math.Log(p) + float64(n-i)*math.Log1p(-p))
	}
	return sum
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
