package sql

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"rongtong/connectors"
	"rongtong/connectors/conntest"
	"rongtong/connectors/database/dbtest"
	"rongtong/schemas"
	"rongtong/schemas/fault"
	"rongtong/schemas/record"
)

// The statements that a server may be asked about the table "event", in full: a
// statement that is not among them fails the test.
const (
	tdsDateTime = "CONVERT(varchar(27), CONVERT(datetime2(7), %s), 121)"
	tdsChanged  = "CONVERT(varchar(27), CONVERT(datetime2(7), t.[changed]), 121)"
	tdsColumns  = "t.[id], t.[no], CONVERT(varchar(10), t.[opened], 23), CONVERT(varchar(60), t.[amount]), t.[note], " + tdsChanged + ", " + tdsChanged + ", t.[id]"
	tdsPage     = "SELECT TOP (20001) " + tdsColumns + " FROM [event] t"
	tdsByKey    = " ORDER BY t.[id]"
	tdsByTime   = " ORDER BY t.[changed], t.[id]"

	tdsGreatest  = "SELECT CONVERT(varchar(27), CONVERT(datetime2(7), MAX(t.[changed])), 121) FROM [event] t"
	tdsFirst     = tdsPage + tdsByKey
	tdsNext      = tdsPage + " WHERE t.[id] > CONVERT(bigint, @p1)" + tdsByKey
	tdsRangeLo   = tdsPage + " WHERE t.[id] <= CONVERT(bigint, @p1)" + tdsByKey
	tdsRange     = tdsPage + " WHERE t.[id] > CONVERT(bigint, @p1) AND t.[id] <= CONVERT(bigint, @p2)" + tdsByKey
	tdsBoundary  = "SELECT t.[id] FROM [event] t ORDER BY t.[id] OFFSET 19999 ROWS FETCH NEXT 1 ROWS ONLY"
	tdsBoundary2 = "SELECT t.[id] FROM [event] t WHERE t.[id] > CONVERT(bigint, @p1) ORDER BY t.[id] OFFSET 19999 ROWS FETCH NEXT 1 ROWS ONLY"
	tdsOldest    = tdsPage + tdsByTime
	tdsSince     = tdsPage + " WHERE t.[changed] > CONVERT(datetime2(7), @p1, 121)" + tdsByTime
	tdsAfter     = tdsPage + " WHERE t.[changed] >= CONVERT(datetime2(7), @p1, 121) AND (t.[changed] > CONVERT(datetime2(7), @p2, 121)" +
		" OR t.[changed] = CONVERT(datetime2(7), @p3, 121) AND t.[id] > CONVERT(bigint, @p4))" + tdsByTime
	tdsWindow = "SELECT TOP (2147483647) " + tdsColumns + " FROM [event] t" +
		" WHERE t.[changed] >= CONVERT(datetime2(7), @p1, 121) AND t.[changed] <= CONVERT(datetime2(7), @p2, 121)" + tdsByTime
	tdsOne  = "SELECT TOP (1) " + tdsColumns + " FROM [event] t" + tdsByTime
	tdsKeys = "SELECT t.[id] FROM [event] t"
	tdsNow  = "SELECT CONVERT(varchar(33), SYSUTCDATETIME(), 126) + 'Z'"
)

var (
	tdsBig   = tdsColumn{id: tdsIntN, size: 8}
	tdsShort = func(n int) tdsColumn { return tdsColumn{tdsVarChar, n, tdsPRC} }
	tdsWide  = func(n int) tdsColumn { return tdsColumn{tdsNVarChar, n, tdsPRC} }

	tdsEventColumns = []tdsColumn{tdsBig, tdsWide(40), tdsShort(10), tdsShort(60), tdsWide(tdsMax), tdsShort(27), tdsShort(27), tdsBig}
	tdsCatalog      = []tdsColumn{tdsWide(256), tdsWide(256), tdsWide(256), tdsWide(256), tdsWide(256), tdsShort(30), {id: tdsIntN, size: 4}, tdsWide(8000), tdsWide(8000)}
)

// tdsEvent is a row of the table; its cursor is changed, to seven digits.
type tdsEvent struct {
	id                          int64
	no, opened, amount, changed string
	note                        any
}

const tdsTime = "2006-01-02 15:04:05.0000000"

var tdsEpoch = time.Date(2025, 12, 1, 8, 0, 0, 123456700, time.UTC)

// tdsEventOf makes row i. Three rows share each cursor value: a page may end
// between them.
func tdsEventOf(i int64) tdsEvent {
	e := tdsEvent{
		id: i, no: fmt.Sprintf("E%08d", i), opened: "2025-12-01", amount: fmt.Sprintf("%d.%04d", i/4, i%4*2500),
		changed: tdsEpoch.Add(time.Duration((i+1)/3) * time.Second).Format(tdsTime), note: fmt.Sprintf("一号网格 𠮷 %q", fmt.Sprint(i)),
	}
	switch i % 10 {
	case 0:
		e.note = nil
	case 5:
		e.note = ""
	}
	return e
}

// tdsWorld is the SQL connector against a server that speaks TDS and holds one
// table in memory.
type tdsWorld struct {
	from   string
	exempt map[string]string
}

func (tdsWorld) Kind() connectors.Kind { return Kind() }

type tdsSite struct {
	tb     testing.TB
	server *tdsServer
	proxy  *conntest.Proxy
	text   string
	sys    *schemas.System
	all    string // the catalogue's statement for all tables
	one    string // and for one

	mu      sync.Mutex
	rows    []tdsEvent
	next    int64
	asked   map[string]int // statements, by text
	instead func(tdsRequest) *tdsAnswer
}

// tdsCatalogue reads the catalogue's statement from the golden file of the dialect.
func tdsCatalogue(tb testing.TB) (all, one string) {
	tb.Helper()
	b, err := os.ReadFile("../database/testdata/sqlserver.sql")
	if err != nil {
		tb.Fatal(err)
	}
	_, all, ok := strings.Cut(string(b), "-- all tables []\n")
	if !ok {
		tb.Fatal("the golden file has no statement for all tables")
	}
	all = strings.TrimRight(all, "\n")
	return all, strings.Replace(all, "ORDER BY s.name", "AND s.name = SCHEMA_NAME() AND o.name = @p1 ORDER BY s.name", 1)
}

func (tdsWorld) declare(addr, from string) string {
	host, port, _ := net.SplitHostPort(addr)
	return fmt.Sprintf(`
connect: { kind: sql, driver: sqlserver, tls: "off", host: %s, port: %s, database: 市运行, user: reader, password: "${env:%s}" }
streams:
  event:
    from: { table: event, %s }
    key: [id]
    fields: { id: number, no: text, opened: text, amount: number, note: text, changed: text }
    drop: [phone]
`, host, port, dbtest.PasswordEnv, from)
}

func (w tdsWorld) start(tb testing.TB, n int64) *tdsSite {
	s := &tdsSite{tb: tb, next: n + 1, asked: map[string]int{}}
	for i := int64(1); i <= n; i++ {
		s.rows = append(s.rows, tdsEventOf(i))
	}
	s.all, s.one = tdsCatalogue(tb)
	s.server = newTDSServer(tb, dbtest.Password, s.answer)
	s.proxy = conntest.NewProxy(tb, s.server.addr())
	s.text = w.declare(s.proxy.Addr(), w.from)
	s.sys = conntest.Declare(tb, s.text)
	return s
}

func (w tdsWorld) Start(tb testing.TB) conntest.Site { return w.start(tb, serverRows) }

func (s *tdsSite) System() *schemas.System { return s.sys }
func (s *tdsSite) Stream() string          { return "event" }
func (s *tdsSite) Text() string            { return s.text }

func (s *tdsSite) Count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.rows)
}

// answer evaluates a statement over the table, with its parameters.
func (s *tdsSite) answer(req tdsRequest) tdsAnswer {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked[req.text]++
	if s.instead != nil {
		if a := s.instead(req); a != nil {
			return *a
		}
	}
	if want := strings.Count(req.text, "@p"); req.rpc != (want > 0) || want != len(req.args) {
		s.tb.Errorf("a statement with %d parameters came with %d, as an RPC: %v", want, len(req.args), req.rpc)
	}
	p := tdsParams{args: req.args}
	a := s.evaluate(req.text, &p)
	if p.err != nil {
		return tdsAnswer{err: p.err}
	}
	return a
}

func (s *tdsSite) evaluate(text string, p *tdsParams) tdsAnswer {
	everything := func(tdsEvent) bool { return true }
	switch text {
	case s.all:
		return s.catalogue("event")
	case s.one:
		return s.catalogue(p.args[0])
	case tdsGreatest:
		var top any
		for _, e := range s.rows {
			if top == nil || e.changed > top.(string) {
				top = e.changed
			}
		}
		return tdsAnswer{columns: []tdsColumn{tdsShort(27)}, rows: [][]any{{top}}}
	case tdsNow:
		return tdsAnswer{columns: []tdsColumn{tdsShort(34)}, rows: [][]any{{"2025-12-02T00:00:00.1234567Z"}}}
	case tdsKeys:
		a := tdsAnswer{columns: []tdsColumn{tdsBig}}
		for _, e := range s.rows {
			a.rows = append(a.rows, []any{e.id})
		}
		return a
	case tdsFirst:
		return s.page(20001, byID, everything)
	case tdsNext:
		lo := p.id(0)
		return s.page(20001, byID, func(e tdsEvent) bool { return e.id > lo })
	case tdsRangeLo:
		hi := p.id(0)
		return s.page(20001, byID, func(e tdsEvent) bool { return e.id <= hi })
	case tdsRange:
		lo, hi := p.id(0), p.id(1)
		return s.page(20001, byID, func(e tdsEvent) bool { return e.id > lo && e.id <= hi })
	case tdsBoundary:
		return s.boundary(everything)
	case tdsBoundary2:
		lo := p.id(0)
		return s.boundary(func(e tdsEvent) bool { return e.id > lo })
	case tdsOne:
		return s.page(1, byTime, everything)
	case tdsOldest:
		return s.page(20001, byTime, everything)
	case tdsSince:
		lo := p.time(0)
		return s.page(20001, byTime, func(e tdsEvent) bool { return e.changed > lo })
	case tdsAfter:
		a, b, c, id := p.time(0), p.time(1), p.time(2), p.id(3)
		return s.page(20001, byTime, func(e tdsEvent) bool {
			return e.changed >= a && (e.changed > b || e.changed == c && e.id > id)
		})
	case tdsWindow:
		lo, hi := p.time(0), p.time(1)
		return s.page(1<<31-1, byTime, func(e tdsEvent) bool { return e.changed >= lo && e.changed <= hi })
	}
	s.tb.Errorf("the server is asked what the dialect should not ask:\n%s", text)
	return tdsAnswer{err: &tdsError{102, 15, "Incorrect syntax."}}
}

func byID(a, b tdsEvent) int   { return cmp.Compare(a.id, b.id) }
func byTime(a, b tdsEvent) int { return cmp.Or(cmp.Compare(a.changed, b.changed), byID(a, b)) }

func (s *tdsSite) page(limit int, order func(a, b tdsEvent) int, keep func(tdsEvent) bool) tdsAnswer {
	found := s.where(order, keep)
	a := tdsAnswer{columns: tdsEventColumns}
	for _, e := range found[:min(limit, len(found))] {
		a.rows = append(a.rows, []any{e.id, e.no, e.opened, e.amount, e.note, e.changed, e.changed, e.id})
	}
	return a
}

func (s *tdsSite) boundary(keep func(tdsEvent) bool) tdsAnswer {
	a := tdsAnswer{columns: []tdsColumn{tdsBig}}
	if found := s.where(byID, keep); len(found) > 19999 {
		a.rows = [][]any{{found[19999].id}}
	}
	return a
}

func (s *tdsSite) where(order func(a, b tdsEvent) int, keep func(tdsEvent) bool) []tdsEvent {
	var found []tdsEvent
	for _, e := range s.rows {
		if keep(e) {
			found = append(found, e)
		}
	}
	slices.SortFunc(found, order)
	return found
}

func (s *tdsSite) catalogue(table string) tdsAnswer {
	a := tdsAnswer{columns: tdsCatalog}
	if table != "event" {
		return a
	}
	for _, c := range [][]any{
		{"id", "bigint", "bigint", "0", int64(1), "编号"}, {"no", "nvarchar", "nvarchar", "0", int64(0), ""}, {"opened", "date", "date", "1", int64(0), ""},
		{"amount", "decimal", "decimal(18,4)", "1", int64(0), ""}, {"note", "nvarchar", "nvarchar", "1", int64(0), ""},
		{"changed", "datetime2", "datetime2", "0", int64(0), ""}, {"phone", "varchar", "varchar", "1", int64(0), ""}, {"photo", "varbinary", "varbinary", "1", int64(0), ""},
	} {
		a.rows = append(a.rows, append(append([]any{"dbo", "event"}, c...), "事件"))
	}
	return a
}

// tdsParams are the parameters of a statement, converted as the server would.
type tdsParams struct {
	args []string
	err  *tdsError
}

func (p *tdsParams) id(i int) (n int64) {
	if _, err := fmt.Sscanf(p.args[i], "%d", &n); err != nil || fmt.Sprint(n) != p.args[i] {
		p.err = &tdsError{8114, 16, "Error converting data type nvarchar to bigint."}
	}
	return n
}

func (p *tdsParams) time(i int) string {
	t, err := time.Parse("2006-01-02 15:04:05.9999999", p.args[i])
	if err != nil {
		p.err = &tdsError{241, 16, "Conversion failed when converting date and/or time from character string."}
	}
	return t.Format(tdsTime)
}

func (s *tdsSite) Add(testing.TB) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range 7 {
		s.rows = append(s.rows, tdsEventOf(s.next))
		s.next++
	}
}

func (s *tdsSite) Update(testing.TB) []conntest.Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	var want []conntest.Event
	for _, id := range []int64{3, 4, 19999} {
		e := &s.rows[id-1]
		e.note, e.amount = "改了", "12345678901234.5678"
		e.changed = tdsEpoch.Add(24 * time.Hour).Format(tdsTime)
		want = append(want, conntest.Event{Key: fmt.Sprint(id), With: map[string]string{"note": `"改了"`, "amount": "12345678901234.5678", "changed": `"` + e.changed + `"`}})
	}
	return want
}

func (s *tdsSite) Delete(testing.TB) []conntest.Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rows = slices.DeleteFunc(s.rows, func(e tdsEvent) bool { return e.id == 7 || e.id == 20000 })
	with := map[string]string{"note": "null"}
	return []conntest.Event{{Key: "7", With: with}, {Key: "20000", With: with}}
}

func (s *tdsSite) Inject(_ testing.TB, t conntest.Trouble) conntest.Injected {
	const bytes = 20_000
	switch t {
	case conntest.Cut:
		return s.proxy.Cut(bytes)
	case conntest.Truncate:
		return s.proxy.Truncate(bytes)
	case conntest.Stall:
		return s.proxy.Stall(bytes)
	case conntest.Expire:
		s.accept("another")
		s.proxy.Drop()
		return conntest.Injected{Heal: func() { s.accept(dbtest.Password) }, Unaware: true}
	}
	return conntest.Injected{}
}

func (s *tdsSite) accept(password string) {
	s.server.mu.Lock()
	s.server.password = password
	s.server.mu.Unlock()
}

func (tdsWorld) Refused() []conntest.Refused {
	return serverWorld{&dbtest.Engine{Driver: "sqlserver"}, "cursor: changed"}.Refused()
}

func (w tdsWorld) Unfit(tb testing.TB) []conntest.Unfit {
	s := w.start(tb, 1)
	change := func(old, new string) *schemas.System {
		return conntest.Declare(tb, strings.Replace(s.text, old, new, 1))
	}
	return []conntest.Unfit{
		{Name: "a wrong password", System: change(dbtest.PasswordEnv, dbtest.WrongEnv), Class: fault.Config, Credential: true},
		{Name: "no such database", System: change("database: 市运行", "database: nowhere"), Class: fault.Config},
		{Name: "no such column", System: change("note: text", "note: text, extra: text"), Class: fault.Config},
		{Name: "no table yet", System: change("table: event", "table: events"), Class: fault.Transient},
		{Name: "nobody listens", System: conntest.Declare(tb, w.declare(dbtest.DeadAddr(tb), w.from)), Class: fault.Transient},
		{Name: "bytes are not delivered", System: change("note: text", "note: text, photo: text"), Class: fault.Config},
		{Name: "the server cannot encrypt", System: change(`tls: "off"`, "tls: require"), Class: fault.Config},
	}
}

func (w tdsWorld) Exempt() map[string]string { return w.exempt }

func TestTDS(t *testing.T) {
	conntest.Run(t, tdsWorld{"cursor: changed, deletes: true", map[string]string{
		"throttle": "databases do not ask to come back later",
		"million":  "the server is in this process: its memory would be measured; PostgreSQL and MariaDB show it",
		"types":    "the server converts values to text, and this one is no SQL Server; TestTDSTypes shows how each form travels",
	}})
}

// TestTDSByCursor: the table read in the order of its cursor, whose values tie.
func TestTDSByCursor(t *testing.T) {
	exempt := map[string]string{}
	for _, c := range conntest.Checks() {
		exempt[c] = "shown by the world that reads by key"
	}
	for _, c := range []string{"everything", "resume", "later", "updates", "cut"} {
		delete(exempt, c)
	}
	conntest.Run(t, tdsWorld{"cursor: changed, snapshot: cursor", exempt})
}

// TestTDSParallel: ranges of the key deliver what one reader does, and every
// statement of both was asked.
func TestTDSParallel(t *testing.T) {
	one := tdsWorld{from: "cursor: changed"}.start(t, 40_500)
	many := tdsWorld{from: "cursor: changed, parallel: 3"}.start(t, 40_500)
	values := func(rows []gotRow) (out []string) {
		for _, r := range rows {
			out = append(out, r.value)
		}
		return out
	}
	a, b := values(rest(t, one.sys, nil)), values(rest(t, many.sys, nil))
	if len(a) != 40_500 || !slices.Equal(a, b) {
		t.Errorf("%d records one after the other, %d in ranges; want 40500, the same", len(a), len(b))
	}
	for s, want := range map[*tdsSite][]string{
		one:  {tdsGreatest, tdsFirst, tdsNext, tdsSince, tdsWindow},
		many: {tdsGreatest, tdsBoundary, tdsBoundary2, tdsRangeLo, tdsRange, tdsNext, tdsSince, tdsWindow},
	} {
		s.mu.Lock()
		for _, q := range want {
			if s.asked[q] == 0 {
				t.Errorf("never asked: %s", q)
			}
		}
		s.mu.Unlock()
	}
}

// TestTDSLogin: what the server is told of who asks, and what is said of a
// refusal.
func TestTDSLogin(t *testing.T) {
	s := tdsWorld{from: "cursor: changed"}.start(t, 3)
	if got := rest(t, s.sys, nil); len(got) != 3 || got[0].value !=
		`{"id":1,"no":"E00000001","opened":"2025-12-01","amount":0.2500,"note":"一号网格 𠮷 \"1\"","changed":"2025-12-01 08:00:00.1234567"}` {
		t.Errorf("read %+v", got)
	}
	want := tdsLogin{"0x74000004", "reader", dbtest.Password, "rongtong", "市运行"}
	s.server.mu.Lock()
	if len(s.server.logins) == 0 || s.server.logins[0] != want {
		t.Error("the login is not what is declared")
	}
	s.server.mu.Unlock()
	s.accept("another")
	var chunk record.Chunk
	_, err := open1(t, s.sys, nil).Read(context.Background(), &chunk)
	if !fault.Is(err, fault.Config) || !strings.Contains(fmt.Sprint(err), "Login failed") {
		t.Errorf("a refused login: class %s", fault.Of(err))
	}
	if strings.Contains(fmt.Sprintf("%v %+v", err, err), "canary") {
		t.Error("the error of a refused login shows the password")
	}
}

// TestTDSErrors: an error instead of a result, or after rows of it, has its
// class, and none of those rows is delivered.
func TestTDSErrors(t *testing.T) {
	for _, c := range []struct {
		number int32
		level  byte
		want   fault.Class
	}{
		// 208: a table that is not there yet, as everywhere; a wrong name is found by the catalogue first.
		{1205, 13, fault.Transient}, {208, 16, fault.Transient}, {229, 14, fault.Config}, {207, 16, fault.Config}, {601, 12, fault.Transient},
		{1222, 16, fault.Transient}, {8114, 16, fault.Config}, {596, 21, fault.Transient}, {922, 14, fault.Transient}, {824, 24, fault.Transient},
	} {
		for _, after := range []int{0, 5} {
			s := tdsWorld{from: "cursor: changed"}.start(t, 10)
			broken := true
			s.instead = func(req tdsRequest) *tdsAnswer {
				if !broken || req.text != tdsFirst {
					return nil
				}
				a := s.page(after, byID, func(tdsEvent) bool { return true })
				if after == 0 {
					a.columns = nil
				}
				a.err = &tdsError{c.number, c.level, "what the server says"}
				return &a
			}
			src := open1(t, s.sys, nil)
			var chunk record.Chunk
			pos, err := src.Read(context.Background(), &chunk)
			if !fault.Is(err, c.want) || pos != nil || !strings.Contains(fmt.Sprint(err), "what the server says") {
				t.Errorf("error %d after %d rows: position %v, class %s, want %s: %v", c.number, after, pos, fault.Of(err), c.want, err)
			}
			s.mu.Lock()
			broken = false
			s.mu.Unlock()
			if got := drain(t, src); len(got) != 10 {
				t.Errorf("error %d after %d rows, once it is over: %d records, want 10", c.number, after, len(got))
			}
		}
	}
}

// TestTDSCut: wherever in a result the line ends, with a reset or in good order,
// time heals it, and no row of it is delivered.
func TestTDSCut(t *testing.T) {
	s := tdsWorld{from: "cursor: changed"}.start(t, 40)
	for _, how := range []func(int64) conntest.Injected{s.proxy.Cut, s.proxy.Truncate} {
		for at := int64(2800); at < 6800; at += 37 {
			// The driver takes packets whole: what the end of one cuts is moved.
			s.mu.Lock()
			s.rows[0].note = strings.Repeat("长", int(at/37)*5%120)
			s.mu.Unlock()
			src := open1(t, s.sys, nil)
			in := how(at)
			var chunk record.Chunk
			_, err := src.Read(context.Background(), &chunk)
			in.Heal()
			if !fault.Is(err, fault.Transient) {
				t.Fatalf("cut after %d bytes: class %s: %v", at, fault.Of(err), err)
			}
			chunk.Reset()
			got := 0
			// A line that ends within a long value is taken for a good one by the
			// driver's pool: the next question may find it dead, which heals too.
			for tries := 0; got == 0 && tries < 2; tries++ {
				if _, err = src.Read(context.Background(), &chunk); err != nil && !fault.Is(err, fault.Transient) {
					t.Fatalf("cut after %d bytes, once it healed: class %s: %v", at, fault.Of(err), err)
				}
				got = len(chunk.Rows)
			}
			if got += len(drain(t, src)); got != 40 {
				t.Fatalf("cut after %d bytes, once it healed: %d records, want 40", at, got)
			}
		}
	}
}

// TestTDSCancel: a reader that is told to stop tells the server, and the
// connection serves the next question.
func TestTDSCancel(t *testing.T) {
	s := tdsWorld{from: "cursor: changed"}.start(t, 10)
	asked, held := make(chan struct{}), false
	s.instead = func(req tdsRequest) *tdsAnswer {
		if req.text != tdsFirst || held {
			return nil
		}
		held = true
		return &tdsAnswer{hold: asked}
	}
	src := open1(t, s.sys, nil)
	ctx, cancel := context.WithCancel(context.Background())
	go func() { <-asked; cancel() }()
	var chunk record.Chunk
	if _, err := src.Read(ctx, &chunk); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled Read: %v", err)
	}
	if got := drain(t, src); len(got) != 10 {
		t.Errorf("after it: %d records, want 10", len(got))
	}
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	if s.server.attentions != 1 || len(s.server.logins) != 1 {
		t.Errorf("%d attentions, %d logins; want one of each", s.server.attentions, len(s.server.logins))
	}
}

// TestTDSTypes: each form in which a type of the dialect's table travels, and
// what is delivered of it. That the server converts as the statement asks is not
// shown.
func TestTDSTypes(t *testing.T) {
	gbk := []byte("\xbc\xc3\xc4\xcf") // 济南
	types := []struct {
		base, sel string // sel: %s is the column
		column    tdsColumn
		value     any
		as, want  string
	}{
		{"tinyint", "%s", tdsColumn{id: tdsIntN, size: 1}, int64(255), "number", "255"},
		{"smallint", "%s", tdsColumn{id: tdsIntN, size: 2}, int64(-32768), "number", "-32768"},
		{"int", "%s", tdsColumn{id: tdsIntN, size: 4}, int64(-2147483648), "number", "-2147483648"},
		{"bigint", "%s", tdsBig, int64(-9223372036854775808), "number", "-9223372036854775808"},
		{"bit", "%s", tdsColumn{id: tdsBitN, size: 1}, true, "bool", "true"},
		{"bit", "%s", tdsColumn{id: tdsBitN, size: 1}, false, "text", `"false"`},
		{"decimal", "CONVERT(varchar(60), %s)", tdsShort(60), "1234567890123456789012345678.0123456789", "number", "1234567890123456789012345678.0123456789"},
		{"money", "CONVERT(varchar(60), %s, 2)", tdsShort(60), "922337203685477.5807", "number", "922337203685477.5807"},
		{"float", "CONVERT(varchar(60), %s, 3)", tdsShort(60), "3.0000000000000004e-001", "number", "3.0000000000000004e-001"},
		{"date", "CONVERT(varchar(10), %s, 23)", tdsShort(10), "1988-07-01", "text", `"1988-07-01"`},
		{"datetime", tdsDateTime, tdsShort(27), "1988-07-01 12:00:00.0033333", "text", `"1988-07-01 12:00:00.0033333"`},
		{"datetimeoffset", "CONVERT(varchar(40), %s, 127)", tdsShort(40), "2025-12-01T00:00:00.123Z", "time", `"2025-12-01T00:00:00.123Z"`},
		{"time", "CONVERT(varchar(16), %s)", tdsShort(16), "08:00:00.5000000", "text", `"08:00:00.5000000"`},
		{"char", "%s", tdsColumn{tdsChar, 4, tdsPRC}, gbk, "text", `"济南"`},
		{"varchar", "%s", tdsColumn{tdsVarChar, 40, tdsPRC}, gbk, "text", `"济南"`},
		{"varchar", "%s", tdsColumn{tdsVarChar, tdsMax, tdsPRC}, gbk, "text", `"济南"`},
		{"varchar", "%s", tdsColumn{tdsVarChar, 40, tdsLatin}, []byte("caf\xe9"), "text", `"café"`},
		{"varchar", "%s", tdsColumn{tdsVarChar, 40, tdsPRC}, "", "text", `""`},
		{"varchar", "%s", tdsColumn{tdsVarChar, 40, tdsPRC}, []byte("\xe9\x46\x81\x40\xfe\x4f\x80"), "text", `"镕丂﨩€"`},
		{"nchar", "%s", tdsColumn{tdsNCh, 8, tdsPRC}, "𠮷  ", "text", `"𠮷  "`},
		{"nvarchar", "%s", tdsWide(40), "𠮷野家", "text", `"𠮷野家"`},
		{"nvarchar", "%s", tdsWide(tdsMax), strings.Repeat("㐀", 9000), "text", `"` + strings.Repeat("㐀", 9000) + `"`},
		{"nvarchar", "%s", tdsWide(tdsMax), nil, "text", "null"},
		{"text", "%s", tdsColumn{tdsText, 0, tdsPRC}, gbk, "text", `"济南"`},
		{"ntext", "%s", tdsColumn{tdsNText, 0, tdsPRC}, "𠮷", "text", `"𠮷"`},
		{"ntext", "%s", tdsColumn{tdsNText, 0, tdsPRC}, nil, "text", "null"},
		{"uniqueidentifier", "CONVERT(varchar(36), %s)", tdsShort(36), "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "text", `"A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11"`},
		{"xml", "CONVERT(nvarchar(max), %s)", tdsWide(tdsMax), "<区/>", "text", `"<区/>"`},
		{"rowversion", "CONVERT(bigint, %s)", tdsBig, int64(2001), "number", "2001"},
		{"varbinary", "LOWER(CONVERT(varchar(max), %s, 2))", tdsColumn{tdsVarChar, tdsMax, tdsPRC}, "00ff", "hex", `"00ff"`},
		{"hierarchyid", "CONVERT(nvarchar(max), %s)", tdsWide(tdsMax), "/1/", "text", `"/1/"`},
	}
	catalogue := tdsAnswer{columns: tdsCatalog, rows: [][]any{{"dbo", "event", "seq", "bigint", "bigint", "0", int64(1), "", ""}}}
	page := tdsAnswer{columns: []tdsColumn{tdsBig}, rows: [][]any{{int64(1)}, {int64(2)}}}
	sel, fields, hex := "t.[seq]", "seq: number", ""
	for i, c := range types {
		name := fmt.Sprintf("c%02d", i)
		catalogue.rows = append(catalogue.rows, []any{"dbo", "event", name, c.base, c.base, "1", int64(0), "", ""})
		page.columns = append(page.columns, c.column)
		page.rows[0], page.rows[1] = append(page.rows[0], c.value), append(page.rows[1], nil)
		sel += ", " + strings.ReplaceAll(c.sel, "%s", "t.["+name+"]")
		as := c.as
		if as == "hex" {
			hex, as = name, "text"
		}
		fields += ", " + name + ": " + as
	}
	page.columns = append(page.columns, tdsBig)
	page.rows[0], page.rows[1] = append(page.rows[0], int64(1)), append(page.rows[1], int64(2))
	w := tdsWorld{from: "cursor: seq, hex: [" + hex + "]"}
	s := w.start(t, 0)
	s.instead = func(req tdsRequest) *tdsAnswer {
		none := tdsAnswer{columns: page.columns}
		switch req.text {
		case s.one:
			return &catalogue
		case "SELECT MAX(t.[seq]) FROM [event] t":
			return &tdsAnswer{columns: []tdsColumn{tdsBig}, rows: [][]any{{int64(2)}}}
		case "SELECT TOP (20001) " + sel + ", t.[seq] FROM [event] t ORDER BY t.[seq]",
			"SELECT TOP (2147483647) " + sel + ", t.[seq] FROM [event] t WHERE t.[seq] >= CONVERT(bigint, @p1) AND t.[seq] <= CONVERT(bigint, @p2) ORDER BY t.[seq]":
			return &page
		case "SELECT TOP (20001) " + sel + ", t.[seq] FROM [event] t WHERE t.[seq] > CONVERT(bigint, @p1) ORDER BY t.[seq]":
			return &none
		}
		return nil
	}
	text := strings.Replace(s.text, "id: number, no: text, opened: text, amount: number, note: text, changed: text", fields, 1)
	text = strings.Replace(text, "key: [id]", "key: [seq]", 1)
	got := rest(t, conntest.Declare(t, text), nil)
	if len(got) != 2 {
		t.Fatalf("%d records, want 2", len(got))
	}
	for n, row := range got {
		var values map[string]json.RawMessage
		if err := json.Unmarshal([]byte(row.value), &values); err != nil {
			t.Fatal(err)
		}
		for i, c := range types {
			want := c.want
			if n == 1 {
				want = "null"
			}
			if v := string(values[fmt.Sprintf("c%02d", i)]); v != want {
				t.Errorf("row %d, %s as %+v became %.80s, want %.80s", n, c.base, c.column, v, want)
			}
		}
	}
}

// TestTDSCharset: a varchar whose collation says Latin 1 and that holds GBK is
// fetched as bytes; what the server makes text of, and what is Unicode in any
// database, is not.
func TestTDSCharset(t *testing.T) {
	s := tdsWorld{from: "cursor: id"}.start(t, 0)
	const page = " t.[id], CONVERT(varbinary(max), CONVERT(varchar(max), t.[name])), t.[no], CONVERT(varchar(10), t.[opened], 23), t.[id] FROM [event] t"
	s.instead = func(req tdsRequest) *tdsAnswer {
		a := tdsAnswer{columns: []tdsColumn{tdsBig, {id: tdsVarBinary, size: tdsMax}, tdsWide(40), tdsShort(10), tdsBig}}
		switch req.text {
		case s.one:
			a.columns = tdsCatalog
			for _, c := range [][]any{{"id", "bigint", "0", int64(1)}, {"name", "varchar", "1", int64(0)}, {"no", "nvarchar", "1", int64(0)}, {"opened", "date", "1", int64(0)}} {
				a.rows = append(a.rows, []any{"dbo", "event", c[0], c[1], c[1], c[2], c[3], "", ""})
			}
		case "SELECT MAX(t.[id]) FROM [event] t":
			a = tdsAnswer{columns: []tdsColumn{tdsBig}, rows: [][]any{{int64(2)}}}
		case "SELECT TOP (20001)" + page + " ORDER BY t.[id]",
			"SELECT TOP (2147483647)" + page + " WHERE t.[id] >= CONVERT(bigint, @p1) AND t.[id] <= CONVERT(bigint, @p2) ORDER BY t.[id]":
			a.rows = [][]any{{int64(1), []byte("\xbc\xc3\xc4\xcf"), "济南", "2025-12-01", int64(1)}, {int64(2), nil, nil, nil, int64(2)}}
		case "SELECT TOP (20001)" + page + " WHERE t.[id] > CONVERT(bigint, @p1) ORDER BY t.[id]":
		default:
			return nil
		}
		return &a
	}
	text := strings.Replace(s.text, "no: text, opened: text, amount: number, note: text, changed: text", "name: text, no: text, opened: text", 1)
	got := rest(t, conntest.Declare(t, strings.Replace(text, "user: reader", "charset: gb18030, user: reader", 1)), nil)
	if len(got) != 2 || got[0].value != `{"id":1,"name":"济南","no":"济南","opened":"2025-12-01"}` || got[1].value != `{"id":2,"name":null,"no":null,"opened":null}` {
		t.Errorf("read %+v", got)
	}
}
