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
	cmd.AddCommand(benchLoadCmd(c), benchFillCmd(c), benchFreshnessCmd(c), benchScaleCmd(c), benchBacklogCmd(c))
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
  rongtong bench load --native     # over HTTP and over ClickHouse's own protocol, in turn
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
	f.BoolVar(&o.Native, "native", false, "load over ClickHouse's own protocol, too, and compare")
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

func benchScaleCmd(c *common) *cobra.Command {
	var s bench.Scaling
	cmd := &cobra.Command{
		Use:   "scale",
		Short: "let 1, 2 and 4 loader processes share one topic",
		Long: "scale starts a broker and an engine of its own, fills one topic, and loads it into the plain table of 20\n" +
			"columns once for every number of processes, which share its partitions as a group: rows and CPU of all,\n" +
			"how evenly they shared, and whether every row is there once.",
		Example: "  rongtong bench scale\n  rongtong bench scale --rows 4000000 --processes 1,2,4,8 --workers 1",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s.Out, s.Progress = cmd.ErrOrStderr(), fetchProgress(cmd.ErrOrStderr())
			all, err := bench.MeasureScale(cmd.Context(), s)
			if err != nil {
				return err
			}
			if c.json {
				return writeJSON(cmd.OutOrStdout(), all)
			}
			for _, r := range all {
				fmt.Fprintln(cmd.OutOrStdout(), r)
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.IntVar(&s.Rows, "rows", 2_000_000, "records of the reference workload")
	f.IntVar(&s.Partitions, "partitions", 12, "of the topic")
	f.IntSliceVar(&s.Processes, "processes", []int{1, 2, 4}, "how many loaders share the topic, one run for each")
	f.IntVar(&s.Workers, "workers", 1, "blocks that each loader loads at the same time")
	f.BoolVar(&s.Native, "native", false, "over ClickHouse's own protocol")
	f.StringVar(&s.Dir, "dir", "", "folder for the engines (default: a temporary one)")
	return cmd
}

func benchBacklogCmd(c *common) *cobra.Command {
	var d bench.Draining
	var brokers string
	cmd := &cobra.Command{
		Use:   "backlog",
		Short: "drain a backlog and sample rows/s and memory on the way",
		Long: "backlog fills a topic of your own broker unless it is there already, loads it into the plain table of 20\n" +
			"columns with one loader process, and prints rows, rows per second, memory and CPU of the loader at every\n" +
			"sample: both stay flat. 50 million records take about 5 GB in Kafka and twice that in the warehouse; the\n" +
			"embedded broker keeps 2 GiB, so use a real one (go run ./deploy/testservers/run apachekafka starts one).",
		Example: "  rongtong bench backlog --brokers 127.0.0.1:9092 --rows 50000000\n  rongtong bench backlog --brokers kafka:9092 --topic in.bench.backlog --warehouse clickhouse://default:@ch:9000 --json",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if brokers == "" {
				brokers = c.kafka.brokers
			}
			if brokers == "" {
				return &usageError{fmt.Errorf("backlog needs --brokers")}
			}
			d.Brokers, d.Security, d.Warehouse = strings.Split(brokers, ","), c.kafka.security, c.warehouse
			d.Out, d.Progress = cmd.ErrOrStderr(), fetchProgress(cmd.ErrOrStderr())
			out, err := bench.Drain(cmd.Context(), d)
			if err != nil {
				return err
			}
			if c.json {
				return writeJSON(cmd.OutOrStdout(), out)
			}
			for _, s := range out.Samples {
				fmt.Fprintln(cmd.OutOrStdout(), s)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s\n%d rows, %d distinct (estimated), %.0f s, %d MB on disk\n", out.Report, out.Rows, out.Distinct, out.Seconds, out.Disk>>20)
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&brokers, "brokers", "", "brokers, host:port[,host:port…]")
	f.IntVar(&d.Rows, "rows", 50_000_000, "records of the reference workload")
	f.IntVar(&d.Partitions, "partitions", 12, "of the topic, if it is created")
	f.StringVar(&d.Topic, "topic", "in.bench.backlog", "the topic; one that is there is taken as it is")
	f.IntVar(&d.Workers, "workers", min(2, runtime.NumCPU()), "blocks loaded at the same time")
	f.DurationVar(&d.Every, "every", 10*time.Second, "between samples")
	f.StringVar(&d.Dir, "dir", "", "folder for the engine (default: a temporary one)")
	return cmd
}
