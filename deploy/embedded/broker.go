package embedded

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"rongtong/schemas/fault"
)

// BrokerConfig says where a broker runs. Data and Port are required.
type BrokerConfig struct {
	Data         string        // folder of this broker alone; created when absent
	Port         int           // on loopback
	RetainBytes  int64         // what all partitions together may keep; 0 means DefaultRetainBytes
	SegmentBytes int64         // unit of deletion; 0 means 8 MiB or a 64th of RetainBytes, whichever is less
	NoSync       bool          // leave writes to the page cache: a power cut may lose acknowledged records
	SweepEvery   time.Duration // how often the janitor looks; 0 means 15 s

	// broken is told, before anybody has an answer, that a write to disk failed.
	// The process must end in it: see brokerLog.
	broken func(error)
}

// DefaultRetainBytes bounds memory as much as disk: after a crash the broker
// reads everything it retains into memory once.
const DefaultRetainBytes = 2 << 30

// never is a period the broker's own cleaner does not live to see.
const neverMillis = 100 * 365 * 24 * 3600 * 1000

// RunBroker runs a Kafka broker on loopback and blocks until ctx ends.
//
// Every write is synced before it is acknowledged, offset commits and
// transaction states included, unless NoSync is set: the broker knows one
// switch for all topics, and the control data (offsets, positions, fences)
// needs it. Topics are never created by being named, never compacted, and only
// the janitor deletes (see sweep for what it may delete).
func RunBroker(ctx context.Context, cfg BrokerConfig) error {
	if cfg.RetainBytes == 0 {
		cfg.RetainBytes = DefaultRetainBytes
	}
	if cfg.SegmentBytes == 0 {
		cfg.SegmentBytes = min(8<<20, max(cfg.RetainBytes/64, 1<<16))
	}
	if cfg.SweepEvery == 0 {
		cfg.SweepEvery = 15 * time.Second
	}
	lock, err := lockFolder("broker", cfg.Data)
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := roomToStart(cfg.Data); err != nil {
		return err
	}
	if err := portFree("kafka", cfg.Port, "--broker-port"); err != nil {
		return err
	}
	begun := time.Now()
	// No client is let in before the guard stands: the broker would accept from
	// the moment it has loaded.
	gate := make(chan struct{})
	listen := func(network, address string) (net.Listener, error) {
		ln, err := net.Listen(network, address)
		return gatedListener{ln, gate}, err
	}
	cluster, err := kfake.NewCluster(append(brokerOptions(cfg), kfake.ListenFn(listen))...)
	if err != nil {
		return fault.New(fault.Config, "starting the broker in %q: %w", cfg.Data, err)
	}
	defer cluster.Close()
	guard := newGuard(cluster)
	close(gate)
	debug.FreeOSMemory() // after a crash the load held all records at once
	slog.Info("broker ready", "port", cfg.Port, "loaded_in", time.Since(begun).Round(time.Millisecond).String())
	j := &janitor{cfg: cfg, cluster: cluster, guard: guard, dir: filepath.Join(cfg.Data, "log")}
	if err := j.run(ctx); err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("sweeping the broker's log: %w", err)
	}
	return nil
}

// gatedListener accepts nobody until its gate is closed.
type gatedListener struct {
	net.Listener
	gate <-chan struct{}
}

func (l gatedListener) Accept() (net.Conn, error) {
	<-l.gate
	return l.Listener.Accept()
}

func brokerOptions(cfg BrokerConfig) []kfake.Opt {
	opts := []kfake.Opt{
		kfake.NumBrokers(1),
		kfake.Ports(cfg.Port),
		kfake.ClusterID("rongtong-" + randomHex(8)), // kept from the first start on,
		kfake.DataDir(filepath.Join(cfg.Data, "log")),
		kfake.DefaultNumPartitions(1),
		kfake.GroupMinSessionTimeout(time.Second),
		kfake.WithLogger(brokerLog{cfg}),
		kfake.BrokerConfigs(map[string]string{
			"default.replication.factor":     "1",
			"log.retention.ms":               "-1",
			"log.retention.bytes":            "-1",
			"log.segment.bytes":              strconv.FormatInt(cfg.SegmentBytes, 10),
			"log.roll.ms":                    "604800000",
			"log.cleaner.backoff.ms":         strconv.FormatInt(neverMillis, 10),
			"offsets.retention.minutes":      strconv.FormatInt(neverMillis/60000, 10),
			"transactional.id.expiration.ms": strconv.FormatInt(neverMillis, 10),
		}),
	}
	if !cfg.NoSync {
		opts = append(opts, kfake.SyncWrites())
	}
	return opts
}

// roomToStart fails on a disk so full that the broker would stop again at once.
// It is no fault of the configuration: the supervisor tries again until there is room.
func roomToStart(dir string) error {
	free, err := freeBytes(dir)
	if err != nil {
		return diskErr(err, "measuring the free space of %q", dir)
	}
	if free < minFreeBytes/8 {
		return fault.Hint(fault.Transient, "free some space, and it goes on by itself",
			"starting the broker in %q: the disk is full: %d MB are free, %d MB are needed", dir, free>>20, minFreeBytes>>23)
	}
	return nil
}

// brokerLog passes the broker's warnings on. Its info level is one line per
// request, which nobody reads.
//
// A write that failed is also only a warning of the broker, which would go on
// with a log that is not what it has told its clients. It says so before it
// answers, so the process ends right there: what was acknowledged is on disk, and
// what was half written is cut off at the next start.
type brokerLog struct{ cfg BrokerConfig }

func (l brokerLog) Logf(level kfake.LogLevel, format string, args ...any) {
	if strings.HasPrefix(format, "persist ") && l.cfg.broken != nil {
		err, _ := args[len(args)-1].(error)
		l.cfg.broken(diskErr(err, "writing the broker's log in %q", l.cfg.Data))
	}
	switch level {
	case kfake.LogLevelError:
		slog.Error("broker: " + fmt.Sprintf(format, args...))
	case kfake.LogLevelWarn:
		slog.Warn("broker: " + fmt.Sprintf(format, args...))
	}
}

// ProbeBroker asks the broker on cfg.Port who it is. A nil error means that
// the broker which owns cfg.Data answers there. Only Data and Port are read.
func ProbeBroker(ctx context.Context, cfg BrokerConfig) error {
	var meta struct {
		ClusterID string `json:"cluster_id"`
	}
	b, err := os.ReadFile(filepath.Join(cfg.Data, "log", "meta.json"))
	if err == nil {
		err = json.Unmarshal(b, &meta)
	}
	if err != nil {
		return fault.New(fault.Transient, "reading the identity of the broker in %q: %w", cfg.Data, err)
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(fmt.Sprintf("127.0.0.1:%d", cfg.Port)), kgo.RetryTimeout(time.Second))
	if err != nil {
		return fault.Mark(fault.Bug, err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	found, err := kadm.NewClient(client).BrokerMetadata(ctx)
	if err != nil {
		return fault.New(fault.Transient, "asking the broker on port %d who it is: %w", cfg.Port, err)
	}
	if found.Cluster != meta.ClusterID {
		return fault.New(fault.Config, "asking the broker on port %d who it is: another broker answers there", cfg.Port)
	}
	return nil
}
