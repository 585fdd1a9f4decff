package livepage

import (
	"sync"
	"time"
)

// clock is the time of a race: it stands still while the race is paused.
type clock struct {
	mutex  sync.Mutex
	base   time.Duration // What had passed when the clock last started or stopped.
	since  time.Time
	paused bool
}

// newClock returns a running clock at zero.
func newClock() *clock { return &clock{since: time.Now()} }

// Now is the race's time in milliseconds.
func (c *clock) Now() int64 {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.now().Milliseconds()
}

// Pause stops the clock, or lets it go on.
func (c *clock) Pause(paused bool) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.base, c.since, c.paused = c.now(), time.Now(), paused
}

func (c *clock) now() time.Duration {
	if c.paused {
		return c.base
	}
	return c.base + time.Since(c.since)
}
