package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"chaosworkshop/infra/chaos/experiment"
	"chaosworkshop/shared/config"
)

// The marks in infra/docs/contributing.md between which the table stands.
const (
	catalogueBegin = "<!-- catalogue: written by make catalogue -->"
	catalogueEnd   = "<!-- end of catalogue -->"
)

// newCatalogueCommand measures every fault against every exercise and writes the table.
func newCatalogueCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "catalogue",
		Short: "Measure every fault of the catalogue on every exercise, and write the table in infra/docs/contributing.md",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) (err error) {
			root, err := config.Root()
			if err != nil {
				return err
			}
			runner, err := experiment.Open(command.Context(), experiment.DefaultSeed)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, runner.Close()) }()
			catalogue, err := runner.RunCatalogue(command.Context(), func(done, of int, fault string) {
				fmt.Fprintf(command.ErrOrStderr(), "%2d/%d  %s...\n", done+1, of, fault)
			})
			if err != nil {
				return err
			}
			table := &strings.Builder{}
			if err := catalogue.Markdown(io.MultiWriter(table, command.OutOrStdout()), runner.Settings); err != nil {
				return err
			}
			return replaceBetween(filepath.Join(root, "infra", "docs", "contributing.md"), catalogueBegin, catalogueEnd, table.String())
		},
	}
}

// replaceBetween puts text between two marks of a file, each of which stands on a line of its own.
func replaceBetween(path, begin, end, text string) error {
	old, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("write the table: %w", err)
	}
	before, rest, found := strings.Cut(string(old), begin)
	_, behind, closed := strings.Cut(rest, end)
	if !found || !closed {
		return fmt.Errorf("write the table: %s lacks the marks %q and %q; put them where the table belongs", path, begin, end)
	}
	return os.WriteFile(path, []byte(before+begin+"\n"+text+end+behind), 0o644)
}
