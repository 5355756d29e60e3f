package topics

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"rongtong/schemas/fault"
)

// everything does each kind of request once.
func everything(ctx context.Context, c *Client, id string) error {
	return everythingOn(ctx, c, id, "a", "g")
}

func everythingOn(ctx context.Context, c *Client, id, topic, group string) error {
	p, err := c.Producer(ctx, id, topic)
	if err != nil {
		return err
	}
	defer p.Close()
	txn := p.Begin()
	txn.Append(topic, 0, Record{Value: []byte("x")})
	if err := txn.SavePosition(ctx, topic, group, topic, []byte("1")); err != nil {
		return err
	}
	if err := txn.Commit(ctx); err != nil {
		return err
	}
	if _, err := c.LoadPosition(ctx, topic, group, topic); err != nil {
		return err
	}
	ends, err := c.Ends(ctx, topic)
	if err != nil {
		return err
	}
	f := c.Fetcher(topic, 0, 0, FetchOptions{ReadCommitted: true})
	return f.Span(ctx, 0, ends[topic][0].Last, func(*FetchedRecord) error { return nil })
}

// TestRetryTable gives each request each answer that real brokers give now and
// then and the embedded one never does.
func TestRetryTable(t *testing.T) {
	cl, addrs := cluster(t)
	c := dial(t, addrs)
	ensure(t, c, Topic{Name: "a", Partitions: 1})
	for _, tt := range []struct {
		key  kmsg.Key
		errs []*kerr.Error
	}{
		{kmsg.InitProducerID, []*kerr.Error{kerr.CoordinatorLoadInProgress, kerr.CoordinatorNotAvailable, kerr.NotCoordinator, kerr.ConcurrentTransactions}},
		{kmsg.AddPartitionsToTxn, []*kerr.Error{kerr.CoordinatorLoadInProgress, kerr.CoordinatorNotAvailable, kerr.NotCoordinator, kerr.ConcurrentTransactions, kerr.UnknownTopicOrPartition}},
		{kmsg.AddOffsetsToTxn, []*kerr.Error{kerr.NotCoordinator, kerr.ConcurrentTransactions}},
		{kmsg.TxnOffsetCommit, []*kerr.Error{kerr.CoordinatorLoadInProgress, kerr.NotCoordinator, kerr.UnknownTopicOrPartition}},
		{kmsg.EndTxn, []*kerr.Error{kerr.CoordinatorNotAvailable, kerr.NotCoordinator, kerr.ConcurrentTransactions}},
		{kmsg.Produce, []*kerr.Error{kerr.UnknownTopicOrPartition, kerr.LeaderNotAvailable, kerr.NotLeaderForPartition, kerr.RequestTimedOut, kerr.NotEnoughReplicas, kerr.NotEnoughReplicasAfterAppend, kerr.CorruptMessage}},
		{kmsg.Fetch, []*kerr.Error{kerr.NotLeaderForPartition, kerr.UnknownTopicOrPartition, kerr.KafkaStorageError}},
		{kmsg.ListOffsets, []*kerr.Error{kerr.NotLeaderForPartition, kerr.LeaderNotAvailable}},
		{kmsg.OffsetFetch, []*kerr.Error{kerr.CoordinatorLoadInProgress, kerr.NotCoordinator}},
		{kmsg.FindCoordinator, []*kerr.Error{kerr.CoordinatorNotAvailable}},
	} {
		for i, e := range tt.errs {
			t.Run(tt.key.Name()+" "+e.Message, func(t *testing.T) {
				h := cl.Fault(kfake.Fault{Keys: []kmsg.Key{tt.key}, Err: e, TopLevel: tt.key == kmsg.FindCoordinator})
				defer h.Remove()
				if err := everything(ctxFor(t), c, fmt.Sprint(tt.key, i)); err != nil {
					t.Error(err)
				}
				if h.Hits() == 0 {
					t.Error("the fault was never met")
				}
			})
		}
	}
}

// TestRights: missing rights are for a person to grant and are not retried.
func TestRights(t *testing.T) {
	cl, addrs := cluster(t)
	c := dial(t, addrs)
	ensure(t, c, Topic{Name: "a", Partitions: 1})
	for i, tt := range []struct {
		key kmsg.Key
		err *kerr.Error
	}{
		{kmsg.Produce, kerr.TopicAuthorizationFailed},
		{kmsg.Fetch, kerr.TopicAuthorizationFailed},
		{kmsg.OffsetFetch, kerr.GroupAuthorizationFailed},
		{kmsg.TxnOffsetCommit, kerr.GroupAuthorizationFailed},
		{kmsg.InitProducerID, kerr.TransactionalIDAuthorizationFailed},
		{kmsg.InitProducerID, kerr.ClusterAuthorizationFailed},
	} {
		h := cl.Fault(kfake.Fault{Keys: []kmsg.Key{tt.key}, Err: tt.err, Count: -1})
		err := everything(ctxFor(t), c, fmt.Sprint("rights", i))
		h.Remove()
		if !fault.Is(err, fault.Config) || !strings.Contains(err.Error(), "grant the user") {
			t.Errorf("%s: %v %v", tt.err.Message, fault.Of(err), err)
		}
	}
}

// flaky is a listener whose next answer can be lost together with its connection.
type flaky struct {
	net.Listener
	lose *atomic.Bool
}

type flakyConn struct {
	net.Conn
	lose *atomic.Bool
}

func (f flaky) Accept() (net.Conn, error) {
	c, err := f.Listener.Accept()
	return flakyConn{c, f.lose}, err
}

func (f flakyConn) Write(b []byte) (int, error) {
	if f.lose.CompareAndSwap(true, false) {
		f.Conn.Close()
		return 0, errors.New("lost")
	}
	return f.Conn.Write(b)
}

// TestLostAnswers loses the answer to a commit, after and before it was done:
// Commit must say the truth in both cases.
func TestLostAnswers(t *testing.T) {
	var lose atomic.Bool
	cl, addrs := cluster(t, kfake.ListenFn(func(network, address string) (net.Listener, error) {
		l, err := net.Listen(network, address)
		return flaky{l, &lose}, err
	}))
	ctx, c := ctxFor(t), dial(t, addrs)
	ensure(t, c, Topic{Name: "a", Partitions: 1})
	p := producer(t, c, "one", "a")
	endTxn := int16(kmsg.EndTxn)
	after := func() {
		cl.ControlKey(endTxn, func(r kmsg.Request) (kmsg.Response, error, bool) {
			if r.(*kmsg.EndTxnRequest).Commit {
				lose.Store(true)
				cl.DropControl()
			}
			return nil, nil, false
		})
	}
	before := func() {
		cl.ControlKey(endTxn, func(r kmsg.Request) (kmsg.Response, error, bool) {
			return nil, errors.New("closed"), true
		})
	}
	var want []string
	for i := range 10 {
		v := fmt.Sprint("row ", i)
		txn := p.Begin()
		txn.Append("a", 0, Record{Value: []byte(v)})
		must(t, txn.SavePosition(ctx, "a", "g", "a", []byte(v)))
		done := i%2 == 0
		if done {
			after()
			want = append(want, v)
		} else {
			before()
		}
		err := txn.Commit(ctx)
		if done && err != nil {
			t.Fatalf("a commit that happened: %v", err)
		}
		if !done && !errors.Is(err, ErrAborted) {
			t.Fatalf("a commit that did not happen: %v", err)
		}
		if got := values(t, c, "a", 0); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("%q, want %q", got, want)
		}
		if pos, err := c.LoadPosition(ctx, "a", "g", "a"); err != nil || string(pos) != want[len(want)-1] {
			t.Fatalf("position %q, %v", pos, err)
		}
	}
	txn := p.Begin()
	txn.Append("a", 0, Record{Value: []byte("without an offset")})
	after()
	if err := txn.Commit(ctx); !errors.Is(err, ErrOutcomeUnknown) || !fault.Is(err, fault.Transient) {
		t.Fatalf("nothing to compare: %v", err)
	}
}
