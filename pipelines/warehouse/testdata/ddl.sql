CREATE TABLE std.division
(
    division_code FixedString(12) COMMENT '区划代码',
    name String COMMENT '名称' CODEC(ZSTD(1)),
    canonical_name String COMMENT '规范名' CODEC(ZSTD(1)),
    level LowCardinality(String) COMMENT '层级',
    parent_code Nullable(FixedString(12)) COMMENT '上级区划',
    kind LowCardinality(String) COMMENT '区划性质',
    village_class LowCardinality(Nullable(String)) COMMENT '村级类别',
    code_system LowCardinality(String) COMMENT '代码体系',
    src_system LowCardinality(String) COMMENT '来源系统',
    src_tier LowCardinality(String) COMMENT '来源层级',
    src_division FixedString(12) COMMENT '来源区划',
    src_record_id String COMMENT '源记录标识' CODEC(ZSTD(1)),
    event_time DateTime64(3, 'Asia/Shanghai') COMMENT '业务时间' CODEC(Delta(8), ZSTD(1)),
    arrived_at DateTime64(3, 'UTC') COMMENT '到达时间' CODEC(Delta(8), ZSTD(1)),
    version UInt64 COMMENT '版本' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已撤回',
    q_flags UInt32 COMMENT '质量标志',
    kafka_topic LowCardinality(String) COMMENT '主题',
    kafka_partition UInt16 COMMENT '分区',
    kafka_offset UInt64 COMMENT '位点' CODEC(Delta(8), ZSTD(1)),
    place String COMMENT '源内位置' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(kafka_offset)
ORDER BY (division_code, src_system, version)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT '行政区划：各来源的主张';

CREATE TABLE dwd.division
(
    division_code FixedString(12) COMMENT '区划代码',
    name String COMMENT '名称' CODEC(ZSTD(1)),
    canonical_name String COMMENT '规范名' CODEC(ZSTD(1)),
    level LowCardinality(String) COMMENT '层级',
    parent_code Nullable(FixedString(12)) COMMENT '上级区划',
    kind LowCardinality(String) COMMENT '区划性质',
    village_class LowCardinality(Nullable(String)) COMMENT '村级类别',
    code_system LowCardinality(String) COMMENT '代码体系',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间' CODEC(Delta(8), ZSTD(1)),
    _rule LowCardinality(String) COMMENT '本行·取值规则'
)
ENGINE = MergeTree
ORDER BY division_code
COMMENT '行政区划：一物一行';

CREATE TABLE std.division_change
(
    change_id String COMMENT '变更标识' CODEC(ZSTD(1)),
    kind LowCardinality(String) COMMENT '变更类型',
    old_code Nullable(FixedString(12)) COMMENT '原代码',
    old_name Nullable(String) COMMENT '原名称' CODEC(ZSTD(1)),
    new_name Nullable(String) COMMENT '新名称' CODEC(ZSTD(1)),
    successor_codes Array(String) COMMENT '承接代码',
    reason Nullable(String) COMMENT '变更原因' CODEC(ZSTD(1)),
    document_no Nullable(String) COMMENT '批准文件' CODEC(ZSTD(1)),
    approved_on Nullable(Date32) COMMENT '批准日期',
    snapshot_year Int64 COMMENT '年度',
    code_system LowCardinality(String) COMMENT '代码体系',
    src_system LowCardinality(String) COMMENT '来源系统',
    src_tier LowCardinality(String) COMMENT '来源层级',
    src_division FixedString(12) COMMENT '来源区划',
    src_record_id String COMMENT '源记录标识' CODEC(ZSTD(1)),
    event_time DateTime64(3, 'Asia/Shanghai') COMMENT '业务时间' CODEC(Delta(8), ZSTD(1)),
    arrived_at DateTime64(3, 'UTC') COMMENT '到达时间' CODEC(Delta(8), ZSTD(1)),
    version UInt64 COMMENT '版本' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已撤回',
    q_flags UInt32 COMMENT '质量标志',
    kafka_topic LowCardinality(String) COMMENT '主题',
    kafka_partition UInt16 COMMENT '分区',
    kafka_offset UInt64 COMMENT '位点' CODEC(Delta(8), ZSTD(1)),
    place String COMMENT '源内位置' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(kafka_offset)
ORDER BY (change_id, src_system, version)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT '区划变更：各来源的主张';

CREATE TABLE dwd.division_change
(
    change_id String COMMENT '变更标识' CODEC(ZSTD(1)),
    kind LowCardinality(String) COMMENT '变更类型',
    old_code Nullable(FixedString(12)) COMMENT '原代码',
    old_name Nullable(String) COMMENT '原名称' CODEC(ZSTD(1)),
    new_name Nullable(String) COMMENT '新名称' CODEC(ZSTD(1)),
    successor_codes Array(String) COMMENT '承接代码',
    reason Nullable(String) COMMENT '变更原因' CODEC(ZSTD(1)),
    document_no Nullable(String) COMMENT '批准文件' CODEC(ZSTD(1)),
    approved_on Nullable(Date32) COMMENT '批准日期',
    snapshot_year Int64 COMMENT '年度',
    code_system LowCardinality(String) COMMENT '代码体系',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间' CODEC(Delta(8), ZSTD(1)),
    _rule LowCardinality(String) COMMENT '本行·取值规则'
)
ENGINE = MergeTree
ORDER BY change_id
COMMENT '区划变更：一物一行';

CREATE TABLE std.facility
(
    facility_id String COMMENT '设施标识' CODEC(ZSTD(1)),
    division_code FixedString(12) COMMENT '所在区划',
    facility_kind LowCardinality(String) COMMENT '设施类别',
    name Nullable(String) COMMENT '名称' CODEC(ZSTD(1)),
    site_type LowCardinality(Nullable(String)) COMMENT '所在地类型',
    area_m2 Nullable(Decimal(18, 4)) COMMENT '建筑面积（m2）',
    direct_service_area_m2 Nullable(Decimal(18, 4)) COMMENT '直接服务面积（m2）',
    opened_on Nullable(Date32) COMMENT '启用日期',
    operating Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '是否运行',
    src_system LowCardinality(String) COMMENT '来源系统',
    src_tier LowCardinality(String) COMMENT '来源层级',
    src_division FixedString(12) COMMENT '来源区划',
    src_record_id String COMMENT '源记录标识' CODEC(ZSTD(1)),
    event_time DateTime64(3, 'Asia/Shanghai') COMMENT '业务时间' CODEC(Delta(8), ZSTD(1)),
    arrived_at DateTime64(3, 'UTC') COMMENT '到达时间' CODEC(Delta(8), ZSTD(1)),
    version UInt64 COMMENT '版本' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已撤回',
    q_flags UInt32 COMMENT '质量标志',
    kafka_topic LowCardinality(String) COMMENT '主题',
    kafka_partition UInt16 COMMENT '分区',
    kafka_offset UInt64 COMMENT '位点' CODEC(Delta(8), ZSTD(1)),
    place String COMMENT '源内位置' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(kafka_offset)
ORDER BY (facility_id, src_system, version)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT '设施阵地：各来源的主张';

CREATE TABLE dwd.facility
(
    facility_id String COMMENT '设施标识' CODEC(ZSTD(1)),
    division_code FixedString(12) COMMENT '所在区划',
    division_code_src LowCardinality(String) COMMENT '所在区划·取自来源',
    division_code_at DateTime64(3, 'Asia/Shanghai') COMMENT '所在区划·业务时间' CODEC(Delta(8), ZSTD(1)),
    division_code_rule LowCardinality(String) COMMENT '所在区划·取值规则',
    facility_kind LowCardinality(String) COMMENT '设施类别',
    facility_kind_src LowCardinality(String) COMMENT '设施类别·取自来源',
    facility_kind_at DateTime64(3, 'Asia/Shanghai') COMMENT '设施类别·业务时间' CODEC(Delta(8), ZSTD(1)),
    facility_kind_rule LowCardinality(String) COMMENT '设施类别·取值规则',
    name Nullable(String) COMMENT '名称' CODEC(ZSTD(1)),
    name_src LowCardinality(String) COMMENT '名称·取自来源',
    name_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '名称·业务时间' CODEC(Delta(8), ZSTD(1)),
    name_rule LowCardinality(String) COMMENT '名称·取值规则',
    site_type LowCardinality(Nullable(String)) COMMENT '所在地类型',
    site_type_src LowCardinality(String) COMMENT '所在地类型·取自来源',
    site_type_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '所在地类型·业务时间' CODEC(Delta(8), ZSTD(1)),
    site_type_rule LowCardinality(String) COMMENT '所在地类型·取值规则',
    area_m2 Nullable(Decimal(18, 4)) COMMENT '建筑面积（m2）',
    area_m2_src LowCardinality(String) COMMENT '建筑面积·取自来源',
    area_m2_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '建筑面积·业务时间' CODEC(Delta(8), ZSTD(1)),
    area_m2_rule LowCardinality(String) COMMENT '建筑面积·取值规则',
    direct_service_area_m2 Nullable(Decimal(18, 4)) COMMENT '直接服务面积（m2）',
    direct_service_area_m2_src LowCardinality(String) COMMENT '直接服务面积·取自来源',
    direct_service_area_m2_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '直接服务面积·业务时间' CODEC(Delta(8), ZSTD(1)),
    direct_service_area_m2_rule LowCardinality(String) COMMENT '直接服务面积·取值规则',
    opened_on Nullable(Date32) COMMENT '启用日期',
    opened_on_src LowCardinality(String) COMMENT '启用日期·取自来源',
    opened_on_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '启用日期·业务时间' CODEC(Delta(8), ZSTD(1)),
    opened_on_rule LowCardinality(String) COMMENT '启用日期·取值规则',
    operating Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '是否运行',
    operating_src LowCardinality(String) COMMENT '是否运行·取自来源',
    operating_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '是否运行·业务时间' CODEC(Delta(8), ZSTD(1)),
    operating_rule LowCardinality(String) COMMENT '是否运行·取值规则'
)
ENGINE = MergeTree
ORDER BY facility_id
COMMENT '设施阵地：一物一行';

CREATE TABLE std.organization
(
    org_id String COMMENT '组织标识' CODEC(ZSTD(1)),
    division_code FixedString(12) COMMENT '所在区划',
    org_kind LowCardinality(String) COMMENT '组织类别',
    uscc Nullable(FixedString(18)) COMMENT '统一社会信用代码',
    name String COMMENT '名称' CODEC(ZSTD(1)),
    established_on Nullable(Date32) COMMENT '成立日期',
    status LowCardinality(Nullable(String)) COMMENT '状态',
    office_address Nullable(String) COMMENT '办公地址' CODEC(ZSTD(1)),
    office_phone Nullable(String) COMMENT '办公电话' CODEC(ZSTD(1)),
    headcount Nullable(Int64) COMMENT '工作人员数（人）',
    src_system LowCardinality(String) COMMENT '来源系统',
    src_tier LowCardinality(String) COMMENT '来源层级',
    src_division FixedString(12) COMMENT '来源区划',
    src_record_id String COMMENT '源记录标识' CODEC(ZSTD(1)),
    event_time DateTime64(3, 'Asia/Shanghai') COMMENT '业务时间' CODEC(Delta(8), ZSTD(1)),
    arrived_at DateTime64(3, 'UTC') COMMENT '到达时间' CODEC(Delta(8), ZSTD(1)),
    version UInt64 COMMENT '版本' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已撤回',
    q_flags UInt32 COMMENT '质量标志',
    kafka_topic LowCardinality(String) COMMENT '主题',
    kafka_partition UInt16 COMMENT '分区',
    kafka_offset UInt64 COMMENT '位点' CODEC(Delta(8), ZSTD(1)),
    place String COMMENT '源内位置' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(kafka_offset)
ORDER BY (org_id, src_system, version)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT '组织机构：各来源的主张';

CREATE TABLE dwd.organization
(
    org_id String COMMENT '组织标识' CODEC(ZSTD(1)),
    division_code FixedString(12) COMMENT '所在区划',
    division_code_src LowCardinality(String) COMMENT '所在区划·取自来源',
    division_code_at DateTime64(3, 'Asia/Shanghai') COMMENT '所在区划·业务时间' CODEC(Delta(8), ZSTD(1)),
    division_code_rule LowCardinality(String) COMMENT '所在区划·取值规则',
    org_kind LowCardinality(String) COMMENT '组织类别',
    org_kind_src LowCardinality(String) COMMENT '组织类别·取自来源',
    org_kind_at DateTime64(3, 'Asia/Shanghai') COMMENT '组织类别·业务时间' CODEC(Delta(8), ZSTD(1)),
    org_kind_rule LowCardinality(String) COMMENT '组织类别·取值规则',
    uscc Nullable(FixedString(18)) COMMENT '统一社会信用代码',
    uscc_src LowCardinality(String) COMMENT '统一社会信用代码·取自来源',
    uscc_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '统一社会信用代码·业务时间' CODEC(Delta(8), ZSTD(1)),
    uscc_rule LowCardinality(String) COMMENT '统一社会信用代码·取值规则',
    name String COMMENT '名称' CODEC(ZSTD(1)),
    name_src LowCardinality(String) COMMENT '名称·取自来源',
    name_at DateTime64(3, 'Asia/Shanghai') COMMENT '名称·业务时间' CODEC(Delta(8), ZSTD(1)),
    name_rule LowCardinality(String) COMMENT '名称·取值规则',
    established_on Nullable(Date32) COMMENT '成立日期',
    established_on_src LowCardinality(String) COMMENT '成立日期·取自来源',
    established_on_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '成立日期·业务时间' CODEC(Delta(8), ZSTD(1)),
    established_on_rule LowCardinality(String) COMMENT '成立日期·取值规则',
    status LowCardinality(Nullable(String)) COMMENT '状态',
    status_src LowCardinality(String) COMMENT '状态·取自来源',
    status_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '状态·业务时间' CODEC(Delta(8), ZSTD(1)),
    status_rule LowCardinality(String) COMMENT '状态·取值规则',
    office_address Nullable(String) COMMENT '办公地址' CODEC(ZSTD(1)),
    office_address_src LowCardinality(String) COMMENT '办公地址·取自来源',
    office_address_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '办公地址·业务时间' CODEC(Delta(8), ZSTD(1)),
    office_address_rule LowCardinality(String) COMMENT '办公地址·取值规则',
    office_phone Nullable(String) COMMENT '办公电话' CODEC(ZSTD(1)),
    office_phone_src LowCardinality(String) COMMENT '办公电话·取自来源',
    office_phone_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '办公电话·业务时间' CODEC(Delta(8), ZSTD(1)),
    office_phone_rule LowCardinality(String) COMMENT '办公电话·取值规则',
    headcount Nullable(Int64) COMMENT '工作人员数（人）',
    headcount_src LowCardinality(String) COMMENT '工作人员数·取自来源',
    headcount_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '工作人员数·业务时间' CODEC(Delta(8), ZSTD(1)),
    headcount_rule LowCardinality(String) COMMENT '工作人员数·取值规则'
)
ENGINE = MergeTree
ORDER BY org_id
COMMENT '组织机构：一物一行';

CREATE TABLE std.stat_fact
(
    family LowCardinality(String) COMMENT '大类',
    measure LowCardinality(String) COMMENT '指标项',
    division_code FixedString(12) COMMENT '区划',
    period_start Date32 COMMENT '时期起始日',
    period_kind LowCardinality(String) COMMENT '时期类型',
    breakdown String COMMENT '分组' CODEC(ZSTD(1)),
    value Decimal(18, 4) COMMENT '数值（of the measure）',
    src_system LowCardinality(String) COMMENT '来源系统',
    src_tier LowCardinality(String) COMMENT '来源层级',
    src_division FixedString(12) COMMENT '来源区划',
    src_record_id String COMMENT '源记录标识' CODEC(ZSTD(1)),
    event_time DateTime64(3, 'Asia/Shanghai') COMMENT '业务时间' CODEC(Delta(8), ZSTD(1)),
    arrived_at DateTime64(3, 'UTC') COMMENT '到达时间' CODEC(Delta(8), ZSTD(1)),
    version UInt64 COMMENT '版本' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已撤回',
    q_flags UInt32 COMMENT '质量标志',
    kafka_topic LowCardinality(String) COMMENT '主题',
    kafka_partition UInt16 COMMENT '分区',
    kafka_offset UInt64 COMMENT '位点' CODEC(Delta(8), ZSTD(1)),
    place String COMMENT '源内位置' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(kafka_offset)
ORDER BY (family, measure, division_code, period_start, period_kind, breakdown, src_system, version)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT '统计事实：各来源的主张';

CREATE TABLE dwd.stat_fact
(
    family LowCardinality(String) COMMENT '大类',
    measure LowCardinality(String) COMMENT '指标项',
    division_code FixedString(12) COMMENT '区划',
    period_start Date32 COMMENT '时期起始日',
    period_kind LowCardinality(String) COMMENT '时期类型',
    breakdown String COMMENT '分组' CODEC(ZSTD(1)),
    value Decimal(18, 4) COMMENT '数值（of the measure）',
    value_src LowCardinality(String) COMMENT '数值·取自来源',
    value_at DateTime64(3, 'Asia/Shanghai') COMMENT '数值·业务时间' CODEC(Delta(8), ZSTD(1)),
    value_rule LowCardinality(String) COMMENT '数值·取值规则'
)
ENGINE = MergeTree
ORDER BY (family, measure, division_code, period_start, period_kind, breakdown)
COMMENT '统计事实：一物一行';

CREATE TABLE std.grid_event
(
    event_id String COMMENT '事件编号' CODEC(ZSTD(1)),
    grid_id String COMMENT '网格编码' CODEC(ZSTD(1)),
    division_code FixedString(12) COMMENT '所在村（社区）',
    category LowCardinality(String) COMMENT '事件类别',
    reported_at DateTime64(3, 'Asia/Shanghai') COMMENT '上报时间' CODEC(Delta(8), ZSTD(1)),
    assigned_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '派遣时间' CODEC(Delta(8), ZSTD(1)),
    closed_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '办结时间' CODEC(Delta(8), ZSTD(1)),
    handling_tier LowCardinality(Nullable(String)) COMMENT '处置层级',
    outcome LowCardinality(Nullable(String)) COMMENT '处置结果',
    on_time Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '按时办结',
    src_system LowCardinality(String) COMMENT '来源系统',
    src_tier LowCardinality(String) COMMENT '来源层级',
    src_division FixedString(12) COMMENT '来源区划',
    src_record_id String COMMENT '源记录标识' CODEC(ZSTD(1)),
    event_time DateTime64(3, 'Asia/Shanghai') COMMENT '业务时间' CODEC(Delta(8), ZSTD(1)),
    arrived_at DateTime64(3, 'UTC') COMMENT '到达时间' CODEC(Delta(8), ZSTD(1)),
    version UInt64 COMMENT '版本' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已撤回',
    q_flags UInt32 COMMENT '质量标志',
    kafka_topic LowCardinality(String) COMMENT '主题',
    kafka_partition UInt16 COMMENT '分区',
    kafka_offset UInt64 COMMENT '位点' CODEC(Delta(8), ZSTD(1)),
    place String COMMENT '源内位置' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(kafka_offset)
ORDER BY (event_id, src_system, version)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT '网格事件：各来源的主张';

CREATE TABLE dwd.grid_event
(
    event_id String COMMENT '事件编号' CODEC(ZSTD(1)),
    grid_id String COMMENT '网格编码' CODEC(ZSTD(1)),
    division_code FixedString(12) COMMENT '所在村（社区）',
    category LowCardinality(String) COMMENT '事件类别',
    reported_at DateTime64(3, 'Asia/Shanghai') COMMENT '上报时间' CODEC(Delta(8), ZSTD(1)),
    assigned_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '派遣时间' CODEC(Delta(8), ZSTD(1)),
    closed_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '办结时间' CODEC(Delta(8), ZSTD(1)),
    handling_tier LowCardinality(Nullable(String)) COMMENT '处置层级',
    outcome LowCardinality(Nullable(String)) COMMENT '处置结果',
    on_time Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '按时办结',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间' CODEC(Delta(8), ZSTD(1)),
    _rule LowCardinality(String) COMMENT '本行·取值规则'
)
ENGINE = MergeTree
ORDER BY event_id
COMMENT '网格事件：一物一行';

CREATE TABLE std.emergency_plan
(
    plan_id String COMMENT '记录标识' CODEC(ZSTD(1)),
    record_kind LowCardinality(String) COMMENT '记录类型',
    plan_kind LowCardinality(String) COMMENT '预案种类',
    division_code FixedString(12) COMMENT '区划',
    name Nullable(String) COMMENT '名称' CODEC(ZSTD(1)),
    issued_on Nullable(Date32) COMMENT '发布日期',
    drill_on Nullable(Date32) COMMENT '演练日期',
    participants_n Nullable(Int64) COMMENT '参加人数（人）',
    joint_divisions Array(String) COMMENT '联合乡镇代码',
    src_system LowCardinality(String) COMMENT '来源系统',
    src_tier LowCardinality(String) COMMENT '来源层级',
    src_division FixedString(12) COMMENT '来源区划',
    src_record_id String COMMENT '源记录标识' CODEC(ZSTD(1)),
    event_time DateTime64(3, 'Asia/Shanghai') COMMENT '业务时间' CODEC(Delta(8), ZSTD(1)),
    arrived_at DateTime64(3, 'UTC') COMMENT '到达时间' CODEC(Delta(8), ZSTD(1)),
    version UInt64 COMMENT '版本' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已撤回',
    q_flags UInt32 COMMENT '质量标志',
    kafka_topic LowCardinality(String) COMMENT '主题',
    kafka_partition UInt16 COMMENT '分区',
    kafka_offset UInt64 COMMENT '位点' CODEC(Delta(8), ZSTD(1)),
    place String COMMENT '源内位置' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(kafka_offset)
ORDER BY (plan_id, src_system, version)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT '预案与演练：各来源的主张';

CREATE TABLE dwd.emergency_plan
(
    plan_id String COMMENT '记录标识' CODEC(ZSTD(1)),
    record_kind LowCardinality(String) COMMENT '记录类型',
    plan_kind LowCardinality(String) COMMENT '预案种类',
    division_code FixedString(12) COMMENT '区划',
    name Nullable(String) COMMENT '名称' CODEC(ZSTD(1)),
    issued_on Nullable(Date32) COMMENT '发布日期',
    drill_on Nullable(Date32) COMMENT '演练日期',
    participants_n Nullable(Int64) COMMENT '参加人数（人）',
    joint_divisions Array(String) COMMENT '联合乡镇代码',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间' CODEC(Delta(8), ZSTD(1)),
    _rule LowCardinality(String) COMMENT '本行·取值规则'
)
ENGINE = MergeTree
ORDER BY plan_id
COMMENT '预案与演练：一物一行';

CREATE TABLE std.programme_status
(
    programme LowCardinality(String) COMMENT '项目',
    division_code FixedString(12) COMMENT '区划',
    as_of Date32 COMMENT '截至日期',
    status LowCardinality(String) COMMENT '状态',
    level LowCardinality(Nullable(String)) COMMENT '等级',
    document_no Nullable(String) COMMENT '文号' CODEC(ZSTD(1)),
    src_system LowCardinality(String) COMMENT '来源系统',
    src_tier LowCardinality(String) COMMENT '来源层级',
    src_division FixedString(12) COMMENT '来源区划',
    src_record_id String COMMENT '源记录标识' CODEC(ZSTD(1)),
    event_time DateTime64(3, 'Asia/Shanghai') COMMENT '业务时间' CODEC(Delta(8), ZSTD(1)),
    arrived_at DateTime64(3, 'UTC') COMMENT '到达时间' CODEC(Delta(8), ZSTD(1)),
    version UInt64 COMMENT '版本' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已撤回',
    q_flags UInt32 COMMENT '质量标志',
    kafka_topic LowCardinality(String) COMMENT '主题',
    kafka_partition UInt16 COMMENT '分区',
    kafka_offset UInt64 COMMENT '位点' CODEC(Delta(8), ZSTD(1)),
    place String COMMENT '源内位置' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(kafka_offset)
ORDER BY (programme, division_code, as_of, src_system, version)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT '创建项目状态：各来源的主张';

CREATE TABLE dwd.programme_status
(
    programme LowCardinality(String) COMMENT '项目',
    division_code FixedString(12) COMMENT '区划',
    as_of Date32 COMMENT '截至日期',
    status LowCardinality(String) COMMENT '状态',
    level LowCardinality(Nullable(String)) COMMENT '等级',
    document_no Nullable(String) COMMENT '文号' CODEC(ZSTD(1)),
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间' CODEC(Delta(8), ZSTD(1)),
    _rule LowCardinality(String) COMMENT '本行·取值规则'
)
ENGINE = MergeTree
ORDER BY (programme, division_code, as_of)
COMMENT '创建项目状态：一物一行';

CREATE TABLE std.return_receipt
(
    delivery_id String COMMENT '交付标识' CODEC(ZSTD(1)),
    division_code FixedString(12) COMMENT '区划',
    dataset String COMMENT '数据集' CODEC(ZSTD(1)),
    status LowCardinality(String) COMMENT '签收状态',
    rows_loaded Nullable(Int64) COMMENT '入库行数（行）',
    by_proxy Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '代签',
    acked_at DateTime64(3, 'Asia/Shanghai') COMMENT '签收时间' CODEC(Delta(8), ZSTD(1)),
    src_system LowCardinality(String) COMMENT '来源系统',
    src_tier LowCardinality(String) COMMENT '来源层级',
    src_division FixedString(12) COMMENT '来源区划',
    src_record_id String COMMENT '源记录标识' CODEC(ZSTD(1)),
    event_time DateTime64(3, 'Asia/Shanghai') COMMENT '业务时间' CODEC(Delta(8), ZSTD(1)),
    arrived_at DateTime64(3, 'UTC') COMMENT '到达时间' CODEC(Delta(8), ZSTD(1)),
    version UInt64 COMMENT '版本' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已撤回',
    q_flags UInt32 COMMENT '质量标志',
    kafka_topic LowCardinality(String) COMMENT '主题',
    kafka_partition UInt16 COMMENT '分区',
    kafka_offset UInt64 COMMENT '位点' CODEC(Delta(8), ZSTD(1)),
    place String COMMENT '源内位置' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(kafka_offset)
ORDER BY (delivery_id, src_system, version)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT '回流签收：各来源的主张';

CREATE TABLE dwd.return_receipt
(
    delivery_id String COMMENT '交付标识' CODEC(ZSTD(1)),
    division_code FixedString(12) COMMENT '区划',
    dataset String COMMENT '数据集' CODEC(ZSTD(1)),
    status LowCardinality(String) COMMENT '签收状态',
    rows_loaded Nullable(Int64) COMMENT '入库行数（行）',
    by_proxy Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '代签',
    acked_at DateTime64(3, 'Asia/Shanghai') COMMENT '签收时间' CODEC(Delta(8), ZSTD(1)),
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间' CODEC(Delta(8), ZSTD(1)),
    _rule LowCardinality(String) COMMENT '本行·取值规则'
)
ENGINE = MergeTree
ORDER BY delivery_id
COMMENT '回流签收：一物一行';

CREATE TABLE dwd.division_path
(
    division_code FixedString(12) COMMENT '区划代码',
    tier LowCardinality(String) COMMENT '层级',
    ancestor_code FixedString(12) COMMENT '上级区划代码（含本级）',
    ancestor_tier LowCardinality(String) COMMENT '上级层级',
    ancestor_name String COMMENT '上级名称' CODEC(ZSTD(1))
)
ENGINE = MergeTree
ORDER BY (division_code, ancestor_code)
COMMENT '区划路径：每个区划及其各级上级';

CREATE TABLE ads.indicator_value
(
    indicator LowCardinality(String) COMMENT '指标',
    rule_version UInt16 COMMENT '口径版本',
    period LowCardinality(String) COMMENT '期间',
    unit_tier LowCardinality(String) COMMENT '计算单元层级',
    division_code FixedString(12) COMMENT '区划代码',
    division_name String COMMENT '区划名称',
    tier LowCardinality(String) COMMENT '区划层级',
    numerator Decimal(38, 4) COMMENT '分子之和',
    denominator Decimal(38, 4) COMMENT '分母之和',
    value Nullable(Float64) COMMENT '指标值；分母为零时为空',
    n_units UInt64 COMMENT '单元数',
    n_missing UInt64 COMMENT '缺值单元数，不进分子分母',
    provisional Bool COMMENT '缺值超过百分之五，暂定',
    target_op LowCardinality(String) COMMENT '目标比较符',
    target_value Nullable(Float64) COMMENT '目标值',
    met Nullable(Bool) COMMENT '是否达到目标；无目标或无值时为空',
    register LowCardinality(String) COMMENT '分母名册',
    register_version LowCardinality(String) COMMENT '名册版本',
    as_of Date32 COMMENT '截至日期',
    computed_at DateTime64(3, 'Asia/Shanghai') COMMENT '计算时间',
    run_id String COMMENT '运行标识'
)
ENGINE = MergeTree
PARTITION BY (indicator, period)
ORDER BY (indicator, period, unit_tier, tier, division_code)
COMMENT '指标值：分子之和÷分母之和，按区划树汇总';

CREATE TABLE ops.load
(
    load_id String COMMENT '装载标识',
    system LowCardinality(String) COMMENT '来源系统',
    tier LowCardinality(String) COMMENT '来源层级',
    stream LowCardinality(String) COMMENT '数据流',
    flow LowCardinality(String) COMMENT '流向',
    entity LowCardinality(String) COMMENT '主题实体',
    topic LowCardinality(String) COMMENT '主题',
    partition UInt16 COMMENT '分区',
    from_offset UInt64 COMMENT '起始位点' CODEC(Delta(8), ZSTD(1)),
    to_offset UInt64 COMMENT '终止位点（不含）' CODEC(Delta(8), ZSTD(1)),
    plan UInt64 COMMENT '转换方案指纹',
    received UInt64 COMMENT '收到（条）',
    accepted UInt64 COMMENT '接受（行）',
    rejected UInt64 COMMENT '退回（条）',
    loaded_at DateTime64(3, 'Asia/Shanghai') COMMENT '装载时间' CODEC(Delta(8), ZSTD(1))
)
ENGINE = ReplacingMergeTree(loaded_at)
ORDER BY (topic, partition, from_offset, flow, entity)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT '装载台账：每个分区区间每条流水一行';

CREATE TABLE ops.reject
(
    topic LowCardinality(String) COMMENT '主题',
    partition UInt16 COMMENT '分区',
    offset UInt64 COMMENT '位点' CODEC(Delta(8), ZSTD(1)),
    flow LowCardinality(String) COMMENT '流向',
    system LowCardinality(String) COMMENT '来源系统',
    tier LowCardinality(String) COMMENT '来源层级',
    stream LowCardinality(String) COMMENT '数据流',
    entity LowCardinality(String) COMMENT '主题实体',
    rule LowCardinality(String) COMMENT '规则',
    field LowCardinality(String) COMMENT '字段',
    reason_zh LowCardinality(String) COMMENT '原因',
    reason_en LowCardinality(String) COMMENT '原因（英文）',
    place String COMMENT '源内位置' CODEC(ZSTD(1)),
    record_key String COMMENT '源记录键' CODEC(ZSTD(1)),
    row String COMMENT '记录（已脱敏）' CODEC(ZSTD(1)),
    rejected_at DateTime64(3, 'Asia/Shanghai') COMMENT '退回时间' CODEC(Delta(8), ZSTD(1))
)
ENGINE = ReplacingMergeTree(rejected_at)
ORDER BY (topic, partition, offset, flow)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT '退回：不能成为主题数据的记录及原因';

CREATE TABLE ops.run
(
    run_id String COMMENT '运行标识',
    job LowCardinality(String) COMMENT '作业',
    cause LowCardinality(String) COMMENT '触发原因',
    started_at DateTime64(3, 'Asia/Shanghai') COMMENT '开始时间',
    finished_at DateTime64(3, 'Asia/Shanghai') COMMENT '结束时间（未结束为零点）',
    state LowCardinality(String) COMMENT '状态',
    detail String COMMENT '说明',
    loads_seen UInt64 COMMENT '运行时已见装载数',
    error String COMMENT '错误'
)
ENGINE = ReplacingMergeTree(finished_at)
ORDER BY run_id
SETTINGS non_replicated_deduplication_window = 10000
COMMENT '作业运行记录';

CREATE TABLE ops.source_stats
(
    system LowCardinality(String) COMMENT '来源系统',
    stream LowCardinality(String) COMMENT '数据流',
    at DateTime64(3, 'Asia/Shanghai') COMMENT '时间' CODEC(Delta(8), ZSTD(1)),
    records UInt64 COMMENT '记录数',
    dropped Map(LowCardinality(String), UInt64) COMMENT '按字段计的丢弃数',
    unknown Map(LowCardinality(String), UInt64) COMMENT '按字段计的未知字段数',
    totals Map(LowCardinality(String), UInt64) COMMENT '来源自报总数',
    objects UInt64 COMMENT '文件、页或表的个数'
)
ENGINE = ReplacingMergeTree
ORDER BY (system, stream, at)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT '连接器计数';

CREATE TABLE ops.fuse
(
    entity String COMMENT '主题实体',
    state String COMMENT '主张集与融合规则的指纹',
    claims UInt64 COMMENT '主张数',
    things UInt64 COMMENT '事物数',
    took_ms UInt64 COMMENT '用时（毫秒）',
    fused_at DateTime64(3, 'Asia/Shanghai') COMMENT '融合时间'
)
ENGINE = ReplacingMergeTree(fused_at)
ORDER BY entity
COMMENT '融合状态：上次融合时各实体的主张集';

CREATE TABLE ops.compute
(
    indicator String COMMENT '指标',
    state String COMMENT '所读各表与计算语句的指纹',
    computed_at DateTime64(3, 'Asia/Shanghai') COMMENT '计算时间'
)
ENGINE = ReplacingMergeTree(computed_at)
ORDER BY indicator
SETTINGS non_replicated_deduplication_window = 10000
COMMENT '计算状态：上次计算时各指标所见的数据';

CREATE OR REPLACE VIEW dwd.up_feed DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT src_division, src_system, max(last) AS last_event_time, sum(n) AS rows
FROM
(
    SELECT src_division, src_system, max(event_time) AS last, count() AS n FROM std.facility GROUP BY src_division, src_system
    UNION ALL
    SELECT src_division, src_system, max(event_time) AS last, count() AS n FROM std.organization GROUP BY src_division, src_system
    UNION ALL
    SELECT src_division, src_system, max(event_time) AS last, count() AS n FROM std.stat_fact GROUP BY src_division, src_system
    UNION ALL
    SELECT src_division, src_system, max(event_time) AS last, count() AS n FROM std.grid_event GROUP BY src_division, src_system
    UNION ALL
    SELECT src_division, src_system, max(event_time) AS last, count() AS n FROM std.emergency_plan GROUP BY src_division, src_system
    UNION ALL
    SELECT src_division, src_system, max(event_time) AS last, count() AS n FROM std.programme_status GROUP BY src_division, src_system
)
GROUP BY src_division, src_system
COMMENT '各区划各系统的上报情况 [5bd578f38408a7e2]';

CREATE OR REPLACE VIEW ops.books DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
WITH
  loads AS
  (
    SELECT tier, system, stream, entity, topic, uniqExact(flow) AS flows,
           sum(received) AS received, sum(accepted) AS loaded, sum(rejected) AS refused
    FROM ops.load FINAL GROUP BY tier, system, stream, entity, topic
  ),
  rejects AS
  (
    SELECT system, stream, entity, topic, count() AS quarantined
    FROM ops.reject FINAL GROUP BY system, stream, entity, topic
  ),
  claims AS
  (
    SELECT 'division' AS entity, src_system AS system, kafka_topic AS topic, count() AS accepted
    FROM std.division FINAL GROUP BY system, topic
    UNION ALL
    SELECT 'division_change' AS entity, src_system AS system, kafka_topic AS topic, count() AS accepted
    FROM std.division_change FINAL GROUP BY system, topic
    UNION ALL
    SELECT 'facility' AS entity, src_system AS system, kafka_topic AS topic, count() AS accepted
    FROM std.facility FINAL GROUP BY system, topic
    UNION ALL
    SELECT 'organization' AS entity, src_system AS system, kafka_topic AS topic, count() AS accepted
    FROM std.organization FINAL GROUP BY system, topic
    UNION ALL
    SELECT 'stat_fact' AS entity, src_system AS system, kafka_topic AS topic, count() AS accepted
    FROM std.stat_fact FINAL GROUP BY system, topic
    UNION ALL
    SELECT 'grid_event' AS entity, src_system AS system, kafka_topic AS topic, count() AS accepted
    FROM std.grid_event FINAL GROUP BY system, topic
    UNION ALL
    SELECT 'emergency_plan' AS entity, src_system AS system, kafka_topic AS topic, count() AS accepted
    FROM std.emergency_plan FINAL GROUP BY system, topic
    UNION ALL
    SELECT 'programme_status' AS entity, src_system AS system, kafka_topic AS topic, count() AS accepted
    FROM std.programme_status FINAL GROUP BY system, topic
    UNION ALL
    SELECT 'return_receipt' AS entity, src_system AS system, kafka_topic AS topic, count() AS accepted
    FROM std.return_receipt FINAL GROUP BY system, topic
  )
SELECT l.tier AS tier, l.system AS system, l.stream AS stream, l.entity AS entity, l.flows AS flows,
       l.received AS received, -- rows: a record counts once for every flow into the entity
       ifNull(c.accepted, 0) AS accepted,
       ifNull(r.quarantined, 0) AS quarantined,
       toInt64(received) - toInt64(quarantined) - toInt64(accepted) AS duplicate,
       -- What the loader says it loaded and refused must be everything received, the
       -- refused must be there, and no claim may be there that was never loaded.
       toBool(l.loaded + l.refused = l.received AND l.refused = quarantined AND accepted <= l.loaded) AS balanced
FROM loads AS l
LEFT JOIN rejects AS r ON r.system = l.system AND r.stream = l.stream AND r.entity = l.entity AND r.topic = l.topic
LEFT JOIN claims AS c ON c.system = l.system AND c.entity = l.entity AND c.topic = l.topic
COMMENT '账目：收到 = 接受 + 退回 + 重复 [1f3fba9de44caf3e]';

CREATE OR REPLACE VIEW ops.books_by_rule AS
SELECT tier, system, stream, flow, entity, rule, field, any(reason_zh) AS reason_zh, count() AS quarantined
FROM ops.reject FINAL
GROUP BY tier, system, stream, flow, entity, rule, field
COMMENT '账目：退回按规则 [e93046fcf9ef77ab]';

CREATE OR REPLACE VIEW ads.indicator_latest AS
SELECT *
FROM ads.indicator_value
ORDER BY as_of DESC, period DESC
LIMIT 1 BY indicator, unit_tier, division_code
COMMENT '每个指标、区划的最近一期 [70314c617567019f]';

CREATE OR REPLACE VIEW ads.facility_by_township AS
SELECT p.ancestor_code AS township_code, any(p.ancestor_name) AS township_name, t.facility_kind AS facility_kind,
       count() AS facilities,
       countIf(t.operating = 'yes') AS operating,
       countIf(t.area_m2 IS NULL) AS area_unknown,
       sum(t.area_m2) AS area_m2,
       sum(t.direct_service_area_m2) AS direct_service_area_m2
FROM dwd.facility AS t
INNER JOIN dwd.division_path AS p ON p.division_code = t.division_code
WHERE p.ancestor_tier = 'T'
GROUP BY township_code, facility_kind
COMMENT '各乡镇（街道）设施：数量与面积（平方米） [fe23492df528f54f]';

CREATE OR REPLACE VIEW ads.organization_by_township AS
SELECT p.ancestor_code AS township_code, any(p.ancestor_name) AS township_name, t.org_kind AS org_kind,
       count() AS organizations,
       countIf(t.uscc IS NOT NULL) AS with_uscc
FROM dwd.organization AS t
INNER JOIN dwd.division_path AS p ON p.division_code = t.division_code
WHERE p.ancestor_tier = 'T'
GROUP BY township_code, org_kind
COMMENT '各乡镇（街道）组织：数量与赋码 [cc855ba3471bedd7]';

CREATE OR REPLACE VIEW ads.grid_event_by_township AS
SELECT township_code, township_name, month, category,
       if(cases < 10, NULL, cases) AS n,
       if(cases < 10 OR done BETWEEN 1 AND 10 - 1 OR cases - done BETWEEN 1 AND 10 - 1, NULL, done) AS n_closed,
       toBool(n IS NULL OR n_closed IS NULL) AS suppressed
FROM
(
  SELECT p.ancestor_code AS township_code, any(p.ancestor_name) AS township_name, toStartOfMonth(t.reported_at) AS month, t.category AS category,
         count() AS cases, countIf(t.closed_at IS NOT NULL) AS done
  FROM dwd.grid_event AS t
  INNER JOIN dwd.division_path AS p ON p.division_code = t.division_code
  WHERE p.ancestor_tier = 'T'
  GROUP BY township_code, month, category
)
COMMENT '各乡镇（街道）网格事件：按月、类别；不足10件的不显示 [549ed2b0d39a4078]';

