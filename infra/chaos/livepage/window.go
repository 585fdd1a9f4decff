package livepage

import (
	"time"

	"chaosworkshop/infra/chaos/load"
)

// span is how far back the numbers of a lane look.
const span = 5 * time.Second

// answers are the results of the last span.
type answers struct {
	recent []arrival
}

// arrival is a result and when it came in.
type arrival struct {
	at     time.Time
	result load.Result
}

// add takes in a result that came at now.
func (a *answers) add(now time.Time, result load.Result) {
	a.recent = append(a.recent, arrival{now, result})
}

// summary is what came within the span before now.
func (a *answers) summary(now time.Time) *load.Summary {
	old := 0
	for old < len(a.recent) && now.Sub(a.recent[old].at) > span {
		old++
	}
	a.recent = append(a.recent[:0], a.recent[old:]...)
	summary := load.NewSummary()
	for _, arrival := range a.recent {
		summary.Add(arrival.result)
	}
	return summary
}

// clear forgets everything.
func (a *answers) clear() { a.recent = nil }

// growth remembers two counters, to say how much they grew within the span.
type growth struct {
	samples []sample
}

// sample is what the counters stood at.
type sample struct {
	at          time.Time
	dials, sent int
}

// add takes in what the counters stand at. Counters that fell, because the app was started anew, start over.
func (g *growth) add(now time.Time, dials, sent int) {
	if n := len(g.samples); n > 0 && dials < g.samples[n-1].dials {
		g.samples = nil
	}
	g.samples = append(g.samples, sample{now, dials, sent})
	for len(g.samples) > 2 && now.Sub(g.samples[0].at) > span {
		g.samples = g.samples[1:]
	}
}

// ratio is the number of dials for each request sent; -1 while that is not known.
func (g *growth) ratio() float64 {
	if len(g.samples) < 2 {
		return -1
	}
	first, last := g.samples[0], g.samples[len(g.samples)-1]
	if last.sent == first.sent {
		return -1
	}
	return float64(last.dials-first.dials) / float64(last.sent-first.sent)
}

// clear forgets everything.
func (g *growth) clear() { g.samples = nil }
