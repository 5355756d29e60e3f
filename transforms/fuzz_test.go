package transforms

import (
	"bytes"
	"encoding/json"
	"math"
	"math/big"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"rongtong/schemas"
	"rongtong/schemas/decl"
	"rongtong/schemas/divisions"
	"rongtong/schemas/pii"
	"rongtong/schemas/record"

	"github.com/apache/arrow/go/v17/arrow/memory"
)

// The scanner accepts what encoding/json accepts, and reads the same values.
func FuzzScan(f *testing.F) {
	for _, s := range []string{
		`{}`, ` { "a" : "x" , "b":1.5e-3,"c":true,"d":null } `, `{"a":"\u4e2d\ud83d\ude00\ud800x\n","z":{"q":[1,{"r":[]}]}}`,
		`{"a":"1","a":"2"}`, `{"\u0061":"x"}`, `{"a":01}`, `{"a":-}`, `{"a":"` + "\x01" + `"}`, `[1]`, `{"a":1}x`, `{"a":[}`, `{"z":"\ud800\u0041"}`,
		`{"a":"解放路 12 号  二单元","b":"2025-01-01 08:00:00","c":" x","d":"'1"}`, `{"a":"12345678  ","b":"1234567\u0022","c":"ａ","d":"café́ 〇"}`, "{\"a\":\"12345678\x7f\",\"b\":\"123456ä¸\"}",
		`{"a":1,}`, `{"z":[1,]}`, `{"a":nul}`, "{\"a\":\"\xff\"}", `{"a":"\x"}`, `"a"`, ``, `{"a":1e}`, `{"a":0.}`, `{"z":{"a":}}`,
	} {
		f.Add([]byte(s))
	}
	names := []string{"a", "b", "c", "d"}
	f.Fuzz(func(t *testing.T, v []byte) {
		if bytes.Count(v, []byte("["))+bytes.Count(v, []byte("{")) > maxDepth {
			return
		}
		s := newScanner(names)
		rule := s.scan(v)
		if !utf8.Valid(v) {
			if rule != ruleEncodingLoss {
				t.Fatalf("%q: rule %q", v, rule)
			}
			return
		}
		var want map[string]json.RawMessage
		err := json.Unmarshal(v, &want)
		if ok := err == nil && want != nil; ok != (rule == "") {
			t.Fatalf("%q: rule %q, encoding/json says %v", v, rule, err)
		}
		if rule != "" {
			return
		}
		for i, n := range names {
			compareSlot(t, s.slots[i], want[n])
		}
	})
}

func compareSlot(t *testing.T, got slot, want json.RawMessage) {
	t.Helper()
	if got.clean && got.kind == str {
		for _, f := range []form{plain, compat} {
			st := &state{}
			if b := st.clean(got.b, f); string(b) != string(got.b) || st.flags != 0 {
				t.Fatalf("%q counts as clean, and cleaning makes %q of it", got.b, b)
			}
		}
	}
	want = bytes.TrimSpace(want)
	switch {
	case len(want) == 0:
		if got.kind != absent {
			t.Fatalf("slot %v, want none", got)
		}
	case want[0] == '"':
		var w string
		if err := json.Unmarshal(want, &w); err != nil || got.kind != str || string(got.b) != w {
			t.Fatalf("slot %d %q, want %q (%v)", got.kind, got.b, w, err)
		}
	case want[0] == '{' || want[0] == '[':
		if got.kind != nested {
			t.Fatalf("slot %v, want a nested one", got)
		}
	default:
		kind := map[byte]slotKind{'t': yes, 'f': no, 'n': null}[want[0]]
		if kind == absent {
			kind = num
		}
		if got.kind != kind || kind == num && string(got.b) != string(want) {
			t.Fatalf("slot %d %q, want %q", got.kind, got.b, want)
		}
	}
}

// A number is what math/big reads from its plain form, rounded once.
func FuzzNumber(f *testing.F) {
	for _, s := range []string{"12", "-0.00005", "1,234,567.891", "99999999999999.99995", ".5", "1.", "0000012", "1,23", "+3", "999999999999999999", "0.000000000000000001"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, rest, ok := parseDecimal([]byte(s))
		if !ok {
			return
		}
		plain := strings.ReplaceAll(s[:len(s)-len(rest)], ",", "")
		want, ok := new(big.Rat).SetString(plain)
		if !ok {
			t.Fatalf("%q was read, but is no number", plain)
		}
		for _, u := range []unit{{1, 1}, {2000, 3}, {1_000_000, 1}} {
			checkRounded(t, s, d, u, want)
		}
	})
}

func checkRounded(t *testing.T, s string, d decimal, u unit, exact *big.Rat) {
	t.Helper()
	x := new(big.Rat).Mul(exact, new(big.Rat).SetFrac64(int64(u.to*scale), int64(u.per)))
	half := big.NewRat(1, 2)
	if x.Sign() < 0 {
		half.Neg(half)
	}
	x.Add(x, half)
	want := new(big.Int).Quo(x.Num(), x.Denom()) // toward zero
	got, ok := d.times(u.to, u.per)
	if fits := new(big.Int).Abs(want).Cmp(big.NewInt(maxScaled)) <= 0; fits != ok {
		t.Fatalf("%q × %v: ok is %v, exactly it is %v", s, u, ok, want)
	}
	if ok && want.Cmp(big.NewInt(got)) != 0 {
		t.Fatalf("%q × %v is %d, exactly %v", s, u, got, want)
	}
	if ok && got != math.MinInt64 {
		back, _, ok := parseDecimal(appendDecimal(nil, got))
		if again, ok2 := back.times(1, 1); !ok || !ok2 || again != got {
			t.Fatalf("%d is written %s and read as %d", got, appendDecimal(nil, got), again)
		}
	}
}

// A date that is accepted is plausible and, where package time can read the
// text, the same.
func FuzzDate(f *testing.F) {
	for _, s := range []string{"2022年1月17日", "二〇二二年十二月三十一日", "20220117", "44578", "583686000000", "2022-01-17T00:00:00Z", "1900-01-01", "22-1-1", "2022.1.17", "十年十月十日", "2022-1-1 1:1",
		"2025-06-12 08:30:15", "2025-06-12T23:59:59.999", "2025-02-29 08:30:15", "2100-12-31 24:00:00", "2025-06-12 08:30:1x", "2025-06-12 08:30:15.25x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		st := &state{}
		b := st.clean([]byte(s), compat)
		if len(b) == 0 {
			return
		}
		days, rule := st.parseDate(b)
		if rule == "" && days >= firstDay && days <= lastDay {
			y, m, d := dateOf(days)
			if !isDate(y, m, d) || daysOf(y, m, d) != days {
				t.Fatalf("%q became day %d, which is %d-%d-%d", s, days, y, m, d)
			}
		}
		if want, err := time.Parse("2006-1-2", string(b)); err == nil && want.Year() >= 1000 {
			if rule != "" || want.Unix()/day != days {
				t.Fatalf("%q became day %d, rule %q; package time says %v", s, days, rule, want)
			}
		}
		if ms, ok := plainInstant(b); ok {
			if same, ok := parseInstant(b, false); !ok || same != ms {
				t.Fatalf("%q is %d in short and %d, %v in full", b, ms, same, ok)
			}
		}
		if ms, ok := parseInstant(b, false); ok && len(b) > 18 && b[10] == 'T' {
			want, err := time.Parse(time.RFC3339Nano, string(b))
			if err == nil && want.UnixMilli() != ms {
				t.Fatalf("%q became %d, package time says %d", s, ms, want.UnixMilli())
			}
		}
	})
}

// A code is read as the register's own parser reads it.
func FuzzDivision(f *testing.F) {
	for _, s := range []string{"370102001002", "370102", "370102000002", "000000", "3701", "370102001", "37010A"} {
		f.Add(s)
	}
	stream := &schemas.Stream{Name: "script", Fields: decl.Map[string]{{Key: "f0", Value: "text"}}}
	p := compileOne(f, schemas.Expr{Call: "division_code", Of: []string{"f0"}}, &schemas.Column{Name: "out", Type: schemas.Code12, Nullable: true}, stream)
	f.Fuzz(func(t *testing.T, s string) {
		for _, c := range s {
			if c < '0' || c > 'z' {
				return // spaces, width and placeholders are not the parser's business
			}
		}
		if s == "" || isPlaceholder([]byte(s)) {
			return
		}
		st := &state{scan: newScanner(p.fields)}
		st.scan.slots[0] = slot{str, false, []byte(s)}
		got, rule := st.divisionCode(input{0, -1})
		want, wantRule := divisions.ParseCode(s)
		if string(got) != want || rule != wantRule {
			t.Fatalf("%q became %q, rule %q; the register reads %q, rule %q", s, got, rule, want, wantRule)
		}
	})
}

// Whatever is cleaned stays as it is when cleaned again.
func FuzzClean(f *testing.F) {
	for _, s := range []string{" a  b ", "'12", "１２ａ", "e\u0301", "\u200b\u3000x\n\ny", "㎡", "’'a", "ﾞ", "\u00a8x", "中\u3000文"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) || strings.ContainsAny(s, "'’＇") {
			return // of several apostrophes one pass may leave some
		}
		for _, form := range []form{plain, compat} {
			st := &state{}
			first := string(st.clean([]byte(s), form))
			if !utf8.ValidString(first) {
				t.Fatalf("%q became invalid: %q", s, first)
			}
			st.flags = 0
			if again := string(st.clean([]byte(first), form)); form == plain && again != first {
				t.Fatalf("%q became %q, then %q", s, first, again)
			}
		}
	})
}

// Whatever a record holds, every shipped flow puts it into the batch or the
// rejects, and says why in words that hold none of its values.
func FuzzApply(f *testing.F) {
	var batches []*Batch
	for _, sys := range shipped().Systems {
		seen := map[string]int{}
		for _, flow := range sys.Flows {
			p, _ := flowOf(f, sys.System, flow.Stream, seen[flow.Stream])
			seen[flow.Stream]++
			batches = append(batches, NewBatch(memory.DefaultAllocator, p))
			for _, c := range flow.Cases {
				v, err := json.Marshal(c.In)
				if err != nil {
					f.Fatal(err)
				}
				f.Add(v, false)
				f.Add(v, true)
			}
		}
	}
	f.Fuzz(func(t *testing.T, v []byte, deleted bool) {
		for _, b := range batches {
			chunk := &record.Chunk{}
			e := record.Envelope{Key: []byte("k"), Value: v, At: caseTime}
			if deleted {
				e.Op = record.Delete
			}
			chunk.Append(e)
			r := b.plan.Apply(b, chunk)
			rec := b.Take()
			if int(rec.NumRows())+len(r) != 1 {
				t.Fatalf("%d rows and %d rejects", rec.NumRows(), len(r))
			}
			if len(r) == 1 {
				checkReject(t, &r[0])
			}
			rec.Release()
		}
	})
}

func checkReject(t *testing.T, r *Reject) {
	t.Helper()
	row := map[string]any{}
	if err := json.Unmarshal(r.Row, &row); err != nil || r.ReasonZh == "" || r.Rule == "" {
		t.Fatalf("reject %+v: %v", r, err)
	}
	for field, v := range row {
		if s, ok := v.(string); ok && pii.MaskString(s) != s {
			t.Fatalf("field %q of a reject is not masked: %q", field, s)
		}
	}
}
