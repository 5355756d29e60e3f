package control

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"rongtong/schemas"
	"rongtong/schemas/derive"
)

// kinds of effects, in the order in which people are told.
var kinds = []string{"tiers and themes", "systems", "streams", "entities", "code lists", "calendars", "indicators", "views", "jobs"}

var kindOf = map[string]string{
	"tier": "tiers and themes", "theme": "tiers and themes", "system": "systems", "stream": "systems",
	"entity": "entities", "column": "entities", "rule": "entities", "list": "code lists", "code": "code lists",
	"calendar": "calendars", "indicator": "indicators", "view": "views", "job": "jobs",
}

// fusedAnew is what another rule of fusion does.
const fusedAnew = "fused anew by the next run of integrate"

// does says what applying a kind of change does to what runs. What is not here
// changes nothing that runs.
var does = map[string]string{
	"system.removed":          "stops at a boundary; its positions, topics and claims are kept, and it goes on from there when it is declared again",
	"system.tier":             "read on from its position; its next rows come from the other tier",
	"system.protocol":         "stops; begins anew under the other protocol, from the beginning of the source (--reread)",
	"system.connection":       "stops at a boundary and goes on from its position at the other place",
	"system.schedule":         "other times; what is being read is read on",
	"stream.added":            "a new topic; read from its beginning",
	"stream.removed":          "stops at a boundary; its position, topic and claims are kept",
	"stream.key":              "stops at a boundary and goes on from its position with the other key",
	"stream.field_added":      "stops at a boundary and goes on from its position with the field; --reread brings it for what was read before",
	"stream.field_removed":    "stops at a boundary and goes on from its position without it",
	"stream.field_type":       "stops at a boundary and goes on from its position",
	"stream.drop_added":       "stops at a boundary and goes on from its position without it",
	"stream.drop_removed":     "stops at a boundary and goes on from its position with it",
	"stream.identify":         "stops at a boundary and goes on from its position",
	"stream.from":             "stops at a boundary and goes on from its position; --reread begins anew",
	"stream.landing":          "stops at a boundary and goes on from its position",
	"entity.added":            "new tables",
	"entity.removed":          "its tables stay; nothing fills them any more",
	"entity.fusion":           fusedAnew,
	"entity.authority":        fusedAnew,
	"entity.division":         fusedAnew,
	"entity.event_time":       fusedAnew,
	"column.authority":        fusedAnew,
	"column.added":            "a new column; empty until sources deliver again",
	"column.required":         "a new column; deliveries without it are rejected",
	"column.removed":          "the column and its values go (--allow)",
	"column.widened":          "the table is rewritten beside the live one",
	"column.lossy":            "the table is rewritten beside the live one (--allow, if values have no equal)",
	"column.loosened":         "the table is rewritten beside the live one",
	"column.tightened":        "the table is rewritten beside the live one; deliveries without it are rejected",
	"rule.added":              "checked from the next load on; rows that are there are not judged again",
	"rule.changed":            "checked from the next load on; rows that are there are not judged again",
	"list.removed":            "nothing is normalised by it any more",
	"code.removed":            "deliveries of it are rejected from the next load on",
	"code.replaced":           "deliveries of it become the other code from the next load on",
	"code.spelling_removed":   "deliveries of it are rejected from the next load on",
	"code.spelling_added":     "accepted from the next load on",
	"code.added":              "accepted from the next load on",
	"calendar.days":           "times and what is counted in working days follow it",
	"indicator.added":         "computed by the next run of integrate",
	"indicator.removed":       "no longer computed; the figures that are there stay",
	"indicator.formula":       "computed again by the next run of integrate",
	"indicator.silent":        "computed again by the next run of integrate; raise rule_version, or old and new figures cannot be told apart",
	"indicator.target":        "judged again by the next run of integrate",
	"stream.partitions_more":  "keys would move: see what is blocked",
	"stream.partitions_fewer": "the topic keeps its partitions",
	"stream.raw_shorter":      "records as received that are over it go (--allow)",
	"view.added":              "a new view",
	"view.answer":             "the view is made anew, in one step",
	"job.added":               "runs at its next time",
	"job.removed":             "runs no more; its records stay",
	"job.changed":             "from the next time on; a run under way ends as it began",
	"job.limits":              "from the next run on",
}

// effectOf turns a difference into what it does.
func effectOf(x derive.Change) Effect {
	family, _, _ := strings.Cut(x.Rule, ".")
	sign := "~"
	switch {
	case strings.HasSuffix(x.Rule, ".added"), x.Rule == "column.required":
		sign = "+"
	case strings.HasSuffix(x.Rule, ".removed"):
		sign = "-"
	}
	e := Effect{Kind: kindOf[family], Sign: sign, Object: x.Object, Detail: x.Detail, Does: does[x.Rule], Class: x.Class, Rule: x.Rule}
	if x.Rule == "system.flow" {
		e.Does = "see its streams"
	}
	return e
}

// jobs adds what changed of the jobs and of what limits them.
func (p *Plan) jobs() {
	byName := func(list []*schemas.Job) (map[string]*schemas.Job, []string) {
		out := map[string]*schemas.Job{}
		for _, j := range list {
			out[j.Job] = j
		}
		return out, slices.Sorted(maps.Keys(out))
	}
	was, names := byName(p.old.Catalog.Jobs)
	now, others := byName(p.now.Catalog.Jobs)
	add := func(rule, object, format string, args ...any) {
		p.Effects = append(p.Effects, effectOf(derive.Change{Class: derive.Safe, Rule: rule, Object: object, Detail: fmt.Sprintf(format, args...)}))
	}
	for _, name := range names {
		a, b := was[name], now[name]
		switch {
		case b == nil:
			add("job.removed", name, "it is no longer declared")
		case a.Every.Cron != b.Every.Cron:
			add("job.changed", name, "%q, now %q", a.Every.Cron, b.Every.Cron)
		case !derive.Same(a, b):
			add("job.changed", name, "how it runs")
		}
	}
	for _, name := range others {
		if was[name] == nil {
			add("job.added", name, "it is new")
		}
	}
	if !derive.Same(p.old.Catalog.Limits, p.now.Catalog.Limits) {
		add("job.limits", "limits", "how many run at the same time")
	}
}
