package schemas

import (
	"regexp"
	"slices"
	"strings"

	"rongtong/schemas/decl"
)

var (
	indicatorForm = regexp.MustCompile(`^I-\d{2}-\d{2}[a-z]?$`)
	tableRef      = regexp.MustCompile(`\b(ods|std|dwd|ads|ops)\.(\w+)`)
)

func (k *checker) indicator(i *Indicator) {
	at := func(path ...any) decl.Pos { return k.at(i, path...) }
	if i.Indicator != "" && !indicatorForm.MatchString(i.Indicator) {
		k.add(at("indicator"), "name.format", "I-<chapter>-<row>, as in I-13-11", "%q is not an indicator's id", i.Indicator)
	}
	k.oneOf(at("direction"), "direction.unknown", "direction", i.Direction, []string{"up", "down", "monitor"})
	if i.Scale <= 0 && at("scale") != at() {
		k.add(at("scale"), "scale.range", "1, 100 or 10000", "the scale must be above 0")
	}
	k.periods(i)
	if i.RuleVer < 1 && at("rule_version") != at() {
		k.add(at("rule_version"), "rule_version.range", "count from 1", "the rule version must be at least 1")
	}
	if i.Target != nil {
		k.oneOf(at("target", "op"), "target.op", "comparison", i.Target.Op, []string{">=", ">", "<=", "<", "="})
	}
	k.oneOf(at("aggregate"), "aggregate.unknown", "way to aggregate", i.Aggregate, []string{AggregateSum, AggregateMedian})
	k.indicatorTiers(i)
	k.indicatorSQL(i)
	k.smallCells(i)
}

// smallCells: what counts persons says so, and its figures can be protected:
// they add up, tier by tier, so that no hidden one is told by the others.
func (k *checker) smallCells(i *Indicator) {
	if !i.Persons {
		if i.Share != nil && k.c.Entity(i.Share.Of.Entity) != nil && k.c.Entity(i.Share.Of.Entity).SmallCells > 0 {
			k.add(k.at(i), "persons.unsaid", "add persons: true", "it counts rows of %q, which are about persons or their cases", i.Share.Of.Entity)
		}
		return
	}
	if i.Aggregate == AggregateMedian {
		k.add(k.at(i, "aggregate"), "persons.median", "publish a sum or a share", "the median of few persons tells what one of them has")
	}
	codes := k.tierCodes()
	var places []int
	for _, code := range i.PublishedAt {
		places = append(places, slices.Index(codes, code))
	}
	slices.Sort(places)
	for j, place := range places {
		if j > 0 && place > places[j-1]+1 {
			k.add(k.at(i, "published_at"), "persons.tiers", "publish every tier from the highest to the lowest", "a tier between two is left out: what the figures there would add up to could not be protected")
			break
		}
	}
}

// periods: every one of them can be named, and a case is about one of them.
func (k *checker) periods(i *Indicator) {
	lengths := []string{"month", "quarter", "year"}
	p := i.Periods
	at := func(key string) decl.Pos { return k.at(i, "periods", key) }
	if p.Every == "" || !k.oneOf(at("every"), "period.every", "length of a period", p.Every, lengths) {
		return
	}
	if p.Window != "" && k.oneOf(at("window"), "period.window", "length of a window", p.Window, lengths) && periodMonths[p.Window] < periodMonths[p.Every] {
		k.add(at("window"), "period.window", "leave it out", "a window of a %s is shorter than the period", p.Window)
	}
	const hint = `write "2025-12", "2025Q4" or "2025", as every says`
	for key, name := range map[string]string{"from": p.From, "until": p.Until} {
		if _, err := p.parse(name); name != "" && err != nil {
			k.add(at(key), "period.format", hint, "%q is not the name of a %s", name, p.Every)
		}
	}
	for _, c := range i.Cases {
		if _, err := p.parse(c.Period); c.Period != "" && err != nil {
			k.add(c.Pos, "period.format", hint, "the case is about %q, which is not the name of a %s", c.Period, p.Every)
		}
	}
}

var dateText = regexp.MustCompile(`'(?:19|20)\d{2}(?:-\d{2}-\d{2}[^']*)?'`)

// indicatorTiers: a figure is published for the tier of its units and above;
// below there is nothing to publish.
func (k *checker) indicatorTiers(i *Indicator) {
	codes := k.tierCodes()
	known := append(slices.Clone(codes), Each)
	computed := k.oneOf(k.at(i, "computed_at"), "tier.unknown", "tier", i.ComputedAt, known) && i.ComputedAt != Each
	k.unique("tier", i.PublishedAt, func(j int) decl.Pos { return k.at(i, "published_at", j) })
	for j, t := range i.PublishedAt {
		at := k.at(i, "published_at", j)
		if k.oneOf(at, "tier.unknown", "tier", t, codes) && computed && k.c.Tier(t).Level > k.c.Tier(i.ComputedAt).Level {
			k.add(at, "indicator.tier", "publish it for the tier of its units and above", "there is no figure at tier %q below %q", t, i.ComputedAt)
		}
	}
}

// indicatorSQL compares the tables in the text with the declared reads, which
// decide when the indicator must be computed again.
func (k *checker) indicatorSQL(i *Indicator) {
	if i.SQL == "" {
		return
	}
	at := k.at(i, "sql") // the whole file, for a form
	var used []string
	for _, m := range tableRef.FindAllStringSubmatch(i.SQL, -1) {
		switch layer, table := m[1], m[2]; {
		case layer != "dwd":
			k.add(at, "sql.layer", "read dwd.<entity>", "an indicator reads the theme layer, not %s.%s", layer, table)
		case slices.Contains(used, table):
		default:
			used = append(used, table)
			if !slices.Contains(i.Reads, table) {
				k.add(at, "sql.unlisted", "add it to reads", "the SQL reads dwd.%s, which reads does not list", table)
			}
		}
	}
	known := append(k.entityNames(), names(Relations, func(e *Entity) string { return e.Entity })...)
	if len(i.Reads) == 0 {
		k.add(at, "key.missing", "add it", "%q is required beside sql", "reads")
	}
	k.unique("entity", i.Reads, func(j int) decl.Pos { return k.at(i, "reads", j) })
	for j, r := range i.Reads {
		if k.oneOf(k.at(i, "reads", j), "entity.unknown", "entity", r, known) && !slices.Contains(used, r) {
			k.add(k.at(i, "reads", j), "sql.unread", "remove it from reads", "the SQL does not read dwd.%s", r)
		}
	}
	for _, col := range []string{"division_code", "numerator", "denominator"} {
		if !strings.Contains(i.SQL, col) {
			k.add(at, "sql.columns", "yield division_code, numerator and denominator", "the SQL yields no %q", col)
		}
	}
}
