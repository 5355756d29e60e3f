package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"rongtong/pipelines/control"
	"rongtong/pipelines/lineage"
	"rongtong/schemas/fault"
)

func lineageCmd(c *common) *cobra.Command {
	var up, down bool
	var format string
	cmd := &cobra.Command{
		Use:   "lineage NAME",
		Short: "what a column is made of, and what breaks if it changes",
		Long: "lineage walks the graph of columns that the declarations make, from source fields to indicators and views;\nit asks no server. NAME is an entity, a column, an indicator, a topic or a view.\n" +
			"What statements of SQL read is found by name: every column of the tables in them whose name they contain.",
		Example: `  rongtong lineage facility.area_m2 --down        # what breaks if this column changes
  rongtong lineage I-07-15 --up                   # what this indicator is made of
  rongtong lineage in.county_ledger.committee --down --format mermaid
  rongtong lineage emit --to http://marquez:5000/api/v1/lineage   # OpenLineage events of what ran`,
		Args: exactly(1, "one name is needed: an entity, a column, an indicator, a topic or a view"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if c.json {
				format = "json"
			}
			return printLineage(cmd.OutOrStdout(), c.options(), args[0], up, down, format)
		},
	}
	cmd.Flags().BoolVar(&up, "up", false, "what it is made of")
	cmd.Flags().BoolVar(&down, "down", false, "what is made of it (both, when neither is given)")
	cmd.Flags().StringVar(&format, "format", "text", "text, mermaid or json")
	cmd.AddCommand(lineageEmitCmd(c))
	return cmd
}

func printLineage(out io.Writer, o control.Options, name string, up, down bool, format string) error {
	g, err := control.Lineage(o)
	if err != nil {
		return err
	}
	dataset, column, err := g.Find(name)
	if err != nil {
		return fault.New(fault.Config, "looking for lineage: %w", err)
	}
	var both []lineage.Edge
	for _, way := range []struct {
		want, up bool
		title    string
	}{{up || !down, true, "is made of"}, {down || !up, false, "goes into"}} {
		if !way.want {
			continue
		}
		edges := g.Walk(dataset, column, way.up)
		if format == "text" {
			what := dataset
			if column != "" {
				what += "." + column
			}
			fmt.Fprintf(out, "%s %s:\n", what, way.title)
			if len(edges) == 0 {
				fmt.Fprintln(out, "  nothing")
			}
			lineage.Text(out, g, edges, way.up)
		}
		both = append(both, edges...)
	}
	switch format {
	case "text":
	case "mermaid":
		lineage.Mermaid(out, both)
	case "json":
		enc := json.NewEncoder(out)
		enc.SetIndent("", "  ")
		return enc.Encode(both)
	default:
		return &usageError{fmt.Errorf("--format is text, mermaid or json, not %q", format)}
	}
	return nil
}

func lineageEmitCmd(c *common) *cobra.Command {
	var to string
	var follow bool
	cmd := &cobra.Command{
		Use:   "emit",
		Short: "send OpenLineage events of what ran since the last time",
		Long: "emit reads the pipeline's own books (what sources delivered, what was loaded, fused and computed) and sends\nOpenLineage run events with schemas, column lineage and row counts; never a value of a row. It goes on where\n" +
			"it stopped for the same address. \"rongtong up --lineage ADDRESS\" does the same all the time.",
		Example: `  rongtong lineage emit --to http://marquez:5000/api/v1/lineage
  rongtong lineage emit --to 'https://:${file:/run/secrets/key}@lineage.example/api/v1/lineage' --follow
  rongtong lineage emit --to file:/var/lib/rongtong/lineage.jsonl`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if to == "" {
				return &usageError{fmt.Errorf("give --to http://host:5000/api/v1/lineage or --to file:/path, or set RONGTONG_LINEAGE")}
			}
			return control.EmitLineage(cmd.Context(), c.options(), to, follow)
		},
	}
	cmd.Flags().StringVar(&to, "to", os.Getenv("RONGTONG_LINEAGE"), "where events go: an OpenLineage endpoint, or file:PATH ($RONGTONG_LINEAGE)")
	cmd.Flags().BoolVar(&follow, "follow", false, "go on until stopped")
	return cmd
}
