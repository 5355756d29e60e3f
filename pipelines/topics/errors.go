package topics

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/segmentio/kafka-go"

	"rongtong/schemas/fault"
)

// What callers tell apart. All of them are wrapped: use errors.Is.
var (
	// ErrFenced: a newer producer has the transactional ID, or the broker
	// aborted the transaction for its age and took the epoch away.
	ErrFenced = errors.New("fenced by a newer producer of the same transactional ID")
	// ErrAborted: the transaction had no effect and may be redone.
	ErrAborted = errors.New("the transaction was aborted and may be redone")
	// ErrOutcomeUnknown: whether the transaction took effect is not known here.
	ErrOutcomeUnknown = errors.New("the outcome of the transaction is not known")
	// ErrGenerationOver: the partitions belong to another member of the group.
	ErrGenerationOver = errors.New("the generation of the consumer group is over")
	// ErrNoTopic: the topic does not exist, and did not for a while.
	ErrNoTopic = errors.New("the topic does not exist")
	// ErrSpanGone: the rest of a span that is being read can never come.
	ErrSpanGone = errors.New("the rest of the span is gone")
	// ErrOffsetOutOfRange: the partition no longer, or not yet, has the offset.
	ErrOffsetOutOfRange = errors.New("the offset is outside of what the partition holds")
)

// OutOfRange is the error of a fetch from an offset that the partition does not
// have. errors.Is(err, ErrOffsetOutOfRange) is true of it.
type OutOfRange struct {
	Topic     string
	Partition int32
	Offset    int64
	// Held is what the partition holds, or the zero value if that is unknown.
	Held Bounds
}

func (e *OutOfRange) Error() string {
	return fmt.Sprintf("reading offset %d of %q partition %d: the partition holds offsets %d to %d",
		e.Offset, e.Topic, e.Partition, e.Held.First, e.Held.Last)
}

// Is makes errors.Is match the sentinel.
func (e *OutOfRange) Is(target error) bool { return target == ErrOffsetOutOfRange }

// verdict is what the table says of an error code.
type verdict uint8

const (
	fatal   verdict = iota // no retry helps
	again                  // the same request again, later
	reroute                // the same request again, to the broker that metadata names now
	grant                  // a person must grant a right or change a setting
	fenced                 // a newer producer epoch exists
	over                   // the group has moved on
	abort                  // the transaction must be aborted; a new one may succeed
)

// verdicts is the retry table. Codes that are absent are fatal.
var verdicts = map[kafka.Error]verdict{
	2:  again,   // corrupt on the wire: the broker saw a bad checksum
	3:  reroute, // unknown topic or partition: also for a moment after creation
	5:  reroute, // leader not available
	6:  reroute, // not leader
	7:  again,   // request timed out
	8:  again,   // broker not available
	9:  reroute, // replica not available
	10: grant,   // message too large
	12: grant,   // offset metadata too large
	13: again,   // network exception
	14: again,   // coordinator loading
	15: again,   // coordinator not available
	16: again,   // not coordinator
	19: again,   // not enough replicas
	20: again,   // not enough replicas after append
	22: over,    // illegal generation
	23: again,   // another protocol: the group is held, see Hold
	25: over,    // unknown member
	26: grant,   // session timeout outside of the broker's limits
	27: over,    // rebalance in progress
	29: grant,   // topic authorization
	30: grant,   // group authorization
	31: grant,   // cluster authorization
	33: grant,   // unsupported SASL mechanism
	34: grant,   // illegal SASL state
	41: again,   // not controller
	45: abort,   // out of order sequence
	46: abort,   // duplicate sequence: appended, at an offset we do not know
	47: fenced,  // invalid producer epoch
	48: abort,   // invalid transaction state
	49: abort,   // producer ID not assigned to the transactional ID any more
	50: grant,   // transaction timeout above the broker's limit
	51: again,   // concurrent transactions
	53: grant,   // transactional ID authorization
	56: again,   // storage error
	58: grant,   // SASL authentication
	59: abort,   // unknown producer ID
	65: grant,   // delegation token authorization
	67: grant,   // invalid principal
	72: again,   // listener not found
	74: reroute, // fenced leader epoch
	75: reroute, // unknown leader epoch
	78: again,   // offset not available
	81: grant,   // group max size
	82: over,    // fenced instance ID
	88: again,   // unstable offset commit
	89: again,   // throttling quota
	90: fenced,  // producer fenced

	100: reroute, // unknown topic ID: its topic is gone, or this broker does not know it yet
	103: reroute, // another topic has the name
}

// judge returns the verdict on any error of a round trip, and whether the error
// came from the network and not from an answer.
func judge(err error) (v verdict, network bool) {
	var code kafka.Error
	if errors.As(err, &code) {
		return verdicts[code], false
	}
	var header tls.RecordHeaderError
	var cert *tls.CertificateVerificationError
	var ca x509.UnknownAuthorityError
	if errors.As(err, &header) || errors.As(err, &cert) || errors.As(err, &ca) ||
		errors.Is(err, kafka.SASLAuthenticationFailed) || alerted(err) {
		return grant, true
	}
	if errors.Is(err, errShort) || errors.Is(err, ErrOffsetOutOfRange) {
		return fatal, false
	}
	if f := new(fault.Error); errors.As(err, &f) {
		if f.Class == fault.Transient {
			return again, true
		}
		return fatal, false
	}
	return again, true
}

// isMissing reports whether an answer says that there is no such topic, or that
// another one has its name.
func isMissing(err error) bool {
	return errors.Is(err, kafka.UnknownTopicOrPartition) || errors.Is(err, kafka.Error(100)) || errors.Is(err, kafka.Error(103))
}

// explain turns an error of a round trip into the error of this package: a
// gerund and a name in front, the class behind, a hint where a person can act.
func explain(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	if f := new(fault.Error); errors.As(err, &f) {
		return &fault.Error{Class: f.Class, Hint: "", Err: fmt.Errorf(format+": %w", append(args, err)...)}
	}
	v, network := judge(err)
	err = plain(err)
	class, hint := fault.Bug, ""
	switch v {
	case again, reroute, abort, over:
		class = fault.Transient
	case grant, fenced:
		class, hint = fault.Config, hintOf(err)
	}
	switch v {
	case fenced:
		err = fmt.Errorf("%w: %w", ErrFenced, err)
	case over:
		err = fmt.Errorf("%w: %w", ErrGenerationOver, err)
	}
	if network && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)) {
		hint = "the broker closed the connection: it was stopped, or it wants TLS, other credentials or a newer protocol"
	}
	return &fault.Error{Class: class, Hint: hint, Err: fmt.Errorf(format+": %w", append(args, err)...)}
}

// hintOf says what a person can do about a code of the verdict grant or fenced.
func hintOf(err error) string {
	var code kafka.Error
	if !errors.As(err, &code) {
		return "check the TLS settings and the credentials"
	}
	switch int(code) {
	case 10:
		return "raise max.message.bytes of the topic"
	case 12:
		return "raise offset.metadata.max.bytes of the broker"
	case 26:
		return "the session timeout must lie between the broker's group.min.session.timeout.ms and group.max.session.timeout.ms"
	case 29:
		return "grant the user Read, Write and Describe on the topic"
	case 30:
		return "grant the user Read on the consumer group"
	case 31:
		return "grant the user IdempotentWrite and Create on the cluster"
	case 33, 34, 58:
		return "check the SASL mechanism, the user and the password"
	case 50:
		return "raise transaction.max.timeout.ms of the broker or lower the transaction timeout"
	case 53:
		return "grant the user Write and Describe on the transactional ID"
	case 47, 90:
		return "only one process may ingest a stream: stop the other one, or let it go on"
	}
	return ""
}

// plain removes the prefixes that kafka-go puts before an error.
func plain(err error) error {
	for strings.HasPrefix(err.Error(), "kafka.(*Client)") {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
	return err
}

// code makes an error of an answer's error code; 0 is nil.
func code(c int16) error {
	if c == 0 {
		return nil
	}
	return kafka.Error(c)
}
