package cmd

import (
	"encoding/json"
	"fmt"
	"path/filepath"

	"chaosworkshop/infra/internal/cli"

	"github.com/spf13/cobra"

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
			dir := filepath.Join(root, "data", "openflights")
			return downloadData(command, openflights.Published(), dir, asJSON)
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print the report as JSON")
	return command
}

// downloadData downloads the source into the folder dir and says what is there now.
func downloadData(command *cobra.Command, source openflights.Source, dir string, asJSON bool) error {
	if err := openflights.Download(command.Context(), source, dir, command.ErrOrStderr()); err != nil {
		return err
	}
	_, report, err := openflights.Load(dir)
	if err != nil {
		return err
	}
	out := command.OutOrStdout()
	if asJSON {
		return json.NewEncoder(out).Encode(report)
	}
	fmt.Fprintf(out, "\n%s\n\n", report.Summary())
	cli.Pair(out, "Serve it", "OPENFLIGHTS_DIR=data/openflights, in the environment or in .env")
	cli.Pair(out, "Licence", "Open Database License 1.0, from openflights.org/data")
	return nil
}
