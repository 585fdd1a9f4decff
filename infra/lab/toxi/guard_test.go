package toxi

import (
	"io"
	"net/http"
	"strings"
	"testing"

	toxiproxy "github.com/Shopify/toxiproxy/v2/client"
)

// Programs may call Toxiproxy, web pages may not: neither with an Origin, nor under a name that was rebound to this computer.
func TestGuard(t *testing.T) {
	noLeaks(t)
	loopback := startProxy(t, serveBytes(t))
	everywhere, err := Start(t.Context(), Options{APIAddr: "0.0.0.0:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer everywhere.Close()
	port := everywhere.URL()[strings.LastIndex(everywhere.URL(), ":"):]
	for _, test := range []struct {
		name, url, host, origin string
		want                    int
	}{
		{name: "as it is", url: loopback.URL(), want: http.StatusOK},
		{name: "localhost", url: loopback.URL(), host: "localhost:8474", want: http.StatusOK},
		{name: "IPv6", url: loopback.URL(), host: "[::1]:8474", want: http.StatusOK},
		{name: "no port", url: loopback.URL(), host: "[::1]", want: http.StatusOK},
		{name: "rebound name", url: loopback.URL(), host: "attacker.example:8474", want: http.StatusForbidden},
		{name: "name like localhost", url: loopback.URL(), host: "localhost.attacker.example", want: http.StatusForbidden},
		{name: "address like loopback", url: loopback.URL(), host: "127.0.0.1.attacker.example:8474", want: http.StatusForbidden},
		{name: "other address", url: loopback.URL(), host: "192.0.2.1:8474", want: http.StatusForbidden},
		{name: "foreign origin", url: loopback.URL(), origin: "https://attacker.example", want: http.StatusForbidden},
		{name: "opaque origin", url: loopback.URL(), origin: "null", want: http.StatusForbidden},
		{name: "compose service", url: "http://127.0.0.1" + port, host: "toxiproxy:8474", want: http.StatusOK},
		{name: "foreign origin, every interface", url: "http://127.0.0.1" + port, origin: "https://attacker.example", want: http.StatusForbidden},
	} {
		t.Run(test.name, func(t *testing.T) {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, test.url+"/populate", strings.NewReader("[]"))
			if err != nil {
				t.Fatal(err)
			}
			request.Close = true
			request.Host = test.host
			if test.origin != "" {
				request.Header.Set("Origin", test.origin)
			}
			answer, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			body, err := io.ReadAll(answer.Body)
			if err != nil {
				t.Fatal(err)
			}
			got := answer.StatusCode
			if got == http.StatusCreated {
				got = http.StatusOK
			}
			if got != test.want {
				t.Errorf("status %d, want %d: %s", got, test.want, body)
			}
			if lines := strings.Count(string(body), "\n"); got == http.StatusForbidden && lines != 1 {
				t.Errorf("%d lines, want one: %q", lines, body)
			}
		})
	}
}

// Toxiproxy's own Go client works as with any Toxiproxy.
func TestUpstreamClient(t *testing.T) {
	server := startProxy(t, serveBytes(t))
	client := toxiproxy.NewClient(server.URL())
	proxy, err := client.Proxy(ProxyName)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := proxy.AddToxic("", "latency", "downstream", 1, toxiproxy.Attributes{"latency": 5}); err != nil {
		t.Fatal(err)
	}
	if got := inPlace(t, server); len(got) != 1 || got[0] != "latency" {
		t.Errorf("%v in place, want latency", got)
	}
	if err := client.ResetState(); err != nil {
		t.Fatal(err)
	}
	if got := inPlace(t, server); len(got) > 0 {
		t.Errorf("%v in place after a reset, want nothing", got)
	}
}
