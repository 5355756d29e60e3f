package pipelines

import (
	"reflect"
	"testing"
	"time"

	"rongtong/schemas/record"
)

func TestHeaderRoundTrip(t *testing.T) {
	for _, e := range []record.Envelope{
		{},
		{Op: record.Delete, Shape: 1 << 63, At: time.UnixMilli(1767110400000), Place: "户数!台账.xlsx:17", Fault: "total.mismatch"},
		{At: time.UnixMilli(-1)},
	} {
		var got record.Envelope
		n, err := parseHeader(AppendHeader(nil, &e, 3_000_000), &got)
		if err != nil {
			t.Fatal(err)
		}
		if n != 3_000_000 || got.Op != e.Op || got.Shape != e.Shape || !got.At.Equal(e.At) || got.Place != e.Place || got.Fault != e.Fault {
			t.Errorf("got %+v, want %+v", got, e)
		}
	}
}

func FuzzHeader(f *testing.F) {
	e := record.Envelope{Place: "a:1", Fault: "x"}
	f.Add(AppendHeader(nil, &e, 1))
	f.Add([]byte{1})
	f.Fuzz(func(t *testing.T, h []byte) {
		var e record.Envelope
		n, err := parseHeader(h, &e)
		if err != nil {
			return
		}
		var again record.Envelope
		if m, err := parseHeader(AppendHeader(nil, &e, n), &again); err != nil || m != n || again.Place != e.Place || again.Fault != e.Fault || !again.At.Equal(e.At) {
			t.Errorf("%q does not survive: %v", h, err)
		}
	})
}

func TestProgressRoundTrip(t *testing.T) {
	for _, p := range []progress{{}, {Counts: Counts{Records: 3_000_000, Dropped: 7}}, {Counts: Counts{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, map[string]int64{"指纹": 3, "…": 5}}, Position: []byte{0, 255}}, {Last: 12, Left: orphans{7: 1, 1 << 63: 300}, Position: []byte{9}}} {
		got, err := decodeProgress(p.encode())
		if err != nil || !reflect.DeepEqual(got, p) {
			t.Errorf("got %+v, %v, want %+v", got, err, p)
		}
	}
	if _, err := decodeProgress([]byte{9, 1}); err == nil {
		t.Error("a foreign version was accepted")
	}
}

func TestIntentRoundTrip(t *testing.T) {
	for _, want := range []intent{{To: 42, Plan: 1 << 63}, {To: 42, Plan: 7, Topic: "4oCcd0dGVzd-A_x"}, {Topic: "4oCcd0dGVzd-A_x"}, {}} {
		got, ok, err := parseIntent(want.encode())
		if err != nil || ok != (want.To > 0) || got != want {
			t.Errorf("got %+v %v %v, want %+v", got, ok, err, want)
		}
	}
	if got, ok, err := parseIntent("load to=42 plan=8000000000000000"); err != nil || !ok || got != (intent{To: 42, Plan: 1 << 63}) {
		t.Errorf("an earlier version's intent is read as %+v %v %v", got, ok, err)
	}
	for _, bad := range []string{"someone else's", "load", "load to=x", "to=7", "load to=7 plan=1 more=2"} {
		if _, _, err := parseIntent(bad); err == nil {
			t.Errorf("%q was read as an intent", bad)
		}
	}
}
