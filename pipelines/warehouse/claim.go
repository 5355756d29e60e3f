package warehouse

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"

	"rongtong/schemas"
)

// A claim and its deliveries. What a source claims is one thing, what a delivery
// adds to it another: when it reached us, and where it lies in Kafka and in its
// file. A source that delivers everything every day says the same thing again, and
// we have known it since the first day; a source that says another thing under the
// same version corrects itself, and both stay.
//
// So the order key of std.<entity> ends with the claim's content, a hash over what
// is claimed, and the engine folds the deliveries of one content into one row:
//
//	arrived_at     the earliest arrival
//	last_delivery  the latest one: time of arrival, offset and partition in one
//	               number, so that the three belong together
//	loaded_at      the latest time at which one was inserted
//	kafka_partition, kafka_offset, place
//	               those of the delivery that was loaded first
//
// The content is worked out where a row is inserted and is never copied to another
// table, so that it follows the declaration. Where pseudonyms are brought over to
// another key it stays as it was (an order key cannot change): delivered again, such
// a claim is one more of the same values, and what was known when stays as it was.
//
// All other columns follow from the key, so that it does not matter of which
// delivery the engine takes them. Folding is a minimum and a maximum: the order and
// repetition of loads and merges change nothing.
const (
	contentColumn  = "content"
	deliveryColumn = "last_delivery"
)

// delivered are the columns that a delivery decides. The topic is in the order key
// beside the content: the streams of a system that bring one claim are told apart,
// and each has books of its own.
var delivered = []string{"arrived_at", "kafka_topic", "kafka_partition", "kafka_offset", "place"}

// deliveries adds to the table of an entity's claims what it knows of content and
// deliveries.
func (o *object) deliveries(e *schemas.Entity) {
	o.column("arrived_at").typ = "SimpleAggregateFunction(min, " + o.column("arrived_at").typ + ")"
	o.column("arrived_at").comment = "首次到达时间"
	content := contentOf(e)
	o.columns = append(o.columns,
		column{contentColumn, "UInt64", "", fmt.Sprintf("主张内容的散列 [%s]", fingerprint(content))},
		column{deliveryColumn, "SimpleAggregateFunction(max, UInt128)", "ZSTD(1)", "最近一次送达：到达时间、位点、分区"},
		column{"loaded_at", "SimpleAggregateFunction(max, DateTime('UTC'))", "Delta(4), ZSTD(1)", "最近一次入库时间"},
		column{"last_arrived_at", "DateTime64(3, 'UTC')", "", "最近一次到达时间"},
		column{"last_kafka_partition", "UInt16", "", "最近一次送达的分区"},
		column{"last_kafka_offset", "UInt64", "", "最近一次送达的位点"})
	o.computed = map[string]string{
		contentColumn:          "DEFAULT " + content,
		deliveryColumn:         "DEFAULT " + earliest,
		"loaded_at":            "DEFAULT now()",
		"last_arrived_at":      "ALIAS fromUnixTimestamp64Milli(toInt64(bitShiftRight(" + deliveryColumn + ", 80)), 'UTC')",
		"last_kafka_partition": "ALIAS toUInt16(bitAnd(" + deliveryColumn + ", 65535))",
		"last_kafka_offset":    "ALIAS toUInt64(bitAnd(bitShiftRight(" + deliveryColumn + ", 16), 18446744073709551615))",
	}
}

// deliveryOf puts a delivery into one number that is greater for a later one.
func deliveryOf(arrived, offset, partition string) string {
	return fmt.Sprintf("bitShiftLeft(toUInt128(toUnixTimestamp64Milli(%s)), 80) + bitShiftLeft(toUInt128(%s), 16) + %s", arrived, offset, partition)
}

// earliest is the first delivery of a claim, as its last one is kept.
var earliest = deliveryOf("arrived_at", "kafka_offset", "kafka_partition")

// deliveredBy is greater than every delivery that had arrived at a moment.
func deliveredBy(moment string) string {
	return fmt.Sprintf("bitShiftLeft(toUInt128(toUnixTimestamp64Milli(%s) + 1), 80)", moment)
}

// contentOf is the hash of what is claimed: a sum over the columns, each multiplied
// by a number of its own name. A column without a value adds nothing, so that a
// column declared later leaves the content of the claims that are there as it was.
func contentOf(e *schemas.Entity) string {
	var sum []string
	for _, c := range schemas.StdColumns(e) {
		if e.IsKey(c.Name) || c.Name == "src_system" || c.Name == "version" || slices.Contains(delivered, c.Name) {
			continue
		}
		hash := "cityHash64(" + ident(c.Name) + ")"
		switch {
		case c.Type.Collection():
			hash = fmt.Sprintf("if(empty(%s), 0, %s)", ident(c.Name), hash)
		case c.Nullable:
			hash = "ifNull(" + hash + ", 0)"
		}
		sum = append(sum, fmt.Sprintf("%s * %d", hash, xxhash.Sum64String(c.Name)|1))
	}
	return strings.Join(sum, " + ")
}

// claimsAsKnown selects the claims that were known at a moment, as they were known: the
// latest delivery is the last one that had arrived by then, as far as that is kept.
// A claim that was delivered several times counts from its first arrival, and from
// its last one once that has come; of the ones between nothing is kept.
//
// keys is a condition about the key alone, so that only the claims about those
// things are folded; condition is about the claims.
func claimsAsKnown(e *schemas.Entity, moment, keys, condition string) string {
	if keys != "" {
		keys = " PREWHERE " + keys
	}
	return fmt.Sprintf("SELECT * REPLACE (if(%[1]s < %[2]s, %[1]s, %[3]s) AS %[1]s) FROM std.%[4]s FINAL%[7]s WHERE arrived_at <= %[5]s AND %[6]s",
		deliveryColumn, deliveredBy(moment), earliest, ident(e.Entity), moment, condition, keys)
}
