package control

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"
)

// TestDiscoverDatabase: a table whose columns are named by initials becomes a
// stream with key and cursor, and a flow into the entity they speak of, which
// the database's own rows pass; what cannot be completed is a comment.
func TestDiscoverDatabase(t *testing.T) {
	dir := t.TempDir()
	db, err := sql.Open("sqlite", filepath.Join(dir, "city.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, q := range []string{
		`CREATE TABLE jwh (zzbh TEXT PRIMARY KEY, xzqhdm TEXT, zzmc TEXT, tyshxydm TEXT, zzlx TEXT, clrq TEXT, fddbrsfzh TEXT, gxsj TEXT)`,
		`CREATE TABLE config (k TEXT PRIMARY KEY, v TEXT)`,
		`INSERT INTO config VALUES ('a', 'b'), ('c', 'd')`,
	} {
		if _, err := db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 20 {
		if _, err := db.Exec(`INSERT INTO jwh VALUES (?, ?, ?, '1137000000450218XQ', ?, '2012-03-05', '370102198001010018', ?)`, fmt.Sprintf("J%03d", i),
			fmt.Sprintf("3701020010%02d", i+1), fmt.Sprintf("某%d社区居民委员会", i), []string{"居委会", "村委会"}[i%2], fmt.Sprintf("2025-12-%02d 08:00:00", i+1)); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(dir, "city_civil.yaml")
	if err := os.WriteFile(file, []byte("connect: { kind: sql, driver: sqlite, path: '"+filepath.Join(dir, "city.db")+"' }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	looked := 0
	text, err := ConnectDiscover(context.Background(), Options{}, file, 20*time.Second, func(string, int) { looked++ })
	if err != nil {
		var problems *ProblemsError
		if errors.As(err, &problems) {
			for _, p := range problems.Problems {
				t.Log(p)
			}
		}
		t.Fatal(err)
	}
	for _, want := range []string{
		"key: [zzbh] # as the source declares it", "cursor: gxsj } # the name says", "- fddbrsfzh # ", "entity: organization # ",
		"division_code: { call: division, of: xzqhdm, system: nbs12 }", "uscc: { call: uscc, of: tyshxydm }",
		"org_kind: { call: codelist, of: zzlx, list: org_kind }", "established_on: { call: date, of: clrq }", "at: { call: time, of: gxsj }",
		"stream config: no theme entity",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the proposal lacks %q", want)
		}
	}
	if strings.Contains(text, "1980") || strings.Contains(text, "J001") || looked != 2 {
		t.Errorf("values are repeated, or %d streams were looked at", looked)
	}
	if t.Failed() {
		t.Log(text)
	}
	// What was proposed passes the check as a file of its own.
	overlay := filepath.Join(dir, "ours")
	if err := os.MkdirAll(filepath.Join(overlay, "systems"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(overlay, "systems", "city_civil.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	_, problems := Load(overlay)
	for _, p := range problems {
		t.Error(p)
	}
}

// TestMasked: no field of a sample shows who somebody is.
func TestMasked(t *testing.T) {
	s, err := Options{}.source("village_forms")
	if err != nil {
		t.Fatal(err)
	}
	st, _ := s.Streams.Get("measure")
	got := string(masked(&s.catalog.Personal, st.Value, []byte(`{"姓名":"张三丰","身份证号":"37010219800101001X","手机号":13800000001,"家庭住址":"济南市历下区某路1号","诊断":"x","n":1.50,"z":null,"备注":"13800000001"}`)))
	for _, secret := range []string{"三丰", "19800101", "13800000001", "某路", `"x"`} {
		if strings.Contains(got, secret) {
			t.Errorf("%q is shown in %s", secret, got)
		}
	}
	if !strings.Contains(got, `"n":1.50,"z":null`) {
		t.Errorf("other values changed: %s", got)
	}
}
