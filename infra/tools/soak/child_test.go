package soak

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"chaosworkshop/infra/lab/flightsdb"
	"chaosworkshop/infra/lab/openflights"
	"chaosworkshop/infra/lab/toxi"
)

// The variables make the test program a database or a Toxiproxy, so that each can be killed like a process of its own.
const (
	roleVariable     = "SOAK_TEST_ROLE"
	addressVariable  = "SOAK_TEST_ADDRESS"
	listenVariable   = "SOAK_TEST_LISTEN"
	upstreamVariable = "SOAK_TEST_UPSTREAM"
	password         = "a-password-of-a-test"
)

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		if err := play(role); err != nil {
			fmt.Fprintln(os.Stderr, "error:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	// Toxiproxy itself leaves the links of clients that went away while a toxic was changed.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/Shopify/toxiproxy/v2/toxics.(*ToxicStub).Run"))
}

// play serves until standard input ends, and says where.
func play(role string) error {
	var server io.Closer
	switch role {
	case "database":
		database, err := flightsdb.Start(context.Background(), flightsdb.Options{
			Addr: os.Getenv(addressVariable), RootPassword: password, Data: openflights.Sample(),
		})
		if err != nil {
			return err
		}
		fmt.Println(database.Addr())
		server = database
	case "toxiproxy":
		toxiproxy, err := toxi.Start(context.Background(), toxi.Options{
			APIAddr: os.Getenv(addressVariable), Listen: os.Getenv(listenVariable), Upstream: os.Getenv(upstreamVariable),
		})
		if err != nil {
			return err
		}
		fmt.Println(hostOf(toxiproxy.URL()), toxiproxy.ProxyAddr())
		server = toxiproxy
	default:
		return fmt.Errorf("there is no role %q", role)
	}
	_, _ = io.Copy(io.Discard, os.Stdin) // However it ends, it is the end.
	return server.Close()
}

// child is a process that can be killed and started again at the same addresses.
type child struct {
	t    *testing.T
	role string
	env  map[string]string
	// said are the words of its first line.
	said []string

	command  *exec.Cmd
	lifeline io.Closer
}

// newChild starts a child that ends with the test.
func newChild(t *testing.T, role string, env map[string]string) *child {
	t.Helper()
	c := &child{t: t, role: role, env: env}
	c.start()
	t.Cleanup(c.end)
	return c
}

// start starts the process and returns when it serves.
func (c *child) start() {
	c.t.Helper()
	c.command = exec.Command(os.Args[0])
	c.command.Env = append(os.Environ(), roleVariable+"="+c.role)
	for name, value := range c.env {
		c.command.Env = append(c.command.Env, name+"="+value)
	}
	c.command.Stderr = os.Stderr
	lifeline, err := c.command.StdinPipe()
	if err != nil {
		c.t.Fatal(err)
	}
	c.lifeline = lifeline
	output, err := c.command.StdoutPipe()
	if err != nil {
		c.t.Fatal(err)
	}
	if err := c.command.Start(); err != nil {
		c.t.Fatal(err)
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		c.t.Fatalf("the %s did not start: %v", c.role, err)
	}
	c.said = strings.Fields(line)
}

// kill ends the process at once: SIGKILL, where there are signals.
func (c *child) kill() {
	c.t.Helper()
	if err := c.command.Process.Kill(); err != nil {
		c.t.Fatal(err)
	}
	_ = c.command.Wait() // It says that it was killed.
}

// end lets the process end.
func (c *child) end() {
	c.lifeline.Close()
	_ = c.command.Wait() // A test may have killed it.
}
