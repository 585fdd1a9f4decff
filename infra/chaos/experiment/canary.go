package experiment

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"chaosworkshop/infra/internal/stats"
)

// Felt is what canaries met next to the app, new connections through the same proxy with a short conversation each, or what the
// app's own queries met.
type Felt struct {
	Phase string `json:"phase"`
	Proxy string `json:"proxy,omitempty"`
	Fault string `json:"fault,omitempty"`
	// Probes is their number, Failed and Late are how many of them the fault hit, and Required is how many it must hit.
	Probes   int `json:"probes"`
	Failed   int `json:"failed"`
	Late     int `json:"late"`
	Required int `json:"required,omitempty"`
	// failing is how many of them must fail, for a delay beside the fault does not show it.
	failing int
	// Closed is how many did not hang as they should, because the dependency closed them at once.
	Closed int `json:"closedByDependency,omitempty"`
	// Median and Slowest are latencies of the successful probes, in milliseconds.
	Median  float64 `json:"medianMs"`
	Slowest float64 `json:"slowestMs"`
	// Error is the error of the last probe that failed.
	Error string `json:"error,omitempty"`
	// Queries is how many queries of the app met a fault of queries, which no probe can feel; nil if the fault is another one.
	Queries *int64 `json:"queries,omitempty"`
}

// canaries verify the injection on one proxy: they hold a conversation of three replies with the meter behind it, or,
// on somebody else's Toxiproxy, send what the dependency answers.
type canaries struct {
	addr  string
	meter *Meter
	send  string
	// usual is the latency of the slowest one without a fault, and size how many bytes a dependency answers at least.
	usual float64
	size  int
	// dialled counts the connections that reached the proxy, and so the meter.
	dialled atomic.Int64
}

// probes is the smallest number of canaries, canaryPatience how long each waits.
const (
	probes         = 20
	canaryPatience = 1500 * time.Millisecond
	// A dependency may accept few connections at once, but the next ones soon afterwards: Python's HTTPServer queues five.
	few  = 4
	soon = 50 * time.Millisecond
)

// feel runs canaries side by side and returns what they met. faults are those of the proxy.
func (c *canaries) feel(ctx context.Context, phase Phase, faults []Fault) Felt {
	felt := Felt{Phase: phase.Name, Fault: describe(faults), Probes: probes}
	late, reply, up, hang := math.Inf(1), 256, 0, 0.0
	for _, fault := range faults {
		e := fault.effect()
		if fault.hangs() && c.meter == nil {
			hang = cmp.Or(float64(fault.Attributes["timeout"]), stats.Milliseconds(canaryPatience))
		}
		reply = max(reply, e.reply)
		if fault.Stream == "upstream" {
			up = reply
		}
		if !e.fails {
			late = min(late, e.late)
		}
		n, least := c.required(fault)
		felt.Probes, felt.Required = max(felt.Probes, n), max(felt.Required, least)
		if e.fails {
			felt.failing = max(felt.failing, least)
		}
	}
	if c.meter != nil {
		c.meter.expect(felt.Probes)
		defer c.meter.expect(0)
	}
	var mutex sync.Mutex
	var group sync.WaitGroup
	var latencies []float64
	free := make(chan struct{}, felt.Probes)
	if c.meter == nil {
		free = make(chan struct{}, few)
	}
	for range felt.Probes {
		free <- struct{}{}
		group.Go(func() {
			leave := sync.OnceFunc(func() { <-free })
			defer leave()
			defer time.AfterFunc(soon, leave).Stop()
			ctx, cancel := context.WithTimeout(ctx, max(phase.Probe, canaryPatience))
			defer cancel()
			start := time.Now()
			size, err := c.talk(ctx, reply, up)
			took := stats.Milliseconds(time.Since(start))
			mutex.Lock()
			defer mutex.Unlock()
			if err == nil && len(faults) > 0 && size < c.size {
				err = fmt.Errorf("got %d bytes instead of %d", size, c.size)
			}
			switch {
			case errors.Is(err, io.EOF) && took < 0.9*hang:
				felt.Closed++
				return
			case err != nil:
				felt.Failed++
				felt.Error = err.Error()
				return
			case took >= c.usual+late:
				felt.Late++
			}
			if len(faults) == 0 {
				c.usual = max(c.usual, took)
			}
			if len(faults) == 0 && c.meter == nil && (c.size == 0 || size < c.size) {
				c.size = size
			}
			latencies = append(latencies, took)
		})
	}
	group.Wait()
	felt.Median, felt.Slowest = stats.Percentile(latencies, 50), stats.Percentile(latencies, 100)
	return felt
}

// required is how many canaries a fault needs, and how many of them it must hit: all of them, or a third of what is
// expected, which is missed in fewer than one run in a thousand, as TestChance computes.
func (c *canaries) required(fault Fault) (n, least int) {
	e := fault.effect()
	if c.meter == nil && !e.fails {
		e.chance /= 2 // The reply is one chunk, not three.
	}
	if e.chance == 1 {
		return probes, probes
	}
	const enough = 20
	n = max(probes, int(math.Ceil(enough/e.chance)))
	return n, int(math.Floor(float64(n) * e.chance / 3))
}

// talk is the conversation of one canary; size counts the bytes that it got.
func (c *canaries) talk(ctx context.Context, reply, up int) (size int, err error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", c.addr)
	if err != nil {
		return 0, err
	}
	c.dialled.Add(1)
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	if c.meter == nil {
		return c.ask(conn)
	}
	hello := slices.Concat(c.meter.token[:], binary.BigEndian.AppendUint32(nil, uint32(reply)), binary.BigEndian.AppendUint32(nil, uint32(up)), make([]byte, up))
	buffer := make([]byte, reply)
	for round, length := range rounds(reply) {
		if round > 0 {
			hello = []byte{'.'}
		}
		if _, err := conn.Write(hello); err != nil {
			return size, err
		}
		n, err := io.ReadFull(conn, buffer[:length])
		size += n
		if err != nil {
			return size, err
		}
	}
	// The other side closes: a fault may delay that. Toxiproxy's reset_peer resets also those that toxicity spares, after all replies.
	if _, err := conn.Read(buffer); errors.Is(err, os.ErrDeadlineExceeded) {
		return size, err
	}
	return size, nil
}

// ask sends what a dependency answers, and reads until it pauses.
func (c *canaries) ask(conn net.Conn) (size int, err error) {
	const pause = 50 * time.Millisecond
	if _, err := io.WriteString(conn, c.send); err != nil {
		return 0, err
	}
	buffer := make([]byte, 4<<10)
	for {
		n, err := conn.Read(buffer)
		size += n
		if err != nil {
			if size == 0 {
				return 0, err
			}
			return size, nil
		}
		_ = conn.SetReadDeadline(time.Now().Add(pause))
	}
}

// rounds are the lengths of the replies to a canary.
func rounds(reply int) []int { return []int{min(reply, 80), min(reply, 20), reply} }

// Text says in a line what a fault did, next to the app or to it.
func (f Felt) Text(subject string) string {
	fault := f.Fault
	if f.Proxy != "" && !strings.Contains(fault, " on ") {
		fault += " on " + f.Proxy
	}
	if f.Queries != nil {
		return fmt.Sprintf("%s: it met %d of the %s's queries", fault, *f.Queries, subject)
	}
	return fmt.Sprintf("%s: of %d probes, %d failed and %d were late", fault, f.Probes, f.Failed, f.Late)
}

// missing says why the injection is not verified; empty when it is.
func (f Felt) missing() string {
	on := ""
	if f.Proxy != "" {
		on = " on " + f.Proxy
	}
	switch {
	case f.Closed > 0 && f.Failed+f.Late < f.Required:
		return fmt.Sprintf("%s not verified%s: the dependency closed %d of %d probe connections immediately; use fault: {type: latency, latency: 30s}, or a probe after which the dependency keeps the connection open",
			f.Fault, on, f.Closed, f.Probes)
	case f.Fault == "" && f.Failed > 0:
		return fmt.Sprintf("without a fault, %d of %d probes through the proxy%s failed: %s", f.Failed, f.Probes, on, f.Error)
	case f.Fault != "" && (f.Failed+f.Late < f.Required || f.Failed < f.failing):
		required := fmt.Sprint("at least ", f.Required)
		if f.failing > f.Failed {
			required = fmt.Sprintf("at least %d failed", f.failing)
		}
		return fmt.Sprintf("injection of %s not verified%s: of %d probes, %d failed and %d were late, required: %s; is the toxic in place, on this proxy, and strong enough for the probe?",
			f.Fault, on, f.Probes, f.Failed, f.Late, required)
	}
	return ""
}
