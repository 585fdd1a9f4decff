package experiment

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"chaosworkshop/infra/internal/stats"
	"chaosworkshop/infra/lab/app"
	"chaosworkshop/shared/config"
)

// Stages is the number of exercises.
const Stages = 5

// sideBySide is how many experiments of a proof run at once. Each waits most of the time: together they take between a third and
// half of two cores, which leaves room for a user's own programs.
const sideBySide = 9

// retries is how many of those that were inconclusive run at once, in the second try and in the third.
var retries = []int{3, 2}

// Cell is one experiment on one stage, with the verdict and the expected one.
type Cell struct {
	// Number is the number of the experiment, Stage that of the exercise: 1 to 5.
	Number int `json:"number"`
	Stage  int `json:"stage"`
	// Experiment is what ran.
	Experiment Experiment `json:"-"`
	// Want is the expected verdict: a stage passes the experiments up to that of its own pattern.
	Want Verdict `json:"want"`
	// Tries counts the runs until one was conclusive.
	Tries int  `json:"tries"`
	Run   *Run `json:"run"`
}

// OK tells whether the verdict is the expected one.
func (c Cell) OK() bool { return c.Run.Verdict == c.Want }

// wanted is the verdict that an experiment must reach on a stage.
func wanted(number, stage int) Verdict {
	if stage >= number {
		return Passed
	}
	return Failed
}

// Matrix is every experiment on every stage: the journal of one proof.
type Matrix struct {
	Started time.Time `json:"started"`
	Took    float64   `json:"tookMs"`
	Seed    uint64    `json:"seed"`
	// Settings are the policy values that the apps ran with, by variable.
	Settings map[string]string `json:"settings"`
	// System is the machine, Modules what the infrastructure was built with.
	System      System       `json:"system"`
	Modules     []Version    `json:"modules"`
	Experiments []Experiment `json:"experiments"`
	Cells       []Cell       `json:"cells"`
}

// System is the machine that a matrix ran on.
type System struct {
	OS   string `json:"os"`
	Arch string `json:"arch"`
	CPUs int    `json:"cpus"`
	Go   string `json:"go"`
}

// Cell is the cell of an experiment and a stage, 1 to 5; false when it did not run.
func (m *Matrix) Cell(number, stage int) (Cell, bool) {
	for _, cell := range m.Cells {
		if cell.Number == number && cell.Stage == stage {
			return cell, true
		}
	}
	return Cell{}, false
}

// Progress is told about each cell as it ends.
type Progress func(done, of int, cell Cell, left time.Duration)

// RunMatrix builds the exercises below the workshop's root and runs every experiment on each. The error says that the
// environment is broken; what failed is in the cells.
func (r *Runner) RunMatrix(ctx context.Context, progress Progress) (*Matrix, error) {
	subjects, err := buildStages(ctx)
	if err != nil {
		return nil, err
	}
	var jobs []Job
	for _, subject := range subjects {
		for number := 1; number <= Stages; number++ {
			jobs = append(jobs, Job{Number: number, Subject: subject, Want: wanted(number, subject.Stage)})
		}
	}
	matrix := r.newMatrix()
	matrix.Cells, err = r.RunJobs(ctx, jobs, sideBySide, progress)
	matrix.Took = stats.Milliseconds(time.Since(matrix.Started))
	return matrix, err
}

// Verify runs the experiments of the exercises 1 to subject.Stage on an app, side by side, and returns their cells in the
// order of the experiments. The error says that the environment is broken.
func (r *Runner) Verify(ctx context.Context, subject Subject, progress Progress) ([]Cell, error) {
	var jobs []Job
	for number := 1; number <= subject.Stage; number++ {
		jobs = append(jobs, Job{Number: number, Subject: subject, Want: Passed})
	}
	return r.RunJobs(ctx, jobs, sideBySide, progress)
}

// newMatrix is a journal without its cells.
func (r *Runner) newMatrix() *Matrix {
	matrix := &Matrix{
		Started: time.Now(), Seed: r.Seed, Settings: r.Settings.variables(), Experiments: Experiments(r.Settings),
		System: System{runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version()},
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			switch module.Path {
			case "github.com/Shopify/toxiproxy/v2", "github.com/dolthub/go-mysql-server", "github.com/go-sql-driver/mysql":
				matrix.Modules = append(matrix.Modules, Version{module.Path, module.Version})
			}
		}
	}
	return matrix
}

// Job is an experiment to run on an app, and the verdict that it must reach.
type Job struct {
	// Number is the number of the experiment, 1 to 5.
	Number  int
	Subject Subject
	Want    Verdict
	// Catch begins the name of the check that must catch the app: the experiment ends with it. If it is empty, the experiment runs to
	// its end.
	Catch string
}

// task is a cell to run, and the app to run it on.
type task struct {
	cell    *Cell
	subject Subject
	turn    float64 // Its place among those of its kind, from 0 to 1.
}

// RunJobs runs the experiments on the apps, as many at a time as side says, and returns their cells in the order of the jobs.
// Inconclusive runs are repeated, and once those that are too close to a limit. The error says that the environment is broken.
func (r *Runner) RunJobs(ctx context.Context, jobs []Job, side int, progress Progress) ([]Cell, error) {
	cells, tasks, all := make([]Cell, len(jobs)), make([]task, len(jobs)), Experiments(r.Settings)
	for i, job := range jobs {
		cells[i] = Cell{Number: job.Number, Stage: job.Subject.Stage, Experiment: all[job.Number-1].upTo(job.Catch), Want: job.Want}
		tasks[i] = task{cell: &cells[i], subject: job.Subject}
	}
	inTurn(tasks)
	for try, side := range append([]int{side}, retries...) {
		var waiting []task
		for _, one := range tasks {
			if one.cell.Run == nil || one.cell.Run.Verdict == Inconclusive || try == 1 && one.cell.Run.again() != "" {
				waiting = append(waiting, one)
			}
		}
		if len(waiting) == 0 {
			break
		}
		if try > 0 {
			awaitQuiet(ctx)
		}
		if waiting[0].subject.Proxy != "" {
			side = 1 // An app that is already running has one proxy.
		}
		if err := r.pass(ctx, waiting, side, progress); err != nil {
			return cells, err
		}
	}
	return cells, nil
}

// inTurn orders tasks so that experiments of all kinds run beside each other, from the first to the last: several of one kind send
// their requests at the same moments, which would keep the computer busy. Of each kind, those that take longest come first: an app that
// is to fail often fails early.
func inTurn(tasks []task) {
	failing := func(one task) int {
		if one.cell.Want == Failed {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(tasks, func(a, b task) int {
		return cmp.Or(failing(a)-failing(b), cmp.Compare(b.cell.Experiment.Takes(), a.cell.Experiment.Takes()), b.cell.Stage-a.cell.Stage)
	})
	all, before := map[int]int{}, map[int]int{}
	for _, one := range tasks {
		all[one.cell.Number]++
	}
	for i, one := range tasks {
		number := one.cell.Number
		tasks[i].turn = float64(before[number]) / float64(all[number])
		before[number]++
	}
	slices.SortStableFunc(tasks, func(a, b task) int {
		return cmp.Or(cmp.Compare(a.turn, b.turn), cmp.Compare(b.cell.Experiment.Takes(), a.cell.Experiment.Takes()))
	})
}

// pass runs each cell once, as many at a time as side says, in this order.
func (r *Runner) pass(ctx context.Context, tasks []task, side int, progress Progress) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var mutex sync.Mutex
	done, all := 0, len(tasks)
	running := map[*Cell]time.Time{} // Since when.
	next := func() (one task, ok bool) {
		mutex.Lock()
		defer mutex.Unlock()
		if len(tasks) == 0 || ctx.Err() != nil {
			return one, false
		}
		one, tasks = tasks[0], tasks[1:]
		running[one.cell] = time.Now()
		return one, true
	}
	left := func() time.Duration {
		total, longest := time.Duration(0), time.Duration(0)
		add := func(takes time.Duration) { total, longest = total+max(takes, 0), max(longest, takes) }
		for cell, since := range running {
			add(cell.Experiment.Takes() - time.Since(since))
		}
		for _, one := range tasks {
			add(one.cell.Experiment.Takes())
		}
		return max(total/time.Duration(side), longest)
	}
	var group sync.WaitGroup
	for range side {
		group.Go(func() {
			for one, ok := next(); ok; one, ok = next() {
				e := one.cell.Experiment
				run, err := r.Run(ctx, e, one.subject)
				if err != nil {
					cancel(fmt.Errorf("%s on %s: %w", e.ID, one.subject.Folder, err))
					continue
				}
				mutex.Lock()
				run.settle(one.cell.Run)
				one.cell.Run = run
				one.cell.Tries++
				done++
				delete(running, one.cell)
				progress(done, all, *one.cell, left())
				mutex.Unlock()
			}
		})
	}
	group.Wait()
	return context.Cause(ctx)
}

// buildStages builds the five exercises.
func buildStages(ctx context.Context) ([]Subject, error) {
	root, err := config.Root()
	if err != nil {
		return nil, err
	}
	var subjects []Subject
	for stage := range Stages {
		folder := fmt.Sprintf("exercise%d", stage+1)
		binary, err := app.Build(ctx, filepath.Join(root, folder))
		if err != nil {
			return nil, err
		}
		subjects = append(subjects, Subject{Folder: folder, App: app.Options{Binary: binary}, Stage: stage + 1})
	}
	return subjects, nil
}
