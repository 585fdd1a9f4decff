package experiment

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"chaosworkshop/infra/internal/stats"
	"chaosworkshop/infra/lab/toxi"
)

// bypassed says that no fault of a proxy can have reached the app, which sent nothing through it meanwhile. Where only some phases
// are like that, a note says so: a circuit breaker may be open.
func (r *Run) bypassed(e Experiment) string {
	for _, proxy := range e.Proxies {
		broken, met, missed, spared := false, 0, []string{}, []string{}
		for _, phase := range e.Method {
			span, ran := r.phase(phase.Name)
			hits := func(f Fault) bool { return f.hits(proxy.Name) }
			if !slices.ContainsFunc(phase.Faults, hits) {
				continue
			}
			if broken = true; !ran || phase.Rate == 0 && !phase.Health {
				continue
			}
			opened := func(d Dial) bool { return d.Proxy == proxy.Name && span.holds(d.At) }
			fresh := slices.ContainsFunc(r.Dials, opened) || !slices.ContainsFunc(phase.Faults, func(f Fault) bool { return hits(f) && f.spares() })
			if slices.ContainsFunc(phase.Faults, func(f Fault) bool { return hits(f) && (f.Type == "" || f.Stream == "upstream") }) {
				span = r.Phases[len(r.Phases)-1] // What a closed port or a fault on the way there holds back cannot be counted, only what comes afterwards.
			}
			if met++; slices.Contains(span.Unused, proxy.Name) {
				missed = append(missed, fmt.Sprintf("%q", phase.Name))
			} else if !fresh {
				spared = append(spared, fmt.Sprintf("%q", phase.Name))
			}
		}
		used := slices.ContainsFunc(r.Dials, func(d Dial) bool { return d.Proxy == proxy.Name && d.Sent+d.Received > 0 })
		switch {
		case len(r.Phases) == 0 || e.API != "":
		case !used && broken:
			return fmt.Sprintf("the service sent nothing through the proxy %s, so no fault can reach it; make it connect to %s instead of %s",
				proxy.Name, proxy.Listen, proxy.Upstream)
		case met > 0 && len(missed) == met:
			return fmt.Sprintf("the service sent nothing through the proxy %s while a fault was active, so no fault reached it; if a cache answers, "+
				"request data that is not cached, or shorten the cache's TTL", proxy.Name)
		case met > 0 && len(missed)+len(spared) == met:
			return fmt.Sprintf("the service keeps its connections through the proxy %s in a pool and opened none in %s, where faults hit new connections only; "+
				"use blackhole or outage, or make the pool close idle connections", proxy.Name, strings.Join(spared, " and "))
		case len(spared) > 0:
			r.Notes = append(r.Notes, fmt.Sprintf("the service opened no connection through the proxy %s in %s, where faults hit new connections only; "+
				"the result does not show how the service handles them", proxy.Name, strings.Join(spared, " and ")))
		}
		if len(missed) > 0 {
			r.Notes = append(r.Notes, fmt.Sprintf("the service did not use the proxy %s in %s, perhaps because a cache or an open circuit breaker answered; "+
				"the result does not show how the service handles the fault there", proxy.Name, strings.Join(missed, " and ")))
		}
	}
	return ""
}

// unless is the reason why there is no verdict, about the phases missed; empty if there are none. If others were not missed, it is a note.
func (r *Run) unless(others bool, missed []string, format string) string {
	reason := fmt.Sprintf(format, strings.Join(missed, " and "))
	switch {
	case len(missed) == 0:
		return ""
	case others:
		r.Notes = append(r.Notes, reason)
		return ""
	}
	return reason
}

// skipped says that no phase with a fault took place.
func (r *Run) skipped(e Experiment) string {
	ran, missed := false, []string{}
	for _, phase := range e.Method {
		if _, took := r.phase(phase.Name); len(phase.Faults) > 0 && took {
			ran = true
		} else if len(phase.Faults) > 0 {
			missed = append(missed, fmt.Sprintf("%q", phase.Name))
		}
	}
	if !r.Checks[0].Passed || r.Died != "" {
		return ""
	}
	return r.unless(ran, missed, "%s did not take place, because no answer had the outcome of only-after, and so there was no fault")
}

// unmet says that no query of the service met the faults that are for queries.
func (r *Run) unmet() string {
	met, missed := false, []string{}
	for _, felt := range r.Felt {
		span, _ := r.phase(felt.Phase)
		switch {
		case felt.Queries == nil || slices.Contains(span.Unused, cmp.Or(felt.Proxy, toxi.ProxyName)): // The latter is told already.
		case *felt.Queries > 0:
			met = true
		default:
			missed = append(missed, fmt.Sprintf("%s in %q", felt.Fault, felt.Phase))
		}
	}
	return r.unless(met, missed, "no query of the service met %s; such a fault is for SELECT statements that read a table, over connections without TLS and without compression")
}

// spared says that no connection met the faults that spare users.
func (r *Run) spared(e Experiment) string {
	met, missed := false, []string{}
	for _, phase := range e.Method {
		span, ran := r.phase(phase.Name)
		switch {
		case !ran || !slices.ContainsFunc(phase.Faults, func(f Fault) bool { return refusals[f.Type].spares }):
		case span.row > 0:
			met = true
		default:
			missed = append(missed, fmt.Sprintf("%q", phase.Name))
		}
	}
	return r.unless(met, missed, "in %s, no connection met the fault, which spares those opened while a user waits; "+
		"send fewer requests a second, or let the service check its dependency")
}

// unmoved says that no answer shows the faults on somebody else's Toxiproxy, where nobody can count connections. On the experiment's own,
// a note names the phases in which no answer shows an outage.
func (r *Run) unmoved(e Experiment) string {
	const few = 0.02 // Of the answers; a busy computer makes some late.
	slowest := stats.Percentile(Latencies(r.Of(e.Method[0].Name)), 100)
	sure, moves, alike := true, false, []string{} // Nothing but a cache can hide the faults of those alike.
	for _, phase := range e.Method {
		span, ran := r.phase(phase.Name)
		if !ran || len(phase.Faults) == 0 {
			continue
		}
		late, chance, outage := 20.0, 0.0, false
		for _, fault := range phase.Faults {
			effect := fault.effect()
			chance = max(chance, effect.chance)
			if !effect.fails {
				late = max(late, effect.late)
			}
			outage = outage || (fault.hangs() || fault.Type == "") && fault.Toxicity == 1
		}
		answers := append(r.Of(phase.Name), r.health(phase.Name)...)
		moved := float64(count(answers, func(a Answer) bool { return !a.Served() || a.Latency > slowest+late }))
		switch all := float64(len(answers)); {
		case e.API != "" && moved < chance/4*all:
			alike = append(alike, fmt.Sprintf("%q", phase.Name))
			sure = sure && chance >= 0.75 && moved <= few*all
		case e.API != "":
			moves = true
		case outage && moved == 0 && len(span.Unused) == 0:
			r.Notes = append(r.Notes, fmt.Sprintf("the answers in %q look the same as without a fault; perhaps no request needs what the proxies lead to", phase.Name))
		}
	}
	return r.unless(moves || !sure, alike, "the answers in %s look the same as without a fault; check that your service connects to the proxy, "+
		"because the experiment cannot count connections through your own Toxiproxy")
}

// faint says that a fault had no effect on any connection, or that it may have spared all of them and no answer shows it.
func (r *Run) faint(e Experiment) string {
	if e.API != "" {
		return "" // Nobody counts connections there.
	}
	for _, phase := range e.Method {
		for _, proxy := range e.Proxies {
			if weak := r.weak(e, phase, proxy.Name); weak != "" {
				return weak
			}
		}
	}
	return ""
}

// weak says that a fault did nothing to any connection through a proxy in a phase, because too few bytes passed, or that it may have
// done nothing, because it is for a share of the connections, and there were few. The latter matters unless the answers show the only
// fault of the phase: not by a little, and over a connection that lasted as long, for the probes of a rare fault are many, and slow a
// busy computer down.
func (r *Run) weak(e Experiment, phase Phase, proxy string) string {
	const likely, little = 0.05, 100 // Milliseconds.
	span, _ := r.phase(phase.Name)
	calm := r.Of(e.Method[0].Name)
	slowest, healthy := stats.Percentile(Latencies(calm), 100), Success(calm) == 1
	shown := len(phase.Faults) == 1 && slices.ContainsFunc(append(r.Of(phase.Name), r.health(phase.Name)...), func(a Answer) bool {
		return healthy && !a.Served() || a.Latency > slowest+little && slices.ContainsFunc(r.Dials, func(d Dial) bool {
			return d.Proxy == proxy && d.At <= a.end() && (d.End == 0 || d.End >= a.At && d.End-d.At > little)
		})
	})
	for _, fault := range phase.Faults {
		dials, dropped, most := 0, false, int64(0)
		for _, dial := range r.Dials {
			if dial.Proxy != proxy || dial.At > span.To || dial.End > 0 && dial.End < span.From {
				continue
			}
			bytes := dial.Received
			if fault.Stream == "upstream" {
				bytes = dial.Sent
			}
			dials, dropped, most = dials+1, dropped || dial.Dropped, max(most, bytes)
		}
		switch {
		case dials == 0 || !fault.hits(proxy):
		case fault.Type == "slow_close" && !dropped:
			return fmt.Sprintf("in %q, %s had no effect, because the service itself closes its connections through the proxy %s; use another fault, such as {type: latency, latency: 300ms}", phase.Name, fault, proxy)
		case !fault.bites(float64(most)):
			return fmt.Sprintf("in %q, %s had no effect: no connection through the proxy %s carried more than %d bytes; choose numbers for so few, or use another fault", phase.Name, fault, proxy, most)
		case shown:
		case math.Pow(1-fault.Toxicity, float64(dials)) > likely:
			return fmt.Sprintf("in %q, %s may have spared all connections (%d) through the proxy %s; use toxicity: 1, or let the service open more connections",
				phase.Name, fault, dials, proxy)
		}
	}
	return ""
}

// cutShort says that a fault of a share of the connections did something else, because the dependency closes them: far fewer hung than
// should, or those that toxicity spares were reset. Where a fault lets all connections hang, the meter keeps them open.
func (r *Run) cutShort(e Experiment) string {
	for _, phase := range e.Method {
		span, _ := r.phase(phase.Name)
		for _, fault := range phase.Faults {
			resets := fault.Type == "reset_peer"
			if !fault.hangs() && !resets || fault.Toxicity == 1 {
				continue
			}
			for _, proxy := range e.Proxies {
				all, closed := 0, 0
				for _, dial := range r.Dials {
					if dial.Proxy == proxy.Name && span.holds(dial.At) {
						all++
						if dial.Dropped {
							closed++
						}
					}
				}
				const many = 0.1 // Of the connections; fewer are closed for other reasons.
				switch {
				case !fault.hits(proxy.Name):
				case resets && float64(closed) > many*float64(all):
					return fmt.Sprintf("in %q, %s also reset connections that toxicity spares, because the dependency closes its connections (%d of %d through the proxy %s); "+
						"use fault: {type: timeout, timeout: 100ms, toxicity: %v}", phase.Name, fault, closed, all, proxy.Name, fault.Toxicity)
				case !resets && atMost(all-closed, all, 0.9*fault.Toxicity) < 0.001:
					return fmt.Sprintf("in %q, %s did not test a timeout, because the dependency closed %d of %d connections through the proxy %s; "+
						"use fault: {type: latency, latency: 30s, toxicity: %v}", phase.Name, fault, closed, all, proxy.Name, fault.Toxicity)
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
