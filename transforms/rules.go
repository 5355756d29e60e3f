package transforms

import (
	"rongtong/schemas/divisions"
	"rongtong/schemas/pii"
)

// The rules of this package. An entity's rules have ids of their own.
const (
	ruleBool3Format         = "bool3.format"
	ruleCodelistUnknown     = "codelist.unknown"
	ruleDateFormat          = "date.format"
	ruleDateRange           = "date.range"
	ruleTwoDigitYear        = "date.two_digit_year"
	ruleDivisionAmbiguous   = "division.ambiguous"
	ruleDivisionFormat      = divisions.RuleFormat
	ruleDivisionNotValid    = "division.not_valid"
	ruleDivisionRetired     = "division.retired"
	ruleDivisionUnconfirmed = "division.unconfirmed"
	ruleDivisionUnknown     = "division.unknown"
	ruleDivisionVirtual     = "division.virtual"
	ruleEncodingLoss        = "encoding.loss"
	ruleGridFormat          = "grid.format"
	ruleJSONNested          = "json.nested"
	ruleJSONSyntax          = "json.syntax"
	ruleKeyMissing          = "key.missing"
	ruleNumberFormat        = "number.format"
	ruleNumberRange         = "number.range"
	ruleOrgCodeCheck        = "org_code.check_digit"
	ruleOrgCodeFormat       = "org_code.format"
	rulePeriodFormat        = "period.format"
	rulePidFormat           = "pid.format"
	ruleRequired            = "required"
	ruleServiceFormat       = "service_item.format"
	ruleServiceProvince     = "service_item.province"
	ruleTimeFormat          = "time.format"
	ruleTimeRange           = "time.range"
	ruleTimeRequired        = "time.required"
	ruleUnitConflict        = "unit.conflict"
	ruleUnitUnknown         = "unit.unknown"
	ruleUSCCCharset         = "uscc.charset"
	ruleUSCCCheck           = "uscc.check_digit"
	ruleUSCCLength          = "uscc.length"
)

// RuleText says of a rule, to the people who mend the data, what is wrong and
// what to do.
type RuleText struct {
	Rule             string
	Zh, En           string // the reason
	HintZh, HintEn   string // the way out
	FoundByConnector bool   // the connector raises it (Envelope.Fault)
}

// catalogue holds every rule that can reject a row besides the entities' own,
// in order of ids.
var catalogue = []RuleText{
	{"avro.data", "消息与其 Avro 模式不符", "the message is not of its Avro schema", "请核对写入程序所用的模式", "check which schema the producer writes with", true},
	{"avro.schema", "找不到消息的 Avro 模式", "the Avro schema of the message is not known", "请先登记模式，再报送数据", "register the schema before sending records of it", true},
	{ruleBool3Format, "不是“是”或“否”", "the value is neither yes nor no", "请填写“是”或“否”，不清楚时留空", "write 是 or 否, and leave it empty when it is not known", false},
	{pii.RuleCentury, "15 位证件号码的顺序码为 996 至 999，无法确定出生世纪", "the 15-digit number has a serial of 996 to 999: its century is unknown", "请填写 18 位证件号码", "write the number with 18 characters", true},
	{pii.RuleCharset, "证件号码含有数字和末位 X 以外的字符", "the number has characters besides digits and a final X", "请核对证件号码", "check the number", true},
	{pii.RuleCheck, "证件号码校验位错误", "the check digit of the number is wrong", "请对照证件核对号码", "check the number against the card", true},
	{pii.RuleDate, "证件号码中的出生日期不存在或超出合理范围", "the date of birth in the number does not exist or is out of range", "请对照证件核对号码", "check the number against the card", true},
	{pii.RuleDivision, "证件号码前两位不是省级代码", "the number does not begin with a province", "请对照证件核对号码", "check the number against the card", true},
	{pii.RuleEmpty, "证件号码为空", "there is no number", "请补全证件号码", "fill in the number", true},
	{pii.RuleLength, "证件号码不是 15 位或 18 位", "the number has neither 15 nor 18 characters", "请补全证件号码，并将该列设为文本格式", "complete the number, and set the column to text", true},
	{pii.RuleRepeated, "证件号码是随手填写的重复或连续数字", "the number is one digit throughout, or counts upwards", "没有证件号码时请留空", "leave the field empty when there is none", true},
	{ruleCodelistUnknown, "不在规定的代码表中", "the value is not in the code list", "请从代码表中选择；确需新增的，联系主管部门登记别名", "choose a value of the list; a new spelling must be registered as an alias", false},
	{"contract.format", "写法不符合数据约定", "the value is not written as the contract says", "请按数据约定的格式填写", "write it as the contract of the feed says", true},
	{"contract.max_length", "超过数据约定的长度", "the value is longer than the contract allows", "请核对该项，按约定缩短", "shorten it as the contract says", true},
	{"contract.one_of", "不在数据约定的取值之中", "the value is none of those of the contract", "请从约定的取值中选择", "choose one of the values of the contract", true},
	{"contract.pattern", "不符合数据约定的格式", "the value does not match the pattern of the contract", "请按数据约定的格式填写", "write it as the contract of the feed says", true},
	{"contract.range", "超出数据约定的范围", "the number is outside the range of the contract", "请核对数值和单位", "check the value and its unit", true},
	{"contract.required", "数据约定的必填项为空", "a value that the contract requires is missing", "请补全该项后重新报送", "fill in the value and send the record again", true},
	{"contract.type", "类型不符合数据约定", "the value is of another type than the contract says", "数字不要带单位或文字", "write a number without a unit or words", true},
	{"contract.unknown_field", "有数据约定之外的字段", "the record has a field that the contract does not have", "请按数据约定报送，不要增加字段", "send the fields of the contract and no others", true},
	{"csv.columns", "列数与表头不一致", "the line has another number of columns than the header", "请检查该行是否多了或少了分隔符、引号", "look for a missing or extra comma or quote in the line", true},
	{"csv.header", "表头与约定不一致，整个文件未读取", "the header differs from the contract; the file was not read", "请按约定的列名和顺序重新导出", "export the file again with the agreed columns", true},
	{"csv.quote", "引号不配对，该行无法拆分", "a quote of the line is not closed; the line cannot be split", "请检查该行是否多了或少了引号", "look for a missing or extra quote in the line", true},
	{ruleDateFormat, "日期写法无法识别", "the date is written in no known way", "请按“2022-01-17”的样式填写年月日", "write year, month and day, such as 2022-01-17", false},
	{ruleDateRange, "日期不存在或超出合理范围（1900-01-02 至 2100-12-31）", "the date does not exist or is outside 1900-01-02 to 2100-12-31", "请核对年、月、日", "check year, month and day", false},
	{ruleTwoDigitYear, "年份只有两位，无法确定世纪", "the year has two digits: the century is unknown", "请填写四位年份", "write the year with four digits", false},
	{"dbf.codepage", "数据表的代码页不是中文", "the code page of the table is not Chinese", "请按中文（GBK）重新导出，或联系系统管理员声明编码", "export the table in GBK, or have the encoding declared", true},
	{"dbf.count", "数据表的记录数与文件头不一致，可能未正常关闭", "the table holds other records than its header counts; it was not closed", "请在原系统中关闭数据表后重新导出", "close the table in its program and export it again", true},
	{"dbf.memo", "备注文件（.fpt 或 .dbt）缺失或与数据表不符", "the memo file (.fpt or .dbt) is missing or of another day", "请将备注文件与数据表一并上传", "send the memo file together with the table", true},
	{ruleDivisionAmbiguous, "区划已拆分或合并，一个旧代码对应多个现行区划，已转人工核定", "several divisions took the code over: a person must decide which one is meant", "请按现行区划填报；待核定清单列出了候选区划", "use the current code; the review lists the candidates", false},
	{ruleDivisionFormat, "区划代码不是 6、9 或 12 位数字，或位数有丢失", "the division code is not of 6, 9 or 12 digits, or digits were lost", "请将该列设为文本格式后重新填写代码，不要用科学计数法", "set the column to text and write the code again, not in scientific notation", false},
	{ruleDivisionNotValid, "业务发生时该区划代码未启用或已停用", "the code was not in use on the day of the event", "请核对业务日期和代码，使用当时有效的代码", "check the day and the code: use the code that was valid then", false},
	{ruleDivisionRetired, "该区划已撤销，没有记录由谁承接，已转人工核定", "the division was abolished, and nobody recorded who took it over", "请联系民政部门确认承接的区划后改用现行代码", "ask the civil affairs department who took it over, and use that code", false},
	{ruleDivisionUnconfirmed, "民政代码与统计代码数字相同，但无法证实是同一区划，已转人工核定", "the register has the same digits, but nothing says that they mean the same place", "请一并填报区划名称，或改用统计用区划代码", "send the division's name beside the code, or use the statistical code", false},
	{ruleDivisionUnknown, "区划代码不在区划库中", "the division code is not in the register", "请核对代码；如区划已调整，请使用现行代码", "check the code; after a change of divisions use the current one", false},
	{ruleDivisionVirtual, "区划代码是虚拟单位，不能填报数据", "the division is a virtual unit and has no data of its own", "请改用真实的村（社区）代码", "use the code of a real village or community", false},
	{ruleEncodingLoss, "文字编码有误，字符已丢失", "characters were lost in the encoding", "请用 UTF-8 或 GB18030 重新导出文件", "export the file again in UTF-8 or GB18030", true},
	{"feed.key", "删除消息的键无法识别", "the key of the deletion is not that of a record", "删除消息的键应为主键字段，多个字段时写成 JSON 对象", "write the key fields as the key: an object if there are several", true},
	{"file.columns", "文件缺少约定的列，整个文件未读取", "the file lacks agreed columns and was not read", "请按约定的列名重新导出", "export the file again with the agreed columns", true},
	{"file.encrypted", "文件有密码，无法读取", "the file is protected by a password", "请去掉密码后重新上传", "remove the password and send the file again", true},
	{"file.truncated", "文件不完整", "the file is not complete", "请重新上传完整的文件", "send the whole file again", true},
	{"file.unreadable", "文件无法读取", "the file cannot be read", "请用办公软件打开检查后重新导出上传", "open the file, check it, and export it again", true},
	{ruleGridFormat, "网格编码不是 15 位（12 位村居代码加 3 位序号）", "the grid code is not of 15 digits (village 12, serial 3)", "请核对网格编码", "check the grid code", false},
	{"json.columns", "记录的值数与表头不一致", "the record has another number of values than the headings", "请联系系统管理员核对导出程序", "ask the operator of the source to check the export", true},
	{"json.depth", "JSON 嵌套过深", "the JSON nests too deeply", "请联系系统管理员核对导出程序", "ask the operator of the source to check the export", true},
	{ruleJSONNested, "字段内容是嵌套结构，不是单个值", "the field holds a nested structure, not a single value", "请联系系统管理员核对接口字段", "ask the operator of the source to check the interface", false},
	{"json.record", "JSON 中应为记录的位置不是记录", "the JSON holds a value where a record should be", "请联系系统管理员核对记录所在的路径", "ask the operator of the source where the records stand", true},
	{ruleJSONSyntax, "记录不是合法的 JSON 对象", "the record is not a valid JSON object", "请联系系统管理员核对接口报文", "ask the operator of the source to check the message", true},
	{ruleKeyMissing, "标识所需的字段为空", "a field that the identity is made of is empty", "请补全编号、代码等标识字段", "fill in the fields that identify the record", false},
	{ruleNumberFormat, "不是规范的数字", "the value is not a number", "请只填写数字，不要带单位或文字", "write the number alone, without a unit or words", false},
	{ruleNumberRange, "数字过大", "the number is too large", "请核对数值和单位", "check the value and its unit", false},
	{ruleOrgCodeCheck, "组织机构代码校验位错误", "the check digit of the organisation code is wrong", "请对照代码证核对，或改填统一社会信用代码", "check the code against the certificate, or use the credit code", false},
	{ruleOrgCodeFormat, "组织机构代码不是 8 位本体代码加 1 位校验码", "the organisation code is not of eight characters and a check digit", "请按“00450218-X”的样式填写", "write it like 00450218-X", false},
	{"parquet.type", "Parquet 列的类型无法读取", "a column of the Parquet file is of a type that cannot be read", "请联系系统管理员改用常用类型导出", "ask the operator of the source for a common type", true},
	{rulePeriodFormat, "统计期写法无法识别", "the period is written in no known way", "月份写“2025-06”，季度写“2025Q4”", "write a month as 2025-06 and a quarter as 2025Q4", false},
	{rulePidFormat, "人员标识不是落地环节生成的假名", "the value is no pseudonym of the landing step", "请联系系统管理员：该字段应在 identify 中声明为 citizen_id", "declare the field under identify: as a citizen_id", false},
	{"pii.in_key", "标识字段中含有证件号码、手机号码等个人信息，脱敏后无法区分记录", "a field that identifies the record holds a person's number: masked, the record cannot be told from others", "请改用业务编号作为标识；确为业务编号的，由管理员在 identify 中声明为 serial", "use a number of the business; if it is one, declare the field under identify: as serial", true},
	{ruleRequired, "必填项为空", "a required value is missing", "请补全该项", "fill in the value", false},
	{ruleServiceFormat, "事项编码位数或行使层级不符合 GB/T 39554.1", "the code of the service item has not the form of GB/T 39554.1", "实施编码 31 位、基本编码 12 位，请从事项管理系统复制", "31 characters, or 12 digits of the basic code: copy it from the register of items", false},
	{ruleServiceProvince, "事项基本编码不是国家（00）或本省的编码", "the basic code is neither national (00) nor of the province", "请核对事项基本编码", "check the basic code", false},
	{ruleTimeFormat, "时间写法无法识别", "the time is written in no known way", "请按“2022-01-17 08:30:00”的样式填写", "write it as 2022-01-17 08:30:00", false},
	{ruleTimeRange, "时间超出合理范围（1970 至 2100 年）", "the time is outside the years 1970 to 2100", "请核对时间", "check the time", false},
	{ruleTimeRequired, "缺少业务时间", "the record does not say when it happened", "请补全业务时间字段", "fill in the field that says when it happened", true},
	{"total.mismatch", "合计行与明细之和不一致", "the total row does not equal the sum of its block", "请核对明细与合计，改正后重新报送", "check the rows against the total and send them again", true},
	{ruleUnitConflict, "数值自带的单位与单位栏不一致", "the unit in the value contradicts the unit field", "请核对单位", "check the unit", false},
	{ruleUnitUnknown, "单位缺失或无法识别", "the unit is missing or unknown", "面积请填写平方米、亩、公顷或平方公里，金额请填写元、万元或亿元", "write 平方米, 亩, 公顷 or 平方公里 for areas, 元, 万元 or 亿元 for money", false},
	{ruleUSCCCharset, "统一社会信用代码含有不允许的字符", "the credit code has a character outside its alphabet", "请核对代码，其中不使用字母 I、O、S、V、Z", "check the code: it has no I, O, S, V or Z", false},
	{ruleUSCCCheck, "统一社会信用代码校验位错误", "the check digit of the credit code is wrong", "请对照登记证书核对代码", "check the code against the certificate", false},
	{ruleUSCCLength, "统一社会信用代码不是 18 位", "the credit code does not have 18 characters", "请对照登记证书补全代码", "complete the code from the certificate", false},
	{"xlsx.header", "工作表的表头与约定不一致，未读取", "the header of the sheet differs from the contract; the sheet was not read", "请勿改动模板表头，按模板重新填写", "use the template with its header unchanged", true},
	{"xlsx.sheet", "工作簿中没有约定的工作表", "the workbook lacks the agreed sheet", "请勿改动工作表名称，按模板重新填写", "use the template with its sheet names unchanged", true},
	{"xml.depth", "XML 嵌套过深", "the XML nests too deeply", "请联系系统管理员核对导出程序", "ask the operator of the source to check the export", true},
	{"zip.bomb", "压缩文件解开后过大，未读取", "the archive unpacks to more than it may and was not read", "请拆成多个文件上传；确需放宽的，联系系统管理员", "send several files; a higher limit can be declared", true},
	{"zip.member", "压缩包中没有约定的文件", "the archive holds none of the agreed files", "请按约定的文件名打包", "pack the files under the agreed names", true},
	{"zip.name", "压缩包中的文件名指向包外", "the archive holds a file whose name leads out of it", "请用常用压缩软件重新打包", "pack the files again with a common program", true},
}

// unknownRule stands in for a connector's rule that the catalogue does not
// know, so that no reject is without a reason.
var unknownRule = RuleText{Zh: "数据来源标记该记录有误", En: "the connector marked the record as faulty",
	HintZh: "请联系系统管理员", HintEn: "ask the operator of the source"}

// Rules returns every rule that rejects rows, in order of ids, besides those
// that entities declare. The slice is shared: do not change it.
func Rules() []RuleText { return catalogue }

// RuleOf returns the text of a rule. A rule that the catalogue does not hold
// gets a general text and false.
func RuleOf(rule string) (RuleText, bool) {
	for i := range catalogue {
		if catalogue[i].Rule == rule {
			return catalogue[i], true
		}
	}
	t := unknownRule
	t.Rule = rule
	return t, false
}
