package experiment

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"
)

// conversation is a connection through the meter, in MySQL's protocol: the faults of queries are for its commands that read a table.
type conversation struct {
	meter          *Meter
	client, server net.Conn
	// prepared says that the client has prepared such a command, and asked that it has sent one and gets its rows next.
	prepared bool
	asked    atomic.Bool
}

// greets tells whether a server speaks first, and as MySQL does: with a greeting of its protocol's version 10, or with an error.
func greets(server net.Conn) bool {
	const patience = 3 * time.Second // Where names are slow to resolve, so is the greeting.
	const version, failed = 0x0a, 0xff
	_ = server.SetReadDeadline(time.Now().Add(patience))
	var begin [5]byte // A length, a number, which is 0, and what it is.
	_, err := io.ReadFull(server, begin[:])
	return err == nil && begin[3] == 0 && (begin[4] == version || begin[4] == failed)
}

// queries are what the client sends. While tables are locked, a query waits.
type queries struct{ *conversation }

// Two commands of MySQL's protocol.
const (
	comPrepare = 0x16
	comExecute = 0x17
)

func (q queries) Read(buffer []byte) (int, error) {
	n, err := q.client.Read(buffer)
	const header = 4 // A length and a number, which is 0 for a command.
	if n <= header || buffer[header-1] != 0 {
		return n, err
	}
	command, text := buffer[header], bytes.ToLower(buffer[:n])
	table := bytes.Contains(text, []byte("select")) && bytes.Contains(text, []byte("from")) && q.meter.names(text)
	switch {
	case command == comPrepare:
		q.prepared = q.prepared || table
	case command == comExecute:
		table = q.prepared
	}
	if q.asked.Store(table && command != comPrepare); !table {
		return n, err
	}
	if q.meter.meets(locked) {
		q.meter.met.Add(1)
	}
	const pace = 10 * time.Millisecond
	for q.meter.meets(locked) && n < len(buffer) && err == nil {
		_ = q.client.SetReadDeadline(time.Now().Add(pace)) // A closed connection fails to read.
		var more int
		if more, err = q.client.Read(buffer[n:]); errors.Is(err, os.ErrDeadlineExceeded) {
			err = nil
		}
		n += more
	}
	_ = q.client.SetReadDeadline(time.Time{})
	if err != nil {
		return 0, err // The client is gone, and so is its query.
	}
	return n, nil
}

// answers are what the server sends. While answers are truncated, one with rows ends in the middle of the last one. While they are
// interrupted, every other one ends after the last row, before it says that this was the last.
type answers struct{ *conversation }

func (a answers) Read(buffer []byte) (n int, err error) {
	n, err = a.server.Read(buffer)
	interrupts := a.meter.meets(interrupted)
	if !a.asked.Load() || !interrupts && !a.meter.meets(truncated) {
		return n, err
	}
	const patience = 100 * time.Millisecond // An answer of this length comes at once.
	defer func() { _ = a.server.SetReadDeadline(time.Time{}) }()
	for {
		middle, end, complete := lastRow(buffer[:n])
		if complete || err != nil || n == len(buffer) {
			switch {
			case middle == 0, interrupts && a.meter.answers.Add(1)%2 == 1:
				return n, err
			case interrupts:
				middle = end
			}
			a.meter.met.Add(1)
			return middle, io.EOF
		}
		_ = a.server.SetReadDeadline(time.Now().Add(patience))
		var more int
		more, err = a.server.Read(buffer[n:])
		if n += more; errors.Is(err, os.ErrDeadlineExceeded) {
			return n, nil
		}
	}
}

// lastRow is where the middle and the end of the last row in an answer are, 0 if there is no row, and whether the answer is complete.
func lastRow(answer []byte) (middle, end int, complete bool) {
	const header, done, failed = 4, 0xfe, 0xff
	columns := 0
	for at, packet := 0, 0; at+header < len(answer); packet++ {
		size := int(answer[at]) | int(answer[at+1])<<8 | int(answer[at+2])<<16
		first := answer[at+header]
		switch {
		case packet == 0 && (first == 0 || first == failed):
			return 0, 0, true
		case packet == 0:
			columns = int(first)
		case packet <= columns:
		case first == done && packet > columns+1:
			return middle, end, true
		case first != done: // Which may also lie between the columns and the rows.
			middle, end = min(at+header+size/2, len(answer)), min(at+header+size, len(answer))
		}
		at += header + size
	}
	return middle, end, false
}

// names tells whether a query is one of those that faults of queries are for.
func (m *Meter) names(query []byte) bool {
	refusal := m.refuses.Load()
	return refusal == nil || bytes.Contains(query, []byte(refusal.table))
}

// meets tells whether queries meet a fault of that type.
func (m *Meter) meets(query string) bool {
	refusal := m.refuses.Load()
	return refusal != nil && refusal.query == query
}
