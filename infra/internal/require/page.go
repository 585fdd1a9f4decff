package require

import (
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Page is a document whose figures a test compares with what it measured.
type Page struct{ path, text string }

// ReadPage reads the document at path.
func ReadPage(t testing.TB, path string) Page {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return Page{path, string(text)}
}

// Figure fails the test unless the page has one number at the place that pattern's one group describes, and got is that number,
// give or take the tolerance. A space of the pattern matches a line break too.
func (p Page) Figure(t testing.TB, pattern string, got, tolerance float64) {
	t.Helper()
	if said, want, ok := p.number(t, pattern); ok && math.Abs(got-want) > tolerance {
		t.Errorf("%s says %q, but here it is %.4g, want that within %.4g", p.path, said, got, tolerance)
	}
}

// AtMost is like Figure, for a number in the page that is a limit.
func (p Page) AtMost(t testing.TB, pattern string, got float64) {
	t.Helper()
	if said, limit, ok := p.number(t, pattern); ok && got > limit {
		t.Errorf("%s says %q, but here it is %.4g", p.path, said, got)
	}
}

// number finds the one place of the page that pattern describes, and the number there.
func (p Page) number(t testing.TB, pattern string) (said string, number float64, ok bool) {
	t.Helper()
	found := regexp.MustCompile(strings.ReplaceAll(pattern, " ", `\s+`)).FindAllStringSubmatch(p.text, -1)
	if len(found) != 1 {
		t.Errorf("%s has %d figures at %q, want one", p.path, len(found), pattern)
		return "", 0, false
	}
	number, err := strconv.ParseFloat(strings.ReplaceAll(found[0][1], ",", ""), 64)
	if err != nil {
		t.Errorf("%s at %q: %v", p.path, pattern, err)
		return "", 0, false
	}
	return strings.Join(strings.Fields(found[0][0]), " "), number, true
}
