package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"chaosworkshop/infra/internal/cli"
	"chaosworkshop/infra/lab/stack"
	"chaosworkshop/infra/lab/toxi"
)

// newChaosCommand injects a fault of the catalogue.
func newChaosCommand() *cobra.Command {
	var number, node int
	var name string
	var ttl time.Duration
	var list, asJSON bool
	command := &cobra.Command{
		Use:   "chaos",
		Short: "Inject a fault, by its name or by the number of its exercise",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			out := command.OutOrStdout()
			client, err := stack.Toxiproxy()
			single := command.Flags().Changed("node")
			chosen, timed := command.Flags().Changed("ex") || command.Flags().Changed("fault"), command.Flags().Changed("ttl")
			switch {
			case client != nil && !chosen && !timed && !single:
				return printFaults(out, client, asJSON)
			case single && !chosen:
				return cli.Usage(errors.New("--node needs a fault; choose one with --ex or --fault"))
			case timed && !chosen:
				return cli.Usage(errors.New("--ttl needs a fault; choose one with --ex or --fault"))
			case ttl < 0:
				return cli.Usage(fmt.Errorf("--ttl %s is negative; choose a duration such as 5m", ttl))
			case err != nil:
				return err
			}
			fault, err := toxi.ForExercise(number)
			if command.Flags().Changed("fault") {
				fault, err = toxi.Lookup(name)
			}
			if err != nil {
				return cli.Usage(err)
			}
			proxy := toxi.ProxyName
			if single {
				proxy = toxi.NodeProxy(node)
			}
			var injection *toxi.Injection
			if ttl > 0 {
				injection, err = client.InjectOwn(command.Context(), proxy, fault)
			} else {
				err = client.Inject(command.Context(), proxy, fault)
			}
			if err != nil {
				return err
			}
			if asJSON {
				if err := printJSON(out, fault); err != nil {
					return err
				}
				out = io.Discard
			}
			cli.Pair(out, fault.Name, fault.Summary)
			cli.Pair(out, "by hand", byHand(client, fault, proxy))
			if ttl == 0 {
				cli.Pair(out, "heal it", "make calm")
				return nil
			}
			return removeAfter(command.Context(), out, injection, ttl)
		},
	}
	command.Flags().IntVar(&number, "ex", 0, "the exercise whose fault to inject: 1 to 5")
	command.Flags().StringVar(&name, "fault", "", "the name of the fault; --list shows them all")
	command.Flags().IntVar(&node, "node", 0, "break only this node of the database: 1 to 3, with the Compose profile galera")
	command.Flags().DurationVar(&ttl, "ttl", 0, "remove the fault after this time, such as 5m, or on Ctrl-C; 0 leaves it in place until calm")
	command.Flags().BoolVar(&list, "list", false, "list the faults")
	command.Flags().BoolVar(&asJSON, "json", false, "print the fault, or the list, as JSON")
	command.MarkFlagsMutuallyExclusive("ex", "fault", "list")
	return command
}

// removeAfter removes the fault when the ttl is over or ctx ends.
func removeAfter(ctx context.Context, out io.Writer, injection *toxi.Injection, ttl time.Duration) error {
	cli.Pair(out, "until", time.Now().Add(ttl).Format(time.TimeOnly)+", or Ctrl-C")
	removed, err := injection.RemoveAfter(ctx, ttl)
	if err != nil {
		return err
	}
	if !removed {
		cli.Pair(out, "over", "the fault was already removed or replaced; nothing changed")
		return nil
	}
	cli.Pair(out, "calm", "the fault is gone")
	return nil
}

// byHand is the toxiproxy-cli line that does the same.
func byHand(client *toxi.Client, fault toxi.Fault, proxy string) string {
	return strings.Replace(fault.CLI(proxy), "toxiproxy-cli", "bin/toxiproxy-cli"+hostFlag(client), 1)
}

// hostFlag leads toxiproxy-cli to a Toxiproxy that is not at the usual address.
func hostFlag(client *toxi.Client) string {
	if client.URL() == "http://127.0.0.1:8474" {
		return ""
	}
	return " --host " + client.URL()
}

// printFaults writes the catalogue.
func printFaults(out io.Writer, client *toxi.Client, asJSON bool) error {
	if asJSON {
		return printJSON(out, toxi.Faults())
	}
	for _, fault := range toxi.Faults() {
		cli.Pair(out, fault.Name, fault.Summary)
		fmt.Fprintf(out, "               %s\n", byHand(client, fault, toxi.ProxyName))
	}
	fmt.Fprintln(out, "\nInject one by its name: make chaos FAULT=slow, or by its exercise: make chaos EX=2")
	return nil
}
