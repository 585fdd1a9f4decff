package galera

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"chaosworkshop/infra/internal/require"
)

// balancer is HAProxy with the configuration that users get, at addresses of the test's own.
type balancer struct {
	addr    string
	program string
	config  string
	stop    func()
}

// newBalancer prepares a balancer for the nodes.
func newBalancer(t *testing.T, nodes []string) *balancer {
	t.Helper()
	b := &balancer{program: "haproxy", stop: func() {}, config: filepath.Join(t.TempDir(), "haproxy.cfg")}
	for _, path := range []string{"/usr/sbin/haproxy", "/usr/local/sbin/haproxy"} {
		if _, err := os.Stat(path); err == nil {
			b.program = path
		}
	}
	if _, err := exec.LookPath(b.program); err != nil {
		require.Missing(t, "HAProxy (Debian's package haproxy)")
	}
	b.addr = require.FreeAddress(t)
	text, err := os.ReadFile("haproxy.cfg")
	if err != nil {
		t.Fatal(err)
	}
	changes := []string{"bind :3306", "bind " + b.addr}
	for i, node := range nodes {
		changes = append(changes, fmt.Sprintf("toxiproxy:331%d", i+1), node)
	}
	for i := 0; i < len(changes); i += 2 {
		if !bytes.Contains(text, []byte(changes[i])) {
			t.Fatalf("haproxy.cfg has no %q", changes[i])
		}
	}
	if err := os.WriteFile(b.config, []byte(strings.NewReplacer(changes...).Replace(string(text))), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.stop() })
	return b
}

// check starts the balancer again with another health check: mysql or tcp.
func (b *balancer) check(t *testing.T, kind string) {
	t.Helper()
	b.stop()
	var output bytes.Buffer
	command := exec.Command(b.program, "-db", "-f", b.config)
	command.Env = append(os.Environ(), "HAPROXY_CHECK="+kind)
	command.Stdout, command.Stderr = &output, &output
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan struct{})
	go func() {
		defer close(exited)
		_ = command.Wait() // How it ended shows in its output.
	}()
	b.stop = func() {
		_ = command.Process.Kill()
		<-exited
	}
	await(t, "HAProxy to listen", 10*time.Second, func() bool {
		conn, err := net.DialTimeout("tcp", b.addr, time.Second)
		if err == nil {
			conn.Close()
		}
		select {
		case <-exited:
			t.Fatalf("HAProxy ended: %s", &output)
		default:
		}
		return err == nil
	})
	time.Sleep(3 * time.Second) // A node that fails its very first check is out at once, instead of after two.
}
