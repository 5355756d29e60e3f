package pipelines

import (
	"context"

	"go.opentelemetry.io/otel/trace"

	"rongtong/pipelines/telemetry"
)

// loadsSince are the spans of the latest loads since the run of the same job
// before: what a run of fusing or computing goes back to, at most linkMost of
// them. What cannot be asked is left out: a run does not fail for its trace.
func (j *Jobs) loadsSince(ctx context.Context, job, run string) (out []trace.SpanContext) {
	if !telemetry.On() {
		return nil
	}
	rows, err := j.Warehouse.Query(ctx, `SELECT traceparent FROM ops.load
		WHERE traceparent != '' AND loaded_at >= (SELECT max(started_at) FROM ops.run WHERE job = ? AND run_id != ?)
		GROUP BY traceparent ORDER BY max(loaded_at) DESC LIMIT ?`, job, run, linkMost)
	if err != nil {
		return nil
	}
	defer rows.Close()
	for rows.Next() {
		var parent string
		if rows.Scan(&parent) != nil {
			return out
		}
		if sc := telemetry.Parsed(parent); sc.IsValid() {
			out = append(out, sc)
		}
	}
	return out
}
