// Package stacktest runs an app against the real thing: a flights database behind Toxiproxy, in a separate process on free
// ports. It needs Go and nothing else. It reads neither the user's settings nor .env.
package stacktest

import (
	"cmp"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// patience bounds the start, which builds the infrastructure on its first run.
const patience = 5 * time.Minute

// Stack holds the addresses of a running flights database and its Toxiproxy.
type Stack struct {
	// Toxiproxy is the URL of Toxiproxy's HTTP API.
	Toxiproxy string `json:"toxiproxy"`
	// Database is the host and port of the database itself.
	Database string `json:"database"`

	// root is the workshop's folder.
	root string
}

// Start runs the infrastructure until the test ends. If the variable LAB_MYSQL_PORT names the port of a flights database,
// that database is used instead of a new one.
func Start(t testing.TB) *Stack {
	t.Helper()
	stack := &Stack{root: root(t)}
	command := exec.Command("go", "run", ".", "infra", "--ready-json", "--stdin-lifeline")
	command.Dir = filepath.Join(stack.root, "infra")
	command.Env = append(os.Environ(), settings(t, stack.root, "MYSQL_PORT="+cmp.Or(os.Getenv("LAB_MYSQL_PORT"), "0"), "PROXY_PORT=0", "TOXIPROXY_PORT=0", "BIND=127.0.0.1")...)
	complaints := &strings.Builder{}
	command.Stderr = complaints
	lifeline, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatalf("start the infrastructure: %v", err)
	}

	ready := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if json.NewDecoder(output).Decode(stack) == nil {
			close(ready)
		}
		_, _ = io.Copy(io.Discard, output)
		_ = command.Wait()
	}()
	t.Cleanup(func() {
		// The infrastructure ends when its standard input does: that works on every platform, even if this process dies.
		_ = lifeline.Close()
		<-ended
	})

	select {
	case <-ready:
	case <-ended:
		t.Fatalf("the infrastructure did not start:\n%s", complaints)
	case <-time.After(patience):
		t.Fatalf("the infrastructure was not ready within %s", patience)
	}
	return stack
}

// root is the workshop's folder: the one that holds the infrastructure, searched from the module under test upwards.
func root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, "infra", "go.mod")); err == nil {
			return at
		}
		if at == filepath.Dir(at) {
			t.Fatalf("no folder infra above %s: run the tests inside the workshop's tree", dir)
		}
	}
}
