package cmd

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"chaosworkshop/infra/internal/cli"

	"github.com/fatih/color"
	"github.com/spf13/cobra"

	"chaosworkshop/infra/chaos/experiment"
	"chaosworkshop/infra/chaos/report"
	"chaosworkshop/shared/config"
)

// newMatrixCommand runs every experiment on every stage.
func newMatrixCommand() *cobra.Command {
	var asJSON bool
	var html string
	var runs int
	command := &cobra.Command{
		Use:   "matrix",
		Short: "Run every experiment on every exercise: each must pass from its own pattern on, and fail before",
		Long: "Run every experiment on every exercise: each must pass from its own pattern on, and fail before.\n\n" +
			"The journal and the report go to reports/matrix.json and reports/matrix.html.\n" +
			"Exit codes: 0 every cell went as it must, 1 one did not, 2 nothing can be said: no build, no start, or an inconclusive run.",
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			root, err := config.Root()
			if err != nil {
				return cli.Exit(cli.Broken, err)
			}
			if html == "" {
				html = filepath.Join(root, "reports", "matrix.html")
			}
			worst, wrong := 0, 0
			for number := range runs {
				if runs > 1 {
					fmt.Fprintf(command.ErrOrStderr(), "Run %d of %d\n", number+1, runs)
				}
				matrix, err := runMatrix(command.Context(), command.ErrOrStderr())
				if err != nil {
					return cli.Exit(cli.Broken, err)
				}
				if err := writeReports(matrix, html, filepath.Join(root, "reports", "matrix.json")); err != nil {
					return cli.Exit(cli.Broken, err)
				}
				if asJSON {
					err = json.NewEncoder(command.OutOrStdout()).Encode(matrix)
				} else {
					err = printMatrix(command.OutOrStdout(), matrix, html)
				}
				if err != nil {
					return cli.Exit(cli.Broken, err)
				}
				worst = max(worst, exitCode(matrix.Cells))
				for _, cell := range matrix.Cells {
					if !cell.OK() {
						wrong++
					}
				}
			}
			if runs > 1 {
				fmt.Fprintf(command.ErrOrStderr(), "%d runs of %d cells; %d cells did not go as they must\n", runs, experiment.Stages*experiment.Stages, wrong)
			}
			if worst > 0 {
				return cli.Exit(worst, nil)
			}
			return nil
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "write the journal to standard output")
	command.Flags().StringVar(&html, "html", "", "the file of the report (default reports/matrix.html)")
	command.Flags().IntVar(&runs, "runs", 1, "how many times in a row")
	return command
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
		mark := color.GreenString("as it must")
		if !cell.OK() {
			mark = color.RedString("but must have " + string(cell.Want) + ": " + cell.Run.Reason)
		}
		fmt.Fprintf(out, "%2d/%d  %3.0f s left  E%d on exercise%d %s, %s\n", done, of, left.Seconds(), cell.Number, cell.Stage, cell.Run.Verdict, mark)
	})
}

// exitCode is 0 when all is as it must be, 1 when a hypothesis came out wrong, 2 when only inconclusive runs stand in the way.
func exitCode(cells []experiment.Cell) int {
	code := 0
	for _, cell := range cells {
		switch {
		case cell.OK():
		case cell.Run.Verdict == experiment.Inconclusive:
			code = max(code, cli.Broken)
		default:
			return cli.Failed
		}
	}
	return code
}

// writeReports writes the journal and the page, and makes their folders.
func writeReports(matrix *experiment.Matrix, html, journal string) error {
	for path, write := range map[string]func(io.Writer) error{
		journal: func(out io.Writer) error { return json.NewEncoder(out).Encode(matrix) },
		html:    func(out io.Writer) error { return report.Write(out, matrix) },
	} {
		if err := writeFile(path, write); err != nil {
			return fmt.Errorf("write the report: %w", err)
		}
	}
	return nil
}

// writeFile writes one file.
func writeFile(path string, write func(io.Writer) error) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	buffered := bufio.NewWriter(file)
	if err := write(buffered); err != nil {
		return err
	}
	return buffered.Flush()
}

// printMatrix writes the table of verdicts, and a sentence for each cell that is not as it must be.
func printMatrix(out io.Writer, matrix *experiment.Matrix, html string) error {
	fmt.Fprintf(out, "\n%-20s", "")
	for stage := range experiment.Stages {
		fmt.Fprintf(out, "%-10s", fmt.Sprintf("ex %d", stage+1))
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
			fmt.Fprintf(out, "\nE%d on exercise%d %s, but must have %s. %s\n", cell.Number, cell.Stage, cell.Run.Verdict, cell.Want, cell.Run.Reason)
		}
	}
	_, err := fmt.Fprintf(out, "\n%d cells in %.0f s; the report: %s\n", len(matrix.Cells), matrix.Took/1000, html)
	return err
}
