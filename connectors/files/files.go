// Package files reads tables that systems drop as files, wherever they lie
// (store) and whatever they are written in (text, workbook, dbf, parquet,
// archive).
//
// A file is taken once by what it holds, whatever it is called; a file that
// changed is taken again whole. It is held as a copy and proved whole before
// the first of its records is delivered, so there is no such thing as half a
// file. A file that can never be read becomes one record with a fault, which
// names the file and goes to the rejects, and holds up no other.
//
// Order: by the date in the path where the stream declares one (at.path), then
// by path. Files that arrive between two looks come after those seen before.
package files

import (
	"context"
	"errors"
	"time"

	"rongtong/connectors"
	"rongtong/connectors/files/store"
	"rongtong/schemas"
	"rongtong/schemas/decl"
	"rongtong/schemas/fault"
	"rongtong/schemas/record"
)

// Kinds are the protocols of files: one for each transport. All of them read
// all formats.
func Kinds() []connectors.Kind {
	var out []connectors.Kind
	for _, t := range store.Transports {
		out = append(out, kind(t))
	}
	return out
}

func kind(t store.Transport) connectors.Kind {
	validate := func(sys *schemas.System) []decl.Problem {
		ps := t.Validate(sys.Connect)
		for _, e := range sys.Streams {
			_, more := compile(e.Value)
			ps = append(ps, more...)
		}
		return ps
	}
	return connectors.Kind{
		Name: t.Name, Doc: "CSV, TSV, JSON, XML, XLSX, XLS, DBF and Parquet, packed or not: " + t.Doc,
		Validate: validate,
		Open: func(_ context.Context, sys *schemas.System) (connectors.Opened, error) {
			if ps := t.Validate(sys.Connect); len(ps) > 0 {
				return nil, refuse(sys, ps)
			}
			dial, err := t.Open(sys.Connect)
			if err != nil {
				return nil, fault.New(fault.Config, "opening system %q: %w", sys.System, err)
			}
			return &opened{system: sys, dial: dial}, nil
		},
	}
}

// refuse makes an error of problems that Validate would have shown.
func refuse(sys *schemas.System, ps []decl.Problem) error {
	return fault.New(fault.Config, "opening system %q: %s", sys.System, ps[0])
}

// opened is a system of files. Every stream has a store of its own, so that
// ending one disturbs no other.
type opened struct {
	system *schemas.System
	dial   func() store.Store
}

// Check lists the files: that takes the address, the credentials and the root.
func (o *opened) Check(ctx context.Context) error {
	st := o.dial()
	_, err := st.List(ctx)
	return errors.Join(err, st.Close())
}

func (o *opened) Source(_ context.Context, s *schemas.Stream, from record.Position) (connectors.Source, error) {
	p, ps := compile(s)
	if len(ps) > 0 {
		return nil, refuse(o.system, ps)
	}
	return newSource(o.dial, p, from)
}

// SourceWithin takes only the files whose name says a date within [from, to).
func (o *opened) SourceWithin(ctx context.Context, s *schemas.Stream, pos record.Position, from, to time.Time) (connectors.Source, error) {
	src, err := o.Source(ctx, s, pos)
	if err != nil {
		return nil, err
	}
	f := src.(*source)
	if f.plan.atGroup == 0 {
		return nil, src.Close()
	}
	f.within = func(subs []string) bool {
		t, ok := parseTime(f.plan.date(subs))
		return ok && !t.Before(from) && t.Before(to)
	}
	return f, nil
}

func (o *opened) Close() error { return nil }
