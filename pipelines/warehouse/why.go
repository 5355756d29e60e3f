package warehouse

import (
	"context"
	"fmt"
	"strings"
	"time"

	"rongtong/schemas"
	"rongtong/schemas/fault"
)

// Thing is a fused row with everything it was made of.
type Thing struct {
	Entity    string     `json:"entity"`
	Thing     string     `json:"thing"`          // the key's columns, joined with '|'
	Keys      []Key      `json:"keys,omitempty"` // that sources know it by, where they are several
	Fields    []Field    `json:"fields"`
	Claims    []Claim    `json:"claims"` // every claim ever made, the latest of each source first
	Conflicts []Conflict `json:"conflicts"`
}

// Field is one column of a fused row and who won it.
type Field struct {
	Name  string `json:"name"`
	Zh    string `json:"zh"`
	Value string `json:"value"` // "" is null
	Src   string `json:"src"`
	At    string `json:"at"`
	Rule  string `json:"rule"`
}

// Claim is one claim of one source, and where it came from: the record in
// Kafka, and the file, sheet and row or the database key it was read from.
type Claim struct {
	System    string            `json:"system"`
	Tier      string            `json:"tier"`
	Version   uint64            `json:"version"`
	EventTime time.Time         `json:"event_time"`
	ArrivedAt time.Time         `json:"arrived_at"` // first: it is known since then
	Topic     string            `json:"topic"`
	Partition uint16            `json:"partition"`
	Offset    uint64            `json:"offset"`
	Place     string            `json:"place"`
	Again     *Delivery         `json:"last_delivery,omitempty"` // where it was delivered more than once
	RecordID  string            `json:"src_record_id"`
	Withdrawn bool              `json:"withdrawn"`
	Latest    bool              `json:"latest"` // of its source: only these speak
	Values    map[string]string `json:"values"`
	Key       string            `json:"key,omitempty"` // of the claim, where the thing has several
}

// Delivery is a record that brought a claim, of the claim's topic.
type Delivery struct {
	ArrivedAt time.Time `json:"arrived_at"`
	Partition uint16    `json:"partition"`
	Offset    uint64    `json:"offset"`
}

// Conflict is a disagreement between two sources about a field.
type Conflict struct {
	Field           string `json:"field"`
	Value           string `json:"value"`
	Src             string `json:"src"`
	Department      string `json:"department"`
	OtherValue      string `json:"other_value"`
	OtherSrc        string `json:"other_src"`
	OtherDepartment string `json:"other_department"`
}

// WhyThing tells where every field of a fused row comes from. A thing that has
// no row, because every claim was withdrawn, still has its claims; one without
// any claim is fault.Data.
func (w *Warehouse) WhyThing(ctx context.Context, c *schemas.Catalog, entity, thing string) (Thing, error) {
	t := Thing{Entity: entity, Thing: thing}
	e := c.Entity(entity)
	if e == nil {
		return t, fault.New(fault.Config, "explaining %q: there is no such entity", entity)
	}
	keys, err := w.IdentityOf(ctx, e, thing)
	if err != nil {
		return t, err
	}
	claimed := []string{quote(thing)}
	if len(keys) > 1 {
		t.Keys, t.Thing, thing = keys, keys[0].Thing, keys[0].Thing
		for _, k := range keys {
			claimed = append(claimed, quote(k.Key))
		}
	}
	is := (&fuser{e: e}).thing()
	if t.Fields, err = w.fields(ctx, e, is+" = "+quote(thing)); err != nil {
		return t, err
	}
	if t.Claims, err = w.claims(ctx, e, is+" IN ("+strings.Join(claimed, ", ")+")"); err != nil {
		return t, err
	}
	for i := range t.Claims {
		if len(t.Keys) == 0 {
			t.Claims[i].Key = ""
		}
	}
	if len(t.Claims) == 0 {
		return t, fault.Hint(fault.Data, "the key's columns are joined with '|'; rongtong query \"SELECT * FROM dwd."+entity+" LIMIT 3\" shows some",
			"explaining %q of %q: no source claims such a thing", thing, entity)
	}
	err = w.each(ctx, fmt.Sprintf("SELECT field, value, src, department, other_value, other_src, other_department FROM ops.conflict FINAL WHERE is_deleted = 0 AND entity = %s AND thing = %s ORDER BY field, other_src", quote(entity), quote(thing)),
		func(scan func(...any) error) error {
			var x Conflict
			err := scan(&x.Field, &x.Value, &x.Src, &x.Department, &x.OtherValue, &x.OtherSrc, &x.OtherDepartment)
			t.Conflicts = append(t.Conflicts, x)
			return err
		})
	return t, err
}

// fields reads the fused row.
func (w *Warehouse) fields(ctx context.Context, e *schemas.Entity, is string) ([]Field, error) {
	var values, srcs, ats, rules []string
	for _, c := range e.Columns {
		who := c.Name
		if e.Fusion == schemas.FuseRow {
			who = ""
		}
		values = append(values, "ifNull(toString("+ident(c.Name)+"), '')")
		if e.IsKey(c.Name) && e.Fusion == schemas.FuseField {
			srcs, ats, rules = append(srcs, "''"), append(ats, "''"), append(rules, "''")
			continue
		}
		srcs = append(srcs, "toString("+ident(who+"_src")+")")
		ats = append(ats, "ifNull(toString("+ident(who+"_at")+"), '')")
		rules = append(rules, "toString("+ident(who+"_rule")+")")
	}
	var out []Field
	sql := fmt.Sprintf("SELECT [%s], [%s], [%s], [%s] FROM dwd.%s WHERE %s", strings.Join(values, ", "), strings.Join(srcs, ", "), strings.Join(ats, ", "), strings.Join(rules, ", "), ident(e.Entity), is)
	err := w.each(ctx, sql, func(scan func(...any) error) error {
		var v, s, a, r []string
		if err := scan(&v, &s, &a, &r); err != nil {
			return err
		}
		for i, c := range e.Columns {
			f := Field{Name: c.Name, Zh: c.Zh, Value: v[i], Src: s[i], At: a[i], Rule: r[i]}
			if e.IsKey(c.Name) {
				f.Src, f.At, f.Rule = "", "", ""
			}
			out = append(out, f)
		}
		return nil
	})
	return out, err
}

// claims reads every claim about a thing.
func (w *Warehouse) claims(ctx context.Context, e *schemas.Entity, is string) ([]Claim, error) {
	var values []string
	for _, c := range e.Columns {
		values = append(values, "ifNull(toString("+ident(c.Name)+"), '')")
	}
	var out []Claim
	seen := map[string]bool{}
	sql := fmt.Sprintf(`SELECT `+(&fuser{e: e}).thing()+`, src_system, src_tier, version, event_time, arrived_at, kafka_topic, kafka_partition, kafka_offset, place, last_arrived_at, last_kafka_partition, last_kafka_offset, src_record_id, is_deleted, [%s]
FROM std.%s FINAL WHERE %s ORDER BY version DESC, `+deliveryColumn+` DESC, src_system`, strings.Join(values, ", "), ident(e.Entity), is)
	err := w.each(ctx, sql, func(scan func(...any) error) error {
		var x Claim
		var deleted uint8
		var v []string
		var again Delivery
		if err := scan(&x.Key, &x.System, &x.Tier, &x.Version, &x.EventTime, &x.ArrivedAt, &x.Topic, &x.Partition, &x.Offset, &x.Place, &again.ArrivedAt, &again.Partition, &again.Offset, &x.RecordID, &deleted, &v); err != nil {
			return err
		}
		if again.Partition != x.Partition || again.Offset != x.Offset || !again.ArrivedAt.Equal(x.ArrivedAt) {
			x.Again = &again
		}
		x.Withdrawn, x.Latest, x.Values = deleted != 0, !seen[x.System+"|"+x.Key], map[string]string{}
		seen[x.System+"|"+x.Key] = true
		for i, c := range e.Columns {
			if v[i] != "" && !e.IsKey(c.Name) {
				x.Values[c.Name] = v[i]
			}
		}
		out = append(out, x)
		return nil
	})
	return out, err
}

// Figure is one value of an indicator for one division with what it is made of.
type Figure struct {
	Indicator        string `json:"indicator"`
	Name             string `json:"name"`
	Division         string `json:"division"`
	DivisionName     string `json:"division_name"`
	Tier             string `json:"tier"`
	UnitTier         string `json:"unit_tier"`
	Period           string `json:"period"`
	Numerator        string `json:"numerator"`
	Denominator      string `json:"denominator"`
	Value            string `json:"value"`
	Units            uint64 `json:"n_units"`
	Missing          uint64 `json:"n_missing"`
	Provisional      bool   `json:"provisional"`
	Suppressed       bool   `json:"suppressed"` // analysts do not see its numbers; they are empty here unless asked for
	Met              string `json:"met"`
	Register         string `json:"register"`
	RegisterVersion  string `json:"register_version"`
	RuleVersion      uint16 `json:"rule_version"`
	AsOf             string `json:"as_of"`
	ComputedAt       string `json:"computed_at"`
	RunID            string `json:"run_id"`
	UnitsBelow       []Unit `json:"units"` // those that weigh against the figure first
	ThingsInDivision []Ref  `json:"things"`
}

// Unit is one unit of an indicator: a division with its own numerator and
// denominator; either is "" where the value is missing.
type Unit struct {
	Division    string `json:"division"`
	Name        string `json:"name"`
	Numerator   string `json:"numerator"`
	Denominator string `json:"denominator"`
}

// Ref names a fused row.
type Ref struct {
	Entity string `json:"entity"`
	Thing  string `json:"thing"`
}

// WhyFigure tells what the values of an indicator for a division are made of:
// the units below it, at most limit of them, missing ones and those that weigh
// against the figure first; and, where the division is itself a unit, the fused
// rows about it that the indicator reads. Without a period it is the last one
// that is over.
//
// A figure that analysts do not see comes without numbers, units and rows. hidden
// shows them to a connection that may read the tables behind the views; the server
// refuses any other.
func (w *Warehouse) WhyFigure(ctx context.Context, c *schemas.Catalog, ind *schemas.Indicator, division, period string, limit int, hidden bool) ([]Figure, error) {
	figures := fmt.Sprintf("SELECT * FROM ads.indicator_trend(indicator = %s, division = %s)", quote(ind.Indicator), quote(division))
	if hidden { // a catalogue without small cells hides nothing
		figures = strings.NewReplacer("{indicator:String}", quote(ind.Indicator), "{division:String}", quote(division)).Replace(trend(&schemas.Catalog{}, "toFixedString({division:String}, 12)", ""))
	}
	which := "period = " + quote(period)
	if period == "" {
		which = "NOT running ORDER BY as_of DESC LIMIT 1 BY unit_tier"
	}
	out, err := w.figureRows(ctx, ind, fmt.Sprintf(`SELECT %[2]s, (SELECT any(ancestor_name) FROM dwd.division_path WHERE division_code = toFixedString(%[2]s, 12) AND steps = 0), tier, unit_tier, period,
  %[4]s, run_id
FROM (SELECT * FROM (%[1]s) WHERE %[3]s)
ORDER BY unit_tier`, figures, quote(division), which, figureTexts))
	if err != nil {
		return nil, err
	}
	if len(out) == 0 {
		return nil, fault.Hint(fault.Data, "the indicator has no feed yet, or is not published at this division's tier; rongtong coverage shows which have",
			"explaining %q of division %s: there is no value%s", ind.Indicator, division, of(period))
	}
	for i := range out {
		if out[i].Suppressed {
			continue
		}
		if out[i].UnitsBelow, err = w.units(ctx, ind, out[i], limit); err != nil {
			return nil, err
		}
		if out[i].Tier != out[i].UnitTier {
			continue
		}
		if out[i].ThingsInDivision, err = w.thingsIn(ctx, c, ind, division, limit); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// of words a period, if there is one.
func of(period string) string {
	if period == "" {
		return ""
	}
	return " of " + period
}

// units are the units that a figure sums up.
func (w *Warehouse) units(ctx context.Context, ind *schemas.Indicator, f Figure, limit int) ([]Unit, error) {
	span, err := ind.Periods.Span(f.Period)
	if err != nil {
		return nil, fault.New(fault.Bug, "explaining %q: %w", ind.Indicator, err)
	}
	var out []Unit
	err = w.each(ctx, fmt.Sprintf(`SELECT toString(u.division_code) AS division, own.ancestor_name AS name, ifNull(toString(u.numerator), '') AS num, ifNull(toString(u.denominator), '') AS den
FROM
(
%s
) AS u
INNER JOIN dwd.division_path AS p ON p.division_code = toFixedString(u.division_code, 12) AND p.ancestor_code = toFixedString(%s, 12)
INNER JOIN dwd.division_path AS own ON own.division_code = p.division_code AND own.ancestor_code = p.division_code
WHERE p.tier = %s
ORDER BY isNull(u.numerator) OR isNull(u.denominator) DESC, toFloat64(ifNull(u.denominator, 0)) - toFloat64(ifNull(u.numerator, 0)) DESC, division
LIMIT %d`, indent(unitsAt(ind, span)), quote(f.Division), quote(f.UnitTier), limit),
		func(scan func(...any) error) error {
			var u Unit
			err := scan(&u.Division, &u.Name, &u.Numerator, &u.Denominator)
			out = append(out, u)
			return err
		})
	return out, err
}

// thingsIn are the fused rows about a division that an indicator reads.
func (w *Warehouse) thingsIn(ctx context.Context, c *schemas.Catalog, ind *schemas.Indicator, division string, limit int) ([]Ref, error) {
	var out []Ref
	for _, name := range ind.Reads {
		e := c.Entity(name)
		if e == nil || e.Division.Column == "" || e.Column(e.Division.Column) == nil {
			continue
		}
		sql := fmt.Sprintf("SELECT %s FROM dwd.%s WHERE %s = toFixedString(%s, 12) ORDER BY 1 LIMIT %d",
			(&fuser{e: e}).thing(), ident(name), ident(e.Division.Column), quote(division), limit)
		err := w.each(ctx, sql, func(scan func(...any) error) error {
			r := Ref{Entity: name}
			err := scan(&r.Thing)
			out = append(out, r)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}
