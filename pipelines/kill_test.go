package pipelines

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"rongtong/connectors"
	"rongtong/deploy/embedded/embeddedtest"
	"rongtong/pipelines/systems"
	"rongtong/pipelines/topics"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas"
	"rongtong/schemas/decl"
	"rongtong/schemas/divisions"
	"rongtong/schemas/record"
)

// roleEnv makes the test binary a process of one role, to be killed for real.
const roleEnv = "RONGTONG_TEST_ROLE"

func TestMain(m *testing.M) {
	if role := os.Getenv(roleEnv); role != "" {
		if err := runRole(role, os.Getenv("TEST_KAFKA"), os.Getenv("TEST_WAREHOUSE")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	embeddedtest.Main(m)
}

// records is how many the counter delivers; the long run of kills wants more,
// and slowly.
var (
	records = fromEnv("RONGTONG_TEST_RECORDS", 60_000)
	pause   = fromEnv("RONGTONG_TEST_PACE_MS", 0) // between reads of the counter
)

func fromEnv(name string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return otherwise
}

const (
	wrong = 7 // every seventh record has a value that is no number
	twice = 5 // every fifth record is followed by itself
)

// counter is a source of numbered records whose position is the next number.
type counter struct {
	next     int
	villages []string
	object   *connectors.Object
	stats    connectors.Stats
}

func (c *counter) Read(ctx context.Context, dst *record.Chunk) (record.Position, error) {
	if c.next >= records {
		return nil, io.EOF
	}
	if pause > 0 {
		select { // a source that delivers at its own pace
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(time.Duration(pause) * time.Millisecond):
		}
	}
	for range 700 {
		if c.next >= records {
			break
		}
		for range 1 + boolInt(c.next%twice == 0) {
			value := fmt.Sprint(100 + c.next)
			if c.next%wrong == 0 {
				value = "约一百"
			}
			c.object.Set(0, c.villages[c.next%len(c.villages)])
			c.object.Set(1, fmt.Sprintf("2025-%02d", 1+c.next/len(c.villages)))
			c.object.Set(2, value)
			c.object.Set(3, "2025-12-20 08:00:00")
			c.object.AppendTo(dst, time.Time{}, record.Upsert, fmt.Sprintf("#%d", c.next), "")
		}
		c.next++
	}
	return binary.LittleEndian.AppendUint64(nil, uint64(c.next)), nil
}

func (c *counter) Done(context.Context, record.Position) error { return nil }
func (c *counter) Stats() connectors.Stats                     { return c.stats }
func (c *counter) Close() error                                { return nil }

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

type opened struct{ villages []string }

func (o opened) Check(context.Context) error                         { return nil }
func (o opened) Discover(context.Context) ([]*schemas.Stream, error) { return nil, nil }
func (o opened) Close() error                                        { return nil }
func (o opened) Source(_ context.Context, s *schemas.Stream, from record.Position) (connectors.Source, error) {
	c := &counter{villages: o.villages, object: connectors.NewObject(s)}
	if from != nil {
		c.next = int(binary.LittleEndian.Uint64(from))
	}
	return c, nil
}

func kinds() map[string]connectors.Kind {
	return map[string]connectors.Kind{"counter": {Name: "counter",
		Validate: func(*schemas.System) []decl.Problem { return nil },
		Open: func(context.Context, *schemas.System) (connectors.Opened, error) {
			reg, err := divisions.Load()
			if err != nil {
				return nil, err
			}
			var villages []string
			for d := range reg.All("V") {
				if d.Kind == divisions.Civil && len(villages) < max(7_000, records/12+1) {
					villages = append(villages, d.Code)
				}
			}
			return opened{villages}, nil
		}}}
}

// counterStreams declares the counting system under a name, so that tests that
// share a broker have topics of their own.
func counterStreams(name string) (*schemas.Catalog, []*Stream, error) {
	file, err := os.ReadFile("testdata/counter.yaml")
	if err != nil {
		return nil, nil, err
	}
	file = bytes.Replace(file, []byte("system: counter"), []byte("system: "+name), 1)
	c, ps := schemas.Load(schemas.FS, systems.FS, fstest.MapFS{"systems/counter.yaml": {Data: file}})
	if len(ps) > 0 {
		return nil, nil, fmt.Errorf("%v", ps)
	}
	streams, ps := Compile(c)
	if len(ps) > 0 {
		return nil, nil, fmt.Errorf("%v", ps)
	}
	for _, s := range streams {
		if s.System.System == name {
			return c, []*Stream{s}, nil
		}
	}
	return nil, nil, fmt.Errorf("the counter is missing")
}

func runRole(role, kafka, address string) error {
	ctx := context.Background()
	if role == roleLead {
		return leadUntilKilled(kafka, address)
	}
	if role == roleBackfill {
		system, root, _ := strings.Cut(os.Getenv("TEST_BACKFILL"), "\n")
		return runJobs(kafka, address, system, root)
	}
	_, streams, err := counterStreams(os.Getenv("TEST_SYSTEM"))
	if err != nil {
		return err
	}
	k, err := topics.Dial(ctx, []string{kafka})
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	if role == "ingest" {
		return (&Ingest{Kafka: k, Kinds: kinds(), Log: log, Session: 1500 * time.Millisecond}).Run(ctx, streams)
	}
	w, err := warehouse.Open(ctx, address)
	if err != nil {
		return err
	}
	return (&Loader{Kafka: k, Warehouse: w, Log: log, Workers: 2, BlockRows: 700, Session: 1500 * time.Millisecond}).Run(ctx, streams)
}

// spawn starts a role; the returned function kills it with SIGKILL.
func spawn(t *testing.T, role, kafka, address string) (kill func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), roleEnv+"="+role, "TEST_KAFKA="+kafka, "TEST_WAREHOUSE="+address)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
}

// TestKillIngestAndLoad kills both roles with SIGKILL at random moments until
// everything is through, and balances the books: nothing lost, nothing doubled,
// and the spans of the loads tile every partition.
func TestKillIngestAndLoad(t *testing.T) {
	killIngestAndLoad(t, embeddedtest.Broker(t), "killed", func() {})
}

// killIngestAndLoad does so with the counting system under a name of the test's own,
// and runs between, too, between the kills.
func killIngestAndLoad(t *testing.T, kafka, system string, between func()) {
	ctx := t.Context()
	t.Setenv("TEST_SYSTEM", system) // of the processes
	address := embeddedtest.Warehouse(t)
	catalog, streams, err := counterStreams(system)
	if err != nil {
		t.Fatal(err)
	}
	k, w := onEngines(t, kafka, address, catalog, Topics(streams))

	received := records + (records+twice-1)/twice
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	kills := 0
	pause := map[string]int{"ingest": 400, "load": 1800}
	for _, role := range []string{"ingest", "load"} {
		for range 6 {
			kill := spawn(t, role, kafka, address)
			// A loader waits for its predecessor's session to end before it loads.
			<-time.After(time.Duration(pause[role]+random.IntN(900)) * time.Millisecond)
			kill()
			kills++
			between()
		}
		if role == "ingest" {
			kill := spawn(t, role, kafka, address)
			until(t, func() bool {
				n, err := Delivered(ctx, k, streams[0])
				return err == nil && n.Records >= int64(received)
			})
			kill()
		}
	}
	kill := spawn(t, "load", kafka, address)
	defer kill()
	var got uint64
	until(t, func() bool {
		return w.QueryRow(ctx, "SELECT sum(received) FROM ops.load FINAL WHERE topic = ?", []any{&got}, streams[0].Topic) == nil && got >= uint64(received)
	})
	balanced(t, k, w, streams[0])
	t.Logf("%d kills, %d records", kills, received)
}

// balanced compares what the counter delivered with what is in the warehouse:
// nothing lost, nothing doubled, and the spans of the loads tile every partition.
func balanced(t *testing.T, k *topics.Client, w *warehouse.Warehouse, s *Stream) {
	t.Helper()
	ctx := t.Context()
	received := records + (records+twice-1)/twice
	if n, _ := Delivered(ctx, k, s); n.Records != int64(received) {
		t.Errorf("the connector says it delivered %d records, want %d", n.Records, received)
	}
	var bad int
	for i := range records {
		if i%wrong == 0 {
			bad += 1 + boolInt(i%twice == 0)
		}
	}
	good := records - (records+wrong-1)/wrong
	kept := "ods." + s.System.System + "__" + s.Stream.Name
	for _, c := range []struct {
		what, sql string
		want      uint64
	}{
		{"records loaded", "SELECT sum(received) FROM ops.load FINAL WHERE topic = '" + s.Topic + "'", uint64(received)},
		{"rejects", "SELECT count() FROM ops.reject FINAL WHERE topic = '" + s.Topic + "'", uint64(bad)},
		{"rejects before merging: an insert that was repeated must not double them", "SELECT count() FROM ops.reject WHERE topic = '" + s.Topic + "'", uint64(bad)},
		{"records kept as received", "SELECT count() FROM " + kept, uint64(received)},
		{"records kept as received that were refused", "SELECT countIf(_rejected = 1 AND value = '约一百') FROM " + kept, uint64(bad)},
		{"records kept as received without their fields", "SELECT countIf(isNull(village) OR isNull(value) OR _topic = '' OR _place = '') FROM " + kept, 0},
		{"rows that the loader says it loaded", "SELECT sum(accepted) FROM ops.load FINAL WHERE topic = '" + s.Topic + "'", uint64(received - bad)},
		{"distinct claims", "SELECT count() FROM std.stat_fact FINAL WHERE src_system = '" + s.System.System + "'", uint64(good)},
		{"gaps or overlaps between the spans of loads", `SELECT count() FROM (SELECT from_offset, lagInFrame(to_offset, 1, 0) OVER (PARTITION BY partition ORDER BY from_offset ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS before
			FROM ops.load FINAL WHERE topic = '` + s.Topic + `') WHERE from_offset < before`, 0},
	} {
		var n uint64
		if err := w.QueryRow(ctx, c.sql, []any{&n}); err != nil {
			t.Errorf("%s: %v", c.what, err)
		} else if n != c.want {
			t.Errorf("%s: got %d, want %d", c.what, n, c.want)
		}
	}
}

// until polls a condition of other processes; there is no signal to wait for.
func until(t *testing.T, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(3 * time.Minute)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("waited too long")
		}
	}
}
