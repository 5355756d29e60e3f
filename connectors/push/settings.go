package push

import (
	"net"
	"slices"
	"strings"
	"time"

	"rongtong/connectors"
	"rongtong/schemas"
	"rongtong/schemas/decl"
)

// settings is `connect`.
type settings struct {
	decl.Pos
	Kind     string           `decl:"kind,required"`
	Listen   decl.Text        `decl:"listen,required"` // host:port; port 0 takes a free one
	Key      decl.Secret      `decl:"key"`             // of a single client that may send to every stream
	Clients  decl.Map[client] `decl:"clients"`         // by name
	MaxBody  int64            `decl:"max_body"`        // bytes of one request, unpacked; 0: 4 MiB
	Patience time.Duration    `decl:"patience"`        // how long a request waits to become durable; 0: 60 s
}

// client is one who may send.
type client struct {
	decl.Pos
	Keys    []keyRef `decl:"keys,required"` // any of them; two while one is being replaced
	Streams []string `decl:"streams"`       // what it may send; empty: everything
	Rate    float64  `decl:"rate"`          // requests a second; 0: unlimited
	MaxBody int64    `decl:"max_body"`      // less than that of the gateway
}

// keyRef is a bearer key: a reference to where it is, or the hash of it,
// "sha256:" and 64 hex digits, which may stand in a declaration. What a
// reference leads to may be a hash too.
type keyRef struct {
	decl.Secret
	hash string
}

// FromNode accepts a hash or a reference.
func (k *keyRef) FromNode(n decl.Node) []decl.Problem {
	if text, ok := n.Scalar(); ok && strings.HasPrefix(text, hashPrefix) {
		k.hash = text
		if _, err := parseKey(text); err != nil {
			return []decl.Problem{n.Pos().Problem("push.key", "printf %s KEY | sha256sum", "a hash is sha256: and 64 hex digits")}
		}
		return nil
	}
	return k.Secret.FromNode(n)
}

func (k keyRef) reveal() (string, error) {
	if k.hash != "" {
		return k.hash, nil
	}
	return k.Secret.Reveal()
}

// from is `streams.<name>.from`.
type from struct {
	decl.Pos
	Path string `decl:"path,required"`
	At   *struct {
		Field string `decl:"field,required"`
	} `decl:"at"`
	Delete *struct {
		Field string `decl:"field,required"`
		Value string `decl:"value,required"` // a record with this value is a deletion
	} `decl:"delete"`
	Contract *connectors.Contract `decl:"contract"`
}

const (
	bodyDefault     = 4 << 20
	bodyMax         = 64 << 20
	patienceDefault = 60 * time.Second
)

func read(sys *schemas.System) (settings, map[string]from, []decl.Problem) {
	var set settings
	ps := sys.Connect.Decode(&set)
	if len(ps) == 0 {
		ps = set.check(sys)
	}
	froms := map[string]from{}
	taken := map[string]string{"/healthz": "the health check"}
	for _, e := range sys.Streams {
		var f from
		got := e.Value.From.Decode(&f)
		switch other, ok := taken[f.Path]; {
		case len(got) > 0:
		case !strings.HasPrefix(f.Path, "/") || strings.ContainsAny(f.Path, " ?#%{}"):
			got = append(got, f.Problem("push.path", `write it from the slash: "/v1/push/forms"`, "%q is not a plain path", f.Path))
		case ok:
			got = append(got, f.Problem("push.path", "give every stream its own path", "the path %q belongs to %s already", f.Path, other))
		}
		if f.Contract != nil {
			got = append(got, f.Contract.Validate(e.Value)...)
		}
		taken[f.Path] = "stream " + e.Key
		ps = append(ps, got...)
		froms[e.Key] = f
	}
	return set, froms, ps
}

func (s settings) check(sys *schemas.System) []decl.Problem {
	var ps []decl.Problem
	if s.MaxBody < 0 || s.MaxBody > bodyMax {
		ps = append(ps, s.Problem("push.max_body", "", "max_body is %d bytes: 1 to %d are possible", s.MaxBody, bodyMax))
	}
	if s.Patience < 0 {
		ps = append(ps, s.Problem("push.patience", "", "patience cannot be negative"))
	}
	if raw := s.Listen.Raw(); !strings.Contains(raw, "${") {
		if _, _, err := net.SplitHostPort(raw); err != nil {
			ps = append(ps, s.Listen.Problem("push.listen", `write host:port, "127.0.0.1:8070"`, "%q is not an address to listen on", raw))
		}
	}
	if s.Key.IsSet() == (len(s.Clients) > 0) {
		ps = append(ps, s.Problem("push.clients", "name each client under clients; key is short for a single one", "either key or clients is required, not both"))
	}
	var streams []string
	for _, e := range sys.Streams {
		streams = append(streams, e.Key)
	}
	for _, e := range s.Clients {
		c := e.Value
		for _, st := range c.Streams {
			if !slices.Contains(streams, st) {
				ps = append(ps, c.Problem("push.scope", decl.Suggest(st, streams), "client %q: %q is not a stream of this system", e.Key, st))
			}
		}
		if len(c.Keys) == 0 {
			ps = append(ps, c.Problem("push.key", "", "client %q has no key", e.Key))
		}
		if c.Rate < 0 || c.MaxBody < 0 {
			ps = append(ps, c.Problem("push.range", "", "rate and max_body cannot be negative"))
		}
	}
	return ps
}
