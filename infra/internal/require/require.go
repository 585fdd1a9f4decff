// Package require gives tests what they need of the computer, and says what they lack to run.
package require

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"chaosworkshop/infra/internal/port"
	"chaosworkshop/shared/config"
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

// FreePort is the number of a port of loopback that nobody listens on. No client gets it, so that a server that is started again
// finds it free.
func FreePort(t testing.TB) string {
	t.Helper()
	number, err := port.Free("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	return strconv.Itoa(number)
}

// FreeAddress is an address of loopback that nobody listens on.
func FreeAddress(t testing.TB) string {
	t.Helper()
	return net.JoinHostPort("127.0.0.1", FreePort(t))
}

// FullSet is the folder of the full OpenFlights data beside the project, which is not part of it: nothing installs exactly
// those files, so a test that compares with them skips where they are absent, in CI too, with one line that says so.
func FullSet(t testing.TB) string {
	t.Helper()
	dir := FullSetOr(t, "")
	if dir == "" {
		t.Skip("SKIPPED, NOTHING WAS TESTED: the full OpenFlights data in ../shared/openflights is missing")
	}
	return dir
}

// FullSetOr is the folder of the full OpenFlights data, or other where it is absent, for a test that needs no particular data.
func FullSetOr(t testing.TB, other string) string {
	t.Helper()
	root, err := config.Root()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(root, "..", "shared", "openflights")
	if _, err := os.Stat(dir); err != nil {
		return other
	}
	return dir
}
