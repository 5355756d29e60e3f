package push

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"rongtong/schemas/decl"
)

const (
	hashPrefix = "sha256:"
	keyMin     = 8 // bytes
	// Keys are read again from where they are this often, and at once when a
	// request shows one that is not known, so that a key is replaced without a
	// restart: add the new one, move the clients, take the old one away.
	keysEvery  = time.Minute
	keysSooner = time.Second // the least time between two readings
)

// sender is a client as the gateway knows it.
type sender struct {
	client
	name  string
	limit *rate.Limiter
}

// senders finds a client by the hash of the key it shows: a key itself is never
// kept, and finding a hash tells nothing of the keys near it. It is safe for
// concurrent use.
type senders struct {
	list []*sender
	now  func() time.Time

	mu    sync.Mutex
	byKey map[[sha256.Size]byte]*sender
	read  time.Time
}

func newSenders(set settings) (*senders, error) {
	s := &senders{now: time.Now}
	clients := set.Clients
	if set.Key.IsSet() {
		clients = decl.Map[client]{{Key: "client", Value: client{Keys: []keyRef{{Secret: set.Key}}}}}
	}
	for _, e := range clients {
		limit := rate.NewLimiter(rate.Inf, 1)
		if r := e.Value.Rate; r > 0 {
			limit = rate.NewLimiter(rate.Limit(r), max(1, int(math.Ceil(r))))
		}
		s.list = append(s.list, &sender{client: e.Value, name: e.Key, limit: limit})
	}
	return s, s.reload()
}

// reload reads all keys. After an error the keys known before stay valid.
func (s *senders) reload() error {
	byKey := map[[sha256.Size]byte]*sender{}
	for _, c := range s.list {
		for _, k := range c.Keys {
			text, err := k.reveal()
			if err != nil {
				return err
			}
			for _, line := range strings.Fields(text) { // a file may hold several keys
				hash, err := parseKey(line)
				if err != nil {
					return fmt.Errorf("client %q: %w", c.name, err)
				}
				if other := byKey[hash]; other != nil && other != c {
					return fmt.Errorf("clients %q and %q have the same key", other.name, c.name)
				}
				byKey[hash] = c
			}
		}
	}
	s.byKey, s.read = byKey, s.now()
	return nil
}

// parseKey is the hash of a key, or the hash that is written.
func parseKey(text string) (hash [sha256.Size]byte, err error) {
	if digits, ok := strings.CutPrefix(text, hashPrefix); ok {
		b, err := hex.DecodeString(digits)
		if err != nil || len(b) != sha256.Size {
			return hash, fmt.Errorf("a hash of a key is not 64 hex digits")
		}
		return [sha256.Size]byte(b), nil
	}
	if len(text) < keyMin {
		return hash, fmt.Errorf("the key is shorter than %d bytes", keyMin)
	}
	return sha256.Sum256([]byte(text)), nil
}

// find returns the client that a key belongs to, or nil.
func (s *senders) find(key string) *sender {
	hash := sha256.Sum256([]byte(key))
	s.mu.Lock()
	defer s.mu.Unlock()
	found, age := s.byKey[hash], s.now().Sub(s.read)
	if age > keysEvery || found == nil && age > keysSooner {
		if s.reload() != nil {
			s.read = s.now() // tried; the old keys stay
		}
		found = s.byKey[hash]
	}
	return found
}

// may reports whether a client may send to a stream.
func (c *sender) may(stream string) bool {
	if len(c.Streams) == 0 {
		return true
	}
	for _, s := range c.Streams {
		if s == stream {
			return true
		}
	}
	return false
}
