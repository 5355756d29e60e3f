package sandbox

import (
	"fmt"
	"os"
	"path/filepath"

	"rongtong/deploy/sandbox/world"
	"rongtong/schemas/divisions"
)

// writeRegister puts the real files on the province's file service.
func (s *Sandbox) writeRegister() error {
	dir := s.registerDir()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("preparing the register's folder %q: %w", dir, err)
	}
	files := []struct {
		name string
		data func() []byte
	}{
		{"divisions_37_nbs2023.csv", divisions.RegisterCSV},
		{"division_history_sd.csv", divisions.CountyHistoryCSV},
		{"township_changes_sd.csv", divisions.TownshipChangesCSV},
	}
	m := s.meter(world.Register, "P", "files", int64(len(files)))
	for _, f := range files {
		path := filepath.Join(dir, f.name)
		if _, err := os.Stat(path); err != nil {
			if err := writeFile(path, f.data()); err != nil {
				return err
			}
		}
		m.produced.Add(1)
	}
	return nil
}
