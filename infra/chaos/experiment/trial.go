package experiment

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"chaosworkshop/infra/chaos/load"
	"chaosworkshop/infra/internal/port"
	"chaosworkshop/infra/internal/stats"
	"chaosworkshop/infra/lab/app"
	"chaosworkshop/infra/lab/toxi"
)

// The intervals of the measurements during the load.
const (
	samplePace  = 100 * time.Millisecond // of GET /metrics, for the breaker's state.
	controlPace = 200 * time.Millisecond
	healthPace  = 100 * time.Millisecond
	stallPace   = 5 * time.Millisecond
)

// invalidPath asks for a code that no airport can have, and noFlightsPath for two that no flight connects.
const (
	invalidPath   = "/api/flights/routes?from=1&to=JFK"
	noFlightsPath = "/api/flights/routes?from=QQQ&to=ZZZ"
)

// leftPatience is how long connections may take to close after the last answer of a phase.
const leftPatience = 250 * time.Millisecond

// lab is what a trial needs to know about the app under test and its dependencies.
type lab struct {
	// proxies are those between the app and its dependencies, api the Toxiproxy that has them; empty for one of the trial's own.
	proxies []Proxy
	api     string
	// start starts the app, which finds its dependency at the address of the first proxy.
	start func(ctx context.Context, proxy string) (*app.Process, error)
	// attached says that it was already running, and may need a moment to find the proxy.
	attached bool
	// mistake is an error about what the file has at a path of keys. lacks, unless nil, says which path in JSON no answer had.
	mistake func(text string, path ...string) error
	lacks   func() error
	// differences, unless nil, says how answers differed from the right ones since the last call.
	differences func() []string
	// load is what users ask for, and which answers are right.
	load load.Options
	// upstream is another database for phases whose data has changed, and right tells which answers are right there.
	upstream string
	right    func(index, status int, body []byte) bool
	// health is the path of the health endpoint. plain says that the app is not an exercise: the status of its health alone
	// decides, and it has no metrics.
	health string
	plain  bool
	// unlucky is how many connections in a row the fault unlucky closes; 0 is all that no user waits for.
	unlucky int
	// table is what faults of queries are for; empty for every table.
	table string
	// control, unless nil, does what the app does, but past every fault: how long that takes shows the scheduling noise.
	control func(context.Context)
}

// trial is a run in progress: its parts, and what was observed so far.
type trial struct {
	lab
	start time.Time
	toxi  *toxi.Server
	paths []*path
	app   *app.Process
	stop  context.CancelFunc
	watch sync.WaitGroup
	stall atomic.Int64 // The longest since the phase began, in nanoseconds.

	perRequest int // The connections of a request in the steady state, at least 1.

	mutex sync.Mutex // Guards the run.
	run   *Run
}

// path is a proxy of the trial, with what measures on either side of it.
type path struct {
	Proxy
	meter *Meter // nil on somebody else's Toxiproxy.
	*canaries
	faults []Fault // Those in place.
}

// observe runs the method once on the app of the lab, and writes down in run what happens. Whatever happens, every fault is
// gone and the app has ended when it returns.
func observe(ctx context.Context, e Experiment, lab lab, run *Run) (err error) {
	run.Started = time.Now()
	t := &trial{lab: lab, run: run, start: run.Started}
	defer func() { err = errors.Join(err, t.close()) }()
	if err := t.open(ctx, e); err != nil {
		return err
	}
	defer func() {
		for _, path := range t.paths {
			if path.meter != nil {
				run.Dials = append(run.Dials, path.meter.Log(path.Name, t.start)...)
			}
		}
		if t.plain && t.app.PID() > 0 {
			run.Words = t.app.Words()
		}
		run.sort()
		run.Took = t.now()
	}()
	for i, phase := range e.Method {
		if phase.After != "" && !slices.ContainsFunc(run.Answers, phase.After.has) {
			continue
		}
		if err := t.conduct(ctx, phase); err != nil {
			return err
		}
		if i == 0 && t.lacks != nil {
			if err := t.lacks(); err != nil {
				return err
			}
		}
		// Nothing is injected into an app that is not in its steady state.
		if i == 0 && (!e.steadyState("", phase, run).Passed || run.unfelt() != "" || e.Exercise > 0 && run.pooled() != "") || run.Died != "" {
			break
		}
	}
	return nil
}

// now is the time since the run's start, in milliseconds.
func (t *trial) now() float64 { return stats.Milliseconds(time.Since(t.start)) }

// open starts the parts, from the dependencies to the app.
func (t *trial) open(ctx context.Context, e Experiment) (err error) {
	if err := t.openProxies(ctx); err != nil {
		return err
	}
	first := ""
	if len(t.paths) > 0 {
		first = t.paths[0].addr
	}
	t.app, err = t.lab.start(ctx, first)
	for i, path := range t.paths { // The command may have started the dependency.
		if path.meter == nil {
			break
		}
		conn, closed := net.DialTimeout("tcp", path.Upstream, time.Second)
		if name, ok := errors.AsType[*net.DNSError](closed); ok {
			return t.mistake(fmt.Sprintf("there is no host %s, or this computer does not know it; correct upstream", name.Name), "proxies", strconv.Itoa(i), "upstream")
		}
		if closed != nil {
			return t.mistake(fmt.Sprintf("nothing listens on %s; start the dependency, or correct upstream", path.Upstream), "proxies", strconv.Itoa(i), "upstream")
		}
		fault, at := e.forMySQL(path.Name)
		understood := at == nil || greets(conn)
		if conn.Close(); !understood {
			return t.mistake(fmt.Sprintf("%s needs MySQL, but %s does not greet as MySQL does; use another fault, such as blackhole, or name the proxies in front of MySQL: {type: %s, proxies: [NAME]}",
				fault, path.Upstream, fault), at...)
		}
	}
	if err != nil {
		return err
	}
	if t.attached {
		if err := t.awaitService(ctx); err != nil {
			return err
		}
	}
	watched, stop := context.WithCancel(ctx)
	t.stop = stop
	if !t.plain {
		t.watch.Go(func() { t.sample(watched) })
	}
	t.watch.Go(func() { t.measureStalls(watched) })
	if t.control != nil {
		t.watch.Go(func() { t.measureControl(watched) })
	}
	return nil
}

// openProxies starts Toxiproxy and its proxies, each with a meter behind it, or finds those of one that is already running.
func (t *trial) openProxies(ctx context.Context) (err error) {
	addr := "127.0.0.1:0"
	if t.api != "" {
		addr = strings.TrimSuffix(strings.TrimPrefix(t.api, "http://"), "/")
		if _, err := toxi.NewClient("http://" + addr).Version(ctx); err != nil {
			return cmp.Or(ctx.Err(), t.mistake(fmt.Sprintf("no Toxiproxy answers at %s; start it, correct the address, or delete the toxiproxy key to let the experiment run its own", t.api), "toxiproxy", "api"))
		}
	}
	if t.toxi, err = toxi.Start(ctx, toxi.Options{APIAddr: addr}); err != nil {
		return err
	}
	for i, proxy := range t.proxies {
		at := []string{"proxies", strconv.Itoa(i), "listen"}
		path := &path{Proxy: proxy, canaries: &canaries{}}
		t.paths = append(t.paths, path)
		if proxy.Probe != nil {
			path.send = proxy.Probe.Send
		}
		var running toxi.Proxy
		switch {
		case t.api != "" && proxy.Listen == "":
			at[2] = "name"
			var all map[string]toxi.Proxy
			all, err = t.toxi.Proxies(ctx)
			running = all[proxy.Name]
			if err == nil && running.Name == "" {
				err = fmt.Errorf("the Toxiproxy at %s has no proxy %q: add listen and upstream to create it; %s", t.api, proxy.Name, instead(proxy.Name, slices.Sorted(maps.Keys(all))))
			} else if err == nil && (!running.Enabled || len(running.Toxics) > 0) {
				err = fmt.Errorf("the proxy %s is already broken by someone else; `toxiproxy-cli inspect %s` shows its toxics: remove them, and enable it", proxy.Name, proxy.Name)
			}
		case t.api != "":
			running, err = t.toxi.Create(ctx, proxy.Name, proxy.Listen, proxy.Upstream)
		default:
			if path.meter, err = StartMeter(proxy.Upstream); err != nil {
				return err
			}
			path.canaries.meter = path.meter
			running, err = t.toxi.Create(ctx, proxy.Name, proxy.Listen, path.meter.Addr())
		}
		if err != nil && port.InUse(err) {
			_, number, _ := net.SplitHostPort(proxy.Listen)
			taken, _ := strconv.Atoi(number)
			err = port.Taken(taken, "listen")
		} else if err != nil {
			if _, reason, found := strings.Cut(err.Error(), ": listen tcp "); found { // Without the HTTP of Toxiproxy's API.
				err = fmt.Errorf("cannot listen on %s", reason)
			}
		}
		if err != nil {
			return t.mistake(fmt.Sprintf("open the proxy %s: %v", proxy.Name, err), at...)
		}
		path.addr = port.Reachable(running.Listen)
	}
	return nil
}

// close ends the parts, in the order from the app to its dependencies; the toxics go with their proxies.
func (t *trial) close() error {
	if t.stop != nil {
		t.stop()
		t.watch.Wait()
	}
	if t.app != nil {
		t.app.Kill()
	}
	var errs []error
	for _, path := range t.paths {
		if t.api != "" && len(path.faults) > 0 {
			errs = append(errs, t.toxi.Calm(context.Background(), path.Name))
		}
	}
	if t.toxi != nil {
		errs = append(errs, t.toxi.Close())
	}
	for _, meter := range t.meters() {
		errs = append(errs, meter.Close())
	}
	return errors.Join(errs...)
}

// conduct carries out one phase.
func (t *trial) conduct(ctx context.Context, phase Phase) error {
	span := Span{Name: phase.Name, Fault: describe(phase.Faults), From: t.now()}
	calm := len(t.run.Phases) == 0
	dials := t.dials()
	t.stall.Store(0)
	var group sync.WaitGroup
	used, met := map[*path]int64{}, map[*path]int64{}
	for _, path := range t.paths {
		if path.meter != nil {
			used[path], met[path] = path.meter.use(), path.meter.met.Load()
		}
		if phase.Changed {
			path.meter.upstream.Store(&t.upstream)
		}
		changed, err := t.inject(ctx, path, phase)
		if err != nil {
			return err
		}
		faults := slices.DeleteFunc(slices.Clone(path.faults), Fault.meetsQueries)
		feel := func() { t.felt(path, path.feel(ctx, phase, faults)) }
		if calm {
			feel() // Before the load, which it measures the usual latency for.
		} else if changed && (len(faults) > 0 || len(path.faults) == 0) {
			group.Go(feel)
		}
	}
	var lifted error
	if phase.Tail != "" {
		group.Go(func() { lifted = t.lift(ctx, phase.For) })
	}
	driven := t.drive(ctx, phase)
	group.Wait()
	if err := cmp.Or(driven, lifted, ctx.Err()); err != nil {
		return err
	}
	span.To = t.now()
	if t.differences != nil {
		span.Wrong = t.differences()
	}
	span.Left = t.left(ctx, calm)
	span.Dials = t.dials() - dials
	for _, path := range t.paths {
		if path.meter == nil {
			continue
		}
		if path.meter.use() == used[path] && (phase.Rate > 0 || phase.Health) {
			span.Unused = append(span.Unused, path.Name)
		}
		if faults := slices.DeleteFunc(slices.Clone(phase.Faults), func(f Fault) bool { return !f.hits(path.Name) || !f.meetsQueries() }); len(faults) > 0 {
			queries := path.meter.met.Load() - met[path]
			t.felt(path, Felt{Phase: phase.Name, Fault: describe(faults), Queries: &queries})
		}
		luck, row := path.meter.luck()
		span.luck, span.row = span.luck || luck, max(span.row, row)
	}
	span.Stall = stats.Milliseconds(time.Duration(t.stall.Load()))
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.run.Phases = append(t.run.Phases, span)
	if calm {
		t.perRequest = max(1, span.Dials/max(1, len(t.run.Of(phase.Name))))
	}
	select {
	case <-t.app.Done():
		t.run.Died = fmt.Sprintf("in the phase %q, %v", phase.Name, cmp.Or(t.app.Err(), errors.New("the process exited cleanly")))
	default:
	}
	if t.toxi.Rebuilds() > 0 {
		t.run.Broken = "Toxiproxy hung and was rebuilt during the phase " + phase.Name
	}
	return nil
}

// felt adds to the run what was felt on a path.
func (t *trial) felt(path *path, felt Felt) {
	if len(t.paths) > 1 || path.Name != toxi.ProxyName {
		felt.Proxy = path.Name
	}
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.run.Felt = append(t.run.Felt, felt)
}

// lift ends the faults after a while, so that the answers that are still due then come without them.
func (t *trial) lift(ctx context.Context, after time.Duration) error {
	select {
	case <-time.After(after):
	case <-ctx.Done():
		return nil
	}
	for _, path := range t.paths {
		if _, err := t.inject(ctx, path, Phase{}); err != nil {
			return err
		}
	}
	return nil
}

// promptly is how long the experiment's own Toxiproxy may take to change the faults of a phase, whose measurements count from then.
const promptly = 500 * time.Millisecond

// inject puts the phase's faults on a proxy, in place of those before; none means calm.
func (t *trial) inject(ctx context.Context, path *path, phase Phase) (changed bool, err error) {
	faults := slices.DeleteFunc(slices.Clone(phase.Faults), func(f Fault) bool { return !f.hits(path.Name) })
	if fmt.Sprint(faults) == fmt.Sprint(path.faults) {
		return false, nil
	}
	before := path.faults
	path.faults = faults
	defer func(start time.Time) { t.changed(time.Since(start)) }(time.Now())
	if len(before) > 0 {
		if err := t.toxi.Calm(ctx, path.Name); err != nil {
			return true, err
		}
	}
	if path.meter != nil {
		path.meter.refuse(nil)
		path.meter.holds.Store(slices.ContainsFunc(faults, func(f Fault) bool { return f.hangs() && f.Toxicity == 1 }))
	}
	for i, fault := range faults {
		switch {
		case fault.own():
			refusal := refusals[fault.Type]
			if refusal.spares {
				refusal.most = t.unlucky
			}
			refusal.table = t.table
			path.meter.refuse(&refusal)
		case fault.Type == "":
			err = t.toxi.Disable(ctx, path.Name)
		default:
			err = t.toxi.Add(ctx, path.Name, toxi.Toxic{
				Name: fmt.Sprint("experiment-", i+1), Type: fault.Type, Stream: fault.Stream, Toxicity: float32(fault.Toxicity), Attributes: fault.Attributes,
			})
		}
		if err != nil {
			return true, err
		}
	}
	return true, nil
}

// changed says how long a change of the faults took.
func (t *trial) changed(took time.Duration) {
	if took <= promptly || t.api != "" {
		return
	}
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.run.Broken = cmp.Or(t.run.Broken, fmt.Sprintf("changing the faults took Toxiproxy %s; close other programs and run the experiment again", Duration(stats.Milliseconds(took))))
}

// meters are those behind the trial's proxies; none on somebody else's Toxiproxy.
func (t *trial) meters() []*Meter {
	var meters []*Meter
	for _, path := range t.paths {
		if path.meter != nil {
			meters = append(meters, path.meter)
		}
	}
	return meters
}

// dials counts the connections at the meters, without those of the canaries.
func (t *trial) dials() int {
	sum := 0
	for _, path := range t.paths {
		if path.meter != nil {
			sum += path.meter.Dials() - int(path.dialled.Load())
		}
	}
	return sum
}

// left counts the app's connections that stay open after the last answer. Before any fault, that is what the app keeps.
// Later, it waits until no more than that are left, or until its patience ends.
func (t *trial) left(ctx context.Context, calm bool) int {
	for deadline := time.Now().Add(leftPatience); ; time.Sleep(10 * time.Millisecond) {
		open := 0
		for _, meter := range t.meters() {
			open += meter.Open()
		}
		if !calm && open <= t.run.Phases[0].Left || time.Now().After(deadline) || ctx.Err() != nil || calm && open == 0 {
			return open
		}
	}
}

// drive sends the load of a phase and waits for all its answers.
func (t *trial) drive(ctx context.Context, phase Phase) error {
	ended := make(chan struct{}) // Closed when an answer satisfies phase.Until.
	end := sync.OnceFunc(func() { close(ended) })
	see := func(answer Answer) {
		t.mutex.Lock()
		t.run.Answers = append(t.run.Answers, answer)
		t.mutex.Unlock()
		if phase.Until != "" && phase.Until.has(answer) {
			end()
		}
	}
	loaded := make(chan struct{})
	var asking sync.WaitGroup
	if phase.Health {
		asking.Go(func() { t.askHealth(ctx, phase, ended, loaded, see) })
	}
	// What these get decides nothing, only what they do to others: an app that does not refuse them may let one through as its probe.
	for path, rate := range map[string]int{invalidPath: phase.Invalid, noFlightsPath: phase.NoFlights} {
		if rate == 0 {
			continue
		}
		others := t.load
		others.Pairs, others.Requests, others.Right = nil, []load.Request{{Path: path}}, nil
		asking.Go(func() {
			_ = t.send(ctx, phase, rate, others, ended, func(answer Answer) {
				if Outcome("admitted").has(answer) && answer.Status/100 != 4 {
					t.mutex.Lock()
					defer t.mutex.Unlock()
					t.run.strays = append(t.run.strays, answer)
				}
			})
		})
	}
	var err error
	switch {
	case phase.Rate > 0:
		users := t.load
		if phase.Changed {
			users.Right = t.right
		}
		err = t.send(ctx, phase, phase.Rate, users, ended, see)
	case !phase.Health: // Nobody asks: what does the app do on its own?
		select {
		case <-time.After(phase.For):
		case <-ctx.Done():
		}
	}
	close(loaded)
	asking.Wait()
	return err
}

// send is a load of a phase, in requests a second. When ended is closed it sends no more, and waits for the answers still due.
func (t *trial) send(ctx context.Context, phase Phase, rate int, options load.Options, ended <-chan struct{}, see func(Answer)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	throttle := load.NewThrottle(rate)
	var due atomic.Int64
	var over atomic.Bool
	go func() {
		select {
		case <-ended:
			throttle.Set(0)
			over.Store(true)
			if due.Load() == 0 {
				cancel()
			}
		case <-ctx.Done():
		}
	}()
	options.URL, options.Throttle, options.Duration = t.app.URL, throttle, phase.For
	options.Timeout = cmp.Or(phase.Patience, options.Timeout)
	meters := t.meters()
	options.Sent = func() {
		due.Add(1)
		for _, meter := range meters {
			meter.asks(t.perRequest)
		}
	}
	if !t.plain { // Each phase draws its own requests; requests of a file are all drawn in the first one.
		options.Seed += uint64(len(t.run.Phases))
	}
	return load.Run(ctx, options, func(result load.Result) {
		for _, meter := range meters {
			meter.answered()
		}
		see(Answer{
			Phase: phase.Name, At: stats.Milliseconds(result.At.Sub(t.start)), Latency: stats.Milliseconds(result.Latency),
			what: result.Index, Status: result.Status, Wrong: result.Wrong, RetryAfter: result.RetryAfter, Error: result.Err,
		})
		if due.Add(-1) == 0 && over.Load() {
			cancel()
		}
	})
}

// askHealth asks the health endpoint at a constant pace until the phase is over, and waits for the answers still due.
func (t *trial) askHealth(ctx context.Context, phase Phase, ended, loaded <-chan struct{}, see func(Answer)) {
	const give = 3 * time.Second
	client := &http.Client{Timeout: give, Transport: &http.Transport{DisableKeepAlives: true}}
	ticker := time.NewTicker(healthPace)
	defer ticker.Stop()
	over := time.After(phase.For)
	var done <-chan struct{} // Set to loaded when the phase's time is over.
	var due sync.WaitGroup
	defer due.Wait()
	for {
		due.Go(func() {
			answer := Answer{Phase: phase.Name, At: t.now(), Health: true}
			answer.Status, answer.Says, answer.Error = askHealth(ctx, client, t.app.URL+t.health)
			if t.plain && answer.Status/100 == 2 {
				answer.Says = "Healthy"
			}
			answer.Latency = t.now() - answer.At
			see(answer)
		})
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		case <-ended:
			return
		case <-over:
			// The load may still be waiting for answers; keep asking until it has them.
			over, done = nil, loaded
		case <-done:
			return
		}
	}
}

// askHealth is the status of one answer of the health endpoint and what its body says, or 0 and why there was none.
func askHealth(ctx context.Context, client *http.Client, url string) (status int, says, reason string) {
	status, body, err := fetch(ctx, client, url)
	if err != nil {
		return 0, "", err.Error()
	}
	var report struct {
		Status string `json:"status"`
	}
	if err := json.Unmarshal(body, &report); err != nil {
		return status, "", ""
	}
	return status, report.Status, ""
}

// sample follows the state of the app's breaker, if its metrics show it.
func (t *trial) sample(ctx context.Context) {
	load.Every(ctx, samplePace, func() {
		metrics, err := t.app.Metrics(ctx)
		if err != nil || metrics.Breaker == "" {
			return
		}
		t.mutex.Lock()
		defer t.mutex.Unlock()
		if last := len(t.run.States) - 1; last < 0 || t.run.States[last].Name != metrics.Breaker {
			t.run.States = append(t.run.States, State{At: t.now(), Name: metrics.Breaker})
		}
	})
}

// measureControl does what the app does, but past every fault.
func (t *trial) measureControl(ctx context.Context) {
	load.Every(ctx, controlPace, func() {
		start := time.Now()
		t.control(ctx)
		if ctx.Err() == nil {
			t.stalled(time.Since(start))
		}
	})
}

// measureStalls takes short naps: whatever it oversleeps is scheduling noise.
func (t *trial) measureStalls(ctx context.Context) {
	for ctx.Err() == nil {
		t.stalled(overslept())
	}
}

// stalled remembers the longest stall of a phase.
func (t *trial) stalled(took time.Duration) {
	for {
		longest := t.stall.Load()
		if int64(took) <= longest || t.stall.CompareAndSwap(longest, int64(took)) {
			return
		}
	}
}

// overslept takes a nap and returns how much longer than planned it was.
func overslept() time.Duration {
	start := time.Now()
	time.Sleep(stallPace)
	return time.Since(start) - stallPace
}

// awaitQuiet returns when the scheduling noise has been low for two seconds, or after half a minute.
func awaitQuiet(ctx context.Context) {
	const limit, enough = 30 * time.Second, 2 * time.Second
	begin := time.Now()
	for quiet := begin; ctx.Err() == nil && time.Since(begin) < limit && time.Since(quiet) < enough; {
		if overslept() > 4*stallPace {
			quiet = time.Now()
		}
	}
}

// sort puts the answers and the connections in order of time.
func (r *Run) sort() {
	slices.SortFunc(r.Answers, func(a, b Answer) int { return cmp.Compare(a.At, b.At) })
	slices.SortFunc(r.Dials, func(a, b Dial) int { return cmp.Compare(a.At, b.At) })
}
