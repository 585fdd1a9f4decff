package openflights

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"chaosworkshop/shared/mutants"
)

// FuzzRead reads any content as each of the five files: nothing panics, no row is lost, and the rows that are kept fit the schema.
func FuzzRead(f *testing.F) {
	var seeds [][]any
	for _, content := range slices.Sorted(maps.Values(smallSet())) {
		seeds = append(seeds, []any{[]byte(content)})
	}
	for _, seed := range []string{
		"", "\n", "\r\n\r\n", `"`, `"\`, `""""`, `"a""b",\N`, ",,,,,,,\n", "\ufeff\"en_XX\",\"x\"", "\xff,\x00",
		`"a","b"` + "\n" + `"A","c"`, strings.Repeat(",", 20), `1e999,NaN,-0,0x1`,
	} {
		seeds = append(seeds, []any{[]byte(seed)})
	}
	mutants.Add(f, seeds...)
	f.Fuzz(func(t *testing.T, content []byte) {
		fuzzTable(t, airlines(), content)
		fuzzTable(t, countries(), content)
		fuzzTable(t, locales(), content)
		for _, airport := range fuzzTable(t, airports(), content) {
			if !(airport.X >= -180 && airport.X <= 180 && airport.Y >= -90 && airport.Y <= 90) {
				t.Errorf("airport off the earth: %+v", airport)
			}
		}
		for _, route := range fuzzTable(t, routes(), content) {
			if route.Stops < 0 || utf8.RuneCountInString(route.Equipment) > 255 || !utf8.ValidString(route.Equipment) {
				t.Errorf("route does not fit: %+v", route)
			}
		}
	})
}

// fuzzTable reads the content as one table and checks the counts.
func fuzzTable[T any](t *testing.T, table table[T], content []byte) []T {
	t.Helper()
	values, report := table.read(content)
	content = bytes.TrimPrefix(content, []byte("\ufeff"))
	lines := bytes.Count(content, []byte("\n"))
	if len(content) > 0 && content[len(content)-1] != '\n' {
		lines++
	}
	if report.Read != lines || report.Kept != len(values) || min(report.Rejected(), maxRejections) != len(report.Rejections) {
		t.Errorf("%s: %+v, want %d rows read, %d kept, the others listed", table.name, report, lines, len(values))
	}
	return values
}
