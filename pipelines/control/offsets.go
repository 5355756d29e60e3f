package control

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"rongtong/pipelines"
	"rongtong/pipelines/topics"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas/fault"
	"rongtong/schemas/pii"
)

// OffsetsOptions choose positions of the loaders and where they are moved to.
type OffsetsOptions struct {
	Stream    string // "system.stream"
	Partition int32  // -1: all
	Target    pipelines.Target
	Time      time.Time // of pipelines.TargetTime
	Reason    string
	Wait      time.Duration // how long loaders may take to leave
}

// Offsets is where the loaders stand in a stream, and how persons moved that.
type Offsets struct {
	Positions []pipelines.Position `json:"positions"`
	Moves     []warehouse.MoveRow  `json:"moves"` // the latest first
}

// positions opens the positions of a stream; the caller calls done.
func (o Options) positions(ctx context.Context, oo *OffsetsOptions) (*pipelines.Positions, *pipelines.Reread, Declarations, func(), error) {
	r, d, done, err := o.reread(ctx, RereadOptions{Stream: oo.Stream})
	if err != nil {
		return nil, nil, d, nil, err
	}
	if oo.Target.Kind == pipelines.TargetTime {
		if oo.Target.At, err = r.Kafka.OffsetsAt(ctx, r.Stream.Topic, oo.Time); err != nil {
			done()
			return nil, nil, d, nil, err
		}
	}
	return pipelines.KafkaPositions(r.Kafka, r.Warehouse, r.Stream, o.logger()), r, d, done, nil
}

// ShowOffsets tells where the loaders stand in a stream.
func ShowOffsets(ctx context.Context, o Options, oo OffsetsOptions) (Offsets, error) {
	p, r, _, done, err := o.positions(ctx, &oo)
	if err != nil {
		return Offsets{}, err
	}
	defer done()
	var out Offsets
	if out.Positions, err = p.All(ctx); err == nil {
		out.Moves, err = r.Warehouse.Moves(ctx, r.Stream.Topic)
	}
	return out, err
}

// PlanOffsets tells what moving positions would do, and changes nothing.
func PlanOffsets(ctx context.Context, o Options, oo OffsetsOptions) ([]pipelines.Move, error) {
	p, _, _, done, err := o.positions(ctx, &oo)
	if err != nil {
		return nil, err
	}
	defer done()
	return p.Plan(ctx, oo.Target, oo.Partition)
}

// MoveOffsets moves positions. The loaders are kept out meanwhile: while any runs it
// refuses. A load that was begun is finished first, unless its records are gone. Cut
// short at any point, it is run again.
func MoveOffsets(ctx context.Context, o Options, oo OffsetsOptions) ([]pipelines.Move, error) {
	p, r, d, done, err := o.positions(ctx, &oo)
	if err != nil {
		return nil, err
	}
	defer done()
	if err := o.asInForce(ctx, r); err != nil {
		return nil, err
	}
	if _, err := p.Plan(ctx, oo.Target, oo.Partition); err != nil {
		return nil, err // nobody is kept out for it
	}
	stuck, err := p.Stuck(ctx)
	if err != nil {
		return nil, err
	}
	a := Apply{Wait: oo.Wait, only: []string{r.Stream.Topic}, leave: stuck}
	hold, release, err := o.quiesce(ctx, r.Warehouse, d, a, []string{pipelines.RoleLoad})
	var busy *topics.Busy
	if errors.As(err, &busy) {
		return nil, fault.Hint(fault.Config, "stop them (a signal ends rongtong up at a boundary), move the position, and start them again", "moving positions while loaders run: %w", busy)
	}
	if err != nil {
		return nil, err
	}
	defer release()
	var moves []pipelines.Move
	err = recorded(ctx, r.Warehouse, "offsets", func() (string, error) {
		var err error
		if moves, err = p.Move(ctx, hold.Loaders(), oo.Target, oo.Partition, pii.MaskString(oo.Reason), whoami()); err != nil {
			return oo.Stream, err
		}
		return oo.Stream + ": " + movedText(moves), hold.Err()
	})
	return moves, err
}

// movedText is a list of moves in a sentence.
func movedText(moves []pipelines.Move) string {
	var parts []string
	for i := range moves {
		if m := &moves[i]; !m.Nothing() {
			parts = append(parts, fmt.Sprintf("partition %d from %d to %d, %d records skipped, %d to be loaded again", m.Partition, m.From, m.To, m.Skipped, m.Again))
		}
	}
	if len(parts) == 0 {
		return "nothing to move"
	}
	return strings.Join(parts, "; ")
}
