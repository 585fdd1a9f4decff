// Package cli holds what the workshop's two command lines share: signals, exit codes and aligned output.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/fatih/color"
	"github.com/spf13/cobra"
)

// The exit codes of what judges, beside 0.
const (
	// Failed says that a hypothesis did not hold.
	Failed = 1
	// Broken says that there is no verdict: no build, no start, wrong usage, or the environment stood in the way.
	Broken = 2
)

// Main runs the command line, ends the program with its exit code, and passes the first signal to end on to the command
// as the end of its context. A second Ctrl-C ends the program at once.
func Main(root *cobra.Command) {
	ctx, stop := signal.NotifyContext(context.Background(), endings()...)
	context.AfterFunc(ctx, stop) // The first signal gives the second one back to the system.
	root.SetOut(speller{os.Stdout, root, startedAs()})
	root.SetErr(speller{os.Stderr, root, startedAs()})
	os.Exit(execute(ctx, root))
}

// noteStart makes every command below root set started when it runs. An error before that is one of usage.
func noteStart(root *cobra.Command, started *bool) {
	for _, command := range root.Commands() {
		noteStart(command, started)
		if run := command.RunE; run != nil {
			command.RunE = func(command *cobra.Command, args []string) error {
				*started = true
				return run(command, args)
			}
		}
	}
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

// execute carries out the command line and returns the exit code: 0, that of Exit, Broken for wrong usage, or 1.
func execute(ctx context.Context, root *cobra.Command) int {
	started := false
	noteStart(root, &started)
	complaints := speller{os.Stderr, root, startedAs()}
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	if !started {
		err = Exit(Broken, err)
	}
	if text := err.Error(); text != "" {
		color.New(color.FgRed).Fprint(os.Stderr, "error: ")
		fmt.Fprintln(complaints, text)
	}
	return ExitCode(err)
}

// ExitCode is the code that err ends the program with: 0 for nil, that of Exit, or 1.
func ExitCode(err error) int {
	if err == nil {
		return 0
	}
	if exit, ok := errors.AsType[exitError](err); ok {
		return exit.code
	}
	return 1
}

// exitError ends the program with a code of its own.
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

// Exit returns an error that ends the program with the code. A nil err means that everything has been said already.
func Exit(code int, err error) error { return exitError{code, err} }

// Stopped returns err, or nil when the user ended the program meanwhile.
func Stopped(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// Pair writes one aligned line of a name and what belongs to it.
func Pair(out io.Writer, name, value string) {
	fmt.Fprintf(out, "  %s %s\n", color.CyanString("%-12s", name), value)
}
