package database

import (
	"context"
	"database/sql/driver"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"chaosworkshop/shared/config"
	"chaosworkshop/shared/metrics"
)

// conversation is what a MySQL server says until it has answered one query: after each part it waits for the client.
var conversation = [][]byte{
	// The greeting: protocol 10, version, connection, salt, capabilities, character set, status, salt, plugin.
	packet(0, "\x0a5.7.0\x00\x01\x00\x00\x00salted12\x00\x08\xa2\x21\x02\x00\x08\x00\x15"+
		"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00salted123456\x00mysql_native_password\x00"),
	packet(2, "\x00\x00\x00\x02\x00\x00\x00"), // The password is right.
	concat(
		packet(1, "\x01"), // One column.
		packet(2, "\x03def\x00\x00\x00\x01x\x00\x0c\x21\x00\x10\x00\x00\x00\xfd\x00\x00\x00\x00\x00"),
		packet(3, "\xfe\x00\x00\x02\x00"),
		packet(4, "\x011"), // One row.
		packet(5, "\xfe\x00\x00\x02\x00"),
	),
}

func packet(sequence byte, payload string) []byte {
	header := binary.LittleEndian.AppendUint32(nil, uint32(len(payload)))
	header[3] = sequence
	return append(header, payload...)
}

func concat(packets ...[]byte) (all []byte) {
	for _, one := range packets {
		all = append(all, one...)
	}
	return all
}

// serve answers every connection with the parts, cut off after that many bytes, and then closes or resets it.
func serve(t testing.TB, parts [][]byte, bytes int, reset bool) config.Database {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				left := bytes
				for _, part := range parts {
					n := min(left, len(part))
					if _, err := conn.Write(part[:n]); err != nil {
						return
					}
					if left -= n; left <= 0 {
						break
					}
					_, _ = conn.Read(make([]byte, 1024)) // The client's answer fits into one packet.
				}
				if reset {
					_ = conn.(*net.TCPConn).SetLinger(0)
				}
			}()
		}
	}()
	addr := listener.Addr().(*net.TCPAddr)
	return config.Database{Host: "127.0.0.1", Port: addr.Port, User: "root", Password: "x", Name: "flights", MaxOpenConns: 1}
}

// query asks the database for one row.
func query(t *testing.T, ctx context.Context, cfg config.Database) error {
	t.Helper()
	db, err := Open(cfg, metrics.New())
	if err != nil {
		t.Fatal(err)
	}
	defer Close(db)
	var x string
	return db.WithContext(ctx).Raw("SELECT x").Scan(&x).Error
}

func TestAConnectionThatBreaksAnywhereIsTransient(t *testing.T) {
	all := len(concat(conversation...))
	if err := query(t, t.Context(), serve(t, conversation, all, false)); err != nil {
		t.Fatalf("the whole conversation: got %v, want an answer", err)
	}
	for _, reset := range []bool{false, true} {
		for bytes := range all {
			if err := query(t, t.Context(), serve(t, conversation, bytes, reset)); !Transient(err) {
				t.Errorf("cut off after %d of %d bytes, reset %v: got %v, want it transient", bytes, all, reset, err)
			}
		}
	}
}

func TestBytesThatAreNotMySQLsAreTransient(t *testing.T) {
	for name, text := range map[string]string{
		"another protocol": "HTTP/1.1 400 Bad Request\r\n\r\n",
		"an empty packet":  string(packet(0, "")),
		"a wrong sequence": string(packet(7, "\x0a5.7.0\x00")),
	} {
		if err := query(t, t.Context(), serve(t, [][]byte{[]byte(text)}, len(text), false)); !Transient(err) {
			t.Errorf("%s: got %v, want it transient", name, err)
		}
	}
}

func TestRefusedConnectionIsTransient(t *testing.T) {
	if err := query(t, t.Context(), config.Database{Host: "127.0.0.1", Port: 1, MaxOpenConns: 1}); !Transient(err) {
		t.Errorf("got %v, want it transient", err)
	}
}

// hungUp is the driver when the server hangs up between its greeting and the login: too short a moment to hit on purpose.
type hungUp struct{ driver.Connector }

func (hungUp) Connect(context.Context) (driver.Conn, error) { return nil, errors.New("bad connection") }

func TestALoginThatCannotBeWrittenIsTransient(t *testing.T) {
	_, err := observedConnector{hungUp{}, config.Database{}, metrics.New()}.Connect(t.Context())
	if !Transient(err) || errors.Is(err, driver.ErrBadConn) {
		t.Errorf("got %v, want it transient, and none that database/sql retries by itself", err)
	}
}

func TestOneQueryIsOneConnection(t *testing.T) {
	counts := metrics.New()
	db, err := Open(serve(t, conversation, 10, false), counts)
	if err != nil {
		t.Fatal(err)
	}
	defer Close(db)
	var x string
	if err := db.Raw("SELECT x").Scan(&x).Error; err == nil {
		t.Fatal("got an answer over a broken connection")
	}
	if got := dials(t, counts); got != "1" {
		t.Errorf("dials: got %s, want 1", got)
	}
}

func TestWaitingForAConnectionEndsWithTheContext(t *testing.T) {
	silent := serve(t, [][]byte{nil}, 1, false) // It accepts, says nothing and waits for the client.
	db, err := Open(silent, metrics.New())
	if err != nil {
		t.Fatal(err)
	}
	defer Close(db)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	ended := make(chan error, 2)
	start := time.Now()
	for range 2 { // The pool holds one connection: the other query waits for it.
		go func() {
			var x string
			ended <- db.WithContext(ctx).Raw("SELECT x").Scan(&x).Error
		}()
	}
	for range 2 {
		if err := <-ended; err == nil || Transient(err) {
			t.Errorf("got %v, want the context's end", err)
		}
	}
	if took := time.Since(start); took > time.Second {
		t.Errorf("ended after %s, want 100 ms", took)
	}
}

// dials is how many connections were opened.
func dials(t *testing.T, counts *metrics.Metrics) string {
	t.Helper()
	server := httptest.NewServer(counts.Handler())
	defer server.Close()
	answer, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "\ndatabase_dials_total ")
	number, _, _ := strings.Cut(rest, "\n")
	return number
}
