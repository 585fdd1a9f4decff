package experiment

import (
	"database/sql"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"go.uber.org/goleak"
)

// echo answers each connection with what it said, in capitals, and hangs up.
func echo(t *testing.T) string {
	t.Helper()
	return serve(t, func(conn net.Conn) {
		said := make([]byte, 5)
		if _, err := io.ReadFull(conn, said); err == nil {
			_, _ = io.WriteString(conn, strings.ToUpper(string(said)))
		}
	})
}

// serve listens until the test is over, talks with everyone who connects, and hangs up.
func serve(t *testing.T, talk func(net.Conn)) string {
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
				talk(conn)
			}()
		}
	}()
	return listener.Addr().String()
}

func TestMeterRelaysAndCounts(t *testing.T) {
	meter, err := StartMeter(echo(t))
	if err != nil {
		t.Fatal(err)
	}
	defer meter.Close()
	for range 3 {
		conn, err := net.Dial("tcp", meter.Addr())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, "hello"); err != nil {
			t.Fatal(err)
		}
		answer, err := io.ReadAll(conn)
		conn.Close()
		if got := string(answer); got != "HELLO" || err != nil {
			t.Errorf("got %q and %v, want HELLO", got, err)
		}
	}
	if got, want := meter.Dials(), 3; got != want {
		t.Errorf("dials: got %d, want %d", got, want)
	}
}

// A client of MySQL understands the denial, and canaries feel it.
func TestMeterDenies(t *testing.T) {
	meter, err := StartMeter(echo(t))
	if err != nil {
		t.Fatal(err)
	}
	defer meter.Close()
	refusal := refusals[denied]
	meter.refuse(&refusal)
	database, err := sql.Open("mysql", "root@tcp("+meter.Addr()+")/flights")
	if err != nil {
		t.Fatal(err)
	}
	defer database.Close()
	if server, ok := errors.AsType[*mysql.MySQLError](database.PingContext(t.Context())); !ok || server.Number != 1045 || meter.Dials() != 1 {
		t.Errorf("got %v over %d connections, want the error 1045 over one", server, meter.Dials())
	}
	c := &canaries{addr: meter.Addr(), meter: meter}
	if felt := c.feel(t.Context(), Phase{}, []Fault{faultOf(denied)}); felt.Failed != probes || felt.missing() != "" {
		t.Errorf("got %+v, want every probe denied", felt)
	}
}

func TestMeterClosesWhatHangs(t *testing.T) {
	upstream := echo(t)
	before := goleak.IgnoreCurrent()
	meter, err := StartMeter(upstream)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", meter.Addr()) // It never says anything.
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for meter.Open() == 0 {
		time.Sleep(time.Millisecond)
	}
	if got := meter.Open(); got != 1 {
		t.Errorf("open: got %d, want 1", got)
	}
	if err := meter.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	if _, err := io.ReadAll(conn); err != nil && !strings.Contains(err.Error(), "reset") {
		t.Errorf("the connection after Close: got %v, want its end", err)
	}
	goleak.VerifyNone(t, before, goleak.IgnoreAnyFunction("chaosworkshop/infra/chaos/experiment.echo.func1"))
}

// A table that is locked delays its queries, not connections or pings, and no longer than the lock. A client that gives up
// leaves nothing behind.
func TestMeterLocksTables(t *testing.T) {
	upstream := echo(t)
	before := goleak.IgnoreCurrent()
	meter, err := StartMeter(upstream)
	if err != nil {
		t.Fatal(err)
	}
	refusal := refusals[locked]
	meter.refuse(&refusal)
	ask := func(query string, patience time.Duration) (string, net.Conn) {
		conn, err := net.Dial("tcp", meter.Addr())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		if _, err := io.WriteString(conn, query); err != nil {
			t.Fatal(err)
		}
		_ = conn.SetReadDeadline(time.Now().Add(patience))
		reply := make([]byte, 5)
		n, _ := io.ReadFull(conn, reply)
		return string(reply[:n]), conn
	}
	const hello = "\x15\x00\x00\x00\x03" // The echo answers with these five bytes.
	const query = hello + "Select * From routes"
	for _, passes := range []string{"\x01\x00\x00\x00\x0e", hello + "select 1"} {
		if got, _ := ask(passes, 5*time.Second); got != passes[:5] {
			t.Errorf("%q: got %q, want that it passes", passes, got)
		}
	}
	waits, conn := ask(query, 100*time.Millisecond)
	gone, left := ask(query, 100*time.Millisecond)
	if waits+gone != "" {
		t.Errorf("got %q and %q, want no answer", waits, gone)
	}
	left.Close()
	meter.refuse(nil)
	_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	reply := make([]byte, 5)
	if _, err := io.ReadFull(conn, reply); err != nil || string(reply) != hello {
		t.Errorf("after the lock: got %q and %v, want the answer", reply, err)
	}
	for _, dial := range meter.Log("", time.Now()) {
		if dial.Sent > 0 && dial.Received == 0 {
			t.Errorf("got %+v, want that a query whose client is gone is gone", dial)
		}
	}
	c := &canaries{addr: meter.Addr(), meter: meter}
	meter.refuse(&refusal)
	if felt := c.feel(t.Context(), Phase{}, nil); felt.missing() != "" {
		t.Errorf("got %+v, want that probes pass, which are no queries", felt)
	}
	if got := meter.met.Load(); got != 2 {
		t.Errorf("got %d queries that met the lock, want 2", got)
	}
	if err := meter.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	goleak.VerifyNone(t, before)
}

// While a user waits, every connection passes. Of the others, so many are closed in a row, and the row begins anew when one has passed
// by luck.
func TestMeterSparesUsers(t *testing.T) {
	meter := &Meter{}
	refusal := refusals[unlucky]
	refusal.most = 3
	passes := func(want ...bool) {
		t.Helper()
		for i, want := range want {
			if got := meter.passes(refusal); got != want {
				t.Errorf("connection %d: got %t, want %t", i+1, got, want)
			}
		}
	}
	passes(false, false)
	meter.asks(1)
	passes(true) // The user's own.
	meter.answered()
	if luck, row := meter.luck(); luck || row != 2 {
		t.Errorf("got %t, %d, want no luck, and a row of 2", luck, row)
	}
	meter.asks(1)
	passes(true, true) // One of them is somebody else's.
	meter.answered()
	if luck, row := meter.luck(); !luck || row != 2 {
		t.Errorf("got %t, %d, want luck, and a row of 2", luck, row)
	}
	passes(false, false, false, true, true)
	meter.asks(1)
	passes(true, true)
	meter.answered()
	passes(true)
}

// An answer ends in the middle of its last row, in both forms of the protocol, with and without a packet between columns and rows.
func TestLastRow(t *testing.T) {
	packet := func(body string) string { return string([]byte{byte(len(body)), 0, 0, 1}) + body }
	columns, end := packet("\x02")+packet("def one")+packet("def two"), packet("\xfe\x00\x00\x02\x00")
	for _, test := range []struct {
		what, answer string
		middle, end  int
		complete     bool
	}{
		{"two rows", columns + end + packet("row one") + packet("row two!") + end, len(columns+end+packet("row one")) + 8, len(columns + end + packet("row one") + packet("row two!")), true},
		{"two binary rows", columns + end + packet("\x00\x00one") + packet("\x00\x00two") + end, len(columns+end+packet("\x00\x00one")) + 6, len(columns + end + packet("\x00\x00one") + packet("\x00\x00two")), true},
		{"nothing between columns and rows", columns + packet("row one") + packet("row two!") + end, len(columns+packet("row one")) + 8, len(columns + packet("row one") + packet("row two!")), true},
		{"no row", columns + end + end, 0, 0, true},
		{"an error", packet("\xffno"), 0, 0, true},
		{"done", packet("\x00\x00\x00"), 0, 0, true},
		{"the first part", columns + end + packet("row one") + "\x10\x00\x00\x09row", len(columns+end+packet("row one")) + 7, len(columns+end+packet("row one")) + 7, false},
		{"nothing", "", 0, 0, false},
	} {
		if middle, end, complete := lastRow([]byte(test.answer)); middle != test.middle || end != test.end || complete != test.complete {
			t.Errorf("%s: got %d, %d, %t, want %d, %d, %t", test.what, middle, end, complete, test.middle, test.end, test.complete)
		}
	}
}
