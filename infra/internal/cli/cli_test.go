package cli

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/spf13/cobra"
)

// The exit code tells a script what became of a command.
func TestExitCodes(t *testing.T) {
	for _, test := range []struct {
		what string
		args []string
		err  error
		want int
	}{
		{"success", []string{"do", "--ex", "1"}, nil, 0},
		{"an error", []string{"do", "--ex", "1"}, errors.New("broken pipe"), 1},
		{"a code of its own", []string{"do", "--ex", "1"}, Exit(Broken, errors.New("no build")), 2},
		{"a required flag is missing", []string{"do"}, nil, 2},
		{"an unknown flag", []string{"do", "--exx", "1"}, nil, 2},
		{"not a number", []string{"do", "--ex", "three"}, nil, 2},
		{"an unknown command", []string{"undo"}, nil, 2},
		{"an argument too many", []string{"do", "--ex", "1", "more"}, nil, 2},
	} {
		root := &cobra.Command{Use: "workshop", SilenceErrors: true, SilenceUsage: true}
		command := &cobra.Command{Use: "do", Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error { return test.err }}
		command.Flags().Int("ex", 0, "")
		if err := command.MarkFlagRequired("ex"); err != nil {
			t.Fatal(err)
		}
		root.AddCommand(command)
		root.SetArgs(test.args)
		root.SetOut(io.Discard)
		root.SetErr(io.Discard)
		if got := execute(context.Background(), root); got != test.want {
			t.Errorf("%s: got the exit code %d, want %d", test.what, got, test.want)
		}
	}
}
