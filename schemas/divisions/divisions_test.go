package divisions

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"strings"
	"testing"
)

func register(t testing.TB) *Register {
	t.Helper()
	r, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestCounts(t *testing.T) {
	r := register(t)
	tiers, kinds, classes, townships := map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}
	for d := range r.All("") {
		tiers[d.Tier]++
		kinds[d.Tier+" "+d.Kind]++
		if d.VillageClass != "" {
			classes[d.VillageClass]++
		}
		if d.Tier == Township {
			townships[d.Code[6:7]]++
		}
		if (d.Kind == Virtual) != (d.Tier == Village && strings.Contains(d.Name, "虚拟")) {
			t.Errorf("%s: kind %q does not agree with its name", d.Code, d.Kind)
		}
	}
	for _, c := range []struct {
		of        string
		got, want int
	}{
		{"all", r.Len(), 64_095},
		{"provinces", tiers[Province], 1}, {"cities", tiers[City], 16}, {"county units", tiers[County], 151},
		{"townships", tiers[Township], 1_853}, {"villages", tiers[Village], 62_074},
		{"counties", kinds["X civil"], 136}, {"statistical county units", kinds["X statistical"], 15},
		{"civil townships", kinds["T civil"], 1_813}, {"quasi townships", kinds["T quasi_township"], 40},
		{"街道", townships["0"], 684}, {"镇", townships["1"], 1_072}, {"乡", townships["2"] + townships["3"], 57}, {"类似", townships["4"] + townships["5"], 40},
		{"residents' committees", classes[ResidentsCommittee], 6_977},
		{"village committees", classes[VillageCommittee], 54_974},
		{"quasi villages", classes[QuasiResidents] + classes[QuasiVillageClass], 123},
		{"virtual villages", kinds["V virtual"], 14}, {"quasi villages that are not virtual", kinds["V quasi_village"], 109},
	} {
		if c.got != c.want {
			t.Errorf("%s: %d, want %d", c.of, c.got, c.want)
		}
	}
}

func TestTree(t *testing.T) {
	r := register(t)
	seen := 0
	for d := range r.Within("370000000000") {
		seen++
		if d.ParentIndex < 0 {
			continue
		}
		p := r.At(d.ParentIndex)
		if p.Code != d.Parent || d.Index <= p.Index || strings.IndexByte("PCXTV", d.Tier[0]) != strings.IndexByte("PCXTV", p.Tier[0])+1 {
			t.Fatalf("%s: parent %s is not one tier above and before it", d.Code, p.Code)
		}
		if up, ok := r.Up(d.Code, p.Tier); !ok || up.Code != p.Code {
			t.Fatalf("%s: going up to %s leads to %s", d.Code, p.Tier, up.Code)
		}
	}
	if seen != r.Len() {
		t.Errorf("%d divisions within the province, want all %d", seen, r.Len())
	}
	cities := 0
	for d := range r.Children("370000000000") {
		if d.Tier != City {
			t.Errorf("child %s of the province is of tier %s", d.Code, d.Tier)
		}
		cities++
	}
	if cities != 16 {
		t.Errorf("%d children of the province, want 16", cities)
	}
}

func TestLookup(t *testing.T) {
	r := register(t)
	d, ok := r.Lookup("370102001002")
	want := Division{Code: "370102001002", Name: "解放桥社区居民委员会", Tier: Village, Parent: "370102001000", Kind: Civil,
		VillageClass: ResidentsCommittee, Index: d.Index, ParentIndex: d.ParentIndex}
	if !ok || d != want {
		t.Errorf("got %+v, want %+v", d, want)
	}
	if d, _ := r.LookupBytes([]byte("370115003402")); d.Name != "英才学院类似社区" || d.Kind != QuasiVillage || d.VillageClass != QuasiResidents {
		t.Errorf("got %+v", d)
	}
	// Present a year earlier, absent from this snapshot.
	for _, code := range []string{"370883104210", "", "37010200100", "37010200100x", "999999999999"} {
		if _, ok := r.Lookup(code); ok || r.Has(code) {
			t.Errorf("%q is in the register", code)
		}
	}
	if _, ok := r.Up("370000000000", County); ok {
		t.Error("the province has a county above it")
	}
	code := []byte("371771400201")
	if n := testing.AllocsPerRun(100, func() { r.LookupBytes(code); r.Up("370102001002", City) }); n != 0 {
		t.Errorf("a lookup allocates %v times", n)
	}
}

func TestParseCode(t *testing.T) {
	for _, c := range []struct{ in, code, rule string }{
		{"370102", "370102000000", ""},
		{" 370102001\t", "370102001000", ""},
		{"370102001002", "370102001002", ""},
		{"370000", "370000000000", ""},
		{"370102000002", "", RuleFormat}, // village under township 000
		{"370002", "", RuleFormat},       // county under city 00
		{"000000000000", "", RuleFormat},
		{"37010200100", "", RuleFormat}, // a digit was lost
		{"3.70102E+11", "", RuleFormat}, // a spreadsheet was here
		{"３７０１０２", "", RuleFormat},
		{"", "", RuleFormat},
	} {
		if code, rule := ParseCode(c.in); code != c.code || rule != c.rule {
			t.Errorf("%q: %q %q, want %q %q", c.in, code, rule, c.code, c.rule)
		}
	}
}

func FuzzParseCode(f *testing.F) {
	for _, s := range []string{"370102", "370102001", "370102001002", "370102000002", " 3７", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		code, rule := ParseCode(s)
		if (code == "") == (rule == "") {
			t.Fatalf("%q: code %q and rule %q: exactly one must be set", s, code, rule)
		}
		if rule != "" {
			return
		}
		if again, rule := ParseCode(code); again != code || rule != "" {
			t.Fatalf("%q becomes %q, which becomes %q", s, code, again)
		}
		if TierOf(code) == "" || KindOf(code) == "" {
			t.Fatalf("%q is well formed but has no tier or kind", code)
		}
	})
}

func FuzzParseRegister(f *testing.F) {
	f.Add([]byte("division_code,name,tier,parent_code\n370000000000,山东省,province,\n370100000000,济南市,city,370000000000\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := parse(data)
		if err != nil {
			return
		}
		for i := range r.Len() {
			r.At(i)
		}
	})
}

// The sums stand in PROVENANCE.md, so that a changed file cannot go unnoticed.
func TestProvenance(t *testing.T) {
	prov, err := os.ReadFile("PROVENANCE.md")
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"divisions_37_nbs2023.csv": RegisterCSV(), "register.csv.zst": registerZst,
		"division_history_sd.csv": CountyHistoryCSV(), "township_changes_sd.csv": TownshipChangesCSV(),
		"supplement_sd.csv": supplement,
	} {
		sum := sha256.Sum256(data)
		if !strings.Contains(string(prov), hex.EncodeToString(sum[:])) {
			t.Errorf("PROVENANCE.md does not hold the sum %x of %s", sum, name)
		}
	}
	if n := bytes.Count(CountyHistoryCSV(), []byte("\n")) - 1; n != 84 {
		t.Errorf("%d county changes, want 84", n)
	}
	if n := bytes.Count(TownshipChangesCSV(), []byte("\n")) - 1; n != 119 {
		t.Errorf("%d township changes, want 119", n)
	}
}

// The register is read at every start of every process; what it allocates
// must not grow with the number of divisions.
func TestLoadAllocations(t *testing.T) {
	data := RegisterCSV()
	n := testing.AllocsPerRun(2, func() {
		if _, err := parse(data); err != nil {
			t.Error(err)
		}
	})
	if n > 20 {
		t.Errorf("reading the register allocates %v times", n)
	}
}

// BenchmarkLoad is what the first call of Load costs: 150 ms is the most.
func BenchmarkLoad(b *testing.B) {
	b.ReportAllocs()
	for range b.N {
		if _, err := parse(RegisterCSV()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLookup(b *testing.B) {
	r := register(b)
	b.ReportAllocs()
	for i := range b.N {
		r.Lookup(r.text[12*(i*7919%r.Len()) : 12*(i*7919%r.Len())+12])
	}
}
