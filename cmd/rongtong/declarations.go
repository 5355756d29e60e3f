package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"rongtong/pipelines/control"
	"rongtong/pipelines/declared"
	"rongtong/schemas/derive"
)

// errChanges makes "there are changes" an exit code, where it was asked for.
var errChanges = errors.New("there are changes")

// exitChanges is terraform's: 0 nothing to do, 1 an error, 2 changes.
const exitChanges = 2

// errBehind says that a process did not change over in time.
var errBehind = errors.New("the version is in force, and not every process runs it yet; rongtong status shows who")

func changeFlags(cmd *cobra.Command, c *control.Change) {
	cmd.Flags().StringArrayVar(&c.Allow, "allow", nil, allowHelp)
	cmd.Flags().StringArrayVar(&c.Reread, "reread", nil, "system.stream to read from the beginning of its source (repeatable)")
}

func planDeclarationsCmd(c *common) *cobra.Command {
	var change control.Change
	var detailed, sql bool
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "what applying declarations would do; changes nothing",
		Long: `plan compares declarations with those in force and asks Kafka and the warehouse what
applying them would do: sources that begin, stop or are read in another way, tables
that change, figures that are computed again, what would be lost.

The declarations are the folder of --declarations: on top of what this program ships,
or, if it has tiers.yaml, alone. Without a folder they are what this program ships
(after an upgrade: what is new in it) and the folder that is in force.`,
		Example: `  rongtong plan --declarations ./our-province
  rongtong plan                                 # after an upgrade of the program
  rongtong plan --declarations ./our-province --detailed-exitcode || echo changes or trouble`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := control.PlanDeclarations(cmd.Context(), c.options(), change)
			if err != nil {
				return err
			}
			if c.json {
				err = writeJSON(cmd.OutOrStdout(), p)
			} else {
				printPlan(cmd.OutOrStdout(), p, sql)
			}
			if err == nil && detailed && !p.Empty() {
				return errChanges
			}
			return err
		},
	}
	changeFlags(cmd, &change)
	cmd.Flags().BoolVar(&detailed, "detailed-exitcode", false, "exit with 2 if there is something to do, 0 if not")
	cmd.Flags().BoolVar(&sql, "sql", false, "show the statements of the warehouse too")
	return cmd
}

func applyDeclarationsCmd(c *common) *cobra.Command {
	a := control.ApplyChange{}
	var yes bool
	cmd := &cobra.Command{
		Use:   "apply",
		Short: "put declarations in force, while everything runs",
		Long: `apply shows the plan, asks, and puts the declarations in force. Everything is checked
before anything changes, here and by every running process. What the change leaves
alone is not disturbed; what it changes ends at a boundary and goes on in the new way,
without losing or repeating data. Cut short at any point, the old version or the new
one is in force; run it again and it goes on where it was.

What would lose data is refused by name; --allow NAME says that it is meant.`,
		Example: `  rongtong apply --declarations ./our-province --why "ticket 1234: new ledger of the counties"
  rongtong apply --declarations ./our-province --yes --wait 5m
  rongtong apply --declarations ./our-province --allow drop:std.facility.area_m2`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return applyChange(cmd, c, &a, yes) },
	}
	applyFlags(cmd, &a, &yes)
	return cmd
}

func applyFlags(cmd *cobra.Command, a *control.ApplyChange, yes *bool) {
	changeFlags(cmd, &a.Change)
	cmd.Flags().BoolVar(yes, "yes", false, "do not ask")
	cmd.Flags().StringVar(&a.Why, "why", "", "the reason, kept in the history")
	cmd.Flags().StringVar(&a.By, "by", "", "who applies it (default: the user and this machine)")
	cmd.Flags().DurationVar(&a.Wait, "wait", time.Minute, "how long processes may take to check the version, to leave, and to change over")
}

func rollbackCmd(c *common) *cobra.Command {
	a := control.ApplyChange{}
	var yes bool
	cmd := &cobra.Command{
		Use:   "rollback [VERSION]",
		Short: "put the declarations of an earlier version in force again",
		Long: `rollback applies the declarations of an earlier version (default: those that were in
force before the present ones) as a new version, with the same plan, checks and
refusals as apply. Rows that were loaded meanwhile stay.`,
		Example: "  rongtong rollback\n  rongtong rollback 7 --why \"the new mapping drops the street\"",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return &usageError{errors.New("rollback takes one version at most")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			a.Repeat = -1
			if len(args) == 1 {
				n, err := control.ParseVersion(args[0])
				if err != nil {
					return &usageError{err}
				}
				a.Repeat = n
			}
			return applyChange(cmd, c, &a, yes)
		},
	}
	applyFlags(cmd, &a, &yes)
	return cmd
}

func applyChange(cmd *cobra.Command, c *common, a *control.ApplyChange, yes bool) error {
	out := cmd.OutOrStdout()
	p, err := control.PlanDeclarations(cmd.Context(), c.options(), a.Change)
	if err != nil {
		return err
	}
	if !c.json {
		printPlan(out, p, false)
	}
	if err := p.Refused(); err != nil {
		return err
	}
	if p.Empty() {
		if c.json {
			return writeJSON(out, control.Applied{Version: p.From, Plan: p, Processes: p.Processes})
		}
		return nil
	}
	if !yes {
		if err := agree(cmd, out); err != nil {
			return err
		}
	}
	a.From, a.Fingerprint = p.From, p.Fingerprint
	if !c.json {
		a.Say = func(s string) { fmt.Fprintln(out, s) }
	}
	done, err := control.ApplyDeclarations(cmd.Context(), c.options(), *a)
	if err != nil {
		return err
	}
	if c.json {
		err = writeJSON(out, done)
	} else {
		printProcesses(out, done.Version, done.Processes)
	}
	if err == nil && len(done.Behind) > 0 {
		return errBehind
	}
	return err
}

// agree asks the person at the terminal.
func agree(cmd *cobra.Command, out io.Writer) error {
	in := cmd.InOrStdin()
	if f, ok := in.(*os.File); ok {
		if st, err := f.Stat(); err != nil || st.Mode()&os.ModeCharDevice == 0 {
			return &usageError{errors.New("nobody can be asked here: look at rongtong plan, then say --yes")}
		}
	}
	fmt.Fprint(out, "\nPut this in force? Only \"yes\" will do: ")
	line, err := bufio.NewReader(in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if strings.TrimSpace(line) != "yes" {
		return errors.New("nothing was changed")
	}
	return nil
}

// printPlan shows a plan to a person.
func printPlan(out io.Writer, p *control.Plan, sql bool) {
	from := fmt.Sprintf("version %d", p.From)
	if p.From == 0 {
		from = "what this program ships (nothing was ever applied)"
	}
	if p.Empty() {
		fmt.Fprintf(out, "no changes: %s is in force, and %s is the same\n", from, p.Target)
		return
	}
	fmt.Fprintf(out, "from %s to %s (%s), %d files differ\n", from, p.Target, p.Fingerprint, len(p.Files))
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	kind := ""
	for _, e := range p.Effects {
		if e.Kind != kind {
			w.Flush()
			fmt.Fprintln(out, "\n"+e.Kind)
			kind = e.Kind
		}
		mark := " "
		if e.Class == derive.Stored || e.Class == derive.Contract {
			mark = "!"
		}
		text := e.Detail
		if e.Does != "" {
			text += ": " + e.Does
		}
		fmt.Fprintf(w, "%s %s %s\t%s\t%s\n", mark, e.Sign, e.Object, e.Class, text)
	}
	w.Flush()
	printSteps(out, p, sql)
	for _, list := range []struct {
		title string
		lines []string
	}{{"topics to create", p.Topics}, {"read from the beginning", p.Rereads}, {"mind", p.Warnings}, {"blocked: cannot be applied", p.Blocked}} {
		if len(list.lines) > 0 {
			fmt.Fprintln(out, "\n"+list.title)
			for _, l := range list.lines {
				fmt.Fprintln(out, "  "+l)
			}
		}
	}
	if len(p.Dangers) > 0 {
		fmt.Fprintln(out, "\nlosses and repetitions")
		for _, d := range p.Dangers {
			state := "refused unless it is allowed"
			if d.Allowed {
				state = "allowed"
			}
			fmt.Fprintf(out, "  %s  %s (%s)\n", d.Name, d.What, state)
		}
	}
	verdict := "it can be applied"
	if err := p.Refused(); err != nil {
		verdict = "it is refused as it stands"
	}
	if len(p.Processes) == 0 {
		verdict += "; no process runs that would change over"
	} else {
		verdict += fmt.Sprintf("; %d processes will change over", len(p.Processes))
	}
	fmt.Fprintf(out, "\n%d differences, %d steps of the warehouse: %s\n", len(p.Effects), len(p.Steps), verdict)
}

// rewritten is how many rows a second a rewrite copies, to say about how long it
// takes: docs/figures.md has what was measured.
const rewritten = 500_000

// stepsShown is how many steps are listed unless all are asked for.
const stepsShown = 40

func printSteps(out io.Writer, p *control.Plan, sql bool) {
	if len(p.Steps) == 0 {
		return
	}
	fmt.Fprintln(out, "\nsteps of the warehouse")
	told := map[string]bool{}
	for i, s := range p.Steps {
		if i == stepsShown && !sql {
			fmt.Fprintf(out, "  … and %d more (--sql shows all)\n", len(p.Steps)-i)
			break
		}
		note := ""
		if s.Rows > 0 && !told[s.Object] {
			told[s.Object] = true
			note = fmt.Sprintf("  (%d rows, about %v)", s.Rows, (time.Duration(s.Rows/rewritten+1) * time.Second))
		}
		fmt.Fprintf(out, "  %s %s%s\n", s.Doc, s.Object, note)
		if sql {
			fmt.Fprintln(out, "      "+strings.ReplaceAll(s.SQL, "\n", "\n      "))
		}
	}
	if len(p.Pauses) > 0 {
		verb := "pause"
		if len(p.Pauses) == 1 {
			verb = "pauses"
		}
		fmt.Fprintf(out, "  while they run, %s %s; reading sources and asking the warehouse go on\n", strings.Join(p.Pauses, " and "), verb)
	}
}

// printProcesses shows who runs which version.
func printProcesses(out io.Writer, version int, list []control.Node) {
	if len(list) == 0 {
		fmt.Fprintln(out, "no process runs")
		return
	}
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "process\tprogram\tversion\t")
	for _, n := range list {
		note := ""
		switch {
		case n.Problem != "":
			note = "cannot run the next one: " + n.Problem
		case n.Version != version:
			note = "behind"
		case n.Warning != "":
			note = n.Warning
		}
		if len(n.Paused) > 0 {
			note = strings.TrimSpace(note + " paused: " + strings.Join(n.Paused, ", "))
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\n", n.Name(), n.Program, n.Version, note)
	}
	w.Flush()
}

// printInForce says which declarations are in force, and who does not run them.
func printInForce(out io.Writer, f control.InForce) {
	switch {
	case f.Version == 0:
		fmt.Fprintf(out, "\ndeclarations: none were ever applied; %d processes\n", len(f.Nodes))
	default:
		fmt.Fprintf(out, "\ndeclarations: version %d, %d of %d processes run it\n", f.Version, len(f.Nodes)-len(f.Skewed()), len(f.Nodes))
		if skewed := f.Skewed(); len(skewed) > 0 {
			printProcesses(out, f.Version, skewed)
		}
	}
	if f.Begun > 0 {
		fmt.Fprintf(out, "version %d is being applied, or was when that was cut short\n", f.Begun)
	}
}

func declarationsCmd(c *common) *cobra.Command {
	cmd := &cobra.Command{Use: "declarations", Short: "what is declared: take it out, look at its history"}
	var version int
	export := &cobra.Command{
		Use:   "export FOLDER",
		Short: "write the declarations in force into a folder that then stands for itself",
		Long: `export writes the declarations in force (or what this program ships, where no broker is
given or nothing was applied) into a new folder. Keep it under version control; edit it;
give it to plan and apply with --declarations. Because it has tiers.yaml it stands for
itself: what is deleted in it is no longer declared.`,
		Example: "  rongtong declarations export ./our-province\n  rongtong declarations export ./before --version 7",
		Args:    exactly(1, "export takes one folder"),
		RunE: func(cmd *cobra.Command, args []string) error {
			n, err := control.Export(cmd.Context(), c.options(), args[0], version)
			if err == nil {
				fmt.Fprintf(cmd.OutOrStdout(), "%d files in %s\n", n, args[0])
			}
			return err
		},
	}
	export.Flags().IntVar(&version, "version", 0, "a version of the history (default: the one in force)")
	cmd.AddCommand(export, &cobra.Command{
		Use:     "history",
		Short:   "which declarations were in force when, by whom, and why",
		Example: "  rongtong declarations history\n  rongtong declarations history --json | jq '.versions[-1].says'",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			list, err := control.History(cmd.Context(), c.options())
			if err != nil {
				return err
			}
			if c.json {
				if list == nil {
					list = []declared.Version{}
				}
				return writeJSON(cmd.OutOrStdout(), map[string]any{"versions": list})
			}
			printHistory(cmd.OutOrStdout(), list)
			return nil
		},
	})
	return cmd
}

func printHistory(out io.Writer, list []declared.Version) {
	if len(list) == 0 {
		fmt.Fprintln(out, "nothing was ever applied: processes run what they ship, and their --declarations")
		return
	}
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "version\tstate\tat\tby\tprogram\tchanges\twhy")
	for _, v := range list {
		at := v.Ended
		if at.IsZero() {
			at = v.Began
		}
		why := v.Why
		if v.Repeats > 0 {
			why = strings.TrimSpace(fmt.Sprintf("rollback to %d. %s", v.Repeats, why))
		}
		if v.Error != "" {
			why = strings.TrimSpace(why + " (" + v.Error + ")")
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%d\t%s\n", v.Number, v.State, at.Local().Format(time.DateTime), v.By, v.Program, len(v.Says), why)
	}
	w.Flush()
}
