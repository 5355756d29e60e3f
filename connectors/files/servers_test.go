package files

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"rongtong/connectors"
	"rongtong/connectors/conntest"
	"rongtong/deploy/testservers"
	"rongtong/schemas/fault"
	"rongtong/schemas/record"
)

// TestFTPNames: a Windows server sends names in GBK; they are read, matched and
// asked for, folders too, by listings for programs and for people.
func TestFTPNames(t *testing.T) {
	srv := testservers.FTP(t)
	dir := ownFolder(t, srv.Files)
	put(t, filepath.Join(dir, string(gb(t, "历下区")), string(gb(t, "台账_1.csv"))), []byte("a\n1\n"), 0)
	put(t, filepath.Join(dir, "历城区", "台账 2.csv"), []byte("a\n2\n"), 0)
	for how, port := range map[string]int{"for programs": srv.Port, "for people": srv.Plain} {
		setenv(t, "TEST_FTP_PASSWORD", srv.Password)
		sys := conntest.Declare(t, fmt.Sprintf("connect: { kind: ftp, host: %q, port: %d, user: %s, password: '${env:TEST_FTP_PASSWORD}', root: %q }\n", srv.Host, port, srv.User, dir)+
			"streams:\n  s:\n    from: { path: '(?P<区>.*)/台账.*csv', format: csv, header: [a] }\n    key: [a]\n    fields: { a: text, 区: text }\n")
		got, _ := rows(t, open(t, kindOf("ftp"), sys, "s", nil))
		equal(t, got, `历下区/台账_1.csv:2 {"a":"1","区":"历下区"}`, `历城区/台账 2.csv:2 {"a":"2","区":"历城区"}`)
		if t.Failed() {
			t.Fatalf("by listings %s", how)
		}
	}
}

func s3System(t *testing.T, srv *testservers.S3Server, more string) *source {
	setenv(t, "TEST_S3_SECRET", srv.SecretKey)
	setenv(t, "TEST_S3_ACCESS", srv.AccessKey)
	sys := conntest.Declare(t, fmt.Sprintf("connect: { kind: s3, endpoint: %q, bucket: %s, access_key: '${env:TEST_S3_ACCESS}', secret_key: '${env:TEST_S3_SECRET}'%s }\n", srv.Endpoint, srv.Bucket, more)+
		"streams:\n  s:\n    from: { path: '.*csv', format: csv, header: [a] }\n    key: [a]\n    fields: { a: text }\n")
	return open(t, kindOf("s3"), sys, "s", nil)
}

// TestS3Pages: a listing of more objects than come in one answer.
func TestS3Pages(t *testing.T) {
	srv := testservers.S3(t)
	for i := range 2_300 {
		srv.Put(t, fmt.Sprintf("县 %d/%d+台账.csv", i%7, i), fmt.Appendf(nil, "a\n%d\n", i))
	}
	s := s3System(t, srv, "")
	if got, _ := rows(t, s); len(got) != 2_300 {
		t.Errorf("%d records of 2,300 objects", len(got))
	}
	srv.Put(t, "县 0/0+台账.csv", []byte("a\nx\n")) // the size is the same, the second perhaps too
	got, _ := rows(t, s)
	equal(t, got, `县 0/0+台账.csv:2 {"a":"x"}`)
}

// TestS3Root: only what lies below the root is listed.
func TestS3Root(t *testing.T) {
	srv := testservers.S3(t)
	srv.Put(t, "out/1.csv", []byte("a\n1\n"))
	srv.Put(t, "outside/2.csv", []byte("a\n2\n"))
	got, _ := rows(t, s3System(t, srv, ", root: /out/"))
	equal(t, got, `out/1.csv:2 {"a":"1"}`)
}

// TestSecretsStaySecret: whatever fails, no error repeats a secret.
func TestSecretsStaySecret(t *testing.T) {
	secrets := []string{"canary", "Rongtong+", "PRIVATE KEY"}
	for _, w := range []transport{sftpTransport, opensshTransport, ftpTransport("plain"), ftpTransport("explicit"), s3Transport} {
		for _, u := range w.unfit(t) {
			o, err := kindOf(w.kind).Open(t.Context(), u.System)
			if err == nil {
				err = o.Check(t.Context())
				o.Close()
			}
			if err == nil {
				t.Errorf("%s: %s: no error", w.kind, u.Name)
				continue
			}
			for _, s := range secrets {
				if strings.Contains(err.Error(), s) {
					t.Errorf("%s: %s: the error repeats a secret", w.kind, u.Name)
				}
			}
		}
	}
}

// TestOldWorkbooks: BIFF5 of Excel 95, in the code page of the country; and
// workbooks whose names say another format than they have.
func TestOldWorkbooks(t *testing.T) {
	var globals, sheet strings.Builder
	rec := func(b *strings.Builder, op uint16, data []byte) {
		b.Write(append(le(op, uint16(len(data))), data...))
	}
	text := func(row, col uint16, s string) []byte {
		g := gb(t, s)
		return append(le(row, col, uint16(0), uint16(len(g))), g...)
	}
	name := gb(t, "台账")
	at := 8 + 6 + (4 + 7 + len(name)) + 4 // where the sheet begins
	rec(&globals, 0x0809, le(uint16(0x0500), uint16(5)))
	rec(&globals, 0x0042, le(uint16(936)))
	rec(&globals, 0x0085, append(le(uint32(at), uint16(0), uint8(len(name))), name...))
	rec(&globals, 0x000A, nil)
	rec(&sheet, 0x0809, le(uint16(0x0500), uint16(0x10)))
	for i, s := range []string{"a", "名", "甲村", "1"} {
		rec(&sheet, 0x0204, text(uint16(i/2), uint16(i%2), s))
	}
	rec(&sheet, 0x000A, nil)
	dir := t.TempDir()
	if globals.Len() != at {
		t.Fatalf("the sheet begins at %d", globals.Len())
	}
	put(t, filepath.Join(dir, "x"), compound("Book", []byte(globals.String()+sheet.String())), 0)
	got, _ := rows(t, open(t, kindOf("folder"), formatStream(t, dir, `{ path: x, format: xls, sheet: 台账, header: [a, 名] }`, `{ a: text, 名: text }`), "s", nil))
	equal(t, got, `x!台账:2 {"a":"甲村","名":"1"}`)
	put(t, filepath.Join(dir, "y"), ledgerIn(t, "xlsx", "370102", 1, 0), 0)
	got, _ = rows(t, open(t, kindOf("folder"), formatStream(t, dir, `{ path: y, format: xls, sheet: s, header: [月份] }`, `{ 月份: text }`), "s", nil))
	equal(t, got, `y!s:2 {"月份":"2025-12"}`)
	put(t, filepath.Join(dir, "z"), []byte("<html><table><tr><td>a</td></tr></table></html>"), 0)
	got, _ = rows(t, open(t, kindOf("folder"), formatStream(t, dir, `{ path: z, format: xls, sheet: s, header: [月份] }`, `{ 月份: text }`), "s", nil))
	equal(t, got, `z file.unreadable {"月份":null}`)
}

// TestAllocations: what a row costs beyond its place and its share of the
// chunk, once the reader is warm.
func TestAllocations(t *testing.T) {
	const rows = 80_000
	for maker, limit := range map[string]float64{"csv": 1.2, "tsv": 1.2, "json": 1.2, "jsonl": 1.2, "xml": 1.2, "xlsx": 1.2, "dbf": 1.2, "parquet": 2.5} {
		dir := t.TempDir()
		put(t, filepath.Join(dir, "x"), ledgerIn(t, maker, "370102", rows, 0), 0)
		from := map[string]string{"xml": ", records: D.r", "xlsx": ", sheet: s"}[maker]
		sys := one(t, dir, `{ path: x, format: `+maker+from+`, header: [区划代码, 月份, 常住户数] }`, `{ 区划代码: text, 月份: text, 常住户数: text }`)
		sys.Streams[0].Value.Key = []string{"区划代码"}
		s := open(t, kindOf("folder"), sys, "s", nil)
		var c record.Chunk
		if _, err := s.Read(t.Context(), &c); err != nil { // opens and proves
			t.Fatal(err)
		}
		var src connectors.Source = s
		per := testing.AllocsPerRun(1, func() {
			c.Reset()
			if _, err := src.Read(context.Background(), &c); err != nil {
				t.Fatal(err)
			}
		})
		if per /= 20_000; per > limit {
			t.Errorf("%s: %.2f allocations a row, want at most %.1f", maker, per, limit)
		} else {
			t.Logf("%s: %.2f allocations a row", maker, per)
		}
	}
}

// TestSilentServers: a server that accepts and says nothing costs the timeout.
func TestSilentServers(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	setenv(t, "TEST_ANY", "x")
	for kind, connect := range map[string]string{
		"ftp": fmt.Sprintf("connect: { kind: ftp, host: %q, user: u, password: '${env:TEST_ANY}', timeout: 200ms }\n", l.Addr()),
		"s3":  fmt.Sprintf("connect: { kind: s3, endpoint: 'http://%s', bucket: bucket, timeout: 200ms }\n", l.Addr()),
	} {
		o, err := kindOf(kind).Open(t.Context(), conntest.Declare(t, connect+"streams: {}\n"))
		if err != nil {
			t.Fatal(err)
		}
		if err := o.Check(t.Context()); !fault.Is(err, fault.Transient) {
			t.Errorf("%s: a silent server gave %v", kind, err)
		}
		o.Close()
	}
}
