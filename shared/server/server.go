// Package server serves an exercise over HTTP: log, metrics, graceful shutdown.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"chaosworkshop/shared/metrics"
	"chaosworkshop/shared/problem"
	"chaosworkshop/shared/tracing"
)

// grace is how long requests in flight may take to end once a shutdown has begun.
const grace = 10 * time.Second

// Serve answers requests on addr with handler, and GET /metrics with the counts, until ctx ends. Then it accepts no
// more requests, gives those in flight 10 s to end, and returns nil. A default port that is taken gives way to the next free one.
// If OTEL_EXPORTER_OTLP_ENDPOINT is set, each request is traced.
func Serve(ctx context.Context, addr string, handler http.Handler, counts *metrics.Metrics) error {
	listener, release, err := listen(addr)
	if err != nil {
		return err
	}
	defer release()
	traces := tracing.Start()
	defer traces.Stop()
	return serve(ctx, listener, handler, counts, traces)
}

func serve(ctx context.Context, listener net.Listener, handler http.Handler, counts *metrics.Metrics, traces *tracing.Tracing) error {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", counts.Handler())
	mux.HandleFunc("/metrics", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Allow", "GET, HEAD")
		problem.Write(w, http.StatusMethodNotAllowed, "Use GET.")
	})
	mux.Handle("/", observe(handler, counts, traces))
	server := &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(slog.Default().Handler(), slog.LevelDebug),
	}

	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	slog.Info("listening", "url", "http://"+listener.Addr().String())

	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	slog.Info("shutting down", "grace", grace)
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	err := server.Shutdown(bounded)
	if errors.Is(err, context.DeadlineExceeded) {
		slog.Warn("requests in flight were cut off", "after", grace)
		err = server.Close()
	}
	<-failed
	if err != nil {
		return fmt.Errorf("shut down: %w", err)
	}
	return nil
}
