package schemas

import (
	"path"
	"slices"
	"strings"
	"time"

	"rongtong/schemas/decl"
)

// job checks one job, but for the cron text and the work it does, which are the
// scheduler's to know.
func (k *checker) job(j *Job) {
	at := func(path ...any) decl.Pos { return k.at(j, path...) }
	k.name(at("job"), "job", j.Job)
	if j.Every.Cron == "" && len(j.When) == 0 && !j.Asked {
		k.add(j.Pos, "schedule.missing", `add every: { cron: "0 2 * * *", zone: Asia/Shanghai }, or when: with a sensor`, "nothing says when job %q runs", j.Job)
	}
	if j.Every.Continuous {
		k.add(at("every", "continuous"), "schedule.conflict", "leave it out", "a job is never continuous")
	}
	k.problems = append(k.problems, j.Every.Check(k.c, func(key string) decl.Pos { return at("every", key) })...)
	for i := range j.After {
		k.need(j, i, func(key string) decl.Pos { return at("after", i, key) })
	}
	for i := range j.When {
		k.sensor(&j.When[i], func(key string) decl.Pos { return at("when", i, key) })
	}
	k.oneOf(at("otherwise"), "otherwise.unknown", "way out of waiting", j.Otherwise, []string{"skip", "fail", "run"})
	if len(j.After) == 0 && (j.Wait != 0 || j.Otherwise != "") {
		k.add(j.Pos, "after.missing", "add after:, or leave wait and otherwise out", "job %q waits for nothing", j.Job)
	}
	if j.Wait < 0 {
		k.add(at("wait"), "schedule.negative", "write a duration such as 4h", "wait is negative")
	}
	if _, ok := ParsePeriod(j.Versions); j.Versions != "" && !ok {
		k.add(at("versions"), "versions.format", "write whole years or days: P1Y, P30D", "%q is no period for which versions of figures are kept", j.Versions)
	}
	for i, u := range j.Uses {
		if _, ok := k.c.Limits.Uses[u]; !ok {
			k.add(at("uses", i), "limit.unknown", "add it to limits: { uses: { "+u+": 2 } }", "nothing limits %q", u)
		}
	}
}

func (k *checker) need(j *Job, i int, at func(string) decl.Pos) {
	n := j.After[i]
	given := 0
	for _, s := range []string{n.Job, n.Entity, n.Stream, n.System} {
		if s != "" {
			given++
		}
	}
	if given != 1 {
		k.add(n.Pos, "need.kind", "give one of job, entity, stream and system", "a need names one thing, this one %d", given)
	}
	if n.Job != "" {
		var names []string
		for _, o := range k.c.Jobs {
			names = append(names, o.Job)
		}
		k.oneOf(at("job"), "job.unknown", "job", n.Job, names)
		if k.reaches(n.Job, j.Job, map[string]bool{}) {
			k.add(at("job"), "after.cycle", "break the circle", "job %q waits for %q, which waits for it", j.Job, n.Job)
		}
		if n.Fresh != "" || n.Tier != "" {
			k.add(n.Pos, "need.job", "leave fresh and tier out", "a job is done for a business date or not")
		}
	}
	if n.Entity != "" && k.c.Entity(n.Entity) == nil {
		var names []string
		for _, e := range k.c.Entities {
			names = append(names, e.Entity)
		}
		k.add(at("entity"), "entity.unknown", decl.Suggest(n.Entity, names), "%q is not an entity", n.Entity)
	}
	k.source(n.System, n.Stream, at)
	k.oneOf(at("tier"), "tier.unknown", "tier", n.Tier, k.tierCodes())
	if _, ok := ParseAge(n.Fresh); !ok && n.Fresh != "" {
		k.add(at("fresh"), "need.fresh", `write "P1D" or "26h"`, "%q is not an age", n.Fresh)
	}
}

// reaches reports whether a job waits, through others, for another.
func (k *checker) reaches(from, to string, seen map[string]bool) bool {
	if from == to {
		return true
	}
	if seen[from] {
		return false
	}
	seen[from] = true
	for _, o := range k.c.Jobs {
		if o.Job == from {
			return slices.ContainsFunc(o.After, func(n Need) bool { return n.Job != "" && k.reaches(n.Job, to, seen) })
		}
	}
	return false
}

func (k *checker) sensor(s *Sensor, at func(string) decl.Pos) {
	k.source("", s.Stream, at)
	given := 0
	for _, yes := range []bool{s.File != "", s.Delivered, s.Quiet != 0} {
		if yes {
			given++
		}
	}
	if given != 1 {
		k.add(s.Pos, "sensor.kind", "give one of file, delivered and quiet", "a sensor notices one thing, this one %d", given)
	}
	if _, err := path.Match(s.File, ""); err != nil {
		k.add(at("file"), "sensor.file", "write a pattern such as committee_*.csv", "%q is not a pattern of file names", s.File)
	}
	if s.Quiet < 0 {
		k.add(at("quiet"), "schedule.negative", "write a duration such as 10m", "quiet is negative")
	}
}

// source reports a system, or a stream written system.stream, that is not declared.
func (k *checker) source(system, stream string, at func(string) decl.Pos) {
	if system != "" && k.c.System(system) == nil {
		k.add(at("system"), "system.unknown", decl.Suggest(system, k.systemNames()), "%q is not a system", system)
	}
	if stream == "" {
		return
	}
	of, name, _ := strings.Cut(stream, ".")
	sys := k.c.System(of)
	if sys == nil {
		k.add(at("stream"), "system.unknown", decl.Suggest(of, k.systemNames()), "%q is not a system; write system.stream", of)
		return
	}
	if _, ok := sys.Streams.Get(name); !ok {
		var names []string
		for _, s := range sys.Streams {
			names = append(names, of+"."+s.Key)
		}
		k.add(at("stream"), "stream.unknown", decl.Suggest(stream, names), "%q has no stream %q", of, name)
	}
}

// ParseAge reads an age: a period ("P1D", "P1M") or a duration ("26h").
func ParseAge(s string) (time.Duration, bool) {
	if p, ok := ParsePeriod(s); ok {
		return time.Duration(p.Days()) * 24 * time.Hour, true
	}
	d, err := time.ParseDuration(s)
	return d, err == nil && d > 0
}
