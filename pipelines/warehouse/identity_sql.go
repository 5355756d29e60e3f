package warehouse

import (
	"fmt"
	"strings"

	"rongtong/schemas"
)

// membersSuffix names the table of what an entity's things are recognised by.
const membersSuffix = "__members"

// membersTable has a row for every key that claims are made about, before keys
// are matched: the name, codes and facts that fusion finds for it, and the
// block of things it is compared with.
func membersTable(e *schemas.Entity) *object {
	texts := "Array(String)"
	return &object{db: dbDwd, name: e.Entity + membersSuffix, comment: e.Name.Zh + "：比对依据，每个来源标识一行", derived: true,
		engine: "ReplacingMergeTree(seq, is_deleted)", order: []string{"block", "member"},
		columns: []column{
			{"block", "UInt64", "", "比对分组：同一上级区划、名称和类别"}, {"member", "String", "ZSTD(1)", "来源标识"},
			{"rank", "UInt16", "", "作为主标识的次序：有代码者、来源权威者在先"},
			{"name", "String", "ZSTD(1)", "名称（比对用）"}, {"division", "String", "ZSTD(1)", "所在区划"}, {"place", "String", "", "所在末级区划；不详为空"},
			{"codes", texts, "ZSTD(1)", "代码"}, {"facts", texts, "ZSTD(1)", "佐证字段"}, {"srcs", "Array(LowCardinality(String))", "ZSTD(1)", "来源"},
			{"seq", "UInt64", "Delta(8), ZSTD(1)", "依据到哪一批主张"}, {"is_deleted", "UInt8", "", "已无有效主张"},
		}}
}

// matcher writes the queries that recognise things of one entity.
type matcher struct {
	f  *fuser
	id *schemas.Identity
}

// scope narrows what is compared to some groups of blocks: keys is a condition
// about the rows of membersTable, and groups one about b, the group.
type scope struct{ keys, groups string }

// anywhere is every block.
var anywhere = scope{"1", "1"}

func (m *matcher) entity() string { return quote(m.f.e.Entity) }

// key is the one column of the entity's key.
func (m *matcher) key() string { return ident(m.f.e.Key[0]) }

func (m *matcher) members() string { return dbDwd + "." + ident(m.f.e.Entity+membersSuffix) }

// text is a column's fused value as text, ” where nobody has one.
func (m *matcher) text(name string) string { return ident("m_" + name) }

func (m *matcher) texts(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = m.text(n)
	}
	return "CAST([" + strings.Join(out, ", ") + "], 'Array(String)')"
}

// describe selects a row of membersTable for every key in reach of the fuser.
// A value is the one fusion takes for the key alone, by the same authority.
func (m *matcher) describe(seq int64) string {
	f, e := *m.f, m.f.e
	f.orders, f.apart = nil, false
	var aggs []string
	for _, name := range append(m.id.Columns(), e.Division.Column) {
		c := e.Column(name)
		order, cond := e.AuthorityOf(c), claimed(c)
		if e.Fusion == schemas.FuseRow {
			order, cond = e.Authority, ""
		}
		if cond == "" {
			cond = "1"
		}
		aggs = append(aggs, fmt.Sprintf("ifNull(toString(argMinIf(%s, %s, %s)), '') AS %s", ident(name), f.orderColumn(order), cond, m.text(name)))
	}
	whole := f.orderColumn(e.Authority)
	var ords []string
	for i, o := range f.orders {
		ords = append(ords, fmt.Sprintf("%s AS ord_%d", f.ord(o), i))
	}
	t := f.c.Tier(m.id.Within)
	width, division := t.Width(), m.text(e.Division.Column)
	above := 0
	if t.Level > 1 {
		above = (&schemas.Tier{Level: t.Level - 1}).Width()
	}
	block := []string{quote(e.Entity), "substring(" + division + ", 1, " + fmt.Sprint(width) + ")", m.text(m.id.Name)}
	for _, s := range m.id.Same {
		block = append(block, m.text(s))
	}
	return fmt.Sprintf(`SELECT if(%[1]s = '' OR substring(%[2]s, %[3]d, %[4]d) = repeat('0', %[4]d), sipHash64(%[5]s, member), sipHash64(%[6]s)) AS block, member,
       toUInt16(empty(arrayFilter(x -> x != '', %[7]s)) * 256 + first) AS rank,
       %[1]s AS name, %[2]s AS division, if(substring(%[2]s, %[8]d) = repeat('0', 12 - %[9]d), '', %[2]s) AS place,
       %[7]s AS codes, %[10]s AS facts, srcs, toUInt64(%[11]d) AS seq, 0 AS is_deleted
FROM
(
  SELECT %[12]s AS member, arraySort(groupUniqArray(src_system)) AS srcs, toUInt8(bitShiftRight(min(%[13]s), 80)) AS first,
         %[14]s
  FROM
  (
%[15]s
  )
  GROUP BY member
)`, m.text(m.id.Name), division, above+1, width-above, quote(e.Entity), strings.Join(block, ", "),
		m.texts(m.id.Codes), width+1, width, m.texts(m.id.Second), 2*seq+1,
		m.key(), whole, strings.Join(aggs, ",\n         "), indent(indent(f.latest(ords...))))
}

// undescribe takes back the rows that the keys of the part claimed anew had before:
// a thing that was renamed is in another block.
func (m *matcher) undescribe(seq int64, part share) string {
	return fmt.Sprintf(`SELECT DISTINCT block, member, toUInt16(0), '', '', '', CAST([], 'Array(String)'), CAST([], 'Array(String)'), CAST([], 'Array(LowCardinality(String))'), toUInt64(%d), 1
FROM %s WHERE member IN (SELECT %s AS k FROM %s WHERE %s) AND seq < %[1]d`, 2*seq, m.members(), m.key(), m.f.claimed().from, part.has("k"))
}

// reach selects the keys whose matching may have changed, and the blocks they
// are and were in: those of the part that were claimed anew or decided about, what
// decisions about them name beside them, and what all of these were matched with.
func (m *matcher) reach(decided int64, part share) string {
	claimed := fmt.Sprintf("SELECT %[1]s FROM %[2]s WHERE %[3]s", m.key(), m.f.claimed().from, part.has(m.key()))
	things := fmt.Sprintf(`%[1]s
  UNION DISTINCT
  SELECT arrayJoin([left, right]) FROM ops.identity_decision WHERE entity = %[2]s AND (seq > %[3]d OR left IN (%[1]s) OR right IN (%[1]s))`, claimed, m.entity(), decided)
	return fmt.Sprintf(`SELECT DISTINCT %[1]s, member, block
FROM %[2]s
WHERE member IN
(
  %[3]s
  UNION DISTINCT
  SELECT member FROM ops.identity FINAL WHERE entity = %[1]s AND is_deleted = 0 AND canonical IN
  (
    SELECT canonical FROM ops.identity FINAL WHERE entity = %[1]s AND is_deleted = 0 AND member IN
    (
      %[4]s
    )
  )
)`, m.entity(), m.members(), things, indent(things))
}

// reachJoined selects what decisions join with the blocks in reach. Blocks of one
// group are compared together or not at all: of a part of them, what decisions
// join with the rest, and what the rest speaks against, would not be seen.
func (m *matcher) reachJoined() string {
	return fmt.Sprintf(`SELECT %[1]s, member, block
FROM %[2]s FINAL
WHERE is_deleted = 0 AND block IN
(
  SELECT block FROM (%[3]s)
  WHERE into IN (SELECT into FROM (%[3]s) WHERE %[4]s)
)`, m.entity(), m.members(), m.joins(), m.inReach())
}

// nearColumns are those of members by which keys are compared.
const nearColumns = "block, member, rank, name, division, place, codes, facts, srcs"

// near selects the keys that are compared again: those of the blocks in reach,
// unless a key is alone in its block and no decision names it.
func (m *matcher) near() string {
	return fmt.Sprintf(`SELECT %[1]s, %[2]s
FROM %[3]s FINAL
WHERE is_deleted = 0 AND block IN
(
  SELECT block FROM %[3]s FINAL WHERE is_deleted = 0 AND %[4]s GROUP BY block HAVING count() > 1
  UNION DISTINCT
  SELECT block FROM (%[5]s) WHERE %[4]s
)`, m.entity(), nearColumns, m.members(), m.inReach(), m.joins())
}

// compared selects the keys to compare: those near to a change, or all that have a
// name or are named by a decision; none of blocks that are too wide.
func (m *matcher) compared() string {
	narrow := "block NOT IN (SELECT block FROM ops.identity_joined WHERE wide = 1 AND entity = " + m.entity() + ")"
	if m.f.partly {
		return fmt.Sprintf("SELECT %s FROM ops.identity_near WHERE entity = %s AND %s", nearColumns, m.entity(), narrow)
	}
	return fmt.Sprintf("SELECT %s FROM %s FINAL WHERE is_deleted = 0 AND (name != '' OR block IN (SELECT block FROM (%s))) AND %s", nearColumns, m.members(), m.joins(), narrow)
}

// inReach narrows blocks to those of reach.
func (m *matcher) inReach() string {
	return "block IN (SELECT block FROM ops.identity_reach WHERE entity = " + m.entity() + ")"
}

// thingsInReach are the keys of the part that a comparison of a part makes a
// statement about, matched or not: those in the blocks and those that left them.
func (m *matcher) thingsInReach(part share) string {
	return fmt.Sprintf("SELECT member FROM ops.identity_near WHERE entity = %[1]s AND %[2]s UNION DISTINCT SELECT thing FROM ops.identity_reach WHERE entity = %[1]s AND %[3]s",
		m.entity(), part.has("member"), part.has("thing"))
}

// joinedSizes selects the blocks of keys that decisions join, and how many keys of
// each are compared: of a crowd those that decisions name.
func (m *matcher) joinedSizes() string {
	named := "SELECT arrayJoin([left, right]) FROM (" + m.decided(VerdictMerge) + ")"
	return fmt.Sprintf(`SELECT block, toUInt64(if(count() > %[1]d, countIf(member IN (%[2]s)), count()))
FROM %[3]s FINAL
WHERE is_deleted = 0 AND block IN (SELECT block FROM %[3]s FINAL WHERE is_deleted = 0 AND member IN (%[2]s))
GROUP BY block`, m.id.Most(), named, m.members())
}

// joins selects the blocks that decisions name: each with the lowest of its group,
// in which it is compared. That one is there too.
func (m *matcher) joins() string {
	return "SELECT block, into FROM ops.identity_joined WHERE entity = " + m.entity()
}

// scopes selects the last group of every part into which the groups of blocks to
// compare are cut, none if there is nothing to compare, so that comparing a part takes about n units of memory: one for
// a key and one for a pair of keys.
func (m *matcher) scopes(n int) string {
	return fmt.Sprintf(`SELECT b
FROM
(
  SELECT b, sum(units) OVER (ORDER BY b ROWS UNBOUNDED PRECEDING) AS r, units, max(b) OVER () AS last
  FROM
  (
    SELECT if(j.there = 1, j.into, c.block) AS b, sum(c.n) AS keys, toUInt64(keys + keys * (keys - 1) / 2) AS units
    FROM (SELECT block, least(count(), %[1]d) AS n FROM (%[2]s) GROUP BY block) AS c
    LEFT JOIN (SELECT block, into, 1 AS there FROM (%[3]s)) AS j ON j.block = c.block
    GROUP BY b
  )
)
WHERE b = last OR intDiv(r, %[4]d) > intDiv(r - units, %[4]d)
ORDER BY b`, m.id.Most(), m.compared(), m.joins(), n)
}

// between is the scope of the groups (low, high] of blocks; a nil low is no bound.
func (m *matcher) between(low *uint64, high uint64) scope {
	in := func(b string) string {
		is := fmt.Sprintf("%s <= %d", b, high)
		if low != nil {
			is = fmt.Sprintf("%s > %d AND %s", b, *low, is)
		}
		return is
	}
	return scope{fmt.Sprintf("%s OR block IN (SELECT block FROM (%s) WHERE %s)", in("block"), m.joins(), in("into")), in("b")}
}

// decided selects the pairs about which a decision stands.
func (m *matcher) decided(verdict string) string {
	return fmt.Sprintf("SELECT left, right FROM ops.identity_decision WHERE entity = %s GROUP BY left, right HAVING argMax(verdict, seq) = %s", m.entity(), quote(verdict))
}

// pairs compares every two things of a block. What is said of a pair:
//
//	forced  a person decided that they are one
//	hard    they are two: a person decided it, a code says so, or the village
//	soft    a source has both, as two
//	auto    they are one: equal names and a second fact, and nothing against it
func (m *matcher) pairs(in scope) string {
	// A crowd is counted in the block and never in what decisions join it with: no
	// decision may take comparisons away. Of a crowd only the keys that a person
	// joined with others are looked at, for what those others are.
	things := fmt.Sprintf(`SELECT if(j.there = 1, j.into, m.block) AS b, m.block AS block, rank, member, name, place, codes, facts, srcs, n
    FROM
    (
      SELECT %[7]s, count() OVER (PARTITION BY block) AS n
      FROM (%[1]s)
      WHERE %[2]s
    ) AS m
    LEFT JOIN (SELECT block, into, 1 AS there FROM (%[3]s)) AS j ON j.block = m.block
    WHERE %[4]s AND (n > 1 OR j.there = 1) AND (n <= %[5]d OR member IN (SELECT arrayJoin([left, right]) FROM (%[6]s)))`,
		m.compared(), in.keys, m.joins(), in.groups, m.id.Most(), m.decided(VerdictMerge), nearColumns)
	return fmt.Sprintf(`SELECT l.b AS b, l.rank AS rank_l, l.member AS key_l, r.rank AS rank_r, r.member AS key_r,
       (least(key_l, key_r), greatest(key_l, key_r)) IN (%[1]s) AS forced,
       arrayFilter((c, x, y) -> x != '' AND x = y, %[2]s, l.codes, r.codes) AS same_codes,
       arrayConcat(same_codes, arrayFilter((c, x, y) -> x != '' AND x = y, %[3]s, l.facts, r.facts)) AS agree,
       arrayFilter((c, x, y) -> x != '' AND y != '' AND x != y, %[3]s, l.facts, r.facts) AS differ,
       NOT forced AND ((least(key_l, key_r), greatest(key_l, key_r)) IN (%[4]s)
         OR arrayExists((x, y) -> x != '' AND y != '' AND x != y, l.codes, r.codes)
         OR l.place != '' AND r.place != '' AND l.place != r.place) AS hard,
       NOT forced AND hasAny(l.srcs, r.srcs) AS soft,
       l.name = r.name AND l.block = r.block AND l.n <= %[5]d AS named,
       named AND NOT forced AND NOT hard AND NOT soft AND (notEmpty(same_codes) OR notEmpty(agree) AND empty(differ)) AS auto
FROM
(
    %[6]s
) AS l
INNER JOIN
(
    %[6]s
) AS r ON l.b = r.b
WHERE (l.rank, l.member) < (r.rank, r.member)`,
		m.decided(VerdictMerge), literals(m.id.Codes), literals(m.id.Second), m.decided(VerdictApart), m.id.Most(), things)
}

func literals(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = quote(n)
	}
	return "CAST([" + strings.Join(out, ", ") + "], 'Array(String)')"
}

// found selects what is recognised in scope: rows of kind 'same' say that key a
// is the thing b; rows of kind 'ask' are pairs for a person. Within a block:
//
//	l0  things that decisions join
//	l1  and then those that are one by themselves, unless that would join two
//	    of which something says they are two; where chains of them do, l0 stands
//
// A group is named by the position of its first member, and that member's key,
// the lowest in (rank, key), is the group's.
func (m *matcher) found(in scope) string {
	// join gives the two ends of every edge the lower of their groups.
	join := func(edges, start string) string {
		return "arrayFold((acc, x) -> arrayMap(i -> if(i = greatest(acc[x.1], acc[x.2]), least(acc[x.1], acc[x.2]), i), acc), " + edges + ", " + start + ")"
	}
	between := func(groups string) string {
		return fmt.Sprintf("(least(%[1]s[x.1], %[1]s[x.2]), greatest(%[1]s[x.1], %[1]s[x.2]))", groups)
	}
	// Each step is a query of its own: the server would write the steps into each
	// other, and again wherever they are used.
	sql := `SELECT arraySort(arrayDistinct(arrayFlatten(groupArray([(rank_l, key_l), (rank_r, key_r)])))) AS nodes,
       groupArray((key_l, key_r, forced, hard, soft, auto, named, agree, differ)) AS edges
FROM
(
` + indent(m.pairs(in)) + `
)
GROUP BY b
HAVING max(forced OR named AND NOT hard)`
	for _, step := range []string{
		"edges, arrayMap(x -> x.2, nodes) AS keys, arrayMap(i -> toUInt64(i), arrayEnumerate(nodes)) AS ids",
		"keys, ids, arrayMap(p -> (indexOf(keys, p.1), indexOf(keys, p.2), p.3, p.4, p.5, p.6, p.7, p.8, p.9), edges) AS es",
		"keys, ids, es, " + join("arrayFilter(x -> x.3, es)", "ids") + " AS l0",
		"keys, ids, es, l0, arrayMap(x -> " + between("l0") + ", arrayFilter(x -> x.4, es)) AS two",
		"keys, ids, es, l0, " + join("arrayFilter(x -> x.6 AND NOT has(two, "+between("l0")+"), es)", "l0") + " AS l1",
		"keys, ids, es, l0, l1, arrayDistinct(arrayMap(x -> l1[x.1], arrayFilter(x -> (x.4 OR x.5) AND l1[x.1] = l1[x.2] AND l0[x.1] != l0[x.2], es))) AS bad",
		"keys, ids, es, l1, arrayMap(i -> if(has(bad, l1[i]), l0[i], l1[i]), ids) AS g",
		"keys, ids, es, l1, g, arrayMap(x -> " + between("g") + ", arrayFilter(x -> x.4 OR x.5 AND empty(x.8), es)) AS settled",
		`arrayJoin(arrayConcat(
    arrayMap(i -> ('same', keys[i], keys[g[i]], if(arrayExists(x -> x.3 AND (x.1 = i OR x.2 = i), es), 'decision', 'rule'),
        arraySort(arrayDistinct(arrayFlatten(arrayMap(x -> x.8, arrayFilter(x -> (x.3 OR x.6) AND (x.1 = i OR x.2 = i) AND g[x.1] = g[x.2], es))))), CAST([], 'Array(String)')),
      arrayFilter(i -> countEqual(g, g[i]) > 1, ids)),
    arrayMap(x -> ('ask', keys[least(g[x.1], g[x.2])], keys[greatest(g[x.1], g[x.2])],
        multiIf(l1[x.1] = l1[x.2], 'several', x.5, 'same_source', notEmpty(x.9), 'facts_differ', 'name_only'), arraySort(x.8), arraySort(x.9)),
      arrayFilter(x -> x.7 AND g[x.1] != g[x.2] AND NOT has(settled, ` + between("g") + `), es)))) AS row`,
		m.entity() + " AS entity, row.1 AS kind, row.2 AS a, row.3 AS b, row.4 AS why, row.5 AS agree, row.6 AS differ",
	} {
		sql = "SELECT " + step + "\nFROM\n(\n" + indent(sql) + "\n)"
	}
	return sql
}

// moved selects what of the found differs from what was known: the key, what
// it was (” for itself) and what it is now.
func (m *matcher) moved(part share) string {
	known, found := part.has("member"), part.has("a")
	if m.f.partly { // what is decided about wide blocks is found whether they changed or not
		known += " AND member IN (" + m.thingsInReach(part) + ")"
		found += " AND a IN (" + m.thingsInReach(part) + ")"
	}
	return fmt.Sprintf(`SELECT if(n.a != '', n.a, o.member) AS member, o.canonical AS was, n.b AS becomes, n.why AS how, n.agree AS facts, o.how AS was_how, o.facts AS was_facts
FROM (SELECT a, b, why, agree FROM ops.identity_found WHERE entity = %[1]s AND kind = 'same' AND %[2]s) AS n
FULL JOIN (SELECT member, toString(canonical) AS canonical, toString(how) AS how, facts FROM ops.identity FINAL WHERE entity = %[1]s AND is_deleted = 0 AND %[3]s) AS o ON o.member = n.a
WHERE was != becomes OR how != was_how OR facts != was_facts`, m.entity(), found, known)
}

// pairSides are the columns in which a pair keeps what was known of both its keys
// when it was last looked at: who decides about it needs no other table.
var pairSides = []string{"name", "division_code", "left_codes", "left_facts", "left_srcs", "right_codes", "right_facts", "right_srcs"}

// asks selects the changes of the pairs that wait for a person, those whose left key
// is in the part.
func (m *matcher) asks(part share) string {
	known := part.has("left")
	if m.f.partly {
		// The right keys may be of any part; those of pairs of this one are as few.
		rights := fmt.Sprintf("SELECT member FROM (%s) WHERE member IN (SELECT right FROM ops.identity_pair WHERE entity = %s AND %s)", m.thingsInReach(all), m.entity(), part.has("left"))
		known += " AND (left IN (" + m.thingsInReach(part) + ") OR right IN (" + rights + "))"
	}
	asked := fmt.Sprintf("FROM ops.identity_found WHERE entity = %s AND kind = 'ask' AND %s", m.entity(), part.has("a"))
	side := func(key string) string {
		return fmt.Sprintf("(SELECT member, name, division, codes, facts, srcs FROM (%s) WHERE member IN (SELECT %s %s))", m.compared(), key, asked)
	}
	differ := []string{"n.why != o.reason", "n.agree != o.agree", "n.differ != o.differ"}
	for _, c := range pairSides {
		differ = append(differ, "n."+c+" != o."+c)
	}
	return fmt.Sprintf(`SELECT %[1]s, if(n.a != '', n.a, o.left), if(n.a != '', n.b, o.right), n.why, n.agree, n.differ, n.%[6]s, if(n.a != '' AND o.left != '', o.asked_at, now64(3)), (SELECT max(seq) FROM ops.identity_pair WHERE entity = %[1]s) + 1, n.a = ''
FROM
(
  SELECT x.a AS a, x.b AS b, x.why AS why, x.agree AS agree, x.differ AS differ, l.name AS name, l.division AS division_code,
         l.codes AS left_codes, l.facts AS left_facts, l.srcs AS left_srcs, r.codes AS right_codes, r.facts AS right_facts, r.srcs AS right_srcs
  FROM (SELECT a, b, min(f.why) AS why, arraySort(groupUniqArrayArray(f.agree)) AS agree, arraySort(groupUniqArrayArray(f.differ)) AS differ FROM (SELECT * %[2]s) AS f GROUP BY a, b) AS x
  INNER JOIN %[3]s AS l ON l.member = x.a
  INNER JOIN %[4]s AS r ON r.member = x.b
) AS n
FULL JOIN (SELECT left, right, toString(reason) AS reason, agree, differ, %[7]s, asked_at FROM ops.identity_pair FINAL WHERE entity = %[1]s AND is_deleted = 0 AND %[5]s) AS o ON o.left = n.a AND o.right = n.b
WHERE %[8]s`, m.entity(), asked, side("a"), side("b"), known, strings.Join(pairSides, ", n."), strings.Join(pairSides, ", "), strings.Join(differ, " OR "))
}

// identityTables hold what was recognised, what waits and what was decided.
func identityTables() []*object {
	const near = "Delta(8), ZSTD(1)"
	facts := func(name, zh string) column { return column{name, "Array(LowCardinality(String))", "", zh} }
	return []*object{
		{db: dbOps, name: "identity", comment: "同一事物：各来源标识归并到的主标识，及依据",
			engine: "ReplacingMergeTree(seq, is_deleted)", order: []string{"entity", "member"},
			columns: []column{
				{"entity", lc, "", "主题实体"}, {"member", "String", "ZSTD(1)", "来源标识"}, {"canonical", "String", "ZSTD(1)", "主标识"},
				{"how", lc, "", "依据：规则或人工决定"}, facts("facts", "一致的佐证字段"), {"rule", lc, "", "规则的指纹"},
				{"matched_at", instant, near, "归并时间"}, {"seq", "UInt64", near, "归并序号"}, {"is_deleted", "UInt8", "", "已拆分"},
			}},
		{db: dbOps, name: "identity_touched", comment: "同一事物：归并有变、待重新融合的标识",
			engine: "ReplacingMergeTree(seq)", order: []string{"entity", "thing"},
			columns: []column{{"entity", lc, "", "主题实体"}, {"thing", "String", "ZSTD(1)", "标识"}, {"seq", "UInt64", near, "归并序号"}}},
		{db: dbOps, name: "identity_pair", comment: "疑似同一事物：须人工核定的标识对",
			engine: "ReplacingMergeTree(seq, is_deleted)", order: []string{"entity", "left", "right"},
			columns: []column{
				{"entity", lc, "", "主题实体"}, {"left", "String", "ZSTD(1)", "标识一"}, {"right", "String", "ZSTD(1)", "标识二"},
				{"reason", lc, "", "为何不能自动判定"}, facts("agree", "一致的字段"), facts("differ", "不一致的字段"),
				{"name", "String", "ZSTD(1)", "名称（比对用）"}, {"division_code", "String", "ZSTD(1)", "所在区划"},
				{"left_codes", "Array(String)", "ZSTD(1)", "标识一的代码"}, {"left_facts", "Array(String)", "ZSTD(1)", "标识一的佐证"}, facts("left_srcs", "标识一的来源"),
				{"right_codes", "Array(String)", "ZSTD(1)", "标识二的代码"}, {"right_facts", "Array(String)", "ZSTD(1)", "标识二的佐证"}, facts("right_srcs", "标识二的来源"),
				{"asked_at", instant, near, "提出时间"}, {"seq", "UInt64", near, "归并序号"}, {"is_deleted", "UInt8", "", "已了结"},
			}},
		{db: dbOps, name: "identity_decision", comment: "同一事物：人工决定，全部保留，最后一次为准", dedup: true,
			engine: "ReplacingMergeTree(decided_at)", order: []string{"entity", "left", "right", "seq"},
			columns: []column{
				{"entity", lc, "", "主题实体"}, {"left", "String", "ZSTD(1)", "标识一"}, {"right", "String", "ZSTD(1)", "标识二"},
				{"verdict", lc, "", "决定：归并、分开、撤销"}, {"decided_by", lc, "", "决定人的岗位"}, {"reason", "String", "ZSTD(1)", "理由或文号"},
				{"decided_at", instant, near, "决定时间"}, {"seq", "UInt64", near, "决定序号"},
			}},
		{db: dbOps, name: "identity_reach", comment: "同一事物：本次比对涉及的标识和分组（中间结果）", derived: true, partition: "entity",
			engine: "MergeTree", order: []string{"entity", "block"},
			columns: []column{{"entity", lc, "", "主题实体"}, {"thing", "String", "ZSTD(1)", "标识"}, {"block", "UInt64", "", "比对分组"}}},
		{db: dbOps, name: "identity_near", comment: "同一事物：本次重新比对的标识（中间结果）", derived: true, partition: "entity",
			engine: "MergeTree", order: []string{"entity", "block", "member"},
			columns: []column{
				{"entity", lc, "", "主题实体"}, {"block", "UInt64", "", "比对分组"}, {"member", "String", "ZSTD(1)", "来源标识"}, {"rank", "UInt16", "", "作为主标识的次序"},
				{"name", "String", "ZSTD(1)", "名称（比对用）"}, {"division", "String", "ZSTD(1)", "所在区划"}, {"place", "String", "", "所在末级区划；不详为空"},
				{"codes", "Array(String)", "ZSTD(1)", "代码"}, {"facts", "Array(String)", "ZSTD(1)", "佐证字段"}, {"srcs", "Array(LowCardinality(String))", "ZSTD(1)", "来源"},
			}},
		{db: dbOps, name: "identity_changed", comment: "同一事物：本次须重新融合的标识（中间结果）", derived: true, partition: "entity",
			engine: "MergeTree", order: []string{"entity", "thing"},
			columns: []column{{"entity", lc, "", "主题实体"}, {"thing", "String", "ZSTD(1)", "标识"}}},
		{db: dbOps, name: "identity_joined", comment: "同一事物：因人工决定而合在一起比对的分组（中间结果）", derived: true, partition: "entity",
			engine: "MergeTree", order: []string{"entity", "block"},
			columns: []column{{"entity", lc, "", "主题实体"}, {"block", "UInt64", "", "比对分组"}, {"into", "UInt64", "", "合并比对的分组：一组中最小者"}, {"wide", "UInt8", "", "标识过多，不予比对，仅人工决定有效"}}},
		{db: dbOps, name: "identity_found", comment: "同一事物：本次比对所得（中间结果）", derived: true, partition: "entity",
			engine: "MergeTree", order: []string{"entity", "kind", "a"},
			columns: []column{
				{"entity", lc, "", "主题实体"}, {"kind", lc, "", "归并或存疑"}, {"a", "String", "ZSTD(1)", "标识"}, {"b", "String", "ZSTD(1)", "主标识或另一标识"},
				{"why", lc, "", "依据"}, facts("agree", "一致的字段"), facts("differ", "不一致的字段"),
			}},
	}
}

// identityViews are what people read: the pairs that wait, with what each side
// is and who answers for it, and what was matched and why.
func identityViews(c *schemas.Catalog) []*object {
	var matched, crowds []string
	for _, e := range c.Entities {
		if e.Identity == nil {
			continue
		}
		matched = append(matched, quote(e.Entity))
		rows := dbDwd + "." + ident(e.Entity+membersSuffix) + " FINAL WHERE is_deleted = 0"
		crowds = append(crowds, fmt.Sprintf("SELECT %s AS entity, any(division) AS division_code, any(name) AS name, count() AS keys\nFROM %[2]s AND block IN (SELECT block FROM %[2]s GROUP BY block HAVING count() > %[3]d) GROUP BY block",
			quote(e.Entity), rows, e.Identity.Most()))
	}
	if len(matched) == 0 {
		return nil
	}
	f := &fuser{c: c}
	const texts = "Array(LowCardinality(String))"
	entity, reason := both("entity", lc, "主题实体", "Entity"), both("reason", lc, "为何存疑：name_only, facts_differ, same_source, several", "Why it is not clear: name_only, facts_differ, same_source, several")
	department := both("department", "String", "核定部门", "Department that decides")
	return []*object{
		(&object{db: dbAds, name: "identity_review", definer: true,
			view: fmt.Sprintf(`SELECT entity, substring(lower(hex(sipHash64(entity, least(left, right), greatest(left, right)))), 1, 10) AS pair, left, right, name, division_code, reason, agree, differ,
       left_srcs, right_srcs, left_codes, left_facts, right_codes, right_facts, asked_at, %s AS department, %s AS other_department
FROM ops.identity_pair FINAL
WHERE is_deleted = 0 AND entity IN (%s)`, f.department("toString(left_srcs[1])"), f.department("toString(right_srcs[1])"), strings.Join(matched, ", "))}).askedBy(
			label("疑似同一事物", "Things that may be one"), label("须由主管部门核定的标识对；用 rongtong review 核定。", "Pairs of keys that wait for a department's decision, which rongtong review takes."), []column{
				entity, both("pair", "String", "标识对编号", "The pair's short name"), both("left", "String", "标识一", "One key"), both("right", "String", "标识二", "The other key"),
				both("name", "String", "名称（比对用）", "Name for matching"), both("division_code", "String", "所在区划", "Division"), reason,
				both("agree", texts, "一致的字段", "Fields that agree"), both("differ", texts, "不一致的字段", "Fields that differ"),
				both("left_srcs", texts, "标识一的来源", "Sources of the one"), both("right_srcs", texts, "标识二的来源", "Sources of the other"),
				both("left_codes", "Array(String)", "标识一的代码", "Codes of the one, as the entity declares them"), both("left_facts", "Array(String)", "标识一的佐证", "Second facts of the one"),
				both("right_codes", "Array(String)", "标识二的代码", "Codes of the other"), both("right_facts", "Array(String)", "标识二的佐证", "Second facts of the other"),
				both("asked_at", instant, "提出时间", "Asked at"), department, both("other_department", "String", "另一来源的部门", "Department of the other source"),
			}),
		(&object{db: dbAds, name: "identity_review_by_department", definer: true,
			view: "SELECT department, entity, reason, count() AS pairs, min(asked_at) AS oldest\nFROM ads.identity_review\nGROUP BY department, entity, reason"}).askedBy(
			label("各部门待核定的标识对", "Pairs to decide by department"), label("各部门待核定的标识对数。", "How many pairs wait for each department."), []column{
				department, entity, reason, both("pairs", "UInt64", "待核定数", "Pairs"), both("oldest", instant, "最早提出", "Oldest"),
			}),
		(&object{db: dbAds, name: "identity_crowd", definer: true, view: strings.Join(crowds, "\nUNION ALL\n")}).askedBy(
			label("同名过多", "Names that too many bear"), label("一区划内同名标识过多、不予比对的名称。", "Names that so many keys of one division bear that they are not compared."), []column{
				entity, both("division_code", "String", "其中一条所在区划", "Division of one of them"), both("name", "String", "名称（比对用）", "Name for matching"), both("keys", "UInt64", "标识数", "Keys that bear it"),
			}),
		(&object{db: dbAds, name: "identity_match", definer: true,
			view: "SELECT entity, canonical AS thing, member, how, facts, matched_at\nFROM ops.identity FINAL\nWHERE is_deleted = 0 AND entity IN (" + strings.Join(matched, ", ") + ")"}).askedBy(
			label("归并的标识", "Keys that are one thing"), label("同一事物的各标识和归并依据。", "The keys of things that came under several, and why they are one."), []column{
				entity, both("thing", "String", "主标识", "The thing"), both("member", "String", "归并的标识", "A key that is it"), both("how", lc, "规则或人工决定：rule, decision", "By rule or decision"),
				both("facts", texts, "一致的佐证字段", "Facts that agreed"), both("matched_at", instant, "归并时间", "When"),
			}),
	}
}
