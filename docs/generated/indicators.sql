-- I-01-01 省级基层治理协调机制 (%)
-- row 01.1, rule version 1, 100 × Σ numerator ÷ Σ denominator; units P, published P; period 2025-12-31
SELECT division_code,
       toUInt8(division_code IN (SELECT division_code FROM dwd.mechanism WHERE (kind = 'coordination') AND (valid_from IS NULL OR valid_from <= toDate32('2025-12-31')) AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31')))) AS numerator,
       1 AS denominator
FROM dwd.division AS d
WHERE d.level IN ('province') AND d.kind = 'civil';

-- I-01-02 党委书记召集的议事协调机制覆盖率 (%)
-- row 01.2, rule version 1, 100 × Σ numerator ÷ Σ denominator; units each, published P; period 2025-12-31
SELECT division_code,
       toUInt8(division_code IN (SELECT division_code FROM dwd.mechanism WHERE (kind = 'deliberation_coordination' AND convenor_role = 'party_secretary') AND (valid_from IS NULL OR valid_from <= toDate32('2025-12-31')) AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31')))) AS numerator,
       1 AS denominator
FROM dwd.division AS d
WHERE d.level IN ('city', 'county') AND d.kind = 'civil';

-- I-01-03 研究基层治理会议次数 (次)
-- row 01.3, rule version 1, 1 × Σ numerator ÷ Σ denominator; units X, published P, C, X; period 2025
SELECT d.division_code AS division_code,
       ifNull(n.value, 0) AS numerator,
       1 AS denominator
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS unit, toNullable(count()) AS value
    FROM dwd.deliberation
    WHERE (kind = 'coordination_meeting' AND decided_on >= toDate32('2025-01-01') AND decided_on <= toDate32('2025-12-31'))
    GROUP BY unit
) AS n ON n.unit = d.division_code
WHERE d.level IN ('county') AND d.kind = 'civil';

-- I-01-05 开展成效评估的区划占比 (%)
-- row 01.5, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; period 2025
SELECT division_code,
       toUInt8(division_code IN (SELECT division_code FROM dwd.assessment WHERE (kind = 'effectiveness_evaluation' AND done_on >= toDate32('2025-01-01') AND done_on <= toDate32('2025-12-31')))) AS numerator,
       1 AS denominator
FROM dwd.division AS d
WHERE d.level IN ('county') AND d.kind = 'civil';

-- I-01-06 评估结果用于班子考核的占比 (%)
-- row 01.6, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; period 2025-12-31
SELECT toFixedString(rightPad(substring(toString(division_code), 1, 6), 12, '0'), 12) AS division_code,
       toUInt8(ifNull(has(used_in, 'leadership_team'), 0)) AS numerator,
       1 AS denominator
FROM dwd.assessment
WHERE (kind = 'effectiveness_evaluation' AND done_on IS NOT NULL);

-- I-01-07 基层反映问题按期答复率 (%)
-- row 01.7, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025
SELECT division_code AS division_code,
       toUInt8(ifNull(resolved_on <= raised_on + 30, 0)) AS numerator,
       1 AS denominator
FROM dwd.burden_record
WHERE (kind = 'issue_raised' AND raised_on >= toDate32('2025-01-01') AND raised_on <= toDate32('2025-12-31'));

-- I-02-02 重大事项党组织前置研究率 (%)
-- row 02.2, rule version 1, 100 × Σ numerator ÷ Σ denominator; units each, published P, C, X, T, V; period 2025
SELECT division_code AS division_code,
       toUInt8(ifNull(party_discussed_on <= decided_on, 0)) AS numerator,
       1 AS denominator
FROM dwd.deliberation
WHERE (kind = 'major_matter' AND decided_on >= toDate32('2025-01-01') AND decided_on <= toDate32('2025-12-31'));

-- I-02-03 两委在届率 (%)
-- row 02.3, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025-12-31
SELECT division_code,
       toUInt8(division_code IN (SELECT division_code FROM dwd.committee_term WHERE (body IN ('village_committee', 'residents_committee') AND election_on <= toDate32('2025-12-31') AND term_ends_on >= toDate32('2025-12-31')))) AS numerator,
       1 AS denominator
FROM dwd.division AS d
WHERE d.level IN ('village') AND d.kind = 'civil'
  AND (village_class IN ('residents_committee', 'village_committee'));

-- I-02-04 农村党建三年行动分类率 (%)
-- row 02.4, rule version 2, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025-12-31
SELECT division_code,
       toUInt8(division_code IN (SELECT division_code FROM dwd.programme_status WHERE (programme = 'rural_party_3y' AND category IS NOT NULL AND as_of <= toDate32('2025-12-31')))) AS numerator,
       1 AS denominator
FROM dwd.division AS d
WHERE d.level IN ('village') AND d.kind = 'civil'
  AND (village_class = 'village_committee');

-- I-02-04b 农村党建三年行动进度 (%)
-- row 02.4, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; period 2025-12-31
WITH starts AS (
    SELECT toString(division_code) AS code, toNullable(max(toDate32OrNull(attrs['period_start']))) AS began
    FROM dwd.programme_status
    WHERE programme = 'rural_party_3y' AND document_no IS NOT NULL AND attrs['period_start'] != '' AND as_of <= toDate32('2025-12-31')
    GROUP BY code
)
SELECT d.division_code AS division_code,
       if(coalesce(x.began, c.began, p.began) IS NULL, NULL, least(36, greatest(0, age('month', coalesce(x.began, c.began, p.began), toDate32('2025-12-31'))))) AS numerator,
       if(numerator IS NULL, NULL, 36) AS denominator
FROM dwd.division AS d
LEFT JOIN starts AS x ON x.code = toString(d.division_code)
LEFT JOIN starts AS c ON c.code = concat(substring(toString(d.division_code), 1, 4), '00000000')
LEFT JOIN starts AS p ON p.code = concat(substring(toString(d.division_code), 1, 2), '0000000000')
WHERE d.level = 'county' AND d.kind = 'civil';

-- I-02-04c 后进村提升率 (%)
-- row 02.4, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025-12-31
SELECT division_code,
       toUInt8(argMax(assumeNotNull(category), as_of) != 'weak') AS numerator,
       1 AS denominator
FROM dwd.programme_status
WHERE programme = 'rural_party_3y' AND category IS NOT NULL AND as_of <= toDate32('2025-12-31')
GROUP BY division_code
HAVING argMin(assumeNotNull(category), as_of) = 'weak';

-- I-02-06 打击村霸常态化机制覆盖率 (%)
-- row 02.6, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; period 2025-12-31
SELECT division_code,
       toUInt8(division_code IN (SELECT division_code FROM dwd.mechanism WHERE (kind = 'anti_gang') AND (valid_from IS NULL OR valid_from <= toDate32('2025-12-31')) AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31')))) AS numerator,
       1 AS denominator
FROM dwd.division AS d
WHERE d.level IN ('county') AND d.kind = 'civil';

-- I-02-07 一肩挑率 (%)
-- row 02.7, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025-12-31
SELECT division_code AS division_code,
       if(secretary_is_director IS NULL OR secretary_is_director = 'unknown', NULL, toUInt8(ifNull(secretary_is_director = 'yes', 0))) AS numerator,
       if(secretary_is_director IS NULL OR secretary_is_director = 'unknown', NULL, 1) AS denominator
FROM dwd.committee_term
WHERE (body IN ('village_committee', 'residents_committee') AND election_on <= toDate32('2025-12-31') AND term_ends_on >= toDate32('2025-12-31'));

-- I-02-08 交叉任职率 (%)
-- row 02.8, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025-12-31
SELECT division_code AS division_code,
       if(cross_seats IS NULL OR seats IS NULL, NULL, cross_seats) AS numerator,
       if(cross_seats IS NULL OR seats IS NULL, NULL, seats) AS denominator
FROM dwd.committee_term
WHERE (body = 'party_committee' AND election_on <= toDate32('2025-12-31') AND term_ends_on >= toDate32('2025-12-31'));

-- I-02-09 书记任集体经济组织负责人占比 (%)
-- row 02.9, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025-12-31
SELECT division_code AS division_code,
       toUInt8(ifNull(org_id IN (SELECT to_ref FROM dwd.org_relation WHERE (kind = 'post_overlap') AND (valid_from IS NULL OR valid_from <= toDate32('2025-12-31')) AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31'))), 0)) AS numerator,
       1 AS denominator
FROM dwd.organization
WHERE (org_kind IN ('village_collective', 'cooperative')) AND (valid_from IS NULL OR valid_from <= toDate32('2025-12-31')) AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31'));

-- I-02-11 章程写入党建要求占比 (%)
-- row 02.11, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025-12-31
SELECT division_code AS division_code,
       if(charter_party_clause = 'unknown', NULL, toUInt8(ifNull(charter_party_clause = 'yes', 0))) AS numerator,
       if(charter_party_clause = 'unknown', NULL, 1) AS denominator
FROM dwd.organization
WHERE (charter_party_clause IS NOT NULL) AND (valid_from IS NULL OR valid_from <= toDate32('2025-12-31')) AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31'));

-- I-02-12 党组织主导议事协商机制覆盖率 (%)
-- row 02.12, rule version 1, 100 × Σ numerator ÷ Σ denominator; units each, published P, C, X; period 2025-12-31
SELECT division_code,
       toUInt8(division_code IN (SELECT division_code FROM dwd.mechanism WHERE (kind = 'party_led_deliberation') AND (valid_from IS NULL OR valid_from <= toDate32('2025-12-31')) AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31')))) AS numerator,
       1 AS denominator
FROM dwd.division AS d
WHERE d.level IN ('township', 'village') AND d.kind = 'civil';

-- I-02-13 协商目录覆盖率 (%)
-- row 02.13, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; period 2025-12-31
SELECT division_code,
       toUInt8(division_code IN (SELECT division_code FROM dwd.list_register WHERE (kind = 'deliberation_catalogue' AND scope_tier = 'T') AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31')))
           AND division_code IN (SELECT division_code FROM dwd.list_register WHERE (kind = 'deliberation_catalogue' AND scope_tier = 'V') AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31')))) AS numerator,
       1 AS denominator
FROM dwd.division AS d
WHERE d.level IN ('county') AND d.kind = 'civil';

-- I-02-14 村均议事协商次数 (次)
-- row 02.14, rule version 1, 1 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025
SELECT d.division_code AS division_code,
       ifNull(n.value, 0) AS numerator,
       1 AS denominator
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS unit, toNullable(count()) AS value
    FROM dwd.deliberation
    WHERE (kind = 'community_consultation' AND decided_on >= toDate32('2025-01-01') AND decided_on <= toDate32('2025-12-31'))
    GROUP BY unit
) AS n ON n.unit = d.division_code
WHERE d.level IN ('village') AND d.kind = 'civil';

-- I-02-15 巡察覆盖率 (%)
-- row 02.15, rule version 1, 100 × Σ numerator ÷ Σ denominator; units each, published P, C, X; period 2025-12-31
SELECT division_code,
       toUInt8(division_code IN (SELECT division_code FROM dwd.assessment WHERE (kind = 'inspection_round' AND done_on <= toDate32('2025-12-31')))) AS numerator,
       1 AS denominator
FROM dwd.division AS d
WHERE d.level IN ('township', 'village') AND d.kind = 'civil';

-- I-02-17 小微权力清单公布率 (%)
-- row 02.17, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025-12-31
SELECT division_code,
       toUInt8(division_code IN (SELECT division_code FROM dwd.list_register WHERE (kind = 'micro_power') AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31')))) AS numerator,
       1 AS denominator
FROM dwd.division AS d
WHERE d.level IN ('village') AND d.kind = 'civil';

-- I-03-01 机构限额合规率 (%)
-- row 03.1, rule version 1, 100 × Σ numerator ÷ Σ denominator; units T, published P, C, X, T; period 2025
SELECT d.division_code AS division_code,
       if(s.quota IS NULL OR s.actual IS NULL, NULL, s.actual <= s.quota) AS numerator,
       if(s.quota IS NULL OR s.actual IS NULL, NULL, 1) AS denominator
FROM dwd.division AS d
LEFT JOIN (
    SELECT division_code,
           argMaxIf(toNullable(value), period_start, measure = 'org_quota') AS quota,
           argMaxIf(toNullable(value), period_start, measure = 'org_actual') AS actual
    FROM dwd.stat_fact
    WHERE family = 'establishment' AND breakdown = '' AND period_start >= toDate32('2025-01-01') AND period_start <= toDate32('2025-12-31')
    GROUP BY division_code
) AS s ON s.division_code = d.division_code
WHERE d.level = 'township' AND d.kind = 'civil';

-- I-03-03 要求对口设立机构 (件)
-- row 03.3, rule version 1, 1 × Σ numerator ÷ Σ denominator; units T, published P, C, X, T; period 2025
SELECT d.division_code AS division_code,
       ifNull(n.value, 0) AS numerator,
       1 AS denominator
FROM dwd.division AS d
LEFT JOIN
(
    SELECT toFixedString(rightPad(substring(toString(division_code), 1, 9), 12, '0'), 12) AS unit, toNullable(count()) AS value
    FROM dwd.burden_record
    WHERE (kind = 'required_counterpart_org' AND raised_on >= toDate32('2025-01-01') AND raised_on <= toDate32('2025-12-31'))
    GROUP BY unit
) AS n ON n.unit = d.division_code
WHERE d.level IN ('township') AND d.kind = 'civil';

-- I-03-04 县直派出机构属地管理率 (%)
-- row 03.4, rule version 1, 100 × Σ numerator ÷ Σ denominator; units T, published P, C, X, T; period 2025-12-31
SELECT toFixedString(rightPad(substring(toString(division_code), 1, 9), 12, '0'), 12) AS division_code,
       if(management_mode IS NULL, NULL, toUInt8(ifNull(management_mode = 'territorial', 0))) AS numerator,
       if(management_mode IS NULL, NULL, 1) AS denominator
FROM dwd.organization
WHERE (org_kind = 'county_outpost' AND (management_mode IS NULL OR management_mode != 'dispatched_central')) AND (valid_from IS NULL OR valid_from <= toDate32('2025-12-31')) AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31'));

-- I-03-05a 派驻机构纳入统一指挥占比 (%)
-- row 03.5, rule version 1, 100 × Σ numerator ÷ Σ denominator; units T, published P, C, X, T; period 2025-12-31
SELECT toFixedString(rightPad(substring(toString(division_code), 1, 9), 12, '0'), 12) AS division_code,
       toUInt8(ifNull(unified_command = 'yes', 0)) AS numerator,
       1 AS denominator
FROM dwd.organization
WHERE (org_kind = 'county_outpost' AND management_mode IN ('dispatched_central', 'dispatched_county')) AND (valid_from IS NULL OR valid_from <= toDate32('2025-12-31')) AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31'));

-- I-03-05b 派驻机构考核任免听取意见占比 (%)
-- row 03.5, rule version 1, 100 × Σ numerator ÷ Σ denominator; units T, published P, C, X, T; period 2025-12-31
SELECT toFixedString(rightPad(substring(toString(division_code), 1, 9), 12, '0'), 12) AS division_code,
       toUInt8(ifNull(consulted_on_assessment = 'yes' AND consulted_on_appointment = 'yes', 0)) AS numerator,
       1 AS denominator
FROM dwd.organization
WHERE (org_kind = 'county_outpost' AND management_mode IN ('dispatched_central', 'dispatched_county')) AND (valid_from IS NULL OR valid_from <= toDate32('2025-12-31')) AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31'));

-- I-03-06 三类权力赋权覆盖率 (%)
-- row 03.6, rule version 1, 100 × Σ numerator ÷ Σ denominator; units T, published P, C, X, T; period 2025-12-31
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
-- row 03.7, rule version 1, 100 × Σ numerator ÷ Σ denominator; units T, published P, C, X, T; period 2025-12-31
SELECT toFixedString(rightPad(substring(toString(division_code), 1, 9), 12, '0'), 12) AS division_code,
       toUInt8(ifNull(asked_on <= decided_on, 0)) AS numerator,
       1 AS denominator
FROM dwd.deliberation
WHERE (kind = 'consultation_to_township' AND asked_on IS NOT NULL);

-- I-03-08 乡镇赋权执法清单数 (份)
-- row 03.8, rule version 1, 1 × Σ numerator ÷ Σ denominator; units T, published P, C, X, T; period 2025-12-31
SELECT d.division_code AS division_code,
       ifNull(n.value, 0) AS numerator,
       1 AS denominator
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS unit, toNullable(count()) AS value
    FROM dwd.list_register
    WHERE (kind = 'enforcement_powers') AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31'))
    GROUP BY unit
) AS n ON n.unit = d.division_code
WHERE d.level IN ('township') AND d.kind = 'civil';

-- I-03-09 行政执法决定公示率 (%)
-- row 03.9, rule version 1, 100 × Σ numerator ÷ Σ denominator; units T, published P, C, X, T; period 2025-12-31
SELECT toFixedString(rightPad(substring(toString(division_code), 1, 9), 12, '0'), 12) AS division_code,
       toUInt8(ifNull(published_on <= decided_on + 20, 0)) AS numerator,
       1 AS denominator
FROM dwd.enforcement_check
WHERE (decided_on IS NOT NULL AND decided_on <= toDate32('2025-12-31'));

-- I-03-10 双随机一公开占比 (%)
-- row 03.10, rule version 1, 100 × Σ numerator ÷ Σ denominator; units T, published P, C, X, T; period 2025-12-31
SELECT toFixedString(rightPad(substring(toString(division_code), 1, 9), 12, '0'), 12) AS division_code,
       toUInt8(ifNull(random_object = 'yes' AND random_inspector = 'yes' AND published_on IS NOT NULL, 0)) AS numerator,
       1 AS denominator
FROM dwd.enforcement_check
WHERE (checked_on <= toDate32('2025-12-31'));

-- I-04-01 村（居）民委员会赋码率 (%)
-- row 04.1, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025-12-31
SELECT division_code,
       toUInt8(division_code IN (
           SELECT division_code FROM dwd.organization
           WHERE org_kind IN ('residents_committee', 'village_committee') AND uscc IS NOT NULL
       )) AS numerator,
       1 AS denominator
FROM dwd.division
WHERE level = 'village' AND kind = 'civil' AND village_class IN ('residents_committee', 'village_committee');

-- I-04-02 两个以上代码系统匹配率 (%)
-- row 04.2, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025-12-31
SELECT division_code,
       toUInt8(division_code IN (SELECT toFixedString(rightPad(from_code, 12, '0'), 12) FROM dwd.code_crosswalk WHERE (from_system = 'nbs12' AND to_system != 'nbs12' AND confidence >= 0.9) AND (valid_from IS NULL OR valid_from <= toDate32('2025-12-31')) AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31')))) AS numerator,
       1 AS denominator
FROM dwd.division AS d
WHERE d.level IN ('village') AND d.kind = 'civil'
  AND (village_class IN ('residents_committee', 'village_committee'));

-- I-04-04 管辖范围依据占比 (%)
-- row 04.4, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025-12-31
SELECT division_code AS division_code,
       toUInt8(ifNull(boundary_version IS NOT NULL, 0)) AS numerator,
       1 AS denominator
FROM dwd.division
WHERE (level = 'village' AND kind = 'civil') AND (valid_from IS NULL OR valid_from <= toDate32('2025-12-31')) AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31'));

-- I-04-05 撤并征得村民同意占比 (%)
-- row 04.5, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; period 2025-12-31
SELECT toFixedString(rightPad(substring(toString(toFixedString(rightPad(toString(old_code), 12, '0'), 12)), 1, 6), 12, '0'), 12) AS division_code,
       toUInt8(ifNull(villagers_meeting_on <= approved_on AND consent_share IS NOT NULL, 0)) AS numerator,
       1 AS denominator
FROM dwd.division_change
WHERE (kind = 'village_merge' AND approved_on <= toDate32('2025-12-31'));

-- I-04-06 三千户以内居委会占比 (%)
-- row 04.6, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025-12-31
SELECT d.division_code AS division_code, if(h.households IS NULL, NULL, h.households <= 3000) AS numerator, if(h.households IS NULL, NULL, 1) AS denominator
FROM dwd.division AS d
LEFT JOIN (
    SELECT division_code, toNullable(argMax(value, period_start)) AS households
    FROM dwd.stat_fact
    WHERE family = 'population' AND measure = 'resident_households' AND breakdown = ''
      AND period_start > toDate32('2024-12-31') AND period_start <= toDate32('2025-12-31')
    GROUP BY division_code
) AS h ON h.division_code = d.division_code
WHERE d.level = 'village' AND d.kind = 'civil' AND d.village_class = 'residents_committee';

-- I-04-07 民主评议开展率 (%)
-- row 04.7, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025
SELECT division_code,
       toUInt8(division_code IN (SELECT division_code FROM dwd.assessment WHERE (kind = 'democratic_review' AND done_on >= toDate32('2025-01-01') AND done_on <= toDate32('2025-12-31')))) AS numerator,
       1 AS denominator
FROM dwd.division AS d
WHERE d.level IN ('village') AND d.kind = 'civil'
  AND (village_class IN ('residents_committee', 'village_committee'));

-- I-04-08 履职承诺和述职述廉制度覆盖率 (%)
-- row 04.8, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025-12-31
SELECT division_code,
       toUInt8(division_code IN (SELECT division_code FROM dwd.mechanism WHERE (kind = 'pledge_and_report') AND (valid_from IS NULL OR valid_from <= toDate32('2025-12-31')) AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31')))) AS numerator,
       1 AS denominator
FROM dwd.division AS d
WHERE d.level IN ('village') AND d.kind = 'civil'
  AND (village_class IN ('residents_committee', 'village_committee'));

-- I-04-09 公共卫生委员会设立率 (%)
-- row 04.9, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025-12-31
SELECT division_code,
       toUInt8(division_code IN (SELECT division_code FROM dwd.organization WHERE (org_kind = 'public_health_committee') AND (valid_from IS NULL OR valid_from <= toDate32('2025-12-31')) AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31')))) AS numerator,
       1 AS denominator
FROM dwd.division AS d
WHERE d.level IN ('village') AND d.kind = 'civil'
  AND (village_class IN ('residents_committee', 'village_committee'));

-- I-04-10 村委会与集体经济组织账目分开占比 (%)
-- row 04.10, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025-12-31
SELECT division_code,
       toUInt8(countIf(org_kind IN ('village_committee', 'residents_committee')) > 0
           AND countIf(org_kind = 'village_collective' AND org_id IN (
               SELECT to_ref FROM dwd.org_relation WHERE kind = 'committee_vs_collective' AND separate_accounts = 'yes')) > 0) AS numerator,
       1 AS denominator
FROM dwd.organization
GROUP BY division_code
HAVING countIf(org_kind = 'village_collective') > 0;

-- I-04-11 集体资产年度清查和报告率 (%)
-- row 04.11, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025
SELECT division_code AS division_code,
       toUInt8(ifNull(org_id IN (SELECT org_id FROM dwd.collective_asset WHERE (inventory_on >= toDate32('2025-01-01') AND inventory_on <= toDate32('2025-12-31') AND reported_on >= toDate32('2025-01-01') AND reported_on <= toDate32('2025-12-31'))), 0)) AS numerator,
       1 AS denominator
FROM dwd.organization
WHERE (org_kind = 'village_collective') AND (valid_from IS NULL OR valid_from <= toDate32('2025-12-31')) AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31'));

-- I-04-12 闲置资产盘活率 (%)
-- row 04.12, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025
SELECT o.division_code AS division_code,
       if(a.activated_value_yuan IS NULL OR a.idle_value_yuan IS NULL, NULL, a.activated_value_yuan) AS numerator,
       if(a.activated_value_yuan IS NULL OR a.idle_value_yuan IS NULL, NULL, a.idle_value_yuan) AS denominator
FROM dwd.collective_asset AS a
INNER JOIN dwd.organization AS o ON o.org_id = a.org_id
WHERE toString(a.fiscal_year) = '2025';

-- I-04-13 村务监督委员会设立率 (%)
-- row 04.13, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025-12-31
SELECT division_code,
       toUInt8(division_code IN (SELECT division_code FROM dwd.organization WHERE (org_kind = 'village_supervision_committee') AND (valid_from IS NULL OR valid_from <= toDate32('2025-12-31')) AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31')))) AS numerator,
       1 AS denominator
FROM dwd.division AS d
WHERE d.level IN ('village') AND d.kind = 'civil'
  AND (village_class IN ('residents_committee', 'village_committee'));

-- I-05-01 公共法律服务站覆盖率 (%)
-- row 05.1, rule version 1, 100 × Σ numerator ÷ Σ denominator; units each, published P, C, X; period 2025-12-31
SELECT division_code,
       toUInt8(division_code IN (SELECT division_code FROM dwd.facility WHERE (facility_kind = 'legal_service_station') AND (valid_from IS NULL OR valid_from <= toDate32('2025-12-31')) AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31')))) AS numerator,
       1 AS denominator
FROM dwd.division AS d
WHERE d.level IN ('township', 'village') AND d.kind = 'civil';

-- I-05-03 村（居）法律顾问覆盖率 (%)
-- row 05.3, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025-12-31
SELECT division_code,
       toUInt8(division_code IN (SELECT division_code FROM dwd.contract WHERE (kind = 'legal_adviser' AND start_on <= toDate32('2025-12-31') AND (end_on IS NULL OR end_on >= toDate32('2025-12-31'))))) AS numerator,
       1 AS denominator
FROM dwd.division AS d
WHERE d.level IN ('village') AND d.kind = 'civil'
  AND (village_class IN ('residents_committee', 'village_committee'));

-- I-05-06 综治中心标准化实体化率 (%)
-- row 05.6, rule version 1, 100 × Σ numerator ÷ Σ denominator; units T, published P, C, X, T; period 2025-12-31
SELECT division_code,
       toUInt8(division_code IN (SELECT division_code FROM dwd.facility WHERE (facility_kind = 'governance_centre' AND standardised = 'yes' AND substantive = 'yes') AND (valid_from IS NULL OR valid_from <= toDate32('2025-12-31')) AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31')))) AS numerator,
       1 AS denominator
FROM dwd.division AS d
WHERE d.level IN ('township') AND d.kind = 'civil';

-- I-05-07 一站式矛盾调解平台覆盖率 (%)
-- row 05.7, rule version 1, 100 × Σ numerator ÷ Σ denominator; units T, published P, C, X, T; period 2025-12-31
SELECT division_code,
       toUInt8(division_code IN (SELECT division_code FROM dwd.facility WHERE (facility_kind = 'one_stop_mediation') AND (valid_from IS NULL OR valid_from <= toDate32('2025-12-31')) AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31')))) AS numerator,
       1 AS denominator
FROM dwd.division AS d
WHERE d.level IN ('township') AND d.kind = 'civil';

-- I-05-08 矛盾纠纷化解率 (%)
-- row 05.8, rule version 1, 100 × Σ numerator ÷ Σ denominator; units T, published P, C, X, T; period 2025
SELECT toFixedString(rightPad(substring(toString(division_code), 1, 9), 12, '0'), 12) AS division_code,
       toUInt8(ifNull(result = 'agreed', 0)) AS numerator,
       1 AS denominator
FROM dwd.dispute_case
WHERE (closed_on >= toDate32('2025-01-01') AND closed_on <= toDate32('2025-12-31'));

-- I-05-09a 信访积案化解率 (%)
-- row 05.9, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; period 2025-12-31
SELECT toFixedString(rightPad(substring(toString(division_code), 1, 6), 12, '0'), 12) AS division_code,
       toUInt8(ifNull(closed_on IS NOT NULL AND closed_on <= toDate32('2025-12-31'), 0)) AS numerator,
       1 AS denominator
FROM dwd.petition_case
WHERE (is_backlog = 'yes' AND registered_on <= toDate32('2025-12-31'));

-- I-05-09b 重复信访率 (%)
-- row 05.9, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; period 2025
SELECT toFixedString(rightPad(substring(toString(division_code), 1, 6), 12, '0'), 12) AS division_code,
       toUInt8(ifNull(is_repeat = 'yes', 0)) AS numerator,
       1 AS denominator
FROM dwd.petition_case
WHERE (registered_on >= toDate32('2025-01-01') AND registered_on <= toDate32('2025-12-31'));

-- I-05-10 初次信访一次性化解率 (%)
-- row 05.10, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; period 2025
SELECT toFixedString(rightPad(substring(toString(division_code), 1, 6), 12, '0'), 12) AS division_code,
       toUInt8(ifNull(resolved_once = 'yes', 0)) AS numerator,
       1 AS denominator
FROM dwd.petition_case
WHERE (is_first = 'yes' AND closed_on >= toDate32('2025-01-01') AND closed_on <= toDate32('2025-12-31'));

-- I-05-11 信访上行率 (%)
-- row 05.11, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; period 2025
SELECT toFixedString(rightPad(substring(toString(division_code), 1, 6), 12, '0'), 12) AS division_code,
       toUInt8(ifNull(registered_tier = 'P', 0)) AS numerator,
       1 AS denominator
FROM dwd.petition_case
WHERE (registered_on >= toDate32('2025-01-01') AND registered_on <= toDate32('2025-12-31'));

-- I-05-12 网格党组织覆盖率 (%)
-- row 05.12, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025-12-31
SELECT division_code AS division_code,
       if(party_branch IS NULL OR party_branch = 'unknown', NULL, toUInt8(ifNull(party_branch = 'yes', 0))) AS numerator,
       if(party_branch IS NULL OR party_branch = 'unknown', NULL, 1) AS denominator
FROM dwd.grid
WHERE (valid_from IS NULL OR valid_from <= toDate32('2025-12-31')) AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31'));

-- I-05-13 网格30日有上报占比 (%)
-- row 05.13, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025-12-31
SELECT division_code AS division_code,
       toUInt8(ifNull(grid_id IN (SELECT grid_id FROM dwd.grid_event WHERE (reported_at >= toDate32('2025-12-31') - 29 AND reported_at < toDate32('2025-12-31') + 1)), 0)) AS numerator,
       1 AS denominator
FROM dwd.grid
WHERE (valid_from IS NULL OR valid_from <= toDate32('2025-12-31')) AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31'));

-- I-05-14 网格规范化率 (%)
-- row 05.14, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025-12-31
SELECT division_code AS division_code,
       if(standard_ok IS NULL OR standard_ok = 'unknown', NULL, toUInt8(ifNull(standard_ok = 'yes', 0))) AS numerator,
       if(standard_ok IS NULL OR standard_ok = 'unknown', NULL, 1) AS denominator
FROM dwd.grid
WHERE (valid_from IS NULL OR valid_from <= toDate32('2025-12-31')) AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31'));

-- I-05-15 专职网格员纳入社区工作者占比 (%)
-- row 05.15, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; period 2025-12-31
SELECT toFixedString(rightPad(substring(toString(division_code), 1, 6), 12, '0'), 12) AS division_code,
       toUInt8(ifNull(in_community_worker_scheme = 'yes', 0)) AS numerator,
       1 AS denominator
FROM dwd.workforce_post
WHERE (post_kind = 'full_time_grid' AND spell_from <= toDate32('2025-12-31') AND (spell_to IS NULL OR spell_to > toDate32('2025-12-31')));

-- I-05-17 视频设备在线率 (%)
-- row 05.17, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025-12-31
SELECT division_code,
       toUInt8(device_id IN (SELECT device_id FROM dwd.device_health_daily WHERE day = toDate32('2025-12-31') AND online_minutes > 0)) AS numerator,
       1 AS denominator
FROM dwd.device
WHERE device_kind = 'camera';

-- I-05-18 技防村建成率 (%)
-- row 05.18, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025-12-31
SELECT division_code,
       toUInt8(division_code IN (SELECT division_code FROM dwd.programme_status WHERE (programme = 'tech_prevention_village' AND as_of <= toDate32('2025-12-31') AND status = 'recognised'))) AS numerator,
       1 AS denominator
FROM dwd.division AS d
WHERE d.level IN ('village') AND d.kind = 'civil'
  AND (village_class = 'village_committee');

-- I-05-18b 智慧安防小区建成率 (%)
-- row 05.18, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025-12-31
SELECT division_code,
       toUInt8(argMax(toString(status), as_of) = 'recognised') AS numerator,
       1 AS denominator
FROM dwd.programme_status
WHERE programme = 'smart_security_compound' AND subject_kind = 'compound' AND as_of <= toDate32('2025-12-31')
GROUP BY division_code, subject_id;

-- I-05-19 视频联网率 (%)
-- row 05.19, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025-12-31
SELECT division_code AS division_code,
       if(networked IS NULL OR networked = 'unknown', NULL, toUInt8(ifNull(networked = 'yes', 0))) AS numerator,
       if(networked IS NULL OR networked = 'unknown', NULL, 1) AS denominator
FROM dwd.device
WHERE (device_kind = 'camera');

-- I-05-20 村规民约覆盖率 (%)
-- row 05.20, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025-12-31
SELECT division_code,
       toUInt8(division_code IN (SELECT division_code FROM dwd.list_register WHERE (kind = 'village_covenant') AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31')))) AS numerator,
       1 AS denominator
FROM dwd.division AS d
WHERE d.level IN ('village') AND d.kind = 'civil';

-- I-06-02 道德评议机制覆盖率 (%)
-- row 06.2, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025-12-31
SELECT division_code,
       toUInt8(division_code IN (SELECT division_code FROM dwd.mechanism WHERE (kind = 'moral_review') AND (valid_from IS NULL OR valid_from <= toDate32('2025-12-31')) AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31')))) AS numerator,
       1 AS denominator
FROM dwd.division AS d
WHERE d.level IN ('village') AND d.kind = 'civil';

-- I-06-04 驻地单位参与记录占比 (%)
-- row 06.4, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025-12-31
SELECT division_code AS division_code,
       toUInt8(ifNull(org_id IN (SELECT from_org FROM dwd.org_relation WHERE (kind IN ('unit_reported_to_community', 'joint_building')) AND (valid_from IS NULL OR valid_from <= toDate32('2025-12-31')) AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31'))), 0)) AS numerator,
       1 AS denominator
FROM dwd.organization
WHERE (org_kind = 'resident_unit') AND (valid_from IS NULL OR valid_from <= toDate32('2025-12-31')) AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31'));

-- I-06-06 有社区基金（会）的县占比 (%)
-- row 06.6, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; period 2025-12-31
SELECT division_code,
       toUInt8(division_code IN (SELECT toFixedString(rightPad(substring(toString(division_code), 1, 6), 12, '0'), 12) FROM dwd.organization WHERE (org_kind IN ('community_foundation', 'community_fund')) AND (valid_from IS NULL OR valid_from <= toDate32('2025-12-31')) AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31')))) AS numerator,
       1 AS denominator
FROM dwd.division AS d
WHERE d.level IN ('county') AND d.kind = 'civil';

-- I-06-07 社会工作服务站覆盖率 (%)
-- row 06.7, rule version 2, 100 × Σ numerator ÷ Σ denominator; units T, published P, C, X, T; period 2025-12-31
SELECT division_code,
       toUInt8(division_code IN (
           SELECT toFixedString(arrayJoin(arrayPushBack(arrayFilter(c -> length(c) = 12, serves_divisions), toString(division_code))), 12) FROM dwd.facility
           WHERE facility_kind = 'social_work_station' AND operating = 'yes'
             AND (opened_on IS NULL OR opened_on <= toDate32('2025-12-31'))
       )) AS numerator,
       1 AS denominator
FROM dwd.division
WHERE level = 'township' AND kind = 'civil';

-- I-06-08 文明实践站覆盖率 (%)
-- row 06.8, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025-12-31
SELECT division_code,
       toUInt8(division_code IN (SELECT division_code FROM dwd.facility WHERE (facility_kind = 'civilisation_station') AND (valid_from IS NULL OR valid_from <= toDate32('2025-12-31')) AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31')))) AS numerator,
       1 AS denominator
FROM dwd.division AS d
WHERE d.level IN ('village') AND d.kind = 'civil';

-- I-06-10 红白理事会覆盖率 (%)
-- row 06.10, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025-12-31
SELECT division_code,
       toUInt8(division_code IN (SELECT division_code FROM dwd.organization WHERE (org_kind = 'wedding_funeral_council') AND (valid_from IS NULL OR valid_from <= toDate32('2025-12-31')) AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31')))) AS numerator,
       1 AS denominator
FROM dwd.division AS d
WHERE d.level IN ('village') AND d.kind = 'civil';

-- I-07-02 主题入库率 (%)
-- row 07.2, rule version 2, 100 × Σ numerator ÷ Σ denominator; units P, published P; period 2025-12-31
SELECT toFixedString('370000000000', 12) AS division_code, toUInt8(sum(rows) > 0) AS numerator, 1 AS denominator
FROM dwd.entity_load
GROUP BY theme;

-- I-07-02b 实体按期更新率 (%)
-- row 07.2, rule version 1, 100 × Σ numerator ÷ Σ denominator; units P, published P; period 2025-12-31
SELECT toFixedString('370000000000', 12) AS division_code,
       toUInt8(rows > 0 AND last_arrived_at >= toDateTime64(addDays(toDate32('2025-12-31'), 1 - fresh_days), 3, 'Asia/Shanghai')) AS numerator,
       1 AS denominator
FROM dwd.entity_load
WHERE fresh_days IS NOT NULL;

-- I-07-03 五级数据融通率 (%)
-- row 07.3, rule version 2, 100 × Σ numerator ÷ Σ denominator; units each, published P, C, X, T, V; period 2025-12-31
SELECT division_code,
       toUInt8(
           division_code IN (
               SELECT src_division FROM dwd.up_feed
               WHERE last_event_time >= toDateTime64('2025-12-02 00:00:00', 3, 'Asia/Shanghai')
           )
           AND division_code IN (
               SELECT division_code FROM dwd.return_receipt
               WHERE status = 'acked'
                 AND acked_at >= toDateTime64('2025-12-02 00:00:00', 3, 'Asia/Shanghai')
                 AND acked_at < toDateTime64('2026-01-01 00:00:00', 3, 'Asia/Shanghai')
           )
       ) AS numerator,
       1 AS denominator
FROM dwd.division
WHERE kind != 'virtual';

-- I-07-04 省市同源事项占比 (%)
-- row 07.4, rule version 1, 100 × Σ numerator ÷ Σ denominator; units P, published P; period 2025-12-31
SELECT toFixedString('370000000000', 12) AS division_code,
       toUInt8(uniqExact((promise_day, limit_scene_num)) = 1) AS numerator,
       1 AS denominator
FROM dwd.service_item
WHERE state = 'in_force'
GROUP BY catalog_code
HAVING uniqExact(use_level) > 1;

-- I-07-05 政务服务事项可网办率 (%)
-- row 07.5, rule version 2, 100 × Σ numerator ÷ Σ denominator; units each, published P, C, X, T, V; period 2025-12-31
SELECT ifNull(division_code, toFixedString(concat(substring(toString(dept_uscc), 3, 6), '000000'), 12)) AS division_code,
       if(online_depth IS NULL, NULL, online_depth IN ('3', '4') AND NOT (online_url_ok = 'no' AND (url_failed_since IS NULL OR url_failed_since <= subtractDays(toDate32('2025-12-31'), 7)))) AS numerator,
       if(online_depth IS NULL, NULL, 1) AS denominator
FROM dwd.service_item
WHERE state = 'in_force';

-- I-07-06 平均到办事现场次数 (次)
-- row 07.6, rule version 1, 1 × Σ numerator ÷ Σ denominator; units P, published P; period 2025-12-31
SELECT toFixedString(rightPad(substring(toString(toFixedString('370000000000', 12)), 1, 2), 12, '0'), 12) AS division_code,
       if(limit_scene_num IS NULL OR if(limit_scene_num IS NULL, NULL, 1) IS NULL, NULL, limit_scene_num) AS numerator,
       if(limit_scene_num IS NULL OR if(limit_scene_num IS NULL, NULL, 1) IS NULL, NULL, if(limit_scene_num IS NULL, NULL, 1)) AS denominator
FROM dwd.service_item
WHERE (state = 'in_force');

-- I-07-07a 共享申请同意率 (%)
-- row 07.7, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; period 2025
SELECT toFixedString(rightPad(substring(toString(division_code), 1, 6), 12, '0'), 12) AS division_code,
       toUInt8(ifNull(decision = 'granted', 0)) AS numerator,
       1 AS denominator
FROM dwd.share_request
WHERE (decided_on >= toDate32('2025-01-01') AND decided_on <= toDate32('2025-12-31'));

-- I-07-07b 申请到首次交付工作日中位数 (工作日)
-- row 07.7, rule version 2, 1 × median of the numerators; units X, published P, C, X; period 2025-12-31
SELECT toFixedString(rightPad(substring(toString(r.division_code), 1, 6), 12, '0'), 12) AS division_code,
       if(d.first_on IS NULL, NULL, length(arrayFilter(x -> has(CAST(['2024-02-04', '2024-02-18', '2024-04-07', '2024-04-28', '2024-05-11', '2024-09-14', '2024-09-29', '2024-10-12', '2025-01-26', '2025-02-08', '2025-04-27', '2025-09-28', '2025-10-11', '2026-01-04', '2026-02-14', '2026-02-28', '2026-05-09', '2026-09-20', '2026-10-10'], 'Array(Date32)'), x) OR toDayOfWeek(x) <= 5 AND NOT has(CAST(['2024-01-01', '2024-02-10', '2024-02-11', '2024-02-12', '2024-02-13', '2024-02-14', '2024-02-15', '2024-02-16', '2024-02-17', '2024-04-04', '2024-04-05', '2024-04-06', '2024-05-01', '2024-05-02', '2024-05-03', '2024-05-04', '2024-05-05', '2024-06-10', '2024-09-15', '2024-09-16', '2024-09-17', '2024-10-01', '2024-10-02', '2024-10-03', '2024-10-04', '2024-10-05', '2024-10-06', '2024-10-07', '2025-01-01', '2025-01-28', '2025-01-29', '2025-01-30', '2025-01-31', '2025-02-01', '2025-02-02', '2025-02-03', '2025-02-04', '2025-04-04', '2025-04-05', '2025-04-06', '2025-05-01', '2025-05-02', '2025-05-03', '2025-05-04', '2025-05-05', '2025-05-31', '2025-06-01', '2025-06-02', '2025-10-01', '2025-10-02', '2025-10-03', '2025-10-04', '2025-10-05', '2025-10-06', '2025-10-07', '2025-10-08', '2026-01-01', '2026-01-02', '2026-01-03', '2026-02-15', '2026-02-16', '2026-02-17', '2026-02-18', '2026-02-19', '2026-02-20', '2026-02-21', '2026-02-22', '2026-02-23', '2026-04-04', '2026-04-05', '2026-04-06', '2026-05-01', '2026-05-02', '2026-05-03', '2026-05-04', '2026-05-05', '2026-06-19', '2026-06-20', '2026-06-21', '2026-09-25', '2026-09-26', '2026-09-27', '2026-10-01', '2026-10-02', '2026-10-03', '2026-10-04', '2026-10-05', '2026-10-06', '2026-10-07'], 'Array(Date32)'), x), arrayMap(i -> addDays(toDate32(r.requested_on), i), range(1, toUInt32(greatest(0, ifNull(dateDiff('day', r.requested_on, d.first_on), 0))) + 1))))) AS numerator,
       if(d.first_on IS NULL, NULL, 1) AS denominator
FROM dwd.share_request AS r
LEFT JOIN (SELECT request_id, toNullable(min(toDate32(delivered_at))) AS first_on FROM dwd.share_delivery GROUP BY request_id) AS d ON d.request_id = r.request_id
WHERE r.decision = 'granted' AND r.requested_on <= toDate32('2025-12-31');

-- I-07-07c 共享申请已交付占比 (%)
-- row 07.7, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; period 2025-12-31
SELECT toFixedString(rightPad(substring(toString(division_code), 1, 6), 12, '0'), 12) AS division_code,
       toUInt8(ifNull(request_id IN (SELECT request_id FROM dwd.share_delivery), 0)) AS numerator,
       1 AS denominator
FROM dwd.share_request
WHERE (decision = 'granted');

-- I-07-08 村级数据资源目录覆盖率 (%)
-- row 07.8, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025-12-31
SELECT division_code,
       toUInt8(division_code IN (SELECT division_code FROM dwd.catalog_resource WHERE (owner_tier = 'V'))) AS numerator,
       1 AS denominator
FROM dwd.division AS d
WHERE d.level IN ('village') AND d.kind = 'civil';

-- I-07-09 村级当月填报渠道数 (个)
-- row 07.9, rule version 1, 1 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025-12-31
SELECT src_division AS division_code, uniqExact(src_system) AS numerator, 1 AS denominator
FROM dwd.up_feed
WHERE last_event_time >= toDateTime64('2025-12-01 00:00:00', 3, 'Asia/Shanghai')
GROUP BY src_division;

-- I-07-10 一次采集率 (%)
-- row 07.10, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025-12-31
SELECT division_code AS division_code,
       toUInt8(ifNull(value_ref IS NULL, 0)) AS numerator,
       1 AS denominator
FROM dwd.field_request
WHERE (status = 'asked');

-- I-07-14 自助终端普及率 (%)
-- row 07.14, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025-12-31
SELECT division_code,
       toUInt8(division_code IN (SELECT division_code FROM dwd.device WHERE (device_kind = 'parcel_locker'))
           AND division_code IN (SELECT division_code FROM dwd.device WHERE (device_kind = 'vending'))
           AND division_code IN (SELECT division_code FROM dwd.device WHERE (device_kind = 'book_kiosk'))) AS numerator,
       1 AS denominator
FROM dwd.division AS d
WHERE d.level IN ('village') AND d.kind = 'civil'
  AND (village_class = 'residents_committee');

-- I-07-15 开展智慧社区建设的城市社区占比 (%)
-- row 07.15, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025-12-31
SELECT d.division_code AS division_code,
       if(s.status IS NULL, NULL, s.status IN ('in_progress', 'recognised')) AS numerator,
       if(s.status IS NULL, NULL, 1) AS denominator
FROM dwd.division AS d
LEFT JOIN (
    SELECT division_code, toNullable(argMax(toString(status), as_of)) AS status
    FROM dwd.programme_status
    WHERE programme = 'smart_community' AND as_of <= toDate32('2025-12-31')
    GROUP BY division_code
) AS s ON s.division_code = d.division_code
WHERE d.level = 'village' AND d.kind = 'civil' AND d.village_class = 'residents_committee';

-- I-07-15b 开展智慧社区建设的社区占比（全部社区） (%)
-- row 07.15, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025-12-31
SELECT d.division_code AS division_code,
       if(s.status IS NULL, NULL, s.status IN ('in_progress', 'recognised')) AS numerator,
       if(s.status IS NULL, NULL, 1) AS denominator
FROM dwd.division AS d
LEFT JOIN (
    SELECT division_code, toNullable(argMax(toString(status), as_of)) AS status
    FROM dwd.programme_status
    WHERE programme = 'smart_community' AND as_of <= toDate32('2025-12-31')
    GROUP BY division_code
) AS s ON s.division_code = d.division_code
WHERE d.level = 'village' AND d.kind = 'civil' AND (d.village_class = 'residents_committee' OR (d.village_class = 'village_committee' AND position(d.name, '社区') > 0));

-- I-07-15c 智慧社区数量（2025年底目标） (个)
-- row 07.15, rule version 1, 1 × Σ numerator ÷ Σ denominator; units P, published P; period 2025-12-31
SELECT toFixedString('370000000000', 12) AS division_code, countIf(last_status = 'recognised' AND last_level != '') AS numerator, 1 AS denominator
FROM (
    SELECT argMax(toString(status), as_of) AS last_status, argMax(ifNull(toString(level), ''), as_of) AS last_level
    FROM dwd.programme_status
    WHERE programme = 'smart_community' AND as_of <= toDate32('2025-12-31')
    GROUP BY division_code
);

-- I-07-15d 智慧社区数量（2022年底目标） (个)
-- row 07.15, rule version 1, 1 × Σ numerator ÷ Σ denominator; units P, published P; period 2022-12-31
SELECT toFixedString('370000000000', 12) AS division_code, countIf(last_status = 'recognised' AND last_level != '') AS numerator, 1 AS denominator
FROM (
    SELECT argMax(toString(status), as_of) AS last_status, argMax(ifNull(toString(level), ''), as_of) AS last_level
    FROM dwd.programme_status
    WHERE programme = 'smart_community' AND as_of <= toDate32('2022-12-31')
    GROUP BY division_code
);

-- I-07-16 爱山东可办率 (%)
-- row 07.16, rule version 1, 100 × Σ numerator ÷ Σ denominator; units P, published P; period 2025-12-31
SELECT toFixedString(rightPad(substring(toString(toFixedString('370000000000', 12)), 1, 2), 12, '0'), 12) AS division_code,
       toUInt8(ifNull(has(channels, 'ishandong'), 0)) AS numerator,
       1 AS denominator
FROM dwd.service_item
WHERE (state = 'in_force' AND online_url_ok = 'yes');

-- I-07-18 网络安全事件平均发现用时 (分钟)
-- row 07.18, rule version 2, 1 × Σ numerator ÷ Σ denominator; units X, published P, C, X; period 2025
SELECT d.division_code AS division_code,
       if(n.value IS NULL OR m.value IS NULL, NULL, n.value) AS numerator,
       if(n.value IS NULL OR m.value IS NULL, NULL, m.value) AS denominator
FROM dwd.division AS d
LEFT JOIN
(
    SELECT toFixedString(rightPad(substring(toString(division_code), 1, 6), 12, '0'), 12) AS unit, toNullable(sum(value)) AS value
    FROM dwd.stat_fact
    WHERE (family = 'security_event' AND measure = 'detect_minutes' AND breakdown = '' AND period_start >= toDate32('2025-01-01') AND period_start <= toDate32('2025-12-31'))
    GROUP BY unit
) AS n ON n.unit = d.division_code
LEFT JOIN
(
    SELECT toFixedString(rightPad(substring(toString(division_code), 1, 6), 12, '0'), 12) AS unit, toNullable(sum(value)) AS value
    FROM dwd.stat_fact
    WHERE (family = 'security_event' AND measure = 'security_events' AND breakdown = '' AND period_start >= toDate32('2025-01-01') AND period_start <= toDate32('2025-12-31'))
    GROUP BY unit
) AS m ON m.unit = d.division_code
WHERE d.level IN ('county') AND d.kind = 'civil';

-- I-07-18b 网络安全事件平均处置用时 (分钟)
-- row 07.18, rule version 1, 1 × Σ numerator ÷ Σ denominator; units X, published P, C, X; period 2025
SELECT d.division_code AS division_code,
       if(n.value IS NULL OR m.value IS NULL, NULL, n.value) AS numerator,
       if(n.value IS NULL OR m.value IS NULL, NULL, m.value) AS denominator
FROM dwd.division AS d
LEFT JOIN
(
    SELECT toFixedString(rightPad(substring(toString(division_code), 1, 6), 12, '0'), 12) AS unit, toNullable(sum(value)) AS value
    FROM dwd.stat_fact
    WHERE (family = 'security_event' AND measure = 'contain_minutes' AND breakdown = '' AND period_start >= toDate32('2025-01-01') AND period_start <= toDate32('2025-12-31'))
    GROUP BY unit
) AS n ON n.unit = d.division_code
LEFT JOIN
(
    SELECT toFixedString(rightPad(substring(toString(division_code), 1, 6), 12, '0'), 12) AS unit, toNullable(sum(value)) AS value
    FROM dwd.stat_fact
    WHERE (family = 'security_event' AND measure = 'security_events' AND breakdown = '' AND period_start >= toDate32('2025-01-01') AND period_start <= toDate32('2025-12-31'))
    GROUP BY unit
) AS m ON m.unit = d.division_code
WHERE d.level IN ('county') AND d.kind = 'civil';

-- I-07-18c 信息系统等保定级率 (%)
-- row 07.18, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; period 2025
SELECT d.division_code AS division_code,
       if(n.value IS NULL OR m.value IS NULL, NULL, n.value) AS numerator,
       if(n.value IS NULL OR m.value IS NULL, NULL, m.value) AS denominator
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS unit, toNullable(argMax(value, period_start)) AS value
    FROM dwd.stat_fact
    WHERE (family = 'security_event' AND measure = 'systems_graded_n' AND breakdown = '' AND period_start >= toDate32('2025-01-01') AND period_start <= toDate32('2025-12-31'))
    GROUP BY unit
) AS n ON n.unit = d.division_code
LEFT JOIN
(
    SELECT division_code AS unit, toNullable(argMax(value, period_start)) AS value
    FROM dwd.stat_fact
    WHERE (family = 'security_event' AND measure = 'systems_n' AND breakdown = '' AND period_start >= toDate32('2025-01-01') AND period_start <= toDate32('2025-12-31'))
    GROUP BY unit
) AS m ON m.unit = d.division_code
WHERE d.level IN ('county') AND d.kind = 'civil';

-- I-08-03 双报到占比 (%)
-- row 08.3, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025-12-31
SELECT division_code AS division_code,
       toUInt8(ifNull(org_id IN (SELECT from_org FROM dwd.org_relation WHERE (kind = 'unit_reported_to_community') AND (valid_from IS NULL OR valid_from <= toDate32('2025-12-31')) AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31'))), 0)) AS numerator,
       1 AS denominator
FROM dwd.organization
WHERE (org_kind = 'resident_unit') AND (valid_from IS NULL OR valid_from <= toDate32('2025-12-31')) AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31'));

-- I-08-04 应急下派机制覆盖率 (%)
-- row 08.4, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; period 2025-12-31
SELECT division_code,
       toUInt8(division_code IN (SELECT division_code FROM dwd.mechanism WHERE (kind = 'secondment_in_emergency') AND (valid_from IS NULL OR valid_from <= toDate32('2025-12-31')) AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31')))) AS numerator,
       1 AS denominator
FROM dwd.division AS d
WHERE d.level IN ('county') AND d.kind = 'civil';

-- I-08-06 兼职委员制覆盖率 (%)
-- row 08.6, rule version 1, 100 × Σ numerator ÷ Σ denominator; units each, published P, C, X; period 2025-12-31
SELECT division_code,
       toUInt8(division_code IN (SELECT division_code FROM dwd.mechanism WHERE (kind = 'part_time_committee_member') AND (valid_from IS NULL OR valid_from <= toDate32('2025-12-31')) AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31')))) AS numerator,
       1 AS denominator
FROM dwd.division AS d
WHERE d.level IN ('township', 'village') AND d.kind = 'civil';

-- I-08-07 联建共建覆盖率 (%)
-- row 08.7, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025-12-31
SELECT division_code,
       toUInt8(division_code IN (SELECT toFixedString(rightPad(to_ref, 12, '0'), 12) FROM dwd.org_relation WHERE (kind = 'joint_building') AND (valid_from IS NULL OR valid_from <= toDate32('2025-12-31')) AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31')))) AS numerator,
       1 AS denominator
FROM dwd.division AS d
WHERE d.level IN ('village') AND d.kind = 'civil';

-- I-08-08 红色物业社区占比 (%)
-- row 08.8, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025-12-31
SELECT division_code,
       toUInt8(division_code IN (SELECT division_code FROM dwd.programme_status WHERE (programme = 'qilu_red_property' AND as_of <= toDate32('2025-12-31') AND status = 'recognised'))) AS numerator,
       1 AS denominator
FROM dwd.division AS d
WHERE d.level IN ('village') AND d.kind = 'civil'
  AND (village_class = 'residents_committee');

-- I-08-09 物业共治机制覆盖率 (%)
-- row 08.9, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025-12-31
SELECT division_code,
       toUInt8(division_code IN (SELECT division_code FROM dwd.mechanism WHERE (kind = 'property_co_governance') AND (valid_from IS NULL OR valid_from <= toDate32('2025-12-31')) AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31')))) AS numerator,
       1 AS denominator
FROM dwd.division AS d
WHERE d.level IN ('village') AND d.kind = 'civil'
  AND (village_class = 'residents_committee');

-- I-08-10 每万人社会组织数 (个/万人)
-- row 08.10, rule version 1, 10000 × Σ numerator ÷ Σ denominator; units X, published P, C, X; period 2025
SELECT d.division_code AS division_code,
       if(m.value IS NULL, NULL, ifNull(n.value, 0)) AS numerator,
       if(m.value IS NULL, NULL, m.value) AS denominator
FROM dwd.division AS d
LEFT JOIN
(
    SELECT toFixedString(rightPad(substring(toString(division_code), 1, 6), 12, '0'), 12) AS unit, toNullable(count()) AS value
    FROM dwd.organization
    WHERE (org_kind IN ('social_org_association', 'social_org_nonenterprise', 'social_org_foundation', 'community_filed_social_org')) AND (valid_from IS NULL OR valid_from <= toDate32('2025-12-31')) AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31'))
    GROUP BY unit
) AS n ON n.unit = d.division_code
LEFT JOIN
(
    SELECT division_code AS unit, toNullable(argMax(value, period_start)) AS value
    FROM dwd.stat_fact
    WHERE (family = 'population' AND measure = 'resident_population' AND breakdown = '' AND period_start >= toDate32('2025-01-01') AND period_start <= toDate32('2025-12-31'))
    GROUP BY unit
) AS m ON m.unit = d.division_code
WHERE d.level IN ('county') AND d.kind = 'civil';

-- I-08-11 合格社会组织承接金额占比 (%)
-- row 08.11, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; period 2025
SELECT toFixedString(rightPad(substring(toString(division_code), 1, 6), 12, '0'), 12) AS division_code,
       if(amount_yuan IS NULL OR amount_yuan IS NULL, NULL, if(ifNull(provider_kind = 'social_org' AND priority_flag = 'yes', 0), amount_yuan, 0)) AS numerator,
       if(amount_yuan IS NULL OR amount_yuan IS NULL, NULL, amount_yuan) AS denominator
FROM dwd.contract
WHERE (kind = 'service_purchase' AND start_on >= toDate32('2025-01-01') AND start_on <= toDate32('2025-12-31'));

-- I-08-13 有社会组织发展资金的县占比 (%)
-- row 08.13, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; period 2025-12-31
SELECT division_code,
       toUInt8(division_code IN (SELECT toFixedString(rightPad(substring(toString(division_code), 1, 6), 12, '0'), 12) FROM dwd.organization WHERE (org_kind = 'social_org_development') AND (valid_from IS NULL OR valid_from <= toDate32('2025-12-31')) AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31')))) AS numerator,
       1 AS denominator
FROM dwd.division AS d
WHERE d.level IN ('county') AND d.kind = 'civil';

-- I-09-01 便民服务事项清单覆盖率 (%)
-- row 09.1, rule version 1, 100 × Σ numerator ÷ Σ denominator; units C, published P, C; period 2025-12-31
SELECT division_code,
       toUInt8(division_code IN (SELECT division_code FROM dwd.list_register WHERE (kind = 'convenience_service' AND scope_tier = 'T') AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31')))
           AND division_code IN (SELECT division_code FROM dwd.list_register WHERE (kind = 'convenience_service' AND scope_tier = 'V') AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31')))) AS numerator,
       1 AS denominator
FROM dwd.division AS d
WHERE d.level IN ('city') AND d.kind = 'civil';

-- I-09-02 事项下沉受理率 (%)
-- row 09.2, rule version 1, 100 × Σ numerator ÷ Σ denominator; units P, published P; period 2025-12-31
SELECT toFixedString(rightPad(substring(toString(toFixedString('370000000000', 12)), 1, 2), 12, '0'), 12) AS division_code,
       toUInt8(ifNull(has(accept_tier, 'T') OR has(accept_tier, 'V'), 0)) AS numerator,
       1 AS denominator
FROM dwd.service_item
WHERE (state = 'in_force');

-- I-09-04 特殊群体服务覆盖率 (%)
-- row 09.4, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; period 2025
SELECT division_code,
       if(served IS NULL OR eligible IS NULL, NULL, served) AS numerator,
       if(served IS NULL OR eligible IS NULL, NULL, eligible) AS denominator
FROM (
    SELECT division_code, breakdown,
           argMaxIf(toNullable(value), period_start, measure = 'served_n') AS served,
           argMaxIf(toNullable(value), period_start, measure = 'eligible_n') AS eligible
    FROM dwd.stat_fact
    WHERE family = 'service_group' AND measure IN ('served_n', 'eligible_n')
      AND period_start >= toDate32('2025-01-01') AND period_start <= toDate32('2025-12-31')
      AND division_code LIKE '37____000000' AND division_code NOT LIKE '37__00000000'
    GROUP BY division_code, breakdown
);

-- I-09-05 高频事项市域通办率 (%)
-- row 09.5, rule version 2, 100 × Σ numerator ÷ Σ denominator; units C, published P, C; period 2025-12-31
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
-- row 09.5, rule version 1, 100 × Σ numerator ÷ Σ denominator; units C, published P, C; period 2025
SELECT toFixedString(rightPad(substring(toString(accept_division), 1, 4), 12, '0'), 12) AS division_code,
       if(cross_county_n IS NULL OR accepted_n IS NULL, NULL, cross_county_n) AS numerator,
       if(cross_county_n IS NULL OR accepted_n IS NULL, NULL, accepted_n) AS denominator
FROM dwd.service_case_stat
WHERE (day >= toDate32('2025-01-01') AND day <= toDate32('2025-12-31'));

-- I-09-09 社区七类服务可及率 (%)
-- row 09.9, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025-12-31
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
-- row 09.10, rule version 1, 1 × Σ numerator ÷ Σ denominator; units each, published P; period 2025
SELECT d.division_code AS division_code, ifNull(c.projects, 0) AS numerator, 1 AS denominator
FROM dwd.division AS d
LEFT JOIN (
    SELECT division_code, toNullable(count()) AS projects
    FROM dwd.contract
    WHERE kind = 'demo_purchase' AND start_on >= toDate32('2025-01-01') AND start_on <= toDate32('2025-12-31')
    GROUP BY division_code
) AS c ON c.division_code = d.division_code
WHERE d.level IN ('province', 'city', 'county') AND d.kind = 'civil';

-- I-09-13 黄河滩区迁建搬迁率 (%)
-- row 09.13, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025-12-31
SELECT division_code AS division_code,
       if(toInt64OrNull(attrs['households_moved']) IS NULL OR toInt64OrNull(attrs['households_planned']) IS NULL, NULL, toInt64OrNull(attrs['households_moved'])) AS numerator,
       if(toInt64OrNull(attrs['households_moved']) IS NULL OR toInt64OrNull(attrs['households_planned']) IS NULL, NULL, toInt64OrNull(attrs['households_planned'])) AS denominator
FROM dwd.programme_status
WHERE (programme = 'yellow_river_relocation' AND as_of <= toDate32('2025-12-31'));

-- I-10-02 应急救援队伍覆盖率 (%)
-- row 10.2, rule version 1, 100 × Σ numerator ÷ Σ denominator; units T, published P, C, X, T; period 2025-12-31
SELECT division_code,
       toUInt8(division_code IN (SELECT division_code FROM dwd.organization WHERE (org_kind = 'emergency_team') AND (valid_from IS NULL OR valid_from <= toDate32('2025-12-31')) AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31')))) AS numerator,
       1 AS denominator
FROM dwd.division AS d
WHERE d.level IN ('township') AND d.kind = 'civil';

-- I-10-03 应急预案体系健全率 (%)
-- row 10.3, rule version 1, 100 × Σ numerator ÷ Σ denominator; units T, published P, C, X, T; period 2025-12-31
SELECT division_code,
       toUInt8(division_code IN (SELECT division_code FROM dwd.emergency_plan WHERE (record_kind = 'plan' AND issued_on <= toDate32('2025-12-31') AND plan_kind = 'comprehensive'))
           AND division_code IN (SELECT division_code FROM dwd.emergency_plan WHERE (record_kind = 'plan' AND issued_on <= toDate32('2025-12-31') AND plan_kind = 'flood'))
           AND division_code IN (SELECT division_code FROM dwd.emergency_plan WHERE (record_kind = 'plan' AND issued_on <= toDate32('2025-12-31') AND plan_kind = 'fire'))) AS numerator,
       1 AS denominator
FROM dwd.division AS d
WHERE d.level IN ('township') AND d.kind = 'civil';

-- I-10-04 年度综合应急预案演练覆盖率 (%)
-- row 10.4, rule version 1, 100 × Σ numerator ÷ Σ denominator; units T, published P, C, X, T; period 2025
SELECT division_code,
       toUInt8(division_code IN (
           SELECT toFixedString(rightPad(toString(township), 12, '0'), 12)
           FROM (
               SELECT arrayJoin(arrayFilter(c -> length(c) IN (9, 12), arrayPushBack(joint_divisions, toString(division_code)))) AS township
               FROM dwd.emergency_plan
               WHERE record_kind = 'drill' AND plan_kind = 'comprehensive'
                 AND drill_on >= toDate32('2025-01-01') AND drill_on <= toDate32('2025-12-31')
           )
       )) AS numerator,
       1 AS denominator
FROM dwd.division
WHERE level = 'township' AND kind = 'civil';

-- I-10-05 应急物资储备站点覆盖率 (%)
-- row 10.5, rule version 1, 100 × Σ numerator ÷ Σ denominator; units T, published P, C, X, T; period 2025-12-31
SELECT division_code,
       toUInt8(division_code IN (SELECT division_code FROM dwd.facility WHERE (facility_kind = 'emergency_stockpoint') AND (valid_from IS NULL OR valid_from <= toDate32('2025-12-31')) AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31')))) AS numerator,
       1 AS denominator
FROM dwd.division AS d
WHERE d.level IN ('township') AND d.kind = 'civil';

-- I-10-06 应急物资满足率 (%)
-- row 10.6, rule version 1, 100 × Σ numerator ÷ Σ denominator; units T, published P, C, X, T; period 2025-12-31
SELECT toFixedString(rightPad(substring(toString(division_code), 1, 9), 12, '0'), 12) AS division_code,
       if(required_qty IS NULL, NULL, toUInt8(ifNull(qty >= required_qty, 0))) AS numerator,
       if(required_qty IS NULL, NULL, 1) AS denominator
FROM dwd.emergency_stock
WHERE (as_of <= toDate32('2025-12-31') AND (expires_on IS NULL OR expires_on > toDate32('2025-12-31')));

-- I-10-07 村级应急预案覆盖率 (%)
-- row 10.7, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025-12-31
SELECT division_code,
       toUInt8(division_code IN (SELECT division_code FROM dwd.emergency_plan WHERE (record_kind = 'plan' AND issued_on <= toDate32('2025-12-31')))) AS numerator,
       1 AS denominator
FROM dwd.division AS d
WHERE d.level IN ('village') AND d.kind = 'civil';

-- I-10-08 村级应急力量纳入联战占比 (%)
-- row 10.8, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025-12-31
SELECT division_code AS division_code,
       toUInt8(ifNull(org_id IN (SELECT from_org FROM dwd.org_relation WHERE (kind = 'joint_response') AND (valid_from IS NULL OR valid_from <= toDate32('2025-12-31')) AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31'))), 0)) AS numerator,
       1 AS denominator
FROM dwd.organization
WHERE (org_kind = 'emergency_team') AND (valid_from IS NULL OR valid_from <= toDate32('2025-12-31')) AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31'));

-- I-10-10 购买服务指导目录纳入应急占比 (%)
-- row 10.10, rule version 1, 100 × Σ numerator ÷ Σ denominator; units each, published P, C, X; period 2025-12-31
SELECT division_code AS division_code,
       toUInt8(ifNull(list_id IN (SELECT list_id FROM dwd.list_item WHERE (name LIKE '%应急%' OR name LIKE '%安全生产%') AND (valid_from IS NULL OR valid_from <= toDate32('2025-12-31')) AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31'))), 0)) AS numerator,
       1 AS denominator
FROM dwd.list_register
WHERE (kind = 'purchase_guidance') AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31'));

-- I-10-11 社会救援力量签约乡镇占比 (%)
-- row 10.11, rule version 1, 100 × Σ numerator ÷ Σ denominator; units T, published P, C, X, T; period 2025-12-31
SELECT division_code,
       toUInt8(division_code IN (SELECT division_code FROM dwd.contract WHERE (kind = 'emergency_service' AND start_on <= toDate32('2025-12-31') AND (end_on IS NULL OR end_on >= toDate32('2025-12-31'))))) AS numerator,
       1 AS denominator
FROM dwd.division AS d
WHERE d.level IN ('township') AND d.kind = 'civil';

-- I-11-01 先改制后改社区合规率 (%)
-- row 11.1, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; period 2025-12-31
SELECT toFixedString(rightPad(substring(toString(division_code), 1, 6), 12, '0'), 12) AS division_code,
       toUInt8(ifNull(property_reform_on <= converted_on, 0)) AS numerator,
       1 AS denominator
FROM dwd.village_conversion_case
WHERE (converted_on IS NOT NULL AND converted_on <= toDate32('2025-12-31'));

-- I-11-02 改社区条件全部满足率 (%)
-- row 11.2, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; period 2025-12-31
SELECT toFixedString(rightPad(substring(toString(division_code), 1, 6), 12, '0'), 12) AS division_code,
       toUInt8(ifNull(notEmpty(conditions_met) AND countEqual(conditions_met, 'yes') = length(conditions_met), 0)) AS numerator,
       1 AS denominator
FROM dwd.village_conversion_case
WHERE (approved_on IS NOT NULL AND approved_on <= toDate32('2025-12-31'));

-- I-11-03 四步五部门合规率 (%)
-- row 11.3, rule version 2, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; period 2025-12-31
SELECT toFixedString(rightPad(substring(toString(division_code), 1, 6), 12, '0'), 12) AS division_code,
       toUInt8(ifNull(stages_no = ['1', '2', '3', '4'] AND length(stages_done_on) = 4 AND NOT has(stages_done_on, '') AND stages_done_on = arraySort(stages_done_on) AND length(dept_opinions_opinion) = length(dept_opinions_dept) AND NOT has(dept_opinions_opinion, '') AND hasAll(dept_opinions_dept, ['civil_affairs', 'organisation', 'agriculture', 'natural_resources', 'finance']), 0)) AS numerator,
       1 AS denominator
FROM dwd.village_conversion_case
WHERE (approved_on IS NOT NULL AND approved_on <= toDate32('2025-12-31'));

-- I-11-04 村改社区排查率 (%)
-- row 11.4, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; period 2025-12-31
SELECT division_code,
       toUInt8(division_code IN (SELECT division_code FROM dwd.programme_status WHERE (programme = 'conversion_screening' AND as_of <= toDate32('2025-12-31') AND status = 'recognised'))) AS numerator,
       1 AS denominator
FROM dwd.division AS d
WHERE d.level IN ('county') AND d.kind = 'civil';

-- I-11-05 村改社区五项任务完成率 (%)
-- row 11.5, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; period 2025-12-31
SELECT toFixedString(rightPad(substring(toString(division_code), 1, 6), 12, '0'), 12) AS division_code,
       toUInt8(ifNull(length(arrayDistinct(tasks)) = 5, 0)) AS numerator,
       1 AS denominator
FROM dwd.village_conversion_case;

-- I-12-01 乡镇编制空缺率 (%)
-- row 12.1, rule version 1, 100 × Σ numerator ÷ Σ denominator; units T, published P, C, X, T; period 2025
SELECT d.division_code AS division_code,
       if(s.quota IS NULL OR s.actual IS NULL, NULL, s.quota - s.actual) AS numerator,
       if(s.quota IS NULL OR s.actual IS NULL, NULL, s.quota) AS denominator
FROM dwd.division AS d
LEFT JOIN (
    SELECT division_code,
           argMaxIf(toNullable(value), period_start, measure = 'staff_quota') AS quota,
           argMaxIf(toNullable(value), period_start, measure = 'staff_actual') AS actual
    FROM dwd.stat_fact
    WHERE family = 'establishment' AND breakdown = '' AND period_start >= toDate32('2025-01-01') AND period_start <= toDate32('2025-12-31')
    GROUP BY division_code
) AS s ON s.division_code = d.division_code
WHERE d.level = 'township' AND d.kind = 'civil';

-- I-12-01b 招录计划投向空编乡镇占比 (%)
-- row 12.1, rule version 1, 100 × Σ numerator ÷ Σ denominator; units T, published P, C, X, T; period 2025
SELECT division_code,
       if(quota IS NULL OR actual IS NULL, NULL, if(quota > actual, intake, 0)) AS numerator,
       if(quota IS NULL OR actual IS NULL, NULL, intake) AS denominator
FROM (
    SELECT division_code,
           argMaxIf(toNullable(value), period_start, measure = 'staff_quota') AS quota,
           argMaxIf(toNullable(value), period_start, measure = 'staff_actual') AS actual,
           argMaxIf(toNullable(value), period_start, measure = 'plan_intake') AS intake
    FROM dwd.stat_fact
    WHERE family = 'establishment' AND breakdown = '' AND period_start >= toDate32('2025-01-01') AND period_start <= toDate32('2025-12-31')
    GROUP BY division_code
)
WHERE intake IS NOT NULL AND substring(toString(division_code), 7, 3) != '000' AND substring(toString(division_code), 10, 3) = '000';

-- I-12-03 条线辅助人员统筹率 (%)
-- row 12.3, rule version 1, 100 × Σ numerator ÷ Σ denominator; units T, published P, C, X, T; period 2025
SELECT d.division_code AS division_code,
       if(n.value IS NULL OR m.value IS NULL, NULL, n.value) AS numerator,
       if(n.value IS NULL OR m.value IS NULL, NULL, m.value) AS denominator
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS unit, toNullable(argMax(value, period_start)) AS value
    FROM dwd.stat_fact
    WHERE (family = 'workforce' AND measure = 'auxiliary' AND breakdown = 'unified=yes' AND period_start >= toDate32('2025-01-01') AND period_start <= toDate32('2025-12-31'))
    GROUP BY unit
) AS n ON n.unit = d.division_code
LEFT JOIN
(
    SELECT division_code AS unit, toNullable(argMax(value, period_start)) AS value
    FROM dwd.stat_fact
    WHERE (family = 'workforce' AND measure = 'auxiliary' AND breakdown = '' AND period_start >= toDate32('2025-01-01') AND period_start <= toDate32('2025-12-31'))
    GROUP BY unit
) AS m ON m.unit = d.division_code
WHERE d.level IN ('township') AND d.kind = 'civil';

-- I-12-04 书记备案率 (%)
-- row 12.4, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; period 2025-12-31
SELECT toFixedString(rightPad(substring(toString(division_code), 1, 6), 12, '0'), 12) AS division_code,
       toUInt8(ifNull(filed_on IS NOT NULL AND filed_on <= toDate32('2025-12-31'), 0)) AS numerator,
       1 AS denominator
FROM dwd.workforce_post
WHERE (post_kind = 'village_party_secretary' AND spell_from <= toDate32('2025-12-31') AND (spell_to IS NULL OR spell_to > toDate32('2025-12-31')));

-- I-12-06 社区工作者备案率 (%)
-- row 12.6, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; period 2025-12-31
SELECT toFixedString(rightPad(substring(toString(division_code), 1, 6), 12, '0'), 12) AS division_code,
       toUInt8(ifNull(filed_on IS NOT NULL AND filed_on <= toDate32('2025-12-31'), 0)) AS numerator,
       1 AS denominator
FROM dwd.workforce_post
WHERE (post_kind = 'community_worker' AND spell_from <= toDate32('2025-12-31') AND (spell_to IS NULL OR spell_to > toDate32('2025-12-31')));

-- I-12-07 每万城镇常住人口社区工作者数 (人/万人)
-- row 12.7, rule version 1, 10000 × Σ numerator ÷ Σ denominator; units X, published P, C, X; period 2025-12-31
SELECT d.division_code AS division_code,
       if(w.value IS NULL OR p.value IS NULL, NULL, w.value) AS numerator,
       if(w.value IS NULL OR p.value IS NULL, NULL, p.value) AS denominator
FROM dwd.division AS d
LEFT JOIN (
    SELECT division_code, toNullable(argMax(value, period_start)) AS value
    FROM dwd.stat_fact
    WHERE family = 'workforce' AND measure = 'community_workers' AND period_kind = 'Q' AND breakdown = ''
      AND addMonths(period_start, 3) > toDate32('2025-01-01') AND addMonths(period_start, 3) <= toDate32('2026-01-01')
    GROUP BY division_code
) AS w ON w.division_code = d.division_code
LEFT JOIN (
    SELECT division_code, toNullable(argMax(value, period_start)) AS value
    FROM dwd.stat_fact
    WHERE family = 'population' AND measure = 'urban_resident_population' AND period_kind = 'Q' AND breakdown = ''
      AND addMonths(period_start, 3) > toDate32('2025-01-01') AND addMonths(period_start, 3) <= toDate32('2026-01-01')
    GROUP BY division_code
) AS p ON p.division_code = d.division_code
WHERE d.level = 'county' AND d.kind = 'civil';

-- I-12-08 社区工作者定级率 (%)
-- row 12.8, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; period 2025-12-31
SELECT toFixedString(rightPad(substring(toString(division_code), 1, 6), 12, '0'), 12) AS division_code,
       toUInt8(ifNull(grade_code IS NOT NULL, 0)) AS numerator,
       1 AS denominator
FROM dwd.workforce_post
WHERE (post_kind = 'community_worker' AND spell_from <= toDate32('2025-12-31') AND (spell_to IS NULL OR spell_to > toDate32('2025-12-31')));

-- I-12-10 基层干部轮训率 (%)
-- row 12.10, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; period 2025
SELECT division_code,
       if(trained IS NULL OR target IS NULL, NULL, trained) AS numerator,
       if(trained IS NULL OR target IS NULL, NULL, target) AS denominator
FROM (
    SELECT division_code, breakdown,
           argMaxIf(toNullable(value), period_start, measure = 'trained_persons') AS trained,
           argMaxIf(toNullable(value), period_start, measure = 'target_n') AS target
    FROM dwd.stat_fact
    WHERE family = 'training' AND measure IN ('trained_persons', 'target_n')
      AND period_start >= toDate32('2025-01-01') AND period_start <= toDate32('2025-12-31')
      AND division_code LIKE '37____000000' AND division_code NOT LIKE '37__00000000'
    GROUP BY division_code, breakdown
);

-- I-12-12 书记选育管用机制覆盖率 (%)
-- row 12.12, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; period 2025-12-31
SELECT division_code,
       toUInt8(division_code IN (SELECT division_code FROM dwd.mechanism WHERE (kind = 'secretary_selection_and_development') AND (valid_from IS NULL OR valid_from <= toDate32('2025-12-31')) AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31')))) AS numerator,
       1 AS denominator
FROM dwd.division AS d
WHERE d.level IN ('county') AND d.kind = 'civil';

-- I-13-01 乡镇财力保障机制覆盖率 (%)
-- row 13.1, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; period 2025-12-31
SELECT division_code,
       toUInt8(division_code IN (SELECT division_code FROM dwd.mechanism WHERE (kind = 'township_fiscal_guarantee') AND (valid_from IS NULL OR valid_from <= toDate32('2025-12-31')) AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31')))) AS numerator,
       1 AS denominator
FROM dwd.division AS d
WHERE d.level IN ('county') AND d.kind = 'civil';

-- I-13-02 对乡镇转移支付增长 (%)
-- row 13.2, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; period 2025
SELECT d.division_code AS division_code,
       if(n.value IS NULL OR m.value IS NULL, NULL, n.value) AS numerator,
       if(n.value IS NULL OR m.value IS NULL, NULL, m.value) AS denominator
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS unit, toNullable(sum(amount_yuan)) AS value
    FROM dwd.fiscal_fact
    WHERE (subject = 'transfer_to_township' AND toString(fiscal_year) = '2025')
    GROUP BY unit
) AS n ON n.unit = d.division_code
LEFT JOIN
(
    SELECT division_code AS unit, toNullable(sum(amount_yuan)) AS value
    FROM dwd.fiscal_fact
    WHERE (subject = 'transfer_to_township' AND toString(fiscal_year) = '2024')
    GROUP BY unit
) AS m ON m.unit = d.division_code
WHERE d.level IN ('county') AND d.kind = 'civil';

-- I-13-03 乡镇基本支出保障系数 (比)
-- row 13.3, rule version 1, 1 × Σ numerator ÷ Σ denominator; units T, published P, C, X, T; period 2025
SELECT d.division_code AS division_code,
       if(n.value IS NULL OR m.value IS NULL, NULL, n.value) AS numerator,
       if(n.value IS NULL OR m.value IS NULL, NULL, m.value) AS denominator
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS unit, toNullable(sum(amount_yuan)) AS value
    FROM dwd.fiscal_fact
    WHERE (subject IN ('own_resources', 'transfer_to_township') AND toString(fiscal_year) = '2025')
    GROUP BY unit
) AS n ON n.unit = d.division_code
LEFT JOIN
(
    SELECT division_code AS unit, toNullable(sum(amount_yuan)) AS value
    FROM dwd.fiscal_fact
    WHERE (subject = 'basic_expenditure' AND toString(fiscal_year) = '2025')
    GROUP BY unit
) AS m ON m.unit = d.division_code
WHERE d.level IN ('township') AND d.kind = 'civil';

-- I-13-04 财政困难县获市级补助占比 (%)
-- row 13.4, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; period 2025
SELECT division_code,
       toUInt8(division_code IN (SELECT division_code FROM dwd.fiscal_fact WHERE (subject = 'city_subsidy' AND toString(fiscal_year) = '2025' AND amount_yuan > 0))) AS numerator,
       1 AS denominator
FROM dwd.division AS d
WHERE d.level IN ('county') AND d.kind = 'civil'
  AND (fiscal_difficulty = 'yes');

-- I-13-06 城市社区两委成员补助足额率 (%)
-- row 13.6, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; period 2025
SELECT d.division_code AS division_code,
       if(n.value IS NULL OR m.value IS NULL, NULL, n.value) AS numerator,
       if(n.value IS NULL OR m.value IS NULL, NULL, m.value) AS denominator
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS unit, toNullable(sum(paid_yuan)) AS value
    FROM dwd.fiscal_fact
    WHERE (subject = 'committee_subsidy' AND toString(fiscal_year) = '2025')
    GROUP BY unit
) AS n ON n.unit = d.division_code
LEFT JOIN
(
    SELECT division_code AS unit, toNullable(sum(entitled_yuan)) AS value
    FROM dwd.fiscal_fact
    WHERE (subject = 'committee_subsidy' AND toString(fiscal_year) = '2025')
    GROUP BY unit
) AS m ON m.unit = d.division_code
WHERE d.level IN ('county') AND d.kind = 'civil';

-- I-13-07 社区服务群众专项经费落实率 (%)
-- row 13.7, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025
SELECT division_code,
       toUInt8(division_code IN (SELECT division_code FROM dwd.fiscal_fact WHERE (subject = 'community_party_service_fund' AND toString(fiscal_year) = '2025' AND amount_yuan > 0))) AS numerator,
       1 AS denominator
FROM dwd.division AS d
WHERE d.level IN ('village') AND d.kind = 'civil'
  AND (village_class = 'residents_committee');

-- I-13-08 村级运转经费补助覆盖率 (%)
-- row 13.8, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025
SELECT division_code,
       toUInt8(division_code IN (SELECT division_code FROM dwd.fiscal_fact WHERE (subject = 'village_operating' AND toString(fiscal_year) = '2025' AND amount_yuan > 0))) AS numerator,
       1 AS denominator
FROM dwd.division AS d
WHERE d.level IN ('village') AND d.kind = 'civil'
  AND (village_class = 'village_committee');

-- I-13-10 乡镇综合服务设施达标率 (%)
-- row 13.10, rule version 1, 100 × Σ numerator ÷ Σ denominator; units T, published P, C, X, T; period 2025-12-31
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
-- row 13.11, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025-12-31
SELECT division_code,
       if(site_type IS NULL OR area_m2 IS NULL, NULL, area_m2 >= 300) AS numerator,
       if(site_type IS NULL OR area_m2 IS NULL, NULL, 1) AS denominator
FROM dwd.facility
WHERE facility_kind = 'village_service_complex'
  AND (site_type IS NULL OR site_type = 'built_urban')
  AND division_code IN (SELECT division_code FROM dwd.division WHERE level = 'village' AND kind != 'virtual');

-- I-13-12 新建城市社区和中心村综合服务设施达标率 (%)
-- row 13.12, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025-12-31
SELECT division_code,
       if(site_type IS NULL OR area_m2 IS NULL, NULL, area_m2 >= 500) AS numerator,
       if(site_type IS NULL OR area_m2 IS NULL, NULL, 1) AS denominator
FROM dwd.facility
WHERE facility_kind = 'village_service_complex'
  AND (site_type IS NULL OR site_type IN ('new_urban', 'central_village'))
  AND division_code IN (SELECT division_code FROM dwd.division WHERE level = 'village' AND kind != 'virtual');

-- I-13-13 非中心村综合服务设施达标率 (%)
-- row 13.13, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025-12-31
SELECT division_code,
       if(site_type IS NULL OR area_m2 IS NULL, NULL, area_m2 >= 100) AS numerator,
       if(site_type IS NULL OR area_m2 IS NULL, NULL, 1) AS denominator
FROM dwd.facility
WHERE facility_kind = 'village_service_complex'
  AND (site_type IS NULL OR site_type = 'non_central_village')
  AND division_code IN (SELECT division_code FROM dwd.division WHERE level = 'village' AND kind != 'virtual');

-- I-13-14 每百户 30 平方米且不低于基数达标率 (%)
-- row 13.14, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025-12-31
SELECT f.division_code AS division_code,
       if(f.site_type IS NULL OR f.area_m2 IS NULL OR h.households IS NULL, NULL,
          f.area_m2 >= multiIf(f.site_type = 'built_urban', 300, f.site_type IN ('new_urban', 'central_village'), 500, 100)
          AND f.area_m2 * 10 >= h.households * 3) AS numerator,
       if(f.site_type IS NULL OR f.area_m2 IS NULL OR h.households IS NULL, NULL, 1) AS denominator
FROM dwd.facility AS f
LEFT JOIN (
    SELECT division_code, toNullable(argMax(value, period_start)) AS households
    FROM dwd.stat_fact
    WHERE family = 'population' AND measure = 'resident_households' AND period_kind = 'M' AND breakdown = ''
      AND period_start > toDate32('2024-12-31') AND period_start <= toDate32('2025-12-31')
    GROUP BY division_code
) AS h ON h.division_code = f.division_code
WHERE f.facility_kind = 'village_service_complex'
  AND (f.site_type IS NULL OR f.site_type IN ('built_urban', 'new_urban', 'central_village', 'non_central_village'))
  AND f.division_code IN (SELECT division_code FROM dwd.division WHERE level = 'village' AND kind != 'virtual');

-- I-13-15 直接服务面积占比达标率 (%)
-- row 13.15, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025-12-31
SELECT division_code,
       if(area_m2 IS NULL OR direct_service_area_m2 IS NULL OR direct_service_area_m2 > area_m2, NULL,
          direct_service_area_m2 * 10 >= area_m2 * 7) AS numerator,
       if(area_m2 IS NULL OR direct_service_area_m2 IS NULL OR direct_service_area_m2 > area_m2, NULL, 1) AS denominator
FROM dwd.facility
WHERE facility_kind = 'village_service_complex'
  AND division_code IN (SELECT division_code FROM dwd.division WHERE level = 'village' AND kind != 'virtual');

-- I-13-16 党群服务中心覆盖率 (%)
-- row 13.16, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025-12-31
SELECT division_code,
       toUInt8(division_code IN (SELECT division_code FROM dwd.facility WHERE (is_party_mass_centre = 'yes') AND (valid_from IS NULL OR valid_from <= toDate32('2025-12-31')) AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31')))) AS numerator,
       1 AS denominator
FROM dwd.division AS d
WHERE d.level IN ('village') AND d.kind = 'civil';

-- I-13-17 网格党群服务站占比 (%)
-- row 13.17, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025-12-31
SELECT division_code AS division_code,
       toUInt8(ifNull(grid_id IN (SELECT grid_id FROM dwd.facility WHERE (facility_kind = 'party_mass_station') AND (valid_from IS NULL OR valid_from <= toDate32('2025-12-31')) AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31'))), 0)) AS numerator,
       1 AS denominator
FROM dwd.grid
WHERE (valid_from IS NULL OR valid_from <= toDate32('2025-12-31')) AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31'));

-- I-14-01 乡镇职责任务清单覆盖率 (%)
-- row 14.1, rule version 1, 100 × Σ numerator ÷ Σ denominator; units T, published P, C, X, T; period 2025-12-31
SELECT division_code,
       toUInt8(division_code IN (SELECT division_code FROM dwd.list_register WHERE kind = 'township_duty' AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31')))
           OR concat(substring(toString(division_code), 1, 6), '000000') IN (
               SELECT toString(division_code) FROM dwd.list_register WHERE kind = 'township_duty' AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31')))) AS numerator,
       1 AS denominator
FROM dwd.division
WHERE level = 'township' AND kind = 'civil';

-- I-14-02 属地管理事项衔接率 (%)
-- row 14.2, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; period 2025-12-31
SELECT toFixedString(rightPad(substring(toString(r.division_code), 1, 6), 12, '0'), 12) AS division_code,
       toUInt8(i.service_task_code IS NOT NULL) AS numerator,
       1 AS denominator
FROM dwd.list_item AS i
INNER JOIN dwd.list_register AS r ON r.list_id = i.list_id
WHERE r.kind = 'territorial_responsibility';

-- I-14-03 清单年度评估率 (%)
-- row 14.3, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; period 2025-12-31
SELECT toFixedString(rightPad(substring(toString(division_code), 1, 6), 12, '0'), 12) AS division_code,
       toUInt8(ifNull(reviewed_on > addMonths(toDate32('2025-12-31'), -12), 0)) AS numerator,
       1 AS denominator
FROM dwd.list_register
WHERE (kind IN ('township_duty', 'territorial_responsibility')) AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31'));

-- I-14-04 清单外委托合规率 (%)
-- row 14.4, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; period 2025
SELECT toFixedString(rightPad(substring(toString(division_code), 1, 6), 12, '0'), 12) AS division_code,
       toUInt8(ifNull(approved_on <= raised_on AND township_consulted_on <= raised_on, 0)) AS numerator,
       1 AS denominator
FROM dwd.burden_record
WHERE (kind = 'out_of_list_delegation' AND raised_on >= toDate32('2025-01-01') AND raised_on <= toDate32('2025-12-31'));

-- I-14-05 社区工作准入清单覆盖率 (%)
-- row 14.5, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025-12-31
SELECT division_code,
       toUInt8(division_code IN (SELECT division_code FROM dwd.list_register WHERE kind = 'community_access' AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31')))
           OR concat(substring(toString(division_code), 1, 6), '000000') IN (
               SELECT toString(division_code) FROM dwd.list_register WHERE kind = 'community_access' AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31')))) AS numerator,
       1 AS denominator
FROM dwd.division
WHERE level = 'village' AND kind = 'civil' AND village_class = 'residents_committee';

-- I-14-06 村级职责任务清单覆盖率 (%)
-- row 14.6, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025-12-31
SELECT division_code,
       toUInt8(division_code IN (SELECT division_code FROM dwd.list_register WHERE kind = 'village_duty' AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31')))
           OR concat(substring(toString(division_code), 1, 6), '000000') IN (
               SELECT toString(division_code) FROM dwd.list_register WHERE kind = 'village_duty' AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31')))) AS numerator,
       1 AS denominator
FROM dwd.division
WHERE level = 'village' AND kind = 'civil' AND village_class = 'village_committee';

-- I-14-07 转嫁村（社区）事项 (件)
-- row 14.7, rule version 1, 1 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025
SELECT d.division_code AS division_code,
       ifNull(n.value, 0) AS numerator,
       1 AS denominator
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS unit, toNullable(count()) AS value
    FROM dwd.burden_record
    WHERE (kind = 'shifted_duty' AND raised_on >= toDate32('2025-01-01') AND raised_on <= toDate32('2025-12-31'))
    GROUP BY unit
) AS n ON n.unit = d.division_code
WHERE d.level IN ('village') AND d.kind = 'civil';

-- I-14-08 清单外表单占比 (%)
-- row 14.8, rule version 1, 100 × Σ numerator ÷ Σ denominator; units P, published P; period 2025-12-31
SELECT toFixedString(rightPad(substring(toString(toFixedString('370000000000', 12)), 1, 2), 12, '0'), 12) AS division_code,
       toUInt8(ifNull(list_item_id IS NULL, 0)) AS numerator,
       1 AS denominator
FROM dwd.collection_form
WHERE (target_tier = 'V') AND (valid_from IS NULL OR valid_from <= toDate32('2025-12-31')) AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31'));

-- I-14-09 一票否决事项清单 (份)
-- row 14.9, rule version 1, 1 × Σ numerator ÷ Σ denominator; units C, published P, C; period 2025-12-31
SELECT d.division_code AS division_code,
       ifNull(n.value, 0) AS numerator,
       1 AS denominator
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS unit, toNullable(count()) AS value
    FROM dwd.list_register
    WHERE (kind = 'one_vote_veto') AND (valid_to IS NULL OR valid_to > toDate32('2025-12-31'))
    GROUP BY unit
) AS n ON n.unit = d.division_code
WHERE d.level IN ('city') AND d.kind = 'civil';

-- I-14-10 综合性考核一年一次合规率 (%)
-- row 14.10, rule version 1, 100 × Σ numerator ÷ Σ denominator; units each, published P, C, X; period 2025
SELECT division_code,
       toUInt8(division_code IN (
           SELECT division_code FROM dwd.assessment
           WHERE kind = 'comprehensive' AND done_on >= toDate32('2025-01-01') AND done_on <= toDate32('2025-12-31')
             AND NOT (ifNull(toString(exempt), '') IN ('yes', '1', 'true') AND exempt_doc IS NOT NULL AND exempt_doc != '')
           GROUP BY division_code
           HAVING count() = 1
       )) AS numerator,
       1 AS denominator
FROM dwd.division
WHERE level IN ('township', 'village') AND kind = 'civil';

-- I-14-11 村均牌子数 (块)
-- row 14.11, rule version 1, 1 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025-12-31
SELECT d.division_code AS division_code,
       ifNull(n.value, 0) AS numerator,
       1 AS denominator
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS unit, toNullable(count()) AS value
    FROM dwd.burden_record
    WHERE (kind = 'plaque' AND resolved_on IS NULL)
    GROUP BY unit
) AS n ON n.unit = d.division_code
WHERE d.level IN ('village') AND d.kind = 'civil';

-- I-14-12 以机构牌子为依据的考核指标 (%)
-- row 14.12, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; period 2025-12-31
SELECT toFixedString(rightPad(substring(toString(r.division_code), 1, 6), 12, '0'), 12) AS division_code,
       if(i.uses_plaque IS NULL OR i.uses_plaque = 'unknown', NULL, i.uses_plaque = 'yes') AS numerator,
       if(i.uses_plaque IS NULL OR i.uses_plaque = 'unknown', NULL, 1) AS denominator
FROM dwd.list_item AS i
INNER JOIN dwd.list_register AS r ON r.list_id = i.list_id
WHERE r.kind = 'assessment_scheme';

-- I-14-13 群众满意度 (%)
-- row 14.13, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; period 2025
SELECT d.division_code AS division_code,
       if(n.value IS NULL OR m.value IS NULL, NULL, n.value) AS numerator,
       if(n.value IS NULL OR m.value IS NULL, NULL, m.value) AS denominator
FROM dwd.division AS d
LEFT JOIN
(
    SELECT division_code AS unit, toNullable(argMax(value, period_start)) AS value
    FROM dwd.stat_fact
    WHERE (family = 'satisfaction' AND measure = 'satisfied_n' AND breakdown = '' AND period_start >= toDate32('2025-01-01') AND period_start <= toDate32('2025-12-31'))
    GROUP BY unit
) AS n ON n.unit = d.division_code
LEFT JOIN
(
    SELECT division_code AS unit, toNullable(argMax(value, period_start)) AS value
    FROM dwd.stat_fact
    WHERE (family = 'satisfaction' AND measure = 'surveyed_n' AND breakdown = '' AND period_start >= toDate32('2025-01-01') AND period_start <= toDate32('2025-12-31'))
    GROUP BY unit
) AS m ON m.unit = d.division_code
WHERE d.level IN ('county') AND d.kind = 'civil';

-- I-14-14 评价结果公开率 (%)
-- row 14.14, rule version 1, 100 × Σ numerator ÷ Σ denominator; units X, published P, C, X; period 2025-12-31
SELECT toFixedString(rightPad(substring(toString(division_code), 1, 6), 12, '0'), 12) AS division_code,
       toUInt8(ifNull(published_on IS NOT NULL AND published_on <= toDate32('2025-12-31'), 0)) AS numerator,
       1 AS denominator
FROM dwd.assessment
WHERE (kind IN ('effectiveness_evaluation', 'satisfaction') AND done_on <= toDate32('2025-12-31'));

-- I-15-01 市级示范工作覆盖率 (%)
-- row 15.1, rule version 1, 100 × Σ numerator ÷ Σ denominator; units C, published P, C; period 2025-12-31
SELECT division_code,
       toUInt8(division_code IN (SELECT division_code FROM dwd.programme_status WHERE (programme = 'demonstration' AND as_of <= toDate32('2025-12-31') AND status IN ('in_progress', 'recognised')))) AS numerator,
       1 AS denominator
FROM dwd.division AS d
WHERE d.level IN ('city') AND d.kind = 'civil';

-- I-15-03 和谐社区占比 (%)
-- row 15.3, rule version 1, 100 × Σ numerator ÷ Σ denominator; units V, published P, C, X, T, V; period 2025-12-31
SELECT division_code,
       toUInt8(division_code IN (SELECT division_code FROM dwd.programme_status WHERE (programme = 'harmonious_community' AND as_of <= toDate32('2025-12-31') AND status = 'recognised'))) AS numerator,
       1 AS denominator
FROM dwd.division AS d
WHERE d.level IN ('village') AND d.kind = 'civil'
  AND (village_class IN ('residents_committee', 'village_committee'));

-- I-15-08 基层治理创新案例批次 (批/年)
-- row 15.8, rule version 2, 1 × Σ numerator ÷ Σ denominator; units P, published P; period 2025
SELECT toFixedString('370000000000', 12) AS division_code,
       uniqExact(coalesce(nullIf(attrs['batch'], ''), document_no, toString(as_of))) AS numerator,
       1 AS denominator
FROM dwd.programme_status
WHERE programme = 'innovation_case' AND status = 'recognised' AND as_of >= toDate32('2025-01-01') AND as_of <= toDate32('2025-12-31');

