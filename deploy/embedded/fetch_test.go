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
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"rongtong/schemas/fault"
)

const library = "the library, in a test"

// pack makes the package of a test: a tarball with one file of that name.
func pack(t *testing.T, name, content string) []byte {
	t.Helper()
	var b bytes.Buffer
	gz := gzip.NewWriter(&b)
	tw := tar.NewWriter(gz)
	if err := tw.WriteHeader(&tar.Header{Name: "package/" + name, Mode: 0o755, Size: int64(len(content)), Typeflag: tar.TypeReg}); err != nil {
		t.Fatal(err)
	}
	_, _ = tw.Write([]byte(content))
	tw.Close()
	gz.Close()
	return b.Bytes()
}

func pinned(t *testing.T, tgz []byte) fetcher {
	sum512, sum256 := sha512.Sum512(tgz), sha256.Sum256([]byte(library))
	return fetcher{
		dir: filepath.Join(t.TempDir(), "engine", "1"), spec: "@test/lib@1", tarball: "test-lib-1.tgz",
		integrity: "sha512-" + base64.StdEncoding.EncodeToString(sum512[:]), sha256: hex.EncodeToString(sum256[:]),
		size: int64(len(library)), tarSize: int64(len(tgz)), progress: func(int64, int64, string) {},
	}
}

// npm puts a script of that name first on the PATH. It counts its runs in the
// returned file; served is what "npm pack" leaves behind.
func npm(t *testing.T, served []byte, script string) (runs string) {
	t.Helper()
	dir := t.TempDir()
	runs = filepath.Join(dir, "runs")
	if err := os.WriteFile(filepath.Join(dir, "served.tgz"), served, 0o600); err != nil {
		t.Fatal(err)
	}
	text := "#!/bin/sh\nif [ \"$1\" = config ]; then echo " + dir + "; exit 0; fi\n" +
		"echo run >> " + runs + "\n" + script + "\n" +
		"while [ \"$1\" != --pack-destination ]; do shift; done\ncp " + dir + "/served.tgz \"$2/x.tgz\"\n"
	if err := os.WriteFile(filepath.Join(dir, "npm"), []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	return runs
}

func TestFetch(t *testing.T) {
	good := pack(t, "libchdb.so", library)
	f := pinned(t, good)
	runs := npm(t, good, "")
	var said []string
	f.progress = func(_, _ int64, what string) { said = append(said, what) }
	for range 2 {
		lib, err := f.ensure(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if b, _ := os.ReadFile(lib); string(b) != library {
			t.Errorf("the library is %q", b)
		}
	}
	if b, _ := os.ReadFile(runs); string(b) != "run\n" {
		t.Errorf("npm ran %q, once was enough", b)
	}
	if len(said) < 2 {
		t.Errorf("progress said only %q", said)
	}
	if left, _ := filepath.Glob(filepath.Join(f.dir, "*")); len(left) != 2 {
		t.Errorf("the cache holds %q, want the library and the lock", left)
	}
}

func TestFetchersWaitForEachOther(t *testing.T) {
	good := pack(t, "libchdb.so", library)
	f := pinned(t, good)
	runs := npm(t, good, "sleep 0.3")
	var wg sync.WaitGroup
	for range 4 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if _, err := f.ensure(t.Context()); err != nil {
				t.Error(err)
			}
		}()
	}
	wg.Wait()
	if b, _ := os.ReadFile(runs); string(b) != "run\n" {
		t.Errorf("npm ran %d times", strings.Count(string(b), "run"))
	}
}

func TestFetchErrorsSayTheWayOut(t *testing.T) {
	good := pack(t, "libchdb.so", library)
	for _, tc := range []struct {
		name   string
		served []byte
		script string
		change func(*fetcher)
		class  fault.Class
		says   []string
	}{
		{"another tarball", pack(t, "libchdb.so", "evil"), "", nil, fault.Config, []string{"integrity is sha512-", "expected"}},
		{"another library in the right tarball", good, "", func(f *fetcher) { f.sha256 = strings.Repeat("0", 64) }, fault.Config, []string{"sha256 is", "expected 0000"}},
		{"no library in it", nil, "", nil, fault.Config, []string{"holds no libchdb.so"}},
		{"offline", good, "echo 'npm error code EAI_AGAIN' >&2; exit 1", nil, fault.Transient, []string{"@test/lib@1", "EAI_AGAIN", "cannot reach its registry"}},
		{"no such version", good, "echo 'npm error code E404' >&2; exit 1", nil, fault.Config, []string{"does not carry"}},
		{"not allowed", good, "echo 'npm ERR! code E401' >&2; exit 1", nil, fault.Config, []string{"refuses this user"}},
		{"disk full in npm", good, "echo 'npm error code ENOSPC' >&2; exit 1", nil, fault.Config, []string{"disk is full"}},
		{"disk full before", good, "", func(f *fetcher) { f.size = 1 << 60 }, fault.Config, []string{"MB free", "free some space"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			pins := good
			if tc.served == nil {
				tc.served = pack(t, "readme", "no library here")
				pins = tc.served
			}
			f := pinned(t, pins)
			if tc.change != nil {
				tc.change(&f)
			}
			npm(t, tc.served, tc.script)
			lib, err := f.ensure(t.Context())
			if err == nil {
				t.Fatalf("fetched %q", lib)
			}
			if fault.Of(err) != tc.class {
				t.Errorf("class %s, want %s: %v", fault.Of(err), tc.class, err)
			}
			for _, want := range tc.says {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
			if _, err := os.Stat(filepath.Join(f.dir, "libchdb.so")); err == nil {
				t.Error("something lies at the library's path")
			}
		})
	}
}

func TestFetchWithoutNPM(t *testing.T) {
	f := pinned(t, nil)
	t.Setenv("PATH", "")
	_, err := f.ensure(t.Context())
	if !fault.Is(err, fault.Config) || !strings.Contains(err.Error(), "npm is not installed") || !strings.Contains(err.Error(), f.dir) {
		t.Errorf("error %v", err)
	}
}

func TestFetchReplacesABrokenDownload(t *testing.T) {
	good := pack(t, "libchdb.so", library)
	f := pinned(t, good)
	runs := npm(t, good, "")
	if err := os.MkdirAll(f.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	tgz := filepath.Join(f.dir, f.tarball)
	if err := os.WriteFile(tgz, good[:len(good)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := f.ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	// A whole download that was not unpacked yet is used as it is.
	_ = os.Remove(filepath.Join(f.dir, "libchdb.so"))
	if err := os.WriteFile(tgz, good, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := f.ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	if b, _ := os.ReadFile(runs); string(b) != "run\n" {
		t.Errorf("npm ran %d times, want 1", strings.Count(string(b), "run"))
	}
}

func TestFetchStopsWithItsContext(t *testing.T) {
	good := pack(t, "libchdb.so", library)
	f := pinned(t, good)
	npm(t, good, "exec sleep 60")
	ctx, cancel := context.WithCancel(t.Context())
	f.progress = func(int64, int64, string) { cancel() }
	if _, err := f.ensure(ctx); !fault.Is(err, fault.Transient) {
		t.Errorf("error %v, class %s", err, fault.Of(err))
	}
}

func TestEnsureEngineUsesTheCacheFolder(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("RONGTONG_CACHE", dir)
	if got, err := CacheDir(); got != dir || err != nil {
		t.Errorf("CacheDir() = %q, %v", got, err)
	}
	t.Setenv("PATH", "")
	if _, err := EnsureEngine(t.Context(), "", nil); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("error %v does not name the cache folder", err)
	}
}
