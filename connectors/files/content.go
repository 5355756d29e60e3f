package files

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"hash"
	"io"
	"os"
	"path"
	"unicode/utf8"

	"rongtong/schemas/fault"
)

// memoryLimit is the size up to which a file is held in memory. A larger one
// is copied to a temporary file without a name, which the system removes even
// if we die.
const memoryLimit = 16 << 20

// content is one file, held whole, so that nothing that happens to it at its
// source concerns us any more: what was judged whole is what is delivered.
type content struct {
	entry
	subs  []string // submatches of the path
	label string   // the path as people see it at the source
	id    ident
	bytes []byte
	spool *os.File
	sum   hash.Hash
	read  int64
}

// errUnsettled says that the file changed while it was read.
var errUnsettled = errors.New("the file is still changing")

// load takes a copy of a file. It reports errUnsettled if the file is not what
// the listing said, before and after.
func load(ctx context.Context, st store, c candidate) (*content, error) {
	f := &content{entry: c.entry, subs: c.subs, label: path.Join(st.prefix(), c.path)}
	err := st.read(ctx, c.path, func() (io.Writer, error) { return f, f.restart() })
	if err == nil {
		var now entry
		now, err = st.stat(ctx, c.path)
		if err == nil && (f.read != c.size || now.size != c.size || !now.mtime.Equal(c.mtime)) {
			err = errUnsettled
		}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	f.id = identify([sha256.Size]byte(f.sum.Sum(nil)), c.parts)
	return f, nil
}

// restart empties the copy: a read may begin anew after a lost connection.
func (f *content) restart() error {
	f.Close()
	f.sum, f.read, f.bytes = sha256.New(), 0, nil
	if f.size <= memoryLimit {
		f.bytes = make([]byte, 0, f.size)
		return nil
	}
	tmp, err := os.CreateTemp("", "rongtong-file-*")
	if err != nil {
		return fault.Hint(fault.Config, "set TMPDIR to a folder that can be written", "making a temporary copy of %q: %w", f.path, err)
	}
	f.spool = tmp
	return spooling(f.path, os.Remove(tmp.Name()))
}

func spooling(path string, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return fault.New(fault.Transient, "making a temporary copy of %q: %w", path, err)
}

// Write takes the next bytes of the file. More than the listing promised means
// that the file is growing.
func (f *content) Write(p []byte) (int, error) {
	f.read += int64(len(p))
	if f.read > f.size {
		return 0, errUnsettled
	}
	f.sum.Write(p)
	if f.spool == nil {
		f.bytes = append(f.bytes, p...)
		return len(p), nil
	}
	n, err := f.spool.Write(p)
	return n, spooling(f.path, err)
}

// ReadAt reads the copy.
func (f *content) ReadAt(p []byte, off int64) (int, error) {
	if f.spool != nil {
		n, err := f.spool.ReadAt(p, off)
		return n, spooling(f.path, err)
	}
	if off < 0 || off > int64(len(f.bytes)) {
		return 0, io.EOF
	}
	n := copy(p, f.bytes[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// Close frees the copy.
func (f *content) Close() {
	if f.spool != nil {
		_ = f.spool.Close()
		f.spool = nil
	}
}

// stream reads the copy from its beginning.
func (f *content) stream() io.Reader { return io.NewSectionReader(f, 0, f.size) }

// encoding decides how the text is encoded. A UTF-8 byte order mark wins over
// the declaration: no GB 18030 text begins so.
func (f *content) encoding(declared string) (string, error) {
	head := make([]byte, len(bom))
	n, _ := f.ReadAt(head, 0)
	if bytes.Equal(head[:n], bom) {
		return "utf-8", nil
	}
	switch declared {
	case "":
		return "utf-8", nil
	case "auto":
		ok, err := isUTF8(f.stream())
		if err != nil || ok {
			return "utf-8", err
		}
		return "gb18030", nil
	}
	return declared, nil
}

// isUTF8 reads everything: a text whose first page is ASCII may turn out to be
// GB 18030 on the last.
func isUTF8(r io.Reader) (bool, error) {
	buf := make([]byte, 64<<10)
	kept := 0
	for {
		n, err := r.Read(buf[kept:])
		b := buf[:kept+n]
		if err != nil {
			if err == io.EOF {
				err = nil
			}
			return err == nil && utf8.Valid(b), err
		}
		cut := len(b) // a character may be cut by the end of the buffer
		for i := 1; i < utf8.UTFMax && i <= len(b); i++ {
			if utf8.RuneStart(b[len(b)-i]) {
				if !utf8.FullRune(b[len(b)-i:]) {
					cut = len(b) - i
				}
				break
			}
		}
		if !utf8.Valid(b[:cut]) {
			return false, nil
		}
		kept = copy(buf, b[cut:])
	}
}

// sniffed reports content that is evidently no table: a JSON error or a web
// page saved under the table's name, or binary data.
func (f *content) sniffed() bool {
	head := make([]byte, 512)
	n, _ := f.ReadAt(head, 0)
	head = bytes.TrimLeft(bytes.TrimPrefix(head[:n], bom), " \t\r\n")
	return len(head) > 0 && bytes.IndexByte([]byte("{[<"), head[0]) >= 0 || bytes.IndexByte(head, 0) >= 0
}
