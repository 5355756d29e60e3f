package conntest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"rongtong/connectors"
	"rongtong/schemas"
	"rongtong/schemas/fault"
	"rongtong/schemas/record"
)

// settings: a good declaration has no problem, a bad one has the expected
// problem, with its place.
func settings(tb testing.TB, w World) error {
	k := w.Kind()
	if ps := k.Validate(w.Start(tb).System()); len(ps) > 0 {
		return fmt.Errorf("the declaration of the running system is refused: %v", ps)
	}
	if len(w.Refused()) == 0 {
		return errors.New("the world names no declaration that must be refused")
	}
	for _, r := range w.Refused() {
		ps := k.Validate(Declare(tb, r.Text))
		if len(ps) == 0 {
			return fmt.Errorf("%s: accepted", r.Name)
		}
		found := r.Rule == ""
		for _, p := range ps {
			if p.File == "" || p.Line <= 0 {
				return fmt.Errorf("%s: the problem [%s] has no place", r.Name, p.Rule)
			}
			found = found || p.Rule == r.Rule
		}
		if !found {
			return fmt.Errorf("%s: no problem with the rule %q among %v", r.Name, r.Rule, ps)
		}
	}
	return nil
}

// checkReports: Check is silent about a good system and reports an unfit one,
// with the class of what heals it.
func checkReports(tb testing.TB, w World) error {
	ctx, stop := limited()
	defer stop()
	probe := func(sys *schemas.System) error {
		o, err := w.Kind().Open(ctx, sys)
		if err != nil {
			return err // settings that can only be judged on opening
		}
		defer o.Close()
		return o.Check(ctx)
	}
	if err := probe(w.Start(tb).System()); err != nil {
		return fmt.Errorf("a good system is reported: %w", err)
	}
	unfit := w.Unfit(tb)
	if len(unfit) == 0 {
		return errors.New("the world names no unfit system")
	}
	for _, u := range unfit {
		err := probe(u.System)
		if err == nil {
			return fmt.Errorf("%s: not reported", u.Name)
		}
		if got := fault.Of(err); got != u.Class {
			return fmt.Errorf("%s: class %s, want %s: %w", u.Name, got, u.Class, err)
		}
	}
	return nil
}

// row is a record out of its arena.
type row struct {
	key, value, place, fault string
	at                       time.Time
	op                       record.Op
	shape                    uint64
}

// stop is a position returned by Read and how many records came before it.
type stop struct {
	pos   record.Position
	after int
}

// reader reads one source and checks what every Read must keep.
type reader struct {
	src    connectors.Source
	stream *schemas.Stream
	chunk  record.Chunk
	rows   []row
	stops  []stop
	loans  []record.Position // the slices as returned, to see whether they change
	done   bool              // call Done after every Read
}

// open opens a site's stream in a connector of its own, as a new process would.
func open(ctx context.Context, tb testing.TB, w World, s Site, from record.Position) (*reader, func() error, error) {
	sys := s.System()
	o, err := w.Kind().Open(ctx, sys)
	if err != nil {
		return nil, nil, fmt.Errorf("opening the system: %w", err)
	}
	st := stream(sys, s.Stream())
	src, err := o.Source(ctx, st, bytes.Clone(from))
	if err != nil {
		_ = o.Close()
		return nil, nil, fmt.Errorf("opening the stream: %w", err)
	}
	closeBoth := func() error { return errors.Join(src.Close(), o.Close()) }
	return &reader{src: src, stream: st}, closeBoth, nil
}

// next is one Read.
func (r *reader) next(ctx context.Context) error {
	r.chunk.Reset()
	pos, err := r.src.Read(ctx, &r.chunk)
	if errors.Is(err, io.EOF) && (len(r.chunk.Rows) > 0 || r.chunk.Bytes() > 0) {
		return errors.New("io.EOF came with records in the chunk")
	}
	if err != nil {
		return err
	}
	if len(pos) == 0 {
		return errors.New("a position is missing after Read")
	}
	if len(r.chunk.Rows) > connectors.ChunkRows || r.chunk.Bytes() > 2*connectors.ChunkBytes {
		return fmt.Errorf("one Read delivered %d records, %d bytes", len(r.chunk.Rows), r.chunk.Bytes())
	}
	for _, e := range r.chunk.Rows {
		if err := wellFormed(r.stream, e); err != nil {
			return err
		}
		r.rows = append(r.rows, row{string(e.Key), string(e.Value), e.Place, e.Fault, e.At, e.Op, e.Shape})
	}
	r.stops = append(r.stops, stop{bytes.Clone(pos), len(r.rows)})
	r.loans = append(r.loans, pos)
	if r.done {
		return r.src.Done(ctx, pos)
	}
	return nil
}

// rest reads until there is no more for now.
func (r *reader) rest(ctx context.Context) error {
	for {
		err := r.next(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
	}
	for i, p := range r.loans {
		if !bytes.Equal(p, r.stops[i].pos) {
			return fmt.Errorf("position %d changed after it was returned", i)
		}
	}
	return nil
}

// all opens, reads everything and closes.
func all(tb testing.TB, w World, s Site, from record.Position, done bool) (*reader, error) {
	ctx, cancel := limited()
	defer cancel()
	r, closeBoth, err := open(ctx, tb, w, s, from)
	if err != nil {
		return nil, err
	}
	r.done = done
	if err := r.rest(ctx); err != nil {
		_ = closeBoth()
		return nil, fmt.Errorf("reading: %w", err)
	}
	if n := r.src.Stats().Records; n != int64(len(r.rows)) {
		_ = closeBoth()
		return nil, fmt.Errorf("stats count %d records, %d were delivered", n, len(r.rows))
	}
	return r, closeBoth()
}

// wellFormed: the value is an object with exactly the declared fields in their
// order, and key, shape and place are those of the contract.
func wellFormed(s *schemas.Stream, e record.Envelope) error {
	d := json.NewDecoder(bytes.NewReader(e.Value))
	d.UseNumber()
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return fmt.Errorf("the value at %q is no object", e.Place)
	}
	vals := map[string]string{}
	for i := 0; d.More(); i++ {
		name, err := d.Token()
		if err != nil {
			return fmt.Errorf("the value at %q is no JSON", e.Place)
		}
		if i >= len(s.Fields) || s.Fields[i].Key != name {
			return fmt.Errorf("the value at %q has the field %q in place %d, which is not declared so", e.Place, name, i)
		}
		v, err := d.Token()
		if err != nil {
			return fmt.Errorf("the value at %q is no JSON", e.Place)
		}
		if v != nil {
			vals[s.Fields[i].Key] = fmt.Sprint(v)
		}
		if i == len(s.Fields)-1 {
			vals[""] = "complete"
		}
	}
	if vals[""] == "" {
		return fmt.Errorf("the value at %q lacks declared fields", e.Place)
	}
	var key []string
	for _, k := range s.Key {
		key = append(key, vals[k])
	}
	switch {
	case string(e.Key) != strings.Join(key, string(connectors.KeySeparator)):
		return fmt.Errorf("the key at %q is not the key fields joined", e.Place)
	case e.Shape != connectors.Shape(s):
		return fmt.Errorf("the shape at %q is not that of the stream", e.Place)
	case e.Place == "":
		return errors.New("a record has no place")
	case e.Offset != -1:
		return fmt.Errorf("the record at %q has an offset before Kafka gave one", e.Place)
	}
	return nil
}

// equal compares what was read with what was expected, naming the first
// difference by its place and never by its values.
func equal(got, want []row) error {
	for i := range min(len(got), len(want)) {
		g, w := got[i], want[i]
		if g != w && (!g.at.Equal(w.at) || g.key != w.key || g.value != w.value || g.place != w.place || g.fault != w.fault || g.op != w.op || g.shape != w.shape) {
			return fmt.Errorf("record %d is another: %q instead of %q", i, g.place, w.place)
		}
	}
	if len(got) != len(want) {
		return fmt.Errorf("%d records, want %d", len(got), len(want))
	}
	return nil
}

// everything: from the beginning, all records come, well-formed.
func everything(tb testing.TB, w World) error {
	s := w.Start(tb)
	r, err := all(tb, w, s, nil, false)
	if err != nil {
		return err
	}
	if len(r.rows) != s.Count() {
		return fmt.Errorf("%d records from the beginning, want %d", len(r.rows), s.Count())
	}
	return nil
}

// resume: from every position that Read returned, a new process reads exactly
// the records that followed it, in the same order.
func resume(tb testing.TB, w World) error {
	s := w.Start(tb)
	first, err := all(tb, w, s, nil, false)
	if err != nil {
		return err
	}
	if len(first.stops) < 2 {
		return fmt.Errorf("all %d records came in one Read: the world is too small to show a resumption", len(first.rows))
	}
	for i, st := range first.stops {
		again, err := all(tb, w, s, st.pos, false)
		if err != nil {
			return fmt.Errorf("from position %d: %w", i, err)
		}
		if err := equal(again.rows, first.rows[st.after:]); err != nil {
			return fmt.Errorf("from position %d, after %d records: %w", i, st.after, err)
		}
	}
	return nil
}

// later: what is added appears in the open source and in a new one that starts
// from the last position; a new one that starts from the beginning has it all.
func later(tb testing.TB, w World) error {
	s := w.Start(tb)
	ctx, stop := limited()
	defer stop()
	r, closeBoth, err := open(ctx, tb, w, s, nil)
	if err != nil {
		return err
	}
	defer closeBoth()
	if err := r.rest(ctx); err != nil {
		return err
	}
	before, pos := len(r.rows), r.stops[len(r.stops)-1].pos
	s.Add(tb)
	if s.Count() <= before {
		return errors.New("the world added nothing")
	}
	if err := r.rest(ctx); err != nil {
		return fmt.Errorf("reading on after records were added: %w", err)
	}
	if len(r.rows) != s.Count() {
		return fmt.Errorf("%d records after some were added, want %d", len(r.rows), s.Count())
	}
	fresh, err := all(tb, w, s, pos, false)
	if err != nil {
		return fmt.Errorf("from the position before the addition: %w", err)
	}
	if err := equal(fresh.rows, r.rows[before:]); err != nil {
		return fmt.Errorf("from the position before the addition: %w", err)
	}
	return nil
}

// done: calling Done after every Read, or never, makes no difference, neither
// to this source nor to one that starts again from an early position.
func done(tb testing.TB, w World) error {
	s := w.Start(tb)
	never, err := all(tb, w, s, nil, false)
	if err != nil {
		return fmt.Errorf("never calling Done: %w", err)
	}
	if len(never.rows) != s.Count() {
		return fmt.Errorf("%d records without Done, want %d", len(never.rows), s.Count())
	}
	always, err := all(tb, w, s, nil, true)
	if err != nil {
		return fmt.Errorf("calling Done: %w", err)
	}
	if err := equal(always.rows, never.rows); err != nil {
		return fmt.Errorf("calling Done: %w", err)
	}
	last := never.stops[len(never.stops)-1]
	again, err := all(tb, w, s, last.pos, false)
	if err != nil {
		return err
	}
	return equal(again.rows, nil)
}

// cancel: a Read whose context has ended comes back at once with the context's
// error and loses nothing, and closing leaves no goroutine behind.
func cancel(tb testing.TB, w World) error {
	s := w.Start(tb)
	want, err := all(tb, w, s, nil, false)
	if err != nil {
		return err
	}
	before := runtime.NumGoroutine()
	ctx, stop := limited()
	defer stop()
	r, closeBoth, err := open(ctx, tb, w, s, nil)
	if err != nil {
		return err
	}
	cancelled, now := context.WithCancel(ctx)
	now()
	back := make(chan error, 1)
	go func() {
		var c record.Chunk
		_, err := r.src.Read(cancelled, &c)
		back <- err
	}()
	select {
	case err := <-back:
		if !errors.Is(err, context.Canceled) {
			_ = closeBoth()
			return fmt.Errorf("a Read with an ended context returned %v", err)
		}
	case <-ctx.Done():
		return fmt.Errorf("a Read with an ended context did not come back within %s", patience)
	}
	err = r.rest(ctx)
	if err == nil {
		err = equal(r.rows, want.rows)
	}
	if err := errors.Join(err, closeBoth()); err != nil {
		return fmt.Errorf("reading on after a cancelled Read: %w", err)
	}
	return settled(before)
}

// settled waits until no more goroutines run than before.
func settled(before int) error {
	ctx, stop := limited()
	defer stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for runtime.NumGoroutine() > before {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%d goroutines run after closing, %d before opening", runtime.NumGoroutine(), before)
		}
	}
	return nil
}

// same: two systems that hold the same records yield the same bytes.
func same(tb testing.TB, w World) error {
	a, err := all(tb, w, w.Start(tb), nil, false)
	if err != nil {
		return err
	}
	b, err := all(tb, w, w.Start(tb), nil, false)
	if err != nil {
		return err
	}
	return equal(b.rows, a.rows)
}
