package control

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"rongtong/connectors"
	"rongtong/connectors/all"
	"rongtong/pipelines/propose"
	"rongtong/pipelines/systems"
	"rongtong/schemas"
	"rongtong/schemas/decl"
	"rongtong/schemas/fault"
	"rongtong/schemas/pii"
	"rongtong/schemas/record"
)

// source is a system as a person names it: one that is declared, or a file that
// is being written and may lack all but its connection.
type source struct {
	*schemas.System
	kind    connectors.Kind
	catalog *schemas.Catalog
	draft   bool
}

// draftFile is a system file of which only the connection is required.
type draftFile struct {
	decl.Pos
	System     string                `decl:"system"`
	Tier       string                `decl:"tier"`
	Name       schemas.Label         `decl:"name"`
	Department string                `decl:"department"`
	Doc        string                `decl:"doc"`
	Connect    decl.Node             `decl:"connect,required"`
	Streams    decl.Map[draftStream] `decl:"streams"`
	Flows      decl.Node             `decl:"flows"`
	Every      decl.Node             `decl:"every"`
}

type draftStream struct {
	decl.Pos
	From       decl.Node        `decl:"from,required"`
	Key        []string         `decl:"key"`
	Fields     decl.Map[string] `decl:"fields"`
	Drop       []string         `decl:"drop"`
	Partitions decl.Node        `decl:"partitions"`
	Identify   decl.Node        `decl:"identify"`
	Landing    decl.Node        `decl:"landing"`
	Raw        decl.Node        `decl:"raw"`
}

// source finds what a person named: a system, or a file.
func (o Options) source(name string) (*source, error) {
	d, err := o.load()
	if err != nil {
		return nil, err
	}
	s := &source{catalog: d.Catalog}
	if ext := filepath.Ext(name); ext == ".yaml" || ext == ".yml" {
		if s.System, err = readDraft(name); err != nil {
			return nil, err
		}
		s.draft = true
	} else if s.System, err = d.system(name); err != nil {
		return nil, err
	}
	kinds := all.Kinds()
	kind, at := connectors.KindOf(s.System)
	var ok bool
	if s.kind, ok = kinds[kind]; !ok {
		return nil, &ProblemsError{[]decl.Problem{at.Problem("connect.kind", decl.Suggest(kind, names(kinds)), "%q is not a protocol", kind)}}
	}
	return s, nil
}

func readDraft(file string) (*schemas.System, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fault.New(fault.Config, "reading the file of the system: %w", err)
	}
	n, ps := decl.Parse(file, data)
	var f draftFile
	if len(ps) == 0 {
		ps = n.Decode(&f)
	}
	if len(ps) > 0 {
		return nil, &ProblemsError{ps}
	}
	sys := &schemas.System{Pos: n.Pos(), System: f.System, Tier: f.Tier, Name: f.Name, Department: f.Department, Doc: f.Doc, Connect: f.Connect}
	if sys.System == "" {
		sys.System = strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	}
	for _, e := range f.Streams {
		st := &schemas.Stream{Pos: e.Pos, Name: e.Key, From: e.Value.From, Key: e.Value.Key, Fields: e.Value.Fields, Drop: e.Value.Drop}
		sys.Streams = append(sys.Streams, decl.Entry[*schemas.Stream]{Pos: e.Pos, Key: e.Key, Value: st})
	}
	return sys, nil
}

// only is the system with one stream, read to its end and not for ever.
func (s *source) only(st *schemas.Stream) *schemas.System {
	sys := *s.System
	sys.Streams = decl.Map[*schemas.Stream]{{Pos: st.Pos, Key: st.Name, Value: st}}
	sys.Every.Continuous = false
	return &sys
}

// Probe is how one stream of a system answered.
type Probe struct {
	System string `json:"system"`
	Stream string `json:"stream"`
	OK     bool   `json:"ok"`
	Millis int64  `json:"ms"`
	Class  string `json:"class,omitempty"` // what heals the error
	Error  string `json:"error,omitempty"`

	err error
}

// ConnectCheck opens a system and asks for every stream whether it can be read
// with these credentials, and calls each with the answers as they come. The
// error is that of the stream that fared worst.
func ConnectCheck(ctx context.Context, o Options, name string, each func(Probe)) error {
	s, err := o.source(name)
	if err != nil {
		return err
	}
	var worst error
	for _, e := range s.Streams {
		p := s.probe(ctx, e.Value)
		each(p)
		if p.err != nil && (worst == nil || fault.Is(worst, fault.Transient)) {
			worst = p.err
		}
	}
	if len(s.Streams) == 0 {
		p := s.probe(ctx, nil)
		each(p)
		worst = p.err
	}
	return worst
}

func (s *source) probe(ctx context.Context, st *schemas.Stream) Probe {
	p := Probe{System: s.System.System}
	sys := s.System
	if st != nil {
		p.Stream, sys = st.Name, s.only(st)
	}
	began := time.Now()
	p.err = func() error {
		opened, err := s.kind.Open(ctx, sys)
		if err != nil {
			return err
		}
		return errors.Join(opened.Check(ctx), opened.Close())
	}()
	p.Millis = time.Since(began).Milliseconds()
	if p.OK = p.err == nil; !p.OK {
		p.Class, p.Error = fault.Of(p.err).String(), p.err.Error()
	}
	return p
}

// SampleRow is one record of a sample: fields in their order, with values in
// which nothing identifies a person.
type SampleRow struct {
	Stream string          `json:"stream"`
	Place  string          `json:"place"`
	Op     string          `json:"op,omitempty"`
	Fault  string          `json:"fault,omitempty"`
	Value  json.RawMessage `json:"value"`
}

// ConnectSample reads the first records of a system's streams, or of one of
// them ("system.stream"), and masks direct identifiers: fields that are one by
// their label or declaration, and what looks like one in any other.
func ConnectSample(ctx context.Context, o Options, name string, records int, each func(SampleRow)) error {
	system, stream := name, ""
	if filepath.Ext(name) != ".yaml" && filepath.Ext(name) != ".yml" {
		system, stream, _ = strings.Cut(name, ".")
	}
	s, err := o.source(system)
	if err != nil {
		return err
	}
	found := false
	var failed []error
	for _, e := range s.Streams {
		if stream != "" && e.Key != stream {
			continue
		}
		found = true
		if len(e.Value.Fields) == 0 || len(e.Value.Key) == 0 {
			failed = append(failed, fault.Hint(fault.Config, "`rongtong connect discover` proposes them", "sampling %q: the stream has no fields or no key yet", e.Key))
			continue
		}
		err := s.read(ctx, e.Value, records, func(r *record.Envelope) error {
			row := SampleRow{Stream: e.Key, Place: pii.MaskString(r.Place), Fault: r.Fault, Value: masked(&s.catalog.Personal, e.Value, r.Value)}
			if r.Op == record.Delete {
				row.Op = "delete"
			}
			each(row)
			return nil
		})
		failed = append(failed, err)
	}
	if !found {
		var known []string
		for _, e := range s.Streams {
			known = append(known, e.Key)
		}
		return fault.Hint(fault.Config, decl.Suggest(stream, known), "system %q has no stream %q", system, stream)
	}
	return errors.Join(failed...)
}

// read takes the first records of a stream. A source that waits for records is
// read until ctx ends.
func (s *source) read(ctx context.Context, st *schemas.Stream, most int, visit func(*record.Envelope) error) error {
	if s.kind.Name == "push" {
		return fault.Hint(fault.Config, "`rongtong feed verify` tests a file that a client would send", "sampling %q: a gateway has no records of its own, clients send them", st.Name)
	}
	opened, err := s.kind.Open(ctx, s.only(st))
	if err != nil {
		return err
	}
	defer opened.Close()
	src, err := opened.Source(ctx, st, nil)
	if err != nil {
		return err
	}
	defer src.Close()
	var chunk record.Chunk
	for n := 0; n < most; {
		chunk.Reset()
		_, err := src.Read(ctx, &chunk)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, context.DeadlineExceeded) && n > 0:
			return nil // what came so far is a sample
		case errors.Is(err, context.DeadlineExceeded):
			return fault.Hint(fault.Transient, "give it more with --timeout", "sampling %q: no record came in time", st.Name)
		case err != nil:
			return err
		}
		for i := range chunk.Rows[:min(len(chunk.Rows), most-n)] {
			if err := visit(&chunk.Rows[i]); err != nil {
				return err
			}
		}
		n += len(chunk.Rows)
	}
	return nil
}

// masked is a record's value with everything masked that identifies a person.
func masked(personal *schemas.PersonalData, st *schemas.Stream, value []byte) json.RawMessage {
	out := []byte{'{'}
	_ = connectors.EachField(value, func(name, raw []byte) { // our own connector wrote it
		if len(out) > 1 {
			out = append(out, ',')
		}
		key, _ := json.Marshal(string(name)) // texts: they cannot fail
		out = append(append(out, key...), ':')
		var text string
		if raw[0] != '"' {
			text = string(raw)
		} else if json.Unmarshal(raw, &text) != nil {
			text = ""
		}
		shown := hide(personal, st, string(name), text)
		if shown == text {
			out = append(out, raw...)
			return
		}
		v, _ := json.Marshal(shown)
		out = append(out, v...)
	})
	return append(out, '}')
}

func hide(personal *schemas.PersonalData, st *schemas.Stream, field, text string) string {
	as := ""
	if id, ok := st.Identify.Get(field); ok {
		as = id.Value.As
	} else if k := personal.IdentifierKind(field); k != nil {
		as = k.Kind
	}
	switch {
	case personal.ProhibitedKind(field) != nil:
		return "***"
	case text == "" || text == "null":
		return text
	}
	switch as {
	case "":
		return pii.MaskString(text)
	case schemas.AsName:
		return string(pii.AppendName(nil, []byte(text)))
	case schemas.AsAddress:
		return string(pii.AppendAddress(nil, []byte(text)))
	case schemas.AsCard:
		return string(pii.AppendNumber(nil, []byte(text), pii.BankCard))
	case schemas.AsMobile:
		return string(pii.AppendNumber(nil, []byte(text), pii.Mobile))
	}
	return string(pii.AppendNumber(nil, []byte(text), pii.CitizenID))
}

// discoverRecords is how many records of each stream are looked at.
const discoverRecords = 300

// ConnectDiscover looks at a system and proposes a system file: what it offers,
// keys, cursors, types, and a mapping to the theme entity that fits best, each
// guess with its reason as a comment. What it returns passes `rongtong check`:
// a flow that does not is a comment that says why. progress is told of every
// stream.
func ConnectDiscover(ctx context.Context, o Options, name string, limit time.Duration, progress func(stream string, records int)) (string, error) {
	s, err := o.source(name)
	if err != nil {
		return "", err
	}
	opened, err := s.kind.Open(ctx, s.System)
	if err != nil {
		return "", err
	}
	found, err := opened.Discover(ctx)
	if err := errors.Join(err, opened.Close()); err != nil {
		return "", err
	}
	var streams []propose.Stream
	for _, st := range found {
		if len(st.Fields) == 0 {
			continue
		}
		p, err := s.profile(ctx, st, limit)
		if err != nil {
			return "", err
		}
		progress(st.Name, p.Sample)
		streams = append(streams, p)
	}
	if len(streams) == 0 {
		return "", fault.Hint(fault.Config, "of a REST system, name the streams and their `from` first", "discovering %q: it offers nothing that has fields", s.System.System)
	}
	return o.settle(propose.New(s.catalog, s.head(), streams))
}

func (s *source) head() propose.Head {
	h := propose.Head{
		System: s.System.System, Tier: s.Tier, NameZh: s.Name.Zh, NameEn: s.Name.En, Department: s.Department, Doc: s.Doc,
		Connect: s.Connect.Text(), Kind: s.kind.Name, Continuous: s.Every.Continuous || s.kind.Name == "push" || s.kind.Name == "feed",
	}
	if h.Tier == "" {
		h.Tier = s.catalog.Tiers[len(s.catalog.Tiers)/2].Code
	}
	return h
}

// profile reads the first records of a stream that was found.
func (s *source) profile(ctx context.Context, st *schemas.Stream, limit time.Duration) (propose.Stream, error) {
	look := *st
	out := propose.Stream{Name: st.Name, Key: st.Key}
	switch e, declared := s.Streams.Get(st.Name); {
	case declared:
		look.From = e.Value.From
	case s.kind.Name == "sql": // what finds changes is proposed from the sample
		out.From = st.From.Text()
		look.From, _ = decl.Parse("discovered", []byte(strings.TrimSuffix(out.From, "}")+", compare: true }"))
	}
	if out.From == "" {
		out.From = look.From.Text()
	}
	if len(look.Key) == 0 {
		look.Key = []string{look.Fields[0].Key}
	}
	index := map[string]*propose.Profile{}
	for _, f := range look.Fields {
		p := &propose.Profile{Name: f.Key, Kind: f.Value, Label: st.Labels[f.Key]}
		out.Fields, index[f.Key] = append(out.Fields, p), p
	}
	one, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := s.read(one, &look, discoverRecords, func(r *record.Envelope) error {
		if r.Fault != "" {
			return nil
		}
		out.Sample++
		return connectors.EachField(r.Value, func(name, raw []byte) {
			var text string
			switch {
			case raw[0] == 'n':
			case raw[0] != '"':
				text = string(raw)
			default:
				_ = json.Unmarshal(raw, &text) // our own connector wrote it
			}
			index[string(name)].Add(text, raw[0] != 'n')
		})
	})
	if ctx.Err() != nil {
		return out, ctx.Err()
	}
	if err != nil {
		out.Note = "no records could be looked at: " + strings.ReplaceAll(err.Error(), "\n", " ")
	}
	return out, nil
}

// draftName is where problems of a proposal are said to be.
const draftName = "the proposal"

// settle turns off what does not pass the check, until all does.
func (o Options) settle(d *propose.Draft) (string, error) {
	dir, err := os.MkdirTemp("", "rongtong-draft-")
	if err != nil {
		return "", fault.New(fault.Config, "checking the proposal: %w", err)
	}
	defer os.RemoveAll(dir)
	for {
		text := d.YAML()
		if err := os.WriteFile(filepath.Join(dir, "draft.yaml"), []byte(text), 0o600); err != nil {
			return "", fault.New(fault.Config, "checking the proposal: %w", err)
		}
		sources := []fs.FS{schemas.Named("schemas", schemas.FS), schemas.Named("pipelines/systems", systems.FS)}
		if o.Overlay != "" {
			sources = append(sources, schemas.Named(o.Overlay, os.DirFS(o.Overlay)))
		}
		sources = append(sources, schemas.Named(draftName, os.DirFS(dir)))
		_, problems := loadFrom(sources)
		if len(problems) == 0 {
			return text, nil
		}
		lines := strings.Split(text, "\n")
		why := map[string][]string{}
		for _, p := range problems {
			stream := flowAt(lines, p.Line)
			if !strings.HasPrefix(p.File, draftName) || stream == "" {
				return "", &ProblemsError{problems}
			}
			why[stream] = append(why[stream], p.Message)
		}
		for stream, list := range why {
			if !d.Off(stream, list) {
				return "", &ProblemsError{problems}
			}
		}
	}
}

// flowAt is the stream of the flow that a line belongs to, or nothing.
func flowAt(lines []string, n int) string {
	for i := min(n, len(lines)) - 1; i >= 0; i-- {
		if strings.HasPrefix(lines[i], "streams:") {
			return ""
		}
		if name, ok := strings.CutPrefix(lines[i], "  - stream: "); ok {
			return name
		}
	}
	return ""
}
