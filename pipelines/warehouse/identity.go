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
	for _, table := range []string{"ops.identity_reach", "ops.identity_joined", "ops.identity_found"} {
		if err := run(fmt.Sprintf("ALTER TABLE %s DROP PARTITION %s", table, m.entity())); err != nil {
			return 0, err
		}
	}
	within := "1"
	if !full {
		within = m.inReach()
		if err := run("INSERT INTO ops.identity_reach (entity, thing, block)\n" + m.reach(decidedBefore)); err != nil {
			return 0, err
		}
	}
	joined, err := w.joinBlocks(ctx, m)
	if err != nil {
		return 0, err
	}
	if !full && joined {
		if err := run("INSERT INTO ops.identity_reach (entity, thing, block)\n" + m.reachJoined()); err != nil {
			return 0, err
		}
	}
	scopes, err := w.blockScopes(ctx, m, within)
	if err != nil {
		return 0, err
	}
	for _, in := range scopes {
		if err := run("INSERT INTO ops.identity_found (entity, kind, a, b, why, agree, differ)\n" + m.found(in)); err != nil {
			return 0, err
		}
	}
	return w.recordIdentity(ctx, m, full, run)
}

// describe brings the table of members up to date.
func (w *Warehouse) describe(ctx context.Context, m *matcher, full bool, seq int64) error {
	o := membersTable(m.f.e)
	if !full {
		sql := fmt.Sprintf("INSERT INTO %s (%s)\n%s", o.full(), idents(columnNames(o)), m.redescribe(seq))
		return w.seal(w.conn.Exec(oneBlock(bounded(ctx)), sql), fmt.Sprintf("describing the things of %q", m.f.e.Entity))
	}
	parts, err := w.ranges(ctx, m.f, stateBytes*(len(m.id.Columns())+2))
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

type joinedRow struct {
	Entity string `json:"entity"`
	Block  uint64 `json:"block"`
	Into   uint64 `json:"into"`
}

// joinBlocks records the blocks that decisions join: those of one group are all
// compared in the lowest. It reports whether there are any.
func (w *Warehouse) joinBlocks(ctx context.Context, m *matcher) (bool, error) {
	into := map[uint64]uint64{}
	find := func(b uint64) uint64 {
		for into[b] != b {
			into[b] = into[into[b]]
			b = into[b]
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
		for _, x := range []uint64{a, b} {
			if _, ok := into[x]; !ok {
				into[x] = x
			}
		}
		a, b = find(a), find(b)
		into[max(a, b)] = min(a, b)
		return nil
	})
	if err != nil || len(into) == 0 {
		return false, err
	}
	rows := make([]joinedRow, 0, len(into))
	for _, b := range slices.Sorted(maps.Keys(into)) {
		rows = append(rows, joinedRow{m.f.e.Entity, b, find(b)})
	}
	return true, w.InsertRows(ctx, "ops.identity_joined", m.f.e.Entity, rows)
}

// scopeUnits is how many keys and pairs of keys one statement compares: its memory
// depends neither on how many there are nor on how many bear one name.
const scopeUnits = 500_000

// blockScopes cuts the blocks that meet a condition into parts, each compared in
// one statement.
func (w *Warehouse) blockScopes(ctx context.Context, m *matcher, within string) ([]scope, error) {
	var scopes []scope
	var low *uint64
	err := w.each(bounded(ctx), m.scopes(within, scopeUnits), func(scan func(...any) error) error {
		var high uint64
		if err := scan(&high); err != nil {
			return err
		}
		scopes = append(scopes, m.between(within, low, &high))
		low = &high
		return nil
	})
	return append(scopes, m.between(within, low, nil)), err
}

// joinRows is how many keys are held against what was known of them in one
// statement.
const joinRows = 300_000

// recordIdentity writes what changed: first the things to fuse again, so that an
// interruption leaves too many of them and never too few. Keys and pairs are
// compared with those known before in parts, so that no statement holds all.
func (w *Warehouse) recordIdentity(ctx context.Context, m *matcher, full bool, run func(string) error) (int64, error) {
	var found uint64
	if err := w.QueryRow(ctx, "SELECT count() FROM ops.identity_found WHERE entity = "+m.entity(), []any{&found}); err != nil {
		return 0, err
	}
	last, err := w.lastMatch(ctx, m.f.e.Entity)
	if err != nil {
		return 0, err
	}
	seq := last + 1
	parts := make([]share, found/joinRows+1)
	var moved uint64
	for i := range parts {
		parts[i] = share{i, len(parts)}
		var n uint64
		if err := w.QueryRow(bounded(ctx), "SELECT count() FROM ("+m.moved(full, parts[i])+")", []any{&n}); err != nil {
			return 0, err
		}
		moved += n
	}
	var queries []string
	if moved > 0 {
		last = seq
		for _, p := range parts {
			queries = append(queries, fmt.Sprintf(`INSERT INTO ops.identity_touched (entity, thing, seq)
SELECT DISTINCT %s, arrayJoin(arrayFilter(x -> x != '', [member, was, becomes])), toUInt64(%d)
FROM (%s)`, m.entity(), seq, m.moved(full, p)))
		}
		for _, p := range parts {
			queries = append(queries, fmt.Sprintf(`INSERT INTO ops.identity (entity, member, canonical, how, facts, rule, matched_at, seq, is_deleted)
SELECT %s, member, if(becomes != '', becomes, was), how, facts, %s, now64(3), toUInt64(%d), becomes = ''
FROM (%s)`, m.entity(), quote(m.rule()), seq, m.moved(full, p)))
		}
	}
	for _, p := range parts {
		queries = append(queries, "INSERT INTO ops.identity_pair (entity, left, right, reason, agree, differ, asked_at, seq, is_deleted)\n"+m.asks(full, p))
	}
	for _, sql := range queries {
		if err := run(sql); err != nil {
			return 0, err
		}
	}
	return last, nil
}

// share is the n-th of so many parts of equal size.
type share struct{ n, of int }

// has is the condition under which a key is in the part.
func (s share) has(key string) string {
	if s.of == 1 {
		return "1"
	}
	return fmt.Sprintf("sipHash64(%s) %% %d = %d", key, s.of, s.n)
}

// rule identifies the rules by which things are recognised, and by which keys are
// compared again: a change of either recognises everything anew.
func (m *matcher) rule() string {
	g := *m.f
	g.since, g.until, g.slice = 0, 0, ""
	plain := &matcher{f: &g, id: m.id}
	return fingerprint(plain.describe(0), plain.found(anywhere), plain.reach(0), plain.reachJoined())
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

// recognised selects, of the keys in the fuser's reach, those that are known to be
// of a thing that has several, and the key of that thing: member and canonical.
func (f *fuser) recognised() string {
	sql := fmt.Sprintf("SELECT member AS %s, member, canonical FROM ops.identity FINAL WHERE entity = %s AND is_deleted = 0", ident(f.e.Key[0]), quote(f.e.Entity))
	if f.until > 0 {
		sql += " AND member IN (" + f.changed() + ")"
	}
	if f.slice != "" {
		sql = "SELECT * FROM (" + sql + ") WHERE " + f.slice
	}
	return sql
}

// changedThings selects the keys whose rows a fusion has to make again: claimed
// anew or recognised otherwise, and the things that those are.
func (f *fuser) changedThings() string {
	key, entity := ident(f.e.Key[0]), quote(f.e.Entity)
	changed := fmt.Sprintf("%s\nUNION DISTINCT\nSELECT thing FROM ops.identity_touched FINAL WHERE entity = %s AND seq > %d AND seq <= %d", f.claimedSince(), entity, f.touched, f.matched)
	return fmt.Sprintf("%[1]s\nUNION DISTINCT\nSELECT canonical AS %[2]s FROM ops.identity FINAL WHERE entity = %[3]s AND is_deleted = 0 AND member IN\n(\n%[4]s\n)", changed, key, entity, indent(changed))
}

// asOne is gathered for views, which have no table of theirs: it reads the claims
// of all things that have several keys.
func (f *fuser) asOne() *fuser {
	g := *f
	g.orders, g.apart = nil, false
	key := ident(f.e.Key[0])
	where := "1"
	if f.slice != "" {
		where = f.slice
	}
	keys := fmt.Sprintf("SELECT member, %[1]s FROM (SELECT member, canonical AS %[1]s FROM ops.identity FINAL WHERE entity = %[2]s AND is_deleted = 0) WHERE %[3]s",
		key, quote(f.e.Entity), where)
	claims := &fuser{c: f.c, e: f.e, sources: f.sources, when: f.when, carry: []string{"kafka_offset"}}
	claims.slice = key + " IN (SELECT member FROM (" + keys + "))"
	cols := []string{"k." + key + " AS " + key, "c." + key + " AS member"}
	for _, c := range f.e.Columns {
		if !f.e.IsKey(c.Name) {
			cols = append(cols, "c."+ident(c.Name)+" AS "+ident(c.Name))
		}
	}
	for _, c := range claimColumns {
		cols = append(cols, "c."+c+" AS "+c)
	}
	g.from = fmt.Sprintf("(\n  SELECT %s\n  FROM\n  (\n%s\n  ) AS c\n  INNER JOIN (%s) AS k ON k.member = c.%s\n)", strings.Join(cols, ", "), indent(indent(claims.latest())), keys, key)
	g.tie, g.slice, g.when = ", member", "", ""
	return &g
}
