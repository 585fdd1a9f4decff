package main

import (
	"io"
	"strings"
	"testing"

	"chaosworkshop/infra/internal/cli"
)

// A name that matches nothing is wrong usage, not a run of nothing.
func TestOnlyThatMatchesNothing(t *testing.T) {
	for line, want := range map[string]string{
		"bench --only polices": "--only polices matches no suite; did you mean policies?",
		"bench --only [":       "is not a regular expression",
	} {
		root := newRoot()
		root.SetArgs(strings.Fields(line))
		root.SetOut(io.Discard)
		root.SetErr(io.Discard)
		if err := root.ExecuteContext(t.Context()); err == nil || cli.ExitCode(err) != cli.Broken || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want wrong usage that says %q", line, err, want)
		}
	}
}
