package pipelines

import (
	"context"

	"rongtong/pipelines/deidentify"
	"rongtong/pipelines/telemetry"
	"rongtong/schemas/record"
)

// landing is the topic of the stream's raw identifiers, encrypted.
func (s *Stream) landing() string { return deidentify.LandingTopic(s.System.System, s.Stream.Name) }

// lander is a stream's landing step through changes of keys.
type lander struct {
	keys   *deidentify.Keys
	stream *Stream
	ring   *deidentify.Ring
	step   *deidentify.Step
	before deidentify.Counts // of the steps under earlier keys
}

// renew makes the step, or makes it anew when the keys have changed.
func (l *lander) renew() error {
	ring, err := l.keys.Ring()
	if err != nil {
		return err
	}
	if l.step != nil && ring == l.ring {
		return nil
	}
	step, err := deidentify.New(l.stream.System.System, l.stream.Stream, ring)
	if err != nil {
		return err
	}
	l.before = l.counts()
	l.ring, l.step = ring, step
	return nil
}

// apply treats a chunk under the keys of this moment.
func (l *lander) apply(c *record.Chunk) ([]deidentify.Kept, error) {
	if err := l.renew(); err != nil {
		return nil, err
	}
	return l.step.Apply(c), nil
}

// stage is apply as a stage of the pipeline.
func (l *lander) stage(ctx context.Context, c *record.Chunk) (kept []deidentify.Kept, err error) {
	_, stage := telemetry.Begin(ctx, telemetry.Land)
	defer func() { stage.End(err) }()
	return l.apply(c)
}

func (l *lander) counts() deidentify.Counts {
	n := l.before
	if l.step != nil {
		now := l.step.Counts()
		n.Pseudonyms, n.Bad, n.Masked = n.Pseudonyms+now.Pseudonyms, n.Bad+now.Bad, n.Masked+now.Masked
	}
	return n
}
