package topics

import (
	"slices"
	"testing"
	"time"
)

// What members say is heard while they live, the newest word of each, and not
// after they left.
func TestPresence(t *testing.T) {
	_, addrs := cluster(t)
	ctx, c := ctxFor(t), dial(t, addrs)
	ensure(t, c, Topic{Name: "presence", Partitions: 1})
	cfg := GroupConfig{ID: "presence", Topics: []string{"presence"}, SessionTimeout: time.Second, Heartbeat: 50 * time.Millisecond}
	one, err := c.Present(ctx, cfg, []byte("one: 1"))
	must(t, err)
	two, err := c.Present(ctx, cfg, []byte("two: 1"))
	must(t, err)
	said := func() (out []string) {
		t.Helper()
		list, err := c.Attendance(ctx, "presence")
		must(t, err)
		for _, a := range list {
			out = append(out, string(a.Data))
		}
		return out
	}
	if got := said(); !slices.Equal(got, []string{"one: 1", "two: 1"}) {
		t.Errorf("heard %q", got)
	}
	must(t, two.Say(ctx, []byte("two: 2")))
	if got := said(); !slices.Equal(got, []string{"one: 1", "two: 2"}) {
		t.Errorf("heard %q", got)
	}
	one.Close()
	if got := said(); !slices.Equal(got, []string{"two: 2"}) {
		t.Errorf("heard %q", got)
	}
	two.Close()
	if got := said(); len(got) > 0 {
		t.Errorf("heard %q", got)
	}
}
