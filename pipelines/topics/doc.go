// Package topics is how rongtong talks to Kafka, and the only package that
// imports a Kafka client. It keeps what kafka-go does well (dialling, TLS, SASL,
// routing to brokers, consumer groups) and brings its own record layer: a
// transactional producer, a fetch that checks, decompresses and filters without
// allocating per record, offsets that carry metadata, and connector positions.
//
// # Writing
//
// One [Producer] exists per transactional ID. A later producer of the same ID
// fences the earlier one, whose calls then return [ErrFenced]. Rows, group
// offsets and a connector position that are put into one [Txn] become visible
// together or not at all:
//
//	t := p.Begin()
//	t.Append("in.city.event", 3, rec)
//	err := t.SavePosition(ctx, "rongtong.state", "ingest.city.event", "in.city.event", pos)
//	err = t.Commit(ctx)
//
// Every error of Flush, SavePosition and Commit means one of three things:
//
//   - [ErrAborted]: nothing of the transaction is visible and nothing ever
//     will be. Load the position again, read again from there, and redo it with
//     the same producer. The position must be loaded and not remembered, because
//     a twin may have moved it meanwhile.
//   - [ErrFenced]: another producer has the ID, or the transaction outlived its
//     timeout. This producer is finished.
//   - [ErrOutcomeUnknown]: the answer to the commit was lost and the transaction
//     can't tell by itself: it carried neither an offset nor a position, or ctx
//     ended first. Make a new producer of the same ID, which settles whatever
//     was pending, and compare the committed offsets.
//
// A transaction is never continued over a connection that was opened after it
// began. A broker that was killed and restarted forgets the open transaction but
// accepts its continuation as a new one, and the rows of the first half would be
// lost behind a commit that reports success.
//
// # Reading
//
// A [Session] fetches many partitions of one or more leaders per call; a
// [Fetcher] is the same for one partition and can read exactly a span of
// offsets. Control markers and aborted records are left out, and the offset to
// continue from moves over them, so that a span ends where the next one starts.
package topics
