package flightsdb

import (
	"crypto/tls"
	"net"
	"sync"
)

// listener counts the connections that it accepts, refuses those beyond the limit, and can close them all.
type listener struct {
	net.Listener
	config *tls.Config
	limits limits
	room   *room

	mutex    sync.Mutex
	accepted int64
	open     map[*conn]struct{}
	closed   bool
}

func newListener(l net.Listener, config *tls.Config, limits limits) *listener {
	return &listener{Listener: l, config: config, limits: limits, room: newRoom(maxInFlight), open: map[*conn]struct{}{}}
}

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	for {
		accepted, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		c := newConn(accepted, l.config, l.limits.login, l.room, l.remove)
		if l.add(c) {
			return c, nil
		}
		c.refuse(errTooManyConnections, 0)
		c.Close()
	}
}

// add accepts the connection, if there is room for it.
func (l *listener) add(c *conn) bool {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.accepted++
	if l.closed || len(l.open) >= l.limits.connections {
		return false
	}
	l.open[c] = struct{}{}
	return true
}

func (l *listener) remove(c *conn) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	delete(l.open, c)
}

// count is how many connections were accepted.
func (l *listener) count() int64 {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.accepted
}

// closeConnections cuts every open connection, and every later one.
func (l *listener) closeConnections() {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.closed = true
	for c := range l.open {
		c.Conn.Close()
	}
}
