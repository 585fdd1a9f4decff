package soak

import (
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// listening are the addresses on which a process, or one that it started, listens.
func listening(t *testing.T, pid int) (addresses []net.IP) {
	t.Helper()
	own := map[string]bool{}
	for _, one := range append(descendants(pid), pid) {
		files, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", one))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			target, _ := os.Readlink(file) // It may be closed by now.
			own[target] = true
		}
	}
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		text, err := os.ReadFile(table)
		if err != nil {
			continue // No IPv6 here.
		}
		for line := range strings.Lines(string(text)) {
			columns := strings.Fields(line)
			const listens = "0A"
			if len(columns) > 9 && columns[3] == listens && own["socket:["+columns[9]+"]"] {
				addresses = append(addresses, address(t, columns[1]))
			}
		}
	}
	return addresses
}

// address reads an address of /proc/net/tcp: words of four bytes, each the wrong way round, and a port.
func address(t *testing.T, column string) net.IP {
	t.Helper()
	host, _, _ := strings.Cut(column, ":")
	ip, err := hex.DecodeString(host)
	if err != nil {
		t.Fatal(err)
	}
	for at := 0; at < len(ip); at += 4 {
		ip[at], ip[at+1], ip[at+2], ip[at+3] = ip[at+3], ip[at+2], ip[at+1], ip[at]
	}
	return ip
}

// descendants are the processes that a process started, and those that they started.
func descendants(pid int) (all []int) {
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range files {
		text, _ := os.ReadFile(file) // It may have ended.
		columns := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
		if len(columns) < 2 || columns[1] != strconv.Itoa(pid) {
			continue
		}
		child, err := strconv.Atoi(strings.Split(file, "/")[2])
		if err == nil {
			all = append(append(all, child), descendants(child)...)
		}
	}
	return all
}

func TestEverythingListensOnLoopback(t *testing.T) {
	w := newWorkshop(t)
	app, said := w.serve(t, nil, "Ctrl-C", "exercise5")
	race, raceSaid := w.serve(t, []string{"MYSQL_PORT=0", "PROXY_PORT=0", "TOXIPROXY_PORT=0", "PORT=0"}, "mysql_proxy", "race")
	for _, one := range []struct {
		name   string
		pid    int
		said   *logLines
		expect int // At least: app, database, proxy and Toxiproxy; or those of a race.
	}{{"exercise5", app, said, 4}, {"race", race, raceSaid, 4}} {
		addresses := listening(t, one.pid)
		if len(addresses) < one.expect {
			t.Errorf("%s listens on %v, want at least %d ports; it said: %s", one.name, addresses, one.expect, one.said.all())
		}
		for _, ip := range addresses {
			if !ip.IsLoopback() {
				t.Errorf("%s listens on %s, want loopback only", one.name, ip)
			}
		}
	}
}

func TestBindOpensTheWorkshop(t *testing.T) {
	// It shows, too, that the test above can tell.
	w := newWorkshop(t)
	pid, _ := w.serve(t, []string{"BIND=0.0.0.0"}, "Ctrl-C", "infra")
	addresses := listening(t, pid)
	if len(addresses) != 3 {
		t.Errorf("listens on %v, want three ports", addresses)
	}
	for _, ip := range addresses {
		if !ip.IsUnspecified() {
			t.Errorf("listens on %s, want every interface as BIND says", ip)
		}
	}
}
