package pipelines

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"rongtong/pipelines/topics"
	"rongtong/schemas/fault"
)

// The roles whose tables a change of the warehouse may touch, and their groups.
const (
	RoleLoad     = "load"
	RoleSchedule = "schedule"
)

// Hold is the writers' absence: no process of the roles can join its group
// until it is released, and no load is begun and not ended.
type Hold struct{ holds []*topics.Hold }

// Release lets the writers in again.
func (h *Hold) Release() {
	for _, x := range h.holds {
		_ = x.Release() // the broker ends it with the session in any case
	}
}

// Loaders stores offsets of the loaders' group while it is held. It is nil when that
// group is not.
func (h *Hold) Loaders() Committer {
	for _, x := range h.holds {
		if x.Group() == RoleLoad {
			return x
		}
	}
	return nil
}

// Err says that the hold was lost: writers may be back.
func (h *Hold) Err() error {
	for _, x := range h.holds {
		if x.Lost().Err() != nil {
			return fault.Hint(fault.Transient, "apply again: it goes on where it was", "holding the writers back: the broker was away for too long")
		}
	}
	return nil
}

// Quiescer empties the way to the warehouse before its tables change.
type Quiescer struct {
	Kafka     *topics.Client
	Warehouse Store
	Streams   []*Stream
	Log       *slog.Logger
	// Wait is how long live members may take to leave.
	Wait time.Duration
	// Session is how long the hold outlives this process; 0: 10 s.
	Session time.Duration
	// Allow names what is not waited for: "live:load", "live:schedule", "pending:load".
	Allow []string
	// Only, if not empty, are the topics whose pending loads are finished; otherwise
	// all are.
	Only []string
	// Leave, if set, chooses pending loads that are left as they are: they can never be
	// finished.
	Leave func(Pending) bool
	// Earlier finds streams of earlier declarations; see Loader.Earlier. May be nil.
	Earlier func(topic string, plan uint64) *Stream
}

// Hold waits until the roles' groups have no live member, takes them over, and
// finishes the loads that were begun and not ended. What stands in the way when
// the wait is over is a fault.Config that names it.
func (q *Quiescer) Hold(ctx context.Context, roles ...string) (*Hold, error) {
	h := &Hold{}
	for _, role := range roles {
		if slices.Contains(q.Allow, "live:"+role) {
			q.Log.Warn("not waiting for live members: what they write meanwhile may be lost", "role", role)
			continue
		}
		x, err := q.hold(ctx, role)
		if err != nil {
			h.Release()
			return nil, err
		}
		h.holds = append(h.holds, x)
	}
	if !slices.Contains(roles, RoleLoad) || slices.Contains(q.Allow, "pending:load") {
		return h, nil
	}
	pending, err := q.pending(ctx)
	if err != nil || len(pending) == 0 {
		if err != nil {
			h.Release()
		}
		return h, err
	}
	// The drain is a loader: it needs the group for itself.
	h.Release()
	if err := q.drain(ctx, pending); err != nil {
		return nil, err
	}
	return q.Hold(ctx, roles...)
}

func (q *Quiescer) hold(ctx context.Context, role string) (*topics.Hold, error) {
	cfg := topics.GroupConfig{ID: role, Topics: []string{control}, SessionTimeout: cmp.Or(q.Session, 10*time.Second)}
	until := time.Now().Add(q.Wait)
	for said := false; ; said = true {
		x, err := q.Kafka.Hold(ctx, cfg)
		var busy *topics.Busy
		if !errors.As(err, &busy) {
			return x, err
		}
		if time.Now().After(until) {
			return nil, fault.Hint(fault.Config, "stop them (rongtong up --roles "+role+" ends at a boundary), or say --allow live:"+role+" if what they write meanwhile may be lost",
				"changing the warehouse while its writers run: %w", busy)
		}
		if !said {
			q.Log.Info("waiting for live members to leave", "group", role, "members", strings.Join(busy.Members, ", "))
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(250 * time.Millisecond):
		}
	}
}

// Pending is a load that was begun and, as far as Kafka knows, not ended.
type Pending struct {
	Topic     string
	Partition int32
	intent
}

func (p Pending) String() string { return fmt.Sprintf("%s/%d up to %d", p.Topic, p.Partition, p.To) }

// pending asks for every stream's topic that Kafka has, declared or not.
func (q *Quiescer) pending(ctx context.Context) ([]Pending, error) {
	all, err := q.Kafka.Partitions(ctx)
	if err != nil {
		return nil, err
	}
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(all)), func(n string) bool {
		return !strings.HasPrefix(n, "in.") || len(q.Only) > 0 && !slices.Contains(q.Only, n)
	})
	list, err := pendingLoads(ctx, q.Kafka, names)
	if q.Leave != nil {
		list = slices.DeleteFunc(list, q.Leave)
	}
	return list, err
}

// pendingLoads are the loads of topics that the loaders began and did not end. What
// was begun of an earlier topic of the same name can never be ended.
func pendingLoads(ctx context.Context, kafka Offsets, names []string) ([]Pending, error) {
	stored, err := kafka.Offsets(ctx, LoadGroup, names...)
	if err != nil {
		return nil, err
	}
	ids, err := kafka.TopicIDs(ctx, names...)
	if err != nil {
		return nil, err
	}
	var out []Pending
	for _, n := range names {
		for i, at := range stored[n] {
			in, ok, err := parseIntent(at.Metadata)
			if err != nil {
				return nil, fault.Mark(fault.Bug, err)
			}
			if ok && (in.Topic == "" || in.Topic == ids[n]) {
				out = append(out, Pending{n, int32(i), in})
			}
		}
	}
	return out, nil
}

// under is a stream of every topic, as one of its pending loads was begun.
func (q *Quiescer) under(pending []Pending) (map[string]*Stream, error) {
	now, out := byTopic(q.Streams), map[string]*Stream{}
	for _, p := range pending {
		s := now[p.Topic]
		if (s == nil || s.Plan() != p.Plan) && q.Earlier != nil {
			s = q.Earlier(p.Topic, p.Plan)
		}
		if s == nil || s.Plan() != p.Plan {
			return nil, fault.Hint(fault.Config, "run the version or the declarations that began it until it has ended, or say --allow pending:load if its rows may be lost",
				"changing the warehouse under a pending load: %s was begun under another plan", p)
		}
		out[p.Topic] = s
	}
	return out, nil
}

// drain repeats the pending loads, as the next loader would.
func (q *Quiescer) drain(ctx context.Context, pending []Pending) error {
	under, err := q.under(pending)
	if err != nil {
		return err
	}
	q.Log.Info("finishing pending loads first", "loads", len(pending), "first", pending[0].String())
	return (&Loader{Kafka: q.Kafka, Warehouse: q.Warehouse, Log: q.Log, Earlier: q.Earlier}).Finish(ctx, slices.Collect(maps.Values(under)), pending)
}

// Finish repeats loads that were begun and not ended, and loads nothing else. The
// loader must be the only one.
func (l *Loader) Finish(ctx context.Context, streams []*Stream, pending []Pending) error {
	byTopic := map[string]*Stream{}
	var names []string
	for _, s := range streams {
		byTopic[s.Topic] = s
		names = append(names, s.Topic)
	}
	g, err := l.Kafka.Group(ctx, topics.GroupConfig{ID: LoadGroup, Topics: names, SessionTimeout: l.Session})
	if err != nil {
		return err
	}
	defer g.Close()
	gen, err := g.Next(ctx)
	if err != nil {
		return err
	}
	shares, err := l.shares(ctx, l.Kafka, gen.Assigned, byTopic)
	if err != nil {
		return err
	}
	return l.worker(gen).finish(ctx, shares, pending)
}

// finish repeats pending loads.
func (w *worker) finish(ctx context.Context, shares []*share, pending []Pending) error {
	for _, s := range shares {
		named := slices.ContainsFunc(pending, func(p Pending) bool { return p.Topic == s.topic && p.Partition == s.partition })
		if named && s.pending.To > 0 {
			if err := w.block(ctx, s); err != nil {
				return err
			}
		}
	}
	return nil
}
