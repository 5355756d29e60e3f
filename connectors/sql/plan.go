package sql

import (
	"context"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"

	"rongtong/connectors"
	"rongtong/connectors/database"
	"rongtong/schemas"
	"rongtong/schemas/decl"
	"rongtong/schemas/fault"
)

// plan is how one stream's table is read: what the declaration and the
// database's catalogue say together.
type plan struct {
	sel    *database.Select
	keysOf *database.Select // the key fields of the stream, alone
	fields []database.Field
	as     []database.Declared
	key    []int // the stream's key among the fields
	// tail orders rows by the cursor, then by key; keys by key alone, and keyAt
	// are its places in tail. Both are without ties when the table has a primary
	// key that the stream's key contains.
	tail, keys []database.OrderBy
	keyAt      []int
	cursor     *database.Field // nil: compared
	byKey      bool            // keys can be followed through the whole table
	drops      []string        // declared drops that the table has
	overlap    int64           // in units of rank
	zone       *time.Location
}

func (s *opened) plan(ctx context.Context, st *schemas.Stream, f from) (*plan, error) {
	table, err := database.Describe(ctx, s.Dialect, s.db, f.Schema, f.Table)
	if err != nil {
		return nil, err
	}
	p := &plan{zone: s.zone}
	byName := map[string]*database.Field{}
	var names []string
	for _, c := range table.Columns {
		names = append(names, c.Name)
	}
	p.fields = make([]database.Field, len(st.Fields))
	for i, d := range st.Fields {
		c, ok := table.Column(d.Key)
		if !ok {
			return nil, fault.Hint(fault.Config, decl.Suggest(d.Key, names), "the table has no column %q", d.Key)
		}
		if p.fields[i], err = s.Field(c, s.set.Charset, slices.Contains(f.Hex, d.Key)); err != nil {
			return nil, err
		}
		p.as = append(p.as, database.DeclaredAs(d.Value))
		byName[d.Key] = &p.fields[i]
	}
	for _, d := range st.Drop {
		if slices.Contains(names, d) {
			p.drops = append(p.drops, d)
		}
	}
	p.order(st, f, &table, byName)
	if f.Cursor != "" {
		p.cursor = byName[f.Cursor]
		if p.cursor.Order == database.NoOrder {
			return nil, fault.Hint(fault.Config, "choose a column of whole numbers, of times or of text", "the cursor %q is of type %s, which has no order to follow", f.Cursor, p.cursor.Type)
		}
		d, n, _ := f.overlap()
		p.overlap = n
		if p.cursor.Order == database.Times {
			p.overlap = d.Microseconds()
		}
	}
	p.sel = s.From(f.Schema, f.Table, p.fields, p.tail)
	var key []database.Field
	for _, i := range p.key {
		key = append(key, p.fields[i])
	}
	p.keysOf = s.From(f.Schema, f.Table, key, nil)
	return p, nil
}

// order chooses the orders: by the primary key when the stream's key contains
// it, because it is indexed and without ties; else by the stream's key.
func (p *plan) order(st *schemas.Stream, f from, table *database.Table, byName map[string]*database.Field) {
	fields := make([]string, len(st.Fields))
	for i, d := range st.Fields {
		fields[i] = d.Key
	}
	for _, k := range st.Key {
		p.key = append(p.key, slices.Index(fields, k))
	}
	by := table.Key()
	p.byKey = len(by) > 0
	for _, k := range by {
		p.byKey = p.byKey && slices.Contains(st.Key, k)
	}
	if !p.byKey {
		by = st.Key
	}
	if f.Cursor != "" {
		p.tail = append(p.tail, database.OrderBy{Field: byName[f.Cursor], NeverNull: true})
	}
	for _, k := range by {
		c := byName[k]
		o := database.OrderBy{Field: c, NeverNull: !c.Nullable && c.Order != database.NoOrder}
		p.byKey = p.byKey && o.NeverNull
		if k == f.Cursor {
			o = p.tail[0]
			p.keys, p.keyAt = append(p.keys, o), append(p.keyAt, 0)
			continue
		}
		p.keys, p.keyAt = append(p.keys, o), append(p.keyAt, len(p.tail))
		p.tail = append(p.tail, o)
	}
}

// fits reports whether a position can be one of this plan.
func (p *plan) fits(at *position) bool {
	switch at.phase {
	case snapshot:
		return p.cursor != nil && p.byKey && len(at.after) <= len(p.keys)
	case following:
		return p.cursor != nil && len(at.after) <= len(p.tail)
	case comparing:
		return p.cursor == nil && len(at.after) <= len(p.keys)
	}
	return true
}

// errCursor says that a cursor value cannot be followed. The value itself is
// not repeated.
var errCursor = errors.New("the cursor holds a value that its type does not explain")

// rank is a cursor value as a number: whole numbers as they are, times in
// microseconds. Other values only compare with themselves: their rank is a hash.
func (p *plan) rank(cursor []byte) (int64, error) {
	switch p.cursor.Order {
	case database.Whole:
		digits, _, _ := strings.Cut(string(cursor), ".")
		n, err := strconv.ParseInt(digits, 10, 64)
		if err != nil {
			if _, err := strconv.ParseUint(digits, 10, 64); err == nil {
				return math.MaxInt64, nil
			}
			return 0, errCursor
		}
		return n, nil
	case database.Times:
		t, err := database.ParseTime(cursor, time.UTC)
		if err != nil {
			return 0, errCursor
		}
		return t.UnixMicro(), nil
	}
	return int64(xxhash.Sum64(cursor) >> 1), nil
}

// words says that the cursor's ranks have no order: only equal values are looked
// back to.
func (p *plan) words() bool { return p.cursor.Order == database.Words }

// marked is the least rank of rows that following must remember.
func (p *plan) marked(at *position) int64 {
	if p.words() {
		return math.MinInt64
	}
	return at.floor
}

// snapshotFetch is how the snapshot reads its pages.
func (p *plan) snapshotFetch(at *position) fetch {
	return fetch{keep: p.keyAt, floor: at.floor, exact: p.words()}
}

// floor is the least rank to look back to from a cursor value.
func (p *plan) floor(rank int64) int64 {
	if p.words() || rank < math.MinInt64+p.overlap {
		return rank
	}
	return rank - p.overlap
}

// floorText is a rank as a cursor value in the form of another one.
func (p *plan) floorText(floor int64, like string) string {
	switch p.cursor.Order {
	case database.Whole:
		return strconv.FormatInt(floor, 10)
	case database.Times:
		t := time.UnixMicro(floor).UTC()
		if len(like) == len(time.DateOnly) {
			return t.Format(time.DateOnly)
		}
		layout := "2006-01-02" + like[10:11] + "15:04:05"
		if strings.Contains(like, ".") {
			layout += ".000000"
		}
		switch {
		case strings.HasSuffix(like, "Z"):
			layout += "Z"
		case strings.HasSuffix(like, "+00"):
			layout += "+00"
		}
		return t.Format(layout)
	}
	return like
}

// at is when a row says it happened, as far as its cursor is a time.
func (p *plan) at(cursor []byte) time.Time {
	if p.cursor == nil || p.cursor.Order != database.Times {
		return time.Time{}
	}
	t, err := database.ParseTime(cursor, p.zone)
	if err != nil {
		return time.Time{}
	}
	return t
}

// hash tells rows apart by the values of the order.
func hashOf(tail [][]byte) uint64 {
	h := xxhash.New()
	for _, v := range tail {
		_, _ = h.Write(v)
		_, _ = h.Write([]byte{connectors.KeySeparator})
	}
	return h.Sum64()
}
