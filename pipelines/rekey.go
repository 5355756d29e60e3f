package pipelines

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/cespare/xxhash/v2"

	"rongtong/pipelines/deidentify"
	"rongtong/pipelines/topics"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas/fault"
)

// Rekey takes pseudonyms of earlier keys over to the key in force.
//
// The raw numbers come from the landing area, are decrypted in this process and
// never leave it; what is written is the crosswalk from old pseudonym to new
// (ops.pid_crosswalk), and then every column of pseudonyms by it. A pseudonym
// whose number is no longer in the landing area keeps its version until its
// source delivers the record again. Running it again changes nothing, and
// finishes what a crash left.
type Rekey struct {
	Kafka     *topics.Client
	Warehouse *warehouse.Warehouse
	Ring      *deidentify.Ring
	Streams   []*Stream
	Log       *slog.Logger
	DryRun    bool
}

// Rekeyed is what was taken over.
type Rekeyed struct {
	Landed      int64              `json:"landed"`      // records read from the landing area
	Persons     int64              `json:"persons"`     // distinct numbers among them
	Pseudonyms  int64              `json:"pseudonyms"`  // old ones that now lead to a new one
	Unreadable  int64              `json:"unreadable"`  // landed under a key that is not here, or damaged
	Updated     []warehouse.PidUse `json:"updated"`     // columns, with the rows that were changed
	LeftBehind  int64              `json:"left_behind"` // rows that still have a pseudonym of an earlier key
	crosswalked map[string]bool
}

// crosswalkBatch is how many pairs one insert carries.
const crosswalkBatch = 20_000

// Run re-keys what the landing area holds.
func (r *Rekey) Run(ctx context.Context) (Rekeyed, error) {
	out := Rekeyed{crosswalked: map[string]bool{}}
	sealer, err := r.Ring.Sealer()
	if err != nil {
		return out, err
	}
	for _, s := range r.Streams {
		if there, err := hasLanded(ctx, r.Kafka, s); err != nil {
			return out, err
		} else if !there {
			continue
		}
		if err := r.stream(ctx, s, sealer, &out); err != nil {
			return out, fmt.Errorf("re-keying %s.%s: %w", s.System.System, s.Stream.Name, err)
		}
	}
	if r.DryRun {
		return out, nil
	}
	newest, err := r.newest()
	if err != nil {
		return out, err
	}
	out.Updated, out.LeftBehind, err = r.Warehouse.ApplyCrosswalk(ctx, newest)
	return out, err
}

// newest is the version in force of every column of pseudonyms, by
// "entity.column": flows say of which purpose it is.
func (r *Rekey) newest() (map[string]int, error) {
	out := map[string]int{}
	for _, s := range r.Streams {
		for _, f := range s.Flows {
			for _, set := range f.Flow.Set {
				if set.Value.Call != "pid" || len(set.Value.Of) == 0 {
					continue
				}
				x, _ := s.Stream.Identify.Get(set.Value.Of[0])
				k, err := r.Ring.Newest(deidentify.ForPseudonym, x.Value.Purpose)
				if err != nil {
					return nil, err
				}
				out[f.Entity.Entity+"."+set.Key] = k.Version
			}
		}
	}
	return out, nil
}

// hasLanded reports whether the stream keeps raw identifiers and its landing
// area exists: it does from the first start of ingest on.
func hasLanded(ctx context.Context, k *topics.Client, s *Stream) (bool, error) {
	if s.Stream.Landing.Days == 0 {
		return false, nil
	}
	n, err := k.Partitions(ctx, s.landing())
	return n[s.landing()] > 0, err
}

// makers are the pseudonymisers of a purpose: of all versions, oldest first.
func (r *Rekey) makers(purpose string) (old []*deidentify.Pseudonymiser, now *deidentify.Pseudonymiser) {
	for _, k := range r.Ring.Keys() {
		if k.Use == deidentify.ForPseudonym && k.Purpose == purpose {
			old = append(old, deidentify.NewPseudonymiser(k))
		}
	}
	if n := len(old); n > 0 {
		return old[:n-1], old[n-1]
	}
	return nil, nil
}

func (r *Rekey) stream(ctx context.Context, s *Stream, sealer *deidentify.Sealer, out *Rekeyed) error {
	topic := s.landing()
	ends, err := r.Kafka.Ends(ctx, topic)
	if err != nil {
		return err
	}
	var pairs []warehouse.Crosswalk
	flush := func() error {
		if len(pairs) == 0 || r.DryRun {
			pairs = pairs[:0]
			return nil
		}
		var d xxhash.Digest
		d.Reset()
		for _, p := range pairs {
			_, _ = d.WriteString(p.Old + p.New)
		}
		name := fmt.Sprintf("rekey/%s/%d/%016x", topic, len(pairs), d.Sum64())
		err := patient(ctx, r.Log, "re-keying", func() error { return r.Warehouse.InsertRows(ctx, "ops.pid_crosswalk", name, pairs) })
		pairs = pairs[:0]
		return err
	}
	oldest := time.Now().AddDate(0, 0, -s.Stream.Landing.Days)
	f := r.Kafka.Fetcher(topic, 0, ends[topic][0].First, topics.FetchOptions{ReadCommitted: true})
	err = f.Span(ctx, ends[topic][0].First, ends[topic][0].Last, func(m *topics.FetchedRecord) error {
		if len(m.Value) == 0 || m.Time.Before(oldest) { // past its time, and about to be removed
			return nil
		}
		out.Landed++
		found, err := r.pairs(sealer, topic, m.Value, out)
		if err != nil {
			return err
		}
		pairs = append(pairs, found...)
		if len(pairs) >= crosswalkBatch {
			return flush()
		}
		return nil
	})
	return errors.Join(err, flush())
}

// pairs are the old pseudonyms of one landed number and the one in force.
func (r *Rekey) pairs(sealer *deidentify.Sealer, topic string, sealed []byte, out *Rekeyed) ([]warehouse.Crosswalk, error) {
	plain, err := sealer.Open(sealed, topic)
	var raw deidentify.Raw
	if err == nil {
		err = json.Unmarshal(plain, &raw)
	}
	if err != nil || len(raw.ID) != 18 {
		out.Unreadable++
		return nil, nil //nolint:nilerr // counted: what cannot be opened any more has no pair
	}
	before, now := r.makers(raw.Purpose)
	if now == nil {
		return nil, fault.New(fault.Config, "re-keying: there is no key of purpose %q", raw.Purpose)
	}
	id := [18]byte([]byte(raw.ID))
	pid := string(now.Append(nil, id))
	if out.crosswalked[pid] {
		return nil, nil
	}
	out.crosswalked[pid] = true
	out.Persons++
	var pairs []warehouse.Crosswalk
	for _, p := range before {
		pairs = append(pairs, warehouse.Crosswalk{Purpose: raw.Purpose, Old: string(p.Append(nil, id)), OldVersion: p.Version(), New: pid, NewVersion: now.Version(), At: time.Now()})
	}
	out.Pseudonyms += int64(len(pairs))
	return pairs, nil
}

// expire removes from the landing area what is past its time. Kafka's own
// retention does so by whole segments; a person's number does not wait for one.
func (j *Jobs) expire(ctx context.Context, r *Run) (string, error) {
	var sum int64
	for _, s := range j.Streams {
		if there, err := hasLanded(ctx, j.Kafka, s); err != nil {
			return "", err
		} else if !there {
			continue
		}
		err := r.Step(ctx, "expire/"+s.System.System+"."+s.Stream.Name, func(ctx context.Context) (Did, error) {
			n, err := expireLanding(ctx, j.Kafka, s, time.Now(), r.Dry)
			if err != nil {
				return Did{}, fmt.Errorf("emptying the landing area of %s.%s: %w", s.System.System, s.Stream.Name, err)
			}
			sum += n
			return Did{Nothing: n == 0, Out: n, Detail: fmt.Sprintf("%d raw identifiers over their time", n)}, nil
		})
		if err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%d raw identifiers removed", sum), nil
}

var errYoung = errors.New("the rest is younger")

// expireLanding deletes the records of a landing topic that are older than the
// stream allows, and returns how many. When all are, an empty record is written
// first, because the embedded broker must not be told to empty a partition. A dry
// one only counts.
func expireLanding(ctx context.Context, k *topics.Client, s *Stream, now time.Time, dry bool) (int64, error) {
	topic := s.landing()
	ends, err := k.Ends(ctx, topic)
	if err != nil {
		return 0, err
	}
	held := ends[topic][0]
	cut := now.AddDate(0, 0, -s.Stream.Landing.Days)
	before, old, young := held.First, int64(0), false
	f := k.Fetcher(topic, 0, held.First, topics.FetchOptions{ReadCommitted: true})
	err = f.Span(ctx, held.First, held.Last, func(m *topics.FetchedRecord) error {
		if !m.Time.Before(cut) {
			young = true
			return errYoung
		}
		before = m.Offset + 1
		if len(m.Value) > 0 {
			old++
		}
		return nil
	})
	if err != nil && !errors.Is(err, errYoung) {
		return 0, err
	}
	if old == 0 || dry {
		return old, nil
	}
	if !young {
		p, err := k.Producer(ctx, "expire."+topic, topic)
		if err != nil {
			return 0, err
		}
		defer p.Close()
		txn := p.Begin()
		txn.Append(topic, 0, topics.Record{Key: []byte("expired")})
		if err := txn.Commit(ctx); err != nil {
			return 0, err
		}
	}
	return old, k.DeleteRecords(ctx, topic, 0, before)
}
