package world

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/emmansun/gmsm/sm3"
)

// The counties' rolls of community workers: the only stream about persons whose
// rows enter the theme, as pseudonyms. Whatever else it says of them (a
// religion, mobiles and numbers in the remarks) must stay outside.

// LedgerWorker is the stream of the rolls.
const LedgerWorker = "worker"

var ledgerWorkerColumns = []string{"岗位编号", "区划代码", "岗位类型", "姓名", "公民身份号码", "手机号", "任职起始", "备注", "宗教信仰"}

// Rules of citizen IDs.
const (
	ruleIDCheck  = "citizen_id.check_digit"
	ruleIDLength = "citizen_id.length"
)

// PseudonymKey is the key under which the pipeline must make the pseudonyms of
// community workers, version 1, for them to be those of the truth.
func (w *World) PseudonymKey() []byte {
	sum := sha256.Sum256([]byte("rongtong sandbox, key of purpose cw, seed " + strconv.FormatUint(w.Seed, 10)))
	return sum[:]
}

// pseudonym restates the definition: base32 of the first 128 bits of
// HMAC-SM3(key, "cw|" ‖ ID).
func (w *World) pseudonym(id string) string {
	m := hmac.New(sm3.New, w.PseudonymKey())
	m.Write([]byte("cw|" + id))
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(m.Sum(nil)[:16]))
}

type workerClaim struct {
	live      bool
	kind      string
	pid, name string // null: not said
	since     day
}

var wordsPost = map[string][]string{"community_worker": {"社区工作者"}, "village_party_secretary": {"村党组织书记", "村（社区）党组织书记"}}

func (w *World) ledgerWorker(v, d int, rec *Record) workerClaim {
	p := &w.villages[v]
	first := w.draw(forLedgerWorker, p.idx, 1000)
	c := workerClaim{live: true, kind: "community_worker", since: dayOf(2019, 1, 1) + day(first.n(2000))}
	if first.bp(3000) {
		c.kind = "village_party_secretary"
	}
	who := w.person(v, 3)
	r := w.draw(forLedgerWorker, p.idx, d)
	div := divisionDirt(&r, p.code)
	since := dateDirt(&r, c.since, dateDot)
	kind := codeDirt(&r, wordsPost[c.kind], "顾问")
	id := who.id
	switch k := r.n(10000); {
	case k < 40 && r.spoil(ruleIDCheck):
		at := strings.IndexByte("0123456789X", id[17])
		id = id[:17] + "0123456789X"[(at+4)%11:(at+4)%11+1]
	case k < 60 && r.spoil(ruleIDLength):
		id = id[:16]
	case k < 160:
		id, c.pid = pick(&r, []string{"", "无", "暂无"}), null
	case k < 400:
		id = fullWidth(id)
	case k < 500:
		id = strings.ToLower(id) + trailingSpaces
	case k < 800 && id[6:8] == "19": // the form until 1999, of those who may still have it
		id = id[:6] + id[8:17]
	}
	if c.pid != null {
		c.pid = w.pseudonym(who.id)
	}
	name := who.name
	first1, _ := utf8.DecodeRuneInString(name)
	c.name = string(first1) + "*"
	if r.bp(100) {
		name, c.name = pick(&r, []string{"", "暂无", "/"}), null
	}
	remark := ""
	switch k := r.n(10000); {
	case k < 200:
		remark = "联系电话" + who.phone
	case k < 300:
		remark = who.name + "，证件" + who.id
	case k < 1000:
		remark = "兼任网格员"
	}
	religion := ""
	if r.bp(100) {
		religion = "不详"
	}
	rec.reset("GW-"+p.code, div, kind, name, id, who.phone, since, remark, religion)
	finishLedger(&r, rec, d, 7)
	c.live = rec.Rule == ""
	return c
}

// workers passes over the rolls of a village: the latest claim stands.
func (t *tally) workers(v int) {
	w := t.w
	p := &w.villages[v]
	if !p.committee() {
		return
	}
	var last workerClaim
	for d := range Days {
		if !w.ledgerHas(forLedgerWorker, v, d) {
			continue
		}
		c := w.ledgerWorker(v, d, &t.rec)
		t.count(flowLedgerWorker)
		t.fed(c.live, w.counties[p.county].idx)
		if c.live {
			last = c
		}
	}
	if !last.live {
		return
	}
	version := "1"
	if last.pid == null {
		version = null
	}
	t.emit("workforce_post", p.code, "GW-"+p.code, last.since.String(), last.kind, p.code, last.pid, version, last.name)
}
