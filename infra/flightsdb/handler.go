package flightsdb

import (
	"context"
	"fmt"
	"strings"

	"github.com/dolthub/go-mysql-server/server"
	"github.com/dolthub/vitess/go/mysql"
	"github.com/dolthub/vitess/go/sqltypes"
	querypb "github.com/dolthub/vitess/go/vt/proto/query"
)

// handler answers the commands of the clients, with errors in the words of MySQL.
type handler struct {
	*server.Handler
}

func newHandler(h mysql.Handler) (mysql.Handler, error) {
	wrapped, ok := h.(*server.Handler)
	if !ok {
		return nil, fmt.Errorf("the library's handler is a %T", h)
	}
	return &handler{wrapped}, nil
}

// ComQuery implements mysql.Handler.
func (h *handler) ComQuery(ctx context.Context, c *mysql.Conn, query string, callback mysql.ResultSpoolFn) error {
	return plain(h.Handler.ComQuery(ctx, c, query, callback))
}

// ComMultiQuery implements mysql.Handler.
func (h *handler) ComMultiQuery(ctx context.Context, c *mysql.Conn, query string, callback mysql.ResultSpoolFn) (string, error) {
	rest, err := h.Handler.ComMultiQuery(ctx, c, query, callback)
	return rest, plain(err)
}

// ComPrepare implements mysql.Handler.
func (h *handler) ComPrepare(ctx context.Context, c *mysql.Conn, query string, prepare *mysql.PrepareData) ([]*querypb.Field, error) {
	fields, err := h.Handler.ComPrepare(ctx, c, query, prepare)
	return fields, plain(err)
}

// ComStmtExecute implements mysql.Handler.
func (h *handler) ComStmtExecute(ctx context.Context, c *mysql.Conn, prepare *mysql.PrepareData, callback func(*sqltypes.Result) error) error {
	return plain(h.Handler.ComStmtExecute(ctx, c, prepare, callback))
}

// plain is the error with its number: the engine makes a mere text, a syntax error, of what the parser returned.
func plain(err error) error {
	if err != nil && strings.Contains(err.Error(), readOnlyMessage) {
		return errReadOnly()
	}
	return err
}
