package require

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Errorf, unlike Fatalf, lets the test go on.
func (w *witness) Errorf(format string, args ...any) { w.got = fmt.Sprintf(format, args...) }

func TestFigure(t *testing.T) {
	path := filepath.Join(t.TempDir(), "page.md")
	if err := os.WriteFile(path, []byte("The timeout serves\n68 % of 2,000 users.\n\n| 1 s | 2 s |\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	page := ReadPage(t, path)
	for _, test := range []struct {
		pattern   string
		got       float64
		tolerance float64
		want      string // Part of the complaint; empty for none.
	}{
		{`timeout serves (\S+) %`, 71, 4, ""},
		{`timeout serves (\S+) %`, 73, 4, `says "timeout serves 68 %", but here it is 73`},
		{`of (\S+) users`, 2000, 0, ""},
		{`timeout serves (\S+) s`, 68, 4, "has 0 figures"},
		{`\| (\d) s`, 1, 1, "has 2 figures"},
		{`of 2,000 (\S+)\.`, 1, 1, "invalid syntax"},
	} {
		seen := &witness{}
		page.Figure(seen, test.pattern, test.got, test.tolerance)
		if (seen.got == "") != (test.want == "") || !strings.Contains(seen.got, test.want) {
			t.Errorf("%s with %v: got %q, want %q", test.pattern, test.got, seen.got, test.want)
		}
	}
}

func TestAtMost(t *testing.T) {
	page := Page{"page.md", "back within 6 s"}
	for got, want := range map[float64]string{6: "", 6.1: `page.md says "within 6 s", but here it is 6.1`} {
		seen := &witness{}
		page.AtMost(seen, `within (\S+) s`, got)
		if seen.got != want {
			t.Errorf("with %v: got %q, want %q", got, seen.got, want)
		}
	}
}
