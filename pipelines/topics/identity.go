package topics

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

const (
	// idVersion is the first version of Metadata that tells the IDs of topics
	// (KIP-516, Apache Kafka 2.8).
	idVersion = 10
	// fetchByID is the version of Fetch that names topics by their IDs and nothing
	// else (KIP-516, Apache Kafka 3.1).
	fetchByID = 13
)

// TopicIDs returns the ID of each topic as Kafka's own tools print it: two
// topics of one name, one created after the other was deleted, differ in it and
// in nothing else. A topic that does not exist is left out. Brokers older than
// 2.8 know no IDs; the answer is then empty.
func (c *Client) TopicIDs(ctx context.Context, topics ...string) (map[string]string, error) {
	out := map[string]string{}
	if len(topics) == 0 {
		return out, nil
	}
	err := c.retry(ctx, "reading the identity of topics", func(ctx context.Context) error {
		if ok, err := c.tellsIDs(ctx); err != nil || !ok {
			return err
		}
		var w writer
		c.request(&w, protocol.Metadata, idVersion)
		writeTopicIDs(&w, topics)
		e := &exchange{frame{key: protocol.Metadata, version: idVersion, parts: [][]byte{w.b}}, anyBroker}
		if err := c.trip(ctx, c.line, e, c.opts.request); err != nil {
			return err
		}
		clear(out)
		return parseTopicIDs(e.answer, c.line.throttledMS, func(topic, id string, err error) error {
			switch {
			case errors.Is(err, kafka.UnknownTopicOrPartition):
			case err != nil:
				return fmt.Errorf("topic %q: %w", topic, err)
			default:
				out[topic] = id
			}
			return nil
		})
	})
	return out, explain(err, "reading the identity of %d topics", len(topics))
}

func writeTopicIDs(w *writer, topics []string) {
	w.noTags() // of the header
	w.ccount(len(topics))
	for _, t := range topics {
		w.b = append(w.b, make([]byte, 16)...) // asked for by name
		w.cstr(t)
		w.noTags()
	}
	w.i8(0) // no automatic creation
	w.i8(0) // nor operations that we may do on the cluster
	w.i8(0) // or on the topics
	w.noTags()
}

func parseTopicIDs(answer []byte, throttled func(ms int32), each func(topic, id string, err error) error) error {
	r := reader{b: answer, flexible: true}
	r.tags()
	throttled(r.i32())
	for range r.count(11) {
		r.i32()
		r.text()
		r.i32()
		r.text()
		r.tags()
	}
	r.text() // cluster ID
	r.i32()  // controller
	for range r.count(26) {
		err := code(r.i16())
		name, id := string(r.text()), r.take(16)
		r.skip8()
		for range r.count(18) {
			r.i16()
			r.i32()
			r.i32()
			r.i32()
			for range 3 { // replicas, those in sync, those offline
				r.take(4 * r.count(4))
			}
			r.tags()
		}
		r.i32()
		r.tags()
		if r.err != nil {
			return r.err
		}
		if err := each(name, base64.RawURLEncoding.EncodeToString(id), err); err != nil {
			return err
		}
	}
	return r.err
}

// tellsIDs asks a broker which versions it speaks, until one has said yes.
func (c *Client) tellsIDs(ctx context.Context) (bool, error) {
	c.mu.Lock()
	known := c.ids
	c.mu.Unlock()
	if known {
		return true, nil
	}
	var w writer
	c.request(&w, protocol.ApiVersions, 0)
	e := &exchange{frame{key: protocol.ApiVersions, parts: [][]byte{w.b}}, anyBroker}
	if err := c.trip(ctx, c.line, e, c.opts.request); err != nil {
		return false, err
	}
	r := reader{b: e.answer}
	if err := code(r.i16()); err != nil {
		return false, err
	}
	byID := false
	for range r.count(6) {
		key, _, most := protocol.ApiKey(r.i16()), r.i16(), r.i16()
		known = known || key == protocol.Metadata && most >= idVersion
		byID = byID || key == protocol.Fetch && most >= fetchByID
	}
	c.mu.Lock()
	c.ids = known && r.err == nil
	c.byID = c.ids && byID
	c.mu.Unlock()
	return known, r.err
}
