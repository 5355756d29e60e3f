package sandbox

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"rongtong/deploy/sandbox/world"
)

// startWorkbooks returns the delivery of the townships' workbooks: one after
// the other, each put in place whole, with the time at which it was saved. A
// workbook that is there already is complete and stays.
func (s *Sandbox) startWorkbooks() func(context.Context) error {
	w := s.World
	total := int64(0)
	for t := range w.Townships() {
		if _, _, ok := w.Workbook(t); ok {
			total++
		}
	}
	m := s.meter(world.Book, "T", "workbooks", total)
	return func(ctx context.Context) error {
		if err := os.MkdirAll(s.bookDir(), 0o755); err != nil {
			return err
		}
		for t := range w.Townships() {
			if err := ctx.Err(); err != nil {
				return err
			}
			name, saved, ok := w.Workbook(t)
			if !ok {
				continue
			}
			if err := s.writeWorkbook(t, name, time.UnixMilli(saved)); err != nil {
				return err
			}
			m.produced.Add(1)
		}
		return nil
	}
}

func (s *Sandbox) writeWorkbook(t int, name string, saved time.Time) error {
	names := []string{name}
	if again, ok := s.World.WorkbookCopy(t); ok {
		names = append(names, again)
	}
	var data []byte
	for _, n := range names {
		path := filepath.Join(s.bookDir(), n)
		if _, err := os.Stat(path); err == nil {
			continue
		} else if !errors.Is(err, os.ErrNotExist) {
			return err
		}
		if data == nil {
			var err error
			if data, err = townshipWorkbook(s.World, t); err != nil {
				return fmt.Errorf("making the workbook %q: %w", n, err)
			}
		}
		// The time is set before the file is seen: a reader takes it as the
		// time of every record.
		tmp := filepath.Join(s.bookDir(), ".part-"+fmt.Sprint(t))
		if err := os.WriteFile(tmp, data, 0o644); err != nil {
			return err
		}
		if err := os.Chtimes(tmp, saved, saved); err != nil {
			return err
		}
		if err := os.Rename(tmp, path); err != nil {
			return err
		}
	}
	return nil
}
