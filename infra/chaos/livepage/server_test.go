package livepage

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"chaosworkshop/infra/chaos/trace"
	"chaosworkshop/infra/lab/toxi"
)

// fakeControl notes what the page asks for.
type fakeControl struct {
	mutex sync.Mutex
	calls []string
}

func (f *fakeControl) note(format string, args ...any) error {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.calls = append(f.calls, fmt.Sprintf(format, args...))
	return nil
}

// asked is what the page asked for so far.
func (f *fakeControl) asked() string {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return strings.Join(f.calls, ", ")
}

func (f *fakeControl) Inject(_ context.Context, fault string) error {
	if _, err := toxi.Lookup(fault); err != nil {
		return err
	}
	return f.note("inject %s", fault)
}
func (f *fakeControl) Calm(context.Context) error                 { return f.note("calm") }
func (f *fakeControl) SetRate(_ context.Context, rate int) error  { return f.note("rate %d", rate) }
func (f *fakeControl) Pause(_ context.Context, paused bool) error { return f.note("pause %v", paused) }
func (f *fakeControl) Pool(_ context.Context, pooled bool) error  { return f.note("pool %v", pooled) }
func (f *fakeControl) Reset(context.Context) error                { return f.note("reset") }
func (f *fakeControl) Spans() *trace.Receiver                     { return &trace.Receiver{Done: func(trace.Request) {}} }

// serve serves a race that the test makes up.
func serve(t *testing.T) (*Server, *Hub, *fakeControl) {
	t.Helper()
	listener, err := Listen(0)
	if err != nil {
		t.Fatal(err)
	}
	hub := newTestHub(t, &bytes.Buffer{})
	control := &fakeControl{}
	server, err := Serve(listener, hub, control)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return server, hub, control
}

// ask sends a request with the header lines "Name: value", and returns the status and the body.
func ask(t *testing.T, method, url, body string, header ...string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		if name == "Host" {
			request.Host = value
		}
		request.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

const asJSON = "Content-Type: application/json"

func TestActions(t *testing.T) {
	server, _, control := serve(t)
	for _, call := range []struct{ path, body string }{
		{"fault", `{"name":"outage"}`}, {"calm", `{}`}, {"load", `{"rate":100}`},
		{"pause", `{"paused":true}`}, {"pool", `{"pooled":true}`}, {"reset", `{}`},
	} {
		if status, text := ask(t, "POST", server.URL()+"/api/"+call.path, call.body, asJSON); status != http.StatusNoContent {
			t.Errorf("%s answered %d: %s", call.path, status, text)
		}
	}
	want := "inject outage, calm, rate 100, pause true, pool true, reset"
	if got := control.asked(); got != want {
		t.Errorf("asked for %s, want %s", got, want)
	}
	if status, text := ask(t, "POST", server.URL()+"/api/fault", `{"name":"nonsense"}`, asJSON); status != 422 || !strings.Contains(text, "choose one of slow") {
		t.Errorf("an unknown fault answered %d: %s", status, text)
	}
}

func TestNobodyElseMayAct(t *testing.T) {
	server, _, control := serve(t)
	_, port, _ := strings.Cut(strings.TrimPrefix(server.URL(), "http://"), ":")
	outage := `{"name":"outage"}`
	for name, test := range map[string]struct {
		method, path, body string
		header             []string
		want               int
	}{
		"foreign origin":           {"POST", "/api/fault", outage, []string{asJSON, "Origin: http://evil.example"}, 403},
		"other port":               {"POST", "/api/fault", outage, []string{asJSON, "Origin: http://127.0.0.1:1"}, 403},
		"null origin":              {"POST", "/api/fault", outage, []string{asJSON, "Origin: null"}, 403},
		"cross-site by the header": {"POST", "/api/fault", outage, []string{asJSON, "Sec-Fetch-Site: cross-site"}, 403},
		"rebound name":             {"POST", "/api/fault", outage, []string{asJSON, "Host: evil.example:" + port, "Origin: http://evil.example:" + port, "Sec-Fetch-Site: same-origin"}, 421},
		"rebound name, reading":    {"GET", "/events", "", []string{"Host: evil.example:" + port}, 421},
		"a form":                   {"POST", "/api/fault", outage, []string{"Content-Type: text/plain"}, 415},
		"GET":                      {"GET", "/api/fault?name=outage", "", nil, 405},
		"not JSON":                 {"POST", "/api/fault", "outage", []string{asJSON}, 400},
		"much":                     {"POST", "/api/fault", `{"name":"` + strings.Repeat("x", 5000) + `"}`, []string{asJSON}, 400},
	} {
		if status, text := ask(t, test.method, server.URL()+test.path, test.body, test.header...); status != test.want {
			t.Errorf("%s: answered %d (%s), want %d", name, status, text, test.want)
		}
	}
	if got := control.asked(); got != "" {
		t.Errorf("someone else made the race do: %s", got)
	}
}

func TestListensOnLoopbackOnly(t *testing.T) {
	server, _, _ := serve(t)
	if !strings.HasPrefix(server.URL(), "http://127.0.0.1:") {
		t.Errorf("listens on %s, want loopback", server.URL())
	}
}

func TestEventsStartWithThePast(t *testing.T) {
	server, hub, _ := serve(t)
	add(t, hub, 0, 500)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL()+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text := ""
	piece := make([]byte, 64<<10)
	for !strings.Contains(text, `"t":1000`) {
		n, err := response.Body.Read(piece)
		text += string(piece[:n])
		if err != nil {
			t.Fatalf("the stream ended with %v after %s", err, text)
		}
		if strings.Contains(text, `"t":500`) && !strings.Contains(text, `"t":1000`) {
			add(t, hub, 1000)
		}
	}
	if !strings.HasPrefix(text, "retry: 1000\nevent: hello\n") {
		t.Errorf("the stream starts with %.60q", text)
	}
}

// link finds what a page loads.
var link = regexp.MustCompile(`(?:src|href)="([^"]*)"|"(/[a-z]+\.js)"`)

func TestPageIsLightAndNeedsNoNetwork(t *testing.T) {
	server, _, _ := serve(t)
	status, index := ask(t, "GET", server.URL()+"/", "")
	if status != 200 {
		t.Fatalf("GET / answered %d", status)
	}
	for _, found := range link.FindAllStringSubmatch(index, -1) {
		path := found[1] + found[2]
		if path == "/take-home.html" {
			continue
		}
		if !strings.HasPrefix(path, "data:") {
			t.Errorf("the page loads %s: it must hold everything itself", path)
		}
	}
	if found := regexp.MustCompile(`https?://[^']*`).FindString(strings.ReplaceAll(index, "http://www.w3.org/2000/svg", "")); found != "" {
		t.Errorf("the page names another host: %s", found)
	}
	t.Logf("the page weighs %d bytes", len(index))
	if len(index) < 30_000 || len(index) > 100_000 {
		t.Errorf("the page weighs %d bytes, want its scripts and at most 100,000", len(index))
	}
}

func TestTakeHomePageHoldsEverything(t *testing.T) {
	server, hub, _ := serve(t)
	add(t, hub, 0, 500, 1000)
	status, page := ask(t, "GET", server.URL()+"/take-home.html", "")
	if status != 200 || !strings.Contains(page, `{"t":1000,`) || !strings.Contains(page, "class Chart") {
		t.Errorf("answered %d; want the race and the chart in the page", status)
	}
	if found := regexp.MustCompile(`(?:src|href)="/[^"t]`).FindString(page); found != "" {
		t.Errorf("the page still loads %s", found)
	}
}

func TestPageMayRunNothingElse(t *testing.T) {
	server, _, _ := serve(t)
	response, err := http.Get(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	policy := response.Header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'", "script-src 'sha256-", "style-src 'sha256-"} {
		if !strings.Contains(policy, want) {
			t.Errorf("the policy %q lacks %s", policy, want)
		}
	}
	if strings.Contains(policy, "unsafe") || strings.Contains(policy, "script-src 'self'") {
		t.Errorf("the policy %q allows what is unsafe", policy)
	}
}
