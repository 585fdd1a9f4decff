package tracing

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// Export is the JSON of OTLP's ExportTraceServiceRequest, as far as the workshop writes and reads it.
type Export struct {
	ResourceSpans []ResourceSpans `json:"resourceSpans"`
}

// ResourceSpans are the spans of one app.
type ResourceSpans struct {
	Resource   Resource     `json:"resource"`
	ScopeSpans []ScopeSpans `json:"scopeSpans"`
}

// Resource describes the app.
type Resource struct {
	Attributes Attributes `json:"attributes"`
}

// ScopeSpans are the spans that one piece of code makes.
type ScopeSpans struct {
	Scope struct {
		Name string `json:"name"`
	} `json:"scope"`
	Spans []Span `json:"spans"`
}

// Span is one span. Start and End are in nanoseconds since 1970.
type Span struct {
	TraceID    string     `json:"traceId"`
	SpanID     string     `json:"spanId"`
	Parent     string     `json:"parentSpanId,omitempty"`
	Name       string     `json:"name"`
	Kind       int        `json:"kind"`
	Start      Int        `json:"startTimeUnixNano"`
	End        Int        `json:"endTimeUnixNano"`
	Attributes Attributes `json:"attributes"`
	Status     struct {
		Code    int    `json:"code,omitempty"`
		Message string `json:"message,omitempty"`
	} `json:"status"`
}

// Attributes are the attributes of a span or of an app.
type Attributes []Attribute

// Attribute is one of them; a value of another kind than text or a whole number is written as text.
type Attribute struct {
	Key   string `json:"key"`
	Value struct {
		Text   *string `json:"stringValue,omitempty"`
		Number *Int    `json:"intValue,omitempty"`
	} `json:"value"`
}

// Text is the value of a key as text; empty if it is not there.
func (a Attributes) Text(key string) string {
	for _, one := range a {
		switch {
		case one.Key != key:
		case one.Value.Text != nil:
			return *one.Value.Text
		case one.Value.Number != nil:
			return strconv.FormatInt(int64(*one.Value.Number), 10)
		}
	}
	return ""
}

// Int is a whole number of 64 bits. OTLP writes it as a JSON string, and some programs as a number.
type Int int64

// MarshalJSON implements json.Marshaler.
func (i Int) MarshalJSON() ([]byte, error) { return fmt.Appendf(nil, `"%d"`, i), nil }

// UnmarshalJSON implements json.Unmarshaler.
func (i *Int) UnmarshalJSON(text []byte) error {
	number, err := strconv.ParseInt(strings.Trim(string(text), `"`), 10, 64)
	*i = Int(number)
	return err
}

// exporter posts spans to a receiver of OTLP/HTTP. The module otlptracehttp would do the same with protobuf and gRPC, and three
// times as much to download.
type exporter struct {
	address string
	shown   string // The address without a password.
	client  *http.Client
	ctx     context.Context // Ends every delivery.
	stop    context.CancelFunc
	warned  sync.Once
}

// patience is how long a delivery may take. Meanwhile, the SDK's bounded queue takes in spans, and drops those for which it has
// no room.
const patience = 5 * time.Second

func newExporter(address *url.URL) *exporter {
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, MaxIdleConns: 1, IdleConnTimeout: time.Minute}
	e := &exporter{address: address.String(), shown: address.Redacted(), client: &http.Client{
		Timeout: patience, Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	e.ctx, e.stop = context.WithCancel(context.Background())
	context.AfterFunc(e.ctx, transport.CloseIdleConnections)
	return e
}

// ExportSpans implements sdktrace.SpanExporter. It never fails: the first spans that cannot be delivered are worth one warning.
func (e *exporter) ExportSpans(_ context.Context, spans []sdktrace.ReadOnlySpan) error {
	if err := e.post(spans); err != nil {
		e.warned.Do(func() { slog.Warn("traces cannot be delivered; this is the only warning", "to", e.shown, "cause", err) })
	}
	return nil
}

// Shutdown implements sdktrace.SpanExporter.
func (e *exporter) Shutdown(context.Context) error { return nil }

func (e *exporter) post(spans []sdktrace.ReadOnlySpan) error {
	body, err := json.Marshal(encode(spans))
	if err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	request, err := http.NewRequestWithContext(e.ctx, http.MethodPost, e.address, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := e.client.Do(request)
	if failed, ok := errors.AsType[*url.Error](err); ok {
		return failed.Err
	}
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	_, _ = io.CopyN(io.Discard, answer.Body, 64<<10) // So that the connection can be reused.
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("the receiver answered %d", answer.StatusCode)
	}
	return nil
}

// encode returns the spans of one app as OTLP has them.
func encode(spans []sdktrace.ReadOnlySpan) Export {
	all := ScopeSpans{}
	all.Scope.Name = scope
	for _, span := range spans {
		one := Span{
			TraceID: span.SpanContext().TraceID().String(), SpanID: span.SpanContext().SpanID().String(),
			Name: span.Name(), Kind: int(span.SpanKind()), Start: Int(span.StartTime().UnixNano()), End: Int(span.EndTime().UnixNano()),
			Attributes: attributes(span.Attributes()),
		}
		if span.Parent().HasSpanID() {
			one.Parent = span.Parent().SpanID().String()
		}
		if span.Status().Code == codes.Error {
			one.Status.Code, one.Status.Message = 2, span.Status().Description
		}
		all.Spans = append(all.Spans, one)
	}
	export := ResourceSpans{ScopeSpans: []ScopeSpans{all}}
	if len(spans) > 0 {
		export.Resource.Attributes = attributes(spans[0].Resource().Attributes())
	}
	return Export{[]ResourceSpans{export}}
}

func attributes(from []attribute.KeyValue) Attributes {
	to := make(Attributes, len(from))
	for i, one := range from {
		to[i].Key = string(one.Key)
		if one.Value.Type() == attribute.INT64 {
			to[i].Value.Number = new(Int(one.Value.AsInt64()))
		} else {
			to[i].Value.Text = new(one.Value.Emit())
		}
	}
	return to
}
