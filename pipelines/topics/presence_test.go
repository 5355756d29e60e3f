package topics

import (
	"slices"
	"testing"
)

// What members say is heard while they live, the newest word of each, and not
// after they left.
func TestConformPresence(t *testing.T) {
	onEach(t, func(t *testing.T, b *target, c *Client) {
		ctx, group := ctxFor(t), b.n("presence")
		ensure(t, c, Topic{Name: group, Partitions: 1})
		said := func() (out []string) {
			t.Helper()
			list, err := c.Attendance(ctx, group)
			must(t, err)
			for _, a := range list {
				out = append(out, string(a.Data))
			}
			return out
		}
		if got := said(); len(got) > 0 {
			t.Errorf("before anyone came: %q", got)
		}
		cfg := GroupConfig{ID: group, Topics: []string{group}}
		one, err := c.Present(ctx, cfg, []byte("one: 1"))
		must(t, err)
		two, err := c.Present(ctx, cfg, []byte("two: 1"))
		must(t, err)
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
	})
}
