// Package files reads tables that systems drop as files: CSV and XLSX, in a
// local folder or on an SFTP server.
//
// A file is taken once by what it holds, whatever it is called; a file that
// changed is taken again whole. It is held as a copy and proved whole before
// the first of its records is delivered, so there is no such thing as half a
// file. A file that can never be read becomes one record with a fault, which
// names the file and goes to the rejects, and holds up no other.
//
// Faults of records: file.unreadable, file.truncated, csv.header, csv.columns,
// xlsx.sheet, xlsx.header, total.mismatch, encoding.loss.
//
// Order: by the date in the path where the stream declares one (at.path), then
// by path. Files that arrive between two looks come after those seen before.
package files

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"rongtong/connectors"
	"rongtong/schemas"
	"rongtong/schemas/decl"
	"rongtong/schemas/fault"
	"rongtong/schemas/record"
)

type folderSettings struct {
	decl.Pos
	Kind string    `decl:"kind,required"`
	Root decl.Text `decl:"root,required"`
}

// Folder is the kind "folder": files below a local folder. Symbolic links
// below the root are not followed.
func Folder() connectors.Kind {
	return connectors.Kind{
		Name: "folder",
		Doc:  "CSV and XLSX files in a local folder",
		Validate: func(sys *schemas.System) []decl.Problem {
			var f folderSettings
			return append(sys.Connect.Decode(&f), validateStreams(sys)...)
		},
		Open: openFolder,
	}
}

// validateStreams compiles every stream and returns all problems.
func validateStreams(sys *schemas.System) []decl.Problem {
	var ps []decl.Problem
	for _, e := range sys.Streams {
		_, more := compile(e.Value)
		ps = append(ps, more...)
	}
	return ps
}

// refuse makes an error of problems that Validate would have shown.
func refuse(sys *schemas.System, ps []decl.Problem) error {
	if len(ps) == 0 {
		return nil
	}
	return fault.New(fault.Config, "opening system %q: %s", sys.System, ps[0])
}

func openFolder(_ context.Context, sys *schemas.System) (connectors.Opened, error) {
	var f folderSettings
	if err := refuse(sys, sys.Connect.Decode(&f)); err != nil {
		return nil, err
	}
	root, err := f.Root.Value()
	if err != nil {
		return nil, fault.New(fault.Config, "opening system %q: %w", sys.System, err)
	}
	return &opened{system: sys, dial: func(context.Context) (store, error) { return &folder{root: root}, nil }}, nil
}

// opened is a system of files. Every stream has a store of its own, so that
// ending one disturbs no other.
type opened struct {
	system *schemas.System
	dial   func(context.Context) (store, error)
}

// Check lists the files: that takes the address, the credentials and the root.
func (o *opened) Check(ctx context.Context) error {
	st, err := o.dial(ctx)
	if err != nil {
		return err
	}
	_, err = st.list(ctx)
	return errors.Join(err, st.close())
}

func (o *opened) Source(ctx context.Context, s *schemas.Stream, from record.Position) (connectors.Source, error) {
	p, ps := compile(s)
	if err := refuse(o.system, ps); err != nil {
		return nil, err
	}
	st, err := o.dial(ctx)
	if err != nil {
		return nil, err
	}
	src, err := newSource(st, p, from)
	if err != nil {
		return nil, errors.Join(err, st.close())
	}
	return src, nil
}

func (o *opened) Close() error { return nil }

// folder is a store in a local folder.
type folder struct {
	root string
	dir  *os.Root
}

// enter opens the root when it is first needed, and again after it was lost.
func (f *folder) enter() error {
	if f.dir != nil {
		return nil
	}
	dir, err := os.OpenRoot(f.root)
	if err != nil {
		return fault.Hint(fault.Config, "create the folder, or correct `root`", "opening folder %q: %w", f.root, err)
	}
	f.dir = dir
	return nil
}

func (f *folder) list(ctx context.Context) ([]entry, error) {
	_ = f.close() // the folder may have been replaced under its name
	if err := f.enter(); err != nil {
		return nil, err
	}
	var out []entry
	err := fs.WalkDir(f.dir.FS(), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil || !d.Type().IsRegular() {
			return gone(path, err)
		}
		info, err := d.Info()
		if err == nil {
			out = append(out, entry{path, info.Size(), info.ModTime()})
		}
		return gone(path, err)
	})
	return out, f.trouble("listing folder", "", err)
}

// gone passes over what vanished while the folder was listed, except the root.
func gone(path string, err error) error {
	if errors.Is(err, fs.ErrNotExist) && path != "." {
		return nil
	}
	return err
}

// trouble classifies an error of the file system.
func (f *folder) trouble(doing, path string, err error) error {
	var classified *fault.Error
	switch {
	case err == nil, errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded),
		errors.Is(err, errUnsettled), errors.As(err, &classified):
		return err
	case errors.Is(err, fs.ErrPermission):
		return fault.Hint(fault.Config, "grant the account that runs this read access", "%s %q: %w", doing, filepath.Join(f.root, path), err)
	}
	return fault.New(fault.Transient, "%s %q: %w", doing, filepath.Join(f.root, path), err)
}

func (f *folder) stat(_ context.Context, path string) (entry, error) {
	if err := f.enter(); err != nil {
		return entry{}, err
	}
	info, err := f.dir.Lstat(path)
	if err != nil {
		return entry{}, f.trouble("looking at file", path, err)
	}
	return entry{path, info.Size(), info.ModTime()}, nil
}

func (f *folder) read(ctx context.Context, path string, begin func() (io.Writer, error)) error {
	if err := f.enter(); err != nil {
		return err
	}
	src, err := f.dir.Open(path)
	if err != nil {
		return f.trouble("reading file", path, err)
	}
	defer src.Close()
	dst, err := begin()
	if err != nil {
		return err
	}
	buf := make([]byte, 128<<10)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := src.Read(buf)
		if n > 0 {
			if _, err := dst.Write(buf[:n]); err != nil {
				return f.trouble("reading file", path, err)
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return f.trouble("reading file", path, err)
		}
	}
}

func (f *folder) prefix() string { return "" }

func (f *folder) close() error {
	if f.dir == nil {
		return nil
	}
	err := f.dir.Close()
	f.dir = nil
	return err
}
