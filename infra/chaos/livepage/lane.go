package livepage

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"math"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"chaosworkshop/infra/chaos/load"
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

// The pace at which a lane looks at its app, and how long one that died stays down before it is started again.
const (
	metricsEvery = 500 * time.Millisecond
	healthEvery  = time.Second
	downFor      = 3 * time.Second
)

// lane is one exercise in the race: its process, and what it answers.
type lane struct {
	name   LaneName
	clock  *clock
	client *http.Client
	sent   atomic.Int64

	mutex    sync.Mutex
	state    laneState
	reason   string
	restart  context.CancelFunc // Ends the running app, to start it anew; nil while none runs.
	pid      int                // Of the running app.
	answered int64
	answers  answers
	points   []float64
	growth   growth
	breaker  string
	probe    time.Time // When an open breaker lets a probe through.
	health   *HealthFrame
}

// newLane returns a lane in which nothing runs yet.
func newLane(name LaneName, clock *clock) *lane {
	return &lane{
		name: name, clock: clock, state: laneWaiting,
		client: &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}},
	}
}

// run keeps the binary running until ctx ends: env is asked for the environment at each start. address is called once,
// with the app's URL, which stays the same.
func (l *lane) run(ctx context.Context, binary string, env func() map[string]string, address func(string)) {
	port := "0"
	for ctx.Err() == nil {
		l.set(laneStarting, "")
		values := maps.Clone(env())
		values["PORT"] = port
		app, err := app.Start(ctx, app.Options{Binary: binary, Env: values})
		if err != nil {
			l.rest(ctx, err)
			continue
		}
		if port == "0" {
			port = portOf(app.URL)
			address(app.URL)
		}
		if err := l.accompany(ctx, app); err != nil {
			l.rest(ctx, err)
		}
	}
}

// accompany watches the app until it dies, which is the error, or until it is ended by ctx or for a new start.
func (l *lane) accompany(ctx context.Context, app *app.Process) error {
	running, end := context.WithCancel(ctx)
	defer end()
	l.mutex.Lock()
	l.state, l.reason, l.restart, l.pid = laneUp, "", end, app.PID()
	l.mutex.Unlock()
	var looking sync.WaitGroup
	defer looking.Wait()
	looking.Go(func() { every(running, metricsEvery, func() { l.readMetrics(running, app) }) })
	if l.name.Health {
		looking.Go(func() { every(running, healthEvery, func() { l.readHealth(running, app.URL) }) })
	}
	select {
	case <-app.Done():
		end()
		if err := app.Err(); err != nil {
			return err
		}
		return errors.New("the app ended")
	case <-running.Done():
		// At once: nobody waits for the answers of a race that is over, and every lane starts anew from nothing.
		app.Kill()
		return nil
	}
}

// rest shows the lane as down for a while before the next start.
func (l *lane) rest(ctx context.Context, err error) {
	l.set(laneDown, firstLine(err.Error()))
	select {
	case <-ctx.Done():
	case <-time.After(downFor):
	}
}

// set changes the state; nothing of an app that is gone is shown any more.
func (l *lane) set(state laneState, reason string) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.state, l.reason, l.restart = state, reason, nil
	l.breaker, l.health, l.probe = "", nil, time.Time{}
	l.growth.clear()
}

// startAnew ends the app that runs, and another one starts.
func (l *lane) startAnew() {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.restart != nil {
		l.state = laneStarting
		l.restart()
	}
}

// clear forgets what was answered so far.
func (l *lane) clear() {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.answers.clear()
	l.points = nil
	l.growth.clear()
}

// add takes in a result.
func (l *lane) add(result load.Result) {
	now := time.Now()
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.answered++
	if l.state == laneStarting {
		return // The app is being started anew on purpose: that it does not answer is no result.
	}
	l.answers.add(now, result)
	milliseconds := float64(result.Latency.Microseconds()) / 1000
	l.points = append(l.points, float64(l.clock.Now()), tenths(milliseconds), float64(slices.Index(load.Outcomes(), result.Outcome())))
	if result.Outcome() == load.Rejected && result.RetryAfter > 0 {
		// Whole seconds, rounded up: the earliest that any answer allows is the closest.
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
		return // It shows in the answers, or as the app's end.
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.growth.add(time.Now(), metrics.Dials, sent)
	l.breaker = metrics.Breaker
}

// readHealth asks the app how it is.
func (l *lane) readHealth(ctx context.Context, address string) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/health/", nil)
	if err != nil {
		return
	}
	health := &HealthFrame{Status: "no answer"}
	if response, err := l.client.Do(request); err == nil {
		defer response.Body.Close()
		health = decodeHealth(response.Body)
	}
	if ctx.Err() != nil {
		return
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.health = health
}

// decodeHealth reads the answer of /health/.
func decodeHealth(body io.Reader) *HealthFrame {
	var report struct {
		Status string
		Checks []struct{ Name, Status string }
	}
	if err := json.NewDecoder(io.LimitReader(body, 64<<10)).Decode(&report); err != nil {
		return &HealthFrame{Status: "not readable"}
	}
	health := &HealthFrame{Status: report.Status, Checks: map[string]string{}}
	for _, check := range report.Checks {
		health.Checks[check.Name] = check.Status
	}
	return health
}

// frame is the lane now, with the points since the last frame.
func (l *lane) frame(now time.Time) LaneFrame {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	summary := l.answers.summary(now)
	frame := LaneFrame{
		State: l.state, Reason: l.reason, Points: l.points,
		Answered: summary.Count(), Success: summary.Success(),
		P50: tenths(float64(summary.Quantile(0.5).Microseconds()) / 1000),
		P99: tenths(float64(summary.Quantile(0.99).Microseconds()) / 1000),
		// Two decimals are enough to see the probes of an open breaker.
		Dials:   math.Round(l.growth.ratio()*100) / 100,
		Waiting: int(max(0, l.sent.Load()-l.answered)),
		Breaker: l.breaker, Health: l.health,
	}
	if frame.Points == nil {
		frame.Points = []float64{}
	}
	l.points = nil
	if l.breaker == "open" {
		frame.Left = max(0, l.probe.Sub(now).Milliseconds())
	}
	return frame
}

// every calls do now and then, until ctx ends.
func every(ctx context.Context, pause time.Duration, do func()) {
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	for ctx.Err() == nil {
		do()
		select {
		case <-ticker.C:
		case <-ctx.Done():
		}
	}
}

// portOf is the port of a URL.
func portOf(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return "0"
	}
	_, port, err := net.SplitHostPort(parsed.Host)
	if err != nil {
		return "0"
	}
	return port
}

// firstLine is what a lane has room for.
func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// tenths rounds to one decimal.
func tenths(x float64) float64 { return math.Round(x*10) / 10 }
