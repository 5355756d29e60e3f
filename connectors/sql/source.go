package sql

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/cespare/xxhash/v2"

	"rongtong/connectors"
	"rongtong/connectors/database"
	"rongtong/schemas"
	"rongtong/schemas/fault"
	"rongtong/schemas/record"
)

type source struct {
	sys    *opened
	stream *schemas.Stream
	from   from
	plan   *plan // made by the first Read
	rows   *rowReader
	at     position
	known  known // of the rows delivered, where a stream compares
	stats  connectors.Stats

	whole  bool     // the comparison going on began with the first row
	ahead  *ahead   // reads chunks in parallel; nil when it does not
	gone   []string // keys that have vanished and are to be delivered, in order
	goneAt time.Time
}

// Read goes through the phases of a stream until one has rows. What a failed
// Read did is forgotten: the position moves only when rows are handed out.
func (s *source) Read(ctx context.Context, dst *record.Chunk) (record.Position, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	begin := len(dst.Rows)
	pos, err := s.advance(ctx, dst)
	switch {
	case err != nil:
		s.stop()
		if s.rows != nil {
			s.rows.object.Reset()
		}
		return nil, s.sys.Failure(ctx, err, "reading table %q of system %q", s.from.Table, s.sys.name)
	case len(dst.Rows) == begin:
		return nil, io.EOF
	}
	s.stats.Records += int64(len(dst.Rows) - begin)
	return pos, nil
}

func (s *source) advance(ctx context.Context, dst *record.Chunk) (record.Position, error) {
	if s.plan == nil {
		p, err := s.sys.plan(ctx, s.stream, s.from)
		if err != nil {
			return nil, err
		}
		if !p.fits(&s.at) {
			return nil, fault.Hint(fault.Config, "undo the change of cursor, compare or key, or let the stream begin anew under another name",
				"continuing stream %q: its position was written under another declaration", s.stream.Name)
		}
		s.plan, s.rows = p, newRowReader(s.sys, s.stream, s.from, p)
	}
	if s.known == nil && (s.from.Deletes || s.from.Compare) {
		s.known = known{}
	}
	at := s.at
	got, err := s.next(ctx, dst, &at)
	if err != nil {
		return nil, err
	}
	var undo known
	if s.known != nil {
		undo = s.learn(got)
	}
	pos, err := at.encode(s.known, s.from.Compare)
	if err != nil {
		s.unlearn(got, undo)
		return nil, err
	}
	if at.shrunk && !s.at.shrunk {
		s.stats.Events = append(s.stats.Events, connectors.Event{Place: "table " + s.from.Table,
			What: fmt.Sprintf("more than %d rows share the overlap of the cursor %q: a row that is committed later than %d newer ones is not found; declare a shorter overlap, or use change capture", maxSeen, s.from.Cursor, maxSeen)})
	}
	s.at = at
	s.stats.Bytes += got.bytes
	s.gone = s.gone[len(got.forgotten):]
	return pos, nil
}

// learn takes over the keys of a batch and returns what it overwrote.
func (s *source) learn(got batch) known {
	undo := known{}
	for _, k := range got.keys {
		if d, ok := s.known[k.key]; ok {
			undo[k.key] = d
		}
		s.known[k.key] = k.digest
	}
	for _, k := range got.forgotten {
		undo[k] = s.known[k]
		delete(s.known, k)
	}
	return undo
}

func (s *source) unlearn(got batch, undo known) {
	for _, k := range got.keys {
		delete(s.known, k.key)
	}
	maps.Copy(s.known, undo)
}

// next fills dst with the next rows and moves at past them.
func (s *source) next(ctx context.Context, dst *record.Chunk, at *position) (batch, error) {
	if s.from.Compare {
		return s.compare(ctx, dst, at)
	}
	if at.phase == starting {
		if err := s.begin(ctx, at); err != nil {
			return batch{}, err
		}
	}
	if at.phase == snapshot {
		got, err := s.snapshot(ctx, dst, at)
		if err != nil || got.rows > 0 {
			return got, err
		}
		s.stop()
		at.phase, at.after = following, []string{at.high}
	}
	got, err := s.follow(ctx, dst, at)
	if err != nil || got.rows > 0 {
		return got, err
	}
	got, err = s.lookBack(ctx, dst, at)
	if err != nil || got.rows > 0 || !s.from.Deletes {
		return got, err
	}
	return s.vanished(ctx, dst)
}

// begin decides how the table is read the first time.
func (s *source) begin(ctx context.Context, at *position) error {
	if s.plan.cursor.Nullable {
		rows, err := database.All(ctx, s.sys.db, s.plan.sel.Nulls(s.plan.cursor))
		if err != nil {
			return err
		}
		if len(rows) > 0 {
			return fault.Hint(fault.Config, "a row without a cursor value can never be read incrementally: make the column NOT NULL, or use compare",
				"the cursor %q is null in some rows", s.from.Cursor)
		}
	}
	at.phase, at.floor = following, math.MinInt64
	if !s.plan.byKey || s.from.Snapshot == "cursor" {
		return nil
	}
	rows, err := database.All(ctx, s.sys.db, s.plan.sel.Greatest(s.plan.cursor))
	if err != nil || len(rows) == 0 || rows[0][0] == "" { // an empty table
		return err
	}
	rank, err := s.plan.rank([]byte(rows[0][0]))
	if err != nil {
		return s.badCursor(err)
	}
	at.phase, at.high, at.floor = snapshot, rows[0][0], s.plan.floor(rank)
	return nil
}

// snapshot reads on by key. What is seen of rows at or above the floor is
// remembered, so that following them does not deliver them again.
func (s *source) snapshot(ctx context.Context, dst *record.Chunk, at *position) (got batch, err error) {
	if s.from.Parallel > 1 {
		if s.ahead == nil {
			s.ahead = startAhead(s.sys, s.stream, s.from, s.plan, at)
		}
		got, err = s.ahead.next(ctx, dst)
	} else {
		b := database.Bounds{Order: s.plan.keys, Lo: at.after}
		got, err = s.rows.page(ctx, dst, b, s.plan.snapshotFetch(at))
	}
	if err != nil {
		return got, s.badCursor(err)
	}
	if got.rows > 0 {
		at.after = got.last
		at.remember(got.marks, at.floor)
	}
	return got, nil
}

// follow reads the rows after the last cursor value and key, without those that
// the snapshot has delivered already.
func (s *source) follow(ctx context.Context, dst *record.Chunk, at *position) (got batch, err error) {
	for more := true; more; more = got.rows == 0 && got.looked > 0 {
		b := database.Bounds{Order: s.plan.tail, Lo: at.after}
		if got, err = s.rows.page(ctx, dst, b, fetch{floor: s.plan.marked(at), skip: at.has}); err != nil {
			return got, s.badCursor(err)
		}
		if got.looked > 0 {
			at.after = got.last
		}
	}
	if got.rows == 0 {
		return got, nil
	}
	rank, err := s.plan.rank([]byte(got.last[0]))
	if err != nil {
		return got, s.badCursor(err)
	}
	if s.plan.words() { // ranks have no order: only rows of this very value are kept
		at.floor = rank
		keep := func(ms []mark) []mark {
			return slices.DeleteFunc(slices.Clone(ms), func(m mark) bool { return m.rank != rank })
		}
		at.seen, got.marks = keep(at.seen), keep(got.marks)
	}
	at.remember(got.marks, s.plan.floor(rank))
	return got, nil
}

// lookBack finds rows that took their cursor value early and committed late.
func (s *source) lookBack(ctx context.Context, dst *record.Chunk, at *position) (batch, error) {
	if len(at.after) == 0 || at.after[0] == "" {
		return batch{}, nil
	}
	last, err := s.plan.rank([]byte(at.after[0]))
	if err != nil {
		return batch{}, s.badCursor(err)
	}
	if at.floor > last {
		return batch{}, nil // more rows share the window than a position can remember
	}
	b := database.Bounds{
		Order: s.plan.tail, Closed: true,
		Lo: []string{s.plan.floorText(at.floor, at.after[0])}, Hi: at.after[:1],
	}
	got, err := s.rows.page(ctx, dst, b, fetch{floor: at.floor, exact: s.plan.words(), skip: at.has, all: true})
	if err == nil {
		at.remember(got.marks, at.floor)
	}
	return got, s.badCursor(err)
}

// badCursor turns a value that cannot be followed into an error for a person.
func (s *source) badCursor(err error) error {
	if !errors.Is(err, errCursor) {
		return err
	}
	return fault.Hint(fault.Config, "choose a column of whole numbers, of times or of text", "following the cursor %q: %w", s.from.Cursor, err)
}

// compare reads the table by key and delivers the rows whose values are not
// those that were delivered before.
func (s *source) compare(ctx context.Context, dst *record.Chunk, at *position) (batch, error) {
	at.phase = comparing
	for s.gone == nil {
		s.whole = s.whole || len(at.after) == 0
		b := database.Bounds{Order: s.plan.keys, Lo: at.after}
		got, err := s.rows.page(ctx, dst, b, fetch{compare: s.known})
		if err != nil {
			return got, err
		}
		at.after = got.last
		if got.rows > 0 {
			return got, nil
		}
		if got.looked == 0 {
			if s.whole {
				break
			}
			at.after = nil // what changed before the position to begin from has yet to be looked at
		}
	}
	at.after, s.whole = nil, false
	if !s.from.Deletes {
		return batch{}, nil
	}
	return s.vanished(ctx, dst)
}

// vanished delivers the rows that are known and gone. The keys of the whole
// table are read at once: a position could not remember more of them anyway.
func (s *source) vanished(ctx context.Context, dst *record.Chunk) (got batch, err error) {
	if len(s.gone) == 0 {
		if s.gone, s.goneAt, err = s.missing(ctx); err != nil {
			s.gone = nil
			return got, err
		}
	}
	for _, key := range s.gone[:min(len(s.gone), connectors.ChunkRows)] {
		if connectors.Full(dst) {
			break
		}
		for i, v := range bytes.Split([]byte(key), []byte{connectors.KeySeparator}) {
			if i < len(s.plan.key) {
				f := s.plan.key[i]
				s.rows.fields[f].Deliver(s.rows.object, f, s.plan.as[f], v)
			}
		}
		s.rows.object.AppendTo(dst, s.goneAt, record.Delete, s.rows.placeOf(key), "")
		got.forgotten = append(got.forgotten, key)
		got.rows++
	}
	if got.rows == 0 {
		s.gone = nil
	}
	return got, nil
}

// missing are the known keys that the table no longer has, and when that was.
func (s *source) missing(ctx context.Context) ([]string, time.Time, error) {
	now, err := database.All(ctx, s.sys.db, s.sys.Now())
	if err != nil {
		return nil, time.Time{}, err
	}
	at, err := time.Parse(time.RFC3339Nano, now[0][0])
	if err != nil {
		return nil, time.Time{}, fault.New(fault.Bug, "reading the clock of the database: %q is no time", now[0][0])
	}
	rows, err := s.sys.db.Query(ctx, s.plan.keysOf.Everything())
	if err != nil {
		return nil, time.Time{}, err
	}
	defer rows.Close()
	present := make(map[string]struct{}, len(s.known))
	var key []byte
	for {
		cells, err := rows.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, time.Time{}, err
		}
		key = key[:0]
		for i, c := range cells {
			if i > 0 {
				key = append(key, connectors.KeySeparator)
			}
			key = append(key, s.rows.fields[s.plan.key[i]].Value(c)...)
		}
		present[string(key)] = struct{}{}
	}
	gone := []string{}
	for k := range s.known {
		if _, ok := present[k]; !ok {
			gone = append(gone, k)
		}
	}
	slices.Sort(gone)
	return gone, at, nil
}

// Done has nothing to do: the database keeps its rows.
func (s *source) Done(context.Context, record.Position) error { return nil }

// Stats counts a dropped field once for every record: its value is never asked
// for, so it does not even leave the database.
func (s *source) Stats() connectors.Stats {
	out := s.stats
	if s.plan != nil && len(s.plan.drops) > 0 {
		out.DroppedFields = map[string]int64{}
		for _, d := range s.plan.drops {
			out.DroppedFields[d] = out.Records
		}
	}
	return out
}

func (s *source) stop() {
	if s.ahead != nil {
		s.ahead.close()
		s.ahead = nil
	}
}

func (s *source) Close() error { s.stop(); return nil }

// batch is what one read of rows yielded.
type batch struct {
	rows, looked int  // delivered, and looked at
	more         bool // there may be more in the bounds
	bytes        int64
	last         []string // values of the order after the last row looked at
	marks        []mark
	keys         []keyDigest // canonical keys of the rows delivered, where they are compared
	forgotten    []string    // canonical keys of rows delivered as gone
}

type keyDigest struct {
	key    string
	digest uint64
}

// fetch is how a page is read.
type fetch struct {
	keep    []int           // places in tail whose values make up last; nil: all of them
	floor   int64           // marks are made for rows of at least this rank
	exact   bool            // of exactly this rank: the ranks have no order
	skip    func(mark) bool // rows that were delivered already
	compare known           // rows whose digest is this one were delivered already
	all     bool            // without a limit: the caller knows that there are few
}

// rowReader turns rows into records. It is not safe for concurrent use.
type rowReader struct {
	sys    *opened
	from   from
	plan   *plan
	fields []database.Field
	object *connectors.Object
	place  []byte
	track  bool // keep canonical keys
}

func newRowReader(sys *opened, st *schemas.Stream, f from, p *plan) *rowReader {
	return &rowReader{sys: sys, from: f, plan: p, fields: slices.Clone(p.fields), object: connectors.NewObject(st), track: f.Deletes || f.Compare}
}

// page reads the rows of b that fit into one chunk. It never ends between two
// rows that share all values of the order: the next page asks for greater ones
// and would lose the second.
func (r *rowReader) page(ctx context.Context, dst *record.Chunk, b database.Bounds, f fetch) (got batch, err error) {
	limit := connectors.ChunkRows + 1 // one more shows whether the last group is whole
	if f.all {
		limit = math.MaxInt32
	}
	query, args := r.plan.sel.Page(b, limit)
	rows, err := r.sys.db.Query(ctx, query, args...)
	if err != nil {
		return got, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	g := group{dst: dst, begin: len(dst.Rows), bytes: dst.Bytes()}
	var last [][]byte
	for {
		cells, err := rows.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return got, err
		}
		tail := cells[len(r.fields):][:len(r.plan.tail)]
		if got.looked == 0 || !sameValues(last, tail) {
			if g.full() {
				got.rows, got.more, got.last = len(dst.Rows)-g.begin, true, texts(last, f.keep)
				return got, nil
			}
			g.open(&got, last)
			last = copyValues(last, tail)
		} else if f.compare != nil {
			return got, fault.Hint(fault.Config, "declare a key that tells rows apart", "two rows of the table have the same key")
		}
		got.looked++
		if err := r.row(dst, &got, cells, tail, f); err != nil {
			return got, err
		}
	}
	got.rows = len(dst.Rows) - g.begin
	if got.looked < limit {
		if got.looked > 0 {
			got.last = texts(last, f.keep)
		}
		return got, nil
	}
	if !g.giveBack(&got) {
		return got, fault.Hint(fault.Config, "choose a cursor that is unique, or nearly so, or declare a key that tells rows apart",
			"more than %d rows share one value of the cursor and the key", connectors.ChunkRows)
	}
	got.more, got.last = true, texts(g.before, f.keep)
	return got, nil
}

// group is the run of rows being read that share all values of the order.
type group struct {
	dst          *record.Chunk
	begin, bytes int
	at           batch // as it was when the group began
	rows         int
	before       [][]byte // the values of the group before it; nil for the first
}

func (g *group) full() bool {
	return g.dst.Bytes()-g.bytes >= connectors.ChunkBytes || len(g.dst.Rows)-g.begin >= connectors.ChunkRows
}

func (g *group) open(got *batch, last [][]byte) {
	got.rows = len(g.dst.Rows) - g.begin
	g.at, g.rows = *got, len(g.dst.Rows)
	g.before = copyValues(g.before, last)
}

// giveBack forgets the last group, of which the limit may have cut off a part.
func (g *group) giveBack(got *batch) bool {
	if g.at.looked == 0 {
		return false
	}
	clear(g.dst.Rows[g.rows:])
	g.dst.Rows = g.dst.Rows[:g.rows]
	*got = g.at
	return true
}

func sameValues(a, b [][]byte) bool { return slices.EqualFunc(a, b, bytes.Equal) }

func copyValues(to, from [][]byte) [][]byte {
	if to == nil {
		to = make([][]byte, len(from))
	}
	to = slices.Grow(to[:0], len(from))[:len(from)]
	for i, v := range from {
		to[i] = append(to[i][:0], v...)
	}
	return to
}

func texts(vals [][]byte, keep []int) []string {
	var out []string
	if keep == nil {
		for _, v := range vals {
			out = append(out, string(v))
		}
		return out
	}
	for _, i := range keep {
		out = append(out, string(vals[i]))
	}
	return out
}

// row delivers one row, or leaves it out because it was delivered before.
func (r *rowReader) row(dst *record.Chunk, got *batch, cells, tail [][]byte, f fetch) error {
	var cursor []byte
	if r.plan.cursor != nil {
		if cursor = tail[0]; cursor == nil {
			return fault.Hint(fault.Config, "a row without a cursor value can never be read incrementally: make the column NOT NULL, or use compare",
				"the cursor %q is null", r.from.Cursor)
		}
		rank, err := r.plan.rank(cursor)
		if err != nil {
			return err
		}
		if f.all && rank < f.floor {
			return nil // the bound was written in the cursor's own precision
		}
		if rank == f.floor || rank > f.floor && !f.exact {
			m := mark{rank, hashOf(tail)}
			if f.skip != nil && f.skip(m) {
				return nil
			}
			got.marks = append(got.marks, m)
		}
	}
	var digest uint64
	if f.compare != nil {
		digest = digestOf(cells[:len(r.fields)])
	}
	n := len(dst.Rows)
	for i := range r.fields {
		got.bytes += int64(len(cells[i]))
		r.fields[i].Put(r.object, i, r.plan.as[i], cells[i])
	}
	if r.track {
		key := r.canonical(cells)
		if f.compare != nil {
			if d, ok := f.compare[string(key)]; ok && d == digest {
				r.object.Reset()
				return nil
			}
		}
		got.keys = append(got.keys, keyDigest{string(key), digest})
	}
	r.object.AppendTo(dst, r.plan.at(cursor), record.Upsert, "", "")
	dst.Rows[n].Place = r.placeFor(cursor, dst.Rows[n].Key)
	return nil
}

// canonical is the key as AppendTo makes it, borrowed until the next call.
func (r *rowReader) canonical(cells [][]byte) []byte {
	b := r.place[:0]
	for n, i := range r.plan.key {
		if n > 0 {
			b = append(b, connectors.KeySeparator)
		}
		b = append(b, r.fields[i].Value(cells[i])...)
	}
	r.place = b
	return b
}

// placeFor names a row for people, by its cursor; without one by a number made
// of its key, which may itself be nobody's business.
func (r *rowReader) placeFor(cursor, key []byte) string {
	if cursor == nil {
		return r.placeOf(string(key))
	}
	p := append(r.place[:0], r.from.Table...)
	p = append(append(append(p, ' '), r.from.Cursor...), '=')
	r.place = append(p, cursor...)
	return string(r.place)
}

func (r *rowReader) placeOf(key string) string {
	return r.from.Table + " #" + strconv.FormatUint(xxhash.Sum64String(key)>>32, 16)
}

// digestOf tells whether a row's values are those of an earlier reading.
func digestOf(cells [][]byte) uint64 {
	h := xxhash.New()
	var mark [2]byte
	for _, c := range cells {
		mark[0] = 1
		if c == nil {
			mark[0] = 0
		}
		_, _ = h.Write(mark[:])
		_, _ = h.Write(c)
	}
	return h.Sum64()
}
