package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/fatih/color"
	"github.com/spf13/cobra"

	"chaosworkshop/infra/chaos/experiment"
	"chaosworkshop/infra/chaos/report"
	"chaosworkshop/infra/internal/cli"
	"chaosworkshop/shared/config"
)

// newMatrixCommand runs every experiment on every stage.
func newMatrixCommand() *cobra.Command {
	var asJSON bool
	var html string
	var runs int
	command := &cobra.Command{
		Use:   "matrix",
		Short: "Run every experiment on every exercise: each must pass from its own exercise onwards, and fail before",
		Long: "Run every experiment on every exercise: each must pass from its own exercise onwards, and fail before.\n\n" +
			"The journal and the report go to reports/matrix.json and reports/matrix.html. With --runs, they hold the last run;\n" +
			"an unexpected run is also kept, such as the third as matrix-run3.html.\n" +
			"Exit codes: 0 every cell is as expected, 1 one is not, 2 no verdict: no build, no start, or an inconclusive run.",
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			root, err := config.Root()
			if err != nil {
				return cli.Exit(cli.Broken, err)
			}
			journal := filepath.Join(root, "reports", "matrix.json")
			if html == "" {
				html = filepath.Join(root, "reports", "matrix.html")
			}
			if runs < 1 {
				return cli.Usage(fmt.Errorf("--runs %d runs nothing; choose 1 or more", runs))
			}
			progress, worst, wrong := command.ErrOrStderr(), 0, 0
			for number := range runs {
				if runs > 1 {
					fmt.Fprintf(progress, "Run %d of %d\n", number+1, runs)
				}
				matrix, err := runMatrix(command.Context(), progress)
				if err == nil {
					err = keepReport(matrix, journal, html)
				}
				if err == nil && runs > 1 && unexpected(matrix) > 0 {
					// The next run writes its report in the same place.
					err = keepReport(matrix, ofRun(journal, number+1), ofRun(html, number+1))
					fmt.Fprintf(progress, "The report of run %d is kept in %s\n", number+1, ofRun(html, number+1))
				}
				if err == nil && asJSON {
					err = printJSON(command.OutOrStdout(), matrix)
				}
				if err != nil {
					return cli.Exit(cli.Broken, err)
				}
				if !asJSON {
					printMatrix(command.OutOrStdout(), matrix, html)
				}
				worst, wrong = max(worst, exitCode(matrix.Cells)), wrong+unexpected(matrix)
			}
			if runs > 1 {
				fmt.Fprintf(progress, "%d runs of %d cells; %d cells were not as expected\n", runs, experiment.Stages*experiment.Stages, wrong)
			}
			if worst > 0 {
				return cli.Exit(worst, nil)
			}
			return nil
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "write the journal to standard output")
	command.Flags().StringVar(&html, "html", "", "the file for the report (default reports/matrix.html)")
	command.Flags().IntVar(&runs, "runs", 1, "how many times to run it in a row")
	return command
}

// keepReport writes the journal and the report of a matrix.
func keepReport(matrix *experiment.Matrix, journal, html string) error {
	return errors.Join(
		writeFile(journal, func(out io.Writer) error { return json.NewEncoder(out).Encode(matrix) }),
		writeFile(html, func(out io.Writer) error { return report.Write(out, matrix) }))
}

// ofRun is the path of a file of one run among several, such as matrix-run3.html.
func ofRun(path string, number int) string {
	extension := filepath.Ext(path)
	return fmt.Sprintf("%s-run%d%s", strings.TrimSuffix(path, extension), number, extension)
}

// runMatrix runs the matrix once, with a line for each cell on out.
func runMatrix(ctx context.Context, out io.Writer) (_ *experiment.Matrix, err error) {
	runner, err := experiment.Open(ctx, experiment.DefaultSeed)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, runner.Close()) }()
	fmt.Fprintln(out, "25 cells, about a minute and a half...")
	return runner.RunMatrix(ctx, func(done, of int, cell experiment.Cell, left time.Duration) {
		mark := color.GreenString("as expected")
		if !cell.OK() {
			mark = color.RedString("but should have %s: %s", cell.Want, cell.Run.Reason)
		}
		fmt.Fprintf(out, "%2d/%d  %3.0f s left  E%d on exercise%d %s, %s\n", done, of, left.Seconds(), cell.Number, cell.Stage, cell.Run.Verdict, mark)
	})
}

// unexpected counts the cells whose verdict is not the expected one.
func unexpected(matrix *experiment.Matrix) int {
	count := 0
	for _, cell := range matrix.Cells {
		if !cell.OK() {
			count++
		}
	}
	return count
}

// exitCode is 0 if every cell is as expected, 1 if a verdict is wrong, and 2 if the only unexpected cells are inconclusive.
func exitCode(cells []experiment.Cell) int {
	code := 0
	for _, cell := range cells {
		switch {
		case cell.OK():
		case cell.Run.Verdict == experiment.Inconclusive:
			code = cli.Broken
		default:
			return cli.Failed
		}
	}
	return code
}

// printMatrix writes the table of verdicts, and a sentence for each cell that is not as expected.
func printMatrix(out io.Writer, matrix *experiment.Matrix, html string) {
	fmt.Fprintf(out, "\n%-20s", "")
	for stage := range experiment.Stages {
		fmt.Fprintf(out, "ex %-7d", stage+1)
	}
	fmt.Fprintln(out)
	for i, e := range matrix.Experiments {
		fmt.Fprintf(out, "%s %-17s", e.ID, e.Title)
		for stage := range experiment.Stages {
			cell, ok := matrix.Cell(i+1, stage+1)
			if !ok {
				continue
			}
			paint := color.New(color.FgGreen)
			if !cell.OK() {
				paint = color.New(color.FgRed, color.Bold)
			}
			paint.Fprintf(out, "%-10s", cell.Run.Verdict)
		}
		fmt.Fprintln(out)
	}
	for _, cell := range matrix.Cells {
		if !cell.OK() {
			fmt.Fprintf(out, "\nE%d on exercise%d %s, but should have %s. %s\n", cell.Number, cell.Stage, cell.Run.Verdict, cell.Want, cell.Run.Reason)
		}
	}
	fmt.Fprintf(out, "\n%d cells in %.0f s; the report: %s\n", len(matrix.Cells), matrix.Took/1000, html)
}
