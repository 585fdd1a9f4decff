package cmd

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"

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

// newVerifyCommand runs an exercise's experiment on a folder.
func newVerifyCommand() *cobra.Command {
	var options verifyOptions
	command := &cobra.Command{
		Use:   "verify",
		Short: "Run an exercise's experiment on a folder, and explain what broke",
		Long: "Run an exercise's experiment on a folder, and explain what broke.\n\n" +
			"Exit codes: 0 the hypothesis holds, 1 it does not, 2 the folder does not build or start, or the run is invalid.",
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
	command.Flags().IntVar(&options.exercise, "ex", 0, "the exercise whose experiment runs: 1 to 5")
	command.Flags().StringVar(&options.dir, "dir", "", "the folder it runs on (default that exercise's)")
	command.Flags().IntVar(&options.hint, "hint", 0, "which hint to show on failure: 1 to 3, the last is the solution (default 1)")
	command.Flags().BoolVar(&options.watch, "watch", false, "run again whenever a Go file of the folder is saved")
	command.Flags().BoolVar(&options.json, "json", false, "write the whole run as JSON")
	_ = command.MarkFlagRequired("ex") // The flag exists.
	return command
}

// verify runs the experiment once and reports.
func verify(ctx context.Context, command *cobra.Command, options verifyOptions, root string) error {
	out := command.OutOrStdout()
	binary, err := app.Build(ctx, options.dir)
	if err != nil {
		return cli.Exit(cli.Broken, err)
	}
	lab, err := experiment.Open(ctx, experiment.DefaultSeed)
	if err != nil {
		return cli.Exit(cli.Broken, err)
	}
	defer lab.Close()
	e, err := lab.Experiment(options.exercise)
	if err != nil {
		return cli.Exit(cli.Broken, err)
	}
	fmt.Fprintf(command.ErrOrStderr(), "Running %s on %s, about %.0f s...\n", e.ID, filepath.Base(options.dir), e.Takes().Seconds())
	run, err := lab.RunUntilValid(ctx, e, experiment.Subject{Folder: filepath.Base(options.dir), Binary: binary})
	if err != nil {
		return cli.Exit(cli.Broken, err)
	}
	if options.json {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(run); err != nil {
			return cli.Exit(cli.Broken, err)
		}
	} else {
		printRun(out, run, e)
	}
	switch run.Verdict {
	case experiment.Passed:
		return nil
	case experiment.Invalid:
		return cli.Exit(cli.Broken, nil)
	}
	if !options.json {
		if err := printHint(out, root, options.exercise, max(1, options.hint)); err != nil {
			return cli.Exit(cli.Broken, err)
		}
	}
	return cli.Exit(cli.Failed, nil)
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
	switch r.Verdict {
	case experiment.Passed:
		color.New(color.FgGreen).Fprintf(out, "passed")
		fmt.Fprintf(out, ": the hypothesis holds\n")
	case experiment.Failed:
		color.New(color.FgRed).Fprintf(out, "failed")
		fmt.Fprintf(out, ": %s\n", r.Reason)
	default:
		color.New(color.FgYellow).Fprintf(out, "invalid")
		fmt.Fprintf(out, ": %s\n", r.Reason)
	}
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
