package cmd

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"chaosworkshop/infra/lab/toxi"
)

func TestMain(m *testing.M) {
	// Toxiproxy itself leaves the links of clients that went away while a toxic was changed.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/Shopify/toxiproxy/v2/toxics.(*ToxicStub).Run"))
}

// carryOut runs one command line under ctx and returns what it wrote.
func carryOut(ctx context.Context, args ...string) (string, error) {
	var out bytes.Buffer
	root := New()
	root.SetArgs(args)
	root.SetOut(&out)
	root.SetErr(&out)
	err := root.ExecuteContext(ctx)
	return out.String(), err
}

// useToxiproxy starts a Toxiproxy with its proxy, and points the settings at it, until the test ends.
func useToxiproxy(t *testing.T) *toxi.Server {
	t.Helper()
	server, err := toxi.Start(t.Context(), toxi.Options{APIAddr: "127.0.0.1:0", Listen: "127.0.0.1:0", Upstream: "127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	usePort(t, strings.TrimPrefix(server.URL(), "http://"))
	return server
}

// usePort points the settings at the Toxiproxy at addr.
func usePort(t *testing.T, addr string) {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("BIND", host)
	t.Setenv("TOXIPROXY_PORT", port)
}

// inPlace is the fault that is active: the type of the toxic, "disabled", or nothing.
func inPlace(t *testing.T, server *toxi.Server) string {
	t.Helper()
	proxy, err := server.Proxy(t.Context(), toxi.ProxyName)
	switch {
	case err != nil:
		t.Fatal(err)
	case !proxy.Enabled:
		return "disabled"
	case len(proxy.Toxics) > 0:
		return proxy.Toxics[0].Type
	}
	return ""
}

func TestChaosAndCalm(t *testing.T) {
	server := useToxiproxy(t)
	for _, step := range []struct {
		line, inPlace string
		want          []string
	}{
		{"chaos --ex 2", "latency", []string{
			"replies delayed by up to a second",
			"toxiproxy-cli --host " + server.URL() + " toxic add -t latency --tox 1 -a latency=100 -a jitter=900 mysql_proxy",
			"make calm",
		}},
		{"chaos --fault outage", "timeout", []string{"closed after 100 ms"}},
		{"chaos --fault refused", "disabled", []string{"toggle mysql_proxy"}},
		{"calm", "", []string{"no toxic is left"}},
		{"calm", "", []string{"no toxic is left"}},
	} {
		out, err := carryOut(t.Context(), strings.Fields(step.line)...)
		if err != nil {
			t.Fatalf("%s: %v", step.line, err)
		}
		for _, want := range step.want {
			if !strings.Contains(out, want) {
				t.Errorf("%s: it lacks %q:\n%s", step.line, want, out)
			}
		}
		if got := inPlace(t, server); got != step.inPlace {
			t.Errorf("%s: %q in place, want %q", step.line, got, step.inPlace)
		}
	}
}

// --node breaks the proxy of that node alone.
func TestChaosNode(t *testing.T) {
	server := useToxiproxy(t)
	if _, err := server.Create(t.Context(), toxi.NodeProxy(2), "127.0.0.1:0", "127.0.0.1:1"); err != nil {
		t.Fatal(err)
	}
	out, err := carryOut(t.Context(), "chaos", "--node", "2", "--fault", "blackhole")
	if err != nil || !strings.Contains(out, "-a timeout=0 node2") {
		t.Errorf("%v: %s", err, out)
	}
	node, err := server.Proxy(t.Context(), toxi.NodeProxy(2))
	if err != nil || len(node.Toxics) != 1 || inPlace(t, server) != "" {
		t.Errorf("got %v, %+v and %q on mysql_proxy, want a toxic on node 2 alone", err, node, inPlace(t, server))
	}
	if _, err := carryOut(t.Context(), "calm"); err != nil {
		t.Fatal(err)
	}
	if node, err := server.Proxy(t.Context(), toxi.NodeProxy(2)); err != nil || len(node.Toxics) != 0 {
		t.Errorf("after calm: got %v, %+v, want no toxic", err, node)
	}
}

// With a TTL the command keeps running, and removes the fault when the time is over or on Ctrl-C.
func TestChaosTTL(t *testing.T) {
	for _, test := range []struct {
		name, ttl string
		interrupt bool
	}{
		{name: "over", ttl: "200ms"},
		{name: "Ctrl-C", ttl: "1h", interrupt: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := useToxiproxy(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			type result struct {
				out string
				err error
			}
			done := make(chan result)
			go func() {
				out, err := carryOut(ctx, "chaos", "--ex", "4", "--ttl", test.ttl)
				done <- result{out, err}
			}()
			for inPlace(t, server) != "timeout" {
				time.Sleep(time.Millisecond)
			}
			if test.interrupt {
				cancel()
			}
			got := <-done
			if got.err != nil || !strings.Contains(got.out, "the fault is gone") {
				t.Errorf("%v:\n%s", got.err, got.out)
			}
			if got := inPlace(t, server); got != "" {
				t.Errorf("%q in place after it, want nothing", got)
			}
		})
	}
}

func TestChaosJSON(t *testing.T) {
	useToxiproxy(t)
	var fault toxi.Fault
	out, err := carryOut(t.Context(), "chaos", "--fault", "flaky", "--json")
	if err != nil || json.Unmarshal([]byte(out), &fault) != nil || fault.Name != "flaky" || fault.Toxicity != 0.8 {
		t.Errorf("%v: %s", err, out)
	}
	var faults []toxi.Fault
	out, err = carryOut(t.Context(), "chaos", "--list", "--json")
	if err != nil || json.Unmarshal([]byte(out), &faults) != nil || len(faults) != len(toxi.Faults()) {
		t.Errorf("%v: %s", err, out)
	}
}

// The list needs no Toxiproxy; it is also what `make chaos` alone shows.
func TestChaosList(t *testing.T) {
	t.Setenv("TOXIPROXY_PORT", "8474") // Whatever runs here now.
	for _, line := range []string{"chaos", "chaos --list"} {
		out, err := carryOut(t.Context(), strings.Fields(line)...)
		if err != nil {
			t.Fatal(err)
		}
		for _, fault := range toxi.Faults() {
			if !strings.Contains(out, fault.Summary) || !strings.Contains(out, fault.CLI(toxi.ProxyName)) {
				t.Errorf("%s: %s is not in the list:\n%s", line, fault.Name, out)
			}
		}
	}
}

// An error is one line that says what to do.
func TestChaosFails(t *testing.T) {
	const gone = "127.0.0.1:1"
	web := httptest.NewServer(nil)
	defer web.Close()
	empty, err := toxi.Start(t.Context(), toxi.Options{APIAddr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer empty.Close()
	emptyAddr := strings.TrimPrefix(empty.URL(), "http://")
	for _, test := range []struct{ name, addr, line, want string }{
		{"no Toxiproxy", gone, "chaos --ex 2", "no Toxiproxy answers at http://" + gone + "; start `make infra` or `make exercise1` first"},
		{"no Toxiproxy, calm", gone, "calm", "; start `make infra` or `make exercise1` first"},
		{"something else", web.Listener.Addr().String(), "chaos --ex 2", "then run `make infra` or `make exercise1`"},
		{"no proxy", emptyAddr, "chaos --ex 2", "has no proxy mysql_proxy; `make infra` or `make exercise1` creates it"},
		{"no proxy, calm", emptyAddr, "calm", "has no proxy; `make infra` or `make exercise1` creates one"},
		{"unknown fault", emptyAddr, "chaos --fault slwo", `no fault is called "slwo"; choose one of slow, flaky,`},
		{"unknown exercise", emptyAddr, "chaos --ex 6", "there is no exercise 6; choose 1 to 5"},
		{"exercise 0", emptyAddr, "chaos --ex 0", "there is no exercise 0; choose 1 to 5"},
		{"two at once", emptyAddr, "chaos --ex 2 --fault slow", "[ex fault list]"},
		{"no nodes", emptyAddr, "chaos --fault slow --node 2", "has no proxy node2; `make up PROFILE=galera` creates node1 to node3"},
		{"a node, but no fault", emptyAddr, "chaos --node 2", "--node needs a fault"},
		{"negative TTL", emptyAddr, "chaos --ex 2 --ttl -5m", "--ttl -5m0s is negative"},
	} {
		t.Run(test.name, func(t *testing.T) {
			usePort(t, test.addr)
			out, err := carryOut(t.Context(), strings.Fields(test.line)...)
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %q, want one line that says %q", err, test.want)
			}
			if out != "" {
				t.Errorf("beside the error: %q", out)
			}
		})
	}
}

// bin/toxiproxy-cli prints the version that infra/go.mod pins, and works with our Toxiproxy.
func TestToxiproxyCLI(t *testing.T) {
	server := useToxiproxy(t)
	if out, err := carryOut(t.Context(), "toxiproxy-cli"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	binary := filepath.Join("..", "..", "bin", "toxiproxy-cli")
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	pinned, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Version}}", "github.com/Shopify/toxiproxy/v2").Output()
	if err != nil {
		t.Fatal(err)
	}
	version := strings.TrimPrefix(strings.TrimSpace(string(pinned)), "v")
	for line, want := range map[string]string{
		"--version": "toxiproxy-cli version " + version + "\n",
		"list":      toxi.ProxyName + "\t" + server.ProxyAddr() + "\t127.0.0.1:1\tenabled\t0\n",
	} {
		command := exec.CommandContext(t.Context(), binary, line)
		command.Env = append(os.Environ(), "TOXIPROXY_URL="+server.URL())
		if got, err := command.Output(); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v, want %q", line, got, err, want)
		}
	}
}
