// Package notify tells people, by webhook, what is not as it should be: once when
// it begins, again while it lasts, and when it is over; many at a time in one
// message; at night only what cannot wait, and the rest in a digest in the
// morning. policy.go decides what is said from what is wrong, what was said and
// the clock, and nothing else; vendor.go writes it as each vendor's documentation
// says; send.go sends it.
package notify

import (
	"fmt"
	"os"
	"slices"
	"time"

	"rongtong/schemas"
	"rongtong/schemas/decl"
)

// Config is a file of notifications.
type Config struct {
	decl.Pos
	Zone     string    `decl:"zone"` // of quiet hours; empty: Asia/Shanghai
	Channels []Channel `decl:"channels,required"`
}

// Channel is a webhook and what it is told.
type Channel struct {
	decl.Pos
	Channel string `decl:"channel,required"` // its name
	Kind    string `decl:"kind,required"`    // one of Kinds
	// URL is a reference such as ${env:NAME} or ${file:/path}: it carries a token.
	URL    decl.Secret `decl:"url,required"`
	Secret decl.Secret `decl:"secret"` // signs: DingTalk 加签, Feishu 签名校验, json: X-Rongtong-Signature
	Lang   string      `decl:"lang"`   // zh (default) or en
	// Events are kinds of conditions (default: all), Least the least severity
	// (default: warning), Tiers the tiers of government (default: all; what is of no
	// tier is always told).
	Events []string `decl:"events"`
	Least  string   `decl:"least"`
	Tiers  []string `decl:"tiers"`
	// Settle is how long something must have lasted, and been gone, before it is
	// news (default: one minute); Group how long news waits for company (default:
	// 15 s); Repeat how often what lasts is told again (default: four hours); Again
	// how long after one message the same may begin anew (default: ten minutes).
	Settle time.Duration `decl:"settle"`
	Group  time.Duration `decl:"group"`
	Repeat time.Duration `decl:"repeat"`
	Again  time.Duration `decl:"again"`
	// PerMinute is how many messages a minute may be sent (default: what the vendor
	// allows, see Kinds).
	PerMinute int   `decl:"per_minute"`
	Quiet     Quiet `decl:"quiet"`
}

// Quiet are the hours in which only what is urgent is told. The rest comes as one
// digest when they end.
type Quiet struct {
	From string `decl:"from"` // "22:00"
	To   string `decl:"to"`   // "07:30"; before From: the next morning
	// Calendar makes days that are not worked quiet from midnight to midnight.
	Calendar string `decl:"calendar"`
	Except   string `decl:"except"` // the severity that is told all the same: critical (default), or none
}

// Kinds are the formats, with how many messages a minute each takes: the limits
// of the vendors' documentation for custom robots.
var Kinds = map[string]int{"dingtalk": 20, "wecom": 20, "feishu": 100, "json": 60}

// severities, the least urgent first.
var severities = []string{"info", "warning", "critical"}

// Read reads a file of notifications and reports every problem found.
func Read(file string, kinds []string, c *schemas.Catalog) (*Config, []decl.Problem) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, []decl.Problem{decl.Pos{File: file}.Problem("notify.file", "name a file that can be read", "%v", err)}
	}
	return Parse(file, b, kinds, c)
}

// Parse is Read of bytes. The kinds are those of the conditions that there are.
func Parse(file string, b []byte, kinds []string, c *schemas.Catalog) (*Config, []decl.Problem) {
	node, ps := decl.Parse(file, b)
	if len(ps) > 0 {
		return nil, ps
	}
	cfg := &Config{}
	ps = node.Decode(cfg)
	if cfg.Zone == "" {
		cfg.Zone = "Asia/Shanghai"
	}
	if _, err := time.LoadLocation(cfg.Zone); err != nil {
		ps = append(ps, cfg.Problem("zone.unknown", "use a name such as Asia/Shanghai", "%q is not a zone", cfg.Zone))
	}
	seen := map[string]bool{}
	for i := range cfg.Channels {
		ch := &cfg.Channels[i]
		if seen[ch.Channel] {
			ps = append(ps, ch.Problem("channel.twice", "give each a name of its own", "there are two channels %q", ch.Channel))
		}
		seen[ch.Channel] = true
		ps = append(ps, ch.check(kinds, c)...)
		ch.defaults()
	}
	return cfg, ps
}

func (ch *Channel) check(kinds []string, c *schemas.Catalog) (ps []decl.Problem) {
	one := func(rule, word string, known []string) {
		if word != "" && !slices.Contains(known, word) {
			ps = append(ps, ch.Problem(rule, decl.Suggest(word, known), "%q is none of %q", word, known))
		}
	}
	formats := []string{"dingtalk", "wecom", "feishu", "json"}
	one("channel.kind", ch.Kind, formats)
	one("channel.lang", ch.Lang, []string{"zh", "en"})
	one("channel.least", ch.Least, severities)
	one("quiet.except", ch.Quiet.Except, []string{"critical", "warning", "none"})
	for _, e := range ch.Events {
		one("channel.event", e, kinds)
	}
	for _, t := range ch.Tiers {
		if c.Tier(t) == nil {
			ps = append(ps, ch.Problem("channel.tier", "use the tiers' codes", "%q is not a tier", t))
		}
	}
	if ch.Kind == "wecom" && ch.Secret.IsSet() {
		ps = append(ps, ch.Problem("channel.secret", "leave it out: the key in the address is all there is", "a WeCom robot takes no signature"))
	}
	if most := Kinds[ch.Kind]; most > 0 && ch.PerMinute > most && ch.Kind != "json" {
		ps = append(ps, ch.Problem("channel.rate", fmt.Sprintf("at most %d", most), "%d messages a minute are more than the vendor takes", ch.PerMinute))
	}
	for _, hour := range []string{ch.Quiet.From, ch.Quiet.To} {
		if _, err := time.Parse("15:04", hour); hour != "" && err != nil {
			ps = append(ps, ch.Problem("quiet.hour", "write 22:00", "%q is not a time of day", hour))
		}
	}
	if (ch.Quiet.From == "") != (ch.Quiet.To == "") {
		ps = append(ps, ch.Problem("quiet.hours", "give both from and to", "quiet hours have a beginning and an end"))
	}
	if ch.Quiet.Calendar != "" && c.Calendar(ch.Quiet.Calendar) == nil {
		ps = append(ps, ch.Problem("quiet.calendar", "see schemas/calendars", "there is no calendar %q", ch.Quiet.Calendar))
	}
	return ps
}

func (ch *Channel) defaults() {
	set := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	set(&ch.Settle, time.Minute)
	set(&ch.Group, 15*time.Second)
	set(&ch.Repeat, 4*time.Hour)
	set(&ch.Again, 10*time.Minute)
	if ch.Lang == "" {
		ch.Lang = "zh"
	}
	if ch.Least == "" {
		ch.Least = "warning"
	}
	if ch.Quiet.Except == "" {
		ch.Quiet.Except = "critical"
	}
	if ch.PerMinute == 0 {
		ch.PerMinute = Kinds[ch.Kind]
	}
}

// wants reports whether a channel is told of a condition.
func (ch *Channel) wants(c Condition) bool {
	return slices.Index(severities, c.Severity) >= slices.Index(severities, ch.Least) &&
		(len(ch.Events) == 0 || slices.Contains(ch.Events, c.Kind)) &&
		(len(ch.Tiers) == 0 || c.Tier == "" || slices.Contains(ch.Tiers, c.Tier))
}

// quiet reports whether a condition has to wait at this time.
func (ch *Channel) quiet(severity string, now time.Time, calendar *schemas.Calendar) bool {
	q := ch.Quiet
	if q.Except != "none" && slices.Index(severities, severity) >= slices.Index(severities, q.Except) {
		return false
	}
	if calendar != nil && !calendar.Workday(now) {
		return true
	}
	if q.From == "" {
		return false
	}
	at := now.Format("15:04")
	if q.From <= q.To {
		return q.From <= at && at < q.To
	}
	return at >= q.From || at < q.To
}
