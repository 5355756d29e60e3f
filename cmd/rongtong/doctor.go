package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"rongtong/pipelines/control"
)

func doctorCmd(c *common) *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "check everything the pipeline leans on, and say how to mend what is wrong",
		Long: "doctor looks at declarations, keys, disks, topics, members, backlog, clocks, tables and jobs, and changes\n" +
			"nothing. It ends with exit code 1 when something fails; a warning alone is no failure.",
		Example: `  rongtong doctor
  rongtong doctor --json | jq '.[] | select(.state != "ok")'`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			findings := control.Doctor(cmd.Context(), c.options())
			if c.json {
				if err := writeJSON(cmd.OutOrStdout(), findings); err != nil {
					return err
				}
			} else {
				printFindings(cmd.OutOrStdout(), findings)
			}
			failed := 0
			for _, f := range findings {
				if f.State == control.FindingFail {
					failed++
				}
			}
			if failed > 0 {
				return fmt.Errorf("%d of %d checks failed", failed, len(findings))
			}
			return nil
		},
	}
}

func printFindings(out io.Writer, findings []control.Finding) {
	label := map[string]string{"ok": "正常 ok", "warn": "注意 warn", "fail": "故障 fail"}
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	for _, f := range findings {
		fmt.Fprintf(w, "%s\t%s\t%s\n", label[f.State], f.Check, f.Found)
		if f.Mend != "" {
			fmt.Fprintf(w, "\t\t→ %s\n", f.Mend)
		}
	}
	w.Flush()
}
