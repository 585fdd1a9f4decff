// Package port finds free TCP ports, and says what is wrong with a port that is not free.
package port

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// given are the ports that this process got from Free.
var given sync.Map

// Free is a port of the host on which nothing listens, and that this process has not had before. It lies below those that
// systems give to outgoing connections, so that nobody takes it before the server that it is for.
func Free(host string) (int, error) {
	var err error
	for range 100 {
		number := 20000 + rand.IntN(10000)
		if _, taken := given.LoadOrStore(number, true); taken {
			continue
		}
		if err = Busy(host, number); err == nil {
			return number, nil
		}
	}
	return 0, fmt.Errorf("find a free port from 20000 to 29999: %w", err)
}

// Reachable is the address to dial for a server that listens on addr, which may name every interface.
func Reachable(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// InUse tells whether err says that an address is in use. Of what comes through Toxiproxy's API only the text is left.
func InUse(err error) bool {
	const windows = syscall.Errno(10048) // WSAEADDRINUSE
	return errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, windows) ||
		strings.Contains(err.Error(), "address already in use") || strings.Contains(err.Error(), "Only one usage")
}

// Taken is the error about a port that is in use: who holds it, and which variable moves it.
func Taken(number int, variable string) error {
	hint := ""
	if number == 5000 {
		hint = " (on macOS AirPlay holds 5000)"
	}
	return fmt.Errorf("port %d is taken%s; stop that program%s, or set %s to another port", number, HeldBy(number), hint, variable)
}

// HeldBy is " by NAME (process ID)" for the program that listens on the port, or nothing where that cannot be learnt:
// it is up to the system and the user's rights.
func HeldBy(number int) string {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	name, id := "", ""
	switch runtime.GOOS {
	case "linux":
		name, id = fromProc(number)
	case "darwin":
		output, err := exec.CommandContext(ctx, "lsof", "-nP", "-F", "pc", "-sTCP:LISTEN", "-iTCP:"+strconv.Itoa(number)).Output()
		if err != nil {
			return ""
		}
		for _, line := range strings.Fields(string(output)) {
			switch line[0] {
			case 'p':
				id = line[1:]
			case 'c':
				name = line[1:]
			}
		}
	case "windows":
		output, err := exec.CommandContext(ctx, "netstat", "-ano", "-p", "TCP").Output()
		if err != nil {
			return ""
		}
		for line := range strings.Lines(string(output)) {
			columns := strings.Fields(line)
			// The word for a listener is in the system's language; a connection has another end, with a port.
			if len(columns) == 5 && strings.HasSuffix(columns[2], ":0") && strings.HasSuffix(columns[1], ":"+strconv.Itoa(number)) {
				name, id = "a program", columns[4]
			}
		}
	}
	if id == "" {
		return ""
	}
	return fmt.Sprintf(" by %s (process %s)", name, id)
}
