package control

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"rongtong/pipelines"
	"rongtong/pipelines/declared"
	"rongtong/pipelines/topics"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas/decl"
	"rongtong/schemas/derive"
	"rongtong/schemas/fault"
)

// Effect is one difference of declarations and what applying it does.
type Effect struct {
	Kind   string       `json:"kind"` // see kinds
	Sign   string       `json:"sign"` // "+", "-" or "~"
	Object string       `json:"object"`
	Detail string       `json:"detail"`
	Does   string       `json:"does"`
	Class  derive.Class `json:"class"`
	Rule   string       `json:"rule"`
}

// Danger is something that is only done when a person says that it is meant.
type Danger struct {
	Name    string `json:"name"` // for --allow or --reread
	What    string `json:"what"`
	Allowed bool   `json:"allowed"`
}

// StepEffect is a step of the warehouse with what it costs.
type StepEffect struct {
	warehouse.Step
	Rows uint64 `json:"rows,omitempty"` // that are copied, or gone through
}

// Plan is what applying declarations would do.
type Plan struct {
	From        int                   `json:"from"` // the version in force; 0: none was ever applied
	Target      string                `json:"target"`
	Fingerprint string                `json:"fingerprint"`
	Files       []declared.FileChange `json:"files"`
	Effects     []Effect              `json:"effects"`
	Topics      []string              `json:"topics"` // to create
	Steps       []StepEffect          `json:"steps"`  // of the warehouse
	Pauses      []string              `json:"pauses"` // roles that leave their groups while the steps run
	Rereads     []string              `json:"rereads"`
	Dangers     []Danger              `json:"dangers"`
	Blocked     []string              `json:"blocked"` // what cannot be applied at all, and the way out
	Warnings    []string              `json:"warnings"`
	Processes   []Node                `json:"processes"`

	set      declared.Set
	old, now Declarations
	same     bool // the declarations in force are these
}

// Empty reports whether there is nothing to do.
func (p *Plan) Empty() bool {
	return p.same && len(p.Steps) == 0 && len(p.Topics) == 0 && len(p.Rereads) == 0
}

// Refused says what stands in the way, or nil.
func (p *Plan) Refused() error {
	if len(p.Blocked) > 0 {
		return fault.New(fault.Config, "applying the declarations: %s", strings.Join(p.Blocked, "; "))
	}
	var names, flags []string
	for _, d := range p.Dangers {
		if !d.Allowed {
			names = append(names, d.What)
			flags = append(flags, d.flag())
		}
	}
	if len(names) == 0 {
		return nil
	}
	return fault.Hint(fault.Config, "say "+strings.Join(flags, " ")+" if that is meant", "applying the declarations: %s", strings.Join(names, "; "))
}

func (d Danger) flag() string {
	if s, ok := strings.CutPrefix(d.Name, "reread:"); ok {
		return "--reread " + s
	}
	return "--allow " + d.Name
}

// Change is what a person asks for.
type Change struct {
	// Allow names losses that are meant, Reread streams ("system.stream") whose
	// sources are to be read from their beginning.
	Allow, Reread []string
	// Repeat takes up the declarations of an earlier version instead of a folder;
	// -1: those that were in force before the present ones.
	Repeat int
}

// PlanDeclarations compares declarations with those in force, and asks Kafka and
// the warehouse what applying them would do. It changes nothing. Without a folder
// in Options they are what this program ships, and the folder that was applied on
// top of what an earlier one shipped.
func PlanDeclarations(ctx context.Context, o Options, c Change) (*Plan, error) {
	k, w, err := o.both(ctx)
	if err != nil {
		return nil, err
	}
	defer k.Close()
	defer w.Close()
	store, err := declared.Open(ctx, k)
	if err != nil {
		return nil, err
	}
	return o.plan(ctx, k, w, store, c)
}

func (o Options) both(ctx context.Context) (*topics.Client, *warehouse.Warehouse, error) {
	k, err := o.kafka(ctx)
	if err != nil {
		return nil, nil, err
	}
	w, err := o.warehouse(ctx)
	if err != nil {
		k.Close()
		return nil, nil, err
	}
	return k, w, nil
}

// target is the set that is asked for, and what people call it.
func (o Options) target(store *declared.Store, c Change) (declared.Set, string, error) {
	applied, any := store.Applied()
	switch {
	case c.Repeat != 0:
		v, err := repeated(store, c.Repeat)
		if err != nil {
			return declared.Set{}, "", err
		}
		s, err := store.Set(v)
		return s, fmt.Sprintf("version %d", v.Number), err
	case o.Overlay == "" && any:
		s, err := store.Set(applied)
		if err != nil || len(s.Shipped()) == 0 {
			return s, fmt.Sprintf("version %d, which stands for itself", applied.Number), err
		}
		base, err := shipped()
		own := s.Own()
		what := "what this program ships"
		for _, l := range own {
			what += ", and " + l.Name + " of version " + fmt.Sprint(applied.Number)
		}
		return declared.Set{Layers: append(base.Layers, own...)}, what, err
	}
	s, problems := setAt(o.Overlay)
	if len(problems) > 0 {
		return s, "", &ProblemsError{problems}
	}
	if o.Overlay == "" || o.Overlay == Shipped {
		return s, "what this program ships", nil
	}
	return s, o.Overlay, nil
}

// repeated finds the version of a rollback.
func repeated(store *declared.Store, n int) (declared.Version, error) {
	applied, any := store.Applied()
	if n > 0 {
		v, ok := store.Version(n)
		if !ok || v.State != declared.Applied {
			return v, fault.Hint(fault.Config, "rongtong declarations history lists them", "rolling back: version %d was never in force", n)
		}
		return v, nil
	}
	var out declared.Version
	for _, v := range store.History() {
		if any && v.State == declared.Applied && v.Number < applied.Number && v.Fingerprint != applied.Fingerprint {
			out = v
		}
	}
	if out.Number == 0 {
		return out, fault.Hint(fault.Config, "rongtong apply --declarations "+Shipped+" puts the shipped ones in force", "rolling back: no other version was in force before")
	}
	return out, nil
}

// plan is PlanDeclarations over open connections.
func (o Options) plan(ctx context.Context, k *topics.Client, w *warehouse.Warehouse, store *declared.Store, c Change) (*Plan, error) {
	p := &Plan{Files: []declared.FileChange{}, Effects: []Effect{}, Topics: []string{}, Steps: []StepEffect{}, Pauses: []string{}, Rereads: []string{},
		Dangers: []Danger{}, Blocked: []string{}, Warnings: []string{}, Processes: []Node{}} // no list is null in JSON
	var err error
	if p.set, p.Target, err = o.target(store, c); err != nil {
		return nil, err
	}
	var problems []decl.Problem
	if p.now, problems = loadSet(p.set); len(problems) == 0 {
		problems = open(p.set)
	}
	if len(problems) > 0 {
		return nil, &ProblemsError{problems}
	}
	p.Fingerprint = p.set.Fingerprint()
	before, err := shipped()
	if err != nil {
		return nil, err
	}
	if v, ok := store.Applied(); ok {
		p.From, p.same = v.Number, v.Fingerprint == p.Fingerprint
		if before, err = store.Set(v); err != nil {
			return nil, err
		}
	}
	p.Files = append(p.Files, declared.Files(before, p.set)...)
	// What was in force may be beyond this program; what it declares can be
	// compared all the same, as far as it can be read.
	if p.old, problems = loadSet(before); len(problems) > 0 {
		p.Warnings = append(p.Warnings, fmt.Sprintf("this program cannot read all of what is in force: %s", problems[0]))
	}
	p.effects()
	if err := p.rereads(c.Reread); err != nil {
		return nil, err
	}
	if err := p.topics(ctx, k); err != nil {
		return nil, err
	}
	if err := p.steps(ctx, w, c.Allow); err != nil {
		return nil, err
	}
	return p, p.processes(ctx, k)
}

// processes notes who runs what, and who does not follow.
func (p *Plan) processes(ctx context.Context, k *topics.Client) error {
	live, err := nodes(ctx, k)
	if err != nil {
		return err
	}
	p.Processes = append(p.Processes, live...)
	for _, n := range p.Processes {
		if n.Folder != "" {
			p.Warnings = append(p.Warnings, fmt.Sprintf("%s was started with %s, which this plan does not know: nothing was ever applied, so it compares with what is shipped", n.Name(), n.Folder))
		}
	}
	for _, role := range Roles {
		members, follow := len(k.Members(ctx, role)), 0
		for _, n := range p.Processes {
			if slices.Contains(n.Roles, role) {
				follow++
			}
		}
		if members > follow {
			p.Warnings = append(p.Warnings, fmt.Sprintf("%d of %d processes of the role %s do not follow the declarations (an earlier program?): restart them", members-follow, members, role))
		}
	}
	return nil
}

// effects turns differences into what they do.
func (p *Plan) effects() {
	if p.old.Catalog == nil {
		return
	}
	plans := map[string]bool{}
	for _, s := range p.old.Streams {
		for _, n := range p.now.Streams {
			if n.Topic == s.Topic && n.Plan() != s.Plan() {
				plans[s.System.System+"."+s.Stream.Name] = true
			}
		}
	}
	for _, x := range derive.Diff(p.old.Catalog, p.now.Catalog) {
		p.Effects = append(p.Effects, effectOf(x))
		if x.Rule == "system.added" {
			p.streamsOf(x.Object)
		}
	}
	p.jobs()
	for _, name := range slices.Sorted(maps.Keys(plans)) {
		p.Effects = append(p.Effects, Effect{Kind: "streams", Sign: "~", Object: name, Class: derive.Backfill, Rule: "stream.plan",
			Detail: "its rows are made in another way",
			Does:   "the load under way ends first; from there on rows are made in the new way; those that are there stay until rongtong reprocess makes them anew"})
	}
	p.anew()
	slices.SortStableFunc(p.Effects, func(a, b Effect) int { return slices.Index(kinds, a.Kind) - slices.Index(kinds, b.Kind) })
}

// anew adds the figures that are computed again because what they read is fused
// again, and not because they changed themselves.
func (p *Plan) anew() {
	fused := map[string]bool{}
	for _, e := range p.Effects {
		if entity, _, _ := strings.Cut(e.Object, "."); e.Does == fusedAnew {
			fused[entity] = true
		}
	}
	var again []string
	for _, i := range p.now.Catalog.Indicators {
		if slices.ContainsFunc(i.Reads, func(r string) bool { return fused[r] }) {
			again = append(again, i.Indicator)
		}
	}
	if len(again) > 0 {
		p.Effects = append(p.Effects, Effect{Kind: "indicators", Sign: "~", Object: fmt.Sprintf("%d indicators", len(again)), Class: derive.Backfill, Rule: "indicator.inputs",
			Detail: "they read what is fused anew", Does: "computed again by the next run of integrate: " + strings.Join(again, ", ")})
	}
}

// streamsOf adds the streams of a new system.
func (p *Plan) streamsOf(system string) {
	for _, s := range p.now.Streams {
		if s.System.System == system {
			p.Effects = append(p.Effects, Effect{Kind: "systems", Sign: "+", Object: system + "." + s.Stream.Name, Class: derive.Safe, Rule: "stream.added",
				Detail: "it is new", Does: fmt.Sprintf("topic %s, %d partitions; read from its beginning, or from the position of an earlier time", s.Topic, s.Partitions())})
		}
	}
}

// rereads checks which streams are to be read anew, and which must be.
func (p *Plan) rereads(asked []string) error {
	known := map[string]bool{}
	for _, s := range p.now.Streams {
		known[s.System.System+"."+s.Stream.Name] = true
	}
	for _, name := range asked {
		if !known[name] {
			return fault.Hint(fault.Config, decl.Suggest(name, slices.Sorted(maps.Keys(known))), "reading %q from its beginning: there is no such stream", name)
		}
	}
	p.Rereads = append(p.Rereads, asked...)
	for _, name := range asked {
		p.Dangers = append(p.Dangers, Danger{"reread:" + name, fmt.Sprintf("%q is read from its beginning: what comes again counts as duplicate", name), true})
	}
	for _, e := range p.Effects {
		if e.Rule != "system.protocol" {
			continue
		}
		for _, s := range p.now.Streams {
			name := s.System.System + "." + s.Stream.Name
			if s.System.System == e.Object && !slices.Contains(asked, name) && p.hadStream(name) {
				p.Dangers = append(p.Dangers, Danger{"reread:" + name, fmt.Sprintf("another protocol cannot read the position of %q", name), false})
			}
		}
	}
	return nil
}

func (p *Plan) hadStream(name string) bool {
	return slices.ContainsFunc(p.old.Streams, func(s *pipelines.Stream) bool { return s.System.System+"."+s.Stream.Name == name })
}

// topics finds topics to create, and those that would need more partitions.
func (p *Plan) topics(ctx context.Context, k *topics.Client) error {
	have, err := k.Partitions(ctx)
	if err != nil {
		return err
	}
	for _, t := range append(pipelines.Topics(p.now.Streams), pipelines.ControlTopics()...) {
		switch n := have[t.Name]; {
		case n == 0:
			p.Topics = append(p.Topics, t.Name)
		case n < t.Partitions:
			p.Blocked = append(p.Blocked, fmt.Sprintf("topic %q has %d partitions and %d are declared, and keys would move (stop the system, let the loaders drain the topic, delete it, and apply again)", t.Name, n, t.Partitions))
		}
	}
	slices.Sort(p.Topics)
	return nil
}

// steps asks the warehouse, and collects every loss instead of the first.
func (p *Plan) steps(ctx context.Context, w *warehouse.Warehouse, allow []string) error {
	meant := slices.Clone(allow)
	for {
		steps, err := w.PlanChange(ctx, p.now.Catalog, meant...)
		var loss *warehouse.Loss
		if errors.As(err, &loss) && !slices.Contains(meant, loss.Name) {
			p.Dangers = append(p.Dangers, Danger{loss.Name, strings.TrimPrefix(loss.What, "planning "), false})
			meant = append(meant, loss.Name)
			continue
		}
		if err != nil {
			p.Blocked = append(p.Blocked, err.Error())
			return onlyConfig(err)
		}
		for _, name := range allow {
			if strings.Contains(name, ":") && !strings.HasPrefix(name, "live:") && !strings.HasPrefix(name, "pending:") {
				p.Dangers = append(p.Dangers, Danger{name, "a loss that is meant", true})
			}
		}
		p.Pauses = append(p.Pauses, writers(steps)...)
		rows, err := w.Rows(ctx)
		for _, s := range steps {
			e := StepEffect{Step: s}
			if s.Writer != "" {
				e.Rows = rows[s.Object]
			}
			p.Steps = append(p.Steps, e)
		}
		return err
	}
}

func onlyConfig(err error) error {
	if fault.Is(err, fault.Config) {
		return nil
	}
	return err
}
