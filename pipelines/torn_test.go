package pipelines

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"rongtong/pipelines/topics"
)

// forks answers where epochs end.
type forks struct {
	end int64
	err error
	n   int
}

func (f *forks) EpochEnds(_ context.Context, list []topics.EpochOf) (map[topics.TopicPartition]int64, error) {
	f.n++
	return map[topics.TopicPartition]int64{list[0].TopicPartition: f.end}, f.err
}

// TestTornLog: a new leader that lacks what is loaded stops the partition and says
// where its log forks; one that has it is no news; one that cannot be asked is
// waited for.
func TestTornLog(t *testing.T) {
	stream := simStreams(t)[0]
	for _, tc := range []struct {
		name        string
		was, now    int32 // epochs; was -1: unknown
		loaded      int64
		asked       forks
		torn, waits bool
		asks        int
	}{
		{name: "the same leader", was: 4, now: 4, loaded: 100},
		{name: "nothing is known", was: -1, now: 4, loaded: 100},
		{name: "nothing is loaded", was: 3, now: 4},
		{name: "a leader in sync", was: 3, now: 4, loaded: 100, asked: forks{end: 100}, asks: 1},
		{name: "its log goes farther", was: 3, now: 4, loaded: 100, asked: forks{end: 130}, asks: 1},
		{name: "its log does not know the epoch", was: 3, now: 4, loaded: 100, asked: forks{end: -1}, asks: 1},
		{name: "an unclean election", was: 3, now: 4, loaded: 100, asked: forks{end: 80}, torn: true, asks: 1},
		{name: "it does not answer", was: 3, now: 4, loaded: 100, asked: forks{err: errors.New("away")}, waits: true, asks: 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var log bytes.Buffer
			l := &Loader{Log: slog.New(slog.NewTextHandler(&log, nil))}
			s := &share{stream: stream, topic: stream.Topic}
			s.leader.Store(tc.was + 1)
			s.next.Store(tc.loaded)
			s.end.Store(tc.loaded + 200_000)
			l.turned(t.Context(), &tc.asked, []*share{s}, map[string]topics.Surveyed{stream.Topic: {Epochs: []int32{tc.now}}})
			if s.torn != tc.torn || tc.asked.n != tc.asks || (s.again.Load() > 0) != tc.waits {
				t.Errorf("torn %v, asked %d times, waits until %d", s.torn, tc.asked.n, s.again.Load())
			}
			if due := l.due(s, time.Now()); due == (tc.torn || tc.waits) {
				t.Errorf("it is loaded: %v", due)
			}
			if said := strings.Contains(log.String(), "forks at offset 80, and the partition is loaded to 100"); said != tc.torn {
				t.Errorf("the log says %q", log.String())
			}
			if after := s.leader.Load() - 1; !tc.torn && !tc.waits && after != tc.now {
				t.Errorf("the epoch is %d", after)
			}
		})
	}
}
