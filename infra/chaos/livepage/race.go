// Package livepage is the race: five exercises under the same load and the same fault, on one timeline in the browser.
package livepage

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"chaosworkshop/infra/chaos/load"
	"chaosworkshop/infra/chaos/trace"
	"chaosworkshop/infra/internal/port"
	"chaosworkshop/infra/lab/app"
	"chaosworkshop/infra/lab/stack"
	"chaosworkshop/infra/lab/toxi"
	"chaosworkshop/shared/config"
)

// Options say how to race.
type Options struct {
	// Infra is where the database and Toxiproxy listen; those that already run there are reused.
	Infra config.Infra
	// Root is the workshop's folder, with the exercises in it.
	Root string
	// Rate is the load on each lane at the start, in requests a second.
	Rate int
	// Pairs are the connections asked for, Seed their order: all lanes get the same requests.
	Pairs []load.Pair
	Seed  uint64
	// TTL is how long a fault lasts before the race removes it.
	TTL time.Duration
	// Traces is the base address of what takes in the apps' spans; empty for none.
	Traces string
	// Ready, unless nil, is called when the database and Toxiproxy run.
	Ready func(*stack.Stack)
}

// How often the race emits frames and looks at the proxy.
const (
	frameEvery = 500 * time.Millisecond
	proxyEvery = 500 * time.Millisecond
)

// startPatience is how long the load waits for a lane that does not start.
const startPatience = 15 * time.Second

// The load at the start, in requests a second and lane, and how long it lasts.
const (
	trickle = 5
	warmUp  = 2 * time.Second
)

// pooledConns is how many idle connections each app keeps when it pools. openConns is how many it opens at most: enough for
// requests that are retried for five seconds, 50 a second. Otherwise they would queue for the app's own connections, and the
// page would show the queue instead of the retries.
const (
	pooledConns = 50
	openConns   = 300
)

// Race runs five exercises side by side.
type Race struct {
	options  Options
	hub      *Hub
	clock    *clock
	throttle *load.Throttle
	lanes    []*lane
	kick     chan struct{} // Asks for a frame now.
	calmAt   int64         // When the computer was last not overloaded.

	acting sync.Mutex // One action after the other.

	mutex   sync.Mutex
	toxi    *toxi.Server    // nil until the stack runs.
	started bool            // The load may run.
	now     Frame           // The settings and the notice of the moment; the rest is filled in for each frame.
	failed  string          // What failed for the rest of the race, such as the recording.
	holds   int             // How many requests a second this computer holds; 0 while unknown.
	own     *toxi.Injection // Our own fault; nil without one.
	expires time.Time       // When it is removed.
}

// NewRace returns a race that has not begun. Its frames go to the hub.
func NewRace(options Options, hub *Hub) *Race {
	race := &Race{
		options: options, hub: hub, clock: newClock(), now: Frame{Rate: options.Rate},
		// Nothing is sent until the lanes are up: they start together.
		throttle: load.NewThrottle(0),
		kick:     make(chan struct{}, 1),
	}
	limits, _ := trace.ReadLimits() // The hub has read the same settings.
	for _, name := range NewHello().Lanes {
		lane := newLane(name, race.clock)
		lane.limits = limits.Of(name.Number)
		race.lanes = append(race.lanes, lane)
	}
	return race
}

// Run runs the race until ctx ends, and then stops all that it started: the load, the apps, the fault, the stack.
func (r *Race) Run(ctx context.Context) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	running.Go(func() { r.emit(ctx) })

	started, err := stack.Start(ctx, r.options.Infra)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.rollBack(), started.Close()) }()
	r.mutex.Lock()
	r.toxi = started.Toxi
	r.mutex.Unlock()
	enough := r.calibrate(ctx, port.Reachable(started.Database())) // Before anybody opens the page, which takes a processor for a moment.
	if r.options.Ready != nil {
		r.options.Ready(started)
	}
	running.Go(func() { load.Every(ctx, proxyEvery, func() { r.look(ctx) }) })
	running.Go(func() {
		// What seems too weak may only have been busy.
		for range calibrations {
			select {
			case <-ctx.Done():
				return
			case <-time.After(time.Second):
			}
			if enough || r.calibrate(ctx, port.Reachable(started.Database())) {
				return
			}
		}
	})

	binaries, err := r.build(ctx)
	if err != nil {
		return err
	}
	host, number, err := net.SplitHostPort(port.Reachable(started.Proxy()))
	if err != nil {
		return fmt.Errorf("find the proxy: %w", err)
	}
	env := func() map[string]string { return r.environment(host, number) }
	var apps sync.WaitGroup
	// The fault is removed last, when nothing can meet it any more.
	defer apps.Wait()
	defer cancel()
	up := make(chan struct{}, len(r.lanes))
	for i, lane := range r.lanes {
		apps.Go(func() {
			lane.run(ctx, binaries[i], env, func(address string) {
				apps.Go(func() { r.load(ctx, lane, address) })
				up <- struct{}{}
			})
		})
	}
	r.await(ctx, up)
	<-ctx.Done()
	return nil
}

// await starts the load once every lane is up, so that all start together. A lane that does not start does not hold up the
// others for long.
func (r *Race) await(ctx context.Context, up <-chan struct{}) {
	late := time.After(startPatience)
	for missing := len(r.lanes); missing > 0; {
		select {
		case <-up:
			missing--
		case <-late:
			missing = 0
		case <-ctx.Done():
			return
		}
	}
	// The first requests find everything cold. Start with a trickle, or they pile up.
	r.throttle.Set(trickle)
	select {
	case <-time.After(warmUp):
	case <-ctx.Done():
		return
	}
	r.choose(func() { r.started = true })
}

// build compiles the exercises one after another: the first build compiles what all of them share.
func (r *Race) build(ctx context.Context) ([]string, error) {
	var binaries []string
	for _, lane := range r.lanes {
		lane.set(laneBuilding, "")
		binary, err := app.Build(ctx, filepath.Join(r.options.Root, lane.name.app()))
		if err != nil {
			return nil, err
		}
		binaries = append(binaries, binary)
		lane.set(laneWaiting, "")
	}
	return binaries, nil
}

// environment is what each app is started with.
func (r *Race) environment(host, port string) map[string]string {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	idle := 0
	if r.now.Pooled {
		idle = pooledConns
	}
	values := map[string]string{
		"BIND": "127.0.0.1", "DB_HOST": host, "DB_PORT": port, "DB_USER": "root", "DB_NAME": "flights",
		"DB_PASSWORD": r.options.Infra.RootPassword, "DB_MAX_IDLE_CONNS": strconv.Itoa(idle),
		"DB_MAX_OPEN_CONNS": strconv.Itoa(openConns),
		// Five apps share a laptop with a browser: memory is scarcer than processor time.
		"GOGC": "20",
	}
	// The page shows each request within two seconds.
	maps.Copy(values, trace.Environment(r.options.Traces, 500*time.Millisecond))
	return values
}

// load sends the lane its requests until ctx ends.
func (r *Race) load(ctx context.Context, lane *lane, address string) {
	err := load.Run(ctx, load.Options{
		URL: address, Throttle: r.throttle, Pairs: r.options.Pairs, Seed: r.options.Seed,
		Sent: func() { lane.sent.Add(1) },
	}, lane.add)
	if err != nil {
		r.say(err)
	}
}

// emit adds a frame to the hub twice a second, and at once after an action, until ctx ends.
func (r *Race) emit(ctx context.Context) {
	ticker := time.NewTicker(frameEvery)
	defer ticker.Stop()
	for {
		if err := r.hub.Add(r.frame()); err != nil {
			r.say(err)
		}
		select {
		case <-ticker.C:
		case <-r.kick:
		case <-ctx.Done():
			return
		}
	}
}

// frame is the race now.
func (r *Race) frame() Frame {
	now := time.Now()
	r.mutex.Lock()
	frame := r.now
	frame.Holds = lasting(r.holds, frame.Pooled) / max(1, len(r.lanes))
	frame.T = r.clock.Now()
	frame.Notice = strings.Join(slices.DeleteFunc([]string{frame.Notice, r.failed}, func(notice string) bool { return notice == "" }), "; ")
	if frame.Fault != nil {
		fault := *frame.Fault
		if r.own != nil {
			fault.Left = max(0, r.expires.Sub(now).Milliseconds())
		}
		frame.Fault = &fault
	}
	r.mutex.Unlock()
	for _, lane := range r.lanes {
		frame.Lanes = append(frame.Lanes, lane.frame(now))
	}
	frame.Overloaded = r.lasts(frame.overloaded(), frame.T)
	return frame
}

// calibrations is how often a race asks at most whether this computer does not hold the load after all.
const calibrations = 5

// calibrate finds out how many requests a second this computer holds, from the database at address, and tells whether that is enough
// for the load. The best result counts.
func (r *Race) calibrate(ctx context.Context, address string) (enough bool) {
	holds := load.Calibrate(ctx, address, "root", r.options.Infra.RootPassword, r.options.Pairs)
	r.choose(func() {
		r.holds = max(r.holds, holds)
		enough = r.holds >= r.now.Rate*len(r.lanes)
	})
	return enough
}

// overloadFor is how long users must suffer before the page blames the computer, in milliseconds: the numbers of a lane forget what
// held it up for a moment by then.
const overloadFor = 6000

// lasts tells whether the computer has been overloaded for so long at the race's time t. Only emit calls it.
func (r *Race) lasts(overloaded bool, t int64) bool {
	if !overloaded {
		r.calmAt = t
	}
	return t-r.calmAt >= overloadFor
}

// lasting is the part of a load that does not run out of ports either: without a pool, each request takes one for a while.
func lasting(rate int, pooled bool) int {
	ports, kept := load.Ports()
	if _, lasts := load.Exhausts(rate, 0, ports, kept); !pooled {
		rate = min(rate, lasts)
	}
	return rate
}

// frameNow asks for a frame without waiting for its turn.
func (r *Race) frameNow() {
	select {
	case r.kick <- struct{}{}:
	default: // One is due already.
	}
}

// look asks the proxy which fault is active, because someone may inject one from a terminal, and removes our own when its
// time is over. It waits for an action in progress; otherwise it would see the state before the action.
func (r *Race) look(ctx context.Context) {
	r.acting.Lock()
	defer r.acting.Unlock()
	r.mutex.Lock()
	own, over := r.own, r.own != nil && time.Now().After(r.expires)
	r.mutex.Unlock()
	var err error
	if over {
		_, err = own.Remove(ctx)
	}
	proxy, failed := r.toxi.Proxy(ctx, toxi.ProxyName)
	if err = errors.Join(err, failed); ctx.Err() != nil {
		return
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if err != nil {
		r.now.Notice = "Toxiproxy does not answer: " + firstLine(err.Error())
		return
	}
	r.now.Notice = ""
	name := proxy.Fault()
	switch {
	case name == "":
		r.own = nil
		if r.now.Fault == nil {
			return
		}
		r.end()
	case r.own != nil && !r.own.InPlace(proxy), r.now.Fault == nil || r.now.Fault.Name != name:
		r.own = nil
		r.begin(name)
	default:
		return
	}
	r.frameNow()
}

// say shows the people who watch the page what went wrong, for the rest of the race.
func (r *Race) say(err error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.failed = firstLine(err.Error())
}

// rollBack removes our own fault.
func (r *Race) rollBack() error {
	r.mutex.Lock()
	own := r.own
	r.mutex.Unlock()
	if own == nil {
		return nil
	}
	_, err := own.Remove(context.Background())
	return err
}
