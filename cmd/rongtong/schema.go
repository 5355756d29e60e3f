package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"rongtong/pipelines/control"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas/derive"
)

func schemaCmd(c *common) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "schema",
		Short: "what follows from the declarations, and how the warehouse follows them",
		Example: `  rongtong schema ddl                        # print what creates the warehouse
  rongtong schema contract --out ./contracts # JSON Schema and Avro of every feed
  rongtong schema diff shipped ./our-county
  rongtong schema plan && rongtong schema apply`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		deriveCmd(c, "arrow", "the Arrow schema of every entity's batches"),
		deriveCmd(c, "ddl", "the ClickHouse statements that create the warehouse"),
		deriveCmd(c, "contract", "the feed contract of every entity: JSON Schema 2020-12 and Avro"),
		deriveCmd(c, "indicators", "the statement that yields every indicator's units"),
		deriveCmd(c, "quality", "the quality flags, the rules and the functions of flows, as Markdown"),
		deriveCmd(c, "dictionary", "the data dictionary: a static site, and Markdown in Chinese and English"),
		diffCmd(c), planCmd(c), applyCmd(c))
	return cmd
}

func deriveCmd(c *common, kind, short string) *cobra.Command {
	var out, cluster string
	cmd := &cobra.Command{
		Use: kind, Short: short, Args: noArgs,
		Example: "  rongtong schema " + kind + "\n  rongtong schema " + kind + " --out ./generated",
		RunE: func(cmd *cobra.Command, _ []string) error {
			files, err := control.Derive(c.options(), kind, cluster)
			if err != nil {
				return err
			}
			if c.json {
				return writeJSON(cmd.OutOrStdout(), files)
			}
			return writeFiles(cmd.OutOrStdout(), files, out)
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "folder to write to (default: print)")
	if kind == "ddl" {
		cmd.Flags().StringVar(&cluster, "cluster", "", "name of a cluster: replicated and distributed tables")
	}
	return cmd
}

// writeFiles prints the artefacts, or writes them under a folder.
func writeFiles(w io.Writer, files derive.Files, out string) error {
	paths := make([]string, 0, len(files))
	for p := range files {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	for _, p := range paths {
		if out == "" {
			if len(files) > 1 {
				fmt.Fprintf(w, "==> %s <==\n", p)
			}
			fmt.Fprint(w, files[p])
			continue
		}
		to := filepath.Join(out, filepath.FromSlash(p))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return fmt.Errorf("writing %q: %w", to, err)
		}
		if err := os.WriteFile(to, []byte(files[p]), 0o644); err != nil {
			return fmt.Errorf("writing %q: %w", to, err)
		}
	}
	if out != "" {
		fmt.Fprintf(w, "%d files in %s\n", len(files), out)
	}
	return nil
}

func diffCmd(c *common) *cobra.Command {
	return &cobra.Command{
		Use:   "diff OLD NEW",
		Short: "what changed between two sets of declarations, and what it costs",
		Long:  "diff compares two folders of declarations (or \"shipped\") and classifies every change:\nsafe, needs backfill, breaks stored data, breaks a contract.",
		Example: `  rongtong schema diff shipped ./our-county
  rongtong schema diff ./before ./after --json`,
		Args: exactly(2, "diff takes two folders of declarations, or \""+control.Shipped+"\""),
		RunE: func(cmd *cobra.Command, args []string) error {
			changes, err := control.Diff(args[0], args[1])
			if err != nil {
				return err
			}
			if c.json {
				if changes == nil {
					changes = []derive.Change{}
				}
				return writeJSON(cmd.OutOrStdout(), map[string]any{"changes": changes})
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 8, 2, ' ', 0)
			for _, x := range changes {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", x.Class, x.Rule, x.Object, x.Detail)
			}
			w.Flush()
			fmt.Fprintf(cmd.OutOrStdout(), "%d changes\n", len(changes))
			return nil
		},
	}
}

const allowHelp = "a loss that is meant, by its name: drop:std.facility.area_m2, convert:…, merge:std.facility, expire:ods.… (repeatable)"

func planCmd(c *common) *cobra.Command {
	var allow []string
	var sql bool
	cmd := &cobra.Command{
		Use:     "plan",
		Short:   "the steps that bring the live warehouse to the declarations; changes nothing",
		Example: "  rongtong schema plan\n  rongtong schema plan --sql --allow drop:std.facility.area_m2",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			steps, err := control.PlanSchema(cmd.Context(), c.options(), allow)
			if err != nil {
				return err
			}
			if c.json {
				if steps == nil {
					steps = []warehouse.Step{}
				}
				return writeJSON(cmd.OutOrStdout(), map[string]any{"steps": steps})
			}
			for _, s := range steps {
				note := ""
				if s.Writer != "" {
					note = " (apply keeps " + s.Writer + " out)"
				}
				fmt.Fprintln(cmd.OutOrStdout(), s.Doc, s.Object+note)
				if sql {
					fmt.Fprintln(cmd.OutOrStdout(), "    "+strings.ReplaceAll(s.SQL, "\n", "\n    "))
				}
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%d steps\n", len(steps))
			return nil
		},
	}
	cmd.Flags().StringArrayVar(&allow, "allow", nil, allowHelp)
	cmd.Flags().BoolVar(&sql, "sql", false, "show the statements too")
	return cmd
}

func applyCmd(c *common) *cobra.Command {
	a := control.Apply{}
	cmd := &cobra.Command{
		Use:   "apply",
		Short: "bring the live warehouse to the declarations, step by step; may be cut and run again",
		Long: `apply takes the steps of plan. Where a table is rewritten or a column goes, the
processes that write to it must be stopped first: apply asks the broker, waits
for --wait, finishes the loads that were begun, and keeps the writers out until
it is done. Readers read on. What is in the way is named, and so is the word by
which a person says that it is meant:

  live:load, live:schedule   processes of that role are running
  pending:load               a load was begun and cannot be finished here`,
		Example: "  rongtong schema apply\n  rongtong schema apply --wait 2m\n  rongtong schema apply --allow convert:std.facility.area_m2",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			n := 0
			a.Done = func(i, of int, s warehouse.Step) {
				n = of
				fmt.Fprintf(cmd.OutOrStdout(), "%d/%d %s %s\n", i, of, s.Doc, s.Object)
			}
			err := control.ApplySchema(cmd.Context(), c.options(), a)
			if err == nil {
				fmt.Fprintf(cmd.OutOrStdout(), "%d steps\n", n)
			}
			return err
		},
	}
	cmd.Flags().StringArrayVar(&a.Allow, "allow", nil, allowHelp)
	cmd.Flags().DurationVar(&a.Wait, "wait", 15*time.Second, "how long writers may take to leave")
	return cmd
}
