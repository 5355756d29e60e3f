package main

import (
	"fmt"
	"os"
	"os/user"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"rongtong/pipelines"
	"rongtong/pipelines/control"
	"rongtong/pipelines/warehouse"
)

// monitored does something with a connection to the pipeline.
func (c *common) monitored(cmd *cobra.Command, do func(m *control.Monitor) error) error {
	m, err := control.NewMonitor(cmd.Context(), c.options())
	if err != nil {
		return err
	}
	defer m.Close()
	return do(m)
}

// me names who asks, for the record.
func me() string {
	if name := os.Getenv("RONGTONG_USER"); name != "" {
		return name
	}
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return ""
}

func jobCmd(c *common) *cobra.Command {
	var date, from string
	var dry, detach bool
	cmd := &cobra.Command{
		Use:   "run <job|system>",
		Short: "run a job or read a source system now, and wait for it; cancel and retry runs",
		Long: "run asks the process that leads the schedule role to run a job, or the one that reads a system to read it,\n" +
			"and waits for the result. It runs though the schedule is paused, within the limits. What waits or goes wrong\n" +
			"is shown by: rongtong runs.\n\nWhat jobs can do: " + strings.Join(pipelines.Works(), ", "),
		Example: `  rongtong run integrate
  rongtong run return --date 2025-12-31
  rongtong run integrate --dry-run          # what it would do; changes nothing, needs no running process
  rongtong run integrate --from check       # begin with a step, as runs show them
  rongtong run county_ledger                # read a source system now
  rongtong run retry integrate-20261126T020000
  rongtong run cancel integrate-20261126T020000`,
		Args: exactly(1, "run takes one job or system; jobs do: "+strings.Join(pipelines.Works(), ", ")),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := dayFlag("date", date); err != nil {
				return err
			}
			return c.monitored(cmd, func(m *control.Monitor) error {
				if dry {
					plan, err := m.DryRun(cmd.Context(), args[0], date)
					if err != nil {
						return err
					}
					return c.planned(cmd, plan)
				}
				r := pipelines.Request{Job: args[0], From: from, By: me()}
				if date != "" {
					r.Dates = []string{date}
				}
				return c.asked(cmd, m, r, detach)
			})
		},
	}
	cmd.Flags().StringVar(&date, "date", "", "business date, YYYY-MM-DD (default: the one the schedule would give it now)")
	cmd.Flags().StringVar(&from, "from", "", "the step to begin with")
	cmd.Flags().BoolVar(&dry, "dry-run", false, "say what would be done and change nothing")
	cmd.Flags().BoolVar(&detach, "detach", false, "do not wait for the end")
	cmd.AddCommand(cancelCmd(c), retryCmd(c))
	return cmd
}

// asked makes a request and, unless detached, tells how its run ended.
func (c *common) asked(cmd *cobra.Command, m *control.Monitor, r pipelines.Request, detach bool) error {
	if detach {
		id, err := m.Request(cmd.Context(), r)
		if err == nil {
			fmt.Fprintln(cmd.OutOrStdout(), id)
		}
		return err
	}
	done, err := m.RunNow(cmd.Context(), r)
	if err != nil {
		return err
	}
	if c.json {
		return writeJSON(cmd.OutOrStdout(), done)
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s in %s: %s\n", done.State, done.Finished.Sub(done.Started).Round(time.Millisecond), done.Detail)
	return nil
}

// planned prints what a dry run found.
func (c *common) planned(cmd *cobra.Command, steps []warehouse.RunStep) error {
	if c.json {
		return writeJSON(cmd.OutOrStdout(), steps)
	}
	if len(steps) == 0 {
		fmt.Fprintln(cmd.OutOrStdout(), "无事可做 nothing to do")
		return nil
	}
	for _, s := range steps {
		fmt.Fprintf(cmd.OutOrStdout(), "%s\t%s\n", s.Step, s.Detail)
	}
	return nil
}

func cancelCmd(c *common) *cobra.Command {
	var why string
	cmd := &cobra.Command{
		Use:   "cancel <run>",
		Short: "end a run, or give up one that waits, or all of a request",
		Long: "cancel ends a run at the next boundary: nothing is half written, and what it had done stays done. A run that\n" +
			"waits is given up. With the name of a request (a backfill), all of its runs. It is not tried again by itself.",
		Example: `  rongtong run cancel integrate-20261126T020000
  rongtong run cancel integrate-20261126T093000.123456 --why "wrong dates"`,
		Args: exactly(1, "cancel takes one run, as rongtong runs shows it"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.monitored(cmd, func(m *control.Monitor) error {
				if err := m.Cancel(cmd.Context(), args[0], me(), why); err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "已请求取消 asked to cancel %s\n", args[0])
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&why, "why", "", "the reason, kept with the run")
	return cmd
}

func retryCmd(c *common) *cobra.Command {
	var whole, detach bool
	cmd := &cobra.Command{
		Use:   "retry <run>",
		Short: "go on where a run failed",
		Long: "retry runs the slot of a run again, beginning with the step that failed; what comes before it is done. A run\n" +
			"that would be tried again later is tried at once.",
		Example: `  rongtong run retry integrate-20261126T020000
  rongtong run retry return-20261126T063000 --whole   # from the first step`,
		Args: exactly(1, "retry takes one run, as rongtong runs shows it"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.monitored(cmd, func(m *control.Monitor) error {
				r, err := m.Retry(cmd.Context(), args[0], me(), whole)
				if err != nil {
					return err
				}
				return c.asked(cmd, m, r, detach)
			})
		},
	}
	cmd.Flags().BoolVar(&whole, "whole", false, "begin with the first step")
	cmd.Flags().BoolVar(&detach, "detach", false, "do not wait for the end")
	return cmd
}

func pauseCmd(c *common, resume bool) *cobra.Command {
	var why string
	op, use, short := pipelines.OpPause, "pause", "hold the schedule of a job, or the reading of a system"
	long := "pause holds what the schedule would do, whichever process leads or reads, until it is resumed; it outlives restarts.\n" +
		"Of a job nothing starts by itself, and what runs goes on to its end. A system stops at the next boundary with its\n" +
		"position kept; one that is pushed to refuses, so that clients send again later."
	example := `  rongtong schedule pause return --why "the cities' receivers are down"
  rongtong schedule pause county_ledger`
	said := "已暂停 paused %s\n"
	if resume {
		op, use, short = pipelines.OpResume, "resume", "let a paused job or system go on"
		long = "resume lets it go on. The times that passed are treated as after an outage: as the misfire policy of the job says. A\n" +
			"system is read at once, from its position."
		example = `  rongtong schedule resume return`
		said = "已恢复 resumed %s\n"
	}
	cmd := &cobra.Command{
		Use: use + " <job|system>", Short: short, Long: long, Example: example, Args: exactly(1, use+" takes one job or system"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.monitored(cmd, func(m *control.Monitor) error {
				if err := m.Hold(cmd.Context(), op, args[0], me(), why); err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), said, args[0])
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&why, "why", "", "the reason, shown with what is paused")
	return cmd
}

func pausedCmd(c *common) *cobra.Command {
	return &cobra.Command{
		Use: "paused", Short: "what is paused, since when, by whom and why", Args: noArgs,
		Example: "  rongtong schedule paused\n  rongtong schedule paused --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.monitored(cmd, func(m *control.Monitor) error {
				held, err := m.Held(cmd.Context())
				if err != nil {
					return err
				}
				if c.json {
					return writeJSON(cmd.OutOrStdout(), held)
				}
				if len(held) == 0 {
					fmt.Fprintln(cmd.OutOrStdout(), "无 nothing is paused")
				}
				for _, h := range held {
					fmt.Fprintf(cmd.OutOrStdout(), "%s\t%s\t%s\t%s\n", h.Name, h.At.Local().Format(time.DateTime), h.By, h.Why)
				}
				return nil
			})
		},
	}
}
