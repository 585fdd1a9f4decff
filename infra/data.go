package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"chaosworkshop/infra/openflights"
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
			if err := openflights.Download(command.Context(), openflights.Published(), dir, command.ErrOrStderr()); err != nil {
				return err
			}
			_, report, err := openflights.Load(dir)
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(command.OutOrStdout()).Encode(report)
			}
			fmt.Fprintf(command.OutOrStdout(), "\n%s\n\n", report.Summary())
			printPair(command.OutOrStdout(), "Serve it", "OPENFLIGHTS_DIR=data/openflights, in the environment or in .env")
			printPair(command.OutOrStdout(), "Licence", "Open Database License 1.0, from openflights.org/data")
			return nil
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print the report as JSON")
	return command
}
