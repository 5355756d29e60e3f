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

// On Apache Kafka, too, a topic that is gone stops its own stream only, and a group that
// was deleted is no reason to load anything twice.
func TestApacheAbsentTopic(t *testing.T) {
	absentTopic(t, apachekafka.Start(t).Plain, "absent_apache")
}

func TestApacheExpiredOffsets(t *testing.T) {
	expiredOffsets(t, apachekafka.Start(t).Plain, "expired_apache")
}
