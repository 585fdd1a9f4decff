package load

import (
	"context"
	"sync"
	"time"
)

// Throttle is a rate that can be changed while a load runs. One throttle may pace several loads.
type Throttle struct {
	mutex   sync.Mutex
	rate    int
	changed chan struct{} // Closed at each change.
}

// NewThrottle returns a throttle at rate requests a second.
func NewThrottle(rate int) *Throttle {
	throttle := &Throttle{changed: make(chan struct{})}
	throttle.Set(rate)
	return throttle
}

// Set changes the rate, in requests a second: 0 pauses; more than MaxRate is MaxRate.
func (t *Throttle) Set(rate int) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.rate = min(max(rate, 0), MaxRate)
	close(t.changed)
	t.changed = make(chan struct{})
}

// Rate is the rate now, in requests a second; 0 is a pause.
func (t *Throttle) Rate() int {
	rate, _ := t.now()
	return rate
}

// now is the rate, and a channel that is closed when it changes.
func (t *Throttle) now() (int, <-chan struct{}) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return t.rate, t.changed
}

// pacer lets one request after the other go when it is due. It does the waiting itself, so that a change of rate and
// the end of ctx are seen at once.
type pacer struct {
	ctx      context.Context
	throttle *Throttle
	duration time.Duration // 0: until ctx ends.

	began time.Time
	due   time.Time
}

// behind is how far the pacer may lag and still catch up; what a suspended laptop missed is not sent in one burst.
const behind = time.Second

// Pace returns when the next request is due, and whether there is none.
func (p *pacer) Pace(time.Duration, uint64) (time.Duration, bool) {
	if p.began.IsZero() {
		p.began = time.Now()
		p.due = p.began
	}
	for p.ctx.Err() == nil {
		now := time.Now()
		if now.Sub(p.due) > behind {
			p.due = now
		}
		if p.over(now) {
			return 0, true
		}
		rate, changed := p.throttle.now()
		wait := p.due.Sub(now)
		if rate > 0 && wait <= 0 {
			p.due = p.due.Add(time.Second / time.Duration(rate))
			return 0, false
		}
		p.wait(rate, wait, changed)
	}
	return 0, true
}

// over tells whether all was sent that was due within the duration, or whether it is too late to catch up.
func (p *pacer) over(now time.Time) bool {
	return p.duration > 0 && (p.due.Sub(p.began) >= p.duration || now.Sub(p.began) >= p.duration+behind)
}

// wait returns when the next request is due, when the rate changed, or when the load is over.
func (p *pacer) wait(rate int, wait time.Duration, changed <-chan struct{}) {
	if rate == 0 {
		wait = time.Second // Paused: look up now and then whether the duration is over.
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-changed:
		p.due = time.Now()
	case <-p.ctx.Done():
	}
}

// Rate is the rate now, in requests a second.
func (p *pacer) Rate(time.Duration) float64 { return float64(p.throttle.Rate()) }
