package sql

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"rongtong/connectors/conntest"
	"rongtong/connectors/database"
	"rongtong/connectors/database/dbtest"
)

// StartTypes has a column with a value of every row of the dialect's table.
func (w serverWorld) StartTypes(tb testing.TB) (conntest.Site, []conntest.Typed) {
	name, db, server := w.Fresh(tb)
	for _, q := range w.Prepare() {
		run(tb, db, q)
	}
	create, insert, fields, hex := dbtest.TypesTable(w.Values())
	run(tb, db, create)
	run(tb, db, fmt.Sprintf(insert, 1))
	var want []conntest.Typed
	for i, v := range w.Values() {
		want = append(want, conntest.Typed{Type: v.DDL + " " + v.Literal, Key: "1", Field: fmt.Sprintf("c%d", i), JSON: v.JSON})
	}
	text := w.declare(name, server.Addr(), "cursor: seq, hex: ["+hex+"]")
	text = strings.Replace(text, "no: text, opened: text, amount: number, note: text, changed: text", "seq: number, "+fields, 1)
	s := &serverSite{w: w, name: name, db: db, text: text, sys: conntest.Declare(tb, text), rows: 1}
	w.covers(tb, s)
	return s, want
}

// covers fails when a row of the dialect's table has a name that no value shows.
func (w serverWorld) covers(tb testing.TB, s *serverSite) {
	o, err := Kind().Open(context.Background(), s.sys)
	if err != nil {
		tb.Fatal(err)
	}
	defer o.Close()
	op := o.(*opened)
	table, err := database.Describe(context.Background(), op.Dialect, op.db, "", "event")
	if err != nil {
		tb.Fatal(err)
	}
	shown := w.NotHere()
	for _, c := range table.Columns {
		shown = append(shown, c.Base)
	}
	for _, t := range op.Types {
		for n := range strings.FieldsSeq(t.Names) {
			if n != "*" && !slices.Contains(shown, n) {
				tb.Errorf("no value shows the type %q of the table", n)
			}
		}
	}
}
