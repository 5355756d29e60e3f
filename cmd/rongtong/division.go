package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"rongtong/schemas/divisions"
	"rongtong/schemas/fault"
)

func divisionCmd(c *common) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "division",
		Short: "resolve division codes, walk the register, follow its history",
		Long:  "division answers from the register and its history that are built into the binary; it needs no server.\nCode systems: nbs12 (statistics), mca9 (civil affairs), gb6 (GB/T 2260), police15.",
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(divisionResolveCmd(c), divisionTreeCmd(c), divisionSuccessorsCmd(c), divisionCountsCmd(c), divisionReviewCmd(c))
	return cmd
}

// oneCode refuses any other number of arguments as a mistake of usage.
func oneCode(_ *cobra.Command, args []string) error {
	if len(args) != 1 {
		return &usageError{fmt.Errorf("one division code is needed, not %d", len(args))}
	}
	return nil
}

// dayFlag reads a date of the command line; the empty text is today.
func dayFlag(flag, s string) (time.Time, error) {
	if s == "" {
		return time.Now(), nil
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return t, &usageError{fmt.Errorf("reading --%s %q: it is not a date like 2015-06-01", flag, s)}
	}
	return t, nil
}

func divisionResolveCmd(c *common) *cobra.Command {
	var system, at, name string
	cmd := &cobra.Command{
		Use:   "resolve CODE",
		Short: "say which division a code meant at a date, and which it is today",
		Long:  "resolve prints the division of today's register, or the candidates when more than one is possible,\nwith the document and the reason. It never guesses: equal digits in two code systems are not evidence.",
		Example: `  rongtong division resolve --system mca9 --at 2018-06-01 370114012
  rongtong division resolve --system gb6 --at 2010-01-01 371081
  rongtong division resolve --system mca9 --name 泉城路街道 370102008`,
		Args: oneCode,
		RunE: func(cmd *cobra.Command, args []string) error {
			day, err := dayFlag("at", at)
			if err != nil {
				return err
			}
			h, err := divisions.LoadHistory()
			if err != nil {
				return err
			}
			r, err := h.Resolve(system, args[0], day)
			if err != nil {
				return &usageError{fault.Mark(fault.Data, err)}
			}
			r = h.Confirm(r, name)
			if c.json {
				return writeJSON(cmd.OutOrStdout(), r)
			}
			return printResolution(cmd.OutOrStdout(), r)
		},
	}
	cmd.Flags().StringVar(&system, "system", divisions.NBS12, "the code's system: nbs12, mca9, gb6 or police15")
	cmd.Flags().StringVar(&at, "at", "", "the day of the event, like 2015-06-01; empty is today")
	cmd.Flags().StringVar(&name, "name", "", "the name that the source wrote beside the code; it can confirm equal digits")
	return cmd
}

func printResolution(out io.Writer, r divisions.Resolution) error {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	row := func(label, format string, args ...any) { fmt.Fprintf(w, label+"\t"+format+"\n", args...) }
	row("asked", "%s", strings.TrimSpace(fmt.Sprintf("%s %s %s at %s", r.System, r.Code, r.Name, r.At)))
	row("status", "%s", r.Status)
	if r.Division != nil {
		row("division", "%s %s (%s, %s, %s)", r.Division.Code, r.Division.Name, r.Division.Tier, r.Division.Kind, divisions.Version)
	}
	for _, s := range r.Candidates {
		row("candidate", "%s", successorText(s))
	}
	if r.ValidFrom != 0 || r.ValidTo != 0 {
		row("valid", "from %s until before %s", dateOr(r.ValidFrom, "before the record"), dateOr(r.ValidTo, "today's end"))
	}
	if r.MatchKind != "" || r.Confidence > 0 && r.Confidence < 1 {
		kind := r.MatchKind
		if kind == "" {
			kind = "equal digits only"
		}
		row("match", "%s, confidence %.2f", kind, r.Confidence)
	}
	for _, ch := range r.Changes {
		row("change", "%s", changeText(ch))
	}
	row("reason", "%s", r.Reason)
	return w.Flush()
}

func dateOr(d divisions.Date, otherwise string) string {
	if d == 0 {
		return otherwise
	}
	return d.String()
}

func changeText(c divisions.Change) string {
	parts := []string{c.ID, c.Kind}
	if c.Old != "" {
		parts = append(parts, c.Old, c.OldName)
	}
	parts = append(parts, "→")
	if c.New != "" {
		parts = append(parts, c.New, c.NewName)
	}
	if c.Document != "" {
		parts = append(parts, c.Document)
	}
	if c.ApprovedOn != 0 {
		parts = append(parts, "approved "+c.ApprovedOn.String())
	}
	parts = append(parts, "in the tables from "+c.CodeValidFrom.String())
	if c.System == divisions.GB6 && c.Reason != "" {
		parts = append(parts, "("+c.Reason+")") // an inferred edge says so
	}
	return strings.Join(parts, " ")
}

func successorText(s divisions.Successor) string {
	share := "share unknown"
	if s.Known {
		share = fmt.Sprintf("share %g", s.Share)
	}
	if s.Above {
		share = "only this division above is known"
	}
	return fmt.Sprintf("%s %s (%s)", s.Code, s.Name, share)
}

func divisionSuccessorsCmd(c *common) *cobra.Command {
	var system, from, to string
	cmd := &cobra.Command{
		Use:   "successors CODE",
		Short: "follow a code through the changes between two dates",
		Long:  "successors prints which codes of the same system took the division over, with the share of each and the\nchanges on the way. A share that no source records is printed as unknown.",
		Example: `  rongtong division successors 371202
  rongtong division successors --from 1999-01-01 372923
  rongtong division successors --system mca9 370181101`,
		Args: oneCode,
		RunE: func(cmd *cobra.Command, args []string) error {
			begin, err := dayFlag("from", from)
			if err != nil {
				return err
			}
			end, err := dayFlag("to", to)
			if err != nil {
				return err
			}
			h, err := divisions.LoadHistory()
			if err != nil {
				return err
			}
			found, err := h.Successors(system, args[0], begin, end)
			if err != nil {
				return &usageError{fault.Mark(fault.Data, err)}
			}
			if c.json {
				return writeJSON(cmd.OutOrStdout(), map[string]any{"successors": slices.Concat([]divisions.Successor{}, found)})
			}
			printSuccessors(cmd.OutOrStdout(), h, found)
			return nil
		},
	}
	cmd.Flags().StringVar(&system, "system", divisions.GB6, "the code's system: nbs12, mca9, gb6 or police15")
	cmd.Flags().StringVar(&from, "from", "1999-12-31", "the day after which changes count")
	cmd.Flags().StringVar(&to, "to", "", "the last day that counts; empty is today")
	return cmd
}

func printSuccessors(out io.Writer, h *divisions.History, found []divisions.Successor) {
	if len(found) == 0 {
		fmt.Fprintln(out, "abolished; nobody recorded who took it over")
	}
	for _, s := range found {
		fmt.Fprintln(out, successorText(s))
		for _, id := range s.Refs {
			if ch, ok := h.Change(id); ok {
				fmt.Fprintln(out, "  "+changeText(ch))
			}
		}
	}
}

func divisionTreeCmd(c *common) *cobra.Command {
	return &cobra.Command{
		Use:   "tree CODE",
		Short: "list the divisions directly below a division, after those above it",
		Example: `  rongtong division tree 3701
  rongtong division tree 370114 --json`,
		Args: oneCode,
		RunE: func(cmd *cobra.Command, args []string) error {
			code := args[0]
			if n := len(code); n == 2 || n == 4 {
				code += "0000"[:6-n]
			}
			code, rule := divisions.ParseCode(code)
			if rule != "" {
				return &usageError{fmt.Errorf("reading the division code %q: it has not 2, 4, 6, 9 or 12 digits in their places", args[0])}
			}
			r, err := divisions.Load()
			if err != nil {
				return err
			}
			above := r.Path(code)
			if above == nil {
				return fault.New(fault.Data, "finding the division %q: the register %s does not hold it", code, divisions.Version)
			}
			below := slices.Collect(r.Children(code))
			if c.json {
				return writeJSON(cmd.OutOrStdout(), map[string]any{"path": above, "children": append([]divisions.Division{}, below...)})
			}
			printTree(cmd.OutOrStdout(), above, below)
			return nil
		},
	}
}

func printTree(out io.Writer, above, below []divisions.Division) {
	for i, d := range slices.Concat(above, below) {
		fmt.Fprintf(out, "%s%s %s (%s)\n", strings.Repeat("  ", min(i, len(above))), d.Code, d.Name, d.Kind)
	}
	fmt.Fprintf(out, "%d directly below\n", len(below))
}

func divisionCountsCmd(c *common) *cobra.Command {
	return &cobra.Command{
		Use:   "counts",
		Short: "say how many townships there are, by each register",
		Example: `  rongtong division counts
  rongtong division counts --json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := divisions.Load()
			if err != nil {
				return err
			}
			variants := r.Variants()
			if c.json {
				return writeJSON(cmd.OutOrStdout(), map[string]any{"variants": variants})
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
			for _, v := range variants {
				how := "published"
				if v.Computed {
					how = "computed"
				}
				fmt.Fprintf(w, "%s\t%d\t%s\t%s\n", v.Name, v.Townships, how, v.Basis)
			}
			return w.Flush()
		},
	}
}
