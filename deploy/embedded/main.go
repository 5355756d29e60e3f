package embedded

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"

	"rongtong/deploy/lifeline"
	"rongtong/schemas/fault"
)

// Exit codes of the children. A child that ends with exitConfig would end the
// same way again, so the supervisor does not restart it. 2 is none of them: Go's
// runtime ends a process with it that panicked, and that one is worth a restart.
const (
	exitOK     = 0
	exitFailed = 1
	exitConfig = 78 // EX_CONFIG of sysexits.h
)

// WarehouseMain is the body of the hidden command "engine warehouse". It
// returns the exit code of the process.
func WarehouseMain(args []string) int {
	ctx := lifeline.Watch(context.Background())
	fs := flag.NewFlagSet("engine warehouse", flag.ContinueOnError)
	var cfg WarehouseConfig
	fs.StringVar(&cfg.Data, "data", "", "folder of the engine")
	fs.StringVar(&cfg.Library, "library", "", "path of libchdb.so")
	fs.IntVar(&cfg.HTTPPort, "http-port", DefaultHTTPPort, "HTTP port on loopback")
	fs.IntVar(&cfg.NativePort, "native-port", DefaultNativePort, "native port on loopback")
	fs.Int64Var(&cfg.MemoryBytes, "memory-bytes", DefaultMemoryBytes, "memory of all queries together")
	fs.StringVar(&cfg.Zone, "zone", "Asia/Shanghai", "time zone of the server")
	if err := fs.Parse(args); err != nil {
		return exitConfig
	}
	return exitCode(RunWarehouse(ctx, cfg))
}

// BrokerMain is the body of the hidden command "engine broker". It returns the
// exit code of the process.
func BrokerMain(args []string) int {
	ctx := lifeline.Watch(context.Background())
	fs := flag.NewFlagSet("engine broker", flag.ContinueOnError)
	var cfg BrokerConfig
	fs.StringVar(&cfg.Data, "data", "", "folder of the broker")
	fs.IntVar(&cfg.Port, "port", DefaultBrokerPort, "port on loopback")
	fs.Int64Var(&cfg.RetainBytes, "retain-bytes", DefaultRetainBytes, "what all partitions together may keep")
	fs.Int64Var(&cfg.SegmentBytes, "segment-bytes", 0, "unit of deletion; 0 chooses")
	fs.DurationVar(&cfg.SweepEvery, "sweep-every", 0, "how often the janitor looks; 0 chooses")
	fs.BoolVar(&cfg.NoSync, "no-sync", false, "leave writes to the page cache")
	if err := fs.Parse(args); err != nil {
		return exitConfig
	}
	cfg.broken = func(err error) { os.Exit(exitCode(fault.Mark(fault.Transient, err))) }
	return exitCode(RunBroker(ctx, cfg))
}

// Main dispatches the hidden command "engine": args are the words after it.
func Main(args []string) int {
	if len(args) > 0 {
		switch args[0] {
		case "broker":
			return BrokerMain(args[1:])
		case "warehouse":
			return WarehouseMain(args[1:])
		}
	}
	fmt.Fprintln(os.Stderr, "engine: name one of broker, warehouse")
	return exitConfig
}

// exitCode says err on standard error, which is the child's log, as its last
// line: the supervisor repeats it to the person who started it.
func exitCode(err error) int {
	if err == nil || errors.Is(err, context.Canceled) {
		return exitOK
	}
	fmt.Fprintln(os.Stderr, err)
	if fault.Is(err, fault.Config) {
		return exitConfig
	}
	return exitFailed
}

// Default ports of the embedded engines, all on loopback. They stay clear of
// the ports of a Kafka or ClickHouse installed on the same machine.
const (
	DefaultBrokerPort = 19092
	DefaultNativePort = 19000
	DefaultHTTPPort   = 18123
)
