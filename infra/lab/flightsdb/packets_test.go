package flightsdb

import (
	"testing"
)

// packet is a packet with a payload of that length, which begins with the command.
func packet(command byte, length int) []byte {
	b := make([]byte, 4+length)
	b[0], b[1], b[2] = byte(length), byte(length>>8), byte(length>>16)
	if length > 0 {
		b[4] = command
	}
	return b
}

func join(parts ...[]byte) []byte {
	var all []byte
	for _, part := range parts {
		all = append(all, part...)
	}
	return all
}

func TestPackets(t *testing.T) {
	const query, execute, longData = 0x03, 0x17, 0x18
	for _, test := range []struct {
		name   string
		stream []byte
		want   bool
	}{
		{"empty packets", join(packet(0, 0), packet(0, 0)), true},
		{"as long as the limit", packet(query, 100), true},
		{"one byte longer", packet(query, 101), false},
		{"many", join(packet(query, 90), packet(query, 90), packet(query, 90)), true},
		{"too long after a good one", join(packet(query, 7), packet(query, 300)), false},
		{"16 MB announced", []byte{0xff, 0xff, 0xff, 0}, false},
		{"a parameter in parts", join(packet(longData, 60), packet(longData, 60)), false},
		{"a parameter in parts, with another command between", join(packet(longData, 60), packet(query, 5), packet(longData, 60)), false},
		{"parameters of two executions", join(packet(longData, 60), packet(execute, 5), packet(longData, 60)), true},
	} {
		p := packets{limit: 100, room: newRoom(1000), ahead: map[uint32]int{}}
		if got := p.follow(test.stream) == nil; got != test.want {
			t.Errorf("%s: passes: %v, want %v", test.name, got, test.want)
		}
	}
}

// follow is what a connection does for each packet of the stream.
func (p *packets) follow(stream []byte) error {
	for len(stream) > 0 {
		length := packetLength(stream)
		if err := p.begin(length); err != nil {
			return err
		}
		if err := p.keep(stream[4:4+min(5, length)], length); err != nil {
			return err
		}
		stream = stream[4+length:]
	}
	return nil
}

// TestRoom is what all connections share: packets on their way, and parameters that were sent ahead.
func TestRoom(t *testing.T) {
	const query, longData = 0x03, 0x18
	shared := newRoom(100)
	connection := func() *packets { return &packets{limit: 80, room: shared, ahead: map[uint32]int{}} }
	first, second := connection(), connection()
	if err := first.follow(join(packet(longData, 20), packet(query, 20), packet(query, 40))); err != nil {
		t.Fatal(err)
	}
	if err := second.follow(packet(query, 50)); err != errNoRoom {
		t.Errorf("more than there is room: %v, want %v", err, errNoRoom)
	}
	if err := second.follow(packet(query, 40)); err != nil {
		t.Errorf("as much as there is room: %v", err)
	}
	first.forget()
	second.forget()
	if left := shared.left.Load(); left != 100 {
		t.Errorf("left when all are gone: %d, want 100", left)
	}
}
