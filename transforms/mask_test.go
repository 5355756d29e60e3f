package transforms

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"rongtong/schemas"
	"rongtong/schemas/decl"
	"rongtong/schemas/record"

	"github.com/apache/arrow/go/v17/arrow/memory"
)

func TestMask(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"370102199003071238", "370****38"},
		{"11010519491231002X", "110****2X"},
		{"11010519491231002x", "110****2x"},
		{"370102199002301239", "370****39"}, // an impossible date by calendar, an ID by form
		{"３７０１０２１９９００３０７１２３８", "３７０****３８"},
		{"身份证号370102199003071238，电话13912345678", "身份证号370****38，电话139****78"},
		{"370102 19900307 1238", "370****38"},
		{"139-1234-5678", "139-****78"},
		{"139 1234 5678", "139 ****78"},
		{"+86 13912345678", "+86 139****78"},
		{"8613912345678", "86139****78"},
		{"tel13912345678", "tel139****78"},
		{"13912345678/13987654321", "139****78/139****21"},
		{"0370102199003071238", "0370****38"},
		// what must stay readable
		{"1137000000450218XQ", "1137000000450218XQ"},
		{"11370000004504927A", "11370000004504927A"},
		{"113700000045022274", "113700000045022274"},
		{"370102001002", "370102001002"},
		{"130102001002", "130102001002"},
		{"370102001", "370102001"},
		{"2022-01-17 08:30:00", "2022-01-17 08:30:00"},
		{"20220117083000", "20220117083000"},
		{"0531-86123456", "0531-86123456"},
		{"1,200", "1,200"},
		{"解放桥社区居民委员会", "解放桥社区居民委员会"},
		{"", ""},
	} {
		if got := string(Mask([]byte(c.in))); got != c.want {
			t.Errorf("%q is masked as %q, not %q", c.in, got, c.want)
		}
	}
}

// Whatever a rejected row holds, no ID and no mobile number is left in it, and
// credit codes and division codes stay readable.
func TestRejectsAreMasked(t *testing.T) {
	stream := &schemas.Stream{Name: "script", Fields: decl.Map[string]{{Key: "note"}, {Key: "code"}, {Key: "n"}}}
	p := compileOne(t, schemas.Expr{Call: "bool3", Of: []string{"note"}}, &schemas.Column{Name: "out", Type: schemas.Bool3}, stream)
	b := NewBatch(memory.DefaultAllocator, p)
	defer b.Release()
	rng := rand.New(rand.NewPCG(3, 4))
	words := []string{"张三", "，", "联系", " ", "（", "）", "户籍：", "\n", "\"", "\\"}
	for range 2000 {
		var canary string
		if rng.IntN(2) == 0 {
			canary = fmt.Sprintf("1%d%09d", 3+rng.IntN(7), rng.IntN(1e9))
		} else {
			canary = fmt.Sprintf("%06d%d%02d%02d%03d%c", 110000+rng.IntN(500000), 1900+rng.IntN(120), 1+rng.IntN(12), 1+rng.IntN(28), rng.IntN(1000), "0123456789X"[rng.IntN(11)])
		}
		text := words[rng.IntN(len(words))] + canary + words[rng.IntN(len(words))]
		village := fmt.Sprintf("3701%08d", rng.IntN(1e8))
		chunk := &record.Chunk{}
		value := append([]byte(`{"note":`), appendJSON(nil, []byte(text))...)
		value = fmt.Appendf(value, `,"code":%q,"n":13912345678,"undeclared":"13912345678"}`, village)
		chunk.Append(record.Envelope{Value: value, At: caseTime})
		r := p.Apply(b, chunk)
		if len(r) != 1 {
			t.Fatalf("%s was accepted", value)
		}
		row := string(r[0].Row)
		for _, c := range []string{canary, "13912345678", "undeclared"} {
			if contains(row, c) {
				t.Fatalf("the reject holds %q: %s", c, row)
			}
		}
		if !contains(row, village) {
			t.Fatalf("the division code is gone: %s", row)
		}
	}
}

func contains(s, part string) bool {
	for i := 0; i+len(part) <= len(s); i++ {
		if s[i:i+len(part)] == part {
			return true
		}
	}
	return false
}
