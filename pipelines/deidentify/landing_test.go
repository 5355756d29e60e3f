package deidentify

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"rongtong/connectors"
	"rongtong/schemas"
	"rongtong/schemas/decl"
	"rongtong/schemas/fault"
	"rongtong/schemas/record"
)

// stream declares fields of a stream from "name" or "name:kind".
func stream(key string, days int, fields ...string) *schemas.Stream {
	s := &schemas.Stream{Name: "worker", Key: []string{key}}
	s.Landing.Days = days
	for _, f := range fields {
		name, as, ok := strings.Cut(f, ":")
		s.Fields = append(s.Fields, decl.Entry[string]{Key: name, Value: "text"})
		if ok {
			as, purpose, _ := strings.Cut(as, "/")
			s.Identify = append(s.Identify, decl.Entry[schemas.Identifier]{Key: name, Value: schemas.Identifier{As: as, Purpose: purpose}})
		}
	}
	return s
}

func step(t testing.TB, s *schemas.Stream, ring *Ring) *Step {
	t.Helper()
	st, err := New("x", s, ring)
	if err != nil {
		t.Fatal(err)
	}
	st.today = func() time.Time { return time.Date(2025, 12, 31, 0, 0, 0, 0, time.UTC) }
	return st
}

// row puts one record of JSON values through the writer of all connectors.
func row(c *record.Chunk, s *schemas.Stream, place string, values ...string) {
	o := connectors.NewObject(s)
	for i, v := range values {
		switch {
		case v == "null":
		case v == "true":
			o.SetBool(i, true)
		case strings.HasPrefix(v, "#"):
			o.SetNumber(i, []byte(v[1:]))
		default:
			o.Set(i, v)
		}
	}
	o.AppendTo(c, time.UnixMilli(1), record.Upsert, place, "")
}

func vectorRing(t testing.TB) *Ring {
	ring := testRing(t, "gr")
	ring.keys = append(ring.keys, &Key{Use: ForPseudonym, Purpose: "cw", Version: 1, secret: []byte("demo-key-2022")})
	ring.sort()
	return ring
}

func TestApply(t *testing.T) {
	worker := stream("岗位", 0, "岗位", "证件号码:citizen_id/cw", "姓名:person_name", "手机:mobile", "卡:bank_card", "住址:home_address", "备注", "数")
	plain := stream("编号", 0, "编号", "备注", "数")
	serial := stream("编号", 0, "编号:serial", "备注", "数")
	for _, c := range []struct {
		name   string
		s      *schemas.Stream
		place  string
		in     []string
		value  string
		key    string
		at     string
		fault  string
		counts Counts
	}{
		{name: "a good row", s: worker, place: "a.csv:3",
			in:    []string{"P-1", "370102199003071238", "张建国", "13912345678", "6222021234567890127", "山东省济南市历下区解放路1号", "在岗", "#12"},
			value: `{"岗位":"P-1","证件号码":"ptv7fhpcl4prtitstl4ekutsfu.1","姓名":"张*","手机":"139****5678","卡":"622****27","住址":"山东省济南市历下区****","备注":"在岗","数":12}`,
			key:   "P-1", at: "a.csv:3", counts: Counts{Pseudonyms: 1}},
		{name: "the number of 15 digits is the same person's", s: worker, place: "p",
			in:    []string{"P-1", "３７０１０２ 900307 123", "张*", "", "无", "null", "", "true"},
			value: `{"岗位":"P-1","证件号码":"ptv7fhpcl4prtitstl4ekutsfu.1","姓名":"张*","手机":null,"卡":null,"住址":null,"备注":"","数":true}`,
			key:   "P-1", at: "p", counts: Counts{Pseudonyms: 1}},
		{name: "a wrong number", s: worker, place: "p", in: []string{"P-1", "370102199003071237"},
			value: `{"岗位":"P-1","证件号码":"!citizen_id.check_digit:370****37","姓名":null,"手机":null,"卡":null,"住址":null,"备注":null,"数":null}`,
			key:   "P-1", at: "p", counts: Counts{Bad: 1}},
		{name: "a name where the number belongs, and the other way round", s: worker, place: "p", in: []string{"P-1", "张建国", "370102199003071238"},
			value: `{"岗位":"P-1","证件号码":"!citizen_id.length:****","姓名":"3*","手机":null,"卡":null,"住址":null,"备注":null,"数":null}`,
			key:   "P-1", at: "p", counts: Counts{Bad: 1}},
		{name: "the person in other fields, the key and the place", s: worker, place: "张建国_370102199003071238.xlsx!表:7",
			in:    []string{"张建国岗", "370102199003071238", "张建国", "null", "null", "null", "张建国，电话139-1234-5678，旧证370102490311231", "#13912345678"},
			value: `{"岗位":"张*岗","证件号码":"ptv7fhpcl4prtitstl4ekutsfu.1","姓名":"张*","手机":null,"卡":null,"住址":null,"备注":"张*，电话139-****-5678，旧证370****31","数":"139****5678"}`,
			key:   "张*岗", at: "张*_370****38.xlsx!表:7", fault: RuleInKey, counts: Counts{Pseudonyms: 1, Masked: 7}},
		{name: "a stream that declares no person", s: plain, place: "p", in: []string{"E-1", "联系人李四13912345678", "#5"},
			value: `{"编号":"E-1","备注":"联系人李四139****5678","数":5}`, key: "E-1", at: "p", counts: Counts{Masked: 1}},
		{name: "nothing to do", s: plain, place: "370****38.csv:1", in: []string{"E-1", "良好", "#5"},
			value: `{"编号":"E-1","备注":"良好","数":5}`, key: "E-1", at: "370****38.csv:1"},
		{name: "a number as the key", s: plain, place: "p", in: []string{"370102199003071238", "", "null"},
			value: `{"编号":"370****38","备注":"","数":null}`, key: "370****38", at: "p", fault: RuleInKey, counts: Counts{Masked: 1}},
		{name: "a number of the business that looks like one", s: serial, place: "p", in: []string{"370102202501010001", "电话13912345678", "null"},
			value: `{"编号":"370102202501010001","备注":"电话139****5678","数":null}`, key: "370102202501010001", at: "p", counts: Counts{Masked: 1}},
		{name: "escapes survive", s: plain, place: "p", in: []string{"E\"1\\", "行\n13912345678\t\x01", "#-1.5e3"},
			value: `{"编号":"E\"1\\","备注":"行\n139****5678\t\u0001","数":-1.5e3}`, key: "E\"1\\", at: "p", counts: Counts{Masked: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			st := step(t, c.s, vectorRing(t))
			chunk := &record.Chunk{}
			row(chunk, c.s, c.place, c.in...)
			st.Apply(chunk)
			e := chunk.Rows[0]
			if string(e.Value) != c.value || string(e.Key) != c.key || e.Place != c.at || e.Fault != c.fault {
				t.Errorf("got  %s\n  key %s, place %s, fault %q\nwant %s\n  key %s, place %s, fault %q", e.Value, e.Key, e.Place, e.Fault, c.value, c.key, c.at, c.fault)
			}
			if got := st.Counts(); got != c.counts {
				t.Errorf("counts %+v, want %+v", got, c.counts)
			}
			if !json.Valid(e.Value) {
				t.Errorf("not JSON: %s", e.Value)
			}
			if e.Shape != connectors.Shape(c.s) || !e.At.Equal(time.UnixMilli(1)) {
				t.Errorf("shape or time were lost: %+v", e)
			}
		})
	}
}

// What is kept for a change of keys is the number in its 18 characters,
// readable with the key and nowhere else.
func TestKept(t *testing.T) {
	s := stream("岗位", 30, "岗位", "证件号码:citizen_id/cw")
	ring := vectorRing(t)
	st := step(t, s, ring)
	chunk := &record.Chunk{}
	row(chunk, s, "p", "P-1", "370102900307123")
	row(chunk, s, "p", "P-2", "370102199003071237") // none: nothing to keep
	kept := st.Apply(chunk)
	if len(kept) != 1 || string(kept[0].Key) != "ptv7fhpcl4prtitstl4ekutsfu.1" {
		t.Fatalf("kept %q", kept)
	}
	if bytes.Contains(kept[0].Value, []byte("370102")) {
		t.Error("it is not encrypted")
	}
	sealer, _ := ring.Sealer()
	plain, err := sealer.Open(kept[0].Value, LandingTopic("x", "worker"))
	if want := `{"purpose":"cw","id":"370102199003071238"}`; err != nil || string(plain) != want {
		t.Errorf("it opens as %q, %v", plain, err)
	}
	if got := step(t, stream("岗位", 0, "岗位", "证件号码:citizen_id/cw"), ring).Apply(chunk); got != nil {
		t.Error("a stream that did not ask for it keeps raw numbers")
	}
}

func TestPositions(t *testing.T) {
	plain, worker := stream("k", 0, "k"), stream("k", 0, "k", "证件号码:citizen_id/cw")
	for _, c := range []struct {
		name   string
		s      *schemas.Stream
		ring   *Ring
		pos    string
		sealed bool
		class  fault.Class
	}{
		{"nothing", plain, nil, "", false, fault.Unknown},
		{"plain", plain, nil, "page 7", false, fault.Unknown},
		{"a cursor that is an identifier", plain, vectorRing(t), "after 370102199003071238", true, fault.Unknown},
		{"an identifier and no key", plain, nil, "after 370102199003071238", false, fault.Config},
		{"a stream about persons", worker, vectorRing(t), "张建国.csv", true, fault.Unknown},
	} {
		st := step(t, c.s, c.ring)
		b, err := st.SealPosition(record.Position(c.pos))
		if fault.Of(err) != c.class && err != nil || (err == nil) != (c.class == fault.Unknown) {
			t.Errorf("%s: %v", c.name, err)
		}
		if err != nil {
			continue
		}
		if got := b[0] == 1 && !bytes.Contains(b, []byte(c.pos)); got != c.sealed {
			t.Errorf("%s: stored as %q", c.name, b)
		}
		if got, err := st.OpenPosition(b); err != nil || string(got) != c.pos || c.pos == "" && got != nil {
			t.Errorf("%s: came back as %q, %v", c.name, got, err)
		}
		if _, err := step(t, plain, nil).OpenPosition(b); c.sealed && fault.Of(err) != fault.Config {
			t.Errorf("%s: read without a key: %v", c.name, err)
		}
	}
}

// A stream about persons does not start without a key: it would leak, or lose.
func TestNoKeyNoStream(t *testing.T) {
	for _, s := range []*schemas.Stream{stream("k", 0, "k", "n:citizen_id/cw"), stream("k", 0, "k", "n:person_name"), stream("k", 30, "k")} {
		if _, err := New("x", s, nil); fault.Of(err) != fault.Config {
			t.Errorf("without keys: %v", err)
		}
	}
	if _, err := New("x", stream("k", 0, "k", "n:citizen_id/gr"), testRing(t, "cw")); fault.Of(err) != fault.Config || !strings.Contains(err.Error(), "gr") {
		t.Errorf("without the purpose's key: %v", err)
	}
	if _, err := New("x", stream("k", 0, "k", "n"), nil); err != nil {
		t.Errorf("nothing personal: %v", err)
	}
}

// Whatever the fields hold, what leaves is JSON of the same fields, and masked.
func FuzzApply(f *testing.F) {
	f.Add("P-1", "370102199003071238", "张三", "备注13912345678")
	f.Add("\"", "\\u0000", "\xff", "\n")
	s := stream("k", 30, "k", "id:citizen_id/cw", "name:person_name", "note")
	ring := vectorRing(f)
	st := step(f, s, ring)
	f.Fuzz(func(t *testing.T, key, id, name, note string) {
		c := &record.Chunk{}
		row(c, s, note, key, id, name, note)
		st.Apply(c)
		e := c.Rows[0]
		var got map[string]any
		if err := json.Unmarshal(e.Value, &got); err != nil || len(got) != 4 {
			t.Fatalf("%s: %v", e.Value, err)
		}
		again := &record.Chunk{}
		again.Append(e)
		p := step(t, stream("k", 0, "k:serial", "id:serial", "name:serial", "note"), nil)
		p.Apply(again)
		if p.Counts().Masked != 0 {
			t.Fatalf("%s still holds an identifier", e.Value)
		}
	})
}

func benchRow(b *testing.B, s *schemas.Stream, values ...string) {
	st := step(b, s, vectorRing(b))
	var source record.Chunk
	for range 1000 {
		row(&source, s, "370102/committee_20251231.csv:17", values...)
	}
	var c record.Chunk
	b.SetBytes(int64(len(source.Rows[0].Value)))
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		c.Reset()
		for i := range source.Rows {
			c.Append(source.Rows[i])
		}
		st.Apply(&c)
		n += len(c.Rows)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/row")
}

// The reference row: 20 fields, 560 bytes of JSON, Chinese text.
func reference() (*schemas.Stream, []string) {
	var fields, values []string
	for i := range 20 {
		fields = append(fields, fmt.Sprintf("字段%02d", i))
		values = append(values, []string{"370102001002007", "解放桥社区居民委员会", "2025-11-03 08:15:00", "#1200", "1137000000450218XQ"}[i%5])
	}
	return stream("字段00", 0, fields...), values
}

func BenchmarkApplyPlain(b *testing.B) {
	s, v := reference()
	benchRow(b, s, v...)
}

func BenchmarkApplyHit(b *testing.B) {
	s, v := reference()
	v[1] = "联系电话13912345678"
	benchRow(b, s, v...)
}

func BenchmarkApplyPerson(b *testing.B) {
	benchRow(b, stream("岗位", 0, "岗位", "区划", "证件号码:citizen_id/cw", "姓名:person_name", "手机:mobile", "备注"),
		"P-370102001001-03", "370102001001", "370102199003071238", "张建国", "13912345678", "解放桥社区居民委员会")
}

func BenchmarkApplyPersonKept(b *testing.B) {
	benchRow(b, stream("岗位", 30, "岗位", "区划", "证件号码:citizen_id/cw", "姓名:person_name", "手机:mobile", "备注"),
		"P-370102001001-03", "370102001001", "370102199003071238", "张建国", "13912345678", "解放桥社区居民委员会")
}
