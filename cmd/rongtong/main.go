// Command rongtong integrates the records of five tiers of government into one
// theme database. See README.md; `rongtong --help` lists the verbs.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	_ "time/tzdata" // Asia/Shanghai must be right on a machine without zone files

	"github.com/spf13/cobra"

	"rongtong/deploy/embedded"
	"rongtong/deploy/lifeline"
	"rongtong/deploy/sandbox"
	"rongtong/pipelines/control"
	"rongtong/pipelines/telemetry"
	"rongtong/schemas/fault"
	"rongtong/schemas/pii"
)

// version is set by the build.
var version = "dev"

// Exit codes, a contract for scripts; `rongtong --help` repeats them.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitProblems    = 3 // declarations, or a sample, are wrong
	exitUnreachable = 4 // a server did not answer; trying again may help
	exitDifferent   = 5 // the demo's result differs from the truth, or books do not balance
	exitLate        = 6 // up was told to stop and did not in time; what was under way is repeated
	exitInterrupted = 130
)

const exitHelp = `Exit codes:
  0  done
  1  something went wrong; the message says what
  2  the command line is wrong
  3  declarations, or the records of a sample, have problems; each is listed with file and line
  4  Kafka or the warehouse did not answer; trying again may help
  5  the demo's result differs from the known truth
  6  up was told to stop and did not reach a boundary in time; what was under way is repeated later
  130  interrupted`

// errDifferent makes the demo's verdict an exit code.
var errDifferent = errors.New("the result differs from the truth")

func main() { os.Exit(run(os.Args[1:])) }

// run is main with an exit code, so that script tests can call it.
func run(args []string) int {
	control.Version = version
	// The hidden entries of child processes come before everything else: they
	// own their flags and their signals.
	if len(args) > 1 && args[0] == "engine" && args[1] != "fetch" && !strings.HasPrefix(args[1], "-") {
		return embedded.Main(args[1:])
	}
	if len(args) > 0 && args[0] == "sandbox" {
		return sandbox.Main(args[1:])
	}
	ctx := lifeline.Watch(context.Background())
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	forced()
	root := newRoot()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	return exitCode(ctx, err)
}

// forced ends the process at once on the second signal: the first asks it to stop
// at a boundary. Whatever is cut short is repeated later.
func forced() {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		<-signals
		fmt.Fprintln(os.Stderr, "rongtong: stopped at once, as the second signal asks")
		os.Exit(exitInterrupted)
	}()
}

func exitCode(ctx context.Context, err error) int {
	var problems *control.ProblemsError
	var usage *usageError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &problems):
		printProblems(os.Stderr, problems.Problems)
		return exitProblems
	case errors.Is(err, errSample):
		return exitProblems
	case errors.Is(err, errDifferent):
		return exitDifferent
	case errors.Is(err, errChanges):
		return exitChanges
	case errors.Is(err, control.ErrLate):
		printError(err)
		return exitLate
	case ctx.Err() != nil:
		return exitInterrupted
	case errors.As(err, &usage):
		printError(err)
		return exitUsage
	}
	printError(err)
	if fault.Is(err, fault.Transient) {
		return exitUnreachable
	}
	return exitFailed
}

// printError prints an error as a log would: without identifiers, which an
// engine's or a source's own words may hold.
func printError(err error) { fmt.Fprintln(pii.Writer{W: os.Stderr}, "rongtong:", err) }

// usageError is a mistake on the command line.
type usageError struct{ error }

// common are the flags of every verb that talks to the pipeline.
type common struct {
	kafka               kafkaFlags
	warehouse, overlay  string
	keys                string
	notify              string
	logFormat, logLevel string
	json                bool
}

func (c *common) options() control.Options {
	return control.Options{Kafka: c.kafka.brokers, Security: c.kafka.security, Warehouse: c.warehouse, Overlay: c.overlay, Keys: c.keys, Notify: c.notify, Log: c.log()}
}

func (c *common) log() *slog.Logger {
	var level slog.Level
	if level.UnmarshalText([]byte(c.logLevel)) != nil {
		level = slog.LevelInfo
	}
	o := &slog.HandlerOptions{Level: level}
	if c.logFormat == "json" {
		return slog.New(telemetry.Handler{Handler: slog.NewJSONHandler(pii.Writer{W: os.Stderr}, o)})
	}
	return slog.New(telemetry.Handler{Handler: slog.NewTextHandler(pii.Writer{W: os.Stderr}, o)})
}

// checkLog refuses what log would silently read as something else.
func (c *common) checkLog() error {
	if c.logFormat != "text" && c.logFormat != "json" {
		return &usageError{fmt.Errorf("--log-format is text or json, not %q", c.logFormat)}
	}
	if new(slog.Level).UnmarshalText([]byte(c.logLevel)) != nil {
		return &usageError{fmt.Errorf("--log-level is debug, info, warn or error, not %q", c.logLevel)}
	}
	return nil
}

func newRoot() *cobra.Command {
	c := &common{}
	root := &cobra.Command{
		Use:           "rongtong",
		Short:         "融通: five tiers of government records in one theme database",
		Long:          "rongtong (融通) moves the records of province, city, county, township and village systems\nthrough Kafka and Arrow into a ClickHouse theme database: one row per real thing, every figure traceable.\n\n" + exitHelp,
		SilenceErrors: true, SilenceUsage: true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.PersistentPreRunE = func(*cobra.Command, []string) error { return c.checkLog() }
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return &usageError{fmt.Errorf("%w; see %s --help", err, cmd.CommandPath())}
	})
	f := root.PersistentFlags()
	c.kafka.register(f)
	f.StringVar(&c.warehouse, "warehouse", os.Getenv("RONGTONG_WAREHOUSE"), "ClickHouse, http://user:${file:/path}@host:port, or clickhouse://… by its own protocol; encrypted: https://… or …?secure=true, with ca=FILE ($RONGTONG_WAREHOUSE)")
	f.StringVar(&c.keys, "keys", os.Getenv("RONGTONG_KEYS"), "keys of pseudonyms: /path, env:NAME or command:program ($RONGTONG_KEYS)")
	f.StringVar(&c.notify, "notify", os.Getenv("RONGTONG_NOTIFY"), "file of notifications by webhook ($RONGTONG_NOTIFY)")
	f.StringVar(&c.overlay, "declarations", os.Getenv("RONGTONG_DECLARATIONS"), "folder of declarations that add to or replace the shipped ones ($RONGTONG_DECLARATIONS)")
	f.StringVar(&c.logFormat, "log-format", "text", "text or json")
	f.StringVar(&c.logLevel, "log-level", "info", "debug, info, warn or error")
	f.BoolVar(&c.json, "json", false, "print for a machine")
	root.AddCommand(
		demoCmd(), upCmd(c), statusCmd(c), runsCmd(c), lagCmd(c), topCmd(c), notifyCmd(c), doctorCmd(c), versionCmd(c), engineCmd(),
		checkCmd(c), planDeclarationsCmd(c), applyDeclarationsCmd(c), rollbackCmd(c), declarationsCmd(c), schemaCmd(c), coverageCmd(c), divisionCmd(c), viewsCmd(c),
		scheduleCmd(c), jobCmd(c),
		queryCmd(c), whyCmd(c), lineageCmd(c), qualityCmd(c), reviewCmd(c), rejectsCmd(c), replayCmd(c), reprocessCmd(c), backfillCmd(c), offsetsCmd(c),
		connectCmd(c), feedCmd(c), keysCmd(c), benchCmd(c),
	)
	arrange(root)
	return root
}
