package embedded

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"rongtong/schemas/fault"
)

// janitor keeps the broker's log within its budget. It deletes whole sealed
// segments, oldest first, because a segment is what frees disk and memory, and
// because a deletion on a segment border survives a crash.
type janitor struct {
	cfg     BrokerConfig
	cluster *kfake.Cluster
	guard   *guard
	dir     string // the broker's own data folder
	warned  bool
}

// minFreeBytes is what the disk keeps for offset commits and transaction ends
// when records are refused: those must never fail half-way.
const minFreeBytes = 256 << 20

// spaceEvery is how often the free space is looked at.
const spaceEvery = time.Second

func (j *janitor) run(ctx context.Context) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(fmt.Sprintf("127.0.0.1:%d", j.cfg.Port)))
	if err != nil {
		return fault.Mark(fault.Bug, err)
	}
	defer client.Close()
	adm := kadm.NewClient(client)
	tick := time.NewTicker(j.cfg.SweepEvery)
	defer tick.Stop()
	space := time.NewTicker(spaceEvery)
	defer space.Stop()
	for {
		if err := j.sweep(ctx, adm); err != nil && ctx.Err() == nil {
			slog.Warn("janitor could not sweep; tries again", "err", err)
		}
		for swept := false; !swept; {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-space.C:
				// Between two sweeps a fast writer could fill what is left.
				if free, err := freeBytes(j.dir); err == nil && free < minFreeBytes && !j.guard.holding.Load() {
					slog.Warn("the broker's disk is nearly full", "disk_free_mb", free>>20)
					j.guard.hold()
				}
			case <-tick.C:
				swept = true
			}
		}
	}
}

// partition names one log.
type partition struct {
	topic string
	id    int32
}

// segment is one file of a partition's log. It holds the offsets from base up
// to the base of the next one.
type segment struct {
	partition
	base, next int64
	bytes      int64
	written    time.Time // of its newest record
}

// sweep deletes sealed segments until the log fits its budget, and those that
// outlived their topic's own retention.ms. It never touches the active segment,
// so a partition is never emptied; nor an open transaction; nor anything a
// consumer group has not committed past. A partition that no group ever
// committed to is unread: only its own retention.ms lets its records go.
//
// Over budget with nothing to delete means that consumers lag: it says where,
// and at one and a half times the budget, or on a nearly full disk, the broker
// refuses new records until they catch up (see report).
func (j *janitor) sweep(ctx context.Context, adm *kadm.Client) error {
	sealed, total, err := j.segments()
	if err != nil {
		return err
	}
	held, err := j.committed(ctx, adm)
	if err != nil {
		return err
	}
	lag := make(map[partition]int64)
	for _, s := range sealed {
		expired := j.expired(s)
		if total <= j.cfg.RetainBytes && !expired {
			continue
		}
		floor, read := held[s.partition]
		info := j.cluster.PartitionInfo(s.topic, s.id)
		if info == nil {
			continue
		}
		// A deletion must leave offsets in order: once one segment of a
		// partition stays, so do all that follow it.
		if lag[s.partition] > 0 || s.next > info.LastStableOffset || (read && s.next > floor) || (!read && !expired) {
			lag[s.partition] += s.bytes
			continue
		}
		if err := j.cluster.DeleteRecords(s.topic, s.id, s.next); err != nil {
			return fmt.Errorf("deleting records of %q partition %d: %w", s.topic, s.id, err)
		}
		total -= s.bytes
	}
	j.report(total, lag, held)
	return nil
}

// expired reports whether the topic's own retention.ms has run out for s.
// Topics without that setting keep their records until read.
func (j *janitor) expired(s segment) bool {
	info := j.cluster.TopicInfo(s.topic)
	if info == nil || info.Configs["retention.ms"] == nil {
		return false
	}
	ms, err := strconv.ParseInt(*info.Configs["retention.ms"], 10, 64)
	return err == nil && ms >= 0 && ms < neverMillis && time.Since(s.written) > time.Duration(ms)*time.Millisecond
}

// segments lists the sealed segments, oldest first, and the size of all.
func (j *janitor) segments() (sealed []segment, total int64, err error) {
	dirs, err := os.ReadDir(filepath.Join(j.dir, "partitions"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, 0, diskErr(err, "reading %q", j.dir)
	}
	for _, d := range dirs {
		p, ok := parsePartition(d.Name())
		if !ok || j.cluster.PartitionInfo(p.topic, p.id) == nil {
			continue
		}
		segs, err := partitionSegments(filepath.Join(j.dir, "partitions", d.Name()), p)
		if err != nil {
			return nil, 0, err
		}
		for i, s := range segs {
			total += s.bytes
			if i+1 < len(segs) {
				s.next = segs[i+1].base
				sealed = append(sealed, s)
			}
		}
	}
	slices.SortFunc(sealed, func(a, b segment) int {
		return cmp.Or(a.written.Compare(b.written), cmp.Compare(a.topic, b.topic), cmp.Compare(a.id, b.id), cmp.Compare(a.base, b.base))
	})
	return sealed, total, nil
}

// parsePartition reads a folder name of the broker: the escaped topic, a
// hyphen and the partition.
func parsePartition(name string) (partition, bool) {
	i := strings.LastIndexByte(name, '-')
	if i <= 0 {
		return partition{}, false
	}
	topic, err := url.PathUnescape(name[:i])
	id, err2 := strconv.ParseInt(name[i+1:], 10, 32)
	if err != nil || err2 != nil || id < 0 {
		return partition{}, false
	}
	return partition{topic, int32(id)}, true
}

func partitionSegments(dir string, p partition) ([]segment, error) {
	files, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) { // the topic went away meanwhile
		return nil, nil
	}
	if err != nil {
		return nil, diskErr(err, "reading %q", dir)
	}
	var segs []segment
	for _, f := range files {
		base, found := strings.CutSuffix(f.Name(), ".dat")
		n, err := strconv.ParseInt(base, 10, 64)
		if !found || err != nil {
			continue
		}
		if st, err := f.Info(); err == nil {
			segs = append(segs, segment{partition: p, base: n, bytes: st.Size(), written: st.ModTime()})
		}
	}
	slices.SortFunc(segs, func(a, b segment) int { return cmp.Compare(a.base, b.base) })
	return segs, nil
}

// committed returns for each partition the lowest offset any group has read up
// to. An offset past the end of the partition is no reading: connectors keep
// their positions in commits far above it, and counting those would release
// records that no loader has seen.
func (j *janitor) committed(ctx context.Context, adm *kadm.Client) (map[partition]int64, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	groups, err := adm.ListGroups(ctx)
	if err != nil {
		return nil, fault.New(fault.Transient, "listing consumer groups: %w", err)
	}
	low := make(map[partition]int64)
	var failed error
	for _, r := range adm.FetchManyOffsets(ctx, groups.Groups()...) {
		failed = errors.Join(failed, r.Err)
		r.Fetched.Each(func(o kadm.OffsetResponse) {
			failed = errors.Join(failed, o.Err)
			p := partition{o.Topic, o.Partition}
			info := j.cluster.PartitionInfo(p.topic, p.id)
			if info == nil || o.At < 0 || o.At > info.HighWatermark {
				return
			}
			if at, ok := low[p]; !ok || o.At < at {
				low[p] = o.At
			}
		})
	}
	if failed != nil { // an unknown offset must never look like no offset
		return nil, fault.New(fault.Transient, "reading committed offsets: %w", failed)
	}
	return low, nil
}

// report says when the budget cannot be kept, and why. Only unread records
// count against writers: what the active segments hold cannot be deleted, so
// refusing records because of them would never end.
func (j *janitor) report(total int64, lag map[partition]int64, held map[partition]int64) {
	worst, unread := partition{}, int64(0)
	for p, n := range lag {
		unread += n
		if n > lag[worst] {
			worst = p
		}
	}
	free, err := freeBytes(j.dir)
	full := err == nil && free < minFreeBytes
	budget := j.cfg.RetainBytes
	switch {
	case full || total > budget+budget/2 && unread > budget/2:
		j.guard.hold()
	case total <= budget || unread <= budget/4:
		j.guard.release()
	}
	trouble := full || total > budget && unread > 0
	if trouble && !j.warned {
		_, read := held[worst]
		slog.Warn("broker cannot make room: unread records are kept", "retained_mb", total>>20, "budget_mb", budget>>20, "unread_mb", unread>>20,
			"most_in", worst.topic, "partition", worst.id, "has_reader", read, "disk_free_mb", free>>20)
	}
	j.warned = trouble
}
