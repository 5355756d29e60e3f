package pipelines

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"rongtong/deploy/embedded/embeddedtest"
	"rongtong/pipelines/topics"
	"rongtong/schemas/fault"
)

// What one process says of its sources, another reads: that they do not go on,
// that they do again, and that nobody has said so for too long.
func TestTroubles(t *testing.T) {
	ctx := t.Context()
	k, err := topics.Dial(ctx, []string{embeddedtest.Broker(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	if err := k.Ensure(ctx, ControlTopics()); err != nil {
		t.Fatal(err)
	}
	ours := "troubled_" + strings.ToLower(t.Name())
	tell := NewTroubles(k, slog.New(slog.DiscardHandler))
	write := func(now time.Time) int {
		t.Helper()
		list := tell.due(now)
		if len(list) > 0 {
			if err := tell.write(ctx, list); err != nil {
				t.Fatal(err)
			}
		}
		return len(list)
	}
	reader := &TroubleLog{Kafka: k}
	open := func(now time.Time) (out []Trouble) {
		t.Helper()
		all, err := reader.Open(ctx, now)
		if err != nil {
			t.Fatal(err)
		}
		for _, tr := range all {
			if tr.System == ours {
				out = append(out, tr)
			}
		}
		return out
	}
	now := time.Now()
	gateway := Trouble{Role: TroubleIngest, System: ours, Tier: "P"}
	ledger := Trouble{Role: TroubleIngest, System: ours, Stream: "facility", Tier: "X"}
	tell.begin(gateway, fault.New(fault.Transient, "asking: no answer"))
	tell.begin(ledger, fault.New(fault.Config, "logging in as 110101199003078515: the password expired"))
	if n := write(now); n != 1 {
		t.Errorf("%d troubles were written at once, want the one that time does not heal", n)
	}
	got := open(now)
	if len(got) != 1 || got[0].Subject() != ours+".facility" || got[0].Class != "config" || got[0].Tier != "X" || strings.Contains(got[0].Text, "19900307") {
		t.Errorf("open: %+v", got)
	}
	if n := write(now.Add(troubleGrace + time.Second)); n != 1 {
		t.Errorf("%d were written when the other had lasted, want it alone", n)
	}
	if got := open(now); len(got) != 2 {
		t.Errorf("open: %+v", got)
	}
	tell.end(ledger)
	tell.end(ledger) // it went on before, and does: no news
	if n := write(now.Add(troubleGrace + 2*time.Second)); n != 1 {
		t.Errorf("%d were written when one was over, want it alone", n)
	}
	if got := open(now); len(got) != 1 || got[0].Stream != "" {
		t.Errorf("open after one ended: %+v", got)
	}
	if n := write(now.Add(troubleGrace + troubleRepeat + 2*time.Second)); n != 1 {
		t.Errorf("what lasts was repeated %d times, want once", n)
	}
	fresh := &TroubleLog{Kafka: k} // a process that starts now sees the same
	all, err := fresh.Open(ctx, now)
	if err != nil || len(all) == 0 {
		t.Errorf("a new reader: %v, %v", all, err)
	}
	if got := open(now.Add(troubleGone + time.Hour)); len(got) != 0 {
		t.Errorf("long after the last word of it: %+v", got)
	}
	tell.begin(ledger, errors.New("a process without a teller"))
	(*Troubles)(nil).begin(ledger, errors.New("nobody listens"))
	(*Troubles)(nil).end(ledger)
	(*Troubles)(nil).forget(TroubleIngest, "")
}
