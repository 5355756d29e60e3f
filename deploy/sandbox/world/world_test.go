package world

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/cespare/xxhash/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
)

func small(t testing.TB, seed uint64) *World {
	t.Helper()
	w, err := New(seed, Small)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// delivered goes over what the sources hand out, the way a reader meets it:
// list by list, file by file, batch by batch.
func delivered(w *World, visit func(flow int, rec *Record, times int)) {
	var rec Record
	for i := range w.CommitteeRows() {
		w.Committee(i, &rec)
		visit(flowGateCommittee, &rec, rec.Times)
	}
	for i := range w.StationRows() {
		w.Station(i, &rec)
		visit(flowGateStation, &rec, rec.Times)
	}
	for i := range w.SmartRows() {
		w.Smart(i, &rec)
		visit(flowGateSmart, &rec, rec.Times)
	}
	for i := range w.SocialRows() {
		w.Social(i, &rec)
		visit(flowGateSocial, &rec, rec.Times)
	}
	for i := range w.Events() {
		w.Event(i, &rec)
		visit(flowEvent, &rec, rec.Times)
	}
	for i := range w.Reports() {
		if w.Report(i, &rec) {
			visit(flowReport, &rec, rec.Times)
		}
	}
	for c := range w.Counties() {
		for _, f := range w.LedgerFiles(c) {
			flow := map[string]int{LedgerCommittee: flowLedgerCommittee, LedgerFacility: flowLedgerFacility, LedgerHousehold: flowLedgerHouse, LedgerWorker: flowLedgerWorker, OfficeStation: flowOfficeStation}[f.Stream]
			for r := range w.LedgerRecords(f.Stream, c, f.Day) {
				visit(flow, r, r.Times)
			}
		}
	}
	for t := range w.Townships() {
		deliveredByTownship(w, t, visit)
	}
}

func deliveredByTownship(w *World, t int, visit func(flow int, rec *Record, times int)) {
	for r := range w.Stocks(t) {
		visit(flowStock, r, r.Times)
	}
	if _, _, ok := w.Workbook(t); ok {
		for r := range w.DrillRows(t) {
			visit(flowBookDrill, r, r.Times)
		}
		for r := range w.SocialBookRows(t) {
			visit(flowBookSocial, r, r.Times)
		}
		for r := range w.FacilityRows(t) {
			visit(flowBookFacility, r, r.Times)
		}
		for r := range w.HouseholdRows(t) {
			visit(flowBookHouse, r, r.Times)
			second := *r
			second.Rule = r.Rule2
			visit(flowBookPeople, &second, r.Times)
		}
	}
	for i, stream := range []string{FormMeasure, FormFacility} {
		flow, times := flowFormMeasure+i, 1
		if w.BatchTwice(stream, t) {
			times = 2
		}
		for r := range w.Batch(stream, t) {
			visit(flow, r, times)
		}
	}
}

// TestExpectedIsWhatIsDelivered counts the deliveries as a reader would and
// compares with the books, which were made village by village.
func TestExpectedIsWhatIsDelivered(t *testing.T) {
	w := small(t, 3)
	got := flowNames
	delivered(w, func(flow int, rec *Record, times int) { got[flow].add(rec.Rule, times) })
	for flow := flowGateCommittee; flow < flowReceipt; flow++ {
		a, b := got[flow], w.Expected()[flow]
		if a.Records != b.Records || a.Accepted != b.Accepted || a.Duplicate != b.Duplicate || !maps.Equal(a.Quarantined, b.Quarantined) {
			t.Errorf("delivered %+v\nexpected %+v", a, b)
		}
		if b.Records == 0 || b.Records != b.Accepted+b.Duplicate+b.Refused() {
			t.Errorf("%s.%s does not balance, or is empty: %+v", b.System, b.Stream, b)
		}
	}
}

// digest is everything that the sources hand out, as one number.
func digest(w *World) uint64 {
	h := xxhash.New()
	delivered(w, func(flow int, rec *Record, times int) {
		fmt.Fprintf(h, "%d\x1e%d\x1e%d\x1e%s\x1e%t\x1e%d", flow, rec.At, times, rec.Rule, rec.Delete, rec.Broken)
		for _, s := range rec.Wire {
			_, _ = h.WriteString("\x1f")
			_, _ = h.WriteString(s)
		}
	})
	return h.Sum64()
}

func TestSameSeedSameBytes(t *testing.T) {
	a, b, c := digest(small(t, 1)), digest(small(t, 1)), digest(small(t, 2))
	if a != b {
		t.Error("one seed made two worlds")
	}
	if a == c {
		t.Error("two seeds made one world")
	}
	w := small(t, 1)
	f := w.LedgerFiles(2)[0]
	if !bytes.Equal(w.LedgerBytes(f), small(t, 1).LedgerBytes(f)) {
		t.Error("one seed made two files")
	}
	// A change here changes every world: raise sandbox.version with it.
	const golden = uint64(7164621428352842379)
	if a != golden {
		t.Errorf("the world of seed 1 has the digest %d, it was %d", a, golden)
	}
}

// TestFullCounts holds the whole province against the register.
func TestFullCounts(t *testing.T) {
	w, err := New(1, Full)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what      string
		got, want int
	}{
		{"cities", len(w.cities), 16}, {"counties", len(w.counties), 151}, {"counties in law", len(w.civil), 136},
		{"townships", len(w.townships), 1853}, {"villages", len(w.villages), 62074}, {"committees", len(w.committees), 6977 + 54974},
	} {
		if c.got != c.want {
			t.Errorf("%d %s, want %d", c.got, c.what, c.want)
		}
	}
	var records, refused, twice int64
	for _, b := range w.Expected() {
		records, refused, twice = records+b.Records, refused+b.Refused(), twice+b.Duplicate
	}
	if records < 2_900_000 || records > 3_300_000 {
		t.Errorf("%d records, want about 3 million", records)
	}
	if share := float64(refused) / float64(records); share < 0.005 || share > 0.03 {
		t.Errorf("%.2f %% of the records are refused", 100*share)
	}
	for v := range w.Indicators() {
		if v.ID == "I-12-07" && v.Tier == "P" {
			num, _ := strconv.ParseFloat(v.Num, 64)
			den, _ := strconv.ParseFloat(v.Den, 64)
			if x := 10000 * num / den; x < 17 || x > 20 || v.Units != 136 {
				t.Errorf("%.2f community workers per 10,000 in %d counties", x, v.Units)
			}
		}
	}
}

// TestEveryRuleOccurs: a rule that no record breaks would be checked by nothing.
func TestEveryRuleOccurs(t *testing.T) {
	w, err := New(1, Full)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, b := range w.Expected() {
		for rule := range b.Quarantined {
			seen[rule] = true
		}
	}
	for _, rule := range []string{ruleUSCCCheck, ruleUSCCLength, ruleUSCCCharset, ruleDivUnknown, ruleDivFormat, ruleDivVirtual, ruleDateRange, ruleDateTwoDigit,
		ruleNumber, ruleCode, ruleRequired, ruleAreaRange, ruleDirect, ruleTotal, ruleEncoding, ruleColumns, rulePeriod, ruleClosedBefore,
		ruleContractOneOf, ruleContractType, ruleContractRequired, ruleContractUnknown} {
		if !seen[rule] {
			t.Errorf("no record breaks %s", rule)
		}
	}
}

func TestFusedRowsAreTheChecksums(t *testing.T) {
	w := small(t, 5)
	for _, entity := range Entities {
		got := map[string]Checksum{}
		for r := range w.Fused(entity, "") {
			if len(r.Texts) != len(Columns(entity)) {
				t.Fatalf("%s: %d texts for %d columns", entity, len(r.Texts), len(Columns(entity)))
			}
			c := got[r.County]
			c.add([]byte(strings.Join(r.Texts, "\x1f")))
			got[r.County] = c
		}
		if want := w.FusedChecksums(entity); !maps.Equal(got, want) {
			t.Errorf("%s: rows and checksums disagree", entity)
		}
	}
}

func TestCreditCheck(t *testing.T) {
	for _, code := range []string{"1137000000450218XQ", "11370000MB284651XL", "91350100M000100Y43", "54370102MEA1234561", "55370102MEA123456X"} {
		if got := creditCheck(code[:17]); got != code[17] {
			t.Errorf("%s: check character %c", code, got)
		}
	}
}

func TestDateShapes(t *testing.T) {
	d := dayOf(2022, 1, 17)
	for shape, want := range []string{"2022-01-17", "2022/1/17", "2022.1.17", "2022年1月17日", "二〇二二年一月十七日", "20220117", "2022-01-17 00:00:00.0", "44578"} {
		if got := d.shape(shape); got != want {
			t.Errorf("shape %d is %s, want %s", shape, got, want)
		}
	}
	if got := dayOf(2020, 12, 31).shape(dateHanDigits); got != "二〇二〇年十二月三十一日" {
		t.Error(got)
	}
}

func TestAreaUnits(t *testing.T) {
	for _, c := range []struct {
		unit  areaUnit
		centi int64
		text  string
		area  string
	}{
		{unitMetre, 123450, "1234.5", "1234.5"}, {unitMu, 100000, "1.5", "1000"}, {unitMu, 66667, "1", "666.6667"},
		{unitHectare, 52000, "0.052", "520"}, {unitWan, 12340000, "12.34", "123400"},
	} {
		text, area := c.unit.write(c.centi)
		if text != c.text || area.String() != c.area {
			t.Errorf("%d in %s: %s is %s, want %s is %s", c.centi, unitWords[c.unit][0], text, area, c.text, c.area)
		}
	}
}

func TestLedgerBytesAreGB18030(t *testing.T) {
	w := small(t, 1)
	broken, rare := 0, 0
	for c := range w.Counties() {
		for _, f := range w.LedgerFiles(c) {
			data := w.LedgerBytes(f)
			want := 0
			for r := range w.LedgerRecords(f.Stream, c, f.Day) {
				if r.Broken > 0 {
					want += r.Times
				}
			}
			rare += bytes.Count(data, lostByText)
			text, err := simplifiedchinese.GB18030.NewDecoder().Bytes(bytes.ReplaceAll(data, lostByText, []byte("A")))
			if err != nil {
				t.Fatal(err)
			}
			if got := bytes.Count(text, []byte("\ufffd")); got != want {
				t.Errorf("%s: %d characters are lost, want %d", f.Name, got, want)
			}
			broken += want
		}
	}
	if broken == 0 || rare == 0 {
		t.Errorf("%d broken and %d rare characters: the files prove nothing", broken, rare)
	}
}

// fake is a warehouse that holds exactly the truth, or not quite.
type fake struct {
	w    *World
	edit func(sql string, rows [][]string) [][]string
}

func (f fake) Query(_ context.Context, sql string) ([][]string, error) {
	rows := f.rows(sql)
	if f.edit != nil {
		rows = f.edit(sql, rows)
	}
	return rows, nil
}

func (f fake) rows(sql string) (out [][]string) {
	n := func(x int64) string { return strconv.FormatInt(x, 10) }
	switch {
	case strings.Contains(sql, "FROM ods."):
		return nil // the streams that differ
	case strings.Contains(sql, "FROM ops.load"):
		for _, b := range f.w.Expected() {
			out = append(out, []string{b.System, b.Stream, b.Entity, n(b.Records)})
		}
	case strings.Contains(sql, "rule, count() FROM ops.reject"):
		for _, b := range f.w.Expected() {
			for rule, x := range b.Quarantined {
				out = append(out, []string{b.System, b.Stream, b.Entity, rule, n(x)})
			}
		}
	case strings.Contains(sql, "FROM std.") && strings.Contains(sql, "UNION ALL"):
		for _, b := range f.w.Expected() {
			out = append(out, []string{b.System, "in." + b.System + "." + b.Stream, b.Entity, n(b.Accepted)})
		}
	case strings.Contains(sql, "FROM ads.identity_match"):
		for key, code := range f.w.Identities().Same {
			out = append(out, []string{key, code})
		}
	case strings.Contains(sql, "FROM ads.identity_review"):
		for pair, why := range f.w.Identities().Ask {
			out = append(out, []string{pair[0], pair[1], why})
		}
	case strings.Contains(sql, "FROM dwd.return_receipt GROUP BY"):
		for d := range f.w.reg.All("") {
			if x := f.w.ReceiptOf(d.Code); x.Answers {
				status, proxy := "refused", "no"
				if x.Acked {
					status = "acked"
				}
				if x.ByProxy {
					proxy = "yes"
				}
				out = append(out, []string{"2025-12-31", status, proxy, "1"})
			}
		}
	case strings.Contains(sql, "AND tier != 'V'"):
		for v := range f.w.Indicators() {
			if v.Tier != "V" {
				out = append(out, []string{v.ID, v.UnitTier, v.Division, v.Num, v.Den, n(v.Missing), n(v.Units)})
			}
		}
	case strings.Contains(sql, "AND tier = 'V'"):
		return f.villages()
	case strings.Contains(sql, "system.columns"):
		return [][]string{{"ops", "reject", "row", "0"}, {"ops", "reject", "rule", "1"}}
	case strings.Contains(sql, "multiMatchAny"):
		return [][]string{{"0"}}
	default:
		return f.fused(sql)
	}
	return out
}

func (f fake) villages() (out [][]string) {
	sums := map[string]*Checksum{}
	for v := range f.w.Indicators() {
		if v.Tier == "V" {
			k := v.ID + " " + v.UnitTier
			if sums[k] == nil {
				sums[k] = &Checksum{}
			}
			sums[k].add([]byte(v.line()))
		}
	}
	for k, s := range sums {
		id, tier, _ := strings.Cut(k, " ")
		out = append(out, []string{id, tier, strconv.FormatInt(s.Rows, 10), strconv.FormatUint(s.Sum, 10)})
	}
	return out
}

func (f fake) fused(sql string) (out [][]string) {
	for _, entity := range Entities {
		if sql == ChecksumSQL(entity) {
			for county, s := range f.w.FusedChecksums(entity) {
				out = append(out, []string{county, strconv.FormatInt(s.Rows, 10), strconv.FormatUint(s.Sum, 10)})
			}
		}
		if county := f.w.CountyCode(0); sql == RowsSQL(entity, county) {
			for r := range f.w.Fused(entity, county) {
				out = append(out, []string{strings.Join(r.Texts, "\x1f")})
			}
		}
	}
	return out
}

// TestCompare shows that the comparison accepts the truth and catches each kind
// of untruth.
func TestCompare(t *testing.T) {
	w := small(t, 1)
	county := w.CountyCode(0)
	change := func(part string, edit func([][]string) [][]string) func(string, [][]string) [][]string {
		return func(sql string, rows [][]string) [][]string {
			if ods := strings.Contains(sql, "FROM ods."); strings.Contains(sql, part) && (part == "FROM ods.") == ods {
				return edit(rows)
			}
			return rows
		}
	}
	drop := func(rows [][]string) [][]string { return rows[1:] }
	for _, c := range []struct {
		name string
		edit func(string, [][]string) [][]string
		want string // part of the first sentence; empty: no difference
	}{
		{"the truth", nil, ""},
		{"records lost", change("FROM ops.load", func(r [][]string) [][]string { r[0][3] = "1"; return r }), "1 records received"},
		{"a refusal lost", change("rule, count() FROM ops.reject", drop), "records refused by"},
		{"claims lost", change("UNION ALL", drop), "claims accepted"},
		{"a record not kept", change("FROM ods.", func([][]string) [][]string {
			return [][]string{{"county_ledger", "organization", "9", "10", "1", "1"}}
		}), "9 records kept as received"},
		{"a receipt lost", change("FROM dwd.return_receipt GROUP", drop), "return flow"},
		{"a wrong merge", change("FROM ads.identity_match", func(r [][]string) [][]string { r[0][1] = "51"; return r }), "was taken for"},
		{"a merge missed", change("FROM ads.identity_match", drop), "was not recognised"},
		{"a question too many", change("FROM ads.identity_review", func(r [][]string) [][]string { return append(r, []string{"a", "b", "name_only"}) }), "a person is asked"},
		{"a question missed", change("FROM ads.identity_review", drop), "nobody is asked"},
		{"a fused value wrong", func(sql string, rows [][]string) [][]string {
			switch sql {
			case ChecksumSQL("facility"):
				for _, r := range rows {
					if r[0] == county {
						r[2] = "1"
					}
				}
			case RowsSQL("facility", county):
				texts := strings.Split(rows[0][0], "\x1f")
				texts[5] = "1"
				rows[0][0] = strings.Join(texts, "\x1f")
			}
			return rows
		}, "or other values"},
		{"a figure wrong", change("AND tier != 'V'", func(r [][]string) [][]string { r[0][3] += "0"; return r }), "numerator, denominator"},
		{"a figure too many", change("AND tier != 'V'", func(r [][]string) [][]string {
			return append(r, []string{"I-99", "X", "370000000000", "1", "1", "0", "1"})
		}), "should not be"},
		{"a village's figure wrong", change("AND tier = 'V'", func(r [][]string) [][]string { r[0][3] = "1"; return r }), "villages' figures"},
		{"personal data leaked", change("multiMatchAny", func([][]string) [][]string { return [][]string{{"2"}} }), "planted personal data"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := w.Compare(t.Context(), fake{w, c.edit})
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case c.want == "" && len(r.Differences) > 0:
				t.Errorf("differences: %q", r.Differences)
			case c.want != "" && !slices.ContainsFunc(r.Differences, func(s string) bool { return strings.Contains(s, c.want) }):
				t.Errorf("not caught: %q", r.Differences)
			}
			if c.name == "a fused value wrong" && !slices.ContainsFunc(r.Differences, func(s string) bool { return strings.Contains(s, `area_m2 is "1", expected`) }) {
				t.Errorf("not explained: %q", r.Differences)
			}
			if r.Rows == 0 || r.Flows == 0 || r.Figures == 0 {
				t.Errorf("nothing was compared: %+v", r)
			}
		})
	}
}

// TestPushedAgain: a batch sent once more after a crash adds duplicates and
// refusals, and is no difference; a claim more is.
func TestPushedAgain(t *testing.T) {
	w := small(t, 1)
	more := func(sql string, rows [][]string) [][]string {
		for _, r := range rows {
			if strings.Contains(sql, "FROM ops.load") && r[0] == Forms && r[1] == FormFacility {
				n, _ := strconv.Atoi(r[3])
				r[3] = strconv.Itoa(n + 30)
			}
		}
		return rows
	}
	r, err := w.Compare(t.Context(), fake{w, more})
	if err != nil || len(r.Differences) > 0 || r.ExtraDuplicates != 30 {
		t.Errorf("%v %d %q", err, r.ExtraDuplicates, r.Differences)
	}
}

func TestCanariesAreOnlyInDroppedFields(t *testing.T) {
	w := small(t, 1)
	dropped := map[int][]int{flowGateCommittee: {9, 10}, flowEvent: {9, 10, 11}, flowLedgerCommittee: {9, 10}, flowFormMeasure: {6, 7}, flowFormFacility: {8, 9}, flowStock: {9, 10},
		flowLedgerWorker: {3, 4, 5, 7}} // of which the landing step takes 3, 4 and 7
	canaries := map[string]bool{}
	for _, c := range w.Canaries() {
		canaries[c] = true
	}
	seen := map[string]bool{}
	delivered(w, func(flow int, rec *Record, _ int) {
		for i, s := range rec.Wire {
			if canaries[s] {
				seen[s] = true
				if !slices.Contains(dropped[flow], i) {
					t.Errorf("%s is in a field that is kept", flowNames[flow].Stream)
				}
			}
		}
	})
	if len(seen) < len(canaries)*9/10 {
		t.Errorf("only %d of %d are planted", len(seen), len(canaries))
	}
}

func BenchmarkExpectedSmall(b *testing.B) {
	for b.Loop() {
		small(b, 1).Expected()
	}
}
