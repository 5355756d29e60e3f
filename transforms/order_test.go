package transforms

import (
	"encoding/json"
	"strings"
	"testing"

	"rongtong/schemas/record"

	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// The stages of a row, in order: decode, trim and width, placeholder, required,
// type, unit, code list, division as of the event, rules across columns, the
// gate for personal data. A row that two stages would treat differently says
// which of them came first; each case below would end otherwise if the two
// stages that it names changed places.
func TestOrderOfStages(t *testing.T) {
	facility := `{"县代码":"370102","区划代码":"370102001002","设施名称":"甲","类别":"中心村","面积":"300","面积单位":"平方米","直接服务面积":"","启用日期":"2015/6/1","是否运行":"是"}`
	fiscal := `{"县代码":"370102","区划代码":"370102","年度":"2015","科目":"自有财力","负担层级":"县","金额":"1","金额单位":"元","应拨":"","实拨":"","填报日期":"2015-12-30"}`
	for _, c := range []struct {
		stages         string
		system, stream string
		row            string
		change         []string // field, value, field, value …
		want           string   // rule, or column=value and the flags
	}{
		{"decode before everything", "county_ledger", "facility", facility, []string{"区划代码", "\xff", "面积", "x"}, "encoding.loss"},
		{"trim before placeholder", "county_ledger", "facility", facility, []string{"面积", " 　无\u200b "}, "area_m2= CODE_ALIAS|PLACEHOLDER"},
		{"width before placeholder", "county_ledger", "facility", facility, []string{"面积", "／"}, "area_m2= WIDTH_FIXED|CODE_ALIAS|PLACEHOLDER"},
		{"placeholder before type", "county_ledger", "facility", facility, []string{"面积", "暂无"}, "area_m2= CODE_ALIAS|PLACEHOLDER"},
		{"placeholder before required", "county_ledger", "facility", facility, []string{"区划代码", "不详"}, "required"},
		{"required before type of what follows", "county_ledger", "facility", facility, []string{"区划代码", "", "面积", "x"}, "required"},
		{"width before type", "county_ledger", "facility", facility, []string{"面积", "３００"}, "area_m2=300 WIDTH_FIXED|CODE_ALIAS"},
		{"type before unit", "county_ledger", "facility", facility, []string{"面积", "约3", "面积单位", "尺"}, "number.format"},
		{"unit before rules: 0.9 mu is 600 m² and holds 500", "county_ledger", "facility", facility, []string{"面积", "0.9", "面积单位", "亩", "直接服务面积", "500平方米"}, "unit.conflict"},
		{"unit before rules", "county_ledger", "facility", facility, []string{"面积", "0.9亩", "面积单位", "", "直接服务面积", "500平方米"}, "area_m2=600 UNIT_CONV|CODE_ALIAS"},
		{"width before code list", "county_ledger", "facility", facility, []string{"类别", "中 心　村"}, "site_type=central_village CODE_ALIAS"},
		{"form before register", "county_ledger", "facility", facility, []string{"区划代码", "370102000999"}, "division.format"},
		{"columns before rules across them", "county_ledger", "facility", facility, []string{"面积", "300", "直接服务面积", "500", "启用日期", "x"}, "date.format"},
		{"rules after columns", "county_ledger", "facility", facility, []string{"面积", "300", "直接服务面积", "500"}, "facility.direct_le_area"},
		{"date before division: the code as it was on that day", "county_offices", "fiscal", fiscal, []string{"区划代码", "３７０１８１", "填报日期", "二〇一五年十二月三十日"}, "division_code=370114000000 WIDTH_FIXED|CODE_ALIAS|DIV_REMAPPED"},
		{"date before division", "county_offices", "fiscal", fiscal, []string{"区划代码", "370181", "填报日期", "x"}, "date.format"},
		{"division before rules", "county_offices", "fiscal", fiscal, []string{"区划代码", "371202", "填报日期", "2005-01-01", "金额", "-1"}, "division.ambiguous"},
	} {
		fields := map[string]string{}
		if err := json.Unmarshal([]byte(c.row), &fields); err != nil {
			t.Fatal(err)
		}
		row := c.row
		for i := 0; i < len(c.change); i += 2 {
			old, _ := json.Marshal(fields[c.change[i]])
			key, _ := json.Marshal(c.change[i])
			row = strings.Replace(row, string(key)+":"+string(old), string(key)+`:"`+c.change[i+1]+`"`, 1)
		}
		if got := outcome(t, c.system, c.stream, row, c.want); got != c.want {
			t.Errorf("%s: %s, want %s\n%s", c.stages, got, c.want, row)
		}
	}
}

// outcome is the rule that rejects a row, or the column that want names with the
// row's flags.
func outcome(t *testing.T, system, stream, row, want string) string {
	t.Helper()
	p, _ := flowOf(t, system, stream, 0)
	b := NewBatch(memory.DefaultAllocator, p)
	defer b.Release()
	chunk := &record.Chunk{}
	chunk.Append(record.Envelope{Key: []byte("k"), Value: []byte(row), At: caseTime})
	rejects := p.Apply(b, chunk)
	rec := b.Take()
	defer rec.Release()
	if len(rejects) > 0 {
		if strings.Contains(string(rejects[0].Row), "13912345678") {
			t.Errorf("a reject shows a mobile number: %s", rejects[0].Row)
		}
		return rejects[0].Rule
	}
	column, _, _ := strings.Cut(want, "=")
	at := rec.Schema().FieldIndices(column)
	if len(at) == 0 {
		return "accepted"
	}
	flags := Flag(rec.Column(rec.Schema().FieldIndices("q_flags")[0]).(*array.Uint32).Value(0))
	return strings.TrimSpace(column + "=" + Written(rec.Column(at[0]), 0) + " " + flags.String())
}

// The gate for personal data comes last, for rows and rejects alike: a mobile
// number in an office's contact is masked in the row, and in the reject of a row
// that failed elsewhere.
func TestGateComesLast(t *testing.T) {
	row := `{"县代码":"370102","统一社会信用代码":"","名称":"甲","区划代码":"370102001002","组织类别":"居委会","成立日期":"","状态":"正常","办公地址":"","办公电话":"13912345678","工作人员数":"9"}`
	if got := outcome(t, "county_ledger", "committee", row, "office_phone="); got != "office_phone=139****5678 CODE_ALIAS" {
		t.Errorf("the row has %s", got)
	}
	if got := outcome(t, "county_ledger", "committee", strings.Replace(row, `"9"`, `"九"`, 1), "office_phone="); got != "number.format" {
		t.Errorf("the row is %s", got)
	}
}

// A combining mark at the beginning of a value belongs to it, and does not join
// the end of the value before.
func TestCompositionStaysInside(t *testing.T) {
	st := &state{arena: make([]byte, 0, 64)}
	first := st.clean([]byte(" \u3000ae"), plain)
	second := st.clean([]byte("\u0301A\u0301"), plain)
	if string(first) != "ae" || string(second) != "\u0301\u00c1" {
		t.Errorf("%q and %q", first, second)
	}
}
