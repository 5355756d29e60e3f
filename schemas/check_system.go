package schemas

import (
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // a time zone must not depend on the machine

	"rongtong/schemas/decl"
)

var fieldTypes = []string{"text", "number", "bool", "time"}

func (k *checker) system(s *System) {
	k.name(k.at(s, "system"), "system", s.System)
	k.oneOf(k.at(s, "tier"), "tier.unknown", "tier", s.Tier, k.tierCodes())
	k.connect(s)
	for _, st := range s.Streams {
		if st.Value != nil {
			k.stream(s, st)
		}
	}
	for i := range s.Flows {
		k.flow(s, i)
	}
	k.schedule(s)
}

func (k *checker) connect(s *System) {
	at := k.at(s, "connect")
	if s.Connect.IsZero() {
		return // reported as missing
	}
	if kind := s.Connect.At("kind"); !s.Connect.IsMap() || kind == at {
		k.add(at, "connect.kind", "add kind: rest, sql, sftp, folder, push …", "the connection does not say which protocol it speaks")
	}
}

func (k *checker) stream(s *System, e decl.Entry[*Stream]) {
	st := e.Value
	k.name(e.Pos, "stream", e.Key)
	at := func(path ...any) decl.Pos { return k.at(s, append([]any{"streams", e.Key}, path...)...) }
	k.unique("key field", st.Key, func(i int) decl.Pos { return at("key", i) })
	if len(st.Key) == 0 && at("key") != at() {
		k.add(at("key"), "key.empty", "name the fields that identify a record", "stream %q has an empty key", e.Key)
	}
	fields := fieldNames(st)
	for i, f := range st.Key {
		k.oneOf(at("key", i), "field.unknown", "field", f, fields)
	}
	for _, f := range st.Fields {
		k.oneOf(at("fields", f.Key), "field.type", "type of a field", f.Value, fieldTypes)
		switch {
		case f.Key == "":
			k.add(f.Pos, "field.name", "", "a field has no name")
		case isRaw(f.Key):
			k.add(f.Pos, "field.reserved", "rename it where the connector reads it, or drop it", "field %q has the name of a column of layer ods", f.Key)
		}
	}
	k.personal(st, fields, at)
	for i, f := range st.Drop {
		if slices.Contains(fields, f) {
			k.add(at("drop", i), "field.dropped", "remove it from one of the two", "field %q is both dropped and delivered", f)
		}
	}
	if _, ok := ParsePeriod(st.Raw); !ok && st.Raw != "" && st.Raw != RawNone {
		k.add(at("raw"), "raw.format", "write whole days or years, P90D or P1Y, or none", "%q does not say how long records are kept as received", st.Raw)
	}
	if st.Partitions < 0 || st.Partitions > 256 {
		k.add(at("partitions"), "partitions.range", "1 to 256", "stream %q cannot have %d partitions", e.Key, st.Partitions)
	}
}

func fieldNames(st *Stream) []string {
	var out []string
	for _, f := range st.Fields {
		out = append(out, f.Key)
	}
	return out
}

func streamNames(s *System) []string {
	var out []string
	for _, st := range s.Streams {
		out = append(out, st.Key)
	}
	return out
}

func (k *checker) flow(s *System, i int) {
	f := s.Flows[i]
	var st *Stream
	if k.oneOf(k.at(s, "flows", i, "stream"), "stream.unknown", "stream", f.Stream, streamNames(s)) {
		entry, _ := s.Streams.Get(f.Stream)
		st = entry.Value
	}
	if !k.oneOf(k.at(s, "flows", i, "entity"), "entity.unknown", "entity", f.Entity, k.entityNames()) || st == nil {
		return
	}
	e := k.c.Entity(f.Entity)
	if f.At != nil {
		k.expr(st, f.At, nil)
	}
	var set []string
	for _, x := range f.Set {
		k.setColumn(st, e, x, set)
		set = append(set, x.Key)
	}
	for _, c := range e.Columns {
		if !c.Nullable && !slices.Contains(set, c.Name) {
			k.add(k.at(s, "flows", i, "set"), "column.unset", "set it, or make it nullable in the entity",
				"the flow does not set %q, which every %s must have", c.Name, e.Entity)
		}
	}
	k.unique("case", names(f.Cases, func(c *Case) string { return c.Name }), func(j int) decl.Pos { return k.at(s, "flows", i, "cases", j, "name") })
	for j, c := range f.Cases {
		k.flowCase(st, e, c, func(path ...any) decl.Pos { return k.at(s, append([]any{"flows", i, "cases", j}, path...)...) })
	}
}

// setColumn checks one assignment; set are the columns assigned before it.
func (k *checker) setColumn(st *Stream, e *Entity, x decl.Entry[Expr], set []string) {
	known := append(columnNames(e), SrcDivision)
	c := e.Column(x.Key)
	switch {
	case c != nil, x.Key == SrcDivision:
	case IsCommon(x.Key):
		k.add(x.Pos, "column.reserved", "the pipeline fills it; of the common columns a flow sets only "+SrcDivision, "%q cannot be set", x.Key)
	default:
		k.oneOf(x.Pos, "column.unknown", "column of "+e.Entity, x.Key, known)
	}
	k.expr(st, &x.Value, set)
	k.identified(st, e, x.Key, &x.Value)
	if c == nil || c.Type != CodeType {
		return
	}
	switch v := x.Value; v.Call {
	case "const":
		k.code(v.Pos, c.List, v.Args["value"])
	case "codelist":
		if l := v.Args["list"]; l != c.List && k.c.Code(l) != nil {
			k.add(v.Pos, "list.mismatch", "use the list of the column, "+c.List, "column %q takes codes of list %q, not %q", c.Name, c.List, l)
		}
	}
}

// expr checks the names in an expression. Whether the function exists and what
// it takes is known to transforms, which checks it when it compiles the flow.
func (k *checker) expr(st *Stream, x *Expr, set []string) {
	of := x.Of
	if x.Call == "" && x.Field != "" {
		of = []string{x.Field}
	}
	for _, name := range of {
		if col, ok := strings.CutPrefix(name, "."); ok {
			if !slices.Contains(set, col) {
				k.add(x.Pos, "column.order", "set it above this line", "%q is not set before it is used here", col)
			}
			continue
		}
		k.oneOf(x.Pos, "field.unknown", "field", name, fieldNames(st))
	}
	if l, ok := x.Args["list"]; ok {
		k.oneOf(x.Pos, "list.unknown", "code list", l, k.listNames())
	}
	if c, ok := x.Args["system"]; ok {
		k.oneOf(x.Pos, "code_system.unknown", "code system", c, CodeSystems)
	}
	if t, ok := x.Args["tier"]; ok {
		k.oneOf(x.Pos, "tier.unknown", "tier", t, k.tierCodes())
	}
}

func (k *checker) flowCase(st *Stream, e *Entity, c *Case, at func(...any) decl.Pos) {
	for f := range c.In {
		k.oneOf(at("in", f), "field.unknown", "field", f, fieldNames(st))
	}
	columns := append(columnNames(e), SrcDivision)
	for col := range c.Out {
		k.oneOf(at("out", col), "column.unknown", "column of "+e.Entity, col, columns)
	}
	if c.Reject != nil {
		k.oneOf(at("reject", "field"), "column.unknown", "column of "+e.Entity, c.Reject.Field, columns)
	}
	if (len(c.Out) > 0) == (c.Reject != nil) {
		k.add(at(), "case.outcome", "give out: or reject:, not both", "case %q must expect a row or a reject", c.Name)
	}
	if _, err := time.Parse(time.RFC3339, c.At); c.At != "" && err != nil {
		k.add(at("at"), "time.format", "write 2025-12-31T08:00:00+08:00", "%q is not a time", c.At)
	}
}

// schedule checks the schedule of a system.
func (k *checker) schedule(s *System) {
	e := s.Every
	at := k.at(s, "every")
	switch {
	case e.Cron == "" && !e.Continuous && k.at(s, "every", "cron") == at:
		k.add(at, "schedule.missing", `add cron: "0 2 * * *", or continuous: true`, "nothing says when the system is read")
	case e.Cron != "" && e.Continuous:
		k.add(at, "schedule.conflict", "keep one of the two", "a continuous system has no times")
	}
	k.problems = append(k.problems, e.Check(k.c, func(key string) decl.Pos { return k.at(s, "every", key) })...)
}

// Check checks all of a schedule but the cron text, which the scheduler's
// parser reads. at tells where a key of it stands.
func (e *Schedule) Check(c *Catalog, at func(key string) decl.Pos) []decl.Problem {
	var ps []decl.Problem
	add := func(key, rule, hint, format string, args ...any) {
		ps = append(ps, at(key).Problem(rule, hint, format, args...))
	}
	oneOf := func(key, rule, what, got string, known ...string) {
		if got != "" && !slices.Contains(known, got) {
			add(key, rule, decl.Suggest(got, known), "%q is not a %s", got, what)
		}
	}
	if _, err := time.LoadLocation(e.Zone); err != nil {
		add("zone", "zone.unknown", "Asia/Shanghai", "time zone %q is not known", e.Zone)
	}
	oneOf("misfire", "misfire.unknown", "way to treat a missed time", e.Misfire, "once", "each", "skip")
	oneOf("days", "days.unknown", "kind of day", e.Days, "workday", "holiday")
	oneOf("business_date", "business_date.unknown", "business date", e.BusinessDate, "today", "yesterday", "previous_workday")
	switch {
	case e.Calendar != "" && c.Calendar(e.Calendar) == nil:
		var names []string
		for _, cal := range c.Calendars {
			names = append(names, cal.Name)
		}
		add("calendar", "calendar.unknown", decl.Suggest(e.Calendar, names), "%q is not a calendar", e.Calendar)
	case e.Calendar == "" && (e.Days != "" || e.BusinessDate == "previous_workday"):
		add("days", "calendar.missing", "add calendar: china", "days and previous_workday need a calendar")
	}
	if e.Limit != 0 && e.Misfire != "each" {
		add("limit", "misfire.limit", "leave it out, or write misfire: each", "a limit of missed times is for those that run each")
	}
	for _, f := range []struct {
		key   string
		below bool
	}{{"within", e.Within < 0}, {"jitter", e.Jitter < 0}, {"timeout", e.Timeout < 0}, {"backoff", e.Backoff < 0}, {"retries", e.Retries < 0}, {"limit", e.Limit < 0}, {"concurrency", e.Concurrency < 0}, {"due", e.Due < 0}} {
		if f.below {
			add(f.key, "schedule.negative", "write a count or a duration such as 30m", "%s is negative", f.key)
		}
	}
	if e.Priority < 0 || e.Priority > 9 {
		add("priority", "schedule.priority", "0 waits longest, 9 goes first", "%d is not a priority", e.Priority)
	}
	return ps
}
