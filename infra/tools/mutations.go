package main

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"

	"chaosworkshop/infra/internal/cli"

	"github.com/fatih/color"
	"github.com/spf13/cobra"

	"chaosworkshop/infra/chaos/experiment"
)

// newMutationsCommand breaks the stages on purpose and checks that the experiments see it.
func newMutationsCommand() *cobra.Command {
	var only string
	command := &cobra.Command{
		Use:   "mutations",
		Short: "Break the exercises on purpose, and check that exactly the right experiments fail",
		Long: "Break copies of the exercises on purpose, and check that exactly the right experiments fail. It takes some minutes.\n\n" +
			"Exit codes: 0 every mutation turned what it must, 1 one did not, 2 nothing can be said.",
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) (err error) {
			wanted, err := regexp.Compile(only)
			if err != nil {
				return fmt.Errorf("read --only: %w", err)
			}
			var mutations []experiment.Mutation
			for _, mutation := range experiment.Mutations() {
				if wanted.MatchString(mutation.Name) {
					mutations = append(mutations, mutation)
				}
			}
			dir, err := os.MkdirTemp("", "mutations")
			if err != nil {
				return cli.Exit(cli.Broken, err)
			}
			defer os.RemoveAll(dir)
			runner, err := experiment.Open(command.Context(), experiment.DefaultSeed)
			if err != nil {
				return cli.Exit(cli.Broken, err)
			}
			defer func() { err = errors.Join(err, runner.Close()) }()
			mutants, err := runner.RunMutations(command.Context(), mutations, dir, func(done, of int, cell experiment.Cell, left time.Duration) {
				fmt.Fprintf(command.ErrOrStderr(), "%2d/%d  %3.0f s left  E%d on %s %s\n", done, of, left.Seconds(), cell.Number, cell.Run.Folder, cell.Run.Verdict)
			})
			if err != nil {
				return cli.Exit(cli.Broken, err)
			}
			wrong := 0
			for _, mutant := range mutants {
				mark := color.GreenString("ok")
				if !mutant.OK() {
					wrong++
					mark = color.RedString("NO")
				}
				chance := ""
				if len(mutant.May) > 0 {
					chance = ", by chance also " + names(mutant.May)
				}
				fmt.Fprintf(command.OutOrStdout(), "%s  exercise%d, %-42s turned %-8s expected %s%s\n",
					mark, mutant.Stage, mutant.Name, names(mutant.Turned()), names(mutant.Red), chance)
			}
			if wrong > 0 {
				return cli.Exit(cli.Failed, fmt.Errorf("%d of %d mutations turned something else", wrong, len(mutants)))
			}
			return nil
		},
	}
	command.Flags().StringVar(&only, "only", "", "a regular expression: only the mutations whose name it matches")
	return command
}

// names are the experiments' names, such as E3,E4; none is a dash.
func names(numbers []int) string {
	if len(numbers) == 0 {
		return "-"
	}
	var names []string
	for _, number := range numbers {
		names = append(names, fmt.Sprintf("E%d", number))
	}
	return strings.Join(names, ",")
}
