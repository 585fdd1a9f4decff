package load

import (
	"errors"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Result is the result of one request.
type Result struct {
	// Seq counts the requests from 0, in the order in which they were sent.
	Seq int
	// Index is that of the pair or request in the options.
	Index int
	// At is when the request was sent.
	At time.Time
	// Latency is the time from there to the end of the answer, or to giving up.
	Latency time.Duration
	// Status is the HTTP status; 0 when there was no answer.
	Status int
	// Err says why there was no answer; empty when there was one.
	Err string
	// Wrong marks an answer of 2xx or 3xx that is not the right one, if the options can tell.
	Wrong bool
	// RetryAfter is the answer's Retry-After in seconds, whether it is a number or a date; 0 when it has none.
	RetryAfter float64
}

// Outcome is what a result means to the user.
type Outcome string

// The outcomes, from good to bad.
const (
	// OK is any 2xx.
	OK Outcome = "served"
	// Rejected is a 503: the circuit breaker refused without asking the database.
	Rejected Outcome = "rejected"
	// Timeout is a 504: a timeout or a deadline ended the wait.
	Timeout Outcome = "timeout"
	// Error is any other answer, usually a 500.
	Error Outcome = "error"
	// NoAnswer is a request to which no answer came: the app is down, or it took longer than the client waits.
	NoAnswer Outcome = "no answer"
)

// GaveUp is the error of a request whose user waited in vain.
const GaveUp = "no answer in time"

// Outcomes are all outcomes, from good to bad.
func Outcomes() []Outcome { return []Outcome{OK, Rejected, Timeout, Error, NoAnswer} }

// Outcome classifies the result.
func (r Result) Outcome() Outcome {
	switch {
	case r.Status == 0:
		return NoAnswer
	case r.Status >= 200 && r.Status < 300:
		return OK
	case r.Status == http.StatusServiceUnavailable:
		return Rejected
	case r.Status == http.StatusGatewayTimeout:
		return Timeout
	default:
		return Error
	}
}

// retryAfter is the header's value in seconds from now, or a moment for a date that is over; 0 when it is neither a number
// nor a date.
func retryAfter(value string, now time.Time) float64 {
	if at, err := http.ParseTime(value); err == nil {
		return max(0.001, at.Sub(now).Seconds())
	}
	seconds, _ := strconv.Atoi(value)
	return float64(seconds)
}

// reason shortens Go's error of a failed request: `Get "http://...": dial tcp ...: connect: connection refused`.
func reason(err error) string {
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		return GaveUp
	}
	if IsOutOfPorts(err) {
		return errPorts
	}
	parts := strings.Split(err.Error(), ": ")
	return parts[len(parts)-1]
}
