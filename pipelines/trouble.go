package pipelines

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"rongtong/pipelines/topics"
	"rongtong/schemas/fault"
	"rongtong/schemas/pii"
)

// troubles is where every process says which of its sources and partitions do
// not go on, and when they do again: what only a log would know otherwise.
const troubles = "rongtong.trouble"

// The roles that have troubles.
const (
	TroubleIngest = "ingest"
	TroubleLoad   = "load"
)

const (
	// troubleGrace is how long a fault that time heals may last before it is told.
	troubleGrace = 30 * time.Second
	// troubleRepeat is how often a trouble that lasts is told again, and
	// troubleGone after how long without that it is taken to be over: who told of
	// it is gone.
	troubleRepeat = 5 * time.Minute
	troubleGone   = 3 * troubleRepeat
	// troublePace is the least time between two writes of a process.
	troublePace = 2 * time.Second
)

// Trouble is something of one source or one partition that does not go on.
type Trouble struct {
	Role      string    `json:"role"` // TroubleIngest or TroubleLoad
	System    string    `json:"system"`
	Stream    string    `json:"stream,omitempty"`    // empty: the whole system
	Partition int32     `json:"partition,omitempty"` // wholeTopic: of the whole stream
	Tier      string    `json:"tier,omitempty"`
	Class     string    `json:"class"` // of fault.Class
	Text      string    `json:"text"`  // what the log says, masked
	Since     time.Time `json:"since"`
	Told      time.Time `json:"told"`
	Over      bool      `json:"over,omitempty"`
	NoTopic   bool      `json:"no_topic,omitempty"` // its topic in Kafka does not exist
}

// wholeTopic stands for all partitions of a topic.
const wholeTopic = -1

type troubleKey struct {
	role, system, stream string
	partition            int32
}

func (t *Trouble) key() troubleKey { return troubleKey{t.Role, t.System, t.Stream, t.Partition} }

// Subject names what the trouble is about.
func (t *Trouble) Subject() string {
	s := t.System
	if t.Stream != "" {
		s += "." + t.Stream
	}
	if t.Role == TroubleLoad && t.Partition != wholeTopic {
		s += fmt.Sprintf("/%d", t.Partition)
	}
	return s
}

// Troubles tells of this process's troubles. A nil *Troubles tells nobody. It
// never makes its callers wait for Kafka.
type Troubles struct {
	Kafka *topics.Client
	Log   *slog.Logger

	mu    sync.Mutex
	open  map[troubleKey]*Trouble // what goes wrong now
	told  map[troubleKey]bool     // of those in open: written, so its end must be too
	ended []Trouble               // to be written
	wake  chan struct{}
}

// NewTroubles makes the teller of a process; Run writes what it is told.
func NewTroubles(k *topics.Client, log *slog.Logger) *Troubles {
	return &Troubles{Kafka: k, Log: log, open: map[troubleKey]*Trouble{}, told: map[troubleKey]bool{}, wake: make(chan struct{}, 1)}
}

// source and partition name a trouble.
func sourceTrouble(s *Stream) Trouble {
	return Trouble{Role: TroubleIngest, System: s.System.System, Stream: s.Stream.Name, Tier: s.System.Tier}
}

func (s *share) trouble() Trouble {
	return Trouble{Role: TroubleLoad, System: s.stream.System.System, Stream: s.stream.Stream.Name, Partition: s.partition, Tier: s.stream.System.Tier}
}

// begin says that something does not go on, because of err.
func (t *Troubles) begin(about Trouble, err error) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	was, ok := t.open[about.key()]
	about.NoTopic = errors.Is(err, topics.ErrNoTopic)
	about.Class, about.Text, about.Since = fault.Of(err).String(), pii.MaskString(err.Error()), time.Now()
	if ok {
		about.Since, about.Told = was.Since, was.Told
		if was.Class != about.Class {
			about.Told = time.Time{} // news
		}
	}
	t.open[about.key()] = &about
	t.nudge()
}

// end says that it goes on again. It costs a look into a map when it always did.
func (t *Troubles) end(about Trouble) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	was, ok := t.open[about.key()]
	if !ok {
		return
	}
	delete(t.open, about.key())
	if t.told[about.key()] {
		delete(t.told, about.key())
		was.Over, was.Told = true, time.Now()
		t.ended = append(t.ended, *was)
		t.nudge()
	}
}

func (t *Troubles) nudge() {
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// due takes what is to be written now.
func (t *Troubles) due(now time.Time) []Trouble {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := t.ended
	t.ended = nil
	for k, tr := range t.open {
		young := tr.Class == fault.Transient.String() && now.Sub(tr.Since) < troubleGrace
		if young || now.Sub(tr.Told) < troubleRepeat {
			continue
		}
		tr.Told, t.told[k] = now, true
		out = append(out, *tr)
	}
	return out
}

// Run writes what it is told until ctx ends. What cannot be written is kept:
// while Kafka is away, everybody sees that.
func (t *Troubles) Run(ctx context.Context) {
	var left []Trouble
	tick := time.NewTicker(troubleGrace / 3)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-t.wake:
		}
		left = append(left, t.due(time.Now())...)
		if len(left) == 0 {
			continue
		}
		if err := t.write(ctx, left); err == nil {
			left = nil
		} else if ctx.Err() == nil {
			t.Log.Warn("telling of troubles", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(troublePace):
		}
	}
}

func (t *Troubles) write(ctx context.Context, list []Trouble) error {
	p, err := t.Kafka.Producer(ctx, "trouble."+process, troubles)
	if err != nil {
		return err
	}
	defer p.Close()
	txn := p.Begin()
	for i := range list {
		value, err := json.Marshal(&list[i])
		if err != nil {
			return err
		}
		txn.Append(troubles, 0, topics.Record{Key: []byte(list[i].Role + " " + list[i].Subject()), Value: value})
	}
	return txn.Commit(ctx)
}

// forget ends the troubles of a role, with one system or (empty) all: what it
// owned may be another's now, or nobody's. Those of whole topics are nobody's: who
// told of them ends them.
func (t *Troubles) forget(role, system string) {
	if t == nil {
		return
	}
	t.mu.Lock()
	open := slices.Collect(maps.Values(t.open))
	t.mu.Unlock()
	for _, tr := range open {
		if tr.Role == role && tr.Partition != wholeTopic && (system == "" || tr.System == system) {
			t.end(*tr)
		}
	}
}

// TroubleLog reads the troubles of all processes. It may be used by several
// goroutines.
type TroubleLog struct {
	Kafka *topics.Client

	mu   sync.Mutex
	next int64
	from *topics.Fetcher
	open map[troubleKey]Trouble
}

// Open reads what was told since the last call and returns the troubles that
// last, by subject. A topic that is not there yet has none.
func (l *TroubleLog) Open(ctx context.Context, now time.Time) ([]Trouble, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	have, err := l.Kafka.Partitions(ctx, troubles)
	if err != nil || have[troubles] == 0 {
		return nil, err
	}
	ends, err := l.Kafka.Ends(ctx, troubles)
	if err != nil {
		return nil, err
	}
	b := ends[troubles][0]
	if l.from == nil || l.next < b.First || l.next > b.Last {
		l.open, l.next = map[troubleKey]Trouble{}, b.First
		l.from = l.Kafka.Fetcher(troubles, 0, b.First, topics.FetchOptions{ReadCommitted: true})
	}
	for l.next < b.Last {
		l.next, err = l.from.Fetch(ctx, func(r *topics.FetchedRecord) error {
			var t Trouble
			if json.Unmarshal(r.Value, &t) != nil {
				return nil //nolint:nilerr // not ours
			}
			if t.Over {
				delete(l.open, t.key())
			} else {
				l.open[t.key()] = t
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	maps.DeleteFunc(l.open, func(_ troubleKey, t Trouble) bool { return now.Sub(t.Told) > troubleGone })
	return slices.SortedFunc(maps.Values(l.open), func(a, b Trouble) int {
		return cmp.Or(cmp.Compare(a.Role, b.Role), cmp.Compare(a.Subject(), b.Subject()))
	}), nil
}
