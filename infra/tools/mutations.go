package main

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"time"

	"github.com/fatih/color"
	"github.com/spf13/cobra"

	"chaosworkshop/infra/chaos/experiment"
	"chaosworkshop/infra/internal/cli"
)

// newMutationsCommand breaks the stages on purpose and checks that the experiments see it.
func newMutationsCommand() *cobra.Command {
	var only string
	command := &cobra.Command{
		Use:   "mutations",
		Short: "Break the exercises on purpose, and check that exactly the right experiments fail",
		Long: "Break copies of the exercises on purpose, and check that exactly the right experiments fail. It takes some minutes.\n\n" +
			"Exit codes: 0 every mutation was detected as expected, 1 one was not, 2 inconclusive or wrong usage.",
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) (err error) {
			wanted, err := regexp.Compile(only)
			if err != nil {
				return cli.Usage(fmt.Errorf("--only %s is not a regular expression: %w", only, err))
			}
			mutations := slices.DeleteFunc(experiment.Mutations(), func(m experiment.Mutation) bool { return !wanted.MatchString(m.Name) })
			if len(mutations) == 0 {
				var names []string
				for _, mutation := range experiment.Mutations() {
					names = append(names, mutation.Name)
				}
				return cli.Usage(fmt.Errorf("--only %s matches no mutation; %s", only, cli.DidYouMean(only, names)))
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
			failed := 0
			for _, mutant := range mutants {
				mark := color.GreenString("ok    ")
				if !mutant.OK() {
					failed++
					mark = color.RedString("failed")
				}
				fmt.Fprintf(command.OutOrStdout(), "%s  exercise%d, %-42s experiments that failed %v, expected %v, possible by chance %v\n",
					mark, mutant.Stage, mutant.Name, mutant.Turned(), mutant.Red, mutant.May)
			}
			if failed > 0 {
				return cli.Exit(cli.Failed, fmt.Errorf("%d of %d mutations were not detected as expected", failed, len(mutants)))
			}
			return nil
		},
	}
	command.Flags().StringVar(&only, "only", "", "a regular expression: only the mutations whose name it matches")
	return command
}
