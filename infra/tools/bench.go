package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"chaosworkshop/infra/internal/cli"

	"github.com/fatih/color"
	"github.com/spf13/cobra"

	"chaosworkshop/infra/tools/bench"
	"chaosworkshop/shared/config"
)

// ledgerFile is where the ledger lies, from the workshop's root.
var ledgerFile = filepath.Join("infra", "docs", "benchmarks.md")

// newBenchCommand measures what the workshop promises.
func newBenchCommand() *cobra.Command {
	var options bench.Options
	var asJSON bool
	command := &cobra.Command{
		Use:   "bench",
		Short: "Measure what the workshop promises, each figure beside its reference",
		Long: "Measure what the workshop promises, each figure beside its reference, in about six minutes. A run of all of it writes\n" +
			"infra/docs/benchmarks.md; a short one, which leaves out what takes long, or one of some benchmarks only prints its table alone.\n\n" +
			"Exit codes: 0 every figure is within its wide bound (a missed target is said, no more), 1 one is not.",
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			options.Progress = command.ErrOrStderr()
			ledger, err := bench.Run(command.Context(), options)
			if err != nil {
				return cli.Stopped(command.Context(), err)
			}
			if err := writeLedger(command.OutOrStdout(), ledger, options, asJSON); err != nil {
				return err
			}
			// The targets are for a quiet machine and enough samples.
			if !options.Short {
				for _, missed := range ledger.Missed() {
					fmt.Fprintf(command.ErrOrStderr(), "%s %s\n", color.YellowString("target missed:"), missed)
				}
			}
			if broken := ledger.Broken(); len(broken) > 0 {
				return errors.New("far outside: " + strings.Join(broken, "\n"))
			}
			return nil
		},
	}
	command.Flags().BoolVar(&options.Short, "short", false, "measure less, within a minute: enough for the wide bounds")
	command.Flags().StringSliceVar(&options.Only, "only", nil, "run these benchmarks only: "+strings.Join(bench.Names(), ", "))
	command.Flags().BoolVar(&asJSON, "json", false, "print the ledger as JSON")
	return command
}

// writeLedger prints the ledger; one that is whole becomes the file.
func writeLedger(out io.Writer, ledger bench.Ledger, options bench.Options, asJSON bool) error {
	if !options.Short && len(options.Only) == 0 {
		root, err := config.Root()
		if err != nil {
			return err
		}
		file, err := os.Create(filepath.Join(root, ledgerFile))
		if err != nil {
			return fmt.Errorf("write the ledger: %w", err)
		}
		if err := errors.Join(ledger.WriteMarkdown(file), file.Close()); err != nil {
			return err
		}
	}
	if asJSON {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(ledger)
	}
	return ledger.WriteMarkdown(out)
}
