package rest

import (
	"net/url"
	"strings"
	"time"

	"rongtong/schemas"
	"rongtong/schemas/decl"
)

// settings is `connect`.
type settings struct {
	decl.Pos
	Kind      string        `decl:"kind,required"`
	Base      decl.Text     `decl:"base,required"` // scheme, host and common path
	Signature *signature    `decl:"signature"`
	Rate      float64       `decl:"rate"`    // requests per second over all streams; 0: unlimited
	Timeout   time.Duration `decl:"timeout"` // of one request; 0: 30 s
	Tries     int           `decl:"tries"`   // of one request, counting the first; 0: 5
}

// signature says how requests are signed.
type signature struct {
	decl.Pos
	Scheme  string      `decl:"scheme,required"` // gjgxjhpt
	SID     string      `decl:"sid,required"`
	AppKey  decl.Secret `decl:"app_key,required"` // 16, 24 or 32 bytes
	Refresh string      `decl:"refresh,required"` // path below base
}

// from is `streams.<name>.from`.
type from struct {
	decl.Pos
	Path string `decl:"path,required"`
	Page struct {
		decl.Pos
		Number string `decl:"number,required"` // name of the query parameter
		Size   string `decl:"size,required"`   // name of the query parameter
		First  int    `decl:"first"`           // number of the first page
		Rows   int    `decl:"rows,required"`   // rows per page
	} `decl:"page,required"`
	Items  string `decl:"items,required"` // dotted path of the array of records
	Total  string `decl:"total"`          // dotted path of the number of records, if the system gives it
	Delete *struct {
		Field string `decl:"field,required"`
		Value string `decl:"value,required"` // a record with this value is a deletion
	} `decl:"delete"`
	At *struct {
		Field string `decl:"field,required"`
	} `decl:"at"`
}

const rowsMax = 20_000 // a page is delivered whole, and a chunk holds no more

func read(sys *schemas.System) (settings, map[string]from, []decl.Problem) {
	var set settings
	ps := sys.Connect.Decode(&set)
	if len(ps) == 0 {
		ps = set.check()
	}
	froms := map[string]from{}
	for _, e := range sys.Streams {
		var f from
		got := e.Value.From.Decode(&f)
		if len(got) == 0 {
			got = f.check()
		}
		ps = append(ps, got...)
		froms[e.Key] = f
	}
	return set, froms, ps
}

func (s settings) check() []decl.Problem {
	var ps []decl.Problem
	if s.Signature != nil {
		if s.Signature.Scheme != "gjgxjhpt" {
			ps = append(ps, s.Signature.Problem("rest.scheme", decl.Suggest(s.Signature.Scheme, []string{"gjgxjhpt"}),
				"%q is not a signature scheme known here", s.Signature.Scheme))
		}
		ps = append(ps, checkPath(s.Signature.Pos, "refresh", s.Signature.Refresh)...)
	}
	if s.Rate < 0 || s.Timeout < 0 || s.Tries < 0 {
		ps = append(ps, s.Problem("rest.range", "", "\"rate\", \"timeout\" and \"tries\" cannot be negative"))
	}
	if raw := s.Base.Raw(); !strings.Contains(raw, "${") {
		if _, err := parseBase(raw); err != "" {
			ps = append(ps, s.Base.Problem("rest.base", "write http(s)://host[:port][/path]", "%s", err))
		}
	}
	return ps
}

func (f from) check() []decl.Problem {
	ps := checkPath(f.Pos, "path", f.Path)
	if f.Page.Rows < 1 || f.Page.Rows > rowsMax {
		ps = append(ps, f.Page.Problem("rest.rows", "", "%d rows per page: 1 to %d are possible", f.Page.Rows, rowsMax))
	}
	if f.Page.First < 0 {
		ps = append(ps, f.Page.Problem("rest.range", "", "the first page cannot be negative"))
	}
	if f.Page.Number == f.Page.Size {
		ps = append(ps, f.Page.Problem("rest.page", "", "%q cannot be both the number and the size of the page", f.Page.Size))
	}
	return ps
}

func checkPath(at decl.Pos, key, path string) []decl.Problem {
	u, err := url.Parse(path)
	if err == nil && strings.HasPrefix(path, "/") && u.Host == "" && u.RawQuery == "" && u.Fragment == "" {
		return nil
	}
	return []decl.Problem{at.Problem("rest.path", `write it from the slash: "/v1/committee"`, "%s %q is not a path below base", key, path)}
}

// parseBase returns the address, or what is wrong with it. It says nothing of
// its content, which may hold a password.
func parseBase(raw string) (*url.URL, string) {
	u, err := url.Parse(strings.TrimRight(raw, "/"))
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return nil, "base is not an http or https address"
	case u.User != nil:
		return nil, "base holds a user or a password: they would appear in logs"
	case u.RawQuery != "" || u.Fragment != "":
		return nil, "base cannot have a query or a fragment"
	}
	return u, ""
}
