package port

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"time"
)

// defaults are the ports that the workshop uses unless told otherwise: none is a substitute for another.
var defaults = []int{3306, 3307, 5000, 8474, 8475}

// dialPatience bounds the check whether something answers on this computer.
const dialPatience = 300 * time.Millisecond

// Busy tells why a server cannot listen on a port of the host: the error of Listen, or nil.
//
// Windows lets a second program listen on 127.0.0.1 where a first one listens on every address, and takes the first one's
// clients away. So a port on which something answers is busy too.
func Busy(host string, number int) error {
	listener, err := Listen(host, number)
	if err != nil {
		return err
	}
	return listener.Close()
}

// Listen listens on a port of the host, unless something answers there already.
func Listen(host string, number int) (net.Listener, error) {
	addr := net.JoinHostPort(host, strconv.Itoa(number))
	if number != 0 {
		if conn, err := net.DialTimeout("tcp", Reachable(addr), dialPatience); err == nil {
			conn.Close()
			return nil, fmt.Errorf("listen on %s: %w", addr, errAnswers)
		}
	}
	return net.Listen("tcp", addr)
}

// errAnswers is how Listen says that a port has a server.
var errAnswers = errors.New("address already in use")

// Next is the first free port of the host after number that is neither one of the workshop's defaults nor in use.
func Next(host string, number int, use []int) (int, error) {
	for next := number + 1; next < number+200 && next < 1<<16; next++ {
		if !slices.Contains(defaults, next) && !slices.Contains(use, next) && Busy(host, next) == nil {
			return next, nil
		}
	}
	return 0, fmt.Errorf("found no free port from %d to %d; stop a program that listens there", number+1, number+199)
}

// Unusable is the error about a port that cannot be listened on and is not taken.
func Unusable(host string, number int, variable string, err error) error {
	if net.ParseIP(host) == nil {
		return errors.New("BIND must be an IP address of this computer, such as 127.0.0.1, or 0.0.0.0 for all of them")
	}
	if number > 0 && number < 1024 {
		return fmt.Errorf("port %d needs the rights of an administrator; set %s to a port above 1023", number, variable)
	}
	if number == 0 {
		return fmt.Errorf("BIND must be an IP address of this computer, such as 127.0.0.1; %s is not one of them", host)
	}
	return fmt.Errorf("cannot listen on port %d: %w; set %s to another port", number, err, variable)
}
