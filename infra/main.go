// The workshop's command line: the database, the proxy and the faults around the five exercises.
package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"

	"github.com/fatih/color"
	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), endings()...)
	// A second Ctrl-C ends the program at once: the first one gives the signal back to the system.
	context.AfterFunc(ctx, stop)
	os.Exit(execute(ctx))
}

// endings are the signals that end the program in order: Ctrl-C, a polite kill, and a terminal that is closed, unless
// the program was started to outlive it (nohup).
func endings() []os.Signal {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}

// execute carries out the command line and returns the exit code: 0, that of an exitError, or 1.
func execute(ctx context.Context) int {
	err := newRoot().ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	if text := err.Error(); text != "" {
		color.New(color.FgRed).Fprint(os.Stderr, "error: ")
		os.Stderr.WriteString(text + "\n")
	}
	if exit, ok := errors.AsType[exitError](err); ok {
		return exit.code
	}
	return 1
}

// exitError ends the program with a code of its own; no error inside means that everything was said already.
type exitError struct {
	code int
	err  error
}

func (e exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e exitError) Unwrap() error { return e.err }

// newRoot lists every command.
func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "workshop",
		Short: "Build robust software with chaos engineering, in Go",
		Long: "Build robust software with chaos engineering, in Go.\n\n" +
			"Each command is also a make target: `make exercise3` is `go run ./infra exercise3`.",
		SilenceErrors:     true,
		SilenceUsage:      true,
		PersistentPreRunE: useBundle,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.AddCommand(newExerciseCommands()...)
	root.AddCommand(
		newInfraCommand(),
		newChaosCommand(),
		newCalmCommand(),
		newToxiproxyCLICommand(),
		newDataCommand(),
		newLoadCommand(),
		newRaceCommand(),
		newDiffCommand(),
		newTestCommand(),
		newLintCommand(),
		newLicencesCommand(),
		newSoakCommand(),
		newVerifyCommand(),
		newSeedCommand(),
		newDoctorCommand(),
		newSecretsCommand(),
		newBundleCommand(),
		newUpCommand(),
		newDownCommand(),
		newLogsCommand(),
		newPSCommand(),
		newMatrixCommand(),
		newMutationsCommand(),
		newCatalogueCommand(),
		newBenchCommand(),
		newGuideCommand(),
	)
	return root
}
