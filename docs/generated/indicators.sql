-- I-01-01 省级基层治理协调机制 (%)
-- row 01.1, rule version 1, 100 × Σ numerator ÷ Σ denominator; units P, published P; every month from 2021-01
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1) -> toUInt8(h1), @days, @froms, arrayResize(h1.x_have, @periods)) AS numerator,
       arrayWithConstant(@periods, toUInt8(1)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS x_key, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull((valid_from IS NULL OR valid_from <= p_day) AND (valid_to IS NULL OR valid_to > p_day), 0)), @days, @froms)) AS x_have
    FROM dwd.mechanism
    WHERE (kind = 'coordination')
    GROUP BY x_key
) AS h1 ON h1.x_key = d.division_code
WHERE d.level IN ('province') AND d.kind = 'civil';

-- I-01-02 党委书记召集的议事协调机制覆盖率 (%)
-- row 01.2, rule version 1, 100 × Σ numerator ÷ Σ denominator; units each, published P; every month from 2021-01
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1) -> toUInt8(h1), @days, @froms, arrayResize(h1.x_have, @periods)) AS numerator,
       arrayWithConstant(@periods, toUInt8(1)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS x_key, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull((valid_from IS NULL OR valid_from <= p_day) AND (valid_to IS NULL OR valid_to > p_day), 0)), @days, @froms)) AS x_have
    FROM dwd.mechanism
    WHERE (kind = 'deliberation_coordination') AND (convenor_role = 'party_secretary')
    GROUP BY x_key
) AS h1 ON h1.x_key = d.division_code
WHERE d.level IN ('city', 'county') AND d.kind = 'civil';

-- I-01-03 研究基层治理会议次数 (次)
-- row 01.3, rule version 1, 1 × Σ numerator ÷ Σ denominator; units X, published P, C, X; every month from 2021-01, to date since the beginning of the year
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1) -> ifNull(h1, 0), @days, @froms, arrayResize(n.x_value, @periods)) AS numerator,
       arrayMap((p_day, p_from, h1) -> 1, @days, @froms, arrayResize(n.x_value, @periods)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS x_unit, sumForEach(arrayMap((p_day, p_from) -> if(ifNull((decided_on >= p_from) AND (decided_on <= p_day), 0), toNullable(1), NULL), @days, @froms)) AS x_value
    FROM dwd.deliberation
    WHERE (kind = 'coordination_meeting')
    GROUP BY x_unit
) AS n ON n.x_unit = d.division_code
WHERE d.level IN ('county') AND d.kind = 'civil';

-- I-01-05 开展成效评估的区划占比 (%)
-- row 01.5, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; every month from 2021-01, to date since the beginning of the year
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1) -> toUInt8(h1), @days, @froms, arrayResize(h1.x_have, @periods)) AS numerator,
       arrayWithConstant(@periods, toUInt8(1)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS x_key, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull((done_on >= p_from) AND (done_on <= p_day), 0)), @days, @froms)) AS x_have
    FROM dwd.assessment
    WHERE (kind = 'effectiveness_evaluation')
    GROUP BY x_key
) AS h1 ON h1.x_key = d.division_code
WHERE d.level IN ('county') AND d.kind = 'civil';

-- I-01-06 评估结果用于班子考核的占比 (%)
-- row 01.6, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; every month from 2021-01
SELECT toFixedString(rightPad(substring(toString(division_code), 1, 6), 12, '0'), 12) AS division_code,
       toUInt8(ifNull(has(used_in, 'leadership_team'), 0)) AS numerator,
       1 AS denominator
FROM dwd.assessment
WHERE (kind = 'effectiveness_evaluation') AND (done_on IS NOT NULL);

-- I-01-07 基层反映问题按期答复率 (%)
-- row 01.7, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every month from 2021-01, to date since the beginning of the year
SELECT division_code AS division_code,
       arrayWithConstant(@periods, toUInt8(ifNull(resolved_on <= raised_on + 30, 0))) AS numerator,
       arrayWithConstant(@periods, 1) AS denominator,
       arrayMap((p_day, p_from) -> toUInt8(ifNull((raised_on >= p_from) AND (raised_on <= p_day), 0)), @days, @froms) AS counted
FROM dwd.burden_record AS r
WHERE (kind = 'issue_raised');

-- I-02-02 重大事项党组织前置研究率 (%)
-- row 02.2, rule version 1, 100 × Σ numerator ÷ Σ denominator; units each, published P, C, X, T, V; every month from 2021-01, to date since the beginning of the year
SELECT division_code AS division_code,
       arrayWithConstant(@periods, toUInt8(ifNull(party_discussed_on <= decided_on, 0))) AS numerator,
       arrayWithConstant(@periods, 1) AS denominator,
       arrayMap((p_day, p_from) -> toUInt8(ifNull((decided_on >= p_from) AND (decided_on <= p_day), 0)), @days, @froms) AS counted
FROM dwd.deliberation AS r
WHERE (kind = 'major_matter');

-- I-02-03 两委在届率 (%)
-- row 02.3, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every month from 2021-01
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1) -> toUInt8(h1), @days, @froms, arrayResize(h1.x_have, @periods)) AS numerator,
       arrayWithConstant(@periods, toUInt8(1)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS x_key, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull((election_on <= p_day) AND (term_ends_on >= p_day), 0)), @days, @froms)) AS x_have
    FROM dwd.committee_term
    WHERE (body IN ('village_committee', 'residents_committee'))
    GROUP BY x_key
) AS h1 ON h1.x_key = d.division_code
WHERE d.level IN ('village') AND d.kind = 'civil'
  AND (village_class IN ('residents_committee', 'village_committee'));

-- I-02-04 农村党建三年行动分类率 (%)
-- row 02.4, rule version 2, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every month from 2021-01
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1) -> toUInt8(h1), @days, @froms, arrayResize(h1.x_have, @periods)) AS numerator,
       arrayWithConstant(@periods, toUInt8(1)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS x_key, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull((as_of <= p_day), 0)), @days, @froms)) AS x_have
    FROM dwd.programme_status
    WHERE (programme = 'rural_party_3y') AND (category IS NOT NULL)
    GROUP BY x_key
) AS h1 ON h1.x_key = d.division_code
WHERE d.level IN ('village') AND d.kind = 'civil'
  AND (village_class = 'village_committee');

-- I-02-04b 农村党建三年行动进度 (%)
-- row 02.4, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; every month from 2021-01
WITH starts AS (
    SELECT toString(division_code) AS code, maxForEach(arrayMap((p_day, p_from) -> if(as_of <= p_day, toDate32OrNull(attrs['period_start']), NULL), @days, @froms)) AS began
    FROM dwd.programme_status
    WHERE programme = 'rural_party_3y' AND document_no IS NOT NULL AND attrs['period_start'] != ''
    GROUP BY code
)
SELECT d.division_code AS division_code,
       arrayMap((day, a, b, c) -> if(coalesce(a, b, c) IS NULL, NULL, least(36, greatest(0, age('month', coalesce(a, b, c), day)))),
                @days, arrayResize(x.began, @periods), arrayResize(c.began, @periods), arrayResize(p.began, @periods)) AS numerator,
       arrayMap(n -> if(n IS NULL, NULL, 36), numerator) AS denominator,
       arrayWithConstant(@periods, 1) AS counted
FROM dwd.division AS d
LEFT JOIN starts AS x ON x.code = toString(d.division_code)
LEFT JOIN starts AS c ON c.code = concat(substring(toString(d.division_code), 1, 4), '00000000')
LEFT JOIN starts AS p ON p.code = concat(substring(toString(d.division_code), 1, 2), '0000000000')
WHERE d.level = 'county' AND d.kind = 'civil';

-- I-02-04c 后进村提升率 (%)
-- row 02.4, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every month from 2021-01
SELECT division_code,
       arrayMap(c -> toUInt8(c != 'weak'), last) AS numerator,
       arrayWithConstant(@periods, 1) AS denominator,
       arrayMap(c -> toUInt8(ifNull(c = 'weak', 0)), first) AS counted
FROM (
    SELECT division_code,
           argMaxForEach(arrayMap((p_day, p_from) -> if(as_of <= p_day, toString(category), NULL), @days, @froms), arrayWithConstant(@periods, as_of)) AS last,
           argMinForEach(arrayMap((p_day, p_from) -> if(as_of <= p_day, toString(category), NULL), @days, @froms), arrayWithConstant(@periods, as_of)) AS first
    FROM dwd.programme_status
    WHERE programme = 'rural_party_3y' AND category IS NOT NULL
    GROUP BY division_code
);

-- I-02-06 打击村霸常态化机制覆盖率 (%)
-- row 02.6, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; every month from 2021-01
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1) -> toUInt8(h1), @days, @froms, arrayResize(h1.x_have, @periods)) AS numerator,
       arrayWithConstant(@periods, toUInt8(1)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS x_key, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull((valid_from IS NULL OR valid_from <= p_day) AND (valid_to IS NULL OR valid_to > p_day), 0)), @days, @froms)) AS x_have
    FROM dwd.mechanism
    WHERE (kind = 'anti_gang')
    GROUP BY x_key
) AS h1 ON h1.x_key = d.division_code
WHERE d.level IN ('county') AND d.kind = 'civil';

-- I-02-07 一肩挑率 (%)
-- row 02.7, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every month from 2021-01
SELECT division_code AS division_code,
       arrayWithConstant(@periods, if(secretary_is_director IS NULL OR secretary_is_director = 'unknown', NULL, toUInt8(ifNull(secretary_is_director = 'yes', 0)))) AS numerator,
       arrayWithConstant(@periods, if(secretary_is_director IS NULL OR secretary_is_director = 'unknown', NULL, 1)) AS denominator,
       arrayMap((p_day, p_from) -> toUInt8(ifNull((election_on <= p_day) AND (term_ends_on >= p_day), 0)), @days, @froms) AS counted
FROM dwd.committee_term AS r
WHERE (body IN ('village_committee', 'residents_committee'));

-- I-02-08 交叉任职率 (%)
-- row 02.8, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every month from 2021-01
SELECT division_code AS division_code,
       arrayWithConstant(@periods, if(cross_seats IS NULL OR seats IS NULL, NULL, cross_seats)) AS numerator,
       arrayWithConstant(@periods, if(cross_seats IS NULL OR seats IS NULL, NULL, seats)) AS denominator,
       arrayMap((p_day, p_from) -> toUInt8(ifNull((election_on <= p_day) AND (term_ends_on >= p_day), 0)), @days, @froms) AS counted
FROM dwd.committee_term AS r
WHERE (body = 'party_committee');

-- I-02-09 书记任集体经济组织负责人占比 (%)
-- row 02.9, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every month from 2021-01
SELECT division_code AS division_code,
       arrayMap((p_day, p_from, h1) -> toUInt8(h1), @days, @froms, arrayResize(h1.x_have, @periods)) AS numerator,
       arrayWithConstant(@periods, 1) AS denominator,
       arrayMap((p_day, p_from) -> toUInt8(ifNull((valid_from IS NULL OR valid_from <= p_day) AND (valid_to IS NULL OR valid_to > p_day), 0)), @days, @froms) AS counted
FROM dwd.organization AS r
LEFT JOIN
(
    SELECT to_ref AS x_key, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull((valid_from IS NULL OR valid_from <= p_day) AND (valid_to IS NULL OR valid_to > p_day), 0)), @days, @froms)) AS x_have
    FROM dwd.org_relation
    WHERE (kind = 'post_overlap')
    GROUP BY x_key
) AS h1 ON h1.x_key = org_id
WHERE (org_kind IN ('village_collective', 'cooperative'));

-- I-02-11 章程写入党建要求占比 (%)
-- row 02.11, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every month from 2021-01
SELECT division_code AS division_code,
       arrayWithConstant(@periods, if(charter_party_clause = 'unknown', NULL, toUInt8(ifNull(charter_party_clause = 'yes', 0)))) AS numerator,
       arrayWithConstant(@periods, if(charter_party_clause = 'unknown', NULL, 1)) AS denominator,
       arrayMap((p_day, p_from) -> toUInt8(ifNull((valid_from IS NULL OR valid_from <= p_day) AND (valid_to IS NULL OR valid_to > p_day), 0)), @days, @froms) AS counted
FROM dwd.organization AS r
WHERE (charter_party_clause IS NOT NULL);

-- I-02-12 党组织主导议事协商机制覆盖率 (%)
-- row 02.12, rule version 1, 100 × Σ numerator ÷ Σ denominator; units each, published P, C, X; every month from 2021-01
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1) -> toUInt8(h1), @days, @froms, arrayResize(h1.x_have, @periods)) AS numerator,
       arrayWithConstant(@periods, toUInt8(1)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS x_key, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull((valid_from IS NULL OR valid_from <= p_day) AND (valid_to IS NULL OR valid_to > p_day), 0)), @days, @froms)) AS x_have
    FROM dwd.mechanism
    WHERE (kind = 'party_led_deliberation')
    GROUP BY x_key
) AS h1 ON h1.x_key = d.division_code
WHERE d.level IN ('township', 'village') AND d.kind = 'civil';

-- I-02-13 协商目录覆盖率 (%)
-- row 02.13, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; every month from 2021-01
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1, h2) -> toUInt8(h1
           AND h2), @days, @froms, arrayResize(h1.x_have, @periods), arrayResize(h2.x_have, @periods)) AS numerator,
       arrayWithConstant(@periods, toUInt8(1)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS x_key, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull((valid_to IS NULL OR valid_to > p_day), 0)), @days, @froms)) AS x_have
    FROM dwd.list_register
    WHERE (kind = 'deliberation_catalogue') AND (scope_tier = 'T')
    GROUP BY x_key
) AS h1 ON h1.x_key = d.division_code
LEFT JOIN
(
    SELECT division_code AS x_key, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull((valid_to IS NULL OR valid_to > p_day), 0)), @days, @froms)) AS x_have
    FROM dwd.list_register
    WHERE (kind = 'deliberation_catalogue') AND (scope_tier = 'V')
    GROUP BY x_key
) AS h2 ON h2.x_key = d.division_code
WHERE d.level IN ('county') AND d.kind = 'civil';

-- I-02-14 村均议事协商次数 (次)
-- row 02.14, rule version 1, 1 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every month from 2021-01, to date since the beginning of the year
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1) -> ifNull(h1, 0), @days, @froms, arrayResize(n.x_value, @periods)) AS numerator,
       arrayMap((p_day, p_from, h1) -> 1, @days, @froms, arrayResize(n.x_value, @periods)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS x_unit, sumForEach(arrayMap((p_day, p_from) -> if(ifNull((decided_on >= p_from) AND (decided_on <= p_day), 0), toNullable(1), NULL), @days, @froms)) AS x_value
    FROM dwd.deliberation
    WHERE (kind = 'community_consultation')
    GROUP BY x_unit
) AS n ON n.x_unit = d.division_code
WHERE d.level IN ('village') AND d.kind = 'civil';

-- I-02-15 巡察覆盖率 (%)
-- row 02.15, rule version 1, 100 × Σ numerator ÷ Σ denominator; units each, published P, C, X; every month from 2021-01
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1) -> toUInt8(h1), @days, @froms, arrayResize(h1.x_have, @periods)) AS numerator,
       arrayWithConstant(@periods, toUInt8(1)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS x_key, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull((done_on <= p_day), 0)), @days, @froms)) AS x_have
    FROM dwd.assessment
    WHERE (kind = 'inspection_round')
    GROUP BY x_key
) AS h1 ON h1.x_key = d.division_code
WHERE d.level IN ('township', 'village') AND d.kind = 'civil';

-- I-02-17 小微权力清单公布率 (%)
-- row 02.17, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every month from 2021-01
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1) -> toUInt8(h1), @days, @froms, arrayResize(h1.x_have, @periods)) AS numerator,
       arrayWithConstant(@periods, toUInt8(1)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS x_key, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull((valid_to IS NULL OR valid_to > p_day), 0)), @days, @froms)) AS x_have
    FROM dwd.list_register
    WHERE (kind = 'micro_power')
    GROUP BY x_key
) AS h1 ON h1.x_key = d.division_code
WHERE d.level IN ('village') AND d.kind = 'civil';

-- I-03-01 机构限额合规率 (%)
-- row 03.1, rule version 1, 100 × Σ numerator ÷ Σ denominator; units T, published P, C, X, T; every month from 2021-01, to date since the beginning of the year
SELECT d.division_code AS division_code,
       arrayMap((q, a) -> if(q IS NULL OR a IS NULL, NULL, a <= q), arrayResize(s.quota, @periods), arrayResize(s.actual, @periods)) AS numerator,
       arrayMap((q, a) -> if(q IS NULL OR a IS NULL, NULL, 1), arrayResize(s.quota, @periods), arrayResize(s.actual, @periods)) AS denominator,
       arrayWithConstant(@periods, 1) AS counted
FROM dwd.division AS d
LEFT JOIN (
    SELECT division_code,
           argMaxForEach(arrayMap((p_day, p_from) -> if(measure = 'org_quota' AND period_start >= p_from AND period_start <= p_day, toNullable(value), NULL), @days, @froms), arrayWithConstant(@periods, period_start)) AS quota,
           argMaxForEach(arrayMap((p_day, p_from) -> if(measure = 'org_actual' AND period_start >= p_from AND period_start <= p_day, toNullable(value), NULL), @days, @froms), arrayWithConstant(@periods, period_start)) AS actual
    FROM dwd.stat_fact
    WHERE family = 'establishment' AND measure IN ('org_quota', 'org_actual') AND breakdown = ''
    GROUP BY division_code
) AS s ON s.division_code = d.division_code
WHERE d.level = 'township' AND d.kind = 'civil';

-- I-03-03 要求对口设立机构 (件)
-- row 03.3, rule version 1, 1 × Σ numerator ÷ Σ denominator; units T, published P, C, X, T; every month from 2021-01, to date since the beginning of the year
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1) -> ifNull(h1, 0), @days, @froms, arrayResize(n.x_value, @periods)) AS numerator,
       arrayMap((p_day, p_from, h1) -> 1, @days, @froms, arrayResize(n.x_value, @periods)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT toFixedString(rightPad(substring(toString(division_code), 1, 9), 12, '0'), 12) AS x_unit, sumForEach(arrayMap((p_day, p_from) -> if(ifNull((raised_on >= p_from) AND (raised_on <= p_day), 0), toNullable(1), NULL), @days, @froms)) AS x_value
    FROM dwd.burden_record
    WHERE (kind = 'required_counterpart_org')
    GROUP BY x_unit
) AS n ON n.x_unit = d.division_code
WHERE d.level IN ('township') AND d.kind = 'civil';

-- I-03-04 县直派出机构属地管理率 (%)
-- row 03.4, rule version 1, 100 × Σ numerator ÷ Σ denominator; units T, published P, C, X, T; every month from 2021-01
SELECT toFixedString(rightPad(substring(toString(division_code), 1, 9), 12, '0'), 12) AS division_code,
       arrayWithConstant(@periods, if(management_mode IS NULL, NULL, toUInt8(ifNull(management_mode = 'territorial', 0)))) AS numerator,
       arrayWithConstant(@periods, if(management_mode IS NULL, NULL, 1)) AS denominator,
       arrayMap((p_day, p_from) -> toUInt8(ifNull((valid_from IS NULL OR valid_from <= p_day) AND (valid_to IS NULL OR valid_to > p_day), 0)), @days, @froms) AS counted
FROM dwd.organization AS r
WHERE (org_kind = 'county_outpost') AND ((management_mode IS NULL OR management_mode != 'dispatched_central'));

-- I-03-05a 派驻机构纳入统一指挥占比 (%)
-- row 03.5, rule version 1, 100 × Σ numerator ÷ Σ denominator; units T, published P, C, X, T; every month from 2021-01
SELECT toFixedString(rightPad(substring(toString(division_code), 1, 9), 12, '0'), 12) AS division_code,
       arrayWithConstant(@periods, toUInt8(ifNull(unified_command = 'yes', 0))) AS numerator,
       arrayWithConstant(@periods, 1) AS denominator,
       arrayMap((p_day, p_from) -> toUInt8(ifNull((valid_from IS NULL OR valid_from <= p_day) AND (valid_to IS NULL OR valid_to > p_day), 0)), @days, @froms) AS counted
FROM dwd.organization AS r
WHERE (org_kind = 'county_outpost') AND (management_mode IN ('dispatched_central', 'dispatched_county'));

-- I-03-05b 派驻机构考核任免听取意见占比 (%)
-- row 03.5, rule version 1, 100 × Σ numerator ÷ Σ denominator; units T, published P, C, X, T; every month from 2021-01
SELECT toFixedString(rightPad(substring(toString(division_code), 1, 9), 12, '0'), 12) AS division_code,
       arrayWithConstant(@periods, toUInt8(ifNull(consulted_on_assessment = 'yes' AND consulted_on_appointment = 'yes', 0))) AS numerator,
       arrayWithConstant(@periods, 1) AS denominator,
       arrayMap((p_day, p_from) -> toUInt8(ifNull((valid_from IS NULL OR valid_from <= p_day) AND (valid_to IS NULL OR valid_to > p_day), 0)), @days, @froms) AS counted
FROM dwd.organization AS r
WHERE (org_kind = 'county_outpost') AND (management_mode IN ('dispatched_central', 'dispatched_county'));

-- I-03-06 三类权力赋权覆盖率 (%)
-- row 03.6, rule version 1, 100 × Σ numerator ÷ Σ denominator; units T, published P, C, X, T; every month from 2021-01
SELECT d.division_code AS division_code, toUInt8(ifNull(g.classes, 0) = 3) AS numerator, 1 AS denominator
FROM dwd.division AS d
LEFT JOIN (
    SELECT township, toNullable(uniqExact(power_class)) AS classes
    FROM (
        SELECT t.division_code AS township, toString(i.power_class) AS power_class
        FROM dwd.division AS t
        INNER JOIN dwd.list_register AS r ON r.division_code = t.parent_code
        INNER JOIN dwd.list_item AS i ON i.list_id = r.list_id
        WHERE t.level = 'township' AND r.kind = 'township_empowerment' AND i.power_class IN ('comprehensive', 'coordination', 'emergency')
        UNION ALL
        SELECT r.division_code AS township, toString(i.power_class) AS power_class
        FROM dwd.list_register AS r
        INNER JOIN dwd.list_item AS i ON i.list_id = r.list_id
        WHERE r.kind = 'township_empowerment' AND i.power_class IN ('comprehensive', 'coordination', 'emergency')
    )
    GROUP BY township
) AS g ON g.township = d.division_code
WHERE d.level = 'township' AND d.kind = 'civil';

-- I-03-07 重大决策征求乡镇意见占比 (%)
-- row 03.7, rule version 1, 100 × Σ numerator ÷ Σ denominator; units T, published P, C, X, T; every month from 2021-01
SELECT toFixedString(rightPad(substring(toString(division_code), 1, 9), 12, '0'), 12) AS division_code,
       toUInt8(ifNull(asked_on <= decided_on, 0)) AS numerator,
       1 AS denominator
FROM dwd.deliberation
WHERE (kind = 'consultation_to_township') AND (asked_on IS NOT NULL);

-- I-03-08 乡镇赋权执法清单数 (份)
-- row 03.8, rule version 1, 1 × Σ numerator ÷ Σ denominator; units T, published P, C, X, T; every month from 2021-01
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1) -> ifNull(h1, 0), @days, @froms, arrayResize(n.x_value, @periods)) AS numerator,
       arrayMap((p_day, p_from, h1) -> 1, @days, @froms, arrayResize(n.x_value, @periods)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS x_unit, sumForEach(arrayMap((p_day, p_from) -> if(ifNull((valid_to IS NULL OR valid_to > p_day), 0), toNullable(1), NULL), @days, @froms)) AS x_value
    FROM dwd.list_register
    WHERE (kind = 'enforcement_powers')
    GROUP BY x_unit
) AS n ON n.x_unit = d.division_code
WHERE d.level IN ('township') AND d.kind = 'civil';

-- I-03-09 行政执法决定公示率 (%)
-- row 03.9, rule version 1, 100 × Σ numerator ÷ Σ denominator; units T, published P, C, X, T; every month from 2021-01
SELECT toFixedString(rightPad(substring(toString(division_code), 1, 9), 12, '0'), 12) AS division_code,
       arrayWithConstant(@periods, toUInt8(ifNull(published_on <= decided_on + 20, 0))) AS numerator,
       arrayWithConstant(@periods, 1) AS denominator,
       arrayMap((p_day, p_from) -> toUInt8(ifNull((decided_on <= p_day), 0)), @days, @froms) AS counted
FROM dwd.enforcement_check AS r
WHERE (decided_on IS NOT NULL);

-- I-03-10 双随机一公开占比 (%)
-- row 03.10, rule version 1, 100 × Σ numerator ÷ Σ denominator; units T, published P, C, X, T; every month from 2021-01
SELECT toFixedString(rightPad(substring(toString(division_code), 1, 9), 12, '0'), 12) AS division_code,
       arrayWithConstant(@periods, toUInt8(ifNull(random_object = 'yes' AND random_inspector = 'yes' AND published_on IS NOT NULL, 0))) AS numerator,
       arrayWithConstant(@periods, 1) AS denominator,
       arrayMap((p_day, p_from) -> toUInt8(ifNull((checked_on <= p_day), 0)), @days, @froms) AS counted
FROM dwd.enforcement_check AS r;

-- I-04-01 村（居）民委员会赋码率 (%)
-- row 04.1, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every month from 2021-01
SELECT division_code,
       toUInt8(division_code IN (
           SELECT division_code FROM dwd.organization
           WHERE org_kind IN ('residents_committee', 'village_committee') AND uscc IS NOT NULL
       )) AS numerator,
       1 AS denominator
FROM dwd.division
WHERE level = 'village' AND kind = 'civil' AND village_class IN ('residents_committee', 'village_committee');

-- I-04-02 两个以上代码系统匹配率 (%)
-- row 04.2, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every month from 2021-01
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1) -> toUInt8(h1), @days, @froms, arrayResize(h1.x_have, @periods)) AS numerator,
       arrayWithConstant(@periods, toUInt8(1)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT toFixedString(rightPad(from_code, 12, '0'), 12) AS x_key, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull((valid_from IS NULL OR valid_from <= p_day) AND (valid_to IS NULL OR valid_to > p_day), 0)), @days, @froms)) AS x_have
    FROM dwd.code_crosswalk
    WHERE (from_system = 'nbs12') AND (to_system != 'nbs12') AND (confidence >= 0.9)
    GROUP BY x_key
) AS h1 ON h1.x_key = d.division_code
WHERE d.level IN ('village') AND d.kind = 'civil'
  AND (village_class IN ('residents_committee', 'village_committee'));

-- I-04-04 管辖范围依据占比 (%)
-- row 04.4, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every month from 2021-01
SELECT division_code AS division_code,
       arrayWithConstant(@periods, toUInt8(ifNull(boundary_version IS NOT NULL, 0))) AS numerator,
       arrayWithConstant(@periods, 1) AS denominator,
       arrayMap((p_day, p_from) -> toUInt8(ifNull((valid_from IS NULL OR valid_from <= p_day) AND (valid_to IS NULL OR valid_to > p_day), 0)), @days, @froms) AS counted
FROM dwd.division AS r
WHERE (level = 'village') AND (kind = 'civil');

-- I-04-05 撤并征得村民同意占比 (%)
-- row 04.5, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; every month from 2021-01
SELECT toFixedString(rightPad(substring(toString(toFixedString(rightPad(toString(old_code), 12, '0'), 12)), 1, 6), 12, '0'), 12) AS division_code,
       arrayWithConstant(@periods, toUInt8(ifNull(villagers_meeting_on <= approved_on AND consent_share IS NOT NULL, 0))) AS numerator,
       arrayWithConstant(@periods, 1) AS denominator,
       arrayMap((p_day, p_from) -> toUInt8(ifNull((approved_on <= p_day), 0)), @days, @froms) AS counted
FROM dwd.division_change AS r
WHERE (kind = 'village_merge');

-- I-04-06 三千户以内居委会占比 (%)
-- row 04.6, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every month from 2021-01
SELECT d.division_code AS division_code,
       arrayMap(n -> if(n IS NULL, NULL, n <= 3000), arrayResize(h.households, @periods)) AS numerator,
       arrayMap(n -> if(n IS NULL, NULL, 1), arrayResize(h.households, @periods)) AS denominator,
       arrayWithConstant(@periods, 1) AS counted
FROM dwd.division AS d
LEFT JOIN (
    SELECT division_code, argMaxForEach(arrayMap((p_day, p_from) -> if(period_start > subtractYears(p_day, 1) AND period_start <= p_day, toNullable(value), NULL), @days, @froms), arrayWithConstant(@periods, period_start)) AS households
    FROM dwd.stat_fact
    WHERE family = 'population' AND measure = 'resident_households' AND breakdown = ''
    GROUP BY division_code
) AS h ON h.division_code = d.division_code
WHERE d.level = 'village' AND d.kind = 'civil' AND d.village_class = 'residents_committee';

-- I-04-07 民主评议开展率 (%)
-- row 04.7, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every month from 2021-01, to date since the beginning of the year
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1) -> toUInt8(h1), @days, @froms, arrayResize(h1.x_have, @periods)) AS numerator,
       arrayWithConstant(@periods, toUInt8(1)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS x_key, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull((done_on >= p_from) AND (done_on <= p_day), 0)), @days, @froms)) AS x_have
    FROM dwd.assessment
    WHERE (kind = 'democratic_review')
    GROUP BY x_key
) AS h1 ON h1.x_key = d.division_code
WHERE d.level IN ('village') AND d.kind = 'civil'
  AND (village_class IN ('residents_committee', 'village_committee'));

-- I-04-08 履职承诺和述职述廉制度覆盖率 (%)
-- row 04.8, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every month from 2021-01
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1) -> toUInt8(h1), @days, @froms, arrayResize(h1.x_have, @periods)) AS numerator,
       arrayWithConstant(@periods, toUInt8(1)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS x_key, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull((valid_from IS NULL OR valid_from <= p_day) AND (valid_to IS NULL OR valid_to > p_day), 0)), @days, @froms)) AS x_have
    FROM dwd.mechanism
    WHERE (kind = 'pledge_and_report')
    GROUP BY x_key
) AS h1 ON h1.x_key = d.division_code
WHERE d.level IN ('village') AND d.kind = 'civil'
  AND (village_class IN ('residents_committee', 'village_committee'));

-- I-04-09 公共卫生委员会设立率 (%)
-- row 04.9, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every month from 2021-01
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1) -> toUInt8(h1), @days, @froms, arrayResize(h1.x_have, @periods)) AS numerator,
       arrayWithConstant(@periods, toUInt8(1)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS x_key, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull((valid_from IS NULL OR valid_from <= p_day) AND (valid_to IS NULL OR valid_to > p_day), 0)), @days, @froms)) AS x_have
    FROM dwd.organization
    WHERE (org_kind = 'public_health_committee')
    GROUP BY x_key
) AS h1 ON h1.x_key = d.division_code
WHERE d.level IN ('village') AND d.kind = 'civil'
  AND (village_class IN ('residents_committee', 'village_committee'));

-- I-04-10 村委会与集体经济组织账目分开占比 (%)
-- row 04.10, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every month from 2021-01
SELECT division_code,
       toUInt8(countIf(org_kind IN ('village_committee', 'residents_committee')) > 0
           AND countIf(org_kind = 'village_collective' AND org_id IN (
               SELECT to_ref FROM dwd.org_relation WHERE kind = 'committee_vs_collective' AND separate_accounts = 'yes')) > 0) AS numerator,
       1 AS denominator
FROM dwd.organization
GROUP BY division_code
HAVING countIf(org_kind = 'village_collective') > 0;

-- I-04-11 集体资产年度清查和报告率 (%)
-- row 04.11, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every year from 2021
SELECT division_code AS division_code,
       arrayMap((p_day, p_from, h1) -> toUInt8(h1), @days, @froms, arrayResize(h1.x_have, @periods)) AS numerator,
       arrayWithConstant(@periods, 1) AS denominator,
       arrayMap((p_day, p_from) -> toUInt8(ifNull((valid_from IS NULL OR valid_from <= p_day) AND (valid_to IS NULL OR valid_to > p_day), 0)), @days, @froms) AS counted
FROM dwd.organization AS r
LEFT JOIN
(
    SELECT org_id AS x_key, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull((inventory_on >= p_from) AND (inventory_on <= p_day) AND (reported_on >= p_from) AND (reported_on <= p_day), 0)), @days, @froms)) AS x_have
    FROM dwd.collective_asset
    GROUP BY x_key
) AS h1 ON h1.x_key = org_id
WHERE (org_kind = 'village_collective');

-- I-04-12 闲置资产盘活率 (%)
-- row 04.12, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every year from 2021
SELECT o.division_code AS division_code,
       arrayWithConstant(@periods, if(a.activated_value_yuan IS NULL OR a.idle_value_yuan IS NULL, NULL, a.activated_value_yuan)) AS numerator,
       arrayWithConstant(@periods, if(a.activated_value_yuan IS NULL OR a.idle_value_yuan IS NULL, NULL, a.idle_value_yuan)) AS denominator,
       arrayMap((p_day, p_from) -> toUInt8(a.fiscal_year = toYear(p_day)), @days, @froms) AS counted
FROM dwd.collective_asset AS a
INNER JOIN dwd.organization AS o ON o.org_id = a.org_id;

-- I-04-13 村务监督委员会设立率 (%)
-- row 04.13, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every month from 2021-01
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1) -> toUInt8(h1), @days, @froms, arrayResize(h1.x_have, @periods)) AS numerator,
       arrayWithConstant(@periods, toUInt8(1)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS x_key, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull((valid_from IS NULL OR valid_from <= p_day) AND (valid_to IS NULL OR valid_to > p_day), 0)), @days, @froms)) AS x_have
    FROM dwd.organization
    WHERE (org_kind = 'village_supervision_committee')
    GROUP BY x_key
) AS h1 ON h1.x_key = d.division_code
WHERE d.level IN ('village') AND d.kind = 'civil'
  AND (village_class IN ('residents_committee', 'village_committee'));

-- I-05-01 公共法律服务站覆盖率 (%)
-- row 05.1, rule version 1, 100 × Σ numerator ÷ Σ denominator; units each, published P, C, X; every month from 2021-01
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1) -> toUInt8(h1), @days, @froms, arrayResize(h1.x_have, @periods)) AS numerator,
       arrayWithConstant(@periods, toUInt8(1)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS x_key, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull((valid_from IS NULL OR valid_from <= p_day) AND (valid_to IS NULL OR valid_to > p_day), 0)), @days, @froms)) AS x_have
    FROM dwd.facility
    WHERE (facility_kind = 'legal_service_station')
    GROUP BY x_key
) AS h1 ON h1.x_key = d.division_code
WHERE d.level IN ('township', 'village') AND d.kind = 'civil';

-- I-05-03 村（居）法律顾问覆盖率 (%)
-- row 05.3, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every month from 2021-01
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1) -> toUInt8(h1), @days, @froms, arrayResize(h1.x_have, @periods)) AS numerator,
       arrayWithConstant(@periods, toUInt8(1)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS x_key, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull((start_on <= p_day) AND ((end_on IS NULL OR end_on >= p_day)), 0)), @days, @froms)) AS x_have
    FROM dwd.contract
    WHERE (kind = 'legal_adviser')
    GROUP BY x_key
) AS h1 ON h1.x_key = d.division_code
WHERE d.level IN ('village') AND d.kind = 'civil'
  AND (village_class IN ('residents_committee', 'village_committee'));

-- I-05-06 综治中心标准化实体化率 (%)
-- row 05.6, rule version 1, 100 × Σ numerator ÷ Σ denominator; units T, published P, C, X, T; every month from 2021-01
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1) -> toUInt8(h1), @days, @froms, arrayResize(h1.x_have, @periods)) AS numerator,
       arrayWithConstant(@periods, toUInt8(1)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS x_key, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull((valid_from IS NULL OR valid_from <= p_day) AND (valid_to IS NULL OR valid_to > p_day), 0)), @days, @froms)) AS x_have
    FROM dwd.facility
    WHERE (facility_kind = 'governance_centre') AND (standardised = 'yes') AND (substantive = 'yes')
    GROUP BY x_key
) AS h1 ON h1.x_key = d.division_code
WHERE d.level IN ('township') AND d.kind = 'civil';

-- I-05-07 一站式矛盾调解平台覆盖率 (%)
-- row 05.7, rule version 1, 100 × Σ numerator ÷ Σ denominator; units T, published P, C, X, T; every month from 2021-01
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1) -> toUInt8(h1), @days, @froms, arrayResize(h1.x_have, @periods)) AS numerator,
       arrayWithConstant(@periods, toUInt8(1)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS x_key, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull((valid_from IS NULL OR valid_from <= p_day) AND (valid_to IS NULL OR valid_to > p_day), 0)), @days, @froms)) AS x_have
    FROM dwd.facility
    WHERE (facility_kind = 'one_stop_mediation')
    GROUP BY x_key
) AS h1 ON h1.x_key = d.division_code
WHERE d.level IN ('township') AND d.kind = 'civil';

-- I-05-08 矛盾纠纷化解率 (%)
-- row 05.8, rule version 1, 100 × Σ numerator ÷ Σ denominator; units T, published P, C, X, T; every month from 2021-01, to date since the beginning of the year
SELECT toFixedString(rightPad(substring(toString(division_code), 1, 9), 12, '0'), 12) AS division_code,
       arrayWithConstant(@periods, toUInt8(ifNull(result = 'agreed', 0))) AS numerator,
       arrayWithConstant(@periods, 1) AS denominator,
       arrayMap((p_day, p_from) -> toUInt8(ifNull((closed_on >= p_from) AND (closed_on <= p_day), 0)), @days, @froms) AS counted
FROM dwd.dispute_case AS r;

-- I-05-09a 信访积案化解率 (%)
-- row 05.9, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; every month from 2021-01
SELECT toFixedString(rightPad(substring(toString(division_code), 1, 6), 12, '0'), 12) AS division_code,
       arrayMap((p_day, p_from) -> toUInt8(ifNull(closed_on IS NOT NULL AND closed_on <= p_day, 0)), @days, @froms) AS numerator,
       arrayWithConstant(@periods, 1) AS denominator,
       arrayMap((p_day, p_from) -> toUInt8(ifNull((registered_on <= p_day), 0)), @days, @froms) AS counted
FROM dwd.petition_case AS r
WHERE (is_backlog = 'yes');

-- I-05-09b 重复信访率 (%)
-- row 05.9, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; every month from 2021-01, to date since the beginning of the year
SELECT toFixedString(rightPad(substring(toString(division_code), 1, 6), 12, '0'), 12) AS division_code,
       arrayWithConstant(@periods, toUInt8(ifNull(is_repeat = 'yes', 0))) AS numerator,
       arrayWithConstant(@periods, 1) AS denominator,
       arrayMap((p_day, p_from) -> toUInt8(ifNull((registered_on >= p_from) AND (registered_on <= p_day), 0)), @days, @froms) AS counted
FROM dwd.petition_case AS r;

-- I-05-10 初次信访一次性化解率 (%)
-- row 05.10, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; every month from 2021-01, to date since the beginning of the year
SELECT toFixedString(rightPad(substring(toString(division_code), 1, 6), 12, '0'), 12) AS division_code,
       arrayWithConstant(@periods, toUInt8(ifNull(resolved_once = 'yes', 0))) AS numerator,
       arrayWithConstant(@periods, 1) AS denominator,
       arrayMap((p_day, p_from) -> toUInt8(ifNull((closed_on >= p_from) AND (closed_on <= p_day), 0)), @days, @froms) AS counted
FROM dwd.petition_case AS r
WHERE (is_first = 'yes');

-- I-05-11 信访上行率 (%)
-- row 05.11, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; every month from 2021-01, to date since the beginning of the year
SELECT toFixedString(rightPad(substring(toString(division_code), 1, 6), 12, '0'), 12) AS division_code,
       arrayWithConstant(@periods, toUInt8(ifNull(registered_tier = 'P', 0))) AS numerator,
       arrayWithConstant(@periods, 1) AS denominator,
       arrayMap((p_day, p_from) -> toUInt8(ifNull((registered_on >= p_from) AND (registered_on <= p_day), 0)), @days, @froms) AS counted
FROM dwd.petition_case AS r;

-- I-05-12 网格党组织覆盖率 (%)
-- row 05.12, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every month from 2021-01
SELECT division_code AS division_code,
       arrayWithConstant(@periods, if(party_branch IS NULL OR party_branch = 'unknown', NULL, toUInt8(ifNull(party_branch = 'yes', 0)))) AS numerator,
       arrayWithConstant(@periods, if(party_branch IS NULL OR party_branch = 'unknown', NULL, 1)) AS denominator,
       arrayMap((p_day, p_from) -> toUInt8(ifNull((valid_from IS NULL OR valid_from <= p_day) AND (valid_to IS NULL OR valid_to > p_day), 0)), @days, @froms) AS counted
FROM dwd.grid AS r;

-- I-05-13 网格30日有上报占比 (%)
-- row 05.13, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every month from 2021-01
SELECT division_code AS division_code,
       arrayMap((p_day, p_from, h1) -> toUInt8(h1), @days, @froms, arrayResize(h1.x_have, @periods)) AS numerator,
       arrayWithConstant(@periods, 1) AS denominator,
       arrayMap((p_day, p_from) -> toUInt8(ifNull((valid_from IS NULL OR valid_from <= p_day) AND (valid_to IS NULL OR valid_to > p_day), 0)), @days, @froms) AS counted
FROM dwd.grid AS r
LEFT JOIN
(
    SELECT grid_id AS x_key, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull((reported_at >= p_day - 29) AND (reported_at < p_day + 1), 0)), @days, @froms)) AS x_have
    FROM dwd.grid_event
    GROUP BY x_key
) AS h1 ON h1.x_key = grid_id;

-- I-05-14 网格规范化率 (%)
-- row 05.14, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every month from 2021-01
SELECT division_code AS division_code,
       arrayWithConstant(@periods, if(standard_ok IS NULL OR standard_ok = 'unknown', NULL, toUInt8(ifNull(standard_ok = 'yes', 0)))) AS numerator,
       arrayWithConstant(@periods, if(standard_ok IS NULL OR standard_ok = 'unknown', NULL, 1)) AS denominator,
       arrayMap((p_day, p_from) -> toUInt8(ifNull((valid_from IS NULL OR valid_from <= p_day) AND (valid_to IS NULL OR valid_to > p_day), 0)), @days, @froms) AS counted
FROM dwd.grid AS r;

-- I-05-15 专职网格员纳入社区工作者占比 (%)
-- row 05.15, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; every month from 2021-01
SELECT toFixedString(rightPad(substring(toString(division_code), 1, 6), 12, '0'), 12) AS division_code,
       arrayWithConstant(@periods, toUInt8(ifNull(in_community_worker_scheme = 'yes', 0))) AS numerator,
       arrayWithConstant(@periods, 1) AS denominator,
       arrayMap((p_day, p_from) -> toUInt8(ifNull((spell_from <= p_day) AND ((spell_to IS NULL OR spell_to > p_day)), 0)), @days, @froms) AS counted
FROM dwd.workforce_post AS r
WHERE (post_kind = 'full_time_grid');

-- I-05-17 视频设备在线率 (%)
-- row 05.17, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every month from 2021-01
SELECT d.division_code AS division_code,
       arrayResize(h.online, @periods) AS numerator,
       arrayWithConstant(@periods, 1) AS denominator,
       arrayWithConstant(@periods, 1) AS counted
FROM dwd.device AS d
LEFT JOIN (
    SELECT device_id, maxForEach(arrayMap((p_day, p_from) -> toUInt8(day = p_day), @days, @froms)) AS online
    FROM dwd.device_health_daily
    WHERE has(@days, day) AND online_minutes > 0
    GROUP BY device_id
) AS h ON h.device_id = d.device_id
WHERE d.device_kind = 'camera';

-- I-05-18 技防村建成率 (%)
-- row 05.18, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every month from 2021-01
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1) -> toUInt8(h1), @days, @froms, arrayResize(h1.x_have, @periods)) AS numerator,
       arrayWithConstant(@periods, toUInt8(1)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS x_key, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull((as_of <= p_day), 0)), @days, @froms)) AS x_have
    FROM dwd.programme_status
    WHERE (programme = 'tech_prevention_village') AND (status = 'recognised')
    GROUP BY x_key
) AS h1 ON h1.x_key = d.division_code
WHERE d.level IN ('village') AND d.kind = 'civil'
  AND (village_class = 'village_committee');

-- I-05-18b 智慧安防小区建成率 (%)
-- row 05.18, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every month from 2021-01
SELECT division_code,
       arrayMap(s -> s = 'recognised', last) AS numerator,
       arrayWithConstant(@periods, 1) AS denominator,
       arrayMap(s -> toUInt8(s IS NOT NULL), last) AS counted
FROM (
    SELECT division_code, argMaxForEach(arrayMap((p_day, p_from) -> if(as_of <= p_day, toNullable(toString(status)), NULL), @days, @froms), arrayWithConstant(@periods, as_of)) AS last
    FROM dwd.programme_status
    WHERE programme = 'smart_security_compound' AND subject_kind = 'compound'
    GROUP BY division_code, subject_id
);

-- I-05-19 视频联网率 (%)
-- row 05.19, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every month from 2021-01
SELECT division_code AS division_code,
       if(networked IS NULL OR networked = 'unknown', NULL, toUInt8(ifNull(networked = 'yes', 0))) AS numerator,
       if(networked IS NULL OR networked = 'unknown', NULL, 1) AS denominator
FROM dwd.device
WHERE (device_kind = 'camera');

-- I-05-20 村规民约覆盖率 (%)
-- row 05.20, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every month from 2021-01
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1) -> toUInt8(h1), @days, @froms, arrayResize(h1.x_have, @periods)) AS numerator,
       arrayWithConstant(@periods, toUInt8(1)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS x_key, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull((valid_to IS NULL OR valid_to > p_day), 0)), @days, @froms)) AS x_have
    FROM dwd.list_register
    WHERE (kind = 'village_covenant')
    GROUP BY x_key
) AS h1 ON h1.x_key = d.division_code
WHERE d.level IN ('village') AND d.kind = 'civil';

-- I-06-02 道德评议机制覆盖率 (%)
-- row 06.2, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every month from 2021-01
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1) -> toUInt8(h1), @days, @froms, arrayResize(h1.x_have, @periods)) AS numerator,
       arrayWithConstant(@periods, toUInt8(1)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS x_key, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull((valid_from IS NULL OR valid_from <= p_day) AND (valid_to IS NULL OR valid_to > p_day), 0)), @days, @froms)) AS x_have
    FROM dwd.mechanism
    WHERE (kind = 'moral_review')
    GROUP BY x_key
) AS h1 ON h1.x_key = d.division_code
WHERE d.level IN ('village') AND d.kind = 'civil';

-- I-06-04 驻地单位参与记录占比 (%)
-- row 06.4, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every month from 2021-01
SELECT division_code AS division_code,
       arrayMap((p_day, p_from, h1) -> toUInt8(h1), @days, @froms, arrayResize(h1.x_have, @periods)) AS numerator,
       arrayWithConstant(@periods, 1) AS denominator,
       arrayMap((p_day, p_from) -> toUInt8(ifNull((valid_from IS NULL OR valid_from <= p_day) AND (valid_to IS NULL OR valid_to > p_day), 0)), @days, @froms) AS counted
FROM dwd.organization AS r
LEFT JOIN
(
    SELECT from_org AS x_key, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull((valid_from IS NULL OR valid_from <= p_day) AND (valid_to IS NULL OR valid_to > p_day), 0)), @days, @froms)) AS x_have
    FROM dwd.org_relation
    WHERE (kind IN ('unit_reported_to_community', 'joint_building'))
    GROUP BY x_key
) AS h1 ON h1.x_key = org_id
WHERE (org_kind = 'resident_unit');

-- I-06-06 有社区基金（会）的县占比 (%)
-- row 06.6, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; every month from 2021-01
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1) -> toUInt8(h1), @days, @froms, arrayResize(h1.x_have, @periods)) AS numerator,
       arrayWithConstant(@periods, toUInt8(1)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT toFixedString(rightPad(substring(toString(division_code), 1, 6), 12, '0'), 12) AS x_key, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull((valid_from IS NULL OR valid_from <= p_day) AND (valid_to IS NULL OR valid_to > p_day), 0)), @days, @froms)) AS x_have
    FROM dwd.organization
    WHERE (org_kind IN ('community_foundation', 'community_fund'))
    GROUP BY x_key
) AS h1 ON h1.x_key = d.division_code
WHERE d.level IN ('county') AND d.kind = 'civil';

-- I-06-07 社会工作服务站覆盖率 (%)
-- row 06.7, rule version 2, 100 × Σ numerator ÷ Σ denominator; units T, published P, C, X, T; every month from 2021-01
SELECT d.division_code AS division_code,
       arrayResize(s.open, @periods) AS numerator,
       arrayWithConstant(@periods, 1) AS denominator,
       arrayWithConstant(@periods, 1) AS counted
FROM dwd.division AS d
LEFT JOIN (
    SELECT toFixedString(place, 12) AS served, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull(opened_on IS NULL OR opened_on <= p_day, 0)), @days, @froms)) AS open
    FROM (
        SELECT arrayJoin(arrayPushBack(arrayFilter(c -> length(c) = 12, serves_divisions), toString(division_code))) AS place, opened_on
        FROM dwd.facility
        WHERE facility_kind = 'social_work_station' AND operating = 'yes'
    )
    GROUP BY served
) AS s ON s.served = d.division_code
WHERE d.level = 'township' AND d.kind = 'civil';

-- I-06-08 文明实践站覆盖率 (%)
-- row 06.8, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every month from 2021-01
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1) -> toUInt8(h1), @days, @froms, arrayResize(h1.x_have, @periods)) AS numerator,
       arrayWithConstant(@periods, toUInt8(1)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS x_key, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull((valid_from IS NULL OR valid_from <= p_day) AND (valid_to IS NULL OR valid_to > p_day), 0)), @days, @froms)) AS x_have
    FROM dwd.facility
    WHERE (facility_kind = 'civilisation_station')
    GROUP BY x_key
) AS h1 ON h1.x_key = d.division_code
WHERE d.level IN ('village') AND d.kind = 'civil';

-- I-06-10 红白理事会覆盖率 (%)
-- row 06.10, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every month from 2021-01
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1) -> toUInt8(h1), @days, @froms, arrayResize(h1.x_have, @periods)) AS numerator,
       arrayWithConstant(@periods, toUInt8(1)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS x_key, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull((valid_from IS NULL OR valid_from <= p_day) AND (valid_to IS NULL OR valid_to > p_day), 0)), @days, @froms)) AS x_have
    FROM dwd.organization
    WHERE (org_kind = 'wedding_funeral_council')
    GROUP BY x_key
) AS h1 ON h1.x_key = d.division_code
WHERE d.level IN ('village') AND d.kind = 'civil';

-- I-07-02 主题入库率 (%)
-- row 07.2, rule version 2, 100 × Σ numerator ÷ Σ denominator; units P, published P; every month from 2021-01
SELECT toFixedString('370000000000', 12) AS division_code, toUInt8(sum(rows) > 0) AS numerator, 1 AS denominator
FROM dwd.entity_load
GROUP BY theme;

-- I-07-02b 实体按期更新率 (%)
-- row 07.2, rule version 1, 100 × Σ numerator ÷ Σ denominator; units P, published P; every month from 2021-01
SELECT toFixedString('370000000000', 12) AS division_code,
       arrayMap((p_day, p_from) -> toUInt8(rows > 0 AND last_arrived_at >= toDateTime64(addDays(p_day, 1 - fresh_days), 3, 'Asia/Shanghai')), @days, @froms) AS numerator,
       arrayWithConstant(@periods, 1) AS denominator,
       arrayWithConstant(@periods, 1) AS counted
FROM dwd.entity_load
WHERE fresh_days IS NOT NULL;

-- I-07-03 五级数据融通率 (%)
-- row 07.3, rule version 2, 100 × Σ numerator ÷ Σ denominator; units each, published P, C, X, T, V; every month from 2021-01
SELECT d.division_code AS division_code,
       arrayMap((f, g) -> toUInt8(f AND g), arrayResize(u.fed, @periods), arrayResize(r.got, @periods)) AS numerator,
       arrayWithConstant(@periods, 1) AS denominator,
       arrayWithConstant(@periods, 1) AS counted
FROM dwd.division AS d
LEFT JOIN (
    SELECT src_division, maxForEach(arrayMap((p_day, p_from) -> toUInt8(last_event_time >= toDateTime64(p_day - 29, 3, 'Asia/Shanghai')), @days, @froms)) AS fed
    FROM dwd.up_feed
    GROUP BY src_division
) AS u ON u.src_division = d.division_code
LEFT JOIN (
    SELECT division_code AS receiver,
           maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull(acked_at >= toDateTime64(p_day - 29, 3, 'Asia/Shanghai') AND acked_at < toDateTime64(p_day + 1, 3, 'Asia/Shanghai'), 0)), @days, @froms)) AS got
    FROM dwd.return_receipt
    WHERE status = 'acked'
    GROUP BY receiver
) AS r ON r.receiver = d.division_code
WHERE d.kind != 'virtual';

-- I-07-04 省市同源事项占比 (%)
-- row 07.4, rule version 1, 100 × Σ numerator ÷ Σ denominator; units P, published P; every month from 2021-01
SELECT toFixedString('370000000000', 12) AS division_code,
       toUInt8(uniqExact((promise_day, limit_scene_num)) = 1) AS numerator,
       1 AS denominator
FROM dwd.service_item
WHERE state = 'in_force'
GROUP BY catalog_code
HAVING uniqExact(use_level) > 1;

-- I-07-05 政务服务事项可网办率 (%)
-- row 07.5, rule version 2, 100 × Σ numerator ÷ Σ denominator; units each, published P, C, X, T, V; every month from 2021-01
SELECT ifNull(division_code, toFixedString(concat(substring(toString(dept_uscc), 3, 6), '000000'), 12)) AS division_code,
       arrayMap((p_day, p_from) -> if(online_depth IS NULL, NULL, online_depth IN ('3', '4') AND NOT (online_url_ok = 'no' AND (url_failed_since IS NULL OR url_failed_since <= subtractDays(p_day, 7)))), @days, @froms) AS numerator,
       arrayWithConstant(@periods, if(online_depth IS NULL, NULL, 1)) AS denominator,
       arrayWithConstant(@periods, 1) AS counted
FROM dwd.service_item
WHERE state = 'in_force';

-- I-07-06 平均到办事现场次数 (次)
-- row 07.6, rule version 1, 1 × Σ numerator ÷ Σ denominator; units P, published P; every month from 2021-01
SELECT toFixedString(rightPad(substring(toString(toFixedString('370000000000', 12)), 1, 2), 12, '0'), 12) AS division_code,
       if(limit_scene_num IS NULL OR if(limit_scene_num IS NULL, NULL, 1) IS NULL, NULL, limit_scene_num) AS numerator,
       if(limit_scene_num IS NULL OR if(limit_scene_num IS NULL, NULL, 1) IS NULL, NULL, if(limit_scene_num IS NULL, NULL, 1)) AS denominator
FROM dwd.service_item
WHERE (state = 'in_force');

-- I-07-07a 共享申请同意率 (%)
-- row 07.7, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; every month from 2021-01, to date since the beginning of the year
SELECT toFixedString(rightPad(substring(toString(division_code), 1, 6), 12, '0'), 12) AS division_code,
       arrayWithConstant(@periods, toUInt8(ifNull(decision = 'granted', 0))) AS numerator,
       arrayWithConstant(@periods, 1) AS denominator,
       arrayMap((p_day, p_from) -> toUInt8(ifNull((decided_on >= p_from) AND (decided_on <= p_day), 0)), @days, @froms) AS counted
FROM dwd.share_request AS r;

-- I-07-07b 申请到首次交付工作日中位数 (工作日)
-- row 07.7, rule version 2, 1 × median of the numerators; units X, published P, C, X; every month from 2021-01
SELECT toFixedString(rightPad(substring(toString(r.division_code), 1, 6), 12, '0'), 12) AS division_code,
       arrayWithConstant(@periods, if(d.first_on IS NULL, NULL, length(arrayFilter(x -> has(CAST(['2024-02-04', '2024-02-18', '2024-04-07', '2024-04-28', '2024-05-11', '2024-09-14', '2024-09-29', '2024-10-12', '2025-01-26', '2025-02-08', '2025-04-27', '2025-09-28', '2025-10-11', '2026-01-04', '2026-02-14', '2026-02-28', '2026-05-09', '2026-09-20', '2026-10-10'], 'Array(Date32)'), x) OR toDayOfWeek(x) <= 5 AND NOT has(CAST(['2024-01-01', '2024-02-10', '2024-02-11', '2024-02-12', '2024-02-13', '2024-02-14', '2024-02-15', '2024-02-16', '2024-02-17', '2024-04-04', '2024-04-05', '2024-04-06', '2024-05-01', '2024-05-02', '2024-05-03', '2024-05-04', '2024-05-05', '2024-06-10', '2024-09-15', '2024-09-16', '2024-09-17', '2024-10-01', '2024-10-02', '2024-10-03', '2024-10-04', '2024-10-05', '2024-10-06', '2024-10-07', '2025-01-01', '2025-01-28', '2025-01-29', '2025-01-30', '2025-01-31', '2025-02-01', '2025-02-02', '2025-02-03', '2025-02-04', '2025-04-04', '2025-04-05', '2025-04-06', '2025-05-01', '2025-05-02', '2025-05-03', '2025-05-04', '2025-05-05', '2025-05-31', '2025-06-01', '2025-06-02', '2025-10-01', '2025-10-02', '2025-10-03', '2025-10-04', '2025-10-05', '2025-10-06', '2025-10-07', '2025-10-08', '2026-01-01', '2026-01-02', '2026-01-03', '2026-02-15', '2026-02-16', '2026-02-17', '2026-02-18', '2026-02-19', '2026-02-20', '2026-02-21', '2026-02-22', '2026-02-23', '2026-04-04', '2026-04-05', '2026-04-06', '2026-05-01', '2026-05-02', '2026-05-03', '2026-05-04', '2026-05-05', '2026-06-19', '2026-06-20', '2026-06-21', '2026-09-25', '2026-09-26', '2026-09-27', '2026-10-01', '2026-10-02', '2026-10-03', '2026-10-04', '2026-10-05', '2026-10-06', '2026-10-07'], 'Array(Date32)'), x), arrayMap(i -> addDays(toDate32(r.requested_on), i), range(1, toUInt32(greatest(0, ifNull(dateDiff('day', r.requested_on, d.first_on), 0))) + 1)))))) AS numerator,
       arrayWithConstant(@periods, if(d.first_on IS NULL, NULL, 1)) AS denominator,
       arrayMap((p_day, p_from) -> toUInt8(ifNull(r.requested_on <= p_day, 0)), @days, @froms) AS counted
FROM dwd.share_request AS r
LEFT JOIN (SELECT request_id, toNullable(min(toDate32(delivered_at))) AS first_on FROM dwd.share_delivery GROUP BY request_id) AS d ON d.request_id = r.request_id
WHERE r.decision = 'granted';

-- I-07-07c 共享申请已交付占比 (%)
-- row 07.7, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; every month from 2021-01
SELECT toFixedString(rightPad(substring(toString(division_code), 1, 6), 12, '0'), 12) AS division_code,
       toUInt8(ifNull(request_id IN (SELECT request_id FROM dwd.share_delivery), 0)) AS numerator,
       1 AS denominator
FROM dwd.share_request
WHERE (decision = 'granted');

-- I-07-08 村级数据资源目录覆盖率 (%)
-- row 07.8, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every month from 2021-01
SELECT d.division_code AS division_code,
       toUInt8(d.division_code IN (SELECT division_code FROM dwd.catalog_resource WHERE (owner_tier = 'V'))) AS numerator,
       1 AS denominator
FROM dwd.division AS d
WHERE d.level IN ('village') AND d.kind = 'civil';

-- I-07-09 村级当月填报渠道数 (个)
-- row 07.9, rule version 1, 1 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every month from 2021-01
SELECT src_division AS division_code,
       sumForEach(supplied) AS numerator,
       arrayWithConstant(@periods, 1) AS denominator,
       arrayMap(n -> toUInt8(n > 0), numerator) AS counted
FROM (
    SELECT src_division, src_system, maxForEach(arrayMap((p_day, p_from) -> toUInt8(last_event_time >= toDateTime64(p_from, 3, 'Asia/Shanghai')), @days, @froms)) AS supplied
    FROM dwd.up_feed
    GROUP BY src_division, src_system
)
GROUP BY src_division;

-- I-07-10 一次采集率 (%)
-- row 07.10, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every month from 2021-01
SELECT division_code AS division_code,
       toUInt8(ifNull(value_ref IS NULL, 0)) AS numerator,
       1 AS denominator
FROM dwd.field_request
WHERE (status = 'asked');

-- I-07-14 自助终端普及率 (%)
-- row 07.14, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every month from 2021-01
SELECT d.division_code AS division_code,
       toUInt8(d.division_code IN (SELECT division_code FROM dwd.device WHERE (device_kind = 'parcel_locker'))
           AND d.division_code IN (SELECT division_code FROM dwd.device WHERE (device_kind = 'vending'))
           AND d.division_code IN (SELECT division_code FROM dwd.device WHERE (device_kind = 'book_kiosk'))) AS numerator,
       1 AS denominator
FROM dwd.division AS d
WHERE d.level IN ('village') AND d.kind = 'civil'
  AND (village_class = 'residents_committee');

-- I-07-15 开展智慧社区建设的城市社区占比 (%)
-- row 07.15, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every month from 2021-01
SELECT d.division_code AS division_code,
       arrayMap(x -> if(x IS NULL, NULL, x IN ('in_progress', 'recognised')), arrayResize(s.status, @periods)) AS numerator,
       arrayMap(x -> if(x IS NULL, NULL, 1), arrayResize(s.status, @periods)) AS denominator,
       arrayWithConstant(@periods, 1) AS counted
FROM dwd.division AS d
LEFT JOIN (
    SELECT division_code, argMaxForEach(arrayMap((p_day, p_from) -> if(as_of <= p_day, toNullable(toString(status)), NULL), @days, @froms), arrayWithConstant(@periods, as_of)) AS status
    FROM dwd.programme_status
    WHERE programme = 'smart_community'
    GROUP BY division_code
) AS s ON s.division_code = d.division_code
WHERE d.level = 'village' AND d.kind = 'civil' AND d.village_class = 'residents_committee';

-- I-07-15b 开展智慧社区建设的社区占比（全部社区） (%)
-- row 07.15, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every month from 2021-01
SELECT d.division_code AS division_code,
       arrayMap(x -> if(x IS NULL, NULL, x IN ('in_progress', 'recognised')), arrayResize(s.status, @periods)) AS numerator,
       arrayMap(x -> if(x IS NULL, NULL, 1), arrayResize(s.status, @periods)) AS denominator,
       arrayWithConstant(@periods, 1) AS counted
FROM dwd.division AS d
LEFT JOIN (
    SELECT division_code, argMaxForEach(arrayMap((p_day, p_from) -> if(as_of <= p_day, toNullable(toString(status)), NULL), @days, @froms), arrayWithConstant(@periods, as_of)) AS status
    FROM dwd.programme_status
    WHERE programme = 'smart_community'
    GROUP BY division_code
) AS s ON s.division_code = d.division_code
WHERE d.level = 'village' AND d.kind = 'civil' AND (d.village_class = 'residents_committee' OR (d.village_class = 'village_committee' AND position(d.name, '社区') > 0));

-- I-07-15c 智慧社区数量（2025年底目标） (个)
-- row 07.15, rule version 1, 1 × Σ numerator ÷ Σ denominator; units P, published P; every month from 2021-01
SELECT toFixedString('370000000000', 12) AS division_code,
       arrayResize(sumForEach(recognised), @periods) AS numerator,
       arrayWithConstant(@periods, 1) AS denominator,
       arrayWithConstant(@periods, 1) AS counted
FROM (
    SELECT arrayMap((s, l) -> toUInt8(ifNull(s = 'recognised' AND l != '', 0)),
                    argMaxForEach(arrayMap((p_day, p_from) -> if(as_of <= p_day, toNullable(toString(status)), NULL), @days, @froms), arrayWithConstant(@periods, as_of)),
                    argMaxForEach(arrayMap((p_day, p_from) -> if(as_of <= p_day, toNullable(ifNull(toString(level), '')), NULL), @days, @froms), arrayWithConstant(@periods, as_of))) AS recognised
    FROM dwd.programme_status
    WHERE programme = 'smart_community'
    GROUP BY division_code
);

-- I-07-15d 智慧社区数量（2022年底目标） (个)
-- row 07.15, rule version 1, 1 × Σ numerator ÷ Σ denominator; units P, published P; every month from 2021-01
SELECT toFixedString('370000000000', 12) AS division_code,
       arrayResize(sumForEach(recognised), @periods) AS numerator,
       arrayWithConstant(@periods, 1) AS denominator,
       arrayWithConstant(@periods, 1) AS counted
FROM (
    SELECT arrayMap((s, l) -> toUInt8(ifNull(s = 'recognised' AND l != '', 0)),
                    argMaxForEach(arrayMap((p_day, p_from) -> if(as_of <= p_day, toNullable(toString(status)), NULL), @days, @froms), arrayWithConstant(@periods, as_of)),
                    argMaxForEach(arrayMap((p_day, p_from) -> if(as_of <= p_day, toNullable(ifNull(toString(level), '')), NULL), @days, @froms), arrayWithConstant(@periods, as_of))) AS recognised
    FROM dwd.programme_status
    WHERE programme = 'smart_community'
    GROUP BY division_code
);

-- I-07-16 爱山东可办率 (%)
-- row 07.16, rule version 1, 100 × Σ numerator ÷ Σ denominator; units P, published P; every month from 2021-01
SELECT toFixedString(rightPad(substring(toString(toFixedString('370000000000', 12)), 1, 2), 12, '0'), 12) AS division_code,
       toUInt8(ifNull(has(channels, 'ishandong'), 0)) AS numerator,
       1 AS denominator
FROM dwd.service_item
WHERE (state = 'in_force') AND (online_url_ok = 'yes');

-- I-07-18 网络安全事件平均发现用时 (分钟)
-- row 07.18, rule version 2, 1 × Σ numerator ÷ Σ denominator; units X, published P, C, X; every month from 2021-01, to date since the beginning of the year
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1, h2) -> if(h1 IS NULL OR h2 IS NULL, NULL, h1), @days, @froms, arrayResize(n.x_value, @periods), arrayResize(m.x_value, @periods)) AS numerator,
       arrayMap((p_day, p_from, h1, h2) -> if(h1 IS NULL OR h2 IS NULL, NULL, h2), @days, @froms, arrayResize(n.x_value, @periods), arrayResize(m.x_value, @periods)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT toFixedString(rightPad(substring(toString(division_code), 1, 6), 12, '0'), 12) AS x_unit, sumForEach(arrayMap((p_day, p_from) -> if(ifNull((period_start >= p_from) AND (period_start <= p_day), 0), toNullable(value), NULL), @days, @froms)) AS x_value
    FROM dwd.stat_fact
    WHERE (family = 'security_event') AND (measure = 'detect_minutes') AND (breakdown = '')
    GROUP BY x_unit
) AS n ON n.x_unit = d.division_code
LEFT JOIN
(
    SELECT toFixedString(rightPad(substring(toString(division_code), 1, 6), 12, '0'), 12) AS x_unit, sumForEach(arrayMap((p_day, p_from) -> if(ifNull((period_start >= p_from) AND (period_start <= p_day), 0), toNullable(value), NULL), @days, @froms)) AS x_value
    FROM dwd.stat_fact
    WHERE (family = 'security_event') AND (measure = 'security_events') AND (breakdown = '')
    GROUP BY x_unit
) AS m ON m.x_unit = d.division_code
WHERE d.level IN ('county') AND d.kind = 'civil';

-- I-07-18b 网络安全事件平均处置用时 (分钟)
-- row 07.18, rule version 1, 1 × Σ numerator ÷ Σ denominator; units X, published P, C, X; every month from 2021-01, to date since the beginning of the year
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1, h2) -> if(h1 IS NULL OR h2 IS NULL, NULL, h1), @days, @froms, arrayResize(n.x_value, @periods), arrayResize(m.x_value, @periods)) AS numerator,
       arrayMap((p_day, p_from, h1, h2) -> if(h1 IS NULL OR h2 IS NULL, NULL, h2), @days, @froms, arrayResize(n.x_value, @periods), arrayResize(m.x_value, @periods)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT toFixedString(rightPad(substring(toString(division_code), 1, 6), 12, '0'), 12) AS x_unit, sumForEach(arrayMap((p_day, p_from) -> if(ifNull((period_start >= p_from) AND (period_start <= p_day), 0), toNullable(value), NULL), @days, @froms)) AS x_value
    FROM dwd.stat_fact
    WHERE (family = 'security_event') AND (measure = 'contain_minutes') AND (breakdown = '')
    GROUP BY x_unit
) AS n ON n.x_unit = d.division_code
LEFT JOIN
(
    SELECT toFixedString(rightPad(substring(toString(division_code), 1, 6), 12, '0'), 12) AS x_unit, sumForEach(arrayMap((p_day, p_from) -> if(ifNull((period_start >= p_from) AND (period_start <= p_day), 0), toNullable(value), NULL), @days, @froms)) AS x_value
    FROM dwd.stat_fact
    WHERE (family = 'security_event') AND (measure = 'security_events') AND (breakdown = '')
    GROUP BY x_unit
) AS m ON m.x_unit = d.division_code
WHERE d.level IN ('county') AND d.kind = 'civil';

-- I-07-18c 信息系统等保定级率 (%)
-- row 07.18, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; every month from 2021-01, to date since the beginning of the year
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1, h2) -> if(h1 IS NULL OR h2 IS NULL, NULL, h1), @days, @froms, arrayResize(n.x_value, @periods), arrayResize(m.x_value, @periods)) AS numerator,
       arrayMap((p_day, p_from, h1, h2) -> if(h1 IS NULL OR h2 IS NULL, NULL, h2), @days, @froms, arrayResize(n.x_value, @periods), arrayResize(m.x_value, @periods)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS x_unit, argMaxForEach(arrayMap((p_day, p_from) -> if(ifNull((period_start >= p_from) AND (period_start <= p_day), 0), toNullable(value), NULL), @days, @froms), arrayWithConstant(@periods, period_start)) AS x_value
    FROM dwd.stat_fact
    WHERE (family = 'security_event') AND (measure = 'systems_graded_n') AND (breakdown = '')
    GROUP BY x_unit
) AS n ON n.x_unit = d.division_code
LEFT JOIN
(
    SELECT division_code AS x_unit, argMaxForEach(arrayMap((p_day, p_from) -> if(ifNull((period_start >= p_from) AND (period_start <= p_day), 0), toNullable(value), NULL), @days, @froms), arrayWithConstant(@periods, period_start)) AS x_value
    FROM dwd.stat_fact
    WHERE (family = 'security_event') AND (measure = 'systems_n') AND (breakdown = '')
    GROUP BY x_unit
) AS m ON m.x_unit = d.division_code
WHERE d.level IN ('county') AND d.kind = 'civil';

-- I-08-03 双报到占比 (%)
-- row 08.3, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every month from 2021-01
SELECT division_code AS division_code,
       arrayMap((p_day, p_from, h1) -> toUInt8(h1), @days, @froms, arrayResize(h1.x_have, @periods)) AS numerator,
       arrayWithConstant(@periods, 1) AS denominator,
       arrayMap((p_day, p_from) -> toUInt8(ifNull((valid_from IS NULL OR valid_from <= p_day) AND (valid_to IS NULL OR valid_to > p_day), 0)), @days, @froms) AS counted
FROM dwd.organization AS r
LEFT JOIN
(
    SELECT from_org AS x_key, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull((valid_from IS NULL OR valid_from <= p_day) AND (valid_to IS NULL OR valid_to > p_day), 0)), @days, @froms)) AS x_have
    FROM dwd.org_relation
    WHERE (kind = 'unit_reported_to_community')
    GROUP BY x_key
) AS h1 ON h1.x_key = org_id
WHERE (org_kind = 'resident_unit');

-- I-08-04 应急下派机制覆盖率 (%)
-- row 08.4, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; every month from 2021-01
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1) -> toUInt8(h1), @days, @froms, arrayResize(h1.x_have, @periods)) AS numerator,
       arrayWithConstant(@periods, toUInt8(1)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS x_key, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull((valid_from IS NULL OR valid_from <= p_day) AND (valid_to IS NULL OR valid_to > p_day), 0)), @days, @froms)) AS x_have
    FROM dwd.mechanism
    WHERE (kind = 'secondment_in_emergency')
    GROUP BY x_key
) AS h1 ON h1.x_key = d.division_code
WHERE d.level IN ('county') AND d.kind = 'civil';

-- I-08-06 兼职委员制覆盖率 (%)
-- row 08.6, rule version 1, 100 × Σ numerator ÷ Σ denominator; units each, published P, C, X; every month from 2021-01
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1) -> toUInt8(h1), @days, @froms, arrayResize(h1.x_have, @periods)) AS numerator,
       arrayWithConstant(@periods, toUInt8(1)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS x_key, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull((valid_from IS NULL OR valid_from <= p_day) AND (valid_to IS NULL OR valid_to > p_day), 0)), @days, @froms)) AS x_have
    FROM dwd.mechanism
    WHERE (kind = 'part_time_committee_member')
    GROUP BY x_key
) AS h1 ON h1.x_key = d.division_code
WHERE d.level IN ('township', 'village') AND d.kind = 'civil';

-- I-08-07 联建共建覆盖率 (%)
-- row 08.7, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every month from 2021-01
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1) -> toUInt8(h1), @days, @froms, arrayResize(h1.x_have, @periods)) AS numerator,
       arrayWithConstant(@periods, toUInt8(1)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT toFixedString(rightPad(to_ref, 12, '0'), 12) AS x_key, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull((valid_from IS NULL OR valid_from <= p_day) AND (valid_to IS NULL OR valid_to > p_day), 0)), @days, @froms)) AS x_have
    FROM dwd.org_relation
    WHERE (kind = 'joint_building')
    GROUP BY x_key
) AS h1 ON h1.x_key = d.division_code
WHERE d.level IN ('village') AND d.kind = 'civil';

-- I-08-08 红色物业社区占比 (%)
-- row 08.8, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every month from 2021-01
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1) -> toUInt8(h1), @days, @froms, arrayResize(h1.x_have, @periods)) AS numerator,
       arrayWithConstant(@periods, toUInt8(1)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS x_key, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull((as_of <= p_day), 0)), @days, @froms)) AS x_have
    FROM dwd.programme_status
    WHERE (programme = 'qilu_red_property') AND (status = 'recognised')
    GROUP BY x_key
) AS h1 ON h1.x_key = d.division_code
WHERE d.level IN ('village') AND d.kind = 'civil'
  AND (village_class = 'residents_committee');

-- I-08-09 物业共治机制覆盖率 (%)
-- row 08.9, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every month from 2021-01
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1) -> toUInt8(h1), @days, @froms, arrayResize(h1.x_have, @periods)) AS numerator,
       arrayWithConstant(@periods, toUInt8(1)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS x_key, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull((valid_from IS NULL OR valid_from <= p_day) AND (valid_to IS NULL OR valid_to > p_day), 0)), @days, @froms)) AS x_have
    FROM dwd.mechanism
    WHERE (kind = 'property_co_governance')
    GROUP BY x_key
) AS h1 ON h1.x_key = d.division_code
WHERE d.level IN ('village') AND d.kind = 'civil'
  AND (village_class = 'residents_committee');

-- I-08-10 每万人社会组织数 (个/万人)
-- row 08.10, rule version 1, 10000 × Σ numerator ÷ Σ denominator; units X, published P, C, X; every month from 2021-01, to date since the beginning of the year
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1, h2) -> if(h2 IS NULL, NULL, ifNull(h1, 0)), @days, @froms, arrayResize(n.x_value, @periods), arrayResize(m.x_value, @periods)) AS numerator,
       arrayMap((p_day, p_from, h1, h2) -> if(h2 IS NULL, NULL, h2), @days, @froms, arrayResize(n.x_value, @periods), arrayResize(m.x_value, @periods)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT toFixedString(rightPad(substring(toString(division_code), 1, 6), 12, '0'), 12) AS x_unit, sumForEach(arrayMap((p_day, p_from) -> if(ifNull((valid_from IS NULL OR valid_from <= p_day) AND (valid_to IS NULL OR valid_to > p_day), 0), toNullable(1), NULL), @days, @froms)) AS x_value
    FROM dwd.organization
    WHERE (org_kind IN ('social_org_association', 'social_org_nonenterprise', 'social_org_foundation', 'community_filed_social_org'))
    GROUP BY x_unit
) AS n ON n.x_unit = d.division_code
LEFT JOIN
(
    SELECT division_code AS x_unit, argMaxForEach(arrayMap((p_day, p_from) -> if(ifNull((period_start >= p_from) AND (period_start <= p_day), 0), toNullable(value), NULL), @days, @froms), arrayWithConstant(@periods, period_start)) AS x_value
    FROM dwd.stat_fact
    WHERE (family = 'population') AND (measure = 'resident_population') AND (breakdown = '')
    GROUP BY x_unit
) AS m ON m.x_unit = d.division_code
WHERE d.level IN ('county') AND d.kind = 'civil';

-- I-08-11 合格社会组织承接金额占比 (%)
-- row 08.11, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; every month from 2021-01, to date since the beginning of the year
SELECT toFixedString(rightPad(substring(toString(division_code), 1, 6), 12, '0'), 12) AS division_code,
       arrayWithConstant(@periods, if(amount_yuan IS NULL OR amount_yuan IS NULL, NULL, if(ifNull(provider_kind = 'social_org' AND priority_flag = 'yes', 0), amount_yuan, 0))) AS numerator,
       arrayWithConstant(@periods, if(amount_yuan IS NULL OR amount_yuan IS NULL, NULL, amount_yuan)) AS denominator,
       arrayMap((p_day, p_from) -> toUInt8(ifNull((start_on >= p_from) AND (start_on <= p_day), 0)), @days, @froms) AS counted
FROM dwd.contract AS r
WHERE (kind = 'service_purchase');

-- I-08-13 有社会组织发展资金的县占比 (%)
-- row 08.13, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; every month from 2021-01
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1) -> toUInt8(h1), @days, @froms, arrayResize(h1.x_have, @periods)) AS numerator,
       arrayWithConstant(@periods, toUInt8(1)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT toFixedString(rightPad(substring(toString(division_code), 1, 6), 12, '0'), 12) AS x_key, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull((valid_from IS NULL OR valid_from <= p_day) AND (valid_to IS NULL OR valid_to > p_day), 0)), @days, @froms)) AS x_have
    FROM dwd.organization
    WHERE (org_kind = 'social_org_development')
    GROUP BY x_key
) AS h1 ON h1.x_key = d.division_code
WHERE d.level IN ('county') AND d.kind = 'civil';

-- I-09-01 便民服务事项清单覆盖率 (%)
-- row 09.1, rule version 1, 100 × Σ numerator ÷ Σ denominator; units C, published P, C; every month from 2021-01
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1, h2) -> toUInt8(h1
           AND h2), @days, @froms, arrayResize(h1.x_have, @periods), arrayResize(h2.x_have, @periods)) AS numerator,
       arrayWithConstant(@periods, toUInt8(1)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS x_key, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull((valid_to IS NULL OR valid_to > p_day), 0)), @days, @froms)) AS x_have
    FROM dwd.list_register
    WHERE (kind = 'convenience_service') AND (scope_tier = 'T')
    GROUP BY x_key
) AS h1 ON h1.x_key = d.division_code
LEFT JOIN
(
    SELECT division_code AS x_key, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull((valid_to IS NULL OR valid_to > p_day), 0)), @days, @froms)) AS x_have
    FROM dwd.list_register
    WHERE (kind = 'convenience_service') AND (scope_tier = 'V')
    GROUP BY x_key
) AS h2 ON h2.x_key = d.division_code
WHERE d.level IN ('city') AND d.kind = 'civil';

-- I-09-02 事项下沉受理率 (%)
-- row 09.2, rule version 1, 100 × Σ numerator ÷ Σ denominator; units P, published P; every month from 2021-01
SELECT toFixedString(rightPad(substring(toString(toFixedString('370000000000', 12)), 1, 2), 12, '0'), 12) AS division_code,
       toUInt8(ifNull(has(accept_tier, 'T') OR has(accept_tier, 'V'), 0)) AS numerator,
       1 AS denominator
FROM dwd.service_item
WHERE (state = 'in_force');

-- I-09-04 特殊群体服务覆盖率 (%)
-- row 09.4, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; every month from 2021-01, to date since the beginning of the year
SELECT division_code,
       arrayMap((a, b) -> if(a IS NULL OR b IS NULL, NULL, a), reached, meant) AS numerator,
       arrayMap((a, b) -> if(a IS NULL OR b IS NULL, NULL, b), reached, meant) AS denominator,
       counted
FROM (
    SELECT division_code,
           argMaxForEach(arrayMap((p_day, p_from) -> if(measure = 'served_n' AND period_start >= p_from AND period_start <= p_day, toNullable(value), NULL), @days, @froms), arrayWithConstant(@periods, period_start)) AS reached,
           argMaxForEach(arrayMap((p_day, p_from) -> if(measure = 'eligible_n' AND period_start >= p_from AND period_start <= p_day, toNullable(value), NULL), @days, @froms), arrayWithConstant(@periods, period_start)) AS meant,
           maxForEach(arrayMap((p_day, p_from) -> toUInt8(period_start >= p_from AND period_start <= p_day), @days, @froms)) AS counted
    FROM dwd.stat_fact
    WHERE family = 'service_group' AND measure IN ('served_n', 'eligible_n')
      AND division_code LIKE '37____000000' AND division_code NOT LIKE '37__00000000'
    GROUP BY division_code, breakdown
);

-- I-09-05 高频事项市域通办率 (%)
-- row 09.5, rule version 2, 100 × Σ numerator ÷ Σ denominator; units C, published P, C; every month from 2021-01
SELECT toFixedString(concat(substring(place, 1, 4), '00000000'), 12) AS division_code,
       if(city_wide = 'unknown', NULL, city_wide = 'yes') AS numerator,
       if(city_wide = 'unknown', NULL, 1) AS denominator
FROM (
    SELECT ifNull(toString(division_code), substring(toString(dept_uscc), 3, 6)) AS place, ifNull(toString(city_wide), 'unknown') AS city_wide
    FROM dwd.service_item
    WHERE state = 'in_force' AND high_frequency = 'yes'
)
WHERE substring(place, 3, 2) != '00';

-- I-09-05b 跨县受理办件占比 (%)
-- row 09.5, rule version 1, 100 × Σ numerator ÷ Σ denominator; units C, published P, C; every month from 2021-01, to date since the beginning of the year
SELECT toFixedString(rightPad(substring(toString(accept_division), 1, 4), 12, '0'), 12) AS division_code,
       arrayWithConstant(@periods, if(cross_county_n IS NULL OR accepted_n IS NULL, NULL, cross_county_n)) AS numerator,
       arrayWithConstant(@periods, if(cross_county_n IS NULL OR accepted_n IS NULL, NULL, accepted_n)) AS denominator,
       arrayMap((p_day, p_from) -> toUInt8(ifNull((day >= p_from) AND (day <= p_day), 0)), @days, @froms) AS counted
FROM dwd.service_case_stat AS r;

-- I-09-09 社区七类服务可及率 (%)
-- row 09.9, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every month from 2021-01
SELECT d.division_code AS division_code, ifNull(s.kinds, 0) AS numerator, 7 AS denominator
FROM dwd.division AS d
LEFT JOIN (
    SELECT division_code, toNullable(uniqExact(service)) AS kinds
    FROM dwd.facility
    ARRAY JOIN service_codes AS service
    WHERE service IN ('employment', 'elderly', 'medical', 'childcare', 'domestic', 'fitness', 'culture')
    GROUP BY division_code
) AS s ON s.division_code = d.division_code
WHERE d.level = 'village' AND d.kind = 'civil' AND d.village_class = 'residents_committee';

-- I-09-10 政府购买社区服务示范项目数 (个)
-- row 09.10, rule version 1, 1 × Σ numerator ÷ Σ denominator; units each, published P; every month from 2021-01, to date since the beginning of the year
SELECT d.division_code AS division_code,
       arrayResize(c.projects, @periods) AS numerator,
       arrayWithConstant(@periods, 1) AS denominator,
       arrayWithConstant(@periods, 1) AS counted
FROM dwd.division AS d
LEFT JOIN (
    SELECT division_code, sumForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull(start_on >= p_from AND start_on <= p_day, 0)), @days, @froms)) AS projects
    FROM dwd.contract
    WHERE kind = 'demo_purchase'
    GROUP BY division_code
) AS c ON c.division_code = d.division_code
WHERE d.level IN ('province', 'city', 'county') AND d.kind = 'civil';

-- I-09-13 黄河滩区迁建搬迁率 (%)
-- row 09.13, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every month from 2021-01
SELECT division_code AS division_code,
       arrayWithConstant(@periods, if(toInt64OrNull(attrs['households_moved']) IS NULL OR toInt64OrNull(attrs['households_planned']) IS NULL, NULL, toInt64OrNull(attrs['households_moved']))) AS numerator,
       arrayWithConstant(@periods, if(toInt64OrNull(attrs['households_moved']) IS NULL OR toInt64OrNull(attrs['households_planned']) IS NULL, NULL, toInt64OrNull(attrs['households_planned']))) AS denominator,
       arrayMap((p_day, p_from) -> toUInt8(ifNull((as_of <= p_day), 0)), @days, @froms) AS counted
FROM dwd.programme_status AS r
WHERE (programme = 'yellow_river_relocation');

-- I-10-02 应急救援队伍覆盖率 (%)
-- row 10.2, rule version 1, 100 × Σ numerator ÷ Σ denominator; units T, published P, C, X, T; every month from 2021-01
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1) -> toUInt8(h1), @days, @froms, arrayResize(h1.x_have, @periods)) AS numerator,
       arrayWithConstant(@periods, toUInt8(1)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS x_key, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull((valid_from IS NULL OR valid_from <= p_day) AND (valid_to IS NULL OR valid_to > p_day), 0)), @days, @froms)) AS x_have
    FROM dwd.organization
    WHERE (org_kind = 'emergency_team')
    GROUP BY x_key
) AS h1 ON h1.x_key = d.division_code
WHERE d.level IN ('township') AND d.kind = 'civil';

-- I-10-03 应急预案体系健全率 (%)
-- row 10.3, rule version 1, 100 × Σ numerator ÷ Σ denominator; units T, published P, C, X, T; every month from 2021-01
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1, h2, h3) -> toUInt8(h1
           AND h2
           AND h3), @days, @froms, arrayResize(h1.x_have, @periods), arrayResize(h2.x_have, @periods), arrayResize(h3.x_have, @periods)) AS numerator,
       arrayWithConstant(@periods, toUInt8(1)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS x_key, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull((issued_on <= p_day), 0)), @days, @froms)) AS x_have
    FROM dwd.emergency_plan
    WHERE (record_kind = 'plan') AND (plan_kind = 'comprehensive')
    GROUP BY x_key
) AS h1 ON h1.x_key = d.division_code
LEFT JOIN
(
    SELECT division_code AS x_key, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull((issued_on <= p_day), 0)), @days, @froms)) AS x_have
    FROM dwd.emergency_plan
    WHERE (record_kind = 'plan') AND (plan_kind = 'flood')
    GROUP BY x_key
) AS h2 ON h2.x_key = d.division_code
LEFT JOIN
(
    SELECT division_code AS x_key, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull((issued_on <= p_day), 0)), @days, @froms)) AS x_have
    FROM dwd.emergency_plan
    WHERE (record_kind = 'plan') AND (plan_kind = 'fire')
    GROUP BY x_key
) AS h3 ON h3.x_key = d.division_code
WHERE d.level IN ('township') AND d.kind = 'civil';

-- I-10-04 年度综合应急预案演练覆盖率 (%)
-- row 10.4, rule version 1, 100 × Σ numerator ÷ Σ denominator; units T, published P, C, X, T; every month from 2021-01, to date since the beginning of the year
SELECT d.division_code AS division_code,
       arrayResize(e.drilled, @periods) AS numerator,
       arrayWithConstant(@periods, 1) AS denominator,
       arrayWithConstant(@periods, 1) AS counted
FROM dwd.division AS d
LEFT JOIN (
    SELECT toFixedString(rightPad(toString(township), 12, '0'), 12) AS place, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull(drill_on >= p_from AND drill_on <= p_day, 0)), @days, @froms)) AS drilled
    FROM (
        SELECT arrayJoin(arrayFilter(c -> length(c) IN (9, 12), arrayPushBack(joint_divisions, toString(division_code)))) AS township, drill_on
        FROM dwd.emergency_plan
        WHERE record_kind = 'drill' AND plan_kind = 'comprehensive'
    )
    GROUP BY place
) AS e ON e.place = d.division_code
WHERE d.level = 'township' AND d.kind = 'civil';

-- I-10-05 应急物资储备站点覆盖率 (%)
-- row 10.5, rule version 1, 100 × Σ numerator ÷ Σ denominator; units T, published P, C, X, T; every month from 2021-01
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1) -> toUInt8(h1), @days, @froms, arrayResize(h1.x_have, @periods)) AS numerator,
       arrayWithConstant(@periods, toUInt8(1)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS x_key, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull((valid_from IS NULL OR valid_from <= p_day) AND (valid_to IS NULL OR valid_to > p_day), 0)), @days, @froms)) AS x_have
    FROM dwd.facility
    WHERE (facility_kind = 'emergency_stockpoint')
    GROUP BY x_key
) AS h1 ON h1.x_key = d.division_code
WHERE d.level IN ('township') AND d.kind = 'civil';

-- I-10-06 应急物资满足率 (%)
-- row 10.6, rule version 1, 100 × Σ numerator ÷ Σ denominator; units T, published P, C, X, T; every month from 2021-01
SELECT toFixedString(rightPad(substring(toString(division_code), 1, 9), 12, '0'), 12) AS division_code,
       arrayWithConstant(@periods, if(required_qty IS NULL, NULL, toUInt8(ifNull(qty >= required_qty, 0)))) AS numerator,
       arrayWithConstant(@periods, if(required_qty IS NULL, NULL, 1)) AS denominator,
       arrayMap((p_day, p_from) -> toUInt8(ifNull((as_of <= p_day) AND ((expires_on IS NULL OR expires_on > p_day)), 0)), @days, @froms) AS counted
FROM dwd.emergency_stock AS r;

-- I-10-07 村级应急预案覆盖率 (%)
-- row 10.7, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every month from 2021-01
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1) -> toUInt8(h1), @days, @froms, arrayResize(h1.x_have, @periods)) AS numerator,
       arrayWithConstant(@periods, toUInt8(1)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS x_key, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull((issued_on <= p_day), 0)), @days, @froms)) AS x_have
    FROM dwd.emergency_plan
    WHERE (record_kind = 'plan')
    GROUP BY x_key
) AS h1 ON h1.x_key = d.division_code
WHERE d.level IN ('village') AND d.kind = 'civil';

-- I-10-08 村级应急力量纳入联战占比 (%)
-- row 10.8, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every month from 2021-01
SELECT division_code AS division_code,
       arrayMap((p_day, p_from, h1) -> toUInt8(h1), @days, @froms, arrayResize(h1.x_have, @periods)) AS numerator,
       arrayWithConstant(@periods, 1) AS denominator,
       arrayMap((p_day, p_from) -> toUInt8(ifNull((valid_from IS NULL OR valid_from <= p_day) AND (valid_to IS NULL OR valid_to > p_day), 0)), @days, @froms) AS counted
FROM dwd.organization AS r
LEFT JOIN
(
    SELECT from_org AS x_key, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull((valid_from IS NULL OR valid_from <= p_day) AND (valid_to IS NULL OR valid_to > p_day), 0)), @days, @froms)) AS x_have
    FROM dwd.org_relation
    WHERE (kind = 'joint_response')
    GROUP BY x_key
) AS h1 ON h1.x_key = org_id
WHERE (org_kind = 'emergency_team');

-- I-10-10 购买服务指导目录纳入应急占比 (%)
-- row 10.10, rule version 1, 100 × Σ numerator ÷ Σ denominator; units each, published P, C, X; every month from 2021-01
SELECT division_code AS division_code,
       arrayMap((p_day, p_from, h1) -> toUInt8(h1), @days, @froms, arrayResize(h1.x_have, @periods)) AS numerator,
       arrayWithConstant(@periods, 1) AS denominator,
       arrayMap((p_day, p_from) -> toUInt8(ifNull((valid_to IS NULL OR valid_to > p_day), 0)), @days, @froms) AS counted
FROM dwd.list_register AS r
LEFT JOIN
(
    SELECT list_id AS x_key, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull((valid_from IS NULL OR valid_from <= p_day) AND (valid_to IS NULL OR valid_to > p_day), 0)), @days, @froms)) AS x_have
    FROM dwd.list_item
    WHERE (name LIKE '%应急%' OR name LIKE '%安全生产%')
    GROUP BY x_key
) AS h1 ON h1.x_key = list_id
WHERE (kind = 'purchase_guidance');

-- I-10-11 社会救援力量签约乡镇占比 (%)
-- row 10.11, rule version 1, 100 × Σ numerator ÷ Σ denominator; units T, published P, C, X, T; every month from 2021-01
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1) -> toUInt8(h1), @days, @froms, arrayResize(h1.x_have, @periods)) AS numerator,
       arrayWithConstant(@periods, toUInt8(1)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS x_key, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull((start_on <= p_day) AND ((end_on IS NULL OR end_on >= p_day)), 0)), @days, @froms)) AS x_have
    FROM dwd.contract
    WHERE (kind = 'emergency_service')
    GROUP BY x_key
) AS h1 ON h1.x_key = d.division_code
WHERE d.level IN ('township') AND d.kind = 'civil';

-- I-11-01 先改制后改社区合规率 (%)
-- row 11.1, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; every month from 2021-01
SELECT toFixedString(rightPad(substring(toString(division_code), 1, 6), 12, '0'), 12) AS division_code,
       arrayWithConstant(@periods, toUInt8(ifNull(property_reform_on <= converted_on, 0))) AS numerator,
       arrayWithConstant(@periods, 1) AS denominator,
       arrayMap((p_day, p_from) -> toUInt8(ifNull((converted_on <= p_day), 0)), @days, @froms) AS counted
FROM dwd.village_conversion_case AS r
WHERE (converted_on IS NOT NULL);

-- I-11-02 改社区条件全部满足率 (%)
-- row 11.2, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; every month from 2021-01
SELECT toFixedString(rightPad(substring(toString(division_code), 1, 6), 12, '0'), 12) AS division_code,
       arrayWithConstant(@periods, toUInt8(ifNull(notEmpty(conditions_met) AND countEqual(conditions_met, 'yes') = length(conditions_met), 0))) AS numerator,
       arrayWithConstant(@periods, 1) AS denominator,
       arrayMap((p_day, p_from) -> toUInt8(ifNull((approved_on <= p_day), 0)), @days, @froms) AS counted
FROM dwd.village_conversion_case AS r
WHERE (approved_on IS NOT NULL);

-- I-11-03 四步五部门合规率 (%)
-- row 11.3, rule version 2, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; every month from 2021-01
SELECT toFixedString(rightPad(substring(toString(division_code), 1, 6), 12, '0'), 12) AS division_code,
       arrayWithConstant(@periods, toUInt8(ifNull(stages_no = ['1', '2', '3', '4'] AND length(stages_done_on) = 4 AND NOT has(stages_done_on, '') AND stages_done_on = arraySort(stages_done_on) AND length(dept_opinions_opinion) = length(dept_opinions_dept) AND NOT has(dept_opinions_opinion, '') AND hasAll(dept_opinions_dept, ['civil_affairs', 'organisation', 'agriculture', 'natural_resources', 'finance']), 0))) AS numerator,
       arrayWithConstant(@periods, 1) AS denominator,
       arrayMap((p_day, p_from) -> toUInt8(ifNull((approved_on <= p_day), 0)), @days, @froms) AS counted
FROM dwd.village_conversion_case AS r
WHERE (approved_on IS NOT NULL);

-- I-11-04 村改社区排查率 (%)
-- row 11.4, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; every month from 2021-01
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1) -> toUInt8(h1), @days, @froms, arrayResize(h1.x_have, @periods)) AS numerator,
       arrayWithConstant(@periods, toUInt8(1)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS x_key, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull((as_of <= p_day), 0)), @days, @froms)) AS x_have
    FROM dwd.programme_status
    WHERE (programme = 'conversion_screening') AND (status = 'recognised')
    GROUP BY x_key
) AS h1 ON h1.x_key = d.division_code
WHERE d.level IN ('county') AND d.kind = 'civil';

-- I-11-05 村改社区五项任务完成率 (%)
-- row 11.5, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; every month from 2021-01
SELECT toFixedString(rightPad(substring(toString(division_code), 1, 6), 12, '0'), 12) AS division_code,
       toUInt8(ifNull(length(arrayDistinct(tasks)) = 5, 0)) AS numerator,
       1 AS denominator
FROM dwd.village_conversion_case;

-- I-12-01 乡镇编制空缺率 (%)
-- row 12.1, rule version 1, 100 × Σ numerator ÷ Σ denominator; units T, published P, C, X, T; every month from 2021-01, to date since the beginning of the year
SELECT d.division_code AS division_code,
       arrayMap((q, a) -> if(q IS NULL OR a IS NULL, NULL, q - a), arrayResize(s.quota, @periods), arrayResize(s.actual, @periods)) AS numerator,
       arrayMap((q, a) -> if(q IS NULL OR a IS NULL, NULL, q), arrayResize(s.quota, @periods), arrayResize(s.actual, @periods)) AS denominator,
       arrayWithConstant(@periods, 1) AS counted
FROM dwd.division AS d
LEFT JOIN (
    SELECT division_code,
           argMaxForEach(arrayMap((p_day, p_from) -> if(measure = 'staff_quota' AND period_start >= p_from AND period_start <= p_day, toNullable(value), NULL), @days, @froms), arrayWithConstant(@periods, period_start)) AS quota,
           argMaxForEach(arrayMap((p_day, p_from) -> if(measure = 'staff_actual' AND period_start >= p_from AND period_start <= p_day, toNullable(value), NULL), @days, @froms), arrayWithConstant(@periods, period_start)) AS actual
    FROM dwd.stat_fact
    WHERE family = 'establishment' AND measure IN ('staff_quota', 'staff_actual') AND breakdown = ''
    GROUP BY division_code
) AS s ON s.division_code = d.division_code
WHERE d.level = 'township' AND d.kind = 'civil';

-- I-12-01b 招录计划投向空编乡镇占比 (%)
-- row 12.1, rule version 1, 100 × Σ numerator ÷ Σ denominator; units T, published P, C, X, T; every month from 2021-01, to date since the beginning of the year
SELECT division_code,
       arrayMap((q, a, i) -> if(q IS NULL OR a IS NULL, NULL, if(q > a, i, 0)), quota, actual, intake) AS numerator,
       arrayMap((q, a, i) -> if(q IS NULL OR a IS NULL, NULL, i), quota, actual, intake) AS denominator,
       arrayMap(i -> toUInt8(i IS NOT NULL), intake) AS counted
FROM (
    SELECT division_code,
           argMaxForEach(arrayMap((p_day, p_from) -> if(measure = 'staff_quota' AND period_start >= p_from AND period_start <= p_day, toNullable(value), NULL), @days, @froms), arrayWithConstant(@periods, period_start)) AS quota,
           argMaxForEach(arrayMap((p_day, p_from) -> if(measure = 'staff_actual' AND period_start >= p_from AND period_start <= p_day, toNullable(value), NULL), @days, @froms), arrayWithConstant(@periods, period_start)) AS actual,
           argMaxForEach(arrayMap((p_day, p_from) -> if(measure = 'plan_intake' AND period_start >= p_from AND period_start <= p_day, toNullable(value), NULL), @days, @froms), arrayWithConstant(@periods, period_start)) AS intake
    FROM dwd.stat_fact
    WHERE family = 'establishment' AND measure IN ('staff_quota', 'staff_actual', 'plan_intake') AND breakdown = ''
      AND substring(toString(division_code), 7, 3) != '000' AND substring(toString(division_code), 10, 3) = '000'
    GROUP BY division_code
);

-- I-12-03 条线辅助人员统筹率 (%)
-- row 12.3, rule version 1, 100 × Σ numerator ÷ Σ denominator; units T, published P, C, X, T; every month from 2021-01, to date since the beginning of the year
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1, h2) -> if(h1 IS NULL OR h2 IS NULL, NULL, h1), @days, @froms, arrayResize(n.x_value, @periods), arrayResize(m.x_value, @periods)) AS numerator,
       arrayMap((p_day, p_from, h1, h2) -> if(h1 IS NULL OR h2 IS NULL, NULL, h2), @days, @froms, arrayResize(n.x_value, @periods), arrayResize(m.x_value, @periods)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS x_unit, argMaxForEach(arrayMap((p_day, p_from) -> if(ifNull((period_start >= p_from) AND (period_start <= p_day), 0), toNullable(value), NULL), @days, @froms), arrayWithConstant(@periods, period_start)) AS x_value
    FROM dwd.stat_fact
    WHERE (family = 'workforce') AND (measure = 'auxiliary') AND (breakdown = 'unified=yes')
    GROUP BY x_unit
) AS n ON n.x_unit = d.division_code
LEFT JOIN
(
    SELECT division_code AS x_unit, argMaxForEach(arrayMap((p_day, p_from) -> if(ifNull((period_start >= p_from) AND (period_start <= p_day), 0), toNullable(value), NULL), @days, @froms), arrayWithConstant(@periods, period_start)) AS x_value
    FROM dwd.stat_fact
    WHERE (family = 'workforce') AND (measure = 'auxiliary') AND (breakdown = '')
    GROUP BY x_unit
) AS m ON m.x_unit = d.division_code
WHERE d.level IN ('township') AND d.kind = 'civil';

-- I-12-04 书记备案率 (%)
-- row 12.4, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; every month from 2021-01
SELECT toFixedString(rightPad(substring(toString(division_code), 1, 6), 12, '0'), 12) AS division_code,
       arrayMap((p_day, p_from) -> toUInt8(ifNull(filed_on IS NOT NULL AND filed_on <= p_day, 0)), @days, @froms) AS numerator,
       arrayWithConstant(@periods, 1) AS denominator,
       arrayMap((p_day, p_from) -> toUInt8(ifNull((spell_from <= p_day) AND ((spell_to IS NULL OR spell_to > p_day)), 0)), @days, @froms) AS counted
FROM dwd.workforce_post AS r
WHERE (post_kind = 'village_party_secretary');

-- I-12-06 社区工作者备案率 (%)
-- row 12.6, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; every month from 2021-01
SELECT toFixedString(rightPad(substring(toString(division_code), 1, 6), 12, '0'), 12) AS division_code,
       arrayMap((p_day, p_from) -> toUInt8(ifNull(filed_on IS NOT NULL AND filed_on <= p_day, 0)), @days, @froms) AS numerator,
       arrayWithConstant(@periods, 1) AS denominator,
       arrayMap((p_day, p_from) -> toUInt8(ifNull((spell_from <= p_day) AND ((spell_to IS NULL OR spell_to > p_day)), 0)), @days, @froms) AS counted
FROM dwd.workforce_post AS r
WHERE (post_kind = 'community_worker');

-- I-12-07 每万城镇常住人口社区工作者数 (人/万人)
-- row 12.7, rule version 1, 10000 × Σ numerator ÷ Σ denominator; units X, published P, C, X; every month from 2021-01
SELECT d.division_code AS division_code,
       arrayMap((a, b) -> if(a IS NULL OR b IS NULL, NULL, a), arrayResize(w.n, @periods), arrayResize(p.n, @periods)) AS numerator,
       arrayMap((a, b) -> if(a IS NULL OR b IS NULL, NULL, b), arrayResize(w.n, @periods), arrayResize(p.n, @periods)) AS denominator,
       arrayWithConstant(@periods, 1) AS counted
FROM dwd.division AS d
LEFT JOIN (
    SELECT division_code, argMaxForEach(arrayMap((p_day, p_from) -> if(addMonths(period_start, 3) > subtractYears(p_day + 1, 1) AND addMonths(period_start, 3) <= p_day + 1, toNullable(value), NULL), @days, @froms), arrayWithConstant(@periods, period_start)) AS n
    FROM dwd.stat_fact
    WHERE family = 'workforce' AND measure = 'community_workers' AND period_kind = 'Q' AND breakdown = ''
    GROUP BY division_code
) AS w ON w.division_code = d.division_code
LEFT JOIN (
    SELECT division_code, argMaxForEach(arrayMap((p_day, p_from) -> if(addMonths(period_start, 3) > subtractYears(p_day + 1, 1) AND addMonths(period_start, 3) <= p_day + 1, toNullable(value), NULL), @days, @froms), arrayWithConstant(@periods, period_start)) AS n
    FROM dwd.stat_fact
    WHERE family = 'population' AND measure = 'urban_resident_population' AND period_kind = 'Q' AND breakdown = ''
    GROUP BY division_code
) AS p ON p.division_code = d.division_code
WHERE d.level = 'county' AND d.kind = 'civil';

-- I-12-08 社区工作者定级率 (%)
-- row 12.8, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; every month from 2021-01
SELECT toFixedString(rightPad(substring(toString(division_code), 1, 6), 12, '0'), 12) AS division_code,
       arrayWithConstant(@periods, toUInt8(ifNull(grade_code IS NOT NULL, 0))) AS numerator,
       arrayWithConstant(@periods, 1) AS denominator,
       arrayMap((p_day, p_from) -> toUInt8(ifNull((spell_from <= p_day) AND ((spell_to IS NULL OR spell_to > p_day)), 0)), @days, @froms) AS counted
FROM dwd.workforce_post AS r
WHERE (post_kind = 'community_worker');

-- I-12-10 基层干部轮训率 (%)
-- row 12.10, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; every month from 2021-01, to date since the beginning of the year
SELECT division_code,
       arrayMap((a, b) -> if(a IS NULL OR b IS NULL, NULL, a), reached, meant) AS numerator,
       arrayMap((a, b) -> if(a IS NULL OR b IS NULL, NULL, b), reached, meant) AS denominator,
       counted
FROM (
    SELECT division_code,
           argMaxForEach(arrayMap((p_day, p_from) -> if(measure = 'trained_persons' AND period_start >= p_from AND period_start <= p_day, toNullable(value), NULL), @days, @froms), arrayWithConstant(@periods, period_start)) AS reached,
           argMaxForEach(arrayMap((p_day, p_from) -> if(measure = 'target_n' AND period_start >= p_from AND period_start <= p_day, toNullable(value), NULL), @days, @froms), arrayWithConstant(@periods, period_start)) AS meant,
           maxForEach(arrayMap((p_day, p_from) -> toUInt8(period_start >= p_from AND period_start <= p_day), @days, @froms)) AS counted
    FROM dwd.stat_fact
    WHERE family = 'training' AND measure IN ('trained_persons', 'target_n')
      AND division_code LIKE '37____000000' AND division_code NOT LIKE '37__00000000'
    GROUP BY division_code, breakdown
);

-- I-12-12 书记选育管用机制覆盖率 (%)
-- row 12.12, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; every month from 2021-01
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1) -> toUInt8(h1), @days, @froms, arrayResize(h1.x_have, @periods)) AS numerator,
       arrayWithConstant(@periods, toUInt8(1)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS x_key, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull((valid_from IS NULL OR valid_from <= p_day) AND (valid_to IS NULL OR valid_to > p_day), 0)), @days, @froms)) AS x_have
    FROM dwd.mechanism
    WHERE (kind = 'secretary_selection_and_development')
    GROUP BY x_key
) AS h1 ON h1.x_key = d.division_code
WHERE d.level IN ('county') AND d.kind = 'civil';

-- I-13-01 乡镇财力保障机制覆盖率 (%)
-- row 13.1, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; every month from 2021-01
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1) -> toUInt8(h1), @days, @froms, arrayResize(h1.x_have, @periods)) AS numerator,
       arrayWithConstant(@periods, toUInt8(1)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS x_key, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull((valid_from IS NULL OR valid_from <= p_day) AND (valid_to IS NULL OR valid_to > p_day), 0)), @days, @froms)) AS x_have
    FROM dwd.mechanism
    WHERE (kind = 'township_fiscal_guarantee')
    GROUP BY x_key
) AS h1 ON h1.x_key = d.division_code
WHERE d.level IN ('county') AND d.kind = 'civil';

-- I-13-02 对乡镇转移支付增长 (%)
-- row 13.2, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; every year from 2021
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1, h2) -> if(h1 IS NULL OR h2 IS NULL, NULL, h1), @days, @froms, arrayResize(n.x_value, @periods), arrayResize(m.x_value, @periods)) AS numerator,
       arrayMap((p_day, p_from, h1, h2) -> if(h1 IS NULL OR h2 IS NULL, NULL, h2), @days, @froms, arrayResize(n.x_value, @periods), arrayResize(m.x_value, @periods)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS x_unit, sumForEach(arrayMap((p_day, p_from) -> if(ifNull((fiscal_year = toYear(p_day)), 0), toNullable(amount_yuan), NULL), @days, @froms)) AS x_value
    FROM dwd.fiscal_fact
    WHERE (subject = 'transfer_to_township')
    GROUP BY x_unit
) AS n ON n.x_unit = d.division_code
LEFT JOIN
(
    SELECT division_code AS x_unit, sumForEach(arrayMap((p_day, p_from) -> if(ifNull((fiscal_year = toYear(p_day) - 1), 0), toNullable(amount_yuan), NULL), @days, @froms)) AS x_value
    FROM dwd.fiscal_fact
    WHERE (subject = 'transfer_to_township')
    GROUP BY x_unit
) AS m ON m.x_unit = d.division_code
WHERE d.level IN ('county') AND d.kind = 'civil';

-- I-13-03 乡镇基本支出保障系数 (比)
-- row 13.3, rule version 1, 1 × Σ numerator ÷ Σ denominator; units T, published P, C, X, T; every year from 2021
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1, h2) -> if(h1 IS NULL OR h2 IS NULL, NULL, h1), @days, @froms, arrayResize(n.x_value, @periods), arrayResize(m.x_value, @periods)) AS numerator,
       arrayMap((p_day, p_from, h1, h2) -> if(h1 IS NULL OR h2 IS NULL, NULL, h2), @days, @froms, arrayResize(n.x_value, @periods), arrayResize(m.x_value, @periods)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS x_unit, sumForEach(arrayMap((p_day, p_from) -> if(ifNull((fiscal_year = toYear(p_day)), 0), toNullable(amount_yuan), NULL), @days, @froms)) AS x_value
    FROM dwd.fiscal_fact
    WHERE (subject IN ('own_resources', 'transfer_to_township'))
    GROUP BY x_unit
) AS n ON n.x_unit = d.division_code
LEFT JOIN
(
    SELECT division_code AS x_unit, sumForEach(arrayMap((p_day, p_from) -> if(ifNull((fiscal_year = toYear(p_day)), 0), toNullable(amount_yuan), NULL), @days, @froms)) AS x_value
    FROM dwd.fiscal_fact
    WHERE (subject = 'basic_expenditure')
    GROUP BY x_unit
) AS m ON m.x_unit = d.division_code
WHERE d.level IN ('township') AND d.kind = 'civil';

-- I-13-04 财政困难县获市级补助占比 (%)
-- row 13.4, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; every year from 2021
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1) -> toUInt8(h1), @days, @froms, arrayResize(h1.x_have, @periods)) AS numerator,
       arrayWithConstant(@periods, toUInt8(1)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS x_key, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull((fiscal_year = toYear(p_day)), 0)), @days, @froms)) AS x_have
    FROM dwd.fiscal_fact
    WHERE (subject = 'city_subsidy') AND (amount_yuan > 0)
    GROUP BY x_key
) AS h1 ON h1.x_key = d.division_code
WHERE d.level IN ('county') AND d.kind = 'civil'
  AND (fiscal_difficulty = 'yes');

-- I-13-06 城市社区两委成员补助足额率 (%)
-- row 13.6, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; every year from 2021
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1, h2) -> if(h1 IS NULL OR h2 IS NULL, NULL, h1), @days, @froms, arrayResize(n.x_value, @periods), arrayResize(m.x_value, @periods)) AS numerator,
       arrayMap((p_day, p_from, h1, h2) -> if(h1 IS NULL OR h2 IS NULL, NULL, h2), @days, @froms, arrayResize(n.x_value, @periods), arrayResize(m.x_value, @periods)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS x_unit, sumForEach(arrayMap((p_day, p_from) -> if(ifNull((fiscal_year = toYear(p_day)), 0), toNullable(paid_yuan), NULL), @days, @froms)) AS x_value
    FROM dwd.fiscal_fact
    WHERE (subject = 'committee_subsidy')
    GROUP BY x_unit
) AS n ON n.x_unit = d.division_code
LEFT JOIN
(
    SELECT division_code AS x_unit, sumForEach(arrayMap((p_day, p_from) -> if(ifNull((fiscal_year = toYear(p_day)), 0), toNullable(entitled_yuan), NULL), @days, @froms)) AS x_value
    FROM dwd.fiscal_fact
    WHERE (subject = 'committee_subsidy')
    GROUP BY x_unit
) AS m ON m.x_unit = d.division_code
WHERE d.level IN ('county') AND d.kind = 'civil';

-- I-13-07 社区服务群众专项经费落实率 (%)
-- row 13.7, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every year from 2021
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1) -> toUInt8(h1), @days, @froms, arrayResize(h1.x_have, @periods)) AS numerator,
       arrayWithConstant(@periods, toUInt8(1)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS x_key, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull((fiscal_year = toYear(p_day)), 0)), @days, @froms)) AS x_have
    FROM dwd.fiscal_fact
    WHERE (subject = 'community_party_service_fund') AND (amount_yuan > 0)
    GROUP BY x_key
) AS h1 ON h1.x_key = d.division_code
WHERE d.level IN ('village') AND d.kind = 'civil'
  AND (village_class = 'residents_committee');

-- I-13-08 村级运转经费补助覆盖率 (%)
-- row 13.8, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every year from 2021
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1) -> toUInt8(h1), @days, @froms, arrayResize(h1.x_have, @periods)) AS numerator,
       arrayWithConstant(@periods, toUInt8(1)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS x_key, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull((fiscal_year = toYear(p_day)), 0)), @days, @froms)) AS x_have
    FROM dwd.fiscal_fact
    WHERE (subject = 'village_operating') AND (amount_yuan > 0)
    GROUP BY x_key
) AS h1 ON h1.x_key = d.division_code
WHERE d.level IN ('village') AND d.kind = 'civil'
  AND (village_class = 'village_committee');

-- I-13-10 乡镇综合服务设施达标率 (%)
-- row 13.10, rule version 1, 100 × Σ numerator ÷ Σ denominator; units T, published P, C, X, T; every month from 2021-01
SELECT d.division_code AS division_code, if(f.area IS NULL, NULL, f.area >= 1000) AS numerator, if(f.area IS NULL, NULL, 1) AS denominator
FROM dwd.division AS d
LEFT JOIN (
    SELECT division_code, sum(area_m2) AS area
    FROM dwd.facility
    WHERE facility_kind = 'township_service_centre'
    GROUP BY division_code
) AS f ON f.division_code = d.division_code
WHERE d.level = 'township' AND d.kind = 'civil';

-- I-13-11 已建成城市社区综合服务设施达标率 (%)
-- row 13.11, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every month from 2021-01
SELECT division_code,
       if(site_type IS NULL OR area_m2 IS NULL, NULL, area_m2 >= 300) AS numerator,
       if(site_type IS NULL OR area_m2 IS NULL, NULL, 1) AS denominator
FROM dwd.facility
WHERE facility_kind = 'village_service_complex'
  AND (site_type IS NULL OR site_type = 'built_urban')
  AND division_code IN (SELECT division_code FROM dwd.division WHERE level = 'village' AND kind != 'virtual');

-- I-13-12 新建城市社区和中心村综合服务设施达标率 (%)
-- row 13.12, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every month from 2021-01
SELECT division_code,
       if(site_type IS NULL OR area_m2 IS NULL, NULL, area_m2 >= 500) AS numerator,
       if(site_type IS NULL OR area_m2 IS NULL, NULL, 1) AS denominator
FROM dwd.facility
WHERE facility_kind = 'village_service_complex'
  AND (site_type IS NULL OR site_type IN ('new_urban', 'central_village'))
  AND division_code IN (SELECT division_code FROM dwd.division WHERE level = 'village' AND kind != 'virtual');

-- I-13-13 非中心村综合服务设施达标率 (%)
-- row 13.13, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every month from 2021-01
SELECT division_code,
       if(site_type IS NULL OR area_m2 IS NULL, NULL, area_m2 >= 100) AS numerator,
       if(site_type IS NULL OR area_m2 IS NULL, NULL, 1) AS denominator
FROM dwd.facility
WHERE facility_kind = 'village_service_complex'
  AND (site_type IS NULL OR site_type = 'non_central_village')
  AND division_code IN (SELECT division_code FROM dwd.division WHERE level = 'village' AND kind != 'virtual');

-- I-13-14 每百户 30 平方米且不低于基数达标率 (%)
-- row 13.14, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every month from 2021-01
SELECT f.division_code AS division_code,
       arrayMap(n -> if(f.site_type IS NULL OR f.area_m2 IS NULL OR n IS NULL, NULL,
          f.area_m2 >= multiIf(f.site_type = 'built_urban', 300, f.site_type IN ('new_urban', 'central_village'), 500, 100)
          AND f.area_m2 * 10 >= n * 3), arrayResize(h.households, @periods)) AS numerator,
       arrayMap(n -> if(f.site_type IS NULL OR f.area_m2 IS NULL OR n IS NULL, NULL, 1), arrayResize(h.households, @periods)) AS denominator,
       arrayWithConstant(@periods, 1) AS counted
FROM dwd.facility AS f
LEFT JOIN (
    SELECT division_code, argMaxForEach(arrayMap((p_day, p_from) -> if(period_start > subtractYears(p_day, 1) AND period_start <= p_day, toNullable(value), NULL), @days, @froms), arrayWithConstant(@periods, period_start)) AS households
    FROM dwd.stat_fact
    WHERE family = 'population' AND measure = 'resident_households' AND period_kind = 'M' AND breakdown = ''
    GROUP BY division_code
) AS h ON h.division_code = f.division_code
WHERE f.facility_kind = 'village_service_complex'
  AND (f.site_type IS NULL OR f.site_type IN ('built_urban', 'new_urban', 'central_village', 'non_central_village'))
  AND f.division_code IN (SELECT division_code FROM dwd.division WHERE level = 'village' AND kind != 'virtual');

-- I-13-15 直接服务面积占比达标率 (%)
-- row 13.15, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every month from 2021-01
SELECT division_code,
       if(area_m2 IS NULL OR direct_service_area_m2 IS NULL OR direct_service_area_m2 > area_m2, NULL,
          direct_service_area_m2 * 10 >= area_m2 * 7) AS numerator,
       if(area_m2 IS NULL OR direct_service_area_m2 IS NULL OR direct_service_area_m2 > area_m2, NULL, 1) AS denominator
FROM dwd.facility
WHERE facility_kind = 'village_service_complex'
  AND division_code IN (SELECT division_code FROM dwd.division WHERE level = 'village' AND kind != 'virtual');

-- I-13-16 党群服务中心覆盖率 (%)
-- row 13.16, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every month from 2021-01
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1) -> toUInt8(h1), @days, @froms, arrayResize(h1.x_have, @periods)) AS numerator,
       arrayWithConstant(@periods, toUInt8(1)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS x_key, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull((valid_from IS NULL OR valid_from <= p_day) AND (valid_to IS NULL OR valid_to > p_day), 0)), @days, @froms)) AS x_have
    FROM dwd.facility
    WHERE (is_party_mass_centre = 'yes')
    GROUP BY x_key
) AS h1 ON h1.x_key = d.division_code
WHERE d.level IN ('village') AND d.kind = 'civil';

-- I-13-17 网格党群服务站占比 (%)
-- row 13.17, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every month from 2021-01
SELECT division_code AS division_code,
       arrayMap((p_day, p_from, h1) -> toUInt8(h1), @days, @froms, arrayResize(h1.x_have, @periods)) AS numerator,
       arrayWithConstant(@periods, 1) AS denominator,
       arrayMap((p_day, p_from) -> toUInt8(ifNull((valid_from IS NULL OR valid_from <= p_day) AND (valid_to IS NULL OR valid_to > p_day), 0)), @days, @froms) AS counted
FROM dwd.grid AS r
LEFT JOIN
(
    SELECT grid_id AS x_key, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull((valid_from IS NULL OR valid_from <= p_day) AND (valid_to IS NULL OR valid_to > p_day), 0)), @days, @froms)) AS x_have
    FROM dwd.facility
    WHERE (facility_kind = 'party_mass_station')
    GROUP BY x_key
) AS h1 ON h1.x_key = grid_id;

-- I-14-01 乡镇职责任务清单覆盖率 (%)
-- row 14.1, rule version 1, 100 × Σ numerator ÷ Σ denominator; units T, published P, C, X, T; every month from 2021-01
WITH lists AS (
    SELECT toString(division_code) AS place, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull(valid_to IS NULL OR valid_to > p_day, 0)), @days, @froms)) AS current
    FROM dwd.list_register
    WHERE kind = 'township_duty'
    GROUP BY place
)
SELECT d.division_code AS division_code,
       arrayMap((a, b) -> toUInt8(a OR b), arrayResize(own.current, @periods), arrayResize(county.current, @periods)) AS numerator,
       arrayWithConstant(@periods, 1) AS denominator,
       arrayWithConstant(@periods, 1) AS counted
FROM dwd.division AS d
LEFT JOIN lists AS own ON own.place = toString(d.division_code)
LEFT JOIN lists AS county ON county.place = concat(substring(toString(d.division_code), 1, 6), '000000')
WHERE d.level = 'township' AND d.kind = 'civil';

-- I-14-02 属地管理事项衔接率 (%)
-- row 14.2, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; every month from 2021-01
SELECT toFixedString(rightPad(substring(toString(r.division_code), 1, 6), 12, '0'), 12) AS division_code,
       toUInt8(i.service_task_code IS NOT NULL) AS numerator,
       1 AS denominator
FROM dwd.list_item AS i
INNER JOIN dwd.list_register AS r ON r.list_id = i.list_id
WHERE r.kind = 'territorial_responsibility';

-- I-14-03 清单年度评估率 (%)
-- row 14.3, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; every month from 2021-01
SELECT toFixedString(rightPad(substring(toString(division_code), 1, 6), 12, '0'), 12) AS division_code,
       arrayMap((p_day, p_from) -> toUInt8(ifNull(reviewed_on > addMonths(p_day, -12), 0)), @days, @froms) AS numerator,
       arrayWithConstant(@periods, 1) AS denominator,
       arrayMap((p_day, p_from) -> toUInt8(ifNull((valid_to IS NULL OR valid_to > p_day), 0)), @days, @froms) AS counted
FROM dwd.list_register AS r
WHERE (kind IN ('township_duty', 'territorial_responsibility'));

-- I-14-04 清单外委托合规率 (%)
-- row 14.4, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; every month from 2021-01, to date since the beginning of the year
SELECT toFixedString(rightPad(substring(toString(division_code), 1, 6), 12, '0'), 12) AS division_code,
       arrayWithConstant(@periods, toUInt8(ifNull(approved_on <= raised_on AND township_consulted_on <= raised_on, 0))) AS numerator,
       arrayWithConstant(@periods, 1) AS denominator,
       arrayMap((p_day, p_from) -> toUInt8(ifNull((raised_on >= p_from) AND (raised_on <= p_day), 0)), @days, @froms) AS counted
FROM dwd.burden_record AS r
WHERE (kind = 'out_of_list_delegation');

-- I-14-05 社区工作准入清单覆盖率 (%)
-- row 14.5, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every month from 2021-01
WITH lists AS (
    SELECT toString(division_code) AS place, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull(valid_to IS NULL OR valid_to > p_day, 0)), @days, @froms)) AS current
    FROM dwd.list_register
    WHERE kind = 'community_access'
    GROUP BY place
)
SELECT d.division_code AS division_code,
       arrayMap((a, b) -> toUInt8(a OR b), arrayResize(own.current, @periods), arrayResize(county.current, @periods)) AS numerator,
       arrayWithConstant(@periods, 1) AS denominator,
       arrayWithConstant(@periods, 1) AS counted
FROM dwd.division AS d
LEFT JOIN lists AS own ON own.place = toString(d.division_code)
LEFT JOIN lists AS county ON county.place = concat(substring(toString(d.division_code), 1, 6), '000000')
WHERE d.level = 'village' AND d.kind = 'civil' AND d.village_class = 'residents_committee';

-- I-14-06 村级职责任务清单覆盖率 (%)
-- row 14.6, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every month from 2021-01
WITH lists AS (
    SELECT toString(division_code) AS place, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull(valid_to IS NULL OR valid_to > p_day, 0)), @days, @froms)) AS current
    FROM dwd.list_register
    WHERE kind = 'village_duty'
    GROUP BY place
)
SELECT d.division_code AS division_code,
       arrayMap((a, b) -> toUInt8(a OR b), arrayResize(own.current, @periods), arrayResize(county.current, @periods)) AS numerator,
       arrayWithConstant(@periods, 1) AS denominator,
       arrayWithConstant(@periods, 1) AS counted
FROM dwd.division AS d
LEFT JOIN lists AS own ON own.place = toString(d.division_code)
LEFT JOIN lists AS county ON county.place = concat(substring(toString(d.division_code), 1, 6), '000000')
WHERE d.level = 'village' AND d.kind = 'civil' AND d.village_class = 'village_committee';

-- I-14-07 转嫁村（社区）事项 (件)
-- row 14.7, rule version 1, 1 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every month from 2021-01, to date since the beginning of the year
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1) -> ifNull(h1, 0), @days, @froms, arrayResize(n.x_value, @periods)) AS numerator,
       arrayMap((p_day, p_from, h1) -> 1, @days, @froms, arrayResize(n.x_value, @periods)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS x_unit, sumForEach(arrayMap((p_day, p_from) -> if(ifNull((raised_on >= p_from) AND (raised_on <= p_day), 0), toNullable(1), NULL), @days, @froms)) AS x_value
    FROM dwd.burden_record
    WHERE (kind = 'shifted_duty')
    GROUP BY x_unit
) AS n ON n.x_unit = d.division_code
WHERE d.level IN ('village') AND d.kind = 'civil';

-- I-14-08 清单外表单占比 (%)
-- row 14.8, rule version 1, 100 × Σ numerator ÷ Σ denominator; units P, published P; every month from 2021-01
SELECT toFixedString(rightPad(substring(toString(toFixedString('370000000000', 12)), 1, 2), 12, '0'), 12) AS division_code,
       arrayWithConstant(@periods, toUInt8(ifNull(list_item_id IS NULL, 0))) AS numerator,
       arrayWithConstant(@periods, 1) AS denominator,
       arrayMap((p_day, p_from) -> toUInt8(ifNull((valid_from IS NULL OR valid_from <= p_day) AND (valid_to IS NULL OR valid_to > p_day), 0)), @days, @froms) AS counted
FROM dwd.collection_form AS r
WHERE (target_tier = 'V');

-- I-14-09 一票否决事项清单 (份)
-- row 14.9, rule version 1, 1 × Σ numerator ÷ Σ denominator; units C, published P, C; every month from 2021-01
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1) -> ifNull(h1, 0), @days, @froms, arrayResize(n.x_value, @periods)) AS numerator,
       arrayMap((p_day, p_from, h1) -> 1, @days, @froms, arrayResize(n.x_value, @periods)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS x_unit, sumForEach(arrayMap((p_day, p_from) -> if(ifNull((valid_to IS NULL OR valid_to > p_day), 0), toNullable(1), NULL), @days, @froms)) AS x_value
    FROM dwd.list_register
    WHERE (kind = 'one_vote_veto')
    GROUP BY x_unit
) AS n ON n.x_unit = d.division_code
WHERE d.level IN ('city') AND d.kind = 'civil';

-- I-14-10 综合性考核一年一次合规率 (%)
-- row 14.10, rule version 1, 100 × Σ numerator ÷ Σ denominator; units each, published P, C, X; every month from 2021-01, to date since the beginning of the year
SELECT d.division_code AS division_code,
       arrayMap(n -> toUInt8(n = 1), arrayResize(a.assessments, @periods)) AS numerator,
       arrayWithConstant(@periods, 1) AS denominator,
       arrayWithConstant(@periods, 1) AS counted
FROM dwd.division AS d
LEFT JOIN (
    SELECT division_code AS place, sumForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull(done_on >= p_from AND done_on <= p_day, 0)), @days, @froms)) AS assessments
    FROM dwd.assessment
    WHERE kind = 'comprehensive' AND NOT (ifNull(toString(exempt), '') IN ('yes', '1', 'true') AND exempt_doc IS NOT NULL AND exempt_doc != '')
    GROUP BY place
) AS a ON a.place = d.division_code
WHERE d.level IN ('township', 'village') AND d.kind = 'civil';

-- I-14-11 村均牌子数 (块)
-- row 14.11, rule version 1, 1 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every month from 2021-01
SELECT d.division_code AS division_code,
       ifNull(n.x_value, 0) AS numerator,
       1 AS denominator
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS x_unit, toNullable(count()) AS x_value
    FROM dwd.burden_record
    WHERE (kind = 'plaque') AND (resolved_on IS NULL)
    GROUP BY x_unit
) AS n ON n.x_unit = d.division_code
WHERE d.level IN ('village') AND d.kind = 'civil';

-- I-14-12 以机构牌子为依据的考核指标 (%)
-- row 14.12, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; every month from 2021-01
SELECT toFixedString(rightPad(substring(toString(r.division_code), 1, 6), 12, '0'), 12) AS division_code,
       if(i.uses_plaque IS NULL OR i.uses_plaque = 'unknown', NULL, i.uses_plaque = 'yes') AS numerator,
       if(i.uses_plaque IS NULL OR i.uses_plaque = 'unknown', NULL, 1) AS denominator
FROM dwd.list_item AS i
INNER JOIN dwd.list_register AS r ON r.list_id = i.list_id
WHERE r.kind = 'assessment_scheme';

-- I-14-13 群众满意度 (%)
-- row 14.13, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; every month from 2021-01, to date since the beginning of the year
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1, h2) -> if(h1 IS NULL OR h2 IS NULL, NULL, h1), @days, @froms, arrayResize(n.x_value, @periods), arrayResize(m.x_value, @periods)) AS numerator,
       arrayMap((p_day, p_from, h1, h2) -> if(h1 IS NULL OR h2 IS NULL, NULL, h2), @days, @froms, arrayResize(n.x_value, @periods), arrayResize(m.x_value, @periods)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS x_unit, argMaxForEach(arrayMap((p_day, p_from) -> if(ifNull((period_start >= p_from) AND (period_start <= p_day), 0), toNullable(value), NULL), @days, @froms), arrayWithConstant(@periods, period_start)) AS x_value
    FROM dwd.stat_fact
    WHERE (family = 'satisfaction') AND (measure = 'satisfied_n') AND (breakdown = '')
    GROUP BY x_unit
) AS n ON n.x_unit = d.division_code
LEFT JOIN
(
    SELECT division_code AS x_unit, argMaxForEach(arrayMap((p_day, p_from) -> if(ifNull((period_start >= p_from) AND (period_start <= p_day), 0), toNullable(value), NULL), @days, @froms), arrayWithConstant(@periods, period_start)) AS x_value
    FROM dwd.stat_fact
    WHERE (family = 'satisfaction') AND (measure = 'surveyed_n') AND (breakdown = '')
    GROUP BY x_unit
) AS m ON m.x_unit = d.division_code
WHERE d.level IN ('county') AND d.kind = 'civil';

-- I-14-14 评价结果公开率 (%)
-- row 14.14, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; every month from 2021-01
SELECT toFixedString(rightPad(substring(toString(division_code), 1, 6), 12, '0'), 12) AS division_code,
       arrayMap((p_day, p_from) -> toUInt8(ifNull(published_on IS NOT NULL AND published_on <= p_day, 0)), @days, @froms) AS numerator,
       arrayWithConstant(@periods, 1) AS denominator,
       arrayMap((p_day, p_from) -> toUInt8(ifNull((done_on <= p_day), 0)), @days, @froms) AS counted
FROM dwd.assessment AS r
WHERE (kind IN ('effectiveness_evaluation', 'satisfaction'));

-- I-15-01 市级示范工作覆盖率 (%)
-- row 15.1, rule version 1, 100 × Σ numerator ÷ Σ denominator; units C, published P, C; every month from 2021-01
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1) -> toUInt8(h1), @days, @froms, arrayResize(h1.x_have, @periods)) AS numerator,
       arrayWithConstant(@periods, toUInt8(1)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS x_key, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull((as_of <= p_day), 0)), @days, @froms)) AS x_have
    FROM dwd.programme_status
    WHERE (programme = 'demonstration') AND (status IN ('in_progress', 'recognised'))
    GROUP BY x_key
) AS h1 ON h1.x_key = d.division_code
WHERE d.level IN ('city') AND d.kind = 'civil';

-- I-15-03 和谐社区占比 (%)
-- row 15.3, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; every month from 2021-01
SELECT d.division_code AS division_code,
       arrayMap((p_day, p_from, h1) -> toUInt8(h1), @days, @froms, arrayResize(h1.x_have, @periods)) AS numerator,
       arrayWithConstant(@periods, toUInt8(1)) AS denominator,
       arrayWithConstant(@periods, toUInt8(1)) AS counted
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS x_key, maxForEach(arrayMap((p_day, p_from) -> toUInt8(ifNull((as_of <= p_day), 0)), @days, @froms)) AS x_have
    FROM dwd.programme_status
    WHERE (programme = 'harmonious_community') AND (status = 'recognised')
    GROUP BY x_key
) AS h1 ON h1.x_key = d.division_code
WHERE d.level IN ('village') AND d.kind = 'civil'
  AND (village_class IN ('residents_committee', 'village_committee'));

-- I-15-08 基层治理创新案例批次 (批/年)
-- row 15.8, rule version 2, 1 × Σ numerator ÷ Σ denominator; units P, published P; every month from 2021-01, to date since the beginning of the year
SELECT toFixedString('370000000000', 12) AS division_code,
       arrayResize(sumForEach(selected), @periods) AS numerator,
       arrayWithConstant(@periods, 1) AS denominator,
       arrayWithConstant(@periods, 1) AS counted
FROM (
    SELECT coalesce(nullIf(attrs['batch'], ''), document_no, toString(as_of)) AS batch, maxForEach(arrayMap((p_day, p_from) -> toUInt8(as_of >= p_from AND as_of <= p_day), @days, @froms)) AS selected
    FROM dwd.programme_status
    WHERE programme = 'innovation_case' AND status = 'recognised'
    GROUP BY batch
);

