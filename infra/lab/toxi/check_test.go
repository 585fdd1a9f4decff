package toxi

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"chaosworkshop/shared/mutants"
)

// post sends a body to the API as a program would, and returns the status and the answer.
func post(t testing.TB, server *Server, path, body string) (int, string) {
	t.Helper()
	recorder := &recorder{header: http.Header{}, status: http.StatusOK}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	server.engine.ServeHTTP(recorder, request)
	return recorder.status, recorder.body.String()
}

// What would end the process, wedge it or do nothing is refused with 400 and the reason, when a toxic is added and when it is
// updated, and the path keeps working.
func TestToxicsAreChecked(t *testing.T) {
	noLeaks(t)
	server := startProxy(t, serveBytes(t))
	toxics := proxyPath(ProxyName) + "/toxics"
	for _, toxic := range []string{
		`{"name":"latency","type":"latency","attributes":{"latency":1}}`,
		`{"name":"slicer","type":"slicer","attributes":{"average_size":10}}`,
		`{"name":"bandwidth","type":"bandwidth","attributes":{"rate":1000000}}`,
		`{"name":"limit_data","type":"limit_data","attributes":{"bytes":1000000}}`,
	} {
		if status, answer := post(t, server, toxics, toxic); status != http.StatusOK {
			t.Fatalf("%s: %d %s", toxic, status, answer)
		}
	}
	for _, test := range []struct{ kind, body, want string }{
		{"slicer", ``, "bad request body"},
		{"slicer", `{}`, "slicer needs average_size"},
		{"slicer", `{"attributes":null}`, "slicer needs average_size"},
		{"slicer", `{"attributes":{"average_size":0}}`, "average_size must be from 1"},
		{"slicer", `{"attributes":{"average_sise":64}}`, `no attribute \"average_sise\"; it has average_size, size_variation, delay`},
		{"slicer", `{"attributes":{"Average_Size":64}}`, `no attribute \"Average_Size\"`},
		{"slicer", `{"attributes":{"average_size":10,"size_variation":11}}`, "size_variation must be at most average_size, which is 10, got 11"},
		{"slicer", `{"attributes":{"average_size":10,"size_variation":-1}}`, "size_variation must be from 0"},
		{"slicer", `{"attributes":{"average_size":9223372036854775807}}`, "average_size must be from 1"},
		{"slicer", `{"attributes":{"average_size":9223372036854775808}}`, "average_size must be a whole number"},
		{"slicer", `{"attributes":{"average_size":10,"delay":9223372036854775807}}`, "delay must be from 0"},
		{"bandwidth", `{}`, "bandwidth needs rate"},
		{"bandwidth", `{"attributes":{"rate":0}}`, "rate must be from 1"},
		{"bandwidth", `{"attributes":{"rate":-1}}`, "rate must be from 1"},
		{"bandwidth", `{"attributes":{"rate":9223372036854775}}`, "rate must be from 1"},
		{"bandwidth", `{"attributes":{"rate":"fast"}}`, "rate must be a whole number, got \\\"fast\\\""},
		{"bandwidth", `{"attributes":{"rate":null}}`, "rate must be a whole number"},
		{"latency", `{"attributes":{"latency":-1}}`, "latency must be from 0"},
		{"latency", `{"attributes":{"latency":0.5}}`, "latency must be a whole number, got 0.5"},
		{"latency", `{"attributes":{"latency":NaN}}`, "bad request body"},
		{"latency", `{"attributes":{"latency":1e3}}`, "latency must be a whole number"},
		{"latency", `{"attributes":{"jitter":9223372036854775807}}`, "jitter must be from 0"},
		{"latency", `{"attributes":{"jiter":1}}`, `no attribute \"jiter\"`},
		{"latency", `{"attributes":[1]}`, "bad request body"},
		{"latency", `{"attributes":{},"toxicity":1.01}`, "toxicity must be from 0 to 1"},
		{"latency", `{"attributes":{},"toxicity":-0.1}`, "toxicity must be from 0 to 1"},
		{"latency", `{"attributes":{},"toxicity":1e999}`, "bad request body"},
		{"latency", `{"attributes":{},"toxicty":1}`, `unknown field \"toxicty\"`},
		{"limit_data", `{"attributes":{"bytes":-1}}`, "bytes must be from 0"},
	} {
		body := fmt.Sprintf(`{"type":%q,`, test.kind) + strings.TrimPrefix(test.body, "{")
		if test.body == "" || test.body == "{}" {
			body = fmt.Sprintf(`{"type":%q%s`, test.kind, strings.TrimPrefix(test.body, "{"))
		}
		if status, answer := post(t, server, toxics, body); status != http.StatusBadRequest || !strings.Contains(answer, test.want) {
			t.Errorf("add %s: got %d %s, want 400 and %s", body, status, answer, test.want)
		}
		if strings.Contains(test.want, "needs") {
			continue // An update without the attribute keeps the one that is there.
		}
		if status, answer := post(t, server, toxics+"/"+test.kind, test.body); status != http.StatusBadRequest || !strings.Contains(answer, test.want) {
			t.Errorf("update %s: got %d %s, want 400 and %s", test.body, status, answer, test.want)
		}
	}
	for _, kind := range []string{"timeout", "reset_peer", "slow_close"} {
		body := fmt.Sprintf(`{"type":%q,"attributes":{"timeout":-1}}`, kind)
		if status, answer := post(t, server, toxics, body); status != http.StatusBadRequest {
			t.Errorf("%s: got %d %s, want 400", body, status, answer)
		}
	}
	if got := ask(server.ProxyAddr(), 1000, patience); got.err != nil {
		t.Errorf("through the proxy after all that: %v", got.err)
	}
	if got := server.Rebuilds(); got != 0 {
		t.Errorf("%d rebuilds, want none", got)
	}
}

// An update keeps what it does not name, and is checked together with that.
func TestUpdateIsCheckedWithWhatIsThere(t *testing.T) {
	noLeaks(t)
	server := startProxy(t, serveBytes(t))
	toxics := proxyPath(ProxyName) + "/toxics"
	post(t, server, toxics, `{"name":"s","type":"slicer","toxicity":0.5,"attributes":{"average_size":10,"size_variation":5}}`)
	if status, answer := post(t, server, toxics+"/s", `{"attributes":{"average_size":4}}`); status != http.StatusBadRequest {
		t.Errorf("average_size below the size_variation in place: got %d %s, want 400", status, answer)
	}
	if status, answer := post(t, server, toxics+"/s", `{"attributes":{"average_size":20}}`); status != http.StatusOK {
		t.Errorf("got %d %s, want 200", status, answer)
	}
	got := proxyNow(t, server).Toxics
	if len(got) != 1 || got[0].Toxicity != 0.5 || got[0].Attributes["average_size"] != 20 || got[0].Attributes["size_variation"] != 5 {
		t.Errorf("got %+v, want average_size=20 size_variation=5 at toxicity 0.5", got)
	}
}

// A bandwidth toxic that is updated in the middle of large answers ended the process.
func TestUpdateUnderTraffic(t *testing.T) {
	if !alone(t) {
		return
	}
	server := startProxy(t, serveBytes(t))
	toxics := proxyPath(ProxyName) + "/toxics"
	post(t, server, toxics, `{"name":"b","type":"bandwidth","attributes":{"rate":1}}`)
	stop := make(chan struct{})
	var group sync.WaitGroup
	for range 60 {
		group.Go(func() {
			for {
				ask(server.ProxyAddr(), 20000, 300*time.Millisecond)
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); {
		for _, rate := range []int{1, 1000000} {
			post(t, server, toxics+"/b", fmt.Sprintf(`{"attributes":{"rate":%d}}`, rate))
		}
	}
	close(stop)
	group.Wait()
}

// A toxic that goes from between others while its connection ends slowly made Toxiproxy lose count, and the next toxic that was
// added ended the process.
func TestRemoveFromBetweenOthers(t *testing.T) {
	if !alone(t) {
		return
	}
	server := startProxy(t, serveBytes(t))
	toxics := proxyPath(ProxyName) + "/toxics"
	for _, remove := range []func() error{
		func() error {
			return server.removeToxics(t.Context(), ProxyName, []Toxic{{Name: "timeout"}, {Name: "slow_close"}})
		},
		func() error { return server.call(t.Context(), http.MethodPost, "/reset", nil, nil) },
	} {
		post(t, server, toxics, `{"name":"timeout","type":"timeout","attributes":{"timeout":0}}`)
		post(t, server, toxics, `{"name":"slow_close","type":"slow_close","attributes":{"delay":60000}}`)
		conn, err := net.Dial("tcp", server.ProxyAddr())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		askOn(conn, 10, 50*time.Millisecond)
		if err := remove(); err != nil {
			t.Fatal(err)
		}
		if status, answer := post(t, server, toxics, `{"name":"next","type":"latency","attributes":{"latency":1}}`); status != http.StatusOK {
			t.Errorf("got %d %s, want 200", status, answer)
		}
		if err := server.Calm(t.Context(), ProxyName); err != nil {
			t.Fatal(err)
		}
		if got := ask(server.ProxyAddr(), 10, patience); got.err != nil {
			t.Error(got.err)
		}
	}
}

// What stays keeps its settings, its order and the proxy's address.
func TestRemoveOneOfSeveral(t *testing.T) {
	noLeaks(t)
	server := startProxy(t, serveBytes(t))
	toxics := proxyPath(ProxyName) + "/toxics"
	for _, body := range []string{
		`{"name":"a","type":"latency","stream":"upstream","toxicity":0.5,"attributes":{"latency":1,"jitter":2}}`,
		`{"name":"b","type":"timeout","attributes":{"timeout":5}}`,
		`{"name":"c","type":"slicer","attributes":{"average_size":10,"size_variation":5,"delay":1}}`,
	} {
		post(t, server, toxics, body)
	}
	before := proxyNow(t, server)
	if err := server.removeToxics(t.Context(), ProxyName, []Toxic{{Name: "b"}}); err != nil {
		t.Fatal(err)
	}
	want := before
	want.Toxics = []Toxic{before.Toxics[0], before.Toxics[2]}
	if got := proxyNow(t, server); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if err := server.call(t.Context(), http.MethodDelete, toxicPath(ProxyName, "b"), nil, nil); !errors.Is(err, errNotFound) {
		t.Errorf("again: got %v, want %v", err, errNotFound)
	}
}

// A connection through a proxy that leads back to itself would open others until the process has no file left.
func TestProxiesAreChecked(t *testing.T) {
	noLeaks(t)
	server := startProxy(t, serveBytes(t))
	_, port, err := net.SplitHostPort(server.ProxyAddr())
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		path, body string
		want       int
	}{
		{proxyPath(ProxyName), `{"upstream":"localhost:` + port + `"}`, http.StatusBadRequest},
		{proxyPath(ProxyName), `{"upstream":"[::1]:` + port + `"}`, http.StatusBadRequest},
		{"/proxies", `{"name":"self","listen":"127.0.0.1:21999","upstream":"127.0.0.1:21999"}`, http.StatusBadRequest},
		{"/populate", `[{"name":"a","listen":"127.0.0.1:21998","upstream":"127.0.0.1:21997"},{"name":"b","listen":"127.0.0.1:21997","upstream":"0.0.0.0:21998"}]`, http.StatusBadRequest},
		{"/proxies", `{"name":"chained","listen":"127.0.0.1:0","upstream":"127.0.0.1:` + port + `"}`, http.StatusCreated},
	} {
		if status, answer := post(t, server, test.path, test.body); status != test.want {
			t.Errorf("%s %s: got %d %s, want %d", test.path, test.body, status, answer, test.want)
		}
	}
	// A loop that is there already, by chance, concerns no other proxy.
	there := map[string]Proxy{"a": {Listen: "127.0.0.1:21996", Upstream: "127.0.0.1:21996"}, "b": {Listen: "127.0.0.1:21995", Upstream: "127.0.0.1:21996"}}
	for listen, want := range map[string]bool{"127.0.0.1:21996": true, "127.0.0.1:21995": false, "127.0.0.1:0": false, "": false, ":": false} {
		if got := loops(listen, there); got != want {
			t.Errorf("%q: got %v, want %v", listen, got, want)
		}
	}
	for i := range mostToxics + 1 {
		status, answer := post(t, server, proxyPath(ProxyName)+"/toxics", fmt.Sprintf(`{"name":"%d","type":"latency"}`, i))
		if want := http.StatusOK; i < mostToxics && status != want {
			t.Fatalf("toxic %d: got %d %s, want %d", i, status, answer, want)
		} else if i == mostToxics && status != http.StatusBadRequest {
			t.Errorf("toxic %d: got %d %s, want 400", i, status, answer)
		}
	}
	for i := range mostProxies {
		status, answer := post(t, server, "/proxies", fmt.Sprintf(`{"name":"%d","listen":"127.0.0.1:0","upstream":"127.0.0.1:1"}`, i))
		if refused := i+2 >= mostProxies; refused != (status == http.StatusBadRequest) {
			t.Fatalf("proxy %d: got %d %s", i, status, answer)
		}
	}
}

// Toxiproxy accepts names that its API cannot address afterwards; calm removes those toxics as well.
func TestCalmRemovesNamesWithSlashes(t *testing.T) {
	noLeaks(t)
	server := startProxy(t, serveBytes(t))
	for _, name := range []string{"a/b", "/", "..", ".", "//x", "a/../b"} {
		body := fmt.Sprintf(`{"name":%q,"type":"timeout","attributes":{"timeout":0}}`, name)
		if status, answer := post(t, server, proxyPath(ProxyName)+"/toxics", body); status != http.StatusOK {
			t.Fatalf("%s: %d %s", name, status, answer)
		}
		before := server.ProxyAddr()
		if _, err := server.CalmAll(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := inPlace(t, server); len(got) > 0 || proxyNow(t, server).Listen != before {
			t.Errorf("%s: %v in place, at %s, want nothing, at %s", name, got, proxyNow(t, server).Listen, before)
		}
		if got := ask(server.ProxyAddr(), 10, patience); got.err != nil {
			t.Errorf("%s: through the proxy: %v", name, got.err)
		}
	}
	if status, answer := post(t, server, "/proxies", `{"name":"p/q","listen":"127.0.0.1:0","upstream":"127.0.0.1:1","enabled":false}`); status != http.StatusCreated {
		t.Fatalf("%d %s", status, answer)
	}
	if count, err := server.CalmAll(t.Context()); err != nil || count != 2 {
		t.Errorf("calm: %d proxies, %v, want 2", count, err)
	}
	proxies, err := server.Proxies(t.Context())
	if err != nil || !proxies["p/q"].Enabled {
		t.Errorf("%v, %v: a proxy whose name has a slash is still disabled", proxies, err)
	}
}

// toxiproxy-cli shows the reason.
func TestToxiproxyCLIShowsTheReason(t *testing.T) {
	tool := filepath.Join(t.TempDir(), "toxiproxy-cli")
	if runtime.GOOS == "windows" {
		tool += ".exe"
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-o", tool, "github.com/Shopify/toxiproxy/v2/cmd/cli")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	server := startProxy(t, serveBytes(t))
	run := func(args ...string) (string, error) {
		command := exec.CommandContext(t.Context(), tool, append([]string{"--host", server.URL()}, args...)...)
		command.Env = os.Environ()
		out, err := command.CombinedOutput()
		return string(out), err
	}
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"toxic", "add", "-t", "slicer", ProxyName}, "slicer needs average_size"},
		{[]string{"toxic", "add", "-t", "slicer", "-a", "average_sise=64", ProxyName}, `no attribute "average_sise"`},
		{[]string{"toxic", "add", "-t", "bandwidth", "-a", "rate=-1", ProxyName}, "rate must be from 1"},
		{[]string{"toxic", "add", "-t", "latency", "-a", "latency=soon", ProxyName}, "latency must be a whole number"},
	} {
		out, err := run(test.args...)
		if err == nil || !strings.Contains(out, test.want) {
			t.Errorf("%v: %v, %s, want an error that says %s", test.args, err, out, test.want)
		}
	}
	for _, fault := range Faults() {
		line := strings.Fields(fault.CLI(ProxyName))
		if out, err := run(line[1:]...); err != nil {
			t.Errorf("%v: %v, %s", line, err, out)
		}
		if err := server.Calm(t.Context(), ProxyName); err != nil {
			t.Error(err)
		}
	}
}

// FuzzAPI sends calls to the API while clients use the proxy: calls that fit together, with values at and beyond every bound, and
// whatever the fuzzer puts into a body and a path. Nothing of it may end the process, hang it, or leave it unable to serve after
// a calm. Each input makes callsPerInput calls.
func FuzzAPI(f *testing.F) {
	upstream := serveBytes(f)
	// What a call waits for, such as a connection that is reset later, ends sooner than in everyday use.
	server, err := Start(f.Context(), Options{APIAddr: "127.0.0.1:0", Listen: "127.0.0.1:0", Upstream: upstream, Deadline: 300 * time.Millisecond})
	if err != nil {
		f.Fatal(err)
	}
	var addr atomic.Value
	addr.Store(server.ProxyAddr())
	ctx, end := context.WithCancel(context.Background())
	var clients sync.WaitGroup
	for range 3 {
		clients.Go(func() {
			for ctx.Err() == nil {
				ask(addr.Load().(string), 5000, 100*time.Millisecond)
				time.Sleep(time.Millisecond)
			}
		})
	}
	f.Cleanup(func() {
		end()
		clients.Wait()
		if err := server.Close(); err != nil {
			f.Error(err)
		}
	})
	mutants.Add(f, []any{uint64(0), "/proxies/x", `{"attributes":{}}`}, []any{uint64(1), "/populate", `[{"name":"a","listen":"127.0.0.1:0"}]`})
	f.Fuzz(func(t *testing.T, seed uint64, path, body string) {
		random := rand.New(rand.NewPCG(seed, 0))
		for range callsPerInput {
			method, to, text := randomCall(random, addr.Load().(string), upstream)
			switch random.IntN(20) {
			case 0:
				text = body
			case 1:
				to = "/" + strings.TrimLeft(path, "/")
			}
			request := httptest.NewRequest(method, "http://127.0.0.1", strings.NewReader(text))
			request.URL.Path = to
			begin := time.Now()
			server.engine.ServeHTTP(&recorder{header: http.Header{}}, request)
			if took := time.Since(begin); took > 5*time.Second {
				t.Errorf("%s %s %s took %s", method, to, text, took)
			}
		}
		addr.Store(healed(t, server, upstream))
	})
}

// callsPerInput is how many calls an input of FuzzAPI makes.
const callsPerInput = 100

// randomCall is a call to the API.
func randomCall(random *rand.Rand, addr, upstream string) (method, path, body string) {
	pick := func(list ...string) string { return list[random.IntN(len(list))] }
	number := func() string {
		return pick("-9223372036854775808", "-1", "0", "1", "2", "10", "64", "1000", "86400000", "86400001", "1073741824", "1073741825",
			"9223372036854775807", "9223372036854775808", "1e3", "0.5", "null", `"1"`, "true", "[]", "{}", fmt.Sprint(random.IntN(5000)))
	}
	attributes := func() string {
		var list []string
		for range random.IntN(4) {
			list = append(list, fmt.Sprintf("%q:%s", pick("latency", "jitter", "timeout", "delay", "rate", "average_size", "size_variation", "bytes", "Rate", "x"), number()))
		}
		return "{" + strings.Join(list, ",") + "}"
	}
	good := func() string {
		return pick(`"latency","attributes":{"latency":5,"jitter":5}`, `"slicer","attributes":{"average_size":3,"size_variation":3}`,
			`"bandwidth","attributes":{"rate":1}`, `"timeout","attributes":{"timeout":5}`, `"timeout","attributes":{}`,
			`"limit_data","attributes":{"bytes":100}`, `"reset_peer","attributes":{"timeout":5}`, `"slow_close","attributes":{"delay":5}`)
	}
	name := func() string { return pick(ProxyName, ProxyName, ProxyName, "a", "b", "c/d", "..", "") }
	toxic := func() string { return pick("t", "u", "latency_downstream", "v/w", ".", "") }
	proxy := func() string {
		return fmt.Sprintf(`{"name":%q,"listen":%q,"upstream":%q,"enabled":%s}`, name(), pick("127.0.0.1:0", "127.0.0.1:0", addr, "", "127.0.0.1:99999", "256.0.0.1:1", "x"),
			pick(upstream, upstream, addr, "127.0.0.1:1", "", "x"), pick("true", "true", "false", "null", "1"))
	}
	switch random.IntN(12) {
	case 0, 1, 2:
		return "POST", "/proxies/" + name() + "/toxics", fmt.Sprintf(`{"name":%q,"stream":%q,"toxicity":%s,"type":%s}`, toxic(), pick("upstream", "downstream"), pick("1", "0.5", "0", number()), good())
	case 3:
		return "POST", "/proxies/" + name() + "/toxics", fmt.Sprintf(`{"name":%q,"type":%q,"attributes":%s}`, toxic(),
			pick("latency", "timeout", "reset_peer", "slow_close", "bandwidth", "slicer", "limit_data", "noop", ""), attributes())
	case 4, 5:
		return pick("POST", "PATCH"), "/proxies/" + name() + "/toxics/" + toxic(), fmt.Sprintf(`{"toxicity":%s,"attributes":%s}`, pick("1", "0.5", number()), attributes())
	case 6:
		return "DELETE", "/proxies/" + name() + "/toxics/" + toxic(), ""
	case 7:
		return pick("POST", "PATCH"), "/proxies/" + name(), proxy()
	case 8:
		return "POST", "/proxies", proxy()
	case 9:
		return "POST", "/populate", "[" + proxy() + "," + proxy() + "]"
	case 10:
		return "DELETE", "/proxies/" + name(), ""
	}
	return pick("GET", "POST"), pick("/reset", "/proxies", "/version", "/metrics", "/"), ""
}

// healed makes the proxy what it was, checks that it serves, and returns its address, which may be another.
func healed(t *testing.T, server *Server, upstream string) string {
	t.Helper()
	var proxies map[string]Proxy
	err := again(func() (err error) {
		proxies, err = server.Proxies(t.Context())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range proxies {
		if addressable(name) {
			if err := again(func() error { return server.Delete(t.Context(), name) }); err != nil {
				t.Errorf("delete %q: %v", name, err)
			}
		}
	}
	var proxy Proxy
	err = again(func() (err error) {
		proxy, err = server.Client.Create(t.Context(), ProxyName, "127.0.0.1:0", upstream)
		return err
	})
	if err != nil {
		t.Fatalf("create: %v", err)
	}
	if err := server.Calm(t.Context(), ProxyName); err != nil {
		t.Fatalf("calm: %v", err)
	}
	if got := ask(proxy.Listen, 10, patience); got.err != nil {
		t.Fatalf("through the proxy after a calm: %v", got.err)
	}
	return proxy.Listen
}
