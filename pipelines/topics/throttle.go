package topics

import (
	"context"
	"time"
)

// A broker whose quota for this client is used up answers at once, says how long
// it will not listen (KIP-219), and lets what is sent meanwhile wait. Whoever
// went on sending would run into timeouts that look like a broken broker; so a
// line is silent for as long as it was told, outside the time that a request may
// take. A line does not tell its brokers apart: one that is over its quota
// silences the others for a moment.

// throttled takes note of what an answer says.
func (l *line) throttled(d time.Duration) {
	if d <= 0 {
		return
	}
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
