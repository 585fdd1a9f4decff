package flightsdb

import (
	"net"
	"time"

	"github.com/dolthub/vitess/go/mysql"
)

// conn is an open connection. It inspects incoming packets and refuses those that are too long before the library allocates
// memory for them: four bytes are enough to announce 16 MB.
type conn struct {
	net.Conn
	closed   func(*conn)
	incoming packets
}

// newConn waits for the login until the limit; closed is called when the connection is closed.
func newConn(c net.Conn, login time.Duration, closed func(*conn)) *conn {
	// The first read would return an error, too.
	_ = c.SetDeadline(time.Now().Add(login))
	return &conn{Conn: c, closed: closed, incoming: packets{limit: maxLogin}}
}

// loggedIn ends the wait for the login.
func (c *conn) loggedIn() error {
	c.incoming.limit = maxPacket
	return c.SetDeadline(time.Time{})
}

// Read implements net.Conn.
func (c *conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if !c.incoming.follow(b[:n]) {
		c.refuse(errPacketTooLarge, c.incoming.header[3]+1)
		return 0, errPacketTooLarge
	}
	return n, err
}

// Close implements net.Conn.
func (c *conn) Close() error {
	c.closed(c)
	return c.Conn.Close()
}

// refuse tells the client why the connection is about to be closed, in a packet with that number. It does not matter
// whether the client reads it.
func (c *conn) refuse(reason *mysql.SQLError, number byte) {
	payload := append([]byte{mysql.ErrPacket, byte(reason.Num), byte(reason.Num >> 8), '#'}, reason.State+reason.Message...)
	_ = c.SetWriteDeadline(time.Now().Add(time.Second))
	_, _ = c.Write(append([]byte{byte(len(payload)), byte(len(payload) >> 8), 0, number}, payload...))
}
