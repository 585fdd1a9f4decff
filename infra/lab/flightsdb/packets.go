package flightsdb

import (
	"encoding/binary"
	"sync"

	"github.com/dolthub/vitess/go/mysql"
)

// packets bounds what a client sends. Each packet has a length of three bytes, a number of one, and that many bytes, of which
// the first is the command and the next four, for some commands, the number of a prepared statement.
type packets struct {
	// limit is the longest packet that may pass.
	limit int
	// room is what all connections share, for packets on their way and for parameters sent ahead.
	room *room

	mutex    sync.Mutex
	gone     bool
	reserved int // What the packet takes of the room.
	// ahead are the bytes of the parameters sent ahead for each prepared statement; nil before the login.
	ahead map[uint32]int
}

// loggedIn says that commands follow.
func (p *packets) loggedIn() {
	p.limit = maxPacket
	p.ahead = map[uint32]int{}
}

// begin returns an error if a packet of that length may not pass. The library has dealt with the one before.
func (p *packets) begin(length int) error {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.room.give(p.reserved)
	p.reserved = 0
	switch {
	case p.gone:
		return errNoRoom
	case length > p.limit:
		return errPacketTooLarge
	case !p.room.take(length):
		return errNoRoom
	}
	p.reserved = length
	return nil
}

// statementNumber is the number of the prepared statement in the first bytes of a packet; 0 is none.
func statementNumber(first []byte) uint32 {
	if len(first) < 5 {
		return 0
	}
	return binary.LittleEndian.Uint32(first[1:])
}

// keep returns an error if a packet with those first bytes is too much. A parameter may come in any number of packets, which the
// library joins: the limit applies to their sum.
func (p *packets) keep(first []byte, length int) error {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	number := statementNumber(first)
	switch {
	case p.ahead == nil || length == 0 || p.gone:
	case first[0] == mysql.ComStmtSendLongData:
		if !p.room.take(length) {
			return errNoRoom
		}
		p.ahead[number] += length
		if p.ahead[number] > p.limit {
			return errPacketTooLarge
		}
	case first[0] == mysql.ComStmtExecute, first[0] == mysql.ComStmtClose, first[0] == mysql.ComStmtReset:
		p.room.give(p.ahead[number])
		delete(p.ahead, number)
	}
	return nil
}

// forget gives everything back when the connection ends.
func (p *packets) forget() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.gone = true
	p.room.give(p.reserved)
	p.reserved = 0
	for statement, length := range p.ahead {
		p.room.give(length)
		delete(p.ahead, statement)
	}
}
