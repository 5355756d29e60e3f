package pipelines

import (
	"context"

	"github.com/cespare/xxhash/v2"

	"rongtong/pipelines/topics"
	"rongtong/schemas/fault"
	"rongtong/schemas/record"
)

// orphans are rows that readers can see although the position that was to come
// with them was never stored. Kafka commits both or neither; the embedded broker
// writes them one after the other, and a kill -9 in between leaves the rows, of
// all or of some partitions, alone. The source will deliver them again, and
// then they are left out, by content: nothing is doubled.
//
// They are found by number: every row carries its number in its stream, and the
// stored position says which was the last. A number is not a count: of a commit
// that was cut in two, the visible rows are not the first ones. From the next commit on they are
// counted, so those that the source has not delivered again by then are named in
// the position: a successor could not tell them from rows it knows.
type orphans map[uint64]int64

// add puts the rows of b to those of o.
func (o orphans) add(b orphans) {
	for h, n := range b {
		o[h] += n
	}
}

func (o orphans) size() int64 {
	var n int64
	for _, c := range o {
		n += c
	}
	return n
}

func fingerprintRow(key, value []byte) uint64 {
	var d xxhash.Digest
	d.Reset()
	_, _ = d.Write(key)
	_, _ = d.Write([]byte{0})
	_, _ = d.Write(value)
	return d.Sum64()
}

// drop takes the rows that are orphans out of the chunk, each as often as it
// is orphaned.
func (o orphans) drop(c *record.Chunk) {
	if len(o) == 0 {
		return
	}
	kept := c.Rows[:0]
	for _, e := range c.Rows {
		h := fingerprintRow(e.Key, e.Value)
		if o[h] > 0 {
			if o[h]--; o[h] == 0 {
				delete(o, h)
			}
			continue
		}
		kept = append(kept, e)
	}
	clear(c.Rows[len(kept):])
	c.Rows = kept
}

// findOrphans looks at the ends of a stream's partitions for rows with a number
// above the stored one, and also returns the highest number there is.
func findOrphans(ctx context.Context, k Log, s *Stream, last int64) (orphans, int64, error) {
	ends, err := k.Ends(ctx, s.Topic)
	if err != nil {
		return nil, 0, err
	}
	found, highest := orphans{}, last
	for p, b := range ends[s.Topic] {
		high, err := found.partition(ctx, k, s.Topic, int32(p), b, last)
		if err != nil {
			return nil, 0, err
		}
		highest = max(highest, high)
	}
	return found, highest, nil
}

// span calls fn with every committed record of a span. It does not wait for records
// that can no longer come, because the topic was created anew and is shorter now.
func span(ctx context.Context, k Spans, at topics.FetchFrom, fn func(*topics.FetchedRecord) error) error {
	for r := k.Reader(); at.Offset < at.To; {
		next, err := r.Read(ctx, at, fn)
		if err != nil {
			return err
		}
		if next > at.Offset {
			at.Offset = next
			continue
		}
		ends, err := k.Ends(ctx, at.Topic)
		if err != nil {
			return err
		}
		if list := ends[at.Topic]; int(at.Partition) >= len(list) || list[at.Partition].Last < at.To {
			return fault.New(fault.Transient, "reading %s/%d from %d to %d: it no longer reaches so far, the topic was created anew", at.Topic, at.Partition, at.Offset, at.To)
		}
	}
	return nil
}

// partition looks back from the end in growing windows until it meets a row
// that the position knows, or the partition's beginning: numbers only grow.
func (o orphans) partition(ctx context.Context, k Log, topic string, partition int32, b topics.Bounds, last int64) (highest int64, err error) {
	for window := int64(64); ; window *= 16 {
		from := max(b.First, b.Last-window)
		var hashes []uint64
		known := from == b.First
		err := span(ctx, k, topics.FetchFrom{Topic: topic, Partition: partition, Offset: from, To: b.Last}, func(r *topics.FetchedRecord) error {
			if r.Header == nil {
				return nil // somebody else wrote it
			}
			var e record.Envelope
			n, err := parseHeader(r.Header, &e)
			if err != nil {
				return fault.New(fault.Bug, "reading %s/%d at %d: %w", topic, partition, r.Offset, err)
			}
			if n == 0 {
				return nil // not of the stream's own reading: a backfill brought it
			}
			highest = max(highest, n)
			if n <= last {
				known, hashes = true, hashes[:0]
			} else {
				hashes = append(hashes, fingerprintRow(r.Key, r.Value))
			}
			return nil
		})
		if err != nil {
			return 0, err
		}
		if known {
			for _, h := range hashes {
				o[h]++
			}
			return highest, nil
		}
	}
}
