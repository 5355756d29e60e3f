package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"

	"rongtong/schemas"
	"rongtong/schemas/decl"
)

var digits = regexp.MustCompile(`\d+`)

// Discover groups the files by their path with numbers left out and proposes a
// stream for every group of tables, from the header of its first file. What it
// proposes is a beginning: the key is a guess, all columns.
func (o *opened) Discover(ctx context.Context) ([]*schemas.Stream, error) {
	st, err := o.dial(ctx)
	if err != nil {
		return nil, err
	}
	defer st.close()
	entries, err := st.list(ctx)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.path, b.path) })
	seen := map[string]bool{}
	var out []*schemas.Stream
	for _, e := range entries {
		ext := strings.TrimPrefix(strings.ToLower(path.Ext(e.path)), ".")
		pattern := digits.ReplaceAllString(regexp.QuoteMeta(e.path), `\d+`)
		if seen[pattern] || ignored(e.path) || ext != "csv" && ext != "xlsx" {
			continue
		}
		seen[pattern] = true
		f, err := load(ctx, st, candidate{entry: e})
		if err != nil {
			return nil, err
		}
		found, err := propose(f, ext, pattern)
		f.Close()
		var b *badFile
		if err != nil && !errors.As(err, &b) {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, nil
}

func propose(f *content, ext, pattern string) ([]*schemas.Stream, error) {
	name := strings.Trim(digits.ReplaceAllString(strings.TrimSuffix(path.Base(f.path), path.Ext(f.path)), ""), "_-. ")
	if ext == "csv" {
		enc, err := f.encoding("auto")
		if err != nil {
			return nil, err
		}
		src := f.stream()
		if enc == "gb18030" {
			src = newGB18030(src)
		}
		head, err := newCSV(src, ',').next()
		if err != nil || f.sniffed() {
			return nil, ended(err)
		}
		s, err := proposal(name, pattern, fmt.Sprintf("format: csv, encoding: %s", enc), joinHeader([]*line{head}))
		return []*schemas.Stream{s}, err
	}
	w, err := openWorkbook(f, f.size)
	if err != nil {
		return nil, err
	}
	var out []*schemas.Stream
	for _, ref := range w.sheets {
		names, err := w.guessHeader(ref.part)
		if err != nil {
			return nil, err
		}
		if len(names) == 0 {
			continue
		}
		s, err := proposal(ref.name, pattern, fmt.Sprintf("format: xlsx, sheet: %q", ref.name), names)
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
func (w *workbook) guessHeader(part string) ([]string, error) {
	s, err := w.openSheet(part)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	for range headerRows {
		l, err := s.next()
		if err != nil {
			return nil, ended(err)
		}
		names := slices.DeleteFunc(joinHeader([]*line{l}), func(s string) bool { return s == "" })
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
	text := fmt.Sprintf("{path: '%s', %s, header: [%s]}", strings.ReplaceAll(pattern, "'", "''"), rest, strings.Join(quoted, ", "))
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
