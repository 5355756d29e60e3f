// Command look asks a running Prometheus every question of Grafana dashboards and
// draws the answers on one page: it shows without Grafana that every expression is
// understood and no panel stays empty, and what is in them. It is a check of the
// files, not a dashboard of its own.
//
//	go run ./deploy/observe/look --prometheus http://127.0.0.1:9090 --out page.html deploy/observe/*.json
package main

import (
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"html"
	"io"
	"math"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

type dashboard struct {
	Title      string  `json:"title"`
	Panels     []panel `json:"panels"`
	Templating struct {
		List []struct{ Name, Type, Definition string }
	} `json:"templating"`
}

type panel struct {
	Type, Title string
	GridPos     struct{ X, Y, W, H int }
	FieldConfig struct {
		Defaults struct {
			Unit       string
			Thresholds struct {
				Steps []struct {
					Color string
					Value *float64
				}
			}
		}
	}
	Targets []struct {
		Expr, LegendFormat string
		Instant            bool
	}
}

// series is one line, or with one point one number.
type series struct {
	name   string
	labels map[string]string
	at     []float64
	values []float64
}

func (s series) last() float64 { return s.values[len(s.values)-1] }

func main() {
	prometheus := flag.String("prometheus", "http://127.0.0.1:9090", "address of Prometheus")
	out := flag.String("out", "", "HTML page to write; empty: none")
	span := flag.Duration("range", 15*time.Minute, "how far back")
	flag.Parse()
	empty, err := look(*prometheus, *out, *span, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if empty > 0 {
		fmt.Fprintf(os.Stderr, "%d panels are empty\n", empty)
		os.Exit(1)
	}
}

func look(prometheus, out string, span time.Duration, files []string) (empty int, err error) {
	var page strings.Builder
	page.WriteString(`<!doctype html><meta charset="utf-8"><style>body{background:#111217;color:#d8d9da;font:13px "Noto Sans CJK SC",sans-serif;margin:12px}h1{font-size:17px;font-weight:500}
.grid{position:relative}.p{position:absolute;background:#181b1f;border:1px solid #2c3235;border-radius:3px;box-sizing:border-box;padding:6px 8px;overflow:hidden}.t{font-weight:500;margin-bottom:4px;white-space:nowrap}
table{border-collapse:collapse;width:100%}td{padding:1px 6px;border-bottom:1px solid #25282c;white-space:nowrap}td.n{text-align:right;font-variant-numeric:tabular-nums}.none{color:#e02f44}</style>`)
	panels, questions := 0, 0
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			return 0, err
		}
		var d dashboard
		if err := json.Unmarshal(b, &d); err != nil {
			return 0, fmt.Errorf("reading %s: %w", file, err)
		}
		height := 0
		for _, p := range d.Panels {
			height = max(height, (p.GridPos.Y+p.GridPos.H)*30)
		}
		fmt.Fprintf(&page, `<h1>%s</h1><div class="grid" style="height:%dpx">`, html.EscapeString(d.Title), height)
		for _, p := range d.Panels {
			panels++
			var all []series
			for _, t := range p.Targets {
				questions++
				got, err := ask(prometheus, d.fill(t.Expr), t.LegendFormat, t.Instant, span)
				if err != nil {
					return 0, fmt.Errorf("%s: panel %q: %s: %w", file, p.Title, t.Expr, err)
				}
				all = append(all, got...)
			}
			if len(all) == 0 {
				empty++
				fmt.Fprintf(os.Stderr, "%s: panel %q is empty\n", file, p.Title)
			}
			p.draw(&page, all)
		}
		page.WriteString("</div>")
	}
	fmt.Printf("%d panels of %d dashboards, %d expressions, %d panels empty\n", panels, len(files), questions, empty)
	if out == "" {
		return empty, nil
	}
	return empty, os.WriteFile(out, []byte(page.String()), 0o644)
}

// fill puts "all" in the place of every variable, as Grafana does.
func (d *dashboard) fill(expr string) string {
	for _, v := range d.Templating.List {
		expr = strings.ReplaceAll(expr, "$"+v.Name, ".*")
	}
	return expr
}

// missing are the labels of a legend that a series does not have.
var missing = regexp.MustCompile(`\{\{[^}]*\}\}`)

func ask(prometheus, expr, legend string, instant bool, span time.Duration) ([]series, error) {
	q, path := url.Values{"query": {expr}}, "/api/v1/query"
	if !instant {
		now := time.Now()
		path = "/api/v1/query_range"
		q.Set("start", strconv.FormatInt(now.Add(-span).Unix(), 10))
		q.Set("end", strconv.FormatInt(now.Unix(), 10))
		q.Set("step", strconv.Itoa(max(1, int(span.Seconds()/120))))
	}
	res, err := http.Get(prometheus + path + "?" + q.Encode())
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	var a struct {
		Status, Error string
		Data          struct {
			Result []struct {
				Metric map[string]string
				Value  [2]any
				Values [][2]any
			}
		}
	}
	if err := json.Unmarshal(b, &a); err != nil {
		return nil, err
	}
	if a.Status != "success" {
		return nil, fmt.Errorf("prometheus refuses it: %s", a.Error)
	}
	var out []series
	for _, r := range a.Data.Result {
		s := series{name: legend, labels: r.Metric}
		for k, v := range r.Metric {
			s.name = strings.ReplaceAll(s.name, "{{"+k+"}}", v)
		}
		s.name = missing.ReplaceAllString(s.name, "")
		if instant {
			r.Values = [][2]any{r.Value}
		}
		for _, v := range r.Values {
			n, err := strconv.ParseFloat(fmt.Sprint(v[1]), 64)
			if err == nil && !math.IsNaN(n) && !math.IsInf(n, 0) {
				s.at, s.values = append(s.at, v[0].(float64)), append(s.values, n)
			}
		}
		if len(s.values) > 0 {
			out = append(out, s)
		}
	}
	slices.SortStableFunc(out, func(a, b series) int { return cmp.Compare(b.last(), a.last()) })
	return out, nil
}

var palette = []string{"#73bf69", "#f2cc0c", "#5794f2", "#ff9830", "#f2495c", "#b877d9", "#8ab8ff", "#ffa6b0", "#96d98d", "#fade2a", "#c0d8ff", "#ffcb7d"}

// draw writes a panel where the dashboard puts it.
func (p panel) draw(w *strings.Builder, all []series) {
	const column, row = 58, 30
	width, height := p.GridPos.W*column-8, p.GridPos.H*row-8
	fmt.Fprintf(w, `<div class="p" style="left:%dpx;top:%dpx;width:%dpx;height:%dpx"><div class="t">%s</div>`, p.GridPos.X*column, p.GridPos.Y*row, width, height, html.EscapeString(p.Title))
	defer w.WriteString("</div>")
	switch {
	case len(all) == 0:
		w.WriteString(`<div class="none">No data</div>`)
	case p.Type == "timeseries":
		p.lines(w, all, width-16, height-34)
	case p.Type == "stat":
		for _, s := range all {
			fmt.Fprintf(w, `<div style="background:%s;color:#111;display:inline-block;margin:2px;padding:6px 12px;font-size:22px;border-radius:3px">%s<div style="font-size:11px">%s</div></div>`,
				p.colour(s.last()), p.number(s.last()), html.EscapeString(s.name))
		}
	default:
		p.bars(w, all, (height-34)/21)
	}
}

func (p panel) lines(w *strings.Builder, all []series, width, height int) {
	chart := width * 6 / 10
	most, from, to := 1e-9, math.Inf(1), 0.0
	for _, s := range all {
		most, from, to = max(most, slices.Max(s.values)), min(from, s.at[0]), max(to, s.at[len(s.at)-1])
	}
	fmt.Fprintf(w, `<div style="display:flex"><svg width="%d" height="%d">`, chart, height)
	for i := range 4 {
		y := 12 + float64(height-24)*float64(i)/3
		fmt.Fprintf(w, `<line x1="80" x2="%d" y1="%.0f" y2="%[2]f" stroke="#25282c"/><text x="74" y="%.0f" fill="#8e8e8e" font-size="10" text-anchor="end">%s</text>`, chart, y, y+3, p.number(most*float64(3-i)/3))
	}
	for i, s := range all {
		var points strings.Builder
		for j := range s.values {
			fmt.Fprintf(&points, "%.1f,%.1f ", 82+float64(chart-86)*(s.at[j]-from)/max(1, to-from), 12+float64(height-24)*(1-s.values[j]/most))
		}
		fmt.Fprintf(w, `<polyline fill="none" stroke="%s" stroke-width="1.4" points="%s"/>`, palette[i%len(palette)], points.String())
	}
	fmt.Fprintf(w, `<text x="82" y="%d" fill="#8e8e8e" font-size="10">%s</text><text x="%d" y="%[1]d" fill="#8e8e8e" font-size="10" text-anchor="end">%[4]s</text></svg><div style="font-size:11px;overflow:hidden;margin-left:6px">`,
		height-1, time.Unix(int64(from), 0).Format("15:04:05"), chart, time.Unix(int64(to), 0).Format("15:04:05"))
	for i, s := range all[:min(len(all), height/15)] {
		fmt.Fprintf(w, `<div style="white-space:nowrap"><span style="color:%s">━</span> %s <b>%s</b></div>`, palette[i%len(palette)], html.EscapeString(s.name), p.number(s.last()))
	}
	w.WriteString("</div></div>")
}

func (p panel) bars(w *strings.Builder, all []series, most int) {
	top := max(1e-9, all[0].last())
	w.WriteString("<table>")
	for i, s := range all[:min(len(all), most)] {
		name := s.name
		if p.Type == "table" {
			var parts []string
			for k, v := range s.labels {
				parts = append(parts, k+"="+v)
			}
			slices.Sort(parts)
			name = strings.Join(parts, "  ")
		}
		bar := ""
		if p.Type == "bargauge" {
			bar = fmt.Sprintf(`<td style="width:45%%"><div style="background:%s;height:11px;width:%.0f%%"></div></td>`, palette[i%len(palette)], 100*max(0, s.last())/top)
		}
		fmt.Fprintf(w, `<tr><td>%s</td>%s<td class="n">%s</td></tr>`, html.EscapeString(name), bar, p.number(s.last()))
	}
	w.WriteString("</table>")
}

// colour is the one of the highest threshold that a value reaches.
func (p panel) colour(v float64) string {
	out := "#73bf69"
	for _, s := range p.FieldConfig.Defaults.Thresholds.Steps {
		if s.Value == nil || v >= *s.Value {
			out = map[string]string{"green": "#73bf69", "orange": "#ff9830", "red": "#f2495c"}[s.Color]
		}
	}
	return out
}

func (p panel) number(v float64) string {
	unit := ""
	switch p.FieldConfig.Defaults.Unit {
	case "s":
		switch {
		case v >= 86400:
			return fmt.Sprintf("%.1f d", v/86400)
		case v >= 3600:
			return fmt.Sprintf("%.1f h", v/3600)
		case v >= 60:
			return fmt.Sprintf("%.1f min", v/60)
		}
		unit = " s"
	case "percentunit": // of one
		return fmt.Sprintf("%.2f %%", 100*v)
	case "rowsps":
		unit = " rows/s"
	case "ops":
		unit = " /s"
	case "bytes":
		unit = " B"
	}
	switch {
	case v >= 1e6:
		return fmt.Sprintf("%.2fM%s", v/1e6, unit)
	case v >= 1e4:
		return fmt.Sprintf("%.1fk%s", v/1e3, unit)
	case v == math.Trunc(v):
		return fmt.Sprintf("%.0f%s", v, unit)
	}
	return fmt.Sprintf("%.3g%s", v, unit)
}
