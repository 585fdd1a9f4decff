package port

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// fromProc finds on Linux the name and id of the process that listens on the port: its socket's inode in /proc/net/tcp
// is that of one of its open files.
func fromProc(number int) (name, id string) {
	sockets := map[string]bool{}
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		text, err := os.ReadFile(table)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			columns := strings.Fields(line)
			const listening = "0A"
			if len(columns) > 9 && columns[3] == listening && strings.HasSuffix(columns[1], fmt.Sprintf(":%04X", number)) {
				sockets["socket:["+columns[9]+"]"] = true
			}
		}
	}
	files, err := filepath.Glob("/proc/[0-9]*/fd/*")
	if err != nil || len(sockets) == 0 {
		return "", ""
	}
	for _, file := range files {
		if target, err := os.Readlink(file); err == nil && sockets[target] {
			id = strings.Split(file, "/")[2]
			text, _ := os.ReadFile(filepath.Join("/proc", id, "comm")) // Without it the id must do.
			return strings.TrimSpace(string(text)), id
		}
	}
	return "", ""
}
