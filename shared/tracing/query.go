package tracing

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strconv"
	"syscall"

	"github.com/go-sql-driver/mysql"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"chaosworkshop/shared/config"
)

// lateKey is the context key of an attempt that began when its user had already hung up.
type lateKey struct{}

// StartAttempt begins the span of one attempt at the query, if ctx is that of a request with a span. number counts from 1. The
// span ends with EndAttempt, which needs the returned context.
func StartAttempt(ctx context.Context, number int64, db config.Database) context.Context {
	span := trace.SpanFromContext(ctx)
	if !span.IsRecording() {
		return ctx
	}
	if hungUp(ctx) {
		ctx = context.WithValue(ctx, lateKey{}, true)
	}
	ctx, _ = start(ctx, span, AttemptSpan, db, trace.SpanKindClient, attribute.Int64(Attempt, number),
		attribute.String("db.operation.name", "SELECT"), attribute.String("db.namespace", db.Name))
	return ctx
}

// EndAttempt ends the span that StartAttempt began with err, nil for rows.
func EndAttempt(ctx context.Context, err error) { end(ctx, trace.SpanFromContext(ctx), err) }

// StartDial begins the span of a connection to the database, log-in included, if ctx is that of an attempt with a span. Call
// end with the error.
func StartDial(ctx context.Context, db config.Database) (_ context.Context, done func(error)) {
	span := trace.SpanFromContext(ctx)
	if !span.IsRecording() {
		return ctx, func(error) {}
	}
	ctx, span = start(ctx, span, DialSpan, db, trace.SpanKindInternal)
	return ctx, func(err error) { end(ctx, span, err) }
}

func start(ctx context.Context, parent trace.Span, name string, db config.Database, kind trace.SpanKind, more ...attribute.KeyValue) (context.Context, trace.Span) {
	return parent.TracerProvider().Tracer(scope).Start(ctx, name, trace.WithSpanKind(kind), trace.WithAttributes(append(more,
		attribute.String("db.system.name", "mysql"), attribute.String("server.address", db.Host), attribute.Int("server.port", db.Port))...))
}

func end(ctx context.Context, span trace.Span, err error) {
	if !span.IsRecording() {
		return
	}
	if err != nil {
		fail(span, kind(ctx, err), "")
	}
	span.End()
}

// fail marks the span as failed. Neither text is that of an error, which could hold anything.
func fail(span trace.Span, kind, words string) {
	span.SetAttributes(attribute.String(ErrorType, kind))
	span.SetStatus(codes.Error, words)
}

// hungUp tells whether the user of the request has hung up.
func hungUp(ctx context.Context) bool {
	user, ok := ctx.Value(userKey{}).(context.Context)
	return ok && user.Err() != nil
}

// The kinds of failures of an attempt or a dial. An error of the server has its number instead.
const (
	Timeout  = "timeout"           // The attempt's own bound.
	Deadline = "deadline_exceeded" // The bound of the whole request.
	Canceled = "canceled"          // The user hung up.
	Refused  = "connection_refused"
	Reset    = "connection_reset"
	Broken   = "connection_broken" // It ended, or carried bytes that are not MySQL's.
	Other    = "_OTHER"
)

// Windows' own numbers for these failures; no other system has them.
const (
	wsaReset   = syscall.Errno(10054)
	wsaRefused = syscall.Errno(10061)
)

// kind is the kind of the failure err of something done with ctx. The context comes first: when it ends, the driver returns
// whatever its connection says.
func kind(ctx context.Context, err error) string {
	server, answered := errors.AsType[*mysql.MySQLError](err)
	network, isNetwork := errors.AsType[net.Error](err)
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return Deadline
	case ctx.Err() != nil && hungUp(ctx) && ctx.Value(lateKey{}) == nil:
		return Canceled
	case ctx.Err() != nil: // A policy cancels an attempt that takes too long.
		return Timeout
	case answered:
		return strconv.Itoa(int(server.Number))
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, wsaRefused):
		return Refused
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, wsaReset):
		return Reset
	case isNetwork && network.Timeout():
		return Timeout
	case isNetwork, errors.Is(err, driver.ErrBadConn), errors.Is(err, mysql.ErrInvalidConn), errors.Is(err, io.EOF),
		errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, mysql.ErrMalformPkt), errors.Is(err, mysql.ErrPktSync):
		return Broken
	}
	return Other
}
