package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"github.com/spf13/cobra"

	"chaosworkshop/infra/internal/cli"
	"chaosworkshop/infra/internal/port"
	"chaosworkshop/infra/lab/app"
	"chaosworkshop/infra/lab/stack"
	"chaosworkshop/infra/lab/toxi"
	"chaosworkshop/shared/config"
)

// newExerciseCommands are exercise1 to exercise5: each runs everything that the exercise needs, in one terminal.
func newExerciseCommands() []*cobra.Command {
	var commands []*cobra.Command
	for i, pattern := range []string{"baseline", "timeout", "retry", "circuit breaker", "health"} {
		number := i + 1
		commands = append(commands, &cobra.Command{
			Use:   fmt.Sprintf("exercise%d", number),
			Short: fmt.Sprintf("Run exercise %d, %s, with its database and Toxiproxy", number, pattern),
			Args:  cobra.NoArgs,
			RunE: func(command *cobra.Command, _ []string) error {
				return runExercise(command.Context(), command.OutOrStdout(), number, pattern)
			},
		})
	}
	return commands
}

// runExercise runs the exercise until ctx ends or the app does. It stops what it started.
func runExercise(ctx context.Context, out io.Writer, number int, pattern string) (err error) {
	cfg, err := config.Load[config.Infra]()
	if err != nil {
		return err
	}
	settings, err := config.Load[config.App]()
	if err != nil {
		return err
	}
	if err := checkAppPort(settings); err != nil {
		return err
	}
	fault, err := toxi.ForExercise(number)
	if err != nil {
		return err
	}
	root, err := config.Root()
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "Building exercise %d; the first time takes a minute...\n", number)
	binary, err := app.Build(ctx, filepath.Join(root, fmt.Sprintf("exercise%d", number)))
	if err != nil {
		return cli.Stopped(ctx, err)
	}
	running, err := stack.Start(ctx, cfg)
	if err != nil {
		return cli.Stopped(ctx, err)
	}
	defer func() { err = errors.Join(err, running.Close()) }()

	env, err := appEnvironment(running, settings)
	if err != nil {
		return err
	}
	app, err := app.Start(ctx, app.Options{Binary: binary, Env: env, Output: os.Stderr})
	if err != nil {
		return cli.Stopped(ctx, err)
	}
	fmt.Fprintf(out, "\n%s\n\n", title("Exercise %d: %s", number, pattern))
	cli.Pair(out, "app", app.URL)
	printStack(out, running)
	fmt.Fprintln(out)
	cli.Pair(out, "Try it", fmt.Sprintf("curl '%s/api/flights/routes?from=LHR&to=JFK'", app.URL))
	cli.Pair(out, "Break it", fmt.Sprintf("make chaos EX=%d   (%s: %s)", number, fault.Name, fault.Summary))
	cli.Pair(out, "Watch it", "make load")
	cli.Pair(out, "Heal it", "make calm")
	if pattern == "health" {
		cli.Pair(out, "Health", fmt.Sprintf("curl '%s/health/'", app.URL))
	}
	cli.Pair(out, "Read on", fmt.Sprintf("exercise%d/README.md", number))
	cli.Pair(out, "Stop it", "Ctrl-C")
	fmt.Fprintln(out)
	select {
	case <-app.Done():
		return app.Err()
	case <-ctx.Done():
		return app.Stop()
	}
}

// checkAppPort checks, before anything is built, whether the app can listen on its port.
func checkAppPort(settings config.App) error {
	listener, err := net.Listen("tcp", settings.Addr())
	switch {
	case err == nil:
		return listener.Close()
	case port.InUse(err):
		return port.Taken(settings.Port, "PORT")
	}
	return fmt.Errorf("the app cannot listen on %s: %w; set PORT to a free port and BIND to an address of this computer", settings.Addr(), err)
}

// appEnvironment points the app at the proxy of the running stack, unless the user's settings point it elsewhere.
func appEnvironment(running *stack.Stack, settings config.App) (map[string]string, error) {
	values, err := config.Environment()
	if err != nil {
		return nil, err
	}
	host, proxyPort, err := net.SplitHostPort(running.Proxy())
	if err != nil {
		return nil, fmt.Errorf("find the proxy: %w", err)
	}
	env := map[string]string{"BIND": settings.Bind, "PORT": strconv.Itoa(settings.Port)}
	for name, value := range map[string]string{"DB_HOST": dialable(host), "DB_PORT": proxyPort} {
		if values[name] == "" {
			env[name] = value
		}
	}
	return env, nil
}
