package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"chaosworkshop/infra/chaos/livepage"
	"chaosworkshop/infra/chaos/load"
	"chaosworkshop/infra/internal/cli"
	"chaosworkshop/infra/internal/port"
	"chaosworkshop/infra/lab/stack"
	"chaosworkshop/shared/config"
)

// raceFlags are the flags of race.
type raceFlags struct {
	record string
	replay string
	rate   int
	seed   uint64
	pairs  int
	ttl    time.Duration
}

// newRaceCommand runs the five exercises side by side, or replays a recorded race.
func newRaceCommand() *cobra.Command {
	var flags raceFlags
	command := &cobra.Command{
		Use:   "race",
		Short: "Run all five exercises under one fault, on one live timeline in the browser",
		Long: "Run all five exercises under the same load and the same fault, on one live timeline in the browser.\n" +
			"Only this computer can open the page. Ctrl-C ends everything and removes the fault.",
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if flags.replay != "" {
				return runReplay(command.Context(), command.OutOrStdout(), flags.replay)
			}
			return runRace(command.Context(), command.OutOrStdout(), flags)
		},
	}
	command.Flags().StringVar(&flags.record, "record", "", "record the race in this file, to replay it later")
	command.Flags().StringVar(&flags.replay, "replay", "", "replay the race in this file; start nothing else")
	command.Flags().IntVar(&flags.rate, "rate", usualRate, "requests a second to each exercise at the start")
	command.Flags().Uint64Var(&flags.seed, "seed", 1, "decides which airports to ask for")
	command.Flags().IntVar(&flags.pairs, "pairs", 200, "how many different pairs of airports to ask for")
	command.Flags().DurationVar(&flags.ttl, "ttl", 5*time.Minute, "how long a fault lasts at most")
	command.MarkFlagsMutuallyExclusive("record", "replay")
	return command
}

// runRace races until ctx ends, or until something that the race needs fails.
func runRace(ctx context.Context, out io.Writer, flags raceFlags) (err error) {
	if flags.rate < 1 || flags.rate > load.MaxRate {
		return cli.Usage(fmt.Errorf("a rate of %d is out of range; choose 1 to %d", flags.rate, load.MaxRate))
	}
	if flags.ttl <= 0 {
		return cli.Usage(errors.New("a fault must end; choose a --ttl above 0, such as 5m"))
	}
	plan, err := newPlan(ctx, os.Stderr, "CONSOLE_PORT")
	if err != nil {
		return err
	}
	cfg := plan.Infra
	root, err := config.Root()
	if err != nil {
		return err
	}
	data, err := stack.Dataset(cfg)
	if err != nil {
		return err
	}
	listener, err := listenPage(cfg)
	if err != nil {
		return err
	}
	var record io.Writer
	if flags.record != "" {
		file, err := os.OpenFile(flags.record, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
		if errors.Is(err, fs.ErrExist) {
			err = fmt.Errorf("%s exists: replay it with `make race REPLAY=%s`, or choose another name", flags.record, flags.record)
		}
		if err != nil {
			return errors.Join(fmt.Errorf("record the race: %w", err), listener.Close())
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		record = file
	}
	hub, err := livepage.NewHub(record)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	// Toxiproxy takes 128 KB for each connection, and a flaky network makes hundreds a second. Collecting garbage twice as often
	// keeps them from piling up on a laptop that also runs five apps.
	debug.SetGCPercent(50)
	release := func() {}
	defer func() { release() }()
	race := livepage.NewRace(livepage.Options{
		Infra: cfg, Root: root, Rate: flags.rate, Seed: flags.seed, TTL: flags.ttl,
		Pairs: load.Pairs(data, flags.pairs, flags.seed), Traces: "http://" + listener.Addr().String(),
		Ready: func(running *stack.Stack) {
			release = hold(os.Stderr, running.Owned())
			boundMemory()
			printStack(out, running)
		},
	}, hub)
	server, err := livepage.Serve(listener, hub, race)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	fmt.Fprintf(out, "\n%s\n\n", title("The race: five exercises, one fault"))
	cli.Pair(out, "open", server.URL())
	if flags.record != "" {
		cli.Pair(out, "recording", flags.record)
	}
	cli.Pair(out, "Stop it", "Ctrl-C")
	fmt.Fprintln(os.Stderr, "Building the exercises; the first time takes a minute...")
	return cli.Stopped(ctx, race.Run(ctx))
}

// faultMemory is how much memory a race takes on top of what it holds at the start before it collects garbage even more often: 70 MB are
// in use under a flaky network, at the usual load, with all stacks and buffers.
const faultMemory = 104 << 20

// boundMemory bounds the memory of a race whose database is loaded.
func boundMemory() {
	runtime.GC()
	var now runtime.MemStats
	runtime.ReadMemStats(&now)
	debug.SetMemoryLimit(int64(now.HeapAlloc) + faultMemory)
}

// runReplay replays the race in the file at path until ctx ends.
func runReplay(ctx context.Context, out io.Writer, path string) error {
	run, err := livepage.OpenRecording(path)
	if err != nil {
		return err
	}
	listener, err := listenAlone(out)
	if err != nil {
		return err
	}
	server, err := livepage.Serve(listener, run, nil)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\n%s\n\n", title("A recorded race: %s", run.Length()))
	cli.Pair(out, "open", server.URL())
	cli.Pair(out, "Stop it", "Ctrl-C")
	<-ctx.Done()
	return server.Close()
}

// listenAlone listens on the live page's port, or on the next that is free, for a page that needs nothing else.
func listenAlone(out io.Writer) (net.Listener, error) {
	plan, err := stack.PagePlan()
	if err != nil {
		return nil, err
	}
	for _, note := range plan.Notes {
		fmt.Fprintln(out, note)
	}
	return listenPage(plan.Infra)
}

// listenPage listens on the live page's port; the error says who holds it.
func listenPage(cfg config.Infra) (net.Listener, error) {
	listener, err := livepage.Listen(cfg.ConsolePort)
	if err != nil && port.InUse(err) {
		return nil, port.Taken(cfg.ConsolePort, "CONSOLE_PORT")
	}
	return listener, err
}
