package divisions

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

func resolve(t testing.TB, system, code, at string) Resolution {
	t.Helper()
	r, err := history(t).Resolve(system, code, day(at))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func codesOf(s []Successor) string {
	var out []string
	for _, x := range s {
		share := "?"
		if x.Known {
			share = fmt.Sprint(x.Share)
		}
		if x.Above {
			share = "above"
		}
		out = append(out, strings.TrimSuffix(x.Code, "000000")+"="+share)
	}
	return strings.Join(out, " ")
}

func TestResolve(t *testing.T) {
	for _, c := range []struct {
		system, code, at string
		status           Status
		to, candidates   string
	}{
		// A code before, in and after its time, and one that keeps its digits.
		{GB6, "371202", "2018-06-01", Moved, "370116000000", ""},
		{GB6, "371202", "2005-06-01", Ambiguous, "", "370117=? 370116=?"},
		{GB6, "371202", "2019-06-01", NotValid, "", "370116=1"},
		{GB6, "370116", "2017-06-01", NotValid, "", "370116=1"},
		{GB6, "370116", "2018-12-28", Exact, "370116000000", ""}, // approved, not yet in the tables
		{GB6, "371202", "2018-12-28", Moved, "370116000000", ""}, // and the old code still is
		{GB6, "371324", "2013-06-01", Exact, "371324000000", ""},
		{GB6, "370102", "2013-06-01", Exact, "370102000000", ""}, // no history
		{GB6, "371200", "2010-06-01", Moved, "370100000000", ""},
		{GB6, "371081", "2010-06-01", Ambiguous, "", "371002=? 371003=?"},
		{GB6, "370176", "2020-06-01", Unknown, "", ""}, // a statistical unit is not in GB/T 2260
		{NBS12, "370176", "2020-06-01", Exact, "370176000000", ""},
		{GB6, "379999", "2020-06-01", Unknown, "", ""},
		// Every part of 胶南市 came to 黄岛区, however large the parts were.
		{GB6, "370284", "2000-06-01", Moved, "370211000000", ""},
		// Chains.
		{GB6, "372301", "1999-06-01", Moved, "371602000000", ""},
		{GB6, "372325", "1999-06-01", Moved, "371603000000", ""},
		{GB6, "372330", "1999-06-01", Moved, "371681000000", ""},
		{GB6, "370802", "1990-06-01", Moved, "370811000000", ""},
		// Statistics: villages of a recoded county are known no deeper than it.
		{NBS12, "371202001001", "2015-06-01", Ambiguous, "", "370116=above"},
		{NBS12, "370114001000", "2010-06-01", NotValid, "", "370114=above"},
		{NBS12, "370102001002", "2020-06-01", Exact, "370102001002", ""},
		{NBS12, "370883104210", "2022-12-01", Unknown, "", ""},
		// mca9: the digits of the statistical register are no answer.
		{MCA9, "370102001", "2020-06-01", Unconfirmed, "", "370102001000=?"},
		{MCA9, "370211015", "2021-06-01", Unknown, "", ""}, // nbs12 370211015 is 张家楼, mca9 370211014
		{MCA9, "370102999", "2020-06-01", Unknown, "", ""},
		{MCA9, "370215400", "2020-06-01", Unknown, "", ""}, // civil affairs has no quasi townships
		{MCA9, "370114103", "2017-06-01", Moved, "370114015000", ""},
		{MCA9, "370114103", "2018-06-01", NotValid, "", "370114015000=1"},
		{MCA9, "370686106", "2019-06-01", Moved, "370611105000", ""},
		{MCA9, "371103106", "2013-06-01", Moved, "371102104000", ""},
		{MCA9, "370125107", "2015-06-01", Moved, "370115003000", ""},
		{MCA9, "371721104", "2019-06-01", Retired, "", ""},
		{MCA9, "370704009", "2022-06-01", Unknown, "", "370704=above"},
		{MCA9, "370190004", "2018-06-01", Unconfirmed, "", "370176005000=1"},
		{MCA9, "371202", "2018-06-01", Moved, "370116000000", ""},
		{MCA9, "371202001", "2015-06-01", Ambiguous, "", "370116=above"},
		{Police15, "370102001002001", "2020-06-01", Unknown, "", ""},
	} {
		r := resolve(t, c.system, c.code, c.at)
		to := ""
		if r.Division != nil {
			to = r.Division.Code
		}
		if r.Status != c.status || to != c.to || codesOf(r.Candidates) != c.candidates || r.Reason == "" {
			t.Errorf("%s %s at %s: %s %q %q (%s), want %s %q %q", c.system, c.code, c.at, r.Status, to, codesOf(r.Candidates), r.Reason, c.status, c.to, c.candidates)
		}
	}
}

func TestResolveErrors(t *testing.T) {
	h := history(t)
	for _, c := range []struct {
		system, code string
		want         error
	}{
		{"nbs17", "370102", ErrSystem}, {NBS12, "37010", ErrFormat}, {NBS12, "370102000002", ErrFormat},
		{MCA9, "370102001002", ErrFormat}, {GB6, "370102001", ErrFormat}, {Police15, "370102", ErrFormat},
		{NBS12, "3.70102E+11", ErrFormat}, {NBS12, "", ErrFormat}, {NBS12, "000000", ErrFormat},
	} {
		if _, err := h.Resolve(c.system, c.code, day("2020-01-01")); !errors.Is(err, c.want) {
			t.Errorf("%s %q: %v, want %v", c.system, c.code, err, c.want)
		}
		if a := h.ResolveBytes(c.system, []byte(c.code), 20200101); a.Status != Malformed || a.OK() {
			t.Errorf("%s %q: %+v, want malformed", c.system, c.code, a)
		}
	}
}

// Every township change of the file: what the comparison with the statistical
// register found is what the compiled history answers.
func TestEveryTownshipChange(t *testing.T) {
	h := history(t)
	rows, err := parseTownships(townshipChanges)
	if err != nil {
		t.Fatal(err)
	}
	same, other, absent, none := 0, 0, 0, 0
	for _, r := range rows {
		if r.new != 0 {
			checkNew(t, h, r)
		}
		if r.old != 0 && r.new == 0 {
			if a, _ := h.lookup(MCA9, r.old, r.validFrom-1); a.Status != Retired {
				t.Errorf("line %d: %s %s is %s the day before it was abolished", r.line, text(r.old), r.oldName, a.Status)
			}
		}
		if r.old != 0 && r.old != r.new {
			if a, _ := h.lookup(MCA9, r.old, r.validFrom); a.OK() {
				t.Errorf("line %d: %s is answered after it went out of use", r.line, text(r.old))
			}
		}
		if r.old != 0 && r.new != 0 {
			x, _ := h.lookup(MCA9, r.old, r.validFrom-1)
			y, _ := h.lookup(MCA9, r.new, r.validFrom)
			if x.Index != y.Index {
				t.Errorf("line %d: the old and the new code lead to different divisions", r.line)
			}
		}
		switch {
		case r.check == "same":
			same++
		case strings.HasPrefix(r.check, "code_is_"):
			other++
		case r.check == "code_absent":
			absent++
		default:
			none++
		}
	}
	if len(rows) != 119 || same != 73 || other != 17 || absent != 20 || none != 9 {
		t.Errorf("%d changes: %d same, %d other, %d absent, %d not compared; want 119: 73, 17, 20, 9", len(rows), same, other, absent, none)
	}
}

func checkNew(t *testing.T, h *History, r townshipRow) {
	t.Helper()
	a, p := h.lookup(MCA9, r.new, r.validFrom)
	if p == nil || p.name != r.newName {
		t.Errorf("line %d: %s does not mean %s at %s", r.line, text(r.new), r.newName, r.validFrom)
		return
	}
	at := ""
	if a.OK() {
		d := h.reg.At(int(a.Index))
		at = d.Code
		if d.Name != p.name {
			// A later change renamed or recoded it again.
			if len(p.refs) < 2 {
				t.Errorf("line %d: %s is answered with %s %s", r.line, r.newName, d.Code, d.Name)
			}
		}
	}
	digits, held := h.reg.Lookup(text(r.new))
	switch {
	case r.check == "same":
		if at != text(r.new) || a.Status != Exact {
			t.Errorf("line %d: %s is %s %s, want itself", r.line, text(r.new), a.Status, at)
		}
	case strings.HasPrefix(r.check, "code_is_"):
		if !held || digits.Name != strings.TrimPrefix(r.check, "code_is_") {
			t.Errorf("line %d: the register has %q under these digits, the file says %s", r.line, digits.Name, r.check)
		}
		if at == text(r.new) {
			t.Errorf("line %d: %s %s is answered with its neighbour %s", r.line, text(r.new), r.newName, digits.Name)
		}
	case r.check == "code_absent" && held:
		t.Errorf("line %d: %s is in the register", r.line, text(r.new))
	}
	if r.check != "" && r.nbs == 0 && a.OK() {
		t.Errorf("line %d: nothing says what %s is, and yet it is %s", r.line, text(r.new), at)
	}
}

// The trap of equal digits, in both directions of the two best known cases.
func TestPermutedCodes(t *testing.T) {
	for mca, want := range map[string]string{
		"370114012": "370114015000 曹范街道", "370114013": "370114014000 宁家埠街道",
		"370114014": "370114012000 高官寨街道", "370114015": "370114013000 白云湖街道",
		"370215009": "370215010000 蓝村街道", "370215010": "370215009000 灵山街道",
	} {
		r := resolve(t, MCA9, mca, "2021-06-01")
		if r.Division == nil || r.Division.Code+" "+r.Division.Name != want || r.MatchKind != MatchName {
			t.Errorf("mca9 %s is %+v, want %s", mca, r.Division, want)
		}
		if n := resolve(t, NBS12, mca, "2021-06-01"); n.Division == nil || n.Division.Code[:9] != mca || n.Division.Name == r.Name {
			t.Errorf("nbs12 %s is %+v", mca, n.Division)
		}
	}
	r := resolve(t, MCA9, "370114012", "2015-06-01")
	if r.Status != NotValid || r.Division != nil || r.ValidFrom != 20170101 {
		t.Errorf("the code of 2017 is answered in 2015: %+v", r)
	}
}

// No mca9 code of the province, mentioned anywhere or not, is ever answered with
// the same digits unless a document stands behind it.
func TestDigitsAreNoEvidence(t *testing.T) {
	h := history(t)
	documented := map[string]bool{}
	for _, l := range h.Crosswalk() {
		if l.Match == MatchDocument {
			documented[l.FromCode] = true
		}
	}
	for d := range h.reg.All(Township) {
		for _, at := range []Date{19990101, 20150601, 20180601, 20230630} {
			a := h.ResolveBytes(MCA9, []byte(d.Code[:9]), at)
			if a.OK() && int(a.Index) == d.Index && !documented[d.Code[:9]] {
				t.Errorf("mca9 %s at %s is answered with its own digits", d.Code[:9], at)
			}
		}
	}
}

func TestConfirm(t *testing.T) {
	h := history(t)
	for _, c := range []struct{ code, name, to string }{
		{"370102001", "解放路街道", "370102001000"},
		{"370102008", "泉城路街道", "370102004000"}, // other digits, the name decides
		{"370102001", "没有的街道", ""},
		{"370114099", "曹范街道", ""}, // is mca9 370114012
		{"370102001", "", ""},
	} {
		r := h.Confirm(resolve(t, MCA9, c.code, "2021-06-01"), c.name)
		to := ""
		if r.Division != nil {
			to = r.Division.Code
		}
		if to != c.to {
			t.Errorf("%s %s: %q, want %q", c.code, c.name, to, c.to)
		}
	}
}

// Every line of the county history stands in exactly one change, or, for a new
// code that several old ones joined, in each of theirs.
func TestEveryCountyLine(t *testing.T) {
	h := history(t)
	rows, err := parseCounty(countyHistory)
	if err != nil || len(rows) != 84 {
		t.Fatalf("%d rows, want 84: %v", len(rows), err)
	}
	at := map[int][]Change{}
	for _, c := range h.Changes() {
		if c.From == countyFile {
			for _, l := range c.Lines {
				at[l] = append(at[l], c)
			}
		}
	}
	for _, r := range rows {
		if len(at[r.line]) == 0 {
			t.Errorf("line %d: no change holds it", r.line)
		}
		for _, c := range at[r.line] {
			if c.Document != r.document || c.ApprovedOn != r.approved || c.CodeValidFrom != r.validFrom {
				t.Errorf("line %d: %s has other documents or dates", r.line, c.ID)
			}
			if r.op != "created" && c.old != r.code && c.new != r.code || r.op == "created" && c.new != r.code {
				t.Errorf("line %d: %s is about other codes", r.line, c.ID)
			}
			if r.op != "created" && len(r.to) > 0 && !slices.Contains(r.to, c.new) {
				t.Errorf("line %d: %s leads to %s", r.line, c.ID, c.New)
			}
		}
		a, _ := h.lookup(GB6, r.code, r.validFrom)
		before, _ := h.lookup(GB6, r.code, r.validFrom-1)
		renamed := r.code == 370911e6 || r.code == 371324e6
		switch {
		case r.op == "retired" && !renamed && (a.Status != NotValid || before.Status == NotValid):
			t.Errorf("line %d: %s is %s the day before and %s after", r.line, text(r.code), before.Status, a.Status)
		case r.op == "created" && a.Status == NotValid:
			t.Errorf("line %d: %s is not valid from its own date", r.line, text(r.code))
		}
	}
}

// Every code that was ever valid leads into the register, or is said not to.
func TestEveryChainEnds(t *testing.T) {
	h := history(t)
	for code, ps := range h.counties {
		for _, p := range ps {
			for _, x := range p.held {
				if !h.reg.Has(text(x.code)) {
					t.Errorf("%s leads to %s, which the register does not hold", text(code), text(x.code))
				}
			}
			if p.answer.Status == Unknown || len(p.held) == 0 {
				t.Errorf("%s is %s", text(code), p.answer.Status)
			}
		}
	}
	for code, ps := range h.townships {
		for _, p := range ps {
			ok := p.answer.OK() || p.answer.Status == Retired || p.reason != "" && len(p.held) > 0
			if !ok {
				t.Errorf("%s of %s ends nowhere and says nothing", text(code), p.name)
			}
		}
	}
}

func TestSuccessors(t *testing.T) {
	h := history(t)
	for _, c := range []struct{ system, code, from, to, want string }{
		{GB6, "371202", "2007-01-01", "2026-01-01", "370116=1"},
		{GB6, "371202", "1999-01-01", "2026-01-01", "370117=? 370116=?"},
		{GB6, "372923", "1999-01-01", "2026-01-01", "371703=1"},
		{GB6, "372923", "1999-01-01", "2010-01-01", "371727=1"},
		{GB6, "371081", "1999-01-01", "2026-01-01", "371002=? 371003=?"},
		{GB6, "370684", "1999-01-01", "2026-01-01", "370614=1"},
		{GB6, "370634", "1999-01-01", "2026-01-01", "370614=1"},
		{GB6, "370102", "1999-01-01", "2026-01-01", "370102=1"},
		{GB6, "371102", "1999-01-01", "2026-01-01", "371102=? 371103=?"},
		{MCA9, "370181101", "2010-01-01", "2016-01-01", "370181007000=1"},
		{MCA9, "370181101", "2010-01-01", "2026-01-01", "370114=above"},
		{MCA9, "371721104", "2010-01-01", "2026-01-01", ""},
		{MCA9, "370686106", "2010-01-01", "2026-01-01", "370611111000=1"},
	} {
		got, err := h.Successors(c.system, c.code, day(c.from), day(c.to))
		if err != nil || codesOf(got) != c.want {
			t.Errorf("%s %s from %s to %s: %q %v, want %q", c.system, c.code, c.from, c.to, codesOf(got), err, c.want)
		}
	}
}

// Three steps: a township is recoded, its county is recoded, and the statistical
// register has the result under digits of its own.
func TestThreeSteps(t *testing.T) {
	r := resolve(t, MCA9, "370125102", "2015-06-01")
	var steps []string
	for _, c := range r.Changes {
		steps = append(steps, c.Old[:9]+">"+c.New[:9])
	}
	if got := strings.Join(steps, " ") + " ~ " + r.Division.Code; got != "370125102>370125003 370125000>370115000 ~ 370115004000" {
		t.Error(got)
	}
}

// Shares that are known add up to the whole, and where one code becomes one
// code and nothing else becomes it, the way back is unique.
func TestSharesAndReversal(t *testing.T) {
	h := history(t)
	back, forward := map[string][]string{}, map[string]string{}
	for code := range h.counties {
		for _, at := range []string{"1999-12-31", "2005-06-01", "2013-06-01", "2017-06-01"} {
			got, err := h.Successors(GB6, text(code)[:6], day(at), day("2026-01-01"))
			if err != nil {
				t.Fatal(err)
			}
			sum, known := 0.0, true
			for _, s := range got {
				sum, known = sum+s.Share, known && s.Known
			}
			if known && math.Abs(sum-1) > 1e-12 {
				t.Errorf("%s from %s: known shares add up to %g", text(code), at, sum)
			}
			if at == "1999-12-31" && len(got) == 1 && h.counties[code][0].accept == 0 {
				forward[text(code)] = got[0].Code
				back[got[0].Code] = append(back[got[0].Code], text(code))
			}
		}
	}
	single := 0
	for from, to := range forward {
		if len(back[to]) == 1 {
			single++
			if back[to][0] != from {
				t.Errorf("%s → %s → %s", from, to, back[to][0])
			}
		}
	}
	if single < 30 {
		t.Errorf("%d reversible codes, want at least 30", single)
	}
	to := map[string]string{}
	for _, l := range h.Crosswalk() {
		if other, ok := to[l.ToCode]; ok {
			t.Errorf("%s and %s of mca9 are both %s", other, l.FromCode, l.ToCode)
		}
		to[l.ToCode] = l.FromCode
		if l.Confidence <= 0 || l.Confidence > 1 || l.FromName != l.ToName {
			t.Errorf("the link from %s is not one: %+v", l.FromCode, l)
		}
	}
}

func TestVariants(t *testing.T) {
	var got []string
	for _, v := range register(t).Variants() {
		got = append(got, fmt.Sprint(v.Name, " ", v.Townships, " ", v.Computed))
	}
	if s := strings.Join(got, "; "); s != "mca-2023 1825 false; nbs-2023-06-30 1853 true; nbs-2023-06-30-civil 1813 true" {
		t.Error(s)
	}
	// Stations at 2022-09 on the three denominators: the figure is the register's.
	if a, b := 1739/1825.0*100, 1739/1853.0*100; fmt.Sprintf("%.2f %.2f", a, b) != "95.29 93.85" {
		t.Errorf("%.2f %.2f", a, b)
	}
	civil, all := 0, 0
	for range register(t).Counties(true) {
		civil++
	}
	for range register(t).Counties(false) {
		all++
	}
	if civil != 136 || all != 151 {
		t.Errorf("%d and %d counties, want 136 and 151", civil, all)
	}
	down := 0
	for d := range register(t).Down("370000000000", Township, Civil) {
		if d.Tier != Township || d.Kind != Civil {
			t.Errorf("%s is %s %s", d.Code, d.Tier, d.Kind)
		}
		down++
	}
	if down != 1813 {
		t.Errorf("%d civil townships below the province, want 1813", down)
	}
	if p := register(t).Path("370102001002"); len(p) != 5 || p[0].Tier != Province || p[4].Code != "370102001002" {
		t.Errorf("path %v", p)
	}
}

// The short and the long answer are the same, for every code and many dates.
func TestMapperAgrees(t *testing.T) {
	h := history(t)
	for _, at := range []string{"1999-01-01", "2013-12-31", "2017-06-01", "2024-01-01"} {
		for _, system := range []string{NBS12, MCA9, GB6} {
			m, err := h.Mapper(system, day(at))
			if err != nil {
				t.Fatal(err)
			}
			for _, set := range []map[uint64][]period{h.counties, h.townships} {
				for n := range set {
					code := text(n)
					r, err := h.Resolve(system, code, day(at))
					a := m.Map([]byte(code))
					if err != nil {
						if a.Status != Malformed {
							t.Errorf("%s %s: %v and %s", system, code, err, a.Status)
						}
						continue
					}
					to, ok := "", a.OK()
					if ok {
						to = h.reg.CodeAt(a.Index)
					}
					if a.Status != r.Status || ok != (r.Division != nil) || ok && to != r.Division.Code || ok != (a.Status == Exact || a.Status == Moved) {
						t.Errorf("%s %s at %s: %s and %s, %q", system, code, at, a.Status, r.Status, to)
					}
				}
			}
		}
	}
	if _, err := h.Mapper("local", day("2020-01-01")); !errors.Is(err, ErrSystem) {
		t.Errorf("a mapper for an unknown system: %v", err)
	}
}

func TestResolveAllocations(t *testing.T) {
	h := history(t)
	m, _ := h.Mapper(MCA9, day("2019-01-01"))
	codes := [][]byte{[]byte("370114012"), []byte("371202001001"), []byte("371202"), []byte("370102001"), []byte("x")}
	n := testing.AllocsPerRun(100, func() {
		for _, c := range codes {
			m.Map(c)
			h.ResolveBytes(NBS12, c, 20150601)
			h.ResolveBytes(GB6, c, 20150601)
		}
	})
	if n != 0 {
		t.Errorf("resolving allocates %v times", n)
	}
}

// A damaged file is an error that names the file and the line.
func TestBrokenFiles(t *testing.T) {
	r := register(t)
	swap := func(data []byte, from, to string) []byte {
		out := strings.Replace(string(data), from, to, 1)
		if out == string(data) {
			t.Fatalf("%q is not in the file", from)
		}
		return []byte(out)
	}
	c, w, x := countyHistory, townshipChanges, supplement
	for _, b := range []struct {
		what                    string
		county, township, extra []byte
		want                    string
	}{
		{"no header", swap(c, "mca_snapshot_year", "year"), w, x, countyFile},
		{"operation", swap(c, "2000,retired", "2000,vanished"), w, x, "line 2"},
		{"code", swap(c, ",370911,郊区", ",37091,郊区"), w, x, "line 2"},
		{"date", swap(c, "2000-04-19", "2000-04-31"), w, x, "line 2"},
		{"successors", swap(c, "371003;371002", "371003;"), w, x, "line 54"},
		{"township code", c, swap(w, "370203028", "37020302"), x, "line 2"},
		{"comparison", c, swap(w, ",same,", ",equal,"), x, "line 3"},
		{"year", c, swap(w, "\n2021,", "\n21,"), x, "line 2"},
		{"supplement", c, w, swap(x, "372300", "3723"), extraFile},
		{"supplement without a line", c, w, swap(x, "372300", "372399"), "has no change"},
		{"one township twice", c, swap(w, "370211013,王台街道,鲁政字〔2020〕101号,code_is_胶南街道,370211014", "370211014,张家楼街道,鲁政字〔2020〕101号,code_is_胶南街道,370211015"), x, "overlap"},
	} {
		if _, err := compile(r, b.county, b.township, b.extra); err == nil || !strings.Contains(err.Error(), b.want) {
			t.Errorf("%s: %v, want an error with %q", b.what, err, b.want)
		}
	}
	if _, err := compile(r, c, w, x); err != nil {
		t.Errorf("the files as shipped: %v", err)
	}
}

func FuzzCompile(f *testing.F) {
	f.Add(countyHistory[:600], townshipChanges[:600])
	f.Add([]byte(countyCols+"\n2014,retired,371081,文登市,371003;371002,文登区; 环翠区,x,2014-01-25,y\n"), []byte(townshipCols+"\n2021,1,370203028,a,b,,,c〔2021〕,,\n"))
	r := register(f)
	f.Fuzz(func(t *testing.T, county, township []byte) {
		h, err := compile(r, county, township, []byte(extraCols+"\n"))
		if err != nil {
			return
		}
		for _, c := range h.Changes() {
			h.ResolveBytes(c.System, []byte(c.Old), c.CodeValidFrom)
			h.ResolveBytes(c.System, []byte(c.New), c.CodeValidFrom)
		}
	})
}

func FuzzResolve(f *testing.F) {
	for _, s := range []string{"370114012", "371202", "370102001002", "370102001002001", "37"} {
		f.Add(MCA9, s, int32(20180601))
	}
	h := history(f)
	f.Fuzz(func(t *testing.T, system, code string, at int32) {
		a := h.ResolveBytes(system, []byte(code), Date(at))
		if a.OK() != (a.Status == Exact || a.Status == Moved) {
			t.Fatalf("%s %q: %+v", system, code, a)
		}
		if _, err := readCode(system, code); (err != nil) != (a.Status == Malformed) {
			t.Fatalf("%s %q: %v and %s", system, code, err, a.Status)
		}
		if c, rule := ParseCode(code); system == NBS12 && len(strings.TrimSpace(code)) == len(code) && (rule == "") != (a.Status != Malformed) {
			t.Fatalf("%q: %q %q and %s", code, c, rule, a.Status)
		}
	})
}

func BenchmarkMapper(b *testing.B) {
	h := history(b)
	m, _ := h.Mapper(MCA9, day("2019-01-01"))
	code := []byte("370114012")
	b.ReportAllocs()
	for range b.N {
		m.Map(code)
	}
}

func BenchmarkCompile(b *testing.B) {
	r := register(b)
	for range b.N {
		if _, err := compile(r, countyHistory, townshipChanges, supplement); err != nil {
			b.Fatal(err)
		}
	}
}
