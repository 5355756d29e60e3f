package warehouse

import (
	"context"
	"fmt"
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
// and, while it works, identity_reach (keys and blocks that a change may concern),
// identity_near (the keys of those blocks), identity_joined (blocks that decisions
// join) and identity_found (what was found).
//
// Fusion then takes the claims about all keys of a thing together; the claims
// themselves stay as they are, so that a match can be undone at any time. What
// is recognised is a function of the live claims and the standing decisions
// alone: the order and number of loads, merges and earlier matches do not
// matter, and only the blocks of keys that changed are compared again.

// identify brings ops.identity up to date with the claims that f fuses and the
// decisions. Of a part, about so many keys are claimed anew. It returns the number
// of the last change.
func (w *Warehouse) identify(ctx context.Context, f *fuser, claimed, decidedBefore, seq int64) (int64, error) {
	m := &matcher{f: f, id: f.e.Identity}
	if err := w.describe(ctx, m, claimed, seq); err != nil {
		return 0, err
	}
	var empty []string
	for _, table := range []string{"ops.identity_reach", "ops.identity_near", "ops.identity_joined", "ops.identity_found"} {
		empty = append(empty, fmt.Sprintf("ALTER TABLE %s DROP PARTITION %s", table, m.entity()))
	}
	if err := w.recognise(ctx, m, empty...); err != nil {
		return 0, err
	}
	if f.partly {
		for _, part := range shares(claimed) {
			if err := w.recognise(ctx, m, "INSERT INTO ops.identity_reach (entity, thing, block)\n"+m.reach(decidedBefore, part)); err != nil {
				return 0, err
			}
		}
	}
	if err := w.joinBlocks(ctx, m); err != nil {
		return 0, err
	}
	if f.partly {
		if err := w.recognise(ctx, m, "INSERT INTO ops.identity_reach (entity, thing, block)\n"+m.reachJoined(),
			"INSERT INTO ops.identity_near (entity, "+nearColumns+")\n"+m.near()); err != nil {
			return 0, err
		}
	}
	scopes, err := w.blockScopes(ctx, m)
	if err != nil {
		return 0, err
	}
	for _, in := range scopes {
		if err := w.recognise(ctx, m, "INSERT INTO ops.identity_found (entity, kind, a, b, why, agree, differ)\n"+m.found(in)); err != nil {
			return 0, err
		}
	}
	return w.recordIdentity(ctx, m)
}

// recognise executes statements of identify.
func (w *Warehouse) recognise(ctx context.Context, m *matcher, queries ...string) error {
	for _, sql := range queries {
		if err := w.conn.Exec(bounded(ctx), sql); err != nil {
			return w.seal(err, fmt.Sprintf("recognising the things of %q", m.f.e.Entity))
		}
	}
	return nil
}

// describe brings the table of members up to date: all of it, or the rows of about
// so many keys.
func (w *Warehouse) describe(ctx context.Context, m *matcher, claimed, seq int64) error {
	o := membersTable(m.f.e)
	of := m.f
	if of.partly {
		of = of.claimed()
	}
	parts, err := w.ranges(ctx, of, stateBytes*(len(m.id.Columns())+2))
	if err != nil {
		return err
	}
	var queries []string
	for _, part := range parts {
		queries = append(queries, (&matcher{f: part, id: m.id}).describe(seq))
	}
	if !m.f.partly {
		_, err = w.rebuild(ctx, o, queries...)
		return err
	}
	for _, part := range shares(claimed) {
		queries = append(queries, m.undescribe(seq, part))
	}
	for _, sql := range queries {
		if err := w.conn.Exec(bounded(ctx), fmt.Sprintf("INSERT INTO %s (%s)\n%s", o.live(), idents(columnNames(o)), sql)); err != nil {
			return w.seal(err, fmt.Sprintf("describing the things of %q", m.f.e.Entity))
		}
	}
	return nil
}

// scopeUnits is how many keys and pairs of keys one statement compares: its memory
// depends neither on how many there are nor on how many bear one name.
const scopeUnits = 500_000

// blockScopes cuts the blocks to compare into parts, each for one statement.
func (w *Warehouse) blockScopes(ctx context.Context, m *matcher) ([]scope, error) {
	var scopes []scope
	var low *uint64
	err := w.each(bounded(ctx), m.scopes(scopeUnits), func(scan func(...any) error) error {
		var high uint64
		if err := scan(&high); err != nil {
			return err
		}
		scopes = append(scopes, m.between(low, high))
		low = &high
		return nil
	})
	return scopes, err
}

// recordIdentity writes what changed: first the things to fuse again, so that an
// interruption leaves too many of them and never too few. Keys and pairs are
// compared with those known before in parts, so that no statement holds all.
func (w *Warehouse) recordIdentity(ctx context.Context, m *matcher) (int64, error) {
	sizes := "SELECT (SELECT count() FROM ops.identity_found WHERE entity = " + m.entity() + ")"
	if !m.f.partly { // all that was known is held against it
		sizes += " + (SELECT count() FROM ops.identity WHERE entity = " + m.entity() + ")"
	}
	var found uint64
	if err := w.QueryRow(ctx, sizes, []any{&found}); err != nil {
		return 0, err
	}
	last, err := w.lastMatch(ctx, m.f.e.Entity)
	if err != nil {
		return 0, err
	}
	seq := last + 1
	var touched, moved, asks []string
	for _, p := range shares(int64(found)) {
		touched = append(touched, fmt.Sprintf(`INSERT INTO ops.identity_touched (entity, thing, seq)
SELECT DISTINCT %s, arrayJoin(arrayFilter(x -> x != '', [member, was, becomes])), toUInt64(%d)
FROM (%s)`, m.entity(), seq, m.moved(p)))
		moved = append(moved, fmt.Sprintf(`INSERT INTO ops.identity (entity, member, canonical, how, facts, rule, matched_at, seq, is_deleted)
SELECT %s, member, if(becomes != '', becomes, was), how, facts, %s, now64(3), toUInt64(%d), becomes = ''
FROM (%s)`, m.entity(), quote(m.rule()), seq, m.moved(p)))
		asks = append(asks, "INSERT INTO ops.identity_pair (entity, left, right, reason, agree, differ, "+strings.Join(pairSides, ", ")+", asked_at, seq, is_deleted)\n"+m.asks(p))
	}
	if err := w.recognise(ctx, m, touched...); err != nil {
		return 0, err
	}
	now, err := w.lastMatch(ctx, m.f.e.Entity)
	if err != nil {
		return 0, err
	}
	queries := asks
	if now > last { // something moved
		queries = append(moved, asks...)
	}
	return now, w.recognise(ctx, m, queries...)
}

// rule identifies the rules by which things are recognised, and by which keys are
// compared again: a change of either recognises everything anew.
func (m *matcher) rule() string {
	g := *m.f
	g.since, g.until, g.again, g.slice, g.partly = 0, 0, nil, "", false
	plain := &matcher{f: &g, id: m.id}
	return fingerprint(plain.describe(0), plain.found(anywhere), plain.reach(0, all), plain.reachJoined(), plain.near(), plain.asks(all))
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
// the thing's own key, as they were known at a moment; condition is about that key.
func (f *fuser) knownAs(condition, moment string) string {
	key := ident(f.e.Key[0])
	keys := fmt.Sprintf("SELECT member, canonical AS %s FROM ops.identity FINAL WHERE entity = %s AND is_deleted = 0", key, quote(f.e.Entity))
	return fmt.Sprintf(`SELECT * FROM
(
  SELECT c.* EXCEPT (%[1]s), if(k.member = '', c.%[1]s, k.%[1]s) AS %[1]s
  FROM (%[2]s) AS c
  LEFT JOIN (%[4]s) AS k ON k.member = c.%[1]s
)
WHERE %[3]s`, key, claimsAsKnown(f.e, moment, fmt.Sprintf("(%[1]s OR %[2]s IN (SELECT member FROM (%[3]s) WHERE %[1]s))", condition, key, keys), "1"), condition, keys)
}

// recognised selects, of the keys in the slice, those that are known to be of a
// thing that has several, and the key of that thing: member and canonical.
func (f *fuser) recognised() string {
	sql := fmt.Sprintf("SELECT member AS %s, member, canonical FROM ops.identity FINAL WHERE entity = %s AND is_deleted = 0", ident(f.e.Key[0]), quote(f.e.Entity))
	if f.slice != "" {
		sql = "SELECT * FROM (" + sql + ") WHERE " + f.slice
	}
	return sql
}

// changedThings selects, of the part, the keys whose rows a fusion has to make
// again: claimed anew or recognised otherwise, and the things that those are, which
// may be of another part.
func (f *fuser) changedThings(part share) string {
	key, entity := ident(f.e.Key[0]), quote(f.e.Entity)
	changed := fmt.Sprintf("SELECT %[1]s FROM %[2]s WHERE %[3]s\nUNION DISTINCT\nSELECT thing FROM ops.identity_touched FINAL WHERE entity = %[4]s AND seq > %[5]d AND seq <= %[6]d AND %[7]s",
		key, f.claimed().from, part.has(key), entity, f.touched, f.matched, part.has("thing"))
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
	claims := &fuser{c: f.c, e: f.e, sources: f.sources, from: f.from, carry: []string{deliveryColumn}}
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
	g.tie, g.slice = ", member", ""
	return &g
}
