package derive

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"rongtong/schemas"
	"rongtong/transforms"
)

// quality derives what people look up about the quality of rows: the flags, the
// rules, and the functions that normalise values.
func quality(c *schemas.Catalog, out Files) {
	out["quality/flags.md"] = flagsPage(c)
	out["quality/rules.md"] = rulesPage(c)
	out["quality/normalisers.md"] = normalisersPage(c)
}

func flagsPage(c *schemas.Catalog) string {
	var b strings.Builder
	fmt.Fprintf(&b, `# 质量标志 Quality flags

Every row of layer std has a column q_flags, a set of %d bits: what happened to the row on its way that an analyst may
want to know, although the row is good enough to keep. A bit keeps its place for ever. In the warehouse ops.flag names
the bits, and ops.rows_by_flag counts every source's rows by them:

    SELECT src_system, name, count() FROM std.facility CROSS JOIN ops.flag WHERE bitAnd(q_flags, mask) != 0 GROUP BY ALL

| bit | mask | flag | 含义 | meaning | raised by |
|---|---|---|---|---|---|
`, len(schemas.Flags))
	for i, f := range schemas.Flags {
		by := string(f.By)
		if rules := rulesRaising(c, f.Name); len(rules) > 0 {
			by = strings.Join(rules, ", ")
		}
		fmt.Fprintf(&b, "| %d | %d | %s | %s | %s | %s |\n", i, f.Flag, f.Name, cell(f.Zh), cell(f.En), by)
	}
	return b.String()
}

func rulesRaising(c *schemas.Catalog, flag string) []string {
	var out []string
	for _, e := range c.Entities {
		for _, r := range e.Rules {
			if r.Flag == flag {
				out = append(out, r.Rule)
			}
		}
	}
	return out
}

func rulesPage(c *schemas.Catalog) string {
	var b strings.Builder
	b.WriteString(`# 质量规则 Quality rules

## 实体的规则 Rules of entities

A rule with the severity quarantine rejects the row; flag keeps it with a bit in q_flags; stop rejects it, and stops the
stream when too many rows of one block break it (ops.load_stop; nothing of the block is loaded, it waits in Kafka). Rules
that are checked after loading make issues (ads.quality_issue), which a correction settles.

| rule | check | severity | 原因 | reason |
|---|---|---|---|---|
`)
	n := 0
	for _, e := range c.Entities {
		for _, r := range e.Rules {
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", r.Rule, cell(spellRule(r)), severity(r), cell(r.Zh), cell(r.En))
			n++
		}
	}
	fmt.Fprintf(&b, "\n%d rules. A column that may not be missing is declared so and has no rule: its row is rejected as `required`.\n", n)
	b.WriteString(`
## 通用规则 Rules of every row

| rule | 原因 | 如何处理 | reason | way out |
|---|---|---|---|---|
`)
	for _, r := range transforms.Rules() {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", r.Rule, cell(r.Zh), cell(r.HintZh), cell(r.En), cell(r.HintEn))
	}
	return b.String()
}

func severity(r *schemas.Rule) string {
	switch {
	case r.AfterLoad():
		return "issue"
	case r.Stop != nil && r.Stop.Share > 0:
		return fmt.Sprintf("stop above %g %% of %d rows or more", 100*r.Stop.Share, r.Stop.Least)
	case r.Stop != nil:
		return fmt.Sprintf("stop above %d rows", r.Stop.Rows)
	case r.Flag != "":
		return "flag " + r.Flag
	}
	return string(r.Sets())
}

func spellRule(r *schemas.Rule) string {
	var args []string
	number := func(name string, v *float64) {
		if v != nil {
			args = append(args, fmt.Sprintf("%s %g", name, *v))
		}
	}
	text := func(name, v string) {
		if v != "" {
			args = append(args, name+" "+v)
		}
	}
	number("min", r.Min)
	number("max", r.Max)
	text("from", r.From)
	text("to", r.To)
	text("value", r.Value)
	text("entity", r.Entity)
	text("columns", strings.Join(r.Columns, ", "))
	number("tolerance_abs", r.ToleranceAbs)
	number("tolerance_rel", r.ToleranceRel)
	s := r.Call + "(" + strings.Join(r.Of, ", ") + ")"
	if len(args) > 0 {
		s += " " + strings.Join(args, ", ")
	}
	return s
}

func normalisersPage(c *schemas.Catalog) string {
	callers := map[string]map[string]bool{}
	note := func(call, flow string) {
		if callers[call] == nil {
			callers[call] = map[string]bool{}
		}
		callers[call][flow] = true
	}
	for _, s := range c.Systems {
		for _, f := range s.Flows {
			for i := range f.Set {
				note(f.Set[i].Value.Call, s.System+"."+f.Stream)
			}
			if f.At != nil {
				note(f.At.Call, s.System+"."+f.Stream)
			}
		}
	}
	var b strings.Builder
	b.WriteString(`# 规范化函数 Functions of flows

A flow names a field, or one of these functions of fields: { call: area, of: [面积, 面积单位] }. The set is closed; each
has a script of rows in and out in transforms/testdata.

| function | of | constants | makes | what it does | flows |
|---|---|---|---|---|---|
`)
	for _, f := range transforms.Functions() {
		var args []string
		for _, a := range f.Args {
			name := a.Name
			if a.Required {
				name += " (required)"
			}
			args = append(args, name+": "+a.Doc)
		}
		of := f.Of
		if f.MinOf < len(of) && of[len(of)-1] != "…" {
			of = slices.Clone(of)
			of[len(of)-1] = "[" + of[len(of)-1] + "]"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", f.Name, strings.Join(of, ", "), cell(strings.Join(args, "; ")), f.Result,
			cell(f.Doc), strings.Join(slices.Sorted(maps.Keys(callers[f.Name])), ", "))
	}
	return b.String()
}
