package rest

import (
	"net/url"
	"strconv"
	"time"

	"rongtong/connectors"
	"rongtong/schemas/decl"
)

// window asks for a list piece by piece of the time by which the system sorts
// or filters it. A piece is finished before the next begins, and the newest one
// ends `lag` before now. What a system writes late is found by `overlap`: every
// piece begins that much before the end of the one before it. Records found
// twice are one row later, by their key and time.
type window struct {
	decl.Pos
	From    string        `decl:"from,required"`  // parameter: beginning of the piece, included
	To      string        `decl:"to"`             // parameter: its end; absent: the system returns all since the beginning
	Format  string        `decl:"format"`         // how times are written: datetime (default), date, rfc3339, epoch_s, epoch_ms
	Zone    string        `decl:"zone"`           // of datetime and date; Asia/Shanghai is the default
	First   string        `decl:"first,required"` // where to begin: "2020-01-01 00:00:00"
	Step    time.Duration `decl:"step"`           // length of a piece; 0: 24 h
	Overlap time.Duration `decl:"overlap"`
	Lag     time.Duration `decl:"lag"`
	Closed  bool          `decl:"closed"` // the system includes the end

	first time.Time
	until time.Time // zero: now
	zone  *time.Location
	unit  time.Duration // what the format can tell apart
}

var formats = map[string]struct {
	layout string
	unit   time.Duration
}{
	"datetime": {time.DateTime, time.Second}, "date": {time.DateOnly, 24 * time.Hour}, "rfc3339": {time.RFC3339, time.Second},
	"epoch_s": {"", time.Second}, "epoch_ms": {"", time.Millisecond},
}

func (w *window) check() []decl.Problem {
	if w.Format == "" {
		w.Format = "datetime"
	}
	ps := oneOf(w.Pos, "format", w.Format, "datetime", "date", "rfc3339", "epoch_s", "epoch_ms")
	w.unit = formats[w.Format].unit
	if w.Zone == "" {
		w.Zone = "Asia/Shanghai"
	}
	var err error
	if w.zone, err = time.LoadLocation(w.Zone); err != nil {
		ps = append(ps, w.Problem("rest.zone", "", "%q is not a time zone", w.Zone))
		w.zone = time.UTC
	}
	if w.Step == 0 {
		w.Step = 24 * time.Hour
	}
	if w.Step < 0 || w.Overlap < 0 || w.Lag < 0 {
		ps = append(ps, w.Problem("rest.range", "", "step, overlap and lag cannot be negative"))
	}
	if w.unit > 0 && (w.Step%w.unit != 0 || w.Overlap%w.unit != 0) {
		ps = append(ps, w.Problem("rest.window", "", "step and overlap must be whole units of the format %q", w.Format))
	}
	if w.From == w.To {
		ps = append(ps, w.Problem("rest.window", "", "%q cannot be both the beginning and the end", w.From))
	}
	if w.first, err = time.ParseInLocation(time.DateTime, w.First, w.zone); err != nil {
		t, ok := connectors.ParseAt([]byte(w.First))
		if d, err := time.ParseInLocation(time.DateOnly, w.First, w.zone); err == nil {
			t, ok = d, true
		}
		if !ok {
			ps = append(ps, w.Problem("rest.window", `write "2020-01-01 00:00:00"`, "first %q is not a time", w.First))
		}
		w.first = t
	}
	return ps
}

// next returns the end of the piece that begins at from. False: there is
// nothing to ask for yet.
func (w *window) next(from, now time.Time) (to time.Time, ok bool) {
	limit := w.floor(now.Add(-w.Lag))
	if !w.until.IsZero() && w.until.Before(limit) {
		limit = w.until
	}
	if to = from.Add(w.Step); w.To == "" || to.After(limit) {
		to = limit
	}
	return to, to.After(from)
}

// floor is the last moment not after t that the format can write.
func (w *window) floor(t time.Time) time.Time {
	if w.unit < 24*time.Hour {
		return t.Truncate(w.unit)
	}
	y, m, d := t.In(w.zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, w.zone)
}

// put adds the parameters of the piece.
func (w *window) put(q url.Values, from, to time.Time) {
	if w.first.Before(from) {
		from = from.Add(-w.Overlap)
		if from.Before(w.first) {
			from = w.first
		}
	}
	q.Set(w.From, w.text(from))
	if w.To != "" {
		if w.Closed {
			to = to.Add(-w.unit)
		}
		q.Set(w.To, w.text(to))
	}
}

func (w *window) text(t time.Time) string {
	switch w.Format {
	case "epoch_s":
		return strconv.FormatInt(t.Unix(), 10)
	case "epoch_ms":
		return strconv.FormatInt(t.UnixMilli(), 10)
	}
	return t.In(w.zone).Format(formats[w.Format].layout)
}
