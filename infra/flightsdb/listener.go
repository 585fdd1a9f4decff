package flightsdb

import (
	"net"
	"sync"
)

// listener counts the connections that it accepts, and can close them all.
type listener struct {
	net.Listener

	mutex    sync.Mutex
	accepted int64
	open     map[*conn]struct{}
	closed   bool
}

func listen(l net.Listener) *listener {
	return &listener{Listener: l, open: map[*conn]struct{}{}}
}

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	accepted, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.closed {
		accepted.Close()
		return nil, net.ErrClosed
	}
	l.accepted++
	c := &conn{Conn: accepted, listener: l}
	l.open[c] = struct{}{}
	return c, nil
}

// count is how many connections were accepted.
func (l *listener) count() int64 {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.accepted
}

// closeConnections cuts every open connection, and those that are still to come.
func (l *listener) closeConnections() {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.closed = true
	for c := range l.open {
		c.Conn.Close()
	}
}

// conn is an open connection of a listener.
type conn struct {
	net.Conn
	listener *listener
}

// Close implements net.Conn.
func (c *conn) Close() error {
	c.listener.mutex.Lock()
	delete(c.listener.open, c)
	c.listener.mutex.Unlock()
	return c.Conn.Close()
}
