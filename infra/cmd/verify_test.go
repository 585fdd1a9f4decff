package cmd

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"chaosworkshop/infra/chaos/experiment"
	"chaosworkshop/infra/internal/cli"

	"chaosworkshop/shared/config"
)

// wantExit checks the exit code of err.
func wantExit(t *testing.T, err error, want int) {
	t.Helper()
	if got := cli.ExitCode(err); got != want {
		t.Errorf("got %v, want the exit code %d", err, want)
	}
}

func TestVerifyNamesWhatBrokeAndHints(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED, NOTHING WAS TESTED: -short leaves out what takes seconds")
	}
	root, err := config.Root()
	if err != nil {
		t.Fatal(err)
	}
	out, progress, err := command(t, "verify", "--ex", "2", "--dir", filepath.Join(root, "exercise1"), "--hint", "2")
	wantExit(t, err, cli.Failed)
	if !strings.Contains(out, "no answer later than the bound") || !strings.Contains(out, "Hint 2 of 3") {
		t.Errorf("got %s, want the missing bound and the second hint", out)
	}
	if !strings.Contains(progress, "Judging exercise1 by E1 to E2") {
		t.Errorf("progress: got %q, want what runs", progress)
	}
}

func TestVerifyQuotesTheCompiler(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"go.mod": "module broken\n\ngo 1.26.0\n", "main.go": "package main\n\nfunc main() { undeclared() }\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, _, err := command(t, "verify", "--ex", "3", "--dir", dir)
	wantExit(t, err, cli.Broken)
	if !strings.Contains(err.Error(), "undefined: undeclared") {
		t.Errorf("got %v, want the compiler's words", err)
	}
}

func TestVerifyQuotesAnAppThatDoesNotStart(t *testing.T) {
	dir := t.TempDir()
	const app = "package main\n\nimport \"log\"\n\nfunc main() { log.Fatal(\"no config today\") }\n"
	for name, text := range map[string]string{"go.mod": "module broken\n\ngo 1.26.0\n", "main.go": app} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, _, err := command(t, "verify", "--ex", "1", "--dir", dir)
	wantExit(t, err, cli.Broken)
	if !strings.Contains(err.Error(), "no config today") {
		t.Errorf("got %v, want the app's words", err)
	}
}

func TestHintsEndWithTheSolution(t *testing.T) {
	root, err := config.Root()
	if err != nil {
		t.Fatal(err)
	}
	for number := 1; number <= experiment.Stages; number++ {
		for hint := 1; hint <= 3; hint++ {
			out := &bytes.Buffer{}
			if err := printHint(out, root, number, hint); err != nil {
				t.Errorf("exercise %d, hint %d: %v", number, hint, err)
			}
			if got := strings.Contains(out.String(), "+++"); got != (hint == 3 && number > 1) {
				t.Errorf("exercise %d, hint %d: got a diff: %t", number, hint, got)
			}
		}
	}
}
