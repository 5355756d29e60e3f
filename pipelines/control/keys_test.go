package control

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rongtong/schemas/pii"
)

const workersLedger = `system: rk_workers
tier: X
name: { zh: 换钥测试名册, en: Roll of the re-keying test }
department: 测试
doc: Community workers whose pseudonyms change their key.
connect: { kind: folder, root: "ROOT" }
streams:
  worker:
    from: { path: 'worker_(?P<日期>\d{8})\.csv', format: csv, encoding: utf-8, header: [岗位编号, 区划代码, 姓名, 证件号码, 任职起始], at: { path: 日期 } }
    key: [岗位编号]
    fields: { 岗位编号: text, 区划代码: text, 姓名: text, 证件号码: text, 任职起始: text }
    identify: { 证件号码: { as: citizen_id, purpose: cw }, 姓名: person_name }
    landing: { days: 30 }
flows:
  - stream: worker
    entity: workforce_post
    set:
      post_id:            岗位编号
      spell_from:         { call: date, of: 任职起始 }
      post_kind:          { call: const, value: community_worker }
      division_code:      { call: division, of: 区划代码, system: nbs12 }
      holder_pid:         { call: pid, of: 证件号码 }
      holder_pid_version: { call: pid_version, of: 证件号码 }
      holder_masked:      姓名
    cases:
      - name: as it landed
        in:  { 岗位编号: P-1, 区划代码: "370102001002", 姓名: 张*, 证件号码: ptv7fhpcl4prtitstl4ekutsfu.1, 任职起始: "2025-03-01" }
        out: { holder_pid: ptv7fhpcl4prtitstl4ekutsfu, holder_pid_version: "1", holder_masked: 张* }
      - name: a number that is none
        in:     { 岗位编号: P-1, 区划代码: "370102001002", 姓名: 张*, 证件号码: "!citizen_id.check_digit:370****37", 任职起始: "2025-03-01" }
        reject: { field: holder_pid, rule: citizen_id.check_digit }
every: { cron: "@every 1s", zone: Asia/Shanghai }
`

// workerID is a valid number of a synthetic person.
func workerID(n int) string {
	id := fmt.Appendf(nil, "3701021980%02d%02d%03d", 1+n%12, 1+n/12%28, n%1000)
	return string(append(id, pii.CheckDigit(id)))
}

func workersCSV(from, to, bad int) []byte {
	var b strings.Builder
	b.WriteString("岗位编号,区划代码,姓名,证件号码,任职起始\n")
	for n := from; n < to; n++ {
		id := workerID(n)
		if n < from+bad {
			id = id[:17] + string("0123456789X"[(strings.IndexByte("0123456789X", id[17])+1)%11])
		}
		fmt.Fprintf(&b, "P-%d-%d,370102001002,张建国,%s,2025-03-01\n", from, n, id)
	}
	return []byte(b.String())
}

// TestRekey rotates the key while the pipeline is up, and takes the old
// pseudonyms over: afterwards a person has one pseudonym in every table.
func TestRekey(t *testing.T) {
	root := t.TempDir()
	put := func(name string, data []byte) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(root, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	put("worker_20250301.csv", workersCSV(0, 1000, 10))
	p := newPipeline(t, "rk_workers", strings.Replace(workersLedger, "ROOT", root, 1))
	p.Keys = filepath.Join(t.TempDir(), "keys.yaml")
	if _, err := NewKeys(p.Keys, []string{"cw"}); err != nil {
		t.Fatal(err)
	}
	stage := 0
	p.run(func() bool {
		switch n := p.loaded(); {
		case n == 1000 && stage == 0:
			// The same persons but ten, and two hundred more, under the new key.
			if _, err := RotateKeys(p.Keys, nil); err != nil {
				t.Error(err)
			}
			put("worker_20250401.csv", workersCSV(10, 1210, 10))
			stage = 1
		case n == 2200:
			return true
		}
		return false
	})
	persons := func() int64 {
		return p.number("(SELECT uniqExact(holder_pid) FROM std.workforce_post FINAL WHERE src_system = 'rk_workers')")
	}
	check := func(what string, got, want int64) {
		t.Helper()
		if got != want {
			t.Errorf("%s: got %d, want %d", what, got, want)
		}
	}
	// 990 under the first key; 1190 under the second, of which 980 are persons of the first.
	check("pseudonyms before", persons(), 990+1190)
	dry, err := RekeyPseudonyms(t.Context(), p.Options, true)
	if err != nil {
		t.Fatal(err)
	}
	check("persons that the dry run finds", dry.Persons, 1200)
	check("pseudonyms after the dry run", persons(), 990+1190)
	done, err := RekeyPseudonyms(t.Context(), p.Options, false)
	if err != nil {
		t.Fatal(err)
	}
	check("landed numbers", done.Landed, 990+1190)
	check("unreadable", done.Unreadable, 0)
	check("left behind", done.LeftBehind, 0)
	check("pseudonyms after", persons(), 1200)
	check("rows of the old version", p.number("(SELECT countIf(holder_pid_version != 2) FROM std.workforce_post FINAL WHERE src_system = 'rk_workers')"), 0)
	check("rows of the old version in ods", p.number("(SELECT countIf(endsWith(`证件号码`, '.1')) FROM ods.rk_workers__worker FINAL)"), 0)
	check("refused in ods", p.number("(SELECT countIf(startsWith(`证件号码`, '!citizen_id.check_digit:')) FROM ods.rk_workers__worker FINAL)"), 20)
	check("pairs of the crosswalk", p.number("(SELECT count() FROM ops.pid_crosswalk FINAL)"), 1200)
	again, err := RekeyPseudonyms(t.Context(), p.Options, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range again.Updated {
		check("changed the second time in "+u.Table, u.Changed, 0)
	}
	// A third key, and nothing in the landing area but what cannot be read: all stay behind, and it says so.
	lost := p.Options
	lost.Keys = filepath.Join(t.TempDir(), "lost.yaml")
	for range 3 {
		if _, err := os.Stat(lost.Keys); err != nil {
			if _, err := NewKeys(lost.Keys, []string{"cw"}); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if _, err := RotateKeys(lost.Keys, nil); err != nil {
			t.Fatal(err)
		}
	}
	r, err := RekeyPseudonyms(t.Context(), lost, false)
	if err != nil {
		t.Fatal(err)
	}
	check("unreadable with other keys", r.Unreadable, 990+1190)
	check("left behind with other keys", r.LeftBehind, p.number("(SELECT count() FROM std.workforce_post WHERE src_system = 'rk_workers')"))
}
