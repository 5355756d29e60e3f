package schemas

import (
	"slices"
	"sort"
	"strings"

	"rongtong/schemas/decl"
)

// Catalog is everything that is declared, checked as a whole. It is immutable
// after Load and safe for concurrent use.
type Catalog struct {
	Tiers      []*Tier      // from the top
	Themes     []*Theme     // in order of declaration
	Entities   []*Entity    // by theme, then by name
	Systems    []*System    // by level of tier, then by name
	Indicators []*Indicator // by id
	Views      []*View      // by name
	Codes      []*CodeList  // by name
	Calendars  []*Calendar
	Jobs       []*Job              // in order of declaration
	Limits     JobLimits           // of what runs at the same time
	Decisions  []*DivisionDecision // what people decided about division codes, in order of files
	Personal   PersonalData        // what labels of fields say of personal data

	entity    map[string]*Entity
	system    map[string]*System
	indicator map[string]*Indicator
	code      map[string]*CodeList
	tier      map[string]*Tier
}

// Entity returns the entity of that name, or nil.
func (c *Catalog) Entity(name string) *Entity { return c.entity[name] }

// System returns the source system of that name, or nil.
func (c *Catalog) System(name string) *System { return c.system[name] }

// Indicator returns the indicator of that id, or nil.
func (c *Catalog) Indicator(id string) *Indicator { return c.indicator[id] }

// ThemeName is what people call a theme: its own name, if none is declared.
func (c *Catalog) ThemeName(theme string) Label {
	for _, t := range c.Themes {
		if t.Theme == theme {
			return t.Name
		}
	}
	return Label{theme, theme}
}

// Code returns the code list of that name, or nil.
func (c *Catalog) Code(list string) *CodeList { return c.code[list] }

// Calendar returns the calendar of that name, or nil.
func (c *Catalog) Calendar(name string) *Calendar {
	for _, cal := range c.Calendars {
		if cal.Name == name {
			return cal
		}
	}
	return nil
}

// Tier returns the tier of that code, or nil.
func (c *Catalog) Tier(code string) *Tier { return c.tier[code] }

// Column returns the entity's own column of that name, or nil.
func (e *Entity) Column(name string) *Column {
	for _, c := range e.Columns {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// IsKey reports whether the column is part of the entity's key.
func (e *Entity) IsKey(column string) bool { return slices.Contains(e.Key, column) }

// AuthorityOf is the order of sources that decides about a column: its own, or
// the entity's.
func (e *Entity) AuthorityOf(c *Column) []string {
	if len(c.Authority) > 0 {
		return c.Authority
	}
	return e.Authority
}

// SrcDivision is the common column that a flow may set: which division
// supplied the row. All other common columns are filled by the pipeline.
const SrcDivision = "src_division"

// common are the columns that every theme row carries besides its entity's.
// None is nullable: what is unknown has a value that says so.
var common = []*Column{
	{Name: "src_system", Type: Text, Zh: "来源系统", En: "Source system"},
	{Name: "src_tier", Type: Text, Zh: "来源层级", En: "Tier of the source system"},
	{Name: SrcDivision, Type: Code12, Zh: "来源区划", En: "Division that supplied the row"},
	{Name: "src_record_id", Type: Text, Zh: "源记录标识", En: "Key of the record in its source"},
	{Name: "event_time", Type: Time, Zh: "业务时间", En: "When the source says it happened"},
	{Name: "arrived_at", Type: Time, Zh: "到达时间", En: "When the record reached the broker"},
	{Name: "version", Type: UInt64, Zh: "版本", En: "Order of claims of one source about one thing"},
	{Name: "is_deleted", Type: UInt8, Zh: "已撤回", En: "1 when the source withdrew the thing"},
	{Name: "q_flags", Type: UInt32, Zh: "质量标志", En: "Quality flags, a bit set"},
	{Name: "kafka_topic", Type: Text, Zh: "主题", En: "Kafka topic of the record"},
	{Name: "kafka_partition", Type: UInt16, Zh: "分区", En: "Kafka partition of the record"},
	{Name: "kafka_offset", Type: UInt64, Zh: "位点", En: "Kafka offset of the record"},
	{Name: "place", Type: Text, Zh: "源内位置", En: "Where in its source the record stood: file and line, page, row"},
}

// StdColumns are the columns of an entity's rows as transforms make them and
// the warehouse stores them: the entity's own, in the order of the file, then
// the common ones. Arrow schemas and DDL are derived from it and from nothing
// else. The slice is the caller's, the columns are shared: do not change them.
func StdColumns(e *Entity) []*Column {
	return append(slices.Clone(e.Columns), common...)
}

// IsCommon reports whether a name is one of the common columns.
func IsCommon(name string) bool {
	return slices.ContainsFunc(common, func(c *Column) bool { return c.Name == name })
}

// Relations are views of layer dwd that an indicator may read and that are no
// entities; the warehouse provides them.
//
//	up_feed      what every division's systems supplied: rows, and when last
//	entity_load  what the database holds of every entity that is declared
//	territory    fused rows by division, the divisions below it included, and by
//	             the month in which they last changed
//	contribution which source won how many fused rows of every field
//	feed         what every system has loaded into every entity, and when last
//	division_path every division with itself and each division above it
var Relations = []*Entity{
	{Entity: "up_feed", Columns: []*Column{{Name: "src_division", Type: Code12}, {Name: "src_system", Type: Text},
		{Name: "last_event_time", Type: Time}, {Name: "rows", Type: UInt64}}},
	{Entity: "entity_load", Columns: []*Column{{Name: "theme", Type: Text}, {Name: "entity", Type: Text}, {Name: "rows", Type: UInt64},
		{Name: "last_arrived_at", Type: Time}, {Name: "fresh_days", Type: Int, Nullable: true}}},
	{Entity: "territory", Columns: []*Column{{Name: "entity", Type: Text}, {Name: "division_code", Type: Code12}, {Name: "month", Type: Date},
		{Name: "rows", Type: UInt64}, {Name: "last_at", Type: Time}}},
	{Entity: "contribution", Columns: []*Column{{Name: "entity", Type: Text}, {Name: "field", Type: Text}, {Name: "src", Type: Text}, {Name: "rule", Type: Text},
		{Name: "rows", Type: UInt64}, {Name: "last_at", Type: Time, Nullable: true}}},
	{Entity: "feed", Columns: []*Column{{Name: "system", Type: Text}, {Name: "name", Type: Text}, {Name: "tier", Type: Text}, {Name: "department", Type: Text}, {Name: "entity", Type: Text},
		{Name: "entity_name", Type: Text}, {Name: "fresh_days", Type: Int, Nullable: true}, {Name: "accepted", Type: UInt64}, {Name: "rejected", Type: UInt64}, {Name: "last_loaded_at", Type: Time, Nullable: true}}},
	{Entity: "division_path", Columns: []*Column{{Name: "division_code", Type: Code12}, {Name: "tier", Type: Text}, {Name: "ancestor_code", Type: Code12},
		{Name: "ancestor_tier", Type: Text}, {Name: "ancestor_name", Type: Text}, {Name: "steps", Type: UInt8}}},
}

// Confidential are the entities whose rows analysts do not read, by name.
func (c *Catalog) Confidential() []string {
	var out []string
	for _, e := range c.Entities {
		if e.SmallCells > 0 {
			out = append(out, e.Entity)
		}
	}
	return out
}

// smallCells sets from which number on the figures of an indicator are shown.
func (c *Catalog) smallCells(i *Indicator) {
	i.SmallCells = 0
	if !i.Persons {
		return
	}
	for _, name := range i.Reads {
		if e := c.Entity(name); e != nil {
			i.SmallCells = max(i.SmallCells, e.SmallCells)
		}
	}
	if i.SmallCells == 0 {
		i.SmallCells = SmallCell
	}
}

// index sorts the parts and builds the maps.
func (c *Catalog) index() {
	sort.SliceStable(c.Tiers, func(i, j int) bool { return c.Tiers[i].Level < c.Tiers[j].Level })
	c.tier = byName(c.Tiers, func(t *Tier) string { return t.Code })
	for _, s := range c.Systems {
		s.Calendar = c.Calendar(s.Every.Calendar)
	}
	level := func(s *System) int {
		if t := c.tier[s.Tier]; t != nil {
			return t.Level
		}
		return 0
	}
	sort.SliceStable(c.Systems, func(i, j int) bool {
		a, b := c.Systems[i], c.Systems[j]
		if level(a) != level(b) {
			return level(a) < level(b)
		}
		return a.System < b.System
	})
	sort.SliceStable(c.Entities, func(i, j int) bool {
		a, b := c.Entities[i], c.Entities[j]
		if ta, tb := themeNumber(a.Theme), themeNumber(b.Theme); ta != tb {
			return ta < tb
		}
		return a.Entity < b.Entity
	})
	sort.SliceStable(c.Indicators, func(i, j int) bool { return c.Indicators[i].Indicator < c.Indicators[j].Indicator })
	sort.SliceStable(c.Views, func(i, j int) bool { return c.Views[i].View < c.Views[j].View })
	sort.SliceStable(c.Codes, func(i, j int) bool { return c.Codes[i].Name < c.Codes[j].Name })
	c.entity = byName(c.Entities, func(e *Entity) string { return e.Entity })
	c.system = byName(c.Systems, func(s *System) string { return s.System })
	c.indicator = byName(c.Indicators, func(i *Indicator) string { return i.Indicator })
	c.code = byName(c.Codes, func(l *CodeList) string { return l.Name })
}

func byName[T any](list []*T, name func(*T) string) map[string]*T {
	m := make(map[string]*T, len(list))
	for _, x := range list {
		m[name(x)] = x
	}
	return m
}

// themeNumber reads the number of "t10_reform", so that t10 sorts after t2.
func themeNumber(theme string) int {
	n := 0
	for i := 1; i < len(theme) && theme[i] >= '0' && theme[i] <= '9'; i++ {
		n = n*10 + int(theme[i]-'0')
	}
	return n
}

var _ decl.FromNoder = (*Expr)(nil)

// FromNode reads a field's name, or a mapping: call, of (one name or a list),
// and constants. A name in `of` that begins with a dot is a column set earlier
// in the same flow.
func (x *Expr) FromNode(n decl.Node) []decl.Problem {
	x.Pos = n.Pos()
	if s, ok := n.Scalar(); ok {
		x.Field = s
		return nil
	}
	if !n.IsMap() {
		return []decl.Problem{x.Problem("expr.shape", "write the name of a field, or { call: function, of: field }",
			"a field or one function of fields is expected here")}
	}
	var parts decl.Map[decl.Node]
	ps := parts.FromNode(n)
	for _, p := range parts {
		switch p.Key {
		case "call":
			ps = append(ps, p.Value.Decode(&x.Call)...)
		case "of":
			if s, ok := p.Value.Scalar(); ok {
				x.Of = []string{s}
				continue
			}
			ps = append(ps, p.Value.Decode(&x.Of)...)
		default:
			var v string
			ps = append(ps, p.Value.Decode(&v)...)
			if x.Args == nil {
				x.Args = map[string]string{}
			}
			x.Args[p.Key] = v
		}
	}
	if x.Call == "" {
		ps = append(ps, x.Problem("key.missing", "add it", "%q is required", "call"))
	}
	return ps
}

// Watched reports whether a sensor of a job watches a stream, "system.stream".
func (c *Catalog) Watched(stream string) bool {
	return slices.ContainsFunc(c.Jobs, func(j *Job) bool {
		return slices.ContainsFunc(j.When, func(s Sensor) bool { return s.Stream == stream })
	})
}

// hostKeys are where a connection names the machine it goes to.
var hostKeys = []string{"host", "base", "url", "endpoint", "brokers", "address", "server"}

// Host is the machine that a system's connection goes to, as it is written there:
// a reference is not resolved, so that every process finds the same. Empty: it
// names none.
func (s *System) Host() string {
	for _, key := range hostKeys {
		if text, ok := s.Connect.Child(key).Scalar(); ok && text != "" {
			if _, rest, ok := strings.Cut(text, "://"); ok {
				text = rest
			}
			if !strings.HasPrefix(text, "$") {
				text, _, _ = strings.Cut(text, "/")
			}
			return text
		}
	}
	return ""
}
