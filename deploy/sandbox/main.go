package sandbox

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"rongtong/deploy/lifeline"
	"rongtong/deploy/sandbox/world"
)

const usage = `rongtong sandbox up: a province's source systems, simulated

  rongtong sandbox up --dir DIR [--seed N] [--scale full|small] [--kafka HOST:PORT]
      [--gateway HOST:PORT] [--sftp HOST:PORT] [--push HOST:PORT] [--receipts HOST:PORT]

Writes DIR/sandbox.env (settings for a pipeline that reads these systems) and
DIR/progress.json (every second), prints the path of the first, and stays until
SIGTERM or SIGINT. Exit codes: 0 stopped, 1 could not start, 2 wrong usage.
`

// Main is the command line: "up" and its flags. It returns the exit code.
func Main(args []string) int {
	if len(args) == 0 || args[0] != "up" {
		fmt.Fprint(os.Stderr, usage)
		return 2
	}
	var o Options
	flags := flag.NewFlagSet("sandbox up", flag.ContinueOnError)
	flags.Usage = func() { fmt.Fprint(os.Stderr, usage) }
	flags.StringVar(&o.Dir, "dir", "", "folder of the sandbox")
	flags.Uint64Var(&o.Seed, "seed", 1, "the world's seed")
	scale := flags.String("scale", "full", "full or small")
	flags.StringVar(&o.Kafka, "kafka", "", "broker with the return flow")
	flags.StringVar(&o.GatewayListen, "gateway", "", "address of the REST gateway")
	flags.StringVar(&o.SFTPListen, "sftp", "", "address of the SFTP server")
	flags.StringVar(&o.PushListen, "push", "", "where the pipeline takes forms")
	flags.StringVar(&o.ReceiptListen, "receipts", "", "where the pipeline takes receipts")
	if err := flags.Parse(args[1:]); err != nil {
		return 2
	}
	var err error
	if o.Scale, err = world.ScaleByName(*scale); err != nil || o.Dir == "" || flags.NArg() > 0 {
		fmt.Fprint(os.Stderr, usage)
		return 2
	}
	o.Log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	ctx := lifeline.Watch(context.Background())
	s, err := Start(ctx, o)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(s.EnvFile())
	s.report(ctx)
	s.Close()
	return 0
}

// report writes the progress every second until ctx ends.
func (s *Sandbox) report(ctx context.Context) {
	for {
		if b, err := json.Marshal(s.Progress()); err == nil {
			if err := writeFile(ProgressFile(s.opt.Dir), b); err != nil {
				s.log.Warn(err.Error())
			}
		}
		if !pause(ctx, time.Second) {
			return
		}
	}
}

// ProgressFile is where a sandbox of its own process writes its progress: a
// JSON array of Progress.
func ProgressFile(dir string) string { return filepath.Join(dir, "progress.json") }
