package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"rongtong/schemas/fault"
)

// process is one load in a process of its own, which reports as JSON.
type process struct {
	args  []string
	cmd   *exec.Cmd
	out   bytes.Buffer
	err   error         // of its end
	ended chan struct{} // closed then
}

func startChild(ctx context.Context, args []string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &process{args: args, cmd: exec.CommandContext(ctx, self, args...), ended: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = &p.out, os.Stderr
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	return p, nil
}

// report waits for its end.
func (p *process) report() (r Report, err error) {
	<-p.ended
	if err = p.err; err == nil {
		err = json.Unmarshal(p.out.Bytes(), &r)
	}
	if err != nil {
		return r, fault.New(fault.Of(err), "running %q: %w", strings.Join(p.args[:2], " "), err)
	}
	return r, nil
}

// child runs one load to its end.
func child(ctx context.Context, args []string) (Report, error) {
	p, err := startChild(ctx, args)
	if err != nil {
		return Report{}, err
	}
	return p.report()
}

// usage is what the process holds in memory, in MB, and the CPU seconds it has
// used. It is zero where there is no /proc.
func (p *process) usage() (rssMB, cpuS float64) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0, 0
	}
	// proc(5): after the name in brackets come state (field 3), …, utime (14),
	// stime (15), …, rss (24, pages); a clock tick is 1/100 s.
	f := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	at := func(field int) float64 {
		if field-3 >= len(f) {
			return 0
		}
		v, _ := strconv.ParseFloat(f[field-3], 64)
		return v
	}
	return at(24) * float64(os.Getpagesize()) / (1 << 20), (at(14) + at(15)) / 100
}
