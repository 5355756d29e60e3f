package control

import (
	"strings"
	"testing"

	"rongtong/pipelines/declared"
	"rongtong/schemas/derive"
)

// Every kind of difference has a place in a plan.
func TestEveryRuleHasAKind(t *testing.T) {
	for _, r := range derive.Rules {
		if e := effectOf(derive.Change{Rule: r.Rule}); e.Kind == "" {
			t.Errorf("the rule %q has no kind in a plan", r.Rule)
		}
	}
}

// What is exported declares what is in force, and stands for itself.
func TestExport(t *testing.T) {
	folder := t.TempDir()
	if _, err := Export(t.Context(), Options{}, folder, 0); err != nil {
		t.Fatal(err)
	}
	changes, err := Diff(Shipped, folder)
	if err != nil || len(changes) > 0 {
		t.Errorf("%v, %v", changes, err)
	}
	set, problems := setAt(folder)
	if len(problems) > 0 || len(set.Layers) != 1 || set.Layers[0].Shipped {
		t.Errorf("%d layers, %v", len(set.Layers), problems)
	}
	a, _ := Load("")
	b, _ := loadSet(set)
	if len(a.Streams) == 0 || len(a.Streams) != len(b.Streams) || !derive.Same(a.Catalog.Jobs, b.Catalog.Jobs) {
		t.Errorf("%d streams, now %d", len(a.Streams), len(b.Streams))
	}
	for i := range a.Streams {
		if a.Streams[i].Plan() != b.Streams[i].Plan() {
			t.Errorf("%s makes other rows", a.Streams[i].Topic)
		}
	}
}

// After an upgrade nothing changes by itself: a plan without a folder shows what
// the new program ships differently, and keeps the folder that lies on top.
func TestUpgrade(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	earlier, err := shipped() // by a program that knew an indicator less and a name more
	if err != nil {
		t.Fatal(err)
	}
	var gone string
	for i, l := range earlier.Layers {
		for p := range l.Files {
			if gone == "" && strings.HasPrefix(p, "indicators/") && strings.HasSuffix(p, "I-05-18.yaml") {
				gone = p
				delete(earlier.Layers[i].Files, p)
			}
		}
	}
	if gone == "" {
		t.Fatal("the indicator is not shipped any more")
	}
	own := declared.Layer{Name: "/etc/rongtong", Files: map[string][]byte{"systems/meters.yaml": nil, "themes/t9_test/meter.yaml": []byte(meterEntity)}}
	set, _ := setAt(h.Overlay)
	own.Files["systems/meters.yaml"] = set.Layers[0].Files["systems/meters.yaml"]
	earlier.Layers = append(earlier.Layers, own)
	store, err := declared.Open(ctx, h.k)
	if err != nil {
		t.Fatal(err)
	}
	w, err := store.Writer(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	v := declared.Describe(earlier)
	v.Number, v.State = 1, declared.Applied
	if err := w.Put(ctx, earlier, v); err != nil {
		t.Fatal(err)
	}
	o := h.Options
	o.Overlay = ""
	d, in, err := o.inForce(ctx, h.k)
	if err != nil || in.Number != 1 || d.Catalog.Indicator("I-05-18") != nil || d.Catalog.System("meters") == nil {
		t.Errorf("in force is version %d, %v", in.Number, err)
	}
	p, err := PlanDeclarations(ctx, o, Change{})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(p.Target, "ships") || !strings.Contains(p.Target, "/etc/rongtong of version 1") {
		t.Errorf("the target is %q", p.Target)
	}
	if len(p.Files) != 1 || p.Files[0].Path != gone || len(p.Effects) != 1 || p.Effects[0].Rule != "indicator.added" {
		t.Errorf("files %v, effects %v", p.Files, p.Effects)
	}
	if p.now.Catalog.System("meters") == nil {
		t.Error("the folder on top is gone")
	}
}
