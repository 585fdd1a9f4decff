package port

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
)

// Sockets are the sockets that listen on Linux, by the names of the open files that they are: the address of each, as
// the kernel prints it. There are none on other systems.
func Sockets() map[string]string {
	sockets := map[string]string{}
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		text, err := os.ReadFile(table)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			columns := strings.Fields(line)
			const listening = "0A"
			if len(columns) > 9 && columns[3] == listening {
				sockets["socket:["+columns[9]+"]"] = columns[1]
			}
		}
	}
	return sockets
}

// fromProc finds on Linux the name and id of the process that listens on the port: the process has the socket open.
func fromProc(number int) (name, id string) {
	sockets := Sockets()
	maps.DeleteFunc(sockets, func(_, address string) bool { return !strings.HasSuffix(address, fmt.Sprintf(":%04X", number)) })
	files, err := filepath.Glob("/proc/[0-9]*/fd/*")
	if err != nil || len(sockets) == 0 {
		return "", ""
	}
	for _, file := range files {
		if target, err := os.Readlink(file); err == nil && sockets[target] != "" {
			id = strings.Split(file, "/")[2]
			text, _ := os.ReadFile(filepath.Join("/proc", id, "comm")) // Without it the id must do.
			return strings.TrimSpace(string(text)), id
		}
	}
	return "", ""
}
