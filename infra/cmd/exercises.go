package cmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/fatih/color"
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
	plan, err := newPlan(ctx, os.Stderr, "PORT")
	if err != nil {
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
	running, err := stack.Start(ctx, plan.Infra)
	if err != nil {
		return cli.Stopped(ctx, err)
	}
	defer func() { err = errors.Join(err, running.Close()) }()
	defer hold(os.Stderr, running.Owned())()
	var binary string
	err = cli.Step(fmt.Sprintf("Building exercise %d; the first time takes a minute", number), func() (err error) {
		binary, err = app.Build(ctx, filepath.Join(root, fmt.Sprintf("exercise%d", number)))
		return err
	})
	if err != nil {
		return cli.Stopped(ctx, err)
	}

	env, err := appEnvironment(running, plan.App)
	if err != nil {
		return err
	}
	log := &held{}
	app, err := app.Start(ctx, app.Options{Binary: binary, Env: env, Output: log})
	if err != nil {
		return cli.Stopped(ctx, err) // It holds what the app said.
	}
	log.release(os.Stderr)
	defer hold(os.Stderr, map[string]int{"PORT": portOf(app.URL)})()
	fmt.Fprintf(out, "\n%s\n\n", title("Exercise %d: %s", number, pattern))
	cli.Pair(out, "app", app.URL)
	printStack(out, running)
	sayOtherDatabase(out)
	fmt.Fprintln(out)
	cli.Pair(out, "Try it", cli.Curl(app.URL+"/api/flights/routes?from=LHR&to=JFK"))
	cli.Pair(out, "Break it", fmt.Sprintf("make chaos EX=%d   (%s: %s)", number, fault.Name, fault.Summary))
	cli.Pair(out, "Watch it", "make load")
	cli.Pair(out, "Heal it", "make calm")
	if pattern == "health" {
		cli.Pair(out, "Health", cli.Curl(app.URL+"/health/"))
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

// appEnvironment points the app at the proxy of the running stack, unless the user's settings point it elsewhere.
func appEnvironment(running *stack.Stack, settings config.App) (map[string]string, error) {
	chosen, err := config.Chosen()
	if err != nil {
		return nil, err
	}
	host, proxyPort, err := net.SplitHostPort(port.Reachable(running.Proxy()))
	if err != nil {
		return nil, fmt.Errorf("find the proxy: %w", err)
	}
	env := map[string]string{"BIND": settings.Bind, "PORT": strconv.Itoa(settings.Port)}
	for name, value := range map[string]string{"DB_HOST": host, "DB_PORT": proxyPort} {
		if chosen[name] == "" {
			env[name] = value
		}
	}
	return env, nil
}

// sayOtherDatabase says that a setting points the app past Toxiproxy, where no fault reaches it.
func sayOtherDatabase(out io.Writer) {
	sources, err := config.Sources()
	if err != nil {
		return
	}
	chosen, err := config.Chosen()
	if err != nil {
		return
	}
	var found []string
	for _, name := range []string{"DB_HOST", "DB_PORT"} {
		if chosen[name] != "" {
			found = append(found, fmt.Sprintf("%s=%s in %s", name, chosen[name], sources[name]))
		}
	}
	if len(found) > 0 {
		cli.Pair(out, "settings", color.YellowString("%s: the app uses that database, and the faults may not reach it; unset it to use the workshop's", strings.Join(found, ", ")))
	}
}

// portOf is the port of a URL.
func portOf(address string) int {
	parsed, err := url.Parse(address)
	if err != nil {
		return 0
	}
	number, _ := strconv.Atoi(parsed.Port()) // The address is that of a running app.
	return number
}

// held keeps what an app prints until the app is running. If it does not start, the error says why.
type held struct {
	mutex sync.Mutex
	text  bytes.Buffer
	out   io.Writer // nil while the text is kept.
}

// Write implements io.Writer.
func (h *held) Write(text []byte) (int, error) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	if h.out == nil {
		return h.text.Write(text)
	}
	return h.out.Write(text)
}

// release writes what was kept to out, and from then on everything else.
func (h *held) release(out io.Writer) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	_, _ = h.text.WriteTo(out) // The terminal may be gone, and the app goes on.
	h.out = out
}
