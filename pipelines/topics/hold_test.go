package topics

import (
	"errors"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
)

func holdConfig(id string, topics ...string) GroupConfig {
	return GroupConfig{ID: id, Topics: topics, SessionTimeout: time.Second, Heartbeat: 50 * time.Millisecond}
}

// A hold and members keep each other out, in both orders; two holds do too.
func TestHold(t *testing.T) {
	_, addrs := cluster(t)
	ctx, c := ctxFor(t), dial(t, addrs)
	ensure(t, c, Topic{Name: "a", Partitions: 4})
	member := join(t, c, "g", "a")
	next(t, member)
	var busy *Busy
	if _, err := c.Hold(ctx, holdConfig("g", "a")); !errors.As(err, &busy) || len(busy.Members) != 1 {
		t.Fatalf("holding a group with a live member: %v", err)
	}
	must(t, member.Close())
	h, err := c.Hold(ctx, holdConfig("g", "a"))
	must(t, err)
	if _, err := c.Hold(ctx, holdConfig("g", "a")); !errors.As(err, &busy) {
		t.Fatalf("holding a group that is held: %v", err)
	}
	// A member that tries is refused, several times a second, and the hold stands.
	cg, err := c.consumers(holdConfig("g", "a"), &keeper{})
	must(t, err)
	for range 3 {
		if _, err := cg.Next(ctx); !errors.Is(err, kafka.InconsistentGroupProtocol) {
			t.Fatalf("joining a group that is held: %v", err)
		}
	}
	must(t, cg.Close())
	again := join(t, c, "g", "a")
	got := make(chan *Generation, 1)
	go func() {
		if gen, err := again.Next(ctx); err == nil {
			got <- gen
		}
	}()
	if err := h.Lost().Err(); err != nil {
		t.Fatalf("the hold was lost to a member: %v", err)
	}
	must(t, h.Release())
	select {
	case gen := <-got:
		if len(gen.Assigned) != 4 {
			t.Errorf("after the hold the member has %v", gen.Assigned)
		}
	case <-ctx.Done():
		t.Fatal("the member never joined")
	}
}
