package pii

import "io"

// Writer masks every identifier in what is written to w. It is the last gate of
// a log: connectors and engines make error texts of file names, addresses and
// answers. One write is taken as one whole text, as log handlers write lines.
type Writer struct{ W io.Writer }

// Write writes p masked, and reports all of p as written.
func (w Writer) Write(p []byte) (int, error) {
	if _, err := w.W.Write(Mask(p)); err != nil {
		return 0, err
	}
	return len(p), nil
}
