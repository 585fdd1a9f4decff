package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/fatih/color"
	"github.com/spf13/cobra"

	"chaosworkshop/infra/chaos/experiment"
	"chaosworkshop/infra/internal/cli"
	"chaosworkshop/infra/lab/app"
	"chaosworkshop/infra/room/diff"
	"chaosworkshop/shared/config"
)

// verifyFlags are the flags of verify.
type verifyFlags struct {
	exercise int
	dir      string
	hint     int
	watch    bool
	json     bool
}

// newVerifyCommand judges an app by the experiments of an exercise and of those before it.
func newVerifyCommand() *cobra.Command {
	var flags verifyFlags
	command := &cobra.Command{
		Use:   "verify",
		Short: "Judge an app by the experiments of an exercise and of those before it, and explain what failed",
		Long: "Judge an app as exercise n by the experiments E1 to En, side by side, and explain the first one that did not pass.\n\n" +
			"Exit codes: 0 every hypothesis holds, 1 one does not, 2 no verdict: the folder does not build or start, or a run is inconclusive.",
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if flags.hint < 1 || flags.hint > 3 {
				return cli.Exit(cli.Broken, fmt.Errorf("there is no hint %d; choose 1 to 3", flags.hint))
			}
			root, err := config.Root()
			if err != nil {
				return cli.Exit(cli.Broken, err)
			}
			if flags.dir == "" {
				flags.dir = filepath.Join(root, fmt.Sprintf("exercise%d", flags.exercise))
			}
			out, progress := command.OutOrStdout(), command.ErrOrStderr()
			if !flags.watch {
				return verify(command.Context(), out, progress, root, flags)
			}
			return experiment.Watch(command.Context(), flags.dir, func(ctx context.Context) {
				err := verify(ctx, out, progress, root, flags)
				if ctx.Err() != nil {
					return
				}
				if err != nil && err.Error() != "" {
					fmt.Fprintf(progress, "error: %v\n", err)
				}
				fmt.Fprintf(progress, "Watching %s; save a file to run again, Ctrl-C to end.\n", flags.dir)
			})
		},
	}
	command.Flags().IntVar(&flags.exercise, "ex", 0, "the exercise to judge the app as: 1 to 5")
	command.Flags().StringVar(&flags.dir, "dir", "", "the folder of the app (default: that exercise's)")
	command.Flags().IntVar(&flags.hint, "hint", 1, "which hint to show on failure: 1 to 3; the last is the solution")
	command.Flags().BoolVar(&flags.watch, "watch", false, "run again whenever you save a Go file in the folder")
	command.Flags().BoolVar(&flags.json, "json", false, "print the runs as JSON")
	_ = command.MarkFlagRequired("ex") // The flag exists.
	return command
}

// verify runs the experiments of the exercise and of those before it, and prints the results. The error holds the exit
// code.
func verify(ctx context.Context, out, progress io.Writer, root string, flags verifyFlags) error {
	cells, err := runExperiments(ctx, progress, flags)
	if err == nil && flags.json {
		err = printJSON(out, cells)
	} else if err == nil {
		err = printCells(out, root, cells, flags)
	}
	if err != nil {
		return cli.Exit(cli.Broken, err)
	}
	if code := exitCode(cells); code != 0 {
		return cli.Exit(code, nil)
	}
	return nil
}

// runExperiments builds the folder and runs the experiments on it, side by side.
func runExperiments(ctx context.Context, progress io.Writer, flags verifyFlags) (_ []experiment.Cell, err error) {
	if flags.exercise < 1 || flags.exercise > experiment.Stages {
		return nil, fmt.Errorf("there is no exercise %d; choose 1 to %d", flags.exercise, experiment.Stages)
	}
	binary, err := app.Build(ctx, flags.dir)
	if err != nil {
		return nil, err
	}
	runner, err := experiment.Open(ctx, experiment.DefaultSeed)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, runner.Close()) }()
	folder := filepath.Base(flags.dir)
	fmt.Fprintf(progress, "Judging %s by E1 to E%d, side by side; it takes up to a minute...\n", folder, flags.exercise)
	return runner.Verify(ctx, experiment.Subject{Folder: folder, App: app.Options{Binary: binary}, Stage: flags.exercise},
		func(done, of int, cell experiment.Cell, left time.Duration) {
			fmt.Fprintf(progress, "%d/%d  %3.0f s left  E%d %s\n", done, of, left.Seconds(), cell.Number, cell.Run.Verdict)
		})
}

// printCells writes a line for each experiment, then the details of the first one that did not pass.
func printCells(out io.Writer, root string, cells []experiment.Cell, flags verifyFlags) error {
	var first *experiment.Cell
	for i, cell := range cells {
		fmt.Fprintf(out, "%s %-14s %s\n", cell.Experiment.ID, cell.Experiment.Title, paintVerdict(cell.Run.Verdict))
		if first == nil && !cell.OK() {
			first = &cells[i]
		}
	}
	fmt.Fprintln(out)
	if first == nil {
		color.New(color.FgGreen).Fprintf(out, "Every hypothesis of exercise %d holds.\n", flags.exercise)
		return nil
	}
	printRun(out, first.Experiment, first.Run)
	if first.Run.Verdict == experiment.Inconclusive {
		return nil
	}
	return printHint(out, root, first.Number, flags.hint)
}

// paintVerdict is the verdict in its colour.
func paintVerdict(verdict experiment.Verdict) string {
	paint := map[experiment.Verdict]color.Attribute{
		experiment.Passed: color.FgGreen, experiment.Failed: color.FgRed, experiment.Inconclusive: color.FgYellow,
	}
	return color.New(paint[verdict]).Sprint(verdict)
}

// printRun writes a run: the hypothesis, how the injection was verified, every check, and the verdict.
func printRun(out io.Writer, e experiment.Experiment, run *experiment.Run) {
	fmt.Fprintf(out, "%s\n", title("%s %s on %s", e.ID, e.Title, run.Folder))
	fmt.Fprintf(out, "  hypothesis    %s\n", e.Hypothesis)
	for _, felt := range run.Felt {
		if felt.Fault != "" {
			fmt.Fprintf(out, "  injection     %s: of %d new connections next to the app, %d failed and %d were late\n", felt.Fault, felt.Probes, felt.Failed, felt.Late)
		}
	}
	for _, check := range run.Checks {
		mark := color.GreenString("ok  ")
		if !check.Passed {
			mark = color.RedString("no  ")
		}
		fmt.Fprintf(out, "  %s %s: %s (required: %s)\n", mark, check.Name, check.Measured, check.Required)
	}
	fmt.Fprint(out, paintVerdict(run.Verdict))
	if run.Reason != "" {
		fmt.Fprintf(out, ": %s", run.Reason)
	}
	fmt.Fprintln(out)
}

// printHint writes hint 1, 2 or 3 for an exercise, 1 to 5. root is the workshop's folder.
func printHint(out io.Writer, root string, number, hint int) error {
	fmt.Fprintf(out, "\n%s ", title("Hint %d of 3:", hint))
	if hint < 3 {
		fmt.Fprintf(out, "%s\n(HINT=%d shows the next one.)\n", experiment.Hint(number, hint), hint+1)
		return nil
	}
	if number == 1 {
		fmt.Fprintln(out, "exercise 1 is the starting point; restore its files with `git checkout exercise1`.")
		return nil
	}
	from, to := filepath.Join(root, fmt.Sprintf("exercise%d", number-1)), filepath.Join(root, fmt.Sprintf("exercise%d", number))
	files, err := diff.Between(from, to, diff.Options{CodeOnly: true})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "this is what exercise %d adds:\n\n", number)
	return printUnified(out, files, from, to)
}
