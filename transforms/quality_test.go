package transforms

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"rongtong/schemas"
	"rongtong/schemas/decl"
	"rongtong/schemas/record"

	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// judged compiles an entity with one column per name and the given rules, whose
// columns are set by fields of the same names, and returns what becomes of each
// row: "ok", its flags, or the rule that rejects it.
func judged(t *testing.T, rules []*schemas.Rule, rows ...string) []string {
	t.Helper()
	e := &schemas.Entity{Entity: "judged", Key: []string{"id"}, Rules: rules}
	calls := map[schemas.Type]string{schemas.Int: "int", schemas.Measure: "number", schemas.Date: "date", schemas.Code12: "division_code", schemas.List: "split"}
	stream := &schemas.Stream{Name: "judged"}
	flow := &schemas.Flow{Stream: "judged", Entity: "judged"}
	for _, c := range []*schemas.Column{
		{Name: "id", Type: schemas.Text}, {Name: "n", Type: schemas.Int, Nullable: true}, {Name: "m", Type: schemas.Int, Nullable: true},
		{Name: "x", Type: schemas.Measure, Nullable: true}, {Name: "y", Type: schemas.Measure, Nullable: true}, {Name: "z", Type: schemas.Measure, Nullable: true},
		{Name: "from", Type: schemas.Date, Nullable: true}, {Name: "to", Type: schemas.Date, Nullable: true}, {Name: "word", Type: schemas.Text, Nullable: true},
		{Name: "division", Type: schemas.Code12, Nullable: true}, {Name: "divisions", Type: schemas.List}, {Name: "tiers", Type: schemas.List, List: "tier"},
	} {
		e.Columns = append(e.Columns, c)
		stream.Fields = append(stream.Fields, entryOf(c.Name, "text"))
		x := schemas.Expr{Field: c.Name}
		if call := calls[c.Type]; call != "" {
			x = schemas.Expr{Call: call, Of: []string{c.Name}}
		}
		flow.Set = append(flow.Set, entryOf(c.Name, x))
	}
	p, ps := compileFor(e, &schemas.System{System: "judged", Tier: "V"}, stream, flow)
	for _, x := range ps {
		t.Fatal(x)
	}
	chunk := &record.Chunk{}
	for i, row := range rows {
		fields := map[string]string{"id": fmt.Sprint(i)}
		for w := range strings.FieldsSeq(row) {
			k, v, _ := strings.Cut(w, "=")
			fields[k] = v
		}
		v, _ := json.Marshal(fields)
		chunk.Append(record.Envelope{Value: v, At: caseTime, Arrived: time.Date(2025, 12, 31, 8, 0, 0, 0, time.UTC)})
	}
	b := NewBatch(memory.DefaultAllocator, p)
	defer b.Release()
	out := make([]string, len(rows))
	for _, r := range p.Apply(b, chunk) {
		out[r.Index] = r.Rule
		if r.ReasonZh == "" || r.Field == "" {
			t.Errorf("reject without reason or field: %+v", r)
		}
	}
	rec := b.Take()
	defer rec.Release()
	flags, at := rec.Column(rec.Schema().FieldIndices("q_flags")[0]).(*array.Uint32), 0
	for i := range out {
		if out[i] == "" {
			out[i] = "ok"
			if f := Flag(flags.Value(at)); f != 0 {
				out[i] = f.String()
			}
			at++
		}
	}
	return out
}

func num64(f float64) *float64 { return &f }

// Every call of a rule, with rows on both sides of it.
func TestRuleCalls(t *testing.T) {
	for _, c := range []struct {
		rule schemas.Rule
		rows string // row -> result, one a line
	}{
		{schemas.Rule{Call: schemas.Between, Of: []string{"n"}, Min: num64(1), Max: num64(5)}, "n=1 -> ok; n=5 -> ok; n=0 -> r; n=6 -> r; m=6 -> ok"},
		{schemas.Rule{Call: schemas.Between, Of: []string{"x"}, Min: num64(0.5), Max: num64(1)}, "x=0.5 -> ok; x=0.4999 -> r; x=1.0001 -> r"},
		{schemas.Rule{Call: schemas.Between, Of: []string{"from"}, From: "1949-10-01", To: "2030-12-31"}, "from=1949-10-01 -> ok; from=1949-09-30 -> r; from=2031-01-01 -> r; to=1901-01-01 -> ok"},
		{schemas.Rule{Call: schemas.LE, Of: []string{"from", "to"}}, "from=2025-01-01 to=2025-01-01 -> ok; from=2025-01-02 to=2025-01-01 -> r; from=2025-01-02 -> ok; to=2025-01-02 -> ok"},
		{schemas.Rule{Call: schemas.Sum, Of: []string{"x", "y", "z"}}, "x=3 y=1 z=2 -> ok; x=3 y=1 z=2.0001 -> r; x=3 y=1 -> ok; y=1 z=1 -> ok; x=0 y=-1 z=1 -> ok"},
		{schemas.Rule{Call: schemas.Sum, Of: []string{"x", "y", "z"}, ToleranceAbs: num64(0.5)}, "x=3 y=1 z=2.5 -> ok; x=3 y=1 z=2.5001 -> r"},
		{schemas.Rule{Call: schemas.Sum, Of: []string{"n", "m"}, ToleranceRel: num64(0.1)}, "n=100 m=90 -> ok; n=100 m=89 -> r; n=-100 m=-110 -> ok"},
		{schemas.Rule{Call: schemas.RequiredWhen, Of: []string{"n", "word"}, Value: "yes"}, "word=yes n=1 -> ok; word=yes -> r; word=no -> ok; n=1 -> ok"},
		{schemas.Rule{Call: schemas.Listed, Of: []string{"tiers"}}, "tiers=P -> ok; tiers=Q -> r; n=1 -> ok"},
		{schemas.Rule{Call: schemas.Registered, Of: []string{"division"}}, "division=370102 -> ok; division=370102001002 -> ok; division=370103999 -> r; n=1 -> ok"},
		{schemas.Rule{Call: schemas.Registered, Of: []string{"divisions"}}, "divisions=370102001 -> ok; divisions=370102999 -> r; divisions=somewhere -> r"},
		{schemas.Rule{Call: schemas.WithinDays, Of: []string{"from"}, Max: num64(30)}, "from=2025-12-01 -> ok; from=2025-11-30 -> r; from=2026-03-01 -> ok"},
		{schemas.Rule{Call: schemas.Unique, Of: []string{"n", "word"}}, "n=1 word=a -> ok; n=1 word=b -> ok; n=1 word=a -> r; n=1 -> ok; n=1 -> ok"},
	} {
		var rows, want []string
		for line := range strings.SplitSeq(c.rows, "; ") {
			row, result, ok := strings.Cut(line, " -> ")
			if !ok {
				continue
			}
			rows, want = append(rows, row), append(want, result)
		}
		r := c.rule
		r.Rule, r.Zh, r.En = "r", "错", "wrong"
		if got := judged(t, []*schemas.Rule{&r}, rows...); !slices.Equal(got, want) {
			t.Errorf("%s %v:\n%q\n%v, want %v", r.Call, r.Of, rows, got, want)
		}
		r.Severity, r.Flag = schemas.FlagRow, "OUTLIER"
		for i, got := range judged(t, []*schemas.Rule{&r}, rows...) {
			if kept := strings.Replace(want[i], "r", "OUTLIER", 1); got != kept {
				t.Errorf("%s %v flagging: %q is %s, want %s", r.Call, r.Of, rows[i], got, kept)
			}
		}
	}
}

// A thing may come twice in a block with the same values; another one may not.
// A row that was rejected has taken nothing, and the next block starts afresh.
func TestUniqueIsAboutThings(t *testing.T) {
	rules := []*schemas.Rule{
		{Rule: "unique", Call: schemas.Unique, Of: []string{"word"}, Zh: "重", En: "twice"},
		{Rule: "range", Call: schemas.Between, Of: []string{"n"}, Min: num64(0), Max: num64(9), Zh: "超", En: "out"},
	}
	got := judged(t, rules, "id=a word=w", "id=a word=w", "id=b word=w", "id=c word=v n=10", "id=d word=v")
	if want := []string{"ok", "ok", "unique", "range", "ok"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// Several rules that flag all add their bits, and one that rejects still rejects.
func TestFlagsAddUp(t *testing.T) {
	rules := []*schemas.Rule{
		{Rule: "a", Call: schemas.Between, Of: []string{"n"}, Min: num64(0), Max: num64(9), Severity: schemas.FlagRow, Flag: "OUTLIER", Zh: "超", En: "out"},
		{Rule: "b", Call: schemas.LE, Of: []string{"n", "m"}, Severity: schemas.FlagRow, Flag: "SUM_MISMATCH", Zh: "超", En: "out"},
		{Rule: "c", Call: schemas.LE, Of: []string{"x", "y"}, Zh: "超", En: "out"},
	}
	got := judged(t, rules, "n=1 m=2", "n=10 m=20", "n=10 m=9", "n=10 m=9 x=2 y=1")
	if want := []string{"ok", "OUTLIER", "OUTLIER|SUM_MISMATCH", "c"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestStop(t *testing.T) {
	p := &Plan{entity: "e", stops: []*schemas.Rule{
		{Rule: "rows", Of: []string{"n"}, Stop: &schemas.Stop{Rows: 3}},
		{Rule: "share", Of: []string{"m"}, Stop: &schemas.Stop{Share: 0.5, Least: 10}},
	}}
	for _, c := range []struct {
		rule   string
		broken int
		of     int
		want   string
	}{
		{"rows", 3, 3, ""}, {"rows", 4, 1000, "rows"}, {"share", 9, 9, ""}, {"share", 5, 10, ""}, {"share", 6, 10, "share"}, {"another", 10, 10, ""},
	} {
		got := ""
		if s := p.Stop(c.of, func(rule string) int { return map[bool]int{true: c.broken}[rule == c.rule] }); s != nil {
			got = s.Rule.Rule
		}
		if got != c.want {
			t.Errorf("%d of %d break %q: stopped by %q, want %q", c.broken, c.of, c.rule, got, c.want)
		}
	}
}

// A threshold changes no row: the plan that it stopped is the plan that goes on.
func TestFingerprintOfRules(t *testing.T) {
	base := func() *schemas.Rule {
		return &schemas.Rule{Rule: "a", Call: schemas.Between, Of: []string{"n"}, Min: num64(0), Max: num64(9), Severity: schemas.StopLoad, Stop: &schemas.Stop{Rows: 5}}
	}
	first := fmt.Sprint(ruleParts(base())...)
	for name, c := range map[string]struct {
		change func(r *schemas.Rule)
		same   bool
	}{
		"threshold": {func(r *schemas.Rule) { r.Stop.Rows = 50 }, true},
		"wording":   {func(r *schemas.Rule) { r.Zh = "别的" }, true},
		"bound":     {func(r *schemas.Rule) { r.Max = num64(10) }, false},
		"tolerance": {func(r *schemas.Rule) { r.ToleranceAbs = num64(1) }, false},
		"severity":  {func(r *schemas.Rule) { r.Severity, r.Flag = schemas.FlagRow, "OUTLIER" }, false},
	} {
		r := base()
		c.change(r)
		if same := fmt.Sprint(ruleParts(r)...) == first; same != c.same {
			t.Errorf("a change of the %s: same %v, want %v", name, same, c.same)
		}
	}
}

// Rows of a stream that drops a prohibited field say so; dropping a name or a
// number is no such thing.
func TestProhibitedFieldsFlag(t *testing.T) {
	for _, c := range []struct {
		drop []string
		want Flag
	}{{nil, 0}, {[]string{"负责人身份证号"}, 0}, {[]string{"负责人", "宗教信仰"}, P5Dropped}} {
		e := &schemas.Entity{Entity: "e", Key: []string{"id"}, Columns: []*schemas.Column{{Name: "id", Type: schemas.Text}}}
		s := &schemas.Stream{Name: "s", Fields: decl.Map[string]{entryOf("id", "text")}, Drop: c.drop}
		p, ps := compileFor(e, &schemas.System{System: "x", Tier: "V"}, s, &schemas.Flow{Stream: "s", Entity: "e", Set: decl.Map[schemas.Expr]{entryOf("id", schemas.Expr{Field: "id"})}})
		if p == nil {
			t.Fatal(ps[0])
		}
		b := NewBatch(memory.DefaultAllocator, p)
		chunk := &record.Chunk{}
		chunk.Append(record.Envelope{Value: []byte(`{"id":"ａ"}`), At: caseTime})
		p.Apply(b, chunk)
		rec := b.Take()
		if got := Flag(rec.Column(rec.Schema().FieldIndices("q_flags")[0]).(*array.Uint32).Value(0)); got != c.want {
			t.Errorf("dropping %q: %s, want %s", c.drop, got, c.want)
		}
		rec.Release()
		b.Release()
	}
}
