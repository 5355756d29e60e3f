package warehouse

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	ch "github.com/ClickHouse/ch-go"
	"github.com/ClickHouse/ch-go/proto"
	clickhouse "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/apache/arrow/go/v17/arrow"
)

// native inserts records by ClickHouse's own protocol over TCP. The client's
// batches would turn every value into a Go value first and allocate for most;
// here the columns of a record go to the socket from where they are, through the
// low-level half of the same client (ch-go). All methods may be called
// concurrently.
type native struct {
	opt ch.Options

	mu   sync.Mutex
	idle []*ch.Client // the last one used last; at most idleConns
}

// loadLimit is how long one insert may take. Without it a server that answers
// nothing would be waited for for ever.
const loadLimit = 10 * time.Minute

func newNative(opt *clickhouse.Options) *native {
	return &native{opt: ch.Options{
		Address: opt.Addr[0], Database: opt.Auth.Database, User: opt.Auth.Username, Password: opt.Auth.Password,
		DialTimeout: opt.DialTimeout, HandshakeTimeout: opt.DialTimeout, ReadTimeout: time.Second, // how often it looks whether it is still wanted
		ClientName: "rongtong", TLS: opt.TLS,
	}}
}

func (n *native) close() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, c := range n.idle {
		_ = c.Close()
	}
	n.idle = nil
}

func (n *native) take(ctx context.Context) (*ch.Client, error) {
	n.mu.Lock()
	if last := len(n.idle) - 1; last >= 0 {
		c := n.idle[last]
		n.idle = n.idle[:last]
		n.mu.Unlock()
		return c, nil
	}
	n.mu.Unlock()
	return ch.Dial(ctx, n.opt)
}

func (n *native) give(c *ch.Client) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.idle) >= idleConns || c.IsClosed() {
		_ = c.Close()
		return
	}
	n.idle = append(n.idle, c)
}

// insert sends the record as one block. It returns only when the record is no
// longer touched. The server converts: the statement reads the block through
// input(), in the record's own types, so that nulls become defaults and values
// that do not fit are refused exactly as they are over HTTP.
func (n *native) insert(ctx context.Context, into string, settings clickhouse.Settings, rows arrow.Record) error {
	ctx, cancel := context.WithTimeout(ctx, loadLimit)
	defer cancel()
	names, types := make([]string, rows.NumCols()), make([]string, rows.NumCols())
	sent, q := &sending{}, ch.Query{}
	for i := range names {
		name := rows.ColumnName(i)
		col, err := newNativeColumn(rows.Column(i), sent)
		if err != nil {
			return fmt.Errorf("%w: column %q: %w", errUnsendable, name, err)
		}
		names[i], types[i] = ident(name), ident(name)+" "+string(col.typ)
		q.Input = append(q.Input, proto.InputColumn{Name: name, Data: col})
	}
	list := strings.Join(names, ", ")
	q.Body = fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM input(%s) FORMAT Native", into, list, list, quote(strings.Join(types, ", ")))
	for k, v := range settings {
		q.Settings = append(q.Settings, ch.Setting{Key: k, Value: fmt.Sprint(v)})
	}
	c, err := n.take(ctx)
	if err != nil {
		return asException(err)
	}
	err = c.Do(ctx, q)
	if err == nil {
		err = sent.err
	}
	if err != nil && !ch.IsException(err) {
		// Of a connection that broke nobody knows what is under way on it, and
		// the others that lie idle are likely to have broken with it.
		_ = c.Close()
		n.close()
		return err
	}
	n.give(c)
	return asException(err)
}

// errUnsendable is a mistake of ours: a record of types that the protocol lacks.
var errUnsendable = errors.New("the record cannot be sent")

// asException makes what the server said an error of the client's other half, so
// that one place classifies both.
func asException(err error) error {
	var x *ch.Exception
	if !errors.As(err, &x) {
		return err
	}
	name := x.Code.String()
	if strings.HasPrefix(name, "Error(") {
		name = "" // newer than the client
	}
	return &clickhouse.Exception{Code: int32(x.Code), Name: x.Name, CodeName: name, Message: x.Message}
}
