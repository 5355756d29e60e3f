package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"rongtong/pipelines/control"
	"rongtong/schemas"
)

func coverageCmd(c *common) *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "coverage",
		Short: "show for each row of the policy which source, entity and indicator answer it",
		Example: `  rongtong coverage
  rongtong coverage --json
  rongtong coverage --out docs/coverage.md`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			rows, err := control.Coverage(c.options())
			switch {
			case err != nil:
				return err
			case c.json:
				return writeJSON(cmd.OutOrStdout(), map[string]any{"rows": rows})
			case out != "":
				if err := os.WriteFile(out, []byte(schemas.CoveragePage(rows)), 0o644); err != nil {
					return fmt.Errorf("writing %q: %w", out, err)
				}
				return nil
			}
			fmt.Fprint(cmd.OutOrStdout(), schemas.CoveragePage(rows))
			return nil
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "write the page to this file")
	return cmd
}
