package flightsdb

import (
	"context"
	"errors"
	"fmt"
	"time"

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
	accounts   accounts
	parser     parser
	started    time.Time
}

// newHandler wraps the handler that the library makes.
func newHandler(statements *statements, parser parser, accounts accounts) server.HandlerWrapper {
	return func(h mysql.Handler) (mysql.Handler, error) {
		wrapped, ok := h.(*server.Handler)
		if !ok {
			return nil, fmt.Errorf("the library's handler is a %T", h)
		}
		return &handler{wrapped, statements, parser.prepared, accounts, parser, time.Now()}, nil
	}
}

// NewConnection implements mysql.Handler.
func (h *handler) NewConnection(c *mysql.Conn) {
	below := connOf(c)
	below.library, below.handler = c, h
	h.Handler.NewConnection(c)
}

// list makes a session for a user who has logged in, so that the list of processes shows who it is.
func (h *handler) list(c *mysql.Conn) { _, _ = h.ParserOptionsForConnection(c) }

// ComQuery implements mysql.Handler.
func (h *handler) ComQuery(ctx context.Context, c *mysql.Conn, query string, callback mysql.ResultSpoolFn) error {
	query, err := connOf(c).decode(query)
	if err != nil {
		return err
	}
	return h.statements.run(ctx, connOf(c), len(query), func(ctx context.Context, s *statement) error {
		return h.Handler.ComQuery(ctx, c, query, s.spool(callback))
	})
}

// ComMultiQuery implements mysql.Handler.
func (h *handler) ComMultiQuery(ctx context.Context, c *mysql.Conn, query string, callback mysql.ResultSpoolFn) (string, error) {
	query, err := connOf(c).decode(query)
	if err != nil {
		return "", err
	}
	encode := connOf(c).encode // The statement may change it.
	rest := make(chan string, 1)
	err = h.statements.run(ctx, connOf(c), len(query), func(ctx context.Context, s *statement) error {
		remainder, err := h.Handler.ComMultiQuery(ctx, c, query, s.spool(callback))
		rest <- remainder
		return err
	})
	if err != nil {
		return "", err
	}
	return encode(<-rest), nil
}

// ComPrepare implements mysql.Handler.
func (h *handler) ComPrepare(ctx context.Context, c *mysql.Conn, query string, prepare *mysql.PrepareData) ([]*querypb.Field, error) {
	if err := h.prepared.makeRoom(c); err != nil {
		delete(c.PrepareData, prepare.StatementID)
		return nil, err
	}
	query, err := connOf(c).decode(query)
	if err != nil {
		return nil, err
	}
	prepare.PrepareStmt = query
	described := make(chan []*querypb.Field, 1)
	err = h.statements.run(ctx, connOf(c), len(query), func(ctx context.Context, _ *statement) error {
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
	for _, argument := range prepare.BindVars {
		if sqltypes.IsQuoted(argument.Type) {
			text, err := connOf(c).decode(string(argument.Value))
			if err != nil {
				return err
			}
			argument.Value = []byte(text)
		}
	}
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

// ComResetConnection implements mysql.Handler. It is the last step of COM_CHANGE_USER as well.
func (h *handler) ComResetConnection(c *mysql.Conn) error {
	h.prepared.forget(c.ConnectionID)
	next := connOf(c).switching
	if next == nil {
		return h.Handler.ComResetConnection(c)
	}
	connOf(c).switching = nil
	c.User, c.UserData = next.user, next.account
	return errors.Join(h.Handler.ComResetConnection(c), h.ComInitDB(c, next.database))
}

// spool sends the parts of an answer for as long as the statement may.
func (s *statement) spool(callback mysql.ResultSpoolFn) mysql.ResultSpoolFn {
	return func(result *sqltypes.Result, more bool) error {
		return s.send(func() error { return callback(result, more) })
	}
}

// connOf is the connection below the protocol.
func connOf(c *mysql.Conn) *conn { return c.Conn.(*conn) }
