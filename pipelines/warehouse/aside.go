package warehouse

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"rongtong/schemas"
)

// Most of what the figures of few units cost is to find their rows among all of an
// entity, the same ones for one indicator after the other. So where several read
// them they are put aside first, in a table that lives as long as the round.

// source says which rows of an entity a statement reads: those of the units that
// an expression gives, or all that stand (unit empty).
type source struct{ entity, unit string }

// sources are the tables that a computation of few units reads, with the columns
// of which it speaks.
func (x *computation) sources() map[source][]string {
	spoken := map[string]bool{}
	for _, word := range anyWord.FindAllString(x.ind.SQL, -1) {
		spoken[word] = true
	}
	out := map[source][]string{}
	for _, ref := range fusedRef.FindAllString(x.ind.SQL, -1) {
		name := strings.TrimPrefix(ref, dbDwd+".")
		s := source{entity: name}
		if reach := x.ind.Reach[name]; reach.Narrows() {
			s.unit = reach.Unit
		}
		out[s] = []string{}
		e := x.c.Entity(name)
		if e == nil {
			for _, col := range schemas.Relation(name).Columns {
				out[s] = append(out[s], col.Name)
			}
			continue
		}
		for _, col := range fusedColumns(e) {
			if spoken[col.name] || e.IsKey(col.name) {
				out[s] = append(out[s], col.name)
			}
		}
	}
	return out
}

// mostAside is up to how many rows of an entity are put aside: they are in memory.
const mostAside = 100_000

// aside is a table to be made: the rows of some units.
type aside struct {
	source
	table   string
	readers []*computation
	units   map[string]bool
	columns map[string]bool
	whole   bool // it has all the rows
}

// putAside puts the rows that several of the computations read in tables of their
// own and tells these computations; drop removes the tables.
func (r *Figures) putAside(ctx context.Context, works []*work) (drop func(), err error) {
	wanted := map[source]*aside{}
	for _, k := range works {
		if k.x == nil || len(k.x.only) == 0 || k.x.median() {
			continue
		}
		for s, columns := range k.x.sources() {
			if s.unit == "" {
				continue
			}
			a := wanted[s]
			if a == nil {
				a = &aside{source: s, units: map[string]bool{}, columns: map[string]bool{}}
				wanted[s] = a
			}
			a.readers, k.x.aside = append(a.readers, k.x), map[source]string{}
			for _, unit := range k.x.only {
				a.units[unit] = true
			}
			for _, col := range columns {
				a.columns[col] = true
			}
		}
	}
	maps.DeleteFunc(wanted, func(_ source, a *aside) bool { return len(a.readers) < 2 || len(a.units) > mostTouched })
	if len(wanted) == 0 {
		return func() {}, nil
	}
	if err := r.dropLeftovers(ctx); err != nil {
		return func() {}, err
	}
	var g errgroup.Group
	g.SetLimit(batchesAtOnce)
	for _, a := range wanted {
		a.table = fmt.Sprintf("%s.%s%s%d_%d", dbDwp, a.entity, asideMark, time.Now().UnixMicro(), asides.Add(1))
		g.Go(func() error { return r.fill(ctx, a) })
	}
	err = g.Wait()
	for s, a := range wanted { // one after the other: a computation may read several
		for _, x := range a.readers {
			if a.whole {
				x.aside[s] = a.table
			}
		}
	}
	return func() {
		for _, a := range wanted {
			_ = r.w.Exec(context.WithoutCancel(ctx), "DROP TABLE IF EXISTS "+a.table+" SYNC") // else the next round does
		}
	}, err
}

// fill makes the table; one of too many rows stays unread.
func (r *Figures) fill(ctx context.Context, a *aside) error {
	codes := slices.Sorted(maps.Keys(a.units))
	ctx, err := withCodes(ctx, codes)
	if err != nil {
		return err
	}
	rows := standingRows(r.c, a.source, slices.Sorted(maps.Keys(a.columns)), codes, 0)
	err = r.w.Exec(ctx, fmt.Sprintf("CREATE TABLE %s ENGINE = Memory AS\n%s\nLIMIT %d\nSETTINGS max_threads = 2", a.table, rows, mostAside+1))
	if err != nil {
		return err
	}
	var n uint64
	err = r.w.QueryRow(ctx, "SELECT count() FROM "+a.table, []any{&n})
	a.whole = err == nil && n <= mostAside
	return err
}

// asideMark is in the names of such tables, behind the entity's. They are in the
// layer that analysts do not read.
const asideMark = "__touched_"

// asides numbers the tables of this process; with the time no other's is the same.
var asides atomic.Int64

// dropLeftovers drops what processes left behind that were killed: no round takes
// an hour.
func (r *Figures) dropLeftovers(ctx context.Context) error {
	var names []string
	err := r.w.each(ctx, fmt.Sprintf("SELECT name FROM system.tables WHERE database = '%s' AND position(name, '%s') > 0 AND metadata_modification_time < now() - INTERVAL 1 HOUR", dbDwp, asideMark), func(scan func(...any) error) error {
		var name string
		err := scan(&name)
		names = append(names, name)
		return err
	})
	for _, name := range names {
		if err == nil {
			err = r.w.Exec(ctx, "DROP TABLE IF EXISTS "+dbDwp+"."+ident(name)+" SYNC")
		}
	}
	return err
}

// narrow leaves out the rows of other units than only, and the columns that are
// not spoken of: of a short question most of the cost is to understand it, and
// fused views are wide. A median is of all rows.
func (x *computation) narrow(sql string) string {
	if x.only == nil || x.median() {
		return sql
	}
	from := map[string]string{}
	for s, columns := range x.sources() {
		if table := x.aside[s]; table != "" {
			from[s.entity] = fmt.Sprintf("(SELECT %s FROM %s WHERE %s)", idents(columns), table, inUnits(s.unit, x.only, x.set))
		} else {
			from[s.entity] = "(" + standingRows(x.c, s, columns, x.only, x.set) + ")"
		}
	}
	return fusedRef.ReplaceAllStringFunc(sql, func(ref string) string { return from[strings.TrimPrefix(ref, dbDwd+".")] })
}

// standingRows selects columns of the rows of a source that stand; where it says
// units, of those of a set of withCodes.
func standingRows(c *schemas.Catalog, s source, columns, units []string, set int) string {
	where := "1"
	if s.unit != "" {
		where = inUnits(s.unit, units, set)
	}
	e := c.Entity(s.entity)
	if e == nil { // a relation
		return fmt.Sprintf("SELECT %s FROM dwd.%s WHERE %s", idents(columns), s.entity, where)
	}
	return fmt.Sprintf("SELECT %s FROM %s FINAL WHERE is_deleted = 0 AND (%s)", idents(columns), rowsTable(e), where)
}

// median reports whether figures are medians, which no difference brings up to date.
func (x *computation) median() bool { return x.ind.Aggregate == schemas.AggregateMedian }
