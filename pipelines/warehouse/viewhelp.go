package warehouse

import (
	"strings"

	"rongtong/schemas"
	"rongtong/schemas/decl"
)

// help is what people are told of a view: the question, its arguments, and an
// example of each. The columns are the object's own.
type help struct {
	name, doc schemas.Label
	args      decl.Map[schemas.ViewArg]
	narrowed  string // what the example of a view of all figures asks for
}

// call is the view as it is asked, with the examples of its arguments.
func (h *help) call(view string) string {
	return (&schemas.View{View: view, Args: h.args}).Call()
}

// example is a statement that asks the view.
func (h *help) example(view string) string {
	return strings.TrimSpace("SELECT * FROM " + h.call(view) + " " + h.narrowed)
}

func arg(name, zh, en, example string) decl.Entry[schemas.ViewArg] {
	return decl.Entry[schemas.ViewArg]{Key: name, Value: schemas.ViewArg{Zh: zh, En: en, Example: example}}
}

// The arguments that many views have.
var (
	argIndicator = arg("indicator", "指标", "Indicator", "I-13-14")
	argDivision  = arg("division", "区划代码（12位）", "Division code of 12 digits", "370500000000")
	argPeriod    = arg("period", "期间，如 2025-12、2025Q4、2025", "Period, as 2025-12, 2025Q4 or 2025", "2025-12")
	argKnown     = arg("known", "所知时间", "Known at", "2026-01-15")
	argUnder     = arg("under", "登记册日期", "Day of the register", "2026-11-26")
)

// askedBy gives a view its question, columns and arguments.
func (o *object) askedBy(name, doc schemas.Label, columns []column, args ...decl.Entry[schemas.ViewArg]) *object {
	o.help = &help{name: name, doc: doc, args: args}
	o.comment = name.Zh + " / " + name.En
	o.columns = columns
	return o
}

// narrowed gives the example of a view a condition: nobody wants all of it.
func (o *object) narrowed(where string) *object {
	o.help.narrowed = where
	return o
}

func label(zh, en string) schemas.Label { return schemas.Label{Zh: zh, En: en} }

// both is a column's comment in both languages.
func both(name, typ, zh, en string) column { return column{name, typ, "", zh + " / " + en} }

// split takes the comment of a column apart.
func (c column) label() schemas.Label {
	zh, en, ok := strings.Cut(c.comment, " / ")
	if !ok {
		en = zh
	}
	return schemas.Label{Zh: zh, En: en}
}

// The columns that views on indicators share, and those of a figure, in the order
// of figureColumns.
var (
	colIndicator    = both("indicator", lc, "指标", "Indicator")
	colPeriod       = both("period", "String", "期间", "Period")
	colAsOf         = both("as_of", "Date", "期间末日", "Last day of the period")
	colUnitTier     = both("unit_tier", lc, "计算单元层级：各层级分别计数的指标，每层一行", "Tier of the units: an indicator that counts each tier by itself has a row for each")
	colDivision     = both("division_code", "FixedString(12)", "区划代码；无处安放的单元为全零", "Division code; zeros for units without a place")
	colDivisionName = both("division_name", "String", "区划名称", "Name of the division")
	colTier         = both("tier", lc, "区划层级", "Tier of the division")
	colParent       = both("parent_code", "FixedString(12)", "上级区划代码", "Code of the division above")
	colRunning      = both("running", "Bool", "本期尚未结束", "The period is not over")
)

func figureDoc() []column {
	const sum = "Nullable(Decimal(38, 4))"
	return []column{
		both("suppressed", "Bool", "不显示：关于人员或案件的小数，或为保护小数而一并不显示，或本期未结束", "Not shown: a small number of persons or cases, one that would tell it, or of a period that is not over"),
		both("numerator", sum, "分子之和", "Sum of the numerators"),
		both("denominator", sum, "分母之和", "Sum of the denominators"),
		both("value", "Nullable(Float64)", "指标值", "The figure"),
		both("n_units", "Nullable(UInt64)", "单元数", "Units"),
		both("n_missing", "Nullable(UInt64)", "缺值单元数，不进分子分母", "Units without a value; they are in neither sum"),
		both("provisional", "Bool", "暂定：缺值超过百分之五", "Provisional: over 5 % of the units have no value"),
		both("target_op", lc, "目标比较符", "How the target compares"),
		both("target_value", "Nullable(Float64)", "目标值", "Target"),
		both("met", "Nullable(Bool)", "是否达标", "The target is met"),
		both("rule_version", "UInt16", "口径版本", "Version of the rule"),
		both("register", lc, "分母名册", "Register of the denominator"),
		both("register_version", lc, "名册版本", "Version of the register"),
		both("known_from", "DateTime64(3, 'UTC')", "自何时所知", "Since when it is known"),
		both("run_id", lc, "运行标识", "The run that made it"),
	}
}
