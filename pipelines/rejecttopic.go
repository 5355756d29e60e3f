package pipelines

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"rongtong/pipelines/topics"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas/fault"
)

// RejectTopic carries the refused records of a stream, with rule, reason and
// place, for the department that sent them.
func RejectTopic(system, stream string) string { return "reject." + system + "." + stream }

// rejectRetention is how long a refused record waits for its department: ninety
// days.
const rejectRetention = "7776000000"

// rejectBatch is how many refused records one transaction carries.
const rejectBatch = 5000

// RejectRecord is the value of a record in a reject topic. The key is
// partition/offset/flow of the refused record, and /topic_id where Kafka knows it:
// a later value of a key replaces the earlier one. A record that a replay accepted
// comes again with replayed.
type RejectRecord struct {
	System     string          `json:"system"`
	Stream     string          `json:"stream"`
	Topic      string          `json:"topic"`
	TopicID    string          `json:"topic_id,omitempty"`
	Partition  int32           `json:"partition"`
	Offset     int64           `json:"offset"`
	Flow       string          `json:"flow"`
	Entity     string          `json:"entity"`
	Division   string          `json:"division,omitempty"`
	Rule       string          `json:"rule"`
	Field      string          `json:"field,omitempty"`
	ReasonZh   string          `json:"reason_zh"`
	ReasonEn   string          `json:"reason_en"`
	Place      string          `json:"place"`
	Row        json.RawMessage `json:"row"` // identifiers masked
	Attempt    int32           `json:"attempt"`
	Replayed   bool            `json:"replayed"`
	RejectedAt time.Time       `json:"rejected_at"`
}

func rejectRecord(r warehouse.RejectRow) (topics.Record, error) {
	row := json.RawMessage(r.Row)
	if !json.Valid(row) {
		row = json.RawMessage("{}")
	}
	value, err := json.Marshal(RejectRecord{r.System, r.Stream, r.Topic, r.TopicID, r.Partition, r.Offset, r.Flow, r.Entity, r.Division, r.Rule, r.Field,
		r.ReasonZh, r.ReasonEn, r.Place, row, r.Attempt, r.Replayed, r.RejectedAt})
	if err != nil {
		return topics.Record{}, fault.New(fault.Bug, "writing a refused record: %w", err)
	}
	key := fmt.Appendf(nil, "%d/%d/%s", r.Partition, r.Offset, r.Flow)
	if r.TopicID != "" {
		key = append(append(key, '/'), r.TopicID...)
	}
	return topics.Record{Key: key, Value: value}, nil
}

// publisher writes a stream's refused records to its reject topic.
//
// They are published in order of offsets, and how far each partition got moves
// in the same transaction, so that nothing is published twice, whatever is
// loaded again. A loader writes the rejects of a span at once and spans in
// order: behind the last offset seen there is nothing that comes later.
type publisher struct {
	kafka     *topics.Client
	warehouse *warehouse.Warehouse
}

// published is how far each partition got: the last offset.
type published map[warehouse.Partition]int64

func (p published) has(r warehouse.RejectRow) bool {
	last, ok := p[r.Of()]
	return ok && r.Offset <= last
}

// encode makes an object of partitions, each with the ID of its topic behind
// an @.
func (p published) encode() ([]byte, error) {
	flat := map[string]int64{}
	for of, last := range p {
		name := strconv.Itoa(int(of.Number))
		if of.TopicID != "" {
			name += "@" + of.TopicID
		}
		flat[name] = last
	}
	return json.Marshal(flat)
}

func decodePublished(b []byte) (published, error) {
	p, flat := published{}, map[string]int64{}
	if len(b) == 0 {
		return p, nil
	}
	if err := json.Unmarshal(b, &flat); err != nil {
		return nil, err
	}
	for name, last := range flat {
		number, id, _ := strings.Cut(name, "@")
		n, err := strconv.ParseInt(number, 10, 32)
		if err != nil {
			return nil, err
		}
		p[warehouse.Partition{TopicID: id, Number: int32(n)}] = last
	}
	return p, nil
}

func (p publisher) position(ctx context.Context, topic string) (published, error) {
	b, err := p.kafka.LoadPosition(ctx, positions, topic, topic)
	if err != nil {
		return nil, err
	}
	at, err := decodePublished(b)
	if err != nil {
		return nil, fault.New(fault.Bug, "reading how far %q is published: %w", topic, err)
	}
	return at, nil
}

// publish brings the reject topic up to date and returns how far that is, and
// how many records it published.
func (p publisher) publish(ctx context.Context, s *Stream) (published, int64, error) {
	topic := RejectTopic(s.System.System, s.Stream.Name)
	at, err := p.position(ctx, topic)
	if err != nil {
		return nil, 0, err
	}
	rows, err := p.warehouse.RejectsAfter(ctx, s.Topic, at, rejectBatch)
	if err != nil || len(rows) == 0 {
		return at, 0, err
	}
	producer, err := p.kafka.Producer(ctx, topic, topic, positions)
	if err != nil {
		return nil, 0, err
	}
	defer producer.Close()
	if at, err = p.position(ctx, topic); err != nil { // now nobody else moves it
		return nil, 0, err
	}
	var sum int64
	for {
		if rows, err = p.warehouse.RejectsAfter(ctx, s.Topic, at, rejectBatch); err != nil || len(rows) == 0 {
			return at, sum, err
		}
		txn := producer.Begin()
		for _, r := range rows {
			rec, err := rejectRecord(r)
			if err != nil {
				return nil, sum, err
			}
			txn.Append(topic, 0, rec)
			at[r.Of()] = max(at[r.Of()], r.Offset)
		}
		pos, err := at.encode()
		if err != nil {
			return nil, sum, fault.New(fault.Bug, "writing how far %q is published: %w", topic, err)
		}
		if err := txn.SavePosition(ctx, positions, topic, topic, pos); err != nil {
			return nil, sum, err
		}
		if err := txn.Commit(ctx); err != nil {
			return nil, sum, err
		}
		sum += int64(len(rows))
	}
}

// pending counts the refused records that publish would publish first.
func (p publisher) pending(ctx context.Context, s *Stream) (int64, error) {
	at, err := p.position(ctx, RejectTopic(s.System.System, s.Stream.Name))
	if err != nil {
		return 0, err
	}
	rows, err := p.warehouse.RejectsAfter(ctx, s.Topic, at, rejectBatch)
	return int64(len(rows)), err
}

// outcome publishes what a replay found. It comes before the record leaves
// quarantine: after a crash between the two both are done again, under the same
// keys.
func (p publisher) outcome(ctx context.Context, s *Stream, rows []warehouse.RejectRow) error {
	topic := RejectTopic(s.System.System, s.Stream.Name)
	producer, err := p.kafka.Producer(ctx, "replay."+topic, topic)
	if err != nil {
		return err
	}
	defer producer.Close()
	txn := producer.Begin()
	for _, r := range rows {
		rec, err := rejectRecord(r)
		if err != nil {
			return err
		}
		txn.Append(topic, 0, rec)
	}
	return txn.Commit(ctx)
}

// rejects brings all reject topics up to date.
func (j *Jobs) rejects(ctx context.Context, r *Run) (string, error) {
	p := publisher{j.Kafka, j.Warehouse}
	var sum int64
	for _, s := range j.Streams {
		if len(s.Flows) == 0 {
			continue
		}
		err := r.Step(ctx, "publish/"+s.System.System+"."+s.Stream.Name, func(ctx context.Context) (Did, error) {
			publish := func() (n int64, err error) { _, n, err = p.publish(ctx, s); return n, err }
			if r.Dry {
				publish = func() (int64, error) { return p.pending(ctx, s) }
			}
			n, err := publish()
			sum += n
			if err != nil {
				return Did{}, fmt.Errorf("publishing the rejects of %s.%s: %w", s.System.System, s.Stream.Name, err)
			}
			return Did{Nothing: n == 0, In: n, Out: n, Detail: fmt.Sprintf("%d refused records", n)}, nil
		})
		if err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%d refused records published", sum), nil
}
