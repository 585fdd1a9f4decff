package bench

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"chaosworkshop/infra/chaos/load"
	"chaosworkshop/infra/lab/toxi"
)

const (
	// dialsPerAttempt is how often database/sql opens a connection for one query when each fails in its handshake.
	dialsPerAttempt = 3
	// openPatience is how long a breaker under an outage may take to open, and then to let a probe through.
	openPatience = 30 * time.Second
	// askPace is how often a lonely client asks whether the app is back.
	askPace = 20 * time.Millisecond
)

// outage is what an open breaker does: how fast it refuses, what the database still gets to see, and how soon it closes
// when the fault goes.
func outage(ctx context.Context, s *session) ([]Row, error) {
	var rows []Row
	for _, stage := range pick(s, []int{4, 5}, []int{4}) {
		more, err := s.outageOf(ctx, stage)
		if err != nil {
			return nil, err
		}
		rows = append(rows, more...)
	}
	return rows, nil
}

// outageOf is the outage of one exercise.
func (s *session) outageOf(ctx context.Context, stage int) ([]Row, error) {
	l, err := s.lane(ctx, stage)
	if err != nil {
		return nil, err
	}
	defer l.close()
	if err := l.inject(ctx, "outage"); err != nil {
		return nil, err
	}
	s.say("exercise %d: outage, %d clients until the breaker opens", stage, clients)
	began := time.Now()
	closedLoop(ctx, clients, l.app.URL, s.pairs, func() bool {
		return l.log.turns("open") == 0 && time.Since(began) < openPatience
	})
	if l.log.turns("open") == 0 {
		return nil, fmt.Errorf("the breaker of exercise %d did not open within %s of an outage", stage, openPatience)
	}
	rows, err := s.refusals(ctx, l, stage)
	if err != nil {
		return nil, err
	}
	back, err := s.recovery(ctx, l, stage)
	return append(rows, back), err
}

// refusals loads an app whose breaker is open, and meters the database meanwhile.
func (s *session) refusals(ctx context.Context, l *lane, stage int) ([]Row, error) {
	const rate = 500
	lasts := pick(s, 12*time.Second, 3*time.Second)
	s.say("exercise %d: %d requests a second for %s", stage, rate, lasts)
	before, err := l.app.Metrics(ctx)
	if err != nil {
		return nil, err
	}
	dials, probes := l.meter.Dials(), l.log.turns("half-open")
	// A malformed request passes no policy and no database: how long its 400 takes is the machine's share.
	var bare []answer
	loaded := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		bare = closedLoop(ctx, 1, l.app.URL, []load.Pair{{}}, func() bool {
			select {
			case <-loaded:
				return false
			case <-time.After(askPace):
				return true
			}
		})
	})
	var refusals []time.Duration
	refusedWithout := 0
	err = load.Run(ctx, load.Options{URL: l.app.URL, Rate: rate, Duration: lasts, Pairs: s.pairs, Seed: 1}, func(result load.Result) {
		if result.Outcome() == load.Rejected {
			refusals = append(refusals, result.Latency)
			if result.RetryAfter == 0 {
				refusedWithout++
			}
		}
	})
	close(loaded)
	group.Wait()
	if err != nil {
		return nil, err
	}
	after, err := l.app.Metrics(ctx)
	if err != nil {
		return nil, err
	}
	dials, probes = l.meter.Dials()-dials, l.log.turns("half-open")-probes
	attempts := after.Attempts - before.Attempts
	// Each attempt that belongs to no probe, and each dial that belongs to no attempt, is one too many.
	extra := max(0, attempts-probes*s.settings.RetryAttempts) + max(0, dials-attempts*dialsPerAttempt)
	const command = "make bench ONLY=outage"
	refused := fmt.Sprintf("of refusals of exercise %d, open, at %d requests a second", stage, rate)
	idle := latencies(bare)
	return []Row{{
		Name: "p99 " + refused, Value: quantile(refusals, 0.99), Unit: "ms", Command: command, Target: atMost(10),
		Note: fmt.Sprintf("%d refusals, %d without Retry-After; a 400 of the same app meanwhile: p99 %s ms",
			len(refusals), refusedWithout, number(quantile(idle, 0.99))),
	}, {
		Name: "median " + refused, Value: quantile(refusals, 0.5), Unit: "ms", Command: command, Wide: atMost(10),
		Note: fmt.Sprintf("a 400 of the same app meanwhile: %s ms", number(quantile(idle, 0.5))),
	}, {
		Name:  fmt.Sprintf("dials of exercise %d to the database while open that are no probe's", stage),
		Value: float64(extra), Command: command, Target: atMost(0), Wide: atMost(0),
		Note: fmt.Sprintf("behind the proxy: %d dials for %d requests, by %d probes of %d attempts in all", dials, rate*int(lasts.Seconds()), probes, attempts),
	}}, nil
}

// recovery is the time from the end of the fault to the first success, in a long run in the worst case: the fault goes
// just when a probe has failed and the next break begins.
func (s *session) recovery(ctx context.Context, l *lane, stage int) (Row, error) {
	opened := l.log.turns("open")
	client := newClient()
	defer client.CloseIdleConnections()
	until := func(done func(answer) bool) error {
		for began := time.Now(); time.Since(began) < openPatience; time.Sleep(askPace) {
			if done(ask(ctx, client, l.app.URL, s.pairs[0])) {
				return nil
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
		}
		return errors.New("the breaker neither probed nor closed")
	}
	if !s.short {
		s.say("exercise %d: the fault goes when the next probe has failed", stage)
		if err := until(func(answer) bool { return l.log.turns("open") > opened }); err != nil {
			return Row{}, err
		}
	}
	start := time.Now()
	if err := l.toxi.Calm(ctx, toxi.ProxyName); err != nil {
		return Row{}, err
	}
	if err := until(func(a answer) bool { return a.status == 200 }); err != nil {
		return Row{}, err
	}
	return Row{
		Name:  fmt.Sprintf("success of exercise %d is back after the fault", stage),
		Value: milliseconds(time.Since(start)), Unit: "ms", Command: "make bench ONLY=outage",
		Target: atMost(milliseconds(s.settings.BreakerDelay + time.Second)),
		Wide:   atMost(milliseconds(s.settings.BreakerDelay + 3*time.Second)),
		Note:   fmt.Sprintf("the break is %s; asked every %s", s.settings.BreakerDelay, askPace),
	}, nil
}
