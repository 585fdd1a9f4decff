package guide

import (
	"fmt"
	"math"
	"regexp"
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

// sameLine says how a line of a run differs from the documented one, or nothing.
func sameLine(want, got string) string {
	wantShape, wantValues := mask(want)
	gotShape, gotValues := mask(got)
	if wantShape != gotShape {
		return fmt.Sprintf("documented %q, got %q", want, got)
	}
	for i, value := range wantValues {
		if !measurements[value.kind].near(value.number, gotValues[i].number) {
			return fmt.Sprintf("documented %q, got %q: a number is too far away", want, got)
		}
	}
	return ""
}

// ellipsis stands in a transcript for lines that are left out.
const ellipsis = "..."

// compare says how the output of a run differs from the documented lines, or nothing.
func compare(want, got []string) string {
	for i, line := range want {
		if line == ellipsis {
			return compareAfter(want[i+1:], got[i:])
		}
		if i >= len(got) {
			return fmt.Sprintf("documented %q, and the output ended", line)
		}
		if difference := sameLine(line, got[i]); difference != "" {
			return difference
		}
	}
	if len(got) > len(want) {
		return fmt.Sprintf("the output goes on with %q", got[len(want)])
	}
	return ""
}

// compareAfter compares what follows an ellipsis with the end of the output.
func compareAfter(want, got []string) string {
	if len(got) < len(want) {
		return fmt.Sprintf("documented %d lines at the end, and the output has %d", len(want), len(got))
	}
	return compare(want, got[len(got)-len(want):])
}

// shortened is the output with an ellipsis at the same place as in the documented lines.
func shortened(want, got []string) []string {
	for i, line := range want {
		rest := len(want) - i - 1
		if line == ellipsis && len(got) > i+rest {
			lines := append([]string{}, got[:i]...)
			return append(append(lines, ellipsis), got[len(got)-rest:]...)
		}
	}
	return got
}
