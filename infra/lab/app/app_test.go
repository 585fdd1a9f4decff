package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"chaosworkshop/shared/config"
	"chaosworkshop/shared/metrics"
	"chaosworkshop/shared/server"
)

// roleVariable makes the test program an app.
const roleVariable = "EXERCISE_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(roleVariable) {
	case "":
		goleak.VerifyTestMain(m)
	case "app":
		if err := serve(); err != nil {
			fmt.Fprintln(os.Stderr, "error:", err)
			os.Exit(1)
		}
	case "broken":
		fmt.Fprintln(os.Stderr, "error: no such wing")
		os.Exit(3)
	}
}

// serve is an app that answers until it is asked to stop.
func serve() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	settings, err := config.Load[config.App]()
	if err != nil {
		return err
	}
	counts := metrics.New()
	counts.Breaker(func() string { return "half-open" }, func() uint { return 0 }, 12)
	counts.Dial()
	counts.Attempt(metrics.ForRequest(ctx))
	return server.Serve(ctx, settings.Addr(), http.NotFoundHandler(), counts)
}

// start runs the test program in a role.
func start(t *testing.T, role string) (*Process, error) {
	t.Helper()
	return Start(t.Context(), Options{Binary: os.Args[0], Env: map[string]string{roleVariable: role}})
}

func TestAppAnswersAndEnds(t *testing.T) {
	process, err := start(t, "app")
	if err != nil {
		t.Fatal(err)
	}
	if response, err := http.Get(process.URL + "/somewhere"); err != nil {
		t.Error(err)
	} else {
		response.Body.Close()
	}
	http.DefaultClient.CloseIdleConnections()
	got, err := process.Metrics(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got.Requests["404"] != 1 || got.Dials != 1 || got.Attempts != 1 || got.Breaker != "half-open" || got.Goroutines == 0 {
		t.Errorf("got %+v, want one request of status 404, one dial, one attempt, half-open", got)
	}
	if again, err := MetricsAt(t.Context(), process.URL); err != nil || again.Requests["404"] != 1 {
		t.Errorf("from outside: got %+v, %v, want the same", again, err)
	}
	if err := process.Stop(); err != nil {
		t.Errorf("stop: %v", err)
	}
	if err := process.Stop(); err != nil {
		t.Errorf("stop again: %v", err)
	}
	if conn, err := net.Dial("tcp", strings.TrimPrefix(process.URL, "http://")); err == nil {
		conn.Close()
		t.Error("its port is open after the end")
	}
}

func TestKilledAppSaysSo(t *testing.T) {
	process, err := start(t, "app")
	if err != nil {
		t.Fatal(err)
	}
	process.Kill()
	select {
	case <-process.Done():
	default:
		t.Error("it is not done after Kill")
	}
	if process.Err() == nil {
		t.Error("got no error of an app that was killed")
	}
	if _, err := process.Metrics(t.Context()); err == nil {
		t.Error("got metrics of an app that was killed")
	}
}

func TestAppThatEndsAtItsStart(t *testing.T) {
	began := time.Now()
	_, err := start(t, "broken")
	if err == nil || !strings.Contains(err.Error(), "no such wing") {
		t.Errorf("got %v, want the app's own words", err)
	}
	if took := time.Since(began); took > startPatience/2 {
		t.Errorf("it took %s to notice", took)
	}
}

func TestStartEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Start(ctx, Options{Binary: os.Args[0], Env: map[string]string{roleVariable: "app"}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

func TestBuild(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Build(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "no Go files") {
		t.Errorf("an empty folder: got %v, want to hear that it has no Go files", err)
	}
	write("go.mod", "module example.org/app\n\ngo 1.26\n")
	write("main.go", "package main\n\nfunc main() { println(undefinedName) }\n")
	_, err := Build(t.Context(), dir)
	if refused, ok := errors.AsType[*BuildError](err); !ok || !strings.Contains(refused.Output, "undefinedName") {
		t.Errorf("a folder that does not compile: got %v, want the compiler's words", err)
	}
	write("main.go", "package main\n\nfunc main() {}\n")
	binary, err := Build(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer os.Remove(binary)
	other, err := Build(t.Context(), dir)
	if err != nil || other != binary {
		t.Errorf("the same folder again: got %s, %v, want %s", other, err, binary)
	}
}

func TestTailKeepsTheEnd(t *testing.T) {
	var words tail
	for range 10 {
		fmt.Fprint(&words, strings.Repeat("a", tailSize))
	}
	fmt.Fprint(&words, "the end")
	if got := words.String(); len(got) > tailSize || !strings.HasSuffix(got, "the end") {
		t.Errorf("got %d bytes that end in %q", len(got), got[max(0, len(got)-10):])
	}
}
