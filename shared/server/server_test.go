package server

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"chaosworkshop/shared/config"
	"chaosworkshop/shared/metrics"
	"chaosworkshop/shared/running"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start serves the handler on a free port until end is called, which returns what Serve does.
func start(t *testing.T, handler http.Handler) (addr string, end func() error) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- serve(ctx, listener, handler, metrics.New(), nil) }()
	end = sync.OnceValue(func() error {
		cancel()
		return <-served
	})
	t.Cleanup(func() {
		if err := end(); err != nil {
			t.Errorf("serve: got %v, want nil", err)
		}
	})
	return listener.Addr().String(), end
}

// hello answers every request with a word.
func hello(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") }

// captureLog keeps what is logged until the test ends.
func captureLog(t *testing.T) *lockedBuffer {
	t.Helper()
	before := slog.Default()
	t.Cleanup(func() { slog.SetDefault(before) })
	kept := &lockedBuffer{}
	slog.SetDefault(slog.New(slog.NewTextHandler(kept, &slog.HandlerOptions{Level: slog.LevelDebug})))
	return kept
}

// lockedBuffer is a buffer for several writers.
type lockedBuffer struct {
	mutex  sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(piece []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.buffer.Write(piece)
}

func (b *lockedBuffer) String() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.buffer.String()
}

// send writes raw bytes to the server and returns all that it answers before it closes the connection.
func send(t *testing.T, addr, raw string) string {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	// The server may refuse, and close, before it has read everything.
	_, _ = io.WriteString(conn, raw)
	answer, _ := io.ReadAll(conn)
	return string(answer)
}

func TestServesMetricsAndTheApp(t *testing.T) {
	addr, _ := start(t, http.HandlerFunc(hello))
	if got := send(t, addr, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); !strings.HasSuffix(got, "hello") {
		t.Errorf("the app: got %q, want hello", got)
	}
	got := send(t, addr, "GET /metrics HTTP/1.0\r\n\r\n")
	if want := `http_requests_total{status="200"} 1`; !strings.Contains(got, want) {
		t.Errorf("the metrics hold no %s:\n%s", want, got)
	}
}

func TestTakenPortIsExplained(t *testing.T) {
	t.Setenv("PORT", "5000") // Chosen.
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	err = Serve(t.Context(), listener.Addr().String(), http.HandlerFunc(hello), metrics.New())
	if err == nil || !strings.Contains(err.Error(), "PORT") || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v, want one line that names the variable PORT", err)
	}
}

// An app that is started by hand, without make, gives way as well, and the workshop's commands find it.
func TestTakenDefaultPortGivesWay(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "go.work"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	for _, name := range []string{"HOME", "AppData", "LocalAppData", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"} {
		t.Setenv(name, dir)
	}
	t.Setenv("PORT", "") // The default.
	if err := os.Unsetenv("PORT"); err != nil {
		t.Fatal(err)
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- Serve(ctx, taken.Addr().String(), http.HandlerFunc(hello), metrics.New()) }()
	var app config.App
	for deadline := time.Now().Add(10 * time.Second); app.Port == 0 || app.Port == config.Defaults[config.App]().Port; {
		if app, err = config.Load[config.App](); err != nil || time.Now().After(deadline) {
			t.Fatalf("the app's port is not noted: %v", err)
		}
	}
	if got := send(t, app.Addr(), "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); !strings.HasSuffix(got, "hello") {
		t.Errorf("the app: got %q, want hello", got)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if ports := running.Ports(dir); len(ports) > 0 {
		t.Errorf("after the end, %v is still noted", ports)
	}
}

func TestRequestsInFlightAreAnswered(t *testing.T) {
	const clients = 20
	var asked sync.WaitGroup
	asked.Add(clients)
	release := make(chan struct{})
	addr, end := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Done()
		<-release
		hello(w, r)
	}))
	answers := make(chan string, clients)
	for range clients {
		go func() { answers <- send(t, addr, "GET / HTTP/1.1\r\nHost: x\r\n\r\n") }()
	}
	asked.Wait()
	ended := make(chan error, 1)
	go func() { ended <- end() }()
	// The port closes first: new clients go elsewhere.
	for {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			break
		}
		conn.Close()
	}
	close(release)
	for range clients {
		if answer := <-answers; !strings.HasSuffix(answer, "hello") {
			t.Errorf("a request in flight was answered %q, want hello", answer)
		}
	}
	if err := <-ended; err != nil {
		t.Errorf("serve: got %v, want nil", err)
	}
}

func TestGraceIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		listener := newPipeListener()
		ctx, stop := context.WithCancel(t.Context())
		served := make(chan error, 1)
		asked := make(chan struct{})
		go func() {
			served <- serve(ctx, listener, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				close(asked)
				<-r.Context().Done()
			}), metrics.New(), nil)
		}()
		conn := listener.dial()
		defer conn.Close()
		go io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		<-asked
		began := time.Now()
		stop()
		if err := <-served; err != nil {
			t.Errorf("serve: got %v, want nil", err)
		}
		if got := time.Since(began); got != grace {
			t.Errorf("ended after %s, want %s", got, grace)
		}
	})
}

func TestSlowClientsAreCutOff(t *testing.T) {
	for _, test := range []struct {
		name, begin, drip string
		want              time.Duration
	}{
		{"says nothing", "", "", 5 * time.Second},
		{"drips its headers", "GET / HTTP/1.1\r\nHost: x\r\n", "X-A: b\r\n", 5 * time.Second},
		{"drips its body", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n", "x", 10 * time.Second},
		{"asks once and stays", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "", 60 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				listener := newPipeListener()
				ctx, stop := context.WithCancel(t.Context())
				served := make(chan error, 1)
				go func() {
					served <- serve(ctx, listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						_, _ = io.Copy(io.Discard, r.Body)
						hello(w, r)
					}), metrics.New(), nil)
				}()
				conn := listener.dial()
				began := time.Now()
				var dripping sync.WaitGroup
				dripping.Go(func() {
					_, err := io.WriteString(conn, test.begin)
					for err == nil && test.drip != "" {
						time.Sleep(time.Second)
						_, err = io.WriteString(conn, test.drip)
					}
				})
				_, _ = io.Copy(io.Discard, conn)
				if got := time.Since(began).Round(time.Second); got > test.want+time.Second {
					t.Errorf("held a connection for %s, want %s", got, test.want)
				}
				conn.Close()
				dripping.Wait()
				stop()
				if err := <-served; err != nil {
					t.Errorf("serve: %v", err)
				}
			})
		})
	}
}

func TestOversizedHeadersAreRefused(t *testing.T) {
	addr, _ := start(t, http.HandlerFunc(hello))
	for name, raw := range map[string]string{
		"one header of 1 MB":  "GET / HTTP/1.1\r\nHost: x\r\nX-A: " + strings.Repeat("a", 1<<20) + "\r\n\r\n",
		"10,000 headers":      "GET / HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("X-A: 0123456789\r\n", 10_000) + "\r\n",
		"a URL of 1 MB":       "GET /?" + strings.Repeat("a", 1<<20) + " HTTP/1.1\r\nHost: x\r\n\r\n",
		"headers with no end": "GET / HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("X-A: 0123456789\r\n", 100_000),
	} {
		got := send(t, addr, raw)
		// It may close the connection, with bytes of ours unread, before we have read its answer.
		if got != "" && !strings.HasPrefix(got, "HTTP/1.1 431 ") {
			t.Errorf("%s: got %.60q, want 431", name, got)
		}
	}
	if got := send(t, addr, "GET /?"+strings.Repeat("a", 10<<10)+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); !strings.HasSuffix(got, "hello") {
		t.Errorf("a query of 10 KB: got %.60q, want hello", got)
	}
}

func TestGarbageIsRefused(t *testing.T) {
	addr, _ := start(t, http.HandlerFunc(hello))
	for _, raw := range []string{
		"\x00\x01\x02\x03\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET / HTTP/1.1\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\nBad Header: y\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
	} {
		if got := send(t, addr, raw); got != "" && !strings.HasPrefix(got, "HTTP/1.1 4") && !strings.HasPrefix(got, "HTTP/1.1 505") {
			t.Errorf("%q: got %.60q, want it refused", raw, got)
		}
	}
	if got := send(t, addr, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); !strings.HasSuffix(got, "hello") {
		t.Errorf("after the garbage: got %q, want hello", got)
	}
}

func TestManyIdleClientsDoNotBlockOthers(t *testing.T) {
	addr, _ := start(t, http.HandlerFunc(hello))
	for range 200 {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nX-A: "); err != nil {
			t.Fatal(err)
		}
	}
	if got := send(t, addr, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); !strings.HasSuffix(got, "hello") {
		t.Errorf("beside 200 clients that drip: got %q, want hello", got)
	}
}

func TestEachRequestIsOneLogLine(t *testing.T) {
	kept := captureLog(t)
	addr, _ := start(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	long := strings.Repeat("a", 1000)
	send(t, addr, "GET /?x=%0Alevel%3DERROR"+long+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	lines := []string{}
	for line := range strings.Lines(kept.String()) {
		if strings.Contains(line, "msg=request") {
			lines = append(lines, line)
		}
	}
	if len(lines) != 1 || !strings.Contains(lines[0], "status=418") || len(lines[0]) > 300 {
		t.Errorf("got %q, want one short line with the status", lines)
	}
}

func TestEachLineOfARequestCarriesItsID(t *testing.T) {
	kept := &lockedBuffer{}
	before := slog.Default()
	t.Cleanup(func() { slog.SetDefault(before) })
	slog.SetDefault(slog.New(WithRequestID(slog.NewTextHandler(kept, nil))))
	handler := observe(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		slog.WarnContext(r.Context(), "retry")
	}), metrics.New(), nil)
	for range 2 {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		if err != nil {
			t.Fatal(err)
		}
		handler.ServeHTTP(&silent{}, request)
	}
	slog.InfoContext(t.Context(), "no request")
	var ids []string
	for line := range strings.Lines(kept.String()) {
		_, id, _ := strings.Cut(line, " request=")
		ids = append(ids, strings.TrimSpace(id))
	}
	if len(ids) != 5 || ids[0] == "" || ids[0] != ids[1] || ids[2] != ids[3] || ids[0] == ids[2] || ids[4] != "" {
		t.Errorf("ids: got %q, want one of each request's two lines, another of the other's, and none without a request", ids)
	}
}

func TestDefaultLogHasTheIDToo(t *testing.T) {
	before, output, flags := slog.Default(), log.Writer(), log.Flags()
	t.Cleanup(func() { slog.SetDefault(before); log.SetOutput(output); log.SetFlags(flags) })
	LogRequestIDs()
	kept := &lockedBuffer{}
	log.SetOutput(kept)
	slog.WarnContext(ForRequest(t.Context()), "retry", "attempt", 1)
	if got := kept.String(); !regexp.MustCompile(`^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d\.\d{6} WARN retry attempt=1 request=\w+\n$`).MatchString(got) {
		t.Errorf("got %q, want one line with the date and the request", got)
	}
}

func TestMetricsAnswerNothingButGet(t *testing.T) {
	addr, _ := start(t, http.HandlerFunc(hello))
	got := send(t, addr, "POST /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	if !strings.HasPrefix(got, "HTTP/1.1 405 ") || !strings.Contains(got, "Allow: GET, HEAD\r\n") {
		t.Errorf("got %q, want 405 with Allow", got)
	}
}

func TestClientThatHangsUpIsCountedAsSuch(t *testing.T) {
	counts := metrics.New()
	ctx, hangUp := context.WithCancel(t.Context())
	handler := observe(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hangUp() }), counts, nil)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "/", nil)
	if err != nil {
		t.Fatal(err)
	}
	handler.ServeHTTP(&silent{}, request)
	if got := text(t, counts); !strings.Contains(got, `http_requests_total{status="499"} 1`) {
		t.Errorf("the metrics hold no request of status 499:\n%s", got)
	}
}

// silent is a client that reads nothing.
type silent struct{}

func (silent) Header() http.Header             { return http.Header{} }
func (silent) Write(piece []byte) (int, error) { return len(piece), nil }
func (silent) WriteHeader(int)                 {}

// text is what the metrics say.
func text(t *testing.T, counts *metrics.Metrics) string {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, "/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	var answer writer
	counts.Handler().ServeHTTP(&answer, request)
	return answer.String()
}

// writer keeps an answer's body.
type writer struct{ bytes.Buffer }

func (*writer) Header() http.Header { return http.Header{} }
func (*writer) WriteHeader(int)     {}

// FuzzServe sends any bytes to the server: it answers with HTTP or hangs up, and keeps serving.
func FuzzServe(f *testing.F) {
	for _, seed := range []string{
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "GET /metrics HTTP/1.0\r\n\r\n", "\x16\x03\x01\x02\x00", "GET / HTTP/1.1\r\n: \r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: \r\n\r\n",
	} {
		f.Add([]byte(seed))
	}
	slog.SetDefault(slog.New(slog.DiscardHandler))
	listener := newPipeListener()
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- serve(ctx, listener, http.HandlerFunc(hello), metrics.New(), nil) }()
	f.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			f.Errorf("serve: %v", err)
		}
	})
	f.Fuzz(func(t *testing.T, raw []byte) {
		conn := listener.dial()
		defer conn.Close()
		go func() {
			_, _ = conn.Write(raw) // The server may hang up meanwhile.
			_, _ = io.WriteString(conn, "\r\n\r\n")
		}()
		if err := conn.SetReadDeadline(time.Now().Add(10 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			return // It waits for more, or has hung up.
		}
		defer response.Body.Close()
		if response.StatusCode < 200 || response.StatusCode > 599 {
			t.Errorf("got status %d", response.StatusCode)
		}
	})
}

// pipeListener accepts connections in memory, so that time may be fake.
type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipeListener() *pipeListener {
	return &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
}

// dial is the client's end of a new connection.
func (l *pipeListener) dial() net.Conn {
	client, server := net.Pipe()
	l.conns <- server
	return client
}

// Accept implements net.Listener.
func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr implements net.Listener.
func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }
