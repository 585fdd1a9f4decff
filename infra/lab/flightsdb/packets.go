package flightsdb

import "github.com/dolthub/vitess/go/mysql"

// packets follows a stream of packets: each is a length of three bytes, a number of one, and that many bytes, of which
// the first is the command.
type packets struct {
	// limit is the longest packet that may pass.
	limit int

	header   [4]byte
	read     int // Bytes of the header.
	length   int
	left     int // Remaining bytes of the packet.
	longData int // Bytes of the parameters sent for the next statement.
}

// follow reads the next bytes of the stream and tells whether they may pass.
func (p *packets) follow(b []byte) bool {
	for len(b) > 0 {
		if p.read < len(p.header) {
			n := copy(p.header[p.read:], b)
			p.read += n
			b = b[n:]
			if p.read == len(p.header) && !p.begin() {
				return false
			}
			continue
		}
		if p.left == p.length && !p.command(b[0]) {
			return false
		}
		n := min(p.left, len(b))
		b = b[n:]
		p.left -= n
		if p.left == 0 {
			p.read = 0
		}
	}
	return true
}

// begin is called when a header is complete.
func (p *packets) begin() bool {
	p.length = int(p.header[0]) | int(p.header[1])<<8 | int(p.header[2])<<16
	p.left = p.length
	if p.length == 0 {
		p.read = 0
	}
	return p.length <= p.limit
}

// command is called with the first byte of a packet. A parameter may come in any number of packets, which the library
// joins: the limit applies to their sum.
func (p *packets) command(first byte) bool {
	if first != mysql.ComStmtSendLongData {
		p.longData = 0
		return true
	}
	p.longData += p.length
	return p.longData <= p.limit
}
