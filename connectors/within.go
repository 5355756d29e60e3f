package connectors

import (
	"context"
	"time"

	"rongtong/schemas"
	"rongtong/schemas/fault"
	"rongtong/schemas/record"
)

// Dated is an Opened that can ask its system for the records of some days.
type Dated interface {
	// SourceWithin is Source for the records that the system dates within
	// [from, to): the date in a file's name, the time by which a list is asked
	// for. A nil Source without an error says that the declaration of the stream
	// does not let it ask.
	SourceWithin(ctx context.Context, s *schemas.Stream, pos record.Position, from, to time.Time) (Source, error)
}

// Within is a source of the records of some days only, [from, to). A system that
// cannot be asked for them is read whole, and the records that happened at other
// times are left out. Records without a time of their own are a fault.Config: no
// day can be told.
func Within(ctx context.Context, o Opened, s *schemas.Stream, pos record.Position, from, to time.Time) (Source, error) {
	if d, ok := o.(Dated); ok {
		if src, err := d.SourceWithin(ctx, s, pos, from, to); src != nil || err != nil {
			return src, err
		}
	}
	src, err := o.Source(ctx, s, pos)
	if err != nil {
		return nil, err
	}
	return &within{src, s.Name, from, to}, nil
}

type within struct {
	Source
	stream   string
	from, to time.Time
}

// Read leaves out what happened at other times. A position may come without
// records.
func (w *within) Read(ctx context.Context, dst *record.Chunk) (record.Position, error) {
	before := len(dst.Rows)
	pos, err := w.Source.Read(ctx, dst)
	if err != nil {
		return pos, err
	}
	kept := dst.Rows[:before]
	for _, e := range dst.Rows[before:] {
		switch {
		case e.At.IsZero():
			return nil, fault.Hint(fault.Config, "declare when the records happened (from.at), or read the stream whole",
				"reading some days of %q: its records have no time", w.stream)
		case !e.At.Before(w.from) && e.At.Before(w.to):
			kept = append(kept, e)
		}
	}
	clear(dst.Rows[len(kept):])
	dst.Rows = kept
	return pos, nil
}
