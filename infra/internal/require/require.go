// Package require says what a test lacks to run.
package require

import (
	"os"
	"testing"
)

// All is the environment variable that turns everything missing into a failure when it is 1, so that nothing skips in CI.
const All = "WORKSHOP_REQUIRE_ALL"

// Missing ends a test that lacks what: it fails where WORKSHOP_REQUIRE_ALL is 1, and skips elsewhere, with one line that
// says so.
func Missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv(All) == "1" {
		t.Fatalf("MISSING: %s, and %s=1 forbids to skip", what, All)
	}
	t.Skipf("SKIPPED, NOTHING WAS TESTED: %s is missing", what)
}
