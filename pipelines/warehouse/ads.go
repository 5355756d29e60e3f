package warehouse

import (
	"fmt"

	"rongtong/schemas"
)

// divisionPath pairs every division with itself and each division above it:
// what rolls a unit up to its ancestors in one join.
func divisionPath() *object {
	return &object{
		db: dbDwd, name: "division_path", comment: "区划路径：每个区划及其各级上级",
		engine: "MergeTree", order: []string{"division_code", "ancestor_code"}, derived: true,
		columns: []column{
			{"division_code", "FixedString(12)", "", "区划代码"},
			{"tier", lc, "", "层级"},
			{"ancestor_code", "FixedString(12)", "", "上级区划代码（含本级）"},
			{"ancestor_tier", lc, "", "上级层级"},
			{"ancestor_name", "String", "ZSTD(1)", "上级名称"},
			{"steps", "UInt8", "", "相隔层级：0为本级，1为直接上级"},
		},
	}
}

// smallCell is the least count that may be shown of persons or cases. A part
// of a count is hidden too when it or what is left beside it is smaller:
// one would give the other away.
const smallCell = 10

// adsViews are what analysts read. A view exists where the catalogue has the
// columns it reads.
func adsViews(c *schemas.Catalog) []*object {
	has := func(entity string, columns ...string) bool {
		e := c.Entity(entity)
		if e == nil {
			return false
		}
		for _, col := range columns {
			if e.Column(col) == nil {
				return false
			}
		}
		return true
	}
	var out []*object
	if !has(divisionEntity, "division_code", "name", "parent_code", "level") {
		return out
	}
	if has("facility", "division_code", "facility_kind", "area_m2", "direct_service_area_m2", "operating") {
		out = append(out, &object{db: dbAds, name: "facility_by_township", comment: "各乡镇（街道）设施：数量与面积（平方米）",
			view: townshipView(c, "facility", "t.facility_kind AS facility_kind",
				`count() AS facilities,
       countIf(t.operating = 'yes') AS operating,
       countIf(t.area_m2 IS NULL) AS area_unknown,
       sum(t.area_m2) AS area_m2,
       sum(t.direct_service_area_m2) AS direct_service_area_m2`, "facility_kind")})
	}
	if has("organization", "division_code", "org_kind", "uscc") {
		out = append(out, &object{db: dbAds, name: "organization_by_township", comment: "各乡镇（街道）组织：数量与赋码",
			view: townshipView(c, "organization", "t.org_kind AS org_kind",
				"count() AS organizations,\n       countIf(t.uscc IS NOT NULL) AS with_uscc", "org_kind")})
	}
	if has("grid_event", "division_code", "category", "reported_at", "closed_at") {
		out = append(out, &object{db: dbAds, name: "grid_event_by_township",
			comment: fmt.Sprintf("各乡镇（街道）网格事件：按月、类别；不足%d件的不显示", smallCell),
			view: fmt.Sprintf(`SELECT township_code, township_name, month, category,
       if(cases < %[1]d, NULL, cases) AS n,
       if(cases < %[1]d OR done BETWEEN 1 AND %[1]d - 1 OR cases - done BETWEEN 1 AND %[1]d - 1, NULL, done) AS n_closed,
       toBool(n IS NULL OR n_closed IS NULL) AS suppressed
FROM
(
%[2]s
)`, smallCell, indent(townshipView(c, "grid_event", "toStartOfMonth(t.reported_at) AS month, t.category AS category",
				"count() AS cases, countIf(t.closed_at IS NOT NULL) AS done", "month, category")))})
	}
	return out
}

// townshipView groups an entity's rows by the township their division lies in.
func townshipView(c *schemas.Catalog, entity, dims, measures, by string) string {
	return fmt.Sprintf(`SELECT p.ancestor_code AS township_code, any(p.ancestor_name) AS township_name, %s,
       %s
FROM dwd.%s AS t
INNER JOIN dwd.division_path AS p ON p.division_code = t.division_code
WHERE p.ancestor_tier = %s
GROUP BY township_code, %s`, dims, measures, ident(entity), quote(townshipTier(c)), by)
}

// townshipTier is the second lowest tier: the one above the villages.
func townshipTier(c *schemas.Catalog) string {
	if len(c.Tiers) < 2 {
		return ""
	}
	return c.Tiers[len(c.Tiers)-2].Code
}
