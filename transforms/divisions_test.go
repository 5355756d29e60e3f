package transforms

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"rongtong/pipelines/systems"
	"rongtong/schemas"
	"rongtong/schemas/decl"
	"rongtong/schemas/divisions"
	"rongtong/schemas/record"

	"github.com/apache/arrow/go/v17/arrow/memory"
)

// remapper asks a flow with { call: division, system, at } what a code became.
type remapper struct {
	plan  *Plan
	batch *Batch
}

func newRemapper(t *testing.T, system string, args ...string) *remapper {
	t.Helper()
	x := schemas.Expr{Call: "division", Of: []string{"f0"}, Args: map[string]string{"system": system, "at": "f1"}}
	for _, a := range args {
		k, v, _ := strings.Cut(a, "=")
		x.Args[k] = v
	}
	stream := &schemas.Stream{Name: "script", Fields: nil}
	for _, f := range []string{"f0", "f1"} {
		stream.Fields = append(stream.Fields, entryOf(f, "text"))
	}
	p := compileOne(t, x, &schemas.Column{Name: "out", Type: schemas.Code12, Nullable: true}, stream)
	b := NewBatch(memory.DefaultAllocator, p)
	t.Cleanup(b.Release)
	return &remapper{p, b}
}

// ask returns the division, or the reject.
func (m *remapper) ask(t *testing.T, code string, at time.Time) (string, *Reject) {
	t.Helper()
	v, _ := json.Marshal(map[string]string{"f0": code, "f1": at.Format(time.DateOnly)})
	chunk := &record.Chunk{}
	chunk.Append(record.Envelope{Value: v, At: caseTime})
	rejects := m.plan.Apply(m.batch, chunk)
	rec := m.batch.Take()
	defer rec.Release()
	if len(rejects) == 1 {
		return "", &rejects[0]
	}
	return Written(rec.Column(1), 0), nil
}

func rowsOf(t *testing.T, data []byte) []map[string]string {
	t.Helper()
	all, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []map[string]string
	for _, r := range all[1:] {
		m := map[string]string{}
		for i, name := range all[0] {
			m[name] = r[i]
		}
		out = append(out, m)
	}
	return out
}

// Every change of counties: the old code on the day before it went out of use
// is today's division where one took it over whole, and a question with all
// candidates where several did; on the day after, it is not valid any more.
func TestEveryCountyChange(t *testing.T) {
	h, err := divisions.LoadHistory()
	if err != nil {
		t.Fatal(err)
	}
	gb6 := newRemapper(t, divisions.GB6)
	rows := rowsOf(t, divisions.CountyHistoryCSV())
	if len(rows) != 84 {
		t.Fatalf("%d lines, want 84", len(rows))
	}
	moved, asked := 0, 0
	for _, r := range rows {
		if r["op"] != "retired" {
			continue
		}
		end, _ := time.Parse(time.DateOnly, r["mca_snapshot_year"]+"-12-31")
		got, reject := gb6.ask(t, r["code"], end.AddDate(0, 0, -1))
		want, err := h.Successors(divisions.GB6, r["code"], end.AddDate(0, 0, -1), time.Now())
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case len(want) == 1 && want[0].Known:
			moved++
			if got != want[0].Code {
				t.Errorf("%s %s: %q, want %s", r["code"], r["name"], got, want[0].Code)
			}
		default:
			asked++
			if reject == nil || reject.Rule != ruleDivisionAmbiguous && reject.Rule != ruleDivisionRetired || reject.Review == nil || len(reject.Review.Candidates) != len(want) {
				t.Errorf("%s %s: %q %+v, want a question with %d candidates", r["code"], r["name"], got, reject, len(want))
			}
		}
		if len(want) == 1 && want[0].Code == r["code"]+"000000" {
			continue // a new name only
		}
		if _, reject := gb6.ask(t, r["code"], end.AddDate(0, 0, 1)); reject == nil || reject.Rule != ruleDivisionNotValid {
			t.Errorf("%s %s is answered after it went out of use: %+v", r["code"], r["name"], reject)
		}
	}
	if moved < 30 || moved+asked < 40 {
		t.Errorf("%d moved, %d asked: too few to mean anything", moved, asked)
	}
	t.Logf("%d codes moved, %d are questions", moved, asked)
}

// Every change of townships: where the comparison found the statistical code,
// that is the answer, and never the neighbour that has the same digits there.
func TestEveryTownshipChange(t *testing.T) {
	reg, err := divisions.Load()
	if err != nil {
		t.Fatal(err)
	}
	mca9 := newRemapper(t, divisions.MCA9)
	rows := rowsOf(t, divisions.TownshipChangesCSV())
	if len(rows) != 119 {
		t.Fatalf("%d lines, want 119", len(rows))
	}
	later := map[string]bool{} // codes that changed again
	for _, r := range rows {
		later[r["old_code"]+r["year"]] = true
	}
	answered, asked, permuted := 0, 0, 0
	for _, r := range rows {
		if r["new_code"] == "" {
			continue
		}
		at, _ := time.Parse(time.DateOnly, r["year"]+"-12-31")
		got, reject := mca9.ask(t, r["new_code"], at)
		digits := r["new_code"] + "000"
		neighbour, permutes := strings.CutPrefix(r["nbs2023_check"], "code_is_")
		if permutes {
			permuted++
			if d, ok := reg.Lookup(digits); !ok || d.Name != neighbour {
				t.Errorf("%s: the register has %q under these digits", r["new_code"], d.Name)
			}
			if got == digits {
				t.Errorf("%s %s became its neighbour %s", r["new_code"], r["new_name"], neighbour)
			}
		}
		if reject != nil {
			asked++
			if reject.Rule == ruleDivisionFormat || r["nbs2023_check"] == "same" {
				t.Errorf("%s %s: %s", r["new_code"], r["new_name"], reject.Rule)
			}
			continue
		}
		answered++
		if d, _ := reg.Lookup(got); d.Name != r["new_name"] && !slices.ContainsFunc(rows, func(x map[string]string) bool { return x["old_code"] == r["new_code"] && x["year"] > r["year"] }) {
			t.Errorf("%s %s became %s %s", r["new_code"], r["new_name"], got, d.Name)
		}
	}
	if permuted != 17 {
		t.Errorf("%d permuted codes, want 17", permuted)
	}
	t.Logf("%d answered, %d questions, %d permuted", answered, asked, permuted)
}

// One source writes civil affairs codes, another statistical ones: the same
// townships come out.
func TestCodeSystemTrap(t *testing.T) {
	mca9, nbs12 := newRemapper(t, divisions.MCA9), newRemapper(t, divisions.NBS12)
	at := time.Date(2021, 6, 30, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct{ name, mca9, nbs12 string }{
		{"曹范街道", "370114012", "370114015"},
		{"白云湖街道", "370114015", "370114013"},
		{"高官寨街道", "370114014", "370114012"},
		{"宁家埠街道", "370114013", "370114014"},
		{"蓝村街道", "370215009", "370215010"},
		{"灵山街道", "370215010", "370215009"},
	} {
		a, r := mca9.ask(t, c.mca9, at)
		b, _ := nbs12.ask(t, c.nbs12, at)
		if a != b || a == "" {
			t.Errorf("%s: mca9 %s is %q (%+v), nbs12 %s is %q", c.name, c.mca9, a, r, c.nbs12, b)
		}
	}
}

// A question names the candidates with their shares, or says that none is known.
func TestReviewListsCandidates(t *testing.T) {
	gb6 := newRemapper(t, divisions.GB6)
	_, reject := gb6.ask(t, "371202", time.Date(2005, 6, 1, 0, 0, 0, 0, time.UTC))
	if reject == nil || reject.Review == nil {
		t.Fatalf("no review: %+v", reject)
	}
	v := reject.Review
	if v.CodeSystem != divisions.GB6 || v.Code != "371202" || v.At.String() != "2005-06-01" || v.Status != "ambiguous" || len(v.Candidates) != 2 || v.Reason == "" {
		t.Errorf("%+v", v)
	}
	for _, c := range v.Candidates {
		if c.Known {
			t.Errorf("a share was made up: %+v", c)
		}
	}
	if _, reject := gb6.ask(t, "37010", time.Time{}.AddDate(2019, 0, 0)); reject == nil || reject.Review != nil {
		t.Errorf("a malformed code is no question: %+v", reject)
	}
}

// What a person decided answers where the history does not, from the day and
// until the day that the decision names, for every way to write the code; it
// never answers against the history. It is part of the fingerprint.
func TestDecisions(t *testing.T) {
	const file = `decisions:
  - { code_system: gb6, code: "371202", from: 2004-01-01, to: 2006-01-01, division_code: "370116000000", document: 文, decided_by: 市民政局区划岗 }
  - { code_system: gb6, code: "370102", from: 2000-01-01, division_code: "370103000000", document: 文, decided_by: 市民政局区划岗 }
  - { code_system: mca9, code: "370102001", from: 2000-01-01, division_code: "370102001000", document: 文, decided_by: 市民政局区划岗 }
  - { code_system: police15, code: "370102001002001", from: 2000-01-01, division_code: "370102001002", document: 文, decided_by: 市公安局地址岗 }
`
	c, ps := schemas.Load(schemas.FS, systems.FS, fstest.MapFS{"decisions/jinan.yaml": {Data: []byte(file)}})
	if len(ps) > 0 {
		t.Fatal(ps[0])
	}
	plan := func(c *schemas.Catalog, system string) *Plan {
		x := schemas.Expr{Call: "division", Of: []string{"f0"}, Args: map[string]string{"system": system, "at": "f1"}}
		e := &schemas.Entity{Entity: "script", Key: []string{"key"}, Columns: []*schemas.Column{{Name: "key", Type: schemas.Text}, {Name: "out", Type: schemas.Code12, Nullable: true}}}
		f := &schemas.Flow{Stream: "script", Entity: "script", Set: decl.Map[schemas.Expr]{
			entryOf("key", schemas.Expr{Call: "const", Args: map[string]string{"value": ""}}), entryOf("out", x)}}
		s := &schemas.Stream{Name: "script", Fields: decl.Map[string]{entryOf("f0", "text"), entryOf("f1", "text")}}
		p, ps := CompileFor(c, e, &schemas.System{System: "script", Tier: "V"}, s, f)
		if p == nil {
			t.Fatal(ps[0])
		}
		return p
	}
	for _, q := range []struct{ system, code, at, want string }{
		{divisions.GB6, "371202", "2005-06-01", "370116000000"},
		{divisions.GB6, "371202000000", "2005-06-01", "370116000000"},
		{divisions.GB6, "371202", "2003-12-31", ruleDivisionAmbiguous},
		{divisions.GB6, "371202", "2006-01-01", ruleDivisionAmbiguous},
		{divisions.GB6, "370102", "2005-06-01", "370102000000"}, // the history knows better
		{divisions.MCA9, "370102001", "2020-06-01", "370102001000"},
		{divisions.MCA9, "370102002", "2020-06-01", ruleDivisionUnconfirmed},
		{divisions.Police15, "370102001002001", "2020-06-01", "370102001002"},
		{divisions.Police15, "370102001002002", "2020-06-01", ruleDivisionUnknown},
		{divisions.Police15, "37", "2020-06-01", ruleDivisionFormat},
	} {
		p := plan(c, q.system)
		m := &remapper{p, NewBatch(memory.DefaultAllocator, p)}
		at, _ := time.Parse(time.DateOnly, q.at)
		got, reject := m.ask(t, q.code, at)
		if reject != nil {
			got = reject.Rule
		}
		if got != q.want {
			t.Errorf("%s %s at %s: %s, want %s", q.system, q.code, q.at, got, q.want)
		}
		m.batch.Release()
	}
	if plan(c, divisions.GB6).Fingerprint() == plan(shipped(), divisions.GB6).Fingerprint() {
		t.Error("a decision changes no fingerprint")
	}
	if plan(c, divisions.NBS12).Fingerprint() != plan(shipped(), divisions.NBS12).Fingerprint() {
		t.Error("a decision about other systems changes the fingerprint")
	}
}
