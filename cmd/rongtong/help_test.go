package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// TestHelp: every verb stands in a group and says what it does; help of a verb
// shows its own flags only.
func TestHelp(t *testing.T) {
	root := newRoot()
	var named []string
	for _, v := range verbs {
		named = append(named, strings.Fields(v.names)...)
	}
	for _, cmd := range root.Commands() {
		if cmd.GroupID == "" {
			t.Errorf("%q is in no group", cmd.Name())
		}
		if cmd.Short == "" {
			t.Errorf("%q does not say what it does", cmd.Name())
		}
		named = slices.DeleteFunc(named, func(n string) bool { return n == cmd.Name() })
	}
	if len(named) > 0 {
		t.Errorf("groups name verbs that there are not: %q", named)
	}
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetArgs([]string{"status", "--help"})
	if err := root.Execute(); err != nil {
		t.Fatal(err)
	}
	if s := out.String(); strings.Contains(s, "--kafka-tls") || !strings.Contains(s, "rongtong --help") {
		t.Errorf("the help of a verb:\n%s", s)
	}
}
