package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
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
		fmt.Fprintln(os.Stderr, "starting\nerror: no such wing\n\tat wing.go:7")
		os.Exit(3)
	case "elsewhere":
		listen("0")
	case "mute":
		listen(os.Getenv("PORT"))
	case "idle":
		time.Sleep(time.Minute)
	}
}

// listen accepts connections on a port of loopback and answers nothing.
func listen(port string) {
	listener, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
	defer listener.Close()
	time.Sleep(time.Minute)
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
	if err == nil || !strings.HasSuffix(err.Error(), "exit status 3; its last output: no such wing") {
		t.Errorf("got %v, want how it ended, and its own words", err)
	}
	if took := time.Since(began); took > startPatience/2 {
		t.Errorf("it took %s to notice", took)
	}
}

// An app that does not answer on its port says so in one line, with what is known.
func TestAppThatDoesNotAnswer(t *testing.T) {
	for _, test := range []struct {
		role, want string
		patience   time.Duration
		given      time.Duration // Of the options.
	}{
		{"mute", "but gave no HTTP answer within", 2 * time.Second, 0},
		{"idle", "make the app read BIND and PORT from its environment; it printed nothing", time.Second, 0},
		{"idle", "nothing listens on", time.Nanosecond, 0}, // Ends within the first question, in which no connection was made.
		{"elsewhere", "the app listens on 127.0.0.1:", startPatience, 0},
		{"elsewhere", "nothing listens on", 7 * time.Second, time.Minute}, // A slow app opens its debugger's port long before its own.
	} {
		t.Run(test.role, func(t *testing.T) {
			if test.role == "elsewhere" && runtime.GOOS == "windows" {
				test.want, test.patience = "nothing listens on", time.Second // Windows does not say who listens where.
			}
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), test.patience)
			defer cancel()
			_, err := Start(ctx, Options{Binary: os.Args[0], Env: map[string]string{roleVariable: test.role}, Patience: test.given})
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want one line with %q", err, test.want)
			}
		})
	}
}

// An app that is already running is used, and left running.
func TestAppThatRunsAlready(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	process, err := Start(t.Context(), Options{URL: server.URL + "/"})
	if err != nil {
		t.Fatal(err)
	}
	if process.URL != server.URL || process.PID() != 0 {
		t.Errorf("got %s and the process %d, want %s and none", process.URL, process.PID(), server.URL)
	}
	if err := process.Stop(); err != nil {
		t.Error(err)
	}
	process.Kill()
	select {
	case <-process.Done():
		t.Error("it is done, although it was left alone")
	default:
	}
	if _, err := Start(t.Context(), Options{URL: server.URL}); err != nil {
		t.Errorf("after Kill: %v", err)
	}
	http.DefaultClient.CloseIdleConnections()
}

func TestStartEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Start(ctx, Options{Binary: os.Args[0], Env: map[string]string{roleVariable: "app"}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

// folder is a new folder whose path holds a space, with the files.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "my app")
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestBuild(t *testing.T) {
	const module, program, broken = "module example.org/app\n\ngo 1.26\n", "package main\n\nfunc main() {}\n", "package main\n\nfunc main() { undefinedName() }\n"
	for _, test := range []struct {
		name  string
		files map[string]string
		want  string // Part of the error; empty if it builds.
	}{
		{"a module", map[string]string{"go.mod": module, "main.go": program}, ""},
		{"a module that uses cmd", map[string]string{"go.mod": module, "app.go": "package app\n", "cmd/server/main.go": program}, ""},
		{"a module with a tool", map[string]string{"go.mod": module, "main.go": program, "tools/gen/main.go": program}, ""},
		{"two apps", map[string]string{"go.mod": module, "cmd/a/main.go": program, "cmd/b/main.go": program}, "2 main packages; name the folder of one: ./cmd/a, ./cmd/b"},
		{"no app", map[string]string{"go.mod": module, "app.go": "package app\n"}, "no Go main package"},
		{"no module", map[string]string{"main.go": program}, "go mod init"},
		{"another language", map[string]string{"go.mod": module, "server.js": ""}, "command line in CMD"},
		{"a mistake", map[string]string{"go.mod": module, "main.go": broken}, "undefined: undefinedName"},
		{"a mistake in go.mod", map[string]string{"go.mod": "modul x\n", "main.go": program}, "unknown directive: modul"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := folder(t, test.files)
			binary, err := Build(t.Context(), dir)
			if err == nil {
				defer os.Remove(binary)
			}
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
	if _, err := Build(t.Context(), filepath.Join(t.TempDir(), "none")); err == nil || !strings.Contains(err.Error(), "no such folder") {
		t.Errorf("no folder: got %v, want to hear that", err)
	}
}

// A copy of an exercise builds wherever it is, and again into the same file.
func TestBuildCopyOfAnExercise(t *testing.T) {
	root, err := config.Root()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "my copy", "exercise1")
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(root, "exercise1"))); err != nil {
		t.Fatal(err)
	}
	binary, err := Build(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer os.Remove(binary)
	if again, err := Build(t.Context(), dir); err != nil || again != binary {
		t.Errorf("again: got %s, %v, want %s", again, err, binary)
	}
	if original, err := Build(t.Context(), filepath.Join(root, "exercise1")); err != nil || original == binary {
		t.Errorf("the original: got %s, %v, want another file than the copy's", original, err)
	}
}

func TestTailKeepsTheEnd(t *testing.T) {
	var words tail
	for range 10 {
		fmt.Fprint(&words, strings.Repeat("a", tailSize))
	}
	fmt.Fprint(&words, "\nthe end\n")
	if got := words.String(); len(words.text) > tailSize || got != "its last output: the end" {
		t.Errorf("got %q of %d bytes, want the last line", got, len(words.text))
	}
}

// The line that names the error says more than the stack trace behind it.
func TestLastWordsNameTheError(t *testing.T) {
	for text, want := range map[string]string{
		"ready\npanic: no wing\n\ngoroutine 1 [running]:\nmain.main()\n\t/app/main.go:7 +0x2c\nexit status 2\n":                   "panic: no wing",
		"Traceback (most recent call last):\n  File \"a.py\", line 1\nModuleNotFoundError: No module named 'flask'\n":             "ModuleNotFoundError: No module named 'flask'",
		"node:internal:1143\n  throw err;\n\nError: Cannot find module '/a.js'\n    at Module._load\n  code: 'X'\n}\n\nNode.js\n": "Error: Cannot find module '/a.js'",
		"2026/11/26 no config today\n": "2026/11/26 no config today",
	} {
		var words tail
		fmt.Fprint(&words, text)
		if got := words.String(); got != "its last output: "+strings.TrimPrefix(want, "error: ") {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// An app is called what its options call it, gets the patience that they say, and is told when its certificate is not trusted.
func TestAppThatHasAName(t *testing.T) {
	_, err := Start(t.Context(), Options{Binary: os.Args[0], Env: map[string]string{roleVariable: "idle"}, Name: "the service", Patience: time.Second})
	if want := "s after the start; make the service read"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	_, err = Start(t.Context(), Options{URL: server.URL, Name: "the service"})
	if want := "does not trust the certificate of the service at " + server.URL; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
}
