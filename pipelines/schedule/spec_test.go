package schedule

import (
	"strings"
	"testing"
	"time"

	"rongtong/schemas"
)

var china = func() *schemas.Calendar {
	c, _ := schemas.Load(schemas.FS)
	return c.Calendar("china")
}()

// TestSlots lists the slots of a schedule after a time, each with the date it
// is about. The zone's clocks are read, so a change of summer time is visible.
func TestSlots(t *testing.T) {
	for _, c := range []struct {
		name  string
		rules schemas.Schedule
		after string
		want  []string
	}{
		{"every day at two", schemas.Schedule{Cron: "0 2 * * *", Zone: "Asia/Shanghai"}, "2026-02-27T12:00:00+08:00",
			[]string{"2026-02-28 02:00 CST about 2026-02-27", "2026-03-01 02:00 CST about 2026-02-28"}},
		{"leap days, eight years apart", schemas.Schedule{Cron: "0 2 29 2 *", Zone: "Asia/Shanghai"}, "2092-03-01T00:00:00+08:00",
			[]string{"2096-02-29 02:00 CST about 2096-02-28", "2104-02-29 02:00 CST about 2104-02-28"}},
		{"working days: the make-up Saturdays run, the holidays do not", schemas.Schedule{Cron: "30 8 * * *", Zone: "Asia/Shanghai", Calendar: "china", BusinessDate: "previous_workday", Days: "workday"},
			"2026-02-13T12:00:00+08:00",
			[]string{"2026-02-14 08:30 CST about 2026-02-13", "2026-02-24 08:30 CST about 2026-02-14", "2026-02-25 08:30 CST about 2026-02-24"}},
		{"every day, about the last working day", schemas.Schedule{Cron: "30 8 * * *", Zone: "Asia/Shanghai", Calendar: "china", BusinessDate: "previous_workday"},
			"2026-10-02T12:00:00+08:00", []string{"2026-10-03 08:30 CST about 2026-09-30"}},
		{"holidays only", schemas.Schedule{Cron: "0 9 * * *", Zone: "Asia/Shanghai", Calendar: "china", Days: "holiday"},
			"2026-10-07T12:00:00+08:00", []string{"2026-10-11 09:00 CST about 2026-10-10"}},
		// Summer time began on 1986-05-04 at 02:00, which became 03:00, and ended on 1986-09-14 at 02:00, which became 01:00.
		{"the skipped hour comes at the end of the gap", schemas.Schedule{Cron: "30 2 * * *", Zone: "Asia/Shanghai"}, "1986-05-03T12:00:00+08:00",
			[]string{"1986-05-04 03:00 CDT about 1986-05-03", "1986-05-05 02:30 CDT about 1986-05-04"}},
		{"the repeated hour comes once", schemas.Schedule{Cron: "30 1 * * *", Zone: "Asia/Shanghai"}, "1986-09-13T12:00:00+09:00",
			[]string{"1986-09-14 01:30 CDT about 1986-09-13", "1986-09-15 01:30 CST about 1986-09-14"}},
		{"every half hour follows the time that passes", schemas.Schedule{Cron: "*/30 * * * *", Zone: "Asia/Shanghai"}, "1986-09-14T01:00:00+09:00",
			[]string{"1986-09-14 01:30 CDT about 1986-09-13", "1986-09-14 01:00 CST about 1986-09-13", "1986-09-14 01:30 CST about 1986-09-13", "1986-09-14 02:00 CST about 1986-09-13"}},
		{"intervals count from the epoch", schemas.Schedule{Cron: "@every 7m", Zone: "UTC", BusinessDate: "today"}, "1970-01-01T00:10:00Z",
			[]string{"1970-01-01 00:14 UTC about 1970-01-01", "1970-01-01 00:21 UTC about 1970-01-01"}},
		{"no such day", schemas.Schedule{Cron: "0 0 30 2 *", Zone: "UTC"}, "2026-01-01T00:00:00Z", nil},
	} {
		s, err := Compile("job", c.rules, china)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		at, err := time.Parse(time.RFC3339, c.after)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for range max(1, len(c.want)) {
			slot, ok := s.Next(at)
			if !ok {
				break
			}
			got = append(got, slot.At.In(s.zone).Format("2006-01-02 15:04 MST")+" about "+slot.Business.Format(time.DateOnly))
			at = slot.At
		}
		if strings.Join(got, "\n") != strings.Join(c.want, "\n") {
			t.Errorf("%s:\n got %s\nwant %s", c.name, strings.Join(got, "\n     "), strings.Join(c.want, "\n     "))
		}
	}
}

// A day has one slot of a daily job, whatever the clocks do: over the years of
// summer time, in every zone that has another rule.
func TestOneSlotADay(t *testing.T) {
	for _, zone := range []string{"Asia/Shanghai", "Asia/Urumqi", "Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Africa/Cairo"} {
		for _, cron := range []string{"0 0 * * *", "30 0 * * *", "30 1 * * *", "0 2 * * *", "30 2 * * *", "59 23 * * *"} {
			s, err := Compile("job", schemas.Schedule{Cron: cron, Zone: zone, BusinessDate: "today"}, nil)
			if err != nil {
				t.Fatal(err)
			}
			at := time.Date(1985, 12, 31, 23, 59, 59, 0, s.zone)
			want := time.Date(1986, 1, 1, 0, 0, 0, 0, time.UTC)
			for want.Year() < 1993 {
				slot, _ := s.Next(at)
				if !slot.Business.Equal(want) {
					t.Fatalf("%s %q: the slot after %s is on %s, want one on %s", zone, cron, at.In(s.zone), slot.At.In(s.zone), want.Format(time.DateOnly))
				}
				at, want = slot.At, want.AddDate(0, 0, 1)
			}
		}
	}
}

// Jitter depends on the job and the slot alone, and spreads them.
func TestJitter(t *testing.T) {
	rules := schemas.Schedule{Cron: "0 2 * * *", Zone: "UTC", Jitter: 10 * time.Minute}
	a, _ := Compile("a", rules, nil)
	b, _ := Compile("b", rules, nil)
	var at time.Time
	differ := 0
	for range 50 {
		x, _ := a.Next(at)
		y, _ := a.Next(at)
		z, _ := b.Next(at)
		if x != y || x.Start.Before(x.At) || x.Start.Sub(x.At) >= rules.Jitter {
			t.Fatalf("got %v and %v", x, y)
		}
		if x.Start != z.Start {
			differ++
		}
		at = x.At
	}
	if differ < 45 {
		t.Errorf("the starts of two jobs differ on %d of 50 days", differ)
	}
}
