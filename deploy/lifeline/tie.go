package lifeline

import (
	"os/exec"
	"runtime"
	"syscall"
)

// Tie starts a program that knows no lifeline so that the kernel kills it when
// this process ends, however that happens. The kernel ties such a death to the
// thread that started the program, so a thread is kept for it until then. The
// caller waits for cmd as usual.
func Tie(cmd *exec.Cmd) error {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread must outlive the program
		started <- cmd.Start()
		select {}
	}()
	return <-started
}
