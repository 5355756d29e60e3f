// Package schemas says what is true: tiers, theme entities, code lists,
// indicators, and the shape of a source system's declaration. Everything else
// (DDL, Arrow schemas, feed contracts, documentation) is derived from it.
package schemas

import (
	"cmp"
	"time"

	"rongtong/schemas/decl"
)

// Label is a name or a sentence for people, in both languages.
type Label struct {
	Zh string `decl:"zh,required"`
	En string `decl:"en,required"`
}

// Tier is one level of government. Level counts from 1, the province, down.
type Tier struct {
	decl.Pos
	Code  string `decl:"code,required"` // "P", "C", "X", "T", "V"
	Level int    `decl:"level,required"`
	Name  Label  `decl:"name,required"`
}

// Theme is a group of entities.
type Theme struct {
	decl.Pos
	Theme string `decl:"theme,required"` // "t1_division"
	Name  Label  `decl:"name,required"`
}

// Type is a logical column type. Arrow and ClickHouse types follow from it.
type Type string

// The logical types.
const (
	Text     Type = "text"     // any text, NFC
	Name     Type = "name"     // a proper name, NFC
	Code12   Type = "code12"   // division code, 12 digits, always zero-padded
	Code18   Type = "code18"   // unified social credit code, upper case
	CodeType Type = "codelist" // a code of the list the column names
	Int      Type = "int"      // 64-bit signed
	Measure  Type = "measure"  // decimal(18,4); unit in the column
	Date     Type = "date"     // calendar date, no zone
	Time     Type = "time"     // instant, milliseconds
	Bool3    Type = "bool3"    // yes, no, unknown
	List     Type = "list"     // list of text; of codes, when the column names a code list
	Map      Type = "map"      // text to text, for attributes that only some rows have
	Pid      Type = "pid"      // keyed pseudonym of a person, 26 characters; class P2
)

// Unsigned integers of the common columns. An entity cannot declare them.
const (
	UInt8  Type = "uint8"
	UInt16 Type = "uint16"
	UInt32 Type = "uint32"
	UInt64 Type = "uint64"
)

// Collection reports whether a value of the type is many texts. It is never
// null: empty stands for none, in Arrow and in the warehouse.
func (t Type) Collection() bool { return t == List || t == Map }

// PII is the class of personal data a column holds (domain rules P0..P5).
type PII string

// Classes that a theme column may have. P4 (direct identifiers) and P5
// (prohibited kinds) cannot be declared: the checker refuses them.
const (
	P0 PII = "P0" // none
	P1 PII = "P1" // organisation contact
	P2 PII = "P2" // keyed pseudonym
	P3 PII = "P3" // masked display form
)

// Column is one column of an entity.
type Column struct {
	decl.Pos
	Name     string `decl:"name,required"`
	Type     Type   `decl:"type,required"`
	Zh       string `decl:"zh,required"`
	En       string `decl:"en,required"`
	Doc      string `decl:"doc"`
	List     string `decl:"list"`     // code list, for type codelist
	Nullable bool   `decl:"nullable"` // otherwise a missing value rejects the row
	Unit     string `decl:"unit"`
	PII      PII    `decl:"pii"` // empty means P0
	// Matching marks a column that holds a name or an address in the form in
	// which its spellings are equal. It is for joins; people are shown another.
	Matching bool `decl:"matching"`
	// ToleranceAbs and ToleranceRel say how far two sources may differ before
	// that is a conflict: in the column's unit, and as a share of the larger
	// value. Differing by more than both is a conflict; none given: any
	// difference is. Numbers only.
	ToleranceAbs *float64 `decl:"tolerance_abs"`
	ToleranceRel *float64 `decl:"tolerance_rel"`
	// Authority orders the systems or tiers (by code) whose claim wins; what it
	// does not name comes after, freshest first. Empty: the entity's authority.
	Authority []string `decl:"authority"`
}

// Fusion says how claims of several sources become one row.
type Fusion string

// The ways of fusing.
const (
	FuseField Fusion = "field" // every field has its own winner
	FuseRow   Fusion = "row"   // the whole row of the winning source
)

// Entity is one theme entity: one row per real thing.
type Entity struct {
	decl.Pos
	Entity string   `decl:"entity,required"`
	Theme  string   `decl:"theme,required"`
	Name   Label    `decl:"name,required"`
	Doc    Label    `decl:"doc,required"`
	Key    []string `decl:"key,required"`
	// Division names the column that says whose territory a row is about, and
	// its code system. Row policies and the return flow follow it. An entity
	// without one is reference data, open to every division.
	//
	// Shares are the columns that hold counts or sums over that territory: under
	// the register of another day they are distributed by the recorded shares
	// of its successors. Rows without any are things: a thing is not divided.
	Division struct {
		Column string   `decl:"column,required"`
		System string   `decl:"system,required"`
		Shares []string `decl:"shares"`
	} `decl:"division"`
	// Grain says what one row is, in words; Key says it in columns.
	Grain Label `decl:"grain"`
	// EventTime names the date or time column that says when a row became true,
	// or EventVersion when only the record itself has a time.
	EventTime string `decl:"event_time"`
	// Retention is how long a row is kept after it was superseded or withdrawn:
	// an ISO 8601 period of whole years or days, "P10Y", "P30D".
	Retention string `decl:"retention"`
	// FreshWithin is how old the newest record may be before the entity counts
	// as stale: the rhythm in which the policy wants it, and some grace. Without
	// it there is no rhythm: it changes on events.
	FreshWithin string `decl:"fresh_within"`
	// SmallCells says that a row is about a person or a person's case, or counts
	// them, and how many of them at least may be shown: analysts read no rows, and
	// no count below it. 0: it is about neither.
	SmallCells int           `decl:"small_cells"`
	Fusion     Fusion        `decl:"fusion,required"`
	Authority  []string      `decl:"authority"`
	Columns    []*Column     `decl:"columns,required"`
	Identity   *Identity     `decl:"identity"`
	Rules      []*Rule       `decl:"rules"`
	Cases      []*EntityCase `decl:"cases"`
}

// EventVersion as EventTime: every version of a record carries its own time.
const EventVersion = "version"

// EntityCase is a declared example of an entity: a row in the spelling of
// CheckRow, which is accepted, perhaps with a flag, or breaks exactly the named
// rule.
type EntityCase struct {
	decl.Pos
	Name   string            `decl:"name,required"`
	Row    map[string]string `decl:"row,required"`
	Breaks string            `decl:"breaks"` // empty: the row is accepted
	Flags  string            `decl:"flags"`  // the one rule that flags the accepted row
}

// Code is one entry of a code list.
type Code struct {
	Code, Zh, En string
	Aliases      []string // other spellings met in sources, normalised on use
	Parent       string   // code of the wider class, in the list that CodeList.ParentList names; may be empty
	Unit         string   // of what the code counts (list "measure"); may be empty

	at decl.Pos
}

// CodeList is a closed list of codes with its source and version.
type CodeList struct {
	Name, Source, Version string
	ParentList            string // the list that Code.Parent refers to; empty if there is none
	Codes                 []Code
	Pos                   decl.Pos
}

// Get finds a code.
func (l *CodeList) Get(code string) (Code, bool) {
	for _, c := range l.Codes {
		if c.Code == code {
			return c, true
		}
	}
	return Code{}, false
}

// Stream is the contract of what a connector delivers for one kind of record.
type Stream struct {
	decl.Pos
	Name string    // the key of the mapping that declares it
	From decl.Node `decl:"from,required"` // read by the connector
	Key  []string  `decl:"key,required"`  // fields that identify the record in its source
	// Fields are the fields of the JSON value, in order, with their source type:
	// text, number, bool or time. What is not listed never leaves the connector.
	Fields decl.Map[string] `decl:"fields,required"`
	// Labels are what the source itself calls the fields (comments of columns),
	// as far as it says so. Only discovery fills them in; nobody declares them.
	Labels map[string]string
	// Drop lists source fields that must never leave the connector (direct
	// identifiers, prohibited kinds); they are counted there.
	Drop       []string `decl:"drop"`
	Partitions int      `decl:"partitions"` // of the Kafka topic; 0 means 1
	// Identify says which of the fields identify a person and as what. The
	// landing step replaces them before the record leaves the connector.
	Identify decl.Map[Identifier] `decl:"identify"`
	// Landing, if it is given, keeps the raw citizen IDs of the stream for some
	// days, encrypted (SM4) and apart, so that a new key can take them over.
	Landing struct {
		decl.Pos
		Days int `decl:"days,required"` // 1 to 30
	} `decl:"landing"`
	// Raw is how long the warehouse keeps the records as received, from their
	// arrival: a period like "P90D" (which is the default), or RawNone.
	Raw string `decl:"raw"`
}

// Expr is a field, or one named function of fields. There is nothing more:
// what needs more becomes a named function in transforms.
type Expr struct {
	decl.Pos
	Field string            // set for a plain field
	Call  string            // set for a function
	Of    []string          // its fields
	Args  map[string]string // its constants
}

// Case is a declared example: a record in, and the row or the reject expected.
type Case struct {
	decl.Pos
	Name   string            `decl:"name,required"`
	In     map[string]string `decl:"in,required"`
	At     string            `decl:"at"`  // event time of the record, RFC 3339
	Out    map[string]string `decl:"out"` // only the named columns are compared
	Reject *struct {
		Field string `decl:"field"`
		Rule  string `decl:"rule,required"`
	} `decl:"reject"`
}

// Flow maps the records of one stream to rows of one entity.
type Flow struct {
	decl.Pos
	Stream string         `decl:"stream,required"`
	Entity string         `decl:"entity,required"`
	Set    decl.Map[Expr] `decl:"set,required"`
	At     *Expr          `decl:"at"` // event time; default: the record's own
	Cases  []*Case        `decl:"cases"`
}

// Schedule says when something runs, and what becomes of a time that was
// missed because nothing could run it.
type Schedule struct {
	decl.Pos
	// Cron is robfig/cron v3 syntax: five fields, seconds optional before them,
	// or "@every 5m". Zone is where its hours are; a time that summer time
	// skips runs at the end of the gap, one that it repeats runs once.
	Cron string `decl:"cron"`
	Zone string `decl:"zone"`
	// Calendar and Days leave only the working days of a calendar, or only the
	// others: workday (default) or holiday.
	Calendar string `decl:"calendar"`
	Days     string `decl:"days"`
	// BusinessDate is the day that a run is about: today, yesterday (default) or
	// previous_workday of the calendar.
	BusinessDate string `decl:"business_date"`
	// Misfire says what becomes of missed times: once (default) runs the last of
	// them, each runs all in order, at most Limit of the latest; skip runs none.
	// A time is missed when it could not start within Within (default: a minute).
	Misfire string        `decl:"misfire"`
	Limit   int           `decl:"limit"`
	Within  time.Duration `decl:"within"`
	// Jitter spreads starts: each is late by a part of it that depends on the
	// job and the time alone.
	Jitter time.Duration `decl:"jitter"`
	// Timeout ends a run; Retries are how often a failed or ended one is tried
	// again, after Backoff (default: a minute), twice that, four times that.
	Timeout time.Duration `decl:"timeout"`
	Retries int           `decl:"retries"`
	Backoff time.Duration `decl:"backoff"`
	// Concurrency is how many runs of a job, or streams of a system, run at the
	// same time (default: one run; all streams).
	Concurrency int `decl:"concurrency"`
	// Priority, 0 (default) to 9, decides who starts first where a limit makes
	// some wait: each step counts as having waited ten minutes longer, so that
	// nobody waits for ever.
	Priority int `decl:"priority"`
	// Due is how long after its time a run must have ended, or a system must have
	// been read to its end; 0: nobody asks.
	Due time.Duration `decl:"due"`
	// Continuous is a source that is always open (push); it has no times.
	Continuous bool `decl:"continuous"`
}

// Job is something that runs beside the sources: at its times, when a sensor
// notices something, or when a person asks.
type Job struct {
	decl.Pos
	Job   string   `decl:"job,required"`
	Doc   Label    `decl:"doc,required"`
	Does  string   `decl:"does"` // the work; empty: what the job is called
	Every Schedule `decl:"every"`
	// Asked: it has no times of its own; people ask for its runs.
	Asked bool `decl:"asked"`
	// When starts a run for every event of a source that one of the sensors notices.
	When []Sensor `decl:"when"`
	// After keeps a run waiting until all of it holds, for Wait at most (default:
	// six hours from its time). Then, as Otherwise says, it is skipped (default),
	// fails, or runs all the same.
	After     []Need        `decl:"after"`
	Wait      time.Duration `decl:"wait"`
	Otherwise string        `decl:"otherwise"`
	// Uses names what a run occupies while it runs: see JobLimits.
	Uses []string `decl:"uses"`
	// Versions, of a job that retains: how long every version of a figure that was
	// corrected is kept; of older ones the last of each day is. "": all are.
	Versions string `decl:"versions"`
}

// Work is the name of what the job does.
func (j *Job) Work() string { return cmp.Or(j.Does, j.Job) }

// Need is something that a run waits for. Exactly one of Job, Entity, Stream and
// System is given.
type Need struct {
	decl.Pos
	// Job has done its work for the run's business date, and has no run about it
	// under way. Of a job that runs many a day, a run about that date or a later one.
	Job string `decl:"job"`
	// Entity, Stream ("system.stream") or System has delivered rows, and they are
	// loaded. Tier leaves only those of one tier.
	Entity string `decl:"entity"`
	Stream string `decl:"stream"`
	System string `decl:"system"`
	Tier   string `decl:"tier"`
	// Fresh is how old the latest of them may be at the run's time: "P1D", "26h".
	// Empty: they came after the business date was over.
	Fresh string `decl:"fresh"`
}

// Sensor notices what happens to a stream of a source. Exactly one of File,
// Delivered and Quiet is given.
type Sensor struct {
	decl.Pos
	Stream string `decl:"stream,required"` // "system.stream"
	// File is a pattern of names ("committee_*.csv"): a file that matches was
	// delivered and is loaded. A date in the name, 20261126 or 2026-11-26, is the
	// run's business date.
	File string `decl:"file"`
	// Delivered: rows about a business date later than any before were delivered
	// and are loaded. The date is that of the rows' event time.
	Delivered bool `decl:"delivered"`
	// Quiet: rows were delivered, and then none for so long.
	Quiet time.Duration `decl:"quiet"`
}

// JobLimits bound what runs at the same time: how many runs in all (Pool;
// default 4), and how many of those that use something of a name.
type JobLimits struct {
	Pool int            `decl:"pool"`
	Uses map[string]int `decl:"uses"`
	// Hosts bound how many streams are read from a host at the same time, by the
	// host as the system's connection names it.
	Hosts map[string]int `decl:"hosts"`
}

// System is one source system: one file.
type System struct {
	decl.Pos
	System     string            `decl:"system,required"`
	Tier       string            `decl:"tier,required"` // a tier's code
	Name       Label             `decl:"name,required"`
	Department string            `decl:"department,required"`
	Doc        string            `decl:"doc,required"`
	Connect    decl.Node         `decl:"connect,required"` // has a key "kind"; read by the connector
	Streams    decl.Map[*Stream] `decl:"streams,required"`
	Flows      []*Flow           `decl:"flows,required"`
	Every      Schedule          `decl:"every,required"`
	Calendar   *Calendar         // the one that Every names; set by Load
}

// Target is what the policy asks of an indicator.
type Target struct {
	Op     string  `decl:"op,required"` // ">=", ">", "<=", "<", "="
	Value  float64 `decl:"value,required"`
	Stated bool    `decl:"stated"` // false: the policy gave no number, it is implied
	Due    string  `decl:"due"`    // date by which it must hold
}

// Indicator is one figure, computed as Scale x sum(numerator) / sum(denominator),
// or as the median of numerators.
//
// ComputedAt is the tier whose divisions are the units. Sums over units make
// the figure of every division above, for the tiers in PublishedAt. With
// ComputedAt "each" there are units at every tier, the SQL yields them all, and
// the sums are kept apart by the unit's tier: a province has one figure for its
// counties, one for its townships and so on, and they are never added up. An
// indicator value therefore carries its unit tier; it is the tier of
// ComputedAt for all other indicators.
type Indicator struct {
	decl.Pos
	Indicator   string   `decl:"indicator,required"` // "I-13-11"
	PolicyRow   string   `decl:"policy_row,required"`
	Name        Label    `decl:"name,required"`
	Doc         Label    `decl:"doc,required"`
	Unit        string   `decl:"unit,required"`
	Scale       float64  `decl:"scale,required"` // 100 for %, 10000 for "per 10,000"
	Target      *Target  `decl:"target"`
	Direction   string   `decl:"direction,required"`    // up, down or monitor
	ComputedAt  string   `decl:"computed_at,required"`  // a tier by code, or Each
	PublishedAt []string `decl:"published_at,required"` // tiers by code
	Periods     Periods  `decl:"periods,required"`
	Register    string   `decl:"register,required"`
	RuleVer     int      `decl:"rule_version,required"`
	// Reads are the entities, and relations of the warehouse, that the text
	// reads. A form says them itself; beside raw SQL they are declared.
	Reads []string `decl:"reads"`
	// SQL yields one row per unit: division_code, numerator, denominator.
	// A NULL numerator or denominator is a missing value: it is counted, and
	// enters neither sum. Tables are dwd.<entity>. It is what one of the three
	// forms compiles to, or it is declared; see forms.go for what it may say of
	// the period.
	SQL string `decl:"sql"`
	// Reach, beside SQL, is what a change of a row touches, by entity; then a
	// change costs what it touches. Local says it of every entity that Reach does
	// not name: its rows count for the unit that they stand at, by the division
	// column. A form says it by itself. Load leaves it nil where it is not known:
	// then the indicator is computed anew.
	Reach    map[string]Reach `decl:"reach"`
	Local    bool             `decl:"local"`
	Coverage *Coverage        `decl:"coverage"`
	// Aggregate is how units make the figure of a division: AggregateSum (the
	// default), or AggregateMedian, of the numerators of all units below it. A median is never made
	// of medians.
	Aggregate string           `decl:"aggregate"`
	Share     *Share           `decl:"share"`
	Ratio     *Ratio           `decl:"ratio"`
	Cases     []*IndicatorCase `decl:"cases"`
	// Persons: it counts persons or their cases; views do not show small numbers.
	Persons bool `decl:"persons"`
	// SmallCells is the least number that views show of an indicator about
	// persons: the largest that the entities it reads declare. 0 if it is about
	// something else. Set by Load.
	SmallCells int
}

// Reach says which units a row of an entity can make a difference to.
type Reach struct {
	decl.Pos
	// Unit is an expression over the row: the code of the only unit that the row
	// counts for. Rows of other units may be left out of the statement.
	Unit string `decl:"unit"`
	// Units yields an array of codes: the row counts for several units.
	Units string `decl:"units"`
	// Below: and for every unit below those.
	Below bool `decl:"below"`
	// Otherwise the row counts for the units of the rows of Of whose Key is its At.
	Of  string `decl:"of"`
	Key string `decl:"key"`
	At  string `decl:"at"`
}

// Narrows reports whether rows may be left out because of the unit they count for.
func (r Reach) Narrows() bool { return r.Unit != "" && !r.Below }

// SumsOfClaims are the relations whose rows sum up claims of all entities: what a
// changed claim touches in them can be said.
var SumsOfClaims = []string{"up_feed", "entity_load"}

// SmallCell is the least number of persons or cases that may be shown where
// nothing else is declared.
const SmallCell = 10

// The ways to aggregate.
const (
	AggregateSum    = "sum"
	AggregateMedian = "median"
)

// Each as ComputedAt: units at every tier, kept apart.
const Each = "each"
