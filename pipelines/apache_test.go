//go:build apachekafka

package pipelines

import (
	"testing"

	"rongtong/deploy/testservers/apachekafka"
)

// TestApacheKillIngestAndLoad is TestKillIngestAndLoad on Apache Kafka, whose
// broker is killed with SIGKILL as well: between two ingests and between two
// loaders.
func TestApacheKillIngestAndLoad(t *testing.T) {
	b := apachekafka.Start(t)
	n := 0
	killIngestAndLoad(t, b.Plain, "killed_apache", func() {
		if n++; n%6 != 3 {
			return
		}
		b.Kill()
		if err := b.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}
