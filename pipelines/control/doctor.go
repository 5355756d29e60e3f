package control

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"rongtong/pipelines"
	"rongtong/pipelines/declared"
	"rongtong/pipelines/topics"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas/fault"
)

// Finding is what a check of the doctor found.
type Finding struct {
	Check string `json:"check"`
	State string `json:"state"` // "ok", "warn" or "fail"
	Found string `json:"found"`
	Mend  string `json:"mend,omitempty"` // what to do about it
}

// The states of a finding.
const (
	FindingOK   = "ok"
	FindingWarn = "warn"
	FindingFail = "fail"
)

// doctor collects findings.
type doctor struct {
	o        Options
	d        Declarations
	findings []Finding
}

func (x *doctor) say(check, state, mend, format string, args ...any) {
	if state == FindingOK {
		mend = ""
	}
	x.findings = append(x.findings, Finding{check, state, fmt.Sprintf(format, args...), mend})
}

// Doctor checks everything that the pipeline leans on and says how to mend what
// is wrong. It changes nothing. What cannot be asked because something it needs
// is away is not guessed.
func Doctor(ctx context.Context, o Options) []Finding {
	x := &doctor{o: o}
	x.declarations()
	x.keys()
	x.disk()
	if k, err := o.kafka(ctx); err != nil {
		x.unreachable("kafka", err)
	} else {
		defer k.Close()
		x.say("kafka", FindingOK, "", "answers at %s", o.Kafka)
		x.inForce(ctx, k)
		x.topics(ctx, k)
		x.members(ctx, k)
		x.backlog(ctx, k)
	}
	w, err := o.warehouse(ctx)
	if err != nil {
		x.unreachable("warehouse", err)
		return x.findings
	}
	defer w.Close()
	x.server(ctx, w)
	x.drift(ctx, w)
	x.runs(ctx, w)
	return x.findings
}

func (x *doctor) unreachable(what string, err error) {
	mend := "start it, or mend the address"
	var hinted *fault.Error
	if errors.As(err, &hinted) && hinted.Hint != "" {
		mend, err = hinted.Hint, hinted.Err
	}
	x.say(what, FindingFail, mend, "%v", err)
}

func (x *doctor) declarations() {
	d, problems := Load(x.o.Overlay)
	x.d = d
	if len(problems) > 0 {
		x.say("declarations", FindingFail, "rongtong check lists all of them", "%d problems, the first is %s", len(problems), problems[0])
		return
	}
	x.say("declarations", FindingOK, "", "%d entities, %d systems, %d indicators", len(d.Catalog.Entities), len(d.Catalog.Systems), len(d.Catalog.Indicators))
	year := time.Now().Year()
	for _, c := range d.Catalog.Calendars {
		if !c.Covers(year) {
			x.say("calendar "+c.Name, FindingWarn, "add the year's holidays to calendars/"+c.Name+".csv when the State Council has published them", "it does not know the holidays of %d, only the weekends", year)
		}
	}
}

// inForce looks at which version of the declarations is in force, and who runs
// another one. What follows is about that version.
func (x *doctor) inForce(ctx context.Context, k *topics.Client) {
	store, err := declared.Open(ctx, k)
	if err != nil {
		x.unreachable("version", err)
		return
	}
	st, err := inForceStatus(ctx, k, store)
	if err != nil {
		x.unreachable("version", err)
		return
	}
	if st.Version == 0 {
		x.say("version", FindingOK, "", "no declarations were ever applied: every process runs what it ships and its own folder")
		return
	}
	d, _, err := x.o.compileInForce(store)
	if err != nil {
		x.unreachable("version", err)
		return
	}
	x.d = d
	x.say("version", FindingOK, "", "version %d of the declarations is in force", st.Version)
	for _, n := range st.Skewed() {
		x.say("version", FindingFail, "restart it with this program", "%s runs version %d", n.Name(), n.Version)
	}
	for _, n := range st.Nodes {
		if n.Warning != "" {
			x.say("version", FindingWarn, "set it where that process is started, and restart it", "%s: %s", n.Name(), n.Warning)
		}
	}
	if st.Begun > 0 {
		x.say("version", FindingWarn, "rongtong apply goes on with it, or gives it up for other declarations", "version %d was begun and is not in force", st.Begun)
	}
}

// keys looks at the keys of pseudonyms, where streams need them.
func (x *doctor) keys() {
	needed := slices.ContainsFunc(x.d.Streams, func(s *pipelines.Stream) bool { return len(s.Stream.Identify) > 0 })
	switch {
	case x.o.Keys == "" && needed:
		x.say("keys", FindingFail, "rongtong keys new, then --keys or RONGTONG_KEYS", "streams identify persons, and there are no keys of pseudonyms")
	case x.o.Keys == "":
	default:
		infos, err := Keys(x.o)
		if err != nil {
			x.say("keys", FindingFail, "rongtong keys list", "%v", err)
			return
		}
		x.say("keys", FindingOK, "", "%d keys", len(infos))
		if st, err := os.Stat(x.o.Keys); err == nil && st.Mode().Perm()&0o077 != 0 {
			x.say("keys", FindingFail, "chmod 600 "+x.o.Keys, "others may read %s", x.o.Keys)
		}
	}
}

// disk looks at the room where the embedded engines' cache lies.
func (x *doctor) disk() {
	dir := os.Getenv("RONGTONG_CACHE")
	if dir == "" {
		home, err := os.UserCacheDir()
		if err != nil {
			return
		}
		dir = home
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(dir); err == nil {
			break
		}
	}
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		return
	}
	free := float64(fs.Bavail) * float64(fs.Bsize) / (1 << 30)
	state := FindingOK
	if free < 5 {
		state = FindingWarn
	}
	x.say("disk", state, "make room, or set RONGTONG_CACHE to a larger disk", "%.1f GB free at %s", free, dir)
}

// topics compares the topics that are needed with those that are there.
func (x *doctor) topics(ctx context.Context, k *topics.Client) {
	var missing, narrow []string
	want := append(pipelines.Topics(x.d.Streams), pipelines.ControlTopics()...)
	for _, t := range want {
		have, err := k.Partitions(ctx, t.Name)
		switch {
		case fault.Is(err, fault.Transient):
			x.unreachable("topics", err)
			return
		case err != nil || have[t.Name] == 0:
			missing = append(missing, t.Name)
		case have[t.Name] < t.Partitions:
			narrow = append(narrow, fmt.Sprintf("%s (%d of %d)", t.Name, have[t.Name], t.Partitions))
		}
	}
	switch {
	case len(missing) > 0:
		x.say("topics", FindingFail, "rongtong up creates them, if its user may", "missing: %s", strings.Join(missing, ", "))
	case len(narrow) > 0:
		x.say("topics", FindingWarn, "kafka-topics.sh --alter --partitions; records of one key may then lie in two partitions", "fewer partitions than declared: %s", strings.Join(narrow, ", "))
	default:
		x.say("topics", FindingOK, "", "%d topics", len(want))
	}
}

// members looks for the processes of each role.
func (x *doctor) members(ctx context.Context, k *topics.Client) {
	for _, role := range Roles {
		who := k.Members(ctx, role)
		if len(who) == 0 {
			x.say("role "+role, FindingWarn, "rongtong up --roles "+role, "no process runs it")
			continue
		}
		x.say("role "+role, FindingOK, "", "%d: %s", len(who), strings.Join(who, ", "))
	}
}

// backlog looks for streams that nobody loads.
func (x *doctor) backlog(ctx context.Context, k *topics.Client) {
	stand, err := standing(ctx, k, x.d.Streams)
	if err != nil {
		x.say("backlog", FindingFail, "grant the user to describe the group "+pipelines.LoadGroup, "%v", err)
		return
	}
	for _, name := range slices.Sorted(maps.Keys(stand.absent)) {
		x.say("topic "+name, FindingFail, "its stream stands still, the others go on: create the topic, or grant Describe and Read on it; rongtong up goes on by itself", "%v", stand.absent[name])
	}
	var lag int64
	var gone []string
	var away []string
	for name, parts := range stand.ends {
		for p, b := range parts {
			at := stand.loaded[name][p].Offset
			if b == topics.Unknown {
				away = append(away, fmt.Sprintf("%s/%d", name, p))
				continue
			}
			lag += b.Last - max(b.First, at)
			if at >= 0 && at < b.First {
				gone = append(gone, fmt.Sprintf("%s/%d from %d to %d", name, p, at, b.First))
			}
		}
	}
	if len(gone) > 0 {
		x.say("retention", FindingFail, "raise retention.ms of these topics, go on without what is gone by rongtong offsets --to beginning --reason …, and read the sources again for the time that is missing", "deleted before they were loaded: %s", strings.Join(gone, ", "))
	}
	if len(away) > 0 {
		slices.Sort(away)
		x.say("leaders", FindingFail, "start the brokers that hold them", "no broker leads: %s", strings.Join(away, ", "))
	}
	x.say("backlog", FindingOK, "", "%d records wait to be loaded", lag)
}

// server looks at the warehouse itself: clock, zone, disk, parts.
func (x *doctor) server(ctx context.Context, w *warehouse.Warehouse) {
	var version string
	var now time.Time
	before := time.Now()
	if err := w.QueryRow(ctx, "SELECT version(), now64(3, 'UTC')", []any{&version, &now}); err != nil {
		x.unreachable("warehouse", err)
		return
	}
	x.say("warehouse", FindingOK, "", "ClickHouse %s answers", version)
	between := before.Add(time.Since(before) / 2)
	state, skew := FindingOK, now.Sub(between).Round(time.Millisecond)
	if skew.Abs() > 5*time.Second {
		state = FindingFail
	}
	x.say("clock", state, "synchronise both machines by NTP: times of arrival and of loads would contradict each other", "the warehouse's clock differs by %v", skew)
	x.disks(ctx, w)
	var table string
	var parts uint64
	err := w.QueryRow(ctx, "SELECT concat(database, '.', table) AS t, count() AS n FROM system.parts WHERE active AND database IN ('ods', 'std', 'dwd', 'dwp', 'ads', 'ops') GROUP BY t UNION ALL SELECT '', 0 ORDER BY n DESC LIMIT 1", []any{&table, &parts})
	if err == nil && parts > 1000 {
		x.say("parts", FindingWarn, "merges do not keep up: fewer and larger loads, or a faster disk", "%s has %d parts", table, parts)
	}
}

// disks looks at the free room of the warehouse.
func (x *doctor) disks(ctx context.Context, w *warehouse.Warehouse) {
	rows, err := w.Query(ctx, "SELECT name, free_space, total_space FROM system.disks WHERE total_space > 0")
	if err != nil {
		x.say("warehouse disk", FindingWarn, "GRANT SELECT ON system.disks", "it may not be asked: %v", err)
		return
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var free, total uint64
		if rows.Scan(&name, &free, &total) != nil {
			return
		}
		state := FindingOK
		switch share := float64(free) / float64(total); {
		case share < 0.05:
			state = FindingFail
		case share < 0.15:
			state = FindingWarn
		}
		x.say("warehouse disk", state, "make room: loads stop when it is full, and go on by themselves", "%s: %.0f of %.0f GB free", name, float64(free)/(1<<30), float64(total)/(1<<30))
	}
}

// drift compares the tables with the declarations.
func (x *doctor) drift(ctx context.Context, w *warehouse.Warehouse) {
	steps, err := w.Plan(ctx, x.d.Catalog)
	switch {
	case err != nil:
		x.say("schema", FindingFail, "rongtong schema plan", "%v", err)
	case len(steps) > 0:
		x.say("schema", FindingWarn, "rongtong schema plan shows them, rongtong schema apply runs them", "%d steps are missing, the first: %s %s", len(steps), steps[0].Doc, steps[0].Object)
	default:
		x.say("schema", FindingOK, "", "as declared")
	}
}

// runs looks at the latest run of each job.
func (x *doctor) runs(ctx context.Context, w *warehouse.Warehouse) {
	rows, err := w.Query(ctx, "SELECT toString(job), toString(argMax(state, started_at)), max(started_at) FROM ops.run FINAL GROUP BY job ORDER BY job")
	if err != nil {
		return // the check of the schema has said so
	}
	defer rows.Close()
	for rows.Next() {
		var job, state string
		var at time.Time
		if rows.Scan(&job, &state, &at) != nil {
			return
		}
		found := FindingOK
		if state == "failed" {
			found = FindingFail
		}
		x.say("job "+job, found, "rongtong status shows the error; rongtong run "+job+" runs it again", "%s, begun %s", state, at.Format(time.DateTime))
	}
}
