package livepage

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"chaosworkshop/infra/lab/toxi"
)

// errNotYet says that an action came before the start of the race.
var errNotYet = errors.New("the race has not started yet; wait for the lanes")

// Inject replaces the current fault with one of the catalogue, until its TTL is over.
func (r *Race) Inject(ctx context.Context, name string) error {
	fault, err := toxi.Lookup(name)
	if err != nil {
		return err
	}
	var injection *toxi.Injection
	return r.act(func(proxy *toxi.Server) (err error) {
		injection, err = proxy.InjectOwn(ctx, toxi.ProxyName, fault)
		return err
	}, func() {
		r.own, r.expires = injection, time.Now().Add(r.options.TTL)
		r.begin(name)
	})
}

// Calm removes every fault.
func (r *Race) Calm(ctx context.Context) error {
	return r.act(func(proxy *toxi.Server) error { return proxy.Calm(ctx, toxi.ProxyName) }, func() {
		r.own = nil
		r.end()
	})
}

// begin notes a new fault, in place of the current one. The caller holds the mutex.
func (r *Race) begin(name string) {
	r.now.Fault, r.now.After = &FaultFrame{Name: name, Since: r.clock.Now()}, nil
	for _, lane := range r.lanes {
		lane.faultBegins(time.Now())
	}
}

// end notes that there is no fault any more. The caller holds the mutex.
func (r *Race) end() {
	fault := r.now.Fault
	if fault == nil {
		return
	}
	r.now.Fault, r.now.After = nil, &AfterFrame{fault.Name, fault.Since, r.clock.Now()}
	for _, lane := range r.lanes {
		lane.faultEnds(time.Now())
	}
}

// act runs one action on the proxy at a time, and shows at once what changed.
func (r *Race) act(do func(*toxi.Server) error, changed func()) error {
	r.acting.Lock()
	defer r.acting.Unlock()
	r.mutex.Lock()
	proxy := r.toxi
	r.mutex.Unlock()
	if proxy == nil {
		return errNotYet
	}
	defer r.frameNow()
	if err := do(proxy); err != nil {
		return err
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	changed()
	return nil
}

// SetRate changes the load on each lane, in requests a second.
func (r *Race) SetRate(_ context.Context, rate int) error {
	if rates := NewHello().Rates; !slices.Contains(rates, rate) {
		return fmt.Errorf("a rate of %d is not offered; choose one of %v", rate, rates)
	}
	r.choose(func() { r.now.Rate = rate })
	return nil
}

// Pause stops the load and the race's clock, or resumes them.
func (r *Race) Pause(_ context.Context, paused bool) error {
	r.clock.Pause(paused)
	r.choose(func() { r.now.Paused = paused })
	return nil
}

// Pool restarts every app, with a pool of connections or with a new connection for each query.
func (r *Race) Pool(_ context.Context, pooled bool) error {
	r.choose(func() { r.now.Pooled = pooled })
	for _, lane := range r.lanes {
		lane.startAnew()
	}
	r.frameNow()
	return nil
}

// Reset removes the fault, restarts every app and clears the timeline.
func (r *Race) Reset(ctx context.Context) error {
	if err := r.Calm(ctx); err != nil {
		return err
	}
	for _, lane := range r.lanes {
		lane.startAnew()
	}
	r.choose(func() { r.now.Since, r.now.After = r.clock.Now(), nil })
	return r.Pause(ctx, false)
}

// choose changes a setting, adjusts the load once the lanes have started, and shows the change.
func (r *Race) choose(change func()) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	change()
	if r.now.Paused || !r.started {
		r.throttle.Set(0)
	} else {
		r.throttle.Set(r.now.Rate)
	}
	r.frameNow()
}

// clock is the time of a race: it stops while the race is paused.
type clock struct {
	mutex  sync.Mutex
	base   time.Duration // The time when the clock last started or stopped.
	since  time.Time
	paused bool
}

// newClock returns a running clock at zero.
func newClock() *clock { return &clock{since: time.Now()} }

// Now is the race's time in milliseconds.
func (c *clock) Now() int64 {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.now().Milliseconds()
}

// Pause stops the clock, or resumes it.
func (c *clock) Pause(paused bool) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.base, c.since, c.paused = c.now(), time.Now(), paused
}

func (c *clock) now() time.Duration {
	if c.paused {
		return c.base
	}
	return c.base + time.Since(c.since)
}
