package rest

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"rongtong/schemas/decl"
	"rongtong/schemas/fault"
)

// oauthScheme is OAuth 2.0 with client credentials (RFC 6749 section 4.4). The
// token is asked for again shortly before it expires and when it is refused.
type oauthScheme struct {
	decl.Pos
	Scheme       string      `decl:"scheme,required"`
	TokenURL     decl.Text   `decl:"token_url,required"` // an address, or a path below base
	ClientID     decl.Text   `decl:"client_id,required"`
	ClientSecret decl.Secret `decl:"client_secret,required"`
	Scopes       []string    `decl:"scopes"`
	ClientAuth   string      `decl:"client_auth"` // header (default) or body: where the credentials are shown
}

func (o *oauthScheme) check() []decl.Problem {
	ps := oneOf(o.Pos, "client_auth", o.ClientAuth, "header", "body")
	if raw := o.TokenURL.Raw(); !strings.Contains(raw, "${") && !strings.HasPrefix(raw, "/") {
		if _, wrong := parseBase(raw); wrong != "" {
			ps = append(ps, o.TokenURL.Problem("rest.base", "write http(s)://host/path, or a path below base", "token_url: %s", strings.TrimPrefix(wrong, "base ")))
		}
	}
	return ps
}

func (o *oauthScheme) prover() (prover, error) {
	id, err := o.ClientID.Value()
	if err != nil {
		return nil, err
	}
	secret, err := o.ClientSecret.Reveal()
	if err != nil {
		return nil, err
	}
	address, err := o.TokenURL.Value()
	if err != nil {
		return nil, err
	}
	style := oauth2.AuthStyleInHeader
	if o.ClientAuth == "body" {
		style = oauth2.AuthStyleInParams
	}
	return &oauthProver{config: clientcredentials.Config{ClientID: id, ClientSecret: secret, TokenURL: address, Scopes: o.Scopes, AuthStyle: style}, now: time.Now}, nil
}

type oauthProver struct {
	config clientcredentials.Config
	now    func() time.Time

	mu     sync.Mutex // held while asking, so that streams ask once together
	token  *oauth2.Token
	number int
}

func (o *oauthProver) proof(ctx context.Context, s *system, refused int) (func(*http.Request, []byte), int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	due := o.token != nil && !o.token.Expiry.IsZero() && o.now().After(o.token.Expiry.Add(-30*time.Second))
	if o.token == nil || due || o.number == refused {
		got, err := o.ask(ctx, s)
		if err != nil {
			return nil, 0, err
		}
		o.token, o.number = got, o.number+1
	}
	token := o.token
	return func(r *http.Request, _ []byte) { token.SetAuthHeader(r) }, o.number, nil
}

// ask gets a new token. What the server says of an error is not repeated.
func (o *oauthProver) ask(ctx context.Context, s *system) (*oauth2.Token, error) {
	config := o.config
	if strings.HasPrefix(config.TokenURL, "/") {
		u := *s.base
		u.Path += config.TokenURL
		config.TokenURL = u.String()
	}
	if err := s.limit.Wait(ctx); err != nil {
		return nil, fault.New(fault.Transient, "asking for a token of system %q: waiting for the rate limit: %w", s.name, err)
	}
	token, err := config.Token(context.WithValue(ctx, oauth2.HTTPClient, s.http))
	if err == nil {
		return token, nil
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	var answer *oauth2.RetrieveError
	var outer *url.Error
	switch {
	case errors.As(err, &answer) && (answer.Response.StatusCode >= 500 || answer.Response.StatusCode == http.StatusTooManyRequests):
		return nil, fault.New(fault.Transient, "asking for a token of system %q: the system answers %d", s.name, answer.Response.StatusCode)
	case errors.As(err, &answer):
		return nil, fault.Hint(fault.Config, "check client_id, client_secret and scopes", "asking for a token of system %q: the system answers %d", s.name, answer.Response.StatusCode)
	case errors.As(err, &outer):
		return nil, s.lineFault("asking for a token", outer.Err)
	}
	return nil, fault.Hint(fault.Config, "check token_url", "asking for a token of system %q: the answer is no token", s.name)
}
