package pipelines

import (
	"runtime"
	"sync/atomic"
	"syscall"
	"time"
)

// Stages adds up the CPU time of the two stages before a block is loaded.
type Stages struct{ fetch, transform atomic.Int64 } // ns

// Fetch is the time of reading: decompressing, checking, copying.
func (s *Stages) Fetch() time.Duration { return time.Duration(s.fetch.Load()) }

// Transform is the time of decoding, normalising, validating and of building
// columns.
func (s *Stages) Transform() time.Duration { return time.Duration(s.transform.Load()) }

// meter takes the time of one maker of blocks, which keeps its thread for as
// long as it is measured. Without Stages it does nothing.
type meter struct {
	to            *Stages
	at, transform time.Duration
}

func (m *meter) start() {
	if m.to != nil {
		runtime.LockOSThread() // the goroutine ends with its thread
		m.at = threadCPU()
	}
}

// begin and end stand around the transformation of a piece.
func (m *meter) begin() time.Duration {
	if m.to == nil {
		return 0
	}
	return threadCPU()
}

func (m *meter) end(began time.Duration) {
	if m.to != nil {
		m.transform += threadCPU() - began
	}
}

// lap books what was spent since the last one.
func (m *meter) lap() {
	if m.to == nil {
		return
	}
	now := threadCPU()
	m.to.transform.Add(int64(m.transform))
	m.to.fetch.Add(int64(now - m.at - m.transform))
	m.at, m.transform = now, 0
}

func threadCPU() time.Duration {
	var u syscall.Rusage
	const thisThread = 1 // RUSAGE_THREAD
	_ = syscall.Getrusage(thisThread, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
