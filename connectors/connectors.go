// Package connectors is the contract between a source system and the pipeline.
//
// Three rules hold for every connector. It holds no business logic: everything
// the stream declares is exposed, and the mapping chooses. Partial data is an
// error: half a file or half a page is never delivered as if it were whole.
// Fields that the stream does not declare never leave the connector.
package connectors

import (
	"context"

	"rongtong/schemas"
	"rongtong/schemas/decl"
	"rongtong/schemas/record"
)

// Source reads one stream. It is used by one goroutine at a time.
type Source interface {
	// Read appends records to dst and returns the position after the last of
	// them. Reading again from a returned position yields the records that
	// followed it, in the same order: a position is a promise, not a hint.
	//
	// Read appends at most about 8 MiB or 20,000 records, whichever is first.
	// It returns io.EOF, with dst unchanged, when there is no more for now; a
	// later Read may find more. A continuous source blocks instead until it has
	// records or ctx ends. A change log may return a position without records: it
	// says that there was nothing up to there. After any other error dst is unspecified and must be
	// reset; reading may be tried again.
	Read(ctx context.Context, dst *record.Chunk) (record.Position, error)

	// Done says that everything up to pos is durable. It may never be called, or
	// be called late; that must lose nothing.
	Done(ctx context.Context, pos record.Position) error

	// Stats are the counts since the source was opened.
	Stats() Stats

	// Close frees what the source holds. It is called once.
	Close() error
}

// Stats counts what a connector saw and deliberately did not deliver, so that
// nothing vanishes without a number.
type Stats struct {
	Records       int64            // delivered
	Bytes         int64            // read from the source
	DroppedFields map[string]int64 // field values dropped as declared (stream.drop), by field
	UnknownFields map[string]int64 // field values not declared at all, by field
	Totals        int64            // total rows (合计) checked and left out
	Deleted       int64            // rows that the source itself marks as deleted and that were left out
	Lost          int64            // characters of delivered fields that could not be decoded (U+FFFD)
	Objects       int64            // files or pages taken
	Events        []Event          // what happened to the source itself, oldest first
	Lag           *Lag             // of a change log; nil for sources that read no log
}

// Event is something a source saw that is no record: a column was added, a table
// was emptied, a replication slot was made.
type Event struct {
	Place string // where in the source: "event lsn 0/16B3748"
	What  string // a sentence, without values of records
}

// Lag is how far a stream is behind the change log that it reads.
type Lag struct {
	Log   string // the slot or log that the source keeps for the stream
	Bytes int64  // of the log that are not yet acknowledged by Done
}

// Opened is a system whose settings were accepted.
type Opened interface {
	// Check tells whether the system answers and accepts our credentials.
	Check(ctx context.Context) error
	// Discover lists what the system offers, as far as the protocol can tell.
	Discover(ctx context.Context) ([]*schemas.Stream, error)
	// Source opens a stream after a position; nil is the beginning.
	Source(ctx context.Context, s *schemas.Stream, from record.Position) (Source, error)
	Close() error
}

// Kind is one protocol.
type Kind struct {
	Name string
	Doc  string
	// Validate checks a system's settings and its streams' `from` without
	// touching the network; all problems are returned with their places.
	Validate func(sys *schemas.System) []decl.Problem
	// Open prepares a system. It resolves secrets and may dial.
	Open func(ctx context.Context, sys *schemas.System) (Opened, error)
}

// KindOf returns the protocol that a system names in its settings, and the
// place to point at when it is wrong.
func KindOf(sys *schemas.System) (string, decl.Pos) {
	var settings map[string]decl.Node
	if ps := sys.Connect.Decode(&settings); len(ps) > 0 {
		return "", sys.Connect.Pos()
	}
	kind, ok := settings["kind"]
	if !ok {
		return "", sys.Connect.Pos()
	}
	name, _ := kind.Scalar()
	return name, kind.Pos()
}
