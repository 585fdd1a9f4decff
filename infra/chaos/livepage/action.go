package livepage

import (
	"context"
	"errors"
	"fmt"
	"time"

	"chaosworkshop/infra/lab/toxi"
)

// errNotYet says that an action came too early.
var errNotYet = errors.New("the race has not started yet; wait for the lanes")

// Inject puts a fault of the catalogue in place of every other, until its TTL is over.
func (r *Race) Inject(ctx context.Context, name string) error {
	fault, err := toxi.Lookup(name)
	if err != nil {
		return err
	}
	return r.act(ctx, func(proxy *toxi.Server) error {
		r.forget()
		if err := proxy.Inject(ctx, toxi.ProxyName, fault); err != nil {
			return err
		}
		r.mutex.Lock()
		defer r.mutex.Unlock()
		r.fault = &FaultFrame{Name: name, Since: r.clock.Now()}
		expires := time.Now().Add(r.options.TTL)
		r.expires = expires
		r.expiry = time.AfterFunc(r.options.TTL, func() { r.expire(expires) })
		return nil
	})
}

// Calm removes every fault.
func (r *Race) Calm(ctx context.Context) error {
	return r.act(ctx, func(proxy *toxi.Server) error {
		if err := proxy.Calm(ctx, toxi.ProxyName); err != nil {
			return err
		}
		r.forget()
		r.mutex.Lock()
		defer r.mutex.Unlock()
		r.fault = nil
		return nil
	})
}

// expire takes a fault back whose time is over, unless another one came meanwhile.
func (r *Race) expire(expires time.Time) {
	r.mutex.Lock()
	current := r.expires.Equal(expires)
	r.mutex.Unlock()
	if !current {
		return
	}
	if err := r.Calm(context.Background()); err != nil {
		r.say(fmt.Errorf("take the fault back: %w", err))
	}
}

// SetRate changes the load on each lane, in requests a second.
func (r *Race) SetRate(_ context.Context, rate int) error {
	if !allowed(rate) {
		return fmt.Errorf("a rate of %d is not one of %v", rate, NewHello().Rates)
	}
	r.mutex.Lock()
	r.rate = rate
	r.mutex.Unlock()
	r.throttleNow()
	r.frameNow()
	return nil
}

// Pause stops the load and the race's clock, or lets them go on.
func (r *Race) Pause(_ context.Context, paused bool) error {
	r.mutex.Lock()
	r.paused = paused
	r.mutex.Unlock()
	r.clock.Pause(paused)
	r.throttleNow()
	r.frameNow()
	return nil
}

// Pool starts every app anew, with a pool of connections or with a fresh one for each query.
func (r *Race) Pool(_ context.Context, pooled bool) error {
	r.mutex.Lock()
	r.pooled = pooled
	r.mutex.Unlock()
	r.restart()
	return nil
}

// Reset calms, starts every app anew and clears the timeline.
func (r *Race) Reset(ctx context.Context) error {
	if err := r.Calm(ctx); err != nil {
		return err
	}
	r.restart()
	r.mutex.Lock()
	r.since = r.clock.Now()
	r.mutex.Unlock()
	return r.Pause(ctx, false)
}

// restart starts every app anew.
func (r *Race) restart() {
	for _, lane := range r.lanes {
		lane.startAnew()
		lane.clear()
	}
	r.frameNow()
}

// act does something to the proxy, one action after the other, and shows it at once.
func (r *Race) act(ctx context.Context, do func(*toxi.Server) error) error {
	r.acting.Lock()
	defer r.acting.Unlock()
	r.mutex.Lock()
	proxy := r.toxi
	r.mutex.Unlock()
	if proxy == nil {
		return errNotYet
	}
	defer r.frameNow()
	return do(proxy)
}
