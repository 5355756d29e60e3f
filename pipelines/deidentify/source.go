package deidentify

import (
	"os"
	"strings"
	"sync"
	"time"
)

// Keys follow a reference to keys: a key file that is rotated is read again, so
// that no process has to be restarted for it. Safe for concurrent use. A nil
// Keys holds none.
type Keys struct {
	ref string

	mu    sync.Mutex
	ring  *Ring
	mtime time.Time
}

// Open reads the keys that a reference names; see Load. An empty one is no keys.
func Open(ref string) (*Keys, error) {
	if ref == "" {
		return nil, nil
	}
	k := &Keys{ref: ref}
	_, err := k.Ring()
	return k, err
}

// Ring is the ring as it is now. It is the same pointer until it changes.
func (k *Keys) Ring() (*Ring, error) {
	if k == nil {
		return nil, nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	var mtime time.Time
	if path, ok := k.path(); ok {
		st, err := os.Stat(path)
		if err == nil {
			mtime = st.ModTime()
		}
	}
	if k.ring != nil && mtime.Equal(k.mtime) {
		return k.ring, nil
	}
	ring, err := Load(k.ref)
	if err != nil {
		return nil, err
	}
	k.ring, k.mtime = ring, mtime
	return ring, nil
}

// path is the file of the keys; a variable and a command are read once.
func (k *Keys) path() (string, bool) {
	if strings.HasPrefix(k.ref, "env:") || strings.HasPrefix(k.ref, "command:") {
		return "", false
	}
	return strings.TrimPrefix(k.ref, "file:"), true
}
