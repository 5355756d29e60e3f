package warehouse

import (
	"fmt"
	"slices"

	"rongtong/schemas"
	"rongtong/schemas/fault"
)

// stdTable keeps every distinct claim of every source about every thing: what a
// source says under one version, and each time it says something else under the
// same one. A claim that is delivered again collapses with the earlier delivery,
// keeps when it arrived first, and learns when it arrived last; see claim.go.
func stdTable(e *schemas.Entity) *object {
	o := &object{
		db: dbStd, name: e.Entity,
		comment: e.Name.Zh + "：各来源的主张",
		engine:  "AggregatingMergeTree",
		order:   append(slices.Clone(e.Key), "src_system", "version", contentColumn, "kafka_topic"),
		dedup:   true,
		wide:    true,
		blocks:  true,
	}
	for _, c := range schemas.StdColumns(e) {
		o.columns = append(o.columns, columnFor(c))
	}
	o.deliveries(e)
	return o
}

// rowsSuffix names the table behind the view of an entity's fused rows.
const rowsSuffix = "__rows"

// fusedTable holds the fused rows behind fusedView: a thing's row of the
// highest fused_seq counts, and is_deleted says that no claim is alive.
func fusedTable(e *schemas.Entity) *object {
	return &object{
		db: rowsDB(e), name: e.Entity + rowsSuffix,
		comment: e.Name.Zh + "：一物一行，供视图读取",
		engine:  "ReplacingMergeTree(fused_seq, is_deleted)",
		order:   slices.Clone(e.Key),
		derived: true,
		wide:    true,
		columns: append(fusedColumns(e),
			column{"fused_seq", "UInt64", "Delta(8), ZSTD(1)", "融合序号：依据到哪一批主张"},
			column{"is_deleted", "UInt8", "", "已无有效主张"}),
	}
}

// fusedView is what people read: one fused row per thing, and beside every
// field (or, for fusion by row, beside the row) who won, when, and by which
// rule.
func fusedView(e *schemas.Entity) *object {
	o := &object{db: dbDwd, name: e.Entity, comment: e.Name.Zh + "：一物一行", columns: fusedColumns(e)}
	names := make([]string, len(o.columns))
	for i, c := range o.columns {
		names[i] = c.name
	}
	o.view = fmt.Sprintf("SELECT %s\nFROM %s FINAL\nWHERE is_deleted = 0", idents(names), rowsTable(e))
	return o
}

func fusedColumns(e *schemas.Entity) []column {
	var out []column
	for _, c := range e.Columns {
		out = append(out, columnFor(c))
		if e.Fusion == schemas.FuseField && !e.IsKey(c.Name) {
			out = append(out, winnerColumns(c.Name, c.Zh, c.Nullable)...)
		}
	}
	if e.Fusion == schemas.FuseRow {
		out = append(out, winnerColumns("", "本行", false)...)
	}
	return out
}

// winnerColumns say who won a field. A field that nobody claims has no time.
func winnerColumns(field, zh string, nullable bool) []column {
	at := "DateTime64(3, 'Asia/Shanghai')"
	if nullable {
		at = "Nullable(" + at + ")"
	}
	return []column{
		{name: field + "_src", typ: "LowCardinality(String)", comment: zh + "·取自来源"},
		{name: field + "_at", typ: at, codec: "Delta(8), ZSTD(1)", comment: zh + "·业务时间"},
		{name: field + "_rule", typ: "LowCardinality(String)", comment: zh + "·取值规则"},
	}
}

// coversGrain refuses an entity whose order key cannot tell its things apart:
// rows of different things would merge away, silently.
func coversGrain(e *schemas.Entity) error {
	table := dbStd + "." + e.Entity
	if len(e.Key) == 0 {
		return fault.Hint(fault.Config, "declare the key of the entity", "planning %q: the order key does not cover the grain: there is no key", table)
	}
	for _, k := range e.Key {
		c := e.Column(k)
		switch {
		case c == nil:
			return fault.Hint(fault.Config, "declare the column or leave it out of the key",
				"planning %q: the order key does not cover the grain: column %q does not exist", table, k)
		case c.Nullable:
			return fault.Hint(fault.Config, "make the column not nullable: two things without a value would merge",
				"planning %q: the order key does not cover the grain: column %q may be null", table, k)
		case c.Type.Collection():
			return fault.Hint(fault.Config, "a list cannot be part of a key",
				"planning %q: the order key does not cover the grain: column %q is a %s", table, k, c.Type)
		}
	}
	return nil
}

// objects is everything the catalogue wants the warehouse to hold, in an order
// in which it can be created: tables before the views that read them.
func objects(c *schemas.Catalog) ([]*object, error) {
	var views []*object
	out := odsTables(c)
	seen := map[string]bool{}
	for _, e := range c.Entities {
		if seen[e.Entity] {
			return nil, fault.New(fault.Config, "planning %q: the entity is declared twice", e.Entity)
		}
		seen[e.Entity] = true
		if err := coversGrain(e); err != nil {
			return nil, err
		}
		out = append(out, stdTable(e), fusedTable(e))
		if e.Identity != nil {
			out = append(out, membersTable(e))
		}
		views = append(views, fusedView(e))
		if sources := feeders(c, e); len(sources) > 0 {
			views = append(views, asOfView(c, e, sources), historyView(c, e, sources))
			if located(e) {
				views = append(views, asOfInView(c, e, sources))
			}
			if remappable(e) {
				views = append(views, asOfUnderView(c, e, sources))
			}
		}
		if remappable(e) {
			views = append(views, underView(e))
		}
	}
	out = append(out, divisionPath(), remapTable(), territoryTable(), contributionTable(), indicatorTable(), pointTable(), pastTable(), coverTable())
	out = append(append(out, opsTables()...), lineageTable())
	out = append(out, issueTable())
	out = append(out, reviewTables()...)
	out = append(out, identityTables()...)
	views = append(views, upFeed(c), entityLoad(c), feedView(c))
	views = append(views, opsViews(c)...)
	views = append(views, reviewViews()...)
	views = append(views, qualityViews(c)...)
	views = append(views, indicatorViews(c)...)
	views = append(views, indicatorUnderViews(c)...)
	views = append(views, adsViews(c)...)
	views = append(views, conflictViews(c)...)
	views = append(views, identityViews(c)...)
	for _, v := range views {
		if v != nil {
			out = append(out, v)
		}
	}
	withhold(c, out)
	names := map[string]bool{}
	for _, o := range out {
		if names[o.full()] {
			return nil, fault.New(fault.Config, "planning %q: an entity may not have the name of a table of the house", o.full())
		}
		names[o.full()] = true
		cols := map[string]bool{}
		for _, col := range o.columns {
			if cols[col.name] {
				return nil, fault.New(fault.Config, "planning %q: the column %q would exist twice", o.full(), col.name)
			}
			cols[col.name] = true
		}
	}
	return out, nil
}
