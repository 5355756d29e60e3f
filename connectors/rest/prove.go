package rest

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"rongtong/schemas/decl"
	"rongtong/schemas/fault"
)

// prover proves to a system who asks. It is safe for concurrent use.
type prover interface {
	// proof returns what puts the proof onto a request, and the number of the
	// credential behind it. The credential whose number is refused (0: none is)
	// is replaced first: of several streams that were refused with the same one,
	// one asks and the others take its answer. Number 0: it cannot be replaced.
	proof(ctx context.Context, s *system, refused int) (stamp func(*http.Request, []byte), number int, err error)
}

// scheme is a way to prove, as declared.
type scheme interface {
	check() []decl.Problem
	// prover resolves the secrets. An error never holds one.
	prover() (prover, error)
}

var schemes = map[string]func() scheme{
	"gjgxjhpt": func() scheme { return &platform{} },
	"hmac":     func() scheme { return &hmacScheme{} },
	"oauth2":   func() scheme { return &oauthScheme{} },
	"token":    func() scheme { return &tokenScheme{} },
	"basic":    func() scheme { return &basicScheme{} },
}

func decodeScheme(n decl.Node) (scheme, []decl.Problem) {
	var keys map[string]decl.Node
	if ps := n.Decode(&keys); len(ps) > 0 {
		return nil, ps
	}
	name, _ := keys["scheme"].Scalar()
	make, ok := schemes[name]
	if !ok {
		known := []string{"basic", "gjgxjhpt", "hmac", "oauth2", "token"}
		return nil, []decl.Problem{n.Pos().Problem("rest.scheme", decl.Suggest(name, known),
			"%q is not a signature scheme known here: %s", name, strings.Join(known, ", "))}
	}
	s := make()
	ps := n.Decode(s)
	if len(ps) == 0 {
		ps = s.check()
	}
	return s, ps
}

// tokenScheme shows a fixed token in a header or a parameter.
type tokenScheme struct {
	decl.Pos
	Scheme string      `decl:"scheme,required"`
	Token  decl.Secret `decl:"token,required"`
	Header string      `decl:"header"` // of its own, without "Bearer"
	Query  string      `decl:"query"`  // parameter instead of a header: it will stand in the logs of the other side
}

func (t *tokenScheme) check() []decl.Problem {
	if t.Header != "" && t.Query != "" {
		return []decl.Problem{t.Problem("rest.signature", "", "a token is shown in a header or in a parameter, not in both")}
	}
	return nil
}

func (t *tokenScheme) prover() (prover, error) {
	token, err := t.Token.Reveal()
	if err != nil {
		return nil, err
	}
	return fixed(func(r *http.Request, _ []byte) {
		switch {
		case t.Query != "":
			q := r.URL.Query()
			q.Set(t.Query, token)
			r.URL.RawQuery = q.Encode()
		case t.Header != "":
			r.Header.Set(t.Header, token)
		default:
			r.Header.Set("Authorization", "Bearer "+token)
		}
	}), nil
}

// basicScheme is a user and a password.
type basicScheme struct {
	decl.Pos
	Scheme   string      `decl:"scheme,required"`
	User     decl.Text   `decl:"user,required"`
	Password decl.Secret `decl:"password,required"`
}

func (b *basicScheme) check() []decl.Problem { return nil }

func (b *basicScheme) prover() (prover, error) {
	user, err := b.User.Value()
	if err != nil {
		return nil, err
	}
	password, err := b.Password.Reveal()
	if err != nil {
		return nil, err
	}
	return fixed(func(r *http.Request, _ []byte) { r.SetBasicAuth(user, password) }), nil
}

// fixed is a proof that does not change.
type fixed func(*http.Request, []byte)

func (f fixed) proof(_ context.Context, s *system, refused int) (func(*http.Request, []byte), int, error) {
	if refused != 0 {
		return nil, 0, fault.New(fault.Bug, "proving to system %q: a fixed credential cannot be replaced", s.name)
	}
	return f, 0, nil
}

// unique reports a name that is given twice.
func unique(at decl.Pos, rule string, names []string) []decl.Problem {
	sorted := slices.Sorted(slices.Values(names))
	for i := 1; i < len(sorted); i++ {
		if sorted[i] == sorted[i-1] {
			return []decl.Problem{at.Problem(rule, "remove one of the two", "%q appears twice", sorted[i])}
		}
	}
	return nil
}
