package pipelines

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"rongtong/deploy/embedded/embeddedtest"
	"rongtong/schemas/fault"
)

// TestSecuredWarehouse: from the source into fused rows through encrypted
// connections, over each of the warehouse's protocols, with balanced books.
func TestSecuredWarehouse(t *testing.T) {
	s := embeddedtest.Secured(t, embeddedtest.Certificate{Names: []string{"127.0.0.1"}, NotAfter: time.Now().AddDate(1, 0, 0)})
	for system, address := range map[string]string{"tls_http": s.HTTPS + "&ca=" + s.CA, "tls_native": s.Native + "&ca=" + s.CA} {
		t.Run(system, func(t *testing.T) {
			catalog, streams, err := counterStreams(system)
			if err != nil {
				t.Fatal(err)
			}
			k, w := onEngines(t, embeddedtest.Broker(t), address, catalog, Topics(streams))
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan error, 2)
			go func() { ended <- (&Ingest{Kafka: k, Kinds: kinds(), Log: slog.Default()}).Run(ctx, streams) }()
			go func() {
				ended <- (&Loader{Kafka: k, Warehouse: w, Log: slog.Default(), Workers: 2, Group: "load." + system}).Run(ctx, streams)
			}()
			received := records + (records+twice-1)/twice
			var got uint64
			until(t, func() bool {
				return w.QueryRow(ctx, "SELECT sum(received) FROM ops.load FINAL WHERE topic = ?", []any{&got}, streams[0].Topic) == nil && got >= uint64(received)
			})
			stop()
			for range cap(ended) {
				if err := <-ended; err != nil && !fault.Is(err, fault.Transient) {
					t.Error(err)
				}
			}
			balanced(t, k, w, streams[0])
			if _, err := w.Fuse(t.Context(), catalog, "stat_fact"); err != nil {
				t.Error(err)
			}
			var fused uint64
			if err := w.QueryRow(t.Context(), "SELECT count() FROM dwd.stat_fact", []any{&fused}); err != nil || fused == 0 {
				t.Errorf("%d fused rows, %v", fused, err)
			}
		})
	}
}
