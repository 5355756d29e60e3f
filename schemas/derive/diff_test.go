package derive

import (
	"strings"
	"testing"
	"testing/fstest"

	"rongtong/schemas"
)

// base is a small set of declarations; every test changes one text in it.
var base = map[string]string{
	"tiers.yaml": `tiers:
  - { code: P, level: 1, name: { zh: 省, en: Province } }
  - { code: V, level: 2, name: { zh: 村, en: Village } }
`,
	"codes/colour.csv": `# source: a test
# version: 1
code,zh,en,aliases
red,红,Red,hong;crimson
blue,蓝,Blue,
`,
	"codes/other.csv": `# source: a test
# version: 1
code,zh,en,aliases
red,红,Red,
`,
	"themes/t1/thing.yaml": `entity: thing
theme: t1
name: { zh: 物, en: Thing }
doc: { zh: 一物一行。, en: One row per thing. }
key: [id]
division: { column: division_code, system: nbs12 }
fusion: field
authority: [P]
retention: P10Y
columns:
  - { name: id, type: text, zh: 标识, en: Id }
  - { name: division_code, type: code12, zh: 区划, en: Division }
  - { name: home_code, type: code12, zh: 属地, en: Home }
  - { name: colour, type: codelist, list: colour, zh: 颜色, en: Colour, nullable: true }
  - { name: size, type: measure, unit: m2, zh: 大小, en: Size, nullable: true }
  - { name: note, type: text, zh: 说明, en: Note, nullable: true }
rules:
  - { rule: thing.size, call: between, of: [size], min: 0, max: 9, zh: 大小有误, en: The size is wrong }
`,
	"themes/t1/spare.yaml": `entity: spare
theme: t1
name: { zh: 备, en: Spare }
doc: { zh: 一物一行。, en: One row per thing. }
key: [id]
fusion: row
authority: [P]
retention: P10Y
columns:
  - { name: id, type: text, zh: 标识, en: Id }
`,
	"indicators/I-01-01.yaml": `indicator: I-01-01
policy_row: R-01-01
name: { zh: 比例, en: Share }
doc: { zh: 比例。, en: A share. }
unit: "%"
scale: 100
direction: up
computed_at: V
published_at: [P]
period: "2025"
register: thing
rule_version: 1
reads: [thing]
sql: SELECT division_code, 1 AS numerator, 2 AS denominator FROM dwd.thing
`,
	"systems/source.yaml": `system: source
tier: P
name: { zh: 来源, en: Source }
department: 某部门
doc: A source.
connect: { kind: push }
streams:
  thing: { from: {}, key: [id], fields: { id: text, code: text, note: text } }
flows:
  - stream: thing
    entity: thing
    set: { id: id, division_code: code, home_code: code, note: note }
every: { continuous: true }
`,
}

func read(t *testing.T, files map[string]string) *schemas.Catalog {
	t.Helper()
	m := fstest.MapFS{}
	for p, text := range files {
		m[p] = &fstest.MapFile{Data: []byte(text)}
	}
	// Problems are of no interest here: Diff compares what was read.
	c, _ := schemas.Load(m)
	return c
}

const (
	thingFile = "themes/t1/thing.yaml"
	indFile   = "indicators/I-01-01.yaml"
	sysFile   = "systems/source.yaml"
	colFile   = "codes/colour.csv"
)

// Every rule is shown by one change that it finds, and that change alone.
func TestDiffRules(t *testing.T) {
	cases := map[string]struct{ file, from, to string }{
		"tier.changed":       {"tiers.yaml", "zh: 省", "zh: 自治区"},
		"entity.added":       {"themes/t1/more.yaml", "", strings.ReplaceAll(base["themes/t1/spare.yaml"], "spare", "more")},
		"entity.removed":     {"themes/t1/spare.yaml", "", ""},
		"entity.key":         {thingFile, "key: [id]", "key: [id, division_code]"},
		"entity.division":    {thingFile, "column: division_code", "column: home_code"},
		"entity.fusion":      {thingFile, "fusion: field", "fusion: row"},
		"entity.authority":   {thingFile, "authority: [P]", "authority: [V, P]"},
		"entity.retention":   {thingFile, "P10Y", "P5Y"},
		"entity.wording":     {thingFile, "一物一行。", "一物一行，"},
		"rule.added":         {thingFile, "rules:\n", "rules:\n  - { rule: thing.more, call: between, of: [size], min: 0, zh: 错, en: Wrong }\n"},
		"rule.removed":       {thingFile, "rules:\n  - { rule: thing.size, call: between, of: [size], min: 0, max: 9, zh: 大小有误, en: The size is wrong }\n", ""},
		"rule.changed":       {thingFile, "max: 9", "max: 8"},
		"column.added":       {thingFile, "rules:", "  - { name: more, type: text, zh: 更多, en: More, nullable: true }\nrules:"},
		"column.required":    {thingFile, "rules:", "  - { name: more, type: text, zh: 更多, en: More }\nrules:"},
		"column.removed":     {thingFile, "  - { name: note, type: text, zh: 说明, en: Note, nullable: true }\n", ""},
		"column.type":        {thingFile, "note, type: text", "note, type: int"},
		"column.loosened":    {thingFile, "en: Home }", "en: Home, nullable: true }"},
		"column.tightened":   {thingFile, "en: Note, nullable: true }", "en: Note }"},
		"column.list":        {thingFile, "list: colour", "list: other"},
		"column.unit":        {thingFile, "unit: m2", "unit: km2"},
		"column.pii":         {thingFile, "en: Note,", "en: Note, pii: P1,"},
		"column.authority":   {thingFile, "en: Note,", "en: Note, authority: [V],"},
		"column.wording":     {thingFile, "zh: 说明", "zh: 备注"},
		"list.added":         {"codes/more.csv", "", base["codes/other.csv"]},
		"list.removed":       {"codes/other.csv", "", ""},
		"code.added":         {colFile, "blue,", "green,绿,Green,\nblue,"},
		"code.removed":       {colFile, "blue,蓝,Blue,\n", ""},
		"code.alias_removed": {colFile, ";crimson", ""},
		"code.wording":       {colFile, "Blue", "Azure"},
		"indicator.added":    {"indicators/I-01-02.yaml", "", strings.ReplaceAll(base[indFile], "I-01-01", "I-01-02")},
		"indicator.removed":  {indFile, "", ""},
		"indicator.formula":  {indFile, "rule_version: 1", "rule_version: 2"},
		"indicator.silent":   {indFile, "2 AS denominator", "3 AS denominator"},
		"indicator.wording":  {indFile, "zh: 比例,", "zh: 占比,"},
		"system.added":       {"systems/more.yaml", "", strings.Replace(base[sysFile], "system: source", "system: more", 1)},
		"system.removed":     {sysFile, "", ""},
		"stream.contract":    {sysFile, "note: text }", "note: number }"},
		"system.flow":        {sysFile, "note: note }", "note: code }"},
	}
	old := read(t, base)
	if again := Diff(old, read(t, base)); len(again) > 0 {
		t.Fatalf("the same declarations differ: %v", again)
	}
	for _, r := range Rules {
		t.Run(r.Rule, func(t *testing.T) {
			c, ok := cases[r.Rule]
			if !ok {
				t.Fatal("no case shows this rule")
			}
			files := map[string]string{}
			for p, text := range base {
				files[p] = text
			}
			switch {
			case c.from == "" && c.to == "":
				delete(files, c.file)
			case c.from == "":
				files[c.file] = c.to
			case !strings.Contains(files[c.file], c.from):
				t.Fatalf("%q is not in %s", c.from, c.file)
			default:
				files[c.file] = strings.Replace(files[c.file], c.from, c.to, 1)
			}
			got := Diff(old, read(t, files))
			if len(got) != 1 || got[0].Rule != r.Rule || got[0].Class != r.Class {
				t.Errorf("found %v; want the rule alone, class %q", got, r.Class)
			}
		})
	}
}
