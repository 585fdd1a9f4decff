package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"chaosworkshop/infra/chaos/load"
	"chaosworkshop/infra/lab/stack"
	"chaosworkshop/infra/lab/toxi"
	"chaosworkshop/shared/config"
	"chaosworkshop/shared/tracing"
)

// useStack starts a database and a Toxiproxy, and points the settings at them, until the test ends.
func useStack(t *testing.T) *toxi.Server {
	t.Helper()
	cfg, err := config.Load[config.Infra]()
	if err != nil {
		t.Fatal(err)
	}
	running, err := stack.Start(t.Context(), stack.Isolated(cfg))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := running.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Setenv("BIND", "127.0.0.1")
	for name, address := range map[string]string{
		"MYSQL_PORT": running.Database(), "PROXY_PORT": running.Proxy(), "TOXIPROXY_PORT": strings.TrimPrefix(running.Toxi.URL(), "http://"),
	} {
		_, port, err := net.SplitHostPort(address)
		if err != nil {
			t.Fatal(err)
		}
		t.Setenv(name, port)
	}
	return running.Toxi
}

// A trace shows what the policies did, and leaves the stack that it borrowed as it found it.
func TestTrace(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED, NOTHING WAS TESTED: -short leaves out what builds an exercise")
	}
	root, err := config.Root()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(root, "exercise3") // Whoever runs the test may have a work/exercise3.
	proxy := useStack(t)
	text, _, err := command(t, "trace", "--ex", "3", "--dir", dir, "--fault", "refused", "--json")
	var got traced
	if err == nil {
		err = json.Unmarshal([]byte(text), &got)
	}
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Request.Attempts) != 10 || got.App != "exercise3" {
		t.Errorf("got %d attempts of %s, want the 10 of exercise3", len(got.Request.Attempts), got.App)
	}
	if got.Exercise != 3 || got.Fault != "refused" || got.After != 0 || got.Timeout != 1000 || got.Attempts != 10 || got.Deadline != 5000 || got.Outcome != load.Error {
		t.Errorf("got %+v, want what was asked for, the limits and an error", got)
	}
	for _, attempt := range got.Request.Attempts {
		if len(attempt.Dials) != 1 || attempt.Dials[0].Attributes.Text(tracing.ErrorType) != tracing.Refused {
			t.Errorf("got the dials %+v, want one that was refused", attempt.Dials)
		}
	}
	if fault := inPlace(t, proxy); fault != "" {
		t.Errorf("the fault %s is in place afterwards, want none", fault)
	}

	// A fault of somebody else is used, named and left in place; another one is not put in its place.
	refused, err := toxi.Lookup("refused")
	if err != nil {
		t.Fatal(err)
	}
	if err := proxy.Inject(t.Context(), toxi.ProxyName, refused); err != nil {
		t.Fatal(err)
	}
	text, _, err = command(t, "trace", "--ex", "3", "--dir", dir)
	if err != nil || !strings.Contains(text, "fault: refused") || !strings.Contains(text, "10 attempts failed") {
		t.Errorf("got %v and %s, want the fault and what it did", err, text)
	}
	if _, _, err = command(t, "trace", "--ex", "3", "--dir", dir, "--fault", "slow"); err == nil || !strings.Contains(err.Error(), "make calm") {
		t.Errorf("a second fault: got %v, want it refused", err)
	}
	if fault := inPlace(t, proxy); fault != "disabled" {
		t.Errorf("got %q in place, want the fault of before", fault)
	}
	if err := proxy.Calm(t.Context(), toxi.ProxyName); err != nil {
		t.Fatal(err)
	}

	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	go func() {
		for ctx.Err() == nil {
			if current, err := proxy.Proxy(ctx, toxi.ProxyName); err == nil && current.Fault() == "blackhole" {
				interrupt()
			}
			time.Sleep(10 * time.Millisecond)
		}
	}()
	if _, err := carryOut(ctx, "trace", "--ex", "3", "--dir", dir, "--fault", "blackhole"); !errors.Is(err, context.Canceled) {
		t.Errorf("Ctrl-C: got %v, want the end of the context", err)
	}
	if fault := inPlace(t, proxy); fault != "" {
		t.Errorf("the fault %s is in place after Ctrl-C, want none", fault)
	}
}
