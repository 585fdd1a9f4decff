package cmd

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"chaosworkshop/infra/internal/cli"

	"github.com/spf13/cobra"

	"chaosworkshop/infra/lab/toxi"
	"chaosworkshop/shared/config"
)

// newChaosCommand injects a fault of the catalogue.
func newChaosCommand() *cobra.Command {
	var number int
	var name string
	var ttl time.Duration
	var list, asJSON bool
	command := &cobra.Command{
		Use:   "chaos",
		Short: "Inject a fault, by its name or by the exercise that it belongs to",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if list || !command.Flags().Changed("ex") && !command.Flags().Changed("fault") {
				return printFaults(command.OutOrStdout(), asJSON)
			}
			if ttl < 0 {
				return fmt.Errorf("--ttl %s is in the past; name a time such as 5m", ttl)
			}
			fault, err := chosenFault(name, number)
			if err != nil {
				return err
			}
			client, err := toxiproxy()
			if err != nil {
				return err
			}
			return injectFault(command.Context(), command.OutOrStdout(), client, fault, ttl, asJSON)
		},
	}
	command.Flags().IntVar(&number, "ex", 0, "the exercise whose fault to inject: 1 to 5")
	command.Flags().StringVar(&name, "fault", "", "the fault's name, as --list shows it")
	command.Flags().DurationVar(&ttl, "ttl", 0, "take the fault back after this time, such as 5m, or at Ctrl-C; 0 leaves it until calm")
	command.Flags().BoolVar(&list, "list", false, "list the faults")
	command.Flags().BoolVar(&asJSON, "json", false, "print the fault, or the list, as JSON")
	command.MarkFlagsMutuallyExclusive("ex", "fault", "list")
	return command
}

// chosenFault is the fault with that name, or that of the exercise.
func chosenFault(name string, number int) (toxi.Fault, error) {
	if name != "" {
		return toxi.Lookup(name)
	}
	return toxi.ForExercise(number)
}

// injectFault injects the fault and returns, or, with a ttl, takes it back when that is over or ctx ends.
func injectFault(ctx context.Context, out io.Writer, client *toxi.Client, fault toxi.Fault, ttl time.Duration, asJSON bool) error {
	if err := client.Inject(ctx, toxi.ProxyName, fault); err != nil {
		return err
	}
	say := func(name, value string) {
		if !asJSON {
			cli.Pair(out, name, value)
		}
	}
	if asJSON {
		if err := json.NewEncoder(out).Encode(fault); err != nil {
			return err
		}
	}
	say(fault.Name, fault.Summary)
	say("by hand", byHand(client, fault))
	if ttl == 0 {
		say("heal it", "make calm")
		return nil
	}
	say("until", time.Now().Add(ttl).Format(time.TimeOnly)+", or Ctrl-C")
	if err := client.CalmAfter(ctx, toxi.ProxyName, ttl); err != nil {
		return err
	}
	say("calm", "the fault is gone")
	return nil
}

// byHand is the toxiproxy-cli line that does the same; it names the Toxiproxy where that is not the usual one.
func byHand(client *toxi.Client, fault toxi.Fault) string {
	line := fault.CLI(toxi.ProxyName)
	if client.URL() == "http://127.0.0.1:8474" {
		return line
	}
	return strings.Replace(line, "toxiproxy-cli", "toxiproxy-cli --host "+client.URL(), 1)
}

// printFaults writes the catalogue.
func printFaults(out io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(out).Encode(toxi.Faults())
	}
	for _, fault := range toxi.Faults() {
		cli.Pair(out, fault.Name, fault.Summary)
		fmt.Fprintf(out, "               %s\n", fault.CLI(toxi.ProxyName))
	}
	fmt.Fprintln(out, "\nInject one: make chaos FAULT=slow, or that of an exercise: make chaos EX=2")
	return nil
}

// toxiproxy is the Toxiproxy of the settings, whether it runs or not.
func toxiproxy() (*toxi.Client, error) {
	cfg, err := config.Load[config.Infra]()
	if err != nil {
		return nil, err
	}
	host := cfg.Bind
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return toxi.NewClient("http://" + net.JoinHostPort(host, strconv.Itoa(cfg.ToxiproxyPort))), nil
}
