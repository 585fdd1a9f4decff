package app

import (
	"os"
	"os/exec"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// shell is the command that runs a command line. With /S, cmd removes the outer quotes and leaves all others alone.
func shell(script string) *exec.Cmd {
	command := exec.Command("cmd")
	command.SysProcAttr = &syscall.SysProcAttr{CmdLine: `cmd /S /C "` + script + `"`}
	return command
}

// prepare gives the app a process group of its own, which an interrupt can be sent to.
func prepare(command *exec.Cmd) {
	if command.SysProcAttr == nil {
		command.SysProcAttr = &syscall.SysProcAttr{}
	}
	command.SysProcAttr.CreationFlags |= windows.CREATE_NEW_PROCESS_GROUP
}

// group is the app and whatever it started: a job object, which its children join by themselves. It also ends with this
// process. Without a job (job is 0), it is the first process alone.
type group struct {
	leader *os.Process
	job    windows.Handle
}

func newGroup(leader *os.Process) group {
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return group{leader: leader}
	}
	limits := windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION{
		BasicLimitInformation: windows.JOBOBJECT_BASIC_LIMIT_INFORMATION{LimitFlags: windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE},
	}
	_, err = windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation, uintptr(unsafe.Pointer(&limits)), uint32(unsafe.Sizeof(limits)))
	if err == nil {
		err = assign(job, leader.Pid)
	}
	if err != nil {
		_ = windows.CloseHandle(job)
		return group{leader: leader}
	}
	return group{leader, job}
}

// assign puts a process into the job.
func assign(job windows.Handle, pid int) error {
	process, err := windows.OpenProcess(windows.PROCESS_SET_QUOTA|windows.PROCESS_TERMINATE, false, uint32(pid))
	if err != nil {
		return err
	}
	defer windows.CloseHandle(process)
	return windows.AssignProcessToJobObject(job, process)
}

// interrupt asks the app to end: Windows delivers Ctrl-Break to a process group, which Go treats as an interrupt.
func (g group) interrupt() error {
	return windows.GenerateConsoleCtrlEvent(windows.CTRL_BREAK_EVENT, uint32(g.leader.Pid))
}

// kill ends every process of the job.
func (g group) kill() {
	switch {
	case g.job != 0:
		_ = windows.TerminateJobObject(g.job, 1) // They may have ended already.
	case g.leader != nil:
		_ = g.leader.Kill()
	}
}

// listening returns no addresses: on Windows, nothing looks for them.
func (g group) listening() []string { return nil }
