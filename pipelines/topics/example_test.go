package topics_test

import (
	"context"
	"fmt"
	"log"

	"github.com/twmb/franz-go/pkg/kfake"

	"rongtong/pipelines/topics"
)

// Rows and the position of the connector that read them go in together; a
// reader sees both or neither.
func Example() {
	broker, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		log.Fatal(err)
	}
	defer broker.Close()
	ctx := context.Background()
	c, err := topics.Dial(ctx, broker.ListenAddrs())
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	const in, state, group = "in.city.event", "rongtong.state", "ingest.city.event"
	if err := c.Ensure(ctx, []topics.Topic{{Name: in, Partitions: 3}, {Name: state, Partitions: 1}}); err != nil {
		log.Fatal(err)
	}
	p, err := c.Producer(ctx, group, in, state)
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()

	key := []byte("370102001\x1f2025")
	txn := p.Begin()
	txn.Append(in, topics.Partition(key, 3), topics.Record{Key: key, Value: []byte(`{"kind":"drill"}`)})
	if err := txn.SavePosition(ctx, state, group, in, []byte("page 3")); err != nil {
		log.Fatal(err)
	}
	if err := txn.Commit(ctx); err != nil {
		log.Fatal(err)
	}

	pos, err := c.LoadPosition(ctx, state, group, in)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", pos)
	ends, err := c.Ends(ctx, in)
	if err != nil {
		log.Fatal(err)
	}
	part := topics.Partition(key, 3)
	f := c.Fetcher(in, part, 0, topics.FetchOptions{ReadCommitted: true})
	err = f.Span(ctx, 0, ends[in][part].Last, func(r *topics.FetchedRecord) error {
		fmt.Printf("%s\n", r.Value)
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// page 3
	// {"kind":"drill"}
}
