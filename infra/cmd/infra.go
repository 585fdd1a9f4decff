package cmd

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"chaosworkshop/infra/internal/cli"

	"github.com/spf13/cobra"

	"chaosworkshop/infra/lab/stack"
	"chaosworkshop/infra/lab/toxi"
	"chaosworkshop/shared/config"
)

// newInfraCommand runs the database and Toxiproxy until Ctrl-C.
func newInfraCommand() *cobra.Command {
	var asJSON, lifeline bool
	command := &cobra.Command{
		Use:   "infra",
		Short: "Run the flights database and Toxiproxy alone; the exercises then use them",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			ctx := command.Context()
			if lifeline {
				ctx = untilClosed(ctx, command.InOrStdin())
			}
			cfg, err := config.Load[config.Infra]()
			if err != nil {
				return err
			}
			running, err := stack.Start(ctx, cfg)
			if err != nil {
				return err
			}
			if asJSON {
				err = printReady(command.OutOrStdout(), running)
			} else {
				printStack(command.OutOrStdout(), running)
				fmt.Fprintln(command.OutOrStdout(), "\nNow run an exercise in another terminal: make exercise1. Ctrl-C ends this one.")
			}
			if err == nil {
				<-ctx.Done()
			}
			if end := running.Close(); err == nil {
				err = end
			}
			return err
		},
	}
	command.Flags().BoolVar(&asJSON, "ready-json", false, "print the addresses as one line of JSON when all is ready")
	command.Flags().BoolVar(&lifeline, "stdin-lifeline", false, "end when standard input is closed, as a child of a test does")
	return command
}

// untilClosed returns a context that also ends when in does.
func untilClosed(ctx context.Context, in io.Reader) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, in) // However it ends, it is the end.
		cancel()
	}()
	return ctx
}

// printReady writes where everything is, for programs.
func printReady(out io.Writer, running *stack.Stack) error {
	return json.NewEncoder(out).Encode(map[string]string{
		"toxiproxy": running.Toxi.URL(),
		"proxy":     running.Proxy(),
		"database":  running.Database(),
	})
}

// printStack writes where everything is, for people.
func printStack(out io.Writer, running *stack.Stack) {
	data := running.Data
	if !running.OwnsDatabase() {
		data = "was running already"
	}
	proxy := ""
	if !running.Toxi.Owned() {
		proxy = ", was running already"
	}
	cli.Pair(out, "database", running.Database()+", "+data)
	cli.Pair(out, "Toxiproxy", running.Toxi.URL()+proxy)
	cli.Pair(out, toxi.ProxyName, running.Proxy()+" -> "+running.Database())
}
