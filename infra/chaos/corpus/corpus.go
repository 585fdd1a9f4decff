// Package corpus proves the judge. It holds right solutions that are written in another way than the exercises, and wrong ones.
// A right solution passes every experiment up to its stage, and an experiment must catch each wrong one.
package corpus

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"chaosworkshop/infra/chaos/experiment"
	"chaosworkshop/infra/internal/require"
	"chaosworkshop/infra/lab/app"
	"chaosworkshop/shared/config"
)

// Solution is an app that the judge must judge correctly.
type Solution struct {
	// Name says what is special about it.
	Name string
	// Stage is the exercise that it is judged as, 1 to 5.
	Stage int
	// Red is the experiment that must fail, and Check begins the name of the check that must; 0 and empty for a right solution.
	Red   int
	Check string
	// Core marks those that `make test` judges.
	Core bool

	// Dir is a folder beside this file with the app, Habits are those of the plain one, and Script is how to start an app
	// that is not written in Go. Without a Dir, it is a copy of the exercise.
	Dir, Habits, Script string
	// In File of the copy, Old is replaced by New, once.
	File, Old, New string
}

// Right tells whether it is a right solution.
func (s Solution) Right() bool { return s.Red == 0 }

// Missing is the program that the solution needs and this computer lacks, such as an interpreter; empty if there is none. With
// WORKSHOP_REQUIRE_ALL=1 nothing is missing, so that nothing is left out.
func (s Solution) Missing() string {
	program, _, _ := strings.Cut(s.Script, " ")
	// Some systems have a program of that name that only says how to install it.
	if program == "" || os.Getenv(require.All) == "1" || exec.Command(program, "--version").Run() == nil {
		return ""
	}
	return program
}

// String is its name with its stage.
func (s Solution) String() string { return fmt.Sprintf("exercise %d: %s", s.Stage, s.Name) }

// Result is a solution and what the judge said.
type Result struct {
	Solution
	Cells []experiment.Cell
}

// Wrong says where the judge was wrong; empty if it was right.
func (r Result) Wrong() string {
	for _, cell := range r.Cells {
		switch run := cell.Run; {
		case run.Verdict != cell.Want:
			return fmt.Sprintf("E%d %s, but should have %s. %s", cell.Number, run.Verdict, cell.Want, run.Reason)
		case !r.Right() && !slices.ContainsFunc(run.Checks, func(c experiment.Check) bool { return !c.Passed && strings.HasPrefix(c.Name, r.Check) }):
			return fmt.Sprintf("E%d failed as it should, but because of %q instead of %q", cell.Number, run.Reason, r.Check)
		}
	}
	return ""
}

// Inconclusive tells whether there was no verdict in the end.
func (r Result) Inconclusive() bool {
	for _, cell := range r.Cells {
		if cell.Run.Verdict == experiment.Inconclusive {
			return true
		}
	}
	return false
}

// sideBySide is how many experiments run at once. Each waits most of the time: together they take less than half of two cores, on
// average.
const sideBySide = 14

// Judge judges the solutions: a right one by all experiments of its stage, a wrong one by the experiment that must catch it, which
// ends with the check that must. The folder scratch gets the copies.
func Judge(ctx context.Context, runner *experiment.Runner, solutions []Solution, scratch string, progress experiment.Progress) ([]Result, error) {
	root, err := config.Root()
	if err != nil {
		return nil, err
	}
	var jobs []experiment.Job
	binaries := map[string]string{} // By folder: many solutions are one app with other habits.
	for i, solution := range solutions {
		subject, err := solution.subject(root, filepath.Join(scratch, fmt.Sprint(i)))
		if dir := subject.App.Dir; err == nil && solution.Script == "" {
			if binaries[dir] == "" {
				binaries[dir], err = app.Build(ctx, dir)
			}
			subject.App.Binary = binaries[dir]
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", solution, err)
		}
		if !solution.Right() {
			jobs = append(jobs, experiment.Job{Number: solution.Red, Subject: subject, Want: experiment.Failed, Catch: solution.Check})
			continue
		}
		for number := 1; number <= solution.Stage; number++ {
			jobs = append(jobs, experiment.Job{Number: number, Subject: subject, Want: experiment.Passed})
		}
	}
	cells, err := runner.RunJobs(ctx, jobs, sideBySide, progress)
	if err != nil {
		return nil, err
	}
	var results []Result
	for _, solution := range solutions {
		count := 1
		if solution.Right() {
			count = solution.Stage
		}
		results = append(results, Result{solution, cells[:count]})
		cells = cells[count:]
	}
	return results, nil
}

// subject is the solution, not yet compiled. The folder scratch gets its copy of an exercise.
func (s Solution) subject(root, scratch string) (experiment.Subject, error) {
	subject := experiment.Subject{Folder: s.String(), Stage: s.Stage}
	dir := filepath.Join(root, "infra", "chaos", "corpus", s.Dir)
	if s.Dir == "" {
		dir = filepath.Join(scratch, fmt.Sprintf("exercise%d", s.Stage))
		if err := s.edit(root, dir); err != nil {
			return subject, err
		}
	}
	subject.App = app.Options{Dir: dir, Script: s.Script, Env: map[string]string{"STAGE": fmt.Sprint(s.Stage), "HABITS": s.Habits}}
	return subject, nil
}

// edit copies the exercise below root to the folder dir, and changes the copy.
func (s Solution) edit(root, dir string) error {
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(root, fmt.Sprintf("exercise%d", s.Stage)))); err != nil {
		return err
	}
	path := filepath.Join(dir, s.File)
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if count := strings.Count(string(text), s.Old); count != 1 {
		return fmt.Errorf("%s holds %q %d times, want once; bring the corpus up to date", s.File, s.Old, count)
	}
	return os.WriteFile(path, []byte(strings.Replace(string(text), s.Old, s.New, 1)), 0o600)
}
