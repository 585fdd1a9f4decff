// Package problem writes errors as application/problem+json (RFC 9457).
package problem

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// Write answers with the status and a detail for the person who called. The detail must not reveal anything internal.
func Write(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	// The client may be gone, so the error does not matter.
	_ = json.NewEncoder(w).Encode(struct {
		Type   string `json:"type"`
		Title  string `json:"title"`
		Status int    `json:"status"`
		Detail string `json:"detail"`
	}{"about:blank", http.StatusText(status), status, detail})
}

// Refusal is the error of a request that was not tried because of Cause; it can be tried again after After.
type Refusal struct {
	Cause error
	After time.Duration
}

// Error is the cause.
func (r Refusal) Error() string { return r.Cause.Error() }

// Unwrap returns the cause.
func (r Refusal) Unwrap() error { return r.Cause }

// Unavailable answers 503 and says when to try again: in whole seconds, rounded up, at least one.
func Unavailable(w http.ResponseWriter, after time.Duration, detail string) {
	seconds := max(1, (after+time.Second-1)/time.Second)
	w.Header().Set("Retry-After", strconv.Itoa(int(seconds)))
	Write(w, http.StatusServiceUnavailable, detail)
}
