package cmd

import (
	"context"
	"strings"
	"testing"
	"time"

	"chaosworkshop/infra/internal/cli"
)

// What a command refuses before it does anything is wrong usage: exit 2, and one line that says what to choose.
func TestWrongUsage(t *testing.T) {
	usePort(t, "127.0.0.1:1") // Nothing answers there, and nothing should be asked.
	for line, want := range map[string]string{
		"chaos --ttl 5m":                "--ttl needs a fault; choose one with --ex or --fault",
		"chaos --ttl -5m --ex 2":        "--ttl -5m0s is negative",
		"chaos --fault slwo":            `no fault is called "slwo"; choose one of slow, flaky`,
		"chaos --fault=":                `no fault is called ""; choose one of slow`,
		"chaos --ex 6":                  "there is no exercise 6; choose 1 to 5",
		"corpus --only nothing":         "--only nothing matches no solution; choose from ",
		"corpus --only (":               "is not a regular expression",
		"matrix --runs 0":               "--runs 0 runs nothing; choose 1 or more",
		"matrix --runs -1":              "--runs -1 runs nothing; choose 1 or more",
		"start --ex 6":                  "there is no exercise 6; choose 2 to 5",
		"start --ex 1":                  "exercise 1 is the starting point, with nothing to solve; choose 2 to 5",
		"diff --from 6":                 `there is no exercise and no folder "6"; choose 1 to 5`,
		"diff --from 5":                 `there is no exercise and no folder "6"`,
		"diff --from .":                 "say what to compare . with",
		"diff --style sied":             `there is no style "sied"; choose unified, side or page`,
		"load --rate 0":                 "a rate of 0 requests a second is out of bounds; choose 1 to 1000",
		"load --timeout -1s":            "a timeout of -1s is negative",
		"load --out x.txt":              "the name of the file must end in .json or .html",
		"load --url http://example.com": "is not on this computer; if you have permission to load-test it",
		"load --url ::":                 "is not the URL of an exercise",
		"race --rate 0":                 "a rate of 0 is out of range",
		"race --ttl 0s":                 "a fault must end",
		"trace":                         "say which exercise to trace, 1 to 5",
		"trace --ex 3 --fault slwo":     `no fault is called "slwo"`,
		"trace --ex 4 --after 101":      "--after 101 is out of range; choose 0 to 100",
		"verify --ex 6":                 "there is no exercise 6; choose 1 to 5",
	} {
		_, err := carryOut(t.Context(), strings.Fields(line)...)
		if code := cli.ExitCode(err); err == nil || code != cli.Broken || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %d and %v, want %d and %q", line, code, err, cli.Broken, want)
		}
	}
}

// Without a Toxiproxy, a fault with a time fails in one line too.
func TestTTLWithoutToxiproxy(t *testing.T) {
	usePort(t, "127.0.0.1:1")
	if _, err := carryOut(t.Context(), "chaos", "--ex", "2", "--ttl", "1m"); err == nil || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "no Toxiproxy answers") {
		t.Errorf("got %v, want one line", err)
	}
}

// The end of one fault's time leaves alone what another terminal injected since, even the same fault.
func TestTTLRemovesOnlyItsOwn(t *testing.T) {
	server := useToxiproxy(t)
	for second, want := range map[string]string{"outage": "timeout", "slow": "latency", "refused": "disabled"} {
		first := make(chan string)
		go func() {
			out, _ := carryOut(t.Context(), "chaos", "--fault", "slow", "--ttl", "300ms")
			first <- out
		}()
		for inPlace(t, server) != "latency" {
			time.Sleep(time.Millisecond)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() {
			_, err := carryOut(ctx, "chaos", "--fault", second, "--ttl", "1h")
			done <- err
		}()
		if out := <-first; !strings.Contains(out, "already removed or replaced") {
			t.Errorf("slow, then %s: got %s, want it to say that nothing changed", second, out)
		}
		if got := inPlace(t, server); got != want {
			t.Errorf("slow, then %s: %q in place after the first one's time, want %q", second, got, want)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if got := inPlace(t, server); got != "" {
			t.Errorf("%s: %q in place after Ctrl-C", second, got)
		}
	}
}
