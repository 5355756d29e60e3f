package warehouse

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"rongtong/schemas"
)

// What analysts may read: the layers dwd, ads and ops, less few tables of the
// house. The rows of entities with small cells stand in layer dwp, which is not
// theirs; the views on them in layer dwd read with the rights of who asks, and so
// are closed to analysts too. Views of layer ads read it with the rights of who
// made them, and show what may be shown.

// closedTables hold what analysts see through views only: figures before small
// ones are hidden, counts by division, and what is wrong with single rows. A name
// stands for all that begin with it: a table is filled beside the one that is read.
var closedTables = []string{"ads.indicator_point", "ads.indicator_cover", "dwd.territory", "dwd.contribution", "ops.conflict", "ops.quality_issue"}

// AnalystRights are the statements that make a role which may read what analysts
// may read. The embedded engine has a user with the same rights.
func AnalystRights(role string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "CREATE ROLE IF NOT EXISTS %[1]s;\n\nGRANT SELECT ON ads.*, SELECT ON dwd.*, SELECT ON ops.* TO %[1]s;\n\n", ident(role))
	for _, name := range closedTables {
		fmt.Fprintf(&b, "REVOKE SELECT ON %s* FROM %s;\n\n", name, ident(role))
	}
	return b.String()
}

// withhold marks what analysts do not read, and lets the views of layer ads reach
// it.
func withhold(c *schemas.Catalog, all []*object) {
	rows := regexp.MustCompile("^dwd\\.(" + strings.Join(append(c.Confidential(), "-"), "|") + ")(__\\w+|_as_of|_as_of_in|_history|_as_of_under|_under)?$")
	closed := func(name string) bool {
		db, _, _ := strings.Cut(name, ".")
		return slices.Contains([]string{dbOds, dbStd, dbDwp}, db) || rows.MatchString(name) ||
			slices.ContainsFunc(closedTables, func(begin string) bool { return strings.HasPrefix(name, begin) })
	}
	for _, o := range all {
		o.withheld = closed(o.full())
		if o.db == dbAds && slices.ContainsFunc(tablesIn.FindAllString(o.view, -1), closed) {
			o.definer = true
		}
	}
}

var tablesIn = regexp.MustCompile(`\b(?:dwd|dwp|ads|ops)\.\w+`)

// confidential are the names of the entities that analysts read no rows of, as a
// list of literals.
func confidential(c *schemas.Catalog) string {
	names := []string{"''"} // for an empty list
	for _, name := range c.Confidential() {
		names = append(names, quote(name))
	}
	return strings.Join(names[min(1, len(names)-1):], ", ")
}

// rowsDB is the layer in which an entity's fused rows stand.
func rowsDB(e *schemas.Entity) string {
	if e.SmallCells > 0 {
		return dbDwp
	}
	return dbDwd
}

// rowsTable is the full name of the table of an entity's fused rows.
func rowsTable(e *schemas.Entity) string { return rowsDB(e) + "." + ident(e.Entity+rowsSuffix) }

// moved drops the rows of entities from the layer in which they stand no longer:
// the next fusion makes them anew where they belong.
func moved(c *schemas.Catalog, have *inventory) []Step {
	var steps []Step
	for _, e := range c.Entities {
		for _, db := range []string{dbDwd, dbDwp} {
			if name := db + "." + e.Entity + rowsSuffix; db != rowsDB(e) && have.tables[name] != nil {
				steps = append(steps, step(name, "drop the table: its rows stand in layer "+rowsDB(e)+" now, where the next fusion makes them",
					"DROP TABLE IF EXISTS "+db+"."+ident(e.Entity+rowsSuffix)+" SYNC"))
			}
		}
	}
	return writtenBy(writerSchedule, steps)
}
