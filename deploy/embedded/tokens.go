package embedded

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"rongtong/schemas/fault"
)

// The engine remembers the token of an insert before the insert's part takes its
// name on disk (MergeTreeSink::commitPart calls deduplication_log->addPart before
// renameTempPartAndAdd). A kill between the two leaves a token whose rows are
// nowhere: the insert, repeated as it must be, would be taken for one that is
// there, and its rows would be lost. Both steps are taken under the lock of the
// table's parts, so that it can only be the last insert of a table.

// mendTokens makes every table of an engine that does not run forget the token
// of its last insert if the part is missing. It reports how many tables had one.
func mendTokens(data string) (mended int, err error) {
	dirs, err := filepath.Glob(filepath.Join(data, "store", "store", "*", "*", "deduplication_logs"))
	if err != nil {
		return 0, fault.Mark(fault.Bug, err)
	}
	for _, dir := range dirs {
		done, err := mendTable(dir)
		if err != nil {
			return mended, fault.New(fault.Config, "checking the tokens of inserts in %q: %w", dir, err)
		}
		if done {
			mended++
		}
	}
	return mended, nil
}

// mendTable drops the tokens of the last part that a table's log speaks of,
// unless that part or one that it was merged into is there. A record is
// "operation TAB part TAB token LF"; operation 1 adds, 2 drops.
func mendTable(dir string) (bool, error) {
	last, records, err := tokenLog(dir)
	if err != nil || len(records) == 0 {
		return false, err
	}
	part := field(records[len(records)-1], 1)
	if field(records[len(records)-1], 0) != "1" {
		return false, nil
	}
	if there, err := hasPart(filepath.Dir(dir), part); there || err != nil {
		return false, err
	}
	var drop []byte
	for _, r := range slices.Backward(records) {
		if field(r, 0) != "1" || field(r, 1) != part {
			break
		}
		drop = fmt.Appendf(drop, "2\t%s\t%s\n", part, field(r, 2))
	}
	f, err := os.OpenFile(last, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return false, err
	}
	_, err = f.Write(drop)
	slog.Warn("an insert was cut off between its token and its rows: its repetition will be taken", "part", part, "log", last)
	return true, errors.Join(err, f.Close())
}

// tokenLog returns the newest log of a table, and the records of the newest one
// that has any. A record that was cut off is removed: the engine would read
// nothing behind it.
func tokenLog(dir string) (last string, records []string, err error) {
	logs, err := filepath.Glob(filepath.Join(dir, "deduplication_log_*.txt"))
	if err != nil || len(logs) == 0 {
		return "", nil, err
	}
	number := func(path string) int {
		n, _ := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(filepath.Base(path), "deduplication_log_"), ".txt"))
		return n
	}
	slices.SortFunc(logs, func(a, b string) int { return number(b) - number(a) })
	for _, log := range logs {
		b, err := os.ReadFile(log)
		if err != nil {
			return "", nil, err
		}
		if whole := bytes.LastIndexByte(b, '\n') + 1; whole < len(b) {
			if err := os.Truncate(log, int64(whole)); err != nil {
				return "", nil, err
			}
			b = b[:whole]
		}
		if len(b) > 0 {
			return logs[0], strings.Split(strings.TrimSuffix(string(b), "\n"), "\n"), nil
		}
	}
	return logs[0], nil, nil
}

func field(record string, i int) string {
	if parts := strings.SplitN(record, "\t", 3); i < len(parts) {
		return parts[i]
	}
	return ""
}

// hasPart looks for a part, or one that covers it, in a table's folder.
func hasPart(table, part string) (bool, error) {
	partition, from, _, ok := blocksOf(part)
	if !ok {
		return true, nil // not a name that this code knows: leave it alone
	}
	entries, err := os.ReadDir(table)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	for _, e := range entries {
		if p, first, last, ok := blocksOf(e.Name()); ok && p == partition && first <= from && from <= last {
			return true, err
		}
	}
	return false, err
}

// blocksOf reads a part's name, partition_first_last_level or with a mutation
// behind it.
func blocksOf(name string) (partition string, first, last int64, ok bool) {
	words := strings.Split(name, "_")
	if len(words) != 4 && len(words) != 5 {
		return "", 0, 0, false
	}
	first, err1 := strconv.ParseInt(words[1], 10, 64)
	last, err2 := strconv.ParseInt(words[2], 10, 64)
	return words[0], first, last, err1 == nil && err2 == nil
}
