package flightsdb

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dolthub/vitess/go/mysql"
)

// conn is an open connection. It inspects incoming packets and refuses those that are too long before the library allocates
// memory for them: four bytes are enough to announce 16 MB. TLS ends here, below the library.
type conn struct {
	net.Conn
	closed   func(*conn)
	incoming packets
	outgoing numbers
	// stream is the connection, or the one inside TLS.
	stream net.Conn
	config *tls.Config
	// greeting is the server's first packet so far; greeted says that it was sent, and asked that the client's
	// first was looked at.
	greeting       []byte
	greeted, asked bool
	// hungUp makes the next read fail: a statement that cannot be stopped still uses the session.
	hungUp atomic.Bool

	mutex   sync.Mutex
	reading bool
	early   []byte // Read while a statement ran.
	stop    func() // Ends the watch for the client's end, if there is one.
}

// newConn waits for the login until the limit; closed is called when the connection is closed.
func newConn(c net.Conn, config *tls.Config, login time.Duration, room *room, closed func(*conn)) *conn {
	// The first read would return an error, too.
	_ = c.SetDeadline(time.Now().Add(login))
	return &conn{Conn: c, closed: closed, incoming: packets{limit: maxLogin, room: room}, stream: c, config: config}
}

// loggedIn ends the wait for the login.
func (c *conn) loggedIn() error {
	c.incoming.loggedIn()
	return c.SetDeadline(time.Time{})
}

// Read implements net.Conn.
func (c *conn) Read(b []byte) (int, error) {
	if c.hungUp.Load() {
		return 0, io.EOF
	}
	if !c.asked {
		c.asked = true
		if err := c.negotiate(); err != nil {
			return 0, err
		}
	}
	n, err := c.read(b)
	if refused := c.incoming.follow(b[:n]); refused != nil {
		c.refuse(refused, c.incoming.header[3]+1)
		return 0, refused
	}
	return n, err
}

// read takes what was read early first.
func (c *conn) read(b []byte) (int, error) {
	c.unwatch()
	c.mutex.Lock()
	n := copy(b, c.early)
	c.early = c.early[n:]
	c.reading = n == 0
	c.mutex.Unlock()
	if n > 0 {
		return n, nil
	}
	n, err := c.stream.Read(b)
	c.mutex.Lock()
	c.reading = false
	c.mutex.Unlock()
	return n, err
}

// watch calls gone if the client ends the connection before the next read, or before unwatch: a client that waits for an
// answer sends nothing.
func (c *conn) watch(gone func()) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.reading || c.stop != nil || len(c.early) > 0 {
		return
	}
	read := make(chan struct{})
	early := make([]byte, 1)
	go func() {
		defer close(read)
		n, err := c.stream.Read(early)
		early = early[:n]
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			gone()
		}
	}()
	c.stop = func() {
		_ = c.SetReadDeadline(time.Unix(1, 0))
		<-read
		_ = c.SetReadDeadline(time.Time{})
		c.early = early
	}
}

// unwatch ends the watch.
func (c *conn) unwatch() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.stop != nil {
		c.stop()
		c.stop = nil
	}
}

// Close implements net.Conn.
func (c *conn) Close() error {
	c.closed(c)
	c.incoming.forget()
	return c.Conn.Close()
}

// refuse tells the client why the connection is about to be closed, in a packet with that number. It does not matter
// whether the client reads it.
func (c *conn) refuse(reason *mysql.SQLError, number byte) {
	payload := append([]byte{mysql.ErrPacket, byte(reason.Num), byte(reason.Num >> 8), '#'}, reason.State+reason.Message...)
	_ = c.SetWriteDeadline(time.Now().Add(time.Second))
	_, _ = c.stream.Write(append([]byte{byte(len(payload)), byte(len(payload) >> 8), 0, number}, payload...))
}
