package cmd

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestHelpIsThatOfMake compares the help with the Makefile: the same groups, each with the same commands in the same order.
// The targets of the maintainers' tools are commands elsewhere, and the help says where.
func TestHelpIsThatOfMake(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	_, grouped, _ := strings.Cut(string(text), "\n### ")
	var want []string
	for line := range strings.Lines("### " + grouped) {
		if found := regexp.MustCompile(`^### (.*)\n|^([\w-]+):(?: workshop)? ##`).FindStringSubmatch(line); found != nil {
			want = append(want, found[1]+found[2])
		}
	}
	root := New()
	var got []string
	for _, group := range root.Groups() {
		got = append(got, group.ID)
		for _, command := range root.Commands() {
			if command.GroupID == group.ID && command.Name() != "help" {
				got = append(got, command.Name())
			}
		}
	}
	if got, want := strings.Join(got, "\n"), strings.Join(want, "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	out, err := carryOut(t.Context(), "--help")
	if err != nil || !strings.Contains(out, "go run ./infra/tools") || strings.Contains(out, "Additional") {
		t.Errorf("%v: the help has a command without a group, or does not name the tools:\n%s", err, out)
	}
}
