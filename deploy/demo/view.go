package demo

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/mattn/go-runewidth"
	"golang.org/x/term"

	"rongtong/pipelines/control"
)

// view shows progress per tier: a table that redraws itself on a terminal, or a
// line per tier every few seconds elsewhere.
type view struct {
	s     *stage
	live  bool
	tiers []tierLabel

	mu      sync.Mutex
	drawn   int // lines of the table on the screen
	shownAt time.Time
	before  map[string]int64 // received per tier at shownAt
	first   time.Duration    // when the first rows were in the warehouse; 0 before
	peak    int64            // bytes of RSS of all processes together
	closed  bool
}

type tierLabel struct{ code, zh, en string }

// plainEvery is how often the plain view says something.
const plainEvery = 10 * time.Second

func newView(s *stage) *view {
	f, isFile := s.Out.(*os.File)
	v := &view{s: s, live: !s.Plain && isFile && term.IsTerminal(int(f.Fd())), before: map[string]int64{}}
	for _, t := range s.monitor.Tiers() {
		v.tiers = append(v.tiers, tierLabel{t.Code, t.Name.Zh, t.Name.En})
	}
	return v
}

func (v *view) close() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.closed = true
}

// note prints a step above the table.
func (v *view) note(text string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.erase()
	v.s.say("%s", text)
}

// erase takes the table off the screen; the next show draws it again below
// whatever is printed now.
func (v *view) erase() {
	if v.live && v.drawn > 0 {
		fmt.Fprintf(v.s.Out, "\x1b[%dA\x1b[J", v.drawn)
		v.drawn = 0
	}
}

type tierSum struct{ received, expected, accepted, rejected, lag int64 }

func (v *view) show(st control.Status) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.closed {
		return
	}
	sums := map[string]*tierSum{}
	for _, t := range v.tiers {
		sums[t.code] = &tierSum{}
	}
	var all int64
	for _, x := range st.Streams {
		s := sums[x.Tier]
		want, _ := v.s.truth.rows(x.System, x.Stream)
		s.received, s.accepted, s.rejected, s.lag, s.expected = s.received+x.Received, s.accepted+x.Accepted, s.rejected+x.Rejected, s.lag+x.Lag, s.expected+want
		all += x.Received
	}
	if all > 0 && v.first == 0 {
		v.first = time.Since(v.s.began)
	}
	rss := v.s.memory()
	v.peak = max(v.peak, rss)
	if !v.live && time.Since(v.shownAt) < plainEvery {
		return
	}
	since := time.Since(v.shownAt).Seconds()
	v.erase()
	lines := []string{fmt.Sprintf("%s %10s %10s  %-20s %10s %8s %9s", pad("层级 tier", 22), "received", "expected", "", "accepted", "rejected", "rows/s")}
	for _, t := range v.tiers {
		s := sums[t.code]
		rate := 0.0
		if !v.shownAt.IsZero() {
			rate = float64(s.received-v.before[t.code]) / since
		}
		v.before[t.code] = s.received
		lines = append(lines, fmt.Sprintf("%s %10d %10s  %-20s %10d %8d %9.0f", pad(t.zh+" "+t.en, 22), s.received, orDots(s.expected), bar(s.received, s.expected), s.accepted, s.rejected, rate))
	}
	lines = append(lines, fmt.Sprintf("%6.1fs  memory of all processes %.2f GB, peak %.2f GB%s", time.Since(v.s.began).Seconds(), gb(rss), gb(v.peak), lastRun(st)))
	for _, l := range lines {
		fmt.Fprintln(v.s.Out, v.fit(l))
	}
	v.drawn, v.shownAt = len(lines), time.Now()
}

// fit cuts a line to the terminal: one that wraps would take two rows, and the
// next redraw would erase too few.
func (v *view) fit(line string) string {
	f, ok := v.s.Out.(*os.File)
	if !v.live || !ok {
		return line
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil || width <= 0 {
		return line
	}
	return runewidth.Truncate(line, width-1, "…")
}

func lastRun(st control.Status) string {
	for _, r := range st.Runs {
		if r.State == "ok" && r.Detail != "" {
			return "; " + r.Job + ": " + r.Detail
		}
	}
	return ""
}

func gb(b int64) float64 { return float64(b) / 1e9 }

func orDots(n int64) string {
	if n == 0 {
		return "…"
	}
	return fmt.Sprint(n)
}

// bar draws a share in twenty cells.
func bar(n, of int64) string {
	if of <= 0 {
		return ""
	}
	full := int(min(20, 20*n/of))
	return strings.Repeat("█", full) + strings.Repeat("░", 20-full)
}

// pad fills to a width in terminal cells: a Chinese character takes two.
func pad(s string, width int) string {
	return runewidth.FillRight(runewidth.Truncate(s, width, "…"), width)
}

// cells is the width of a text in terminal cells.
func cells(s string) int { return runewidth.StringWidth(s) }
