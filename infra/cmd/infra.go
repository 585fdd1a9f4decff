package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/fatih/color"
	"github.com/spf13/cobra"

	"chaosworkshop/infra/internal/cli"
	"chaosworkshop/infra/lab/stack"
	"chaosworkshop/infra/lab/toxi"
	"chaosworkshop/shared/config"
	"chaosworkshop/shared/running"
)

// newInfraCommand runs the database and Toxiproxy until Ctrl-C.
func newInfraCommand() *cobra.Command {
	var asJSON, lifeline bool
	command := &cobra.Command{
		Use:   "infra",
		Short: "Run the database and Toxiproxy alone; exercises then reuse them",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) (err error) {
			ctx, out := command.Context(), command.OutOrStdout()
			if lifeline {
				ctx = untilClosed(ctx, command.InOrStdin())
			}
			plan, err := newPlan(ctx, command.ErrOrStderr())
			if err != nil {
				return err
			}
			running, err := stack.Start(ctx, plan.Infra)
			if err != nil {
				return cli.Stopped(ctx, err)
			}
			defer func() { err = errors.Join(err, running.Close()) }()
			if !asJSON { // A parent process learns the addresses from the line; nobody else is meant to find them.
				defer hold(command.ErrOrStderr(), running.Owned())()
			}
			if asJSON {
				// One line, from which a parent process learns that everything is ready.
				if err := json.NewEncoder(out).Encode(map[string]string{
					"toxiproxy": running.Toxi.URL(), "proxy": running.Proxy(), "database": running.Database(),
				}); err != nil {
					return err
				}
			} else {
				printStack(out, running)
				if !running.OwnsDatabase() && !running.Toxi.Owned() {
					fmt.Fprintln(out, "\nEverything is already running. Run an exercise: make exercise1")
					return nil
				}
				fmt.Fprintln(out, "\nNow run an exercise in another terminal: make exercise1. Ctrl-C stops this one.")
			}
			<-ctx.Done()
			return nil
		},
	}
	command.Flags().BoolVar(&asJSON, "ready-json", false, "print the addresses as one line of JSON when everything is ready")
	command.Flags().BoolVar(&lifeline, "stdin-lifeline", false, "stop when standard input is closed, for a parent process such as a test")
	return command
}

// untilClosed returns a context that also ends when in does.
func untilClosed(ctx context.Context, in io.Reader) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, in) // An error ends it too.
		cancel()
	}()
	return ctx
}

// newPlan finds the ports, and says which are not the usual ones.
func newPlan(ctx context.Context, out io.Writer, more ...string) (*stack.Plan, error) {
	plan, err := stack.NewPlan(ctx, more...)
	if err != nil {
		return nil, err
	}
	for _, note := range plan.Notes {
		fmt.Fprintln(out, color.YellowString(note))
	}
	return plan, nil
}

// hold lets the other commands of this folder find the ports, until release.
func hold(out io.Writer, ports map[string]int) (release func()) {
	root, err := config.Root()
	if err != nil {
		return func() {} // An image has the program alone, without a folder.
	}
	if release, err = running.Hold(root, ports); err != nil {
		fmt.Fprintf(out, "%v; set the ports that differ from the defaults in .env, so that other commands find them\n", err)
		return func() {}
	}
	return release
}

// printStack writes where everything is.
func printStack(out io.Writer, running *stack.Stack) {
	data, proxy := running.Data, ""
	if !running.OwnsDatabase() {
		data = "already running"
	}
	if !running.Toxi.Owned() {
		proxy = ", already running"
	}
	cli.Pair(out, "database", running.Database()+", "+data)
	cli.Pair(out, "Toxiproxy", running.Toxi.URL()+proxy)
	cli.Pair(out, toxi.ProxyName, running.Proxy()+" -> "+running.Database())
	if running.Fault != "" {
		cli.Pair(out, "fault", color.YellowString(faultInPlace(running.Fault)))
	}
}
