package require

import (
	"fmt"
	"testing"
)

// witness is a test that writes down how it was ended.
type witness struct {
	testing.TB
	got string
}

func (w *witness) Helper() {}

func (w *witness) Fatalf(format string, args ...any) {
	w.got = "failed: " + fmt.Sprintf(format, args...)
	panic(w)
}

func (w *witness) Skipf(format string, args ...any) {
	w.got = "skipped: " + fmt.Sprintf(format, args...)
	panic(w)
}

func TestMissing(t *testing.T) {
	for _, test := range []struct{ all, want string }{
		{"1", "failed: MISSING: MariaDB, and WORKSHOP_REQUIRE_ALL=1 forbids to skip"},
		{"", "skipped: SKIPPED, NOTHING WAS TESTED: MariaDB is missing"},
		{"0", "skipped: SKIPPED, NOTHING WAS TESTED: MariaDB is missing"},
	} {
		t.Setenv(All, test.all)
		if got := endOf("MariaDB"); got != test.want {
			t.Errorf("%s=%q: %s, want %s", All, test.all, got, test.want)
		}
	}
}

// endOf is how Missing ends a test that lacks what.
func endOf(what string) string {
	seen := &witness{}
	func() {
		// Fatalf and Skipf of a real test do not return either.
		defer func() { _ = recover() }()
		Missing(seen, what)
	}()
	return seen.got
}
