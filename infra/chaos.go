package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"chaosworkshop/infra/toxi"
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
			if list || number == 0 && name == "" {
				return printFaults(command.OutOrStdout(), asJSON)
			}
			fault, err := chosenFault(name, number)
			if err != nil {
				return err
			}
			client, err := runningToxiproxy(command.Context())
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
	if ttl < 0 {
		return fmt.Errorf("--ttl %s is in the past: name a time such as 5m", ttl)
	}
	if err := client.Inject(ctx, toxi.ProxyName, fault); err != nil {
		return err
	}
	if asJSON {
		if err := json.NewEncoder(out).Encode(fault); err != nil {
			return err
		}
	} else {
		printPair(out, fault.Name, fault.Summary)
		printPair(out, "by hand", fault.CLI(toxi.ProxyName))
	}
	if ttl == 0 {
		if !asJSON {
			printPair(out, "heal it", "make calm")
		}
		return nil
	}
	if !asJSON {
		printPair(out, "until", time.Now().Add(ttl).Format(time.TimeOnly)+", or Ctrl-C")
	}
	timer := time.NewTimer(ttl)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	if err := client.Calm(context.WithoutCancel(ctx), toxi.ProxyName); err != nil {
		return err
	}
	if !asJSON {
		printPair(out, "calm", "the fault is gone")
	}
	return nil
}

// printFaults writes the catalogue.
func printFaults(out io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(out).Encode(toxi.Faults())
	}
	for _, fault := range toxi.Faults() {
		printPair(out, fault.Name, fault.Summary)
		fmt.Fprintf(out, "               %s\n", fault.CLI(toxi.ProxyName))
	}
	fmt.Fprintln(out, "\nInject one: make chaos FAULT=slow, or that of an exercise: make chaos EX=2")
	return nil
}

// runningToxiproxy is the Toxiproxy that answers on the port of the settings.
func runningToxiproxy(ctx context.Context) (*toxi.Client, error) {
	cfg, err := config.Load[config.Infra]()
	if err != nil {
		return nil, err
	}
	host := cfg.Bind
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	client := toxi.NewClient("http://" + net.JoinHostPort(host, strconv.Itoa(cfg.ToxiproxyPort)))
	if _, err := client.Version(ctx); err != nil {
		return nil, fmt.Errorf("no Toxiproxy answers on port %d: start one with `make infra` or `make exercise1`, or set TOXIPROXY_PORT to its port", cfg.ToxiproxyPort)
	}
	return client, nil
}
