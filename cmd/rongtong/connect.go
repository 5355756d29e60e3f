package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"rongtong/pipelines/control"
)

func connectCmd(c *common) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "connect",
		Short: "look at a source system while its file is written (接入来源系统：检查、取样、起草)",
		Long: `connect helps to write the file of a source system. Each verb takes the name of a declared system, or a file that
is being written (name.yaml), which needs no more than its connection.
接入一个来源系统：先写连接信息，再检查、起草、取样。

  1. write civil.yaml:  connect: { kind: sql, driver: postgres, host: db1, database: civil, user: etl, password: "${env:CIVIL_PASSWORD}" }
  2. rongtong connect check civil.yaml
  3. rongtong connect discover civil.yaml > systems/civil.yaml     # read every line with a reason, mend it
  4. rongtong connect sample civil --declarations .  &&  rongtong check --declarations .`,
		Example: `  rongtong connect check province_gateway
  rongtong connect discover ./civil.yaml > systems/civil.yaml
  rongtong connect sample county_ledger.household --records 5`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(connectCheckCmd(c), connectSampleCmd(c), connectDiscoverCmd(c))
	return cmd
}

func timeoutFlag(cmd *cobra.Command, d *time.Duration, what string) {
	cmd.Flags().DurationVar(d, "timeout", 30*time.Second, what)
}

func connectCheckCmd(c *common) *cobra.Command {
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "check <system|FILE.yaml>",
		Short: "does the system answer, and may we read each stream (检查连接)",
		Long:  "check opens the system and tries every stream with its credentials. It reads no record into the pipeline.\nIt ends with 0 if all streams answer, with 4 if time may heal it, with 1 if a person must act.",
		Example: `  rongtong connect check province_gateway
  rongtong connect check ./civil.yaml --json | jq 'select(.ok | not)'`,
		Args: exactly(1, "check takes a system: rongtong connect check <system|FILE.yaml>"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), timeout)
			defer cancel()
			out := cmd.OutOrStdout()
			return control.ConnectCheck(ctx, c.options(), args[0], func(p control.Probe) {
				if c.json {
					_ = writeJSON(out, p)
					return
				}
				printProbe(out, p)
			})
		},
	}
	timeoutFlag(cmd, &timeout, "how long all of it may take")
	return cmd
}

func printProbe(out io.Writer, p control.Probe) {
	name := p.System
	if p.Stream != "" {
		name += "." + p.Stream
	}
	if p.OK {
		fmt.Fprintf(out, "ok      %-40s %6d ms\n", name, p.Millis)
		return
	}
	what := map[string]string{"transient": "time may heal it (可稍后再试)", "config": "a person must act (需要处理配置)"}[p.Class]
	if what == "" {
		what = p.Class
	}
	fmt.Fprintf(out, "FAILED  %-40s %6d ms  %s\n        %s\n", name, p.Millis, what, p.Error)
}

func connectSampleCmd(c *common) *cobra.Command {
	var timeout time.Duration
	var records int
	cmd := &cobra.Command{
		Use:   "sample <system[.stream]|FILE.yaml>",
		Short: "the first records of each stream, direct identifiers masked (取样，个人标识已遮盖)",
		Example: `  rongtong connect sample county_ledger.household
  rongtong connect sample ./civil.yaml --records 3 --json`,
		Args: exactly(1, "sample takes a system or a stream: rongtong connect sample <system[.stream]|FILE.yaml>"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if records < 1 {
				return &usageError{fmt.Errorf("--records is %d; it must be 1 or more", records)}
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), timeout)
			defer cancel()
			out := cmd.OutOrStdout()
			return control.ConnectSample(ctx, c.options(), args[0], records, func(r control.SampleRow) {
				switch {
				case c.json:
					_ = writeJSON(out, r)
				case r.Fault != "":
					fmt.Fprintf(out, "%s  %s  [%s]\n", r.Stream, r.Place, r.Fault)
				case r.Op != "":
					fmt.Fprintf(out, "%s  %s  %s %s\n", r.Stream, r.Place, r.Op, r.Value)
				default:
					fmt.Fprintf(out, "%s  %s  %s\n", r.Stream, r.Place, r.Value)
				}
			})
		},
	}
	cmd.Flags().IntVar(&records, "records", 10, "records of each stream")
	timeoutFlag(cmd, &timeout, "how long all of it may take")
	return cmd
}

func connectDiscoverCmd(c *common) *cobra.Command {
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "discover <system|FILE.yaml>",
		Short: "propose a system file: streams, keys, cursors, types, a first mapping, each with its reason (起草来源文件)",
		Long: `discover lists what the system offers, looks at the first records, and writes a system file. Every guess has its
reason beside it: labels (also as initials: xzqhdm is 行政区划代码), units in headings, values of code lists, division and
credit codes. Direct identifiers and prohibited fields are put under drop:. The file passes rongtong check; a flow that
is not complete is a comment that says what is missing. No value of the source is written.
起草一个来源文件，每处推断都附理由；请逐行核对并补充 cases。`,
		Example: `  rongtong connect discover ./civil.yaml > systems/civil.yaml
  rongtong connect discover county_ledger     # what a declared system offers besides`,
		Args: exactly(1, "discover takes a system: rongtong connect discover <system|FILE.yaml>"),
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := control.ConnectDiscover(cmd.Context(), c.options(), args[0], timeout, func(stream string, records int) {
				fmt.Fprintf(os.Stderr, "looked at %d records of %s\n", records, stream)
			})
			switch {
			case err != nil:
				return err
			case c.json:
				return writeJSON(cmd.OutOrStdout(), map[string]string{"yaml": text})
			}
			fmt.Fprint(cmd.OutOrStdout(), text)
			return nil
		},
	}
	timeoutFlag(cmd, &timeout, "how long one stream may take")
	return cmd
}
