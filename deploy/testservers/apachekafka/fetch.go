package apachekafka

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"rongtong/deploy/embedded"
	"rongtong/schemas/fault"
)

// Version is the Kafka that the tests run against: the newest release whose
// every part the Java package registry serves.
const Version = "4.3.1"

const copyDependencies = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"

//go:embed pom.xml
var pom []byte

//go:embed jars.sha256
var pins string

// Fetch returns the folder of the server's jars, fetching them (60 MB) through
// the user's own Maven when the cache has none. Every jar is checked against a
// pinned digest, and the folder appears whole or not at all. Several processes
// may call it at once: one fetches, the others wait.
//
// Errors: fault.Config when Maven is missing or a file differs from its pin;
// fault.Transient when Maven could not reach its repository.
func Fetch(ctx context.Context) (dir string, err error) {
	cache, err := embedded.CacheDir()
	if err != nil {
		return "", err
	}
	return fetch(ctx, filepath.Join(cache, "apachekafka", Version), pins)
}

func fetch(ctx context.Context, home, pins string) (string, error) {
	jars := filepath.Join(home, "jars")
	if st, err := os.Stat(jars); err == nil && st.IsDir() {
		return jars, nil
	}
	if err := os.MkdirAll(home, 0o755); err != nil {
		return "", fault.New(fault.Config, "making the cache %q: %w", home, err)
	}
	lock, err := os.OpenFile(filepath.Join(home, "fetch.lock"), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return "", fault.New(fault.Config, "locking the cache %q: %w", home, err)
	}
	defer lock.Close()
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
		return "", fault.New(fault.Transient, "locking the cache %q: %w", home, err)
	}
	if st, err := os.Stat(jars); err == nil && st.IsDir() {
		return jars, nil // another process fetched it while this one waited
	}
	tmp, err := os.MkdirTemp(home, "fetch-*")
	if err != nil {
		return "", fault.New(fault.Config, "making a folder in %q: %w", home, err)
	}
	defer os.RemoveAll(tmp)
	if err := resolve(ctx, tmp); err != nil {
		return "", err
	}
	if err := verify(filepath.Join(tmp, "jars"), pins); err != nil {
		return "", err
	}
	if err := os.Rename(filepath.Join(tmp, "jars"), jars); err != nil {
		return "", fault.New(fault.Config, "placing %q: %w", jars, err)
	}
	return jars, nil
}

// resolve lets Maven copy the server and all it needs to tmp/jars.
func resolve(ctx context.Context, tmp string) error {
	mvn, err := exec.LookPath("mvn")
	if err != nil {
		return fault.Hint(fault.Config, "install Maven (Debian: apt-get install maven)", "fetching Apache Kafka %s: mvn is not installed", Version)
	}
	file := filepath.Join(tmp, "pom.xml")
	if err := os.WriteFile(file, pom, 0o644); err != nil {
		return fault.New(fault.Config, "writing %q: %w", file, err)
	}
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, mvn, "--batch-mode", "--quiet", "--no-transfer-progress", "--file", file,
		copyDependencies, "-DincludeScope=runtime", "-DoutputDirectory="+filepath.Join(tmp, "jars"))
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		said := strings.TrimSpace(out.String())
		if i := strings.IndexByte(said, '\n'); i > 0 {
			said = said[:i]
		}
		return fault.Hint(fault.Transient, "check the network and Maven's mirror and proxy settings (settings.xml)",
			"fetching Apache Kafka %s with Maven: %w: %s", Version, err, said)
	}
	return nil
}

// verify holds the jars of dir against the pins: the same files, with the same content.
func verify(dir, pins string) error {
	want := map[string]string{}
	for lines := bufio.NewScanner(strings.NewReader(pins)); lines.Scan(); {
		sum, name, ok := strings.Cut(lines.Text(), "  ")
		if !ok {
			return fault.New(fault.Bug, "reading the pinned digests: %q is not a line of sha256sum", lines.Text())
		}
		want[name] = sum
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fault.New(fault.Transient, "reading what Maven fetched: %w", err)
	}
	for _, e := range entries {
		sum, known := want[e.Name()]
		if !known {
			return fault.New(fault.Config, "checking %q: it is not among the pinned files of Apache Kafka %s", e.Name(), Version)
		}
		got, err := digest(filepath.Join(dir, e.Name()))
		if err != nil {
			return fault.New(fault.Transient, "checking %q: %w", e.Name(), err)
		}
		if got != sum {
			return fault.Hint(fault.Config, "the repository or a proxy serves a different file: check Maven's mirror settings",
				"checking %q: its sha256 is %s, expected %s", e.Name(), got, sum)
		}
		delete(want, e.Name())
	}
	for name := range want {
		return fault.New(fault.Config, "checking Apache Kafka %s: Maven did not fetch %q", Version, name)
	}
	return nil
}

func digest(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
