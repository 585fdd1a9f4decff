package soak

import (
	"fmt"
	"net"
	"runtime"
	"strings"
	"time"

	"chaosworkshop/infra/chaos/load"
	"chaosworkshop/infra/lab/toxi"
)

// Report is what a soak found.
type Report struct {
	// Seed decided the faults; Rate is requests a second to each exercise.
	Seed uint64 `json:"seed"`
	Rate int    `json:"rate"`
	// Started is when load and faults began, Duration how long they lasted, in nanoseconds in JSON.
	Started  time.Time     `json:"started"`
	Duration time.Duration `json:"duration"`
	// Stages are the exercises, in order.
	Stages []Stage `json:"stages"`
	// Faults counts how often each fault of the catalogue was injected.
	Faults map[string]int `json:"faults"`
	// Own is the memory of the database, Toxiproxy and the load, which share a process.
	Own Memory `json:"own"`
	// Rebuilds counts how often Toxiproxy hung and was rebuilt.
	Rebuilds int `json:"rebuilds"`
	// Stuck counts the goroutines that Toxiproxy's faults left behind in this process.
	Stuck int `json:"stuck"`
	// Checks are what was looked at in the end.
	Checks []Check `json:"checks"`
}

// Stage is what became of one exercise.
type Stage struct {
	// Name is its folder.
	Name string `json:"name"`
	// Requests is how many were sent, Outcomes what came back.
	Requests int                  `json:"requests"`
	Outcomes map[load.Outcome]int `json:"outcomes"`
	// P50, P99 and Max are latencies, in milliseconds.
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
	// Faults is how many faults it met.
	Faults int `json:"faults"`
	// Recovered is how long after the last fault it served again, in milliseconds.
	Recovered float64 `json:"recovered"`
	// Goroutines and Sockets are the numbers at rest, before and after; Sockets are 0 where they are not measured.
	Goroutines [2]int `json:"goroutines"`
	Sockets    [2]int `json:"sockets"`
	// Memory is its resident memory.
	Memory Memory `json:"memory"`
}

// Check is one thing that was looked at.
type Check struct {
	// Name says what must be.
	Name string `json:"name"`
	// OK tells whether it is; Skipped that this system or this run could not tell.
	OK      bool `json:"ok"`
	Skipped bool `json:"skipped,omitempty"`
	// Detail is what was found.
	Detail string `json:"detail"`
}

// Passed tells whether no check failed.
func (r Report) Passed() bool {
	for _, check := range r.Checks {
		if !check.OK && !check.Skipped {
			return false
		}
	}
	return true
}

// check adds what was found.
func (r *Report) check(name string, ok bool, detail string, values ...any) {
	r.Checks = append(r.Checks, Check{Name: name, OK: ok, Detail: fmt.Sprintf(detail, values...)})
}

// skip adds what could not be told.
func (r *Report) skip(name, why string) {
	r.Checks = append(r.Checks, Check{Name: name, Skipped: true, Detail: why})
}

// judge looks at what became of the apps.
func (r *Report) judge(lab *lab, own *meter, toxics int) {
	r.Faults = map[string]int{}
	r.Rebuilds = lab.stack.Toxi.Rebuilds()
	bound := lab.breaker + recovery
	for _, lane := range lab.lanes {
		stage := lane.stage()
		r.Stages = append(r.Stages, stage)
		for name, count := range lane.faults {
			r.Faults[name] += count
		}
		r.judgeStage(lane, stage, bound)
	}
	r.Own = newMemory(own.samples)
	r.judgeMemory(own.name, r.Own)
	r.judgeSockets(own)
	missing := []string{}
	for _, fault := range toxi.Faults() {
		if r.Faults[fault.Name] == 0 {
			missing = append(missing, fault.Name)
		}
	}
	if len(missing) > 0 && r.Duration >= time.Minute {
		r.check("every fault of the catalogue was injected", false, "not %v", missing)
	} else {
		r.check("faults were injected", len(r.Faults) > 0, "%d of %d kinds", len(r.Faults), len(toxi.Faults()))
	}
	r.check("no toxic is left", toxics == 0, "%d left", toxics)
}

// judgeStage looks at one app.
func (r *Report) judgeStage(lane *lane, stage Stage, bound time.Duration) {
	select {
	case <-lane.app.Done():
		r.check(stage.Name+" lived through it", false, "it ended: %v", lane.app.Err())
	default:
	}
	if stage.Name == stages[0] {
		// The baseline has no bound: under a black hole only its client gives up.
		r.check(stage.Name+" was asked throughout", stage.Requests > 0, "%d requests", stage.Requests)
	} else {
		unanswered := stage.Outcomes[load.NoAnswer]
		r.check(stage.Name+" answered every request", unanswered == 0 && stage.Requests > 0,
			"%d of %d without an answer", unanswered, stage.Requests)
	}
	if lane.steady {
		r.check(stage.Name+" serves again", lane.recovered <= bound, "after %s, bound %s", lane.recovered.Round(time.Millisecond), bound)
	} else {
		r.check(stage.Name+" serves again", false, "not within %s", bound)
	}
	r.check(stage.Name+" leaks no goroutine", stage.Goroutines[1] > 0 && stage.Goroutines[1] <= stage.Goroutines[0],
		"%d before, %d after", stage.Goroutines[0], stage.Goroutines[1])
	r.judgeSockets(lane.meter)
	r.judgeMemory(stage.Name, stage.Memory)
}

// judgeSockets compares the sockets of a process before and after.
func (r *Report) judgeSockets(of *meter) {
	name := of.name + " leaks no connection"
	if !of.measured {
		r.skip(name, "measured on Linux only")
		return
	}
	r.check(name, of.sockets[1] <= of.sockets[0], "%d sockets before, %d after", of.sockets[0], of.sockets[1])
}

// judgeMemory looks for a leak of memory.
func (r *Report) judgeMemory(name string, memory Memory) {
	name += " leaks no memory"
	switch {
	case !memory.Measured:
		r.skip(name, "measured on Linux only")
	case memory.Samples < fewest:
		r.skip(name, fmt.Sprintf("%d s tell nothing, %d do: %s", memory.Samples, fewest, memory))
	default:
		r.check(name, memory.Flat(), "%s, noise %s MB", memory, megabytes(memory.Noise))
	}
}

// nothingLeft looks whether everything is gone after the end: ports, and goroutines of this process.
func (r *Report) nothingLeft(addresses []string, goroutines int) {
	open := []string{}
	for _, address := range addresses {
		if conn, err := net.DialTimeout("tcp", address, time.Second); err == nil {
			conn.Close()
			open = append(open, address)
		}
	}
	r.check("no port is left open", len(open) == 0, "%d of %d open %v", len(open), len(addresses), open)
	left := children()
	if left < 0 {
		r.skip("no process is left", "measured on Linux only")
	} else {
		r.check("no process is left", left == 0, "%d left", left)
	}
	own, toxiproxy := goroutinesNow()
	for end := time.Now().Add(5 * time.Second); own > goroutines && time.Now().Before(end); own, toxiproxy = goroutinesNow() {
		time.Sleep(50 * time.Millisecond)
	}
	r.Stuck = toxiproxy
	r.check("no goroutine is left in this process", own <= goroutines, "%d before, %d after", goroutines, own)
}

// goroutinesNow counts the goroutines of this process, those of Toxiproxy apart: some of its faults, such as cut, leave one
// behind for a connection that they close while data is on its way (in version 2.12.0), and nothing reaches it any more.
func goroutinesNow() (own, toxiproxy int) {
	stacks := make([]byte, 1<<20)
	for {
		n := runtime.Stack(stacks, true)
		if n < len(stacks) {
			stacks = stacks[:n]
			break
		}
		stacks = make([]byte, 2*len(stacks))
	}
	for stack := range strings.SplitSeq(string(stacks), "\n\n") {
		if strings.Contains(stack, "Shopify/toxiproxy/v2/toxics.") {
			toxiproxy++
		} else {
			own++
		}
	}
	return own, toxiproxy
}

// stage is what became of the lane.
func (l *lane) stage() Stage {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	stage := Stage{
		Name: l.name, Requests: l.summary.Count(), Outcomes: map[load.Outcome]int{},
		P50: milliseconds(l.summary.Quantile(0.5)), P99: milliseconds(l.summary.Quantile(0.99)), Max: milliseconds(l.summary.Quantile(1)),
		Recovered: milliseconds(l.recovered), Goroutines: l.goroutines, Sockets: l.meter.sockets, Memory: newMemory(l.meter.samples),
	}
	for _, outcome := range load.Outcomes() {
		stage.Outcomes[outcome] = l.summary.Of(outcome)
	}
	for _, count := range l.faults {
		stage.Faults += count
	}
	return stage
}

// milliseconds keeps a tenth.
func milliseconds(d time.Duration) float64 {
	return float64(d.Round(100*time.Microsecond).Microseconds()) / 1000
}
