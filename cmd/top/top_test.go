package top

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/mattn/go-runewidth"

	"rongtong/pipelines/control"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas"
)

var update = flag.Bool("update", false, "write the golden frames anew")

var noon = time.Date(2026, 1, 3, 12, 0, 0, 0, time.FixedZone("CST", 8*3600))

// glance is a province at work, some seconds after noon.
func glance(after time.Duration) *control.Glance {
	at := noon.Add(after)
	n := int64(after.Seconds())
	g := &control.Glance{At: at, BooksAt: at, Members: map[string]int{"ingest": 2, "load": 3, "schedule": 1}}
	tiers := []struct {
		code, zh, en string
		received     int64
		wait         float64
	}{{"P", "省", "Province", 131_562, 0}, {"C", "市", "City", 30_125, 2.4}, {"X", "县（市、区）", "County", 1_019_002, 45}, {"T", "乡镇（街道）", "Township", 5_686, 0}, {"V", "村（社区）", "Village", 12_313_481, 4000}}
	for i, t := range tiers {
		rate := int64(i) * 1234
		tg := control.TierGlance{Tier: t.code, Name: schemas.Label{Zh: t.zh, En: t.en}, Received: t.received + n*rate, Accepted: t.received - 30 + n*rate, Rejected: 30 + n, Duplicate: 7 + 2*n, Wait: t.wait, Loaded: at.Add(-time.Duration(i) * 700 * time.Millisecond)}
		tg.Delivered = tg.Received + int64(i)*1_000_000
		tg.Lag = tg.Delivered - tg.Received
		g.Tiers = append(g.Tiers, tg)
		for _, stream := range []string{"facility", "committee", "household"} {
			s := control.StreamGlance{StreamStatus: control.StreamStatus{Tier: t.code, System: strings.ToLower(t.en) + "_ledger", Stream: stream, Topic: "in." + t.code + "." + stream, Flows: 1}, Wait: t.wait, Holders: 2, Loaded: at.Add(-time.Hour)}
			s.Records, s.Received, s.Lag = tg.Delivered/3, tg.Received/3, tg.Lag/3
			g.Streams = append(g.Streams, s)
		}
	}
	g.Streams[4].Stopped = "facility.share: too many rows break it"
	g.Streams[14].Unheld = 2
	g.Runs = []warehouse.Run{
		{ID: "integrate-1", Job: "integrate", State: "running", Step: "fuse/facility", Started: at.Add(-95 * time.Second), BusinessDate: "2026-01-02"},
		{ID: "return-1", Job: "return", State: "failed", Started: at.Add(-6 * time.Hour), Finished: at.Add(-5 * time.Hour), BusinessDate: "2026-01-02", Error: `sending the return flow of "济南市": the broker does not answer`},
		{ID: "expire-1", Job: "expire", State: "ok", Started: at.Add(-40 * time.Minute), Finished: at.Add(-39 * time.Minute), BusinessDate: "2026-01-02", Detail: "0 removed"},
	}
	g.Conditions = []control.Condition{
		{Kind: "run.failed", Subject: "return", Severity: control.Critical, Since: at.Add(-5 * time.Hour), Zh: "作业 return 运行失败（业务日期 2026-01-02，第 1 次）", En: "the job return failed (business date 2026-01-02, attempt 1)", Do: "rongtong runs show return-1"},
		{Kind: "quarantine.high", Subject: "village_ledger.facility", Severity: control.Warning, Zh: "数据流 village_ledger.facility 一天内退回 812 条，占 6.3%", En: "812 rows of village_ledger.facility were refused within a day, 6.3 %", Do: "rongtong rejects list --system village_ledger"},
	}
	return g
}

func at(v View) (View, *Seen) {
	s := &Seen{}
	s.Add(glance(0))
	s.Add(glance(10 * time.Second))
	return v, s
}

var ansi = regexp.MustCompile("\x1b\\[[0-9;]*m")

// Every frame is as golden files say, fits the terminal to the cell however wide
// its characters are, and says the same in colour.
func TestFrames(t *testing.T) {
	defer func(was bool) { runewidth.DefaultCondition.EastAsianWidth = was }(runewidth.DefaultCondition.EastAsianWidth)
	runewidth.DefaultCondition.EastAsianWidth = true // a Chinese locale sets this: it must not matter
	for name, v := range map[string]View{
		"80x24-en": {Lang: "en", Width: 80, Height: 24}, "80x24-zh": {Lang: "zh", Width: 80, Height: 24},
		"120x40-en": {Lang: "en", Width: 120, Height: 40}, "120x40-zh": {Lang: "zh", Width: 120, Height: 40},
		"filtered-zh": {Lang: "zh", Width: 100, Height: 24, Tier: "V", Filter: "fac", Typing: true, Order: ByName, Paused: true, Trouble: "connecting to Kafka at 127.0.0.1:1: refused"},
		"help-en":     {Lang: "en", Width: 80, Height: 24, Help: true},
	} {
		t.Run(name, func(t *testing.T) {
			v, s := at(v)
			got := s.Frame(v)
			lines := strings.Split(got, "\n")
			if len(lines) > v.Height {
				t.Errorf("%d lines in a terminal of %d", len(lines), v.Height)
			}
			for i, l := range lines {
				if w := cells.StringWidth(l); w > v.Width || w != v.Width && l != "" {
					t.Errorf("line %d is %d cells wide, the terminal %d: %q", i+1, w, v.Width, l)
				}
			}
			v.Colour = true
			if diff := cmp.Diff(got, ansi.ReplaceAllString(s.Frame(v), "")); diff != "" {
				t.Errorf("in colour it says something else (-plain +colour):\n%s", diff)
			}
			file := filepath.Join("testdata", name+".golden")
			if *update {
				if err := os.WriteFile(file, []byte(got+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got+"\n"); diff != "" {
				t.Errorf("go test ./cmd/top -update writes it anew (-want +got):\n%s", diff)
			}
		})
	}
}

// A narrow or low terminal shows less and tears nothing.
func TestFrameOfAnySize(t *testing.T) {
	for _, lang := range []string{"zh", "en"} {
		for w := 60; w < 200; w += 7 {
			for h := 5; h < 60; h += 3 {
				v, s := at(View{Lang: lang, Width: w, Height: h, Colour: true})
				lines := strings.Split(s.Frame(v), "\n")
				if len(lines) > h {
					t.Fatalf("%dx%d: %d lines", w, h, len(lines))
				}
			}
		}
	}
}

// source answers with glances, then with an error.
type source struct {
	asked int
	err   error
}

func (s *source) Glance(context.Context) (*control.Glance, error) {
	s.asked++
	return glance(time.Duration(s.asked) * 10 * time.Second), s.err
}

// Keys do what the last line says they do.
func TestKeys(t *testing.T) {
	src := &source{}
	m := &model{ctx: t.Context(), v: View{Lang: "zh"}, source: src, o: Options{Every: time.Hour}}
	m.Update(tea.WindowSizeMsg{Width: 100, Height: 30})
	m.Update(m.ask())
	shows := func(want string) {
		t.Helper()
		if got := ansi.ReplaceAllString(m.View().Content, ""); !strings.Contains(got, want) {
			t.Errorf("after the key the screen lacks %q:\n%s", want, got)
		}
	}
	press := func(keys ...tea.KeyPressMsg) (last tea.Cmd) {
		for _, k := range keys {
			_, last = m.Update(k)
		}
		return last
	}
	key := func(r rune) tea.KeyPressMsg { return tea.KeyPressMsg{Code: r, Text: string(r)} }
	shows("按: 积压")
	press(key('s'))
	shows("按: 速率")
	press(key('t'))
	shows("1–3/3")
	shows("层级 P")
	press(key('/'), key('h'), key('o'), key('x'), tea.KeyPressMsg{Code: tea.KeyBackspace}, tea.KeyPressMsg{Code: tea.KeyEnter})
	shows("/ho")
	shows("1–1/1")
	press(tea.KeyPressMsg{Code: tea.KeyEscape})
	shows("/15")
	press(key('j'), key('j'))
	shows("数据流 3–")
	press(key('l'))
	shows("stream 3–")
	press(key('?'))
	shows("any key goes back")
	press(key('x'), key('p'))
	shows("[paused]")
	src.err = errors.New("connecting to Kafka: refused")
	m.Update(m.ask())
	shows("no answer: connecting")
	if cmd := press(key('q')); cmd == nil {
		t.Error("q does not quit")
	} else if _, ok := cmd().(tea.QuitMsg); !ok {
		t.Error("q does not quit")
	}
}
