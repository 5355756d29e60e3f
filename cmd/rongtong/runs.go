package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"rongtong/pipelines/control"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas/decl"
)

func runsCmd(c *common) *cobra.Command {
	var f control.RunFilter
	var since time.Duration
	cmd := &cobra.Command{
		Use:   "runs",
		Short: "list the runs of jobs, and show one in full",
		Long:  "runs lists what ran, the newest first. `runs show RUN` shows one in full.",
		Example: `  rongtong runs
  rongtong runs --state failed --since 24h
  rongtong runs --job return --date 2025-12-31
  rongtong runs --json | jq '.[] | select(.attempt > 1)'`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.State != "" {
				if hint := unknownOf(f.State, control.RunStates); hint != "" {
					return &usageError{fmt.Errorf("--state %q is not a state; %s", f.State, hint)}
				}
			}
			if f.Date != "" {
				if _, err := dayFlag("date", f.Date); err != nil {
					return err
				}
			}
			if since > 0 {
				f.Since = time.Now().Add(-since)
			}
			m, err := control.NewMonitor(cmd.Context(), c.options())
			if err != nil {
				return err
			}
			defer m.Close()
			runs, err := m.Runs(cmd.Context(), f)
			if err != nil {
				return err
			}
			if c.json {
				return writeJSON(cmd.OutOrStdout(), runs)
			}
			printRuns(cmd.OutOrStdout(), runs, time.Now())
			return nil
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.Job, "job", "", "only runs of this job")
	fl.StringVar(&f.State, "state", "", "only runs in this state: "+strings.Join(control.RunStates, ", "))
	fl.StringVar(&f.Cause, "cause", "", "only runs with this cause, such as schedule or request")
	fl.StringVar(&f.Date, "date", "", "only runs about this business date, YYYY-MM-DD")
	fl.DurationVar(&since, "since", 0, "only runs that began within this time, such as 24h")
	fl.IntVar(&f.Limit, "limit", 20, "at most so many")
	cmd.AddCommand(runShowCmd(c))
	return cmd
}

// unknownOf is a hint when a word is none of those known, and empty otherwise.
func unknownOf(word string, known []string) string {
	for _, k := range known {
		if k == word {
			return ""
		}
	}
	if hint := decl.Suggest(word, known); hint != "" {
		return hint
	}
	return "choose one of " + strings.Join(known, ", ")
}

func runShowCmd(c *common) *cobra.Command {
	return &cobra.Command{
		Use:     "show RUN",
		Short:   "show a run in full: positions, counts, steps, error and log",
		Example: "  rongtong runs show return-20260103T223000",
		Args:    exactly(1, "show takes one run; rongtong runs lists them"),
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := control.NewMonitor(cmd.Context(), c.options())
			if err != nil {
				return err
			}
			defer m.Close()
			r, err := m.Run(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if c.json {
				return writeJSON(cmd.OutOrStdout(), r)
			}
			printRun(cmd.OutOrStdout(), r, time.Now())
			return nil
		},
	}
}

func printRuns(out io.Writer, runs []warehouse.Run, now time.Time) {
	if len(runs) == 0 {
		fmt.Fprintln(out, "没有这样的运行 no such runs")
		return
	}
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "began\trun\tstate\tcause\tdate\ttry\ttook\twhat")
	for _, r := range runs {
		what := r.Detail
		if r.Error != "" {
			what = r.Error
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%d\t%s\t%s\n", r.Started.Format(time.DateTime), r.ID, r.State, r.Cause, r.BusinessDate, r.Attempt,
			control.Took(r, now).Round(time.Millisecond), what)
	}
	w.Flush()
}

func printRun(out io.Writer, r control.RunDetail, now time.Time) {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(w, "%s\t%s\n", name, value)
		}
	}
	line("run", r.ID)
	line(r.Kind, r.Job)
	line("state", r.State)
	line("cause", strings.TrimSpace(r.Cause+" "+r.Request))
	line("business date", r.BusinessDate)
	line("attempt", fmt.Sprint(r.Attempt))
	line("began", r.Started.Format("2006-01-02 15:04:05.000 MST"))
	if !r.Finished.IsZero() {
		line("ended", r.Finished.Format("2006-01-02 15:04:05.000 MST"))
	}
	line("took", control.Took(r.Run, now).Round(time.Millisecond).String())
	line("process", r.Process)
	line("plan", fmt.Sprintf("%016x", r.Plan))
	line("books it saw", fmt.Sprintf("%d received = %d accepted + %d refused, in %d loads", r.Received, r.Accepted, r.Rejected, r.LoadsSeen))
	line("step", r.Step)
	line("steps ended", fmt.Sprint(r.Steps))
	line("result", r.Detail)
	line("error", strings.TrimSpace(r.ErrorClass+" "+r.Error))
	w.Flush()
	if len(r.Done) > 0 {
		fmt.Fprintln(w, "\nstep\tstate\ttook\tin\tout\twhat")
	}
	for _, s := range r.Done {
		took := now.Sub(s.Started)
		if !s.Finished.IsZero() {
			took = s.Finished.Sub(s.Started)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\t%s\n", s.Step, s.State, took.Round(time.Millisecond), s.In, s.Out, cmp.Or(s.Error, s.Detail))
	}
	w.Flush()
	if len(r.Log) > 0 {
		fmt.Fprintln(out)
	}
	for _, l := range r.Log {
		fmt.Fprintf(out, "%s %-5s %s\n", l.At.Format("15:04:05.000"), l.Level, l.Line)
	}
}
