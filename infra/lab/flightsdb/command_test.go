package flightsdb

import (
	"bytes"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/dolthub/vitess/go/mysql"

	"chaosworkshop/infra/lab/openflights"
)

// command sends a command and returns the first packet of the answer.
func command(t testing.TB, c net.Conn, payload ...byte) []byte {
	t.Helper()
	if _, err := c.Write(append(packet(0, len(payload))[:4], payload...)); err != nil {
		t.Fatal(err)
	}
	answer, err := readPacket(c)
	if err != nil {
		t.Fatalf("% x: %v", payload, err)
	}
	return answer
}

// TestEveryCommandHasOneAnswer sends every command that there may be, alone and with bytes that mean nothing: the answer is one error, or
// that of MySQL, and the connection goes on.
func TestEveryCommandHasOneAnswer(t *testing.T) {
	s := start(t, openflights.Sample())
	// Those that end the connection or have no answer, and those whose answer has several packets.
	others := map[byte]bool{mysql.ComQuit: true, mysql.ComStmtClose: true, mysql.ComStmtSendLongData: true, comProcessInfo: true, comChangeUser: true}
	c := login(t, s)
	for number := range 256 {
		for _, rest := range []string{"", "\x00", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "nowhere\x00"} {
			if others[byte(number)] {
				continue
			}
			answer := command(t, c, append([]byte{byte(number)}, rest...)...)
			known := number <= comChangeUser || number >= mysql.ComPrepare && number <= mysql.ComResetConnection
			if !known && refusal(answer) != 1047 {
				t.Errorf("command %#x %q: % x, want error 1047", number, rest, answer)
			}
			if got := command(t, c, mysql.ComPing); got[0] != 0 {
				t.Fatalf("ping after command %#x %q: % x, want OK", number, rest, got)
			}
		}
	}
	for _, silent := range []string{"", "\x07", "\x07\x00\x00\x00\x00\x00abc"} {
		for _, number := range []byte{mysql.ComStmtClose, mysql.ComStmtSendLongData} {
			if _, err := c.Write(append(packet(number, 1+len(silent))[:5], silent...)); err != nil {
				t.Fatal(err)
			}
			if got := command(t, c, mysql.ComPing); got[0] != 0 {
				t.Fatalf("ping after command %#x %q: % x, want OK", number, silent, got)
			}
		}
	}
	if got := string(command(t, c, comStatistics)); !strings.HasPrefix(got, "Uptime: ") {
		t.Errorf("statistics: %q", got)
	}
	if got := refusal(command(t, c)); got != 1047 {
		t.Errorf("an empty packet: error %d, want 1047", got)
	}
}

// TestPipelinedCommands sends the next command before the answer to the last, as some clients do: the answers come in order.
func TestPipelinedCommands(t *testing.T) {
	c := login(t, start(t, openflights.Sample()))
	var all []byte
	for range 3 {
		all = append(all, join(packet(mysql.ComPing, 1), packet(0x0d, 1), packet(comStatistics, 1))...)
	}
	if _, err := c.Write(all); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		for _, want := range []string{"\x00", "\xff", "U"} {
			if got, err := readPacket(c); err != nil || !strings.HasPrefix(string(got), want) {
				t.Fatalf("answer: %q, %v; want one that begins with %q", got, err, want)
			}
		}
	}
}

// firstValue is what a query of one column answers in its first row.
func firstValue(t *testing.T, c net.Conn, query string) string {
	t.Helper()
	if got := command(t, c, append([]byte{mysql.ComQuery}, query...)...); refusal(got) != 0 {
		t.Fatalf("%s: %q", query, got)
	}
	var packets [3][]byte // The column, the row and the end.
	for i := range packets {
		var err error
		if packets[i], err = readPacket(c); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
	}
	return string(packets[1][1:])
}

// changeUser is the command for an account, and its answer.
func changeUser(t *testing.T, c net.Conn, user, secret, database, method string) []byte {
	t.Helper()
	question := command(t, c, []byte("\x11"+user+"\x00\x00"+database+"\x00\x2d\x00"+method+"\x00")...)
	name, salt, _ := bytes.Cut(question[1:], []byte{0})
	if question[0] != mysql.AuthSwitchRequestPacket || len(salt) != 21 {
		t.Fatalf("question: %q", question)
	}
	want := string(mysql.MysqlNativePassword)
	response := mysql.ScramblePassword(salt[:20], []byte(secret))
	if method == string(mysql.CachingSha2Password) {
		want, response = method, scrambleSHA256(salt[:20], []byte(secret))
	}
	if string(name) != want {
		t.Errorf("method: %s, want %s", name, want)
	}
	header := packet(0, len(response))[:4]
	header[3] = 2
	if _, err := c.Write(append(header, response...)); err != nil {
		t.Fatal(err)
	}
	number := byte(3)
	answer, err := readNumbered(c, &number)
	if err == nil && answer[0] == mysql.AuthMoreDataPacket {
		answer, err = readNumbered(c, &number)
	}
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// readNumbered is readPacket of a packet that must have that number.
func readNumbered(c net.Conn, number *byte) ([]byte, error) {
	peeked := &headed{Conn: c}
	payload, err := readPacket(peeked)
	if err == nil && peeked.header[3] != *number {
		err = fmt.Errorf("packet number %d, want %d", peeked.header[3], *number)
	}
	*number++
	return payload, err
}

// headed keeps the header that it reads first.
type headed struct {
	net.Conn
	header []byte
}

// Read implements net.Conn.
func (n *headed) Read(b []byte) (int, error) {
	count, err := n.Conn.Read(b)
	if n.header == nil {
		n.header = bytes.Clone(b[:count])
	}
	return count, err
}

// TestChangeUser switches to another account and back: it is asked for its password, and nothing of the session is left.
func TestChangeUser(t *testing.T) {
	s := start(t, openflights.Sample())
	for _, method := range []string{"", "mysql_native_password", "caching_sha2_password", "unheard_of"} {
		c := login(t, s)
		if got := command(t, c, []byte("\x03SET @a = 1")...); got[0] != 0 {
			t.Fatalf("SET: % x", got)
		}
		for _, account := range [][3]string{{"learner", "learning", "flights"}, {"root", password, ""}, {"learner", "learning", "information_schema"}} {
			if got := changeUser(t, c, account[0], account[1], account[2], method); got[0] != 0 {
				t.Fatalf("%s by %q: %q, want OK", account, method, got)
			}
			want := fmt.Sprintf("%s|%s|", account[0], account[2])
			if got := firstValue(t, c, "SELECT CONCAT(SUBSTRING_INDEX(USER(), '@', 1), '|', IFNULL(DATABASE(), ''), '|', IFNULL(@a, ''))"); got != want {
				t.Errorf("%s by %q: session %s, want %s", account, method, got, want)
			}
		}
	}
	for _, wrong := range [][3]string{{"learner", "wrong", "flights"}, {"nobody", "", ""}, {"root", "", "flights"}} {
		c := login(t, s)
		if got := refusal(changeUser(t, c, wrong[0], wrong[1], wrong[2], "")); got != 1045 {
			t.Errorf("%s: error %d, want 1045", wrong, got)
		}
		if _, err := readPacket(c); err == nil {
			t.Errorf("%s: the connection goes on", wrong)
		}
	}
	if got := refusal(changeUser(t, login(t, s), "root", password, "nowhere", "")); got != 1049 {
		t.Errorf("an unknown database: error %d, want 1049", got)
	}
}
