package cmd

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"chaosworkshop/infra/internal/cli"
	"chaosworkshop/infra/room/bundle"
	"chaosworkshop/shared/config"
)

// newBundleCommand packs the workshop for computers without a network.
func newBundleCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "bundle",
		Short: "Pack everything into one archive, for computers without a network",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			root, err := config.Root()
			if err != nil {
				return err
			}
			path, err := bundle.Make(command.Context(), root, filepath.Join(root, "dist"), command.ErrOrStderr())
			if err != nil {
				return err
			}
			info, err := os.Stat(path)
			if err != nil {
				return err
			}
			out, name := command.OutOrStdout(), filepath.Base(path)
			fmt.Fprintf(out, "%s, %d MB\n\n", path, info.Size()>>20)
			cli.Pair(out, "Check it", "sha256sum -c "+name+".sha256")
			cli.Pair(out, "  on macOS", "shasum -a 256 -c "+name+".sha256")
			cli.Pair(out, "  on Windows", "(Get-FileHash "+name+").Hash -eq ((Get-Content "+name+".sha256) -split ' ')[0]")
			cli.Pair(out, "Unpack it", "tar xf "+name)
			cli.Pair(out, "Use it", "cd chaosworkshop, then make exercise5, or without make: bin/workshop exercise5")
			cli.Pair(out, "It needs", "Go, and nothing else")
			return nil
		},
	}
}
