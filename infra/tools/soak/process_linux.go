package soak

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// resident is the memory of a process that is in RAM, in bytes; false when it cannot be measured.
func resident(pid int) (int, bool) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0, false
	}
	var size, pages int
	if _, err := fmt.Sscan(string(text), &size, &pages); err != nil {
		return 0, false
	}
	return pages * os.Getpagesize(), true
}

// sockets is how many sockets a process has open, ports that it listens on included; false when that cannot be measured.
func sockets(pid int) (int, bool) {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	if err != nil || len(files) == 0 {
		return 0, false
	}
	count := 0
	for _, file := range files {
		// A file that was closed meanwhile is none.
		if target, err := os.Readlink(file); err == nil && strings.HasPrefix(target, "socket:") {
			count++
		}
	}
	return count, true
}

// children is how many processes this one has started that are still there; -1 when that cannot be told.
func children() int {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil || len(files) == 0 {
		return -1
	}
	count := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // It ended meanwhile.
		}
		// The name in parentheses may hold anything; state and parent follow it.
		var state string
		var parent int
		_, rest, _ := strings.Cut(string(text[max(0, bytes.LastIndexByte(text, ')')):]), " ")
		if _, err := fmt.Sscan(rest, &state, &parent); err == nil && parent == os.Getpid() {
			count++
		}
	}
	return count
}
