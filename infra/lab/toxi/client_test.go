package toxi

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"
)

// fault is a fault of the catalogue.
func fault(t *testing.T, name string) Fault {
	t.Helper()
	found, err := Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// inPlace are the types of the toxics on ProxyName, and "disabled" when it is.
func inPlace(t *testing.T, server *Server) []string {
	t.Helper()
	proxy := proxyNow(t, server)
	types := []string{}
	for _, toxic := range proxy.Toxics {
		types = append(types, toxic.Type)
	}
	if !proxy.Enabled {
		types = append(types, "disabled")
	}
	return types
}

// One fault at a time: the next replaces every toxic, even those that others added.
func TestInjectReplaces(t *testing.T) {
	noLeaks(t)
	server := startProxy(t, serveBytes(t))
	foreign := Toxic{Name: "mine", Type: "latency", Stream: "upstream", Toxicity: 1, Attributes: map[string]int64{"latency": 5}}
	if err := server.call(t.Context(), http.MethodPost, proxyPath(ProxyName)+"/toxics", foreign, nil); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct{ fault, want string }{
		{"slow", "latency"}, {"slow", "latency"}, {"outage", "timeout"}, {"refused", "disabled"}, {"refused", "disabled"},
		{"cut", "limit_data"},
	} {
		if err := server.Inject(t.Context(), ProxyName, fault(t, step.fault)); err != nil {
			t.Fatalf("%s: %v", step.fault, err)
		}
		if got := inPlace(t, server); !reflect.DeepEqual(got, []string{step.want}) {
			t.Errorf("%s: %v in place, want %s alone", step.fault, got, step.want)
		}
	}
}

func TestCalmAll(t *testing.T) {
	noLeaks(t)
	upstream := serveBytes(t)
	server := startProxy(t, upstream)
	if _, err := server.Create(t.Context(), "other", "127.0.0.1:0", upstream); err != nil {
		t.Fatal(err)
	}
	for name, what := range map[string]string{ProxyName: "slow", "other": "refused"} {
		if err := server.Inject(t.Context(), name, fault(t, what)); err != nil {
			t.Fatal(err)
		}
	}
	// Twice: calm stays calm.
	for range 2 {
		if count, err := server.CalmAll(t.Context()); err != nil || count != 2 {
			t.Fatalf("calm: %d proxies, %v, want 2", count, err)
		}
		proxies, err := server.Proxies(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, proxy := range proxies {
			if !proxy.Enabled || len(proxy.Toxics) > 0 {
				t.Errorf("not calm: %+v", proxy)
			}
		}
	}
}

func TestInjectFor(t *testing.T) {
	for _, test := range []struct {
		name string
		ttl  time.Duration
		end  bool
	}{
		{name: "to its end", ttl: 100 * time.Millisecond},
		{name: "until Ctrl-C", ttl: time.Hour, end: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			noLeaks(t)
			server := startProxy(t, serveBytes(t))
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			done := make(chan error)
			go func() { done <- server.InjectFor(ctx, ProxyName, fault(t, "blackhole"), test.ttl) }()
			for len(inPlace(t, server)) == 0 {
				time.Sleep(time.Millisecond)
			}
			if test.end {
				cancel()
			}
			if err := <-done; err != nil {
				t.Error(err)
			}
			if got := inPlace(t, server); len(got) > 0 {
				t.Errorf("%v in place after it, want nothing", got)
			}
		})
	}
}

// Every call ends, with one line that says what to do.
func TestCallFails(t *testing.T) {
	noLeaks(t)
	const nobody = "http://127.0.0.1:1"
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer silent.Close()
	stranger := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("<html>")) }))
	defer stranger.Close()
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadGateway)
		w.Write([]byte("<html>\n<h1>Bad gateway</h1>"))
	}))
	defer page.Close()
	for _, test := range []struct{ name, url, want string }{
		{"nobody there", nobody, "no Toxiproxy answers at " + nobody + "; start `make infra` or `make exercise1` first, or set TOXIPROXY_PORT to its port"},
		{"silent", silent.URL, "the Toxiproxy at " + silent.URL + " does not answer; restart it"},
		{"no Toxiproxy", stranger.URL, "the program at " + stranger.URL + " is not Toxiproxy ("},
		{"a proxy's error page", page.URL, "is not Toxiproxy (GET /version: 502 Bad Gateway); remove TOXIPROXY_PORT"},
	} {
		t.Run(test.name, func(t *testing.T) {
			client := NewClient(test.url)
			client.http.Timeout = 100 * time.Millisecond
			begin := time.Now()
			_, err := client.Version(t.Context())
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %q, want one line that says %q", err, test.want)
			}
			if took := time.Since(begin); took > 5*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
	t.Run("interrupted", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := NewClient(silent.URL).Version(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v, want %v", err, context.Canceled)
		}
	})
}

func TestUnknownProxy(t *testing.T) {
	noLeaks(t)
	server := startProxy(t, serveBytes(t))
	for name, err := range map[string]error{
		"inject": server.Inject(t.Context(), "nobody", fault(t, "slow")),
		"calm":   server.Calm(t.Context(), "nobody"),
	} {
		want := "the Toxiproxy at " + server.URL() + " has no proxy nobody; `make infra` or `make exercise1` creates it (not found)"
		if !errors.Is(err, errNotFound) || err.Error() != want {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
	if err := server.Delete(t.Context(), "nobody"); err != nil {
		t.Errorf("delete: %v", err)
	}
}
