package app

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"chaosworkshop/infra/internal/port"
)

// listening are the addresses that the group listens on, as far as they can be found: a socket's inode in /proc/net/tcp is
// that of an open file of one of its processes.
func (g group) listening() []string {
	if g == 0 {
		return nil
	}
	open := port.Sockets()
	var found []string
	statuses, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, status := range statuses {
		text, err := os.ReadFile(status)
		if err != nil {
			continue
		}
		// The name, in parentheses, may hold anything; after it come the state, the parent and the group.
		columns := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
		if len(columns) < 3 || columns[2] != strconv.Itoa(int(g)) {
			continue
		}
		files, _ := filepath.Glob(filepath.Join(filepath.Dir(status), "fd", "*"))
		for _, file := range files {
			target, err := os.Readlink(file)
			if err != nil || open[target] == "" {
				continue
			}
			if listens := address(open[target]); listens != "" && !slices.Contains(found, listens) {
				found = append(found, listens)
			}
		}
	}
	return found
}

// address is a host and port as the kernel prints them: each four bytes of the host in the order of the machine.
func address(text string) string {
	host, number, _ := strings.Cut(text, ":")
	raw, err := hex.DecodeString(host)
	port, bad := strconv.ParseUint(number, 16, 16)
	if err != nil || bad != nil {
		return ""
	}
	for i := 0; i+4 <= len(raw); i += 4 {
		binary.BigEndian.PutUint32(raw[i:], binary.NativeEndian.Uint32(raw[i:]))
	}
	return net.JoinHostPort(net.IP(raw).String(), fmt.Sprint(port))
}
