package schemas_test

import (
	"slices"
	"strings"
	"testing"
)

// Every spelling that CheckRow knows, right and wrong, on shipped entities.
func TestCheckRow(t *testing.T) {
	c := catalog(t)
	for _, x := range []struct{ entity, column, value, rule string }{
		{"grid", "division_code", "370102001001", ""},
		{"grid", "division_code", "37010200100", "division.format"},
		{"contract", "buyer_uscc", "1137000000450218XQ", ""},
		{"contract", "buyer_uscc", "1137000000450218IO", "uscc.format"},
		{"contract", "amount_yuan", "0.0001", ""},
		{"contract", "amount_yuan", "0.00001", "number.format"},
		{"contract", "amount_yuan", "1e3", "number.format"},
		{"contract", "start_on", "2024-02-29", ""},
		{"contract", "start_on", "2025-02-29", "date.format"},
		{"contract", "priority_flag", "是", "bool3.format"},
		{"contract", "kind", "法律顾问", "codelist.unknown"},
		{"device_health_daily", "last_seen", "2025-03-01T09:30:00.5+08:00", ""},
		{"device_health_daily", "last_seen", "2025-03-01 09:30", "time.format"},
		{"workforce_post", "holder_pid", "ptv7fhpcl4prtitstl4ekutsfu", ""},
		{"workforce_post", "holder_pid", "370102199003071238", "pid.format"},
		{"facility", "service_codes", "elderly|culture", ""},
		{"facility", "service_codes", "elderly|swimming", "codelist.unknown"},
		{"stat_fact", "attrs", "group=低保|age=60-79", ""},
		{"stat_fact", "attrs", "group", "map.format"},
		{"stat_fact", "division_code", "", "required"},
		{"stat_fact", "breakdown", "", ""}, // of a key, the empty text is a value
	} {
		e := c.Entity(x.entity)
		row := map[string]string{}
		for k, v := range e.Cases[0].Row {
			row[k] = v
		}
		row[x.column] = x.value
		got := c.CheckRow(e, row)
		if want := slices.DeleteFunc([]string{x.rule}, func(s string) bool { return s == "" }); !slices.Equal(got, want) {
			t.Errorf("%s.%s = %q breaks %q, want %q", x.entity, x.column, x.value, got, want)
		}
	}
}

// What must not be collected is in no entity, and one entity only is about
// natural persons.
func TestPersons(t *testing.T) {
	for _, e := range catalog(t).Entities {
		for _, c := range e.Columns {
			if c.List == "ethnicity" || c.List == "sex" {
				t.Errorf("%s: column %q collects %s of persons", c.Pos, c.Name, c.List)
			}
			if (c.Type == "pid" || strings.HasPrefix(c.Name, "holder_")) && e.Entity != "workforce_post" {
				t.Errorf("%s: column %q is about a natural person", c.Pos, c.Name)
			}
		}
	}
}
