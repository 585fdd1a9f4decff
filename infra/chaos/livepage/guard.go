package livepage

import (
	"net"
	"net/http"
	"slices"

	"chaosworkshop/shared/problem"
)

// guard lets nobody but our own page act: whoever opens a hostile page in the same browser must not get a fault injected.
//
// The Host must be one of ours, or a name that a hostile page made point to 127.0.0.1 would be its own origin. A request
// from another origin changes nothing, says CrossOriginProtection, and a GET changes nothing anyway. policy is the
// content security policy of the page: nothing but ours runs in it.
func guard(addr net.Addr, policy string, next http.Handler) http.Handler {
	hosts := []string{addr.String()}
	if _, port, err := net.SplitHostPort(addr.String()); err == nil {
		hosts = append(hosts, net.JoinHostPort("localhost", port))
	}
	crossOrigin := http.NewCrossOriginProtection()
	crossOrigin.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		problem.Write(w, http.StatusForbidden, "Only the console's own page may do that.")
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
			problem.Write(w, http.StatusMisdirectedRequest, "The console answers at http://"+addr.String()+" only.")
			return
		}
		guarded.ServeHTTP(w, r)
	})
}
