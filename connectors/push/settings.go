package push

import (
	"net"
	"strings"
	"time"

	"rongtong/schemas"
	"rongtong/schemas/decl"
)

// settings is `connect`.
type settings struct {
	decl.Pos
	Kind     string        `decl:"kind,required"`
	Listen   decl.Text     `decl:"listen,required"` // host:port; port 0 takes a free one
	Key      decl.Secret   `decl:"key,required"`    // what a client shows as its bearer token
	MaxBody  int64         `decl:"max_body"`        // bytes of one request, unpacked; 0: 4 MiB
	Patience time.Duration `decl:"patience"`        // how long a request waits to become durable; 0: 60 s
}

// from is `streams.<name>.from`.
type from struct {
	decl.Pos
	Path string `decl:"path,required"`
	At   *struct {
		Field string `decl:"field,required"`
	} `decl:"at"`
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
		ps = set.check()
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
		taken[f.Path] = "stream " + e.Key
		ps = append(ps, got...)
		froms[e.Key] = f
	}
	return set, froms, ps
}

func (s settings) check() []decl.Problem {
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
	return ps
}
