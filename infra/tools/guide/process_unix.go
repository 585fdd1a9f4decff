//go:build unix

package guide

import (
	"os/exec"
	"syscall"
)

// ownGroup makes the command the head of a process group, as a terminal does: Ctrl-C reaches all that it starts.
func ownGroup(command *exec.Cmd) { command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// interruptGroup is Ctrl-C. A group that is gone already needs none.
func interruptGroup(command *exec.Cmd) { _ = syscall.Kill(-command.Process.Pid, syscall.SIGINT) }

// killGroup ends the group at once.
func killGroup(command *exec.Cmd) { _ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
