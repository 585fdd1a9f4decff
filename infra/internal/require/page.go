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
	found := regexp.MustCompile(strings.ReplaceAll(pattern, " ", `\s+`)).FindAllStringSubmatch(p.text, -1)
	if len(found) != 1 {
		t.Errorf("%s has %d figures at %q, want one", p.path, len(found), pattern)
		return
	}
	want, err := strconv.ParseFloat(strings.ReplaceAll(found[0][1], ",", ""), 64)
	if err != nil {
		t.Errorf("%s at %q: %v", p.path, pattern, err)
		return
	}
	if math.Abs(got-want) > tolerance {
		t.Errorf("%s says %q, but here it is %.4g, want that within %.4g", p.path, strings.Join(strings.Fields(found[0][0]), " "), got, tolerance)
	}
}
