package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime/debug"
	"time"

	"chaosworkshop/infra/internal/cli"

	"github.com/fatih/color"
	"github.com/spf13/cobra"

	"chaosworkshop/infra/chaos/livepage"
	"chaosworkshop/infra/chaos/load"
	"chaosworkshop/infra/internal/port"
	"chaosworkshop/infra/lab/stack"
	"chaosworkshop/shared/config"
)

// raceFlags are what the user may say about a race.
type raceFlags struct {
	record string
	replay string
	rate   int
	seed   uint64
	pairs  int
	ttl    time.Duration
}

// newRaceCommand runs the five exercises side by side, or shows a race that was recorded.
func newRaceCommand() *cobra.Command {
	var flags raceFlags
	command := &cobra.Command{
		Use:   "race",
		Short: "Run all five exercises under one fault, on one live timeline in the browser",
		Long: "Run all five exercises under the same load and the same fault, on one live timeline in the browser.\n" +
			"The page is for this machine alone. Ctrl-C ends everything and takes the fault back.",
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			cfg, err := config.Load[config.Infra]()
			if err != nil {
				return err
			}
			if flags.replay != "" {
				return runReplay(command.Context(), command.OutOrStdout(), cfg, flags)
			}
			return runRace(command.Context(), command.OutOrStdout(), cfg, flags)
		},
	}
	command.Flags().StringVar(&flags.record, "record", "", "write the race to this file, to replay it")
	command.Flags().StringVar(&flags.replay, "replay", "", "show the race in this file; nothing else is started")
	command.Flags().IntVar(&flags.rate, "rate", 50, "requests a second on each lane at the start")
	command.Flags().Uint64Var(&flags.seed, "seed", 1, "decides which airports are asked for")
	command.Flags().IntVar(&flags.pairs, "pairs", 200, "how many different connections are asked for")
	command.Flags().DurationVar(&flags.ttl, "ttl", 5*time.Minute, "when a fault is taken back by itself")
	command.MarkFlagsMutuallyExclusive("record", "replay")
	return command
}

// runRace races until ctx ends, or until something that the race needs fails.
func runRace(ctx context.Context, out io.Writer, cfg config.Infra, flags raceFlags) (err error) {
	if flags.rate < 1 || flags.rate > load.MaxRate {
		return fmt.Errorf("a rate of %d is out of bounds; choose 1 to %d", flags.rate, load.MaxRate)
	}
	if flags.ttl <= 0 {
		return errors.New("a fault must end some time; choose a --ttl above 0, such as 5m")
	}
	root, err := config.Root()
	if err != nil {
		return err
	}
	data, err := workshopData()
	if err != nil {
		return err
	}
	listener, err := listenConsole(cfg)
	if err != nil {
		return err
	}
	record, closeRecord, err := recording(flags.record)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer func() { err = errors.Join(err, closeRecord()) }()
	hub, err := livepage.NewHub(record)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	// Toxiproxy takes 64 KB for each connection, and a flaky network makes hundreds a second: collected twice as often, they
	// do not pile up on a laptop that runs five apps besides.
	debug.SetGCPercent(50)
	race := livepage.NewRace(livepage.Options{
		Infra: cfg, Root: root, Rate: flags.rate, Seed: flags.seed, TTL: flags.ttl,
		Pairs: load.Pairs(data, flags.pairs, flags.seed),
		Ready: func(running *stack.Stack) { printStack(out, running) },
	}, hub)
	server, err := livepage.Serve(listener, hub, race)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	fmt.Fprintf(out, "\n%s\n\n", color.New(color.Bold).Sprint("The race: five exercises, one fault"))
	cli.Pair(out, "open", server.URL())
	if flags.record != "" {
		cli.Pair(out, "recording", flags.record)
	}
	cli.Pair(out, "End it", "Ctrl-C")
	fmt.Fprintln(os.Stderr, "Building the exercises; the first time takes a minute...")
	return cli.Stopped(ctx, race.Run(ctx))
}

// runReplay shows a recorded race until ctx ends.
func runReplay(ctx context.Context, out io.Writer, cfg config.Infra, flags raceFlags) error {
	run, err := livepage.OpenRecording(flags.replay)
	if err != nil {
		return err
	}
	listener, err := listenConsole(cfg)
	if err != nil {
		return err
	}
	server, err := livepage.Serve(listener, run, nil)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\n%s\n\n", color.New(color.Bold).Sprintf("A recorded race: %s", run.Length()))
	cli.Pair(out, "open", server.URL())
	cli.Pair(out, "End it", "Ctrl-C")
	<-ctx.Done()
	return server.Close()
}

// listenConsole takes the console's port, or says who holds it.
func listenConsole(cfg config.Infra) (net.Listener, error) {
	listener, err := livepage.Listen(cfg.ConsolePort)
	if err == nil {
		return listener, nil
	}
	if port.InUse(err) {
		return nil, port.Taken(cfg.ConsolePort, "CONSOLE_PORT")
	}
	return nil, err
}

// recording opens the file to record to; without a path there is none.
func recording(path string) (io.Writer, func() error, error) {
	if path == "" {
		return nil, func() error { return nil }, nil
	}
	file, err := os.Create(path)
	if err != nil {
		return nil, nil, fmt.Errorf("record the race: %w", err)
	}
	return file, file.Close, nil
}
