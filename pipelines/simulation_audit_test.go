package pipelines

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"rongtong/pipelines/warehouse"
)

// audit compares where the world came to rest with what the source said.
//
// Of the topic that has the name in the end, everything is loaded. Of a topic that
// was deleted, what was not loaded by then is gone, and nothing else: it lies behind
// everything that was loaded of its partition. A load that was under way then, or
// whose records the operator gave up, may be there in part.
func (w *world) audit() error {
	o := &oracle{world: w, ledger: w.ledger(), lost: map[simSpan]bool{}}
	o.read()
	for _, check := range []func() error{o.auditLog, o.auditLedger, o.auditMoves, o.auditRows, o.auditRejects, o.auditRaw} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// oracle knows what the world should have come to.
type oracle struct {
	*world
	records []simRecord         // that readers can see, or could
	ledger  []warehouse.LoadRow // merged, in order
	lost    map[simSpan]bool    // loads that were begun and can never be ended
}

// simRecord is a record of the log.
type simRecord struct {
	life, partition int
	offset          int64
	row             simRow
	foreign         bool // not from Ingest
	load            *warehouse.LoadRow
}

// read collects the records and the loads that they are in.
func (o *oracle) read() {
	for _, t := range o.log.lives {
		for p, part := range t.parts {
			loads := o.loadsOf(t, p)
			for at := range part.entries {
				e := &part.entries[at]
				if e.state != committed {
					continue
				}
				r := simRecord{life: t.life, partition: p, offset: int64(at), row: rowOf(e), foreign: e.rec.Header == nil}
				for len(loads) > 0 && loads[0].ToOffset <= r.offset {
					loads = loads[1:]
				}
				if len(loads) > 0 && loads[0].FromOffset <= r.offset {
					r.load = &loads[0]
				}
				o.records = append(o.records, r)
			}
		}
	}
	for _, b := range o.log.begun {
		if b.life < len(o.log.lives) && !slices.ContainsFunc(o.ledger, func(l warehouse.LoadRow) bool { return o.spanOf(&l) == b }) {
			o.lost[b] = true
		}
	}
}

func (o *oracle) spanOf(l *warehouse.LoadRow) simSpan {
	return simSpan{o.log.lifeOf(l.TopicID), int(l.Partition), l.FromOffset, l.ToOffset}
}

// loadsOf are the ledger's rows of a partition, in order.
func (o *oracle) loadsOf(t *simTopic, partition int) []warehouse.LoadRow {
	of := func(l warehouse.LoadRow) bool { return l.TopicID == t.id && int(l.Partition) == partition }
	from := slices.IndexFunc(o.ledger, of)
	if from < 0 {
		return nil
	}
	to := from
	for to < len(o.ledger) && of(o.ledger[to]) {
		to++
	}
	return o.ledger[from:to]
}

// auditLog: every record of the source is in some life of the topic, in none of them
// twice, and, as long as the topic is the same, each thing's in order and as often
// as the source sent it, which the stored count says too.
func (o *oracle) auditLog() error {
	want := map[string][]string{}
	for _, r := range o.source.rows {
		want[r.key()] = append(want[r.key()], r.value)
	}
	var got []map[string][]string
	n := 0
	for range o.log.lives {
		got = append(got, map[string][]string{})
	}
	for i := range o.records {
		if r := &o.records[i]; !r.foreign {
			got[r.life-1][r.row.key()] = append(got[r.life-1][r.row.key()], r.row.value)
			n++
		}
	}
	if len(got) > 1 {
		return o.auditLives(want, got)
	}
	if len(o.log.torn) > 0 {
		return o.auditTorn(want, got[0])
	}
	for key, list := range want {
		if !slices.Equal(list, got[0][key]) {
			return fmt.Errorf("the log: %s has %q, the source said %q", key, got[0][key], list)
		}
	}
	p, err := decodeProgress(o.log.position)
	if err != nil || p.Records != int64(len(o.source.rows)) || n != len(o.source.rows) {
		return fmt.Errorf("the log: it shows %d records, the stored count is %d, the source has %d (%v)", n, p.Records, len(o.source.rows), err)
	}
	return nil
}

// auditTorn: what an election lost is missing, and nothing else.
func (o *oracle) auditTorn(want, got map[string][]string) error {
	lost := map[string]int{}
	for _, r := range o.log.torn {
		lost[r.key()+" "+r.value]++
	}
	count := func(list []string, value string) (n int) {
		for _, v := range list {
			if v == value {
				n++
			}
		}
		return n
	}
	for key, list := range want {
		for _, value := range list {
			if n, least := count(got[key], value), count(list, value)-lost[key+" "+value]; n < least || n > count(list, value) {
				return fmt.Errorf("the log: it has %q of %s %d times, the source said it %d times and an election lost it %d times", value, key, n, count(list, value), lost[key+" "+value])
			}
		}
	}
	return nil
}

func (o *oracle) auditLives(want map[string][]string, got []map[string][]string) error {
	count := func(list []string, value string) (n int) {
		for _, v := range list {
			if v == value {
				n++
			}
		}
		return n
	}
	for key, list := range want {
		for _, value := range list {
			seen := 0
			for life := range got {
				n := count(got[life][key], value)
				if n > count(list, value) {
					return fmt.Errorf("the log: topic %d has %q of %s %d times, the source said it %d times", life+1, value, key, n, count(list, value))
				}
				seen += n
			}
			if seen < count(list, value) {
				return fmt.Errorf("the log: no topic has %q of %s as often as the source said it", value, key)
			}
		}
	}
	return nil
}

// ledger is ops.load after merging: one row for each start of a span and flow.
func (w *world) ledger() []warehouse.LoadRow {
	type key struct {
		id        string
		partition int32
		from      int64
	}
	final := map[key]warehouse.LoadRow{}
	for _, l := range w.store.table("ops.load").loads {
		at := key{l.TopicID, l.Partition, l.FromOffset}
		if have, ok := final[at]; !ok || !l.LoadedAt.Before(have.LoadedAt) {
			final[at] = l
		}
	}
	out := make([]warehouse.LoadRow, 0, len(final))
	for _, l := range final {
		out = append(out, l)
	}
	slices.SortFunc(out, func(a, b warehouse.LoadRow) int {
		return cmp.Or(cmp.Compare(a.TopicID, b.TopicID), cmp.Compare(a.Partition, b.Partition), cmp.Compare(a.FromOffset, b.FromOffset))
	})
	return out
}

// auditLedger: the spans do not overlap and their counts are those of the log. What
// is in no span was given up by a person, or went with a topic that was deleted
// before it was loaded.
func (o *oracle) auditLedger() error {
	held := map[simSpan]int64{}
	end := map[simSpan]int64{} // of what is loaded of a partition
	for i := range o.ledger {
		l := &o.ledger[i]
		s := o.spanOf(l)
		at := simSpan{life: s.life, partition: s.partition}
		if slices.Contains(o.log.given, s) {
			continue
		}
		if s.from < end[at] {
			return fmt.Errorf("the ledger: the load %s overlaps its predecessor, which ends at %d", l.LoadID, end[at])
		}
		if o.kind.ids && l.TopicID == "" {
			return fmt.Errorf("the ledger: the load %s does not say of which topic it is", l.LoadID)
		}
		end[at] = s.to
	}
	for i := range o.records {
		r := &o.records[i]
		at := simSpan{life: r.life, partition: r.partition}
		switch {
		case r.load != nil:
			held[o.spanOf(r.load)]++
		case r.life < len(o.log.lives) && r.offset >= end[at]:
		case !o.gaveUp(r):
			return fmt.Errorf("the ledger: the record at %d of partition %d of topic %d is in no load; the next ones are", r.offset, r.partition, r.life)
		}
	}
	for i := range o.ledger {
		l := &o.ledger[i]
		if n := held[o.spanOf(l)]; n != l.Received || l.Accepted+l.Rejected != l.Received {
			return fmt.Errorf("the ledger: the load %s received %d = %d + %d, its span holds %d", l.LoadID, l.Received, l.Accepted, l.Rejected, n)
		}
	}
	return nil
}

// gaveUp reports whether a person let the loaders go on behind the record, and booked
// that.
func (o *oracle) gaveUp(r *simRecord) bool {
	return slices.ContainsFunc(o.store.skips(), func(m warehouse.MoveRow) bool {
		return o.log.lifeOf(m.TopicID) == r.life && int(m.Partition) == r.partition && r.offset >= m.FromOffset && r.offset < m.ToOffset
	})
}

// place is where a record stands.
type place struct {
	life, partition int
	offset          int64
}

// physical checks a table before merging: no row twice unless a copy came when
// its token had long been forgotten, or with a load that could not be ended.
//
// Rows whose load the ledger knows no more, because it is made again, may stand beside
// the later ones: they are in doubt.
func (o *oracle) physical(table string) (count map[place]int, doubt map[place]bool, err error) {
	count, doubt = map[place]int{}, map[place]bool{}
	for _, r := range o.store.table(table).rows {
		switch at := (place{r.life, r.partition, r.offset}); {
		case r.extra || o.lost[r.simSpan]:
		case r.doubt || slices.Contains(o.log.given, r.simSpan):
			doubt[at] = true
		default:
			count[at]++
		}
	}
	for at, n := range count {
		if n > 1 {
			return nil, nil, fmt.Errorf("%s: the record at %d of partition %d of topic %d is there %d times within the window", table, at.offset, at.partition, at.life, n)
		}
	}
	return count, doubt, nil
}

// claim is std after merging: of equal thing, source and version the one that
// stands last in the log.
type claim struct {
	measure, key string
	version      uint64
}

// rank orders offsets of all lives.
func rank(life int, offset int64) int64 { return int64(life)<<40 | offset }

// auditRows: std holds, for every good record, exactly the claim that the plan
// of its load makes of it, with the version that the source gave it.
func (o *oracle) auditRows() error {
	if _, _, err := o.physical(simStd); err != nil {
		return err
	}
	plans := map[uint64]string{}
	for i, s := range o.plans {
		plans[s.Flows[0].Plan.Fingerprint()] = simMeasures[i]
	}
	want, got, doubt := map[claim]int64{}, map[claim]int64{}, map[claim]int64{}
	for i := range o.records {
		r := &o.records[i]
		if r.row.wrong || o.refuses(&r.row) || r.load == nil {
			continue
		}
		if o.store.dropped[o.spanOf(r.load)] {
			continue
		}
		c := claim{plans[r.load.Plan], r.row.key(), uint64(r.row.at)}
		want[c] = max(want[c], rank(r.life, r.offset))
	}
	for _, r := range o.store.table(simStd).rows {
		c := claim{r.measure, r.key, r.version}
		if o.lost[r.simSpan] || o.store.dropped[r.simSpan] {
			continue
		}
		if at := rank(r.life, r.offset); r.doubt || slices.Contains(o.log.given, r.simSpan) {
			doubt[c] = max(doubt[c], at)
		} else {
			got[c] = max(got[c], at)
		}
	}
	for c, at := range want {
		if have, ok := got[c]; (!ok || have != at) && doubt[c] < at {
			return fmt.Errorf("%s: the claim %v at %x is missing (%x, %v)", simStd, c, at, have, ok)
		}
	}
	for c, at := range got {
		if _, ok := want[c]; !ok {
			return fmt.Errorf("%s: nobody made the claim %v at %x", simStd, c, at)
		}
	}
	return nil
}

func (o *oracle) auditRejects() error {
	return o.sameRecords("ops.reject", func(r *simRow) bool { return r.wrong || o.refuses(r) })
}

// refuses reports whether the warehouse never takes the row.
func (w *world) refuses(r *simRow) bool {
	if !w.store.picky {
		return false
	}
	n, err := strconv.ParseInt(r.value, 10, 64)
	return err == nil && pickyAt(n)
}

func (o *oracle) auditRaw() error {
	for name := range o.store.tables {
		if strings.HasPrefix(name, "ods.") {
			return o.sameRecords(name, func(*simRow) bool { return true })
		}
	}
	return nil
}

// sameRecords: a table holds a row for every loaded record that belongs there, and
// no other.
func (o *oracle) sameRecords(table string, belongs func(*simRow) bool) error {
	got, doubt, err := o.physical(table)
	if err != nil {
		return err
	}
	n := 0
	for i := range o.records {
		r := &o.records[i]
		if r.load == nil || !belongs(&r.row) {
			continue
		}
		at := place{r.life, r.partition, r.offset}
		if n += got[at]; got[at] == 0 && !doubt[at] {
			return fmt.Errorf("%s: the record at %d of partition %d of topic %d is missing", table, r.offset, r.partition, r.life)
		}
	}
	if n != len(got) {
		return fmt.Errorf("%s: it has %d records, want %d", table, len(got), n)
	}
	return nil
}

// rowOf reads a record of the log back, with the test's own eyes.
func rowOf(e *simEntry) simRow {
	var r simRow
	rest := string(e.rec.Value)
	word := func() (out string) {
		_, rest, _ = strings.Cut(rest, `"`)
		out, rest, _ = strings.Cut(rest, `"`)
		return out
	}
	for name := word(); name != ""; name = word() {
		value := word()
		switch name {
		case "village":
			r.village = value
		case "period":
			r.period = value
		case "value":
			r.value = value
		case "device_time":
			at, err := time.ParseInLocation(time.DateTime, value, simZone)
			if err != nil {
				panic(err)
			}
			r.at = at.UnixMilli()
		}
	}
	r.wrong = r.value == "约一百"
	return r
}
