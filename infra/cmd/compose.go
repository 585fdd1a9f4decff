package cmd

import (
	"encoding/json"
	"fmt"
	"text/tabwriter"

	"chaosworkshop/infra/internal/cli"

	"github.com/spf13/cobra"

	"chaosworkshop/infra/deploy/compose"
)

// newUpCommand starts the workshop on Docker.
func newUpCommand() *cobra.Command {
	var profiles []string
	command := &cobra.Command{
		Use:   "up",
		Short: "Run the flights database and Toxiproxy on Docker instead",
		Long: "Run the flights database and Toxiproxy on Docker instead; the exercises then use them.\n\n" +
			"Profiles: mysql (MySQL 8.4 instead of flights-db, to be filled with seed), observe (Prometheus and Grafana),\n" +
			"exercise1 to exercise5 (the app as a container).",
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			docker, err := compose.Find(command.Context(), command.ErrOrStderr())
			if err != nil {
				return err
			}
			if err := docker.Up(command.Context(), profiles); err != nil {
				return err
			}
			for _, line := range docker.Addresses(profiles) {
				cli.Pair(command.OutOrStdout(), line[0], line[1])
			}
			return nil
		},
	}
	command.Flags().StringSliceVar(&profiles, "profile", nil, "what to run beside it: mysql, observe, exercise1 to exercise5")
	return command
}

// newDownCommand ends what newUpCommand started.
func newDownCommand() *cobra.Command {
	var volumes bool
	command := &cobra.Command{
		Use:   "down",
		Short: "End everything on Docker, and remove it",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			docker, err := compose.Find(command.Context(), command.ErrOrStderr())
			if err != nil {
				return err
			}
			return docker.Down(command.Context(), volumes)
		},
	}
	command.Flags().BoolVar(&volumes, "volumes", false, "also remove the data of the profile mysql")
	return command
}

// newLogsCommand shows what the containers say.
func newLogsCommand() *cobra.Command {
	var follow bool
	command := &cobra.Command{
		Use:   "logs [SERVICE...]",
		Short: "Show what the containers say",
		RunE: func(command *cobra.Command, services []string) error {
			docker, err := compose.Find(command.Context(), command.OutOrStdout())
			if err != nil {
				return err
			}
			return docker.Logs(command.Context(), follow, services)
		},
	}
	command.Flags().BoolVar(&follow, "follow", false, "go on until Ctrl-C")
	return command
}

// newPSCommand lists the containers.
func newPSCommand() *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use:   "ps",
		Short: "List the containers",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			docker, err := compose.Find(command.Context(), command.ErrOrStderr())
			if err != nil {
				return err
			}
			containers, err := docker.Containers(command.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(command.OutOrStdout()).Encode(containers)
			}
			if len(containers) == 0 {
				fmt.Fprintln(command.OutOrStdout(), "Nothing of the workshop runs on Docker; `make up` starts it.")
				return nil
			}
			table := tabwriter.NewWriter(command.OutOrStdout(), 0, 0, 3, ' ', 0)
			fmt.Fprintln(table, "NAME\tIMAGE\tSTATUS\tPORTS")
			for _, container := range containers {
				fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", container.Name, container.Image, container.Status, container.Ports)
			}
			return table.Flush()
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print the list as JSON")
	return command
}
