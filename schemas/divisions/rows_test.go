package divisions

import "testing"

// The name settles what digits do not, and the two forms of the question agree
// for every civil township of the register.
func TestConfirmBytes(t *testing.T) {
	h := history(t)
	for d := range h.reg.All(Township) {
		n, _ := number(d.Code)
		got := h.ConfirmBytes([]byte(d.Code), []byte(d.Name))
		r := Resolution{System: MCA9, Code: d.Code, Status: Unconfirmed}
		want := h.Confirm(r, d.Name)
		if got.OK() != (want.Division != nil) || got.OK() && h.reg.CodeAt(got.Index) != want.Division.Code {
			t.Errorf("%d %s: %v, Confirm says %v", n, d.Name, got, want.Division)
		}
	}
	for _, c := range []struct {
		code, name string
		want       Status
	}{
		{"370114012", "曹范街道", Moved},        // the register has 高官寨 under these digits
		{"370114012", "高官寨街道", Unconfirmed}, // known to be another mca9 code
		{"370102001", "无此街道", Unconfirmed},
		{"370102001", "", Unconfirmed},
		{"37010", "解放路街道", Malformed},
	} {
		if got := h.ConfirmBytes([]byte(c.code), []byte(c.name)); got.Status != c.want {
			t.Errorf("%s %s: %s, want %s", c.code, c.name, got.Status, c.want)
		}
	}
}

func TestCommonAbove(t *testing.T) {
	h := history(t)
	for _, c := range []struct{ system, code, at, want string }{
		{GB6, "371202", "2005-06-01", "370100000000"}, // 莱城区: 莱芜区 or 钢城区, both of 济南市
		{GB6, "371081", "2010-06-01", "371000000000"},
		{NBS12, "371202001001", "2015-06-01", "370116000000"}, // the county is known
		{GB6, "370102", "2010-06-01", ""},
		{GB6, "nonsense", "2010-06-01", ""},
	} {
		got := ""
		if i := h.CommonAbove(c.system, []byte(c.code), DateOf(day(c.at))); i >= 0 {
			got = h.reg.CodeAt(i)
		}
		if got != c.want {
			t.Errorf("%s %s at %s: %q, want %q", c.system, c.code, c.at, got, c.want)
		}
	}
}

func TestRowsAllocateNothing(t *testing.T) {
	h := history(t)
	code, name, old := []byte("370114012"), []byte("曹范街道"), []byte("371202")
	if n := testing.AllocsPerRun(100, func() {
		h.ConfirmBytes(code, name)
		h.CommonAbove(GB6, old, 20050601)
		h.ResolveBytes(MCA9, code, 20200601)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
