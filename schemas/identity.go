package schemas

import "slices"

// Identity says how things of an entity that came under different keys, because
// a source had no code for them, are recognised as one: by their name within a
// division, and a second fact. Only entities about which no natural person is
// known may declare it.
type Identity struct {
	// Within is the tier whose divisions a name belongs to: two things can be one
	// only in the same division of it.
	Within string `decl:"within,required"`
	// Name is the column whose value must be equal; declared matching.
	Name string `decl:"name,required"`
	// Same are further columns that must be equal, such as the kind of thing.
	Same []string `decl:"same"`
	// Second are the columns one of which must be equal too. A thing that has
	// another value in one of them is for a person to decide.
	Second []string `decl:"second,required"`
	// Codes are columns that identify a thing. Equal codes are a second fact that
	// needs no other; two different ones are two things, whatever else agrees.
	Codes []string `decl:"codes"`
	// Crowd is how many keys may bear one name in one division before the name
	// says nothing any more: keys of a larger crowd are not compared. Zero is 100.
	Crowd int `decl:"crowd"`
}

// Most is how many keys of one name in one division are still compared.
func (i *Identity) Most() int {
	if i.Crowd > 0 {
		return i.Crowd
	}
	return 100
}

// Columns are the columns that the identity of a thing is decided by, except
// the one of its division.
func (i *Identity) Columns() []string {
	return slices.Concat([]string{i.Name}, i.Same, i.Codes, i.Second)
}

// Width is how many digits of a division code (nbs12) name a division of a
// level: 2 of a province, 12 of a village.
func (t *Tier) Width() int {
	widths := [...]int{2, 4, 6, 9, 12}
	return widths[min(max(t.Level, 1), len(widths))-1]
}

// identity checks that matching is declared over what it may and can use.
func (k *checker) identity(e *Entity) {
	id := e.Identity
	if id == nil {
		return
	}
	at := func(path ...any) (p []any) { return append([]any{"identity"}, path...) }
	k.oneOf(k.at(e, at("within")...), "tier.unknown", "tier", id.Within, k.tierCodes())
	if e.Division.Column == "" || e.Division.System != "nbs12" {
		k.add(k.at(e, "identity"), "identity.division", "add division: { column: division_code, system: nbs12 }",
			"things of %q cannot be matched within a division: none is declared in nbs12", e.Entity)
	}
	if len(e.Key) != 1 || e.Column(e.Key[0]) != nil && e.Column(e.Key[0]).Type != Text {
		k.add(k.at(e, "identity"), "identity.key", "give the entity a key of one text column",
			"one key takes the place of another only where it is a single text; %q has another kind of key", e.Entity)
	}
	if e.SmallCells > 0 { // its pairs and keys would stand where analysts read
		k.add(k.at(e, "identity"), "identity.small_cells", "remove the identity, or small_cells if its rows are about no persons or cases",
			"things of %q cannot be matched: what is compared of them would be open to analysts, who read no rows of an entity with small cells", e.Entity)
	}
	for _, c := range e.Columns {
		if c.Type == Pid || c.PII == P2 || c.PII == P3 {
			k.add(k.at(e, "identity"), "identity.person", "remove the identity",
				"column %q is about natural persons, who are never matched by name", c.Name)
		}
	}
	if len(id.Second) == 0 {
		k.add(k.at(e, "identity", "second"), "identity.second", "name at least one column",
			"a name alone is no identity: %q has no second fact", e.Entity)
	}
	if id.Crowd < 0 || id.Crowd == 1 {
		k.add(k.at(e, "identity", "crowd"), "identity.crowd", "give at least 2, or leave it out for 100",
			"a crowd of %d keys would compare nothing", id.Crowd)
	}
	used := append(e.Key[:len(e.Key):len(e.Key)], e.Division.Column)
	column := func(name string, path ...any) {
		pos := k.at(e, at(path...)...)
		if !k.oneOf(pos, "column.unknown", "column", name, columnNames(e)) {
			return
		}
		if slices.Contains(used, name) {
			k.add(pos, "identity.twice", "remove it", "column %q is used already", name)
		}
		used = append(used, name)
		if c := e.Column(name); c.Type.Collection() {
			k.add(pos, "identity.type", "name a column of one value", "column %q is a %s", name, c.Type)
		}
	}
	column(id.Name, "name")
	if c := e.Column(id.Name); c != nil && !c.Matching {
		k.add(k.at(e, "identity", "name"), "identity.name", "name a column that is declared matching: true and set by match_name",
			"the spellings of one name differ in column %q", id.Name)
	}
	for i, n := range id.Same {
		column(n, "same", i)
	}
	for i, n := range id.Codes {
		column(n, "codes", i)
	}
	for i, n := range id.Second {
		column(n, "second", i)
	}
}
