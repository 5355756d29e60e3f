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

// whole is the work of f uncut: the things of one key, and those of several.
func (f *fuser) whole() []*fuser {
	if f.apart {
		return []*fuser{f, f.gathered()}
	}
	return []*fuser{f}
}

// slices cuts the work of f into ranges of things, unless it is so little that
// one statement can do it.
func (w *Warehouse) slices(ctx context.Context, f *fuser, changed int64) ([]*fuser, error) {
	if f.until > 0 {
		most, err := w.claimsAtOnce(ctx, f.e, f.held())
		if err != nil || changed <= int64(most) {
			return f.whole(), err
		}
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

// oneSuffix names the table in which a fusion puts the claims about things of
// several keys together.
const oneSuffix = "__one" + nextSuffix

// gatheredTable has the latest claims about keys of the things that have several,
// under the thing's own key, in its order. It is there while an entity is fused.
func gatheredTable(e *schemas.Entity) *object {
	std := stdTable(e)
	o := &object{db: dbDwd, name: e.Entity + oneSuffix, comment: e.Name.Zh + "：多标识事物的主张（融合时的中间结果）", derived: true, wide: true,
		engine: "MergeTree", order: append(slices.Clone(e.Key), "src_system", "version", "kafka_offset")}
	for _, c := range std.columns {
		if e.Column(c.name) != nil || slices.Contains(claimColumns, c.name) {
			o.columns = append(o.columns, column{name: c.name, typ: c.typ})
		}
	}
	o.columns = append(o.columns, column{name: "member", typ: "String"})
	return o
}

// claimColumns are those of a claim beside the entity's own that fusion works by.
var claimColumns = []string{"src_system", "src_tier", "event_time", "version", "is_deleted", "kafka_offset"}

// gather fills gatheredTable, and returns what drops it. The table is read in its
// own order, so that a thing's claims need not be looked for among all others.
func (w *Warehouse) gather(ctx context.Context, f *fuser) (drop func(), err error) {
	o := gatheredTable(f.e)
	doing := fmt.Sprintf("putting the claims about things of several keys of %q together", f.e.Entity)
	gone := "DROP TABLE IF EXISTS " + o.db + "." + ident(o.name) + " SYNC"
	for _, sql := range []string{gone, o.ddl(o.name)} {
		if err := w.conn.Exec(ctx, sql); err != nil {
			return nil, w.mark(err, doing)
		}
	}
	parts := []*fuser{f}
	if f.until == 0 {
		parts, err = w.ranges(ctx, f, 0)
	}
	if err != nil {
		return nil, err
	}
	for _, part := range parts {
		if err := w.conn.Exec(bounded(ctx), fmt.Sprintf("INSERT INTO %s.%s (%s)\n%s", o.db, ident(o.name), idents(columnNames(o)), part.gather())); err != nil {
			return nil, w.seal(err, doing)
		}
	}
	return func() { _ = w.conn.Exec(context.WithoutCancel(ctx), gone) }, nil // one that stays is dropped by the next fusion
}

// gather selects the rows of gatheredTable whose own keys lie in the slice, or
// whose things changed.
func (f *fuser) gather() string {
	key := ident(f.e.Key[0])
	known := f.recognised()
	if f.until > 0 {
		known = fmt.Sprintf("SELECT member, canonical FROM ops.identity FINAL WHERE entity = %s AND is_deleted = 0 AND canonical IN (%s)", quote(f.e.Entity), f.changed())
	}
	claims := *f
	claims.orders, claims.apart, claims.carry = nil, false, []string{"kafka_offset"}
	claims.since, claims.until = 0, 0
	claims.slice = key + " IN (SELECT member FROM (" + known + "))"
	if f.slice != "" {
		claims.slice = f.slice + " AND " + claims.slice
	}
	var cols []string
	for _, c := range gatheredTable(f.e).columns {
		switch c.name {
		case f.e.Key[0]:
			cols = append(cols, "k.canonical")
		case "member":
			cols = append(cols, "c."+key)
		default:
			cols = append(cols, "c."+ident(c.name))
		}
	}
	return fmt.Sprintf("SELECT %s\nFROM\n(\n%s\n) AS c\nINNER JOIN (%s) AS k ON k.member = c.%s", strings.Join(cols, ", "), indent(claims.latest()), known, key)
}

// gathered is the fuser of gatheredTable.
func (f *fuser) gathered() *fuser {
	g := *f
	g.orders, g.apart, g.when, g.since, g.until = nil, false, "", 0, 0
	g.from, g.tie = dbDwd+"."+ident(f.e.Entity+oneSuffix), ", member"
	return &g
}

func columnNames(o *object) []string {
	names := make([]string, len(o.columns))
	for i, c := range o.columns {
		names[i] = c.name
	}
	return names
}
