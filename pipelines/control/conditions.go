package control

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"rongtong/pipelines"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas"
	"rongtong/schemas/fault"
)

// Severity says how urgent a condition is.
type Severity string

// The severities, the most urgent first.
const (
	Critical Severity = "critical" // data stands still or is wrong: somebody must act now
	Warning  Severity = "warning"  // somebody must act, today
	Info     Severity = "info"     // good to know
)

// Condition is something that is not as it should be, at this moment. Its texts
// name systems, streams, jobs, rules and counts, never a value of a record.
type Condition struct {
	Kind     string    `json:"kind"`    // one of ConditionKinds
	Subject  string    `json:"subject"` // what it is about; kind and subject together name it
	Severity Severity  `json:"severity"`
	Tier     string    `json:"tier,omitempty"`
	Since    time.Time `json:"since"` // as far as is known; zero: unknown
	Zh       string    `json:"zh"`
	En       string    `json:"en"`
	Do       string    `json:"do"` // the command that shows more
	// Detail is the error's own text, masked. It is for those who look at the
	// pipeline itself: no notification carries it out of the house.
	Detail string `json:"detail,omitempty"`
}

// Key names the condition for as long as it lasts.
func (c Condition) Key() string { return c.Kind + " " + c.Subject }

// ConditionKinds are all kinds of conditions, with what each means.
var ConditionKinds = []struct {
	Kind     string
	Severity Severity
	Doc      schemas.Label
}{
	{"run.failed", Critical, schemas.Label{Zh: "作业最近一次运行失败", En: "the latest run of a job failed"}},
	{"sla.missed", Warning, schemas.Label{Zh: "数据未按声明的期限更新，或计划时间未运行", En: "an entity is older than it may be, or a time of a schedule passed without a run"}},
	{"stream.stopped", Critical, schemas.Label{Zh: "数据流停装或无人装载", En: "a stream is not loaded: a rule or an error stopped it, or nobody holds it"}},
	{"books.unbalanced", Critical, schemas.Label{Zh: "账目不平", En: "the books of a stream do not balance"}},
	{"quarantine.high", Warning, schemas.Label{Zh: "一天内退回率过高", En: "too many rows of a stream were refused within a day"}},
	{"source.unreachable", Warning, schemas.Label{Zh: "来源系统无法访问", En: "a source system does not answer"}},
	{"source.credential", Critical, schemas.Label{Zh: "来源系统凭证或配置错误", En: "a source refuses the credential, or its declaration is wrong"}},
	{"role.missing", Critical, schemas.Label{Zh: "无进程承担该角色", En: "no process runs a role"}},
	{"engine.unreachable", Critical, schemas.Label{Zh: "Kafka 或数仓无应答", En: "Kafka or the warehouse does not answer"}},
	{"leader", Info, schemas.Label{Zh: "作业主节点变更", En: "another process runs the jobs now"}},
}

// quarantineShare and quarantineLeast are when refused rows are too many: of a
// day's rows, and not for a handful.
const (
	quarantineShare = 0.05
	quarantineLeast = 100
)

// conditions finds what is wrong with what g shows, and what only a question shows.
func (m *Monitor) conditions(ctx context.Context, g *Glance, books Books) ([]Condition, error) {
	out := slices.Concat(failedRuns(g.Runs), missingRoles(g.Members), stoppedStreams(g))
	for _, find := range []func(context.Context) ([]Condition, error){m.late, m.promises, m.refused, m.troubles} {
		more, err := find(ctx)
		if err != nil {
			return nil, err
		}
		out = append(out, more...)
	}
	for _, t := range books.Tiers {
		if t.Unbalanced > 0 {
			out = append(out, Condition{Kind: "books.unbalanced", Subject: t.Tier, Severity: Critical, Tier: t.Tier, Since: books.At,
				Zh: fmt.Sprintf("层级 %s 有 %d 个数据流账目不平", t.Tier, t.Unbalanced),
				En: fmt.Sprintf("%d streams of tier %s do not balance", t.Unbalanced, t.Tier),
				Do: `rongtong query "SELECT * FROM ops.books WHERE NOT balanced"`})
		}
	}
	rank := map[Severity]int{Critical: 0, Warning: 1, Info: 2}
	slices.SortStableFunc(out, func(a, b Condition) int {
		return cmp.Or(rank[a.Severity]-rank[b.Severity], cmp.Compare(a.Key(), b.Key()))
	})
	// What the loaders tell of a topic that is gone, everybody can see.
	return slices.CompactFunc(out, func(a, b Condition) bool { return a.Key() == b.Key() }), nil
}

func failedRuns(runs []warehouse.Run) (out []Condition) {
	told := map[string]bool{}
	for _, r := range runs {
		if !r.Finished.IsZero() && told[r.Job] {
			continue // two runs of it began at the same moment
		}
		told[r.Job] = told[r.Job] || !r.Finished.IsZero()
		switch r.State {
		case warehouse.Failed, warehouse.Retrying:
			severity := Critical
			if r.State == warehouse.Retrying { // by itself: nobody need act yet
				severity = Warning
			}
			out = append(out, Condition{Kind: "run.failed", Subject: r.Job, Severity: severity, Since: r.Finished,
				Zh: fmt.Sprintf("作业 %s 运行失败（业务日期 %s，第 %d 次）", r.Job, r.BusinessDate, r.Attempt),
				En: fmt.Sprintf("the job %s failed (business date %s, attempt %d)", r.Job, r.BusinessDate, r.Attempt),
				Do: "rongtong runs show " + r.ID, Detail: r.Error})
		case warehouse.Skipped:
			out = append(out, Condition{Kind: "sla.missed", Subject: "job " + r.Job, Severity: Warning, Since: r.Started,
				Zh: fmt.Sprintf("作业 %s 的计划时间 %s 未运行（%s）", r.Job, r.Started.Format(time.DateTime), r.Detail),
				En: fmt.Sprintf("the job %s did not run at %s (%s)", r.Job, r.Started.Format(time.DateTime), r.Detail),
				Do: "rongtong runs --job " + r.Job})
		}
	}
	return out
}

func missingRoles(members map[string]int) (out []Condition) {
	for _, role := range Roles {
		if members[role] == 0 {
			out = append(out, Condition{Kind: "role.missing", Subject: role, Severity: Critical,
				Zh: "没有进程承担角色 " + role, En: "no process runs the role " + role, Do: "rongtong up --roles " + role})
		}
	}
	return out
}

func stoppedStreams(g *Glance) (out []Condition) {
	for _, s := range g.Streams {
		name := s.System + "." + s.Stream
		c := Condition{Kind: "stream.stopped", Subject: name, Severity: Critical, Tier: s.Tier, Do: "rongtong lag"}
		switch {
		case s.Absent != "":
			c.Zh, c.En = fmt.Sprintf("数据流 %s 停装：其 Kafka 主题不存在或无权读取", name), fmt.Sprintf("the stream %s stands still: its topic does not exist, or may not be read", name)
			c.Do, c.Detail = "rongtong doctor", s.Absent
		case s.Stopped != "":
			c.Zh, c.En = fmt.Sprintf("数据流 %s 停装：%s", name, s.Stopped), fmt.Sprintf("the stream %s is stopped: %s", name, s.Stopped)
			c.Do = "rongtong quality"
		case s.Unheld > 0 && g.Members["load"] > 0 && s.Lag > 0:
			c.Zh, c.En = fmt.Sprintf("数据流 %s 有 %d 个分区无人装载", name, s.Unheld), fmt.Sprintf("nobody loads %d partitions of the stream %s", s.Unheld, name)
		default:
			continue
		}
		out = append(out, c)
	}
	return out
}

// late finds entities that are older than their declaration allows.
func (m *Monitor) late(ctx context.Context) (out []Condition, err error) {
	rows, err := m.w.Query(ctx, "SELECT toString(entity), max(loaded_at) FROM ops.load GROUP BY entity")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var entity string
		var at time.Time
		if err := rows.Scan(&entity, &at); err != nil {
			return nil, err
		}
		e := m.d().Catalog.Entity(entity)
		if e == nil {
			continue
		}
		within, ok := schemas.ParsePeriod(e.FreshWithin)
		if due := at.AddDate(0, 0, within.Days()); ok && time.Now().After(due) {
			out = append(out, Condition{Kind: "sla.missed", Subject: "entity " + entity, Severity: Warning, Since: due,
				Zh: fmt.Sprintf("%s（%s）自 %s 起没有新数据，期限 %s", e.Name.Zh, entity, at.Format(time.DateOnly), e.FreshWithin),
				En: fmt.Sprintf("nothing of %s came in since %s; it may be %s old", entity, at.Format(time.DateOnly), e.FreshWithin),
				Do: "rongtong status"})
		}
	}
	return out, rows.Err()
}

// promises are the times by which a job or a system had to be done, and is not yet.
func (m *Monitor) promises(ctx context.Context) (out []Condition, err error) {
	rows, err := m.w.Query(ctx, "SELECT toString(kind), toString(name), toString(business_date), due_at FROM ops.sla FINAL WHERE state = 'late' ORDER BY due_at DESC LIMIT 1 BY kind, name")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var kind, name, date string
		var due time.Time
		if err := rows.Scan(&kind, &name, &date, &due); err != nil {
			return nil, err
		}
		what := map[string]string{"job": "作业", "system": "来源"}[kind]
		out = append(out, Condition{Kind: "sla.missed", Subject: kind + " " + name, Severity: Critical, Since: due,
			Zh: fmt.Sprintf("%s %s 应于 %s 前完成（业务日期 %s），尚未完成", what, name, due.Format(time.DateTime), date),
			En: fmt.Sprintf("the %s %s had to be done by %s (business date %s) and is not", kind, name, due.Format(time.DateTime), date),
			Do: "rongtong runs --job " + name})
	}
	return out, rows.Err()
}

// refused finds streams of which too many rows were refused within a day.
func (m *Monitor) refused(ctx context.Context) (out []Condition, err error) {
	rows, err := m.w.Query(ctx, fmt.Sprintf(`SELECT toString(tier), toString(system), toString(stream), toInt64(sum(received)) AS n, toInt64(sum(rejected)) AS bad
		FROM ops.load FINAL WHERE loaded_at > now() - INTERVAL 1 DAY GROUP BY tier, system, stream HAVING bad >= %d AND bad > %v * n`, quarantineLeast, quarantineShare))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var tier, system, stream string
		var n, bad int64
		if err := rows.Scan(&tier, &system, &stream, &n, &bad); err != nil {
			return nil, err
		}
		share := 100 * float64(bad) / float64(n)
		out = append(out, Condition{Kind: "quarantine.high", Subject: system + "." + stream, Severity: Warning, Tier: tier,
			Zh: fmt.Sprintf("数据流 %s.%s 一天内退回 %d 条，占 %.1f%%", system, stream, bad, share),
			En: fmt.Sprintf("%d rows of %s.%s were refused within a day, %.1f %%", bad, system, stream, share),
			Do: "rongtong rejects list --system " + system})
	}
	return out, rows.Err()
}

// troubles are what the processes themselves tell about their sources and partitions.
func (m *Monitor) troubles(ctx context.Context) (out []Condition, err error) {
	open, err := m.trouble.Open(ctx, time.Now())
	if err != nil {
		return nil, err
	}
	for _, t := range open {
		c := Condition{Subject: t.Subject(), Tier: t.Tier, Since: t.Since, Severity: Critical, Do: "rongtong connect check " + t.System, Detail: t.Text}
		switch {
		case t.Role == pipelines.TroubleLoad:
			c.Kind, c.Do = "stream.stopped", "rongtong lag"
			c.Zh, c.En = "装载停止："+c.Subject, "loading is stopped: "+c.Subject
		case t.NoTopic:
			c.Kind, c.Do = "stream.stopped", "rongtong doctor"
			c.Zh, c.En = "采集停止，Kafka 主题不存在："+c.Subject, "a source is not read, its topic does not exist: "+c.Subject
		case t.Class == fault.Transient.String():
			c.Kind, c.Severity = "source.unreachable", Warning
			c.Zh, c.En = "来源无法访问："+c.Subject, "a source does not answer: "+c.Subject
		default:
			c.Kind = "source.credential"
			c.Zh, c.En = "来源凭证或配置错误："+c.Subject, "a credential or a declaration of a source is wrong: "+c.Subject
		}
		out = append(out, c)
	}
	return out, nil
}
