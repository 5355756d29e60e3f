package rest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"rongtong/schemas"
	"rongtong/schemas/decl"
)

// settings is `connect`.
type settings struct {
	decl.Pos
	Kind        string              `decl:"kind,required"`
	Base        decl.Text           `decl:"base,required"` // scheme, host and common path
	Signature   decl.Node           `decl:"signature"`     // see schemes
	Headers     decl.Map[decl.Text] `decl:"headers"`       // sent with every request
	Errors      *errorCodes         `decl:"errors"`        // codes in the body, also under status 200
	Rate        float64             `decl:"rate"`          // requests per second over all streams; 0: unlimited
	Timeout     time.Duration       `decl:"timeout"`       // of one request; 0: 30 s
	Tries       int                 `decl:"tries"`         // of one request, counting the first; 0: 5
	MaxResponse int64               `decl:"max_response"`  // bytes of one answer, unpacked; 0: 64 MiB
	Redirects   string              `decl:"redirects"`     // refuse (default) or same_host
	TLS         *tlsSettings        `decl:"tls"`

	scheme scheme // decoded from Signature; nil: requests are not signed
}

// errorCodes says what the code in the body of an answer means. A pattern may
// end in "*". A code in none of the lists stops the stream: nobody agreed on it.
type errorCodes struct {
	decl.Pos
	Code      string   `decl:"code,required"` // dotted path
	OK        []string `decl:"ok,required"`
	Refused   []string `decl:"refused"`   // the credentials: they are renewed, once
	Transient []string `decl:"transient"` // time heals it
	Config    []string `decl:"config"`    // a person must act
}

// platformCodes are those of the national exchange platform.
var platformCodes = errorCodes{
	Code: "code", OK: []string{"0000"}, Refused: []string{"0401"},
	Transient: []string{"05*", "0429"}, Config: []string{"04*"},
}

// tlsSettings are for systems with certificates of their own. The values are
// PEM texts, given by reference: "${file:/etc/rongtong/ca.pem}".
type tlsSettings struct {
	decl.Pos
	CA         decl.Text   `decl:"ca"`   // the only authorities that are trusted
	Cert       decl.Text   `decl:"cert"` // ours
	Key        decl.Secret `decl:"key"`
	ServerName string      `decl:"server_name"`
}

// from is `streams.<name>.from`.
type from struct {
	decl.Pos
	Path     string              `decl:"path,required"`
	Method   string              `decl:"method"` // GET (default) or POST
	Send     string              `decl:"send"`   // parameters go into the query (default), a form or a json object
	Query    decl.Map[decl.Text] `decl:"query"`  // parameters of every request
	Page     *paging             `decl:"page"`   // absent: one answer holds the whole list
	Window   *window             `decl:"window"` // the list is asked for piece by piece of time
	Form     string              `decl:"form"`   // document (default), or values: JSON Lines and joined arrays
	Encoding string              `decl:"encoding"`
	Items    string              `decl:"items"`  // dotted path of the array of records; empty: the document is the array
	Record   string              `decl:"record"` // dotted path of the record in each item; empty: the item is the record
	Total    string              `decl:"total"`  // dotted path of the number of records, if the system gives it
	Delete   *struct {
		Field string `decl:"field,required"`
		Value string `decl:"value,required"` // a record with this value is a deletion
	} `decl:"delete"`
	At *struct {
		Field string `decl:"field,required"`
	} `decl:"at"`
}

// The styles of paging.
const (
	byNumber = "number"   // pages are numbered
	byOffset = "offset"   // records are numbered
	byCursor = "cursor"   // each answer has the token of the next
	byLink   = "link"     // each answer has a Link header with rel="next"
	byNext   = "next_url" // each answer has the address of the next in its body
)

var styles = []string{byNumber, byOffset, byCursor, byLink, byNext}

// paging says how a list is asked for in parts.
type paging struct {
	decl.Pos
	Style  string `decl:"style"`  // number is the default
	Number string `decl:"number"` // parameter: number of the page
	Offset string `decl:"offset"` // parameter: records before the page
	Cursor string `decl:"cursor"` // parameter: token
	Size   string `decl:"size"`   // parameter: rows per page
	First  int    `decl:"first"`  // number of the first page or record
	Rows   int    `decl:"rows"`   // rows per page
	Next   string `decl:"next"`   // dotted path of the token or address of the next page
	More   string `decl:"more"`   // dotted path of a truth value: there is more now
}

const rowsMax = 20_000

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

func (s *settings) check() []decl.Problem {
	var ps []decl.Problem
	if !s.Signature.IsZero() {
		s.scheme, ps = decodeScheme(s.Signature)
	}
	if s.Rate < 0 || s.Timeout < 0 || s.Tries < 0 || s.MaxResponse < 0 {
		ps = append(ps, s.Problem("rest.range", "", "\"rate\", \"timeout\", \"tries\" and \"max_response\" cannot be negative"))
	}
	if raw := s.Base.Raw(); !strings.Contains(raw, "${") {
		if _, err := parseBase(raw); err != "" {
			ps = append(ps, s.Base.Problem("rest.base", "write http(s)://host[:port][/path]", "%s", err))
		}
	}
	ps = append(ps, oneOf(s.Pos, "redirects", s.Redirects, "refuse", "same_host")...)
	if t := s.TLS; t != nil && t.Cert.IsSet() != t.Key.IsSet() {
		ps = append(ps, t.Problem("rest.tls", "give both or none", "a certificate and its key belong together"))
	}
	if e := s.Errors; e != nil {
		for _, list := range [][]string{e.OK, e.Refused, e.Transient, e.Config} {
			for _, p := range list {
				if i := strings.IndexByte(p, '*'); p == "" || i >= 0 && i != len(p)-1 {
					ps = append(ps, e.Problem("rest.code", `write "0401", or "04*" for all that begin so`, "%q is not a code or the beginning of codes", p))
				}
			}
		}
	}
	return ps
}

// oneOf checks a word that has a default.
func oneOf(at decl.Pos, key, word string, known ...string) []decl.Problem {
	if word == "" || slices.Contains(known, word) {
		return nil
	}
	return []decl.Problem{at.Problem("rest.word", decl.Suggest(word, known), "%s %q is not known: it can be %s", key, word, strings.Join(known, ", "))}
}

func (f *from) check() []decl.Problem {
	ps := checkPath(f.Pos, "path", f.Path)
	ps = append(ps, oneOf(f.Pos, "method", f.Method, "GET", http.MethodPost)...)
	ps = append(ps, oneOf(f.Pos, "send", f.Send, "query", "form", "json")...)
	ps = append(ps, oneOf(f.Pos, "form", f.Form, "document", "values")...)
	ps = append(ps, oneOf(f.Pos, "encoding", f.Encoding, encodings...)...)
	if f.Method != http.MethodPost && f.Send != "" && f.Send != "query" {
		ps = append(ps, f.Problem("rest.send", "add method: POST", "a GET has no body for its parameters"))
	}
	if f.Form == "values" && (f.Items != "" || f.Total != "") {
		ps = append(ps, f.Problem("rest.form", "remove items and total", "values that stand one after another have no path"))
	}
	if f.Page != nil {
		ps = append(ps, f.Page.check(f)...)
	}
	if f.Window != nil {
		ps = append(ps, f.Window.check()...)
	}
	return ps
}

func (p *paging) check(f *from) []decl.Problem {
	if p.Style == "" {
		p.Style = byNumber
	}
	ps := oneOf(p.Pos, "style", p.Style, styles...)
	if len(ps) > 0 {
		return ps
	}
	need := func(key, value string) {
		if value == "" {
			ps = append(ps, p.Problem("key.missing", "add it", "%q is required for the style %q", key, p.Style))
		}
	}
	numbered := p.Style == byNumber || p.Style == byOffset
	switch p.Style {
	case byNumber:
		need("number", p.Number)
		need("size", p.Size)
	case byOffset:
		need("offset", p.Offset)
		need("size", p.Size)
	case byCursor:
		need("cursor", p.Cursor)
		need("next", p.Next)
	case byNext:
		need("next", p.Next)
	}
	if f.Form == "values" && p.Next != "" {
		ps = append(ps, p.Problem("rest.form", "the style link needs no path", "values that stand one after another have no path to the next page"))
	}
	if numbered && p.Rows < 1 || p.Rows < 0 || p.Rows > rowsMax {
		ps = append(ps, p.Problem("rest.rows", "", "%d rows per page: 1 to %d are possible", p.Rows, rowsMax))
	}
	if p.Size != "" && p.Rows == 0 {
		ps = append(ps, p.Problem("rest.rows", "add rows", "the parameter %q needs a number of rows", p.Size))
	}
	if p.First < 0 {
		ps = append(ps, p.Problem("rest.range", "", "the first page cannot be negative"))
	}
	if p.Size != "" && (p.Size == p.Number || p.Size == p.Offset || p.Size == p.Cursor) {
		ps = append(ps, p.Problem("rest.page", "", "%q cannot be both the place and the size of the page", p.Size))
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
