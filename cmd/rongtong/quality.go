package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"rongtong/pipelines/control"
	"rongtong/pipelines/warehouse"
)

func qualityCmd(c *common) *cobra.Command {
	var system, lang string
	cmd := &cobra.Command{
		Use:   "quality",
		Short: "what is stopped, which issues are open, which rows carry which flags",
		Long: `quality shows the partitions that a rule has stopped, the open issues of the rules
that are checked after loading, by the department that answers for them, and how
many rows of each source carry which flag. The rows themselves are in
ads.quality_issue; rejected records are shown by rongtong rejects; division codes
that wait for a person by rongtong division review.`,
		Example: `  rongtong quality
  rongtong quality --system county_ledger --lang en
  rongtong query "SELECT * FROM ads.quality_issue WHERE rule = 'organization.parent_known' LIMIT 10"`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if lang != "zh" && lang != "en" {
				return &usageError{fmt.Errorf("--lang is zh or en, not %q", lang)}
			}
			q, err := control.Quality(cmd.Context(), c.options(), system)
			if err != nil {
				return err
			}
			if c.json {
				return writeJSON(cmd.OutOrStdout(), q)
			}
			return printQuality(cmd.OutOrStdout(), q, lang == "zh")
		},
	}
	cmd.Flags().StringVar(&system, "system", "", "flags of this source only")
	cmd.Flags().StringVar(&lang, "lang", defaultLang(), "language of reasons: zh or en")
	return cmd
}

func printQuality(out io.Writer, q warehouse.Quality, zh bool) error {
	say := func(a, b string) string {
		if zh {
			return a
		}
		return b
	}
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintf(w, "stopped partitions: %d\n", len(q.Stopped))
	for _, s := range q.Stopped {
		fmt.Fprintf(w, "  %s/%d\tfrom %d\t%d of %d\t%s\t%s\t%s\n", s.Topic, s.Partition, s.From, s.Broken, s.Rows, s.Rule, say(s.ReasonZh, s.ReasonEn), s.At.Format("2006-01-02 15:04"))
	}
	fmt.Fprintf(w, "open issues: %d\n", total(q.Issues, func(i warehouse.IssueCount) uint64 { return i.Issues }))
	for _, i := range q.Issues {
		fmt.Fprintf(w, "  %d\t%s\t%s\t%s\tsince %s\n", i.Issues, i.Rule, i.Department, say(i.ReasonZh, i.ReasonEn), i.Oldest.Format("2006-01-02"))
	}
	fmt.Fprintf(w, "division codes that wait for a person: %d\n", q.Questions)
	fmt.Fprintln(w, "flags of rows:")
	for _, f := range q.Flags {
		fmt.Fprintf(w, "  %d\t%s\t%s\t%s\t%s\n", f.Rows, f.Flag, f.System, f.Entity, say(f.Zh, f.En))
	}
	return w.Flush()
}

func total[T any](list []T, of func(T) uint64) (n uint64) {
	for _, x := range list {
		n += of(x)
	}
	return n
}

func divisionReviewCmd(c *common) *cobra.Command {
	return &cobra.Command{
		Use:   "review",
		Short: "list the division codes that wait for a person, with what they may mean",
		Long: `review lists the codes of rejected records that several divisions took over, that
nobody is recorded to have taken over, or that only equal digits speak for. None
is guessed. A decision is a file in the declarations' folder,

  decisions/<any name>.yaml
    decisions:
      - { code_system: gb6, code: "371202", from: 2000-01-01, to: 2018-12-31,
          division_code: "370116000000", document: …, decided_by: … }

or the source writes today's code, or the name beside it, or the flow keeps such
records at the division above (ambiguous: parent). Then rongtong rejects replay
takes the records out of quarantine.`,
		Example: "  rongtong division review\n  rongtong division review --json",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			list, err := control.DivisionQuestions(cmd.Context(), c.options())
			if err != nil {
				return err
			}
			if c.json {
				return writeJSON(cmd.OutOrStdout(), map[string]any{"questions": list})
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
			for _, q := range list {
				var may []string
				for i := range q.Candidates {
					may = append(may, q.Candidates[i]+" "+q.Names[i])
				}
				fmt.Fprintf(w, "%s %s\t%d\t%s\t%d records\t%s\t%s\n", q.CodeSystem, q.Code, q.Year, q.Status, q.Records, strings.Join(q.Systems, ", "), strings.Join(may, " / "))
			}
			fmt.Fprintf(w, "%d codes\n", len(list))
			return w.Flush()
		},
	}
}
