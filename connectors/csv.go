package connectors

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
)

// CSVError says where a text is not CSV, or what is wrong with its header.
type CSVError struct {
	Line int
	Rule string // "csv.quote", "csv.header"
}

func (e *CSVError) Error() string { return e.Rule }

// CSVObjects calls visit with every row of a CSV text as a JSON object of texts,
// borrowed until the next row, and the line it begins on. The names of the
// columns are the first row, or header if it is given. An empty cell is left
// out. A row with another number of cells than the header is visited with a nil
// item: what belongs where is not known.
func CSVObjects(body []byte, header []string, comma rune, visit func(line int, item []byte) error) error {
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(body, []byte("\uFEFF"))))
	r.FieldsPerRecord, r.ReuseRecord = -1, true
	if comma != 0 {
		r.Comma = comma
	}
	names := header
	var heads [][]byte
	var item []byte
	for {
		row, err := r.Read()
		var wrong *csv.ParseError
		switch {
		case errors.Is(err, io.EOF) && names == nil:
			return &CSVError{1, "csv.header"}
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &wrong):
			return &CSVError{wrong.Line, "csv.quote"}
		case err != nil:
			return err
		}
		line, _ := r.FieldPos(0)
		if names == nil {
			if names = cleanHeader(row); names == nil {
				return &CSVError{line, "csv.header"}
			}
			continue
		}
		if heads == nil {
			for _, n := range names {
				heads = append(heads, append(appendText(nil, []byte(n)), ':'))
			}
		}
		if len(row) != len(names) {
			if err := visit(line, nil); err != nil {
				return err
			}
			continue
		}
		item = append(item[:0], '{')
		for i, cell := range row {
			if cell == "" {
				continue
			}
			if len(item) > 1 {
				item = append(item, ',')
			}
			item = appendText(append(item, heads[i]...), []byte(cell))
		}
		if err := visit(line, append(item, '}')); err != nil {
			return err
		}
	}
}

// cleanHeader copies the names of the columns; nil: one is empty or twice there.
func cleanHeader(row []string) []string {
	var names []string
	seen := map[string]bool{}
	for _, n := range row {
		n = strings.Clone(strings.TrimSpace(n))
		if n == "" || seen[n] {
			return nil
		}
		seen[n] = true
		names = append(names, n)
	}
	return names
}
