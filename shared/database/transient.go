package database

import (
	"context"
	"database/sql/driver"
	"errors"
	"net"
	"slices"

	"github.com/go-sql-driver/mysql"
)

// Transient reports whether err may go away when the same read is tried again: a broken or refused connection, or the
// server's too many connections (1040), shutdown (1053), lock wait timeout (1205) or deadlock (1213).
//
// A cancelled or timed out context is not transient: whoever set it has given up. It is asked first, because a
// context.DeadlineExceeded is a net.Error too.
func Transient(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	if server, ok := errors.AsType[*mysql.MySQLError](err); ok {
		return slices.Contains([]uint16{1040, 1053, 1205, 1213}, server.Number)
	}
	_, network := errors.AsType[net.Error](err)
	return network || errors.Is(err, driver.ErrBadConn) || errors.Is(err, mysql.ErrInvalidConn)
}
