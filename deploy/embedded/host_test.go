package embedded

import (
	"fmt"
	"io/fs"
	"net/url"
	"strings"
	"syscall"
	"testing"

	"rongtong/schemas/fault"
)

func TestDiskErrors(t *testing.T) {
	for _, tc := range []struct {
		err  error
		hint bool
	}{
		{&fs.PathError{Op: "write", Path: "/x", Err: syscall.ENOSPC}, true},
		{&fs.PathError{Op: "write", Path: "/x", Err: syscall.EDQUOT}, true},
		{&fs.PathError{Op: "open", Path: "/x", Err: syscall.EACCES}, false},
	} {
		err := diskErr(tc.err, "writing %q", "/x")
		if !fault.Is(err, fault.Config) || strings.Contains(err.Error(), "free some space") != tc.hint {
			t.Errorf("%v became %v", tc.err, err)
		}
	}
	if err := needFree(t.TempDir(), 1<<60, "starting"); !fault.Is(err, fault.Config) || !strings.Contains(err.Error(), "free some space") {
		t.Errorf("a disk without an exabyte: %v", err)
	}
	if err := writeFile("/proc/none", nil); err == nil {
		t.Error("wrote below /proc")
	}
}

func TestLockIsReleased(t *testing.T) {
	dir := t.TempDir()
	a, err := lockFolder("broker", dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lockFolder("broker", dir); !fault.Is(err, fault.Config) {
		t.Errorf("a second lock: %v", err)
	}
	a.Close()
	b, err := lockFolder("broker", dir)
	if err != nil {
		t.Fatal(err)
	}
	b.Close()
}

// Whatever the broker calls a partition's folder is read back as that partition.
func FuzzParsePartition(f *testing.F) {
	f.Add("in.city_event.case", int32(0))
	f.Add("with-hyphen-3", int32(12))
	f.Add("%41/é", int32(2147483647))
	f.Fuzz(func(t *testing.T, topic string, id int32) {
		if topic == "" || id < 0 {
			return
		}
		name := fmt.Sprintf("%s-%d", url.PathEscape(topic), id)
		if p, ok := parsePartition(name); !ok || p.topic != topic || p.id != id {
			t.Errorf("%q became %+v, %t", name, p, ok)
		}
		parsePartition(topic) // must not panic
	})
}
