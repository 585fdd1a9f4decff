package app

import (
	"os/exec"
	"syscall"
)

// prepare gives the app a process group of its own: a Ctrl-C on the terminal reaches it through Stop, in order. If this
// process is killed, the app ends too.
func prepare(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
