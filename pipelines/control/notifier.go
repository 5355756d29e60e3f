package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"rongtong/pipelines/notify"
	"rongtong/pipelines/topics"
	"rongtong/schemas/decl"
	"rongtong/schemas/fault"
)

// notified remembers what was said to whom: one record, the latest counts. Its one
// partition elects the process that speaks, and its producer's epoch silences one
// that was paused and wakes.
const notified = "rongtong.notify"

// notifyEvery is how often the notifier looks.
const notifyEvery = 15 * time.Second

// conditionKinds are the kinds of conditions, for the check of a file.
func conditionKinds() []string {
	out := make([]string, len(ConditionKinds))
	for i, k := range ConditionKinds {
		out[i] = k.Kind
	}
	return out
}

// Notifications reads the file of notifications.
func (o Options) Notifications() (*notify.Config, error) {
	if o.Notify == "" {
		return nil, fault.Hint(fault.Config, "give --notify FILE or set RONGTONG_NOTIFY", "reading the notifications: no file is named")
	}
	d, err := o.load()
	if err != nil {
		return nil, err
	}
	cfg, problems := notify.Read(o.Notify, conditionKinds(), d.Catalog)
	if len(problems) > 0 {
		return nil, &ProblemsError{problems}
	}
	return cfg, nil
}

// TestNotification sends a test message to a channel.
func TestNotification(ctx context.Context, o Options, channel string) error {
	cfg, err := o.Notifications()
	if err != nil {
		return err
	}
	var known []string
	for i := range cfg.Channels {
		ch := &cfg.Channels[i]
		if ch.Channel == channel {
			return notify.NewSender(o.logger()).Send(ctx, notify.Test(ch, time.Now()))
		}
		known = append(known, ch.Channel)
	}
	return fault.Hint(fault.Config, decl.Suggest(channel, known), "testing %q: there is no such channel, only %s", channel, strings.Join(known, ", "))
}

// notifier tells people what is wrong, from the one process that is elected.
type notifier struct {
	m      *Monitor
	k      *topics.Client
	cfg    *notify.Config
	sender *notify.Sender
	log    *slog.Logger
	every  time.Duration // 0: notifyEvery
	failed time.Time     // since when nothing could be asked
}

// run takes part in the election and speaks while elected, until ctx ends.
func (n *notifier) run(ctx context.Context) {
	for ctx.Err() == nil {
		if err := n.member(ctx); err != nil && ctx.Err() == nil {
			n.log.Warn("notifying", "error", err)
			select {
			case <-ctx.Done():
			case <-time.After(5 * time.Second):
			}
		}
	}
}

func (n *notifier) member(ctx context.Context) error {
	return n.k.Member(ctx, topics.GroupConfig{ID: "notify", Topics: []string{notified}}, func(gen *topics.Generation) error {
		held, release := context.WithCancel(gen.Context())
		defer release()
		defer context.AfterFunc(ctx, release)()
		if len(gen.Assigned) == 0 {
			<-held.Done()
			return ctx.Err()
		}
		if err := n.speak(held); held.Err() == nil {
			return err
		}
		return ctx.Err()
	})
}

// speak looks again and again. What was said is stored after it was sent: a
// process that ends in between leaves one message at most to be said twice.
func (n *notifier) speak(ctx context.Context) error {
	p, err := n.k.Producer(ctx, "notify", notified)
	if err != nil {
		return err
	}
	defer p.Close()
	state, err := n.remembered(ctx)
	if err != nil {
		return err
	}
	n.log.Info("notifying", "channels", len(n.cfg.Channels))
	policy := notify.NewPolicy(n.cfg, n.m.d().Catalog, state)
	var stored []byte
	every := n.every
	if every == 0 {
		every = notifyEvery
	}
	steady := context.WithoutCancel(ctx) // what is being said when the process stops is remembered as said
	for {
		conditions, partial := n.conditions(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		for _, m := range policy.Look(time.Now(), conditions, partial) {
			if n.sender.Try(steady, m) {
				policy.Sent(m)
				n.log.Info("notified", "channel", m.Channel.Channel, "news", len(m.News)+m.More)
			}
		}
		if stored, err = n.store(steady, p, policy.State, stored); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(every):
		}
	}
}

// conditions are what is wrong now. While nobody answers that is all that is
// known: the list is partial.
func (n *notifier) conditions(ctx context.Context) (out []notify.Condition, partial bool) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	g, err := n.m.Glance(ctx)
	if err != nil {
		if n.failed.IsZero() {
			n.failed = time.Now()
		}
		return []notify.Condition{{Kind: "engine.unreachable", Subject: "engines", Severity: string(Critical), Since: n.failed,
			Zh: "Kafka 或数仓无应答", En: "Kafka or the warehouse does not answer", Do: "rongtong doctor"}}, true
	}
	n.failed = time.Time{}
	for _, c := range g.Conditions {
		out = append(out, notify.Condition{Kind: c.Kind, Subject: c.Subject, Severity: string(c.Severity), Tier: c.Tier, Since: c.Since, Zh: c.Zh, En: c.En, Do: c.Do})
	}
	if leader := n.leader(ctx); leader != "" {
		out = append(out, notify.Condition{Kind: "leader", Subject: leader, Severity: string(Info), Since: time.Now(), Event: true,
			Zh: "作业主节点变更为 " + leader, En: "the jobs are run by another process: " + leader, Do: "rongtong doctor"})
	}
	return out, false
}

// leader is the process that runs the jobs.
func (n *notifier) leader(ctx context.Context) string {
	owners, err := n.k.Owners(ctx, "schedule")
	if err != nil {
		return ""
	}
	for _, o := range owners {
		if len(o.Assigned) > 0 {
			return o.Client + " " + o.ID[max(0, len(o.ID)-8):]
		}
	}
	return ""
}

// remembered reads what was said.
func (n *notifier) remembered(ctx context.Context) (s notify.State, err error) {
	ends, err := n.k.Ends(ctx, notified)
	if err != nil {
		return s, err
	}
	b := ends[notified][0]
	f := n.k.Fetcher(notified, 0, b.First, topics.FetchOptions{ReadCommitted: true})
	err = f.Span(ctx, b.First, b.Last, func(r *topics.FetchedRecord) error {
		var next notify.State
		if err := json.Unmarshal(r.Value, &next); err != nil {
			return fault.New(fault.Bug, "reading what was notified at offset %d: %w", r.Offset, err)
		}
		s = next
		return nil
	})
	return s, err
}

// store writes the state if it changed, and forgets what was written before.
func (n *notifier) store(ctx context.Context, p *topics.Producer, s notify.State, was []byte) ([]byte, error) {
	value, err := json.Marshal(s)
	if err != nil {
		return was, fault.New(fault.Bug, "remembering what was notified: %w", err)
	}
	if bytes.Equal(value, was) {
		return was, nil
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	ends, err := n.k.Ends(ctx, notified)
	if err != nil {
		return was, err
	}
	txn := p.Begin()
	txn.Append(notified, 0, topics.Record{Key: []byte("state"), Value: value})
	if err := txn.Commit(ctx); err != nil {
		return was, fmt.Errorf("remembering what was notified: %w", err)
	}
	if last := ends[notified][0].Last; last > 0 {
		err = n.k.DeleteRecords(ctx, notified, 0, last)
	}
	if errors.Is(err, topics.ErrOffsetOutOfRange) {
		err = nil
	}
	return value, err
}

// notifications prepares the notifier of a process, if a file declares any.
func (p *process) notifications(ctx context.Context) (stop func(), err error) {
	if p.o.Notify == "" {
		return func() {}, nil
	}
	cfg, err := p.o.Notifications()
	if err != nil {
		return nil, err
	}
	if err := p.k.Ensure(ctx, []topics.Topic{{Name: notified, Partitions: 1}}); err != nil {
		return nil, err
	}
	m, err := NewMonitor(ctx, p.o)
	if err != nil {
		return nil, err
	}
	log := p.o.logger().With("role", "notify")
	n := &notifier{m: m, k: p.k, cfg: cfg, sender: notify.NewSender(log), log: log}
	p.aside = append(p.aside, n.run)
	return m.Close, nil
}
