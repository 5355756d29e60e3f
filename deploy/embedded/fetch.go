package embedded

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"rongtong/schemas/fault"
)

// What is fetched is pinned twice: the tarball by the registry's own integrity
// and the library by the digest taken from that tarball. The listeners used
// here are details of this version, so a bump runs the whole suite.
const (
	engineVersion   = "26.7.3-stable.1"
	enginePackage   = "@chdb/lib-linux-x64-gnu@" + engineVersion
	engineTarball   = "chdb-lib-linux-x64-gnu-" + engineVersion + ".tgz"
	engineIntegrity = "sha512-XP97mMqnc5tZpKQywR8N7cLTsHNiTmHr30pC5mzo3jWmukjKn2IBa60c2B/gWUNcuFjOMjWoorQICCqBVj5wpw=="
	engineSHA256    = "36ad4e999882821ef13cf2d0f52c93f48e6ee1b4498b35a201c23ce4b8d15bf5"
	engineBytes     = 566_330_096
	tarballBytes    = 177_817_999
)

// Progress is told how far a fetch is, at least once a second: bytes done of
// total (0 when unknown) and what is being done. It is called from one
// goroutine at a time and must not block.
type Progress func(done, total int64, what string)

// CacheDir is where fetched engines are kept: $RONGTONG_CACHE, else
// rongtong below the user's cache folder.
func CacheDir() (string, error) {
	if dir := os.Getenv("RONGTONG_CACHE"); dir != "" {
		return filepath.Abs(dir)
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fault.Hint(fault.Config, "set RONGTONG_CACHE to a folder", "choosing a cache folder: %w", err)
	}
	return filepath.Join(dir, "rongtong"), nil
}

// EnsureEngine returns the path of the warehouse engine's library, fetching it
// through the user's own npm when the cache (cacheDir, or CacheDir when empty)
// has none. The download is about 180 MB, the library 570 MB; both are checked
// against pinned digests, and a file at the returned path is always whole.
// Several processes may call it at once: one fetches, the others wait.
// A nil progress is allowed.
func EnsureEngine(ctx context.Context, cacheDir string, progress func(done, total int64, what string)) (libPath string, err error) {
	if cacheDir == "" {
		if cacheDir, err = CacheDir(); err != nil {
			return "", err
		}
	}
	if progress == nil {
		progress = func(int64, int64, string) {}
	}
	f := fetcher{
		dir: filepath.Join(cacheDir, "engine", engineVersion), what: "the warehouse engine", spec: enginePackage, tarball: engineTarball,
		integrity: engineIntegrity, sha256: engineSHA256, size: engineBytes, tarSize: tarballBytes, progress: progress,
	}
	return f.ensure(ctx)
}

// fetcher gets one library out of one package. Tests run it with small pins.
type fetcher struct {
	dir, what                        string
	spec, tarball, integrity, sha256 string
	size, tarSize                    int64
	progress                         Progress
}

func (f fetcher) ensure(ctx context.Context) (string, error) {
	lib := filepath.Join(f.dir, "libchdb.so")
	if f.have(lib) {
		return lib, nil
	}
	if err := os.MkdirAll(f.dir, 0o755); err != nil {
		return "", diskErr(err, "making the engine cache %q", f.dir)
	}
	unlock, err := f.lock(ctx)
	if err != nil {
		return "", err
	}
	defer unlock()
	if f.have(lib) { // another process fetched it while this one waited
		return lib, nil
	}
	tgz := filepath.Join(f.dir, f.tarball)
	if err := f.verify(tgz); err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			_ = os.Remove(tgz) // a broken download of an earlier run
		}
		if err := f.download(ctx, tgz); err != nil {
			return "", err
		}
	}
	if err := f.extract(ctx, tgz, lib); err != nil {
		return "", err
	}
	_ = os.Remove(tgz)
	return lib, nil
}

// have trusts the size: a library gets its name by rename, after its digest
// was checked, and hashing 566 MB at every start would cost two seconds.
func (f fetcher) have(lib string) bool {
	st, err := os.Stat(lib)
	return err == nil && st.Size() == f.size
}

func (f fetcher) lock(ctx context.Context) (func(), error) {
	path := filepath.Join(f.dir, "fetch.lock")
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, diskErr(err, "opening %q", path)
	}
	try := func(context.Context) error {
		err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err != nil {
			f.progress(0, 0, "waiting for another process that is fetching "+f.what)
		}
		return err
	}
	if err := waitFor(ctx, 500*time.Millisecond, try); err != nil {
		file.Close()
		return nil, fault.New(fault.Transient, "waiting for %q: %w", path, err)
	}
	return func() { file.Close() }, nil
}

// verify checks a tarball against its pinned integrity.
func (f fetcher) verify(tgz string) error {
	file, err := os.Open(tgz)
	if err != nil {
		return err
	}
	defer file.Close()
	sum := sha512.New()
	if _, err := io.Copy(sum, file); err != nil {
		return fault.New(fault.Transient, "reading %q: %w", tgz, err)
	}
	if got := "sha512-" + base64.StdEncoding.EncodeToString(sum.Sum(nil)); got != f.integrity {
		return fault.Hint(fault.Config, "the registry or a proxy serves a different file: check npm's registry setting and try again",
			"checking %q: its integrity is %s, expected %s", filepath.Base(tgz), got, f.integrity)
	}
	return nil
}

// download runs "npm pack" in a folder of its own, so that half a download
// never carries the final name. npm keeps the tarball in its own cache too;
// an interrupted fetch is quick the second time.
func (f fetcher) download(ctx context.Context, tgz string) error {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return fault.Hint(fault.Config, "install Node.js with npm, or put the package's tarball at "+tgz,
			"fetching %q: npm is not installed", f.spec)
	}
	// The tarball lies in npm's cache and here; the library is unpacked beside it.
	if err := needFree(f.dir, f.size+2*f.tarSize, fmt.Sprintf("fetching %q", f.spec)); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(f.dir, "pack-*")
	if err != nil {
		return diskErr(err, "making a folder in %q", f.dir)
	}
	defer os.RemoveAll(tmp)
	stop := f.heartbeat(ctx, npmScratch(ctx, npm))
	var stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, npm, "pack", f.spec, "--pack-destination", tmp,
		"--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")
	cmd.Dir, cmd.Stderr = tmp, &stderr
	cmd.WaitDelay = 2 * time.Second
	err = cmd.Run()
	stop()
	if err != nil {
		return npmError(ctx, f.spec, err, stderr.String())
	}
	found, err := filepath.Glob(filepath.Join(tmp, "*.tgz"))
	if err != nil || len(found) != 1 {
		return fault.New(fault.Config, "fetching %q: npm left %d tarballs instead of one", f.spec, len(found))
	}
	if err := f.verify(found[0]); err != nil {
		return err
	}
	return diskOK(os.Rename(found[0], tgz), "keeping %q", tgz)
}

func diskOK(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return diskErr(err, format, args...)
}

// npmError finds the way out in npm's own words: its codes are stable.
func npmError(ctx context.Context, spec string, err error, stderr string) error {
	if ctx.Err() != nil {
		return fault.New(fault.Transient, "fetching %q: %w", spec, ctx.Err())
	}
	has := func(codes ...string) bool {
		for _, c := range codes {
			if strings.Contains(stderr, c) {
				return true
			}
		}
		return false
	}
	last := ""
	for _, line := range strings.Split(stderr, "\n") {
		line = strings.TrimSpace(strings.TrimPrefix(strings.TrimPrefix(line, "npm error"), "npm ERR!"))
		if line != "" && !strings.HasPrefix(line, "A complete log") && last == "" {
			last = line
		}
	}
	class, hint := fault.Config, "run npm pack "+spec+" by hand to see more"
	switch {
	case has("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENETUNREACH", "ENOTCACHED", "EIDLETIMEOUT"):
		class, hint = fault.Transient, "npm cannot reach its registry: check the network and npm's registry and proxy settings"
	case has("ENOSPC"):
		hint = "the disk is full: free some space or set RONGTONG_CACHE to a folder on another disk"
	case has("E404", "ETARGET"):
		hint = "the registry npm is set to does not carry this version"
	case has("E401", "E403", "ENEEDAUTH"):
		hint = "the registry npm is set to refuses this user"
	case has("EINTEGRITY"):
		hint = "npm's cached copy is damaged: npm cache verify"
	}
	return fault.Hint(class, hint, "fetching %q with npm: %s: %w", spec, last, err)
}

// npmScratch is where npm writes a download while it runs; empty when unknown.
func npmScratch(ctx context.Context, npm string) string {
	out, err := exec.CommandContext(ctx, npm, "config", "get", "cache").Output()
	dir := strings.TrimSpace(string(out))
	if err != nil || !filepath.IsAbs(dir) {
		return ""
	}
	return filepath.Join(dir, "_cacache", "tmp")
}

// heartbeat reports the growth of npm's scratch files until stop is called.
// npm itself says nothing while it downloads.
func (f fetcher) heartbeat(ctx context.Context, scratch string) (stop func()) {
	begun := time.Now()
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	report := func() {
		what := fmt.Sprintf("downloading %s, %d s", f.what, int(time.Since(begun).Seconds()))
		f.progress(min(bytesSince(scratch, begun), f.tarSize), f.tarSize, what)
	}
	report()
	go func() {
		defer close(ended)
		tick := time.NewTicker(500 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				report()
			}
		}
	}()
	return func() { cancel(); <-ended }
}

func bytesSince(dir string, begun time.Time) (n int64) {
	if dir == "" {
		return 0
	}
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil //nolint:nilerr // a folder that went away has no bytes
		}
		if st, err := d.Info(); err == nil && st.Mode().IsRegular() && !st.ModTime().Before(begun) {
			n += st.Size()
		}
		return nil
	})
	return n
}

// extract unpacks the library beside its final name, checks its digest, makes
// it durable and renames it.
func (f fetcher) extract(ctx context.Context, tgz, lib string) error {
	if err := needFree(f.dir, f.size, "unpacking "+f.what); err != nil {
		return err
	}
	in, err := os.Open(tgz)
	if err != nil {
		return diskErr(err, "opening %q", tgz)
	}
	defer in.Close()
	gz, err := gzip.NewReader(in)
	if err != nil {
		return fault.New(fault.Config, "reading %q: %w", tgz, err)
	}
	tr := tar.NewReader(gz)
	for {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return fault.New(fault.Config, "reading %q: it holds no libchdb.so", tgz)
		}
		if err != nil {
			return fault.New(fault.Config, "reading %q: %w", tgz, err)
		}
		if filepath.Base(h.Name) == "libchdb.so" && h.Typeflag == tar.TypeReg {
			return f.place(ctx, tr, lib)
		}
	}
}

func (f fetcher) place(ctx context.Context, r io.Reader, lib string) error {
	out, err := os.CreateTemp(f.dir, "libchdb-*.part")
	if err != nil {
		return diskErr(err, "unpacking %q", lib)
	}
	defer os.Remove(out.Name())
	sum := sha256.New()
	_, err = io.Copy(io.MultiWriter(out, sum, &meter{ctx: ctx, f: f}), r)
	err = errors.Join(err, out.Sync(), out.Chmod(0o755), out.Close())
	if ctx.Err() != nil {
		return fault.New(fault.Transient, "unpacking %q: %w", lib, ctx.Err())
	}
	if err != nil {
		return diskErr(err, "unpacking %q", lib)
	}
	if got := hexSum(sum); got != f.sha256 {
		return fault.New(fault.Config, "checking %q: its sha256 is %s, expected %s", lib, got, f.sha256)
	}
	return diskOK(os.Rename(out.Name(), lib), "placing %q", lib)
}

func hexSum(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }

// meter counts unpacked bytes for the progress report and stops the copy when
// the context ends.
type meter struct {
	ctx  context.Context
	f    fetcher
	done int64
	last time.Time
}

func (m *meter) Write(p []byte) (int, error) {
	if err := m.ctx.Err(); err != nil {
		return 0, err
	}
	m.done += int64(len(p))
	if now := time.Now(); now.Sub(m.last) > 200*time.Millisecond {
		m.last = now
		m.f.progress(m.done, m.f.size, "unpacking "+m.f.what)
	}
	return len(p), nil
}
