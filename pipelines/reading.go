package pipelines

import (
	"context"
	"log/slog"
	"sync"

	"rongtong/pipelines/schedule"
	"rongtong/schemas"
	"rongtong/schemas/derive"
)

// reading is one system that is being read.
type reading struct {
	streams []*Stream
	system  *schemas.System // whose times are in force
	ticks   []chan struct{} // by stream
	cancel  context.CancelFunc
	work    sync.WaitGroup
	still   context.CancelFunc // stops the clock
	clock   *schedule.Clock
}

// begin reads a system's streams until ctx ends or end is called.
func (in *Ingest) begin(ctx context.Context, list []*Stream) (*reading, error) {
	r := &reading{streams: list}
	for range list {
		t := make(chan struct{}, 1)
		t <- struct{}{} // read once at start, whatever the schedule says: misfire "once"
		r.ticks = append(r.ticks, t)
	}
	if err := r.time(ctx, in.Log, list[0].System); err != nil {
		return nil, err
	}
	ctx, r.cancel = context.WithCancel(ctx)
	name := list[0].System.System
	in.gate.serves(name, r.ticks)
	r.work.Go(func() {
		defer in.gate.serves(name, nil)
		in.system(ctx, list[0].System, list, r.ticks)
	})
	return r, nil
}

// end stops reading at a boundary.
func (r *reading) end() {
	r.cancel()
	r.still()
	r.clock.Wait()
	r.work.Wait()
}

// time starts the clock of a system.
func (r *reading) time(ctx context.Context, log *slog.Logger, sys *schemas.System) error {
	ctx, r.still = context.WithCancel(ctx)
	r.clock, r.system = schedule.New(log), sys
	if sys.Every.Continuous {
		return nil
	}
	err := r.clock.Add(ctx, sys.System, sys.Every, sys.Calendar, func(context.Context) {
		for _, t := range r.ticks {
			select {
			case t <- struct{}{}:
			default: // a read is already waiting
			}
		}
	})
	if err != nil {
		r.still()
	}
	return err
}

// retime takes other times; what is being read is read on.
func (r *reading) retime(ctx context.Context, log *slog.Logger, sys *schemas.System) error {
	r.still()
	r.clock.Wait()
	log.Info("a system has other times", "system", sys.System, "cron", sys.Every.Cron)
	return r.time(ctx, log, sys)
}

// sameSource reports whether other declarations read the system in the same way:
// the same place, streams, fields and treatment of personal data. How rows are
// made of records is no matter of reading.
func (r *reading) sameSource(list []*Stream) bool {
	return derive.Same(source(r.streams), source(list))
}

func source(list []*Stream) []any {
	sys := list[0].System
	out := []any{sys.System, sys.Connect.Value(), sys.Every.Continuous}
	for _, s := range list {
		d := s.Stream
		out = append(out, []any{d.Name, d.From.Value(), d.Key, d.Fields, d.Drop, d.Partitions, d.Identify, d.Landing.Days, s.Personal, s.Reread})
	}
	return out
}

func (r *reading) sameTimes(list []*Stream) bool {
	return derive.Same(times(r.system), times(list[0].System))
}

func times(sys *schemas.System) []any {
	out := []any{sys.Every}
	if c := sys.Calendar; c != nil {
		out = append(out, c.Name, c.Days(true), c.Days(false))
	}
	return out
}

// reread gives up a stream's position if the declarations ask for it and it was
// not done yet: what was counted stays, and so do the rows; those that come again
// are duplicates. The position and the note that it was given up are one
// transaction, so it happens once, whoever is killed.
func (in *Ingest) reread(ctx context.Context, s *Stream, log *slog.Logger) error {
	if s.Reread == 0 {
		return nil
	}
	note := s.group() + ".reread"
	done, err := in.Kafka.Offsets(ctx, note, s.Topic)
	if err != nil || done[s.Topic][0].Offset >= int64(s.Reread) {
		return err
	}
	p, err := in.Kafka.Producer(ctx, s.group(), s.Topic, positions)
	if err != nil {
		return err
	}
	defer p.Close()
	at, err := stored(ctx, kafkaLog{in.Kafka}, s)
	if err != nil {
		return err
	}
	at.Position = nil
	txn := p.Begin()
	txn.Offset(note, s.Topic, 0, int64(s.Reread), "")
	if err := txn.SavePosition(ctx, positions, s.group(), s.Topic, at.encode()); err != nil {
		return err
	}
	log.Info("the source is read from its beginning, as the declarations ask", "number", s.Reread)
	return txn.Commit(ctx)
}
