package main

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"rongtong/deploy/bench"
)

func benchCmd(c *common) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "measure the way from Kafka into ClickHouse",
		Long:  "bench measures the pipeline on real engines. Figures of one run can be compared with each other;\nfigures of different runs on a shared machine cannot, unless they are CPU time or counts.",
	}
	cmd.AddCommand(benchLoadCmd(c), benchFillCmd(c), benchFreshnessCmd(c))
	return cmd
}

func benchLoadCmd(c *common) *cobra.Command {
	var o bench.Comparison
	var s bench.Source
	var brokers, observe, profile string
	var rowwise bool
	cmd := &cobra.Command{
		Use:   "load",
		Short: "load a topic into a table and report what it took",
		Long: `load has two forms.

Without --topic it starts a broker and an engine of its own, writes the reference workload (records of
560 bytes of JSON with 20 typed fields and Chinese text, 4 partitions) and loads it again and again,
each time in a new process, in turn with a row-wise program (kafka-go's Reader, encoding/json, one
Append per row) as a fixed point.

With --brokers, --topic, --warehouse and --table it loads what an existing topic holds into an existing
table, so that it can be set beside other programs on the same input: every column is filled from the
JSON field of its name. It is the loader of "up": give it a --group, kill it, start it again, and it
goes on without losing or doubling a row. Rejects go to ops.reject, the ledger to ops.load; both are
created if they are missing.`,
		Example: `  rongtong bench load
  rongtong bench load --rows 200000 --rounds 1 --json
  rongtong bench load --brokers kafka:9092 --topic orders --warehouse http://default:@ch:8123 --table db.orders --json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if brokers == "" {
				brokers = c.kafka.brokers
			}
			if s.Topic == "" {
				return benchCompare(cmd, c, o)
			}
			if brokers == "" || c.warehouse == "" || s.Table == "" {
				return &usageError{fmt.Errorf("--topic needs --brokers, --warehouse and --table")}
			}
			limitMemory(320 << 20)
			s.Brokers, s.Security, s.Warehouse, s.Workers, s.Log = strings.Split(brokers, ","), c.kafka.security, c.warehouse, o.Workers, c.log()
			load := bench.Load
			if rowwise {
				load = func(ctx context.Context, s bench.Source) (bench.Report, error) {
					return bench.LoadRowwise(ctx, s, observe)
				}
			}
			if profile != "" {
				stop, err := bench.Profile(profile)
				if err != nil {
					return err
				}
				defer stop()
			}
			r, err := load(cmd.Context(), s)
			if err != nil {
				return err
			}
			if c.json {
				return writeJSON(cmd.OutOrStdout(), r)
			}
			fmt.Fprintln(cmd.OutOrStdout(), r)
			return nil
		},
	}
	f := cmd.Flags()
	f.IntVar(&o.Rows, "rows", 1_000_000, "records of the reference workload")
	f.IntVar(&o.Rounds, "rounds", 3, "how often each program runs")
	f.IntVar(&o.Workers, "workers", min(2, runtime.NumCPU()), "blocks loaded at the same time")
	f.StringVar(&o.Dir, "dir", "", "folder for the engines (default: a temporary one)")
	f.StringVar(&brokers, "brokers", "", "brokers of an existing topic, host:port[,host:port…]")
	f.StringVar(&s.Topic, "topic", "", "an existing topic")
	f.StringVar(&s.Table, "table", "", "an existing table, <database>.<table>")
	f.StringVar(&s.Group, "group", "", "consumer group to go on with (default: a new one, from the topic's beginning)")
	f.BoolVar(&s.CSV, "csv", false, "the topic holds lines of CSV, the cells in the order of the table's columns")
	f.BoolVar(&rowwise, "rowwise", false, "run the row-wise program instead")
	f.StringVar(&observe, "observe", "", "HTTP address of the warehouse, for the row-wise program")
	f.StringVar(&profile, "profile", "", "write a CPU profile of the load to this file, and a heap profile beside it")
	_ = f.MarkHidden("rowwise")
	_ = f.MarkHidden("observe")
	return cmd
}

func benchCompare(cmd *cobra.Command, c *common, o bench.Comparison) error {
	o.Out, o.FetchProgress = cmd.ErrOrStderr(), fetchProgress(cmd.ErrOrStderr())
	all, err := bench.Compare(cmd.Context(), o)
	if err != nil {
		return err
	}
	medians := bench.Medians(all)
	if c.json {
		out := struct {
			bench.Report
			Programs []bench.Report `json:"programs"`
			Rounds   []bench.Report `json:"rounds"`
		}{medians[0], medians, all}
		return writeJSON(cmd.OutOrStdout(), out)
	}
	fmt.Fprintln(cmd.OutOrStdout(), "medians:")
	for _, r := range medians {
		fmt.Fprintln(cmd.OutOrStdout(), "  "+r.String())
	}
	return nil
}

func benchFillCmd(c *common) *cobra.Command {
	var f bench.Filling
	var brokers string
	cmd := &cobra.Command{
		Use:     "fill",
		Short:   "write the reference workload into a topic",
		Long:    "fill writes records of the reference workload into a topic of your own broker, which it creates if it is\nmissing: transactions of 10,000 records, zstd. The rows are the same in every run.",
		Example: "  rongtong bench fill --brokers kafka:9092 --topic in.bench.event --rows 50000000 --partitions 12",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if brokers == "" {
				brokers = c.kafka.brokers
			}
			if brokers == "" {
				return &usageError{fmt.Errorf("fill needs --brokers")}
			}
			f.Brokers = strings.Split(brokers, ",")
			f.Progress = func(rows int) {
				if rows%1_000_000 == 0 {
					fmt.Fprintf(cmd.ErrOrStderr(), "%d of %d records\n", rows, f.Rows)
				}
			}
			return bench.Fill(cmd.Context(), f)
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&brokers, "brokers", "", "brokers, host:port[,host:port…]")
	fl.StringVar(&f.Topic, "topic", "in.bench.event", "the topic")
	fl.IntVar(&f.Partitions, "partitions", 4, "its partitions, if it is created")
	fl.IntVar(&f.Rows, "rows", 1_000_000, "how many records")
	fl.IntVar(&f.From, "from", 0, "number of the first one")
	return cmd
}

func benchFreshnessCmd(c *common) *cobra.Command {
	var p bench.Pushing
	cmd := &cobra.Command{
		Use:   "freshness",
		Short: "measure how long a row takes from the push until a query sees it",
		Long:  "freshness starts a broker, an engine and a loader of its own, pushes rows of the reference workload and asks\nthe warehouse forty times a second which of them it shows.",
		Example: `  rongtong bench freshness
  rongtong bench freshness --rate 0 --for 20s   # as many as go: at full load`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p.Out, p.Log, p.FetchProgress = cmd.ErrOrStderr(), c.log(), fetchProgress(cmd.ErrOrStderr())
			f, err := bench.MeasureFreshness(cmd.Context(), p)
			if err != nil {
				return err
			}
			if c.json {
				return writeJSON(cmd.OutOrStdout(), f)
			}
			fmt.Fprintln(cmd.OutOrStdout(), f)
			return nil
		},
	}
	f := cmd.Flags()
	f.IntVar(&p.Rate, "rate", 5000, "rows a second; 0: as many as go")
	f.DurationVar(&p.For, "for", 30*time.Second, "how long")
	f.IntVar(&p.Workers, "workers", min(2, runtime.NumCPU()), "blocks loaded at the same time")
	return cmd
}
