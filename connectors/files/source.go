package files

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"rongtong/connectors"
	"rongtong/connectors/files/store"
	"rongtong/schemas/fault"
	"rongtong/schemas/record"
)

// candidate is a file that the stream may take.
type candidate struct {
	store.Entry
	memo  *store.Entry // the file beside it that it is not whole without
	subs  []string     // submatches of the path
	parts []string     // what of the path enters the records
}

func (c candidate) stat() uint32 { return statKey(c.Entry, c.memo) }

// watch is a file that has not rested long enough.
type watch struct {
	store.Entry
	since time.Time
}

// source reads the files of one stream.
type source struct {
	store store.Store
	plan  *plan
	obj   *connectors.Object
	now   func() time.Time
	// within, if set, tells by the groups of its path whether a file is wanted.
	within func(subs []string) bool

	st      *state
	last    record.Position // returned last: what a failed Read goes back to
	queue   []candidate     // files of the last look that were not opened yet
	cur     *reader
	skip    int // records of cur that were delivered before it was opened
	waiting map[string]watch
	stats   connectors.Stats
	counts  tally
}

func newSource(dial func() store.Store, p *plan, pos record.Position) (*source, error) {
	state, err := decodeState(pos)
	if err != nil {
		return nil, fault.New(fault.Bug, "reading the position of stream %q: %w", p.stream.Name, err)
	}
	return &source{
		store: dial(), plan: p, obj: connectors.NewObject(p.stream), now: time.Now,
		st: state, last: slices.Clone(pos), waiting: map[string]watch{}, counts: newTally(),
	}, nil
}

// Read fills the chunk from as many files as it takes.
func (s *source) Read(ctx context.Context, dst *record.Chunk) (record.Position, error) {
	stats, counts := s.stats, s.counts.clone()
	before := len(dst.Rows)
	err := s.fill(ctx, dst, before)
	if err == nil && len(dst.Rows) == before {
		return nil, io.EOF
	}
	if err != nil {
		s.rewind()
		s.stats, s.counts = stats, counts
		return nil, err
	}
	s.stats.Records += int64(len(dst.Rows) - before)
	s.last = s.st.encode()
	return slices.Clone(s.last), nil
}

// fill takes files until the chunk is full or none is left. A file that a
// person must free (no permission) holds up no other: its error comes when
// nothing else is left to deliver. The chunk held before rows on entry.
func (s *source) fill(ctx context.Context, dst *record.Chunk, before int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	looked := false
	var trouble error
	for !connectors.Full(dst) {
		if s.cur == nil {
			if len(s.queue) == 0 {
				if looked || len(dst.Rows) > before {
					break
				}
				looked = true
				if err := s.look(ctx); err != nil {
					return err
				}
				continue
			}
			err := s.open(ctx)
			switch {
			case err == nil:
			case fault.Is(err, fault.Config):
				trouble = cmp.Or(trouble, err)
				s.queue = s.queue[1:]
				continue
			case len(dst.Rows) > before && ctx.Err() == nil:
				return nil // deliver what there is; the next Read meets the error again
			default:
				return err
			}
		}
		if s.cur != nil {
			if err := s.drainInto(ctx, dst); err != nil {
				return err
			}
		}
	}
	if len(dst.Rows) == before {
		return trouble
	}
	return nil
}

// drainInto appends records of the open file and notes how far it got.
func (s *source) drainInto(ctx context.Context, dst *record.Chunk) error {
	f := s.cur.file
	done, err := s.cur.fill(ctx, dst, s.skip, &s.counts)
	if err != nil {
		return err
	}
	key := pathKey(f.Path)
	if !done {
		s.st.cur = &progress{path: key, id: f.id, rows: max(s.cur.next, s.skip)}
		return nil
	}
	s.st.see(key, known{statKey(f.Entry, f.beside()), f.id})
	s.st.cur = nil
	s.stats.Objects++
	s.shut()
	return nil
}

func (s *source) shut() {
	if s.cur != nil {
		s.cur.end()
		s.cur, s.skip = nil, 0
	}
}

// rewind goes back to the position returned last.
func (s *source) rewind() {
	s.shut()
	s.queue = nil
	s.st, _ = decodeState(s.last) // it was decoded or encoded by us before
}

// open takes the next candidate of the queue. It leaves s.cur nil if there is
// nothing in the file that was not taken already, or the file must rest.
func (s *source) open(ctx context.Context) error {
	c := s.queue[0]
	f, err := load(ctx, s.store, c)
	switch {
	case errors.Is(err, store.ErrUnsettled):
		s.waiting[c.Path] = watch{c.Entry, s.now()}
		s.queue = s.queue[1:]
		return nil
	case errors.Is(err, fs.ErrNotExist):
		s.queue = s.queue[1:] // it went between look and reading
		return nil
	case err != nil:
		return err
	}
	s.stats.Bytes += f.size
	skip, take := s.wanted(c, f.id)
	if !take {
		s.st.see(pathKey(c.Path), known{c.stat(), f.id})
		f.Close()
		s.queue = s.queue[1:]
		return nil
	}
	r, err := newReader(ctx, s.plan, f, s.obj)
	if err != nil {
		return err
	}
	s.cur, s.skip = r, skip
	s.queue = s.queue[1:]
	return nil
}

// wanted decides whether a file's content is to be taken, and from which
// record on. Content that was taken is not taken again under another name; but
// a path whose content changed is always taken, even back to what it once held:
// the source says that this is what holds now.
func (s *source) wanted(c candidate, id ident) (skip int, take bool) {
	if p := s.st.cur; p != nil && p.id == id {
		return p.rows, true
	}
	old, here := s.st.paths[pathKey(c.Path)]
	if here {
		return 0, old.id != id
	}
	return 0, !s.st.taken(id)
}

// look lists the files and queues those that are new or changed and have
// rested. Files whose size and time are known are not opened.
func (s *source) look(ctx context.Context) error {
	entries, err := s.store.List(ctx)
	if err != nil {
		return err
	}
	beside := s.companions(entries)
	there := make(map[uint64]struct{}, len(entries))
	waiting := map[string]watch{}
	for _, e := range entries {
		subs := s.plan.match(e.Path)
		if subs == nil || ignored(e.Path) || s.plan.isMarker(e.Path) || s.within != nil && !s.within(subs) {
			continue
		}
		key := pathKey(e.Path)
		there[key] = struct{}{}
		c := candidate{Entry: e, memo: beside.memo(e.Path), subs: subs, parts: s.plan.parts(subs)}
		if k, ok := s.st.paths[key]; ok && k.stat == c.stat() {
			continue
		}
		if s.plan.from.Marker != "" {
			if !beside.marked(e.Path, s.plan.from.Marker) {
				continue
			}
		} else if w, ok := s.rested(e); !ok && !e.Whole {
			waiting[e.Path] = w
			continue
		}
		s.queue = append(s.queue, c)
	}
	s.waiting = waiting
	for key := range s.st.paths {
		if _, ok := there[key]; !ok {
			s.st.forget(key)
		}
	}
	slices.SortFunc(s.queue, s.order)
	return nil
}

// companions are the files of a listing that say something of others.
type companions map[string]*store.Entry

// companions finds them, by their paths in lower case: systems that write
// X.DBF write x.fpt as likely as X.FPT.
func (s *source) companions(entries []store.Entry) companions {
	if s.plan.from.Marker == "" && s.plan.family != "dbf" {
		return nil
	}
	c := make(companions, len(entries))
	for i := range entries {
		c[strings.ToLower(entries[i].Path)] = &entries[i]
	}
	return c
}

// memo is the file of long texts beside a table of a database.
func (c companions) memo(p string) *store.Entry {
	for _, name := range memoNames(p) {
		if e := c[name]; e != nil {
			return e
		}
	}
	return nil
}

// memoNames are the names, in lower case, that the file of long texts beside a
// table of a database may have.
func memoNames(p string) []string {
	base, ok := strings.CutSuffix(strings.ToLower(p), ".dbf")
	if !ok {
		return nil
	}
	return []string{base + ".fpt", base + ".dbt"}
}

func isMemo(p string) bool {
	p = strings.ToLower(p)
	return strings.HasSuffix(p, ".fpt") || strings.HasSuffix(p, ".dbt")
}

// marked reports whether the marker of a file is there: x.csv.done or x.done.
func (c companions) marked(p, marker string) bool {
	p, marker = strings.ToLower(p), strings.ToLower(marker)
	return c[p+marker] != nil || c[strings.TrimSuffix(p, path.Ext(p))+marker] != nil
}

// order sorts candidates: the file left in its middle first, then by the date
// in the path, then by path.
func (s *source) order(a, b candidate) int {
	if p := s.st.cur; p != nil && a.Path != b.Path {
		switch p.path {
		case pathKey(a.Path):
			return -1
		case pathKey(b.Path):
			return 1
		}
	}
	return cmp.Or(strings.Compare(s.plan.date(a.subs), s.plan.date(b.subs)), strings.Compare(a.Path, b.Path))
}

// rested reports whether a file has not changed for the settling time: by its
// own clock, or, where that runs ahead of ours, seen so by two looks.
func (s *source) rested(e store.Entry) (watch, bool) {
	now := s.now()
	if now.Sub(e.MTime) >= s.plan.settle {
		if w, ok := s.waiting[e.Path]; !ok || w.Size == e.Size {
			return watch{}, true
		}
	}
	w, ok := s.waiting[e.Path]
	if !ok || w.Size != e.Size || !w.MTime.Equal(e.MTime) {
		return watch{e, now}, s.plan.settle == 0
	}
	return w, now.Sub(w.since) >= s.plan.settle
}

// ignored are the names that programs give to files they are still writing.
func ignored(p string) bool {
	base := path.Base(p)
	return strings.HasPrefix(base, "~$") || strings.HasPrefix(base, ".") ||
		strings.HasSuffix(base, ".tmp") || strings.HasSuffix(base, ".part") || strings.HasSuffix(base, ".filepart")
}

// Done has nothing to do: files are left where they are, and what was taken is
// in the position alone.
func (s *source) Done(context.Context, record.Position) error { return nil }

// Stats counts since the source was opened. Records is what Read delivered.
func (s *source) Stats() connectors.Stats {
	st := s.stats
	c := s.counts.clone()
	st.DroppedFields, st.UnknownFields = c.dropped, c.unknown
	st.Totals, st.Deleted, st.Lost = c.totals, c.deleted, c.lost
	return st
}

// Close frees the file in hand and the connection.
func (s *source) Close() error {
	s.shut()
	return s.store.Close()
}
