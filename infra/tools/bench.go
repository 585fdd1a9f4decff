package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/fatih/color"
	"github.com/spf13/cobra"

	"chaosworkshop/infra/internal/cli"
	"chaosworkshop/infra/internal/spelling"
	"chaosworkshop/infra/tools/bench"
	"chaosworkshop/shared/config"
)

// newBenchCommand runs the benchmarks and judges their figures.
func newBenchCommand() *cobra.Command {
	var options bench.Options
	var only string
	command := &cobra.Command{
		Use:   "bench",
		Short: "Run the benchmarks and compare each figure with its reference and its target",
		Long: "Run the benchmarks and compare each figure with its reference and its target. A whole run takes about three minutes and\n" +
			"writes infra/docs/benchmarks.md. A short one, or one of some suites, prints its tables only.\n\n" +
			"Exit codes: 0 every figure is within its wide bound (a missed target is only reported), 1 one is not.",
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) (err error) {
			if options.Only, err = regexp.Compile(only); err != nil {
				return cli.Usage(fmt.Errorf("--only %s is not a regular expression: %w", only, err))
			}
			if names := bench.Names(); !slices.ContainsFunc(names, options.Only.MatchString) {
				return cli.Usage(fmt.Errorf("--only %s matches no suite; %s", only, spelling.DidYouMean(only, names)))
			}
			root, err := config.Root()
			if err != nil {
				return err
			}
			options.Output = command.ErrOrStderr()
			started := time.Now()
			ledger, err := bench.Run(command.Context(), root, options)
			if err != nil {
				return cli.Stopped(command.Context(), err)
			}
			page := ledger.Markdown(ledger.About(command.Context(), root, time.Since(started)))
			fmt.Fprint(command.OutOrStdout(), page)
			// A busy machine and few samples miss targets by chance.
			if !options.Short {
				for _, missed := range ledger.Missed() {
					fmt.Fprintln(command.ErrOrStderr(), color.YellowString("target missed:"), missed)
				}
			}
			if broken := ledger.Broken(); len(broken) > 0 {
				return errors.New("far above its bound: " + strings.Join(broken, "\n"))
			}
			if options.Short || only != "" {
				return nil
			}
			return os.WriteFile(filepath.Join(root, "infra", "docs", "benchmarks.md"), []byte(page), 0o644)
		},
	}
	command.Flags().BoolVar(&options.Short, "short", false, "take few samples, within a minute: enough for the wide bounds")
	command.Flags().StringVar(&only, "only", "", "a regular expression: run only the suites whose name it matches")
	return command
}
