package livepage

import (
	"cmp"
	"slices"
	"time"

	"chaosworkshop/infra/chaos/load"
	"chaosworkshop/infra/chaos/trace"
	"chaosworkshop/shared/tracing"
)

// tracesEvery is how often a lane shows traces. Of each outcome meanwhile, it keeps two requests: the slowest and the fastest.
const tracesEvery = time.Second

// routesPath is the path of the requests that a trace is shown of.
const routesPath = "/api/flights/routes"

// traces are the requests that a lane keeps until it shows them, by outcome.
type traces struct {
	shown            time.Time
	slowest, fastest map[int]Trace
}

// add takes in a request that ended at the race's time t.
func (o *traces) add(t int64, request trace.Request, limits trace.Limits) {
	if o.slowest == nil {
		o.slowest, o.fastest = map[int]Trace{}, map[int]Trace{}
	}
	outcome, took := slices.Index(load.Outcomes(), request.Outcome()), milliseconds(request.Took())
	slow, some := o.slowest[outcome]
	fast := o.fastest[outcome]
	if some && took <= slow.Took && took >= fast.Took {
		return
	}
	kept := Trace{T: t, Took: took, Outcome: outcome, Lines: request.Lines(limits), Says: request.Sentence(limits)}
	switch {
	case !some:
		o.slowest[outcome], o.fastest[outcome] = kept, kept
	case took > slow.Took:
		o.slowest[outcome] = kept
	default:
		o.fastest[outcome] = kept
	}
}

// take returns the requests to show, oldest first, if it is time.
func (o *traces) take(now time.Time) []Trace {
	if len(o.slowest) == 0 || now.Sub(o.shown) < tracesEvery {
		return nil
	}
	var all []Trace
	for outcome, slow := range o.slowest {
		all = append(all, slow)
		if fast := o.fastest[outcome]; fast.Took < slow.Took {
			all = append(all, fast)
		}
	}
	*o = traces{shown: now}
	slices.SortFunc(all, func(a, b Trace) int { return cmp.Compare(a.T, b.T) })
	return all
}

// traced takes in a request of the lane's app.
func (l *lane) traced(request trace.Request) {
	if request.Span.Attributes.Text(tracing.Path) != routesPath {
		return
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.now.State == laneStarting {
		return // As for the results.
	}
	ago := time.Since(time.Unix(0, int64(request.Span.End)))
	l.traces.add(max(0, l.clock.Now()-ago.Milliseconds()), request, l.limits)
}

// Spans implements Control: it takes in what the apps say of their requests.
func (r *Race) Spans() *trace.Receiver {
	return &trace.Receiver{Done: func(request trace.Request) {
		for _, lane := range r.lanes {
			if lane.name.app() == request.App {
				lane.traced(request)
			}
		}
	}}
}
