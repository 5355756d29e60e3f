// Package feed reads what departments write to Kafka topics of their own,
// feed.<department>.<stream>, by a contract that is published for each.
//
// A message is JSON, CSV or Avro; a tombstone is a deletion. What is damaged or
// breaks the contract goes to the rejects with topic, partition and offset as
// its place, and the good records go on. The position is the offset of every
// partition, stored in the transaction that carries the rows: no consumer group
// holds it, so the department's broker needs to grant Read on the topic and
// nothing else.
package feed

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hamba/avro/v2"

	"rongtong/connectors"
	"rongtong/pipelines/topics"
	"rongtong/schemas"
	"rongtong/schemas/decl"
	"rongtong/schemas/fault"
	"rongtong/schemas/record"
)

// Kind is the protocol "feed".
func Kind() connectors.Kind {
	return connectors.Kind{
		Name:     "feed",
		Doc:      "Records that departments write to Kafka topics feed.<department>.<stream>, in JSON, CSV or Avro.",
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
	name       string
	brokers    []string
	security   topics.Security
	continuous bool
	patience   time.Duration
	froms      map[string]from
	list       []*schemas.Stream
	writers    map[string]*writers // by stream

	mu     sync.Mutex
	client *topics.Client // dialled with the first use
}

func open(sys *schemas.System) (*system, error) {
	set, froms, ps := read(sys)
	if len(ps) > 0 {
		return nil, fault.New(fault.Config, "reading the settings of %q: %s", sys.System, ps[0])
	}
	wrap := func(err error) error {
		return fault.New(fault.Config, "reading the settings of %q: %w", sys.System, err)
	}
	s := &system{
		name: sys.System, continuous: sys.Every.Continuous, patience: set.Patience, froms: froms, writers: map[string]*writers{},
		security: topics.Security{TLS: set.TLS, CA: set.CA, Cert: set.Cert, Key: set.Key, Mechanism: set.Mechanism, Password: set.Password.Reference()},
	}
	if s.patience == 0 {
		s.patience = patienceDefault
	}
	brokers, err := set.Brokers.Value()
	if err != nil {
		return nil, wrap(err)
	}
	for b := range strings.SplitSeq(brokers, ",") {
		s.brokers = append(s.brokers, strings.TrimSpace(b))
	}
	if s.security.User, err = set.User.Value(); err != nil {
		return nil, wrap(err)
	}
	registry, err := set.Registry.Value()
	if err != nil {
		return nil, wrap(err)
	}
	for _, e := range sys.Streams {
		w, err := newWriters(froms[e.Key], registry)
		if err != nil {
			return nil, wrap(err)
		}
		s.list, s.writers[e.Key] = append(s.list, e.Value), w
	}
	return s, nil
}

func newWriters(f from, registry string) (*writers, error) {
	w := &writers{wire: f.Wire, registry: registry, client: &http.Client{Timeout: 10 * time.Second}, known: map[uint32]avro.Schema{}}
	if f.Format != "avro" || !f.Schema.IsSet() {
		return w, nil
	}
	text, err := f.Schema.Value()
	if err != nil {
		return nil, err
	}
	if w.declared, err = parseSchema(text); err != nil {
		return nil, fmt.Errorf("the schema of topic %q is not Avro", f.Topic)
	}
	return w, nil
}

// dial connects, once.
func (s *system) dial(ctx context.Context) (*topics.Client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client != nil {
		return s.client, nil
	}
	c, err := topics.Dial(ctx, s.brokers, topics.WithSecurity(s.security), topics.WithTimeouts(0, min(s.patience, 15*time.Second), 0))
	if err != nil {
		return nil, fmt.Errorf("connecting to the feeds of system %q: %w", s.name, err)
	}
	s.client = c
	return c, nil
}

// Check tells whether the topics are there and may be read.
func (s *system) Check(ctx context.Context) error {
	c, err := s.dial(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, s.patience)
	defer cancel()
	for _, st := range s.list {
		topic := s.froms[st.Name].Topic
		have, err := c.Partitions(ctx, topic)
		if err != nil {
			return fmt.Errorf("checking stream %q of system %q: %w", st.Name, s.name, err)
		}
		if have[topic] == 0 {
			return fault.Hint(fault.Config, "`rongtong feed acl "+s.name+"` prints what the broker's administrator must run",
				"checking stream %q of system %q: the topic %q does not exist, or may not be described", st.Name, s.name, topic)
		}
		if _, err := c.Ends(ctx, topic); err != nil {
			return fmt.Errorf("checking stream %q of system %q: %w", st.Name, s.name, err)
		}
	}
	return nil
}

// Discover lists the declared streams, and the feed topics that nobody declared.
// The fields are those of the first records: of JSON where it is not declared.
func (s *system) Discover(ctx context.Context) ([]*schemas.Stream, error) {
	c, err := s.dial(ctx)
	if err != nil {
		return nil, err
	}
	one, cancel := context.WithTimeout(ctx, s.patience)
	defer cancel()
	have, err := c.Partitions(one)
	if err != nil {
		return nil, fmt.Errorf("discovering the feeds of system %q: %w", s.name, err)
	}
	var out []*schemas.Stream
	declared := map[string]bool{}
	for _, st := range s.list {
		f := s.froms[st.Name]
		declared[f.Topic] = true
		if have[f.Topic] > 0 {
			out = append(out, s.look(one, c, st.Name, st.Key, f, s.writers[st.Name]))
		}
	}
	var names []string
	for name := range have {
		if topicName.MatchString(name) && !declared[name] {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		out = append(out, s.look(one, c, strings.ReplaceAll(strings.TrimPrefix(name, "feed."), ".", "_"), nil, from{Topic: name, Format: "json"}, &writers{}))
	}
	return slices.DeleteFunc(out, func(st *schemas.Stream) bool { return len(st.Fields) == 0 }), nil
}

const lookMax = 20

// look infers the fields of a topic from its first records.
func (s *system) look(ctx context.Context, c *topics.Client, name string, key []string, f from, w *writers) *schemas.Stream {
	st := &schemas.Stream{Name: name, Key: key}
	st.From, _ = decl.Parse("discovered", fmt.Appendf(nil, "{ topic: %s, format: %s }", f.Topic, f.Format))
	for _, declared := range s.list {
		if declared.Name == name {
			st.From = declared.From
		}
	}
	ends, err := c.Ends(ctx, f.Topic)
	if err != nil {
		return st
	}
	d, seen := newDecoder(f, w), 0
	for p, b := range ends[f.Topic] {
		if b.First >= b.Last || seen >= lookMax {
			continue
		}
		r := c.Fetcher(f.Topic, int32(p), b.First, topics.FetchOptions{ReadCommitted: true, MaxBytes: 1 << 20})
		_, _ = r.Fetch(ctx, func(rec *topics.FetchedRecord) error {
			if seen++; seen > lookMax {
				return errFull
			}
			return d.each(ctx, rec.Value, func(_ int, item []byte, _ string) {
				if item != nil {
					connectors.Infer(st, item)
				}
			})
		})
	}
	return st
}

// Source opens a stream after a position.
func (s *system) Source(ctx context.Context, st *schemas.Stream, pos record.Position) (connectors.Source, error) {
	f, ok := s.froms[st.Name]
	if !ok {
		return nil, fault.New(fault.Bug, "opening stream %q of system %q: it is not declared", st.Name, s.name)
	}
	at, err := parsePosition(pos)
	if err != nil {
		return nil, fault.Mark(fault.Bug, err)
	}
	c, err := s.dial(ctx)
	if err != nil {
		return nil, err
	}
	return newSource(s, c, st, f, s.writers[st.Name], at), nil
}

func (s *system) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range s.writers {
		w.client.CloseIdleConnections()
	}
	if s.client == nil {
		return nil
	}
	return s.client.Close()
}
