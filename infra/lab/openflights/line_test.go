package openflights

import (
	"reflect"
	"strings"
	"testing"
)

func TestSplit(t *testing.T) {
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
			got, reason := split(nil, []byte(test.line+"\n"))
			if reason != test.reason || reason == "" && !reflect.DeepEqual(got, test.want) {
				t.Errorf("fields %+v, reason %q, want %+v, %q", got, reason, test.want, test.reason)
			}
		})
	}
}
