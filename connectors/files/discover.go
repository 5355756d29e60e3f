package files

import (
	"context"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"

	"rongtong/connectors/files/archive"
	"rongtong/connectors/files/store"
	"rongtong/connectors/files/table"
	"rongtong/connectors/files/text"
	"rongtong/connectors/files/workbook"
	"rongtong/schemas"
	"rongtong/schemas/decl"
)

var digits = regexp.MustCompile(`\d+`)

// Discover groups the files by their path with numbers left out and proposes a
// stream for every group of tables, from the header of its first file. What it
// proposes is a beginning: the key is a guess, all columns.
func (o *opened) Discover(ctx context.Context) ([]*schemas.Stream, error) {
	st := o.dial()
	defer st.Close()
	entries, err := st.List(ctx)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(entries, func(a, b store.Entry) int { return strings.Compare(a.Path, b.Path) })
	seen := map[string]bool{}
	var out []*schemas.Stream
	for _, e := range entries {
		ext, pattern := extension(e.Path), withoutNumbers(e.Path)
		if seen[pattern] || ignored(e.Path) || formats[ext] == "" && ext != "zip" {
			continue
		}
		seen[pattern] = true
		f, err := load(ctx, st, candidate{Entry: e})
		if err != nil {
			return nil, err
		}
		found, err := propose(f, ext, pattern)
		f.Close()
		if err != nil && table.AsBad(err) == nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, nil
}

// propose proposes the streams of one file.
func propose(f *content, ext, pattern string) ([]*schemas.Stream, error) {
	if ext == "zip" {
		return proposeMembers(f, pattern)
	}
	r := guesser(f, ext)
	defer r.unpacked.Close()
	parts, err := r.unpack()
	if err != nil {
		return nil, err
	}
	return r.propose(parts[0], strings.TrimSuffix(f.Path, ".gz"), pattern, "")
}

// guesser is a reader for a stream that is not declared yet.
func guesser(f *content, ext string) *reader {
	r := &reader{plan: &plan{family: formats[ext], from: from{Format: ext, Encoding: "auto"}, comma: ','}, file: f}
	if r.plan.family == "dbf" {
		r.plan.from.Encoding = ""
	}
	if ext == "tsv" {
		r.plan.comma = '\t'
	}
	return r
}

// proposeMembers groups what is in an archive as Discover does files.
func proposeMembers(f *content, pattern string) ([]*schemas.Stream, error) {
	var out []*schemas.Stream
	var unpacked blob
	defer unpacked.Close()
	list, err := archive.Unzip(&unpacked, f, f.size, unpackDefault<<20, func(name string) bool {
		return formats[extension(name)] != "" && !ignored(name)
	})
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, m := range list {
		member := withoutNumbers(m.Name)
		if seen[member] {
			continue
		}
		seen[member] = true
		d := &data{ReaderAt: io.NewSectionReader(&unpacked, m.From, m.To-m.From), size: m.To - m.From}
		found, err := guesser(f, extension(m.Name)).propose(part{label: m.Name, data: d}, m.Name, pattern, "member: "+quotedPattern(member)+", ")
		if err != nil && table.AsBad(err) == nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, nil
}

// extension is what a name says of the format, packing aside.
func extension(name string) string {
	return strings.TrimPrefix(strings.ToLower(path.Ext(strings.TrimSuffix(name, ".gz"))), ".")
}

// withoutNumbers is a pattern for names like this one.
func withoutNumbers(name string) string {
	return digits.ReplaceAllString(regexp.QuoteMeta(name), `\d+`)
}

func quotedPattern(p string) string { return "'" + strings.ReplaceAll(p, "'", "''") + "'" }

// propose proposes the streams of one table or workbook.
func (r *reader) propose(p part, file, pattern, member string) ([]*schemas.Stream, error) {
	base := path.Base(file)
	name := strings.Trim(digits.ReplaceAllString(strings.TrimSuffix(base, path.Ext(base)), ""), "_-. ")
	if r.plan.family == "sheet" {
		return r.proposeSheets(p, pattern, member)
	}
	rest, names, err := r.guess(p)
	if err != nil || len(names) == 0 {
		return nil, err
	}
	s, err := proposal(name, pattern, fmt.Sprintf("%sformat: %s%s", member, r.plan.from.Format, rest), names)
	return []*schemas.Stream{s}, err
}

// guess finds the columns of a file that is one table.
func (r *reader) guess(p part) (rest string, names []string, err error) {
	switch r.plan.family {
	case "xml":
		records, err := text.GuessRecords(p.data, p.data.size)
		if err != nil || records == "" {
			return "", nil, err
		}
		r.plan.from.Records, r.plan.from.Encoding = records, ""
		rest = fmt.Sprintf(", records: %q", records)
	case "csv":
		if text.Sniff(p.data) != "" {
			return "", nil, nil
		}
		_, encoding, err := text.Decode(p.data, p.data.size, "auto")
		if err != nil {
			return "", nil, err
		}
		rest = ", encoding: " + encoding
	case "json":
		_, encoding, err := text.Decode(p.data, p.data.size, "auto")
		if err != nil {
			return "", nil, err
		}
		if encoding != "utf-8" {
			rest = ", encoding: " + encoding
		}
	}
	r.comma = r.plan.comma
	t, _, err := r.openTable(p)
	if err != nil {
		return "", nil, err
	}
	l, err := t.Next()
	if err != nil {
		return "", nil, ended(err)
	}
	if named, ok := t.(table.Named); ok {
		return rest, slices.Clone(named.Names()), nil
	}
	return rest, joinHeader([]*table.Row{l}), nil
}

// proposeSheets proposes a stream for every sheet that has a header.
func (r *reader) proposeSheets(p part, pattern, member string) ([]*schemas.Stream, error) {
	w, err := workbook.Open(p.data, p.data.size)
	if err != nil {
		return nil, err
	}
	defer w.Close()
	var out []*schemas.Stream
	for _, sheet := range w.Sheets {
		names, err := guessHeader(w, sheet)
		if err != nil {
			return nil, err
		}
		if len(names) == 0 {
			continue
		}
		s, err := proposal(sheet.Name, pattern, fmt.Sprintf("%sformat: %s, sheet: %q", member, r.plan.from.Format, sheet.Name), names)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

func ended(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}

// guessHeader is the first of the top rows with at least two different texts.
func guessHeader(w *workbook.Book, sheet workbook.Sheet) ([]string, error) {
	s, err := w.Open(sheet)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	for range headerRows {
		l, err := s.Next()
		if err != nil {
			return nil, ended(err)
		}
		names := slices.DeleteFunc(joinHeader([]*table.Row{l}), func(s string) bool { return s == "" })
		if distinct := slices.Compact(slices.Clone(names)); len(distinct) >= 2 {
			return distinct, nil
		}
	}
	return nil, nil
}

// proposal makes a stream of text fields. Its `from` goes through the parser
// of declarations, so that what is proposed is what could be written.
func proposal(name, pattern, rest string, header []string) (*schemas.Stream, error) {
	quoted := make([]string, len(header))
	for i, h := range header {
		quoted[i] = fmt.Sprintf("%q", h)
	}
	text := fmt.Sprintf("{path: %s, %s, header: [%s]}", quotedPattern(pattern), rest, strings.Join(quoted, ", "))
	n, ps := decl.Parse("discovered", []byte(text))
	if len(ps) > 0 {
		return nil, fmt.Errorf("proposing a stream for %q: %s", name, ps[0])
	}
	s := &schemas.Stream{Name: name, From: n, Key: header}
	for _, h := range header {
		s.Fields = append(s.Fields, decl.Entry[string]{Key: h, Value: "text"})
	}
	return s, nil
}
