package warehouse

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"rongtong/schemas"
)

// mostTouched is up to how many units their rows alone are read; of more,
// reading everything is hardly dearer.
const mostTouched = 20_000

// touched are the units that the changes between two states can make a
// difference to, in order; nil when that is not known, or too many.
//
// A thing that changed may have counted for another unit before. Its former row
// is gone, but what it said was once claimed: the units of all claims ever made
// about the things that changed are those of before and after.
func (r *Figures) touched(ctx context.Context, ind *schemas.Indicator, last, now seen) ([]string, error) {
	if ind.Reach == nil {
		return nil, nil
	}
	units := map[string]bool{}
	for name, rows := range now.Rows {
		was := last.Rows[name]
		if was.Table == rows.Table && was.Seq == rows.Seq {
			continue
		}
		// Where claims were removed since, the one that said the unit of before may
		// be among them.
		if was.Table != rows.Table || was.Pruned != rows.Pruned {
			return nil, nil
		}
		things := claimsOf(r.c.Entity(name), fmt.Sprintf("SELECT %s FROM %s WHERE fused_seq > %d", idents(r.c.Entity(name).Key), rowsTable(r.c.Entity(name)), 2*was.Seq+1))
		for _, read := range ind.Reads {
			if read != name && r.c.Entity(read) != nil {
				continue
			}
			// The rows of a relation are sums of claims.
			more, err := r.unitsOf(ctx, ind, ind.Reach[read], name, things)
			if err != nil || more == nil {
				return nil, err
			}
			for _, code := range more {
				units[code] = true
			}
		}
		if len(units) > mostTouched {
			return nil, nil
		}
	}
	return append([]string{}, slices.Sorted(maps.Keys(units))...), nil // not nil where there are none
}

// unitsOf are the units for which claims about some things of an entity count, or
// ever counted; nil when that is not known, or too many.
func (r *Figures) unitsOf(ctx context.Context, ind *schemas.Indicator, reach schemas.Reach, entity, things string) ([]string, error) {
	var codes []string
	var err error
	at := reach
	if reach.Of == "" {
		codes, err = r.ask(ctx, "std."+ident(entity), things, r.reaches(append(slices.Clone(schemas.SumsOfClaims), entity)...), reach)
	} else {
		at = ind.Reach[reach.Of]
		where := fmt.Sprintf("%s IN (SELECT %s FROM std.%s WHERE %s)", reach.Key, reach.At, ident(entity), things)
		codes, err = r.ask(ctx, "dwd."+ident(reach.Of), where, r.reaches(reach.Of), at)
	}
	if err != nil || codes == nil {
		return nil, err
	}
	out := []string{}
	for _, code := range codes {
		if code = codeOf(code); len(code) <= unitLength { // no unit has a longer one
			out = append(out, code)
		}
	}
	if !at.Below {
		return out, nil
	}
	tree, err := r.nodes(ctx)
	for i := 0; i < len(out); i++ { // out grows
		out = append(out, tree[out[i]].below...)
	}
	return out, err
}

// reaches are the different ways in which the rows of some entities or relations
// say their units.
func (r *Figures) reaches(names ...string) []schemas.Reach {
	var out []schemas.Reach
	for _, ind := range r.c.Indicators {
		for _, name := range names {
			reach := ind.Reach[name]
			reach.Below = false // the same question
			if reach.Unit+reach.Units != "" && !slices.Contains(out, reach) {
				out = append(out, reach)
			}
		}
	}
	return out
}

// unitLength is the length of a unit's code.
const unitLength = 12

// codeOf is a code without the zero bytes that the warehouse may fill it up with:
// empty where there is none.
func codeOf(code string) string { return strings.TrimRight(code, "\x00") }

// nodes are the divisions.
func (r *Figures) nodes(ctx context.Context) (map[string]node, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var err error
	if r.tree == nil {
		r.tree, err = r.w.tree(ctx)
	}
	return r.tree, err
}

// ask reads the units of some rows, in all ways in which they are said, and gives
// those of one: nil when they are too many. Many indicators ask the same.
func (r *Figures) ask(ctx context.Context, from, where string, ways []schemas.Reach, way schemas.Reach) ([]string, error) {
	if way.Below = false; !slices.Contains(ways, way) {
		return nil, nil
	}
	all := make([]string, len(ways))
	for i, way := range ways {
		if all[i] = fmt.Sprintf("[(%d, toString(ifNull(%s, '')))]", i, way.Unit); way.Units != "" {
			all[i] = fmt.Sprintf("arrayMap(c -> (%d, toString(c)), %s)", i, way.Units)
		}
	}
	sql := fmt.Sprintf("SELECT DISTINCT toInt64(u.1), u.2 FROM (SELECT arrayJoin(arrayConcat(%s)) AS u FROM %s WHERE %s) LIMIT %d", strings.Join(all, ", "), from, where, len(ways)*mostTouched+1)
	_, err, _ := r.asks.Do(sql, func() (any, error) {
		r.mu.Lock()
		_, ok := r.found[sql]
		r.mu.Unlock()
		if ok {
			return nil, nil
		}
		units := map[schemas.Reach][]string{}
		n := 0
		err := r.w.each(ctx, sql, func(scan func(...any) error) error {
			var i int64
			var code string
			err := scan(&i, &code)
			units[ways[i]] = append(units[ways[i]], code)
			n++
			return err
		})
		if err != nil {
			return nil, err
		}
		for _, way := range ways {
			if n > len(ways)*mostTouched {
				delete(units, way)
			} else if units[way] == nil {
				units[way] = []string{}
			}
		}
		r.mu.Lock()
		r.found[sql] = units
		r.mu.Unlock()
		return nil, nil
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.found[sql][way], err
}

// claimsOf is the condition under which a claim is about one of the things, under
// whichever of its keys.
func claimsOf(e *schemas.Entity, things string) string {
	is := fmt.Sprintf("(%s) IN (%s)", idents(e.Key), things)
	if e.Identity != nil {
		is += fmt.Sprintf(" OR %s IN (SELECT member FROM ops.identity WHERE entity = %s AND canonical IN (%s))", ident(e.Key[0]), quote(e.Entity), things)
	}
	return "(" + is + ")"
}
