package cmd

import (
	"fmt"

	"github.com/spf13/cobra"

	"chaosworkshop/infra/internal/cli"
	"chaosworkshop/infra/lab/stack"
)

// newCalmCommand removes every fault.
func newCalmCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "calm",
		Short: "Remove every fault",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			client, err := stack.Toxiproxy()
			if err != nil {
				return err
			}
			proxies, err := client.CalmAll(command.Context())
			if err != nil {
				return err
			}
			if proxies == 0 {
				return fmt.Errorf("the Toxiproxy at %s has no proxy; `make infra` or `make exercise1` creates one", client.URL())
			}
			cli.Pair(command.OutOrStdout(), "calm", "no toxic is left")
			return nil
		},
	}
}
