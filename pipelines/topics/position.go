package topics

import (
	"context"
	"encoding/base64"
	"fmt"
	"hash/crc32"
	"math"
	"strings"

	"rongtong/schemas/fault"
)

// A position is kept in the metadata of a group's offset for partition 0 of the
// stream's topic: "=" and base64 of it, or, when that would pass the broker's
// limit of 4 KB, "@partition:offset:length:checksum" of a record in the state
// topic that was written in the same transaction.
//
// The offset itself counts the saves, from positionBase up. It differs each
// time, so that a producer whose commit went unanswered can tell whether it
// happened; and it lies above every real offset, so that a janitor which keeps
// what groups have not read yet is not held up by it.
const (
	positionBase   = int64(1) << 62
	positionInline = 2500 // bytes
)

// SavePosition stores a connector's position with the transaction. Positions
// above 2,500 bytes are written to partition 0 of stateTopic, for which the
// transaction is flushed. Save at most once per (group, topic) and transaction,
// and use one group per stream: the offset that protects a large position from
// the janitor is kept per group.
//
// Errors are those of Flush.
func (t *Txn) SavePosition(ctx context.Context, stateTopic, group, topic string, pos []byte) error {
	if err := t.usable(); err != nil {
		return err
	}
	// The number comes after begin: recovering may let another's save in.
	if err := t.begin(ctx); err != nil {
		return err
	}
	at := slot{group, tp{topic, 0}}
	n, ok := t.p.saves[at]
	if !ok {
		have, err := t.p.c.offsets(ctx, group, []tp{at.tp})
		if err != nil {
			return err
		}
		n = max(have[topic][0].Offset, positionBase-1)
	}
	n++
	meta := "=" + base64.RawStdEncoding.EncodeToString(pos)
	if len(pos) > positionInline {
		var err error
		if meta, err = t.savePositionRecord(ctx, stateTopic, at, pos); err != nil {
			return err
		}
	}
	t.Offset(group, topic, 0, n, meta)
	t.saved[at] = n
	return nil
}

func (t *Txn) savePositionRecord(ctx context.Context, stateTopic string, at slot, pos []byte) (string, error) {
	t.p.learn(stateTopic)
	if _, err := t.Flush(ctx); err != nil {
		return "", err
	}
	t.Append(stateTopic, 0, Record{Key: positionKey(at.group, at.topic), Value: pos})
	placed, err := t.Flush(ctx)
	if err != nil {
		return "", err
	}
	base := placed[0].Base
	t.p.stale[stateTopic] += int64(len(pos))
	t.Offset(at.group, stateTopic, 0, base, "")
	return fmt.Sprintf("@%d:%d:%d:%08x", 0, base, len(pos), crc32.Checksum(pos, castagnoli)), nil
}

// trim deletes what was superseded in the state topics that the producer has
// written a good deal to. It is house-keeping: a failure is logged, and the next
// transactions try again.
func (p *Producer) trim(ctx context.Context) {
	for topic, bytes := range p.stale {
		if bytes < p.c.opts.trim {
			continue
		}
		p.stale[topic] = 0
		if err := p.c.TrimPositions(ctx, topic); err != nil && ctx.Err() == nil {
			p.c.opts.log.Warn("cannot trim the stored positions, trying again later", "topic", topic, "error", err)
		}
	}
}

// TrimPositions deletes from a state topic the positions in front of the first
// one that some group still refers to. It never empties the topic. Every record
// says whose it is, and its owner is asked, so that streams of other processes
// are safe. Producers call it by themselves after every 8 MiB of positions.
//
// A stream that has not moved for long holds up what others wrote after it.
func (c *Client) TrimPositions(ctx context.Context, stateTopic string) error {
	ends, err := c.Ends(ctx, stateTopic)
	if err != nil {
		return err
	}
	b := ends[stateTopic][0]
	owners := map[string]bool{}
	f := c.Fetcher(stateTopic, 0, b.First, FetchOptions{ReadCommitted: true, MaxBytes: 1 << 20})
	err = f.Span(ctx, b.First, b.Last, func(r *FetchedRecord) error {
		if !owners[string(r.Key)] {
			owners[string(r.Key)] = true
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("looking for positions that are still in use: %w", err)
	}
	keep := b.Last - 1
	for owner := range owners {
		group, topic, ok := strings.Cut(owner, "\x00")
		if !ok {
			return fault.New(fault.Config, "trimming %q: it holds a record that is no position", stateTopic)
		}
		have, err := c.offsets(ctx, group, []tp{{topic, 0}})
		if err != nil {
			return err
		}
		at := have[topic][0]
		if at.Offset < positionBase {
			continue
		}
		p, err := parsePosition(at.Metadata)
		if err != nil {
			return fault.New(fault.Bug, "trimming %q: the position of group %q for %q: %w", stateTopic, group, topic, err)
		}
		if p.inline == nil {
			keep = min(keep, p.offset)
		}
	}
	if keep <= b.First {
		return nil
	}
	return c.DeleteRecords(ctx, stateTopic, 0, keep)
}

func positionKey(group, topic string) []byte { return []byte(group + "\x00" + topic) }

// LoadPosition returns the position that the last committed transaction saved
// for a group and topic; nil: none was ever saved. Make the stream's Producer
// first, so that a transaction of a predecessor is settled.
//
// A position whose record was deleted from the state topic is a fault.Config.
func (c *Client) LoadPosition(ctx context.Context, stateTopic, group, topic string) ([]byte, error) {
	have, err := c.offsets(ctx, group, []tp{{topic, 0}})
	if err != nil {
		return nil, err
	}
	got := have[topic][0]
	if got.Offset < positionBase {
		return nil, nil
	}
	p, err := parsePosition(got.Metadata)
	if err != nil {
		return nil, fault.New(fault.Bug, "loading the position of group %q for %q: %w", group, topic, err)
	}
	if p.inline != nil {
		return p.inline, nil
	}
	pos, err := c.positionRecord(ctx, stateTopic, p, positionKey(group, topic))
	if err != nil {
		return nil, fmt.Errorf("loading the position of group %q for %q: %w", group, topic, err)
	}
	return pos, nil
}

// pointer is parsed metadata: the position itself, or where it stands.
type pointer struct {
	inline    []byte
	partition int32
	offset    int64
	size      int
	sum       uint32
}

func parsePosition(meta string) (p pointer, err error) {
	if s, ok := strings.CutPrefix(meta, "="); ok {
		p.inline, err = base64.RawStdEncoding.DecodeString(s)
		if p.inline == nil {
			p.inline = []byte{}
		}
		return p, err
	}
	n, err := fmt.Sscanf(meta, "@%d:%d:%d:%08x", &p.partition, &p.offset, &p.size, &p.sum)
	if err != nil || n != 4 || p.partition < 0 || p.offset < 0 || p.size < 0 || p.offset == math.MaxInt64 {
		return pointer{}, fmt.Errorf("the metadata holds no position")
	}
	return p, nil
}

// positionRecord reads uncommitted data on purpose: the pointer was committed
// together with the record, while an older transaction of another stream may
// still be open below it and would hide it from a committed read.
func (c *Client) positionRecord(ctx context.Context, stateTopic string, p pointer, key []byte) (pos []byte, err error) {
	f := c.Fetcher(stateTopic, p.partition, p.offset, FetchOptions{})
	err = f.Span(ctx, p.offset, p.offset+1, func(r *FetchedRecord) error {
		if string(r.Key) == string(key) && len(r.Value) == p.size && crc32.Checksum(r.Value, castagnoli) == p.sum {
			pos = append(make([]byte, 0, p.size), r.Value...)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if pos == nil {
		return nil, fault.New(fault.Config, "offset %d of %q does not hold the position that was saved there", p.offset, stateTopic)
	}
	return pos, nil
}
