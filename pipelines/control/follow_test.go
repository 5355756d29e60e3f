package control

import (
	"context"
	"errors"
	"testing"
	"time"

	"rongtong/deploy/embedded/embeddedtest"
	"rongtong/pipelines/declared"
	"rongtong/pipelines/topics"
)

// A process that has slept through a change is not caught up before the version in
// force is in force in it; one that does not know yet that there is one asks.
func TestCaughtUp(t *testing.T) {
	ctx := t.Context()
	k, err := topics.Dial(ctx, []string{embeddedtest.Broker(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	if err := k.Ensure(ctx, declared.Topics()); err != nil {
		t.Fatal(err)
	}
	p := &process{k: k}
	if p.store, err = declared.Open(ctx, k); err != nil {
		t.Fatal(err)
	}
	before, _ := p.store.Applied()
	p.inForce.Store(int64(before.Number))
	if err := p.caughtUp(ctx); err != nil {
		t.Fatal(err)
	}
	other, err := declared.Open(ctx, k) // another process applies a version
	if err != nil {
		t.Fatal(err)
	}
	w, err := other.Writer(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := w.Put(ctx, declared.Set{}, declared.Version{Number: before.Number + 1, State: declared.Applied}); err != nil {
		t.Fatal(err)
	}
	defer func() { // the broker is the package's
		if err := w.Put(ctx, declared.Set{}, declared.Version{Number: before.Number + 1, State: declared.Failed}); err != nil {
			t.Error(err)
		}
	}()
	short, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
	defer cancel()
	if err := p.caughtUp(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("caught up before the version is in force here (%v)", err)
	}
	p.inForce.Add(1)
	if err := p.caughtUp(ctx); err != nil {
		t.Fatal(err)
	}
}
