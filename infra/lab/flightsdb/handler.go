package flightsdb

import (
	"context"
	"fmt"

	sqle "github.com/dolthub/go-mysql-server"
	"github.com/dolthub/go-mysql-server/server"
	"github.com/dolthub/vitess/go/mysql"
	"github.com/dolthub/vitess/go/sqltypes"
	querypb "github.com/dolthub/vitess/go/vt/proto/query"
)

// handler answers the clients' commands. It limits the resources of a statement, and gives errors their numbers.
type handler struct {
	*server.Handler
	prepared   *sqle.PreparedDataCache
	statements *statements
}

// newHandler wraps the handler that the library makes.
func newHandler(engine *sqle.Engine, statements *statements) server.HandlerWrapper {
	return func(h mysql.Handler) (mysql.Handler, error) {
		wrapped, ok := h.(*server.Handler)
		if !ok {
			return nil, fmt.Errorf("the library's handler is a %T", h)
		}
		return &handler{wrapped, engine.PreparedDataCache, statements}, nil
	}
}

// ComQuery implements mysql.Handler.
func (h *handler) ComQuery(ctx context.Context, c *mysql.Conn, query string, callback mysql.ResultSpoolFn) error {
	return h.bounded(ctx, func(ctx context.Context) error {
		return h.Handler.ComQuery(ctx, c, query, callback)
	})
}

// ComMultiQuery implements mysql.Handler.
func (h *handler) ComMultiQuery(ctx context.Context, c *mysql.Conn, query string, callback mysql.ResultSpoolFn) (rest string, err error) {
	err = h.bounded(ctx, func(ctx context.Context) error {
		rest, err = h.Handler.ComMultiQuery(ctx, c, query, callback)
		return err
	})
	return rest, err
}

// ComPrepare implements mysql.Handler.
func (h *handler) ComPrepare(ctx context.Context, c *mysql.Conn, query string, prepare *mysql.PrepareData) (fields []*querypb.Field, err error) {
	if err := h.makeRoom(c); err != nil {
		return nil, err
	}
	err = h.bounded(ctx, func(ctx context.Context) error {
		fields, err = h.Handler.ComPrepare(ctx, c, query, prepare)
		return err
	})
	return fields, err
}

// ComStmtExecute implements mysql.Handler.
func (h *handler) ComStmtExecute(ctx context.Context, c *mysql.Conn, prepare *mysql.PrepareData, callback func(*sqltypes.Result) error) error {
	return h.bounded(ctx, func(ctx context.Context) error {
		return h.Handler.ComStmtExecute(ctx, c, prepare, callback)
	})
}

// makeRoom refuses a prepared statement beyond the limit, and drops those that the client has closed: the engine keeps them
// for as long as the connection is open.
func (h *handler) makeRoom(c *mysql.Conn) error {
	if len(c.PrepareData) > maxPrepared {
		return errTooManyPrepared
	}
	kept := h.prepared.CachedStatementsForSession(c.ConnectionID)
	if len(kept) <= maxPrepared {
		return nil
	}
	open := map[string]bool{}
	for _, statement := range c.PrepareData {
		open[statement.PrepareStmt] = true
	}
	for query := range kept {
		if !open[query] {
			h.prepared.UncacheStmt(c.ConnectionID, query)
		}
	}
	return nil
}

// bounded runs a command within the limits. A panic in the library is an error of this command alone.
func (h *handler) bounded(ctx context.Context, command func(context.Context) error) (err error) {
	ctx, end := h.statements.begin(ctx)
	defer end()
	defer func() {
		if recover() != nil {
			err = errUnable
		}
	}()
	err = command(ctx)
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return cause
	}
	return mysqlError(err)
}
