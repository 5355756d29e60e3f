package warehouse

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
)

// mostJoined is how many keys the blocks may have that decisions join with each
// other: more are not compared, and only what was decided about them holds, as in a
// crowd. Otherwise what people decide could make a comparison that no memory is
// large enough for. A variable for the test that looks at few.
var mostJoined = 1000

// joinedRow is a block that decisions join with others: all of one group are
// compared in the lowest, unless they are too wide.
type joinedRow struct {
	Entity string `json:"entity"`
	Block  uint64 `json:"block"`
	Into   uint64 `json:"into"`
	Wide   uint8  `json:"wide"`
}

// foundRow is a row of ops.identity_found.
type foundRow struct {
	Entity string   `json:"entity"`
	Kind   string   `json:"kind"`
	A      string   `json:"a"`
	B      string   `json:"b"`
	Why    string   `json:"why"`
	Agree  []string `json:"agree"`
	Differ []string `json:"differ"`
}

// rankedKey is a key and its place among those of one thing.
type rankedKey struct {
	rank uint16
	key  string
}

func (k rankedKey) compare(o rankedKey) int {
	return cmp.Or(cmp.Compare(k.rank, o.rank), cmp.Compare(k.key, o.key))
}

// merge is a decision that two live keys are one thing, and the blocks of the two.
type merge struct {
	left, right           rankedKey
	leftBlock, rightBlock uint64
}

// components are what links join, each with the member by which it is named: the first in
// an order.
type components[T comparable] struct {
	into  map[T]T
	order func(x, y T) int
}

func newComponents[T comparable](order func(x, y T) int) *components[T] {
	return &components[T]{map[T]T{}, order}
}

// of is the name of the group of x.
func (g *components[T]) of(x T) T {
	if _, ok := g.into[x]; !ok {
		g.into[x] = x
	}
	for g.into[x] != x {
		g.into[x] = g.into[g.into[x]]
		x = g.into[x]
	}
	return x
}

func (g *components[T]) link(x, y T) {
	x, y = g.of(x), g.of(y)
	if g.order(x, y) > 0 {
		x, y = y, x
	}
	g.into[y] = x
}

// joinBlocks records the blocks that decisions join, and what is decided about the
// keys in those that are too wide to be compared.
func (w *Warehouse) joinBlocks(ctx context.Context, m *matcher) error {
	merges, err := w.merges(ctx, m)
	if err != nil {
		return err
	}
	blocks := newComponents(cmp.Compare[uint64])
	for _, d := range merges {
		blocks.link(d.leftBlock, d.rightBlock)
	}
	sizes := map[uint64]int{} // by the name of the group
	err = w.each(bounded(ctx), m.joinedSizes(), func(scan func(...any) error) error {
		var block, n uint64
		err := scan(&block, &n)
		if _, ok := blocks.into[block]; ok {
			sizes[blocks.of(block)] += int(n)
		}
		return err
	})
	if err != nil {
		return err
	}
	wide := func(block uint64) bool { return sizes[blocks.of(block)] > max(mostJoined, m.id.Most()) }
	things := newComponents(rankedKey.compare)
	for _, d := range merges {
		if wide(d.leftBlock) {
			things.link(d.left, d.right)
		}
	}
	var rows []joinedRow
	for _, b := range slices.Sorted(maps.Keys(blocks.into)) {
		row := joinedRow{Entity: m.f.e.Entity, Block: b, Into: blocks.of(b)}
		if wide(b) {
			row.Wide = 1
		}
		rows = append(rows, row)
	}
	var found []foundRow
	for _, k := range slices.SortedFunc(maps.Keys(things.into), rankedKey.compare) {
		found = append(found, foundRow{m.f.e.Entity, "same", k.key, things.of(k).key, "decision", []string{}, []string{}})
	}
	if err := w.InsertRows(ctx, "ops.identity_joined", m.f.e.Entity, rows); err != nil {
		return err
	}
	return w.InsertRows(ctx, "ops.identity_found", m.f.e.Entity, found)
}

// merges reads the decisions that two keys are one of which both are claimed.
func (w *Warehouse) merges(ctx context.Context, m *matcher) ([]merge, error) {
	side := func(of string) string {
		return fmt.Sprintf("(SELECT member, rank, block FROM %s FINAL WHERE is_deleted = 0 AND member IN (SELECT %s FROM (%s)))", m.members(), of, m.decided(VerdictMerge))
	}
	var out []merge
	err := w.each(ctx, fmt.Sprintf(`SELECT d.left, l.rank, l.block, d.right, r.rank, r.block
FROM (%s) AS d
INNER JOIN %s AS l ON l.member = d.left
INNER JOIN %s AS r ON r.member = d.right`, m.decided(VerdictMerge), side("left"), side("right")), func(scan func(...any) error) error {
		var d merge
		err := scan(&d.left.key, &d.left.rank, &d.leftBlock, &d.right.key, &d.right.rank, &d.rightBlock)
		out = append(out, d)
		return err
	})
	return out, err
}
