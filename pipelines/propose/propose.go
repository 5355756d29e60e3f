package propose

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"rongtong/schemas"
)

// Stream is one stream that was found, with what its sample says.
type Stream struct {
	Name   string
	From   string   // what stands under `from`, as one line of YAML
	Key    []string // as the source declares it; may be empty
	Fields []*Profile
	Sample int    // records looked at
	Note   string // why there is no sample; may be empty
}

// Head is the part of a system file that is not of its streams.
type Head struct {
	System, Tier, NameZh, NameEn, Department, Doc string
	Connect                                       string // as one line of YAML
	Kind                                          string
	Continuous                                    bool
}

// Draft is a proposal.
type Draft struct {
	head    Head
	streams []*proposal
}

type proposal struct {
	Stream
	name      string
	key       []string
	keyWhy    string
	fields    []*Profile // delivered
	drop      []string
	dropWhy   []string
	cursor    string
	cursorWhy string
	at        string
	match     *matches
	close     []string
	off       []string // why the flow is commented out
}

// New makes a proposal of what was found.
func New(c *schemas.Catalog, head Head, found []Stream) *Draft {
	d := &Draft{head: head}
	used := map[string]bool{}
	for _, s := range found {
		p := &proposal{Stream: s, name: streamName(s.Name, used)}
		p.personal(&c.Personal)
		p.keys()
		p.cursors(head.Kind)
		p.match, p.close = best(c, s.Name, p.fields)
		p.time()
		d.streams = append(d.streams, p)
	}
	return d
}

var notName = regexp.MustCompile(`[^a-z0-9_]+`)

// streamName is a name that a stream may have.
func streamName(name string, used map[string]bool) string {
	out := strings.Trim(notName.ReplaceAllString(strings.ToLower(name), "_"), "_")
	if out == "" || out[0] >= '0' && out[0] <= '9' {
		out = strings.Trim("s_"+initials(name), "_")
		out = strings.Trim(notName.ReplaceAllString(out, "_"), "_")
	}
	for n, base := 2, out; used[out]; n++ {
		out = fmt.Sprintf("%s_%d", base, n)
	}
	used[out] = true
	return out
}

// personal takes out what must not leave the connector: by its label, or
// because its values look like identifiers.
func (p *proposal) personal(known *schemas.PersonalData) {
	for _, f := range p.Fields {
		why := ""
		k := known.ProhibitedKind(f.Name)
		if k == nil && f.Label != "" {
			k = known.ProhibitedKind(f.Label)
		}
		id := known.IdentifierKind(f.Name)
		if id == nil && f.Label != "" {
			id = known.IdentifierKind(f.Label)
		}
		if k != nil {
			why = fmt.Sprintf("%s must not be held (%s)", k.Name.En, k.Kind)
		} else if id != nil {
			why = fmt.Sprintf("the label is that of a direct identifier (%s); under identify: it would become a pseudonym", id.Kind)
		} else if s := f.identifying(); s > 0.3 {
			why = fmt.Sprintf("%.0f %% of the values look like identifiers of persons", 100*s)
		}
		if why == "" {
			p.fields = append(p.fields, f)
			continue
		}
		p.drop, p.dropWhy = append(p.drop, f.Name), append(p.dropWhy, why)
	}
}

var keyLike = regexp.MustCompile(`(?i)(^|_)(id|no|code|key|uuid|bh|dm|bm)$|编号|代码|编码|主键|序号|标识`)

// keys chooses the fields that identify a record.
func (p *proposal) keys() {
	has := func(name string) bool {
		return slices.ContainsFunc(p.fields, func(f *Profile) bool { return f.Name == name })
	}
	if len(p.Key) > 0 && !slices.ContainsFunc(p.Key, func(k string) bool { return !has(k) }) {
		p.key, p.keyWhy = p.Key, "as the source declares it"
		return
	}
	for _, named := range []bool{true, false} {
		for _, f := range p.fields {
			if f.unique() && keyLike.MatchString(f.Name) == named {
				p.key, p.keyWhy = []string{f.Name}, fmt.Sprintf("every one of the %d records looked at has a value of its own", p.Sample)
				return
			}
		}
	}
	for _, f := range p.fields {
		if keyLike.MatchString(f.Name) || f.share(dateLike.MatchString) > 0.9 && f.share(timeLike.MatchString) < 0.5 {
			p.key = append(p.key, f.Name)
		}
	}
	if p.keyWhy = "no field alone is unique: these look like codes and dates; check that together they are"; len(p.key) > 0 {
		return
	}
	if len(p.fields) > 0 {
		p.key, p.keyWhy = []string{p.fields[0].Name}, "nothing looks like a key: the first field stands here; name the right one"
	}
}

var (
	cursorNumber = regexp.MustCompile(`(?i)^(seq|rowver|rowversion|version|id|xh|auto_?id)$|序号|流水`)
	cursorTime   = regexp.MustCompile(`(?i)(update|modif|change|gx|xg|cd_)_?(d|t|time|at|sj|rq)|last_?upd|更新时间|修改时间|变更时间`)
	timeName     = regexp.MustCompile(`(?i)(time|_at|sj|rq|date)$|时间|日期`)
)

// cursors chooses what tells that a row was added or changed, for a database.
func (p *proposal) cursors(kind string) {
	if kind != "sql" {
		return
	}
	for _, f := range p.fields {
		if cursorTime.MatchString(f.Name) && f.share(timeLike.MatchString) > 0.9 {
			p.cursor, p.cursorWhy = f.Name, "the name says that it changes with the row, and its values are times"
			return
		}
	}
	for _, f := range p.fields {
		if cursorNumber.MatchString(f.Name) && f.Kind == "number" {
			p.cursor, p.cursorWhy = f.Name, "the name says that it grows; an update of a row that leaves it alone is not seen"
			return
		}
	}
	p.cursorWhy = "no field grows with every change: the table is compared as a whole each time"
}

// time chooses the event time of the flow.
func (p *proposal) time() {
	var other string
	for _, f := range p.fields {
		if f.share(timeLike.MatchString) < 0.9 {
			continue
		}
		if cursorTime.MatchString(f.Name) {
			p.at = f.Name
			return
		}
		if other == "" && timeName.MatchString(f.Name) {
			other = f.Name
		}
	}
	p.at = other
}

// Off turns the flow of a stream into a comment that says why. False: it is one
// already, or there is none.
func (d *Draft) Off(stream string, why []string) bool {
	for _, p := range d.streams {
		if p.name == stream && p.off == nil {
			p.off = why
			return true
		}
	}
	return false
}

// YAML is the system file.
func (d *Draft) YAML() string {
	var b strings.Builder
	h := d.head
	fmt.Fprintf(&b, "# Proposed by `rongtong connect discover`. Every line with a reason is a guess: read it, mend it, add cases.\n")
	fmt.Fprintf(&b, "system: %s\ntier: %s\nname: { zh: %s, en: %s }\ndepartment: %s\ndoc: %s\nconnect: %s\n\n",
		h.System, h.Tier, text(h.NameZh), text(h.NameEn), text(h.Department), text(h.Doc), h.Connect)
	b.WriteString("streams:\n")
	for _, p := range d.streams {
		p.stream(&b)
	}
	b.WriteString("\n")
	d.flows(&b)
	if h.Continuous {
		b.WriteString("every: { continuous: true }\n")
	} else {
		b.WriteString("every: { cron: \"0 2 * * *\", zone: Asia/Shanghai, misfire: once } # nightly, until you say otherwise\n")
	}
	return b.String()
}

// oneLine keeps what stands in a comment out of the lines after it.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x85 || r == 0x2028 || r == 0x2029 {
			return ' '
		}
		return r
	}, s)
}

func text(s string) string {
	if s == "" {
		s = "?"
	}
	return fmt.Sprintf("%q", s)
}

func (p *proposal) stream(b *strings.Builder) {
	fmt.Fprintf(b, "  %s:", p.name)
	if p.Note != "" {
		b.WriteString(" # " + oneLine(p.Note))
	} else {
		fmt.Fprintf(b, " # %d records were looked at", p.Sample)
	}
	b.WriteString("\n")
	from := p.From
	if p.cursorWhy != "" {
		how := "compare: true"
		if p.cursor != "" {
			how = "cursor: " + word(p.cursor)
		}
		from = strings.TrimSuffix(strings.TrimSpace(from), "}") + ", " + how + " }"
		fmt.Fprintf(b, "    from: %s # %s\n", from, p.cursorWhy)
	} else {
		fmt.Fprintf(b, "    from: %s\n", from)
	}
	fmt.Fprintf(b, "    key: [%s] # %s\n", quoteAll(p.key), p.keyWhy)
	b.WriteString("    fields:\n")
	for _, f := range p.fields {
		fmt.Fprintf(b, "      %s: %s\n", word(f.Name), p.kind(f))
	}
	if len(p.drop) > 0 {
		b.WriteString("    drop:\n")
		for i, f := range p.drop {
			fmt.Fprintf(b, "      - %s # %s\n", word(f), p.dropWhy[i])
		}
	}
}

// kind is the declared type of a field. Text keeps leading zeros; what a flow
// makes of it is the flow's.
func (p *proposal) kind(f *Profile) string {
	if f.Name == p.cursor && f.Kind == "number" {
		return "number"
	}
	if f.Kind == "bool" {
		return "bool"
	}
	return "text"
}

func (d *Draft) flows(b *strings.Builder) {
	on := 0
	for _, p := range d.streams {
		if p.match != nil && p.off == nil && len(p.match.missing) == 0 {
			on++
		}
	}
	if on == 0 {
		b.WriteString("flows: [] # none is complete: see below\n")
	} else {
		b.WriteString("flows:\n")
	}
	for _, p := range d.streams {
		p.flow(b)
	}
}

// flow writes the flow of a stream; one that is not complete as a comment.
func (p *proposal) flow(b *strings.Builder) {
	m := p.match
	if m == nil {
		fmt.Fprintf(b, "  # stream %s: no theme entity has columns that fit its fields\n", p.name)
		return
	}
	mark := "  "
	if len(m.missing) > 0 || p.off != nil {
		mark = "  # "
		fmt.Fprintf(b, "  # stream %s speaks of %s (%s), but the flow is not complete:\n", p.name, m.entity.Entity, m.entity.Name.Zh)
		if len(m.missing) > 0 {
			fmt.Fprintf(b, "  #   nothing was found for %s, which every %s must have\n", strings.Join(m.missing, ", "), m.entity.Entity)
		}
		for _, why := range p.off {
			fmt.Fprintf(b, "  #   %s\n", strings.ReplaceAll(why, "\n", " "))
		}
	}
	line := func(format string, args ...any) {
		b.WriteString(mark + oneLine(fmt.Sprintf(format, args...)) + "\n")
	}
	also := ""
	if len(p.close) > 0 {
		also = "; close to it: " + strings.Join(p.close, ", ")
	}
	line("- stream: %s", p.name)
	line("  entity: %s # %s: %d of its columns were found%s", m.entity.Entity, m.entity.Name.Zh, len(m.set), also)
	if p.at != "" {
		line("  at: { call: time, of: %s } # when the source changed the record", word(p.at))
	}
	line("  set:")
	for _, x := range m.set {
		line("    %s: %s # %s", x.column, x.expr, x.reason)
	}
}
