package database

import (
	"fmt"
	"strings"
)

var formWords = [...]string{
	Text: "text", Number: "number", Truth: "true or false", Instant: "time in UTC", Local: "time without a zone", Single: "number", Binary: "bytes",
}

var orderWords = [...]string{NoOrder: "", Whole: "yes", Times: "yes", Words: "yes, without overlap"}

// TypesPage is the documentation of how the types of every dialect are
// delivered: the tables of types, as a page.
func TypesPage() string {
	var b strings.Builder
	b.WriteString(`# Databases: how their types are delivered

Made from the tables of types in connectors/database; a test compares. The same tables serve the kinds sql, pgcdc and
mycdc: a value comes by the snapshot, by a cursor and by the change log alike.

- Every value crosses as the text that the database made of it: a decimal never passes through a float.
- What a stream declares as number is delivered as a JSON number where JSON knows it (NaN and Infinity stay text), what
  it declares as bool as true or false where the value is one of the usual marks, everything else as text.
- A time without a zone is delivered as stored. Where it is a cursor, it is taken in connect.zone, by default
  Asia/Shanghai with its summer time of 1986 to 1991.
- Text of a database that does not know its own character set (SQL_ASCII, US7ASCII, latin1 that holds GBK) is decoded by
  connect.charset.
`)
	for _, name := range Names() {
		d := Dialects[name]
		fmt.Fprintf(&b, "\n## %s (driver: %s)\n\n| source type | delivered as | suits | cursor | note |\n| --- | --- | --- | --- | --- |\n", d.Title, name)
		for _, t := range d.Types {
			names := strings.ReplaceAll(strings.Join(strings.Fields(t.Names), ", "), "-", " ")
			if t.Names == "*" {
				names = "all others"
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", names, formWords[t.Form], t.As, orderWords[t.Order], t.Note)
		}
	}
	return b.String()
}
