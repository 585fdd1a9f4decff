//go:build unix

package app

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// shell is the command that runs a command line.
func shell(script string) *exec.Cmd { return exec.Command("sh", "-c", script) }

// group is the process group of an app, named by the id of its first process: the app and whatever it started.
type group int

func newGroup(leader *os.Process) group { return group(leader.Pid) }

// interrupt asks every process of the group to end.
func (g group) interrupt() error {
	err := syscall.Kill(-int(g), syscall.SIGINT)
	if errors.Is(err, syscall.ESRCH) {
		return os.ErrProcessDone
	}
	return err
}

// kill ends every process of the group.
func (g group) kill() {
	if g > 0 {
		_ = syscall.Kill(-int(g), syscall.SIGKILL) // They may have ended already.
	}
}
