package health

import (
	"context"
	"sync"
	"time"
)

// Answer is the result of a question.
type Answer struct {
	// Began is when it was asked; Took is how long it took.
	Began time.Time
	Took  time.Duration
	// Err is nil when all was well.
	Err error
	// Late says that a newer question has no answer yet.
	Late bool
}

// Background asks a question in the background, one at a time and only while somebody wants to know. It does not keep the
// caller waiting, and does not overload whatever it asks.
type Background struct {
	every, wait time.Duration
	question    func(context.Context) error

	mutex sync.Mutex
	last  Answer
	// began is when the latest question was asked; pending is closed when it is answered, and nil before the first.
	began   time.Time
	pending chan struct{}
}

// NewBackground returns a Background that asks the question at most once in each interval of length every. Ask waits up to
// wait for an answer. The question must end by itself.
func NewBackground(every, wait time.Duration, question func(context.Context) error) *Background {
	return &Background{every: every, wait: wait, question: question}
}

// Ask returns the last answer. The question sees the values of ctx, but does not end with it.
func (b *Background) Ask(ctx context.Context) Answer {
	pending := b.ask(context.WithoutCancel(ctx))
	timer := time.NewTimer(b.wait)
	defer timer.Stop()
	select {
	case <-pending:
	case <-timer.C:
	}
	b.mutex.Lock()
	defer b.mutex.Unlock()
	answer := b.last
	if b.began.After(answer.Began) {
		answer.Late, answer.Took = true, time.Since(b.began)
	}
	return answer
}

// ask asks the question, unless it is already being asked or was asked a moment ago.
func (b *Background) ask(ctx context.Context) <-chan struct{} {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	idle := b.pending == nil || b.last.Began.Equal(b.began)
	if !idle || time.Since(b.began) < b.every {
		return b.pending
	}
	began, pending := time.Now(), make(chan struct{})
	b.began, b.pending = began, pending
	go func() {
		defer close(pending)
		err := b.question(ctx)
		b.mutex.Lock()
		defer b.mutex.Unlock()
		b.last = Answer{Began: began, Took: time.Since(began), Err: err}
	}()
	return pending
}
