package embedded

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"unsafe"

	"github.com/ebitengine/purego"
	"golang.org/x/sys/unix"

	"rongtong/schemas/fault"
)

// console is the terminal the engine believes it talks to. The engine is a
// command line client with listeners; only in its interactive branch does a
// malformed connection not take the whole process down, and that branch wants
// a terminal on descriptor 0. Writing "exit" to it is also the only clean stop.
type console struct{ master *os.File }

// openConsole makes a pseudo terminal and puts its slave on descriptor 0 and
// /dev/null on descriptor 1 (the interactive client prints there). It changes
// the whole process, so only the engine's own child process may call it.
func openConsole() (*console, error) {
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fault.Hint(fault.Config, "mount devpts in the container", "opening a terminal for the warehouse engine: %w", err)
	}
	slave, err := attachSlave(master)
	if err != nil {
		master.Close()
		return nil, fault.Hint(fault.Config, "mount devpts in the container", "opening a terminal for the warehouse engine: %w", err)
	}
	defer unix.Close(slave)
	null, err := unix.Open("/dev/null", unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		master.Close()
		return nil, fmt.Errorf(`opening "/dev/null": %w`, err)
	}
	defer unix.Close(null)
	if err := errors.Join(unix.Dup2(slave, 0), unix.Dup2(null, 1)); err != nil {
		master.Close()
		return nil, fmt.Errorf("redirecting the engine's standard input and output: %w", err)
	}
	c := &console{master: master}
	// The engine blocks when nobody reads its prompt.
	go func() { _, _ = io.Copy(io.Discard, master) }()
	return c, nil
}

func attachSlave(master *os.File) (int, error) {
	fd := int(master.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		return -1, err
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		return -1, err
	}
	return unix.Open(fmt.Sprintf("/dev/pts/%d", n), unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
}

// exit asks the engine to stop. It returns at once; the engine follows within
// 0.1 s when idle and about 5 s when a query runs.
func (c *console) exit() { _, _ = c.master.WriteString("exit\n") }

// runLibrary loads libchdb from path and runs its command line; it blocks for
// the life of the engine. Its return code says nothing (a locked folder ends
// with 0), so callers judge by readiness instead.
func runLibrary(path string, argv []string) error {
	handle, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_GLOBAL)
	if err != nil {
		return fault.Hint(fault.Config, "the engine needs linux/amd64 with glibc; delete the file to fetch it again", "loading %q: %w", path, err)
	}
	var setSignals func(int32)
	var cmdline func(int32, unsafe.Pointer) uintptr
	purego.RegisterLibFunc(&setSignals, handle, "chdb_set_signal_handlers_enabled")
	purego.RegisterLibFunc(&cmdline, handle, "chdb_query_cmdline")
	// Go's own handlers stay: the library would replace SIGSEGV and friends.
	setSignals(0)

	args := make([]*byte, len(argv)+1)
	for i, a := range argv {
		args[i] = &append([]byte(a), 0)[0]
	}
	cmdline(int32(len(argv)), unsafe.Pointer(&args[0]))
	runtime.KeepAlive(args)
	return nil
}
