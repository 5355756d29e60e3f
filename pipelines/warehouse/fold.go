package warehouse

import (
	"context"
	"fmt"
	"strings"
	"time"

	clickhouse "github.com/ClickHouse/clickhouse-go/v2"

	"rongtong/schemas"
)

// Folding keeps questions about today as fast as on the first day, however often
// figures were corrected: what a figure was known to be before its last correction
// moves from ads.indicator_point to ads.indicator_point_past. Questions about what
// was known at a time read both, all others the first alone, which has what stands
// and what was corrected since the last folding. Nothing is lost by it: see Thin
// for what is, and when.

// pastTable holds what figures were known to be before they were corrected: rows
// of pointTable, which a newer one of the same key has superseded.
//
// A row may come twice, where a folding was cut short: merges make one of them. The
// past is asked about one division at a time, so its rows lie together.
func pastTable() *object {
	o := pointTable()
	o.order = []string{"indicator", "division_code", "unit_tier", "tier", "parent_code", "day", "known_from"}
	o.name, o.comment = "indicator_point_past", "指标值变动点：更正前所知"
	o.engine, o.partition = "ReplacingMergeTree", "toYYYYMM(known_from)"
	return o
}

const (
	// foldFrom is how much the table must have grown since the last folding, one row
	// in so many: to take rows out rewrites the whole table.
	foldFrom = 20
	// foldSlice is how many rows are moved at once: their keys are held in memory.
	foldSlice = 2_000_000
	// foldAge is how long ago what supersedes a row must have become known: questions
	// that began before look for the row in the first table.
	foldAge = 10 * time.Minute
)

// foldPart are indicators whose superseded figures move together, and how many.
type foldPart struct {
	indicators []string
	rows       int64
}

// folding finds what there is to fold: nothing while the table has hardly grown
// since it was last looked through. cut is foldCut.
func (w *Warehouse) folding(ctx context.Context, now time.Time) (parts []foldPart, cut string, err error) {
	var rows uint64
	if err := w.QueryRow(ctx, "SELECT ifNull(any(total_rows), 0) FROM system.tables WHERE database = 'ads' AND name = 'indicator_point'", []any{&rows}); err != nil {
		return nil, "", err
	}
	last, _, err := w.lastState(ctx, foldState)
	if err != nil || int64(rows) <= last.things+last.things/foldFrom {
		return nil, "", err
	}
	if cut, err = w.foldCut(ctx, now); err != nil {
		return nil, "", err
	}
	err = w.each(inFull(ctx), fmt.Sprintf("SELECT toString(indicator), count() FROM (%s) WHERE %s GROUP BY indicator ORDER BY indicator", versions("1", "indicator, removed, known_from"), superseded(cut)), func(scan func(...any) error) error {
		var name string
		var old uint64
		if err := scan(&name, &old); err != nil {
			return err
		}
		if n := len(parts); n == 0 || parts[n-1].rows+int64(old) > foldSlice {
			parts = append(parts, foldPart{})
		}
		p := &parts[len(parts)-1]
		p.indicators, p.rows = append(p.indicators, name), p.rows+int64(old)
		return nil
	})
	return parts, cut, err
}

// foldState is the name under which the rows that were left by the last folding
// are noted.
const foldState = "fold/indicator_point"

// foldCut is the latest time, by indicator, at which a version of a figure may have
// become known so that the one before it is folded: what is not published yet
// supersedes nothing.
func (w *Warehouse) foldCut(ctx context.Context, now time.Time) (string, error) {
	var names, at []string
	err := w.each(ctx, fmt.Sprintf("SELECT toString(indicator), toUnixTimestamp64Milli(least(known_from, %s)) FROM ads.indicator FINAL ORDER BY indicator", instantOf(now.Add(-foldAge))), func(scan func(...any) error) error {
		var name string
		var ms int64
		err := scan(&name, &ms)
		names, at = append(names, quote(name)), append(at, fmt.Sprint(ms))
		return err
	})
	if len(names) == 0 {
		return "toInt64(0)", err
	}
	return fmt.Sprintf("transform(toString(indicator), [%s], [%s], toInt64(0))", strings.Join(names, ", "), strings.Join(at, ", ")), err
}

// versions selects columns of the stored rows, with the times at which the version
// before and the one after became known.
func versions(where, columns string) string {
	return fmt.Sprintf(`SELECT %s, leadInFrame(toNullable(known_from)) OVER w AS next, lagInFrame(toNullable(known_from)) OVER w AS previous
FROM ads.indicator_point
WHERE %s
WINDOW w AS (PARTITION BY indicator, %s ORDER BY known_from ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING)`, columns, where, pointKey)
}

// superseded picks what is folded among versions. A row that says that a figure is
// no more is needed for as long as there is one that says otherwise: it goes with
// the next folding, because rows are not taken out all at the same time.
func superseded(cut string) string {
	return fmt.Sprintf("((next > known_from AND toUnixTimestamp64Milli(next) <= %[1]s) OR (removed AND next IS NULL AND previous IS NULL AND toUnixTimestamp64Milli(known_from) <= %[1]s))", cut)
}

// pointColumns are the columns of pointTable.
func pointColumns() string {
	var names []string
	for _, c := range pointTable().columns {
		names = append(names, c.name)
	}
	return idents(names)
}

// FoldDue counts the rows that Fold would move.
func (w *Warehouse) FoldDue(ctx context.Context, now time.Time) (n int64, err error) {
	parts, _, err := w.folding(ctx, now)
	for _, p := range parts {
		n += p.rows
	}
	return n, err
}

// Fold moves what figures were known to be before they were corrected out of the
// way, when it is much, and returns how many rows it moved. Every answer stays as it
// is, also while it goes on; cut short, it is finished by the next. moved is told
// of progress: rows moved, and to be moved.
func (w *Warehouse) Fold(ctx context.Context, now time.Time, moved func(n, of int64)) (n int64, err error) {
	defer w.lock(pointTable().full())()
	const doing = "folding superseded figures"
	parts, cut, err := w.folding(ctx, now)
	if err != nil || cut == "" {
		return 0, w.mark(err, doing)
	}
	var of int64
	for _, p := range parts {
		of += p.rows
	}
	for _, p := range parts {
		these := "indicator IN (" + quotes(p.indicators) + ")"
		out := takenOut{table: pointTable(), key: versionKey, where: these, into: pastTable(),
			keys: "SELECT key FROM (" + versions(these, versionKey+" AS key, indicator, removed, known_from") + ") WHERE " + superseded(cut)}
		did, err := w.takeOut(ctx, out)
		if err != nil {
			return n, w.mark(err, doing)
		}
		n += did
		moved(n, of)
	}
	var left uint64
	if err := w.QueryRow(ctx, "SELECT count() FROM "+pointTable().full(), []any{&left}); err != nil {
		return n, err
	}
	return n, w.recordState(ctx, foldState, fuseState{things: int64(left), block: now.UnixMilli()}, FuseResult{Changed: n})
}

// Thin forgets, of figures that were corrected longer than a period ago, all
// versions but the last of each day in Beijing, and returns how many rows went. What
// was known at the beginning of any day stays as it was; what was known at an hour
// of such a day becomes what was known when it began. It takes whole months, each
// once.
func (w *Warehouse) Thin(ctx context.Context, exact schemas.Period, now time.Time) (n int64, err error) {
	return w.thin(ctx, exact, now, true)
}

// ThinDue counts the rows that Thin would remove.
func (w *Warehouse) ThinDue(ctx context.Context, exact schemas.Period, now time.Time) (n int64, err error) {
	return w.thin(ctx, exact, now, false)
}

func (w *Warehouse) thin(ctx context.Context, exact schemas.Period, now time.Time, remove bool) (n int64, err error) {
	defer w.lock(pastTable().full())()
	const doing = "thinning superseded figures"
	var months []string
	err = w.each(ctx, fmt.Sprintf(`SELECT DISTINCT partition FROM system.parts
WHERE database = 'ads' AND table = 'indicator_point_past' AND active AND toUInt32OrZero(partition) < toYYYYMM(%s) AND concat(%s, partition) NOT IN (SELECT entity FROM ops.fuse) ORDER BY partition`, instantOf(cutoff(exact, now)), quote(thinState)), func(scan func(...any) error) error {
		var month string
		err := scan(&month)
		months = append(months, month)
		return err
	})
	if err != nil {
		return 0, w.mark(err, doing)
	}
	for _, month := range months {
		these := "toYYYYMM(known_from) = " + month
		// Of a row that is there twice neither has a later one.
		keys := fmt.Sprintf(`SELECT key FROM (SELECT %s AS key, known_from, leadInFrame(toNullable(known_from)) OVER (PARTITION BY %s ORDER BY known_from ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING) AS next FROM %s FINAL WHERE %s)
WHERE toDate(next, 'Asia/Shanghai') = toDate(known_from, 'Asia/Shanghai')`, versionKey, strings.TrimSuffix(idents(pastTable().order), ", known_from"), pastTable().full(), these)
		var gone int64
		if remove {
			gone, err = w.takeOut(ctx, takenOut{table: pastTable(), key: versionKey, where: these, keys: keys})
		} else {
			err = w.QueryRow(inFull(ctx), "SELECT toInt64(count()) FROM ("+keys+")", []any{&gone})
		}
		if err != nil {
			return n, w.mark(err, doing)
		}
		n += gone
		if !remove {
			continue
		}
		if err := w.recordState(ctx, thinState+month, fuseState{}, FuseResult{Changed: gone}); err != nil {
			return n, err
		}
	}
	return n, nil
}

// versionKey tells the rows of pointTable apart, in sixteen bytes.
const versionKey = "sipHash128(indicator, " + pointKey + ", known_from)"

// thinState and a month is the name under which it is noted that it was thinned.
const thinState = "thin/indicator_point_past/"

// inFull are the settings of a statement that goes through all figures: in the
// order in which they are stored, so with little memory, and it ends when it is
// done.
func inFull(ctx context.Context) context.Context {
	return clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{
		"max_threads": 2, "max_insert_threads": 1, "optimize_read_in_window_order": 1, "mutations_sync": 1, "insert_deduplicate": 0,
	}))
}
