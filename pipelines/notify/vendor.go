package notify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"rongtong/schemas/fault"
)

// vendor writes messages as one vendor's documentation says, and reads answers.
type vendor interface {
	// request makes the body for an address, which it may sign, at a time.
	request(m Message, address, secret string, at time.Time) (to string, body any, err error)
	// judge says what an answer with status 200 means; nil: it was taken.
	judge(body []byte) error
}

var vendors = map[string]vendor{"dingtalk": dingtalk{}, "wecom": wecom{}, "feishu": feishu{}, "json": plainJSON{}}

// hmac256 is the base64 form of HMAC-SHA256.
func hmac256(key, text string) string {
	h := hmac.New(sha256.New, []byte(key))
	h.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

// dingtalk is a custom robot of DingTalk (钉钉自定义机器人): a markdown message;
// 加签 puts timestamp (ms) and sign = base64(HMAC-SHA256(secret, timestamp + "\n" +
// secret)) into the query. It answers 200 with errcode.
type dingtalk struct{}

func (dingtalk) request(m Message, address, secret string, at time.Time) (string, any, error) {
	if secret != "" {
		u, err := url.Parse(address)
		if err != nil {
			return "", nil, fault.New(fault.Config, "the address is not one")
		}
		ms := strconv.FormatInt(at.UnixMilli(), 10)
		q := u.Query()
		q.Set("timestamp", ms)
		q.Set("sign", hmac256(secret, ms+"\n"+secret))
		u.RawQuery = q.Encode()
		address = u.String()
	}
	text := cut("#### "+m.title()+"\n\n"+strings.Join(m.lines("- **%s** %s", "  \n  `%s`"), "\n"), 18_000)
	return address, map[string]any{"msgtype": "markdown", "markdown": map[string]string{"title": m.title(), "text": text}}, nil
}

func (dingtalk) judge(body []byte) error {
	var a struct {
		Code int    `json:"errcode"`
		Text string `json:"errmsg"`
	}
	if err := json.Unmarshal(body, &a); err != nil {
		return fault.New(fault.Transient, "DingTalk's answer is not JSON")
	}
	switch a.Code {
	case 0:
		return nil
	case -1, 130101, 130102, 410100: // busy, or more than 20 a minute
		return fault.New(fault.Transient, "DingTalk answers %d: %s", a.Code, a.Text)
	case 310000:
		return fault.Hint(fault.Config, "check the secret (加签), the keywords and the list of addresses of the robot", "DingTalk answers %d: %s", a.Code, a.Text)
	}
	return fault.New(fault.Config, "DingTalk answers %d: %s", a.Code, a.Text)
}

// wecom is a robot of a WeCom group (企业微信群机器人): markdown of at most 4,096
// bytes. It answers 200 with errcode.
type wecom struct{}

func (wecom) request(m Message, address, _ string, _ time.Time) (string, any, error) {
	text := cut("### "+m.title()+"\n"+strings.Join(m.lines(`<font color="warning">%s</font> %s`, "\n> %s"), "\n"), 4096)
	return address, map[string]any{"msgtype": "markdown", "markdown": map[string]string{"content": text}}, nil
}

func (wecom) judge(body []byte) error {
	var a struct {
		Code int    `json:"errcode"`
		Text string `json:"errmsg"`
	}
	if err := json.Unmarshal(body, &a); err != nil {
		return fault.New(fault.Transient, "WeCom's answer is not JSON")
	}
	switch a.Code {
	case 0:
		return nil
	case -1, 45009, 45033: // busy, or more than 20 a minute
		return fault.New(fault.Transient, "WeCom answers %d: %s", a.Code, a.Text)
	case 93000:
		return fault.Hint(fault.Config, "the robot was removed, or the key in the address is wrong", "WeCom answers %d: %s", a.Code, a.Text)
	}
	return fault.New(fault.Config, "WeCom answers %d: %s", a.Code, a.Text)
}

// feishu is a custom robot of Feishu (飞书自定义机器人): a card; 签名校验 puts timestamp
// (s) and sign = base64(HMAC-SHA256(timestamp + "\n" + secret, "")) into the body. It
// answers 200 with code.
type feishu struct{}

func (feishu) request(m Message, address, secret string, at time.Time) (string, any, error) {
	colour := map[string]string{"critical": "red", "warning": "orange", "info": "blue", Over: "green"}[m.worst()]
	body := map[string]any{"msg_type": "interactive", "card": map[string]any{
		"config":   map[string]any{"wide_screen_mode": true},
		"header":   map[string]any{"template": colour, "title": map[string]string{"tag": "plain_text", "content": m.title()}},
		"elements": []any{map[string]any{"tag": "div", "text": map[string]string{"tag": "lark_md", "content": cut(strings.Join(m.lines("**%s** %s", "\n%s"), "\n"), 18_000)}}},
	}}
	if secret != "" {
		s := strconv.FormatInt(at.Unix(), 10)
		body["timestamp"], body["sign"] = s, hmac256(s+"\n"+secret, "")
	}
	return address, body, nil
}

func (feishu) judge(body []byte) error {
	var a struct {
		Code int    `json:"code"`
		Text string `json:"msg"`
	}
	if err := json.Unmarshal(body, &a); err != nil {
		return fault.New(fault.Transient, "Feishu's answer is not JSON")
	}
	switch a.Code {
	case 0:
		return nil
	case 11232, 99991400: // too often
		return fault.New(fault.Transient, "Feishu answers %d: %s", a.Code, a.Text)
	case 19021:
		return fault.Hint(fault.Config, "check the secret (签名校验), and the clock of this machine", "Feishu answers %d: %s", a.Code, a.Text)
	}
	return fault.New(fault.Config, "Feishu answers %d: %s", a.Code, a.Text)
}

// plainJSON is for everything else: all that is known, and a header
// X-Rongtong-Signature: sha256=<hex of HMAC-SHA256(secret, body)>.
type plainJSON struct{}

func (plainJSON) request(m Message, address, _ string, _ time.Time) (string, any, error) {
	return address, map[string]any{"source": "rongtong", "title": m.title(), "sent_at": m.At, "digest": m.Digest, "test": m.test, "news": m.News, "more": m.More}, nil
}

func (plainJSON) judge([]byte) error { return nil }

func signature(secret string, body []byte) string {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write(body)
	return "sha256=" + hex.EncodeToString(h.Sum(nil))
}

// transientStatus reports whether trying again may help.
func transientStatus(code int) bool {
	return code >= 500 || code == http.StatusTooManyRequests || code == http.StatusRequestTimeout
}

// worst is the most urgent severity of what is not over, or Over.
func (m Message) worst() string {
	for i := len(severities) - 1; i >= 0; i-- {
		for _, n := range m.News {
			if n.State != Over && n.Severity == severities[i] {
				return severities[i]
			}
		}
	}
	return Over
}

func (m Message) zh() bool { return m.Channel.Lang == "zh" }

func (m Message) title() string {
	begun, over := 0, 0
	for _, n := range m.News {
		if n.State == Over {
			over++
		} else {
			begun++
		}
	}
	begun += m.More
	switch {
	case m.test && m.zh():
		return "融通 测试通知"
	case m.test:
		return "rongtong: a test"
	case m.Digest && m.zh():
		return fmt.Sprintf("融通 静默时段摘要：%d 个问题，%d 个已恢复", begun, over)
	case m.Digest:
		return fmt.Sprintf("rongtong, while it was quiet: %d problems, %d over", begun, over)
	case m.zh():
		return fmt.Sprintf("融通 %d 个问题，%d 个已恢复", begun, over)
	}
	return fmt.Sprintf("rongtong: %d problems, %d over", begun, over)
}

var stateWords = map[string]map[bool]string{Begun: {true: "发生", false: "began"}, Lasts: {true: "持续", false: "lasts"}, Over: {true: "恢复", false: "over"}}
var severityWords = map[string]map[bool]string{"critical": {true: "紧急", false: "critical"}, "warning": {true: "警告", false: "warning"}, "info": {true: "提示", false: "info"}}

// lines write the news: the first format gets the state and the text, the second
// the command that shows more.
func (m Message) lines(line, do string) (out []string) {
	for _, n := range m.News {
		word, text := stateWords[n.State][m.zh()], n.En
		if n.State != Over {
			word = severityWords[n.Severity][m.zh()] + "·" + word
		}
		if m.zh() {
			text = n.Zh
		}
		if !n.Since.IsZero() && n.Since.Unix() > 0 {
			text += " (" + n.Since.In(m.At.Location()).Format("01-02 15:04") + ")"
		}
		s := fmt.Sprintf(line, word, text)
		if n.Do != "" && n.State != Over {
			s += fmt.Sprintf(do, n.Do)
		}
		out = append(out, s)
	}
	if m.More > 0 {
		more := fmt.Sprintf("… %d more: rongtong top", m.More)
		if m.zh() {
			more = fmt.Sprintf("……另有 %d 个：rongtong top", m.More)
		}
		out = append(out, more)
	}
	return out
}

// cut shortens a text to so many bytes, never within a character.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	s = s[:most-len("…")]
	for len(s) > 0 && !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	return s + "…"
}
