package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"rongtong/pipelines/control"
	"rongtong/pipelines/warehouse"
)

func reviewCmd(c *common) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "review",
		Short: "decide whether things that came under different keys are one",
		Long: `review shows the pairs of keys that only a person can decide about, and keeps what
was decided. Sources that have no code for an organisation know it by numbers of
their own; rongtong recognises it by its name within the township and a second
fact, and what is not clear waits here, with the department that answers for it.
A decision is kept for ever in the topic rongtong.decisions, counts from the next
"integrate" on, and can be undone: the things part again, each with its own claims.`,
		Example: `  rongtong review list --department 民政局
  rongtong review show 3f9a1c2e07
  rongtong review merge 3f9a1c2e07 --by "县民政局社会组织科" --why "现场核实 2025-12-08"
  rongtong review keep-apart organization 51370102MEA123456A township_ledger:370102001000:3 --by … --why …
  rongtong review undo 3f9a1c2e07 --by … --why …
  rongtong review log`,
	}
	cmd.AddCommand(reviewListCmd(c), reviewShowCmd(c),
		decideCmd(c, "merge", warehouse.VerdictMerge, "decide that two keys are one thing", "The next integration fuses the claims about both into one row. Two keys with\ndifferent codes are never merged: one of the codes is wrong, and its source has\nto correct it."),
		decideCmd(c, "keep-apart", warehouse.VerdictApart, "decide that two keys are two things", "They are not asked about again, and no rule merges them any more."),
		decideCmd(c, "undo", warehouse.VerdictUndo, "take the decision about two keys back", "The rules decide again. What a merge had joined parts, each key with the row\nthat its own claims make."),
		reviewLogCmd(c))
	return cmd
}

func reviewListCmd(c *common) *cobra.Command {
	var f warehouse.ReviewFilter
	cmd := &cobra.Command{
		Use:   "list",
		Short: "list the pairs that wait, those that most speaks for first",
		Long: `list shows the pairs that wait for a person:

  name_only      equal names, and no second fact that both have
  facts_differ   equal names, and a second fact that differs
  same_source    one source has both, as two, and a second fact agrees
  several        more than one thing fits

The same is in ads.identity_review, and by department in ads.identity_review_by_department.`,
		Example: "  rongtong review list\n  rongtong review list --division 370102 --reason facts_differ\n  rongtong review list --department 民政局 --limit 500 --json",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			list, total, err := control.Reviews(cmd.Context(), c.options(), f)
			if err != nil {
				return err
			}
			if c.json {
				return writeJSON(cmd.OutOrStdout(), map[string]any{"pairs": list, "total": total})
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
			for _, r := range list {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s = %s\t%s\n", r.Pair, r.Division, r.Name, r.Reason, evidence(r), r.Left, r.Right, r.Department)
			}
			fmt.Fprintf(w, "%d of %d pairs\n", len(list), total)
			return w.Flush()
		},
	}
	cmd.Flags().StringVar(&f.Entity, "entity", "", "of this entity only")
	cmd.Flags().StringVar(&f.Department, "department", "", "those that a department whose name holds this answers for")
	cmd.Flags().StringVar(&f.Division, "division", "", "in this division and those within it: 3701, 370102 …")
	cmd.Flags().StringVar(&f.Reason, "reason", "", "with this reason only")
	cmd.Flags().IntVar(&f.Limit, "limit", 50, "how many to list")
	return cmd
}

// evidence is what agrees and what differs, in one cell.
func evidence(r warehouse.Review) string {
	var parts []string
	for _, a := range r.Agree {
		parts = append(parts, "="+a)
	}
	for _, d := range r.Differ {
		parts = append(parts, "≠"+d)
	}
	return strings.Join(parts, " ")
}

func reviewShowCmd(c *common) *cobra.Command {
	return &cobra.Command{
		Use:     "show PAIR | ENTITY KEY KEY",
		Short:   "show two keys side by side: names, codes, facts, sources, decisions",
		Long:    "show puts what is known of two keys side by side, says why they were or were not matched, and what was\ndecided about them. The claims themselves are shown by rongtong why ENTITY KEY.",
		Example: "  rongtong review show 3f9a1c2e07\n  rongtong review show organization 51370102MEA123456A township_ledger:370102001000:3",
		Args:    pairArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			x, err := control.ComparePair(cmd.Context(), c.options(), args)
			if err != nil {
				return err
			}
			if c.json {
				return writeJSON(cmd.OutOrStdout(), x)
			}
			return printComparison(cmd.OutOrStdout(), x)
		},
	}
}

func pairArgs(_ *cobra.Command, args []string) error {
	if len(args) != 1 && len(args) != 3 {
		return &usageError{fmt.Errorf("a pair is named by its short name, or by entity and two keys")}
	}
	return nil
}

func printComparison(out io.Writer, x control.Comparison) error {
	l, r := x.Left[0], x.Right[0]
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintf(w, "%s\t%s\t%s\n", x.Entity, l.Key, r.Key)
	line := func(name, a, b string) {
		mark := ""
		switch {
		case a == "" || b == "":
		case a == b:
			mark = "="
		default:
			mark = "≠"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", name, a, b, mark)
	}
	line(x.Rule.Name, l.Name, r.Name)
	line("division", l.Division, r.Division)
	for i, name := range x.Rule.Codes {
		line(name, l.Codes[i], r.Codes[i])
	}
	for i, name := range x.Rule.Second {
		line(name, l.Seconds[i], r.Seconds[i])
	}
	fmt.Fprintf(w, "sources\t%s\t%s\n", strings.Join(l.Sources, ", "), strings.Join(r.Sources, ", "))
	if err := w.Flush(); err != nil {
		return err
	}
	switch {
	case l.Thing == r.Thing:
		for _, k := range x.Left {
			fmt.Fprintf(out, "one thing, %s: %s by %s\n", k.Thing, k.Key, howMatched(k))
		}
	case x.Waits != nil:
		fmt.Fprintf(out, "waits for a person as %s: %s; %s answers for it\n", x.Waits.Pair, x.Waits.Reason, x.Waits.Department)
	default:
		fmt.Fprintln(out, "two things")
	}
	for _, d := range x.Decisions {
		fmt.Fprintf(out, "decided %s: %s, by %s: %s\n", d.DecidedAt.Format(time.DateTime), d.Verdict, d.DecidedBy, d.Reason)
	}
	return nil
}

// howMatched says by what a key was recognised.
func howMatched(k warehouse.Key) string {
	if k.How == "decision" {
		return "人工决定 decision"
	}
	return "规则 rule: " + strings.Join(append([]string{"name"}, k.Facts...), ", ") + " agree"
}

func decideCmd(c *common, use, verdict, short, long string) *cobra.Command {
	d := warehouse.IdentityDecision{Verdict: verdict}
	var dry bool
	cmd := &cobra.Command{
		Use:     use + " PAIR | ENTITY KEY KEY",
		Short:   short,
		Long:    long,
		Example: fmt.Sprintf("  rongtong review %s 3f9a1c2e07 --by \"县民政局社会组织科\" --why \"现场核实 2025-12-08\"\n  rongtong review %[1]s organization KEY KEY --by … --why … --dry-run", use),
		Args:    pairArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if strings.TrimSpace(d.DecidedBy) == "" || strings.TrimSpace(d.Reason) == "" {
				return &usageError{fmt.Errorf("--by and --why are needed: a decision says by which role it was made, and why")}
			}
			done, err := control.Decide(cmd.Context(), c.options(), args, d, dry)
			if err != nil {
				return err
			}
			if c.json {
				return writeJSON(cmd.OutOrStdout(), done)
			}
			if dry {
				fmt.Fprintf(cmd.OutOrStdout(), "would be kept: %s %s %s %s\n", use, done.Entity, done.Left, done.Right)
				return nil
			}
			fmt.Fprintf(cmd.OutOrStdout(), "kept: %s %s %s %s; counts from the next integrate on\n", use, done.Entity, done.Left, done.Right)
			return nil
		},
	}
	cmd.Flags().StringVar(&d.DecidedBy, "by", "", "the role that decides, never a person: 县民政局社会组织科")
	cmd.Flags().StringVar(&d.Reason, "why", "", "what the decision rests on: a document, a visit")
	cmd.Flags().BoolVar(&dry, "dry-run", false, "say whether the decision could stand, and keep nothing")
	return cmd
}

func reviewLogCmd(c *common) *cobra.Command {
	var entity string
	cmd := &cobra.Command{
		Use:     "log",
		Short:   "list every decision that was ever made, latest first",
		Long:    "log lists all decisions, those that were undone or replaced by a later one included. The topic\nrongtong.decisions holds them for ever; a warehouse that was made anew reads all of them again.",
		Example: "  rongtong review log\n  rongtong review log --entity organization --json",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			list, err := control.Decisions(cmd.Context(), c.options(), entity)
			if err != nil {
				return err
			}
			if c.json {
				return writeJSON(cmd.OutOrStdout(), map[string]any{"decisions": list})
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
			for _, d := range list {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", d.DecidedAt.Format(time.DateTime), d.Entity, d.Verdict, d.Left, d.Right, d.DecidedBy, d.Reason)
			}
			fmt.Fprintf(w, "%d decisions\n", len(list))
			return w.Flush()
		},
	}
	cmd.Flags().StringVar(&entity, "entity", "", "of this entity only")
	return cmd
}
