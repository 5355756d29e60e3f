package world

import (
	"iter"
	"strings"
)

// The counties' emergency bureaus: counts of supplies at two stock points of
// every township, written to a topic of Kafka as they are made.

// StockColumns are the names of a count's fields, in the order of Record.Wire.
var StockColumns = []string{"point", "item_code", "counted_on", "place", "quantity", "unit", "required", "mode", "expires_on", "keeper", "keeper_phone"}

// StockKey is how many of them, from the first, are the key.
const StockKey = 4

const stockPoints = 2

// stockItems are supplies by GB/T 38565-2020, with their usual unit.
var stockItems = []struct{ code, unit string }{{"1010101", "顶"}, {"1010203", "件"}, {"2030105", "台"}, {"3010102", "箱"}}

// Rules that the feed's contract has beside those of the theme database.
const (
	ruleContractOneOf    = "contract.one_of"
	ruleContractType     = "contract.type"
	ruleContractRequired = "contract.required"
	ruleContractUnknown  = "contract.unknown_field"
)

type stockClaim struct {
	live               bool
	point, item        string
	counted, expires   day
	quantity, required dec4
	unit, mode         string
}

var wordsStockMode = map[string]string{"physical": "实物储备", "agreement": "协议储备"}

// Stocks yields what a township's stock points report, in the order in which it
// is sent: a count, sometimes its correction, sometimes its withdrawal. Of a
// withdrawal only the key is on the wire.
func (w *World) Stocks(t int) iter.Seq[*Record] {
	return func(yield func(*Record) bool) {
		w.stocks(t, func(rec *Record, _ stockClaim, _ bool) bool { return yield(rec) })
	}
}

// stocks also says what the record claims, and whether it is the last of its thing.
func (w *World) stocks(t int, yield func(rec *Record, c stockClaim, last bool) bool) {
	var rec Record
	for k := range stockPoints * len(stockItems) {
		r := w.draw(forStock, w.townships[t].idx, k)
		c := w.stockCount(t, k, &r, &rec)
		corrected, withdrawn := r.bp(500) && c.live, r.bp(120) && c.live
		if !yield(&rec, c, !corrected && !withdrawn) {
			return
		}
		wire, at := append([]string(nil), rec.Wire...), rec.At
		if corrected {
			c.quantity += 10000
			wire[4] = c.quantity.String()
			rec.reset(wire...)
			rec.At = at + 86400_000
			if !yield(&rec, c, !withdrawn) {
				return
			}
		}
		if withdrawn {
			rec.reset(wire[:StockKey]...)
			rec.At, rec.Delete = at+2*86400_000, true
			if !yield(&rec, stockClaim{}, true) {
				return
			}
		}
	}
}

func (w *World) stockCount(t, k int, r *rng, rec *Record) stockClaim {
	p := &w.townships[t]
	item := stockItems[k%len(stockItems)]
	c := stockClaim{
		point: "CB-" + p.code[:9] + "-0" + itoa(1+k/len(stockItems)), item: item.code, unit: item.unit,
		counted: dayOf(2025, 11, r.in(1, 28)), expires: noDay, required: noDec, mode: "physical",
		quantity: dec4(r.in(0, 400)) * 10000,
	}
	var expires, required string
	if r.bp(5000) {
		c.expires = dayOf(r.in(2026, 2031), r.in(1, 12), r.in(1, 28))
		expires = c.expires.String()
	}
	if r.bp(8000) {
		c.required = dec4(r.in(1, 400)) * 10000
		required = c.required.String()
	}
	if r.bp(2500) {
		c.mode = "agreement"
	}
	place, quantity, unit, mode, extra := p.code, c.quantity.String(), c.unit, wordsStockMode[c.mode], false
	switch n := r.n(10000); {
	case n < 60 && r.spoil(ruleContractOneOf):
		mode = "库存"
	case n < 100 && r.spoil(ruleContractType):
		quantity = "若干"
	case n < 140 && r.spoil(ruleContractRequired):
		unit = ""
	case n < 160 && r.spoil(ruleContractUnknown):
		extra = true
	case n < 200 && r.spoil(ruleDivUnknown):
		place = p.code[:6] + "999000"
	}
	keeper := person{name: "无", phone: placeholderPhone}
	if p.to > p.from {
		keeper = w.person(p.from, 2)
	}
	rec.reset(c.point, c.item, c.counted.String(), place, quantity, unit, required, mode, expires, keeper.name, keeper.phone)
	rec.At, rec.Rule, rec.Extra = (firstDay+day(r.in(0, 6))).ms()+int64(r.in(8*3600, 18*3600))*1000, r.rule, extra
	if r.rule == "" && r.bp(200) {
		rec.Times = 2 // a producer that never saw the answer
	}
	c.live = r.rule == ""
	return c
}

// stock enters what a township's stock points report.
func (t *tally) stock(k int) {
	p := &t.w.townships[k]
	t.w.stocks(k, func(rec *Record, c stockClaim, last bool) bool {
		t.books[flowStock].add(rec.Rule, rec.Times)
		if last && c.live {
			t.emit("emergency_stock", p.code, c.point, c.item, c.counted.String(), p.code, c.quantity.String(), c.unit, c.required.String(), c.mode, c.expires.String())
		}
		return true
	})
}

// StockJSON is a record of the feed as it stands in a message, and its key. A
// nil value is a withdrawal.
func StockJSON(rec *Record) (key, value []byte) {
	key = appendObject(nil, StockColumns[:StockKey], rec.Wire[:StockKey])
	if rec.Delete {
		return key, nil
	}
	names, texts := StockColumns, rec.Wire
	if rec.Extra {
		names, texts = append(append([]string(nil), names...), "remark"), append(append([]string(nil), texts...), "x")
	}
	return key, appendObject(nil, names, texts)
}

// appendObject writes the fields that have a text. None of them needs escapes.
func appendObject(b []byte, names, texts []string) []byte {
	b = append(b, '{')
	for i, s := range texts {
		if s == "" {
			continue
		}
		if len(b) > 1 && b[len(b)-1] != '{' {
			b = append(b, ',')
		}
		b = append(b, '"')
		b = append(append(b, names[i]...), `":"`...)
		b = append(append(b, strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s)...), '"')
	}
	return append(b, '}')
}
