package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"rongtong/pipelines/control"
	"rongtong/pipelines/warehouse"
)

func whyCmd(c *common) *cobra.Command {
	var limit int
	var field string
	var hidden bool
	cmd := &cobra.Command{
		Use:   "why INDICATOR[@PERIOD|@DAY[@KNOWN]] [DIVISION] | ENTITY THING",
		Short: "tell where a figure or a fused row comes from, down to the file and row",
		Long: "why follows an answer back: from an indicator's value to its units and the fused rows they read, from a\n" +
			"fused row to every source's claims, and from a claim to its record in Kafka and the file, sheet and row\n" +
			"or database key it was read from. THING is the key of the row, its columns joined with '|'.\n\n" +
			"Small figures about persons or their cases, and those that would tell them, come without numbers. --hidden\n" +
			"shows them, with their units, to a connection that may read the tables behind the views: the warehouse refuses\n" +
			"it to analysts. What it shows is for whoever answers for the figures, and is not published.",
		Example: `  rongtong why I-13-14                             # of the province: what is missing, what falls short
  rongtong why I-13-14@2025-12 370502000000        # of a county in December 2025; else the last month that is over
  rongtong why I-13-14@2025-06-15@2025-07-01       # on any day, as far as it was known on 1 July
  rongtong why I-13-14 370502001001                # of one village, with the rows it is made of
  rongtong why I-05-08 370502000000 --hidden       # numbers that analysts do not see
  rongtong why facility village_service_complex:370502001001
  rongtong why facility village_service_complex:370502001001 --field area_m2 --json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 1 || len(args) > 2 {
				return &usageError{fmt.Errorf("an indicator and perhaps a division, or an entity and a thing, are needed")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			of := ""
			if len(args) == 2 {
				of = args[1]
			}
			x, err := control.Why(cmd.Context(), c.options(), args[0], of, limit, hidden)
			if err != nil {
				return err
			}
			if x.Thing != nil && field != "" {
				if err := onlyField(x.Thing, field); err != nil {
					return err
				}
			}
			if c.json {
				return writeJSON(cmd.OutOrStdout(), x)
			}
			printWhy(cmd.OutOrStdout(), x)
			return nil
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 10, "how many units or rows to list")
	cmd.Flags().BoolVar(&hidden, "hidden", false, "show the numbers of figures that analysts do not see; not to be passed on")
	cmd.Flags().StringVar(&field, "field", "", "of a fused row: this column only")
	return cmd
}

// onlyField leaves one column of a thing.
func onlyField(t *warehouse.Thing, field string) error {
	i := slices.IndexFunc(t.Fields, func(f warehouse.Field) bool { return f.Name == field || f.Zh == field })
	if i < 0 {
		return &usageError{fmt.Errorf("%q has no column %q", t.Entity, field)}
	}
	t.Fields = t.Fields[i : i+1]
	name := t.Fields[0].Name
	for i := range t.Claims {
		v, says := t.Claims[i].Values[name]
		t.Claims[i].Values = map[string]string{}
		if says {
			t.Claims[i].Values[name] = v
		}
	}
	t.Conflicts = slices.DeleteFunc(t.Conflicts, func(c warehouse.Conflict) bool { return c.Field != name })
	return nil
}

func printWhy(out io.Writer, x control.Explanation) {
	for _, f := range x.Figures {
		printFigure(out, f)
	}
	if x.Thing != nil {
		printThing(out, *x.Thing)
	}
}

func printFigure(out io.Writer, f warehouse.Figure) {
	fmt.Fprintf(out, "%s %s  %s %s  期间 period %s\n", f.Indicator, f.Name, f.Division, f.DivisionName, f.Period)
	if f.Suppressed {
		fmt.Fprintln(out, "  不显示 not shown: few persons or cases, or what would tell them, or a period that is not over; who may read the tables sees it with --hidden")
		fmt.Fprintf(out, "  名册 register %s %s, 口径 rule %d, 截至 as of %s, computed %s in run %s\n\n", f.Register, f.RegisterVersion, f.RuleVersion, f.AsOf, f.ComputedAt, f.RunID)
		return
	}
	value := f.Value
	if value == "" {
		value = "none: the denominator is zero"
	}
	fmt.Fprintf(out, "  值 value %s = %s ÷ %s; %d units of tier %s, %d missing", value, f.Numerator, f.Denominator, f.Units, f.UnitTier, f.Missing)
	if f.Provisional {
		fmt.Fprint(out, ", 暂定 provisional")
	}
	fmt.Fprintf(out, "\n  名册 register %s %s, 口径 rule %d, 截至 as of %s, computed %s in run %s\n", f.Register, f.RegisterVersion, f.RuleVersion, f.AsOf, f.ComputedAt, f.RunID)
	if len(f.UnitsBelow) > 0 {
		fmt.Fprintf(out, "  单元 units, missing ones and those that weigh against the figure first (%d of %d):\n", len(f.UnitsBelow), f.Units)
		w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
		for _, u := range f.UnitsBelow {
			fmt.Fprintf(w, "    %s\t%s ÷ %s\t%s\n", u.Division, orNone(u.Numerator), orNone(u.Denominator), u.Name)
		}
		w.Flush()
	}
	for _, t := range f.ThingsInDivision {
		fmt.Fprintf(out, "  行 row: rongtong why %s '%s'\n", t.Entity, t.Thing)
	}
	fmt.Fprintln(out)
}

func orNone(s string) string {
	if s == "" {
		return "缺 missing"
	}
	return s
}

func printThing(out io.Writer, t warehouse.Thing) {
	fmt.Fprintf(out, "%s %s\n", t.Entity, t.Thing)
	for _, k := range t.Keys {
		fmt.Fprintf(out, "  标识 key %s (%s): %s\n", k.Key, strings.Join(k.Sources, ", "), howMatched(k))
	}
	if len(t.Fields) == 0 {
		fmt.Fprintln(out, "  没有行：各来源均已撤回 no row: every source withdrew its claim")
	}
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	for _, f := range t.Fields {
		if f.Value == "" && f.Src == "" {
			continue
		}
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\t%s\n", f.Name, f.Value, f.Src, f.Rule, f.At)
	}
	w.Flush()
	for _, c := range t.Conflicts {
		fmt.Fprintf(out, "  分歧 conflict in %s: %s says %q (taken; %s checks), %s says %q\n", c.Field, c.Src, c.Value, c.Department, c.OtherSrc, c.OtherValue)
	}
	fmt.Fprintf(out, "主张 claims (%d):\n", len(t.Claims))
	for _, c := range t.Claims {
		state := ""
		switch {
		case c.Withdrawn:
			state = "  撤回 withdrawn"
		case !c.Latest:
			state = "  旧 superseded"
		}
		if c.Key != "" {
			state += "  标识 key " + c.Key
		}
		fmt.Fprintf(out, "  %s (%s)  %s%s\n    源 %s\n    Kafka %s/%d@%d, arrived %s\n", c.System, c.Tier, c.EventTime.Format(time.DateTime), state, place(c), c.Topic, c.Partition, c.Offset, c.ArrivedAt.Format(time.DateTime))
		if a := c.Again; a != nil {
			fmt.Fprintf(out, "    再次送达 delivered again, last %s/%d@%d, arrived %s\n", c.Topic, a.Partition, a.Offset, a.ArrivedAt.Format(time.DateTime))
		}
		var vs []string
		for _, f := range t.Fields {
			if v, ok := c.Values[f.Name]; ok {
				vs = append(vs, f.Name+"="+v)
			}
		}
		if len(vs) > 0 {
			fmt.Fprintln(out, "    "+strings.Join(vs, "  "))
		}
	}
}

// place is where a claim stood in its source.
func place(c warehouse.Claim) string {
	if c.Place == "" {
		return "record " + c.RecordID
	}
	return c.Place + ", record " + c.RecordID
}
