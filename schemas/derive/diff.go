package derive

import (
	"fmt"
	"math"
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
	{"tier.added", Contract, "tiers are part of every row's origin and of what is published"},
	{"tier.removed", Contract, "rows and figures of it have no tier any more"},
	{"tier.level", Contract, "what is above and below it: figures are summed up in another way"},
	{"tier.wording", Safe, "names only"},
	{"theme.added", Safe, "a new name"},
	{"theme.removed", Safe, "a name less: its entities go by the theme itself"},
	{"theme.wording", Safe, "names only"},
	{"entity.added", Safe, "a new table"},
	{"entity.removed", Contract, "feeds and readers lose it; the table itself stays until it is dropped by hand"},
	{"entity.key", Stored, "what one row is changes: the table is rewritten, and rows may merge"},
	{"entity.division", Backfill, "row policies and the return flow follow another column"},
	{"entity.division_system", Stored, "the codes that are there would mean other places"},
	{"entity.division_shares", Safe, "views under the register of another day distribute other columns"},
	{"entity.event_time", Backfill, "rows became true at other times: history and figures as of a day are made again"},
	{"entity.fusion", Backfill, "every fused row is made again"},
	{"entity.authority", Backfill, "other claims win: every fused row is made again"},
	{"entity.identity", Backfill, "keys are matched by other rules: every fused row is made again"},
	{"entity.retention_shorter", Stored, "what is over it goes"},
	{"entity.fresh", Safe, "another rhythm is expected"},
	{"entity.small_cells", Contract, "analysts may read its rows no longer, or may now; other figures are shown"},
	{"entity.retention_longer", Safe, "what is there stays longer"},
	{"entity.wording", Safe, "names, prose and cases only"},
	{"rule.added", Contract, "rows that were accepted may be rejected"},
	{"rule.removed", Safe, "more rows are accepted"},
	{"rule.changed", Contract, "rows that were accepted may be rejected"},
	{"rule.wording", Safe, "the reason that people are shown"},
	{"column.added", Backfill, "rows already there have no value until their sources deliver again"},
	{"column.required", Contract, "a new column that may not be missing: deliveries without it are rejected"},
	{"column.removed", Stored, "its values go"},
	{"column.widened", Backfill, "every value has an equal in the new type: the table is rewritten, nothing is lost"},
	{"column.lossy", Stored, "the table is rewritten; values without an equal in the new type go, if there are any"},
	{"column.contract", Contract, "feeds write the field in another way: deliveries in the old one are rejected"},
	{"column.loosened", Backfill, "may be null now: the table is rewritten, nothing is lost"},
	{"column.tightened", Contract, "may not be missing any more: deliveries without it are rejected"},
	{"column.list", Contract, "its codes come from another list"},
	{"column.unit", Stored, "the numbers that are there would mean another quantity"},
	{"column.pii", Contract, "another class of personal data: who may see it changes"},
	{"column.authority", Backfill, "other claims win: every fused row is made again"},
	{"column.wording", Safe, "names, prose and tolerance only"},
	{"calendar.added", Safe, "a new calendar"},
	{"calendar.removed", Contract, "nothing can name it any more"},
	{"calendar.days", Backfill, "what is counted in working days is computed again"},
	{"calendar.source", Safe, "where the calendar comes from, and its version"},
	{"list.added", Safe, "a new list"},
	{"list.removed", Contract, "nothing can name it any more"},
	{"list.parent", Backfill, "its codes belong to the classes of another list: what is summed up by class is made again"},
	{"list.source", Safe, "where the list comes from, and its version"},
	{"code.added", Safe, "a new code"},
	{"code.removed", Stored, "rows that hold it have no meaning any more"},
	{"code.replaced", Backfill, "another code takes its spelling over: rows that hold it are delivered again"},
	{"code.spelling_added", Safe, "more deliveries are accepted"},
	{"code.spelling_removed", Contract, "deliveries that spell it so are rejected, or mean another code"},
	{"code.wording", Safe, "its names"},
	{"code.parent", Backfill, "it belongs to another class: what is summed up by class is made again"},
	{"code.unit", Stored, "the numbers that are there would mean another quantity"},
	{"indicator.added", Safe, "a new figure"},
	{"indicator.removed", Contract, "readers lose it"},
	{"indicator.formula", Backfill, "a new rule version: the figures are computed again"},
	{"indicator.silent", Stored, "the formula changed under the same rule version: old and new figures cannot be told apart"},
	{"indicator.target", Backfill, "what is met and what is not is judged again"},
	{"indicator.wording", Safe, "names, prose, policy row and cases only"},
	{"view.added", Safe, "a new question answered"},
	{"view.removed", Contract, "readers lose it"},
	{"view.answer", Contract, "readers get other columns, arguments or rows"},
	{"view.wording", Safe, "names, prose and cases only"},
	{"system.added", Safe, "a new source"},
	{"system.removed", Backfill, "its claims stay, but nothing renews or withdraws them"},
	{"system.tier", Backfill, "its claims come from another tier, and another authority: read the source again"},
	{"system.protocol", Backfill, "another protocol cannot read the position of the one before: the source is read from its beginning"},
	{"system.connection", Safe, "another place or account of the same protocol"},
	{"system.flow", Backfill, "rows are made in another way: read the source again"},
	{"system.schedule", Safe, "when it is read"},
	{"system.wording", Safe, "names, prose and cases only"},
	{"stream.added", Safe, "a new topic and a new table of records as received"},
	{"stream.removed", Contract, "the source's feed is no longer taken; its topic and its claims stay"},
	{"stream.key", Contract, "what identifies a record, and its place among the partitions"},
	{"stream.field_added", Backfill, "records already there do not have it: read the source again"},
	{"stream.field_removed", Contract, "what the source delivers in it is left out"},
	{"stream.field_type", Contract, "what the source delivers in it is written in another way"},
	{"stream.field_order", Safe, "the order of the fields"},
	{"stream.drop_added", Stored, "what is already kept of the field, as received, must go"},
	{"stream.drop_removed", Contract, "a field that had to stay in the source is no longer held back"},
	{"stream.identify", Stored, "a field that identifies a person is treated in another way: what is kept under the old one must be re-keyed, or must go"},
	{"stream.landing", Safe, "how long raw citizen IDs are kept, encrypted, for a change of keys"},
	{"stream.from", Backfill, "it is read from another place in its source: the stored position may not be in it"},
	{"stream.partitions_more", Backfill, "keys move to other partitions: drain the loaders first, or a record and its correction are loaded out of order"},
	{"stream.partitions_fewer", Contract, "Kafka cannot take partitions away: the topic must be created again"},
	{"stream.raw_shorter", Stored, "records as received that are over it go"},
	{"stream.raw_longer", Safe, "records as received stay longer"},
}

// Diff finds every change from one catalogue to another, by class and object.
func Diff(old, now *schemas.Catalog) []Change {
	d := &differ{old: old}
	each(d, "tier.", old.Tiers, now.Tiers, func(t *schemas.Tier) string { return t.Code }, func(a, b *schemas.Tier) {
		d.when("tier.level", a.Code, "level", a.Level, b.Level)
		d.when("tier.wording", a.Code, "name", a.Name, b.Name)
	})
	each(d, "theme.", old.Themes, now.Themes, func(t *schemas.Theme) string { return t.Theme }, func(a, b *schemas.Theme) {
		d.when("theme.wording", a.Theme, "name", a.Name, b.Name)
	})
	each(d, "entity.", old.Entities, now.Entities, func(e *schemas.Entity) string { return e.Entity }, d.entity)
	each(d, "calendar.", old.Calendars, now.Calendars, func(c *schemas.Calendar) string { return c.Name }, func(a, b *schemas.Calendar) {
		if !same([]any{a.Days(true), a.Days(false)}, []any{b.Days(true), b.Days(false)}) {
			d.add("calendar.days", a.Name, "the days that are worked or not")
		}
		if a.Source != b.Source || a.Version != b.Version {
			d.add("calendar.source", a.Name, "its source or version")
		}
	})
	each(d, "list.", old.Codes, now.Codes, func(l *schemas.CodeList) string { return l.Name }, d.list)
	each(d, "indicator.", old.Indicators, now.Indicators, func(i *schemas.Indicator) string { return i.Indicator }, d.indicator)
	each(d, "view.", old.Views, now.Views, func(v *schemas.View) string { return v.View }, d.view)
	each(d, "system.", old.Systems, now.Systems, func(s *schemas.System) string { return s.System }, d.system)
	rank := []Class{Contract, Stored, Backfill, Safe}
	slices.SortStableFunc(d.changes, func(a, b Change) int { return slices.Index(rank, a.Class) - slices.Index(rank, b.Class) })
	return d.changes
}

type differ struct {
	old     *schemas.Catalog
	changes []Change
}

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

// each pairs two lists by name; what is the beginning of the rules' names, "entity.".
func each[T any](d *differ, what string, old, now []T, name func(T) string, both func(a, b T)) {
	find := func(in []T, n string) int { return slices.IndexFunc(in, func(t T) bool { return name(t) == n }) }
	for _, a := range old {
		if i := find(now, name(a)); i < 0 {
			d.add(what+"removed", name(a), "it is no longer declared")
		} else {
			both(a, now[i])
		}
	}
	for _, b := range now {
		if find(old, name(b)) < 0 {
			d.add(what+"added", name(b), "it is new")
		}
	}
}

// Same compares declarations, or lists of them, and not the places where they
// stand.
func Same(a, b any) bool { return same(a, b) }

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
	d.when("entity.division", n, "division column", a.Division.Column, b.Division.Column)
	d.when("entity.division_system", n, "code system", a.Division.System, b.Division.System)
	d.when("entity.division_shares", n, "columns that are distributed", a.Division.Shares, b.Division.Shares)
	d.when("entity.event_time", n, "event time", a.EventTime, b.EventTime)
	d.when("entity.fusion", n, "fusion", a.Fusion, b.Fusion)
	d.when("entity.authority", n, "authority", a.Authority, b.Authority)
	if !same(a.Identity, b.Identity) {
		d.add("entity.identity", n, "how its things are recognised")
	}
	d.when("entity.fresh", n, "fresh within", a.FreshWithin, b.FreshWithin)
	d.when("entity.small_cells", n, "least number that is shown", a.SmallCells, b.SmallCells)
	d.kept("entity.retention", n, a.Retention, b.Retention)
	if !same([]any{a.Name, a.Doc, a.Grain, a.Theme, a.Cases}, []any{b.Name, b.Doc, b.Grain, b.Theme, b.Cases}) {
		d.add("entity.wording", n, "its name, prose or cases")
	}
	each(d, "rule.", a.Rules, b.Rules, func(r *schemas.Rule) string { return r.Rule }, func(x, y *schemas.Rule) {
		if !same(demand(x), demand(y)) {
			d.add("rule.changed", x.Rule, "what it demands")
		}
		d.when("rule.wording", x.Rule, "reason", schemas.Label{Zh: x.Zh, En: x.En}, schemas.Label{Zh: y.Zh, En: y.En})
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

// demand is a rule without its prose.
func demand(r *schemas.Rule) schemas.Rule {
	x := *r
	x.Zh, x.En = "", ""
	return x
}

func (d *differ) column(n string, a, b *schemas.Column) {
	if a.Type != b.Type {
		rule := "column.lossy"
		if widens(a.Type, b.Type) {
			rule = "column.widened"
		}
		d.add(rule, n, "type: %s, now %s", a.Type, b.Type)
		if !same(avroType(a), avroType(b)) {
			d.add("column.contract", n, "the feed's field: %s, now %s", a.Type, b.Type)
		}
	}
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
	if !same([]any{a.Zh, a.En, a.Doc, a.ToleranceAbs, a.ToleranceRel, a.Matching}, []any{b.Zh, b.En, b.Doc, b.ToleranceAbs, b.ToleranceRel, b.Matching}) {
		d.add("column.wording", n, "its names, prose or tolerance")
	}
}

// widens reports whether every value of one type has an equal in another, so
// that a rewrite cannot lose one. What is text in the end takes any single
// value as it is written; a day is the first moment of the day.
func widens(from, to schemas.Type) bool {
	switch to {
	case schemas.Text, schemas.Name:
		return !from.Collection()
	case schemas.Time:
		return from == schemas.Date
	}
	return false
}

// kept compares two periods for which something is kept; without one it is for ever.
func (d *differ) kept(rule, object, a, b string) {
	days := func(s string) int {
		if s == schemas.RawNone {
			return 0
		}
		if p, ok := schemas.ParsePeriod(s); ok {
			return p.Days()
		}
		return math.MaxInt
	}
	switch {
	case days(b) < days(a):
		d.add(rule+"_shorter", object, "kept: %s, now %s", a, b)
	case a != b:
		d.add(rule+"_longer", object, "kept: %s, now %s", a, b)
	}
}

func class(c *schemas.Column) schemas.PII {
	if c.PII == "" {
		return schemas.P0
	}
	return c.PII
}

func (d *differ) list(a, b *schemas.CodeList) {
	d.when("list.parent", a.Name, "parent list", a.ParentList, b.ParentList)
	if a.Source != b.Source || a.Version != b.Version {
		d.add("list.source", a.Name, "its source or version")
	}
	for _, x := range a.Codes {
		if y, ok := b.Get(x.Code); ok {
			d.code(a.Name+"."+x.Code, x, y)
		} else if by := takesOver(b, x); by != "" {
			d.add("code.replaced", a.Name+"."+x.Code, "it is no longer in the list; %q is spelt so now", by)
		} else {
			d.add("code.removed", a.Name+"."+x.Code, "it is no longer in the list%s", d.holders(a.Name))
		}
	}
	for _, y := range b.Codes {
		if _, ok := a.Get(y.Code); !ok {
			d.add("code.added", b.Name+"."+y.Code, "it is new")
		}
	}
}

func (d *differ) code(n string, a, b schemas.Code) {
	was, is := spellings(a), spellings(b)
	missing := func(from, in []string) []string {
		return slices.DeleteFunc(slices.Clone(from), func(s string) bool { return slices.Contains(in, s) })
	}
	if gone := missing(was, is); len(gone) > 0 {
		d.add("code.spelling_removed", n, "%s", strings.Join(gone, ", "))
	}
	if came := missing(is, was); len(came) > 0 {
		d.add("code.spelling_added", n, "%s", strings.Join(came, ", "))
	}
	if a.Zh != b.Zh || a.En != b.En {
		d.add("code.wording", n, "its names")
	}
	d.when("code.parent", n, "class", a.Parent, b.Parent)
	d.when("code.unit", n, "unit", a.Unit, b.Unit)
}

// spellings are all texts that a source may write for a code.
func spellings(c schemas.Code) []string { return append([]string{c.Code, c.Zh, c.En}, c.Aliases...) }

// takesOver is the code of a list that a removed code leads to by its spelling.
func takesOver(l *schemas.CodeList, gone schemas.Code) string {
	for _, c := range l.Codes {
		if slices.Contains(spellings(c), gone.Code) {
			return c.Code
		}
	}
	return ""
}

// holders says which columns may hold codes of a list.
func (d *differ) holders(list string) string {
	var out []string
	for _, e := range d.old.Entities {
		for _, c := range e.Columns {
			if c.List == list {
				out = append(out, e.Entity+"."+c.Name)
			}
		}
	}
	if len(out) == 0 {
		return "; no column holds it"
	}
	return "; held by " + strings.Join(out, ", ")
}

func (d *differ) indicator(a, b *schemas.Indicator) {
	x, y := *a, *b
	for _, i := range []*schemas.Indicator{&x, &y} { // what is left is the formula
		i.Name, i.Doc, i.Target, i.RuleVer, i.Cases, i.PolicyRow, i.Direction, i.SmallCells = schemas.Label{}, schemas.Label{}, nil, 0, nil, "", "", 0
	}
	switch {
	case !same(x, y) && a.RuleVer == b.RuleVer:
		d.add("indicator.silent", a.Indicator, "the formula under rule version %d", a.RuleVer)
	case !same(x, y) || a.RuleVer != b.RuleVer:
		d.add("indicator.formula", a.Indicator, "rule version: %d, now %d", a.RuleVer, b.RuleVer)
	}
	if !same([]any{a.Target, a.Direction}, []any{b.Target, b.Direction}) {
		d.add("indicator.target", a.Indicator, "its target or direction")
	}
	if !same([]any{a.Name, a.Doc, a.PolicyRow, a.Cases}, []any{b.Name, b.Doc, b.PolicyRow, b.Cases}) {
		d.add("indicator.wording", a.Indicator, "its name, prose, policy row or cases")
	}
}

func (d *differ) view(a, b *schemas.View) {
	answer := func(v *schemas.View) any {
		out := []any{v.SQL, v.Reads}
		for _, c := range v.Columns {
			out = append(out, c.Name, c.Type, c.Nullable, c.Unit, c.List, c.PII)
		}
		for _, x := range v.Args {
			out = append(out, x.Key)
		}
		return out
	}
	switch {
	case !same(answer(a), answer(b)):
		d.add("view.answer", a.View, "its columns, arguments or SQL")
	case !same(a, b):
		d.add("view.wording", a.View, "its name, prose or cases")
	}
}

func (d *differ) system(a, b *schemas.System) {
	n := a.System
	d.when("system.tier", n, "tier", a.Tier, b.Tier)
	kind := func(s *schemas.System) any {
		m, _ := s.Connect.Value().(map[string]any)
		return m["kind"]
	}
	if kind(a) != kind(b) {
		d.add("system.protocol", n, "protocol: %v, now %v", kind(a), kind(b))
	} else if !same(a.Connect.Value(), b.Connect.Value()) {
		d.add("system.connection", n, "the place or account")
	}
	if !same(a.Every, b.Every) || !same(a.Calendar, b.Calendar) {
		d.add("system.schedule", n, "when it is read")
	}
	streams := func(s *schemas.System) []decl.Entry[*schemas.Stream] { return s.Streams }
	each(d, "stream.", streams(a), streams(b), func(e decl.Entry[*schemas.Stream]) string { return n + "." + e.Key },
		func(x, y decl.Entry[*schemas.Stream]) { d.stream(n+"."+x.Key, x.Value, y.Value) })
	parts := func(s *schemas.System) (flows, cases []any) {
		for _, f := range s.Flows {
			flows = append(flows, []any{f.Stream, f.Entity, f.Set, f.At})
			cases = append(cases, f.Cases)
		}
		return flows, cases
	}
	flows, cases := parts(a)
	nowFlows, nowCases := parts(b)
	if !same(flows, nowFlows) {
		d.add("system.flow", n, "how its records become rows")
	}
	if !same([]any{a.Name, a.Department, a.Doc, cases}, []any{b.Name, b.Department, b.Doc, nowCases}) {
		d.add("system.wording", n, "its name, department, prose or cases")
	}
}

func (d *differ) stream(n string, a, b *schemas.Stream) {
	d.when("stream.key", n, "key", a.Key, b.Key)
	order := func(s *schemas.Stream, in *schemas.Stream) (out []string) { // the fields that both have
		for _, f := range s.Fields {
			if _, ok := in.Fields.Get(f.Key); ok {
				out = append(out, f.Key)
			}
		}
		return out
	}
	each(d, "stream.field_", a.Fields, b.Fields, func(f decl.Entry[string]) string { return n + "." + f.Key },
		func(x, y decl.Entry[string]) { d.when("stream.field_type", n+"."+x.Key, "type", x.Value, y.Value) })
	d.when("stream.field_order", n, "order", order(a, b), order(b, a))
	each(d, "stream.drop_", a.Drop, b.Drop, func(f string) string { return n + "." + f }, func(string, string) {})
	identified := func(s *schemas.Stream) (out []string) {
		for _, x := range s.Identify {
			out = append(out, strings.TrimSuffix(x.Key+": "+x.Value.As+" "+x.Value.Purpose, " "))
		}
		slices.Sort(out)
		return out
	}
	d.when("stream.identify", n, "identify", identified(a), identified(b))
	d.when("stream.landing", n, "days", a.Landing.Days, b.Landing.Days)
	if !same(a.From.Value(), b.From.Value()) {
		d.add("stream.from", n, "where it is read")
	}
	switch x, y := max(1, a.Partitions), max(1, b.Partitions); {
	case x < y:
		d.add("stream.partitions_more", n, "partitions: %d, now %d", x, y)
	case x > y:
		d.add("stream.partitions_fewer", n, "partitions: %d, now %d", x, y)
	}
	raw := func(s *schemas.Stream) string {
		if p, ok := s.KeepRaw(); ok {
			return fmt.Sprintf("P%d%c", p.N, p.Unit)
		}
		return schemas.RawNone
	}
	d.kept("stream.raw", n, raw(a), raw(b))
}
