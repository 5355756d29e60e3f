// Package rest reads lists of records from an HTTP system page by page.
//
// What is promised and what is not. The list must have a stable order in which
// new records come last: the national exchange platform sorts by change time
// and key, and a changed record moves to the end. Then a position (a page and
// the records taken from it) stays true while the list grows, and reading goes
// on where it stopped. A list that is reordered, or loses records in front,
// moves records across pages: that is noticed where it shows, because the
// position remembers the first and the last record it saw on its page, and the
// read stops with an error instead of skipping. A list that hides the move
// behind equal records cannot be told from one that did not move.
//
// A page is checked to be whole before any of its records is delivered.
package rest

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"golang.org/x/time/rate"

	"rongtong/connectors"
	"rongtong/schemas"
	"rongtong/schemas/decl"
	"rongtong/schemas/fault"
	"rongtong/schemas/record"
)

// Kind is the protocol "rest".
func Kind() connectors.Kind {
	return connectors.Kind{
		Name:     "rest",
		Doc:      "Lists read page by page over HTTP, with the signature of the national exchange platform (gjgxjhpt) or without.",
		Validate: func(sys *schemas.System) []decl.Problem { _, _, ps := read(sys); return ps },
		Open: func(_ context.Context, sys *schemas.System) (connectors.Opened, error) {
			s, err := open(sys)
			if err != nil {
				return nil, err
			}
			return s, nil
		},
	}
}

// system is one opened system. It is safe for concurrent use by its sources.
type system struct {
	name   string
	base   *url.URL
	http   *http.Client
	limit  *rate.Limiter
	tries  int
	pause  time.Duration // before the second try
	signer *signer       // nil: requests are not signed
	froms  map[string]from
	list   []*schemas.Stream
}

func open(sys *schemas.System) (*system, error) {
	set, froms, ps := read(sys)
	if len(ps) > 0 {
		return nil, fault.New(fault.Config, "reading the settings of %q: %s", sys.System, ps[0])
	}
	raw, err := set.Base.Value()
	if err != nil {
		return nil, fault.New(fault.Config, "reading the settings of %q: %w", sys.System, err)
	}
	base, wrong := parseBase(raw)
	if wrong != "" {
		return nil, fault.New(fault.Config, "reading the settings of %q: %s", sys.System, wrong)
	}
	s := &system{
		name: sys.System, base: base, limit: newLimit(set.Rate), froms: froms,
		tries: set.Tries, pause: 500 * time.Millisecond,
	}
	if s.tries == 0 {
		s.tries = 5
	}
	if set.Timeout == 0 {
		set.Timeout = 30 * time.Second
	}
	s.http = newClient(set.Timeout)
	for _, e := range sys.Streams {
		s.list = append(s.list, e.Value)
	}
	if set.Signature != nil {
		key, err := set.Signature.AppKey.Reveal()
		if err != nil {
			return nil, fault.New(fault.Config, "reading the settings of %q: %w", sys.System, err)
		}
		if n := len(key); n != 16 && n != 24 && n != 32 {
			return nil, fault.New(fault.Config, "reading the settings of %q: app_key has %d bytes, not 16, 24 or 32", sys.System, n)
		}
		s.signer = &signer{
			sid: set.Signature.SID, appKey: []byte(key), refresh: set.Signature.Refresh,
			now: time.Now, id: requestID,
		}
	}
	return s, nil
}

// page asks for one page and returns its items as a raw array, and the total
// or -1.
func (s *system) page(ctx context.Context, st *schemas.Stream, f from, number, rows int) (items []byte, total int64, size int, err error) {
	c := call{
		path: f.Path, doing: fmt.Sprintf("reading page %d of %q", number, st.Name), find: []string{f.Items, f.Total},
		query: url.Values{f.Page.Number: {strconv.Itoa(number)}, f.Page.Size: {strconv.Itoa(rows)}},
	}
	got, err := s.fetch(ctx, c)
	if err != nil {
		return nil, 0, 0, err
	}
	if string(got.found[0]) == "null" { // how many platforms write an empty list; the total must agree
		got.found[0] = []byte("[]")
	}
	if len(got.found[0]) == 0 || got.found[0][0] != '[' {
		return nil, 0, 0, fault.Hint(fault.Config, "check `items`", "%s of system %q: the answer has no list at %q", c.doing, s.name, f.Items)
	}
	total = -1
	if f.Total != "" {
		text, _ := scalar(got.found[1])
		if total, err = strconv.ParseInt(text, 10, 64); err != nil || total < 0 {
			return nil, 0, 0, fault.Hint(fault.Config, "check `total`", "%s of system %q: the answer has no number at %q", c.doing, s.name, f.Total)
		}
	}
	return got.found[0], total, got.bytes, nil
}

// Check asks for one record of every stream, which also tries the signature.
func (s *system) Check(ctx context.Context) error {
	for _, st := range s.list {
		f := s.froms[st.Name]
		if _, _, _, err := s.page(ctx, st, f, f.Page.First, 1); err != nil {
			return err
		}
	}
	return nil
}

// Discover lists the declared streams with all fields that their first records
// have: the protocol knows no list of lists.
func (s *system) Discover(ctx context.Context) ([]*schemas.Stream, error) {
	var out []*schemas.Stream
	for _, st := range s.list {
		f := s.froms[st.Name]
		items, _, _, err := s.page(ctx, st, f, f.Page.First, min(f.Page.Rows, 20))
		if err != nil {
			return nil, err
		}
		found := &schemas.Stream{Name: st.Name, Key: st.Key}
		err = connectors.EachItem(items, func(item []byte) error {
			return connectors.EachField(item, func(name, value []byte) {
				kind := "text"
				switch {
				case value[0] == 't' || value[0] == 'f':
					kind = "bool"
				case value[0] == '-' || value[0]-'0' <= 9:
					kind = "number"
				}
				if _, ok := found.Fields.Get(string(name)); !ok {
					found.Fields = append(found.Fields, decl.Entry[string]{Key: string(name), Value: kind})
				}
			})
		})
		if err != nil {
			return nil, fault.New(fault.Data, "discovering %q of system %q: %w", st.Name, s.name, err)
		}
		out = append(out, found)
	}
	return out, nil
}

// Source opens a stream after a position.
func (s *system) Source(_ context.Context, st *schemas.Stream, pos record.Position) (connectors.Source, error) {
	f, ok := s.froms[st.Name]
	if !ok {
		return nil, fault.New(fault.Bug, "opening stream %q of system %q: it is not declared", st.Name, s.name)
	}
	at, err := parsePosition(pos)
	if err != nil {
		return nil, fault.Mark(fault.Bug, err)
	}
	return newSource(s, st, f, at), nil
}

func (s *system) Close() error {
	s.http.CloseIdleConnections()
	return nil
}
