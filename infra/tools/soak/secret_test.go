package soak

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"chaosworkshop/infra/internal/require"
	"chaosworkshop/shared/config"
)

// The planted passwords: no word of the workshop holds them by chance.
const (
	rootSecret = "planted-root-Zq7w"
	userSecret = "planted-user-Kx3v"
	dsnSecret  = "planted-dsn-Pm9t"
)

var secrets = []string{rootSecret, userSecret, dsnSecret}

// leaks are the secrets that the text holds.
func leaks(text string) (found []string) {
	for _, secret := range secrets {
		if strings.Contains(text, secret) {
			found = append(found, secret)
		}
	}
	return found
}

// workshop is the command line, built as people run it, with the planted passwords and free ports in its environment.
type workshop struct {
	binary string
	env    []string
	ports  map[string]string
}

func newWorkshop(t *testing.T) *workshop {
	t.Helper()
	root, err := config.Root()
	if err != nil {
		t.Fatal(err)
	}
	w := &workshop{binary: filepath.Join(t.TempDir(), "workshop.exe"), ports: map[string]string{}}
	build := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-o", w.binary, "./infra")
	build.Dir = root
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the workshop: %v\n%s", err, output)
	}
	w.env = append(os.Environ(), "MYSQL_ROOT_PASSWORD="+rootSecret, "MYSQL_USER=visitor", "MYSQL_PASSWORD="+userSecret, "DB_PASSWORD=", "BIND=")
	for _, name := range []string{"MYSQL_PORT", "PROXY_PORT", "TOXIPROXY_PORT", "PORT", "CONSOLE_PORT"} {
		w.ports[name] = require.FreePort(t)
		w.env = append(w.env, name+"="+w.ports[name])
	}
	return w
}

// command is one command of the workshop, with more in its environment.
func (w *workshop) command(ctx context.Context, env []string, args ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, w.binary, args...)
	command.Env = append(w.env, env...)
	command.WaitDelay = 5 * time.Second
	return command
}

// serve runs a command until the test ends and returns all that it says.
func (w *workshop) serve(t *testing.T, env []string, ready string, args ...string) (pid int, said *logLines) {
	t.Helper()
	said = &logLines{}
	command := w.command(t.Context(), env, args...)
	command.Stdout, command.Stderr = said, said
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = command.Wait() // What it said is what counts.
	}()
	t.Cleanup(func() {
		_ = command.Process.Signal(os.Interrupt) // It may have ended.
		select {
		case <-ended:
		case <-time.After(15 * time.Second):
			_ = command.Process.Kill()
			<-ended
		}
	})
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if said.count(ready) > 0 {
			return command.Process.Pid, said
		}
		select {
		case <-ended:
			t.Fatalf("%v ended: %s", args, said.all())
		default:
		}
	}
	t.Fatalf("%v was not ready: %s", args, said.all())
	return 0, nil
}

func (l *logLines) all() string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.text.String()
}

// fetch is all that an address answers: status, headers and body.
func fetch(t *testing.T, address string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("User-Agent", "workshop test")
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err.Error()
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	return fmt.Sprint(response.Status, response.Header, string(body))
}

// needsInterrupt ends a test on a system where one program cannot interrupt another.
func needsInterrupt(t *testing.T) {
	t.Helper()
	if runtime.GOOS == "windows" {
		require.Missing(t, "a signal to interrupt another program with")
	}
}

func TestNoSecretIsShown(t *testing.T) {
	t.Parallel()
	needsInterrupt(t)
	w := newWorkshop(t)
	seen := map[string]string{}
	_, infraSaid := w.serve(t, nil, "Ctrl-C stops this one", "infra")
	_, appSaid := w.serve(t, nil, "Ctrl-C", "exercise5")
	app, api := "http://127.0.0.1:"+w.ports["PORT"], "http://127.0.0.1:"+w.ports["TOXIPROXY_PORT"]

	ask := func(when string) {
		for _, path := range []string{"/api/flights/routes?from=LHR&to=JFK", "/api/flights/routes?from='--&to=JFK", "/health/", "/metrics", "/nowhere"} {
			seen[path+" in "+when] = fetch(t, app+path)
		}
		for _, path := range []string{"/proxies", "/metrics", "/version", "/proxies/mysql_proxy/toxics"} {
			seen["Toxiproxy's "+path+" in "+when] = fetch(t, api+path)
		}
	}
	carryOut := func(env []string, args ...string) {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		output, err := w.command(ctx, env, args...).CombinedOutput()
		seen[strings.Join(args, " ")+fmt.Sprint(env)] = string(output) + fmt.Sprint(err)
	}
	ask("calm")
	report := filepath.Join(t.TempDir(), "run.html")
	carryOut(nil, "load", "--duration", "1s", "--out", report)
	carryOut(nil, "load", "--duration", "1s", "--json")
	for _, fault := range []string{"outage", "cut", "refused"} {
		carryOut(nil, "chaos", "--fault", fault)
		for range 3 {
			ask(fault)
		}
	}
	carryOut(nil, "calm")
	carryOut([]string{"MYSQL_ROOT_PASSWORD=" + dsnSecret}, "infra") // The wrong password for the database that runs.
	carryOut([]string{"MYSQL_PORT=" + dsnSecret}, "infra")          // A password where a number should be.
	carryOut([]string{"DSN=root:" + dsnSecret + "@tcp(127.0.0.1:1)/x"}, "seed")
	carryOut([]string{"DSN=" + dsnSecret}, "seed")
	carryOut([]string{"OPENFLIGHTS_DIR=nowhere", "MYSQL_PORT=0"}, "infra")
	carryOut(nil, "no-such-command")
	carryOut(nil, "verify", "--ex", "1", "--json")

	// An app that may not log in, and one whose settings are wrong.
	_, refusedSaid := w.serve(t, []string{"DB_PASSWORD=" + dsnSecret, "PORT=0"}, "Ctrl-C", "exercise1")
	at := refusedSaid.all()
	if _, rest, found := strings.Cut(at, "listening url="); found {
		seen["the routes of an app that may not log in"] = fetch(t, strings.Fields(rest)[0]+"/api/flights/routes?from=LHR&to=JFK")
	} else {
		t.Errorf("the app that may not log in said no address: %s", at)
	}
	seen["arguments of all processes"] = arguments()
	if text, err := os.ReadFile(report); err != nil {
		t.Error(err)
	} else {
		seen["the report of a load"] = string(text)
	}
	seen["output of infra"], seen["output of exercise5"], seen["output of exercise1"] = infraSaid.all(), appSaid.all(), refusedSaid.all()

	size := 0
	for what, text := range seen {
		size += len(text)
		if text == "" {
			t.Errorf("%s: nothing was seen", what)
		}
		if found := leaks(text); len(found) > 0 {
			t.Errorf("%s shows %v:\n%.400s", what, found, text)
		}
		for _, trace := range []string{"goroutine ", "panic:", ".go:", "root:"} {
			if strings.Contains(text, trace) {
				t.Errorf("%s shows a trace or a DSN (%q):\n%.400s", what, trace, text)
			}
		}
	}
	t.Logf("searched %d outputs, %d bytes", len(seen), size)
}

// arguments are the command lines of all processes, where the system shows them.
func arguments() string {
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	var all bytes.Buffer
	for _, file := range files {
		text, _ := os.ReadFile(file) // It may have ended.
		all.Write(bytes.ReplaceAll(text, []byte{0}, []byte{' '}))
		all.WriteByte('\n')
	}
	if all.Len() == 0 {
		return "not shown on this system"
	}
	return all.String()
}

func TestLeaksAreFound(t *testing.T) {
	if got := leaks("dial root:" + rootSecret + "@tcp(127.0.0.1:3306)"); len(got) != 1 {
		t.Errorf("got %v, want the root password", got)
	}
}
