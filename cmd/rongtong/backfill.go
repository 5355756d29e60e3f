package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"rongtong/pipelines/control"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas"
)

// backfillWords are the states of a backfill and of its runs.
var backfillWords = map[string]schemas.Label{
	"waiting": {Zh: "等待", En: "waiting"}, "running": {Zh: "进行中", En: "running"}, "done": {Zh: "完成", En: "done"},
	"ok": {Zh: "完成", En: "done"}, "failed": {Zh: "失败", En: "failed"}, "cancelled": {Zh: "已取消", En: "cancelled"},
	"retrying": {Zh: "将重试", En: "to be tried again"}, "interrupted": {Zh: "已中断、将继续", En: "interrupted, goes on"}, "skipped": {Zh: "放弃", En: "given up"},
}

func wordOf(lang, state string) string {
	w, ok := backfillWords[state]
	switch {
	case !ok:
		return state
	case lang == "zh":
		return w.Zh
	}
	return w.En
}

func backfillCmd(c *common) *cobra.Command {
	var a control.BackfillAsk
	var lang string
	var dry, yes, detach bool
	cmd := &cobra.Command{
		Use:   "backfill <job|system>",
		Short: "do a range of business dates again: a job's runs, or what a source system holds of each day",
		Long: "backfill runs a job about every business date of a range, or reads what a source system holds of every day again\n" +
			"(files by the date in their names, lists by their window, tables by their rows' time), loads it, and, with\n" +
			"--cascade, runs the jobs that declare that they come after it, date by date, each after what it follows.\n\n" +
			"It says first what it will do and how long that took before, and asks. The process that runs jobs does it, at a\n" +
			"lower priority than the schedule; every date is done once, whatever is killed meanwhile. What was there already\n" +
			"is known by thing, source, version and content: a date that is done again changes nothing that has not changed at the source.\n\n" +
			"Cut short here, it goes on there: backfill show and list tell how far it is, cancel gives it up, and resume does\n" +
			"again what failed, was given up or cancelled, and what comes after that.",
		Example: `  rongtong backfill county_ledger --from 2026-07-01 --to 2026-11-20 --calendar workdays --dry-run
  rongtong backfill county_ledger --from 2026-07-01 --to 2026-11-20 --cascade --then integrate,return
  rongtong backfill return --from 2026-11-01 --to 2026-11-20 --yes --detach
  rongtong backfill list
  rongtong backfill resume backfill-county_ledger-20261126T130204123456`,
		Args: exactly(1, "backfill takes one job or system, and --from and --to"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if a.Name = args[0]; a.From == "" || a.To == "" {
				return &usageError{fmt.Errorf("say from which date to which: --from 2026-07-01 --to 2026-11-20")}
			}
			return withMonitor(cmd, c, func(ctx context.Context, m *control.Monitor) error {
				e, r, err := m.PlanBackfill(ctx, a)
				if err != nil {
					return err
				}
				out := cmd.OutOrStdout()
				switch {
				case dry && c.json:
					return writeJSON(out, e)
				case dry:
					printEstimate(out, lang, e)
					return nil
				case !c.json:
					printEstimate(cmd.ErrOrStderr(), lang, e) // what is printed is the ID, or how it ended
				}
				if err := confirm(cmd, yes, say(lang, "开始回填？", "start it?")); err != nil {
					return err
				}
				if err := m.StartBackfill(ctx, r); err != nil {
					return err
				}
				if detach {
					if c.json {
						return writeJSON(out, map[string]any{"id": r.RunID, "estimate": e})
					}
					fmt.Fprintln(out, r.RunID)
					return nil
				}
				return watchBackfill(cmd, c, m, lang, r.RunID)
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&a.From, "from", "", "first business date, YYYY-MM-DD")
	f.StringVar(&a.To, "to", "", "last business date, YYYY-MM-DD")
	f.StringVar(&a.Calendar, "calendar", "", "only working days: workdays, or the name of a calendar; every day by default")
	f.IntVar(&a.Parallel, "parallel", 1, "dates of a job under way at once, within the job's own limits")
	f.BoolVar(&a.Cascade, "cascade", false, "also run the jobs that declare that they come after it, for every date")
	f.StringSliceVar(&a.Then, "then", nil, "jobs to run last for every date, in this order")
	f.BoolVar(&a.Strict, "strict", false, "a date that fails for good takes the later ones with it")
	f.StringVar(&a.Why, "why", "", "the reason, for the record")
	f.BoolVar(&dry, "dry-run", false, "say what it would do, and start nothing")
	f.BoolVar(&yes, "yes", false, "do not ask")
	f.BoolVar(&detach, "detach", false, "print the backfill's ID and do not wait")
	cmd.PersistentFlags().StringVar(&lang, "lang", defaultLang(), "language: zh or en")
	cmd.AddCommand(backfillListCmd(c, &lang), backfillShowCmd(c, &lang), backfillCancelCmd(c), backfillResumeCmd(c, &lang))
	return cmd
}

func withMonitor(cmd *cobra.Command, c *common, do func(context.Context, *control.Monitor) error) error {
	m, err := control.NewMonitor(cmd.Context(), c.options())
	if err != nil {
		return err
	}
	defer m.Close()
	return do(cmd.Context(), m)
}

func say(lang, zh, en string) string {
	if lang == "zh" {
		return zh
	}
	return en
}

func printEstimate(out io.Writer, lang string, e control.Estimate) {
	fmt.Fprintf(out, say(lang, "%s：%s 至 %s，%d 个业务日期，%d 次运行\n", "%s: %s to %s, %d business dates, %d runs\n"),
		e.Name, e.Dates[0], e.Dates[len(e.Dates)-1], len(e.Dates), e.Runs)
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, say(lang, "作业\t在其之后\t运行\t同时\t每次约\t共约\t每日行数", "job\tafter\truns\tat once\teach about\tin all about\trows a day"))
	for _, j := range e.Jobs {
		each, all, rows := "?", "?", ""
		if j.Known > 0 {
			each, all = seconds(j.Seconds), seconds(j.Left)
		}
		if j.Rows > 0 {
			rows = fmt.Sprint(j.Rows)
		}
		once := fmt.Sprint(j.AtOnce)
		switch j.Bound {
		case "":
		case control.BoundJob:
			once += say(lang, "（作业的并发上限）", " (the job's concurrency)")
		default:
			once += fmt.Sprintf(say(lang, "（%s 的上限）", " (the limit of %s)"), j.Bound)
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%s\t%s\t%s\n", j.Job, j.Follows, j.Runs, once, each, all, rows)
	}
	w.Flush()
	switch {
	case e.Seconds > 0:
		fmt.Fprintf(out, say(lang, "预计约需 %s", "expected to take about %s"), seconds(e.Seconds))
		if e.Rows > 0 {
			fmt.Fprintf(out, say(lang, "，约 %d 行", ", about %d rows"), e.Rows)
		}
		if len(e.Unknown) > 0 {
			fmt.Fprintf(out, say(lang, "；不含从未运行过的 %s", "; without %s, which never ran"), strings.Join(e.Unknown, ", "))
		}
		fmt.Fprintln(out)
	default:
		fmt.Fprintln(out, say(lang, "这些作业尚未运行过，无法预计用时", "none of these jobs has run before: how long it takes is not known"))
	}
}

func seconds(s float64) string {
	d := time.Duration(s * float64(time.Second))
	if d < time.Minute {
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

// errBackfill says that a backfill ended and not all of it was done.
var errBackfill = errors.New("not all of the backfill was done")

// watchBackfill shows progress until it ends. Interrupted, only the watching ends.
func watchBackfill(cmd *cobra.Command, c *common, m *control.Monitor, lang, id string) error {
	last, tick := "", time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		s, err := m.Backfill(cmd.Context(), id)
		if err != nil {
			if cmd.Context().Err() != nil {
				break
			}
			return err
		}
		if line := progressLine(lang, s); line != last {
			last = line
			fmt.Fprintln(cmd.ErrOrStderr(), line)
		}
		if s.State != "waiting" && s.State != warehouse.Running {
			if c.json {
				if err := writeJSON(cmd.OutOrStdout(), s); err != nil {
					return err
				}
			} else {
				printBackfill(cmd.OutOrStdout(), lang, s, false)
			}
			if s.State != "done" {
				return fmt.Errorf("%w: rongtong backfill show %s", errBackfill, id)
			}
			return nil
		}
		select {
		case <-tick.C:
			continue
		case <-cmd.Context().Done():
		}
		break
	}
	fmt.Fprintf(cmd.ErrOrStderr(), say(lang, "回填仍在后台进行：rongtong backfill show %s\n", "the backfill goes on: rongtong backfill show %s\n"), id)
	return cmd.Context().Err()
}

func progressLine(lang string, s control.BackfillStatus) string {
	return fmt.Sprintf("  %s: %s", wordOf(lang, s.State), countsLine(lang, s.Counts))
}

func countsLine(lang string, counts map[string]int) string {
	parts := []string{}
	for _, state := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%s %d", wordOf(lang, state), counts[state]))
	}
	return strings.Join(parts, ", ")
}

// printBackfill prints how far it is by job, and every date that is not done, or all.
func printBackfill(out io.Writer, lang string, s control.BackfillStatus, all bool) {
	fmt.Fprintf(out, "%s  %s  %s – %s  %s\n", s.ID, s.Name, s.From, s.To, wordOf(lang, s.State))
	if s.By != "" || s.Why != "" {
		fmt.Fprintf(out, "  %s  %s %s\n", s.At.Format(time.DateTime), s.By, s.Why)
	}
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	for _, job := range s.Jobs {
		counts := map[string]int{}
		for _, x := range s.Cells {
			if x.Job == job {
				counts[x.State]++
			}
		}
		fmt.Fprintf(w, "  %s\t%s\n", job, countsLine(lang, counts))
	}
	w.Flush()
	for _, x := range s.Cells {
		if all || x.State != warehouse.OK && x.State != "waiting" {
			fmt.Fprintf(w, "  %s\t%s\t%s\t%s\t%s\n", x.Date, x.Job, wordOf(lang, x.State), x.Run, x.Error)
		}
	}
	w.Flush()
}

func backfillListCmd(c *common, lang *string) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "the backfills that were asked for, newest first", Args: noArgs,
		Example: "  rongtong backfill list --json | jq '.[] | select(.state == \"failed\") | .id'",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withMonitor(cmd, c, func(ctx context.Context, m *control.Monitor) error {
				list, err := m.Backfills(ctx)
				if err != nil {
					return err
				}
				out := cmd.OutOrStdout()
				if c.json {
					return writeJSON(out, list)
				}
				if len(list) == 0 {
					fmt.Fprintln(out, say(*lang, "没有回填", "no backfill was asked for"))
					return nil
				}
				w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
				for _, s := range list {
					fmt.Fprintf(w, "%s\t%s – %s\t%s\t%s\n", s.ID, s.From, s.To, wordOf(*lang, s.State), countsLine(*lang, s.Counts))
				}
				return w.Flush()
			})
		},
	}
}

// oneBackfill takes the ID of a backfill.
var oneBackfill = exactly(1, "say which backfill: its ID, as backfill list prints it")

func backfillShowCmd(c *common, lang *string) *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use: "show ID", Short: "how far a backfill is, by job, and the dates that are not done", Args: oneBackfill,
		Example: "  rongtong backfill show backfill-county_ledger-20261126T130204123456 --all",
		RunE: func(cmd *cobra.Command, args []string) error {
			return withMonitor(cmd, c, func(ctx context.Context, m *control.Monitor) error {
				s, err := m.Backfill(ctx, args[0])
				if err != nil {
					return err
				}
				if c.json {
					return writeJSON(cmd.OutOrStdout(), s)
				}
				printBackfill(cmd.OutOrStdout(), *lang, s, all)
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "every date, also those that are done or wait")
	return cmd
}

func backfillCancelCmd(c *common) *cobra.Command {
	var why string
	cmd := &cobra.Command{
		Use: "cancel ID", Short: "give up what of a backfill has not run, and end what runs; what was done stays", Args: oneBackfill,
		Example: "  rongtong backfill cancel backfill-return-20261126T130204123456 --why '来源停机'",
		RunE: func(cmd *cobra.Command, args []string) error {
			return withMonitor(cmd, c, func(ctx context.Context, m *control.Monitor) error { return m.CancelBackfill(ctx, args[0], why) })
		},
	}
	cmd.Flags().StringVar(&why, "why", "", "the reason, for the record")
	return cmd
}

func backfillResumeCmd(c *common, lang *string) *cobra.Command {
	var detach bool
	cmd := &cobra.Command{
		Use: "resume ID", Short: "do again what of a backfill failed, was given up or cancelled, and what comes after that", Args: oneBackfill,
		Example: "  rongtong backfill resume backfill-county_ledger-20261126T130204123456",
		RunE: func(cmd *cobra.Command, args []string) error {
			return withMonitor(cmd, c, func(ctx context.Context, m *control.Monitor) error {
				n, err := m.ResumeBackfill(ctx, args[0])
				if err != nil {
					return err
				}
				fmt.Fprintf(cmd.ErrOrStderr(), say(*lang, "重新安排 %d 次运行\n", "%d runs are asked for again\n"), n)
				if detach || n == 0 {
					return nil
				}
				return watchBackfill(cmd, c, m, *lang, args[0])
			})
		},
	}
	cmd.Flags().BoolVar(&detach, "detach", false, "do not wait")
	return cmd
}
