package livepage

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"chaosworkshop/infra/chaos/load"
	"chaosworkshop/infra/chaos/trace"
	"chaosworkshop/infra/lab/app"
)

// laneState is what the app of a lane is doing.
type laneState string

// The states of a lane.
const (
	laneWaiting  laneState = "waiting"
	laneBuilding laneState = "building"
	laneStarting laneState = "starting"
	laneUp       laneState = "up"
	laneDown     laneState = "down"
)

// How often a lane looks at its app, and how long an app that died stays down before the lane restarts it.
const (
	metricsEvery = 500 * time.Millisecond
	healthEvery  = time.Second
	downFor      = 3 * time.Second
)

// span is the time that the numbers of a lane cover, and justNow the time of those in a strip.
const (
	span    = 5 * time.Second
	justNow = time.Second
)

// inTime is how long a user waits gladly.
const inTime = time.Second

// lane is one exercise in the race: its process, and what it answers.
type lane struct {
	name   LaneName
	clock  *clock
	client *http.Client
	sent   atomic.Int64

	mutex    sync.Mutex
	now      LaneFrame          // Its numbers are computed for each frame.
	restart  context.CancelFunc // Stops the running app, to restart it; nil while none runs.
	pid      int                // Of the running app.
	answered int64
	recent   []load.Result // Those of the last span.
	samples  []sample
	probe    time.Time // When an open breaker lets a probe through.
	toll     *Toll     // Of the current or the last fault; nil before the first.
	traces   traces
	limits   trace.Limits // Of the exercise.
}

// sample holds the values of two counters.
type sample struct {
	at          time.Time
	dials, sent int
}

// newLane returns a lane in which nothing runs yet.
func newLane(name LaneName, clock *clock) *lane {
	return &lane{
		name: name, clock: clock, now: LaneFrame{State: laneWaiting},
		client: &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}},
	}
}

// run keeps the binary running until ctx ends: env is asked for the environment at each start. address is called once,
// with the app's URL, which stays the same.
func (l *lane) run(ctx context.Context, binary string, env func() map[string]string, address func(string)) {
	port := ""
	for ctx.Err() == nil {
		l.set(laneStarting, "")
		values := maps.Clone(env())
		values["PORT"], values["OTEL_SERVICE_NAME"] = cmp.Or(port, "0"), l.name.app()
		app, err := app.Start(ctx, app.Options{Binary: binary, Env: values})
		if err == nil {
			if parsed, err := url.Parse(app.URL); err == nil && port == "" {
				port = parsed.Port()
				address(app.URL)
			}
			err = l.accompany(ctx, app)
		}
		if err != nil {
			l.set(laneDown, firstLine(err.Error()))
			select {
			case <-ctx.Done():
			case <-time.After(downFor):
			}
		}
	}
}

// accompany watches the app until it dies, which it returns as an error, or until ctx or a restart ends it.
func (l *lane) accompany(ctx context.Context, app *app.Process) error {
	running, end := context.WithCancel(ctx)
	defer end()
	l.mutex.Lock()
	l.now.State, l.now.Reason, l.restart, l.pid = laneUp, "", end, app.PID()
	l.mutex.Unlock()
	var looking sync.WaitGroup
	defer looking.Wait()
	looking.Go(func() { load.Every(running, metricsEvery, func() { l.readMetrics(running, app) }) })
	if l.name.Health {
		looking.Go(func() { load.Every(running, healthEvery, func() { l.readHealth(running, app.URL) }) })
	}
	select {
	case <-app.Done():
		end()
		return cmp.Or(app.Err(), errors.New("the app ended"))
	case <-running.Done():
		// At once: nobody waits for the answers of a race that is over, and a restart begins from nothing.
		app.Kill()
		return nil
	}
}

// set changes the state, and drops everything about an app that is gone.
func (l *lane) set(state laneState, reason string) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.now = LaneFrame{State: state, Reason: reason, Points: l.now.Points}
	l.restart, l.probe, l.samples = nil, time.Time{}, nil
}

// startAnew stops the running app, so that a new one starts, and forgets all earlier answers.
func (l *lane) startAnew() {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.restart != nil {
		l.now.State = laneStarting
		l.restart()
	}
	l.recent, l.samples, l.now.Points, l.traces = nil, nil, nil, traces{}
}

// add takes in a result.
func (l *lane) add(result load.Result) {
	now := time.Now()
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.answered++
	if l.now.State == laneStarting {
		return // The app is being restarted on purpose: its silence is not a result.
	}
	l.recent = append(l.recent, result)
	if l.toll != nil {
		l.toll.add(result, l.clock.Now())
	}
	l.now.Points = append(l.now.Points, float64(l.clock.Now()), milliseconds(result.Latency),
		float64(slices.Index(load.Outcomes(), result.Outcome())))
	if result.Outcome() == load.Rejected && result.RetryAfter > 0 {
		// Retry-After is in whole seconds, rounded up: the earliest time that any answer allows is the best estimate.
		probe := now.Add(time.Duration(result.RetryAfter) * time.Second)
		if now.After(l.probe) || probe.Before(l.probe) {
			l.probe = probe
		}
	}
}

// readMetrics asks the app for its counts.
func (l *lane) readMetrics(ctx context.Context, app *app.Process) {
	sent := int(l.sent.Load())
	metrics, err := app.Metrics(ctx)
	if err != nil {
		return // The answers show it, or the end of the app.
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.sample(sample{time.Now(), metrics.Dials, sent})
	l.now.Breaker, l.now.Failures, l.now.Threshold = metrics.Breaker, metrics.Failures, metrics.Threshold
}

// sample records the counters. If they fell, because the app was restarted, it starts over.
func (l *lane) sample(now sample) {
	if n := len(l.samples); n > 0 && now.dials < l.samples[n-1].dials {
		l.samples = nil
	}
	if n := len(l.samples); n > 0 && l.toll != nil {
		l.toll.dialled(l.samples[n-1], now)
	}
	l.samples = append(l.samples, now)
	for len(l.samples) > 2 && now.at.Sub(l.samples[0].at) > span {
		l.samples = l.samples[1:]
	}
}

// dials is the number of dials per request sent within the last span; -1 while it is unknown.
func (l *lane) dials() float64 {
	if len(l.samples) < 2 {
		return -1
	}
	first, last := l.samples[0], l.samples[len(l.samples)-1]
	if last.sent == first.sent {
		return -1
	}
	// Two decimals are enough to see the probes of an open breaker.
	return math.Round(float64(last.dials-first.dials)/float64(last.sent-first.sent)*100) / 100
}

// dialRate is the number of dials per second just now; -1 while it is unknown.
func (l *lane) dialRate() float64 {
	if len(l.samples) < 2 {
		return -1
	}
	last := l.samples[len(l.samples)-1]
	for i := len(l.samples) - 2; ; i-- {
		if took := last.at.Sub(l.samples[i].at); took >= justNow || i == 0 {
			return math.Round(float64(last.dials-l.samples[i].dials) / took.Seconds())
		}
	}
}

// faultBegins starts a new toll, faultEnds completes it.
func (l *lane) faultBegins(now time.Time) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.toll = newToll(now)
}

func (l *lane) faultEnds(now time.Time) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.toll != nil {
		l.toll.end(now, l.clock.Now())
	}
}

// readHealth asks the app how it is.
func (l *lane) readHealth(ctx context.Context, address string) {
	answer, code := app.HealthAt(ctx, address)
	health := HealthFrame(answer)
	switch {
	case code == 0:
		health.Status = "no answer"
	case answer.Checks == nil:
		health.Status = "not readable"
	}
	if ctx.Err() != nil {
		return
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.now.Health = &health
}

// frame is the lane now, with the points since the last frame.
func (l *lane) frame(now time.Time) LaneFrame {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.recent = slices.DeleteFunc(l.recent, func(r load.Result) bool { return now.Sub(r.At.Add(r.Latency)) > span })
	var tally load.Tally
	good := 0
	for _, result := range l.recent {
		tally.Add(result)
		if result.Outcome() == load.OK && result.Latency <= inTime {
			good++
		}
	}
	frame := l.now
	frame.Answered, frame.Success = tally.Count(), tally.Success()
	frame.InTime = float64(good) / float64(max(1, tally.Count()))
	frame.P50, frame.P99 = milliseconds(tally.Quantile(0.5)), milliseconds(tally.Quantile(0.99))
	frame.Dials, frame.DialRate = l.dials(), l.dialRate()
	frame.Toll = l.toll.frame()
	frame.Waiting = int(max(0, l.sent.Load()-l.answered))
	if frame.Points == nil {
		frame.Points = []float64{}
	}
	l.now.Points = nil
	frame.Traces = l.traces.take(now)
	if frame.Breaker == "open" {
		frame.Left = max(0, l.probe.Sub(now).Milliseconds())
	}
	return frame
}

// firstLine is the part of a text that a lane has room for.
func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// milliseconds is d in milliseconds, to a tenth.
func milliseconds(d time.Duration) float64 { return math.Round(float64(d.Microseconds())/100) / 10 }
