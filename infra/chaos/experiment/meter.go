package experiment

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"chaosworkshop/infra/internal/stats"
)

// Meter is a relay in front of a dependency of any kind: it counts the connections that pass, and their bytes. Canaries
// do not reach the dependency: the meter answers them itself.
type Meter struct {
	listener net.Listener
	upstream atomic.Pointer[string]
	token    [16]byte // The first bytes of a canary.
	dials    atomic.Int64
	answers  atomic.Int64            // Those with rows, while answers are interrupted.
	met      atomic.Int64            // Queries that met a fault of queries.
	expected atomic.Int64            // Canaries that may still come.
	refuses  atomic.Pointer[refusal] // Unless nil, connections are refused.
	holds    atomic.Bool             // A connection that the dependency closes stays open for its client, as in a black hole.

	mutex  sync.Mutex
	log    []*passage
	open   map[net.Conn]bool
	closed bool
	users  users
	group  sync.WaitGroup
}

// passage is one connection through the meter, other than a canary's.
type passage struct {
	begin, end time.Time
	dropped    bool // The dependency closed it, while the client kept it open.
	// sent and received are in bytes, from the client's point of view.
	sent, received atomic.Int64
}

// users are those who wait for an answer under a fault that spares them, and what the fault has closed meanwhile.
type users struct {
	waiting int
	own     int // The connections that they may still open themselves.
	// row is how many connections of others were closed since one of them last passed because a user waited, longest the
	// longest such row, and luck says that one passed.
	row, longest int
	luck         bool
}

// StartMeter relays from a free port on loopback to the address upstream, until Close.
func StartMeter(upstream string) (*Meter, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start meter: %w", err)
	}
	m := &Meter{listener: listener, open: map[net.Conn]bool{}}
	m.upstream.Store(&upstream)
	_, _ = rand.Read(m.token[:]) // It never fails, according to its documentation.
	m.group.Go(m.accept)
	return m, nil
}

// expect announces canaries.
func (m *Meter) expect(canaries int) { m.expected.Store(int64(canaries)) }

// Log lists the connections so far, with times in milliseconds since start, but not those of canaries.
func (m *Meter) Log(proxy string, start time.Time) []Dial {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	var dials []Dial
	for _, p := range m.log {
		dial := Dial{Proxy: proxy, At: stats.Milliseconds(p.begin.Sub(start)), Sent: p.sent.Load(), Received: p.received.Load(), Dropped: p.dropped}
		if !p.end.IsZero() {
			dial.End = stats.Milliseconds(p.end.Sub(start))
		}
		dials = append(dials, dial)
	}
	return dials
}

// Addr is the host and port that the meter listens on.
func (m *Meter) Addr() string { return m.listener.Addr().String() }

// Dials counts the connections so far.
func (m *Meter) Dials() int { return int(m.dials.Load()) }

// use grows with each connection and each byte that passes, other than a canary's.
func (m *Meter) use() (sum int64) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	for _, p := range m.log {
		sum += 1 + p.sent.Load() + p.received.Load()
	}
	return sum
}

// Open counts the connections that are open now.
func (m *Meter) Open() int {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return (len(m.open) + 1) / 2 // Each has two ends.
}

// Close closes the port and every connection, and returns when the meter has stopped.
func (m *Meter) Close() error {
	err := m.listener.Close()
	m.mutex.Lock()
	m.closed = true
	for conn := range m.open {
		conn.Close()
	}
	m.mutex.Unlock()
	m.group.Wait()
	return err
}

func (m *Meter) accept() {
	for {
		conn, err := m.listener.Accept()
		if err != nil {
			return
		}
		m.dials.Add(1)
		m.group.Go(func() { m.relay(conn) })
	}
}

// relay passes bytes both ways until either side ends.
func (m *Meter) relay(client net.Conn) {
	defer client.Close()
	passage := &passage{begin: time.Now()}
	if !m.keep(client) {
		return
	}
	defer m.forget(client)
	first, canary := m.greet(client)
	if canary {
		return
	}
	m.mutex.Lock()
	m.log = append(m.log, passage)
	m.mutex.Unlock()
	defer func() {
		m.mutex.Lock()
		passage.end = time.Now()
		m.mutex.Unlock()
	}()
	if refusal := m.refuses.Load(); refusal != nil && refusal.query == "" && !m.passes(*refusal) {
		time.Sleep(refusal.after)
		out := counted{client, &passage.received}
		_, _ = io.WriteString(out, refusal.greeting)
		if refusal.denial != "" && len(first) == 0 {
			_ = client.SetReadDeadline(time.Now().Add(canaryPatience))
			n, _ := client.Read(make([]byte, 4096))
			passage.sent.Add(int64(n))
			_, _ = io.WriteString(out, refusal.denial)
		}
		return
	}
	server, err := net.Dial("tcp", *m.upstream.Load())
	if err != nil {
		return
	}
	defer server.Close()
	if !m.keep(server) {
		return
	}
	defer m.forget(server)

	talk := &conversation{meter: m, client: client, server: server}
	done := make(chan struct{})
	go func() {
		defer close(done)
		// Either side may hang up at any time: that is what the faults are for.
		_, _ = io.Copy(counted{server, &passage.sent}, io.MultiReader(bytes.NewReader(first), queries{talk}))
		server.Close()
	}()
	_, err = io.Copy(counted{client, &passage.received}, answers{talk}) // Whose errors tell reads from writes.
	if broken, ok := errors.AsType[*net.OpError](err); err == nil || ok && broken.Op == "read" && !errors.Is(err, net.ErrClosed) {
		m.mutex.Lock()
		passage.dropped = true
		m.mutex.Unlock()
		if m.holds.Load() {
			_, _ = io.Copy(io.Discard, client) // Until the client hangs up, or Toxiproxy does.
		}
	}
	client.Close()
	<-done
}

// refuse makes the meter refuse connections from now on, or none if the refusal is nil.
func (m *Meter) refuse(refusal *refusal) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.users = users{}
	m.refuses.Store(refusal)
}

// asks says that one more user waits for an answer, and opens a number of connections for it.
func (m *Meter) asks(connections int) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.users.waiting++
	m.users.own += connections
}

// answered says that one user less waits.
func (m *Meter) answered() {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.users.waiting = max(0, m.users.waiting-1); m.users.waiting == 0 {
		m.users.own = 0
	}
}

// passes tells whether a connection is spared. While a user waits, every one is: nobody knows whose it is.
func (m *Meter) passes(refusal refusal) bool {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	u := &m.users
	switch {
	case !refusal.spares:
		return false
	case u.waiting > 0 && u.own > 0:
		u.own--
	case refusal.most > 0 && u.row >= refusal.most: // It has closed enough.
	case u.waiting > 0:
		u.row, u.luck = 0, true
	default:
		u.row++
		u.longest = max(u.longest, u.row)
		return false
	}
	return true
}

// luck says whether connections that are not the users' passed because one of them waited, and how many were closed in a row.
func (m *Meter) luck() (lucky bool, longest int) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return m.users.luck, m.users.longest
}

// greet answers a canary, if the connection is one. Otherwise it returns the bytes that it has read.
func (m *Meter) greet(client net.Conn) (first []byte, canary bool) {
	if m.expected.Load() <= 0 {
		return nil, false
	}
	hello := make([]byte, len(m.token)+8)
	n := 0
	// A canary introduces itself at once, but the computer may be busy. A silent connection goes on to the dependency as soon
	// as all canaries are here.
	for begin := time.Now(); n < len(m.token) && m.expected.Load() > 0 && time.Since(begin) < canaryPatience; {
		_ = client.SetReadDeadline(time.Now().Add(5 * time.Millisecond)) // A closed connection fails to read.
		more, err := client.Read(hello[n:len(m.token)])
		n += more
		if !bytes.HasPrefix(m.token[:], hello[:n]) || err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			break
		}
	}
	if !bytes.Equal(hello[:n], m.token[:]) {
		_ = client.SetReadDeadline(time.Time{})
		return hello[:n], false
	}
	m.expected.Add(-1)
	if refusal := m.refuses.Load(); refusal != nil && refusal.query == "" {
		return nil, true
	}
	const limit = 10 * time.Second
	_ = client.SetDeadline(time.Now().Add(limit))
	if _, err := io.ReadFull(client, hello[n:]); err != nil {
		return nil, true
	}
	reply, up := binary.BigEndian.Uint32(hello[n:]), binary.BigEndian.Uint32(hello[n+4:])
	if _, err := io.CopyN(io.Discard, client, int64(up)); err != nil {
		return nil, true
	}
	for round, length := range rounds(int(reply)) {
		if round > 0 {
			if _, err := io.ReadFull(client, hello[:1]); err != nil {
				return nil, true
			}
		}
		if _, err := client.Write(make([]byte, length)); err != nil {
			return nil, true
		}
	}
	return nil, true
}

// counted counts what is written.
type counted struct {
	io.Writer
	bytes *atomic.Int64
}

func (c counted) Write(piece []byte) (int, error) {
	n, err := c.Writer.Write(piece)
	c.bytes.Add(int64(n))
	return n, err
}

// keep remembers a connection for Close; it returns false when the meter is closed.
func (m *Meter) keep(conn net.Conn) bool {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.open[conn] = true
	return !m.closed
}

func (m *Meter) forget(conn net.Conn) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	delete(m.open, conn)
}
