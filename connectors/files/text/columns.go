package text

import "rongtong/connectors/files/table"

// columns are the headings that rows name themselves, and the row that is
// being put together.
type columns struct {
	names []string
	index map[string]int

	row   table.Row
	arena []byte   // text of the row's cells
	spans [][2]int // where each cell's text stands in arena; from -1: null
}

func newColumns() columns { return columns{index: map[string]int{}} }

// Names are the headings met so far.
func (c *columns) Names() []string { return c.names }

// column is the place of a heading. Beyond the limit all share one.
func (c *columns) column(name []byte) int {
	i, ok := c.index[string(name)]
	if !ok {
		if len(c.names) >= nameLimit {
			name = []byte("…")
			if i, ok = c.index["…"]; ok {
				return i
			}
		}
		i = len(c.names)
		c.index[string(name)] = i
		c.names = append(c.names, string(name))
	}
	return i
}

// start forgets the last row's cells.
func (c *columns) start() {
	c.arena, c.spans, c.row.Nested = c.arena[:0], c.spans[:0], c.row.Nested[:0]
	c.row.Fault = ""
}

// null gives a column no value.
func (c *columns) null(i int) {
	for len(c.spans) <= i {
		c.spans = append(c.spans, [2]int{-1, -1})
	}
	c.spans[i] = [2]int{-1, -1}
}

// set gives a column the text of the arena from there on.
func (c *columns) set(i, from int) {
	c.null(i)
	c.spans[i] = [2]int{from, len(c.arena)}
}

// nested says that a column holds more than one value.
func (c *columns) nested(i int) {
	c.null(i)
	c.row.Nested = append(c.row.Nested, i)
}

// finish makes the row of what was set. raw is what it was read from.
func (c *columns) finish(raw []byte) *table.Row {
	c.row.Cells = c.row.Cells[:0]
	for _, s := range c.spans {
		if s[0] < 0 {
			c.row.Cells = append(c.row.Cells, nil)
			continue
		}
		c.row.Cells = append(c.row.Cells, c.arena[s[0]:s[1]:s[1]])
	}
	c.row.Lossy = Lossy(raw)
	return &c.row
}

// refuse makes a row that only has a fault.
func (c *columns) refuse(rule string) *table.Row {
	c.start()
	c.row.Cells, c.row.Lossy, c.row.Fault = c.row.Cells[:0], false, rule
	return &c.row
}
