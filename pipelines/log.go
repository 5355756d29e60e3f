package pipelines

import (
	"context"

	"rongtong/pipelines/topics"
	"rongtong/pipelines/warehouse"
)

// The two loops see Kafka and ClickHouse through what stands here and through
// nothing else. The simulation (see simulation_test.go) puts a world with crashes
// and lost answers behind the same interfaces and runs the same code.

// Log is what Ingest needs of Kafka.
type Log interface {
	// Producer, LoadPosition: see topics.Client.
	Producer(ctx context.Context, id string, names ...string) (Producer, error)
	LoadPosition(ctx context.Context, state, group, topic string) ([]byte, error)
	Spans
}

// Spans is what reading spans of topics needs.
type Spans interface {
	Ends(ctx context.Context, names ...string) (map[string][]topics.Bounds, error)
	Reader() Reader
}

// Producer is a topics.Producer.
type Producer interface {
	Begin() Txn
	Close() error
}

// Txn is a topics.Txn.
type Txn interface {
	Append(topic string, partition int32, r topics.Record)
	SavePosition(ctx context.Context, state, group, topic string, pos []byte) error
	Commit(ctx context.Context) error
	Abort(ctx context.Context) error
}

// Offsets reads what a group has stored: where a loader begins.
type Offsets interface {
	Offsets(ctx context.Context, group string, names ...string) (map[string][]topics.Committed, error)
	TopicIDs(ctx context.Context, names ...string) (map[string]string, error)
}

// Epochs tells where the records of earlier leaders end: see topics.Client.
type Epochs interface {
	EpochEnds(ctx context.Context, list []topics.EpochOf) (map[topics.TopicPartition]int64, error)
}

// Committer stores offsets for a member of the group, and refuses once its
// generation is over. It is a topics.Generation.
type Committer interface {
	Commit(ctx context.Context, offsets []topics.OffsetMeta) error
}

// Reader calls fn with the committed records of a span that one fetch brings, and
// returns the offset to go on from. An error of fn ends it and is returned as it
// is; the offset is then that of the record which fn refused. With the ID of a
// topic it reads that topic or nothing: never another one of the same name.
type Reader interface {
	Read(ctx context.Context, from topics.FetchFrom, fn func(*topics.FetchedRecord) error) (int64, error)
}

// Store takes named inserts, each once: see warehouse.Load. It is a warehouse.Warehouse.
type Store interface {
	Load(ctx context.Context, l warehouse.Load) error
	InsertRows(ctx context.Context, table, token string, rows any) error
	// Refused tells which rows of a load the table can never take, at most so many.
	Refused(ctx context.Context, l warehouse.Load, most int) ([]int, error)
	// Ledger tells how far topics are loaded, as far as the warehouse knows.
	Ledger(ctx context.Context, group string, names []string) ([]warehouse.Ledgered, error)
}

// kafkaLog is a real cluster as a Log.
type kafkaLog struct{ *topics.Client }

func (k kafkaLog) Producer(ctx context.Context, id string, names ...string) (Producer, error) {
	p, err := k.Client.Producer(ctx, id, names...)
	if err != nil {
		return nil, err
	}
	return kafkaProducer{p}, nil
}

func (k kafkaLog) Reader() Reader {
	return sessionReader{k.Session(topics.FetchOptions{ReadCommitted: true})}
}

type kafkaProducer struct{ *topics.Producer }

func (p kafkaProducer) Begin() Txn { return p.Producer.Begin() }

// sessionReader is a fetch session as a Reader.
type sessionReader struct{ *topics.Session }

func (s sessionReader) Read(ctx context.Context, from topics.FetchFrom, fn func(*topics.FetchedRecord) error) (int64, error) {
	got, err := s.Fetch(ctx, []topics.FetchFrom{from})
	next := from.Offset
	for i := range got {
		if next, err = got[i].Each(fn); err != nil {
			break
		}
	}
	return next, err
}
