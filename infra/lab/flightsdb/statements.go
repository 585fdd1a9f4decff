package flightsdb

import (
	"context"
	"errors"
	"math"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/vitess/go/mysql"
	"golang.org/x/sync/semaphore"
)

// statements are the running statements. They share the memory of the process: a join without a condition but with an order
// keeps billions of rows.
type statements struct {
	limits limits

	// large is the room for the texts of large statements.
	large *semaphore.Weighted

	// collecting is held while the memory is looked at closely.
	collecting sync.Mutex

	// asked is how many statements there were.
	asked atomic.Int64

	// added wakes the watcher.
	added chan struct{}

	mutex   sync.Mutex
	running map[*statement]struct{}
}

// statement is a running statement.
type statement struct {
	started time.Time
	conn    *conn
	cancel  context.CancelCauseFunc

	all *statements

	// made are the bytes of long texts since the last look at the memory.
	made atomic.Int64

	// failed is the error of an expression that cannot return one.
	failed atomic.Pointer[error]

	// answering is held while the answer is sent; abandoned says that nothing is to be sent any more, begun that rows were sent, and
	// broken that the client did not take them.
	answering                sync.Mutex
	abandoned, begun, broken bool
}

// newStatements has none yet. What the process holds at the start, such as data far larger than OpenFlights, leaves statements
// their room.
func newStatements(limits limits) *statements {
	if heapInUse() > limits.memory/3*2 {
		runtime.GC() // Much of it may be garbage.
		limits.memory = max(limits.memory, heapInUse()+limits.memory/3*2)
	}
	limitHeap(limits.memory / 2 * 3)
	return &statements{limits: limits, large: semaphore.NewWeighted(largeTexts), added: make(chan struct{}, 1), running: map[*statement]struct{}{}}
}

// limitHeap makes the garbage collector work harder before the process takes so many bytes, 240 MB with OpenFlights, unless
// GOMEMLIMIT says otherwise.
func limitHeap(bytes uint64) {
	if debug.SetMemoryLimit(-1) == math.MaxInt64 {
		debug.SetMemoryLimit(int64(bytes))
	}
}

// run runs a statement of a connection, with a text of that size, within the limits. The context of the command ends with the time that a statement
// may take, when memory runs low, and when the client is gone; the client is told the cause. A command that does not
// end then is abandoned, and its connection closed. A panic in the library is an error of this statement alone.
func (s *statements) run(parent context.Context, c *conn, size int, command func(context.Context, *statement) error) error {
	s.asked.Add(1)
	limit := s.limits.statement
	if longest := time.Duration(c.longest.Load()) * time.Millisecond; longest > 0 {
		limit = min(limit, longest)
	}
	ctx, stop := context.WithTimeoutCause(parent, limit, errTooLong)
	defer stop()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	running := &statement{started: time.Now(), conn: c, cancel: cancel, all: s}
	ctx = context.WithValue(ctx, statementKey{}, running)
	if err := s.add(ctx, running); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() {
		defer s.remove(running)
		if size > smallText {
			// Nothing stops the library while it reads and plans a statement.
			room := int64(min(size, largeTexts))
			if s.large.Acquire(ctx, room) != nil {
				ended <- context.Cause(ctx)
				return
			}
			defer s.large.Release(room)
		}
		defer func() {
			if recover() != nil {
				ended <- errUnable
			}
		}()
		ended <- command(ctx, running)
	}()
	defer c.unwatch()
	var err error
	select {
	case err = <-ended:
	case <-ctx.Done():
		select {
		case err = <-ended:
		case <-time.After(s.limits.grace):
			running.abandon()
			return running.end(context.Cause(ctx))
		}
	}
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return running.end(cause)
	}
	return running.end(mysqlError(err))
}

// end returns the error to answer with. If rows were sent, the error follows them instead, and the connection goes on.
func (s *statement) end(err error) error {
	s.answering.Lock()
	defer s.answering.Unlock()
	var reason *mysql.SQLError
	if !s.begun || s.broken || !errors.As(err, &reason) {
		return err
	}
	s.conn.instead = reason
	return nil
}

// statementKey is the key of the statement in its context.
type statementKey struct{}

// made counts the bytes of a text that a statement of this context has made. A row of many such texts fills the memory
// sooner than the watch looks at it.
func made(ctx context.Context, bytes int) error {
	if session, ok := ctx.(*sql.Context); ok && session == nil {
		return errUnable // The library looks for a constant.
	}
	if bytes > 16<<10 {
		if running, ok := ctx.Value(statementKey{}).(*statement); ok && running.made.Add(int64(bytes)) > 8<<20 {
			running.made.Store(0)
			running.all.checkMemory(running)
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// fail ends the statement of this context with an error where the library takes none from an expression.
func fail(ctx context.Context, err error) {
	if running, ok := ctx.Value(statementKey{}).(*statement); ok {
		running.failed.CompareAndSwap(nil, &err)
		running.cancel(err)
	}
}

// send sends a part of the answer, unless the statement was abandoned or has failed.
func (s *statement) send(part func() error) error {
	s.answering.Lock()
	defer s.answering.Unlock()
	if s.abandoned {
		return errInterrupted
	}
	if failed := s.failed.Load(); failed != nil {
		return *failed
	}
	s.begun = true
	err := part()
	s.broken = err != nil
	return err
}

// abandon ends the connection after the answer that the caller gives; the statement goes on without it.
func (s *statement) abandon() {
	s.conn.hungUp.Store(true)
	if !s.answering.TryLock() {
		// The client does not read what it asked for.
		s.conn.Conn.Close()
		s.answering.Lock()
	}
	s.abandoned = true
	s.answering.Unlock()
}

// add waits for a while when too many statements run on after their end, and returns an error if they still do.
func (s *statements) add(ctx context.Context, running *statement) error {
	deadline := time.Now().Add(2 * s.limits.grace)
	for !s.tryAdd(running) {
		if time.Now().After(deadline) || ctx.Err() != nil {
			return errTooManyRunaways
		}
		time.Sleep(10 * time.Millisecond)
	}
	return nil
}

// tryAdd reports false when too many statements run on.
func (s *statements) tryAdd(running *statement) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	overdue := 0
	for other := range s.running {
		if other.conn.hungUp.Load() {
			overdue++
		}
	}
	if overdue >= maxRunaways {
		return false
	}
	s.running[running] = struct{}{}
	select {
	case s.added <- struct{}{}:
	default: // The watcher knows already.
	}
	return true
}

func (s *statements) remove(ended *statement) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	delete(s.running, ended)
}

// patience is how long a statement runs before the server looks whether its client is still there.
const patience = 200 * time.Millisecond

// watch ends statements whenever the process uses more memory than it may, and each whose client is gone, until
// the channel is closed. While no statement runs, it waits for one: a database that nobody asks costs no processor time.
func (s *statements) watch(done <-chan struct{}) {
	for {
		select {
		case <-done:
			return
		case <-s.added:
		}
		for running := true; running; running = s.look() {
			s.checkMemory(nil)
			select {
			case <-done:
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	}
}

// brief is how long a statement runs before it counts as one that fills the memory: what the exercises ask is answered whatever others do.
const brief = 50 * time.Millisecond

// checkMemory ends the statements that have run for more than a moment, and the one that looks, if any, when the process uses more memory
// than it may.
func (s *statements) checkMemory(looking *statement) {
	if heapInUse() <= s.limits.memory {
		return
	}
	s.collecting.Lock()
	defer s.collecting.Unlock()
	if heapInUse() <= s.limits.memory {
		return
	}
	// Much of it may be garbage.
	runtime.GC()
	if heapInUse() <= s.limits.memory {
		return
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for running := range s.running {
		if running == looking || time.Since(running.started) > brief {
			running.cancel(errOutOfMemory)
		}
	}
}

// look watches the clients of statements that run for long, and tells whether any statement runs.
func (s *statements) look() bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for running := range s.running {
		if time.Since(running.started) > patience && !running.conn.hungUp.Load() {
			running.conn.watch(func() { running.cancel(errGone) })
		}
	}
	return len(s.running) > 0
}

// heapInUse is how many bytes the objects of the process take, including garbage.
func heapInUse() uint64 {
	heap := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(heap)
	return heap[0].Value.Uint64()
}

// cancel ends all statements.
func (s *statements) cancel(cause *mysql.SQLError) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for running := range s.running {
		running.cancel(cause)
	}
}
