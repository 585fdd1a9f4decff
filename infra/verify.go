package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"chaosworkshop/infra/exercise"
	"chaosworkshop/infra/experiment"
	"chaosworkshop/shared/config"
)

// The exit codes of verify and matrix beside 0.
const (
	exitFailed = 1 // A hypothesis did not hold.
	exitBroken = 2 // Nothing can be said: no build, no start, or the environment stood in the way.
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
				return exitError{exitBroken, err}
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
	binary, err := exercise.Build(ctx, options.dir)
	if err != nil {
		return exitError{exitBroken, err}
	}
	lab, err := experiment.Open(ctx, experiment.DefaultSeed)
	if err != nil {
		return exitError{exitBroken, err}
	}
	defer lab.Close()
	e, err := lab.Experiment(options.exercise)
	if err != nil {
		return exitError{exitBroken, err}
	}
	fmt.Fprintf(command.ErrOrStderr(), "Running %s on %s, about %.0f s...\n", e.ID, filepath.Base(options.dir), e.Takes().Seconds())
	run, err := lab.RunUntilValid(ctx, e, experiment.Subject{Folder: filepath.Base(options.dir), Binary: binary})
	if err != nil {
		return exitError{exitBroken, err}
	}
	if options.json {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(run); err != nil {
			return exitError{exitBroken, err}
		}
	} else {
		run.Print(out, e)
	}
	switch run.Verdict {
	case experiment.Passed:
		return nil
	case experiment.Invalid:
		return exitError{code: exitBroken}
	}
	if !options.json {
		if err := experiment.PrintHint(out, root, options.exercise, max(1, options.hint)); err != nil {
			return exitError{exitBroken, err}
		}
	}
	return exitError{code: exitFailed}
}
