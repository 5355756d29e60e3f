package pipelines

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path"
	"strings"
	"sync"
	"time"

	"rongtong/pipelines/schedule"
	"rongtong/pipelines/topics"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas/fault"
	"rongtong/schemas/pii"
	"rongtong/schemas/record"
)

// pullsTopic is where the ingest role says what it read: of a stream that a sensor
// watches every transaction, in that transaction; of every stream each pull that
// ended. Whoever runs jobs makes runs, sensors and promises of it.
const pullsTopic = "rongtong.pulls"

// pullsRetention is how long a leader may be away and miss nothing: 14 days.
const pullsRetention = "1209600000"

// Pull is a record of rongtong.pulls.
type Pull struct {
	System string `json:"system"`
	Stream string `json:"stream"`
	// Of rows that were delivered: how many, the names of the files that they were
	// in, and the latest date of their event times.
	Rows  int64    `json:"rows,omitempty"`
	Files []string `json:"files,omitempty"`
	Date  string   `json:"date,omitempty"`
	// Of a pull that ended, State is a run's: warehouse.OK when the source was read
	// to its end. Slot and Cause are of the request that asked for it, if any.
	State string         `json:"state,omitempty"`
	Slot  string         `json:"slot,omitempty"`
	Cause schedule.Cause `json:"cause,omitempty"`
	Began time.Time      `json:"began,omitzero"`
	Ended time.Time      `json:"ended,omitzero"`
	Class string         `json:"class,omitempty"`
	Error string         `json:"error,omitempty"` // masked
	Who   string         `json:"who,omitempty"`
}

// Pulls tells of the pulls of a process. A nil *Pulls tells nobody. It never makes
// its callers wait for Kafka.
type Pulls struct {
	kafka *topics.Client
	log   *slog.Logger

	mu   sync.Mutex
	out  []Pull
	wake chan struct{}
}

// newPulls makes the teller of a process; run writes what it is told.
func newPulls(k *topics.Client, log *slog.Logger) *Pulls {
	return &Pulls{kafka: k, log: log, wake: make(chan struct{}, 1)}
}

// mostPulls is how many pulls wait to be told while Kafka is away; the oldest go.
const mostPulls = 10000

func (t *Pulls) tell(p Pull) {
	if t == nil {
		return
	}
	t.mu.Lock()
	t.out = append(t.out, p)
	if len(t.out) > mostPulls {
		t.out = t.out[len(t.out)-mostPulls:]
	}
	t.mu.Unlock()
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// run writes what it is told until ctx ends.
func (t *Pulls) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.wake:
		}
		retry(ctx, t.log, "telling of pulls", func() error {
			t.mu.Lock()
			list := t.out
			t.mu.Unlock()
			if len(list) == 0 {
				return nil
			}
			if err := t.write(ctx, list); err != nil {
				return err
			}
			t.mu.Lock()
			t.out = t.out[min(len(list), len(t.out)):]
			t.mu.Unlock()
			return nil
		})
		select { // many pulls that end together are told together
		case <-ctx.Done():
		case <-time.After(500 * time.Millisecond):
		}
	}
}

func (t *Pulls) write(ctx context.Context, list []Pull) error {
	p, err := t.kafka.Producer(ctx, "pulls."+process, pullsTopic)
	if err != nil {
		return err
	}
	defer p.Close()
	txn := p.Begin()
	for i := range list {
		if err := appendPull(txn, &list[i]); err != nil {
			return err
		}
	}
	return txn.Commit(ctx)
}

func appendPull(txn interface {
	Append(topic string, partition int32, r topics.Record)
}, p *Pull) error {
	value, err := json.Marshal(p)
	if err != nil {
		return fault.New(fault.Bug, "writing a pull: %w", err)
	}
	txn.Append(pullsTopic, 0, topics.Record{Key: []byte(p.System + "." + p.Stream), Value: value})
	return nil
}

// quietPulls is how often a stream that delivers nothing says so.
const quietPulls = time.Minute

// pull is one reading of a stream, from when it may begin until its source has
// nothing more for now. The zero pull has not begun.
type pull struct {
	in     *Ingest
	stream *Stream
	cancel context.CancelCauseFunc
	leave  func() // gives back what it occupies; nil: it has not begun
	slot   string
	cause  schedule.Cause
	began  time.Time
	rows   int64
	told   time.Time // when the last that delivered nothing was told
}

// begin waits for the stream's turn, unless the pull has begun.
func (p *pull) begin(ctx context.Context) error {
	if p.leave != nil {
		return nil
	}
	sys := p.stream.System
	leave := func() {}
	if g := p.in.gate; g != nil && !sys.Every.Continuous {
		var err error
		if leave, err = g.enter(ctx, sys); err != nil {
			return err
		}
	}
	p.leave, p.began, p.rows, p.slot, p.cause = leave, time.Now(), 0, "", schedule.BySchedule
	if g := p.in.gate; g != nil {
		p.cancel, _ = ctx.Value(cancelKey{}).(context.CancelCauseFunc)
		g.mu.Lock()
		if r, ok := g.asked[p.stream.name()]; ok {
			p.slot, p.cause = r.RunID, schedule.ByRequest
			delete(g.asked, p.stream.name())
		}
		g.pulls[sys.System] = append(g.pulls[sys.System], p)
		g.mu.Unlock()
	}
	if p.slot == "" {
		p.slot = schedule.SlotID(sys.System, p.began)
	}
	return nil
}

// end says how the pull ended: err nil, when the source was read to its end.
func (p *pull) end(ctx context.Context, err error) {
	if p.leave == nil {
		return
	}
	p.leave()
	p.leave = nil
	if g := p.in.gate; g != nil {
		g.mu.Lock()
		g.pulls[p.stream.System.System] = deleteFrom(g.pulls[p.stream.System.System], p)
		g.mu.Unlock()
	}
	out := Pull{System: p.stream.System.System, Stream: p.stream.Stream.Name, State: warehouse.OK, Slot: p.slot, Cause: p.cause, Began: p.began, Ended: time.Now(), Rows: p.rows, Who: process}
	switch cause := context.Cause(ctx); {
	case err == nil:
		if p.rows == 0 && p.cause == schedule.BySchedule && out.Ended.Sub(p.told) < quietPulls {
			return
		}
		p.told = out.Ended
	case errors.Is(cause, errCancelled):
		out.State = warehouse.Cancelled
	case ctx.Err() != nil:
		out.State = warehouse.Interrupted
		if p.rows == 0 {
			return
		}
	default:
		out.State, out.Class, out.Error = warehouse.Retrying, fault.Of(err).String(), pii.MaskString(err.Error())
	}
	p.in.pulls.tell(out)
}

func deleteFrom(list []*pull, p *pull) []*pull {
	for i := range list {
		if list[i] == p {
			return append(list[:i:i], list[i+1:]...)
		}
	}
	return list
}

// watch is what a sensor may want to know of a chunk.
func watch(s *Stream, c *record.Chunk) Pull {
	p := Pull{System: s.System.System, Stream: s.Stream.Name, Rows: int64(len(c.Rows))}
	var last string
	var latest time.Time
	for i := range c.Rows {
		e := &c.Rows[i]
		if e.At.After(latest) {
			latest = e.At
		}
		if f := fileOf(e.Place); f != "" && f != last {
			last = f
			p.Files = append(p.Files, f)
		}
	}
	if !latest.IsZero() {
		p.Date = latest.In(schedule.Shanghai).Format(time.DateOnly)
	}
	return p
}

// fileOf is the name of the file in a place such as `committee_20251231.csv:17` or
// `ledger.xlsx!演练台账:8`, without folders; empty when it names none.
func fileOf(place string) string {
	name, _, _ := strings.Cut(place, "!")
	if i := strings.LastIndexByte(name, ':'); i >= 0 {
		name = name[:i]
	}
	if name = path.Base(name); len(path.Ext(name)) < 2 {
		return ""
	}
	return name
}

// follow keeps the gate up to date with what people ask, until ctx ends.
func (in *Ingest) follow(ctx context.Context) {
	retry(ctx, in.Log, "following what people ask", func() error {
		held, next, err := Paused(ctx, in.Kafka)
		if err != nil {
			return err
		}
		in.gate.set(held)
		asked, failed := requests(ctx, in.Kafka, next)
		for {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case err := <-failed:
				return err
			case r := <-asked:
				if r.Op == OpPause || r.Op == OpResume {
					now := map[string]Held{}
					for k, v := range held {
						now[k] = v
					}
					hold(now, &r.Request)
					held = now
					in.gate.set(held)
					in.Log.Info("a person pauses or resumes", "what", r.Job, "op", r.Op, "by", r.By, "why", r.Why)
				}
				e := in.streams.enter()
				in.gate.request(r.Request, e.value)
				in.streams.leave(e)
			}
		}
	})
}

// runOf is a pull as a row of ops.run.
func (p *Pull) runOf() warehouse.Run {
	r := warehouse.Run{ID: fmt.Sprintf("%s.%s", p.Slot, p.Stream), Slot: p.Slot, Kind: "system", Job: p.System, Cause: string(p.Cause), BusinessDate: p.Began.In(schedule.Shanghai).Format(time.DateOnly),
		Attempt: 1, Started: p.Began, Finished: p.Ended, State: p.State, Detail: fmt.Sprintf("%s: %d records", p.Stream, p.Rows), Step: p.Stream, Steps: 1, Received: p.Rows, Accepted: p.Rows,
		ErrorClass: p.Class, Error: p.Error, Process: p.Who}
	if p.State == warehouse.OK {
		r.Step = ""
	}
	return r
}
