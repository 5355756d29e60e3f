package transforms

import "rongtong/schemas/record"

// Decode scans the records of a chunk and nothing more.
func Decode(b *Batch, in *record.Chunk) {
	b.st.scan.format = in.Format
	for i := range in.Rows {
		if b.st.scan.scan(in.Rows[i].Value) != "" {
			panic("a record does not scan")
		}
	}
}

// DecodeAndNormalise computes every column of every record, too, and keeps none.
func DecodeAndNormalise(b *Batch, in *record.Chunk) {
	b.st.scan.format = in.Format
	for i := range in.Rows {
		st := &b.st
		st.arena, st.list, st.flags, st.at = st.arena[:0], st.list[:0], 0, in.Rows[i].At
		if b.st.scan.scan(in.Rows[i].Value) != "" {
			panic("a record does not scan")
		}
		if field, rule := b.plan.evaluate(st, false); rule != "" {
			panic(field + ": " + rule)
		}
	}
}
