package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
)

func TestHintsFitHowTheProgramWasStarted(t *testing.T) {
	root := &cobra.Command{Use: "workshop"}
	for _, name := range []string{"chaos", "calm", "down", "exercise1"} {
		command := &cobra.Command{Use: name, RunE: func(*cobra.Command, []string) error { return nil }}
		command.Flags().Int("ex", 0, "")
		command.Flags().String("dir", "", "")
		command.Flags().Bool("volumes", false, "")
		if name == "exercise1" {
			command.Flags().Int("proxy-port", 0, "")
		}
		root.AddCommand(command)
	}
	const run = "go run ./infra"
	for _, test := range []struct{ program, text, want string }{
		{"", "heal it: make calm", "heal it: make calm"},
		{run, "heal it: make calm\n", "heal it: go run ./infra calm\n"},
		{"bin/workshop", "start `make exercise1` first", "start `bin/workshop exercise1` first"},
		{run, "make chaos EX=2   (slow)", "go run ./infra chaos --ex 2   (slow)"},
		{run, "`make chaos EX=2 DIR=work/exercise2`; then", "`go run ./infra chaos --ex 2 --dir work/exercise2`; then"},
		{run, "`make down VOLUMES=1`, then", "`go run ./infra down --volumes`, then"},
		{run, "make sure that it runs, or make lint", "make sure that it runs, or make lint"},
		{run, "`make chaos PROXY_PORT=3400 EX=2`", "`" + set(runtime.GOOS, "PROXY_PORT", "3400") + "go run ./infra chaos --ex 2`"},
		{run, "make exercise1 PROXY_PORT=3400", "go run ./infra exercise1 --proxy-port 3400"},
	} {
		if got := (speller{nil, root, test.program}).spell(test.text); got != test.want {
			t.Errorf("%s: got %q, want %q", test.program, got, test.want)
		}
	}
}

func TestVariablesAreSetAsTheShellDoes(t *testing.T) {
	for system, want := range map[string]string{"linux": "PORT=5001 ", "darwin": "PORT=5001 ", "windows": "$env:PORT='5001'; "} {
		if got := set(system, "PORT", "5001"); got != want {
			t.Errorf("%s: got %q, want %q", system, got, want)
		}
	}
}

func TestStepSpeaksOnlyWhenItIsLong(t *testing.T) {
	for _, test := range []struct {
		name     string
		terminal bool
		long     bool
		want     string
	}{
		{"short", false, false, ""}, {"short on a terminal", true, false, ""},
		{"long", false, true, "Building...\n"}, {"long on a terminal", true, true, "\r\x1b[KBuilding... 0 s\r\x1b[K"},
	} {
		out, err := os.Create(filepath.Join(t.TempDir(), "out"))
		if err != nil {
			t.Fatal(err)
		}
		defer out.Close()
		broken, patience := errors.New("broken"), time.Hour
		release := make(chan struct{})
		if test.long {
			patience = 0
			go func() {
				for size := int64(0); size == 0; {
					if info, err := out.Stat(); err == nil {
						size = info.Size()
					}
				}
				close(release)
			}()
		} else {
			close(release)
		}
		if err := step(out, test.terminal, patience, "Building", func() error { <-release; return broken }); !errors.Is(err, broken) {
			t.Errorf("%s: got %v, want what the step returned", test.name, err)
		}
		if got, err := os.ReadFile(out.Name()); err != nil || string(got) != test.want {
			t.Errorf("%s: got %q, %v, want %q", test.name, got, err, test.want)
		}
	}
}

func TestMisspeltVariables(t *testing.T) {
	const makefile = "load: workshop\n\t@$(WORKSHOP) load $(call option,RATE,rate) $(call option,DURATION,duration) $(call flag,REMOTE,remote) $(call option,EX,ex)\n"
	const example = "# PORT=5000\n# TIMEOUT=1s\n"
	for makeFlags, want := range map[string]string{
		"":                                        "",
		"--no-print-directory":                    "",
		"w --no-print-directory -- DURATION=1s":   "",
		" --no-print-directory -- DURATON=1s":     "did you mean DURATION?",
		" -- RATE=5 duration=1s":                  "has no variable duration; did you mean DURATION?",
		" -- ex=3":                                "did you mean EX?",
		" -- TIMEOUT=2s PORT=5001 GOFLAGS=-v":     "",
		" -- TIMOUT=2s":                           "did you mean TIMEOUT?",
		` -- RATE=a\ DURATON=1s`:                  "",
		" -- SHELL=/bin/sh WORKSHOP_DOCKER=1 X=1": "",
	} {
		err := misspelt("load", makeFlags, makefile, example)
		if got := fmt.Sprint(err); want == "" && err != nil || want != "" && !strings.Contains(got, want) {
			t.Errorf("%q: got %v, want %q", makeFlags, err, want)
		}
	}
}

// What a user passed in a URL comes back in messages, but its password does not.
func TestPasswordsInURLsAreHidden(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, program := range []string{"", "go run ./infra"} {
		if _, err := io.WriteString(speller{file, &cobra.Command{}, program}, "http://u:s3cret@127.0.0.1:1/a and http://127.0.0.1:5000/b@c, mysql://root:pa$s@h\n"); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(path)
	const want = "http://u:***@127.0.0.1:1/a and http://127.0.0.1:5000/b@c, mysql://root:***@h\n"
	if err != nil || string(text) != want+want {
		t.Errorf("got %q, %v, want %q twice", text, err, want)
	}
}
