package files

import (
	"os"
	"reflect"
	"strings"
	"testing"
)

// TestDocumented: every setting of a stream and every format stands in
// docs/files.md.
func TestDocumented(t *testing.T) {
	b, err := os.ReadFile("../../docs/files.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(b)
	for _, v := range []any{from{}, totalRule{}, atRule{}} {
		for f := range reflect.TypeOf(v).Fields() {
			if key, _, _ := strings.Cut(f.Tag.Get("decl"), ","); key != "" && !strings.Contains(page, "`"+key+"`") {
				t.Errorf("the setting %q of %T is not documented", key, v)
			}
		}
	}
	for name := range formats {
		if !strings.Contains(page, "`"+name+"`") {
			t.Errorf("the format %q is not documented", name)
		}
	}
}
