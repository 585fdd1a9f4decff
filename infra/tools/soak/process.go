package soak

import (
	"bytes"
	"context"
	"net"
	"net/url"
	"runtime/pprof"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/procfs"
)

// process is a process that must not leak. Where there is no /proc, the numbers of sockets are -1 and there is no memory.
type process struct {
	name    string
	pid     int
	sockets [2]int    // At rest, before and after.
	memory  []float64 // Resident, in megabytes, once a second.
}

// sample notes the resident memory and returns it; 0 where it cannot be measured.
func (p *process) sample() float64 {
	proc, err := procfs.NewProc(p.pid)
	if err != nil {
		return 0
	}
	stat, err := proc.Stat()
	if err != nil {
		return 0
	}
	megabytes := float64(stat.ResidentMemory()) / (1 << 20)
	p.memory = append(p.memory, megabytes)
	return megabytes
}

// before counts the sockets at rest.
func (p *process) before() { p.sockets[0] = p.countSockets() }

// settle counts the sockets again, and gives those that are still closing some time.
func (p *process) settle(ctx context.Context) {
	for end := time.Now().Add(settle); ; time.Sleep(50 * time.Millisecond) {
		p.sockets[1] = p.countSockets()
		if p.sockets[1] <= p.sockets[0] || time.Now().After(end) || ctx.Err() != nil {
			return
		}
	}
}

// countSockets is how many sockets the process has open, ports that it listens on included.
func (p *process) countSockets() int {
	proc, err := procfs.NewProc(p.pid)
	if err != nil {
		return -1
	}
	targets, err := proc.FileDescriptorTargets()
	if err != nil {
		return -1
	}
	count := 0
	for _, target := range targets {
		if strings.HasPrefix(target, "socket:") {
			count++
		}
	}
	return count
}

// fewest is the least number of samples, one a second, that a verdict about memory rests on: below, the start is all there
// is to see.
const fewest = 60

// growth is by how many megabytes the memory grew from the second quarter of the samples, after the start, to the last,
// and how much of that may be noise: Go's garbage collector returns memory when it sees fit, so at least 10 MB are, and
// twice the range in which half of the samples of a quarter lie.
func growth(samples []float64) (grew, noise float64) {
	quarter := len(samples) / 4
	early := slices.Sorted(slices.Values(samples[quarter : 2*quarter]))
	late := slices.Sorted(slices.Values(samples[len(samples)-quarter:]))
	spread := func(sorted []float64) float64 { return sorted[len(sorted)*3/4] - sorted[len(sorted)/4] }
	return late[len(late)/2] - early[len(early)/2], max(10, 2*spread(early), 2*spread(late))
}

// ownGoroutines are the stacks of the goroutines of this process, besides those that Toxiproxy 2.12 leaves behind in its toxics for connections
// that its faults, such as cut, close while data is on its way and, if answers are large, anywhere in proxies that hang and are
// abandoned. Nothing reaches them any more. Proxies of ours that were left would be open ports.
func ownGoroutines(large bool) (own []string, toxiproxys int) {
	var stacks bytes.Buffer
	_ = pprof.Lookup("goroutine").WriteTo(&stacks, 2) // A buffer takes everything.
	for stack := range strings.SplitSeq(stacks.String(), "\n\n") {
		if strings.Contains(stack, "Shopify/toxiproxy/v2/toxics.") || large && strings.Contains(stack, "Shopify/toxiproxy/v2.") {
			toxiproxys++
		} else {
			own = append(own, stack)
		}
	}
	return own, toxiproxys
}

// stillOpen are the addresses on which something still listens.
func stillOpen(addresses []string) []string {
	var open []string
	for _, address := range addresses {
		if conn, err := net.DialTimeout("tcp", address, time.Second); err == nil {
			conn.Close()
			open = append(open, address)
		}
	}
	return open
}

// hostOf is the host and port of a URL.
func hostOf(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return address
	}
	return parsed.Host
}
