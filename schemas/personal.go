package schemas

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"rongtong/schemas/decl"
	"rongtong/schemas/pii"
)

// PersonalData says, by the labels of source fields, what is personal data:
// classes P4 (direct identifiers) and P5 (prohibited). See personal_data.yaml.
type PersonalData struct {
	decl.Pos
	Prohibited  []*PersonalKind `decl:"prohibited"`
	Identifiers []*PersonalKind `decl:"identifiers"`
}

// PersonalKind is one kind of personal data.
type PersonalKind struct {
	decl.Pos
	Kind   string   `decl:"kind,required"`
	Name   Label    `decl:"name,required"`
	Basis  string   `decl:"basis,required"` // law or standard, with the clause
	Labels []string `decl:"labels,required"`
	Except []string `decl:"except"` // words that hold a label and are something else

	labels, except []pattern
}

// pattern is a label as it is compared: Chinese words as they are, Latin ones
// as words between "_".
type pattern struct {
	text string
	word bool
}

// ProhibitedKind is the kind of class P5 that a field of this label is, or nil.
func (p *PersonalData) ProhibitedKind(label string) *PersonalKind {
	return find(p.Prohibited, label)
}

// IdentifierKind is the kind of class P4 that a field of this label is, or nil.
func (p *PersonalData) IdentifierKind(label string) *PersonalKind {
	return find(p.Identifiers, label)
}

func find(kinds []*PersonalKind, label string) *PersonalKind {
	plain, words := folded(label)
	for _, k := range kinds {
		if k.matches(plain, words) {
			return k
		}
	}
	return nil
}

func (k *PersonalKind) matches(plain, words string) bool {
	for _, e := range k.except {
		plain, words = e.cut(plain), e.cut(words)
	}
	return slices.ContainsFunc(k.labels, func(p pattern) bool {
		if p.word {
			return strings.Contains(words, p.text)
		}
		return strings.Contains(plain, p.text)
	})
}

// cut takes what is something else out of a label, so that "当事人数（当事人）" is
// still judged by the rest.
func (p pattern) cut(text string) string { return strings.ReplaceAll(text, p.text, "_") }

// folded is a label without spaces and brackets, in plain width and lower case;
// and its Latin words between "_": "idCardNo" becomes "_id_card_no_".
func folded(label string) (plain, words string) {
	var p, w strings.Builder
	w.WriteByte('_')
	lower, gap := false, true
	for _, r := range label {
		if r >= 0xff01 && r <= 0xff5e {
			r -= 0xfee0
		}
		switch {
		case unicode.IsLetter(r) && r < 0x80 || unicode.IsDigit(r):
			if unicode.IsUpper(r) && lower && !gap {
				w.WriteByte('_')
			}
			lower, gap = !unicode.IsUpper(r), false
			w.WriteRune(unicode.ToLower(r))
			p.WriteRune(unicode.ToLower(r))
		case unicode.IsLetter(r):
			p.WriteRune(r)
			fallthrough
		default:
			if !gap {
				w.WriteByte('_')
			}
			gap = true
		}
	}
	if !gap {
		w.WriteByte('_')
	}
	return p.String(), w.String()
}

func (k *PersonalKind) compile() {
	k.labels, k.except = patterns(k.Labels), patterns(k.Except)
}

func patterns(labels []string) []pattern {
	var out []pattern
	for _, l := range labels {
		plain, words := folded(l)
		if strings.IndexFunc(plain, func(r rune) bool { return r >= 0x80 }) >= 0 {
			out = append(out, pattern{plain, false})
		} else if words != "_" {
			out = append(out, pattern{words, true})
		}
	}
	return out
}

// add joins what another file declares.
func (p *PersonalData) add(o *PersonalData) {
	for _, k := range slices.Concat(o.Prohibited, o.Identifiers) {
		k.compile()
	}
	p.Prohibited = append(p.Prohibited, o.Prohibited...)
	p.Identifiers = append(p.Identifiers, o.Identifiers...)
}

// Identifier says what a declared field is that identifies a person, so that
// the landing step can treat it before the record leaves the connector.
type Identifier struct {
	decl.Pos
	As string // one of IdentifierKinds
	// Purpose separates populations: the pseudonyms of two purposes cannot be
	// joined. Of citizen_id only, where it is required.
	Purpose string
}

// What a field under identify: may be.
const (
	AsCitizenID = "citizen_id"   // becomes a keyed pseudonym with the key's version
	AsName      = "person_name"  // 张*
	AsMobile    = "mobile"       // 138****1234
	AsCard      = "bank_card"    // 622****28
	AsAddress   = "home_address" // down to the county
	AsSerial    = "serial"       // a number of the source that only looks like an identifier: it is not searched
)

// IdentifierKinds are the values of Identifier.As.
var IdentifierKinds = []string{AsCitizenID, AsName, AsMobile, AsCard, AsAddress, AsSerial}

// FromNode reads a kind's name, or a mapping: as, purpose.
func (x *Identifier) FromNode(n decl.Node) []decl.Problem {
	x.Pos = n.Pos()
	if text, ok := n.Scalar(); ok {
		x.As = text
		return nil
	}
	var parts struct {
		As      string `decl:"as,required"`
		Purpose string `decl:"purpose"`
	}
	ps := n.Decode(&parts)
	x.As, x.Purpose = parts.As, parts.Purpose
	return ps
}

// landingMax is how long raw identifiers may be kept at most, in days.
const landingMax = 30

var purposeForm = regexp.MustCompile(`^[a-z]{2,12}$`)

// personal checks what a stream declares of persons.
func (k *checker) personal(st *Stream, fields []string, at func(path ...any) decl.Pos) {
	for _, f := range st.Fields {
		_, identified := st.Identify.Get(f.Key)
		p, i := k.c.Personal.ProhibitedKind(f.Key), k.c.Personal.IdentifierKind(f.Key)
		switch {
		case p != nil:
			k.add(at("fields", f.Key), "pii.prohibited", "list it under drop: instead; it is counted there ("+p.Basis+")",
				"field %q is of a prohibited kind: %s (%s)", f.Key, p.Kind, p.Name.Zh)
		case i != nil && !identified:
			k.add(at("fields", f.Key), "pii.unidentified", fmt.Sprintf("write identify: { %s: %s }, or list it under drop: (%s)", f.Key, i.Kind, i.Basis),
				"field %q looks like a direct identifier: %s (%s)", f.Key, i.Kind, i.Name.Zh)
		}
	}
	pseudonyms := 0
	for _, x := range st.Identify {
		k.oneOf(at("identify", x.Key), "field.unknown", "field", x.Key, fields)
		k.oneOf(x.Value.Pos, "identify.kind", "kind of identifier", x.Value.As, IdentifierKinds)
		switch {
		case x.Value.As == AsCitizenID && !purposeForm.MatchString(x.Value.Purpose):
			k.add(x.Value.Pos, "identify.purpose", "write { as: citizen_id, purpose: cw }: two to twelve letters that name the population",
				"the pseudonyms of %q have no purpose", x.Key)
		case x.Value.As != AsCitizenID && x.Value.Purpose != "":
			k.add(x.Value.Pos, "identify.purpose", "remove it", "only a citizen_id has a purpose")
		}
		if x.Value.As == AsCitizenID {
			pseudonyms++
		}
	}
	if days := st.Landing.Days; st.Landing.Pos != (decl.Pos{}) {
		if days < 1 || days > landingMax {
			k.add(at("landing", "days"), "landing.days", fmt.Sprintf("1 to %d", landingMax), "raw identifiers cannot be kept for %d days", days)
		}
		if pseudonyms == 0 {
			k.add(at("landing"), "landing.nothing", "remove it, or identify a citizen_id", "stream %q has no citizen_id whose raw value could be kept", st.Name)
		}
	}
}

// identified checks that what identifies a person goes where it may: a
// pseudonym through the functions made for it, a display form into a column of
// class P2 or P3.
func (k *checker) identified(st *Stream, e *Entity, column string, x *Expr) {
	of := x.Of
	if x.Call == "" {
		of = []string{x.Field}
	}
	for _, f := range of {
		id, ok := st.Identify.Get(f)
		pseudonym := ok && id.Value.As == AsCitizenID
		keyed := x.Call == "pid" || x.Call == "pid_version"
		c := e.Column(column)
		switch {
		case keyed && !pseudonym:
			k.add(x.Pos, "pid.unidentified", "write identify: { "+f+": { as: citizen_id, purpose: … } } in the stream",
				"%q is made of a citizen_id, and field %q is not declared as one", x.Call, f)
		case !ok || id.Value.As == AsSerial || keyed:
		case pseudonym:
			k.add(x.Pos, "pid.function", "use { call: pid, of: "+f+" }", "field %q is a pseudonym and its key's version", f)
		case c != nil && c.PII != P2 && c.PII != P3:
			k.add(x.Pos, "pii.class", "name a column of class P3", "field %q identifies a person and column %q is of class %s", f, column, cmpOr(c.PII))
		}
	}
}

func cmpOr(c PII) PII {
	if c == "" {
		return P0
	}
	return c
}

// Form is the form by which a declared kind is shown.
func (x *Identifier) Form() pii.Kind {
	switch x.As {
	case AsMobile:
		return pii.Mobile
	case AsCard:
		return pii.BankCard
	}
	return pii.CitizenID
}
