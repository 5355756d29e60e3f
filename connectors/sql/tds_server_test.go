package sql

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"unicode/utf16"
)

// tdsServer speaks the server's side of MS-TDS 7.4 on loopback, without
// encryption: as much of it as a reader's driver makes use of. It has no SQL;
// answer says what a statement yields.
type tdsServer struct {
	tb       testing.TB
	listener net.Listener
	answer   func(tdsRequest) tdsAnswer
	wg       sync.WaitGroup

	mu         sync.Mutex
	logins     []tdsLogin
	password   string // that logins must have
	attentions int
	conns      map[net.Conn]bool
}

// tdsLogin is what a LOGIN7 message says (MS-TDS 2.2.6.4).
type tdsLogin struct{ version, user, password, app, database string }

// tdsRequest is a statement as it came: a SQL batch, or an RPC of sp_executesql
// with its parameters, all of which are nvarchar.
type tdsRequest struct {
	text string
	args []string
	rpc  bool
}

// tdsAnswer is a result, an error after as many rows as there are, or silence
// until the client asks to stop.
type tdsAnswer struct {
	columns []tdsColumn
	rows    [][]any // of nil, int64, bool, string and []byte
	err     *tdsError
	hold    chan<- struct{} // closed when the question has come
}

type tdsError struct {
	number int32
	class  byte
	text   string
}

// fatal errors end the session, and the connection with it.
func (e *tdsError) fatal() bool { return e.class >= 20 }

// tdsColumn is the TYPE_INFO of a column (MS-TDS 2.2.5.6).
type tdsColumn struct {
	id        byte
	size      int // 0xFFFF: sent in parts (PLP)
	collation [5]byte
}

// The types that the driver is sent.
const (
	tdsText, tdsNText, tdsIntN, tdsBitN                    = 0x23, 0x63, 0x26, 0x68
	tdsVarBinary, tdsVarChar, tdsChar, tdsNVarChar, tdsNCh = 0xA5, 0xA7, 0xAF, 0xE7, 0xEF
	tdsMax                                                 = 0xFFFF
)

// Collations: Chinese_PRC_CI_AS, whose varchar is of code page 936, and none.
var (
	tdsPRC   = [5]byte{0x04, 0x08, 0xD0, 0x00, 0x00}
	tdsLatin = [5]byte{0x09, 0x04, 0xD0, 0x00, 0x34}
)

func newTDSServer(tb testing.TB, password string, answer func(tdsRequest) tdsAnswer) *tdsServer {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	s := &tdsServer{tb: tb, listener: l, answer: answer, password: password, conns: map[net.Conn]bool{}}
	s.wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns[c] = true
			s.mu.Unlock()
			s.wg.Go(func() { s.serve(c) })
		}
	})
	tb.Cleanup(func() {
		l.Close()
		s.mu.Lock()
		for c := range s.conns {
			c.Close()
		}
		s.mu.Unlock()
		s.wg.Wait()
	})
	return s
}

func (s *tdsServer) addr() string { return s.listener.Addr().String() }

func (s *tdsServer) serve(c net.Conn) {
	defer func() {
		c.Close()
		s.mu.Lock()
		delete(s.conns, c)
		s.mu.Unlock()
	}()
	l := &tdsLine{r: bufio.NewReader(c), w: c}
	for {
		kind, body, err := l.receive()
		if err != nil {
			return
		}
		var out []byte
		switch kind {
		case 0x12:
			out = tdsPrelogin()
		case 0x10:
			var ok bool
			if out, ok = s.login(body); !ok {
				_ = l.send(out)
				return
			}
		case 0x01, 0x03:
			req, err := parseTDSRequest(kind, body)
			if err != nil {
				s.tb.Errorf("a request is not what MS-TDS says: %v", err)
				return
			}
			a := s.answer(req)
			if a.err != nil && a.err.fatal() {
				_ = l.send(a.tokens(req.rpc))
				return
			}
			if a.hold != nil {
				close(a.hold)
				continue // the next message is the attention
			}
			out = a.tokens(req.rpc)
		case 0x06:
			s.mu.Lock()
			s.attentions++
			s.mu.Unlock()
			out = tdsDone(nil, 0xFD, 0x20, 0)
		default:
			s.tb.Errorf("a message of type %#x", kind)
			return
		}
		if l.send(out) != nil {
			return
		}
	}
}

// tdsLine carries messages in packets of at most 4096 bytes (MS-TDS 2.2.3).
type tdsLine struct {
	r *bufio.Reader
	w io.Writer
}

func (l *tdsLine) receive() (kind byte, body []byte, err error) {
	for {
		var h [8]byte
		if _, err = io.ReadFull(l.r, h[:]); err != nil {
			return 0, nil, err
		}
		n := int(binary.BigEndian.Uint16(h[2:]))
		if n < len(h) {
			return 0, nil, fmt.Errorf("a packet of %d bytes", n)
		}
		part := make([]byte, n-len(h))
		if _, err = io.ReadFull(l.r, part); err != nil {
			return 0, nil, err
		}
		body = append(body, part...)
		if h[1]&1 != 0 {
			return h[0], body, nil
		}
	}
}

func (l *tdsLine) send(body []byte) error {
	const most = 4096 - 8
	w := bufio.NewWriterSize(l.w, 16<<10)
	for no := byte(1); ; no++ {
		part := body[:min(len(body), most)]
		body = body[len(part):]
		h := [8]byte{0x04, 0, 0, 0, 0, 51, no}
		if len(body) == 0 {
			h[1] = 1
		}
		binary.BigEndian.PutUint16(h[2:], uint16(len(h)+len(part)))
		if _, err := w.Write(append(h[:], part...)); err != nil {
			return err
		}
		if len(body) == 0 {
			return w.Flush()
		}
	}
}

// tdsPrelogin: version 11 (SQL Server 2012), no encryption (MS-TDS 2.2.6.5).
func tdsPrelogin() []byte {
	return []byte{
		0, 0, 11, 0, 6,
		1, 0, 17, 0, 1,
		0xFF,
		11, 0, 0x08, 0x34, 0, 0,
		2,
	}
}

func (s *tdsServer) login(b []byte) (out []byte, ok bool) {
	field := func(at int) []byte {
		from, n := int(binary.LittleEndian.Uint16(b[at:])), int(binary.LittleEndian.Uint16(b[at+2:]))
		return b[from : from+2*n]
	}
	secret := append([]byte(nil), field(44)...)
	for i, c := range secret { // MS-TDS 2.2.6.4: nibbles swapped, then XOR 0xA5
		c ^= 0xA5
		secret[i] = c<<4 | c>>4
	}
	l := tdsLogin{
		version: fmt.Sprintf("%#x", binary.LittleEndian.Uint32(b[4:])), user: fromUCS2(field(40)), password: fromUCS2(secret),
		app: fromUCS2(field(48)), database: fromUCS2(field(68)),
	}
	s.mu.Lock()
	s.logins = append(s.logins, l)
	good := s.password
	s.mu.Unlock()
	switch {
	case l.password != good:
		e := tdsError{18456, 14, "Login failed for user '" + l.user + "'."}
		return tdsDone(e.token(nil), 0xFD, 0x02, 0), false
	case l.database == "nowhere":
		e := tdsError{4060, 11, `Cannot open database "nowhere" requested by the login. The login failed.`}
		return tdsDone(e.token(nil), 0xFD, 0x02, 0), false
	}
	out = tdsEnv(nil, 1, tdsBText(l.database), tdsBText("master"))
	out = tdsEnv(out, 7, append([]byte{5}, tdsPRC[:]...), []byte{0})
	out = tdsEnv(out, 4, tdsBText("4096"), tdsBText("4096"))
	ack := append([]byte{1, 0x74, 0, 0, 4}, tdsBText("Microsoft SQL Server")...)
	ack = append(ack, 11, 0, 0x08, 0x34)
	out = append(binary.LittleEndian.AppendUint16(append(out, 0xAD), uint16(len(ack))), ack...)
	return tdsDone(out, 0xFD, 0, 0), true
}

func parseTDSRequest(kind byte, b []byte) (tdsRequest, error) {
	r := tdsReader{b: b}
	r.take(int(r.u32()) - 4) // ALL_HEADERS
	if kind == 0x01 {
		return tdsRequest{text: fromUCS2(r.b)}, r.err
	}
	if mark, proc := r.u16(), r.u16(); mark != 0xFFFF || proc != 10 {
		return tdsRequest{}, fmt.Errorf("an RPC of %d, want sp_executesql (10)", proc)
	}
	r.u16() // option flags
	req := tdsRequest{rpc: true}
	var names, decls []string
	for len(r.b) > 0 && r.err == nil {
		names = append(names, fromUCS2(r.take(2*int(r.u8()))))
		r.u8() // status
		v, decl := r.nvarchar()
		req.args, decls = append(req.args, v), append(decls, decl)
	}
	if r.err != nil || len(req.args) < 2 {
		return req, fmt.Errorf("an RPC of %d parameters: %w", len(req.args), r.err)
	}
	var want []string
	for i, d := range decls[2:] {
		want = append(want, fmt.Sprintf("@p%d %s", i+1, d))
		if names[i+2] != fmt.Sprintf("@p%d", i+1) {
			return req, fmt.Errorf("parameter %d is called %q", i+1, names[i+2])
		}
	}
	if req.args[1] != strings.Join(want, ",") {
		return req, fmt.Errorf("parameters %q are declared as %q", want, req.args[1])
	}
	req.text, req.args = req.args[0], req.args[2:]
	return req, nil
}

// tdsReader takes a message apart; err once it ends too early.
type tdsReader struct {
	b   []byte
	err error
}

func (r *tdsReader) take(n int) []byte {
	if n < 0 || n > len(r.b) {
		r.err, r.b = io.ErrUnexpectedEOF, nil
		return make([]byte, 8)
	}
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}

func (r *tdsReader) u8() byte    { return r.take(1)[0] }
func (r *tdsReader) u16() uint16 { return binary.LittleEndian.Uint16(r.take(2)) }
func (r *tdsReader) u32() uint32 { return binary.LittleEndian.Uint32(r.take(4)) }

// nvarchar is a parameter and its declaration.
func (r *tdsReader) nvarchar() (text, decl string) {
	if id := r.u8(); id != tdsNVarChar && r.err == nil {
		r.err = fmt.Errorf("a parameter of type %#x, not nvarchar", id)
		return "", ""
	}
	size := r.u16()
	r.take(5) // collation
	if size != tdsMax {
		return fromUCS2(r.take(int(r.u16()))), fmt.Sprintf("nvarchar(%d)", size/2)
	}
	r.take(8) // the length, or that it is not known
	var all []byte
	for n := r.u32(); n > 0 && r.err == nil; n = r.u32() {
		all = append(all, r.take(int(n))...)
	}
	return fromUCS2(all), "nvarchar(max)"
}

// tokens is the answer as a token stream (MS-TDS 2.2.7): of a batch with DONE,
// of an RPC with DONEINPROC, the return status and DONEPROC.
func (a *tdsAnswer) tokens(rpc bool) []byte {
	var b []byte
	if a.columns != nil {
		b = append(b, 0x81)
		b = binary.LittleEndian.AppendUint16(b, uint16(len(a.columns)))
		for _, c := range a.columns {
			b = c.describe(b)
		}
	}
	for i, row := range a.rows {
		b = a.row(b, row, i%2 == 0)
	}
	status := uint16(0x10) // the count is valid
	if a.err != nil {
		b, status = a.err.token(b), 0x02
		if a.err.fatal() {
			status |= 0x100
		}
	}
	n := uint64(len(a.rows))
	if !rpc {
		return tdsDone(b, 0xFD, status, n)
	}
	if a.err == nil {
		b = tdsDone(b, 0xFF, status|1, n)
		status = 0
	}
	b = append(b, 0x79, 0, 0, 0, 0)
	return tdsDone(b, 0xFE, status, 0)
}

func (c tdsColumn) describe(b []byte) []byte {
	b = append(b, 0, 0, 0, 0, 0x09, 0, c.id) // user type, flags: nullable, updatable
	switch c.id {
	case tdsIntN, tdsBitN:
		b = append(b, byte(c.size))
	case tdsText, tdsNText:
		b = binary.LittleEndian.AppendUint32(b, 0x7FFFFFFF)
		b = append(b, c.collation[:]...)
		b = append(b, 1)
		b = append(binary.LittleEndian.AppendUint16(b, 5), toUCS2("event")...)
	default:
		b = binary.LittleEndian.AppendUint16(b, uint16(c.size))
		if c.id != tdsVarBinary {
			b = append(b, c.collation[:]...)
		}
	}
	return append(b, 0) // an expression has no name
}

// row is a ROW, or an NBCROW, whose NULLs are bits before the values.
func (a *tdsAnswer) row(b []byte, row []any, compressed bool) []byte {
	if !compressed {
		b = append(b, 0xD1)
		for i, v := range row {
			b = a.columns[i].value(b, v)
		}
		return b
	}
	b = append(b, 0xD2)
	nulls := len(b)
	b = append(b, make([]byte, (len(row)+7)/8)...)
	for i, v := range row {
		if v == nil {
			b[nulls+i/8] |= 1 << (i % 8)
			continue
		}
		b = a.columns[i].value(b, v)
	}
	return b
}

func (c tdsColumn) value(b []byte, v any) []byte {
	raw := c.bytes(v)
	switch {
	case c.id == tdsIntN || c.id == tdsBitN:
		return append(append(b, byte(len(raw))), raw...)
	case (c.id == tdsText || c.id == tdsNText) && v == nil:
		return append(b, 0)
	case c.id == tdsText || c.id == tdsNText:
		b = append(append(b, 16), make([]byte, 16+8)...) // pointer, time stamp
		return append(binary.LittleEndian.AppendUint32(b, uint32(len(raw))), raw...)
	case c.size == tdsMax && v == nil:
		return binary.LittleEndian.AppendUint64(b, 1<<64-1)
	case c.size == tdsMax:
		b = binary.LittleEndian.AppendUint64(b, uint64(len(raw)))
		for half := (len(raw) + 1) / 2; len(raw) > 0; { // in parts, at any byte
			part := raw[:min(half, len(raw))]
			raw = raw[len(part):]
			b = append(binary.LittleEndian.AppendUint32(b, uint32(len(part))), part...)
		}
		return append(b, 0, 0, 0, 0)
	case v == nil:
		return append(b, 0xFF, 0xFF)
	}
	return append(binary.LittleEndian.AppendUint16(b, uint16(len(raw))), raw...)
}

func (c tdsColumn) bytes(v any) []byte {
	switch v := v.(type) {
	case int64:
		return binary.LittleEndian.AppendUint64(nil, uint64(v))[:c.size]
	case bool:
		if v {
			return []byte{1}
		}
		return []byte{0}
	case string:
		if c.id == tdsNVarChar || c.id == tdsNCh || c.id == tdsNText {
			return toUCS2(v)
		}
		return []byte(v)
	case []byte: // of a char or varchar: already in its code page
		return v
	}
	return nil
}

func (e *tdsError) token(b []byte) []byte {
	body := binary.LittleEndian.AppendUint32(nil, uint32(e.number))
	body = append(body, 1, e.class)
	text := toUCS2(e.text)
	body = append(binary.LittleEndian.AppendUint16(body, uint16(len(text)/2)), text...)
	body = append(append(body, tdsBText("COUNTY")...), tdsBText("")...)
	body = binary.LittleEndian.AppendUint32(body, 1)
	return append(binary.LittleEndian.AppendUint16(append(b, 0xAA), uint16(len(body))), body...)
}

func tdsDone(b []byte, token byte, status uint16, rows uint64) []byte {
	b = binary.LittleEndian.AppendUint16(append(b, token), status)
	return binary.LittleEndian.AppendUint64(append(b, 0xC1, 0), rows)
}

func tdsEnv(b []byte, kind byte, now, before []byte) []byte {
	b = binary.LittleEndian.AppendUint16(append(b, 0xE3), uint16(1+len(now)+len(before)))
	return append(append(append(b, kind), now...), before...)
}

// tdsBText is a B_VARCHAR: a length in one byte, in characters.
func tdsBText(s string) []byte {
	u := toUCS2(s)
	return append([]byte{byte(len(u) / 2)}, u...)
}

func toUCS2(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

func fromUCS2(b []byte) string {
	u := make([]uint16, len(b)/2)
	for i := range u {
		u[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(u))
}
