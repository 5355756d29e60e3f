package world

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// Querier runs a query in the warehouse and returns all rows as texts.
type Querier interface {
	Query(ctx context.Context, sql string) ([][]string, error)
}

// Report is the outcome of a comparison with the truth.
type Report struct {
	Differences []string `json:"differences"` // sentences; none is the goal

	Flows           int   `json:"flows"`   // books compared
	Records         int64 `json:"records"` // that they account for
	Rows            int64 `json:"rows"`    // fused rows compared, value by value through checksums
	Counties        int   `json:"counties"`
	Figures         int64 `json:"figures"`      // indicator values
	Recognised      int   `json:"recognised"`   // keys that became another's
	WrongMerges     int   `json:"wrong_merges"` // of them, those of two different things
	Asked           int   `json:"asked"`        // pairs that were sent to review
	Canaries        int   `json:"canaries"`
	TextColumns     int   `json:"text_columns"`     // searched for them
	ExtraDuplicates int64 `json:"extra_duplicates"` // pushed again after a crash: received more often than planned, no row more
}

func (r *Report) differ(format string, args ...any) {
	const most = 200
	if len(r.Differences) == most {
		r.Differences = append(r.Differences, "… and more")
	}
	if len(r.Differences) < most {
		r.Differences = append(r.Differences, fmt.Sprintf(format, args...))
	}
}

// comparer carries one comparison.
type comparer struct {
	Report
	w   *World
	q   Querier
	ctx context.Context
}

// Compare holds the warehouse against the truth: the books of every flow by
// rule, every fused row, every figure, and that no planted personal datum is
// anywhere. An error means that it could not be compared, not that it differs.
func (w *World) Compare(ctx context.Context, q Querier) (Report, error) {
	c := &comparer{w: w, q: q, ctx: ctx}
	for _, step := range []struct {
		what string
		run  func() error
	}{{"the books", c.books}, {"the records as received", c.kept}, {"the receipts", c.receipts}, {"what was recognised", c.identities}, {"the fused rows", c.fused}, {"the indicators", c.indicators}, {"the search for personal data", c.canaries}} {
		if err := step.run(); err != nil {
			return c.Report, fmt.Errorf("comparing %s with the truth: %w", step.what, err)
		}
	}
	return c.Report, nil
}

// counts runs a query whose last column is a number, and indexes it by the rest.
func (c *comparer) counts(sql string) (map[string]int64, error) {
	rows, err := c.q.Query(c.ctx, sql)
	if err != nil {
		return nil, err
	}
	out := map[string]int64{}
	for _, r := range rows {
		n, err := strconv.ParseInt(r[len(r)-1], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("reading a count: %w", err)
		}
		out[strings.Join(r[:len(r)-1], " ")] += n
	}
	return out, nil
}

// account is the expected books of one stream and entity: two flows of the
// same stream into the same entity are one, since the rows do not say which
// flow they came by.
type account struct {
	FlowBooks
	flows int
}

func (c *comparer) accounts() []*account {
	var out []*account
	for _, b := range c.w.Expected() {
		if b.System == Receipts {
			continue // their number follows from the rounds; see receipts
		}
		i := slices.IndexFunc(out, func(a *account) bool {
			return a.System == b.System && a.Stream == b.Stream && a.Entity == b.Entity
		})
		if i < 0 {
			out = append(out, &account{FlowBooks{System: b.System, Tier: b.Tier, Stream: b.Stream, Entity: b.Entity, Quarantined: map[string]int64{}}, 0})
			i = len(out) - 1
		}
		a := out[i]
		a.flows++
		a.Records += b.Records
		a.Accepted += b.Accepted
		a.Duplicate += b.Duplicate
		for rule, n := range b.Quarantined {
			a.Quarantined[rule] += n
		}
	}
	return out
}

func (c *comparer) books() error {
	received, err := c.counts("SELECT system, stream, entity, sum(received) FROM ops.load FINAL GROUP BY system, stream, entity")
	if err != nil {
		return err
	}
	refused, err := c.counts("SELECT system, stream, entity, rule, count() FROM ops.reject FINAL GROUP BY system, stream, entity, rule")
	if err != nil {
		return err
	}
	var parts []string
	for _, e := range Entities {
		parts = append(parts, "SELECT '"+e+"' AS entity, toString(src_system) AS system, toString(kafka_topic) AS topic, count() AS n FROM std."+e+" FINAL GROUP BY system, topic")
	}
	accepted, err := c.counts("SELECT system, topic, entity, n FROM (" + strings.Join(parts, " UNION ALL ") + ")")
	if err != nil {
		return err
	}
	for _, a := range c.accounts() {
		flow := a.System + " " + a.Stream + " " + a.Entity
		c.account(a, received[flow], accepted[a.System+" in."+a.System+"."+a.Stream+" "+a.Entity], refused)
	}
	return nil
}

// kept holds layer ods against the loaders' count: every record that was
// received is there once, refused or not.
func (c *comparer) kept() error {
	var parts []string
	seen := map[string]bool{}
	for _, a := range c.accounts() {
		if name := a.System + "__" + a.Stream; !seen[name] {
			seen[name] = true
			parts = append(parts, "SELECT '"+a.System+"' AS system, '"+a.Stream+"' AS stream, count() AS kept, countIf(_rejected > 0) AS refused FROM ods."+name+" FINAL")
		}
	}
	rows, err := c.q.Query(c.ctx, `SELECT k.system, k.stream, toString(k.kept), toString(l.received), toString(k.refused), toString(r.refused)
FROM (`+strings.Join(parts, " UNION ALL ")+`) AS k
LEFT JOIN (SELECT system, stream, max(n) AS received FROM (SELECT system, stream, flow, sum(received) AS n FROM ops.load FINAL GROUP BY ALL) GROUP BY ALL) AS l ON l.system = k.system AND l.stream = k.stream
LEFT JOIN (SELECT system, stream, uniqExact(topic, partition, offset) AS refused FROM ops.reject FINAL GROUP BY ALL) AS r ON r.system = k.system AND r.stream = k.stream
WHERE k.kept != l.received OR k.refused != r.refused`)
	for _, r := range rows {
		c.differ("%s.%s: %s records kept as received, the loaders received %s; %s marked as refused, %s were", r[0], r[1], r[2], r[3], r[4], r[5])
	}
	return err
}

func (c *comparer) account(a *account, received, accepted int64, refused map[string]int64) {
	name := a.System + "." + a.Stream + " → " + a.Entity
	c.Flows += a.flows
	c.Records += received
	extra := received - a.Records
	if a.System == Forms && extra > 0 {
		c.ExtraDuplicates += extra // a crash between delivery and note; the app sends again
	} else if extra != 0 {
		c.differ("%s: %d records received, the sources delivered %d", name, received, a.Records)
	}
	if accepted != a.Accepted {
		c.differ("%s: %d claims accepted, expected %d", name, accepted, a.Accepted)
	}
	var total int64
	prefix := a.System + " " + a.Stream + " " + a.Entity + " "
	rules := map[string]bool{}
	for rule := range a.Quarantined {
		rules[rule] = true
	}
	for key := range refused {
		if rule, ok := strings.CutPrefix(key, prefix); ok {
			rules[rule] = true
		}
	}
	for _, rule := range sorted(rules) {
		got, want := refused[prefix+rule], a.Quarantined[rule]
		total += got
		// a batch that was pushed once more had its refusals once more
		if got == want || a.System == Forms && got > want && got-want <= extra {
			continue
		}
		c.differ("%s: %d records refused by %s, expected %d", name, got, rule, want)
	}
	if duplicate := received - accepted - total; duplicate != a.Duplicate && extra == 0 {
		c.differ("%s: %d duplicates, expected %d", name, duplicate, a.Duplicate)
	}
}

func sorted[V any](m map[string]V) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}

// receipts: every division that answers answered every round of the return
// flow, in one way.
func (c *comparer) receipts() error {
	rows, err := c.q.Query(c.ctx, "SELECT splitByChar(':', delivery_id)[-1] AS round, toString(status) AS s, toString(by_proxy) AS p, count() FROM dwd.return_receipt GROUP BY round, s, p ORDER BY round, s, p")
	if err != nil {
		return err
	}
	want := map[string]int64{}
	for d := range c.w.reg.All("") {
		x := c.w.ReceiptOf(d.Code)
		if !x.Answers {
			continue
		}
		status, proxy := "refused", "no"
		if x.Acked {
			status = "acked"
		}
		if x.ByProxy {
			proxy = "yes"
		}
		want[status+" "+proxy]++
	}
	got := map[string]map[string]int64{}
	for _, r := range rows {
		n, err := strconv.ParseInt(r[3], 10, 64)
		if err != nil {
			return fmt.Errorf("reading a count: %w", err)
		}
		if got[r[0]] == nil {
			got[r[0]] = map[string]int64{}
		}
		got[r[0]][r[1]+" "+r[2]] += n
	}
	if len(got) == 0 {
		c.differ("no division acknowledged anything")
	}
	for _, round := range sorted(got) {
		for _, k := range sorted(want) {
			if got[round][k] != want[k] {
				c.differ("return flow of %s: %d receipts are %s (status, by proxy), expected %d", round, got[round][k], k, want[k])
			}
		}
	}
	return nil
}

func (c *comparer) fused() error {
	for _, entity := range Entities {
		rows, err := c.q.Query(c.ctx, ChecksumSQL(entity))
		if err != nil {
			return err
		}
		want := c.w.FusedChecksums(entity)
		c.Counties += len(want)
		got := map[string]Checksum{}
		for _, r := range rows {
			n, err1 := strconv.ParseInt(r[1], 10, 64)
			s, err2 := strconv.ParseUint(r[2], 10, 64)
			if err1 != nil || err2 != nil {
				return fmt.Errorf("reading the checksums of %q: %w", entity, errors.Join(err1, err2))
			}
			got[r[0]] = Checksum{n, s}
			c.Rows += n
		}
		explained := 0
		for county := range got {
			if _, ok := want[county]; !ok {
				c.differ("%s: %d rows in county %q, none expected", entity, got[county].Rows, county)
			}
		}
		for _, county := range sorted(want) {
			if got[county] == want[county] {
				continue
			}
			c.differ("%s: county %q has %d rows, expected %d, or other values", entity, county, got[county].Rows, want[county].Rows)
			if explained++; explained <= 2 {
				lines, err := c.w.Explain(c.ctx, c.q, entity, county, 5)
				if err != nil {
					return err
				}
				for _, l := range lines {
					c.differ("%s: %s", entity, l)
				}
			}
		}
	}
	return nil
}

// identities holds what was recognised, and what was left to a person, against
// what is one organisation. Everything else is known by its code alone.
func (c *comparer) identities() error {
	want := c.w.Identities()
	rows, err := c.q.Query(c.ctx, "SELECT member, thing FROM ads.identity_match WHERE member != thing")
	if err != nil {
		return err
	}
	got := map[string]string{}
	for _, r := range rows {
		got[r[0]] = r[1]
		if want.Same[r[0]] != r[1] {
			c.WrongMerges++
			c.differ("%s was taken for %s, and is %q", r[0], r[1], want.Same[r[0]])
		}
	}
	c.Recognised = len(got)
	for _, key := range sorted(want.Same) {
		if got[key] == "" {
			c.differ("%s was not recognised as %s", key, want.Same[key])
		}
	}
	if rows, err = c.q.Query(c.ctx, "SELECT left, right, toString(reason) FROM ads.identity_review"); err != nil {
		return err
	}
	asked := map[[2]string]string{}
	for _, r := range rows {
		asked[[2]string{r[0], r[1]}] = r[2]
		if why := want.Ask[[2]string{r[0], r[1]}]; why != r[2] {
			c.differ("a person is asked whether %s is %s because of %s, expected %q", r[1], r[0], r[2], why)
		}
	}
	c.Asked = len(asked)
	for pair, why := range want.Ask {
		if asked[pair] == "" {
			c.differ("nobody is asked whether %s is %s, expected because of %s", pair[1], pair[0], why)
		}
	}
	return nil
}

// Explain lists up to most differing rows of a county for a person: what the
// database holds and what it must hold.
func (w *World) Explain(ctx context.Context, q Querier, entity, county string, most int) ([]string, error) {
	rows, err := q.Query(ctx, RowsSQL(entity, county))
	if err != nil {
		return nil, err
	}
	held := map[string][]string{}
	for _, r := range rows {
		texts := strings.Split(r[0], "\x1f")
		held[rowKey(entity, texts)] = texts
	}
	columns := Columns(entity)
	var out []string
	for row := range w.Fused(entity, county) {
		if len(out) >= most {
			return out, nil
		}
		key := rowKey(entity, row.Texts)
		have, ok := held[key]
		delete(held, key)
		if !ok {
			out = append(out, fmt.Sprintf("%s is missing", key))
			continue
		}
		for i := range columns {
			if i < len(have) && have[i] != row.Texts[i] {
				out = append(out, fmt.Sprintf("%s: %s is %q, expected %q", key, columns[i], have[i], row.Texts[i]))
			}
		}
	}
	for _, key := range sorted(held) {
		if len(out) < most {
			out = append(out, fmt.Sprintf("%s is there and should not be", key))
		}
	}
	return out, nil
}

func rowKey(entity string, texts []string) string {
	n := 1
	switch entity {
	case "stat_fact":
		n = 6
	case "programme_status":
		n = 3
	}
	return strings.Join(texts[:min(n, len(texts))], ":")
}

// indicators compares every figure: one by one down to townships, by checksum
// at the villages, of which there are too many to carry.
func (c *comparer) indicators() error {
	figures := "SELECT toString(indicator) AS i, toString(unit_tier) AS u, toString(division_code) AS d, toString(numerator) AS num, toString(denominator) AS den, toString(n_missing) AS m, toString(n_units) AS n FROM ads.indicator_value WHERE as_of = '" + AsOf + "' AND indicator IN ('" + strings.Join(Known(), "', '") + "')"
	rows, err := c.q.Query(c.ctx, figures+" AND tier != 'V'")
	if err != nil {
		return err
	}
	got := map[string]string{}
	for _, r := range rows {
		got[r[0]+" "+r[1]+" "+r[2]] = strings.Join(r[2:], "\x1f")
	}
	sums, err := c.q.Query(c.ctx, "SELECT i, u, toString(count()), toString(sum(xxHash64(concat(d, '\\x1f', num, '\\x1f', den, '\\x1f', m, '\\x1f', n)))) FROM ("+figures+" AND tier = 'V') GROUP BY i, u")
	if err != nil {
		return err
	}
	villages := map[string]string{}
	for _, r := range sums {
		villages[r[0]+" "+r[1]] = r[2] + " " + r[3]
	}
	want := map[string]*Checksum{}
	for v := range c.w.Indicators() {
		if v.Tier == "V" {
			k := v.ID + " " + v.UnitTier
			if want[k] == nil {
				want[k] = &Checksum{}
			}
			want[k].add([]byte(v.line()))
			continue
		}
		k := v.ID + " " + v.UnitTier + " " + v.Division
		if got[k] != v.line() {
			c.differ("%s at %s (units of tier %s): numerator, denominator, missing, units are %q, expected %q", v.ID, v.Division, v.UnitTier,
				strings.ReplaceAll(got[k], "\x1f", " "), strings.ReplaceAll(v.line(), "\x1f", " "))
		}
		delete(got, k)
		c.Figures++
	}
	for _, k := range sorted(got) {
		c.differ("the figure %s is there and should not be", k)
	}
	for _, k := range sorted(want) {
		s := want[k]
		if text := strconv.FormatInt(s.Rows, 10) + " " + strconv.FormatUint(s.Sum, 10); villages[k] != text {
			c.differ("%s (units of tier V): the villages' figures are other than expected: rows and checksum %q, expected %q", k, villages[k], text)
		}
		c.Figures += s.Rows
		delete(villages, k)
	}
	for _, k := range sorted(villages) {
		c.differ("the villages have figures %s and should have none", k)
	}
	return nil
}

// canaries searches every text column of every table for the planted personal
// data: columns of few values by their values, the others row by row.
func (c *comparer) canaries() error {
	columns, err := c.q.Query(c.ctx, "SELECT c.database, c.table, c.name, toString(startsWith(c.type, 'LowCardinality')) FROM system.columns AS c INNER JOIN system.tables AS t ON t.database = c.database AND t.name = c.table WHERE c.database IN ('ods', 'std', 'dwd', 'dwp', 'ads', 'ops') AND t.engine LIKE '%MergeTree' AND c.type LIKE '%String%' AND c.type NOT LIKE '%FixedString(12)%' AND c.type NOT LIKE 'Map%' ORDER BY c.database, c.table, c.position")
	if err != nil {
		return err
	}
	var tables []string
	rows, values := map[string][]string{}, map[string][]string{}
	for _, r := range columns {
		name := r[0] + "." + r[1]
		if rows[name] == nil && values[name] == nil {
			tables = append(tables, name)
		}
		text := "ifNull(toString(`" + r[2] + "`), '')"
		if r[3] == "1" {
			values[name] = append(values[name], "arrayStringConcat(groupUniqArray("+text+"), '|')")
		} else {
			rows[name] = append(rows[name], text)
		}
		c.TextColumns++
	}
	needles := c.w.Canaries()
	c.Canaries = len(needles)
	list := "['" + strings.Join(needles, "', '") + "']"
	for _, table := range tables {
		var searches []string
		if len(rows[table]) > 0 {
			searches = append(searches, "SELECT toString(count()) FROM "+table+" WHERE multiMatchAny(concat('', "+strings.Join(rows[table], ", '|', ")+"), "+list+")")
		}
		if len(values[table]) > 0 {
			searches = append(searches, "SELECT toString(multiMatchAny(concat('', "+strings.Join(values[table], ", '|', ")+"), "+list+")) FROM "+table)
		}
		for _, sql := range searches {
			found, err := c.q.Query(c.ctx, sql)
			if err != nil {
				return err
			}
			if n := found[0][0]; n != "0" {
				c.differ("%s: %s rows or columns hold planted personal data that must never leave a connector", table, n)
			}
		}
	}
	return nil
}
