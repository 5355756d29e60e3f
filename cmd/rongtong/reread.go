package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"rongtong/pipelines/control"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas"
	"rongtong/schemas/record"
)

// rereadFlags choose a stream and how the result is said.
type rereadFlags struct {
	stream, lang string
}

func (r *rereadFlags) bind(cmd *cobra.Command) {
	cmd.Flags().StringVar(&r.stream, "stream", "", "the stream, SYSTEM.STREAM")
	cmd.Flags().StringVar(&r.lang, "lang", defaultLang(), "language: zh or en")
}

func (r *rereadFlags) check() error {
	if r.stream == "" {
		return &usageError{fmt.Errorf("say which stream: --stream county_ledger.committee")}
	}
	if r.lang != "zh" && r.lang != "en" {
		return &usageError{fmt.Errorf("--lang is zh or en, not %q", r.lang)}
	}
	return nil
}

func (r *rereadFlags) say(zh, en string) string {
	if r.lang == "zh" {
		return zh
	}
	return en
}

func reprocessCmd(c *common) *cobra.Command {
	var r rereadFlags
	var apply, discard, yes bool
	var wait time.Duration
	cmd := &cobra.Command{
		Use:   "reprocess",
		Short: "after a mapping changed: compare what its stream's records become with what is there, then put it in place",
		Long: "reprocess reads every record of a stream that is still held (in Kafka, else as received in layer ods), puts it\n" +
			"through the flows of the declarations given, and compares, exactly: claims changed, gone and added per entity and\n" +
			"field, records newly refused and newly accepted per rule. It changes nothing that anyone reads. Values that may\n" +
			"be about a person are not shown. Records that are held no more are counted; their claims stay as they are.\n\n" +
			"--apply then puts exactly that in place, table by table in one step each: the claims that the mapping no longer\n" +
			"makes are gone, as if the records had been loaded by it. Put the declarations in force first (rongtong apply).\n" +
			"Loaders and jobs must be stopped (rongtong up ends at a boundary); they cannot come back until it is done. Cut\n" +
			"short at any point, run it again: it goes on. The next integrate fuses the entity anew.",
		Example: `  rongtong reprocess --stream county_ledger.committee --declarations ./new
  rongtong reprocess --stream county_ledger.committee --declarations ./new --json | jq '.entities[].fields'
  rongtong apply --declarations ./new && rongtong reprocess --stream county_ledger.committee --apply
  rongtong reprocess --stream county_ledger.committee --discard     # forget a comparison`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := r.check(); err != nil {
				return err
			}
			ro := control.RereadOptions{Stream: r.stream, Wait: wait, Progress: progressOf(cmd.ErrOrStderr())}
			if discard {
				return control.DiscardReprocess(cmd.Context(), c.options(), ro)
			}
			d, err := control.CompareReprocess(cmd.Context(), c.options(), ro)
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			if !c.json {
				r.print(out, d)
			}
			if apply && !d.Differs() && !c.json {
				fmt.Fprintln(out, r.say("没有差异，无需处理", "nothing differs: there is nothing to do"))
			}
			if apply && d.Differs() {
				if err := confirm(cmd, yes, r.say("按上述比较结果处理？", "put this in place?")); err != nil {
					return err
				}
				ro.Did = func(step string) { fmt.Fprintln(cmd.ErrOrStderr(), "  in place:", step) }
				if d, err = control.Reprocess(cmd.Context(), c.options(), ro); err != nil {
					return err
				}
				if !c.json {
					fmt.Fprintln(out, r.say("已处理；请用新声明启动装载，并运行 rongtong run integrate", "done; start the loaders with the new declarations, then: rongtong run integrate"))
				}
			}
			if c.json {
				return writeJSON(out, d)
			}
			return nil
		},
	}
	r.bind(cmd)
	f := cmd.Flags()
	f.BoolVar(&apply, "apply", false, "put the result in place")
	f.BoolVar(&yes, "yes", false, "do not ask before applying")
	f.BoolVar(&discard, "discard", false, "drop what a comparison left in the warehouse")
	f.DurationVar(&wait, "wait", time.Minute, "how long loaders and jobs may take to leave")
	return cmd
}

func replayCmd(c *common) *cobra.Command {
	var r rereadFlags
	var partition int32
	var from, to int64
	var since, until, file string
	var dry bool
	cmd := &cobra.Command{
		Use:   "replay",
		Short: "load a span of a topic, a time or a file again: adds what the warehouse lost, doubles nothing",
		Long: "replay reads records again that were loaded before, from Kafka or as received in layer ods, and adds the claims that\n" +
			"the warehouse lacks: after a table was restored from yesterday's copy, or rows were deleted by mistake. A claim is\n" +
			"known by thing, source, version and content, and the version is the source's own time: what is there is not doubled, and\n" +
			"the books do not move. It may run beside the loaders. Records in quarantine are replayed by: rongtong rejects replay.\n" +
			"Where the mapping has changed since, replay refuses: rongtong reprocess compares and replaces.",
		Example: `  rongtong replay --stream county_ledger.committee --since 2026-11-20 --until 2026-11-21 --dry-run
  rongtong replay --stream county_ledger.committee --file 370102/committee_20261120.csv
  rongtong replay --stream county_ledger.committee --partition 0 --from-offset 1000 --to-offset 5000`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := r.check(); err != nil {
				return err
			}
			ro := control.RereadOptions{Stream: r.stream, Progress: progressOf(cmd.ErrOrStderr())}
			if f := cmd.Flags(); f.Changed("partition") || f.Changed("from-offset") || f.Changed("to-offset") {
				if !f.Changed("partition") || !f.Changed("to-offset") || from < 0 || to <= from {
					return &usageError{fmt.Errorf("a span is --partition P --from-offset A --to-offset B, with A < B")}
				}
				ro.Pick.Span = &record.Span{Partition: partition, From: from, To: to}
			}
			ro.Pick.File = file
			var err error
			if ro.Pick.Since, err = momentFlag("since", since); err != nil {
				return err
			}
			if ro.Pick.Until, err = momentFlag("until", until); err != nil {
				return err
			}
			if ro.Pick.Span == nil && file == "" && since == "" && until == "" {
				return &usageError{fmt.Errorf("say what to replay: --file, --since and --until, or --partition with --from-offset and --to-offset")}
			}
			d, err := control.Replay(cmd.Context(), c.options(), ro, dry)
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			if c.json {
				return writeJSON(out, d)
			}
			fmt.Fprintf(out, r.say("读取 %d 条记录，其中 %d 条来自贴源层\n", "%d records read, %d of them from layer ods\n"), d.Records, d.FromOds)
			for _, e := range d.Claims {
				fmt.Fprintf(out, r.say("  %s：得到 %d 条主张，%d 条与库中相同\n", "  %s: %d claims, %d are there and the same\n"), e.Entity, e.After, e.Same)
			}
			if dry {
				fmt.Fprintf(out, r.say("库中缺少 %d 条，将予补入\n", "the warehouse lacks %d claims, which would be added\n"), d.Missing)
				return nil
			}
			fmt.Fprintf(out, r.say("库中缺少 %d 条，已补入 %d 条\n", "the warehouse lacked %d claims, %d were added\n"), d.Missing, d.Restored)
			return nil
		},
	}
	r.bind(cmd)
	f := cmd.Flags()
	f.Int32Var(&partition, "partition", 0, "partition of the span")
	f.Int64Var(&from, "from-offset", 0, "first offset of the span")
	f.Int64Var(&to, "to-offset", 0, "offset after the span")
	f.StringVar(&since, "since", "", "records that arrived since: a date, a time, or an age such as 24h")
	f.StringVar(&until, "until", "", "records that arrived before: a date, a time, or an age")
	f.StringVar(&file, "file", "", "records read from this file or source object, as places name it")
	f.BoolVar(&dry, "dry-run", false, "count, and change nothing")
	return cmd
}

// momentFlag reads a date, a time or an age; "" is no time.
func momentFlag(name, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	r := rejectFlags{since: text, lang: "zh"}
	f, err := r.filter()
	if err != nil {
		return time.Time{}, &usageError{fmt.Errorf("reading --%s %q: write 2025-12-31, \"2025-12-31 08:00:00\" or 24h", name, text)}
	}
	return f.Since, nil
}

// progressOf says from time to time how far a reading is.
func progressOf(out io.Writer) func(read, of int64) {
	var last time.Time
	return func(read, of int64) {
		if of > 0 && time.Since(last) > 2*time.Second {
			last = time.Now()
			fmt.Fprintf(out, "  %d of %d offsets read\n", read, of)
		}
	}
}

// confirm asks before something is changed. Without a terminal to ask at, --yes
// must be said.
func confirm(cmd *cobra.Command, yes bool, question string) error {
	if yes {
		return nil
	}
	in := cmd.InOrStdin()
	if f, ok := in.(*os.File); ok {
		if st, err := f.Stat(); err != nil || st.Mode()&os.ModeCharDevice == 0 {
			return &usageError{fmt.Errorf("there is no terminal to ask at: say --yes")}
		}
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "%s [y/N] ", question)
	answer, _ := bufio.NewReader(in).ReadString('\n')
	if slices.Contains([]string{"y", "yes", "是"}, strings.ToLower(strings.TrimSpace(answer))) {
		return nil
	}
	return fmt.Errorf("not confirmed: nothing was changed")
}

var rejectWords = map[string]schemas.Label{
	warehouse.RefusedNew:   {Zh: "新退回", En: "newly refused"},
	warehouse.RefusedNot:   {Zh: "新接受", En: "newly accepted"},
	warehouse.RefusedOther: {Zh: "改由其他规则退回", En: "refused by another rule"},
}

func (r *rereadFlags) print(out io.Writer, d warehouse.Comparison) {
	fmt.Fprintf(out, r.say("重新读取 %d 条记录，其中 %d 条来自贴源层\n", "%d records read again, %d of them from layer ods\n"), d.Records, d.FromOds)
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, r.say("实体\t现有\t新得\t相同\t变化\t消失\t新增\t记录已不存、保持不变", "entity\tbefore\tafter\tsame\tchanged\tgone\tadded\trecord not held, stays"))
	for _, e := range d.Claims {
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\n", e.Entity, e.Before, e.After, e.Same, e.Changed, e.Gone, e.Added, e.NotHeld)
	}
	w.Flush()
	for _, e := range d.Claims {
		if e.GonePlace != "" {
			fmt.Fprintf(out, r.say("  %s：消失的例子 %s\n", "  %s: one that goes: %s\n"), e.Entity, e.GonePlace)
		}
		if e.AddedPlace != "" {
			fmt.Fprintf(out, r.say("  %s：新增的例子 %s\n", "  %s: one that comes: %s\n"), e.Entity, e.AddedPlace)
		}
		r.printFields(out, e)
	}
	if len(d.Rejects) > 0 {
		fmt.Fprintln(w, r.say("退回\t条数\t实体\t规则\t字段\t原因\t例子", "refusal\trecords\tentity\trule\tfield\treason\tfor example"))
		for _, x := range d.Rejects {
			fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\t%s\t%s\n", r.say(rejectWords[x.What].Zh, rejectWords[x.What].En), x.Rows, x.Entity, x.Rule, x.Field, r.say(x.ReasonZh, x.ReasonEn), x.Place)
		}
		w.Flush()
	}
	if n := d.Refused[warehouse.RefusedSame]; n > 0 {
		fmt.Fprintf(out, r.say("%d 条仍按原规则退回\n", "%d records are refused as before\n"), n)
	}
}

func (r *rereadFlags) printFields(out io.Writer, e warehouse.EntityDiff) {
	if len(e.Fields) == 0 {
		return
	}
	w := tabwriter.NewWriter(out, 2, 8, 2, ' ', 0)
	fmt.Fprintln(w, r.say("  字段\t变化\t原值\t新值\t例子", "  field\tchanged\tbefore\tafter\tfor example"))
	for _, f := range e.Fields {
		before, after := fmt.Sprintf("%q", f.Before), fmt.Sprintf("%q", f.After)
		if !f.Shown {
			before, after = r.say("（不显示）", "(not shown)"), r.say("（不显示）", "(not shown)")
		}
		fmt.Fprintf(w, "  %s.%s\t%d\t%s\t%s\t%s\n", e.Entity, f.Field, f.Rows, before, after, f.Place)
	}
	w.Flush()
}
