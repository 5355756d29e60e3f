package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"rongtong/pipelines/control"
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
		Short:   "show a run in full",
		Example: "  rongtong runs show return-20260103T223000",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return &usageError{fmt.Errorf("show takes one run; rongtong runs lists them")}
			}
			return nil
		},
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

func printRuns(out io.Writer, runs []control.RunStatus, now time.Time) {
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
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%d\t%s\t%s\n", r.Started.Format(time.DateTime), r.RunID, r.State, r.Cause, r.Date, r.Attempt,
			r.Took(now).Round(time.Millisecond), what)
	}
	w.Flush()
}

func printRun(out io.Writer, r control.RunStatus, now time.Time) {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(w, "%s\t%s\n", name, value)
		}
	}
	line("run", r.RunID)
	line("job", r.Job)
	line("state", r.State)
	line("cause", r.Cause)
	line("business date", r.Date)
	line("attempt", fmt.Sprint(r.Attempt))
	line("began", r.Started.Format("2006-01-02 15:04:05.000 MST"))
	if !r.Finished.Before(r.Started) {
		line("ended", r.Finished.Format("2006-01-02 15:04:05.000 MST"))
	}
	line("took", r.Took(now).Round(time.Millisecond).String())
	line("loads it saw", fmt.Sprint(r.Loads))
	line("result", r.Detail)
	line("error", r.Error)
	w.Flush()
}
