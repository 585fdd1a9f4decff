package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"chaosworkshop/infra/internal/cli"

	"github.com/fatih/color"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"chaosworkshop/infra/chaos/load"
	"chaosworkshop/infra/tools/soak"
)

// newSoakCommand runs all exercises under faults and load, and looks for what was lost, leaked or stuck.
func newSoakCommand() *cobra.Command {
	var options soak.Options
	var asJSON bool
	command := &cobra.Command{
		Use:   "soak",
		Short: "Run all exercises under random faults and load, then look for what leaked or got stuck",
		Long: "Run all five exercises, each behind a proxy of its own, under random faults from the whole catalogue and steady load.\n" +
			"Afterwards look for lost requests, leaks of memory, goroutines and connections, and anything left running.\n" +
			"One seed always deals the same faults. Exit codes: 0 nothing found, 1 something found, 2 the soak could not run.",
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if options.Seed == 0 {
				options.Seed = uint64(rand.Uint32())
			}
			progress := command.ErrOrStderr()
			fmt.Fprintf(progress, "Soak for %s, seed %d, %d requests a second to each exercise; the first build takes a minute\n",
				options.Duration, options.Seed, options.Rate)
			report, err := soak.Run(command.Context(), options, printSoaking(progress))
			if command.Context().Err() != nil {
				return cli.Exit(2, fmt.Errorf("the soak was ended before its time, so there is no verdict"))
			}
			if err != nil {
				return cli.Exit(2, err)
			}
			if asJSON {
				encoder := json.NewEncoder(command.OutOrStdout())
				encoder.SetIndent("", "  ")
				err = encoder.Encode(report)
			} else {
				err = printSoak(command.OutOrStdout(), report)
			}
			if err == nil && !report.Passed() {
				return cli.Exit(1, nil)
			}
			return err
		},
	}
	command.Flags().DurationVar(&options.Duration, "duration", 10*time.Minute, fmt.Sprintf("how long, %s to %s", soak.MinDuration, soak.MaxDuration))
	command.Flags().Uint64Var(&options.Seed, "seed", 0, "decides which faults come when (default: a random one, which is printed)")
	command.Flags().IntVar(&options.Rate, "rate", 20, fmt.Sprintf("requests a second to each exercise, at most %d", soak.MaxRate))
	command.Flags().BoolVar(&asJSON, "json", false, "print the report as JSON")
	return command
}

// printSoaking prints what goes on: on a terminal one line that changes, elsewhere a line now and then.
func printSoaking(out io.Writer) func(soak.Progress) {
	terminal := out == os.Stderr && term.IsTerminal(int(os.Stderr.Fd()))
	every := 10 * time.Second
	begin, end, last := "", "\n", -every
	if terminal {
		every, begin, end = 0, "\r\x1b[K", ""
	}
	return func(p soak.Progress) {
		over := p.Elapsed >= p.Duration
		if p.Elapsed-last < every && !over {
			return
		}
		last = p.Elapsed
		faults := make([]string, len(p.Faults))
		for i, fault := range p.Faults {
			if faults[i] = fault; fault == "" {
				faults[i] = "calm"
			}
		}
		memory := ""
		if p.Resident > 0 {
			memory = fmt.Sprintf(", %d MB", p.Resident>>20)
		}
		fmt.Fprintf(out, "%s%s of %s: %d answers, %d %% ok%s; %s%s", begin, p.Elapsed.Round(time.Second), p.Duration,
			p.Answered, 100*p.OK/max(1, p.Answered), memory, strings.Join(faults, " "), end)
		if terminal && over {
			fmt.Fprintln(out)
		}
	}
}

// printSoak prints a table of the exercises, and what was looked at.
func printSoak(out io.Writer, report soak.Report) error {
	fmt.Fprintln(out)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\trequests\tok\trejected\ttimeout\terror\tno answer\tp50 ms\tp99 ms\tmax ms\tfaults\tback after ms\tmemory")
	total := 0
	for _, stage := range report.Stages {
		fmt.Fprintf(table, "%s\t%d", stage.Name, stage.Requests)
		for _, outcome := range load.Outcomes() {
			fmt.Fprintf(table, "\t%d", stage.Outcomes[outcome])
		}
		fmt.Fprintf(table, "\t%.1f\t%.1f\t%.1f\t%d\t%.0f\t%s\n", stage.P50, stage.P99, stage.Max, stage.Faults, stage.Recovered, stage.Memory)
		total += stage.Faults
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("print the report: %w", err)
	}
	fmt.Fprintf(out, "\nSeed %d, %s, %d faults of %d kinds; Toxiproxy hung and was rebuilt %d times and left %d goroutines behind\n\n",
		report.Seed, report.Duration, total, len(report.Faults), report.Rebuilds, report.Stuck)
	for _, check := range report.Checks {
		mark := color.GreenString("ok     ")
		switch {
		case check.Skipped:
			mark = color.YellowString("untold ")
		case !check.OK:
			mark = color.RedString("FAILED ")
		}
		fmt.Fprintf(out, "  %s %s: %s\n", mark, check.Name, check.Detail)
	}
	return nil
}
