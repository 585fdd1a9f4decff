package stack

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"syscall"

	"chaosworkshop/infra/internal/port"
	"chaosworkshop/shared/config"
)

// errTaken says that something else listens on an address.
type errTaken struct{ addr string }

func (e errTaken) Error() string { return e.addr + " is taken" }

// explain turns an error about a taken port into one line: which port, who holds it, which variable moves it.
func explain(cfg config.Infra, err error) error {
	taken, ok := errors.AsType[errTaken](err)
	if !ok && !inUse(err) {
		return err
	}
	for _, one := range []struct {
		port     int
		variable string
	}{
		{cfg.MySQLPort, "MYSQL_PORT"}, {cfg.ProxyPort, "PROXY_PORT"}, {cfg.ToxiproxyPort, "TOXIPROXY_PORT"},
	} {
		number := strconv.Itoa(one.port)
		_, at, _ := net.SplitHostPort(taken.addr)
		if at == number || strings.Contains(err.Error(), ":"+number+":") {
			return fmt.Errorf("port %s is taken%s; end that program, or set %s to another port", number, port.HeldBy(one.port), one.variable)
		}
	}
	return err
}

// inUse tells whether err says that an address is in use; through Toxiproxy's API only its text is left.
func inUse(err error) bool {
	const windows = syscall.Errno(10048) // WSAEADDRINUSE
	return errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, windows) ||
		strings.Contains(err.Error(), "address already in use") || strings.Contains(err.Error(), "Only one usage")
}
