package trace

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"chaosworkshop/infra/chaos/load"
	"chaosworkshop/shared/tracing"
)

// span is a span from and to a time in milliseconds; attributes alternate names and values.
func span(id, parent string, kind int, from, to int64, attributes ...string) tracing.Span {
	one := tracing.Span{SpanID: id, Parent: parent, Kind: kind, Start: tracing.Int(from * 1e6), End: tracing.Int(to * 1e6)}
	for i := 0; i < len(attributes); i += 2 {
		attribute := tracing.Attribute{Key: attributes[i]}
		attribute.Value.Text = &attributes[i+1]
		one.Attributes = append(one.Attributes, attribute)
	}
	return one
}

// attempt is an attempt with one dial; kind is how both failed.
func attempt(number string, from, to int64, kind string) []tracing.Span {
	id := "a" + number
	return []tracing.Span{
		span("d"+id, id, 1, from, to-1, tracing.ErrorType, kind),
		span(id, "r", 3, from, to, tracing.Attempt, number, tracing.ErrorType, kind),
	}
}

// collect sends each batch in a request of its own, and returns what comes out.
func collect(t *testing.T, batches ...[]tracing.Span) []Request {
	t.Helper()
	var got []Request
	receiver := &Receiver{Done: func(request Request) { got = append(got, request) }}
	for _, batch := range batches {
		export := tracing.Export{ResourceSpans: []tracing.ResourceSpans{{ScopeSpans: []tracing.ScopeSpans{{Spans: batch}}}}}
		body, err := json.Marshal(export)
		if err != nil {
			t.Fatal(err)
		}
		if code := post(receiver, "application/json", string(body)); code != http.StatusOK {
			t.Fatalf("status: got %d, want 200", code)
		}
	}
	return got
}

func post(receiver *Receiver, kind, body string) int {
	request := httptest.NewRequest(http.MethodPost, "/v1/traces", strings.NewReader(body))
	request.Header.Set("Content-Type", kind)
	answer := httptest.NewRecorder()
	receiver.ServeHTTP(answer, request)
	return answer.Code
}

// A request is complete, in order, however its spans are spread over batches.
func TestARequestIsPutTogether(t *testing.T) {
	var all []tracing.Span
	for i := range 4 {
		all = append(all, attempt(fmt.Sprint(i+1), int64(i*100), int64(i*100+80), tracing.Broken)...)
	}
	all = append(all, span("r", "", kindServer, 0, 400, tracing.Status, "500"))
	for cut := range len(all) {
		got := collect(t, all[:cut], all[cut:])
		if len(got) != 1 {
			t.Fatalf("cut after %d: got %d requests, want 1", cut, len(got))
		}
		var names []string
		for _, line := range got[0].Lines(Limits{}) {
			names = append(names, line.Name)
		}
		want := "request attempt 1 dial backoff attempt 2 dial backoff attempt 3 dial backoff attempt 4 dial"
		if text := strings.Join(names, " "); text != want {
			t.Errorf("cut after %d: got %s, want %s", cut, text, want)
		}
	}
}

func TestWordsAndSentences(t *testing.T) {
	limits := Limits{time.Second, 10, 5 * time.Second}
	for _, test := range []struct {
		name      string
		attempts  [][]tracing.Span
		root      tracing.Span
		outcome   load.Outcome
		last, say string
	}{
		{"served", [][]tracing.Span{attempt("1", 0, 3, "")}, span("r", "", 2, 0, 3, tracing.Status, "200"),
			load.OK, "connected after 2.0 ms", "first attempt succeeded"},
		{"healed", [][]tracing.Span{attempt("1", 0, 1000, tracing.Timeout), attempt("2", 1050, 1100, "")}, span("r", "", 2, 0, 1100, tracing.Status, "200"),
			load.OK, "connected after 49 ms", "1 attempt failed; attempt 2 served"},
		{"timeout", [][]tracing.Span{attempt("1", 0, 1000, tracing.Timeout)}, span("r", "", 2, 0, 1000, tracing.Status, "504"),
			load.Timeout, "timed out after 999 ms", "TIMEOUT (1 s) ended the only attempt"},
		{"deadline in an attempt", [][]tracing.Span{attempt("1", 0, 4000, "1040"), attempt("2", 4100, 5000, tracing.Deadline)}, span("r", "", 2, 0, 5000, tracing.Status, "504"),
			load.Timeout, "ended by DEADLINE after 899 ms", "1 attempt failed, then DEADLINE (5 s)"},
		{"deadline in a backoff", [][]tracing.Span{attempt("1", 0, 2000, tracing.Reset), attempt("2", 2100, 4950, tracing.Reset)}, span("r", "", 2, 0, 5000, tracing.Status, "504"),
			load.Timeout, "50 ms, ended by DEADLINE", "2 attempts failed, then DEADLINE (5 s)"},
		{"refused", nil, span("r", "", 2, 0, 0, tracing.Status, "503", tracing.Breaker, "open"),
			load.Rejected, "503 rejected, breaker open", "leaves the database alone"},
		{"opened meanwhile", nil, span("r", "", 2, 0, 0, tracing.Status, "503", tracing.Breaker, "closed"),
			load.Rejected, "503 rejected, breaker open", "The breaker is open"},
		{"beside a probe", nil, span("r", "", 2, 0, 0, tracing.Status, "503", tracing.Breaker, "half-open"),
			load.Rejected, "503 rejected, breaker half-open", "another request is its probe"},
		{"a probe", [][]tracing.Span{attempt("1", 0, 3, "")}, span("r", "", 2, 0, 3, tracing.Status, "200", tracing.Breaker, "half-open"),
			load.OK, "connected after 2.0 ms", "It was the breaker's probe."},
		{"the user hung up", [][]tracing.Span{attempt("1", 0, 2000, tracing.Canceled)}, span("r", "", 2, 0, 2000),
			load.NoAnswer, "the user hung up after 2 s", "The user gave up"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var batch []tracing.Span
			for _, one := range test.attempts {
				batch = append(batch, one...)
			}
			got := collect(t, append(batch, test.root))[0]
			lines := got.Lines(limits)
			if last := lines[len(lines)-1].Words; got.Outcome() != test.outcome || last != test.last {
				t.Errorf("got %s and %q, want %s and %q", got.Outcome(), last, test.outcome, test.last)
			}
			if say := got.Sentence(limits); !strings.Contains(say, test.say) {
				t.Errorf("got %q, want %q in it", say, test.say)
			}
			var out bytes.Buffer
			got.Print(&out, limits)
			picture, _, _ := strings.Cut(out.String(), "\n\n")
			for text := range strings.Lines(picture) {
				if width := utf8.RuneCountInString(strings.TrimRight(text, "\n")); width > 80 {
					t.Errorf("%d columns, want 80 at most: %s", width, text)
				}
			}
		})
	}
}

func TestHostileSpans(t *testing.T) {
	receiver := &Receiver{Done: func(r Request) { r.Lines(Limits{}); r.Sentence(Limits{}) }}
	for _, test := range []struct {
		kind, body string
		want       int
	}{
		{"application/x-protobuf", "", http.StatusUnsupportedMediaType},
		{"", "{}", http.StatusUnsupportedMediaType},
		{"application/json; charset=utf-8", "{}", http.StatusOK},
		{"application/json", "", http.StatusBadRequest},
		{"application/json", `{"resourceSpans":1}`, http.StatusBadRequest},
		{"application/json", `{"resourceSpans":[{"scopeSpans":[{"spans":[{"startTimeUnixNano":"x"}]}]}]}`, http.StatusBadRequest},
		{"application/json", `{"resourceSpans":[{"scopeSpans":[{"spans":[{"kind":2,"startTimeUnixNano":9,"endTimeUnixNano":"-9"}]}]}]}`, http.StatusOK},
		{"application/json", `{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"` + strings.Repeat("x", longest) + `"}]}]}]}`, http.StatusRequestEntityTooLarge},
	} {
		if got := post(receiver, test.kind, test.body); got != test.want {
			t.Errorf("%s %.80q: got %d, want %d", test.kind, test.body, got, test.want)
		}
	}
	for i := range 10 * mostSpans { // Their parents never come.
		receiver.keep(tracing.Span{Parent: fmt.Sprint(i)})
		receiver.keep(tracing.Span{Parent: "the same"})
	}
	if kept := len(receiver.parts) + len(receiver.older); kept > 2*mostSpans || len(receiver.parts["the same"]) > mostParts {
		t.Errorf("%d spans are kept, want %d at most", kept, 2*mostSpans)
	}
}
