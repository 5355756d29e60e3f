package files

import (
	"context"
	"crypto/sha256"
	"hash"
	"io"
	"os"
	"path"

	"rongtong/connectors/files/store"
	"rongtong/schemas/fault"
)

// memoryLimit is the size up to which a file is held in memory. A larger one
// is copied to a temporary file without a name, which the system removes even
// if we die.
const memoryLimit = 16 << 20

// blob is bytes that are written once and then read anywhere: in memory while
// they are few.
type blob struct {
	size  int64
	bytes []byte
	spool *os.File
	path  string // of the file they are of, for errors
}

// Write appends.
func (b *blob) Write(p []byte) (int, error) {
	if b.spool == nil && len(b.bytes)+len(p) <= memoryLimit {
		b.bytes = append(b.bytes, p...)
		b.size += int64(len(p))
		return len(p), nil
	}
	if b.spool == nil {
		if err := b.spill(); err != nil {
			return 0, err
		}
	}
	n, err := b.spool.Write(p)
	b.size += int64(n)
	return n, b.trouble(err)
}

// spill moves what is in memory to a file.
func (b *blob) spill() error {
	tmp, err := os.CreateTemp("", "rongtong-file-*")
	if err != nil {
		return fault.Hint(fault.Config, "set TMPDIR to a folder that can be written", "making a temporary copy of %q: %w", b.path, err)
	}
	b.spool = tmp
	if err := os.Remove(tmp.Name()); err != nil {
		return b.trouble(err)
	}
	_, err = tmp.Write(b.bytes)
	b.bytes = nil
	return b.trouble(err)
}

func (b *blob) trouble(err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return fault.New(fault.Transient, "using a temporary copy of %q: %w", b.path, err)
}

// ReadAt reads anywhere.
func (b *blob) ReadAt(p []byte, off int64) (int, error) {
	if b.spool != nil {
		n, err := b.spool.ReadAt(p, off)
		return n, b.trouble(err)
	}
	if off < 0 || off > int64(len(b.bytes)) {
		return 0, io.EOF
	}
	n := copy(p, b.bytes[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// Close frees the bytes.
func (b *blob) Close() {
	if b.spool != nil {
		_ = b.spool.Close()
	}
	b.spool, b.bytes, b.size = nil, nil, 0
}

// content is one file, held whole, so that nothing that happens to it at its
// source concerns us any more: what was judged whole is what is delivered.
type content struct {
	store.Entry
	subs  []string // submatches of the path
	label string   // the path as people see it at the source
	id    ident
	blob
	memo *content // what lies beside a table of a database, or nil
	sum  hash.Hash
}

// load takes a copy of a file, and of the one beside it. It reports
// store.ErrUnsettled if the file is not what the listing said.
func load(ctx context.Context, st store.Store, c candidate) (*content, error) {
	f := &content{Entry: c.Entry, subs: c.subs, label: path.Join(st.Prefix(), c.Path)}
	f.path = c.Path
	err := st.Read(ctx, c.Entry, func() (io.Writer, error) {
		f.blob.Close()
		f.sum = sha256.New()
		if f.Size <= memoryLimit {
			f.bytes = make([]byte, 0, f.Size)
		}
		return f, nil
	})
	if err == nil && f.size != f.Size {
		// The file did not change, but not all of it arrived.
		err = fault.New(fault.Transient, "reading %q: %d of %d bytes arrived", f.label, f.size, f.Size)
	}
	if err == nil && c.memo != nil {
		f.memo, err = load(ctx, st, candidate{Entry: *c.memo})
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	parts := c.parts
	if f.memo != nil {
		parts = append(parts[:len(parts):len(parts)], string(f.memo.id[:]))
	}
	f.id = identify([sha256.Size]byte(f.sum.Sum(nil)), parts)
	return f, nil
}

// Write takes the next bytes of the file. More than the listing promised means
// that the file is growing.
func (f *content) Write(p []byte) (int, error) {
	if f.size+int64(len(p)) > f.Size {
		return 0, store.ErrUnsettled
	}
	f.sum.Write(p)
	return f.blob.Write(p)
}

// Close frees the copies.
func (f *content) Close() {
	f.blob.Close()
	if f.memo != nil {
		f.memo.Close()
	}
}

// beside is the listing of the file beside it.
func (f *content) beside() *store.Entry {
	if f.memo == nil {
		return nil
	}
	return &f.memo.Entry
}
