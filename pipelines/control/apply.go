package control

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"strings"
	"time"

	"rongtong/pipelines"
	"rongtong/pipelines/declared"
	"rongtong/pipelines/topics"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas/fault"
)

// applyGroup is held by the one process that applies declarations. While it has a
// member, somebody is at it.
const applyGroup = "rongtong.apply"

// ApplyChange is how declarations are applied.
type ApplyChange struct {
	Change
	Why string // as the person puts it; kept in the history
	By  string // who; empty: the user and machine of this process
	// Wait is how long processes may take to read the version, to leave, and to
	// change over; Session is how long the lock outlives this process (0: 10 s).
	Wait, Session time.Duration
	// From is the version that the plan which a person agreed to was made for;
	// -1: nobody was asked.
	From int
	// Fingerprint of what the person agreed to; empty: nobody was asked.
	Fingerprint string
	// Say is told of every step; may be nil.
	Say func(string)
}

// Applied is what became of an application.
type Applied struct {
	Version int   `json:"version"`
	Plan    *Plan `json:"plan"`
	// Processes are the live ones; of a version that was put in force, those that run it.
	Processes []Node `json:"processes"`
	// Behind are live processes that did not change over in time.
	Behind []Node `json:"behind"`
}

// application is one attempt to put declarations in force.
type application struct {
	ApplyChange
	o     Options
	k     *topics.Client
	w     *warehouse.Warehouse
	store *declared.Store
	out   *declared.Writer
	lock  *topics.Hold
	plan  *Plan
	v     declared.Version // Number 0: what is in force stays
	known map[string]seen  // by ID: the processes that were there since the plan
}

// seen is what a process said of itself when it was last heard.
type seen struct {
	Node
	missed time.Time // the first look since then that did not hear it
}

// away is for how long looks may not hear a process and it is waited for all the
// same: it says something new by leaving and coming back. Longer than a session.
const away = 8 * time.Second

// ApplyDeclarations puts declarations in force.
//
// Everything is checked before anything changes, here and by every live process.
// Then the new version is written down as begun, topics and tables are brought to
// it, and one record puts it in force; processes change over by themselves. Cut
// short at any point, what is in force is the old version or the new one; applying
// again goes on where it was.
func ApplyDeclarations(ctx context.Context, o Options, c ApplyChange) (*Applied, error) {
	k, w, err := o.both(ctx)
	if err != nil {
		return nil, err
	}
	defer k.Close()
	defer w.Close()
	if c.Say == nil {
		c.Say = func(string) {}
	}
	if c.Wait <= 0 {
		c.Wait = time.Minute
	}
	if c.Session <= 0 {
		c.Session = 10 * time.Second
	}
	a := &application{ApplyChange: c, o: o, k: k, w: w, known: map[string]seen{}}
	if err := k.Ensure(ctx, append(pipelines.ControlTopics(), declared.Topics()...)); err != nil {
		return nil, err
	}
	a.lock, err = k.Hold(ctx, topics.GroupConfig{ID: applyGroup, Topics: []string{declared.Topic}, SessionTimeout: c.Session})
	var busy *topics.Busy
	if errors.As(err, &busy) {
		return nil, fault.Hint(fault.Transient, "wait for it; if its process is gone, its lock ends within seconds", "applying declarations: somebody else is at it, %s", strings.Join(busy.Members, ", "))
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = a.lock.Release() }() // the broker ends it with the session in any case
	if a.store, err = declared.Open(ctx, k); err != nil {
		return nil, err
	}
	if a.out, err = a.store.Writer(ctx); err != nil {
		return nil, err
	}
	defer a.out.Close()
	return a.run(ctx)
}

func (a *application) run(ctx context.Context) (*Applied, error) {
	var err error
	if a.plan, err = a.o.plan(ctx, a.k, a.w, a.store, a.Change); err != nil {
		return nil, err
	}
	p := a.plan
	a.hear(p.Processes)
	if a.Fingerprint != "" && (a.Fingerprint != p.Fingerprint || a.From != p.From) {
		return nil, fault.Hint(fault.Config, "look at the plan again", "applying declarations: the files, or the version in force, are not those that the plan was shown for")
	}
	if err := p.Refused(); err != nil {
		return nil, err
	}
	if err := a.giveUpOther(ctx); err != nil {
		return nil, err
	}
	if p.Empty() {
		return &Applied{Version: p.From, Plan: p, Processes: p.Processes}, nil
	}
	if p.same && len(p.Rereads) == 0 { // tables or topics alone: no other version
		err := a.bring(ctx)
		return &Applied{Version: p.From, Plan: p, Processes: p.Processes}, err
	}
	if err := a.begin(ctx); err != nil {
		return nil, err
	}
	if err := a.bring(ctx); err != nil {
		return nil, a.giveUp(err)
	}
	return a.changeOver(ctx)
}

// giveUpOther notes that an attempt at other declarations was given up.
func (a *application) giveUpOther(ctx context.Context) error {
	v, ok := a.store.Begun()
	if !ok {
		return nil
	}
	if v.Fingerprint == a.plan.Fingerprint {
		a.Say(fmt.Sprintf("version %d was begun by %s at %s and not finished: going on with it", v.Number, v.By, v.Began.Format(time.DateTime)))
		return nil
	}
	a.Say(fmt.Sprintf("version %d, begun by %s, was not finished: it is given up", v.Number, v.By))
	v.State, v.Ended, v.Error, v.Pause = declared.Failed, time.Now(), "given up for other declarations", nil
	return a.out.Put(ctx, declared.Set{}, v)
}

// begin writes the version down as begun, and waits until every live process has
// read and compiled it.
func (a *application) begin(ctx context.Context) error {
	v := declared.Describe(a.plan.set)
	v.Number, v.State, v.Began = a.number(), declared.Begun, time.Now()
	v.Why, v.By, v.Program = a.Why, a.By, Program()
	if v.By == "" {
		v.By = whoami()
	}
	applied, _ := a.store.Applied()
	v.Reread = map[string]int{}
	for name, n := range applied.Reread {
		v.Reread[name] = n
	}
	for _, name := range a.plan.Rereads {
		v.Reread[name] = v.Number
	}
	if a.Repeat != 0 {
		was, err := repeated(a.store, a.Repeat)
		if err != nil {
			return err
		}
		v.Repeats = was.Number
	}
	for _, e := range a.plan.Effects {
		v.Says = append(v.Says, fmt.Sprintf("%s %s %s: %s", e.Sign, e.Rule, e.Object, e.Detail))
	}
	a.v = v
	if err := a.out.Put(ctx, a.plan.set, v); err != nil {
		return err
	}
	a.Say(fmt.Sprintf("version %d is begun", v.Number))
	if err := a.votes(ctx); err != nil {
		return a.giveUp(err)
	}
	return nil
}

// number is that of the attempt that is continued, or the next one.
func (a *application) number() int {
	if v, ok := a.store.Begun(); ok && v.Fingerprint == a.plan.Fingerprint {
		return v.Number
	}
	n := 0
	for _, v := range a.store.History() {
		n = max(n, v.Number)
	}
	return n + 1
}

// votes waits until every process that was there has read the version, and
// returns why one cannot run it.
func (a *application) votes(ctx context.Context) error {
	silent, err := a.await(ctx, func(n Node) bool { return n.Prepared == a.v.Fingerprint }, func(n Node) error {
		if n.Prepared == a.v.Fingerprint && n.Problem != "" {
			return fault.Hint(fault.Config, "restart it with a program that can", "applying declarations: %s (%s) cannot run them: %s", n.Name(), n.Program, n.Problem)
		}
		return nil
	})
	if err != nil || len(silent) == 0 {
		return err
	}
	return fault.Hint(fault.Transient, "look at it, or stop it, and apply again", "applying declarations: %s did not say in %v whether it can run them", silent[0].Name(), a.Wait)
}

// await looks at the live processes until all that were seen are done, or gone,
// and returns those that are neither when the time is over.
func (a *application) await(ctx context.Context, done func(Node) bool, check func(Node) error) ([]Node, error) {
	until := time.Now().Add(a.Wait)
	for {
		list, err := nodes(ctx, a.k)
		if err != nil {
			return nil, err
		}
		a.hear(list)
		for _, n := range list {
			if err := check(n); err != nil {
				return nil, err
			}
		}
		left := a.those(func(s seen) bool { return !done(s.Node) && (s.missed.IsZero() || time.Since(s.missed) < away) })
		if len(left) == 0 || time.Now().After(until) {
			return left, a.held()
		}
		if sleep(ctx, 100*time.Millisecond); ctx.Err() != nil {
			return left, ctx.Err()
		}
	}
}

// hear notes what processes say, and which of the known ones say nothing. That a
// look itself took long, because the group was changing, is not their silence.
func (a *application) hear(list []Node) {
	for id, s := range a.known {
		if s.missed.IsZero() {
			s.missed = time.Now()
			a.known[id] = s
		}
	}
	for _, n := range list {
		a.known[n.ID] = seen{Node: n}
	}
}

// those are the processes of which something is so.
func (a *application) those(so func(seen) bool) []Node {
	var out []Node
	for _, s := range a.known {
		if so(s) {
			out = append(out, s.Node)
		}
	}
	sortNodes(out)
	return out
}

// held is an error if the lock was lost: somebody else may be at it.
func (a *application) held() error {
	if a.lock.Lost().Err() != nil {
		return fault.Hint(fault.Transient, "apply again: it goes on where it was", "applying declarations: the broker was away for too long, and the lock is lost")
	}
	return nil
}

// bring creates topics and takes the warehouse's steps. Where writers must not
// meet a step, they are asked to leave and kept out until the version is in force.
func (a *application) bring(ctx context.Context) error {
	p := a.plan
	if len(p.Topics) > 0 {
		if err := ensure(ctx, a.k, p.now); err != nil {
			return err
		}
		a.Say(fmt.Sprintf("%d topics are created", len(p.Topics)))
	}
	hold := &pipelines.Hold{}
	steps := make([]warehouse.Step, len(p.Steps))
	for i, s := range p.Steps {
		steps[i] = s.Step
	}
	if len(p.Pauses) > 0 {
		held, release, err := a.pause(ctx)
		if err != nil {
			return err
		}
		defer release()
		hold = held
		if err := a.w.Settle(ctx); err != nil {
			return err
		}
		if steps, err = a.w.PlanChange(ctx, p.now.Catalog, a.Allow...); err != nil {
			return err
		}
	}
	for i, s := range steps {
		if err := errors.Join(a.held(), hold.Err()); err != nil {
			return err
		}
		if err := a.w.Migrate(ctx, []warehouse.Step{s}); err != nil {
			return err
		}
		a.Say(fmt.Sprintf("%d/%d %s %s", i+1, len(steps), s.Doc, s.Object))
	}
	if a.v.Number == 0 {
		return nil // nothing else is declared than before
	}
	if err := errors.Join(a.held(), hold.Err()); err != nil {
		return err
	}
	a.v.State, a.v.Ended, a.v.Pause = declared.Applied, time.Now(), nil
	if err := a.out.Put(ctx, declared.Set{}, a.v); err != nil {
		return err
	}
	a.Say(fmt.Sprintf("version %d is in force", a.v.Number))
	return nil
}

// pause asks the writers to leave, finishes the loads that were begun, and keeps
// the writers out.
func (a *application) pause(ctx context.Context) (*pipelines.Hold, func(), error) {
	if a.v.Number > 0 {
		a.v.Pause = a.plan.Pauses
		if err := a.out.Put(ctx, declared.Set{}, a.v); err != nil {
			return nil, nil, err
		}
	}
	a.Say("waiting for " + strings.Join(a.plan.Pauses, " and ") + " to leave")
	h, release, err := a.o.quiesce(ctx, a.w, a.plan.old, Apply{Allow: a.Allow, Wait: a.Wait, Session: a.Session}, a.plan.Pauses)
	if err == nil {
		a.Say("the writers are out, and no load is pending")
	}
	return h, release, err
}

// giveUp notes why a version was not put in force; what is in force goes on.
func (a *application) giveUp(why error) error {
	if a.v.State == declared.Applied {
		return why // it is in force, as far as we know
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	a.v.State, a.v.Ended, a.v.Error, a.v.Pause = declared.Failed, time.Now(), why.Error(), nil
	if err := a.out.Put(ctx, declared.Set{}, a.v); err != nil {
		a.o.logger().Warn("the attempt could not be marked as failed; applying again goes on with it", "version", a.v.Number, "error", err)
	}
	return why
}

// changeOver waits until every live process runs the version.
func (a *application) changeOver(ctx context.Context) (*Applied, error) {
	out := &Applied{Version: a.v.Number, Plan: a.plan}
	runs := func(n Node) bool { return n.Version == a.v.Number && len(n.Paused) == 0 }
	behind, err := a.await(ctx, runs, func(Node) error { return nil })
	if err != nil {
		return out, err
	}
	out.Processes, out.Behind = a.those(func(s seen) bool { return runs(s.Node) }), behind
	return out, nil
}

// whoami is the user and the machine.
func whoami() string {
	name := os.Getenv("USER")
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	host, _ := os.Hostname()
	return strings.Trim(name+"@"+host, "@")
}
