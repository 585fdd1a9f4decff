package toxi

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// noLeaks checks at the end of the test that it left no goroutine behind. Those from before do not count:
// Toxiproxy keeps some of clients that left while a toxic changed.
func noLeaks(t *testing.T) {
	t.Helper()
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() {
		err := goleak.Find(before)
		// A toxic that delays the end of a connection outlives it by a second.
		for end := time.Now().Add(3 * time.Second); err != nil && time.Now().Before(end); {
			err = goleak.Find(before)
		}
		if err != nil {
			t.Error(err)
		}
	})
}

// serveBytes is a TCP server in place of the database, until the test ends. A line with a number asks it for that
// many bytes; the line 0 asks it to close the connection.
func serveBytes(t testing.TB) (addr string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	var mutex sync.Mutex
	open := map[net.Conn]bool{}
	t.Cleanup(func() {
		listener.Close()
		mutex.Lock()
		for conn := range open {
			conn.Close()
		}
		mutex.Unlock()
		group.Wait()
	})
	group.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			mutex.Lock()
			open[conn] = true
			mutex.Unlock()
			group.Go(func() {
				answerBytes(conn)
				conn.Close()
				mutex.Lock()
				delete(open, conn)
				mutex.Unlock()
			})
		}
	})
	return listener.Addr().String()
}

// answerBytes answers one connection of serveBytes.
func answerBytes(conn net.Conn) {
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		count, err := strconv.Atoi(lines.Text())
		if err != nil || count == 0 {
			return
		}
		if _, err := conn.Write(make([]byte, count)); err != nil {
			return
		}
	}
}

// startProxy starts a Toxiproxy with ProxyName in front of upstream, on free ports, until the test ends.
func startProxy(t testing.TB, upstream string) *Server {
	t.Helper()
	server, err := Start(t.Context(), Options{APIAddr: "127.0.0.1:0", Listen: "127.0.0.1:0", Upstream: upstream})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return server
}

// answer is what a client got for one question.
type answer struct {
	// count is the number of bytes, reads the number of pieces in which they came.
	count, reads int
	// first and last are how long the first and the last byte, or the error, took.
	first, last time.Duration
	// err is nil when every byte came.
	err error
}

// ask asks the server at addr for count bytes on a connection of its own, and waits for them no longer than patience.
func ask(addr string, count int, patience time.Duration) answer {
	conn, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		return answer{err: err}
	}
	defer conn.Close()
	return askOn(conn, count, patience)
}

// askOn is ask on an existing connection.
func askOn(conn net.Conn, count int, patience time.Duration) (got answer) {
	begin := time.Now()
	conn.SetDeadline(begin.Add(patience))
	if _, err := fmt.Fprintf(conn, "%d\n", count); err != nil {
		return answer{err: err}
	}
	for buffer := make([]byte, 64<<10); got.count < max(count, 1) && got.err == nil; {
		var size int
		size, got.err = conn.Read(buffer)
		if size > 0 {
			got.count += size
			got.reads++
			if got.reads == 1 {
				got.first = time.Since(begin)
			}
		}
	}
	got.last = time.Since(begin)
	return got
}

// askAll calls ask that many times, side by side.
func askAll(addr string, clients, count int, patience time.Duration) []answer {
	answers := make([]answer, clients)
	var group sync.WaitGroup
	for i := range answers {
		group.Go(func() { answers[i] = ask(addr, count, patience) })
	}
	group.Wait()
	return answers
}

// timedOut tells that nobody answered in time.
func timedOut(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// closed tells that the other side closed the connection in the orderly way.
func closed(err error) bool { return errors.Is(err, io.EOF) }
