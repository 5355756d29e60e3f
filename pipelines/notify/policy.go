package notify

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"rongtong/schemas"
)

// Condition is something that is not as it should be, in words without a value of
// any record.
type Condition struct {
	Kind     string    `json:"kind"`
	Subject  string    `json:"subject"`
	Severity string    `json:"severity"` // info, warning or critical
	Tier     string    `json:"tier,omitempty"`
	Since    time.Time `json:"since"`
	Zh       string    `json:"zh"`
	En       string    `json:"en"`
	Do       string    `json:"do"`
	// Event is something that happened, and is not over later.
	Event bool `json:"-"`
}

func (c Condition) key() string { return c.Kind + " " + c.Subject }

// The states of news.
const (
	Begun = "open"  // it began
	Lasts = "still" // it was told of, and lasts
	Over  = "over"  // it was told of, and is over
)

// News is one line of a message.
type News struct {
	State string `json:"state"`
	Condition
}

// Message is what a channel is told at once.
type Message struct {
	Channel *Channel
	At      time.Time
	Digest  bool // of quiet hours
	News    []News
	More    int // that did not fit
	test    bool
}

// mostNews bounds a message.
const mostNews = 20

// State is what was said, and what waits to be: all that a process that takes
// over must know. It is small: an entry for each condition that lasts.
type State struct {
	Channels map[string]*said `json:"channels"`
	// Known are the subjects of events that there are now, by kind.
	Known map[string]string `json:"known,omitempty"`
}

// said is a channel's part of the state.
type said struct {
	About map[string]*about `json:"about,omitempty"`
	Due   []News            `json:"due,omitempty"`  // events, and what came and went while it was quiet
	Since time.Time         `json:"since,omitzero"` // when the first of what is due became so
	Sent  []time.Time       `json:"sent,omitempty"`
	Hush  bool              `json:"hush,omitempty"` // something waits for the end of quiet hours
}

// about is what was said about one condition.
type about struct {
	Condition
	First time.Time `json:"first"`         // when it was seen
	Gone  time.Time `json:"gone,omitzero"` // since when it is not seen any more
	Told  time.Time `json:"told,omitzero"` // when it was last told of; zero: not yet
	Ended time.Time `json:"ended,omitzero"`
}

// Policy decides what is said.
type Policy struct {
	Config  *Config
	Catalog *schemas.Catalog // for calendars
	State   State
	zone    *time.Location
}

// NewPolicy goes on from a state.
func NewPolicy(cfg *Config, c *schemas.Catalog, s State) *Policy {
	zone, err := time.LoadLocation(cfg.Zone)
	if err != nil {
		zone = time.UTC // Read has refused it
	}
	if s.Channels == nil {
		s.Channels = map[string]*said{}
	}
	if s.Known == nil {
		s.Known = map[string]string{}
	}
	for name := range s.Channels { // channels that are no longer declared
		if !slices.ContainsFunc(cfg.Channels, func(ch Channel) bool { return ch.Channel == name }) {
			delete(s.Channels, name)
		}
	}
	for i := range cfg.Channels {
		name := cfg.Channels[i].Channel
		if s.Channels[name] == nil {
			s.Channels[name] = &said{}
		}
		if s.Channels[name].About == nil {
			s.Channels[name].About = map[string]*about{}
		}
	}
	return &Policy{cfg, c, s, zone}
}

// Look takes what is wrong now and returns the messages that are to be sent. A
// message that was sent is told to Sent; one that was not is returned again. With
// partial, not everything could be asked: what is missing is not over for that.
func (p *Policy) Look(now time.Time, conditions []Condition, partial bool) []Message {
	now = now.In(p.zone)
	events := p.events(conditions)
	var out []Message
	for i := range p.Config.Channels {
		ch := &p.Config.Channels[i]
		s := p.State.Channels[ch.Channel]
		p.see(ch, s, now, conditions, events, partial)
		if m, ok := p.message(ch, s, now); ok {
			out = append(out, m)
		}
	}
	return out
}

// events are the conditions that happen rather than last, of which the subject
// changed since the last look. The first that is seen is no news.
func (p *Policy) events(conditions []Condition) (out []Condition) {
	for _, c := range conditions {
		if !c.Event {
			continue
		}
		if was := p.State.Known[c.Kind]; was != "" && was != c.Subject {
			out = append(out, c)
		}
		p.State.Known[c.Kind] = c.Subject
	}
	return out
}

// see brings a channel's state up to date.
func (p *Policy) see(ch *Channel, s *said, now time.Time, conditions, events []Condition, partial bool) {
	for _, c := range events {
		if ch.wants(c) {
			s.Due = append(s.Due, News{Begun, c})
		}
	}
	there := map[string]bool{}
	for _, c := range conditions {
		if c.Event || !ch.wants(c) {
			continue
		}
		there[c.key()] = true
		a := s.About[c.key()]
		if a == nil {
			a = &about{First: now}
			s.About[c.key()] = a
		}
		if !a.Ended.IsZero() { // it was over, and begins anew
			a.First, a.Ended = now, time.Time{}
		}
		a.Condition, a.Gone = c, time.Time{}
	}
	for k, a := range s.About {
		if there[k] || partial {
			continue
		}
		if a.Gone.IsZero() {
			a.Gone = now
		}
		switch {
		case !a.Ended.IsZero() && now.Sub(a.Ended) >= ch.Again:
			delete(s.About, k)
		case a.Ended.IsZero() && a.Told.IsZero() && a.Gone.Sub(a.First) >= ch.Settle && p.quietFor(ch, a.Severity, now):
			s.Due = append(s.Due, News{Over, a.Condition}) // it came and went while nobody was to be woken
			delete(s.About, k)
		case a.Ended.IsZero() && a.Told.IsZero():
			delete(s.About, k)
		case a.Ended.IsZero() && a.First.After(a.Told):
			a.Ended = now // it began anew and is over, and nobody was told of it: not of its end either
		}
	}
	if len(s.Due) > 100 {
		s.Due = s.Due[len(s.Due)-100:]
	}
}

func (p *Policy) quietFor(ch *Channel, severity string, now time.Time) bool {
	var calendar *schemas.Calendar
	if ch.Quiet.Calendar != "" {
		calendar = p.Catalog.Calendar(ch.Quiet.Calendar)
	}
	return ch.quiet(severity, now, calendar)
}

// news is what a channel has to be told now, the most urgent first.
func (p *Policy) news(ch *Channel, s *said, now time.Time) (out []News) {
	hush := false
	add := func(n News) {
		if p.quietFor(ch, n.Severity, now) {
			hush = true
			return
		}
		out = append(out, n)
	}
	for _, n := range s.Due {
		add(n)
	}
	for _, k := range slices.Sorted(maps.Keys(s.About)) {
		a := s.About[k]
		gone, told := !a.Gone.IsZero(), !a.Told.IsZero()
		switch {
		case !a.Ended.IsZero():
		case gone && told && now.Sub(a.Gone) >= ch.Settle:
			add(News{Over, a.Condition})
		case gone:
		case !told || a.First.After(a.Told):
			if now.Sub(a.First) >= ch.Settle && (!told || now.Sub(a.Told) >= ch.Again) {
				add(News{Begun, a.Condition})
			}
		case now.Sub(a.Told) >= ch.Repeat:
			add(News{Lasts, a.Condition})
		}
	}
	s.Hush = s.Hush || hush
	rank := func(n News) int { return -slices.Index(severities, n.Severity) }
	slices.SortStableFunc(out, func(a, b News) int { return cmp.Compare(rank(a), rank(b)) })
	return out
}

// message is what a channel is to be sent now, if anything.
func (p *Policy) message(ch *Channel, s *said, now time.Time) (Message, bool) {
	news := p.news(ch, s, now)
	if len(news) == 0 {
		s.Since = time.Time{}
		return Message{}, false
	}
	if s.Since.IsZero() {
		s.Since = now
	}
	s.Sent = slices.DeleteFunc(s.Sent, func(t time.Time) bool { return now.Sub(t) >= time.Minute })
	if now.Sub(s.Since) < ch.Group || len(s.Sent) >= ch.PerMinute {
		return Message{}, false
	}
	m := Message{Channel: ch, At: now, News: news, Digest: s.Hush && !p.quietFor(ch, "info", now)}
	if len(news) > mostNews {
		m.News, m.More = news[:mostNews], len(news)-mostNews
	}
	return m, true
}

// Sent notes that a message was sent. What did not fit into it counts as told:
// the message says how many there are and where to look.
func (p *Policy) Sent(m Message) {
	s := p.State.Channels[m.Channel.Channel]
	news := p.news(m.Channel, s, m.At)
	for _, n := range news {
		a := s.About[n.key()]
		switch {
		case a == nil:
		case n.State == Over:
			a.Ended, a.Told = m.At, m.At
		default:
			a.Told = m.At
		}
	}
	s.Due = slices.DeleteFunc(s.Due, func(n News) bool { return !p.quietFor(m.Channel, n.Severity, m.At) })
	s.Sent, s.Since = append(s.Sent, m.At), time.Time{}
	if m.Digest {
		s.Hush = false
	}
}
