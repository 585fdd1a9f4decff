package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/fatih/color"
	"github.com/spf13/cobra"

	"chaosworkshop/infra/internal/cli"
	"chaosworkshop/infra/tools/soak"
)

// newSoakCommand runs all exercises under faults and load, and looks for what was lost, leaked or left running.
func newSoakCommand() *cobra.Command {
	var options soak.Options
	command := &cobra.Command{
		Use:   "soak",
		Short: "Run all exercises under random faults and load, then look for what was lost, leaked or left running",
		Long: "Run all five exercises, each behind a proxy of its own, under random faults from the whole catalogue and steady load.\n" +
			"Afterwards look for lost requests, leaks of memory, goroutines and connections, and anything left running.\n" +
			"One seed always deals the same faults. Exit codes: 0 nothing found, 1 something found, 2 the soak could not run.",
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if options.Seed == 0 {
				options.Seed = uint64(rand.Uint32())
			}
			options.Output = command.ErrOrStderr()
			fmt.Fprintf(options.Output, "Soak for %s with seed %d, %d requests a second to each exercise; the first build takes a minute\n",
				options.Duration, options.Seed, options.Rate)
			findings, err := soak.Run(command.Context(), options)
			if command.Context().Err() != nil {
				return cli.Exit(cli.Broken, errors.New("the soak was stopped early, so there is no verdict"))
			}
			if err != nil {
				return cli.Exit(cli.Broken, err)
			}
			failed := 0
			for _, finding := range findings {
				mark := color.GreenString("ok     ")
				switch {
				case finding.Skipped:
					mark = color.YellowString("skipped")
				case !finding.OK:
					mark = color.RedString("failed ")
					failed++
				}
				fmt.Fprintf(command.OutOrStdout(), "%s  %s: %s\n", mark, finding.Name, finding.Detail)
			}
			if failed > 0 {
				return cli.Exit(cli.Failed, fmt.Errorf("%d of %d checks failed; `make soak SEED=%d` deals the same faults", failed, len(findings), options.Seed))
			}
			return nil
		},
	}
	command.Flags().DurationVar(&options.Duration, "duration", 10*time.Minute, fmt.Sprintf("how long, %s to %s", soak.MinDuration, soak.MaxDuration))
	command.Flags().Uint64Var(&options.Seed, "seed", 0, "decides which faults come when (default: a random one, which is printed)")
	command.Flags().IntVar(&options.Attendees, "attendees", 0, fmt.Sprintf("people who type SQL, inject faults, open live pages and hang up meanwhile, at most %d", soak.MaxAttendees))
	command.Flags().IntVar(&options.Rate, "rate", 20, fmt.Sprintf("requests a second to each exercise, at most %d", soak.MaxRate))
	return command
}
