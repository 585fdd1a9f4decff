package experiment

import (
	"context"
	"slices"
)

// Job is an experiment to run on an app, and the verdict that it must reach.
type Job struct {
	// Number is the number of the experiment, 1 to 5.
	Number  int
	Subject Subject
	Want    Verdict
}

// RunJobs runs the experiments on the apps, several at a time and the longest first, and returns their cells in the order
// of the jobs. The error says that the environment is broken.
func (r *Runner) RunJobs(ctx context.Context, jobs []Job, progress Progress) ([]Cell, error) {
	cells, all := make([]Cell, len(jobs)), Experiments(r.Settings)
	tasks := make([]task, len(jobs))
	for i, job := range jobs {
		cells[i] = Cell{Number: job.Number, Stage: job.Subject.Stage, Experiment: all[job.Number-1], Want: job.Want}
		tasks[i] = task{&cells[i], job.Subject}
	}
	slices.SortStableFunc(tasks, func(a, b task) int { return int(b.cell.Experiment.Takes() - a.cell.Experiment.Takes()) })
	return cells, r.runTasks(ctx, tasks, progress)
}
