package control

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"rongtong/pipelines/warehouse"
	"rongtong/schemas"
	"rongtong/schemas/fault"
)

// Glance is everything that `rongtong top` shows, at one moment.
type Glance struct {
	At         time.Time       `json:"at"`
	Tiers      []TierGlance    `json:"tiers"` // from the province down
	Streams    []StreamGlance  `json:"streams"`
	Runs       []warehouse.Run `json:"runs"`    // those that run now, then the latest of each job
	Members    map[string]int  `json:"members"` // live processes by role
	Conditions []Condition     `json:"conditions"`
	BooksAt    time.Time       `json:"books_at"` // when the doubles were counted

	books Books
}

// TierGlance is how one tier stands. Sums are since the beginning.
type TierGlance struct {
	Tier      string        `json:"tier"`
	Name      schemas.Label `json:"-"`
	Delivered int64         `json:"delivered"` // records in Kafka, times their flows
	Received  int64         `json:"received"`
	Accepted  int64         `json:"accepted"`
	Rejected  int64         `json:"rejected"`
	Duplicate int64         `json:"duplicate"` // as of the latest books
	Lag       int64         `json:"lag"`
	Wait      float64       `json:"wait_seconds"` // the longest wait of a record that is not loaded
	Loaded    time.Time     `json:"loaded_at"`    // when rows last came in; zero: never
}

// StreamGlance is how one stream stands.
type StreamGlance struct {
	StreamStatus
	Wait    float64   `json:"wait_seconds"`
	Loaded  time.Time `json:"loaded_at"`
	Holders int       `json:"holders"` // loaders that own partitions of it
	Unheld  int       `json:"unheld"`  // partitions that nobody owns
	Stopped string    `json:"stopped,omitempty"`
}

// Books are the books of each tier, counted in the warehouse.
type Books struct {
	At    time.Time
	Tiers []TierBooks
}

// TierBooks are the books of one tier.
type TierBooks struct {
	Tier                                                    string
	Received, Accepted, Quarantined, Duplicates, Unbalanced int64 // Unbalanced counts streams

	red []string // that did not balance when they were counted
}

// count counts what is in the warehouse: it reads the keys of every claim.
func (m *Monitor) count(ctx context.Context) (Books, error) {
	b := Books{At: time.Now()}
	rows, err := m.w.Query(ctx, `SELECT toString(tier), toInt64(sum(received)), toInt64(sum(accepted)), toInt64(sum(quarantined)), toInt64(sum(duplicate)), groupArrayIf(concat(toString(system), '.', toString(stream), ' ', entity), NOT balanced)
		FROM ops.books GROUP BY tier`)
	if err != nil {
		return b, err
	}
	defer rows.Close()
	for rows.Next() {
		var t TierBooks
		if err := rows.Scan(&t.Tier, &t.Received, &t.Accepted, &t.Quarantined, &t.Duplicates, &t.red); err != nil {
			return b, err
		}
		b.Tiers = append(b.Tiers, t)
	}
	return b, rows.Err()
}

// accountant counts the books now and then: the longer it takes, the less often.
type accountant struct {
	mu    sync.Mutex
	books Books
	again time.Time
	red   map[string]bool // that did not balance in the count before
}

// confirm leaves only what did not balance in the count before either: between its
// rows and their entry in the ledger a load in progress is out of balance.
func (a *accountant) confirm(b *Books) (doubt bool) {
	was := a.red
	a.red = map[string]bool{}
	for i := range b.Tiers {
		t := &b.Tiers[i]
		for _, name := range t.red {
			a.red[name] = true
			if was[name] {
				t.Unbalanced++
			} else {
				doubt = true
			}
		}
	}
	return doubt
}

// booksShare is how much of the time counting the books may take, as its
// reciprocal, and booksEvery how often it is done at most.
const (
	booksShare = 20
	booksEvery = 15 * time.Second
)

// Books are the books as they were counted last, a while ago at most.
func (m *Monitor) Books(ctx context.Context) (Books, error) {
	a := &m.accountant
	a.mu.Lock()
	defer a.mu.Unlock()
	began := time.Now()
	if began.Before(a.again) {
		return a.books, nil
	}
	books, err := m.count(ctx)
	if err != nil {
		return a.books, err
	}
	wait := max(booksEvery, booksShare*time.Since(began))
	if a.confirm(&books) {
		wait = booksEvery
	}
	a.books, a.again = books, time.Now().Add(wait)
	return books, nil
}

// Glance asks for everything.
func (m *Monitor) Glance(ctx context.Context) (*Glance, error) {
	books, err := m.Books(ctx)
	if err != nil {
		return nil, err
	}
	st, err := m.Status(ctx)
	if err != nil {
		return nil, err
	}
	lags, err := m.Lag(ctx)
	if err != nil {
		return nil, err
	}
	fresh, err := m.loadedAt(ctx)
	if err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation("Asia/Shanghai") // the warehouse's times are in it
	if err != nil {
		return nil, fault.New(fault.Bug, "reading the zone of the warehouse: %w", err)
	}
	g := &Glance{At: time.Now().In(zone), Members: map[string]int{}, BooksAt: books.At, books: books}
	for _, role := range Roles {
		who, err := m.k.Owners(ctx, role)
		if err != nil {
			return nil, fmt.Errorf("asking who runs the role %q: %w", role, err)
		}
		g.Members[role] = len(who)
	}
	g.Streams = streamGlances(st.Streams, lags, fresh)
	g.Tiers = m.tierGlances(g.Streams, books)
	if g.Runs, err = m.currentRuns(ctx); err != nil {
		return nil, err
	}
	g.Conditions, err = m.conditions(ctx, g, books)
	return g, err
}

// loadedAt is when rows of each stream last came in, by topic.
func (m *Monitor) loadedAt(ctx context.Context) (map[string]time.Time, error) {
	rows, err := m.w.Query(ctx, "SELECT toString(topic), max(loaded_at) FROM ops.load GROUP BY topic")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string]time.Time{}
	for rows.Next() {
		var topic string
		var at time.Time
		if err := rows.Scan(&topic, &at); err != nil {
			return nil, err
		}
		out[topic] = at
	}
	return out, rows.Err()
}

func streamGlances(streams []StreamStatus, lags []PartitionLag, fresh map[string]time.Time) []StreamGlance {
	out := make([]StreamGlance, len(streams))
	at := map[string]int{}
	for i, s := range streams {
		out[i], at[s.Topic] = StreamGlance{StreamStatus: s, Loaded: fresh[s.Topic]}, i
	}
	holders := map[[2]string]bool{}
	for _, l := range lags {
		i, known := at[l.Topic]
		if !known { // other declarations came into force in between
			continue
		}
		s := &out[i]
		s.Wait = max(s.Wait, l.Seconds)
		if l.Stopped != "" {
			s.Stopped = l.Stopped
		}
		if l.Holder == "" {
			s.Unheld++
		} else if k := [2]string{l.Topic, l.Holder}; !holders[k] {
			holders[k] = true
			s.Holders++
		}
	}
	return out
}

func (m *Monitor) tierGlances(streams []StreamGlance, books Books) []TierGlance {
	var out []TierGlance
	for _, tier := range m.d().Catalog.Tiers {
		t := TierGlance{Tier: tier.Code, Name: tier.Name}
		for _, s := range streams {
			if s.Tier != tier.Code {
				continue
			}
			t.Delivered += s.Records * int64(s.Flows)
			t.Received, t.Accepted, t.Rejected, t.Lag = t.Received+s.Received, t.Accepted+s.Accepted, t.Rejected+s.Rejected, t.Lag+s.Lag
			t.Wait = max(t.Wait, s.Wait)
			if s.Loaded.After(t.Loaded) {
				t.Loaded = s.Loaded
			}
		}
		for _, b := range books.Tiers {
			if b.Tier == tier.Code {
				t.Duplicate = b.Duplicates
			}
		}
		out = append(out, t)
	}
	return out
}

// currentRuns are the runs that run now, then the latest of each job.
func (m *Monitor) currentRuns(ctx context.Context) ([]warehouse.Run, error) {
	running, err := m.Runs(ctx, RunFilter{State: "running", Limit: 50})
	if err != nil {
		return nil, err
	}
	latest, err := m.latestRuns(ctx)
	if err != nil {
		return nil, err
	}
	// What went wrong comes before the rest, and jobs before the pulls of systems.
	slices.SortStableFunc(latest, func(a, b warehouse.Run) int {
		rank := func(r warehouse.Run) int {
			switch {
			case r.State == warehouse.Failed || r.State == warehouse.Retrying:
				return 0
			case r.Kind == "job":
				return 1
			}
			return 2
		}
		return rank(a) - rank(b)
	})
	return append(running, latest...), nil
}

// latestRuns are the latest run of each job that does not run any more, the newest
// first.
func (m *Monitor) latestRuns(ctx context.Context) ([]warehouse.Run, error) {
	return m.w.Runs(ctx, 500, "(job, started_at) IN (SELECT job, max(started_at) FROM ops.run FINAL WHERE state != 'running' GROUP BY job) AND state != 'running'")
}
