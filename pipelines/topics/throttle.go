package topics

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// A broker whose quota for this client is used up answers at once, says how long
// it will not listen (KIP-219), and lets what is sent meanwhile wait. Whoever
// went on sending would run into timeouts that look like a broken broker; so a
// line is silent for as long as it was told, outside the time that a request may
// take. A line does not tell its brokers apart: one that is over its quota
// silences the others for a moment.

// The word is bounded: quotas of bytes ask for at most their window (11 s by
// default), those of requests for a second. Who asks for more is misconfigured or
// broken, and would stop the pipeline by a number; a line then asks again after
// maxSilence, and says so.
const (
	maxSilence = 30 * time.Second
	// quotaSaid is how often that is said at most.
	quotaSaid = time.Minute
)

// Throttled is what brokers have asked of a client because of quotas.
type Throttled struct {
	Answers int64         // that asked for silence
	Asked   time.Duration // in all
	Cut     int64         // answers that asked for more than is granted at once
	Longest time.Duration
}

// quota counts what brokers ask of all lines of a client.
type quota struct {
	mu   sync.Mutex
	sum  Throttled
	said time.Time
}

// Throttled is what brokers have asked of this client so far, because of quotas.
func (c *Client) Throttled() Throttled {
	c.quota.mu.Lock()
	defer c.quota.mu.Unlock()
	return c.quota.sum
}

// note counts one answer, and returns how long to be silent.
func (q *quota) note(d, most time.Duration, log *slog.Logger) time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.sum.Answers++
	q.sum.Asked += d
	q.sum.Longest = max(q.sum.Longest, d)
	if d <= most {
		return d
	}
	q.sum.Cut++
	if now := time.Now(); now.Sub(q.said) > quotaSaid {
		q.said = now
		log.Warn("a broker asks for a longer silence than any quota needs; it is asked again sooner. Look at the quotas of this client: kafka-configs.sh --describe --entity-type clients",
			"asked", d, "kept", most)
	}
	return most
}

// throttled takes note of what an answer says.
func (l *line) throttled(d time.Duration) {
	if d <= 0 {
		return
	}
	d = l.quota.note(d, l.most, l.log)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.throttles++
	if until := time.Now().Add(d); until.After(l.quiet) {
		l.quiet = until
	}
}

// throttledMS is throttled for the milliseconds of an answer.
func (l *line) throttledMS(ms int32) { l.throttled(time.Duration(ms) * time.Millisecond) }

// silence waits until the brokers listen again; false: ctx ended first.
func (l *line) silence(ctx context.Context) bool {
	l.mu.Lock()
	d := time.Until(l.quiet)
	l.mu.Unlock()
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
