// Package store is where files lie: in a local folder, on an SFTP or FTP
// server, in an S3 bucket. It lists them and copies them whole; what is in
// them, and which were taken, is not its affair.
package store

import (
	"context"
	"errors"
	"io"
	"time"

	"rongtong/schemas/decl"
)

// Entry is one file of a listing.
type Entry struct {
	Path  string // below the root, with slashes
	Size  int64
	MTime time.Time
	Tag   string // what else changes with the content, if the store knows: an ETag
	Whole bool   // the store never shows a file that is still being written
}

// Store is where files lie. It is used by one goroutine at a time. Its errors
// are classified; fs.ErrNotExist can be recognised in them.
type Store interface {
	// List returns every regular file below the root, in any order.
	List(ctx context.Context) ([]Entry, error)
	// Read copies a file that List returned to the writer that begin returns. A
	// second call of begin says that the copy starts anew. ErrUnsettled says
	// that the file was not, from before the copy until after it, what the entry
	// says. Fewer bytes without an error are a transfer that ended early.
	Read(ctx context.Context, e Entry, begin func() (io.Writer, error)) error
	// Prefix stands before a path in the place of a record.
	Prefix() string
	Close() error
}

// ErrUnsettled says that a file changed while it was read.
var ErrUnsettled = errors.New("the file is still changing")

// Transport is one way to reach files.
type Transport struct {
	Name string
	Doc  string
	// Validate checks the settings without touching the network.
	Validate func(connect decl.Node) []decl.Problem
	// Open resolves validated settings, secrets included, and returns what makes
	// a store of them. It does not dial: that is done when files are first
	// needed, and again whenever the connection is lost.
	Open func(connect decl.Node) (func() Store, error)
}

// Transports are all of them.
var Transports = []Transport{Folder, SFTP, FTP, S3}

// timeoutDefault is how long a server may make no progress.
const timeoutDefault = 30 * time.Second

// checkTimeout refuses a time that is none.
func checkTimeout(at decl.Pos, d *time.Duration) []decl.Problem {
	if d != nil && *d <= 0 {
		return []decl.Problem{at.Problem("timeout.range", `write for example "30s"`, "the timeout must be more than nothing")}
	}
	return nil
}

func orDefault(d *time.Duration) time.Duration {
	if d == nil {
		return timeoutDefault
	}
	return *d
}

// unexpected is an error of a connection. Its end is no end of what it carries:
// who reads must not take one for the other.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// ticking tells that bytes arrived.
type ticking struct {
	io.Writer
	alive func()
}

func (p ticking) Write(b []byte) (int, error) {
	p.alive()
	return p.Writer.Write(b)
}
