package cmd

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"chaosworkshop/infra/chaos/load"
	"chaosworkshop/infra/internal/port"
	"chaosworkshop/infra/lab/toxi"
)

// elsewhere are the commands of the plans that other tests run: what they do takes minutes, or belongs to the folder of whoever
// runs this test.
var elsewhere = []string{"start", "verify", "progress", "board"}

// The commands of an instructor's plans run in their order, and what the plan says of the baseline is true.
func TestPlansRunAsWritten(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED, NOTHING WAS TESTED: -short leaves out what builds the exercises")
	}
	text, err := os.ReadFile(filepath.Join("..", "docs", "instructors.md"))
	if err != nil {
		t.Fatal(err)
	}
	proxy := useStack(t)
	addresses := map[string]string{}
	for variable, path := range map[string]string{"PORT": "/api/flights/routes?from=LHR&to=JFK", "CONSOLE_PORT": "/"} {
		number, err := port.Free("127.0.0.1")
		if err != nil {
			t.Fatal(err)
		}
		t.Setenv(variable, fmt.Sprint(number))
		addresses[variable] = fmt.Sprintf("http://127.0.0.1:%d%s", number, path)
	}
	seen := map[string]bool{}
	for _, row := range regexp.MustCompile(`(?m)^\| (\d+) \| .* \| (.*) \|$`).FindAllStringSubmatch(string(text), -1) {
		minute, commands := row[1], quotedMake.FindAllStringSubmatch(row[2], -1)
		stop := func() {}
		for _, found := range commands {
			words := shellWord.FindAllString(found[1], -1)[1:]
			got := runMake(t, nil, words...)
			args := strings.Split(strings.Trim(strings.TrimSuffix(got, " DSN=<>"), "<>"), "><")
			switch {
			case slices.Contains(elsewhere, args[0]), args[0] == "race" && seen["race"]:
			case args[0] == "race":
				stop = inBackground(t, addresses["CONSOLE_PORT"], args)
			case strings.HasPrefix(args[0], "exercise"):
				stop = inBackground(t, addresses["PORT"], args)
			case args[0] == "load":
				underFaults(t, minute, proxy)
			default:
				if out, err := carryOut(t.Context(), args...); err != nil {
					t.Errorf("minute %s, %s: %v\n%s", minute, found[1], err, out)
				}
				if args[0] == "chaos" && inPlace(t, proxy) == "" {
					t.Errorf("minute %s, %s: no fault is in place", minute, found[1])
				}
			}
			seen[args[0]] = true
		}
		if err := proxy.Calm(t.Context(), toxi.ProxyName); err != nil {
			t.Fatal(err)
		}
		stop()
	}
	for _, name := range []string{"race", "exercise1", "exercise5", "chaos", "load", "diff", "verify"} {
		if !seen[name] {
			t.Errorf("the plans lack make %s", name)
		}
	}
}

// underFaults is a short load on the baseline, under slow and then in a black hole.
func underFaults(t *testing.T, minute string, proxy *toxi.Server) {
	t.Helper()
	run := func(patience string) (summary load.Summary) {
		t.Helper()
		out, _, err := command(t, "load", "--rate", "20", "--duration", "1s", "--timeout", patience, "--json")
		if err == nil {
			err = json.Unmarshal([]byte(out), &summary)
		}
		if err != nil {
			t.Fatal(err)
		}
		return summary
	}
	if late := run("30s"); late.Success != 1 || late.Latency.P99 < 500 {
		t.Errorf("minute %s, slow: %.0f %% are served, the slowest after %.0f ms; want all, but late", minute, 100*late.Success, late.Latency.P99)
	}
	hole, err := toxi.Lookup("blackhole")
	if err != nil {
		t.Fatal(err)
	}
	if err := proxy.Inject(t.Context(), toxi.ProxyName, hole); err != nil {
		t.Fatal(err)
	}
	if none := run("2s"); none.Outcomes[load.NoAnswer] != none.Requests || none.Requests == 0 {
		t.Errorf("minute %s, blackhole: got %v, want no answer", minute, none.Outcomes)
	}
}

// inBackground runs a command until stop, and returns when the address answers.
func inBackground(t *testing.T, address string, args []string) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	var out string
	var err error
	go func() {
		defer close(ended)
		out, err = carryOut(ctx, args...)
	}()
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	deadline := time.After(2 * time.Minute) // With the build, on a slow computer.
	for {
		if answer, err := client.Get(address); err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				break
			}
		}
		select {
		case <-ended:
			cancel()
			t.Fatalf("%q ended: %v\n%s", args, err, out)
		case <-deadline:
			cancel()
			<-ended
			t.Fatalf("%q: nothing answers at %s\n%s", args, address, out)
		case <-time.After(50 * time.Millisecond):
		}
	}
	return func() {
		t.Helper()
		cancel()
		if <-ended; err != nil {
			t.Errorf("%q: %v\n%s", args, err, out)
		}
	}
}
