package bench

import (
	"context"
	"regexp"
	"strings"

	"rongtong/pipelines"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas"
	"rongtong/schemas/decl"
	"rongtong/schemas/fault"
	"rongtong/schemas/record"
	"rongtong/transforms"
)

// derive declares a stream, an entity and a flow for a table outside the
// theme: every column is filled from the field of its name, as it stands.
func derive(c *schemas.Catalog, s Source, columns []warehouse.Column) (*pipelines.Stream, error) {
	sys := &schemas.System{System: "bench", Tier: c.Tiers[0].Code}
	stream := &schemas.Stream{Name: "table", Raw: schemas.RawNone}
	_, table, _ := strings.Cut(s.Table, ".")
	e := &schemas.Entity{Entity: table, Fusion: schemas.FuseRow}
	flow := &schemas.Flow{Stream: stream.Name, Entity: table}
	var names []string
	for _, col := range columns {
		typ, zone, err := logical(col)
		if err != nil {
			return nil, fault.Hint(fault.Config, "give the column a type the pipeline has, or a DEFAULT and leave it out", "loading into %q: %w", s.Table, err)
		}
		if schemas.IsCommon(col.Name) {
			names = append(names, col.Name)
			continue // filled as in any table of the theme
		}
		x := schemas.Expr{Call: "verbatim", Of: []string{col.Name}, Args: map[string]string{}}
		if zone != "" {
			x.Args["zone"] = zone
		}
		stream.Fields = append(stream.Fields, decl.Entry[string]{Key: col.Name, Value: "text"})
		e.Columns = append(e.Columns, &schemas.Column{Name: col.Name, Type: typ, Nullable: true})
		flow.Set = append(flow.Set, decl.Entry[schemas.Expr]{Key: col.Name, Value: x})
		names = append(names, col.Name)
	}
	plan, problems := transforms.CompileFor(c, e, sys, stream, flow)
	if len(problems) > 0 {
		return nil, fault.New(fault.Config, "loading into %q: %v", s.Table, problems)
	}
	format := record.JSON
	if s.CSV {
		format = record.CSV
	}
	return &pipelines.Stream{System: sys, Stream: stream, Topic: s.Topic, Format: format,
		Flows: []pipelines.Flow{{Flow: flow, Entity: e, Plan: plan.Only(names), Table: s.Table}}}, nil
}

var wrapped = regexp.MustCompile(`^(?:Nullable|LowCardinality)\((.*)\)$`)

// logical is the logical type that loads into a column's type.
func logical(col warehouse.Column) (t schemas.Type, zone string, err error) {
	typ := col.Type
	for m := wrapped.FindStringSubmatch(typ); m != nil; m = wrapped.FindStringSubmatch(typ) {
		typ = m[1]
	}
	name, _, _ := strings.Cut(typ, "(")
	switch name {
	case "String", "FixedString", "Enum8", "Enum16", "UUID":
		return schemas.Text, "", nil
	case "Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64":
		return schemas.Int, "", nil
	case "Decimal", "Decimal32", "Decimal64":
		return schemas.Measure, "", nil
	case "Date", "Date32":
		return schemas.Date, "", nil
	case "DateTime", "DateTime64":
		if strings.Contains(typ, "'UTC'") {
			zone = "UTC"
		}
		return schemas.Time, zone, nil
	}
	return "", "", fault.New(fault.Config, "column %q is of type %s", col.Name, col.Type)
}

// migrate adds the tables of a catalogue that are missing.
func migrate(ctx context.Context, w *warehouse.Warehouse, c *schemas.Catalog) error {
	steps, err := w.Plan(ctx, c)
	if err != nil {
		return err
	}
	return w.Migrate(ctx, steps)
}
