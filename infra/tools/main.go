// The maintainers' command line: what proves, measures and checks the workshop. Attendees need none of it.
package main

import (
	"github.com/spf13/cobra"

	"chaosworkshop/infra/internal/cli"
)

func main() { cli.Main(newRoot()) }

// newRoot returns the command line with every command.
func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:               "tools",
		Short:             "Check, measure and break the workshop itself",
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.AddCommand(
		newLintCommand(),
		newGuideCommand(),
		newSoakCommand(),
		newBenchCommand(),
		newCatalogueCommand(),
	)
	return root
}
