package trace

import (
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/fatih/color"

	"chaosworkshop/infra/chaos/load"
)

// The columns of a printed timeline, which fits a terminal of 80.
const (
	nameWidth = 13
	barWidth  = 32
)

// paints are the colours of the outcomes on a terminal.
var paints = map[load.Outcome]*color.Color{
	load.OK: color.New(color.FgGreen), load.Rejected: color.New(color.FgMagenta), load.Timeout: color.New(color.FgYellow),
	load.Error: color.New(color.FgRed), load.NoAnswer: color.New(color.FgRed), "": color.New(color.Faint),
}

// Print writes the timeline: a bar for each line on a common scale, where a limit is, and what it shows.
func (r Request) Print(out io.Writer, limits Limits) {
	whole := max(0.01, milliseconds(r.Span.End-r.Span.Start))
	column := func(ms float64) int { return min(barWidth-1, max(0, int(math.Round(ms/whole*(barWidth-1))))) }
	for _, line := range r.Lines(limits) {
		name := line.Name
		if name == "dial" {
			name = "  dial"
		}
		from, to := column(line.Start), column(line.Start+line.Took)
		mark := "█"
		if line.Outcome == "" {
			mark = "·"
		}
		bar := paints[line.Outcome].Sprint(strings.Repeat(mark, to-from+1))
		fmt.Fprintf(out, "  %-*s%s%s%s  %s\n", nameWidth, name, strings.Repeat(" ", from), bar, strings.Repeat(" ", barWidth-1-to), line.Words)
	}
	scale := short(r.Took())
	fmt.Fprintf(out, "  %-*s0%*s\n", nameWidth, "", barWidth-1, scale)
	if limits.Timeout > 0 {
		words := fmt.Sprintf("TIMEOUT %s an attempt", short(limits.Timeout))
		if limits.Deadline > 0 {
			words += fmt.Sprintf(", RETRY_ATTEMPTS %d, DEADLINE %s for all", limits.Attempts, short(limits.Deadline))
		}
		fmt.Fprintf(out, "  %-*s%s\n", nameWidth, "limits", words)
	}
	fmt.Fprintf(out, "\n%s\n", r.Sentence(limits))
}
