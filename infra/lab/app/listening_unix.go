//go:build unix && !linux

package app

import (
	"bytes"
	"context"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"
)

// listening are the addresses that the group listens on, as far as they can be found: lsof knows.
func (g group) listening() []string {
	if g == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	output, err := exec.CommandContext(ctx, "lsof", "-nP", "-a", "-g", strconv.Itoa(int(g)), "-iTCP", "-sTCP:LISTEN", "-Fn").Output()
	if err != nil {
		return nil
	}
	var found []string
	for line := range bytes.Lines(output) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(string(line)), "n"); ok && !slices.Contains(found, name) {
			found = append(found, name)
		}
	}
	return found
}
