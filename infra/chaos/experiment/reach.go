package experiment

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"chaosworkshop/infra/internal/stats"
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
			hard := func(f Fault) bool { return hits(f) && !f.spares() }
			fresh := slices.ContainsFunc(r.Dials, opened) || slices.ContainsFunc(phase.Faults, hard)
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

// unmoved notes the phases in which no connection met a fault that spares users, and where nobody can count the connections, those in
// which the answers show no fault.
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
		lonely := slices.ContainsFunc(phase.Faults, func(f Fault) bool { return refusals[f.Type].spares })
		if span, ran := r.phase(phase.Name); ran && lonely && span.row == 0 {
			r.Notes = append(r.Notes, fmt.Sprintf("in %q, no connection met the fault, which spares those opened while a user waits; "+
				"send fewer requests a second, or let the service check its dependency", phase.Name))
		}
		answers := r.Of(phase.Name)
		moved := count(answers, func(a Answer) bool { return !a.Served() || a.Latency > slowest+late })
		if e.API != "" && float64(moved) < chance/4*float64(len(answers)) {
			r.Notes = append(r.Notes, fmt.Sprintf("the answers in %q look the same as without a fault; check that your service connects to the proxy, "+
				"because the experiment cannot count connections through your own Toxiproxy", phase.Name))
		}
	}
}

// cutShort says that a fault let far fewer connections hang than it should, because the dependency closed them first. Where the
// fault affects all connections, the meter keeps those open.
func (r *Run) cutShort(e Experiment) string {
	for _, phase := range e.Method {
		span, _ := r.phase(phase.Name)
		for _, fault := range phase.Faults {
			if !fault.hangs() || fault.Toxicity == 1 {
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
				if fault.hits(proxy.Name) && atMost(all-closed, all, 0.9*fault.Toxicity) < 0.001 {
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
