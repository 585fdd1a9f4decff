package openflights

import (
	"fmt"
	"io"
)

// progress writes plain lines about one file's download: every quarter, so that a log stays readable. It is the writer
// to which the content is copied in passing.
type progress struct {
	out  io.Writer
	name string
	// alive is called whenever something came.
	alive       func()
	done, total int64
	quarter     int64
}

// start notes how much is there of how many bytes; a total below 1 is unknown.
func (p *progress) start(done, total int64) {
	p.done, p.total = done, total
	switch {
	case total < 1:
		p.say("size unknown")
	case done > 0:
		p.quarter = 4 * done / total
		p.say("%s bytes, going on at %d %%", thousands(total), 100*done/total)
	default:
		p.say("%s bytes", thousands(total))
	}
}

// Write counts the bytes. It never fails: a closed terminal does not stop a download.
func (p *progress) Write(bytes []byte) (int, error) {
	p.alive()
	p.done += int64(len(bytes))
	if p.total > 0 {
		if quarter := 4 * p.done / p.total; quarter > p.quarter {
			p.quarter = quarter
			p.say("%d %%", 25*quarter)
		}
	}
	return len(bytes), nil
}

// say writes one line about the file.
func (p *progress) say(format string, args ...any) {
	fmt.Fprintf(p.out, "%s: %s\n", p.name, fmt.Sprintf(format, args...))
}
