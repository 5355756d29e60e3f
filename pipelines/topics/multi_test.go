package topics

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kfake"
)

// TestLeadersMove: three brokers, leaders and coordinators move all the time.
func TestLeadersMove(t *testing.T) {
	cl, addrs := cluster(t, kfake.NumBrokers(3))
	ctx, c := ctxFor(t), dial(t, addrs)
	ensure(t, c, Topic{Name: "a", Partitions: 6})
	p := producer(t, c, "one", "a")
	s := c.Session(FetchOptions{ReadCommitted: true})
	from := make([]FetchFrom, 6)
	for i := range from {
		from[i] = FetchFrom{Topic: "a", Partition: int32(i)}
	}
	want, got := map[string]int{}, map[string]int{}
	for i := range 20 {
		txn := p.Begin()
		for j := range 60 {
			v := fmt.Sprint(i, ".", j)
			want[v]++
			txn.Append("a", int32(j%6), Record{Value: []byte(v)})
			if j == 30 {
				_, err := txn.Flush(ctx)
				must(t, err)
				cl.ShufflePartitionLeaders()
			}
		}
		txn.Offset("g", "a", 0, int64(i), "")
		must(t, txn.Commit(ctx))
		cl.ShufflePartitionLeaders()
		cl.RehashCoordinators()
		for len(got) < len(want) {
			answers, err := s.Fetch(ctx, from)
			must(t, err)
			for k := range answers {
				next, err := answers[k].Each(func(r *FetchedRecord) error { got[string(r.Value)]++; return nil })
				must(t, err)
				from[answers[k].Partition].Offset = next
			}
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Fatal(d)
	}
	have, err := c.Offsets(ctx, "g", "a")
	if err != nil || have["a"][0].Offset != 19 {
		t.Fatal(have, err)
	}
}
