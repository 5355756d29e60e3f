package text

import (
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/transform"

	"rongtong/connectors/files/table"
)

// TestGB18030Table holds our table against x/text: the same wherever that knows
// the character, and never U+FFFD for a code of the standard.
func TestGB18030Table(t *testing.T) {
	lostBefore, lostNow := 0, 0
	for lead := leadLow; lead <= leadHigh; lead++ {
		for trail := 0x40; trail <= 0xFE; trail++ {
			if trail == 0x7F {
				continue
			}
			code := []byte{byte(lead), byte(trail)}
			theirs, err := simplifiedchinese.GB18030.NewDecoder().Bytes(code)
			ours, _ := io.ReadAll(NewGB18030(bytes.NewReader(code)))
			if err != nil || !utf8.Valid(ours) || utf8.RuneCount(ours) != 1 {
				t.Fatalf("%x: %q, %v", code, ours, err)
			}
			if bytes.Contains(ours, []byte("\uFFFD")) {
				lostNow++
			}
			if bytes.Contains(theirs, []byte("\uFFFD")) {
				lostBefore++
			} else if !bytes.Equal(ours, theirs) {
				t.Errorf("%x: %q, x/text says %q", code, ours, theirs)
			}
		}
	}
	if lostBefore != 2067 || lostNow != 0 {
		t.Errorf("x/text loses %d codes, we lose %d; want 2067 and 0", lostBefore, lostNow)
	}
}

// TestGB18030FourBytes: every code of four bytes that x/text knows is the same
// character here.
func TestGB18030FourBytes(t *testing.T) {
	theirs := simplifiedchinese.GB18030.NewDecoder()
	var code, out [8]byte
	known := 0
	for n := range 126 * 10 * 126 * 10 {
		code[0], code[1], code[2], code[3] = byte(0x81+n/12600), byte(0x30+n/1260%10), byte(0x81+n/10%126), byte(0x30+n%10)
		theirs.Reset()
		w, _, err := theirs.Transform(out[:], code[:4], true)
		if r, size := utf8.DecodeRune(out[:w]); err != nil || r == utf8.RuneError || size != w {
			continue
		}
		known++
		if got := AppendGB18030(nil, code[:4]); !bytes.Equal(got, out[:w]) {
			t.Fatalf("%x: %q, x/text says %q", code[:4], got, out[:w])
		}
	}
	if known < 1_000_000 {
		t.Errorf("%d codes of four bytes are characters", known)
	}
}

// TestGB18030 holds characters that matter against the standard.
func TestGB18030(t *testing.T) {
	cases := map[string]string{
		"\x99\x32\xbd\x34": "𬜬", "\x96\x34\xbe\x34": "𣵦", "\xfe\x70": "䅟", "\x82\x35\x90\x37": "龴",
		"\xfe\x59": "\u9FB4", "\xa6\xd9": "\uFE10", "\xa6\xf3": "\uFE19", "\xaa\xa1": "\uE000", "\xfe\xfe": "\uE4C5", "\xa1\x40": "\uE4C6",
		"\xa8\xbc": "\u1E3F", "\xfe\x51": "\U00020087", "\xa2\xe3": "€", "\x84\x31\xa4\x37": "\uFFFD",
		"a\xb2": "a\uFFFD", "\xb2,": "\uFFFD,", "\xb2\"\n": "\uFFFD\"\n", "\xff\x80": "\uFFFD€",
		"\x81\x30": "\uFFFD0", "\x81\x30\x81": "\uFFFD0\uFFFD", "\x81\x30\x81a": "\uFFFD0乤", "\x81\x30\x81!": "\uFFFD0\uFFFD!", "\x80": "€", "\xfe\x39\xfe\x39": "\uFFFD",
		"\xc9\xbd\xb6\xab\xca\xa1": "山东省",
	}
	for in, want := range cases {
		for name, r := range map[string]io.Reader{"whole": strings.NewReader(in), "byte by byte": iotest.OneByteReader(strings.NewReader(in))} {
			got, err := io.ReadAll(NewGB18030(r))
			if err != nil || string(got) != want {
				t.Errorf("%x, %s: %q, want %q (%v)", in, name, got, want, err)
			}
		}
	}
}

func FuzzGB18030(f *testing.F) {
	for _, s := range []string{"山东\xfe\x59", "\x81\x30\x81\x30", "\xb2", "\x84\x31\xa4\x37", "a,\"b\"\n", "\x80"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		got, err := io.ReadAll(NewGB18030(bytes.NewReader(in)))
		if err != nil || !utf8.Valid(got) {
			t.Fatalf("%v, %q", err, got)
		}
		slow, err := io.ReadAll(NewGB18030(iotest.OneByteReader(bytes.NewReader(in))))
		if err != nil || !bytes.Equal(got, slow) {
			t.Fatalf("in pieces %q, whole %q (%v)", slow, got, err)
		}
		// ASCII that no multi-byte code can contain survives: quotes, commas, line ends.
		for _, c := range []byte("\",\n\r;\t") {
			if bytes.Count(in, []byte{c}) != bytes.Count(got, []byte{c}) {
				t.Fatalf("%q occurs %d times, %d after decoding", c, bytes.Count(in, []byte{c}), bytes.Count(got, []byte{c}))
			}
		}
		theirs, _, err := transform.Bytes(simplifiedchinese.GB18030.NewDecoder(), in)
		// x/text takes 81 3D 81 30 for a character, which is none: the second byte
		// of four is a digit. Where that matters we have the mark of what is lost.
		if err == nil && !bytes.Contains(theirs, []byte("\uFFFD")) && !bytes.Contains(got, []byte("\uFFFD")) && !bytes.Equal(got, theirs) {
			t.Fatalf("%q, x/text says %q", got, theirs)
		}
	})
}

// FuzzCSV holds our splitter against encoding/csv.
func FuzzCSV(f *testing.F) {
	for _, s := range []string{"a,b\n1,2\n", "\"a\r\nb\",c\r\n\r\n", "\"a\"\"b\"x,\"\n", "a\r", "\"a\"\r", "\uFEFFa,\n", "a\rb,\"c\rd\"\r\r\n", ",\n,"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		theirs := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(in, bom)))
		theirs.LazyQuotes, theirs.FieldsPerRecord, theirs.ReuseRecord = true, -1, true
		whole, pieces := NewCSV(bytes.NewReader(in), ',', false), NewCSV(iotest.OneByteReader(bytes.NewReader(in)), ',', false)
		for {
			got, err := whole.Next()
			piece, err2 := pieces.Next()
			if (err == nil) != (err2 == nil) {
				t.Fatalf("whole: %v, in pieces: %v", err, err2)
			}
			if table.AsBad(err) != nil {
				return // an open quote: encoding/csv takes it, we refuse the file
			}
			want, theirErr := theirs.Read()
			if (err == io.EOF) != errors.Is(theirErr, io.EOF) {
				t.Fatalf("our end %v, theirs %v", err, theirErr)
			}
			if err == io.EOF {
				return
			}
			no, _ := theirs.FieldPos(0)
			if got.No != no || piece.No != no {
				t.Fatalf("line %d, %d in pieces, want %d", got.No, piece.No, no)
			}
			if len(got.Cells) != len(want) || len(piece.Cells) != len(want) {
				t.Fatalf("line %d: %q, want %q", no, got.Cells, want)
			}
			for i, w := range want {
				if string(got.Cells[i]) != w || string(piece.Cells[i]) != w {
					t.Fatalf("line %d: %q, in pieces %q, want %q", no, got.Cells, piece.Cells, want)
				}
			}
		}
	})
}

// FuzzXML holds our tokenizer against encoding/xml where that accepts.
func FuzzXML(f *testing.F) {
	for _, s := range []string{"<a/>", `<?xml version="1.0"?><x:a b="1&gt;2" c='>'><!-- < -->t&amp;&#20013;<![CDATA[<]]></x:a>`, "<a><b></b>", "<a", "</a>"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		var texts, pieces strings.Builder
		scan := func(x *XML, b *strings.Builder) (tags int, err error) {
			for {
				if err := x.Next(); err != nil {
					return tags, err
				}
				switch x.Kind {
				case XMLText:
					b.Write(x.Text)
				case XMLStart:
					tags++
					x.Attr("b")
				}
			}
		}
		tags, err := scan(NewXML(bytes.NewReader(in)), &texts)
		tags2, err2 := scan(NewXML(iotest.OneByteReader(bytes.NewReader(in))), &pieces)
		if tags != tags2 || (err == io.EOF) != (err2 == io.EOF) || texts.String() != pieces.String() {
			t.Fatalf("in pieces: %d tags, %v; whole: %d tags, %v", tags2, err2, tags, err)
		}
		if bytes.Contains(in, []byte("<!")) || bytes.Contains(in, []byte("\r")) || err != io.EOF {
			return // declarations are refused on purpose, and encoding/xml rewrites line ends
		}
		d := xml.NewDecoder(bytes.NewReader(in))
		n := 0
		for {
			tok, err := d.Token()
			if err == io.EOF {
				break
			}
			if err != nil {
				return
			}
			if _, ok := tok.(xml.StartElement); ok {
				n++
			}
		}
		if n != tags {
			t.Fatalf("%d tags, encoding/xml says %d", tags, n)
		}
	})
}
