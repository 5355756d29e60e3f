package conntest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
	"time"

	"rongtong/schemas/fault"
	"rongtong/schemas/record"
)

// trouble returns the check of one trouble: what is read before, under and after
// it is, all together, what a healthy system yields. Under it Read returns an
// error of the class that says what heals it, never a half record and never the
// end of the stream.
func trouble(t Trouble) func(testing.TB, World) error {
	return func(tb testing.TB, w World) error {
		s := w.Start(tb)
		site, ok := s.(Troubled)
		if !ok {
			return fmt.Errorf("the site cannot Inject and the world does not exempt this check")
		}
		want, err := all(tb, w, s, nil, false)
		if err != nil {
			return err
		}
		for _, read := range []int{0, 1} { // before the first record, and in the middle
			if err := underTrouble(tb, w, s, site, t, want.rows, read); err != nil {
				return fmt.Errorf("after %d reads: %w", read, err)
			}
		}
		return nil
	}
}

func underTrouble(tb testing.TB, w World, s Site, site Troubled, t Trouble, want []row, reads int) error {
	ctx, cancel := limited()
	defer cancel()
	r, closeBoth, err := open(ctx, w, s, nil)
	if err != nil {
		return err
	}
	sender, sends := s.(Sender)
	for range reads {
		if sends {
			r.queued += sender.Send(tb)
		}
		if err := r.next(ctx); err != nil {
			return closeAll(err, closeBoth)
		}
	}
	if len(r.rows) >= len(want) {
		return closeAll(errors.New("the world is too small: nothing is left to read under the trouble"), closeBoth)
	}
	in := site.Inject(tb, t)
	if in.Heal == nil {
		return closeAll(errors.New("the site cannot show this trouble and the world does not exempt the check"), closeBoth)
	}
	if sends {
		if err = r.sent(ctx, tb, sender); errors.Is(err, io.EOF) {
			err = nil // all that was sent was refused
		}
	} else {
		err = r.suffer(ctx, t, len(want), in)
	}
	in.Heal()
	if err != nil {
		return closeAll(err, closeBoth)
	}
	if err := equalOrigin(s, r.rows, want[:min(len(r.rows), len(want))]); err != nil {
		return closeAll(fmt.Errorf("what was delivered under the trouble: %w", err), closeBoth)
	}
	var from record.Position
	before := len(r.rows)
	if n := len(r.stops); n > 0 {
		from = r.stops[n-1].pos
	}
	if err := r.rest(ctx, tb, s); err != nil {
		return closeAll(fmt.Errorf("reading on after it healed: %w", err), closeBoth)
	}
	if err := closeAll(equalOrigin(s, r.rows, want), closeBoth); err != nil {
		return fmt.Errorf("in all, once it healed: %w", err)
	}
	if sends {
		return nil
	}
	fresh, err := all(tb, w, s, from, false)
	if err != nil {
		return fmt.Errorf("a new source after it healed: %w", err)
	}
	return equal(fresh.rows, want[before:])
}

// suffer reads under a trouble until Read says what is wrong. A throttled source
// may also wait it out and deliver everything.
func (r *reader) suffer(ctx context.Context, t Trouble, total int, in Injected) error {
	unaware := in.Unaware
	one, cancel := context.WithCancel(ctx)
	defer cancel()
	for {
		back := make(chan error, 1)
		go func() { back <- r.next(one) }()
		var err error
		select {
		case err = <-back:
		case <-stalled(t, in.Hit):
			cancel()
			select {
			case err = <-back:
			case <-time.After(promptly()):
				return fmt.Errorf("a Read that waits did not come back within %s of its cancellation", promptly())
			}
		case <-ctx.Done():
			return fmt.Errorf("a Read under %q did not come back within %s", t, patience)
		}
		switch {
		case err == nil:
		case errors.Is(err, io.EOF) && len(r.rows) < total:
			return fmt.Errorf("%d of %d records were read, and then it looks as if there were no more", len(r.rows), total)
		case errors.Is(err, io.EOF) && t == Throttle:
			return nil
		case errors.Is(err, io.EOF):
			return errors.New("everything was read: the trouble does not hit the source")
		case unaware && fault.Is(err, fault.Transient):
			unaware = false // the session was gone; the next Read logs in again
		case !slices.Contains(classes[t], fault.Of(err)):
			return fmt.Errorf("class %s, want %v: %w", fault.Of(err), classes[t], err)
		case t == Stall && !errors.Is(err, context.Canceled):
			return fmt.Errorf("a cancelled Read returned %w", err)
		default:
			return nil
		}
	}
}

// stalled is ready when a Read is known to wait for an answer that will not come.
func stalled(t Trouble, hit <-chan struct{}) <-chan struct{} {
	if t == Stall {
		return hit
	}
	return nil
}

// sent lets clients send and reads all that is queued; io.EOF: there is nothing.
func (r *reader) sent(ctx context.Context, tb testing.TB, s Sender) error {
	r.queued += s.Send(tb)
	if r.queued == len(r.rows) {
		return io.EOF
	}
	for len(r.rows) < r.queued {
		if err := r.next(ctx); err != nil {
			return err
		}
	}
	return nil
}

func closeAll(err error, closeBoth func() error) error { return errors.Join(err, closeBoth()) }

// equalOrigin is equal, without the places where the records of a site come
// unasked: a place then names the request, and what is sent again has another.
func equalOrigin(s Site, got, want []row) error {
	if _, ok := s.(Sender); !ok {
		return equal(got, want)
	}
	bare := func(rows []row) []row {
		rows = slices.Clone(rows)
		for i := range rows {
			rows[i].place = ""
		}
		return rows
	}
	if err := equal(bare(got), bare(want)); err != nil {
		return fmt.Errorf("places aside: %w", err)
	}
	return nil
}
