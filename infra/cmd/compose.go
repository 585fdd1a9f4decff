package cmd

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"chaosworkshop/infra/deploy/compose"
	"chaosworkshop/infra/internal/cli"
)

// newUpCommand starts the workshop in Docker.
func newUpCommand() *cobra.Command {
	var profiles []string
	command := composeCommand("up", "Run the database and Toxiproxy in Docker; the exercises then use them",
		func(command *cobra.Command, docker *compose.Compose, _ []string) error {
			if err := docker.Up(command.Context(), profiles); err != nil {
				return err
			}
			for _, line := range docker.Addresses(profiles) {
				cli.Pair(command.OutOrStdout(), line[0], line[1])
			}
			return nil
		})
	command.Long = "Run the flights database and Toxiproxy in Docker; the exercises then use them.\n\n" +
		"Profiles: mysql (MySQL 8.4 instead of flights-db; fill it with seed), galera (three MariaDB nodes behind HAProxy; fill\n" +
		"them with seed), observe (Prometheus, Grafana, Jaeger), exercise1 to exercise5 (the app)."
	command.Flags().StringSliceVar(&profiles, "profile", nil, "what else to run: mysql, galera, observe, exercise1 to exercise5")
	return command
}

// newDownCommand stops what newUpCommand started.
func newDownCommand() *cobra.Command {
	var volumes bool
	command := composeCommand("down", "Remove the workshop's containers",
		func(command *cobra.Command, docker *compose.Compose, _ []string) error {
			return docker.Down(command.Context(), volumes)
		})
	command.Flags().BoolVar(&volumes, "volumes", false, "also remove the data of the profile mysql")
	return command
}

// newLogsCommand shows what the containers log.
func newLogsCommand() *cobra.Command {
	var follow bool
	command := composeCommand("logs [SERVICE...]", "Show the containers' logs",
		func(command *cobra.Command, docker *compose.Compose, services []string) error {
			return docker.Logs(command.Context(), command.OutOrStdout(), follow, services)
		})
	command.Args = cobra.ArbitraryArgs
	command.Flags().BoolVar(&follow, "follow", false, "continue until Ctrl-C")
	return command
}

// newPSCommand lists the containers.
func newPSCommand() *cobra.Command {
	var asJSON bool
	command := composeCommand("ps", "List the containers", func(command *cobra.Command, docker *compose.Compose, _ []string) error {
		containers, err := docker.Containers(command.Context())
		if err != nil {
			return err
		}
		out := command.OutOrStdout()
		if asJSON {
			return printJSON(out, containers)
		}
		if len(containers) == 0 {
			fmt.Fprintln(out, "The workshop has no containers; `make up` starts them.")
			return nil
		}
		table := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
		fmt.Fprintln(table, "NAME\tIMAGE\tSTATUS\tPORTS")
		for _, container := range containers {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", container.Name, container.Image, container.Status, container.Ports)
		}
		return table.Flush()
	})
	command.Flags().BoolVar(&asJSON, "json", false, "print the list as JSON")
	return command
}

// composeCommand is a command that needs Docker Compose.
func composeCommand(use, short string, run func(*cobra.Command, *compose.Compose, []string) error) *cobra.Command {
	return &cobra.Command{
		Use:   use,
		Short: short,
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, args []string) error {
			docker, err := compose.Find(command.Context(), command.ErrOrStderr())
			if err != nil {
				return err
			}
			return run(command, docker, args)
		},
	}
}
