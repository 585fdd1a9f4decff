package server

import (
	"log/slog"
	"net/http"
	"time"

	"chaosworkshop/shared/metrics"
	"chaosworkshop/shared/tracing"
)

// statusClientGone is the status that the log and the metrics give a request whose client hung up: nobody read the answer.
const statusClientGone = 499

// observe logs each request in one line, counts it and, if traces is not nil, traces it.
func observe(next http.Handler, counts *metrics.Metrics, traces *tracing.Tracing) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		recorder := &statusRecorder{ResponseWriter: w, status: http.StatusOK}
		ctx, end := traces.Request(ForRequest(metrics.ForRequest(r.Context())), r, counts.BreakerState)
		next.ServeHTTP(recorder, r.WithContext(ctx))

		took, status := time.Since(start), recorder.status
		if r.Context().Err() != nil {
			status = statusClientGone
		}
		end(status)
		counts.Request(status, took)
		slog.InfoContext(ctx, "request", "method", r.Method, "url", shorten(r.URL.RequestURI()), "status", status, "took", took.Round(time.Microsecond))
	})
}

// statusRecorder remembers the status of the answer.
type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (r *statusRecorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the writer beneath.
func (r *statusRecorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// shorten keeps a log line on a screen, whatever a client sends.
func shorten(url string) string {
	const longest = 120
	if len(url) > longest {
		return url[:longest] + "..."
	}
	return url
}
