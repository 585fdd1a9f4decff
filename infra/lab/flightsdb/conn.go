package flightsdb

import (
	"bufio"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dolthub/go-mysql-server/sql/encodings"
	"github.com/dolthub/vitess/go/mysql"
)

// conn is an open connection. It reads packet by packet: it refuses those that are too long before the library allocates
// memory for them, since four bytes are enough to announce 16 MB, and answers commands that the library does not. TLS ends here,
// below the library.
type conn struct {
	net.Conn
	closed   func(*conn)
	incoming packets
	outgoing numbers
	// stream is the connection, or the one inside TLS, and buffered what read takes from it.
	stream   net.Conn
	buffered *bufio.Reader
	config   *tls.Config
	// greeting is the server's first packet so far; greeted says that it was sent, and asked that the client's
	// first was looked at.
	greeting       []byte
	greeted, asked bool
	// passing is what the library reads next, and left how many bytes of the packet follow it. number is that of the packet.
	passing []byte
	left    int
	number  byte
	// shift is by how much the library's numbers of packets are too low, until the next command.
	shift byte
	// library and handler are the protocol above the connection. commanding says that the user has logged in, and listed that the list
	// of processes shows who it is.
	library            *mysql.Conn
	handler            *handler
	commanding, listed bool
	// switching is the account and the database of COM_CHANGE_USER, until the library resets the connection.
	switching *switching
	// charset is how the client writes its statements; nil is UTF-8.
	charset encodings.Encoder
	// instead is the error that the answer ends with, after rows, and held the last bytes of that answer.
	instead *mysql.SQLError
	held    []byte
	// longest is how long the user lets a statement take, max_execution_time in milliseconds; 0 is as long as the server does.
	longest atomic.Int64
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
	made := &conn{Conn: c, closed: closed, incoming: packets{limit: maxLogin, room: room}, stream: c, config: config}
	made.buffered = bufio.NewReader(readerFunc(made.read))
	return made
}

// loggedIn ends the wait for the login.
func (c *conn) loggedIn() error {
	c.incoming.loggedIn()
	c.commanding = true
	return c.SetDeadline(time.Time{})
}

// Read implements net.Conn.
func (c *conn) Read(b []byte) (int, error) {
	if err := c.finish(); err != nil {
		return 0, err
	}
	if c.hungUp.Load() {
		return 0, io.EOF
	}
	if !c.asked {
		c.asked = true
		if err := c.negotiate(); err != nil {
			return 0, err
		}
	}
	for len(c.passing) == 0 && c.left == 0 {
		if err := c.next(); err != nil {
			var refused *mysql.SQLError
			if errors.As(err, &refused) {
				c.refuse(refused, 1)
			}
			return 0, err
		}
	}
	if len(c.passing) > 0 {
		n := copy(b, c.passing)
		c.passing = c.passing[n:]
		return n, nil
	}
	n, err := c.buffered.Read(b[:min(len(b), c.left)])
	c.left -= n
	return n, err
}

// next reads the header of the next packet, and as much of a command as it needs to decide about it.
func (c *conn) next() error {
	if c.commanding && !c.listed {
		c.listed = true
		c.handler.list(c.library)
	}
	var header [4]byte
	if _, err := io.ReadFull(c.buffered, header[:]); err != nil {
		return err
	}
	length := packetLength(header[:])
	c.number = header[3]
	if c.number == 0 {
		c.shift = 0
	}
	header[3] -= c.shift
	if err := c.incoming.begin(length); err != nil {
		return err
	}
	c.left = length
	c.passing = header[:]
	if c.commanding {
		return c.command()
	}
	return nil
}

// readerFunc makes an io.Reader of a function.
type readerFunc func([]byte) (int, error)

// Read implements io.Reader.
func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

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

// refuse tells the client why the connection is about to be closed, in a packet with that place after the client's last. It does
// not matter whether the client reads it.
func (c *conn) refuse(reason *mysql.SQLError, place byte) {
	_ = c.SetWriteDeadline(time.Now().Add(time.Second))
	_ = c.send(place, errorPacket(reason))
}

// send sends a packet of the server's own, the one with that place after the client's last.
func (c *conn) send(place byte, payload []byte) error {
	_, err := c.stream.Write(append([]byte{byte(len(payload)), byte(len(payload) >> 8), 0, c.number + place}, payload...))
	return err
}

// hold writes an answer but for its last packet, the one that ends its rows, for which the client gets an error.
func (c *conn) hold(b []byte) error {
	end := 4 + 5
	if c.library.Capabilities&mysql.CapabilityClientDeprecateEOF != 0 {
		end = 4 + 7
	}
	c.held = append(c.held, b...)
	ready := max(0, len(c.held)-end)
	_, err := c.stream.Write(c.held[:ready])
	c.held = c.held[ready:]
	return err
}

// finish ends an answer with its error. The library would end the connection instead.
func (c *conn) finish() error {
	reason, held := c.instead, c.held
	c.instead, c.held = nil, nil
	if reason == nil || len(held) == 0 {
		return nil
	}
	return c.send(held[3]-c.number, errorPacket(reason))
}

// errorPacket is the payload of an error.
func errorPacket(reason *mysql.SQLError) []byte {
	return append([]byte{mysql.ErrPacket, byte(reason.Num), byte(reason.Num >> 8), '#'}, reason.State+reason.Message...)
}
