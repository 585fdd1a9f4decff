package page

import (
	"context"
	"net"
	"net/http"
	"slices"
	"time"

	"chaosworkshop/shared/problem"
)

// Serve serves a page that streams nothing, until ctx ends.
func Serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{Handler: handler, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second, MaxHeaderBytes: 16 << 10}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if server.Shutdown(closing) != nil {
		return server.Close()
	}
	return nil
}

// Guard lets only our own page act: a hostile page in the same browser must not be able to inject a fault.
//
// The Host must be one of ours: otherwise a hostile page could point its own name to 127.0.0.1 and share our origin.
// CrossOriginProtection rejects changes from other origins, and a GET changes nothing anyway. policy is the content
// security policy of the page: only our own code runs in it.
func Guard(addr net.Addr, policy string, next http.Handler) http.Handler {
	hosts := []string{addr.String()}
	if _, port, err := net.SplitHostPort(addr.String()); err == nil {
		hosts = append(hosts, net.JoinHostPort("localhost", port))
	}
	crossOrigin := http.NewCrossOriginProtection()
	crossOrigin.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		problem.Write(w, http.StatusForbidden, "Only the page itself may do that.")
	}))
	guarded := crossOrigin.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", policy)
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("X-Frame-Options", "DENY")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cache-Control", "no-store")
		if !slices.Contains(hosts, r.Host) {
			problem.Write(w, http.StatusMisdirectedRequest, "The page answers only at http://"+addr.String()+".")
			return
		}
		guarded.ServeHTTP(w, r)
	})
}
