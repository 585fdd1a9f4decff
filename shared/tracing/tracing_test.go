package tracing

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"chaosworkshop/shared/config"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// captureLog collects what is logged until the test ends.
func captureLog(t *testing.T) *lockedLog {
	t.Helper()
	before, log := slog.Default(), &lockedLog{}
	slog.SetDefault(slog.New(slog.NewTextHandler(log, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	return log
}

type lockedLog struct {
	mutex sync.Mutex
	lines []string
}

func (l *lockedLog) Write(line []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.lines = append(l.lines, string(line))
	return len(line), nil
}

func (l *lockedLog) all() []string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.lines
}

func noBreaker() string { return "" }

// requests makes n requests of three spans each, and returns how long that took.
func requests(t *testing.T, traces *Tracing, n int) time.Duration {
	t.Helper()
	start := time.Now()
	for range n {
		r := httptest.NewRequest(http.MethodGet, "/api/flights/routes?from=LHR", nil)
		ctx, end := traces.Request(t.Context(), r, noBreaker)
		ctx = StartAttempt(ctx, 1, config.Database{})
		_, done := StartDial(ctx, config.Database{})
		done(nil)
		EndAttempt(ctx, nil)
		end(http.StatusOK)
	}
	return time.Since(start)
}

// A receiver that is absent, slow or hostile costs one warning, and neither a request nor the end of the app waits for it.
func TestHostileReceiver(t *testing.T) {
	const secret = "s3cret"
	for name, answer := range map[string]http.HandlerFunc{
		"absent": nil,
		"silent": func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // Otherwise, the server does not see the client go.
			<-r.Context().Done()
		},
		"errors":      func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusInternalServerError) },
		"a long body": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, strings.Repeat("x", 1<<20)) },
		"redirects": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.URL.Path, http.StatusTemporaryRedirect)
		},
	} {
		t.Run(name, func(t *testing.T) {
			address := "127.0.0.1:1"
			if answer != nil {
				server := httptest.NewServer(answer)
				defer server.Close()
				defer server.CloseClientConnections()
				address = server.Listener.Addr().String()
			}
			log := captureLog(t)
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://user:"+secret+"@"+address)
			traces := Start()
			// Their spans are more than the queue holds, and one that waited for a silent receiver would wait for all its patience.
			if took := requests(t, traces, 1000); took > patience {
				t.Errorf("1000 requests took %s, want them not to wait", took)
			}
			start := time.Now()
			traces.Stop()
			if took := time.Since(start); took > 3*lastWords {
				t.Errorf("the end took %s, want %s at most", took, lastWords)
			}
			time.Sleep(10 * time.Millisecond) // A delivery that was cut off still says so.
			lines := log.all()
			if len(lines) > 1 || len(lines) == 0 && name != "silent" && name != "a long body" {
				t.Errorf("got %d warnings, want one: %s", len(lines), lines)
			}
			if strings.Contains(strings.Join(lines, ""), secret) {
				t.Errorf("the log holds the password: %s", lines)
			}
		})
	}
}

func TestSettingsDecide(t *testing.T) {
	for _, test := range []struct {
		name     string
		settings Settings
		want     string
	}{
		{"nothing", Settings{}, ""},
		{"a base", Settings{Endpoint: "http://a:4318"}, "http://a:4318/v1/traces"},
		{"a base with a path", Settings{Endpoint: "http://a/otlp/"}, "http://a/otlp/v1/traces"},
		{"traces alone", Settings{Endpoint: "http://a", TracesEndpoint: "http://b/x"}, "http://b/x"},
		{"disabled", Settings{Endpoint: "http://a", Disabled: "TRUE"}, ""},
	} {
		if got := test.settings.address(); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

func TestAnEndpointThatIsNoURLIsSaidOnce(t *testing.T) {
	log := captureLog(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4317")
	if traces := Start(); traces != nil || len(log.all()) != 1 {
		t.Errorf("got %v and %s, want no tracing and one line", traces, log.all())
	}
}

// The SDK's own variable for the sampler counts, and so does the trace that a request belongs to.
func TestSamplerAndTraceparent(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://"+listener.Addr().String())
	t.Setenv("OTEL_TRACES_SAMPLER", "parentbased_always_off")
	traces := Start()
	defer traces.Stop()
	const id = "0af7651916cd43dd8448eb211c80319c"
	for flags, want := range map[string]bool{"": false, "00": false, "01": true} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		if flags != "" {
			r.Header.Set("traceparent", "00-"+id+"-b7ad6b7169203331-"+flags)
		}
		ctx, end := traces.Request(t.Context(), r, noBreaker)
		attempt := StartAttempt(ctx, 1, config.Database{})
		if got := attempt != ctx; got != want {
			t.Errorf("traceparent with flags %q: got a span %v, want %v", flags, got, want)
		}
		end(http.StatusOK)
	}
}
