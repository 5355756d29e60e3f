package notify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"rongtong/pipelines/systems"
	"rongtong/schemas"
	"rongtong/schemas/decl"
	"rongtong/schemas/fault"
)

var kinds = []string{"run.failed", "stream.stopped", "quarantine.high", "leader"}

// loaded reads the shipped declarations once.
var loaded = sync.OnceValues(func() (*schemas.Catalog, []decl.Problem) { return schemas.Load(schemas.FS, systems.FS) })

func catalog(t testing.TB) *schemas.Catalog {
	t.Helper()
	c, ps := loaded()
	if len(ps) > 0 {
		t.Fatal(ps)
	}
	return c
}

func config(t testing.TB, text string) *Config {
	t.Helper()
	cfg, ps := Parse("notify.yaml", []byte(text), kinds, catalog(t))
	if len(ps) > 0 {
		t.Fatal(ps)
	}
	return cfg
}

// Every mistake of a file is said, with its place.
func TestParse(t *testing.T) {
	_, ps := Parse("notify.yaml", []byte(`
zone: Asia/Shanghia
channels:
  - { channel: a, kind: dingding, url: "${env:A}", events: [run.faild], least: urgent, tiers: [Q] }
  - { channel: a, kind: wecom, url: "${env:A}", secret: "${env:B}", per_minute: 100, quiet: { from: "25:00", calendar: mars } }
`), kinds, catalog(t))
	got := fmt.Sprint(ps)
	for _, rule := range []string{"zone.unknown", "channel.kind", "channel.event", "channel.least", "channel.tier", "channel.twice", "channel.secret", "channel.rate", "quiet.hour", "quiet.hours", "quiet.calendar"} {
		if !strings.Contains(got, "["+rule+"]") {
			t.Errorf("%s was not found: %v", rule, ps)
		}
	}
	if !strings.Contains(got, `did you mean "run.failed"`) || !strings.Contains(got, "notify.yaml:4:") {
		t.Errorf("no hint or no place: %v", ps)
	}
}

// robots are the vendors' servers, as far as their documentation says what they check.
func robot(t *testing.T, kind, secret string, answer *string, got *map[string]any) *httptest.Server {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		body := map[string]any{}
		if err := json.Unmarshal(raw, &body); err != nil || r.Method != http.MethodPost || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
			http.Error(w, "not JSON", http.StatusBadRequest)
			return
		}
		sum := func(key, text string) string {
			h := hmac.New(sha256.New, []byte(key))
			h.Write([]byte(text))
			return base64.StdEncoding.EncodeToString(h.Sum(nil))
		}
		near := func(at int64, unit time.Duration) bool {
			return (time.Since(time.Unix(0, at*int64(unit)))).Abs() < time.Hour
		}
		say := *answer
		switch kind {
		case "dingtalk":
			ms, _ := strconv.ParseInt(r.URL.Query().Get("timestamp"), 10, 64)
			if r.URL.Query().Get("access_token") != "T" || !near(ms, time.Millisecond) || r.URL.Query().Get("sign") != sum(secret, fmt.Sprintf("%d\n%s", ms, secret)) {
				say = `{"errcode":310000,"errmsg":"sign not match"}`
			}
		case "feishu":
			at, _ := strconv.ParseInt(fmt.Sprint(body["timestamp"]), 10, 64)
			if !near(at, time.Second) || body["sign"] != sum(fmt.Sprintf("%d\n%s", at, secret), "") {
				say = `{"code":19021,"msg":"sign match fail or timestamp is not within one hour from current time"}`
			}
		case "json":
			if r.Header.Get("X-Rongtong-Signature") != signature(secret, raw) {
				http.Error(w, "unsigned", http.StatusForbidden)
				return
			}
		}
		*got = body
		io.WriteString(w, say)
	}))
	t.Cleanup(srv.Close)
	return srv
}

func message(ch *Channel) Message {
	return Message{Channel: ch, At: time.Date(2026, 1, 3, 12, 0, 0, 0, time.FixedZone("CST", 8*3600)), News: []News{
		{Begun, Condition{Kind: "run.failed", Subject: "return", Severity: "critical", Since: time.Date(2026, 1, 3, 3, 0, 0, 0, time.UTC), Zh: "作业 return 运行失败", En: "the job return failed", Do: "rongtong runs show return-1"}},
		{Over, Condition{Kind: "stream.stopped", Subject: "a.b", Severity: "critical", Zh: "数据流 a.b 停装", En: "the stream a.b is stopped"}},
	}}
}

// Each vendor gets what its documentation asks for, signed so that a server which
// checks it is content, and its own errors, which come with status 200, are told
// apart: those that time heals, and those that a person must mend.
func TestVendors(t *testing.T) {
	for _, tt := range []struct {
		kind, query, ok, busy, wrong string
		text                         func(map[string]any) string
		want                         string
	}{
		{"dingtalk", "?access_token=T", `{"errcode":0,"errmsg":"ok"}`, `{"errcode":130101,"errmsg":"send too fast, exceed 20 times per minute"}`, `{"errcode":300001,"errmsg":"token is not exist"}`,
			func(b map[string]any) string {
				return fmt.Sprint(b["msgtype"], b["markdown"].(map[string]any)["title"], b["markdown"].(map[string]any)["text"])
			},
			"markdown融通 1 个问题，1 个已恢复#### 融通 1 个问题，1 个已恢复\n\n- **紧急·发生** 作业 return 运行失败 (01-03 11:00)  \n  `rongtong runs show return-1`\n- **恢复** 数据流 a.b 停装"},
		{"wecom", "?key=K", `{"errcode":0,"errmsg":"ok"}`, `{"errcode":45009,"errmsg":"api freq out of limit"}`, `{"errcode":93000,"errmsg":"invalid webhook url"}`,
			func(b map[string]any) string {
				return fmt.Sprint(b["msgtype"], b["markdown"].(map[string]any)["content"])
			},
			"markdown### 融通 1 个问题，1 个已恢复\n<font color=\"warning\">紧急·发生</font> 作业 return 运行失败 (01-03 11:00)\n> rongtong runs show return-1\n<font color=\"warning\">恢复</font> 数据流 a.b 停装"},
		{"feishu", "", `{"code":0,"msg":"success","data":{}}`, `{"code":11232,"msg":"frequency limited psm"}`, `{"code":9499,"msg":"Bad Request"}`,
			func(b map[string]any) string {
				card := b["card"].(map[string]any)
				return fmt.Sprint(b["msg_type"], card["header"].(map[string]any)["template"], card["elements"].([]any)[0].(map[string]any)["text"].(map[string]any)["content"])
			},
			"interactivered**紧急·发生** 作业 return 运行失败 (01-03 11:00)\nrongtong runs show return-1\n**恢复** 数据流 a.b 停装"},
		{"json", "", "", "", "",
			func(b map[string]any) string {
				n := b["news"].([]any)[0].(map[string]any)
				return fmt.Sprint(b["source"], n["state"], n["kind"], n["severity"], n["en"])
			},
			"rongtongopenrun.failedcriticalthe job return failed"},
	} {
		t.Run(tt.kind, func(t *testing.T) {
			answer, got := tt.ok, map[string]any{}
			srv := robot(t, tt.kind, "SECsecret", &answer, &got)
			t.Setenv("ROBOT", srv.URL+"/send"+tt.query)
			t.Setenv("SIGN", "SECsecret")
			text := `channels: [{ channel: duty, kind: ` + tt.kind + `, url: "${env:ROBOT}", secret: "${env:SIGN}" }]`
			if tt.kind == "wecom" {
				text = strings.Replace(text, `, secret: "${env:SIGN}"`, "", 1)
			}
			m := message(&config(t, text).Channels[0])
			s := NewSender(slog.New(slog.DiscardHandler))
			if err := s.Send(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			if said := tt.text(got); said != tt.want {
				t.Errorf("it said\n%s\nwant\n%s", said, tt.want)
			}
			if tt.busy != "" {
				for say, class := range map[string]fault.Class{tt.busy: fault.Transient, tt.wrong: fault.Config, "<html>": fault.Transient} {
					answer = say
					if err := s.Send(t.Context(), m); fault.Of(err) != class || strings.Contains(fmt.Sprint(err), srv.URL) {
						t.Errorf("when it answers %s: %v, want %v and no address", say, err, class)
					}
				}
			}
			if tt.kind != "wecom" {
				t.Setenv("SIGN", "SECwrong")
				if err := s.Send(t.Context(), m); fault.Of(err) != fault.Config {
					t.Errorf("signed with the wrong secret: %v", err)
				}
			}
			srv.Close()
			if err := s.Send(t.Context(), m); fault.Of(err) != fault.Transient || strings.Contains(err.Error(), "access_token") {
				t.Errorf("when it is away: %v", err)
			}
		})
	}
}

// Long messages are cut within the vendor's limit and never within a character.
func TestCut(t *testing.T) {
	cfg := config(t, `channels: [{ channel: duty, kind: wecom, url: "${env:NONE}" }]`)
	m := message(&cfg.Channels[0])
	for range 300 {
		m.News = append(m.News, m.News[0])
	}
	_, body, err := wecom{}.request(m, "", "", m.At)
	if err != nil {
		t.Fatal(err)
	}
	content := body.(map[string]any)["markdown"].(map[string]string)["content"]
	if len(content) > 4096 || len(content) < 4000 || !utf8.ValidString(content) {
		t.Errorf("%d bytes, valid: %v", len(content), utf8.ValidString(content))
	}
}

// world plays a policy through time: what is wrong, and what is said.
type world struct {
	t       *testing.T
	p       *Policy
	cfg     *Config
	now     time.Time
	wrong   map[string]Condition
	said    []string
	refuses bool
}

func play(t *testing.T, at, text string) *world {
	cfg := config(t, text)
	now, err := time.ParseInLocation("2006-01-02 15:04", at, time.FixedZone("CST", 8*3600))
	if err != nil {
		t.Fatal(err)
	}
	return &world{t: t, cfg: cfg, p: NewPolicy(cfg, catalog(t), State{}), now: now, wrong: map[string]Condition{}}
}

func (w *world) begins(kind, subject, severity string) {
	w.wrong[kind+subject] = Condition{Kind: kind, Subject: subject, Severity: severity, En: subject, Zh: subject, Event: kind == "leader"}
}
func (w *world) ends(kind, subject string) { delete(w.wrong, kind+subject) }

// restart is another process that takes over.
func (w *world) restart() {
	b, err := json.Marshal(w.p.State)
	var s State
	if err == nil {
		err = json.Unmarshal(b, &s)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	w.p = NewPolicy(w.cfg, catalog(w.t), s)
}

func (w *world) pass(d time.Duration) {
	const step = 15 * time.Second
	for end := w.now.Add(d); w.now.Before(end); {
		w.now = w.now.Add(step)
		var list []Condition
		for _, c := range w.wrong {
			list = append(list, c)
		}
		for _, m := range w.p.Look(w.now, list, false) {
			if w.refuses {
				continue
			}
			w.p.Sent(m)
			var words []string
			for _, n := range m.News {
				words = append(words, n.State+" "+n.Subject)
			}
			if m.Digest {
				words = append([]string{"digest"}, words...)
			}
			if m.More > 0 {
				words = append(words, fmt.Sprintf("+%d", m.More))
			}
			w.said = append(w.said, strings.Join(words, ", "))
		}
	}
}

func (w *world) heard(want ...string) {
	w.t.Helper()
	if got := strings.Join(w.said, " | "); got != strings.Join(want, " | ") {
		w.t.Errorf("said: %s\nwant: %s", got, strings.Join(want, " | "))
	}
	w.said = nil
}

const daytime = `channels: [{ channel: duty, kind: json, url: "${env:NONE}", settle: 1m, group: 30s, repeat: 2h, again: 10m }]`

func TestToldOnce(t *testing.T) {
	w := play(t, "2026-01-05 10:00", daytime)
	w.begins("run.failed", "return", "critical")
	w.pass(30 * time.Second)
	w.heard() // it has not lasted yet
	w.pass(10 * time.Minute)
	w.heard("open return")
	w.restart() // and a new leader does not say it again
	w.pass(90 * time.Minute)
	w.heard()
	w.pass(time.Hour)
	w.heard("still return")
	w.ends("run.failed", "return")
	w.pass(5 * time.Minute)
	w.heard("over return")
	w.restart()
	w.pass(3 * time.Hour)
	w.heard()
}

func TestFlapping(t *testing.T) {
	w := play(t, "2026-01-05 10:00", daytime)
	for range 40 { // shorter than settle: nobody hears of it
		w.begins("run.failed", "flap", "critical")
		w.pass(30 * time.Second)
		w.ends("run.failed", "flap")
		w.pass(30 * time.Second)
	}
	w.heard()
	for range 20 { // longer than settle, again and again: not more than every ten minutes
		w.begins("run.failed", "flap", "critical")
		w.pass(2 * time.Minute)
		w.ends("run.failed", "flap")
		w.pass(2 * time.Minute)
	}
	if n := len(w.said); n > 2*8 || n < 4 {
		t.Errorf("%d messages in 80 minutes: %q", n, w.said)
	}
}

func TestGroupedAndLimited(t *testing.T) {
	w := play(t, "2026-01-05 10:00", strings.Replace(daytime, "group: 30s", "group: 30s, per_minute: 2", 1))
	for i := range 50 { // a storm: one message says it
		w.begins("stream.stopped", fmt.Sprintf("s%02d", i), "critical")
	}
	w.begins("quarantine.high", "minor", "warning")
	w.pass(5 * time.Minute)
	if len(w.said) != 1 || !strings.HasPrefix(w.said[0], "open s00, open s01,") || !strings.HasSuffix(w.said[0], "+31") {
		t.Errorf("a storm of 51: %q", w.said)
	}
	w.said = nil
	w.cfg.Channels[0].Group = 1
	for i := range 8 { // one after the other: two a minute and no more
		w.begins("run.failed", fmt.Sprintf("j%d", i), "critical")
		w.pass(15 * time.Second)
	}
	before := w.now
	w.pass(10 * time.Minute)
	if n := len(w.said); n > 2*int(w.now.Sub(before).Minutes()+3) || !strings.Contains(strings.Join(w.said, " "), "open j7") {
		t.Errorf("%d messages: %q", n, w.said)
	}
}

func TestQuietHours(t *testing.T) {
	w := play(t, "2026-01-05 21:30", strings.Replace(daytime, "group: 30s", `group: 30s, quiet: { from: "22:00", to: "07:30" }`, 1))
	w.pass(time.Hour)
	w.begins("quarantine.high", "a", "warning")
	w.begins("quarantine.high", "gone", "warning")
	w.begins("run.failed", "urgent", "critical")
	w.pass(time.Hour)
	w.heard("open urgent")
	w.ends("quarantine.high", "gone")
	w.restart()
	w.pass(7 * time.Hour) // until 06:30
	w.heard("still urgent", "still urgent", "still urgent")
	w.pass(2 * time.Hour)
	if len(w.said) != 2 || !strings.Contains(strings.Join(w.said, " | "), "digest, ") || !strings.Contains(strings.Join(w.said, " | "), "open a") || !strings.Contains(strings.Join(w.said, " | "), "over gone") {
		t.Errorf("in the morning: %q", w.said)
	}
}

// A holiday is quiet all day, a working Sunday is not.
func TestQuietDays(t *testing.T) {
	text := strings.Replace(daytime, "group: 30s", `group: 30s, quiet: { calendar: china }`, 1)
	for day, heard := range map[string]bool{"2025-10-01": false, "2025-09-28": true, "2025-09-27": false, "2025-09-29": true} {
		w := play(t, day+" 10:00", text)
		w.begins("quarantine.high", "a", "warning")
		w.pass(time.Hour)
		if got := len(w.said) > 0; got != heard {
			t.Errorf("%s: said %q", day, w.said)
		}
	}
}

func TestLeaderAndFilters(t *testing.T) {
	w := play(t, "2026-01-05 10:00", `channels:
  - { channel: all, kind: json, url: "${env:NONE}", least: info }
  - { channel: county, kind: json, url: "${env:NONE}", events: [run.failed], tiers: [X] }`)
	w.begins("leader", "one", "info")
	w.pass(time.Minute)
	w.heard() // the first is no news
	w.ends("leader", "one")
	w.begins("leader", "two", "info")
	w.pass(10 * time.Minute)
	w.heard("open two")
	c := Condition{Kind: "run.failed", Subject: "city", Severity: "critical", Tier: "C"}
	w.wrong["c"] = c
	w.pass(10 * time.Minute)
	w.heard("open city") // to one of the two
}

// What could not be sent is sent later, and what cannot be asked is not over.
func TestRefusedAndPartial(t *testing.T) {
	w := play(t, "2026-01-05 10:00", daytime)
	w.begins("run.failed", "return", "critical")
	w.refuses = true
	w.pass(30 * time.Minute)
	w.refuses = false
	w.pass(time.Minute)
	w.heard("open return")
	for range 100 {
		w.now = w.now.Add(time.Minute)
		if ms := w.p.Look(w.now, nil, true); len(ms) > 0 && ms[0].News[0].State == Over {
			t.Fatalf("while nobody answers: %+v", ms[0].News)
		}
	}
}
