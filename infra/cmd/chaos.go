package cmd

import (
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"chaosworkshop/infra/internal/cli"
	"chaosworkshop/infra/lab/toxi"
	"chaosworkshop/shared/config"
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
			client, err := toxiproxy()
			if err != nil {
				return err
			}
			if list || !command.Flags().Changed("ex") && !command.Flags().Changed("fault") {
				return printFaults(out, client, asJSON)
			}
			if ttl < 0 {
				return fmt.Errorf("--ttl %s is negative; choose a duration such as 5m", ttl)
			}
			fault, err := toxi.ForExercise(number)
			if name != "" {
				fault, err = toxi.Lookup(name)
			}
			if err != nil {
				return err
			}
			proxy, err := proxyOf(command.Context(), client, node)
			if err != nil {
				return err
			}
			if err := client.Inject(command.Context(), proxy, fault); err != nil {
				return err
			}
			if asJSON {
				if err := printJSON(out, fault); err != nil {
					return err
				}
				out = io.Discard
			}
			cli.Pair(out, fault.Name, fault.Summary)
			cli.Pair(out, "by hand", byHand(client, proxy, fault))
			if ttl == 0 {
				cli.Pair(out, "heal it", "make calm")
				return nil
			}
			return calmAfter(command.Context(), out, client, proxy, ttl)
		},
	}
	command.Flags().IntVar(&number, "ex", 0, "the exercise whose fault to inject: 1 to 5")
	command.Flags().StringVar(&name, "fault", "", "the name of the fault; --list shows them all")
	command.Flags().IntVar(&node, "node", 0, "break only this node of the replicated database of `make up PROFILE=galera`: 1 to 3")
	command.Flags().DurationVar(&ttl, "ttl", 0, "remove the fault after this time, such as 5m, or on Ctrl-C; 0 leaves it in place until calm")
	command.Flags().BoolVar(&list, "list", false, "list the faults")
	command.Flags().BoolVar(&asJSON, "json", false, "print the fault, or the list, as JSON")
	command.MarkFlagsMutuallyExclusive("ex", "fault", "list")
	return command
}

// proxyOf is the proxy before one node of a replicated database, which must exist; node 0 is the proxy before the database.
func proxyOf(ctx context.Context, client *toxi.Client, node int) (string, error) {
	if node == 0 {
		return toxi.ProxyName, nil
	}
	name := fmt.Sprintf("galera%d", node)
	proxies, err := client.Proxies(ctx)
	if _, ok := proxies[name]; err == nil && !ok {
		err = fmt.Errorf("the Toxiproxy at %s leads to no database node %d; `make up PROFILE=galera` runs nodes 1 to 3", client.URL(), node)
	}
	return name, err
}

// calmAfter removes the fault when the ttl is over or ctx ends.
func calmAfter(ctx context.Context, out io.Writer, client *toxi.Client, proxy string, ttl time.Duration) error {
	cli.Pair(out, "until", time.Now().Add(ttl).Format(time.TimeOnly)+", or Ctrl-C")
	if err := client.CalmAfter(ctx, proxy, ttl); err != nil {
		return err
	}
	cli.Pair(out, "calm", "the fault is gone")
	return nil
}

// byHand is the toxiproxy-cli line that does the same; it names a Toxiproxy that is not at the usual address.
func byHand(client *toxi.Client, proxy string, fault toxi.Fault) string {
	line := fault.CLI(proxy)
	if client.URL() == "http://127.0.0.1:8474" {
		return line
	}
	return strings.Replace(line, "toxiproxy-cli", "toxiproxy-cli --host "+client.URL(), 1)
}

// printFaults writes the catalogue.
func printFaults(out io.Writer, client *toxi.Client, asJSON bool) error {
	if asJSON {
		return printJSON(out, toxi.Faults())
	}
	for _, fault := range toxi.Faults() {
		cli.Pair(out, fault.Name, fault.Summary)
		fmt.Fprintf(out, "               %s\n", byHand(client, toxi.ProxyName, fault))
	}
	fmt.Fprintln(out, "\nInject one by its name: make chaos FAULT=slow, or by its exercise: make chaos EX=2")
	return nil
}

// toxiproxy returns a client of the Toxiproxy that the settings name, whether it runs or not.
func toxiproxy() (*toxi.Client, error) {
	cfg, err := config.Load[config.Infra]()
	if err != nil {
		return nil, err
	}
	return toxi.NewClient("http://" + net.JoinHostPort(dialable(cfg.Bind), strconv.Itoa(cfg.ToxiproxyPort))), nil
}

// dialable is the host to dial for a host to listen on, which may mean every interface.
func dialable(host string) string {
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		return "127.0.0.1"
	}
	return host
}
