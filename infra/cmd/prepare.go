package cmd

import (
	"os"

	"github.com/spf13/cobra"

	"chaosworkshop/infra/internal/cli"
	"chaosworkshop/infra/room/prepare"
	"chaosworkshop/shared/config"
)

// newPrepareCommand downloads and compiles everything.
func newPrepareCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "prepare",
		Short: "Download and compile everything, so that the workshop works without a network",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			root, err := config.Root()
			if err != nil {
				return err
			}
			options := prepare.Options{Root: root, Out: command.OutOrStdout(), Terminal: prepare.Terminal(os.Stdout)}
			return cli.Stopped(command.Context(), prepare.Run(command.Context(), options))
		},
	}
}
