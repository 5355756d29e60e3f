package transforms

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"rongtong/schemas"
	"rongtong/schemas/decl"
	"rongtong/schemas/divisions"

	"github.com/apache/arrow/go/v17/arrow"
)

// Plan is a compiled flow: everything needed to turn records of one stream
// into rows of one entity. It is immutable and safe for concurrent use; what a
// row needs on its way belongs to the [Batch].
type Plan struct {
	system, stream, entity, tier string

	schema      *arrow.Schema
	fields      []string // declared fields of the stream, in order
	steps       []step
	types       []schemas.Type // by step
	columns     []target
	rules       []rowRule
	at          int  // step of the event time, -1: the record's own
	srcDivision int  // step of src_division, -1: the root
	territory   int  // step of the entity\'s division, -1: none
	timeless    bool // no column holds the event time: a record needs none
	root        []byte
	reasons     map[string][2]string // the entity's rules: zh, en
	asked       map[string]asked     // what its division columns ask of the history
	flags       Flag                 // of every row: what is so for the whole stream
	uniques     int                  // rules of uniqueness among rules
	stops       []*schemas.Rule      // rules that stop a stream
	fingerprint uint64
}

// step computes one column.
type step struct {
	eval     eval
	in       []input
	column   string
	order    int  // of the column in the entity: the first failing one is reported
	required bool // null is the rule "required"
	onDelete bool // a delete needs it: key, division, and what they are made of
	chained  bool // an input is an earlier step
	memo     bool // its result follows from the one field alone, so that it may be remembered
}

// Entity is the name of the entity whose rows the plan makes.
func (p *Plan) Entity() string { return p.entity }

// Fingerprint changes exactly when the plan's output could change: with the
// mapping, the entity's columns and rules, the code lists, the register, and
// the version of every function used.
func (p *Plan) Fingerprint() uint64 { return p.fingerprint }

// Schema is the Arrow schema of the plan's batches.
func (p *Plan) Schema() *arrow.Schema { return p.schema }

// Fields are the declared fields of the stream, in order: the keys of
// Reject.Row.
func (p *Plan) Fields() []string { return slices.Clone(p.fields) }

// Only is the plan cut down to some of its columns, for a table that has no
// others. Rules and rejects stay the same.
func (p *Plan) Only(columns []string) *Plan {
	q := *p
	q.columns = nil
	var fields []arrow.Field
	for i, f := range p.schema.Fields() {
		if slices.Contains(columns, f.Name) {
			fields, q.columns = append(fields, f), append(q.columns, p.columns[i])
		}
	}
	q.schema = arrow.NewSchema(fields, nil)
	q.timeless = !slices.Contains(columns, eventTimeColumn) && !slices.Contains(columns, "version")
	return &q
}

// Compile checks a flow against its stream and its entity and makes a plan. It
// returns every problem, with its place, and a plan exactly when there is
// none.
func Compile(c *schemas.Catalog, sys *schemas.System, s *schemas.Stream, f *schemas.Flow) (*Plan, []decl.Problem) {
	e := c.Entity(f.Entity)
	if e == nil {
		var known []string
		for _, e := range c.Entities {
			known = append(known, e.Entity)
		}
		return nil, []decl.Problem{f.Problem("entity.unknown", decl.Suggest(f.Entity, known), "there is no entity %q", f.Entity)}
	}
	return CompileFor(c, e, sys, s, f)
}

// CompileFor is Compile for an entity that need not be in the catalogue.
func CompileFor(c *schemas.Catalog, e *schemas.Entity, sys *schemas.System, s *schemas.Stream, f *schemas.Flow) (*Plan, []decl.Problem) {
	reg, err := divisions.Load()
	if err != nil {
		return nil, []decl.Problem{f.Problem("register.unreadable", "this build is damaged: install it again", "%v", err)}
	}
	cc := &compiler{catalog: c, register: reg, sys: sys, entity: e, stream: s, flow: f, lists: map[string]*schemas.CodeList{}}
	cc.plan = &Plan{
		system: sys.System, stream: s.Name, entity: e.Entity, tier: sys.Tier,
		schema: ArrowSchema(e), at: -1, srcDivision: -1, territory: -1,
		root: []byte(reg.At(0).Code), reasons: map[string][2]string{},
	}
	for _, x := range s.Fields {
		cc.plan.fields = append(cc.plan.fields, x.Key)
	}
	for _, label := range s.Drop {
		if c.Personal.ProhibitedKind(label) != nil {
			cc.plan.flags = P5Dropped
		}
	}
	cc.set()
	cc.eventTime()
	cc.missing()
	cc.targets()
	cc.entityRules()
	if len(cc.problems) > 0 {
		decl.Sort(cc.problems)
		return nil, cc.problems
	}
	cc.needs()
	cc.plan.fingerprint = cc.fingerprint()
	return cc.plan, nil
}

// compiler is the work of one Compile.
type compiler struct {
	catalog  *schemas.Catalog
	register *divisions.Register
	sys      *schemas.System
	entity   *schemas.Entity
	stream   *schemas.Stream
	flow     *schemas.Flow
	plan     *Plan
	problems []decl.Problem
	lists    map[string]*schemas.CodeList // used ones, for the fingerprint
	versions []string                     // of the functions used
}

func (c *compiler) problem(at decl.Pos, rule, hint, format string, args ...any) {
	c.problems = append(c.problems, at.Problem(rule, hint, format, args...))
}

func (c *compiler) uses(l *schemas.CodeList) { c.lists[l.Name] = l }

func (c *compiler) compiled(l *schemas.CodeList) *spellings { return compileList(l) }

// set compiles the columns in the order of the flow, in which a column may
// refer to earlier ones.
func (c *compiler) set() {
	for i := range c.flow.Set {
		entry := &c.flow.Set[i]
		order := slices.IndexFunc(c.entity.Columns, func(k *schemas.Column) bool { return k.Name == entry.Key })
		var col *schemas.Column
		switch {
		case order >= 0:
			col = c.entity.Columns[order]
			if col.Name == c.entity.Division.Column {
				c.plan.territory = len(c.plan.steps)
			}
		case entry.Key == schemas.SrcDivision:
			order = len(c.entity.Columns)
			col = &schemas.Column{Name: entry.Key, Type: schemas.Code12}
			c.plan.srcDivision = len(c.plan.steps)
		default:
			known := []string{schemas.SrcDivision}
			for _, k := range c.entity.Columns {
				known = append(known, k.Name)
			}
			c.problem(entry.Pos, "column.unknown", decl.Suggest(entry.Key, known), "entity %q has no column %q", c.entity.Entity, entry.Key)
			continue
		}
		x := &entry.Value
		if x.Pos == (decl.Pos{}) {
			x.Pos = entry.Pos
		}
		c.step(x, col, order)
	}
}

// step compiles one expression and appends it, even when it has problems, so
// that later references to it do not become problems of their own.
func (c *compiler) step(x *schemas.Expr, col *schemas.Column, order int) {
	s := step{column: col.Name, order: order, required: !col.Nullable && !col.Type.Collection()}
	if x.Call == "" {
		s.eval, s.in = copyText, []input{c.input(x.Pos, x.Field)}
		c.assignField(x, s.in[0], col)
		if s.in[0].step >= 0 {
			s.eval = copyStep
		}
	} else if f := functionOf(x.Call); f == nil {
		var known []string
		for i := range registry {
			known = append(known, registry[i].Name)
		}
		c.problem(x.Pos, "func.unknown", decl.Suggest(x.Call, known), "there is no function %q", x.Call)
	} else {
		s.in = c.arguments(x, f)
		c.assign(x, f, col)
		c.versions = append(c.versions, fmt.Sprintf("%s/%d", f.Name, f.version))
		s.eval = f.build(&building{c, x, col})
	}
	for _, in := range s.in {
		s.chained = s.chained || in.step >= 0
	}
	s.memo = len(s.in) == 1 && !s.chained && remembered[x.Call]
	c.plan.steps = append(c.plan.steps, s)
	c.plan.types = append(c.plan.types, col.Type)
}

// copyStep evaluates a plain reference to an earlier column.
func copyStep(st *state, in []input, out *value) string {
	*out = st.vals[in[0].step]
	return ""
}

// input resolves a field, or with a leading dot an earlier column.
func (c *compiler) input(at decl.Pos, name string) input {
	if col, ok := strings.CutPrefix(name, "."); ok {
		var known []string
		for i := range c.plan.steps {
			if c.plan.steps[i].column == col {
				return input{-1, i}
			}
			known = append(known, "."+c.plan.steps[i].column)
		}
		c.problem(at, "column.order", decl.Suggest(name, known), "column %q is not set earlier in this flow", col)
		return input{-1, -1}
	}
	if i := slices.Index(c.plan.fields, name); i >= 0 {
		return input{i, -1}
	}
	c.problem(at, "field.unknown", decl.Suggest(name, c.plan.fields), "stream %q has no field %q", c.stream.Name, name)
	return input{-1, -1}
}

const maxParts = 8 // join keeps its parts in an array of this size

// arguments checks the fields and constants of a call against the signature.
func (c *compiler) arguments(x *schemas.Expr, f *function) []input {
	most := len(f.Of)
	if most > 0 && f.Of[most-1] == "…" {
		most = maxParts
	}
	if n := len(x.Of); n < f.MinOf || n > most {
		c.problem(x.Pos, "func.arity", "of: ["+strings.Join(f.Of, ", ")+"]", "%q takes %s, not %d", f.Name, count(f.MinOf, most), n)
	}
	var known []string
	for _, a := range f.Args {
		known = append(known, a.Name)
		if _, ok := x.Args[a.Name]; a.Required && !ok {
			c.problem(x.Pos, "func.arg_missing", a.Name+": "+a.Doc, "%q needs %q", f.Name, a.Name)
		}
	}
	for name := range x.Args {
		if !slices.Contains(known, name) {
			hint := "it takes no constants"
			if len(known) > 0 {
				hint = decl.Suggest(name, known)
			}
			c.problem(x.Pos, "func.arg_unknown", hint, "%q takes no %q", f.Name, name)
		}
	}
	var in []input
	for _, name := range x.Of {
		in = append(in, c.input(x.Pos, name))
	}
	for _, a := range f.Args {
		if name, ok := x.Args[a.Name]; ok && a.Field && !isDay(name) {
			in = append(in, c.input(x.Pos, name))
		}
	}
	return in
}

func count(least, most int) string {
	switch {
	case most == 0:
		return "no fields"
	case least == most && most == 1:
		return "one field"
	case least == most:
		return fmt.Sprintf("%d fields", most)
	}
	return fmt.Sprintf("%d to %d fields", least, most)
}

func isText(t schemas.Type) bool { return t == schemas.Text || t == schemas.Name }

// assignField checks that a plain field, or an earlier column, fits a column.
func (c *compiler) assignField(x *schemas.Expr, in input, col *schemas.Column) {
	if in.step >= 0 {
		if from := c.plan.types[in.step]; from != col.Type && !(isText(from) && isText(col.Type)) {
			c.problem(x.Pos, "type.mismatch", "", "column %q is of type %s, %q of type %s", col.Name, col.Type, x.Field, from)
		}
		return
	}
	if col.Matching {
		c.problem(x.Pos, "matching.form", "use canonical_name, match_name or match_address", "column %q is for matching, and a plain field is as the source wrote it", col.Name)
		return
	}
	if isText(col.Type) {
		return
	}
	var fit []string
	for i := range registry {
		if registry[i].Result == col.Type && len(registry[i].Of) > 0 {
			fit = append(fit, registry[i].Name)
		}
	}
	c.problem(x.Pos, "type.mismatch", "use one of these functions: "+strings.Join(fit, ", "),
		"column %q is of type %s, a plain field is text", col.Name, col.Type)
}

// assign checks that a function's result fits a column.
func (c *compiler) assign(x *schemas.Expr, f *function, col *schemas.Column) {
	switch {
	case f.Matching() && !col.Matching:
		c.problem(x.Pos, "matching.shown", "set a column that is declared matching: true, and keep what the source wrote in this one",
			"%q makes a form for matching, and column %q is shown to people", f.Name, col.Name)
		return
	case col.Matching && !f.Matching():
		c.problem(x.Pos, "matching.form", "use canonical_name, match_name or match_address", "column %q is for matching, and %q does not make such a form", col.Name, f.Name)
		return
	case f.Name == "const":
		c.assignConst(x, col)
		return
	case f.Name == "verbatim" && (isText(col.Type) || slices.Contains([]schemas.Type{schemas.Int, schemas.Measure, schemas.Date, schemas.Time}, col.Type)):
		return
	case col.Type == schemas.CodeType && f.Result == schemas.CodeType:
		c.assignCodes(x, f, col)
		return
	case f.Result == schemas.List && col.Type == schemas.Map: // of texts "key=value"
		return
	case f.Result == col.Type, isText(f.Result) && isText(col.Type):
		return
	case isText(col.Type) && slices.Contains([]schemas.Type{schemas.Code12, schemas.Code18, schemas.CodeType, schemas.Bool3}, f.Result):
		return
	}
	c.problem(x.Pos, "type.mismatch", "", "column %q is of type %s, %q makes %s", col.Name, col.Type, f.Name, f.Result)
}

func (c *compiler) assignConst(x *schemas.Expr, col *schemas.Column) {
	v, ok := x.Args["value"]
	if !ok {
		return // reported as missing
	}
	switch col.Type {
	case schemas.Text, schemas.Name:
		return
	case schemas.CodeType:
		c.inList(x, col, v)
		return
	case schemas.Code12:
		if _, rule := divisions.ParseCode(v); rule == "" && len(v) == 12 {
			return
		}
	case schemas.Bool3:
		if v == "yes" || v == "no" || v == "unknown" {
			return
		}
	}
	c.problem(x.Pos, "type.mismatch", "", "%q is no value of column %q, which is of type %s", v, col.Name, col.Type)
}

func (c *compiler) inList(x *schemas.Expr, col *schemas.Column, code string) {
	l := c.catalog.Code(col.List)
	if l == nil {
		return // reported where the column is declared
	}
	c.uses(l)
	var known []string
	for _, k := range l.Codes {
		if k.Code == code {
			return
		}
		known = append(known, k.Code)
	}
	c.problem(x.Pos, "code.unknown", decl.Suggest(code, known), "code list %q has no code %q", l.Name, code)
}

func (c *compiler) assignCodes(x *schemas.Expr, f *function, col *schemas.Column) {
	from := x.Args["list"]
	if f.Name == "measure_family" {
		if l := c.catalog.Code(measures); l != nil {
			from = l.ParentList
		}
	}
	for _, code := range f.Codes {
		c.inList(x, col, code)
	}
	if from != "" && from != col.List {
		c.problem(x.Pos, "list.mismatch", fmt.Sprintf("use list: %s, or change the column", col.List),
			"column %q holds codes of list %q, not of %q", col.Name, col.List, from)
	}
}

// eventTime compiles the flow's own event time as the last step.
func (c *compiler) eventTime() {
	if c.flow.At == nil {
		return
	}
	if c.plan.at = c.same(c.flow.At); c.plan.at >= 0 {
		return
	}
	c.plan.at = len(c.plan.steps)
	c.step(c.flow.At, &schemas.Column{Name: eventTimeColumn, Type: schemas.Time, Nullable: true}, len(c.entity.Columns)+1)
}

// same finds the column that is computed by the very expression of the event
// time, so that it is computed once. A plan without one says -1.
func (c *compiler) same(at *schemas.Expr) int {
	for i := range c.flow.Set {
		x := &c.flow.Set[i].Value
		if x.Call != "" && x.Call == at.Call && x.Field == at.Field && slices.Equal(x.Of, at.Of) && maps.Equal(x.Args, at.Args) && i < len(c.plan.steps) &&
			c.plan.steps[i].column == c.flow.Set[i].Key && c.plan.types[i] == schemas.Time {
			return i
		}
	}
	return -1
}

const eventTimeColumn = "event_time"

// missing reports columns that must have a value and are not set.
func (c *compiler) missing() {
	for _, col := range c.entity.Columns {
		if _, ok := c.flow.Set.Get(col.Name); !ok && !col.Nullable && !col.Type.Collection() {
			c.problem(c.flow.Pos, "column.unset", "set it, or make it nullable", "the flow does not set column %q of entity %q, which must have a value", col.Name, c.entity.Entity)
		}
	}
}

// needs marks the steps that a delete needs.
func (c *compiler) needs() {
	p := c.plan
	for i := len(p.steps) - 1; i >= 0; i-- {
		s := &p.steps[i]
		if c.entity.IsKey(s.column) || s.column == c.entity.Division.Column || i == p.at || i == p.srcDivision {
			s.onDelete = true
		}
		for _, in := range s.in {
			if s.onDelete && in.step >= 0 {
				p.steps[in.step].onDelete = true
			}
		}
	}
}
