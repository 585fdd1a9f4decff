package server

import (
	"fmt"
	"log/slog"
	"net"
	"strconv"

	"chaosworkshop/shared/config"
	"chaosworkshop/shared/running"
)

// substitutes is how many ports after a taken default are tried.
const substitutes = 20

// listen listens on addr. If its port is taken and nobody chose it, the next free one is used, and noted for the commands
// that look for the app. Call release once the app no longer listens.
func listen(addr string) (listener net.Listener, release func(), err error) {
	release = func() {}
	if listener, err = net.Listen("tcp", addr); err == nil {
		return listener, release, nil
	}
	refused := fmt.Errorf("listen on %s: %w; stop the program that holds the port (on macOS AirPlay holds 5000), or set PORT to another", addr, err)
	chosen, err := config.Chosen()
	host, port, _ := net.SplitHostPort(addr)
	taken, atoiErr := strconv.Atoi(port)
	if err != nil || atoiErr != nil || chosen["PORT"] != "" {
		return nil, release, refused
	}
	for next := taken + 1; next <= taken+substitutes; next++ {
		if listener, err = net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(next))); err != nil {
			continue
		}
		slog.Warn("port taken, the next free one is used", "taken", taken, "port", next)
		if root, err := config.Root(); err == nil {
			if hold, err := running.Hold(root, map[string]int{"PORT": next}); err == nil {
				release = hold
			}
		}
		return listener, release, nil
	}
	return nil, release, refused
}
