package cmd

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"chaosworkshop/infra/internal/cli"
	"chaosworkshop/infra/internal/require"
	"chaosworkshop/infra/lab/toxi"
	"chaosworkshop/shared/config"
)

// shop is what at-work.md shows, the service and its experiment, in a folder of its own with a Redis of its own.
type shop struct {
	dir    string
	listen string // What the service connects to.
	redis  string
}

// newShop writes the files of at-work.md, with other ports, and starts Redis.
func newShop(t *testing.T) shop {
	t.Helper()
	if testing.Short() {
		t.Skip("SKIPPED, NOTHING WAS TESTED: -short leaves out what takes seconds")
	}
	for program, name := range map[string]string{"redis-server": "Redis", "python3": "Python 3"} {
		if _, err := exec.LookPath(program); err != nil {
			require.Missing(t, name)
		}
	}
	root, err := config.Root()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "infra", "docs", "at-work.md"))
	if err != nil {
		t.Fatal(err)
	}
	s := shop{dir: t.TempDir(), listen: require.FreeAddress(t), redis: require.FreeAddress(t)}
	for language, name := range map[string]string{"python": "prices.py", "yaml": "prices.yaml"} {
		found := regexp.MustCompile("(?s)\n```" + language + "\n(.*?)\n```\n").FindSubmatch(text)
		if found == nil {
			t.Fatalf("at-work.md has no block of %s", language)
		}
		s.write(t, name, strings.NewReplacer("127.0.0.1:16379", s.listen, "127.0.0.1:6379", s.redis).Replace(string(found[1])+"\n"))
	}
	_, number, _ := net.SplitHostPort(s.redis)
	server := exec.Command("redis-server", "--bind", "127.0.0.1", "--port", number, "--save", "", "--dir", s.dir)
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill() // It holds nothing worth keeping.
		_ = server.Wait()
	})
	for end := time.Now().Add(10 * time.Second); !listens(s.redis); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("Redis did not start within 10 s")
		}
	}
	return s
}

func listens(address string) bool {
	conn, err := net.Dial("tcp", address)
	if err == nil {
		conn.Close()
	}
	return err == nil
}

func (s shop) path(name string) string { return filepath.Join(s.dir, name) }

func (s shop) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(s.path(name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// change replaces texts of a file, each by the one after it.
func (s shop) change(t *testing.T, name string, texts ...string) {
	t.Helper()
	text, err := os.ReadFile(s.path(name))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(texts); i += 2 {
		if !strings.Contains(string(text), texts[i]) {
			t.Fatalf("%s lacks %q", name, texts[i])
		}
	}
	s.write(t, name, strings.NewReplacer(texts...).Replace(string(text)))
}

// What at-work.md shows passes, in a language that is not Go, with a dependency that is not MySQL.
func TestAtWorkPasses(t *testing.T) {
	s := newShop(t)
	out, progress, err := command(t, "experiment", "--file", s.path("prices.yaml"), "--json", "--junit", s.path("run.xml"), "--html", s.path("run.html"))
	if err != nil {
		t.Fatalf("%v\n%s%s", err, progress, out)
	}
	var journal struct {
		Run struct {
			Verdict string `json:"verdict"`
			Felt    []struct {
				Fault    string `json:"fault"`
				MedianMs float64
			} `json:"felt"`
			Dials []struct{ AtMs float64 } `json:"dials"`
		} `json:"run"`
	}
	if err := json.Unmarshal([]byte(out), &journal); err != nil || journal.Run.Verdict != "passed" || len(journal.Run.Felt) < 3 || len(journal.Run.Dials) < 100 {
		t.Errorf("journal: got %v, %+v", err, journal)
	}
	var suite struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
	}
	text, err := os.ReadFile(s.path("run.xml"))
	if err == nil {
		err = xml.Unmarshal(text, &suite)
	}
	if err != nil || suite.Tests != 6 || suite.Failures != 0 {
		t.Errorf("JUnit: got %v, %+v, want 6 tests and no failure", err, suite)
	}
	if page, err := os.ReadFile(s.path("run.html")); err != nil || !strings.Contains(string(page), "Prices survive an unreliable Redis") || strings.Contains(string(page), "Proof matrix") {
		t.Errorf("page: got %v, want the experiment and no matrix", err)
	}
}

// The mistake that at-work.md makes is detected and explained.
func TestAtWorkExplainsWhatFails(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.change(t, "prices.py", "timeout=0.25", "timeout=1.2", "redis(\"SET\"", "print(\"warming up\", flush=True)\nredis(\"SET\"")
	s.change(t, "prices.yaml", "duration: 5s", "duration: 2s")
	s.change(t, "prices.yaml", "time_to(served) <= 1s", "time_to(served) <= 0ms")
	out, progress, err := command(t, "experiment", "--file", s.path("prices.yaml"), "--junit", s.path("run.xml"))
	wantExit(t, err, cli.Failed)
	for _, want := range []string{"users are served again at once\n  expected     at most 0.0 ms\n  happened     served after", "an outage is reported quickly", "expected", "max: at most 1.00 s; rate(503): all", "asked in \"redis down\"", "A user who waits", "Bound the wait for Redis.", "\n  the service  its last output: warming up\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("got\n%s%s\nwant it to say %q", progress, out, want)
		}
	}
	if text, err := os.ReadFile(s.path("run.xml")); err != nil || !strings.Contains(string(text), "<failure message=") {
		t.Errorf("JUnit: got %v, %s, want a failure", err, text)
	}
}

// A service that bypasses the proxy meets no fault: there is no verdict.
func TestUnfeltFaultIsInconclusive(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.change(t, "prices.yaml", "REDIS: \""+s.listen, "REDIS: \""+s.redis, "duration: 2s", "duration: 500ms", "duration: 5s", "duration: 1s", "duration: 1s", "duration: 500ms")
	out, _, err := command(t, "experiment", "--file", s.path("prices.yaml"))
	wantExit(t, err, cli.Broken)
	if !strings.Contains(out, "the service sent nothing through the proxy redis") {
		t.Errorf("got %s, want that nothing passed the proxy", out)
	}
}

// A Toxiproxy that was already running is left as it was found, whether the run ends or is interrupted. The command has ended.
func TestToxiproxyOfOthersIsLeftAsItWas(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	others, err := toxi.Start(t.Context(), toxi.Options{APIAddr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer others.Close()
	if _, err := others.Create(t.Context(), "redis", s.listen, s.redis); err != nil {
		t.Fatal(err)
	}
	s.change(t, "prices.yaml",
		"proxies:\n", "toxiproxy: {api: \""+others.URL()+"\"}\nproxies:\n",
		fmt.Sprintf(`{name: redis, listen: %q, upstream: %q}`, s.listen, s.redis), `{name: redis, probe: {send: "PING\r\n"}}`,
		"dials_per_request <= 3", "p(99) <= 1s", "duration: 5s", "duration: 2s")
	number := require.FreeAddress(t)
	s.change(t, "prices.yaml", "{REDIS:", "{PORT: \""+strings.TrimPrefix(number, "127.0.0.1:")+"\", REDIS:")
	clean := func(when string) {
		t.Helper()
		proxy, err := others.Proxy(t.Context(), "redis")
		if err != nil || !proxy.Enabled || len(proxy.Toxics) > 0 || proxy.Upstream != s.redis {
			t.Errorf("%s: got %+v, %v, want the proxy as it was", when, proxy, err)
		}
		if listens(number) {
			t.Errorf("%s: the service still listens", when)
		}
	}
	out, progress, err := command(t, "experiment", "--file", s.path("prices.yaml"))
	if err != nil {
		t.Errorf("%v\n%s%s", err, progress, out)
	}
	clean("after a run")

	ctx, interrupt := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := carryOut(ctx, "experiment", "--file", s.path("prices.yaml"))
		done <- err
	}()
	broken := false
	for end := time.Now().Add(20 * time.Second); !broken && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		proxy, err := others.Proxy(t.Context(), "redis")
		broken = err == nil && len(proxy.Toxics) > 0
	}
	interrupt()
	wantExit(t, <-done, cli.Broken)
	if !broken {
		t.Error("no fault was injected")
	}
	clean("after Ctrl-C")

	if err := others.Add(t.Context(), "redis", toxi.Toxic{Type: "latency", Stream: "downstream", Toxicity: 1, Attributes: map[string]int64{"latency": 1}}); err != nil {
		t.Fatal(err)
	}
	_, _, err = command(t, "experiment", "--file", s.path("prices.yaml"))
	wantExit(t, err, cli.Broken)
	if err == nil || !strings.Contains(err.Error(), "already broken by someone else") {
		t.Errorf("a proxy with a toxic: got %v", err)
	}
}

// --new writes a file once, wherever it is, and its first line leads an editor to the schema.
func TestNewExperimentIsNeverOverwritten(t *testing.T) {
	root, err := config.Root()
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(filepath.Join(root, "infra", "docs")) // Of a file beside the workshop's folder, too.
	relative, err := filepath.Rel(filepath.Join(root, "infra", "docs"), filepath.Join(t.TempDir(), "a.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{relative, filepath.Join(t.TempDir(), "my.yaml")} {
		if _, _, err := command(t, "experiment", "--new", "--file", path); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(path)
		line, _, _ := strings.Cut(string(text), "\n")
		schema, ok := strings.CutPrefix(line, "# yaml-language-server: $schema=")
		if _, missing := os.Stat(filepath.Join(filepath.Dir(path), filepath.FromSlash(schema))); err != nil || !ok || missing != nil {
			t.Errorf("%s: got %v, %q, %v, want a line that leads to the schema", path, err, line, missing)
		}
		_, _, err = command(t, "experiment", "--new", "--file", path)
		wantExit(t, err, cli.Broken)
		if now, _ := os.ReadFile(path); string(now) != string(text) {
			t.Error("the file changed")
		}
	}
}

func TestExperimentSaysWhereTheMistakeIs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "my.yaml")
	if err := os.WriteFile(path, []byte("title: a\nmehtod: []\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	suite := path + ".xml"
	_, _, err := command(t, "experiment", "--file", path, "--junit", suite)
	wantExit(t, err, cli.Broken)
	if text, err := os.ReadFile(suite); err != nil || !strings.Contains(string(text), `tests="1" failures="0" errors="1"`) || !strings.Contains(string(text), `classname="my"`) || !strings.Contains(string(text), ":2:1: the file has no key") {
		t.Errorf("JUnit: got %v, %s, want one test with the error", err, text)
	}
	if want := path + `:2:1: the file has no key "mehtod"; did you mean "method"?`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	_, _, err = command(t, "experiment")
	wantExit(t, err, cli.Broken)
}
