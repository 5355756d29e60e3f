package schemas

import (
	"bytes"
	"cmp"
	"embed"
	"encoding/csv"
	"errors"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"rongtong/schemas/decl"
)

// FS holds the declarations that are shipped: tiers, themes, code lists and
// indicators. Source systems are in pipelines/systems.
//
//go:embed tiers.yaml themes.yaml personal_data.yaml themes codes indicators views calendars
var FS embed.FS

type named struct {
	fs.FS
	prefix string
}

// Named gives the files of a source a prefix, so that a problem names the file
// as the person who wrote it knows it: Named("/etc/rongtong", os.DirFS(…)).
func Named(prefix string, files fs.FS) fs.FS { return named{files, prefix} }

// Load reads declarations and checks them as a whole. It returns every
// problem of every file, in order of files and places; the catalogue is
// complete exactly when there are none, and never nil.
//
// A source is a folder. What a file declares follows from its folder:
//
//	tiers.yaml                    the tiers
//	themes.yaml                   the names of the themes
//	personal_data.yaml            what labels say of personal data
//	themes/<theme>/<entity>.yaml  an entity
//	codes/<list>.csv              a code list
//	calendars/<calendar>.csv      which days are worked
//	decisions/*.yaml              what people decided about division codes
//	indicators/<id>.yaml          an indicator
//	views/<view>.yaml             a view of layer ads
//	jobs.yaml                     the jobs, and what limits them
//	systems/<system>.yaml, *.yaml a source system
//
// Other files with these endings are problems, all others are ignored. Later
// sources override earlier ones by the declared name: an operator replaces a
// system by declaring one of the same name in an overlay folder.
func Load(sources ...fs.FS) (*Catalog, []decl.Problem) {
	l := &loader{nodes: map[any]decl.Node{}}
	for _, src := range sources {
		l.source(src)
	}
	l.cat.Tiers = l.tiers.list()
	l.cat.Themes = l.themes.list()
	l.cat.Entities = l.entities.list()
	l.cat.Systems = l.systems.list()
	l.cat.Indicators = l.indicators.list()
	l.cat.Views = l.views.list()
	l.cat.Codes = l.codes.list()
	l.cat.Calendars = l.calendars.list()
	l.cat.Jobs = l.jobs.list()
	l.cat.index()
	ck := &checker{c: &l.cat, nodes: l.nodes}
	ck.forms()
	ck.all()
	ps := l.problems
	for _, p := range ck.problems {
		// What could not be read has no value; a check of it says nothing new.
		if !slices.ContainsFunc(l.problems, func(o decl.Problem) bool { return o.Pos == p.Pos }) {
			ps = append(ps, p)
		}
	}
	decl.Sort(ps)
	return &l.cat, ps
}

type loader struct {
	cat        Catalog
	problems   []decl.Problem
	nodes      map[any]decl.Node // of every decoded file, by the pointer it went into
	tiers      overlay[Tier]
	themes     overlay[Theme]
	entities   overlay[Entity]
	systems    overlay[System]
	indicators overlay[Indicator]
	views      overlay[View]
	codes      overlay[CodeList]
	calendars  overlay[Calendar]
	jobs       overlay[Job]
}

// overlay collects things by name. Within one source a name must be unique,
// across sources the later one stands.
type overlay[T any] struct {
	order  []string
	byName map[string]entry[T]
}

type entry[T any] struct {
	thing  *T
	at     decl.Pos
	source fs.FS
}

func (o *overlay[T]) add(src fs.FS, what, name string, at decl.Pos, thing *T) []decl.Problem {
	if name == "" {
		return nil // the missing key has been reported
	}
	if o.byName == nil {
		o.byName = map[string]entry[T]{}
	}
	old, ok := o.byName[name]
	if !ok {
		o.order = append(o.order, name)
	} else if old.source == src {
		return []decl.Problem{at.Problem("name.duplicate", "give one of them another name",
			"%s %q is declared a second time; the first is at %s", what, name, old.at)}
	}
	o.byName[name] = entry[T]{thing, at, src}
	return nil
}

func (o *overlay[T]) list() []*T {
	var out []*T
	for _, name := range o.order {
		out = append(out, o.byName[name].thing)
	}
	return out
}

func (l *loader) add(ps ...decl.Problem) { l.problems = append(l.problems, ps...) }

func (l *loader) source(src fs.FS) {
	prefix := ""
	if n, ok := src.(named); ok {
		prefix = n.prefix
	}
	src = &source{src} // identity, for telling duplicates from overrides
	err := fs.WalkDir(src, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if p != "." && strings.HasPrefix(name, ".") {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		ext := path.Ext(name)
		if d.IsDir() || !slices.Contains([]string{".yaml", ".yml", ".csv"}, ext) {
			return nil
		}
		data, err := fs.ReadFile(src, p)
		if err != nil {
			return err
		}
		l.file(src, p, path.Join(prefix, p), data)
		return nil
	})
	if err != nil {
		at := decl.Pos{File: path.Join(prefix, "."), Line: 1, Column: 1}
		var pe *fs.PathError
		if errors.As(err, &pe) {
			at.File, err = path.Join(prefix, pe.Path), pe.Err
		}
		l.add(at.Problem("file.unreadable", "check that it exists and who may read it", "reading it: %v", err))
	}
}

type source struct{ fs.FS }

func (l *loader) file(src fs.FS, p, file string, data []byte) {
	folder, _, deep := strings.Cut(p, "/")
	csvFile := path.Ext(p) == ".csv"
	switch {
	case deep && folder == "codes" && csvFile:
		list, ps := ParseCodes(file, data)
		l.add(ps...)
		l.add(l.codes.add(src, "code list", list.Name, list.Pos, list)...)
	case deep && folder == "calendars" && csvFile:
		c, ps := ParseCalendar(file, data)
		l.add(ps...)
		l.add(l.calendars.add(src, "calendar", c.Name, c.Pos, c)...)
	case csvFile, path.Ext(p) == ".yml":
		l.unknown(file)
	case p == "tiers.yaml":
		var t struct {
			Tiers []*Tier `decl:"tiers,required"`
		}
		l.decode(file, data, &t)
		for _, tier := range t.Tiers {
			l.add(l.tiers.add(src, "tier", tier.Code, tier.Pos, tier)...)
		}
	case p == "personal_data.yaml":
		d := &PersonalData{}
		l.decode(file, data, d)
		l.cat.Personal.add(d)
	case p == "themes.yaml":
		var t struct {
			Themes []*Theme `decl:"themes,required"`
		}
		l.decode(file, data, &t)
		for _, theme := range t.Themes {
			l.add(l.themes.add(src, "theme", theme.Theme, theme.Pos, theme)...)
		}
	case p == "jobs.yaml":
		l.jobsFile(src, file, data)
	case deep && folder == "themes":
		e := &Entity{}
		l.decode(file, data, e)
		l.add(l.entities.add(src, "entity", e.Entity, e.Pos, e)...)
	case deep && folder == "decisions":
		var d struct {
			Decisions []*DivisionDecision `decl:"decisions,required"`
		}
		l.decode(file, data, &d)
		l.cat.Decisions = append(l.cat.Decisions, d.Decisions...)
	case deep && folder == "indicators":
		i := &Indicator{}
		l.decode(file, data, i)
		l.add(l.indicators.add(src, "indicator", i.Indicator, i.Pos, i)...)
	case deep && folder == "views":
		v := &View{}
		l.decode(file, data, v)
		l.add(l.views.add(src, "view", v.View, v.Pos, v)...)
	case !deep, folder == "systems":
		s := &System{}
		l.decode(file, data, s)
		for _, st := range s.Streams {
			if st.Value != nil {
				st.Value.Name = st.Key
			}
		}
		l.add(l.systems.add(src, "system", s.System, s.Pos, s)...)
	default:
		l.unknown(file)
	}
}

// jobsFile adds jobs, and limits to those of earlier sources.
func (l *loader) jobsFile(src fs.FS, file string, data []byte) {
	f := &jobsFile{}
	l.decode(file, data, f)
	limits := &l.cat.Limits
	limits.Pool = cmp.Or(f.Limits.Pool, limits.Pool)
	limits.Uses = merged(limits.Uses, f.Limits.Uses)
	limits.Hosts = merged(limits.Hosts, f.Limits.Hosts)
	for i, j := range f.Jobs {
		l.nodes[j] = l.nodes[f].Child("jobs", i)
		l.add(l.jobs.add(src, "job", j.Job, j.Pos, j)...)
	}
}

type jobsFile struct {
	Limits JobLimits `decl:"limits"`
	Jobs   []*Job    `decl:"jobs,required"`
}

func merged(a, b map[string]int) map[string]int {
	out := maps.Clone(a)
	if out == nil {
		out = map[string]int{}
	}
	maps.Copy(out, b)
	return out
}

func (l *loader) unknown(file string) {
	l.add(decl.Pos{File: file, Line: 1, Column: 1}.Problem("file.unknown",
		"declarations are themes/<theme>/<entity>.yaml, codes/<list>.csv, calendars/<calendar>.csv, indicators/<id>.yaml, views/<view>.yaml and systems/<system>.yaml",
		"nothing is declared by a file of this name"))
}

func (l *loader) decode(file string, data []byte, dst any) {
	n, ps := decl.Parse(file, data)
	l.add(ps...)
	if len(ps) == 0 {
		l.nodes[dst] = n
		l.add(n.Decode(dst)...)
	}
}

// codeColumns are the columns of a code list's file. The first three are
// required; the order is free.
var codeColumns = []string{"code", "zh", "en", "aliases", "parent", "unit"}

// ParseCodes reads a code list: lines "# source: …", "# version: …" and, for a
// list whose codes belong to the codes of another, "# parent: list"; then CSV
// in UTF-8 with a header. Aliases are separated by "|". The list's name is the
// file's, without folder and ending.
func ParseCodes(file string, data []byte) (*CodeList, []decl.Problem) {
	at := decl.Pos{File: file, Line: 1, Column: 1}
	l := &CodeList{Name: strings.TrimSuffix(path.Base(file), ".csv"), Pos: at}
	body, skipped := l.preamble(data)
	r := csv.NewReader(bytes.NewReader(body))
	r.ReuseRecord = true
	header, err := r.Read()
	if err != nil {
		at.Line += skipped
		return l, []decl.Problem{at.Problem("codes.header", "the header is "+strings.Join(codeColumns, ","), "the list has no header")}
	}
	pos := func(field int) decl.Pos {
		line, col := r.FieldPos(field)
		return decl.Pos{File: file, Line: line + skipped, Column: col}
	}
	place := map[string]int{}
	var ps []decl.Problem
	for i, h := range header {
		if !slices.Contains(codeColumns, h) {
			ps = append(ps, pos(i).Problem("codes.header", decl.Suggest(h, codeColumns), "%q is not a column of a code list", h))
		}
		place[h] = i
	}
	for _, h := range codeColumns[:3] {
		if _, ok := place[h]; !ok {
			ps = append(ps, pos(0).Problem("codes.header", "the header is "+strings.Join(codeColumns, ","), "column %q is missing", h))
		}
	}
	if len(ps) > 0 {
		return l, ps
	}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		var pe *csv.ParseError
		if errors.As(err, &pe) {
			ps = append(ps, decl.Pos{File: file, Line: pe.StartLine + skipped, Column: max(pe.Column, 1)}.
				Problem("codes.syntax", "every line has as many fields as the header", "%v", pe.Err))
			if !errors.Is(err, csv.ErrFieldCount) {
				break
			}
			continue
		}
		cell := func(name string) string {
			if i, ok := place[name]; ok {
				return strings.Clone(strings.TrimSpace(row[i]))
			}
			return ""
		}
		c := Code{Code: cell("code"), Zh: cell("zh"), En: cell("en"), Parent: cell("parent"), Unit: cell("unit"), at: pos(0)}
		for a := range strings.SplitSeq(cell("aliases"), "|") {
			if a = strings.TrimSpace(a); a != "" {
				c.Aliases = append(c.Aliases, a)
			}
		}
		ps = append(ps, l.admit(c)...)
	}
	if l.Source == "" || l.Version == "" {
		ps = append(ps, at.Problem("codes.source", `begin the file with "# source: …" and "# version: …"`, "the list does not say where it comes from"))
	}
	return l, ps
}

// preamble reads the comment lines and returns the rest of the file and how
// many lines stand before it.
func (l *CodeList) preamble(data []byte) (body []byte, skipped int) {
	for bytes.HasPrefix(data, []byte("#")) {
		line, rest, _ := bytes.Cut(data, []byte("\n"))
		key, value, _ := strings.Cut(strings.TrimSpace(strings.TrimPrefix(string(line), "#")), ":")
		switch value = strings.TrimSpace(value); key {
		case "source":
			l.Source = value
		case "version":
			l.Version = value
		case "parent":
			l.ParentList = value
		}
		data = rest
		skipped++
	}
	return data, skipped
}

// admit adds a code unless one of its spellings already means another code:
// a spelling must lead to one code, else the normaliser would have to guess.
func (l *CodeList) admit(c Code) []decl.Problem {
	if c.Code == "" || c.Zh == "" || c.En == "" {
		return []decl.Problem{c.at.Problem("codes.empty", "give code, zh and en", "a code or its name is missing")}
	}
	var ps []decl.Problem
	for _, s := range append([]string{c.Code, c.Zh, c.En}, c.Aliases...) {
		for _, o := range l.Codes {
			if o.Code == s || o.Zh == s || o.En == s || slices.Contains(o.Aliases, s) {
				ps = append(ps, c.at.Problem("codes.ambiguous", "one spelling must lead to one code", "%q of code %q already means code %q", s, c.Code, o.Code))
			}
		}
	}
	l.Codes = append(l.Codes, c)
	return ps
}
