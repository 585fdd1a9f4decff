package toxi

import (
	"net"
	"net/http"
)

// guard answers 403 to what a web page in a browser sends, and passes on the rest. Toxiproxy serves no page, so every
// Origin is a foreign one. Where it listens on loopback, it is also called by a loopback name: a page whose own name
// was rebound to 127.0.0.1 still calls it by that name. Elsewhere any name may be right, such as that of a compose
// service.
func guard(next http.Handler, loopback bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Origin") != "":
			fail(w, http.StatusForbidden, "web pages may not call Toxiproxy")
		case loopback && !isLoopback(r.Host):
			fail(w, http.StatusForbidden, "call this Toxiproxy by localhost or a loopback address")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// isLoopback tells whether a host, with or without a port, is this computer.
func isLoopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	// A Host header without a port keeps the brackets of an IPv6 address.
	if len(host) > 2 && host[0] == '[' && host[len(host)-1] == ']' {
		host = host[1 : len(host)-1]
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
