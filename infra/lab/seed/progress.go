package seed

import (
	"fmt"
	"io"
	"time"
)

// progress tells how far a Run is.
type progress struct {
	out  io.Writer
	last time.Time
}

func newProgress(out io.Writer) *progress {
	if out == nil {
		out = io.Discard
	}
	return &progress{out: out, last: time.Now()}
}

// say writes one line.
func (p *progress) say(format string, values ...any) {
	fmt.Fprintf(p.out, format+"\n", values...)
	p.last = time.Now()
}

// of reports on one table: a line when a second has passed without any.
func (p *progress) of(table, verb string) func(done, all int) {
	return func(done, all int) {
		if done < all && time.Since(p.last) >= time.Second {
			p.say("%-9s %d of %d %s", table, done, all, verb)
		}
	}
}
