package embedded

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"rongtong/schemas/fault"
)

// folderLock is the proof that this process alone owns a data folder. The
// kernel drops it when the process dies, however it dies.
type folderLock struct{ f *os.File }

func (l *folderLock) Close() error { return l.f.Close() }

// lockFolder creates dir and takes its lock. Neither engine guards its folder
// well enough: two brokers on one folder lose acknowledged records.
func lockFolder(engine, dir string) (*folderLock, error) {
	if dir == "" {
		return nil, fault.New(fault.Config, "starting the %s: no data folder given", engine)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, diskErr(err, "making %q", dir)
	}
	path := filepath.Join(dir, engine+".lock")
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, diskErr(err, "opening %q", path)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		defer f.Close()
		if !errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fault.New(fault.Config, "locking %q: %w", path, err)
		}
		holder := make([]byte, 32)
		n, _ := f.ReadAt(holder, 0)
		pid := strings.TrimSpace(string(holder[:n]))
		return nil, fault.Hint(fault.Config, "stop that process or name another data folder",
			"starting the %s in %q: process %s already runs there", engine, dir, pid)
	}
	err = f.Truncate(0)
	if err == nil {
		_, err = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	}
	if err != nil {
		f.Close()
		return nil, diskErr(err, "writing %q", path)
	}
	return &folderLock{f}, nil
}

// portFree reports whether a loopback port can be listened on, and if not, who
// holds it and which flag moves it.
func portFree(what string, port int, flag string) error {
	ln, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", port))
	if err == nil {
		return ln.Close()
	}
	if !errors.Is(err, syscall.EADDRINUSE) {
		return fault.New(fault.Config, "listening on port %d (%s): %w", port, what, err)
	}
	who := "another process"
	if pid, name := portHolder(port); pid != 0 {
		who = fmt.Sprintf("process %d (%s)", pid, name)
	}
	return fault.Hint(fault.Config, fmt.Sprintf("stop it or choose another port with %s", flag),
		"listening on port %d (%s): %s holds it", port, what, who)
}

// portHolder finds the process that listens on a TCP port, as far as this user
// may look. 0 means unknown.
func portHolder(port int) (pid int, name string) {
	inode := ""
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		b, _ := os.ReadFile(table)
		for _, line := range strings.Split(string(b), "\n") {
			f := strings.Fields(line)
			if len(f) > 9 && f[3] == "0A" && strings.HasSuffix(f[1], fmt.Sprintf(":%04X", port)) {
				inode = "socket:[" + f[9] + "]"
			}
		}
	}
	if inode == "" {
		return 0, ""
	}
	links, _ := filepath.Glob("/proc/[0-9]*/fd/*")
	for _, link := range links {
		if to, err := os.Readlink(link); err == nil && to == inode {
			dir := strings.Split(link, "/")[2]
			comm, _ := os.ReadFile("/proc/" + dir + "/comm")
			pid, _ = strconv.Atoi(dir)
			return pid, strings.TrimSpace(string(comm))
		}
	}
	return 0, ""
}

// writeFile replaces path with content, readable by the owner only, and never
// leaves half a file.
func writeFile(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return diskErr(err, "writing %q", path)
	}
	_, err = f.Write(content)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return diskErr(err, "writing %q", path)
	}
	return nil
}

// diskErr classifies a file system error; a full disk gets its way out.
func diskErr(err error, format string, args ...any) error {
	what := fmt.Sprintf(format, args...)
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fault.Hint(fault.Config, "free some space or name a folder on another disk", "%s: the disk is full: %w", what, err)
	}
	return fault.New(fault.Config, "%s: %w", what, err)
}

// needFree fails when the disk below dir has less than need bytes to spare.
func needFree(dir string, need int64, purpose string) error {
	free, err := freeBytes(dir)
	if err != nil {
		return diskErr(err, "measuring the free space of %q", dir)
	}
	if free < need {
		return fault.Hint(fault.Config, "free some space or name a folder on another disk",
			"%s: %q has %d MB free and needs %d MB", purpose, dir, free>>20, need>>20)
	}
	return nil
}

func freeBytes(dir string) (int64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, err
	}
	return int64(st.Bavail) * st.Bsize, nil
}

// waitFor calls try until it returns nil or ctx ends; then the last error of
// try is returned, because it says more than "deadline exceeded".
func waitFor(ctx context.Context, every time.Duration, try func(context.Context) error) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	var last error
	for {
		err := try(ctx)
		if err == nil {
			return nil
		}
		if last == nil || ctx.Err() == nil {
			last = err
		}
		select {
		case <-ctx.Done():
			return last
		case <-tick.C:
		}
	}
}
