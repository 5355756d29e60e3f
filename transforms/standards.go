package transforms

import "strings"

// standards say by which standard and clause, law or convention of the house a
// family of rules judges; the longest matching beginning of a rule's id counts.
var standards = []struct{ prefix, zh, en string }{
	{"avro.", "Apache Avro 1.11；来源系统声明中的模式", "Apache Avro 1.11, and the schema that the system's declaration names"},
	{"bool3.", "本库约定：是、否、不清楚三态", "the house's convention: yes, no, unknown"},
	{"citizen_id.", "GB 11643-1999《公民身份号码》第4章", "GB 11643-1999, clause 4"},
	{"codelist.", "本库代码表（schemas/codes，各表首行注明依据）", "the code lists of the house (schemas/codes; each names its source)"},
	{"contract.", "数据供给契约（rongtong feed 发布的契约）", "the contract of the feed, as it is published"},
	{"csv.", "RFC 4180；来源系统声明中的表头约定", "RFC 4180, and the header that the system's declaration agrees on"},
	{"date.", "GB/T 7408.1-2023《日期和时间 信息交换表示法》", "GB/T 7408.1-2023"},
	{"dbf.", "dBASE III/IV 文件结构", "the structure of dBASE III and IV files"},
	{"division.", "GB/T 2260、GB/T 10114-2003 与《统计用区划代码和城乡划分代码编制规则》", "GB/T 2260, GB/T 10114-2003 and the rules for statistical division codes"},
	{"encoding.", "GB 18030-2022", "GB 18030-2022"},
	{"feed.", "数据供给契约：记录键与分区", "the contract of the feed: keys and partitions"},
	{"file.", "来源系统声明中的文件约定", "the files that the system's declaration agrees on"},
	{"grid.", "网格编码约定：12 位村居代码加 3 位序号", "the convention for grids: a village of 12 digits and a serial of 3"},
	{"json.", "RFC 8259；来源系统声明中的字段约定", "RFC 8259, and the fields that the system's declaration agrees on"},
	{"number.", "字段类型约定：18 位以内、四位小数", "the type of the field: 18 digits at most, four of them decimals"},
	{"org_code.", "GB 11714-1997《全国组织机构代码编制规则》", "GB 11714-1997"},
	{"parquet.", "Apache Parquet 格式；来源系统声明中的字段约定", "Apache Parquet, and the fields that the system's declaration agrees on"},
	{"period.", "统计期约定：月、季、年", "the convention for periods: month, quarter, year"},
	{"pid.", "GB/T 37964-2019《个人信息去标识化指南》；GB/T 32905-2016（SM3）", "GB/T 37964-2019; GB/T 32905-2016 (SM3)"},
	{"pii.", "《个人信息保护法》第六条、第二十八条；GB/T 35273-2020 第5.2、6.2条", "Personal Information Protection Law, art. 6 and 28; GB/T 35273-2020, 5.2 and 6.2"},
	{"service_item.", "GB/T 39554.1-2020《全国一体化政务服务平台 政务服务事项基本目录及实施清单 第1部分：编码要求》", "GB/T 39554.1-2020"},
	{"time.", "GB/T 7408.1-2023；时区为北京时间", "GB/T 7408.1-2023; times without a zone are of Beijing"},
	{"total.", "台账约定：合计等于明细之和", "the convention for ledgers: a total is the sum of its rows"},
	{"unit.", "GB 3100-1993《国际单位制及其应用》；1 亩 = 2000/3 平方米", "GB 3100-1993; 1 mu is 2000/3 square metres"},
	{"uscc.", "GB 32100-2015《法人和其他组织统一社会信用代码编码规则》及第1号修改单", "GB 32100-2015 with amendment 1"},
	{"xlsx.", "ISO/IEC 29500；来源系统声明中的模板约定", "ISO/IEC 29500, and the template that the system's declaration agrees on"},
	{"xml.", "XML 1.0；来源系统声明中的字段约定", "XML 1.0, and the fields that the system's declaration agrees on"},
	{"zip.", "ISO/IEC 21320-1；来源系统声明中的文件约定", "ISO/IEC 21320-1, and the files that the system's declaration agrees on"},
}

// StandardOf says by what a rule judges, in both languages; empty for a rule
// that an entity declares.
func StandardOf(rule string) (zh, en string) {
	for _, s := range standards {
		if strings.HasPrefix(rule, s.prefix) {
			return s.zh, s.en
		}
	}
	return "", ""
}
