package world

import (
	"iter"
	"strings"
)

// Social organisations: the province registers them under their credit codes,
// the townships keep lists without any. Which lines are about one organisation
// is known here because both are made from it, and from nothing that a name
// says: what follows from the lines alone is left to a person.

// social is an organisation as it is, and who knows what of it.
type social struct {
	township, no  int
	kind          string
	name          string
	uscc          string
	twin          string // code of another organisation of that name in the township; empty for none
	founded       day
	phone         string // as the province has it; null for none
	twinPhone     string
	address       string
	staff         int
	village       int // that it is registered in, -1: the township
	gate, book    bool
	bookPhone     string // what the township's list has
	bookFounded   day
	bookAddress   string
	bookAs, askBy string // how the list spells the name; why a person is asked, if both lines are accepted
}

const socialMost = 9

var (
	wordsSocialKind = map[string][]string{
		"social_org_association":   {"社会团体", "社团"},
		"social_org_nonenterprise": {"民办非企业单位", "民非", "社会服务机构"},
	}
	socialNames = []struct{ kind, name string }{
		{"social_org_association", "老年人协会"}, {"social_org_association", "志愿者协会"}, {"social_org_association", "广场舞协会"},
		{"social_org_association", "书画协会"}, {"social_org_association", "太极拳协会"}, {"social_org_nonenterprise", "养老服务中心"},
		{"social_org_nonenterprise", "儿童之家"}, {"social_org_nonenterprise", "文化艺术团"}, {"social_org_nonenterprise", "助残服务站"},
		{"social_org_nonenterprise", "爱心志愿服务队"},
	}
	// Simple characters that a clerk's input method may write in the traditional way.
	traditional = strings.NewReplacer("协会", "協會", "志愿", "志願", "服务队", "服務隊", "艺术团", "藝術團", "儿童", "兒童", "养老", "養老")
)

// socials are the organisations of a township.
func (w *World) socials(t int) []social {
	p := &w.townships[t]
	r := w.draw(forSocial, p.idx, 0)
	n, first := r.in(3, socialMost), r.n(len(socialNames))
	out := make([]social, n)
	for i := range out {
		out[i] = w.social(t, i, (first+i)%len(socialNames))
	}
	return out
}

func (w *World) social(t, i, name int) social {
	p := &w.townships[t]
	r := w.draw(forSocial, p.idx, 1+i)
	s := social{township: t, no: i + 1, kind: socialNames[name].kind, name: socialNames[name].name, founded: dayOf(2003, 1, 1) + day(r.n(7000)),
		phone: w.landline(&r, p), address: "中心路" + itoa(r.in(1, 199)) + "号", staff: r.in(3, 40), village: -1, gate: true, book: true, bookAddress: null, bookFounded: noDay, bookPhone: null}
	if r.bp(7000) { // the others are called the same in every township
		s.name = shortName(p.name) + s.name
	}
	if p.to > p.from && r.bp(4000) {
		if v := r.in(p.from, p.to-1); !w.villages[v].virtual() {
			s.village = v
		}
	}
	s.uscc = socialCredit(p, s.kind, 2*i)
	w.known(&r, p, i, &s)
	s.bookAs = s.name
	switch k := r.n(100); {
	case k < 12:
		s.bookAs = w.cities[p.city].name + w.counties[p.county].name + p.name + strings.TrimPrefix(s.name, p.name)
	case k < 24:
		s.bookAs = traditional.Replace(s.name)
	}
	s.book = s.book && w.hasWorkbook(t)
	return s
}

// known draws what each side knows of an organisation.
func (w *World) known(r *rng, p *place, i int, s *social) {
	other := w.landline(r, p)
	switch k := r.n(100); {
	case k < 52: // the telephone is in both, and perhaps more
		s.bookPhone = s.phone
		if r.bp(5000) {
			s.bookFounded = s.founded
		}
		if r.bp(3000) {
			s.bookAddress = s.address
		}
	case k < 62: // only the day of foundation is
		s.phone, s.bookFounded = null, s.founded
	case k < 70: // nothing is
		s.askBy = "name_only"
	case k < 76: // it has moved, or is another one
		s.bookPhone, s.bookFounded, s.askBy = other, s.founded, "facts_differ"
	case k < 84:
		s.book = false
	case k < 93:
		s.gate, s.bookPhone = false, s.phone
	case k < 97: // a namesake that has another telephone
		s.twin, s.twinPhone, s.bookPhone = socialCredit(p, s.kind, 2*i+1), other, s.phone
	default: // a namesake at the same telephone
		s.twin, s.twinPhone, s.bookPhone = socialCredit(p, s.kind, 2*i+1), s.phone, s.phone
		s.askBy = "several"
	}
}

// socialCredit is a code of class 51 or 52: associations, private units.
func socialCredit(p *place, kind string, no int) string {
	body := "51"
	if kind == "social_org_nonenterprise" {
		body = "52"
	}
	body += p.code[:6] + "M"
	n := uint64(p.idx*2*socialMost + no)
	for range 8 {
		body += creditAlphabet[n%31 : n%31+1]
		n = n/31 + 7
	}
	return body + string(creditCheck(body))
}

// socialLine is a line of the province's list: an organisation, or its namesake.
type socialLine struct {
	township, no int // no: index into socials
	twin         bool
}

// SocialColumns are the gateway's names of a social organisation's fields.
var SocialColumns = []string{"tyshxydm", "mc", "xzqh", "lx", "clrq", "zt", "dz", "dh", "cd_time"}

// SocialRows is the number of rows of the gateway's list of social organisations.
func (w *World) SocialRows() int { return len(w.socialLines) }

func (w *World) listSocials() {
	for t := range w.townships {
		for i, s := range w.socials(t) {
			if s.gate {
				w.socialLines = append(w.socialLines, socialLine{t, i, false})
			}
			if s.twin != "" {
				w.socialLines = append(w.socialLines, socialLine{t, i, true})
			}
		}
	}
}

// Social makes row i of the list.
func (w *World) Social(i int, rec *Record) {
	l := w.socialLines[i]
	s := w.socials(l.township)[l.no]
	w.gateSocial(&s, l.twin, i, rec)
}

// socialClaim is what a line still says.
type socialClaim struct {
	live                                 bool
	division, uscc, name, phone, address string
	founded                              day
}

func (w *World) gateSocial(s *social, twin bool, row int, rec *Record) socialClaim {
	p := &w.townships[s.township]
	k := 0
	if twin {
		k = 1
	}
	r := w.draw(forGatewaySocial, p.idx, 2*s.no+k)
	c := socialClaim{division: p.code, uscc: s.uscc, name: s.name, phone: s.phone, address: s.address, founded: s.founded}
	if twin {
		c.uscc, c.phone, c.address, c.founded = s.twin, s.twinPhone, s.address+"B座", s.founded+day(r.in(100, 900))
	}
	if s.village >= 0 {
		c.division = w.villages[s.village].code
	}
	division, founded := divisionDirt(&r, c.division), dateDirt(&r, c.founded, dateISO)
	kind := codeDirt(&r, wordsSocialKind[s.kind], "宗亲会")
	code := creditDirt(&r, c.uscc)
	phone := emptyFor(c.phone)
	if r.bp(300) {
		phone = fullWidth(phone)
	}
	at := gatewayStart + int64(row)*secondsPerRow*1000
	rec.reset(code, c.name, division, kind, founded, wordsOrgStatus["active"][0], c.address, phone, clock(at))
	rec.At, rec.Rule = at, r.rule
	c.live = r.rule == ""
	return c
}

// SocialBookRows yields the rows of the sheet 社会组织 of a township's workbook.
func (w *World) SocialBookRows(t int) iter.Seq[*Record] {
	return func(yield func(*Record) bool) {
		var rec Record
		for _, s := range w.socials(t) {
			if !s.book {
				continue
			}
			w.bookSocial(&s, &rec)
			if !yield(&rec) {
				return
			}
		}
	}
}

func (w *World) bookSocial(s *social, rec *Record) socialClaim {
	p := &w.townships[s.township]
	r := w.draw(forBookSocial, p.idx, s.no)
	c := socialClaim{division: p.code, uscc: null, name: s.bookAs, phone: s.bookPhone, address: s.bookAddress, founded: s.bookFounded}
	founded := pick(&r, []string{"", "不详"})
	if c.founded != noDay {
		founded = dateDirt(&r, c.founded, dateDot)
	}
	phone := pick(&r, []string{"", "无", "/"})
	if c.phone != null {
		phone = c.phone
		switch k := r.n(100); {
		case k < 30:
			phone = strings.ReplaceAll(phone, "-", "")
		case k < 40:
			phone = strings.ReplaceAll(phone, "-", " - ")
		}
	}
	address := pick(&r, []string{"", "不详"})
	if c.address != null {
		address = c.address
	}
	kind := codeDirt(&r, wordsSocialKind[s.kind], "宗亲会")
	rec.reset(itoa(s.no), c.name, kind, founded, phone, address, itoa(s.staff))
	rec.At, rec.Rule = w.bookSaved(s.township), r.rule
	c.live = r.rule == ""
	return c
}

// Identities is what must be recognised of the townships' lines: the key that
// each is known by, and the pairs that a person is asked about, with the reason.
type Identities struct {
	Same map[string]string    // the township's key, to the code it is registered under
	Ask  map[[2]string]string // the code first
}

// socialOrgs passes over a township's social organisations.
func (t *tally) socialOrgs(k int) {
	w := t.w
	p := &w.townships[k]
	root, _ := w.reg.Lookup("370000000000")
	for _, s := range w.socials(k) {
		var gate, twin, book socialClaim
		if s.gate {
			gate = w.gateSocial(&s, false, 0, &t.rec)
			t.count(flowGateSocial)
		}
		if s.twin != "" {
			twin = w.gateSocial(&s, true, 0, &t.rec)
			t.count(flowGateSocial)
		}
		if s.book {
			book = w.bookSocial(&s, &t.rec)
			t.count(flowBookSocial)
			t.fed(book.live, p.idx)
		}
		t.fed(gate.live || twin.live, root.Index)
		t.recognise(p, &s, &gate, &twin, &book)
	}
}

// recognise says which lines are one organisation, and emits its rows.
func (t *tally) recognise(p *place, s *social, gate, twin, book *socialClaim) {
	key := s.kind + ":" + p.code + ":" + itoa(s.no)
	var with *socialClaim // whose row the township's line becomes a part of
	if book.live {
		switch {
		case gate.live && twin.live && s.askBy == "several":
			t.same.Ask[[2]string{gate.uscc, key}], t.same.Ask[[2]string{twin.uscc, key}] = s.askBy, s.askBy
		case gate.live && (s.askBy == "" || s.askBy == "several"):
			with = gate
		case gate.live:
			t.same.Ask[[2]string{gate.uscc, key}] = s.askBy
		case twin.live && s.askBy == "several": // the one left at the telephone
			with = twin
		case twin.live:
			t.same.Ask[[2]string{twin.uscc, key}] = "facts_differ"
		}
	}
	for _, c := range []*socialClaim{gate, twin} {
		switch {
		case !c.live:
		case c == with:
			t.same.Same[key] = c.uscc
			t.emitSocial(s, c.uscc, c, book)
		default:
			t.emitSocial(s, c.uscc, c, &socialClaim{})
		}
	}
	if book.live && with == nil {
		t.emitSocial(s, key, &socialClaim{}, book)
	}
}

// emitSocial restates the authority of organisations for these two sources: the
// province decides; the township adds what the province does not know.
func (t *tally) emitSocial(s *social, key string, gate, book *socialClaim) {
	field := func(g, b string) string { return win(of(gate.live, g, Gateway), of(book.live, b, Book)).value }
	name := win(of(gate.live, gate.name, Gateway), of(book.live, book.name, Book))
	division := field(gate.division, book.division)
	status, staff := null, null
	if gate.live {
		status = "active"
	}
	if book.live {
		staff = itoa(s.staff)
	}
	t.emit("organization", division, key, division, s.kind, field(gate.uscc, null), name.value, name.source,
		field(gate.founded.String(), book.founded.String()), status, field(gate.address, book.address), field(gate.phone, book.phone), staff)
}
