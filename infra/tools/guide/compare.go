package guide

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A measurement is a number that differs between two honest runs. Each kind has its own tolerance: wide enough for a busy
// machine and for chance, narrow enough that a document which says the wrong thing is caught.
type measurement struct {
	// pattern finds it. Its first group is the number; the second, where there is one, the unit of time.
	pattern *regexp.Regexp
	// mask stands for it when texts are compared.
	mask string
	// near tells whether two values say the same; times are in seconds.
	near func(a, b float64) bool
}

// nearShare is within 15 points: of 200 requests that fail by chance, a share moves by a few.
func nearShare(a, b float64) bool { return math.Abs(a-b) <= 15 }

// nearTime is within 60 ms or a factor of 2.5: the scheduler of a busy machine takes tens of milliseconds.
func nearTime(a, b float64) bool { return math.Abs(a-b) <= 0.06 || max(a, b) <= 2.5*min(a, b) }

// nearMilliseconds is nearTime for numbers of milliseconds.
func nearMilliseconds(a, b float64) bool { return nearTime(a/1000, b/1000) }

// nearCount is within a half and 15: counts of failures are small and come in bunches.
func nearCount(a, b float64) bool { return math.Abs(a-b) <= 15+max(a, b)/2 }

// anyway is for what says nothing, such as a date.
func anyway(float64, float64) bool { return true }

var measurements = []measurement{
	{regexp.MustCompile(`(\d)\d{3}[/-]\d\d[/-]\d\d[ T]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?`), "DATE", anyway},
	{regexp.MustCompile(`request=(\w+)`), "request=ID", anyway},
	{regexp.MustCompile(`Date: (\d*)[A-Z].* GMT`), "Date: DATE", anyway},
	{regexp.MustCompile(`(\d+(?:\.\d+)?) ?%`), "SHARE", nearShare},
	{regexp.MustCompile(`"\w*[dD]uration": ?(\d+(?:\.\d+)?)`), "DURATION", nearMilliseconds},
	{regexp.MustCompile(`(\d+(?:\.\d+)?) ?(µs|ms|s)\b`), "TIME", nearTime},
	{regexp.MustCompile(`Retry-After: (\d+)`), "Retry-After: TIME", nearTime},
	{regexp.MustCompile(`(\d+(?:\.\d+)?) a second`), "RATE", nearCount},
	{regexp.MustCompile(`\bx (\d+)`), "COUNT", nearCount},
	{regexp.MustCompile(`(\d+) requests`), "COUNT requests", nearCount},
	{regexp.MustCompile(`_total(?:{[^}]*})? (\d+)`), "TOTAL", nearCount},
}

// units are the units of time, in seconds.
var units = map[string]float64{"µs": 1e-6, "ms": 1e-3, "s": 1}

// value is one measurement in a line.
type value struct {
	kind   int
	number float64
}

// mask replaces the measurements of a line by their kinds, and runs of spaces by one: numbers move columns.
func mask(line string) (string, []value) {
	var values []value
	for kind, measurement := range measurements {
		line = measurement.pattern.ReplaceAllStringFunc(line, func(found string) string {
			groups := measurement.pattern.FindStringSubmatch(found)
			number, _ := strconv.ParseFloat(groups[1], 64) // The pattern admits only numbers, and none for a date.
			if len(groups) > 2 {
				number *= units[groups[2]]
			}
			values = append(values, value{kind, number})
			return measurement.mask
		})
	}
	return strings.Join(strings.Fields(line), " "), values
}

// sameShape tells whether two lines are equal but for their measurements.
func sameShape(a, b string) bool {
	shapeA, _ := mask(a)
	shapeB, _ := mask(b)
	return shapeA == shapeB
}

// near tells whether two lines have one shape and numbers close to each other.
func near(want, got string) bool {
	wantShape, wantValues := mask(want)
	gotShape, gotValues := mask(got)
	if wantShape != gotShape {
		return false
	}
	for i, value := range wantValues {
		if !measurements[value.kind].near(value.number, gotValues[i].number) {
			return false
		}
	}
	return true
}

// ellipsis replaces any number of lines that a transcript leaves out.
const ellipsis = "..."

// align matches the output with the documented lines, of which each ellipsis matches any number of lines, and returns the
// output with the same ellipses; false when they do not match.
func align(want, got []string, same func(want, got string) bool) ([]string, bool) {
	for i, line := range want {
		if line == ellipsis {
			for skip := 0; i+skip <= len(got); skip++ {
				if rest, ok := align(want[i+1:], got[i+skip:], same); ok {
					return slices.Concat(got[:i], []string{ellipsis}, rest), true
				}
			}
			return nil, false
		}
		if i >= len(got) || !same(line, got[i]) {
			return nil, false
		}
	}
	return got, len(got) == len(want)
}

// compare says how the output of a run differs from the documented lines, or nothing.
func compare(want, got []string) string {
	if _, ok := align(want, got, near); ok {
		return ""
	}
	if _, missing := found(want, got, near); missing != "" {
		return fmt.Sprintf("documented %q, and the output has no such line", missing)
	}
	return "the output has more lines, or has them in another place"
}

// shortened is the output with ellipses where the documented lines have them: between lines of the same shapes, else after
// the same numbers of lines.
func shortened(want, got []string) []string {
	for _, same := range []func(want, got string) bool{sameShape, func(string, string) bool { return true }} {
		if lines, ok := align(want, got, same); ok {
			return lines
		}
	}
	return got
}

// found are the lines of a log that match the documented ones, in this order. The second result is the first documented
// line that has none.
func found(want, log []string, same func(want, got string) bool) ([]string, string) {
	var lines []string
	for _, line := range want {
		if line == ellipsis {
			continue
		}
		at := slices.IndexFunc(log, func(logged string) bool { return same(line, logged) })
		if at < 0 {
			return nil, line
		}
		lines = append(lines, log[at])
		log = log[at+1:]
	}
	return lines, ""
}
