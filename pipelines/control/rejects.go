package control

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"rongtong/pipelines"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas"
	"rongtong/schemas/decl"
	"rongtong/schemas/fault"
	"rongtong/transforms"
)

// RejectCounts sums up what is in quarantine, by stream, rule and field.
func RejectCounts(ctx context.Context, o Options, f warehouse.RejectFilter) ([]warehouse.RejectCount, error) {
	w, err := o.warehouse(ctx)
	if err != nil {
		return nil, err
	}
	defer w.Close()
	return w.RejectCounts(ctx, f)
}

// RejectRows are records in quarantine, with the row as it may be shown.
func RejectRows(ctx context.Context, o Options, f warehouse.RejectFilter, limit int) ([]warehouse.RejectRow, error) {
	w, err := o.warehouse(ctx)
	if err != nil {
		return nil, err
	}
	defer w.Close()
	var out []warehouse.RejectRow
	for row, err := range w.Rejects(ctx, f, limit) {
		if err != nil {
			return nil, err
		}
		out = append(out, row)
	}
	return out, nil
}

// ReplayOptions say how records in quarantine are tried again.
type ReplayOptions struct {
	DryRun   bool
	Attempts int // in all; 0: pipelines.Attempts
	Progress func(pipelines.Replayed)
}

// ReplayRejects tries the chosen records again under the declarations of now.
// It is recorded among the runs unless it is a dry one.
func ReplayRejects(ctx context.Context, o Options, f warehouse.RejectFilter, ro ReplayOptions) (pipelines.Replayed, error) {
	d, err := o.live(ctx)
	if err != nil {
		return pipelines.Replayed{}, err
	}
	k, err := o.kafka(ctx)
	if err != nil {
		return pipelines.Replayed{}, err
	}
	defer k.Close()
	w, err := o.warehouse(ctx)
	if err != nil {
		return pipelines.Replayed{}, err
	}
	defer w.Close()
	r := &pipelines.Replay{Kafka: k, Warehouse: w, Store: w, Streams: d.Streams, Log: o.Log, DryRun: ro.DryRun, Attempts: ro.Attempts, Progress: ro.Progress}
	run := warehouse.Run{ID: pipelines.NewRunID("replay"), Job: "replay", Cause: "request", Started: time.Now(), State: "running"}
	if !ro.DryRun {
		if err := w.RecordRun(ctx, run); err != nil {
			return pipelines.Replayed{}, err
		}
	}
	done, err := r.Run(ctx, f)
	if ro.DryRun {
		return done, err
	}
	run.Finished, run.State, run.Detail = time.Now(), "ok", done.String()
	if err != nil {
		run.State, run.Error = "failed", err.Error()
	}
	if rerr := w.RecordRun(ctx, run); err == nil {
		err = rerr
	}
	return done, err
}

// RuleExplanation says of a rule, in words, what it judges, by what right, and what
// the people at the source can do.
type RuleExplanation struct {
	Rule       string        `json:"rule"`
	Reason     schemas.Label `json:"reason"`
	Hint       schemas.Label `json:"hint"`
	Standard   schemas.Label `json:"standard"`
	FoundBy    string        `json:"found_by"`             // connector, function or entity
	Replayable bool          `json:"replayable"`           // mending the mapping or the rule may let the record pass
	Entity     string        `json:"entity,omitempty"`     // that declares the rule
	Expression string        `json:"expression,omitempty"` // of an entity's rule
}

// ExplainRule explains a rule of the catalogue, of the connectors, or of an
// entity. A rule that nobody knows is fault.Config with a suggestion.
func ExplainRule(o Options, rule string) (RuleExplanation, error) {
	d, err := o.load()
	if err != nil {
		return RuleExplanation{}, err
	}
	for _, e := range d.Catalog.Entities {
		for _, r := range e.Rules {
			if r.Rule == rule {
				return explainEntity(e, r), nil
			}
		}
	}
	t, ok := transforms.RuleOf(rule)
	if !ok {
		return RuleExplanation{}, fault.Hint(fault.Config, decl.Suggest(rule, ruleIDs(d.Catalog)), "explaining %q: there is no such rule", rule)
	}
	x := RuleExplanation{Rule: rule, Reason: schemas.Label{Zh: t.Zh, En: t.En}, Hint: schemas.Label{Zh: t.HintZh, En: t.HintEn},
		FoundBy: "function", Replayable: !t.FoundByConnector}
	if t.FoundByConnector {
		x.FoundBy = "connector"
	}
	x.Standard.Zh, x.Standard.En = transforms.StandardOf(rule)
	return x, nil
}

func explainEntity(e *schemas.Entity, r *schemas.Rule) RuleExplanation {
	text := fmt.Sprintf("%s(%s)", r.Call, strings.Join(r.Of, ", "))
	switch r.Call {
	case schemas.LE:
		text = r.Of[0] + " <= " + r.Of[len(r.Of)-1]
	case schemas.Between:
		text = fmt.Sprintf("%s <= %s <= %s", bound(r.Min, "-∞"), r.Of[0], bound(r.Max, "∞"))
	case schemas.RequiredWhen:
		text = fmt.Sprintf("%s is there when %s = %q", r.Of[0], r.Of[len(r.Of)-1], r.Value)
	}
	return RuleExplanation{Rule: r.Rule, Reason: schemas.Label{Zh: r.Zh, En: r.En}, FoundBy: "entity", Replayable: true, Entity: e.Entity, Expression: text,
		Hint:     schemas.Label{Zh: "请按原因核对并改正该行；确属规则不当的，由管理员修改实体声明后重放", En: "check the row against the reason and send it again; if the rule is wrong, mend the entity's file and replay"},
		Standard: schemas.Label{Zh: fmt.Sprintf("主题实体“%s”的声明（%s:%d）", e.Name.Zh, r.Pos.File, r.Pos.Line), En: fmt.Sprintf("the declaration of entity %q (%s:%d)", e.Entity, r.Pos.File, r.Pos.Line)}}
}

func bound(v *float64, none string) string {
	if v == nil {
		return none
	}
	return fmt.Sprintf("%g", *v)
}

func ruleIDs(c *schemas.Catalog) []string {
	var out []string
	for _, t := range transforms.Rules() {
		out = append(out, t.Rule)
	}
	for _, e := range c.Entities {
		for _, r := range e.Rules {
			out = append(out, r.Rule)
		}
	}
	slices.Sort(out)
	return out
}
