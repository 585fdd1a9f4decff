package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// run carries out a command line and returns the exit code and what it wrote to the terminal.
func run(t *testing.T, ctx context.Context, do func(*cobra.Command, []string) error, args ...string) (int, string) {
	t.Helper()
	root := &cobra.Command{Use: "workshop", SilenceErrors: true, SilenceUsage: true}
	for _, name := range []string{"exercise1", "exercise2", "chaos", "load"} {
		command := &cobra.Command{Use: name, Args: cobra.NoArgs, RunE: do}
		command.Flags().Int("rate", 50, "requests a second, at most 1000")
		command.Flags().Duration("ttl", 0, "how long")
		if name == "chaos" {
			command.MarkFlagsMutuallyExclusive("rate", "ttl")
		}
		if name == "load" {
			command.Flags().Int("ex", 0, "the exercise: 1 to 5")
			if err := command.MarkFlagRequired("ex"); err != nil {
				t.Fatal(err)
			}
		}
		root.AddCommand(command)
	}
	root.SetArgs(args)
	root.SetOut(io.Discard)
	root.SetErr(io.Discard)
	file, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	terminal := os.Stderr
	os.Stderr = file
	code := execute(ctx, root)
	os.Stderr = terminal
	text, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	return code, strings.TrimPrefix(string(text), "error: ")
}

// Wrong usage ends with 2 and with one line of our own that names the nearest right spelling.
func TestWrongUsage(t *testing.T) {
	t.Setenv("MAKELEVEL", "") // Hints are spelled as the program was started,
	t.Chdir("../../..")       // and where.
	for line, want := range map[string]string{
		"exercse1":                          `there is no command "exercse1"; did you mean exercise1?`,
		"exercise6":                         `there is no command "exercise6"; there are exercise1, exercise2`,
		"lod":                               `there is no command "lod"; did you mean load?`,
		"cahos":                             `there is no command "cahos"; did you mean chaos?`,
		"frobnicate":                        `there is no command "frobnicate"; go run ./infra help lists all`,
		"chaos --tll 5m":                    "chaos has no flag --tll; did you mean --ttl?",
		"chaos --rate=x":                    `--rate takes a whole number, not "x" (requests a second, at most 1000)`,
		"chaos --ttl 5":                     `--ttl takes a duration such as 30s or 5m, not "5" (how long)`,
		"chaos --ttl":                       "--ttl needs a value: how long",
		"chaos extra":                       `chaos takes no argument such as "extra"; it takes --rate, --ttl`,
		"chaos --ttl 5s --rate 7":           "chaos takes only one of --rate and --ttl",
		"load":                              "load needs the exercise: 1 to 5; type go run ./infra load --ex VALUE",
		"chaos --rate 99999999999999999999": "--rate 99999999999999999999 is too large (requests a second, at most 1000)",
	} {
		code, got := run(t, t.Context(), func(*cobra.Command, []string) error { return nil }, strings.Fields(line)...)
		if code != Broken || got != want+"\n" {
			t.Errorf("%s: got %d and %q, want %d and %q", line, code, got, Broken, want)
		}
	}
}

// After Ctrl-C, a command that was not done ends with 130 and says so; one that stays until then ends with 0.
func TestInterrupted(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	killed := exec.CommandContext(ended, "go", "version").Run()
	for what, test := range map[string]struct {
		err  error
		code int
		want string
	}{
		"stays":          {nil, 0, ""},
		"cut off":        {fmt.Errorf("call Toxiproxy: %w", context.Canceled), 130, "stopped before it finished\n"},
		"no verdict":     {Exit(Broken, fmt.Errorf("run: %w", context.Canceled)), 130, "stopped before it finished\n"},
		"signal":         {errors.New("call Toxiproxy: interrupt signal received"), 130, "stopped before it finished\n"},
		"said already":   {Exit(Failed, nil), 130, "stopped before it finished\n"},
		"a child":        {fmt.Errorf("build: %w", killed), 130, "stopped before it finished\n"},
		"killed child":   {errors.New("signal: killed"), 130, "stopped before it finished\n"},
		"dial":           {errors.New("dial tcp 127.0.0.1:1: operation was canceled"), 130, "stopped before it finished\n"},
		"in its words":   {errors.New("stopped; no bundle was made"), 130, "stopped; no bundle was made\n"},
		"failed besides": {errors.Join(context.Canceled, errors.New("remove the fault: no Toxiproxy answers")), 130, "remove the fault: no Toxiproxy answers\n"},
	} {
		code, got := run(t, ended, func(*cobra.Command, []string) error { return test.err }, "chaos")
		if code != test.code || got != test.want {
			t.Errorf("%s: got %d and %q, want %d and %q", what, code, got, test.code, test.want)
		}
	}
	if code, got := run(t, t.Context(), func(*cobra.Command, []string) error { return context.Canceled }, "chaos"); code != 1 || !strings.Contains(got, "canceled") {
		t.Errorf("without Ctrl-C: got %d and %q, want 1 and the error", code, got)
	}
}

// Those who started the program by make know its variables, not its flags.
func TestMakeUsersAreToldVariables(t *testing.T) {
	command := &cobra.Command{Use: "load"}
	command.Flags().Duration("ttl", 0, "")
	command.Flags().Duration("timeout", 0, "")
	for program, want := range map[string]string{"": "TTL, --timeout and --rate", "go run ./infra": "--ttl, --timeout and --rate"} {
		if got := (speller{nil, nil, program}).variables(command, "--ttl, --timeout and --rate"); got != want {
			t.Errorf("started as %q: got %q, want %q: the Makefile does not pass the second on, and the command does not have the third", program, got, want)
		}
	}
}

func TestHintsFromASubfolder(t *testing.T) {
	t.Chdir("../../../exercise3")
	if got := fromHere("infra"); got != "../infra" {
		t.Errorf("got %q, want the path from here", got)
	}
}
