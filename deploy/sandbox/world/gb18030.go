package world

import (
	"bytes"
	"fmt"

	"golang.org/x/text/encoding"
)

// brokenMark stands for a byte that is no character in GB 18030. It is a
// private character that no text of the world holds.
const brokenMark = "\ue7c7"

// lostByText is 龴 (U+9FB4) in the two bytes that GB 18030-2022 gives it, and
// which many decoders silently lose.
var lostByText = []byte{0xfe, 0x59}

// appendGB encodes a line. Every text of the world has a code in GB 18030, so
// an error is a mistake of this package.
func appendGB(dst []byte, enc *encoding.Encoder, line []byte) []byte {
	for len(line) > 0 {
		special, with := -1, []byte(nil)
		n := 0
		if i := bytes.Index(line, []byte(brokenMark)); i >= 0 {
			special, with, n = i, []byte{0xff}, len(brokenMark)
		}
		if i := bytes.Index(line, []byte("龴")); i >= 0 && (special < 0 || i < special) {
			special, with, n = i, lostByText, len("龴")
		}
		plain := line
		if special >= 0 {
			plain = line[:special]
		}
		b, err := enc.Bytes(plain)
		if err != nil {
			panic(fmt.Sprintf("world: encoding a line in GB 18030: %v", err))
		}
		dst = append(append(dst, b...), with...)
		line = line[len(plain)+n:]
	}
	return dst
}
