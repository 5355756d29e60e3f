package pipelines

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"rongtong/pipelines/systems"
	"rongtong/pipelines/topics"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas"
)

// judgeBench is a worker over records in memory, with everything it does written
// down.
type judgeBench struct {
	*worker
	records []string
	done    []string // what was committed and inserted, in order
	rows    map[string]any
	log     strings.Builder
}

// turn makes one block of the share and loads it, as a generation does, and
// says whether the share was stopped.
func (b *judgeBench) turn(t *testing.T, s *share) bool {
	t.Helper()
	s.again.Store(0)
	orders := make(chan order, 2)
	blk, err := b.prepare(t.Context(), s)
	if err != nil || blk == nil {
		t.Fatalf("no block: %v", err)
	}
	orders <- order{block: blk}
	orders <- order{done: s}
	close(orders)
	if err := b.loadAll(t.Context(), orders); err != nil {
		t.Fatal(err)
	}
	return s.again.Load() != 0
}

func (b *judgeBench) Read(_ context.Context, from topics.FetchFrom, fn func(*topics.FetchedRecord) error) (int64, error) {
	for at := from.Offset; at < from.To; at++ {
		if err := fn(&topics.FetchedRecord{Offset: at, Time: time.Unix(1766000000, 0), Key: []byte(fmt.Sprint(at)), Value: []byte(b.records[at])}); err != nil {
			return at, err
		}
	}
	return from.To, nil
}

func (b *judgeBench) Commit(_ context.Context, o []topics.OffsetMeta) error {
	what := "done"
	if o[0].Metadata != "" {
		what = "intent"
	}
	b.done = append(b.done, fmt.Sprint(what, " ", o[0].Offset))
	return nil
}

func (b *judgeBench) Load(_ context.Context, l warehouse.Load) error {
	b.done = append(b.done, fmt.Sprint(l.Table, " ", l.Rows.NumRows()))
	return nil
}

func (b *judgeBench) Refused(context.Context, warehouse.Load, int) ([]int, error) { return nil, nil }
func (b *judgeBench) Ledger(context.Context, string, []string) ([]warehouse.Ledgered, error) {
	return nil, nil
}

func (b *judgeBench) InsertRows(_ context.Context, table, _ string, rows any) error {
	b.done = append(b.done, table)
	b.rows[table] = rows
	return nil
}

func judgeOn(t *testing.T, system, stream string, records []string) (*judgeBench, *share) {
	t.Helper()
	c, ps := schemas.Load(schemas.FS, systems.FS)
	if len(ps) > 0 {
		t.Fatal(ps[0])
	}
	streams, ps := Compile(c)
	if len(ps) > 0 {
		t.Fatal(ps[0])
	}
	b := &judgeBench{records: records, rows: map[string]any{}}
	b.worker = (&Loader{Warehouse: b, Log: slog.New(slog.NewTextHandler(&b.log, nil))}).newWorker(b, func() Reader { return b })
	for _, s := range streams {
		if s.System.System == system && s.Stream.Name == stream {
			sh := &share{stream: s, topic: s.Topic}
			sh.end.Store(int64(len(records)))
			return b, sh
		}
	}
	t.Fatalf("there is no stream %s.%s", system, stream)
	return nil, nil
}

func facilities(n int, area func(i int) string) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf(`{"县代码":"370102","区划代码":"370102001002","设施名称":"某中心","类别":"中心村","面积":%q,"面积单位":"平方米","直接服务面积":"","启用日期":"2015/6/1","是否运行":"是"}`, area(i))
	}
	return out
}

// A block in which more than half of the areas are impossible stops its stream:
// nothing was promised and nothing loaded, and the block waits.
func TestTooManyBrokenRowsStop(t *testing.T) {
	b, s := judgeOn(t, "county_ledger", "facility", facilities(600, func(i int) string {
		if i < 301 {
			return "300000"
		}
		return "300"
	}))
	for range 2 { // and stops again, as long as nobody mended anything
		if !b.turn(t, s) || !strings.Contains(b.log.String(), "301 of 600") || !strings.Contains(b.log.String(), "facility.area_range") || !strings.Contains(b.log.String(), "class=data") {
			t.Fatalf("not stopped: %s", b.log.String())
		}
		if s.next.Load() != 0 || s.read != 0 || s.pending != (intent{}) || strings.Join(b.done, "; ") != "ops.load_stop" {
			t.Fatalf("at %d, %d, pending %v, done: %v", s.next.Load(), s.read, s.pending, b.done)
		}
		b.done = nil
	}
	stop := b.rows["ops.load_stop"].([]warehouse.StopRow)[0]
	if stop.Broken != 301 || stop.Rows != 600 || stop.FromOffset != 0 || stop.ToOffset != 600 || stop.Rule != "facility.area_range" || stop.ReasonZh == "" {
		t.Errorf("%+v", stop)
	}
}

// Below the threshold, or in a block too small to judge, broken rows are rejected
// one by one and the rest is loaded.
func TestFewBrokenRowsAreRejected(t *testing.T) {
	for _, c := range []struct{ rows, broken int }{{600, 300}, {499, 499}} {
		b, s := judgeOn(t, "county_ledger", "facility", facilities(c.rows, func(i int) string {
			if i < c.broken {
				return "300000"
			}
			return "300"
		}))
		if b.turn(t, s) {
			t.Fatal("stopped")
		}
		if n := len(b.rows["ops.reject"].([]warehouse.RejectRow)); n != c.broken || s.next.Load() != int64(c.rows) || b.done[0] != "intent 0" || b.done[len(b.done)-1] != fmt.Sprint("done ", c.rows) {
			t.Errorf("%d of %d: %d rejects, at %d, %v", c.broken, c.rows, n, s.next.Load(), b.done)
		}
	}
}

// A load that was promised is repeated, whatever the thresholds say by now.
func TestPendingLoadIsNotJudged(t *testing.T) {
	b, s := judgeOn(t, "county_ledger", "facility", facilities(600, func(int) string { return "300000" }))
	s.pending = intent{To: 600, Plan: s.stream.Plan()}
	if b.turn(t, s) || s.next.Load() != 600 {
		t.Errorf("at %d: %s", s.next.Load(), b.log.String())
	}
}

// The batches of a stopped block are given up: the next block holds its own rows.
func TestStoppedBlockLeavesNothing(t *testing.T) {
	b, s := judgeOn(t, "county_ledger", "facility", facilities(600, func(i int) string { return map[bool]string{true: "300000", false: "300"}[i < 400] }))
	if !b.turn(t, s) {
		t.Fatal("not stopped")
	}
	b.records = facilities(600, func(int) string { return "300" })
	b.done = nil
	if b.turn(t, s) {
		t.Fatal(b.log.String())
	}
	if !strings.Contains(strings.Join(b.done, "; "), "std.facility 600;") {
		t.Errorf("%v", b.done)
	}
}

// A division code that only a person can resolve is a reject and a question
// with its candidates.
func TestDivisionsForReview(t *testing.T) {
	row := func(code, year string) string {
		return fmt.Sprintf(`{"县代码":"370102","区划代码":%q,"年度":%q,"科目":"自有财力","负担层级":"县","金额":"12","金额单位":"亿元","应拨":"","实拨":"","填报日期":"%s-06-30"}`, code, year, year)
	}
	b, s := judgeOn(t, "county_offices", "fiscal", []string{row("371202", "2005"), row("370102", "2005"), row("371202", "2015"), row("379999", "2015")})
	if b.turn(t, s) {
		t.Fatal(b.log.String())
	}
	reviews, _ := b.rows["ops.division_review"].([]warehouse.ReviewRow)
	rejects := b.rows["ops.reject"].([]warehouse.RejectRow)
	if len(reviews) != 1 || len(rejects) != 2 {
		t.Fatalf("%d reviews, %d rejects: %v", len(reviews), len(rejects), b.done)
	}
	v := reviews[0]
	if v.Code != "371202" || v.CodeSystem != "gb6" || v.At != "2005-06-30" || v.Offset != 0 || strings.Join(v.Candidates, " ") != "370117000000 370116000000" || v.Shares[0] != nil || v.Field != "division_code" {
		t.Errorf("%+v", v)
	}
}
