package database

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"

	"chaosworkshop/shared/config"
	"chaosworkshop/shared/metrics"
	"chaosworkshop/shared/tracing"
)

// receiver is a receiver of OTLP/HTTP that keeps what it gets.
type receiver struct {
	*httptest.Server
	mutex sync.Mutex
	text  string
	spans []tracing.Span
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		r.mutex.Lock()
		defer r.mutex.Unlock()
		body, _ := io.ReadAll(request.Body)
		var export tracing.Export
		if err := json.Unmarshal(body, &export); err != nil || request.URL.Path != "/v1/traces" {
			t.Errorf("got %s at %s: %v", body, request.URL.Path, err)
		}
		r.text += string(body)
		for _, resource := range export.ResourceSpans {
			for _, scope := range resource.ScopeSpans {
				r.spans = append(r.spans, scope.Spans...)
			}
		}
	}))
	t.Cleanup(r.Close)
	return r
}

// find is the query of an exercise, as far as the scripted database knows it.
func find(ctx context.Context, db *gorm.DB) error {
	var rows []struct{ X string }
	return db.WithContext(ctx).Table("flights").Find(&rows).Error
}

// Whatever the database does, each attempt and each dial of a request is one span, in order and inside its parent.
func TestEveryAttemptAndEveryDialIsASpan(t *testing.T) {
	const password = "Pa55w0rd-never-shown"
	out := newReceiver(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", out.URL+"/")
	traces := tracing.Start()
	counts := metrics.New()
	counts.Breaker(func() string { return "closed" }, func() uint { return 0 }, 12)
	all := len(concat(conversation...))
	var databases []*gorm.DB
	for _, bytes := range []int{all, all, 0, 30, all - 1, -1} {
		parts, reset := conversation, bytes == 30
		if bytes < 0 {
			parts, bytes = [][]byte{nil}, 1 // It stays silent.
		}
		cfg := serve(t, parts, bytes, reset)
		cfg.Password = password
		db, err := Open(cfg, counts)
		if err != nil {
			t.Fatal(err)
		}
		defer Close(db)
		databases = append(databases, db)
	}

	const requests = 40
	random := rand.New(rand.NewPCG(1, 1))
	want := map[string][]error{} // The results of the attempts, by the path of the request.
	for i := range requests {
		request := httptest.NewRequest(http.MethodGet, fmt.Sprintf("/%d", i), nil)
		ctx, end := traces.Request(metrics.ForRequest(t.Context()), request, counts.BreakerState)
		for range random.IntN(5) {
			attempt, cancel := context.WithTimeout(ctx, time.Second)
			chosen := random.IntN(len(databases))
			if chosen == len(databases)-1 {
				time.AfterFunc(20*time.Millisecond, cancel)
			}
			want[request.URL.Path] = append(want[request.URL.Path], find(attempt, databases[chosen]))
			cancel()
		}
		end(http.StatusOK)
	}
	traces.Stop()

	children := map[string][]tracing.Span{}
	var roots []tracing.Span
	for _, span := range out.spans {
		if span.Parent == "" {
			roots = append(roots, span)
		}
		children[span.Parent] = append(children[span.Parent], span)
	}
	if len(roots) != requests {
		t.Fatalf("requests: got %d spans, want %d", len(roots), requests)
	}
	dialled := 0
	for _, root := range roots {
		results := want[root.Attributes.Text(tracing.Path)]
		attempts := children[root.SpanID]
		if len(attempts) != len(results) {
			t.Errorf("attempts: got %d spans, want %d", len(attempts), len(results))
			continue
		}
		if got := root.Attributes.Text(tracing.Breaker); got != "closed" {
			t.Errorf("the breaker's state: got %q, want closed", got)
		}
		last := root.Start
		for i, attempt := range attempts {
			if attempt.Start < last || attempt.End > root.End || attempt.Attributes.Text(tracing.Attempt) != strconv.Itoa(i+1) {
				t.Errorf("attempt %d of %d is out of order, or outside its request", i+1, len(attempts))
			}
			last = attempt.End
			if kind := attempt.Attributes.Text(tracing.ErrorType); (kind != "") != (results[i] != nil) || kind == tracing.Other {
				t.Errorf("attempt %d ended with %v: got error.type %q", i+1, results[i], kind)
			}
			dialled += len(children[attempt.SpanID])
			for _, dial := range children[attempt.SpanID] {
				if dial.Start < attempt.Start || dial.End > attempt.End {
					t.Errorf("a dial is outside its attempt")
				}
			}
		}
	}
	if got := strconv.Itoa(dialled); got != dials(t, counts) {
		t.Errorf("dials inside attempts: got %s spans, want %s", got, dials(t, counts))
	}
	if strings.Contains(out.text, password) || strings.Contains(out.text, "tcp(") {
		t.Error("the spans hold the password, or the DSN")
	}
}

func TestARequestThatIsNotTracedHasNoSpans(t *testing.T) {
	db, err := Open(serve(t, conversation, len(concat(conversation...)), false), metrics.New())
	if err != nil {
		t.Fatal(err)
	}
	defer Close(db)
	if err := find(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	ctx := metrics.ForRequest(t.Context())
	if got := tracing.StartAttempt(ctx, 1, config.Database{}); got != ctx {
		t.Errorf("got another context, want the same: nothing to trace")
	}
}

// BenchmarkQuery is a query with its dial in a request that is not traced, and in one that is.
func BenchmarkQuery(b *testing.B) {
	db, err := Open(serve(b, conversation, len(concat(conversation...)), false), metrics.New())
	if err != nil {
		b.Fatal(err)
	}
	defer Close(db)
	request := httptest.NewRequest(http.MethodGet, "/api/flights/routes", nil)
	for _, name := range []string{"off", "on"} {
		b.Run(name, func(b *testing.B) {
			var traces *tracing.Tracing
			if name == "on" {
				server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
				defer server.Close()
				b.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.URL)
				traces = tracing.Start()
				defer traces.Stop()
			}
			breaker := metrics.New().BreakerState
			for b.Loop() {
				ctx, end := traces.Request(metrics.ForRequest(b.Context()), request, breaker)
				if err := find(ctx, db); err != nil {
					b.Fatal(err)
				}
				end(http.StatusOK)
			}
		})
	}
}
