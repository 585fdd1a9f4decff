package cmd

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"chaosworkshop/infra/internal/require"
)

// runMake runs a target with programs that print their arguments and the variable DSN instead of the workshop's commands.
func runMake(t *testing.T, environment []string, args ...string) string {
	t.Helper()
	out, err := tryMake(t, "exit 0", environment, args...)
	if err != nil {
		t.Fatalf("make %q: %v: %s", args, err, out)
	}
	return out
}

// tryMake is runMake with a go command that is a script, and may fail.
func tryMake(t *testing.T, goCommand string, environment []string, args ...string) (string, error) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("SKIPPED, NOTHING WAS TESTED: the programs of this test need a shell")
	}
	if _, err := exec.LookPath("make"); err != nil {
		require.Missing(t, "make")
	}
	makefile, err := filepath.Abs(filepath.Join("..", "..", "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "infra"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"go":    "#!/bin/sh\n" + goCommand + "\n",
		"print": "#!/bin/sh\nfor arg; do printf '<%s>' \"$arg\"; done; printf ' DSN=<%s>\\n' \"$DSN\"\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	program := filepath.Join(dir, "print")
	command := exec.CommandContext(t.Context(), "make", append([]string{"--no-print-directory", "-f", makefile, "WORKSHOP=" + program, "TOOLS=" + program}, args...)...)
	command.Dir = dir
	command.Env = append(append(os.Environ(), "PATH="+dir+string(filepath.ListSeparator)+os.Getenv("PATH"), "MAKEFLAGS="), environment...)
	out, err := command.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// The value of a variable on make's command line arrives as it was typed.
func TestMakePassesVariablesAsTyped(t *testing.T) {
	for _, value := range []string{
		"a b", "http://127.0.0.1:5000/x?a=1&b=2", `say "hi"`, `it's`, "pa$word", "$HOME", "$(id)", "`id`", `back\slash`, "a;b|c>d", "a,b(c)", "*", "~", "a#b",
	} {
		for target, variable := range map[string]string{
			"load": "URL", "verify": "DIR", "race": "RECORD", "seed": "DATA", "up": "PROFILE", "chaos": "FAULT", "diff": "FROM",
			"matrix": "HTML", "bench": "ONLY", "corpus": "ONLY", "soak": "DURATION",
		} {
			want := "<" + target + "><--" + strings.ToLower(variable) + "><" + value + "> DSN=<>"
			if got := runMake(t, nil, target, variable+"="+value); got != want {
				t.Errorf("make %s %s='%s': got %s, want %s", target, variable, value, got, want)
			}
		}
	}
	for _, dsn := range []string{`root:pa$word@tcp(127.0.0.1:3306)/flights`, `root:$HOME'"#\@tcp(h:1)/flights?a=1&b=2`} {
		if got, want := runMake(t, nil, "seed", "DSN="+dsn, "FORCE=1"), "<seed><--force> DSN=<"+dsn+">"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if got, want := runMake(t, nil, "guide", "DOC=a.md b.md", "WRITE=1"), "<guide><--write><a.md><b.md> DSN=<>"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := runMake(t, nil, "seed", "FORCE=0"), "<seed> DSN=<>"; got != want {
		t.Errorf("FORCE=0: got %s, want %s", got, want)
	}
}

// No variable of the environment changes what a target does, whatever it is called; only seed reads DSN from there.
func TestMakeTakesNothingFromTheEnvironment(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	var environment []string
	for _, found := range regexp.MustCompile(`\(call (?:option|flag|list|given),([A-Z]+)`).FindAllStringSubmatch(string(text), -1) {
		environment = append(environment, found[1]+"=from the environment")
	}
	if len(environment) < 20 {
		t.Fatalf("found %q, want every variable", environment)
	}
	targets := regexp.MustCompile(`(?m)^([a-z0-9-]+): (?:workshop|tools) ##`).FindAllStringSubmatch(string(text), -1)
	for _, target := range targets {
		if got := runMake(t, environment, target[1]); strings.Contains(got, "from the environment") {
			t.Errorf("make %s: got %s", target[1], got)
		}
	}
	if found := regexp.MustCompile(`(?m)^\t.*\$\((?:if )?\$?\(?[A-Z]+\)`).FindAllString(strings.NewReplacer("$(WORKSHOP)", "", "$(TOOLS)", "", "$(EXE)", "", "$(MAKE)", "", "$(firstword $(MAKEFILE_LIST))", "").Replace(string(text)), -1); len(found) > 0 {
		t.Errorf("these lines use a variable without option, flag or list: %q", found)
	}
}

// A target that is misspelt goes to the command line, which knows what it should be.
func TestMakePassesUnknownTargetsOn(t *testing.T) {
	if got, want := runMake(t, nil, "verfy"), "<verfy> DSN=<>"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Nothing is compiled in silence: the go command may take half a minute before prepare itself can say anything.
func TestMakePrepareAnswersAtOnce(t *testing.T) {
	if got, want := runMake(t, nil, "prepare"), "Preparing the workshop..."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	got, err := tryMake(t, "echo failed to initialize build cache; exit 1", nil, "prepare")
	if err == nil || !strings.Contains(got, "failed to initialize build cache\nerror: ") || !strings.Contains(got, "make doctor") {
		t.Errorf("without a build cache: got %q, %v, want that make doctor says why", got, err)
	}
}
