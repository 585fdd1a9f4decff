package flightsdb

import (
	"encoding/binary"
	"sync"

	"github.com/dolthub/vitess/go/mysql"
)

// packets follows a stream of packets: each is a length of three bytes, a number of one, and that many bytes, of which
// the first is the command and the next four, for some commands, the number of a prepared statement.
type packets struct {
	// limit is the longest packet that may pass.
	limit int
	// room is what all connections share, for packets on their way and for parameters sent ahead.
	room *room

	// shifted says that the numbers of the packets are to be lowered by one, until the first command.
	shifted bool

	mutex  sync.Mutex
	gone   bool
	header [4]byte
	read   int // Bytes of the header.
	length int
	left   int // Remaining bytes of the packet.

	first    [5]byte
	known    int // Bytes of first.
	reserved int // What the packet takes of the room.
	// ahead are the bytes of the parameters sent ahead for each prepared statement.
	ahead map[uint32]int
}

// loggedIn says that commands follow.
func (p *packets) loggedIn() {
	p.limit = maxPacket
	p.ahead = map[uint32]int{}
}

// follow reads the next bytes of the stream, in which it may change numbers, and returns an error when they may not pass.
func (p *packets) follow(b []byte) *mysql.SQLError {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.gone {
		return errNoRoom
	}
	for len(b) > 0 {
		if p.read < len(p.header) {
			n := copy(p.header[p.read:], b)
			p.read += n
			if p.shifted && p.read == len(p.header) {
				p.shifted = p.header[3] > 0
				if p.shifted {
					b[n-1]--
				}
			}
			b = b[n:]
			if p.read == len(p.header) {
				if err := p.begin(); err != nil {
					return err
				}
			}
			continue
		}
		n := min(p.left, len(b))
		if p.known < len(p.first) {
			p.known += copy(p.first[p.known:], b[:n])
			if p.known == min(len(p.first), p.length) {
				if err := p.command(); err != nil {
					return err
				}
			}
		}
		b = b[n:]
		p.left -= n
		if p.left == 0 {
			p.read = 0
		}
	}
	return nil
}

// begin is called when a header is complete.
func (p *packets) begin() *mysql.SQLError {
	p.length = packetLength(p.header[:])
	p.left, p.known = p.length, 0
	if p.length == 0 {
		p.read = 0
	}
	if p.length > p.limit {
		return errPacketTooLarge
	}
	// The library has dealt with the packet before.
	p.room.give(p.reserved)
	p.reserved = 0
	if !p.room.take(p.length) {
		return errNoRoom
	}
	p.reserved = p.length
	return nil
}

// command is called with the first bytes of a packet. A parameter may come in any number of packets, which the library
// joins: the limit applies to their sum. A statement is walked before it gets here, as deep as it nests, when it is prepared.
func (p *packets) command() *mysql.SQLError {
	if p.ahead == nil {
		return nil
	}
	statement := binary.LittleEndian.Uint32(p.first[1:])
	switch p.first[0] {
	case mysql.ComPrepare:
		if p.length > maxPreparedText {
			return errPacketTooLarge
		}
	case mysql.ComStmtSendLongData:
		p.ahead[statement] += p.length
		if !p.room.take(p.length) {
			p.ahead[statement] -= p.length
			return errNoRoom
		}
		if p.ahead[statement] > p.limit {
			return errPacketTooLarge
		}
	case mysql.ComStmtExecute, mysql.ComStmtClose, mysql.ComStmtReset:
		p.room.give(p.ahead[statement])
		delete(p.ahead, statement)
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
