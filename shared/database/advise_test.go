package database

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
)

// What the server refuses for good comes with advice, and stays the error that it was.
func TestAdvise(t *testing.T) {
	for number, want := range map[uint16]string{1045: "set DB_USER and DB_PASSWORD", 1049: "set DB_NAME", 1129: "FLUSH HOSTS"} {
		refused := &mysql.MySQLError{Number: number, Message: "no"}
		got := advise(refused)
		if !strings.Contains(got.Error(), want) || !errors.Is(got, refused) || Transient(got) {
			t.Errorf("%d: got %v, want it to say %q and not to be transient", number, got, want)
		}
	}
	busy := &mysql.MySQLError{Number: 1040}
	for _, err := range []error{nil, io.EOF, busy} {
		if got := advise(err); got != err {
			t.Errorf("got %v, want %v unchanged", got, err)
		}
	}
}
