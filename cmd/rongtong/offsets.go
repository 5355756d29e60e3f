package main

import (
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"rongtong/pipelines"
	"rongtong/pipelines/control"
)

func offsetsCmd(c *common) *cobra.Command {
	var r rereadFlags
	var oo control.OffsetsOptions
	var to string
	var apply, yes bool
	cmd := &cobra.Command{
		Use:   "offsets",
		Short: "where the loaders stand in a stream; move it: skip records with a reason, or load them again",
		Long: "offsets shows, for every partition of a stream, what Kafka holds, where the loaders' group stands, a load that was\n" +
			"begun, how far the warehouse's ledger knows it to be loaded, and who moved the position before.\n\n" +
			"--to says where to move it: beginning (the first record that Kafka holds), end, ledger, an offset, or a time. It then\n" +
			"tells, for each partition, which records would be skipped and which loaded again, and changes nothing; --apply does it.\n\n" +
			"Forward: what nobody has loaded is skipped. It is counted and booked in ops.load_move with --reason, shown by\n" +
			"rongtong status and in the view ops.skipped, and can be loaded later by moving back. Backward: the loads from there on\n" +
			"are taken out of the ledger and made again. A claim is known by thing, source, version and content, so what is there stays\n" +
			"one; the books count it once. It begins with a whole load. Over loads of another mapping it does not go back: that\n" +
			"is what rongtong reprocess is for.\n\n" +
			"Loaders must be stopped (rongtong up ends at a boundary): while one runs, it refuses, and none can come back until it\n" +
			"is done. A load that was begun is finished first. Cut short at any point, run it again.",
		Example: `  rongtong offsets --stream county_ledger.committee
  rongtong offsets --stream county_ledger.committee --to ledger                       # says what that would do
  rongtong offsets --stream county_ledger.committee --to beginning --apply            # load again what Kafka holds
  rongtong offsets --stream county_ledger.committee --partition 2 --to 51200 --reason "县里重复推送" --apply
  rongtong offsets --stream county_ledger.committee --to "2026-11-23 08:00:00" --json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := r.check(); err != nil {
				return err
			}
			oo.Stream = r.stream
			out := cmd.OutOrStdout()
			if to == "" {
				if apply || cmd.Flags().Changed("partition") {
					return &usageError{fmt.Errorf("say where to: --to beginning, end, ledger, an offset or a time")}
				}
				all, err := control.ShowOffsets(cmd.Context(), c.options(), oo)
				if err != nil {
					return err
				}
				if c.json {
					return writeJSON(out, all)
				}
				r.printOffsets(out, all)
				return nil
			}
			if err := offsetsTarget(&oo, to); err != nil {
				return err
			}
			moves, err := control.PlanOffsets(cmd.Context(), c.options(), oo)
			if err != nil {
				return err
			}
			if !c.json {
				r.printMoves(out, moves)
			}
			if apply {
				if moves, err = moveOffsets(cmd, c, &r, oo, moves, yes); err != nil {
					return err
				}
			}
			if c.json {
				return writeJSON(out, moves)
			}
			if !apply {
				fmt.Fprintln(out, r.say("未作改动；加 --apply 执行", "nothing was changed; --apply does it"))
			}
			return nil
		},
	}
	r.bind(cmd)
	f := cmd.Flags()
	f.Int32Var(&oo.Partition, "partition", -1, "one partition; all of them without it")
	f.StringVar(&to, "to", "", "beginning, end, ledger, an offset (with --partition), or a time: a date, \"2026-11-23 08:00:00\" or an age such as 24h")
	f.StringVar(&oo.Reason, "reason", "", "why records are skipped; it stays in the books")
	f.BoolVar(&oo.Target.Mappings, "other-mappings", false, "go back over loads of other mappings, too: what those made stays until rongtong reprocess")
	f.BoolVar(&apply, "apply", false, "move the positions")
	f.BoolVar(&yes, "yes", false, "do not ask before moving")
	f.DurationVar(&oo.Wait, "wait", 10*time.Second, "how long loaders may take to leave")
	return cmd
}

// moveOffsets asks, and moves what was shown.
func moveOffsets(cmd *cobra.Command, c *common, r *rereadFlags, oo control.OffsetsOptions, moves []pipelines.Move, yes bool) ([]pipelines.Move, error) {
	still := true
	for i := range moves {
		if moves[i].Skipped+moves[i].Gone > 0 && oo.Reason == "" {
			return nil, &usageError{fmt.Errorf("records are skipped: say why with --reason, it stays in the books")}
		}
		still = still && moves[i].Nothing()
	}
	out := cmd.OutOrStdout()
	if still {
		if !c.json {
			fmt.Fprintln(out, r.say("位点无需调整", "the positions are there already: there is nothing to do"))
		}
		return moves, nil
	}
	if err := confirm(cmd, yes, r.say("按上述结果调整位点？", "move the positions?")); err != nil {
		return nil, err
	}
	moved, err := control.MoveOffsets(cmd.Context(), c.options(), oo)
	if err == nil && !c.json {
		fmt.Fprintln(out, r.say("已调整；请启动装载：rongtong up --roles load", "moved; start the loaders: rongtong up --roles load"))
	}
	return moved, err
}

// offsetsTarget reads --to.
func offsetsTarget(oo *control.OffsetsOptions, text string) (err error) {
	switch text {
	case pipelines.TargetBeginning, pipelines.TargetEnd, pipelines.TargetLedger:
		oo.Target.Kind = text
		return nil
	}
	if n, bad := strconv.ParseInt(text, 10, 64); bad == nil {
		if oo.Partition < 0 || n < 0 {
			return &usageError{fmt.Errorf("an offset is of one partition: --partition P --to %s", text)}
		}
		oo.Target.Kind, oo.Target.Offset = pipelines.TargetOffset, n
		return nil
	}
	oo.Target.Kind = pipelines.TargetTime
	oo.Time, err = momentFlag("to", text)
	return err
}

func (r *rereadFlags) printOffsets(out io.Writer, all control.Offsets) {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, r.say("分区\tKafka 现存\t装载组位点\t未完成装载至\t台账装载至\t人工调整次数", "partition\theld by Kafka\tthe group stands at\ta load was begun to\tthe ledger ends at\tmoved by hand"))
	for i := range all.Positions {
		p := &all.Positions[i]
		stored, pending, ledger := r.offset(p.Stored), "", r.offset(p.Ledger)
		if p.Earlier {
			stored = r.say("属于已删除的主题", "of a topic that was deleted")
		}
		if p.Pending > 0 {
			pending = strconv.FormatInt(p.Pending, 10)
		}
		fmt.Fprintf(w, "%d\t%d – %d\t%s\t%s\t%s\t%d\n", p.Partition, p.First, p.End, stored, pending, ledger, p.Moves)
	}
	w.Flush()
	for _, m := range all.Moves {
		fmt.Fprintf(out, r.say("%s  分区 %d：%d → %d，跳过 %d 条，已删除 %d 个位点，重新装载 %d 条，%s：%s\n",
			"%s  partition %d: %d → %d, %d records skipped, %d offsets gone, %d records loaded again, %s: %s\n"),
			m.MovedAt.Format(time.DateTime), m.Partition, m.FromOffset, m.ToOffset, m.Skipped, m.Gone, m.Again, m.MovedBy, m.Reason)
	}
}

// offset is an offset, or that there is none.
func (r *rereadFlags) offset(n int64) string {
	if n < 0 {
		return r.say("无", "nothing")
	}
	return strconv.FormatInt(n, 10)
}

func (r *rereadFlags) printMoves(out io.Writer, moves []pipelines.Move) {
	for i := range moves {
		m := &moves[i]
		fmt.Fprintf(out, r.say("分区 %d：%d → %d\n", "partition %d: %d → %d\n"), m.Partition, m.From, m.To)
		if m.To != m.Asked {
			fmt.Fprintf(out, r.say("  要求的是 %d，它在一次装载之中：从该次装载的边界开始\n", "  asked for was %d, which lies within a load: it begins at that load's edge\n"), m.Asked)
		}
		if m.Skipped > 0 {
			fmt.Fprintf(out, r.say("  跳过 %d 条记录（位点 %d 起），不再装载\n", "  %d records are skipped, from offset %d on: nobody loads them\n"), m.Skipped, max(m.SkipFrom, m.First))
		}
		if m.Gone > 0 {
			fmt.Fprintf(out, r.say("  %d 个位点（%d 起）Kafka 已删除，未曾装载\n", "  %d offsets from %d on were deleted by Kafka before anybody loaded them\n"), m.Gone, m.SkipFrom)
		}
		if m.Loads > 0 {
			fmt.Fprintf(out, r.say("  %d 次装载移出台账，其 %d 条记录将重新装载，库中不会重复\n", "  %d loads are taken out of the ledger; their %d records are loaded again, and doubled nowhere\n"), m.Loads, m.Again)
		}
		if m.Unfinished > 0 {
			fmt.Fprintf(out, r.say("  至 %d 的一次装载已开始而无法完成：其部分数据可能已在库中\n", "  a load up to %d was begun and can never be ended: some of its rows may be there\n"), m.Unfinished)
		}
		if m.Pending > 0 && m.Unfinished == 0 && m.From != m.Pending {
			fmt.Fprintf(out, r.say("  至 %d 的一次装载已开始：先完成它\n", "  a load up to %d was begun: it is finished first\n"), m.Pending)
		}
	}
}
