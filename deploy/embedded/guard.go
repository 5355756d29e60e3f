package embedded

import (
	"log/slog"
	"strings"
	"sync/atomic"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// guard stands between clients and the parts of the broker that lose data:
//   - compaction unlinks old segments before it has written the new ones, so a
//     crash in between loses every key: a topic with cleanup.policy=compact is
//     refused;
//   - a partition emptied to its end starts again at offset 0 after a restart,
//     and its readers then miss everything up to their old offset: a
//     DeleteRecords to the end is moved to the last record;
//   - broker settings that wake the broker's own cleaner are refused.
//
// While it holds, it also answers Produce with a retriable error.
type guard struct {
	cluster *kfake.Cluster
	holding atomic.Bool
}

const noCompaction = "this broker never compacts, because a crash while compacting loses the topic: use cleanup.policy=delete and delete records from the client"

func newGuard(c *kfake.Cluster) *guard {
	g := &guard{cluster: c}
	g.on(kmsg.CreateTopics, func(r kmsg.Request) kmsg.Response { return g.createTopics(r.(*kmsg.CreateTopicsRequest)) })
	g.on(kmsg.AlterConfigs, func(r kmsg.Request) kmsg.Response { return g.alterConfigs(r.(*kmsg.AlterConfigsRequest)) })
	g.on(kmsg.IncrementalAlterConfigs, func(r kmsg.Request) kmsg.Response {
		return g.incrementalAlterConfigs(r.(*kmsg.IncrementalAlterConfigsRequest))
	})
	g.on(kmsg.DeleteRecords, func(r kmsg.Request) kmsg.Response { return g.deleteRecords(r.(*kmsg.DeleteRecordsRequest)) })
	return g
}

// on installs a permanent check. A nil response lets the request pass on to
// the broker, changed as the check left it.
func (g *guard) on(key kmsg.Key, check func(kmsg.Request) kmsg.Response) {
	g.cluster.ControlKey(key.Int16(), func(r kmsg.Request) (kmsg.Response, error, bool) {
		g.cluster.KeepControl()
		resp := check(r)
		return resp, nil, resp != nil
	})
}

func compacts(name string, value *string) bool {
	return name == "cleanup.policy" && value != nil && strings.Contains(strings.ToLower(*value), "compact")
}

// createTopics refuses the whole request when one of its topics compacts: a
// request is answered by the broker or by the guard, never by both.
func (g *guard) createTopics(req *kmsg.CreateTopicsRequest) kmsg.Response {
	bad := make(map[string]bool)
	for _, t := range req.Topics {
		for _, c := range t.Configs {
			if compacts(c.Name, c.Value) {
				bad[t.Topic] = true
			}
		}
	}
	if len(bad) == 0 {
		return nil
	}
	resp := req.ResponseKind().(*kmsg.CreateTopicsResponse)
	for _, t := range req.Topics {
		rt := kmsg.NewCreateTopicsResponseTopic()
		rt.Topic, rt.ErrorCode = t.Topic, kerr.PolicyViolation.Code
		rt.ErrorMessage = kmsg.StringPtr(noCompaction)
		if !bad[t.Topic] {
			rt.ErrorMessage = kmsg.StringPtr("not created: another topic of the same request was refused")
		}
		resp.Topics = append(resp.Topics, rt)
	}
	return resp
}

// guarded reports why a setting of a resource may not change; empty if it may.
func guarded(kind kmsg.ConfigResourceType, name string, value *string) string {
	switch {
	case compacts(name, value):
		return noCompaction
	case kind == kmsg.ConfigResourceTypeBroker && (strings.HasPrefix(name, "log.") || strings.HasPrefix(name, "offset")):
		return "this setting belongs to the product: it would wake a cleaner that can empty a partition"
	}
	return ""
}

func (g *guard) alterConfigs(req *kmsg.AlterConfigsRequest) kmsg.Response {
	resp := req.ResponseKind().(*kmsg.AlterConfigsResponse)
	refused := false
	for _, r := range req.Resources {
		rr := kmsg.NewAlterConfigsResponseResource()
		rr.ResourceType, rr.ResourceName, rr.ErrorCode = r.ResourceType, r.ResourceName, kerr.PolicyViolation.Code
		for _, c := range r.Configs {
			if why := guarded(r.ResourceType, c.Name, c.Value); why != "" {
				rr.ErrorMessage, refused = kmsg.StringPtr(why), true
			}
		}
		resp.Resources = append(resp.Resources, rr)
	}
	if !refused {
		return nil
	}
	return resp
}

func (g *guard) incrementalAlterConfigs(req *kmsg.IncrementalAlterConfigsRequest) kmsg.Response {
	resp := req.ResponseKind().(*kmsg.IncrementalAlterConfigsResponse)
	refused := false
	for _, r := range req.Resources {
		rr := kmsg.NewIncrementalAlterConfigsResponseResource()
		rr.ResourceType, rr.ResourceName, rr.ErrorCode = r.ResourceType, r.ResourceName, kerr.PolicyViolation.Code
		for _, c := range r.Configs {
			if why := guarded(r.ResourceType, c.Name, c.Value); why != "" {
				rr.ErrorMessage, refused = kmsg.StringPtr(why), true
			}
		}
		resp.Resources = append(resp.Resources, rr)
	}
	if !refused {
		return nil
	}
	return resp
}

func (g *guard) deleteRecords(req *kmsg.DeleteRecordsRequest) kmsg.Response {
	for i := range req.Topics {
		t := &req.Topics[i]
		for k := range t.Partitions {
			p := &t.Partitions[k]
			info := g.cluster.PartitionInfo(t.Topic, p.Partition)
			if info == nil || info.HighWatermark == 0 {
				continue
			}
			// -1 is the protocol's word for "to the end".
			if p.Offset == -1 || p.Offset == info.HighWatermark {
				p.Offset = max(info.HighWatermark-1, info.LogStartOffset)
			}
		}
	}
	return nil
}

// hold makes the broker refuse new records, with an error that clients retry,
// until release. Consumers and commits go on, and that is what ends a hold.
func (g *guard) hold() {
	if g.holding.Swap(true) {
		return
	}
	g.cluster.ControlKey(kmsg.Produce.Int16(), func(r kmsg.Request) (kmsg.Response, error, bool) {
		if !g.holding.Load() {
			g.cluster.DropControl()
			return nil, nil, false
		}
		g.cluster.KeepControl()
		req := r.(*kmsg.ProduceRequest)
		resp := req.ResponseKind().(*kmsg.ProduceResponse)
		for _, t := range req.Topics {
			rt := kmsg.NewProduceResponseTopic()
			rt.Topic, rt.TopicID = t.Topic, t.TopicID
			for _, p := range t.Partitions {
				rp := kmsg.NewProduceResponseTopicPartition()
				rp.Partition, rp.ErrorCode, rp.BaseOffset = p.Partition, kerr.KafkaStorageError.Code, -1
				rp.ErrorMessage = kmsg.StringPtr("the broker's budget is used up by records that consumers have not read yet")
				rt.Partitions = append(rt.Partitions, rp)
			}
			resp.Topics = append(resp.Topics, rt)
		}
		return resp, nil, true
	})
	slog.Warn("broker refuses new records")
}

func (g *guard) release() {
	if g.holding.Swap(false) {
		slog.Info("broker accepts records again")
	}
}
