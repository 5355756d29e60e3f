package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"rongtong/pipelines/control"
)

// errSample makes the verdict on a sample an exit code.
var errSample = errors.New("the sample has problems")

func feedCmd(c *common) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "feed",
		Short: "what a department that sends to us needs: contract, test of a sample, grants (部门报送：约定、样例检查、授权)",
		Example: `  rongtong feed contract civil_affairs.committee --format markdown
  rongtong feed verify civil_affairs.committee sample.csv
  rongtong feed acl civil_affairs --bootstrap kafka1:9092`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(feedVerifyCmd(c), feedContractCmd(c), feedACLCmd(c))
	return cmd
}

func feedVerifyCmd(c *common) *cobra.Command {
	var most int
	cmd := &cobra.Command{
		Use:   "verify <system.stream> FILE",
		Short: "check a sample file against its contract and the rules of the theme database (检查样例文件)",
		Long: `verify reads a file as a department would send it (JSON, JSON Lines, CSV, an Avro object container) and says
every problem of every record with line, field and rule, in Chinese and English: what breaks the contract, and what
the theme database would reject. It sends nothing and repeats no value of the file.
检查一个样例文件，逐条列出全部问题（行、字段、规则）；不发送任何数据，也不显示文件中的值。

It ends with 0 if every record is good, with 3 if one is not.`,
		Example: `  rongtong feed verify civil_affairs.committee sample.jsonl
  rongtong feed verify village_forms.measure forms.csv --json | jq '.problems | group_by(.rule) | map({rule: .[0].rule, n: length})'`,
		Args: exactly(2, "verify takes a stream and a file: rongtong feed verify <system.stream> FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := control.VerifySample(c.options(), args[0], args[1])
			if err != nil {
				return err
			}
			if c.json {
				err = writeJSON(cmd.OutOrStdout(), r)
			} else {
				printSample(cmd.OutOrStdout(), r, most)
			}
			if err == nil && len(r.Problems) > 0 {
				err = errSample
			}
			return err
		},
	}
	cmd.Flags().IntVar(&most, "max", 0, "problems to list; 0: all")
	return cmd
}

func printSample(out io.Writer, r control.SampleReport, most int) {
	for i, p := range r.Problems {
		if most > 0 && i == most {
			fmt.Fprintf(out, "… %d more (其余 %d 处未列出)\n", len(r.Problems)-most, len(r.Problems)-most)
			break
		}
		where := p.Field
		if where == "" {
			where = "-"
		}
		if p.Entity != "" {
			where += " (" + p.Entity + ")"
		}
		fmt.Fprintf(out, "%s:%d: record %d, %s [%s]\n    %s\n    %s\n", r.File, p.Line, p.Item, where, p.Rule, p.Zh, p.En)
		if p.HintZh != "" {
			fmt.Fprintf(out, "    hint: %s / %s\n", p.HintZh, p.HintEn)
		}
	}
	for _, line := range []struct {
		counts map[string]int64
		what   string
	}{{r.Dropped, "values are dropped before anything else (按约定丢弃)"}, {r.Unknown, "values are of fields that nobody declared (未约定的字段)"}} {
		for _, f := range slices.Sorted(maps.Keys(line.counts)) {
			fmt.Fprintf(out, "field %q: %d %s\n", f, line.counts[f], line.what)
		}
	}
	if r.Note != "" {
		fmt.Fprintln(out, "note:", r.Note)
	}
	fmt.Fprintf(out, "%s: %d records, %d good, %d problems (共 %d 条，合格 %d 条，问题 %d 处)\n",
		r.Stream, r.Records, r.Good, len(r.Problems), r.Records, r.Good, len(r.Problems))
}

func feedContractCmd(c *common) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "contract <system.stream>",
		Short: "print the contract of a stream (数据约定)",
		Example: `  rongtong feed contract civil_affairs.committee
  rongtong feed contract civil_affairs.committee --format avro > committee.avsc
  rongtong feed contract civil_affairs.committee --format markdown   # for people`,
		Args: exactly(1, "contract takes a stream: rongtong feed contract <system.stream>"),
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := control.FeedContract(c.options(), args[0], format)
			if err == nil {
				fmt.Fprint(cmd.OutOrStdout(), text)
			}
			return err
		},
	}
	cmd.Flags().StringVar(&format, "format", "jsonschema", strings.Join(control.ContractFormats, ", "))
	return cmd
}

func feedACLCmd(c *common) *cobra.Command {
	var bootstrap string
	cmd := &cobra.Command{
		Use:   "acl <system>",
		Short: "print the commands that the broker's administrator must run: topics, grants, quotas (授权与配额命令)",
		Example: `  rongtong feed acl civil_affairs --bootstrap kafka1:9092 > grants.sh
  sh -e grants.sh     # on a machine with Kafka's tools; may be run again`,
		Args: exactly(1, "acl takes a system: rongtong feed acl <system>"),
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := control.FeedACL(c.options(), args[0], bootstrap)
			switch {
			case err != nil:
				return err
			case c.json:
				return writeJSON(cmd.OutOrStdout(), map[string]string{"commands": text})
			}
			fmt.Fprint(cmd.OutOrStdout(), text)
			return nil
		},
	}
	cmd.Flags().StringVar(&bootstrap, "bootstrap", "localhost:9092", "the broker, as the administrator reaches it")
	return cmd
}

// exactly refuses another number of arguments with a sentence.
func exactly(n int, usage string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != n {
			return &usageError{errors.New(usage)}
		}
		return nil
	}
}
