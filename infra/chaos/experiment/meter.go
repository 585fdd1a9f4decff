package experiment

import (
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
)

// Meter is a relay in front of a database of any kind: it counts the connections that pass.
type Meter struct {
	listener net.Listener
	upstream string
	dials    atomic.Int64

	mutex  sync.Mutex
	open   map[net.Conn]bool
	closed bool
	group  sync.WaitGroup
}

// StartMeter relays from a free port on loopback to the address upstream, until Close.
func StartMeter(upstream string) (*Meter, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start meter: %w", err)
	}
	m := &Meter{listener: listener, upstream: upstream, open: map[net.Conn]bool{}}
	m.group.Go(m.accept)
	return m, nil
}

// Addr is the host and port that the meter listens on.
func (m *Meter) Addr() string { return m.listener.Addr().String() }

// Dials counts the connections so far.
func (m *Meter) Dials() int { return int(m.dials.Load()) }

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
	if !m.keep(client) {
		return
	}
	defer m.forget(client)
	server, err := net.Dial("tcp", m.upstream)
	if err != nil {
		return
	}
	defer server.Close()
	if !m.keep(server) {
		return
	}
	defer m.forget(server)

	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(server, client) // Either side may hang up at any time: that is what the faults are for.
		server.Close()
	}()
	_, _ = io.Copy(client, server)
	client.Close()
	<-done
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
