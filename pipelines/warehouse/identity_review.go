package warehouse

import (
	"cmp"
	"context"
	"fmt"
	"maps"
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
	LeftCodes       []string  `json:"left_codes"` // in the order of the declared identity; "" for none
	LeftSeconds     []string  `json:"left_second"`
	RightCodes      []string  `json:"right_codes"`
	RightSeconds    []string  `json:"right_second"`
	AskedAt         time.Time `json:"asked_at"`
	Department      string    `json:"department"`
	OtherDepartment string    `json:"other_department"`
}

// ReviewFilter narrows Reviews; an empty field does not.
type ReviewFilter struct {
	Entity, Department, Division, Reason, Pair, Source, Name string
	Left, Right                                              string // both: this pair of things, in either order
	Limit, Offset                                            int    // of the list; Limit 0 is all
}

// where is the condition on ads.identity_review.
func (f ReviewFilter) where() string {
	and := []string{"1"}
	for _, c := range []struct{ column, value string }{{"entity", f.Entity}, {"reason", f.Reason}, {"pair", f.Pair}} {
		if c.value != "" {
			and = append(and, c.column+" = "+quote(c.value))
		}
	}
	if f.Division != "" {
		and = append(and, "startsWith(division_code, "+quote(strings.TrimRight(f.Division, "0"))+")")
	}
	if f.Department != "" {
		and = append(and, fmt.Sprintf("(position(department, %[1]s) > 0 OR position(other_department, %[1]s) > 0)", quote(f.Department)))
	}
	if f.Source != "" {
		and = append(and, fmt.Sprintf("(has(left_srcs, %[1]s) OR has(right_srcs, %[1]s))", quote(f.Source)))
	}
	if f.Name != "" {
		and = append(and, "position(name, "+quote(f.Name)+") > 0")
	}
	if f.Left != "" {
		and = append(and, fmt.Sprintf("(left = %[1]s AND right = %[2]s OR left = %[2]s AND right = %[1]s)", quote(f.Left), quote(f.Right)))
	}
	return strings.Join(and, " AND ")
}

// Reviews are pairs that wait for a person, those that most speaks for first,
// and how many there are in all.
func (w *Warehouse) Reviews(ctx context.Context, f ReviewFilter) (list []Review, total uint64, err error) {
	list = []Review{}
	if err = w.QueryRow(ctx, "SELECT count() FROM ads.identity_review WHERE "+f.where(), []any{&total}); err != nil {
		return list, 0, err
	}
	err = w.EachReview(ctx, f, func(r Review) error {
		list = append(list, r)
		return nil
	})
	return list, total, err
}

// EachReview is Reviews for many, one after the other.
func (w *Warehouse) EachReview(ctx context.Context, f ReviewFilter, do func(Review) error) error {
	texts := func(c string) string { return "arrayMap(x -> toString(x), " + c + ")" }
	const order = "ORDER BY length(agree) DESC, length(differ), division_code, name, left, right"
	where := f.where()
	if f.Limit > 0 { // a page is found by what orders it; the rest is read of its pairs alone
		where = fmt.Sprintf("(entity, left, right) IN (SELECT entity, left, right FROM ads.identity_review WHERE %s %s LIMIT %d OFFSET %d)", where, order, f.Limit, f.Offset)
	}
	var failed error // of the caller's
	err := w.each(bounded(ctx), fmt.Sprintf(`SELECT toString(entity), pair, left, right, name, division_code, toString(reason), %s, %s, %s, %s, left_codes, left_facts, right_codes, right_facts, asked_at, department, other_department
FROM ads.identity_review WHERE %s
%s`, texts("agree"), texts("differ"), texts("left_srcs"), texts("right_srcs"), where, order),
		func(scan func(...any) error) error {
			var r Review
			err := scan(&r.Entity, &r.Pair, &r.Left, &r.Right, &r.Name, &r.Division, &r.Reason, &r.Agree, &r.Differ, &r.LeftSources, &r.RightSources,
				&r.LeftCodes, &r.LeftSeconds, &r.RightCodes, &r.RightSeconds, &r.AskedAt, &r.Department, &r.OtherDepartment)
			if err == nil {
				failed = do(r)
				err = failed
			}
			return err
		})
	if failed != nil {
		return failed
	}
	return err
}

// ReviewCount is how many pairs wait that have something in common.
type ReviewCount struct {
	Of      string            `json:"of"`    // a division, department, source, entity or reason
	Pairs   uint64            `json:"pairs"` // a pair of two sources or departments counts for both
	Reasons map[string]uint64 `json:"reasons"`
	Oldest  time.Time         `json:"oldest"`
}

// reviewBy are what the pairs that wait can be counted by.
var reviewBy = map[string]string{
	"city": "rpad(substring(division_code, 1, 4), 12, '0')", "county": "rpad(substring(division_code, 1, 6), 12, '0')", "township": "rpad(substring(division_code, 1, 9), 12, '0')",
	"department": "arrayJoin(arrayDistinct([department, other_department]))", "source": "toString(arrayJoin(arrayDistinct(arrayConcat(left_srcs, right_srcs))))",
	"entity": "toString(entity)", "reason": "toString(reason)",
}

// ReviewBy are the names of what ReviewCounts counts by.
func ReviewBy() []string { return slices.Sorted(maps.Keys(reviewBy)) }

// ReviewCounts counts the pairs that wait by one of ReviewBy: most first.
func (w *Warehouse) ReviewCounts(ctx context.Context, f ReviewFilter, by string) ([]ReviewCount, error) {
	of, ok := reviewBy[by]
	if !ok {
		return nil, fault.New(fault.Config, "counting pairs by %q: that is none of %s", by, strings.Join(ReviewBy(), ", "))
	}
	at := map[string]int{}
	out := []ReviewCount{}
	err := w.each(ctx, fmt.Sprintf("SELECT %s AS of, toString(reason) AS why, count(), min(asked_at)\nFROM ads.identity_review WHERE %s GROUP BY of, why ORDER BY of", of, f.where()), func(scan func(...any) error) error {
		var c ReviewCount
		var why string
		if err := scan(&c.Of, &why, &c.Pairs, &c.Oldest); err != nil {
			return err
		}
		i, ok := at[c.Of]
		if !ok {
			i = len(out)
			at[c.Of] = i
			out = append(out, ReviewCount{Of: c.Of, Reasons: map[string]uint64{}, Oldest: c.Oldest})
		}
		out[i].Reasons[why] = c.Pairs
		out[i].Pairs += c.Pairs
		if c.Oldest.Before(out[i].Oldest) {
			out[i].Oldest = c.Oldest
		}
		return nil
	})
	slices.SortStableFunc(out, func(a, b ReviewCount) int { return cmp.Compare(b.Pairs, a.Pairs) })
	return out, err
}

// Crowd is a name that more keys of one block bear than are compared.
type Crowd struct {
	Entity   string `json:"entity"`
	Division string `json:"division_code"`
	Name     string `json:"name"`
	Keys     uint64 `json:"keys"`
}

// Crowds are the names that are not compared because too many keys bear them,
// the largest first.
func (w *Warehouse) Crowds(ctx context.Context) ([]Crowd, error) {
	out := []Crowd{}
	err := w.each(ctx, "SELECT toString(entity), division_code, name, keys FROM ads.identity_crowd ORDER BY keys DESC, division_code, name", func(scan func(...any) error) error {
		var c Crowd
		err := scan(&c.Entity, &c.Division, &c.Name, &c.Keys)
		out = append(out, c)
		return err
	})
	return out, err
}

// Pair names two keys of an entity.
type Pair struct{ Entity, Left, Right string }

// FindPair gives the entity and keys of a pair by its short name, whether it
// waits or was decided about. An unknown one is fault.Data.
func (w *Warehouse) FindPair(ctx context.Context, pair string) (Pair, error) {
	found, err := w.FindPairs(ctx, []string{pair})
	p, ok := found[pair]
	if err == nil && !ok {
		err = fault.Hint(fault.Data, "rongtong review list shows those that wait, rongtong review log those that were decided", "looking for the pair %q: there is none", pair)
	}
	return p, err
}

// FindPairs is FindPair for many; those that are unknown are left out.
func (w *Warehouse) FindPairs(ctx context.Context, pairs []string) (map[string]Pair, error) {
	known := map[string]Pair{}
	for some := range slices.Chunk(pairs, 5000) {
		lower := make([]string, len(some))
		for i, p := range some {
			lower[i] = strings.ToLower(p)
		}
		sql := fmt.Sprintf(`SELECT substring(lower(hex(sipHash64(e, least(l, r), greatest(l, r)))), 1, 10) AS pair, e, l, r FROM
(
  SELECT toString(entity) AS e, left AS l, right AS r FROM ops.identity_pair
  UNION DISTINCT
  SELECT toString(entity), left, right FROM ops.identity_decision
)
WHERE pair IN (%s)`, quotes(lower))
		err := w.each(ctx, sql, func(scan func(...any) error) error {
			var name string
			var p Pair
			err := scan(&name, &p.Entity, &p.Left, &p.Right)
			known[name] = p
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	out := map[string]Pair{}
	for _, p := range pairs {
		if k, ok := known[strings.ToLower(p)]; ok {
			out[p] = k
		}
	}
	return out, nil
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

// IdentitiesOf is IdentityOf for many keys: per key the keys of its thing, the
// thing's own first.
func (w *Warehouse) IdentitiesOf(ctx context.Context, e *schemas.Entity, keys []string) (map[string][]Key, error) {
	out := map[string][]Key{}
	if e.Identity == nil {
		return out, nil
	}
	for len(keys) > 0 {
		size, n := 0, 0
		for n < len(keys) && (n == 0 || size+len(keys[n]) < mostText) {
			size, n = size+len(keys[n])+4, n+1
		}
		if err := w.addIdentities(ctx, e, keys[:n], out); err != nil {
			return nil, err
		}
		keys = keys[n:]
	}
	return out, nil
}

// IdentityOf are the keys that are the same thing as this one, itself included.
// A key that nobody claims is none.
func (w *Warehouse) IdentityOf(ctx context.Context, e *schemas.Entity, key string) ([]Key, error) {
	all, err := w.IdentitiesOf(ctx, e, []string{key})
	return all[key], err
}

// mostText bounds the keys that one statement names: the server reads no longer one.
const mostText = 100_000

func (w *Warehouse) addIdentities(ctx context.Context, e *schemas.Entity, keys []string, out map[string][]Key) error {
	members := dbDwd + "." + ident(e.Entity+membersSuffix)
	sql := fmt.Sprintf(`WITH asked AS (SELECT arrayJoin([%[1]s]) AS k),
known AS
(
  SELECT member, canonical, how, facts, matched_at FROM ops.identity FINAL
  WHERE entity = %[2]s AND is_deleted = 0 AND canonical IN (SELECT canonical FROM ops.identity FINAL WHERE entity = %[2]s AND is_deleted = 0 AND member IN (SELECT k FROM asked))
)
SELECT m.member, if(i.canonical = '', m.member, i.canonical) AS thing, toString(i.how), arrayMap(x -> toString(x), i.facts), i.matched_at, m.name, m.division, m.codes, m.facts, arrayMap(x -> toString(x), m.srcs)
FROM (SELECT * FROM %[3]s FINAL WHERE is_deleted = 0 AND member IN (SELECT k FROM asked UNION DISTINCT SELECT member FROM known)) AS m
LEFT JOIN known AS i ON i.member = m.member
ORDER BY thing, m.member != thing, m.member`, quotes(keys), quote(e.Entity), members)
	things := map[string][]Key{}
	err := w.each(ctx, sql, func(scan func(...any) error) error {
		var k Key
		err := scan(&k.Key, &k.Thing, &k.How, &k.Facts, &k.At, &k.Name, &k.Division, &k.Codes, &k.Seconds, &k.Sources)
		things[k.Thing] = append(things[k.Thing], k)
		return err
	})
	for _, thing := range things {
		for _, k := range thing {
			out[k.Key] = thing
		}
	}
	return err
}
