package cmd

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"time"

	"github.com/fatih/color"
	"github.com/spf13/cobra"

	"chaosworkshop/infra/chaos/corpus"
	"chaosworkshop/infra/chaos/experiment"
	"chaosworkshop/infra/internal/cli"
	"chaosworkshop/infra/internal/spelling"
)

// newCorpusCommand proves the judge.
func newCorpusCommand() *cobra.Command {
	var only string
	var core bool
	command := &cobra.Command{
		Use:   "corpus",
		Short: "Judge right and wrong solutions, and check that the judge is right about each",
		Long: "Judge solutions that are known to be right or wrong: right ones that are written in another way than the exercises, and wrong\n" +
			"ones, each of which an experiment must catch. This takes seven minutes, and one for the core, on\n" +
			"a computer that does nothing else.\n\n" +
			"Exit codes: 0 the judge was right about all, 1 it was wrong about one, 2 inconclusive or wrong usage.",
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) (err error) {
			wanted, err := regexp.Compile(only)
			if err != nil {
				return cli.Usage(fmt.Errorf("--only %s is not a regular expression: %w", only, err))
			}
			solutions := slices.DeleteFunc(corpus.Solutions(), func(s corpus.Solution) bool {
				return !wanted.MatchString(s.String()) || core && !s.Core
			})
			if len(solutions) == 0 {
				var names []string
				for _, solution := range corpus.Solutions() {
					names = append(names, solution.Name)
				}
				return cli.Usage(fmt.Errorf("--only %s matches no solution; %s", only, spelling.DidYouMean(only, names)))
			}
			solutions = slices.DeleteFunc(solutions, func(s corpus.Solution) bool {
				missing := s.Missing()
				if missing != "" {
					fmt.Fprintf(command.OutOrStdout(), "%s  %s: this computer has no %s\n", color.YellowString("skipped"), s, missing)
				}
				return missing != ""
			})
			scratch, err := os.MkdirTemp("", "corpus")
			if err != nil {
				return cli.Exit(cli.Broken, err)
			}
			defer os.RemoveAll(scratch)
			runner, err := experiment.Open(command.Context(), experiment.DefaultSeed)
			if err != nil {
				return cli.Exit(cli.Broken, err)
			}
			defer func() { err = errors.Join(err, runner.Close()) }()
			start := time.Now()
			results, err := corpus.Judge(command.Context(), runner, solutions, scratch, func(done, of int, cell experiment.Cell, left time.Duration) {
				why := ""
				if !cell.OK() {
					why = ": " + cell.Run.Reason
				}
				fmt.Fprintf(command.ErrOrStderr(), "%2d/%d  %3.0f s left  E%d on %s %s%s\n", done, of, left.Seconds(), cell.Number, cell.Run.Folder, cell.Run.Verdict, why)
			})
			if err != nil {
				return cli.Exit(cli.Broken, err)
			}
			wrong, code := 0, 0
			for _, result := range results {
				mark, kind := color.GreenString("ok    "), "passes"
				if !result.Right() {
					kind = fmt.Sprintf("fails E%d", result.Red)
				}
				why := result.Wrong()
				switch {
				case why == "":
				case result.Inconclusive():
					mark, code = color.YellowString("no    "), max(code, cli.Broken)
				default:
					mark, wrong = color.RedString("failed"), wrong+1
				}
				fmt.Fprintf(command.OutOrStdout(), "%s  %-8s  %s  %s\n", mark, kind, result, why)
			}
			fmt.Fprintf(command.ErrOrStderr(), "%d solutions in %.0f s\n", len(results), time.Since(start).Seconds())
			if wrong > 0 {
				return cli.Exit(cli.Failed, fmt.Errorf("the judge was wrong about %d of %d solutions", wrong, len(results)))
			}
			if code != 0 {
				return cli.Exit(code, errors.New("at least one run was inconclusive"))
			}
			return nil
		},
	}
	command.Flags().StringVar(&only, "only", "", "judge only the solutions whose name matches this regular expression")
	command.Flags().BoolVar(&core, "core", false, "judge only the core, which takes a minute")
	return command
}
