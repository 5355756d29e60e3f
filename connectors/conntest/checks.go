package conntest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/pprof"
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

// credentials: at least one of the unfit systems is one whose credentials are
// refused, which a person must mend.
func credentials(tb testing.TB, w World) error {
	ctx, stop := limited()
	defer stop()
	n := 0
	for _, u := range w.Unfit(tb) {
		if !u.Credential {
			continue
		}
		n++
		o, err := w.Kind().Open(ctx, u.System)
		if err == nil {
			err = closeAll(o.Check(ctx), o.Close)
		}
		switch {
		case err == nil:
			return fmt.Errorf("%s: not reported", u.Name)
		case !fault.Is(err, fault.Config):
			return fmt.Errorf("%s: class %s, want %s: %w", u.Name, fault.Of(err), fault.Config, err)
		}
	}
	if n == 0 {
		return errors.New("the world names no unfit system with bad credentials")
	}
	return nil
}

// discover: what a system offers is told, and told the same way each time.
func discover(tb testing.TB, w World) error {
	sys := w.Start(tb).System()
	ctx, stop := limited()
	defer stop()
	look := func() (string, error) {
		o, err := w.Kind().Open(ctx, sys)
		if err != nil {
			return "", err
		}
		list, err := o.Discover(ctx)
		if err := closeAll(err, o.Close); err != nil {
			return "", err
		}
		if len(list) == 0 {
			return "", errors.New("it lists no stream")
		}
		var b strings.Builder
		names := map[string]bool{}
		for _, s := range list {
			if s.Name == "" || names[s.Name] || len(s.Fields) == 0 {
				return "", fmt.Errorf("stream %q has no name or no field, or is listed twice", s.Name)
			}
			names[s.Name] = true
			fmt.Fprintln(&b, s.Name, s.Key, s.Fields)
		}
		return b.String(), nil
	}
	first, err := look()
	if err != nil {
		return fmt.Errorf("discovering: %w", err)
	}
	for range 3 { // an order that comes from a map shows within a few tries
		again, err := look()
		if err != nil {
			return fmt.Errorf("discovering again: %w", err)
		}
		if again != first {
			return fmt.Errorf("discovering again: another answer\n%s\ninstead of\n%s", again, first)
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
	queued int               // records that clients have sent
	strict bool              // look into every value, which takes its time
	light  bool              // count the records and keep none
	count  int               // of a light reader
}

// open opens a site's stream in a connector of its own, as a new process would.
func open(ctx context.Context, w World, s Site, from record.Position) (*reader, func() error, error) {
	return openSystem(ctx, w, s.System(), s.Stream(), from)
}

func openSystem(ctx context.Context, w World, sys *schemas.System, name string, from record.Position) (*reader, func() error, error) {
	o, err := w.Kind().Open(ctx, sys)
	if err != nil {
		return nil, nil, fmt.Errorf("opening the system: %w", err)
	}
	st := stream(sys, name)
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
	if r.light {
		r.count += len(r.chunk.Rows)
		return r.src.Done(ctx, pos)
	}
	for _, e := range r.chunk.Rows {
		if r.strict {
			if err := wellFormed(r.stream, e); err != nil {
				return err
			}
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

// rest reads until there is no more for now; at a site whose records come
// unasked, until its clients have no more to send.
func (r *reader) rest(ctx context.Context, tb testing.TB, s Site) error {
	sender, sends := s.(Sender)
	for {
		var err error
		if sends {
			err = r.sent(ctx, tb, sender)
		} else {
			err = r.next(ctx)
		}
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
	r, closeBoth, err := open(ctx, w, s, from)
	if err != nil {
		return nil, err
	}
	r.done = done
	return r, r.finish(ctx, tb, s, closeBoth)
}

// finish reads the rest, looks at the counts, and closes.
func (r *reader) finish(ctx context.Context, tb testing.TB, s Site, closeBoth func() error) error {
	if err := r.rest(ctx, tb, s); err != nil {
		return fmt.Errorf("reading: %w", closeAll(err, closeBoth))
	}
	if n := r.src.Stats().Records; n != int64(len(r.rows)) {
		return closeAll(fmt.Errorf("stats count %d records, %d were delivered", n, len(r.rows)), closeBoth)
	}
	return closeBoth()
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
	ctx, cancel := limited()
	defer cancel()
	r, closeBoth, err := open(ctx, w, s, nil)
	if err != nil {
		return err
	}
	r.strict = true
	if err := r.finish(ctx, tb, s, closeBoth); err != nil {
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
	_, sends := s.(Sender)
	for i, st := range first.stops {
		from := s
		if sends { // its clients send again what no earlier reader acknowledged
			if from, err = acknowledged(tb, w, st.after); err != nil {
				return fmt.Errorf("acknowledging %d records: %w", st.after, err)
			}
		}
		again, err := all(tb, w, from, st.pos, false)
		if err != nil {
			return fmt.Errorf("from position %d: %w", i, err)
		}
		if err := equalOrigin(s, again.rows, first.rows[st.after:]); err != nil {
			return fmt.Errorf("from position %d, after %d records: %w", i, st.after, err)
		}
	}
	return nil
}

// acknowledged starts a site whose clients know n records to be durable.
func acknowledged(tb testing.TB, w World, n int) (Site, error) {
	ctx, cancel := limited()
	defer cancel()
	s := w.Start(tb)
	r, closeBoth, err := open(ctx, w, s, nil)
	if err != nil {
		return nil, err
	}
	for s.(Sender).Send(tb); len(r.rows) < n && err == nil; {
		err = r.next(ctx)
	}
	if err == nil && len(r.rows) != n {
		err = fmt.Errorf("%d records were read: chunks of the same requests differ", len(r.rows))
	}
	if err == nil {
		err = r.src.Done(ctx, r.stops[len(r.stops)-1].pos)
	}
	return s, closeAll(err, closeBoth)
}

// later: what is added appears in the open source and in a new one that starts
// from the last position; a new one that starts from the beginning has it all.
func later(tb testing.TB, w World) error {
	s := w.Start(tb)
	ctx, stop := limited()
	defer stop()
	r, closeBoth, err := open(ctx, w, s, nil)
	if err != nil {
		return err
	}
	_, r.done = s.(Sender) // clients send again only what is not acknowledged
	if err := r.rest(ctx, tb, s); err != nil {
		return closeAll(err, closeBoth)
	}
	r.done = false
	before, pos := len(r.rows), r.stops[len(r.stops)-1].pos
	s.Add(tb)
	if s.Count() <= before {
		return closeAll(errors.New("the world added nothing"), closeBoth)
	}
	if err := closeAll(r.rest(ctx, tb, s), closeBoth); err != nil {
		return fmt.Errorf("reading on after records were added: %w", err)
	}
	if len(r.rows) != s.Count() {
		return fmt.Errorf("%d records after some were added, want %d", len(r.rows), s.Count())
	}
	fresh, err := all(tb, w, s, pos, false)
	if err != nil {
		return fmt.Errorf("from the position before the addition: %w", err)
	}
	if err := equalOrigin(s, fresh.rows, r.rows[before:]); err != nil {
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
	if err := equalOrigin(s, always.rows, never.rows); err != nil {
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
	before := held()
	ctx, stop := limited()
	defer stop()
	r, closeBoth, err := open(ctx, w, s, nil)
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
	case <-time.After(promptly()):
		return fmt.Errorf("a Read with an ended context did not come back within %s", promptly())
	}
	err = r.rest(ctx, tb, s)
	if err == nil {
		err = equalOrigin(s, r.rows, want.rows)
	}
	if err := errors.Join(err, closeBoth()); err != nil {
		return fmt.Errorf("reading on after a cancelled Read: %w", err)
	}
	return settled(before)
}

// holding is what a process holds: goroutines, and open files where the system
// can tell (-1 where it cannot).
type holding struct{ goroutines, files int }

func held() holding {
	h := holding{runtime.NumGoroutine(), -1}
	if list, err := os.ReadDir("/proc/self/fd"); err == nil {
		h.files = len(list)
	}
	return h
}

// settled waits until no more is held than before.
func settled(before holding) error {
	ctx, stop := limited()
	defer stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		now := held()
		if now.goroutines <= before.goroutines && now.files <= before.files {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			var stacks bytes.Buffer
			_ = pprof.Lookup("goroutine").WriteTo(&stacks, 1)
			return fmt.Errorf("after closing: %d goroutines and %d files; before opening: %d and %d; what runs:\n%s",
				now.goroutines, now.files, before.goroutines, before.files, stacks.String())
		}
	}
}

// same: two systems that hold the same records yield the same bytes.
func same(tb testing.TB, w World) error {
	s := w.Start(tb)
	a, err := all(tb, w, s, nil, false)
	if err != nil {
		return err
	}
	b, err := all(tb, w, w.Start(tb), nil, false)
	if err != nil {
		return err
	}
	return equalOrigin(s, b.rows, a.rows)
}
