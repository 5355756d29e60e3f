package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/cenkalti/backoff/v5"
	"go.opentelemetry.io/otel/attribute"

	"rongtong/pipelines/telemetry"
	"rongtong/schemas/fault"
)

// Sender sends messages. An address carries a token, so no error names one.
type Sender struct {
	Log *slog.Logger

	client http.Client
	rests  map[string]*rest
}

// rest is how long a channel is left alone after an error.
type rest struct {
	until time.Time
	pause *backoff.ExponentialBackOff
}

// NewSender makes a sender.
func NewSender(log *slog.Logger) *Sender {
	return &Sender{Log: log, rests: map[string]*rest{}, client: http.Client{Timeout: 10 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// Try sends a message unless its channel rests after an error, and reports
// whether it was taken. What time heals is tried again soon, slower and slower;
// what a person must mend every few minutes.
func (s *Sender) Try(ctx context.Context, m Message) bool {
	r := s.rests[m.Channel.Channel]
	if r != nil && m.At.Before(r.until) {
		return false
	}
	err := s.Send(ctx, m)
	if err == nil {
		delete(s.rests, m.Channel.Channel)
		return true
	}
	if r == nil {
		pause := backoff.NewExponentialBackOff()
		pause.InitialInterval, pause.MaxInterval = 5*time.Second, 10*time.Minute
		r = &rest{pause: pause}
		s.rests[m.Channel.Channel] = r
	}
	wait := r.pause.NextBackOff()
	if fault.Of(err) != fault.Transient {
		wait = max(wait, 5*time.Minute)
	}
	r.until = m.At.Add(wait)
	s.Log.Warn("sending a notification", "channel", m.Channel.Channel, "class", fault.Of(err).String(), "error", err, "again_in", wait.Round(time.Second))
	return false
}

// Send sends a message once.
func (s *Sender) Send(ctx context.Context, m Message) (err error) {
	ctx, stage := telemetry.Begin(ctx, telemetry.Notify, attribute.String("rongtong.channel", m.Channel.Channel))
	defer func() { stage.End(err) }()
	what := fmt.Sprintf("sending to %q", m.Channel.Channel)
	address, err := m.Channel.URL.Reveal()
	if err != nil {
		return fault.New(fault.Config, "%s: its address: %w", what, err)
	}
	secret := ""
	if m.Channel.Secret.IsSet() {
		if secret, err = m.Channel.Secret.Reveal(); err != nil {
			return fault.New(fault.Config, "%s: its secret: %w", what, err)
		}
	}
	v := vendors[m.Channel.Kind]
	to, content, err := v.request(m, address, secret, time.Now())
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	body, err := json.Marshal(content)
	if err != nil {
		return fault.New(fault.Bug, "%s: %w", what, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return fault.New(fault.Config, "%s: its address is not one", what) // the error would say it
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	if secret != "" && m.Channel.Kind == "json" {
		req.Header.Set("X-Rongtong-Signature", signature(secret, body))
	}
	return s.post(req, v, what)
}

func (s *Sender) post(req *http.Request, v vendor, what string) error {
	res, err := s.client.Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err // without the address
		}
		return fault.New(fault.Transient, "%s: %w", what, err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	switch {
	case transientStatus(res.StatusCode):
		return fault.New(fault.Transient, "%s: it answers %s", what, res.Status)
	case res.StatusCode/100 != 2:
		return fault.New(fault.Config, "%s: it answers %s", what, res.Status)
	case err != nil:
		return fault.New(fault.Transient, "%s: reading the answer: %w", what, err)
	}
	if err := v.judge(answer); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// Test is a message that says that a channel works.
func Test(ch *Channel, at time.Time) Message {
	return Message{Channel: ch, At: at, test: true, News: []News{{Begun, Condition{Kind: "test", Subject: ch.Channel, Severity: "info", Since: at,
		Zh: "这是一条测试通知，渠道 " + ch.Channel + " 可用", En: "this is a test: the channel " + ch.Channel + " works", Do: "rongtong top"}}}}
}
