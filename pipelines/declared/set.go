// Package declared keeps the declarations that are in force: which version, who
// put it in force, when and why, and every earlier one. They live in a Kafka
// topic, file by file and by content, so that every process of a pipeline works
// with the same ones and a change is one transaction.
//
// References such as "${env:NAME}" are kept as they are written: a secret is
// resolved by the process that needs it, and never comes here.
package declared

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"rongtong/schemas"
	"rongtong/schemas/fault"
)

// Layer is one folder of declarations.
type Layer struct {
	// Name is what problems call it, "schemas" or "/etc/rongtong". It is no part
	// of the content: the same folder in another place is the same.
	Name string
	// Shipped says that it came with the program and was not written here.
	Shipped bool
	Files   map[string][]byte // by path, with slashes
}

// Set is everything that is declared: layers, of which a later one adds to the
// earlier ones or replaces what has the same name in them.
type Set struct{ Layers []Layer }

// largest is the size of the largest file: it must fit into one record.
const largest = 2 << 20

// ReadLayer reads the declarations of a folder: the files that schemas.Load looks
// at. What lies beside them is left alone.
func ReadLayer(name string, shipped bool, src fs.FS) (Layer, error) {
	l := Layer{Name: name, Shipped: shipped, Files: map[string][]byte{}}
	err := fs.WalkDir(src, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if p != "." && strings.HasPrefix(d.Name(), ".") {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if d.IsDir() || !slices.Contains([]string{".yaml", ".yml", ".csv"}, path.Ext(p)) {
			return nil
		}
		data, err := fs.ReadFile(src, p)
		if err == nil && len(data) > largest {
			err = fault.Hint(fault.Config, "split it", "the file has %d bytes, %d is the most", len(data), largest)
		}
		l.Files[p] = data
		return err
	})
	if err != nil {
		return l, fault.New(fault.Config, "reading declarations in %q: %w", name, err)
	}
	return l, nil
}

// Sources are the layers as schemas.Load reads them.
func (s Set) Sources() []fs.FS {
	out := make([]fs.FS, len(s.Layers))
	for i, l := range s.Layers {
		out[i] = schemas.Named(l.Name, l.fs())
	}
	return out
}

// fs is the layer as a file system: an archive in memory is one.
func (l Layer) fs() fs.FS {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, p := range slices.Sorted(maps.Keys(l.Files)) {
		f, err := w.CreateHeader(&zip.FileHeader{Name: p, Method: zip.Store})
		if err == nil {
			_, err = f.Write(l.Files[p])
		}
		if err != nil {
			panic(fmt.Sprintf("writing an archive in memory: %v", err)) // bytes.Buffer has no errors
		}
	}
	if err := w.Close(); err != nil {
		panic(fmt.Sprintf("writing an archive in memory: %v", err))
	}
	r, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		panic(fmt.Sprintf("reading an archive in memory: %v", err))
	}
	return r
}

// Fingerprint is the same exactly when every file of every layer is.
func (s Set) Fingerprint() string {
	h := sha256.New()
	for _, l := range s.Layers {
		fmt.Fprintf(h, "layer %v\n", l.Shipped)
		for _, p := range slices.Sorted(maps.Keys(l.Files)) {
			fmt.Fprintf(h, "%q %s\n", p, sum(l.Files[p]))
		}
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}

// sum names a content.
func sum(data []byte) string {
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:])
}

// Own are the layers that were written here, Shipped those that came with the
// program.
func (s Set) Own() []Layer {
	return slices.DeleteFunc(slices.Clone(s.Layers), func(l Layer) bool { return l.Shipped })
}

// Shipped are the layers that came with the program.
func (s Set) Shipped() []Layer {
	return slices.DeleteFunc(slices.Clone(s.Layers), func(l Layer) bool { return !l.Shipped })
}

// FileChange is a file that differs between two sets.
type FileChange struct {
	Path string `json:"path"`
	What string `json:"what"` // "added", "removed", "changed"
}

// Files compares two sets file by file. A later layer's file of the same path
// stands for the earlier ones.
func Files(old, now Set) []FileChange {
	was, is := old.flat(), now.flat()
	var out []FileChange
	for _, p := range slices.Sorted(maps.Keys(was)) {
		if _, ok := is[p]; !ok {
			out = append(out, FileChange{p, "removed"})
		} else if !bytes.Equal(was[p], is[p]) {
			out = append(out, FileChange{p, "changed"})
		}
	}
	for _, p := range slices.Sorted(maps.Keys(is)) {
		if _, ok := was[p]; !ok {
			out = append(out, FileChange{p, "added"})
		}
	}
	return out
}

func (s Set) flat() map[string][]byte {
	out := map[string][]byte{}
	for _, l := range s.Layers {
		maps.Copy(out, l.Files)
	}
	return out
}
