package demo

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/term"

	"rongtong/deploy/sandbox/world"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas"
)

// report prints the books, the indicators and the comparison, and says whether
// everything balances and equals the truth.
func (s *stage) report(ctx context.Context) (bool, error) {
	w := s.monitor.Warehouse()
	s.say("all records are in; peak memory of all processes %.2f GB; first rows after %.1f s; %d processes killed", gb(s.view.peak), s.view.first.Seconds(), s.kills.Load())
	balanced, err := s.books(ctx, w)
	if err != nil {
		return false, err
	}
	if err := s.rules(ctx, w); err != nil {
		return false, err
	}
	if err := s.indicators(ctx, w); err != nil {
		return false, err
	}
	same, err := s.compare(ctx, w)
	return balanced && same, err
}

// table prints rows under a head, aligned by terminal cells. The first column
// is text, the others are right-aligned.
func table(out io.Writer, head []string, rows [][]string) {
	widths := make([]int, len(head))
	for _, r := range append([][]string{head}, rows...) {
		for i, c := range r {
			widths[i] = max(widths[i], cells(c))
		}
	}
	for _, r := range append([][]string{head}, rows...) {
		var b strings.Builder
		for i, c := range r {
			gap := strings.Repeat(" ", widths[i]-cells(c))
			if i == 0 {
				b.WriteString("  " + c + gap)
			} else {
				b.WriteString("  " + gap + c)
			}
		}
		fmt.Fprintln(out, b.String())
	}
}

func (s *stage) books(ctx context.Context, w *warehouse.Warehouse) (bool, error) {
	rows, err := w.Query(ctx, `SELECT toString(tier), sum(received), sum(accepted), sum(quarantined), toInt64(sum(duplicate)), min(balanced)
		FROM ops.books GROUP BY tier`)
	if err != nil {
		return false, err
	}
	defer rows.Close()
	type book struct {
		received, accepted, quarantined uint64
		duplicate                       int64
	}
	got := map[string]book{}
	balanced := true
	for rows.Next() {
		var tier string
		var b book
		var ok bool
		if err := rows.Scan(&tier, &b.received, &b.accepted, &b.quarantined, &b.duplicate, &ok); err != nil {
			return false, err
		}
		got[tier] = b
		balanced = balanced && ok
	}
	if err := rows.Err(); err != nil {
		return false, err
	}
	delivered, err := s.delivered(ctx)
	if err != nil {
		return false, err
	}
	fmt.Fprintln(s.Out, "\n账目 Books: received = accepted + quarantined + duplicate. A row is one record in one flow.")
	var out [][]string
	var sum book
	var sent int64
	for _, t := range s.view.tiers {
		b := got[t.code]
		balanced = balanced && delivered[t.code] == int64(b.received)
		out = append(out, []string{t.zh + " " + t.en, fmt.Sprint(delivered[t.code]), fmt.Sprint(b.received), fmt.Sprint(b.accepted), fmt.Sprint(b.quarantined), fmt.Sprint(b.duplicate)})
		sum.received, sum.accepted, sum.quarantined, sum.duplicate = sum.received+b.received, sum.accepted+b.accepted, sum.quarantined+b.quarantined, sum.duplicate+b.duplicate
		sent += delivered[t.code]
	}
	out = append(out, []string{"合计 total", fmt.Sprint(sent), fmt.Sprint(sum.received), fmt.Sprint(sum.accepted), fmt.Sprint(sum.quarantined), fmt.Sprint(sum.duplicate)})
	table(s.Out, []string{"层级 tier", "delivered (connectors)", "received (Kafka)", "accepted (ClickHouse)", "quarantined", "duplicate"}, out)
	if balanced {
		fmt.Fprintln(s.Out, "  账平 the books balance: connectors, Kafka and ClickHouse counted the same.")
	} else {
		fmt.Fprintln(s.Out, "  账不平 THE BOOKS DO NOT BALANCE; see: SELECT * FROM ops.books WHERE NOT balanced")
	}
	return balanced, nil
}

// delivered is what the connectors say, per tier, in rows: records times flows.
func (s *stage) delivered(ctx context.Context) (map[string]int64, error) {
	st, err := s.monitor.Status(ctx)
	if err != nil {
		return nil, err
	}
	out := map[string]int64{}
	for _, x := range st.Streams {
		out[x.Tier] += x.Records * int64(x.Flows)
	}
	return out, nil
}

func (s *stage) rules(ctx context.Context, w *warehouse.Warehouse) error {
	rows, err := w.Query(ctx, `SELECT toString(rule), any(reason_zh), sumIf(quarantined, tier = 'P'), sumIf(quarantined, tier = 'C'),
		sumIf(quarantined, tier = 'X'), sumIf(quarantined, tier = 'T'), sumIf(quarantined, tier = 'V') FROM ops.books_by_rule GROUP BY rule ORDER BY sum(quarantined) DESC`)
	if err != nil {
		return err
	}
	defer rows.Close()
	var out [][]string
	for rows.Next() {
		var rule, reason string
		var n [5]uint64
		if err := rows.Scan(&rule, &reason, &n[0], &n[1], &n[2], &n[3], &n[4]); err != nil {
			return err
		}
		line := []string{rule + "  " + reason}
		for _, x := range n {
			line = append(line, fmt.Sprint(x))
		}
		out = append(out, line)
	}
	head := []string{"隔离原因 quarantined by rule"}
	for _, t := range s.view.tiers {
		head = append(head, t.zh)
	}
	fmt.Fprintln(s.Out)
	table(s.Out, head, out)
	return rows.Err()
}

func (s *stage) indicators(ctx context.Context, w *warehouse.Warehouse) error {
	fmt.Fprintln(s.Out, "\n指标 Indicators for the province and its cities (✓ meets the target, ✗ does not, ~ provisional: over 5 % of units without a value)")
	var head []string
	var targets []string
	head, targets = []string{"区划 division"}, []string{"目标 target"}
	var shown []*schemas.Indicator // those the truth knows; the others are in ads.indicator_value
	for _, i := range s.monitor.Indicators() {
		if slices.Contains(world.Known(), i.Indicator) {
			shown = append(shown, i)
		}
	}
	for _, i := range shown {
		head = append(head, i.Indicator)
		t := "–"
		if i.Target != nil {
			t = i.Target.Op + " " + trim(i.Target.Value)
			if !i.Target.Stated {
				t += "*"
			}
		}
		targets = append(targets, t)
	}
	at := map[string]int{}
	for i, h := range head {
		at[h] = i
	}
	rows, err := w.Query(ctx, `SELECT toString(division_code), any(division_name), groupArray((toString(indicator), ifNull(value, -1), ifNull(toInt8(met), -1), toInt8(provisional)))
		FROM ads.indicator_value WHERE as_of = ? AND tier IN ('P', 'C') AND (unit_tier = tier OR indicator != 'I-07-03') GROUP BY division_code ORDER BY division_code`, world.AsOf)
	if err != nil {
		return err
	}
	defer rows.Close()
	out := [][]string{targets}
	for rows.Next() {
		var code, name string
		var values [][]any
		if err := rows.Scan(&code, &name, &values); err != nil {
			return err
		}
		line := make([]string, len(head))
		line[0] = name
		for _, v := range values {
			if i, ok := at[v[0].(string)]; ok {
				line[i] = figure(v[1].(float64), v[2].(int8), v[3].(int8))
			}
		}
		out = append(out, line)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	table(s.Out, head, out)
	for _, i := range shown {
		fmt.Fprintf(s.Out, "  %s  %s %s (%s)\n", pad(i.Indicator, 9), i.Name.Zh, i.Name.En, i.Unit)
	}
	fmt.Fprintln(s.Out, "  * implied by the policy's words; the policy gave no number")
	if err := s.fiveTiers(ctx, w); err != nil {
		return err
	}
	return s.trend(ctx, w)
}

// trend prints the periods at which a figure of the province changed.
func (s *stage) trend(ctx context.Context, w *warehouse.Warehouse) error {
	const shown = "I-07-15"
	rows, err := w.Query(ctx, `SELECT period, assumeNotNull(value), assumeNotNull(n_missing), assumeNotNull(n_units) FROM ads.indicator_trend(indicator = '`+shown+`', division = '370000000000')
		WHERE value IS NOT NULL AND NOT running AND (value_before IS NULL OR value != value_before) ORDER BY as_of DESC LIMIT 6`)
	if err != nil {
		return err
	}
	defer rows.Close()
	fmt.Fprintf(s.Out, "\n  %s 各期 over the months, where it changed (ads.indicator_trend):\n", shown)
	for rows.Next() {
		var period string
		var value float64
		var missing, units uint64
		if err := rows.Scan(&period, &value, &missing, &units); err != nil {
			return err
		}
		fmt.Fprintf(s.Out, "    %s %6.2f %%  (%d of %d units without a value)\n", period, value, missing, units)
	}
	return rows.Err()
}

// fiveTiers prints I-07-03, which has a figure of its own at every tier.
func (s *stage) fiveTiers(ctx context.Context, w *warehouse.Warehouse) error {
	rows, err := w.Query(ctx, `SELECT toString(unit_tier), toFloat64(sum(numerator)), toFloat64(sum(denominator)) FROM ads.indicator_children(indicator = 'I-07-03', division = '', period = ?)
		GROUP BY unit_tier`, world.AsOf[:len("2006-01")])
	if err != nil {
		return err
	}
	defer rows.Close()
	got := map[string][2]float64{}
	for rows.Next() {
		var tier string
		var n, d float64
		if err := rows.Scan(&tier, &n, &d); err != nil {
			return err
		}
		got[tier] = [2]float64{n, d}
	}
	fmt.Fprintln(s.Out, "\n  I-07-03 五级数据融通率, of all divisions of each tier:")
	for _, t := range s.view.tiers {
		if v := got[t.code]; v[1] > 0 {
			fmt.Fprintf(s.Out, "    %s %6.2f %%  (%.0f of %.0f)\n", pad(t.zh+" "+t.en, 22), 100*v[0]/v[1], v[0], v[1])
		}
	}
	return rows.Err()
}

func figure(value float64, met, provisional int8) string {
	if value < 0 {
		return "–"
	}
	text := fmt.Sprintf("%.2f", value)
	if provisional == 1 {
		text += "~"
	}
	switch met {
	case 1:
		text += "✓"
	case 0:
		text += "✗"
	}
	return text
}

func trim(v float64) string { return strings.TrimSuffix(fmt.Sprintf("%.2f", v), ".00") }

// compare puts the warehouse beside the truth, which the simulation worked out
// without the pipeline's code.
func (s *stage) compare(ctx context.Context, w *warehouse.Warehouse) (bool, error) {
	began := time.Now()
	r, err := s.world.Compare(ctx, querier{w})
	if err != nil {
		return false, fmt.Errorf("comparing with the truth: %w", err)
	}
	fmt.Fprintf(s.Out, "\n与真值比对 Comparison with the truth (%.1f s): %d records in %d flows, %d fused rows value by value, %d indicator values; %d known personal identifiers searched for in %d columns\n",
		time.Since(began).Seconds(), r.Records, r.Flows, r.Rows, r.Figures, r.Canaries, r.TextColumns)
	fmt.Fprintf(s.Out, "  归并 recognised without a code: %d records of organisations and facilities, %d of them wrongly; %d pairs sent to review (rongtong review list).\n", r.Recognised, r.WrongMerges, r.Asked)
	if r.ExtraDuplicates > 0 {
		fmt.Fprintf(s.Out, "  %d records were pushed again after a crash and counted as duplicates; no row more came of them.\n", r.ExtraDuplicates)
	}
	const show = 20
	for i, d := range r.Differences {
		if i == show {
			fmt.Fprintf(s.Out, "  … and %d more\n", len(r.Differences)-show)
			break
		}
		fmt.Fprintln(s.Out, "  ✗", d)
	}
	if len(r.Differences) == 0 {
		fmt.Fprintln(s.Out, "  零差异 zero differences.")
	}
	return len(r.Differences) == 0, nil
}

// querier lets the simulation ask the warehouse in plain text.
type querier struct{ w *warehouse.Warehouse }

func (q querier) Query(ctx context.Context, sql string) ([][]string, error) {
	r, err := q.w.QueryFormat(ctx, sql, "TabSeparated")
	if err != nil {
		return nil, err
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	var out [][]string
	for line := range strings.Lines(string(b)) {
		out = append(out, strings.Split(strings.TrimSuffix(line, "\n"), "\t"))
	}
	return out, nil
}

var _ world.Querier = querier{}

// cities is the first query worth trying.
const cities = "SELECT division_name, round(value, 2) AS value, met FROM ads.indicator_children(indicator = 'I-13-14', division = '370000000000', period = '2025-12') ORDER BY value"

// whereNext tells where to look.
func (s *stage) whereNext() {
	page := s.page() + "#" + base64.StdEncoding.EncodeToString([]byte(cities)) // the page reads its first query from here
	bin := "bin/rongtong"
	fmt.Fprintf(s.Out, `
接下来 Where to look next (%.1f s so far)
  In a browser (read-only analyst, with a first query; press Run):
    %s
  In a shell:
    export RONGTONG_KAFKA=%s RONGTONG_WAREHOUSE='%s'
    %s status
    %s query "%s"
    %s query "SELECT name, name_src, name_rule, area_m2, area_m2_src FROM dwd.facility WHERE division_code LIKE '3705%%' LIMIT 5"
    %s rejects list
`, time.Since(s.began).Seconds(), page, s.engines.Kafka, s.engines.Warehouse, bin, bin, cities, bin, bin)
}

// page is the address of the query page. A person at a terminal gets it logged
// in; what may be a log gets no password.
func (s *stage) page() string {
	address, err := s.engines.AnalystPage()
	u, bad := url.Parse(address)
	if err != nil || bad != nil {
		return s.engines.Warehouse
	}
	if f, ok := s.Out.(*os.File); !ok || !term.IsTerminal(int(f.Fd())) {
		u.RawQuery = "user=analyst"
		fmt.Fprintf(s.Out, "\n  The password of the analyst is in %s\n", filepath.Join(s.Dir, "engines", "warehouse", "analyst.password"))
	}
	return u.String()
}
