package pipelines

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"rongtong/deploy/embedded/embeddedtest"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas/fault"
)

// dies is a warehouse before which a loader dies: the intent is committed, and
// no row arrives.
type dies struct {
	once       sync.Once
	at, killed chan struct{}
}

func (d *dies) Load(context.Context, warehouse.Load) error {
	d.once.Do(func() { close(d.at) })
	<-d.killed
	return errors.New("gone") // not transient: the loader gives the block up
}
func (d *dies) Refused(context.Context, warehouse.Load, int) ([]int, error) { return nil, nil }
func (d *dies) Ledger(context.Context, string, []string) ([]warehouse.Ledgered, error) {
	return nil, nil
}
func (d *dies) InsertRows(context.Context, string, string, any) error { return errors.New("gone") }

// Writers keep a change of the warehouse waiting, by name; a load that was begun
// is finished first, and refused under another plan.
func TestQuiesce(t *testing.T) {
	ctx := t.Context()
	catalog, streams, err := counterStreams("quiet")
	if err != nil {
		t.Fatal(err)
	}
	k, w := onEngines(t, embeddedtest.Broker(t), embeddedtest.Warehouse(t), catalog, append(Topics(streams), ControlTopics()...))
	log := slog.New(slog.DiscardHandler)
	ingest, stop := context.WithCancel(ctx)
	defer stop()
	go func() { _ = (&Ingest{Kafka: k, Kinds: kinds(), Log: log}).Run(ingest, streams) }()
	until(t, func() bool {
		n, err := Delivered(ctx, k, streams[0])
		return err == nil && n.Records > 1000
	})
	stop()

	store := &dies{at: make(chan struct{}), killed: make(chan struct{})}
	loading, stopLoading := context.WithCancel(ctx)
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		_ = (&Loader{Kafka: k, Warehouse: store, Log: log, BlockRows: 100, Session: time.Second}).Run(loading, streams)
	}()
	<-store.at
	q := &Quiescer{Kafka: k, Warehouse: w, Streams: streams, Log: log, Session: time.Second}
	_, err = q.Hold(ctx, RoleLoad, RoleSchedule)
	if !fault.Is(err, fault.Config) || !strings.Contains(err.Error(), "live:load") {
		t.Errorf("beside a live loader: %v", err)
	}
	stopLoading()
	close(store.killed)
	<-gone
	q.Wait = 20 * time.Second

	// Other declarations than the load began with cannot repeat it.
	other := *streams[0]
	other.Flows = nil
	strict := *q
	strict.Streams = []*Stream{&other}
	if _, err := strict.Hold(ctx, RoleLoad); !fault.Is(err, fault.Config) || !strings.Contains(err.Error(), "pending:load") {
		t.Errorf("under another plan: %v", err)
	}
	strict.Allow = []string{"pending:load"}
	h, err := strict.Hold(ctx, RoleLoad)
	if err != nil {
		t.Fatalf("told not to wait for pending loads: %v", err)
	}
	h.Release()

	pending, err := q.pending(ctx)
	if err != nil || len(pending) == 0 {
		t.Fatalf("the loader that died left %v, %v", pending, err)
	}
	if h, err = q.Hold(ctx, RoleLoad); err != nil {
		t.Fatal(err)
	}
	defer h.Release()
	var rows uint64
	if err := w.QueryRow(ctx, "SELECT count() FROM ods.quiet__measure", []any{&rows}); err != nil || rows == 0 {
		t.Errorf("%d rows of the pending loads, %v", rows, err)
	}
	if left, err := q.pending(ctx); err != nil || len(left) > 0 || h.Err() != nil {
		t.Errorf("left %v, %v, %v", left, err, h.Err())
	}
}
