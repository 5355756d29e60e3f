package rest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"rongtong/connectors"
	"rongtong/schemas"
	"rongtong/schemas/fault"
)

// page is one whole and checked answer.
type page struct {
	items     [][]byte // raw JSON values, in order
	next      string   // cursor, or address, of the page after it; empty: there is none
	more      bool     // the page after it is worth asking for now
	total     int64    // records of the whole list, or -1
	bytes     int
	etag      string
	unchanged bool // the system says that it is the page we have
}

// at is where in a list a page is.
type place struct {
	number int    // pages before it, for the styles that count
	token  string // cursor or address; empty: the first page
	from   time.Time
	to     time.Time // the piece of time, if the stream has a window
}

// fetchPage asks for one page. size is how many rows to ask for where that can
// be said; etag is that of the page we have.
func (s *system) fetchPage(ctx context.Context, st *schemas.Stream, f from, at place, size int, etag string) (page, error) {
	c, err := s.pageCall(st, f, at, size)
	if err != nil {
		return page{}, err
	}
	c.etag = etag
	got, err := s.fetch(ctx, c)
	if err != nil {
		return page{}, err
	}
	p := page{total: -1, bytes: len(got.body), etag: got.header.Get("ETag"), unchanged: got.unchanged}
	if got.unchanged {
		return p, nil
	}
	if f.Form == "values" {
		p.items, err = joinedItems(got.body)
	} else {
		p.items, err = s.listed(c, f, got, &p)
	}
	if err != nil {
		return page{}, err
	}
	if len(p.items) > rowsMax && f.Page != nil && f.Page.Rows > 0 {
		return page{}, fault.Hint(fault.Config, "check page.size", "%s of system %q: %d rows came", c.doing, s.name, len(p.items))
	}
	return p, s.successor(c, f, at, got, &p)
}

// pageCall is the request for a page.
func (s *system) pageCall(st *schemas.Stream, f from, at place, size int) (call, error) {
	c := call{
		path: f.Path, method: f.Method, send: f.Send, encoding: f.Encoding, values: f.Form == "values",
		doing: fmt.Sprintf("reading page %d of %q", at.number+1, st.Name), params: url.Values{},
	}
	c.find = []string{f.Items, f.Total, "", ""}
	for _, e := range f.Query {
		v, err := e.Value.Value()
		if err != nil {
			return c, fault.New(fault.Config, "%s of system %q: %w", c.doing, s.name, err)
		}
		c.params.Set(e.Key, v)
	}
	if f.Window != nil {
		f.Window.put(c.params, at.from, at.to)
	}
	p := f.Page
	if p == nil {
		return c, nil
	}
	c.find[2], c.find[3] = p.Next, p.More
	c.numbers = []string{p.Size, p.Number, p.Offset}
	if p.Size != "" {
		c.params.Set(p.Size, strconv.Itoa(size))
	}
	switch p.Style {
	case byNumber:
		c.doing = fmt.Sprintf("reading page %d of %q", at.number+p.First, st.Name)
		c.params.Set(p.Number, strconv.Itoa(at.number+p.First))
	case byOffset:
		c.params.Set(p.Offset, strconv.Itoa(at.number*p.Rows+p.First))
	case byCursor:
		if at.token != "" {
			c.params.Set(p.Cursor, at.token)
		}
	case byLink, byNext:
		c.address = at.token
	}
	return c, nil
}

// listed finds the records of a document, and its total.
func (s *system) listed(c call, f from, got answer, p *page) ([][]byte, error) {
	list := got.found[0]
	if f.Items == "" {
		list = got.body
	}
	if string(list) == "null" { // how many platforms write an empty list; the total must agree
		list = []byte("[]")
	}
	if len(list) == 0 || list[0] != '[' && strings.TrimSpace(string(list[:min(len(list), 64)]))[:1] != "[" {
		return nil, fault.Hint(fault.Config, "check `items`", "%s of system %q: the answer has no list at %q", c.doing, s.name, f.Items)
	}
	if f.Total != "" {
		text, _ := scalar(got.found[1])
		var err error
		if p.total, err = strconv.ParseInt(text, 10, 64); err != nil || p.total < 0 {
			return nil, fault.Hint(fault.Config, "check `total`", "%s of system %q: the answer has no number at %q", c.doing, s.name, f.Total)
		}
	}
	var items [][]byte
	err := connectors.EachItem(list, func(item []byte) error {
		items = append(items, inner(item, f.Record))
		return nil
	})
	if err != nil {
		return nil, fault.New(fault.Transient, "%s of system %q: %w", c.doing, s.name, err)
	}
	return items, nil
}

// inner is the record within an item, or nothing, which is then no record.
func inner(item []byte, path string) []byte {
	if path == "" {
		return item
	}
	found, err := connectors.FindJSON(item, path)
	if err != nil {
		return nil
	}
	return found[0]
}

// joinedItems are the records of values one after another. An array of texts
// gives the names of the arrays after it, which is how open-data portals write
// a table; of any other array the elements are records.
func joinedItems(body []byte) ([][]byte, error) {
	var items, names [][]byte
	err := connectors.EachValue(body, func(v []byte) error {
		if v[0] != '[' {
			items = append(items, v)
			return nil
		}
		var list [][]byte
		if err := connectors.EachItem(v, func(e []byte) error { list = append(list, e); return nil }); err != nil {
			return err
		}
		texts := func(e []byte) bool { return e[0] == '"' }
		switch {
		case len(list) > 0 && !slices.ContainsFunc(list, func(e []byte) bool { return !texts(e) }):
			if names == nil {
				names = list
				return nil
			}
			items = append(items, named(names, list))
		default:
			for _, e := range list {
				items = append(items, asRecord(names, e))
			}
		}
		return nil
	})
	return items, err
}

// asRecord is an element of an array: a record, or a row of a table with names.
func asRecord(names [][]byte, e []byte) []byte {
	if e[0] != '[' || names == nil {
		return e
	}
	var cells [][]byte
	_ = connectors.EachItem(e, func(c []byte) error { cells = append(cells, c); return nil }) // checked before
	return named(names, cells)
}

// named makes an object of names and cells. A row of another length is no
// record: which cell belongs where is not known.
func named(names, cells [][]byte) []byte {
	if len(names) != len(cells) {
		return nil
	}
	b := []byte{'{'}
	for i, n := range names {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(append(b, n...), ':'), cells[i]...)
	}
	return append(b, '}')
}

const tokenMax = 4096

// successor finds out what follows a page.
func (s *system) successor(c call, f from, at place, got answer, p *page) error {
	pg := f.Page
	switch {
	case pg == nil:
		return nil
	case pg.Style == byNumber || pg.Style == byOffset:
		n := int64(len(p.items))
		p.more = n >= int64(pg.Rows) && (p.total < 0 || p.total > int64(at.number+1)*int64(pg.Rows))
		return nil
	case pg.Style == byLink:
		p.next = nextLink(got.header.Values("Link"))
	default:
		p.next, _ = unquote(got.found[2])
	}
	if pg.Style != byCursor && p.next != "" {
		address, err := s.onHost(c, p.next)
		if err != nil {
			return err
		}
		p.next = address
	}
	if len(p.next) > tokenMax {
		return fault.New(fault.Config, "%s of system %q: the next page has a name of %d bytes", c.doing, s.name, len(p.next))
	}
	if p.next == at.token {
		p.next = "" // how some systems say that there is no more
	}
	p.more = p.next != "" && len(p.items) > 0
	if pg.More != "" && len(got.found) == 4 {
		if more, ok := scalar(got.found[3]); ok {
			p.more = p.next != "" && (more == "true" || more == "1")
		}
	}
	return nil
}

// unquote is the text of a raw JSON string or number.
func unquote(raw []byte) (string, error) {
	if len(raw) > 0 && raw[0] == '"' {
		var text string
		err := json.Unmarshal(raw, &text)
		return text, err
	}
	text, _ := scalar(raw)
	if text == "false" || text == "0" {
		return "", nil
	}
	return text, nil
}

// onHost is an address without its host, which must be that of base: the
// proof of who we are goes with every request.
func (s *system) onHost(c call, address string) (string, error) {
	u, err := url.Parse(address)
	if err == nil {
		full := *s.base
		full.Path += c.path
		u = full.ResolveReference(u)
	}
	if err != nil || u.Host != s.base.Host || u.Scheme != s.base.Scheme || u.User != nil {
		return "", fault.Hint(fault.Config, "set base to where the pages are", "%s of system %q: the next page is on another host", c.doing, s.name)
	}
	return u.RequestURI(), nil
}

// nextLink is the target of rel="next" in Link headers (RFC 8288).
func nextLink(headers []string) string {
	for _, h := range headers {
		for _, link := range outside(h, ',') {
			target, params, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(link), "<"), ">")
			if !ok {
				continue
			}
			for _, p := range outside(params, ';') {
				name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
				rels := strings.Fields(strings.ToLower(strings.Trim(strings.TrimSpace(value), `"`)))
				if strings.EqualFold(strings.TrimSpace(name), "rel") && slices.Contains(rels, "next") {
					return target
				}
			}
		}
	}
	return ""
}

// outside splits s at the separators that are neither in quotes nor in <>.
func outside(s string, sep byte) []string {
	var out []string
	from, quoted, angled := 0, false, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quoted && c == '\\':
			i++
		case c == '"' && !angled:
			quoted = !quoted
		case c == '<' && !quoted:
			angled = true
		case c == '>' && !quoted:
			angled = false
		case c == sep && !quoted && !angled:
			out = append(out, s[from:i])
			from = i + 1
		}
	}
	return append(out, s[from:])
}
