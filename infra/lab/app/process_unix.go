//go:build unix && !linux

package app

import (
	"os/exec"
	"syscall"
)

// prepare gives the app a process group of its own: a Ctrl-C on the terminal reaches it through Stop, in order.
func prepare(command *exec.Cmd) { command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
