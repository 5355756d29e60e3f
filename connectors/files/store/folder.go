package store

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"rongtong/schemas/decl"
	"rongtong/schemas/fault"
)

type folderSettings struct {
	decl.Pos
	Kind string    `decl:"kind,required"`
	Root decl.Text `decl:"root,required"`
}

// Folder is the transport "folder": files below a local folder.
var Folder = Transport{
	Name: "folder",
	Doc:  "files in a local folder",
	Validate: func(connect decl.Node) []decl.Problem {
		var f folderSettings
		return connect.Decode(&f)
	},
	Open: func(connect decl.Node) (func() Store, error) {
		var f folderSettings
		connect.Decode(&f) // it was validated
		root, err := f.Root.Value()
		return func() Store { return &folder{root: root} }, err
	},
}

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

// List lists the regular files; links are not followed.
func (f *folder) List(ctx context.Context) ([]Entry, error) {
	_ = f.Close() // the folder may have been replaced under its name
	if err := f.enter(); err != nil {
		return nil, err
	}
	var out []Entry
	err := fs.WalkDir(f.dir.FS(), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil || !d.Type().IsRegular() {
			return gone(path, err)
		}
		info, err := d.Info()
		if err == nil {
			out = append(out, Entry{Path: path, Size: info.Size(), MTime: info.ModTime()})
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
		errors.Is(err, ErrUnsettled), errors.As(err, &classified):
		return err
	case errors.Is(err, fs.ErrPermission):
		return fault.Hint(fault.Config, "grant the account that runs this read access", "%s %q: %w", doing, filepath.Join(f.root, path), err)
	}
	return fault.New(fault.Transient, "%s %q: %w", doing, filepath.Join(f.root, path), err)
}

// Read copies a file.
func (f *folder) Read(ctx context.Context, e Entry, begin func() (io.Writer, error)) error {
	if err := f.enter(); err != nil {
		return err
	}
	return f.trouble("reading file", e.Path, f.read(ctx, e, begin))
}

func (f *folder) read(ctx context.Context, e Entry, begin func() (io.Writer, error)) error {
	src, err := f.dir.Open(e.Path)
	if err != nil {
		return err
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
				return err
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
	}
	info, err := f.dir.Lstat(e.Path)
	if err == nil && (info.Size() != e.Size || !info.ModTime().Equal(e.MTime)) {
		return ErrUnsettled
	}
	return err
}

// Prefix is empty: the root is known to who reads the place of a record.
func (f *folder) Prefix() string { return "" }

// Close forgets the folder, which may be opened again.
func (f *folder) Close() error {
	if f.dir == nil {
		return nil
	}
	err := f.dir.Close()
	f.dir = nil
	return err
}
