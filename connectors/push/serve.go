package push

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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
	Rule   string `json:"rule"`
	Field  string `json:"field,omitempty"`
	Item   *int   `json:"item,omitempty"` // counted from 0
	Zh     string `json:"message_zh"`
	En     string `json:"message_en"`
}

func (r *refusal) Error() string { return r.Rule }

func refuse(status int, rule, zh, en string) *refusal {
	return &refusal{status: status, Rule: rule, Zh: zh, En: en}
}

// at says which item, and which field, is meant.
func (r *refusal) at(item int, field string) *refusal {
	r.Item, r.Field = &item, field
	return r
}

func (g *gateway) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	if r.URL.Path == "/healthz" {
		g.health(w, r)
		return
	}
	id := fmt.Sprintf("%s-%d", g.instance, g.requests.Add(1))
	h.Set("X-Request-Id", id)
	reply, no := g.push(r, id)
	if no == nil {
		_ = json.NewEncoder(w).Encode(reply)
		return
	}
	switch no.status {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", `Bearer realm="rongtong"`)
	case http.StatusMethodNotAllowed:
		h.Set("Allow", http.MethodPost)
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		h.Set("Retry-After", "1")
	}
	w.WriteHeader(no.status)
	_ = json.NewEncoder(w).Encode(map[string]*refusal{"error": no})
}

// health answers whether every stream of the system is being read.
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
	_ = json.NewEncoder(w).Encode(map[string]string{"status": status, "system": g.name})
}

// accepted is the answer to a request whose records are durable.
type accepted struct {
	Accepted  int  `json:"accepted"`
	Duplicate bool `json:"duplicate,omitempty"`
}

// push takes one request and returns when its records are durable.
func (g *gateway) push(r *http.Request, id string) (accepted, *refusal) {
	st, no := g.admit(r)
	if no != nil {
		return accepted{}, no
	}
	if g.waiting.Add(1) > waitingMax {
		g.waiting.Add(-1)
		return accepted{}, full()
	}
	defer g.waiting.Add(-1)
	body, lease, no := g.body(r)
	if no != nil {
		return accepted{}, no
	}
	defer lease.free()
	items, no := check(st, body)
	if no != nil {
		return accepted{}, no
	}
	var key [sha256.Size]byte
	idem := r.Header.Get("Idempotency-Key")
	if len(idem) > seenKeyMax {
		return accepted{}, refuse(http.StatusBadRequest, "idempotency_key.length", "Idempotency-Key 过长", "the Idempotency-Key is longer than 128 bytes")
	}
	if idem != "" {
		key = seenKey(st.Path, idem, body)
		if n, ok := g.seen.find(key); ok {
			return accepted{n, true}, nil
		}
	}
	if items > 0 {
		if no := g.wait(r, st, &request{id: id, body: body, items: items, end: make(chan error, 1), lease: lease}); no != nil {
			return accepted{}, no
		}
	}
	if idem != "" {
		g.seen.add(key, items)
	}
	return accepted{Accepted: items}, nil
}

// admit looks at the request line and the headers.
func (g *gateway) admit(r *http.Request) (*stream, *refusal) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	got := sha256.Sum256([]byte(strings.TrimSpace(token)))
	if subtle.ConstantTimeCompare(got[:], g.key[:]) != 1 || !ok {
		return nil, refuse(http.StatusUnauthorized, "auth", "密钥缺失或错误", "the bearer key is missing or wrong")
	}
	st := g.paths[r.URL.Path]
	if st == nil {
		return nil, refuse(http.StatusNotFound, "path", "没有这个接收地址", "there is no such path")
	}
	if r.Method != http.MethodPost {
		return nil, refuse(http.StatusMethodNotAllowed, "method", "请使用 POST", "use POST")
	}
	if kind := r.Header.Get("Content-Type"); kind != "" {
		media, _, err := mime.ParseMediaType(kind)
		switch media {
		case "application/json", "application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines":
		default:
			err = errors.New("another type")
		}
		if err != nil {
			return nil, refuse(http.StatusUnsupportedMediaType, "content_type", "请发送 JSON 或 JSON Lines", "send application/json or application/x-ndjson")
		}
	}
	switch r.Header.Get("Content-Encoding") {
	case "", "identity", "gzip":
		return st, nil
	}
	return nil, refuse(http.StatusUnsupportedMediaType, "content_encoding", "只接受 gzip 压缩", "only gzip is accepted as encoding")
}

func full() *refusal {
	return refuse(http.StatusTooManyRequests, "queue.full", "接收队列已满，请稍后重发", "the queue is full; send again later")
}

// body reads the whole body, unpacked, within the memory that is left. The
// lease covers it and is nil only with a refusal.
func (g *gateway) body(r *http.Request) ([]byte, *lease, *refusal) {
	zipped := r.Header.Get("Content-Encoding") == "gzip"
	size := r.ContentLength
	if size > g.bodyMax {
		return nil, nil, g.large()
	}
	if size < 0 || zipped {
		size = g.bodyMax // not known before it is read
	}
	held := g.memory.take(size + requestBytes)
	if held == nil {
		return nil, nil, full()
	}
	body, no := g.unpack(r, zipped)
	if no != nil {
		held.free()
		return nil, nil, no
	}
	held.shrink(int64(len(body)) + requestBytes)
	return body, held, nil
}

func (g *gateway) large() *refusal {
	n := strconv.FormatInt(g.bodyMax, 10)
	return refuse(http.StatusRequestEntityTooLarge, "body.size", "请求体超过 "+n+" 字节", "the body is larger than "+n+" bytes")
}

func (g *gateway) unpack(r *http.Request, zipped bool) ([]byte, *refusal) {
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
	n, err := b.ReadFrom(io.LimitReader(in, g.bodyMax+1))
	switch {
	case n > g.bodyMax:
		return nil, g.large()
	case err != nil:
		return nil, refuse(http.StatusBadRequest, "body.truncated", "请求体不完整", "the body ends early or is damaged")
	}
	return b.Bytes(), nil
}

// check counts the items and refuses the body if one of them cannot be taken.
func check(st *stream, body []byte) (int, *refusal) {
	items := 0
	var no *refusal
	err := connectors.Objects(body, func(item []byte) error {
		if items++; items > itemsMax {
			no = refuse(http.StatusRequestEntityTooLarge, "items.count", "一次最多 10000 条", "at most 10,000 items per request")
			return no
		}
		nested := false
		err := connectors.EachField(item, func(name, value []byte) {
			if (value[0] == '{' || value[0] == '[') && !nested {
				nested = true
				field, _ := st.Fields.Get(string(name)) // a name that is not declared is not repeated
				no = refuse(http.StatusBadRequest, "field.nested", "字段只能是文本、数字、布尔或空值", "a field can only be text, number, bool or null").at(items-1, field.Key)
			}
		})
		if err == nil && nested {
			return no
		}
		return err
	})
	var wrong *connectors.ItemError
	switch {
	case no != nil:
		return 0, no
	case errors.As(err, &wrong) && wrong.Rule == "item.object":
		return 0, refuse(http.StatusBadRequest, "item.object", "每一条必须是 JSON 对象", "every item must be a JSON object").at(items-1, "")
	case err != nil:
		return 0, refuse(http.StatusBadRequest, "json.syntax", "不是有效的 JSON", "the body is not valid JSON: "+err.Error()).at(items, "")
	}
	return items, nil
}

// wait queues the request and waits until its records are durable.
func (g *gateway) wait(r *http.Request, st *stream, q *request) *refusal {
	stopped := refuse(http.StatusServiceUnavailable, "pipeline.stopped", "接收服务正在停止，请重发", "the pipeline is stopping; send again")
	src := st.reading()
	if src == nil || !src.put(q) {
		return stopped
	}
	defer src.leave(q)
	patience := time.NewTimer(g.patience)
	defer patience.Stop()
	select {
	case err := <-q.end:
		if errors.Is(err, errDone) {
			return nil
		}
		return stopped
	case <-patience.C:
		return refuse(http.StatusServiceUnavailable, "pipeline.slow", "数据尚未落盘，请重发", "the records are not durable yet; send again")
	case <-r.Context().Done():
		return stopped
	}
}
