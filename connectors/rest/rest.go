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
// A page is checked to be whole before any of its records is delivered. An
// element of it that is no object is delivered as faulty and goes to the
// rejects: it never stops the good ones.
package rest

import (
	"context"
	"net/http"
	"net/url"
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
		Doc:      "Lists read page by page over HTTP: paging by number, offset, cursor, link or address; signatures of the national exchange platform (gjgxjhpt), HMAC, OAuth 2, tokens.",
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
	name    string
	base    *url.URL
	http    *http.Client
	headers map[string]string
	codes   *errorCodes // nil: the body has no code
	limit   *rate.Limiter
	tries   int
	bodyMax int64
	pause   time.Duration // before the second try
	prover  prover        // nil: requests are not signed
	now     func() time.Time
	froms   map[string]from
	list    []*schemas.Stream
}

func open(sys *schemas.System) (*system, error) {
	set, froms, ps := read(sys)
	if len(ps) > 0 {
		return nil, fault.New(fault.Config, "reading the settings of %q: %s", sys.System, ps[0])
	}
	wrap := func(err error) error {
		return fault.New(fault.Config, "reading the settings of %q: %w", sys.System, err)
	}
	raw, err := set.Base.Value()
	if err != nil {
		return nil, wrap(err)
	}
	base, wrong := parseBase(raw)
	if wrong != "" {
		return nil, fault.New(fault.Config, "reading the settings of %q: %s", sys.System, wrong)
	}
	if set.Timeout == 0 {
		set.Timeout = 30 * time.Second
	}
	s := &system{
		name: sys.System, base: base, limit: newLimit(set.Rate), froms: froms, codes: set.Errors,
		tries: set.Tries, pause: 500 * time.Millisecond, bodyMax: set.MaxResponse, now: time.Now, headers: map[string]string{},
	}
	if s.tries == 0 {
		s.tries = 5
	}
	if s.bodyMax == 0 {
		s.bodyMax = bodyDefault
	}
	if s.http, err = newClient(set); err != nil {
		return nil, wrap(err)
	}
	for _, e := range set.Headers {
		if s.headers[e.Key], err = e.Value.Value(); err != nil {
			return nil, wrap(err)
		}
	}
	if set.scheme != nil {
		if s.prover, err = set.scheme.prover(); err != nil {
			return nil, wrap(err)
		}
		if _, ok := set.scheme.(*platform); ok && s.codes == nil {
			s.codes = &platformCodes
		}
	}
	for _, e := range sys.Streams {
		s.list = append(s.list, e.Value)
	}
	return s, nil
}

// first asks for the first records of a stream.
func (s *system) first(ctx context.Context, st *schemas.Stream, rows int) (page, error) {
	f := s.froms[st.Name]
	var at place
	if f.Window != nil {
		at.from = f.Window.first
		at.to, _ = f.Window.next(at.from, s.now())
	}
	if f.Page != nil && f.Page.Rows > 0 {
		rows = min(rows, f.Page.Rows)
	}
	return s.fetchPage(ctx, st, f, at, rows, "")
}

// Check asks for one record of every stream, which also tries the signature.
func (s *system) Check(ctx context.Context) error {
	for _, st := range s.list {
		if _, err := s.first(ctx, st, 1); err != nil {
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
		p, err := s.first(ctx, st, 20)
		if err != nil {
			return nil, err
		}
		found := &schemas.Stream{Name: st.Name, Key: st.Key, From: st.From}
		for _, item := range p.items[:min(len(p.items), 100)] {
			connectors.Infer(found, item)
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

// SourceWithin asks for the pieces of time within [from, to) only.
func (s *system) SourceWithin(_ context.Context, st *schemas.Stream, pos record.Position, from, to time.Time) (connectors.Source, error) {
	f, ok := s.froms[st.Name]
	if !ok || f.Window == nil || f.Window.To == "" {
		return nil, nil
	}
	at, err := parsePosition(pos)
	if err != nil {
		return nil, fault.Mark(fault.Bug, err)
	}
	w := *f.Window
	w.first, w.until = from, to
	f.Window = &w
	return newSource(s, st, f, at), nil
}

func (s *system) Close() error {
	s.http.CloseIdleConnections()
	return nil
}
