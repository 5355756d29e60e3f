package demo

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
)

// children are all processes of the demo beside its own.
var children = []string{"broker", "warehouse", "sandbox", "ingest", "load", "schedule"}

// memory is the resident memory of all processes together, in bytes. Pages
// that processes share are counted once each, so the sum errs upwards.
func (s *stage) memory() int64 {
	sum := resident(os.Getpid())
	for _, name := range children {
		if pid := s.engines.Supervisor.Pid(name); pid > 0 {
			sum += resident(pid)
		}
	}
	return sum
}

// resident reads VmRSS of a process; 0 when it is gone.
func resident(pid int) int64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, ok := bytes.Cut(b, []byte("VmRSS:"))
	if !ok {
		return 0
	}
	kb, _, _ := bytes.Cut(bytes.TrimSpace(rest), []byte(" "))
	n, err := strconv.ParseInt(string(kb), 10, 64)
	if err != nil {
		return 0
	}
	return n << 10
}
