package connectors

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"rongtong/schemas"
	"rongtong/schemas/decl"
	"rongtong/schemas/record"
)

func itemStream() *schemas.Stream {
	return &schemas.Stream{
		Name: "s", Key: []string{"id"}, Drop: []string{"person"},
		Fields: decl.Map[string]{{Key: "id", Value: "text"}, {Key: "n", Value: "number"}, {Key: "ok", Value: "bool"}},
	}
}

func TestItemReader(t *testing.T) {
	for _, c := range []struct{ name, in, out, fault string }{
		{"plain", `{"id":"a","n":1.50,"ok":true}`, `{"id":"a","n":1.50,"ok":true}`, ""},
		{"a number keeps its digits, also in a text field", `{"id":12345678901234567890,"n":1e3}`, `{"id":"12345678901234567890","n":1e3,"ok":null}`, ""},
		{"a number in quotes", `{"id":"a","n":"12"}`, `{"id":"a","n":12,"ok":null}`, ""},
		{"a text in a number field is kept", `{"id":"a","n":"12户"}`, `{"id":"a","n":"12户","ok":null}`, ""},
		{"escapes in names and values", `{"\u0069d":"\u4e00\ud83d\ude00\n\"","n":null}`, `{"id":"一😀\n\"","n":null,"ok":null}`, ""},
		{"a lone surrogate", `{"id":"\ud83dx"}`, "{\"id\":\"\ufffdx\",\"n\":null,\"ok\":null}", ""},
		{"drop and unknown", `{"id":"a","person":"p","what":[1,{"x":2}]}`, `{"id":"a","n":null,"ok":null}`, ""},
		{"nested in a declared field", `{"id":"a","n":{"x":1}}`, `{"id":"a","n":null,"ok":null}`, "json.nested"},
		{"twice: the last one", `{"id":"a","id":"b"}`, `{"id":"b","n":null,"ok":null}`, ""},
		{"empty", ` { } `, `{"id":null,"n":null,"ok":null}`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := NewItemReader(itemStream(), "at")
			var chunk record.Chunk
			if err := r.Read([]byte(c.in)); err != nil {
				t.Fatal(err)
			}
			r.AppendTo(&chunk, time.Time{}, record.Upsert, "p")
			if got := string(chunk.Rows[0].Value); got != c.out {
				t.Errorf("got  %s\nwant %s", got, c.out)
			}
			if got := chunk.Rows[0].Fault; got != c.fault {
				t.Errorf("fault %q, want %q", got, c.fault)
			}
		})
	}
}

func TestItemReaderCounts(t *testing.T) {
	r := NewItemReader(itemStream(), "op")
	for _, in := range []string{`{"id":"a","person":"x","op":"D","extra":1}`, `{"person":null,"extra":2}`} {
		if err := r.Read([]byte(in)); err != nil {
			t.Fatal(err)
		}
		if in[6] == 'a' && string(r.Used(0)) != "D" {
			t.Errorf("used %q", r.Used(0))
		}
	}
	if r.Used(0) != nil {
		t.Errorf("used %q survived its record", r.Used(0))
	}
	for range 2 * unknownNames {
		_ = r.Read([]byte(`{"` + strings.Repeat("x", len(r.unknown)) + `":1}`))
	}
	var st Stats
	r.AddTo(&st)
	if st.DroppedFields["person"] != 2 || st.UnknownFields["extra"] != 2 || st.UnknownFields["op"] != 0 {
		t.Errorf("counts %v %v", st.DroppedFields, st.UnknownFields)
	}
	if len(st.UnknownFields) > unknownNames+1 {
		t.Errorf("%d unknown names are remembered: a source could fill the memory", len(st.UnknownFields))
	}
}

func TestItemReaderAllocatesNothing(t *testing.T) {
	r := NewItemReader(itemStream(), "op")
	in := []byte(`{"id":"a\n","n":12,"person":"x","op":"D","extra":1}`)
	_ = r.Read(in)
	if n := testing.AllocsPerRun(100, func() { _ = r.Read(in) }); n > 0 {
		t.Errorf("%v allocations per item", n)
	}
}

func TestFindJSON(t *testing.T) {
	doc := `{"code":"0000","data":{"total":3,"list":[{"a":1},{"a":2}],"x":{}}}`
	got, err := FindJSON([]byte(doc), "code", "data.total", "data.list", "data.none")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{`"0000"`, `3`, `[{"a":1},{"a":2}]`, ``}
	for i := range want {
		if string(got[i]) != want[i] {
			t.Errorf("path %d: %s, want %s", i, got[i], want[i])
		}
	}
	for end := range len(doc) {
		if _, err := FindJSON([]byte(doc[:end]), "data.list"); err == nil {
			t.Errorf("a document cut at byte %d is taken for whole", end)
		}
	}
}

func TestObjects(t *testing.T) {
	for in, want := range map[string]int{
		`[]`: 0, `[{}, {}]`: 2, `{}`: 1, "{}\n{}\n{}\n": 3, ``: 0, ` [ {"a":[1]} ] `: 1,
		`[{}`: -1, `[{},]`: -1, `[{}] x`: -1, `{} ]`: -1, `[{}] [{}]`: -1,
	} {
		n := 0
		err := Objects([]byte(in), func(int, []byte) error { n++; return nil })
		if want < 0 != (err != nil) || want >= 0 && n != want {
			t.Errorf("%q: %d items, error %v, want %d", in, n, err, want)
		}
	}
}

func TestParseAt(t *testing.T) {
	want := time.Date(2025, 12, 20, 0, 0, 0, 0, time.UTC)
	for in, ok := range map[string]bool{
		"2025-12-20 08:00:00": true, "2025-12-20T08:00:00+08:00": true, "1766188800000": true,
		"": false, "2025-12-20": false, "20251220": false, "1766188800": false, "2025-13-20 08:00:00": false,
	} {
		got, is := ParseAt([]byte(in))
		if is != ok || ok && !got.Equal(want) {
			t.Errorf("%q: %v %v", in, got, is)
		}
	}
}

// FuzzJSON compares the checker with the one of the standard library.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.5e-3,"x\u00e9\ud83d\ude00",null,true,false,{}]}`, `[`, `01`, `"\x"`, `{"a":}`, `-`, `{"data":{"list":[{}]}}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		_, err := FindJSON(in, "data.list", "a")
		if deep := bytes.Count(in, []byte("[")) + bytes.Count(in, []byte("{")); deep < nesting && (err == nil) != json.Valid(in) {
			t.Fatalf("valid is %v for the library and %v here", json.Valid(in), err)
		}
		var want map[string]any
		dec := json.NewDecoder(bytes.NewReader(in))
		dec.UseNumber()
		if err != nil || dec.Decode(&want) != nil || want == nil {
			return
		}
		r := NewItemReader(itemStream(), "a")
		if err := r.Read(in); err != nil {
			t.Fatalf("a valid object is refused: %v", err)
		}
		var chunk record.Chunk
		r.AppendTo(&chunk, time.Time{}, record.Upsert, "")
		var got map[string]any
		if err := json.Unmarshal(chunk.Rows[0].Value, &got); err != nil {
			t.Fatalf("the record is no JSON: %v", err)
		}
		if s, ok := want["id"].(string); ok && utf8.Valid(in) && got["id"] != s {
			t.Fatalf("id is %q, want %q", got["id"], s)
		}
	})
}

func BenchmarkItemReader(b *testing.B) {
	r := NewItemReader(itemStream(), "at")
	in := []byte(`{"id":"370102001002","n":1234.5,"ok":true,"person":"某人","at":"2025-12-20 08:00:00","extra":"解放桥社区居民委员会"}`)
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		_ = r.Read(in)
	}
}
