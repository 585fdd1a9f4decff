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

	"chaosworkshop/infra/internal/cli"

	"github.com/fatih/color"
	"github.com/spf13/cobra"

	"chaosworkshop/infra/internal/port"
	"chaosworkshop/infra/lab/app"
	"chaosworkshop/infra/lab/stack"
	"chaosworkshop/infra/lab/toxi"
	"chaosworkshop/shared/config"
)

// patterns are what the exercises add, in order.
var patterns = []string{"baseline", "timeout", "retry", "circuit breaker", "health"}

// newExerciseCommands are exercise1 to exercise5: each runs everything that the exercise needs, in one terminal.
func newExerciseCommands() []*cobra.Command {
	var commands []*cobra.Command
	for i, pattern := range patterns {
		number := i + 1
		commands = append(commands, &cobra.Command{
			Use:   fmt.Sprintf("exercise%d", number),
			Short: fmt.Sprintf("Run exercise %d, %s, with its database and Toxiproxy", number, pattern),
			Args:  cobra.NoArgs,
			RunE: func(command *cobra.Command, _ []string) error {
				return runExercise(command.Context(), command.OutOrStdout(), number)
			},
		})
	}
	return commands
}

// runExercise runs the exercise until ctx ends or the app does. What it started is gone when it returns.
func runExercise(ctx context.Context, out io.Writer, number int) (err error) {
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
	if err := printNextSteps(out, number, app.URL, running); err != nil {
		return errors.Join(err, app.Stop())
	}
	select {
	case <-app.Done():
		return app.Err()
	case <-ctx.Done():
		return app.Stop()
	}
}

// checkAppPort says before anything is built that the app cannot listen on its port.
func checkAppPort(settings config.App) error {
	listener, err := net.Listen("tcp", settings.Addr())
	switch {
	case err == nil:
		return listener.Close()
	case port.InUse(err):
		return port.Taken(settings.Port, "PORT")
	}
	return fmt.Errorf("the app cannot listen on %s: %w; set PORT and BIND to what this computer has", settings.Addr(), err)
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
	if values["DB_HOST"] == "" {
		env["DB_HOST"] = host
		if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
			env["DB_HOST"] = "127.0.0.1"
		}
	}
	if values["DB_PORT"] == "" {
		env["DB_PORT"] = proxyPort
	}
	return env, nil
}

// printNextSteps writes where everything is, and what to do now.
func printNextSteps(out io.Writer, number int, url string, running *stack.Stack) error {
	fault, err := toxi.ForExercise(number)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\n%s\n\n", color.New(color.Bold).Sprintf("Exercise %d: %s", number, patterns[number-1]))
	cli.Pair(out, "app", url)
	printStack(out, running)
	fmt.Fprintln(out)
	cli.Pair(out, "Try it", fmt.Sprintf("curl '%s/api/flights/routes?from=LHR&to=JFK'", url))
	cli.Pair(out, "Break it", fmt.Sprintf("make chaos EX=%d   (%s: %s)", number, fault.Name, fault.Summary))
	cli.Pair(out, "Watch it", "make load")
	cli.Pair(out, "Heal it", "make calm")
	cli.Pair(out, "Read on", fmt.Sprintf("exercise%d/README.md", number))
	cli.Pair(out, "End it", "Ctrl-C")
	fmt.Fprintln(out)
	return nil
}
