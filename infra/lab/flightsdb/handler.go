package flightsdb

import (
	"context"
	"fmt"

	"github.com/dolthub/go-mysql-server/server"
	"github.com/dolthub/vitess/go/mysql"
	"github.com/dolthub/vitess/go/sqltypes"
	querypb "github.com/dolthub/vitess/go/vt/proto/query"
)

// handler answers the clients' commands. It limits the resources of a statement, and gives errors their numbers.
type handler struct {
	*server.Handler
	statements *statements
	prepared   *prepared
}

// newHandler wraps the handler that the library makes.
func newHandler(statements *statements, prepared *prepared) server.HandlerWrapper {
	return func(h mysql.Handler) (mysql.Handler, error) {
		wrapped, ok := h.(*server.Handler)
		if !ok {
			return nil, fmt.Errorf("the library's handler is a %T", h)
		}
		return &handler{wrapped, statements, prepared}, nil
	}
}

// ComQuery implements mysql.Handler.
func (h *handler) ComQuery(ctx context.Context, c *mysql.Conn, query string, callback mysql.ResultSpoolFn) error {
	return h.statements.run(ctx, connOf(c), len(query), func(ctx context.Context, s *statement) error {
		return h.Handler.ComQuery(ctx, c, query, s.spool(callback))
	})
}

// ComMultiQuery implements mysql.Handler.
func (h *handler) ComMultiQuery(ctx context.Context, c *mysql.Conn, query string, callback mysql.ResultSpoolFn) (string, error) {
	rest := make(chan string, 1)
	err := h.statements.run(ctx, connOf(c), len(query), func(ctx context.Context, s *statement) error {
		remainder, err := h.Handler.ComMultiQuery(ctx, c, query, s.spool(callback))
		rest <- remainder
		return err
	})
	if err != nil {
		return "", err
	}
	return <-rest, nil
}

// ComPrepare implements mysql.Handler.
func (h *handler) ComPrepare(ctx context.Context, c *mysql.Conn, query string, prepare *mysql.PrepareData) ([]*querypb.Field, error) {
	if err := h.prepared.makeRoom(c); err != nil {
		delete(c.PrepareData, prepare.StatementID)
		return nil, err
	}
	described := make(chan []*querypb.Field, 1)
	err := h.statements.run(ctx, connOf(c), len(query), func(ctx context.Context, _ *statement) error {
		fields, err := h.Handler.ComPrepare(ctx, c, query, prepare)
		described <- fields
		return err
	})
	if err != nil {
		delete(c.PrepareData, prepare.StatementID)
		return nil, err
	}
	return <-described, nil
}

// ComStmtExecute implements mysql.Handler.
func (h *handler) ComStmtExecute(ctx context.Context, c *mysql.Conn, prepare *mysql.PrepareData, callback func(*sqltypes.Result) error) error {
	return h.statements.run(ctx, connOf(c), len(prepare.PrepareStmt), func(ctx context.Context, s *statement) error {
		return h.Handler.ComStmtExecute(ctx, c, prepare, func(result *sqltypes.Result) error {
			return s.send(func() error { return callback(result) })
		})
	})
}

// ConnectionClosed implements mysql.Handler.
func (h *handler) ConnectionClosed(c *mysql.Conn) {
	h.prepared.forget(c.ConnectionID)
	h.Handler.ConnectionClosed(c)
}

// ComResetConnection implements mysql.Handler.
func (h *handler) ComResetConnection(c *mysql.Conn) error {
	h.prepared.forget(c.ConnectionID)
	return h.Handler.ComResetConnection(c)
}

// spool sends the parts of an answer for as long as the statement may.
func (s *statement) spool(callback mysql.ResultSpoolFn) mysql.ResultSpoolFn {
	return func(result *sqltypes.Result, more bool) error {
		return s.send(func() error { return callback(result, more) })
	}
}

// connOf is the connection below the protocol.
func connOf(c *mysql.Conn) *conn { return c.Conn.(*conn) }
