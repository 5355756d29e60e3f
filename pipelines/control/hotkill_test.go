package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"rongtong/pipelines/declared"
	"rongtong/pipelines/topics"
	"rongtong/schemas/fault"
)

// hotApplyEnv makes the test binary a process that puts a folder in force and
// kills itself at its nth step.
const hotApplyEnv = "RONGTONG_TEST_HOT_APPLY"

func applyAndDie(folder string) {
	o := Options{Kafka: os.Getenv("TEST_KAFKA"), Warehouse: os.Getenv("TEST_WAREHOUSE"), Overlay: folder, Log: slog.New(slog.DiscardHandler)}
	at, _ := strconv.Atoi(os.Getenv("TEST_KILL_AT"))
	n := 0
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		_, err := ApplyDeclarations(context.Background(), o, ApplyChange{From: -1, Wait: 20 * time.Second, Session: time.Second, Say: func(s string) {
			fmt.Println(s)
			if n++; n == at {
				_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			}
		}})
		if fault.Is(err, fault.Transient) && strings.Contains(err.Error(), "somebody else is at it") {
			<-tick.C // the lock of the one that was killed
			continue
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
}

// The process that applies a change of a mapping, a new stream and a rewrite of a
// table is killed at its first step, then at its second, and so on, while rows
// flow. After each kill the old version is in force or the new one, loaders that
// left come back, and the next attempt goes on where it was.
func TestHotApplyKilled(t *testing.T) {
	h := newHouse(t)
	h.apply(ApplyChange{})
	h.up("ingest", "load")
	stop := h.write()
	h.until("rows flow", func() bool { return h.loaded() > 500 })
	h.edit("themes/t9_test/meter.yaml", "name: amount, type: int", "name: amount, type: text")
	h.edit("systems/meters.yaml", "amount: { call: int, of: a }", "amount: b")
	h.edit("systems/meters.yaml", "flows:\n", otherStream+"flows:\n"+otherFlow)
	var told strings.Builder
	kills := 0
	for finished := false; !finished; {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), hotApplyEnv+"="+h.Overlay, "TEST_KAFKA="+h.Kafka, "TEST_WAREHOUSE="+h.Warehouse, fmt.Sprintf("TEST_KILL_AT=%d", kills+1))
		cmd.Stdout, cmd.Stderr = &told, os.Stderr
		err := cmd.Run()
		var exit *exec.ExitError
		if finished = err == nil; !finished && (!errors.As(err, &exit) || exit.ExitCode() != -1) {
			t.Fatalf("attempt %d: %v\n%s", kills+1, err, told.String())
		}
		if kills++; kills > 30 {
			t.Fatal("it never ends")
		}
		fmt.Fprintln(&told, "--")
		from := h.loaded()
		h.until("rows flow", func() bool { return h.loaded() > from })
	}
	list := history(t, h)
	if last := list[len(list)-1]; last.Number != 2 || last.State != declared.Applied {
		t.Errorf("the last version is %d, %s", last.Number, last.State)
	}
	for _, what := range []string{"is begun", "topics are created", "the writers are out", "is in force"} {
		if !strings.Contains(told.String(), what) {
			t.Errorf("nobody was killed where %q", what)
		}
	}
	from := h.loaded()
	h.until("rows flow under the new version", func() bool { return h.loaded() > from+500 })
	stop()
	h.books()
	t.Logf("%d attempts:\n%s", kills, told.String())
}

const otherStream = `  other:
    from: { table: other, cursor: seq }
    key: [id]
    fields: { seq: number, id: text, a: number, at: text }
`

const otherFlow = `  - stream: other
    entity: meter
    at: { call: time, of: at }
    set:
      meter_id: id
      amount: a
    cases:
      - name: another
        in: { seq: "1", id: "1", a: "2", at: "2025-11-03 08:15:00" }
        out: { meter_id: "1" }
`

// What is wrong changes nothing: a problem in a file, a change that would lose
// data, a live process that cannot run it. Two cannot apply at the same time, and
// a plan that a person saw is not applied to something else.
func TestApplyRefused(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	h.apply(ApplyChange{})
	applied := func(want int) {
		t.Helper()
		if _, v, err := h.inForce(ctx, h.k); err != nil || v.Number != want {
			t.Errorf("version %d is in force, want %d, %v", v.Number, want, err)
		}
	}
	apply := func(c ApplyChange) error {
		c.Session, c.Wait = time.Second, 5*time.Second
		if c.From == 0 {
			c.From = -1
		}
		_, err := ApplyDeclarations(ctx, h.Options, c)
		return err
	}

	h.edit("systems/meters.yaml", "of: a }", "of: c }")
	var problems *ProblemsError
	if err := apply(ApplyChange{}); !errors.As(err, &problems) {
		t.Errorf("an unknown field: %v", err)
	}
	if n := len(history(t, h)); n != 1 {
		t.Errorf("%d versions after a problem in a file", n)
	}
	h.edit("systems/meters.yaml", "of: c }", "of: b }")

	h.edit("themes/t9_test/meter.yaml", "  - { name: amount, type: int, nullable: true, zh: 数量, en: Amount }\n", "")
	h.edit("systems/meters.yaml", "      amount: { call: int, of: b }\n", "")
	err := apply(ApplyChange{})
	if !fault.Is(err, fault.Config) || !strings.Contains(err.Error(), "--allow drop:std.meter.amount") {
		t.Errorf("a column would go: %v", err)
	}
	p, err := PlanDeclarations(ctx, h.Options, Change{})
	if err != nil || p.Refused() == nil || p.Empty() {
		t.Errorf("the plan is %+v, %v", p, err)
	}

	// A person agreed to another plan.
	stale := ApplyChange{From: p.From, Fingerprint: "another", Change: Change{Allow: []string{"drop:std.meter.amount"}}}
	if err := apply(stale); !fault.Is(err, fault.Config) || !strings.Contains(err.Error(), "plan") {
		t.Errorf("another plan than agreed to: %v", err)
	}

	// Somebody else is at it.
	lock, err := h.k.Hold(ctx, topics.GroupConfig{ID: applyGroup, Topics: []string{declared.Topic}, SessionTimeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if err := apply(ApplyChange{}); !fault.Is(err, fault.Transient) || !strings.Contains(err.Error(), "somebody else") {
		t.Errorf("beside another one: %v", err)
	}
	if err := lock.Release(); err != nil {
		t.Fatal(err)
	}

	// A live process of another program says that it cannot run it.
	agreed := ApplyChange{Change: Change{Allow: []string{"drop:std.meter.amount"}}}
	set, _ := setAt(h.Overlay)
	old := Node{ID: "old", Host: "elsewhere", PID: 1, Roles: []string{"load"}, Program: "rongtong 0.1", Version: 1, Prepared: set.Fingerprint(), Problem: `"street" is not a function`}
	voice, err := old.present(ctx, h.k)
	if err != nil {
		t.Fatal(err)
	}
	if err := apply(agreed); !fault.Is(err, fault.Config) || !strings.Contains(err.Error(), "elsewhere pid 1") || !strings.Contains(err.Error(), "street") {
		t.Errorf("beside a process that cannot run it: %v", err)
	}
	applied(1)
	if list := history(t, h); list[1].State != declared.Failed || !strings.Contains(list[1].Error, "street") {
		t.Errorf("the attempt is %s, %s", list[1].State, list[1].Error)
	}
	// One that says nothing is waited for, and named.
	old.Prepared, old.Problem = "", ""
	data, _ := json.Marshal(old)
	if err := voice.Say(ctx, data); err != nil {
		t.Fatal(err)
	}
	if err := apply(agreed); !fault.Is(err, fault.Transient) || !strings.Contains(err.Error(), "elsewhere pid 1") {
		t.Errorf("beside a process that says nothing: %v", err)
	}
	applied(1)
	voice.Close()
	if err := apply(agreed); err != nil {
		t.Error(err)
	}
	applied(4)
	if err := apply(agreed); err != nil { // nothing is left to do
		t.Error(err)
	}
	applied(4)
}

// A process whose program cannot read what is in force does not start, and one
// that runs ends: neither works under declarations that are not in force.
func TestOlderProgram(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	h.apply(ApplyChange{})
	o := h.Options
	o.Overlay = ""
	running := make(chan error, 1)
	go func() { running <- Up(ctx, o, Work{Roles: []string{"load"}}) }()
	h.until("it runs", func() bool { return len(h.k.Members(ctx, "load")) == 1 })

	// What a later program knows, and put in force while this one was not asked.
	set, _ := setAt(h.Overlay)
	set.Layers[0].Files["systems/meters.yaml"] = []byte(strings.Replace(string(set.Layers[0].Files["systems/meters.yaml"]), "call: int", "call: of_tomorrow", 1))
	store, err := declared.Open(ctx, h.k)
	if err != nil {
		t.Fatal(err)
	}
	w, err := store.Writer(ctx)
	if err != nil {
		t.Fatal(err)
	}
	v := declared.Describe(set)
	v.Number, v.State, v.Program = 2, declared.Applied, "rongtong of tomorrow"
	if err := w.Put(ctx, set, v); err != nil {
		t.Fatal(err)
	}
	w.Close()
	for what, err := range map[string]error{"running": <-running, "starting": Up(ctx, o, Work{Roles: []string{"load"}})} {
		if !fault.Is(err, fault.Config) || !strings.Contains(err.Error(), "version 2") || !strings.Contains(err.Error(), "rongtong of tomorrow") {
			t.Errorf("%s: %v", what, err)
		}
	}
	// The way back needs no later program.
	h.edit("systems/meters.yaml", "@every 1s", "@every 3s")
	if _, err := ApplyDeclarations(ctx, h.Options, ApplyChange{Change: Change{Repeat: 1}, From: -1, Session: time.Second}); err != nil {
		t.Error(err)
	}
	if _, v, err := h.inForce(ctx, h.k); err != nil || v.Number != 3 || v.Repeats != 1 {
		t.Errorf("version %d, %v", v.Number, err)
	}
}
