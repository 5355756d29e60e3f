package warehouse

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var sqlBlocks = regexp.MustCompile("(?s)```sql\n(.*?)```")

// documented are the statements of a page for analysts that ask something, each
// with the comment above it.
func documented(t *testing.T, page string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", page))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, m := range sqlBlocks.FindAllStringSubmatch(string(text), -1) {
		comment := ""
		for line := range strings.Lines(m[1]) { // a statement goes on until the next comment or SELECT
			switch {
			case strings.HasPrefix(line, "--"):
				comment += line
			case strings.HasPrefix(line, "SELECT "):
				out, comment = append(out, comment+line), ""
			default:
				out[len(out)-1] += line
			}
		}
	}
	return out
}

// Every example of a page for analysts, and of every view, runs with an analyst's
// rights; those that say that they are for administrators need theirs.
func TestExamples(t *testing.T) {
	c, w := province(t)
	analyst := asAnalyst(t)
	var asks []string
	for _, v := range Views(c) {
		asks = append(asks, v.Example)
	}
	views := len(asks)
	for _, page := range []string{"views.md", "indicators.md", "history.md", "views.zh.md", "indicators.zh.md", "history.zh.md"} {
		if _, err := os.Stat(filepath.Join("..", "..", "docs", page)); err == nil {
			asks = append(asks, documented(t, page)...)
		}
	}
	if views < 20 || len(asks) < views+15 {
		t.Fatalf("there are %d views and %d examples in the pages", views, len(asks)-views)
	}
	for _, sql := range asks {
		if strings.Contains(sql, "SELECT division_code, numerator, denominator") || strings.Contains(sql, "@each") {
			continue // of a declaration, which the cases of indicators run
		}
		restricted := strings.Contains(sql, "administrators")
		if _, err := fetchAll(t.Context(), analyst, sql); (err != nil) != restricted {
			t.Errorf("an analyst asks\n%s\nand is told: %v", sql, err)
		}
		if restricted {
			if _, err := fetchAll(t.Context(), w, sql); err != nil {
				t.Errorf("an administrator asks\n%s\nand is told: %v", sql, err)
			}
		}
	}
}
