package database

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	mssql "github.com/microsoft/go-mssqldb"
	"github.com/sijms/go-ora/v2/network"

	"rongtong/schemas/fault"
)

var update = flag.Bool("update", false, "write the golden files and the documentation anew")

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is not what the program makes; go test ./connectors/database -update writes it anew", path)
	}
}

// TestStatements: what each dialect is asked, including those that have no
// server here.
func TestStatements(t *testing.T) {
	for _, name := range Names() {
		d := Dialects[name]
		var b strings.Builder
		var fields []Field
		for _, typ := range d.Types {
			base := strings.Fields(typ.Names)[0]
			if base == "*" {
				base = "other"
			}
			f, err := d.Field(Column{Name: "c_" + base, Base: base, Type: base}, "", typ.Form == Binary)
			if err != nil {
				t.Fatal(err)
			}
			fields = append(fields, f)
		}
		at := func(o Order) *Field {
			for i := range fields {
				if fields[i].Order == o && fields[i].Kind.Form != Binary {
					return &fields[i]
				}
			}
			t.Fatalf("%s: no type orders as %d", name, o)
			return nil
		}
		changed := at(Words)
		if name != "sqlite" {
			changed = at(Times)
		}
		tail := []OrderBy{{changed, true}, {at(Whole), true}, {at(Words), false}}
		sel := d.From("s", `t"x]`, fields, tail)
		say := func(what, query string, args ...string) { fmt.Fprintf(&b, "-- %s %q\n%s\n\n", what, args, query) }
		q, args := sel.Page(Bounds{Order: tail}, 20001)
		say("first page", q, args...)
		q, args = sel.Page(Bounds{Order: tail, Lo: []string{"T", "7", "x"}}, 20001)
		say("next page", q, args...)
		q, args = sel.Page(Bounds{Order: tail, Lo: []string{"T1"}, Hi: []string{"T2"}, Closed: true}, 20001)
		say("window", q, args...)
		q, args = sel.Page(Bounds{Order: tail[1:], Lo: []string{"7", "x"}, Hi: []string{"9", "y"}}, 20001)
		say("range of the key", q, args...)
		q, args = sel.Boundary(Bounds{Order: tail[1:], Lo: []string{"7", "x"}}, 19999)
		say("boundary", q, args...)
		say("greatest", sel.Greatest(changed))
		say("nulls", sel.Nulls(changed))
		say("everything", sel.Everything())
		say("now", d.Now())
		q, args = d.catalog("s", "t")
		say("one table", q, args...)
		q, args = d.catalog("", "")
		say("all tables", q, args...)
		golden(t, filepath.Join("testdata", name+".sql"), b.String())
	}
}

// TestCharsetIsOfText: a declared charset changes how text columns are fetched,
// and nothing that the server makes text of.
func TestCharsetIsOfText(t *testing.T) {
	for _, name := range Names() {
		d := Dialects[name]
		expr := func(base, charset string) string {
			f, err := d.Field(Column{Name: "c", Base: base, Type: base}, charset, false)
			if err != nil {
				t.Fatal(err)
			}
			return f.expr
		}
		for _, typ := range d.Types {
			for base := range strings.FieldsSeq(typ.Names) {
				stored := d.raw != "" && slices.Contains(strings.Fields(d.stored), base)
				if changed := typ.Form != Binary && expr(base, "gb18030") != expr(base, ""); changed != stored {
					t.Errorf("%s: %s is fetched as %s", name, base, expr(base, "gb18030"))
				}
			}
		}
		if d.raw != "" && expr(strings.Fields(d.stored)[0], "gb18030") == expr(strings.Fields(d.stored)[0], "") {
			t.Errorf("%s: text is not fetched as bytes", name)
		}
	}
}

// TestClasses: what a person must mend is told from what time heals, by the
// codes of the servers.
func TestClasses(t *testing.T) {
	oracle := func(code int) error { return &network.OracleError{ErrCode: code} }
	server := func(number int32) error { return mssql.Error{Number: number} }
	for _, c := range []struct {
		d    *Dialect
		err  error
		want fault.Class
	}{
		{Oracle, oracle(1017), fault.Config}, {Oracle, oracle(28001), fault.Config}, {Oracle, oracle(904), fault.Config},
		{Oracle, oracle(942), fault.Transient}, {Oracle, oracle(12541), fault.Transient}, {Oracle, oracle(1555), fault.Transient},
		{Oracle, oracle(12514), fault.Config}, {Oracle, oracle(3113), fault.Transient},
		{SQLServer, server(18456), fault.Config}, {SQLServer, server(4060), fault.Config}, {SQLServer, server(208), fault.Transient},
		{SQLServer, server(207), fault.Config}, {SQLServer, server(1205), fault.Transient}, {SQLServer, server(229), fault.Config},
		{DM, errors.New("what the driver says"), fault.Unknown},
		{SQLServer, io.EOF, fault.Transient}, {Oracle, fmt.Errorf("reading: %w", io.EOF), fault.Transient},
	} {
		if got := fault.Of(c.d.Failure(t.Context(), c.err, "reading")); got != c.want {
			t.Errorf("%s: %v is %s, want %s", c.d.Name, c.err, got, c.want)
		}
		if errors.Is(c.d.Failure(t.Context(), c.err, "reading"), io.EOF) {
			t.Errorf("%s: a broken line looks like the end", c.d.Name)
		}
	}
}

// TestAddressKeepsItsPassword: nothing that prints an address, and no error of
// opening one, shows the password.
func TestAddressKeepsItsPassword(t *testing.T) {
	a := Address{Host: "db.example", Port: 1, Database: "d b'", User: "u'", Password: "canary p:@/%'", TLS: TLSPrefer, CA: "/nowhere"}
	for _, s := range []string{fmt.Sprint(a), fmt.Sprintf("%v %+v %#v %s", a, a, a, a)} {
		if strings.Contains(s, "canary") {
			t.Error("an address prints its password")
		}
	}
	for _, name := range Names() {
		for _, mode := range tlsModes {
			a.TLS = mode
			db, err := Dialects[name].Open(t.Context(), a)
			if err == nil {
				if name != "sqlite" {
					_, err = All(canceled(), db, "SELECT 1")
				}
				_ = db.Close()
			}
			if err != nil && strings.Contains(fmt.Sprintf("%v %+v", err, err), "canary") {
				t.Errorf("%s, tls %s: the error shows the password", name, mode)
			}
		}
	}
}

// TestValues: what turns the text of a server into what is delivered.
func TestValues(t *testing.T) {
	for _, c := range []struct {
		form     Form
		in, want string
	}{
		{Number, ".5", "0.5"}, {Number, "-.5", "-0.5"}, {Number, "NaN", "NaN"}, {Number, "1E+20", "1E+20"}, {Number, "", ""}, {Number, "-", "-"},
		{Truth, "t", "true"}, {Truth, "0", "false"}, {Truth, "maybe", "maybe"},
		{Instant, "2025-12-01 00:00:00.5+00", "2025-12-01T00:00:00.5Z"}, {Instant, "2025-12-01 00:00:00+00:00", "2025-12-01T00:00:00Z"},
		{Instant, "2025-12-01 08:00:00+08", "2025-12-01 08:00:00+08"}, {Instant, "2025-12-01T00:00:00.1230000Z", "2025-12-01T00:00:00.1230000Z"},
		{Instant, "infinity", "infinity"}, {Instant, "2025-12-01 10:00:00", "2025-12-01T10:00:00Z"}, {Instant, "2025-12-01 10:00:00.100", "2025-12-01T10:00:00.100Z"},
		{Local, "2020-00-00", "2020-00-00"}, {Local, "0000-00-00 00:00:00", "null"}, {Single, "0.10000000149011612", "0.1"},
	} {
		f := Field{Form: c.form}
		got := "null"
		if v := f.Value([]byte(c.in)); v != nil {
			got = string(v)
		}
		if got != c.want {
			t.Errorf("form %d: %q becomes %q, want %q", c.form, c.in, got, c.want)
		}
	}
}

// TestDocumentation: the page of types is what the tables say.
func TestDocumentation(t *testing.T) {
	golden(t, "../../docs/connectors-sql-types.md", TypesPage())
}

func FuzzValues(f *testing.F) {
	for _, s := range []string{"2025-12-01 00:00:00.5+00", "0000-00-00", "-.5", "t", "0.1", "\xbc\xc3"} {
		f.Add([]byte(s))
	}
	dec, _ := decoder("gb18030")
	f.Fuzz(func(t *testing.T, b []byte) {
		for form := Text; form <= Binary; form++ {
			field := Field{Form: form, dec: dec}
			field.Value(b)
		}
		_, _ = ParseTime(b, time.UTC)
	})
}

func canceled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}
