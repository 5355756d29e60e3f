package deidentify

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"rongtong/schemas/decl"
	"rongtong/schemas/fault"
)

// Uses of a key.
const (
	ForPseudonym = "pseudonym" // HMAC-SM3, 32 bytes, of one purpose
	ForLanding   = "landing"   // SM4, 16 bytes
)

// Key is one version of one key. It prints without its secret.
type Key struct {
	Use     string
	Purpose string // of a pseudonym: the population; empty for landing
	Version int    // from 1; the highest of a use and purpose is the one in force
	Created string // YYYY-MM-DD
	secret  []byte
}

// Check is a value by which two people see that they hold the same key: eight
// hexadecimal digits of SM3(secret ‖ "check"). It does not help to find the key.
func (k *Key) Check() string {
	sum := sm3.Sum(append(slices.Clone(k.secret), "check"...))
	return hex.EncodeToString(sum[:4])
}

// String names the key.
func (k *Key) String() string {
	if k.Purpose == "" {
		return fmt.Sprintf("%s v%d", k.Use, k.Version)
	}
	return fmt.Sprintf("%s %s v%d", k.Use, k.Purpose, k.Version)
}

// GoString keeps the secret out of %#v.
func (k *Key) GoString() string { return "deidentify.Key(" + k.String() + ")" }

// Ring holds all versions of all keys. It is immutable. A nil Ring holds none.
type Ring struct{ keys []*Key }

// Keys are all keys: by use, purpose and version.
func (r *Ring) Keys() []*Key {
	if r == nil {
		return nil
	}
	return r.keys
}

// Newest is the key in force, or a fault.Config that says how to make one.
func (r *Ring) Newest(use, purpose string) (*Key, error) {
	var found *Key
	for _, k := range r.Keys() {
		if k.Use == use && k.Purpose == purpose {
			found = k
		}
	}
	if found == nil {
		return nil, fault.Hint(fault.Config, "make it with: rongtong keys new --purpose cw, and give the file with --keys or RONGTONG_KEYS",
			"looking for a key: there is none for %s %s", use, purpose)
	}
	return found, nil
}

// Version is one version of a key, or nil.
func (r *Ring) Version(use, purpose string, version int) *Key {
	for _, k := range r.Keys() {
		if k.Use == use && k.Purpose == purpose && k.Version == version {
			return k
		}
	}
	return nil
}

type keyFile struct {
	Keys []keyDecl `decl:"keys,required"`
}

type keyDecl struct {
	decl.Pos
	Use     string `decl:"use,required"`
	Purpose string `decl:"purpose"`
	Version int    `decl:"version,required"`
	Created string `decl:"created"`
	Secret  string `decl:"secret,required"` // hexadecimal, or a reference to it
}

// Load reads the keys that a reference names:
//
//	/path or file:/path   a key file, which nobody but its owner may read
//	env:NAME              the content of a key file in a variable
//	command:program arg…  what a program prints: a client of a key store
//
// An empty reference is a nil Ring. Errors name places, never secrets.
func Load(ref string) (*Ring, error) {
	if ref == "" {
		return nil, nil
	}
	name, data, err := fetch(ref)
	if err != nil {
		return nil, err
	}
	return parse(name, data)
}

func fetch(ref string) (name string, data []byte, err error) {
	if v, ok := strings.CutPrefix(ref, "env:"); ok {
		text, set := os.LookupEnv(v)
		if !set {
			return "", nil, fault.New(fault.Config, "reading the keys: the variable %s is not set", v)
		}
		return "$" + v, []byte(text), nil
	}
	if v, ok := strings.CutPrefix(ref, "command:"); ok {
		words := strings.Fields(v)
		if len(words) == 0 {
			return "", nil, fault.New(fault.Config, "reading the keys: no command is given")
		}
		out, err := exec.Command(words[0], words[1:]...).Output()
		if err != nil {
			return "", nil, fault.New(fault.Config, "reading the keys: the command %q: %w", words[0], err)
		}
		return words[0], out, nil
	}
	path := strings.TrimPrefix(ref, "file:")
	st, err := os.Stat(path)
	if err != nil {
		return "", nil, fault.Hint(fault.Config, "make one with: rongtong keys new --file "+path, "reading the keys: %w", plainPath(err))
	}
	if st.Mode().Perm()&0o077 != 0 {
		return "", nil, fault.Hint(fault.Config, "chmod 600 "+path, "reading the keys: others may read %q too (mode %o)", path, st.Mode().Perm())
	}
	data, err = os.ReadFile(path)
	if err != nil {
		return "", nil, fault.New(fault.Config, "reading the keys: %w", plainPath(err))
	}
	return path, data, nil
}

func plainPath(err error) error {
	if pe := (*fs.PathError)(nil); errors.As(err, &pe) {
		return fmt.Errorf("%q: %w", pe.Path, pe.Err)
	}
	return err
}

func parse(name string, data []byte) (*Ring, error) {
	node, ps := decl.Parse(name, data)
	var f keyFile
	if len(ps) == 0 {
		ps = node.Decode(&f)
	}
	if len(ps) > 0 {
		// The decoder's own words may quote what stands there.
		return nil, fault.Hint(fault.Config, "it is written by: rongtong keys new", "reading the keys: %s is not a key (%s)", ps[0].Pos, ps[0].Rule)
	}
	r := &Ring{}
	for i := range f.Keys {
		k, err := f.Keys[i].key()
		if err != nil {
			return nil, err
		}
		if r.Version(k.Use, k.Purpose, k.Version) != nil {
			return nil, fault.New(fault.Config, "reading the keys: %s: %s is there twice", f.Keys[i].Pos, k)
		}
		r.keys = append(r.keys, k)
	}
	r.sort()
	return r, nil
}

func (r *Ring) sort() {
	slices.SortFunc(r.keys, func(a, b *Key) int {
		if c := strings.Compare(a.Use+"\x00"+a.Purpose, b.Use+"\x00"+b.Purpose); c != 0 {
			return c
		}
		return a.Version - b.Version
	})
}

// size is the least number of bytes of a secret.
func size(use string) int {
	if use == ForLanding {
		return 16
	}
	return 32
}

func (d *keyDecl) key() (*Key, error) {
	bad := func(what string) error {
		return fault.New(fault.Config, "reading the keys: %s: %s", d.Pos, what)
	}
	if d.Use != ForPseudonym && d.Use != ForLanding {
		return nil, bad("the use is pseudonym or landing")
	}
	if (d.Use == ForPseudonym) == (d.Purpose == "") {
		return nil, bad("a pseudonym key has a purpose, a landing key has none")
	}
	if d.Version < 1 || d.Version > 1<<15 {
		return nil, bad("versions count from 1")
	}
	text, err := decl.Expand(d.Secret)
	if err != nil {
		return nil, fault.New(fault.Config, "reading the keys: %s: %w", d.Pos, err)
	}
	secret, err := hex.DecodeString(strings.TrimSpace(text))
	if err != nil || len(secret) < size(d.Use) || d.Use == ForLanding && len(secret) != size(d.Use) {
		return nil, bad(fmt.Sprintf("the secret of a %s key is %d bytes in hexadecimal", d.Use, size(d.Use)))
	}
	return &Key{Use: d.Use, Purpose: d.Purpose, Version: d.Version, Created: d.Created, secret: secret}, nil
}

// Rotate returns a ring with one more version of each key of the given
// purposes and of the landing key, and what was added; versions that did not
// exist begin at 1. The old ones stay: they are needed to take old pseudonyms
// over, and to read what was landed.
func (r *Ring) Rotate(purposes []string, now time.Time) (*Ring, []*Key, error) {
	return r.grow(purposes, true, now)
}

// Add is Rotate for new purposes: the landing key is made only if there is none.
func (r *Ring) Add(purposes []string, now time.Time) (*Ring, []*Key, error) {
	_, err := r.Newest(ForLanding, "")
	return r.grow(purposes, err != nil, now)
}

func (r *Ring) grow(purposes []string, landing bool, now time.Time) (*Ring, []*Key, error) {
	out := &Ring{keys: slices.Clone(r.Keys())}
	var added []*Key
	next := func(use, purpose string) error {
		version := 1
		if old, err := r.Newest(use, purpose); err == nil {
			version = old.Version + 1
		}
		k := &Key{Use: use, Purpose: purpose, Version: version, Created: now.Format(time.DateOnly), secret: make([]byte, size(use))}
		if _, err := rand.Read(k.secret); err != nil {
			return fault.New(fault.Bug, "making a key: %w", err)
		}
		out.keys, added = append(out.keys, k), append(added, k)
		return nil
	}
	for _, p := range purposes {
		if err := next(ForPseudonym, p); err != nil {
			return nil, nil, err
		}
	}
	if landing {
		if err := next(ForLanding, ""); err != nil {
			return nil, nil, err
		}
	}
	out.sort()
	return out, added, nil
}

// Purposes are those that the ring has pseudonym keys of.
func (r *Ring) Purposes() []string {
	var out []string
	for _, k := range r.Keys() {
		if k.Use == ForPseudonym && !slices.Contains(out, k.Purpose) {
			out = append(out, k.Purpose)
		}
	}
	return out
}

// Write writes the ring as a key file that only its owner may read. It is
// complete or not there: a key that is lost makes its pseudonyms strangers.
func (r *Ring) Write(path string) error {
	var b strings.Builder
	b.WriteString("# Keys of rongtong. Whoever reads this file can recompute every pseudonym and read\n# the landing area. Keep it 0600, keep a copy apart, never put it under version control.\nkeys:\n")
	for _, k := range r.keys {
		fmt.Fprintf(&b, "  - { use: %s, ", k.Use)
		if k.Purpose != "" {
			fmt.Fprintf(&b, "purpose: %s, ", k.Purpose)
		}
		fmt.Fprintf(&b, "version: %d, created: %q, secret: %q }\n", k.Version, k.Created, hex.EncodeToString(k.secret))
	}
	tmp := path + ".new"
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err == nil {
		_, err = f.WriteString(b.String())
		if serr := f.Sync(); err == nil {
			err = serr
		}
		if cerr := f.Close(); err == nil {
			err = cerr
		}
	}
	if err == nil {
		err = os.Rename(tmp, path)
	}
	if err != nil {
		return fault.New(fault.Config, "writing the keys: %w", plainPath(err))
	}
	return nil
}
