package feed

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl/plain"

	"rongtong/connectors"
	"rongtong/connectors/conntest"
	"rongtong/schemas"
	"rongtong/schemas/fault"
)

const password = "canary-kafka-password"

func TestMain(m *testing.M) {
	os.Setenv("RONGTONG_TEST_FEED_PASSWORD", password)
	os.Setenv("RONGTONG_TEST_FEED_WRONG", "canary-wrong-password")
	os.Exit(m.Run())
}

// broker is a broker of one node whose lines can be spoilt.
type broker struct {
	*kfake.Cluster
	addr string

	mu      sync.Mutex
	trouble *conntest.Trouble
	hit     chan struct{}
	free    chan struct{}
	conns   map[*line]bool
}

func newBroker(tb testing.TB) *broker {
	tb.Helper()
	b := &broker{conns: map[*line]bool{}}
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.EnableSASL(), kfake.Superuser("PLAIN", "etl", password),
		kfake.ListenFn(func(network, address string) (net.Listener, error) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			return &listener{l, b}, err
		}))
	if err != nil {
		tb.Fatal(err)
	}
	b.Cluster, b.addr = c, c.ListenAddrs()[0]
	tb.Cleanup(func() { b.heal(); c.Close() })
	for _, key := range []kmsg.Key{kmsg.ListOffsets, kmsg.SASLAuthenticate} {
		c.ControlKey(int16(key), b.control)
	}
	return b
}

// control answers for the broker where the trouble is its own.
func (b *broker) control(req kmsg.Request) (kmsg.Response, error, bool) {
	b.KeepControl()
	b.mu.Lock()
	defer b.mu.Unlock()
	switch r := req.(type) {
	case *kmsg.SASLAuthenticateRequest:
		if b.trouble != nil && *b.trouble == conntest.Expire {
			res := r.ResponseKind().(*kmsg.SASLAuthenticateResponse)
			res.ErrorCode = 58
			return res, nil, true
		}
	case *kmsg.ListOffsetsRequest:
		if b.trouble != nil && *b.trouble == conntest.Throttle {
			res := r.ResponseKind().(*kmsg.ListOffsetsResponse)
			for _, t := range r.Topics {
				out := kmsg.NewListOffsetsResponseTopic()
				out.Topic = t.Topic
				for _, p := range t.Partitions {
					o := kmsg.NewListOffsetsResponseTopicPartition()
					o.Partition, o.ErrorCode = p.Partition, 89 // the quota is used up
					out.Partitions = append(out.Partitions, o)
				}
				res.Topics = append(res.Topics, out)
			}
			return res, nil, true
		}
	}
	return nil, nil, false
}

func (b *broker) heal() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.trouble != nil {
		close(b.free)
	}
	b.trouble = nil
}

type listener struct {
	net.Listener
	b *broker
}

func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	s := &line{c, l.b}
	l.b.mu.Lock()
	l.b.conns[s] = true
	l.b.mu.Unlock()
	return s, nil
}

// line is a connection whose answers are spoilt while there is a trouble.
type line struct {
	net.Conn
	b *broker
}

func (l *line) Write(p []byte) (int, error) {
	l.b.mu.Lock()
	t, free := l.b.trouble, l.b.free
	if t != nil {
		select {
		case <-l.b.hit:
		default:
			close(l.b.hit)
		}
	}
	l.b.mu.Unlock()
	if t != nil {
		switch *t {
		case conntest.Cut:
			_, _ = l.Conn.Write(p[:len(p)/2])
			_ = l.Conn.(*net.TCPConn).SetLinger(0)
			l.Conn.Close()
			return 0, net.ErrClosed
		case conntest.Truncate:
			_, _ = l.Conn.Write(p[:len(p)/2])
			l.Conn.Close()
			return 0, net.ErrClosed
		case conntest.Stall:
			<-free
		}
	}
	return l.Conn.Write(p)
}

func (l *line) Close() error {
	l.b.mu.Lock()
	delete(l.b.conns, l)
	l.b.mu.Unlock()
	return l.Conn.Close()
}

// client is a department's producer.
func (b *broker) client(tb testing.TB) *kgo.Client {
	tb.Helper()
	c, err := kgo.NewClient(kgo.SeedBrokers(b.addr), kgo.SASL(plain.Auth{User: "etl", Pass: password}.AsMechanism()),
		kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerBatchMaxBytes(1<<20), kgo.ProducerLinger(5*time.Millisecond))
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func (b *broker) topic(tb testing.TB, name string, partitions int32) {
	tb.Helper()
	c := b.client(tb)
	defer c.Close()
	req := kmsg.NewCreateTopicsRequest()
	t := kmsg.NewCreateTopicsRequestTopic()
	t.Topic, t.NumPartitions, t.ReplicationFactor = name, partitions, 1
	req.Topics = append(req.Topics, t)
	if _, err := req.RequestWith(context.Background(), c); err != nil {
		tb.Fatal(err)
	}
}

// send produces records, each to partition i modulo partitions, at a time of its own.
func (b *broker) send(tb testing.TB, topic string, partitions int, from int, records ...*kgo.Record) {
	tb.Helper()
	c := b.client(tb)
	defer c.Close()
	for i, r := range records {
		r.Topic, r.Partition = topic, int32((from+i)%partitions)
		r.Timestamp = time.UnixMilli(1766188800000 + int64(from+i)*1000)
	}
	if err := c.ProduceSync(context.Background(), records...).FirstErr(); err != nil {
		tb.Fatal(err)
	}
}

// world is a department with a topic of four partitions in one format.
type world struct{ format string }

const topic, partitions = "feed.civil_affairs.committee", 4

func worldText(addr, env, format string) string {
	return fmt.Sprintf(`
connect: { kind: feed, brokers: %q, user: etl, password: "${env:%s}", mechanism: PLAIN, patience: 2s }
streams:
  committee:
    from: { topic: %s, %s }
    key: [id]
    fields: { id: text, name: text, n: number, ok: bool }
    drop: [person]
`, addr, env, topic, format)
}

var formats = map[string]string{
	"json": "format: json",
	"csv":  "format: csv, header: [id, name, n, ok, person]",
	"avro": `format: avro, schema: '{"type":"record","name":"c","fields":[{"name":"id","type":"string"},{"name":"name","type":"string"},` +
		`{"name":"n","type":{"type":"bytes","logicalType":"decimal","precision":18,"scale":2}},{"name":"ok","type":["null","boolean"]},{"name":"person","type":"string"}]}'`,
}

type site struct {
	*broker
	w  world
	tb testing.TB
	n  int
}

func id(i int) string { return fmt.Sprintf("37%010d", i) }

// message is record i in the format of the world.
func (w world) message(i int, name string) *kgo.Record {
	r := &kgo.Record{Key: []byte(id(i))}
	switch w.format {
	case "json":
		r.Value = fmt.Appendf(nil, `{"id":%q,"name":%q,"n":%d.50,"ok":true,"person":"canary","extra":1}`, id(i), name, i)
	case "csv":
		r.Value = fmt.Appendf(nil, "%s,\"%s\",%d.50,true,canary\n", id(i), name, i)
	case "avro":
		n := i*100 + 50
		r.Value = append(avroText(nil, id(i)), avroText(nil, name)...)
		r.Value = append(r.Value, 8, byte(n>>24), byte(n>>16), byte(n>>8), byte(n), 2, 1)
		r.Value = avroText(r.Value, "canary")
	}
	return r
}

func avroText(b []byte, s string) []byte {
	n := uint64(len(s)) << 1 // zigzag
	for n >= 0x80 {
		b = append(b, byte(n)|0x80)
		n >>= 7
	}
	return append(append(b, byte(n)), s...)
}

func (w world) messages(from, n int) []*kgo.Record {
	var out []*kgo.Record
	for i := from; i < from+n; i++ {
		out = append(out, w.message(i, "解放桥社区"))
	}
	return out
}

const worldRows = 20_600

func (w world) Kind() connectors.Kind { return Kind() }

func (w world) start(tb testing.TB, n int) *site {
	s := &site{newBroker(tb), w, tb, n}
	s.topic(tb, topic, partitions)
	for from := 0; from < n; from += 50_000 {
		s.send(tb, topic, partitions, from, w.messages(from, min(50_000, n-from))...)
	}
	return s
}

func (w world) Start(tb testing.TB) conntest.Site             { return w.start(tb, worldRows) }
func (w world) StartLarge(tb testing.TB, n int) conntest.Site { return w.start(tb, n) }

func (s *site) Text() string {
	return worldText(s.addr, "RONGTONG_TEST_FEED_PASSWORD", formats[s.w.format])
}
func (s *site) System() *schemas.System { return conntest.Declare(s.tb, s.Text()) }
func (s *site) Stream() string          { return "committee" }
func (s *site) Count() int              { return s.n }

func (s *site) add(tb testing.TB, records ...*kgo.Record) {
	s.send(tb, topic, partitions, s.n, records...)
	s.n += len(records)
}

func (s *site) Add(tb testing.TB) { s.add(tb, s.w.messages(s.n, 123)...) }

func (s *site) Update(tb testing.TB) []conntest.Event {
	s.add(tb, s.w.message(7, "新社区"))
	return []conntest.Event{{Key: id(7), With: map[string]string{"name": `"新社区"`, "n": "7.50"}}}
}

func (s *site) Delete(tb testing.TB) []conntest.Event {
	s.add(tb, &kgo.Record{Key: []byte(id(8))}, &kgo.Record{Key: fmt.Appendf(nil, `{"id":%q}`, id(9))})
	return []conntest.Event{{Key: id(8)}, {Key: id(9)}}
}

func (s *site) Inject(_ testing.TB, t conntest.Trouble) conntest.Injected {
	b := s.broker
	b.mu.Lock()
	defer b.mu.Unlock()
	b.trouble, b.hit, b.free = &t, make(chan struct{}), make(chan struct{})
	if t == conntest.Expire {
		for l := range b.conns { // the session ends with the credentials
			_ = l.Conn.Close()
		}
	}
	return conntest.Injected{Heal: b.heal, Hit: b.hit}
}

func (w world) Refused() []conntest.Refused {
	good := worldText("127.0.0.1:9092", "P", "format: json")
	avro := worldText("127.0.0.1:9092", "P", formats["avro"])
	change := func(name, rule, old, new string) conntest.Refused {
		return conntest.Refused{Name: name, Rule: rule, Text: strings.Replace(good, old, new, 1)}
	}
	return []conntest.Refused{
		change("unknown key", "key.unknown", "patience", "pacience"),
		change("a password in the file", "secret.inline", `"${env:P}"`, "canary"),
		change("a user without a password", "feed.credentials", `password: "${env:P}", `, ""),
		change("unknown mechanism", "feed.word", "PLAIN", "PLAINE"),
		change("half a certificate", "feed.tls", "patience: 2s", "cert: x.pem"),
		change("a topic of another kind", "feed.topic", topic, "in.civil.committee"),
		change("unknown format", "feed.word", "format: json", "format: jsonl"),
		change("a header of JSON", "feed.format", "format: json", "format: json, header: [id]"),
		change("a schema of JSON", "feed.format", "format: json", "format: json, wire: plain"),
		change("avro without a schema", "key.missing", "format: json", "format: avro"),
		change("avro by numbers without a registry", "key.missing", "format: json", "format: avro, wire: confluent"),
		{Name: "a schema that is none", Rule: "feed.schema", Text: strings.Replace(avro, `"type":"record"`, `"type":"recorded"`, 1)},
		change("unknown encoding", "feed.word", "format: json", "format: json, encoding: latin1"),
		change("a delimiter of two characters", "feed.delimiter", "format: json", "format: csv, delimiter: '||'"),
		change("unknown way with gaps", "feed.word", "format: json", "format: json, gaps: ignore"),
		change("a contract of no field", "contract.field", "format: json", "format: json, contract: { fields: { idd: {} } }"),
		{Name: "one topic twice", Rule: "feed.topic", Text: good + "  again: { from: { topic: " + topic + ", format: json }, key: [a], fields: { a: text } }\n"},
	}
}

func (w world) Unfit(tb testing.TB) []conntest.Unfit {
	s := w.start(tb, 1)
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	gone.Close()
	text := func(addr, env string) *schemas.System {
		return conntest.Declare(tb, worldText(addr, env, formats[w.format]))
	}
	return []conntest.Unfit{
		{Name: "a wrong password", System: text(s.addr, "RONGTONG_TEST_FEED_WRONG"), Class: fault.Config, Credential: true},
		{Name: "no password", System: text(s.addr, "RONGTONG_TEST_NOT_SET"), Class: fault.Config, Credential: true},
		{Name: "no such topic", System: conntest.Declare(tb, strings.Replace(s.Text(), topic, "feed.civil_affairs.other", 1)), Class: fault.Config},
		{Name: "nobody answers", System: text(gone.Addr().String(), "RONGTONG_TEST_FEED_PASSWORD"), Class: fault.Transient},
	}
}

func (w world) Exempt() map[string]string {
	if w.format != "json" {
		return map[string]string{"throttle": "the line and the broker are those of the format json, where it is checked",
			"cut": "as throttle", "truncate": "as throttle", "expire": "as throttle", "stall": "as throttle"}
	}
	return nil
}

func (w world) StartTypes(tb testing.TB) (conntest.Site, []conntest.Typed) {
	s := w.start(tb, 0)
	var want []conntest.Typed
	add := func(typ, key, field, json string) {
		want = append(want, conntest.Typed{Type: typ, Key: key, Field: field, JSON: json})
	}
	switch w.format {
	case "json":
		s.add(tb, &kgo.Record{Value: []byte(`{"id":"1","name":"一\u4e8c\n\"","n":12345678901234567890.10,"ok":"true"}`)},
			&kgo.Record{Value: []byte(`{"id":"2","name":7,"n":"12户","ok":false}`)}, &kgo.Record{Value: []byte(`{"id":"3","name":{"a":1},"n":null}`)})
		add("text", "1", "name", `"一二\n\""`)
		add("number", "1", "n", "12345678901234567890.10")
		add("truth value in quotes", "1", "ok", "true")
		add("number in a text field", "2", "name", `"7"`)
		add("text in a number field", "2", "n", `"12户"`)
		add("truth value", "2", "ok", "false")
		add("object", "3", "name", "null")
		add("null", "3", "n", "null")
		add("absent", "3", "ok", "null")
	case "csv":
		s.add(tb, &kgo.Record{Value: []byte("1,\"a\nb\",12345678901234567890.10,true,x\n")}, &kgo.Record{Value: []byte("2,,12户,,x\n")})
		add("text", "1", "name", `"a\nb"`)
		add("number", "1", "n", "12345678901234567890.10")
		add("truth value", "1", "ok", "true")
		add("empty", "2", "name", "null")
		add("text in a number field", "2", "n", `"12户"`)
		add("empty truth value", "2", "ok", "null")
	case "avro":
		return avroTypes(tb)
	}
	return s, want
}

func TestConformance(t *testing.T) {
	for _, f := range []string{"json", "csv", "avro"} {
		t.Run(f, func(t *testing.T) { conntest.Run(t, world{f}) })
	}
}

// wideSite is a topic whose records have a field of every Avro type.
type wideSite struct {
	*site
	schema string
}

func (s wideSite) Text() string {
	text := worldText(s.addr, "RONGTONG_TEST_FEED_PASSWORD", "format: avro, schema: '"+s.schema+"'")
	var fields []string
	for _, f := range avroFields {
		kind := "number"
		if strings.HasPrefix(f.json, `"`) || f.json == "null" {
			kind = "text"
		} else if f.json == "true" {
			kind = "bool"
		}
		fields = append(fields, fmt.Sprintf("%q: %s", f.name, kind))
	}
	return strings.Replace(text, "id: text, name: text, n: number, ok: bool", "id: text, "+strings.Join(fields, ", "), 1)
}

func (s wideSite) System() *schemas.System { return conntest.Declare(s.tb, s.Text()) }

// avroFields are a value of every Avro 1.11 type, as written and as delivered.
// The bytes were made by the rules of the specification, by hand.
var avroFields = []struct{ name, typ, bytes, json string }{
	{"null", `"null"`, "", "null"},
	{"boolean", `"boolean"`, "\x01", "true"},
	{"int", `"int"`, "\x7f", "-64"},
	{"long", `"long"`, "\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01", "9223372036854775807"},
	{"float", `"float"`, "\x00\x00\xc0\x3f", "1.5"},
	{"double", `"double"`, "\x9a\x99\x99\x99\x99\x99\xb9\x3f", "0.1"},
	{"bytes", `"bytes"`, "\x04\x00\xff", `"AP8="`},
	{"string", `"string"`, "\x06一", `"一"`},
	{"enum", `{"type":"enum","name":"e","symbols":["A","B"]}`, "\x02", `"B"`},
	{"fixed", `{"type":"fixed","name":"f","size":2}`, "\x00\xff", `"AP8="`},
	{"union", `["null","string","long"]`, "\x04\x02", "1"},
	{"array", `{"type":"array","items":"int"}`, "\x02\x02\x00", "null"},
	{"map", `{"type":"map","values":"int"}`, "\x00", "null"},
	{"decimal", `{"type":"bytes","logicalType":"decimal","precision":18,"scale":2}`, "\x02\xff", "-0.01"},
	{"decimal_fixed", `{"type":"fixed","name":"d","size":2,"logicalType":"decimal","precision":4,"scale":0}`, "\x01\x00", "256"},
	{"date", `{"type":"int","logicalType":"date"}`, "\x90\x9e\x02", `"2020-02-20"`},
	{"time_millis", `{"type":"int","logicalType":"time-millis"}`, "\x80\xba\xb7\x03", `"01:00:00"`},
	{"timestamp_millis", `{"type":"long","logicalType":"timestamp-millis"}`, "\x02", `"1970-01-01T00:00:00.001Z"`},
	{"timestamp_micros", `{"type":"long","logicalType":"timestamp-micros"}`, "\x02", `"1970-01-01T00:00:00.000001Z"`},
	{"local_timestamp_millis", `{"type":"long","logicalType":"local-timestamp-millis"}`, "\xd0\x0f", `"1970-01-01 00:00:01"`},
	{"uuid", `{"type":"string","logicalType":"uuid"}`, "\x02u", `"u"`},
}

func avroTypes(tb testing.TB) (conntest.Site, []conntest.Typed) {
	fields := []any{map[string]any{"name": "id", "type": "string"}}
	value := avroText(nil, "1")
	var want []conntest.Typed
	for _, f := range avroFields {
		fields = append(fields, map[string]any{"name": f.name, "type": json.RawMessage(f.typ)})
		value = append(value, f.bytes...)
		want = append(want, conntest.Typed{Type: f.name, Key: "1", Field: f.name, JSON: f.json})
	}
	schema, err := json.Marshal(map[string]any{"type": "record", "name": "wide", "fields": fields})
	if err != nil {
		tb.Fatal(err)
	}
	s := world{"avro"}.start(tb, 0)
	s.add(tb, &kgo.Record{Value: value})
	return wideSite{s, string(schema)}, want
}
