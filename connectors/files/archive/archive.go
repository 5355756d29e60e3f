// Package archive unpacks what files are sent in: ZIP and gzip. A whole archive
// is unpacked and proved by its checksums before anything of it is used, and
// nothing of it ever becomes a path on this machine.
package archive

import (
	"archive/zip"
	"cmp"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"rongtong/connectors/files/table"
	"rongtong/connectors/files/text"
	"rongtong/schemas/fault"
)

// Limits of what is unpacked. A ledger packs to a tenth, a sheet of zeros to a
// hundredth; what unpacks to more than RatioMax times its size, beyond
// SmallMax, is an attack or a mistake.
const (
	RatioMax  = 200
	SmallMax  = 64 << 20
	MemberMax = 100_000
)

// Member is one file of an archive, as a range of what it was unpacked into.
type Member struct {
	Name     string // with slashes, below the archive's root
	From, To int64
}

// limited counts what is unpacked.
type limited struct {
	dst  io.Writer
	size int64
	max  int64
}

func (l *limited) Write(p []byte) (int, error) {
	if l.size += int64(len(p)); l.size > l.max {
		return 0, table.Badf("zip.bomb", "the archive unpacks to more than %d bytes", l.max)
	}
	return l.dst.Write(p)
}

// limit is how much an archive of a size may unpack to: max, or less where the
// ratio says so.
func limit(size, most int64) int64 {
	if size > most/RatioMax {
		return most
	}
	return min(most, max(SmallMax, size*RatioMax))
}

// Gunzip unpacks a gzip stream, or several one after another, to dst. most is
// the limit in bytes.
func Gunzip(dst io.Writer, r io.ReaderAt, size, most int64) (int64, error) {
	out := &limited{dst: dst, max: limit(size, most)}
	z, err := gzip.NewReader(io.NewSectionReader(r, 0, size))
	if err == nil {
		_, err = io.Copy(out, z) //nolint:gosec // limited counts
	}
	return out.size, damaged(err)
}

// Unzip unpacks the members that want names to dst, one after another in the
// order of their names. most is the limit in bytes of all of them.
func Unzip(dst io.Writer, r io.ReaderAt, size, most int64, want func(name string) bool) ([]Member, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, damaged(err)
	}
	if len(z.File) > MemberMax {
		return nil, table.Badf("zip.bomb", "the archive holds more than %d files", MemberMax)
	}
	type member struct {
		name string
		file *zip.File
	}
	var members []member
	for _, f := range z.File {
		name := Name(f)
		if f.FileInfo().IsDir() || strings.HasSuffix(name, "/") {
			continue
		}
		if path.IsAbs(name) || len(name) > 1 && name[1] == ':' || slices.Contains(strings.Split(name, "/"), "..") {
			return nil, table.Badf("zip.name", "the archive holds a file whose name leads out of it")
		}
		if want(name) {
			members = append(members, member{path.Clean(name), f})
		}
	}
	slices.SortStableFunc(members, func(a, b member) int { return cmp.Compare(a.name, b.name) })
	out := &limited{dst: dst, max: limit(size, most)}
	var list []Member
	for _, m := range members {
		if m.file.Flags&1 != 0 {
			return nil, table.Badf("file.encrypted", "the archive is protected by a password")
		}
		from := out.size
		if err := unpack(out, m.file); err != nil {
			return nil, err
		}
		list = append(list, Member{m.name, from, out.size})
	}
	return list, nil
}

func unpack(dst io.Writer, f *zip.File) error {
	src, err := f.Open()
	if err != nil {
		return damaged(err)
	}
	defer src.Close()
	_, err = io.Copy(dst, src) //nolint:gosec // limited counts
	return damaged(err)
}

// Name is a member's name in UTF-8, with slashes: as it says where it says in
// what it is written, else GB 18030 unless it is UTF-8, because that is what
// Chinese Windows packs with.
func Name(f *zip.File) string {
	raw := f.Name
	const saysUTF8 = 0x800
	if s, ok := unicodeName(f.Extra, raw); ok && f.Flags&saysUTF8 == 0 {
		raw = s
	} else if !utf8.ValidString(raw) || f.NonUTF8 && !plausible(raw) {
		raw = string(text.AppendGB18030(nil, []byte(raw)))
	}
	return strings.ReplaceAll(raw, `\`, "/")
}

// plausible reports UTF-8 that is hardly GB 18030 by chance: ASCII, or
// characters of three bytes in the ranges of Chinese.
func plausible(s string) bool {
	for _, r := range s {
		if r >= utf8.RuneSelf && r < 0x2000 {
			return false // two-byte characters: what GBK looks like as UTF-8
		}
	}
	return true
}

// unicodeName reads the Info-ZIP extra field that gives the name in UTF-8, if
// it is of this name.
func unicodeName(extra []byte, raw string) (string, bool) {
	for len(extra) >= 4 {
		id, n := binary.LittleEndian.Uint16(extra), int(binary.LittleEndian.Uint16(extra[2:]))
		if len(extra) < 4+n {
			break
		}
		b := extra[4 : 4+n]
		if id == 0x7075 && n > 5 && b[0] == 1 && binary.LittleEndian.Uint32(b[1:]) == crc32.ChecksumIEEE([]byte(raw)) && utf8.Valid(b[5:]) {
			return string(b[5:]), true
		}
		extra = extra[4+n:]
	}
	return "", false
}

// damaged makes an error of the archive a *table.Bad; what was classified
// below stays what it is.
func damaged(err error) error {
	var f *fault.Error
	switch {
	case err == nil, table.AsBad(err) != nil, errors.As(err, &f):
		return err
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return table.Badf("file.truncated", "the archive ends too early")
	case errors.Is(err, zip.ErrAlgorithm):
		return table.Badf("file.unreadable", "the archive is packed in a way that is not known")
	}
	return table.Badf("file.unreadable", "the archive is damaged")
}
