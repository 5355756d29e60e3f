package deidentify

import (
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"

	"github.com/emmansun/gmsm/sm4"

	"rongtong/schemas/fault"
)

// sealed is the first byte of what Seal makes.
const sealed = 0x53

// Sealer encrypts under the newest landing key and decrypts under any. It is
// safe for concurrent use.
type Sealer struct {
	newest int
	keys   map[int]cipher.AEAD
}

// Sealer prepares the landing keys of the ring.
func (r *Ring) Sealer() (*Sealer, error) {
	newest, err := r.Newest(ForLanding, "")
	if err != nil {
		return nil, err
	}
	s := &Sealer{newest: newest.Version, keys: map[int]cipher.AEAD{}}
	for _, k := range r.keys {
		if k.Use != ForLanding {
			continue
		}
		block, err := sm4.NewCipher(k.secret)
		if err != nil {
			return nil, fault.New(fault.Bug, "preparing %s: %w", k, err)
		}
		if s.keys[k.Version], err = cipher.NewGCM(block); err != nil {
			return nil, fault.New(fault.Bug, "preparing %s: %w", k, err)
		}
	}
	return s, nil
}

// Seal encrypts plain with SM4-GCM under a random nonce and appends to dst:
//
//	byte    0x53
//	uvarint version of the key
//	12      nonce
//	…       ciphertext and tag
//
// where says what it is and where it belongs; it must be the same for Open, so
// that a sealed value cannot be put into another's place.
func (s *Sealer) Seal(dst, plain []byte, where string) []byte {
	dst = binary.AppendUvarint(append(dst, sealed), uint64(s.newest))
	var nonce [12]byte
	_, _ = rand.Read(nonce[:]) // never fails: it ends the process instead
	dst = append(dst, nonce[:]...)
	return s.keys[s.newest].Seal(dst, nonce[:], plain, []byte(where))
}

// IsSealed reports what Seal made.
func IsSealed(b []byte) bool { return len(b) > 0 && b[0] == sealed }

// Open decrypts what Seal made. A missing key is fault.Config, anything else
// that is wrong fault.Data; no part of the content is named.
func (s *Sealer) Open(b []byte, where string) ([]byte, error) {
	if !IsSealed(b) {
		return nil, fault.New(fault.Data, "decrypting what was landed: it is not ours")
	}
	version, n := binary.Uvarint(b[1:])
	if n <= 0 || len(b) < 1+n+12 {
		return nil, fault.New(fault.Data, "decrypting what was landed: it is cut off")
	}
	aead := s.keys[int(version)]
	if aead == nil {
		return nil, fault.Hint(fault.Config, "add the earlier key file's version", "decrypting what was landed: there is no landing key v%d", version)
	}
	plain, err := aead.Open(nil, b[1+n:1+n+12], b[1+n+12:], []byte(where))
	if err != nil {
		return nil, fault.New(fault.Data, "decrypting what was landed under key v%d: it was changed, or belongs elsewhere", version)
	}
	return plain, nil
}
