package openflights

import (
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
)

func TestLineReader(t *testing.T) {
	null := field{null: true}
	for _, test := range []struct {
		name, line string
		want       []field
		reason     string
	}{
		{name: "bare", line: `2B,410,,0`, want: []field{{text: "2B"}, {text: "410"}, {}, {text: "0"}}},
		{name: "quoted", line: `"a","b, c",""`, want: []field{{text: "a"}, {text: "b, c"}, {}}},
		{name: "null", line: `\N,"\\N",\N`, want: []field{null, {text: `\N`}, null}},
		{name: "escaped quote", line: `"Port O\'Connor \"x\""`, want: []field{{text: `Port O'Connor "x"`}}},
		{name: "escaped backslash at the end", line: `"\\'\\",1`, want: []field{{text: `\'\`}, {text: "1"}}},
		{name: "doubled quote", line: `"Warren ""Bud"" Woods","""x"""`, want: []field{{text: `Warren "Bud" Woods`}, {text: `"x"`}}},
		{name: "empty last field", line: `a,`, want: []field{{text: "a"}, {}}},
		{name: "CRLF", line: "a,b\r", want: []field{{text: "a"}, {text: "b"}}},
		{name: "byte order mark", line: "\ufeffa", want: []field{{text: "a"}}},
		{name: "longest line", line: strings.Repeat("x", maxLine), want: []field{{text: strings.Repeat("x", maxLine)}}},
		{name: "one too long", line: strings.Repeat("x", maxLine+1), reason: "line too long"},
		{name: "far too long", line: strings.Repeat("x", 3*maxLine), reason: "line too long"},
		{name: "empty", line: "", reason: "empty line"},
		{name: "not closed", line: `"a,b`, reason: "missing closing quote"},
		{name: "backslash at the end", line: `"a\`, reason: "missing closing quote"},
		{name: "text after quote", line: `"a"b,c`, reason: "text after a closing quote"},
		{name: "quote in bare", line: `a"b",c`, reason: "quote inside an unquoted field"},
		{name: "Latin-1", line: "M\xe1laga", reason: "not UTF-8"},
	} {
		t.Run(test.name, func(t *testing.T) {
			// The line behind shows that the reader goes on in the right place.
			lines := newLineReader(strings.NewReader(test.line + "\nlast"))
			got, reason, err := lines.next()
			if err != nil {
				t.Fatal(err)
			}
			if reason != test.reason || reason == "" && !reflect.DeepEqual(got, test.want) {
				t.Errorf("fields %+v, reason %q, want %+v, %q", got, reason, test.want, test.reason)
			}
			if last, reason, err := lines.next(); len(last) != 1 || last[0].text != "last" || reason != "" || err != nil {
				t.Errorf("line behind: %+v, %q, %v", last, reason, err)
			}
			if _, _, err := lines.next(); !errors.Is(err, io.EOF) {
				t.Errorf("end: %v, want EOF", err)
			}
		})
	}
}

func TestLineReaderFailure(t *testing.T) {
	broken := errors.New("disk on fire")
	for _, before := range []string{"", "a,b", strings.Repeat("x", 2*maxLine)} {
		lines := newLineReader(io.MultiReader(strings.NewReader(before), iotest.ErrReader(broken)))
		if _, _, err := lines.next(); !errors.Is(err, broken) {
			t.Errorf("after %d bytes: %v, want %v", len(before), err, broken)
		}
	}
}
