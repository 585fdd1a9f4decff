package flightsdb

import (
	"context"
	"runtime"
	"runtime/metrics"
	"sync"
	"time"
)

// statements are the running statements. They share the memory of the process: a join without a condition but with an order
// keeps billions of rows.
type statements struct {
	limits limits

	mutex   sync.Mutex
	running map[int64]context.CancelCauseFunc
	last    int64
}

func newStatements(limits limits) *statements {
	return &statements{limits: limits, running: map[int64]context.CancelCauseFunc{}}
}

// begin is called when a statement begins. Its context ends with the time that a statement may take, or when memory
// runs low; the client is told the cause. The caller calls end.
func (s *statements) begin(parent context.Context) (ctx context.Context, end func()) {
	ctx, stop := context.WithTimeoutCause(parent, s.limits.statement, errTooLong)
	ctx, cancel := context.WithCancelCause(ctx)
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.last++
	number := s.last
	s.running[number] = cancel
	return ctx, func() {
		s.mutex.Lock()
		delete(s.running, number)
		s.mutex.Unlock()
		cancel(nil)
		stop()
	}
}

// watch ends all statements whenever the process uses more memory than it may, until the channel is closed.
func (s *statements) watch(done <-chan struct{}) {
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-done:
			return
		case <-ticker.C:
			if heapInUse() <= s.limits.memory {
				continue
			}
			// Much of it may be garbage.
			runtime.GC()
			if heapInUse() > s.limits.memory {
				s.cancel()
			}
		}
	}
}

// heapInUse is how many bytes the objects of the process take, including garbage.
func heapInUse() uint64 {
	heap := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(heap)
	return heap[0].Value.Uint64()
}

func (s *statements) cancel() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, cancel := range s.running {
		cancel(errOutOfMemory)
	}
}
