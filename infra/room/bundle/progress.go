package bundle

import (
	"fmt"
	"io"
	"time"
)

// progress tells how many files are packed: a line when a second has passed.
type progress struct {
	out       io.Writer
	done, all int
	last      time.Time
}

func (p *progress) step() {
	p.done++
	if time.Since(p.last) >= time.Second || p.done == p.all {
		fmt.Fprintf(p.out, "Packing: %d of %d files\n", p.done, p.all)
		p.last = time.Now()
	}
}
