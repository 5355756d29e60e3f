package schemas

import "strings"

// Flag is a bit of the common column q_flags: what happened to a row on its
// way that an analyst may want to know, although the row is good enough to keep.
// The positions are stored in the warehouse and never change.
type Flag uint32

// The flags, in the order of their bits.
const (
	EncRepaired Flag = 1 << iota
	EncLoss
	WidthFixed
	DateAmbig
	DateRange
	UnitConv
	CodeAlias
	CodeUnknown
	DivRemapped
	DivAmbig
	DivUnknown
	IDBad
	USCCBad
	USCCExt
	DupKey
	Late
	Outlier
	SumMismatch
	P5Dropped
	Placeholder
)

// FlagText says of a flag what it means.
type FlagText struct {
	Flag   Flag
	Name   string
	Zh, En string
	// By is who raises it: a normaliser (the function), or a rule of an entity
	// that names the flag, or nobody yet.
	By FlagBy
}

// FlagBy is who raises a flag.
type FlagBy string

// Who raises a flag.
const (
	ByNormaliser FlagBy = "normaliser"
	ByRule       FlagBy = "rule"
	ByNobody     FlagBy = "nobody yet"
)

// Flags describes every flag, in the order of the bits.
var Flags = [...]FlagText{
	{EncRepaired, "ENC_REPAIRED", "乱码已还原", "mojibake was turned back into what it was", ByNobody},
	{EncLoss, "ENC_LOSS", "有字符在转码中丢失：文字中有 U+FFFD，或汉字旁有问号", "a character was lost in a conversion: the text holds U+FFFD, or a question mark stands beside a Chinese character", ByNormaliser},
	{WidthFixed, "WIDTH_FIXED", "全角等兼容字符已转为普通字符", "full-width or other compatibility characters were brought to plain ones", ByNormaliser},
	{DateAmbig, "DATE_AMBIG", "时间戳在任何已知时区都不是零点，日期按当地时间取", "an instant that stands for a day is midnight in no known offset; the local day was taken", ByNormaliser},
	{DateRange, "DATE_RANGE", "日期超出该项的合理范围，或先后次序不合理", "a date is outside what is plausible for its column, or out of order", ByRule},
	{UnitConv, "UNIT_CONV", "数值已从其他单位换算", "the value was converted from another unit", ByNormaliser},
	{CodeAlias, "CODE_ALIAS", "代码由名称或别名转换而来", "a code was found by one of its names, not by itself", ByNormaliser},
	{CodeUnknown, "CODE_UNKNOWN", "清单中有代码表以外的值", "a list holds a value that is not in its code list", ByRule},
	{DivRemapped, "DIV_REMAPPED", "区划代码已转换为现行代码", "the division code was replaced by today's", ByNormaliser},
	{DivAmbig, "DIV_AMBIG", "区划已拆分且无法确定归属，记录保留在上级区划", "the division was split and nobody knows where the record belongs: it stays at the division above", ByNormaliser},
	{DivUnknown, "DIV_UNKNOWN", "引用的区划不在区划库中", "a division that is referred to is not in the register", ByRule},
	{IDBad, "ID_BAD", "可选的号码（如办公电话）无法使用，已去除", "an optional number, such as a telephone number, was unusable and dropped", ByNormaliser},
	{USCCBad, "USCC_BAD", "统一社会信用代码中的主体标识码校验位不符（GB 11714），总校验位正确", "the organisation part inside a credit code fails its own check digit (GB 11714); the code's own is right", ByNormaliser},
	{USCCExt, "USCC_EXT", "民政部门登记、类别为 4 或 5 的信用代码（公布的类别表未列）", "the credit code has category 4 or 5 of department 5, which the published table does not list", ByNormaliser},
	{DupKey, "DUP_KEY", "同一批中有不同记录使用了同一个应当唯一的值", "two different things of one batch share a value that should be unique", ByRule},
	{Late, "LATE", "记录在业务期之后很久才到达", "the record arrived long after the time that it speaks of", ByRule},
	{Outlier, "OUTLIER", "数值超出通常范围", "the value is outside its usual range", ByRule},
	{SumMismatch, "SUM_MISMATCH", "分项与合计不一致", "parts and whole do not agree", ByRule},
	{P5Dropped, "P5_DROPPED", "来源的数据流含有禁止类字段，已在接入时丢弃", "the source's stream has a prohibited field, which is dropped before Kafka", ByNormaliser},
	{Placeholder, "PLACEHOLDER", "“无”“999999”等占位内容已作为空值处理", "a word such as 无 or a number such as 999999 stood for no value", ByNormaliser},
}

// FlagNamed finds a flag by its name; 0 when there is none.
func FlagNamed(name string) Flag {
	for i := range Flags {
		if Flags[i].Name == name {
			return Flags[i].Flag
		}
	}
	return 0
}

// FlagNames lists the names of all flags.
func FlagNames() []string {
	out := make([]string, len(Flags))
	for i := range Flags {
		out[i] = Flags[i].Name
	}
	return out
}

// String lists the names of the set flags, joined with '|'.
func (f Flag) String() string {
	var names []string
	for i := range Flags {
		if f&Flags[i].Flag != 0 {
			names = append(names, Flags[i].Name)
		}
	}
	return strings.Join(names, "|")
}
