package main

import (
	"context"
	"errors"
	"math"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// rejection says that the breaker is open, and for how long.
type rejection struct{ wait time.Duration }

func (rejection) Error() string { return "the circuit breaker is open" }

// breaker is a circuit breaker: closed, or open until a time, after which it lets probes through.
type breaker struct {
	app   *app
	most  int
	delay time.Duration

	mutex     sync.Mutex
	open      bool
	opened    time.Time
	until     time.Time
	probes    int
	failures  int
	succeeded bool   // The first probe has; for the habit "two successes".
	recent    []bool // The last results, true for failures; for the habit "failure rate".
}

func (a *app) newBreaker() *breaker {
	return &breaker{app: a, most: number("BREAKER_FAILURES"), delay: duration("BREAKER_DELAY")}
}

// breakerOf is the breaker of a request: that of the app, or a breaker of its own for each client or question.
func (a *app) breakerOf(r *http.Request) *breaker {
	key := ""
	switch {
	case a.is("breaker per address"):
		key, _, _ = net.SplitHostPort(r.RemoteAddr)
	case a.is("breaker per client"):
		key = r.Header.Get("X-Forwarded-For")
	case a.is("breaker per pair"):
		key = r.URL.RawQuery
	default:
		return a.breaker
	}
	found, _ := a.breakers.LoadOrStore(key, a.newBreaker())
	return found.(*breaker)
}

// admit tells whether a request may ask the database, or how long it should wait.
func (b *breaker) admit() (time.Duration, bool) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if !b.open {
		return 0, true
	}
	wait := time.Until(b.until)
	switch {
	case b.app.is("timer") && wait <= 0: // It waits, and then behaves as if nothing had happened.
		b.open, b.failures = false, 0
		return 0, true
	case b.app.is("no probe"), wait > 0:
		return wait, false
	case b.app.is("own probe"):
		return time.Second, false
	case b.probes >= b.mostProbes():
		return time.Second, false
	}
	b.probes++
	return 0, true
}

// mostProbes is how many probes run at once.
func (b *breaker) mostProbes() int {
	switch {
	case b.app.is("all probes"):
		return math.MaxInt
	case b.app.is("two probes"):
		return 2
	}
	return 1
}

// report tells the breaker how a request ended. One that began before the breaker opened is no probe, and decides nothing any more.
func (b *breaker) report(began time.Time, err error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if b.open && began.Before(b.opened) {
		return
	}
	if b.app.is("users decide") && errors.Is(err, context.Canceled) {
		err = nil
	}
	if b.app.is("probe for ever") && errors.Is(err, context.Canceled) {
		return
	}
	if b.app.is("counts no refusals") && errors.Is(err, syscall.ECONNREFUSED) {
		err = nil
	}
	if late := errors.Is(err, context.DeadlineExceeded); err != nil && (b.app.is("counts timeouts") && !late || b.app.is("counts errors") && late) {
		err = nil
	}
	most, delay := b.most, b.delay
	switch {
	case b.app.is("five failures"):
		most = 5
	case b.app.is("thirty failures"):
		most = 30
	case b.app.is("timer"):
		delay *= 2
	}
	if b.open {
		b.probes = max(0, b.probes-1)
		if err == nil && b.app.is("two successes") && !b.succeeded {
			b.succeeded = true
			return
		}
		b.succeeded = false
		if err == nil {
			b.open, b.recent = false, nil
			if !b.app.is("never forgets") {
				b.failures = 0
			}
		} else if time.Now().After(b.until) {
			b.until = time.Now().Add(delay)
		}
		return
	}
	b.failures++
	if err == nil && (b.opened.IsZero() || !b.app.is("never forgets")) {
		b.failures = 0
	}
	trip := b.failures >= most
	if b.app.is("failure rate") {
		const window, least = 20, 10
		b.recent = append(b.recent, err != nil)
		b.recent = b.recent[max(0, len(b.recent)-window):]
		failed := 0
		for _, one := range b.recent {
			if one {
				failed++
			}
		}
		trip = len(b.recent) >= least && failed*10 >= len(b.recent)*9
	}
	if trip {
		b.open, b.opened, b.until = true, time.Now(), time.Now().Add(delay)
		if b.app.is("own probe") {
			go b.probe(delay)
		}
	}
}

// probe asks the database after each delay until it answers, so that no user has to; for the habit "own probe".
func (b *breaker) probe(delay time.Duration) {
	for {
		time.Sleep(delay)
		began := time.Now()
		ctx, cancel := context.WithTimeout(context.Background(), b.app.deadline)
		_, err := b.app.attempt(ctx, "LHR", "JFK")
		cancel()
		if b.report(began, err); err == nil {
			return
		}
	}
}

// isOpen tells whether the breaker rejects requests now.
func (b *breaker) isOpen() bool {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if b.app.is("health waits for users") {
		return b.open // As long as no user has closed it.
	}
	return b.open && time.Now().Before(b.until)
}

// waited tells whether the breaker is open, but would let a probe through.
func (b *breaker) waited() bool {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.open && !time.Now().Before(b.until)
}

// moment is when something last happened.
type moment struct{ at atomic.Int64 }

func (m *moment) now() { m.at.Store(time.Now().UnixNano()) }

func (m *moment) since(t time.Time) bool { return m.at.Load() >= t.UnixNano() }
