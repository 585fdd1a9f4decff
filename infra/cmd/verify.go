package cmd

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

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

// newVerifyCommand runs an exercise's experiment on a folder.
func newVerifyCommand() *cobra.Command {
	var flags verifyFlags
	command := &cobra.Command{
		Use:   "verify",
		Short: "Run an exercise's experiment on a folder, and explain what broke",
		Long: "Run an exercise's experiment on a folder, and explain what broke.\n\n" +
			"Exit codes: 0 the hypothesis holds, 1 it does not, 2 no verdict: the folder does not build or start, or the run is inconclusive.",
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if flags.hint < 1 || flags.hint > 3 {
				return fmt.Errorf("there is no hint %d; choose 1 to 3", flags.hint)
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
	command.Flags().IntVar(&flags.exercise, "ex", 0, "the exercise whose experiment to run: 1 to 5")
	command.Flags().StringVar(&flags.dir, "dir", "", "the folder to run it on (default: that exercise's)")
	command.Flags().IntVar(&flags.hint, "hint", 1, "which hint to show on failure: 1 to 3; the last is the solution")
	command.Flags().BoolVar(&flags.watch, "watch", false, "run again whenever you save a Go file of the folder")
	command.Flags().BoolVar(&flags.json, "json", false, "print the whole run as JSON")
	_ = command.MarkFlagRequired("ex") // The flag exists.
	return command
}

// verify runs the experiment once and prints what came out. The error holds the exit code.
func verify(ctx context.Context, out, progress io.Writer, root string, flags verifyFlags) error {
	e, run, err := runExperiment(ctx, progress, flags)
	if err != nil {
		return cli.Exit(cli.Broken, err)
	}
	if flags.json {
		err = printJSON(out, run)
	} else {
		printRun(out, e, run)
		if run.Verdict == experiment.Failed {
			err = printHint(out, root, flags.exercise, flags.hint)
		}
	}
	switch {
	case err != nil:
		return cli.Exit(cli.Broken, err)
	case run.Verdict == experiment.Passed:
		return nil
	case run.Verdict == experiment.Failed:
		return cli.Exit(cli.Failed, nil)
	}
	return cli.Exit(cli.Broken, nil)
}

// runExperiment builds the folder and runs the exercise's experiment on it.
func runExperiment(ctx context.Context, progress io.Writer, flags verifyFlags) (experiment.Experiment, *experiment.Run, error) {
	var none experiment.Experiment
	binary, err := app.Build(ctx, flags.dir)
	if err != nil {
		return none, nil, err
	}
	experiments, err := experiment.Open(ctx, experiment.DefaultSeed)
	if err != nil {
		return none, nil, err
	}
	defer experiments.Close()
	e, err := experiments.Experiment(flags.exercise)
	if err != nil {
		return none, nil, err
	}
	folder := filepath.Base(flags.dir)
	fmt.Fprintf(progress, "Running %s on %s, about %.0f s...\n", e.ID, folder, e.Takes().Seconds())
	run, err := experiments.RunUntilValid(ctx, e, experiment.Subject{Folder: folder, Binary: binary})
	return e, run, err
}

// printRun writes a run: the hypothesis, whether the fault was felt, every check, and the verdict.
func printRun(out io.Writer, e experiment.Experiment, run *experiment.Run) {
	fmt.Fprintf(out, "%s\n", title("%s %s on %s", e.ID, e.Title, run.Folder))
	fmt.Fprintf(out, "  hypothesis    %s\n", e.Hypothesis)
	for _, felt := range run.Felt {
		if felt.Fault != "" {
			fmt.Fprintf(out, "  fault felt    %s: of %d fresh connections beside the app %d failed, %d were late\n", felt.Fault, felt.Probes, felt.Failed, felt.Late)
		}
	}
	for _, check := range run.Checks {
		mark := color.GreenString("ok  ")
		if !check.Passed {
			mark = color.RedString("no  ")
		}
		fmt.Fprintf(out, "  %s %s: %s (required: %s)\n", mark, check.Name, check.Measured, check.Required)
	}
	switch run.Verdict {
	case experiment.Passed:
		fmt.Fprintf(out, "%s: the hypothesis holds\n", color.GreenString("passed"))
	case experiment.Failed:
		fmt.Fprintf(out, "%s: %s\n", color.RedString("failed"), run.Reason)
	default:
		fmt.Fprintf(out, "%s: %s\n", color.YellowString("inconclusive"), run.Reason)
	}
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
	fmt.Fprintf(out, "this is what exercise %d adds.\n\n", number)
	return printUnified(out, files, from, to)
}
