package seed

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, test := range []struct{ dsn, addr, user, password, name string }{
		{"root:workshop@tcp(127.0.0.1:3306)/flights", "127.0.0.1:3306", "root", "workshop", "flights"},
		{"root:p@ss:w/o?rd@tcp(db:3306)/flights?tls=false", "db:3306", "root", "p@ss:w/o?rd", "flights"},
		{"root@unix(/run/mysqld.sock)/flights", "/run/mysqld.sock", "root", "", "flights"},
		{"mysql://root:workshop@127.0.0.1/flights", "127.0.0.1:3306", "root", "workshop", "flights"},
		{"mysql://root:p%40ss%3Aw%2Fo%3Frd%25@[::1]:3310/flights", "[::1]:3310", "root", "p@ss:w/o?rd%", "flights"},
		{"mariadb://me@db:3310/other?timeout=3s\n", "db:3310", "me", "", "other"},
	} {
		got, err := Parse(test.dsn)
		if err != nil {
			t.Errorf("%s: %v", test.dsn, err)
			continue
		}
		if got.Addr != test.addr || got.User != test.user || got.Passwd != test.password || got.DBName != test.name {
			t.Errorf("%s: got %s, %s, %s, %s", test.dsn, got.Addr, got.User, got.Passwd, got.DBName)
		}
	}
}

func TestParseRefusesWithoutQuoting(t *testing.T) {
	for _, test := range []struct{ dsn, want string }{
		{"", "cannot be read"},
		{"secret", "cannot be read"},
		{"root:secret@tcp(127.0.0.1:3306)", "cannot be read"},
		{"root:secret@tcp(127.0.0.1:3306/flights", "cannot be read"},
		{"root:secret@tcp(127.0.0.1:3306)/flights?parseTime=secret", "cannot be read"},
		{"root:secret@tcp(127.0.0.1:3306)/", "names no database"},
		{"mysql://root:se%cret@127.0.0.1/flights", "cannot be read"},
		{"mysql://root:sec/ret@127.0.0.1/flights", "cannot be read"},
		{"mysql://root:secret@127.0.0.1", "names no database"},
		{"mysql://root:secret@/flights", "cannot be read"},
		{"mysql://root:secret@db/flights?tls=nonsense-secret", "cannot be read"},
		{"postgres://root:secret@db/flights", "cannot be read"},
	} {
		_, err := Parse(test.dsn)
		if err == nil {
			t.Errorf("%q: got no error, want one", test.dsn)
			continue
		}
		if !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "sec") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: got %q, want one line that says %q and nothing of the DSN", test.dsn, err, test.want)
		}
	}
}
