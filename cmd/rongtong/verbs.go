package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"rongtong/deploy/embedded"
	"rongtong/deploy/lifeline"
	"rongtong/pipelines/control"
	"rongtong/pipelines/telemetry"
	"rongtong/schemas/decl"
)

func upCmd(c *common) *cobra.Command {
	var work control.Work
	cmd := &cobra.Command{
		Use:   "up",
		Short: "run the pipeline's roles, together or apart, until stopped",
		Long:  "up runs one or more roles until it is stopped: ingest reads the source systems into Kafka, load moves\nKafka into ClickHouse, schedule runs the jobs. Any number of processes may run any role.\n\nIt works under the declarations in force (rongtong apply) and follows their changes; where none were ever\napplied, under what it ships and the folder of --declarations. A first signal (SIGTERM, Ctrl-C) stops it at a\nboundary, within --stop-within; a second one at once. Whatever is cut short is repeated: nothing is lost, nothing doubled.",
		Example: `  rongtong up                              # all roles in one process
  rongtong up --roles ingest               # on the machine that reaches the sources
  rongtong up --roles load --workers 4     # as many of these as the load needs
  rongtong up --listen 127.0.0.1:9464      # with metrics for Prometheus, and health checks`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			lifeline.Patience(work.StopWithin + 10*time.Second)
			stop, err := telemetry.Start(cmd.Context(), version, c.log())
			if err != nil {
				return err
			}
			defer stop()
			err = control.Up(cmd.Context(), c.options(), work)
			if cmd.Context().Err() != nil && !errors.Is(err, control.ErrLate) {
				return nil // it was asked to stop, and did
			}
			return err
		},
	}
	cmd.Flags().StringSliceVar(&work.Roles, "roles", control.Roles, "which roles to run")
	cmd.Flags().IntVar(&work.Workers, "workers", min(2, runtime.NumCPU()), "blocks that a loader loads at the same time")
	cmd.Flags().DurationVar(&work.StopWithin, "stop-within", 30*time.Second, "how long the work under way may take to reach a boundary when the process is asked to stop")
	cmd.Flags().StringVar(&work.Listen, "listen", "", "address for /metrics (Prometheus), /healthz and /readyz, such as 127.0.0.1:9464; none when empty")
	cmd.Flags().StringVar(&work.Lineage, "lineage", os.Getenv("RONGTONG_LINEAGE"), "where the role schedule sends OpenLineage events: http://host:5000/api/v1/lineage or file:PATH; none when empty ($RONGTONG_LINEAGE)")
	return cmd
}

func checkCmd(c *common) *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "check every declaration and run its cases",
		Long:  "check reads tiers, entities, code lists, indicators and source systems, compiles every flow, runs every\ndeclared case, and reports all problems with file, line, column, rule and a hint.",
		Example: `  rongtong check
  rongtong check --declarations ./our-county   # with your own files on top
  rongtong check --json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			began := time.Now()
			d, problems := control.Load(c.overlay)
			if c.json {
				return checkJSON(cmd.OutOrStdout(), problems)
			}
			if len(problems) > 0 {
				return &control.ProblemsError{Problems: problems}
			}
			cases := 0
			for _, s := range d.Streams {
				for _, f := range s.Flows {
					cases += len(f.Flow.Cases)
				}
			}
			fmt.Fprintf(cmd.OutOrStdout(), "no problems: %d tiers, %d entities, %d code lists, %d indicators, %d systems, %d streams, %d cases in %s\n",
				len(d.Catalog.Tiers), len(d.Catalog.Entities), len(d.Catalog.Codes), len(d.Catalog.Indicators), len(d.Catalog.Systems),
				len(d.Streams), cases, time.Since(began).Round(time.Millisecond))
			return nil
		},
	}
}

func checkJSON(out io.Writer, problems []decl.Problem) error {
	if problems == nil {
		problems = []decl.Problem{}
	}
	if err := writeJSON(out, map[string]any{"problems": problems}); err != nil {
		return err
	}
	if len(problems) > 0 {
		return &control.ProblemsError{Problems: problems}
	}
	return nil
}

func printProblems(out io.Writer, ps []decl.Problem) {
	for _, p := range ps {
		fmt.Fprintln(out, p)
	}
	fmt.Fprintf(out, "%d problems\n", len(ps))
}

func statusCmd(c *common) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "how far every stream got, and the latest runs",
		Example: `  rongtong status
  rongtong status --json | jq '.streams[] | select(.lag > 0)'`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			m, err := control.NewMonitor(cmd.Context(), c.options())
			if err != nil {
				return err
			}
			defer m.Close()
			st, err := m.Status(cmd.Context())
			if err != nil {
				return err
			}
			if c.json {
				return writeJSON(cmd.OutOrStdout(), st)
			}
			printStatus(cmd.OutOrStdout(), st)
			return nil
		},
	}
}

// printPersonal says what was done with personal data, where there was any.
func printPersonal(out io.Writer, st control.Status) {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	none := true
	for _, s := range st.Streams {
		if s.Pseudonyms+s.BadIDs+s.Masked+s.DroppedP5 == 0 {
			continue
		}
		if none {
			fmt.Fprintln(w, "\npersonal data before Kafka:\nsystem\tstream\tpseudonyms\tno citizen ID\tmasked in other fields\tprohibited, dropped")
			none = false
		}
		var fields []string
		for _, f := range slices.Sorted(maps.Keys(s.P5)) {
			fields = append(fields, fmt.Sprintf("%s %d", f, s.P5[f]))
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%d  %s\n", s.System, s.Stream, s.Pseudonyms, s.BadIDs, s.Masked, s.DroppedP5, strings.Join(fields, ", "))
	}
	w.Flush()
}

func printStatus(out io.Writer, st control.Status) {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "tier\tsystem\tstream\tdelivered\tlag\treceived\tloaded\trejected\tdropped values\t")
	for _, s := range st.Streams {
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t\n", s.Tier, s.System, s.Stream, s.Records, s.Lag, s.Received, s.Accepted, s.Rejected, s.Dropped)
	}
	w.Flush()
	for _, s := range st.Streams {
		if s.Absent != "" {
			fmt.Fprintf(out, "%s.%s stands still: %s\n", s.System, s.Stream, s.Absent)
		}
		if s.Skipped > 0 {
			fmt.Fprintf(out, "%s.%s: %d records were skipped by a person and are not loaded: rongtong offsets --stream %s.%s says why\n", s.System, s.Stream, s.Skipped, s.System, s.Stream)
		}
		if s.Behind > 0 {
			fmt.Fprintf(out, "%s.%s: %d bytes of the source's change log are not acknowledged\n", s.System, s.Stream, s.Behind)
		}
		if s.Lost > 0 || s.Deleted > 0 {
			fmt.Fprintf(out, "%s.%s: %d characters could not be decoded, %d rows were marked as deleted by the source\n", s.System, s.Stream, s.Lost, s.Deleted)
		}
	}
	printPersonal(out, st)
	printInForce(out, st.Declarations)
	if len(st.Runs) == 0 {
		fmt.Fprintln(out, "\nno job has run yet")
		return
	}
	fmt.Fprintln(out, "\nlatest runs:")
	for _, r := range st.Runs {
		text := r.Detail
		if r.Error != "" {
			text = r.Error
		}
		fmt.Fprintf(out, "  %s  %-9s %-8s %s\n", r.Started.Format(time.DateTime), r.Job, r.State, text)
	}
}

func queryCmd(c *common) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   `query "<sql>"`,
		Short: "ask the warehouse",
		Example: `  rongtong query "SELECT tier, count() FROM ads.indicator_value GROUP BY tier"
  rongtong query --json "SELECT * FROM ops.books"
  rongtong query --format CSVWithNames "SELECT * FROM dwd.facility LIMIT 100" > facility.csv`,
		Args: exactly(1, "query takes one statement in quotes"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if c.json && !cmd.Flags().Changed("format") {
				format = "JSONEachRow"
			}
			return control.Query(cmd.Context(), c.options(), args[0], format, cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVar(&format, "format", "PrettyCompactMonoBlock", "a ClickHouse output format")
	return cmd
}

func versionCmd(c *common) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "print the version", Args: noArgs, Example: "  rongtong version --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if c.json {
				return writeJSON(cmd.OutOrStdout(), map[string]string{"version": version, "go": runtime.Version()})
			}
			fmt.Fprintf(cmd.OutOrStdout(), "rongtong %s, %s\n", version, runtime.Version())
			return nil
		},
	}
}

// engineCmd is hidden: broker and warehouse are started by the demo, fetch by
// the Makefile.
func engineCmd() *cobra.Command {
	cmd := &cobra.Command{Use: "engine", Short: "the engines of one machine", Hidden: true}
	cmd.AddCommand(&cobra.Command{
		Use: "fetch", Short: "fetch the warehouse engine into the cache", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			lib, err := fetchEngine(cmd.Context())
			if err == nil {
				fmt.Fprintln(cmd.OutOrStdout(), "the warehouse engine is at", lib)
			}
			return err
		},
	})
	return cmd
}

func fetchEngine(ctx context.Context) (string, error) {
	return embedded.EnsureEngine(ctx, "", fetchProgress(os.Stderr))
}

// fetchProgress prints a line whenever the step changes, and every few seconds.
func fetchProgress(out io.Writer) func(done, total int64, what string) {
	var last string
	var at time.Time
	return func(done, total int64, what string) {
		if what == last && time.Since(at) < 3*time.Second {
			return
		}
		last, at = what, time.Now()
		if total > 0 {
			fmt.Fprintf(out, "%s: %d of %d MB\n", what, done>>20, total>>20)
		} else {
			fmt.Fprintf(out, "%s\n", what)
		}
	}
}

func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return &usageError{fmt.Errorf("%q is not expected after %q; see --help", args[0], cmd.CommandPath())}
	}
	return nil
}

func writeJSON(out io.Writer, v any) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// limitMemory gives the process a soft limit when the environment sets none, so
// that several of them fit beside the engines.
func limitMemory(bytes int64) {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(bytes)
	}
}
