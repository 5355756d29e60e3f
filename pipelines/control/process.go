package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"rongtong/connectors/all"
	"rongtong/pipelines"
	"rongtong/pipelines/declared"
	"rongtong/pipelines/deidentify"
	"rongtong/pipelines/topics"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas/decl"
	"rongtong/schemas/derive"
	"rongtong/schemas/fault"
)

// process is one process that runs roles. It follows the declarations in force:
// what they change is changed under way, what they leave alone is not disturbed.
type process struct {
	o     Options
	k     *topics.Client
	store *declared.Store
	log   *slog.Logger
	roles []*role
	aside []func(context.Context) // what runs beside the roles

	d       Declarations
	version declared.Version // in force here; Number 0: none
	inForce atomic.Int64     // its number, for other goroutines
	node    Node
	said    string // what the presence says now
	voice   *topics.Presence

	prepared Declarations // of node.Prepared
}

// role is a part of the pipeline as a process runs it.
type role struct {
	name  string
	live  atomic.Bool
	run   func(context.Context) error               // until the context ends
	swap  func(context.Context, Declarations) error // under way; returns when nothing works under the old ones
	log   *slog.Logger
	stop  context.CancelFunc
	ended chan struct{}
}

// start runs the role until ctx ends or it is paused.
func (r *role) start(ctx context.Context, failed chan<- error) {
	ctx, r.stop = context.WithCancel(ctx)
	r.ended = make(chan struct{})
	r.live.Store(true)
	go func(ended chan<- struct{}) {
		defer close(ended)
		defer r.live.Store(false)
		if err := supervise(ctx, r.log, r.run); err != nil {
			select {
			case failed <- fmt.Errorf("running the role %q: %w", r.name, err):
			default: // another one ended the process already
			}
		}
	}(r.ended)
}

// pause ends the role at a boundary; start runs it again.
func (r *role) pause() {
	if r.stop == nil {
		return
	}
	r.stop()
	<-r.ended
	r.stop = nil
}

func (r *role) paused() bool { return r.stop == nil }

// busy names the roles that have not ended.
func (p *process) busy() (out []string) {
	for _, r := range p.roles {
		if r.live.Load() {
			out = append(out, r.name)
		}
	}
	return out
}

// run runs the roles until ctx ends, and follows the declarations meanwhile.
func (p *process) run(ctx context.Context) error {
	if err := p.say(ctx); err != nil {
		return err
	}
	defer func() {
		if p.voice != nil {
			p.voice.Close()
		}
	}()
	ctx, stop := context.WithCancel(ctx)
	failed := make(chan error, 1)
	for _, r := range p.roles {
		r.start(ctx, failed)
	}
	following := make(chan error, 1)
	var wg sync.WaitGroup
	wg.Go(func() { following <- p.follow(ctx, failed) })
	for _, f := range p.aside {
		wg.Go(func() { f(ctx) })
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	case err = <-following:
	}
	stop()
	wg.Wait()
	for _, r := range p.roles {
		r.pause()
	}
	if err == nil {
		err = ctx.Err()
	}
	return err
}

// follow reads what comes after the version in force. A process that cannot run
// what is in force ends: it must not go on under what is not.
func (p *process) follow(ctx context.Context, failed chan<- error) error {
	for ctx.Err() == nil {
		_, err := p.store.Await(ctx)
		if err == nil {
			err = p.react(ctx, failed)
		}
		if ctx.Err() != nil {
			break
		}
		if err != nil && fault.Of(err) != fault.Transient {
			return err
		}
		if err != nil {
			p.log.Warn("following the declarations", "error", err)
			sleep(ctx, time.Second)
		}
	}
	return nil //nolint:nilerr // it was asked to stop: what broke with that is no news
}

// react does what the versions in the store ask of this process.
func (p *process) react(ctx context.Context, failed chan<- error) error {
	if v, ok := p.store.Applied(); ok && v.Number > p.version.Number {
		if err := p.change(ctx, v); err != nil {
			return err
		}
	}
	v, begun := p.store.Begun()
	if begun {
		p.prepare(v)
	} else {
		p.node.Prepared, p.node.Problem, p.node.Warning, p.prepared = "", "", "", Declarations{}
	}
	// Who applies it may have died: then nobody is waited for.
	held := begun && len(v.Pause) > 0 && len(p.k.Members(ctx, applyGroup)) > 0
	for _, r := range p.roles {
		switch wanted := held && slices.Contains(v.Pause, r.name); {
		case wanted && !r.paused():
			r.log.Info("pausing while the warehouse's tables change", "version", v.Number)
			r.pause()
		case r.paused() && !wanted:
			r.log.Info("going on", "version", p.version.Number)
			r.start(ctx, failed)
		}
	}
	p.node.Paused = nil
	for _, r := range p.roles {
		if r.paused() {
			p.node.Paused = append(p.node.Paused, r.name)
		}
	}
	return p.say(ctx)
}

// prepare reads and compiles a version that is being applied, before it is in
// force: who cannot run it says so in time.
func (p *process) prepare(v declared.Version) {
	if p.node.Prepared == v.Fingerprint {
		return
	}
	p.node.Prepared, p.node.Problem, p.node.Warning, p.prepared = v.Fingerprint, "", "", Declarations{}
	d, err := compile(p.store, v)
	if err != nil {
		p.node.Problem = firstOf(err)
		p.log.Error("a version of the declarations that is being applied cannot be run by this program", "version", v.Number, "error", err)
		return
	}
	p.prepared = d
	if slices.Contains(p.node.Roles, "ingest") {
		p.node.Warning = strings.Join(leadsNowhere(p.d, d), "; ")
	}
}

// firstOf is the first problem of many: what is said must be short.
func firstOf(err error) string {
	var ps *ProblemsError
	if errors.As(err, &ps) && len(ps.Problems) > 0 {
		return ps.Problems[0].String()
	}
	return err.Error()
}

// change puts a version in force here.
func (p *process) change(ctx context.Context, v declared.Version) error {
	d := p.prepared
	if p.node.Prepared != v.Fingerprint || d.Catalog == nil {
		var err error
		if d, err = compile(p.store, v); err != nil {
			return fault.Mark(fault.Config, err)
		}
	}
	d = d.reread(v)
	if err := p.ensure(ctx, d); err != nil {
		return err
	}
	began := time.Now()
	for _, r := range p.roles {
		if err := r.swap(ctx, d); err != nil {
			return fmt.Errorf("changing the declarations of the role %q: %w", r.name, err)
		}
	}
	p.log.Info("other declarations are in force", "version", v.Number, "before", p.version.Number, "took", time.Since(began).Round(time.Millisecond))
	p.d, p.version, p.node.Version = d, v, v.Number
	p.inForce.Store(int64(v.Number))
	p.node.Folder = ""
	return nil
}

// caughtUp returns when what is in force now is in force here: see
// pipelines.Loader.Follow.
func (p *process) caughtUp(ctx context.Context) error {
	if _, err := p.store.Refresh(ctx); err != nil {
		return err
	}
	v, ok := p.store.Applied()
	for ok && p.inForce.Load() < int64(v.Number) {
		if sleep(ctx, 50*time.Millisecond); ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// say makes heard what changed.
func (p *process) say(ctx context.Context) error {
	data, err := json.Marshal(p.node)
	if err != nil || string(data) == p.said {
		return err
	}
	if p.voice == nil {
		p.voice, err = p.node.present(ctx, p.k)
	} else {
		err = p.voice.Say(ctx, data)
	}
	if err == nil {
		p.said = string(data)
	}
	return err
}

// leadsNowhere names the references of systems that are new, or read in another
// way, that this process cannot resolve. Commands are not run for it.
func leadsNowhere(was, now Declarations) []string {
	var out []string
	for _, sys := range now.Catalog.Systems {
		if was.Catalog != nil {
			if old := was.Catalog.System(sys.System); old != nil && derive.Same(old.Connect.Value(), sys.Connect.Value()) {
				continue
			}
		}
		texts(sys.Connect.Value(), func(s string) {
			if strings.Contains(s, "${command:") {
				return
			}
			var missing *decl.MissingError
			if _, err := decl.Expand(s); errors.As(err, &missing) {
				out = append(out, fmt.Sprintf("system %q: %v", sys.System, missing))
			}
		})
	}
	return out
}

// texts calls fn with every text in a value of a declaration.
func texts(v any, fn func(string)) {
	switch v := v.(type) {
	case string:
		fn(v)
	case map[string]any:
		for _, x := range v {
			texts(x, fn)
		}
	case []any:
		for _, x := range v {
			texts(x, fn)
		}
	}
}

// earlierStreams finds streams as other versions had them, for loads that were
// begun under those.
type earlierStreams struct {
	store *declared.Store
	first func() (Declarations, error) // of before any version was applied

	mu    sync.Mutex
	known map[string][]*pipelines.Stream // by fingerprint; "": first
}

// versionsTried is how many versions are looked through for a plan.
const versionsTried = 20

func (e *earlierStreams) find(topic string, plan uint64) *pipelines.Stream {
	e.mu.Lock()
	defer e.mu.Unlock()
	history := e.store.History()
	slices.Reverse(history)
	for _, v := range history[:min(len(history), versionsTried)] {
		s := e.in(v.Fingerprint, topic, plan, func() (Declarations, error) { return compile(e.store, v) })
		if s != nil {
			return s
		}
	}
	return e.in("", topic, plan, e.first)
}

func (e *earlierStreams) in(fingerprint, topic string, plan uint64, load func() (Declarations, error)) *pipelines.Stream {
	streams, ok := e.known[fingerprint]
	if !ok {
		d, err := load()
		if err == nil { // one that this program cannot read is none of its own
			streams = d.Streams
		}
		if e.known == nil {
			e.known = map[string][]*pipelines.Stream{}
		}
		e.known[fingerprint] = streams
	}
	for _, s := range streams {
		if s.Topic == topic && s.Plan() == plan {
			return s
		}
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// runsWithin is how long the runs under way are waited for when declarations
// change. They end by those that they began with, however long that takes.
const runsWithin = 10 * time.Second

// schedule is the role that runs jobs.
func (p *process) schedule(r *role, w *warehouse.Warehouse, keys *deidentify.Keys) {
	jobs := func(d Declarations) *pipelines.Jobs {
		return &pipelines.Jobs{Kafka: p.k, Warehouse: w, Catalog: d.Catalog, Streams: d.Streams, Kinds: all.Kinds(), Keys: keys, Log: r.log}
	}
	j, earlier := jobs(p.d), context.CancelFunc(func() {})
	r.run = func(ctx context.Context) error { return j.Run(ctx) }
	r.swap = func(ctx context.Context, d Declarations) error {
		earlier() // what was not handed over yet never is
		if r.paused() {
			j = jobs(d)
			return nil
		}
		ctx, earlier = context.WithCancel(ctx)
		done := make(chan error, 1)
		go func() { done <- j.Reload(ctx, d.Catalog, d.Streams) }()
		select {
		case err := <-done:
			return err
		case <-time.After(runsWithin):
			r.log.Info("runs under way end by the declarations that they began with")
			return nil
		}
	}
}
