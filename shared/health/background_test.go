package health

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

const (
	every = 500 * time.Millisecond
	wait  = 800 * time.Millisecond
)

// asked returns a Background whose question takes some time and ends with err, and how often it was asked.
func asked(takes time.Duration, err error) (*Background, *atomic.Int32) {
	count := &atomic.Int32{}
	return NewBackground(every, wait, func(context.Context) error {
		count.Add(1)
		time.Sleep(takes)
		return err
	}), count
}

func TestAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := errors.New("down")
		background, _ := asked(100*time.Millisecond, down)
		start := time.Now()
		if got, want := background.Ask(t.Context()), (Answer{Began: start, Took: 100 * time.Millisecond, Err: down}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})
}

func TestOneQuestionForManyWhoAsk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		background, count := asked(300*time.Millisecond, nil)
		var group sync.WaitGroup
		for range 100 {
			group.Go(func() { background.Ask(t.Context()) })
		}
		group.Wait()
		if got := count.Load(); got != 1 {
			t.Errorf("100 at once: asked %d times, want 1", got)
		}
	})
}

func TestTwiceASecondAtMostAndNotUnasked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		background, count := asked(0, nil)
		for range 1000 {
			background.Ask(t.Context())
			time.Sleep(10 * time.Millisecond)
		}
		if got := count.Load(); got != 20 {
			t.Errorf("100 times a second for 10 s: asked %d times, want 20", got)
		}
		time.Sleep(time.Hour)
		if got := count.Load(); got != 20 {
			t.Errorf("nobody wanted to know for an hour: asked %d times, want 20", got)
		}
	})
}

func TestLateAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		background, count := asked(5*time.Second, nil)
		start := time.Now()
		got := background.Ask(t.Context())
		if took := time.Since(start); took != wait {
			t.Errorf("waited for %s, want %s", took, wait)
		}
		if want := (Answer{Took: wait, Late: true}); got != want {
			t.Errorf("while it is asked: got %+v, want %+v", got, want)
		}
		time.Sleep(4 * time.Second)
		background.Ask(t.Context())
		if got := count.Load(); got != 1 {
			t.Errorf("asked %d times at once, want 1", got)
		}
		time.Sleep(time.Second)
		if got := background.Ask(t.Context()); got.Began != start || got.Err != nil || !got.Late {
			t.Errorf("afterwards: got %+v, want the first answer, and that the second question is late", got)
		}
		time.Sleep(10 * time.Second)
	})
}

func TestWhoeverAskedMayLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, leave := context.WithCancel(t.Context())
		background := NewBackground(every, wait, func(ctx context.Context) error {
			leave()
			time.Sleep(2 * time.Second)
			return ctx.Err()
		})
		background.Ask(ctx)
		time.Sleep(2 * time.Second)
		if got := background.Ask(t.Context()); got.Err != nil || got.Began.IsZero() {
			t.Errorf("got %+v, want an answer although the first who asked has left", got)
		}
		time.Sleep(2 * time.Second)
	})
}
