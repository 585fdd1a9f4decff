package app

import (
	"os/exec"
	"syscall"

	"golang.org/x/sys/windows"
)

// prepare gives the app a process group of its own, which an interrupt can be sent to.
func prepare(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP}
}

// interrupt asks the app to end: Windows delivers Ctrl-Break to a process group, which Go treats as an interrupt.
func interrupt(command *exec.Cmd) error {
	return windows.GenerateConsoleCtrlEvent(windows.CTRL_BREAK_EVENT, uint32(command.Process.Pid))
}
