// Package decl reads declarations: YAML files walked node by node, so that
// every problem has a file, a line, a column, a rule and a hint, all problems
// of a file are reported at once, and a misspelt key is never ignored.
//
// A declaration is an ordinary Go struct. Tags say the key and whether it must
// be there:
//
//	type Settings struct {
//		decl.Pos                                  // filled with the node's place
//		Host string        `decl:"host,required"`
//		Every time.Duration `decl:"every"`
//	}
package decl

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Pos is a place in a declaration. A struct that embeds it learns where it was
// declared; later checks use it to point at the mistake.
type Pos struct {
	File         string
	Line, Column int
}

func (p Pos) String() string { return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column) }

// Problem is one mistake in a declaration, for the person who wrote it.
type Problem struct {
	Pos
	Rule    string // stable name, e.g. "key.unknown"
	Message string // what is wrong, naming the thing in quotes
	Hint    string // the way out; may be empty
}

func (p Problem) String() string {
	s := p.Pos.String() + ": " + p.Message + " [" + p.Rule + "]"
	if p.Hint != "" {
		s += "\n    hint: " + p.Hint
	}
	return s
}

// Problem makes a problem at this place.
func (p Pos) Problem(rule, hint, format string, args ...any) Problem {
	return Problem{Pos: p, Rule: rule, Hint: hint, Message: fmt.Sprintf(format, args...)}
}

// Sort orders problems by file and place, the order a person mends them in.
func Sort(ps []Problem) {
	sort.SliceStable(ps, func(i, j int) bool {
		a, b := ps[i], ps[j]
		if a.File != b.File {
			return a.File < b.File
		}
		if a.Line != b.Line {
			return a.Line < b.Line
		}
		return a.Column < b.Column
	})
}

// Node is a part of a declaration that is decoded later, by the package that
// knows its type (a connector's settings, the arguments of a function).
type Node struct {
	file string
	n    *yaml.Node
}

// Parse reads one YAML document. Syntax errors come back as a problem.
func Parse(file string, data []byte) (Node, []Problem) {
	var doc, second yaml.Node
	documents := yaml.NewDecoder(bytes.NewReader(data))
	if err := documents.Decode(&doc); err != nil && !errors.Is(err, io.EOF) {
		return Node{}, []Problem{syntax(file, err)}
	}
	// What follows the first document would be ignored without a word: half a
	// declaration that looks whole.
	switch err := documents.Decode(&second); {
	case err == nil:
		return Node{}, []Problem{Pos{file, max(1, second.Line), 1}.Problem("yaml.documents",
			"put it into a file of its own, or remove the line of dashes before it", "a second document begins here")}
	case !errors.Is(err, io.EOF):
		return Node{}, []Problem{syntax(file, err)}
	}
	if len(doc.Content) == 0 {
		return Node{}, []Problem{Pos{file, 1, 1}.Problem("yaml.empty", "", "the file is empty")}
	}
	if ps := recursive(file, &doc, nil); len(ps) > 0 {
		return Node{}, ps
	}
	return Node{file, doc.Content[0]}, nil
}

// syntax is the problem of a text that is no YAML, at the line the parser names.
func syntax(file string, err error) Problem {
	line := 1
	if _, rest, ok := strings.Cut(err.Error(), "line "); ok {
		if n, err := strconv.Atoi(strings.SplitN(rest, ":", 2)[0]); err == nil {
			line = n
		}
	}
	return Pos{file, line, 1}.Problem("yaml.syntax",
		"check the indentation and the quotes near this line", "%s", strings.TrimPrefix(err.Error(), "yaml: "))
}

// recursive finds aliases that lead to a node around them: decoding one would
// never end.
func recursive(file string, n *yaml.Node, around []*yaml.Node) []Problem {
	if n.Kind == yaml.AliasNode {
		if slices.Contains(around, n.Alias) {
			return []Problem{Pos{file, n.Line, n.Column}.Problem("yaml.recursive", "write the value out", "%q stands inside itself", n.Value)}
		}
		return nil
	}
	var ps []Problem
	around = append(around, n)
	for _, c := range n.Content {
		ps = append(ps, recursive(file, c, around)...)
	}
	return ps
}

// IsZero reports whether the node is absent.
func (n Node) IsZero() bool { return n.n == nil }

// Pos is where the node stands.
func (n Node) Pos() Pos {
	if n.n == nil {
		return Pos{File: n.file}
	}
	return Pos{n.file, n.n.Line, n.n.Column}
}

// Scalar returns the text of a scalar node, and whether it is one.
// An explicit null is not a scalar.
func (n Node) Scalar() (string, bool) {
	if n.n == nil || n.n.Kind != yaml.ScalarNode || n.n.Tag == "!!null" {
		return "", false
	}
	return n.n.Value, true
}

// IsNull reports whether the node is an explicit null.
func (n Node) IsNull() bool { return n.n != nil && n.n.Kind == yaml.ScalarNode && n.n.Tag == "!!null" }

// IsMap reports whether the node is a mapping.
func (n Node) IsMap() bool { return n.n != nil && n.n.Kind == yaml.MappingNode }

// Value is the node as plain maps, lists and texts, for comparing two without
// their places. What is absent or null is nil.
func (n Node) Value() any {
	if n.n == nil || n.IsNull() {
		return nil
	}
	part := func(c *yaml.Node) any { return Node{n.file, c}.Value() }
	switch n.n.Kind {
	case yaml.AliasNode:
		return part(n.n.Alias)
	case yaml.MappingNode:
		out := map[string]any{}
		for i := 0; i+1 < len(n.n.Content); i += 2 {
			out[n.n.Content[i].Value] = part(n.n.Content[i+1])
		}
		return out
	case yaml.SequenceNode:
		out := []any{}
		for _, c := range n.n.Content {
			out = append(out, part(c))
		}
		return out
	}
	return n.n.Value
}

// Text is the node on one line of YAML, as it could be written again. Comments
// are not kept.
func (n Node) Text() string {
	if n.n == nil {
		return ""
	}
	var plain func(*yaml.Node) *yaml.Node
	plain = func(n *yaml.Node) *yaml.Node {
		out := *n
		out.HeadComment, out.LineComment, out.FootComment = "", "", ""
		switch n.Kind {
		case yaml.MappingNode, yaml.SequenceNode:
			out.Style = yaml.FlowStyle
		case yaml.ScalarNode:
			if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
				out.Style = yaml.DoubleQuotedStyle
			}
		}
		out.Content = nil
		for _, c := range n.Content {
			out.Content = append(out.Content, plain(c))
		}
		return &out
	}
	b, err := yaml.Marshal(plain(n.n))
	if err != nil {
		return "" // a node that was parsed can be written
	}
	return strings.TrimSpace(string(b))
}

// At is the place of a part of the node: path holds keys (string) and list
// indexes (int). What is not there is placed at the nearest part above it, for
// a check that points at something missing.
func (n Node) At(path ...any) Pos {
	for _, step := range path {
		next := n.step(step)
		if next == nil {
			break
		}
		n.n = next
	}
	return n.Pos()
}

// Child is the part of a document at a path of keys (string) and indices (int);
// zero when there is none.
func (n Node) Child(path ...any) Node {
	for _, p := range path {
		next := n.step(p)
		if next == nil {
			return Node{}
		}
		n = Node{n.file, next}
	}
	return n
}

func (n Node) step(step any) *yaml.Node {
	if n.n == nil {
		return nil
	}
	if n.n.Kind == yaml.AliasNode {
		n.n = n.n.Alias
	}
	switch s := step.(type) {
	case int:
		if n.n.Kind == yaml.SequenceNode && s < len(n.n.Content) {
			return n.n.Content[s]
		}
	case string:
		for i := 0; n.n.Kind == yaml.MappingNode && i+1 < len(n.n.Content); i += 2 {
			if n.n.Content[i].Value == s {
				return n.n.Content[i+1]
			}
		}
	}
	return nil
}

// Entry is one pair of a mapping, in the order of the file.
type Entry[T any] struct {
	Pos
	Key   string
	Value T
}

// Map is a mapping that keeps the order of the file. Duplicate keys are a problem.
type Map[T any] []Entry[T]

// Get finds an entry by key.
func (m Map[T]) Get(key string) (Entry[T], bool) {
	for _, e := range m {
		if e.Key == key {
			return e, true
		}
	}
	return Entry[T]{}, false
}

// FromNode decodes a mapping in order.
func (m *Map[T]) FromNode(n Node) []Problem {
	if !n.IsMap() {
		return []Problem{n.Pos().Problem("type.mapping", "", "a mapping of names to values is expected here")}
	}
	var ps []Problem
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.n.Content); i += 2 {
		k := n.n.Content[i]
		e := Entry[T]{Pos: Pos{n.file, k.Line, k.Column}, Key: k.Value}
		if seen[e.Key] {
			ps = append(ps, e.Problem("key.duplicate", "remove one of the two", "%q appears twice", e.Key))
			continue
		}
		seen[e.Key] = true
		ps = append(ps, Node{n.file, n.n.Content[i+1]}.Decode(&e.Value)...)
		*m = append(*m, e)
	}
	return ps
}

// FromNoder is a type that decodes itself, for shapes a struct cannot say
// (a scalar or a mapping, say).
type FromNoder interface{ FromNode(Node) []Problem }

var (
	nodeType     = reflect.TypeFor[Node]()
	posType      = reflect.TypeFor[Pos]()
	durationType = reflect.TypeFor[time.Duration]()
)

// Decode fills dst, a pointer, and returns every problem found.
func (n Node) Decode(dst any) []Problem {
	return n.into(reflect.ValueOf(dst).Elem())
}

func (n Node) into(v reflect.Value) []Problem {
	if n.n != nil && n.n.Kind == yaml.AliasNode {
		n.n = n.n.Alias
	}
	if v.Type() == nodeType {
		v.Set(reflect.ValueOf(n))
		return nil
	}
	if v.CanAddr() {
		if f, ok := v.Addr().Interface().(FromNoder); ok {
			return f.FromNode(n)
		}
	}
	switch {
	case v.Type() == durationType:
		return n.duration(v)
	case v.Kind() == reflect.Pointer:
		if n.IsNull() {
			return nil
		}
		v.Set(reflect.New(v.Type().Elem()))
		return n.into(v.Elem())
	case v.Kind() == reflect.Struct:
		return n.structure(v)
	case v.Kind() == reflect.Slice:
		return n.slice(v)
	case v.Kind() == reflect.Map:
		return n.mapping(v)
	}
	return n.scalar(v)
}

func (n Node) structure(v reflect.Value) []Problem {
	if !n.IsMap() {
		return []Problem{n.Pos().Problem("type.mapping", "", "a mapping is expected here")}
	}
	var ps []Problem
	fields, required := tagged(v, n.Pos())
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.n.Content); i += 2 {
		k := n.n.Content[i]
		at := Pos{n.file, k.Line, k.Column}
		f, ok := fields[k.Value]
		switch {
		case !ok:
			ps = append(ps, at.Problem("key.unknown", suggest(k.Value, fields), "%q is not a key of this mapping", k.Value))
		case seen[k.Value]:
			ps = append(ps, at.Problem("key.duplicate", "remove one of the two", "%q appears twice", k.Value))
		default:
			ps = append(ps, Node{n.file, n.n.Content[i+1]}.into(f)...)
		}
		seen[k.Value] = true
	}
	for _, k := range required {
		if !seen[k] {
			ps = append(ps, n.Pos().Problem("key.missing", "add it", "%q is required", k))
		}
	}
	return ps
}

// tagged maps the keys of a struct to its fields, embedded structs included,
// and sets every Pos on the way.
func tagged(v reflect.Value, at Pos) (map[string]reflect.Value, []string) {
	fields := map[string]reflect.Value{}
	var required []string
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Type == posType && f.Anonymous {
			v.Field(i).Set(reflect.ValueOf(at))
			continue
		}
		if f.Anonymous && f.Type.Kind() == reflect.Struct {
			inner, req := tagged(v.Field(i), at)
			for k, fv := range inner {
				fields[k] = fv
			}
			required = append(required, req...)
			continue
		}
		key, opts, _ := strings.Cut(f.Tag.Get("decl"), ",")
		if key == "" {
			continue
		}
		fields[key] = v.Field(i)
		if opts == "required" {
			required = append(required, key)
		}
	}
	return fields, required
}

func (n Node) slice(v reflect.Value) []Problem {
	if n.n.Kind != yaml.SequenceNode {
		return []Problem{n.Pos().Problem("type.list", "write [a, b] or one `- a` per line", "a list is expected here")}
	}
	var ps []Problem
	s := reflect.MakeSlice(v.Type(), len(n.n.Content), len(n.n.Content))
	for i, c := range n.n.Content {
		ps = append(ps, Node{n.file, c}.into(s.Index(i))...)
	}
	v.Set(s)
	return ps
}

func (n Node) mapping(v reflect.Value) []Problem {
	if !n.IsMap() {
		return []Problem{n.Pos().Problem("type.mapping", "", "a mapping of names to values is expected here")}
	}
	var ps []Problem
	m := reflect.MakeMap(v.Type())
	for i := 0; i+1 < len(n.n.Content); i += 2 {
		k := n.n.Content[i]
		if m.MapIndex(reflect.ValueOf(k.Value)).IsValid() {
			ps = append(ps, Pos{n.file, k.Line, k.Column}.Problem("key.duplicate", "remove one of the two", "%q appears twice", k.Value))
			continue
		}
		e := reflect.New(v.Type().Elem()).Elem()
		ps = append(ps, Node{n.file, n.n.Content[i+1]}.into(e)...)
		m.SetMapIndex(reflect.ValueOf(k.Value), e)
	}
	v.Set(m)
	return ps
}

func (n Node) scalar(v reflect.Value) []Problem {
	s, ok := n.Scalar()
	if !ok {
		return []Problem{n.Pos().Problem("type.scalar", "", "a single value is expected here")}
	}
	var err error
	switch v.Kind() {
	case reflect.String:
		v.SetString(s)
	case reflect.Bool:
		var b bool
		b, err = strconv.ParseBool(s)
		v.SetBool(b)
	case reflect.Int, reflect.Int32, reflect.Int64:
		var i int64
		i, err = strconv.ParseInt(strings.ReplaceAll(s, "_", ""), 10, 64)
		v.SetInt(i)
	case reflect.Float64:
		var f float64
		f, err = strconv.ParseFloat(s, 64)
		v.SetFloat(f)
	default:
		panic(fmt.Sprintf("decl: a declaration struct has a field of type %s", v.Type()))
	}
	if err != nil {
		return []Problem{n.Pos().Problem("type."+v.Kind().String(), "", "%q is not %s", s, kindWords[v.Kind()])}
	}
	return nil
}

var kindWords = map[reflect.Kind]string{
	reflect.Bool: "true or false", reflect.Int: "a whole number", reflect.Int32: "a whole number", reflect.Int64: "a whole number",
	reflect.Float64: "a number",
}

func (n Node) duration(v reflect.Value) []Problem {
	s, _ := n.Scalar()
	d, err := time.ParseDuration(s)
	if err != nil {
		return []Problem{n.Pos().Problem("type.duration", `write a number and a unit: "30s", "2h"`, "%q is not a duration", s)}
	}
	v.SetInt(int64(d))
	return nil
}

func suggest(key string, fields map[string]reflect.Value) string {
	names := make([]string, 0, len(fields))
	for k := range fields {
		names = append(names, k)
	}
	sort.Strings(names)
	return Suggest(key, names)
}

// Suggest is the hint for a name that does not exist: the nearest one that
// does, or else all of them.
func Suggest(name string, known []string) string {
	best, at := "", len(name)/2+1
	for _, k := range known {
		if d := distance(name, k); d < at {
			best, at = k, d
		}
	}
	if best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	return "known here: " + strings.Join(known, ", ")
}

// distance is the Levenshtein distance, in characters.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	row := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(x); i++ {
		prev := row[0]
		row[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			prev, row[j] = row[j], min(row[j]+1, row[j-1]+1, prev+cost)
		}
	}
	return row[len(y)]
}
