package world

import "strconv"

func itoa(n int) string { return strconv.Itoa(n) }

// Words that the sources write for a code. The first is the usual one; all of
// them are accepted.
var (
	wordsOrgKind = map[string][]string{
		"residents_committee": {"居民委员会", "居委会", "社区居委会", "社区居民委员会"},
		"village_committee":   {"村民委员会", "村委会"},
	}
	wordsOrgStatus = map[string][]string{
		"active":    {"正常", "存续", "在册", "active"},
		"suspended": {"暂停", "停业"},
		"dissolved": {"注销", "撤销", "已注销"},
	}
	wordsSite = map[string][]string{
		"built_urban":         {"已建成城市社区", "已建城市社区", "老城区社区"},
		"new_urban":           {"新建城市社区", "新建社区"},
		"central_village":     {"中心村", "农村社区中心村"},
		"non_central_village": {"非中心村", "一般村", "普通村"},
	}
	wordsYes    = []string{"是", "√", "1", "Y"}
	wordsNo     = []string{"否", "×", "0", "N"}
	wordsStatus = map[string][]string{
		"planned":     {"计划", "待建", "拟建"},
		"in_progress": {"建设中", "在建", "创建中"},
		"recognised":  {"已认定", "达标", "已验收"},
	}
	wordsLevel = map[string][]string{
		"basic":     {"基础型"},
		"growing":   {"成长型"},
		"benchmark": {"标杆型"},
	}
	wordsMeasure = map[string][]string{
		measHouseholds:  {"resident_households", "常住户数"},
		measPopulation:  {"resident_population", "常住人口"},
		measUrbanPop:    {"urban_resident_population", "城镇常住人口"},
		measCommWorkers: {"community_workers", "社区工作者"},
	}
)

// Measures of stat_fact that the sources report.
const (
	measHouseholds  = "resident_households"
	measPopulation  = "resident_population"
	measUrbanPop    = "urban_resident_population"
	measCommWorkers = "community_workers"
)

// yesNo writes a truth value in one of the accepted ways.
func yesNo(r *rng, v bool) string {
	k := 0
	if r.bp(600) {
		k = r.n(len(wordsYes))
	}
	if v {
		return wordsYes[k]
	}
	return wordsNo[k]
}
