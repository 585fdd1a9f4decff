// Package trace receives the spans of the apps under test over OTLP/HTTP, and shows each request as a timeline.
package trace

import (
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"strconv"
	"sync"
	"time"

	"chaosworkshop/shared/problem"
	"chaosworkshop/shared/tracing"
)

// The bounds of what a Receiver takes: of one body in bytes, of the spans that wait for their request, and of those of one request.
const (
	longest   = 4 << 20
	mostSpans = 10_000
	mostParts = 300
)

// kindServer is OTLP's number for the span of a request.
const kindServer = 2

// Request is one request of an app.
type Request struct {
	// App is the app's name, such as exercise3.
	App string `json:"service"`
	// Span is the request's own span.
	Span tracing.Span `json:"request"`
	// Attempts are those at the query, in order.
	Attempts []Attempt `json:"attempts"`
}

// Attempt is one attempt at the query.
type Attempt struct {
	Span tracing.Span `json:"attempt"`
	// Dials are the connections that the attempt opened or tried to open, in order.
	Dials []tracing.Span `json:"dials"`
}

// Receiver takes spans at /v1/traces, as JSON, and calls Done for each request whose span has arrived. An app sends that after those
// of its attempts and dials. A Receiver keeps a bounded number of spans.
type Receiver struct {
	Done func(Request)

	mutex sync.Mutex
	// parts are the spans that wait, by their parent; older are those of before, which are forgotten next.
	parts, older map[string][]tracing.Span
	count        int
}

// Environment makes an app send its spans to the base address of a Receiver, so often, whatever the user's own settings say. Without
// an address, it sends none.
func Environment(address string, every time.Duration) map[string]string {
	return map[string]string{
		"OTEL_SDK_DISABLED": strconv.FormatBool(address == ""), "OTEL_EXPORTER_OTLP_ENDPOINT": address, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "",
		"OTEL_TRACES_SAMPLER": "always_on", "OTEL_BSP_SCHEDULE_DELAY": strconv.FormatInt(every.Milliseconds(), 10),
	}
}

// ServeHTTP implements http.Handler.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	if request.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		problem.Write(w, http.StatusMethodNotAllowed, "Use POST.")
		return
	}
	kind, _, _ := mime.ParseMediaType(request.Header.Get("Content-Type"))
	if kind != "application/json" || request.Header.Get("Content-Encoding") != "" {
		problem.Write(w, http.StatusUnsupportedMediaType, "Send uncompressed JSON: set OTEL_EXPORTER_OTLP_PROTOCOL=http/json.")
		return
	}
	var export tracing.Export
	err := json.NewDecoder(http.MaxBytesReader(w, request.Body, longest)).Decode(&export)
	if _, long := errors.AsType[*http.MaxBytesError](err); long {
		problem.Write(w, http.StatusRequestEntityTooLarge, "The body is longer than 4 MiB; send fewer spans at once.")
		return
	}
	if err != nil {
		problem.Write(w, http.StatusBadRequest, "The body is not the JSON of OTLP's traces.")
		return
	}
	for _, done := range r.take(export) {
		r.Done(done)
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte("{}")) // The app may be gone, so the error does not matter.
}

// take adds the spans, and returns the requests that are complete.
func (r *Receiver) take(export tracing.Export) []Request {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	var complete []Request
	for _, resource := range export.ResourceSpans {
		app := resource.Resource.Attributes.Text("service.name")
		for _, scope := range resource.ScopeSpans {
			for _, span := range scope.Spans {
				if span.Kind != kindServer {
					r.keep(span)
					continue
				}
				request := Request{App: app, Span: span, Attempts: []Attempt{}}
				for _, attempt := range r.under(span) {
					request.Attempts = append(request.Attempts, Attempt{attempt, r.under(attempt)})
				}
				complete = append(complete, request)
			}
		}
	}
	return complete
}

// keep keeps a span until its parent comes. Those that came long ago are forgotten: their parents never came.
func (r *Receiver) keep(span tracing.Span) {
	if r.parts == nil || r.count >= mostSpans {
		r.parts, r.older, r.count = map[string][]tracing.Span{}, r.parts, 0
	}
	if parts := r.parts[span.Parent]; len(parts) < mostParts {
		r.parts[span.Parent] = append(parts, span)
		r.count++
	}
}

// under removes and returns the spans under a parent, in the order in which they ended.
func (r *Receiver) under(parent tracing.Span) []tracing.Span {
	parts := append(r.older[parent.SpanID], r.parts[parent.SpanID]...)
	delete(r.older, parent.SpanID)
	delete(r.parts, parent.SpanID)
	return parts
}
