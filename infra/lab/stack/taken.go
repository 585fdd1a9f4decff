package stack

import (
	"errors"
	"net"
	"strconv"
	"strings"

	"chaosworkshop/infra/internal/port"
	"chaosworkshop/shared/config"
)

// errTaken says that something else listens on an address.
type errTaken struct{ addr string }

func (e errTaken) Error() string { return e.addr + " is taken" }

// explain turns an error about a taken port into one line: which port, who holds it, which variable moves it.
func explain(cfg config.Infra, err error) error {
	taken, ok := errors.AsType[errTaken](err)
	if !ok && !port.InUse(err) {
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
			return port.Taken(one.port, one.variable)
		}
	}
	return err
}
