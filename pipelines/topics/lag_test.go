package topics

import (
	"testing"
	"time"
)

// The oldest record that waits is found behind markers and aborted records, and
// where only markers wait there is none.
func TestWaiting(t *testing.T) {
	_, addrs := cluster(t)
	ctx, c := ctxFor(t), dial(t, addrs)
	ensure(t, c, Topic{Name: "a", Partitions: 3})
	before := time.Now().Add(-time.Second)
	p := producer(t, c, "p", "a")
	txn := p.Begin()
	txn.Append("a", 0, Record{Key: []byte("k"), Value: []byte("read long ago")})
	txn.Append("a", 2, Record{Key: []byte("k"), Value: []byte("loaded")})
	must(t, txn.Commit(ctx))
	txn = p.Begin()
	txn.Append("a", 0, Record{Key: []byte("k"), Value: []byte("aborted")})
	must(t, txn.Abort(ctx))
	p2 := producer(t, c, "p", "a")
	txn = p2.Begin()
	txn.Append("a", 0, Record{Key: []byte("k"), Value: []byte("waits")})
	must(t, txn.Commit(ctx))
	ends, err := c.Ends(ctx, "a")
	must(t, err)
	got, err := c.Waiting(ctx, []FetchFrom{
		{Topic: "a", Partition: 0, Offset: 2, To: ends["a"][0].Last}, // after the first transaction's record: its marker comes first
		{Topic: "a", Partition: 2, Offset: 2, To: ends["a"][2].Last}, // only the marker
	})
	must(t, err)
	at, ok := got[TopicPartition{"a", 0}]
	if !ok || at.Before(before) || at.After(time.Now().Add(time.Second)) || len(got) != 1 {
		t.Errorf("waiting: %v", got)
	}
}

// Owners says who has which partition; a group that nobody joined has none.
func TestOwners(t *testing.T) {
	_, addrs := cluster(t)
	ctx, c := ctxFor(t), dial(t, addrs)
	ensure(t, c, Topic{Name: "a", Partitions: 3})
	if got, err := c.Owners(ctx, "nobody"); err != nil || len(got) != 0 {
		t.Errorf("a group that nobody joined: %v, %v", got, err)
	}
	g := join(t, c, "g", "a")
	gen := next(t, g)
	got, err := c.Owners(ctx, "g")
	must(t, err)
	if len(got) != 1 || got[0].ID != gen.Member || len(got[0].Assigned) != 3 || got[0].Assigned[2] != (TopicPartition{"a", 2}) {
		t.Errorf("owners: %+v", got)
	}
}
