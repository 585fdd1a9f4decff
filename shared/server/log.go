package server

import (
	"context"
	"log"
	"log/slog"
	"math/rand/v2"
	"os"
	"strconv"
)

// requestKey is the context key for a request's id.
type requestKey struct{}

// ForRequest returns ctx for one request: lines logged with it carry an id, which tells them from the lines of others.
func ForRequest(ctx context.Context) context.Context {
	return context.WithValue(ctx, requestKey{}, strconv.FormatUint(uint64(rand.Uint32()), 36))
}

// LogRequestIDs adds to each slog line the id of the request that it is about.
func LogRequestIDs() {
	slog.SetDefault(slog.New(WithRequestID(slog.Default().Handler())))
	// SetDefault has turned the log package into slog's, and slog's own handler writes to the log package: undo that.
	log.SetOutput(os.Stderr)
	log.SetFlags(log.LstdFlags | log.Lmicroseconds)
}

// WithRequestID returns a handler that adds to each record the id of the request whose context it was logged with.
func WithRequestID(next slog.Handler) slog.Handler { return requestHandler{next} }

type requestHandler struct{ slog.Handler }

// Handle implements slog.Handler.
func (h requestHandler) Handle(ctx context.Context, record slog.Record) error {
	if id, ok := ctx.Value(requestKey{}).(string); ok {
		record.AddAttrs(slog.String("request", id))
	}
	return h.Handler.Handle(ctx, record)
}
