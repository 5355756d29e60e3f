// Package lifeline ties a child process to its parent: nothing of ours outlives
// the process that started it, however that ends.
package lifeline

import (
	"context"
	"os"
	"os/signal"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
)

// Env names the descriptor a supervised child inherits. The parent
// holds the other end of that pipe and never writes: the child reads the end
// of file when the parent asks it to stop, and also when the parent is gone,
// however it went. A death signal could not do the same, because the kernel
// ties it to the parent's thread and Go moves goroutines between threads.
const Env = "RONGTONG_LIFELINE"

// patience is how long a process that was told to end, or whose parent vanished,
// may take. It exceeds every StopTimeout used here, so that it only strikes when
// the process is stuck.
var patience atomic.Int64

func init() { patience.Store(int64(20 * time.Second)) }

// Patience sets how long the process may take to end, for one that has a deadline
// of its own: give it more than that.
func Patience(d time.Duration) { patience.Store(int64(d)) }

// Watch returns a context that ends when the parent process closes the
// lifeline or vanishes, or on SIGTERM or SIGINT. A child calls it first of
// all. Once it has ended the process exits with status 1 after 20 seconds (see
// Patience), whatever else it does: nothing of ours outlives its parent.
// In a process that was not started so only the signals count.
func Watch(ctx context.Context) context.Context {
	ctx, cancel := signal.NotifyContext(ctx, syscall.SIGTERM, syscall.SIGINT)
	if fd, err := strconv.Atoi(os.Getenv(Env)); err == nil {
		syscall.CloseOnExec(fd)
		_ = os.Unsetenv(Env)
		pipe := os.NewFile(uintptr(fd), "lifeline")
		go func() {
			_, _ = pipe.Read(make([]byte, 1))
			cancel()
		}()
	}
	context.AfterFunc(ctx, func() {
		time.AfterFunc(time.Duration(patience.Load()), func() { os.Exit(1) })
	})
	return ctx
}
