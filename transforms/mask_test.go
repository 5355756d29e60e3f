package transforms

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"rongtong/schemas"
	"rongtong/schemas/decl"
	"rongtong/schemas/pii"
	"rongtong/schemas/record"

	"github.com/apache/arrow/go/v17/arrow/memory"
)

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
			id := fmt.Appendf(nil, "%02d%04d%d%02d%02d%03d", []int{11, 37, 44, 65}[rng.IntN(4)], rng.IntN(10000), 1900+rng.IntN(120), 1+rng.IntN(12), 1+rng.IntN(28), rng.IntN(1000))
			canary = string(append(id, pii.CheckDigit(id)))
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
