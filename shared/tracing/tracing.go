// Package tracing makes OpenTelemetry spans of what a request does: one for the request, one for each attempt at the query and
// one for each dial, and sends them over OTLP/HTTP as JSON. It is off unless OTEL_EXPORTER_OTLP_ENDPOINT, or its form for traces
// alone, is set.
//
// Names and attributes are those of OpenTelemetry's semantic conventions. Attempt and Breaker have no counterpart there.
package tracing

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"path"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"chaosworkshop/shared/config"
)

// The attributes of our own, and those of the conventions that others read.
const (
	// Attempt is the number of an attempt within its request, from 1.
	Attempt = "workshop.attempt"
	// Breaker is the state of the app's circuit breaker when the request arrived: closed, half-open or open.
	Breaker = "workshop.circuit_breaker.state"
	// Path is the path of the request, Status the status of its answer, and ErrorType the kind of failure of any span.
	Path      = "url.path"
	Status    = "http.response.status_code"
	ErrorType = "error.type"
)

// The names of the spans beneath a request's.
const (
	AttemptSpan = "SELECT flights"
	DialSpan    = "connect"
)

// scope names the code that makes the spans.
const scope = "chaosworkshop/shared/tracing"

// userGone is the status that the log and the metrics give a request whose user hung up.
const userGone = 499

// lastWords is how long Stop waits for the spans that are not yet delivered.
const lastWords = time.Second

// Settings are OpenTelemetry's own variables. The SDK reads further ones: OTEL_TRACES_SAMPLER, OTEL_BSP_SCHEDULE_DELAY,
// OTEL_RESOURCE_ATTRIBUTES.
type Settings struct {
	// Endpoint is the base URL of a receiver of OTLP/HTTP, to which /v1/traces is added.
	Endpoint string `env:"OTEL_EXPORTER_OTLP_ENDPOINT"`
	// TracesEndpoint is the whole URL of a receiver; it wins over Endpoint.
	TracesEndpoint string `env:"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"`
	// ServiceName names the app; by default it is the last part of the module's path, such as exercise3.
	ServiceName string `env:"OTEL_SERVICE_NAME"`
	// Disabled switches tracing off with "true", whatever else is set.
	Disabled string `env:"OTEL_SDK_DISABLED"`
}

// address is where the spans go; empty when tracing is off.
func (s Settings) address() string {
	switch {
	case strings.EqualFold(s.Disabled, "true"):
		return ""
	case s.TracesEndpoint != "":
		return s.TracesEndpoint
	case s.Endpoint != "":
		return strings.TrimRight(s.Endpoint, "/") + "/v1/traces"
	}
	return ""
}

// Tracing makes the spans of one app. A nil Tracing makes none.
type Tracing struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
	exporter *exporter
}

// Start returns nil when tracing is off. A setting that is not usable is logged, and tracing stays off: spans are never a reason not
// to serve.
func Start() *Tracing {
	settings, err := config.Load[Settings]()
	if err != nil {
		return nil // The app's other settings come from the same files, and it has said so.
	}
	address := settings.address()
	if address == "" {
		return nil
	}
	parsed, err := url.Parse(address)
	if err != nil || parsed.Host == "" || parsed.Scheme != "http" && parsed.Scheme != "https" {
		slog.Warn("tracing is off: OTEL_EXPORTER_OTLP_ENDPOINT is no URL; set it to one such as http://127.0.0.1:4318")
		return nil
	}
	return newTracing(parsed, settings.ServiceName)
}

func newTracing(address *url.URL, name string) *Tracing {
	if name == "" {
		name = "app"
		if info, ok := debug.ReadBuildInfo(); ok {
			name = path.Base(cmp.Or(info.Main.Path, name))
		}
	}
	about := resource.NewSchemaless(attribute.String("service.name", name))
	// An error says that OTEL_RESOURCE_ATTRIBUTES is malformed; what was readable counts.
	if more, _ := resource.New(context.Background(), resource.WithFromEnv()); more != nil {
		if merged, err := resource.Merge(more, about); err == nil {
			about = merged
		}
	}
	exporter := newExporter(address)
	provider := sdktrace.NewTracerProvider(sdktrace.WithResource(about), sdktrace.WithBatcher(exporter))
	return &Tracing{provider, provider.Tracer(scope), exporter}
}

// Stop delivers what it can within a second.
func (t *Tracing) Stop() {
	if t == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), lastWords)
	defer cancel()
	_ = t.provider.Shutdown(ctx) // The exporter has said what is wrong.
	t.exporter.stop()
}

// userKey is the context key for the context of a request, which ends when its user hangs up.
type userKey struct{}

// Request begins the span of a request, as a part of the trace that its header traceparent names. breaker returns the state of the
// circuit breaker, empty without one. Call end with the status of the answer; 499 when the user had hung up.
func (t *Tracing) Request(ctx context.Context, r *http.Request, breaker func() string) (_ context.Context, end func(status int)) {
	if t == nil {
		return ctx, func(int) {}
	}
	parent := propagation.TraceContext{}.Extract(ctx, propagation.HeaderCarrier(r.Header))
	ctx, span := t.tracer.Start(parent, r.Method, trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(
		attribute.String("http.request.method", r.Method), attribute.String(Path, r.URL.Path), attribute.String("url.scheme", "http"),
	))
	if state := breaker(); state != "" {
		span.SetAttributes(attribute.String(Breaker, state))
	}
	return context.WithValue(ctx, userKey{}, ctx), func(status int) {
		defer span.End()
		switch {
		case status == userGone:
			fail(span, "canceled", "the user hung up")
			return
		case status >= http.StatusInternalServerError:
			fail(span, strconv.Itoa(status), http.StatusText(status))
		}
		if status != http.StatusNotFound { // Only the paths of endpoints are few enough to be names.
			span.SetName(r.Method + " " + r.URL.Path)
		}
		span.SetAttributes(attribute.Int(Status, status))
	}
}
