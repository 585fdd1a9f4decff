package toxi

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// serves waits until the proxy passes bytes on.
func serves(t *testing.T, addr string) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		got := ask(addr, 10, time.Second)
		if got.err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("nothing passes through %s: %v", addr, got.err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// A Toxiproxy of someone else that restarts has lost the proxy, and gets it back; a fault can then be injected as before.
func TestProxyComesBackAfterARestart(t *testing.T) {
	noLeaks(t)
	external, err := Start(t.Context(), Options{APIAddr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	addr := strings.TrimPrefix(external.URL(), "http://")
	server, err := Start(t.Context(), Options{APIAddr: addr, Listen: "127.0.0.1:0", Upstream: serveBytes(t)})
	if err != nil {
		t.Fatal(err)
	}
	serves(t, server.ProxyAddr())
	if err := external.Close(); err != nil {
		t.Fatal(err)
	}
	if external, err = Start(t.Context(), Options{APIAddr: addr}); err != nil {
		t.Fatal(err)
	}
	defer external.Close()
	serves(t, server.ProxyAddr())
	if err := server.Inject(t.Context(), ProxyName, fault(t, "slow")); err != nil {
		t.Error(err)
	}
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	if proxies, err := external.Proxies(t.Context()); err != nil || len(proxies) > 0 {
		t.Errorf("proxies after the end: %v, %v, want none", proxies, err)
	}
}

// Toxiproxy answered with its plain version until 2.6, and builds without one call themselves git.
func TestVersions(t *testing.T) {
	for answer, want := range map[string]string{
		"2.5.0": "2.5.0", "2.1.4\n": "2.1.4", "git": "git", `{"version": 2.6.0}`: "2.6.0", `{"version": "2.12.0"}` + "\n": "2.12.0",
		`{"version": "git"}`: "git", "<html>2.5.0": "", "": "", `{"status":"UP"}`: "",
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(answer)) }))
		got, err := NewClient(server.URL).Version(t.Context())
		server.Close()
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: got %q, %v, want %q", answer, got, err, want)
		}
	}
}

// A rebuild whose port is taken for longer than it waits gets the port as soon as it is free.
func TestRebuildTriesItsPortAgain(t *testing.T) {
	noLeaks(t)
	server := startProxy(t, serveBytes(t))
	addr := server.ProxyAddr()
	server.engine.mutex.Lock()
	stuck := server.engine.api
	server.engine.mutex.Unlock()
	taken := make(chan net.Listener)
	go func() {
		for {
			if listener, err := net.Listen("tcp", addr); err == nil {
				taken <- listener
				return
			}
		}
	}()
	// The old proxy is stopped first, so that the port is free for the stranger.
	for _, proxy := range stuck.Collection.Proxies() {
		proxy.Stop()
	}
	stranger := <-taken
	if err := server.engine.rebuild(stuck); err == nil {
		t.Error("the port was taken; got no error")
	}
	if _, err := server.Proxy(t.Context(), ProxyName); err == nil {
		t.Error("the proxy is there, though its port is taken")
	}
	stranger.Close()
	serves(t, addr)
	if err := server.Calm(t.Context(), ProxyName); err != nil {
		t.Error(err)
	}
}
