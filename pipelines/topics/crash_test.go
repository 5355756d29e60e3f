package topics

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"rongtong/schemas/fault"
)

// mortal is a broker in a process of its own, for one test.
type mortal interface {
	addr() []string
	kill() // with signal 9
	start()
	atomic() bool // a commit is done whole or not at all, whenever the kill comes
}

// onEachProcess runs a check against every kind of broker that must conform.
func onEachProcess(t *testing.T, check func(*testing.T, mortal)) {
	for _, k := range brokerKinds {
		t.Run(k.name, func(t *testing.T) { check(t, k.mortal(t)) })
	}
}

// ingest writes rows 0, 1, 2 … in transactions that carry the position, until
// ctx ends or n rows are in, and starts again from the position after an error.
func ingest(t *testing.T, ctx context.Context, c *Client, n int) (redone int) {
	for p := (*Producer)(nil); ; {
		if p == nil {
			var err error
			if p, err = c.Producer(ctx, "one"); err != nil {
				t.Errorf("starting: %v", err)
				return redone
			}
		}
		pos, err := c.LoadPosition(ctx, "state", "g", "in")
		if err != nil {
			t.Errorf("loading: %v", err)
			return redone
		}
		from, _ := strconv.Atoi(string(pos))
		for err == nil && from < n {
			txn := p.Begin()
			for range 20 {
				txn.Append("in", 0, Record{Value: fmt.Append(nil, from)})
				from++
				if from%7 == 0 && err == nil {
					_, err = txn.Flush(ctx)
				}
			}
			if err == nil {
				err = txn.SavePosition(ctx, "state", "g", "in", fmt.Append(nil, from))
			}
			if err == nil {
				err = txn.Commit(ctx)
			}
		}
		switch {
		case err == nil:
			p.Close()
			return redone
		case errors.Is(err, ErrAborted):
		case errors.Is(err, ErrOutcomeUnknown), fault.Is(err, fault.Transient):
			p.Close()
			p = nil
		default:
			t.Errorf("ingesting: %v", err)
			return redone
		}
		redone++
	}
}

// checkRows reports rows that are missing. Whole transactions may be there
// twice, at most `twice` of them: see TestBrokerIsKilled.
func checkRows(rows []string, n, twice int) error {
	want := 0
	for i, r := range rows {
		v, err := strconv.Atoi(r)
		if err != nil {
			return err
		}
		if v < want && v%20 == 0 && want-v == 20 && twice > 0 {
			twice--
			want = v
		}
		if v != want {
			return fmt.Errorf("row %d of the topic is %d, want %d", i, v, want)
		}
		want++
	}
	if want != n {
		return fmt.Errorf("the topic ends at row %d of %d", want, n)
	}
	return nil
}

// TestBrokerIsKilled kills the broker with signal 9 at random moments while
// transactions run. Nothing may be lost and nothing out of order. A transaction
// may be there twice when the kill falls between the two writes by which the
// embedded broker commits, rows first and offsets after; Apache Kafka has no
// such gap.
func TestBrokerIsKilled(t *testing.T) { onEachProcess(t, brokerIsKilled) }

func brokerIsKilled(t *testing.T, b mortal) {
	c := dial(t, b.addr())
	ensure(t, c, Topic{Name: "in", Partitions: 1}, Topic{Name: "state", Partitions: 1})
	const n = 10_000
	kills, twice := 6, 6
	if b.atomic() {
		kills, twice = 2, 0
	}
	done := make(chan int)
	go func() { done <- ingest(t, ctxFor(t), c, n) }()
	r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	for range kills {
		wait(context.Background(), time.Duration(50+r.IntN(200))*time.Millisecond)
		b.kill()
		b.start()
	}
	redone := <-done
	if t.Failed() {
		return
	}
	rows := values(t, c, "in", 0)
	if err := checkRows(rows, n, twice); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d restarts of the ingest, %d rows twice", redone, len(rows)-n)
	for _, bad := range [][]string{{"0", "2"}, {"0"}, {"1", "0"}} {
		if checkRows(bad, 2, 1) == nil {
			t.Errorf("%q passes", bad)
		}
	}
}

// TestRestartInTransaction: what was flushed before the broker died is gone, and
// the commit must say so although the new broker would accept it.
func TestRestartInTransaction(t *testing.T) { onEachProcess(t, restartInTransaction) }

func restartInTransaction(t *testing.T, b mortal) {
	ctx, c := ctxFor(t), dial(t, b.addr())
	ensure(t, c, Topic{Name: "in", Partitions: 2}, Topic{Name: "state", Partitions: 1})
	p := producer(t, c, "one")
	txn := p.Begin()
	txn.Append("in", 0, Record{Value: []byte("before")})
	must(t, txn.SavePosition(ctx, "state", "g", "in", []byte("1")))
	must(t, txn.Commit(ctx))

	txn = p.Begin()
	txn.Append("in", 0, Record{Value: []byte("lost")})
	_, err := txn.Flush(ctx)
	must(t, err)
	b.kill()
	b.start()
	// Every stale connection is used up by others, so that the transaction's own
	// next request meets a fresh one and no error.
	p.line.transport.CloseIdleConnections()
	txn.Append("in", 1, Record{Value: []byte("after")})
	err = txn.SavePosition(ctx, "state", "g", "in", []byte("2"))
	if err == nil {
		err = txn.Commit(ctx)
	}
	if !errors.Is(err, ErrAborted) || !fault.Is(err, fault.Transient) {
		t.Fatalf("commit across a restart: %v", err)
	}
	pos, err := c.LoadPosition(ctx, "state", "g", "in")
	if err != nil || string(pos) != "1" {
		t.Fatalf("position %q, %v", pos, err)
	}
	txn = p.Begin()
	txn.Append("in", 0, Record{Value: []byte("redone")})
	must(t, txn.SavePosition(ctx, "state", "g", "in", []byte("2")))
	must(t, txn.Commit(ctx))
	if got := fmt.Sprint(values(t, c, "in", 0), values(t, c, "in", 1)); got != "[before redone] []" {
		t.Fatal(got)
	}
}

// TestReaderSurvivesRestart: a fetch waits for the broker and goes on.
func TestReaderSurvivesRestart(t *testing.T) { onEachProcess(t, readerSurvivesRestart) }

func readerSurvivesRestart(t *testing.T, b mortal) {
	ctx, c := ctxFor(t), dial(t, b.addr())
	ensure(t, c, Topic{Name: "in", Partitions: 1})
	p := producer(t, c, "one")
	write := func(v string) {
		txn := p.Begin()
		txn.Append("in", 0, Record{Value: []byte(v)})
		must(t, txn.Commit(ctx))
	}
	write("a")
	f := c.Fetcher("in", 0, 0, FetchOptions{ReadCommitted: true})
	var got []string
	keep := func(r *FetchedRecord) error { got = append(got, string(r.Value)); return nil }
	decided(t, c, "in")
	must(t, f.Span(ctx, 0, 2, keep))
	b.kill()
	done := make(chan error)
	go func() { // a Span would not wait so long for what is not written yet
		for f.Next() < 5 {
			if _, err := f.Fetch(ctx, keep); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	b.start()
	p = producer(t, c, "one")
	write("b")
	must(t, <-done)
	if fmt.Sprint(got) != "[a b]" {
		t.Fatal(got)
	}
}
