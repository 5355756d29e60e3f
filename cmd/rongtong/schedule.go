package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"rongtong/pipelines/control"
)

func scheduleCmd(c *common) *cobra.Command {
	var after string
	var count int
	cmd := &cobra.Command{
		Use:   "schedule [NAME]",
		Short: "when jobs and source systems run next, and the day each run is about",
		Long: "schedule works out the next times from the declarations alone: it needs no server. Calendars, jitter,\n" +
			"summer time and business dates are as the processes will see them. Systems that are always open have none.",
		Example: `  rongtong schedule
  rongtong schedule return --after 2026-09-30 --count 10   # over a holiday
  rongtong schedule pause return; rongtong schedule paused; rongtong schedule resume return
  rongtong schedule --json | jq '.[] | select(.kind == "job")'`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return &usageError{fmt.Errorf("schedule takes one job or system, not %d", len(args))}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			from, err := dayFlag("after", after)
			if err != nil {
				return err
			}
			name := ""
			if len(args) == 1 {
				name = args[0]
			}
			slots, err := control.Schedules(c.options(), name, from, count)
			if err != nil {
				return err
			}
			if c.json {
				return writeJSON(cmd.OutOrStdout(), slots)
			}
			if len(slots) == 0 {
				return fmt.Errorf("%q has no times: it is always open, or nothing of that name is declared", name)
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 8, 2, ' ', 0)
			fmt.Fprintln(w, "开始 start\t名称 name\t类型 kind\t业务日期 about")
			for _, s := range slots {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", s.Start.Format("2006-01-02 15:04:05 MST"), s.Name, s.Kind, s.BusinessDate)
			}
			return w.Flush()
		},
	}
	cmd.AddCommand(pauseCmd(c, false), pauseCmd(c, true), pausedCmd(c))
	cmd.Flags().StringVar(&after, "after", "", "the first day to look at, YYYY-MM-DD; now when empty")
	cmd.Flags().IntVar(&count, "count", 3, "how many times of each")
	return cmd
}
