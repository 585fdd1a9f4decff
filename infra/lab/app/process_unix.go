//go:build unix && !linux

package app

import (
	"os"
	"os/exec"
	"syscall"
)

// prepare gives the app a process group of its own: a Ctrl-C on the terminal reaches it through Stop, in order.
func prepare(command *exec.Cmd) { command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// interrupt asks the app to end.
func interrupt(command *exec.Cmd) error { return command.Process.Signal(os.Interrupt) }
