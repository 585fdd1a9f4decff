package database

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"slices"

	"github.com/go-sql-driver/mysql"
)

// Transient reports whether err may go away when the same read is tried again: a connection that broke, was refused or
// carried bytes that are not MySQL's, or the server's errors for too many connections (1040), a node cut off from its cluster
// (1047), shutdown (1053), lock wait timeout (1205) or deadlock (1213).
//
// A cancelled or expired context is not transient: whoever set it has given up. Transient checks it first, because a
// context.DeadlineExceeded is a net.Error too.
func Transient(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	if server, ok := errors.AsType[*mysql.MySQLError](err); ok {
		return slices.Contains([]uint16{1040, 1047, 1053, 1205, 1213}, server.Number)
	}
	if _, network := errors.AsType[net.Error](err); network {
		return true
	}
	return slices.ContainsFunc(broken, func(one error) bool { return errors.Is(err, one) })
}

// broken are the errors of a connection that ended or got out of step in the middle of a packet.
var broken = []error{
	driver.ErrBadConn, mysql.ErrInvalidConn, io.EOF, io.ErrUnexpectedEOF,
	mysql.ErrMalformPkt, mysql.ErrPktSync, mysql.ErrPktSyncMul, mysql.ErrBusyBuffer,
}
