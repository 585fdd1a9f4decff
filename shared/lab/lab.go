// Package lab starts the real thing for a test: the flights database behind Toxiproxy, as a process of its own on free
// ports. It needs Go and nothing else.
package lab

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// patience bounds the start, which builds the infrastructure on its first run.
const patience = 5 * time.Minute

// Lab is where a running flights database and its Toxiproxy are found.
type Lab struct {
	// Toxiproxy is the URL of the HTTP API of Toxiproxy.
	Toxiproxy string `json:"toxiproxy"`
	// Proxy is the host and port of the database as the app should reach it: through mysql_proxy.
	Proxy string `json:"proxy"`
	// Database is the host and port of the database itself.
	Database string `json:"database"`
}

// Start runs the infrastructure until the test ends. Where the variable LAB_MYSQL_PORT names the port of a flights
// database, that one is used instead of one of the test's own.
func Start(t testing.TB) Lab {
	t.Helper()
	command := exec.Command("go", "run", ".", "infra", "--ready-json", "--stdin-lifeline")
	command.Dir = infra(t)
	command.Env = append(os.Environ(), "MYSQL_PORT="+cmp.Or(os.Getenv("LAB_MYSQL_PORT"), "0"), "PROXY_PORT=0", "TOXIPROXY_PORT=0", "BIND=127.0.0.1")
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

	ready := make(chan Lab, 1)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		var lab Lab
		if json.NewDecoder(output).Decode(&lab) == nil {
			ready <- lab
		}
		_, _ = io.Copy(io.Discard, output)
		_ = command.Wait()
	}()
	t.Cleanup(func() {
		// The infrastructure ends when its standard input does: that works on every platform, and if this process dies.
		_ = lifeline.Close()
		<-ended
	})

	select {
	case lab := <-ready:
		return lab
	case <-ended:
		t.Fatalf("the infrastructure did not start:\n%s", complaints)
	case <-time.After(patience):
		t.Fatalf("the infrastructure was not ready within %s", patience)
	}
	return Lab{}
}

// Environment points an app that is started by this test at the lab, and at a free port of its own. It returns the
// app's URL.
func (l Lab) Environment(t *testing.T) string {
	t.Helper()
	host, port, err := net.SplitHostPort(l.Proxy)
	if err != nil {
		t.Fatal(err)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer free.Close()
	own := free.Addr().(*net.TCPAddr).Port
	t.Setenv("BIND", "127.0.0.1")
	t.Setenv("PORT", strconv.Itoa(own))
	t.Setenv("DB_HOST", host)
	t.Setenv("DB_PORT", port)
	return fmt.Sprintf("http://127.0.0.1:%d", own)
}

// infra is the folder of the infrastructure: beside the folder of the module under test.
func infra(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, "infra", "go.mod")); err == nil {
			return filepath.Join(at, "infra")
		}
		if at == filepath.Dir(at) {
			t.Fatalf("no folder infra above %s: run the tests inside the workshop's tree", dir)
		}
	}
}
