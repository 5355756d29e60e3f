package warehouse

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"rongtong/schemas"
	"rongtong/schemas/fault"
)

// IdentityDecision is what a person decided about two keys of an entity.
type IdentityDecision struct {
	Entity    string    `json:"entity"`
	Left      string    `json:"left"` // the lower of the two, as text
	Right     string    `json:"right"`
	Verdict   string    `json:"verdict"`
	DecidedBy string    `json:"decided_by"` // the role, never a person
	Reason    string    `json:"reason"`
	DecidedAt time.Time `json:"decided_at"`
	Seq       int64     `json:"seq"` // counts up with every decision
}

// order puts the lower key first, so that a pair has one spelling.
func (d *IdentityDecision) order() {
	if d.Left > d.Right {
		d.Left, d.Right = d.Right, d.Left
	}
}

// RecordDecisions keeps decisions; one that is there already stays. They count
// from the next fusion on.
func (w *Warehouse) RecordDecisions(ctx context.Context, ds []IdentityDecision) error {
	for i := range ds {
		ds[i].order()
	}
	if len(ds) == 0 {
		return nil
	}
	return w.InsertRows(ctx, "ops.identity_decision", fmt.Sprintf("%d-%d", ds[0].Seq, ds[len(ds)-1].Seq), ds)
}

// DecisionsSeen is the number of the last decision that is kept, of any entity.
func (w *Warehouse) DecisionsSeen(ctx context.Context) (int64, error) {
	var n uint64
	err := w.QueryRow(ctx, "SELECT max(seq) FROM ops.identity_decision", []any{&n})
	return int64(n), err
}

// Decisions are all that were ever made about an entity's things, latest first;
// of every entity when it is empty.
func (w *Warehouse) Decisions(ctx context.Context, entity string) ([]IdentityDecision, error) {
	where := ""
	if entity != "" {
		where = " WHERE entity = " + quote(entity)
	}
	out := []IdentityDecision{}
	err := w.each(ctx, "SELECT toString(entity), left, right, toString(verdict), toString(decided_by), reason, decided_at, toInt64(seq) FROM ops.identity_decision FINAL"+where+" ORDER BY seq DESC",
		func(scan func(...any) error) error {
			var d IdentityDecision
			err := scan(&d.Entity, &d.Left, &d.Right, &d.Verdict, &d.DecidedBy, &d.Reason, &d.DecidedAt, &d.Seq)
			out = append(out, d)
			return err
		})
	return out, err
}

// Review is a pair of keys that waits for a person.
type Review struct {
	Entity          string    `json:"entity"`
	Pair            string    `json:"pair"` // short name of entity and keys
	Left            string    `json:"left"`
	Right           string    `json:"right"`
	Name            string    `json:"name"`
	Division        string    `json:"division_code"`
	Reason          string    `json:"reason"`
	Agree           []string  `json:"agree"`
	Differ          []string  `json:"differ"`
	LeftSources     []string  `json:"left_srcs"`
	RightSources    []string  `json:"right_srcs"`
	AskedAt         time.Time `json:"asked_at"`
	Department      string    `json:"department"`
	OtherDepartment string    `json:"other_department"`
}

// ReviewFilter narrows Reviews; an empty field does not.
type ReviewFilter struct {
	Entity, Department, Division, Reason, Pair string
	Limit                                      int
}

// Reviews are pairs that wait for a person, those that most speaks for first,
// and how many there are in all.
func (w *Warehouse) Reviews(ctx context.Context, f ReviewFilter) (list []Review, total uint64, err error) {
	where := []string{"1"}
	for column, v := range map[string]string{"entity": f.Entity, "reason": f.Reason, "pair": f.Pair} {
		if v != "" {
			where = append(where, column+" = "+quote(v))
		}
	}
	if f.Division != "" {
		where = append(where, "startsWith(division_code, "+quote(strings.TrimRight(f.Division, "0"))+")")
	}
	if f.Department != "" {
		d := quote(f.Department)
		where = append(where, fmt.Sprintf("(position(department, %[1]s) > 0 OR position(other_department, %[1]s) > 0)", d))
	}
	slices.Sort(where)
	cond := strings.Join(where, " AND ")
	if err := w.QueryRow(ctx, "SELECT count() FROM ads.identity_review WHERE "+cond, []any{&total}); err != nil {
		return nil, 0, err
	}
	texts := func(c string) string { return "arrayMap(x -> toString(x), " + c + ")" }
	list = []Review{}
	err = w.each(ctx, fmt.Sprintf(`SELECT toString(entity), pair, left, right, name, division_code, toString(reason), %s, %s, %s, %s, asked_at, department, other_department
FROM ads.identity_review WHERE %s
ORDER BY length(agree) DESC, length(differ), division_code, name, left, right LIMIT %d`, texts("agree"), texts("differ"), texts("left_srcs"), texts("right_srcs"), cond, f.Limit),
		func(scan func(...any) error) error {
			var r Review
			err := scan(&r.Entity, &r.Pair, &r.Left, &r.Right, &r.Name, &r.Division, &r.Reason, &r.Agree, &r.Differ, &r.LeftSources, &r.RightSources, &r.AskedAt, &r.Department, &r.OtherDepartment)
			list = append(list, r)
			return err
		})
	return list, total, err
}

// FindPair gives the entity and keys of a pair by its short name, whether it
// waits or was decided about. An unknown one is fault.Data.
func (w *Warehouse) FindPair(ctx context.Context, pair string) (entity, left, right string, err error) {
	sql := fmt.Sprintf(`SELECT e, l, r FROM
(
  SELECT toString(entity) AS e, left AS l, right AS r FROM ops.identity_pair
  UNION DISTINCT
  SELECT toString(entity), left, right FROM ops.identity_decision
)
WHERE substring(lower(hex(sipHash64(e, least(l, r), greatest(l, r)))), 1, 10) = %s LIMIT 1`, quote(strings.ToLower(pair)))
	err = w.each(ctx, sql, func(scan func(...any) error) error { return scan(&entity, &left, &right) })
	if err == nil && entity == "" {
		err = fault.Hint(fault.Data, "rongtong review list shows those that wait, rongtong review log those that were decided", "looking for the pair %q: there is none", pair)
	}
	return entity, left, right, err
}

// Key is what is known of one key of a thing.
type Key struct {
	Key      string    `json:"key"`
	Thing    string    `json:"thing"` // the key of the thing that it is; itself, if it was not matched
	How      string    `json:"how"`   // rule, decision; "" if it was not matched
	Facts    []string  `json:"facts"` // that agreed
	At       time.Time `json:"matched_at"`
	Name     string    `json:"name"`
	Division string    `json:"division_code"`
	Codes    []string  `json:"codes"` // in the order of the declared identity; "" for none
	Seconds  []string  `json:"second"`
	Sources  []string  `json:"sources"`
}

// IdentityOf are the keys that are the same thing as this one, itself included.
// A key that nobody claims is none.
func (w *Warehouse) IdentityOf(ctx context.Context, e *schemas.Entity, key string) ([]Key, error) {
	if e.Identity == nil {
		return nil, nil
	}
	known := fmt.Sprintf("SELECT member, canonical, how, facts, matched_at FROM ops.identity FINAL WHERE entity = %s AND is_deleted = 0", quote(e.Entity))
	sql := fmt.Sprintf(`SELECT m.member, if(i.canonical = '', m.member, i.canonical) AS thing, toString(i.how), arrayMap(x -> toString(x), i.facts), i.matched_at, m.name, m.division, m.codes, m.facts, arrayMap(x -> toString(x), m.srcs)
FROM (SELECT * FROM %[1]s FINAL WHERE is_deleted = 0) AS m
LEFT JOIN (%[2]s) AS i ON i.member = m.member
WHERE m.member = %[3]s OR i.canonical IN (SELECT canonical FROM (%[2]s) WHERE member = %[3]s)
ORDER BY m.member != thing, m.member`, dbDwd+"."+ident(e.Entity+membersSuffix), known, quote(key))
	var out []Key
	err := w.each(ctx, sql, func(scan func(...any) error) error {
		var k Key
		err := scan(&k.Key, &k.Thing, &k.How, &k.Facts, &k.At, &k.Name, &k.Division, &k.Codes, &k.Seconds, &k.Sources)
		out = append(out, k)
		return err
	})
	return out, err
}

// CheckDecision says why a decision cannot stand: keys that nobody claims, codes
// of two different things, an earlier decision that says otherwise. All of these
// are fault.Data.
func (w *Warehouse) CheckDecision(ctx context.Context, c *schemas.Catalog, d IdentityDecision) error {
	doing := fmt.Sprintf("deciding about %q and %q", d.Left, d.Right)
	e := c.Entity(d.Entity)
	switch {
	case e == nil:
		return fault.New(fault.Config, "%s: there is no entity %q", doing, d.Entity)
	case e.Identity == nil:
		return fault.Hint(fault.Config, "declare identity: in its entity file", "%s: things of %q are told apart by their keys alone", doing, d.Entity)
	case d.Left == d.Right:
		return fault.New(fault.Data, "%s: these are one key", doing)
	}
	d.order()
	all, err := w.Decisions(ctx, d.Entity)
	if err != nil {
		return err
	}
	standing := map[[2]string]IdentityDecision{}
	for _, o := range slices.Backward(all) {
		standing[[2]string{o.Left, o.Right}] = o
		if o.Verdict == VerdictUndo {
			delete(standing, [2]string{o.Left, o.Right})
		}
	}
	if d.Verdict == VerdictUndo {
		if _, ok := standing[[2]string{d.Left, d.Right}]; !ok {
			return fault.Hint(fault.Data, "rongtong review log shows what was decided", "%s: no decision about them stands", doing)
		}
		return nil
	}
	left, err := w.becoming(ctx, e, d.Left, standing)
	if err != nil {
		return err
	}
	right, err := w.becoming(ctx, e, d.Right, standing)
	if err != nil {
		return err
	}
	for key, found := range map[string][]Key{d.Left: left, d.Right: right} {
		if len(found) == 0 {
			return fault.Hint(fault.Data, "rongtong review list shows the keys as they are", "%s: no source claims %q", doing, key)
		}
	}
	if d.Verdict == VerdictMerge {
		return mayMerge(doing, e, left, right, standing)
	}
	return mayPart(doing, d, standing)
}

// mayMerge refuses to join what codes or decisions keep apart.
func mayMerge(doing string, e *schemas.Entity, left, right []Key, standing map[[2]string]IdentityDecision) error {
	for _, l := range left {
		for _, r := range right {
			for i, code := range e.Identity.Codes {
				if l.Codes[i] != "" && r.Codes[i] != "" && l.Codes[i] != r.Codes[i] {
					return fault.Hint(fault.Data, "if one of the codes is wrong, its source has to correct it",
						"%s: they have different codes in %q, %s and %s", doing, code, l.Codes[i], r.Codes[i])
				}
			}
			d := IdentityDecision{Left: l.Key, Right: r.Key}
			if d.order(); standing[[2]string{d.Left, d.Right}].Verdict == VerdictApart && !(len(left) == 1 && len(right) == 1) {
				return fault.Hint(fault.Data, fmt.Sprintf("rongtong review undo %s '%s' '%s'", e.Entity, d.Left, d.Right),
					"%s: it was decided that %q and %q, which they are, are two", doing, d.Left, d.Right)
			}
		}
	}
	return nil
}

// becoming are the keys that will be the same thing as this one: those that are,
// and those that decisions not fused yet join.
func (w *Warehouse) becoming(ctx context.Context, e *schemas.Entity, key string, standing map[[2]string]IdentityDecision) ([]Key, error) {
	var out []Key
	for _, k := range joinedBy(standing, key) {
		more, err := w.IdentityOf(ctx, e, k)
		if err != nil {
			return nil, err
		}
		for _, m := range more {
			if !slices.ContainsFunc(out, func(o Key) bool { return o.Key == m.Key }) {
				out = append(out, m)
			}
		}
	}
	return out, nil
}

// joinedBy are the keys that decisions join with this one, itself first.
func joinedBy(standing map[[2]string]IdentityDecision, key string) []string {
	reached := []string{key}
	for i := 0; i < len(reached); i++ {
		for pair, o := range standing {
			for j, k := range pair {
				if other := pair[1-j]; o.Verdict == VerdictMerge && k == reached[i] && !slices.Contains(reached, other) {
					reached = append(reached, other)
				}
			}
		}
	}
	return reached
}

// mayPart refuses to part what other decisions join.
func mayPart(doing string, d IdentityDecision, standing map[[2]string]IdentityDecision) error {
	delete(standing, [2]string{d.Left, d.Right})
	if way := joinedBy(standing, d.Left); slices.Contains(way, d.Right) {
		return fault.Hint(fault.Data, "undo one of the merges on the way first; rongtong review log shows them",
			"%s: other decisions join them, by way of %s", doing, strings.Join(way[1:], ", "))
	}
	return nil
}
