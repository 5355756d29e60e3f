package main

import (
	"errors"
	"os"
	"time"

	"github.com/spf13/cobra"

	"rongtong/deploy/demo"
)

func demoCmd() *cobra.Command {
	o := demo.Options{}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "a province in a box: five tiers to the theme database, compared with the known truth",
		Long: "demo starts the engines of one machine, simulated source systems of five tiers at full size, and the\n" +
			"pipeline; shows progress per tier; prints the books, the indicators and a comparison with the truth; and\n" +
			"stays up so that you can look around. Run again, it continues: nothing is ingested twice.",
		Example: `  rongtong demo                         # the whole province, about three million records
  rongtong demo --once                  # stop at the end
  rongtong demo --scale small --once    # one city, for a quick look`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			limitMemory(300 << 20)
			o.Out, o.FetchProgress = os.Stdout, fetchProgress(os.Stderr)
			err := demo.Run(cmd.Context(), o)
			if errors.Is(err, demo.ErrDifferent) {
				return errDifferent
			}
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Dir, "dir", "demo", "folder for everything the demo keeps")
	f.StringVar(&o.Scale, "scale", "full", "full (the whole province) or small (one city)")
	f.Uint64Var(&o.Seed, "seed", 1, "seed of the simulated province")
	f.BoolVar(&o.Once, "once", false, "stop at the end instead of staying up")
	f.BoolVar(&o.Plain, "plain", false, "print lines instead of a live table")
	f.IntVar(&o.Workers, "workers", 2, "blocks that the loader loads at the same time")
	f.IntVar(&o.BrokerPort, "broker-port", 0, "port of the broker (default 19092)")
	f.IntVar(&o.HTTPPort, "warehouse-http-port", 0, "HTTP port of the warehouse (default 18123)")
	f.IntVar(&o.NativePort, "warehouse-native-port", 0, "native port of the warehouse (default 19000)")
	f.IntSliceVar(&o.SourcePorts, "source-ports", nil, "ports of the simulated gateway, SFTP server, form gateway and receipt gateway (default 19181,19122,19191,19192)")
	f.IntVar(&o.MetricsPort, "metrics-port", 0, "serve metrics of ingest, load and schedule on this port and the two after it (deploy/observe/prometheus.yaml expects 9464)")
	f.IntVar(&o.Kills, "kills", 0, "kill -9 ingest, load, schedule, broker and warehouse this often each while records flow")
	f.DurationVar(&o.KillEvery, "kill-every", 3*time.Second, "how far apart the kills are, on average")
	return cmd
}
