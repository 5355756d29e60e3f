//go:build apachekafka

package control

import (
	"testing"

	"rongtong/deploy/testservers/apachekafka"
)

// TestApacheHotApply is TestHotApply on Apache Kafka.
func TestApacheHotApply(t *testing.T) {
	hotApply(t, newHouseOn(t, apachekafka.Start(t).Plain))
}
