package database

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/go-sql-driver/mysql"
	"gorm.io/gorm"
)

func TestTransient(t *testing.T) {
	for _, test := range []struct {
		name string
		err  error
		want bool
	}{
		{"no error", nil, false},
		{"bad connection", driver.ErrBadConn, true},
		{"invalid connection", fmt.Errorf("find: %w", mysql.ErrInvalidConn), true},
		{"refused dial", &net.OpError{Op: "dial", Err: errors.New("refused")}, true},
		{"a reset on Windows, WSAECONNRESET", &net.OpError{Op: "read", Err: os.NewSyscallError("wsarecv", syscall.Errno(10054))}, true},
		{"an abort on Windows, WSAECONNABORTED", fmt.Errorf("find: %w", &net.OpError{Op: "write", Err: os.NewSyscallError("wsasend", syscall.Errno(10053))}), true},
		{"too many connections", &mysql.MySQLError{Number: 1040}, true},
		{"a node cut off from its cluster", &mysql.MySQLError{Number: 1047}, true},
		{"shutdown", &mysql.MySQLError{Number: 1053}, true},
		{"lock wait timeout", &mysql.MySQLError{Number: 1205}, true},
		{"deadlock", &mysql.MySQLError{Number: 1213}, true},
		{"malformed packet", fmt.Errorf("find: %w", mysql.ErrMalformPkt), true},
		{"out of sync", mysql.ErrPktSync, true},
		{"end of file", io.ErrUnexpectedEOF, true},
		{"a wrong query", &mysql.MySQLError{Number: 1064}, false},
		{"access denied", &mysql.MySQLError{Number: 1045}, false},
		{"client gone", context.Canceled, false},
		{"deadline, which is a net.Error too", context.DeadlineExceeded, false},
		{"no such row", gorm.ErrRecordNotFound, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := Transient(test.err); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}
