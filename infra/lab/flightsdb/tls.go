package flightsdb

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"fmt"
	"io"
	"math/big"
	"net"
	"time"

	"github.com/dolthub/vitess/go/mysql"
)

// newTLS is for the clients that insist on TLS, as some do by default. The certificate is made at each start and signs itself:
// it proves nothing, and a client that verifies it refuses it.
func newTLS() (*tls.Config, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make key: %w", err)
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()),
		Subject:      pkix.Name{CommonName: "flights database of the chaos workshop"},
		DNSNames:     []string{"localhost"},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		NotBefore:    now.Add(-24 * time.Hour),
		NotAfter:     now.AddDate(1, 0, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("make certificate: %w", err)
	}
	return &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{certificate}, PrivateKey: key}},
		MinVersion:   tls.VersionTLS12,
	}, nil
}

// Write implements net.Conn. It tells the client that the server has TLS.
func (c *conn) Write(b []byte) (int, error) {
	if !c.greeted {
		c.greeting = append(c.greeting, b...)
		if len(c.greeting) < 4 || len(c.greeting) < 4+packetLength(c.greeting) {
			return len(b), nil
		}
		c.greeted = true
		offerTLS(c.greeting)
		_, err := c.stream.Write(c.greeting)
		c.greeting = nil
		return len(b), err
	}
	if c.shift > 0 {
		b = c.outgoing.shift(b, c.shift)
	}
	if c.instead != nil {
		return len(b), c.hold(b)
	}
	return c.stream.Write(b)
}

// packetLength is the length of the packet with that header.
func packetLength(header []byte) int {
	return int(header[0]) | int(header[1])<<8 | int(header[2])<<16
}

// offerTLS sets the flag of TLS in the server's first packet. The flags come after the version of the protocol, that of the
// server and a zero, the number of the connection in four bytes, and nine bytes of salt.
func offerTLS(greeting []byte) {
	for at := 5; at < len(greeting); at++ {
		if greeting[at] == 0 {
			if flags := at + 1 + 4 + 9; flags+2 <= len(greeting) {
				offered := binary.LittleEndian.Uint16(greeting[flags:]) | mysql.CapabilityClientSSL
				binary.LittleEndian.PutUint16(greeting[flags:], offered)
			}
			return
		}
	}
}

// negotiate looks at the client's first packet. One that asks for TLS has 32 bytes, fewer than any login, and the
// login follows inside TLS. The library does not learn of it, so that its packets are inspected: it would read
// them from the TLS connection, out of sight. Until the login is over, the numbers of the packets are one
// too high for the library.
func (c *conn) negotiate() error {
	first := make([]byte, 4+32)
	n, err := io.ReadFull(c.Conn, first[:4])
	if err == nil && packetLength(first) == 32 {
		var more int
		more, err = io.ReadFull(c.Conn, first[4:])
		n += more
		if err == nil && binary.LittleEndian.Uint32(first[4:])&mysql.CapabilityClientSSL != 0 {
			secured := tls.Server(c.Conn, c.config)
			c.stream, c.shift = secured, 1
			return secured.Handshake()
		}
	}
	c.early = first[:n]
	if n > 0 {
		return nil
	}
	return err
}

// numbers follows a stream of packets that are sent.
type numbers struct {
	header [4]byte
	read   int // Bytes of the header.
	left   int // Remaining bytes of the packet.
}

// shift returns the next bytes of the stream with the numbers of the packets that much higher.
func (n *numbers) shift(b []byte, by byte) []byte {
	shifted := append([]byte(nil), b...)
	for i := 0; i < len(shifted); {
		if n.left > 0 {
			skipped := min(n.left, len(shifted)-i)
			n.left -= skipped
			i += skipped
			continue
		}
		n.header[n.read] = shifted[i]
		n.read++
		if n.read == len(n.header) {
			shifted[i] += by
			n.read, n.left = 0, packetLength(n.header[:])
		}
		i++
	}
	return shifted
}
