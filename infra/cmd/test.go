package cmd

import (
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"slices"

	"github.com/spf13/cobra"

	"chaosworkshop/infra/internal/tool"
	"chaosworkshop/shared/config"
)

// newTestCommand runs the tests of every module.
func newTestCommand() *cobra.Command {
	var race bool
	command := &cobra.Command{
		Use:   "test [PACKAGE ...]",
		Short: "Run the tests of every module, or of the packages named",
		RunE: func(command *cobra.Command, packages []string) error {
			root, err := config.Root()
			if err != nil {
				return err
			}
			if len(packages) == 0 {
				if packages, err = tool.Modules(root); err != nil {
					return err
				}
				slices.Reverse(packages) // The tests of infra take longest, so they begin before those of the exercises.
				for i := range packages {
					packages[i] += "/..."
				}
			}
			// Bypass the cache: a test that starts the infrastructure as a process would not notice a change in it. What only
			// debuggers read is left out, which links faster. Tests wait more than they compute: one package more runs than there
			// are processors.
			args := []string{"go", "test", "-count=1", "-timeout=10m", "-ldflags=-w", fmt.Sprintf("-p=%d", runtime.NumCPU()+1)}
			if race {
				args = append(args, "-race")
			}
			err = tool.Run{Args: append(args, packages...), Output: command.OutOrStdout()}.Do(command.Context())
			if _, failed := errors.AsType[*exec.ExitError](err); failed {
				return fmt.Errorf("a test failed; see the lines with FAIL above")
			}
			return err
		},
	}
	command.Flags().BoolVar(&race, "race", false, "use the race detector, which needs a C compiler")
	return command
}
