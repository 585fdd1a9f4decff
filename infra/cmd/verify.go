package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"chaosworkshop/infra/internal/cli"
	"chaosworkshop/infra/room/diff"

	"github.com/fatih/color"
	"github.com/spf13/cobra"

	"chaosworkshop/infra/chaos/experiment"
	"chaosworkshop/infra/lab/app"
	"chaosworkshop/shared/config"
)

// verifyOptions are the flags of verify.
type verifyOptions struct {
	exercise int
	dir      string
	hint     int
	watch    bool
	json     bool
}

// newVerifyCommand judges a folder by the experiments of an exercise and of those before it.
func newVerifyCommand() *cobra.Command {
	var options verifyOptions
	command := &cobra.Command{
		Use:   "verify",
		Short: "Judge an app by the experiments up to an exercise, and explain what broke",
		Long: "Judge an app by the experiments E1 to En of exercise n, side by side, and explain what broke first.\n\n" +
			"Exit codes: 0 every hypothesis holds, 1 one does not, 2 the folder does not build or start, or a run is inconclusive.",
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if options.hint < 0 || options.hint > 3 {
				return fmt.Errorf("there is no hint %d; choose 1 to 3", options.hint)
			}
			root, err := config.Root()
			if err != nil {
				return cli.Exit(cli.Broken, err)
			}
			if options.dir == "" {
				options.dir = filepath.Join(root, fmt.Sprintf("exercise%d", options.exercise))
			}
			if !options.watch {
				return verify(command.Context(), command, options, root)
			}
			return experiment.Watch(command.Context(), options.dir, func(ctx context.Context) {
				progress := command.ErrOrStderr()
				if err := verify(ctx, command, options, root); err != nil && ctx.Err() == nil && err.Error() != "" {
					fmt.Fprintf(progress, "error: %v\n", err)
				}
				if ctx.Err() == nil {
					fmt.Fprintf(progress, "Watching %s; save a file to run again, Ctrl-C to end.\n", options.dir)
				}
			})
		},
	}
	command.Flags().IntVar(&options.exercise, "ex", 0, "the exercise that the app is judged as: 1 to 5")
	command.Flags().StringVar(&options.dir, "dir", "", "the folder of the app (default that exercise's)")
	command.Flags().IntVar(&options.hint, "hint", 0, "which hint to show on failure: 1 to 3, the last is the solution (default 1)")
	command.Flags().BoolVar(&options.watch, "watch", false, "run again whenever a Go file of the folder is saved")
	command.Flags().BoolVar(&options.json, "json", false, "write the whole run as JSON")
	_ = command.MarkFlagRequired("ex") // The flag exists.
	return command
}

// verify runs the experiments of the exercise and of those before it, once, and reports.
func verify(ctx context.Context, command *cobra.Command, options verifyOptions, root string) (err error) {
	out, progress := command.OutOrStdout(), command.ErrOrStderr()
	binary, err := app.Build(ctx, options.dir)
	if err != nil {
		return cli.Exit(cli.Broken, err)
	}
	runner, err := experiment.Open(ctx, experiment.DefaultSeed)
	if err != nil {
		return cli.Exit(cli.Broken, err)
	}
	defer func() { err = errors.Join(err, runner.Close()) }()
	if _, err := runner.Experiment(options.exercise); err != nil {
		return cli.Exit(cli.Broken, err)
	}
	folder := filepath.Base(options.dir)
	fmt.Fprintf(progress, "Judging %s by E1 to E%d, side by side, about a minute at most...\n", folder, options.exercise)
	cells, err := runner.Verify(ctx, experiment.Subject{Folder: folder, Binary: binary, Stage: options.exercise},
		func(done, of int, cell experiment.Cell, left time.Duration) {
			fmt.Fprintf(progress, "%d/%d  %3.0f s left  E%d %s\n", done, of, left.Seconds(), cell.Number, cell.Run.Verdict)
		})
	if err != nil {
		return cli.Exit(cli.Broken, err)
	}
	if options.json {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		err = encoder.Encode(cells)
	} else {
		err = printVerdicts(out, runner, cells, root, options)
	}
	if err != nil {
		return cli.Exit(cli.Broken, err)
	}
	return cli.Exit(exitCode(cells), nil)
}

// printVerdicts writes a line for each experiment, and all about the first that did not pass.
func printVerdicts(out io.Writer, runner *experiment.Runner, cells []experiment.Cell, root string, options verifyOptions) error {
	var first *experiment.Cell
	for i, cell := range cells {
		e, err := runner.Experiment(cell.Number)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%s %-14s %s\n", e.ID, e.Title, paintVerdict(cell.Run.Verdict))
		if first == nil && !cell.OK() {
			first = &cells[i]
		}
	}
	if first == nil {
		fmt.Fprintf(out, "\n%s\n", color.GreenString("All hypotheses hold: the app does what exercise %d is about.", options.exercise))
		return nil
	}
	e, err := runner.Experiment(first.Number)
	if err != nil {
		return err
	}
	fmt.Fprintln(out)
	printRun(out, first.Run, e)
	if first.Run.Verdict == experiment.Inconclusive {
		return nil
	}
	return printHint(out, root, first.Number, max(1, options.hint))
}

// paintVerdict is the verdict in its colour.
func paintVerdict(verdict experiment.Verdict) string {
	paint := map[experiment.Verdict]color.Attribute{
		experiment.Passed: color.FgGreen, experiment.Failed: color.FgRed, experiment.Inconclusive: color.FgYellow,
	}
	return color.New(paint[verdict]).Sprint(verdict)
}

// printRun writes a run for a person: the experiment in the words of the field, every check, and the verdict.
func printRun(out io.Writer, r *experiment.Run, e experiment.Experiment) {
	fmt.Fprintf(out, "%s\n", color.New(color.Bold).Sprintf("%s %s on %s", e.ID, e.Title, r.Folder))
	fmt.Fprintf(out, "  hypothesis    %s\n", e.Hypothesis)
	for _, felt := range r.Felt {
		if felt.Fault != "" {
			fmt.Fprintf(out, "  fault felt    %s: of %d fresh connections beside the app %d failed, %d were late\n", felt.Fault, felt.Probes, felt.Failed, felt.Late)
		}
	}
	for _, check := range r.Checks {
		mark := color.GreenString("ok  ")
		if !check.Passed {
			mark = color.RedString("no  ")
		}
		fmt.Fprintf(out, "  %s %s: %s (required: %s)\n", mark, check.Name, check.Measured, check.Required)
	}
	fmt.Fprint(out, paintVerdict(r.Verdict))
	if r.Reason != "" {
		fmt.Fprintf(out, ": %s", r.Reason)
	}
	fmt.Fprintln(out)
}

// printHint writes hint 1, 2 or 3 for an exercise, 1 to 5. root is the workshop's folder.
func printHint(out io.Writer, root string, number, hint int) error {
	fmt.Fprintf(out, "\n%s ", color.New(color.Bold).Sprintf("Hint %d of 3:", hint))
	if hint < 3 {
		fmt.Fprintf(out, "%s\n", experiment.Hint(number, hint))
		fmt.Fprintf(out, "(HINT=%d shows the next one.)\n", hint+1)
		return nil
	}
	if number == 1 {
		fmt.Fprintln(out, "Exercise 1 is the starting point: restore its files with `git checkout exercise1`.")
		return nil
	}
	from, to := fmt.Sprintf("exercise%d", number-1), fmt.Sprintf("exercise%d", number)
	files, err := diff.Between(filepath.Join(root, from), filepath.Join(root, to), diff.Options{CodeOnly: true})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "this is what exercise %d adds.\n\n", number)
	return printUnified(out, files, from, to)
}
