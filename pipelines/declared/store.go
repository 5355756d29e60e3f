package declared

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"rongtong/pipelines/topics"
	"rongtong/schemas/fault"
)

// Topic holds the versions and their files. Nothing in it is ever removed: it is
// the history, and a file that did not change is there once.
const Topic = "rongtong.declarations"

// Topics are what the store needs.
func Topics() []topics.Topic { return []topics.Topic{{Name: Topic, Partitions: 1}} }

// State is how far a version got.
type State string

// The states of a version.
const (
	Begun   State = "begun"   // it is being applied, or was when its process ended
	Applied State = "applied" // it is, or was, in force
	Failed  State = "failed"  // it was given up and never in force
)

// Version is one set of declarations and what became of it.
type Version struct {
	Number      int       `json:"version"`
	State       State     `json:"state"`
	Fingerprint string    `json:"fingerprint"`
	Layers      []listing `json:"layers"`
	// Reread counts, by "system.stream", how often a source was to be read from
	// its beginning; see pipelines.Stream.Reread.
	Reread  map[string]int `json:"reread,omitempty"`
	Repeats int            `json:"repeats,omitempty"` // the version whose declarations a rollback took up again
	Began   time.Time      `json:"began"`
	Ended   time.Time      `json:"ended,omitzero"`
	By      string         `json:"by"`             // who, at which machine
	Why     string         `json:"why,omitempty"`  // as that person put it
	Program string         `json:"program"`        // the version of the program that applied it
	Says    []string       `json:"says,omitempty"` // what changed, a line each
	Error   string         `json:"error,omitempty"`
	// Pause are the roles that are asked to leave their groups while a version is
	// being applied.
	Pause []string `json:"pause,omitempty"`
}

// listing is a layer by the names of its contents.
type listing struct {
	Name    string            `json:"name"`
	Shipped bool              `json:"shipped,omitempty"`
	Files   map[string]string `json:"files"` // path to sum
}

// Describe makes a version of a set, without number and state.
func Describe(s Set) Version {
	v := Version{Fingerprint: s.Fingerprint()}
	for _, l := range s.Layers {
		e := listing{l.Name, l.Shipped, map[string]string{}}
		for p, data := range l.Files {
			e.Files[p] = sum(data)
		}
		v.Layers = append(v.Layers, e)
	}
	return v
}

// Store is what the topic holds, as far as it was read. It is safe for
// concurrent use.
type Store struct {
	k *topics.Client

	reading  sync.Mutex
	next     int64
	mu       sync.Mutex
	files    map[string][]byte
	versions map[int]Version
}

// Open reads the topic to its end. Where there is none, nothing was ever applied.
func Open(ctx context.Context, k *topics.Client) (*Store, error) {
	s := &Store{k: k, files: map[string][]byte{}, versions: map[int]Version{}}
	_, err := s.Refresh(ctx)
	return s, err
}

// Refresh reads on to the end of the topic, and reports whether a version is new
// or changed.
func (s *Store) Refresh(ctx context.Context) (changed bool, err error) {
	s.reading.Lock()
	defer s.reading.Unlock()
	have, err := s.k.Partitions(ctx, Topic)
	if err != nil || have[Topic] == 0 {
		return false, err
	}
	ends, err := s.k.Ends(ctx, Topic)
	if err != nil {
		return false, err
	}
	end := ends[Topic][0].Last
	if s.next < end {
		changed, err = s.read(ctx, end)
	}
	return changed, err
}

// Await reads what comes next, and reports whether a version is new or changed.
// It returns after half a second if nothing comes.
func (s *Store) Await(ctx context.Context) (changed bool, err error) {
	s.reading.Lock()
	defer s.reading.Unlock()
	return s.read(ctx, 0)
}

// read fetches once, or up to an end.
func (s *Store) read(ctx context.Context, end int64) (changed bool, err error) {
	f := s.k.Fetcher(Topic, 0, s.next, topics.FetchOptions{ReadCommitted: true})
	for {
		s.next, err = f.Fetch(ctx, func(r *topics.FetchedRecord) error {
			is, err := s.take(string(r.Key), r.Value)
			changed = changed || is
			return err
		})
		if err != nil || s.next >= end {
			return changed, err
		}
		if err := ctx.Err(); err != nil {
			return changed, fault.New(fault.Transient, "reading the declarations in force: %w", err)
		}
	}
}

func (s *Store) take(key string, value []byte) (version bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kind, name, _ := strings.Cut(key, "/")
	switch kind {
	case "file":
		s.files[name] = slices.Clone(value)
	case "version":
		var v Version
		if err := json.Unmarshal(value, &v); err != nil || v.Number <= 0 {
			return false, fault.New(fault.Bug, "reading %q in topic %q: it is no version of declarations", key, Topic)
		}
		s.versions[v.Number] = v
		return true, nil
	}
	return false, nil // a later program may keep other things here
}

// Applied is the version in force; ok is false when there was never any.
func (s *Store) Applied() (v Version, ok bool) { return s.last(Applied) }

// Begun is the version that is being applied, or whose application was cut short.
func (s *Store) Begun() (v Version, ok bool) {
	v, ok = s.last(Begun)
	if a, any := s.Applied(); ok && any && a.Number > v.Number {
		return Version{}, false
	}
	return v, ok
}

func (s *Store) last(state State) (out Version, ok bool) {
	for _, v := range s.History() {
		if v.State == state {
			out, ok = v, true
		}
	}
	return out, ok
}

// History are all versions, the oldest first.
func (s *Store) History() []Version {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Version
	for _, n := range slices.Sorted(maps.Keys(s.versions)) {
		out = append(out, s.versions[n])
	}
	return out
}

// Version finds one by its number.
func (s *Store) Version(n int) (Version, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.versions[n]
	return v, ok
}

// Set is a version's declarations.
func (s *Store) Set(v Version) (Set, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out Set
	for _, e := range v.Layers {
		l := Layer{Name: e.Name, Shipped: e.Shipped, Files: map[string][]byte{}}
		for p, name := range e.Files {
			data, ok := s.files[name]
			if !ok {
				return Set{}, fault.New(fault.Bug, "reading version %d of the declarations: the content of %q is not in topic %q", v.Number, p, Topic)
			}
			l.Files[p] = data
		}
		out.Layers = append(out.Layers, l)
	}
	if out.Fingerprint() != v.Fingerprint {
		return Set{}, fault.New(fault.Bug, "reading version %d of the declarations: the files are not those that were applied", v.Number)
	}
	return out, nil
}

// Writer puts versions into the topic. One that is made later fences it: what a
// process of the past wanted to write is refused.
type Writer struct {
	s *Store
	p *topics.Producer
}

// Writer fences every earlier one, and reads on to the end.
func (s *Store) Writer(ctx context.Context) (*Writer, error) {
	if err := s.k.Ensure(ctx, Topics()); err != nil {
		return nil, err
	}
	p, err := s.k.Producer(ctx, "declarations", Topic)
	if err != nil {
		return nil, err
	}
	if _, err := s.Refresh(ctx); err != nil {
		p.Close()
		return nil, err
	}
	return &Writer{s, p}, nil
}

// Close hangs up.
func (w *Writer) Close() { w.p.Close() }

// Put writes versions, and those files of a set that are not there yet, in one
// transaction.
func (w *Writer) Put(ctx context.Context, set Set, versions ...Version) error {
	txn := w.p.Begin()
	sent := map[string]bool{}
	for _, l := range set.Layers {
		for _, p := range slices.Sorted(maps.Keys(l.Files)) {
			name := sum(l.Files[p])
			if w.s.has(name) || sent[name] {
				continue
			}
			sent[name] = true
			txn.Append(Topic, 0, topics.Record{Key: []byte("file/" + name), Value: l.Files[p]})
		}
	}
	for _, v := range versions {
		value, err := json.Marshal(v)
		if err != nil {
			return err
		}
		txn.Append(Topic, 0, topics.Record{Key: fmt.Appendf(nil, "version/%d", v.Number), Value: value})
	}
	if err := txn.Commit(ctx); err != nil {
		return fmt.Errorf("writing version %d of the declarations: %w", versions[len(versions)-1].Number, err)
	}
	_, err := w.s.Refresh(ctx)
	return err
}

func (s *Store) has(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.files[name]
	return ok
}
