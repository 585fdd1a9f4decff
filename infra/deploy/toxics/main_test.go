package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"chaosworkshop/infra/lab/toxi"
)

func TestMetricsFollowTheToxics(t *testing.T) {
	server, err := toxi.Start(t.Context(), toxi.Options{APIAddr: "127.0.0.1:0", Listen: "127.0.0.1:0", Upstream: "127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	exporter := httptest.NewServer(handler(server.Client))
	defer exporter.Close()

	calm := `toxiproxy_proxy_enabled{proxy="mysql_proxy"} 1`
	if status, got := scrape(t, exporter.URL); status != http.StatusOK || !strings.Contains(got, calm) || strings.Contains(got, "toxiproxy_toxic{") {
		t.Errorf("calm: got %d %s, want %s and no toxic", status, got, calm)
	}
	for fault, want := range map[string]string{
		"flaky":   `toxiproxy_toxic{proxy="mysql_proxy",stream="downstream",toxic="timeout_downstream",type="timeout"} 0.8`,
		"refused": `toxiproxy_proxy_enabled{proxy="mysql_proxy"} 0`,
	} {
		injected, err := toxi.Lookup(fault)
		if err != nil {
			t.Fatal(err)
		}
		if err := server.Inject(t.Context(), toxi.ProxyName, injected); err != nil {
			t.Fatal(err)
		}
		if status, got := scrape(t, exporter.URL); status != http.StatusOK || !strings.Contains(got, want) {
			t.Errorf("%s: got %d %s, want %s", fault, status, got, want)
		}
	}
}

func TestNoToxiproxyIsAnErrorNotCalm(t *testing.T) {
	exporter := httptest.NewServer(handler(toxi.NewClient("http://127.0.0.1:1")))
	defer exporter.Close()
	if status, _ := scrape(t, exporter.URL); status != http.StatusInternalServerError {
		t.Errorf("got %d, want 500", status)
	}
}

func scrape(t *testing.T, url string) (int, string) {
	t.Helper()
	answer, err := http.Get(url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}
