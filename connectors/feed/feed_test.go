package feed

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/hamba/avro/v2"
	"github.com/hamba/avro/v2/ocf"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl/plain"

	"rongtong/connectors"
	"rongtong/connectors/conntest"
	"rongtong/schemas"
	"rongtong/schemas/fault"
	"rongtong/schemas/record"
)

// declare makes a system of a topic read with these settings.
func (b *broker) declare(tb testing.TB, from string) *schemas.System {
	tb.Helper()
	sys := conntest.Declare(tb, worldText(b.addr, "RONGTONG_TEST_FEED_PASSWORD", from))
	if ps := Kind().Validate(sys); len(ps) > 0 {
		tb.Fatal(ps)
	}
	return sys
}

func opened(tb testing.TB, sys *schemas.System, pos record.Position) connectors.Source {
	tb.Helper()
	o, err := Kind().Open(context.Background(), sys)
	if err != nil {
		tb.Fatal(err)
	}
	src, err := o.Source(context.Background(), sys.Streams[0].Value, pos)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { src.Close(); o.Close() })
	return src
}

// drain reads until there is no more, or an error.
func drain(src connectors.Source) (rows []string, last record.Position, err error) {
	var chunk record.Chunk
	for {
		chunk.Reset()
		pos, err := src.Read(context.Background(), &chunk)
		if errors.Is(err, io.EOF) {
			return rows, last, nil
		}
		if err != nil {
			return rows, last, err
		}
		last = pos
		for _, e := range chunk.Rows {
			op := ""
			if e.Op == record.Delete {
				op = "-"
			}
			rows = append(rows, strings.TrimSpace(fmt.Sprintf("%s%s %s %s", op, strings.TrimPrefix(e.Place, topic), e.Value, e.Fault)))
		}
	}
}

func equal(tb testing.TB, got []string, want ...string) {
	tb.Helper()
	if !reflect.DeepEqual(got, want) {
		tb.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func raw(values ...string) (out []*kgo.Record) {
	for _, v := range values {
		out = append(out, &kgo.Record{Value: []byte(v)})
	}
	return out
}

const nothing = `{"id":null,"name":null,"n":null,"ok":null}`

// TestBadMessages: what is damaged is delivered with its place and rule, and
// what follows it is read.
func TestBadMessages(t *testing.T) {
	row := func(id string) string { return `{"id":"` + id + `","name":null,"n":null,"ok":null}` }
	for _, c := range []struct {
		name, from string
		messages   []*kgo.Record
		want       []string
	}{
		{"JSON", "format: json", raw(`{"id":"1"}`, `{"id":"2"`, `[{"id":"3"},7]`, `canary`, "", `{"id":"4"}{"id":"5"}`),
			[]string{"[0]@0 " + row("1"), "[0]@1 " + nothing + " json.syntax", "[0]@2 " + row("3"), "[0]@2 #2 " + nothing + " json.record", "[0]@3 " + nothing + " json.syntax",
				"[0]@4 " + nothing + " json.syntax", "[0]@5 " + row("4"), "[0]@5 #2 " + row("5")}},
		{"CSV", "format: csv, delimiter: '|'", raw("id|n\n1|\n2|3|4\n", "id\n\"5", "id\n6\n"),
			[]string{"[0]@0 " + row("1"), "[0]@0 #2 " + nothing + " csv.columns", "[0]@1 " + nothing + " csv.quote", "[0]@2 " + row("6")}},
		{"Avro", `format: avro, schema: '{"type":"record","name":"c","fields":[{"name":"id","type":"string"}]}'`, raw("\x021", "\x022!", "\x20x", "", "\x023"),
			[]string{"[0]@0 " + row("1"), "[0]@1 " + nothing + " avro.data", "[0]@2 " + nothing + " avro.data", "[0]@3 " + nothing + " avro.data", "[0]@4 " + row("3")}},
		{"a contract", "format: json, contract: { strict: true, fields: { n: { min: 0 } } }", raw(`{"id":"1","n":-1}`, `{"n":1}`, `{"id":"2","n":1}`, `{"id":"3","x":1}`),
			[]string{`[0]@0 {"id":"1","name":null,"n":-1,"ok":null} contract.range`, `[0]@1 {"id":null,"name":null,"n":1,"ok":null} contract.required`,
				`[0]@2 {"id":"2","name":null,"n":1,"ok":null}`, "[0]@3 " + row("3") + " contract.unknown_field"}},
		{"GB 18030", "format: json, encoding: gb18030", raw("{\"id\":\"\xbd\xe2\"}"), []string{"[0]@0 " + row("解")}},
		{"tombstones", "format: json, delete: { field: name, value: gone }", []*kgo.Record{{Key: []byte("1")}, {Key: []byte(`{"id":"2"}`)}, {}, {Key: []byte(`{"name":"x"}`)}, {Key: []byte(`{"id":`)},
			{Value: []byte(`{"id":"3","name":"gone"}`)}},
			[]string{"-[0]@0 " + row("1"), "-[0]@1 " + row("2"), "[0]@2 " + nothing + " feed.key", "[0]@3 " + nothing + " feed.key", "[0]@4 " + nothing + " feed.key",
				`-[0]@5 {"id":"3","name":"gone","n":null,"ok":null}`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBroker(t)
			b.topic(t, topic, 1)
			b.send(t, topic, 1, 0, c.messages...)
			rows, _, err := drain(opened(t, b.declare(t, c.from), nil))
			if err != nil {
				t.Fatal(err)
			}
			equal(t, rows, c.want...)
		})
	}
}

// TestConfluent: the number in front of a message leads to its schema in the
// registry, which is asked once; what the registry does not know is a bad
// record, and a registry that is away stops the stream for a while.
func TestConfluent(t *testing.T) {
	asked, down := 0, false
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		switch {
		case down:
			w.WriteHeader(503)
		case r.URL.Path == "/schemas/ids/7":
			_ = json.NewEncoder(w).Encode(map[string]string{"schema": `{"type":"record","name":"c","fields":[{"name":"id","type":"string"},{"name":"n","type":"long"}]}`})
		case r.URL.Path == "/schemas/ids/8": // the department added a field
			_ = json.NewEncoder(w).Encode(map[string]string{"schema": `{"type":"record","name":"c","fields":[{"name":"name","type":"string"},{"name":"id","type":"string"}]}`})
		default:
			w.WriteHeader(404)
		}
	}))
	defer srv.Close()
	b := newBroker(t)
	b.topic(t, topic, 1)
	framed := func(id uint32, body string) string {
		return string(binary.BigEndian.AppendUint32([]byte{0}, id)) + body
	}
	b.send(t, topic, 1, 0, raw(framed(7, "\x021\x02"), framed(8, "\x02x\x022"), framed(7, "\x023\x04"), framed(9, "\x024"), "\x021\x02", "")...)
	text := strings.Replace(worldText(b.addr, "RONGTONG_TEST_FEED_PASSWORD", "format: avro, wire: confluent"), "patience: 2s", "patience: 2s, registry: '"+srv.URL+"/'", 1)
	sys := conntest.Declare(t, text)
	src := opened(t, sys, nil)
	down = true
	if rows, _, err := drain(src); !fault.Is(err, fault.Transient) || len(rows) != 0 {
		t.Errorf("the registry is away: %v, %v", rows, err)
	}
	down, asked = false, 0
	rows, _, err := drain(src)
	if err != nil || asked != 3 {
		t.Errorf("%d questions, %v", asked, err)
	}
	equal(t, rows, `[0]@0 {"id":"1","name":null,"n":1,"ok":null}`, `[0]@1 {"id":"2","name":"x","n":null,"ok":null}`, `[0]@2 {"id":"3","name":null,"n":2,"ok":null}`,
		"[0]@3 "+nothing+" avro.schema", "[0]@4 "+nothing+" avro.schema", "[0]@5 "+nothing+" avro.schema")
}

// TestGaps: records that the broker deleted before they were read stop the
// stream, unless the declaration says to go on.
func TestGaps(t *testing.T) {
	b := newBroker(t)
	b.topic(t, topic, 1)
	b.send(t, topic, 1, 0, raw(`{"id":"1"}`, `{"id":"2"}`, `{"id":"3"}`, `{"id":"4"}`)...)
	pos := position{next: []int64{1}}.encode()
	c := b.client(t)
	defer c.Close()
	req := kmsg.NewDeleteRecordsRequest()
	rt := kmsg.NewDeleteRecordsRequestTopic()
	rp := kmsg.NewDeleteRecordsRequestTopicPartition()
	rp.Offset = 3
	rt.Topic, rt.Partitions = topic, append(rt.Partitions, rp)
	req.Topics = append(req.Topics, rt)
	if _, err := req.RequestWith(context.Background(), c); err != nil {
		t.Fatal(err)
	}
	_, _, err := drain(opened(t, b.declare(t, "format: json"), pos))
	if !fault.Is(err, fault.Config) || !strings.Contains(err.Error(), "2 records were deleted") {
		t.Errorf("a gap: %v", err)
	}
	rows, _, err := drain(opened(t, b.declare(t, "format: json, gaps: skip"), pos))
	if err != nil || len(rows) != 1 || !strings.HasPrefix(rows[0], "[0]@3") {
		t.Errorf("skipped: %v, %v", rows, err)
	}
	if rows, _, err := drain(opened(t, b.declare(t, "format: json"), nil)); err != nil || len(rows) != 1 {
		t.Errorf("from the beginning: %v, %v", rows, err)
	}
}

// TestTransactions: what a department's aborted transaction wrote is not read,
// and its markers are passed over.
func TestTransactions(t *testing.T) {
	b := newBroker(t)
	b.topic(t, topic, 1)
	c, err := kgo.NewClient(kgo.SeedBrokers(b.addr), kgo.SASL(plain.Auth{User: "etl", Pass: password}.AsMechanism()),
		kgo.TransactionalID("department"), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for i, commit := range []kgo.TransactionEndTry{kgo.TryCommit, kgo.TryAbort, kgo.TryCommit, kgo.TryAbort} {
		if err := c.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		if err := c.ProduceSync(context.Background(), &kgo.Record{Topic: topic, Value: fmt.Appendf(nil, `{"id":"%d"}`, i)}).FirstErr(); err != nil {
			t.Fatal(err)
		}
		if err := c.EndTransaction(context.Background(), commit); err != nil {
			t.Fatal(err)
		}
	}
	src := opened(t, b.declare(t, "format: json"), nil)
	rows, _, err := drain(src)
	if err != nil || len(rows) != 2 || !strings.Contains(rows[1], `"2"`) {
		t.Errorf("%v, %v", rows, err)
	}
	if rows, _, err := drain(src); err != nil || len(rows) != 0 {
		t.Errorf("again: %v, %v", rows, err)
	}
}

// TestContinuous: the source of a continuous system waits for records, also of
// a partition that is added while it waits.
func TestContinuous(t *testing.T) {
	b := newBroker(t)
	b.topic(t, topic, 1)
	sys := b.declare(t, "format: json")
	sys.Every.Continuous = true
	src := opened(t, sys, nil)
	read := func() *record.Chunk {
		t.Helper()
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
		defer cancel()
		var chunk record.Chunk
		if _, err := src.Read(ctx, &chunk); err != nil {
			t.Fatal(err)
		}
		return &chunk
	}
	sent := make(chan struct{})
	go func() { defer close(sent); b.send(t, topic, 1, 0, raw(`{"id":"1"}`)...) }()
	if c := read(); len(c.Rows) != 1 {
		t.Errorf("%d records", len(c.Rows))
	}
	<-sent
	c := b.client(t)
	defer c.Close()
	req := kmsg.NewCreatePartitionsRequest()
	rt := kmsg.NewCreatePartitionsRequestTopic()
	rt.Topic, rt.Count = topic, 2
	req.Topics = append(req.Topics, rt)
	if _, err := req.RequestWith(context.Background(), c); err != nil {
		t.Fatal(err)
	}
	b.send(t, topic, 2, 1, raw(`{"id":"2"}`)...)
	if c := read(); len(c.Rows) != 1 || c.Rows[0].Place != topic+"[1]@0" {
		t.Errorf("the new partition: %+v", c.Rows)
	}
}

// TestFairness: a partition with much does not keep the others from their turn.
func TestFairness(t *testing.T) {
	b := newBroker(t)
	b.topic(t, topic, 2)
	b.send(t, topic, 1, 0, world{"json"}.messages(0, 45_000)...)
	c := b.client(t)
	defer c.Close()
	if err := c.ProduceSync(context.Background(), &kgo.Record{Topic: topic, Partition: 1, Value: []byte(`{"id":"small"}`)}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	src := opened(t, b.declare(t, "format: json"), nil)
	var chunk record.Chunk
	for range 2 {
		chunk.Reset()
		if _, err := src.Read(context.Background(), &chunk); err != nil {
			t.Fatal(err)
		}
	}
	if string(chunk.Rows[0].Key) != "small" {
		t.Errorf("the second Read begins with %q", chunk.Rows[0].Place)
	}
}

func TestDiscover(t *testing.T) {
	b := newBroker(t)
	b.topic(t, topic, 1)
	b.topic(t, "feed.housing.permit", 1)
	b.topic(t, "in.other.stream", 1)
	b.send(t, topic, 1, 0, raw(`{"id":"1","n":1,"ok":true}`)...)
	b.send(t, "feed.housing.permit", 1, 0, raw(`{"no":"1"}`, `{"no":"2","area":1.5}`)...)
	o, err := Kind().Open(context.Background(), b.declare(t, "format: json"))
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	got, err := o.Discover(context.Background())
	if err != nil || len(got) != 2 || got[0].Name != "committee" || got[1].Name != "housing_permit" || len(got[1].Fields) != 2 {
		t.Errorf("%+v, %v", got, err)
	}
}

func FuzzPosition(f *testing.F) {
	f.Add([]byte(position{2, []int64{5, -1, 7}}.encode()))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := parsePosition(b)
		if err != nil || len(b) == 0 {
			return
		}
		if q, err := parsePosition(p.encode()); err != nil || !reflect.DeepEqual(p, q) {
			t.Fatalf("%v becomes %v, %v", p, q, err)
		}
	})
}

// FuzzMessage: whatever a message holds, what is delivered of it is JSON.
func FuzzMessage(f *testing.F) {
	for _, s := range []string{`{"id":"1"}`, `[{"id":"3"},7]`, "id|n\n1|\n2|3|4\n", "\x021", ""} {
		f.Add([]byte(s), uint8(0))
		f.Add([]byte(s), uint8(2))
	}
	f.Fuzz(func(t *testing.T, value []byte, format uint8) {
		d := newDecoder(from{Format: []string{"json", "csv"}[format%2], Delimiter: "|"}, nil)
		n := 0
		err := d.each(context.Background(), value, func(_ int, item []byte, rule string) {
			n++
			if (item == nil) != (rule != "") || item != nil && !json.Valid(item) {
				t.Fatalf("%q gives %q, %q", value, item, rule)
			}
		})
		if err != nil || n == 0 {
			t.Fatalf("%q gives %d records, %v: it vanished", value, n, err)
		}
	})
}

// FuzzAvro: a damaged message neither panics nor allocates what it claims, and
// what is taken for good is JSON.
func FuzzAvro(f *testing.F) {
	fields := []any{}
	good := []byte{}
	for _, a := range avroFields {
		fields = append(fields, map[string]any{"name": a.name, "type": json.RawMessage(a.typ)})
		good = append(good, a.bytes...)
	}
	fields = append(fields, map[string]any{"name": "nested", "type": json.RawMessage(`{"type":"array","items":{"type":"map","values":["null","wide"]}}`)})
	b, err := json.Marshal(map[string]any{"type": "record", "name": "wide", "fields": fields})
	if err != nil {
		f.Fatal(err)
	}
	schema, err := avro.ParseWithCache(string(b), "", &avro.SchemaCache{})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(append(good, 0))
	f.Add([]byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"))
	d := newDecoder(from{Format: "avro"}, &writers{declared: schema})
	f.Fuzz(func(t *testing.T, value []byte) {
		_ = d.each(context.Background(), value, func(_ int, item []byte, rule string) {
			if rule == "" && !json.Valid(item) {
				t.Fatalf("%x gives %q", value, item)
			}
		})
	})
}

// TestContainer: a sample in an Avro object container, of a file written by
// another program's encoder.
func TestContainer(t *testing.T) {
	const schema = `{"type":"record","name":"c","fields":[{"name":"id","type":"string"},{"name":"name","type":["null","string"]},` +
		`{"name":"n","type":{"type":"bytes","logicalType":"decimal","precision":18,"scale":2}},{"name":"ok","type":"boolean"}]}`
	var b bytes.Buffer
	enc, err := ocf.NewEncoder(schema, &b)
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range []any{nil, "解放桥"} {
		if err := enc.Encode(map[string]any{"id": fmt.Sprint(i), "name": name, "n": big.NewRat(1250, 100), "ok": true}); err != nil {
			t.Fatal(err)
		}
	}
	if err := enc.Close(); err != nil {
		t.Fatal(err)
	}
	sys := conntest.Declare(t, worldText("127.0.0.1:9092", "P", "format: avro, schema: '"+schema+"'"))
	s, err := NewSample(sys, sys.Streams[0].Value)
	if err != nil {
		t.Fatal(err)
	}
	look := func(name string, data []byte) (got []string) {
		if err := s.Each(name, data, func(line int, item []byte, rule string) {
			got = append(got, fmt.Sprintf("%d %s%s", line, item, rule))
		}); err != nil {
			got = append(got, err.Error())
		}
		return got
	}
	equal(t, look("x.avro", b.Bytes()), `1 {"id":"0","name":null,"n":12.50,"ok":true}`, `2 {"id":"1","name":"解放桥","n":12.50,"ok":true}`)
	equal(t, look("x.csv", []byte("id,n\n1,2\n")), `2 {"id":"1","n":"2"}`)
	equal(t, look("x.jsonl", []byte("{\"id\":1}\n\n{\"id\":2}")), `1 {"id":1}`, `3 {"id":2}`)
	if got := look("x.avro", []byte("canary")); len(got) != 1 || !strings.Contains(got[0], "it is none, or damaged") {
		t.Error(got)
	}
	if got := look("x.avro", b.Bytes()[:b.Len()-20]); !strings.HasSuffix(got[len(got)-1], "avro.data") {
		t.Error(got)
	}
}
