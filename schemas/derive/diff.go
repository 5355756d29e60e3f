package derive

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"rongtong/schemas"
	"rongtong/schemas/decl"
)

// Class says what a change of declarations costs.
type Class string

// The classes, from the least.
const (
	Safe     Class = "safe"               // nothing that is there changes its meaning
	Backfill Class = "needs backfill"     // rows must be fused, computed or delivered again
	Stored   Class = "breaks stored data" // values that are there go, or mean something else
	Contract Class = "breaks a contract"  // what a source sends or a reader asks is no longer right
)

// Change is one difference between two catalogues.
type Change struct {
	Class  Class  `json:"class"`
	Rule   string `json:"rule"`
	Object string `json:"object"` // "facility.area_m2"
	Detail string `json:"detail"`
}

// Rule gives a kind of change its class, and the reason.
type Rule struct {
	Rule   string
	Class  Class
	Reason string
}

// Rules are all kinds of change that Diff can find.
var Rules = []Rule{
	{"tier.changed", Contract, "tiers are part of every row's origin and of what is published"},
	{"entity.added", Safe, "a new table"},
	{"entity.removed", Contract, "feeds and readers lose it; the table itself stays until it is dropped by hand"},
	{"entity.key", Stored, "what one row is changes: the table is rewritten, and rows may merge"},
	{"entity.division", Backfill, "row policies and the return flow follow another column"},
	{"entity.fusion", Backfill, "every fused row is made again"},
	{"entity.authority", Backfill, "other claims win: every fused row is made again"},
	{"entity.retention", Stored, "rows are kept for another time, and what is over it goes"},
	{"entity.wording", Safe, "names and prose only"},
	{"rule.added", Contract, "rows that were accepted may be rejected"},
	{"rule.removed", Safe, "more rows are accepted"},
	{"rule.changed", Contract, "rows that were accepted may be rejected"},
	{"column.added", Backfill, "rows already there have no value until their sources deliver again"},
	{"column.required", Contract, "a new column that may not be missing: deliveries without it are rejected"},
	{"column.removed", Stored, "its values go"},
	{"column.type", Stored, "the table is rewritten; values without an equal in the new type go"},
	{"column.loosened", Backfill, "may be null now: the table is rewritten, nothing is lost"},
	{"column.tightened", Contract, "may not be missing any more: deliveries without it are rejected"},
	{"column.list", Contract, "its codes come from another list"},
	{"column.unit", Stored, "the numbers that are there would mean another quantity"},
	{"column.pii", Contract, "another class of personal data: who may see it changes"},
	{"column.authority", Backfill, "other claims win: every fused row is made again"},
	{"column.wording", Safe, "names, prose and tolerance only"},
	{"list.added", Safe, "a new list"},
	{"list.removed", Contract, "nothing can name it any more"},
	{"code.added", Safe, "a new code, and new aliases"},
	{"code.removed", Stored, "rows that hold it have no meaning any more"},
	{"code.alias_removed", Contract, "deliveries that spell it so are rejected"},
	{"code.wording", Safe, "names only"},
	{"indicator.added", Safe, "a new figure"},
	{"indicator.removed", Contract, "readers lose it"},
	{"indicator.formula", Backfill, "a new rule version: the figures are computed again"},
	{"indicator.silent", Stored, "the formula changed under the same rule version: old and new figures cannot be told apart"},
	{"indicator.wording", Safe, "names, prose and target only"},
	{"system.added", Safe, "a new source"},
	{"system.removed", Backfill, "its claims stay, but nothing renews or withdraws them"},
	{"stream.contract", Contract, "the fields or the key of what the source delivers"},
	{"system.flow", Backfill, "rows are made in another way: read the source again"},
}

// Diff finds every change from one catalogue to another, by class and object.
func Diff(old, now *schemas.Catalog) []Change {
	d := &differ{}
	if !same(old.Tiers, now.Tiers) {
		d.add("tier.changed", "tiers", "the tiers differ")
	}
	each(d, "entity", old.Entities, now.Entities, func(e *schemas.Entity) string { return e.Entity }, d.entity)
	each(d, "list", old.Codes, now.Codes, func(l *schemas.CodeList) string { return l.Name }, d.list)
	each(d, "indicator", old.Indicators, now.Indicators, func(i *schemas.Indicator) string { return i.Indicator }, d.indicator)
	each(d, "system", old.Systems, now.Systems, func(s *schemas.System) string { return s.System }, d.system)
	rank := []Class{Contract, Stored, Backfill, Safe}
	slices.SortStableFunc(d.changes, func(a, b Change) int { return slices.Index(rank, a.Class) - slices.Index(rank, b.Class) })
	return d.changes
}

type differ struct{ changes []Change }

func (d *differ) add(rule, object, format string, args ...any) {
	i := slices.IndexFunc(Rules, func(r Rule) bool { return r.Rule == rule })
	d.changes = append(d.changes, Change{Rules[i].Class, rule, object, fmt.Sprintf(format, args...)})
}

// when adds a change if two values differ.
func (d *differ) when(rule, object, what string, a, b any) {
	if !same(a, b) {
		d.add(rule, object, "%s: %v, now %v", what, a, b)
	}
}

// each pairs two lists by name.
func each[T any](d *differ, what string, old, now []T, name func(T) string, both func(a, b T)) {
	find := func(in []T, n string) int { return slices.IndexFunc(in, func(t T) bool { return name(t) == n }) }
	for _, a := range old {
		if i := find(now, name(a)); i < 0 {
			d.add(what+".removed", name(a), "it is no longer declared")
		} else {
			both(a, now[i])
		}
	}
	for _, b := range now {
		if find(old, name(b)) < 0 {
			d.add(what+".added", name(b), "it is new")
		}
	}
}

// same compares declarations and not the places where they stand.
func same(a, b any) bool {
	return reflect.DeepEqual(strip(reflect.ValueOf(a)), strip(reflect.ValueOf(b)))
}

var place = reflect.TypeFor[decl.Pos]()

// strip turns a declaration into plain lists and maps without places. An empty
// list is the same as none.
func strip(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Invalid:
		return nil
	case reflect.Pointer, reflect.Interface:
		return strip(v.Elem())
	case reflect.Slice:
		out := []any{}
		for i := range v.Len() {
			out = append(out, strip(v.Index(i)))
		}
		return out
	case reflect.Map:
		out := map[string]any{}
		for _, k := range v.MapKeys() {
			out[fmt.Sprint(k)] = strip(v.MapIndex(k))
		}
		return out
	case reflect.Struct:
		out := map[string]any{}
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.Type != place && f.IsExported() {
				out[f.Name] = strip(v.Field(i))
			}
		}
		return out
	}
	return v.Interface()
}

func (d *differ) entity(a, b *schemas.Entity) {
	n := a.Entity
	d.when("entity.key", n, "key", a.Key, b.Key)
	d.when("entity.division", n, "division", a.Division, b.Division)
	d.when("entity.fusion", n, "fusion", a.Fusion, b.Fusion)
	d.when("entity.authority", n, "authority", a.Authority, b.Authority)
	d.when("entity.retention", n, "retention", a.Retention, b.Retention)
	if !same([]any{a.Name, a.Doc, a.Grain, a.Theme}, []any{b.Name, b.Doc, b.Grain, b.Theme}) {
		d.add("entity.wording", n, "its name or prose")
	}
	each(d, "rule", a.Rules, b.Rules, func(r *schemas.Rule) string { return r.Rule }, func(x, y *schemas.Rule) {
		if !same([]any{x.Call, x.Of, x.Min, x.Max, x.Value}, []any{y.Call, y.Of, y.Min, y.Max, y.Value}) {
			d.add("rule.changed", x.Rule, "what it demands")
		}
	})
	for _, y := range b.Columns {
		x := a.Column(y.Name)
		switch object := n + "." + y.Name; {
		case x == nil && y.Nullable:
			d.add("column.added", object, "it is new")
		case x == nil:
			d.add("column.required", object, "it is new and may not be missing")
		default:
			d.column(object, x, y)
		}
	}
	for _, x := range a.Columns {
		if b.Column(x.Name) == nil {
			d.add("column.removed", n+"."+x.Name, "it is no longer declared")
		}
	}
}

func (d *differ) column(n string, a, b *schemas.Column) {
	d.when("column.type", n, "type", a.Type, b.Type)
	if a.Nullable != b.Nullable {
		rule := "column.tightened"
		if b.Nullable {
			rule = "column.loosened"
		}
		d.add(rule, n, "nullable: %v, now %v", a.Nullable, b.Nullable)
	}
	d.when("column.list", n, "list", a.List, b.List)
	d.when("column.unit", n, "unit", a.Unit, b.Unit)
	d.when("column.pii", n, "class", class(a), class(b))
	d.when("column.authority", n, "authority", a.Authority, b.Authority)
	if !same([]any{a.Zh, a.En, a.Doc, a.ToleranceAbs, a.ToleranceRel}, []any{b.Zh, b.En, b.Doc, b.ToleranceAbs, b.ToleranceRel}) {
		d.add("column.wording", n, "its names, prose or tolerance")
	}
}

func class(c *schemas.Column) schemas.PII {
	if c.PII == "" {
		return schemas.P0
	}
	return c.PII
}

func (d *differ) list(a, b *schemas.CodeList) {
	for _, x := range a.Codes {
		n := a.Name + "." + x.Code
		y, ok := b.Get(x.Code)
		if !ok {
			d.add("code.removed", n, "it is no longer in the list")
			continue
		}
		var gone []string
		for _, alias := range x.Aliases {
			if !slices.Contains(y.Aliases, alias) {
				gone = append(gone, alias)
			}
		}
		if len(gone) > 0 {
			d.add("code.alias_removed", n, "the aliases %s", strings.Join(gone, ", "))
		}
		if x.Zh != y.Zh || x.En != y.En || x.Parent != y.Parent || x.Unit != y.Unit {
			d.add("code.wording", n, "its names, parent or unit")
		}
	}
	for _, y := range b.Codes {
		if _, ok := a.Get(y.Code); !ok {
			d.add("code.added", b.Name+"."+y.Code, "it is new")
		}
	}
}

func (d *differ) indicator(a, b *schemas.Indicator) {
	x, y := *a, *b
	for _, i := range []*schemas.Indicator{&x, &y} { // what is left is the formula
		i.Name, i.Doc, i.Target, i.RuleVer, i.Cases, i.PolicyRow, i.Direction = schemas.Label{}, schemas.Label{}, nil, 0, nil, "", ""
	}
	switch {
	case !same(x, y) && a.RuleVer == b.RuleVer:
		d.add("indicator.silent", a.Indicator, "the formula under rule version %d", a.RuleVer)
	case !same(x, y) || a.RuleVer != b.RuleVer:
		d.add("indicator.formula", a.Indicator, "rule version: %d, now %d", a.RuleVer, b.RuleVer)
	case !same([]any{a.Name, a.Doc, a.Target, a.Direction}, []any{b.Name, b.Doc, b.Target, b.Direction}):
		d.add("indicator.wording", a.Indicator, "its name, prose or target")
	}
}

func (d *differ) system(a, b *schemas.System) {
	for _, s := range a.Streams {
		t, ok := b.Streams.Get(s.Key)
		n := a.System + "." + s.Key
		if !ok {
			d.add("stream.contract", n, "it is no longer delivered")
		} else if !same([]any{s.Value.Key, s.Value.Fields, s.Value.Drop}, []any{t.Value.Key, t.Value.Fields, t.Value.Drop}) {
			d.add("stream.contract", n, "its key, fields or dropped fields")
		}
	}
	flows := func(s *schemas.System) (out []any) {
		for _, f := range s.Flows {
			out = append(out, []any{f.Stream, f.Entity, f.Set, f.At})
		}
		return out
	}
	if !same(flows(a), flows(b)) {
		d.add("system.flow", a.System, "how its records become rows")
	}
}
