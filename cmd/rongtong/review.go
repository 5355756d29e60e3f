package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"rongtong/pipelines/control"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas/fault"
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
		Example: `  rongtong review count
  rongtong review list --department 民政局
  rongtong review export county.csv --division 370102
  rongtong review import county.csv --by "县民政局社会组织科" --dry-run
  rongtong review show 3f9a1c2e07
  rongtong review merge 3f9a1c2e07 --by "县民政局社会组织科" --why "现场核实 2025-12-08"
  rongtong review keep-apart organization 51370102MEA123456A township_ledger:370102001000:3 --by … --why …
  rongtong review undo 3f9a1c2e07 --by … --why …
  rongtong review log`,
	}
	cmd.AddCommand(reviewCountCmd(c), reviewListCmd(c), reviewShowCmd(c), reviewExportCmd(c), reviewImportCmd(c),
		decideCmd(c, "merge", warehouse.VerdictMerge, "decide that two keys are one thing", "The next integration fuses the claims about both into one row. Two keys with\ndifferent codes are never merged: one of the codes is wrong, and its source has\nto correct it."),
		decideCmd(c, "keep-apart", warehouse.VerdictApart, "decide that two keys are two things", "They are not asked about again, and no rule merges them any more."),
		decideCmd(c, "undo", warehouse.VerdictUndo, "take the decision about two keys back", "The rules decide again. What a merge had joined parts, each key with the row\nthat its own claims make."),
		reviewLogCmd(c))
	return cmd
}

// reviewFilterFlags are the flags by which the pairs that wait are narrowed.
func reviewFilterFlags(cmd *cobra.Command, f *warehouse.ReviewFilter) {
	cmd.Flags().StringVar(&f.Entity, "entity", "", "of this entity only")
	cmd.Flags().StringVar(&f.Department, "department", "", "those that a department whose name holds this answers for")
	cmd.Flags().StringVar(&f.Division, "division", "", "in this division and those within it: 3701, 370102 …")
	cmd.Flags().StringVar(&f.Reason, "reason", "", "with this reason only")
	cmd.Flags().StringVar(&f.Source, "source", "", "of which this source has one side")
	cmd.Flags().StringVar(&f.Name, "name", "", "whose name holds this")
}

func reviewListCmd(c *common) *cobra.Command {
	var f warehouse.ReviewFilter
	var page int
	cmd := &cobra.Command{
		Use:   "list",
		Short: "list the pairs that wait, those that most speaks for first",
		Long: `list shows the pairs that wait for a person:

  name_only      equal names, and no second fact that both have
  facts_differ   equal names, and a second fact that differs
  same_source    one source has both, as two, and a second fact agrees
  several        more than one thing fits

The same is in ads.identity_review, and by department in ads.identity_review_by_department.`,
		Example: "  rongtong review list\n  rongtong review list --division 370102 --reason facts_differ --page 2\n  rongtong review list --source township_ledger --name 志愿者\n  rongtong review list --department 民政局 --limit 500 --json",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if page < 1 || f.Limit < 1 {
				return &usageError{fmt.Errorf("--page and --limit count from 1")}
			}
			f.Offset = (page - 1) * f.Limit
			list, total, err := control.Reviews(cmd.Context(), c.options(), f)
			if err != nil {
				return err
			}
			if c.json {
				return writeJSON(cmd.OutOrStdout(), map[string]any{"pairs": list, "total": total, "page": page})
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
			for _, r := range list {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s = %s\t%s\n", r.Pair, r.Division, r.Name, r.Reason, evidence(r), r.Left, r.Right, r.Department)
			}
			fmt.Fprintln(w, pageOf(len(list), f.Offset, total, page))
			return w.Flush()
		},
	}
	reviewFilterFlags(cmd, &f)
	cmd.Flags().IntVar(&f.Limit, "limit", 50, "how many to a page")
	cmd.Flags().IntVar(&page, "page", 1, "which page")
	return cmd
}

// pageOf says where in the list a page is, and how to get to the next.
func pageOf(n, offset int, total uint64, page int) string {
	switch {
	case uint64(offset+n) < total && n > 0:
		return fmt.Sprintf("%d to %d of %d pairs; --page %d shows more", offset+1, offset+n, total, page+1)
	case offset > 0 && n > 0:
		return fmt.Sprintf("%d to %d of %d pairs", offset+1, offset+n, total)
	}
	return fmt.Sprintf("%d of %d pairs", n, total)
}

func reviewCountCmd(c *common) *cobra.Command {
	var f warehouse.ReviewFilter
	var by string
	cmd := &cobra.Command{
		Use:   "count",
		Short: "count the pairs that wait: per county, department, source …",
		Long: `count says how many pairs wait and why, per county or per what --by names; a pair
between two departments or sources counts for both. Names that so many keys of one
division bear that they are not compared at all are listed at the end
(ads.identity_crowd).`,
		Example: "  rongtong review count\n  rongtong review count --by township --division 370102\n  rongtong review count --by source --reason same_source --json",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !slices.Contains(warehouse.ReviewBy(), by) {
				return &usageError{fmt.Errorf("--by is one of %s", strings.Join(warehouse.ReviewBy(), ", "))}
			}
			x, err := control.CountReviews(cmd.Context(), c.options(), f, by)
			if err != nil {
				return err
			}
			if c.json {
				return writeJSON(cmd.OutOrStdout(), x)
			}
			return printReviewCounts(cmd.OutOrStdout(), x)
		},
	}
	reviewFilterFlags(cmd, &f)
	cmd.Flags().StringVar(&by, "by", "county", "what to count by: "+strings.Join(warehouse.ReviewBy(), ", "))
	return cmd
}

func printReviewCounts(out io.Writer, x control.ReviewCounts) error {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	sum := map[string]uint64{}
	for _, n := range x.Counts {
		for why, pairs := range n.Reasons {
			sum[why] += pairs
		}
	}
	reasons := slices.Sorted(maps.Keys(sum))
	fmt.Fprintf(w, "%s\t\tpairs\t%s\toldest\n", x.By, strings.Join(reasons, "\t"))
	for _, n := range x.Counts {
		fmt.Fprintf(w, "%s\t%s\t%d", n.Of, n.Name, n.Pairs)
		for _, why := range reasons {
			fmt.Fprintf(w, "\t%d", n.Reasons[why])
		}
		fmt.Fprintf(w, "\t%s\n", n.Oldest.Format(time.DateOnly))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(out, "%d of them\n", len(x.Counts))
	if len(x.Crowds) == 0 {
		return nil
	}
	fmt.Fprintln(out, "not compared, because too many keys of one division bear the name:")
	for _, n := range x.Crowds {
		fmt.Fprintf(w, "  %s\t%s\t%s\t%d keys\n", n.Entity, n.Division, n.Name, n.Keys)
	}
	return w.Flush()
}

// everySoMany tells one in so many of what it is told.
func everySoMany(many int, tell func(int)) func(int) {
	return func(n int) {
		if n%many == 0 {
			tell(n)
		}
	}
}

func reviewExportCmd(c *common) *cobra.Command {
	var f warehouse.ReviewFilter
	var decided bool
	cmd := &cobra.Command{
		Use:   "export FILE",
		Short: "write the pairs that wait as CSV, for the people who decide",
		Long: `export writes a CSV file that WPS and Excel open as it is: one line a pair with what
is known of both sides, and three columns to fill in, 决定 (归并, 分开 or 撤销), 岗位 and
理由. rongtong review import reads it back. With --decided it writes the decisions that
hold instead. An existing file is not overwritten; - is standard output.`,
		Example: "  rongtong review export 历下区.csv --division 370102\n  rongtong review export all.csv --department 民政局 --reason name_only\n  rongtong review export - --decided > decisions.csv",
		Args:    oneArg("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			n := 0
			err := toFile(cmd, args[0], func(out io.Writer) (err error) {
				if decided {
					n, err = control.ExportDecisions(cmd.Context(), c.options(), f.Entity, out)
				} else {
					n, err = control.ExportReviews(cmd.Context(), c.options(), f, out, everySoMany(50_000, func(n int) { fmt.Fprintf(cmd.ErrOrStderr(), "%d lines so far\n", n) }))
				}
				return err
			})
			if err == nil {
				fmt.Fprintf(cmd.ErrOrStderr(), "%d lines\n", n)
			}
			return err
		},
	}
	reviewFilterFlags(cmd, &f)
	cmd.Flags().BoolVar(&decided, "decided", false, "the decisions that hold, instead of the pairs that wait")
	return cmd
}

func oneArg(name string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != 1 {
			return &usageError{fmt.Errorf("one %s is needed", name)}
		}
		return nil
	}
}

// toFile has a new file written, or standard output if the name is "-". One that
// could not be written to its end is removed.
func toFile(cmd *cobra.Command, name string, write func(io.Writer) error) error {
	if name == "-" {
		return write(cmd.OutOrStdout())
	}
	file, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fault.Hint(fault.Config, "give another name, or move the earlier file away", "making a file: %w", err)
	}
	if err := errors.Join(write(file), file.Close()); err != nil {
		os.Remove(name)
		return err
	}
	return nil
}

func reviewImportCmd(c *common) *cobra.Command {
	var o control.ImportOptions
	var refused string
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "keep the decisions of a CSV file that was filled in",
		Long: `import reads a file as "review export" writes it and spreadsheets save it (UTF-8, GB 18030
or UTF-16). Lines without a verdict stay open. A line that cannot stand is named with its
field and rule and stops no other; --refused writes those lines to a file of their own, to
mend and import again. The same file again changes nothing. Decisions count from the next
"integrate" on.`,
		Example: "  rongtong review import 历下区.csv --dry-run\n  rongtong review import 历下区.csv --by \"县民政局社会组织科\" --why \"鲁民函〔2025〕12号\" --refused 退回.csv",
		Args:    oneArg("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			var back bytes.Buffer
			o.Refused = &back
			o.Progress = func(kept, total int) { fmt.Fprintf(cmd.ErrOrStderr(), "%d of %d decisions kept\n", kept, total) }
			x, err := control.ImportDecisions(cmd.Context(), c.options(), args[0], o)
			if err != nil {
				return err
			}
			if refused != "" && back.Len() > 0 {
				err = toFile(cmd, refused, func(out io.Writer) error { _, err := back.WriteTo(out); return err })
				if err != nil {
					return err
				}
			}
			return printImport(cmd, c, args[0], x, o.Dry)
		},
	}
	cmd.Flags().StringVar(&o.By, "by", "", "the role that decides, for lines that give none")
	cmd.Flags().StringVar(&o.Why, "why", "", "what the decisions rest on, for lines that give nothing")
	cmd.Flags().BoolVar(&o.Dry, "dry-run", false, "say what would become of every line, and keep nothing")
	cmd.Flags().StringVar(&refused, "refused", "", "write the lines that cannot stand to this CSV file")
	return cmd
}

func printImport(cmd *cobra.Command, c *common, file string, x control.Import, dry bool) error {
	if c.json {
		if err := writeJSON(cmd.OutOrStdout(), x); err != nil {
			return err
		}
	} else {
		for _, l := range x.Refused {
			fmt.Fprintf(cmd.OutOrStdout(), "%s:%d: %s [%s]: %s\n", file, l.Line, l.Field, l.Rule, l.Why)
		}
		kept := "kept"
		if dry {
			kept = "would be kept"
		}
		fmt.Fprintf(cmd.OutOrStdout(), "%d %s, %d stand already, %d open, %d refused\n", x.Kept, kept, x.Standing, x.Open, len(x.Refused))
	}
	if len(x.Refused) > 0 {
		return fault.Hint(fault.Data, "mend them and import again: what is kept stays", "importing decisions from %q: %d lines cannot stand", file, len(x.Refused))
	}
	return nil
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
	var limit int
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
			total := len(list)
			list = list[:min(total, limit)]
			if c.json {
				return writeJSON(cmd.OutOrStdout(), map[string]any{"decisions": list, "total": total})
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
			for _, d := range list {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", d.DecidedAt.Format(time.DateTime), d.Entity, d.Verdict, d.Left, d.Right, d.DecidedBy, d.Reason)
			}
			if len(list) < total {
				fmt.Fprintf(w, "%d of %d decisions; --limit shows more\n", len(list), total)
				return w.Flush()
			}
			fmt.Fprintf(w, "%d decisions\n", total)
			return w.Flush()
		},
	}
	cmd.Flags().StringVar(&entity, "entity", "", "of this entity only")
	cmd.Flags().IntVar(&limit, "limit", 200, "how many to list")
	return cmd
}
