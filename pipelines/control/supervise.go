package control

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/cenkalti/backoff/v5"

	"rongtong/schemas/fault"
)

// A role that ends by itself is started again, later each time. One that ends so
// often within a while ends the process: who supervises that can then see it.
const (
	restartsMost = 5
	restartsIn   = 10 * time.Minute
	restartFirst = time.Second
	restartLast  = time.Minute
)

// supervise runs a role until ctx ends. Its error is that of a role that failed
// too often, or whose invariants broke.
func supervise(ctx context.Context, log *slog.Logger, run func(context.Context) error) error {
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.MaxInterval = restartFirst, restartLast
	var failed []time.Time
	for {
		err := run(ctx)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // it was asked to stop: what broke with that is no news
		}
		if err == nil {
			err = errors.New("it ended by itself")
		}
		now := time.Now()
		for len(failed) > 0 && now.Sub(failed[0]) > restartsIn {
			failed = failed[1:]
		}
		if len(failed) == 0 {
			pause.Reset()
		}
		failed = append(failed, now)
		if fault.Is(err, fault.Bug) || len(failed) > restartsMost {
			return err
		}
		wait := pause.NextBackOff()
		log.Error("the role ended and is started again", "class", fault.Of(err).String(), "error", err, "failures", len(failed), "again_in", wait.Round(time.Millisecond))
		sleep(ctx, wait)
	}
}
