package cmd

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"chaosworkshop/infra/chaos/experiment"
	"chaosworkshop/infra/chaos/report"
	"chaosworkshop/infra/internal/cli"
	"chaosworkshop/shared/config"
)

// experimentFlags are the flags of experiment.
type experimentFlags struct {
	file, target, upstream string
	junit, html            string
	first, schema, json    bool
}

// newExperimentCommand runs an experiment of the user's own.
func newExperimentCommand() *cobra.Command {
	var flags experimentFlags
	command := &cobra.Command{
		Use:   "experiment",
		Short: "Run your own chaos experiment, a YAML file, on any HTTP service",
		Long: "Run your own chaos experiment, a YAML file, on any HTTP service. infra/docs/at-work.md explains how.\n\n" +
			"With --new, create a file to start from, for the service at --target and its dependency at --upstream.\n\n" +
			"Exit codes: 0 the hypothesis holds, 1 it does not, 2 no verdict: a mistake in the file, a service that does not start, or an inconclusive run.",
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			err := runExperiment(command, flags)
			if cli.ExitCode(err) == cli.Failed && err.Error() != "" {
				return cli.Exit(cli.Broken, err)
			}
			return err
		},
	}
	command.Flags().StringVar(&flags.file, "file", "", "the file of the experiment")
	command.Flags().BoolVar(&flags.first, "new", false, "create the file, with an experiment to start from")
	command.Flags().StringVar(&flags.target, "target", "http://127.0.0.1:8080/", "with --new: a URL of the service")
	command.Flags().StringVar(&flags.upstream, "upstream", "127.0.0.1:6379", "with --new: the host and port of what the service depends on")
	command.Flags().BoolVar(&flags.schema, "schema", false, "print the JSON Schema of experiment files, for editors")
	command.Flags().BoolVar(&flags.json, "json", false, "print the journal as JSON")
	command.Flags().StringVar(&flags.junit, "junit", "", "also write JUnit XML to this file")
	command.Flags().StringVar(&flags.html, "html", "", "also write a page to this file")
	return command
}

// runExperiment does what the flags say. The error holds the exit code when there is a verdict.
func runExperiment(command *cobra.Command, flags experimentFlags) error {
	out, progress := command.OutOrStdout(), command.ErrOrStderr()
	switch {
	case flags.schema:
		_, err := out.Write(experiment.Schema())
		return err
	case flags.file == "":
		return errors.New("name the file of the experiment: make experiment FILE=my.yaml; or create one: make experiment NEW=1 FILE=my.yaml")
	case flags.first:
		return writeFirst(progress, flags)
	}
	begin := time.Now()
	noRun := func(err error) error {
		if flags.html != "" {
			_ = os.Remove(flags.html) // The page of an earlier run says nothing about this one.
		}
		if flags.junit == "" {
			return err
		}
		return errors.Join(err, writeFile(flags.junit, func(out io.Writer) error { return report.WriteError(out, experiment.ID(flags.file), begin, err) }))
	}
	e, err := experiment.Load(flags.file)
	if err != nil {
		return noRun(err)
	}
	for _, warning := range e.Warnings {
		fmt.Fprintf(progress, "warning: %s\n", warning)
	}
	fmt.Fprintf(progress, "%s: %d phases, about %.0f s. Ctrl-C removes every fault and ends the experiment.\n", e.Title, len(e.Method), e.Takes().Seconds())
	journal, err := experiment.RunFile(command.Context(), e, func(line string) { fmt.Fprintln(progress, line) })
	if err != nil {
		return noRun(err)
	}
	if flags.json {
		err = printJSON(out, journal)
	} else {
		printRun(out, e, journal.Run)
		for _, note := range journal.Run.Notes {
			cli.Pair(out, "note", note)
		}
		printBroken(out, journal.Run)
	}
	if flags.junit != "" {
		err = errors.Join(err, writeFile(flags.junit, func(out io.Writer) error { return report.WriteJUnit(out, journal) }))
	}
	if flags.html != "" {
		err = errors.Join(err, writeFile(flags.html, func(out io.Writer) error { return report.WriteRun(out, journal) }))
	}
	if err != nil {
		return err
	}
	switch journal.Run.Verdict {
	case experiment.Failed:
		return cli.Exit(cli.Failed, nil)
	case experiment.Inconclusive:
		return cli.Exit(cli.Broken, nil)
	}
	return nil
}

// printBroken explains each check that failed, if that decided: the first one in full.
func printBroken(out io.Writer, run *experiment.Run) {
	full := true
	for _, check := range run.Checks {
		if check.Passed || run.Verdict != experiment.Failed {
			continue
		}
		hints := check.Hints
		if !full {
			check.Examples, check.Why, hints = nil, "", nil
		}
		printLesson(out, run, check, hints)
		if full && run.Words != "" {
			cli.Pair(out, "the service", run.Words)
		}
		full = false
	}
}

// printLesson explains a check that failed: what was expected, what happened, why it matters, and where to look.
func printLesson(out io.Writer, run *experiment.Run, check experiment.Check, hints []string) {
	fmt.Fprintf(out, "\n%s\n", title("%s", check.Name))
	cli.Pair(out, "expected", check.Required)
	cli.Pair(out, "happened", check.Measured)
	for _, answer := range check.Examples {
		cli.Pair(out, "", run.Story(answer))
	}
	if check.Why != "" {
		cli.Pair(out, "why", check.Why)
	}
	for i, hint := range hints {
		cli.Pair(out, []string{"look at", ""}[min(i, 1)], hint)
	}
}

// schemaFrom is the path of the schema as seen from a folder; empty where there is no workshop around this program.
func schemaFrom(folder string) string {
	root, err := config.Root()
	if program, wrong := os.Executable(); err != nil && wrong == nil {
		root = filepath.Dir(filepath.Dir(program)) // It is bin/workshop, and was started elsewhere.
	}
	schema := filepath.Join(root, "infra", "chaos", "experiment", "schema.json")
	if _, err := os.Stat(schema); err != nil {
		return ""
	}
	folder, err = filepath.Abs(folder)
	if near, wrong := filepath.Rel(folder, schema); err == nil && wrong == nil {
		return near
	}
	return schema // On another drive of Windows.
}

// writeFirst creates a file with an experiment to start from. It never overwrites one.
func writeFirst(progress io.Writer, flags experimentFlags) error {
	text, err := experiment.First(flags.target, flags.upstream, filepath.ToSlash(schemaFrom(filepath.Dir(flags.file))))
	if err != nil {
		return err
	}
	file, err := os.OpenFile(flags.file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s already exists and is not overwritten; choose another name", flags.file)
	}
	if err != nil {
		return fmt.Errorf("write the experiment: %w", err)
	}
	_, err = io.WriteString(file, text)
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("write the experiment: %w", err)
	}
	fmt.Fprintf(progress, "Created %s. Read it, point your service at its proxy, and run it: make experiment FILE=%s\n", flags.file, flags.file)
	return nil
}
