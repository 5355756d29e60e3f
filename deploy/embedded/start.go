package embedded

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"rongtong/schemas/fault"
)

// Options say how the engines of one machine run. Only Data is required.
type Options struct {
	Data          string   // folder of everything that must survive a restart
	Cache         string   // where the warehouse engine's library lies; empty means CacheDir
	Command       []string // starts this program's "engine" command; nil means the own executable and "engine"
	Env           []string // added to the environment of the children
	BrokerPort    int      // 0 means DefaultBrokerPort
	HTTPPort      int      // 0 means DefaultHTTPPort
	NativePort    int      // 0 means DefaultNativePort
	RetainBytes   int64    // see BrokerConfig
	NoSync        bool     // see BrokerConfig
	MemoryBytes   int64    // see WarehouseConfig
	Zone          string   // see WarehouseConfig
	Progress      Progress // of fetching the library; may be nil
	OnlyBroker    bool     // no warehouse, nothing fetched
	OnlyWarehouse bool     // no broker
}

// Engines are a running broker and warehouse. The rest of the program knows
// them by two addresses and cannot tell them from a cluster.
type Engines struct {
	Kafka     string // "127.0.0.1:19092"
	Warehouse string // "http://admin:${file:/…/admin.password}@127.0.0.1:18123"
	Native    string // "clickhouse://admin:${file:/…}@127.0.0.1:19000", the same server by its native protocol

	// Supervisor runs both; more children may be started on it, and they are
	// stopped before the engines.
	Supervisor *Supervisor

	http    int
	analyst string
}

// startFree is what the data folder must have free for a start to make sense.
const startFree = 512 << 20

// Start fetches what is missing, starts both engines and waits until they
// answer. On an error nothing is left running. The caller owns the result and
// calls Stop.
func Start(ctx context.Context, o Options) (*Engines, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.Data, 0o700); err != nil {
		return nil, diskErr(err, "making the data folder %q", o.Data)
	}
	if err := needFree(o.Data, startFree, "starting the engines"); err != nil {
		return nil, err
	}
	e := &Engines{Supervisor: NewSupervisor(), http: o.HTTPPort}
	if !o.OnlyWarehouse {
		err = e.startBroker(ctx, o)
	}
	if err == nil && !o.OnlyBroker {
		err = e.startWarehouse(ctx, o)
	}
	if err != nil {
		e.Stop()
		return nil, err
	}
	return e, nil
}

// Stop ends the warehouse, the broker and whatever else the Supervisor runs.
func (e *Engines) Stop() { e.Supervisor.Stop() }

func (o Options) withDefaults() (Options, error) {
	if o.Data == "" {
		return o, fault.New(fault.Config, "starting the engines: no data folder given")
	}
	abs, err := filepath.Abs(o.Data)
	if err != nil {
		return o, fault.New(fault.Config, "starting the engines in %q: %w", o.Data, err)
	}
	o.Data = abs
	if o.Command == nil {
		self, err := os.Executable()
		if err != nil {
			return o, fault.New(fault.Config, "finding the own executable: %w", err)
		}
		o.Command = []string{self, "engine"}
	}
	for port, def := range map[*int]int{&o.BrokerPort: DefaultBrokerPort, &o.HTTPPort: DefaultHTTPPort, &o.NativePort: DefaultNativePort} {
		if *port == 0 {
			*port = def
		}
	}
	return o, nil
}

func (o Options) child(name string, args ...string) Child {
	return Child{
		Name: name, Path: o.Command[0], Args: append(append(append([]string{}, o.Command[1:]...), name), args...),
		Env: o.Env, LogPath: filepath.Join(o.Data, "logs", name+".log"),
	}
}

func (e *Engines) startBroker(ctx context.Context, o Options) error {
	cfg := BrokerConfig{Data: filepath.Join(o.Data, "broker"), Port: o.BrokerPort}
	c := o.child("broker", "--data", cfg.Data, "--port", strconv.Itoa(cfg.Port),
		"--retain-bytes", strconv.FormatInt(cmp.Or(o.RetainBytes, DefaultRetainBytes), 10), "--no-sync="+strconv.FormatBool(o.NoSync))
	c.Ready = func(ctx context.Context) error { return ProbeBroker(ctx, cfg) }
	c.ReadyWithin = 3 * time.Minute // after a crash it reads its whole log, half a gigabyte a second
	if err := e.Supervisor.Start(ctx, c); err != nil {
		return fmt.Errorf("starting the broker: %w", err)
	}
	e.Kafka = "127.0.0.1:" + strconv.Itoa(cfg.Port)
	return nil
}

func (e *Engines) startWarehouse(ctx context.Context, o Options) error {
	lib, err := EnsureEngine(ctx, o.Cache, o.Progress)
	if err != nil {
		return err
	}
	cfg := WarehouseConfig{Data: filepath.Join(o.Data, "warehouse"), HTTPPort: o.HTTPPort}
	c := o.child("warehouse", "--data", cfg.Data, "--library", lib,
		"--http-port", strconv.Itoa(o.HTTPPort), "--native-port", strconv.Itoa(o.NativePort),
		"--memory-bytes", strconv.FormatInt(cmp.Or(o.MemoryBytes, DefaultMemoryBytes), 10), "--zone", cmp.Or(o.Zone, "Asia/Shanghai"))
	c.Ready = func(ctx context.Context) error { return Probe(ctx, cfg) }
	if err := e.Supervisor.Start(ctx, c); err != nil {
		return fmt.Errorf("starting the warehouse: %w", err)
	}
	secret := "admin:${file:" + filepath.Join(cfg.Data, adminFile) + "}@127.0.0.1:"
	e.Warehouse = "http://" + secret + strconv.Itoa(o.HTTPPort)
	e.Native = "clickhouse://" + secret + strconv.Itoa(o.NativePort)
	e.analyst = filepath.Join(cfg.Data, analystFile)
	return nil
}

// AnalystPage returns the address of the warehouse's query page, logged in as
// the read-only analyst, to paste into a browser on this machine. It contains
// the password: print it to the person at the terminal, never to a log.
func (e *Engines) AnalystPage() (string, error) {
	if e.analyst == "" {
		return "", fault.New(fault.Config, "making the address of the query page: the warehouse does not run")
	}
	password, err := secretFile(e.analyst)
	if err != nil {
		return "", err
	}
	q := url.Values{"user": {"analyst"}, "password": {password}}
	return fmt.Sprintf("http://127.0.0.1:%d/play?%s", e.http, q.Encode()), nil
}
