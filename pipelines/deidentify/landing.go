package deidentify

import (
	"bytes"
	"encoding/json"
	"time"
	"unicode/utf8"

	"rongtong/connectors"
	"rongtong/schemas"
	"rongtong/schemas/fault"
	"rongtong/schemas/pii"
	"rongtong/schemas/record"
)

// RuleInKey refuses a record that would be known by an identifier: masked, it
// could no longer be told from others.
const RuleInKey = "pii.in_key"

// BadMark begins a landed citizen ID that is none: "!rule:masked form".
const BadMark = '!'

// Counts are what a step did since it was made.
type Counts struct {
	Pseudonyms int64 // citizen IDs that became pseudonyms
	Bad        int64 // values declared as citizen IDs that are none
	Masked     int64 // identifiers found where none belongs, and masked
}

// Kept is a record for the landing area: pseudonym, and what is sealed.
type Kept struct{ Key, Value []byte }

// Raw is the content of a sealed landing record: one citizen ID.
type Raw struct {
	Purpose string `json:"purpose"`
	ID      string `json:"id"`
}

// LandingTopic holds the encrypted raw identifiers of a stream.
func LandingTopic(system, stream string) string { return "landing." + system + "." + stream }

// Step is the landing step of one stream. It is used by one goroutine.
type Step struct {
	where    string
	fields   []field
	identify bool // some field is declared to identify a person
	serial   bool // some field is not searched
	keep     bool
	ring     *Ring
	sealer   *Sealer // nil without landing keys
	object   *connectors.Object
	today    func() time.Time
	counts   Counts

	raw     [][]byte // of the record at hand, by field; borrowed from it
	known   [][]byte // what identifies this record's person, as it was written
	hits    []pii.Hit
	text    []byte
	out     []byte
	scratch record.Chunk
}

type field struct {
	name   string
	as     string
	form   pii.Kind
	isKey  bool
	purp   string
	pseudo *Pseudonymiser
}

// New prepares the step of a stream. Keys are needed, and their absence is
// fault.Config, only where the stream declares something that needs them.
func New(system string, s *schemas.Stream, ring *Ring) (*Step, error) {
	st := &Step{where: LandingTopic(system, s.Name), ring: ring, keep: s.Landing.Days > 0,
		object: connectors.NewObject(s), today: time.Now, raw: make([][]byte, len(s.Fields))}
	for _, f := range s.Fields {
		x, _ := s.Identify.Get(f.Key)
		fd := field{name: f.Key, as: x.Value.As, form: x.Value.Form(), purp: x.Value.Purpose}
		for _, k := range s.Key {
			fd.isKey = fd.isKey || k == f.Key
		}
		switch fd.as {
		case "":
		case schemas.AsSerial:
			st.serial = true
		case schemas.AsCitizenID:
			k, err := ring.Newest(ForPseudonym, fd.purp)
			if err != nil {
				return nil, err
			}
			fd.pseudo = NewPseudonymiser(k)
			fallthrough
		default:
			st.identify = true
		}
		st.fields = append(st.fields, fd)
	}
	sealer, err := ring.Sealer()
	if err != nil && (st.keep || st.identify) {
		return nil, err
	}
	st.sealer = sealer
	return st, nil
}

// Counts are what was done so far.
func (s *Step) Counts() Counts { return s.counts }

// Apply treats every record of a chunk in place: afterwards no key, value or
// place holds a direct identifier. It returns what the landing area is to keep,
// which owns its memory.
func (s *Step) Apply(c *record.Chunk) []Kept {
	var kept []Kept
	for i := range c.Rows {
		e := &c.Rows[i]
		if s.identify {
			s.rewrite(c, e, &kept)
			continue
		}
		if s.hits = pii.Find(e.Value, s.hits[:0]); len(s.hits) > 0 {
			s.rewrite(c, e, &kept)
			continue
		}
		if !s.serial {
			if s.hits = pii.Find(e.Key, s.hits[:0]); len(s.hits) > 0 { // no connector makes such a key; if one did, it would leak
				e.Key = c.Copy(pii.Mask(e.Key))
			}
		}
		e.Place = pii.MaskString(e.Place)
	}
	return kept
}

// rewrite builds the record anew from its fields.
func (s *Step) rewrite(c *record.Chunk, e *record.Envelope, kept *[]Kept) {
	if !s.split(e.Value) {
		// Not what our own writer makes. Nothing of it is kept.
		e.Key, e.Value, e.Place = nil, []byte("{}"), s.cover([]byte(e.Place))
		if e.Fault == "" {
			e.Fault = "json.syntax"
		}
		return
	}
	s.known = s.known[:0]
	s.object.Reset()
	for i := range s.fields {
		if as := s.fields[i].as; as != "" && as != schemas.AsSerial {
			s.identified(i, kept)
		}
	}
	inKey := false
	for i := range s.fields {
		if as := s.fields[i].as; as == "" || as == schemas.AsSerial {
			inKey = s.plain(i) && s.fields[i].isKey || inKey
		}
	}
	rule := e.Fault
	if rule == "" && inKey {
		rule = RuleInKey
	}
	s.scratch.Reset()
	s.object.AppendTo(&s.scratch, e.At, e.Op, s.cover([]byte(e.Place)), rule)
	done := &s.scratch.Rows[0]
	e.Key, e.Value, e.Place, e.Fault = c.Copy(done.Key), c.Copy(done.Value), done.Place, done.Fault
}

// split finds the fields of a record.
func (s *Step) split(value []byte) bool {
	clear(s.raw)
	next := 0
	err := connectors.EachField(value, func(name, raw []byte) {
		for k := range s.fields {
			if at := (next + k) % len(s.fields); s.fields[at].name == string(name) {
				s.raw[at], next = raw, at+1
				return
			}
		}
	})
	return err == nil
}

// value is the text of field i; ok is false for null.
func (s *Step) value(i int) (text []byte, ok bool) {
	raw := s.raw[i]
	if len(raw) == 0 || raw[0] == 'n' || raw[0] == '{' || raw[0] == '[' {
		return nil, false
	}
	if raw[0] == '"' {
		s.text = connectors.Unquote(s.text[:0], raw)
		return s.text, true
	}
	return raw, true
}

// identified treats a field that identifies a person by declaration.
func (s *Step) identified(i int, kept *[]Kept) {
	f := &s.fields[i]
	text, ok := s.value(i)
	if !ok || pii.IsPlaceholder(text) {
		return // null
	}
	switch f.as {
	case schemas.AsCitizenID:
		s.citizen(i, text, kept)
		return
	case schemas.AsName:
		s.out = pii.AppendName(s.out[:0], text)
	case schemas.AsAddress:
		s.out = pii.AppendAddress(s.out[:0], text)
	default:
		s.out = pii.AppendNumber(s.out[:0], text, f.form)
	}
	s.remember(text)
	s.object.SetBytes(i, pii.Mask(s.out))
}

func (s *Step) citizen(i int, text []byte, kept *[]Kept) {
	f := &s.fields[i]
	s.remember(text)
	id, rule := pii.ParseCitizenID(text, s.today())
	if rule != "" {
		s.counts.Bad++
		s.out = append(append(append(s.out[:0], BadMark), rule...), ':')
		s.out = pii.AppendNumber(s.out, text, pii.CitizenID)
		s.object.SetBytes(i, s.out)
		return
	}
	s.counts.Pseudonyms++
	s.out = f.pseudo.AppendLanded(s.out[:0], id)
	s.object.SetBytes(i, s.out)
	if s.keep {
		plain, _ := json.Marshal(Raw{f.purp, string(id[:])}) // two strings
		*kept = append(*kept, Kept{bytes.Clone(s.out), s.sealer.Seal(nil, plain, s.where)})
	}
}

// remember keeps what identifies this record's person, to be found in its other
// fields. One character alone is no name.
func (s *Step) remember(text []byte) {
	text = bytes.TrimSpace(text)
	if utf8.RuneCount(text) < 2 || len(text) > 256 {
		return
	}
	if n := len(s.known); n < cap(s.known) {
		s.known = s.known[:n+1]
		s.known[n] = append(s.known[n][:0], text...)
		return
	}
	s.known = append(s.known, bytes.Clone(text))
}

// plain takes a field over, with identifiers masked, and reports whether there
// were any.
func (s *Step) plain(i int) bool {
	raw := s.raw[i]
	text, ok := s.value(i)
	switch {
	case !ok:
		return false
	case raw[0] == 't' || raw[0] == 'f':
		s.object.SetBool(i, raw[0] == 't')
		return false
	}
	if s.fields[i].as != schemas.AsSerial {
		if masked, n := s.masked(text); n > 0 {
			s.counts.Masked += int64(n)
			s.object.SetBytes(i, masked)
			return true
		}
	}
	if raw[0] == '"' {
		s.object.SetBytes(i, text)
	} else {
		s.object.SetNumber(i, text)
	}
	return false
}

// masked hides what looks like an identifier and what this record's person is
// known by, and says how much was hidden.
func (s *Step) masked(text []byte) ([]byte, int) {
	s.hits = pii.Find(text, s.hits[:0])
	n := len(s.hits)
	if n > 0 {
		text = pii.Mask(text)
	}
	for _, k := range s.known {
		if found := bytes.Count(text, k); found > 0 {
			n += found
			text = bytes.ReplaceAll(text, k, pii.AppendName(nil, k))
		}
	}
	return text, n
}

// cover is a place without identifiers.
func (s *Step) cover(place []byte) string {
	text, n := s.masked(place)
	s.counts.Masked += int64(n)
	return string(text)
}

// SealPosition makes a connector's position fit to be stored: encrypted if it
// may hold an identifier, because a cursor may be one and a file may be named
// after a person.
func (s *Step) SealPosition(pos record.Position) ([]byte, error) {
	if !s.identify && (len(pos) == 0 || len(pii.Find(pos, s.hits[:0])) == 0) {
		return append([]byte{0}, pos...), nil
	}
	if s.sealer == nil {
		return nil, fault.Hint(fault.Config, "make keys with: rongtong keys new, and give the file with --keys or RONGTONG_KEYS",
			"storing the position of %q: it holds an identifier and there is no key to encrypt it", s.where)
	}
	return s.sealer.Seal([]byte{1}, pos, s.where+"#position"), nil
}

// OpenPosition is the position that SealPosition was given.
func (s *Step) OpenPosition(b []byte) (record.Position, error) {
	switch {
	case len(b) == 0 || b[0] == 0 && len(b) == 1:
		return nil, nil
	case b[0] == 0:
		return b[1:], nil
	case b[0] != 1:
		return nil, fault.New(fault.Bug, "reading the position of %q: it is not ours", s.where)
	case s.sealer == nil:
		return nil, fault.Hint(fault.Config, "give the key file with --keys or RONGTONG_KEYS", "reading the position of %q: it is encrypted and there is no key", s.where)
	}
	pos, err := s.sealer.Open(b[1:], s.where+"#position")
	if len(pos) == 0 {
		pos = nil
	}
	return pos, err
}
