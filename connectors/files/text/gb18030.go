package text

import (
	"io"
	"sync"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/transform"
)

// lost are the two-byte codes of GB 18030 that golang.org/x/text decodes to
// U+FFFD without an error (golang/go issue 62063), as runs of codes that map
// to consecutive runes: the user-defined and reserved areas, and the
// characters that GB 18030-2005 and -2022 moved out of the private use area
// (FE59 is U+9FB4, A6D9 is U+FE10). The 2,067 codes were compared one by one
// with the tables of glibc.
var lost = []struct {
	from, to uint16
	first    rune
}{
	{0xa140, 0xa17e, 0xe4c6}, {0xa180, 0xa1a0, 0xe505}, {0xa240, 0xa27e, 0xe526}, {0xa280, 0xa2a0, 0xe565},
	{0xa2ab, 0xa2b0, 0xe766}, {0xa2e4, 0xa2e4, 0xe76d}, {0xa2ef, 0xa2f0, 0xe76e}, {0xa2fd, 0xa2fe, 0xe770},
	{0xa340, 0xa37e, 0xe586}, {0xa380, 0xa39f, 0xe5c5}, {0xa440, 0xa47e, 0xe5e6}, {0xa480, 0xa4a0, 0xe625},
	{0xa4f4, 0xa4fe, 0xe772}, {0xa540, 0xa57e, 0xe646}, {0xa580, 0xa5a0, 0xe685}, {0xa5f7, 0xa5fe, 0xe77d},
	{0xa640, 0xa67e, 0xe6a6}, {0xa680, 0xa6a0, 0xe6e5}, {0xa6b9, 0xa6c0, 0xe785}, {0xa6d9, 0xa6d9, 0xfe10},
	{0xa6da, 0xa6da, 0xfe12}, {0xa6db, 0xa6db, 0xfe11}, {0xa6dc, 0xa6df, 0xfe13}, {0xa6ec, 0xa6ed, 0xfe17},
	{0xa6f3, 0xa6f3, 0xfe19}, {0xa6f6, 0xa6fe, 0xe797}, {0xa740, 0xa77e, 0xe706}, {0xa780, 0xa7a0, 0xe745},
	{0xa7c2, 0xa7d0, 0xe7a0}, {0xa7f2, 0xa7fe, 0xe7af}, {0xa896, 0xa8a0, 0xe7bc}, {0xa8bc, 0xa8bc, 0x1e3f},
	{0xa8c1, 0xa8c4, 0xe7c9}, {0xa8ea, 0xa8fe, 0xe7cd}, {0xa958, 0xa958, 0xe7e2}, {0xa95b, 0xa95b, 0xe7e3},
	{0xa95d, 0xa95f, 0xe7e4}, {0xa997, 0xa9a3, 0xe7f4}, {0xa9f0, 0xa9fe, 0xe801}, {0xaaa1, 0xaafe, 0xe000},
	{0xaba1, 0xabfe, 0xe05e}, {0xaca1, 0xacfe, 0xe0bc}, {0xada1, 0xadfe, 0xe11a}, {0xaea1, 0xaefe, 0xe178},
	{0xafa1, 0xaffe, 0xe1d6}, {0xd7fa, 0xd7fe, 0xe810}, {0xf8a1, 0xf8fe, 0xe234}, {0xf9a1, 0xf9fe, 0xe292},
	{0xfaa1, 0xfafe, 0xe2f0}, {0xfba1, 0xfbfe, 0xe34e}, {0xfca1, 0xfcfe, 0xe3ac}, {0xfda1, 0xfdfe, 0xe40a},
	{0xfe51, 0xfe51, 0x20087}, {0xfe52, 0xfe52, 0x20089}, {0xfe53, 0xfe53, 0x200cc}, {0xfe59, 0xfe59, 0x9fb4},
	{0xfe61, 0xfe61, 0x9fb5}, {0xfe66, 0xfe67, 0x9fb6}, {0xfe6c, 0xfe6c, 0x215d7}, {0xfe6d, 0xfe6d, 0x9fb8},
	{0xfe76, 0xfe76, 0x2298f}, {0xfe7e, 0xfe7e, 0x9fb9}, {0xfe90, 0xfe90, 0x9fba}, {0xfe91, 0xfe91, 0x241fe},
	{0xfea0, 0xfea0, 0x9fbb}, {0xfea1, 0xfefe, 0xe468},
}

const (
	trails   = 0xFE - 0x40 + 1
	leadLow  = 0x81
	leadHigh = 0xFE
)

// pairs is the rune of every two-byte code, by lead and trail byte.
var pairs = sync.OnceValue(func() *[(leadHigh - leadLow + 1) * trails]rune {
	var t [(leadHigh - leadLow + 1) * trails]rune
	d := simplifiedchinese.GB18030.NewDecoder().Transformer
	var out [8]byte
	for lead := leadLow; lead <= leadHigh; lead++ {
		for trail := 0x40; trail <= 0xFE; trail++ {
			r := utf8.RuneError
			if trail != 0x7F {
				d.Reset()
				n, _, err := d.Transform(out[:], []byte{byte(lead), byte(trail)}, true)
				if v, size := utf8.DecodeRune(out[:n]); err == nil && size == n {
					r = v
				}
			}
			t[(lead-leadLow)*trails+trail-0x40] = r
		}
	}
	for _, l := range lost {
		for c := l.from; c <= l.to; c++ {
			t[(int(c>>8)-leadLow)*trails+int(c&0xFF)-0x40] = l.first + rune(c-l.from)
		}
	}
	return &t
})

// gb18030 turns a stream of GB 18030 into UTF-8. What is no character becomes
// U+FFFD, never an error: the record that holds it is judged, not the file.
type gb18030 struct {
	src   io.Reader
	table *[(leadHigh - leadLow + 1) * trails]rune
	four  transform.Transformer // for the codes of four bytes; nil until one comes
	in    []byte                // undecoded bytes: in[from:to]
	from  int
	to    int
	err   error // of src, once met
}

// NewGB18030 decodes src.
func NewGB18030(src io.Reader) *gb18030 {
	return &gb18030{src: src, table: pairs(), in: make([]byte, 64<<10)}
}

// Read decodes into p, which must have room for one character (4 bytes).
func (g *gb18030) Read(p []byte) (int, error) {
	for {
		w, n := g.decode(p, g.in[g.from:g.to], g.err != nil)
		g.from += n
		if w > 0 {
			return w, nil
		}
		if g.err != nil {
			if g.from == g.to {
				return 0, g.err
			}
			return 0, io.ErrShortBuffer
		}
		copy(g.in, g.in[g.from:g.to])
		g.to -= g.from
		g.from = 0
		var got int
		got, g.err = g.src.Read(g.in[g.to:])
		g.to += got
	}
}

// decode writes as much of src as fits and returns bytes written and consumed.
// A character cut off at the end waits for more, unless nothing follows.
func (g *gb18030) decode(dst, src []byte, last bool) (w, n int) {
	for n < len(src) && len(dst)-w >= utf8.UTFMax {
		b := src[n]
		if b < utf8.RuneSelf {
			dst[w] = b
			w, n = w+1, n+1
			continue
		}
		r, size := g.char(src[n:])
		if size == 0 && !last {
			break
		}
		n += max(size, 1)
		w += utf8.EncodeRune(dst[w:], r)
	}
	return w, n
}

// char decodes one character that does not start with ASCII. Size 0 means
// that the bytes end inside it.
func (g *gb18030) char(b []byte) (r rune, size int) {
	if b[0] == 0x80 {
		return '€', 1 // not of the standard, but what code page 936 writes
	}
	if b[0] < leadLow || b[0] > leadHigh {
		return utf8.RuneError, 1
	}
	if len(b) < 2 {
		return utf8.RuneError, 0
	}
	switch t := b[1]; {
	case t >= 0x40 && t != 0x7F && t != 0xFF:
		return g.table[int(b[0]-leadLow)*trails+int(t)-0x40], 2
	case t < 0x30 || t > 0x39:
		return utf8.RuneError, 1 // the second byte may be a quote or a line end: keep it
	}
	if len(b) < 3 {
		return utf8.RuneError, 0
	}
	if b[2] < leadLow || b[2] > leadHigh {
		return utf8.RuneError, 1
	}
	if len(b) < 4 {
		return utf8.RuneError, 0
	}
	if b[3] < 0x30 || b[3] > 0x39 {
		return utf8.RuneError, 1
	}
	if g.four == nil {
		g.four = simplifiedchinese.GB18030.NewDecoder().Transformer
	}
	var out [8]byte
	g.four.Reset()
	n, _, err := g.four.Transform(out[:], b[:4], true)
	v, k := utf8.DecodeRune(out[:n])
	if err != nil || k != n {
		return utf8.RuneError, 4
	}
	return v, 4
}

// AppendGB18030 appends the UTF-8 of src to dst.
func AppendGB18030(dst, src []byte) []byte {
	g := gb18030{table: pairs()}
	for n := 0; n < len(src); {
		if src[n] < utf8.RuneSelf {
			dst = append(dst, src[n])
			n++
			continue
		}
		r, size := g.char(src[n:])
		n += max(size, 1)
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}
