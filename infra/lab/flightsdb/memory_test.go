//go:build !race

package flightsdb

import (
	"maps"
	"slices"
	"testing"
	"time"

	"chaosworkshop/infra/internal/require"
)

// TestHostileStatements runs them in a process of its own, in each mode of the protocol: each ends in time, none goes on after
// its end, and the process stays below 300 MB. The race detector takes several times the memory and the time, which are what
// it measures; the statements meet the same code in the other tests.
func TestHostileStatements(t *testing.T) {
	const limit = 100 * time.Millisecond
	t.Setenv(limitVariable, limit.String())
	p := startProcess(t, require.FullSetOr(t, sampleData))
	statements := hostile()
	names := slices.Sorted(maps.Keys(statements))
	for number, mode := range []string{"text", "multi", "prepared"} {
		t.Run(mode, func(t *testing.T) {
			db := connectMode(t, p.addr, "root", password, mode == "multi")
			for i, name := range names {
				// All of them as text, a third each in the other modes.
				if number > 0 && i%3 != number {
					continue
				}
				started := time.Now()
				err := run(db, statements[name], mode == "prepared")
				if took := time.Since(started); took > 5*time.Second {
					t.Errorf("%s: ended after %v: %v", name, took, err)
				}
				if most := p.resident(t); most > 300 {
					t.Fatalf("%s: the process took %.0f MB, want at most 300", name, most)
				}
			}
		})
	}
	db := connect(t, p.addr, "root", password)
	if _, err := answer(db, routesQuery, "LHR", "JFK"); err != nil {
		t.Errorf("a good statement after the bad ones: %v", err)
	}
}
