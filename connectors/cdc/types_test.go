package cdc

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"rongtong/connectors/conntest"
	"rongtong/connectors/database/dbtest"
)

func (w world) values() []dbtest.Value {
	var out []dbtest.Value
	for _, v := range w.Values() {
		if !v.NoLog {
			out = append(out, v)
		}
	}
	return out
}

// typesSite has a table with a value of every type.
func (w world) typesSite(tb testing.TB) (s *site, insert string) {
	name, db, server := w.Fresh(tb)
	for _, q := range w.Prepare() {
		dbtest.Run(tb, db, q)
	}
	create, insert, fields, hex := dbtest.TypesTable(w.values())
	dbtest.Run(tb, db, create)
	for _, q := range w.grant(name) {
		dbtest.Run(tb, db, q)
	}
	dbtest.Run(tb, db, fmt.Sprintf(insert, 1))
	text := strings.Replace(w.declare(name, server.Addr()), "at: changed", "hex: ["+hex+"]", 1)
	text = strings.Replace(text, "no: text, opened: text, amount: number, note: text, changed: text", "seq: number, "+fields, 1)
	return &site{w: w, name: name, db: db, text: text, sys: conntest.Declare(tb, text), rows: 1}, insert
}

// StartTypes shows the types as the snapshot delivers them.
func (w world) StartTypes(tb testing.TB) (conntest.Site, []conntest.Typed) {
	s, _ := w.typesSite(tb)
	var want []conntest.Typed
	for i, v := range w.values() {
		want = append(want, conntest.Typed{Type: v.DDL + " " + v.Literal, Key: "1", Field: fmt.Sprintf("c%d", i), JSON: v.JSON})
	}
	return s, want
}

// TestTypesOfTheLog: a value comes by the log as it comes by the snapshot.
func TestTypesOfTheLog(t *testing.T) {
	for _, w := range []world{postgresWorld, mariadbWorld} {
		t.Run(w.Driver, func(t *testing.T) {
			s, insert := w.typesSite(t)
			src := open(t, s.sys, nil)
			rest(t, src)
			dbtest.Run(t, s.db, fmt.Sprintf(insert, 2))
			rows := rest(t, src)
			if len(rows) != 1 {
				t.Fatalf("%d records", len(rows))
			}
			var got map[string]json.RawMessage
			if err := json.Unmarshal([]byte(rows[0].value), &got); err != nil {
				t.Fatal(err)
			}
			for i, v := range w.values() {
				if g := string(got[fmt.Sprintf("c%d", i)]); g != v.JSON {
					t.Errorf("%s %s came as %s, want %s", v.DDL, v.Literal, g, v.JSON)
				}
			}
		})
	}
}
