package warehouse

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"rongtong/schemas"
)

// statementBytes is about how much one statement of a fusion holds, whatever the
// number of claims and the width of the entity: the claims are cut into slices
// accordingly. The embedded engine has 1.3 GB for all that it does, and loading,
// merging and people's questions go on meanwhile. A slice that holds more than
// bounded lets it is spilled to disk. A variable for the test that shows what it is
// good for.
var statementBytes = 100_000_000

// stateBytes is what the winner of a field so far takes while a thing is grouped:
// the value, and what it won by. Measured.
const stateBytes = 110

// held is how many bytes a statement that fuses holds for a thing beside the
// claim itself. One source's claims and whole rows pass through.
func (f *fuser) held() int {
	if len(f.sources) <= 1 || f.e.Fusion != schemas.FuseField {
		return 0
	}
	return stateBytes * (len(f.e.Columns) + 1)
}

// claimsAtOnce is how many claims about an entity a statement can look at together
// that holds so many bytes for each, if each is about a thing of its own.
func (w *Warehouse) claimsAtOnce(ctx context.Context, e *schemas.Entity, held int) (int, error) {
	var width uint64
	err := w.QueryRow(ctx, "SELECT toUInt64(sum(data_uncompressed_bytes) / greatest(sum(rows), 1)) FROM system.parts WHERE database = 'std' AND table = ? AND active", []any{&width}, e.Entity)
	return max(statementBytes/(held+2*int(width)+1), 1), err
}

// slices cuts what is to be fused into ranges of things. Everything: the claims of
// things of one key, and those of several, which were gathered. Else what was put
// aside of the things that changed.
func (w *Warehouse) slices(ctx context.Context, f *fuser) ([]*fuser, error) {
	switch {
	case f.partly && f.apart:
		return w.ranges(ctx, f.gathered(), f.held())
	case f.partly:
		return w.ranges(ctx, f.claimed(), f.held())
	}
	parts, err := w.ranges(ctx, f, f.held())
	if err != nil || !f.apart {
		return parts, err
	}
	more, err := w.ranges(ctx, f.gathered(), f.held())
	return append(parts, more...), err
}

// ranges cuts the claims of f into ranges of keys: those of one are looked at
// together by a statement that holds so many bytes for each.
func (w *Warehouse) ranges(ctx context.Context, f *fuser, held int) ([]*fuser, error) {
	n, err := w.claimsAtOnce(ctx, f.e, held)
	if err != nil {
		return nil, err
	}
	var bounds [][]string
	err = w.each(ctx, f.bounds(n), func(scan func(...any) error) error {
		var key []string
		err := scan(&key)
		bounds = append(bounds, key)
		return err
	})
	if err != nil {
		return nil, err
	}
	bounds = append(slices.CompactFunc(bounds, slices.Equal), nil)
	var parts []*fuser
	var low []string
	for _, high := range bounds {
		part := *f
		part.slice = part.between(low, high)
		parts, low = append(parts, &part), high
	}
	return parts, nil
}

// keysAtOnce is how many keys one statement may look for among the others.
const keysAtOnce = 300_000

// pieces is f, or f in ranges where more keys are to be looked for than one
// statement should hold.
func (w *Warehouse) pieces(ctx context.Context, f *fuser, keys int64) ([]*fuser, error) {
	if keys <= keysAtOnce {
		return []*fuser{f}, nil
	}
	return w.ranges(ctx, f, 0)
}

// share is the n-th of so many parts of equal size.
type share struct{ n, of int }

// all is the one part of a whole.
var all = share{0, 1}

// shares are so many that each has about as many keys as a statement may hold.
func shares(keys int64) []share {
	out := make([]share, keys/keysAtOnce+1)
	for i := range out {
		out[i] = share{i, len(out)}
	}
	return out
}

// has is the condition under which a key, as text, is in the part.
func (s share) has(key string) string {
	if s.of == 1 {
		return "1"
	}
	return fmt.Sprintf("sipHash64(%s) %% %d = %d", key, s.of, s.n)
}

// While a fusion works, it puts claims aside in tables of their own, in their
// order, so that they need not be looked for among all others more than once.
const (
	claimedSuffix = "__claimed" + nextSuffix // the latest about the keys that claims came in about, withdrawals as well
	oneSuffix     = "__one" + nextSuffix     // under the things' own keys: about things of several keys, or all things to fuse
)

// asideTable has claims that were put aside.
func asideTable(e *schemas.Entity, suffix string) *object {
	o := &object{db: rowsDB(e), name: e.Entity + suffix, comment: e.Name.Zh + "：融合时的中间结果", derived: true, wide: true,
		engine: "MergeTree", order: append(slices.Clone(e.Key), "src_system", "version", deliveryColumn)}
	for _, c := range stdTable(e).columns {
		if e.Column(c.name) != nil || slices.Contains(claimColumns, c.name) {
			base := c.typ
			if c.name == deliveryColumn {
				base = "UInt128"
			}
			o.columns = append(o.columns, column{name: c.name, typ: base})
		}
	}
	if e.Identity != nil {
		o.columns = append(o.columns, column{name: "member", typ: "String"})
	}
	return o
}

// claimColumns are those of a claim beside the entity's own that fusion works by.
var claimColumns = []string{"src_system", "src_tier", "event_time", "version", "is_deleted", deliveryColumn}

// putAside makes an asideTable of what is selected from each of the parts, and
// returns what drops it. One that stays is dropped by the next fusion.
func (w *Warehouse) putAside(ctx context.Context, o *object, parts []*fuser, rows func(*fuser) string) (drop func(), err error) {
	doing := fmt.Sprintf("putting claims aside in %q", o.full())
	gone := "DROP TABLE IF EXISTS " + o.live() + " SYNC"
	for _, sql := range []string{gone, o.ddl(o.name)} {
		if err := w.conn.Exec(ctx, sql); err != nil {
			return nil, w.mark(err, doing)
		}
	}
	drop = func() { _ = w.conn.Exec(context.WithoutCancel(ctx), gone) }
	for _, part := range parts {
		if err := w.conn.Exec(bounded(ctx), fmt.Sprintf("INSERT INTO %s (%s)\n%s", o.live(), idents(columnNames(o)), rows(part))); err != nil {
			drop()
			return nil, w.seal(err, doing)
		}
	}
	return drop, nil
}

// putClaimed puts the claims about the keys aside that new ones are about.
func (w *Warehouse) putClaimed(ctx context.Context, f *fuser, keys int64) (drop func(), err error) {
	parts, err := w.pieces(ctx, f, keys)
	if err != nil {
		return nil, err
	}
	drop, err = w.putAside(ctx, asideTable(f.e, claimedSuffix), parts, (*fuser).newlyClaimed)
	f.partly = err == nil
	return drop, err
}

// putTogether puts the claims about the keys of things together: of all that have
// several, or of those that changed.
func (w *Warehouse) putTogether(ctx context.Context, f *fuser, changed int64) (drop func(), err error) {
	var parts []*fuser
	if f.partly {
		parts, err = w.pieces(ctx, f, changed)
	} else {
		parts, err = w.ranges(ctx, f, 0)
	}
	if err != nil {
		return nil, err
	}
	return w.putAside(ctx, asideTable(f.e, oneSuffix), parts, (*fuser).together)
}

// plainly is f without conditions on the claims, for a table that was put aside.
func (f *fuser) plainly(suffix string) *fuser {
	g := *f
	g.orders, g.apart, g.slice, g.since, g.until, g.aside = nil, false, "", 0, 0, suffix
	g.from = asideTable(f.e, suffix).live()
	return &g
}

// claimed is the fuser of the claims about the keys that claims came in about.
func (f *fuser) claimed() *fuser { return f.plainly(claimedSuffix) }

// gathered is the fuser of the claims that were put together. Two keys of one
// thing may have claims of one source.
func (f *fuser) gathered() *fuser {
	g := f.plainly(oneSuffix)
	g.tie = ", member"
	return g
}

// newlyClaimed selects the latest claims about the keys that new ones are about.
func (f *fuser) newlyClaimed() string {
	claims := *f
	claims.orders, claims.apart, claims.carry = nil, false, []string{deliveryColumn}
	columns := []string{}
	for _, c := range asideTable(f.e, claimedSuffix).columns {
		if c.name == "member" {
			columns = append(columns, ident(f.e.Key[0]))
			continue
		}
		columns = append(columns, ident(c.name))
	}
	return fmt.Sprintf("SELECT %s\nFROM\n(\n%s\n)", strings.Join(columns, ", "), indent(claims.newest()))
}

// together selects, with keys in the slice, the claims about things of several keys
// under the thing's own key; of the things that changed, if a part is fused.
func (f *fuser) together() string {
	key, entity := ident(f.e.Key[0]), quote(f.e.Entity)
	claims := *f
	claims.orders, claims.apart, claims.carry = nil, false, []string{deliveryColumn}
	claims.since, claims.until = 0, 0
	var from, known string
	if f.partly {
		// Who changed is looked up among the keys in the slice, for the memory.
		things := fmt.Sprintf("SELECT %[1]s FROM (SELECT thing AS %[1]s FROM ops.identity_changed WHERE entity = %[2]s)%[3]s", key, entity, f.inSlice())
		known = f.recognised()
		known = fmt.Sprintf("SELECT member, canonical FROM (%[1]s) WHERE canonical IN (SELECT thing FROM ops.identity_changed WHERE entity = %[2]s AND thing IN (SELECT canonical FROM (%[1]s)))", known, entity)
		before := f.claimed()
		before.carry = claims.carry
		before.slice = f.slice
		claims.slice = f.and(fmt.Sprintf("%[1]s IN (%[2]s UNION DISTINCT SELECT member FROM (%[3]s)) AND %[1]s NOT IN (SELECT %[1]s FROM %[4]s%[5]s)", key, things, known, before.from, f.inSlice()))
		from = before.latest() + "\nUNION ALL\n" + claims.latest()
	} else {
		known = f.recognised()
		claims.slice = f.and(key + " IN (SELECT member FROM (" + known + "))")
		from = claims.latest()
	}
	var columns []string
	for _, c := range asideTable(f.e, oneSuffix).columns {
		switch c.name {
		case f.e.Key[0]:
			columns = append(columns, "if(k.member = '', c."+key+", k.canonical)")
		case "member":
			columns = append(columns, "c."+key)
		default:
			columns = append(columns, "c."+ident(c.name))
		}
	}
	return fmt.Sprintf("SELECT %s\nFROM\n(\n%s\n) AS c\nLEFT JOIN (%s) AS k ON k.member = c.%s", strings.Join(columns, ", "), indent(from), known, key)
}

// and narrows a condition to the slice.
func (f *fuser) and(condition string) string {
	if f.slice == "" {
		return condition
	}
	return f.slice + " AND " + condition
}

// inSlice is the slice as a clause, where there is one.
func (f *fuser) inSlice() string {
	if f.slice == "" {
		return ""
	}
	return " WHERE " + f.slice
}

func columnNames(o *object) []string {
	names := make([]string, len(o.columns))
	for i, c := range o.columns {
		names[i] = c.name
	}
	return names
}
