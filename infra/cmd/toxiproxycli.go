package cmd

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"

	"github.com/spf13/cobra"

	"chaosworkshop/infra/internal/cli"
	"chaosworkshop/infra/internal/tool"
	"chaosworkshop/infra/lab/stack"
)

// newToxiproxyCLICommand builds Toxiproxy's own command line, in the version that infra/go.mod pins.
func newToxiproxyCLICommand() *cobra.Command {
	return &cobra.Command{
		Use:   "toxiproxy-cli",
		Short: "Build bin/toxiproxy-cli, to inject faults by hand",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			name := filepath.Join("bin", "toxiproxy-cli")
			if runtime.GOOS == "windows" {
				name += ".exe"
			}
			// The build does not know its own version: without the flag, --version would say "git".
			build := tool.Run{
				Dir: "infra",
				Args: []string{"go", "build", "-buildvcs=false", "-o", filepath.Join("..", name),
					"-ldflags", "-X github.com/Shopify/toxiproxy/v2.Version=2.12.0", "github.com/Shopify/toxiproxy/v2/cmd/cli"},
				Output: command.ErrOrStderr(),
			}
			err := cli.Step("Building toxiproxy-cli", func() error { return build.Do(command.Context()) })
			if _, failed := errors.AsType[*exec.ExitError](err); failed {
				return fmt.Errorf("build toxiproxy-cli: see the compiler's messages above")
			}
			if err != nil {
				return err
			}
			client, err := stack.Toxiproxy()
			if client == nil {
				return err
			}
			cli.Pair(command.OutOrStdout(), "built", name)
			cli.Pair(command.OutOrStdout(), "Try it", name+hostFlag(client)+" list")
			return nil
		},
	}
}
