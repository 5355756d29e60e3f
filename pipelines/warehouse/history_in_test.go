package warehouse

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The rows of a day in a division are those of the day that lie in it: whatever
// sources say about where a thing lies, under whatever keys they know it, at every
// tier, for things and for rows that have the division in their key.
func TestAsOfIn(t *testing.T) {
	c := shippedCatalog(t)
	w := engine(t, c)
	const villages = `arrayFlatten(arrayMap(a -> arrayMap(b -> concat('37', a, b), ['001001', '001002', '002001', '104203']), ['0102', '0103', '0211', '1691']))`
	k := claimer{c: c, divisions: "(SELECT " + villages + ")", things: 600}
	const then = "at = '2025-06-30', known = '2025-07-10'"
	for _, name := range []string{"facility", "organization", "stat_fact", "workforce_post"} {
		e := c.Entity(name)
		for version, where := range map[int]string{1: "1", 2: "number % 3 = 0", 4: "number % 5 = 0"} {
			if err := w.Exec(t.Context(), k.sql(e, version, where, "number % 11 = 0 AND "+fmt.Sprint(version)+" = 2")); err != nil {
				t.Fatal(err)
			}
		}
		if e.Identity != nil { // some things have two keys, and lie where either says
			pairs := fmt.Sprintf(`INSERT INTO ops.identity (entity, member, canonical, how, facts, rule, matched_at, seq, is_deleted)
SELECT '%s', key, keys[1], 'facts', [], '', now64(3), 1, 0
FROM (SELECT groupArray(k) AS keys FROM (SELECT k, intDiv(rowNumberInAllBlocks(), 2) AS n FROM (SELECT DISTINCT %s AS k FROM std.%s ORDER BY k)) WHERE n %% 3 = 0 GROUP BY n) ARRAY JOIN keys AS key`, name, e.Key[0], name)
			if err := w.Exec(t.Context(), pairs); err != nil {
				t.Fatal(err)
			}
		}
		for division, prefix := range map[string]string{"370102001001": "370102001001", "370102001000": "370102001", "370102000000": "370102", "370100000000": "3701", "370000000000": "37", "379999000000": "379999"} {
			rows := func(from string) []string {
				return strs(t, w, "SELECT toString(tuple(*)) FROM "+from+" ORDER BY 1")
			}
			all := rows(fmt.Sprintf("dwd.%s_as_of(%s) WHERE startsWith(ifNull(toString(%s), ''), '%s')", name, then, e.Division.Column, prefix))
			in := rows(fmt.Sprintf("dwd.%s_as_of_in(%s, division = '%s')", name, then, division))
			if d := cmp.Diff(all, in); d != "" {
				t.Errorf("%s in %s (-filtered +asked for):\n%.1000s", name, division, d)
			}
			if (len(in) == 0) != (prefix == "379999") {
				t.Errorf("%s in %s: %d rows", name, division, len(in))
			}
		}
	}
}
