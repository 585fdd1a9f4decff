//go:build !race

package flightsdb

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"chaosworkshop/infra/internal/require"
)

// TestHostileStatements sends all of them from thirty clients at once, in all modes of the protocol, to a server in a process of its own.
// Each ends in time, none goes on after its end, the process stays below 300 MB, and good statements are served in 2 s. The race
// detector takes several times the memory and the time, which are what it measures; the statements meet the same code in the other tests.
func TestHostileStatements(t *testing.T) {
	const limit = 100 * time.Millisecond
	t.Setenv(limitVariable, limit.String())
	p := startProcess(t, require.FullSetOr(t, sampleData))
	type job struct{ mode, name string }
	var jobs []job
	statements := hostile()
	names := slices.Sorted(maps.Keys(statements))
	for i, name := range names {
		// All of them as text, half each in the other modes.
		jobs = append(jobs, job{"text", name}, job{[]string{"multi", "prepared"}[i%2], name})
	}
	rand.Shuffle(len(jobs), func(i, j int) { jobs[i], jobs[j] = jobs[j], jobs[i] })
	queue := make(chan job)
	var clients sync.WaitGroup
	for range 30 {
		clients.Go(func() {
			text, multi := connect(t, p.addr, "root", password), connectMode(t, p.addr, "root", password, true)
			for job := range queue {
				db := text
				if job.mode == "multi" {
					db = multi
				}
				started := time.Now()
				err := run(db, statements[job.name], job.mode == "prepared")
				if took := time.Since(started); took > 10*time.Second {
					t.Errorf("%s: %s: ended after %v: %v", job.mode, job.name, took, err)
				}
			}
		})
	}
	for _, job := range jobs {
		queue <- job
		if most := p.resident(t); most > 300 {
			t.Errorf("before %s: %s: the process took %.0f MB, want at most 300", job.mode, job.name, most)
			break
		}
	}
	close(queue)
	clients.Wait()
	deadline := time.Now().Add(2 * time.Second)
	db := connect(t, p.addr, "root", password)
	for _, query := range []string{"SELECT 1", strings.NewReplacer("?", "'LHR'").Replace(routesQuery)} {
		_, err := answer(db, query)
		// The limit of a tenth of a second is short for a busy computer.
		for err != nil && time.Now().Before(deadline) {
			_, err = answer(db, query)
		}
		if err != nil {
			t.Errorf("%.20s: not answered 2 s after the hostile statements: %v", query, err)
		}
	}
	const running = "SELECT COUNT(*) FROM information_schema.processlist WHERE command = 'Query' AND info NOT LIKE '%processlist%'"
	for deadline = deadline.Add(5 * time.Second); ask(t, db, running)[0] != "0"; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("statements that go on after their end:\n%s", shown(ask(t, db, "SHOW FULL PROCESSLIST")))
		}
	}
	t.Logf("%d statements, at most %.0f MB", len(jobs), p.resident(t))
}
