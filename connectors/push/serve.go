package push

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"

	"rongtong/connectors"
)

// refusal is the answer to a request that is not taken, for the person who
// wrote the client: Zh and En say what to do, and no value is repeated.
type refusal struct {
	status int
	after  time.Duration // when to come back
	Rule   string        `json:"rule"`
	Zh     string        `json:"message_zh"`
	En     string        `json:"message_en"`

	// What breaks the contract, each with its line, item and field; at most
	// breachesMax of them, and how many there are in all.
	Problems []connectors.Breach `json:"problems,omitempty"`
	Count    int                 `json:"problem_count,omitempty"`
}

func (r *refusal) Error() string { return r.Rule }

func refuse(status int, rule, zh, en string) *refusal {
	return &refusal{status: status, Rule: rule, Zh: zh, En: en, after: time.Second}
}

func (g *gateway) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	if g.stopping.Load() {
		h.Set("Connection", "close")
	}
	if r.URL.Path == "/healthz" {
		g.health(w, r)
		return
	}
	id := fmt.Sprintf("%s-%d", g.instance, g.requests.Add(1))
	h.Set("X-Request-Id", id)
	reply, no := g.answer(r, id)
	if no == nil {
		_ = encoder(w).Encode(reply)
		return
	}
	switch no.status {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", `Bearer realm="rongtong"`)
	case http.StatusMethodNotAllowed:
		h.Set("Allow", "GET, POST")
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		h.Set("Retry-After", strconv.Itoa(max(1, int(math.Ceil(no.after.Seconds())))))
	}
	w.WriteHeader(no.status)
	_ = encoder(w).Encode(map[string]*refusal{"error": no})
}

func encoder(w io.Writer) *json.Encoder {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e
}

// health answers whether every stream of the system is being read. A gateway
// that is stopping says so with 503, so that a balancer looks elsewhere.
func (g *gateway) health(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	status := "ok"
	for _, st := range g.streams {
		if st.reading() == nil {
			status = "partly" // some streams are not being read
		}
	}
	if g.stopping.Load() {
		status = "stopping"
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = encoder(w).Encode(map[string]string{"status": status, "system": g.name})
}

// accepted is the answer to a request whose records are durable.
type accepted struct {
	Accepted  int  `json:"accepted"`
	Duplicate bool `json:"duplicate,omitempty"`
}

// answer takes one request: a POST until its records are durable, a GET for the
// contract.
func (g *gateway) answer(r *http.Request, id string) (any, *refusal) {
	from, st, no := g.admit(r)
	switch {
	case no != nil:
		return nil, no
	case r.Method == http.MethodGet:
		return g.contract(st, from), nil
	}
	return g.push(r, id, from, st)
}

func (g *gateway) push(r *http.Request, id string, from *sender, st *stream) (any, *refusal) {
	if g.waiting.Add(1) > waitingMax {
		g.waiting.Add(-1)
		return nil, full()
	}
	defer g.waiting.Add(-1)
	body, lease, no := g.body(r, from)
	if no != nil {
		return nil, no
	}
	defer lease.free()
	sent := body
	var lines []int // of the items, where the body is not what was sent
	if mediaType(r) == "text/csv" {
		if body, lines, no = fromCSV(r, body); no != nil {
			return nil, no
		}
		if !lease.grow(int64(len(body)) + requestBytes) {
			return nil, full()
		}
	}
	items, no := check(st, body, lines)
	if no != nil {
		return nil, no
	}
	q := &request{id: id, body: body, items: items, end: make(chan error, 1), lease: lease}
	if key := r.Header.Get("Idempotency-Key"); len(key) > seenKeyMax {
		return nil, refuse(http.StatusBadRequest, "idempotency_key.length", "Idempotency-Key 过长", "the Idempotency-Key is longer than 128 bytes")
	} else if key != "" {
		q.mark = markOf(from.name, st.Path, key, sent)
		if g.seen.has(q.mark) {
			return accepted{items, true}, nil
		}
	}
	if items > 0 {
		if no := g.wait(r, st, q); no != nil {
			return nil, no
		}
	}
	if q.mark != 0 {
		g.seen.add(q.mark)
	}
	return accepted{Accepted: items}, nil
}

// admit looks at the request line and the headers: who sends, and to which
// stream. Without a valid key nothing is told, not even which paths there are.
func (g *gateway) admit(r *http.Request) (*sender, *stream, *refusal) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	from := g.senders.find(strings.TrimSpace(token))
	if from == nil || !ok {
		return nil, nil, refuse(http.StatusUnauthorized, "auth", "密钥缺失、错误或已停用", "the bearer key is missing, wrong or no longer valid")
	}
	st := g.paths[r.URL.Path]
	switch {
	case st == nil:
		return nil, nil, refuse(http.StatusNotFound, "path", "没有这个接收地址", "there is no such path")
	case !from.may(st.Name):
		return nil, nil, refuse(http.StatusForbidden, "scope", "此密钥无权报送该数据", "the key may not send to this stream")
	case r.Method == http.MethodGet:
		return from, st, nil
	case r.Method != http.MethodPost:
		return nil, nil, refuse(http.StatusMethodNotAllowed, "method", "请使用 POST；GET 可读取数据约定", "use POST; GET returns the contract")
	case g.stopping.Load():
		return nil, nil, stopped()
	}
	if res := from.limit.Reserve(); res.Delay() > 0 {
		no := refuse(http.StatusTooManyRequests, "client.rate", "报送过于频繁，请按 Retry-After 稍后重发", "requests come too fast; wait as Retry-After says")
		no.after = res.Delay()
		res.Cancel()
		return nil, nil, no
	}
	switch mediaType(r) {
	case "", "application/json", "application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines", "text/csv":
	default:
		return nil, nil, refuse(http.StatusUnsupportedMediaType, "content_type", "请发送 JSON、JSON Lines 或 CSV", "send application/json, application/x-ndjson or text/csv")
	}
	switch r.Header.Get("Content-Encoding") {
	case "", "identity", "gzip":
		return from, st, nil
	}
	return nil, nil, refuse(http.StatusUnsupportedMediaType, "content_encoding", "只接受 gzip 压缩", "only gzip is accepted as encoding")
}

// mediaType is the type of the body; "?" if it cannot be read.
func mediaType(r *http.Request) string {
	kind := r.Header.Get("Content-Type")
	if kind == "" {
		return ""
	}
	media, _, err := mime.ParseMediaType(kind)
	if err != nil {
		return "?"
	}
	return media
}

func full() *refusal {
	return refuse(http.StatusTooManyRequests, "queue.full", "接收队列已满，请稍后重发", "the queue is full; send again later")
}

func stopped() *refusal {
	return refuse(http.StatusServiceUnavailable, "pipeline.stopped", "接收服务正在停止，请重发", "the pipeline is stopping; send again")
}

// contract is what a client must know to send.
func (g *gateway) contract(st *stream, from *sender) map[string]any {
	limits := map[string]any{"max_body_bytes": g.limitOf(from), "max_items": itemsMax}
	if from.Rate > 0 {
		limits["requests_per_second"] = from.Rate
	}
	return map[string]any{
		"system": g.name, "stream": st.Name, "path": st.Path, "limits": limits,
		"content_types": []string{"application/json", "application/x-ndjson", "text/csv"},
		"schema":        st.checker.JSONSchema("urn:rongtong:push:"+g.name+":"+st.Name, g.name+"."+st.Name),
	}
}

func (g *gateway) limitOf(from *sender) int64 {
	if from.MaxBody > 0 {
		return min(from.MaxBody, g.bodyMax)
	}
	return g.bodyMax
}

// body reads the whole body, unpacked, within the memory that is left. The
// lease covers it and is nil only with a refusal.
func (g *gateway) body(r *http.Request, from *sender) ([]byte, *lease, *refusal) {
	limit := g.limitOf(from)
	zipped := r.Header.Get("Content-Encoding") == "gzip"
	size := r.ContentLength
	if size > limit {
		return nil, nil, large(limit)
	}
	if size < 0 || zipped {
		size = limit // not known before it is read
	}
	held := g.memory.take(size + requestBytes)
	if held == nil {
		return nil, nil, full()
	}
	body, no := unpack(r, zipped, limit)
	if no != nil {
		held.free()
		return nil, nil, no
	}
	held.shrink(int64(len(body)) + requestBytes)
	return body, held, nil
}

func large(limit int64) *refusal {
	n := strconv.FormatInt(limit, 10)
	return refuse(http.StatusRequestEntityTooLarge, "body.size", "请求体超过 "+n+" 字节", "the body is larger than "+n+" bytes")
}

func unpack(r *http.Request, zipped bool, limit int64) ([]byte, *refusal) {
	var b bytes.Buffer
	in := io.Reader(r.Body)
	if zipped {
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			return nil, refuse(http.StatusBadRequest, "body.gzip", "gzip 数据损坏", "the body is not gzip")
		}
		defer z.Close()
		in = z
	} else if r.ContentLength > 0 {
		b.Grow(int(r.ContentLength) + bytes.MinRead)
	}
	n, err := b.ReadFrom(io.LimitReader(in, limit+1))
	switch {
	case n > limit:
		return nil, large(limit)
	case err != nil:
		return nil, refuse(http.StatusBadRequest, "body.truncated", "请求体不完整", "the body ends early or is damaged")
	}
	return b.Bytes(), nil
}

// breachesMax bounds an answer, not the check: all are counted.
const breachesMax = 100

// check counts the items and refuses the body, with every breach of the
// contract, if one of them cannot be taken. lines are those of the items; nil:
// they are counted in the body.
func check(st *stream, body []byte, lines []int) (int, *refusal) {
	items, count := 0, 0
	var breaches []connectors.Breach
	report := func(b connectors.Breach) {
		b.Item = items
		if count++; len(breaches) < breachesMax {
			breaches = append(breaches, b)
		}
	}
	line, counted := 1, 0 // items come in order, so the body is counted through once
	lineOf := func(at int) int {
		if lines != nil {
			return lines[items-1]
		}
		line += bytes.Count(body[counted:at], newline)
		counted = at
		return line
	}
	err := connectors.Objects(body, func(at int, item []byte) error {
		if items++; items > itemsMax {
			return errTooMany
		}
		before := len(breaches)
		if st.checker.Check(item, report) != nil { // its syntax was checked: it is no object
			report(connectors.Breach{Rule: "json.record", Zh: "每一条必须是 JSON 对象", En: "every item must be a JSON object"})
		}
		if len(breaches) > before {
			n := lineOf(at)
			for i := range breaches[before:] {
				breaches[before+i].Line = n
			}
		}
		return nil
	})
	var wrong *connectors.ItemError
	switch {
	case errors.Is(err, errTooMany):
		return 0, tooMany()
	case errors.As(err, &wrong):
		no := refuse(http.StatusBadRequest, "json.syntax", "不是有效的 JSON", "the body is not valid JSON")
		no.Problems = []connectors.Breach{{Line: connectors.LineAt(body, wrong.Offset), Item: items + 1, Rule: wrong.Rule, Zh: no.Zh, En: no.En}}
		no.Count = 1
		return 0, no
	case count > 0:
		return 0, broken(breaches, count)
	}
	return items, nil
}

func tooMany() *refusal {
	return refuse(http.StatusRequestEntityTooLarge, "items.count", "一次最多 10000 条", "at most 10,000 items per request")
}

var (
	errTooMany = errors.New("too many items")
	newline    = []byte("\n")
)

func broken(breaches []connectors.Breach, count int) *refusal {
	no := refuse(http.StatusUnprocessableEntity, "contract", fmt.Sprintf("有 %d 处不符合数据约定，整批未接收", count),
		fmt.Sprintf("%d places break the contract; nothing of the request was taken", count))
	no.Problems, no.Count = breaches, count
	return no
}

// wait queues the request and waits until its records are durable.
func (g *gateway) wait(r *http.Request, st *stream, q *request) *refusal {
	src := st.reading()
	if src == nil || !src.put(q) {
		return stopped()
	}
	defer src.leave(q)
	patience := time.NewTimer(g.patience)
	defer patience.Stop()
	select {
	case err := <-q.end:
		if errors.Is(err, errDone) {
			return nil
		}
		return stopped()
	case <-patience.C:
		return refuse(http.StatusServiceUnavailable, "pipeline.slow", "数据尚未落盘，请重发", "the records are not durable yet; send again")
	case <-r.Context().Done():
		return stopped()
	}
}
