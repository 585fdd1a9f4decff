package soak

import (
	"context"
	"time"
)

// meter measures one process.
type meter struct {
	name     string
	pid      int
	samples  []int
	sockets  [2]int // Before and after.
	measured bool   // Whether this system tells the number of sockets.
}

// sample notes the resident memory, where it can be measured.
func (m *meter) sample() {
	if bytes, ok := resident(m.pid); ok {
		m.samples = append(m.samples, bytes)
	}
}

// last is the newest sample; 0 when there is none.
func (m *meter) last() int {
	if len(m.samples) == 0 {
		return 0
	}
	return m.samples[len(m.samples)-1]
}

// before counts the sockets at rest.
func (m *meter) before() { m.sockets[0], m.measured = sockets(m.pid) }

// after counts the sockets again, and gives those that are still closing some time.
func (m *meter) after(ctx context.Context) {
	for end := time.Now().Add(settle); ; {
		m.sockets[1], _ = sockets(m.pid)
		if m.sockets[1] <= m.sockets[0] || time.Now().After(end) || ctx.Err() != nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
}
