// Package cli holds what the workshop's two command lines share: signals, exit codes and aligned output.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"strings"
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
	// Interrupted says that the user ended the program before it finished. Shells use the same code.
	Interrupted = 130
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
				if startedAs() == "" {
					if err := misspelt(command.Name(), os.Getenv("MAKEFLAGS"), atRoot("Makefile"), atRoot(".env.example")); err != nil {
						return err
					}
				}
				return run(command, args)
			}
		}
	}
}

// endings are the signals that end the program in order: Ctrl-C, Ctrl-\, a polite kill, and a terminal that is closed, unless
// the program was started to outlive it (nohup).
func endings() []os.Signal {
	signals := []os.Signal{os.Interrupt, syscall.SIGQUIT, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}

// execute carries out the command line and returns the exit code: 0, that of Exit, Broken for wrong usage, Interrupted when
// ctx ended before the command was done, or 1.
func execute(ctx context.Context, root *cobra.Command) int {
	started := false
	noteStart(root, &started)
	complaints := speller{os.Stderr, root, startedAs()}
	command, err := root.ExecuteContextC(ctx)
	switch {
	case err == nil:
		return 0
	case ctx.Err() != nil:
		os.Stderr.WriteString(interrupted(err) + "\n")
		return Interrupted
	case !started:
		err = Exit(Broken, explain(command, err))
	}
	if text := complaints.variables(command, err.Error()); text != "" {
		color.New(color.FgRed).Fprint(os.Stderr, "error: ")
		fmt.Fprintln(complaints, text)
	}
	return ExitCode(err)
}

// interrupted is what remains to say of an error after Ctrl-C: what failed on its own, such as the removal of a fault, or that
// the command stopped. That work was cut off, and that a child process was killed, is what the user asked for.
func interrupted(err error) string {
	var kept []string
	for line := range strings.Lines(err.Error()) {
		if !cutOff.MatchString(line) {
			kept = append(kept, strings.TrimRight(line, "\n"))
		}
	}
	if len(kept) == 0 {
		return "stopped before it finished"
	}
	return strings.Join(kept, "\n")
}

// cutOff recognises the errors of work that Ctrl-C cut off.
var cutOff = regexp.MustCompile(`context canceled|operation was canceled|signal received|signal: (?:killed|interrupt|terminated)|exit status`)

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
