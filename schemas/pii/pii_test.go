package pii

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

var today = time.Date(2025, 12, 31, 0, 0, 0, 0, time.UTC)

// The vectors of GB 11643-1999, annex A (110105…, 440524…), and one wrong
// thing at a time.
func TestParseCitizenID(t *testing.T) {
	for _, c := range []struct{ in, want, rule string }{
		{"11010519491231002X", "11010519491231002X", ""},
		{"440524188001010014", "440524188001010014", ""},
		{"370102199003071238", "370102199003071238", ""},
		{"370102194901010012", "370102194901010012", ""}, {"370102194901010013", "", RuleCheck},
		{"370102490311231", "370102194903112311", ""},
		{"11010519491231002x", "11010519491231002X", ""},
		{"１１０１０５１９４９１２３１００２ｘ", "11010519491231002X", ""},
		{" 110105 19491231 002X ", "11010519491231002X", ""},
		{"'370102199003071238", "370102199003071238", ""},
		{"370102\u200b199003071238", "370102199003071238", ""},
		{"37010219900307123", "", RuleLength},
		{"3701021990030712380", "", RuleLength},
		{"3.70102199003071E+17", "", RuleLength},
		{"37010219900307123A", "", RuleCharset},
		{"3701021990O3071238", "", RuleCharset},
		{"３７０１０２１９９００３０７１２３号", "", RuleCharset},
		{"370102199002309999", "", RuleDate},
		{"37010219900230000" + string(CheckDigit([]byte("37010219900230000"))), "", RuleDate},
		{"370102202601010011", "", RuleDate}, // not born yet
		{"370102187912310011", "", RuleDate},
		{"010102199003071238", "", RuleDivision},
		{"370102199003071237", "", RuleCheck},
		{"37010219900307123X", "", RuleCheck},
		{"111111111111111111", "", RuleRepeated},
		{"123456789012345678", "", RuleRepeated},
		{"370102000307999", "", RuleCentury},
		{"370102000307995", "37010219000307995" + string(CheckDigit([]byte("37010219000307995"))), ""},
		{"37010249031123A", "", RuleCharset},
		{"", "", RuleEmpty},
		{"无", "", RuleEmpty},
		{" / ", "", RuleEmpty},
	} {
		id, rule := ParseCitizenID([]byte(c.in), today)
		if rule != c.rule || rule == "" && string(id[:]) != c.want {
			t.Errorf("%q is %q, rule %q, want %q, rule %q", c.in, id[:], rule, c.want, c.rule)
		}
	}
}

// Exactly one character of eleven is right, and any digit changed by one is found.
func TestCheckDigitFindsMistypedDigits(t *testing.T) {
	good := []byte("370102199003071238")
	for i := range 17 {
		for d := byte('0'); d <= '9'; d++ {
			bad := append([]byte{}, good...)
			if bad[i] = d; d == good[i] {
				continue
			}
			if CheckDigit(bad[:17]) == bad[17] {
				t.Errorf("digit %d changed to %c is not found", i+1, d)
			}
		}
	}
}

func TestMask(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"370102199003071238", "370****38"},
		{"11010519491231002X", "110****2X"},
		{"11010519491231002x", "110****2x"},
		{"370102199002301239", "370****39"}, // an impossible date by calendar, an ID by form
		{"３７０１０２１９９００３０７１２３８", "３７０****３８"},
		{"身份证号370102199003071238，电话13912345678", "身份证号370****38，电话139****5678"},
		{"370102 19900307 1238", "370****38"},
		{"370102-1990-0307-1238", "370****38"},
		{"37010219900307\u200b1238", "370****38"},
		{"370102490311231", "370****31"}, // 15 digits
		{"139-1234-5678", "139-****-5678"},
		{"139 1234 5678", "139 **** 5678"},
		{"139－1234－5678", "139－****－5678"},
		{"1 3 9 1 2 3 4 5 6 7 8", "1 3 9 **** 5 6 7 8"},
		{"+86 13912345678", "+86 139****5678"},
		{"8613912345678", "86139****5678"},
		{"008613912345678", "0086139****5678"},
		{"013912345678", "0139****5678"},
		{"tel13912345678", "tel139****5678"},
		{"13912345678/13987654321", "139****5678/139****4321"},
		{"13912345678 13987654321", "139****5678 139****4321"},
		{"1391234567813987654321", "139****5678139****4321"},
		{"13912345678370102199003071238", "139****5678370****38"},
		{"37010219900307123813912345678", "370****38139****5678"},
		{"0370102199003071238", "0370****38"},
		{"١٣٩١٢٣٤٥٦٧٨", "١٣٩****٥٦٧٨"},
		{"6222021234567890128", "622****28"},
		{"37010219900307123X13912345678", "370****3X139****5678"},
		{"12X13912345678", "12X139****5678"},
		{"13912345678X2", "139****5678X2"},
		{"6222 0212 3456 7890 128", "622****28"},
		{"4111111111111111", "411****11"},
		{`{"a":"370102199003071238","n":13912345678}`, `{"a":"370****38","n":139****5678}`},
		// what must stay readable
		{"1137000000450218XQ", "1137000000450218XQ"},
		{"11370000004504927A", "11370000004504927A"},
		{"113700000045022274", "113700000045022274"},
		{"370102001002", "370102001002"},
		{"130102001002", "130102001002"},
		{"370102001002007", "370102001002007"}, // a grid
		{"370102001", "370102001"},
		{"2022-01-17 08:30:00", "2022-01-17 08:30:00"},
		{"20220117083000", "20220117083000"},
		{"1642409200000", "1642409200000"},
		{"0531-86123456", "0531-86123456"},
		{"053186123456", "053186123456"},
		{"13800000000", "13800000000"}, // a placeholder, or an amount
		{"13812345678.90", "13812345678.90"},
		{"1500 1600 170", "1500 1600 170"},
		{"1,200", "1,200"},
		{"3f2a13912345678c9e4d5b6a7f8091a2", "3f2a13912345678c9e4d5b6a7f8091a2"}, // a hash
		{"550e8400-e29b-41d4-a716-139123456780", "550e8400-e29b-41d4-a716-139123456780"},
		{"6222021234567890127", "6222021234567890127"}, // the Luhn digit is wrong
		{"TB3701020010021", "TB3701020010021"},
		{"解放桥社区居民委员会", "解放桥社区居民委员会"},
		{"", ""},
	} {
		if got := string(Mask([]byte(c.in))); got != c.want {
			t.Errorf("%q is masked as %q, not %q", c.in, got, c.want)
		}
		if got := MaskString(c.in); got != c.want {
			t.Errorf("%q is masked as %q, not %q, as a string", c.in, got, c.want)
		}
	}
}

func TestDisplayForms(t *testing.T) {
	for _, c := range []struct{ form, in, want string }{
		{"name", "张三", "张*"}, {"name", " 欧阳修 ", "欧*"}, {"name", "𬜬小明", "𬜬*"}, {"name", "Aigul", "A*"},
		{"mobile", "13912345678", "139****5678"}, {"mobile", "0531-86000000", "053****0000"}, {"mobile", "12345", "****"},
		{"card", "6222021234567890127", "622****27"},
		{"address", "山东省济南市历下区解放路1号3单元402", "山东省济南市历下区****"},
		{"address", "莱阳市城厢街道某小区", "莱阳市****"}, {"address", "解放路1号", "****"},
	} {
		var got []byte
		switch c.form {
		case "name":
			got = AppendName(nil, []byte(c.in))
		case "mobile":
			got = AppendNumber(nil, []byte(c.in), Mobile)
		case "card":
			got = AppendNumber(nil, []byte(c.in), BankCard)
		case "address":
			got = AppendAddress(nil, []byte(c.in))
		}
		if string(got) != c.want {
			t.Errorf("%s %q is shown as %q, not %q", c.form, c.in, got, c.want)
		}
	}
}

// A long text of digits is looked at in windows; none of its identifiers falls
// between two of them.
func TestLongRuns(t *testing.T) {
	for pad := range 3 * runMax {
		text := strings.Repeat("9 ", pad) + "370102199003071238"
		if got := Mask([]byte(text)); strings.Contains(string(got), "199003") {
			t.Fatalf("behind %d digits the ID stays: %q", pad, got)
		}
	}
}

func TestFindAllocatesNothing(t *testing.T) {
	row := []byte(`{"event":"SJ2025000001","grid":"370102001002007","at":"2025-11-03 08:15:00","note":"电话13912345678","uscc":"1137000000450218XQ"}`)
	hits := make([]Hit, 0, 8)
	if n := testing.AllocsPerRun(100, func() { hits = Find(row, hits[:0]) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if len(hits) != 1 {
		t.Errorf("hits %v", hits)
	}
}

func BenchmarkFind(b *testing.B) {
	row := []byte(`{"event_no":"SJ2025000001","grid_code":"370102001002007","category":"消防安全","reported_at":"2025-11-03 08:15:00","assigned_at":"2025-11-03 08:20:00","closed_at":"2025-11-04 17:00:00","handling_tier":"镇街","outcome":"办结","on_time":"是","note":"` + strings.Repeat("解放桥社区居民委员会反映路灯不亮，", 6) + `"}`)
	hits := make([]Hit, 0, 8)
	b.SetBytes(int64(len(row)))
	b.ReportAllocs()
	for b.Loop() {
		hits = Find(row, hits[:0])
	}
}

// No identifier survives masking, however it is wrapped, and masking is done
// once.
func FuzzMask(f *testing.F) {
	f.Add("张三", "电话", byte(0))
	f.Add("370102", "x", byte(3))
	f.Add("１", "-", byte(7))
	f.Add("13812345", "1", byte(0))
	canaries := []string{"370102199003071238", "37010219900230123x", "13912345678", "１３９１２３４５６７８", "139-1234-5678", "370102 19900307 123X", "6222021234567890128", "370102490311231"}
	f.Fuzz(func(t *testing.T, before, after string, pick byte) {
		if !utf8.ValidString(before) || !utf8.ValidString(after) || len(before)+len(after) > 200 {
			return
		}
		c := canaries[int(pick)%len(canaries)]
		text := before + c + after
		got := Mask([]byte(text))
		if again := Mask(got); string(again) != string(got) {
			t.Fatalf("%q became %q, then %q", text, got, again)
		}
		for _, h := range Find([]byte(text), nil) {
			if h.From >= h.hideFrom || h.hideFrom >= h.hideTo || h.hideTo >= h.To {
				t.Fatalf("%q: hit %+v", text, h)
			}
		}
		if glued(before, after) {
			return // glued to other letters, digits or dots it may be another number
		}
		if strings.Contains(string(got), c) {
			t.Fatalf("%q kept its identifier", text)
		}
	})
}

func glued(before, after string) bool {
	word := func(r rune) bool {
		return r != utf8.RuneError && r < 0x80 || isSpace(r) || isInvisible(r) || isHyphen(r) || digitOf(r) >= 0 || r >= 0xff01 && r <= 0xff5e
	}
	b, _ := utf8.DecodeLastRuneInString(before)
	a, _ := utf8.DecodeRuneInString(after)
	return before != "" && word(b) || after != "" && word(a)
}

// What is accepted is 18 characters with a right check digit; nothing panics.
func FuzzParseCitizenID(f *testing.F) {
	for _, s := range []string{"370102199003071238", "370102490311231", "１１０１０５１９４９１２３１００２ｘ", "无", "\xff", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, rule := ParseCitizenID([]byte(s), today)
		if rule != "" {
			return
		}
		if CheckDigit(id[:17]) != id[17] {
			t.Fatalf("%q became %q", s, id[:])
		}
		again, rule := ParseCitizenID(id[:], today)
		if rule != "" || again != id {
			t.Fatalf("%q became %q, then %q, rule %q", s, id[:], again[:], rule)
		}
		if got := Mask(fmt.Appendf(nil, "号%s。", id[:])); bytes.Contains(got, id[:]) && id[6] >= '1' {
			t.Fatalf("%q is an ID that Find does not know", id[:])
		}
	})
}
