package deidentify

import (
	"crypto/hmac"
	"encoding/base32"
	"hash"
	"strconv"

	"github.com/emmansun/gmsm/sm3"
)

// PidLen is the length of a pseudonym: 128 bits in base32.
const PidLen = 26

var alphabet = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// Pseudonymiser makes the pseudonyms of one purpose under one version of its
// key. It is used by one goroutine at a time and allocates nothing.
type Pseudonymiser struct {
	mac     hash.Hash
	prefix  []byte // purpose, "|"
	version int
	id      [18]byte // what is passed to an interface would be allocated
	buf     [64]byte
}

// NewPseudonymiser prepares a key.
func NewPseudonymiser(k *Key) *Pseudonymiser {
	return &Pseudonymiser{mac: hmac.New(sm3.New, k.secret), prefix: []byte(k.Purpose + "|"), version: k.Version}
}

// Version is the version of the key.
func (p *Pseudonymiser) Version() int { return p.version }

// Append appends the pseudonym of a citizen ID of 18 characters: 26 of a to z
// and 2 to 7, base32 of the first 128 bits of HMAC-SM3(key, purpose ‖ "|" ‖ id).
func (p *Pseudonymiser) Append(dst []byte, id [18]byte) []byte {
	p.mac.Reset()
	_, _ = p.mac.Write(p.prefix)
	p.id = id
	_, _ = p.mac.Write(p.id[:])
	sum := p.mac.Sum(p.buf[:0])
	return alphabet.AppendEncode(dst, sum[:16])
}

// AppendLanded appends a pseudonym as it travels: with its key's version
// ("ptv7….1"), so that it is known which key it belongs to.
func (p *Pseudonymiser) AppendLanded(dst []byte, id [18]byte) []byte {
	return strconv.AppendInt(append(p.Append(dst, id), '.'), int64(p.version), 10)
}
