package warehouse

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Identity. A thing about which some sources have no code comes under several
// keys: that of its code, and the numbers by which the others know it. An entity
// that declares an identity has its keys compared before it is fused:
//
//	std.<entity>            claims, each under its source's key
//	dwd.<entity>__members   per key: name, division, codes, facts
//	ops.identity            per key that is another's thing: that thing, and why
//	ops.identity_pair       two keys that only a person can decide about
//	ops.identity_decision   what people decided, every word of it
//
// Fusion then takes the claims about all keys of a thing together; the claims
// themselves stay as they are, so that a match can be undone at any time. What
// is recognised is a function of the live claims and the standing decisions
// alone: the order and number of loads, merges and earlier matches do not
// matter, and only the blocks of keys that changed are compared again.

// identify brings ops.identity up to date with the claims until f.until and the
// decisions, everything if full. It returns the number of the last change.
func (w *Warehouse) identify(ctx context.Context, f *fuser, full bool, decidedBefore int64, seq int64) (int64, error) {
	m := &matcher{f: f, id: f.e.Identity}
	doing := fmt.Sprintf("recognising the things of %q", f.e.Entity)
	run := func(sql string) error { return w.seal(w.conn.Exec(oneBlock(bounded(ctx)), sql), doing) }
	if err := w.describe(ctx, m, full, seq); err != nil {
		return 0, err
	}
	for _, table := range []string{"ops.identity_reach", "ops.identity_found"} {
		if err := run(fmt.Sprintf("ALTER TABLE %s DROP PARTITION %s", table, m.entity())); err != nil {
			return 0, err
		}
	}
	if !full {
		if err := run("INSERT INTO ops.identity_reach (entity, thing, block)\n" + m.reach(decidedBefore)); err != nil {
			return 0, err
		}
	}
	if err := w.joinBlocks(ctx, m); err != nil {
		return 0, err
	}
	if !full && len(m.blocks) > 0 {
		if err := run("INSERT INTO ops.identity_reach (entity, thing, block)\n" + m.reachJoined()); err != nil {
			return 0, err
		}
	}
	scopes, err := w.blockScopes(ctx, m, full)
	if err != nil {
		return 0, err
	}
	for _, scope := range scopes {
		if err := run("INSERT INTO ops.identity_found (entity, kind, a, b, why, agree, differ)\n" + m.found(scope)); err != nil {
			return 0, err
		}
	}
	return w.recordIdentity(ctx, m, full, run)
}

// describe brings the table of members up to date.
func (w *Warehouse) describe(ctx context.Context, m *matcher, full bool, seq int64) error {
	o := membersTable(m.f.e)
	if !full {
		names := make([]string, len(o.columns))
		for i, c := range o.columns {
			names[i] = c.name
		}
		sql := fmt.Sprintf("INSERT INTO %s (%s)\n%s", o.full(), idents(names), m.redescribe(seq))
		return w.seal(w.conn.Exec(oneBlock(bounded(ctx)), sql), fmt.Sprintf("describing the things of %q", m.f.e.Entity))
	}
	parts, err := w.ranges(ctx, m.f)
	if err != nil {
		return err
	}
	queries := make([]string, len(parts))
	for i, part := range parts {
		queries[i] = (&matcher{f: part, id: m.id}).describe(seq)
	}
	_, err = w.rebuild(ctx, o, queries...)
	return err
}

// joinBlocks finds the blocks that decisions join: those of one group are all
// compared in the lowest.
func (w *Warehouse) joinBlocks(ctx context.Context, m *matcher) error {
	group := map[uint64]uint64{}
	var find func(uint64) uint64
	find = func(b uint64) uint64 {
		if up, ok := group[b]; ok && up != b {
			return find(up)
		}
		return b
	}
	sql := fmt.Sprintf(`SELECT l.block, r.block
FROM (%[1]s) AS d
INNER JOIN (SELECT member, block FROM %[2]s FINAL WHERE is_deleted = 0 AND member IN (SELECT left FROM (%[1]s))) AS l ON l.member = d.left
INNER JOIN (SELECT member, block FROM %[2]s FINAL WHERE is_deleted = 0 AND member IN (SELECT right FROM (%[1]s))) AS r ON r.member = d.right
WHERE l.block != r.block`, m.decided(VerdictMerge), m.members())
	err := w.each(ctx, sql, func(scan func(...any) error) error {
		var a, b uint64
		if err := scan(&a, &b); err != nil {
			return err
		}
		a, b = find(a), find(b)
		group[max(a, b)], group[min(a, b)] = min(a, b), min(a, b)
		return nil
	})
	for _, b := range slices.Sorted(maps.Keys(group)) {
		m.blocks, m.into = append(m.blocks, b), append(m.into, find(b))
	}
	return err
}

// sliceMembers is how many keys are compared in one statement.
const sliceMembers = 500_000

// blockScopes are the conditions under which blocks are compared, one statement
// each: its memory does not depend on how many there are.
func (w *Warehouse) blockScopes(ctx context.Context, m *matcher, full bool) ([]string, error) {
	if !full {
		return []string{m.inReach()}, nil
	}
	var n uint64
	if err := w.QueryRow(ctx, "SELECT count() FROM "+m.members(), []any{&n}); err != nil {
		return nil, err
	}
	parts := int(n/sliceMembers) + 1
	scopes := make([]string, parts)
	for i := range scopes {
		scopes[i] = m.blockSlice(i, parts)
	}
	return scopes, nil
}

// recordIdentity writes what changed: first the things to fuse again, so that an
// interruption leaves too many of them and never too few.
func (w *Warehouse) recordIdentity(ctx context.Context, m *matcher, full bool, run func(string) error) (int64, error) {
	var moved uint64
	if err := w.QueryRow(ctx, "SELECT count() FROM ("+m.moved(full)+")", []any{&moved}); err != nil {
		return 0, err
	}
	last, err := w.lastMatch(ctx, m.f.e.Entity)
	if err != nil {
		return 0, err
	}
	seq := last + 1
	if moved > 0 {
		last = seq
		err = run(fmt.Sprintf(`INSERT INTO ops.identity_touched (entity, thing, seq)
SELECT DISTINCT %s, arrayJoin(arrayFilter(x -> x != '', [member, was, becomes])), toUInt64(%d)
FROM (%s)`, m.entity(), seq, m.moved(full)))
		if err == nil {
			err = run(fmt.Sprintf(`INSERT INTO ops.identity (entity, member, canonical, how, facts, rule, matched_at, seq, is_deleted)
SELECT %s, member, if(becomes != '', becomes, was), how, facts, %s, now64(3), toUInt64(%d), becomes = ''
FROM (%s)`, m.entity(), quote(m.rule()), seq, m.moved(full)))
		}
	}
	if err == nil {
		err = run("INSERT INTO ops.identity_pair (entity, left, right, reason, agree, differ, asked_at, seq, is_deleted)\n" + m.asks(full))
	}
	return last, err
}

// rule identifies the rules by which things are recognised, and by which keys are
// compared again: a change of either recognises everything anew.
func (m *matcher) rule() string {
	g := *m.f
	g.since, g.until, g.slice = 0, 0, ""
	plain := &matcher{f: &g, id: m.id} // what decisions join is no rule
	return fingerprint(plain.describe(0), plain.found("1"), plain.reach(0), plain.reachJoined())
}

// lastMatch is the number of the last change of what an entity's keys mean.
func (w *Warehouse) lastMatch(ctx context.Context, entity string) (int64, error) {
	var n uint64
	err := w.QueryRow(ctx, "SELECT greatest((SELECT max(seq) FROM ops.identity_touched WHERE entity = ?), (SELECT max(seq) FROM ops.identity WHERE entity = ?))", []any{&n}, entity, entity)
	return int64(n), err
}

// lastDecision is the number of the last decision about things of an entity.
func (w *Warehouse) lastDecision(ctx context.Context, entity string) (int64, error) {
	var n uint64
	err := w.QueryRow(ctx, "SELECT max(seq) FROM ops.identity_decision WHERE entity = ?", []any{&n}, entity)
	return int64(n), err
}

// knownAs selects the claims about a thing, under whatever key they came, with
// the thing's own key; condition is about that key, and when about the claims.
func (f *fuser) knownAs(condition, when string) string {
	key := ident(f.e.Key[0])
	keys := fmt.Sprintf("SELECT member, canonical AS %s FROM ops.identity FINAL WHERE entity = %s AND is_deleted = 0", key, quote(f.e.Entity))
	return fmt.Sprintf(`SELECT * FROM
(
  SELECT c.* EXCEPT (%[1]s), if(k.member = '', c.%[1]s, k.%[1]s) AS %[1]s
  FROM (SELECT * FROM std.%[2]s WHERE (%[3]s OR %[1]s IN (SELECT member FROM (%[4]s) WHERE %[3]s)) AND %[5]s) AS c
  LEFT JOIN (%[4]s) AS k ON k.member = c.%[1]s
)
WHERE %[3]s`, key, ident(f.e.Entity), condition, keys, when)
}

// recognised selects from ops.identity the column member or canonical of the
// things in the fuser's slice.
func (f *fuser) recognised(column string) string {
	where := ""
	if f.slice != "" {
		where = " WHERE " + f.slice
	}
	return fmt.Sprintf("SELECT %[1]s FROM (SELECT %[2]s AS %[1]s FROM ops.identity FINAL WHERE entity = %[3]s AND is_deleted = 0)%[4]s",
		ident(f.e.Key[0]), column, quote(f.e.Entity), where)
}

// changedThings selects the keys whose rows a fusion has to make again: claimed
// anew or recognised otherwise, and the things that those are.
func (f *fuser) changedThings() string {
	key, entity := ident(f.e.Key[0]), quote(f.e.Entity)
	changed := fmt.Sprintf("%s\nUNION DISTINCT\nSELECT thing FROM ops.identity_touched FINAL WHERE entity = %s AND seq > %d AND seq <= %d", f.claimedSince(), entity, f.touched, f.matched)
	return fmt.Sprintf("%[1]s\nUNION DISTINCT\nSELECT canonical AS %[2]s FROM ops.identity FINAL WHERE entity = %[3]s AND is_deleted = 0 AND member IN\n(\n%[4]s\n)", changed, key, entity, indent(changed))
}

// asOne is the fuser of the things that have several keys: their claims, the
// latest of every source and key, go to the key of the thing.
func (f *fuser) asOne() *fuser {
	g := *f
	g.orders, g.apart = nil, false
	key := ident(f.e.Key[0])
	where := []string{"1"}
	if f.slice != "" {
		where = append(where, f.slice)
	}
	if f.until > 0 {
		where = append(where, key+" IN ("+f.changed()+")")
	}
	keys := fmt.Sprintf("SELECT member, %[1]s FROM (SELECT member, canonical AS %[1]s FROM ops.identity FINAL WHERE entity = %[2]s AND is_deleted = 0) WHERE %[3]s",
		key, quote(f.e.Entity), strings.Join(where, " AND "))
	claims := &fuser{c: f.c, e: f.e, sources: f.sources, when: f.when, carry: []string{"kafka_offset"}}
	claims.slice = key + " IN (SELECT member FROM (" + keys + "))"
	cols := []string{"k." + key + " AS " + key, "c." + key + " AS member"}
	for _, c := range f.e.Columns {
		if !f.e.IsKey(c.Name) {
			cols = append(cols, "c."+ident(c.Name)+" AS "+ident(c.Name))
		}
	}
	for _, c := range []string{"src_system", "src_tier", "event_time", "version", "is_deleted", "kafka_offset"} {
		cols = append(cols, "c."+c+" AS "+c)
	}
	g.from = fmt.Sprintf("(\n  SELECT %s\n  FROM\n  (\n%s\n  ) AS c\n  INNER JOIN (%s) AS k ON k.member = c.%s\n)", strings.Join(cols, ", "), indent(indent(claims.latest())), keys, key)
	g.tie, g.slice, g.when, g.since, g.until = ", member", "", "", 0, 0
	return &g
}

// Verdicts of a decision about two keys. A later one about the same keys takes
// the place of an earlier one, which is kept.
const (
	VerdictMerge = "merge" // they are one thing
	VerdictApart = "apart" // they are two
	VerdictUndo  = "undo"  // the rules decide again
)
