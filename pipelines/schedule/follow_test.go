package schedule

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"rongtong/schemas"
)

// TestFollowers runs dates of a chain of three jobs, under leaders that die at any
// moment: for every date a follower starts after what it follows was done, once;
// and what follows a date that failed for good, or was given up, is given up too.
func TestFollowers(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		specs := map[string]*Spec{}
		for _, name := range []string{"pull", "fuse", "send"} {
			s, err := CompileJob(&schemas.Job{Job: name, Every: schemas.Schedule{Concurrency: 1 + r.IntN(3)}}, nil)
			if err != nil {
				t.Fatal(err)
			}
			specs[name] = s
		}
		now := time.Date(2026, 11, 26, 8, 0, 0, 0, time.UTC)
		stored := map[string]State{}
		var p *Planner
		lead := func() {
			p = NewPlanner(specs, Limits{}, stored, now)
		}
		store := func(states []State) {
			for _, s := range states {
				stored[s.Job] = s.clone()
			}
		}
		lead()
		const dates = 12
		width := 1 + r.IntN(4)
		for i, job := range []string{"pull", "fuse", "send"} {
			var slots []Open
			for d := range dates {
				o := Open{ID: fmt.Sprintf("%s-%02d", job, d), At: now, Lane: "bf", Width: width}
				for _, before := range []string{"pull", "fuse", "send"}[:i] {
					o.Follows = append(o.Follows, Followed{before, fmt.Sprintf("%s-%02d", before, d)})
				}
				slots = append(slots, o)
			}
			s, _ := p.Add(job, slots, 0, 0)
			store([]State{s})
		}
		done, given, running := map[string]bool{}, map[string]bool{}, map[string]string{}
		for steps := 0; len(done)+len(given) < 3*dates; steps++ {
			if steps > 5000 {
				t.Fatalf("seed %d: stuck at %d done, %d given up, %v", seed, len(done), len(given), stored)
			}
			now = now.Add(time.Minute)
			started, states := p.Start(now)
			store(states)
			for _, s := range started {
				running[s.ID] = s.Job
				for _, f := range s.Follows {
					if !done[f.ID] {
						t.Fatalf("seed %d: %s began before %s was done", seed, s.ID, f.ID)
					}
				}
				if done[s.ID] {
					t.Fatalf("seed %d: %s began again after it was done", seed, s.ID)
				}
			}
			if r.IntN(6) == 0 { // killed: what runs is lost
				clear(running)
				lead()
				continue
			}
			for _, id := range sortedKeys(running) {
				if r.IntN(2) == 0 {
					continue
				}
				ok := r.IntN(12) > 0
				states, over, more := p.Finish(running[id], id, Outcome{OK: ok}, now)
				store(states)
				delete(running, id)
				if over && ok {
					done[id] = true
				} else if over {
					given[id] = true
				}
				for _, d := range more {
					given[d.ID] = true
				}
			}
		}
		for d := range dates {
			at := fmt.Sprintf("-%02d", d)
			if given["pull"+at] && !given["fuse"+at] || given["fuse"+at] && !given["send"+at] {
				t.Fatalf("seed %d: date %d: a follower of what was not done ran: %v", seed, d, sortedKeys(given))
			}
		}
		if left := strings.Join(sortedKeys(running), " "); left != "" {
			t.Fatalf("seed %d: still running: %s", seed, left)
		}
	}
}

func sortedKeys[V any](m map[string]V) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
