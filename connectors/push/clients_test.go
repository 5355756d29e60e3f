package push

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/encoding/simplifiedchinese"

	"rongtong/connectors/conntest"
	"rongtong/schemas/record"
)

// startAs starts a gateway with clients and a contract.
func startAs(tb testing.TB, clients, contract string) *rig {
	tb.Helper()
	text := strings.Replace(declaration, `key: "${env:RONGTONG_TEST_PUSH_KEY}"`, "clients: "+clients, 1)
	text = strings.Replace(text, "at: { field: device_time } }", "at: { field: device_time }"+contract+" }", 1)
	r := &rig{tb: tb, sys: conntest.Declare(tb, text)}
	if ps := Kind().Validate(r.sys); len(ps) > 0 {
		tb.Fatal(ps)
	}
	var err error
	if r.g, err = open(r.sys); err != nil {
		tb.Fatal(err)
	}
	r.reopen()
	r.url = "http://" + Addr(r.g).String()
	tb.Cleanup(func() { _ = r.src.Close(); _ = r.g.Close(); http.DefaultClient.CloseIdleConnections() })
	return r
}

func bearer(key string) []string { return []string{"Authorization", "Bearer " + key} }

func TestClientsAndScopes(t *testing.T) {
	hash := fmt.Sprintf("sha256:%x", sha256.Sum256([]byte("canary-key-of-the-station")))
	r := startAs(t, `{ app: { keys: ["${env:RONGTONG_TEST_PUSH_KEY}"], streams: [facility] }, station: { keys: ["`+hash+`"], max_body: 50 } }`, "")
	for _, c := range []struct {
		key    string
		body   string
		status int
		rule   string
	}{
		{testKey, item, 403, "scope"}, {"canary-key-of-the-station", item, 413, "body.size"}, {hash, item, 401, "auth"}, {"", item, 401, "auth"},
	} {
		got := <-r.send(c.body, bearer(c.key)...)
		if got.status != c.status || got.body.Error == nil || got.body.Error.Rule != c.rule {
			t.Errorf("%q: %d %s", c.key, got.status, got.text)
		}
	}
	answer := r.send(`{"village":"1"}`, bearer("canary-key-of-the-station")...)
	_, pos := r.read()
	r.done(pos)
	if got := <-answer; got.status != 200 {
		t.Errorf("a hashed key: %d %s", got.status, got.text)
	}
}

// TestRotation: a key is replaced while the gateway runs: both are valid for a
// while, then the old one is not.
func TestRotation(t *testing.T) {
	file := filepath.Join(t.TempDir(), "keys")
	write := func(keys string) {
		if err := os.WriteFile(file, []byte(keys), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("canary-old-key\n")
	r := startAs(t, `{ app: { keys: ["${file:`+file+`}"] } }`, "")
	now := time.Now()
	r.g.senders.now = func() time.Time { return now }
	status := func(key string) int {
		return r.request(http.MethodGet, "/v1/push/measure", nil, bearer(key)...).status
	}
	if status("canary-old-key") != 200 || status("canary-new-key") != 401 {
		t.Fatal("before the rotation")
	}
	write("canary-old-key\ncanary-new-key\n")
	now = now.Add(2 * time.Second)
	if status("canary-new-key") != 200 || status("canary-old-key") != 200 {
		t.Error("both keys are valid while clients move")
	}
	write("canary-new-key\n")
	if now = now.Add(2 * time.Minute); status("canary-old-key") != 401 || status("canary-new-key") != 200 {
		t.Error("the old key is gone")
	}
	write("")
	_ = os.Remove(file)
	if now = now.Add(2 * time.Minute); status("canary-new-key") != 200 {
		t.Error("a file that cannot be read locks nobody out")
	}
}

func TestRateOfAClient(t *testing.T) {
	r := startAs(t, `{ app: { keys: ["${env:RONGTONG_TEST_PUSH_KEY}"], rate: 0.01 }, other: { keys: ["${env:RONGTONG_TEST_OTHER_KEY}"] } }`, "")
	if got := <-r.send("[]"); got.status != 200 {
		t.Fatalf("the first: %d", got.status)
	}
	got := <-r.send("[]")
	after, _ := strconv.Atoi(got.header.Get("Retry-After"))
	if got.status != 429 || got.body.Error.Rule != "client.rate" || after < 50 || after > 101 {
		t.Errorf("the second: %d %s, Retry-After %d", got.status, got.text, after)
	}
	if got := <-r.send("[]", bearer("canary-key-of-another")...); got.status != 200 {
		t.Errorf("another client: %d", got.status)
	}
}

// TestIdempotencyKeySurvives: what was acknowledged, or made durable without an
// acknowledgement, is known to the next process by the position.
func TestIdempotencyKeySurvives(t *testing.T) {
	r := start(t)
	answer := r.send(item, "Idempotency-Key", "lost-answer")
	chunk, pos := r.read()
	if len(chunk.Rows) != 1 {
		t.Fatal("nothing was read")
	}
	_ = r.src.Close() // durable, and killed before Done
	if got := <-answer; got.status != 503 {
		t.Fatalf("answer %d", got.status)
	}
	next := start(t)
	_ = next.src.Close()
	src, err := next.g.Source(context.Background(), next.sys.Streams[0].Value, pos)
	if err != nil {
		t.Fatal(err)
	}
	next.src = src
	if got := <-next.send(item, "Idempotency-Key", "lost-answer"); got.status != 200 || !got.body.Duplicate || got.body.Accepted != 1 {
		t.Errorf("sent again to another process: %d %s", got.status, got.text)
	}
	answer = next.send(item, "Idempotency-Key", "new")
	_, later := next.read()
	next.done(later)
	if got := <-answer; got.status != 200 || got.body.Duplicate {
		t.Errorf("another key: %s", got.text)
	}
	p, err := parsePosition(later)
	if err != nil || len(p.recent) != 2 {
		t.Errorf("the position remembers %d, %v", len(p.recent), err)
	}
}

// TestPositionIsBounded, however many requests had a key.
func TestPositionIsBounded(t *testing.T) {
	r := start(t)
	s := r.src.(*source)
	for i := range 3 * recentMax {
		s.recent = append(s.recent, mark(i+1))
	}
	answer := r.send(item, "Idempotency-Key", "k")
	_, pos := r.read()
	r.done(pos)
	<-answer
	if len(pos) > 9*recentMax {
		t.Errorf("%d bytes", len(pos))
	}
	if p, err := parsePosition(pos); err != nil || len(p.recent) != recentMax || p.recent[recentMax-2] != 3*recentMax {
		t.Errorf("%d marks, %v", len(p.recent), err)
	}
}

const measureContract = `, contract: { strict: true, fields: { village: { zh: 村代码, format: division }, period: { format: month }, value: { required: true, min: 0, max: 100000 }, device_time: { format: datetime } } }`

// TestContract: the answer names every line, field and rule, and no value.
func TestContract(t *testing.T) {
	r := startAs(t, `{ app: { keys: ["${env:RONGTONG_TEST_PUSH_KEY}"] } }`, measureContract)
	good := `{"village":"370102001002","period":"202511","value":12.50,"device_time":"2025-12-20 08:00:00"}`
	for _, c := range []struct {
		name, body string
		want       []string
	}{
		{"JSON Lines", good + "\n" + `{"village":"canary","period":"202513","value":-1}` + "\n" + `{"period":"202511","value":"canary"}` + "\n", []string{
			"2 2 village contract.format", "2 2 period contract.format", "2 2 value contract.range", "3 3 village contract.required", "3 3 value contract.type"}},
		{"an array over lines", "[\n" + good + ",\n  {\"village\":\"370102001002\",\"period\":\"202511\",\n   \"value\":1,\"canary\":\"canary\"},\n  7\n]",
			[]string{"3 2  contract.unknown_field", "5 3  json.record"}},
		{"a date that does not exist", strings.Replace(good, "2025-12-20", "2025-02-30", 1), []string{"1 1 device_time contract.format"}},
		{"an empty required field", strings.Replace(good, "12.50", `""`, 1), []string{"1 1 value contract.required"}},
		{"too large", strings.Replace(good, "12.50", "100000.5", 1), []string{"1 1 value contract.range"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := <-r.send(c.body)
			if got.status != 422 || got.body.Error == nil || got.body.Error.Rule != "contract" || got.body.Error.Count != len(c.want) {
				t.Fatalf("answer %d %s", got.status, got.text)
			}
			var have []string
			for _, p := range got.body.Error.Problems {
				have = append(have, fmt.Sprintf("%d %d %s %s", p.Line, p.Item, p.Field, p.Rule))
				if p.Zh == "" || p.En == "" {
					t.Errorf("%+v has no text", p)
				}
			}
			if strings.Join(have, "\n") != strings.Join(c.want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(have, "\n"), strings.Join(c.want, "\n"))
			}
			if strings.Contains(got.text, "canary") {
				t.Errorf("the answer repeats a value or a name: %s", got.text)
			}
		})
	}
	answer := r.send(good)
	_, pos := r.read()
	r.done(pos)
	if got := <-answer; got.status != 200 {
		t.Errorf("a good record: %d %s", got.status, got.text)
	}
	many := strings.Repeat(`{"village":"x"}`+"\n", 1000)
	if got := <-r.send(many); got.body.Error == nil || got.body.Error.Count != 3000 || len(got.body.Error.Problems) != breachesMax {
		t.Errorf("3,000 breaches: %.200s", got.text)
	}
}

func TestCSV(t *testing.T) {
	r := startAs(t, `{ app: { keys: ["${env:RONGTONG_TEST_PUSH_KEY}"] } }`, measureContract)
	gb, _ := simplifiedchinese.GB18030.NewEncoder().String("village,period,value,device_time,filler_phone\n370102001002,202511,12.50,\"2025-12-20 08:00:00\",张三\n")
	for _, c := range []struct{ name, kind, body string }{
		{"UTF-8 with a mark", "text/csv", "\uFEFFvillage,period,value,device_time\r\n370102001002,202511,12.50,2025-12-20 08:00:00\r\n"},
		{"GB 18030", "text/csv; charset=GBK", gb},
	} {
		answer := r.send(c.body, "Content-Type", c.kind)
		chunk, pos := r.read()
		r.done(pos)
		if got := <-answer; got.status != 200 || got.body.Accepted != 1 {
			t.Errorf("%s: %d %s", c.name, got.status, got.text)
		}
		if got, want := string(chunk.Rows[0].Value), `{"village":"370102001002","period":"202511","value":12.50,"device_time":"2025-12-20 08:00:00"}`; got != want {
			t.Errorf("%s: %s", c.name, got)
		}
	}
	for _, c := range []struct {
		name, body, rule string
		status, line     int
	}{
		{"a line of another length", "village,period,value\n370102001002,202511,1\n1,2\n", "csv.columns", 422, 3},
		{"after a cell of two lines", "village,period,value,device_time\n370102001002,202511,1,\"a\nb\"\n370102001002,x,1,\n", "contract.format", 422, 2},
		{"a quote", "village,period\n1,\"2\n", "csv.quote", 400, 2},
		{"a header with a name twice", "village,village\n1,2\n", "csv.header", 400, 1},
		{"nothing", "", "csv.header", 400, 1},
	} {
		got := <-r.send(c.body, "Content-Type", "text/csv")
		if e := got.body.Error; got.status != c.status || e == nil || len(e.Problems) == 0 || e.Problems[0].Rule != c.rule || e.Problems[0].Line != c.line {
			t.Errorf("%s: %d %s", c.name, got.status, got.text)
		}
	}
	if got := <-r.send("a\n1\n", "Content-Type", "text/csv; charset=latin1"); got.status != 415 {
		t.Errorf("another charset: %d", got.status)
	}
}

// TestPublishedContract: what GET returns is JSON Schema, and it agrees with the
// door about good and bad records.
func TestPublishedContract(t *testing.T) {
	r := startAs(t, `{ app: { keys: ["${env:RONGTONG_TEST_PUSH_KEY}"], rate: 5 } }`, measureContract)
	got := r.request(http.MethodGet, "/v1/push/measure", nil)
	var doc struct {
		Schema any            `json:"schema"`
		Limits map[string]any `json:"limits"`
	}
	if err := json.Unmarshal([]byte(got.text), &doc); err != nil || doc.Limits["max_body_bytes"] != 100000.0 || doc.Limits["requests_per_second"] != 5.0 {
		t.Fatalf("%v: %s", err, got.text)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("contract.json", doc.Schema); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("contract.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, rec := range []string{
		`{"village":"370102001002","period":"202511","value":12.50}`, `{"village":"370102001002","period":"202511","value":"12.50","device_time":null}`,
		`{"village":"3701","period":"202511","value":1}`, `{"village":"370102001002","value":1}`, `{"village":"370102001002","period":"202511","value":-1}`,
		`{"village":"370102001002","period":"202511","value":true}`, `{"village":"370102001002","period":"202511","value":1,"x":1}`, `{"village":"","period":"202511","value":1}`,
		`{"village":"370102001002","period":"202511","value":"many"}`, `{"village":null,"period":"202511","value":1}`,
	} {
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(rec))
		if err != nil {
			t.Fatal(err)
		}
		_, no := check(r.g.streams["measure"], []byte(rec), nil)
		if (schema.Validate(v) == nil) != (no == nil) {
			t.Errorf("%s: the schema says %v, the door %v", rec, schema.Validate(v), no)
		}
	}
	if got := r.request(http.MethodGet, "/v1/push/measure", nil, bearer("x")...); got.status != 401 {
		t.Errorf("without a key: %d", got.status)
	}
}

// TestDrain: a gateway that stops says so, and answers all who wait.
func TestDrain(t *testing.T) {
	r := start(t)
	waiting := r.send(item)
	until(t, func() bool { return r.queued(1) })
	r.g.stopping.Store(true)
	if got := r.request(http.MethodGet, "/healthz", nil); got.status != 503 || !strings.Contains(got.text, "stopping") {
		t.Errorf("health %d %s", got.status, got.text)
	}
	if got := <-r.send(item); got.status != 503 || got.header.Get("Retry-After") == "" || got.body.Error.Rule != "pipeline.stopped" {
		t.Errorf("a new request: %d %s", got.status, got.text)
	}
	chunk, pos := r.read() // what was taken before is still made durable
	r.done(pos)
	if got := <-waiting; got.status != 200 || len(chunk.Rows) != 1 {
		t.Errorf("the one that waited: %d", got.status)
	}
}

// FuzzCSV: whatever a CSV body holds, what is made of it can be read.
func FuzzCSV(f *testing.F) {
	f.Add([]byte("village,period\n1,\"a\nb\"\n"), "text/csv")
	f.Add([]byte("\uFEFFvillage\n\"\"\n"), "text/csv; charset=gbk")
	g, err := open(conntest.Declare(f, declaration))
	if err != nil {
		f.Fatal(err)
	}
	st := g.streams["measure"]
	src := newSource(g, st, nil)
	var chunk record.Chunk
	f.Fuzz(func(t *testing.T, body []byte, kind string) {
		r := &http.Request{Header: http.Header{"Content-Type": {kind}}}
		out, lines, no := fromCSV(r, body)
		if no != nil {
			return
		}
		if len(lines) != bytes.Count(out, newline) {
			t.Fatalf("%d lines of %d items", len(lines), bytes.Count(out, newline))
		}
		items, no := check(st, out, lines)
		if no != nil {
			t.Fatalf("what was made of %q is refused: %v", body, no)
		}
		chunk.Reset()
		if err := src.decode(&request{id: "x", body: out, items: items}, &chunk); err != nil || len(chunk.Rows) != items {
			t.Fatalf("%d of %d records, %v", len(chunk.Rows), items, err)
		}
	})
}
