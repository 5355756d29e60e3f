package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"rongtong/pipelines"
	"rongtong/pipelines/control"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas"
)

// rejectFlags are the filters that all of these verbs share.
type rejectFlags struct {
	warehouse.RejectFilter
	since, lang string
}

func (r *rejectFlags) bind(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&r.System, "system", "", "only of this source system")
	f.StringVar(&r.Stream, "stream", "", "only of this stream")
	f.StringVar(&r.Rule, "rule", "", "only those that broke this rule")
	f.StringVar(&r.Field, "field", "", "only those whose column of this name failed")
	f.StringVar(&r.Division, "division", "", "only of this division and those within it: 3701, 370102, 370102001000 …")
	f.StringVar(&r.since, "since", "", "only those that arrived since: a date, a time, or an age such as 24h")
	f.StringVar(&r.lang, "lang", defaultLang(), "language of reasons: zh or en")
}

// defaultLang follows the terminal's.
func defaultLang() string {
	for _, v := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if s := os.Getenv(v); s != "" {
			if strings.HasPrefix(s, "zh") {
				return "zh"
			}
			return "en"
		}
	}
	return "zh"
}

func (r *rejectFlags) filter() (warehouse.RejectFilter, error) {
	f := r.RejectFilter
	if f.Topic == "" {
		f.Offset = -1
	}
	if r.lang != "zh" && r.lang != "en" {
		return f, &usageError{fmt.Errorf("--lang is zh or en, not %q", r.lang)}
	}
	if r.since == "" {
		return f, nil
	}
	if age, err := time.ParseDuration(r.since); err == nil {
		f.Since = time.Now().Add(-age)
		return f, nil
	}
	zone := time.FixedZone("Asia/Shanghai", 8*3600)
	for _, layout := range []string{time.DateOnly, time.DateTime, time.RFC3339} {
		if t, err := time.ParseInLocation(layout, r.since, zone); err == nil {
			f.Since = t
			return f, nil
		}
	}
	return f, &usageError{fmt.Errorf("reading --since %q: write 2025-12-31, \"2025-12-31 08:00:00\" or 24h", r.since)}
}

func (r *rejectFlags) say(l schemas.Label) string {
	if r.lang == "zh" {
		return l.Zh
	}
	return l.En
}

func rejectsCmd(c *common) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rejects",
		Short: "the quarantine: what was refused, why, and the way back",
		Long: "Every record that cannot become a row stands in quarantine (ops.reject, and topics reject.<system>.<stream>) with\n" +
			"its rule, the reason in Chinese and English, its place in the source, and the row with identifiers masked.\n" +
			"list sums it up, show shows rows, explain explains a rule, export writes correction files for the departments,\n" +
			"replay tries records again after a mapping, a code list or a rule was mended.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(rejectsListCmd(c), rejectsShowCmd(c), rejectsExplainCmd(c), rejectsReplayCmd(c), rejectsExportCmd(c))
	return cmd
}

func rejectsListCmd(c *common) *cobra.Command {
	var r rejectFlags
	cmd := &cobra.Command{
		Use: "list", Short: "how many records stand in quarantine, by stream, rule and field",
		Example: `  rongtong rejects list
  rongtong rejects list --system county_ledger --since 24h
  rongtong rejects list --division 3701 --lang zh --json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f, err := r.filter()
			if err != nil {
				return err
			}
			counts, err := control.RejectCounts(cmd.Context(), c.options(), f)
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			if c.json {
				return writeJSON(out, counts)
			}
			if len(counts) == 0 {
				fmt.Fprintln(out, "nothing is in quarantine")
				return nil
			}
			w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
			fmt.Fprintln(w, "records\tsystem\tstream\tentity\trule\tfield\treason\tfor example")
			var sum int64
			for _, x := range counts {
				sum += x.Rows
				fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", x.Rows, x.System, x.Stream, x.Entity, x.Rule, x.Field, r.say(schemas.Label{Zh: x.ReasonZh, En: x.ReasonEn}), x.Place)
			}
			fmt.Fprintf(w, "%d\tin all\n", sum)
			return w.Flush()
		},
	}
	r.bind(cmd)
	return cmd
}

func rejectsShowCmd(c *common) *cobra.Command {
	var r rejectFlags
	var limit int
	cmd := &cobra.Command{
		Use:   "show [TOPIC/PARTITION/OFFSET]",
		Short: "show records in quarantine: rule, reason, place, and the row with identifiers masked",
		Example: `  rongtong rejects show --rule date.format --limit 5
  rongtong rejects show in.county_ledger.committee/0/1234`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return &usageError{fmt.Errorf("show takes one record, not %d", len(args))}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				if err := r.record(args[0]); err != nil {
					return err
				}
			}
			f, err := r.filter()
			if err != nil {
				return err
			}
			rows, err := control.RejectRows(cmd.Context(), c.options(), f, limit)
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			if c.json {
				return writeJSON(out, rows)
			}
			for i, x := range rows {
				if i > 0 {
					fmt.Fprintln(out)
				}
				fmt.Fprintf(out, "%s/%d/%d  %s  %s\n", x.Topic, x.Partition, x.Offset, x.Flow, x.RejectedAt.Format(time.DateTime))
				fmt.Fprintf(out, "  rule    %s %s\n", x.Rule, x.Field)
				fmt.Fprintf(out, "  reason  %s\n", r.say(schemas.Label{Zh: x.ReasonZh, En: x.ReasonEn}))
				fmt.Fprintf(out, "  place   %s\n", x.Place)
				if x.TopicID != "" {
					fmt.Fprintf(out, "  topic   %s\n", x.TopicID)
				}
				if x.Attempt > 0 {
					fmt.Fprintf(out, "  replays %d, accepted %v\n", x.Attempt, x.Replayed)
				}
				fmt.Fprintf(out, "  row     %s\n", x.Row)
			}
			if len(rows) == 0 {
				fmt.Fprintln(out, "no such record is in quarantine")
			}
			return nil
		},
	}
	r.bind(cmd)
	cmd.Flags().IntVar(&limit, "limit", 20, "how many at most; 0: all")
	cmd.Flags().BoolVar(&r.Replayed, "all", false, "also those that a replay has accepted")
	return cmd
}

// record reads TOPIC/PARTITION/OFFSET.
func (r *rejectFlags) record(s string) error {
	parts := strings.Split(s, "/")
	if len(parts) == 3 {
		p, err1 := strconv.ParseInt(parts[1], 10, 32)
		o, err2 := strconv.ParseInt(parts[2], 10, 64)
		if err1 == nil && err2 == nil && parts[0] != "" {
			r.Topic, r.Partition, r.Offset = parts[0], int32(p), o
			return nil
		}
	}
	return &usageError{fmt.Errorf("%q is no record: write TOPIC/PARTITION/OFFSET, as show prints it", s)}
}

func rejectsExplainCmd(c *common) *cobra.Command {
	var r rejectFlags
	cmd := &cobra.Command{
		Use:   "explain RULE",
		Short: "say in words what a rule judges, by which standard, and what to do",
		Long:  "explain answers from the declarations alone; it needs no server.",
		Example: `  rongtong rejects explain uscc.check_digit
  rongtong rejects explain facility.direct_le_area --lang en`,
		Args: exactly(1, "explain takes one rule, as list prints it"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := r.filter(); err != nil {
				return err
			}
			x, err := control.ExplainRule(c.options(), args[0])
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			if c.json {
				return writeJSON(out, x)
			}
			fmt.Fprintf(out, "%s\n  %s\n", x.Rule, r.say(x.Reason))
			if x.Expression != "" {
				fmt.Fprintf(out, "  %s\n", x.Expression)
			}
			if s := r.say(x.Standard); s != "" {
				fmt.Fprintf(out, "%s %s\n", r.say(schemas.Label{Zh: "依据", En: "by    "}), s)
			}
			fmt.Fprintf(out, "%s %s\n", r.say(schemas.Label{Zh: "办法", En: "to do "}), r.say(x.Hint))
			way := schemas.Label{
				Zh: "来源改正后重新报送即可；用 rongtong rejects export 生成退回文件。连接器已发现该问题，重放不会改变结果",
				En: "the source sends the record again; rongtong rejects export writes the correction file. The connector found the fault: a replay cannot change it"}
			if x.Replayable {
				way = schemas.Label{
					Zh: "来源改正后重新报送；如系映射、代码表或规则不当，修改声明后 rongtong rejects replay --rule " + x.Rule + " --dry-run",
					En: "the source sends the record again; or, if the mapping, the code list or the rule is wrong: mend it, then rongtong rejects replay --rule " + x.Rule + " --dry-run"}
			}
			fmt.Fprintf(out, "%s %s\n", r.say(schemas.Label{Zh: "出路", En: "way   "}), r.say(way))
			return nil
		},
	}
	r.bind(cmd)
	return cmd
}

func rejectsReplayCmd(c *common) *cobra.Command {
	var r rejectFlags
	var ro control.ReplayOptions
	cmd := &cobra.Command{
		Use:   "replay",
		Short: "try records in quarantine again, after a mapping, a code list or a rule was mended",
		Long: "replay reads the refused records where they are (in Kafka, else as received in layer ods), runs today's flow over\n" +
			"them, loads those that pass, and takes them out of quarantine; the books stay balanced. A record that today's\n" +
			"flow has already refused is not tried again, nor one that was tried five times. Cut short at any point, run it\n" +
			"again: nothing is doubled. --dry-run says how many would pass and why the rest would not.",
		Example: `  rongtong rejects replay --rule codelist.unknown --dry-run
  rongtong rejects replay --system county_ledger --stream committee`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f, err := r.filter()
			if err != nil {
				return err
			}
			ro.Progress = func(d pipelines.Replayed) {
				fmt.Fprintf(cmd.ErrOrStderr(), "  %d records looked at, %d pass\n", d.Considered, d.Passed)
			}
			done, err := control.ReplayRejects(cmd.Context(), c.options(), f, ro)
			if err != nil {
				return err
			}
			if c.json {
				return writeJSON(cmd.OutOrStdout(), done)
			}
			printReplayed(cmd, &r, ro.DryRun, done)
			return nil
		},
	}
	r.bind(cmd)
	cmd.Flags().BoolVar(&ro.DryRun, "dry-run", false, "change nothing")
	cmd.Flags().IntVar(&ro.Attempts, "attempts", pipelines.Attempts, "how often a record may be tried in all")
	return cmd
}

// skipReasons say why a record was not tried.
var skipReasons = map[string]schemas.Label{
	pipelines.SkipSamePlan:  {Zh: "映射和规则自退回以来没有变化，结果不会改变", En: "the flow is the one that refused them: it would refuse them again"},
	pipelines.SkipAttempts:  {Zh: "已达重放次数上限", En: "they were tried as often as they may be (--attempts)"},
	pipelines.SkipConnector: {Zh: "由连接器或落地环节发现，须由来源改正后重新报送", En: "the connector found the fault: the source must mend it"},
	pipelines.SkipFlow:      {Zh: "现行声明中已没有对应的映射", En: "no flow of today makes rows of them"},
	pipelines.SkipGone:      {Zh: "原始记录在 Kafka 和 ods 层均已过期", En: "neither Kafka nor layer ods has the records any more"},
}

func printReplayed(cmd *cobra.Command, r *rejectFlags, dry bool, d pipelines.Replayed) {
	out := cmd.OutOrStdout()
	verb := "passed and left quarantine"
	if dry {
		verb = "would pass"
	}
	fmt.Fprintf(out, "%d of %d records %s\n", d.Passed, d.Considered, verb)
	if d.FromRaw > 0 {
		fmt.Fprintf(out, "%d of them are read from layer ods\n", d.FromRaw)
	}
	for _, x := range d.Refused {
		fmt.Fprintf(out, "%d  %s.%s  %s %s: %s (%s)\n", x.Rows, x.System, x.Stream, x.Rule, x.Field, r.say(schemas.Label{Zh: x.ReasonZh, En: x.ReasonEn}), x.Place)
	}
	for _, why := range []string{pipelines.SkipSamePlan, pipelines.SkipConnector, pipelines.SkipAttempts, pipelines.SkipFlow, pipelines.SkipGone} {
		if n := d.Skipped[why]; n > 0 {
			fmt.Fprintf(out, "%d  not tried: %s\n", n, r.say(skipReasons[why]))
		}
	}
}

func rejectsExportCmd(c *common) *cobra.Command {
	var r rejectFlags
	var dir string
	cmd := &cobra.Command{
		Use:   "export",
		Short: "write correction files for the departments, in their own format, with 错误原因",
		Long: "export writes one file for every stream with rows in quarantine: CSV in the source's encoding and order of columns,\n" +
			"or a workbook, with three columns more: 错误原因, 改正办法, 位置. Identifiers are masked, and columns that never left\n" +
			"the source are empty; the place leads the department to its own row.",
		Example: `  rongtong rejects export --system county_ledger --division 370102 --out ./退回
  rongtong rejects export --since 24h --out /srv/outbox`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f, err := r.filter()
			if err != nil {
				return err
			}
			files, err := control.ExportRejects(cmd.Context(), c.options(), f, dir)
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			if c.json {
				return writeJSON(out, files)
			}
			for _, x := range files {
				fmt.Fprintf(out, "%s  %d rows, %s %s\n", x.File, x.Rows, x.Format, x.Encoding)
			}
			if len(files) == 0 {
				fmt.Fprintln(out, "nothing is in quarantine")
			}
			return nil
		},
	}
	r.bind(cmd)
	cmd.Flags().StringVar(&dir, "out", ".", "the folder for the files")
	return cmd
}
