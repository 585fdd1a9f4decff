package toxi

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// The lessons, their tests and the experiments rely on these parameters.
func TestFaults(t *testing.T) {
	want := []string{
		"slow: toxiproxy-cli toxic add -t latency --tox 1 -a latency=100 -a jitter=900 p",
		"flaky: toxiproxy-cli toxic add -t timeout --tox 0.8 -a timeout=500 p",
		"outage: toxiproxy-cli toxic add -t timeout --tox 1 -a timeout=100 p",
		"delay: toxiproxy-cli toxic add -t latency --tox 1 -a latency=1000 p",
		"blackhole: toxiproxy-cli toxic add -t timeout --tox 1 -a timeout=0 p",
		"refused: toxiproxy-cli toggle p",
		"reset: toxiproxy-cli toxic add -t reset_peer --tox 1 -a timeout=0 p",
		"slowclose: toxiproxy-cli toxic add -t slow_close --tox 1 -a delay=1000 p",
		"trickle: toxiproxy-cli toxic add -t bandwidth --tox 1 -a rate=1 p",
		"sliced: toxiproxy-cli toxic add -t slicer --tox 1 -a average_size=64 -a size_variation=32 -a delay=10000 p",
		"cut: toxiproxy-cli toxic add -t limit_data --tox 1 -a bytes=128 p",
	}
	var got []string
	for _, fault := range Faults() {
		got = append(got, fault.Name+": "+fault.CLI("p"))
		if fault.Type != "" && !(fault.Toxicity > 0 && fault.Toxicity <= 1) {
			t.Errorf("%s: toxicity %v, want a share", fault.Name, fault.Toxicity)
		}
		if fault.Summary == "" {
			t.Errorf("%s: no summary", fault.Name)
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("catalogue:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestLookup(t *testing.T) {
	for _, want := range Faults() {
		if got, err := Lookup(want.Name); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v, want %+v", want.Name, got, err, want)
		}
	}
	_, err := Lookup("slwo")
	want := `no fault is called "slwo"; choose one of slow, flaky, outage, delay, blackhole, refused, reset, slowclose, trickle, sliced, cut`
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestForExercise(t *testing.T) {
	for n, want := range map[int]string{1: "slow", 2: "slow", 3: "flaky", 4: "outage", 5: "outage"} {
		if got, err := ForExercise(n); err != nil || got.Name != want {
			t.Errorf("exercise %d: %s, %v, want %s", n, got.Name, err, want)
		}
	}
	for _, n := range []int{-1, 0, 6} {
		if _, err := ForExercise(n); err == nil {
			t.Errorf("exercise %d: no error", n)
		}
	}
}

// Every line for toxiproxy-cli does what Inject does, and Toxiproxy knows every attribute: it ignores one that is
// misspelt.
func TestCLI(t *testing.T) {
	cli := filepath.Join(t.TempDir(), "toxiproxy-cli.exe")
	build := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-o", cli, "github.com/Shopify/toxiproxy/v2/cmd/cli")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build toxiproxy-cli: %v\n%s", err, output)
	}
	server := startProxy(t, serveBytes(t))
	for _, fault := range Faults() {
		t.Run(fault.Name, func(t *testing.T) {
			if err := server.Inject(t.Context(), ProxyName, fault); err != nil {
				t.Fatal(err)
			}
			injected := proxyNow(t, server)
			for _, want := range fault.Attributes {
				if got, ok := injected.Toxics[0].Attributes[want.Name]; !ok || got != want.Value {
					t.Errorf("attribute %s: %d, known %v, want %d", want.Name, got, ok, want.Value)
				}
			}
			if err := server.Calm(t.Context(), ProxyName); err != nil {
				t.Fatal(err)
			}
			if got := proxyNow(t, server); !got.Enabled || len(got.Toxics) > 0 {
				t.Errorf("after calm: %+v", got)
			}
			line := exec.CommandContext(t.Context(), cli, strings.Fields(fault.CLI(ProxyName))[1:]...)
			line.Env = append(os.Environ(), "TOXIPROXY_URL="+server.URL())
			if output, err := line.CombinedOutput(); err != nil {
				t.Fatalf("%s: %v\n%s", line, err, output)
			}
			if got := proxyNow(t, server); !reflect.DeepEqual(got, injected) {
				t.Errorf("by hand: %+v, want %+v", got, injected)
			}
		})
	}
}

// proxyNow is the current state of ProxyName.
func proxyNow(t testing.TB, server *Server) Proxy {
	t.Helper()
	proxy, err := server.Proxy(t.Context(), ProxyName)
	if err != nil {
		t.Fatal(err)
	}
	return proxy
}

func ExampleFault_CLI() {
	fault, _ := Lookup("slow")
	fmt.Println(fault.CLI(ProxyName))
	// Output: toxiproxy-cli toxic add -t latency --tox 1 -a latency=100 -a jitter=900 mysql_proxy
}
