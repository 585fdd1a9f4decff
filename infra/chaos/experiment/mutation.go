package experiment

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"chaosworkshop/infra/lab/app"
	"chaosworkshop/shared/config"
)

// Mutation breaks one stage on purpose: an experiment that still passes then proves nothing.
type Mutation struct {
	// Name names the mistake.
	Name string
	// Stage is the exercise, 1 to 5, File the file in its folder.
	Stage int
	File  string
	// Old is replaced by New, once.
	Old, New string
	// Red are the experiments that passed before and must fail now; empty if the experiments cannot tell the difference.
	Red []int
	// May are those that may fail by chance: 12 attempts in a row fail, or a request runs out of time under slow.
	May []int
}

// Mutations are those that `make mutations` tries.
func Mutations() []Mutation {
	const policies, composed = "resilience.go", "failsafe.With(breaker, retry, timeout)"
	return []Mutation{
		{"the query fails", 1, "store.go", "JOIN airlines", "JOIN nowhere", []int{1}, nil},
		{"the answer is always empty", 1, "store.go", "return flights, err", "return flights[:0], err", []int{1}, nil},
		{"no timeout", 2, policies, "timeoutpolicy.New[[]flight](p.Timeout)", "timeoutpolicy.New[[]flight](time.Hour)", []int{2}, nil},
		{"a timeout that serves nobody", 2, policies, "timeoutpolicy.New[[]flight](p.Timeout)", "timeoutpolicy.New[[]flight](p.Timeout / 12)", []int{2}, nil},
		{"a timeout is a 500", 2, policies, "errors.Is(err, timeoutpolicy.ErrExceeded)", "errors.Is(err, timeoutpolicy.ErrExceeded) && false", []int{2}, nil},
		{"a timeout that leaves its query running", 2, policies, "find(exec.Context(), from, to)", "leave(exec.Context(), find, from, to)", []int{2}, nil},
		{"no retry", 3, policies, "failsafe.With(retry, timeout)", "failsafe.With(timeout)\n	_ = retry", []int{3}, nil},
		{"one retry", 3, policies, "WithMaxAttempts(p.RetryAttempts)", "WithMaxAttempts(2)", []int{3}, nil},
		{"no backoff", 3, policies, "		WithBackoff(p.RetryBaseDelay*2/3, p.RetryMaxDelay*2/3).\n		WithJitterFactor(0.5).\n", "", []int{3}, nil},
		{"no deadline", 3, policies, "context.WithTimeout(ctx, p.Deadline)", "context.WithTimeout(ctx, time.Hour)", []int{2}, nil},
		{"an error is an empty answer", 3, policies, "		return flights, err\n", "		return []flight{}, nil\n", []int{1, 3}, []int{2}},
		{"no jitter", 3, policies, "		WithJitterFactor(0.5).\n", "", nil, nil},
		{"no breaker", 4, policies, composed, "failsafe.With(retry, timeout)", []int{4}, nil},
		{"the breaker inside the retries", 4, policies, composed, "failsafe.With(retry, breaker, timeout)", []int{3}, []int{2, 4}},
		{"the timeout around the retries", 4, policies, composed, "failsafe.With(breaker, timeout, retry)", []int{3}, nil},
		{"the breaker opens at the first failure", 4, "breaker.go", "WithFailureThreshold(p.BreakerFailures)", "WithFailureThreshold(1)", []int{3}, []int{2}},
		{"the breaker hardly opens", 4, "breaker.go", "WithFailureThreshold(p.BreakerFailures)", "WithFailureThreshold(10000)", []int{4}, nil},
		{"the breaker has no delay", 4, "breaker.go", "WithRandomDelay(p.BreakerDelay, p.BreakerDelay*11/10)", "WithDelay(0)", []int{4}, nil},
		{"the breaker never lets a probe through", 4, "breaker.go", "WithRandomDelay(p.BreakerDelay, p.BreakerDelay*11/10)", "WithDelay(time.Hour)", []int{4}, nil},
		{"a rejection is a 500", 4, policies, "errors.Is(err, circuitbreaker.ErrOpen)", "false", []int{4}, nil},
		{"Retry-After is an hour", 4, policies, "After: breaker.RemainingDelay()", "After: time.Hour", []int{4}, nil},
		{"users who hang up end their requests", 4, policies, "		ctx = context.WithoutCancel(ctx)", "		_ = context.WithoutCancel(ctx)", []int{4}, nil},
		{"health does not ask the database", 5, "health.go", "_, err := h.find(ctx, \"LHR\", \"JFK\")\n		return err", "return nil", []int{5}, nil},
		{"health believes the breaker's lazy state", 5, "breaker.go", "if breaker.IsOpen() && breaker.RemainingDelay() == 0 {", "if false {", nil, []int{5}},
		{"health waits for its check", 5, "health.go", "checkWait  = 800 * time.Millisecond", "checkWait  = time.Minute", []int{5}, nil},
		{"one failed check is unhealthy, even while users are served", 5, "health.go", "h.served.Load() < last.Began.UnixNano()", "true", []int{5}, nil},
		{"a failed check is never unhealthy", 5, "health.go", "h.served.Load() < last.Began.UnixNano()", "false", []int{5}, nil},
	}
}

// Mutant is a mutation and what the experiments said.
type Mutant struct {
	Mutation
	// Cells are those that pass without the mutation.
	Cells []Cell
}

// Turned are the experiments that no longer pass.
func (m Mutant) Turned() []int {
	var turned []int
	for _, cell := range m.Cells {
		if cell.Run.Verdict != Passed {
			turned = append(turned, cell.Number)
		}
	}
	return turned
}

// OK tells whether exactly the expected experiments turned red, and none was inconclusive.
func (m Mutant) OK() bool {
	for _, cell := range m.Cells {
		if cell.Run.Verdict == Inconclusive {
			return false
		}
	}
	turned := slices.DeleteFunc(m.Turned(), func(number int) bool { return slices.Contains(m.May, number) })
	return slices.Equal(turned, m.Red)
}

// RunMutations runs every experiment that a stage passes on each mutation of it. The folder dir gets the copies.
func (r *Runner) RunMutations(ctx context.Context, mutations []Mutation, dir string, progress Progress) ([]Mutant, error) {
	root, err := config.Root()
	if err != nil {
		return nil, err
	}
	mutants := make([]Mutant, len(mutations))
	var tasks []task
	for i, mutation := range mutations {
		folder := filepath.Join(dir, fmt.Sprint(i), fmt.Sprintf("exercise%d", mutation.Stage))
		if err := mutation.write(root, folder); err != nil {
			return nil, fmt.Errorf("mutation %q: %w", mutation.Name, err)
		}
		binary, err := app.Build(ctx, folder)
		if err != nil {
			return nil, fmt.Errorf("mutation %q: %w", mutation.Name, err)
		}
		mutants[i] = Mutant{Mutation: mutation, Cells: make([]Cell, mutation.Stage)}
		for j := range mutants[i].Cells {
			cell := &mutants[i].Cells[j]
			cell.Number, cell.Stage, cell.Want = j+1, mutation.Stage, Passed
			if slices.Contains(mutation.Red, cell.Number) {
				cell.Want = Failed
			}
			tasks = append(tasks, task{cell, Subject{
				Folder: fmt.Sprintf("exercise%d: %s", mutation.Stage, mutation.Name), App: app.Options{Binary: binary}, Stage: mutation.Stage,
			}})
		}
	}
	return mutants, r.runTasks(ctx, tasks, progress)
}

// write copies the stage below root to folder, and breaks the copy.
func (m Mutation) write(root, folder string) error {
	if err := os.CopyFS(folder, os.DirFS(filepath.Join(root, fmt.Sprintf("exercise%d", m.Stage)))); err != nil {
		return err
	}
	// Outside the workspace the copy finds shared by its whole path.
	if err := edit(filepath.Join(folder, "go.mod"), "../shared", filepath.ToSlash(filepath.Join(root, "shared"))); err != nil {
		return err
	}
	return edit(filepath.Join(folder, m.File), m.Old, m.New)
}

// edit replaces the one place of old in a file.
func edit(path, old, new string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if count := strings.Count(string(text), old); count != 1 {
		return fmt.Errorf("%s holds %q %d times, want once; bring the mutation up to date", filepath.Base(path), old, count)
	}
	return os.WriteFile(path, []byte(strings.Replace(string(text), old, new, 1)), 0o600)
}
