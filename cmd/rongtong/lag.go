package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"rongtong/pipelines/control"
)

// lags is what `rongtong lag` prints for a machine.
type lags struct {
	Tiers      []control.TierLag      `json:"tiers"`
	Partitions []control.PartitionLag `json:"partitions"`
}

func lagCmd(c *common) *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use:   "lag",
		Short: "how far the loaders are behind, in rows and seconds, and who holds each partition",
		Long: "lag compares the end of every partition with what is loaded of it. Seconds are how long the oldest record that is\n" +
			"not loaded has been waiting. Records are offsets: each transaction adds one. The partitions that wait longest come\n" +
			"first; those that do not wait are left out unless --all is given, or nobody holds them.",
		Example: `  rongtong lag
  rongtong lag --all
  rongtong lag --json | jq '.partitions[] | select(.seconds > 60)'`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			m, err := control.NewMonitor(cmd.Context(), c.options())
			if err != nil {
				return err
			}
			defer m.Close()
			l, err := m.Lag(cmd.Context())
			if err != nil {
				return err
			}
			control.WorstFirst(l)
			out := lags{m.ByTier(l), l}
			if c.json {
				return writeJSON(cmd.OutOrStdout(), out)
			}
			printLag(cmd.OutOrStdout(), out, all)
			return nil
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "also the partitions that do not wait")
	return cmd
}

func printLag(out io.Writer, l lags, all bool) {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "tier\trecords\tseconds\tpartitions\theld by nobody")
	for _, t := range l.Tiers {
		if t.Partitions > 0 {
			fmt.Fprintf(w, "%s\t%d\t%s\t%d\t%d\n", t.Tier, t.Records, wait(t.Seconds), t.Partitions, t.Unheld)
		}
	}
	w.Flush()
	w = tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	shown := 0
	for _, p := range l.Partitions {
		if !all && p.Records == 0 && p.Holder != "" && p.Stopped == "" {
			continue
		}
		if shown++; shown == 1 {
			fmt.Fprintln(w, "\ntier\tstream\tpartition\tloaded\tend\trecords\tseconds\theld by")
		}
		holder := p.Holder
		if holder == "" {
			holder = "nobody"
		}
		if p.Stopped != "" {
			holder += "; stopped: " + p.Stopped
		}
		fmt.Fprintf(w, "%s\t%s.%s\t%d\t%d\t%d\t%d\t%s\t%s\n", p.Tier, p.System, p.Stream, p.Partition, p.Loaded, p.End, p.Records, wait(p.Seconds), holder)
	}
	w.Flush()
	if shown == 0 {
		fmt.Fprintln(out, "\nnothing waits, and every partition is held")
	}
}

func wait(seconds float64) string {
	return time.Duration(seconds * float64(time.Second)).Round(100 * time.Millisecond).String()
}
