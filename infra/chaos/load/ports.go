package load

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"
)

// errPorts is why a request that never left this computer failed.
const errPorts = "this computer ran out of ports"

// IsOutOfPorts tells whether a connection failed because this computer has no port left for it. The error numbers are those of
// Windows.
func IsOutOfPorts(err error) bool {
	const addressInUse, addressNotAvailable, noBuffers = syscall.Errno(10048), syscall.Errno(10049), syscall.Errno(10055)
	for _, number := range []syscall.Errno{syscall.EADDRNOTAVAIL, addressInUse, addressNotAvailable, noBuffers} {
		if errors.Is(err, number) {
			return true
		}
	}
	return false
}

// Ports is how many connections this computer can open to one address within the time for which it keeps the port of a closed
// one. It is approximate: it depends on the system and its settings.
func Ports() (count int, kept time.Duration) {
	switch runtime.GOOS {
	case "linux":
		low, high := 32768, 60999
		if text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range"); err == nil {
			_, _ = fmt.Sscan(string(text), &low, &high) // Otherwise the defaults hold.
		}
		return high - low + 1, time.Minute
	case "windows":
		return 16384, 2 * time.Minute
	}
	return 16384, 30 * time.Second
}

// Exhausts tells whether requests at this rate, for this time, use up the ports if each opens a connection to the database. It
// returns the rate that can be kept up.
func Exhausts(rate int, duration time.Duration, ports int, kept time.Duration) (bool, int) {
	lasting := int(float64(ports) / kept.Seconds())
	return rate > lasting && float64(rate)*duration.Seconds() > float64(ports), lasting
}
