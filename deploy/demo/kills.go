package demo

import (
	"context"
	"fmt"
	"math/rand/v2"
	"syscall"
	"time"
)

// victims are the processes that kill -9 must not be able to harm.
var victims = []string{"ingest", "load", "schedule", "broker", "warehouse"}

// kill ends every victim n times at random moments while records flow. The
// supervisor brings each back; the result must be what an undisturbed run
// gives, which the comparison at the end decides.
func (s *stage) kill(ctx context.Context, n int, every time.Duration) {
	random := rand.New(rand.NewPCG(s.Seed, uint64(n)))
	var order []string
	for range n {
		round := append([]string(nil), victims...)
		random.Shuffle(len(round), func(i, j int) { round[i], round[j] = round[j], round[i] })
		order = append(order, round...)
	}
	for _, name := range order {
		wait := every/2 + time.Duration(random.Int64N(int64(every)))
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		pid := s.engines.Supervisor.Pid(name)
		for pid == 0 && ctx.Err() == nil { // it is being restarted
			select {
			case <-ctx.Done():
			case <-time.After(50 * time.Millisecond):
			}
			pid = s.engines.Supervisor.Pid(name)
		}
		if ctx.Err() == nil && syscall.Kill(pid, syscall.SIGKILL) == nil {
			s.kills.Add(1)
			s.view.note(fmt.Sprintf("kill -9 %s (pid %d)", name, pid))
		}
	}
}
