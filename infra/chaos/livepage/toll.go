package livepage

import (
	"math"
	"time"

	"chaosworkshop/infra/chaos/load"
)

// Toll is what a fault did to a lane: to the requests sent while it was on, and to the database meanwhile.
type Toll struct {
	// Answered is the number of requests that ended, Served of those with a 200, Rejected of those with a 503.
	Answered int `json:"answered"`
	Served   int `json:"served"`
	Rejected int `json:"rejected"`
	// Worst is the longest that a user waited, in milliseconds.
	Worst float64 `json:"worst"`
	// Wasted is the number of connections opened to the database that served nobody.
	Wasted int `json:"wasted"`
	// Recovered is the time from the end of the fault to the first 200 for a request sent after it, in milliseconds;
	// negative until then.
	Recovered int64 `json:"recovered"`

	from, to time.Time // to is zero while the fault is on.
	ended    int64     // The race's time at the end.
	dials    float64
}

// newToll returns the toll of a fault that begins now.
func newToll(now time.Time) *Toll { return &Toll{Recovered: -1, from: now} }

// end says that the fault ends now; t is the race's time.
func (o *Toll) end(now time.Time, t int64) { o.to, o.ended = now, t }

// add counts a result that came at the race's time t.
func (o *Toll) add(result load.Result, t int64) {
	outcome := result.Outcome()
	switch {
	case result.At.Before(o.from):
	case o.to.IsZero() || result.At.Before(o.to):
		o.Answered++
		o.Worst = max(o.Worst, milliseconds(result.Latency))
		switch outcome {
		case load.OK:
			o.Served++
		case load.Rejected:
			o.Rejected++
		}
	case o.Recovered < 0 && outcome == load.OK:
		o.Recovered = t - o.ended
	}
}

// dialled counts the share of the dials between two samples that falls into the time of the fault.
func (o *Toll) dialled(from, to sample) {
	start, end := from.at, to.at
	if o.from.After(start) {
		start = o.from
	}
	if !o.to.IsZero() && o.to.Before(end) {
		end = o.to
	}
	if all := to.at.Sub(from.at); all > 0 && end.After(start) {
		o.dials += float64(to.dials-from.dials) * float64(end.Sub(start)) / float64(all)
	}
}

// frame is the toll of a fault that has ended; nil while it is on.
func (o *Toll) frame() *Toll {
	if o == nil || o.to.IsZero() {
		return nil
	}
	frame := *o
	frame.Wasted = max(0, int(math.Round(o.dials))-o.Served)
	return &frame
}
