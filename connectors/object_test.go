package connectors

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"rongtong/schemas"
	"rongtong/schemas/decl"
	"rongtong/schemas/record"
)

func stream(key string, fields ...string) *schemas.Stream {
	s := &schemas.Stream{Name: "s", Key: strings.Split(key, ",")}
	for _, f := range fields {
		name, typ, _ := strings.Cut(f, ":")
		s.Fields = append(s.Fields, decl.Entry[string]{Key: name, Value: typ})
	}
	return s
}

func TestObject(t *testing.T) {
	s := stream("区划代码,n", "区划代码:text", "n:number", "b:bool", "q\"uote:text")
	o := NewObject(s)
	at := time.Date(2025, 12, 22, 0, 0, 0, 0, time.UTC)
	cases := []struct {
		name       string
		set        func()
		value, key string
	}{
		{"nothing set is null", func() {}, `{"区划代码":null,"n":null,"b":null,"q\"uote":null}`, "\x1f"},
		{"declared order, any order of setting", func() {
			o.SetBool(2, true)
			o.SetNumber(1, []byte("-1.50e+3"))
			o.Set(3, "a\"\\\n\r\t\x01\x7f")
			o.SetBytes(0, []byte("370102"))
		}, `{"区划代码":"370102","n":-1.50e+3,"b":true,"q\"uote":"a\"\\\n\r\t\u0001\u007f"}`, "370102\x1f-1.50e+3"},
		{"no number is text", func() {
			o.SetNumber(1, []byte("007"))
			o.SetBool(2, false)
			o.SetNull(3)
		}, `{"区划代码":null,"n":"007","b":false,"q\"uote":null}`, "\x1f007"},
		{"invalid UTF-8", func() { o.Set(0, "a\xffb") }, "{\"区划代码\":\"a�b\",\"n\":null,\"b\":null,\"q\\\"uote\":null}", "a\xffb\x1f"},
		{"the last setting wins", func() { o.Set(0, "x"); o.Set(0, "y") }, `{"区划代码":"y","n":null,"b":null,"q\"uote":null}`, "y\x1f"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			var c record.Chunk
			tc.set()
			o.AppendTo(&c, at, record.Delete, "p:1", "some.rule")
			e := c.Rows[0]
			if string(e.Value) != tc.value || string(e.Key) != tc.key {
				t.Errorf("value %s, want %s\nkey %q, want %q", e.Value, tc.value, e.Key, tc.key)
			}
			if !json.Valid(e.Value) {
				t.Errorf("not JSON: %s", e.Value)
			}
			if e.Op != record.Delete || e.Place != "p:1" || e.Fault != "some.rule" || !e.At.Equal(at) || e.Offset != -1 || e.Shape != Shape(s) {
				t.Errorf("envelope: %+v", e)
			}
		})
	}
}

func TestObjectUnknownKeyPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a key outside the fields was accepted")
		}
	}()
	NewObject(stream("x", "y:text"))
}

func TestShape(t *testing.T) {
	base := Shape(stream("a", "a:text", "b:number"))
	if base != Shape(stream("b", "a:text", "b:number")) {
		t.Error("the key is no part of the shape, but changed it")
	}
	for name, s := range map[string]*schemas.Stream{
		"renamed": stream("a", "a:text", "c:number"), "retyped": stream("a", "a:text", "b:text"),
		"moved": stream("a", "b:number", "a:text"), "added": stream("a", "a:text", "b:number", "c:text"),
		"boundary": stream("a", "a:textb", ":number"),
	} {
		if Shape(s) == base {
			t.Errorf("%s: the shape did not change", name)
		}
	}
}

func TestObjectAllocatesNothing(t *testing.T) {
	o, c := NewObject(stream("a", "a:text", "b:number")), &record.Chunk{}
	text, num := []byte("山东省济南市"), []byte("12.5")
	row := func() {
		c.Reset()
		o.SetBytes(0, text)
		o.SetNumber(1, num)
		o.AppendTo(c, time.Time{}, record.Upsert, "", "")
	}
	row()
	if n := testing.AllocsPerRun(100, row); n > 0 {
		t.Errorf("%v allocations per record, want none", n)
	}
}

func FuzzObject(f *testing.F) {
	f.Add("a\"\\ \x00\xff", "1e5")
	f.Add("中文", "-0.0")
	f.Add("", "01")
	o := NewObject(stream("t", "t:text", "n:number"))
	f.Fuzz(func(t *testing.T, text, num string) {
		var c record.Chunk
		o.Set(0, text)
		o.SetNumber(1, []byte(num))
		o.AppendTo(&c, time.Time{}, record.Upsert, "", "")
		var got struct {
			T string
			N any
		}
		d := json.NewDecoder(strings.NewReader(string(c.Rows[0].Value)))
		d.UseNumber()
		if err := d.Decode(&got); err != nil {
			t.Fatalf("%q: %v", c.Rows[0].Value, err)
		}
		if want := strings.ToValidUTF8(text, "\uFFFD"); utf8.ValidString(text) && got.T != want {
			t.Fatalf("text %q came back as %q", want, got.T)
		}
		if n, ok := got.N.(json.Number); ok && n.String() != num {
			t.Fatalf("number %q came back as %q", num, n)
		}
		if v, err := json.Number(num).Float64(); err == nil && json.Valid([]byte(num)) && !math.IsNaN(v) {
			if _, ok := got.N.(json.Number); !ok && strings.TrimSpace(num) == num {
				t.Fatalf("number %q became text", num)
			}
		}
	})
}

func BenchmarkObject(b *testing.B) {
	s := stream("f0", "f0:text", "f1:text", "f2:text", "f3:text", "f4:text", "f5:text", "f6:text", "f7:text", "f8:text", "f9:text")
	o, c := NewObject(s), &record.Chunk{}
	text := []byte("山东省济南市历下区")
	b.ReportAllocs()
	for b.Loop() {
		if Full(c) {
			c.Reset()
		}
		for i := range 10 {
			o.SetBytes(i, text)
		}
		o.AppendTo(c, time.Time{}, record.Upsert, "", "")
	}
}
