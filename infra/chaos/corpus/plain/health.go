package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"syscall"
	"time"
)

// check is what a request for flights last met, found out at most twice a second.
type check struct {
	mutex   sync.Mutex
	running bool
	began   time.Time
	failed  bool // The last one failed, and no user has been served since it began.
	row     int  // How many have failed in a row.
}

// health says whether the app can serve.
func (a *app) health(w http.ResponseWriter, r *http.Request) {
	healthy := true
	switch {
	case a.is("health asks nobody"): // It only counts its own users' failures.
		healthy = !a.userFailed.since(time.Now().Add(-3 * time.Second))
	case a.is("health waits for users"):
		healthy = !a.breaker.isOpen()
	case a.is("health is one ping"):
		ctx, cancel := context.WithTimeout(r.Context(), 800*time.Millisecond)
		defer cancel()
		healthy = a.db.PingContext(ctx) == nil
	case a.is("health waits for the database"):
		_, err := a.find(r.Context(), a.breaker, "LHR", "JFK")
		healthy = err == nil
	case a.is("health trusts the breaker"):
		healthy = !a.breaker.isOpen()
	case a.is("health asks once"), a.is("health stops"):
		healthy = !a.check.isFailed()
	case a.is("health hears users too long"):
		a.ask(10 * time.Millisecond)
		healthy = a.served.since(time.Now().Add(-20*time.Second)) || !a.check.isFailed()
	case a.is("health hears users"):
		a.ask(10 * time.Millisecond)
		healthy = !a.breaker.isOpen() && (a.served.since(time.Now().Add(-time.Second)) || !a.check.isFailed())
	case a.is("health hears failures"):
		a.ask(10 * time.Millisecond)
		healthy = !a.check.isFailed() && !a.breaker.isOpen() && !a.userFailed.since(time.Now().Add(-3*time.Second))
	case a.is("health stays down"):
		a.ask(10 * time.Millisecond)
		if a.check.isFailed() || a.breaker.isOpen() {
			a.userFailed.now()
		}
		healthy = !a.userFailed.since(time.Now().Add(-15 * time.Second))
	case a.is("health on demand"):
		a.ask(700 * time.Millisecond)
		healthy = !a.check.isFailed() && !a.breaker.isOpen()
	case a.is("health trusts the wait"): // When the breaker's wait is over, it hopes for the best.
		a.ask(10 * time.Millisecond)
		healthy = !a.breaker.isOpen() && (!a.check.isFailed() || a.breaker.waited())
	case a.is("health flaps"):
		a.ask(10 * time.Millisecond)
		healthy = !a.check.isFailed() && !a.breaker.isOpen() || time.Now().Unix()/2%2 == 0
	default:
		a.ask(10 * time.Millisecond)
		healthy = !a.check.isFailed() && !a.breaker.isOpen()
	}
	if a.is("health is slow") {
		time.Sleep(1500 * time.Millisecond)
	}
	text := "Healthy"
	if !healthy {
		text = "Unhealthy"
	}
	if !healthy && !a.is("health is 200") {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	report := map[string]any{"status": text}
	if a.is("health says more") {
		report["version"], report["checks"] = 7, []map[string]any{{"name": "disk", "status": "Healthy"}, {"name": "database", "ok": healthy}}
	}
	_ = json.NewEncoder(w).Encode(report) // The caller may have hung up.
}

// connectsAndAsks is find as somebody might write it who only thinks of servers that cannot be reached: nothing bounds the query.
func (a *app) connectsAndAsks(ctx context.Context, _ *breaker, from, to string) (found []flight, err error) {
	for range a.attempts {
		bounded, cancel := context.WithTimeout(ctx, a.timeout)
		err = a.db.PingContext(bounded)
		if cancel(); err == nil {
			return a.query(ctx, from, to)
		}
		time.Sleep(a.longest)
	}
	return nil, err
}

// ask starts a check, unless one runs or ran a moment ago, and waits for it as long as that.
func (a *app) ask(patience time.Duration) {
	c := &a.check
	c.mutex.Lock()
	if !a.is("health per question") && (c.running || time.Since(c.began) < 500*time.Millisecond) {
		c.mutex.Unlock()
		return
	}
	began := time.Now()
	c.running, c.began = true, began
	c.mutex.Unlock()
	done := make(chan struct{})
	go func() {
		defer close(done)
		if a.is("health keeps connections") {
			ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
			_, _ = a.db.Conn(ctx) // It only wanted to see whether it gets one.
			cancel()
		}
		find := a.find
		if a.is("health bounds connecting") {
			find = a.connectsAndAsks
		}
		_, err := find(context.Background(), a.breaker, "LHR", "JFK")
		if a.is("health hammers") && err != nil { // Past the breaker, it finds out sooner.
			ctx, cancel := context.WithTimeout(context.Background(), a.deadline)
			_, err = a.retry(ctx, "LHR", "JFK")
			cancel()
		}
		weaker := a.is("health pings") || a.is("health asks airlines")
		for n := 0; weaker && err != nil && n < a.attempts; n++ { // A weaker question, but a patient one.
			ctx, cancel := context.WithTimeout(context.Background(), a.timeout)
			if a.is("health pings") {
				err = a.db.PingContext(ctx)
			} else {
				_, err = a.read(ctx, "SELECT iata, icao, name FROM airlines WHERE alid = 1")
			}
			cancel()
		}
		c.mutex.Lock()
		defer c.mutex.Unlock()
		c.running, c.row = false, c.row+1
		if err == nil || a.is("health ignores refusals") && errors.Is(err, syscall.ECONNREFUSED) {
			c.row = 0
		}
		switch {
		case a.is("health alarms at once"):
			c.failed = c.row > 0
		case a.is("health counts to three"):
			c.failed = c.row >= 3
		default:
			c.failed = c.row > 0 && !a.served.since(began)
		}
	}()
	select {
	case <-done:
	case <-time.After(patience):
	}
}

func (c *check) isFailed() bool {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.failed
}
