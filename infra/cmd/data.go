package cmd

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"chaosworkshop/infra/internal/cli"
	"chaosworkshop/infra/lab/openflights"
	"chaosworkshop/shared/config"
)

// newDataCommand downloads the full OpenFlights data.
func newDataCommand() *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use:   "data",
		Short: "Download the full OpenFlights data, about 4 MB, into data/openflights",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			root, err := config.Root()
			if err != nil {
				return err
			}
			return downloadData(command, openflights.Published(), filepath.Join(root, "data", "openflights"), asJSON)
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print the rows of each file as JSON")
	return command
}

// downloadData downloads the source into the folder dir and prints what it now holds.
func downloadData(command *cobra.Command, source openflights.Source, dir string, asJSON bool) error {
	if err := openflights.Download(command.Context(), source, dir, command.ErrOrStderr()); err != nil {
		return err
	}
	_, rows, err := openflights.Load(dir)
	if err != nil {
		return err
	}
	out := command.OutOrStdout()
	if asJSON {
		return printJSON(out, rows)
	}
	fmt.Fprintf(out, "\n%s\n\n", rows.Summary())
	cli.Pair(out, "Serve it", "OPENFLIGHTS_DIR=data/openflights, in the environment or in .env")
	cli.Pair(out, "Licence", "Open Database License 1.0, from openflights.org/data")
	return nil
}
