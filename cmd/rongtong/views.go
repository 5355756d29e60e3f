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

func viewsCmd(c *common) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "views [VIEW]",
		Short: "list the views for analysts, or tell of one its question, arguments and columns",
		Long: "views lists what layer ads answers, a question a view, in Chinese and English. Of one view it prints the\n" +
			"arguments, an example that can be pasted into rongtong query or any client, and what the columns mean.\n" +
			"It reads the declarations only: the warehouse need not run.",
		Example: `  rongtong views
  rongtong views indicator_children
  rongtong query "$(rongtong views indicator_children --json | jq -r '.[0].example')"`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return &usageError{fmt.Errorf("views takes one view at most")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			name := ""
			if len(args) == 1 {
				name = args[0]
			}
			views, err := control.Views(c.options(), name)
			switch {
			case err != nil:
				return err
			case c.json:
				return writeJSON(cmd.OutOrStdout(), describe(views))
			case name == "":
				listViews(cmd.OutOrStdout(), views)
				return nil
			}
			printView(cmd.OutOrStdout(), views[0])
			return nil
		},
	}
	return cmd
}

// described is a view as --json shows it.
type described struct {
	View    string     `json:"view"`
	NameZh  string     `json:"name_zh"`
	NameEn  string     `json:"name_en"`
	DocZh   string     `json:"doc_zh"`
	DocEn   string     `json:"doc_en"`
	Example string     `json:"example"`
	Args    []labelled `json:"arguments"`
	Columns []labelled `json:"columns"`
}

// labelled is an argument of a view with an example, or a column with its type.
type labelled struct {
	Name    string `json:"name"`
	Type    string `json:"type,omitempty"`
	Example string `json:"example,omitempty"`
	Zh      string `json:"zh"`
	En      string `json:"en"`
}

func describe(views []warehouse.ViewText) []described {
	out := make([]described, len(views))
	for i, v := range views {
		d := described{View: v.View, NameZh: v.Name.Zh, NameEn: v.Name.En, DocZh: strings.TrimSpace(v.Doc.Zh), DocEn: strings.TrimSpace(v.Doc.En), Example: v.Example, Args: []labelled{}}
		for _, a := range v.Args {
			d.Args = append(d.Args, labelled{Name: a.Key, Example: a.Value.Example, Zh: a.Value.Zh, En: a.Value.En})
		}
		for _, c := range v.Columns {
			d.Columns = append(d.Columns, labelled{Name: c.Name, Type: c.Type, Zh: c.Doc.Zh, En: c.Doc.En})
		}
		out[i] = d
	}
	return out
}

func listViews(out io.Writer, views []warehouse.ViewText) {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	for _, v := range views {
		args := make([]string, len(v.Args))
		for i, a := range v.Args {
			args[i] = a.Key
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", v.View, strings.Join(args, ", "), v.Name.En, v.Name.Zh)
	}
	w.Flush()
}

func printView(out io.Writer, v warehouse.ViewText) {
	fmt.Fprintf(out, "%s  %s / %s\n\n%s\n%s\n\n  %s\n", v.View, v.Name.Zh, v.Name.En, strings.TrimSpace(v.Doc.Zh), strings.TrimSpace(v.Doc.En), v.Example)
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	if len(v.Args) > 0 {
		fmt.Fprintln(w, "\n参数 arguments:")
	}
	for _, a := range v.Args {
		fmt.Fprintf(w, "  %s\t%s\t%s\n", a.Key, a.Value.Zh, a.Value.En)
	}
	fmt.Fprintln(w, "\n列 columns:")
	for _, col := range v.Columns {
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", col.Name, col.Type, col.Doc.Zh, col.Doc.En)
	}
	w.Flush()
}
