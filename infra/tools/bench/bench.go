// Package bench runs the workshop's Go benchmarks, compares each figure with its reference and its bounds, and writes the
// ledger. The benchmarks stand beside the code that they measure; those of several parts together are this package's tests.
package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Options say what to measure.
type Options struct {
	// Short takes few samples, within a minute: enough for the wide bounds, not for the targets.
	Short bool
	// Only matches the names of the suites to run; nil for all.
	Only *regexp.Regexp
	// Output gets what go test prints.
	Output io.Writer
}

// Ledger is what one run measured.
type Ledger struct {
	// CPU is the processor's name, as go test prints it.
	CPU      string
	Sections []Section
}

// Section is what one suite measured.
type Section struct {
	Title string
	// Missing is what this machine lacks to measure it; empty when it was measured.
	Missing string
	Lines   []Line
}

// Line is one figure, measured.
type Line struct {
	figure
	// Value and Reference are medians in the figure's unit. Reference is 0 where there is none.
	Value, Reference float64
	// Notes are further figures of the same benchmark.
	Notes []string
}

// Names are the names of the suites.
func Names() []string {
	var names []string
	for _, one := range suites {
		names = append(names, one.name)
	}
	return names
}

// Run runs the suites, one after the other, in the folder root. The error says that a benchmark failed or is missing.
func Run(ctx context.Context, root string, options Options) (ledger Ledger, err error) {
	for _, one := range suites {
		flags := one.flags
		if options.Short {
			flags = one.short
		}
		if flags == "" || options.Only != nil && !options.Only.MatchString(one.name) {
			continue
		}
		arguments := append([]string{"test", "-v", "-p=1", "-timeout=20m", "-run=^$", "-benchmem", "-bench=" + one.pattern}, strings.Fields(flags)...)
		var printed bytes.Buffer
		command := exec.CommandContext(ctx, "go", append(arguments, one.packages...)...)
		command.Dir = root
		command.Stdout = io.MultiWriter(&printed, options.Output)
		command.Stderr = command.Stdout
		if err := command.Run(); err != nil {
			return ledger, fmt.Errorf("benchmarks of %s: go %s: %w", one.name, strings.Join(command.Args[1:], " "), err)
		}
		section, err := one.read(printed.String())
		if err != nil {
			return ledger, fmt.Errorf("benchmarks of %s: %w", one.name, err)
		}
		if cpu := processor.FindStringSubmatch(printed.String()); cpu != nil {
			ledger.CPU = cpu[1]
		}
		ledger.Sections = append(ledger.Sections, section)
	}
	return ledger, nil
}

var (
	// skipped finds what a benchmark lacks, as the package require says it.
	skipped   = regexp.MustCompile(`SKIPPED, NOTHING WAS TESTED: (.*) is missing`)
	processor = regexp.MustCompile(`(?m)^cpu: (.*)$`)
)

// read takes the suite's figures out of what go test printed.
func (s suite) read(printed string) (Section, error) {
	section := Section{Title: s.title}
	if lacks := skipped.FindStringSubmatch(printed); lacks != nil {
		section.Missing = lacks[1]
		return section, nil
	}
	found := parse(printed)
	for _, figure := range s.figures {
		value, ok := median(found[figure.of])
		if !ok {
			return section, fmt.Errorf("go test printed no %q", figure.of)
		}
		line := Line{figure: figure, Value: value}
		if figure.reference != "" {
			if line.Reference, ok = median(found[figure.reference]); !ok {
				return section, fmt.Errorf("go test printed no %q", figure.reference)
			}
		}
		benchmark, _, _ := strings.Cut(figure.of, " ")
		for _, unit := range figure.notes {
			note, _ := median(found[benchmark+" "+unit])
			line.Notes = append(line.Notes, number(note)+" "+unit)
		}
		section.Lines = append(section.Lines, line)
	}
	return section, nil
}

// parse reads the lines of figures that go test prints: each value under the package, the benchmark and the unit, such as
// "exercise5.Policies ns/op".
func parse(printed string) map[string][]float64 {
	found := map[string][]float64{}
	folder := ""
	for line := range strings.Lines(printed) {
		fields := strings.Fields(line)
		switch {
		case len(fields) == 2 && fields[0] == "pkg:":
			folder = strings.TrimPrefix(fields[1], "chaosworkshop/")
		case len(fields) >= 4 && strings.HasPrefix(fields[0], "Benchmark"):
			name, _, _ := strings.Cut(strings.TrimPrefix(fields[0], "Benchmark"), "-")
			for i := 2; i+1 < len(fields); i += 2 {
				if value, err := strconv.ParseFloat(fields[i], 64); err == nil {
					key := folder + "." + name + " " + fields[i+1]
					found[key] = append(found[key], value)
				}
			}
		}
	}
	return found
}

// median is the middle of the values; false when there are none.
func median(values []float64) (float64, bool) {
	if len(values) == 0 {
		return 0, false
	}
	return slices.Sorted(slices.Values(values))[len(values)/2], true
}

// judged is what the bounds are about: the ratio where there is a reference, else the value.
func (l Line) judged() float64 {
	if l.reference == "" {
		return l.Value
	}
	return l.Value / l.Reference
}

// Missed lists the figures above their target.
func (l Ledger) Missed() []string { return l.above(func(f figure) float64 { return f.target }) }

// Broken lists the figures above their wide bound, which no noise explains.
func (l Ledger) Broken() []string { return l.above(func(f figure) float64 { return f.wide }) }

func (l Ledger) above(bound func(figure) float64) []string {
	var found []string
	for _, section := range l.Sections {
		for _, line := range section.Lines {
			most := bound(line.figure)
			// Not the reverse comparison: a figure that is no number keeps to no bound.
			if most > 0 && !(line.judged() <= most) {
				unit := line.unit()
				if line.reference != "" {
					unit = "times " + line.against
				}
				found = append(found, fmt.Sprintf("%s: %s %s, at most %s", line.what, number(line.judged()), unit, number(most)))
			}
		}
	}
	return found
}

// number writes a number with three significant digits, and all digits before the point.
func number(value float64) string {
	if value >= 100 || value == float64(int64(value)) {
		return strconv.FormatFloat(value, 'f', 0, 64)
	}
	return strconv.FormatFloat(value, 'g', 3, 64)
}
