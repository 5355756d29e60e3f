package topics

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"

	"rongtong/schemas/fault"
)

// target is a broker under test. Topics, groups and IDs of a check are named
// after it, because all checks of a target share one.
type target struct {
	brokers []string
	prefix  string
}

func (b *target) n(name string) string { return b.prefix + name }

// kind is a broker that must conform. Apache Kafka is one under the build tag
// apachekafka, see apache_test.go.
type kind struct {
	name   string
	shared func(testing.TB) []string // one broker for all tests of the package
	mortal func(testing.TB) mortal   // one for the test alone
}

var brokerKinds = []kind{{
	name:   "embedded",
	shared: func(t testing.TB) []string { return []string{embeddedBroker(t)} },
	mortal: func(t testing.TB) mortal { return startProcess(t) },
}}

// onEach runs a check against every broker that must conform.
func onEach(t *testing.T, check func(t *testing.T, b *target, c *Client)) {
	t.Helper()
	for _, k := range brokerKinds {
		t.Run(k.name, func(t *testing.T) {
			b := &target{brokers: k.shared(t), prefix: strings.ToLower(strings.NewReplacer("/", ".", "Test", "").Replace(t.Name())) + "."}
			check(t, b, dial(t, b.brokers))
		})
	}
}

func TestConformWriteAndRead(t *testing.T) {
	onEach(t, func(t *testing.T, b *target, c *Client) {
		ctx, a, single := ctxFor(t), b.n("a"), b.n("b")
		ensure(t, c, Topic{Name: a, Partitions: 3}, Topic{Name: single, Partitions: 1})
		err := c.Ensure(ctx, []Topic{{Name: a, Partitions: 4}})
		if !fault.Is(err, fault.Config) || !strings.Contains(err.Error(), "has 3 partitions, 4 are declared") {
			t.Fatalf("fewer partitions than declared: %v", err)
		}
		p := producer(t, c, b.n("one"), a, single)
		now := time.UnixMilli(1764000000123)
		txn := p.Begin()
		for i := range 25_000 {
			txn.Append(a, int32(i%3), Record{Key: []byte{byte(i)}, Value: fmt.Appendf(nil, "value %d", i), Header: []byte("h"), Time: now.Add(time.Duration(i) * time.Millisecond)})
		}
		txn.Append(single, 0, Record{Value: nil})
		placed, err := txn.Flush(ctx)
		must(t, err)
		if n := len(placed); n != 4 {
			t.Fatalf("%d batches, want 4", n)
		}
		if got := visible(t, c, single, 0); len(got) != 0 {
			t.Fatalf("uncommitted records are visible: %q", got)
		}
		must(t, txn.Commit(ctx))
		n := 0
		ends := decided(t, c, a)
		f := c.Fetcher(a, 1, 0, FetchOptions{ReadCommitted: true})
		must(t, f.Span(ctx, 0, ends[a][1].Last, func(r *FetchedRecord) error {
			i := 3*n + 1
			want := FetchedRecord{Key: []byte{byte(i)}, Value: fmt.Appendf(nil, "value %d", i), Header: []byte("h"),
				Offset: r.Offset, Time: now.Add(time.Duration(i) * time.Millisecond)}
			if d := cmp.Diff(want, *r); d != "" {
				return errors.New(d)
			}
			n++
			return nil
		}))
		if n != 8333 {
			t.Fatalf("%d records", n)
		}
		if got := values(t, c, single, 0); len(got) != 1 || got[0] != "" {
			t.Fatalf("a tombstone: %q", got)
		}
	})
}

// TestConformSpans: commits, aborts and markers, read in every cut.
func TestConformSpans(t *testing.T) {
	onEach(t, func(t *testing.T, b *target, c *Client) {
		ctx, a := ctxFor(t), b.n("a")
		ensure(t, c, Topic{Name: a, Partitions: 1})
		p := producer(t, c, b.n("one"))
		for i := range 40 {
			txn := p.Begin()
			for j := range 5 {
				txn.Append(a, 0, Record{Value: fmt.Appendf(nil, "%d.%d", i, j)})
			}
			if i%4 == 2 {
				_, err := txn.Flush(ctx)
				must(t, err)
				must(t, txn.Abort(ctx))
				continue
			}
			must(t, txn.Commit(ctx))
		}
		want := values(t, c, a, 0)
		if len(want) != 150 || slices.Contains(want, "2.0") {
			t.Fatalf("%d records", len(want))
		}
		ends := decided(t, c, a)
		r := rand.New(rand.NewPCG(3, 4))
		for range 10 {
			f := c.Fetcher(a, 0, 0, FetchOptions{ReadCommitted: true, MaxBytes: int32(1 + r.IntN(400))})
			var got []string
			for at := int64(0); at < ends[a][0].Last; {
				to := min(at+1+r.Int64N(17), ends[a][0].Last)
				must(t, f.Span(ctx, at, to, func(r *FetchedRecord) error {
					if r.Offset < at || r.Offset >= to {
						return fmt.Errorf("offset %d in [%d,%d)", r.Offset, at, to)
					}
					got = append(got, string(r.Value))
					return nil
				}))
				at = to
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Fatal(d)
			}
		}
		stop := errors.New("stop")
		f := c.Fetcher(a, 0, 3, FetchOptions{ReadCommitted: true})
		if next, err := f.Fetch(ctx, func(r *FetchedRecord) error { return stop }); err != stop || next < 3 || next > 8 {
			t.Fatalf("refused record: next %d, %v", next, err)
		}
	})
}

// TestConformOutOfRange: deleted records, offsets beyond the end, a topic that
// was made anew, and partitions that were added.
func TestConformOutOfRange(t *testing.T) {
	onEach(t, func(t *testing.T, b *target, c *Client) {
		ctx, a := ctxFor(t), b.n("a")
		ensure(t, c, Topic{Name: a, Partitions: 1})
		p := producer(t, c, b.n("one"), a)
		write := func(part int32, values ...string) {
			t.Helper()
			txn := p.Begin()
			for _, v := range values {
				txn.Append(a, part, Record{Value: []byte(v)})
			}
			must(t, txn.Commit(ctx))
		}
		for i := range 20 {
			write(0, fmt.Sprint(i), "x")
		}
		refused := func(what string, at int64) {
			t.Helper()
			_, err := c.Fetcher(a, 0, at, FetchOptions{ReadCommitted: true}).Fetch(ctx, func(*FetchedRecord) error { return nil })
			var oor *OutOfRange
			if !errors.Is(err, ErrOffsetOutOfRange) || !errors.As(err, &oor) || oor.Offset != at || !fault.Is(err, fault.Config) {
				t.Fatalf("%s: %v", what, err)
			}
		}
		refused("beyond the end", 1e6)
		must(t, c.DeleteRecords(ctx, a, 0, 25))
		ends, err := c.Ends(ctx, a)
		must(t, err)
		if ends[a][0].First != 25 {
			t.Fatalf("after deleting: %v", ends)
		}
		refused("deleted", 3)
		if err := c.DeleteRecords(ctx, a, 0, 1e6); !errors.Is(err, ErrOffsetOutOfRange) {
			t.Fatalf("deleting beyond the end: %v", err)
		}

		adm := kadm.NewClient(kclient(t, b.brokers))
		if _, err := adm.UpdatePartitions(ctx, 3, a); err != nil {
			t.Fatal(err)
		}
		until(t, func() error {
			counts, err := c.Partitions(ctx, a)
			if err == nil && counts[a] != 3 {
				err = fmt.Errorf("%d partitions", counts[a])
			}
			return err
		})
		c.forget(a)
		write(2, "in a new partition")
		if got := fmt.Sprint(values(t, c, a, 2)); got != "[in a new partition]" {
			t.Fatal(got)
		}

		first, err := c.TopicIDs(ctx, a, b.n("none"))
		if err != nil || len(first) != 1 || first[a] == "" {
			t.Fatalf("the identities are %v, %v", first, err)
		}
		if _, err := adm.DeleteTopics(ctx, a); err != nil {
			t.Fatal(err)
		}
		until(t, func() error {
			counts, err := c.Partitions(ctx, a)
			if err == nil && counts[a] != 0 {
				err = errors.New("the topic is still there")
			}
			return err
		})
		ensure(t, c, Topic{Name: a, Partitions: 1})
		anew, err := c.TopicIDs(ctx, a)
		if err != nil || anew[a] == "" || anew[a] == first[a] {
			t.Fatalf("the identity of the topic created anew is %v, that of the first %v, %v", anew, first, err)
		}
		p = producer(t, c, b.n("one"), a)
		write(0, "anew")
		refused("of the topic's earlier life", 30)
		if got := fmt.Sprint(values(t, c, a, 0)); got != "[anew]" {
			t.Fatal(got)
		}

		// Asked for by its ID, a topic that is gone has no records: those of the one
		// that has its name now are not taken for them.
		s := c.Session(FetchOptions{ReadCommitted: true, MaxWait: 50 * time.Millisecond})
		patience, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		if got, err := s.Fetch(patience, []FetchFrom{{Topic: a, ID: first[a]}}); err == nil || len(got) > 0 {
			t.Fatalf("a topic that is gone gives %d answers, %v", len(got), err)
		}
		var read []string
		until(t, func() error {
			got, err := s.Fetch(ctx, []FetchFrom{{Topic: a, ID: anew[a]}})
			must(t, err)
			for i := range got {
				_, err := got[i].Each(func(r *FetchedRecord) error { read = append(read, string(r.Value)); return nil })
				must(t, err)
			}
			if len(read) == 0 {
				err = errors.New("nothing was read")
			}
			return err
		})
		if fmt.Sprint(read) != "[anew]" {
			t.Fatal(read)
		}
	})
}

func TestConformFencing(t *testing.T) {
	onEach(t, func(t *testing.T, b *target, c *Client) {
		ctx, a := ctxFor(t), b.n("a")
		ensure(t, c, Topic{Name: a, Partitions: 1})
		old := producer(t, c, b.n("one"))
		txn := old.Begin()
		txn.Append(a, 0, Record{Value: []byte("old")})
		_, err := txn.Flush(ctx)
		must(t, err)
		fresh := producer(t, c, b.n("one"))
		if err := txn.Commit(ctx); !errors.Is(err, ErrFenced) || !fault.Is(err, fault.Config) {
			t.Fatalf("commit of the fenced: %v", err)
		}
		txn = old.Begin()
		txn.Append(a, 0, Record{Value: []byte("old again")})
		if err := txn.Commit(ctx); !errors.Is(err, ErrFenced) {
			t.Fatalf("next transaction of the fenced: %v", err)
		}
		// A producer whose transaction broke before it was fenced finds out when it recovers.
		broken := producer(t, c, b.n("two"))
		broken.unsettle = true
		producer(t, c, b.n("two"))
		txn = broken.Begin()
		txn.Append(a, 0, Record{Value: []byte("broken")})
		if err := txn.Commit(ctx); !errors.Is(err, ErrFenced) {
			t.Fatalf("recovery of the fenced: %v", err)
		}
		txn = fresh.Begin()
		txn.Append(a, 0, Record{Value: []byte("fresh")})
		must(t, txn.Commit(ctx))
		if d := cmp.Diff([]string{"fresh"}, values(t, c, a, 0)); d != "" {
			t.Fatal(d)
		}
	})
}

// TestConformTransactionTooOld: the broker aborts it, the producer finds its way back.
func TestConformTransactionTooOld(t *testing.T) {
	onEach(t, func(t *testing.T, b *target, _ *Client) {
		ctx, a := ctxFor(t), b.n("a")
		c := dial(t, b.brokers, WithTimeouts(0, 0, 300*time.Millisecond))
		ensure(t, c, Topic{Name: a, Partitions: 1})
		p := producer(t, c, b.n("one"), a)
		txn := p.Begin()
		txn.Append(a, 0, Record{Value: []byte("old")})
		placed, err := txn.Flush(ctx)
		must(t, err)
		since := time.Now()
		until(t, func() error { // the broker's abort lets the last stable offset move on
			ends, err := c.Ends(ctx, a)
			if err == nil && (ends[a][0].Last <= placed[0].Base || time.Since(since) < 310*time.Millisecond) {
				err = errors.New("the transaction is still open")
			}
			return err
		})
		if err := txn.Commit(ctx); !errors.Is(err, ErrAborted) || errors.Is(err, ErrFenced) {
			t.Fatal(err)
		}
		txn = p.Begin()
		txn.Append(a, 0, Record{Value: []byte("new")})
		must(t, txn.Commit(ctx))
		if got := values(t, c, a, 0); fmt.Sprint(got) != "[new]" {
			t.Fatal(got)
		}
	})
}

func TestConformPositions(t *testing.T) {
	onEach(t, func(t *testing.T, b *target, c *Client) {
		ctx, in, state, group := ctxFor(t), b.n("in"), b.n("state"), b.n("g")
		ensure(t, c, Topic{Name: in, Partitions: 2}, Topic{Name: state, Partitions: 1})
		p := producer(t, c, b.n("one"))
		big := make([]byte, 200_000)
		rand.NewChaCha8([32]byte{}).Read(big)
		prev := []byte(nil)
		for i, pos := range [][]byte{[]byte("small"), big, {}, big[:2500], big[:2501]} {
			for _, commit := range []bool{false, true} {
				txn := p.Begin()
				txn.Append(in, 1, Record{Value: []byte("row")})
				must(t, txn.SavePosition(ctx, state, group, in, pos))
				if commit {
					must(t, txn.Commit(ctx))
					prev = pos
				} else {
					must(t, txn.Abort(ctx))
				}
				got, err := c.LoadPosition(ctx, state, group, in)
				must(t, err)
				if d := cmp.Diff(prev, got); d != "" {
					t.Fatalf("position %d, committed %v: %s", i, commit, d)
				}
			}
		}
		if n := len(values(t, c, in, 1)); n != 5 {
			t.Fatalf("%d rows", n)
		}
		// A state topic that was emptied below the pointer is noticed.
		must(t, c.DeleteRecords(ctx, state, 0, decided(t, c, state)[state][0].Last))
		if _, err := c.LoadPosition(ctx, state, group, in); !fault.Is(err, fault.Config) {
			t.Fatalf("deleted position: %v", err)
		}
	})
}

// TestConformPositionsAreTrimmed: a stream that stores large positions leaves
// only a few of them behind, another stream's position in front of them stays,
// and what is left can be loaded.
func TestConformPositionsAreTrimmed(t *testing.T) {
	onEach(t, func(t *testing.T, b *target, c *Client) {
		ctx, in, state := ctxFor(t), b.n("in"), b.n("state")
		ensure(t, c, Topic{Name: in, Partitions: 1}, Topic{Name: state, Partitions: 1})
		c.opts.trim = 100_000
		big := make([]byte, 20_000)
		rand.NewChaCha8([32]byte{}).Read(big)
		save := func(p *Producer, group string, pos []byte) {
			t.Helper()
			txn := p.Begin()
			must(t, txn.SavePosition(ctx, state, group, in, pos))
			must(t, txn.Commit(ctx))
		}
		held := func() Bounds { return decided(t, c, state)[state][0] }
		busy, idle := producer(t, c, b.n("busy"), in, state), producer(t, c, b.n("idle"), in, state)
		for i := range 30 {
			save(busy, b.n("busy"), append(big, byte(i)))
		}
		if at := held(); at.Last-at.First > 20 { // a position is a record and a marker
			t.Errorf("the topic holds %v after 30 positions of one stream", at)
		}
		save(idle, b.n("idle"), big)
		for i := range 30 {
			save(busy, b.n("busy"), append(big, byte(i)))
		}
		for group, want := range map[string][]byte{b.n("idle"): big, b.n("busy"): append(big, 29)} {
			got, err := c.LoadPosition(ctx, state, group, in)
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("group %q: %d bytes, %v", group, len(got), err)
			}
		}
		// When it becomes small, the idle stream no longer holds the others up.
		save(idle, b.n("idle"), []byte("small"))
		must(t, c.TrimPositions(ctx, state))
		if at := held(); at.Last-at.First > 8 || at.Last == at.First {
			t.Errorf("the topic holds %v in the end", at)
		}
		got, err := c.LoadPosition(ctx, state, b.n("busy"), in)
		if err != nil || !slices.Equal(got, append(big, 29)) {
			t.Errorf("in the end: %d bytes, %v", len(got), err)
		}
	})
}

// TestConformGroup: members join, one falls silent, and what it commits when it
// wakes up is refused.
func TestConformGroup(t *testing.T) {
	onEach(t, func(t *testing.T, b *target, c *Client) {
		ctx, a, id := ctxFor(t), b.n("a"), b.n("g")
		ensure(t, c, Topic{Name: a, Partitions: 4})
		if _, err := c.Group(ctx, GroupConfig{ID: id, Topics: []string{b.n("none")}}); !fault.Is(err, fault.Config) {
			t.Fatalf("a topic that does not exist: %v", err)
		}
		one := join(t, c, id, a)
		first := next(t, one)
		if len(first.Assigned) != 4 {
			t.Fatalf("the only member has %v", first.Assigned)
		}
		must(t, first.Commit(ctx, []OffsetMeta{{a, 2, 77, "to 99 under plan f00"}}))
		two := join(t, c, id, a)
		<-first.Context().Done()
		if cause := context.Cause(first.Context()); cause != ErrGenerationOver {
			t.Fatal(cause)
		}
		x, y := settled(t, one, two, 4)
		err := first.Commit(ctx, []OffsetMeta{{a, 2, 1, ""}})
		if !errors.Is(err, ErrGenerationOver) || !fault.Is(err, fault.Transient) {
			t.Fatalf("commit of an old generation: %v", err)
		}
		p := producer(t, c, b.n("one"))
		txn := p.Begin()
		txn.OffsetAs(first, a, 2, 1, "")
		if err := txn.Commit(ctx); !errors.Is(err, ErrGenerationOver) || !errors.Is(err, ErrAborted) {
			t.Fatalf("transaction of an old generation: %v", err)
		}
		must(t, x.Commit(ctx, []OffsetMeta{{a, 0, 5, "x"}}))
		must(t, y.Commit(ctx, []OffsetMeta{{a, 1, 6, "y"}}))
		must(t, two.Close())
		<-x.Context().Done()
		if alone := next(t, one); len(alone.Assigned) != 4 {
			t.Fatalf("after the other left: %v", alone.Assigned)
		}
		have, err := c.Offsets(ctx, id, a)
		must(t, err)
		if d := cmp.Diff([]Committed{{5, "x"}, {6, "y"}, {77, "to 99 under plan f00"}, {Offset: -1}}, have[a]); d != "" {
			t.Fatal(d)
		}
	})
}

// TestConformHugeRecord: one record far above every limit of a fetch is read
// whole; one above the topic's own limit is refused with a way out, and the
// producer goes on.
func TestConformHugeRecord(t *testing.T) {
	onEach(t, func(t *testing.T, b *target, c *Client) {
		ctx, a := ctxFor(t), b.n("a")
		ensure(t, c, Topic{Name: a, Partitions: 1, Configs: map[string]string{"max.message.bytes": "9000000"}})
		p := producer(t, c, b.n("one"), a)
		huge := make([]byte, 8_000_000) // random: it does not compress
		rand.NewChaCha8([32]byte{1}).Read(huge)
		for _, v := range [][]byte{[]byte("before"), huge, []byte("after")} {
			txn := p.Begin()
			txn.Append(a, 0, Record{Value: v})
			must(t, txn.Commit(ctx))
		}
		txn := p.Begin()
		txn.Append(a, 0, Record{Value: append(huge, huge...)})
		err := txn.Commit(ctx)
		if !errors.Is(err, ErrAborted) || !fault.Is(err, fault.Config) || !strings.Contains(err.Error(), "max.message.bytes") {
			t.Fatalf("a record above the limit: %v %v", fault.Of(err), err)
		}
		ends := decided(t, c, a)
		f := c.Fetcher(a, 0, 0, FetchOptions{ReadCommitted: true, MaxBytes: 1000})
		var got []int
		must(t, f.Span(ctx, 0, ends[a][0].Last, func(r *FetchedRecord) error { got = append(got, len(r.Value)); return nil }))
		if d := cmp.Diff([]int{6, 8_000_000, 5}, got); d != "" {
			t.Fatal(d)
		}
		txn = p.Begin()
		txn.Append(a, 0, Record{Value: []byte("again")})
		must(t, txn.Commit(ctx))
		// Neither side holds on to what one record needed.
		end := decided(t, c, a)[a][0].Last
		must(t, f.Span(ctx, ends[a][0].Last, end, func(*FetchedRecord) error { return nil }))
		held := cap(f.s.dec.raw)
		for _, b := range f.s.bufs {
			held += cap(b.answer)
		}
		for _, b := range p.free {
			held += cap(b)
		}
		for _, b := range p.idle {
			held += cap(b.raw)
		}
		if held > 5<<20 {
			t.Errorf("%d MB of buffers are held", held>>20)
		}
	})
}

// until polls a condition of another process; there is no signal to wait for.
func until(t *testing.T, check func() error) {
	t.Helper()
	ctx := ctxFor(t)
	for {
		err := check()
		if err == nil {
			return
		}
		if !wait(ctx, 20*time.Millisecond) {
			t.Fatal(err)
		}
	}
}
