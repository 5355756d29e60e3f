// Package top is the terminal view of a pipeline that runs: how fast each tier
// flows, how far it is behind, what runs now, and what is wrong. frame.go draws a
// screen from what was seen and what the person chose, and nothing else: it has
// no clock and no terminal. model.go asks the pipeline and reads the keys.
package top

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"charm.land/lipgloss/v2"
	"github.com/mattn/go-runewidth"

	"rongtong/pipelines/control"
	"rongtong/pipelines/warehouse"
)

// Order is what the streams are sorted by.
type Order int

// The orders, as the key s goes through them.
const (
	ByLag Order = iota
	ByRate
	ByRefused
	ByFresh
	ByName
	orders
)

var orderNames = [orders][2]string{{"积压", "lag"}, {"速率", "rate"}, {"退回", "refused"}, {"最久未更新", "oldest"}, {"名称", "name"}}

// View is what the person chose.
type View struct {
	Lang          string // "zh" or "en"
	Width, Height int    // of the terminal, in cells
	Order         Order
	Tier          string // only streams of this tier; empty: all
	Filter        string // only streams whose name holds it
	Offset        int    // of the first stream shown
	Paused        bool
	Typing        bool // the filter is being typed
	Help          bool
	Colour        bool
	Trouble       string // why the latest question was not answered; empty: it was
}

// text chooses a label.
func (v *View) text(zh, en string) string {
	if v.Lang == "zh" {
		return zh
	}
	return en
}

// window is how far back rates look.
const window = 12 * time.Second

// Seen is what was seen last, and what a rate needs of before.
type Seen struct{ glances []*control.Glance }

// Add takes a glance that is later than the last.
func (s *Seen) Add(g *control.Glance) {
	s.glances = append(s.glances, g)
	for len(s.glances) > 2 && g.At.Sub(s.glances[1].At) >= window {
		s.glances = s.glances[1:]
	}
}

// Last is the latest glance; nil: there is none yet.
func (s *Seen) Last() *control.Glance {
	if len(s.glances) == 0 {
		return nil
	}
	return s.glances[len(s.glances)-1]
}

// rate is how much a figure grew in a second; negative: unknown. The figure of a
// glance that does not have it is not ok: declarations may change while we look.
func (s *Seen) rate(of func(*control.Glance) (n int64, at time.Time, ok bool)) float64 {
	if len(s.glances) < 2 {
		return -1
	}
	from, began, was := of(s.glances[0])
	to, ended, is := of(s.Last())
	if !was || !is || !ended.After(began) {
		return -1
	}
	return max(0, float64(to-from)/ended.Sub(began).Seconds())
}

// tier and stream rate a figure of a tier and of a stream.
func (s *Seen) tier(code string, at func(*control.Glance) time.Time, of func(*control.TierGlance) int64) float64 {
	return s.rate(func(g *control.Glance) (int64, time.Time, bool) {
		i := slices.IndexFunc(g.Tiers, func(t control.TierGlance) bool { return t.Tier == code })
		if i < 0 {
			return 0, at(g), false
		}
		return of(&g.Tiers[i]), at(g), true
	})
}

func (s *Seen) stream(topic string, of func(*control.StreamGlance) int64) float64 {
	return s.rate(func(g *control.Glance) (int64, time.Time, bool) {
		i := slices.IndexFunc(g.Streams, func(t control.StreamGlance) bool { return t.Topic == topic })
		if i < 0 {
			return 0, g.At, false
		}
		return of(&g.Streams[i]), g.At, true
	})
}

// tone is what a colour says.
type tone int

const (
	plain tone = iota
	dim
	bold
	good
	warn
	bad
	title
)

var styles = [...]lipgloss.Style{
	plain: lipgloss.NewStyle(),
	dim:   lipgloss.NewStyle().Faint(true),
	bold:  lipgloss.NewStyle().Bold(true),
	good:  lipgloss.NewStyle().Foreground(lipgloss.Color("2")),
	warn:  lipgloss.NewStyle().Foreground(lipgloss.Color("3")),
	bad:   lipgloss.NewStyle().Foreground(lipgloss.Color("1")).Bold(true),
	title: lipgloss.NewStyle().Reverse(true).Bold(true),
}

func (v *View) paint(s string, t tone) string {
	if !v.Colour || t == plain {
		return s
	}
	return styles[t].Render(s)
}

// column is a column of a table of T. Exactly one column of a table has width 0:
// it takes what the others leave.
type column[T any] struct {
	zh, en string
	width  int // in cells: a Chinese character takes two
	left   bool
	from   int // shown from this width of the terminal on
	cell   func(T) string
	tone   func(T) tone
}

// table draws a header and rows, each exactly as wide as the terminal.
func table[T any](v *View, cols []column[T], rows []T) []string {
	shown, rest := make([]column[T], 0, len(cols)), v.Width+1 // no gap before the first
	for _, c := range cols {
		if v.Width >= c.from {
			shown = append(shown, c)
			rest -= c.width + 1
		}
	}
	for i := range shown {
		if shown[i].width == 0 {
			shown[i].width = max(8, rest)
		}
	}
	line := func(cell func(c column[T]) (string, tone)) string {
		var b strings.Builder
		for i, c := range shown {
			if i > 0 {
				b.WriteByte(' ')
			}
			text, t := cell(c)
			b.WriteString(v.paint(fit(text, c.width, c.left), t))
		}
		return b.String()
	}
	out := []string{line(func(c column[T]) (string, tone) { return v.text(c.zh, c.en), bold })}
	for _, r := range rows {
		out = append(out, line(func(c column[T]) (string, tone) {
			t := plain
			if c.tone != nil {
				t = c.tone(r)
			}
			return c.cell(r), t
		}))
	}
	return out
}

// cells says how wide a character is: a Chinese one two cells, and one of
// ambiguous width (█ … →) one, whatever the locale says, as terminals and the
// library that draws on them hold it.
var cells = &runewidth.Condition{}

// fit cuts or fills a text to a width in cells.
func fit(s string, width int, left bool) string {
	s = cells.Truncate(s, width, "…")
	if left {
		return cells.FillRight(s, width)
	}
	return cells.FillLeft(s, width)
}

// Frame draws the screen: Height lines at most, none wider than Width.
func (s *Seen) Frame(v View) string {
	g := s.Last()
	if v.Help {
		return strings.Join(v.help(), "\n")
	}
	lines := []string{v.head(g)}
	if g == nil {
		wait := v.text("正在连接……", "connecting …")
		if v.Trouble != "" {
			wait = v.Trouble
		}
		return strings.Join(append(lines, fit(wait, v.Width, true)), "\n")
	}
	lines = append(lines, s.tiers(&v, g)...)
	left := v.Height - len(lines) - 1 // the keys
	jobs := min(len(g.Runs), max(2, left/4))
	wrong := min(len(g.Conditions), max(2, left/4))
	below := append(v.jobs(g, jobs), v.problems(g, wrong)...)
	lines = append(lines, s.streams(&v, g, max(1, left-len(below)-1))...)
	lines = append(lines, below...)
	for len(lines) < v.Height-1 {
		lines = append(lines, "")
	}
	lines = append(lines[:min(len(lines), v.Height-1)], v.keys())
	return strings.Join(lines, "\n")
}

func (v *View) head(g *control.Glance) string {
	text := v.text(" 融通 ", " rongtong ")
	t := title
	if g != nil {
		text += " " + g.At.Format(time.DateTime)
		for _, r := range []struct{ role, zh string }{{"ingest", "采集"}, {"load", "装载"}, {"schedule", "调度"}} {
			text += fmt.Sprintf("  %s %d", v.text(r.zh, r.role), g.Members[r.role])
		}
	}
	if v.Paused {
		text += v.text("  ［暂停］", "  [paused]")
	}
	if v.Trouble != "" {
		text += "  " + v.text("无应答", "no answer") + ": " + v.Trouble
	}
	return v.paint(fit(text, v.Width, true), t)
}

// tierRow is a tier, or all of them.
type tierRow struct {
	control.TierGlance
	name                                string
	received, accepted, refused, double float64 // rows a second
}

func (s *Seen) tiers(v *View, g *control.Glance) []string {
	var rows []tierRow
	sum := tierRow{name: v.text("合计", "all"), received: -1, accepted: -1, refused: -1, double: -1}
	for i := range g.Tiers {
		of := func(f func(*control.TierGlance) int64) float64 {
			return s.tier(g.Tiers[i].Tier, func(g *control.Glance) time.Time { return g.At }, f)
		}
		r := tierRow{TierGlance: g.Tiers[i], name: v.text(g.Tiers[i].Name.Zh, g.Tiers[i].Name.En),
			received: of(func(t *control.TierGlance) int64 { return t.Received }),
			accepted: of(func(t *control.TierGlance) int64 { return t.Accepted }),
			refused:  of(func(t *control.TierGlance) int64 { return t.Rejected }),
			double: s.tier(g.Tiers[i].Tier, func(g *control.Glance) time.Time { return g.BooksAt },
				func(t *control.TierGlance) int64 { return t.Duplicate })}
		rows = append(rows, r)
		sum.Delivered, sum.Received, sum.Accepted, sum.Rejected, sum.Duplicate = sum.Delivered+r.Delivered, sum.Received+r.Received, sum.Accepted+r.Accepted, sum.Rejected+r.Rejected, sum.Duplicate+r.Duplicate
		sum.Lag, sum.Wait = sum.Lag+r.Lag, max(sum.Wait, r.Wait)
		sum.received, sum.accepted = plus(sum.received, r.received), plus(sum.accepted, r.accepted)
		sum.refused, sum.double = plus(sum.refused, r.refused), plus(sum.double, r.double)
		if r.Loaded.After(sum.Loaded) {
			sum.Loaded = r.Loaded
		}
	}
	cols := []column[tierRow]{
		{zh: "层级", en: "tier", left: true, cell: func(r tierRow) string { return r.name }},
		{zh: "进度", en: "loaded", width: 12, left: true, from: 112, cell: func(r tierRow) string { return bar(r.Received, r.Delivered, 12) }, tone: func(r tierRow) tone { return good }},
		{zh: "收到", en: "received", width: 9, cell: func(r tierRow) string { return count(r.Received) }},
		{zh: "接受", en: "accepted", width: 9, from: 112, cell: func(r tierRow) string { return count(r.Accepted) }},
		{zh: "退回", en: "refused", width: 7, cell: func(r tierRow) string { return count(r.Rejected) }},
		{zh: "重复", en: "doubles", width: 8, from: 112, cell: func(r tierRow) string { return count(r.Duplicate) }},
		{zh: "收/秒", en: "recv/s", width: 6, cell: func(r tierRow) string { return perSecond(r.received) }},
		{zh: "受/秒", en: "acc/s", width: 6, cell: func(r tierRow) string { return perSecond(r.accepted) }},
		{zh: "退/秒", en: "ref/s", width: 5, cell: func(r tierRow) string { return perSecond(r.refused) }},
		{zh: "重/秒", en: "dbl/s", width: 5, cell: func(r tierRow) string { return perSecond(r.double) }},
		{zh: "积压", en: "lag", width: 9, cell: func(r tierRow) string { return count(r.Lag) }, tone: func(r tierRow) tone { return lagTone(r.Wait) }},
		{zh: "等待", en: "wait", width: 5, cell: func(r tierRow) string { return seconds(r.Wait) }, tone: func(r tierRow) tone { return lagTone(r.Wait) }},
		{zh: "更新", en: "fresh", width: 5, cell: func(r tierRow) string { return ago(r.Loaded, g.At) }},
	}
	return table(v, cols, append(rows, sum))
}

// plus adds rates, of which a negative one is unknown.
func plus(a, b float64) float64 {
	if a < 0 || b < 0 {
		return max(a, b)
	}
	return a + b
}

type streamRow struct {
	control.StreamGlance
	name string
	rate float64
}

func (s *Seen) streams(v *View, g *control.Glance, most int) []string {
	var rows []streamRow
	for i := range g.Streams {
		r := streamRow{StreamGlance: g.Streams[i], name: g.Streams[i].System + "." + g.Streams[i].Stream}
		if v.Tier != "" && r.Tier != v.Tier || !strings.Contains(r.name, v.Filter) {
			continue
		}
		r.rate = s.stream(r.Topic, func(t *control.StreamGlance) int64 { return t.Received })
		rows = append(rows, r)
	}
	slices.SortStableFunc(rows, func(a, b streamRow) int {
		switch v.Order {
		case ByRate:
			return cmp.Compare(b.rate, a.rate)
		case ByRefused:
			return cmp.Compare(b.Rejected, a.Rejected)
		case ByFresh:
			return a.Loaded.Compare(b.Loaded)
		case ByName:
			return cmp.Compare(a.name, b.name)
		}
		return cmp.Or(cmp.Compare(b.Wait, a.Wait), cmp.Compare(b.Lag, a.Lag), cmp.Compare(b.rate, a.rate))
	})
	all := len(rows)
	first := min(v.Offset, max(0, all-most))
	rows = rows[first:min(all, first+most)]
	name := func(zh, en string) string { return zh }
	if v.Lang != "zh" {
		name = func(zh, en string) string { return en }
	}
	label := fmt.Sprintf("%s %d–%d/%d %s: %s", name("数据流", "stream"), min(first+1, all), first+len(rows), all, name("按", "by"), name(orderNames[v.Order][0], orderNames[v.Order][1]))
	if v.Tier != "" {
		label += " " + name("层级", "tier") + " " + v.Tier
	}
	if v.Filter != "" || v.Typing {
		label += " /" + v.Filter
	}
	if v.Typing {
		label += "▏"
	}
	cols := []column[streamRow]{
		{zh: label, en: label, left: true, cell: func(r streamRow) string { return r.Tier + " " + r.name }},
		{zh: "交付", en: "delivered", width: 10, from: 100, cell: func(r streamRow) string { return count(r.Records) }},
		{zh: "收/秒", en: "recv/s", width: 6, cell: func(r streamRow) string { return perSecond(r.rate) }},
		{zh: "退回", en: "refused", width: 8, cell: func(r streamRow) string { return count(r.Rejected) }},
		{zh: "积压", en: "lag", width: 9, cell: func(r streamRow) string { return count(r.Lag) }, tone: func(r streamRow) tone { return lagTone(r.Wait) }},
		{zh: "等待", en: "wait", width: 5, cell: func(r streamRow) string { return seconds(r.Wait) }, tone: func(r streamRow) tone { return lagTone(r.Wait) }},
		{zh: "更新", en: "fresh", width: 5, cell: func(r streamRow) string { return ago(r.Loaded, g.At) }},
		{zh: "装载者", en: "loaders", width: 7, from: 100, cell: func(r streamRow) string { return holders(v, r) }, tone: func(r streamRow) tone {
			if r.Unheld > 0 || r.Stopped != "" {
				return bad
			}
			return plain
		}},
	}
	return table(v, cols, rows)
}

func holders(v *View, r streamRow) string {
	switch {
	case r.Stopped != "":
		return v.text("停装", "stopped")
	case r.Unheld > 0:
		return fmt.Sprintf("%d -%d", r.Holders, r.Unheld)
	}
	return fmt.Sprint(r.Holders)
}

var stateNames = map[string]string{"running": "运行", "ok": "正常", "failed": "失败", "skipped": "跳过", "retrying": "待重试", "interrupted": "中断", "cancelled": "取消"}

func (v *View) jobs(g *control.Glance, most int) []string {
	cols := []column[warehouse.Run]{
		{zh: "作业", en: "job", width: 12, left: true, cell: func(r warehouse.Run) string { return r.Job }},
		{zh: "状态", en: "state", width: 8, left: true, cell: func(r warehouse.Run) string {
			return v.text(cmp.Or(stateNames[r.State], r.State), r.State)
		}, tone: func(r warehouse.Run) tone {
			switch r.State {
			case "failed":
				return bad
			case "skipped", "retrying", "interrupted":
				return warn
			case "running":
				return good
			}
			return plain
		}},
		{zh: "开始", en: "began", width: 8, cell: func(r warehouse.Run) string { return r.Started.Format(time.TimeOnly) }},
		{zh: "用时", en: "took", width: 6, cell: func(r warehouse.Run) string { return short(control.Took(r, g.At)) }},
		{zh: "业务日期", en: "about", width: 10, from: 100, cell: func(r warehouse.Run) string { return r.BusinessDate }},
		{zh: "说明", en: "what", left: true, cell: func(r warehouse.Run) string { return cmp.Or(r.Error, r.Step, r.Detail) }},
	}
	return table(v, cols, g.Runs[:most])
}

func (v *View) problems(g *control.Glance, most int) []string {
	if len(g.Conditions) == 0 {
		return []string{v.paint(fit(v.text("问题：无", "problems: none"), v.Width, true), good)}
	}
	label := fmt.Sprintf("%s %d", v.text("问题", "problems"), len(g.Conditions))
	cols := []column[control.Condition]{
		{zh: "自", en: "since", width: 5, cell: func(c control.Condition) string { return ago(c.Since, g.At) }},
		{zh: label, en: label, left: true, cell: func(c control.Condition) string {
			return v.text(c.Zh, c.En) + " → " + c.Do
		}, tone: func(c control.Condition) tone {
			if c.Severity == control.Critical {
				return bad
			}
			return warn
		}},
	}
	return table(v, cols, g.Conditions[:most])
}

func (v *View) keys() string {
	return v.paint(fit(v.text("q 退出  s 排序  t 层级  / 筛选  ↑↓ 翻动  p 暂停  l 语言  ? 帮助", "q quit  s sort  t tier  / filter  ↑↓ scroll  p pause  l language  ? help"), v.Width, true), dim)
}

func (v *View) help() []string {
	lines := []string{
		v.text("融通实时视图", "rongtong top"), "",
		v.text("收到 = 接受 + 退回；接受中已有的主张计为重复（由数仓清点，每隔一阵更新）", "received = accepted + refused; what was there already counts as doubles (counted in the warehouse now and then)"),
		v.text("积压：Kafka 中尚未装载的位点数；等待：其中最早一条已等待的时间", "lag: offsets in Kafka that are not loaded; wait: for how long the oldest of them has waited"),
		v.text("更新：距最近一次装入的时间；装载者：“2 -1”表示 2 个进程，另有 1 个分区无人装载", `fresh: since rows last came in; loaders: "2 -1" is two processes, and one partition that nobody holds`), "",
		v.text("q 退出   s 换排序   t 换层级   / 输入筛选，回车确定，Esc 清除", "q quit   s next order   t next tier   / type a filter, Enter keeps it, Esc clears it"),
		v.text("↑↓ PgUp PgDn 翻动   p 暂停   l 中文/英文   任意键返回", "↑↓ PgUp PgDn scroll   p pause   l Chinese/English   any key goes back"),
	}
	for i := range lines {
		lines[i] = fit(lines[i], v.Width, true)
	}
	return lines[:min(len(lines), v.Height)]
}

func lagTone(wait float64) tone {
	switch {
	case wait > 300:
		return bad
	case wait > 30:
		return warn
	}
	return plain
}

// count writes thousands apart, and from ten million on shortens.
func count(n int64) string {
	if n >= 10_000_000 {
		return fmt.Sprintf("%.1fM", float64(n)/1e6)
	}
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func perSecond(r float64) string {
	switch {
	case r < 0:
		return "–"
	case r > 0 && r < 10:
		return fmt.Sprintf("%.1f", r)
	case r >= 100_000:
		return fmt.Sprintf("%.0fk", r/1000)
	}
	return count(int64(r + 0.5))
}

func seconds(s float64) string {
	if s <= 0 {
		return "–"
	}
	return short(time.Duration(s * float64(time.Second)))
}

func ago(at, now time.Time) string {
	if at.Unix() <= 0 {
		return "–"
	}
	return short(now.Sub(at))
}

// short writes a duration in at most five cells.
func short(d time.Duration) string {
	switch d = max(0, d); {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1fs", d.Seconds())
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0fs", d.Seconds())
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0fm", d.Minutes())
	case d < 48*time.Hour:
		return fmt.Sprintf("%.0fh", d.Hours())
	}
	return fmt.Sprintf("%.0fd", d.Hours()/24)
}

// bar draws a share.
func bar(n, of int64, width int) string {
	if of <= 0 {
		return ""
	}
	full := int(min(int64(width), int64(width)*n/of))
	return strings.Repeat("█", full) + strings.Repeat("░", width-full)
}
