CREATE DATABASE IF NOT EXISTS ods ENGINE = Atomic COMMENT '贴源层：来源原始记录';

CREATE DATABASE IF NOT EXISTS std ENGINE = Atomic COMMENT '标准层：每个来源的每条主张';

CREATE DATABASE IF NOT EXISTS dwd ENGINE = Atomic COMMENT '主题层：一物一行，一数一源';

CREATE DATABASE IF NOT EXISTS dwp ENGINE = Atomic COMMENT '受保护层：涉及个人和案件的一物一行，分析人员不可读';

CREATE DATABASE IF NOT EXISTS ads ENGINE = Atomic COMMENT '应用层：指标与分析视图';

CREATE DATABASE IF NOT EXISTS ops ENGINE = Atomic COMMENT '运行层：装载台账、退回、运行与账目';

CREATE TABLE ods.nbs_register__division
(
    _topic LowCardinality(String) COMMENT '主题',
    _partition UInt16 COMMENT '分区',
    _offset UInt64 COMMENT '位点' CODEC(Delta(8), ZSTD(1)),
    _arrived_at DateTime64(3, 'UTC') COMMENT '到达时间' CODEC(Delta(8), ZSTD(1)),
    _event_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '业务时间（来源所述）' CODEC(Delta(8), ZSTD(1)),
    _place String COMMENT '源内位置' CODEC(ZSTD(1)),
    _op LowCardinality(String) COMMENT '操作：upsert 新增或更新，delete 撤回',
    _key String COMMENT '源记录键' CODEC(ZSTD(1)),
    _rejected UInt8 COMMENT '被退回的流向数（0：全部接受）',
    division_code Nullable(String) COMMENT '源字段“division_code”（text）' CODEC(ZSTD(1)),
    name Nullable(String) COMMENT '源字段“name”（text）' CODEC(ZSTD(1)),
    tier Nullable(String) COMMENT '源字段“tier”（text）' CODEC(ZSTD(1)),
    parent_code Nullable(String) COMMENT '源字段“parent_code”（text）' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toMonday(_arrived_at)
ORDER BY (_partition, _offset, _arrived_at)
TTL toDateTime(_arrived_at) + toIntervalDay(90)
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT '统计用区划代码库与区划变更台账·division：来源原始记录，保留90天';

CREATE TABLE ods.nbs_register__county_change
(
    _topic LowCardinality(String) COMMENT '主题',
    _partition UInt16 COMMENT '分区',
    _offset UInt64 COMMENT '位点' CODEC(Delta(8), ZSTD(1)),
    _arrived_at DateTime64(3, 'UTC') COMMENT '到达时间' CODEC(Delta(8), ZSTD(1)),
    _event_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '业务时间（来源所述）' CODEC(Delta(8), ZSTD(1)),
    _place String COMMENT '源内位置' CODEC(ZSTD(1)),
    _op LowCardinality(String) COMMENT '操作：upsert 新增或更新，delete 撤回',
    _key String COMMENT '源记录键' CODEC(ZSTD(1)),
    _rejected UInt8 COMMENT '被退回的流向数（0：全部接受）',
    mca_snapshot_year Nullable(String) COMMENT '源字段“mca_snapshot_year”（text）' CODEC(ZSTD(1)),
    op Nullable(String) COMMENT '源字段“op”（text）' CODEC(ZSTD(1)),
    code Nullable(String) COMMENT '源字段“code”（text）' CODEC(ZSTD(1)),
    name Nullable(String) COMMENT '源字段“name”（text）' CODEC(ZSTD(1)),
    successor_codes Nullable(String) COMMENT '源字段“successor_codes”（text）' CODEC(ZSTD(1)),
    successor_names Nullable(String) COMMENT '源字段“successor_names”（text）' CODEC(ZSTD(1)),
    approval_document Nullable(String) COMMENT '源字段“approval_document”（text）' CODEC(ZSTD(1)),
    approved_on Nullable(String) COMMENT '源字段“approved_on”（text）' CODEC(ZSTD(1)),
    code_seen_in Nullable(String) COMMENT '源字段“code_seen_in”（text）' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toMonday(_arrived_at)
ORDER BY (_partition, _offset, _arrived_at)
TTL toDateTime(_arrived_at) + toIntervalDay(90)
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT '统计用区划代码库与区划变更台账·county_change：来源原始记录，保留90天';

CREATE TABLE ods.nbs_register__township_change
(
    _topic LowCardinality(String) COMMENT '主题',
    _partition UInt16 COMMENT '分区',
    _offset UInt64 COMMENT '位点' CODEC(Delta(8), ZSTD(1)),
    _arrived_at DateTime64(3, 'UTC') COMMENT '到达时间' CODEC(Delta(8), ZSTD(1)),
    _event_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '业务时间（来源所述）' CODEC(Delta(8), ZSTD(1)),
    _place String COMMENT '源内位置' CODEC(ZSTD(1)),
    _op LowCardinality(String) COMMENT '操作：upsert 新增或更新，delete 撤回',
    _key String COMMENT '源记录键' CODEC(ZSTD(1)),
    _rejected UInt8 COMMENT '被退回的流向数（0：全部接受）',
    year Nullable(String) COMMENT '源字段“year”（text）' CODEC(ZSTD(1)),
    sheet_row Nullable(String) COMMENT '源字段“sheet_row”（text）' CODEC(ZSTD(1)),
    old_code Nullable(String) COMMENT '源字段“old_code”（text）' CODEC(ZSTD(1)),
    old_name Nullable(String) COMMENT '源字段“old_name”（text）' CODEC(ZSTD(1)),
    reason Nullable(String) COMMENT '源字段“reason”（text）' CODEC(ZSTD(1)),
    new_code Nullable(String) COMMENT '源字段“new_code”（text）' CODEC(ZSTD(1)),
    new_name Nullable(String) COMMENT '源字段“new_name”（text）' CODEC(ZSTD(1)),
    approval_document Nullable(String) COMMENT '源字段“approval_document”（text）' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toMonday(_arrived_at)
ORDER BY (_partition, _offset, _arrived_at)
TTL toDateTime(_arrived_at) + toIntervalDay(90)
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT '统计用区划代码库与区划变更台账·township_change：来源原始记录，保留90天';

CREATE TABLE ods.province_gateway__committee
(
    _topic LowCardinality(String) COMMENT '主题',
    _partition UInt16 COMMENT '分区',
    _offset UInt64 COMMENT '位点' CODEC(Delta(8), ZSTD(1)),
    _arrived_at DateTime64(3, 'UTC') COMMENT '到达时间' CODEC(Delta(8), ZSTD(1)),
    _event_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '业务时间（来源所述）' CODEC(Delta(8), ZSTD(1)),
    _place String COMMENT '源内位置' CODEC(ZSTD(1)),
    _op LowCardinality(String) COMMENT '操作：upsert 新增或更新，delete 撤回',
    _key String COMMENT '源记录键' CODEC(ZSTD(1)),
    _rejected UInt8 COMMENT '被退回的流向数（0：全部接受）',
    tyshxydm Nullable(String) COMMENT '源字段“tyshxydm”（text）' CODEC(ZSTD(1)),
    zzmc Nullable(String) COMMENT '源字段“zzmc”（text）' CODEC(ZSTD(1)),
    xzqh Nullable(String) COMMENT '源字段“xzqh”（text）' CODEC(ZSTD(1)),
    zzlx Nullable(String) COMMENT '源字段“zzlx”（text）' CODEC(ZSTD(1)),
    clrq Nullable(String) COMMENT '源字段“clrq”（text）' CODEC(ZSTD(1)),
    zt Nullable(String) COMMENT '源字段“zt”（text）' CODEC(ZSTD(1)),
    dz Nullable(String) COMMENT '源字段“dz”（text）' CODEC(ZSTD(1)),
    cd_time Nullable(String) COMMENT '源字段“cd_time”（text）' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toMonday(_arrived_at)
ORDER BY (_partition, _offset, _arrived_at)
TTL toDateTime(_arrived_at) + toIntervalDay(90)
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT '省级政务数据共享交换平台·committee：来源原始记录，保留90天';

CREATE TABLE ods.province_gateway__station
(
    _topic LowCardinality(String) COMMENT '主题',
    _partition UInt16 COMMENT '分区',
    _offset UInt64 COMMENT '位点' CODEC(Delta(8), ZSTD(1)),
    _arrived_at DateTime64(3, 'UTC') COMMENT '到达时间' CODEC(Delta(8), ZSTD(1)),
    _event_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '业务时间（来源所述）' CODEC(Delta(8), ZSTD(1)),
    _place String COMMENT '源内位置' CODEC(ZSTD(1)),
    _op LowCardinality(String) COMMENT '操作：upsert 新增或更新，delete 撤回',
    _key String COMMENT '源记录键' CODEC(ZSTD(1)),
    _rejected UInt8 COMMENT '被退回的流向数（0：全部接受）',
    zdbh Nullable(String) COMMENT '源字段“zdbh”（text）' CODEC(ZSTD(1)),
    zdmc Nullable(String) COMMENT '源字段“zdmc”（text）' CODEC(ZSTD(1)),
    xzqh Nullable(String) COMMENT '源字段“xzqh”（text）' CODEC(ZSTD(1)),
    ktrq Nullable(String) COMMENT '源字段“ktrq”（text）' CODEC(ZSTD(1)),
    sfyy Nullable(String) COMMENT '源字段“sfyy”（text）' CODEC(ZSTD(1)),
    mj Nullable(String) COMMENT '源字段“mj”（text）' CODEC(ZSTD(1)),
    cd_time Nullable(String) COMMENT '源字段“cd_time”（text）' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toMonday(_arrived_at)
ORDER BY (_partition, _offset, _arrived_at)
TTL toDateTime(_arrived_at) + toIntervalDay(90)
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT '省级政务数据共享交换平台·station：来源原始记录，保留90天';

CREATE TABLE ods.province_gateway__smart_community
(
    _topic LowCardinality(String) COMMENT '主题',
    _partition UInt16 COMMENT '分区',
    _offset UInt64 COMMENT '位点' CODEC(Delta(8), ZSTD(1)),
    _arrived_at DateTime64(3, 'UTC') COMMENT '到达时间' CODEC(Delta(8), ZSTD(1)),
    _event_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '业务时间（来源所述）' CODEC(Delta(8), ZSTD(1)),
    _place String COMMENT '源内位置' CODEC(ZSTD(1)),
    _op LowCardinality(String) COMMENT '操作：upsert 新增或更新，delete 撤回',
    _key String COMMENT '源记录键' CODEC(ZSTD(1)),
    _rejected UInt8 COMMENT '被退回的流向数（0：全部接受）',
    xzqh Nullable(String) COMMENT '源字段“xzqh”（text）' CODEC(ZSTD(1)),
    jd Nullable(String) COMMENT '源字段“jd”（text）' CODEC(ZSTD(1)),
    zt Nullable(String) COMMENT '源字段“zt”（text）' CODEC(ZSTD(1)),
    dj Nullable(String) COMMENT '源字段“dj”（text）' CODEC(ZSTD(1)),
    wh Nullable(String) COMMENT '源字段“wh”（text）' CODEC(ZSTD(1)),
    cd_time Nullable(String) COMMENT '源字段“cd_time”（text）' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toMonday(_arrived_at)
ORDER BY (_partition, _offset, _arrived_at)
TTL toDateTime(_arrived_at) + toIntervalDay(90)
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT '省级政务数据共享交换平台·smart_community：来源原始记录，保留90天';

CREATE TABLE ods.province_gateway__social_org
(
    _topic LowCardinality(String) COMMENT '主题',
    _partition UInt16 COMMENT '分区',
    _offset UInt64 COMMENT '位点' CODEC(Delta(8), ZSTD(1)),
    _arrived_at DateTime64(3, 'UTC') COMMENT '到达时间' CODEC(Delta(8), ZSTD(1)),
    _event_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '业务时间（来源所述）' CODEC(Delta(8), ZSTD(1)),
    _place String COMMENT '源内位置' CODEC(ZSTD(1)),
    _op LowCardinality(String) COMMENT '操作：upsert 新增或更新，delete 撤回',
    _key String COMMENT '源记录键' CODEC(ZSTD(1)),
    _rejected UInt8 COMMENT '被退回的流向数（0：全部接受）',
    tyshxydm Nullable(String) COMMENT '源字段“tyshxydm”（text）' CODEC(ZSTD(1)),
    mc Nullable(String) COMMENT '源字段“mc”（text）' CODEC(ZSTD(1)),
    xzqh Nullable(String) COMMENT '源字段“xzqh”（text）' CODEC(ZSTD(1)),
    lx Nullable(String) COMMENT '源字段“lx”（text）' CODEC(ZSTD(1)),
    clrq Nullable(String) COMMENT '源字段“clrq”（text）' CODEC(ZSTD(1)),
    zt Nullable(String) COMMENT '源字段“zt”（text）' CODEC(ZSTD(1)),
    dz Nullable(String) COMMENT '源字段“dz”（text）' CODEC(ZSTD(1)),
    dh Nullable(String) COMMENT '源字段“dh”（text）' CODEC(ZSTD(1)),
    cd_time Nullable(String) COMMENT '源字段“cd_time”（text）' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toMonday(_arrived_at)
ORDER BY (_partition, _offset, _arrived_at)
TTL toDateTime(_arrived_at) + toIntervalDay(90)
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT '省级政务数据共享交换平台·social_org：来源原始记录，保留90天';

CREATE TABLE ods.return_receipts__receipt
(
    _topic LowCardinality(String) COMMENT '主题',
    _partition UInt16 COMMENT '分区',
    _offset UInt64 COMMENT '位点' CODEC(Delta(8), ZSTD(1)),
    _arrived_at DateTime64(3, 'UTC') COMMENT '到达时间' CODEC(Delta(8), ZSTD(1)),
    _event_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '业务时间（来源所述）' CODEC(Delta(8), ZSTD(1)),
    _place String COMMENT '源内位置' CODEC(ZSTD(1)),
    _op LowCardinality(String) COMMENT '操作：upsert 新增或更新，delete 撤回',
    _key String COMMENT '源记录键' CODEC(ZSTD(1)),
    _rejected UInt8 COMMENT '被退回的流向数（0：全部接受）',
    delivery_id Nullable(String) COMMENT '源字段“delivery_id”（text）' CODEC(ZSTD(1)),
    division Nullable(String) COMMENT '源字段“division”（text）' CODEC(ZSTD(1)),
    dataset Nullable(String) COMMENT '源字段“dataset”（text）' CODEC(ZSTD(1)),
    status Nullable(String) COMMENT '源字段“status”（text）' CODEC(ZSTD(1)),
    rows_loaded Nullable(String) COMMENT '源字段“rows_loaded”（number）' CODEC(ZSTD(1)),
    by_proxy Nullable(String) COMMENT '源字段“by_proxy”（text）' CODEC(ZSTD(1)),
    acked_at Nullable(String) COMMENT '源字段“acked_at”（text）' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toMonday(_arrived_at)
ORDER BY (_partition, _offset, _arrived_at)
TTL toDateTime(_arrived_at) + toIntervalDay(90)
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT '数据回流签收·receipt：来源原始记录，保留90天';

CREATE TABLE ods.city_operations__grid_event
(
    _topic LowCardinality(String) COMMENT '主题',
    _partition UInt16 COMMENT '分区',
    _offset UInt64 COMMENT '位点' CODEC(Delta(8), ZSTD(1)),
    _arrived_at DateTime64(3, 'UTC') COMMENT '到达时间' CODEC(Delta(8), ZSTD(1)),
    _event_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '业务时间（来源所述）' CODEC(Delta(8), ZSTD(1)),
    _place String COMMENT '源内位置' CODEC(ZSTD(1)),
    _op LowCardinality(String) COMMENT '操作：upsert 新增或更新，delete 撤回',
    _key String COMMENT '源记录键' CODEC(ZSTD(1)),
    _rejected UInt8 COMMENT '被退回的流向数（0：全部接受）',
    seq Nullable(String) COMMENT '源字段“seq”（number）' CODEC(ZSTD(1)),
    event_no Nullable(String) COMMENT '源字段“event_no”（text）' CODEC(ZSTD(1)),
    grid_code Nullable(String) COMMENT '源字段“grid_code”（text）' CODEC(ZSTD(1)),
    category Nullable(String) COMMENT '源字段“category”（text）' CODEC(ZSTD(1)),
    reported_at Nullable(String) COMMENT '源字段“reported_at”（text）' CODEC(ZSTD(1)),
    assigned_at Nullable(String) COMMENT '源字段“assigned_at”（text）' CODEC(ZSTD(1)),
    closed_at Nullable(String) COMMENT '源字段“closed_at”（text）' CODEC(ZSTD(1)),
    handling_tier Nullable(String) COMMENT '源字段“handling_tier”（text）' CODEC(ZSTD(1)),
    outcome Nullable(String) COMMENT '源字段“outcome”（text）' CODEC(ZSTD(1)),
    on_time Nullable(String) COMMENT '源字段“on_time”（text）' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toMonday(_arrived_at)
ORDER BY (_partition, _offset, _arrived_at)
TTL toDateTime(_arrived_at) + toIntervalDay(90)
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT '市城市运行中心·grid_event：来源原始记录，保留90天';

CREATE TABLE ods.city_operations__stat_report
(
    _topic LowCardinality(String) COMMENT '主题',
    _partition UInt16 COMMENT '分区',
    _offset UInt64 COMMENT '位点' CODEC(Delta(8), ZSTD(1)),
    _arrived_at DateTime64(3, 'UTC') COMMENT '到达时间' CODEC(Delta(8), ZSTD(1)),
    _event_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '业务时间（来源所述）' CODEC(Delta(8), ZSTD(1)),
    _place String COMMENT '源内位置' CODEC(ZSTD(1)),
    _op LowCardinality(String) COMMENT '操作：upsert 新增或更新，delete 撤回',
    _key String COMMENT '源记录键' CODEC(ZSTD(1)),
    _rejected UInt8 COMMENT '被退回的流向数（0：全部接受）',
    seq Nullable(String) COMMENT '源字段“seq”（number）' CODEC(ZSTD(1)),
    county Nullable(String) COMMENT '源字段“county”（text）' CODEC(ZSTD(1)),
    measure Nullable(String) COMMENT '源字段“measure”（text）' CODEC(ZSTD(1)),
    period Nullable(String) COMMENT '源字段“period”（text）' CODEC(ZSTD(1)),
    amount Nullable(String) COMMENT '源字段“amount”（text）' CODEC(ZSTD(1)),
    reported_at Nullable(String) COMMENT '源字段“reported_at”（text）' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toMonday(_arrived_at)
ORDER BY (_partition, _offset, _arrived_at)
TTL toDateTime(_arrived_at) + toIntervalDay(90)
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT '市城市运行中心·stat_report：来源原始记录，保留90天';

CREATE TABLE ods.county_ledger__committee
(
    _topic LowCardinality(String) COMMENT '主题',
    _partition UInt16 COMMENT '分区',
    _offset UInt64 COMMENT '位点' CODEC(Delta(8), ZSTD(1)),
    _arrived_at DateTime64(3, 'UTC') COMMENT '到达时间' CODEC(Delta(8), ZSTD(1)),
    _event_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '业务时间（来源所述）' CODEC(Delta(8), ZSTD(1)),
    _place String COMMENT '源内位置' CODEC(ZSTD(1)),
    _op LowCardinality(String) COMMENT '操作：upsert 新增或更新，delete 撤回',
    _key String COMMENT '源记录键' CODEC(ZSTD(1)),
    _rejected UInt8 COMMENT '被退回的流向数（0：全部接受）',
    `县代码` Nullable(String) COMMENT '源字段“县代码”（text）' CODEC(ZSTD(1)),
    `统一社会信用代码` Nullable(String) COMMENT '源字段“统一社会信用代码”（text）' CODEC(ZSTD(1)),
    `名称` Nullable(String) COMMENT '源字段“名称”（text）' CODEC(ZSTD(1)),
    `区划代码` Nullable(String) COMMENT '源字段“区划代码”（text）' CODEC(ZSTD(1)),
    `组织类别` Nullable(String) COMMENT '源字段“组织类别”（text）' CODEC(ZSTD(1)),
    `成立日期` Nullable(String) COMMENT '源字段“成立日期”（text）' CODEC(ZSTD(1)),
    `状态` Nullable(String) COMMENT '源字段“状态”（text）' CODEC(ZSTD(1)),
    `办公地址` Nullable(String) COMMENT '源字段“办公地址”（text）' CODEC(ZSTD(1)),
    `办公电话` Nullable(String) COMMENT '源字段“办公电话”（text）' CODEC(ZSTD(1)),
    `工作人员数` Nullable(String) COMMENT '源字段“工作人员数”（text）' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toMonday(_arrived_at)
ORDER BY (_partition, _offset, _arrived_at)
TTL toDateTime(_arrived_at) + toIntervalDay(90)
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT '县级基层治理台账·committee：来源原始记录，保留90天';

CREATE TABLE ods.county_ledger__facility
(
    _topic LowCardinality(String) COMMENT '主题',
    _partition UInt16 COMMENT '分区',
    _offset UInt64 COMMENT '位点' CODEC(Delta(8), ZSTD(1)),
    _arrived_at DateTime64(3, 'UTC') COMMENT '到达时间' CODEC(Delta(8), ZSTD(1)),
    _event_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '业务时间（来源所述）' CODEC(Delta(8), ZSTD(1)),
    _place String COMMENT '源内位置' CODEC(ZSTD(1)),
    _op LowCardinality(String) COMMENT '操作：upsert 新增或更新，delete 撤回',
    _key String COMMENT '源记录键' CODEC(ZSTD(1)),
    _rejected UInt8 COMMENT '被退回的流向数（0：全部接受）',
    `县代码` Nullable(String) COMMENT '源字段“县代码”（text）' CODEC(ZSTD(1)),
    `区划代码` Nullable(String) COMMENT '源字段“区划代码”（text）' CODEC(ZSTD(1)),
    `设施名称` Nullable(String) COMMENT '源字段“设施名称”（text）' CODEC(ZSTD(1)),
    `类别` Nullable(String) COMMENT '源字段“类别”（text）' CODEC(ZSTD(1)),
    `面积` Nullable(String) COMMENT '源字段“面积”（text）' CODEC(ZSTD(1)),
    `面积单位` Nullable(String) COMMENT '源字段“面积单位”（text）' CODEC(ZSTD(1)),
    `直接服务面积` Nullable(String) COMMENT '源字段“直接服务面积”（text）' CODEC(ZSTD(1)),
    `启用日期` Nullable(String) COMMENT '源字段“启用日期”（text）' CODEC(ZSTD(1)),
    `是否运行` Nullable(String) COMMENT '源字段“是否运行”（text）' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toMonday(_arrived_at)
ORDER BY (_partition, _offset, _arrived_at)
TTL toDateTime(_arrived_at) + toIntervalDay(90)
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT '县级基层治理台账·facility：来源原始记录，保留90天';

CREATE TABLE ods.county_ledger__household
(
    _topic LowCardinality(String) COMMENT '主题',
    _partition UInt16 COMMENT '分区',
    _offset UInt64 COMMENT '位点' CODEC(Delta(8), ZSTD(1)),
    _arrived_at DateTime64(3, 'UTC') COMMENT '到达时间' CODEC(Delta(8), ZSTD(1)),
    _event_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '业务时间（来源所述）' CODEC(Delta(8), ZSTD(1)),
    _place String COMMENT '源内位置' CODEC(ZSTD(1)),
    _op LowCardinality(String) COMMENT '操作：upsert 新增或更新，delete 撤回',
    _key String COMMENT '源记录键' CODEC(ZSTD(1)),
    _rejected UInt8 COMMENT '被退回的流向数（0：全部接受）',
    `县代码` Nullable(String) COMMENT '源字段“县代码”（text）' CODEC(ZSTD(1)),
    `区划代码` Nullable(String) COMMENT '源字段“区划代码”（text）' CODEC(ZSTD(1)),
    `月份` Nullable(String) COMMENT '源字段“月份”（text）' CODEC(ZSTD(1)),
    `常住户数` Nullable(String) COMMENT '源字段“常住户数”（text）' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toMonday(_arrived_at)
ORDER BY (_partition, _offset, _arrived_at)
TTL toDateTime(_arrived_at) + toIntervalDay(90)
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT '县级基层治理台账·household：来源原始记录，保留90天';

CREATE TABLE ods.county_ledger__worker
(
    _topic LowCardinality(String) COMMENT '主题',
    _partition UInt16 COMMENT '分区',
    _offset UInt64 COMMENT '位点' CODEC(Delta(8), ZSTD(1)),
    _arrived_at DateTime64(3, 'UTC') COMMENT '到达时间' CODEC(Delta(8), ZSTD(1)),
    _event_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '业务时间（来源所述）' CODEC(Delta(8), ZSTD(1)),
    _place String COMMENT '源内位置' CODEC(ZSTD(1)),
    _op LowCardinality(String) COMMENT '操作：upsert 新增或更新，delete 撤回',
    _key String COMMENT '源记录键' CODEC(ZSTD(1)),
    _rejected UInt8 COMMENT '被退回的流向数（0：全部接受）',
    `县代码` Nullable(String) COMMENT '源字段“县代码”（text）' CODEC(ZSTD(1)),
    `岗位编号` Nullable(String) COMMENT '源字段“岗位编号”（text）' CODEC(ZSTD(1)),
    `区划代码` Nullable(String) COMMENT '源字段“区划代码”（text）' CODEC(ZSTD(1)),
    `岗位类型` Nullable(String) COMMENT '源字段“岗位类型”（text）' CODEC(ZSTD(1)),
    `姓名` Nullable(String) COMMENT '源字段“姓名”（text）' CODEC(ZSTD(1)),
    `公民身份号码` Nullable(String) COMMENT '源字段“公民身份号码”（text），以假名落地' CODEC(ZSTD(1)),
    `任职起始` Nullable(String) COMMENT '源字段“任职起始”（text）' CODEC(ZSTD(1)),
    `备注` Nullable(String) COMMENT '源字段“备注”（text）' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toMonday(_arrived_at)
ORDER BY (_partition, _offset, _arrived_at)
TTL toDateTime(_arrived_at) + toIntervalDay(90)
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT '县级基层治理台账·worker：来源原始记录，保留90天';

CREATE TABLE ods.county_offices__fiscal
(
    _topic LowCardinality(String) COMMENT '主题',
    _partition UInt16 COMMENT '分区',
    _offset UInt64 COMMENT '位点' CODEC(Delta(8), ZSTD(1)),
    _arrived_at DateTime64(3, 'UTC') COMMENT '到达时间' CODEC(Delta(8), ZSTD(1)),
    _event_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '业务时间（来源所述）' CODEC(Delta(8), ZSTD(1)),
    _place String COMMENT '源内位置' CODEC(ZSTD(1)),
    _op LowCardinality(String) COMMENT '操作：upsert 新增或更新，delete 撤回',
    _key String COMMENT '源记录键' CODEC(ZSTD(1)),
    _rejected UInt8 COMMENT '被退回的流向数（0：全部接受）',
    `县代码` Nullable(String) COMMENT '源字段“县代码”（text）' CODEC(ZSTD(1)),
    `区划代码` Nullable(String) COMMENT '源字段“区划代码”（text）' CODEC(ZSTD(1)),
    `年度` Nullable(String) COMMENT '源字段“年度”（text）' CODEC(ZSTD(1)),
    `科目` Nullable(String) COMMENT '源字段“科目”（text）' CODEC(ZSTD(1)),
    `负担层级` Nullable(String) COMMENT '源字段“负担层级”（text）' CODEC(ZSTD(1)),
    `金额` Nullable(String) COMMENT '源字段“金额”（text）' CODEC(ZSTD(1)),
    `金额单位` Nullable(String) COMMENT '源字段“金额单位”（text）' CODEC(ZSTD(1)),
    `应拨` Nullable(String) COMMENT '源字段“应拨”（text）' CODEC(ZSTD(1)),
    `实拨` Nullable(String) COMMENT '源字段“实拨”（text）' CODEC(ZSTD(1)),
    `填报日期` Nullable(String) COMMENT '源字段“填报日期”（text）' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toMonday(_arrived_at)
ORDER BY (_partition, _offset, _arrived_at)
TTL toDateTime(_arrived_at) + toIntervalDay(90)
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT '县级部门报送·fiscal：来源原始记录，保留90天';

CREATE TABLE ods.county_offices__contract
(
    _topic LowCardinality(String) COMMENT '主题',
    _partition UInt16 COMMENT '分区',
    _offset UInt64 COMMENT '位点' CODEC(Delta(8), ZSTD(1)),
    _arrived_at DateTime64(3, 'UTC') COMMENT '到达时间' CODEC(Delta(8), ZSTD(1)),
    _event_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '业务时间（来源所述）' CODEC(Delta(8), ZSTD(1)),
    _place String COMMENT '源内位置' CODEC(ZSTD(1)),
    _op LowCardinality(String) COMMENT '操作：upsert 新增或更新，delete 撤回',
    _key String COMMENT '源记录键' CODEC(ZSTD(1)),
    _rejected UInt8 COMMENT '被退回的流向数（0：全部接受）',
    `县代码` Nullable(String) COMMENT '源字段“县代码”（text）' CODEC(ZSTD(1)),
    `合同编号` Nullable(String) COMMENT '源字段“合同编号”（text）' CODEC(ZSTD(1)),
    `类别` Nullable(String) COMMENT '源字段“类别”（text）' CODEC(ZSTD(1)),
    `受益区划代码` Nullable(String) COMMENT '源字段“受益区划代码”（text）' CODEC(ZSTD(1)),
    `购买主体代码` Nullable(String) COMMENT '源字段“购买主体代码”（text）' CODEC(ZSTD(1)),
    `承接主体机构代码` Nullable(String) COMMENT '源字段“承接主体机构代码”（text）' CODEC(ZSTD(1)),
    `承接主体类别` Nullable(String) COMMENT '源字段“承接主体类别”（text）' CODEC(ZSTD(1)),
    `合同金额` Nullable(String) COMMENT '源字段“合同金额”（text）' CODEC(ZSTD(1)),
    `购买层级` Nullable(String) COMMENT '源字段“购买层级”（text）' CODEC(ZSTD(1)),
    `签订日期` Nullable(String) COMMENT '源字段“签订日期”（text）' CODEC(ZSTD(1)),
    `终止日期` Nullable(String) COMMENT '源字段“终止日期”（text）' CODEC(ZSTD(1)),
    `优先购买` Nullable(String) COMMENT '源字段“优先购买”（text）' CODEC(ZSTD(1)),
    `登记时间` Nullable(String) COMMENT '源字段“登记时间”（text）' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toMonday(_arrived_at)
ORDER BY (_partition, _offset, _arrived_at)
TTL toDateTime(_arrived_at) + toIntervalDay(90)
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT '县级部门报送·contract：来源原始记录，保留90天';

CREATE TABLE ods.county_offices__service_item
(
    _topic LowCardinality(String) COMMENT '主题',
    _partition UInt16 COMMENT '分区',
    _offset UInt64 COMMENT '位点' CODEC(Delta(8), ZSTD(1)),
    _arrived_at DateTime64(3, 'UTC') COMMENT '到达时间' CODEC(Delta(8), ZSTD(1)),
    _event_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '业务时间（来源所述）' CODEC(Delta(8), ZSTD(1)),
    _place String COMMENT '源内位置' CODEC(ZSTD(1)),
    _op LowCardinality(String) COMMENT '操作：upsert 新增或更新，delete 撤回',
    _key String COMMENT '源记录键' CODEC(ZSTD(1)),
    _rejected UInt8 COMMENT '被退回的流向数（0：全部接受）',
    `县代码` Nullable(String) COMMENT '源字段“县代码”（text）' CODEC(ZSTD(1)),
    `实施编码` Nullable(String) COMMENT '源字段“实施编码”（text）' CODEC(ZSTD(1)),
    `版本` Nullable(String) COMMENT '源字段“版本”（text）' CODEC(ZSTD(1)),
    `基本编码` Nullable(String) COMMENT '源字段“基本编码”（text）' CODEC(ZSTD(1)),
    `事项名称` Nullable(String) COMMENT '源字段“事项名称”（text）' CODEC(ZSTD(1)),
    `事项类型` Nullable(String) COMMENT '源字段“事项类型”（text）' CODEC(ZSTD(1)),
    `行使层级` Nullable(String) COMMENT '源字段“行使层级”（text）' CODEC(ZSTD(1)),
    `实施主体代码` Nullable(String) COMMENT '源字段“实施主体代码”（text）' CODEC(ZSTD(1)),
    `承诺时限` Nullable(String) COMMENT '源字段“承诺时限”（text）' CODEC(ZSTD(1)),
    `法定时限` Nullable(String) COMMENT '源字段“法定时限”（text）' CODEC(ZSTD(1)),
    `到场次数` Nullable(String) COMMENT '源字段“到场次数”（text）' CODEC(ZSTD(1)),
    `状态` Nullable(String) COMMENT '源字段“状态”（text）' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toMonday(_arrived_at)
ORDER BY (_partition, _offset, _arrived_at)
TTL toDateTime(_arrived_at) + toIntervalDay(90)
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT '县级部门报送·service_item：来源原始记录，保留90天';

CREATE TABLE ods.county_offices__grid
(
    _topic LowCardinality(String) COMMENT '主题',
    _partition UInt16 COMMENT '分区',
    _offset UInt64 COMMENT '位点' CODEC(Delta(8), ZSTD(1)),
    _arrived_at DateTime64(3, 'UTC') COMMENT '到达时间' CODEC(Delta(8), ZSTD(1)),
    _event_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '业务时间（来源所述）' CODEC(Delta(8), ZSTD(1)),
    _place String COMMENT '源内位置' CODEC(ZSTD(1)),
    _op LowCardinality(String) COMMENT '操作：upsert 新增或更新，delete 撤回',
    _key String COMMENT '源记录键' CODEC(ZSTD(1)),
    _rejected UInt8 COMMENT '被退回的流向数（0：全部接受）',
    `县代码` Nullable(String) COMMENT '源字段“县代码”（text）' CODEC(ZSTD(1)),
    `网格编码` Nullable(String) COMMENT '源字段“网格编码”（text）' CODEC(ZSTD(1)),
    `网格类型` Nullable(String) COMMENT '源字段“网格类型”（text）' CODEC(ZSTD(1)),
    `网格名称` Nullable(String) COMMENT '源字段“网格名称”（text）' CODEC(ZSTD(1)),
    `户数` Nullable(String) COMMENT '源字段“户数”（text）' CODEC(ZSTD(1)),
    `面积` Nullable(String) COMMENT '源字段“面积”（text）' CODEC(ZSTD(1)),
    `面积单位` Nullable(String) COMMENT '源字段“面积单位”（text）' CODEC(ZSTD(1)),
    `生效日期` Nullable(String) COMMENT '源字段“生效日期”（text）' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toMonday(_arrived_at)
ORDER BY (_partition, _offset, _arrived_at)
TTL toDateTime(_arrived_at) + toIntervalDay(90)
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT '县级部门报送·grid：来源原始记录，保留90天';

CREATE TABLE ods.county_offices__conversion
(
    _topic LowCardinality(String) COMMENT '主题',
    _partition UInt16 COMMENT '分区',
    _offset UInt64 COMMENT '位点' CODEC(Delta(8), ZSTD(1)),
    _arrived_at DateTime64(3, 'UTC') COMMENT '到达时间' CODEC(Delta(8), ZSTD(1)),
    _event_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '业务时间（来源所述）' CODEC(Delta(8), ZSTD(1)),
    _place String COMMENT '源内位置' CODEC(ZSTD(1)),
    _op LowCardinality(String) COMMENT '操作：upsert 新增或更新，delete 撤回',
    _key String COMMENT '源记录键' CODEC(ZSTD(1)),
    _rejected UInt8 COMMENT '被退回的流向数（0：全部接受）',
    `县代码` Nullable(String) COMMENT '源字段“县代码”（text）' CODEC(ZSTD(1)),
    `案例编号` Nullable(String) COMMENT '源字段“案例编号”（text）' CODEC(ZSTD(1)),
    `村居代码` Nullable(String) COMMENT '源字段“村居代码”（text）' CODEC(ZSTD(1)),
    `村民会议日期` Nullable(String) COMMENT '源字段“村民会议日期”（text）' CODEC(ZSTD(1)),
    `同意比例` Nullable(String) COMMENT '源字段“同意比例”（text）' CODEC(ZSTD(1)),
    `批准日期` Nullable(String) COMMENT '源字段“批准日期”（text）' CODEC(ZSTD(1)),
    `转换日期` Nullable(String) COMMENT '源字段“转换日期”（text）' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toMonday(_arrived_at)
ORDER BY (_partition, _offset, _arrived_at)
TTL toDateTime(_arrived_at) + toIntervalDay(90)
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT '县级部门报送·conversion：来源原始记录，保留90天';

CREATE TABLE ods.county_offices__station
(
    _topic LowCardinality(String) COMMENT '主题',
    _partition UInt16 COMMENT '分区',
    _offset UInt64 COMMENT '位点' CODEC(Delta(8), ZSTD(1)),
    _arrived_at DateTime64(3, 'UTC') COMMENT '到达时间' CODEC(Delta(8), ZSTD(1)),
    _event_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '业务时间（来源所述）' CODEC(Delta(8), ZSTD(1)),
    _place String COMMENT '源内位置' CODEC(ZSTD(1)),
    _op LowCardinality(String) COMMENT '操作：upsert 新增或更新，delete 撤回',
    _key String COMMENT '源记录键' CODEC(ZSTD(1)),
    _rejected UInt8 COMMENT '被退回的流向数（0：全部接受）',
    `县代码` Nullable(String) COMMENT '源字段“县代码”（text）' CODEC(ZSTD(1)),
    `站点编号` Nullable(String) COMMENT '源字段“站点编号”（text）' CODEC(ZSTD(1)),
    `乡镇代码` Nullable(String) COMMENT '源字段“乡镇代码”（text）' CODEC(ZSTD(1)),
    `乡镇名称` Nullable(String) COMMENT '源字段“乡镇名称”（text）' CODEC(ZSTD(1)),
    `站点名称` Nullable(String) COMMENT '源字段“站点名称”（text）' CODEC(ZSTD(1)),
    `启用日期` Nullable(String) COMMENT '源字段“启用日期”（text）' CODEC(ZSTD(1)),
    `是否运营` Nullable(String) COMMENT '源字段“是否运营”（text）' CODEC(ZSTD(1)),
    `面积` Nullable(String) COMMENT '源字段“面积”（text）' CODEC(ZSTD(1)),
    `填报日期` Nullable(String) COMMENT '源字段“填报日期”（text）' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toMonday(_arrived_at)
ORDER BY (_partition, _offset, _arrived_at)
TTL toDateTime(_arrived_at) + toIntervalDay(90)
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT '县级部门报送·station：来源原始记录，保留90天';

CREATE TABLE ods.emergency_feed__stock
(
    _topic LowCardinality(String) COMMENT '主题',
    _partition UInt16 COMMENT '分区',
    _offset UInt64 COMMENT '位点' CODEC(Delta(8), ZSTD(1)),
    _arrived_at DateTime64(3, 'UTC') COMMENT '到达时间' CODEC(Delta(8), ZSTD(1)),
    _event_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '业务时间（来源所述）' CODEC(Delta(8), ZSTD(1)),
    _place String COMMENT '源内位置' CODEC(ZSTD(1)),
    _op LowCardinality(String) COMMENT '操作：upsert 新增或更新，delete 撤回',
    _key String COMMENT '源记录键' CODEC(ZSTD(1)),
    _rejected UInt8 COMMENT '被退回的流向数（0：全部接受）',
    point Nullable(String) COMMENT '源字段“point”（text）' CODEC(ZSTD(1)),
    item_code Nullable(String) COMMENT '源字段“item_code”（text）' CODEC(ZSTD(1)),
    counted_on Nullable(String) COMMENT '源字段“counted_on”（text）' CODEC(ZSTD(1)),
    place Nullable(String) COMMENT '源字段“place”（text）' CODEC(ZSTD(1)),
    quantity Nullable(String) COMMENT '源字段“quantity”（number）' CODEC(ZSTD(1)),
    unit Nullable(String) COMMENT '源字段“unit”（text）' CODEC(ZSTD(1)),
    required Nullable(String) COMMENT '源字段“required”（number）' CODEC(ZSTD(1)),
    mode Nullable(String) COMMENT '源字段“mode”（text）' CODEC(ZSTD(1)),
    expires_on Nullable(String) COMMENT '源字段“expires_on”（text）' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toMonday(_arrived_at)
ORDER BY (_partition, _offset, _arrived_at)
TTL toDateTime(_arrived_at) + toIntervalDay(90)
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT '应急物资报送·stock：来源原始记录，保留90天';

CREATE TABLE ods.township_ledger__drill
(
    _topic LowCardinality(String) COMMENT '主题',
    _partition UInt16 COMMENT '分区',
    _offset UInt64 COMMENT '位点' CODEC(Delta(8), ZSTD(1)),
    _arrived_at DateTime64(3, 'UTC') COMMENT '到达时间' CODEC(Delta(8), ZSTD(1)),
    _event_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '业务时间（来源所述）' CODEC(Delta(8), ZSTD(1)),
    _place String COMMENT '源内位置' CODEC(ZSTD(1)),
    _op LowCardinality(String) COMMENT '操作：upsert 新增或更新，delete 撤回',
    _key String COMMENT '源记录键' CODEC(ZSTD(1)),
    _rejected UInt8 COMMENT '被退回的流向数（0：全部接受）',
    `镇代码` Nullable(String) COMMENT '源字段“镇代码”（text）' CODEC(ZSTD(1)),
    `序号` Nullable(String) COMMENT '源字段“序号”（text）' CODEC(ZSTD(1)),
    `类型` Nullable(String) COMMENT '源字段“类型”（text）' CODEC(ZSTD(1)),
    `预案名称` Nullable(String) COMMENT '源字段“预案名称”（text）' CODEC(ZSTD(1)),
    `预案种类` Nullable(String) COMMENT '源字段“预案种类”（text）' CODEC(ZSTD(1)),
    `发布日期` Nullable(String) COMMENT '源字段“发布日期”（text）' CODEC(ZSTD(1)),
    `演练日期` Nullable(String) COMMENT '源字段“演练日期”（text）' CODEC(ZSTD(1)),
    `参加人数` Nullable(String) COMMENT '源字段“参加人数”（text）' CODEC(ZSTD(1)),
    `联合乡镇代码` Nullable(String) COMMENT '源字段“联合乡镇代码”（text）' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toMonday(_arrived_at)
ORDER BY (_partition, _offset, _arrived_at)
TTL toDateTime(_arrived_at) + toIntervalDay(90)
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT '镇街工作台账·drill：来源原始记录，保留90天';

CREATE TABLE ods.township_ledger__facility
(
    _topic LowCardinality(String) COMMENT '主题',
    _partition UInt16 COMMENT '分区',
    _offset UInt64 COMMENT '位点' CODEC(Delta(8), ZSTD(1)),
    _arrived_at DateTime64(3, 'UTC') COMMENT '到达时间' CODEC(Delta(8), ZSTD(1)),
    _event_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '业务时间（来源所述）' CODEC(Delta(8), ZSTD(1)),
    _place String COMMENT '源内位置' CODEC(ZSTD(1)),
    _op LowCardinality(String) COMMENT '操作：upsert 新增或更新，delete 撤回',
    _key String COMMENT '源记录键' CODEC(ZSTD(1)),
    _rejected UInt8 COMMENT '被退回的流向数（0：全部接受）',
    `镇代码` Nullable(String) COMMENT '源字段“镇代码”（text）' CODEC(ZSTD(1)),
    `村居代码` Nullable(String) COMMENT '源字段“村居代码”（text）' CODEC(ZSTD(1)),
    `村居名称` Nullable(String) COMMENT '源字段“村居名称”（text）' CODEC(ZSTD(1)),
    `设施类别` Nullable(String) COMMENT '源字段“设施类别”（text）' CODEC(ZSTD(1)),
    `场所 建筑面积（平方米）` Nullable(String) COMMENT '源字段“场所 建筑面积（平方米）”（text）' CODEC(ZSTD(1)),
    `场所 直接服务面积（平方米）` Nullable(String) COMMENT '源字段“场所 直接服务面积（平方米）”（text）' CODEC(ZSTD(1)),
    `启用日期` Nullable(String) COMMENT '源字段“启用日期”（text）' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toMonday(_arrived_at)
ORDER BY (_partition, _offset, _arrived_at)
TTL toDateTime(_arrived_at) + toIntervalDay(90)
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT '镇街工作台账·facility：来源原始记录，保留90天';

CREATE TABLE ods.township_ledger__social_org
(
    _topic LowCardinality(String) COMMENT '主题',
    _partition UInt16 COMMENT '分区',
    _offset UInt64 COMMENT '位点' CODEC(Delta(8), ZSTD(1)),
    _arrived_at DateTime64(3, 'UTC') COMMENT '到达时间' CODEC(Delta(8), ZSTD(1)),
    _event_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '业务时间（来源所述）' CODEC(Delta(8), ZSTD(1)),
    _place String COMMENT '源内位置' CODEC(ZSTD(1)),
    _op LowCardinality(String) COMMENT '操作：upsert 新增或更新，delete 撤回',
    _key String COMMENT '源记录键' CODEC(ZSTD(1)),
    _rejected UInt8 COMMENT '被退回的流向数（0：全部接受）',
    `镇代码` Nullable(String) COMMENT '源字段“镇代码”（text）' CODEC(ZSTD(1)),
    `序号` Nullable(String) COMMENT '源字段“序号”（text）' CODEC(ZSTD(1)),
    `组织名称` Nullable(String) COMMENT '源字段“组织名称”（text）' CODEC(ZSTD(1)),
    `类别` Nullable(String) COMMENT '源字段“类别”（text）' CODEC(ZSTD(1)),
    `成立日期` Nullable(String) COMMENT '源字段“成立日期”（text）' CODEC(ZSTD(1)),
    `联系电话` Nullable(String) COMMENT '源字段“联系电话”（text）' CODEC(ZSTD(1)),
    `地址` Nullable(String) COMMENT '源字段“地址”（text）' CODEC(ZSTD(1)),
    `工作人员数` Nullable(String) COMMENT '源字段“工作人员数”（text）' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toMonday(_arrived_at)
ORDER BY (_partition, _offset, _arrived_at)
TTL toDateTime(_arrived_at) + toIntervalDay(90)
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT '镇街工作台账·social_org：来源原始记录，保留90天';

CREATE TABLE ods.township_ledger__household
(
    _topic LowCardinality(String) COMMENT '主题',
    _partition UInt16 COMMENT '分区',
    _offset UInt64 COMMENT '位点' CODEC(Delta(8), ZSTD(1)),
    _arrived_at DateTime64(3, 'UTC') COMMENT '到达时间' CODEC(Delta(8), ZSTD(1)),
    _event_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '业务时间（来源所述）' CODEC(Delta(8), ZSTD(1)),
    _place String COMMENT '源内位置' CODEC(ZSTD(1)),
    _op LowCardinality(String) COMMENT '操作：upsert 新增或更新，delete 撤回',
    _key String COMMENT '源记录键' CODEC(ZSTD(1)),
    _rejected UInt8 COMMENT '被退回的流向数（0：全部接受）',
    `镇代码` Nullable(String) COMMENT '源字段“镇代码”（text）' CODEC(ZSTD(1)),
    `村居代码` Nullable(String) COMMENT '源字段“村居代码”（text）' CODEC(ZSTD(1)),
    `月份` Nullable(String) COMMENT '源字段“月份”（text）' CODEC(ZSTD(1)),
    `人口 常住户数` Nullable(String) COMMENT '源字段“人口 常住户数”（text）' CODEC(ZSTD(1)),
    `人口 常住人口` Nullable(String) COMMENT '源字段“人口 常住人口”（text）' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toMonday(_arrived_at)
ORDER BY (_partition, _offset, _arrived_at)
TTL toDateTime(_arrived_at) + toIntervalDay(90)
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT '镇街工作台账·household：来源原始记录，保留90天';

CREATE TABLE ods.village_forms__measure
(
    _topic LowCardinality(String) COMMENT '主题',
    _partition UInt16 COMMENT '分区',
    _offset UInt64 COMMENT '位点' CODEC(Delta(8), ZSTD(1)),
    _arrived_at DateTime64(3, 'UTC') COMMENT '到达时间' CODEC(Delta(8), ZSTD(1)),
    _event_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '业务时间（来源所述）' CODEC(Delta(8), ZSTD(1)),
    _place String COMMENT '源内位置' CODEC(ZSTD(1)),
    _op LowCardinality(String) COMMENT '操作：upsert 新增或更新，delete 撤回',
    _key String COMMENT '源记录键' CODEC(ZSTD(1)),
    _rejected UInt8 COMMENT '被退回的流向数（0：全部接受）',
    submission_id Nullable(String) COMMENT '源字段“submission_id”（text）' CODEC(ZSTD(1)),
    village Nullable(String) COMMENT '源字段“village”（text）' CODEC(ZSTD(1)),
    measure Nullable(String) COMMENT '源字段“measure”（text）' CODEC(ZSTD(1)),
    period Nullable(String) COMMENT '源字段“period”（text）' CODEC(ZSTD(1)),
    value Nullable(String) COMMENT '源字段“value”（text）' CODEC(ZSTD(1)),
    device_time Nullable(String) COMMENT '源字段“device_time”（text）' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toMonday(_arrived_at)
ORDER BY (_partition, _offset, _arrived_at)
TTL toDateTime(_arrived_at) + toIntervalDay(90)
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT '村（社区）移动填报·measure：来源原始记录，保留90天';

CREATE TABLE ods.village_forms__facility
(
    _topic LowCardinality(String) COMMENT '主题',
    _partition UInt16 COMMENT '分区',
    _offset UInt64 COMMENT '位点' CODEC(Delta(8), ZSTD(1)),
    _arrived_at DateTime64(3, 'UTC') COMMENT '到达时间' CODEC(Delta(8), ZSTD(1)),
    _event_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '业务时间（来源所述）' CODEC(Delta(8), ZSTD(1)),
    _place String COMMENT '源内位置' CODEC(ZSTD(1)),
    _op LowCardinality(String) COMMENT '操作：upsert 新增或更新，delete 撤回',
    _key String COMMENT '源记录键' CODEC(ZSTD(1)),
    _rejected UInt8 COMMENT '被退回的流向数（0：全部接受）',
    submission_id Nullable(String) COMMENT '源字段“submission_id”（text）' CODEC(ZSTD(1)),
    village Nullable(String) COMMENT '源字段“village”（text）' CODEC(ZSTD(1)),
    site_type Nullable(String) COMMENT '源字段“site_type”（text）' CODEC(ZSTD(1)),
    area Nullable(String) COMMENT '源字段“area”（text）' CODEC(ZSTD(1)),
    area_unit Nullable(String) COMMENT '源字段“area_unit”（text）' CODEC(ZSTD(1)),
    direct_area Nullable(String) COMMENT '源字段“direct_area”（text）' CODEC(ZSTD(1)),
    operating Nullable(String) COMMENT '源字段“operating”（text）' CODEC(ZSTD(1)),
    device_time Nullable(String) COMMENT '源字段“device_time”（text）' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toMonday(_arrived_at)
ORDER BY (_partition, _offset, _arrived_at)
TTL toDateTime(_arrived_at) + toIntervalDay(90)
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT '村（社区）移动填报·facility：来源原始记录，保留90天';

CREATE TABLE std.code_crosswalk
(
    from_system LowCardinality(String) COMMENT '来源代码体系',
    from_code String COMMENT '来源代码' CODEC(ZSTD(1)),
    to_system LowCardinality(String) COMMENT '目标代码体系',
    valid_from Date32 COMMENT '生效日期',
    valid_to Nullable(Date32) COMMENT '失效日期',
    to_code Nullable(String) COMMENT '目标代码' CODEC(ZSTD(1)),
    match_kind LowCardinality(String) COMMENT '匹配方式',
    confidence Nullable(Decimal(18, 4)) COMMENT '置信度（1）',
    reviewed_by_role Nullable(String) COMMENT '复核岗位' CODEC(ZSTD(1)),
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
ORDER BY (from_system, from_code, to_system, valid_from, src_system, version)
SETTINGS non_replicated_deduplication_window = 10000, enable_block_number_column = 1
COMMENT '代码对照：各来源的主张';

CREATE TABLE dwd.code_crosswalk__rows
(
    from_system LowCardinality(String) COMMENT '来源代码体系',
    from_code String COMMENT '来源代码' CODEC(ZSTD(1)),
    to_system LowCardinality(String) COMMENT '目标代码体系',
    valid_from Date32 COMMENT '生效日期',
    valid_to Nullable(Date32) COMMENT '失效日期',
    to_code Nullable(String) COMMENT '目标代码' CODEC(ZSTD(1)),
    match_kind LowCardinality(String) COMMENT '匹配方式',
    confidence Nullable(Decimal(18, 4)) COMMENT '置信度（1）',
    reviewed_by_role Nullable(String) COMMENT '复核岗位' CODEC(ZSTD(1)),
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间' CODEC(Delta(8), ZSTD(1)),
    _rule LowCardinality(String) COMMENT '本行·取值规则',
    fused_seq UInt64 COMMENT '融合序号：依据到哪一批主张' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已无有效主张'
)
ENGINE = ReplacingMergeTree(fused_seq, is_deleted)
ORDER BY (from_system, from_code, to_system, valid_from)
SETTINGS max_compress_block_size = 131072
COMMENT '代码对照：一物一行，供视图读取';

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
    valid_from Nullable(Date32) COMMENT '生效日期',
    valid_to Nullable(Date32) COMMENT '失效日期',
    path Array(String) COMMENT '区划路径',
    township_class LowCardinality(Nullable(String)) COMMENT '乡级类别',
    urban_rural_code LowCardinality(Nullable(String)) COMMENT '城乡分类',
    seat Nullable(String) COMMENT '驻地' CODEC(ZSTD(1)),
    area_km2 Nullable(Decimal(18, 4)) COMMENT '面积（km2）',
    boundary_version Nullable(String) COMMENT '界线版本' CODEC(ZSTD(1)),
    in_urban_dev_boundary Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '城镇开发边界内',
    fiscal_difficulty Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '财政困难县',
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
SETTINGS non_replicated_deduplication_window = 10000, enable_block_number_column = 1
COMMENT '行政区划：各来源的主张';

CREATE TABLE dwd.division__rows
(
    division_code FixedString(12) COMMENT '区划代码',
    name String COMMENT '名称' CODEC(ZSTD(1)),
    canonical_name String COMMENT '规范名' CODEC(ZSTD(1)),
    level LowCardinality(String) COMMENT '层级',
    parent_code Nullable(FixedString(12)) COMMENT '上级区划',
    kind LowCardinality(String) COMMENT '区划性质',
    village_class LowCardinality(Nullable(String)) COMMENT '村级类别',
    code_system LowCardinality(String) COMMENT '代码体系',
    valid_from Nullable(Date32) COMMENT '生效日期',
    valid_to Nullable(Date32) COMMENT '失效日期',
    path Array(String) COMMENT '区划路径',
    township_class LowCardinality(Nullable(String)) COMMENT '乡级类别',
    urban_rural_code LowCardinality(Nullable(String)) COMMENT '城乡分类',
    seat Nullable(String) COMMENT '驻地' CODEC(ZSTD(1)),
    area_km2 Nullable(Decimal(18, 4)) COMMENT '面积（km2）',
    boundary_version Nullable(String) COMMENT '界线版本' CODEC(ZSTD(1)),
    in_urban_dev_boundary Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '城镇开发边界内',
    fiscal_difficulty Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '财政困难县',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间' CODEC(Delta(8), ZSTD(1)),
    _rule LowCardinality(String) COMMENT '本行·取值规则',
    fused_seq UInt64 COMMENT '融合序号：依据到哪一批主张' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已无有效主张'
)
ENGINE = ReplacingMergeTree(fused_seq, is_deleted)
ORDER BY division_code
SETTINGS max_compress_block_size = 131072
COMMENT '行政区划：一物一行，供视图读取';

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
    new_code Nullable(FixedString(12)) COMMENT '新代码',
    announced_on Nullable(Date32) COMMENT '公布日期',
    code_valid_from Nullable(Date32) COMMENT '代码启用日期',
    share Nullable(Decimal(18, 4)) COMMENT '承接比例（1）',
    share_basis LowCardinality(Nullable(String)) COMMENT '比例依据',
    evidence Nullable(String) COMMENT '依据来源' CODEC(ZSTD(1)),
    villagers_meeting_on Nullable(Date32) COMMENT '村民会议日期',
    consent_share Nullable(Decimal(18, 4)) COMMENT '同意比例（1）',
    households_after Nullable(Int64) COMMENT '合并后户数（户）',
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
SETTINGS non_replicated_deduplication_window = 10000, enable_block_number_column = 1
COMMENT '区划变更：各来源的主张';

CREATE TABLE dwd.division_change__rows
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
    new_code Nullable(FixedString(12)) COMMENT '新代码',
    announced_on Nullable(Date32) COMMENT '公布日期',
    code_valid_from Nullable(Date32) COMMENT '代码启用日期',
    share Nullable(Decimal(18, 4)) COMMENT '承接比例（1）',
    share_basis LowCardinality(Nullable(String)) COMMENT '比例依据',
    evidence Nullable(String) COMMENT '依据来源' CODEC(ZSTD(1)),
    villagers_meeting_on Nullable(Date32) COMMENT '村民会议日期',
    consent_share Nullable(Decimal(18, 4)) COMMENT '同意比例（1）',
    households_after Nullable(Int64) COMMENT '合并后户数（户）',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间' CODEC(Delta(8), ZSTD(1)),
    _rule LowCardinality(String) COMMENT '本行·取值规则',
    fused_seq UInt64 COMMENT '融合序号：依据到哪一批主张' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已无有效主张'
)
ENGINE = ReplacingMergeTree(fused_seq, is_deleted)
ORDER BY change_id
SETTINGS max_compress_block_size = 131072
COMMENT '区划变更：一物一行，供视图读取';

CREATE TABLE std.grid
(
    grid_id String COMMENT '网格编码' CODEC(ZSTD(1)),
    valid_from Date32 COMMENT '生效日期',
    valid_to Nullable(Date32) COMMENT '失效日期',
    division_code FixedString(12) COMMENT '所属村（社区）',
    src_grid_code Nullable(String) COMMENT '源编码' CODEC(ZSTD(1)),
    grid_kind LowCardinality(String) COMMENT '网格类型',
    name Nullable(String) COMMENT '名称' CODEC(ZSTD(1)),
    households Nullable(Int64) COMMENT '户数（户）',
    area_m2 Nullable(Decimal(18, 4)) COMMENT '面积（m2）',
    party_branch Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '建有党支部（党小组）',
    full_time_posts Nullable(Int64) COMMENT '专职网格员岗位数（个）',
    part_time_posts Nullable(Int64) COMMENT '兼职网格员岗位数（个）',
    standard_ok Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '划分达标',
    geom_ref Nullable(String) COMMENT '图形引用' CODEC(ZSTD(1)),
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
ORDER BY (grid_id, valid_from, src_system, version)
SETTINGS non_replicated_deduplication_window = 10000, enable_block_number_column = 1
COMMENT '网格：各来源的主张';

CREATE TABLE dwd.grid__rows
(
    grid_id String COMMENT '网格编码' CODEC(ZSTD(1)),
    valid_from Date32 COMMENT '生效日期',
    valid_to Nullable(Date32) COMMENT '失效日期',
    division_code FixedString(12) COMMENT '所属村（社区）',
    src_grid_code Nullable(String) COMMENT '源编码' CODEC(ZSTD(1)),
    grid_kind LowCardinality(String) COMMENT '网格类型',
    name Nullable(String) COMMENT '名称' CODEC(ZSTD(1)),
    households Nullable(Int64) COMMENT '户数（户）',
    area_m2 Nullable(Decimal(18, 4)) COMMENT '面积（m2）',
    party_branch Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '建有党支部（党小组）',
    full_time_posts Nullable(Int64) COMMENT '专职网格员岗位数（个）',
    part_time_posts Nullable(Int64) COMMENT '兼职网格员岗位数（个）',
    standard_ok Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '划分达标',
    geom_ref Nullable(String) COMMENT '图形引用' CODEC(ZSTD(1)),
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间' CODEC(Delta(8), ZSTD(1)),
    _rule LowCardinality(String) COMMENT '本行·取值规则',
    fused_seq UInt64 COMMENT '融合序号：依据到哪一批主张' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已无有效主张'
)
ENGINE = ReplacingMergeTree(fused_seq, is_deleted)
ORDER BY (grid_id, valid_from)
SETTINGS max_compress_block_size = 131072
COMMENT '网格：一物一行，供视图读取';

CREATE TABLE std.committee_term
(
    division_code FixedString(12) COMMENT '村（社区）',
    body LowCardinality(String) COMMENT '班子',
    term_no Int64 COMMENT '届次（届）',
    election_on Nullable(Date32) COMMENT '选举日期',
    term_ends_on Nullable(Date32) COMMENT '任期届满日期',
    seats Nullable(Int64) COMMENT '职数（席）',
    filled Nullable(Int64) COMMENT '实配人数（席）',
    female_n Nullable(Int64) COMMENT '女性人数（人）',
    under35_n Nullable(Int64) COMMENT '35 岁及以下人数（人）',
    cross_seats Nullable(Int64) COMMENT '交叉任职席位（席）',
    secretary_is_director Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '书记兼任村（居）委会主任',
    secretary_heads_collective Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '书记兼任集体经济组织负责人',
    part_time_members_n Nullable(Int64) COMMENT '兼职委员人数（人）',
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
ORDER BY (division_code, body, term_no, src_system, version)
SETTINGS non_replicated_deduplication_window = 10000, enable_block_number_column = 1
COMMENT '两委届次：各来源的主张';

CREATE TABLE dwd.committee_term__rows
(
    division_code FixedString(12) COMMENT '村（社区）',
    body LowCardinality(String) COMMENT '班子',
    term_no Int64 COMMENT '届次（届）',
    election_on Nullable(Date32) COMMENT '选举日期',
    term_ends_on Nullable(Date32) COMMENT '任期届满日期',
    seats Nullable(Int64) COMMENT '职数（席）',
    filled Nullable(Int64) COMMENT '实配人数（席）',
    female_n Nullable(Int64) COMMENT '女性人数（人）',
    under35_n Nullable(Int64) COMMENT '35 岁及以下人数（人）',
    cross_seats Nullable(Int64) COMMENT '交叉任职席位（席）',
    secretary_is_director Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '书记兼任村（居）委会主任',
    secretary_heads_collective Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '书记兼任集体经济组织负责人',
    part_time_members_n Nullable(Int64) COMMENT '兼职委员人数（人）',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间' CODEC(Delta(8), ZSTD(1)),
    _rule LowCardinality(String) COMMENT '本行·取值规则',
    fused_seq UInt64 COMMENT '融合序号：依据到哪一批主张' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已无有效主张'
)
ENGINE = ReplacingMergeTree(fused_seq, is_deleted)
ORDER BY (division_code, body, term_no)
SETTINGS max_compress_block_size = 131072
COMMENT '两委届次：一物一行，供视图读取';

CREATE TABLE std.device
(
    device_id String COMMENT '设备标识' CODEC(ZSTD(1)),
    device_kind LowCardinality(String) COMMENT '设备类型',
    gb28181_id Nullable(String) COMMENT '国标编码' CODEC(ZSTD(1)),
    division_code FixedString(12) COMMENT '所在区划',
    grid_id Nullable(String) COMMENT '所在网格' CODEC(ZSTD(1)),
    owner_kind LowCardinality(Nullable(String)) COMMENT '权属',
    installed_on Nullable(Date32) COMMENT '安装日期',
    networked Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '是否联网',
    status LowCardinality(Nullable(String)) COMMENT '状态',
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
ORDER BY (device_id, src_system, version)
SETTINGS non_replicated_deduplication_window = 10000, enable_block_number_column = 1
COMMENT '终端与设备：各来源的主张';

CREATE TABLE dwd.device__rows
(
    device_id String COMMENT '设备标识' CODEC(ZSTD(1)),
    device_kind LowCardinality(String) COMMENT '设备类型',
    gb28181_id Nullable(String) COMMENT '国标编码' CODEC(ZSTD(1)),
    division_code FixedString(12) COMMENT '所在区划',
    grid_id Nullable(String) COMMENT '所在网格' CODEC(ZSTD(1)),
    owner_kind LowCardinality(Nullable(String)) COMMENT '权属',
    installed_on Nullable(Date32) COMMENT '安装日期',
    networked Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '是否联网',
    status LowCardinality(Nullable(String)) COMMENT '状态',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间' CODEC(Delta(8), ZSTD(1)),
    _rule LowCardinality(String) COMMENT '本行·取值规则',
    fused_seq UInt64 COMMENT '融合序号：依据到哪一批主张' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已无有效主张'
)
ENGINE = ReplacingMergeTree(fused_seq, is_deleted)
ORDER BY device_id
SETTINGS max_compress_block_size = 131072
COMMENT '终端与设备：一物一行，供视图读取';

CREATE TABLE std.device_health_daily
(
    device_id String COMMENT '设备标识' CODEC(ZSTD(1)),
    day Date32 COMMENT '日期',
    division_code FixedString(12) COMMENT '所在区划',
    online_minutes Nullable(Int64) COMMENT '在线时长（min）',
    fault_code LowCardinality(Nullable(String)) COMMENT '故障',
    last_seen Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '最近在线时间' CODEC(Delta(8), ZSTD(1)),
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
ORDER BY (device_id, day, src_system, version)
SETTINGS non_replicated_deduplication_window = 10000, enable_block_number_column = 1
COMMENT '设备运行日报：各来源的主张';

CREATE TABLE dwd.device_health_daily__rows
(
    device_id String COMMENT '设备标识' CODEC(ZSTD(1)),
    day Date32 COMMENT '日期',
    division_code FixedString(12) COMMENT '所在区划',
    online_minutes Nullable(Int64) COMMENT '在线时长（min）',
    fault_code LowCardinality(Nullable(String)) COMMENT '故障',
    last_seen Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '最近在线时间' CODEC(Delta(8), ZSTD(1)),
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间' CODEC(Delta(8), ZSTD(1)),
    _rule LowCardinality(String) COMMENT '本行·取值规则',
    fused_seq UInt64 COMMENT '融合序号：依据到哪一批主张' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已无有效主张'
)
ENGINE = ReplacingMergeTree(fused_seq, is_deleted)
ORDER BY (device_id, day)
SETTINGS max_compress_block_size = 131072
COMMENT '设备运行日报：一物一行，供视图读取';

CREATE TABLE std.facility
(
    facility_id String COMMENT '设施标识' CODEC(ZSTD(1)),
    division_code FixedString(12) COMMENT '所在区划',
    facility_kind LowCardinality(String) COMMENT '设施类别',
    name Nullable(String) COMMENT '名称' CODEC(ZSTD(1)),
    match_name Nullable(String) COMMENT '名称（比对用）' CODEC(ZSTD(1)),
    site_type LowCardinality(Nullable(String)) COMMENT '所在地类型',
    area_m2 Nullable(Decimal(18, 4)) COMMENT '建筑面积（m2）',
    direct_service_area_m2 Nullable(Decimal(18, 4)) COMMENT '直接服务面积（m2）',
    opened_on Nullable(Date32) COMMENT '启用日期',
    operating Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '是否运行',
    valid_from Nullable(Date32) COMMENT '生效日期',
    valid_to Nullable(Date32) COMMENT '失效日期',
    grid_id Nullable(String) COMMENT '所在网格' CODEC(ZSTD(1)),
    standardised Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '规范化',
    substantive Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '实体化运行',
    is_party_mass_centre Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '建成党群服务中心',
    serves_divisions Array(String) COMMENT '协议共享区划',
    service_codes Array(String) COMMENT '服务项目',
    lon Nullable(Decimal(18, 4)) COMMENT '经度（degree）',
    lat Nullable(Decimal(18, 4)) COMMENT '纬度（degree）',
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
SETTINGS non_replicated_deduplication_window = 10000, enable_block_number_column = 1
COMMENT '设施阵地：各来源的主张';

CREATE TABLE dwd.facility__rows
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
    match_name Nullable(String) COMMENT '名称（比对用）' CODEC(ZSTD(1)),
    match_name_src LowCardinality(String) COMMENT '名称（比对用）·取自来源',
    match_name_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '名称（比对用）·业务时间' CODEC(Delta(8), ZSTD(1)),
    match_name_rule LowCardinality(String) COMMENT '名称（比对用）·取值规则',
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
    operating_rule LowCardinality(String) COMMENT '是否运行·取值规则',
    valid_from Nullable(Date32) COMMENT '生效日期',
    valid_from_src LowCardinality(String) COMMENT '生效日期·取自来源',
    valid_from_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '生效日期·业务时间' CODEC(Delta(8), ZSTD(1)),
    valid_from_rule LowCardinality(String) COMMENT '生效日期·取值规则',
    valid_to Nullable(Date32) COMMENT '失效日期',
    valid_to_src LowCardinality(String) COMMENT '失效日期·取自来源',
    valid_to_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '失效日期·业务时间' CODEC(Delta(8), ZSTD(1)),
    valid_to_rule LowCardinality(String) COMMENT '失效日期·取值规则',
    grid_id Nullable(String) COMMENT '所在网格' CODEC(ZSTD(1)),
    grid_id_src LowCardinality(String) COMMENT '所在网格·取自来源',
    grid_id_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '所在网格·业务时间' CODEC(Delta(8), ZSTD(1)),
    grid_id_rule LowCardinality(String) COMMENT '所在网格·取值规则',
    standardised Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '规范化',
    standardised_src LowCardinality(String) COMMENT '规范化·取自来源',
    standardised_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '规范化·业务时间' CODEC(Delta(8), ZSTD(1)),
    standardised_rule LowCardinality(String) COMMENT '规范化·取值规则',
    substantive Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '实体化运行',
    substantive_src LowCardinality(String) COMMENT '实体化运行·取自来源',
    substantive_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '实体化运行·业务时间' CODEC(Delta(8), ZSTD(1)),
    substantive_rule LowCardinality(String) COMMENT '实体化运行·取值规则',
    is_party_mass_centre Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '建成党群服务中心',
    is_party_mass_centre_src LowCardinality(String) COMMENT '建成党群服务中心·取自来源',
    is_party_mass_centre_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '建成党群服务中心·业务时间' CODEC(Delta(8), ZSTD(1)),
    is_party_mass_centre_rule LowCardinality(String) COMMENT '建成党群服务中心·取值规则',
    serves_divisions Array(String) COMMENT '协议共享区划',
    serves_divisions_src LowCardinality(String) COMMENT '协议共享区划·取自来源',
    serves_divisions_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '协议共享区划·业务时间' CODEC(Delta(8), ZSTD(1)),
    serves_divisions_rule LowCardinality(String) COMMENT '协议共享区划·取值规则',
    service_codes Array(String) COMMENT '服务项目',
    service_codes_src LowCardinality(String) COMMENT '服务项目·取自来源',
    service_codes_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '服务项目·业务时间' CODEC(Delta(8), ZSTD(1)),
    service_codes_rule LowCardinality(String) COMMENT '服务项目·取值规则',
    lon Nullable(Decimal(18, 4)) COMMENT '经度（degree）',
    lon_src LowCardinality(String) COMMENT '经度·取自来源',
    lon_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '经度·业务时间' CODEC(Delta(8), ZSTD(1)),
    lon_rule LowCardinality(String) COMMENT '经度·取值规则',
    lat Nullable(Decimal(18, 4)) COMMENT '纬度（degree）',
    lat_src LowCardinality(String) COMMENT '纬度·取自来源',
    lat_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '纬度·业务时间' CODEC(Delta(8), ZSTD(1)),
    lat_rule LowCardinality(String) COMMENT '纬度·取值规则',
    fused_seq UInt64 COMMENT '融合序号：依据到哪一批主张' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已无有效主张'
)
ENGINE = ReplacingMergeTree(fused_seq, is_deleted)
ORDER BY facility_id
SETTINGS max_compress_block_size = 131072
COMMENT '设施阵地：一物一行，供视图读取';

CREATE TABLE dwd.facility__members
(
    block UInt64 COMMENT '比对分组：同一上级区划、名称和类别',
    member String COMMENT '来源标识' CODEC(ZSTD(1)),
    rank UInt16 COMMENT '作为主标识的次序：有代码者、来源权威者在先',
    name String COMMENT '名称（比对用）' CODEC(ZSTD(1)),
    division String COMMENT '所在区划' CODEC(ZSTD(1)),
    place String COMMENT '所在末级区划；不详为空',
    codes Array(String) COMMENT '代码' CODEC(ZSTD(1)),
    facts Array(String) COMMENT '佐证字段' CODEC(ZSTD(1)),
    srcs Array(LowCardinality(String)) COMMENT '来源' CODEC(ZSTD(1)),
    seq UInt64 COMMENT '依据到哪一批主张' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已无有效主张'
)
ENGINE = ReplacingMergeTree(seq, is_deleted)
ORDER BY (block, member)
COMMENT '设施阵地：比对依据，每个来源标识一行';

CREATE TABLE std.org_credit
(
    org_id String COMMENT '组织标识' CODEC(ZSTD(1)),
    list_kind LowCardinality(String) COMMENT '名单类型',
    listed_on Date32 COMMENT '列入日期',
    division_code FixedString(12) COMMENT '所在区划',
    authority_uscc Nullable(FixedString(18)) COMMENT '列入机关统一社会信用代码',
    basis_doc Nullable(String) COMMENT '依据文件' CODEC(ZSTD(1)),
    delisted_on Nullable(Date32) COMMENT '移出日期',
    expires_on Date32 COMMENT '有效期至',
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
ORDER BY (org_id, list_kind, listed_on, src_system, version)
SETTINGS non_replicated_deduplication_window = 10000, enable_block_number_column = 1
COMMENT '组织信用：各来源的主张';

CREATE TABLE dwd.org_credit__rows
(
    org_id String COMMENT '组织标识' CODEC(ZSTD(1)),
    list_kind LowCardinality(String) COMMENT '名单类型',
    listed_on Date32 COMMENT '列入日期',
    division_code FixedString(12) COMMENT '所在区划',
    authority_uscc Nullable(FixedString(18)) COMMENT '列入机关统一社会信用代码',
    basis_doc Nullable(String) COMMENT '依据文件' CODEC(ZSTD(1)),
    delisted_on Nullable(Date32) COMMENT '移出日期',
    expires_on Date32 COMMENT '有效期至',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间' CODEC(Delta(8), ZSTD(1)),
    _rule LowCardinality(String) COMMENT '本行·取值规则',
    fused_seq UInt64 COMMENT '融合序号：依据到哪一批主张' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已无有效主张'
)
ENGINE = ReplacingMergeTree(fused_seq, is_deleted)
ORDER BY (org_id, list_kind, listed_on)
SETTINGS max_compress_block_size = 131072
COMMENT '组织信用：一物一行，供视图读取';

CREATE TABLE std.org_relation
(
    from_org String COMMENT '甲方组织' CODEC(ZSTD(1)),
    to_ref String COMMENT '乙方主体' CODEC(ZSTD(1)),
    kind LowCardinality(String) COMMENT '关系类型',
    valid_from Date32 COMMENT '生效日期',
    valid_to Nullable(Date32) COMMENT '失效日期',
    to_kind LowCardinality(String) COMMENT '乙方主体类型',
    division_code FixedString(12) COMMENT '所在区划',
    party_members_n Nullable(Int64) COMMENT '党员人数（人）',
    separate_accounts Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '分账管理',
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
ORDER BY (from_org, to_ref, kind, valid_from, src_system, version)
SETTINGS non_replicated_deduplication_window = 10000, enable_block_number_column = 1
COMMENT '组织关系：各来源的主张';

CREATE TABLE dwd.org_relation__rows
(
    from_org String COMMENT '甲方组织' CODEC(ZSTD(1)),
    to_ref String COMMENT '乙方主体' CODEC(ZSTD(1)),
    kind LowCardinality(String) COMMENT '关系类型',
    valid_from Date32 COMMENT '生效日期',
    valid_to Nullable(Date32) COMMENT '失效日期',
    to_kind LowCardinality(String) COMMENT '乙方主体类型',
    division_code FixedString(12) COMMENT '所在区划',
    party_members_n Nullable(Int64) COMMENT '党员人数（人）',
    separate_accounts Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '分账管理',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间' CODEC(Delta(8), ZSTD(1)),
    _rule LowCardinality(String) COMMENT '本行·取值规则',
    fused_seq UInt64 COMMENT '融合序号：依据到哪一批主张' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已无有效主张'
)
ENGINE = ReplacingMergeTree(fused_seq, is_deleted)
ORDER BY (from_org, to_ref, kind, valid_from)
SETTINGS max_compress_block_size = 131072
COMMENT '组织关系：一物一行，供视图读取';

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
    match_name Nullable(String) COMMENT '名称（比对用）' CODEC(ZSTD(1)),
    match_address Nullable(String) COMMENT '办公地址（比对用）' CODEC(ZSTD(1)),
    headcount Nullable(Int64) COMMENT '工作人员数（人）',
    valid_from Nullable(Date32) COMMENT '生效日期',
    valid_to Nullable(Date32) COMMENT '失效日期',
    uscc_valid Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '代码校验通过',
    social_kind LowCardinality(Nullable(String)) COMMENT '社会组织类别',
    parent_org_id Nullable(String) COMMENT '上级组织' CODEC(ZSTD(1)),
    reg_authority Nullable(String) COMMENT '登记机关' CODEC(ZSTD(1)),
    charter_party_clause Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '章程写入党建要求',
    charter_version Nullable(String) COMMENT '章程版本' CODEC(ZSTD(1)),
    management_mode LowCardinality(Nullable(String)) COMMENT '管理方式',
    unified_command Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '统一指挥',
    consulted_on_assessment Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '考核征求乡镇意见',
    consulted_on_appointment Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '任免征求乡镇意见',
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
SETTINGS non_replicated_deduplication_window = 10000, enable_block_number_column = 1
COMMENT '组织机构：各来源的主张';

CREATE TABLE dwd.organization__rows
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
    match_name Nullable(String) COMMENT '名称（比对用）' CODEC(ZSTD(1)),
    match_name_src LowCardinality(String) COMMENT '名称（比对用）·取自来源',
    match_name_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '名称（比对用）·业务时间' CODEC(Delta(8), ZSTD(1)),
    match_name_rule LowCardinality(String) COMMENT '名称（比对用）·取值规则',
    match_address Nullable(String) COMMENT '办公地址（比对用）' CODEC(ZSTD(1)),
    match_address_src LowCardinality(String) COMMENT '办公地址（比对用）·取自来源',
    match_address_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '办公地址（比对用）·业务时间' CODEC(Delta(8), ZSTD(1)),
    match_address_rule LowCardinality(String) COMMENT '办公地址（比对用）·取值规则',
    headcount Nullable(Int64) COMMENT '工作人员数（人）',
    headcount_src LowCardinality(String) COMMENT '工作人员数·取自来源',
    headcount_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '工作人员数·业务时间' CODEC(Delta(8), ZSTD(1)),
    headcount_rule LowCardinality(String) COMMENT '工作人员数·取值规则',
    valid_from Nullable(Date32) COMMENT '生效日期',
    valid_from_src LowCardinality(String) COMMENT '生效日期·取自来源',
    valid_from_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '生效日期·业务时间' CODEC(Delta(8), ZSTD(1)),
    valid_from_rule LowCardinality(String) COMMENT '生效日期·取值规则',
    valid_to Nullable(Date32) COMMENT '失效日期',
    valid_to_src LowCardinality(String) COMMENT '失效日期·取自来源',
    valid_to_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '失效日期·业务时间' CODEC(Delta(8), ZSTD(1)),
    valid_to_rule LowCardinality(String) COMMENT '失效日期·取值规则',
    uscc_valid Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '代码校验通过',
    uscc_valid_src LowCardinality(String) COMMENT '代码校验通过·取自来源',
    uscc_valid_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '代码校验通过·业务时间' CODEC(Delta(8), ZSTD(1)),
    uscc_valid_rule LowCardinality(String) COMMENT '代码校验通过·取值规则',
    social_kind LowCardinality(Nullable(String)) COMMENT '社会组织类别',
    social_kind_src LowCardinality(String) COMMENT '社会组织类别·取自来源',
    social_kind_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '社会组织类别·业务时间' CODEC(Delta(8), ZSTD(1)),
    social_kind_rule LowCardinality(String) COMMENT '社会组织类别·取值规则',
    parent_org_id Nullable(String) COMMENT '上级组织' CODEC(ZSTD(1)),
    parent_org_id_src LowCardinality(String) COMMENT '上级组织·取自来源',
    parent_org_id_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '上级组织·业务时间' CODEC(Delta(8), ZSTD(1)),
    parent_org_id_rule LowCardinality(String) COMMENT '上级组织·取值规则',
    reg_authority Nullable(String) COMMENT '登记机关' CODEC(ZSTD(1)),
    reg_authority_src LowCardinality(String) COMMENT '登记机关·取自来源',
    reg_authority_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '登记机关·业务时间' CODEC(Delta(8), ZSTD(1)),
    reg_authority_rule LowCardinality(String) COMMENT '登记机关·取值规则',
    charter_party_clause Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '章程写入党建要求',
    charter_party_clause_src LowCardinality(String) COMMENT '章程写入党建要求·取自来源',
    charter_party_clause_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '章程写入党建要求·业务时间' CODEC(Delta(8), ZSTD(1)),
    charter_party_clause_rule LowCardinality(String) COMMENT '章程写入党建要求·取值规则',
    charter_version Nullable(String) COMMENT '章程版本' CODEC(ZSTD(1)),
    charter_version_src LowCardinality(String) COMMENT '章程版本·取自来源',
    charter_version_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '章程版本·业务时间' CODEC(Delta(8), ZSTD(1)),
    charter_version_rule LowCardinality(String) COMMENT '章程版本·取值规则',
    management_mode LowCardinality(Nullable(String)) COMMENT '管理方式',
    management_mode_src LowCardinality(String) COMMENT '管理方式·取自来源',
    management_mode_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '管理方式·业务时间' CODEC(Delta(8), ZSTD(1)),
    management_mode_rule LowCardinality(String) COMMENT '管理方式·取值规则',
    unified_command Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '统一指挥',
    unified_command_src LowCardinality(String) COMMENT '统一指挥·取自来源',
    unified_command_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '统一指挥·业务时间' CODEC(Delta(8), ZSTD(1)),
    unified_command_rule LowCardinality(String) COMMENT '统一指挥·取值规则',
    consulted_on_assessment Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '考核征求乡镇意见',
    consulted_on_assessment_src LowCardinality(String) COMMENT '考核征求乡镇意见·取自来源',
    consulted_on_assessment_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '考核征求乡镇意见·业务时间' CODEC(Delta(8), ZSTD(1)),
    consulted_on_assessment_rule LowCardinality(String) COMMENT '考核征求乡镇意见·取值规则',
    consulted_on_appointment Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '任免征求乡镇意见',
    consulted_on_appointment_src LowCardinality(String) COMMENT '任免征求乡镇意见·取自来源',
    consulted_on_appointment_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '任免征求乡镇意见·业务时间' CODEC(Delta(8), ZSTD(1)),
    consulted_on_appointment_rule LowCardinality(String) COMMENT '任免征求乡镇意见·取值规则',
    fused_seq UInt64 COMMENT '融合序号：依据到哪一批主张' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已无有效主张'
)
ENGINE = ReplacingMergeTree(fused_seq, is_deleted)
ORDER BY org_id
SETTINGS max_compress_block_size = 131072
COMMENT '组织机构：一物一行，供视图读取';

CREATE TABLE dwd.organization__members
(
    block UInt64 COMMENT '比对分组：同一上级区划、名称和类别',
    member String COMMENT '来源标识' CODEC(ZSTD(1)),
    rank UInt16 COMMENT '作为主标识的次序：有代码者、来源权威者在先',
    name String COMMENT '名称（比对用）' CODEC(ZSTD(1)),
    division String COMMENT '所在区划' CODEC(ZSTD(1)),
    place String COMMENT '所在末级区划；不详为空',
    codes Array(String) COMMENT '代码' CODEC(ZSTD(1)),
    facts Array(String) COMMENT '佐证字段' CODEC(ZSTD(1)),
    srcs Array(LowCardinality(String)) COMMENT '来源' CODEC(ZSTD(1)),
    seq UInt64 COMMENT '依据到哪一批主张' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已无有效主张'
)
ENGINE = ReplacingMergeTree(seq, is_deleted)
ORDER BY (block, member)
COMMENT '组织机构：比对依据，每个来源标识一行';

CREATE TABLE std.stat_fact
(
    family LowCardinality(String) COMMENT '大类',
    measure LowCardinality(String) COMMENT '指标项',
    division_code FixedString(12) COMMENT '区划',
    period_start Date32 COMMENT '时期起始日',
    period_kind LowCardinality(String) COMMENT '时期类型',
    breakdown String COMMENT '分组' CODEC(ZSTD(1)),
    value Decimal(18, 4) COMMENT '数值（of the measure）',
    n Nullable(Int64) COMMENT '样本量（1）',
    scope LowCardinality(Nullable(String)) COMMENT '口径',
    attrs Map(LowCardinality(String), String) COMMENT '分组属性',
    suppressed Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '来源已抑制',
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
SETTINGS non_replicated_deduplication_window = 10000, enable_block_number_column = 1
COMMENT '统计事实：各来源的主张';

CREATE TABLE dwp.stat_fact__rows
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
    value_rule LowCardinality(String) COMMENT '数值·取值规则',
    n Nullable(Int64) COMMENT '样本量（1）',
    n_src LowCardinality(String) COMMENT '样本量·取自来源',
    n_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '样本量·业务时间' CODEC(Delta(8), ZSTD(1)),
    n_rule LowCardinality(String) COMMENT '样本量·取值规则',
    scope LowCardinality(Nullable(String)) COMMENT '口径',
    scope_src LowCardinality(String) COMMENT '口径·取自来源',
    scope_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '口径·业务时间' CODEC(Delta(8), ZSTD(1)),
    scope_rule LowCardinality(String) COMMENT '口径·取值规则',
    attrs Map(LowCardinality(String), String) COMMENT '分组属性',
    attrs_src LowCardinality(String) COMMENT '分组属性·取自来源',
    attrs_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '分组属性·业务时间' CODEC(Delta(8), ZSTD(1)),
    attrs_rule LowCardinality(String) COMMENT '分组属性·取值规则',
    suppressed Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '来源已抑制',
    suppressed_src LowCardinality(String) COMMENT '来源已抑制·取自来源',
    suppressed_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '来源已抑制·业务时间' CODEC(Delta(8), ZSTD(1)),
    suppressed_rule LowCardinality(String) COMMENT '来源已抑制·取值规则',
    fused_seq UInt64 COMMENT '融合序号：依据到哪一批主张' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已无有效主张'
)
ENGINE = ReplacingMergeTree(fused_seq, is_deleted)
ORDER BY (family, measure, division_code, period_start, period_kind, breakdown)
SETTINGS max_compress_block_size = 131072
COMMENT '统计事实：一物一行，供视图读取';

CREATE TABLE std.workforce_post
(
    post_id String COMMENT '岗位标识' CODEC(ZSTD(1)),
    spell_from Date32 COMMENT '任职起始',
    spell_to Nullable(Date32) COMMENT '任职截止',
    post_kind LowCardinality(String) COMMENT '岗位类型',
    division_code FixedString(12) COMMENT '所在区划',
    grid_id Nullable(String) COMMENT '网格' CODEC(ZSTD(1)),
    holder_pid Nullable(FixedString(26)) COMMENT '人员标识',
    holder_pid_version Nullable(Int64) COMMENT '人员标识钥版本',
    holder_masked Nullable(String) COMMENT '显示名' CODEC(ZSTD(1)),
    grade_code LowCardinality(Nullable(String)) COMMENT '职业等级',
    filed_on Nullable(Date32) COMMENT '备案日期',
    in_community_worker_scheme Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '纳入社区工作者职业体系',
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
ORDER BY (post_id, spell_from, src_system, version)
SETTINGS non_replicated_deduplication_window = 10000, enable_block_number_column = 1
COMMENT '岗位：各来源的主张';

CREATE TABLE dwp.workforce_post__rows
(
    post_id String COMMENT '岗位标识' CODEC(ZSTD(1)),
    spell_from Date32 COMMENT '任职起始',
    spell_to Nullable(Date32) COMMENT '任职截止',
    post_kind LowCardinality(String) COMMENT '岗位类型',
    division_code FixedString(12) COMMENT '所在区划',
    grid_id Nullable(String) COMMENT '网格' CODEC(ZSTD(1)),
    holder_pid Nullable(FixedString(26)) COMMENT '人员标识',
    holder_pid_version Nullable(Int64) COMMENT '人员标识钥版本',
    holder_masked Nullable(String) COMMENT '显示名' CODEC(ZSTD(1)),
    grade_code LowCardinality(Nullable(String)) COMMENT '职业等级',
    filed_on Nullable(Date32) COMMENT '备案日期',
    in_community_worker_scheme Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '纳入社区工作者职业体系',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间' CODEC(Delta(8), ZSTD(1)),
    _rule LowCardinality(String) COMMENT '本行·取值规则',
    fused_seq UInt64 COMMENT '融合序号：依据到哪一批主张' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已无有效主张'
)
ENGINE = ReplacingMergeTree(fused_seq, is_deleted)
ORDER BY (post_id, spell_from)
SETTINGS max_compress_block_size = 131072
COMMENT '岗位：一物一行，供视图读取';

CREATE TABLE std.deliberation
(
    delib_id String COMMENT '议事标识' CODEC(ZSTD(1)),
    kind LowCardinality(String) COMMENT '类型',
    division_code FixedString(12) COMMENT '区划',
    list_item_id Nullable(String) COMMENT '协商目录事项' CODEC(ZSTD(1)),
    form_code LowCardinality(Nullable(String)) COMMENT '协商形式',
    asked_on Nullable(Date32) COMMENT '征求意见日期',
    answered_on Nullable(Date32) COMMENT '答复日期',
    party_discussed_on Nullable(Date32) COMMENT '党组织研究日期',
    decided_on Nullable(Date32) COMMENT '决定日期',
    adopted Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '是否采纳',
    participants_n Nullable(Int64) COMMENT '参加人数（人）',
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
ORDER BY (delib_id, src_system, version)
SETTINGS non_replicated_deduplication_window = 10000, enable_block_number_column = 1
COMMENT '议事协商：各来源的主张';

CREATE TABLE dwd.deliberation__rows
(
    delib_id String COMMENT '议事标识' CODEC(ZSTD(1)),
    kind LowCardinality(String) COMMENT '类型',
    division_code FixedString(12) COMMENT '区划',
    list_item_id Nullable(String) COMMENT '协商目录事项' CODEC(ZSTD(1)),
    form_code LowCardinality(Nullable(String)) COMMENT '协商形式',
    asked_on Nullable(Date32) COMMENT '征求意见日期',
    answered_on Nullable(Date32) COMMENT '答复日期',
    party_discussed_on Nullable(Date32) COMMENT '党组织研究日期',
    decided_on Nullable(Date32) COMMENT '决定日期',
    adopted Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '是否采纳',
    participants_n Nullable(Int64) COMMENT '参加人数（人）',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间' CODEC(Delta(8), ZSTD(1)),
    _rule LowCardinality(String) COMMENT '本行·取值规则',
    fused_seq UInt64 COMMENT '融合序号：依据到哪一批主张' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已无有效主张'
)
ENGINE = ReplacingMergeTree(fused_seq, is_deleted)
ORDER BY delib_id
SETTINGS max_compress_block_size = 131072
COMMENT '议事协商：一物一行，供视图读取';

CREATE TABLE std.mechanism
(
    division_code FixedString(12) COMMENT '区划',
    kind LowCardinality(String) COMMENT '机制类型',
    valid_from Date32 COMMENT '生效日期',
    valid_to Nullable(Date32) COMMENT '失效日期',
    convenor_role LowCardinality(Nullable(String)) COMMENT '召集人职务',
    duty_codes Array(String) COMMENT '职责',
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
ORDER BY (division_code, kind, valid_from, src_system, version)
SETTINGS non_replicated_deduplication_window = 10000, enable_block_number_column = 1
COMMENT '机制：各来源的主张';

CREATE TABLE dwd.mechanism__rows
(
    division_code FixedString(12) COMMENT '区划',
    kind LowCardinality(String) COMMENT '机制类型',
    valid_from Date32 COMMENT '生效日期',
    valid_to Nullable(Date32) COMMENT '失效日期',
    convenor_role LowCardinality(Nullable(String)) COMMENT '召集人职务',
    duty_codes Array(String) COMMENT '职责',
    document_no Nullable(String) COMMENT '文号' CODEC(ZSTD(1)),
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间' CODEC(Delta(8), ZSTD(1)),
    _rule LowCardinality(String) COMMENT '本行·取值规则',
    fused_seq UInt64 COMMENT '融合序号：依据到哪一批主张' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已无有效主张'
)
ENGINE = ReplacingMergeTree(fused_seq, is_deleted)
ORDER BY (division_code, kind, valid_from)
SETTINGS max_compress_block_size = 131072
COMMENT '机制：一物一行，供视图读取';

CREATE TABLE std.contract
(
    contract_id String COMMENT '合同标识' CODEC(ZSTD(1)),
    kind LowCardinality(String) COMMENT '合同类型',
    division_code FixedString(12) COMMENT '受益区划',
    buyer_uscc Nullable(FixedString(18)) COMMENT '购买主体',
    provider_org_id Nullable(String) COMMENT '承接主体' CODEC(ZSTD(1)),
    provider_kind LowCardinality(Nullable(String)) COMMENT '承接主体类型',
    amount_yuan Nullable(Decimal(18, 4)) COMMENT '合同金额（元）',
    tier LowCardinality(Nullable(String)) COMMENT '购买层级',
    start_on Nullable(Date32) COMMENT '开始日期',
    end_on Nullable(Date32) COMMENT '结束日期',
    priority_flag Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '优先购买',
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
ORDER BY (contract_id, src_system, version)
SETTINGS non_replicated_deduplication_window = 10000, enable_block_number_column = 1
COMMENT '购买服务与协议：各来源的主张';

CREATE TABLE dwd.contract__rows
(
    contract_id String COMMENT '合同标识' CODEC(ZSTD(1)),
    kind LowCardinality(String) COMMENT '合同类型',
    division_code FixedString(12) COMMENT '受益区划',
    buyer_uscc Nullable(FixedString(18)) COMMENT '购买主体',
    provider_org_id Nullable(String) COMMENT '承接主体' CODEC(ZSTD(1)),
    provider_kind LowCardinality(Nullable(String)) COMMENT '承接主体类型',
    amount_yuan Nullable(Decimal(18, 4)) COMMENT '合同金额（元）',
    tier LowCardinality(Nullable(String)) COMMENT '购买层级',
    start_on Nullable(Date32) COMMENT '开始日期',
    end_on Nullable(Date32) COMMENT '结束日期',
    priority_flag Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '优先购买',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间' CODEC(Delta(8), ZSTD(1)),
    _rule LowCardinality(String) COMMENT '本行·取值规则',
    fused_seq UInt64 COMMENT '融合序号：依据到哪一批主张' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已无有效主张'
)
ENGINE = ReplacingMergeTree(fused_seq, is_deleted)
ORDER BY contract_id
SETTINGS max_compress_block_size = 131072
COMMENT '购买服务与协议：一物一行，供视图读取';

CREATE TABLE std.service_case_stat
(
    task_code String COMMENT '实施编码' CODEC(ZSTD(1)),
    accept_division FixedString(12) COMMENT '受理区划',
    day Date32 COMMENT '日期',
    accepted_n Nullable(Int64) COMMENT '受理数（件）',
    closed_n Nullable(Int64) COMMENT '办结数（件）',
    on_time_n Nullable(Int64) COMMENT '按时办结数（件）',
    cross_county_n Nullable(Int64) COMMENT '跨县受理数（件）',
    online_n Nullable(Int64) COMMENT '网上受理数（件）',
    median_days Nullable(Decimal(18, 4)) COMMENT '办理时长中位数（工作日）',
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
ORDER BY (task_code, accept_division, day, src_system, version)
SETTINGS non_replicated_deduplication_window = 10000, enable_block_number_column = 1
COMMENT '办件统计：各来源的主张';

CREATE TABLE dwd.service_case_stat__rows
(
    task_code String COMMENT '实施编码' CODEC(ZSTD(1)),
    accept_division FixedString(12) COMMENT '受理区划',
    day Date32 COMMENT '日期',
    accepted_n Nullable(Int64) COMMENT '受理数（件）',
    closed_n Nullable(Int64) COMMENT '办结数（件）',
    on_time_n Nullable(Int64) COMMENT '按时办结数（件）',
    cross_county_n Nullable(Int64) COMMENT '跨县受理数（件）',
    online_n Nullable(Int64) COMMENT '网上受理数（件）',
    median_days Nullable(Decimal(18, 4)) COMMENT '办理时长中位数（工作日）',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间' CODEC(Delta(8), ZSTD(1)),
    _rule LowCardinality(String) COMMENT '本行·取值规则',
    fused_seq UInt64 COMMENT '融合序号：依据到哪一批主张' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已无有效主张'
)
ENGINE = ReplacingMergeTree(fused_seq, is_deleted)
ORDER BY (task_code, accept_division, day)
SETTINGS max_compress_block_size = 131072
COMMENT '办件统计：一物一行，供视图读取';

CREATE TABLE std.service_item
(
    task_code String COMMENT '实施编码' CODEC(ZSTD(1)),
    task_version Int64 COMMENT '事项版本（版）',
    catalog_code String COMMENT '基本编码' CODEC(ZSTD(1)),
    task_name String COMMENT '事项名称' CODEC(ZSTD(1)),
    task_type LowCardinality(String) COMMENT '事项类型',
    use_level LowCardinality(String) COMMENT '行使层级',
    dept_uscc FixedString(18) COMMENT '实施主体',
    division_code Nullable(FixedString(12)) COMMENT '实施主体区划',
    accept_tier Array(String) COMMENT '受理层级',
    promise_day Nullable(Int64) COMMENT '承诺办结时限（工作日）',
    anticipate_day Nullable(Int64) COMMENT '法定办结时限（工作日）',
    limit_scene_num Nullable(Int64) COMMENT '到办事现场次数（次）',
    online_depth LowCardinality(Nullable(String)) COMMENT '网办深度',
    online_url_ok Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '网办链接可用',
    url_failed_since Nullable(Date32) COMMENT '链接失效起始日期',
    city_wide Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '市域通办',
    high_frequency Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '高频事项',
    channels Array(String) COMMENT '办理渠道',
    state LowCardinality(String) COMMENT '事项状态',
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
ORDER BY (task_code, task_version, src_system, version)
SETTINGS non_replicated_deduplication_window = 10000, enable_block_number_column = 1
COMMENT '政务服务事项：各来源的主张';

CREATE TABLE dwd.service_item__rows
(
    task_code String COMMENT '实施编码' CODEC(ZSTD(1)),
    task_version Int64 COMMENT '事项版本（版）',
    catalog_code String COMMENT '基本编码' CODEC(ZSTD(1)),
    task_name String COMMENT '事项名称' CODEC(ZSTD(1)),
    task_type LowCardinality(String) COMMENT '事项类型',
    use_level LowCardinality(String) COMMENT '行使层级',
    dept_uscc FixedString(18) COMMENT '实施主体',
    division_code Nullable(FixedString(12)) COMMENT '实施主体区划',
    accept_tier Array(String) COMMENT '受理层级',
    promise_day Nullable(Int64) COMMENT '承诺办结时限（工作日）',
    anticipate_day Nullable(Int64) COMMENT '法定办结时限（工作日）',
    limit_scene_num Nullable(Int64) COMMENT '到办事现场次数（次）',
    online_depth LowCardinality(Nullable(String)) COMMENT '网办深度',
    online_url_ok Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '网办链接可用',
    url_failed_since Nullable(Date32) COMMENT '链接失效起始日期',
    city_wide Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '市域通办',
    high_frequency Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '高频事项',
    channels Array(String) COMMENT '办理渠道',
    state LowCardinality(String) COMMENT '事项状态',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间' CODEC(Delta(8), ZSTD(1)),
    _rule LowCardinality(String) COMMENT '本行·取值规则',
    fused_seq UInt64 COMMENT '融合序号：依据到哪一批主张' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已无有效主张'
)
ENGINE = ReplacingMergeTree(fused_seq, is_deleted)
ORDER BY (task_code, task_version)
SETTINGS max_compress_block_size = 131072
COMMENT '政务服务事项：一物一行，供视图读取';

CREATE TABLE std.dispute_case
(
    case_key String COMMENT '案件标识' CODEC(ZSTD(1)),
    division_code FixedString(12) COMMENT '发生地区划',
    kind LowCardinality(String) COMMENT '纠纷类型',
    channel LowCardinality(Nullable(String)) COMMENT '调处渠道',
    accepted_on Nullable(Date32) COMMENT '受理日期',
    closed_on Nullable(Date32) COMMENT '办结日期',
    result LowCardinality(Nullable(String)) COMMENT '结果',
    parties_n Nullable(Int64) COMMENT '当事方数（方）',
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
ORDER BY (case_key, src_system, version)
SETTINGS non_replicated_deduplication_window = 10000, enable_block_number_column = 1
COMMENT '矛盾纠纷：各来源的主张';

CREATE TABLE dwp.dispute_case__rows
(
    case_key String COMMENT '案件标识' CODEC(ZSTD(1)),
    division_code FixedString(12) COMMENT '发生地区划',
    kind LowCardinality(String) COMMENT '纠纷类型',
    channel LowCardinality(Nullable(String)) COMMENT '调处渠道',
    accepted_on Nullable(Date32) COMMENT '受理日期',
    closed_on Nullable(Date32) COMMENT '办结日期',
    result LowCardinality(Nullable(String)) COMMENT '结果',
    parties_n Nullable(Int64) COMMENT '当事方数（方）',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间' CODEC(Delta(8), ZSTD(1)),
    _rule LowCardinality(String) COMMENT '本行·取值规则',
    fused_seq UInt64 COMMENT '融合序号：依据到哪一批主张' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已无有效主张'
)
ENGINE = ReplacingMergeTree(fused_seq, is_deleted)
ORDER BY case_key
SETTINGS max_compress_block_size = 131072
COMMENT '矛盾纠纷：一物一行，供视图读取';

CREATE TABLE std.enforcement_check
(
    check_id String COMMENT '检查标识' CODEC(ZSTD(1)),
    division_code FixedString(12) COMMENT '执法区划',
    power_item_id Nullable(String) COMMENT '权力事项' CODEC(ZSTD(1)),
    target_org_id Nullable(String) COMMENT '检查对象' CODEC(ZSTD(1)),
    random_object Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '随机抽取对象',
    random_inspector Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '随机选派人员',
    checked_on Nullable(Date32) COMMENT '检查日期',
    result_code LowCardinality(Nullable(String)) COMMENT '检查结果',
    decided_on Nullable(Date32) COMMENT '决定日期',
    published_on Nullable(Date32) COMMENT '公示日期',
    publish_url Nullable(String) COMMENT '公示地址' CODEC(ZSTD(1)),
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
ORDER BY (check_id, src_system, version)
SETTINGS non_replicated_deduplication_window = 10000, enable_block_number_column = 1
COMMENT '执法检查：各来源的主张';

CREATE TABLE dwd.enforcement_check__rows
(
    check_id String COMMENT '检查标识' CODEC(ZSTD(1)),
    division_code FixedString(12) COMMENT '执法区划',
    power_item_id Nullable(String) COMMENT '权力事项' CODEC(ZSTD(1)),
    target_org_id Nullable(String) COMMENT '检查对象' CODEC(ZSTD(1)),
    random_object Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '随机抽取对象',
    random_inspector Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '随机选派人员',
    checked_on Nullable(Date32) COMMENT '检查日期',
    result_code LowCardinality(Nullable(String)) COMMENT '检查结果',
    decided_on Nullable(Date32) COMMENT '决定日期',
    published_on Nullable(Date32) COMMENT '公示日期',
    publish_url Nullable(String) COMMENT '公示地址' CODEC(ZSTD(1)),
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间' CODEC(Delta(8), ZSTD(1)),
    _rule LowCardinality(String) COMMENT '本行·取值规则',
    fused_seq UInt64 COMMENT '融合序号：依据到哪一批主张' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已无有效主张'
)
ENGINE = ReplacingMergeTree(fused_seq, is_deleted)
ORDER BY check_id
SETTINGS max_compress_block_size = 131072
COMMENT '执法检查：一物一行，供视图读取';

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
    post_id Nullable(String) COMMENT '处置岗位' CODEC(ZSTD(1)),
    text_len Nullable(Int64) COMMENT '描述字数（字）',
    keyword_codes Array(String) COMMENT '关键词代码',
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
SETTINGS non_replicated_deduplication_window = 10000, enable_block_number_column = 1
COMMENT '网格事件：各来源的主张';

CREATE TABLE dwp.grid_event__rows
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
    post_id Nullable(String) COMMENT '处置岗位' CODEC(ZSTD(1)),
    text_len Nullable(Int64) COMMENT '描述字数（字）',
    keyword_codes Array(String) COMMENT '关键词代码',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间' CODEC(Delta(8), ZSTD(1)),
    _rule LowCardinality(String) COMMENT '本行·取值规则',
    fused_seq UInt64 COMMENT '融合序号：依据到哪一批主张' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已无有效主张'
)
ENGINE = ReplacingMergeTree(fused_seq, is_deleted)
ORDER BY event_id
SETTINGS max_compress_block_size = 131072
COMMENT '网格事件：一物一行，供视图读取';

CREATE TABLE std.petition_case
(
    case_key String COMMENT '事项标识' CODEC(ZSTD(1)),
    division_code FixedString(12) COMMENT '责任属地',
    is_first Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '初次信访',
    is_repeat Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '重复信访',
    is_backlog Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '积案',
    registered_tier LowCardinality(Nullable(String)) COMMENT '登记层级',
    category LowCardinality(Nullable(String)) COMMENT '类别',
    registered_on Nullable(Date32) COMMENT '登记日期',
    closed_on Nullable(Date32) COMMENT '办结日期',
    resolved_once Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '一次性化解',
    transferred_n Nullable(Int64) COMMENT '转送次数（次）',
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
ORDER BY (case_key, src_system, version)
SETTINGS non_replicated_deduplication_window = 10000, enable_block_number_column = 1
COMMENT '信访事项：各来源的主张';

CREATE TABLE dwp.petition_case__rows
(
    case_key String COMMENT '事项标识' CODEC(ZSTD(1)),
    division_code FixedString(12) COMMENT '责任属地',
    is_first Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '初次信访',
    is_repeat Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '重复信访',
    is_backlog Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '积案',
    registered_tier LowCardinality(Nullable(String)) COMMENT '登记层级',
    category LowCardinality(Nullable(String)) COMMENT '类别',
    registered_on Nullable(Date32) COMMENT '登记日期',
    closed_on Nullable(Date32) COMMENT '办结日期',
    resolved_once Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '一次性化解',
    transferred_n Nullable(Int64) COMMENT '转送次数（次）',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间' CODEC(Delta(8), ZSTD(1)),
    _rule LowCardinality(String) COMMENT '本行·取值规则',
    fused_seq UInt64 COMMENT '融合序号：依据到哪一批主张' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已无有效主张'
)
ENGINE = ReplacingMergeTree(fused_seq, is_deleted)
ORDER BY case_key
SETTINGS max_compress_block_size = 131072
COMMENT '信访事项：一物一行，供视图读取';

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
    version_or_date Nullable(String) COMMENT '版本或日期' CODEC(ZSTD(1)),
    tier LowCardinality(Nullable(String)) COMMENT '层级',
    revised_on Nullable(Date32) COMMENT '修订日期',
    evaluated Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '已评估',
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
SETTINGS non_replicated_deduplication_window = 10000, enable_block_number_column = 1
COMMENT '预案与演练：各来源的主张';

CREATE TABLE dwd.emergency_plan__rows
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
    version_or_date Nullable(String) COMMENT '版本或日期' CODEC(ZSTD(1)),
    tier LowCardinality(Nullable(String)) COMMENT '层级',
    revised_on Nullable(Date32) COMMENT '修订日期',
    evaluated Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '已评估',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间' CODEC(Delta(8), ZSTD(1)),
    _rule LowCardinality(String) COMMENT '本行·取值规则',
    fused_seq UInt64 COMMENT '融合序号：依据到哪一批主张' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已无有效主张'
)
ENGINE = ReplacingMergeTree(fused_seq, is_deleted)
ORDER BY plan_id
SETTINGS max_compress_block_size = 131072
COMMENT '预案与演练：一物一行，供视图读取';

CREATE TABLE std.emergency_stock
(
    facility_id String COMMENT '储备点' CODEC(ZSTD(1)),
    item_code String COMMENT '物资代码' CODEC(ZSTD(1)),
    as_of Date32 COMMENT '盘点日期',
    division_code FixedString(12) COMMENT '所在区划',
    item_class LowCardinality(Nullable(String)) COMMENT '物资大类',
    qty Nullable(Decimal(18, 4)) COMMENT '数量（of the row）',
    unit Nullable(String) COMMENT '计量单位' CODEC(ZSTD(1)),
    required_qty Nullable(Decimal(18, 4)) COMMENT '应储数量（of the row）',
    mode LowCardinality(String) COMMENT '储备方式',
    expires_on Nullable(Date32) COMMENT '有效期至',
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
ORDER BY (facility_id, item_code, as_of, src_system, version)
SETTINGS non_replicated_deduplication_window = 10000, enable_block_number_column = 1
COMMENT '应急物资：各来源的主张';

CREATE TABLE dwd.emergency_stock__rows
(
    facility_id String COMMENT '储备点' CODEC(ZSTD(1)),
    item_code String COMMENT '物资代码' CODEC(ZSTD(1)),
    as_of Date32 COMMENT '盘点日期',
    division_code FixedString(12) COMMENT '所在区划',
    item_class LowCardinality(Nullable(String)) COMMENT '物资大类',
    qty Nullable(Decimal(18, 4)) COMMENT '数量（of the row）',
    unit Nullable(String) COMMENT '计量单位' CODEC(ZSTD(1)),
    required_qty Nullable(Decimal(18, 4)) COMMENT '应储数量（of the row）',
    mode LowCardinality(String) COMMENT '储备方式',
    expires_on Nullable(Date32) COMMENT '有效期至',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间' CODEC(Delta(8), ZSTD(1)),
    _rule LowCardinality(String) COMMENT '本行·取值规则',
    fused_seq UInt64 COMMENT '融合序号：依据到哪一批主张' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已无有效主张'
)
ENGINE = ReplacingMergeTree(fused_seq, is_deleted)
ORDER BY (facility_id, item_code, as_of)
SETTINGS max_compress_block_size = 131072
COMMENT '应急物资：一物一行，供视图读取';

CREATE TABLE std.assessment
(
    assess_id String COMMENT '考核标识' CODEC(ZSTD(1)),
    unit_ref String COMMENT '被考核单位' CODEC(ZSTD(1)),
    kind LowCardinality(String) COMMENT '考核类型',
    division_code FixedString(12) COMMENT '被考核单位所在区划',
    organiser_tier LowCardinality(Nullable(String)) COMMENT '组织层级',
    exempt Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '是否豁免清单',
    exempt_doc Nullable(String) COMMENT '豁免依据' CODEC(ZSTD(1)),
    period Nullable(String) COMMENT '考核周期' CODEC(ZSTD(1)),
    done_on Nullable(Date32) COMMENT '完成日期',
    published_on Nullable(Date32) COMMENT '公布日期',
    published_url Nullable(String) COMMENT '公布地址' CODEC(ZSTD(1)),
    used_in Array(String) COMMENT '结果运用',
    result_band LowCardinality(Nullable(String)) COMMENT '结果档次',
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
ORDER BY (assess_id, unit_ref, src_system, version)
SETTINGS non_replicated_deduplication_window = 10000, enable_block_number_column = 1
COMMENT '考核评价：各来源的主张';

CREATE TABLE dwd.assessment__rows
(
    assess_id String COMMENT '考核标识' CODEC(ZSTD(1)),
    unit_ref String COMMENT '被考核单位' CODEC(ZSTD(1)),
    kind LowCardinality(String) COMMENT '考核类型',
    division_code FixedString(12) COMMENT '被考核单位所在区划',
    organiser_tier LowCardinality(Nullable(String)) COMMENT '组织层级',
    exempt Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '是否豁免清单',
    exempt_doc Nullable(String) COMMENT '豁免依据' CODEC(ZSTD(1)),
    period Nullable(String) COMMENT '考核周期' CODEC(ZSTD(1)),
    done_on Nullable(Date32) COMMENT '完成日期',
    published_on Nullable(Date32) COMMENT '公布日期',
    published_url Nullable(String) COMMENT '公布地址' CODEC(ZSTD(1)),
    used_in Array(String) COMMENT '结果运用',
    result_band LowCardinality(Nullable(String)) COMMENT '结果档次',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间' CODEC(Delta(8), ZSTD(1)),
    _rule LowCardinality(String) COMMENT '本行·取值规则',
    fused_seq UInt64 COMMENT '融合序号：依据到哪一批主张' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已无有效主张'
)
ENGINE = ReplacingMergeTree(fused_seq, is_deleted)
ORDER BY (assess_id, unit_ref)
SETTINGS max_compress_block_size = 131072
COMMENT '考核评价：一物一行，供视图读取';

CREATE TABLE std.burden_record
(
    record_id String COMMENT '记录标识' CODEC(ZSTD(1)),
    kind LowCardinality(String) COMMENT '类型',
    division_code FixedString(12) COMMENT '承担区划',
    from_org Nullable(String) COMMENT '来源单位' CODEC(ZSTD(1)),
    raised_on Nullable(Date32) COMMENT '提出日期',
    approved_on Nullable(Date32) COMMENT '批准日期',
    township_consulted_on Nullable(Date32) COMMENT '征求乡镇意见日期',
    resolved_on Nullable(Date32) COMMENT '解决日期',
    form_id Nullable(String) COMMENT '报表' CODEC(ZSTD(1)),
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
ORDER BY (record_id, src_system, version)
SETTINGS non_replicated_deduplication_window = 10000, enable_block_number_column = 1
COMMENT '减负记录：各来源的主张';

CREATE TABLE dwd.burden_record__rows
(
    record_id String COMMENT '记录标识' CODEC(ZSTD(1)),
    kind LowCardinality(String) COMMENT '类型',
    division_code FixedString(12) COMMENT '承担区划',
    from_org Nullable(String) COMMENT '来源单位' CODEC(ZSTD(1)),
    raised_on Nullable(Date32) COMMENT '提出日期',
    approved_on Nullable(Date32) COMMENT '批准日期',
    township_consulted_on Nullable(Date32) COMMENT '征求乡镇意见日期',
    resolved_on Nullable(Date32) COMMENT '解决日期',
    form_id Nullable(String) COMMENT '报表' CODEC(ZSTD(1)),
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间' CODEC(Delta(8), ZSTD(1)),
    _rule LowCardinality(String) COMMENT '本行·取值规则',
    fused_seq UInt64 COMMENT '融合序号：依据到哪一批主张' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已无有效主张'
)
ENGINE = ReplacingMergeTree(fused_seq, is_deleted)
ORDER BY record_id
SETTINGS max_compress_block_size = 131072
COMMENT '减负记录：一物一行，供视图读取';

CREATE TABLE std.list_item
(
    list_id String COMMENT '清单标识' CODEC(ZSTD(1)),
    item_no String COMMENT '事项序号' CODEC(ZSTD(1)),
    valid_from Date32 COMMENT '生效日期',
    valid_to Nullable(Date32) COMMENT '失效日期',
    division_code FixedString(12) COMMENT '适用区划',
    name String COMMENT '事项名称' CODEC(ZSTD(1)),
    service_task_code Nullable(String) COMMENT '政务服务事项编码' CODEC(ZSTD(1)),
    power_class LowCardinality(Nullable(String)) COMMENT '权力类别',
    uses_plaque Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '以挂牌为考核条件',
    change_reason Nullable(String) COMMENT '变更原因' CODEC(ZSTD(1)),
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
ORDER BY (list_id, item_no, valid_from, src_system, version)
SETTINGS non_replicated_deduplication_window = 10000, enable_block_number_column = 1
COMMENT '清单事项：各来源的主张';

CREATE TABLE dwd.list_item__rows
(
    list_id String COMMENT '清单标识' CODEC(ZSTD(1)),
    item_no String COMMENT '事项序号' CODEC(ZSTD(1)),
    valid_from Date32 COMMENT '生效日期',
    valid_to Nullable(Date32) COMMENT '失效日期',
    division_code FixedString(12) COMMENT '适用区划',
    name String COMMENT '事项名称' CODEC(ZSTD(1)),
    service_task_code Nullable(String) COMMENT '政务服务事项编码' CODEC(ZSTD(1)),
    power_class LowCardinality(Nullable(String)) COMMENT '权力类别',
    uses_plaque Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '以挂牌为考核条件',
    change_reason Nullable(String) COMMENT '变更原因' CODEC(ZSTD(1)),
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间' CODEC(Delta(8), ZSTD(1)),
    _rule LowCardinality(String) COMMENT '本行·取值规则',
    fused_seq UInt64 COMMENT '融合序号：依据到哪一批主张' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已无有效主张'
)
ENGINE = ReplacingMergeTree(fused_seq, is_deleted)
ORDER BY (list_id, item_no, valid_from)
SETTINGS max_compress_block_size = 131072
COMMENT '清单事项：一物一行，供视图读取';

CREATE TABLE std.list_register
(
    list_id String COMMENT '清单标识' CODEC(ZSTD(1)),
    list_version String COMMENT '清单版本' CODEC(ZSTD(1)),
    kind LowCardinality(String) COMMENT '清单类型',
    issuer_org Nullable(String) COMMENT '发布单位' CODEC(ZSTD(1)),
    scope_tier LowCardinality(Nullable(String)) COMMENT '适用层级',
    division_code FixedString(12) COMMENT '适用区划',
    document_no Nullable(String) COMMENT '文号' CODEC(ZSTD(1)),
    issued_on Nullable(Date32) COMMENT '发布日期',
    reviewed_on Nullable(Date32) COMMENT '评估日期',
    valid_to Nullable(Date32) COMMENT '失效日期',
    published_url Nullable(String) COMMENT '公布地址' CODEC(ZSTD(1)),
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
ORDER BY (list_id, list_version, src_system, version)
SETTINGS non_replicated_deduplication_window = 10000, enable_block_number_column = 1
COMMENT '清单：各来源的主张';

CREATE TABLE dwd.list_register__rows
(
    list_id String COMMENT '清单标识' CODEC(ZSTD(1)),
    list_version String COMMENT '清单版本' CODEC(ZSTD(1)),
    kind LowCardinality(String) COMMENT '清单类型',
    issuer_org Nullable(String) COMMENT '发布单位' CODEC(ZSTD(1)),
    scope_tier LowCardinality(Nullable(String)) COMMENT '适用层级',
    division_code FixedString(12) COMMENT '适用区划',
    document_no Nullable(String) COMMENT '文号' CODEC(ZSTD(1)),
    issued_on Nullable(Date32) COMMENT '发布日期',
    reviewed_on Nullable(Date32) COMMENT '评估日期',
    valid_to Nullable(Date32) COMMENT '失效日期',
    published_url Nullable(String) COMMENT '公布地址' CODEC(ZSTD(1)),
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间' CODEC(Delta(8), ZSTD(1)),
    _rule LowCardinality(String) COMMENT '本行·取值规则',
    fused_seq UInt64 COMMENT '融合序号：依据到哪一批主张' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已无有效主张'
)
ENGINE = ReplacingMergeTree(fused_seq, is_deleted)
ORDER BY (list_id, list_version)
SETTINGS max_compress_block_size = 131072
COMMENT '清单：一物一行，供视图读取';

CREATE TABLE std.collective_asset
(
    org_id String COMMENT '组织标识' CODEC(ZSTD(1)),
    fiscal_year Int64 COMMENT '年度（年）',
    division_code FixedString(12) COMMENT '所在区划',
    inventory_on Nullable(Date32) COMMENT '清查日期',
    reported_on Nullable(Date32) COMMENT '上报日期',
    total_asset_yuan Nullable(Decimal(18, 4)) COMMENT '资产总额（元）',
    idle_value_yuan Nullable(Decimal(18, 4)) COMMENT '闲置资产额（元）',
    activated_value_yuan Nullable(Decimal(18, 4)) COMMENT '盘活资产额（元）',
    area_mu_src Nullable(Decimal(18, 4)) COMMENT '来源面积（亩）',
    area_m2 Nullable(Decimal(18, 4)) COMMENT '面积（m2）',
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
ORDER BY (org_id, fiscal_year, src_system, version)
SETTINGS non_replicated_deduplication_window = 10000, enable_block_number_column = 1
COMMENT '集体资产：各来源的主张';

CREATE TABLE dwd.collective_asset__rows
(
    org_id String COMMENT '组织标识' CODEC(ZSTD(1)),
    fiscal_year Int64 COMMENT '年度（年）',
    division_code FixedString(12) COMMENT '所在区划',
    inventory_on Nullable(Date32) COMMENT '清查日期',
    reported_on Nullable(Date32) COMMENT '上报日期',
    total_asset_yuan Nullable(Decimal(18, 4)) COMMENT '资产总额（元）',
    idle_value_yuan Nullable(Decimal(18, 4)) COMMENT '闲置资产额（元）',
    activated_value_yuan Nullable(Decimal(18, 4)) COMMENT '盘活资产额（元）',
    area_mu_src Nullable(Decimal(18, 4)) COMMENT '来源面积（亩）',
    area_m2 Nullable(Decimal(18, 4)) COMMENT '面积（m2）',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间' CODEC(Delta(8), ZSTD(1)),
    _rule LowCardinality(String) COMMENT '本行·取值规则',
    fused_seq UInt64 COMMENT '融合序号：依据到哪一批主张' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已无有效主张'
)
ENGINE = ReplacingMergeTree(fused_seq, is_deleted)
ORDER BY (org_id, fiscal_year)
SETTINGS max_compress_block_size = 131072
COMMENT '集体资产：一物一行，供视图读取';

CREATE TABLE std.fiscal_fact
(
    division_code FixedString(12) COMMENT '区划',
    subject LowCardinality(String) COMMENT '科目',
    fiscal_year Int64 COMMENT '年度（年）',
    payer_tier LowCardinality(String) COMMENT '负担层级',
    amount_yuan Nullable(Decimal(18, 4)) COMMENT '金额（元）',
    entitled_yuan Nullable(Decimal(18, 4)) COMMENT '应拨金额（元）',
    paid_yuan Nullable(Decimal(18, 4)) COMMENT '实拨金额（元）',
    src_unit LowCardinality(Nullable(String)) COMMENT '来源单位',
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
ORDER BY (division_code, subject, fiscal_year, payer_tier, src_system, version)
SETTINGS non_replicated_deduplication_window = 10000, enable_block_number_column = 1
COMMENT '财力：各来源的主张';

CREATE TABLE dwd.fiscal_fact__rows
(
    division_code FixedString(12) COMMENT '区划',
    subject LowCardinality(String) COMMENT '科目',
    fiscal_year Int64 COMMENT '年度（年）',
    payer_tier LowCardinality(String) COMMENT '负担层级',
    amount_yuan Nullable(Decimal(18, 4)) COMMENT '金额（元）',
    entitled_yuan Nullable(Decimal(18, 4)) COMMENT '应拨金额（元）',
    paid_yuan Nullable(Decimal(18, 4)) COMMENT '实拨金额（元）',
    src_unit LowCardinality(Nullable(String)) COMMENT '来源单位',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间' CODEC(Delta(8), ZSTD(1)),
    _rule LowCardinality(String) COMMENT '本行·取值规则',
    fused_seq UInt64 COMMENT '融合序号：依据到哪一批主张' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已无有效主张'
)
ENGINE = ReplacingMergeTree(fused_seq, is_deleted)
ORDER BY (division_code, subject, fiscal_year, payer_tier)
SETTINGS max_compress_block_size = 131072
COMMENT '财力：一物一行，供视图读取';

CREATE TABLE std.programme_status
(
    programme LowCardinality(String) COMMENT '项目',
    division_code FixedString(12) COMMENT '区划',
    as_of Date32 COMMENT '截至日期',
    status LowCardinality(String) COMMENT '状态',
    level LowCardinality(Nullable(String)) COMMENT '等级',
    document_no Nullable(String) COMMENT '文号' CODEC(ZSTD(1)),
    subject_kind LowCardinality(Nullable(String)) COMMENT '主体类型',
    subject_id String COMMENT '主体' CODEC(ZSTD(1)),
    category LowCardinality(Nullable(String)) COMMENT '村类别',
    attrs Map(LowCardinality(String), String) COMMENT '属性',
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
ORDER BY (programme, division_code, subject_id, as_of, src_system, version)
SETTINGS non_replicated_deduplication_window = 10000, enable_block_number_column = 1
COMMENT '创建项目状态：各来源的主张';

CREATE TABLE dwd.programme_status__rows
(
    programme LowCardinality(String) COMMENT '项目',
    division_code FixedString(12) COMMENT '区划',
    as_of Date32 COMMENT '截至日期',
    status LowCardinality(String) COMMENT '状态',
    level LowCardinality(Nullable(String)) COMMENT '等级',
    document_no Nullable(String) COMMENT '文号' CODEC(ZSTD(1)),
    subject_kind LowCardinality(Nullable(String)) COMMENT '主体类型',
    subject_id String COMMENT '主体' CODEC(ZSTD(1)),
    category LowCardinality(Nullable(String)) COMMENT '村类别',
    attrs Map(LowCardinality(String), String) COMMENT '属性',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间' CODEC(Delta(8), ZSTD(1)),
    _rule LowCardinality(String) COMMENT '本行·取值规则',
    fused_seq UInt64 COMMENT '融合序号：依据到哪一批主张' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已无有效主张'
)
ENGINE = ReplacingMergeTree(fused_seq, is_deleted)
ORDER BY (programme, division_code, subject_id, as_of)
SETTINGS max_compress_block_size = 131072
COMMENT '创建项目状态：一物一行，供视图读取';

CREATE TABLE std.village_conversion_case
(
    case_id String COMMENT '案例标识' CODEC(ZSTD(1)),
    division_code FixedString(12) COMMENT '村（社区）',
    property_reform_on Nullable(Date32) COMMENT '集体产权制度改革完成日期',
    conditions_code Array(String) COMMENT '条件',
    conditions_met Array(String) COMMENT '条件是否具备',
    conditions_evidence Array(String) COMMENT '条件证明',
    stages_no Array(String) COMMENT '阶段',
    stages_done_on Array(String) COMMENT '阶段完成日期',
    stages_doc Array(String) COMMENT '阶段文件',
    dept_opinions_dept Array(String) COMMENT '意见部门',
    dept_opinions_opinion Array(String) COMMENT '部门意见',
    dept_opinions_on Array(String) COMMENT '意见日期',
    villagers_meeting_on Nullable(Date32) COMMENT '村民会议日期',
    consent_share Nullable(Decimal(18, 4)) COMMENT '同意比例（1）',
    approved_on Nullable(Date32) COMMENT '批准日期',
    converted_on Nullable(Date32) COMMENT '转换日期',
    tasks Array(String) COMMENT '已完成任务',
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
ORDER BY (case_id, src_system, version)
SETTINGS non_replicated_deduplication_window = 10000, enable_block_number_column = 1
COMMENT '村改社区：各来源的主张';

CREATE TABLE dwd.village_conversion_case__rows
(
    case_id String COMMENT '案例标识' CODEC(ZSTD(1)),
    division_code FixedString(12) COMMENT '村（社区）',
    property_reform_on Nullable(Date32) COMMENT '集体产权制度改革完成日期',
    conditions_code Array(String) COMMENT '条件',
    conditions_met Array(String) COMMENT '条件是否具备',
    conditions_evidence Array(String) COMMENT '条件证明',
    stages_no Array(String) COMMENT '阶段',
    stages_done_on Array(String) COMMENT '阶段完成日期',
    stages_doc Array(String) COMMENT '阶段文件',
    dept_opinions_dept Array(String) COMMENT '意见部门',
    dept_opinions_opinion Array(String) COMMENT '部门意见',
    dept_opinions_on Array(String) COMMENT '意见日期',
    villagers_meeting_on Nullable(Date32) COMMENT '村民会议日期',
    consent_share Nullable(Decimal(18, 4)) COMMENT '同意比例（1）',
    approved_on Nullable(Date32) COMMENT '批准日期',
    converted_on Nullable(Date32) COMMENT '转换日期',
    tasks Array(String) COMMENT '已完成任务',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间' CODEC(Delta(8), ZSTD(1)),
    _rule LowCardinality(String) COMMENT '本行·取值规则',
    fused_seq UInt64 COMMENT '融合序号：依据到哪一批主张' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已无有效主张'
)
ENGINE = ReplacingMergeTree(fused_seq, is_deleted)
ORDER BY case_id
SETTINGS max_compress_block_size = 131072
COMMENT '村改社区：一物一行，供视图读取';

CREATE TABLE std.catalog_resource
(
    catalog_code String COMMENT '信息资源代码' CODEC(ZSTD(1)),
    name String COMMENT '信息资源名称' CODEC(ZSTD(1)),
    class_code LowCardinality(String) COMMENT '信息资源分类',
    provider_name String COMMENT '提供方' CODEC(ZSTD(1)),
    provider_uscc FixedString(18) COMMENT '提供方代码',
    division_code FixedString(12) COMMENT '提供方区划',
    owner_tier LowCardinality(Nullable(String)) COMMENT '提供方层级',
    abstract String COMMENT '摘要' CODEC(ZSTD(1)),
    format LowCardinality(String) COMMENT '格式',
    items_name Array(String) COMMENT '信息项名称',
    items_type Array(String) COMMENT '信息项数据类型',
    share_type LowCardinality(String) COMMENT '共享类型',
    share_condition Nullable(String) COMMENT '共享条件' CODEC(ZSTD(1)),
    share_mode LowCardinality(Nullable(String)) COMMENT '共享方式',
    open_to_public Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '是否开放',
    open_condition Nullable(String) COMMENT '开放条件' CODEC(ZSTD(1)),
    update_cycle LowCardinality(String) COMMENT '更新周期',
    published_on Nullable(Date32) COMMENT '发布日期',
    related_codes Array(String) COMMENT '关联资源代码',
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
ORDER BY (catalog_code, src_system, version)
SETTINGS non_replicated_deduplication_window = 10000, enable_block_number_column = 1
COMMENT '目录资源：各来源的主张';

CREATE TABLE dwd.catalog_resource__rows
(
    catalog_code String COMMENT '信息资源代码' CODEC(ZSTD(1)),
    name String COMMENT '信息资源名称' CODEC(ZSTD(1)),
    class_code LowCardinality(String) COMMENT '信息资源分类',
    provider_name String COMMENT '提供方' CODEC(ZSTD(1)),
    provider_uscc FixedString(18) COMMENT '提供方代码',
    division_code FixedString(12) COMMENT '提供方区划',
    owner_tier LowCardinality(Nullable(String)) COMMENT '提供方层级',
    abstract String COMMENT '摘要' CODEC(ZSTD(1)),
    format LowCardinality(String) COMMENT '格式',
    items_name Array(String) COMMENT '信息项名称',
    items_type Array(String) COMMENT '信息项数据类型',
    share_type LowCardinality(String) COMMENT '共享类型',
    share_condition Nullable(String) COMMENT '共享条件' CODEC(ZSTD(1)),
    share_mode LowCardinality(Nullable(String)) COMMENT '共享方式',
    open_to_public Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '是否开放',
    open_condition Nullable(String) COMMENT '开放条件' CODEC(ZSTD(1)),
    update_cycle LowCardinality(String) COMMENT '更新周期',
    published_on Nullable(Date32) COMMENT '发布日期',
    related_codes Array(String) COMMENT '关联资源代码',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间' CODEC(Delta(8), ZSTD(1)),
    _rule LowCardinality(String) COMMENT '本行·取值规则',
    fused_seq UInt64 COMMENT '融合序号：依据到哪一批主张' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已无有效主张'
)
ENGINE = ReplacingMergeTree(fused_seq, is_deleted)
ORDER BY catalog_code
SETTINGS max_compress_block_size = 131072
COMMENT '目录资源：一物一行，供视图读取';

CREATE TABLE std.collection_form
(
    form_id String COMMENT '报表标识' CODEC(ZSTD(1)),
    form_version Int64 COMMENT '报表版本（版）',
    name Nullable(String) COMMENT '名称' CODEC(ZSTD(1)),
    issuer_uscc Nullable(FixedString(18)) COMMENT '下发单位',
    issuer_tier LowCardinality(String) COMMENT '下发层级',
    target_tier LowCardinality(String) COMMENT '填报层级',
    list_item_id Nullable(String) COMMENT '准入依据' CODEC(ZSTD(1)),
    basis_doc Nullable(String) COMMENT '依据文件' CODEC(ZSTD(1)),
    frequency LowCardinality(String) COMMENT '填报频率',
    lead_workdays Nullable(Int64) COMMENT '填报期限（工作日）',
    est_minutes Nullable(Int64) COMMENT '预计用时（min）',
    valid_from Date32 COMMENT '生效日期',
    valid_to Nullable(Date32) COMMENT '失效日期',
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
ORDER BY (form_id, form_version, src_system, version)
SETTINGS non_replicated_deduplication_window = 10000, enable_block_number_column = 1
COMMENT '采集报表：各来源的主张';

CREATE TABLE dwd.collection_form__rows
(
    form_id String COMMENT '报表标识' CODEC(ZSTD(1)),
    form_version Int64 COMMENT '报表版本（版）',
    name Nullable(String) COMMENT '名称' CODEC(ZSTD(1)),
    issuer_uscc Nullable(FixedString(18)) COMMENT '下发单位',
    issuer_tier LowCardinality(String) COMMENT '下发层级',
    target_tier LowCardinality(String) COMMENT '填报层级',
    list_item_id Nullable(String) COMMENT '准入依据' CODEC(ZSTD(1)),
    basis_doc Nullable(String) COMMENT '依据文件' CODEC(ZSTD(1)),
    frequency LowCardinality(String) COMMENT '填报频率',
    lead_workdays Nullable(Int64) COMMENT '填报期限（工作日）',
    est_minutes Nullable(Int64) COMMENT '预计用时（min）',
    valid_from Date32 COMMENT '生效日期',
    valid_to Nullable(Date32) COMMENT '失效日期',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间' CODEC(Delta(8), ZSTD(1)),
    _rule LowCardinality(String) COMMENT '本行·取值规则',
    fused_seq UInt64 COMMENT '融合序号：依据到哪一批主张' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已无有效主张'
)
ENGINE = ReplacingMergeTree(fused_seq, is_deleted)
ORDER BY (form_id, form_version)
SETTINGS max_compress_block_size = 131072
COMMENT '采集报表：一物一行，供视图读取';

CREATE TABLE std.collection_submission
(
    submission_id String COMMENT '填报标识' CODEC(ZSTD(1)),
    division_code FixedString(12) COMMENT '填报区划',
    form_id String COMMENT '报表标识' CODEC(ZSTD(1)),
    form_version Nullable(Int64) COMMENT '报表版本（版）',
    period String COMMENT '时期' CODEC(ZSTD(1)),
    submitted_at DateTime64(3, 'Asia/Shanghai') COMMENT '提交时间' CODEC(Delta(8), ZSTD(1)),
    device_time Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '设备时间' CODEC(Delta(8), ZSTD(1)),
    payload_ref Nullable(String) COMMENT '内容引用' CODEC(ZSTD(1)),
    post_id Nullable(String) COMMENT '填报岗位' CODEC(ZSTD(1)),
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
ORDER BY (submission_id, src_system, version)
SETTINGS non_replicated_deduplication_window = 10000, enable_block_number_column = 1
COMMENT '填报：各来源的主张';

CREATE TABLE dwd.collection_submission__rows
(
    submission_id String COMMENT '填报标识' CODEC(ZSTD(1)),
    division_code FixedString(12) COMMENT '填报区划',
    form_id String COMMENT '报表标识' CODEC(ZSTD(1)),
    form_version Nullable(Int64) COMMENT '报表版本（版）',
    period String COMMENT '时期' CODEC(ZSTD(1)),
    submitted_at DateTime64(3, 'Asia/Shanghai') COMMENT '提交时间' CODEC(Delta(8), ZSTD(1)),
    device_time Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '设备时间' CODEC(Delta(8), ZSTD(1)),
    payload_ref Nullable(String) COMMENT '内容引用' CODEC(ZSTD(1)),
    post_id Nullable(String) COMMENT '填报岗位' CODEC(ZSTD(1)),
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间' CODEC(Delta(8), ZSTD(1)),
    _rule LowCardinality(String) COMMENT '本行·取值规则',
    fused_seq UInt64 COMMENT '融合序号：依据到哪一批主张' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已无有效主张'
)
ENGINE = ReplacingMergeTree(fused_seq, is_deleted)
ORDER BY submission_id
SETTINGS max_compress_block_size = 131072
COMMENT '填报：一物一行，供视图读取';

CREATE TABLE std.data_element
(
    element_id String COMMENT '数据元标识' CODEC(ZSTD(1)),
    name_zh String COMMENT '中文名称' CODEC(ZSTD(1)),
    name_en String COMMENT '英文名称' CODEC(ZSTD(1)),
    definition String COMMENT '定义' CODEC(ZSTD(1)),
    object_class Nullable(String) COMMENT '对象类' CODEC(ZSTD(1)),
    property Nullable(String) COMMENT '特性' CODEC(ZSTD(1)),
    representation Nullable(String) COMMENT '表示词' CODEC(ZSTD(1)),
    element_type LowCardinality(String) COMMENT '数据类型',
    format Nullable(String) COMMENT '表示格式' CODEC(ZSTD(1)),
    value_domain Nullable(String) COMMENT '值域' CODEC(ZSTD(1)),
    unit Nullable(String) COMMENT '计量单位' CODEC(ZSTD(1)),
    scope Nullable(String) COMMENT '口径' CODEC(ZSTD(1)),
    subject_kind LowCardinality(Nullable(String)) COMMENT '主体类型',
    authoritative_source Nullable(String) COMMENT '权威来源' CODEC(ZSTD(1)),
    validity_days Nullable(Int64) COMMENT '有效天数（日）',
    period_bound LowCardinality(Nullable(String)) COMMENT '随时期失效',
    tolerance_abs Nullable(Decimal(18, 4)) COMMENT '绝对容差（1）',
    tolerance_rel Nullable(Decimal(18, 4)) COMMENT '相对容差（1）',
    pii_class LowCardinality(String) COMMENT '个人信息类别',
    element_version Int64 COMMENT '数据元版本（版）',
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
ORDER BY (element_id, src_system, version)
SETTINGS non_replicated_deduplication_window = 10000, enable_block_number_column = 1
COMMENT '数据元：各来源的主张';

CREATE TABLE dwd.data_element__rows
(
    element_id String COMMENT '数据元标识' CODEC(ZSTD(1)),
    name_zh String COMMENT '中文名称' CODEC(ZSTD(1)),
    name_en String COMMENT '英文名称' CODEC(ZSTD(1)),
    definition String COMMENT '定义' CODEC(ZSTD(1)),
    object_class Nullable(String) COMMENT '对象类' CODEC(ZSTD(1)),
    property Nullable(String) COMMENT '特性' CODEC(ZSTD(1)),
    representation Nullable(String) COMMENT '表示词' CODEC(ZSTD(1)),
    element_type LowCardinality(String) COMMENT '数据类型',
    format Nullable(String) COMMENT '表示格式' CODEC(ZSTD(1)),
    value_domain Nullable(String) COMMENT '值域' CODEC(ZSTD(1)),
    unit Nullable(String) COMMENT '计量单位' CODEC(ZSTD(1)),
    scope Nullable(String) COMMENT '口径' CODEC(ZSTD(1)),
    subject_kind LowCardinality(Nullable(String)) COMMENT '主体类型',
    authoritative_source Nullable(String) COMMENT '权威来源' CODEC(ZSTD(1)),
    validity_days Nullable(Int64) COMMENT '有效天数（日）',
    period_bound LowCardinality(Nullable(String)) COMMENT '随时期失效',
    tolerance_abs Nullable(Decimal(18, 4)) COMMENT '绝对容差（1）',
    tolerance_rel Nullable(Decimal(18, 4)) COMMENT '相对容差（1）',
    pii_class LowCardinality(String) COMMENT '个人信息类别',
    element_version Int64 COMMENT '数据元版本（版）',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间' CODEC(Delta(8), ZSTD(1)),
    _rule LowCardinality(String) COMMENT '本行·取值规则',
    fused_seq UInt64 COMMENT '融合序号：依据到哪一批主张' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已无有效主张'
)
ENGINE = ReplacingMergeTree(fused_seq, is_deleted)
ORDER BY element_id
SETTINGS max_compress_block_size = 131072
COMMENT '数据元：一物一行，供视图读取';

CREATE TABLE std.element_value
(
    element_id String COMMENT '数据元' CODEC(ZSTD(1)),
    subject_ref String COMMENT '主体' CODEC(ZSTD(1)),
    scope String COMMENT '口径' CODEC(ZSTD(1)),
    period String COMMENT '时期' CODEC(ZSTD(1)),
    division_code FixedString(12) COMMENT '所在区划',
    value String COMMENT '值' CODEC(ZSTD(1)),
    unit Nullable(String) COMMENT '计量单位' CODEC(ZSTD(1)),
    source_kind LowCardinality(String) COMMENT '来源方式',
    value_source Nullable(String) COMMENT '来源系统' CODEC(ZSTD(1)),
    observed_at DateTime64(3, 'Asia/Shanghai') COMMENT '观测时间' CODEC(Delta(8), ZSTD(1)),
    quality LowCardinality(Nullable(String)) COMMENT '质量',
    supersedes Nullable(String) COMMENT '替代的值' CODEC(ZSTD(1)),
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
ORDER BY (element_id, subject_ref, scope, period, src_system, version)
SETTINGS non_replicated_deduplication_window = 10000, enable_block_number_column = 1
COMMENT '数据元取值：各来源的主张';

CREATE TABLE dwd.element_value__rows
(
    element_id String COMMENT '数据元' CODEC(ZSTD(1)),
    subject_ref String COMMENT '主体' CODEC(ZSTD(1)),
    scope String COMMENT '口径' CODEC(ZSTD(1)),
    period String COMMENT '时期' CODEC(ZSTD(1)),
    division_code FixedString(12) COMMENT '所在区划',
    value String COMMENT '值' CODEC(ZSTD(1)),
    unit Nullable(String) COMMENT '计量单位' CODEC(ZSTD(1)),
    source_kind LowCardinality(String) COMMENT '来源方式',
    value_source Nullable(String) COMMENT '来源系统' CODEC(ZSTD(1)),
    observed_at DateTime64(3, 'Asia/Shanghai') COMMENT '观测时间' CODEC(Delta(8), ZSTD(1)),
    quality LowCardinality(Nullable(String)) COMMENT '质量',
    supersedes Nullable(String) COMMENT '替代的值' CODEC(ZSTD(1)),
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间' CODEC(Delta(8), ZSTD(1)),
    _rule LowCardinality(String) COMMENT '本行·取值规则',
    fused_seq UInt64 COMMENT '融合序号：依据到哪一批主张' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已无有效主张'
)
ENGINE = ReplacingMergeTree(fused_seq, is_deleted)
ORDER BY (element_id, subject_ref, scope, period)
SETTINGS max_compress_block_size = 131072
COMMENT '数据元取值：一物一行，供视图读取';

CREATE TABLE std.field_request
(
    request_id String COMMENT '请求标识' CODEC(ZSTD(1)),
    form_id String COMMENT '报表标识' CODEC(ZSTD(1)),
    form_version Int64 COMMENT '报表版本（版）',
    field_no Int64 COMMENT '栏目序号（1）',
    division_code FixedString(12) COMMENT '填报区划',
    period String COMMENT '时期' CODEC(ZSTD(1)),
    status LowCardinality(String) COMMENT '处理方式',
    value_ref Nullable(String) COMMENT '所用值' CODEC(ZSTD(1)),
    decided_at DateTime64(3, 'Asia/Shanghai') COMMENT '决定时间' CODEC(Delta(8), ZSTD(1)),
    rule_ver Nullable(Int64) COMMENT '规则版本（版）',
    reason_code LowCardinality(Nullable(String)) COMMENT '原因',
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
ORDER BY (request_id, src_system, version)
SETTINGS non_replicated_deduplication_window = 10000, enable_block_number_column = 1
COMMENT '栏目请求：各来源的主张';

CREATE TABLE dwd.field_request__rows
(
    request_id String COMMENT '请求标识' CODEC(ZSTD(1)),
    form_id String COMMENT '报表标识' CODEC(ZSTD(1)),
    form_version Int64 COMMENT '报表版本（版）',
    field_no Int64 COMMENT '栏目序号（1）',
    division_code FixedString(12) COMMENT '填报区划',
    period String COMMENT '时期' CODEC(ZSTD(1)),
    status LowCardinality(String) COMMENT '处理方式',
    value_ref Nullable(String) COMMENT '所用值' CODEC(ZSTD(1)),
    decided_at DateTime64(3, 'Asia/Shanghai') COMMENT '决定时间' CODEC(Delta(8), ZSTD(1)),
    rule_ver Nullable(Int64) COMMENT '规则版本（版）',
    reason_code LowCardinality(Nullable(String)) COMMENT '原因',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间' CODEC(Delta(8), ZSTD(1)),
    _rule LowCardinality(String) COMMENT '本行·取值规则',
    fused_seq UInt64 COMMENT '融合序号：依据到哪一批主张' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已无有效主张'
)
ENGINE = ReplacingMergeTree(fused_seq, is_deleted)
ORDER BY request_id
SETTINGS max_compress_block_size = 131072
COMMENT '栏目请求：一物一行，供视图读取';

CREATE TABLE std.field_reuse
(
    value_ref String COMMENT '值' CODEC(ZSTD(1)),
    consumer_uscc FixedString(18) COMMENT '使用单位',
    form_id String COMMENT '报表标识' CODEC(ZSTD(1)),
    period String COMMENT '时期' CODEC(ZSTD(1)),
    division_code FixedString(12) COMMENT '数据所属区划',
    used_at DateTime64(3, 'Asia/Shanghai') COMMENT '使用时间' CODEC(Delta(8), ZSTD(1)),
    mode LowCardinality(String) COMMENT '使用方式',
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
ORDER BY (value_ref, consumer_uscc, form_id, period, src_system, version)
SETTINGS non_replicated_deduplication_window = 10000, enable_block_number_column = 1
COMMENT '数据复用：各来源的主张';

CREATE TABLE dwd.field_reuse__rows
(
    value_ref String COMMENT '值' CODEC(ZSTD(1)),
    consumer_uscc FixedString(18) COMMENT '使用单位',
    form_id String COMMENT '报表标识' CODEC(ZSTD(1)),
    period String COMMENT '时期' CODEC(ZSTD(1)),
    division_code FixedString(12) COMMENT '数据所属区划',
    used_at DateTime64(3, 'Asia/Shanghai') COMMENT '使用时间' CODEC(Delta(8), ZSTD(1)),
    mode LowCardinality(String) COMMENT '使用方式',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间' CODEC(Delta(8), ZSTD(1)),
    _rule LowCardinality(String) COMMENT '本行·取值规则',
    fused_seq UInt64 COMMENT '融合序号：依据到哪一批主张' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已无有效主张'
)
ENGINE = ReplacingMergeTree(fused_seq, is_deleted)
ORDER BY (value_ref, consumer_uscc, form_id, period)
SETTINGS max_compress_block_size = 131072
COMMENT '数据复用：一物一行，供视图读取';

CREATE TABLE std.form_field
(
    form_id String COMMENT '报表标识' CODEC(ZSTD(1)),
    form_version Int64 COMMENT '报表版本（版）',
    field_no Int64 COMMENT '栏目序号（1）',
    raw_label String COMMENT '栏目原文' CODEC(ZSTD(1)),
    raw_unit Nullable(String) COMMENT '单位原文' CODEC(ZSTD(1)),
    element_id Nullable(String) COMMENT '数据元' CODEC(ZSTD(1)),
    match_method LowCardinality(Nullable(String)) COMMENT '匹配方法',
    confidence Nullable(Decimal(18, 4)) COMMENT '置信度（1）',
    status LowCardinality(String) COMMENT '匹配状态',
    subject_kind LowCardinality(Nullable(String)) COMMENT '主体类型',
    period_kind LowCardinality(Nullable(String)) COMMENT '时期类型',
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
ORDER BY (form_id, form_version, field_no, src_system, version)
SETTINGS non_replicated_deduplication_window = 10000, enable_block_number_column = 1
COMMENT '报表栏目：各来源的主张';

CREATE TABLE dwd.form_field__rows
(
    form_id String COMMENT '报表标识' CODEC(ZSTD(1)),
    form_version Int64 COMMENT '报表版本（版）',
    field_no Int64 COMMENT '栏目序号（1）',
    raw_label String COMMENT '栏目原文' CODEC(ZSTD(1)),
    raw_unit Nullable(String) COMMENT '单位原文' CODEC(ZSTD(1)),
    element_id Nullable(String) COMMENT '数据元' CODEC(ZSTD(1)),
    match_method LowCardinality(Nullable(String)) COMMENT '匹配方法',
    confidence Nullable(Decimal(18, 4)) COMMENT '置信度（1）',
    status LowCardinality(String) COMMENT '匹配状态',
    subject_kind LowCardinality(Nullable(String)) COMMENT '主体类型',
    period_kind LowCardinality(Nullable(String)) COMMENT '时期类型',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间' CODEC(Delta(8), ZSTD(1)),
    _rule LowCardinality(String) COMMENT '本行·取值规则',
    fused_seq UInt64 COMMENT '融合序号：依据到哪一批主张' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已无有效主张'
)
ENGINE = ReplacingMergeTree(fused_seq, is_deleted)
ORDER BY (form_id, form_version, field_no)
SETTINGS max_compress_block_size = 131072
COMMENT '报表栏目：一物一行，供视图读取';

CREATE TABLE std.objection
(
    objection_id String COMMENT '异议标识' CODEC(ZSTD(1)),
    dataset String COMMENT '数据集' CODEC(ZSTD(1)),
    row_ref String COMMENT '行' CODEC(ZSTD(1)),
    element_id Nullable(String) COMMENT '数据元' CODEC(ZSTD(1)),
    held_value Nullable(String) COMMENT '现值' CODEC(ZSTD(1)),
    claimed_value Nullable(String) COMMENT '主张值' CODEC(ZSTD(1)),
    evidence_kind LowCardinality(Nullable(String)) COMMENT '证据类型',
    division_code FixedString(12) COMMENT '提出区划',
    raised_at DateTime64(3, 'Asia/Shanghai') COMMENT '提出时间' CODEC(Delta(8), ZSTD(1)),
    routed_to_uscc Nullable(FixedString(18)) COMMENT '受理单位',
    due_on Nullable(Date32) COMMENT '办理期限',
    decision LowCardinality(Nullable(String)) COMMENT '处理决定',
    decided_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '决定时间' CODEC(Delta(8), ZSTD(1)),
    applied_batch Nullable(String) COMMENT '生效批次' CODEC(ZSTD(1)),
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
ORDER BY (objection_id, src_system, version)
SETTINGS non_replicated_deduplication_window = 10000, enable_block_number_column = 1
COMMENT '异议校核：各来源的主张';

CREATE TABLE dwd.objection__rows
(
    objection_id String COMMENT '异议标识' CODEC(ZSTD(1)),
    dataset String COMMENT '数据集' CODEC(ZSTD(1)),
    row_ref String COMMENT '行' CODEC(ZSTD(1)),
    element_id Nullable(String) COMMENT '数据元' CODEC(ZSTD(1)),
    held_value Nullable(String) COMMENT '现值' CODEC(ZSTD(1)),
    claimed_value Nullable(String) COMMENT '主张值' CODEC(ZSTD(1)),
    evidence_kind LowCardinality(Nullable(String)) COMMENT '证据类型',
    division_code FixedString(12) COMMENT '提出区划',
    raised_at DateTime64(3, 'Asia/Shanghai') COMMENT '提出时间' CODEC(Delta(8), ZSTD(1)),
    routed_to_uscc Nullable(FixedString(18)) COMMENT '受理单位',
    due_on Nullable(Date32) COMMENT '办理期限',
    decision LowCardinality(Nullable(String)) COMMENT '处理决定',
    decided_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '决定时间' CODEC(Delta(8), ZSTD(1)),
    applied_batch Nullable(String) COMMENT '生效批次' CODEC(ZSTD(1)),
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间' CODEC(Delta(8), ZSTD(1)),
    _rule LowCardinality(String) COMMENT '本行·取值规则',
    fused_seq UInt64 COMMENT '融合序号：依据到哪一批主张' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已无有效主张'
)
ENGINE = ReplacingMergeTree(fused_seq, is_deleted)
ORDER BY objection_id
SETTINGS max_compress_block_size = 131072
COMMENT '异议校核：一物一行，供视图读取';

CREATE TABLE std.quality_issue
(
    issue_id String COMMENT '问题标识' CODEC(ZSTD(1)),
    rule_id String COMMENT '规则' CODEC(ZSTD(1)),
    severity LowCardinality(String) COMMENT '严重程度',
    entity String COMMENT '实体' CODEC(ZSTD(1)),
    column Nullable(String) COMMENT '列' CODEC(ZSTD(1)),
    division_code FixedString(12) COMMENT '区划',
    about_system Nullable(String) COMMENT '来源系统' CODEC(ZSTD(1)),
    n_rows Nullable(Int64) COMMENT '行数（行）',
    sample_masked Nullable(String) COMMENT '脱敏样例' CODEC(ZSTD(1)),
    opened_at DateTime64(3, 'Asia/Shanghai') COMMENT '发现时间' CODEC(Delta(8), ZSTD(1)),
    closed_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '关闭时间' CODEC(Delta(8), ZSTD(1)),
    owner_role Nullable(String) COMMENT '责任岗位' CODEC(ZSTD(1)),
    hint_zh String COMMENT '提示' CODEC(ZSTD(1)),
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
ORDER BY (issue_id, src_system, version)
SETTINGS non_replicated_deduplication_window = 10000, enable_block_number_column = 1
COMMENT '质量问题：各来源的主张';

CREATE TABLE dwd.quality_issue__rows
(
    issue_id String COMMENT '问题标识' CODEC(ZSTD(1)),
    rule_id String COMMENT '规则' CODEC(ZSTD(1)),
    severity LowCardinality(String) COMMENT '严重程度',
    entity String COMMENT '实体' CODEC(ZSTD(1)),
    column Nullable(String) COMMENT '列' CODEC(ZSTD(1)),
    division_code FixedString(12) COMMENT '区划',
    about_system Nullable(String) COMMENT '来源系统' CODEC(ZSTD(1)),
    n_rows Nullable(Int64) COMMENT '行数（行）',
    sample_masked Nullable(String) COMMENT '脱敏样例' CODEC(ZSTD(1)),
    opened_at DateTime64(3, 'Asia/Shanghai') COMMENT '发现时间' CODEC(Delta(8), ZSTD(1)),
    closed_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '关闭时间' CODEC(Delta(8), ZSTD(1)),
    owner_role Nullable(String) COMMENT '责任岗位' CODEC(ZSTD(1)),
    hint_zh String COMMENT '提示' CODEC(ZSTD(1)),
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间' CODEC(Delta(8), ZSTD(1)),
    _rule LowCardinality(String) COMMENT '本行·取值规则',
    fused_seq UInt64 COMMENT '融合序号：依据到哪一批主张' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已无有效主张'
)
ENGINE = ReplacingMergeTree(fused_seq, is_deleted)
ORDER BY issue_id
SETTINGS max_compress_block_size = 131072
COMMENT '质量问题：一物一行，供视图读取';

CREATE TABLE std.return_delivery
(
    delivery_id String COMMENT '交付标识' CODEC(ZSTD(1)),
    sub_id String COMMENT '订阅标识' CODEC(ZSTD(1)),
    division_code FixedString(12) COMMENT '区划',
    dataset String COMMENT '数据集' CODEC(ZSTD(1)),
    from_watermark Nullable(String) COMMENT '起始水位' CODEC(ZSTD(1)),
    to_watermark Nullable(String) COMMENT '截止水位' CODEC(ZSTD(1)),
    rows Int64 COMMENT '行数（行）',
    inserts Nullable(Int64) COMMENT '新增行数（行）',
    updates Nullable(Int64) COMMENT '更新行数（行）',
    deletes Nullable(Int64) COMMENT '删除行数（行）',
    content_sm3 String COMMENT '内容摘要' CODEC(ZSTD(1)),
    sm2_signature Nullable(String) COMMENT 'SM2 签名' CODEC(ZSTD(1)),
    schema_ver Nullable(Int64) COMMENT '结构版本（版）',
    sent_at DateTime64(3, 'Asia/Shanghai') COMMENT '发送时间' CODEC(Delta(8), ZSTD(1)),
    attempt Nullable(Int64) COMMENT '尝试次数（次）',
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
SETTINGS non_replicated_deduplication_window = 10000, enable_block_number_column = 1
COMMENT '回流交付：各来源的主张';

CREATE TABLE dwd.return_delivery__rows
(
    delivery_id String COMMENT '交付标识' CODEC(ZSTD(1)),
    sub_id String COMMENT '订阅标识' CODEC(ZSTD(1)),
    division_code FixedString(12) COMMENT '区划',
    dataset String COMMENT '数据集' CODEC(ZSTD(1)),
    from_watermark Nullable(String) COMMENT '起始水位' CODEC(ZSTD(1)),
    to_watermark Nullable(String) COMMENT '截止水位' CODEC(ZSTD(1)),
    rows Int64 COMMENT '行数（行）',
    inserts Nullable(Int64) COMMENT '新增行数（行）',
    updates Nullable(Int64) COMMENT '更新行数（行）',
    deletes Nullable(Int64) COMMENT '删除行数（行）',
    content_sm3 String COMMENT '内容摘要' CODEC(ZSTD(1)),
    sm2_signature Nullable(String) COMMENT 'SM2 签名' CODEC(ZSTD(1)),
    schema_ver Nullable(Int64) COMMENT '结构版本（版）',
    sent_at DateTime64(3, 'Asia/Shanghai') COMMENT '发送时间' CODEC(Delta(8), ZSTD(1)),
    attempt Nullable(Int64) COMMENT '尝试次数（次）',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间' CODEC(Delta(8), ZSTD(1)),
    _rule LowCardinality(String) COMMENT '本行·取值规则',
    fused_seq UInt64 COMMENT '融合序号：依据到哪一批主张' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已无有效主张'
)
ENGINE = ReplacingMergeTree(fused_seq, is_deleted)
ORDER BY delivery_id
SETTINGS max_compress_block_size = 131072
COMMENT '回流交付：一物一行，供视图读取';

CREATE TABLE std.return_entitlement
(
    division_code FixedString(12) COMMENT '区划',
    dataset String COMMENT '数据集' CODEC(ZSTD(1)),
    tier LowCardinality(String) COMMENT '层级',
    columns Array(String) COMMENT '列',
    row_filter Nullable(String) COMMENT '行范围' CODEC(ZSTD(1)),
    purpose String COMMENT '用途' CODEC(ZSTD(1)),
    legal_basis Nullable(String) COMMENT '依据' CODEC(ZSTD(1)),
    valid_from Date32 COMMENT '生效日期',
    valid_to Nullable(Date32) COMMENT '失效日期',
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
ORDER BY (division_code, dataset, src_system, version)
SETTINGS non_replicated_deduplication_window = 10000, enable_block_number_column = 1
COMMENT '回流权限：各来源的主张';

CREATE TABLE dwd.return_entitlement__rows
(
    division_code FixedString(12) COMMENT '区划',
    dataset String COMMENT '数据集' CODEC(ZSTD(1)),
    tier LowCardinality(String) COMMENT '层级',
    columns Array(String) COMMENT '列',
    row_filter Nullable(String) COMMENT '行范围' CODEC(ZSTD(1)),
    purpose String COMMENT '用途' CODEC(ZSTD(1)),
    legal_basis Nullable(String) COMMENT '依据' CODEC(ZSTD(1)),
    valid_from Date32 COMMENT '生效日期',
    valid_to Nullable(Date32) COMMENT '失效日期',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间' CODEC(Delta(8), ZSTD(1)),
    _rule LowCardinality(String) COMMENT '本行·取值规则',
    fused_seq UInt64 COMMENT '融合序号：依据到哪一批主张' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已无有效主张'
)
ENGINE = ReplacingMergeTree(fused_seq, is_deleted)
ORDER BY (division_code, dataset)
SETTINGS max_compress_block_size = 131072
COMMENT '回流权限：一物一行，供视图读取';

CREATE TABLE std.return_receipt
(
    delivery_id String COMMENT '交付标识' CODEC(ZSTD(1)),
    division_code FixedString(12) COMMENT '区划',
    dataset String COMMENT '数据集' CODEC(ZSTD(1)),
    status LowCardinality(String) COMMENT '签收状态',
    rows_loaded Nullable(Int64) COMMENT '入库行数（行）',
    by_proxy Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '代签',
    acked_at DateTime64(3, 'Asia/Shanghai') COMMENT '签收时间' CODEC(Delta(8), ZSTD(1)),
    content_sm3 Nullable(String) COMMENT '内容摘要' CODEC(ZSTD(1)),
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
SETTINGS non_replicated_deduplication_window = 10000, enable_block_number_column = 1
COMMENT '回流签收：各来源的主张';

CREATE TABLE dwd.return_receipt__rows
(
    delivery_id String COMMENT '交付标识' CODEC(ZSTD(1)),
    division_code FixedString(12) COMMENT '区划',
    dataset String COMMENT '数据集' CODEC(ZSTD(1)),
    status LowCardinality(String) COMMENT '签收状态',
    rows_loaded Nullable(Int64) COMMENT '入库行数（行）',
    by_proxy Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '代签',
    acked_at DateTime64(3, 'Asia/Shanghai') COMMENT '签收时间' CODEC(Delta(8), ZSTD(1)),
    content_sm3 Nullable(String) COMMENT '内容摘要' CODEC(ZSTD(1)),
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间' CODEC(Delta(8), ZSTD(1)),
    _rule LowCardinality(String) COMMENT '本行·取值规则',
    fused_seq UInt64 COMMENT '融合序号：依据到哪一批主张' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已无有效主张'
)
ENGINE = ReplacingMergeTree(fused_seq, is_deleted)
ORDER BY delivery_id
SETTINGS max_compress_block_size = 131072
COMMENT '回流签收：一物一行，供视图读取';

CREATE TABLE std.return_subscription
(
    sub_id String COMMENT '订阅标识' CODEC(ZSTD(1)),
    division_code FixedString(12) COMMENT '区划',
    dataset String COMMENT '数据集' CODEC(ZSTD(1)),
    channel LowCardinality(String) COMMENT '通道',
    format LowCardinality(String) COMMENT '格式',
    schedule Nullable(String) COMMENT '调度' CODEC(ZSTD(1)),
    last_acked_watermark Nullable(String) COMMENT '已签收水位' CODEC(ZSTD(1)),
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
ORDER BY (sub_id, src_system, version)
SETTINGS non_replicated_deduplication_window = 10000, enable_block_number_column = 1
COMMENT '回流订阅：各来源的主张';

CREATE TABLE dwd.return_subscription__rows
(
    sub_id String COMMENT '订阅标识' CODEC(ZSTD(1)),
    division_code FixedString(12) COMMENT '区划',
    dataset String COMMENT '数据集' CODEC(ZSTD(1)),
    channel LowCardinality(String) COMMENT '通道',
    format LowCardinality(String) COMMENT '格式',
    schedule Nullable(String) COMMENT '调度' CODEC(ZSTD(1)),
    last_acked_watermark Nullable(String) COMMENT '已签收水位' CODEC(ZSTD(1)),
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间' CODEC(Delta(8), ZSTD(1)),
    _rule LowCardinality(String) COMMENT '本行·取值规则',
    fused_seq UInt64 COMMENT '融合序号：依据到哪一批主张' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已无有效主张'
)
ENGINE = ReplacingMergeTree(fused_seq, is_deleted)
ORDER BY sub_id
SETTINGS max_compress_block_size = 131072
COMMENT '回流订阅：一物一行，供视图读取';

CREATE TABLE std.share_delivery
(
    delivery_id String COMMENT '交付标识' CODEC(ZSTD(1)),
    request_id String COMMENT '申请标识' CODEC(ZSTD(1)),
    division_code FixedString(12) COMMENT '接收方区划',
    mode LowCardinality(String) COMMENT '共享方式',
    rows Nullable(Int64) COMMENT '行数（行）',
    bytes Nullable(Int64) COMMENT '字节数（B）',
    delivered_at DateTime64(3, 'Asia/Shanghai') COMMENT '交付时间' CODEC(Delta(8), ZSTD(1)),
    source_event_max Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '数据最新业务时间' CODEC(Delta(8), ZSTD(1)),
    content_sm3 Nullable(String) COMMENT '内容摘要' CODEC(ZSTD(1)),
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
SETTINGS non_replicated_deduplication_window = 10000, enable_block_number_column = 1
COMMENT '共享交付：各来源的主张';

CREATE TABLE dwd.share_delivery__rows
(
    delivery_id String COMMENT '交付标识' CODEC(ZSTD(1)),
    request_id String COMMENT '申请标识' CODEC(ZSTD(1)),
    division_code FixedString(12) COMMENT '接收方区划',
    mode LowCardinality(String) COMMENT '共享方式',
    rows Nullable(Int64) COMMENT '行数（行）',
    bytes Nullable(Int64) COMMENT '字节数（B）',
    delivered_at DateTime64(3, 'Asia/Shanghai') COMMENT '交付时间' CODEC(Delta(8), ZSTD(1)),
    source_event_max Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '数据最新业务时间' CODEC(Delta(8), ZSTD(1)),
    content_sm3 Nullable(String) COMMENT '内容摘要' CODEC(ZSTD(1)),
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间' CODEC(Delta(8), ZSTD(1)),
    _rule LowCardinality(String) COMMENT '本行·取值规则',
    fused_seq UInt64 COMMENT '融合序号：依据到哪一批主张' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已无有效主张'
)
ENGINE = ReplacingMergeTree(fused_seq, is_deleted)
ORDER BY delivery_id
SETTINGS max_compress_block_size = 131072
COMMENT '共享交付：一物一行，供视图读取';

CREATE TABLE std.share_request
(
    request_id String COMMENT '申请标识' CODEC(ZSTD(1)),
    catalog_code String COMMENT '信息资源代码' CODEC(ZSTD(1)),
    applicant_uscc FixedString(18) COMMENT '申请方',
    division_code FixedString(12) COMMENT '申请方区划',
    purpose Nullable(String) COMMENT '用途' CODEC(ZSTD(1)),
    share_type LowCardinality(String) COMMENT '共享类型',
    requested_on Date32 COMMENT '申请日期',
    decided_on Nullable(Date32) COMMENT '答复日期',
    decision LowCardinality(Nullable(String)) COMMENT '答复',
    reason Nullable(String) COMMENT '理由' CODEC(ZSTD(1)),
    valid_to Nullable(Date32) COMMENT '有效期至',
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
ORDER BY (request_id, src_system, version)
SETTINGS non_replicated_deduplication_window = 10000, enable_block_number_column = 1
COMMENT '共享申请：各来源的主张';

CREATE TABLE dwd.share_request__rows
(
    request_id String COMMENT '申请标识' CODEC(ZSTD(1)),
    catalog_code String COMMENT '信息资源代码' CODEC(ZSTD(1)),
    applicant_uscc FixedString(18) COMMENT '申请方',
    division_code FixedString(12) COMMENT '申请方区划',
    purpose Nullable(String) COMMENT '用途' CODEC(ZSTD(1)),
    share_type LowCardinality(String) COMMENT '共享类型',
    requested_on Date32 COMMENT '申请日期',
    decided_on Nullable(Date32) COMMENT '答复日期',
    decision LowCardinality(Nullable(String)) COMMENT '答复',
    reason Nullable(String) COMMENT '理由' CODEC(ZSTD(1)),
    valid_to Nullable(Date32) COMMENT '有效期至',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间' CODEC(Delta(8), ZSTD(1)),
    _rule LowCardinality(String) COMMENT '本行·取值规则',
    fused_seq UInt64 COMMENT '融合序号：依据到哪一批主张' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已无有效主张'
)
ENGINE = ReplacingMergeTree(fused_seq, is_deleted)
ORDER BY request_id
SETTINGS max_compress_block_size = 131072
COMMENT '共享申请：一物一行，供视图读取';

CREATE TABLE std.source_system
(
    system_code String COMMENT '系统标识' CODEC(ZSTD(1)),
    name_zh String COMMENT '名称' CODEC(ZSTD(1)),
    owner_uscc Nullable(FixedString(18)) COMMENT '主管单位',
    tier LowCardinality(String) COMMENT '层级',
    division_code FixedString(12) COMMENT '所属区划',
    protocol LowCardinality(String) COMMENT '协议',
    encoding Nullable(String) COMMENT '字符集' CODEC(ZSTD(1)),
    timezone Nullable(String) COMMENT '时区' CODEC(ZSTD(1)),
    code_system LowCardinality(Nullable(String)) COMMENT '区划代码体系',
    schedule Nullable(String) COMMENT '调度' CODEC(ZSTD(1)),
    sla_minutes Nullable(Int64) COMMENT '时限（min）',
    contract_ver Nullable(String) COMMENT '合同版本' CODEC(ZSTD(1)),
    contact_role Nullable(String) COMMENT '联系岗位' CODEC(ZSTD(1)),
    secret_ref Nullable(String) COMMENT '凭据引用' CODEC(ZSTD(1)),
    enabled Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '是否启用',
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
ORDER BY (system_code, src_system, version)
SETTINGS non_replicated_deduplication_window = 10000, enable_block_number_column = 1
COMMENT '来源系统：各来源的主张';

CREATE TABLE dwd.source_system__rows
(
    system_code String COMMENT '系统标识' CODEC(ZSTD(1)),
    name_zh String COMMENT '名称' CODEC(ZSTD(1)),
    owner_uscc Nullable(FixedString(18)) COMMENT '主管单位',
    tier LowCardinality(String) COMMENT '层级',
    division_code FixedString(12) COMMENT '所属区划',
    protocol LowCardinality(String) COMMENT '协议',
    encoding Nullable(String) COMMENT '字符集' CODEC(ZSTD(1)),
    timezone Nullable(String) COMMENT '时区' CODEC(ZSTD(1)),
    code_system LowCardinality(Nullable(String)) COMMENT '区划代码体系',
    schedule Nullable(String) COMMENT '调度' CODEC(ZSTD(1)),
    sla_minutes Nullable(Int64) COMMENT '时限（min）',
    contract_ver Nullable(String) COMMENT '合同版本' CODEC(ZSTD(1)),
    contact_role Nullable(String) COMMENT '联系岗位' CODEC(ZSTD(1)),
    secret_ref Nullable(String) COMMENT '凭据引用' CODEC(ZSTD(1)),
    enabled Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '是否启用',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间' CODEC(Delta(8), ZSTD(1)),
    _rule LowCardinality(String) COMMENT '本行·取值规则',
    fused_seq UInt64 COMMENT '融合序号：依据到哪一批主张' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已无有效主张'
)
ENGINE = ReplacingMergeTree(fused_seq, is_deleted)
ORDER BY system_code
SETTINGS max_compress_block_size = 131072
COMMENT '来源系统：一物一行，供视图读取';

CREATE TABLE dwd.division_path
(
    division_code FixedString(12) COMMENT '区划代码',
    tier LowCardinality(String) COMMENT '层级',
    ancestor_code FixedString(12) COMMENT '上级区划代码（含本级）',
    ancestor_tier LowCardinality(String) COMMENT '上级层级',
    ancestor_name String COMMENT '上级名称' CODEC(ZSTD(1)),
    steps UInt8 COMMENT '相隔层级：0为本级，1为直接上级'
)
ENGINE = MergeTree
ORDER BY (division_code, ancestor_code)
COMMENT '区划路径：每个区划及其各级上级';

CREATE TABLE dwd.division_remap
(
    code FixedString(12) COMMENT '区划代码',
    below Bool COMMENT '是否指其下未单独记载的代码',
    at_from Date32 COMMENT '数据日期起（含）',
    at_to Date32 COMMENT '数据日期止（不含）',
    under_from Date32 COMMENT '登记册日期起（含）',
    under_to Date32 COMMENT '登记册日期止（不含）',
    how LowCardinality(String) COMMENT '换算方式：same 未变，whole 整体归入，shared 按已知比例分，undivided 比例不明不分，above 仅知上级，lost 去向无记载',
    to_code FixedString(12) COMMENT '在该登记册中的代码',
    share_from Decimal(18, 12) COMMENT '份额起',
    share_to Decimal(18, 12) COMMENT '份额止；份额为两者之差',
    candidates Array(FixedString(12)) COMMENT '可能各占一部分的区划',
    changes Array(String) COMMENT '其间的变更记录' CODEC(ZSTD(1))
)
ENGINE = MergeTree
ORDER BY (code, below, at_from, under_from, share_from)
COMMENT '区划换算：某日登记册的代码在另一日登记册中归属何处、占多少';

CREATE TABLE dwd.territory
(
    entity LowCardinality(String) COMMENT '主题实体',
    division_code FixedString(12) COMMENT '区划代码',
    month Date32 COMMENT '最近变动的月份（首日）',
    rows UInt64 COMMENT '行数',
    last_at DateTime64(3, 'Asia/Shanghai') COMMENT '最近业务时间'
)
ENGINE = MergeTree
PARTITION BY entity
ORDER BY (division_code, entity, month)
COMMENT '各区划（含下级）各实体的行数，按最近变动月份';

CREATE TABLE dwd.contribution
(
    entity LowCardinality(String) COMMENT '主题实体',
    field LowCardinality(String) COMMENT '字段；整行取值为空',
    src LowCardinality(String) COMMENT '来源系统',
    rule LowCardinality(String) COMMENT '取值规则',
    rows UInt64 COMMENT '行数',
    last_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '最近业务时间'
)
ENGINE = MergeTree
PARTITION BY entity
ORDER BY (entity, field, src, rule)
COMMENT '各字段取自各来源的行数（一数一源）';

CREATE TABLE ads.indicator
(
    indicator String COMMENT '指标',
    policy_row String COMMENT '政策条目',
    name_zh String COMMENT '名称',
    name_en String COMMENT '英文名称',
    doc_zh String COMMENT '口径说明',
    doc_en String COMMENT '英文口径说明',
    unit String COMMENT '计量单位',
    scale Float64 COMMENT '倍数',
    direction LowCardinality(String) COMMENT '方向',
    target_op LowCardinality(String) COMMENT '目标比较符',
    target_value Nullable(Float64) COMMENT '目标值',
    unit_tier LowCardinality(String) COMMENT '计算单元层级；each为各层级',
    tiers Array(String) COMMENT '公布层级',
    every LowCardinality(String) COMMENT '期间长度',
    window LowCardinality(String) COMMENT '累计自月、季或年初',
    dated Bool COMMENT '各期可不同；否则所读的行没有日期：首月所知适用于以前各期，此后自当月起',
    persons Bool COMMENT '关于人员或案件：小数不显示',
    periods Array(String) COMMENT '各期',
    days Array(Date) COMMENT '各期末日',
    rule_version UInt16 COMMENT '口径版本',
    register LowCardinality(String) COMMENT '分母名册',
    known_from DateTime64(3, 'UTC') COMMENT '计算时间',
    run_id String COMMENT '运行标识'
)
ENGINE = ReplacingMergeTree(known_from)
ORDER BY indicator
COMMENT '指标目录：名称、口径、期间';

CREATE TABLE ads.indicator_point
(
    indicator LowCardinality(String) COMMENT '指标',
    parent_code FixedString(12) COMMENT '上级区划代码',
    division_code FixedString(12) COMMENT '区划代码',
    unit_tier LowCardinality(String) COMMENT '计算单元层级',
    tier LowCardinality(String) COMMENT '区划层级；无处安放的单元为空',
    day Date COMMENT '自哪一期（末日）起成立',
    shown Bool COMMENT '公布；否则只供增量计算',
    numerator Decimal(38, 4) COMMENT '分子之和',
    denominator Decimal(38, 4) COMMENT '分母之和',
    n_units UInt64 COMMENT '单元数；零为自此无单元',
    n_missing UInt64 COMMENT '缺值单元数，不进分子分母',
    provisional Bool COMMENT '缺值超过百分之五，暂定',
    scale Float64 COMMENT '倍数',
    target_op LowCardinality(String) COMMENT '目标比较符',
    target_value Nullable(Float64) COMMENT '目标值',
    rule_version UInt16 COMMENT '口径版本',
    register LowCardinality(String) COMMENT '分母名册',
    register_version LowCardinality(String) COMMENT '名册版本',
    removed Bool COMMENT '自此所知，该期不再有变动点',
    known_from DateTime64(3, 'UTC') COMMENT '自何时所知' CODEC(Delta(8), ZSTD(1)),
    run_id LowCardinality(String) COMMENT '运行标识'
)
ENGINE = MergeTree
ORDER BY (indicator, parent_code, division_code, unit_tier, tier, day, known_from)
SETTINGS index_granularity = 1024
COMMENT '指标值变动点：指标值自该期起成立，直至下一变动点；更正后旧值保留';

CREATE TABLE ads.indicator_point_past
(
    indicator LowCardinality(String) COMMENT '指标',
    parent_code FixedString(12) COMMENT '上级区划代码',
    division_code FixedString(12) COMMENT '区划代码',
    unit_tier LowCardinality(String) COMMENT '计算单元层级',
    tier LowCardinality(String) COMMENT '区划层级；无处安放的单元为空',
    day Date COMMENT '自哪一期（末日）起成立',
    shown Bool COMMENT '公布；否则只供增量计算',
    numerator Decimal(38, 4) COMMENT '分子之和',
    denominator Decimal(38, 4) COMMENT '分母之和',
    n_units UInt64 COMMENT '单元数；零为自此无单元',
    n_missing UInt64 COMMENT '缺值单元数，不进分子分母',
    provisional Bool COMMENT '缺值超过百分之五，暂定',
    scale Float64 COMMENT '倍数',
    target_op LowCardinality(String) COMMENT '目标比较符',
    target_value Nullable(Float64) COMMENT '目标值',
    rule_version UInt16 COMMENT '口径版本',
    register LowCardinality(String) COMMENT '分母名册',
    register_version LowCardinality(String) COMMENT '名册版本',
    removed Bool COMMENT '自此所知，该期不再有变动点',
    known_from DateTime64(3, 'UTC') COMMENT '自何时所知' CODEC(Delta(8), ZSTD(1)),
    run_id LowCardinality(String) COMMENT '运行标识'
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(known_from)
ORDER BY (indicator, parent_code, division_code, unit_tier, tier, day, known_from)
SETTINGS index_granularity = 1024
COMMENT '指标值变动点：更正前所知';

CREATE TABLE ads.indicator_cover
(
    indicator LowCardinality(String) COMMENT '指标',
    block Date COMMENT '累计起始日；各期可比者为1970-01-01',
    unit_tier LowCardinality(String) COMMENT '计算单元层级',
    division_code FixedString(12) COMMENT '区划代码',
    since DateTime64(3, 'UTC') COMMENT '自何时起'
)
ENGINE = ReplacingMergeTree
ORDER BY (indicator, block, unit_tier, division_code)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT '小数保护：为免推算出小数而一并不显示的指标值';

CREATE TABLE ops.run
(
    run_id String COMMENT '运行标识',
    job LowCardinality(String) COMMENT '作业',
    cause LowCardinality(String) COMMENT '触发原因',
    business_date LowCardinality(String) COMMENT '业务日期',
    attempt UInt8 COMMENT '第几次尝试',
    started_at DateTime64(3, 'Asia/Shanghai') COMMENT '开始时间',
    finished_at DateTime64(3, 'Asia/Shanghai') COMMENT '结束时间（未结束为零点）',
    state LowCardinality(String) COMMENT '状态',
    detail String COMMENT '说明',
    loads_seen UInt64 COMMENT '运行时已见装载数',
    error String COMMENT '错误',
    slot String COMMENT '所属时点，各次尝试相同',
    kind LowCardinality(String) COMMENT '类型：作业或来源系统',
    request String COMMENT '所属请求',
    step String COMMENT '当前或失败的步骤',
    steps UInt64 COMMENT '已完成步骤数',
    received UInt64 COMMENT '运行时已收到（条）',
    accepted UInt64 COMMENT '运行时已接受（行）',
    rejected UInt64 COMMENT '运行时已退回（条）',
    positions String COMMENT '运行时各主题装载位点' CODEC(ZSTD(1)),
    plan UInt64 COMMENT '转换方案指纹',
    error_class LowCardinality(String) COMMENT '错误类别',
    process LowCardinality(String) COMMENT '执行进程'
)
ENGINE = ReplacingMergeTree(finished_at)
ORDER BY run_id
SETTINGS non_replicated_deduplication_window = 10000
COMMENT '作业运行记录';

CREATE TABLE ops.run_step
(
    run_id String COMMENT '运行标识',
    n UInt64 COMMENT '序号',
    step String COMMENT '步骤',
    started_at DateTime64(3, 'Asia/Shanghai') COMMENT '开始时间',
    finished_at DateTime64(3, 'Asia/Shanghai') COMMENT '结束时间（未结束为零点）',
    state LowCardinality(String) COMMENT '状态',
    rows_in UInt64 COMMENT '读入（行）',
    rows_out UInt64 COMMENT '写出（行）',
    detail String COMMENT '说明',
    error_class LowCardinality(String) COMMENT '错误类别',
    error String COMMENT '错误'
)
ENGINE = ReplacingMergeTree(finished_at)
ORDER BY (run_id, n)
TTL toDateTime(started_at) + toIntervalDay(90)
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT '运行步骤：做了事、正在做或失败的步骤';

CREATE TABLE ops.run_log
(
    run_id String COMMENT '运行标识',
    n UInt64 COMMENT '序号',
    at DateTime64(3, 'Asia/Shanghai') COMMENT '时间',
    level LowCardinality(String) COMMENT '级别',
    line String COMMENT '内容' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
ORDER BY (run_id, n)
TTL toDateTime(at) + toIntervalDay(30)
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT '运行日志（已脱敏）';

CREATE TABLE ops.sla
(
    kind LowCardinality(String) COMMENT '类型：作业或来源系统',
    name LowCardinality(String) COMMENT '名称',
    business_date LowCardinality(String) COMMENT '业务日期',
    due_at DateTime64(3, 'Asia/Shanghai') COMMENT '应完成时间',
    noticed_at DateTime64(3, 'Asia/Shanghai') COMMENT '发现时间',
    met_at DateTime64(3, 'Asia/Shanghai') COMMENT '完成时间（未完成为零点）',
    state LowCardinality(String) COMMENT '状态'
)
ENGINE = ReplacingMergeTree(met_at)
ORDER BY (kind, name, due_at)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT '时限：未按时完成的作业与未按时读取的来源';

CREATE TABLE ops.load_move
(
    topic LowCardinality(String) COMMENT '主题',
    topic_id LowCardinality(String) COMMENT '主题标识（重建主题后不同）',
    partition UInt16 COMMENT '分区',
    move UInt32 COMMENT '该分区第几次调整',
    system LowCardinality(String) COMMENT '来源系统',
    tier LowCardinality(String) COMMENT '来源层级',
    stream LowCardinality(String) COMMENT '数据流',
    from_offset UInt64 COMMENT '原位点' CODEC(Delta(8), ZSTD(1)),
    to_offset UInt64 COMMENT '新位点' CODEC(Delta(8), ZSTD(1)),
    skipped UInt64 COMMENT '跳过的记录（条）',
    gone UInt64 COMMENT 'Kafka 已删除的位点数',
    again UInt64 COMMENT '将重新装载的记录（条）',
    again_to UInt64 COMMENT '移出台账的最后一次装载的终止位点' CODEC(Delta(8), ZSTD(1)),
    reason String COMMENT '原因' CODEC(ZSTD(1)),
    moved_by String COMMENT '操作人' CODEC(ZSTD(1)),
    moved_at DateTime64(3, 'Asia/Shanghai') COMMENT '调整时间' CODEC(Delta(8), ZSTD(1))
)
ENGINE = ReplacingMergeTree(moved_at)
ORDER BY (topic, partition, topic_id, move)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT '装载位点调整：人工跳过或重新装载的区间及原因';

CREATE TABLE ops.load
(
    load_id String COMMENT '装载标识',
    system LowCardinality(String) COMMENT '来源系统',
    tier LowCardinality(String) COMMENT '来源层级',
    stream LowCardinality(String) COMMENT '数据流',
    flow LowCardinality(String) COMMENT '流向',
    entity LowCardinality(String) COMMENT '主题实体',
    topic LowCardinality(String) COMMENT '主题',
    topic_id LowCardinality(String) COMMENT '主题标识（重建主题后不同）',
    partition UInt16 COMMENT '分区',
    from_offset UInt64 COMMENT '起始位点' CODEC(Delta(8), ZSTD(1)),
    to_offset UInt64 COMMENT '终止位点（不含）' CODEC(Delta(8), ZSTD(1)),
    plan UInt64 COMMENT '转换方案指纹',
    received UInt64 COMMENT '收到（条）',
    accepted UInt64 COMMENT '接受（行）',
    rejected UInt64 COMMENT '退回（条）',
    loaded_at DateTime64(3, 'Asia/Shanghai') COMMENT '装载时间' CODEC(Delta(8), ZSTD(1)),
    traceparent String COMMENT '装载的追踪标识（W3C，可为空）' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(loaded_at)
ORDER BY (topic, partition, from_offset, flow, entity, topic_id)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT '装载台账：每个分区区间每条流水一行';

CREATE TABLE ops.reject
(
    topic LowCardinality(String) COMMENT '主题',
    topic_id LowCardinality(String) COMMENT '主题标识（重建主题后不同）',
    partition UInt16 COMMENT '分区',
    offset UInt64 COMMENT '位点' CODEC(Delta(8), ZSTD(1)),
    flow LowCardinality(String) COMMENT '流向',
    system LowCardinality(String) COMMENT '来源系统',
    tier LowCardinality(String) COMMENT '来源层级',
    stream LowCardinality(String) COMMENT '数据流',
    entity LowCardinality(String) COMMENT '主题实体',
    division LowCardinality(String) COMMENT '区划（记录所述，可为空）',
    rule LowCardinality(String) COMMENT '规则',
    field LowCardinality(String) COMMENT '字段',
    reason_zh LowCardinality(String) COMMENT '原因',
    reason_en LowCardinality(String) COMMENT '原因（英文）',
    place String COMMENT '源内位置' CODEC(ZSTD(1)),
    record_key String COMMENT '源记录键' CODEC(ZSTD(1)),
    row String COMMENT '记录（已脱敏）' CODEC(ZSTD(1)),
    plan UInt64 COMMENT '最近一次退回时的转换方案指纹',
    attempt UInt16 COMMENT '已重放次数',
    replayed Bool COMMENT '重放后已接受',
    later Bool COMMENT '装载时已接受，重新处理后退回',
    rejected_at DateTime64(3, 'Asia/Shanghai') COMMENT '退回时间' CODEC(Delta(8), ZSTD(1))
)
ENGINE = ReplacingMergeTree(attempt)
ORDER BY (topic, partition, offset, flow, rejected_at, topic_id)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT '退回：不能成为主题数据的记录及原因';

CREATE TABLE ops.fuse
(
    entity String COMMENT '主题实体',
    claims_table String COMMENT '主张表标识',
    block Int64 COMMENT '已见的最高数据块号',
    rules String COMMENT '融合规则的指纹',
    rows_table String COMMENT '结果表标识',
    matched Int64 COMMENT '已见的归并序号',
    decided Int64 COMMENT '已见的决定序号',
    claims UInt64 COMMENT '主张数',
    things UInt64 COMMENT '事物数',
    changed UInt64 COMMENT '本次重新融合的事物数',
    rebuilt Bool COMMENT '是否全部重建',
    took_ms UInt64 COMMENT '用时（毫秒）',
    fused_at DateTime64(3, 'Asia/Shanghai') COMMENT '融合时间'
)
ENGINE = ReplacingMergeTree(fused_at)
ORDER BY entity
COMMENT '融合状态：上次融合时各实体的主张集';

CREATE TABLE ops.conflict
(
    entity LowCardinality(String) COMMENT '主题实体',
    thing String COMMENT '事物标识（主键以|相连）' CODEC(ZSTD(1)),
    field LowCardinality(String) COMMENT '字段',
    division_code String COMMENT '所在区划',
    value String COMMENT '采用的值' CODEC(ZSTD(1)),
    src LowCardinality(String) COMMENT '采用的来源',
    at DateTime64(3, 'Asia/Shanghai') COMMENT '采用值的业务时间',
    department LowCardinality(String) COMMENT '采用来源的主管部门：由其核实',
    other_value String COMMENT '未采用的值' CODEC(ZSTD(1)),
    other_src LowCardinality(String) COMMENT '未采用的来源',
    other_at DateTime64(3, 'Asia/Shanghai') COMMENT '未采用值的业务时间',
    other_department LowCardinality(String) COMMENT '未采用来源的主管部门',
    fused_seq UInt64 COMMENT '融合序号' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已一致'
)
ENGINE = ReplacingMergeTree(fused_seq, is_deleted)
ORDER BY (entity, thing, field, other_src)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT '来源分歧：同一事物同一字段各来源超出容差的不同取值';

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

CREATE TABLE ops.expired
(
    entity LowCardinality(String) COMMENT '主题实体',
    system LowCardinality(String) COMMENT '来源系统',
    topic LowCardinality(String) COMMENT '主题',
    before Date32 COMMENT '此日之前被取代或撤回',
    expired UInt64 COMMENT '清除（条）'
)
ENGINE = ReplacingMergeTree(expired)
ORDER BY (entity, system, topic, before)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT '到期清除：被取代或撤回且超过保留期限的主张数';

CREATE TABLE ops.pid_crosswalk
(
    purpose LowCardinality(String) COMMENT '用途',
    old_pid FixedString(26) COMMENT '旧假名',
    old_version UInt16 COMMENT '旧钥版本',
    new_pid FixedString(26) COMMENT '现行假名',
    new_version UInt16 COMMENT '现行钥版本',
    rekeyed_at DateTime64(3, 'Asia/Shanghai') COMMENT '换钥时间'
)
ENGINE = ReplacingMergeTree(new_version)
ORDER BY old_pid
SETTINGS non_replicated_deduplication_window = 10000
COMMENT '假名换钥对照：旧钥假名到现行假名，不含原始号码';

CREATE TABLE ops.lineage
(
    sink String COMMENT '接收端',
    upto DateTime64(3, 'Asia/Shanghai') COMMENT '已送达到（不含）',
    delivered String COMMENT '当时各数据流已采集条数（JSON）' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(upto)
ORDER BY sink
SETTINGS non_replicated_deduplication_window = 10000
COMMENT '血缘事件：各接收端已送达到何时';

CREATE TABLE ops.quality_issue
(
    rule LowCardinality(String) COMMENT '规则',
    entity LowCardinality(String) COMMENT '主题实体',
    thing String COMMENT '事物标识（主键以|相连）' CODEC(ZSTD(1)),
    field LowCardinality(String) COMMENT '字段',
    value String COMMENT '现有的值（涉及个人的不填）' CODEC(ZSTD(1)),
    expected String COMMENT '应有的值（如下级之和）' CODEC(ZSTD(1)),
    division_code String COMMENT '所在区划',
    src LowCardinality(String) COMMENT '取自来源',
    department LowCardinality(String) COMMENT '来源的主管部门：由其核实',
    reason_zh LowCardinality(String) COMMENT '原因',
    reason_en LowCardinality(String) COMMENT '原因（英文）',
    opened_at DateTime64(3, 'Asia/Shanghai') COMMENT '首次发现时间',
    checked_seq UInt64 COMMENT '检查序号' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已解决'
)
ENGINE = ReplacingMergeTree(checked_seq, is_deleted)
ORDER BY (rule, thing)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT '质量问题：装载后按规则在主题数据中发现的问题';

CREATE TABLE ops.division_review
(
    topic LowCardinality(String) COMMENT '主题',
    topic_id LowCardinality(String) COMMENT '主题标识（重建主题后不同）',
    partition UInt16 COMMENT '分区',
    offset UInt64 COMMENT '位点' CODEC(Delta(8), ZSTD(1)),
    flow LowCardinality(String) COMMENT '流向',
    field LowCardinality(String) COMMENT '字段',
    system LowCardinality(String) COMMENT '来源系统',
    entity LowCardinality(String) COMMENT '主题实体',
    rule LowCardinality(String) COMMENT '规则',
    place String COMMENT '源内位置' CODEC(ZSTD(1)),
    code_system LowCardinality(String) COMMENT '代码体系',
    code String COMMENT '来源代码' CODEC(ZSTD(1)),
    at Date32 COMMENT '业务日期',
    status LowCardinality(String) COMMENT '判定',
    reason LowCardinality(String) COMMENT '依据',
    candidates Array(String) COMMENT '候选区划代码' CODEC(ZSTD(1)),
    candidate_names Array(String) COMMENT '候选区划名称' CODEC(ZSTD(1)),
    candidate_shares Array(Nullable(Float64)) COMMENT '候选份额（无记载为空）',
    seen_at DateTime64(3, 'Asia/Shanghai') COMMENT '到达时间' CODEC(Delta(8), ZSTD(1))
)
ENGINE = ReplacingMergeTree(seen_at)
ORDER BY (topic, partition, offset, flow, field, topic_id)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT '区划待核定：只能由人工确定归属的区划代码及候选';

CREATE TABLE ops.load_stop
(
    topic LowCardinality(String) COMMENT '主题',
    topic_id LowCardinality(String) COMMENT '主题标识（重建主题后不同）',
    partition UInt16 COMMENT '分区',
    from_offset UInt64 COMMENT '起始位点' CODEC(Delta(8), ZSTD(1)),
    to_offset UInt64 COMMENT '终止位点（不含）' CODEC(Delta(8), ZSTD(1)),
    system LowCardinality(String) COMMENT '来源系统',
    stream LowCardinality(String) COMMENT '数据流',
    flow LowCardinality(String) COMMENT '流向',
    entity LowCardinality(String) COMMENT '主题实体',
    rule LowCardinality(String) COMMENT '规则',
    broken UInt64 COMMENT '违反规则（条）',
    rows UInt64 COMMENT '区间内（条）',
    reason_zh LowCardinality(String) COMMENT '原因',
    reason_en LowCardinality(String) COMMENT '原因（英文）',
    stopped_at DateTime64(3, 'Asia/Shanghai') COMMENT '停装时间' CODEC(Delta(8), ZSTD(1))
)
ENGINE = ReplacingMergeTree(stopped_at)
ORDER BY (topic, partition, from_offset, flow, rule, topic_id)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT '停装记录：因质量规则超过阈值而未装载的区间';

CREATE TABLE ops.identity
(
    entity LowCardinality(String) COMMENT '主题实体',
    member String COMMENT '来源标识' CODEC(ZSTD(1)),
    canonical String COMMENT '主标识' CODEC(ZSTD(1)),
    how LowCardinality(String) COMMENT '依据：规则或人工决定',
    facts Array(LowCardinality(String)) COMMENT '一致的佐证字段',
    rule LowCardinality(String) COMMENT '规则的指纹',
    matched_at DateTime64(3, 'Asia/Shanghai') COMMENT '归并时间' CODEC(Delta(8), ZSTD(1)),
    seq UInt64 COMMENT '归并序号' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已拆分'
)
ENGINE = ReplacingMergeTree(seq, is_deleted)
ORDER BY (entity, member)
COMMENT '同一事物：各来源标识归并到的主标识，及依据';

CREATE TABLE ops.identity_touched
(
    entity LowCardinality(String) COMMENT '主题实体',
    thing String COMMENT '标识' CODEC(ZSTD(1)),
    seq UInt64 COMMENT '归并序号' CODEC(Delta(8), ZSTD(1))
)
ENGINE = ReplacingMergeTree(seq)
ORDER BY (entity, thing)
COMMENT '同一事物：归并有变、待重新融合的标识';

CREATE TABLE ops.identity_pair
(
    entity LowCardinality(String) COMMENT '主题实体',
    left String COMMENT '标识一' CODEC(ZSTD(1)),
    right String COMMENT '标识二' CODEC(ZSTD(1)),
    reason LowCardinality(String) COMMENT '为何不能自动判定',
    agree Array(LowCardinality(String)) COMMENT '一致的字段',
    differ Array(LowCardinality(String)) COMMENT '不一致的字段',
    name String COMMENT '名称（比对用）' CODEC(ZSTD(1)),
    division_code String COMMENT '所在区划' CODEC(ZSTD(1)),
    left_codes Array(String) COMMENT '标识一的代码' CODEC(ZSTD(1)),
    left_facts Array(String) COMMENT '标识一的佐证' CODEC(ZSTD(1)),
    left_srcs Array(LowCardinality(String)) COMMENT '标识一的来源',
    right_codes Array(String) COMMENT '标识二的代码' CODEC(ZSTD(1)),
    right_facts Array(String) COMMENT '标识二的佐证' CODEC(ZSTD(1)),
    right_srcs Array(LowCardinality(String)) COMMENT '标识二的来源',
    asked_at DateTime64(3, 'Asia/Shanghai') COMMENT '提出时间' CODEC(Delta(8), ZSTD(1)),
    seq UInt64 COMMENT '归并序号' CODEC(Delta(8), ZSTD(1)),
    is_deleted UInt8 COMMENT '已了结'
)
ENGINE = ReplacingMergeTree(seq, is_deleted)
ORDER BY (entity, left, right)
COMMENT '疑似同一事物：须人工核定的标识对';

CREATE TABLE ops.identity_decision
(
    entity LowCardinality(String) COMMENT '主题实体',
    left String COMMENT '标识一' CODEC(ZSTD(1)),
    right String COMMENT '标识二' CODEC(ZSTD(1)),
    verdict LowCardinality(String) COMMENT '决定：归并、分开、撤销',
    decided_by LowCardinality(String) COMMENT '决定人的岗位',
    reason String COMMENT '理由或文号' CODEC(ZSTD(1)),
    decided_at DateTime64(3, 'Asia/Shanghai') COMMENT '决定时间' CODEC(Delta(8), ZSTD(1)),
    seq UInt64 COMMENT '决定序号' CODEC(Delta(8), ZSTD(1))
)
ENGINE = ReplacingMergeTree(decided_at)
ORDER BY (entity, left, right, seq)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT '同一事物：人工决定，全部保留，最后一次为准';

CREATE TABLE ops.identity_reach
(
    entity LowCardinality(String) COMMENT '主题实体',
    thing String COMMENT '标识' CODEC(ZSTD(1)),
    block UInt64 COMMENT '比对分组'
)
ENGINE = MergeTree
PARTITION BY entity
ORDER BY (entity, block)
COMMENT '同一事物：本次比对涉及的标识和分组（中间结果）';

CREATE TABLE ops.identity_near
(
    entity LowCardinality(String) COMMENT '主题实体',
    block UInt64 COMMENT '比对分组',
    member String COMMENT '来源标识' CODEC(ZSTD(1)),
    rank UInt16 COMMENT '作为主标识的次序',
    name String COMMENT '名称（比对用）' CODEC(ZSTD(1)),
    division String COMMENT '所在区划' CODEC(ZSTD(1)),
    place String COMMENT '所在末级区划；不详为空',
    codes Array(String) COMMENT '代码' CODEC(ZSTD(1)),
    facts Array(String) COMMENT '佐证字段' CODEC(ZSTD(1)),
    srcs Array(LowCardinality(String)) COMMENT '来源' CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY entity
ORDER BY (entity, block, member)
COMMENT '同一事物：本次重新比对的标识（中间结果）';

CREATE TABLE ops.identity_changed
(
    entity LowCardinality(String) COMMENT '主题实体',
    thing String COMMENT '标识' CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY entity
ORDER BY (entity, thing)
COMMENT '同一事物：本次须重新融合的标识（中间结果）';

CREATE TABLE ops.identity_joined
(
    entity LowCardinality(String) COMMENT '主题实体',
    block UInt64 COMMENT '比对分组',
    into UInt64 COMMENT '合并比对的分组：一组中最小者',
    wide UInt8 COMMENT '标识过多，不予比对，仅人工决定有效'
)
ENGINE = MergeTree
PARTITION BY entity
ORDER BY (entity, block)
COMMENT '同一事物：因人工决定而合在一起比对的分组（中间结果）';

CREATE TABLE ops.identity_found
(
    entity LowCardinality(String) COMMENT '主题实体',
    kind LowCardinality(String) COMMENT '归并或存疑',
    a String COMMENT '标识' CODEC(ZSTD(1)),
    b String COMMENT '主标识或另一标识' CODEC(ZSTD(1)),
    why LowCardinality(String) COMMENT '依据',
    agree Array(LowCardinality(String)) COMMENT '一致的字段',
    differ Array(LowCardinality(String)) COMMENT '不一致的字段'
)
ENGINE = MergeTree
PARTITION BY entity
ORDER BY (entity, kind, a)
COMMENT '同一事物：本次比对所得（中间结果）';

CREATE OR REPLACE VIEW dwd.code_crosswalk
(
    from_system LowCardinality(String) COMMENT '来源代码体系',
    from_code String COMMENT '来源代码',
    to_system LowCardinality(String) COMMENT '目标代码体系',
    valid_from Date32 COMMENT '生效日期',
    valid_to Nullable(Date32) COMMENT '失效日期',
    to_code Nullable(String) COMMENT '目标代码',
    match_kind LowCardinality(String) COMMENT '匹配方式',
    confidence Nullable(Decimal(18, 4)) COMMENT '置信度（1）',
    reviewed_by_role Nullable(String) COMMENT '复核岗位',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT from_system, from_code, to_system, valid_from, valid_to, to_code, match_kind, confidence, reviewed_by_role, _src, _at, _rule
FROM dwd.code_crosswalk__rows FINAL
WHERE is_deleted = 0
COMMENT '代码对照：一物一行 [dfc8891122164dae]';

CREATE OR REPLACE VIEW dwd.division
(
    division_code FixedString(12) COMMENT '区划代码',
    name String COMMENT '名称',
    canonical_name String COMMENT '规范名',
    level LowCardinality(String) COMMENT '层级',
    parent_code Nullable(FixedString(12)) COMMENT '上级区划',
    kind LowCardinality(String) COMMENT '区划性质',
    village_class LowCardinality(Nullable(String)) COMMENT '村级类别',
    code_system LowCardinality(String) COMMENT '代码体系',
    valid_from Nullable(Date32) COMMENT '生效日期',
    valid_to Nullable(Date32) COMMENT '失效日期',
    path Array(String) COMMENT '区划路径',
    township_class LowCardinality(Nullable(String)) COMMENT '乡级类别',
    urban_rural_code LowCardinality(Nullable(String)) COMMENT '城乡分类',
    seat Nullable(String) COMMENT '驻地',
    area_km2 Nullable(Decimal(18, 4)) COMMENT '面积（km2）',
    boundary_version Nullable(String) COMMENT '界线版本',
    in_urban_dev_boundary Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '城镇开发边界内',
    fiscal_difficulty Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '财政困难县',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT division_code, name, canonical_name, level, parent_code, kind, village_class, code_system, valid_from, valid_to, path, township_class, urban_rural_code, seat, area_km2, boundary_version, in_urban_dev_boundary, fiscal_difficulty, _src, _at, _rule
FROM dwd.division__rows FINAL
WHERE is_deleted = 0
COMMENT '行政区划：一物一行 [f1e928a8f0a8ad05]';

CREATE OR REPLACE VIEW dwd.division_as_of
(
    division_code FixedString(12) COMMENT '区划代码',
    name String COMMENT '名称',
    canonical_name String COMMENT '规范名',
    level LowCardinality(String) COMMENT '层级',
    parent_code Nullable(FixedString(12)) COMMENT '上级区划',
    kind LowCardinality(String) COMMENT '区划性质',
    village_class LowCardinality(Nullable(String)) COMMENT '村级类别',
    code_system LowCardinality(String) COMMENT '代码体系',
    valid_from Nullable(Date32) COMMENT '生效日期',
    valid_to Nullable(Date32) COMMENT '失效日期',
    path Array(String) COMMENT '区划路径',
    township_class LowCardinality(Nullable(String)) COMMENT '乡级类别',
    urban_rural_code LowCardinality(Nullable(String)) COMMENT '城乡分类',
    seat Nullable(String) COMMENT '驻地',
    area_km2 Nullable(Decimal(18, 4)) COMMENT '面积（km2）',
    boundary_version Nullable(String) COMMENT '界线版本',
    in_urban_dev_boundary Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '城镇开发边界内',
    fiscal_difficulty Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '财政困难县',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT division_code,
       name,
       canonical_name,
       level,
       parent_code,
       kind,
       village_class,
       code_system,
       valid_from,
       valid_to,
       path,
       township_class,
       urban_rural_code,
       seat,
       area_km2,
       boundary_version,
       in_urban_dev_boundary,
       fiscal_difficulty,
       src_system AS _src,
       event_time AS _at,
       multiIf(multiIf(src_system = 'nbs_register', 1, 255) = 0, '', multiIf(src_system = 'nbs_register', 1, 255) = 255, 'freshest', concat('authority:', toString(multiIf(src_system = 'nbs_register', 1, 255)))) AS _rule
FROM
(
  SELECT *
  FROM
  (
    SELECT division_code, name, canonical_name, level, parent_code, kind, village_class, code_system, valid_from, valid_to, path, township_class, urban_rural_code, seat, area_km2, boundary_version, in_urban_dev_boundary, fiscal_difficulty, src_system, src_tier, event_time, version, is_deleted
    FROM std.division
    WHERE src_system IN ('nbs_register') AND event_time <= parseDateTime64BestEffort({at:String}, 3, 'Asia/Shanghai') AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')
    ORDER BY division_code DESC, src_system DESC, version DESC, kafka_offset DESC
    LIMIT 1 BY division_code, src_system
  )
  WHERE is_deleted = 0
)
COMMENT '行政区划：任意时点（at）的一物一行，按任意时点（known）所知 [4bea402fa94224ba]';

CREATE OR REPLACE VIEW dwd.division_history
(
    row_from DateTime64(3, 'Asia/Shanghai') COMMENT '本行起始时间（含）',
    row_to DateTime64(3, 'Asia/Shanghai') COMMENT '本行终止时间（不含）；尚在有效为2299年末',
    division_code FixedString(12) COMMENT '区划代码',
    name String COMMENT '名称',
    canonical_name String COMMENT '规范名',
    level LowCardinality(String) COMMENT '层级',
    parent_code Nullable(FixedString(12)) COMMENT '上级区划',
    kind LowCardinality(String) COMMENT '区划性质',
    village_class LowCardinality(Nullable(String)) COMMENT '村级类别',
    code_system LowCardinality(String) COMMENT '代码体系',
    valid_from Nullable(Date32) COMMENT '生效日期',
    valid_to Nullable(Date32) COMMENT '失效日期',
    path Array(String) COMMENT '区划路径',
    township_class LowCardinality(Nullable(String)) COMMENT '乡级类别',
    urban_rural_code LowCardinality(Nullable(String)) COMMENT '城乡分类',
    seat Nullable(String) COMMENT '驻地',
    area_km2 Nullable(Decimal(18, 4)) COMMENT '面积（km2）',
    boundary_version Nullable(String) COMMENT '界线版本',
    in_urban_dev_boundary Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '城镇开发边界内',
    fiscal_difficulty Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '财政困难县',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT row_from,
       row_to,
       division_code,
       name,
       canonical_name,
       level,
       parent_code,
       kind,
       village_class,
       code_system,
       valid_from,
       valid_to,
       path,
       township_class,
       urban_rural_code,
       seat,
       area_km2,
       boundary_version,
       in_urban_dev_boundary,
       fiscal_difficulty,
       src_system AS _src,
       event_time AS _at,
       multiIf(multiIf(src_system = 'nbs_register', 1, 255) = 0, '', multiIf(src_system = 'nbs_register', 1, 255) = 255, 'freshest', concat('authority:', toString(multiIf(src_system = 'nbs_register', 1, 255)))) AS _rule
FROM
(
  SELECT *
  FROM
  (
    SELECT row_from, row_to, division_code, name, canonical_name, level, parent_code, kind, village_class, code_system, valid_from, valid_to, path, township_class, urban_rural_code, seat, area_km2, boundary_version, in_urban_dev_boundary, fiscal_difficulty, src_system, src_tier, event_time, version, is_deleted
    FROM (
      SELECT c.division_code AS division_code, c.name AS name, c.canonical_name AS canonical_name, c.level AS level, c.parent_code AS parent_code, c.kind AS kind, c.village_class AS village_class, c.code_system AS code_system, c.valid_from AS valid_from, c.valid_to AS valid_to, c.path AS path, c.township_class AS township_class, c.urban_rural_code AS urban_rural_code, c.seat AS seat, c.area_km2 AS area_km2, c.boundary_version AS boundary_version, c.in_urban_dev_boundary AS in_urban_dev_boundary, c.fiscal_difficulty AS fiscal_difficulty, c.src_system AS src_system, c.src_tier AS src_tier, c.src_division AS src_division, c.src_record_id AS src_record_id, c.event_time AS event_time, c.arrived_at AS arrived_at, c.version AS version, c.is_deleted AS is_deleted, c.q_flags AS q_flags, c.kafka_topic AS kafka_topic, c.kafka_partition AS kafka_partition, c.kafka_offset AS kafka_offset, c.place AS place, b.row_from AS row_from, b.row_to AS row_to
      FROM
      (
        SELECT * FROM std.division WHERE toString(division_code) LIKE {thing:String} AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')
      ) AS c
      INNER JOIN
      (
        SELECT division_code, row_from, leadInFrame(row_from, 1, toDateTime64('2299-12-31 00:00:00', 3, 'Asia/Shanghai')) OVER (PARTITION BY division_code ORDER BY row_from ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS row_to
        FROM
        (
          SELECT DISTINCT division_code, event_time AS row_from FROM
          (
            SELECT * FROM std.division WHERE toString(division_code) LIKE {thing:String} AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')
          )
        )
      ) AS b ON c.division_code = b.division_code
      WHERE c.event_time <= b.row_from
    )
    WHERE src_system IN ('nbs_register')
    ORDER BY division_code DESC, row_from DESC, row_to DESC, src_system DESC, version DESC, kafka_offset DESC
    LIMIT 1 BY division_code, row_from, row_to, src_system
  )
  WHERE is_deleted = 0
)
COMMENT '行政区划：每件事物各时段的一物一行 [e51f911ee010d0b1]';

CREATE OR REPLACE VIEW dwd.division_change
(
    change_id String COMMENT '变更标识',
    kind LowCardinality(String) COMMENT '变更类型',
    old_code Nullable(FixedString(12)) COMMENT '原代码',
    old_name Nullable(String) COMMENT '原名称',
    new_name Nullable(String) COMMENT '新名称',
    successor_codes Array(String) COMMENT '承接代码',
    reason Nullable(String) COMMENT '变更原因',
    document_no Nullable(String) COMMENT '批准文件',
    approved_on Nullable(Date32) COMMENT '批准日期',
    snapshot_year Int64 COMMENT '年度',
    code_system LowCardinality(String) COMMENT '代码体系',
    new_code Nullable(FixedString(12)) COMMENT '新代码',
    announced_on Nullable(Date32) COMMENT '公布日期',
    code_valid_from Nullable(Date32) COMMENT '代码启用日期',
    share Nullable(Decimal(18, 4)) COMMENT '承接比例（1）',
    share_basis LowCardinality(Nullable(String)) COMMENT '比例依据',
    evidence Nullable(String) COMMENT '依据来源',
    villagers_meeting_on Nullable(Date32) COMMENT '村民会议日期',
    consent_share Nullable(Decimal(18, 4)) COMMENT '同意比例（1）',
    households_after Nullable(Int64) COMMENT '合并后户数（户）',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT change_id, kind, old_code, old_name, new_name, successor_codes, reason, document_no, approved_on, snapshot_year, code_system, new_code, announced_on, code_valid_from, share, share_basis, evidence, villagers_meeting_on, consent_share, households_after, _src, _at, _rule
FROM dwd.division_change__rows FINAL
WHERE is_deleted = 0
COMMENT '区划变更：一物一行 [7e156513b425312a]';

CREATE OR REPLACE VIEW dwd.division_change_as_of
(
    change_id String COMMENT '变更标识',
    kind LowCardinality(String) COMMENT '变更类型',
    old_code Nullable(FixedString(12)) COMMENT '原代码',
    old_name Nullable(String) COMMENT '原名称',
    new_name Nullable(String) COMMENT '新名称',
    successor_codes Array(String) COMMENT '承接代码',
    reason Nullable(String) COMMENT '变更原因',
    document_no Nullable(String) COMMENT '批准文件',
    approved_on Nullable(Date32) COMMENT '批准日期',
    snapshot_year Int64 COMMENT '年度',
    code_system LowCardinality(String) COMMENT '代码体系',
    new_code Nullable(FixedString(12)) COMMENT '新代码',
    announced_on Nullable(Date32) COMMENT '公布日期',
    code_valid_from Nullable(Date32) COMMENT '代码启用日期',
    share Nullable(Decimal(18, 4)) COMMENT '承接比例（1）',
    share_basis LowCardinality(Nullable(String)) COMMENT '比例依据',
    evidence Nullable(String) COMMENT '依据来源',
    villagers_meeting_on Nullable(Date32) COMMENT '村民会议日期',
    consent_share Nullable(Decimal(18, 4)) COMMENT '同意比例（1）',
    households_after Nullable(Int64) COMMENT '合并后户数（户）',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT change_id,
       kind,
       old_code,
       old_name,
       new_name,
       successor_codes,
       reason,
       document_no,
       approved_on,
       snapshot_year,
       code_system,
       new_code,
       announced_on,
       code_valid_from,
       share,
       share_basis,
       evidence,
       villagers_meeting_on,
       consent_share,
       households_after,
       src_system AS _src,
       event_time AS _at,
       multiIf(multiIf(src_system = 'nbs_register', 1, 255) = 0, '', multiIf(src_system = 'nbs_register', 1, 255) = 255, 'freshest', concat('authority:', toString(multiIf(src_system = 'nbs_register', 1, 255)))) AS _rule
FROM
(
  SELECT *
  FROM
  (
    SELECT change_id, kind, old_code, old_name, new_name, successor_codes, reason, document_no, approved_on, snapshot_year, code_system, new_code, announced_on, code_valid_from, share, share_basis, evidence, villagers_meeting_on, consent_share, households_after, src_system, src_tier, event_time, version, is_deleted
    FROM std.division_change
    WHERE src_system IN ('nbs_register') AND event_time <= parseDateTime64BestEffort({at:String}, 3, 'Asia/Shanghai') AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')
    ORDER BY change_id DESC, src_system DESC, version DESC, kafka_offset DESC
    LIMIT 1 BY change_id, src_system
  )
  WHERE is_deleted = 0
)
COMMENT '区划变更：任意时点（at）的一物一行，按任意时点（known）所知 [49c8474e1353ae1d]';

CREATE OR REPLACE VIEW dwd.division_change_history
(
    row_from DateTime64(3, 'Asia/Shanghai') COMMENT '本行起始时间（含）',
    row_to DateTime64(3, 'Asia/Shanghai') COMMENT '本行终止时间（不含）；尚在有效为2299年末',
    change_id String COMMENT '变更标识',
    kind LowCardinality(String) COMMENT '变更类型',
    old_code Nullable(FixedString(12)) COMMENT '原代码',
    old_name Nullable(String) COMMENT '原名称',
    new_name Nullable(String) COMMENT '新名称',
    successor_codes Array(String) COMMENT '承接代码',
    reason Nullable(String) COMMENT '变更原因',
    document_no Nullable(String) COMMENT '批准文件',
    approved_on Nullable(Date32) COMMENT '批准日期',
    snapshot_year Int64 COMMENT '年度',
    code_system LowCardinality(String) COMMENT '代码体系',
    new_code Nullable(FixedString(12)) COMMENT '新代码',
    announced_on Nullable(Date32) COMMENT '公布日期',
    code_valid_from Nullable(Date32) COMMENT '代码启用日期',
    share Nullable(Decimal(18, 4)) COMMENT '承接比例（1）',
    share_basis LowCardinality(Nullable(String)) COMMENT '比例依据',
    evidence Nullable(String) COMMENT '依据来源',
    villagers_meeting_on Nullable(Date32) COMMENT '村民会议日期',
    consent_share Nullable(Decimal(18, 4)) COMMENT '同意比例（1）',
    households_after Nullable(Int64) COMMENT '合并后户数（户）',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT row_from,
       row_to,
       change_id,
       kind,
       old_code,
       old_name,
       new_name,
       successor_codes,
       reason,
       document_no,
       approved_on,
       snapshot_year,
       code_system,
       new_code,
       announced_on,
       code_valid_from,
       share,
       share_basis,
       evidence,
       villagers_meeting_on,
       consent_share,
       households_after,
       src_system AS _src,
       event_time AS _at,
       multiIf(multiIf(src_system = 'nbs_register', 1, 255) = 0, '', multiIf(src_system = 'nbs_register', 1, 255) = 255, 'freshest', concat('authority:', toString(multiIf(src_system = 'nbs_register', 1, 255)))) AS _rule
FROM
(
  SELECT *
  FROM
  (
    SELECT row_from, row_to, change_id, kind, old_code, old_name, new_name, successor_codes, reason, document_no, approved_on, snapshot_year, code_system, new_code, announced_on, code_valid_from, share, share_basis, evidence, villagers_meeting_on, consent_share, households_after, src_system, src_tier, event_time, version, is_deleted
    FROM (
      SELECT c.change_id AS change_id, c.kind AS kind, c.old_code AS old_code, c.old_name AS old_name, c.new_name AS new_name, c.successor_codes AS successor_codes, c.reason AS reason, c.document_no AS document_no, c.approved_on AS approved_on, c.snapshot_year AS snapshot_year, c.code_system AS code_system, c.new_code AS new_code, c.announced_on AS announced_on, c.code_valid_from AS code_valid_from, c.share AS share, c.share_basis AS share_basis, c.evidence AS evidence, c.villagers_meeting_on AS villagers_meeting_on, c.consent_share AS consent_share, c.households_after AS households_after, c.src_system AS src_system, c.src_tier AS src_tier, c.src_division AS src_division, c.src_record_id AS src_record_id, c.event_time AS event_time, c.arrived_at AS arrived_at, c.version AS version, c.is_deleted AS is_deleted, c.q_flags AS q_flags, c.kafka_topic AS kafka_topic, c.kafka_partition AS kafka_partition, c.kafka_offset AS kafka_offset, c.place AS place, b.row_from AS row_from, b.row_to AS row_to
      FROM
      (
        SELECT * FROM std.division_change WHERE toString(change_id) LIKE {thing:String} AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')
      ) AS c
      INNER JOIN
      (
        SELECT change_id, row_from, leadInFrame(row_from, 1, toDateTime64('2299-12-31 00:00:00', 3, 'Asia/Shanghai')) OVER (PARTITION BY change_id ORDER BY row_from ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS row_to
        FROM
        (
          SELECT DISTINCT change_id, event_time AS row_from FROM
          (
            SELECT * FROM std.division_change WHERE toString(change_id) LIKE {thing:String} AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')
          )
        )
      ) AS b ON c.change_id = b.change_id
      WHERE c.event_time <= b.row_from
    )
    WHERE src_system IN ('nbs_register')
    ORDER BY change_id DESC, row_from DESC, row_to DESC, src_system DESC, version DESC, kafka_offset DESC
    LIMIT 1 BY change_id, row_from, row_to, src_system
  )
  WHERE is_deleted = 0
)
COMMENT '区划变更：每件事物各时段的一物一行 [2d0807ff073b23c3]';

CREATE OR REPLACE VIEW dwd.grid
(
    grid_id String COMMENT '网格编码',
    valid_from Date32 COMMENT '生效日期',
    valid_to Nullable(Date32) COMMENT '失效日期',
    division_code FixedString(12) COMMENT '所属村（社区）',
    src_grid_code Nullable(String) COMMENT '源编码',
    grid_kind LowCardinality(String) COMMENT '网格类型',
    name Nullable(String) COMMENT '名称',
    households Nullable(Int64) COMMENT '户数（户）',
    area_m2 Nullable(Decimal(18, 4)) COMMENT '面积（m2）',
    party_branch Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '建有党支部（党小组）',
    full_time_posts Nullable(Int64) COMMENT '专职网格员岗位数（个）',
    part_time_posts Nullable(Int64) COMMENT '兼职网格员岗位数（个）',
    standard_ok Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '划分达标',
    geom_ref Nullable(String) COMMENT '图形引用',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT grid_id, valid_from, valid_to, division_code, src_grid_code, grid_kind, name, households, area_m2, party_branch, full_time_posts, part_time_posts, standard_ok, geom_ref, _src, _at, _rule
FROM dwd.grid__rows FINAL
WHERE is_deleted = 0
COMMENT '网格：一物一行 [574182bc0a70054e]';

CREATE OR REPLACE VIEW dwd.grid_as_of
(
    grid_id String COMMENT '网格编码',
    valid_from Date32 COMMENT '生效日期',
    valid_to Nullable(Date32) COMMENT '失效日期',
    division_code FixedString(12) COMMENT '所属村（社区）',
    src_grid_code Nullable(String) COMMENT '源编码',
    grid_kind LowCardinality(String) COMMENT '网格类型',
    name Nullable(String) COMMENT '名称',
    households Nullable(Int64) COMMENT '户数（户）',
    area_m2 Nullable(Decimal(18, 4)) COMMENT '面积（m2）',
    party_branch Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '建有党支部（党小组）',
    full_time_posts Nullable(Int64) COMMENT '专职网格员岗位数（个）',
    part_time_posts Nullable(Int64) COMMENT '兼职网格员岗位数（个）',
    standard_ok Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '划分达标',
    geom_ref Nullable(String) COMMENT '图形引用',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT grid_id,
       valid_from,
       valid_to,
       division_code,
       src_grid_code,
       grid_kind,
       name,
       households,
       area_m2,
       party_branch,
       full_time_posts,
       part_time_posts,
       standard_ok,
       geom_ref,
       src_system AS _src,
       event_time AS _at,
       multiIf(multiIf(src_system = 'city_operations', 1, src_tier = 'C', 2, src_tier = 'X', 3, 255) = 0, '', multiIf(src_system = 'city_operations', 1, src_tier = 'C', 2, src_tier = 'X', 3, 255) = 255, 'freshest', concat('authority:', toString(multiIf(src_system = 'city_operations', 1, src_tier = 'C', 2, src_tier = 'X', 3, 255)))) AS _rule
FROM
(
  SELECT *
  FROM
  (
    SELECT grid_id, valid_from, valid_to, division_code, src_grid_code, grid_kind, name, households, area_m2, party_branch, full_time_posts, part_time_posts, standard_ok, geom_ref, src_system, src_tier, event_time, version, is_deleted
    FROM std.grid
    WHERE src_system IN ('county_offices') AND event_time <= parseDateTime64BestEffort({at:String}, 3, 'Asia/Shanghai') AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')
    ORDER BY grid_id DESC, valid_from DESC, src_system DESC, version DESC, kafka_offset DESC
    LIMIT 1 BY grid_id, valid_from, src_system
  )
  WHERE is_deleted = 0
)
COMMENT '网格：任意时点（at）的一物一行，按任意时点（known）所知 [ca9da89f8ae2d6de]';

CREATE OR REPLACE VIEW dwd.grid_history
(
    row_from DateTime64(3, 'Asia/Shanghai') COMMENT '本行起始时间（含）',
    row_to DateTime64(3, 'Asia/Shanghai') COMMENT '本行终止时间（不含）；尚在有效为2299年末',
    grid_id String COMMENT '网格编码',
    valid_from Date32 COMMENT '生效日期',
    valid_to Nullable(Date32) COMMENT '失效日期',
    division_code FixedString(12) COMMENT '所属村（社区）',
    src_grid_code Nullable(String) COMMENT '源编码',
    grid_kind LowCardinality(String) COMMENT '网格类型',
    name Nullable(String) COMMENT '名称',
    households Nullable(Int64) COMMENT '户数（户）',
    area_m2 Nullable(Decimal(18, 4)) COMMENT '面积（m2）',
    party_branch Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '建有党支部（党小组）',
    full_time_posts Nullable(Int64) COMMENT '专职网格员岗位数（个）',
    part_time_posts Nullable(Int64) COMMENT '兼职网格员岗位数（个）',
    standard_ok Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '划分达标',
    geom_ref Nullable(String) COMMENT '图形引用',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT row_from,
       row_to,
       grid_id,
       valid_from,
       valid_to,
       division_code,
       src_grid_code,
       grid_kind,
       name,
       households,
       area_m2,
       party_branch,
       full_time_posts,
       part_time_posts,
       standard_ok,
       geom_ref,
       src_system AS _src,
       event_time AS _at,
       multiIf(multiIf(src_system = 'city_operations', 1, src_tier = 'C', 2, src_tier = 'X', 3, 255) = 0, '', multiIf(src_system = 'city_operations', 1, src_tier = 'C', 2, src_tier = 'X', 3, 255) = 255, 'freshest', concat('authority:', toString(multiIf(src_system = 'city_operations', 1, src_tier = 'C', 2, src_tier = 'X', 3, 255)))) AS _rule
FROM
(
  SELECT *
  FROM
  (
    SELECT row_from, row_to, grid_id, valid_from, valid_to, division_code, src_grid_code, grid_kind, name, households, area_m2, party_branch, full_time_posts, part_time_posts, standard_ok, geom_ref, src_system, src_tier, event_time, version, is_deleted
    FROM (
      SELECT c.grid_id AS grid_id, c.valid_from AS valid_from, c.valid_to AS valid_to, c.division_code AS division_code, c.src_grid_code AS src_grid_code, c.grid_kind AS grid_kind, c.name AS name, c.households AS households, c.area_m2 AS area_m2, c.party_branch AS party_branch, c.full_time_posts AS full_time_posts, c.part_time_posts AS part_time_posts, c.standard_ok AS standard_ok, c.geom_ref AS geom_ref, c.src_system AS src_system, c.src_tier AS src_tier, c.src_division AS src_division, c.src_record_id AS src_record_id, c.event_time AS event_time, c.arrived_at AS arrived_at, c.version AS version, c.is_deleted AS is_deleted, c.q_flags AS q_flags, c.kafka_topic AS kafka_topic, c.kafka_partition AS kafka_partition, c.kafka_offset AS kafka_offset, c.place AS place, b.row_from AS row_from, b.row_to AS row_to
      FROM
      (
        SELECT * FROM std.grid WHERE concatWithSeparator('|', toString(grid_id), toString(valid_from)) LIKE {thing:String} AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')
      ) AS c
      INNER JOIN
      (
        SELECT grid_id, valid_from, row_from, leadInFrame(row_from, 1, toDateTime64('2299-12-31 00:00:00', 3, 'Asia/Shanghai')) OVER (PARTITION BY grid_id, valid_from ORDER BY row_from ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS row_to
        FROM
        (
          SELECT DISTINCT grid_id, valid_from, event_time AS row_from FROM
          (
            SELECT * FROM std.grid WHERE concatWithSeparator('|', toString(grid_id), toString(valid_from)) LIKE {thing:String} AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')
          )
        )
      ) AS b ON c.grid_id = b.grid_id AND c.valid_from = b.valid_from
      WHERE c.event_time <= b.row_from
    )
    WHERE src_system IN ('county_offices')
    ORDER BY grid_id DESC, valid_from DESC, row_from DESC, row_to DESC, src_system DESC, version DESC, kafka_offset DESC
    LIMIT 1 BY grid_id, valid_from, row_from, row_to, src_system
  )
  WHERE is_deleted = 0
)
COMMENT '网格：每件事物各时段的一物一行 [49c109a5265afe7c]';

CREATE OR REPLACE VIEW dwd.grid_as_of_under
(
    under_code FixedString(12) COMMENT '在所选登记册中的区划代码',
    under_how LowCardinality(String) COMMENT '换算方式：same 未变，whole 整体归入，shared 按已知比例分，undivided 比例不明、留在共同上级，above 仅知上级，lost 去向无记载、留在上级',
    under_share Decimal(18, 12) COMMENT '本行占原数的份额',
    under_candidates Array(FixedString(12)) COMMENT '比例不明时可能的承接区划',
    grid_id String COMMENT '网格编码',
    valid_from Date32 COMMENT '生效日期',
    valid_to Nullable(Date32) COMMENT '失效日期',
    division_code FixedString(12) COMMENT '所属村（社区）',
    src_grid_code Nullable(String) COMMENT '源编码',
    grid_kind LowCardinality(String) COMMENT '网格类型',
    name Nullable(String) COMMENT '名称',
    households Nullable(Int64) COMMENT '户数（户）',
    area_m2 Nullable(Decimal(18, 4)) COMMENT '面积（m2）',
    party_branch Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '建有党支部（党小组）',
    full_time_posts Nullable(Int64) COMMENT '专职网格员岗位数（个）',
    part_time_posts Nullable(Int64) COMMENT '兼职网格员岗位数（个）',
    standard_ok Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '划分达标',
    geom_ref Nullable(String) COMMENT '图形引用',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT way.1 AS under_code,
       way.2 AS under_how,
       way.4 - way.3 AS under_share,
       way.5 AS under_candidates,
       t.grid_id AS grid_id,
       t.valid_from AS valid_from,
       t.valid_to AS valid_to,
       t.division_code AS division_code,
       t.src_grid_code AS src_grid_code,
       t.grid_kind AS grid_kind,
       t.name AS name,
       t.households AS households,
       t.area_m2 AS area_m2,
       t.party_branch AS party_branch,
       t.full_time_posts AS full_time_posts,
       t.part_time_posts AS part_time_posts,
       t.standard_ok AS standard_ok,
       t.geom_ref AS geom_ref,
       t._src AS _src,
       t._at AS _at,
       t._rule AS _rule
FROM
(
  SELECT grid_id,
         valid_from,
         valid_to,
         division_code,
         src_grid_code,
         grid_kind,
         name,
         households,
         area_m2,
         party_branch,
         full_time_posts,
         part_time_posts,
         standard_ok,
         geom_ref,
         src_system AS _src,
         event_time AS _at,
         multiIf(multiIf(src_system = 'city_operations', 1, src_tier = 'C', 2, src_tier = 'X', 3, 255) = 0, '', multiIf(src_system = 'city_operations', 1, src_tier = 'C', 2, src_tier = 'X', 3, 255) = 255, 'freshest', concat('authority:', toString(multiIf(src_system = 'city_operations', 1, src_tier = 'C', 2, src_tier = 'X', 3, 255)))) AS _rule
  FROM
  (
    SELECT *
    FROM
    (
      SELECT grid_id, valid_from, valid_to, division_code, src_grid_code, grid_kind, name, households, area_m2, party_branch, full_time_posts, part_time_posts, standard_ok, geom_ref, src_system, src_tier, event_time, version, is_deleted
      FROM std.grid
      WHERE src_system IN ('county_offices') AND event_time <= parseDateTime64BestEffort({at:String}, 3, 'Asia/Shanghai') AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')
      ORDER BY grid_id DESC, valid_from DESC, src_system DESC, version DESC, kafka_offset DESC
      LIMIT 1 BY grid_id, valid_from, src_system
    )
    WHERE is_deleted = 0
  )
) AS t
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 0 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS own ON own.code = t.division_code
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS town ON town.code = toFixedString(if(endsWith(t.division_code, '000'), '', concat(substring(t.division_code, 1, 9), '000')), 12)
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS county ON county.code = toFixedString(if(endsWith(t.division_code, '000000'), '', concat(substring(t.division_code, 1, 6), '000000')), 12)
ARRAY JOIN arrayConcat(
  arrayMap(x -> (x.3, x.4, x.5, x.6, x.7), arrayFilter(x -> x.1 <= toDate32(t.valid_from) AND x.2 > toDate32(t.valid_from), if(notEmpty(own.ways), own.ways, if(notEmpty(town.ways), town.ways, county.ways))) AS found),
  if(empty(found), [(t.division_code, 'same', toDecimal64(0, 12), toDecimal64(1, 12), emptyArrayString()::Array(FixedString(12)))], [])) AS way
WHERE throwIf((SELECT count() = 0 FROM dwd.division_remap), 'dwd.division_remap is empty: run "rongtong run integrate" once') = 0
COMMENT '网格：任意时点（at）的一物一行，按任意时点（known）所知；按所选日期（under）的登记册 [0c10ed22d33fb0e4]';

CREATE OR REPLACE VIEW dwd.grid_under
(
    under_code FixedString(12) COMMENT '在所选登记册中的区划代码',
    under_how LowCardinality(String) COMMENT '换算方式：same 未变，whole 整体归入，shared 按已知比例分，undivided 比例不明、留在共同上级，above 仅知上级，lost 去向无记载、留在上级',
    under_share Decimal(18, 12) COMMENT '本行占原数的份额',
    under_candidates Array(FixedString(12)) COMMENT '比例不明时可能的承接区划',
    grid_id String COMMENT '网格编码',
    valid_from Date32 COMMENT '生效日期',
    valid_to Nullable(Date32) COMMENT '失效日期',
    division_code FixedString(12) COMMENT '所属村（社区）',
    src_grid_code Nullable(String) COMMENT '源编码',
    grid_kind LowCardinality(String) COMMENT '网格类型',
    name Nullable(String) COMMENT '名称',
    households Nullable(Int64) COMMENT '户数（户）',
    area_m2 Nullable(Decimal(18, 4)) COMMENT '面积（m2）',
    party_branch Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '建有党支部（党小组）',
    full_time_posts Nullable(Int64) COMMENT '专职网格员岗位数（个）',
    part_time_posts Nullable(Int64) COMMENT '兼职网格员岗位数（个）',
    standard_ok Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '划分达标',
    geom_ref Nullable(String) COMMENT '图形引用',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT way.1 AS under_code,
       way.2 AS under_how,
       way.4 - way.3 AS under_share,
       way.5 AS under_candidates,
       t.grid_id AS grid_id,
       t.valid_from AS valid_from,
       t.valid_to AS valid_to,
       t.division_code AS division_code,
       t.src_grid_code AS src_grid_code,
       t.grid_kind AS grid_kind,
       t.name AS name,
       t.households AS households,
       t.area_m2 AS area_m2,
       t.party_branch AS party_branch,
       t.full_time_posts AS full_time_posts,
       t.part_time_posts AS part_time_posts,
       t.standard_ok AS standard_ok,
       t.geom_ref AS geom_ref,
       t._src AS _src,
       t._at AS _at,
       t._rule AS _rule
FROM
(
  SELECT * FROM dwd.grid
) AS t
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 0 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS own ON own.code = t.division_code
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS town ON town.code = toFixedString(if(endsWith(t.division_code, '000'), '', concat(substring(t.division_code, 1, 9), '000')), 12)
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS county ON county.code = toFixedString(if(endsWith(t.division_code, '000000'), '', concat(substring(t.division_code, 1, 6), '000000')), 12)
ARRAY JOIN arrayConcat(
  arrayMap(x -> (x.3, x.4, x.5, x.6, x.7), arrayFilter(x -> x.1 <= toDate32(t.valid_from) AND x.2 > toDate32(t.valid_from), if(notEmpty(own.ways), own.ways, if(notEmpty(town.ways), town.ways, county.ways))) AS found),
  if(empty(found), [(t.division_code, 'same', toDecimal64(0, 12), toDecimal64(1, 12), emptyArrayString()::Array(FixedString(12)))], [])) AS way
WHERE throwIf((SELECT count() = 0 FROM dwd.division_remap), 'dwd.division_remap is empty: run "rongtong run integrate" once') = 0
COMMENT '网格：按所选日期（under）的登记册看的一物一行 [528b570530d0c727]';

CREATE OR REPLACE VIEW dwd.committee_term
(
    division_code FixedString(12) COMMENT '村（社区）',
    body LowCardinality(String) COMMENT '班子',
    term_no Int64 COMMENT '届次（届）',
    election_on Nullable(Date32) COMMENT '选举日期',
    term_ends_on Nullable(Date32) COMMENT '任期届满日期',
    seats Nullable(Int64) COMMENT '职数（席）',
    filled Nullable(Int64) COMMENT '实配人数（席）',
    female_n Nullable(Int64) COMMENT '女性人数（人）',
    under35_n Nullable(Int64) COMMENT '35 岁及以下人数（人）',
    cross_seats Nullable(Int64) COMMENT '交叉任职席位（席）',
    secretary_is_director Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '书记兼任村（居）委会主任',
    secretary_heads_collective Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '书记兼任集体经济组织负责人',
    part_time_members_n Nullable(Int64) COMMENT '兼职委员人数（人）',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT division_code, body, term_no, election_on, term_ends_on, seats, filled, female_n, under35_n, cross_seats, secretary_is_director, secretary_heads_collective, part_time_members_n, _src, _at, _rule
FROM dwd.committee_term__rows FINAL
WHERE is_deleted = 0
COMMENT '两委届次：一物一行 [97da96e35a6ba690]';

CREATE OR REPLACE VIEW dwd.committee_term_under
(
    under_code FixedString(12) COMMENT '在所选登记册中的区划代码',
    under_how LowCardinality(String) COMMENT '换算方式：same 未变，whole 整体归入，shared 按已知比例分，undivided 比例不明、留在共同上级，above 仅知上级，lost 去向无记载、留在上级',
    under_share Decimal(18, 12) COMMENT '本行占原数的份额',
    under_candidates Array(FixedString(12)) COMMENT '比例不明时可能的承接区划',
    division_code FixedString(12) COMMENT '村（社区）',
    body LowCardinality(String) COMMENT '班子',
    term_no Int64 COMMENT '届次（届）',
    election_on Nullable(Date32) COMMENT '选举日期',
    term_ends_on Nullable(Date32) COMMENT '任期届满日期',
    seats Nullable(Int64) COMMENT '职数（席）',
    filled Nullable(Int64) COMMENT '实配人数（席）',
    female_n Nullable(Int64) COMMENT '女性人数（人）',
    under35_n Nullable(Int64) COMMENT '35 岁及以下人数（人）',
    cross_seats Nullable(Int64) COMMENT '交叉任职席位（席）',
    secretary_is_director Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '书记兼任村（居）委会主任',
    secretary_heads_collective Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '书记兼任集体经济组织负责人',
    part_time_members_n Nullable(Int64) COMMENT '兼职委员人数（人）',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT way.1 AS under_code,
       way.2 AS under_how,
       way.4 - way.3 AS under_share,
       way.5 AS under_candidates,
       t.division_code AS division_code,
       t.body AS body,
       t.term_no AS term_no,
       t.election_on AS election_on,
       t.term_ends_on AS term_ends_on,
       t.seats AS seats,
       t.filled AS filled,
       t.female_n AS female_n,
       t.under35_n AS under35_n,
       t.cross_seats AS cross_seats,
       t.secretary_is_director AS secretary_is_director,
       t.secretary_heads_collective AS secretary_heads_collective,
       t.part_time_members_n AS part_time_members_n,
       t._src AS _src,
       t._at AS _at,
       t._rule AS _rule
FROM
(
  SELECT * FROM dwd.committee_term
) AS t
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 0 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS own ON own.code = t.division_code
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS town ON town.code = toFixedString(if(endsWith(t.division_code, '000'), '', concat(substring(t.division_code, 1, 9), '000')), 12)
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS county ON county.code = toFixedString(if(endsWith(t.division_code, '000000'), '', concat(substring(t.division_code, 1, 6), '000000')), 12)
ARRAY JOIN arrayConcat(
  arrayMap(x -> (x.3, x.4, x.5, x.6, x.7), arrayFilter(x -> x.1 <= toDate32(ifNull(t.election_on, today())) AND x.2 > toDate32(ifNull(t.election_on, today())), if(notEmpty(own.ways), own.ways, if(notEmpty(town.ways), town.ways, county.ways))) AS found),
  if(empty(found), [(t.division_code, 'same', toDecimal64(0, 12), toDecimal64(1, 12), emptyArrayString()::Array(FixedString(12)))], [])) AS way
WHERE throwIf((SELECT count() = 0 FROM dwd.division_remap), 'dwd.division_remap is empty: run "rongtong run integrate" once') = 0
COMMENT '两委届次：按所选日期（under）的登记册看的一物一行 [1a60d51782634c40]';

CREATE OR REPLACE VIEW dwd.device
(
    device_id String COMMENT '设备标识',
    device_kind LowCardinality(String) COMMENT '设备类型',
    gb28181_id Nullable(String) COMMENT '国标编码',
    division_code FixedString(12) COMMENT '所在区划',
    grid_id Nullable(String) COMMENT '所在网格',
    owner_kind LowCardinality(Nullable(String)) COMMENT '权属',
    installed_on Nullable(Date32) COMMENT '安装日期',
    networked Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '是否联网',
    status LowCardinality(Nullable(String)) COMMENT '状态',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT device_id, device_kind, gb28181_id, division_code, grid_id, owner_kind, installed_on, networked, status, _src, _at, _rule
FROM dwd.device__rows FINAL
WHERE is_deleted = 0
COMMENT '终端与设备：一物一行 [d7a0812b091132d1]';

CREATE OR REPLACE VIEW dwd.device_under
(
    under_code FixedString(12) COMMENT '在所选登记册中的区划代码',
    under_how LowCardinality(String) COMMENT '换算方式：same 未变，whole 整体归入，shared 按已知比例分，undivided 比例不明、留在共同上级，above 仅知上级，lost 去向无记载、留在上级',
    under_share Decimal(18, 12) COMMENT '本行占原数的份额',
    under_candidates Array(FixedString(12)) COMMENT '比例不明时可能的承接区划',
    device_id String COMMENT '设备标识',
    device_kind LowCardinality(String) COMMENT '设备类型',
    gb28181_id Nullable(String) COMMENT '国标编码',
    division_code FixedString(12) COMMENT '所在区划',
    grid_id Nullable(String) COMMENT '所在网格',
    owner_kind LowCardinality(Nullable(String)) COMMENT '权属',
    installed_on Nullable(Date32) COMMENT '安装日期',
    networked Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '是否联网',
    status LowCardinality(Nullable(String)) COMMENT '状态',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT way.1 AS under_code,
       way.2 AS under_how,
       way.4 - way.3 AS under_share,
       way.5 AS under_candidates,
       t.device_id AS device_id,
       t.device_kind AS device_kind,
       t.gb28181_id AS gb28181_id,
       t.division_code AS division_code,
       t.grid_id AS grid_id,
       t.owner_kind AS owner_kind,
       t.installed_on AS installed_on,
       t.networked AS networked,
       t.status AS status,
       t._src AS _src,
       t._at AS _at,
       t._rule AS _rule
FROM
(
  SELECT * FROM dwd.device
) AS t
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 0 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS own ON own.code = t.division_code
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS town ON town.code = toFixedString(if(endsWith(t.division_code, '000'), '', concat(substring(t.division_code, 1, 9), '000')), 12)
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS county ON county.code = toFixedString(if(endsWith(t.division_code, '000000'), '', concat(substring(t.division_code, 1, 6), '000000')), 12)
ARRAY JOIN arrayConcat(
  arrayMap(x -> (x.3, x.4, x.5, x.6, x.7), arrayFilter(x -> x.1 <= toDate32(ifNull(t.installed_on, today())) AND x.2 > toDate32(ifNull(t.installed_on, today())), if(notEmpty(own.ways), own.ways, if(notEmpty(town.ways), town.ways, county.ways))) AS found),
  if(empty(found), [(t.division_code, 'same', toDecimal64(0, 12), toDecimal64(1, 12), emptyArrayString()::Array(FixedString(12)))], [])) AS way
WHERE throwIf((SELECT count() = 0 FROM dwd.division_remap), 'dwd.division_remap is empty: run "rongtong run integrate" once') = 0
COMMENT '终端与设备：按所选日期（under）的登记册看的一物一行 [7a524cb6e8f0ba86]';

CREATE OR REPLACE VIEW dwd.device_health_daily
(
    device_id String COMMENT '设备标识',
    day Date32 COMMENT '日期',
    division_code FixedString(12) COMMENT '所在区划',
    online_minutes Nullable(Int64) COMMENT '在线时长（min）',
    fault_code LowCardinality(Nullable(String)) COMMENT '故障',
    last_seen Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '最近在线时间',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT device_id, day, division_code, online_minutes, fault_code, last_seen, _src, _at, _rule
FROM dwd.device_health_daily__rows FINAL
WHERE is_deleted = 0
COMMENT '设备运行日报：一物一行 [41f9d3dd8a568e9b]';

CREATE OR REPLACE VIEW dwd.device_health_daily_under
(
    under_code FixedString(12) COMMENT '在所选登记册中的区划代码',
    under_how LowCardinality(String) COMMENT '换算方式：same 未变，whole 整体归入，shared 按已知比例分，undivided 比例不明、留在共同上级，above 仅知上级，lost 去向无记载、留在上级',
    under_share Decimal(18, 12) COMMENT '本行占原数的份额',
    under_candidates Array(FixedString(12)) COMMENT '比例不明时可能的承接区划',
    device_id String COMMENT '设备标识',
    day Date32 COMMENT '日期',
    division_code FixedString(12) COMMENT '所在区划',
    online_minutes Nullable(Int64) COMMENT '在线时长（min）',
    fault_code LowCardinality(Nullable(String)) COMMENT '故障',
    last_seen Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '最近在线时间',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT way.1 AS under_code,
       way.2 AS under_how,
       way.4 - way.3 AS under_share,
       way.5 AS under_candidates,
       t.device_id AS device_id,
       t.day AS day,
       t.division_code AS division_code,
       t.online_minutes AS online_minutes,
       t.fault_code AS fault_code,
       t.last_seen AS last_seen,
       t._src AS _src,
       t._at AS _at,
       t._rule AS _rule
FROM
(
  SELECT * FROM dwd.device_health_daily
) AS t
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 0 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS own ON own.code = t.division_code
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS town ON town.code = toFixedString(if(endsWith(t.division_code, '000'), '', concat(substring(t.division_code, 1, 9), '000')), 12)
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS county ON county.code = toFixedString(if(endsWith(t.division_code, '000000'), '', concat(substring(t.division_code, 1, 6), '000000')), 12)
ARRAY JOIN arrayConcat(
  arrayMap(x -> (x.3, x.4, x.5, x.6, x.7), arrayFilter(x -> x.1 <= toDate32(t.day) AND x.2 > toDate32(t.day), if(notEmpty(own.ways), own.ways, if(notEmpty(town.ways), town.ways, county.ways))) AS found),
  if(empty(found), [(t.division_code, 'same', toDecimal64(0, 12), toDecimal64(1, 12), emptyArrayString()::Array(FixedString(12)))], [])) AS way
WHERE throwIf((SELECT count() = 0 FROM dwd.division_remap), 'dwd.division_remap is empty: run "rongtong run integrate" once') = 0
COMMENT '设备运行日报：按所选日期（under）的登记册看的一物一行 [a241acb391ab8283]';

CREATE OR REPLACE VIEW dwd.facility
(
    facility_id String COMMENT '设施标识',
    division_code FixedString(12) COMMENT '所在区划',
    division_code_src LowCardinality(String) COMMENT '所在区划·取自来源',
    division_code_at DateTime64(3, 'Asia/Shanghai') COMMENT '所在区划·业务时间',
    division_code_rule LowCardinality(String) COMMENT '所在区划·取值规则',
    facility_kind LowCardinality(String) COMMENT '设施类别',
    facility_kind_src LowCardinality(String) COMMENT '设施类别·取自来源',
    facility_kind_at DateTime64(3, 'Asia/Shanghai') COMMENT '设施类别·业务时间',
    facility_kind_rule LowCardinality(String) COMMENT '设施类别·取值规则',
    name Nullable(String) COMMENT '名称',
    name_src LowCardinality(String) COMMENT '名称·取自来源',
    name_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '名称·业务时间',
    name_rule LowCardinality(String) COMMENT '名称·取值规则',
    match_name Nullable(String) COMMENT '名称（比对用）',
    match_name_src LowCardinality(String) COMMENT '名称（比对用）·取自来源',
    match_name_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '名称（比对用）·业务时间',
    match_name_rule LowCardinality(String) COMMENT '名称（比对用）·取值规则',
    site_type LowCardinality(Nullable(String)) COMMENT '所在地类型',
    site_type_src LowCardinality(String) COMMENT '所在地类型·取自来源',
    site_type_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '所在地类型·业务时间',
    site_type_rule LowCardinality(String) COMMENT '所在地类型·取值规则',
    area_m2 Nullable(Decimal(18, 4)) COMMENT '建筑面积（m2）',
    area_m2_src LowCardinality(String) COMMENT '建筑面积·取自来源',
    area_m2_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '建筑面积·业务时间',
    area_m2_rule LowCardinality(String) COMMENT '建筑面积·取值规则',
    direct_service_area_m2 Nullable(Decimal(18, 4)) COMMENT '直接服务面积（m2）',
    direct_service_area_m2_src LowCardinality(String) COMMENT '直接服务面积·取自来源',
    direct_service_area_m2_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '直接服务面积·业务时间',
    direct_service_area_m2_rule LowCardinality(String) COMMENT '直接服务面积·取值规则',
    opened_on Nullable(Date32) COMMENT '启用日期',
    opened_on_src LowCardinality(String) COMMENT '启用日期·取自来源',
    opened_on_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '启用日期·业务时间',
    opened_on_rule LowCardinality(String) COMMENT '启用日期·取值规则',
    operating Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '是否运行',
    operating_src LowCardinality(String) COMMENT '是否运行·取自来源',
    operating_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '是否运行·业务时间',
    operating_rule LowCardinality(String) COMMENT '是否运行·取值规则',
    valid_from Nullable(Date32) COMMENT '生效日期',
    valid_from_src LowCardinality(String) COMMENT '生效日期·取自来源',
    valid_from_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '生效日期·业务时间',
    valid_from_rule LowCardinality(String) COMMENT '生效日期·取值规则',
    valid_to Nullable(Date32) COMMENT '失效日期',
    valid_to_src LowCardinality(String) COMMENT '失效日期·取自来源',
    valid_to_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '失效日期·业务时间',
    valid_to_rule LowCardinality(String) COMMENT '失效日期·取值规则',
    grid_id Nullable(String) COMMENT '所在网格',
    grid_id_src LowCardinality(String) COMMENT '所在网格·取自来源',
    grid_id_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '所在网格·业务时间',
    grid_id_rule LowCardinality(String) COMMENT '所在网格·取值规则',
    standardised Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '规范化',
    standardised_src LowCardinality(String) COMMENT '规范化·取自来源',
    standardised_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '规范化·业务时间',
    standardised_rule LowCardinality(String) COMMENT '规范化·取值规则',
    substantive Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '实体化运行',
    substantive_src LowCardinality(String) COMMENT '实体化运行·取自来源',
    substantive_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '实体化运行·业务时间',
    substantive_rule LowCardinality(String) COMMENT '实体化运行·取值规则',
    is_party_mass_centre Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '建成党群服务中心',
    is_party_mass_centre_src LowCardinality(String) COMMENT '建成党群服务中心·取自来源',
    is_party_mass_centre_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '建成党群服务中心·业务时间',
    is_party_mass_centre_rule LowCardinality(String) COMMENT '建成党群服务中心·取值规则',
    serves_divisions Array(String) COMMENT '协议共享区划',
    serves_divisions_src LowCardinality(String) COMMENT '协议共享区划·取自来源',
    serves_divisions_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '协议共享区划·业务时间',
    serves_divisions_rule LowCardinality(String) COMMENT '协议共享区划·取值规则',
    service_codes Array(String) COMMENT '服务项目',
    service_codes_src LowCardinality(String) COMMENT '服务项目·取自来源',
    service_codes_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '服务项目·业务时间',
    service_codes_rule LowCardinality(String) COMMENT '服务项目·取值规则',
    lon Nullable(Decimal(18, 4)) COMMENT '经度（degree）',
    lon_src LowCardinality(String) COMMENT '经度·取自来源',
    lon_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '经度·业务时间',
    lon_rule LowCardinality(String) COMMENT '经度·取值规则',
    lat Nullable(Decimal(18, 4)) COMMENT '纬度（degree）',
    lat_src LowCardinality(String) COMMENT '纬度·取自来源',
    lat_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '纬度·业务时间',
    lat_rule LowCardinality(String) COMMENT '纬度·取值规则'
) AS
SELECT facility_id, division_code, division_code_src, division_code_at, division_code_rule, facility_kind, facility_kind_src, facility_kind_at, facility_kind_rule, name, name_src, name_at, name_rule, match_name, match_name_src, match_name_at, match_name_rule, site_type, site_type_src, site_type_at, site_type_rule, area_m2, area_m2_src, area_m2_at, area_m2_rule, direct_service_area_m2, direct_service_area_m2_src, direct_service_area_m2_at, direct_service_area_m2_rule, opened_on, opened_on_src, opened_on_at, opened_on_rule, operating, operating_src, operating_at, operating_rule, valid_from, valid_from_src, valid_from_at, valid_from_rule, valid_to, valid_to_src, valid_to_at, valid_to_rule, grid_id, grid_id_src, grid_id_at, grid_id_rule, standardised, standardised_src, standardised_at, standardised_rule, substantive, substantive_src, substantive_at, substantive_rule, is_party_mass_centre, is_party_mass_centre_src, is_party_mass_centre_at, is_party_mass_centre_rule, serves_divisions, serves_divisions_src, serves_divisions_at, serves_divisions_rule, service_codes, service_codes_src, service_codes_at, service_codes_rule, lon, lon_src, lon_at, lon_rule, lat, lat_src, lat_at, lat_rule
FROM dwd.facility__rows FINAL
WHERE is_deleted = 0
COMMENT '设施阵地：一物一行 [8f1c515cac04817a]';

CREATE OR REPLACE VIEW dwd.facility_as_of
(
    facility_id String COMMENT '设施标识',
    division_code FixedString(12) COMMENT '所在区划',
    division_code_src LowCardinality(String) COMMENT '所在区划·取自来源',
    division_code_at DateTime64(3, 'Asia/Shanghai') COMMENT '所在区划·业务时间',
    division_code_rule LowCardinality(String) COMMENT '所在区划·取值规则',
    facility_kind LowCardinality(String) COMMENT '设施类别',
    facility_kind_src LowCardinality(String) COMMENT '设施类别·取自来源',
    facility_kind_at DateTime64(3, 'Asia/Shanghai') COMMENT '设施类别·业务时间',
    facility_kind_rule LowCardinality(String) COMMENT '设施类别·取值规则',
    name Nullable(String) COMMENT '名称',
    name_src LowCardinality(String) COMMENT '名称·取自来源',
    name_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '名称·业务时间',
    name_rule LowCardinality(String) COMMENT '名称·取值规则',
    match_name Nullable(String) COMMENT '名称（比对用）',
    match_name_src LowCardinality(String) COMMENT '名称（比对用）·取自来源',
    match_name_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '名称（比对用）·业务时间',
    match_name_rule LowCardinality(String) COMMENT '名称（比对用）·取值规则',
    site_type LowCardinality(Nullable(String)) COMMENT '所在地类型',
    site_type_src LowCardinality(String) COMMENT '所在地类型·取自来源',
    site_type_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '所在地类型·业务时间',
    site_type_rule LowCardinality(String) COMMENT '所在地类型·取值规则',
    area_m2 Nullable(Decimal(18, 4)) COMMENT '建筑面积（m2）',
    area_m2_src LowCardinality(String) COMMENT '建筑面积·取自来源',
    area_m2_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '建筑面积·业务时间',
    area_m2_rule LowCardinality(String) COMMENT '建筑面积·取值规则',
    direct_service_area_m2 Nullable(Decimal(18, 4)) COMMENT '直接服务面积（m2）',
    direct_service_area_m2_src LowCardinality(String) COMMENT '直接服务面积·取自来源',
    direct_service_area_m2_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '直接服务面积·业务时间',
    direct_service_area_m2_rule LowCardinality(String) COMMENT '直接服务面积·取值规则',
    opened_on Nullable(Date32) COMMENT '启用日期',
    opened_on_src LowCardinality(String) COMMENT '启用日期·取自来源',
    opened_on_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '启用日期·业务时间',
    opened_on_rule LowCardinality(String) COMMENT '启用日期·取值规则',
    operating Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '是否运行',
    operating_src LowCardinality(String) COMMENT '是否运行·取自来源',
    operating_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '是否运行·业务时间',
    operating_rule LowCardinality(String) COMMENT '是否运行·取值规则',
    valid_from Nullable(Date32) COMMENT '生效日期',
    valid_from_src LowCardinality(String) COMMENT '生效日期·取自来源',
    valid_from_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '生效日期·业务时间',
    valid_from_rule LowCardinality(String) COMMENT '生效日期·取值规则',
    valid_to Nullable(Date32) COMMENT '失效日期',
    valid_to_src LowCardinality(String) COMMENT '失效日期·取自来源',
    valid_to_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '失效日期·业务时间',
    valid_to_rule LowCardinality(String) COMMENT '失效日期·取值规则',
    grid_id Nullable(String) COMMENT '所在网格',
    grid_id_src LowCardinality(String) COMMENT '所在网格·取自来源',
    grid_id_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '所在网格·业务时间',
    grid_id_rule LowCardinality(String) COMMENT '所在网格·取值规则',
    standardised Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '规范化',
    standardised_src LowCardinality(String) COMMENT '规范化·取自来源',
    standardised_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '规范化·业务时间',
    standardised_rule LowCardinality(String) COMMENT '规范化·取值规则',
    substantive Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '实体化运行',
    substantive_src LowCardinality(String) COMMENT '实体化运行·取自来源',
    substantive_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '实体化运行·业务时间',
    substantive_rule LowCardinality(String) COMMENT '实体化运行·取值规则',
    is_party_mass_centre Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '建成党群服务中心',
    is_party_mass_centre_src LowCardinality(String) COMMENT '建成党群服务中心·取自来源',
    is_party_mass_centre_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '建成党群服务中心·业务时间',
    is_party_mass_centre_rule LowCardinality(String) COMMENT '建成党群服务中心·取值规则',
    serves_divisions Array(String) COMMENT '协议共享区划',
    serves_divisions_src LowCardinality(String) COMMENT '协议共享区划·取自来源',
    serves_divisions_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '协议共享区划·业务时间',
    serves_divisions_rule LowCardinality(String) COMMENT '协议共享区划·取值规则',
    service_codes Array(String) COMMENT '服务项目',
    service_codes_src LowCardinality(String) COMMENT '服务项目·取自来源',
    service_codes_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '服务项目·业务时间',
    service_codes_rule LowCardinality(String) COMMENT '服务项目·取值规则',
    lon Nullable(Decimal(18, 4)) COMMENT '经度（degree）',
    lon_src LowCardinality(String) COMMENT '经度·取自来源',
    lon_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '经度·业务时间',
    lon_rule LowCardinality(String) COMMENT '经度·取值规则',
    lat Nullable(Decimal(18, 4)) COMMENT '纬度（degree）',
    lat_src LowCardinality(String) COMMENT '纬度·取自来源',
    lat_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '纬度·业务时间',
    lat_rule LowCardinality(String) COMMENT '纬度·取值规则'
) DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT facility_id,
       v_division_code AS division_code,
       ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_division_code, 65535))] AS division_code_src,
       times[indexOf(srcs, toUInt16(bitAnd(w_division_code, 65535)))] AS division_code_at,
       multiIf(toUInt8(bitShiftRight(w_division_code, 80)) = 0, '', toUInt8(bitShiftRight(w_division_code, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_division_code, 80))))) AS division_code_rule,
       v_facility_kind AS facility_kind,
       ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_facility_kind, 65535))] AS facility_kind_src,
       times[indexOf(srcs, toUInt16(bitAnd(w_facility_kind, 65535)))] AS facility_kind_at,
       multiIf(toUInt8(bitShiftRight(w_facility_kind, 80)) = 0, '', toUInt8(bitShiftRight(w_facility_kind, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_facility_kind, 80))))) AS facility_kind_rule,
       v_name AS name,
       ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_name, 65535))] AS name_src,
       if(w_name = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_name, 65535)))]) AS name_at,
       multiIf(toUInt8(bitShiftRight(w_name, 80)) = 0, '', toUInt8(bitShiftRight(w_name, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_name, 80))))) AS name_rule,
       v_match_name AS match_name,
       ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_match_name, 65535))] AS match_name_src,
       if(w_match_name = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_match_name, 65535)))]) AS match_name_at,
       multiIf(toUInt8(bitShiftRight(w_match_name, 80)) = 0, '', toUInt8(bitShiftRight(w_match_name, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_match_name, 80))))) AS match_name_rule,
       v_site_type AS site_type,
       ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_site_type, 65535))] AS site_type_src,
       if(w_site_type = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_site_type, 65535)))]) AS site_type_at,
       multiIf(toUInt8(bitShiftRight(w_site_type, 80)) = 0, '', toUInt8(bitShiftRight(w_site_type, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_site_type, 80))))) AS site_type_rule,
       v_area_m2 AS area_m2,
       ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_area_m2, 65535))] AS area_m2_src,
       if(w_area_m2 = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_area_m2, 65535)))]) AS area_m2_at,
       multiIf(toUInt8(bitShiftRight(w_area_m2, 80)) = 0, '', toUInt8(bitShiftRight(w_area_m2, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_area_m2, 80))))) AS area_m2_rule,
       v_direct_service_area_m2 AS direct_service_area_m2,
       ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_direct_service_area_m2, 65535))] AS direct_service_area_m2_src,
       if(w_direct_service_area_m2 = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_direct_service_area_m2, 65535)))]) AS direct_service_area_m2_at,
       multiIf(toUInt8(bitShiftRight(w_direct_service_area_m2, 80)) = 0, '', toUInt8(bitShiftRight(w_direct_service_area_m2, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_direct_service_area_m2, 80))))) AS direct_service_area_m2_rule,
       v_opened_on AS opened_on,
       ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_opened_on, 65535))] AS opened_on_src,
       if(w_opened_on = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_opened_on, 65535)))]) AS opened_on_at,
       multiIf(toUInt8(bitShiftRight(w_opened_on, 80)) = 0, '', toUInt8(bitShiftRight(w_opened_on, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_opened_on, 80))))) AS opened_on_rule,
       v_operating AS operating,
       ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_operating, 65535))] AS operating_src,
       if(w_operating = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_operating, 65535)))]) AS operating_at,
       multiIf(toUInt8(bitShiftRight(w_operating, 80)) = 0, '', toUInt8(bitShiftRight(w_operating, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_operating, 80))))) AS operating_rule,
       v_valid_from AS valid_from,
       ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_valid_from, 65535))] AS valid_from_src,
       if(w_valid_from = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_valid_from, 65535)))]) AS valid_from_at,
       multiIf(toUInt8(bitShiftRight(w_valid_from, 80)) = 0, '', toUInt8(bitShiftRight(w_valid_from, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_valid_from, 80))))) AS valid_from_rule,
       v_valid_to AS valid_to,
       ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_valid_to, 65535))] AS valid_to_src,
       if(w_valid_to = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_valid_to, 65535)))]) AS valid_to_at,
       multiIf(toUInt8(bitShiftRight(w_valid_to, 80)) = 0, '', toUInt8(bitShiftRight(w_valid_to, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_valid_to, 80))))) AS valid_to_rule,
       v_grid_id AS grid_id,
       ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_grid_id, 65535))] AS grid_id_src,
       if(w_grid_id = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_grid_id, 65535)))]) AS grid_id_at,
       multiIf(toUInt8(bitShiftRight(w_grid_id, 80)) = 0, '', toUInt8(bitShiftRight(w_grid_id, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_grid_id, 80))))) AS grid_id_rule,
       v_standardised AS standardised,
       ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_standardised, 65535))] AS standardised_src,
       if(w_standardised = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_standardised, 65535)))]) AS standardised_at,
       multiIf(toUInt8(bitShiftRight(w_standardised, 80)) = 0, '', toUInt8(bitShiftRight(w_standardised, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_standardised, 80))))) AS standardised_rule,
       v_substantive AS substantive,
       ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_substantive, 65535))] AS substantive_src,
       if(w_substantive = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_substantive, 65535)))]) AS substantive_at,
       multiIf(toUInt8(bitShiftRight(w_substantive, 80)) = 0, '', toUInt8(bitShiftRight(w_substantive, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_substantive, 80))))) AS substantive_rule,
       v_is_party_mass_centre AS is_party_mass_centre,
       ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_is_party_mass_centre, 65535))] AS is_party_mass_centre_src,
       if(w_is_party_mass_centre = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_is_party_mass_centre, 65535)))]) AS is_party_mass_centre_at,
       multiIf(toUInt8(bitShiftRight(w_is_party_mass_centre, 80)) = 0, '', toUInt8(bitShiftRight(w_is_party_mass_centre, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_is_party_mass_centre, 80))))) AS is_party_mass_centre_rule,
       v_serves_divisions AS serves_divisions,
       ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_serves_divisions, 65535))] AS serves_divisions_src,
       if(w_serves_divisions = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_serves_divisions, 65535)))]) AS serves_divisions_at,
       multiIf(toUInt8(bitShiftRight(w_serves_divisions, 80)) = 0, '', toUInt8(bitShiftRight(w_serves_divisions, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_serves_divisions, 80))))) AS serves_divisions_rule,
       v_service_codes AS service_codes,
       ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_service_codes, 65535))] AS service_codes_src,
       if(w_service_codes = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_service_codes, 65535)))]) AS service_codes_at,
       multiIf(toUInt8(bitShiftRight(w_service_codes, 80)) = 0, '', toUInt8(bitShiftRight(w_service_codes, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_service_codes, 80))))) AS service_codes_rule,
       v_lon AS lon,
       ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_lon, 65535))] AS lon_src,
       if(w_lon = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_lon, 65535)))]) AS lon_at,
       multiIf(toUInt8(bitShiftRight(w_lon, 80)) = 0, '', toUInt8(bitShiftRight(w_lon, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_lon, 80))))) AS lon_rule,
       v_lat AS lat,
       ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_lat, 65535))] AS lat_src,
       if(w_lat = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_lat, 65535)))]) AS lat_at,
       multiIf(toUInt8(bitShiftRight(w_lat, 80)) = 0, '', toUInt8(bitShiftRight(w_lat, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_lat, 80))))) AS lat_rule
FROM
(
  SELECT facility_id,
         argMinIf(division_code, ord_0, 1) AS v_division_code,
         minIf(ord_0, 1) AS w_division_code,
         argMinIf(facility_kind, ord_0, 1) AS v_facility_kind,
         minIf(ord_0, 1) AS w_facility_kind,
         argMinIf(name, ord_0, name IS NOT NULL) AS v_name,
         minIf(ord_0, name IS NOT NULL) AS w_name,
         argMinIf(match_name, ord_0, match_name IS NOT NULL) AS v_match_name,
         minIf(ord_0, match_name IS NOT NULL) AS w_match_name,
         argMinIf(site_type, ord_1, site_type IS NOT NULL) AS v_site_type,
         minIf(ord_1, site_type IS NOT NULL) AS w_site_type,
         argMinIf(area_m2, ord_2, area_m2 IS NOT NULL) AS v_area_m2,
         minIf(ord_2, area_m2 IS NOT NULL) AS w_area_m2,
         argMinIf(direct_service_area_m2, ord_2, direct_service_area_m2 IS NOT NULL) AS v_direct_service_area_m2,
         minIf(ord_2, direct_service_area_m2 IS NOT NULL) AS w_direct_service_area_m2,
         argMinIf(opened_on, ord_0, opened_on IS NOT NULL) AS v_opened_on,
         minIf(ord_0, opened_on IS NOT NULL) AS w_opened_on,
         argMinIf(operating, ord_3, operating IS NOT NULL) AS v_operating,
         minIf(ord_3, operating IS NOT NULL) AS w_operating,
         argMinIf(valid_from, ord_0, valid_from IS NOT NULL) AS v_valid_from,
         minIf(ord_0, valid_from IS NOT NULL) AS w_valid_from,
         argMinIf(valid_to, ord_0, valid_to IS NOT NULL) AS v_valid_to,
         minIf(ord_0, valid_to IS NOT NULL) AS w_valid_to,
         argMinIf(grid_id, ord_0, grid_id IS NOT NULL) AS v_grid_id,
         minIf(ord_0, grid_id IS NOT NULL) AS w_grid_id,
         argMinIf(standardised, ord_0, standardised IS NOT NULL) AS v_standardised,
         minIf(ord_0, standardised IS NOT NULL) AS w_standardised,
         argMinIf(substantive, ord_0, substantive IS NOT NULL) AS v_substantive,
         minIf(ord_0, substantive IS NOT NULL) AS w_substantive,
         argMinIf(is_party_mass_centre, ord_0, is_party_mass_centre IS NOT NULL) AS v_is_party_mass_centre,
         minIf(ord_0, is_party_mass_centre IS NOT NULL) AS w_is_party_mass_centre,
         argMinIf(serves_divisions, ord_0, notEmpty(serves_divisions)) AS v_serves_divisions,
         minIf(ord_0, notEmpty(serves_divisions)) AS w_serves_divisions,
         argMinIf(service_codes, ord_0, notEmpty(service_codes)) AS v_service_codes,
         minIf(ord_0, notEmpty(service_codes)) AS w_service_codes,
         argMinIf(lon, ord_0, lon IS NOT NULL) AS v_lon,
         minIf(ord_0, lon IS NOT NULL) AS w_lon,
         argMinIf(lat, ord_0, lat IS NOT NULL) AS v_lat,
         minIf(ord_0, lat IS NOT NULL) AS w_lat,
         groupArray(toUInt16(indexOf(['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'], src_system))) AS srcs,
         groupArray(event_time) AS times
  FROM
  (
    SELECT *, bitShiftLeft(toUInt128(multiIf(src_system = 'county_ledger', 1, src_system = 'township_ledger', 2, src_system = 'village_forms', 3, src_system = 'province_gateway', 4, 255)), 80) + bitShiftLeft(toUInt128(bitNot(version)), 16) + indexOf(['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'], src_system) AS ord_0, bitShiftLeft(toUInt128(multiIf(src_system = 'county_ledger', 1, src_system = 'township_ledger', 2, src_system = 'village_forms', 3, 255)), 80) + bitShiftLeft(toUInt128(bitNot(version)), 16) + indexOf(['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'], src_system) AS ord_1, bitShiftLeft(toUInt128(multiIf(src_system = 'township_ledger', 1, src_system = 'village_forms', 2, src_system = 'county_ledger', 3, src_system = 'province_gateway', 4, 255)), 80) + bitShiftLeft(toUInt128(bitNot(version)), 16) + indexOf(['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'], src_system) AS ord_2, bitShiftLeft(toUInt128(multiIf(src_system = 'village_forms', 1, src_system = 'county_ledger', 2, src_system = 'province_gateway', 3, 255)), 80) + bitShiftLeft(toUInt128(bitNot(version)), 16) + indexOf(['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'], src_system) AS ord_3
    FROM
    (
      SELECT facility_id, division_code, facility_kind, name, match_name, site_type, area_m2, direct_service_area_m2, opened_on, operating, valid_from, valid_to, grid_id, standardised, substantive, is_party_mass_centre, serves_divisions, service_codes, lon, lat, src_system, src_tier, event_time, version, is_deleted
      FROM std.facility
      WHERE src_system IN ('county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms') AND event_time <= parseDateTime64BestEffort({at:String}, 3, 'Asia/Shanghai') AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai') AND facility_id NOT IN (SELECT member FROM (SELECT member AS facility_id, member, canonical FROM ops.identity FINAL WHERE entity = 'facility' AND is_deleted = 0))
      ORDER BY facility_id DESC, src_system DESC, version DESC, kafka_offset DESC
      LIMIT 1 BY facility_id, src_system
    )
    WHERE is_deleted = 0
  )
  GROUP BY facility_id
)
UNION ALL
SELECT facility_id,
       v_division_code AS division_code,
       ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_division_code, 65535))] AS division_code_src,
       times[indexOf(srcs, toUInt16(bitAnd(w_division_code, 65535)))] AS division_code_at,
       multiIf(toUInt8(bitShiftRight(w_division_code, 80)) = 0, '', toUInt8(bitShiftRight(w_division_code, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_division_code, 80))))) AS division_code_rule,
       v_facility_kind AS facility_kind,
       ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_facility_kind, 65535))] AS facility_kind_src,
       times[indexOf(srcs, toUInt16(bitAnd(w_facility_kind, 65535)))] AS facility_kind_at,
       multiIf(toUInt8(bitShiftRight(w_facility_kind, 80)) = 0, '', toUInt8(bitShiftRight(w_facility_kind, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_facility_kind, 80))))) AS facility_kind_rule,
       v_name AS name,
       ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_name, 65535))] AS name_src,
       if(w_name = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_name, 65535)))]) AS name_at,
       multiIf(toUInt8(bitShiftRight(w_name, 80)) = 0, '', toUInt8(bitShiftRight(w_name, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_name, 80))))) AS name_rule,
       v_match_name AS match_name,
       ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_match_name, 65535))] AS match_name_src,
       if(w_match_name = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_match_name, 65535)))]) AS match_name_at,
       multiIf(toUInt8(bitShiftRight(w_match_name, 80)) = 0, '', toUInt8(bitShiftRight(w_match_name, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_match_name, 80))))) AS match_name_rule,
       v_site_type AS site_type,
       ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_site_type, 65535))] AS site_type_src,
       if(w_site_type = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_site_type, 65535)))]) AS site_type_at,
       multiIf(toUInt8(bitShiftRight(w_site_type, 80)) = 0, '', toUInt8(bitShiftRight(w_site_type, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_site_type, 80))))) AS site_type_rule,
       v_area_m2 AS area_m2,
       ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_area_m2, 65535))] AS area_m2_src,
       if(w_area_m2 = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_area_m2, 65535)))]) AS area_m2_at,
       multiIf(toUInt8(bitShiftRight(w_area_m2, 80)) = 0, '', toUInt8(bitShiftRight(w_area_m2, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_area_m2, 80))))) AS area_m2_rule,
       v_direct_service_area_m2 AS direct_service_area_m2,
       ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_direct_service_area_m2, 65535))] AS direct_service_area_m2_src,
       if(w_direct_service_area_m2 = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_direct_service_area_m2, 65535)))]) AS direct_service_area_m2_at,
       multiIf(toUInt8(bitShiftRight(w_direct_service_area_m2, 80)) = 0, '', toUInt8(bitShiftRight(w_direct_service_area_m2, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_direct_service_area_m2, 80))))) AS direct_service_area_m2_rule,
       v_opened_on AS opened_on,
       ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_opened_on, 65535))] AS opened_on_src,
       if(w_opened_on = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_opened_on, 65535)))]) AS opened_on_at,
       multiIf(toUInt8(bitShiftRight(w_opened_on, 80)) = 0, '', toUInt8(bitShiftRight(w_opened_on, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_opened_on, 80))))) AS opened_on_rule,
       v_operating AS operating,
       ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_operating, 65535))] AS operating_src,
       if(w_operating = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_operating, 65535)))]) AS operating_at,
       multiIf(toUInt8(bitShiftRight(w_operating, 80)) = 0, '', toUInt8(bitShiftRight(w_operating, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_operating, 80))))) AS operating_rule,
       v_valid_from AS valid_from,
       ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_valid_from, 65535))] AS valid_from_src,
       if(w_valid_from = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_valid_from, 65535)))]) AS valid_from_at,
       multiIf(toUInt8(bitShiftRight(w_valid_from, 80)) = 0, '', toUInt8(bitShiftRight(w_valid_from, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_valid_from, 80))))) AS valid_from_rule,
       v_valid_to AS valid_to,
       ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_valid_to, 65535))] AS valid_to_src,
       if(w_valid_to = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_valid_to, 65535)))]) AS valid_to_at,
       multiIf(toUInt8(bitShiftRight(w_valid_to, 80)) = 0, '', toUInt8(bitShiftRight(w_valid_to, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_valid_to, 80))))) AS valid_to_rule,
       v_grid_id AS grid_id,
       ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_grid_id, 65535))] AS grid_id_src,
       if(w_grid_id = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_grid_id, 65535)))]) AS grid_id_at,
       multiIf(toUInt8(bitShiftRight(w_grid_id, 80)) = 0, '', toUInt8(bitShiftRight(w_grid_id, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_grid_id, 80))))) AS grid_id_rule,
       v_standardised AS standardised,
       ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_standardised, 65535))] AS standardised_src,
       if(w_standardised = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_standardised, 65535)))]) AS standardised_at,
       multiIf(toUInt8(bitShiftRight(w_standardised, 80)) = 0, '', toUInt8(bitShiftRight(w_standardised, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_standardised, 80))))) AS standardised_rule,
       v_substantive AS substantive,
       ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_substantive, 65535))] AS substantive_src,
       if(w_substantive = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_substantive, 65535)))]) AS substantive_at,
       multiIf(toUInt8(bitShiftRight(w_substantive, 80)) = 0, '', toUInt8(bitShiftRight(w_substantive, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_substantive, 80))))) AS substantive_rule,
       v_is_party_mass_centre AS is_party_mass_centre,
       ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_is_party_mass_centre, 65535))] AS is_party_mass_centre_src,
       if(w_is_party_mass_centre = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_is_party_mass_centre, 65535)))]) AS is_party_mass_centre_at,
       multiIf(toUInt8(bitShiftRight(w_is_party_mass_centre, 80)) = 0, '', toUInt8(bitShiftRight(w_is_party_mass_centre, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_is_party_mass_centre, 80))))) AS is_party_mass_centre_rule,
       v_serves_divisions AS serves_divisions,
       ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_serves_divisions, 65535))] AS serves_divisions_src,
       if(w_serves_divisions = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_serves_divisions, 65535)))]) AS serves_divisions_at,
       multiIf(toUInt8(bitShiftRight(w_serves_divisions, 80)) = 0, '', toUInt8(bitShiftRight(w_serves_divisions, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_serves_divisions, 80))))) AS serves_divisions_rule,
       v_service_codes AS service_codes,
       ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_service_codes, 65535))] AS service_codes_src,
       if(w_service_codes = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_service_codes, 65535)))]) AS service_codes_at,
       multiIf(toUInt8(bitShiftRight(w_service_codes, 80)) = 0, '', toUInt8(bitShiftRight(w_service_codes, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_service_codes, 80))))) AS service_codes_rule,
       v_lon AS lon,
       ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_lon, 65535))] AS lon_src,
       if(w_lon = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_lon, 65535)))]) AS lon_at,
       multiIf(toUInt8(bitShiftRight(w_lon, 80)) = 0, '', toUInt8(bitShiftRight(w_lon, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_lon, 80))))) AS lon_rule,
       v_lat AS lat,
       ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_lat, 65535))] AS lat_src,
       if(w_lat = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_lat, 65535)))]) AS lat_at,
       multiIf(toUInt8(bitShiftRight(w_lat, 80)) = 0, '', toUInt8(bitShiftRight(w_lat, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_lat, 80))))) AS lat_rule
FROM
(
  SELECT facility_id,
         argMinIf(division_code, ord_0, 1) AS v_division_code,
         minIf(ord_0, 1) AS w_division_code,
         argMinIf(facility_kind, ord_0, 1) AS v_facility_kind,
         minIf(ord_0, 1) AS w_facility_kind,
         argMinIf(name, ord_0, name IS NOT NULL) AS v_name,
         minIf(ord_0, name IS NOT NULL) AS w_name,
         argMinIf(match_name, ord_0, match_name IS NOT NULL) AS v_match_name,
         minIf(ord_0, match_name IS NOT NULL) AS w_match_name,
         argMinIf(site_type, ord_1, site_type IS NOT NULL) AS v_site_type,
         minIf(ord_1, site_type IS NOT NULL) AS w_site_type,
         argMinIf(area_m2, ord_2, area_m2 IS NOT NULL) AS v_area_m2,
         minIf(ord_2, area_m2 IS NOT NULL) AS w_area_m2,
         argMinIf(direct_service_area_m2, ord_2, direct_service_area_m2 IS NOT NULL) AS v_direct_service_area_m2,
         minIf(ord_2, direct_service_area_m2 IS NOT NULL) AS w_direct_service_area_m2,
         argMinIf(opened_on, ord_0, opened_on IS NOT NULL) AS v_opened_on,
         minIf(ord_0, opened_on IS NOT NULL) AS w_opened_on,
         argMinIf(operating, ord_3, operating IS NOT NULL) AS v_operating,
         minIf(ord_3, operating IS NOT NULL) AS w_operating,
         argMinIf(valid_from, ord_0, valid_from IS NOT NULL) AS v_valid_from,
         minIf(ord_0, valid_from IS NOT NULL) AS w_valid_from,
         argMinIf(valid_to, ord_0, valid_to IS NOT NULL) AS v_valid_to,
         minIf(ord_0, valid_to IS NOT NULL) AS w_valid_to,
         argMinIf(grid_id, ord_0, grid_id IS NOT NULL) AS v_grid_id,
         minIf(ord_0, grid_id IS NOT NULL) AS w_grid_id,
         argMinIf(standardised, ord_0, standardised IS NOT NULL) AS v_standardised,
         minIf(ord_0, standardised IS NOT NULL) AS w_standardised,
         argMinIf(substantive, ord_0, substantive IS NOT NULL) AS v_substantive,
         minIf(ord_0, substantive IS NOT NULL) AS w_substantive,
         argMinIf(is_party_mass_centre, ord_0, is_party_mass_centre IS NOT NULL) AS v_is_party_mass_centre,
         minIf(ord_0, is_party_mass_centre IS NOT NULL) AS w_is_party_mass_centre,
         argMinIf(serves_divisions, ord_0, notEmpty(serves_divisions)) AS v_serves_divisions,
         minIf(ord_0, notEmpty(serves_divisions)) AS w_serves_divisions,
         argMinIf(service_codes, ord_0, notEmpty(service_codes)) AS v_service_codes,
         minIf(ord_0, notEmpty(service_codes)) AS w_service_codes,
         argMinIf(lon, ord_0, lon IS NOT NULL) AS v_lon,
         minIf(ord_0, lon IS NOT NULL) AS w_lon,
         argMinIf(lat, ord_0, lat IS NOT NULL) AS v_lat,
         minIf(ord_0, lat IS NOT NULL) AS w_lat,
         groupArray(toUInt16(indexOf(['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'], src_system))) AS srcs,
         groupArray(event_time) AS times
  FROM
  (
    SELECT *, bitShiftLeft(toUInt128(multiIf(src_system = 'county_ledger', 1, src_system = 'township_ledger', 2, src_system = 'village_forms', 3, src_system = 'province_gateway', 4, 255)), 80) + bitShiftLeft(toUInt128(bitNot(version)), 16) + indexOf(['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'], src_system) AS ord_0, bitShiftLeft(toUInt128(multiIf(src_system = 'county_ledger', 1, src_system = 'township_ledger', 2, src_system = 'village_forms', 3, 255)), 80) + bitShiftLeft(toUInt128(bitNot(version)), 16) + indexOf(['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'], src_system) AS ord_1, bitShiftLeft(toUInt128(multiIf(src_system = 'township_ledger', 1, src_system = 'village_forms', 2, src_system = 'county_ledger', 3, src_system = 'province_gateway', 4, 255)), 80) + bitShiftLeft(toUInt128(bitNot(version)), 16) + indexOf(['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'], src_system) AS ord_2, bitShiftLeft(toUInt128(multiIf(src_system = 'village_forms', 1, src_system = 'county_ledger', 2, src_system = 'province_gateway', 3, 255)), 80) + bitShiftLeft(toUInt128(bitNot(version)), 16) + indexOf(['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'], src_system) AS ord_3
    FROM
    (
      SELECT facility_id, division_code, facility_kind, name, match_name, site_type, area_m2, direct_service_area_m2, opened_on, operating, valid_from, valid_to, grid_id, standardised, substantive, is_party_mass_centre, serves_divisions, service_codes, lon, lat, src_system, src_tier, event_time, version, is_deleted
      FROM (
        SELECT k.facility_id AS facility_id, c.facility_id AS member, c.division_code AS division_code, c.facility_kind AS facility_kind, c.name AS name, c.match_name AS match_name, c.site_type AS site_type, c.area_m2 AS area_m2, c.direct_service_area_m2 AS direct_service_area_m2, c.opened_on AS opened_on, c.operating AS operating, c.valid_from AS valid_from, c.valid_to AS valid_to, c.grid_id AS grid_id, c.standardised AS standardised, c.substantive AS substantive, c.is_party_mass_centre AS is_party_mass_centre, c.serves_divisions AS serves_divisions, c.service_codes AS service_codes, c.lon AS lon, c.lat AS lat, c.src_system AS src_system, c.src_tier AS src_tier, c.event_time AS event_time, c.version AS version, c.is_deleted AS is_deleted, c.kafka_offset AS kafka_offset
        FROM
        (
          SELECT *
          FROM
          (
            SELECT facility_id, division_code, facility_kind, name, match_name, site_type, area_m2, direct_service_area_m2, opened_on, operating, valid_from, valid_to, grid_id, standardised, substantive, is_party_mass_centre, serves_divisions, service_codes, lon, lat, src_system, src_tier, event_time, version, is_deleted, kafka_offset
            FROM std.facility
            WHERE src_system IN ('county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms') AND facility_id IN (SELECT member FROM (SELECT member, facility_id FROM (SELECT member, canonical AS facility_id FROM ops.identity FINAL WHERE entity = 'facility' AND is_deleted = 0) WHERE 1)) AND event_time <= parseDateTime64BestEffort({at:String}, 3, 'Asia/Shanghai') AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')
            ORDER BY facility_id DESC, src_system DESC, version DESC, kafka_offset DESC
            LIMIT 1 BY facility_id, src_system
          )
          WHERE is_deleted = 0
        ) AS c
        INNER JOIN (SELECT member, facility_id FROM (SELECT member, canonical AS facility_id FROM ops.identity FINAL WHERE entity = 'facility' AND is_deleted = 0) WHERE 1) AS k ON k.member = c.facility_id
      )
      WHERE src_system IN ('county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms')
      ORDER BY facility_id DESC, src_system DESC, version DESC, kafka_offset DESC, member
      LIMIT 1 BY facility_id, src_system
    )
    WHERE is_deleted = 0
  )
  GROUP BY facility_id
)
COMMENT '设施阵地：任意时点（at）的一物一行，按任意时点（known）所知 [d0e241c8e098f4a7]';

CREATE OR REPLACE VIEW dwd.facility_history
(
    row_from DateTime64(3, 'Asia/Shanghai') COMMENT '本行起始时间（含）',
    row_to DateTime64(3, 'Asia/Shanghai') COMMENT '本行终止时间（不含）；尚在有效为2299年末',
    facility_id String COMMENT '设施标识',
    division_code FixedString(12) COMMENT '所在区划',
    division_code_src LowCardinality(String) COMMENT '所在区划·取自来源',
    division_code_at DateTime64(3, 'Asia/Shanghai') COMMENT '所在区划·业务时间',
    division_code_rule LowCardinality(String) COMMENT '所在区划·取值规则',
    facility_kind LowCardinality(String) COMMENT '设施类别',
    facility_kind_src LowCardinality(String) COMMENT '设施类别·取自来源',
    facility_kind_at DateTime64(3, 'Asia/Shanghai') COMMENT '设施类别·业务时间',
    facility_kind_rule LowCardinality(String) COMMENT '设施类别·取值规则',
    name Nullable(String) COMMENT '名称',
    name_src LowCardinality(String) COMMENT '名称·取自来源',
    name_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '名称·业务时间',
    name_rule LowCardinality(String) COMMENT '名称·取值规则',
    match_name Nullable(String) COMMENT '名称（比对用）',
    match_name_src LowCardinality(String) COMMENT '名称（比对用）·取自来源',
    match_name_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '名称（比对用）·业务时间',
    match_name_rule LowCardinality(String) COMMENT '名称（比对用）·取值规则',
    site_type LowCardinality(Nullable(String)) COMMENT '所在地类型',
    site_type_src LowCardinality(String) COMMENT '所在地类型·取自来源',
    site_type_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '所在地类型·业务时间',
    site_type_rule LowCardinality(String) COMMENT '所在地类型·取值规则',
    area_m2 Nullable(Decimal(18, 4)) COMMENT '建筑面积（m2）',
    area_m2_src LowCardinality(String) COMMENT '建筑面积·取自来源',
    area_m2_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '建筑面积·业务时间',
    area_m2_rule LowCardinality(String) COMMENT '建筑面积·取值规则',
    direct_service_area_m2 Nullable(Decimal(18, 4)) COMMENT '直接服务面积（m2）',
    direct_service_area_m2_src LowCardinality(String) COMMENT '直接服务面积·取自来源',
    direct_service_area_m2_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '直接服务面积·业务时间',
    direct_service_area_m2_rule LowCardinality(String) COMMENT '直接服务面积·取值规则',
    opened_on Nullable(Date32) COMMENT '启用日期',
    opened_on_src LowCardinality(String) COMMENT '启用日期·取自来源',
    opened_on_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '启用日期·业务时间',
    opened_on_rule LowCardinality(String) COMMENT '启用日期·取值规则',
    operating Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '是否运行',
    operating_src LowCardinality(String) COMMENT '是否运行·取自来源',
    operating_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '是否运行·业务时间',
    operating_rule LowCardinality(String) COMMENT '是否运行·取值规则',
    valid_from Nullable(Date32) COMMENT '生效日期',
    valid_from_src LowCardinality(String) COMMENT '生效日期·取自来源',
    valid_from_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '生效日期·业务时间',
    valid_from_rule LowCardinality(String) COMMENT '生效日期·取值规则',
    valid_to Nullable(Date32) COMMENT '失效日期',
    valid_to_src LowCardinality(String) COMMENT '失效日期·取自来源',
    valid_to_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '失效日期·业务时间',
    valid_to_rule LowCardinality(String) COMMENT '失效日期·取值规则',
    grid_id Nullable(String) COMMENT '所在网格',
    grid_id_src LowCardinality(String) COMMENT '所在网格·取自来源',
    grid_id_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '所在网格·业务时间',
    grid_id_rule LowCardinality(String) COMMENT '所在网格·取值规则',
    standardised Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '规范化',
    standardised_src LowCardinality(String) COMMENT '规范化·取自来源',
    standardised_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '规范化·业务时间',
    standardised_rule LowCardinality(String) COMMENT '规范化·取值规则',
    substantive Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '实体化运行',
    substantive_src LowCardinality(String) COMMENT '实体化运行·取自来源',
    substantive_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '实体化运行·业务时间',
    substantive_rule LowCardinality(String) COMMENT '实体化运行·取值规则',
    is_party_mass_centre Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '建成党群服务中心',
    is_party_mass_centre_src LowCardinality(String) COMMENT '建成党群服务中心·取自来源',
    is_party_mass_centre_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '建成党群服务中心·业务时间',
    is_party_mass_centre_rule LowCardinality(String) COMMENT '建成党群服务中心·取值规则',
    serves_divisions Array(String) COMMENT '协议共享区划',
    serves_divisions_src LowCardinality(String) COMMENT '协议共享区划·取自来源',
    serves_divisions_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '协议共享区划·业务时间',
    serves_divisions_rule LowCardinality(String) COMMENT '协议共享区划·取值规则',
    service_codes Array(String) COMMENT '服务项目',
    service_codes_src LowCardinality(String) COMMENT '服务项目·取自来源',
    service_codes_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '服务项目·业务时间',
    service_codes_rule LowCardinality(String) COMMENT '服务项目·取值规则',
    lon Nullable(Decimal(18, 4)) COMMENT '经度（degree）',
    lon_src LowCardinality(String) COMMENT '经度·取自来源',
    lon_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '经度·业务时间',
    lon_rule LowCardinality(String) COMMENT '经度·取值规则',
    lat Nullable(Decimal(18, 4)) COMMENT '纬度（degree）',
    lat_src LowCardinality(String) COMMENT '纬度·取自来源',
    lat_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '纬度·业务时间',
    lat_rule LowCardinality(String) COMMENT '纬度·取值规则'
) DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT row_from,
       row_to,
       facility_id,
       v_division_code AS division_code,
       ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_division_code, 65535))] AS division_code_src,
       times[indexOf(srcs, toUInt16(bitAnd(w_division_code, 65535)))] AS division_code_at,
       multiIf(toUInt8(bitShiftRight(w_division_code, 80)) = 0, '', toUInt8(bitShiftRight(w_division_code, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_division_code, 80))))) AS division_code_rule,
       v_facility_kind AS facility_kind,
       ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_facility_kind, 65535))] AS facility_kind_src,
       times[indexOf(srcs, toUInt16(bitAnd(w_facility_kind, 65535)))] AS facility_kind_at,
       multiIf(toUInt8(bitShiftRight(w_facility_kind, 80)) = 0, '', toUInt8(bitShiftRight(w_facility_kind, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_facility_kind, 80))))) AS facility_kind_rule,
       v_name AS name,
       ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_name, 65535))] AS name_src,
       if(w_name = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_name, 65535)))]) AS name_at,
       multiIf(toUInt8(bitShiftRight(w_name, 80)) = 0, '', toUInt8(bitShiftRight(w_name, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_name, 80))))) AS name_rule,
       v_match_name AS match_name,
       ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_match_name, 65535))] AS match_name_src,
       if(w_match_name = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_match_name, 65535)))]) AS match_name_at,
       multiIf(toUInt8(bitShiftRight(w_match_name, 80)) = 0, '', toUInt8(bitShiftRight(w_match_name, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_match_name, 80))))) AS match_name_rule,
       v_site_type AS site_type,
       ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_site_type, 65535))] AS site_type_src,
       if(w_site_type = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_site_type, 65535)))]) AS site_type_at,
       multiIf(toUInt8(bitShiftRight(w_site_type, 80)) = 0, '', toUInt8(bitShiftRight(w_site_type, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_site_type, 80))))) AS site_type_rule,
       v_area_m2 AS area_m2,
       ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_area_m2, 65535))] AS area_m2_src,
       if(w_area_m2 = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_area_m2, 65535)))]) AS area_m2_at,
       multiIf(toUInt8(bitShiftRight(w_area_m2, 80)) = 0, '', toUInt8(bitShiftRight(w_area_m2, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_area_m2, 80))))) AS area_m2_rule,
       v_direct_service_area_m2 AS direct_service_area_m2,
       ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_direct_service_area_m2, 65535))] AS direct_service_area_m2_src,
       if(w_direct_service_area_m2 = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_direct_service_area_m2, 65535)))]) AS direct_service_area_m2_at,
       multiIf(toUInt8(bitShiftRight(w_direct_service_area_m2, 80)) = 0, '', toUInt8(bitShiftRight(w_direct_service_area_m2, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_direct_service_area_m2, 80))))) AS direct_service_area_m2_rule,
       v_opened_on AS opened_on,
       ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_opened_on, 65535))] AS opened_on_src,
       if(w_opened_on = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_opened_on, 65535)))]) AS opened_on_at,
       multiIf(toUInt8(bitShiftRight(w_opened_on, 80)) = 0, '', toUInt8(bitShiftRight(w_opened_on, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_opened_on, 80))))) AS opened_on_rule,
       v_operating AS operating,
       ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_operating, 65535))] AS operating_src,
       if(w_operating = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_operating, 65535)))]) AS operating_at,
       multiIf(toUInt8(bitShiftRight(w_operating, 80)) = 0, '', toUInt8(bitShiftRight(w_operating, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_operating, 80))))) AS operating_rule,
       v_valid_from AS valid_from,
       ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_valid_from, 65535))] AS valid_from_src,
       if(w_valid_from = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_valid_from, 65535)))]) AS valid_from_at,
       multiIf(toUInt8(bitShiftRight(w_valid_from, 80)) = 0, '', toUInt8(bitShiftRight(w_valid_from, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_valid_from, 80))))) AS valid_from_rule,
       v_valid_to AS valid_to,
       ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_valid_to, 65535))] AS valid_to_src,
       if(w_valid_to = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_valid_to, 65535)))]) AS valid_to_at,
       multiIf(toUInt8(bitShiftRight(w_valid_to, 80)) = 0, '', toUInt8(bitShiftRight(w_valid_to, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_valid_to, 80))))) AS valid_to_rule,
       v_grid_id AS grid_id,
       ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_grid_id, 65535))] AS grid_id_src,
       if(w_grid_id = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_grid_id, 65535)))]) AS grid_id_at,
       multiIf(toUInt8(bitShiftRight(w_grid_id, 80)) = 0, '', toUInt8(bitShiftRight(w_grid_id, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_grid_id, 80))))) AS grid_id_rule,
       v_standardised AS standardised,
       ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_standardised, 65535))] AS standardised_src,
       if(w_standardised = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_standardised, 65535)))]) AS standardised_at,
       multiIf(toUInt8(bitShiftRight(w_standardised, 80)) = 0, '', toUInt8(bitShiftRight(w_standardised, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_standardised, 80))))) AS standardised_rule,
       v_substantive AS substantive,
       ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_substantive, 65535))] AS substantive_src,
       if(w_substantive = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_substantive, 65535)))]) AS substantive_at,
       multiIf(toUInt8(bitShiftRight(w_substantive, 80)) = 0, '', toUInt8(bitShiftRight(w_substantive, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_substantive, 80))))) AS substantive_rule,
       v_is_party_mass_centre AS is_party_mass_centre,
       ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_is_party_mass_centre, 65535))] AS is_party_mass_centre_src,
       if(w_is_party_mass_centre = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_is_party_mass_centre, 65535)))]) AS is_party_mass_centre_at,
       multiIf(toUInt8(bitShiftRight(w_is_party_mass_centre, 80)) = 0, '', toUInt8(bitShiftRight(w_is_party_mass_centre, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_is_party_mass_centre, 80))))) AS is_party_mass_centre_rule,
       v_serves_divisions AS serves_divisions,
       ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_serves_divisions, 65535))] AS serves_divisions_src,
       if(w_serves_divisions = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_serves_divisions, 65535)))]) AS serves_divisions_at,
       multiIf(toUInt8(bitShiftRight(w_serves_divisions, 80)) = 0, '', toUInt8(bitShiftRight(w_serves_divisions, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_serves_divisions, 80))))) AS serves_divisions_rule,
       v_service_codes AS service_codes,
       ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_service_codes, 65535))] AS service_codes_src,
       if(w_service_codes = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_service_codes, 65535)))]) AS service_codes_at,
       multiIf(toUInt8(bitShiftRight(w_service_codes, 80)) = 0, '', toUInt8(bitShiftRight(w_service_codes, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_service_codes, 80))))) AS service_codes_rule,
       v_lon AS lon,
       ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_lon, 65535))] AS lon_src,
       if(w_lon = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_lon, 65535)))]) AS lon_at,
       multiIf(toUInt8(bitShiftRight(w_lon, 80)) = 0, '', toUInt8(bitShiftRight(w_lon, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_lon, 80))))) AS lon_rule,
       v_lat AS lat,
       ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_lat, 65535))] AS lat_src,
       if(w_lat = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_lat, 65535)))]) AS lat_at,
       multiIf(toUInt8(bitShiftRight(w_lat, 80)) = 0, '', toUInt8(bitShiftRight(w_lat, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_lat, 80))))) AS lat_rule
FROM
(
  SELECT facility_id, row_from, row_to,
         argMinIf(division_code, ord_0, 1) AS v_division_code,
         minIf(ord_0, 1) AS w_division_code,
         argMinIf(facility_kind, ord_0, 1) AS v_facility_kind,
         minIf(ord_0, 1) AS w_facility_kind,
         argMinIf(name, ord_0, name IS NOT NULL) AS v_name,
         minIf(ord_0, name IS NOT NULL) AS w_name,
         argMinIf(match_name, ord_0, match_name IS NOT NULL) AS v_match_name,
         minIf(ord_0, match_name IS NOT NULL) AS w_match_name,
         argMinIf(site_type, ord_1, site_type IS NOT NULL) AS v_site_type,
         minIf(ord_1, site_type IS NOT NULL) AS w_site_type,
         argMinIf(area_m2, ord_2, area_m2 IS NOT NULL) AS v_area_m2,
         minIf(ord_2, area_m2 IS NOT NULL) AS w_area_m2,
         argMinIf(direct_service_area_m2, ord_2, direct_service_area_m2 IS NOT NULL) AS v_direct_service_area_m2,
         minIf(ord_2, direct_service_area_m2 IS NOT NULL) AS w_direct_service_area_m2,
         argMinIf(opened_on, ord_0, opened_on IS NOT NULL) AS v_opened_on,
         minIf(ord_0, opened_on IS NOT NULL) AS w_opened_on,
         argMinIf(operating, ord_3, operating IS NOT NULL) AS v_operating,
         minIf(ord_3, operating IS NOT NULL) AS w_operating,
         argMinIf(valid_from, ord_0, valid_from IS NOT NULL) AS v_valid_from,
         minIf(ord_0, valid_from IS NOT NULL) AS w_valid_from,
         argMinIf(valid_to, ord_0, valid_to IS NOT NULL) AS v_valid_to,
         minIf(ord_0, valid_to IS NOT NULL) AS w_valid_to,
         argMinIf(grid_id, ord_0, grid_id IS NOT NULL) AS v_grid_id,
         minIf(ord_0, grid_id IS NOT NULL) AS w_grid_id,
         argMinIf(standardised, ord_0, standardised IS NOT NULL) AS v_standardised,
         minIf(ord_0, standardised IS NOT NULL) AS w_standardised,
         argMinIf(substantive, ord_0, substantive IS NOT NULL) AS v_substantive,
         minIf(ord_0, substantive IS NOT NULL) AS w_substantive,
         argMinIf(is_party_mass_centre, ord_0, is_party_mass_centre IS NOT NULL) AS v_is_party_mass_centre,
         minIf(ord_0, is_party_mass_centre IS NOT NULL) AS w_is_party_mass_centre,
         argMinIf(serves_divisions, ord_0, notEmpty(serves_divisions)) AS v_serves_divisions,
         minIf(ord_0, notEmpty(serves_divisions)) AS w_serves_divisions,
         argMinIf(service_codes, ord_0, notEmpty(service_codes)) AS v_service_codes,
         minIf(ord_0, notEmpty(service_codes)) AS w_service_codes,
         argMinIf(lon, ord_0, lon IS NOT NULL) AS v_lon,
         minIf(ord_0, lon IS NOT NULL) AS w_lon,
         argMinIf(lat, ord_0, lat IS NOT NULL) AS v_lat,
         minIf(ord_0, lat IS NOT NULL) AS w_lat,
         groupArray(toUInt16(indexOf(['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'], src_system))) AS srcs,
         groupArray(event_time) AS times
  FROM
  (
    SELECT *, bitShiftLeft(toUInt128(multiIf(src_system = 'county_ledger', 1, src_system = 'township_ledger', 2, src_system = 'village_forms', 3, src_system = 'province_gateway', 4, 255)), 80) + bitShiftLeft(toUInt128(bitNot(version)), 16) + indexOf(['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'], src_system) AS ord_0, bitShiftLeft(toUInt128(multiIf(src_system = 'county_ledger', 1, src_system = 'township_ledger', 2, src_system = 'village_forms', 3, 255)), 80) + bitShiftLeft(toUInt128(bitNot(version)), 16) + indexOf(['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'], src_system) AS ord_1, bitShiftLeft(toUInt128(multiIf(src_system = 'township_ledger', 1, src_system = 'village_forms', 2, src_system = 'county_ledger', 3, src_system = 'province_gateway', 4, 255)), 80) + bitShiftLeft(toUInt128(bitNot(version)), 16) + indexOf(['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'], src_system) AS ord_2, bitShiftLeft(toUInt128(multiIf(src_system = 'village_forms', 1, src_system = 'county_ledger', 2, src_system = 'province_gateway', 3, 255)), 80) + bitShiftLeft(toUInt128(bitNot(version)), 16) + indexOf(['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'], src_system) AS ord_3
    FROM
    (
      SELECT row_from, row_to, facility_id, division_code, facility_kind, name, match_name, site_type, area_m2, direct_service_area_m2, opened_on, operating, valid_from, valid_to, grid_id, standardised, substantive, is_party_mass_centre, serves_divisions, service_codes, lon, lat, src_system, src_tier, event_time, version, is_deleted
      FROM (
        SELECT c.facility_id AS facility_id, c.division_code AS division_code, c.facility_kind AS facility_kind, c.name AS name, c.match_name AS match_name, c.site_type AS site_type, c.area_m2 AS area_m2, c.direct_service_area_m2 AS direct_service_area_m2, c.opened_on AS opened_on, c.operating AS operating, c.valid_from AS valid_from, c.valid_to AS valid_to, c.grid_id AS grid_id, c.standardised AS standardised, c.substantive AS substantive, c.is_party_mass_centre AS is_party_mass_centre, c.serves_divisions AS serves_divisions, c.service_codes AS service_codes, c.lon AS lon, c.lat AS lat, c.src_system AS src_system, c.src_tier AS src_tier, c.src_division AS src_division, c.src_record_id AS src_record_id, c.event_time AS event_time, c.arrived_at AS arrived_at, c.version AS version, c.is_deleted AS is_deleted, c.q_flags AS q_flags, c.kafka_topic AS kafka_topic, c.kafka_partition AS kafka_partition, c.kafka_offset AS kafka_offset, c.place AS place, b.row_from AS row_from, b.row_to AS row_to
        FROM
        (
          SELECT * FROM
          (
            SELECT c.* EXCEPT (facility_id), if(k.member = '', c.facility_id, k.facility_id) AS facility_id
            FROM (SELECT * FROM std.facility WHERE (toString(facility_id) LIKE {thing:String} OR facility_id IN (SELECT member FROM (SELECT member, canonical AS facility_id FROM ops.identity FINAL WHERE entity = 'facility' AND is_deleted = 0) WHERE toString(facility_id) LIKE {thing:String})) AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')) AS c
            LEFT JOIN (SELECT member, canonical AS facility_id FROM ops.identity FINAL WHERE entity = 'facility' AND is_deleted = 0) AS k ON k.member = c.facility_id
          )
          WHERE toString(facility_id) LIKE {thing:String}
        ) AS c
        INNER JOIN
        (
          SELECT facility_id, row_from, leadInFrame(row_from, 1, toDateTime64('2299-12-31 00:00:00', 3, 'Asia/Shanghai')) OVER (PARTITION BY facility_id ORDER BY row_from ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS row_to
          FROM
          (
            SELECT DISTINCT facility_id, event_time AS row_from FROM
            (
              SELECT * FROM
              (
                SELECT c.* EXCEPT (facility_id), if(k.member = '', c.facility_id, k.facility_id) AS facility_id
                FROM (SELECT * FROM std.facility WHERE (toString(facility_id) LIKE {thing:String} OR facility_id IN (SELECT member FROM (SELECT member, canonical AS facility_id FROM ops.identity FINAL WHERE entity = 'facility' AND is_deleted = 0) WHERE toString(facility_id) LIKE {thing:String})) AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')) AS c
                LEFT JOIN (SELECT member, canonical AS facility_id FROM ops.identity FINAL WHERE entity = 'facility' AND is_deleted = 0) AS k ON k.member = c.facility_id
              )
              WHERE toString(facility_id) LIKE {thing:String}
            )
          )
        ) AS b ON c.facility_id = b.facility_id
        WHERE c.event_time <= b.row_from
      )
      WHERE src_system IN ('county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms')
      ORDER BY facility_id DESC, row_from DESC, row_to DESC, src_system DESC, version DESC, kafka_offset DESC
      LIMIT 1 BY facility_id, row_from, row_to, src_system
    )
    WHERE is_deleted = 0
  )
  GROUP BY facility_id, row_from, row_to
)
COMMENT '设施阵地：每件事物各时段的一物一行 [047f132aab786bde]';

CREATE OR REPLACE VIEW dwd.facility_as_of_under
(
    under_code FixedString(12) COMMENT '在所选登记册中的区划代码',
    under_how LowCardinality(String) COMMENT '换算方式：same 未变，whole 整体归入，shared 按已知比例分，undivided 比例不明、留在共同上级，above 仅知上级，lost 去向无记载、留在上级',
    under_share Decimal(18, 12) COMMENT '本行占原数的份额',
    under_candidates Array(FixedString(12)) COMMENT '比例不明时可能的承接区划',
    facility_id String COMMENT '设施标识',
    division_code FixedString(12) COMMENT '所在区划',
    division_code_src LowCardinality(String) COMMENT '所在区划·取自来源',
    division_code_at DateTime64(3, 'Asia/Shanghai') COMMENT '所在区划·业务时间',
    division_code_rule LowCardinality(String) COMMENT '所在区划·取值规则',
    facility_kind LowCardinality(String) COMMENT '设施类别',
    facility_kind_src LowCardinality(String) COMMENT '设施类别·取自来源',
    facility_kind_at DateTime64(3, 'Asia/Shanghai') COMMENT '设施类别·业务时间',
    facility_kind_rule LowCardinality(String) COMMENT '设施类别·取值规则',
    name Nullable(String) COMMENT '名称',
    name_src LowCardinality(String) COMMENT '名称·取自来源',
    name_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '名称·业务时间',
    name_rule LowCardinality(String) COMMENT '名称·取值规则',
    match_name Nullable(String) COMMENT '名称（比对用）',
    match_name_src LowCardinality(String) COMMENT '名称（比对用）·取自来源',
    match_name_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '名称（比对用）·业务时间',
    match_name_rule LowCardinality(String) COMMENT '名称（比对用）·取值规则',
    site_type LowCardinality(Nullable(String)) COMMENT '所在地类型',
    site_type_src LowCardinality(String) COMMENT '所在地类型·取自来源',
    site_type_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '所在地类型·业务时间',
    site_type_rule LowCardinality(String) COMMENT '所在地类型·取值规则',
    area_m2 Nullable(Decimal(18, 4)) COMMENT '建筑面积（m2）',
    area_m2_src LowCardinality(String) COMMENT '建筑面积·取自来源',
    area_m2_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '建筑面积·业务时间',
    area_m2_rule LowCardinality(String) COMMENT '建筑面积·取值规则',
    direct_service_area_m2 Nullable(Decimal(18, 4)) COMMENT '直接服务面积（m2）',
    direct_service_area_m2_src LowCardinality(String) COMMENT '直接服务面积·取自来源',
    direct_service_area_m2_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '直接服务面积·业务时间',
    direct_service_area_m2_rule LowCardinality(String) COMMENT '直接服务面积·取值规则',
    opened_on Nullable(Date32) COMMENT '启用日期',
    opened_on_src LowCardinality(String) COMMENT '启用日期·取自来源',
    opened_on_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '启用日期·业务时间',
    opened_on_rule LowCardinality(String) COMMENT '启用日期·取值规则',
    operating Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '是否运行',
    operating_src LowCardinality(String) COMMENT '是否运行·取自来源',
    operating_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '是否运行·业务时间',
    operating_rule LowCardinality(String) COMMENT '是否运行·取值规则',
    valid_from Nullable(Date32) COMMENT '生效日期',
    valid_from_src LowCardinality(String) COMMENT '生效日期·取自来源',
    valid_from_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '生效日期·业务时间',
    valid_from_rule LowCardinality(String) COMMENT '生效日期·取值规则',
    valid_to Nullable(Date32) COMMENT '失效日期',
    valid_to_src LowCardinality(String) COMMENT '失效日期·取自来源',
    valid_to_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '失效日期·业务时间',
    valid_to_rule LowCardinality(String) COMMENT '失效日期·取值规则',
    grid_id Nullable(String) COMMENT '所在网格',
    grid_id_src LowCardinality(String) COMMENT '所在网格·取自来源',
    grid_id_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '所在网格·业务时间',
    grid_id_rule LowCardinality(String) COMMENT '所在网格·取值规则',
    standardised Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '规范化',
    standardised_src LowCardinality(String) COMMENT '规范化·取自来源',
    standardised_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '规范化·业务时间',
    standardised_rule LowCardinality(String) COMMENT '规范化·取值规则',
    substantive Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '实体化运行',
    substantive_src LowCardinality(String) COMMENT '实体化运行·取自来源',
    substantive_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '实体化运行·业务时间',
    substantive_rule LowCardinality(String) COMMENT '实体化运行·取值规则',
    is_party_mass_centre Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '建成党群服务中心',
    is_party_mass_centre_src LowCardinality(String) COMMENT '建成党群服务中心·取自来源',
    is_party_mass_centre_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '建成党群服务中心·业务时间',
    is_party_mass_centre_rule LowCardinality(String) COMMENT '建成党群服务中心·取值规则',
    serves_divisions Array(String) COMMENT '协议共享区划',
    serves_divisions_src LowCardinality(String) COMMENT '协议共享区划·取自来源',
    serves_divisions_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '协议共享区划·业务时间',
    serves_divisions_rule LowCardinality(String) COMMENT '协议共享区划·取值规则',
    service_codes Array(String) COMMENT '服务项目',
    service_codes_src LowCardinality(String) COMMENT '服务项目·取自来源',
    service_codes_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '服务项目·业务时间',
    service_codes_rule LowCardinality(String) COMMENT '服务项目·取值规则',
    lon Nullable(Decimal(18, 4)) COMMENT '经度（degree）',
    lon_src LowCardinality(String) COMMENT '经度·取自来源',
    lon_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '经度·业务时间',
    lon_rule LowCardinality(String) COMMENT '经度·取值规则',
    lat Nullable(Decimal(18, 4)) COMMENT '纬度（degree）',
    lat_src LowCardinality(String) COMMENT '纬度·取自来源',
    lat_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '纬度·业务时间',
    lat_rule LowCardinality(String) COMMENT '纬度·取值规则'
) DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT way.1 AS under_code,
       way.2 AS under_how,
       way.4 - way.3 AS under_share,
       way.5 AS under_candidates,
       t.facility_id AS facility_id,
       t.division_code AS division_code,
       t.division_code_src AS division_code_src,
       t.division_code_at AS division_code_at,
       t.division_code_rule AS division_code_rule,
       t.facility_kind AS facility_kind,
       t.facility_kind_src AS facility_kind_src,
       t.facility_kind_at AS facility_kind_at,
       t.facility_kind_rule AS facility_kind_rule,
       t.name AS name,
       t.name_src AS name_src,
       t.name_at AS name_at,
       t.name_rule AS name_rule,
       t.match_name AS match_name,
       t.match_name_src AS match_name_src,
       t.match_name_at AS match_name_at,
       t.match_name_rule AS match_name_rule,
       t.site_type AS site_type,
       t.site_type_src AS site_type_src,
       t.site_type_at AS site_type_at,
       t.site_type_rule AS site_type_rule,
       t.area_m2 AS area_m2,
       t.area_m2_src AS area_m2_src,
       t.area_m2_at AS area_m2_at,
       t.area_m2_rule AS area_m2_rule,
       t.direct_service_area_m2 AS direct_service_area_m2,
       t.direct_service_area_m2_src AS direct_service_area_m2_src,
       t.direct_service_area_m2_at AS direct_service_area_m2_at,
       t.direct_service_area_m2_rule AS direct_service_area_m2_rule,
       t.opened_on AS opened_on,
       t.opened_on_src AS opened_on_src,
       t.opened_on_at AS opened_on_at,
       t.opened_on_rule AS opened_on_rule,
       t.operating AS operating,
       t.operating_src AS operating_src,
       t.operating_at AS operating_at,
       t.operating_rule AS operating_rule,
       t.valid_from AS valid_from,
       t.valid_from_src AS valid_from_src,
       t.valid_from_at AS valid_from_at,
       t.valid_from_rule AS valid_from_rule,
       t.valid_to AS valid_to,
       t.valid_to_src AS valid_to_src,
       t.valid_to_at AS valid_to_at,
       t.valid_to_rule AS valid_to_rule,
       t.grid_id AS grid_id,
       t.grid_id_src AS grid_id_src,
       t.grid_id_at AS grid_id_at,
       t.grid_id_rule AS grid_id_rule,
       t.standardised AS standardised,
       t.standardised_src AS standardised_src,
       t.standardised_at AS standardised_at,
       t.standardised_rule AS standardised_rule,
       t.substantive AS substantive,
       t.substantive_src AS substantive_src,
       t.substantive_at AS substantive_at,
       t.substantive_rule AS substantive_rule,
       t.is_party_mass_centre AS is_party_mass_centre,
       t.is_party_mass_centre_src AS is_party_mass_centre_src,
       t.is_party_mass_centre_at AS is_party_mass_centre_at,
       t.is_party_mass_centre_rule AS is_party_mass_centre_rule,
       t.serves_divisions AS serves_divisions,
       t.serves_divisions_src AS serves_divisions_src,
       t.serves_divisions_at AS serves_divisions_at,
       t.serves_divisions_rule AS serves_divisions_rule,
       t.service_codes AS service_codes,
       t.service_codes_src AS service_codes_src,
       t.service_codes_at AS service_codes_at,
       t.service_codes_rule AS service_codes_rule,
       t.lon AS lon,
       t.lon_src AS lon_src,
       t.lon_at AS lon_at,
       t.lon_rule AS lon_rule,
       t.lat AS lat,
       t.lat_src AS lat_src,
       t.lat_at AS lat_at,
       t.lat_rule AS lat_rule
FROM
(
  SELECT facility_id,
         v_division_code AS division_code,
         ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_division_code, 65535))] AS division_code_src,
         times[indexOf(srcs, toUInt16(bitAnd(w_division_code, 65535)))] AS division_code_at,
         multiIf(toUInt8(bitShiftRight(w_division_code, 80)) = 0, '', toUInt8(bitShiftRight(w_division_code, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_division_code, 80))))) AS division_code_rule,
         v_facility_kind AS facility_kind,
         ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_facility_kind, 65535))] AS facility_kind_src,
         times[indexOf(srcs, toUInt16(bitAnd(w_facility_kind, 65535)))] AS facility_kind_at,
         multiIf(toUInt8(bitShiftRight(w_facility_kind, 80)) = 0, '', toUInt8(bitShiftRight(w_facility_kind, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_facility_kind, 80))))) AS facility_kind_rule,
         v_name AS name,
         ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_name, 65535))] AS name_src,
         if(w_name = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_name, 65535)))]) AS name_at,
         multiIf(toUInt8(bitShiftRight(w_name, 80)) = 0, '', toUInt8(bitShiftRight(w_name, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_name, 80))))) AS name_rule,
         v_match_name AS match_name,
         ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_match_name, 65535))] AS match_name_src,
         if(w_match_name = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_match_name, 65535)))]) AS match_name_at,
         multiIf(toUInt8(bitShiftRight(w_match_name, 80)) = 0, '', toUInt8(bitShiftRight(w_match_name, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_match_name, 80))))) AS match_name_rule,
         v_site_type AS site_type,
         ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_site_type, 65535))] AS site_type_src,
         if(w_site_type = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_site_type, 65535)))]) AS site_type_at,
         multiIf(toUInt8(bitShiftRight(w_site_type, 80)) = 0, '', toUInt8(bitShiftRight(w_site_type, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_site_type, 80))))) AS site_type_rule,
         v_area_m2 AS area_m2,
         ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_area_m2, 65535))] AS area_m2_src,
         if(w_area_m2 = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_area_m2, 65535)))]) AS area_m2_at,
         multiIf(toUInt8(bitShiftRight(w_area_m2, 80)) = 0, '', toUInt8(bitShiftRight(w_area_m2, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_area_m2, 80))))) AS area_m2_rule,
         v_direct_service_area_m2 AS direct_service_area_m2,
         ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_direct_service_area_m2, 65535))] AS direct_service_area_m2_src,
         if(w_direct_service_area_m2 = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_direct_service_area_m2, 65535)))]) AS direct_service_area_m2_at,
         multiIf(toUInt8(bitShiftRight(w_direct_service_area_m2, 80)) = 0, '', toUInt8(bitShiftRight(w_direct_service_area_m2, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_direct_service_area_m2, 80))))) AS direct_service_area_m2_rule,
         v_opened_on AS opened_on,
         ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_opened_on, 65535))] AS opened_on_src,
         if(w_opened_on = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_opened_on, 65535)))]) AS opened_on_at,
         multiIf(toUInt8(bitShiftRight(w_opened_on, 80)) = 0, '', toUInt8(bitShiftRight(w_opened_on, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_opened_on, 80))))) AS opened_on_rule,
         v_operating AS operating,
         ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_operating, 65535))] AS operating_src,
         if(w_operating = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_operating, 65535)))]) AS operating_at,
         multiIf(toUInt8(bitShiftRight(w_operating, 80)) = 0, '', toUInt8(bitShiftRight(w_operating, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_operating, 80))))) AS operating_rule,
         v_valid_from AS valid_from,
         ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_valid_from, 65535))] AS valid_from_src,
         if(w_valid_from = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_valid_from, 65535)))]) AS valid_from_at,
         multiIf(toUInt8(bitShiftRight(w_valid_from, 80)) = 0, '', toUInt8(bitShiftRight(w_valid_from, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_valid_from, 80))))) AS valid_from_rule,
         v_valid_to AS valid_to,
         ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_valid_to, 65535))] AS valid_to_src,
         if(w_valid_to = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_valid_to, 65535)))]) AS valid_to_at,
         multiIf(toUInt8(bitShiftRight(w_valid_to, 80)) = 0, '', toUInt8(bitShiftRight(w_valid_to, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_valid_to, 80))))) AS valid_to_rule,
         v_grid_id AS grid_id,
         ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_grid_id, 65535))] AS grid_id_src,
         if(w_grid_id = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_grid_id, 65535)))]) AS grid_id_at,
         multiIf(toUInt8(bitShiftRight(w_grid_id, 80)) = 0, '', toUInt8(bitShiftRight(w_grid_id, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_grid_id, 80))))) AS grid_id_rule,
         v_standardised AS standardised,
         ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_standardised, 65535))] AS standardised_src,
         if(w_standardised = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_standardised, 65535)))]) AS standardised_at,
         multiIf(toUInt8(bitShiftRight(w_standardised, 80)) = 0, '', toUInt8(bitShiftRight(w_standardised, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_standardised, 80))))) AS standardised_rule,
         v_substantive AS substantive,
         ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_substantive, 65535))] AS substantive_src,
         if(w_substantive = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_substantive, 65535)))]) AS substantive_at,
         multiIf(toUInt8(bitShiftRight(w_substantive, 80)) = 0, '', toUInt8(bitShiftRight(w_substantive, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_substantive, 80))))) AS substantive_rule,
         v_is_party_mass_centre AS is_party_mass_centre,
         ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_is_party_mass_centre, 65535))] AS is_party_mass_centre_src,
         if(w_is_party_mass_centre = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_is_party_mass_centre, 65535)))]) AS is_party_mass_centre_at,
         multiIf(toUInt8(bitShiftRight(w_is_party_mass_centre, 80)) = 0, '', toUInt8(bitShiftRight(w_is_party_mass_centre, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_is_party_mass_centre, 80))))) AS is_party_mass_centre_rule,
         v_serves_divisions AS serves_divisions,
         ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_serves_divisions, 65535))] AS serves_divisions_src,
         if(w_serves_divisions = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_serves_divisions, 65535)))]) AS serves_divisions_at,
         multiIf(toUInt8(bitShiftRight(w_serves_divisions, 80)) = 0, '', toUInt8(bitShiftRight(w_serves_divisions, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_serves_divisions, 80))))) AS serves_divisions_rule,
         v_service_codes AS service_codes,
         ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_service_codes, 65535))] AS service_codes_src,
         if(w_service_codes = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_service_codes, 65535)))]) AS service_codes_at,
         multiIf(toUInt8(bitShiftRight(w_service_codes, 80)) = 0, '', toUInt8(bitShiftRight(w_service_codes, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_service_codes, 80))))) AS service_codes_rule,
         v_lon AS lon,
         ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_lon, 65535))] AS lon_src,
         if(w_lon = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_lon, 65535)))]) AS lon_at,
         multiIf(toUInt8(bitShiftRight(w_lon, 80)) = 0, '', toUInt8(bitShiftRight(w_lon, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_lon, 80))))) AS lon_rule,
         v_lat AS lat,
         ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_lat, 65535))] AS lat_src,
         if(w_lat = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_lat, 65535)))]) AS lat_at,
         multiIf(toUInt8(bitShiftRight(w_lat, 80)) = 0, '', toUInt8(bitShiftRight(w_lat, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_lat, 80))))) AS lat_rule
  FROM
  (
    SELECT facility_id,
           argMinIf(division_code, ord_0, 1) AS v_division_code,
           minIf(ord_0, 1) AS w_division_code,
           argMinIf(facility_kind, ord_0, 1) AS v_facility_kind,
           minIf(ord_0, 1) AS w_facility_kind,
           argMinIf(name, ord_0, name IS NOT NULL) AS v_name,
           minIf(ord_0, name IS NOT NULL) AS w_name,
           argMinIf(match_name, ord_0, match_name IS NOT NULL) AS v_match_name,
           minIf(ord_0, match_name IS NOT NULL) AS w_match_name,
           argMinIf(site_type, ord_1, site_type IS NOT NULL) AS v_site_type,
           minIf(ord_1, site_type IS NOT NULL) AS w_site_type,
           argMinIf(area_m2, ord_2, area_m2 IS NOT NULL) AS v_area_m2,
           minIf(ord_2, area_m2 IS NOT NULL) AS w_area_m2,
           argMinIf(direct_service_area_m2, ord_2, direct_service_area_m2 IS NOT NULL) AS v_direct_service_area_m2,
           minIf(ord_2, direct_service_area_m2 IS NOT NULL) AS w_direct_service_area_m2,
           argMinIf(opened_on, ord_0, opened_on IS NOT NULL) AS v_opened_on,
           minIf(ord_0, opened_on IS NOT NULL) AS w_opened_on,
           argMinIf(operating, ord_3, operating IS NOT NULL) AS v_operating,
           minIf(ord_3, operating IS NOT NULL) AS w_operating,
           argMinIf(valid_from, ord_0, valid_from IS NOT NULL) AS v_valid_from,
           minIf(ord_0, valid_from IS NOT NULL) AS w_valid_from,
           argMinIf(valid_to, ord_0, valid_to IS NOT NULL) AS v_valid_to,
           minIf(ord_0, valid_to IS NOT NULL) AS w_valid_to,
           argMinIf(grid_id, ord_0, grid_id IS NOT NULL) AS v_grid_id,
           minIf(ord_0, grid_id IS NOT NULL) AS w_grid_id,
           argMinIf(standardised, ord_0, standardised IS NOT NULL) AS v_standardised,
           minIf(ord_0, standardised IS NOT NULL) AS w_standardised,
           argMinIf(substantive, ord_0, substantive IS NOT NULL) AS v_substantive,
           minIf(ord_0, substantive IS NOT NULL) AS w_substantive,
           argMinIf(is_party_mass_centre, ord_0, is_party_mass_centre IS NOT NULL) AS v_is_party_mass_centre,
           minIf(ord_0, is_party_mass_centre IS NOT NULL) AS w_is_party_mass_centre,
           argMinIf(serves_divisions, ord_0, notEmpty(serves_divisions)) AS v_serves_divisions,
           minIf(ord_0, notEmpty(serves_divisions)) AS w_serves_divisions,
           argMinIf(service_codes, ord_0, notEmpty(service_codes)) AS v_service_codes,
           minIf(ord_0, notEmpty(service_codes)) AS w_service_codes,
           argMinIf(lon, ord_0, lon IS NOT NULL) AS v_lon,
           minIf(ord_0, lon IS NOT NULL) AS w_lon,
           argMinIf(lat, ord_0, lat IS NOT NULL) AS v_lat,
           minIf(ord_0, lat IS NOT NULL) AS w_lat,
           groupArray(toUInt16(indexOf(['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'], src_system))) AS srcs,
           groupArray(event_time) AS times
    FROM
    (
      SELECT *, bitShiftLeft(toUInt128(multiIf(src_system = 'county_ledger', 1, src_system = 'township_ledger', 2, src_system = 'village_forms', 3, src_system = 'province_gateway', 4, 255)), 80) + bitShiftLeft(toUInt128(bitNot(version)), 16) + indexOf(['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'], src_system) AS ord_0, bitShiftLeft(toUInt128(multiIf(src_system = 'county_ledger', 1, src_system = 'township_ledger', 2, src_system = 'village_forms', 3, 255)), 80) + bitShiftLeft(toUInt128(bitNot(version)), 16) + indexOf(['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'], src_system) AS ord_1, bitShiftLeft(toUInt128(multiIf(src_system = 'township_ledger', 1, src_system = 'village_forms', 2, src_system = 'county_ledger', 3, src_system = 'province_gateway', 4, 255)), 80) + bitShiftLeft(toUInt128(bitNot(version)), 16) + indexOf(['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'], src_system) AS ord_2, bitShiftLeft(toUInt128(multiIf(src_system = 'village_forms', 1, src_system = 'county_ledger', 2, src_system = 'province_gateway', 3, 255)), 80) + bitShiftLeft(toUInt128(bitNot(version)), 16) + indexOf(['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'], src_system) AS ord_3
      FROM
      (
        SELECT facility_id, division_code, facility_kind, name, match_name, site_type, area_m2, direct_service_area_m2, opened_on, operating, valid_from, valid_to, grid_id, standardised, substantive, is_party_mass_centre, serves_divisions, service_codes, lon, lat, src_system, src_tier, event_time, version, is_deleted
        FROM std.facility
        WHERE src_system IN ('county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms') AND event_time <= parseDateTime64BestEffort({at:String}, 3, 'Asia/Shanghai') AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai') AND facility_id NOT IN (SELECT member FROM (SELECT member AS facility_id, member, canonical FROM ops.identity FINAL WHERE entity = 'facility' AND is_deleted = 0))
        ORDER BY facility_id DESC, src_system DESC, version DESC, kafka_offset DESC
        LIMIT 1 BY facility_id, src_system
      )
      WHERE is_deleted = 0
    )
    GROUP BY facility_id
  )
  UNION ALL
  SELECT facility_id,
         v_division_code AS division_code,
         ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_division_code, 65535))] AS division_code_src,
         times[indexOf(srcs, toUInt16(bitAnd(w_division_code, 65535)))] AS division_code_at,
         multiIf(toUInt8(bitShiftRight(w_division_code, 80)) = 0, '', toUInt8(bitShiftRight(w_division_code, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_division_code, 80))))) AS division_code_rule,
         v_facility_kind AS facility_kind,
         ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_facility_kind, 65535))] AS facility_kind_src,
         times[indexOf(srcs, toUInt16(bitAnd(w_facility_kind, 65535)))] AS facility_kind_at,
         multiIf(toUInt8(bitShiftRight(w_facility_kind, 80)) = 0, '', toUInt8(bitShiftRight(w_facility_kind, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_facility_kind, 80))))) AS facility_kind_rule,
         v_name AS name,
         ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_name, 65535))] AS name_src,
         if(w_name = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_name, 65535)))]) AS name_at,
         multiIf(toUInt8(bitShiftRight(w_name, 80)) = 0, '', toUInt8(bitShiftRight(w_name, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_name, 80))))) AS name_rule,
         v_match_name AS match_name,
         ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_match_name, 65535))] AS match_name_src,
         if(w_match_name = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_match_name, 65535)))]) AS match_name_at,
         multiIf(toUInt8(bitShiftRight(w_match_name, 80)) = 0, '', toUInt8(bitShiftRight(w_match_name, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_match_name, 80))))) AS match_name_rule,
         v_site_type AS site_type,
         ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_site_type, 65535))] AS site_type_src,
         if(w_site_type = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_site_type, 65535)))]) AS site_type_at,
         multiIf(toUInt8(bitShiftRight(w_site_type, 80)) = 0, '', toUInt8(bitShiftRight(w_site_type, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_site_type, 80))))) AS site_type_rule,
         v_area_m2 AS area_m2,
         ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_area_m2, 65535))] AS area_m2_src,
         if(w_area_m2 = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_area_m2, 65535)))]) AS area_m2_at,
         multiIf(toUInt8(bitShiftRight(w_area_m2, 80)) = 0, '', toUInt8(bitShiftRight(w_area_m2, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_area_m2, 80))))) AS area_m2_rule,
         v_direct_service_area_m2 AS direct_service_area_m2,
         ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_direct_service_area_m2, 65535))] AS direct_service_area_m2_src,
         if(w_direct_service_area_m2 = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_direct_service_area_m2, 65535)))]) AS direct_service_area_m2_at,
         multiIf(toUInt8(bitShiftRight(w_direct_service_area_m2, 80)) = 0, '', toUInt8(bitShiftRight(w_direct_service_area_m2, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_direct_service_area_m2, 80))))) AS direct_service_area_m2_rule,
         v_opened_on AS opened_on,
         ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_opened_on, 65535))] AS opened_on_src,
         if(w_opened_on = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_opened_on, 65535)))]) AS opened_on_at,
         multiIf(toUInt8(bitShiftRight(w_opened_on, 80)) = 0, '', toUInt8(bitShiftRight(w_opened_on, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_opened_on, 80))))) AS opened_on_rule,
         v_operating AS operating,
         ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_operating, 65535))] AS operating_src,
         if(w_operating = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_operating, 65535)))]) AS operating_at,
         multiIf(toUInt8(bitShiftRight(w_operating, 80)) = 0, '', toUInt8(bitShiftRight(w_operating, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_operating, 80))))) AS operating_rule,
         v_valid_from AS valid_from,
         ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_valid_from, 65535))] AS valid_from_src,
         if(w_valid_from = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_valid_from, 65535)))]) AS valid_from_at,
         multiIf(toUInt8(bitShiftRight(w_valid_from, 80)) = 0, '', toUInt8(bitShiftRight(w_valid_from, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_valid_from, 80))))) AS valid_from_rule,
         v_valid_to AS valid_to,
         ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_valid_to, 65535))] AS valid_to_src,
         if(w_valid_to = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_valid_to, 65535)))]) AS valid_to_at,
         multiIf(toUInt8(bitShiftRight(w_valid_to, 80)) = 0, '', toUInt8(bitShiftRight(w_valid_to, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_valid_to, 80))))) AS valid_to_rule,
         v_grid_id AS grid_id,
         ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_grid_id, 65535))] AS grid_id_src,
         if(w_grid_id = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_grid_id, 65535)))]) AS grid_id_at,
         multiIf(toUInt8(bitShiftRight(w_grid_id, 80)) = 0, '', toUInt8(bitShiftRight(w_grid_id, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_grid_id, 80))))) AS grid_id_rule,
         v_standardised AS standardised,
         ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_standardised, 65535))] AS standardised_src,
         if(w_standardised = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_standardised, 65535)))]) AS standardised_at,
         multiIf(toUInt8(bitShiftRight(w_standardised, 80)) = 0, '', toUInt8(bitShiftRight(w_standardised, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_standardised, 80))))) AS standardised_rule,
         v_substantive AS substantive,
         ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_substantive, 65535))] AS substantive_src,
         if(w_substantive = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_substantive, 65535)))]) AS substantive_at,
         multiIf(toUInt8(bitShiftRight(w_substantive, 80)) = 0, '', toUInt8(bitShiftRight(w_substantive, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_substantive, 80))))) AS substantive_rule,
         v_is_party_mass_centre AS is_party_mass_centre,
         ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_is_party_mass_centre, 65535))] AS is_party_mass_centre_src,
         if(w_is_party_mass_centre = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_is_party_mass_centre, 65535)))]) AS is_party_mass_centre_at,
         multiIf(toUInt8(bitShiftRight(w_is_party_mass_centre, 80)) = 0, '', toUInt8(bitShiftRight(w_is_party_mass_centre, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_is_party_mass_centre, 80))))) AS is_party_mass_centre_rule,
         v_serves_divisions AS serves_divisions,
         ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_serves_divisions, 65535))] AS serves_divisions_src,
         if(w_serves_divisions = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_serves_divisions, 65535)))]) AS serves_divisions_at,
         multiIf(toUInt8(bitShiftRight(w_serves_divisions, 80)) = 0, '', toUInt8(bitShiftRight(w_serves_divisions, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_serves_divisions, 80))))) AS serves_divisions_rule,
         v_service_codes AS service_codes,
         ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_service_codes, 65535))] AS service_codes_src,
         if(w_service_codes = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_service_codes, 65535)))]) AS service_codes_at,
         multiIf(toUInt8(bitShiftRight(w_service_codes, 80)) = 0, '', toUInt8(bitShiftRight(w_service_codes, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_service_codes, 80))))) AS service_codes_rule,
         v_lon AS lon,
         ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_lon, 65535))] AS lon_src,
         if(w_lon = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_lon, 65535)))]) AS lon_at,
         multiIf(toUInt8(bitShiftRight(w_lon, 80)) = 0, '', toUInt8(bitShiftRight(w_lon, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_lon, 80))))) AS lon_rule,
         v_lat AS lat,
         ['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_lat, 65535))] AS lat_src,
         if(w_lat = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_lat, 65535)))]) AS lat_at,
         multiIf(toUInt8(bitShiftRight(w_lat, 80)) = 0, '', toUInt8(bitShiftRight(w_lat, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_lat, 80))))) AS lat_rule
  FROM
  (
    SELECT facility_id,
           argMinIf(division_code, ord_0, 1) AS v_division_code,
           minIf(ord_0, 1) AS w_division_code,
           argMinIf(facility_kind, ord_0, 1) AS v_facility_kind,
           minIf(ord_0, 1) AS w_facility_kind,
           argMinIf(name, ord_0, name IS NOT NULL) AS v_name,
           minIf(ord_0, name IS NOT NULL) AS w_name,
           argMinIf(match_name, ord_0, match_name IS NOT NULL) AS v_match_name,
           minIf(ord_0, match_name IS NOT NULL) AS w_match_name,
           argMinIf(site_type, ord_1, site_type IS NOT NULL) AS v_site_type,
           minIf(ord_1, site_type IS NOT NULL) AS w_site_type,
           argMinIf(area_m2, ord_2, area_m2 IS NOT NULL) AS v_area_m2,
           minIf(ord_2, area_m2 IS NOT NULL) AS w_area_m2,
           argMinIf(direct_service_area_m2, ord_2, direct_service_area_m2 IS NOT NULL) AS v_direct_service_area_m2,
           minIf(ord_2, direct_service_area_m2 IS NOT NULL) AS w_direct_service_area_m2,
           argMinIf(opened_on, ord_0, opened_on IS NOT NULL) AS v_opened_on,
           minIf(ord_0, opened_on IS NOT NULL) AS w_opened_on,
           argMinIf(operating, ord_3, operating IS NOT NULL) AS v_operating,
           minIf(ord_3, operating IS NOT NULL) AS w_operating,
           argMinIf(valid_from, ord_0, valid_from IS NOT NULL) AS v_valid_from,
           minIf(ord_0, valid_from IS NOT NULL) AS w_valid_from,
           argMinIf(valid_to, ord_0, valid_to IS NOT NULL) AS v_valid_to,
           minIf(ord_0, valid_to IS NOT NULL) AS w_valid_to,
           argMinIf(grid_id, ord_0, grid_id IS NOT NULL) AS v_grid_id,
           minIf(ord_0, grid_id IS NOT NULL) AS w_grid_id,
           argMinIf(standardised, ord_0, standardised IS NOT NULL) AS v_standardised,
           minIf(ord_0, standardised IS NOT NULL) AS w_standardised,
           argMinIf(substantive, ord_0, substantive IS NOT NULL) AS v_substantive,
           minIf(ord_0, substantive IS NOT NULL) AS w_substantive,
           argMinIf(is_party_mass_centre, ord_0, is_party_mass_centre IS NOT NULL) AS v_is_party_mass_centre,
           minIf(ord_0, is_party_mass_centre IS NOT NULL) AS w_is_party_mass_centre,
           argMinIf(serves_divisions, ord_0, notEmpty(serves_divisions)) AS v_serves_divisions,
           minIf(ord_0, notEmpty(serves_divisions)) AS w_serves_divisions,
           argMinIf(service_codes, ord_0, notEmpty(service_codes)) AS v_service_codes,
           minIf(ord_0, notEmpty(service_codes)) AS w_service_codes,
           argMinIf(lon, ord_0, lon IS NOT NULL) AS v_lon,
           minIf(ord_0, lon IS NOT NULL) AS w_lon,
           argMinIf(lat, ord_0, lat IS NOT NULL) AS v_lat,
           minIf(ord_0, lat IS NOT NULL) AS w_lat,
           groupArray(toUInt16(indexOf(['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'], src_system))) AS srcs,
           groupArray(event_time) AS times
    FROM
    (
      SELECT *, bitShiftLeft(toUInt128(multiIf(src_system = 'county_ledger', 1, src_system = 'township_ledger', 2, src_system = 'village_forms', 3, src_system = 'province_gateway', 4, 255)), 80) + bitShiftLeft(toUInt128(bitNot(version)), 16) + indexOf(['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'], src_system) AS ord_0, bitShiftLeft(toUInt128(multiIf(src_system = 'county_ledger', 1, src_system = 'township_ledger', 2, src_system = 'village_forms', 3, 255)), 80) + bitShiftLeft(toUInt128(bitNot(version)), 16) + indexOf(['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'], src_system) AS ord_1, bitShiftLeft(toUInt128(multiIf(src_system = 'township_ledger', 1, src_system = 'village_forms', 2, src_system = 'county_ledger', 3, src_system = 'province_gateway', 4, 255)), 80) + bitShiftLeft(toUInt128(bitNot(version)), 16) + indexOf(['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'], src_system) AS ord_2, bitShiftLeft(toUInt128(multiIf(src_system = 'village_forms', 1, src_system = 'county_ledger', 2, src_system = 'province_gateway', 3, 255)), 80) + bitShiftLeft(toUInt128(bitNot(version)), 16) + indexOf(['county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms'], src_system) AS ord_3
      FROM
      (
        SELECT facility_id, division_code, facility_kind, name, match_name, site_type, area_m2, direct_service_area_m2, opened_on, operating, valid_from, valid_to, grid_id, standardised, substantive, is_party_mass_centre, serves_divisions, service_codes, lon, lat, src_system, src_tier, event_time, version, is_deleted
        FROM (
          SELECT k.facility_id AS facility_id, c.facility_id AS member, c.division_code AS division_code, c.facility_kind AS facility_kind, c.name AS name, c.match_name AS match_name, c.site_type AS site_type, c.area_m2 AS area_m2, c.direct_service_area_m2 AS direct_service_area_m2, c.opened_on AS opened_on, c.operating AS operating, c.valid_from AS valid_from, c.valid_to AS valid_to, c.grid_id AS grid_id, c.standardised AS standardised, c.substantive AS substantive, c.is_party_mass_centre AS is_party_mass_centre, c.serves_divisions AS serves_divisions, c.service_codes AS service_codes, c.lon AS lon, c.lat AS lat, c.src_system AS src_system, c.src_tier AS src_tier, c.event_time AS event_time, c.version AS version, c.is_deleted AS is_deleted, c.kafka_offset AS kafka_offset
          FROM
          (
            SELECT *
            FROM
            (
              SELECT facility_id, division_code, facility_kind, name, match_name, site_type, area_m2, direct_service_area_m2, opened_on, operating, valid_from, valid_to, grid_id, standardised, substantive, is_party_mass_centre, serves_divisions, service_codes, lon, lat, src_system, src_tier, event_time, version, is_deleted, kafka_offset
              FROM std.facility
              WHERE src_system IN ('county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms') AND facility_id IN (SELECT member FROM (SELECT member, facility_id FROM (SELECT member, canonical AS facility_id FROM ops.identity FINAL WHERE entity = 'facility' AND is_deleted = 0) WHERE 1)) AND event_time <= parseDateTime64BestEffort({at:String}, 3, 'Asia/Shanghai') AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')
              ORDER BY facility_id DESC, src_system DESC, version DESC, kafka_offset DESC
              LIMIT 1 BY facility_id, src_system
            )
            WHERE is_deleted = 0
          ) AS c
          INNER JOIN (SELECT member, facility_id FROM (SELECT member, canonical AS facility_id FROM ops.identity FINAL WHERE entity = 'facility' AND is_deleted = 0) WHERE 1) AS k ON k.member = c.facility_id
        )
        WHERE src_system IN ('county_ledger', 'county_offices', 'province_gateway', 'township_ledger', 'village_forms')
        ORDER BY facility_id DESC, src_system DESC, version DESC, kafka_offset DESC, member
        LIMIT 1 BY facility_id, src_system
      )
      WHERE is_deleted = 0
    )
    GROUP BY facility_id
  )
) AS t
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 0 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS own ON own.code = t.division_code
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS town ON town.code = toFixedString(if(endsWith(t.division_code, '000'), '', concat(substring(t.division_code, 1, 9), '000')), 12)
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS county ON county.code = toFixedString(if(endsWith(t.division_code, '000000'), '', concat(substring(t.division_code, 1, 6), '000000')), 12)
ARRAY JOIN arrayConcat(
  arrayMap(x -> (x.3, x.4, x.5, x.6, x.7), arrayFilter(x -> x.1 <= toDate32(t.division_code_at) AND x.2 > toDate32(t.division_code_at), if(notEmpty(own.ways), own.ways, if(notEmpty(town.ways), town.ways, county.ways))) AS found),
  if(empty(found), [(t.division_code, 'same', toDecimal64(0, 12), toDecimal64(1, 12), emptyArrayString()::Array(FixedString(12)))], [])) AS way
WHERE throwIf((SELECT count() = 0 FROM dwd.division_remap), 'dwd.division_remap is empty: run "rongtong run integrate" once') = 0
COMMENT '设施阵地：任意时点（at）的一物一行，按任意时点（known）所知；按所选日期（under）的登记册 [330b90856e340795]';

CREATE OR REPLACE VIEW dwd.facility_under
(
    under_code FixedString(12) COMMENT '在所选登记册中的区划代码',
    under_how LowCardinality(String) COMMENT '换算方式：same 未变，whole 整体归入，shared 按已知比例分，undivided 比例不明、留在共同上级，above 仅知上级，lost 去向无记载、留在上级',
    under_share Decimal(18, 12) COMMENT '本行占原数的份额',
    under_candidates Array(FixedString(12)) COMMENT '比例不明时可能的承接区划',
    facility_id String COMMENT '设施标识',
    division_code FixedString(12) COMMENT '所在区划',
    division_code_src LowCardinality(String) COMMENT '所在区划·取自来源',
    division_code_at DateTime64(3, 'Asia/Shanghai') COMMENT '所在区划·业务时间',
    division_code_rule LowCardinality(String) COMMENT '所在区划·取值规则',
    facility_kind LowCardinality(String) COMMENT '设施类别',
    facility_kind_src LowCardinality(String) COMMENT '设施类别·取自来源',
    facility_kind_at DateTime64(3, 'Asia/Shanghai') COMMENT '设施类别·业务时间',
    facility_kind_rule LowCardinality(String) COMMENT '设施类别·取值规则',
    name Nullable(String) COMMENT '名称',
    name_src LowCardinality(String) COMMENT '名称·取自来源',
    name_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '名称·业务时间',
    name_rule LowCardinality(String) COMMENT '名称·取值规则',
    match_name Nullable(String) COMMENT '名称（比对用）',
    match_name_src LowCardinality(String) COMMENT '名称（比对用）·取自来源',
    match_name_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '名称（比对用）·业务时间',
    match_name_rule LowCardinality(String) COMMENT '名称（比对用）·取值规则',
    site_type LowCardinality(Nullable(String)) COMMENT '所在地类型',
    site_type_src LowCardinality(String) COMMENT '所在地类型·取自来源',
    site_type_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '所在地类型·业务时间',
    site_type_rule LowCardinality(String) COMMENT '所在地类型·取值规则',
    area_m2 Nullable(Decimal(18, 4)) COMMENT '建筑面积（m2）',
    area_m2_src LowCardinality(String) COMMENT '建筑面积·取自来源',
    area_m2_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '建筑面积·业务时间',
    area_m2_rule LowCardinality(String) COMMENT '建筑面积·取值规则',
    direct_service_area_m2 Nullable(Decimal(18, 4)) COMMENT '直接服务面积（m2）',
    direct_service_area_m2_src LowCardinality(String) COMMENT '直接服务面积·取自来源',
    direct_service_area_m2_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '直接服务面积·业务时间',
    direct_service_area_m2_rule LowCardinality(String) COMMENT '直接服务面积·取值规则',
    opened_on Nullable(Date32) COMMENT '启用日期',
    opened_on_src LowCardinality(String) COMMENT '启用日期·取自来源',
    opened_on_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '启用日期·业务时间',
    opened_on_rule LowCardinality(String) COMMENT '启用日期·取值规则',
    operating Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '是否运行',
    operating_src LowCardinality(String) COMMENT '是否运行·取自来源',
    operating_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '是否运行·业务时间',
    operating_rule LowCardinality(String) COMMENT '是否运行·取值规则',
    valid_from Nullable(Date32) COMMENT '生效日期',
    valid_from_src LowCardinality(String) COMMENT '生效日期·取自来源',
    valid_from_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '生效日期·业务时间',
    valid_from_rule LowCardinality(String) COMMENT '生效日期·取值规则',
    valid_to Nullable(Date32) COMMENT '失效日期',
    valid_to_src LowCardinality(String) COMMENT '失效日期·取自来源',
    valid_to_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '失效日期·业务时间',
    valid_to_rule LowCardinality(String) COMMENT '失效日期·取值规则',
    grid_id Nullable(String) COMMENT '所在网格',
    grid_id_src LowCardinality(String) COMMENT '所在网格·取自来源',
    grid_id_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '所在网格·业务时间',
    grid_id_rule LowCardinality(String) COMMENT '所在网格·取值规则',
    standardised Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '规范化',
    standardised_src LowCardinality(String) COMMENT '规范化·取自来源',
    standardised_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '规范化·业务时间',
    standardised_rule LowCardinality(String) COMMENT '规范化·取值规则',
    substantive Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '实体化运行',
    substantive_src LowCardinality(String) COMMENT '实体化运行·取自来源',
    substantive_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '实体化运行·业务时间',
    substantive_rule LowCardinality(String) COMMENT '实体化运行·取值规则',
    is_party_mass_centre Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '建成党群服务中心',
    is_party_mass_centre_src LowCardinality(String) COMMENT '建成党群服务中心·取自来源',
    is_party_mass_centre_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '建成党群服务中心·业务时间',
    is_party_mass_centre_rule LowCardinality(String) COMMENT '建成党群服务中心·取值规则',
    serves_divisions Array(String) COMMENT '协议共享区划',
    serves_divisions_src LowCardinality(String) COMMENT '协议共享区划·取自来源',
    serves_divisions_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '协议共享区划·业务时间',
    serves_divisions_rule LowCardinality(String) COMMENT '协议共享区划·取值规则',
    service_codes Array(String) COMMENT '服务项目',
    service_codes_src LowCardinality(String) COMMENT '服务项目·取自来源',
    service_codes_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '服务项目·业务时间',
    service_codes_rule LowCardinality(String) COMMENT '服务项目·取值规则',
    lon Nullable(Decimal(18, 4)) COMMENT '经度（degree）',
    lon_src LowCardinality(String) COMMENT '经度·取自来源',
    lon_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '经度·业务时间',
    lon_rule LowCardinality(String) COMMENT '经度·取值规则',
    lat Nullable(Decimal(18, 4)) COMMENT '纬度（degree）',
    lat_src LowCardinality(String) COMMENT '纬度·取自来源',
    lat_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '纬度·业务时间',
    lat_rule LowCardinality(String) COMMENT '纬度·取值规则'
) AS
SELECT way.1 AS under_code,
       way.2 AS under_how,
       way.4 - way.3 AS under_share,
       way.5 AS under_candidates,
       t.facility_id AS facility_id,
       t.division_code AS division_code,
       t.division_code_src AS division_code_src,
       t.division_code_at AS division_code_at,
       t.division_code_rule AS division_code_rule,
       t.facility_kind AS facility_kind,
       t.facility_kind_src AS facility_kind_src,
       t.facility_kind_at AS facility_kind_at,
       t.facility_kind_rule AS facility_kind_rule,
       t.name AS name,
       t.name_src AS name_src,
       t.name_at AS name_at,
       t.name_rule AS name_rule,
       t.match_name AS match_name,
       t.match_name_src AS match_name_src,
       t.match_name_at AS match_name_at,
       t.match_name_rule AS match_name_rule,
       t.site_type AS site_type,
       t.site_type_src AS site_type_src,
       t.site_type_at AS site_type_at,
       t.site_type_rule AS site_type_rule,
       t.area_m2 AS area_m2,
       t.area_m2_src AS area_m2_src,
       t.area_m2_at AS area_m2_at,
       t.area_m2_rule AS area_m2_rule,
       t.direct_service_area_m2 AS direct_service_area_m2,
       t.direct_service_area_m2_src AS direct_service_area_m2_src,
       t.direct_service_area_m2_at AS direct_service_area_m2_at,
       t.direct_service_area_m2_rule AS direct_service_area_m2_rule,
       t.opened_on AS opened_on,
       t.opened_on_src AS opened_on_src,
       t.opened_on_at AS opened_on_at,
       t.opened_on_rule AS opened_on_rule,
       t.operating AS operating,
       t.operating_src AS operating_src,
       t.operating_at AS operating_at,
       t.operating_rule AS operating_rule,
       t.valid_from AS valid_from,
       t.valid_from_src AS valid_from_src,
       t.valid_from_at AS valid_from_at,
       t.valid_from_rule AS valid_from_rule,
       t.valid_to AS valid_to,
       t.valid_to_src AS valid_to_src,
       t.valid_to_at AS valid_to_at,
       t.valid_to_rule AS valid_to_rule,
       t.grid_id AS grid_id,
       t.grid_id_src AS grid_id_src,
       t.grid_id_at AS grid_id_at,
       t.grid_id_rule AS grid_id_rule,
       t.standardised AS standardised,
       t.standardised_src AS standardised_src,
       t.standardised_at AS standardised_at,
       t.standardised_rule AS standardised_rule,
       t.substantive AS substantive,
       t.substantive_src AS substantive_src,
       t.substantive_at AS substantive_at,
       t.substantive_rule AS substantive_rule,
       t.is_party_mass_centre AS is_party_mass_centre,
       t.is_party_mass_centre_src AS is_party_mass_centre_src,
       t.is_party_mass_centre_at AS is_party_mass_centre_at,
       t.is_party_mass_centre_rule AS is_party_mass_centre_rule,
       t.serves_divisions AS serves_divisions,
       t.serves_divisions_src AS serves_divisions_src,
       t.serves_divisions_at AS serves_divisions_at,
       t.serves_divisions_rule AS serves_divisions_rule,
       t.service_codes AS service_codes,
       t.service_codes_src AS service_codes_src,
       t.service_codes_at AS service_codes_at,
       t.service_codes_rule AS service_codes_rule,
       t.lon AS lon,
       t.lon_src AS lon_src,
       t.lon_at AS lon_at,
       t.lon_rule AS lon_rule,
       t.lat AS lat,
       t.lat_src AS lat_src,
       t.lat_at AS lat_at,
       t.lat_rule AS lat_rule
FROM
(
  SELECT * FROM dwd.facility
) AS t
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 0 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS own ON own.code = t.division_code
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS town ON town.code = toFixedString(if(endsWith(t.division_code, '000'), '', concat(substring(t.division_code, 1, 9), '000')), 12)
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS county ON county.code = toFixedString(if(endsWith(t.division_code, '000000'), '', concat(substring(t.division_code, 1, 6), '000000')), 12)
ARRAY JOIN arrayConcat(
  arrayMap(x -> (x.3, x.4, x.5, x.6, x.7), arrayFilter(x -> x.1 <= toDate32(t.division_code_at) AND x.2 > toDate32(t.division_code_at), if(notEmpty(own.ways), own.ways, if(notEmpty(town.ways), town.ways, county.ways))) AS found),
  if(empty(found), [(t.division_code, 'same', toDecimal64(0, 12), toDecimal64(1, 12), emptyArrayString()::Array(FixedString(12)))], [])) AS way
WHERE throwIf((SELECT count() = 0 FROM dwd.division_remap), 'dwd.division_remap is empty: run "rongtong run integrate" once') = 0
COMMENT '设施阵地：按所选日期（under）的登记册看的一物一行 [c7211698cbae6d74]';

CREATE OR REPLACE VIEW dwd.org_credit
(
    org_id String COMMENT '组织标识',
    list_kind LowCardinality(String) COMMENT '名单类型',
    listed_on Date32 COMMENT '列入日期',
    division_code FixedString(12) COMMENT '所在区划',
    authority_uscc Nullable(FixedString(18)) COMMENT '列入机关统一社会信用代码',
    basis_doc Nullable(String) COMMENT '依据文件',
    delisted_on Nullable(Date32) COMMENT '移出日期',
    expires_on Date32 COMMENT '有效期至',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT org_id, list_kind, listed_on, division_code, authority_uscc, basis_doc, delisted_on, expires_on, _src, _at, _rule
FROM dwd.org_credit__rows FINAL
WHERE is_deleted = 0
COMMENT '组织信用：一物一行 [6d2b96f5acab84b4]';

CREATE OR REPLACE VIEW dwd.org_credit_under
(
    under_code FixedString(12) COMMENT '在所选登记册中的区划代码',
    under_how LowCardinality(String) COMMENT '换算方式：same 未变，whole 整体归入，shared 按已知比例分，undivided 比例不明、留在共同上级，above 仅知上级，lost 去向无记载、留在上级',
    under_share Decimal(18, 12) COMMENT '本行占原数的份额',
    under_candidates Array(FixedString(12)) COMMENT '比例不明时可能的承接区划',
    org_id String COMMENT '组织标识',
    list_kind LowCardinality(String) COMMENT '名单类型',
    listed_on Date32 COMMENT '列入日期',
    division_code FixedString(12) COMMENT '所在区划',
    authority_uscc Nullable(FixedString(18)) COMMENT '列入机关统一社会信用代码',
    basis_doc Nullable(String) COMMENT '依据文件',
    delisted_on Nullable(Date32) COMMENT '移出日期',
    expires_on Date32 COMMENT '有效期至',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT way.1 AS under_code,
       way.2 AS under_how,
       way.4 - way.3 AS under_share,
       way.5 AS under_candidates,
       t.org_id AS org_id,
       t.list_kind AS list_kind,
       t.listed_on AS listed_on,
       t.division_code AS division_code,
       t.authority_uscc AS authority_uscc,
       t.basis_doc AS basis_doc,
       t.delisted_on AS delisted_on,
       t.expires_on AS expires_on,
       t._src AS _src,
       t._at AS _at,
       t._rule AS _rule
FROM
(
  SELECT * FROM dwd.org_credit
) AS t
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 0 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS own ON own.code = t.division_code
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS town ON town.code = toFixedString(if(endsWith(t.division_code, '000'), '', concat(substring(t.division_code, 1, 9), '000')), 12)
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS county ON county.code = toFixedString(if(endsWith(t.division_code, '000000'), '', concat(substring(t.division_code, 1, 6), '000000')), 12)
ARRAY JOIN arrayConcat(
  arrayMap(x -> (x.3, x.4, x.5, x.6, x.7), arrayFilter(x -> x.1 <= toDate32(t.listed_on) AND x.2 > toDate32(t.listed_on), if(notEmpty(own.ways), own.ways, if(notEmpty(town.ways), town.ways, county.ways))) AS found),
  if(empty(found), [(t.division_code, 'same', toDecimal64(0, 12), toDecimal64(1, 12), emptyArrayString()::Array(FixedString(12)))], [])) AS way
WHERE throwIf((SELECT count() = 0 FROM dwd.division_remap), 'dwd.division_remap is empty: run "rongtong run integrate" once') = 0
COMMENT '组织信用：按所选日期（under）的登记册看的一物一行 [87f3a098033c27f0]';

CREATE OR REPLACE VIEW dwd.org_relation
(
    from_org String COMMENT '甲方组织',
    to_ref String COMMENT '乙方主体',
    kind LowCardinality(String) COMMENT '关系类型',
    valid_from Date32 COMMENT '生效日期',
    valid_to Nullable(Date32) COMMENT '失效日期',
    to_kind LowCardinality(String) COMMENT '乙方主体类型',
    division_code FixedString(12) COMMENT '所在区划',
    party_members_n Nullable(Int64) COMMENT '党员人数（人）',
    separate_accounts Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '分账管理',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT from_org, to_ref, kind, valid_from, valid_to, to_kind, division_code, party_members_n, separate_accounts, _src, _at, _rule
FROM dwd.org_relation__rows FINAL
WHERE is_deleted = 0
COMMENT '组织关系：一物一行 [8849313bae1d0ba6]';

CREATE OR REPLACE VIEW dwd.org_relation_under
(
    under_code FixedString(12) COMMENT '在所选登记册中的区划代码',
    under_how LowCardinality(String) COMMENT '换算方式：same 未变，whole 整体归入，shared 按已知比例分，undivided 比例不明、留在共同上级，above 仅知上级，lost 去向无记载、留在上级',
    under_share Decimal(18, 12) COMMENT '本行占原数的份额',
    under_candidates Array(FixedString(12)) COMMENT '比例不明时可能的承接区划',
    from_org String COMMENT '甲方组织',
    to_ref String COMMENT '乙方主体',
    kind LowCardinality(String) COMMENT '关系类型',
    valid_from Date32 COMMENT '生效日期',
    valid_to Nullable(Date32) COMMENT '失效日期',
    to_kind LowCardinality(String) COMMENT '乙方主体类型',
    division_code FixedString(12) COMMENT '所在区划',
    party_members_n Nullable(Int64) COMMENT '党员人数（人）',
    separate_accounts Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '分账管理',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT way.1 AS under_code,
       way.2 AS under_how,
       way.4 - way.3 AS under_share,
       way.5 AS under_candidates,
       t.from_org AS from_org,
       t.to_ref AS to_ref,
       t.kind AS kind,
       t.valid_from AS valid_from,
       t.valid_to AS valid_to,
       t.to_kind AS to_kind,
       t.division_code AS division_code,
       t.party_members_n AS party_members_n,
       t.separate_accounts AS separate_accounts,
       t._src AS _src,
       t._at AS _at,
       t._rule AS _rule
FROM
(
  SELECT * FROM dwd.org_relation
) AS t
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 0 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS own ON own.code = t.division_code
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS town ON town.code = toFixedString(if(endsWith(t.division_code, '000'), '', concat(substring(t.division_code, 1, 9), '000')), 12)
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS county ON county.code = toFixedString(if(endsWith(t.division_code, '000000'), '', concat(substring(t.division_code, 1, 6), '000000')), 12)
ARRAY JOIN arrayConcat(
  arrayMap(x -> (x.3, x.4, x.5, x.6, x.7), arrayFilter(x -> x.1 <= toDate32(t.valid_from) AND x.2 > toDate32(t.valid_from), if(notEmpty(own.ways), own.ways, if(notEmpty(town.ways), town.ways, county.ways))) AS found),
  if(empty(found), [(t.division_code, 'same', toDecimal64(0, 12), toDecimal64(1, 12), emptyArrayString()::Array(FixedString(12)))], [])) AS way
WHERE throwIf((SELECT count() = 0 FROM dwd.division_remap), 'dwd.division_remap is empty: run "rongtong run integrate" once') = 0
COMMENT '组织关系：按所选日期（under）的登记册看的一物一行 [89e317bdc2184b2d]';

CREATE OR REPLACE VIEW dwd.organization
(
    org_id String COMMENT '组织标识',
    division_code FixedString(12) COMMENT '所在区划',
    division_code_src LowCardinality(String) COMMENT '所在区划·取自来源',
    division_code_at DateTime64(3, 'Asia/Shanghai') COMMENT '所在区划·业务时间',
    division_code_rule LowCardinality(String) COMMENT '所在区划·取值规则',
    org_kind LowCardinality(String) COMMENT '组织类别',
    org_kind_src LowCardinality(String) COMMENT '组织类别·取自来源',
    org_kind_at DateTime64(3, 'Asia/Shanghai') COMMENT '组织类别·业务时间',
    org_kind_rule LowCardinality(String) COMMENT '组织类别·取值规则',
    uscc Nullable(FixedString(18)) COMMENT '统一社会信用代码',
    uscc_src LowCardinality(String) COMMENT '统一社会信用代码·取自来源',
    uscc_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '统一社会信用代码·业务时间',
    uscc_rule LowCardinality(String) COMMENT '统一社会信用代码·取值规则',
    name String COMMENT '名称',
    name_src LowCardinality(String) COMMENT '名称·取自来源',
    name_at DateTime64(3, 'Asia/Shanghai') COMMENT '名称·业务时间',
    name_rule LowCardinality(String) COMMENT '名称·取值规则',
    established_on Nullable(Date32) COMMENT '成立日期',
    established_on_src LowCardinality(String) COMMENT '成立日期·取自来源',
    established_on_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '成立日期·业务时间',
    established_on_rule LowCardinality(String) COMMENT '成立日期·取值规则',
    status LowCardinality(Nullable(String)) COMMENT '状态',
    status_src LowCardinality(String) COMMENT '状态·取自来源',
    status_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '状态·业务时间',
    status_rule LowCardinality(String) COMMENT '状态·取值规则',
    office_address Nullable(String) COMMENT '办公地址',
    office_address_src LowCardinality(String) COMMENT '办公地址·取自来源',
    office_address_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '办公地址·业务时间',
    office_address_rule LowCardinality(String) COMMENT '办公地址·取值规则',
    office_phone Nullable(String) COMMENT '办公电话',
    office_phone_src LowCardinality(String) COMMENT '办公电话·取自来源',
    office_phone_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '办公电话·业务时间',
    office_phone_rule LowCardinality(String) COMMENT '办公电话·取值规则',
    match_name Nullable(String) COMMENT '名称（比对用）',
    match_name_src LowCardinality(String) COMMENT '名称（比对用）·取自来源',
    match_name_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '名称（比对用）·业务时间',
    match_name_rule LowCardinality(String) COMMENT '名称（比对用）·取值规则',
    match_address Nullable(String) COMMENT '办公地址（比对用）',
    match_address_src LowCardinality(String) COMMENT '办公地址（比对用）·取自来源',
    match_address_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '办公地址（比对用）·业务时间',
    match_address_rule LowCardinality(String) COMMENT '办公地址（比对用）·取值规则',
    headcount Nullable(Int64) COMMENT '工作人员数（人）',
    headcount_src LowCardinality(String) COMMENT '工作人员数·取自来源',
    headcount_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '工作人员数·业务时间',
    headcount_rule LowCardinality(String) COMMENT '工作人员数·取值规则',
    valid_from Nullable(Date32) COMMENT '生效日期',
    valid_from_src LowCardinality(String) COMMENT '生效日期·取自来源',
    valid_from_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '生效日期·业务时间',
    valid_from_rule LowCardinality(String) COMMENT '生效日期·取值规则',
    valid_to Nullable(Date32) COMMENT '失效日期',
    valid_to_src LowCardinality(String) COMMENT '失效日期·取自来源',
    valid_to_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '失效日期·业务时间',
    valid_to_rule LowCardinality(String) COMMENT '失效日期·取值规则',
    uscc_valid Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '代码校验通过',
    uscc_valid_src LowCardinality(String) COMMENT '代码校验通过·取自来源',
    uscc_valid_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '代码校验通过·业务时间',
    uscc_valid_rule LowCardinality(String) COMMENT '代码校验通过·取值规则',
    social_kind LowCardinality(Nullable(String)) COMMENT '社会组织类别',
    social_kind_src LowCardinality(String) COMMENT '社会组织类别·取自来源',
    social_kind_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '社会组织类别·业务时间',
    social_kind_rule LowCardinality(String) COMMENT '社会组织类别·取值规则',
    parent_org_id Nullable(String) COMMENT '上级组织',
    parent_org_id_src LowCardinality(String) COMMENT '上级组织·取自来源',
    parent_org_id_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '上级组织·业务时间',
    parent_org_id_rule LowCardinality(String) COMMENT '上级组织·取值规则',
    reg_authority Nullable(String) COMMENT '登记机关',
    reg_authority_src LowCardinality(String) COMMENT '登记机关·取自来源',
    reg_authority_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '登记机关·业务时间',
    reg_authority_rule LowCardinality(String) COMMENT '登记机关·取值规则',
    charter_party_clause Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '章程写入党建要求',
    charter_party_clause_src LowCardinality(String) COMMENT '章程写入党建要求·取自来源',
    charter_party_clause_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '章程写入党建要求·业务时间',
    charter_party_clause_rule LowCardinality(String) COMMENT '章程写入党建要求·取值规则',
    charter_version Nullable(String) COMMENT '章程版本',
    charter_version_src LowCardinality(String) COMMENT '章程版本·取自来源',
    charter_version_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '章程版本·业务时间',
    charter_version_rule LowCardinality(String) COMMENT '章程版本·取值规则',
    management_mode LowCardinality(Nullable(String)) COMMENT '管理方式',
    management_mode_src LowCardinality(String) COMMENT '管理方式·取自来源',
    management_mode_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '管理方式·业务时间',
    management_mode_rule LowCardinality(String) COMMENT '管理方式·取值规则',
    unified_command Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '统一指挥',
    unified_command_src LowCardinality(String) COMMENT '统一指挥·取自来源',
    unified_command_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '统一指挥·业务时间',
    unified_command_rule LowCardinality(String) COMMENT '统一指挥·取值规则',
    consulted_on_assessment Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '考核征求乡镇意见',
    consulted_on_assessment_src LowCardinality(String) COMMENT '考核征求乡镇意见·取自来源',
    consulted_on_assessment_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '考核征求乡镇意见·业务时间',
    consulted_on_assessment_rule LowCardinality(String) COMMENT '考核征求乡镇意见·取值规则',
    consulted_on_appointment Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '任免征求乡镇意见',
    consulted_on_appointment_src LowCardinality(String) COMMENT '任免征求乡镇意见·取自来源',
    consulted_on_appointment_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '任免征求乡镇意见·业务时间',
    consulted_on_appointment_rule LowCardinality(String) COMMENT '任免征求乡镇意见·取值规则'
) AS
SELECT org_id, division_code, division_code_src, division_code_at, division_code_rule, org_kind, org_kind_src, org_kind_at, org_kind_rule, uscc, uscc_src, uscc_at, uscc_rule, name, name_src, name_at, name_rule, established_on, established_on_src, established_on_at, established_on_rule, status, status_src, status_at, status_rule, office_address, office_address_src, office_address_at, office_address_rule, office_phone, office_phone_src, office_phone_at, office_phone_rule, match_name, match_name_src, match_name_at, match_name_rule, match_address, match_address_src, match_address_at, match_address_rule, headcount, headcount_src, headcount_at, headcount_rule, valid_from, valid_from_src, valid_from_at, valid_from_rule, valid_to, valid_to_src, valid_to_at, valid_to_rule, uscc_valid, uscc_valid_src, uscc_valid_at, uscc_valid_rule, social_kind, social_kind_src, social_kind_at, social_kind_rule, parent_org_id, parent_org_id_src, parent_org_id_at, parent_org_id_rule, reg_authority, reg_authority_src, reg_authority_at, reg_authority_rule, charter_party_clause, charter_party_clause_src, charter_party_clause_at, charter_party_clause_rule, charter_version, charter_version_src, charter_version_at, charter_version_rule, management_mode, management_mode_src, management_mode_at, management_mode_rule, unified_command, unified_command_src, unified_command_at, unified_command_rule, consulted_on_assessment, consulted_on_assessment_src, consulted_on_assessment_at, consulted_on_assessment_rule, consulted_on_appointment, consulted_on_appointment_src, consulted_on_appointment_at, consulted_on_appointment_rule
FROM dwd.organization__rows FINAL
WHERE is_deleted = 0
COMMENT '组织机构：一物一行 [4ca58f2abfa13891]';

CREATE OR REPLACE VIEW dwd.organization_as_of
(
    org_id String COMMENT '组织标识',
    division_code FixedString(12) COMMENT '所在区划',
    division_code_src LowCardinality(String) COMMENT '所在区划·取自来源',
    division_code_at DateTime64(3, 'Asia/Shanghai') COMMENT '所在区划·业务时间',
    division_code_rule LowCardinality(String) COMMENT '所在区划·取值规则',
    org_kind LowCardinality(String) COMMENT '组织类别',
    org_kind_src LowCardinality(String) COMMENT '组织类别·取自来源',
    org_kind_at DateTime64(3, 'Asia/Shanghai') COMMENT '组织类别·业务时间',
    org_kind_rule LowCardinality(String) COMMENT '组织类别·取值规则',
    uscc Nullable(FixedString(18)) COMMENT '统一社会信用代码',
    uscc_src LowCardinality(String) COMMENT '统一社会信用代码·取自来源',
    uscc_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '统一社会信用代码·业务时间',
    uscc_rule LowCardinality(String) COMMENT '统一社会信用代码·取值规则',
    name String COMMENT '名称',
    name_src LowCardinality(String) COMMENT '名称·取自来源',
    name_at DateTime64(3, 'Asia/Shanghai') COMMENT '名称·业务时间',
    name_rule LowCardinality(String) COMMENT '名称·取值规则',
    established_on Nullable(Date32) COMMENT '成立日期',
    established_on_src LowCardinality(String) COMMENT '成立日期·取自来源',
    established_on_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '成立日期·业务时间',
    established_on_rule LowCardinality(String) COMMENT '成立日期·取值规则',
    status LowCardinality(Nullable(String)) COMMENT '状态',
    status_src LowCardinality(String) COMMENT '状态·取自来源',
    status_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '状态·业务时间',
    status_rule LowCardinality(String) COMMENT '状态·取值规则',
    office_address Nullable(String) COMMENT '办公地址',
    office_address_src LowCardinality(String) COMMENT '办公地址·取自来源',
    office_address_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '办公地址·业务时间',
    office_address_rule LowCardinality(String) COMMENT '办公地址·取值规则',
    office_phone Nullable(String) COMMENT '办公电话',
    office_phone_src LowCardinality(String) COMMENT '办公电话·取自来源',
    office_phone_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '办公电话·业务时间',
    office_phone_rule LowCardinality(String) COMMENT '办公电话·取值规则',
    match_name Nullable(String) COMMENT '名称（比对用）',
    match_name_src LowCardinality(String) COMMENT '名称（比对用）·取自来源',
    match_name_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '名称（比对用）·业务时间',
    match_name_rule LowCardinality(String) COMMENT '名称（比对用）·取值规则',
    match_address Nullable(String) COMMENT '办公地址（比对用）',
    match_address_src LowCardinality(String) COMMENT '办公地址（比对用）·取自来源',
    match_address_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '办公地址（比对用）·业务时间',
    match_address_rule LowCardinality(String) COMMENT '办公地址（比对用）·取值规则',
    headcount Nullable(Int64) COMMENT '工作人员数（人）',
    headcount_src LowCardinality(String) COMMENT '工作人员数·取自来源',
    headcount_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '工作人员数·业务时间',
    headcount_rule LowCardinality(String) COMMENT '工作人员数·取值规则',
    valid_from Nullable(Date32) COMMENT '生效日期',
    valid_from_src LowCardinality(String) COMMENT '生效日期·取自来源',
    valid_from_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '生效日期·业务时间',
    valid_from_rule LowCardinality(String) COMMENT '生效日期·取值规则',
    valid_to Nullable(Date32) COMMENT '失效日期',
    valid_to_src LowCardinality(String) COMMENT '失效日期·取自来源',
    valid_to_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '失效日期·业务时间',
    valid_to_rule LowCardinality(String) COMMENT '失效日期·取值规则',
    uscc_valid Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '代码校验通过',
    uscc_valid_src LowCardinality(String) COMMENT '代码校验通过·取自来源',
    uscc_valid_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '代码校验通过·业务时间',
    uscc_valid_rule LowCardinality(String) COMMENT '代码校验通过·取值规则',
    social_kind LowCardinality(Nullable(String)) COMMENT '社会组织类别',
    social_kind_src LowCardinality(String) COMMENT '社会组织类别·取自来源',
    social_kind_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '社会组织类别·业务时间',
    social_kind_rule LowCardinality(String) COMMENT '社会组织类别·取值规则',
    parent_org_id Nullable(String) COMMENT '上级组织',
    parent_org_id_src LowCardinality(String) COMMENT '上级组织·取自来源',
    parent_org_id_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '上级组织·业务时间',
    parent_org_id_rule LowCardinality(String) COMMENT '上级组织·取值规则',
    reg_authority Nullable(String) COMMENT '登记机关',
    reg_authority_src LowCardinality(String) COMMENT '登记机关·取自来源',
    reg_authority_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '登记机关·业务时间',
    reg_authority_rule LowCardinality(String) COMMENT '登记机关·取值规则',
    charter_party_clause Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '章程写入党建要求',
    charter_party_clause_src LowCardinality(String) COMMENT '章程写入党建要求·取自来源',
    charter_party_clause_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '章程写入党建要求·业务时间',
    charter_party_clause_rule LowCardinality(String) COMMENT '章程写入党建要求·取值规则',
    charter_version Nullable(String) COMMENT '章程版本',
    charter_version_src LowCardinality(String) COMMENT '章程版本·取自来源',
    charter_version_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '章程版本·业务时间',
    charter_version_rule LowCardinality(String) COMMENT '章程版本·取值规则',
    management_mode LowCardinality(Nullable(String)) COMMENT '管理方式',
    management_mode_src LowCardinality(String) COMMENT '管理方式·取自来源',
    management_mode_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '管理方式·业务时间',
    management_mode_rule LowCardinality(String) COMMENT '管理方式·取值规则',
    unified_command Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '统一指挥',
    unified_command_src LowCardinality(String) COMMENT '统一指挥·取自来源',
    unified_command_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '统一指挥·业务时间',
    unified_command_rule LowCardinality(String) COMMENT '统一指挥·取值规则',
    consulted_on_assessment Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '考核征求乡镇意见',
    consulted_on_assessment_src LowCardinality(String) COMMENT '考核征求乡镇意见·取自来源',
    consulted_on_assessment_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '考核征求乡镇意见·业务时间',
    consulted_on_assessment_rule LowCardinality(String) COMMENT '考核征求乡镇意见·取值规则',
    consulted_on_appointment Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '任免征求乡镇意见',
    consulted_on_appointment_src LowCardinality(String) COMMENT '任免征求乡镇意见·取自来源',
    consulted_on_appointment_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '任免征求乡镇意见·业务时间',
    consulted_on_appointment_rule LowCardinality(String) COMMENT '任免征求乡镇意见·取值规则'
) DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT org_id,
       v_division_code AS division_code,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_division_code, 65535))] AS division_code_src,
       times[indexOf(srcs, toUInt16(bitAnd(w_division_code, 65535)))] AS division_code_at,
       multiIf(toUInt8(bitShiftRight(w_division_code, 80)) = 0, '', toUInt8(bitShiftRight(w_division_code, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_division_code, 80))))) AS division_code_rule,
       v_org_kind AS org_kind,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_org_kind, 65535))] AS org_kind_src,
       times[indexOf(srcs, toUInt16(bitAnd(w_org_kind, 65535)))] AS org_kind_at,
       multiIf(toUInt8(bitShiftRight(w_org_kind, 80)) = 0, '', toUInt8(bitShiftRight(w_org_kind, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_org_kind, 80))))) AS org_kind_rule,
       v_uscc AS uscc,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_uscc, 65535))] AS uscc_src,
       if(w_uscc = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_uscc, 65535)))]) AS uscc_at,
       multiIf(toUInt8(bitShiftRight(w_uscc, 80)) = 0, '', toUInt8(bitShiftRight(w_uscc, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_uscc, 80))))) AS uscc_rule,
       v_name AS name,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_name, 65535))] AS name_src,
       times[indexOf(srcs, toUInt16(bitAnd(w_name, 65535)))] AS name_at,
       multiIf(toUInt8(bitShiftRight(w_name, 80)) = 0, '', toUInt8(bitShiftRight(w_name, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_name, 80))))) AS name_rule,
       v_established_on AS established_on,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_established_on, 65535))] AS established_on_src,
       if(w_established_on = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_established_on, 65535)))]) AS established_on_at,
       multiIf(toUInt8(bitShiftRight(w_established_on, 80)) = 0, '', toUInt8(bitShiftRight(w_established_on, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_established_on, 80))))) AS established_on_rule,
       v_status AS status,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_status, 65535))] AS status_src,
       if(w_status = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_status, 65535)))]) AS status_at,
       multiIf(toUInt8(bitShiftRight(w_status, 80)) = 0, '', toUInt8(bitShiftRight(w_status, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_status, 80))))) AS status_rule,
       v_office_address AS office_address,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_office_address, 65535))] AS office_address_src,
       if(w_office_address = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_office_address, 65535)))]) AS office_address_at,
       multiIf(toUInt8(bitShiftRight(w_office_address, 80)) = 0, '', toUInt8(bitShiftRight(w_office_address, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_office_address, 80))))) AS office_address_rule,
       v_office_phone AS office_phone,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_office_phone, 65535))] AS office_phone_src,
       if(w_office_phone = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_office_phone, 65535)))]) AS office_phone_at,
       multiIf(toUInt8(bitShiftRight(w_office_phone, 80)) = 0, '', toUInt8(bitShiftRight(w_office_phone, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_office_phone, 80))))) AS office_phone_rule,
       v_match_name AS match_name,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_match_name, 65535))] AS match_name_src,
       if(w_match_name = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_match_name, 65535)))]) AS match_name_at,
       multiIf(toUInt8(bitShiftRight(w_match_name, 80)) = 0, '', toUInt8(bitShiftRight(w_match_name, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_match_name, 80))))) AS match_name_rule,
       v_match_address AS match_address,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_match_address, 65535))] AS match_address_src,
       if(w_match_address = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_match_address, 65535)))]) AS match_address_at,
       multiIf(toUInt8(bitShiftRight(w_match_address, 80)) = 0, '', toUInt8(bitShiftRight(w_match_address, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_match_address, 80))))) AS match_address_rule,
       v_headcount AS headcount,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_headcount, 65535))] AS headcount_src,
       if(w_headcount = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_headcount, 65535)))]) AS headcount_at,
       multiIf(toUInt8(bitShiftRight(w_headcount, 80)) = 0, '', toUInt8(bitShiftRight(w_headcount, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_headcount, 80))))) AS headcount_rule,
       v_valid_from AS valid_from,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_valid_from, 65535))] AS valid_from_src,
       if(w_valid_from = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_valid_from, 65535)))]) AS valid_from_at,
       multiIf(toUInt8(bitShiftRight(w_valid_from, 80)) = 0, '', toUInt8(bitShiftRight(w_valid_from, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_valid_from, 80))))) AS valid_from_rule,
       v_valid_to AS valid_to,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_valid_to, 65535))] AS valid_to_src,
       if(w_valid_to = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_valid_to, 65535)))]) AS valid_to_at,
       multiIf(toUInt8(bitShiftRight(w_valid_to, 80)) = 0, '', toUInt8(bitShiftRight(w_valid_to, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_valid_to, 80))))) AS valid_to_rule,
       v_uscc_valid AS uscc_valid,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_uscc_valid, 65535))] AS uscc_valid_src,
       if(w_uscc_valid = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_uscc_valid, 65535)))]) AS uscc_valid_at,
       multiIf(toUInt8(bitShiftRight(w_uscc_valid, 80)) = 0, '', toUInt8(bitShiftRight(w_uscc_valid, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_uscc_valid, 80))))) AS uscc_valid_rule,
       v_social_kind AS social_kind,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_social_kind, 65535))] AS social_kind_src,
       if(w_social_kind = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_social_kind, 65535)))]) AS social_kind_at,
       multiIf(toUInt8(bitShiftRight(w_social_kind, 80)) = 0, '', toUInt8(bitShiftRight(w_social_kind, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_social_kind, 80))))) AS social_kind_rule,
       v_parent_org_id AS parent_org_id,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_parent_org_id, 65535))] AS parent_org_id_src,
       if(w_parent_org_id = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_parent_org_id, 65535)))]) AS parent_org_id_at,
       multiIf(toUInt8(bitShiftRight(w_parent_org_id, 80)) = 0, '', toUInt8(bitShiftRight(w_parent_org_id, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_parent_org_id, 80))))) AS parent_org_id_rule,
       v_reg_authority AS reg_authority,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_reg_authority, 65535))] AS reg_authority_src,
       if(w_reg_authority = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_reg_authority, 65535)))]) AS reg_authority_at,
       multiIf(toUInt8(bitShiftRight(w_reg_authority, 80)) = 0, '', toUInt8(bitShiftRight(w_reg_authority, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_reg_authority, 80))))) AS reg_authority_rule,
       v_charter_party_clause AS charter_party_clause,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_charter_party_clause, 65535))] AS charter_party_clause_src,
       if(w_charter_party_clause = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_charter_party_clause, 65535)))]) AS charter_party_clause_at,
       multiIf(toUInt8(bitShiftRight(w_charter_party_clause, 80)) = 0, '', toUInt8(bitShiftRight(w_charter_party_clause, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_charter_party_clause, 80))))) AS charter_party_clause_rule,
       v_charter_version AS charter_version,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_charter_version, 65535))] AS charter_version_src,
       if(w_charter_version = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_charter_version, 65535)))]) AS charter_version_at,
       multiIf(toUInt8(bitShiftRight(w_charter_version, 80)) = 0, '', toUInt8(bitShiftRight(w_charter_version, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_charter_version, 80))))) AS charter_version_rule,
       v_management_mode AS management_mode,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_management_mode, 65535))] AS management_mode_src,
       if(w_management_mode = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_management_mode, 65535)))]) AS management_mode_at,
       multiIf(toUInt8(bitShiftRight(w_management_mode, 80)) = 0, '', toUInt8(bitShiftRight(w_management_mode, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_management_mode, 80))))) AS management_mode_rule,
       v_unified_command AS unified_command,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_unified_command, 65535))] AS unified_command_src,
       if(w_unified_command = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_unified_command, 65535)))]) AS unified_command_at,
       multiIf(toUInt8(bitShiftRight(w_unified_command, 80)) = 0, '', toUInt8(bitShiftRight(w_unified_command, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_unified_command, 80))))) AS unified_command_rule,
       v_consulted_on_assessment AS consulted_on_assessment,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_consulted_on_assessment, 65535))] AS consulted_on_assessment_src,
       if(w_consulted_on_assessment = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_consulted_on_assessment, 65535)))]) AS consulted_on_assessment_at,
       multiIf(toUInt8(bitShiftRight(w_consulted_on_assessment, 80)) = 0, '', toUInt8(bitShiftRight(w_consulted_on_assessment, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_consulted_on_assessment, 80))))) AS consulted_on_assessment_rule,
       v_consulted_on_appointment AS consulted_on_appointment,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_consulted_on_appointment, 65535))] AS consulted_on_appointment_src,
       if(w_consulted_on_appointment = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_consulted_on_appointment, 65535)))]) AS consulted_on_appointment_at,
       multiIf(toUInt8(bitShiftRight(w_consulted_on_appointment, 80)) = 0, '', toUInt8(bitShiftRight(w_consulted_on_appointment, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_consulted_on_appointment, 80))))) AS consulted_on_appointment_rule
FROM
(
  SELECT org_id,
         argMinIf(division_code, ord_0, 1) AS v_division_code,
         minIf(ord_0, 1) AS w_division_code,
         argMinIf(org_kind, ord_0, 1) AS v_org_kind,
         minIf(ord_0, 1) AS w_org_kind,
         argMinIf(uscc, ord_0, uscc IS NOT NULL) AS v_uscc,
         minIf(ord_0, uscc IS NOT NULL) AS w_uscc,
         argMinIf(name, ord_0, 1) AS v_name,
         minIf(ord_0, 1) AS w_name,
         argMinIf(established_on, ord_0, established_on IS NOT NULL) AS v_established_on,
         minIf(ord_0, established_on IS NOT NULL) AS w_established_on,
         argMinIf(status, ord_0, status IS NOT NULL) AS v_status,
         minIf(ord_0, status IS NOT NULL) AS w_status,
         argMinIf(office_address, ord_1, office_address IS NOT NULL) AS v_office_address,
         minIf(ord_1, office_address IS NOT NULL) AS w_office_address,
         argMinIf(office_phone, ord_1, office_phone IS NOT NULL) AS v_office_phone,
         minIf(ord_1, office_phone IS NOT NULL) AS w_office_phone,
         argMinIf(match_name, ord_0, match_name IS NOT NULL) AS v_match_name,
         minIf(ord_0, match_name IS NOT NULL) AS w_match_name,
         argMinIf(match_address, ord_0, match_address IS NOT NULL) AS v_match_address,
         minIf(ord_0, match_address IS NOT NULL) AS w_match_address,
         argMinIf(headcount, ord_1, headcount IS NOT NULL) AS v_headcount,
         minIf(ord_1, headcount IS NOT NULL) AS w_headcount,
         argMinIf(valid_from, ord_0, valid_from IS NOT NULL) AS v_valid_from,
         minIf(ord_0, valid_from IS NOT NULL) AS w_valid_from,
         argMinIf(valid_to, ord_0, valid_to IS NOT NULL) AS v_valid_to,
         minIf(ord_0, valid_to IS NOT NULL) AS w_valid_to,
         argMinIf(uscc_valid, ord_0, uscc_valid IS NOT NULL) AS v_uscc_valid,
         minIf(ord_0, uscc_valid IS NOT NULL) AS w_uscc_valid,
         argMinIf(social_kind, ord_0, social_kind IS NOT NULL) AS v_social_kind,
         minIf(ord_0, social_kind IS NOT NULL) AS w_social_kind,
         argMinIf(parent_org_id, ord_0, parent_org_id IS NOT NULL) AS v_parent_org_id,
         minIf(ord_0, parent_org_id IS NOT NULL) AS w_parent_org_id,
         argMinIf(reg_authority, ord_0, reg_authority IS NOT NULL) AS v_reg_authority,
         minIf(ord_0, reg_authority IS NOT NULL) AS w_reg_authority,
         argMinIf(charter_party_clause, ord_0, charter_party_clause IS NOT NULL) AS v_charter_party_clause,
         minIf(ord_0, charter_party_clause IS NOT NULL) AS w_charter_party_clause,
         argMinIf(charter_version, ord_0, charter_version IS NOT NULL) AS v_charter_version,
         minIf(ord_0, charter_version IS NOT NULL) AS w_charter_version,
         argMinIf(management_mode, ord_0, management_mode IS NOT NULL) AS v_management_mode,
         minIf(ord_0, management_mode IS NOT NULL) AS w_management_mode,
         argMinIf(unified_command, ord_0, unified_command IS NOT NULL) AS v_unified_command,
         minIf(ord_0, unified_command IS NOT NULL) AS w_unified_command,
         argMinIf(consulted_on_assessment, ord_0, consulted_on_assessment IS NOT NULL) AS v_consulted_on_assessment,
         minIf(ord_0, consulted_on_assessment IS NOT NULL) AS w_consulted_on_assessment,
         argMinIf(consulted_on_appointment, ord_0, consulted_on_appointment IS NOT NULL) AS v_consulted_on_appointment,
         minIf(ord_0, consulted_on_appointment IS NOT NULL) AS w_consulted_on_appointment,
         groupArray(toUInt16(indexOf(['county_ledger', 'province_gateway', 'township_ledger'], src_system))) AS srcs,
         groupArray(event_time) AS times
  FROM
  (
    SELECT *, bitShiftLeft(toUInt128(multiIf(src_system = 'province_gateway', 1, src_system = 'county_ledger', 2, 255)), 80) + bitShiftLeft(toUInt128(bitNot(version)), 16) + indexOf(['county_ledger', 'province_gateway', 'township_ledger'], src_system) AS ord_0, bitShiftLeft(toUInt128(multiIf(src_system = 'county_ledger', 1, src_system = 'province_gateway', 2, 255)), 80) + bitShiftLeft(toUInt128(bitNot(version)), 16) + indexOf(['county_ledger', 'province_gateway', 'township_ledger'], src_system) AS ord_1
    FROM
    (
      SELECT org_id, division_code, org_kind, uscc, name, established_on, status, office_address, office_phone, match_name, match_address, headcount, valid_from, valid_to, uscc_valid, social_kind, parent_org_id, reg_authority, charter_party_clause, charter_version, management_mode, unified_command, consulted_on_assessment, consulted_on_appointment, src_system, src_tier, event_time, version, is_deleted
      FROM std.organization
      WHERE src_system IN ('county_ledger', 'province_gateway', 'township_ledger') AND event_time <= parseDateTime64BestEffort({at:String}, 3, 'Asia/Shanghai') AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai') AND org_id NOT IN (SELECT member FROM (SELECT member AS org_id, member, canonical FROM ops.identity FINAL WHERE entity = 'organization' AND is_deleted = 0))
      ORDER BY org_id DESC, src_system DESC, version DESC, kafka_offset DESC
      LIMIT 1 BY org_id, src_system
    )
    WHERE is_deleted = 0
  )
  GROUP BY org_id
)
UNION ALL
SELECT org_id,
       v_division_code AS division_code,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_division_code, 65535))] AS division_code_src,
       times[indexOf(srcs, toUInt16(bitAnd(w_division_code, 65535)))] AS division_code_at,
       multiIf(toUInt8(bitShiftRight(w_division_code, 80)) = 0, '', toUInt8(bitShiftRight(w_division_code, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_division_code, 80))))) AS division_code_rule,
       v_org_kind AS org_kind,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_org_kind, 65535))] AS org_kind_src,
       times[indexOf(srcs, toUInt16(bitAnd(w_org_kind, 65535)))] AS org_kind_at,
       multiIf(toUInt8(bitShiftRight(w_org_kind, 80)) = 0, '', toUInt8(bitShiftRight(w_org_kind, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_org_kind, 80))))) AS org_kind_rule,
       v_uscc AS uscc,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_uscc, 65535))] AS uscc_src,
       if(w_uscc = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_uscc, 65535)))]) AS uscc_at,
       multiIf(toUInt8(bitShiftRight(w_uscc, 80)) = 0, '', toUInt8(bitShiftRight(w_uscc, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_uscc, 80))))) AS uscc_rule,
       v_name AS name,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_name, 65535))] AS name_src,
       times[indexOf(srcs, toUInt16(bitAnd(w_name, 65535)))] AS name_at,
       multiIf(toUInt8(bitShiftRight(w_name, 80)) = 0, '', toUInt8(bitShiftRight(w_name, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_name, 80))))) AS name_rule,
       v_established_on AS established_on,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_established_on, 65535))] AS established_on_src,
       if(w_established_on = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_established_on, 65535)))]) AS established_on_at,
       multiIf(toUInt8(bitShiftRight(w_established_on, 80)) = 0, '', toUInt8(bitShiftRight(w_established_on, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_established_on, 80))))) AS established_on_rule,
       v_status AS status,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_status, 65535))] AS status_src,
       if(w_status = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_status, 65535)))]) AS status_at,
       multiIf(toUInt8(bitShiftRight(w_status, 80)) = 0, '', toUInt8(bitShiftRight(w_status, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_status, 80))))) AS status_rule,
       v_office_address AS office_address,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_office_address, 65535))] AS office_address_src,
       if(w_office_address = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_office_address, 65535)))]) AS office_address_at,
       multiIf(toUInt8(bitShiftRight(w_office_address, 80)) = 0, '', toUInt8(bitShiftRight(w_office_address, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_office_address, 80))))) AS office_address_rule,
       v_office_phone AS office_phone,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_office_phone, 65535))] AS office_phone_src,
       if(w_office_phone = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_office_phone, 65535)))]) AS office_phone_at,
       multiIf(toUInt8(bitShiftRight(w_office_phone, 80)) = 0, '', toUInt8(bitShiftRight(w_office_phone, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_office_phone, 80))))) AS office_phone_rule,
       v_match_name AS match_name,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_match_name, 65535))] AS match_name_src,
       if(w_match_name = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_match_name, 65535)))]) AS match_name_at,
       multiIf(toUInt8(bitShiftRight(w_match_name, 80)) = 0, '', toUInt8(bitShiftRight(w_match_name, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_match_name, 80))))) AS match_name_rule,
       v_match_address AS match_address,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_match_address, 65535))] AS match_address_src,
       if(w_match_address = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_match_address, 65535)))]) AS match_address_at,
       multiIf(toUInt8(bitShiftRight(w_match_address, 80)) = 0, '', toUInt8(bitShiftRight(w_match_address, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_match_address, 80))))) AS match_address_rule,
       v_headcount AS headcount,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_headcount, 65535))] AS headcount_src,
       if(w_headcount = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_headcount, 65535)))]) AS headcount_at,
       multiIf(toUInt8(bitShiftRight(w_headcount, 80)) = 0, '', toUInt8(bitShiftRight(w_headcount, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_headcount, 80))))) AS headcount_rule,
       v_valid_from AS valid_from,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_valid_from, 65535))] AS valid_from_src,
       if(w_valid_from = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_valid_from, 65535)))]) AS valid_from_at,
       multiIf(toUInt8(bitShiftRight(w_valid_from, 80)) = 0, '', toUInt8(bitShiftRight(w_valid_from, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_valid_from, 80))))) AS valid_from_rule,
       v_valid_to AS valid_to,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_valid_to, 65535))] AS valid_to_src,
       if(w_valid_to = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_valid_to, 65535)))]) AS valid_to_at,
       multiIf(toUInt8(bitShiftRight(w_valid_to, 80)) = 0, '', toUInt8(bitShiftRight(w_valid_to, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_valid_to, 80))))) AS valid_to_rule,
       v_uscc_valid AS uscc_valid,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_uscc_valid, 65535))] AS uscc_valid_src,
       if(w_uscc_valid = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_uscc_valid, 65535)))]) AS uscc_valid_at,
       multiIf(toUInt8(bitShiftRight(w_uscc_valid, 80)) = 0, '', toUInt8(bitShiftRight(w_uscc_valid, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_uscc_valid, 80))))) AS uscc_valid_rule,
       v_social_kind AS social_kind,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_social_kind, 65535))] AS social_kind_src,
       if(w_social_kind = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_social_kind, 65535)))]) AS social_kind_at,
       multiIf(toUInt8(bitShiftRight(w_social_kind, 80)) = 0, '', toUInt8(bitShiftRight(w_social_kind, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_social_kind, 80))))) AS social_kind_rule,
       v_parent_org_id AS parent_org_id,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_parent_org_id, 65535))] AS parent_org_id_src,
       if(w_parent_org_id = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_parent_org_id, 65535)))]) AS parent_org_id_at,
       multiIf(toUInt8(bitShiftRight(w_parent_org_id, 80)) = 0, '', toUInt8(bitShiftRight(w_parent_org_id, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_parent_org_id, 80))))) AS parent_org_id_rule,
       v_reg_authority AS reg_authority,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_reg_authority, 65535))] AS reg_authority_src,
       if(w_reg_authority = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_reg_authority, 65535)))]) AS reg_authority_at,
       multiIf(toUInt8(bitShiftRight(w_reg_authority, 80)) = 0, '', toUInt8(bitShiftRight(w_reg_authority, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_reg_authority, 80))))) AS reg_authority_rule,
       v_charter_party_clause AS charter_party_clause,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_charter_party_clause, 65535))] AS charter_party_clause_src,
       if(w_charter_party_clause = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_charter_party_clause, 65535)))]) AS charter_party_clause_at,
       multiIf(toUInt8(bitShiftRight(w_charter_party_clause, 80)) = 0, '', toUInt8(bitShiftRight(w_charter_party_clause, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_charter_party_clause, 80))))) AS charter_party_clause_rule,
       v_charter_version AS charter_version,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_charter_version, 65535))] AS charter_version_src,
       if(w_charter_version = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_charter_version, 65535)))]) AS charter_version_at,
       multiIf(toUInt8(bitShiftRight(w_charter_version, 80)) = 0, '', toUInt8(bitShiftRight(w_charter_version, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_charter_version, 80))))) AS charter_version_rule,
       v_management_mode AS management_mode,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_management_mode, 65535))] AS management_mode_src,
       if(w_management_mode = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_management_mode, 65535)))]) AS management_mode_at,
       multiIf(toUInt8(bitShiftRight(w_management_mode, 80)) = 0, '', toUInt8(bitShiftRight(w_management_mode, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_management_mode, 80))))) AS management_mode_rule,
       v_unified_command AS unified_command,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_unified_command, 65535))] AS unified_command_src,
       if(w_unified_command = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_unified_command, 65535)))]) AS unified_command_at,
       multiIf(toUInt8(bitShiftRight(w_unified_command, 80)) = 0, '', toUInt8(bitShiftRight(w_unified_command, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_unified_command, 80))))) AS unified_command_rule,
       v_consulted_on_assessment AS consulted_on_assessment,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_consulted_on_assessment, 65535))] AS consulted_on_assessment_src,
       if(w_consulted_on_assessment = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_consulted_on_assessment, 65535)))]) AS consulted_on_assessment_at,
       multiIf(toUInt8(bitShiftRight(w_consulted_on_assessment, 80)) = 0, '', toUInt8(bitShiftRight(w_consulted_on_assessment, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_consulted_on_assessment, 80))))) AS consulted_on_assessment_rule,
       v_consulted_on_appointment AS consulted_on_appointment,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_consulted_on_appointment, 65535))] AS consulted_on_appointment_src,
       if(w_consulted_on_appointment = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_consulted_on_appointment, 65535)))]) AS consulted_on_appointment_at,
       multiIf(toUInt8(bitShiftRight(w_consulted_on_appointment, 80)) = 0, '', toUInt8(bitShiftRight(w_consulted_on_appointment, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_consulted_on_appointment, 80))))) AS consulted_on_appointment_rule
FROM
(
  SELECT org_id,
         argMinIf(division_code, ord_0, 1) AS v_division_code,
         minIf(ord_0, 1) AS w_division_code,
         argMinIf(org_kind, ord_0, 1) AS v_org_kind,
         minIf(ord_0, 1) AS w_org_kind,
         argMinIf(uscc, ord_0, uscc IS NOT NULL) AS v_uscc,
         minIf(ord_0, uscc IS NOT NULL) AS w_uscc,
         argMinIf(name, ord_0, 1) AS v_name,
         minIf(ord_0, 1) AS w_name,
         argMinIf(established_on, ord_0, established_on IS NOT NULL) AS v_established_on,
         minIf(ord_0, established_on IS NOT NULL) AS w_established_on,
         argMinIf(status, ord_0, status IS NOT NULL) AS v_status,
         minIf(ord_0, status IS NOT NULL) AS w_status,
         argMinIf(office_address, ord_1, office_address IS NOT NULL) AS v_office_address,
         minIf(ord_1, office_address IS NOT NULL) AS w_office_address,
         argMinIf(office_phone, ord_1, office_phone IS NOT NULL) AS v_office_phone,
         minIf(ord_1, office_phone IS NOT NULL) AS w_office_phone,
         argMinIf(match_name, ord_0, match_name IS NOT NULL) AS v_match_name,
         minIf(ord_0, match_name IS NOT NULL) AS w_match_name,
         argMinIf(match_address, ord_0, match_address IS NOT NULL) AS v_match_address,
         minIf(ord_0, match_address IS NOT NULL) AS w_match_address,
         argMinIf(headcount, ord_1, headcount IS NOT NULL) AS v_headcount,
         minIf(ord_1, headcount IS NOT NULL) AS w_headcount,
         argMinIf(valid_from, ord_0, valid_from IS NOT NULL) AS v_valid_from,
         minIf(ord_0, valid_from IS NOT NULL) AS w_valid_from,
         argMinIf(valid_to, ord_0, valid_to IS NOT NULL) AS v_valid_to,
         minIf(ord_0, valid_to IS NOT NULL) AS w_valid_to,
         argMinIf(uscc_valid, ord_0, uscc_valid IS NOT NULL) AS v_uscc_valid,
         minIf(ord_0, uscc_valid IS NOT NULL) AS w_uscc_valid,
         argMinIf(social_kind, ord_0, social_kind IS NOT NULL) AS v_social_kind,
         minIf(ord_0, social_kind IS NOT NULL) AS w_social_kind,
         argMinIf(parent_org_id, ord_0, parent_org_id IS NOT NULL) AS v_parent_org_id,
         minIf(ord_0, parent_org_id IS NOT NULL) AS w_parent_org_id,
         argMinIf(reg_authority, ord_0, reg_authority IS NOT NULL) AS v_reg_authority,
         minIf(ord_0, reg_authority IS NOT NULL) AS w_reg_authority,
         argMinIf(charter_party_clause, ord_0, charter_party_clause IS NOT NULL) AS v_charter_party_clause,
         minIf(ord_0, charter_party_clause IS NOT NULL) AS w_charter_party_clause,
         argMinIf(charter_version, ord_0, charter_version IS NOT NULL) AS v_charter_version,
         minIf(ord_0, charter_version IS NOT NULL) AS w_charter_version,
         argMinIf(management_mode, ord_0, management_mode IS NOT NULL) AS v_management_mode,
         minIf(ord_0, management_mode IS NOT NULL) AS w_management_mode,
         argMinIf(unified_command, ord_0, unified_command IS NOT NULL) AS v_unified_command,
         minIf(ord_0, unified_command IS NOT NULL) AS w_unified_command,
         argMinIf(consulted_on_assessment, ord_0, consulted_on_assessment IS NOT NULL) AS v_consulted_on_assessment,
         minIf(ord_0, consulted_on_assessment IS NOT NULL) AS w_consulted_on_assessment,
         argMinIf(consulted_on_appointment, ord_0, consulted_on_appointment IS NOT NULL) AS v_consulted_on_appointment,
         minIf(ord_0, consulted_on_appointment IS NOT NULL) AS w_consulted_on_appointment,
         groupArray(toUInt16(indexOf(['county_ledger', 'province_gateway', 'township_ledger'], src_system))) AS srcs,
         groupArray(event_time) AS times
  FROM
  (
    SELECT *, bitShiftLeft(toUInt128(multiIf(src_system = 'province_gateway', 1, src_system = 'county_ledger', 2, 255)), 80) + bitShiftLeft(toUInt128(bitNot(version)), 16) + indexOf(['county_ledger', 'province_gateway', 'township_ledger'], src_system) AS ord_0, bitShiftLeft(toUInt128(multiIf(src_system = 'county_ledger', 1, src_system = 'province_gateway', 2, 255)), 80) + bitShiftLeft(toUInt128(bitNot(version)), 16) + indexOf(['county_ledger', 'province_gateway', 'township_ledger'], src_system) AS ord_1
    FROM
    (
      SELECT org_id, division_code, org_kind, uscc, name, established_on, status, office_address, office_phone, match_name, match_address, headcount, valid_from, valid_to, uscc_valid, social_kind, parent_org_id, reg_authority, charter_party_clause, charter_version, management_mode, unified_command, consulted_on_assessment, consulted_on_appointment, src_system, src_tier, event_time, version, is_deleted
      FROM (
        SELECT k.org_id AS org_id, c.org_id AS member, c.division_code AS division_code, c.org_kind AS org_kind, c.uscc AS uscc, c.name AS name, c.established_on AS established_on, c.status AS status, c.office_address AS office_address, c.office_phone AS office_phone, c.match_name AS match_name, c.match_address AS match_address, c.headcount AS headcount, c.valid_from AS valid_from, c.valid_to AS valid_to, c.uscc_valid AS uscc_valid, c.social_kind AS social_kind, c.parent_org_id AS parent_org_id, c.reg_authority AS reg_authority, c.charter_party_clause AS charter_party_clause, c.charter_version AS charter_version, c.management_mode AS management_mode, c.unified_command AS unified_command, c.consulted_on_assessment AS consulted_on_assessment, c.consulted_on_appointment AS consulted_on_appointment, c.src_system AS src_system, c.src_tier AS src_tier, c.event_time AS event_time, c.version AS version, c.is_deleted AS is_deleted, c.kafka_offset AS kafka_offset
        FROM
        (
          SELECT *
          FROM
          (
            SELECT org_id, division_code, org_kind, uscc, name, established_on, status, office_address, office_phone, match_name, match_address, headcount, valid_from, valid_to, uscc_valid, social_kind, parent_org_id, reg_authority, charter_party_clause, charter_version, management_mode, unified_command, consulted_on_assessment, consulted_on_appointment, src_system, src_tier, event_time, version, is_deleted, kafka_offset
            FROM std.organization
            WHERE src_system IN ('county_ledger', 'province_gateway', 'township_ledger') AND org_id IN (SELECT member FROM (SELECT member, org_id FROM (SELECT member, canonical AS org_id FROM ops.identity FINAL WHERE entity = 'organization' AND is_deleted = 0) WHERE 1)) AND event_time <= parseDateTime64BestEffort({at:String}, 3, 'Asia/Shanghai') AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')
            ORDER BY org_id DESC, src_system DESC, version DESC, kafka_offset DESC
            LIMIT 1 BY org_id, src_system
          )
          WHERE is_deleted = 0
        ) AS c
        INNER JOIN (SELECT member, org_id FROM (SELECT member, canonical AS org_id FROM ops.identity FINAL WHERE entity = 'organization' AND is_deleted = 0) WHERE 1) AS k ON k.member = c.org_id
      )
      WHERE src_system IN ('county_ledger', 'province_gateway', 'township_ledger')
      ORDER BY org_id DESC, src_system DESC, version DESC, kafka_offset DESC, member
      LIMIT 1 BY org_id, src_system
    )
    WHERE is_deleted = 0
  )
  GROUP BY org_id
)
COMMENT '组织机构：任意时点（at）的一物一行，按任意时点（known）所知 [8e3536e8811a284f]';

CREATE OR REPLACE VIEW dwd.organization_history
(
    row_from DateTime64(3, 'Asia/Shanghai') COMMENT '本行起始时间（含）',
    row_to DateTime64(3, 'Asia/Shanghai') COMMENT '本行终止时间（不含）；尚在有效为2299年末',
    org_id String COMMENT '组织标识',
    division_code FixedString(12) COMMENT '所在区划',
    division_code_src LowCardinality(String) COMMENT '所在区划·取自来源',
    division_code_at DateTime64(3, 'Asia/Shanghai') COMMENT '所在区划·业务时间',
    division_code_rule LowCardinality(String) COMMENT '所在区划·取值规则',
    org_kind LowCardinality(String) COMMENT '组织类别',
    org_kind_src LowCardinality(String) COMMENT '组织类别·取自来源',
    org_kind_at DateTime64(3, 'Asia/Shanghai') COMMENT '组织类别·业务时间',
    org_kind_rule LowCardinality(String) COMMENT '组织类别·取值规则',
    uscc Nullable(FixedString(18)) COMMENT '统一社会信用代码',
    uscc_src LowCardinality(String) COMMENT '统一社会信用代码·取自来源',
    uscc_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '统一社会信用代码·业务时间',
    uscc_rule LowCardinality(String) COMMENT '统一社会信用代码·取值规则',
    name String COMMENT '名称',
    name_src LowCardinality(String) COMMENT '名称·取自来源',
    name_at DateTime64(3, 'Asia/Shanghai') COMMENT '名称·业务时间',
    name_rule LowCardinality(String) COMMENT '名称·取值规则',
    established_on Nullable(Date32) COMMENT '成立日期',
    established_on_src LowCardinality(String) COMMENT '成立日期·取自来源',
    established_on_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '成立日期·业务时间',
    established_on_rule LowCardinality(String) COMMENT '成立日期·取值规则',
    status LowCardinality(Nullable(String)) COMMENT '状态',
    status_src LowCardinality(String) COMMENT '状态·取自来源',
    status_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '状态·业务时间',
    status_rule LowCardinality(String) COMMENT '状态·取值规则',
    office_address Nullable(String) COMMENT '办公地址',
    office_address_src LowCardinality(String) COMMENT '办公地址·取自来源',
    office_address_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '办公地址·业务时间',
    office_address_rule LowCardinality(String) COMMENT '办公地址·取值规则',
    office_phone Nullable(String) COMMENT '办公电话',
    office_phone_src LowCardinality(String) COMMENT '办公电话·取自来源',
    office_phone_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '办公电话·业务时间',
    office_phone_rule LowCardinality(String) COMMENT '办公电话·取值规则',
    match_name Nullable(String) COMMENT '名称（比对用）',
    match_name_src LowCardinality(String) COMMENT '名称（比对用）·取自来源',
    match_name_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '名称（比对用）·业务时间',
    match_name_rule LowCardinality(String) COMMENT '名称（比对用）·取值规则',
    match_address Nullable(String) COMMENT '办公地址（比对用）',
    match_address_src LowCardinality(String) COMMENT '办公地址（比对用）·取自来源',
    match_address_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '办公地址（比对用）·业务时间',
    match_address_rule LowCardinality(String) COMMENT '办公地址（比对用）·取值规则',
    headcount Nullable(Int64) COMMENT '工作人员数（人）',
    headcount_src LowCardinality(String) COMMENT '工作人员数·取自来源',
    headcount_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '工作人员数·业务时间',
    headcount_rule LowCardinality(String) COMMENT '工作人员数·取值规则',
    valid_from Nullable(Date32) COMMENT '生效日期',
    valid_from_src LowCardinality(String) COMMENT '生效日期·取自来源',
    valid_from_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '生效日期·业务时间',
    valid_from_rule LowCardinality(String) COMMENT '生效日期·取值规则',
    valid_to Nullable(Date32) COMMENT '失效日期',
    valid_to_src LowCardinality(String) COMMENT '失效日期·取自来源',
    valid_to_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '失效日期·业务时间',
    valid_to_rule LowCardinality(String) COMMENT '失效日期·取值规则',
    uscc_valid Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '代码校验通过',
    uscc_valid_src LowCardinality(String) COMMENT '代码校验通过·取自来源',
    uscc_valid_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '代码校验通过·业务时间',
    uscc_valid_rule LowCardinality(String) COMMENT '代码校验通过·取值规则',
    social_kind LowCardinality(Nullable(String)) COMMENT '社会组织类别',
    social_kind_src LowCardinality(String) COMMENT '社会组织类别·取自来源',
    social_kind_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '社会组织类别·业务时间',
    social_kind_rule LowCardinality(String) COMMENT '社会组织类别·取值规则',
    parent_org_id Nullable(String) COMMENT '上级组织',
    parent_org_id_src LowCardinality(String) COMMENT '上级组织·取自来源',
    parent_org_id_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '上级组织·业务时间',
    parent_org_id_rule LowCardinality(String) COMMENT '上级组织·取值规则',
    reg_authority Nullable(String) COMMENT '登记机关',
    reg_authority_src LowCardinality(String) COMMENT '登记机关·取自来源',
    reg_authority_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '登记机关·业务时间',
    reg_authority_rule LowCardinality(String) COMMENT '登记机关·取值规则',
    charter_party_clause Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '章程写入党建要求',
    charter_party_clause_src LowCardinality(String) COMMENT '章程写入党建要求·取自来源',
    charter_party_clause_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '章程写入党建要求·业务时间',
    charter_party_clause_rule LowCardinality(String) COMMENT '章程写入党建要求·取值规则',
    charter_version Nullable(String) COMMENT '章程版本',
    charter_version_src LowCardinality(String) COMMENT '章程版本·取自来源',
    charter_version_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '章程版本·业务时间',
    charter_version_rule LowCardinality(String) COMMENT '章程版本·取值规则',
    management_mode LowCardinality(Nullable(String)) COMMENT '管理方式',
    management_mode_src LowCardinality(String) COMMENT '管理方式·取自来源',
    management_mode_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '管理方式·业务时间',
    management_mode_rule LowCardinality(String) COMMENT '管理方式·取值规则',
    unified_command Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '统一指挥',
    unified_command_src LowCardinality(String) COMMENT '统一指挥·取自来源',
    unified_command_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '统一指挥·业务时间',
    unified_command_rule LowCardinality(String) COMMENT '统一指挥·取值规则',
    consulted_on_assessment Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '考核征求乡镇意见',
    consulted_on_assessment_src LowCardinality(String) COMMENT '考核征求乡镇意见·取自来源',
    consulted_on_assessment_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '考核征求乡镇意见·业务时间',
    consulted_on_assessment_rule LowCardinality(String) COMMENT '考核征求乡镇意见·取值规则',
    consulted_on_appointment Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '任免征求乡镇意见',
    consulted_on_appointment_src LowCardinality(String) COMMENT '任免征求乡镇意见·取自来源',
    consulted_on_appointment_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '任免征求乡镇意见·业务时间',
    consulted_on_appointment_rule LowCardinality(String) COMMENT '任免征求乡镇意见·取值规则'
) DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT row_from,
       row_to,
       org_id,
       v_division_code AS division_code,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_division_code, 65535))] AS division_code_src,
       times[indexOf(srcs, toUInt16(bitAnd(w_division_code, 65535)))] AS division_code_at,
       multiIf(toUInt8(bitShiftRight(w_division_code, 80)) = 0, '', toUInt8(bitShiftRight(w_division_code, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_division_code, 80))))) AS division_code_rule,
       v_org_kind AS org_kind,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_org_kind, 65535))] AS org_kind_src,
       times[indexOf(srcs, toUInt16(bitAnd(w_org_kind, 65535)))] AS org_kind_at,
       multiIf(toUInt8(bitShiftRight(w_org_kind, 80)) = 0, '', toUInt8(bitShiftRight(w_org_kind, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_org_kind, 80))))) AS org_kind_rule,
       v_uscc AS uscc,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_uscc, 65535))] AS uscc_src,
       if(w_uscc = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_uscc, 65535)))]) AS uscc_at,
       multiIf(toUInt8(bitShiftRight(w_uscc, 80)) = 0, '', toUInt8(bitShiftRight(w_uscc, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_uscc, 80))))) AS uscc_rule,
       v_name AS name,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_name, 65535))] AS name_src,
       times[indexOf(srcs, toUInt16(bitAnd(w_name, 65535)))] AS name_at,
       multiIf(toUInt8(bitShiftRight(w_name, 80)) = 0, '', toUInt8(bitShiftRight(w_name, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_name, 80))))) AS name_rule,
       v_established_on AS established_on,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_established_on, 65535))] AS established_on_src,
       if(w_established_on = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_established_on, 65535)))]) AS established_on_at,
       multiIf(toUInt8(bitShiftRight(w_established_on, 80)) = 0, '', toUInt8(bitShiftRight(w_established_on, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_established_on, 80))))) AS established_on_rule,
       v_status AS status,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_status, 65535))] AS status_src,
       if(w_status = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_status, 65535)))]) AS status_at,
       multiIf(toUInt8(bitShiftRight(w_status, 80)) = 0, '', toUInt8(bitShiftRight(w_status, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_status, 80))))) AS status_rule,
       v_office_address AS office_address,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_office_address, 65535))] AS office_address_src,
       if(w_office_address = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_office_address, 65535)))]) AS office_address_at,
       multiIf(toUInt8(bitShiftRight(w_office_address, 80)) = 0, '', toUInt8(bitShiftRight(w_office_address, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_office_address, 80))))) AS office_address_rule,
       v_office_phone AS office_phone,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_office_phone, 65535))] AS office_phone_src,
       if(w_office_phone = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_office_phone, 65535)))]) AS office_phone_at,
       multiIf(toUInt8(bitShiftRight(w_office_phone, 80)) = 0, '', toUInt8(bitShiftRight(w_office_phone, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_office_phone, 80))))) AS office_phone_rule,
       v_match_name AS match_name,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_match_name, 65535))] AS match_name_src,
       if(w_match_name = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_match_name, 65535)))]) AS match_name_at,
       multiIf(toUInt8(bitShiftRight(w_match_name, 80)) = 0, '', toUInt8(bitShiftRight(w_match_name, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_match_name, 80))))) AS match_name_rule,
       v_match_address AS match_address,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_match_address, 65535))] AS match_address_src,
       if(w_match_address = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_match_address, 65535)))]) AS match_address_at,
       multiIf(toUInt8(bitShiftRight(w_match_address, 80)) = 0, '', toUInt8(bitShiftRight(w_match_address, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_match_address, 80))))) AS match_address_rule,
       v_headcount AS headcount,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_headcount, 65535))] AS headcount_src,
       if(w_headcount = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_headcount, 65535)))]) AS headcount_at,
       multiIf(toUInt8(bitShiftRight(w_headcount, 80)) = 0, '', toUInt8(bitShiftRight(w_headcount, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_headcount, 80))))) AS headcount_rule,
       v_valid_from AS valid_from,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_valid_from, 65535))] AS valid_from_src,
       if(w_valid_from = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_valid_from, 65535)))]) AS valid_from_at,
       multiIf(toUInt8(bitShiftRight(w_valid_from, 80)) = 0, '', toUInt8(bitShiftRight(w_valid_from, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_valid_from, 80))))) AS valid_from_rule,
       v_valid_to AS valid_to,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_valid_to, 65535))] AS valid_to_src,
       if(w_valid_to = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_valid_to, 65535)))]) AS valid_to_at,
       multiIf(toUInt8(bitShiftRight(w_valid_to, 80)) = 0, '', toUInt8(bitShiftRight(w_valid_to, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_valid_to, 80))))) AS valid_to_rule,
       v_uscc_valid AS uscc_valid,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_uscc_valid, 65535))] AS uscc_valid_src,
       if(w_uscc_valid = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_uscc_valid, 65535)))]) AS uscc_valid_at,
       multiIf(toUInt8(bitShiftRight(w_uscc_valid, 80)) = 0, '', toUInt8(bitShiftRight(w_uscc_valid, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_uscc_valid, 80))))) AS uscc_valid_rule,
       v_social_kind AS social_kind,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_social_kind, 65535))] AS social_kind_src,
       if(w_social_kind = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_social_kind, 65535)))]) AS social_kind_at,
       multiIf(toUInt8(bitShiftRight(w_social_kind, 80)) = 0, '', toUInt8(bitShiftRight(w_social_kind, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_social_kind, 80))))) AS social_kind_rule,
       v_parent_org_id AS parent_org_id,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_parent_org_id, 65535))] AS parent_org_id_src,
       if(w_parent_org_id = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_parent_org_id, 65535)))]) AS parent_org_id_at,
       multiIf(toUInt8(bitShiftRight(w_parent_org_id, 80)) = 0, '', toUInt8(bitShiftRight(w_parent_org_id, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_parent_org_id, 80))))) AS parent_org_id_rule,
       v_reg_authority AS reg_authority,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_reg_authority, 65535))] AS reg_authority_src,
       if(w_reg_authority = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_reg_authority, 65535)))]) AS reg_authority_at,
       multiIf(toUInt8(bitShiftRight(w_reg_authority, 80)) = 0, '', toUInt8(bitShiftRight(w_reg_authority, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_reg_authority, 80))))) AS reg_authority_rule,
       v_charter_party_clause AS charter_party_clause,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_charter_party_clause, 65535))] AS charter_party_clause_src,
       if(w_charter_party_clause = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_charter_party_clause, 65535)))]) AS charter_party_clause_at,
       multiIf(toUInt8(bitShiftRight(w_charter_party_clause, 80)) = 0, '', toUInt8(bitShiftRight(w_charter_party_clause, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_charter_party_clause, 80))))) AS charter_party_clause_rule,
       v_charter_version AS charter_version,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_charter_version, 65535))] AS charter_version_src,
       if(w_charter_version = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_charter_version, 65535)))]) AS charter_version_at,
       multiIf(toUInt8(bitShiftRight(w_charter_version, 80)) = 0, '', toUInt8(bitShiftRight(w_charter_version, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_charter_version, 80))))) AS charter_version_rule,
       v_management_mode AS management_mode,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_management_mode, 65535))] AS management_mode_src,
       if(w_management_mode = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_management_mode, 65535)))]) AS management_mode_at,
       multiIf(toUInt8(bitShiftRight(w_management_mode, 80)) = 0, '', toUInt8(bitShiftRight(w_management_mode, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_management_mode, 80))))) AS management_mode_rule,
       v_unified_command AS unified_command,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_unified_command, 65535))] AS unified_command_src,
       if(w_unified_command = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_unified_command, 65535)))]) AS unified_command_at,
       multiIf(toUInt8(bitShiftRight(w_unified_command, 80)) = 0, '', toUInt8(bitShiftRight(w_unified_command, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_unified_command, 80))))) AS unified_command_rule,
       v_consulted_on_assessment AS consulted_on_assessment,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_consulted_on_assessment, 65535))] AS consulted_on_assessment_src,
       if(w_consulted_on_assessment = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_consulted_on_assessment, 65535)))]) AS consulted_on_assessment_at,
       multiIf(toUInt8(bitShiftRight(w_consulted_on_assessment, 80)) = 0, '', toUInt8(bitShiftRight(w_consulted_on_assessment, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_consulted_on_assessment, 80))))) AS consulted_on_assessment_rule,
       v_consulted_on_appointment AS consulted_on_appointment,
       ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_consulted_on_appointment, 65535))] AS consulted_on_appointment_src,
       if(w_consulted_on_appointment = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_consulted_on_appointment, 65535)))]) AS consulted_on_appointment_at,
       multiIf(toUInt8(bitShiftRight(w_consulted_on_appointment, 80)) = 0, '', toUInt8(bitShiftRight(w_consulted_on_appointment, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_consulted_on_appointment, 80))))) AS consulted_on_appointment_rule
FROM
(
  SELECT org_id, row_from, row_to,
         argMinIf(division_code, ord_0, 1) AS v_division_code,
         minIf(ord_0, 1) AS w_division_code,
         argMinIf(org_kind, ord_0, 1) AS v_org_kind,
         minIf(ord_0, 1) AS w_org_kind,
         argMinIf(uscc, ord_0, uscc IS NOT NULL) AS v_uscc,
         minIf(ord_0, uscc IS NOT NULL) AS w_uscc,
         argMinIf(name, ord_0, 1) AS v_name,
         minIf(ord_0, 1) AS w_name,
         argMinIf(established_on, ord_0, established_on IS NOT NULL) AS v_established_on,
         minIf(ord_0, established_on IS NOT NULL) AS w_established_on,
         argMinIf(status, ord_0, status IS NOT NULL) AS v_status,
         minIf(ord_0, status IS NOT NULL) AS w_status,
         argMinIf(office_address, ord_1, office_address IS NOT NULL) AS v_office_address,
         minIf(ord_1, office_address IS NOT NULL) AS w_office_address,
         argMinIf(office_phone, ord_1, office_phone IS NOT NULL) AS v_office_phone,
         minIf(ord_1, office_phone IS NOT NULL) AS w_office_phone,
         argMinIf(match_name, ord_0, match_name IS NOT NULL) AS v_match_name,
         minIf(ord_0, match_name IS NOT NULL) AS w_match_name,
         argMinIf(match_address, ord_0, match_address IS NOT NULL) AS v_match_address,
         minIf(ord_0, match_address IS NOT NULL) AS w_match_address,
         argMinIf(headcount, ord_1, headcount IS NOT NULL) AS v_headcount,
         minIf(ord_1, headcount IS NOT NULL) AS w_headcount,
         argMinIf(valid_from, ord_0, valid_from IS NOT NULL) AS v_valid_from,
         minIf(ord_0, valid_from IS NOT NULL) AS w_valid_from,
         argMinIf(valid_to, ord_0, valid_to IS NOT NULL) AS v_valid_to,
         minIf(ord_0, valid_to IS NOT NULL) AS w_valid_to,
         argMinIf(uscc_valid, ord_0, uscc_valid IS NOT NULL) AS v_uscc_valid,
         minIf(ord_0, uscc_valid IS NOT NULL) AS w_uscc_valid,
         argMinIf(social_kind, ord_0, social_kind IS NOT NULL) AS v_social_kind,
         minIf(ord_0, social_kind IS NOT NULL) AS w_social_kind,
         argMinIf(parent_org_id, ord_0, parent_org_id IS NOT NULL) AS v_parent_org_id,
         minIf(ord_0, parent_org_id IS NOT NULL) AS w_parent_org_id,
         argMinIf(reg_authority, ord_0, reg_authority IS NOT NULL) AS v_reg_authority,
         minIf(ord_0, reg_authority IS NOT NULL) AS w_reg_authority,
         argMinIf(charter_party_clause, ord_0, charter_party_clause IS NOT NULL) AS v_charter_party_clause,
         minIf(ord_0, charter_party_clause IS NOT NULL) AS w_charter_party_clause,
         argMinIf(charter_version, ord_0, charter_version IS NOT NULL) AS v_charter_version,
         minIf(ord_0, charter_version IS NOT NULL) AS w_charter_version,
         argMinIf(management_mode, ord_0, management_mode IS NOT NULL) AS v_management_mode,
         minIf(ord_0, management_mode IS NOT NULL) AS w_management_mode,
         argMinIf(unified_command, ord_0, unified_command IS NOT NULL) AS v_unified_command,
         minIf(ord_0, unified_command IS NOT NULL) AS w_unified_command,
         argMinIf(consulted_on_assessment, ord_0, consulted_on_assessment IS NOT NULL) AS v_consulted_on_assessment,
         minIf(ord_0, consulted_on_assessment IS NOT NULL) AS w_consulted_on_assessment,
         argMinIf(consulted_on_appointment, ord_0, consulted_on_appointment IS NOT NULL) AS v_consulted_on_appointment,
         minIf(ord_0, consulted_on_appointment IS NOT NULL) AS w_consulted_on_appointment,
         groupArray(toUInt16(indexOf(['county_ledger', 'province_gateway', 'township_ledger'], src_system))) AS srcs,
         groupArray(event_time) AS times
  FROM
  (
    SELECT *, bitShiftLeft(toUInt128(multiIf(src_system = 'province_gateway', 1, src_system = 'county_ledger', 2, 255)), 80) + bitShiftLeft(toUInt128(bitNot(version)), 16) + indexOf(['county_ledger', 'province_gateway', 'township_ledger'], src_system) AS ord_0, bitShiftLeft(toUInt128(multiIf(src_system = 'county_ledger', 1, src_system = 'province_gateway', 2, 255)), 80) + bitShiftLeft(toUInt128(bitNot(version)), 16) + indexOf(['county_ledger', 'province_gateway', 'township_ledger'], src_system) AS ord_1
    FROM
    (
      SELECT row_from, row_to, org_id, division_code, org_kind, uscc, name, established_on, status, office_address, office_phone, match_name, match_address, headcount, valid_from, valid_to, uscc_valid, social_kind, parent_org_id, reg_authority, charter_party_clause, charter_version, management_mode, unified_command, consulted_on_assessment, consulted_on_appointment, src_system, src_tier, event_time, version, is_deleted
      FROM (
        SELECT c.org_id AS org_id, c.division_code AS division_code, c.org_kind AS org_kind, c.uscc AS uscc, c.name AS name, c.established_on AS established_on, c.status AS status, c.office_address AS office_address, c.office_phone AS office_phone, c.match_name AS match_name, c.match_address AS match_address, c.headcount AS headcount, c.valid_from AS valid_from, c.valid_to AS valid_to, c.uscc_valid AS uscc_valid, c.social_kind AS social_kind, c.parent_org_id AS parent_org_id, c.reg_authority AS reg_authority, c.charter_party_clause AS charter_party_clause, c.charter_version AS charter_version, c.management_mode AS management_mode, c.unified_command AS unified_command, c.consulted_on_assessment AS consulted_on_assessment, c.consulted_on_appointment AS consulted_on_appointment, c.src_system AS src_system, c.src_tier AS src_tier, c.src_division AS src_division, c.src_record_id AS src_record_id, c.event_time AS event_time, c.arrived_at AS arrived_at, c.version AS version, c.is_deleted AS is_deleted, c.q_flags AS q_flags, c.kafka_topic AS kafka_topic, c.kafka_partition AS kafka_partition, c.kafka_offset AS kafka_offset, c.place AS place, b.row_from AS row_from, b.row_to AS row_to
        FROM
        (
          SELECT * FROM
          (
            SELECT c.* EXCEPT (org_id), if(k.member = '', c.org_id, k.org_id) AS org_id
            FROM (SELECT * FROM std.organization WHERE (toString(org_id) LIKE {thing:String} OR org_id IN (SELECT member FROM (SELECT member, canonical AS org_id FROM ops.identity FINAL WHERE entity = 'organization' AND is_deleted = 0) WHERE toString(org_id) LIKE {thing:String})) AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')) AS c
            LEFT JOIN (SELECT member, canonical AS org_id FROM ops.identity FINAL WHERE entity = 'organization' AND is_deleted = 0) AS k ON k.member = c.org_id
          )
          WHERE toString(org_id) LIKE {thing:String}
        ) AS c
        INNER JOIN
        (
          SELECT org_id, row_from, leadInFrame(row_from, 1, toDateTime64('2299-12-31 00:00:00', 3, 'Asia/Shanghai')) OVER (PARTITION BY org_id ORDER BY row_from ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS row_to
          FROM
          (
            SELECT DISTINCT org_id, event_time AS row_from FROM
            (
              SELECT * FROM
              (
                SELECT c.* EXCEPT (org_id), if(k.member = '', c.org_id, k.org_id) AS org_id
                FROM (SELECT * FROM std.organization WHERE (toString(org_id) LIKE {thing:String} OR org_id IN (SELECT member FROM (SELECT member, canonical AS org_id FROM ops.identity FINAL WHERE entity = 'organization' AND is_deleted = 0) WHERE toString(org_id) LIKE {thing:String})) AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')) AS c
                LEFT JOIN (SELECT member, canonical AS org_id FROM ops.identity FINAL WHERE entity = 'organization' AND is_deleted = 0) AS k ON k.member = c.org_id
              )
              WHERE toString(org_id) LIKE {thing:String}
            )
          )
        ) AS b ON c.org_id = b.org_id
        WHERE c.event_time <= b.row_from
      )
      WHERE src_system IN ('county_ledger', 'province_gateway', 'township_ledger')
      ORDER BY org_id DESC, row_from DESC, row_to DESC, src_system DESC, version DESC, kafka_offset DESC
      LIMIT 1 BY org_id, row_from, row_to, src_system
    )
    WHERE is_deleted = 0
  )
  GROUP BY org_id, row_from, row_to
)
COMMENT '组织机构：每件事物各时段的一物一行 [17b99924bb4cc96a]';

CREATE OR REPLACE VIEW dwd.organization_as_of_under
(
    under_code FixedString(12) COMMENT '在所选登记册中的区划代码',
    under_how LowCardinality(String) COMMENT '换算方式：same 未变，whole 整体归入，shared 按已知比例分，undivided 比例不明、留在共同上级，above 仅知上级，lost 去向无记载、留在上级',
    under_share Decimal(18, 12) COMMENT '本行占原数的份额',
    under_candidates Array(FixedString(12)) COMMENT '比例不明时可能的承接区划',
    org_id String COMMENT '组织标识',
    division_code FixedString(12) COMMENT '所在区划',
    division_code_src LowCardinality(String) COMMENT '所在区划·取自来源',
    division_code_at DateTime64(3, 'Asia/Shanghai') COMMENT '所在区划·业务时间',
    division_code_rule LowCardinality(String) COMMENT '所在区划·取值规则',
    org_kind LowCardinality(String) COMMENT '组织类别',
    org_kind_src LowCardinality(String) COMMENT '组织类别·取自来源',
    org_kind_at DateTime64(3, 'Asia/Shanghai') COMMENT '组织类别·业务时间',
    org_kind_rule LowCardinality(String) COMMENT '组织类别·取值规则',
    uscc Nullable(FixedString(18)) COMMENT '统一社会信用代码',
    uscc_src LowCardinality(String) COMMENT '统一社会信用代码·取自来源',
    uscc_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '统一社会信用代码·业务时间',
    uscc_rule LowCardinality(String) COMMENT '统一社会信用代码·取值规则',
    name String COMMENT '名称',
    name_src LowCardinality(String) COMMENT '名称·取自来源',
    name_at DateTime64(3, 'Asia/Shanghai') COMMENT '名称·业务时间',
    name_rule LowCardinality(String) COMMENT '名称·取值规则',
    established_on Nullable(Date32) COMMENT '成立日期',
    established_on_src LowCardinality(String) COMMENT '成立日期·取自来源',
    established_on_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '成立日期·业务时间',
    established_on_rule LowCardinality(String) COMMENT '成立日期·取值规则',
    status LowCardinality(Nullable(String)) COMMENT '状态',
    status_src LowCardinality(String) COMMENT '状态·取自来源',
    status_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '状态·业务时间',
    status_rule LowCardinality(String) COMMENT '状态·取值规则',
    office_address Nullable(String) COMMENT '办公地址',
    office_address_src LowCardinality(String) COMMENT '办公地址·取自来源',
    office_address_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '办公地址·业务时间',
    office_address_rule LowCardinality(String) COMMENT '办公地址·取值规则',
    office_phone Nullable(String) COMMENT '办公电话',
    office_phone_src LowCardinality(String) COMMENT '办公电话·取自来源',
    office_phone_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '办公电话·业务时间',
    office_phone_rule LowCardinality(String) COMMENT '办公电话·取值规则',
    match_name Nullable(String) COMMENT '名称（比对用）',
    match_name_src LowCardinality(String) COMMENT '名称（比对用）·取自来源',
    match_name_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '名称（比对用）·业务时间',
    match_name_rule LowCardinality(String) COMMENT '名称（比对用）·取值规则',
    match_address Nullable(String) COMMENT '办公地址（比对用）',
    match_address_src LowCardinality(String) COMMENT '办公地址（比对用）·取自来源',
    match_address_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '办公地址（比对用）·业务时间',
    match_address_rule LowCardinality(String) COMMENT '办公地址（比对用）·取值规则',
    headcount Nullable(Int64) COMMENT '工作人员数（人）',
    headcount_src LowCardinality(String) COMMENT '工作人员数·取自来源',
    headcount_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '工作人员数·业务时间',
    headcount_rule LowCardinality(String) COMMENT '工作人员数·取值规则',
    valid_from Nullable(Date32) COMMENT '生效日期',
    valid_from_src LowCardinality(String) COMMENT '生效日期·取自来源',
    valid_from_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '生效日期·业务时间',
    valid_from_rule LowCardinality(String) COMMENT '生效日期·取值规则',
    valid_to Nullable(Date32) COMMENT '失效日期',
    valid_to_src LowCardinality(String) COMMENT '失效日期·取自来源',
    valid_to_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '失效日期·业务时间',
    valid_to_rule LowCardinality(String) COMMENT '失效日期·取值规则',
    uscc_valid Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '代码校验通过',
    uscc_valid_src LowCardinality(String) COMMENT '代码校验通过·取自来源',
    uscc_valid_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '代码校验通过·业务时间',
    uscc_valid_rule LowCardinality(String) COMMENT '代码校验通过·取值规则',
    social_kind LowCardinality(Nullable(String)) COMMENT '社会组织类别',
    social_kind_src LowCardinality(String) COMMENT '社会组织类别·取自来源',
    social_kind_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '社会组织类别·业务时间',
    social_kind_rule LowCardinality(String) COMMENT '社会组织类别·取值规则',
    parent_org_id Nullable(String) COMMENT '上级组织',
    parent_org_id_src LowCardinality(String) COMMENT '上级组织·取自来源',
    parent_org_id_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '上级组织·业务时间',
    parent_org_id_rule LowCardinality(String) COMMENT '上级组织·取值规则',
    reg_authority Nullable(String) COMMENT '登记机关',
    reg_authority_src LowCardinality(String) COMMENT '登记机关·取自来源',
    reg_authority_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '登记机关·业务时间',
    reg_authority_rule LowCardinality(String) COMMENT '登记机关·取值规则',
    charter_party_clause Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '章程写入党建要求',
    charter_party_clause_src LowCardinality(String) COMMENT '章程写入党建要求·取自来源',
    charter_party_clause_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '章程写入党建要求·业务时间',
    charter_party_clause_rule LowCardinality(String) COMMENT '章程写入党建要求·取值规则',
    charter_version Nullable(String) COMMENT '章程版本',
    charter_version_src LowCardinality(String) COMMENT '章程版本·取自来源',
    charter_version_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '章程版本·业务时间',
    charter_version_rule LowCardinality(String) COMMENT '章程版本·取值规则',
    management_mode LowCardinality(Nullable(String)) COMMENT '管理方式',
    management_mode_src LowCardinality(String) COMMENT '管理方式·取自来源',
    management_mode_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '管理方式·业务时间',
    management_mode_rule LowCardinality(String) COMMENT '管理方式·取值规则',
    unified_command Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '统一指挥',
    unified_command_src LowCardinality(String) COMMENT '统一指挥·取自来源',
    unified_command_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '统一指挥·业务时间',
    unified_command_rule LowCardinality(String) COMMENT '统一指挥·取值规则',
    consulted_on_assessment Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '考核征求乡镇意见',
    consulted_on_assessment_src LowCardinality(String) COMMENT '考核征求乡镇意见·取自来源',
    consulted_on_assessment_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '考核征求乡镇意见·业务时间',
    consulted_on_assessment_rule LowCardinality(String) COMMENT '考核征求乡镇意见·取值规则',
    consulted_on_appointment Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '任免征求乡镇意见',
    consulted_on_appointment_src LowCardinality(String) COMMENT '任免征求乡镇意见·取自来源',
    consulted_on_appointment_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '任免征求乡镇意见·业务时间',
    consulted_on_appointment_rule LowCardinality(String) COMMENT '任免征求乡镇意见·取值规则'
) DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT way.1 AS under_code,
       way.2 AS under_how,
       way.4 - way.3 AS under_share,
       way.5 AS under_candidates,
       t.org_id AS org_id,
       t.division_code AS division_code,
       t.division_code_src AS division_code_src,
       t.division_code_at AS division_code_at,
       t.division_code_rule AS division_code_rule,
       t.org_kind AS org_kind,
       t.org_kind_src AS org_kind_src,
       t.org_kind_at AS org_kind_at,
       t.org_kind_rule AS org_kind_rule,
       t.uscc AS uscc,
       t.uscc_src AS uscc_src,
       t.uscc_at AS uscc_at,
       t.uscc_rule AS uscc_rule,
       t.name AS name,
       t.name_src AS name_src,
       t.name_at AS name_at,
       t.name_rule AS name_rule,
       t.established_on AS established_on,
       t.established_on_src AS established_on_src,
       t.established_on_at AS established_on_at,
       t.established_on_rule AS established_on_rule,
       t.status AS status,
       t.status_src AS status_src,
       t.status_at AS status_at,
       t.status_rule AS status_rule,
       t.office_address AS office_address,
       t.office_address_src AS office_address_src,
       t.office_address_at AS office_address_at,
       t.office_address_rule AS office_address_rule,
       t.office_phone AS office_phone,
       t.office_phone_src AS office_phone_src,
       t.office_phone_at AS office_phone_at,
       t.office_phone_rule AS office_phone_rule,
       t.match_name AS match_name,
       t.match_name_src AS match_name_src,
       t.match_name_at AS match_name_at,
       t.match_name_rule AS match_name_rule,
       t.match_address AS match_address,
       t.match_address_src AS match_address_src,
       t.match_address_at AS match_address_at,
       t.match_address_rule AS match_address_rule,
       t.headcount AS headcount,
       t.headcount_src AS headcount_src,
       t.headcount_at AS headcount_at,
       t.headcount_rule AS headcount_rule,
       t.valid_from AS valid_from,
       t.valid_from_src AS valid_from_src,
       t.valid_from_at AS valid_from_at,
       t.valid_from_rule AS valid_from_rule,
       t.valid_to AS valid_to,
       t.valid_to_src AS valid_to_src,
       t.valid_to_at AS valid_to_at,
       t.valid_to_rule AS valid_to_rule,
       t.uscc_valid AS uscc_valid,
       t.uscc_valid_src AS uscc_valid_src,
       t.uscc_valid_at AS uscc_valid_at,
       t.uscc_valid_rule AS uscc_valid_rule,
       t.social_kind AS social_kind,
       t.social_kind_src AS social_kind_src,
       t.social_kind_at AS social_kind_at,
       t.social_kind_rule AS social_kind_rule,
       t.parent_org_id AS parent_org_id,
       t.parent_org_id_src AS parent_org_id_src,
       t.parent_org_id_at AS parent_org_id_at,
       t.parent_org_id_rule AS parent_org_id_rule,
       t.reg_authority AS reg_authority,
       t.reg_authority_src AS reg_authority_src,
       t.reg_authority_at AS reg_authority_at,
       t.reg_authority_rule AS reg_authority_rule,
       t.charter_party_clause AS charter_party_clause,
       t.charter_party_clause_src AS charter_party_clause_src,
       t.charter_party_clause_at AS charter_party_clause_at,
       t.charter_party_clause_rule AS charter_party_clause_rule,
       t.charter_version AS charter_version,
       t.charter_version_src AS charter_version_src,
       t.charter_version_at AS charter_version_at,
       t.charter_version_rule AS charter_version_rule,
       t.management_mode AS management_mode,
       t.management_mode_src AS management_mode_src,
       t.management_mode_at AS management_mode_at,
       t.management_mode_rule AS management_mode_rule,
       t.unified_command AS unified_command,
       t.unified_command_src AS unified_command_src,
       t.unified_command_at AS unified_command_at,
       t.unified_command_rule AS unified_command_rule,
       t.consulted_on_assessment AS consulted_on_assessment,
       t.consulted_on_assessment_src AS consulted_on_assessment_src,
       t.consulted_on_assessment_at AS consulted_on_assessment_at,
       t.consulted_on_assessment_rule AS consulted_on_assessment_rule,
       t.consulted_on_appointment AS consulted_on_appointment,
       t.consulted_on_appointment_src AS consulted_on_appointment_src,
       t.consulted_on_appointment_at AS consulted_on_appointment_at,
       t.consulted_on_appointment_rule AS consulted_on_appointment_rule
FROM
(
  SELECT org_id,
         v_division_code AS division_code,
         ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_division_code, 65535))] AS division_code_src,
         times[indexOf(srcs, toUInt16(bitAnd(w_division_code, 65535)))] AS division_code_at,
         multiIf(toUInt8(bitShiftRight(w_division_code, 80)) = 0, '', toUInt8(bitShiftRight(w_division_code, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_division_code, 80))))) AS division_code_rule,
         v_org_kind AS org_kind,
         ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_org_kind, 65535))] AS org_kind_src,
         times[indexOf(srcs, toUInt16(bitAnd(w_org_kind, 65535)))] AS org_kind_at,
         multiIf(toUInt8(bitShiftRight(w_org_kind, 80)) = 0, '', toUInt8(bitShiftRight(w_org_kind, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_org_kind, 80))))) AS org_kind_rule,
         v_uscc AS uscc,
         ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_uscc, 65535))] AS uscc_src,
         if(w_uscc = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_uscc, 65535)))]) AS uscc_at,
         multiIf(toUInt8(bitShiftRight(w_uscc, 80)) = 0, '', toUInt8(bitShiftRight(w_uscc, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_uscc, 80))))) AS uscc_rule,
         v_name AS name,
         ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_name, 65535))] AS name_src,
         times[indexOf(srcs, toUInt16(bitAnd(w_name, 65535)))] AS name_at,
         multiIf(toUInt8(bitShiftRight(w_name, 80)) = 0, '', toUInt8(bitShiftRight(w_name, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_name, 80))))) AS name_rule,
         v_established_on AS established_on,
         ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_established_on, 65535))] AS established_on_src,
         if(w_established_on = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_established_on, 65535)))]) AS established_on_at,
         multiIf(toUInt8(bitShiftRight(w_established_on, 80)) = 0, '', toUInt8(bitShiftRight(w_established_on, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_established_on, 80))))) AS established_on_rule,
         v_status AS status,
         ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_status, 65535))] AS status_src,
         if(w_status = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_status, 65535)))]) AS status_at,
         multiIf(toUInt8(bitShiftRight(w_status, 80)) = 0, '', toUInt8(bitShiftRight(w_status, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_status, 80))))) AS status_rule,
         v_office_address AS office_address,
         ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_office_address, 65535))] AS office_address_src,
         if(w_office_address = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_office_address, 65535)))]) AS office_address_at,
         multiIf(toUInt8(bitShiftRight(w_office_address, 80)) = 0, '', toUInt8(bitShiftRight(w_office_address, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_office_address, 80))))) AS office_address_rule,
         v_office_phone AS office_phone,
         ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_office_phone, 65535))] AS office_phone_src,
         if(w_office_phone = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_office_phone, 65535)))]) AS office_phone_at,
         multiIf(toUInt8(bitShiftRight(w_office_phone, 80)) = 0, '', toUInt8(bitShiftRight(w_office_phone, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_office_phone, 80))))) AS office_phone_rule,
         v_match_name AS match_name,
         ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_match_name, 65535))] AS match_name_src,
         if(w_match_name = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_match_name, 65535)))]) AS match_name_at,
         multiIf(toUInt8(bitShiftRight(w_match_name, 80)) = 0, '', toUInt8(bitShiftRight(w_match_name, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_match_name, 80))))) AS match_name_rule,
         v_match_address AS match_address,
         ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_match_address, 65535))] AS match_address_src,
         if(w_match_address = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_match_address, 65535)))]) AS match_address_at,
         multiIf(toUInt8(bitShiftRight(w_match_address, 80)) = 0, '', toUInt8(bitShiftRight(w_match_address, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_match_address, 80))))) AS match_address_rule,
         v_headcount AS headcount,
         ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_headcount, 65535))] AS headcount_src,
         if(w_headcount = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_headcount, 65535)))]) AS headcount_at,
         multiIf(toUInt8(bitShiftRight(w_headcount, 80)) = 0, '', toUInt8(bitShiftRight(w_headcount, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_headcount, 80))))) AS headcount_rule,
         v_valid_from AS valid_from,
         ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_valid_from, 65535))] AS valid_from_src,
         if(w_valid_from = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_valid_from, 65535)))]) AS valid_from_at,
         multiIf(toUInt8(bitShiftRight(w_valid_from, 80)) = 0, '', toUInt8(bitShiftRight(w_valid_from, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_valid_from, 80))))) AS valid_from_rule,
         v_valid_to AS valid_to,
         ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_valid_to, 65535))] AS valid_to_src,
         if(w_valid_to = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_valid_to, 65535)))]) AS valid_to_at,
         multiIf(toUInt8(bitShiftRight(w_valid_to, 80)) = 0, '', toUInt8(bitShiftRight(w_valid_to, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_valid_to, 80))))) AS valid_to_rule,
         v_uscc_valid AS uscc_valid,
         ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_uscc_valid, 65535))] AS uscc_valid_src,
         if(w_uscc_valid = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_uscc_valid, 65535)))]) AS uscc_valid_at,
         multiIf(toUInt8(bitShiftRight(w_uscc_valid, 80)) = 0, '', toUInt8(bitShiftRight(w_uscc_valid, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_uscc_valid, 80))))) AS uscc_valid_rule,
         v_social_kind AS social_kind,
         ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_social_kind, 65535))] AS social_kind_src,
         if(w_social_kind = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_social_kind, 65535)))]) AS social_kind_at,
         multiIf(toUInt8(bitShiftRight(w_social_kind, 80)) = 0, '', toUInt8(bitShiftRight(w_social_kind, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_social_kind, 80))))) AS social_kind_rule,
         v_parent_org_id AS parent_org_id,
         ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_parent_org_id, 65535))] AS parent_org_id_src,
         if(w_parent_org_id = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_parent_org_id, 65535)))]) AS parent_org_id_at,
         multiIf(toUInt8(bitShiftRight(w_parent_org_id, 80)) = 0, '', toUInt8(bitShiftRight(w_parent_org_id, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_parent_org_id, 80))))) AS parent_org_id_rule,
         v_reg_authority AS reg_authority,
         ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_reg_authority, 65535))] AS reg_authority_src,
         if(w_reg_authority = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_reg_authority, 65535)))]) AS reg_authority_at,
         multiIf(toUInt8(bitShiftRight(w_reg_authority, 80)) = 0, '', toUInt8(bitShiftRight(w_reg_authority, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_reg_authority, 80))))) AS reg_authority_rule,
         v_charter_party_clause AS charter_party_clause,
         ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_charter_party_clause, 65535))] AS charter_party_clause_src,
         if(w_charter_party_clause = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_charter_party_clause, 65535)))]) AS charter_party_clause_at,
         multiIf(toUInt8(bitShiftRight(w_charter_party_clause, 80)) = 0, '', toUInt8(bitShiftRight(w_charter_party_clause, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_charter_party_clause, 80))))) AS charter_party_clause_rule,
         v_charter_version AS charter_version,
         ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_charter_version, 65535))] AS charter_version_src,
         if(w_charter_version = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_charter_version, 65535)))]) AS charter_version_at,
         multiIf(toUInt8(bitShiftRight(w_charter_version, 80)) = 0, '', toUInt8(bitShiftRight(w_charter_version, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_charter_version, 80))))) AS charter_version_rule,
         v_management_mode AS management_mode,
         ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_management_mode, 65535))] AS management_mode_src,
         if(w_management_mode = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_management_mode, 65535)))]) AS management_mode_at,
         multiIf(toUInt8(bitShiftRight(w_management_mode, 80)) = 0, '', toUInt8(bitShiftRight(w_management_mode, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_management_mode, 80))))) AS management_mode_rule,
         v_unified_command AS unified_command,
         ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_unified_command, 65535))] AS unified_command_src,
         if(w_unified_command = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_unified_command, 65535)))]) AS unified_command_at,
         multiIf(toUInt8(bitShiftRight(w_unified_command, 80)) = 0, '', toUInt8(bitShiftRight(w_unified_command, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_unified_command, 80))))) AS unified_command_rule,
         v_consulted_on_assessment AS consulted_on_assessment,
         ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_consulted_on_assessment, 65535))] AS consulted_on_assessment_src,
         if(w_consulted_on_assessment = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_consulted_on_assessment, 65535)))]) AS consulted_on_assessment_at,
         multiIf(toUInt8(bitShiftRight(w_consulted_on_assessment, 80)) = 0, '', toUInt8(bitShiftRight(w_consulted_on_assessment, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_consulted_on_assessment, 80))))) AS consulted_on_assessment_rule,
         v_consulted_on_appointment AS consulted_on_appointment,
         ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_consulted_on_appointment, 65535))] AS consulted_on_appointment_src,
         if(w_consulted_on_appointment = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_consulted_on_appointment, 65535)))]) AS consulted_on_appointment_at,
         multiIf(toUInt8(bitShiftRight(w_consulted_on_appointment, 80)) = 0, '', toUInt8(bitShiftRight(w_consulted_on_appointment, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_consulted_on_appointment, 80))))) AS consulted_on_appointment_rule
  FROM
  (
    SELECT org_id,
           argMinIf(division_code, ord_0, 1) AS v_division_code,
           minIf(ord_0, 1) AS w_division_code,
           argMinIf(org_kind, ord_0, 1) AS v_org_kind,
           minIf(ord_0, 1) AS w_org_kind,
           argMinIf(uscc, ord_0, uscc IS NOT NULL) AS v_uscc,
           minIf(ord_0, uscc IS NOT NULL) AS w_uscc,
           argMinIf(name, ord_0, 1) AS v_name,
           minIf(ord_0, 1) AS w_name,
           argMinIf(established_on, ord_0, established_on IS NOT NULL) AS v_established_on,
           minIf(ord_0, established_on IS NOT NULL) AS w_established_on,
           argMinIf(status, ord_0, status IS NOT NULL) AS v_status,
           minIf(ord_0, status IS NOT NULL) AS w_status,
           argMinIf(office_address, ord_1, office_address IS NOT NULL) AS v_office_address,
           minIf(ord_1, office_address IS NOT NULL) AS w_office_address,
           argMinIf(office_phone, ord_1, office_phone IS NOT NULL) AS v_office_phone,
           minIf(ord_1, office_phone IS NOT NULL) AS w_office_phone,
           argMinIf(match_name, ord_0, match_name IS NOT NULL) AS v_match_name,
           minIf(ord_0, match_name IS NOT NULL) AS w_match_name,
           argMinIf(match_address, ord_0, match_address IS NOT NULL) AS v_match_address,
           minIf(ord_0, match_address IS NOT NULL) AS w_match_address,
           argMinIf(headcount, ord_1, headcount IS NOT NULL) AS v_headcount,
           minIf(ord_1, headcount IS NOT NULL) AS w_headcount,
           argMinIf(valid_from, ord_0, valid_from IS NOT NULL) AS v_valid_from,
           minIf(ord_0, valid_from IS NOT NULL) AS w_valid_from,
           argMinIf(valid_to, ord_0, valid_to IS NOT NULL) AS v_valid_to,
           minIf(ord_0, valid_to IS NOT NULL) AS w_valid_to,
           argMinIf(uscc_valid, ord_0, uscc_valid IS NOT NULL) AS v_uscc_valid,
           minIf(ord_0, uscc_valid IS NOT NULL) AS w_uscc_valid,
           argMinIf(social_kind, ord_0, social_kind IS NOT NULL) AS v_social_kind,
           minIf(ord_0, social_kind IS NOT NULL) AS w_social_kind,
           argMinIf(parent_org_id, ord_0, parent_org_id IS NOT NULL) AS v_parent_org_id,
           minIf(ord_0, parent_org_id IS NOT NULL) AS w_parent_org_id,
           argMinIf(reg_authority, ord_0, reg_authority IS NOT NULL) AS v_reg_authority,
           minIf(ord_0, reg_authority IS NOT NULL) AS w_reg_authority,
           argMinIf(charter_party_clause, ord_0, charter_party_clause IS NOT NULL) AS v_charter_party_clause,
           minIf(ord_0, charter_party_clause IS NOT NULL) AS w_charter_party_clause,
           argMinIf(charter_version, ord_0, charter_version IS NOT NULL) AS v_charter_version,
           minIf(ord_0, charter_version IS NOT NULL) AS w_charter_version,
           argMinIf(management_mode, ord_0, management_mode IS NOT NULL) AS v_management_mode,
           minIf(ord_0, management_mode IS NOT NULL) AS w_management_mode,
           argMinIf(unified_command, ord_0, unified_command IS NOT NULL) AS v_unified_command,
           minIf(ord_0, unified_command IS NOT NULL) AS w_unified_command,
           argMinIf(consulted_on_assessment, ord_0, consulted_on_assessment IS NOT NULL) AS v_consulted_on_assessment,
           minIf(ord_0, consulted_on_assessment IS NOT NULL) AS w_consulted_on_assessment,
           argMinIf(consulted_on_appointment, ord_0, consulted_on_appointment IS NOT NULL) AS v_consulted_on_appointment,
           minIf(ord_0, consulted_on_appointment IS NOT NULL) AS w_consulted_on_appointment,
           groupArray(toUInt16(indexOf(['county_ledger', 'province_gateway', 'township_ledger'], src_system))) AS srcs,
           groupArray(event_time) AS times
    FROM
    (
      SELECT *, bitShiftLeft(toUInt128(multiIf(src_system = 'province_gateway', 1, src_system = 'county_ledger', 2, 255)), 80) + bitShiftLeft(toUInt128(bitNot(version)), 16) + indexOf(['county_ledger', 'province_gateway', 'township_ledger'], src_system) AS ord_0, bitShiftLeft(toUInt128(multiIf(src_system = 'county_ledger', 1, src_system = 'province_gateway', 2, 255)), 80) + bitShiftLeft(toUInt128(bitNot(version)), 16) + indexOf(['county_ledger', 'province_gateway', 'township_ledger'], src_system) AS ord_1
      FROM
      (
        SELECT org_id, division_code, org_kind, uscc, name, established_on, status, office_address, office_phone, match_name, match_address, headcount, valid_from, valid_to, uscc_valid, social_kind, parent_org_id, reg_authority, charter_party_clause, charter_version, management_mode, unified_command, consulted_on_assessment, consulted_on_appointment, src_system, src_tier, event_time, version, is_deleted
        FROM std.organization
        WHERE src_system IN ('county_ledger', 'province_gateway', 'township_ledger') AND event_time <= parseDateTime64BestEffort({at:String}, 3, 'Asia/Shanghai') AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai') AND org_id NOT IN (SELECT member FROM (SELECT member AS org_id, member, canonical FROM ops.identity FINAL WHERE entity = 'organization' AND is_deleted = 0))
        ORDER BY org_id DESC, src_system DESC, version DESC, kafka_offset DESC
        LIMIT 1 BY org_id, src_system
      )
      WHERE is_deleted = 0
    )
    GROUP BY org_id
  )
  UNION ALL
  SELECT org_id,
         v_division_code AS division_code,
         ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_division_code, 65535))] AS division_code_src,
         times[indexOf(srcs, toUInt16(bitAnd(w_division_code, 65535)))] AS division_code_at,
         multiIf(toUInt8(bitShiftRight(w_division_code, 80)) = 0, '', toUInt8(bitShiftRight(w_division_code, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_division_code, 80))))) AS division_code_rule,
         v_org_kind AS org_kind,
         ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_org_kind, 65535))] AS org_kind_src,
         times[indexOf(srcs, toUInt16(bitAnd(w_org_kind, 65535)))] AS org_kind_at,
         multiIf(toUInt8(bitShiftRight(w_org_kind, 80)) = 0, '', toUInt8(bitShiftRight(w_org_kind, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_org_kind, 80))))) AS org_kind_rule,
         v_uscc AS uscc,
         ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_uscc, 65535))] AS uscc_src,
         if(w_uscc = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_uscc, 65535)))]) AS uscc_at,
         multiIf(toUInt8(bitShiftRight(w_uscc, 80)) = 0, '', toUInt8(bitShiftRight(w_uscc, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_uscc, 80))))) AS uscc_rule,
         v_name AS name,
         ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_name, 65535))] AS name_src,
         times[indexOf(srcs, toUInt16(bitAnd(w_name, 65535)))] AS name_at,
         multiIf(toUInt8(bitShiftRight(w_name, 80)) = 0, '', toUInt8(bitShiftRight(w_name, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_name, 80))))) AS name_rule,
         v_established_on AS established_on,
         ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_established_on, 65535))] AS established_on_src,
         if(w_established_on = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_established_on, 65535)))]) AS established_on_at,
         multiIf(toUInt8(bitShiftRight(w_established_on, 80)) = 0, '', toUInt8(bitShiftRight(w_established_on, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_established_on, 80))))) AS established_on_rule,
         v_status AS status,
         ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_status, 65535))] AS status_src,
         if(w_status = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_status, 65535)))]) AS status_at,
         multiIf(toUInt8(bitShiftRight(w_status, 80)) = 0, '', toUInt8(bitShiftRight(w_status, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_status, 80))))) AS status_rule,
         v_office_address AS office_address,
         ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_office_address, 65535))] AS office_address_src,
         if(w_office_address = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_office_address, 65535)))]) AS office_address_at,
         multiIf(toUInt8(bitShiftRight(w_office_address, 80)) = 0, '', toUInt8(bitShiftRight(w_office_address, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_office_address, 80))))) AS office_address_rule,
         v_office_phone AS office_phone,
         ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_office_phone, 65535))] AS office_phone_src,
         if(w_office_phone = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_office_phone, 65535)))]) AS office_phone_at,
         multiIf(toUInt8(bitShiftRight(w_office_phone, 80)) = 0, '', toUInt8(bitShiftRight(w_office_phone, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_office_phone, 80))))) AS office_phone_rule,
         v_match_name AS match_name,
         ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_match_name, 65535))] AS match_name_src,
         if(w_match_name = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_match_name, 65535)))]) AS match_name_at,
         multiIf(toUInt8(bitShiftRight(w_match_name, 80)) = 0, '', toUInt8(bitShiftRight(w_match_name, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_match_name, 80))))) AS match_name_rule,
         v_match_address AS match_address,
         ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_match_address, 65535))] AS match_address_src,
         if(w_match_address = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_match_address, 65535)))]) AS match_address_at,
         multiIf(toUInt8(bitShiftRight(w_match_address, 80)) = 0, '', toUInt8(bitShiftRight(w_match_address, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_match_address, 80))))) AS match_address_rule,
         v_headcount AS headcount,
         ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_headcount, 65535))] AS headcount_src,
         if(w_headcount = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_headcount, 65535)))]) AS headcount_at,
         multiIf(toUInt8(bitShiftRight(w_headcount, 80)) = 0, '', toUInt8(bitShiftRight(w_headcount, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_headcount, 80))))) AS headcount_rule,
         v_valid_from AS valid_from,
         ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_valid_from, 65535))] AS valid_from_src,
         if(w_valid_from = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_valid_from, 65535)))]) AS valid_from_at,
         multiIf(toUInt8(bitShiftRight(w_valid_from, 80)) = 0, '', toUInt8(bitShiftRight(w_valid_from, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_valid_from, 80))))) AS valid_from_rule,
         v_valid_to AS valid_to,
         ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_valid_to, 65535))] AS valid_to_src,
         if(w_valid_to = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_valid_to, 65535)))]) AS valid_to_at,
         multiIf(toUInt8(bitShiftRight(w_valid_to, 80)) = 0, '', toUInt8(bitShiftRight(w_valid_to, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_valid_to, 80))))) AS valid_to_rule,
         v_uscc_valid AS uscc_valid,
         ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_uscc_valid, 65535))] AS uscc_valid_src,
         if(w_uscc_valid = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_uscc_valid, 65535)))]) AS uscc_valid_at,
         multiIf(toUInt8(bitShiftRight(w_uscc_valid, 80)) = 0, '', toUInt8(bitShiftRight(w_uscc_valid, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_uscc_valid, 80))))) AS uscc_valid_rule,
         v_social_kind AS social_kind,
         ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_social_kind, 65535))] AS social_kind_src,
         if(w_social_kind = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_social_kind, 65535)))]) AS social_kind_at,
         multiIf(toUInt8(bitShiftRight(w_social_kind, 80)) = 0, '', toUInt8(bitShiftRight(w_social_kind, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_social_kind, 80))))) AS social_kind_rule,
         v_parent_org_id AS parent_org_id,
         ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_parent_org_id, 65535))] AS parent_org_id_src,
         if(w_parent_org_id = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_parent_org_id, 65535)))]) AS parent_org_id_at,
         multiIf(toUInt8(bitShiftRight(w_parent_org_id, 80)) = 0, '', toUInt8(bitShiftRight(w_parent_org_id, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_parent_org_id, 80))))) AS parent_org_id_rule,
         v_reg_authority AS reg_authority,
         ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_reg_authority, 65535))] AS reg_authority_src,
         if(w_reg_authority = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_reg_authority, 65535)))]) AS reg_authority_at,
         multiIf(toUInt8(bitShiftRight(w_reg_authority, 80)) = 0, '', toUInt8(bitShiftRight(w_reg_authority, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_reg_authority, 80))))) AS reg_authority_rule,
         v_charter_party_clause AS charter_party_clause,
         ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_charter_party_clause, 65535))] AS charter_party_clause_src,
         if(w_charter_party_clause = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_charter_party_clause, 65535)))]) AS charter_party_clause_at,
         multiIf(toUInt8(bitShiftRight(w_charter_party_clause, 80)) = 0, '', toUInt8(bitShiftRight(w_charter_party_clause, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_charter_party_clause, 80))))) AS charter_party_clause_rule,
         v_charter_version AS charter_version,
         ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_charter_version, 65535))] AS charter_version_src,
         if(w_charter_version = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_charter_version, 65535)))]) AS charter_version_at,
         multiIf(toUInt8(bitShiftRight(w_charter_version, 80)) = 0, '', toUInt8(bitShiftRight(w_charter_version, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_charter_version, 80))))) AS charter_version_rule,
         v_management_mode AS management_mode,
         ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_management_mode, 65535))] AS management_mode_src,
         if(w_management_mode = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_management_mode, 65535)))]) AS management_mode_at,
         multiIf(toUInt8(bitShiftRight(w_management_mode, 80)) = 0, '', toUInt8(bitShiftRight(w_management_mode, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_management_mode, 80))))) AS management_mode_rule,
         v_unified_command AS unified_command,
         ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_unified_command, 65535))] AS unified_command_src,
         if(w_unified_command = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_unified_command, 65535)))]) AS unified_command_at,
         multiIf(toUInt8(bitShiftRight(w_unified_command, 80)) = 0, '', toUInt8(bitShiftRight(w_unified_command, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_unified_command, 80))))) AS unified_command_rule,
         v_consulted_on_assessment AS consulted_on_assessment,
         ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_consulted_on_assessment, 65535))] AS consulted_on_assessment_src,
         if(w_consulted_on_assessment = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_consulted_on_assessment, 65535)))]) AS consulted_on_assessment_at,
         multiIf(toUInt8(bitShiftRight(w_consulted_on_assessment, 80)) = 0, '', toUInt8(bitShiftRight(w_consulted_on_assessment, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_consulted_on_assessment, 80))))) AS consulted_on_assessment_rule,
         v_consulted_on_appointment AS consulted_on_appointment,
         ['county_ledger', 'province_gateway', 'township_ledger'][toUInt16(bitAnd(w_consulted_on_appointment, 65535))] AS consulted_on_appointment_src,
         if(w_consulted_on_appointment = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_consulted_on_appointment, 65535)))]) AS consulted_on_appointment_at,
         multiIf(toUInt8(bitShiftRight(w_consulted_on_appointment, 80)) = 0, '', toUInt8(bitShiftRight(w_consulted_on_appointment, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_consulted_on_appointment, 80))))) AS consulted_on_appointment_rule
  FROM
  (
    SELECT org_id,
           argMinIf(division_code, ord_0, 1) AS v_division_code,
           minIf(ord_0, 1) AS w_division_code,
           argMinIf(org_kind, ord_0, 1) AS v_org_kind,
           minIf(ord_0, 1) AS w_org_kind,
           argMinIf(uscc, ord_0, uscc IS NOT NULL) AS v_uscc,
           minIf(ord_0, uscc IS NOT NULL) AS w_uscc,
           argMinIf(name, ord_0, 1) AS v_name,
           minIf(ord_0, 1) AS w_name,
           argMinIf(established_on, ord_0, established_on IS NOT NULL) AS v_established_on,
           minIf(ord_0, established_on IS NOT NULL) AS w_established_on,
           argMinIf(status, ord_0, status IS NOT NULL) AS v_status,
           minIf(ord_0, status IS NOT NULL) AS w_status,
           argMinIf(office_address, ord_1, office_address IS NOT NULL) AS v_office_address,
           minIf(ord_1, office_address IS NOT NULL) AS w_office_address,
           argMinIf(office_phone, ord_1, office_phone IS NOT NULL) AS v_office_phone,
           minIf(ord_1, office_phone IS NOT NULL) AS w_office_phone,
           argMinIf(match_name, ord_0, match_name IS NOT NULL) AS v_match_name,
           minIf(ord_0, match_name IS NOT NULL) AS w_match_name,
           argMinIf(match_address, ord_0, match_address IS NOT NULL) AS v_match_address,
           minIf(ord_0, match_address IS NOT NULL) AS w_match_address,
           argMinIf(headcount, ord_1, headcount IS NOT NULL) AS v_headcount,
           minIf(ord_1, headcount IS NOT NULL) AS w_headcount,
           argMinIf(valid_from, ord_0, valid_from IS NOT NULL) AS v_valid_from,
           minIf(ord_0, valid_from IS NOT NULL) AS w_valid_from,
           argMinIf(valid_to, ord_0, valid_to IS NOT NULL) AS v_valid_to,
           minIf(ord_0, valid_to IS NOT NULL) AS w_valid_to,
           argMinIf(uscc_valid, ord_0, uscc_valid IS NOT NULL) AS v_uscc_valid,
           minIf(ord_0, uscc_valid IS NOT NULL) AS w_uscc_valid,
           argMinIf(social_kind, ord_0, social_kind IS NOT NULL) AS v_social_kind,
           minIf(ord_0, social_kind IS NOT NULL) AS w_social_kind,
           argMinIf(parent_org_id, ord_0, parent_org_id IS NOT NULL) AS v_parent_org_id,
           minIf(ord_0, parent_org_id IS NOT NULL) AS w_parent_org_id,
           argMinIf(reg_authority, ord_0, reg_authority IS NOT NULL) AS v_reg_authority,
           minIf(ord_0, reg_authority IS NOT NULL) AS w_reg_authority,
           argMinIf(charter_party_clause, ord_0, charter_party_clause IS NOT NULL) AS v_charter_party_clause,
           minIf(ord_0, charter_party_clause IS NOT NULL) AS w_charter_party_clause,
           argMinIf(charter_version, ord_0, charter_version IS NOT NULL) AS v_charter_version,
           minIf(ord_0, charter_version IS NOT NULL) AS w_charter_version,
           argMinIf(management_mode, ord_0, management_mode IS NOT NULL) AS v_management_mode,
           minIf(ord_0, management_mode IS NOT NULL) AS w_management_mode,
           argMinIf(unified_command, ord_0, unified_command IS NOT NULL) AS v_unified_command,
           minIf(ord_0, unified_command IS NOT NULL) AS w_unified_command,
           argMinIf(consulted_on_assessment, ord_0, consulted_on_assessment IS NOT NULL) AS v_consulted_on_assessment,
           minIf(ord_0, consulted_on_assessment IS NOT NULL) AS w_consulted_on_assessment,
           argMinIf(consulted_on_appointment, ord_0, consulted_on_appointment IS NOT NULL) AS v_consulted_on_appointment,
           minIf(ord_0, consulted_on_appointment IS NOT NULL) AS w_consulted_on_appointment,
           groupArray(toUInt16(indexOf(['county_ledger', 'province_gateway', 'township_ledger'], src_system))) AS srcs,
           groupArray(event_time) AS times
    FROM
    (
      SELECT *, bitShiftLeft(toUInt128(multiIf(src_system = 'province_gateway', 1, src_system = 'county_ledger', 2, 255)), 80) + bitShiftLeft(toUInt128(bitNot(version)), 16) + indexOf(['county_ledger', 'province_gateway', 'township_ledger'], src_system) AS ord_0, bitShiftLeft(toUInt128(multiIf(src_system = 'county_ledger', 1, src_system = 'province_gateway', 2, 255)), 80) + bitShiftLeft(toUInt128(bitNot(version)), 16) + indexOf(['county_ledger', 'province_gateway', 'township_ledger'], src_system) AS ord_1
      FROM
      (
        SELECT org_id, division_code, org_kind, uscc, name, established_on, status, office_address, office_phone, match_name, match_address, headcount, valid_from, valid_to, uscc_valid, social_kind, parent_org_id, reg_authority, charter_party_clause, charter_version, management_mode, unified_command, consulted_on_assessment, consulted_on_appointment, src_system, src_tier, event_time, version, is_deleted
        FROM (
          SELECT k.org_id AS org_id, c.org_id AS member, c.division_code AS division_code, c.org_kind AS org_kind, c.uscc AS uscc, c.name AS name, c.established_on AS established_on, c.status AS status, c.office_address AS office_address, c.office_phone AS office_phone, c.match_name AS match_name, c.match_address AS match_address, c.headcount AS headcount, c.valid_from AS valid_from, c.valid_to AS valid_to, c.uscc_valid AS uscc_valid, c.social_kind AS social_kind, c.parent_org_id AS parent_org_id, c.reg_authority AS reg_authority, c.charter_party_clause AS charter_party_clause, c.charter_version AS charter_version, c.management_mode AS management_mode, c.unified_command AS unified_command, c.consulted_on_assessment AS consulted_on_assessment, c.consulted_on_appointment AS consulted_on_appointment, c.src_system AS src_system, c.src_tier AS src_tier, c.event_time AS event_time, c.version AS version, c.is_deleted AS is_deleted, c.kafka_offset AS kafka_offset
          FROM
          (
            SELECT *
            FROM
            (
              SELECT org_id, division_code, org_kind, uscc, name, established_on, status, office_address, office_phone, match_name, match_address, headcount, valid_from, valid_to, uscc_valid, social_kind, parent_org_id, reg_authority, charter_party_clause, charter_version, management_mode, unified_command, consulted_on_assessment, consulted_on_appointment, src_system, src_tier, event_time, version, is_deleted, kafka_offset
              FROM std.organization
              WHERE src_system IN ('county_ledger', 'province_gateway', 'township_ledger') AND org_id IN (SELECT member FROM (SELECT member, org_id FROM (SELECT member, canonical AS org_id FROM ops.identity FINAL WHERE entity = 'organization' AND is_deleted = 0) WHERE 1)) AND event_time <= parseDateTime64BestEffort({at:String}, 3, 'Asia/Shanghai') AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')
              ORDER BY org_id DESC, src_system DESC, version DESC, kafka_offset DESC
              LIMIT 1 BY org_id, src_system
            )
            WHERE is_deleted = 0
          ) AS c
          INNER JOIN (SELECT member, org_id FROM (SELECT member, canonical AS org_id FROM ops.identity FINAL WHERE entity = 'organization' AND is_deleted = 0) WHERE 1) AS k ON k.member = c.org_id
        )
        WHERE src_system IN ('county_ledger', 'province_gateway', 'township_ledger')
        ORDER BY org_id DESC, src_system DESC, version DESC, kafka_offset DESC, member
        LIMIT 1 BY org_id, src_system
      )
      WHERE is_deleted = 0
    )
    GROUP BY org_id
  )
) AS t
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 0 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS own ON own.code = t.division_code
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS town ON town.code = toFixedString(if(endsWith(t.division_code, '000'), '', concat(substring(t.division_code, 1, 9), '000')), 12)
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS county ON county.code = toFixedString(if(endsWith(t.division_code, '000000'), '', concat(substring(t.division_code, 1, 6), '000000')), 12)
ARRAY JOIN arrayConcat(
  arrayMap(x -> (x.3, x.4, x.5, x.6, x.7), arrayFilter(x -> x.1 <= toDate32(t.division_code_at) AND x.2 > toDate32(t.division_code_at), if(notEmpty(own.ways), own.ways, if(notEmpty(town.ways), town.ways, county.ways))) AS found),
  if(empty(found), [(t.division_code, 'same', toDecimal64(0, 12), toDecimal64(1, 12), emptyArrayString()::Array(FixedString(12)))], [])) AS way
WHERE throwIf((SELECT count() = 0 FROM dwd.division_remap), 'dwd.division_remap is empty: run "rongtong run integrate" once') = 0
COMMENT '组织机构：任意时点（at）的一物一行，按任意时点（known）所知；按所选日期（under）的登记册 [7c12c4eeeb2c87ca]';

CREATE OR REPLACE VIEW dwd.organization_under
(
    under_code FixedString(12) COMMENT '在所选登记册中的区划代码',
    under_how LowCardinality(String) COMMENT '换算方式：same 未变，whole 整体归入，shared 按已知比例分，undivided 比例不明、留在共同上级，above 仅知上级，lost 去向无记载、留在上级',
    under_share Decimal(18, 12) COMMENT '本行占原数的份额',
    under_candidates Array(FixedString(12)) COMMENT '比例不明时可能的承接区划',
    org_id String COMMENT '组织标识',
    division_code FixedString(12) COMMENT '所在区划',
    division_code_src LowCardinality(String) COMMENT '所在区划·取自来源',
    division_code_at DateTime64(3, 'Asia/Shanghai') COMMENT '所在区划·业务时间',
    division_code_rule LowCardinality(String) COMMENT '所在区划·取值规则',
    org_kind LowCardinality(String) COMMENT '组织类别',
    org_kind_src LowCardinality(String) COMMENT '组织类别·取自来源',
    org_kind_at DateTime64(3, 'Asia/Shanghai') COMMENT '组织类别·业务时间',
    org_kind_rule LowCardinality(String) COMMENT '组织类别·取值规则',
    uscc Nullable(FixedString(18)) COMMENT '统一社会信用代码',
    uscc_src LowCardinality(String) COMMENT '统一社会信用代码·取自来源',
    uscc_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '统一社会信用代码·业务时间',
    uscc_rule LowCardinality(String) COMMENT '统一社会信用代码·取值规则',
    name String COMMENT '名称',
    name_src LowCardinality(String) COMMENT '名称·取自来源',
    name_at DateTime64(3, 'Asia/Shanghai') COMMENT '名称·业务时间',
    name_rule LowCardinality(String) COMMENT '名称·取值规则',
    established_on Nullable(Date32) COMMENT '成立日期',
    established_on_src LowCardinality(String) COMMENT '成立日期·取自来源',
    established_on_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '成立日期·业务时间',
    established_on_rule LowCardinality(String) COMMENT '成立日期·取值规则',
    status LowCardinality(Nullable(String)) COMMENT '状态',
    status_src LowCardinality(String) COMMENT '状态·取自来源',
    status_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '状态·业务时间',
    status_rule LowCardinality(String) COMMENT '状态·取值规则',
    office_address Nullable(String) COMMENT '办公地址',
    office_address_src LowCardinality(String) COMMENT '办公地址·取自来源',
    office_address_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '办公地址·业务时间',
    office_address_rule LowCardinality(String) COMMENT '办公地址·取值规则',
    office_phone Nullable(String) COMMENT '办公电话',
    office_phone_src LowCardinality(String) COMMENT '办公电话·取自来源',
    office_phone_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '办公电话·业务时间',
    office_phone_rule LowCardinality(String) COMMENT '办公电话·取值规则',
    match_name Nullable(String) COMMENT '名称（比对用）',
    match_name_src LowCardinality(String) COMMENT '名称（比对用）·取自来源',
    match_name_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '名称（比对用）·业务时间',
    match_name_rule LowCardinality(String) COMMENT '名称（比对用）·取值规则',
    match_address Nullable(String) COMMENT '办公地址（比对用）',
    match_address_src LowCardinality(String) COMMENT '办公地址（比对用）·取自来源',
    match_address_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '办公地址（比对用）·业务时间',
    match_address_rule LowCardinality(String) COMMENT '办公地址（比对用）·取值规则',
    headcount Nullable(Int64) COMMENT '工作人员数（人）',
    headcount_src LowCardinality(String) COMMENT '工作人员数·取自来源',
    headcount_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '工作人员数·业务时间',
    headcount_rule LowCardinality(String) COMMENT '工作人员数·取值规则',
    valid_from Nullable(Date32) COMMENT '生效日期',
    valid_from_src LowCardinality(String) COMMENT '生效日期·取自来源',
    valid_from_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '生效日期·业务时间',
    valid_from_rule LowCardinality(String) COMMENT '生效日期·取值规则',
    valid_to Nullable(Date32) COMMENT '失效日期',
    valid_to_src LowCardinality(String) COMMENT '失效日期·取自来源',
    valid_to_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '失效日期·业务时间',
    valid_to_rule LowCardinality(String) COMMENT '失效日期·取值规则',
    uscc_valid Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '代码校验通过',
    uscc_valid_src LowCardinality(String) COMMENT '代码校验通过·取自来源',
    uscc_valid_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '代码校验通过·业务时间',
    uscc_valid_rule LowCardinality(String) COMMENT '代码校验通过·取值规则',
    social_kind LowCardinality(Nullable(String)) COMMENT '社会组织类别',
    social_kind_src LowCardinality(String) COMMENT '社会组织类别·取自来源',
    social_kind_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '社会组织类别·业务时间',
    social_kind_rule LowCardinality(String) COMMENT '社会组织类别·取值规则',
    parent_org_id Nullable(String) COMMENT '上级组织',
    parent_org_id_src LowCardinality(String) COMMENT '上级组织·取自来源',
    parent_org_id_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '上级组织·业务时间',
    parent_org_id_rule LowCardinality(String) COMMENT '上级组织·取值规则',
    reg_authority Nullable(String) COMMENT '登记机关',
    reg_authority_src LowCardinality(String) COMMENT '登记机关·取自来源',
    reg_authority_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '登记机关·业务时间',
    reg_authority_rule LowCardinality(String) COMMENT '登记机关·取值规则',
    charter_party_clause Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '章程写入党建要求',
    charter_party_clause_src LowCardinality(String) COMMENT '章程写入党建要求·取自来源',
    charter_party_clause_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '章程写入党建要求·业务时间',
    charter_party_clause_rule LowCardinality(String) COMMENT '章程写入党建要求·取值规则',
    charter_version Nullable(String) COMMENT '章程版本',
    charter_version_src LowCardinality(String) COMMENT '章程版本·取自来源',
    charter_version_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '章程版本·业务时间',
    charter_version_rule LowCardinality(String) COMMENT '章程版本·取值规则',
    management_mode LowCardinality(Nullable(String)) COMMENT '管理方式',
    management_mode_src LowCardinality(String) COMMENT '管理方式·取自来源',
    management_mode_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '管理方式·业务时间',
    management_mode_rule LowCardinality(String) COMMENT '管理方式·取值规则',
    unified_command Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '统一指挥',
    unified_command_src LowCardinality(String) COMMENT '统一指挥·取自来源',
    unified_command_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '统一指挥·业务时间',
    unified_command_rule LowCardinality(String) COMMENT '统一指挥·取值规则',
    consulted_on_assessment Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '考核征求乡镇意见',
    consulted_on_assessment_src LowCardinality(String) COMMENT '考核征求乡镇意见·取自来源',
    consulted_on_assessment_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '考核征求乡镇意见·业务时间',
    consulted_on_assessment_rule LowCardinality(String) COMMENT '考核征求乡镇意见·取值规则',
    consulted_on_appointment Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '任免征求乡镇意见',
    consulted_on_appointment_src LowCardinality(String) COMMENT '任免征求乡镇意见·取自来源',
    consulted_on_appointment_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '任免征求乡镇意见·业务时间',
    consulted_on_appointment_rule LowCardinality(String) COMMENT '任免征求乡镇意见·取值规则'
) AS
SELECT way.1 AS under_code,
       way.2 AS under_how,
       way.4 - way.3 AS under_share,
       way.5 AS under_candidates,
       t.org_id AS org_id,
       t.division_code AS division_code,
       t.division_code_src AS division_code_src,
       t.division_code_at AS division_code_at,
       t.division_code_rule AS division_code_rule,
       t.org_kind AS org_kind,
       t.org_kind_src AS org_kind_src,
       t.org_kind_at AS org_kind_at,
       t.org_kind_rule AS org_kind_rule,
       t.uscc AS uscc,
       t.uscc_src AS uscc_src,
       t.uscc_at AS uscc_at,
       t.uscc_rule AS uscc_rule,
       t.name AS name,
       t.name_src AS name_src,
       t.name_at AS name_at,
       t.name_rule AS name_rule,
       t.established_on AS established_on,
       t.established_on_src AS established_on_src,
       t.established_on_at AS established_on_at,
       t.established_on_rule AS established_on_rule,
       t.status AS status,
       t.status_src AS status_src,
       t.status_at AS status_at,
       t.status_rule AS status_rule,
       t.office_address AS office_address,
       t.office_address_src AS office_address_src,
       t.office_address_at AS office_address_at,
       t.office_address_rule AS office_address_rule,
       t.office_phone AS office_phone,
       t.office_phone_src AS office_phone_src,
       t.office_phone_at AS office_phone_at,
       t.office_phone_rule AS office_phone_rule,
       t.match_name AS match_name,
       t.match_name_src AS match_name_src,
       t.match_name_at AS match_name_at,
       t.match_name_rule AS match_name_rule,
       t.match_address AS match_address,
       t.match_address_src AS match_address_src,
       t.match_address_at AS match_address_at,
       t.match_address_rule AS match_address_rule,
       t.headcount AS headcount,
       t.headcount_src AS headcount_src,
       t.headcount_at AS headcount_at,
       t.headcount_rule AS headcount_rule,
       t.valid_from AS valid_from,
       t.valid_from_src AS valid_from_src,
       t.valid_from_at AS valid_from_at,
       t.valid_from_rule AS valid_from_rule,
       t.valid_to AS valid_to,
       t.valid_to_src AS valid_to_src,
       t.valid_to_at AS valid_to_at,
       t.valid_to_rule AS valid_to_rule,
       t.uscc_valid AS uscc_valid,
       t.uscc_valid_src AS uscc_valid_src,
       t.uscc_valid_at AS uscc_valid_at,
       t.uscc_valid_rule AS uscc_valid_rule,
       t.social_kind AS social_kind,
       t.social_kind_src AS social_kind_src,
       t.social_kind_at AS social_kind_at,
       t.social_kind_rule AS social_kind_rule,
       t.parent_org_id AS parent_org_id,
       t.parent_org_id_src AS parent_org_id_src,
       t.parent_org_id_at AS parent_org_id_at,
       t.parent_org_id_rule AS parent_org_id_rule,
       t.reg_authority AS reg_authority,
       t.reg_authority_src AS reg_authority_src,
       t.reg_authority_at AS reg_authority_at,
       t.reg_authority_rule AS reg_authority_rule,
       t.charter_party_clause AS charter_party_clause,
       t.charter_party_clause_src AS charter_party_clause_src,
       t.charter_party_clause_at AS charter_party_clause_at,
       t.charter_party_clause_rule AS charter_party_clause_rule,
       t.charter_version AS charter_version,
       t.charter_version_src AS charter_version_src,
       t.charter_version_at AS charter_version_at,
       t.charter_version_rule AS charter_version_rule,
       t.management_mode AS management_mode,
       t.management_mode_src AS management_mode_src,
       t.management_mode_at AS management_mode_at,
       t.management_mode_rule AS management_mode_rule,
       t.unified_command AS unified_command,
       t.unified_command_src AS unified_command_src,
       t.unified_command_at AS unified_command_at,
       t.unified_command_rule AS unified_command_rule,
       t.consulted_on_assessment AS consulted_on_assessment,
       t.consulted_on_assessment_src AS consulted_on_assessment_src,
       t.consulted_on_assessment_at AS consulted_on_assessment_at,
       t.consulted_on_assessment_rule AS consulted_on_assessment_rule,
       t.consulted_on_appointment AS consulted_on_appointment,
       t.consulted_on_appointment_src AS consulted_on_appointment_src,
       t.consulted_on_appointment_at AS consulted_on_appointment_at,
       t.consulted_on_appointment_rule AS consulted_on_appointment_rule
FROM
(
  SELECT * FROM dwd.organization
) AS t
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 0 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS own ON own.code = t.division_code
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS town ON town.code = toFixedString(if(endsWith(t.division_code, '000'), '', concat(substring(t.division_code, 1, 9), '000')), 12)
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS county ON county.code = toFixedString(if(endsWith(t.division_code, '000000'), '', concat(substring(t.division_code, 1, 6), '000000')), 12)
ARRAY JOIN arrayConcat(
  arrayMap(x -> (x.3, x.4, x.5, x.6, x.7), arrayFilter(x -> x.1 <= toDate32(t.division_code_at) AND x.2 > toDate32(t.division_code_at), if(notEmpty(own.ways), own.ways, if(notEmpty(town.ways), town.ways, county.ways))) AS found),
  if(empty(found), [(t.division_code, 'same', toDecimal64(0, 12), toDecimal64(1, 12), emptyArrayString()::Array(FixedString(12)))], [])) AS way
WHERE throwIf((SELECT count() = 0 FROM dwd.division_remap), 'dwd.division_remap is empty: run "rongtong run integrate" once') = 0
COMMENT '组织机构：按所选日期（under）的登记册看的一物一行 [d7140e0ebe118ce3]';

CREATE OR REPLACE VIEW dwd.stat_fact
(
    family LowCardinality(String) COMMENT '大类',
    measure LowCardinality(String) COMMENT '指标项',
    division_code FixedString(12) COMMENT '区划',
    period_start Date32 COMMENT '时期起始日',
    period_kind LowCardinality(String) COMMENT '时期类型',
    breakdown String COMMENT '分组',
    value Decimal(18, 4) COMMENT '数值（of the measure）',
    value_src LowCardinality(String) COMMENT '数值·取自来源',
    value_at DateTime64(3, 'Asia/Shanghai') COMMENT '数值·业务时间',
    value_rule LowCardinality(String) COMMENT '数值·取值规则',
    n Nullable(Int64) COMMENT '样本量（1）',
    n_src LowCardinality(String) COMMENT '样本量·取自来源',
    n_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '样本量·业务时间',
    n_rule LowCardinality(String) COMMENT '样本量·取值规则',
    scope LowCardinality(Nullable(String)) COMMENT '口径',
    scope_src LowCardinality(String) COMMENT '口径·取自来源',
    scope_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '口径·业务时间',
    scope_rule LowCardinality(String) COMMENT '口径·取值规则',
    attrs Map(LowCardinality(String), String) COMMENT '分组属性',
    attrs_src LowCardinality(String) COMMENT '分组属性·取自来源',
    attrs_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '分组属性·业务时间',
    attrs_rule LowCardinality(String) COMMENT '分组属性·取值规则',
    suppressed Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '来源已抑制',
    suppressed_src LowCardinality(String) COMMENT '来源已抑制·取自来源',
    suppressed_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '来源已抑制·业务时间',
    suppressed_rule LowCardinality(String) COMMENT '来源已抑制·取值规则'
) AS
SELECT family, measure, division_code, period_start, period_kind, breakdown, value, value_src, value_at, value_rule, n, n_src, n_at, n_rule, scope, scope_src, scope_at, scope_rule, attrs, attrs_src, attrs_at, attrs_rule, suppressed, suppressed_src, suppressed_at, suppressed_rule
FROM dwp.stat_fact__rows FINAL
WHERE is_deleted = 0
COMMENT '统计事实：一物一行 [37635e7a3978f532]';

CREATE OR REPLACE VIEW dwd.stat_fact_as_of
(
    family LowCardinality(String) COMMENT '大类',
    measure LowCardinality(String) COMMENT '指标项',
    division_code FixedString(12) COMMENT '区划',
    period_start Date32 COMMENT '时期起始日',
    period_kind LowCardinality(String) COMMENT '时期类型',
    breakdown String COMMENT '分组',
    value Decimal(18, 4) COMMENT '数值（of the measure）',
    value_src LowCardinality(String) COMMENT '数值·取自来源',
    value_at DateTime64(3, 'Asia/Shanghai') COMMENT '数值·业务时间',
    value_rule LowCardinality(String) COMMENT '数值·取值规则',
    n Nullable(Int64) COMMENT '样本量（1）',
    n_src LowCardinality(String) COMMENT '样本量·取自来源',
    n_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '样本量·业务时间',
    n_rule LowCardinality(String) COMMENT '样本量·取值规则',
    scope LowCardinality(Nullable(String)) COMMENT '口径',
    scope_src LowCardinality(String) COMMENT '口径·取自来源',
    scope_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '口径·业务时间',
    scope_rule LowCardinality(String) COMMENT '口径·取值规则',
    attrs Map(LowCardinality(String), String) COMMENT '分组属性',
    attrs_src LowCardinality(String) COMMENT '分组属性·取自来源',
    attrs_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '分组属性·业务时间',
    attrs_rule LowCardinality(String) COMMENT '分组属性·取值规则',
    suppressed Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '来源已抑制',
    suppressed_src LowCardinality(String) COMMENT '来源已抑制·取自来源',
    suppressed_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '来源已抑制·业务时间',
    suppressed_rule LowCardinality(String) COMMENT '来源已抑制·取值规则'
) AS
SELECT family,
       measure,
       division_code,
       period_start,
       period_kind,
       breakdown,
       v_value AS value,
       ['city_operations', 'county_ledger', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_value, 65535))] AS value_src,
       times[indexOf(srcs, toUInt16(bitAnd(w_value, 65535)))] AS value_at,
       multiIf(toUInt8(bitShiftRight(w_value, 80)) = 0, '', toUInt8(bitShiftRight(w_value, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_value, 80))))) AS value_rule,
       v_n AS n,
       ['city_operations', 'county_ledger', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_n, 65535))] AS n_src,
       if(w_n = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_n, 65535)))]) AS n_at,
       multiIf(toUInt8(bitShiftRight(w_n, 80)) = 0, '', toUInt8(bitShiftRight(w_n, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_n, 80))))) AS n_rule,
       v_scope AS scope,
       ['city_operations', 'county_ledger', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_scope, 65535))] AS scope_src,
       if(w_scope = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_scope, 65535)))]) AS scope_at,
       multiIf(toUInt8(bitShiftRight(w_scope, 80)) = 0, '', toUInt8(bitShiftRight(w_scope, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_scope, 80))))) AS scope_rule,
       v_attrs AS attrs,
       ['city_operations', 'county_ledger', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_attrs, 65535))] AS attrs_src,
       if(w_attrs = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_attrs, 65535)))]) AS attrs_at,
       multiIf(toUInt8(bitShiftRight(w_attrs, 80)) = 0, '', toUInt8(bitShiftRight(w_attrs, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_attrs, 80))))) AS attrs_rule,
       v_suppressed AS suppressed,
       ['city_operations', 'county_ledger', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_suppressed, 65535))] AS suppressed_src,
       if(w_suppressed = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_suppressed, 65535)))]) AS suppressed_at,
       multiIf(toUInt8(bitShiftRight(w_suppressed, 80)) = 0, '', toUInt8(bitShiftRight(w_suppressed, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_suppressed, 80))))) AS suppressed_rule
FROM
(
  SELECT family, measure, division_code, period_start, period_kind, breakdown,
         argMinIf(value, ord_0, 1) AS v_value,
         minIf(ord_0, 1) AS w_value,
         argMinIf(n, ord_0, n IS NOT NULL) AS v_n,
         minIf(ord_0, n IS NOT NULL) AS w_n,
         argMinIf(scope, ord_0, scope IS NOT NULL) AS v_scope,
         minIf(ord_0, scope IS NOT NULL) AS w_scope,
         argMinIf(attrs, ord_0, notEmpty(attrs)) AS v_attrs,
         minIf(ord_0, notEmpty(attrs)) AS w_attrs,
         argMinIf(suppressed, ord_0, suppressed IS NOT NULL) AS v_suppressed,
         minIf(ord_0, suppressed IS NOT NULL) AS w_suppressed,
         groupArray(toUInt16(indexOf(['city_operations', 'county_ledger', 'township_ledger', 'village_forms'], src_system))) AS srcs,
         groupArray(event_time) AS times
  FROM
  (
    SELECT *, bitShiftLeft(toUInt128(multiIf(src_system = 'village_forms', 1, src_system = 'township_ledger', 2, src_system = 'county_ledger', 3, src_system = 'city_operations', 4, 255)), 80) + bitShiftLeft(toUInt128(bitNot(version)), 16) + indexOf(['city_operations', 'county_ledger', 'township_ledger', 'village_forms'], src_system) AS ord_0
    FROM
    (
      SELECT family, measure, division_code, period_start, period_kind, breakdown, value, n, scope, attrs, suppressed, src_system, src_tier, event_time, version, is_deleted
      FROM std.stat_fact
      WHERE src_system IN ('city_operations', 'county_ledger', 'township_ledger', 'village_forms') AND event_time <= parseDateTime64BestEffort({at:String}, 3, 'Asia/Shanghai') AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')
      ORDER BY family DESC, measure DESC, division_code DESC, period_start DESC, period_kind DESC, breakdown DESC, src_system DESC, version DESC, kafka_offset DESC
      LIMIT 1 BY family, measure, division_code, period_start, period_kind, breakdown, src_system
    )
    WHERE is_deleted = 0
  )
  GROUP BY family, measure, division_code, period_start, period_kind, breakdown
)
COMMENT '统计事实：任意时点（at）的一物一行，按任意时点（known）所知 [e2c4108cf342d970]';

CREATE OR REPLACE VIEW dwd.stat_fact_history
(
    row_from DateTime64(3, 'Asia/Shanghai') COMMENT '本行起始时间（含）',
    row_to DateTime64(3, 'Asia/Shanghai') COMMENT '本行终止时间（不含）；尚在有效为2299年末',
    family LowCardinality(String) COMMENT '大类',
    measure LowCardinality(String) COMMENT '指标项',
    division_code FixedString(12) COMMENT '区划',
    period_start Date32 COMMENT '时期起始日',
    period_kind LowCardinality(String) COMMENT '时期类型',
    breakdown String COMMENT '分组',
    value Decimal(18, 4) COMMENT '数值（of the measure）',
    value_src LowCardinality(String) COMMENT '数值·取自来源',
    value_at DateTime64(3, 'Asia/Shanghai') COMMENT '数值·业务时间',
    value_rule LowCardinality(String) COMMENT '数值·取值规则',
    n Nullable(Int64) COMMENT '样本量（1）',
    n_src LowCardinality(String) COMMENT '样本量·取自来源',
    n_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '样本量·业务时间',
    n_rule LowCardinality(String) COMMENT '样本量·取值规则',
    scope LowCardinality(Nullable(String)) COMMENT '口径',
    scope_src LowCardinality(String) COMMENT '口径·取自来源',
    scope_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '口径·业务时间',
    scope_rule LowCardinality(String) COMMENT '口径·取值规则',
    attrs Map(LowCardinality(String), String) COMMENT '分组属性',
    attrs_src LowCardinality(String) COMMENT '分组属性·取自来源',
    attrs_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '分组属性·业务时间',
    attrs_rule LowCardinality(String) COMMENT '分组属性·取值规则',
    suppressed Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '来源已抑制',
    suppressed_src LowCardinality(String) COMMENT '来源已抑制·取自来源',
    suppressed_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '来源已抑制·业务时间',
    suppressed_rule LowCardinality(String) COMMENT '来源已抑制·取值规则'
) AS
SELECT row_from,
       row_to,
       family,
       measure,
       division_code,
       period_start,
       period_kind,
       breakdown,
       v_value AS value,
       ['city_operations', 'county_ledger', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_value, 65535))] AS value_src,
       times[indexOf(srcs, toUInt16(bitAnd(w_value, 65535)))] AS value_at,
       multiIf(toUInt8(bitShiftRight(w_value, 80)) = 0, '', toUInt8(bitShiftRight(w_value, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_value, 80))))) AS value_rule,
       v_n AS n,
       ['city_operations', 'county_ledger', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_n, 65535))] AS n_src,
       if(w_n = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_n, 65535)))]) AS n_at,
       multiIf(toUInt8(bitShiftRight(w_n, 80)) = 0, '', toUInt8(bitShiftRight(w_n, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_n, 80))))) AS n_rule,
       v_scope AS scope,
       ['city_operations', 'county_ledger', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_scope, 65535))] AS scope_src,
       if(w_scope = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_scope, 65535)))]) AS scope_at,
       multiIf(toUInt8(bitShiftRight(w_scope, 80)) = 0, '', toUInt8(bitShiftRight(w_scope, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_scope, 80))))) AS scope_rule,
       v_attrs AS attrs,
       ['city_operations', 'county_ledger', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_attrs, 65535))] AS attrs_src,
       if(w_attrs = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_attrs, 65535)))]) AS attrs_at,
       multiIf(toUInt8(bitShiftRight(w_attrs, 80)) = 0, '', toUInt8(bitShiftRight(w_attrs, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_attrs, 80))))) AS attrs_rule,
       v_suppressed AS suppressed,
       ['city_operations', 'county_ledger', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_suppressed, 65535))] AS suppressed_src,
       if(w_suppressed = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_suppressed, 65535)))]) AS suppressed_at,
       multiIf(toUInt8(bitShiftRight(w_suppressed, 80)) = 0, '', toUInt8(bitShiftRight(w_suppressed, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_suppressed, 80))))) AS suppressed_rule
FROM
(
  SELECT family, measure, division_code, period_start, period_kind, breakdown, row_from, row_to,
         argMinIf(value, ord_0, 1) AS v_value,
         minIf(ord_0, 1) AS w_value,
         argMinIf(n, ord_0, n IS NOT NULL) AS v_n,
         minIf(ord_0, n IS NOT NULL) AS w_n,
         argMinIf(scope, ord_0, scope IS NOT NULL) AS v_scope,
         minIf(ord_0, scope IS NOT NULL) AS w_scope,
         argMinIf(attrs, ord_0, notEmpty(attrs)) AS v_attrs,
         minIf(ord_0, notEmpty(attrs)) AS w_attrs,
         argMinIf(suppressed, ord_0, suppressed IS NOT NULL) AS v_suppressed,
         minIf(ord_0, suppressed IS NOT NULL) AS w_suppressed,
         groupArray(toUInt16(indexOf(['city_operations', 'county_ledger', 'township_ledger', 'village_forms'], src_system))) AS srcs,
         groupArray(event_time) AS times
  FROM
  (
    SELECT *, bitShiftLeft(toUInt128(multiIf(src_system = 'village_forms', 1, src_system = 'township_ledger', 2, src_system = 'county_ledger', 3, src_system = 'city_operations', 4, 255)), 80) + bitShiftLeft(toUInt128(bitNot(version)), 16) + indexOf(['city_operations', 'county_ledger', 'township_ledger', 'village_forms'], src_system) AS ord_0
    FROM
    (
      SELECT row_from, row_to, family, measure, division_code, period_start, period_kind, breakdown, value, n, scope, attrs, suppressed, src_system, src_tier, event_time, version, is_deleted
      FROM (
        SELECT c.family AS family, c.measure AS measure, c.division_code AS division_code, c.period_start AS period_start, c.period_kind AS period_kind, c.breakdown AS breakdown, c.value AS value, c.n AS n, c.scope AS scope, c.attrs AS attrs, c.suppressed AS suppressed, c.src_system AS src_system, c.src_tier AS src_tier, c.src_division AS src_division, c.src_record_id AS src_record_id, c.event_time AS event_time, c.arrived_at AS arrived_at, c.version AS version, c.is_deleted AS is_deleted, c.q_flags AS q_flags, c.kafka_topic AS kafka_topic, c.kafka_partition AS kafka_partition, c.kafka_offset AS kafka_offset, c.place AS place, b.row_from AS row_from, b.row_to AS row_to
        FROM
        (
          SELECT * FROM std.stat_fact WHERE concatWithSeparator('|', toString(family), toString(measure), toString(division_code), toString(period_start), toString(period_kind), toString(breakdown)) LIKE {thing:String} AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')
        ) AS c
        INNER JOIN
        (
          SELECT family, measure, division_code, period_start, period_kind, breakdown, row_from, leadInFrame(row_from, 1, toDateTime64('2299-12-31 00:00:00', 3, 'Asia/Shanghai')) OVER (PARTITION BY family, measure, division_code, period_start, period_kind, breakdown ORDER BY row_from ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS row_to
          FROM
          (
            SELECT DISTINCT family, measure, division_code, period_start, period_kind, breakdown, event_time AS row_from FROM
            (
              SELECT * FROM std.stat_fact WHERE concatWithSeparator('|', toString(family), toString(measure), toString(division_code), toString(period_start), toString(period_kind), toString(breakdown)) LIKE {thing:String} AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')
            )
          )
        ) AS b ON c.family = b.family AND c.measure = b.measure AND c.division_code = b.division_code AND c.period_start = b.period_start AND c.period_kind = b.period_kind AND c.breakdown = b.breakdown
        WHERE c.event_time <= b.row_from
      )
      WHERE src_system IN ('city_operations', 'county_ledger', 'township_ledger', 'village_forms')
      ORDER BY family DESC, measure DESC, division_code DESC, period_start DESC, period_kind DESC, breakdown DESC, row_from DESC, row_to DESC, src_system DESC, version DESC, kafka_offset DESC
      LIMIT 1 BY family, measure, division_code, period_start, period_kind, breakdown, row_from, row_to, src_system
    )
    WHERE is_deleted = 0
  )
  GROUP BY family, measure, division_code, period_start, period_kind, breakdown, row_from, row_to
)
COMMENT '统计事实：每件事物各时段的一物一行 [bce9e16d6aacde15]';

CREATE OR REPLACE VIEW dwd.stat_fact_as_of_under
(
    under_code FixedString(12) COMMENT '在所选登记册中的区划代码',
    under_how LowCardinality(String) COMMENT '换算方式：same 未变，whole 整体归入，shared 按已知比例分，undivided 比例不明、留在共同上级，above 仅知上级，lost 去向无记载、留在上级',
    under_share Decimal(18, 12) COMMENT '本行占原数的份额',
    under_candidates Array(FixedString(12)) COMMENT '比例不明时可能的承接区划',
    family LowCardinality(String) COMMENT '大类',
    measure LowCardinality(String) COMMENT '指标项',
    division_code FixedString(12) COMMENT '区划',
    period_start Date32 COMMENT '时期起始日',
    period_kind LowCardinality(String) COMMENT '时期类型',
    breakdown String COMMENT '分组',
    value Decimal(18, 4) COMMENT '数值（of the measure）',
    value_src LowCardinality(String) COMMENT '数值·取自来源',
    value_at DateTime64(3, 'Asia/Shanghai') COMMENT '数值·业务时间',
    value_rule LowCardinality(String) COMMENT '数值·取值规则',
    n Nullable(Int64) COMMENT '样本量（1）',
    n_src LowCardinality(String) COMMENT '样本量·取自来源',
    n_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '样本量·业务时间',
    n_rule LowCardinality(String) COMMENT '样本量·取值规则',
    scope LowCardinality(Nullable(String)) COMMENT '口径',
    scope_src LowCardinality(String) COMMENT '口径·取自来源',
    scope_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '口径·业务时间',
    scope_rule LowCardinality(String) COMMENT '口径·取值规则',
    attrs Map(LowCardinality(String), String) COMMENT '分组属性',
    attrs_src LowCardinality(String) COMMENT '分组属性·取自来源',
    attrs_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '分组属性·业务时间',
    attrs_rule LowCardinality(String) COMMENT '分组属性·取值规则',
    suppressed Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '来源已抑制',
    suppressed_src LowCardinality(String) COMMENT '来源已抑制·取自来源',
    suppressed_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '来源已抑制·业务时间',
    suppressed_rule LowCardinality(String) COMMENT '来源已抑制·取值规则'
) AS
SELECT way.1 AS under_code,
       way.2 AS under_how,
       way.4 - way.3 AS under_share,
       way.5 AS under_candidates,
       t.family AS family,
       t.measure AS measure,
       t.division_code AS division_code,
       t.period_start AS period_start,
       t.period_kind AS period_kind,
       t.breakdown AS breakdown,
       CAST(round(toDecimal256(t.value, 4) * toDecimal256(way.4, 12), 4) - round(toDecimal256(t.value, 4) * toDecimal256(way.3, 12), 4), 'Decimal(18, 4)') AS value,
       t.value_src AS value_src,
       t.value_at AS value_at,
       t.value_rule AS value_rule,
       CAST(round(toDecimal256(t.n, 0) * toDecimal256(way.4, 12), 0) - round(toDecimal256(t.n, 0) * toDecimal256(way.3, 12), 0), 'Nullable(Int64)') AS n,
       t.n_src AS n_src,
       t.n_at AS n_at,
       t.n_rule AS n_rule,
       t.scope AS scope,
       t.scope_src AS scope_src,
       t.scope_at AS scope_at,
       t.scope_rule AS scope_rule,
       t.attrs AS attrs,
       t.attrs_src AS attrs_src,
       t.attrs_at AS attrs_at,
       t.attrs_rule AS attrs_rule,
       t.suppressed AS suppressed,
       t.suppressed_src AS suppressed_src,
       t.suppressed_at AS suppressed_at,
       t.suppressed_rule AS suppressed_rule
FROM
(
  SELECT family,
         measure,
         division_code,
         period_start,
         period_kind,
         breakdown,
         v_value AS value,
         ['city_operations', 'county_ledger', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_value, 65535))] AS value_src,
         times[indexOf(srcs, toUInt16(bitAnd(w_value, 65535)))] AS value_at,
         multiIf(toUInt8(bitShiftRight(w_value, 80)) = 0, '', toUInt8(bitShiftRight(w_value, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_value, 80))))) AS value_rule,
         v_n AS n,
         ['city_operations', 'county_ledger', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_n, 65535))] AS n_src,
         if(w_n = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_n, 65535)))]) AS n_at,
         multiIf(toUInt8(bitShiftRight(w_n, 80)) = 0, '', toUInt8(bitShiftRight(w_n, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_n, 80))))) AS n_rule,
         v_scope AS scope,
         ['city_operations', 'county_ledger', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_scope, 65535))] AS scope_src,
         if(w_scope = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_scope, 65535)))]) AS scope_at,
         multiIf(toUInt8(bitShiftRight(w_scope, 80)) = 0, '', toUInt8(bitShiftRight(w_scope, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_scope, 80))))) AS scope_rule,
         v_attrs AS attrs,
         ['city_operations', 'county_ledger', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_attrs, 65535))] AS attrs_src,
         if(w_attrs = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_attrs, 65535)))]) AS attrs_at,
         multiIf(toUInt8(bitShiftRight(w_attrs, 80)) = 0, '', toUInt8(bitShiftRight(w_attrs, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_attrs, 80))))) AS attrs_rule,
         v_suppressed AS suppressed,
         ['city_operations', 'county_ledger', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_suppressed, 65535))] AS suppressed_src,
         if(w_suppressed = 0, NULL, times[indexOf(srcs, toUInt16(bitAnd(w_suppressed, 65535)))]) AS suppressed_at,
         multiIf(toUInt8(bitShiftRight(w_suppressed, 80)) = 0, '', toUInt8(bitShiftRight(w_suppressed, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_suppressed, 80))))) AS suppressed_rule
  FROM
  (
    SELECT family, measure, division_code, period_start, period_kind, breakdown,
           argMinIf(value, ord_0, 1) AS v_value,
           minIf(ord_0, 1) AS w_value,
           argMinIf(n, ord_0, n IS NOT NULL) AS v_n,
           minIf(ord_0, n IS NOT NULL) AS w_n,
           argMinIf(scope, ord_0, scope IS NOT NULL) AS v_scope,
           minIf(ord_0, scope IS NOT NULL) AS w_scope,
           argMinIf(attrs, ord_0, notEmpty(attrs)) AS v_attrs,
           minIf(ord_0, notEmpty(attrs)) AS w_attrs,
           argMinIf(suppressed, ord_0, suppressed IS NOT NULL) AS v_suppressed,
           minIf(ord_0, suppressed IS NOT NULL) AS w_suppressed,
           groupArray(toUInt16(indexOf(['city_operations', 'county_ledger', 'township_ledger', 'village_forms'], src_system))) AS srcs,
           groupArray(event_time) AS times
    FROM
    (
      SELECT *, bitShiftLeft(toUInt128(multiIf(src_system = 'village_forms', 1, src_system = 'township_ledger', 2, src_system = 'county_ledger', 3, src_system = 'city_operations', 4, 255)), 80) + bitShiftLeft(toUInt128(bitNot(version)), 16) + indexOf(['city_operations', 'county_ledger', 'township_ledger', 'village_forms'], src_system) AS ord_0
      FROM
      (
        SELECT family, measure, division_code, period_start, period_kind, breakdown, value, n, scope, attrs, suppressed, src_system, src_tier, event_time, version, is_deleted
        FROM std.stat_fact
        WHERE src_system IN ('city_operations', 'county_ledger', 'township_ledger', 'village_forms') AND event_time <= parseDateTime64BestEffort({at:String}, 3, 'Asia/Shanghai') AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')
        ORDER BY family DESC, measure DESC, division_code DESC, period_start DESC, period_kind DESC, breakdown DESC, src_system DESC, version DESC, kafka_offset DESC
        LIMIT 1 BY family, measure, division_code, period_start, period_kind, breakdown, src_system
      )
      WHERE is_deleted = 0
    )
    GROUP BY family, measure, division_code, period_start, period_kind, breakdown
  )
) AS t
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 0 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS own ON own.code = t.division_code
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS town ON town.code = toFixedString(if(endsWith(t.division_code, '000'), '', concat(substring(t.division_code, 1, 9), '000')), 12)
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS county ON county.code = toFixedString(if(endsWith(t.division_code, '000000'), '', concat(substring(t.division_code, 1, 6), '000000')), 12)
ARRAY JOIN arrayConcat(
  arrayMap(x -> (x.3, x.4, x.5, x.6, x.7), arrayFilter(x -> x.1 <= toDate32(t.period_start) AND x.2 > toDate32(t.period_start), if(notEmpty(own.ways), own.ways, if(notEmpty(town.ways), town.ways, county.ways))) AS found),
  if(empty(found), [(t.division_code, 'same', toDecimal64(0, 12), toDecimal64(1, 12), emptyArrayString()::Array(FixedString(12)))], [])) AS way
WHERE throwIf((SELECT count() = 0 FROM dwd.division_remap), 'dwd.division_remap is empty: run "rongtong run integrate" once') = 0
COMMENT '统计事实：任意时点（at）的一物一行，按任意时点（known）所知；按所选日期（under）的登记册 [ffe521cfd331b5d6]';

CREATE OR REPLACE VIEW dwd.stat_fact_under
(
    under_code FixedString(12) COMMENT '在所选登记册中的区划代码',
    under_how LowCardinality(String) COMMENT '换算方式：same 未变，whole 整体归入，shared 按已知比例分，undivided 比例不明、留在共同上级，above 仅知上级，lost 去向无记载、留在上级',
    under_share Decimal(18, 12) COMMENT '本行占原数的份额',
    under_candidates Array(FixedString(12)) COMMENT '比例不明时可能的承接区划',
    family LowCardinality(String) COMMENT '大类',
    measure LowCardinality(String) COMMENT '指标项',
    division_code FixedString(12) COMMENT '区划',
    period_start Date32 COMMENT '时期起始日',
    period_kind LowCardinality(String) COMMENT '时期类型',
    breakdown String COMMENT '分组',
    value Decimal(18, 4) COMMENT '数值（of the measure）',
    value_src LowCardinality(String) COMMENT '数值·取自来源',
    value_at DateTime64(3, 'Asia/Shanghai') COMMENT '数值·业务时间',
    value_rule LowCardinality(String) COMMENT '数值·取值规则',
    n Nullable(Int64) COMMENT '样本量（1）',
    n_src LowCardinality(String) COMMENT '样本量·取自来源',
    n_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '样本量·业务时间',
    n_rule LowCardinality(String) COMMENT '样本量·取值规则',
    scope LowCardinality(Nullable(String)) COMMENT '口径',
    scope_src LowCardinality(String) COMMENT '口径·取自来源',
    scope_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '口径·业务时间',
    scope_rule LowCardinality(String) COMMENT '口径·取值规则',
    attrs Map(LowCardinality(String), String) COMMENT '分组属性',
    attrs_src LowCardinality(String) COMMENT '分组属性·取自来源',
    attrs_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '分组属性·业务时间',
    attrs_rule LowCardinality(String) COMMENT '分组属性·取值规则',
    suppressed Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '来源已抑制',
    suppressed_src LowCardinality(String) COMMENT '来源已抑制·取自来源',
    suppressed_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '来源已抑制·业务时间',
    suppressed_rule LowCardinality(String) COMMENT '来源已抑制·取值规则'
) AS
SELECT way.1 AS under_code,
       way.2 AS under_how,
       way.4 - way.3 AS under_share,
       way.5 AS under_candidates,
       t.family AS family,
       t.measure AS measure,
       t.division_code AS division_code,
       t.period_start AS period_start,
       t.period_kind AS period_kind,
       t.breakdown AS breakdown,
       CAST(round(toDecimal256(t.value, 4) * toDecimal256(way.4, 12), 4) - round(toDecimal256(t.value, 4) * toDecimal256(way.3, 12), 4), 'Decimal(18, 4)') AS value,
       t.value_src AS value_src,
       t.value_at AS value_at,
       t.value_rule AS value_rule,
       CAST(round(toDecimal256(t.n, 0) * toDecimal256(way.4, 12), 0) - round(toDecimal256(t.n, 0) * toDecimal256(way.3, 12), 0), 'Nullable(Int64)') AS n,
       t.n_src AS n_src,
       t.n_at AS n_at,
       t.n_rule AS n_rule,
       t.scope AS scope,
       t.scope_src AS scope_src,
       t.scope_at AS scope_at,
       t.scope_rule AS scope_rule,
       t.attrs AS attrs,
       t.attrs_src AS attrs_src,
       t.attrs_at AS attrs_at,
       t.attrs_rule AS attrs_rule,
       t.suppressed AS suppressed,
       t.suppressed_src AS suppressed_src,
       t.suppressed_at AS suppressed_at,
       t.suppressed_rule AS suppressed_rule
FROM
(
  SELECT * FROM dwd.stat_fact
) AS t
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 0 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS own ON own.code = t.division_code
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS town ON town.code = toFixedString(if(endsWith(t.division_code, '000'), '', concat(substring(t.division_code, 1, 9), '000')), 12)
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS county ON county.code = toFixedString(if(endsWith(t.division_code, '000000'), '', concat(substring(t.division_code, 1, 6), '000000')), 12)
ARRAY JOIN arrayConcat(
  arrayMap(x -> (x.3, x.4, x.5, x.6, x.7), arrayFilter(x -> x.1 <= toDate32(t.period_start) AND x.2 > toDate32(t.period_start), if(notEmpty(own.ways), own.ways, if(notEmpty(town.ways), town.ways, county.ways))) AS found),
  if(empty(found), [(t.division_code, 'same', toDecimal64(0, 12), toDecimal64(1, 12), emptyArrayString()::Array(FixedString(12)))], [])) AS way
WHERE throwIf((SELECT count() = 0 FROM dwd.division_remap), 'dwd.division_remap is empty: run "rongtong run integrate" once') = 0
COMMENT '统计事实：按所选日期（under）的登记册看的一物一行 [7da185b13f2659d9]';

CREATE OR REPLACE VIEW dwd.workforce_post
(
    post_id String COMMENT '岗位标识',
    spell_from Date32 COMMENT '任职起始',
    spell_to Nullable(Date32) COMMENT '任职截止',
    post_kind LowCardinality(String) COMMENT '岗位类型',
    division_code FixedString(12) COMMENT '所在区划',
    grid_id Nullable(String) COMMENT '网格',
    holder_pid Nullable(FixedString(26)) COMMENT '人员标识',
    holder_pid_version Nullable(Int64) COMMENT '人员标识钥版本',
    holder_masked Nullable(String) COMMENT '显示名',
    grade_code LowCardinality(Nullable(String)) COMMENT '职业等级',
    filed_on Nullable(Date32) COMMENT '备案日期',
    in_community_worker_scheme Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '纳入社区工作者职业体系',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT post_id, spell_from, spell_to, post_kind, division_code, grid_id, holder_pid, holder_pid_version, holder_masked, grade_code, filed_on, in_community_worker_scheme, _src, _at, _rule
FROM dwp.workforce_post__rows FINAL
WHERE is_deleted = 0
COMMENT '岗位：一物一行 [339a3f34b7ab6872]';

CREATE OR REPLACE VIEW dwd.workforce_post_as_of
(
    post_id String COMMENT '岗位标识',
    spell_from Date32 COMMENT '任职起始',
    spell_to Nullable(Date32) COMMENT '任职截止',
    post_kind LowCardinality(String) COMMENT '岗位类型',
    division_code FixedString(12) COMMENT '所在区划',
    grid_id Nullable(String) COMMENT '网格',
    holder_pid Nullable(FixedString(26)) COMMENT '人员标识',
    holder_pid_version Nullable(Int64) COMMENT '人员标识钥版本',
    holder_masked Nullable(String) COMMENT '显示名',
    grade_code LowCardinality(Nullable(String)) COMMENT '职业等级',
    filed_on Nullable(Date32) COMMENT '备案日期',
    in_community_worker_scheme Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '纳入社区工作者职业体系',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT post_id,
       spell_from,
       spell_to,
       post_kind,
       division_code,
       grid_id,
       holder_pid,
       holder_pid_version,
       holder_masked,
       grade_code,
       filed_on,
       in_community_worker_scheme,
       src_system AS _src,
       event_time AS _at,
       multiIf(multiIf(src_tier = 'X', 1, src_tier = 'T', 2, src_tier = 'C', 3, 255) = 0, '', multiIf(src_tier = 'X', 1, src_tier = 'T', 2, src_tier = 'C', 3, 255) = 255, 'freshest', concat('authority:', toString(multiIf(src_tier = 'X', 1, src_tier = 'T', 2, src_tier = 'C', 3, 255)))) AS _rule
FROM
(
  SELECT *
  FROM
  (
    SELECT post_id, spell_from, spell_to, post_kind, division_code, grid_id, holder_pid, holder_pid_version, holder_masked, grade_code, filed_on, in_community_worker_scheme, src_system, src_tier, event_time, version, is_deleted
    FROM std.workforce_post
    WHERE src_system IN ('county_ledger') AND event_time <= parseDateTime64BestEffort({at:String}, 3, 'Asia/Shanghai') AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')
    ORDER BY post_id DESC, spell_from DESC, src_system DESC, version DESC, kafka_offset DESC
    LIMIT 1 BY post_id, spell_from, src_system
  )
  WHERE is_deleted = 0
)
COMMENT '岗位：任意时点（at）的一物一行，按任意时点（known）所知 [c03ce4170fb69690]';

CREATE OR REPLACE VIEW dwd.workforce_post_history
(
    row_from DateTime64(3, 'Asia/Shanghai') COMMENT '本行起始时间（含）',
    row_to DateTime64(3, 'Asia/Shanghai') COMMENT '本行终止时间（不含）；尚在有效为2299年末',
    post_id String COMMENT '岗位标识',
    spell_from Date32 COMMENT '任职起始',
    spell_to Nullable(Date32) COMMENT '任职截止',
    post_kind LowCardinality(String) COMMENT '岗位类型',
    division_code FixedString(12) COMMENT '所在区划',
    grid_id Nullable(String) COMMENT '网格',
    holder_pid Nullable(FixedString(26)) COMMENT '人员标识',
    holder_pid_version Nullable(Int64) COMMENT '人员标识钥版本',
    holder_masked Nullable(String) COMMENT '显示名',
    grade_code LowCardinality(Nullable(String)) COMMENT '职业等级',
    filed_on Nullable(Date32) COMMENT '备案日期',
    in_community_worker_scheme Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '纳入社区工作者职业体系',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT row_from,
       row_to,
       post_id,
       spell_from,
       spell_to,
       post_kind,
       division_code,
       grid_id,
       holder_pid,
       holder_pid_version,
       holder_masked,
       grade_code,
       filed_on,
       in_community_worker_scheme,
       src_system AS _src,
       event_time AS _at,
       multiIf(multiIf(src_tier = 'X', 1, src_tier = 'T', 2, src_tier = 'C', 3, 255) = 0, '', multiIf(src_tier = 'X', 1, src_tier = 'T', 2, src_tier = 'C', 3, 255) = 255, 'freshest', concat('authority:', toString(multiIf(src_tier = 'X', 1, src_tier = 'T', 2, src_tier = 'C', 3, 255)))) AS _rule
FROM
(
  SELECT *
  FROM
  (
    SELECT row_from, row_to, post_id, spell_from, spell_to, post_kind, division_code, grid_id, holder_pid, holder_pid_version, holder_masked, grade_code, filed_on, in_community_worker_scheme, src_system, src_tier, event_time, version, is_deleted
    FROM (
      SELECT c.post_id AS post_id, c.spell_from AS spell_from, c.spell_to AS spell_to, c.post_kind AS post_kind, c.division_code AS division_code, c.grid_id AS grid_id, c.holder_pid AS holder_pid, c.holder_pid_version AS holder_pid_version, c.holder_masked AS holder_masked, c.grade_code AS grade_code, c.filed_on AS filed_on, c.in_community_worker_scheme AS in_community_worker_scheme, c.src_system AS src_system, c.src_tier AS src_tier, c.src_division AS src_division, c.src_record_id AS src_record_id, c.event_time AS event_time, c.arrived_at AS arrived_at, c.version AS version, c.is_deleted AS is_deleted, c.q_flags AS q_flags, c.kafka_topic AS kafka_topic, c.kafka_partition AS kafka_partition, c.kafka_offset AS kafka_offset, c.place AS place, b.row_from AS row_from, b.row_to AS row_to
      FROM
      (
        SELECT * FROM std.workforce_post WHERE concatWithSeparator('|', toString(post_id), toString(spell_from)) LIKE {thing:String} AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')
      ) AS c
      INNER JOIN
      (
        SELECT post_id, spell_from, row_from, leadInFrame(row_from, 1, toDateTime64('2299-12-31 00:00:00', 3, 'Asia/Shanghai')) OVER (PARTITION BY post_id, spell_from ORDER BY row_from ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS row_to
        FROM
        (
          SELECT DISTINCT post_id, spell_from, event_time AS row_from FROM
          (
            SELECT * FROM std.workforce_post WHERE concatWithSeparator('|', toString(post_id), toString(spell_from)) LIKE {thing:String} AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')
          )
        )
      ) AS b ON c.post_id = b.post_id AND c.spell_from = b.spell_from
      WHERE c.event_time <= b.row_from
    )
    WHERE src_system IN ('county_ledger')
    ORDER BY post_id DESC, spell_from DESC, row_from DESC, row_to DESC, src_system DESC, version DESC, kafka_offset DESC
    LIMIT 1 BY post_id, spell_from, row_from, row_to, src_system
  )
  WHERE is_deleted = 0
)
COMMENT '岗位：每件事物各时段的一物一行 [9e79a8d5e17a5bcd]';

CREATE OR REPLACE VIEW dwd.workforce_post_as_of_under
(
    under_code FixedString(12) COMMENT '在所选登记册中的区划代码',
    under_how LowCardinality(String) COMMENT '换算方式：same 未变，whole 整体归入，shared 按已知比例分，undivided 比例不明、留在共同上级，above 仅知上级，lost 去向无记载、留在上级',
    under_share Decimal(18, 12) COMMENT '本行占原数的份额',
    under_candidates Array(FixedString(12)) COMMENT '比例不明时可能的承接区划',
    post_id String COMMENT '岗位标识',
    spell_from Date32 COMMENT '任职起始',
    spell_to Nullable(Date32) COMMENT '任职截止',
    post_kind LowCardinality(String) COMMENT '岗位类型',
    division_code FixedString(12) COMMENT '所在区划',
    grid_id Nullable(String) COMMENT '网格',
    holder_pid Nullable(FixedString(26)) COMMENT '人员标识',
    holder_pid_version Nullable(Int64) COMMENT '人员标识钥版本',
    holder_masked Nullable(String) COMMENT '显示名',
    grade_code LowCardinality(Nullable(String)) COMMENT '职业等级',
    filed_on Nullable(Date32) COMMENT '备案日期',
    in_community_worker_scheme Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '纳入社区工作者职业体系',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT way.1 AS under_code,
       way.2 AS under_how,
       way.4 - way.3 AS under_share,
       way.5 AS under_candidates,
       t.post_id AS post_id,
       t.spell_from AS spell_from,
       t.spell_to AS spell_to,
       t.post_kind AS post_kind,
       t.division_code AS division_code,
       t.grid_id AS grid_id,
       t.holder_pid AS holder_pid,
       t.holder_pid_version AS holder_pid_version,
       t.holder_masked AS holder_masked,
       t.grade_code AS grade_code,
       t.filed_on AS filed_on,
       t.in_community_worker_scheme AS in_community_worker_scheme,
       t._src AS _src,
       t._at AS _at,
       t._rule AS _rule
FROM
(
  SELECT post_id,
         spell_from,
         spell_to,
         post_kind,
         division_code,
         grid_id,
         holder_pid,
         holder_pid_version,
         holder_masked,
         grade_code,
         filed_on,
         in_community_worker_scheme,
         src_system AS _src,
         event_time AS _at,
         multiIf(multiIf(src_tier = 'X', 1, src_tier = 'T', 2, src_tier = 'C', 3, 255) = 0, '', multiIf(src_tier = 'X', 1, src_tier = 'T', 2, src_tier = 'C', 3, 255) = 255, 'freshest', concat('authority:', toString(multiIf(src_tier = 'X', 1, src_tier = 'T', 2, src_tier = 'C', 3, 255)))) AS _rule
  FROM
  (
    SELECT *
    FROM
    (
      SELECT post_id, spell_from, spell_to, post_kind, division_code, grid_id, holder_pid, holder_pid_version, holder_masked, grade_code, filed_on, in_community_worker_scheme, src_system, src_tier, event_time, version, is_deleted
      FROM std.workforce_post
      WHERE src_system IN ('county_ledger') AND event_time <= parseDateTime64BestEffort({at:String}, 3, 'Asia/Shanghai') AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')
      ORDER BY post_id DESC, spell_from DESC, src_system DESC, version DESC, kafka_offset DESC
      LIMIT 1 BY post_id, spell_from, src_system
    )
    WHERE is_deleted = 0
  )
) AS t
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 0 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS own ON own.code = t.division_code
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS town ON town.code = toFixedString(if(endsWith(t.division_code, '000'), '', concat(substring(t.division_code, 1, 9), '000')), 12)
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS county ON county.code = toFixedString(if(endsWith(t.division_code, '000000'), '', concat(substring(t.division_code, 1, 6), '000000')), 12)
ARRAY JOIN arrayConcat(
  arrayMap(x -> (x.3, x.4, x.5, x.6, x.7), arrayFilter(x -> x.1 <= toDate32(t.spell_from) AND x.2 > toDate32(t.spell_from), if(notEmpty(own.ways), own.ways, if(notEmpty(town.ways), town.ways, county.ways))) AS found),
  if(empty(found), [(t.division_code, 'same', toDecimal64(0, 12), toDecimal64(1, 12), emptyArrayString()::Array(FixedString(12)))], [])) AS way
WHERE throwIf((SELECT count() = 0 FROM dwd.division_remap), 'dwd.division_remap is empty: run "rongtong run integrate" once') = 0
COMMENT '岗位：任意时点（at）的一物一行，按任意时点（known）所知；按所选日期（under）的登记册 [c531a859d47aa8b5]';

CREATE OR REPLACE VIEW dwd.workforce_post_under
(
    under_code FixedString(12) COMMENT '在所选登记册中的区划代码',
    under_how LowCardinality(String) COMMENT '换算方式：same 未变，whole 整体归入，shared 按已知比例分，undivided 比例不明、留在共同上级，above 仅知上级，lost 去向无记载、留在上级',
    under_share Decimal(18, 12) COMMENT '本行占原数的份额',
    under_candidates Array(FixedString(12)) COMMENT '比例不明时可能的承接区划',
    post_id String COMMENT '岗位标识',
    spell_from Date32 COMMENT '任职起始',
    spell_to Nullable(Date32) COMMENT '任职截止',
    post_kind LowCardinality(String) COMMENT '岗位类型',
    division_code FixedString(12) COMMENT '所在区划',
    grid_id Nullable(String) COMMENT '网格',
    holder_pid Nullable(FixedString(26)) COMMENT '人员标识',
    holder_pid_version Nullable(Int64) COMMENT '人员标识钥版本',
    holder_masked Nullable(String) COMMENT '显示名',
    grade_code LowCardinality(Nullable(String)) COMMENT '职业等级',
    filed_on Nullable(Date32) COMMENT '备案日期',
    in_community_worker_scheme Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '纳入社区工作者职业体系',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT way.1 AS under_code,
       way.2 AS under_how,
       way.4 - way.3 AS under_share,
       way.5 AS under_candidates,
       t.post_id AS post_id,
       t.spell_from AS spell_from,
       t.spell_to AS spell_to,
       t.post_kind AS post_kind,
       t.division_code AS division_code,
       t.grid_id AS grid_id,
       t.holder_pid AS holder_pid,
       t.holder_pid_version AS holder_pid_version,
       t.holder_masked AS holder_masked,
       t.grade_code AS grade_code,
       t.filed_on AS filed_on,
       t.in_community_worker_scheme AS in_community_worker_scheme,
       t._src AS _src,
       t._at AS _at,
       t._rule AS _rule
FROM
(
  SELECT * FROM dwd.workforce_post
) AS t
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 0 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS own ON own.code = t.division_code
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS town ON town.code = toFixedString(if(endsWith(t.division_code, '000'), '', concat(substring(t.division_code, 1, 9), '000')), 12)
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS county ON county.code = toFixedString(if(endsWith(t.division_code, '000000'), '', concat(substring(t.division_code, 1, 6), '000000')), 12)
ARRAY JOIN arrayConcat(
  arrayMap(x -> (x.3, x.4, x.5, x.6, x.7), arrayFilter(x -> x.1 <= toDate32(t.spell_from) AND x.2 > toDate32(t.spell_from), if(notEmpty(own.ways), own.ways, if(notEmpty(town.ways), town.ways, county.ways))) AS found),
  if(empty(found), [(t.division_code, 'same', toDecimal64(0, 12), toDecimal64(1, 12), emptyArrayString()::Array(FixedString(12)))], [])) AS way
WHERE throwIf((SELECT count() = 0 FROM dwd.division_remap), 'dwd.division_remap is empty: run "rongtong run integrate" once') = 0
COMMENT '岗位：按所选日期（under）的登记册看的一物一行 [241f8cb38afba35a]';

CREATE OR REPLACE VIEW dwd.deliberation
(
    delib_id String COMMENT '议事标识',
    kind LowCardinality(String) COMMENT '类型',
    division_code FixedString(12) COMMENT '区划',
    list_item_id Nullable(String) COMMENT '协商目录事项',
    form_code LowCardinality(Nullable(String)) COMMENT '协商形式',
    asked_on Nullable(Date32) COMMENT '征求意见日期',
    answered_on Nullable(Date32) COMMENT '答复日期',
    party_discussed_on Nullable(Date32) COMMENT '党组织研究日期',
    decided_on Nullable(Date32) COMMENT '决定日期',
    adopted Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '是否采纳',
    participants_n Nullable(Int64) COMMENT '参加人数（人）',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT delib_id, kind, division_code, list_item_id, form_code, asked_on, answered_on, party_discussed_on, decided_on, adopted, participants_n, _src, _at, _rule
FROM dwd.deliberation__rows FINAL
WHERE is_deleted = 0
COMMENT '议事协商：一物一行 [e5407e205f164dbe]';

CREATE OR REPLACE VIEW dwd.deliberation_under
(
    under_code FixedString(12) COMMENT '在所选登记册中的区划代码',
    under_how LowCardinality(String) COMMENT '换算方式：same 未变，whole 整体归入，shared 按已知比例分，undivided 比例不明、留在共同上级，above 仅知上级，lost 去向无记载、留在上级',
    under_share Decimal(18, 12) COMMENT '本行占原数的份额',
    under_candidates Array(FixedString(12)) COMMENT '比例不明时可能的承接区划',
    delib_id String COMMENT '议事标识',
    kind LowCardinality(String) COMMENT '类型',
    division_code FixedString(12) COMMENT '区划',
    list_item_id Nullable(String) COMMENT '协商目录事项',
    form_code LowCardinality(Nullable(String)) COMMENT '协商形式',
    asked_on Nullable(Date32) COMMENT '征求意见日期',
    answered_on Nullable(Date32) COMMENT '答复日期',
    party_discussed_on Nullable(Date32) COMMENT '党组织研究日期',
    decided_on Nullable(Date32) COMMENT '决定日期',
    adopted Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '是否采纳',
    participants_n Nullable(Int64) COMMENT '参加人数（人）',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT way.1 AS under_code,
       way.2 AS under_how,
       way.4 - way.3 AS under_share,
       way.5 AS under_candidates,
       t.delib_id AS delib_id,
       t.kind AS kind,
       t.division_code AS division_code,
       t.list_item_id AS list_item_id,
       t.form_code AS form_code,
       t.asked_on AS asked_on,
       t.answered_on AS answered_on,
       t.party_discussed_on AS party_discussed_on,
       t.decided_on AS decided_on,
       t.adopted AS adopted,
       t.participants_n AS participants_n,
       t._src AS _src,
       t._at AS _at,
       t._rule AS _rule
FROM
(
  SELECT * FROM dwd.deliberation
) AS t
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 0 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS own ON own.code = t.division_code
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS town ON town.code = toFixedString(if(endsWith(t.division_code, '000'), '', concat(substring(t.division_code, 1, 9), '000')), 12)
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS county ON county.code = toFixedString(if(endsWith(t.division_code, '000000'), '', concat(substring(t.division_code, 1, 6), '000000')), 12)
ARRAY JOIN arrayConcat(
  arrayMap(x -> (x.3, x.4, x.5, x.6, x.7), arrayFilter(x -> x.1 <= toDate32(ifNull(t.decided_on, today())) AND x.2 > toDate32(ifNull(t.decided_on, today())), if(notEmpty(own.ways), own.ways, if(notEmpty(town.ways), town.ways, county.ways))) AS found),
  if(empty(found), [(t.division_code, 'same', toDecimal64(0, 12), toDecimal64(1, 12), emptyArrayString()::Array(FixedString(12)))], [])) AS way
WHERE throwIf((SELECT count() = 0 FROM dwd.division_remap), 'dwd.division_remap is empty: run "rongtong run integrate" once') = 0
COMMENT '议事协商：按所选日期（under）的登记册看的一物一行 [2b58bd314b080680]';

CREATE OR REPLACE VIEW dwd.mechanism
(
    division_code FixedString(12) COMMENT '区划',
    kind LowCardinality(String) COMMENT '机制类型',
    valid_from Date32 COMMENT '生效日期',
    valid_to Nullable(Date32) COMMENT '失效日期',
    convenor_role LowCardinality(Nullable(String)) COMMENT '召集人职务',
    duty_codes Array(String) COMMENT '职责',
    document_no Nullable(String) COMMENT '文号',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT division_code, kind, valid_from, valid_to, convenor_role, duty_codes, document_no, _src, _at, _rule
FROM dwd.mechanism__rows FINAL
WHERE is_deleted = 0
COMMENT '机制：一物一行 [c58aa6de46e07bfd]';

CREATE OR REPLACE VIEW dwd.mechanism_under
(
    under_code FixedString(12) COMMENT '在所选登记册中的区划代码',
    under_how LowCardinality(String) COMMENT '换算方式：same 未变，whole 整体归入，shared 按已知比例分，undivided 比例不明、留在共同上级，above 仅知上级，lost 去向无记载、留在上级',
    under_share Decimal(18, 12) COMMENT '本行占原数的份额',
    under_candidates Array(FixedString(12)) COMMENT '比例不明时可能的承接区划',
    division_code FixedString(12) COMMENT '区划',
    kind LowCardinality(String) COMMENT '机制类型',
    valid_from Date32 COMMENT '生效日期',
    valid_to Nullable(Date32) COMMENT '失效日期',
    convenor_role LowCardinality(Nullable(String)) COMMENT '召集人职务',
    duty_codes Array(String) COMMENT '职责',
    document_no Nullable(String) COMMENT '文号',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT way.1 AS under_code,
       way.2 AS under_how,
       way.4 - way.3 AS under_share,
       way.5 AS under_candidates,
       t.division_code AS division_code,
       t.kind AS kind,
       t.valid_from AS valid_from,
       t.valid_to AS valid_to,
       t.convenor_role AS convenor_role,
       t.duty_codes AS duty_codes,
       t.document_no AS document_no,
       t._src AS _src,
       t._at AS _at,
       t._rule AS _rule
FROM
(
  SELECT * FROM dwd.mechanism
) AS t
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 0 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS own ON own.code = t.division_code
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS town ON town.code = toFixedString(if(endsWith(t.division_code, '000'), '', concat(substring(t.division_code, 1, 9), '000')), 12)
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS county ON county.code = toFixedString(if(endsWith(t.division_code, '000000'), '', concat(substring(t.division_code, 1, 6), '000000')), 12)
ARRAY JOIN arrayConcat(
  arrayMap(x -> (x.3, x.4, x.5, x.6, x.7), arrayFilter(x -> x.1 <= toDate32(t.valid_from) AND x.2 > toDate32(t.valid_from), if(notEmpty(own.ways), own.ways, if(notEmpty(town.ways), town.ways, county.ways))) AS found),
  if(empty(found), [(t.division_code, 'same', toDecimal64(0, 12), toDecimal64(1, 12), emptyArrayString()::Array(FixedString(12)))], [])) AS way
WHERE throwIf((SELECT count() = 0 FROM dwd.division_remap), 'dwd.division_remap is empty: run "rongtong run integrate" once') = 0
COMMENT '机制：按所选日期（under）的登记册看的一物一行 [cea2f26ee23b9a7c]';

CREATE OR REPLACE VIEW dwd.contract
(
    contract_id String COMMENT '合同标识',
    kind LowCardinality(String) COMMENT '合同类型',
    division_code FixedString(12) COMMENT '受益区划',
    buyer_uscc Nullable(FixedString(18)) COMMENT '购买主体',
    provider_org_id Nullable(String) COMMENT '承接主体',
    provider_kind LowCardinality(Nullable(String)) COMMENT '承接主体类型',
    amount_yuan Nullable(Decimal(18, 4)) COMMENT '合同金额（元）',
    tier LowCardinality(Nullable(String)) COMMENT '购买层级',
    start_on Nullable(Date32) COMMENT '开始日期',
    end_on Nullable(Date32) COMMENT '结束日期',
    priority_flag Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '优先购买',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT contract_id, kind, division_code, buyer_uscc, provider_org_id, provider_kind, amount_yuan, tier, start_on, end_on, priority_flag, _src, _at, _rule
FROM dwd.contract__rows FINAL
WHERE is_deleted = 0
COMMENT '购买服务与协议：一物一行 [6e1dd5b475204f55]';

CREATE OR REPLACE VIEW dwd.contract_as_of
(
    contract_id String COMMENT '合同标识',
    kind LowCardinality(String) COMMENT '合同类型',
    division_code FixedString(12) COMMENT '受益区划',
    buyer_uscc Nullable(FixedString(18)) COMMENT '购买主体',
    provider_org_id Nullable(String) COMMENT '承接主体',
    provider_kind LowCardinality(Nullable(String)) COMMENT '承接主体类型',
    amount_yuan Nullable(Decimal(18, 4)) COMMENT '合同金额（元）',
    tier LowCardinality(Nullable(String)) COMMENT '购买层级',
    start_on Nullable(Date32) COMMENT '开始日期',
    end_on Nullable(Date32) COMMENT '结束日期',
    priority_flag Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '优先购买',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT contract_id,
       kind,
       division_code,
       buyer_uscc,
       provider_org_id,
       provider_kind,
       amount_yuan,
       tier,
       start_on,
       end_on,
       priority_flag,
       src_system AS _src,
       event_time AS _at,
       multiIf(multiIf(src_tier = 'X', 1, src_tier = 'C', 2, src_tier = 'T', 3, src_tier = 'P', 4, 255) = 0, '', multiIf(src_tier = 'X', 1, src_tier = 'C', 2, src_tier = 'T', 3, src_tier = 'P', 4, 255) = 255, 'freshest', concat('authority:', toString(multiIf(src_tier = 'X', 1, src_tier = 'C', 2, src_tier = 'T', 3, src_tier = 'P', 4, 255)))) AS _rule
FROM
(
  SELECT *
  FROM
  (
    SELECT contract_id, kind, division_code, buyer_uscc, provider_org_id, provider_kind, amount_yuan, tier, start_on, end_on, priority_flag, src_system, src_tier, event_time, version, is_deleted
    FROM std.contract
    WHERE src_system IN ('county_offices') AND event_time <= parseDateTime64BestEffort({at:String}, 3, 'Asia/Shanghai') AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')
    ORDER BY contract_id DESC, src_system DESC, version DESC, kafka_offset DESC
    LIMIT 1 BY contract_id, src_system
  )
  WHERE is_deleted = 0
)
COMMENT '购买服务与协议：任意时点（at）的一物一行，按任意时点（known）所知 [9bb0d1ebef5f00a0]';

CREATE OR REPLACE VIEW dwd.contract_history
(
    row_from DateTime64(3, 'Asia/Shanghai') COMMENT '本行起始时间（含）',
    row_to DateTime64(3, 'Asia/Shanghai') COMMENT '本行终止时间（不含）；尚在有效为2299年末',
    contract_id String COMMENT '合同标识',
    kind LowCardinality(String) COMMENT '合同类型',
    division_code FixedString(12) COMMENT '受益区划',
    buyer_uscc Nullable(FixedString(18)) COMMENT '购买主体',
    provider_org_id Nullable(String) COMMENT '承接主体',
    provider_kind LowCardinality(Nullable(String)) COMMENT '承接主体类型',
    amount_yuan Nullable(Decimal(18, 4)) COMMENT '合同金额（元）',
    tier LowCardinality(Nullable(String)) COMMENT '购买层级',
    start_on Nullable(Date32) COMMENT '开始日期',
    end_on Nullable(Date32) COMMENT '结束日期',
    priority_flag Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '优先购买',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT row_from,
       row_to,
       contract_id,
       kind,
       division_code,
       buyer_uscc,
       provider_org_id,
       provider_kind,
       amount_yuan,
       tier,
       start_on,
       end_on,
       priority_flag,
       src_system AS _src,
       event_time AS _at,
       multiIf(multiIf(src_tier = 'X', 1, src_tier = 'C', 2, src_tier = 'T', 3, src_tier = 'P', 4, 255) = 0, '', multiIf(src_tier = 'X', 1, src_tier = 'C', 2, src_tier = 'T', 3, src_tier = 'P', 4, 255) = 255, 'freshest', concat('authority:', toString(multiIf(src_tier = 'X', 1, src_tier = 'C', 2, src_tier = 'T', 3, src_tier = 'P', 4, 255)))) AS _rule
FROM
(
  SELECT *
  FROM
  (
    SELECT row_from, row_to, contract_id, kind, division_code, buyer_uscc, provider_org_id, provider_kind, amount_yuan, tier, start_on, end_on, priority_flag, src_system, src_tier, event_time, version, is_deleted
    FROM (
      SELECT c.contract_id AS contract_id, c.kind AS kind, c.division_code AS division_code, c.buyer_uscc AS buyer_uscc, c.provider_org_id AS provider_org_id, c.provider_kind AS provider_kind, c.amount_yuan AS amount_yuan, c.tier AS tier, c.start_on AS start_on, c.end_on AS end_on, c.priority_flag AS priority_flag, c.src_system AS src_system, c.src_tier AS src_tier, c.src_division AS src_division, c.src_record_id AS src_record_id, c.event_time AS event_time, c.arrived_at AS arrived_at, c.version AS version, c.is_deleted AS is_deleted, c.q_flags AS q_flags, c.kafka_topic AS kafka_topic, c.kafka_partition AS kafka_partition, c.kafka_offset AS kafka_offset, c.place AS place, b.row_from AS row_from, b.row_to AS row_to
      FROM
      (
        SELECT * FROM std.contract WHERE toString(contract_id) LIKE {thing:String} AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')
      ) AS c
      INNER JOIN
      (
        SELECT contract_id, row_from, leadInFrame(row_from, 1, toDateTime64('2299-12-31 00:00:00', 3, 'Asia/Shanghai')) OVER (PARTITION BY contract_id ORDER BY row_from ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS row_to
        FROM
        (
          SELECT DISTINCT contract_id, event_time AS row_from FROM
          (
            SELECT * FROM std.contract WHERE toString(contract_id) LIKE {thing:String} AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')
          )
        )
      ) AS b ON c.contract_id = b.contract_id
      WHERE c.event_time <= b.row_from
    )
    WHERE src_system IN ('county_offices')
    ORDER BY contract_id DESC, row_from DESC, row_to DESC, src_system DESC, version DESC, kafka_offset DESC
    LIMIT 1 BY contract_id, row_from, row_to, src_system
  )
  WHERE is_deleted = 0
)
COMMENT '购买服务与协议：每件事物各时段的一物一行 [6755a09c61e8e59c]';

CREATE OR REPLACE VIEW dwd.contract_as_of_under
(
    under_code FixedString(12) COMMENT '在所选登记册中的区划代码',
    under_how LowCardinality(String) COMMENT '换算方式：same 未变，whole 整体归入，shared 按已知比例分，undivided 比例不明、留在共同上级，above 仅知上级，lost 去向无记载、留在上级',
    under_share Decimal(18, 12) COMMENT '本行占原数的份额',
    under_candidates Array(FixedString(12)) COMMENT '比例不明时可能的承接区划',
    contract_id String COMMENT '合同标识',
    kind LowCardinality(String) COMMENT '合同类型',
    division_code FixedString(12) COMMENT '受益区划',
    buyer_uscc Nullable(FixedString(18)) COMMENT '购买主体',
    provider_org_id Nullable(String) COMMENT '承接主体',
    provider_kind LowCardinality(Nullable(String)) COMMENT '承接主体类型',
    amount_yuan Nullable(Decimal(18, 4)) COMMENT '合同金额（元）',
    tier LowCardinality(Nullable(String)) COMMENT '购买层级',
    start_on Nullable(Date32) COMMENT '开始日期',
    end_on Nullable(Date32) COMMENT '结束日期',
    priority_flag Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '优先购买',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT way.1 AS under_code,
       way.2 AS under_how,
       way.4 - way.3 AS under_share,
       way.5 AS under_candidates,
       t.contract_id AS contract_id,
       t.kind AS kind,
       t.division_code AS division_code,
       t.buyer_uscc AS buyer_uscc,
       t.provider_org_id AS provider_org_id,
       t.provider_kind AS provider_kind,
       t.amount_yuan AS amount_yuan,
       t.tier AS tier,
       t.start_on AS start_on,
       t.end_on AS end_on,
       t.priority_flag AS priority_flag,
       t._src AS _src,
       t._at AS _at,
       t._rule AS _rule
FROM
(
  SELECT contract_id,
         kind,
         division_code,
         buyer_uscc,
         provider_org_id,
         provider_kind,
         amount_yuan,
         tier,
         start_on,
         end_on,
         priority_flag,
         src_system AS _src,
         event_time AS _at,
         multiIf(multiIf(src_tier = 'X', 1, src_tier = 'C', 2, src_tier = 'T', 3, src_tier = 'P', 4, 255) = 0, '', multiIf(src_tier = 'X', 1, src_tier = 'C', 2, src_tier = 'T', 3, src_tier = 'P', 4, 255) = 255, 'freshest', concat('authority:', toString(multiIf(src_tier = 'X', 1, src_tier = 'C', 2, src_tier = 'T', 3, src_tier = 'P', 4, 255)))) AS _rule
  FROM
  (
    SELECT *
    FROM
    (
      SELECT contract_id, kind, division_code, buyer_uscc, provider_org_id, provider_kind, amount_yuan, tier, start_on, end_on, priority_flag, src_system, src_tier, event_time, version, is_deleted
      FROM std.contract
      WHERE src_system IN ('county_offices') AND event_time <= parseDateTime64BestEffort({at:String}, 3, 'Asia/Shanghai') AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')
      ORDER BY contract_id DESC, src_system DESC, version DESC, kafka_offset DESC
      LIMIT 1 BY contract_id, src_system
    )
    WHERE is_deleted = 0
  )
) AS t
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 0 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS own ON own.code = t.division_code
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS town ON town.code = toFixedString(if(endsWith(t.division_code, '000'), '', concat(substring(t.division_code, 1, 9), '000')), 12)
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS county ON county.code = toFixedString(if(endsWith(t.division_code, '000000'), '', concat(substring(t.division_code, 1, 6), '000000')), 12)
ARRAY JOIN arrayConcat(
  arrayMap(x -> (x.3, x.4, x.5, x.6, x.7), arrayFilter(x -> x.1 <= toDate32(ifNull(t.start_on, today())) AND x.2 > toDate32(ifNull(t.start_on, today())), if(notEmpty(own.ways), own.ways, if(notEmpty(town.ways), town.ways, county.ways))) AS found),
  if(empty(found), [(t.division_code, 'same', toDecimal64(0, 12), toDecimal64(1, 12), emptyArrayString()::Array(FixedString(12)))], [])) AS way
WHERE throwIf((SELECT count() = 0 FROM dwd.division_remap), 'dwd.division_remap is empty: run "rongtong run integrate" once') = 0
COMMENT '购买服务与协议：任意时点（at）的一物一行，按任意时点（known）所知；按所选日期（under）的登记册 [63d48b0f52854c94]';

CREATE OR REPLACE VIEW dwd.contract_under
(
    under_code FixedString(12) COMMENT '在所选登记册中的区划代码',
    under_how LowCardinality(String) COMMENT '换算方式：same 未变，whole 整体归入，shared 按已知比例分，undivided 比例不明、留在共同上级，above 仅知上级，lost 去向无记载、留在上级',
    under_share Decimal(18, 12) COMMENT '本行占原数的份额',
    under_candidates Array(FixedString(12)) COMMENT '比例不明时可能的承接区划',
    contract_id String COMMENT '合同标识',
    kind LowCardinality(String) COMMENT '合同类型',
    division_code FixedString(12) COMMENT '受益区划',
    buyer_uscc Nullable(FixedString(18)) COMMENT '购买主体',
    provider_org_id Nullable(String) COMMENT '承接主体',
    provider_kind LowCardinality(Nullable(String)) COMMENT '承接主体类型',
    amount_yuan Nullable(Decimal(18, 4)) COMMENT '合同金额（元）',
    tier LowCardinality(Nullable(String)) COMMENT '购买层级',
    start_on Nullable(Date32) COMMENT '开始日期',
    end_on Nullable(Date32) COMMENT '结束日期',
    priority_flag Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '优先购买',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT way.1 AS under_code,
       way.2 AS under_how,
       way.4 - way.3 AS under_share,
       way.5 AS under_candidates,
       t.contract_id AS contract_id,
       t.kind AS kind,
       t.division_code AS division_code,
       t.buyer_uscc AS buyer_uscc,
       t.provider_org_id AS provider_org_id,
       t.provider_kind AS provider_kind,
       t.amount_yuan AS amount_yuan,
       t.tier AS tier,
       t.start_on AS start_on,
       t.end_on AS end_on,
       t.priority_flag AS priority_flag,
       t._src AS _src,
       t._at AS _at,
       t._rule AS _rule
FROM
(
  SELECT * FROM dwd.contract
) AS t
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 0 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS own ON own.code = t.division_code
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS town ON town.code = toFixedString(if(endsWith(t.division_code, '000'), '', concat(substring(t.division_code, 1, 9), '000')), 12)
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS county ON county.code = toFixedString(if(endsWith(t.division_code, '000000'), '', concat(substring(t.division_code, 1, 6), '000000')), 12)
ARRAY JOIN arrayConcat(
  arrayMap(x -> (x.3, x.4, x.5, x.6, x.7), arrayFilter(x -> x.1 <= toDate32(ifNull(t.start_on, today())) AND x.2 > toDate32(ifNull(t.start_on, today())), if(notEmpty(own.ways), own.ways, if(notEmpty(town.ways), town.ways, county.ways))) AS found),
  if(empty(found), [(t.division_code, 'same', toDecimal64(0, 12), toDecimal64(1, 12), emptyArrayString()::Array(FixedString(12)))], [])) AS way
WHERE throwIf((SELECT count() = 0 FROM dwd.division_remap), 'dwd.division_remap is empty: run "rongtong run integrate" once') = 0
COMMENT '购买服务与协议：按所选日期（under）的登记册看的一物一行 [66f5fa0cfc28ca28]';

CREATE OR REPLACE VIEW dwd.service_case_stat
(
    task_code String COMMENT '实施编码',
    accept_division FixedString(12) COMMENT '受理区划',
    day Date32 COMMENT '日期',
    accepted_n Nullable(Int64) COMMENT '受理数（件）',
    closed_n Nullable(Int64) COMMENT '办结数（件）',
    on_time_n Nullable(Int64) COMMENT '按时办结数（件）',
    cross_county_n Nullable(Int64) COMMENT '跨县受理数（件）',
    online_n Nullable(Int64) COMMENT '网上受理数（件）',
    median_days Nullable(Decimal(18, 4)) COMMENT '办理时长中位数（工作日）',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT task_code, accept_division, day, accepted_n, closed_n, on_time_n, cross_county_n, online_n, median_days, _src, _at, _rule
FROM dwd.service_case_stat__rows FINAL
WHERE is_deleted = 0
COMMENT '办件统计：一物一行 [08760cd4fa6d277e]';

CREATE OR REPLACE VIEW dwd.service_case_stat_under
(
    under_code FixedString(12) COMMENT '在所选登记册中的区划代码',
    under_how LowCardinality(String) COMMENT '换算方式：same 未变，whole 整体归入，shared 按已知比例分，undivided 比例不明、留在共同上级，above 仅知上级，lost 去向无记载、留在上级',
    under_share Decimal(18, 12) COMMENT '本行占原数的份额',
    under_candidates Array(FixedString(12)) COMMENT '比例不明时可能的承接区划',
    task_code String COMMENT '实施编码',
    accept_division FixedString(12) COMMENT '受理区划',
    day Date32 COMMENT '日期',
    accepted_n Nullable(Int64) COMMENT '受理数（件）',
    closed_n Nullable(Int64) COMMENT '办结数（件）',
    on_time_n Nullable(Int64) COMMENT '按时办结数（件）',
    cross_county_n Nullable(Int64) COMMENT '跨县受理数（件）',
    online_n Nullable(Int64) COMMENT '网上受理数（件）',
    median_days Nullable(Decimal(18, 4)) COMMENT '办理时长中位数（工作日）',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT way.1 AS under_code,
       way.2 AS under_how,
       way.4 - way.3 AS under_share,
       way.5 AS under_candidates,
       t.task_code AS task_code,
       t.accept_division AS accept_division,
       t.day AS day,
       CAST(round(toDecimal256(t.accepted_n, 0) * toDecimal256(way.4, 12), 0) - round(toDecimal256(t.accepted_n, 0) * toDecimal256(way.3, 12), 0), 'Nullable(Int64)') AS accepted_n,
       CAST(round(toDecimal256(t.closed_n, 0) * toDecimal256(way.4, 12), 0) - round(toDecimal256(t.closed_n, 0) * toDecimal256(way.3, 12), 0), 'Nullable(Int64)') AS closed_n,
       CAST(round(toDecimal256(t.on_time_n, 0) * toDecimal256(way.4, 12), 0) - round(toDecimal256(t.on_time_n, 0) * toDecimal256(way.3, 12), 0), 'Nullable(Int64)') AS on_time_n,
       CAST(round(toDecimal256(t.cross_county_n, 0) * toDecimal256(way.4, 12), 0) - round(toDecimal256(t.cross_county_n, 0) * toDecimal256(way.3, 12), 0), 'Nullable(Int64)') AS cross_county_n,
       CAST(round(toDecimal256(t.online_n, 0) * toDecimal256(way.4, 12), 0) - round(toDecimal256(t.online_n, 0) * toDecimal256(way.3, 12), 0), 'Nullable(Int64)') AS online_n,
       t.median_days AS median_days,
       t._src AS _src,
       t._at AS _at,
       t._rule AS _rule
FROM
(
  SELECT * FROM dwd.service_case_stat
) AS t
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 0 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS own ON own.code = t.accept_division
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS town ON town.code = toFixedString(if(endsWith(t.accept_division, '000'), '', concat(substring(t.accept_division, 1, 9), '000')), 12)
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS county ON county.code = toFixedString(if(endsWith(t.accept_division, '000000'), '', concat(substring(t.accept_division, 1, 6), '000000')), 12)
ARRAY JOIN arrayConcat(
  arrayMap(x -> (x.3, x.4, x.5, x.6, x.7), arrayFilter(x -> x.1 <= toDate32(t.day) AND x.2 > toDate32(t.day), if(notEmpty(own.ways), own.ways, if(notEmpty(town.ways), town.ways, county.ways))) AS found),
  if(empty(found), [(t.accept_division, 'same', toDecimal64(0, 12), toDecimal64(1, 12), emptyArrayString()::Array(FixedString(12)))], [])) AS way
WHERE throwIf((SELECT count() = 0 FROM dwd.division_remap), 'dwd.division_remap is empty: run "rongtong run integrate" once') = 0
COMMENT '办件统计：按所选日期（under）的登记册看的一物一行 [441ce8fdcd784f43]';

CREATE OR REPLACE VIEW dwd.service_item
(
    task_code String COMMENT '实施编码',
    task_version Int64 COMMENT '事项版本（版）',
    catalog_code String COMMENT '基本编码',
    task_name String COMMENT '事项名称',
    task_type LowCardinality(String) COMMENT '事项类型',
    use_level LowCardinality(String) COMMENT '行使层级',
    dept_uscc FixedString(18) COMMENT '实施主体',
    division_code Nullable(FixedString(12)) COMMENT '实施主体区划',
    accept_tier Array(String) COMMENT '受理层级',
    promise_day Nullable(Int64) COMMENT '承诺办结时限（工作日）',
    anticipate_day Nullable(Int64) COMMENT '法定办结时限（工作日）',
    limit_scene_num Nullable(Int64) COMMENT '到办事现场次数（次）',
    online_depth LowCardinality(Nullable(String)) COMMENT '网办深度',
    online_url_ok Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '网办链接可用',
    url_failed_since Nullable(Date32) COMMENT '链接失效起始日期',
    city_wide Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '市域通办',
    high_frequency Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '高频事项',
    channels Array(String) COMMENT '办理渠道',
    state LowCardinality(String) COMMENT '事项状态',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT task_code, task_version, catalog_code, task_name, task_type, use_level, dept_uscc, division_code, accept_tier, promise_day, anticipate_day, limit_scene_num, online_depth, online_url_ok, url_failed_since, city_wide, high_frequency, channels, state, _src, _at, _rule
FROM dwd.service_item__rows FINAL
WHERE is_deleted = 0
COMMENT '政务服务事项：一物一行 [87318a12ea867885]';

CREATE OR REPLACE VIEW dwd.service_item_as_of
(
    task_code String COMMENT '实施编码',
    task_version Int64 COMMENT '事项版本（版）',
    catalog_code String COMMENT '基本编码',
    task_name String COMMENT '事项名称',
    task_type LowCardinality(String) COMMENT '事项类型',
    use_level LowCardinality(String) COMMENT '行使层级',
    dept_uscc FixedString(18) COMMENT '实施主体',
    division_code Nullable(FixedString(12)) COMMENT '实施主体区划',
    accept_tier Array(String) COMMENT '受理层级',
    promise_day Nullable(Int64) COMMENT '承诺办结时限（工作日）',
    anticipate_day Nullable(Int64) COMMENT '法定办结时限（工作日）',
    limit_scene_num Nullable(Int64) COMMENT '到办事现场次数（次）',
    online_depth LowCardinality(Nullable(String)) COMMENT '网办深度',
    online_url_ok Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '网办链接可用',
    url_failed_since Nullable(Date32) COMMENT '链接失效起始日期',
    city_wide Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '市域通办',
    high_frequency Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '高频事项',
    channels Array(String) COMMENT '办理渠道',
    state LowCardinality(String) COMMENT '事项状态',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT task_code,
       task_version,
       catalog_code,
       task_name,
       task_type,
       use_level,
       dept_uscc,
       division_code,
       accept_tier,
       promise_day,
       anticipate_day,
       limit_scene_num,
       online_depth,
       online_url_ok,
       url_failed_since,
       city_wide,
       high_frequency,
       channels,
       state,
       src_system AS _src,
       event_time AS _at,
       multiIf(multiIf(src_system = 'province_gateway', 1, src_tier = 'P', 2, 255) = 0, '', multiIf(src_system = 'province_gateway', 1, src_tier = 'P', 2, 255) = 255, 'freshest', concat('authority:', toString(multiIf(src_system = 'province_gateway', 1, src_tier = 'P', 2, 255)))) AS _rule
FROM
(
  SELECT *
  FROM
  (
    SELECT task_code, task_version, catalog_code, task_name, task_type, use_level, dept_uscc, division_code, accept_tier, promise_day, anticipate_day, limit_scene_num, online_depth, online_url_ok, url_failed_since, city_wide, high_frequency, channels, state, src_system, src_tier, event_time, version, is_deleted
    FROM std.service_item
    WHERE src_system IN ('county_offices') AND event_time <= parseDateTime64BestEffort({at:String}, 3, 'Asia/Shanghai') AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')
    ORDER BY task_code DESC, task_version DESC, src_system DESC, version DESC, kafka_offset DESC
    LIMIT 1 BY task_code, task_version, src_system
  )
  WHERE is_deleted = 0
)
COMMENT '政务服务事项：任意时点（at）的一物一行，按任意时点（known）所知 [c7a58e55e3610315]';

CREATE OR REPLACE VIEW dwd.service_item_history
(
    row_from DateTime64(3, 'Asia/Shanghai') COMMENT '本行起始时间（含）',
    row_to DateTime64(3, 'Asia/Shanghai') COMMENT '本行终止时间（不含）；尚在有效为2299年末',
    task_code String COMMENT '实施编码',
    task_version Int64 COMMENT '事项版本（版）',
    catalog_code String COMMENT '基本编码',
    task_name String COMMENT '事项名称',
    task_type LowCardinality(String) COMMENT '事项类型',
    use_level LowCardinality(String) COMMENT '行使层级',
    dept_uscc FixedString(18) COMMENT '实施主体',
    division_code Nullable(FixedString(12)) COMMENT '实施主体区划',
    accept_tier Array(String) COMMENT '受理层级',
    promise_day Nullable(Int64) COMMENT '承诺办结时限（工作日）',
    anticipate_day Nullable(Int64) COMMENT '法定办结时限（工作日）',
    limit_scene_num Nullable(Int64) COMMENT '到办事现场次数（次）',
    online_depth LowCardinality(Nullable(String)) COMMENT '网办深度',
    online_url_ok Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '网办链接可用',
    url_failed_since Nullable(Date32) COMMENT '链接失效起始日期',
    city_wide Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '市域通办',
    high_frequency Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '高频事项',
    channels Array(String) COMMENT '办理渠道',
    state LowCardinality(String) COMMENT '事项状态',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT row_from,
       row_to,
       task_code,
       task_version,
       catalog_code,
       task_name,
       task_type,
       use_level,
       dept_uscc,
       division_code,
       accept_tier,
       promise_day,
       anticipate_day,
       limit_scene_num,
       online_depth,
       online_url_ok,
       url_failed_since,
       city_wide,
       high_frequency,
       channels,
       state,
       src_system AS _src,
       event_time AS _at,
       multiIf(multiIf(src_system = 'province_gateway', 1, src_tier = 'P', 2, 255) = 0, '', multiIf(src_system = 'province_gateway', 1, src_tier = 'P', 2, 255) = 255, 'freshest', concat('authority:', toString(multiIf(src_system = 'province_gateway', 1, src_tier = 'P', 2, 255)))) AS _rule
FROM
(
  SELECT *
  FROM
  (
    SELECT row_from, row_to, task_code, task_version, catalog_code, task_name, task_type, use_level, dept_uscc, division_code, accept_tier, promise_day, anticipate_day, limit_scene_num, online_depth, online_url_ok, url_failed_since, city_wide, high_frequency, channels, state, src_system, src_tier, event_time, version, is_deleted
    FROM (
      SELECT c.task_code AS task_code, c.task_version AS task_version, c.catalog_code AS catalog_code, c.task_name AS task_name, c.task_type AS task_type, c.use_level AS use_level, c.dept_uscc AS dept_uscc, c.division_code AS division_code, c.accept_tier AS accept_tier, c.promise_day AS promise_day, c.anticipate_day AS anticipate_day, c.limit_scene_num AS limit_scene_num, c.online_depth AS online_depth, c.online_url_ok AS online_url_ok, c.url_failed_since AS url_failed_since, c.city_wide AS city_wide, c.high_frequency AS high_frequency, c.channels AS channels, c.state AS state, c.src_system AS src_system, c.src_tier AS src_tier, c.src_division AS src_division, c.src_record_id AS src_record_id, c.event_time AS event_time, c.arrived_at AS arrived_at, c.version AS version, c.is_deleted AS is_deleted, c.q_flags AS q_flags, c.kafka_topic AS kafka_topic, c.kafka_partition AS kafka_partition, c.kafka_offset AS kafka_offset, c.place AS place, b.row_from AS row_from, b.row_to AS row_to
      FROM
      (
        SELECT * FROM std.service_item WHERE concatWithSeparator('|', toString(task_code), toString(task_version)) LIKE {thing:String} AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')
      ) AS c
      INNER JOIN
      (
        SELECT task_code, task_version, row_from, leadInFrame(row_from, 1, toDateTime64('2299-12-31 00:00:00', 3, 'Asia/Shanghai')) OVER (PARTITION BY task_code, task_version ORDER BY row_from ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS row_to
        FROM
        (
          SELECT DISTINCT task_code, task_version, event_time AS row_from FROM
          (
            SELECT * FROM std.service_item WHERE concatWithSeparator('|', toString(task_code), toString(task_version)) LIKE {thing:String} AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')
          )
        )
      ) AS b ON c.task_code = b.task_code AND c.task_version = b.task_version
      WHERE c.event_time <= b.row_from
    )
    WHERE src_system IN ('county_offices')
    ORDER BY task_code DESC, task_version DESC, row_from DESC, row_to DESC, src_system DESC, version DESC, kafka_offset DESC
    LIMIT 1 BY task_code, task_version, row_from, row_to, src_system
  )
  WHERE is_deleted = 0
)
COMMENT '政务服务事项：每件事物各时段的一物一行 [41dece66f1ff457c]';

CREATE OR REPLACE VIEW dwd.dispute_case
(
    case_key String COMMENT '案件标识',
    division_code FixedString(12) COMMENT '发生地区划',
    kind LowCardinality(String) COMMENT '纠纷类型',
    channel LowCardinality(Nullable(String)) COMMENT '调处渠道',
    accepted_on Nullable(Date32) COMMENT '受理日期',
    closed_on Nullable(Date32) COMMENT '办结日期',
    result LowCardinality(Nullable(String)) COMMENT '结果',
    parties_n Nullable(Int64) COMMENT '当事方数（方）',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT case_key, division_code, kind, channel, accepted_on, closed_on, result, parties_n, _src, _at, _rule
FROM dwp.dispute_case__rows FINAL
WHERE is_deleted = 0
COMMENT '矛盾纠纷：一物一行 [8207860cc730543c]';

CREATE OR REPLACE VIEW dwd.dispute_case_under
(
    under_code FixedString(12) COMMENT '在所选登记册中的区划代码',
    under_how LowCardinality(String) COMMENT '换算方式：same 未变，whole 整体归入，shared 按已知比例分，undivided 比例不明、留在共同上级，above 仅知上级，lost 去向无记载、留在上级',
    under_share Decimal(18, 12) COMMENT '本行占原数的份额',
    under_candidates Array(FixedString(12)) COMMENT '比例不明时可能的承接区划',
    case_key String COMMENT '案件标识',
    division_code FixedString(12) COMMENT '发生地区划',
    kind LowCardinality(String) COMMENT '纠纷类型',
    channel LowCardinality(Nullable(String)) COMMENT '调处渠道',
    accepted_on Nullable(Date32) COMMENT '受理日期',
    closed_on Nullable(Date32) COMMENT '办结日期',
    result LowCardinality(Nullable(String)) COMMENT '结果',
    parties_n Nullable(Int64) COMMENT '当事方数（方）',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT way.1 AS under_code,
       way.2 AS under_how,
       way.4 - way.3 AS under_share,
       way.5 AS under_candidates,
       t.case_key AS case_key,
       t.division_code AS division_code,
       t.kind AS kind,
       t.channel AS channel,
       t.accepted_on AS accepted_on,
       t.closed_on AS closed_on,
       t.result AS result,
       t.parties_n AS parties_n,
       t._src AS _src,
       t._at AS _at,
       t._rule AS _rule
FROM
(
  SELECT * FROM dwd.dispute_case
) AS t
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 0 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS own ON own.code = t.division_code
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS town ON town.code = toFixedString(if(endsWith(t.division_code, '000'), '', concat(substring(t.division_code, 1, 9), '000')), 12)
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS county ON county.code = toFixedString(if(endsWith(t.division_code, '000000'), '', concat(substring(t.division_code, 1, 6), '000000')), 12)
ARRAY JOIN arrayConcat(
  arrayMap(x -> (x.3, x.4, x.5, x.6, x.7), arrayFilter(x -> x.1 <= toDate32(ifNull(t.accepted_on, today())) AND x.2 > toDate32(ifNull(t.accepted_on, today())), if(notEmpty(own.ways), own.ways, if(notEmpty(town.ways), town.ways, county.ways))) AS found),
  if(empty(found), [(t.division_code, 'same', toDecimal64(0, 12), toDecimal64(1, 12), emptyArrayString()::Array(FixedString(12)))], [])) AS way
WHERE throwIf((SELECT count() = 0 FROM dwd.division_remap), 'dwd.division_remap is empty: run "rongtong run integrate" once') = 0
COMMENT '矛盾纠纷：按所选日期（under）的登记册看的一物一行 [1e195c0942798f7e]';

CREATE OR REPLACE VIEW dwd.enforcement_check
(
    check_id String COMMENT '检查标识',
    division_code FixedString(12) COMMENT '执法区划',
    power_item_id Nullable(String) COMMENT '权力事项',
    target_org_id Nullable(String) COMMENT '检查对象',
    random_object Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '随机抽取对象',
    random_inspector Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '随机选派人员',
    checked_on Nullable(Date32) COMMENT '检查日期',
    result_code LowCardinality(Nullable(String)) COMMENT '检查结果',
    decided_on Nullable(Date32) COMMENT '决定日期',
    published_on Nullable(Date32) COMMENT '公示日期',
    publish_url Nullable(String) COMMENT '公示地址',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT check_id, division_code, power_item_id, target_org_id, random_object, random_inspector, checked_on, result_code, decided_on, published_on, publish_url, _src, _at, _rule
FROM dwd.enforcement_check__rows FINAL
WHERE is_deleted = 0
COMMENT '执法检查：一物一行 [398f1033ea270dcf]';

CREATE OR REPLACE VIEW dwd.enforcement_check_under
(
    under_code FixedString(12) COMMENT '在所选登记册中的区划代码',
    under_how LowCardinality(String) COMMENT '换算方式：same 未变，whole 整体归入，shared 按已知比例分，undivided 比例不明、留在共同上级，above 仅知上级，lost 去向无记载、留在上级',
    under_share Decimal(18, 12) COMMENT '本行占原数的份额',
    under_candidates Array(FixedString(12)) COMMENT '比例不明时可能的承接区划',
    check_id String COMMENT '检查标识',
    division_code FixedString(12) COMMENT '执法区划',
    power_item_id Nullable(String) COMMENT '权力事项',
    target_org_id Nullable(String) COMMENT '检查对象',
    random_object Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '随机抽取对象',
    random_inspector Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '随机选派人员',
    checked_on Nullable(Date32) COMMENT '检查日期',
    result_code LowCardinality(Nullable(String)) COMMENT '检查结果',
    decided_on Nullable(Date32) COMMENT '决定日期',
    published_on Nullable(Date32) COMMENT '公示日期',
    publish_url Nullable(String) COMMENT '公示地址',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT way.1 AS under_code,
       way.2 AS under_how,
       way.4 - way.3 AS under_share,
       way.5 AS under_candidates,
       t.check_id AS check_id,
       t.division_code AS division_code,
       t.power_item_id AS power_item_id,
       t.target_org_id AS target_org_id,
       t.random_object AS random_object,
       t.random_inspector AS random_inspector,
       t.checked_on AS checked_on,
       t.result_code AS result_code,
       t.decided_on AS decided_on,
       t.published_on AS published_on,
       t.publish_url AS publish_url,
       t._src AS _src,
       t._at AS _at,
       t._rule AS _rule
FROM
(
  SELECT * FROM dwd.enforcement_check
) AS t
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 0 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS own ON own.code = t.division_code
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS town ON town.code = toFixedString(if(endsWith(t.division_code, '000'), '', concat(substring(t.division_code, 1, 9), '000')), 12)
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS county ON county.code = toFixedString(if(endsWith(t.division_code, '000000'), '', concat(substring(t.division_code, 1, 6), '000000')), 12)
ARRAY JOIN arrayConcat(
  arrayMap(x -> (x.3, x.4, x.5, x.6, x.7), arrayFilter(x -> x.1 <= toDate32(ifNull(t.checked_on, today())) AND x.2 > toDate32(ifNull(t.checked_on, today())), if(notEmpty(own.ways), own.ways, if(notEmpty(town.ways), town.ways, county.ways))) AS found),
  if(empty(found), [(t.division_code, 'same', toDecimal64(0, 12), toDecimal64(1, 12), emptyArrayString()::Array(FixedString(12)))], [])) AS way
WHERE throwIf((SELECT count() = 0 FROM dwd.division_remap), 'dwd.division_remap is empty: run "rongtong run integrate" once') = 0
COMMENT '执法检查：按所选日期（under）的登记册看的一物一行 [d6124d7e78357ab6]';

CREATE OR REPLACE VIEW dwd.grid_event
(
    event_id String COMMENT '事件编号',
    grid_id String COMMENT '网格编码',
    division_code FixedString(12) COMMENT '所在村（社区）',
    category LowCardinality(String) COMMENT '事件类别',
    reported_at DateTime64(3, 'Asia/Shanghai') COMMENT '上报时间',
    assigned_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '派遣时间',
    closed_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '办结时间',
    handling_tier LowCardinality(Nullable(String)) COMMENT '处置层级',
    outcome LowCardinality(Nullable(String)) COMMENT '处置结果',
    on_time Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '按时办结',
    post_id Nullable(String) COMMENT '处置岗位',
    text_len Nullable(Int64) COMMENT '描述字数（字）',
    keyword_codes Array(String) COMMENT '关键词代码',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT event_id, grid_id, division_code, category, reported_at, assigned_at, closed_at, handling_tier, outcome, on_time, post_id, text_len, keyword_codes, _src, _at, _rule
FROM dwp.grid_event__rows FINAL
WHERE is_deleted = 0
COMMENT '网格事件：一物一行 [e30cfb5a8e5743d1]';

CREATE OR REPLACE VIEW dwd.grid_event_as_of
(
    event_id String COMMENT '事件编号',
    grid_id String COMMENT '网格编码',
    division_code FixedString(12) COMMENT '所在村（社区）',
    category LowCardinality(String) COMMENT '事件类别',
    reported_at DateTime64(3, 'Asia/Shanghai') COMMENT '上报时间',
    assigned_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '派遣时间',
    closed_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '办结时间',
    handling_tier LowCardinality(Nullable(String)) COMMENT '处置层级',
    outcome LowCardinality(Nullable(String)) COMMENT '处置结果',
    on_time Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '按时办结',
    post_id Nullable(String) COMMENT '处置岗位',
    text_len Nullable(Int64) COMMENT '描述字数（字）',
    keyword_codes Array(String) COMMENT '关键词代码',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT event_id,
       grid_id,
       division_code,
       category,
       reported_at,
       assigned_at,
       closed_at,
       handling_tier,
       outcome,
       on_time,
       post_id,
       text_len,
       keyword_codes,
       src_system AS _src,
       event_time AS _at,
       multiIf(multiIf(src_system = 'city_operations', 1, 255) = 0, '', multiIf(src_system = 'city_operations', 1, 255) = 255, 'freshest', concat('authority:', toString(multiIf(src_system = 'city_operations', 1, 255)))) AS _rule
FROM
(
  SELECT *
  FROM
  (
    SELECT event_id, grid_id, division_code, category, reported_at, assigned_at, closed_at, handling_tier, outcome, on_time, post_id, text_len, keyword_codes, src_system, src_tier, event_time, version, is_deleted
    FROM std.grid_event
    WHERE src_system IN ('city_operations') AND event_time <= parseDateTime64BestEffort({at:String}, 3, 'Asia/Shanghai') AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')
    ORDER BY event_id DESC, src_system DESC, version DESC, kafka_offset DESC
    LIMIT 1 BY event_id, src_system
  )
  WHERE is_deleted = 0
)
COMMENT '网格事件：任意时点（at）的一物一行，按任意时点（known）所知 [0730f43498d23fcf]';

CREATE OR REPLACE VIEW dwd.grid_event_history
(
    row_from DateTime64(3, 'Asia/Shanghai') COMMENT '本行起始时间（含）',
    row_to DateTime64(3, 'Asia/Shanghai') COMMENT '本行终止时间（不含）；尚在有效为2299年末',
    event_id String COMMENT '事件编号',
    grid_id String COMMENT '网格编码',
    division_code FixedString(12) COMMENT '所在村（社区）',
    category LowCardinality(String) COMMENT '事件类别',
    reported_at DateTime64(3, 'Asia/Shanghai') COMMENT '上报时间',
    assigned_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '派遣时间',
    closed_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '办结时间',
    handling_tier LowCardinality(Nullable(String)) COMMENT '处置层级',
    outcome LowCardinality(Nullable(String)) COMMENT '处置结果',
    on_time Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '按时办结',
    post_id Nullable(String) COMMENT '处置岗位',
    text_len Nullable(Int64) COMMENT '描述字数（字）',
    keyword_codes Array(String) COMMENT '关键词代码',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT row_from,
       row_to,
       event_id,
       grid_id,
       division_code,
       category,
       reported_at,
       assigned_at,
       closed_at,
       handling_tier,
       outcome,
       on_time,
       post_id,
       text_len,
       keyword_codes,
       src_system AS _src,
       event_time AS _at,
       multiIf(multiIf(src_system = 'city_operations', 1, 255) = 0, '', multiIf(src_system = 'city_operations', 1, 255) = 255, 'freshest', concat('authority:', toString(multiIf(src_system = 'city_operations', 1, 255)))) AS _rule
FROM
(
  SELECT *
  FROM
  (
    SELECT row_from, row_to, event_id, grid_id, division_code, category, reported_at, assigned_at, closed_at, handling_tier, outcome, on_time, post_id, text_len, keyword_codes, src_system, src_tier, event_time, version, is_deleted
    FROM (
      SELECT c.event_id AS event_id, c.grid_id AS grid_id, c.division_code AS division_code, c.category AS category, c.reported_at AS reported_at, c.assigned_at AS assigned_at, c.closed_at AS closed_at, c.handling_tier AS handling_tier, c.outcome AS outcome, c.on_time AS on_time, c.post_id AS post_id, c.text_len AS text_len, c.keyword_codes AS keyword_codes, c.src_system AS src_system, c.src_tier AS src_tier, c.src_division AS src_division, c.src_record_id AS src_record_id, c.event_time AS event_time, c.arrived_at AS arrived_at, c.version AS version, c.is_deleted AS is_deleted, c.q_flags AS q_flags, c.kafka_topic AS kafka_topic, c.kafka_partition AS kafka_partition, c.kafka_offset AS kafka_offset, c.place AS place, b.row_from AS row_from, b.row_to AS row_to
      FROM
      (
        SELECT * FROM std.grid_event WHERE toString(event_id) LIKE {thing:String} AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')
      ) AS c
      INNER JOIN
      (
        SELECT event_id, row_from, leadInFrame(row_from, 1, toDateTime64('2299-12-31 00:00:00', 3, 'Asia/Shanghai')) OVER (PARTITION BY event_id ORDER BY row_from ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS row_to
        FROM
        (
          SELECT DISTINCT event_id, event_time AS row_from FROM
          (
            SELECT * FROM std.grid_event WHERE toString(event_id) LIKE {thing:String} AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')
          )
        )
      ) AS b ON c.event_id = b.event_id
      WHERE c.event_time <= b.row_from
    )
    WHERE src_system IN ('city_operations')
    ORDER BY event_id DESC, row_from DESC, row_to DESC, src_system DESC, version DESC, kafka_offset DESC
    LIMIT 1 BY event_id, row_from, row_to, src_system
  )
  WHERE is_deleted = 0
)
COMMENT '网格事件：每件事物各时段的一物一行 [32907e1b5914a8a9]';

CREATE OR REPLACE VIEW dwd.grid_event_as_of_under
(
    under_code FixedString(12) COMMENT '在所选登记册中的区划代码',
    under_how LowCardinality(String) COMMENT '换算方式：same 未变，whole 整体归入，shared 按已知比例分，undivided 比例不明、留在共同上级，above 仅知上级，lost 去向无记载、留在上级',
    under_share Decimal(18, 12) COMMENT '本行占原数的份额',
    under_candidates Array(FixedString(12)) COMMENT '比例不明时可能的承接区划',
    event_id String COMMENT '事件编号',
    grid_id String COMMENT '网格编码',
    division_code FixedString(12) COMMENT '所在村（社区）',
    category LowCardinality(String) COMMENT '事件类别',
    reported_at DateTime64(3, 'Asia/Shanghai') COMMENT '上报时间',
    assigned_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '派遣时间',
    closed_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '办结时间',
    handling_tier LowCardinality(Nullable(String)) COMMENT '处置层级',
    outcome LowCardinality(Nullable(String)) COMMENT '处置结果',
    on_time Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '按时办结',
    post_id Nullable(String) COMMENT '处置岗位',
    text_len Nullable(Int64) COMMENT '描述字数（字）',
    keyword_codes Array(String) COMMENT '关键词代码',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT way.1 AS under_code,
       way.2 AS under_how,
       way.4 - way.3 AS under_share,
       way.5 AS under_candidates,
       t.event_id AS event_id,
       t.grid_id AS grid_id,
       t.division_code AS division_code,
       t.category AS category,
       t.reported_at AS reported_at,
       t.assigned_at AS assigned_at,
       t.closed_at AS closed_at,
       t.handling_tier AS handling_tier,
       t.outcome AS outcome,
       t.on_time AS on_time,
       t.post_id AS post_id,
       t.text_len AS text_len,
       t.keyword_codes AS keyword_codes,
       t._src AS _src,
       t._at AS _at,
       t._rule AS _rule
FROM
(
  SELECT event_id,
         grid_id,
         division_code,
         category,
         reported_at,
         assigned_at,
         closed_at,
         handling_tier,
         outcome,
         on_time,
         post_id,
         text_len,
         keyword_codes,
         src_system AS _src,
         event_time AS _at,
         multiIf(multiIf(src_system = 'city_operations', 1, 255) = 0, '', multiIf(src_system = 'city_operations', 1, 255) = 255, 'freshest', concat('authority:', toString(multiIf(src_system = 'city_operations', 1, 255)))) AS _rule
  FROM
  (
    SELECT *
    FROM
    (
      SELECT event_id, grid_id, division_code, category, reported_at, assigned_at, closed_at, handling_tier, outcome, on_time, post_id, text_len, keyword_codes, src_system, src_tier, event_time, version, is_deleted
      FROM std.grid_event
      WHERE src_system IN ('city_operations') AND event_time <= parseDateTime64BestEffort({at:String}, 3, 'Asia/Shanghai') AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')
      ORDER BY event_id DESC, src_system DESC, version DESC, kafka_offset DESC
      LIMIT 1 BY event_id, src_system
    )
    WHERE is_deleted = 0
  )
) AS t
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 0 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS own ON own.code = t.division_code
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS town ON town.code = toFixedString(if(endsWith(t.division_code, '000'), '', concat(substring(t.division_code, 1, 9), '000')), 12)
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS county ON county.code = toFixedString(if(endsWith(t.division_code, '000000'), '', concat(substring(t.division_code, 1, 6), '000000')), 12)
ARRAY JOIN arrayConcat(
  arrayMap(x -> (x.3, x.4, x.5, x.6, x.7), arrayFilter(x -> x.1 <= toDate32(t.reported_at) AND x.2 > toDate32(t.reported_at), if(notEmpty(own.ways), own.ways, if(notEmpty(town.ways), town.ways, county.ways))) AS found),
  if(empty(found), [(t.division_code, 'same', toDecimal64(0, 12), toDecimal64(1, 12), emptyArrayString()::Array(FixedString(12)))], [])) AS way
WHERE throwIf((SELECT count() = 0 FROM dwd.division_remap), 'dwd.division_remap is empty: run "rongtong run integrate" once') = 0
COMMENT '网格事件：任意时点（at）的一物一行，按任意时点（known）所知；按所选日期（under）的登记册 [1b5943bda4b0cceb]';

CREATE OR REPLACE VIEW dwd.grid_event_under
(
    under_code FixedString(12) COMMENT '在所选登记册中的区划代码',
    under_how LowCardinality(String) COMMENT '换算方式：same 未变，whole 整体归入，shared 按已知比例分，undivided 比例不明、留在共同上级，above 仅知上级，lost 去向无记载、留在上级',
    under_share Decimal(18, 12) COMMENT '本行占原数的份额',
    under_candidates Array(FixedString(12)) COMMENT '比例不明时可能的承接区划',
    event_id String COMMENT '事件编号',
    grid_id String COMMENT '网格编码',
    division_code FixedString(12) COMMENT '所在村（社区）',
    category LowCardinality(String) COMMENT '事件类别',
    reported_at DateTime64(3, 'Asia/Shanghai') COMMENT '上报时间',
    assigned_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '派遣时间',
    closed_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '办结时间',
    handling_tier LowCardinality(Nullable(String)) COMMENT '处置层级',
    outcome LowCardinality(Nullable(String)) COMMENT '处置结果',
    on_time Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '按时办结',
    post_id Nullable(String) COMMENT '处置岗位',
    text_len Nullable(Int64) COMMENT '描述字数（字）',
    keyword_codes Array(String) COMMENT '关键词代码',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT way.1 AS under_code,
       way.2 AS under_how,
       way.4 - way.3 AS under_share,
       way.5 AS under_candidates,
       t.event_id AS event_id,
       t.grid_id AS grid_id,
       t.division_code AS division_code,
       t.category AS category,
       t.reported_at AS reported_at,
       t.assigned_at AS assigned_at,
       t.closed_at AS closed_at,
       t.handling_tier AS handling_tier,
       t.outcome AS outcome,
       t.on_time AS on_time,
       t.post_id AS post_id,
       t.text_len AS text_len,
       t.keyword_codes AS keyword_codes,
       t._src AS _src,
       t._at AS _at,
       t._rule AS _rule
FROM
(
  SELECT * FROM dwd.grid_event
) AS t
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 0 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS own ON own.code = t.division_code
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS town ON town.code = toFixedString(if(endsWith(t.division_code, '000'), '', concat(substring(t.division_code, 1, 9), '000')), 12)
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS county ON county.code = toFixedString(if(endsWith(t.division_code, '000000'), '', concat(substring(t.division_code, 1, 6), '000000')), 12)
ARRAY JOIN arrayConcat(
  arrayMap(x -> (x.3, x.4, x.5, x.6, x.7), arrayFilter(x -> x.1 <= toDate32(t.reported_at) AND x.2 > toDate32(t.reported_at), if(notEmpty(own.ways), own.ways, if(notEmpty(town.ways), town.ways, county.ways))) AS found),
  if(empty(found), [(t.division_code, 'same', toDecimal64(0, 12), toDecimal64(1, 12), emptyArrayString()::Array(FixedString(12)))], [])) AS way
WHERE throwIf((SELECT count() = 0 FROM dwd.division_remap), 'dwd.division_remap is empty: run "rongtong run integrate" once') = 0
COMMENT '网格事件：按所选日期（under）的登记册看的一物一行 [d7ba12b3087a1b8a]';

CREATE OR REPLACE VIEW dwd.petition_case
(
    case_key String COMMENT '事项标识',
    division_code FixedString(12) COMMENT '责任属地',
    is_first Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '初次信访',
    is_repeat Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '重复信访',
    is_backlog Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '积案',
    registered_tier LowCardinality(Nullable(String)) COMMENT '登记层级',
    category LowCardinality(Nullable(String)) COMMENT '类别',
    registered_on Nullable(Date32) COMMENT '登记日期',
    closed_on Nullable(Date32) COMMENT '办结日期',
    resolved_once Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '一次性化解',
    transferred_n Nullable(Int64) COMMENT '转送次数（次）',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT case_key, division_code, is_first, is_repeat, is_backlog, registered_tier, category, registered_on, closed_on, resolved_once, transferred_n, _src, _at, _rule
FROM dwp.petition_case__rows FINAL
WHERE is_deleted = 0
COMMENT '信访事项：一物一行 [b06dbb7282956a44]';

CREATE OR REPLACE VIEW dwd.petition_case_under
(
    under_code FixedString(12) COMMENT '在所选登记册中的区划代码',
    under_how LowCardinality(String) COMMENT '换算方式：same 未变，whole 整体归入，shared 按已知比例分，undivided 比例不明、留在共同上级，above 仅知上级，lost 去向无记载、留在上级',
    under_share Decimal(18, 12) COMMENT '本行占原数的份额',
    under_candidates Array(FixedString(12)) COMMENT '比例不明时可能的承接区划',
    case_key String COMMENT '事项标识',
    division_code FixedString(12) COMMENT '责任属地',
    is_first Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '初次信访',
    is_repeat Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '重复信访',
    is_backlog Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '积案',
    registered_tier LowCardinality(Nullable(String)) COMMENT '登记层级',
    category LowCardinality(Nullable(String)) COMMENT '类别',
    registered_on Nullable(Date32) COMMENT '登记日期',
    closed_on Nullable(Date32) COMMENT '办结日期',
    resolved_once Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '一次性化解',
    transferred_n Nullable(Int64) COMMENT '转送次数（次）',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT way.1 AS under_code,
       way.2 AS under_how,
       way.4 - way.3 AS under_share,
       way.5 AS under_candidates,
       t.case_key AS case_key,
       t.division_code AS division_code,
       t.is_first AS is_first,
       t.is_repeat AS is_repeat,
       t.is_backlog AS is_backlog,
       t.registered_tier AS registered_tier,
       t.category AS category,
       t.registered_on AS registered_on,
       t.closed_on AS closed_on,
       t.resolved_once AS resolved_once,
       t.transferred_n AS transferred_n,
       t._src AS _src,
       t._at AS _at,
       t._rule AS _rule
FROM
(
  SELECT * FROM dwd.petition_case
) AS t
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 0 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS own ON own.code = t.division_code
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS town ON town.code = toFixedString(if(endsWith(t.division_code, '000'), '', concat(substring(t.division_code, 1, 9), '000')), 12)
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS county ON county.code = toFixedString(if(endsWith(t.division_code, '000000'), '', concat(substring(t.division_code, 1, 6), '000000')), 12)
ARRAY JOIN arrayConcat(
  arrayMap(x -> (x.3, x.4, x.5, x.6, x.7), arrayFilter(x -> x.1 <= toDate32(ifNull(t.registered_on, today())) AND x.2 > toDate32(ifNull(t.registered_on, today())), if(notEmpty(own.ways), own.ways, if(notEmpty(town.ways), town.ways, county.ways))) AS found),
  if(empty(found), [(t.division_code, 'same', toDecimal64(0, 12), toDecimal64(1, 12), emptyArrayString()::Array(FixedString(12)))], [])) AS way
WHERE throwIf((SELECT count() = 0 FROM dwd.division_remap), 'dwd.division_remap is empty: run "rongtong run integrate" once') = 0
COMMENT '信访事项：按所选日期（under）的登记册看的一物一行 [b744aeb986a229df]';

CREATE OR REPLACE VIEW dwd.emergency_plan
(
    plan_id String COMMENT '记录标识',
    record_kind LowCardinality(String) COMMENT '记录类型',
    plan_kind LowCardinality(String) COMMENT '预案种类',
    division_code FixedString(12) COMMENT '区划',
    name Nullable(String) COMMENT '名称',
    issued_on Nullable(Date32) COMMENT '发布日期',
    drill_on Nullable(Date32) COMMENT '演练日期',
    participants_n Nullable(Int64) COMMENT '参加人数（人）',
    joint_divisions Array(String) COMMENT '联合乡镇代码',
    version_or_date Nullable(String) COMMENT '版本或日期',
    tier LowCardinality(Nullable(String)) COMMENT '层级',
    revised_on Nullable(Date32) COMMENT '修订日期',
    evaluated Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '已评估',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT plan_id, record_kind, plan_kind, division_code, name, issued_on, drill_on, participants_n, joint_divisions, version_or_date, tier, revised_on, evaluated, _src, _at, _rule
FROM dwd.emergency_plan__rows FINAL
WHERE is_deleted = 0
COMMENT '预案与演练：一物一行 [d40383c56d22d811]';

CREATE OR REPLACE VIEW dwd.emergency_plan_as_of
(
    plan_id String COMMENT '记录标识',
    record_kind LowCardinality(String) COMMENT '记录类型',
    plan_kind LowCardinality(String) COMMENT '预案种类',
    division_code FixedString(12) COMMENT '区划',
    name Nullable(String) COMMENT '名称',
    issued_on Nullable(Date32) COMMENT '发布日期',
    drill_on Nullable(Date32) COMMENT '演练日期',
    participants_n Nullable(Int64) COMMENT '参加人数（人）',
    joint_divisions Array(String) COMMENT '联合乡镇代码',
    version_or_date Nullable(String) COMMENT '版本或日期',
    tier LowCardinality(Nullable(String)) COMMENT '层级',
    revised_on Nullable(Date32) COMMENT '修订日期',
    evaluated Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '已评估',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT plan_id,
       record_kind,
       plan_kind,
       division_code,
       name,
       issued_on,
       drill_on,
       participants_n,
       joint_divisions,
       version_or_date,
       tier,
       revised_on,
       evaluated,
       src_system AS _src,
       event_time AS _at,
       multiIf(multiIf(src_system = 'township_ledger', 1, 255) = 0, '', multiIf(src_system = 'township_ledger', 1, 255) = 255, 'freshest', concat('authority:', toString(multiIf(src_system = 'township_ledger', 1, 255)))) AS _rule
FROM
(
  SELECT *
  FROM
  (
    SELECT plan_id, record_kind, plan_kind, division_code, name, issued_on, drill_on, participants_n, joint_divisions, version_or_date, tier, revised_on, evaluated, src_system, src_tier, event_time, version, is_deleted
    FROM std.emergency_plan
    WHERE src_system IN ('township_ledger') AND event_time <= parseDateTime64BestEffort({at:String}, 3, 'Asia/Shanghai') AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')
    ORDER BY plan_id DESC, src_system DESC, version DESC, kafka_offset DESC
    LIMIT 1 BY plan_id, src_system
  )
  WHERE is_deleted = 0
)
COMMENT '预案与演练：任意时点（at）的一物一行，按任意时点（known）所知 [b7d09b2bec38d068]';

CREATE OR REPLACE VIEW dwd.emergency_plan_history
(
    row_from DateTime64(3, 'Asia/Shanghai') COMMENT '本行起始时间（含）',
    row_to DateTime64(3, 'Asia/Shanghai') COMMENT '本行终止时间（不含）；尚在有效为2299年末',
    plan_id String COMMENT '记录标识',
    record_kind LowCardinality(String) COMMENT '记录类型',
    plan_kind LowCardinality(String) COMMENT '预案种类',
    division_code FixedString(12) COMMENT '区划',
    name Nullable(String) COMMENT '名称',
    issued_on Nullable(Date32) COMMENT '发布日期',
    drill_on Nullable(Date32) COMMENT '演练日期',
    participants_n Nullable(Int64) COMMENT '参加人数（人）',
    joint_divisions Array(String) COMMENT '联合乡镇代码',
    version_or_date Nullable(String) COMMENT '版本或日期',
    tier LowCardinality(Nullable(String)) COMMENT '层级',
    revised_on Nullable(Date32) COMMENT '修订日期',
    evaluated Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '已评估',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT row_from,
       row_to,
       plan_id,
       record_kind,
       plan_kind,
       division_code,
       name,
       issued_on,
       drill_on,
       participants_n,
       joint_divisions,
       version_or_date,
       tier,
       revised_on,
       evaluated,
       src_system AS _src,
       event_time AS _at,
       multiIf(multiIf(src_system = 'township_ledger', 1, 255) = 0, '', multiIf(src_system = 'township_ledger', 1, 255) = 255, 'freshest', concat('authority:', toString(multiIf(src_system = 'township_ledger', 1, 255)))) AS _rule
FROM
(
  SELECT *
  FROM
  (
    SELECT row_from, row_to, plan_id, record_kind, plan_kind, division_code, name, issued_on, drill_on, participants_n, joint_divisions, version_or_date, tier, revised_on, evaluated, src_system, src_tier, event_time, version, is_deleted
    FROM (
      SELECT c.plan_id AS plan_id, c.record_kind AS record_kind, c.plan_kind AS plan_kind, c.division_code AS division_code, c.name AS name, c.issued_on AS issued_on, c.drill_on AS drill_on, c.participants_n AS participants_n, c.joint_divisions AS joint_divisions, c.version_or_date AS version_or_date, c.tier AS tier, c.revised_on AS revised_on, c.evaluated AS evaluated, c.src_system AS src_system, c.src_tier AS src_tier, c.src_division AS src_division, c.src_record_id AS src_record_id, c.event_time AS event_time, c.arrived_at AS arrived_at, c.version AS version, c.is_deleted AS is_deleted, c.q_flags AS q_flags, c.kafka_topic AS kafka_topic, c.kafka_partition AS kafka_partition, c.kafka_offset AS kafka_offset, c.place AS place, b.row_from AS row_from, b.row_to AS row_to
      FROM
      (
        SELECT * FROM std.emergency_plan WHERE toString(plan_id) LIKE {thing:String} AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')
      ) AS c
      INNER JOIN
      (
        SELECT plan_id, row_from, leadInFrame(row_from, 1, toDateTime64('2299-12-31 00:00:00', 3, 'Asia/Shanghai')) OVER (PARTITION BY plan_id ORDER BY row_from ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS row_to
        FROM
        (
          SELECT DISTINCT plan_id, event_time AS row_from FROM
          (
            SELECT * FROM std.emergency_plan WHERE toString(plan_id) LIKE {thing:String} AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')
          )
        )
      ) AS b ON c.plan_id = b.plan_id
      WHERE c.event_time <= b.row_from
    )
    WHERE src_system IN ('township_ledger')
    ORDER BY plan_id DESC, row_from DESC, row_to DESC, src_system DESC, version DESC, kafka_offset DESC
    LIMIT 1 BY plan_id, row_from, row_to, src_system
  )
  WHERE is_deleted = 0
)
COMMENT '预案与演练：每件事物各时段的一物一行 [2c31d3dd17a51290]';

CREATE OR REPLACE VIEW dwd.emergency_plan_as_of_under
(
    under_code FixedString(12) COMMENT '在所选登记册中的区划代码',
    under_how LowCardinality(String) COMMENT '换算方式：same 未变，whole 整体归入，shared 按已知比例分，undivided 比例不明、留在共同上级，above 仅知上级，lost 去向无记载、留在上级',
    under_share Decimal(18, 12) COMMENT '本行占原数的份额',
    under_candidates Array(FixedString(12)) COMMENT '比例不明时可能的承接区划',
    plan_id String COMMENT '记录标识',
    record_kind LowCardinality(String) COMMENT '记录类型',
    plan_kind LowCardinality(String) COMMENT '预案种类',
    division_code FixedString(12) COMMENT '区划',
    name Nullable(String) COMMENT '名称',
    issued_on Nullable(Date32) COMMENT '发布日期',
    drill_on Nullable(Date32) COMMENT '演练日期',
    participants_n Nullable(Int64) COMMENT '参加人数（人）',
    joint_divisions Array(String) COMMENT '联合乡镇代码',
    version_or_date Nullable(String) COMMENT '版本或日期',
    tier LowCardinality(Nullable(String)) COMMENT '层级',
    revised_on Nullable(Date32) COMMENT '修订日期',
    evaluated Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '已评估',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT way.1 AS under_code,
       way.2 AS under_how,
       way.4 - way.3 AS under_share,
       way.5 AS under_candidates,
       t.plan_id AS plan_id,
       t.record_kind AS record_kind,
       t.plan_kind AS plan_kind,
       t.division_code AS division_code,
       t.name AS name,
       t.issued_on AS issued_on,
       t.drill_on AS drill_on,
       t.participants_n AS participants_n,
       t.joint_divisions AS joint_divisions,
       t.version_or_date AS version_or_date,
       t.tier AS tier,
       t.revised_on AS revised_on,
       t.evaluated AS evaluated,
       t._src AS _src,
       t._at AS _at,
       t._rule AS _rule
FROM
(
  SELECT plan_id,
         record_kind,
         plan_kind,
         division_code,
         name,
         issued_on,
         drill_on,
         participants_n,
         joint_divisions,
         version_or_date,
         tier,
         revised_on,
         evaluated,
         src_system AS _src,
         event_time AS _at,
         multiIf(multiIf(src_system = 'township_ledger', 1, 255) = 0, '', multiIf(src_system = 'township_ledger', 1, 255) = 255, 'freshest', concat('authority:', toString(multiIf(src_system = 'township_ledger', 1, 255)))) AS _rule
  FROM
  (
    SELECT *
    FROM
    (
      SELECT plan_id, record_kind, plan_kind, division_code, name, issued_on, drill_on, participants_n, joint_divisions, version_or_date, tier, revised_on, evaluated, src_system, src_tier, event_time, version, is_deleted
      FROM std.emergency_plan
      WHERE src_system IN ('township_ledger') AND event_time <= parseDateTime64BestEffort({at:String}, 3, 'Asia/Shanghai') AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')
      ORDER BY plan_id DESC, src_system DESC, version DESC, kafka_offset DESC
      LIMIT 1 BY plan_id, src_system
    )
    WHERE is_deleted = 0
  )
) AS t
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 0 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS own ON own.code = t.division_code
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS town ON town.code = toFixedString(if(endsWith(t.division_code, '000'), '', concat(substring(t.division_code, 1, 9), '000')), 12)
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS county ON county.code = toFixedString(if(endsWith(t.division_code, '000000'), '', concat(substring(t.division_code, 1, 6), '000000')), 12)
ARRAY JOIN arrayConcat(
  arrayMap(x -> (x.3, x.4, x.5, x.6, x.7), arrayFilter(x -> x.1 <= toDate32(ifNull(t.drill_on, today())) AND x.2 > toDate32(ifNull(t.drill_on, today())), if(notEmpty(own.ways), own.ways, if(notEmpty(town.ways), town.ways, county.ways))) AS found),
  if(empty(found), [(t.division_code, 'same', toDecimal64(0, 12), toDecimal64(1, 12), emptyArrayString()::Array(FixedString(12)))], [])) AS way
WHERE throwIf((SELECT count() = 0 FROM dwd.division_remap), 'dwd.division_remap is empty: run "rongtong run integrate" once') = 0
COMMENT '预案与演练：任意时点（at）的一物一行，按任意时点（known）所知；按所选日期（under）的登记册 [ebbf6b4a0204043a]';

CREATE OR REPLACE VIEW dwd.emergency_plan_under
(
    under_code FixedString(12) COMMENT '在所选登记册中的区划代码',
    under_how LowCardinality(String) COMMENT '换算方式：same 未变，whole 整体归入，shared 按已知比例分，undivided 比例不明、留在共同上级，above 仅知上级，lost 去向无记载、留在上级',
    under_share Decimal(18, 12) COMMENT '本行占原数的份额',
    under_candidates Array(FixedString(12)) COMMENT '比例不明时可能的承接区划',
    plan_id String COMMENT '记录标识',
    record_kind LowCardinality(String) COMMENT '记录类型',
    plan_kind LowCardinality(String) COMMENT '预案种类',
    division_code FixedString(12) COMMENT '区划',
    name Nullable(String) COMMENT '名称',
    issued_on Nullable(Date32) COMMENT '发布日期',
    drill_on Nullable(Date32) COMMENT '演练日期',
    participants_n Nullable(Int64) COMMENT '参加人数（人）',
    joint_divisions Array(String) COMMENT '联合乡镇代码',
    version_or_date Nullable(String) COMMENT '版本或日期',
    tier LowCardinality(Nullable(String)) COMMENT '层级',
    revised_on Nullable(Date32) COMMENT '修订日期',
    evaluated Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '已评估',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT way.1 AS under_code,
       way.2 AS under_how,
       way.4 - way.3 AS under_share,
       way.5 AS under_candidates,
       t.plan_id AS plan_id,
       t.record_kind AS record_kind,
       t.plan_kind AS plan_kind,
       t.division_code AS division_code,
       t.name AS name,
       t.issued_on AS issued_on,
       t.drill_on AS drill_on,
       t.participants_n AS participants_n,
       t.joint_divisions AS joint_divisions,
       t.version_or_date AS version_or_date,
       t.tier AS tier,
       t.revised_on AS revised_on,
       t.evaluated AS evaluated,
       t._src AS _src,
       t._at AS _at,
       t._rule AS _rule
FROM
(
  SELECT * FROM dwd.emergency_plan
) AS t
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 0 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS own ON own.code = t.division_code
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS town ON town.code = toFixedString(if(endsWith(t.division_code, '000'), '', concat(substring(t.division_code, 1, 9), '000')), 12)
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS county ON county.code = toFixedString(if(endsWith(t.division_code, '000000'), '', concat(substring(t.division_code, 1, 6), '000000')), 12)
ARRAY JOIN arrayConcat(
  arrayMap(x -> (x.3, x.4, x.5, x.6, x.7), arrayFilter(x -> x.1 <= toDate32(ifNull(t.drill_on, today())) AND x.2 > toDate32(ifNull(t.drill_on, today())), if(notEmpty(own.ways), own.ways, if(notEmpty(town.ways), town.ways, county.ways))) AS found),
  if(empty(found), [(t.division_code, 'same', toDecimal64(0, 12), toDecimal64(1, 12), emptyArrayString()::Array(FixedString(12)))], [])) AS way
WHERE throwIf((SELECT count() = 0 FROM dwd.division_remap), 'dwd.division_remap is empty: run "rongtong run integrate" once') = 0
COMMENT '预案与演练：按所选日期（under）的登记册看的一物一行 [cfbf104a7706c722]';

CREATE OR REPLACE VIEW dwd.emergency_stock
(
    facility_id String COMMENT '储备点',
    item_code String COMMENT '物资代码',
    as_of Date32 COMMENT '盘点日期',
    division_code FixedString(12) COMMENT '所在区划',
    item_class LowCardinality(Nullable(String)) COMMENT '物资大类',
    qty Nullable(Decimal(18, 4)) COMMENT '数量（of the row）',
    unit Nullable(String) COMMENT '计量单位',
    required_qty Nullable(Decimal(18, 4)) COMMENT '应储数量（of the row）',
    mode LowCardinality(String) COMMENT '储备方式',
    expires_on Nullable(Date32) COMMENT '有效期至',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT facility_id, item_code, as_of, division_code, item_class, qty, unit, required_qty, mode, expires_on, _src, _at, _rule
FROM dwd.emergency_stock__rows FINAL
WHERE is_deleted = 0
COMMENT '应急物资：一物一行 [cf88a82dc3f60169]';

CREATE OR REPLACE VIEW dwd.emergency_stock_as_of
(
    facility_id String COMMENT '储备点',
    item_code String COMMENT '物资代码',
    as_of Date32 COMMENT '盘点日期',
    division_code FixedString(12) COMMENT '所在区划',
    item_class LowCardinality(Nullable(String)) COMMENT '物资大类',
    qty Nullable(Decimal(18, 4)) COMMENT '数量（of the row）',
    unit Nullable(String) COMMENT '计量单位',
    required_qty Nullable(Decimal(18, 4)) COMMENT '应储数量（of the row）',
    mode LowCardinality(String) COMMENT '储备方式',
    expires_on Nullable(Date32) COMMENT '有效期至',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT facility_id,
       item_code,
       as_of,
       division_code,
       item_class,
       qty,
       unit,
       required_qty,
       mode,
       expires_on,
       src_system AS _src,
       event_time AS _at,
       multiIf(multiIf(src_tier = 'T', 1, src_tier = 'V', 2, src_tier = 'X', 3, 255) = 0, '', multiIf(src_tier = 'T', 1, src_tier = 'V', 2, src_tier = 'X', 3, 255) = 255, 'freshest', concat('authority:', toString(multiIf(src_tier = 'T', 1, src_tier = 'V', 2, src_tier = 'X', 3, 255)))) AS _rule
FROM
(
  SELECT *
  FROM
  (
    SELECT facility_id, item_code, as_of, division_code, item_class, qty, unit, required_qty, mode, expires_on, src_system, src_tier, event_time, version, is_deleted
    FROM std.emergency_stock
    WHERE src_system IN ('emergency_feed') AND event_time <= parseDateTime64BestEffort({at:String}, 3, 'Asia/Shanghai') AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')
    ORDER BY facility_id DESC, item_code DESC, as_of DESC, src_system DESC, version DESC, kafka_offset DESC
    LIMIT 1 BY facility_id, item_code, as_of, src_system
  )
  WHERE is_deleted = 0
)
COMMENT '应急物资：任意时点（at）的一物一行，按任意时点（known）所知 [ee111cf04bc45f96]';

CREATE OR REPLACE VIEW dwd.emergency_stock_history
(
    row_from DateTime64(3, 'Asia/Shanghai') COMMENT '本行起始时间（含）',
    row_to DateTime64(3, 'Asia/Shanghai') COMMENT '本行终止时间（不含）；尚在有效为2299年末',
    facility_id String COMMENT '储备点',
    item_code String COMMENT '物资代码',
    as_of Date32 COMMENT '盘点日期',
    division_code FixedString(12) COMMENT '所在区划',
    item_class LowCardinality(Nullable(String)) COMMENT '物资大类',
    qty Nullable(Decimal(18, 4)) COMMENT '数量（of the row）',
    unit Nullable(String) COMMENT '计量单位',
    required_qty Nullable(Decimal(18, 4)) COMMENT '应储数量（of the row）',
    mode LowCardinality(String) COMMENT '储备方式',
    expires_on Nullable(Date32) COMMENT '有效期至',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT row_from,
       row_to,
       facility_id,
       item_code,
       as_of,
       division_code,
       item_class,
       qty,
       unit,
       required_qty,
       mode,
       expires_on,
       src_system AS _src,
       event_time AS _at,
       multiIf(multiIf(src_tier = 'T', 1, src_tier = 'V', 2, src_tier = 'X', 3, 255) = 0, '', multiIf(src_tier = 'T', 1, src_tier = 'V', 2, src_tier = 'X', 3, 255) = 255, 'freshest', concat('authority:', toString(multiIf(src_tier = 'T', 1, src_tier = 'V', 2, src_tier = 'X', 3, 255)))) AS _rule
FROM
(
  SELECT *
  FROM
  (
    SELECT row_from, row_to, facility_id, item_code, as_of, division_code, item_class, qty, unit, required_qty, mode, expires_on, src_system, src_tier, event_time, version, is_deleted
    FROM (
      SELECT c.facility_id AS facility_id, c.item_code AS item_code, c.as_of AS as_of, c.division_code AS division_code, c.item_class AS item_class, c.qty AS qty, c.unit AS unit, c.required_qty AS required_qty, c.mode AS mode, c.expires_on AS expires_on, c.src_system AS src_system, c.src_tier AS src_tier, c.src_division AS src_division, c.src_record_id AS src_record_id, c.event_time AS event_time, c.arrived_at AS arrived_at, c.version AS version, c.is_deleted AS is_deleted, c.q_flags AS q_flags, c.kafka_topic AS kafka_topic, c.kafka_partition AS kafka_partition, c.kafka_offset AS kafka_offset, c.place AS place, b.row_from AS row_from, b.row_to AS row_to
      FROM
      (
        SELECT * FROM std.emergency_stock WHERE concatWithSeparator('|', toString(facility_id), toString(item_code), toString(as_of)) LIKE {thing:String} AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')
      ) AS c
      INNER JOIN
      (
        SELECT facility_id, item_code, as_of, row_from, leadInFrame(row_from, 1, toDateTime64('2299-12-31 00:00:00', 3, 'Asia/Shanghai')) OVER (PARTITION BY facility_id, item_code, as_of ORDER BY row_from ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS row_to
        FROM
        (
          SELECT DISTINCT facility_id, item_code, as_of, event_time AS row_from FROM
          (
            SELECT * FROM std.emergency_stock WHERE concatWithSeparator('|', toString(facility_id), toString(item_code), toString(as_of)) LIKE {thing:String} AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')
          )
        )
      ) AS b ON c.facility_id = b.facility_id AND c.item_code = b.item_code AND c.as_of = b.as_of
      WHERE c.event_time <= b.row_from
    )
    WHERE src_system IN ('emergency_feed')
    ORDER BY facility_id DESC, item_code DESC, as_of DESC, row_from DESC, row_to DESC, src_system DESC, version DESC, kafka_offset DESC
    LIMIT 1 BY facility_id, item_code, as_of, row_from, row_to, src_system
  )
  WHERE is_deleted = 0
)
COMMENT '应急物资：每件事物各时段的一物一行 [f30af58bd143ee9a]';

CREATE OR REPLACE VIEW dwd.emergency_stock_as_of_under
(
    under_code FixedString(12) COMMENT '在所选登记册中的区划代码',
    under_how LowCardinality(String) COMMENT '换算方式：same 未变，whole 整体归入，shared 按已知比例分，undivided 比例不明、留在共同上级，above 仅知上级，lost 去向无记载、留在上级',
    under_share Decimal(18, 12) COMMENT '本行占原数的份额',
    under_candidates Array(FixedString(12)) COMMENT '比例不明时可能的承接区划',
    facility_id String COMMENT '储备点',
    item_code String COMMENT '物资代码',
    as_of Date32 COMMENT '盘点日期',
    division_code FixedString(12) COMMENT '所在区划',
    item_class LowCardinality(Nullable(String)) COMMENT '物资大类',
    qty Nullable(Decimal(18, 4)) COMMENT '数量（of the row）',
    unit Nullable(String) COMMENT '计量单位',
    required_qty Nullable(Decimal(18, 4)) COMMENT '应储数量（of the row）',
    mode LowCardinality(String) COMMENT '储备方式',
    expires_on Nullable(Date32) COMMENT '有效期至',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT way.1 AS under_code,
       way.2 AS under_how,
       way.4 - way.3 AS under_share,
       way.5 AS under_candidates,
       t.facility_id AS facility_id,
       t.item_code AS item_code,
       t.as_of AS as_of,
       t.division_code AS division_code,
       t.item_class AS item_class,
       t.qty AS qty,
       t.unit AS unit,
       t.required_qty AS required_qty,
       t.mode AS mode,
       t.expires_on AS expires_on,
       t._src AS _src,
       t._at AS _at,
       t._rule AS _rule
FROM
(
  SELECT facility_id,
         item_code,
         as_of,
         division_code,
         item_class,
         qty,
         unit,
         required_qty,
         mode,
         expires_on,
         src_system AS _src,
         event_time AS _at,
         multiIf(multiIf(src_tier = 'T', 1, src_tier = 'V', 2, src_tier = 'X', 3, 255) = 0, '', multiIf(src_tier = 'T', 1, src_tier = 'V', 2, src_tier = 'X', 3, 255) = 255, 'freshest', concat('authority:', toString(multiIf(src_tier = 'T', 1, src_tier = 'V', 2, src_tier = 'X', 3, 255)))) AS _rule
  FROM
  (
    SELECT *
    FROM
    (
      SELECT facility_id, item_code, as_of, division_code, item_class, qty, unit, required_qty, mode, expires_on, src_system, src_tier, event_time, version, is_deleted
      FROM std.emergency_stock
      WHERE src_system IN ('emergency_feed') AND event_time <= parseDateTime64BestEffort({at:String}, 3, 'Asia/Shanghai') AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')
      ORDER BY facility_id DESC, item_code DESC, as_of DESC, src_system DESC, version DESC, kafka_offset DESC
      LIMIT 1 BY facility_id, item_code, as_of, src_system
    )
    WHERE is_deleted = 0
  )
) AS t
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 0 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS own ON own.code = t.division_code
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS town ON town.code = toFixedString(if(endsWith(t.division_code, '000'), '', concat(substring(t.division_code, 1, 9), '000')), 12)
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS county ON county.code = toFixedString(if(endsWith(t.division_code, '000000'), '', concat(substring(t.division_code, 1, 6), '000000')), 12)
ARRAY JOIN arrayConcat(
  arrayMap(x -> (x.3, x.4, x.5, x.6, x.7), arrayFilter(x -> x.1 <= toDate32(t.as_of) AND x.2 > toDate32(t.as_of), if(notEmpty(own.ways), own.ways, if(notEmpty(town.ways), town.ways, county.ways))) AS found),
  if(empty(found), [(t.division_code, 'same', toDecimal64(0, 12), toDecimal64(1, 12), emptyArrayString()::Array(FixedString(12)))], [])) AS way
WHERE throwIf((SELECT count() = 0 FROM dwd.division_remap), 'dwd.division_remap is empty: run "rongtong run integrate" once') = 0
COMMENT '应急物资：任意时点（at）的一物一行，按任意时点（known）所知；按所选日期（under）的登记册 [435b922a142a6339]';

CREATE OR REPLACE VIEW dwd.emergency_stock_under
(
    under_code FixedString(12) COMMENT '在所选登记册中的区划代码',
    under_how LowCardinality(String) COMMENT '换算方式：same 未变，whole 整体归入，shared 按已知比例分，undivided 比例不明、留在共同上级，above 仅知上级，lost 去向无记载、留在上级',
    under_share Decimal(18, 12) COMMENT '本行占原数的份额',
    under_candidates Array(FixedString(12)) COMMENT '比例不明时可能的承接区划',
    facility_id String COMMENT '储备点',
    item_code String COMMENT '物资代码',
    as_of Date32 COMMENT '盘点日期',
    division_code FixedString(12) COMMENT '所在区划',
    item_class LowCardinality(Nullable(String)) COMMENT '物资大类',
    qty Nullable(Decimal(18, 4)) COMMENT '数量（of the row）',
    unit Nullable(String) COMMENT '计量单位',
    required_qty Nullable(Decimal(18, 4)) COMMENT '应储数量（of the row）',
    mode LowCardinality(String) COMMENT '储备方式',
    expires_on Nullable(Date32) COMMENT '有效期至',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT way.1 AS under_code,
       way.2 AS under_how,
       way.4 - way.3 AS under_share,
       way.5 AS under_candidates,
       t.facility_id AS facility_id,
       t.item_code AS item_code,
       t.as_of AS as_of,
       t.division_code AS division_code,
       t.item_class AS item_class,
       t.qty AS qty,
       t.unit AS unit,
       t.required_qty AS required_qty,
       t.mode AS mode,
       t.expires_on AS expires_on,
       t._src AS _src,
       t._at AS _at,
       t._rule AS _rule
FROM
(
  SELECT * FROM dwd.emergency_stock
) AS t
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 0 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS own ON own.code = t.division_code
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS town ON town.code = toFixedString(if(endsWith(t.division_code, '000'), '', concat(substring(t.division_code, 1, 9), '000')), 12)
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS county ON county.code = toFixedString(if(endsWith(t.division_code, '000000'), '', concat(substring(t.division_code, 1, 6), '000000')), 12)
ARRAY JOIN arrayConcat(
  arrayMap(x -> (x.3, x.4, x.5, x.6, x.7), arrayFilter(x -> x.1 <= toDate32(t.as_of) AND x.2 > toDate32(t.as_of), if(notEmpty(own.ways), own.ways, if(notEmpty(town.ways), town.ways, county.ways))) AS found),
  if(empty(found), [(t.division_code, 'same', toDecimal64(0, 12), toDecimal64(1, 12), emptyArrayString()::Array(FixedString(12)))], [])) AS way
WHERE throwIf((SELECT count() = 0 FROM dwd.division_remap), 'dwd.division_remap is empty: run "rongtong run integrate" once') = 0
COMMENT '应急物资：按所选日期（under）的登记册看的一物一行 [9fe4ca8343b317b3]';

CREATE OR REPLACE VIEW dwd.assessment
(
    assess_id String COMMENT '考核标识',
    unit_ref String COMMENT '被考核单位',
    kind LowCardinality(String) COMMENT '考核类型',
    division_code FixedString(12) COMMENT '被考核单位所在区划',
    organiser_tier LowCardinality(Nullable(String)) COMMENT '组织层级',
    exempt Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '是否豁免清单',
    exempt_doc Nullable(String) COMMENT '豁免依据',
    period Nullable(String) COMMENT '考核周期',
    done_on Nullable(Date32) COMMENT '完成日期',
    published_on Nullable(Date32) COMMENT '公布日期',
    published_url Nullable(String) COMMENT '公布地址',
    used_in Array(String) COMMENT '结果运用',
    result_band LowCardinality(Nullable(String)) COMMENT '结果档次',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT assess_id, unit_ref, kind, division_code, organiser_tier, exempt, exempt_doc, period, done_on, published_on, published_url, used_in, result_band, _src, _at, _rule
FROM dwd.assessment__rows FINAL
WHERE is_deleted = 0
COMMENT '考核评价：一物一行 [db6a2ad39fe5995e]';

CREATE OR REPLACE VIEW dwd.assessment_under
(
    under_code FixedString(12) COMMENT '在所选登记册中的区划代码',
    under_how LowCardinality(String) COMMENT '换算方式：same 未变，whole 整体归入，shared 按已知比例分，undivided 比例不明、留在共同上级，above 仅知上级，lost 去向无记载、留在上级',
    under_share Decimal(18, 12) COMMENT '本行占原数的份额',
    under_candidates Array(FixedString(12)) COMMENT '比例不明时可能的承接区划',
    assess_id String COMMENT '考核标识',
    unit_ref String COMMENT '被考核单位',
    kind LowCardinality(String) COMMENT '考核类型',
    division_code FixedString(12) COMMENT '被考核单位所在区划',
    organiser_tier LowCardinality(Nullable(String)) COMMENT '组织层级',
    exempt Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '是否豁免清单',
    exempt_doc Nullable(String) COMMENT '豁免依据',
    period Nullable(String) COMMENT '考核周期',
    done_on Nullable(Date32) COMMENT '完成日期',
    published_on Nullable(Date32) COMMENT '公布日期',
    published_url Nullable(String) COMMENT '公布地址',
    used_in Array(String) COMMENT '结果运用',
    result_band LowCardinality(Nullable(String)) COMMENT '结果档次',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT way.1 AS under_code,
       way.2 AS under_how,
       way.4 - way.3 AS under_share,
       way.5 AS under_candidates,
       t.assess_id AS assess_id,
       t.unit_ref AS unit_ref,
       t.kind AS kind,
       t.division_code AS division_code,
       t.organiser_tier AS organiser_tier,
       t.exempt AS exempt,
       t.exempt_doc AS exempt_doc,
       t.period AS period,
       t.done_on AS done_on,
       t.published_on AS published_on,
       t.published_url AS published_url,
       t.used_in AS used_in,
       t.result_band AS result_band,
       t._src AS _src,
       t._at AS _at,
       t._rule AS _rule
FROM
(
  SELECT * FROM dwd.assessment
) AS t
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 0 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS own ON own.code = t.division_code
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS town ON town.code = toFixedString(if(endsWith(t.division_code, '000'), '', concat(substring(t.division_code, 1, 9), '000')), 12)
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS county ON county.code = toFixedString(if(endsWith(t.division_code, '000000'), '', concat(substring(t.division_code, 1, 6), '000000')), 12)
ARRAY JOIN arrayConcat(
  arrayMap(x -> (x.3, x.4, x.5, x.6, x.7), arrayFilter(x -> x.1 <= toDate32(ifNull(t.done_on, today())) AND x.2 > toDate32(ifNull(t.done_on, today())), if(notEmpty(own.ways), own.ways, if(notEmpty(town.ways), town.ways, county.ways))) AS found),
  if(empty(found), [(t.division_code, 'same', toDecimal64(0, 12), toDecimal64(1, 12), emptyArrayString()::Array(FixedString(12)))], [])) AS way
WHERE throwIf((SELECT count() = 0 FROM dwd.division_remap), 'dwd.division_remap is empty: run "rongtong run integrate" once') = 0
COMMENT '考核评价：按所选日期（under）的登记册看的一物一行 [1ab7d1bc3632ae47]';

CREATE OR REPLACE VIEW dwd.burden_record
(
    record_id String COMMENT '记录标识',
    kind LowCardinality(String) COMMENT '类型',
    division_code FixedString(12) COMMENT '承担区划',
    from_org Nullable(String) COMMENT '来源单位',
    raised_on Nullable(Date32) COMMENT '提出日期',
    approved_on Nullable(Date32) COMMENT '批准日期',
    township_consulted_on Nullable(Date32) COMMENT '征求乡镇意见日期',
    resolved_on Nullable(Date32) COMMENT '解决日期',
    form_id Nullable(String) COMMENT '报表',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT record_id, kind, division_code, from_org, raised_on, approved_on, township_consulted_on, resolved_on, form_id, _src, _at, _rule
FROM dwd.burden_record__rows FINAL
WHERE is_deleted = 0
COMMENT '减负记录：一物一行 [00e6a45c15759bb4]';

CREATE OR REPLACE VIEW dwd.burden_record_under
(
    under_code FixedString(12) COMMENT '在所选登记册中的区划代码',
    under_how LowCardinality(String) COMMENT '换算方式：same 未变，whole 整体归入，shared 按已知比例分，undivided 比例不明、留在共同上级，above 仅知上级，lost 去向无记载、留在上级',
    under_share Decimal(18, 12) COMMENT '本行占原数的份额',
    under_candidates Array(FixedString(12)) COMMENT '比例不明时可能的承接区划',
    record_id String COMMENT '记录标识',
    kind LowCardinality(String) COMMENT '类型',
    division_code FixedString(12) COMMENT '承担区划',
    from_org Nullable(String) COMMENT '来源单位',
    raised_on Nullable(Date32) COMMENT '提出日期',
    approved_on Nullable(Date32) COMMENT '批准日期',
    township_consulted_on Nullable(Date32) COMMENT '征求乡镇意见日期',
    resolved_on Nullable(Date32) COMMENT '解决日期',
    form_id Nullable(String) COMMENT '报表',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT way.1 AS under_code,
       way.2 AS under_how,
       way.4 - way.3 AS under_share,
       way.5 AS under_candidates,
       t.record_id AS record_id,
       t.kind AS kind,
       t.division_code AS division_code,
       t.from_org AS from_org,
       t.raised_on AS raised_on,
       t.approved_on AS approved_on,
       t.township_consulted_on AS township_consulted_on,
       t.resolved_on AS resolved_on,
       t.form_id AS form_id,
       t._src AS _src,
       t._at AS _at,
       t._rule AS _rule
FROM
(
  SELECT * FROM dwd.burden_record
) AS t
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 0 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS own ON own.code = t.division_code
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS town ON town.code = toFixedString(if(endsWith(t.division_code, '000'), '', concat(substring(t.division_code, 1, 9), '000')), 12)
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS county ON county.code = toFixedString(if(endsWith(t.division_code, '000000'), '', concat(substring(t.division_code, 1, 6), '000000')), 12)
ARRAY JOIN arrayConcat(
  arrayMap(x -> (x.3, x.4, x.5, x.6, x.7), arrayFilter(x -> x.1 <= toDate32(ifNull(t.raised_on, today())) AND x.2 > toDate32(ifNull(t.raised_on, today())), if(notEmpty(own.ways), own.ways, if(notEmpty(town.ways), town.ways, county.ways))) AS found),
  if(empty(found), [(t.division_code, 'same', toDecimal64(0, 12), toDecimal64(1, 12), emptyArrayString()::Array(FixedString(12)))], [])) AS way
WHERE throwIf((SELECT count() = 0 FROM dwd.division_remap), 'dwd.division_remap is empty: run "rongtong run integrate" once') = 0
COMMENT '减负记录：按所选日期（under）的登记册看的一物一行 [f292be44ff09cfb2]';

CREATE OR REPLACE VIEW dwd.list_item
(
    list_id String COMMENT '清单标识',
    item_no String COMMENT '事项序号',
    valid_from Date32 COMMENT '生效日期',
    valid_to Nullable(Date32) COMMENT '失效日期',
    division_code FixedString(12) COMMENT '适用区划',
    name String COMMENT '事项名称',
    service_task_code Nullable(String) COMMENT '政务服务事项编码',
    power_class LowCardinality(Nullable(String)) COMMENT '权力类别',
    uses_plaque Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '以挂牌为考核条件',
    change_reason Nullable(String) COMMENT '变更原因',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT list_id, item_no, valid_from, valid_to, division_code, name, service_task_code, power_class, uses_plaque, change_reason, _src, _at, _rule
FROM dwd.list_item__rows FINAL
WHERE is_deleted = 0
COMMENT '清单事项：一物一行 [7b300c2efea78969]';

CREATE OR REPLACE VIEW dwd.list_item_under
(
    under_code FixedString(12) COMMENT '在所选登记册中的区划代码',
    under_how LowCardinality(String) COMMENT '换算方式：same 未变，whole 整体归入，shared 按已知比例分，undivided 比例不明、留在共同上级，above 仅知上级，lost 去向无记载、留在上级',
    under_share Decimal(18, 12) COMMENT '本行占原数的份额',
    under_candidates Array(FixedString(12)) COMMENT '比例不明时可能的承接区划',
    list_id String COMMENT '清单标识',
    item_no String COMMENT '事项序号',
    valid_from Date32 COMMENT '生效日期',
    valid_to Nullable(Date32) COMMENT '失效日期',
    division_code FixedString(12) COMMENT '适用区划',
    name String COMMENT '事项名称',
    service_task_code Nullable(String) COMMENT '政务服务事项编码',
    power_class LowCardinality(Nullable(String)) COMMENT '权力类别',
    uses_plaque Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '以挂牌为考核条件',
    change_reason Nullable(String) COMMENT '变更原因',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT way.1 AS under_code,
       way.2 AS under_how,
       way.4 - way.3 AS under_share,
       way.5 AS under_candidates,
       t.list_id AS list_id,
       t.item_no AS item_no,
       t.valid_from AS valid_from,
       t.valid_to AS valid_to,
       t.division_code AS division_code,
       t.name AS name,
       t.service_task_code AS service_task_code,
       t.power_class AS power_class,
       t.uses_plaque AS uses_plaque,
       t.change_reason AS change_reason,
       t._src AS _src,
       t._at AS _at,
       t._rule AS _rule
FROM
(
  SELECT * FROM dwd.list_item
) AS t
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 0 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS own ON own.code = t.division_code
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS town ON town.code = toFixedString(if(endsWith(t.division_code, '000'), '', concat(substring(t.division_code, 1, 9), '000')), 12)
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS county ON county.code = toFixedString(if(endsWith(t.division_code, '000000'), '', concat(substring(t.division_code, 1, 6), '000000')), 12)
ARRAY JOIN arrayConcat(
  arrayMap(x -> (x.3, x.4, x.5, x.6, x.7), arrayFilter(x -> x.1 <= toDate32(t.valid_from) AND x.2 > toDate32(t.valid_from), if(notEmpty(own.ways), own.ways, if(notEmpty(town.ways), town.ways, county.ways))) AS found),
  if(empty(found), [(t.division_code, 'same', toDecimal64(0, 12), toDecimal64(1, 12), emptyArrayString()::Array(FixedString(12)))], [])) AS way
WHERE throwIf((SELECT count() = 0 FROM dwd.division_remap), 'dwd.division_remap is empty: run "rongtong run integrate" once') = 0
COMMENT '清单事项：按所选日期（under）的登记册看的一物一行 [5f90e8b4ce224591]';

CREATE OR REPLACE VIEW dwd.list_register
(
    list_id String COMMENT '清单标识',
    list_version String COMMENT '清单版本',
    kind LowCardinality(String) COMMENT '清单类型',
    issuer_org Nullable(String) COMMENT '发布单位',
    scope_tier LowCardinality(Nullable(String)) COMMENT '适用层级',
    division_code FixedString(12) COMMENT '适用区划',
    document_no Nullable(String) COMMENT '文号',
    issued_on Nullable(Date32) COMMENT '发布日期',
    reviewed_on Nullable(Date32) COMMENT '评估日期',
    valid_to Nullable(Date32) COMMENT '失效日期',
    published_url Nullable(String) COMMENT '公布地址',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT list_id, list_version, kind, issuer_org, scope_tier, division_code, document_no, issued_on, reviewed_on, valid_to, published_url, _src, _at, _rule
FROM dwd.list_register__rows FINAL
WHERE is_deleted = 0
COMMENT '清单：一物一行 [c466e1373806aab6]';

CREATE OR REPLACE VIEW dwd.list_register_under
(
    under_code FixedString(12) COMMENT '在所选登记册中的区划代码',
    under_how LowCardinality(String) COMMENT '换算方式：same 未变，whole 整体归入，shared 按已知比例分，undivided 比例不明、留在共同上级，above 仅知上级，lost 去向无记载、留在上级',
    under_share Decimal(18, 12) COMMENT '本行占原数的份额',
    under_candidates Array(FixedString(12)) COMMENT '比例不明时可能的承接区划',
    list_id String COMMENT '清单标识',
    list_version String COMMENT '清单版本',
    kind LowCardinality(String) COMMENT '清单类型',
    issuer_org Nullable(String) COMMENT '发布单位',
    scope_tier LowCardinality(Nullable(String)) COMMENT '适用层级',
    division_code FixedString(12) COMMENT '适用区划',
    document_no Nullable(String) COMMENT '文号',
    issued_on Nullable(Date32) COMMENT '发布日期',
    reviewed_on Nullable(Date32) COMMENT '评估日期',
    valid_to Nullable(Date32) COMMENT '失效日期',
    published_url Nullable(String) COMMENT '公布地址',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT way.1 AS under_code,
       way.2 AS under_how,
       way.4 - way.3 AS under_share,
       way.5 AS under_candidates,
       t.list_id AS list_id,
       t.list_version AS list_version,
       t.kind AS kind,
       t.issuer_org AS issuer_org,
       t.scope_tier AS scope_tier,
       t.division_code AS division_code,
       t.document_no AS document_no,
       t.issued_on AS issued_on,
       t.reviewed_on AS reviewed_on,
       t.valid_to AS valid_to,
       t.published_url AS published_url,
       t._src AS _src,
       t._at AS _at,
       t._rule AS _rule
FROM
(
  SELECT * FROM dwd.list_register
) AS t
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 0 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS own ON own.code = t.division_code
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS town ON town.code = toFixedString(if(endsWith(t.division_code, '000'), '', concat(substring(t.division_code, 1, 9), '000')), 12)
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS county ON county.code = toFixedString(if(endsWith(t.division_code, '000000'), '', concat(substring(t.division_code, 1, 6), '000000')), 12)
ARRAY JOIN arrayConcat(
  arrayMap(x -> (x.3, x.4, x.5, x.6, x.7), arrayFilter(x -> x.1 <= toDate32(ifNull(t.issued_on, today())) AND x.2 > toDate32(ifNull(t.issued_on, today())), if(notEmpty(own.ways), own.ways, if(notEmpty(town.ways), town.ways, county.ways))) AS found),
  if(empty(found), [(t.division_code, 'same', toDecimal64(0, 12), toDecimal64(1, 12), emptyArrayString()::Array(FixedString(12)))], [])) AS way
WHERE throwIf((SELECT count() = 0 FROM dwd.division_remap), 'dwd.division_remap is empty: run "rongtong run integrate" once') = 0
COMMENT '清单：按所选日期（under）的登记册看的一物一行 [700eb35f1d5a3638]';

CREATE OR REPLACE VIEW dwd.collective_asset
(
    org_id String COMMENT '组织标识',
    fiscal_year Int64 COMMENT '年度（年）',
    division_code FixedString(12) COMMENT '所在区划',
    inventory_on Nullable(Date32) COMMENT '清查日期',
    reported_on Nullable(Date32) COMMENT '上报日期',
    total_asset_yuan Nullable(Decimal(18, 4)) COMMENT '资产总额（元）',
    idle_value_yuan Nullable(Decimal(18, 4)) COMMENT '闲置资产额（元）',
    activated_value_yuan Nullable(Decimal(18, 4)) COMMENT '盘活资产额（元）',
    area_mu_src Nullable(Decimal(18, 4)) COMMENT '来源面积（亩）',
    area_m2 Nullable(Decimal(18, 4)) COMMENT '面积（m2）',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT org_id, fiscal_year, division_code, inventory_on, reported_on, total_asset_yuan, idle_value_yuan, activated_value_yuan, area_mu_src, area_m2, _src, _at, _rule
FROM dwd.collective_asset__rows FINAL
WHERE is_deleted = 0
COMMENT '集体资产：一物一行 [75dda5a13bd65e9b]';

CREATE OR REPLACE VIEW dwd.collective_asset_under
(
    under_code FixedString(12) COMMENT '在所选登记册中的区划代码',
    under_how LowCardinality(String) COMMENT '换算方式：same 未变，whole 整体归入，shared 按已知比例分，undivided 比例不明、留在共同上级，above 仅知上级，lost 去向无记载、留在上级',
    under_share Decimal(18, 12) COMMENT '本行占原数的份额',
    under_candidates Array(FixedString(12)) COMMENT '比例不明时可能的承接区划',
    org_id String COMMENT '组织标识',
    fiscal_year Int64 COMMENT '年度（年）',
    division_code FixedString(12) COMMENT '所在区划',
    inventory_on Nullable(Date32) COMMENT '清查日期',
    reported_on Nullable(Date32) COMMENT '上报日期',
    total_asset_yuan Nullable(Decimal(18, 4)) COMMENT '资产总额（元）',
    idle_value_yuan Nullable(Decimal(18, 4)) COMMENT '闲置资产额（元）',
    activated_value_yuan Nullable(Decimal(18, 4)) COMMENT '盘活资产额（元）',
    area_mu_src Nullable(Decimal(18, 4)) COMMENT '来源面积（亩）',
    area_m2 Nullable(Decimal(18, 4)) COMMENT '面积（m2）',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT way.1 AS under_code,
       way.2 AS under_how,
       way.4 - way.3 AS under_share,
       way.5 AS under_candidates,
       t.org_id AS org_id,
       t.fiscal_year AS fiscal_year,
       t.division_code AS division_code,
       t.inventory_on AS inventory_on,
       t.reported_on AS reported_on,
       t.total_asset_yuan AS total_asset_yuan,
       t.idle_value_yuan AS idle_value_yuan,
       t.activated_value_yuan AS activated_value_yuan,
       t.area_mu_src AS area_mu_src,
       t.area_m2 AS area_m2,
       t._src AS _src,
       t._at AS _at,
       t._rule AS _rule
FROM
(
  SELECT * FROM dwd.collective_asset
) AS t
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 0 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS own ON own.code = t.division_code
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS town ON town.code = toFixedString(if(endsWith(t.division_code, '000'), '', concat(substring(t.division_code, 1, 9), '000')), 12)
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS county ON county.code = toFixedString(if(endsWith(t.division_code, '000000'), '', concat(substring(t.division_code, 1, 6), '000000')), 12)
ARRAY JOIN arrayConcat(
  arrayMap(x -> (x.3, x.4, x.5, x.6, x.7), arrayFilter(x -> x.1 <= toDate32(t._at) AND x.2 > toDate32(t._at), if(notEmpty(own.ways), own.ways, if(notEmpty(town.ways), town.ways, county.ways))) AS found),
  if(empty(found), [(t.division_code, 'same', toDecimal64(0, 12), toDecimal64(1, 12), emptyArrayString()::Array(FixedString(12)))], [])) AS way
WHERE throwIf((SELECT count() = 0 FROM dwd.division_remap), 'dwd.division_remap is empty: run "rongtong run integrate" once') = 0
COMMENT '集体资产：按所选日期（under）的登记册看的一物一行 [56827f5e65cdd5f2]';

CREATE OR REPLACE VIEW dwd.fiscal_fact
(
    division_code FixedString(12) COMMENT '区划',
    subject LowCardinality(String) COMMENT '科目',
    fiscal_year Int64 COMMENT '年度（年）',
    payer_tier LowCardinality(String) COMMENT '负担层级',
    amount_yuan Nullable(Decimal(18, 4)) COMMENT '金额（元）',
    entitled_yuan Nullable(Decimal(18, 4)) COMMENT '应拨金额（元）',
    paid_yuan Nullable(Decimal(18, 4)) COMMENT '实拨金额（元）',
    src_unit LowCardinality(Nullable(String)) COMMENT '来源单位',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT division_code, subject, fiscal_year, payer_tier, amount_yuan, entitled_yuan, paid_yuan, src_unit, _src, _at, _rule
FROM dwd.fiscal_fact__rows FINAL
WHERE is_deleted = 0
COMMENT '财力：一物一行 [5d8ba9d1a362e081]';

CREATE OR REPLACE VIEW dwd.fiscal_fact_as_of
(
    division_code FixedString(12) COMMENT '区划',
    subject LowCardinality(String) COMMENT '科目',
    fiscal_year Int64 COMMENT '年度（年）',
    payer_tier LowCardinality(String) COMMENT '负担层级',
    amount_yuan Nullable(Decimal(18, 4)) COMMENT '金额（元）',
    entitled_yuan Nullable(Decimal(18, 4)) COMMENT '应拨金额（元）',
    paid_yuan Nullable(Decimal(18, 4)) COMMENT '实拨金额（元）',
    src_unit LowCardinality(Nullable(String)) COMMENT '来源单位',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT division_code,
       subject,
       fiscal_year,
       payer_tier,
       amount_yuan,
       entitled_yuan,
       paid_yuan,
       src_unit,
       src_system AS _src,
       event_time AS _at,
       multiIf(multiIf(src_tier = 'X', 1, src_tier = 'C', 2, src_tier = 'P', 3, src_tier = 'T', 4, 255) = 0, '', multiIf(src_tier = 'X', 1, src_tier = 'C', 2, src_tier = 'P', 3, src_tier = 'T', 4, 255) = 255, 'freshest', concat('authority:', toString(multiIf(src_tier = 'X', 1, src_tier = 'C', 2, src_tier = 'P', 3, src_tier = 'T', 4, 255)))) AS _rule
FROM
(
  SELECT *
  FROM
  (
    SELECT division_code, subject, fiscal_year, payer_tier, amount_yuan, entitled_yuan, paid_yuan, src_unit, src_system, src_tier, event_time, version, is_deleted
    FROM std.fiscal_fact
    WHERE src_system IN ('county_offices') AND event_time <= parseDateTime64BestEffort({at:String}, 3, 'Asia/Shanghai') AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')
    ORDER BY division_code DESC, subject DESC, fiscal_year DESC, payer_tier DESC, src_system DESC, version DESC, kafka_offset DESC
    LIMIT 1 BY division_code, subject, fiscal_year, payer_tier, src_system
  )
  WHERE is_deleted = 0
)
COMMENT '财力：任意时点（at）的一物一行，按任意时点（known）所知 [c00c58a2bc44885a]';

CREATE OR REPLACE VIEW dwd.fiscal_fact_history
(
    row_from DateTime64(3, 'Asia/Shanghai') COMMENT '本行起始时间（含）',
    row_to DateTime64(3, 'Asia/Shanghai') COMMENT '本行终止时间（不含）；尚在有效为2299年末',
    division_code FixedString(12) COMMENT '区划',
    subject LowCardinality(String) COMMENT '科目',
    fiscal_year Int64 COMMENT '年度（年）',
    payer_tier LowCardinality(String) COMMENT '负担层级',
    amount_yuan Nullable(Decimal(18, 4)) COMMENT '金额（元）',
    entitled_yuan Nullable(Decimal(18, 4)) COMMENT '应拨金额（元）',
    paid_yuan Nullable(Decimal(18, 4)) COMMENT '实拨金额（元）',
    src_unit LowCardinality(Nullable(String)) COMMENT '来源单位',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT row_from,
       row_to,
       division_code,
       subject,
       fiscal_year,
       payer_tier,
       amount_yuan,
       entitled_yuan,
       paid_yuan,
       src_unit,
       src_system AS _src,
       event_time AS _at,
       multiIf(multiIf(src_tier = 'X', 1, src_tier = 'C', 2, src_tier = 'P', 3, src_tier = 'T', 4, 255) = 0, '', multiIf(src_tier = 'X', 1, src_tier = 'C', 2, src_tier = 'P', 3, src_tier = 'T', 4, 255) = 255, 'freshest', concat('authority:', toString(multiIf(src_tier = 'X', 1, src_tier = 'C', 2, src_tier = 'P', 3, src_tier = 'T', 4, 255)))) AS _rule
FROM
(
  SELECT *
  FROM
  (
    SELECT row_from, row_to, division_code, subject, fiscal_year, payer_tier, amount_yuan, entitled_yuan, paid_yuan, src_unit, src_system, src_tier, event_time, version, is_deleted
    FROM (
      SELECT c.division_code AS division_code, c.subject AS subject, c.fiscal_year AS fiscal_year, c.payer_tier AS payer_tier, c.amount_yuan AS amount_yuan, c.entitled_yuan AS entitled_yuan, c.paid_yuan AS paid_yuan, c.src_unit AS src_unit, c.src_system AS src_system, c.src_tier AS src_tier, c.src_division AS src_division, c.src_record_id AS src_record_id, c.event_time AS event_time, c.arrived_at AS arrived_at, c.version AS version, c.is_deleted AS is_deleted, c.q_flags AS q_flags, c.kafka_topic AS kafka_topic, c.kafka_partition AS kafka_partition, c.kafka_offset AS kafka_offset, c.place AS place, b.row_from AS row_from, b.row_to AS row_to
      FROM
      (
        SELECT * FROM std.fiscal_fact WHERE concatWithSeparator('|', toString(division_code), toString(subject), toString(fiscal_year), toString(payer_tier)) LIKE {thing:String} AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')
      ) AS c
      INNER JOIN
      (
        SELECT division_code, subject, fiscal_year, payer_tier, row_from, leadInFrame(row_from, 1, toDateTime64('2299-12-31 00:00:00', 3, 'Asia/Shanghai')) OVER (PARTITION BY division_code, subject, fiscal_year, payer_tier ORDER BY row_from ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS row_to
        FROM
        (
          SELECT DISTINCT division_code, subject, fiscal_year, payer_tier, event_time AS row_from FROM
          (
            SELECT * FROM std.fiscal_fact WHERE concatWithSeparator('|', toString(division_code), toString(subject), toString(fiscal_year), toString(payer_tier)) LIKE {thing:String} AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')
          )
        )
      ) AS b ON c.division_code = b.division_code AND c.subject = b.subject AND c.fiscal_year = b.fiscal_year AND c.payer_tier = b.payer_tier
      WHERE c.event_time <= b.row_from
    )
    WHERE src_system IN ('county_offices')
    ORDER BY division_code DESC, subject DESC, fiscal_year DESC, payer_tier DESC, row_from DESC, row_to DESC, src_system DESC, version DESC, kafka_offset DESC
    LIMIT 1 BY division_code, subject, fiscal_year, payer_tier, row_from, row_to, src_system
  )
  WHERE is_deleted = 0
)
COMMENT '财力：每件事物各时段的一物一行 [5ea922550288eaac]';

CREATE OR REPLACE VIEW dwd.fiscal_fact_as_of_under
(
    under_code FixedString(12) COMMENT '在所选登记册中的区划代码',
    under_how LowCardinality(String) COMMENT '换算方式：same 未变，whole 整体归入，shared 按已知比例分，undivided 比例不明、留在共同上级，above 仅知上级，lost 去向无记载、留在上级',
    under_share Decimal(18, 12) COMMENT '本行占原数的份额',
    under_candidates Array(FixedString(12)) COMMENT '比例不明时可能的承接区划',
    division_code FixedString(12) COMMENT '区划',
    subject LowCardinality(String) COMMENT '科目',
    fiscal_year Int64 COMMENT '年度（年）',
    payer_tier LowCardinality(String) COMMENT '负担层级',
    amount_yuan Nullable(Decimal(18, 4)) COMMENT '金额（元）',
    entitled_yuan Nullable(Decimal(18, 4)) COMMENT '应拨金额（元）',
    paid_yuan Nullable(Decimal(18, 4)) COMMENT '实拨金额（元）',
    src_unit LowCardinality(Nullable(String)) COMMENT '来源单位',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT way.1 AS under_code,
       way.2 AS under_how,
       way.4 - way.3 AS under_share,
       way.5 AS under_candidates,
       t.division_code AS division_code,
       t.subject AS subject,
       t.fiscal_year AS fiscal_year,
       t.payer_tier AS payer_tier,
       CAST(round(toDecimal256(t.amount_yuan, 4) * toDecimal256(way.4, 12), 4) - round(toDecimal256(t.amount_yuan, 4) * toDecimal256(way.3, 12), 4), 'Nullable(Decimal(18, 4))') AS amount_yuan,
       CAST(round(toDecimal256(t.entitled_yuan, 4) * toDecimal256(way.4, 12), 4) - round(toDecimal256(t.entitled_yuan, 4) * toDecimal256(way.3, 12), 4), 'Nullable(Decimal(18, 4))') AS entitled_yuan,
       CAST(round(toDecimal256(t.paid_yuan, 4) * toDecimal256(way.4, 12), 4) - round(toDecimal256(t.paid_yuan, 4) * toDecimal256(way.3, 12), 4), 'Nullable(Decimal(18, 4))') AS paid_yuan,
       t.src_unit AS src_unit,
       t._src AS _src,
       t._at AS _at,
       t._rule AS _rule
FROM
(
  SELECT division_code,
         subject,
         fiscal_year,
         payer_tier,
         amount_yuan,
         entitled_yuan,
         paid_yuan,
         src_unit,
         src_system AS _src,
         event_time AS _at,
         multiIf(multiIf(src_tier = 'X', 1, src_tier = 'C', 2, src_tier = 'P', 3, src_tier = 'T', 4, 255) = 0, '', multiIf(src_tier = 'X', 1, src_tier = 'C', 2, src_tier = 'P', 3, src_tier = 'T', 4, 255) = 255, 'freshest', concat('authority:', toString(multiIf(src_tier = 'X', 1, src_tier = 'C', 2, src_tier = 'P', 3, src_tier = 'T', 4, 255)))) AS _rule
  FROM
  (
    SELECT *
    FROM
    (
      SELECT division_code, subject, fiscal_year, payer_tier, amount_yuan, entitled_yuan, paid_yuan, src_unit, src_system, src_tier, event_time, version, is_deleted
      FROM std.fiscal_fact
      WHERE src_system IN ('county_offices') AND event_time <= parseDateTime64BestEffort({at:String}, 3, 'Asia/Shanghai') AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')
      ORDER BY division_code DESC, subject DESC, fiscal_year DESC, payer_tier DESC, src_system DESC, version DESC, kafka_offset DESC
      LIMIT 1 BY division_code, subject, fiscal_year, payer_tier, src_system
    )
    WHERE is_deleted = 0
  )
) AS t
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 0 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS own ON own.code = t.division_code
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS town ON town.code = toFixedString(if(endsWith(t.division_code, '000'), '', concat(substring(t.division_code, 1, 9), '000')), 12)
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS county ON county.code = toFixedString(if(endsWith(t.division_code, '000000'), '', concat(substring(t.division_code, 1, 6), '000000')), 12)
ARRAY JOIN arrayConcat(
  arrayMap(x -> (x.3, x.4, x.5, x.6, x.7), arrayFilter(x -> x.1 <= toDate32(t._at) AND x.2 > toDate32(t._at), if(notEmpty(own.ways), own.ways, if(notEmpty(town.ways), town.ways, county.ways))) AS found),
  if(empty(found), [(t.division_code, 'same', toDecimal64(0, 12), toDecimal64(1, 12), emptyArrayString()::Array(FixedString(12)))], [])) AS way
WHERE throwIf((SELECT count() = 0 FROM dwd.division_remap), 'dwd.division_remap is empty: run "rongtong run integrate" once') = 0
COMMENT '财力：任意时点（at）的一物一行，按任意时点（known）所知；按所选日期（under）的登记册 [e20574d10fb0740e]';

CREATE OR REPLACE VIEW dwd.fiscal_fact_under
(
    under_code FixedString(12) COMMENT '在所选登记册中的区划代码',
    under_how LowCardinality(String) COMMENT '换算方式：same 未变，whole 整体归入，shared 按已知比例分，undivided 比例不明、留在共同上级，above 仅知上级，lost 去向无记载、留在上级',
    under_share Decimal(18, 12) COMMENT '本行占原数的份额',
    under_candidates Array(FixedString(12)) COMMENT '比例不明时可能的承接区划',
    division_code FixedString(12) COMMENT '区划',
    subject LowCardinality(String) COMMENT '科目',
    fiscal_year Int64 COMMENT '年度（年）',
    payer_tier LowCardinality(String) COMMENT '负担层级',
    amount_yuan Nullable(Decimal(18, 4)) COMMENT '金额（元）',
    entitled_yuan Nullable(Decimal(18, 4)) COMMENT '应拨金额（元）',
    paid_yuan Nullable(Decimal(18, 4)) COMMENT '实拨金额（元）',
    src_unit LowCardinality(Nullable(String)) COMMENT '来源单位',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT way.1 AS under_code,
       way.2 AS under_how,
       way.4 - way.3 AS under_share,
       way.5 AS under_candidates,
       t.division_code AS division_code,
       t.subject AS subject,
       t.fiscal_year AS fiscal_year,
       t.payer_tier AS payer_tier,
       CAST(round(toDecimal256(t.amount_yuan, 4) * toDecimal256(way.4, 12), 4) - round(toDecimal256(t.amount_yuan, 4) * toDecimal256(way.3, 12), 4), 'Nullable(Decimal(18, 4))') AS amount_yuan,
       CAST(round(toDecimal256(t.entitled_yuan, 4) * toDecimal256(way.4, 12), 4) - round(toDecimal256(t.entitled_yuan, 4) * toDecimal256(way.3, 12), 4), 'Nullable(Decimal(18, 4))') AS entitled_yuan,
       CAST(round(toDecimal256(t.paid_yuan, 4) * toDecimal256(way.4, 12), 4) - round(toDecimal256(t.paid_yuan, 4) * toDecimal256(way.3, 12), 4), 'Nullable(Decimal(18, 4))') AS paid_yuan,
       t.src_unit AS src_unit,
       t._src AS _src,
       t._at AS _at,
       t._rule AS _rule
FROM
(
  SELECT * FROM dwd.fiscal_fact
) AS t
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 0 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS own ON own.code = t.division_code
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS town ON town.code = toFixedString(if(endsWith(t.division_code, '000'), '', concat(substring(t.division_code, 1, 9), '000')), 12)
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS county ON county.code = toFixedString(if(endsWith(t.division_code, '000000'), '', concat(substring(t.division_code, 1, 6), '000000')), 12)
ARRAY JOIN arrayConcat(
  arrayMap(x -> (x.3, x.4, x.5, x.6, x.7), arrayFilter(x -> x.1 <= toDate32(t._at) AND x.2 > toDate32(t._at), if(notEmpty(own.ways), own.ways, if(notEmpty(town.ways), town.ways, county.ways))) AS found),
  if(empty(found), [(t.division_code, 'same', toDecimal64(0, 12), toDecimal64(1, 12), emptyArrayString()::Array(FixedString(12)))], [])) AS way
WHERE throwIf((SELECT count() = 0 FROM dwd.division_remap), 'dwd.division_remap is empty: run "rongtong run integrate" once') = 0
COMMENT '财力：按所选日期（under）的登记册看的一物一行 [7d29f7e520b5317f]';

CREATE OR REPLACE VIEW dwd.programme_status
(
    programme LowCardinality(String) COMMENT '项目',
    division_code FixedString(12) COMMENT '区划',
    as_of Date32 COMMENT '截至日期',
    status LowCardinality(String) COMMENT '状态',
    level LowCardinality(Nullable(String)) COMMENT '等级',
    document_no Nullable(String) COMMENT '文号',
    subject_kind LowCardinality(Nullable(String)) COMMENT '主体类型',
    subject_id String COMMENT '主体',
    category LowCardinality(Nullable(String)) COMMENT '村类别',
    attrs Map(LowCardinality(String), String) COMMENT '属性',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT programme, division_code, as_of, status, level, document_no, subject_kind, subject_id, category, attrs, _src, _at, _rule
FROM dwd.programme_status__rows FINAL
WHERE is_deleted = 0
COMMENT '创建项目状态：一物一行 [8a4233b2e84e1786]';

CREATE OR REPLACE VIEW dwd.programme_status_as_of
(
    programme LowCardinality(String) COMMENT '项目',
    division_code FixedString(12) COMMENT '区划',
    as_of Date32 COMMENT '截至日期',
    status LowCardinality(String) COMMENT '状态',
    level LowCardinality(Nullable(String)) COMMENT '等级',
    document_no Nullable(String) COMMENT '文号',
    subject_kind LowCardinality(Nullable(String)) COMMENT '主体类型',
    subject_id String COMMENT '主体',
    category LowCardinality(Nullable(String)) COMMENT '村类别',
    attrs Map(LowCardinality(String), String) COMMENT '属性',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT programme,
       division_code,
       as_of,
       status,
       level,
       document_no,
       subject_kind,
       subject_id,
       category,
       attrs,
       src_system AS _src,
       event_time AS _at,
       multiIf(multiIf(src_system = 'province_gateway', 1, 255) = 0, '', multiIf(src_system = 'province_gateway', 1, 255) = 255, 'freshest', concat('authority:', toString(multiIf(src_system = 'province_gateway', 1, 255)))) AS _rule
FROM
(
  SELECT *
  FROM
  (
    SELECT programme, division_code, as_of, status, level, document_no, subject_kind, subject_id, category, attrs, src_system, src_tier, event_time, version, is_deleted
    FROM std.programme_status
    WHERE src_system IN ('province_gateway') AND event_time <= parseDateTime64BestEffort({at:String}, 3, 'Asia/Shanghai') AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')
    ORDER BY programme DESC, division_code DESC, subject_id DESC, as_of DESC, src_system DESC, version DESC, kafka_offset DESC
    LIMIT 1 BY programme, division_code, subject_id, as_of, src_system
  )
  WHERE is_deleted = 0
)
COMMENT '创建项目状态：任意时点（at）的一物一行，按任意时点（known）所知 [ad69f430cbc73e98]';

CREATE OR REPLACE VIEW dwd.programme_status_history
(
    row_from DateTime64(3, 'Asia/Shanghai') COMMENT '本行起始时间（含）',
    row_to DateTime64(3, 'Asia/Shanghai') COMMENT '本行终止时间（不含）；尚在有效为2299年末',
    programme LowCardinality(String) COMMENT '项目',
    division_code FixedString(12) COMMENT '区划',
    as_of Date32 COMMENT '截至日期',
    status LowCardinality(String) COMMENT '状态',
    level LowCardinality(Nullable(String)) COMMENT '等级',
    document_no Nullable(String) COMMENT '文号',
    subject_kind LowCardinality(Nullable(String)) COMMENT '主体类型',
    subject_id String COMMENT '主体',
    category LowCardinality(Nullable(String)) COMMENT '村类别',
    attrs Map(LowCardinality(String), String) COMMENT '属性',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT row_from,
       row_to,
       programme,
       division_code,
       as_of,
       status,
       level,
       document_no,
       subject_kind,
       subject_id,
       category,
       attrs,
       src_system AS _src,
       event_time AS _at,
       multiIf(multiIf(src_system = 'province_gateway', 1, 255) = 0, '', multiIf(src_system = 'province_gateway', 1, 255) = 255, 'freshest', concat('authority:', toString(multiIf(src_system = 'province_gateway', 1, 255)))) AS _rule
FROM
(
  SELECT *
  FROM
  (
    SELECT row_from, row_to, programme, division_code, as_of, status, level, document_no, subject_kind, subject_id, category, attrs, src_system, src_tier, event_time, version, is_deleted
    FROM (
      SELECT c.programme AS programme, c.division_code AS division_code, c.as_of AS as_of, c.status AS status, c.level AS level, c.document_no AS document_no, c.subject_kind AS subject_kind, c.subject_id AS subject_id, c.category AS category, c.attrs AS attrs, c.src_system AS src_system, c.src_tier AS src_tier, c.src_division AS src_division, c.src_record_id AS src_record_id, c.event_time AS event_time, c.arrived_at AS arrived_at, c.version AS version, c.is_deleted AS is_deleted, c.q_flags AS q_flags, c.kafka_topic AS kafka_topic, c.kafka_partition AS kafka_partition, c.kafka_offset AS kafka_offset, c.place AS place, b.row_from AS row_from, b.row_to AS row_to
      FROM
      (
        SELECT * FROM std.programme_status WHERE concatWithSeparator('|', toString(programme), toString(division_code), toString(subject_id), toString(as_of)) LIKE {thing:String} AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')
      ) AS c
      INNER JOIN
      (
        SELECT programme, division_code, subject_id, as_of, row_from, leadInFrame(row_from, 1, toDateTime64('2299-12-31 00:00:00', 3, 'Asia/Shanghai')) OVER (PARTITION BY programme, division_code, subject_id, as_of ORDER BY row_from ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS row_to
        FROM
        (
          SELECT DISTINCT programme, division_code, subject_id, as_of, event_time AS row_from FROM
          (
            SELECT * FROM std.programme_status WHERE concatWithSeparator('|', toString(programme), toString(division_code), toString(subject_id), toString(as_of)) LIKE {thing:String} AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')
          )
        )
      ) AS b ON c.programme = b.programme AND c.division_code = b.division_code AND c.subject_id = b.subject_id AND c.as_of = b.as_of
      WHERE c.event_time <= b.row_from
    )
    WHERE src_system IN ('province_gateway')
    ORDER BY programme DESC, division_code DESC, subject_id DESC, as_of DESC, row_from DESC, row_to DESC, src_system DESC, version DESC, kafka_offset DESC
    LIMIT 1 BY programme, division_code, subject_id, as_of, row_from, row_to, src_system
  )
  WHERE is_deleted = 0
)
COMMENT '创建项目状态：每件事物各时段的一物一行 [3200e5a593aa9819]';

CREATE OR REPLACE VIEW dwd.programme_status_as_of_under
(
    under_code FixedString(12) COMMENT '在所选登记册中的区划代码',
    under_how LowCardinality(String) COMMENT '换算方式：same 未变，whole 整体归入，shared 按已知比例分，undivided 比例不明、留在共同上级，above 仅知上级，lost 去向无记载、留在上级',
    under_share Decimal(18, 12) COMMENT '本行占原数的份额',
    under_candidates Array(FixedString(12)) COMMENT '比例不明时可能的承接区划',
    programme LowCardinality(String) COMMENT '项目',
    division_code FixedString(12) COMMENT '区划',
    as_of Date32 COMMENT '截至日期',
    status LowCardinality(String) COMMENT '状态',
    level LowCardinality(Nullable(String)) COMMENT '等级',
    document_no Nullable(String) COMMENT '文号',
    subject_kind LowCardinality(Nullable(String)) COMMENT '主体类型',
    subject_id String COMMENT '主体',
    category LowCardinality(Nullable(String)) COMMENT '村类别',
    attrs Map(LowCardinality(String), String) COMMENT '属性',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT way.1 AS under_code,
       way.2 AS under_how,
       way.4 - way.3 AS under_share,
       way.5 AS under_candidates,
       t.programme AS programme,
       t.division_code AS division_code,
       t.as_of AS as_of,
       t.status AS status,
       t.level AS level,
       t.document_no AS document_no,
       t.subject_kind AS subject_kind,
       t.subject_id AS subject_id,
       t.category AS category,
       t.attrs AS attrs,
       t._src AS _src,
       t._at AS _at,
       t._rule AS _rule
FROM
(
  SELECT programme,
         division_code,
         as_of,
         status,
         level,
         document_no,
         subject_kind,
         subject_id,
         category,
         attrs,
         src_system AS _src,
         event_time AS _at,
         multiIf(multiIf(src_system = 'province_gateway', 1, 255) = 0, '', multiIf(src_system = 'province_gateway', 1, 255) = 255, 'freshest', concat('authority:', toString(multiIf(src_system = 'province_gateway', 1, 255)))) AS _rule
  FROM
  (
    SELECT *
    FROM
    (
      SELECT programme, division_code, as_of, status, level, document_no, subject_kind, subject_id, category, attrs, src_system, src_tier, event_time, version, is_deleted
      FROM std.programme_status
      WHERE src_system IN ('province_gateway') AND event_time <= parseDateTime64BestEffort({at:String}, 3, 'Asia/Shanghai') AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')
      ORDER BY programme DESC, division_code DESC, subject_id DESC, as_of DESC, src_system DESC, version DESC, kafka_offset DESC
      LIMIT 1 BY programme, division_code, subject_id, as_of, src_system
    )
    WHERE is_deleted = 0
  )
) AS t
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 0 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS own ON own.code = t.division_code
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS town ON town.code = toFixedString(if(endsWith(t.division_code, '000'), '', concat(substring(t.division_code, 1, 9), '000')), 12)
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS county ON county.code = toFixedString(if(endsWith(t.division_code, '000000'), '', concat(substring(t.division_code, 1, 6), '000000')), 12)
ARRAY JOIN arrayConcat(
  arrayMap(x -> (x.3, x.4, x.5, x.6, x.7), arrayFilter(x -> x.1 <= toDate32(t.as_of) AND x.2 > toDate32(t.as_of), if(notEmpty(own.ways), own.ways, if(notEmpty(town.ways), town.ways, county.ways))) AS found),
  if(empty(found), [(t.division_code, 'same', toDecimal64(0, 12), toDecimal64(1, 12), emptyArrayString()::Array(FixedString(12)))], [])) AS way
WHERE throwIf((SELECT count() = 0 FROM dwd.division_remap), 'dwd.division_remap is empty: run "rongtong run integrate" once') = 0
COMMENT '创建项目状态：任意时点（at）的一物一行，按任意时点（known）所知；按所选日期（under）的登记册 [291d41bd5d21fcf2]';

CREATE OR REPLACE VIEW dwd.programme_status_under
(
    under_code FixedString(12) COMMENT '在所选登记册中的区划代码',
    under_how LowCardinality(String) COMMENT '换算方式：same 未变，whole 整体归入，shared 按已知比例分，undivided 比例不明、留在共同上级，above 仅知上级，lost 去向无记载、留在上级',
    under_share Decimal(18, 12) COMMENT '本行占原数的份额',
    under_candidates Array(FixedString(12)) COMMENT '比例不明时可能的承接区划',
    programme LowCardinality(String) COMMENT '项目',
    division_code FixedString(12) COMMENT '区划',
    as_of Date32 COMMENT '截至日期',
    status LowCardinality(String) COMMENT '状态',
    level LowCardinality(Nullable(String)) COMMENT '等级',
    document_no Nullable(String) COMMENT '文号',
    subject_kind LowCardinality(Nullable(String)) COMMENT '主体类型',
    subject_id String COMMENT '主体',
    category LowCardinality(Nullable(String)) COMMENT '村类别',
    attrs Map(LowCardinality(String), String) COMMENT '属性',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT way.1 AS under_code,
       way.2 AS under_how,
       way.4 - way.3 AS under_share,
       way.5 AS under_candidates,
       t.programme AS programme,
       t.division_code AS division_code,
       t.as_of AS as_of,
       t.status AS status,
       t.level AS level,
       t.document_no AS document_no,
       t.subject_kind AS subject_kind,
       t.subject_id AS subject_id,
       t.category AS category,
       t.attrs AS attrs,
       t._src AS _src,
       t._at AS _at,
       t._rule AS _rule
FROM
(
  SELECT * FROM dwd.programme_status
) AS t
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 0 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS own ON own.code = t.division_code
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS town ON town.code = toFixedString(if(endsWith(t.division_code, '000'), '', concat(substring(t.division_code, 1, 9), '000')), 12)
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS county ON county.code = toFixedString(if(endsWith(t.division_code, '000000'), '', concat(substring(t.division_code, 1, 6), '000000')), 12)
ARRAY JOIN arrayConcat(
  arrayMap(x -> (x.3, x.4, x.5, x.6, x.7), arrayFilter(x -> x.1 <= toDate32(t.as_of) AND x.2 > toDate32(t.as_of), if(notEmpty(own.ways), own.ways, if(notEmpty(town.ways), town.ways, county.ways))) AS found),
  if(empty(found), [(t.division_code, 'same', toDecimal64(0, 12), toDecimal64(1, 12), emptyArrayString()::Array(FixedString(12)))], [])) AS way
WHERE throwIf((SELECT count() = 0 FROM dwd.division_remap), 'dwd.division_remap is empty: run "rongtong run integrate" once') = 0
COMMENT '创建项目状态：按所选日期（under）的登记册看的一物一行 [3bd0b9cccca77d5f]';

CREATE OR REPLACE VIEW dwd.village_conversion_case
(
    case_id String COMMENT '案例标识',
    division_code FixedString(12) COMMENT '村（社区）',
    property_reform_on Nullable(Date32) COMMENT '集体产权制度改革完成日期',
    conditions_code Array(String) COMMENT '条件',
    conditions_met Array(String) COMMENT '条件是否具备',
    conditions_evidence Array(String) COMMENT '条件证明',
    stages_no Array(String) COMMENT '阶段',
    stages_done_on Array(String) COMMENT '阶段完成日期',
    stages_doc Array(String) COMMENT '阶段文件',
    dept_opinions_dept Array(String) COMMENT '意见部门',
    dept_opinions_opinion Array(String) COMMENT '部门意见',
    dept_opinions_on Array(String) COMMENT '意见日期',
    villagers_meeting_on Nullable(Date32) COMMENT '村民会议日期',
    consent_share Nullable(Decimal(18, 4)) COMMENT '同意比例（1）',
    approved_on Nullable(Date32) COMMENT '批准日期',
    converted_on Nullable(Date32) COMMENT '转换日期',
    tasks Array(String) COMMENT '已完成任务',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT case_id, division_code, property_reform_on, conditions_code, conditions_met, conditions_evidence, stages_no, stages_done_on, stages_doc, dept_opinions_dept, dept_opinions_opinion, dept_opinions_on, villagers_meeting_on, consent_share, approved_on, converted_on, tasks, _src, _at, _rule
FROM dwd.village_conversion_case__rows FINAL
WHERE is_deleted = 0
COMMENT '村改社区：一物一行 [33c5f2622a87c1db]';

CREATE OR REPLACE VIEW dwd.village_conversion_case_as_of
(
    case_id String COMMENT '案例标识',
    division_code FixedString(12) COMMENT '村（社区）',
    property_reform_on Nullable(Date32) COMMENT '集体产权制度改革完成日期',
    conditions_code Array(String) COMMENT '条件',
    conditions_met Array(String) COMMENT '条件是否具备',
    conditions_evidence Array(String) COMMENT '条件证明',
    stages_no Array(String) COMMENT '阶段',
    stages_done_on Array(String) COMMENT '阶段完成日期',
    stages_doc Array(String) COMMENT '阶段文件',
    dept_opinions_dept Array(String) COMMENT '意见部门',
    dept_opinions_opinion Array(String) COMMENT '部门意见',
    dept_opinions_on Array(String) COMMENT '意见日期',
    villagers_meeting_on Nullable(Date32) COMMENT '村民会议日期',
    consent_share Nullable(Decimal(18, 4)) COMMENT '同意比例（1）',
    approved_on Nullable(Date32) COMMENT '批准日期',
    converted_on Nullable(Date32) COMMENT '转换日期',
    tasks Array(String) COMMENT '已完成任务',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT case_id,
       division_code,
       property_reform_on,
       conditions_code,
       conditions_met,
       conditions_evidence,
       stages_no,
       stages_done_on,
       stages_doc,
       dept_opinions_dept,
       dept_opinions_opinion,
       dept_opinions_on,
       villagers_meeting_on,
       consent_share,
       approved_on,
       converted_on,
       tasks,
       src_system AS _src,
       event_time AS _at,
       multiIf(multiIf(src_tier = 'X', 1, src_tier = 'T', 2, src_tier = 'V', 3, 255) = 0, '', multiIf(src_tier = 'X', 1, src_tier = 'T', 2, src_tier = 'V', 3, 255) = 255, 'freshest', concat('authority:', toString(multiIf(src_tier = 'X', 1, src_tier = 'T', 2, src_tier = 'V', 3, 255)))) AS _rule
FROM
(
  SELECT *
  FROM
  (
    SELECT case_id, division_code, property_reform_on, conditions_code, conditions_met, conditions_evidence, stages_no, stages_done_on, stages_doc, dept_opinions_dept, dept_opinions_opinion, dept_opinions_on, villagers_meeting_on, consent_share, approved_on, converted_on, tasks, src_system, src_tier, event_time, version, is_deleted
    FROM std.village_conversion_case
    WHERE src_system IN ('county_offices') AND event_time <= parseDateTime64BestEffort({at:String}, 3, 'Asia/Shanghai') AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')
    ORDER BY case_id DESC, src_system DESC, version DESC, kafka_offset DESC
    LIMIT 1 BY case_id, src_system
  )
  WHERE is_deleted = 0
)
COMMENT '村改社区：任意时点（at）的一物一行，按任意时点（known）所知 [7b77c754a147dea2]';

CREATE OR REPLACE VIEW dwd.village_conversion_case_history
(
    row_from DateTime64(3, 'Asia/Shanghai') COMMENT '本行起始时间（含）',
    row_to DateTime64(3, 'Asia/Shanghai') COMMENT '本行终止时间（不含）；尚在有效为2299年末',
    case_id String COMMENT '案例标识',
    division_code FixedString(12) COMMENT '村（社区）',
    property_reform_on Nullable(Date32) COMMENT '集体产权制度改革完成日期',
    conditions_code Array(String) COMMENT '条件',
    conditions_met Array(String) COMMENT '条件是否具备',
    conditions_evidence Array(String) COMMENT '条件证明',
    stages_no Array(String) COMMENT '阶段',
    stages_done_on Array(String) COMMENT '阶段完成日期',
    stages_doc Array(String) COMMENT '阶段文件',
    dept_opinions_dept Array(String) COMMENT '意见部门',
    dept_opinions_opinion Array(String) COMMENT '部门意见',
    dept_opinions_on Array(String) COMMENT '意见日期',
    villagers_meeting_on Nullable(Date32) COMMENT '村民会议日期',
    consent_share Nullable(Decimal(18, 4)) COMMENT '同意比例（1）',
    approved_on Nullable(Date32) COMMENT '批准日期',
    converted_on Nullable(Date32) COMMENT '转换日期',
    tasks Array(String) COMMENT '已完成任务',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT row_from,
       row_to,
       case_id,
       division_code,
       property_reform_on,
       conditions_code,
       conditions_met,
       conditions_evidence,
       stages_no,
       stages_done_on,
       stages_doc,
       dept_opinions_dept,
       dept_opinions_opinion,
       dept_opinions_on,
       villagers_meeting_on,
       consent_share,
       approved_on,
       converted_on,
       tasks,
       src_system AS _src,
       event_time AS _at,
       multiIf(multiIf(src_tier = 'X', 1, src_tier = 'T', 2, src_tier = 'V', 3, 255) = 0, '', multiIf(src_tier = 'X', 1, src_tier = 'T', 2, src_tier = 'V', 3, 255) = 255, 'freshest', concat('authority:', toString(multiIf(src_tier = 'X', 1, src_tier = 'T', 2, src_tier = 'V', 3, 255)))) AS _rule
FROM
(
  SELECT *
  FROM
  (
    SELECT row_from, row_to, case_id, division_code, property_reform_on, conditions_code, conditions_met, conditions_evidence, stages_no, stages_done_on, stages_doc, dept_opinions_dept, dept_opinions_opinion, dept_opinions_on, villagers_meeting_on, consent_share, approved_on, converted_on, tasks, src_system, src_tier, event_time, version, is_deleted
    FROM (
      SELECT c.case_id AS case_id, c.division_code AS division_code, c.property_reform_on AS property_reform_on, c.conditions_code AS conditions_code, c.conditions_met AS conditions_met, c.conditions_evidence AS conditions_evidence, c.stages_no AS stages_no, c.stages_done_on AS stages_done_on, c.stages_doc AS stages_doc, c.dept_opinions_dept AS dept_opinions_dept, c.dept_opinions_opinion AS dept_opinions_opinion, c.dept_opinions_on AS dept_opinions_on, c.villagers_meeting_on AS villagers_meeting_on, c.consent_share AS consent_share, c.approved_on AS approved_on, c.converted_on AS converted_on, c.tasks AS tasks, c.src_system AS src_system, c.src_tier AS src_tier, c.src_division AS src_division, c.src_record_id AS src_record_id, c.event_time AS event_time, c.arrived_at AS arrived_at, c.version AS version, c.is_deleted AS is_deleted, c.q_flags AS q_flags, c.kafka_topic AS kafka_topic, c.kafka_partition AS kafka_partition, c.kafka_offset AS kafka_offset, c.place AS place, b.row_from AS row_from, b.row_to AS row_to
      FROM
      (
        SELECT * FROM std.village_conversion_case WHERE toString(case_id) LIKE {thing:String} AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')
      ) AS c
      INNER JOIN
      (
        SELECT case_id, row_from, leadInFrame(row_from, 1, toDateTime64('2299-12-31 00:00:00', 3, 'Asia/Shanghai')) OVER (PARTITION BY case_id ORDER BY row_from ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS row_to
        FROM
        (
          SELECT DISTINCT case_id, event_time AS row_from FROM
          (
            SELECT * FROM std.village_conversion_case WHERE toString(case_id) LIKE {thing:String} AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')
          )
        )
      ) AS b ON c.case_id = b.case_id
      WHERE c.event_time <= b.row_from
    )
    WHERE src_system IN ('county_offices')
    ORDER BY case_id DESC, row_from DESC, row_to DESC, src_system DESC, version DESC, kafka_offset DESC
    LIMIT 1 BY case_id, row_from, row_to, src_system
  )
  WHERE is_deleted = 0
)
COMMENT '村改社区：每件事物各时段的一物一行 [a05d5ed4e547717e]';

CREATE OR REPLACE VIEW dwd.village_conversion_case_as_of_under
(
    under_code FixedString(12) COMMENT '在所选登记册中的区划代码',
    under_how LowCardinality(String) COMMENT '换算方式：same 未变，whole 整体归入，shared 按已知比例分，undivided 比例不明、留在共同上级，above 仅知上级，lost 去向无记载、留在上级',
    under_share Decimal(18, 12) COMMENT '本行占原数的份额',
    under_candidates Array(FixedString(12)) COMMENT '比例不明时可能的承接区划',
    case_id String COMMENT '案例标识',
    division_code FixedString(12) COMMENT '村（社区）',
    property_reform_on Nullable(Date32) COMMENT '集体产权制度改革完成日期',
    conditions_code Array(String) COMMENT '条件',
    conditions_met Array(String) COMMENT '条件是否具备',
    conditions_evidence Array(String) COMMENT '条件证明',
    stages_no Array(String) COMMENT '阶段',
    stages_done_on Array(String) COMMENT '阶段完成日期',
    stages_doc Array(String) COMMENT '阶段文件',
    dept_opinions_dept Array(String) COMMENT '意见部门',
    dept_opinions_opinion Array(String) COMMENT '部门意见',
    dept_opinions_on Array(String) COMMENT '意见日期',
    villagers_meeting_on Nullable(Date32) COMMENT '村民会议日期',
    consent_share Nullable(Decimal(18, 4)) COMMENT '同意比例（1）',
    approved_on Nullable(Date32) COMMENT '批准日期',
    converted_on Nullable(Date32) COMMENT '转换日期',
    tasks Array(String) COMMENT '已完成任务',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT way.1 AS under_code,
       way.2 AS under_how,
       way.4 - way.3 AS under_share,
       way.5 AS under_candidates,
       t.case_id AS case_id,
       t.division_code AS division_code,
       t.property_reform_on AS property_reform_on,
       t.conditions_code AS conditions_code,
       t.conditions_met AS conditions_met,
       t.conditions_evidence AS conditions_evidence,
       t.stages_no AS stages_no,
       t.stages_done_on AS stages_done_on,
       t.stages_doc AS stages_doc,
       t.dept_opinions_dept AS dept_opinions_dept,
       t.dept_opinions_opinion AS dept_opinions_opinion,
       t.dept_opinions_on AS dept_opinions_on,
       t.villagers_meeting_on AS villagers_meeting_on,
       t.consent_share AS consent_share,
       t.approved_on AS approved_on,
       t.converted_on AS converted_on,
       t.tasks AS tasks,
       t._src AS _src,
       t._at AS _at,
       t._rule AS _rule
FROM
(
  SELECT case_id,
         division_code,
         property_reform_on,
         conditions_code,
         conditions_met,
         conditions_evidence,
         stages_no,
         stages_done_on,
         stages_doc,
         dept_opinions_dept,
         dept_opinions_opinion,
         dept_opinions_on,
         villagers_meeting_on,
         consent_share,
         approved_on,
         converted_on,
         tasks,
         src_system AS _src,
         event_time AS _at,
         multiIf(multiIf(src_tier = 'X', 1, src_tier = 'T', 2, src_tier = 'V', 3, 255) = 0, '', multiIf(src_tier = 'X', 1, src_tier = 'T', 2, src_tier = 'V', 3, 255) = 255, 'freshest', concat('authority:', toString(multiIf(src_tier = 'X', 1, src_tier = 'T', 2, src_tier = 'V', 3, 255)))) AS _rule
  FROM
  (
    SELECT *
    FROM
    (
      SELECT case_id, division_code, property_reform_on, conditions_code, conditions_met, conditions_evidence, stages_no, stages_done_on, stages_doc, dept_opinions_dept, dept_opinions_opinion, dept_opinions_on, villagers_meeting_on, consent_share, approved_on, converted_on, tasks, src_system, src_tier, event_time, version, is_deleted
      FROM std.village_conversion_case
      WHERE src_system IN ('county_offices') AND event_time <= parseDateTime64BestEffort({at:String}, 3, 'Asia/Shanghai') AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')
      ORDER BY case_id DESC, src_system DESC, version DESC, kafka_offset DESC
      LIMIT 1 BY case_id, src_system
    )
    WHERE is_deleted = 0
  )
) AS t
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 0 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS own ON own.code = t.division_code
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS town ON town.code = toFixedString(if(endsWith(t.division_code, '000'), '', concat(substring(t.division_code, 1, 9), '000')), 12)
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS county ON county.code = toFixedString(if(endsWith(t.division_code, '000000'), '', concat(substring(t.division_code, 1, 6), '000000')), 12)
ARRAY JOIN arrayConcat(
  arrayMap(x -> (x.3, x.4, x.5, x.6, x.7), arrayFilter(x -> x.1 <= toDate32(t._at) AND x.2 > toDate32(t._at), if(notEmpty(own.ways), own.ways, if(notEmpty(town.ways), town.ways, county.ways))) AS found),
  if(empty(found), [(t.division_code, 'same', toDecimal64(0, 12), toDecimal64(1, 12), emptyArrayString()::Array(FixedString(12)))], [])) AS way
WHERE throwIf((SELECT count() = 0 FROM dwd.division_remap), 'dwd.division_remap is empty: run "rongtong run integrate" once') = 0
COMMENT '村改社区：任意时点（at）的一物一行，按任意时点（known）所知；按所选日期（under）的登记册 [659af9ca09433d90]';

CREATE OR REPLACE VIEW dwd.village_conversion_case_under
(
    under_code FixedString(12) COMMENT '在所选登记册中的区划代码',
    under_how LowCardinality(String) COMMENT '换算方式：same 未变，whole 整体归入，shared 按已知比例分，undivided 比例不明、留在共同上级，above 仅知上级，lost 去向无记载、留在上级',
    under_share Decimal(18, 12) COMMENT '本行占原数的份额',
    under_candidates Array(FixedString(12)) COMMENT '比例不明时可能的承接区划',
    case_id String COMMENT '案例标识',
    division_code FixedString(12) COMMENT '村（社区）',
    property_reform_on Nullable(Date32) COMMENT '集体产权制度改革完成日期',
    conditions_code Array(String) COMMENT '条件',
    conditions_met Array(String) COMMENT '条件是否具备',
    conditions_evidence Array(String) COMMENT '条件证明',
    stages_no Array(String) COMMENT '阶段',
    stages_done_on Array(String) COMMENT '阶段完成日期',
    stages_doc Array(String) COMMENT '阶段文件',
    dept_opinions_dept Array(String) COMMENT '意见部门',
    dept_opinions_opinion Array(String) COMMENT '部门意见',
    dept_opinions_on Array(String) COMMENT '意见日期',
    villagers_meeting_on Nullable(Date32) COMMENT '村民会议日期',
    consent_share Nullable(Decimal(18, 4)) COMMENT '同意比例（1）',
    approved_on Nullable(Date32) COMMENT '批准日期',
    converted_on Nullable(Date32) COMMENT '转换日期',
    tasks Array(String) COMMENT '已完成任务',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT way.1 AS under_code,
       way.2 AS under_how,
       way.4 - way.3 AS under_share,
       way.5 AS under_candidates,
       t.case_id AS case_id,
       t.division_code AS division_code,
       t.property_reform_on AS property_reform_on,
       t.conditions_code AS conditions_code,
       t.conditions_met AS conditions_met,
       t.conditions_evidence AS conditions_evidence,
       t.stages_no AS stages_no,
       t.stages_done_on AS stages_done_on,
       t.stages_doc AS stages_doc,
       t.dept_opinions_dept AS dept_opinions_dept,
       t.dept_opinions_opinion AS dept_opinions_opinion,
       t.dept_opinions_on AS dept_opinions_on,
       t.villagers_meeting_on AS villagers_meeting_on,
       t.consent_share AS consent_share,
       t.approved_on AS approved_on,
       t.converted_on AS converted_on,
       t.tasks AS tasks,
       t._src AS _src,
       t._at AS _at,
       t._rule AS _rule
FROM
(
  SELECT * FROM dwd.village_conversion_case
) AS t
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 0 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS own ON own.code = t.division_code
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS town ON town.code = toFixedString(if(endsWith(t.division_code, '000'), '', concat(substring(t.division_code, 1, 9), '000')), 12)
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS county ON county.code = toFixedString(if(endsWith(t.division_code, '000000'), '', concat(substring(t.division_code, 1, 6), '000000')), 12)
ARRAY JOIN arrayConcat(
  arrayMap(x -> (x.3, x.4, x.5, x.6, x.7), arrayFilter(x -> x.1 <= toDate32(t._at) AND x.2 > toDate32(t._at), if(notEmpty(own.ways), own.ways, if(notEmpty(town.ways), town.ways, county.ways))) AS found),
  if(empty(found), [(t.division_code, 'same', toDecimal64(0, 12), toDecimal64(1, 12), emptyArrayString()::Array(FixedString(12)))], [])) AS way
WHERE throwIf((SELECT count() = 0 FROM dwd.division_remap), 'dwd.division_remap is empty: run "rongtong run integrate" once') = 0
COMMENT '村改社区：按所选日期（under）的登记册看的一物一行 [afbc926060fe2126]';

CREATE OR REPLACE VIEW dwd.catalog_resource
(
    catalog_code String COMMENT '信息资源代码',
    name String COMMENT '信息资源名称',
    class_code LowCardinality(String) COMMENT '信息资源分类',
    provider_name String COMMENT '提供方',
    provider_uscc FixedString(18) COMMENT '提供方代码',
    division_code FixedString(12) COMMENT '提供方区划',
    owner_tier LowCardinality(Nullable(String)) COMMENT '提供方层级',
    abstract String COMMENT '摘要',
    format LowCardinality(String) COMMENT '格式',
    items_name Array(String) COMMENT '信息项名称',
    items_type Array(String) COMMENT '信息项数据类型',
    share_type LowCardinality(String) COMMENT '共享类型',
    share_condition Nullable(String) COMMENT '共享条件',
    share_mode LowCardinality(Nullable(String)) COMMENT '共享方式',
    open_to_public Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '是否开放',
    open_condition Nullable(String) COMMENT '开放条件',
    update_cycle LowCardinality(String) COMMENT '更新周期',
    published_on Nullable(Date32) COMMENT '发布日期',
    related_codes Array(String) COMMENT '关联资源代码',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT catalog_code, name, class_code, provider_name, provider_uscc, division_code, owner_tier, abstract, format, items_name, items_type, share_type, share_condition, share_mode, open_to_public, open_condition, update_cycle, published_on, related_codes, _src, _at, _rule
FROM dwd.catalog_resource__rows FINAL
WHERE is_deleted = 0
COMMENT '目录资源：一物一行 [8b900f51aa9a45a1]';

CREATE OR REPLACE VIEW dwd.catalog_resource_under
(
    under_code FixedString(12) COMMENT '在所选登记册中的区划代码',
    under_how LowCardinality(String) COMMENT '换算方式：same 未变，whole 整体归入，shared 按已知比例分，undivided 比例不明、留在共同上级，above 仅知上级，lost 去向无记载、留在上级',
    under_share Decimal(18, 12) COMMENT '本行占原数的份额',
    under_candidates Array(FixedString(12)) COMMENT '比例不明时可能的承接区划',
    catalog_code String COMMENT '信息资源代码',
    name String COMMENT '信息资源名称',
    class_code LowCardinality(String) COMMENT '信息资源分类',
    provider_name String COMMENT '提供方',
    provider_uscc FixedString(18) COMMENT '提供方代码',
    division_code FixedString(12) COMMENT '提供方区划',
    owner_tier LowCardinality(Nullable(String)) COMMENT '提供方层级',
    abstract String COMMENT '摘要',
    format LowCardinality(String) COMMENT '格式',
    items_name Array(String) COMMENT '信息项名称',
    items_type Array(String) COMMENT '信息项数据类型',
    share_type LowCardinality(String) COMMENT '共享类型',
    share_condition Nullable(String) COMMENT '共享条件',
    share_mode LowCardinality(Nullable(String)) COMMENT '共享方式',
    open_to_public Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '是否开放',
    open_condition Nullable(String) COMMENT '开放条件',
    update_cycle LowCardinality(String) COMMENT '更新周期',
    published_on Nullable(Date32) COMMENT '发布日期',
    related_codes Array(String) COMMENT '关联资源代码',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT way.1 AS under_code,
       way.2 AS under_how,
       way.4 - way.3 AS under_share,
       way.5 AS under_candidates,
       t.catalog_code AS catalog_code,
       t.name AS name,
       t.class_code AS class_code,
       t.provider_name AS provider_name,
       t.provider_uscc AS provider_uscc,
       t.division_code AS division_code,
       t.owner_tier AS owner_tier,
       t.abstract AS abstract,
       t.format AS format,
       t.items_name AS items_name,
       t.items_type AS items_type,
       t.share_type AS share_type,
       t.share_condition AS share_condition,
       t.share_mode AS share_mode,
       t.open_to_public AS open_to_public,
       t.open_condition AS open_condition,
       t.update_cycle AS update_cycle,
       t.published_on AS published_on,
       t.related_codes AS related_codes,
       t._src AS _src,
       t._at AS _at,
       t._rule AS _rule
FROM
(
  SELECT * FROM dwd.catalog_resource
) AS t
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 0 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS own ON own.code = t.division_code
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS town ON town.code = toFixedString(if(endsWith(t.division_code, '000'), '', concat(substring(t.division_code, 1, 9), '000')), 12)
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS county ON county.code = toFixedString(if(endsWith(t.division_code, '000000'), '', concat(substring(t.division_code, 1, 6), '000000')), 12)
ARRAY JOIN arrayConcat(
  arrayMap(x -> (x.3, x.4, x.5, x.6, x.7), arrayFilter(x -> x.1 <= toDate32(t._at) AND x.2 > toDate32(t._at), if(notEmpty(own.ways), own.ways, if(notEmpty(town.ways), town.ways, county.ways))) AS found),
  if(empty(found), [(t.division_code, 'same', toDecimal64(0, 12), toDecimal64(1, 12), emptyArrayString()::Array(FixedString(12)))], [])) AS way
WHERE throwIf((SELECT count() = 0 FROM dwd.division_remap), 'dwd.division_remap is empty: run "rongtong run integrate" once') = 0
COMMENT '目录资源：按所选日期（under）的登记册看的一物一行 [2af263cb509344e5]';

CREATE OR REPLACE VIEW dwd.collection_form
(
    form_id String COMMENT '报表标识',
    form_version Int64 COMMENT '报表版本（版）',
    name Nullable(String) COMMENT '名称',
    issuer_uscc Nullable(FixedString(18)) COMMENT '下发单位',
    issuer_tier LowCardinality(String) COMMENT '下发层级',
    target_tier LowCardinality(String) COMMENT '填报层级',
    list_item_id Nullable(String) COMMENT '准入依据',
    basis_doc Nullable(String) COMMENT '依据文件',
    frequency LowCardinality(String) COMMENT '填报频率',
    lead_workdays Nullable(Int64) COMMENT '填报期限（工作日）',
    est_minutes Nullable(Int64) COMMENT '预计用时（min）',
    valid_from Date32 COMMENT '生效日期',
    valid_to Nullable(Date32) COMMENT '失效日期',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT form_id, form_version, name, issuer_uscc, issuer_tier, target_tier, list_item_id, basis_doc, frequency, lead_workdays, est_minutes, valid_from, valid_to, _src, _at, _rule
FROM dwd.collection_form__rows FINAL
WHERE is_deleted = 0
COMMENT '采集报表：一物一行 [9b771a32aef80610]';

CREATE OR REPLACE VIEW dwd.collection_submission
(
    submission_id String COMMENT '填报标识',
    division_code FixedString(12) COMMENT '填报区划',
    form_id String COMMENT '报表标识',
    form_version Nullable(Int64) COMMENT '报表版本（版）',
    period String COMMENT '时期',
    submitted_at DateTime64(3, 'Asia/Shanghai') COMMENT '提交时间',
    device_time Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '设备时间',
    payload_ref Nullable(String) COMMENT '内容引用',
    post_id Nullable(String) COMMENT '填报岗位',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT submission_id, division_code, form_id, form_version, period, submitted_at, device_time, payload_ref, post_id, _src, _at, _rule
FROM dwd.collection_submission__rows FINAL
WHERE is_deleted = 0
COMMENT '填报：一物一行 [ec825ba2b5ac78ff]';

CREATE OR REPLACE VIEW dwd.collection_submission_under
(
    under_code FixedString(12) COMMENT '在所选登记册中的区划代码',
    under_how LowCardinality(String) COMMENT '换算方式：same 未变，whole 整体归入，shared 按已知比例分，undivided 比例不明、留在共同上级，above 仅知上级，lost 去向无记载、留在上级',
    under_share Decimal(18, 12) COMMENT '本行占原数的份额',
    under_candidates Array(FixedString(12)) COMMENT '比例不明时可能的承接区划',
    submission_id String COMMENT '填报标识',
    division_code FixedString(12) COMMENT '填报区划',
    form_id String COMMENT '报表标识',
    form_version Nullable(Int64) COMMENT '报表版本（版）',
    period String COMMENT '时期',
    submitted_at DateTime64(3, 'Asia/Shanghai') COMMENT '提交时间',
    device_time Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '设备时间',
    payload_ref Nullable(String) COMMENT '内容引用',
    post_id Nullable(String) COMMENT '填报岗位',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT way.1 AS under_code,
       way.2 AS under_how,
       way.4 - way.3 AS under_share,
       way.5 AS under_candidates,
       t.submission_id AS submission_id,
       t.division_code AS division_code,
       t.form_id AS form_id,
       t.form_version AS form_version,
       t.period AS period,
       t.submitted_at AS submitted_at,
       t.device_time AS device_time,
       t.payload_ref AS payload_ref,
       t.post_id AS post_id,
       t._src AS _src,
       t._at AS _at,
       t._rule AS _rule
FROM
(
  SELECT * FROM dwd.collection_submission
) AS t
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 0 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS own ON own.code = t.division_code
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS town ON town.code = toFixedString(if(endsWith(t.division_code, '000'), '', concat(substring(t.division_code, 1, 9), '000')), 12)
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS county ON county.code = toFixedString(if(endsWith(t.division_code, '000000'), '', concat(substring(t.division_code, 1, 6), '000000')), 12)
ARRAY JOIN arrayConcat(
  arrayMap(x -> (x.3, x.4, x.5, x.6, x.7), arrayFilter(x -> x.1 <= toDate32(t.submitted_at) AND x.2 > toDate32(t.submitted_at), if(notEmpty(own.ways), own.ways, if(notEmpty(town.ways), town.ways, county.ways))) AS found),
  if(empty(found), [(t.division_code, 'same', toDecimal64(0, 12), toDecimal64(1, 12), emptyArrayString()::Array(FixedString(12)))], [])) AS way
WHERE throwIf((SELECT count() = 0 FROM dwd.division_remap), 'dwd.division_remap is empty: run "rongtong run integrate" once') = 0
COMMENT '填报：按所选日期（under）的登记册看的一物一行 [cc848045aee9f4d8]';

CREATE OR REPLACE VIEW dwd.data_element
(
    element_id String COMMENT '数据元标识',
    name_zh String COMMENT '中文名称',
    name_en String COMMENT '英文名称',
    definition String COMMENT '定义',
    object_class Nullable(String) COMMENT '对象类',
    property Nullable(String) COMMENT '特性',
    representation Nullable(String) COMMENT '表示词',
    element_type LowCardinality(String) COMMENT '数据类型',
    format Nullable(String) COMMENT '表示格式',
    value_domain Nullable(String) COMMENT '值域',
    unit Nullable(String) COMMENT '计量单位',
    scope Nullable(String) COMMENT '口径',
    subject_kind LowCardinality(Nullable(String)) COMMENT '主体类型',
    authoritative_source Nullable(String) COMMENT '权威来源',
    validity_days Nullable(Int64) COMMENT '有效天数（日）',
    period_bound LowCardinality(Nullable(String)) COMMENT '随时期失效',
    tolerance_abs Nullable(Decimal(18, 4)) COMMENT '绝对容差（1）',
    tolerance_rel Nullable(Decimal(18, 4)) COMMENT '相对容差（1）',
    pii_class LowCardinality(String) COMMENT '个人信息类别',
    element_version Int64 COMMENT '数据元版本（版）',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT element_id, name_zh, name_en, definition, object_class, property, representation, element_type, format, value_domain, unit, scope, subject_kind, authoritative_source, validity_days, period_bound, tolerance_abs, tolerance_rel, pii_class, element_version, _src, _at, _rule
FROM dwd.data_element__rows FINAL
WHERE is_deleted = 0
COMMENT '数据元：一物一行 [d47f0637e9d87492]';

CREATE OR REPLACE VIEW dwd.element_value
(
    element_id String COMMENT '数据元',
    subject_ref String COMMENT '主体',
    scope String COMMENT '口径',
    period String COMMENT '时期',
    division_code FixedString(12) COMMENT '所在区划',
    value String COMMENT '值',
    unit Nullable(String) COMMENT '计量单位',
    source_kind LowCardinality(String) COMMENT '来源方式',
    value_source Nullable(String) COMMENT '来源系统',
    observed_at DateTime64(3, 'Asia/Shanghai') COMMENT '观测时间',
    quality LowCardinality(Nullable(String)) COMMENT '质量',
    supersedes Nullable(String) COMMENT '替代的值',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT element_id, subject_ref, scope, period, division_code, value, unit, source_kind, value_source, observed_at, quality, supersedes, _src, _at, _rule
FROM dwd.element_value__rows FINAL
WHERE is_deleted = 0
COMMENT '数据元取值：一物一行 [540e74ac0bac0343]';

CREATE OR REPLACE VIEW dwd.element_value_under
(
    under_code FixedString(12) COMMENT '在所选登记册中的区划代码',
    under_how LowCardinality(String) COMMENT '换算方式：same 未变，whole 整体归入，shared 按已知比例分，undivided 比例不明、留在共同上级，above 仅知上级，lost 去向无记载、留在上级',
    under_share Decimal(18, 12) COMMENT '本行占原数的份额',
    under_candidates Array(FixedString(12)) COMMENT '比例不明时可能的承接区划',
    element_id String COMMENT '数据元',
    subject_ref String COMMENT '主体',
    scope String COMMENT '口径',
    period String COMMENT '时期',
    division_code FixedString(12) COMMENT '所在区划',
    value String COMMENT '值',
    unit Nullable(String) COMMENT '计量单位',
    source_kind LowCardinality(String) COMMENT '来源方式',
    value_source Nullable(String) COMMENT '来源系统',
    observed_at DateTime64(3, 'Asia/Shanghai') COMMENT '观测时间',
    quality LowCardinality(Nullable(String)) COMMENT '质量',
    supersedes Nullable(String) COMMENT '替代的值',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT way.1 AS under_code,
       way.2 AS under_how,
       way.4 - way.3 AS under_share,
       way.5 AS under_candidates,
       t.element_id AS element_id,
       t.subject_ref AS subject_ref,
       t.scope AS scope,
       t.period AS period,
       t.division_code AS division_code,
       t.value AS value,
       t.unit AS unit,
       t.source_kind AS source_kind,
       t.value_source AS value_source,
       t.observed_at AS observed_at,
       t.quality AS quality,
       t.supersedes AS supersedes,
       t._src AS _src,
       t._at AS _at,
       t._rule AS _rule
FROM
(
  SELECT * FROM dwd.element_value
) AS t
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 0 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS own ON own.code = t.division_code
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS town ON town.code = toFixedString(if(endsWith(t.division_code, '000'), '', concat(substring(t.division_code, 1, 9), '000')), 12)
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS county ON county.code = toFixedString(if(endsWith(t.division_code, '000000'), '', concat(substring(t.division_code, 1, 6), '000000')), 12)
ARRAY JOIN arrayConcat(
  arrayMap(x -> (x.3, x.4, x.5, x.6, x.7), arrayFilter(x -> x.1 <= toDate32(t.observed_at) AND x.2 > toDate32(t.observed_at), if(notEmpty(own.ways), own.ways, if(notEmpty(town.ways), town.ways, county.ways))) AS found),
  if(empty(found), [(t.division_code, 'same', toDecimal64(0, 12), toDecimal64(1, 12), emptyArrayString()::Array(FixedString(12)))], [])) AS way
WHERE throwIf((SELECT count() = 0 FROM dwd.division_remap), 'dwd.division_remap is empty: run "rongtong run integrate" once') = 0
COMMENT '数据元取值：按所选日期（under）的登记册看的一物一行 [947a56cec1243ef8]';

CREATE OR REPLACE VIEW dwd.field_request
(
    request_id String COMMENT '请求标识',
    form_id String COMMENT '报表标识',
    form_version Int64 COMMENT '报表版本（版）',
    field_no Int64 COMMENT '栏目序号（1）',
    division_code FixedString(12) COMMENT '填报区划',
    period String COMMENT '时期',
    status LowCardinality(String) COMMENT '处理方式',
    value_ref Nullable(String) COMMENT '所用值',
    decided_at DateTime64(3, 'Asia/Shanghai') COMMENT '决定时间',
    rule_ver Nullable(Int64) COMMENT '规则版本（版）',
    reason_code LowCardinality(Nullable(String)) COMMENT '原因',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT request_id, form_id, form_version, field_no, division_code, period, status, value_ref, decided_at, rule_ver, reason_code, _src, _at, _rule
FROM dwd.field_request__rows FINAL
WHERE is_deleted = 0
COMMENT '栏目请求：一物一行 [5be6c293c742a3c1]';

CREATE OR REPLACE VIEW dwd.field_request_under
(
    under_code FixedString(12) COMMENT '在所选登记册中的区划代码',
    under_how LowCardinality(String) COMMENT '换算方式：same 未变，whole 整体归入，shared 按已知比例分，undivided 比例不明、留在共同上级，above 仅知上级，lost 去向无记载、留在上级',
    under_share Decimal(18, 12) COMMENT '本行占原数的份额',
    under_candidates Array(FixedString(12)) COMMENT '比例不明时可能的承接区划',
    request_id String COMMENT '请求标识',
    form_id String COMMENT '报表标识',
    form_version Int64 COMMENT '报表版本（版）',
    field_no Int64 COMMENT '栏目序号（1）',
    division_code FixedString(12) COMMENT '填报区划',
    period String COMMENT '时期',
    status LowCardinality(String) COMMENT '处理方式',
    value_ref Nullable(String) COMMENT '所用值',
    decided_at DateTime64(3, 'Asia/Shanghai') COMMENT '决定时间',
    rule_ver Nullable(Int64) COMMENT '规则版本（版）',
    reason_code LowCardinality(Nullable(String)) COMMENT '原因',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT way.1 AS under_code,
       way.2 AS under_how,
       way.4 - way.3 AS under_share,
       way.5 AS under_candidates,
       t.request_id AS request_id,
       t.form_id AS form_id,
       t.form_version AS form_version,
       t.field_no AS field_no,
       t.division_code AS division_code,
       t.period AS period,
       t.status AS status,
       t.value_ref AS value_ref,
       t.decided_at AS decided_at,
       t.rule_ver AS rule_ver,
       t.reason_code AS reason_code,
       t._src AS _src,
       t._at AS _at,
       t._rule AS _rule
FROM
(
  SELECT * FROM dwd.field_request
) AS t
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 0 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS own ON own.code = t.division_code
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS town ON town.code = toFixedString(if(endsWith(t.division_code, '000'), '', concat(substring(t.division_code, 1, 9), '000')), 12)
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS county ON county.code = toFixedString(if(endsWith(t.division_code, '000000'), '', concat(substring(t.division_code, 1, 6), '000000')), 12)
ARRAY JOIN arrayConcat(
  arrayMap(x -> (x.3, x.4, x.5, x.6, x.7), arrayFilter(x -> x.1 <= toDate32(t.decided_at) AND x.2 > toDate32(t.decided_at), if(notEmpty(own.ways), own.ways, if(notEmpty(town.ways), town.ways, county.ways))) AS found),
  if(empty(found), [(t.division_code, 'same', toDecimal64(0, 12), toDecimal64(1, 12), emptyArrayString()::Array(FixedString(12)))], [])) AS way
WHERE throwIf((SELECT count() = 0 FROM dwd.division_remap), 'dwd.division_remap is empty: run "rongtong run integrate" once') = 0
COMMENT '栏目请求：按所选日期（under）的登记册看的一物一行 [3547eef992fd9552]';

CREATE OR REPLACE VIEW dwd.field_reuse
(
    value_ref String COMMENT '值',
    consumer_uscc FixedString(18) COMMENT '使用单位',
    form_id String COMMENT '报表标识',
    period String COMMENT '时期',
    division_code FixedString(12) COMMENT '数据所属区划',
    used_at DateTime64(3, 'Asia/Shanghai') COMMENT '使用时间',
    mode LowCardinality(String) COMMENT '使用方式',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT value_ref, consumer_uscc, form_id, period, division_code, used_at, mode, _src, _at, _rule
FROM dwd.field_reuse__rows FINAL
WHERE is_deleted = 0
COMMENT '数据复用：一物一行 [1462301da2c06c6c]';

CREATE OR REPLACE VIEW dwd.field_reuse_under
(
    under_code FixedString(12) COMMENT '在所选登记册中的区划代码',
    under_how LowCardinality(String) COMMENT '换算方式：same 未变，whole 整体归入，shared 按已知比例分，undivided 比例不明、留在共同上级，above 仅知上级，lost 去向无记载、留在上级',
    under_share Decimal(18, 12) COMMENT '本行占原数的份额',
    under_candidates Array(FixedString(12)) COMMENT '比例不明时可能的承接区划',
    value_ref String COMMENT '值',
    consumer_uscc FixedString(18) COMMENT '使用单位',
    form_id String COMMENT '报表标识',
    period String COMMENT '时期',
    division_code FixedString(12) COMMENT '数据所属区划',
    used_at DateTime64(3, 'Asia/Shanghai') COMMENT '使用时间',
    mode LowCardinality(String) COMMENT '使用方式',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT way.1 AS under_code,
       way.2 AS under_how,
       way.4 - way.3 AS under_share,
       way.5 AS under_candidates,
       t.value_ref AS value_ref,
       t.consumer_uscc AS consumer_uscc,
       t.form_id AS form_id,
       t.period AS period,
       t.division_code AS division_code,
       t.used_at AS used_at,
       t.mode AS mode,
       t._src AS _src,
       t._at AS _at,
       t._rule AS _rule
FROM
(
  SELECT * FROM dwd.field_reuse
) AS t
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 0 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS own ON own.code = t.division_code
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS town ON town.code = toFixedString(if(endsWith(t.division_code, '000'), '', concat(substring(t.division_code, 1, 9), '000')), 12)
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS county ON county.code = toFixedString(if(endsWith(t.division_code, '000000'), '', concat(substring(t.division_code, 1, 6), '000000')), 12)
ARRAY JOIN arrayConcat(
  arrayMap(x -> (x.3, x.4, x.5, x.6, x.7), arrayFilter(x -> x.1 <= toDate32(t.used_at) AND x.2 > toDate32(t.used_at), if(notEmpty(own.ways), own.ways, if(notEmpty(town.ways), town.ways, county.ways))) AS found),
  if(empty(found), [(t.division_code, 'same', toDecimal64(0, 12), toDecimal64(1, 12), emptyArrayString()::Array(FixedString(12)))], [])) AS way
WHERE throwIf((SELECT count() = 0 FROM dwd.division_remap), 'dwd.division_remap is empty: run "rongtong run integrate" once') = 0
COMMENT '数据复用：按所选日期（under）的登记册看的一物一行 [cc6043652a8e3a3c]';

CREATE OR REPLACE VIEW dwd.form_field
(
    form_id String COMMENT '报表标识',
    form_version Int64 COMMENT '报表版本（版）',
    field_no Int64 COMMENT '栏目序号（1）',
    raw_label String COMMENT '栏目原文',
    raw_unit Nullable(String) COMMENT '单位原文',
    element_id Nullable(String) COMMENT '数据元',
    match_method LowCardinality(Nullable(String)) COMMENT '匹配方法',
    confidence Nullable(Decimal(18, 4)) COMMENT '置信度（1）',
    status LowCardinality(String) COMMENT '匹配状态',
    subject_kind LowCardinality(Nullable(String)) COMMENT '主体类型',
    period_kind LowCardinality(Nullable(String)) COMMENT '时期类型',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT form_id, form_version, field_no, raw_label, raw_unit, element_id, match_method, confidence, status, subject_kind, period_kind, _src, _at, _rule
FROM dwd.form_field__rows FINAL
WHERE is_deleted = 0
COMMENT '报表栏目：一物一行 [c12ed10cf692cf80]';

CREATE OR REPLACE VIEW dwd.objection
(
    objection_id String COMMENT '异议标识',
    dataset String COMMENT '数据集',
    row_ref String COMMENT '行',
    element_id Nullable(String) COMMENT '数据元',
    held_value Nullable(String) COMMENT '现值',
    claimed_value Nullable(String) COMMENT '主张值',
    evidence_kind LowCardinality(Nullable(String)) COMMENT '证据类型',
    division_code FixedString(12) COMMENT '提出区划',
    raised_at DateTime64(3, 'Asia/Shanghai') COMMENT '提出时间',
    routed_to_uscc Nullable(FixedString(18)) COMMENT '受理单位',
    due_on Nullable(Date32) COMMENT '办理期限',
    decision LowCardinality(Nullable(String)) COMMENT '处理决定',
    decided_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '决定时间',
    applied_batch Nullable(String) COMMENT '生效批次',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT objection_id, dataset, row_ref, element_id, held_value, claimed_value, evidence_kind, division_code, raised_at, routed_to_uscc, due_on, decision, decided_at, applied_batch, _src, _at, _rule
FROM dwd.objection__rows FINAL
WHERE is_deleted = 0
COMMENT '异议校核：一物一行 [a6e1133cab3ce66d]';

CREATE OR REPLACE VIEW dwd.objection_under
(
    under_code FixedString(12) COMMENT '在所选登记册中的区划代码',
    under_how LowCardinality(String) COMMENT '换算方式：same 未变，whole 整体归入，shared 按已知比例分，undivided 比例不明、留在共同上级，above 仅知上级，lost 去向无记载、留在上级',
    under_share Decimal(18, 12) COMMENT '本行占原数的份额',
    under_candidates Array(FixedString(12)) COMMENT '比例不明时可能的承接区划',
    objection_id String COMMENT '异议标识',
    dataset String COMMENT '数据集',
    row_ref String COMMENT '行',
    element_id Nullable(String) COMMENT '数据元',
    held_value Nullable(String) COMMENT '现值',
    claimed_value Nullable(String) COMMENT '主张值',
    evidence_kind LowCardinality(Nullable(String)) COMMENT '证据类型',
    division_code FixedString(12) COMMENT '提出区划',
    raised_at DateTime64(3, 'Asia/Shanghai') COMMENT '提出时间',
    routed_to_uscc Nullable(FixedString(18)) COMMENT '受理单位',
    due_on Nullable(Date32) COMMENT '办理期限',
    decision LowCardinality(Nullable(String)) COMMENT '处理决定',
    decided_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '决定时间',
    applied_batch Nullable(String) COMMENT '生效批次',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT way.1 AS under_code,
       way.2 AS under_how,
       way.4 - way.3 AS under_share,
       way.5 AS under_candidates,
       t.objection_id AS objection_id,
       t.dataset AS dataset,
       t.row_ref AS row_ref,
       t.element_id AS element_id,
       t.held_value AS held_value,
       t.claimed_value AS claimed_value,
       t.evidence_kind AS evidence_kind,
       t.division_code AS division_code,
       t.raised_at AS raised_at,
       t.routed_to_uscc AS routed_to_uscc,
       t.due_on AS due_on,
       t.decision AS decision,
       t.decided_at AS decided_at,
       t.applied_batch AS applied_batch,
       t._src AS _src,
       t._at AS _at,
       t._rule AS _rule
FROM
(
  SELECT * FROM dwd.objection
) AS t
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 0 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS own ON own.code = t.division_code
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS town ON town.code = toFixedString(if(endsWith(t.division_code, '000'), '', concat(substring(t.division_code, 1, 9), '000')), 12)
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS county ON county.code = toFixedString(if(endsWith(t.division_code, '000000'), '', concat(substring(t.division_code, 1, 6), '000000')), 12)
ARRAY JOIN arrayConcat(
  arrayMap(x -> (x.3, x.4, x.5, x.6, x.7), arrayFilter(x -> x.1 <= toDate32(t.raised_at) AND x.2 > toDate32(t.raised_at), if(notEmpty(own.ways), own.ways, if(notEmpty(town.ways), town.ways, county.ways))) AS found),
  if(empty(found), [(t.division_code, 'same', toDecimal64(0, 12), toDecimal64(1, 12), emptyArrayString()::Array(FixedString(12)))], [])) AS way
WHERE throwIf((SELECT count() = 0 FROM dwd.division_remap), 'dwd.division_remap is empty: run "rongtong run integrate" once') = 0
COMMENT '异议校核：按所选日期（under）的登记册看的一物一行 [0f9869ae9285b7c2]';

CREATE OR REPLACE VIEW dwd.quality_issue
(
    issue_id String COMMENT '问题标识',
    rule_id String COMMENT '规则',
    severity LowCardinality(String) COMMENT '严重程度',
    entity String COMMENT '实体',
    column Nullable(String) COMMENT '列',
    division_code FixedString(12) COMMENT '区划',
    about_system Nullable(String) COMMENT '来源系统',
    n_rows Nullable(Int64) COMMENT '行数（行）',
    sample_masked Nullable(String) COMMENT '脱敏样例',
    opened_at DateTime64(3, 'Asia/Shanghai') COMMENT '发现时间',
    closed_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '关闭时间',
    owner_role Nullable(String) COMMENT '责任岗位',
    hint_zh String COMMENT '提示',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT issue_id, rule_id, severity, entity, column, division_code, about_system, n_rows, sample_masked, opened_at, closed_at, owner_role, hint_zh, _src, _at, _rule
FROM dwd.quality_issue__rows FINAL
WHERE is_deleted = 0
COMMENT '质量问题：一物一行 [5e6c04c0932e93c4]';

CREATE OR REPLACE VIEW dwd.quality_issue_under
(
    under_code FixedString(12) COMMENT '在所选登记册中的区划代码',
    under_how LowCardinality(String) COMMENT '换算方式：same 未变，whole 整体归入，shared 按已知比例分，undivided 比例不明、留在共同上级，above 仅知上级，lost 去向无记载、留在上级',
    under_share Decimal(18, 12) COMMENT '本行占原数的份额',
    under_candidates Array(FixedString(12)) COMMENT '比例不明时可能的承接区划',
    issue_id String COMMENT '问题标识',
    rule_id String COMMENT '规则',
    severity LowCardinality(String) COMMENT '严重程度',
    entity String COMMENT '实体',
    column Nullable(String) COMMENT '列',
    division_code FixedString(12) COMMENT '区划',
    about_system Nullable(String) COMMENT '来源系统',
    n_rows Nullable(Int64) COMMENT '行数（行）',
    sample_masked Nullable(String) COMMENT '脱敏样例',
    opened_at DateTime64(3, 'Asia/Shanghai') COMMENT '发现时间',
    closed_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '关闭时间',
    owner_role Nullable(String) COMMENT '责任岗位',
    hint_zh String COMMENT '提示',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT way.1 AS under_code,
       way.2 AS under_how,
       way.4 - way.3 AS under_share,
       way.5 AS under_candidates,
       t.issue_id AS issue_id,
       t.rule_id AS rule_id,
       t.severity AS severity,
       t.entity AS entity,
       t.column AS column,
       t.division_code AS division_code,
       t.about_system AS about_system,
       t.n_rows AS n_rows,
       t.sample_masked AS sample_masked,
       t.opened_at AS opened_at,
       t.closed_at AS closed_at,
       t.owner_role AS owner_role,
       t.hint_zh AS hint_zh,
       t._src AS _src,
       t._at AS _at,
       t._rule AS _rule
FROM
(
  SELECT * FROM dwd.quality_issue
) AS t
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 0 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS own ON own.code = t.division_code
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS town ON town.code = toFixedString(if(endsWith(t.division_code, '000'), '', concat(substring(t.division_code, 1, 9), '000')), 12)
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS county ON county.code = toFixedString(if(endsWith(t.division_code, '000000'), '', concat(substring(t.division_code, 1, 6), '000000')), 12)
ARRAY JOIN arrayConcat(
  arrayMap(x -> (x.3, x.4, x.5, x.6, x.7), arrayFilter(x -> x.1 <= toDate32(t.opened_at) AND x.2 > toDate32(t.opened_at), if(notEmpty(own.ways), own.ways, if(notEmpty(town.ways), town.ways, county.ways))) AS found),
  if(empty(found), [(t.division_code, 'same', toDecimal64(0, 12), toDecimal64(1, 12), emptyArrayString()::Array(FixedString(12)))], [])) AS way
WHERE throwIf((SELECT count() = 0 FROM dwd.division_remap), 'dwd.division_remap is empty: run "rongtong run integrate" once') = 0
COMMENT '质量问题：按所选日期（under）的登记册看的一物一行 [8be93cd193aa113b]';

CREATE OR REPLACE VIEW dwd.return_delivery
(
    delivery_id String COMMENT '交付标识',
    sub_id String COMMENT '订阅标识',
    division_code FixedString(12) COMMENT '区划',
    dataset String COMMENT '数据集',
    from_watermark Nullable(String) COMMENT '起始水位',
    to_watermark Nullable(String) COMMENT '截止水位',
    rows Int64 COMMENT '行数（行）',
    inserts Nullable(Int64) COMMENT '新增行数（行）',
    updates Nullable(Int64) COMMENT '更新行数（行）',
    deletes Nullable(Int64) COMMENT '删除行数（行）',
    content_sm3 String COMMENT '内容摘要',
    sm2_signature Nullable(String) COMMENT 'SM2 签名',
    schema_ver Nullable(Int64) COMMENT '结构版本（版）',
    sent_at DateTime64(3, 'Asia/Shanghai') COMMENT '发送时间',
    attempt Nullable(Int64) COMMENT '尝试次数（次）',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT delivery_id, sub_id, division_code, dataset, from_watermark, to_watermark, rows, inserts, updates, deletes, content_sm3, sm2_signature, schema_ver, sent_at, attempt, _src, _at, _rule
FROM dwd.return_delivery__rows FINAL
WHERE is_deleted = 0
COMMENT '回流交付：一物一行 [fe62732909d5f619]';

CREATE OR REPLACE VIEW dwd.return_delivery_under
(
    under_code FixedString(12) COMMENT '在所选登记册中的区划代码',
    under_how LowCardinality(String) COMMENT '换算方式：same 未变，whole 整体归入，shared 按已知比例分，undivided 比例不明、留在共同上级，above 仅知上级，lost 去向无记载、留在上级',
    under_share Decimal(18, 12) COMMENT '本行占原数的份额',
    under_candidates Array(FixedString(12)) COMMENT '比例不明时可能的承接区划',
    delivery_id String COMMENT '交付标识',
    sub_id String COMMENT '订阅标识',
    division_code FixedString(12) COMMENT '区划',
    dataset String COMMENT '数据集',
    from_watermark Nullable(String) COMMENT '起始水位',
    to_watermark Nullable(String) COMMENT '截止水位',
    rows Int64 COMMENT '行数（行）',
    inserts Nullable(Int64) COMMENT '新增行数（行）',
    updates Nullable(Int64) COMMENT '更新行数（行）',
    deletes Nullable(Int64) COMMENT '删除行数（行）',
    content_sm3 String COMMENT '内容摘要',
    sm2_signature Nullable(String) COMMENT 'SM2 签名',
    schema_ver Nullable(Int64) COMMENT '结构版本（版）',
    sent_at DateTime64(3, 'Asia/Shanghai') COMMENT '发送时间',
    attempt Nullable(Int64) COMMENT '尝试次数（次）',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT way.1 AS under_code,
       way.2 AS under_how,
       way.4 - way.3 AS under_share,
       way.5 AS under_candidates,
       t.delivery_id AS delivery_id,
       t.sub_id AS sub_id,
       t.division_code AS division_code,
       t.dataset AS dataset,
       t.from_watermark AS from_watermark,
       t.to_watermark AS to_watermark,
       t.rows AS rows,
       t.inserts AS inserts,
       t.updates AS updates,
       t.deletes AS deletes,
       t.content_sm3 AS content_sm3,
       t.sm2_signature AS sm2_signature,
       t.schema_ver AS schema_ver,
       t.sent_at AS sent_at,
       t.attempt AS attempt,
       t._src AS _src,
       t._at AS _at,
       t._rule AS _rule
FROM
(
  SELECT * FROM dwd.return_delivery
) AS t
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 0 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS own ON own.code = t.division_code
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS town ON town.code = toFixedString(if(endsWith(t.division_code, '000'), '', concat(substring(t.division_code, 1, 9), '000')), 12)
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS county ON county.code = toFixedString(if(endsWith(t.division_code, '000000'), '', concat(substring(t.division_code, 1, 6), '000000')), 12)
ARRAY JOIN arrayConcat(
  arrayMap(x -> (x.3, x.4, x.5, x.6, x.7), arrayFilter(x -> x.1 <= toDate32(t.sent_at) AND x.2 > toDate32(t.sent_at), if(notEmpty(own.ways), own.ways, if(notEmpty(town.ways), town.ways, county.ways))) AS found),
  if(empty(found), [(t.division_code, 'same', toDecimal64(0, 12), toDecimal64(1, 12), emptyArrayString()::Array(FixedString(12)))], [])) AS way
WHERE throwIf((SELECT count() = 0 FROM dwd.division_remap), 'dwd.division_remap is empty: run "rongtong run integrate" once') = 0
COMMENT '回流交付：按所选日期（under）的登记册看的一物一行 [417942cb4d7ae063]';

CREATE OR REPLACE VIEW dwd.return_entitlement
(
    division_code FixedString(12) COMMENT '区划',
    dataset String COMMENT '数据集',
    tier LowCardinality(String) COMMENT '层级',
    columns Array(String) COMMENT '列',
    row_filter Nullable(String) COMMENT '行范围',
    purpose String COMMENT '用途',
    legal_basis Nullable(String) COMMENT '依据',
    valid_from Date32 COMMENT '生效日期',
    valid_to Nullable(Date32) COMMENT '失效日期',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT division_code, dataset, tier, columns, row_filter, purpose, legal_basis, valid_from, valid_to, _src, _at, _rule
FROM dwd.return_entitlement__rows FINAL
WHERE is_deleted = 0
COMMENT '回流权限：一物一行 [0f526ee57dab69f0]';

CREATE OR REPLACE VIEW dwd.return_entitlement_under
(
    under_code FixedString(12) COMMENT '在所选登记册中的区划代码',
    under_how LowCardinality(String) COMMENT '换算方式：same 未变，whole 整体归入，shared 按已知比例分，undivided 比例不明、留在共同上级，above 仅知上级，lost 去向无记载、留在上级',
    under_share Decimal(18, 12) COMMENT '本行占原数的份额',
    under_candidates Array(FixedString(12)) COMMENT '比例不明时可能的承接区划',
    division_code FixedString(12) COMMENT '区划',
    dataset String COMMENT '数据集',
    tier LowCardinality(String) COMMENT '层级',
    columns Array(String) COMMENT '列',
    row_filter Nullable(String) COMMENT '行范围',
    purpose String COMMENT '用途',
    legal_basis Nullable(String) COMMENT '依据',
    valid_from Date32 COMMENT '生效日期',
    valid_to Nullable(Date32) COMMENT '失效日期',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT way.1 AS under_code,
       way.2 AS under_how,
       way.4 - way.3 AS under_share,
       way.5 AS under_candidates,
       t.division_code AS division_code,
       t.dataset AS dataset,
       t.tier AS tier,
       t.columns AS columns,
       t.row_filter AS row_filter,
       t.purpose AS purpose,
       t.legal_basis AS legal_basis,
       t.valid_from AS valid_from,
       t.valid_to AS valid_to,
       t._src AS _src,
       t._at AS _at,
       t._rule AS _rule
FROM
(
  SELECT * FROM dwd.return_entitlement
) AS t
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 0 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS own ON own.code = t.division_code
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS town ON town.code = toFixedString(if(endsWith(t.division_code, '000'), '', concat(substring(t.division_code, 1, 9), '000')), 12)
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS county ON county.code = toFixedString(if(endsWith(t.division_code, '000000'), '', concat(substring(t.division_code, 1, 6), '000000')), 12)
ARRAY JOIN arrayConcat(
  arrayMap(x -> (x.3, x.4, x.5, x.6, x.7), arrayFilter(x -> x.1 <= toDate32(t.valid_from) AND x.2 > toDate32(t.valid_from), if(notEmpty(own.ways), own.ways, if(notEmpty(town.ways), town.ways, county.ways))) AS found),
  if(empty(found), [(t.division_code, 'same', toDecimal64(0, 12), toDecimal64(1, 12), emptyArrayString()::Array(FixedString(12)))], [])) AS way
WHERE throwIf((SELECT count() = 0 FROM dwd.division_remap), 'dwd.division_remap is empty: run "rongtong run integrate" once') = 0
COMMENT '回流权限：按所选日期（under）的登记册看的一物一行 [02096a264de53eab]';

CREATE OR REPLACE VIEW dwd.return_receipt
(
    delivery_id String COMMENT '交付标识',
    division_code FixedString(12) COMMENT '区划',
    dataset String COMMENT '数据集',
    status LowCardinality(String) COMMENT '签收状态',
    rows_loaded Nullable(Int64) COMMENT '入库行数（行）',
    by_proxy Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '代签',
    acked_at DateTime64(3, 'Asia/Shanghai') COMMENT '签收时间',
    content_sm3 Nullable(String) COMMENT '内容摘要',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT delivery_id, division_code, dataset, status, rows_loaded, by_proxy, acked_at, content_sm3, _src, _at, _rule
FROM dwd.return_receipt__rows FINAL
WHERE is_deleted = 0
COMMENT '回流签收：一物一行 [007c247a43132529]';

CREATE OR REPLACE VIEW dwd.return_receipt_as_of
(
    delivery_id String COMMENT '交付标识',
    division_code FixedString(12) COMMENT '区划',
    dataset String COMMENT '数据集',
    status LowCardinality(String) COMMENT '签收状态',
    rows_loaded Nullable(Int64) COMMENT '入库行数（行）',
    by_proxy Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '代签',
    acked_at DateTime64(3, 'Asia/Shanghai') COMMENT '签收时间',
    content_sm3 Nullable(String) COMMENT '内容摘要',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT delivery_id,
       division_code,
       dataset,
       status,
       rows_loaded,
       by_proxy,
       acked_at,
       content_sm3,
       src_system AS _src,
       event_time AS _at,
       multiIf(multiIf(src_system = 'return_receipts', 1, 255) = 0, '', multiIf(src_system = 'return_receipts', 1, 255) = 255, 'freshest', concat('authority:', toString(multiIf(src_system = 'return_receipts', 1, 255)))) AS _rule
FROM
(
  SELECT *
  FROM
  (
    SELECT delivery_id, division_code, dataset, status, rows_loaded, by_proxy, acked_at, content_sm3, src_system, src_tier, event_time, version, is_deleted
    FROM std.return_receipt
    WHERE src_system IN ('return_receipts') AND event_time <= parseDateTime64BestEffort({at:String}, 3, 'Asia/Shanghai') AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')
    ORDER BY delivery_id DESC, src_system DESC, version DESC, kafka_offset DESC
    LIMIT 1 BY delivery_id, src_system
  )
  WHERE is_deleted = 0
)
COMMENT '回流签收：任意时点（at）的一物一行，按任意时点（known）所知 [befc0b8f00c2c4a5]';

CREATE OR REPLACE VIEW dwd.return_receipt_history
(
    row_from DateTime64(3, 'Asia/Shanghai') COMMENT '本行起始时间（含）',
    row_to DateTime64(3, 'Asia/Shanghai') COMMENT '本行终止时间（不含）；尚在有效为2299年末',
    delivery_id String COMMENT '交付标识',
    division_code FixedString(12) COMMENT '区划',
    dataset String COMMENT '数据集',
    status LowCardinality(String) COMMENT '签收状态',
    rows_loaded Nullable(Int64) COMMENT '入库行数（行）',
    by_proxy Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '代签',
    acked_at DateTime64(3, 'Asia/Shanghai') COMMENT '签收时间',
    content_sm3 Nullable(String) COMMENT '内容摘要',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT row_from,
       row_to,
       delivery_id,
       division_code,
       dataset,
       status,
       rows_loaded,
       by_proxy,
       acked_at,
       content_sm3,
       src_system AS _src,
       event_time AS _at,
       multiIf(multiIf(src_system = 'return_receipts', 1, 255) = 0, '', multiIf(src_system = 'return_receipts', 1, 255) = 255, 'freshest', concat('authority:', toString(multiIf(src_system = 'return_receipts', 1, 255)))) AS _rule
FROM
(
  SELECT *
  FROM
  (
    SELECT row_from, row_to, delivery_id, division_code, dataset, status, rows_loaded, by_proxy, acked_at, content_sm3, src_system, src_tier, event_time, version, is_deleted
    FROM (
      SELECT c.delivery_id AS delivery_id, c.division_code AS division_code, c.dataset AS dataset, c.status AS status, c.rows_loaded AS rows_loaded, c.by_proxy AS by_proxy, c.acked_at AS acked_at, c.content_sm3 AS content_sm3, c.src_system AS src_system, c.src_tier AS src_tier, c.src_division AS src_division, c.src_record_id AS src_record_id, c.event_time AS event_time, c.arrived_at AS arrived_at, c.version AS version, c.is_deleted AS is_deleted, c.q_flags AS q_flags, c.kafka_topic AS kafka_topic, c.kafka_partition AS kafka_partition, c.kafka_offset AS kafka_offset, c.place AS place, b.row_from AS row_from, b.row_to AS row_to
      FROM
      (
        SELECT * FROM std.return_receipt WHERE toString(delivery_id) LIKE {thing:String} AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')
      ) AS c
      INNER JOIN
      (
        SELECT delivery_id, row_from, leadInFrame(row_from, 1, toDateTime64('2299-12-31 00:00:00', 3, 'Asia/Shanghai')) OVER (PARTITION BY delivery_id ORDER BY row_from ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS row_to
        FROM
        (
          SELECT DISTINCT delivery_id, event_time AS row_from FROM
          (
            SELECT * FROM std.return_receipt WHERE toString(delivery_id) LIKE {thing:String} AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')
          )
        )
      ) AS b ON c.delivery_id = b.delivery_id
      WHERE c.event_time <= b.row_from
    )
    WHERE src_system IN ('return_receipts')
    ORDER BY delivery_id DESC, row_from DESC, row_to DESC, src_system DESC, version DESC, kafka_offset DESC
    LIMIT 1 BY delivery_id, row_from, row_to, src_system
  )
  WHERE is_deleted = 0
)
COMMENT '回流签收：每件事物各时段的一物一行 [f46d8d2106aee219]';

CREATE OR REPLACE VIEW dwd.return_receipt_as_of_under
(
    under_code FixedString(12) COMMENT '在所选登记册中的区划代码',
    under_how LowCardinality(String) COMMENT '换算方式：same 未变，whole 整体归入，shared 按已知比例分，undivided 比例不明、留在共同上级，above 仅知上级，lost 去向无记载、留在上级',
    under_share Decimal(18, 12) COMMENT '本行占原数的份额',
    under_candidates Array(FixedString(12)) COMMENT '比例不明时可能的承接区划',
    delivery_id String COMMENT '交付标识',
    division_code FixedString(12) COMMENT '区划',
    dataset String COMMENT '数据集',
    status LowCardinality(String) COMMENT '签收状态',
    rows_loaded Nullable(Int64) COMMENT '入库行数（行）',
    by_proxy Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '代签',
    acked_at DateTime64(3, 'Asia/Shanghai') COMMENT '签收时间',
    content_sm3 Nullable(String) COMMENT '内容摘要',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT way.1 AS under_code,
       way.2 AS under_how,
       way.4 - way.3 AS under_share,
       way.5 AS under_candidates,
       t.delivery_id AS delivery_id,
       t.division_code AS division_code,
       t.dataset AS dataset,
       t.status AS status,
       t.rows_loaded AS rows_loaded,
       t.by_proxy AS by_proxy,
       t.acked_at AS acked_at,
       t.content_sm3 AS content_sm3,
       t._src AS _src,
       t._at AS _at,
       t._rule AS _rule
FROM
(
  SELECT delivery_id,
         division_code,
         dataset,
         status,
         rows_loaded,
         by_proxy,
         acked_at,
         content_sm3,
         src_system AS _src,
         event_time AS _at,
         multiIf(multiIf(src_system = 'return_receipts', 1, 255) = 0, '', multiIf(src_system = 'return_receipts', 1, 255) = 255, 'freshest', concat('authority:', toString(multiIf(src_system = 'return_receipts', 1, 255)))) AS _rule
  FROM
  (
    SELECT *
    FROM
    (
      SELECT delivery_id, division_code, dataset, status, rows_loaded, by_proxy, acked_at, content_sm3, src_system, src_tier, event_time, version, is_deleted
      FROM std.return_receipt
      WHERE src_system IN ('return_receipts') AND event_time <= parseDateTime64BestEffort({at:String}, 3, 'Asia/Shanghai') AND arrived_at <= parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai')
      ORDER BY delivery_id DESC, src_system DESC, version DESC, kafka_offset DESC
      LIMIT 1 BY delivery_id, src_system
    )
    WHERE is_deleted = 0
  )
) AS t
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 0 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS own ON own.code = t.division_code
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS town ON town.code = toFixedString(if(endsWith(t.division_code, '000'), '', concat(substring(t.division_code, 1, 9), '000')), 12)
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS county ON county.code = toFixedString(if(endsWith(t.division_code, '000000'), '', concat(substring(t.division_code, 1, 6), '000000')), 12)
ARRAY JOIN arrayConcat(
  arrayMap(x -> (x.3, x.4, x.5, x.6, x.7), arrayFilter(x -> x.1 <= toDate32(t.acked_at) AND x.2 > toDate32(t.acked_at), if(notEmpty(own.ways), own.ways, if(notEmpty(town.ways), town.ways, county.ways))) AS found),
  if(empty(found), [(t.division_code, 'same', toDecimal64(0, 12), toDecimal64(1, 12), emptyArrayString()::Array(FixedString(12)))], [])) AS way
WHERE throwIf((SELECT count() = 0 FROM dwd.division_remap), 'dwd.division_remap is empty: run "rongtong run integrate" once') = 0
COMMENT '回流签收：任意时点（at）的一物一行，按任意时点（known）所知；按所选日期（under）的登记册 [8a994d17d1e39fcc]';

CREATE OR REPLACE VIEW dwd.return_receipt_under
(
    under_code FixedString(12) COMMENT '在所选登记册中的区划代码',
    under_how LowCardinality(String) COMMENT '换算方式：same 未变，whole 整体归入，shared 按已知比例分，undivided 比例不明、留在共同上级，above 仅知上级，lost 去向无记载、留在上级',
    under_share Decimal(18, 12) COMMENT '本行占原数的份额',
    under_candidates Array(FixedString(12)) COMMENT '比例不明时可能的承接区划',
    delivery_id String COMMENT '交付标识',
    division_code FixedString(12) COMMENT '区划',
    dataset String COMMENT '数据集',
    status LowCardinality(String) COMMENT '签收状态',
    rows_loaded Nullable(Int64) COMMENT '入库行数（行）',
    by_proxy Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '代签',
    acked_at DateTime64(3, 'Asia/Shanghai') COMMENT '签收时间',
    content_sm3 Nullable(String) COMMENT '内容摘要',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT way.1 AS under_code,
       way.2 AS under_how,
       way.4 - way.3 AS under_share,
       way.5 AS under_candidates,
       t.delivery_id AS delivery_id,
       t.division_code AS division_code,
       t.dataset AS dataset,
       t.status AS status,
       t.rows_loaded AS rows_loaded,
       t.by_proxy AS by_proxy,
       t.acked_at AS acked_at,
       t.content_sm3 AS content_sm3,
       t._src AS _src,
       t._at AS _at,
       t._rule AS _rule
FROM
(
  SELECT * FROM dwd.return_receipt
) AS t
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 0 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS own ON own.code = t.division_code
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS town ON town.code = toFixedString(if(endsWith(t.division_code, '000'), '', concat(substring(t.division_code, 1, 9), '000')), 12)
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS county ON county.code = toFixedString(if(endsWith(t.division_code, '000000'), '', concat(substring(t.division_code, 1, 6), '000000')), 12)
ARRAY JOIN arrayConcat(
  arrayMap(x -> (x.3, x.4, x.5, x.6, x.7), arrayFilter(x -> x.1 <= toDate32(t.acked_at) AND x.2 > toDate32(t.acked_at), if(notEmpty(own.ways), own.ways, if(notEmpty(town.ways), town.ways, county.ways))) AS found),
  if(empty(found), [(t.division_code, 'same', toDecimal64(0, 12), toDecimal64(1, 12), emptyArrayString()::Array(FixedString(12)))], [])) AS way
WHERE throwIf((SELECT count() = 0 FROM dwd.division_remap), 'dwd.division_remap is empty: run "rongtong run integrate" once') = 0
COMMENT '回流签收：按所选日期（under）的登记册看的一物一行 [afbc73bc2d864726]';

CREATE OR REPLACE VIEW dwd.return_subscription
(
    sub_id String COMMENT '订阅标识',
    division_code FixedString(12) COMMENT '区划',
    dataset String COMMENT '数据集',
    channel LowCardinality(String) COMMENT '通道',
    format LowCardinality(String) COMMENT '格式',
    schedule Nullable(String) COMMENT '调度',
    last_acked_watermark Nullable(String) COMMENT '已签收水位',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT sub_id, division_code, dataset, channel, format, schedule, last_acked_watermark, _src, _at, _rule
FROM dwd.return_subscription__rows FINAL
WHERE is_deleted = 0
COMMENT '回流订阅：一物一行 [dfd20de14e1be1f2]';

CREATE OR REPLACE VIEW dwd.return_subscription_under
(
    under_code FixedString(12) COMMENT '在所选登记册中的区划代码',
    under_how LowCardinality(String) COMMENT '换算方式：same 未变，whole 整体归入，shared 按已知比例分，undivided 比例不明、留在共同上级，above 仅知上级，lost 去向无记载、留在上级',
    under_share Decimal(18, 12) COMMENT '本行占原数的份额',
    under_candidates Array(FixedString(12)) COMMENT '比例不明时可能的承接区划',
    sub_id String COMMENT '订阅标识',
    division_code FixedString(12) COMMENT '区划',
    dataset String COMMENT '数据集',
    channel LowCardinality(String) COMMENT '通道',
    format LowCardinality(String) COMMENT '格式',
    schedule Nullable(String) COMMENT '调度',
    last_acked_watermark Nullable(String) COMMENT '已签收水位',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT way.1 AS under_code,
       way.2 AS under_how,
       way.4 - way.3 AS under_share,
       way.5 AS under_candidates,
       t.sub_id AS sub_id,
       t.division_code AS division_code,
       t.dataset AS dataset,
       t.channel AS channel,
       t.format AS format,
       t.schedule AS schedule,
       t.last_acked_watermark AS last_acked_watermark,
       t._src AS _src,
       t._at AS _at,
       t._rule AS _rule
FROM
(
  SELECT * FROM dwd.return_subscription
) AS t
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 0 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS own ON own.code = t.division_code
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS town ON town.code = toFixedString(if(endsWith(t.division_code, '000'), '', concat(substring(t.division_code, 1, 9), '000')), 12)
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS county ON county.code = toFixedString(if(endsWith(t.division_code, '000000'), '', concat(substring(t.division_code, 1, 6), '000000')), 12)
ARRAY JOIN arrayConcat(
  arrayMap(x -> (x.3, x.4, x.5, x.6, x.7), arrayFilter(x -> x.1 <= toDate32(t._at) AND x.2 > toDate32(t._at), if(notEmpty(own.ways), own.ways, if(notEmpty(town.ways), town.ways, county.ways))) AS found),
  if(empty(found), [(t.division_code, 'same', toDecimal64(0, 12), toDecimal64(1, 12), emptyArrayString()::Array(FixedString(12)))], [])) AS way
WHERE throwIf((SELECT count() = 0 FROM dwd.division_remap), 'dwd.division_remap is empty: run "rongtong run integrate" once') = 0
COMMENT '回流订阅：按所选日期（under）的登记册看的一物一行 [13def6ea1ad4302d]';

CREATE OR REPLACE VIEW dwd.share_delivery
(
    delivery_id String COMMENT '交付标识',
    request_id String COMMENT '申请标识',
    division_code FixedString(12) COMMENT '接收方区划',
    mode LowCardinality(String) COMMENT '共享方式',
    rows Nullable(Int64) COMMENT '行数（行）',
    bytes Nullable(Int64) COMMENT '字节数（B）',
    delivered_at DateTime64(3, 'Asia/Shanghai') COMMENT '交付时间',
    source_event_max Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '数据最新业务时间',
    content_sm3 Nullable(String) COMMENT '内容摘要',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT delivery_id, request_id, division_code, mode, rows, bytes, delivered_at, source_event_max, content_sm3, _src, _at, _rule
FROM dwd.share_delivery__rows FINAL
WHERE is_deleted = 0
COMMENT '共享交付：一物一行 [cd4f41ae4644733c]';

CREATE OR REPLACE VIEW dwd.share_delivery_under
(
    under_code FixedString(12) COMMENT '在所选登记册中的区划代码',
    under_how LowCardinality(String) COMMENT '换算方式：same 未变，whole 整体归入，shared 按已知比例分，undivided 比例不明、留在共同上级，above 仅知上级，lost 去向无记载、留在上级',
    under_share Decimal(18, 12) COMMENT '本行占原数的份额',
    under_candidates Array(FixedString(12)) COMMENT '比例不明时可能的承接区划',
    delivery_id String COMMENT '交付标识',
    request_id String COMMENT '申请标识',
    division_code FixedString(12) COMMENT '接收方区划',
    mode LowCardinality(String) COMMENT '共享方式',
    rows Nullable(Int64) COMMENT '行数（行）',
    bytes Nullable(Int64) COMMENT '字节数（B）',
    delivered_at DateTime64(3, 'Asia/Shanghai') COMMENT '交付时间',
    source_event_max Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '数据最新业务时间',
    content_sm3 Nullable(String) COMMENT '内容摘要',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT way.1 AS under_code,
       way.2 AS under_how,
       way.4 - way.3 AS under_share,
       way.5 AS under_candidates,
       t.delivery_id AS delivery_id,
       t.request_id AS request_id,
       t.division_code AS division_code,
       t.mode AS mode,
       t.rows AS rows,
       t.bytes AS bytes,
       t.delivered_at AS delivered_at,
       t.source_event_max AS source_event_max,
       t.content_sm3 AS content_sm3,
       t._src AS _src,
       t._at AS _at,
       t._rule AS _rule
FROM
(
  SELECT * FROM dwd.share_delivery
) AS t
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 0 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS own ON own.code = t.division_code
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS town ON town.code = toFixedString(if(endsWith(t.division_code, '000'), '', concat(substring(t.division_code, 1, 9), '000')), 12)
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS county ON county.code = toFixedString(if(endsWith(t.division_code, '000000'), '', concat(substring(t.division_code, 1, 6), '000000')), 12)
ARRAY JOIN arrayConcat(
  arrayMap(x -> (x.3, x.4, x.5, x.6, x.7), arrayFilter(x -> x.1 <= toDate32(t.delivered_at) AND x.2 > toDate32(t.delivered_at), if(notEmpty(own.ways), own.ways, if(notEmpty(town.ways), town.ways, county.ways))) AS found),
  if(empty(found), [(t.division_code, 'same', toDecimal64(0, 12), toDecimal64(1, 12), emptyArrayString()::Array(FixedString(12)))], [])) AS way
WHERE throwIf((SELECT count() = 0 FROM dwd.division_remap), 'dwd.division_remap is empty: run "rongtong run integrate" once') = 0
COMMENT '共享交付：按所选日期（under）的登记册看的一物一行 [f65bfd2ae48d85ef]';

CREATE OR REPLACE VIEW dwd.share_request
(
    request_id String COMMENT '申请标识',
    catalog_code String COMMENT '信息资源代码',
    applicant_uscc FixedString(18) COMMENT '申请方',
    division_code FixedString(12) COMMENT '申请方区划',
    purpose Nullable(String) COMMENT '用途',
    share_type LowCardinality(String) COMMENT '共享类型',
    requested_on Date32 COMMENT '申请日期',
    decided_on Nullable(Date32) COMMENT '答复日期',
    decision LowCardinality(Nullable(String)) COMMENT '答复',
    reason Nullable(String) COMMENT '理由',
    valid_to Nullable(Date32) COMMENT '有效期至',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT request_id, catalog_code, applicant_uscc, division_code, purpose, share_type, requested_on, decided_on, decision, reason, valid_to, _src, _at, _rule
FROM dwd.share_request__rows FINAL
WHERE is_deleted = 0
COMMENT '共享申请：一物一行 [84b4f6b0446ccda0]';

CREATE OR REPLACE VIEW dwd.share_request_under
(
    under_code FixedString(12) COMMENT '在所选登记册中的区划代码',
    under_how LowCardinality(String) COMMENT '换算方式：same 未变，whole 整体归入，shared 按已知比例分，undivided 比例不明、留在共同上级，above 仅知上级，lost 去向无记载、留在上级',
    under_share Decimal(18, 12) COMMENT '本行占原数的份额',
    under_candidates Array(FixedString(12)) COMMENT '比例不明时可能的承接区划',
    request_id String COMMENT '申请标识',
    catalog_code String COMMENT '信息资源代码',
    applicant_uscc FixedString(18) COMMENT '申请方',
    division_code FixedString(12) COMMENT '申请方区划',
    purpose Nullable(String) COMMENT '用途',
    share_type LowCardinality(String) COMMENT '共享类型',
    requested_on Date32 COMMENT '申请日期',
    decided_on Nullable(Date32) COMMENT '答复日期',
    decision LowCardinality(Nullable(String)) COMMENT '答复',
    reason Nullable(String) COMMENT '理由',
    valid_to Nullable(Date32) COMMENT '有效期至',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT way.1 AS under_code,
       way.2 AS under_how,
       way.4 - way.3 AS under_share,
       way.5 AS under_candidates,
       t.request_id AS request_id,
       t.catalog_code AS catalog_code,
       t.applicant_uscc AS applicant_uscc,
       t.division_code AS division_code,
       t.purpose AS purpose,
       t.share_type AS share_type,
       t.requested_on AS requested_on,
       t.decided_on AS decided_on,
       t.decision AS decision,
       t.reason AS reason,
       t.valid_to AS valid_to,
       t._src AS _src,
       t._at AS _at,
       t._rule AS _rule
FROM
(
  SELECT * FROM dwd.share_request
) AS t
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 0 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS own ON own.code = t.division_code
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS town ON town.code = toFixedString(if(endsWith(t.division_code, '000'), '', concat(substring(t.division_code, 1, 9), '000')), 12)
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS county ON county.code = toFixedString(if(endsWith(t.division_code, '000000'), '', concat(substring(t.division_code, 1, 6), '000000')), 12)
ARRAY JOIN arrayConcat(
  arrayMap(x -> (x.3, x.4, x.5, x.6, x.7), arrayFilter(x -> x.1 <= toDate32(t.requested_on) AND x.2 > toDate32(t.requested_on), if(notEmpty(own.ways), own.ways, if(notEmpty(town.ways), town.ways, county.ways))) AS found),
  if(empty(found), [(t.division_code, 'same', toDecimal64(0, 12), toDecimal64(1, 12), emptyArrayString()::Array(FixedString(12)))], [])) AS way
WHERE throwIf((SELECT count() = 0 FROM dwd.division_remap), 'dwd.division_remap is empty: run "rongtong run integrate" once') = 0
COMMENT '共享申请：按所选日期（under）的登记册看的一物一行 [a76e0a592fd3957b]';

CREATE OR REPLACE VIEW dwd.source_system
(
    system_code String COMMENT '系统标识',
    name_zh String COMMENT '名称',
    owner_uscc Nullable(FixedString(18)) COMMENT '主管单位',
    tier LowCardinality(String) COMMENT '层级',
    division_code FixedString(12) COMMENT '所属区划',
    protocol LowCardinality(String) COMMENT '协议',
    encoding Nullable(String) COMMENT '字符集',
    timezone Nullable(String) COMMENT '时区',
    code_system LowCardinality(Nullable(String)) COMMENT '区划代码体系',
    schedule Nullable(String) COMMENT '调度',
    sla_minutes Nullable(Int64) COMMENT '时限（min）',
    contract_ver Nullable(String) COMMENT '合同版本',
    contact_role Nullable(String) COMMENT '联系岗位',
    secret_ref Nullable(String) COMMENT '凭据引用',
    enabled Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '是否启用',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT system_code, name_zh, owner_uscc, tier, division_code, protocol, encoding, timezone, code_system, schedule, sla_minutes, contract_ver, contact_role, secret_ref, enabled, _src, _at, _rule
FROM dwd.source_system__rows FINAL
WHERE is_deleted = 0
COMMENT '来源系统：一物一行 [b74b40f7e95be96d]';

CREATE OR REPLACE VIEW dwd.source_system_under
(
    under_code FixedString(12) COMMENT '在所选登记册中的区划代码',
    under_how LowCardinality(String) COMMENT '换算方式：same 未变，whole 整体归入，shared 按已知比例分，undivided 比例不明、留在共同上级，above 仅知上级，lost 去向无记载、留在上级',
    under_share Decimal(18, 12) COMMENT '本行占原数的份额',
    under_candidates Array(FixedString(12)) COMMENT '比例不明时可能的承接区划',
    system_code String COMMENT '系统标识',
    name_zh String COMMENT '名称',
    owner_uscc Nullable(FixedString(18)) COMMENT '主管单位',
    tier LowCardinality(String) COMMENT '层级',
    division_code FixedString(12) COMMENT '所属区划',
    protocol LowCardinality(String) COMMENT '协议',
    encoding Nullable(String) COMMENT '字符集',
    timezone Nullable(String) COMMENT '时区',
    code_system LowCardinality(Nullable(String)) COMMENT '区划代码体系',
    schedule Nullable(String) COMMENT '调度',
    sla_minutes Nullable(Int64) COMMENT '时限（min）',
    contract_ver Nullable(String) COMMENT '合同版本',
    contact_role Nullable(String) COMMENT '联系岗位',
    secret_ref Nullable(String) COMMENT '凭据引用',
    enabled Nullable(Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)) COMMENT '是否启用',
    _src LowCardinality(String) COMMENT '本行·取自来源',
    _at DateTime64(3, 'Asia/Shanghai') COMMENT '本行·业务时间',
    _rule LowCardinality(String) COMMENT '本行·取值规则'
) AS
SELECT way.1 AS under_code,
       way.2 AS under_how,
       way.4 - way.3 AS under_share,
       way.5 AS under_candidates,
       t.system_code AS system_code,
       t.name_zh AS name_zh,
       t.owner_uscc AS owner_uscc,
       t.tier AS tier,
       t.division_code AS division_code,
       t.protocol AS protocol,
       t.encoding AS encoding,
       t.timezone AS timezone,
       t.code_system AS code_system,
       t.schedule AS schedule,
       t.sla_minutes AS sla_minutes,
       t.contract_ver AS contract_ver,
       t.contact_role AS contact_role,
       t.secret_ref AS secret_ref,
       t.enabled AS enabled,
       t._src AS _src,
       t._at AS _at,
       t._rule AS _rule
FROM
(
  SELECT * FROM dwd.source_system
) AS t
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 0 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS own ON own.code = t.division_code
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS town ON town.code = toFixedString(if(endsWith(t.division_code, '000'), '', concat(substring(t.division_code, 1, 9), '000')), 12)
LEFT JOIN (
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
) AS county ON county.code = toFixedString(if(endsWith(t.division_code, '000000'), '', concat(substring(t.division_code, 1, 6), '000000')), 12)
ARRAY JOIN arrayConcat(
  arrayMap(x -> (x.3, x.4, x.5, x.6, x.7), arrayFilter(x -> x.1 <= toDate32(t._at) AND x.2 > toDate32(t._at), if(notEmpty(own.ways), own.ways, if(notEmpty(town.ways), town.ways, county.ways))) AS found),
  if(empty(found), [(t.division_code, 'same', toDecimal64(0, 12), toDecimal64(1, 12), emptyArrayString()::Array(FixedString(12)))], [])) AS way
WHERE throwIf((SELECT count() = 0 FROM dwd.division_remap), 'dwd.division_remap is empty: run "rongtong run integrate" once') = 0
COMMENT '来源系统：按所选日期（under）的登记册看的一物一行 [c5ed85f74e85fb64]';

CREATE OR REPLACE VIEW dwd.up_feed DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT src_division, src_system, max(last) AS last_event_time, sum(n) AS rows
FROM
(
    SELECT src_division, src_system, max(event_time) AS last, count() AS n FROM std.code_crosswalk GROUP BY src_division, src_system
    UNION ALL
    SELECT src_division, src_system, max(event_time) AS last, count() AS n FROM std.grid GROUP BY src_division, src_system
    UNION ALL
    SELECT src_division, src_system, max(event_time) AS last, count() AS n FROM std.committee_term GROUP BY src_division, src_system
    UNION ALL
    SELECT src_division, src_system, max(event_time) AS last, count() AS n FROM std.device GROUP BY src_division, src_system
    UNION ALL
    SELECT src_division, src_system, max(event_time) AS last, count() AS n FROM std.device_health_daily GROUP BY src_division, src_system
    UNION ALL
    SELECT src_division, src_system, max(event_time) AS last, count() AS n FROM std.facility GROUP BY src_division, src_system
    UNION ALL
    SELECT src_division, src_system, max(event_time) AS last, count() AS n FROM std.org_credit GROUP BY src_division, src_system
    UNION ALL
    SELECT src_division, src_system, max(event_time) AS last, count() AS n FROM std.org_relation GROUP BY src_division, src_system
    UNION ALL
    SELECT src_division, src_system, max(event_time) AS last, count() AS n FROM std.organization GROUP BY src_division, src_system
    UNION ALL
    SELECT src_division, src_system, max(event_time) AS last, count() AS n FROM std.stat_fact GROUP BY src_division, src_system
    UNION ALL
    SELECT src_division, src_system, max(event_time) AS last, count() AS n FROM std.workforce_post GROUP BY src_division, src_system
    UNION ALL
    SELECT src_division, src_system, max(event_time) AS last, count() AS n FROM std.deliberation GROUP BY src_division, src_system
    UNION ALL
    SELECT src_division, src_system, max(event_time) AS last, count() AS n FROM std.mechanism GROUP BY src_division, src_system
    UNION ALL
    SELECT src_division, src_system, max(event_time) AS last, count() AS n FROM std.contract GROUP BY src_division, src_system
    UNION ALL
    SELECT src_division, src_system, max(event_time) AS last, count() AS n FROM std.service_case_stat GROUP BY src_division, src_system
    UNION ALL
    SELECT src_division, src_system, max(event_time) AS last, count() AS n FROM std.service_item GROUP BY src_division, src_system
    UNION ALL
    SELECT src_division, src_system, max(event_time) AS last, count() AS n FROM std.dispute_case GROUP BY src_division, src_system
    UNION ALL
    SELECT src_division, src_system, max(event_time) AS last, count() AS n FROM std.enforcement_check GROUP BY src_division, src_system
    UNION ALL
    SELECT src_division, src_system, max(event_time) AS last, count() AS n FROM std.grid_event GROUP BY src_division, src_system
    UNION ALL
    SELECT src_division, src_system, max(event_time) AS last, count() AS n FROM std.petition_case GROUP BY src_division, src_system
    UNION ALL
    SELECT src_division, src_system, max(event_time) AS last, count() AS n FROM std.emergency_plan GROUP BY src_division, src_system
    UNION ALL
    SELECT src_division, src_system, max(event_time) AS last, count() AS n FROM std.emergency_stock GROUP BY src_division, src_system
    UNION ALL
    SELECT src_division, src_system, max(event_time) AS last, count() AS n FROM std.assessment GROUP BY src_division, src_system
    UNION ALL
    SELECT src_division, src_system, max(event_time) AS last, count() AS n FROM std.burden_record GROUP BY src_division, src_system
    UNION ALL
    SELECT src_division, src_system, max(event_time) AS last, count() AS n FROM std.list_item GROUP BY src_division, src_system
    UNION ALL
    SELECT src_division, src_system, max(event_time) AS last, count() AS n FROM std.list_register GROUP BY src_division, src_system
    UNION ALL
    SELECT src_division, src_system, max(event_time) AS last, count() AS n FROM std.collective_asset GROUP BY src_division, src_system
    UNION ALL
    SELECT src_division, src_system, max(event_time) AS last, count() AS n FROM std.fiscal_fact GROUP BY src_division, src_system
    UNION ALL
    SELECT src_division, src_system, max(event_time) AS last, count() AS n FROM std.programme_status GROUP BY src_division, src_system
    UNION ALL
    SELECT src_division, src_system, max(event_time) AS last, count() AS n FROM std.village_conversion_case GROUP BY src_division, src_system
    UNION ALL
    SELECT src_division, src_system, max(event_time) AS last, count() AS n FROM std.catalog_resource GROUP BY src_division, src_system
    UNION ALL
    SELECT src_division, src_system, max(event_time) AS last, count() AS n FROM std.collection_form GROUP BY src_division, src_system
    UNION ALL
    SELECT src_division, src_system, max(event_time) AS last, count() AS n FROM std.collection_submission GROUP BY src_division, src_system
    UNION ALL
    SELECT src_division, src_system, max(event_time) AS last, count() AS n FROM std.data_element GROUP BY src_division, src_system
    UNION ALL
    SELECT src_division, src_system, max(event_time) AS last, count() AS n FROM std.element_value GROUP BY src_division, src_system
    UNION ALL
    SELECT src_division, src_system, max(event_time) AS last, count() AS n FROM std.field_request GROUP BY src_division, src_system
    UNION ALL
    SELECT src_division, src_system, max(event_time) AS last, count() AS n FROM std.field_reuse GROUP BY src_division, src_system
    UNION ALL
    SELECT src_division, src_system, max(event_time) AS last, count() AS n FROM std.form_field GROUP BY src_division, src_system
    UNION ALL
    SELECT src_division, src_system, max(event_time) AS last, count() AS n FROM std.objection GROUP BY src_division, src_system
    UNION ALL
    SELECT src_division, src_system, max(event_time) AS last, count() AS n FROM std.quality_issue GROUP BY src_division, src_system
    UNION ALL
    SELECT src_division, src_system, max(event_time) AS last, count() AS n FROM std.return_delivery GROUP BY src_division, src_system
    UNION ALL
    SELECT src_division, src_system, max(event_time) AS last, count() AS n FROM std.return_entitlement GROUP BY src_division, src_system
    UNION ALL
    SELECT src_division, src_system, max(event_time) AS last, count() AS n FROM std.return_subscription GROUP BY src_division, src_system
    UNION ALL
    SELECT src_division, src_system, max(event_time) AS last, count() AS n FROM std.share_delivery GROUP BY src_division, src_system
    UNION ALL
    SELECT src_division, src_system, max(event_time) AS last, count() AS n FROM std.share_request GROUP BY src_division, src_system
    UNION ALL
    SELECT src_division, src_system, max(event_time) AS last, count() AS n FROM std.source_system GROUP BY src_division, src_system
)
GROUP BY src_division, src_system
COMMENT '各区划各系统的上报情况 [7153d9c366d2807a]';

CREATE OR REPLACE VIEW dwd.entity_load DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT theme, entity, rows, last_arrived_at, fresh_days
FROM
(
    SELECT 't1_division' AS theme, 'code_crosswalk' AS entity, count() AS rows, max(arrived_at) AS last_arrived_at, CAST(40, 'Nullable(Int64)') AS fresh_days FROM std.code_crosswalk
    UNION ALL
    SELECT 't1_division' AS theme, 'division' AS entity, count() AS rows, max(arrived_at) AS last_arrived_at, CAST(400, 'Nullable(Int64)') AS fresh_days FROM std.division
    UNION ALL
    SELECT 't1_division' AS theme, 'division_change' AS entity, count() AS rows, max(arrived_at) AS last_arrived_at, CAST(NULL, 'Nullable(Int64)') AS fresh_days FROM std.division_change
    UNION ALL
    SELECT 't1_division' AS theme, 'grid' AS entity, count() AS rows, max(arrived_at) AS last_arrived_at, CAST(400, 'Nullable(Int64)') AS fresh_days FROM std.grid
    UNION ALL
    SELECT 't2_organization' AS theme, 'committee_term' AS entity, count() AS rows, max(arrived_at) AS last_arrived_at, CAST(400, 'Nullable(Int64)') AS fresh_days FROM std.committee_term
    UNION ALL
    SELECT 't2_organization' AS theme, 'device' AS entity, count() AS rows, max(arrived_at) AS last_arrived_at, CAST(2, 'Nullable(Int64)') AS fresh_days FROM std.device
    UNION ALL
    SELECT 't2_organization' AS theme, 'device_health_daily' AS entity, count() AS rows, max(arrived_at) AS last_arrived_at, CAST(2, 'Nullable(Int64)') AS fresh_days FROM std.device_health_daily
    UNION ALL
    SELECT 't2_organization' AS theme, 'facility' AS entity, count() AS rows, max(arrived_at) AS last_arrived_at, CAST(120, 'Nullable(Int64)') AS fresh_days FROM std.facility
    UNION ALL
    SELECT 't2_organization' AS theme, 'org_credit' AS entity, count() AS rows, max(arrived_at) AS last_arrived_at, CAST(40, 'Nullable(Int64)') AS fresh_days FROM std.org_credit
    UNION ALL
    SELECT 't2_organization' AS theme, 'org_relation' AS entity, count() AS rows, max(arrived_at) AS last_arrived_at, CAST(400, 'Nullable(Int64)') AS fresh_days FROM std.org_relation
    UNION ALL
    SELECT 't2_organization' AS theme, 'organization' AS entity, count() AS rows, max(arrived_at) AS last_arrived_at, CAST(400, 'Nullable(Int64)') AS fresh_days FROM std.organization
    UNION ALL
    SELECT 't3_population' AS theme, 'stat_fact' AS entity, count() AS rows, max(arrived_at) AS last_arrived_at, CAST(400, 'Nullable(Int64)') AS fresh_days FROM std.stat_fact
    UNION ALL
    SELECT 't3_population' AS theme, 'workforce_post' AS entity, count() AS rows, max(arrived_at) AS last_arrived_at, CAST(120, 'Nullable(Int64)') AS fresh_days FROM std.workforce_post
    UNION ALL
    SELECT 't4_deliberation' AS theme, 'deliberation' AS entity, count() AS rows, max(arrived_at) AS last_arrived_at, CAST(NULL, 'Nullable(Int64)') AS fresh_days FROM std.deliberation
    UNION ALL
    SELECT 't4_deliberation' AS theme, 'mechanism' AS entity, count() AS rows, max(arrived_at) AS last_arrived_at, CAST(400, 'Nullable(Int64)') AS fresh_days FROM std.mechanism
    UNION ALL
    SELECT 't5_service' AS theme, 'contract' AS entity, count() AS rows, max(arrived_at) AS last_arrived_at, CAST(120, 'Nullable(Int64)') AS fresh_days FROM std.contract
    UNION ALL
    SELECT 't5_service' AS theme, 'service_case_stat' AS entity, count() AS rows, max(arrived_at) AS last_arrived_at, CAST(40, 'Nullable(Int64)') AS fresh_days FROM std.service_case_stat
    UNION ALL
    SELECT 't5_service' AS theme, 'service_item' AS entity, count() AS rows, max(arrived_at) AS last_arrived_at, CAST(40, 'Nullable(Int64)') AS fresh_days FROM std.service_item
    UNION ALL
    SELECT 't6_safety' AS theme, 'dispute_case' AS entity, count() AS rows, max(arrived_at) AS last_arrived_at, CAST(2, 'Nullable(Int64)') AS fresh_days FROM std.dispute_case
    UNION ALL
    SELECT 't6_safety' AS theme, 'enforcement_check' AS entity, count() AS rows, max(arrived_at) AS last_arrived_at, CAST(2, 'Nullable(Int64)') AS fresh_days FROM std.enforcement_check
    UNION ALL
    SELECT 't6_safety' AS theme, 'grid_event' AS entity, count() AS rows, max(arrived_at) AS last_arrived_at, CAST(2, 'Nullable(Int64)') AS fresh_days FROM std.grid_event
    UNION ALL
    SELECT 't6_safety' AS theme, 'petition_case' AS entity, count() AS rows, max(arrived_at) AS last_arrived_at, CAST(10, 'Nullable(Int64)') AS fresh_days FROM std.petition_case
    UNION ALL
    SELECT 't7_emergency' AS theme, 'emergency_plan' AS entity, count() AS rows, max(arrived_at) AS last_arrived_at, CAST(400, 'Nullable(Int64)') AS fresh_days FROM std.emergency_plan
    UNION ALL
    SELECT 't7_emergency' AS theme, 'emergency_stock' AS entity, count() AS rows, max(arrived_at) AS last_arrived_at, CAST(40, 'Nullable(Int64)') AS fresh_days FROM std.emergency_stock
    UNION ALL
    SELECT 't8_lists' AS theme, 'assessment' AS entity, count() AS rows, max(arrived_at) AS last_arrived_at, CAST(400, 'Nullable(Int64)') AS fresh_days FROM std.assessment
    UNION ALL
    SELECT 't8_lists' AS theme, 'burden_record' AS entity, count() AS rows, max(arrived_at) AS last_arrived_at, CAST(120, 'Nullable(Int64)') AS fresh_days FROM std.burden_record
    UNION ALL
    SELECT 't8_lists' AS theme, 'list_item' AS entity, count() AS rows, max(arrived_at) AS last_arrived_at, CAST(400, 'Nullable(Int64)') AS fresh_days FROM std.list_item
    UNION ALL
    SELECT 't8_lists' AS theme, 'list_register' AS entity, count() AS rows, max(arrived_at) AS last_arrived_at, CAST(400, 'Nullable(Int64)') AS fresh_days FROM std.list_register
    UNION ALL
    SELECT 't9_fiscal' AS theme, 'collective_asset' AS entity, count() AS rows, max(arrived_at) AS last_arrived_at, CAST(400, 'Nullable(Int64)') AS fresh_days FROM std.collective_asset
    UNION ALL
    SELECT 't9_fiscal' AS theme, 'fiscal_fact' AS entity, count() AS rows, max(arrived_at) AS last_arrived_at, CAST(400, 'Nullable(Int64)') AS fresh_days FROM std.fiscal_fact
    UNION ALL
    SELECT 't10_programme' AS theme, 'programme_status' AS entity, count() AS rows, max(arrived_at) AS last_arrived_at, CAST(400, 'Nullable(Int64)') AS fresh_days FROM std.programme_status
    UNION ALL
    SELECT 't10_programme' AS theme, 'village_conversion_case' AS entity, count() AS rows, max(arrived_at) AS last_arrived_at, CAST(NULL, 'Nullable(Int64)') AS fresh_days FROM std.village_conversion_case
    UNION ALL
    SELECT 't11_flow' AS theme, 'catalog_resource' AS entity, count() AS rows, max(arrived_at) AS last_arrived_at, CAST(40, 'Nullable(Int64)') AS fresh_days FROM std.catalog_resource
    UNION ALL
    SELECT 't11_flow' AS theme, 'collection_form' AS entity, count() AS rows, max(arrived_at) AS last_arrived_at, CAST(NULL, 'Nullable(Int64)') AS fresh_days FROM std.collection_form
    UNION ALL
    SELECT 't11_flow' AS theme, 'collection_submission' AS entity, count() AS rows, max(arrived_at) AS last_arrived_at, CAST(NULL, 'Nullable(Int64)') AS fresh_days FROM std.collection_submission
    UNION ALL
    SELECT 't11_flow' AS theme, 'data_element' AS entity, count() AS rows, max(arrived_at) AS last_arrived_at, CAST(NULL, 'Nullable(Int64)') AS fresh_days FROM std.data_element
    UNION ALL
    SELECT 't11_flow' AS theme, 'element_value' AS entity, count() AS rows, max(arrived_at) AS last_arrived_at, CAST(NULL, 'Nullable(Int64)') AS fresh_days FROM std.element_value
    UNION ALL
    SELECT 't11_flow' AS theme, 'field_request' AS entity, count() AS rows, max(arrived_at) AS last_arrived_at, CAST(2, 'Nullable(Int64)') AS fresh_days FROM std.field_request
    UNION ALL
    SELECT 't11_flow' AS theme, 'field_reuse' AS entity, count() AS rows, max(arrived_at) AS last_arrived_at, CAST(2, 'Nullable(Int64)') AS fresh_days FROM std.field_reuse
    UNION ALL
    SELECT 't11_flow' AS theme, 'form_field' AS entity, count() AS rows, max(arrived_at) AS last_arrived_at, CAST(NULL, 'Nullable(Int64)') AS fresh_days FROM std.form_field
    UNION ALL
    SELECT 't11_flow' AS theme, 'objection' AS entity, count() AS rows, max(arrived_at) AS last_arrived_at, CAST(NULL, 'Nullable(Int64)') AS fresh_days FROM std.objection
    UNION ALL
    SELECT 't11_flow' AS theme, 'quality_issue' AS entity, count() AS rows, max(arrived_at) AS last_arrived_at, CAST(NULL, 'Nullable(Int64)') AS fresh_days FROM std.quality_issue
    UNION ALL
    SELECT 't11_flow' AS theme, 'return_delivery' AS entity, count() AS rows, max(arrived_at) AS last_arrived_at, CAST(NULL, 'Nullable(Int64)') AS fresh_days FROM std.return_delivery
    UNION ALL
    SELECT 't11_flow' AS theme, 'return_entitlement' AS entity, count() AS rows, max(arrived_at) AS last_arrived_at, CAST(NULL, 'Nullable(Int64)') AS fresh_days FROM std.return_entitlement
    UNION ALL
    SELECT 't11_flow' AS theme, 'return_receipt' AS entity, count() AS rows, max(arrived_at) AS last_arrived_at, CAST(NULL, 'Nullable(Int64)') AS fresh_days FROM std.return_receipt
    UNION ALL
    SELECT 't11_flow' AS theme, 'return_subscription' AS entity, count() AS rows, max(arrived_at) AS last_arrived_at, CAST(NULL, 'Nullable(Int64)') AS fresh_days FROM std.return_subscription
    UNION ALL
    SELECT 't11_flow' AS theme, 'share_delivery' AS entity, count() AS rows, max(arrived_at) AS last_arrived_at, CAST(NULL, 'Nullable(Int64)') AS fresh_days FROM std.share_delivery
    UNION ALL
    SELECT 't11_flow' AS theme, 'share_request' AS entity, count() AS rows, max(arrived_at) AS last_arrived_at, CAST(NULL, 'Nullable(Int64)') AS fresh_days FROM std.share_request
    UNION ALL
    SELECT 't11_flow' AS theme, 'source_system' AS entity, count() AS rows, max(arrived_at) AS last_arrived_at, CAST(120, 'Nullable(Int64)') AS fresh_days FROM std.source_system
)
COMMENT '各主题实体的入库情况：主张数、最近到达时间、应更新期限（天） [ebf7715081d03cd7]';

CREATE OR REPLACE VIEW dwd.feed DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT d.system AS system, d.name AS name, d.tier AS tier, d.department AS department, d.entity AS entity, d.entity_name AS entity_name, d.fresh_days AS fresh_days,
       sum(l.accepted) AS accepted, sum(l.rejected) AS rejected, nullIf(max(l.loaded_at), toDateTime64(0, 3, 'Asia/Shanghai')) AS last_loaded_at
FROM values('system String, name String, tier String, department String, entity String, entity_name String, fresh_days Nullable(Int64)',
('nbs_register', '统计用区划代码库与区划变更台账', 'P', '山东省统计局、山东省民政厅', 'division', '行政区划', 400),
('nbs_register', '统计用区划代码库与区划变更台账', 'P', '山东省统计局、山东省民政厅', 'division_change', '区划变更', NULL),
('province_gateway', '省级政务数据共享交换平台', 'P', '山东省大数据局', 'organization', '组织机构', 400),
('province_gateway', '省级政务数据共享交换平台', 'P', '山东省大数据局', 'facility', '设施阵地', 120),
('province_gateway', '省级政务数据共享交换平台', 'P', '山东省大数据局', 'programme_status', '创建项目状态', 400),
('return_receipts', '数据回流签收', 'P', '山东省大数据局', 'return_receipt', '回流签收', NULL),
('city_operations', '市城市运行中心', 'C', '各设区的市大数据局', 'grid_event', '网格事件', 2),
('city_operations', '市城市运行中心', 'C', '各设区的市大数据局', 'stat_fact', '统计事实', 400),
('county_ledger', '县级基层治理台账', 'X', '各县（市、区）民政局', 'organization', '组织机构', 400),
('county_ledger', '县级基层治理台账', 'X', '各县（市、区）民政局', 'facility', '设施阵地', 120),
('county_ledger', '县级基层治理台账', 'X', '各县（市、区）民政局', 'stat_fact', '统计事实', 400),
('county_ledger', '县级基层治理台账', 'X', '各县（市、区）民政局', 'workforce_post', '岗位', 120),
('county_offices', '县级部门报送', 'X', '各县（市、区）财政局、行政审批服务局、民政局、政法委', 'fiscal_fact', '财力', 400),
('county_offices', '县级部门报送', 'X', '各县（市、区）财政局、行政审批服务局、民政局、政法委', 'contract', '购买服务与协议', 120),
('county_offices', '县级部门报送', 'X', '各县（市、区）财政局、行政审批服务局、民政局、政法委', 'service_item', '政务服务事项', 40),
('county_offices', '县级部门报送', 'X', '各县（市、区）财政局、行政审批服务局、民政局、政法委', 'grid', '网格', 400),
('county_offices', '县级部门报送', 'X', '各县（市、区）财政局、行政审批服务局、民政局、政法委', 'village_conversion_case', '村改社区', NULL),
('county_offices', '县级部门报送', 'X', '各县（市、区）财政局、行政审批服务局、民政局、政法委', 'facility', '设施阵地', 120),
('emergency_feed', '应急物资报送', 'X', '各县（市、区）应急管理局', 'emergency_stock', '应急物资', 40),
('township_ledger', '镇街工作台账', 'T', '各乡镇人民政府、街道办事处', 'emergency_plan', '预案与演练', 400),
('township_ledger', '镇街工作台账', 'T', '各乡镇人民政府、街道办事处', 'facility', '设施阵地', 120),
('township_ledger', '镇街工作台账', 'T', '各乡镇人民政府、街道办事处', 'organization', '组织机构', 400),
('township_ledger', '镇街工作台账', 'T', '各乡镇人民政府、街道办事处', 'stat_fact', '统计事实', 400),
('village_forms', '村（社区）移动填报', 'V', '各村（居）民委员会', 'stat_fact', '统计事实', 400),
('village_forms', '村（社区）移动填报', 'V', '各村（居）民委员会', 'facility', '设施阵地', 120)) AS d
LEFT JOIN (SELECT system, entity, accepted, rejected, loaded_at FROM ops.load FINAL) AS l ON l.system = d.system AND l.entity = d.entity
GROUP BY system, name, tier, department, entity, entity_name, fresh_days
COMMENT '各来源系统向各实体的供数情况 [ac09358fdfa9e861]';

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
    SELECT system, stream, entity, topic, countIf(NOT replayed) AS quarantined, countIf(replayed AND NOT later) AS passed, countIf(NOT later) AS at_load
    FROM ops.reject FINAL GROUP BY system, stream, entity, topic
  ),
  claims AS
  (
    SELECT 'code_crosswalk' AS entity, src_system AS system, kafka_topic AS topic, count() AS accepted
    FROM std.code_crosswalk FINAL GROUP BY system, topic
    UNION ALL
    SELECT 'division' AS entity, src_system AS system, kafka_topic AS topic, count() AS accepted
    FROM std.division FINAL GROUP BY system, topic
    UNION ALL
    SELECT 'division_change' AS entity, src_system AS system, kafka_topic AS topic, count() AS accepted
    FROM std.division_change FINAL GROUP BY system, topic
    UNION ALL
    SELECT 'grid' AS entity, src_system AS system, kafka_topic AS topic, count() AS accepted
    FROM std.grid FINAL GROUP BY system, topic
    UNION ALL
    SELECT 'committee_term' AS entity, src_system AS system, kafka_topic AS topic, count() AS accepted
    FROM std.committee_term FINAL GROUP BY system, topic
    UNION ALL
    SELECT 'device' AS entity, src_system AS system, kafka_topic AS topic, count() AS accepted
    FROM std.device FINAL GROUP BY system, topic
    UNION ALL
    SELECT 'device_health_daily' AS entity, src_system AS system, kafka_topic AS topic, count() AS accepted
    FROM std.device_health_daily FINAL GROUP BY system, topic
    UNION ALL
    SELECT 'facility' AS entity, src_system AS system, kafka_topic AS topic, count() AS accepted
    FROM std.facility FINAL GROUP BY system, topic
    UNION ALL
    SELECT 'org_credit' AS entity, src_system AS system, kafka_topic AS topic, count() AS accepted
    FROM std.org_credit FINAL GROUP BY system, topic
    UNION ALL
    SELECT 'org_relation' AS entity, src_system AS system, kafka_topic AS topic, count() AS accepted
    FROM std.org_relation FINAL GROUP BY system, topic
    UNION ALL
    SELECT 'organization' AS entity, src_system AS system, kafka_topic AS topic, count() AS accepted
    FROM std.organization FINAL GROUP BY system, topic
    UNION ALL
    SELECT 'stat_fact' AS entity, src_system AS system, kafka_topic AS topic, count() AS accepted
    FROM std.stat_fact FINAL GROUP BY system, topic
    UNION ALL
    SELECT 'workforce_post' AS entity, src_system AS system, kafka_topic AS topic, count() AS accepted
    FROM std.workforce_post FINAL GROUP BY system, topic
    UNION ALL
    SELECT 'deliberation' AS entity, src_system AS system, kafka_topic AS topic, count() AS accepted
    FROM std.deliberation FINAL GROUP BY system, topic
    UNION ALL
    SELECT 'mechanism' AS entity, src_system AS system, kafka_topic AS topic, count() AS accepted
    FROM std.mechanism FINAL GROUP BY system, topic
    UNION ALL
    SELECT 'contract' AS entity, src_system AS system, kafka_topic AS topic, count() AS accepted
    FROM std.contract FINAL GROUP BY system, topic
    UNION ALL
    SELECT 'service_case_stat' AS entity, src_system AS system, kafka_topic AS topic, count() AS accepted
    FROM std.service_case_stat FINAL GROUP BY system, topic
    UNION ALL
    SELECT 'service_item' AS entity, src_system AS system, kafka_topic AS topic, count() AS accepted
    FROM std.service_item FINAL GROUP BY system, topic
    UNION ALL
    SELECT 'dispute_case' AS entity, src_system AS system, kafka_topic AS topic, count() AS accepted
    FROM std.dispute_case FINAL GROUP BY system, topic
    UNION ALL
    SELECT 'enforcement_check' AS entity, src_system AS system, kafka_topic AS topic, count() AS accepted
    FROM std.enforcement_check FINAL GROUP BY system, topic
    UNION ALL
    SELECT 'grid_event' AS entity, src_system AS system, kafka_topic AS topic, count() AS accepted
    FROM std.grid_event FINAL GROUP BY system, topic
    UNION ALL
    SELECT 'petition_case' AS entity, src_system AS system, kafka_topic AS topic, count() AS accepted
    FROM std.petition_case FINAL GROUP BY system, topic
    UNION ALL
    SELECT 'emergency_plan' AS entity, src_system AS system, kafka_topic AS topic, count() AS accepted
    FROM std.emergency_plan FINAL GROUP BY system, topic
    UNION ALL
    SELECT 'emergency_stock' AS entity, src_system AS system, kafka_topic AS topic, count() AS accepted
    FROM std.emergency_stock FINAL GROUP BY system, topic
    UNION ALL
    SELECT 'assessment' AS entity, src_system AS system, kafka_topic AS topic, count() AS accepted
    FROM std.assessment FINAL GROUP BY system, topic
    UNION ALL
    SELECT 'burden_record' AS entity, src_system AS system, kafka_topic AS topic, count() AS accepted
    FROM std.burden_record FINAL GROUP BY system, topic
    UNION ALL
    SELECT 'list_item' AS entity, src_system AS system, kafka_topic AS topic, count() AS accepted
    FROM std.list_item FINAL GROUP BY system, topic
    UNION ALL
    SELECT 'list_register' AS entity, src_system AS system, kafka_topic AS topic, count() AS accepted
    FROM std.list_register FINAL GROUP BY system, topic
    UNION ALL
    SELECT 'collective_asset' AS entity, src_system AS system, kafka_topic AS topic, count() AS accepted
    FROM std.collective_asset FINAL GROUP BY system, topic
    UNION ALL
    SELECT 'fiscal_fact' AS entity, src_system AS system, kafka_topic AS topic, count() AS accepted
    FROM std.fiscal_fact FINAL GROUP BY system, topic
    UNION ALL
    SELECT 'programme_status' AS entity, src_system AS system, kafka_topic AS topic, count() AS accepted
    FROM std.programme_status FINAL GROUP BY system, topic
    UNION ALL
    SELECT 'village_conversion_case' AS entity, src_system AS system, kafka_topic AS topic, count() AS accepted
    FROM std.village_conversion_case FINAL GROUP BY system, topic
    UNION ALL
    SELECT 'catalog_resource' AS entity, src_system AS system, kafka_topic AS topic, count() AS accepted
    FROM std.catalog_resource FINAL GROUP BY system, topic
    UNION ALL
    SELECT 'collection_form' AS entity, src_system AS system, kafka_topic AS topic, count() AS accepted
    FROM std.collection_form FINAL GROUP BY system, topic
    UNION ALL
    SELECT 'collection_submission' AS entity, src_system AS system, kafka_topic AS topic, count() AS accepted
    FROM std.collection_submission FINAL GROUP BY system, topic
    UNION ALL
    SELECT 'data_element' AS entity, src_system AS system, kafka_topic AS topic, count() AS accepted
    FROM std.data_element FINAL GROUP BY system, topic
    UNION ALL
    SELECT 'element_value' AS entity, src_system AS system, kafka_topic AS topic, count() AS accepted
    FROM std.element_value FINAL GROUP BY system, topic
    UNION ALL
    SELECT 'field_request' AS entity, src_system AS system, kafka_topic AS topic, count() AS accepted
    FROM std.field_request FINAL GROUP BY system, topic
    UNION ALL
    SELECT 'field_reuse' AS entity, src_system AS system, kafka_topic AS topic, count() AS accepted
    FROM std.field_reuse FINAL GROUP BY system, topic
    UNION ALL
    SELECT 'form_field' AS entity, src_system AS system, kafka_topic AS topic, count() AS accepted
    FROM std.form_field FINAL GROUP BY system, topic
    UNION ALL
    SELECT 'objection' AS entity, src_system AS system, kafka_topic AS topic, count() AS accepted
    FROM std.objection FINAL GROUP BY system, topic
    UNION ALL
    SELECT 'quality_issue' AS entity, src_system AS system, kafka_topic AS topic, count() AS accepted
    FROM std.quality_issue FINAL GROUP BY system, topic
    UNION ALL
    SELECT 'return_delivery' AS entity, src_system AS system, kafka_topic AS topic, count() AS accepted
    FROM std.return_delivery FINAL GROUP BY system, topic
    UNION ALL
    SELECT 'return_entitlement' AS entity, src_system AS system, kafka_topic AS topic, count() AS accepted
    FROM std.return_entitlement FINAL GROUP BY system, topic
    UNION ALL
    SELECT 'return_receipt' AS entity, src_system AS system, kafka_topic AS topic, count() AS accepted
    FROM std.return_receipt FINAL GROUP BY system, topic
    UNION ALL
    SELECT 'return_subscription' AS entity, src_system AS system, kafka_topic AS topic, count() AS accepted
    FROM std.return_subscription FINAL GROUP BY system, topic
    UNION ALL
    SELECT 'share_delivery' AS entity, src_system AS system, kafka_topic AS topic, count() AS accepted
    FROM std.share_delivery FINAL GROUP BY system, topic
    UNION ALL
    SELECT 'share_request' AS entity, src_system AS system, kafka_topic AS topic, count() AS accepted
    FROM std.share_request FINAL GROUP BY system, topic
    UNION ALL
    SELECT 'source_system' AS entity, src_system AS system, kafka_topic AS topic, count() AS accepted
    FROM std.source_system FINAL GROUP BY system, topic
  ),
  gone AS
  (
    SELECT entity, system, topic, sum(expired) AS expired FROM ops.expired FINAL GROUP BY entity, system, topic
  )
SELECT l.tier AS tier, l.system AS system, l.stream AS stream, l.entity AS entity, l.flows AS flows,
       l.received AS received, -- rows: a record counts once for every flow into the entity
       ifNull(c.accepted, 0) AS accepted,
       ifNull(r.quarantined, 0) AS quarantined,
       ifNull(g.expired, 0) AS expired, -- accepted once, superseded or withdrawn, and over the time it is kept
       toInt64(received) - toInt64(quarantined) - toInt64(accepted) - toInt64(expired) AS duplicate,
       -- What the loader says it loaded and refused must be everything received, the
       -- refused must be there, in quarantine or accepted by a replay, and no claim may
       -- be there that was never loaded or replayed.
       toBool(l.loaded + l.refused = l.received AND l.refused = ifNull(r.at_load, 0)
              AND accepted + expired <= l.loaded + ifNull(r.passed, 0)) AS balanced
FROM loads AS l
LEFT JOIN rejects AS r ON r.system = l.system AND r.stream = l.stream AND r.entity = l.entity AND r.topic = l.topic
LEFT JOIN claims AS c ON c.system = l.system AND c.entity = l.entity AND c.topic = l.topic
LEFT JOIN gone AS g ON g.system = l.system AND g.entity = l.entity AND g.topic = l.topic
COMMENT '账目：收到 = 接受 + 退回 + 重复 + 到期清除 [361a55cfe21bfc88]';

CREATE OR REPLACE VIEW ops.books_by_rule AS
SELECT tier, system, stream, flow, entity, rule, field, any(reason_zh) AS reason_zh, count() AS quarantined
FROM ops.reject FINAL
WHERE NOT replayed
GROUP BY tier, system, stream, flow, entity, rule, field
COMMENT '账目：退回按规则 [b73568b85881fcae]';

CREATE OR REPLACE VIEW ops.skipped AS
SELECT m.*
FROM (SELECT * FROM ops.load_move FINAL) AS m
LEFT JOIN (
  SELECT topic, topic_id, partition, groupArray((move, to_offset)) AS back
  FROM ops.load_move FINAL WHERE to_offset < from_offset GROUP BY topic, topic_id, partition) AS b
  ON b.topic = m.topic AND b.topic_id = m.topic_id AND b.partition = m.partition
WHERE m.skipped + m.gone > 0 AND NOT arrayExists(x -> x.1 > m.move AND x.2 <= m.from_offset, b.back)
COMMENT '人工跳过、未装载的区间 [5b7c9dc22864d372]';

CREATE OR REPLACE VIEW ops.division_questions AS
SELECT code_system, code, status, toYear(at) AS year, any(reason) AS reason,
       any(candidates) AS candidates, any(candidate_names) AS candidate_names, any(candidate_shares) AS candidate_shares,
       count() AS records, arraySort(groupUniqArray(system)) AS systems, max(seen_at) AS last_seen_at
FROM ops.division_review FINAL
GROUP BY code_system, code, status, year
COMMENT '区划待核定：每个代码和年份一行 [d3ba7e34f117bacb]';

CREATE OR REPLACE VIEW ops.stopped AS
SELECT s.*
FROM (SELECT * FROM ops.load_stop FINAL) AS s
LEFT JOIN (
  SELECT topic, topic_id, partition, max(to_offset) AS loaded_to
  FROM (SELECT topic, topic_id, partition, to_offset FROM ops.load FINAL UNION ALL SELECT topic, topic_id, partition, to_offset FROM ops.skipped)
  GROUP BY topic, topic_id, partition) AS l
  ON l.topic = s.topic AND l.topic_id = s.topic_id AND l.partition = s.partition
WHERE l.loaded_to <= s.from_offset
COMMENT '当前停装的分区 [918ae49ff7aa7ed6]';

CREATE OR REPLACE VIEW ads.quality_issue
(
    rule LowCardinality(String) COMMENT '规则 / Rule',
    entity LowCardinality(String) COMMENT '主题实体 / Entity',
    thing String COMMENT '事物标识（主键以|相连） / The thing: its key, joined with |',
    field LowCardinality(String) COMMENT '字段 / Field',
    value String COMMENT '现有的值 / Value that is there',
    expected String COMMENT '应有的值（如下级之和） / Value that should be there, such as the children\'s sum',
    division_code String COMMENT '所在区划 / Division',
    src LowCardinality(String) COMMENT '取自来源 / Source that won',
    department LowCardinality(String) COMMENT '来源的主管部门：由其核实 / Department of that source: it looks into it',
    reason_zh LowCardinality(String) COMMENT '原因 / Reason in Chinese',
    reason_en LowCardinality(String) COMMENT '原因（英文） / Reason',
    opened_at DateTime64(3, 'Asia/Shanghai') COMMENT '首次发现时间 / First found'
) DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT rule, entity, thing, field, value, expected, division_code, src, department, reason_zh, reason_en, opened_at
FROM ops.quality_issue FINAL
WHERE is_deleted = 0 AND entity NOT IN ('stat_fact', 'workforce_post', 'dispute_case', 'grid_event', 'petition_case')
COMMENT '质量问题 / Quality issues [c2e1cc702758d6b6]';

CREATE OR REPLACE VIEW ads.quality_issue_by_department
(
    department LowCardinality(String) COMMENT '主管部门 / Department',
    rule LowCardinality(String) COMMENT '规则 / Rule',
    entity LowCardinality(String) COMMENT '主题实体 / Entity',
    field LowCardinality(String) COMMENT '字段 / Field',
    reason_zh LowCardinality(String) COMMENT '原因 / Reason in Chinese',
    issues UInt64 COMMENT '问题数 / Issues',
    oldest DateTime64(3, 'Asia/Shanghai') COMMENT '最早发现 / Oldest'
) AS
SELECT department, rule, entity, field, any(reason_zh) AS reason_zh, count() AS issues, min(opened_at) AS oldest
FROM ads.quality_issue
GROUP BY department, rule, entity, field
COMMENT '各部门的质量问题 / Quality issues by department [17cd605d81e99a42]';

CREATE OR REPLACE VIEW ops.flag AS
SELECT toUInt8(f.1) AS bit, toUInt32(f.2) AS mask, f.3 AS name, f.4 AS zh, f.5 AS en
FROM
(
  SELECT arrayJoin([
    (0, 1, 'ENC_REPAIRED', '乱码已还原', 'mojibake was turned back into what it was'),
    (1, 2, 'ENC_LOSS', '有字符在转码中丢失：文字中有 U+FFFD，或汉字旁有问号', 'a character was lost in a conversion: the text holds U+FFFD, or a question mark stands beside a Chinese character'),
    (2, 4, 'WIDTH_FIXED', '全角等兼容字符已转为普通字符', 'full-width or other compatibility characters were brought to plain ones'),
    (3, 8, 'DATE_AMBIG', '时间戳在任何已知时区都不是零点，日期按当地时间取', 'an instant that stands for a day is midnight in no known offset; the local day was taken'),
    (4, 16, 'DATE_RANGE', '日期超出该项的合理范围，或先后次序不合理', 'a date is outside what is plausible for its column, or out of order'),
    (5, 32, 'UNIT_CONV', '数值已从其他单位换算', 'the value was converted from another unit'),
    (6, 64, 'CODE_ALIAS', '代码由名称或别名转换而来', 'a code was found by one of its names, not by itself'),
    (7, 128, 'CODE_UNKNOWN', '清单中有代码表以外的值', 'a list holds a value that is not in its code list'),
    (8, 256, 'DIV_REMAPPED', '区划代码已转换为现行代码', 'the division code was replaced by today\'s'),
    (9, 512, 'DIV_AMBIG', '区划已拆分且无法确定归属，记录保留在上级区划', 'the division was split and nobody knows where the record belongs: it stays at the division above'),
    (10, 1024, 'DIV_UNKNOWN', '引用的区划不在区划库中', 'a division that is referred to is not in the register'),
    (11, 2048, 'ID_BAD', '可选的号码（如办公电话）无法使用，已去除', 'an optional number, such as a telephone number, was unusable and dropped'),
    (12, 4096, 'USCC_BAD', '统一社会信用代码中的主体标识码校验位不符（GB 11714），总校验位正确', 'the organisation part inside a credit code fails its own check digit (GB 11714); the code\'s own is right'),
    (13, 8192, 'USCC_EXT', '民政部门登记、类别为 4 或 5 的信用代码（公布的类别表未列）', 'the credit code has category 4 or 5 of department 5, which the published table does not list'),
    (14, 16384, 'DUP_KEY', '同一批中有不同记录使用了同一个应当唯一的值', 'two different things of one batch share a value that should be unique'),
    (15, 32768, 'LATE', '记录在业务期之后很久才到达', 'the record arrived long after the time that it speaks of'),
    (16, 65536, 'OUTLIER', '数值超出通常范围', 'the value is outside its usual range'),
    (17, 131072, 'SUM_MISMATCH', '分项与合计不一致', 'parts and whole do not agree'),
    (18, 262144, 'P5_DROPPED', '来源的数据流含有禁止类字段，已在接入时丢弃', 'the source\'s stream has a prohibited field, which is dropped before Kafka'),
    (19, 524288, 'PLACEHOLDER', '“无”“999999”等占位内容已作为空值处理', 'a word such as 无 or a number such as 999999 stood for no value')
  ]) AS f
)
COMMENT '质量标志：q_flags 各位的名称与含义 [5834a342169cff91]';

CREATE OR REPLACE VIEW ops.rows_by_flag DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT r.entity AS entity, r.src_system AS system, f.name AS flag, any(f.zh) AS zh, any(f.en) AS en, sum(r.n) AS rows
FROM
(
    SELECT 'code_crosswalk' AS entity, src_system, q_flags, count() AS n FROM std.code_crosswalk FINAL WHERE q_flags > 0 GROUP BY src_system, q_flags
    UNION ALL
    SELECT 'division' AS entity, src_system, q_flags, count() AS n FROM std.division FINAL WHERE q_flags > 0 GROUP BY src_system, q_flags
    UNION ALL
    SELECT 'division_change' AS entity, src_system, q_flags, count() AS n FROM std.division_change FINAL WHERE q_flags > 0 GROUP BY src_system, q_flags
    UNION ALL
    SELECT 'grid' AS entity, src_system, q_flags, count() AS n FROM std.grid FINAL WHERE q_flags > 0 GROUP BY src_system, q_flags
    UNION ALL
    SELECT 'committee_term' AS entity, src_system, q_flags, count() AS n FROM std.committee_term FINAL WHERE q_flags > 0 GROUP BY src_system, q_flags
    UNION ALL
    SELECT 'device' AS entity, src_system, q_flags, count() AS n FROM std.device FINAL WHERE q_flags > 0 GROUP BY src_system, q_flags
    UNION ALL
    SELECT 'device_health_daily' AS entity, src_system, q_flags, count() AS n FROM std.device_health_daily FINAL WHERE q_flags > 0 GROUP BY src_system, q_flags
    UNION ALL
    SELECT 'facility' AS entity, src_system, q_flags, count() AS n FROM std.facility FINAL WHERE q_flags > 0 GROUP BY src_system, q_flags
    UNION ALL
    SELECT 'org_credit' AS entity, src_system, q_flags, count() AS n FROM std.org_credit FINAL WHERE q_flags > 0 GROUP BY src_system, q_flags
    UNION ALL
    SELECT 'org_relation' AS entity, src_system, q_flags, count() AS n FROM std.org_relation FINAL WHERE q_flags > 0 GROUP BY src_system, q_flags
    UNION ALL
    SELECT 'organization' AS entity, src_system, q_flags, count() AS n FROM std.organization FINAL WHERE q_flags > 0 GROUP BY src_system, q_flags
    UNION ALL
    SELECT 'stat_fact' AS entity, src_system, q_flags, count() AS n FROM std.stat_fact FINAL WHERE q_flags > 0 GROUP BY src_system, q_flags
    UNION ALL
    SELECT 'workforce_post' AS entity, src_system, q_flags, count() AS n FROM std.workforce_post FINAL WHERE q_flags > 0 GROUP BY src_system, q_flags
    UNION ALL
    SELECT 'deliberation' AS entity, src_system, q_flags, count() AS n FROM std.deliberation FINAL WHERE q_flags > 0 GROUP BY src_system, q_flags
    UNION ALL
    SELECT 'mechanism' AS entity, src_system, q_flags, count() AS n FROM std.mechanism FINAL WHERE q_flags > 0 GROUP BY src_system, q_flags
    UNION ALL
    SELECT 'contract' AS entity, src_system, q_flags, count() AS n FROM std.contract FINAL WHERE q_flags > 0 GROUP BY src_system, q_flags
    UNION ALL
    SELECT 'service_case_stat' AS entity, src_system, q_flags, count() AS n FROM std.service_case_stat FINAL WHERE q_flags > 0 GROUP BY src_system, q_flags
    UNION ALL
    SELECT 'service_item' AS entity, src_system, q_flags, count() AS n FROM std.service_item FINAL WHERE q_flags > 0 GROUP BY src_system, q_flags
    UNION ALL
    SELECT 'dispute_case' AS entity, src_system, q_flags, count() AS n FROM std.dispute_case FINAL WHERE q_flags > 0 GROUP BY src_system, q_flags
    UNION ALL
    SELECT 'enforcement_check' AS entity, src_system, q_flags, count() AS n FROM std.enforcement_check FINAL WHERE q_flags > 0 GROUP BY src_system, q_flags
    UNION ALL
    SELECT 'grid_event' AS entity, src_system, q_flags, count() AS n FROM std.grid_event FINAL WHERE q_flags > 0 GROUP BY src_system, q_flags
    UNION ALL
    SELECT 'petition_case' AS entity, src_system, q_flags, count() AS n FROM std.petition_case FINAL WHERE q_flags > 0 GROUP BY src_system, q_flags
    UNION ALL
    SELECT 'emergency_plan' AS entity, src_system, q_flags, count() AS n FROM std.emergency_plan FINAL WHERE q_flags > 0 GROUP BY src_system, q_flags
    UNION ALL
    SELECT 'emergency_stock' AS entity, src_system, q_flags, count() AS n FROM std.emergency_stock FINAL WHERE q_flags > 0 GROUP BY src_system, q_flags
    UNION ALL
    SELECT 'assessment' AS entity, src_system, q_flags, count() AS n FROM std.assessment FINAL WHERE q_flags > 0 GROUP BY src_system, q_flags
    UNION ALL
    SELECT 'burden_record' AS entity, src_system, q_flags, count() AS n FROM std.burden_record FINAL WHERE q_flags > 0 GROUP BY src_system, q_flags
    UNION ALL
    SELECT 'list_item' AS entity, src_system, q_flags, count() AS n FROM std.list_item FINAL WHERE q_flags > 0 GROUP BY src_system, q_flags
    UNION ALL
    SELECT 'list_register' AS entity, src_system, q_flags, count() AS n FROM std.list_register FINAL WHERE q_flags > 0 GROUP BY src_system, q_flags
    UNION ALL
    SELECT 'collective_asset' AS entity, src_system, q_flags, count() AS n FROM std.collective_asset FINAL WHERE q_flags > 0 GROUP BY src_system, q_flags
    UNION ALL
    SELECT 'fiscal_fact' AS entity, src_system, q_flags, count() AS n FROM std.fiscal_fact FINAL WHERE q_flags > 0 GROUP BY src_system, q_flags
    UNION ALL
    SELECT 'programme_status' AS entity, src_system, q_flags, count() AS n FROM std.programme_status FINAL WHERE q_flags > 0 GROUP BY src_system, q_flags
    UNION ALL
    SELECT 'village_conversion_case' AS entity, src_system, q_flags, count() AS n FROM std.village_conversion_case FINAL WHERE q_flags > 0 GROUP BY src_system, q_flags
    UNION ALL
    SELECT 'catalog_resource' AS entity, src_system, q_flags, count() AS n FROM std.catalog_resource FINAL WHERE q_flags > 0 GROUP BY src_system, q_flags
    UNION ALL
    SELECT 'collection_form' AS entity, src_system, q_flags, count() AS n FROM std.collection_form FINAL WHERE q_flags > 0 GROUP BY src_system, q_flags
    UNION ALL
    SELECT 'collection_submission' AS entity, src_system, q_flags, count() AS n FROM std.collection_submission FINAL WHERE q_flags > 0 GROUP BY src_system, q_flags
    UNION ALL
    SELECT 'data_element' AS entity, src_system, q_flags, count() AS n FROM std.data_element FINAL WHERE q_flags > 0 GROUP BY src_system, q_flags
    UNION ALL
    SELECT 'element_value' AS entity, src_system, q_flags, count() AS n FROM std.element_value FINAL WHERE q_flags > 0 GROUP BY src_system, q_flags
    UNION ALL
    SELECT 'field_request' AS entity, src_system, q_flags, count() AS n FROM std.field_request FINAL WHERE q_flags > 0 GROUP BY src_system, q_flags
    UNION ALL
    SELECT 'field_reuse' AS entity, src_system, q_flags, count() AS n FROM std.field_reuse FINAL WHERE q_flags > 0 GROUP BY src_system, q_flags
    UNION ALL
    SELECT 'form_field' AS entity, src_system, q_flags, count() AS n FROM std.form_field FINAL WHERE q_flags > 0 GROUP BY src_system, q_flags
    UNION ALL
    SELECT 'objection' AS entity, src_system, q_flags, count() AS n FROM std.objection FINAL WHERE q_flags > 0 GROUP BY src_system, q_flags
    UNION ALL
    SELECT 'quality_issue' AS entity, src_system, q_flags, count() AS n FROM std.quality_issue FINAL WHERE q_flags > 0 GROUP BY src_system, q_flags
    UNION ALL
    SELECT 'return_delivery' AS entity, src_system, q_flags, count() AS n FROM std.return_delivery FINAL WHERE q_flags > 0 GROUP BY src_system, q_flags
    UNION ALL
    SELECT 'return_entitlement' AS entity, src_system, q_flags, count() AS n FROM std.return_entitlement FINAL WHERE q_flags > 0 GROUP BY src_system, q_flags
    UNION ALL
    SELECT 'return_receipt' AS entity, src_system, q_flags, count() AS n FROM std.return_receipt FINAL WHERE q_flags > 0 GROUP BY src_system, q_flags
    UNION ALL
    SELECT 'return_subscription' AS entity, src_system, q_flags, count() AS n FROM std.return_subscription FINAL WHERE q_flags > 0 GROUP BY src_system, q_flags
    UNION ALL
    SELECT 'share_delivery' AS entity, src_system, q_flags, count() AS n FROM std.share_delivery FINAL WHERE q_flags > 0 GROUP BY src_system, q_flags
    UNION ALL
    SELECT 'share_request' AS entity, src_system, q_flags, count() AS n FROM std.share_request FINAL WHERE q_flags > 0 GROUP BY src_system, q_flags
    UNION ALL
    SELECT 'source_system' AS entity, src_system, q_flags, count() AS n FROM std.source_system FINAL WHERE q_flags > 0 GROUP BY src_system, q_flags
) AS r
CROSS JOIN ops.flag AS f
WHERE bitAnd(r.q_flags, f.mask) != 0
GROUP BY entity, system, flag
COMMENT '质量标志：各来源各实体带标志的行数 [45067d78c9270164]';

CREATE OR REPLACE VIEW ads.indicator_value
(
    indicator LowCardinality(String) COMMENT '指标 / Indicator',
    period String COMMENT '期间 / Period',
    as_of Date COMMENT '期间末日 / Last day of the period',
    unit_tier LowCardinality(String) COMMENT '计算单元层级：各层级分别计数的指标，每层一行 / Tier of the units: an indicator that counts each tier by itself has a row for each',
    division_code FixedString(12) COMMENT '区划代码；无处安放的单元为全零 / Division code; zeros for units without a place',
    division_name String COMMENT '区划名称 / Name of the division',
    tier LowCardinality(String) COMMENT '区划层级 / Tier of the division',
    parent_code FixedString(12) COMMENT '上级区划代码 / Code of the division above',
    suppressed Bool COMMENT '不显示：关于人员或案件的小数，或为保护小数而一并不显示，或本期未结束 / Not shown: a small number of persons or cases, one that would tell it, or of a period that is not over',
    numerator Nullable(Decimal(38, 4)) COMMENT '分子之和 / Sum of the numerators',
    denominator Nullable(Decimal(38, 4)) COMMENT '分母之和 / Sum of the denominators',
    value Nullable(Float64) COMMENT '指标值 / The figure',
    n_units Nullable(UInt64) COMMENT '单元数 / Units',
    n_missing Nullable(UInt64) COMMENT '缺值单元数，不进分子分母 / Units without a value; they are in neither sum',
    provisional Bool COMMENT '暂定：缺值超过百分之五 / Provisional: over 5 % of the units have no value',
    target_op LowCardinality(String) COMMENT '目标比较符 / How the target compares',
    target_value Nullable(Float64) COMMENT '目标值 / Target',
    met Nullable(Bool) COMMENT '是否达标 / The target is met',
    rule_version UInt16 COMMENT '口径版本 / Version of the rule',
    register LowCardinality(String) COMMENT '分母名册 / Register of the denominator',
    register_version LowCardinality(String) COMMENT '名册版本 / Version of the register',
    known_from DateTime64(3, 'UTC') COMMENT '自何时所知 / Since when it is known',
    run_id LowCardinality(String) COMMENT '运行标识 / The run that made it'
) DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT v.indicator AS indicator, v.period AS period, v.as_of AS as_of, v.unit_tier AS unit_tier, v.division_code AS division_code, names.name AS division_name, v.tier AS tier, v.parent_code AS parent_code,
       v.hide AS suppressed,
       if(suppressed, NULL, v.row.3) AS numerator,
       if(suppressed, NULL, v.row.4) AS denominator,
       if(suppressed OR v.row.4 = 0, NULL, v.row.7 * toFloat64(v.row.3) / toFloat64(v.row.4)) AS value,
       if(suppressed, NULL, v.row.2) AS n_units,
       if(suppressed, NULL, v.row.5) AS n_missing,
       v.row.6 AS provisional,
       v.row.8 AS target_op,
       v.row.9 AS target_value,
       CAST(if(suppressed OR v.row.4 = 0, NULL, multiIf(target_op = '>=', v.row.7 * toFloat64(v.row.3) >= target_value * toFloat64(v.row.4), target_op = '>', v.row.7 * toFloat64(v.row.3) > target_value * toFloat64(v.row.4), target_op = '<=', v.row.7 * toFloat64(v.row.3) <= target_value * toFloat64(v.row.4), target_op = '<', v.row.7 * toFloat64(v.row.3) < target_value * toFloat64(v.row.4), target_op = '=', v.row.7 * toFloat64(v.row.3) = target_value * toFloat64(v.row.4), NULL)), 'Nullable(Bool)') AS met,
       v.row.10 AS rule_version,
       v.row.11 AS register,
       v.row.12 AS register_version,
       v.row.13 AS known_from,
       v.row.14 AS run_id
FROM
(
  SELECT f.indicator AS indicator, i.period AS period, i.as_of AS as_of, f.unit_tier AS unit_tier, f.division_code AS division_code, f.tier AS tier, f.parent_code AS parent_code, f.row AS row, toBool(transform(toString(f.indicator), ['I-05-08', 'I-05-09a', 'I-05-09b', 'I-05-10', 'I-05-11', 'I-05-15', 'I-09-04', 'I-12-04', 'I-12-06', 'I-12-08', 'I-12-10'], [10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10], 0) > 0 AND ((row.3 > 0 AND row.3 < transform(toString(f.indicator), ['I-05-08', 'I-05-09a', 'I-05-09b', 'I-05-10', 'I-05-11', 'I-05-15', 'I-09-04', 'I-12-04', 'I-12-06', 'I-12-08', 'I-12-10'], [10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10], 0)) OR (row.4 > 0 AND row.4 < transform(toString(f.indicator), ['I-05-08', 'I-05-09a', 'I-05-09b', 'I-05-10', 'I-05-11', 'I-05-15', 'I-09-04', 'I-12-04', 'I-12-06', 'I-12-08', 'I-12-10'], [10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10], 0)) OR ((row.4 - row.3) > 0 AND (row.4 - row.3) < transform(toString(f.indicator), ['I-05-08', 'I-05-09a', 'I-05-09b', 'I-05-10', 'I-05-11', 'I-05-15', 'I-09-04', 'I-12-04', 'I-12-06', 'I-12-08', 'I-12-10'], [10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10], 0)) OR (as_of >= toDate(now('Asia/Shanghai')) OR (CAST(f.indicator, 'String'), i.block, CAST(f.unit_tier, 'String'), f.division_code) IN (SELECT CAST(indicator, 'String'), block, CAST(unit_tier, 'String'), division_code FROM ads.indicator_cover)))) AS hide
  FROM
  (
    SELECT indicator, parent_code, division_code, unit_tier, tier, day, row, leadInFrame(day, 1, toDate('2149-06-06')) OVER (PARTITION BY indicator, parent_code, division_code, unit_tier, tier ORDER BY day ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING) AS next
    FROM
    (
      SELECT indicator, parent_code, division_code, unit_tier, tier, day, tuple(shown, n_units, numerator, denominator, n_missing, provisional, scale, target_op, target_value, rule_version, register, register_version, known_from, run_id) AS row
      FROM
      (
        SELECT p.indicator AS indicator, parent_code, division_code, unit_tier, tier, day, removed, shown, n_units, numerator, denominator, n_missing, provisional, scale, target_op, target_value, rule_version, register, register_version, p.known_from AS known_from, run_id FROM ads.indicator_point AS p
        INNER JOIN (SELECT indicator, known_from AS published FROM ads.indicator FINAL) AS i ON i.indicator = p.indicator
        WHERE p.known_from <= i.published
      ORDER BY indicator DESC, parent_code DESC, division_code DESC, unit_tier DESC, tier DESC, day DESC, known_from DESC LIMIT 1 BY indicator, parent_code, division_code, unit_tier, tier, day
      )
      WHERE NOT removed
    )
  ) AS f
  INNER JOIN
  (
    SELECT indicator, as_of, period, block
    FROM (SELECT indicator, day AS as_of, period, multiIf(window = every, toDate('1970-01-01'), window = 'year', toStartOfYear(day), window = 'quarter', toStartOfQuarter(day), toStartOfMonth(day)) AS block, day = arrayLast(x -> x < toDate(now('Asia/Shanghai')), days) AS is_last FROM ads.indicator FINAL ARRAY JOIN days AS day, periods AS period)
    WHERE toBool(1)
  ) AS i ON i.indicator = f.indicator
  WHERE f.day <= i.as_of AND f.next > i.as_of AND row.1 AND row.2 > 0
) AS v
LEFT JOIN (SELECT division_code AS named, ancestor_name AS name FROM dwd.division_path WHERE steps = 0) AS names ON names.named = v.division_code
COMMENT '全部指标值 / All figures [f9857bc033b614ad]';

CREATE OR REPLACE VIEW ads.indicator_latest
(
    indicator LowCardinality(String) COMMENT '指标 / Indicator',
    period String COMMENT '期间 / Period',
    as_of Date COMMENT '期间末日 / Last day of the period',
    unit_tier LowCardinality(String) COMMENT '计算单元层级：各层级分别计数的指标，每层一行 / Tier of the units: an indicator that counts each tier by itself has a row for each',
    division_code FixedString(12) COMMENT '区划代码；无处安放的单元为全零 / Division code; zeros for units without a place',
    division_name String COMMENT '区划名称 / Name of the division',
    tier LowCardinality(String) COMMENT '区划层级 / Tier of the division',
    parent_code FixedString(12) COMMENT '上级区划代码 / Code of the division above',
    suppressed Bool COMMENT '不显示：关于人员或案件的小数，或为保护小数而一并不显示，或本期未结束 / Not shown: a small number of persons or cases, one that would tell it, or of a period that is not over',
    numerator Nullable(Decimal(38, 4)) COMMENT '分子之和 / Sum of the numerators',
    denominator Nullable(Decimal(38, 4)) COMMENT '分母之和 / Sum of the denominators',
    value Nullable(Float64) COMMENT '指标值 / The figure',
    n_units Nullable(UInt64) COMMENT '单元数 / Units',
    n_missing Nullable(UInt64) COMMENT '缺值单元数，不进分子分母 / Units without a value; they are in neither sum',
    provisional Bool COMMENT '暂定：缺值超过百分之五 / Provisional: over 5 % of the units have no value',
    target_op LowCardinality(String) COMMENT '目标比较符 / How the target compares',
    target_value Nullable(Float64) COMMENT '目标值 / Target',
    met Nullable(Bool) COMMENT '是否达标 / The target is met',
    rule_version UInt16 COMMENT '口径版本 / Version of the rule',
    register LowCardinality(String) COMMENT '分母名册 / Register of the denominator',
    register_version LowCardinality(String) COMMENT '名册版本 / Version of the register',
    known_from DateTime64(3, 'UTC') COMMENT '自何时所知 / Since when it is known',
    run_id LowCardinality(String) COMMENT '运行标识 / The run that made it'
) DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT v.indicator AS indicator, v.period AS period, v.as_of AS as_of, v.unit_tier AS unit_tier, v.division_code AS division_code, names.name AS division_name, v.tier AS tier, v.parent_code AS parent_code,
       v.hide AS suppressed,
       if(suppressed, NULL, v.row.3) AS numerator,
       if(suppressed, NULL, v.row.4) AS denominator,
       if(suppressed OR v.row.4 = 0, NULL, v.row.7 * toFloat64(v.row.3) / toFloat64(v.row.4)) AS value,
       if(suppressed, NULL, v.row.2) AS n_units,
       if(suppressed, NULL, v.row.5) AS n_missing,
       v.row.6 AS provisional,
       v.row.8 AS target_op,
       v.row.9 AS target_value,
       CAST(if(suppressed OR v.row.4 = 0, NULL, multiIf(target_op = '>=', v.row.7 * toFloat64(v.row.3) >= target_value * toFloat64(v.row.4), target_op = '>', v.row.7 * toFloat64(v.row.3) > target_value * toFloat64(v.row.4), target_op = '<=', v.row.7 * toFloat64(v.row.3) <= target_value * toFloat64(v.row.4), target_op = '<', v.row.7 * toFloat64(v.row.3) < target_value * toFloat64(v.row.4), target_op = '=', v.row.7 * toFloat64(v.row.3) = target_value * toFloat64(v.row.4), NULL)), 'Nullable(Bool)') AS met,
       v.row.10 AS rule_version,
       v.row.11 AS register,
       v.row.12 AS register_version,
       v.row.13 AS known_from,
       v.row.14 AS run_id
FROM
(
  SELECT f.indicator AS indicator, i.period AS period, i.as_of AS as_of, f.unit_tier AS unit_tier, f.division_code AS division_code, f.tier AS tier, f.parent_code AS parent_code, f.row AS row, toBool(transform(toString(f.indicator), ['I-05-08', 'I-05-09a', 'I-05-09b', 'I-05-10', 'I-05-11', 'I-05-15', 'I-09-04', 'I-12-04', 'I-12-06', 'I-12-08', 'I-12-10'], [10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10], 0) > 0 AND ((row.3 > 0 AND row.3 < transform(toString(f.indicator), ['I-05-08', 'I-05-09a', 'I-05-09b', 'I-05-10', 'I-05-11', 'I-05-15', 'I-09-04', 'I-12-04', 'I-12-06', 'I-12-08', 'I-12-10'], [10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10], 0)) OR (row.4 > 0 AND row.4 < transform(toString(f.indicator), ['I-05-08', 'I-05-09a', 'I-05-09b', 'I-05-10', 'I-05-11', 'I-05-15', 'I-09-04', 'I-12-04', 'I-12-06', 'I-12-08', 'I-12-10'], [10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10], 0)) OR ((row.4 - row.3) > 0 AND (row.4 - row.3) < transform(toString(f.indicator), ['I-05-08', 'I-05-09a', 'I-05-09b', 'I-05-10', 'I-05-11', 'I-05-15', 'I-09-04', 'I-12-04', 'I-12-06', 'I-12-08', 'I-12-10'], [10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10], 0)) OR (as_of >= toDate(now('Asia/Shanghai')) OR (CAST(f.indicator, 'String'), i.block, CAST(f.unit_tier, 'String'), f.division_code) IN (SELECT CAST(indicator, 'String'), block, CAST(unit_tier, 'String'), division_code FROM ads.indicator_cover)))) AS hide
  FROM
  (
    SELECT indicator, parent_code, division_code, unit_tier, tier, day, row, leadInFrame(day, 1, toDate('2149-06-06')) OVER (PARTITION BY indicator, parent_code, division_code, unit_tier, tier ORDER BY day ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING) AS next
    FROM
    (
      SELECT indicator, parent_code, division_code, unit_tier, tier, day, tuple(shown, n_units, numerator, denominator, n_missing, provisional, scale, target_op, target_value, rule_version, register, register_version, known_from, run_id) AS row
      FROM
      (
        SELECT p.indicator AS indicator, parent_code, division_code, unit_tier, tier, day, removed, shown, n_units, numerator, denominator, n_missing, provisional, scale, target_op, target_value, rule_version, register, register_version, p.known_from AS known_from, run_id FROM ads.indicator_point AS p
        INNER JOIN (SELECT indicator, known_from AS published FROM ads.indicator FINAL) AS i ON i.indicator = p.indicator
        WHERE p.known_from <= i.published
      ORDER BY indicator DESC, parent_code DESC, division_code DESC, unit_tier DESC, tier DESC, day DESC, known_from DESC LIMIT 1 BY indicator, parent_code, division_code, unit_tier, tier, day
      )
      WHERE NOT removed
    )
  ) AS f
  INNER JOIN
  (
    SELECT indicator, as_of, period, block
    FROM (SELECT indicator, day AS as_of, period, multiIf(window = every, toDate('1970-01-01'), window = 'year', toStartOfYear(day), window = 'quarter', toStartOfQuarter(day), toStartOfMonth(day)) AS block, day = arrayLast(x -> x < toDate(now('Asia/Shanghai')), days) AS is_last FROM ads.indicator FINAL ARRAY JOIN days AS day, periods AS period)
    WHERE is_last
  ) AS i ON i.indicator = f.indicator
  WHERE f.day <= i.as_of AND f.next > i.as_of AND row.1 AND row.2 > 0
) AS v
LEFT JOIN (SELECT division_code AS named, ancestor_name AS name FROM dwd.division_path WHERE steps = 0) AS names ON names.named = v.division_code
COMMENT '最近一期指标值 / Figures of the last period that is over [a643a357d62db23a]';

CREATE OR REPLACE VIEW ads.indicator_children
(
    division_code FixedString(12) COMMENT '区划代码；无处安放的单元为全零 / Division code; zeros for units without a place',
    division_name String COMMENT '区划名称 / Name of the division',
    tier LowCardinality(String) COMMENT '区划层级 / Tier of the division',
    unit_tier LowCardinality(String) COMMENT '计算单元层级：各层级分别计数的指标，每层一行 / Tier of the units: an indicator that counts each tier by itself has a row for each',
    period String COMMENT '期间 / Period',
    suppressed Bool COMMENT '不显示：关于人员或案件的小数，或为保护小数而一并不显示，或本期未结束 / Not shown: a small number of persons or cases, one that would tell it, or of a period that is not over',
    numerator Nullable(Decimal(38, 4)) COMMENT '分子之和 / Sum of the numerators',
    denominator Nullable(Decimal(38, 4)) COMMENT '分母之和 / Sum of the denominators',
    value Nullable(Float64) COMMENT '指标值 / The figure',
    n_units Nullable(UInt64) COMMENT '单元数 / Units',
    n_missing Nullable(UInt64) COMMENT '缺值单元数，不进分子分母 / Units without a value; they are in neither sum',
    provisional Bool COMMENT '暂定：缺值超过百分之五 / Provisional: over 5 % of the units have no value',
    target_op LowCardinality(String) COMMENT '目标比较符 / How the target compares',
    target_value Nullable(Float64) COMMENT '目标值 / Target',
    met Nullable(Bool) COMMENT '是否达标 / The target is met',
    rule_version UInt16 COMMENT '口径版本 / Version of the rule',
    register LowCardinality(String) COMMENT '分母名册 / Register of the denominator',
    register_version LowCardinality(String) COMMENT '名册版本 / Version of the register',
    known_from DateTime64(3, 'UTC') COMMENT '自何时所知 / Since when it is known',
    run_id LowCardinality(String) COMMENT '运行标识 / The run that made it'
) DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
WITH (SELECT argMax(tuple(days[indexOf(periods, {period:String})] AS day, known_from, multiIf(window = every, toDate('1970-01-01'), window = 'year', toStartOfYear(day), window = 'quarter', toStartOfQuarter(day), toStartOfMonth(day))), known_from) FROM ads.indicator WHERE indicator = {indicator:String}) AS asked
SELECT division_code, names.name AS division_name, tier, unit_tier, {period:String} AS period,
       hide AS suppressed,
       if(suppressed, NULL, row.3) AS numerator,
       if(suppressed, NULL, row.4) AS denominator,
       if(suppressed OR row.4 = 0, NULL, row.7 * toFloat64(row.3) / toFloat64(row.4)) AS value,
       if(suppressed, NULL, row.2) AS n_units,
       if(suppressed, NULL, row.5) AS n_missing,
       row.6 AS provisional,
       row.8 AS target_op,
       row.9 AS target_value,
       CAST(if(suppressed OR row.4 = 0, NULL, multiIf(target_op = '>=', row.7 * toFloat64(row.3) >= target_value * toFloat64(row.4), target_op = '>', row.7 * toFloat64(row.3) > target_value * toFloat64(row.4), target_op = '<=', row.7 * toFloat64(row.3) <= target_value * toFloat64(row.4), target_op = '<', row.7 * toFloat64(row.3) < target_value * toFloat64(row.4), target_op = '=', row.7 * toFloat64(row.3) = target_value * toFloat64(row.4), NULL)), 'Nullable(Bool)') AS met,
       row.10 AS rule_version,
       row.11 AS register,
       row.12 AS register_version,
       row.13 AS known_from,
       row.14 AS run_id
FROM
(
  SELECT parent_code, division_code, unit_tier, tier, row, toBool(transform(toString({indicator:String}), ['I-05-08', 'I-05-09a', 'I-05-09b', 'I-05-10', 'I-05-11', 'I-05-15', 'I-09-04', 'I-12-04', 'I-12-06', 'I-12-08', 'I-12-10'], [10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10], 0) > 0 AND ((row.3 > 0 AND row.3 < transform(toString({indicator:String}), ['I-05-08', 'I-05-09a', 'I-05-09b', 'I-05-10', 'I-05-11', 'I-05-15', 'I-09-04', 'I-12-04', 'I-12-06', 'I-12-08', 'I-12-10'], [10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10], 0)) OR (row.4 > 0 AND row.4 < transform(toString({indicator:String}), ['I-05-08', 'I-05-09a', 'I-05-09b', 'I-05-10', 'I-05-11', 'I-05-15', 'I-09-04', 'I-12-04', 'I-12-06', 'I-12-08', 'I-12-10'], [10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10], 0)) OR ((row.4 - row.3) > 0 AND (row.4 - row.3) < transform(toString({indicator:String}), ['I-05-08', 'I-05-09a', 'I-05-09b', 'I-05-10', 'I-05-11', 'I-05-15', 'I-09-04', 'I-12-04', 'I-12-06', 'I-12-08', 'I-12-10'], [10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10], 0)) OR (asked.1 >= toDate(now('Asia/Shanghai')) OR (CAST({indicator:String}, 'String'), asked.3, CAST(unit_tier, 'String'), division_code) IN (SELECT CAST(indicator, 'String'), block, CAST(unit_tier, 'String'), division_code FROM ads.indicator_cover)))) AS hide
  FROM
  (
    SELECT parent_code, division_code, unit_tier, tier, row
    FROM
    (
      SELECT indicator, parent_code, division_code, unit_tier, tier, day, tuple(shown, n_units, numerator, denominator, n_missing, provisional, scale, target_op, target_value, rule_version, register, register_version, known_from, run_id) AS row
      FROM
      (
        SELECT indicator, parent_code, division_code, unit_tier, tier, day, removed, shown, n_units, numerator, denominator, n_missing, provisional, scale, target_op, target_value, rule_version, register, register_version, known_from, run_id FROM ads.indicator_point
        WHERE indicator = {indicator:String} AND day <= asked.1 AND parent_code = toFixedString({division:String}, 12) AND known_from <= asked.2
      ORDER BY indicator DESC, parent_code DESC, division_code DESC, unit_tier DESC, tier DESC, day DESC, known_from DESC LIMIT 1 BY indicator, parent_code, division_code, unit_tier, tier, day
      )
      WHERE NOT removed
    )
    ORDER BY parent_code DESC, division_code DESC, unit_tier DESC, tier DESC, day DESC LIMIT 1 BY parent_code, division_code, unit_tier, tier
  )
  WHERE row.1 AND row.2 > 0
) AS f
LEFT JOIN (SELECT division_code AS named, ancestor_name AS name FROM dwd.division_path WHERE steps = 0 AND division_code IN (SELECT division_code FROM ads.indicator_point WHERE indicator = {indicator:String} AND parent_code = toFixedString({division:String}, 12))) AS names ON names.named = f.division_code
ORDER BY unit_tier, division_code
COMMENT '下钻 / Drill-down [391ac2b3cd23b496]';

CREATE OR REPLACE VIEW ads.indicator_peers
(
    division_code FixedString(12) COMMENT '区划代码；无处安放的单元为全零 / Division code; zeros for units without a place',
    division_name String COMMENT '区划名称 / Name of the division',
    parent_code FixedString(12) COMMENT '上级区划代码 / Code of the division above',
    unit_tier LowCardinality(String) COMMENT '计算单元层级：各层级分别计数的指标，每层一行 / Tier of the units: an indicator that counts each tier by itself has a row for each',
    period String COMMENT '期间 / Period',
    is_asked Bool COMMENT '所问的区划 / The division that was asked for',
    suppressed Bool COMMENT '不显示：关于人员或案件的小数，或为保护小数而一并不显示，或本期未结束 / Not shown: a small number of persons or cases, one that would tell it, or of a period that is not over',
    numerator Nullable(Decimal(38, 4)) COMMENT '分子之和 / Sum of the numerators',
    denominator Nullable(Decimal(38, 4)) COMMENT '分母之和 / Sum of the denominators',
    value Nullable(Float64) COMMENT '指标值 / The figure',
    n_units Nullable(UInt64) COMMENT '单元数 / Units',
    n_missing Nullable(UInt64) COMMENT '缺值单元数，不进分子分母 / Units without a value; they are in neither sum',
    provisional Bool COMMENT '暂定：缺值超过百分之五 / Provisional: over 5 % of the units have no value',
    target_op LowCardinality(String) COMMENT '目标比较符 / How the target compares',
    target_value Nullable(Float64) COMMENT '目标值 / Target',
    met Nullable(Bool) COMMENT '是否达标 / The target is met',
    rule_version UInt16 COMMENT '口径版本 / Version of the rule',
    register LowCardinality(String) COMMENT '分母名册 / Register of the denominator',
    register_version LowCardinality(String) COMMENT '名册版本 / Version of the register',
    known_from DateTime64(3, 'UTC') COMMENT '自何时所知 / Since when it is known',
    run_id LowCardinality(String) COMMENT '运行标识 / The run that made it',
    peers UInt64 COMMENT '有值的同级区划数 / Divisions with a figure',
    quartile_1 Nullable(Float64) COMMENT '下四分位数 / First quartile',
    median Nullable(Float64) COMMENT '中位数 / Median',
    quartile_3 Nullable(Float64) COMMENT '上四分位数 / Third quartile'
) DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
WITH (SELECT argMax(tuple(days[indexOf(periods, {period:String})] AS day, known_from, multiIf(window = every, toDate('1970-01-01'), window = 'year', toStartOfYear(day), window = 'quarter', toStartOfQuarter(day), toStartOfMonth(day))), known_from) FROM ads.indicator WHERE indicator = {indicator:String}) AS asked
SELECT division_code, names.name AS division_name, parent_code, unit_tier, {period:String} AS period, toBool(division_code = toFixedString({division:String}, 12)) AS is_asked,
       hide AS suppressed,
       if(suppressed, NULL, row.3) AS numerator,
       if(suppressed, NULL, row.4) AS denominator,
       if(suppressed OR row.4 = 0, NULL, row.7 * toFloat64(row.3) / toFloat64(row.4)) AS value,
       if(suppressed, NULL, row.2) AS n_units,
       if(suppressed, NULL, row.5) AS n_missing,
       row.6 AS provisional,
       row.8 AS target_op,
       row.9 AS target_value,
       CAST(if(suppressed OR row.4 = 0, NULL, multiIf(target_op = '>=', row.7 * toFloat64(row.3) >= target_value * toFloat64(row.4), target_op = '>', row.7 * toFloat64(row.3) > target_value * toFloat64(row.4), target_op = '<=', row.7 * toFloat64(row.3) <= target_value * toFloat64(row.4), target_op = '<', row.7 * toFloat64(row.3) < target_value * toFloat64(row.4), target_op = '=', row.7 * toFloat64(row.3) = target_value * toFloat64(row.4), NULL)), 'Nullable(Bool)') AS met,
       row.10 AS rule_version,
       row.11 AS register,
       row.12 AS register_version,
       row.13 AS known_from,
       row.14 AS run_id,
       count(value) OVER w AS peers, quantileExact(0.25)(value) OVER w AS quartile_1, quantileExact(0.5)(value) OVER w AS median, quantileExact(0.75)(value) OVER w AS quartile_3
FROM
(
  SELECT parent_code, division_code, unit_tier, tier, row, toBool(transform(toString({indicator:String}), ['I-05-08', 'I-05-09a', 'I-05-09b', 'I-05-10', 'I-05-11', 'I-05-15', 'I-09-04', 'I-12-04', 'I-12-06', 'I-12-08', 'I-12-10'], [10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10], 0) > 0 AND ((row.3 > 0 AND row.3 < transform(toString({indicator:String}), ['I-05-08', 'I-05-09a', 'I-05-09b', 'I-05-10', 'I-05-11', 'I-05-15', 'I-09-04', 'I-12-04', 'I-12-06', 'I-12-08', 'I-12-10'], [10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10], 0)) OR (row.4 > 0 AND row.4 < transform(toString({indicator:String}), ['I-05-08', 'I-05-09a', 'I-05-09b', 'I-05-10', 'I-05-11', 'I-05-15', 'I-09-04', 'I-12-04', 'I-12-06', 'I-12-08', 'I-12-10'], [10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10], 0)) OR ((row.4 - row.3) > 0 AND (row.4 - row.3) < transform(toString({indicator:String}), ['I-05-08', 'I-05-09a', 'I-05-09b', 'I-05-10', 'I-05-11', 'I-05-15', 'I-09-04', 'I-12-04', 'I-12-06', 'I-12-08', 'I-12-10'], [10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10], 0)) OR (asked.1 >= toDate(now('Asia/Shanghai')) OR (CAST({indicator:String}, 'String'), asked.3, CAST(unit_tier, 'String'), division_code) IN (SELECT CAST(indicator, 'String'), block, CAST(unit_tier, 'String'), division_code FROM ads.indicator_cover)))) AS hide
  FROM
  (
    SELECT parent_code, division_code, unit_tier, tier, row
    FROM
    (
      SELECT indicator, parent_code, division_code, unit_tier, tier, day, tuple(shown, n_units, numerator, denominator, n_missing, provisional, scale, target_op, target_value, rule_version, register, register_version, known_from, run_id) AS row
      FROM
      (
        SELECT indicator, parent_code, division_code, unit_tier, tier, day, removed, shown, n_units, numerator, denominator, n_missing, provisional, scale, target_op, target_value, rule_version, register, register_version, known_from, run_id FROM ads.indicator_point
        WHERE indicator = {indicator:String} AND day <= asked.1 AND tier = (SELECT any(tier) FROM dwd.division_path WHERE division_code = toFixedString({division:String}, 12)) AND known_from <= asked.2
      ORDER BY indicator DESC, parent_code DESC, division_code DESC, unit_tier DESC, tier DESC, day DESC, known_from DESC LIMIT 1 BY indicator, parent_code, division_code, unit_tier, tier, day
      )
      WHERE NOT removed
    )
    ORDER BY parent_code DESC, division_code DESC, unit_tier DESC, tier DESC, day DESC LIMIT 1 BY parent_code, division_code, unit_tier, tier
  )
  WHERE row.1 AND row.2 > 0
) AS f
LEFT JOIN (SELECT division_code AS named, ancestor_name AS name FROM dwd.division_path WHERE steps = 0 AND tier = (SELECT any(tier) FROM dwd.division_path WHERE division_code = toFixedString({division:String}, 12))) AS names ON names.named = f.division_code
WINDOW w AS (PARTITION BY unit_tier)
ORDER BY unit_tier, division_code
COMMENT '同级比较 / Peers [c56ca006d09558aa]';

CREATE OR REPLACE VIEW ads.indicator_trend
(
    period String COMMENT '期间 / Period',
    as_of Date COMMENT '期间末日 / Last day of the period',
    running Bool COMMENT '本期尚未结束 / The period is not over',
    tier LowCardinality(String) COMMENT '区划层级 / Tier of the division',
    unit_tier LowCardinality(String) COMMENT '计算单元层级：各层级分别计数的指标，每层一行 / Tier of the units: an indicator that counts each tier by itself has a row for each',
    suppressed Bool COMMENT '不显示：关于人员或案件的小数，或为保护小数而一并不显示，或本期未结束 / Not shown: a small number of persons or cases, one that would tell it, or of a period that is not over',
    numerator Nullable(Decimal(38, 4)) COMMENT '分子之和 / Sum of the numerators',
    denominator Nullable(Decimal(38, 4)) COMMENT '分母之和 / Sum of the denominators',
    value Nullable(Float64) COMMENT '指标值 / The figure',
    n_units Nullable(UInt64) COMMENT '单元数 / Units',
    n_missing Nullable(UInt64) COMMENT '缺值单元数，不进分子分母 / Units without a value; they are in neither sum',
    provisional Bool COMMENT '暂定：缺值超过百分之五 / Provisional: over 5 % of the units have no value',
    target_op LowCardinality(String) COMMENT '目标比较符 / How the target compares',
    target_value Nullable(Float64) COMMENT '目标值 / Target',
    met Nullable(Bool) COMMENT '是否达标 / The target is met',
    rule_version UInt16 COMMENT '口径版本 / Version of the rule',
    register LowCardinality(String) COMMENT '分母名册 / Register of the denominator',
    register_version LowCardinality(String) COMMENT '名册版本 / Version of the register',
    known_from DateTime64(3, 'UTC') COMMENT '自何时所知 / Since when it is known',
    run_id LowCardinality(String) COMMENT '运行标识 / The run that made it',
    value_before Nullable(Float64) COMMENT '上期值 / The figure of the period before',
    value_year_before Nullable(Float64) COMMENT '上年同期值 / The figure of the same period of the year before'
) DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT p.2 AS period, p.1 AS as_of, toBool(as_of >= toDate(now('Asia/Shanghai'))) AS running, tier, unit_tier,
       hide AS suppressed,
       if(suppressed, NULL, row.3) AS numerator,
       if(suppressed, NULL, row.4) AS denominator,
       if(suppressed OR row.4 = 0, NULL, row.7 * toFloat64(row.3) / toFloat64(row.4)) AS value,
       if(suppressed, NULL, row.2) AS n_units,
       if(suppressed, NULL, row.5) AS n_missing,
       row.6 AS provisional,
       row.8 AS target_op,
       row.9 AS target_value,
       CAST(if(suppressed OR row.4 = 0, NULL, multiIf(target_op = '>=', row.7 * toFloat64(row.3) >= target_value * toFloat64(row.4), target_op = '>', row.7 * toFloat64(row.3) > target_value * toFloat64(row.4), target_op = '<=', row.7 * toFloat64(row.3) <= target_value * toFloat64(row.4), target_op = '<', row.7 * toFloat64(row.3) < target_value * toFloat64(row.4), target_op = '=', row.7 * toFloat64(row.3) = target_value * toFloat64(row.4), NULL)), 'Nullable(Bool)') AS met,
       row.10 AS rule_version,
       row.11 AS register,
       row.12 AS register_version,
       row.13 AS known_from,
       row.14 AS run_id,
       lagInFrame(value, 1) OVER w AS value_before, lagInFrame(value, per_year) OVER w AS value_year_before
FROM
(
  SELECT tier, unit_tier, p, row, per_year, toBool(transform(toString({indicator:String}), ['I-05-08', 'I-05-09a', 'I-05-09b', 'I-05-10', 'I-05-11', 'I-05-15', 'I-09-04', 'I-12-04', 'I-12-06', 'I-12-08', 'I-12-10'], [10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10], 0) > 0 AND ((row.3 > 0 AND row.3 < transform(toString({indicator:String}), ['I-05-08', 'I-05-09a', 'I-05-09b', 'I-05-10', 'I-05-11', 'I-05-15', 'I-09-04', 'I-12-04', 'I-12-06', 'I-12-08', 'I-12-10'], [10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10], 0)) OR (row.4 > 0 AND row.4 < transform(toString({indicator:String}), ['I-05-08', 'I-05-09a', 'I-05-09b', 'I-05-10', 'I-05-11', 'I-05-15', 'I-09-04', 'I-12-04', 'I-12-06', 'I-12-08', 'I-12-10'], [10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10], 0)) OR ((row.4 - row.3) > 0 AND (row.4 - row.3) < transform(toString({indicator:String}), ['I-05-08', 'I-05-09a', 'I-05-09b', 'I-05-10', 'I-05-11', 'I-05-15', 'I-09-04', 'I-12-04', 'I-12-06', 'I-12-08', 'I-12-10'], [10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10], 0)) OR (p.1 >= toDate(now('Asia/Shanghai')) OR (CAST({indicator:String}, 'String'), multiIf(window = every, toDate('1970-01-01'), window = 'year', toStartOfYear(p.1), window = 'quarter', toStartOfQuarter(p.1), toStartOfMonth(p.1)), CAST(unit_tier, 'String'), division_code) IN (SELECT CAST(indicator, 'String'), block, CAST(unit_tier, 'String'), division_code FROM ads.indicator_cover)))) AS hide
  FROM
  (
    SELECT tier, unit_tier, division_code, p, arrayLast(x -> x.1 <= p.1, points).2 AS row, every, window, toUInt8(multiIf(every = 'month', 12, every = 'quarter', 4, 1)) AS per_year
    FROM
    (
      SELECT tier, unit_tier, division_code, arraySort(x -> x.1, groupArray((day, row))) AS points
      FROM
      (
        SELECT indicator, parent_code, division_code, unit_tier, tier, day, tuple(shown, n_units, numerator, denominator, n_missing, provisional, scale, target_op, target_value, rule_version, register, register_version, known_from, run_id) AS row
        FROM
        (
          SELECT indicator, parent_code, division_code, unit_tier, tier, day, removed, shown, n_units, numerator, denominator, n_missing, provisional, scale, target_op, target_value, rule_version, register, register_version, known_from, run_id FROM ads.indicator_point
          WHERE indicator = {indicator:String} AND division_code = toFixedString({division:String}, 12) AND known_from <= (SELECT known_from FROM ads.indicator FINAL WHERE indicator = {indicator:String})
        ORDER BY indicator DESC, parent_code DESC, division_code DESC, unit_tier DESC, tier DESC, day DESC, known_from DESC LIMIT 1 BY indicator, parent_code, division_code, unit_tier, tier, day
        )
        WHERE NOT removed
      )
      GROUP BY tier, unit_tier, division_code
    ) AS f
    CROSS JOIN (SELECT arrayZip(days, periods) AS named, every, window FROM ads.indicator FINAL WHERE indicator = {indicator:String}) AS i
    ARRAY JOIN named AS p
  )
  WHERE row.1 AND row.2 > 0
)
WINDOW w AS (PARTITION BY unit_tier ORDER BY as_of ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
ORDER BY unit_tier, as_of
COMMENT '走势 / Trend [db2ee78798f1a81c]';

CREATE OR REPLACE VIEW ads.indicator_trend_as_known
(
    period String COMMENT '期间 / Period',
    as_of Date COMMENT '期间末日 / Last day of the period',
    running Bool COMMENT '本期尚未结束 / The period is not over',
    tier LowCardinality(String) COMMENT '区划层级 / Tier of the division',
    unit_tier LowCardinality(String) COMMENT '计算单元层级：各层级分别计数的指标，每层一行 / Tier of the units: an indicator that counts each tier by itself has a row for each',
    suppressed Bool COMMENT '不显示：关于人员或案件的小数，或为保护小数而一并不显示，或本期未结束 / Not shown: a small number of persons or cases, one that would tell it, or of a period that is not over',
    numerator Nullable(Decimal(38, 4)) COMMENT '分子之和 / Sum of the numerators',
    denominator Nullable(Decimal(38, 4)) COMMENT '分母之和 / Sum of the denominators',
    value Nullable(Float64) COMMENT '指标值 / The figure',
    n_units Nullable(UInt64) COMMENT '单元数 / Units',
    n_missing Nullable(UInt64) COMMENT '缺值单元数，不进分子分母 / Units without a value; they are in neither sum',
    provisional Bool COMMENT '暂定：缺值超过百分之五 / Provisional: over 5 % of the units have no value',
    target_op LowCardinality(String) COMMENT '目标比较符 / How the target compares',
    target_value Nullable(Float64) COMMENT '目标值 / Target',
    met Nullable(Bool) COMMENT '是否达标 / The target is met',
    rule_version UInt16 COMMENT '口径版本 / Version of the rule',
    register LowCardinality(String) COMMENT '分母名册 / Register of the denominator',
    register_version LowCardinality(String) COMMENT '名册版本 / Version of the register',
    known_from DateTime64(3, 'UTC') COMMENT '自何时所知 / Since when it is known',
    run_id LowCardinality(String) COMMENT '运行标识 / The run that made it',
    value_before Nullable(Float64) COMMENT '上期值 / The figure of the period before',
    value_year_before Nullable(Float64) COMMENT '上年同期值 / The figure of the same period of the year before'
) DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT p.2 AS period, p.1 AS as_of, toBool(as_of >= toDate(now('Asia/Shanghai'))) AS running, tier, unit_tier,
       hide AS suppressed,
       if(suppressed, NULL, row.3) AS numerator,
       if(suppressed, NULL, row.4) AS denominator,
       if(suppressed OR row.4 = 0, NULL, row.7 * toFloat64(row.3) / toFloat64(row.4)) AS value,
       if(suppressed, NULL, row.2) AS n_units,
       if(suppressed, NULL, row.5) AS n_missing,
       row.6 AS provisional,
       row.8 AS target_op,
       row.9 AS target_value,
       CAST(if(suppressed OR row.4 = 0, NULL, multiIf(target_op = '>=', row.7 * toFloat64(row.3) >= target_value * toFloat64(row.4), target_op = '>', row.7 * toFloat64(row.3) > target_value * toFloat64(row.4), target_op = '<=', row.7 * toFloat64(row.3) <= target_value * toFloat64(row.4), target_op = '<', row.7 * toFloat64(row.3) < target_value * toFloat64(row.4), target_op = '=', row.7 * toFloat64(row.3) = target_value * toFloat64(row.4), NULL)), 'Nullable(Bool)') AS met,
       row.10 AS rule_version,
       row.11 AS register,
       row.12 AS register_version,
       row.13 AS known_from,
       row.14 AS run_id,
       lagInFrame(value, 1) OVER w AS value_before, lagInFrame(value, per_year) OVER w AS value_year_before
FROM
(
  SELECT tier, unit_tier, p, row, per_year, toBool(transform(toString({indicator:String}), ['I-05-08', 'I-05-09a', 'I-05-09b', 'I-05-10', 'I-05-11', 'I-05-15', 'I-09-04', 'I-12-04', 'I-12-06', 'I-12-08', 'I-12-10'], [10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10], 0) > 0 AND ((row.3 > 0 AND row.3 < transform(toString({indicator:String}), ['I-05-08', 'I-05-09a', 'I-05-09b', 'I-05-10', 'I-05-11', 'I-05-15', 'I-09-04', 'I-12-04', 'I-12-06', 'I-12-08', 'I-12-10'], [10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10], 0)) OR (row.4 > 0 AND row.4 < transform(toString({indicator:String}), ['I-05-08', 'I-05-09a', 'I-05-09b', 'I-05-10', 'I-05-11', 'I-05-15', 'I-09-04', 'I-12-04', 'I-12-06', 'I-12-08', 'I-12-10'], [10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10], 0)) OR ((row.4 - row.3) > 0 AND (row.4 - row.3) < transform(toString({indicator:String}), ['I-05-08', 'I-05-09a', 'I-05-09b', 'I-05-10', 'I-05-11', 'I-05-15', 'I-09-04', 'I-12-04', 'I-12-06', 'I-12-08', 'I-12-10'], [10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10], 0)) OR (row.13 > parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai') OR p.1 >= toDate(now('Asia/Shanghai')) OR (CAST({indicator:String}, 'String'), multiIf(window = every, toDate('1970-01-01'), window = 'year', toStartOfYear(p.1), window = 'quarter', toStartOfQuarter(p.1), toStartOfMonth(p.1)), CAST(unit_tier, 'String'), division_code) IN (SELECT CAST(indicator, 'String'), block, CAST(unit_tier, 'String'), division_code FROM ads.indicator_cover)))) AS hide
  FROM
  (
    SELECT tier, unit_tier, division_code, p, arrayLast(x -> x.1 <= p.1, points).2 AS row, every, window, toUInt8(multiIf(every = 'month', 12, every = 'quarter', 4, 1)) AS per_year
    FROM
    (
      SELECT tier, unit_tier, division_code, arraySort(x -> x.1, groupArray((day, row))) AS points
      FROM
      (
        SELECT indicator, parent_code, division_code, unit_tier, tier, day, tuple(shown, n_units, numerator, denominator, n_missing, provisional, scale, target_op, target_value, rule_version, register, register_version, known_from, run_id) AS row
        FROM
        (
          SELECT * FROM
          (
            SELECT * FROM ads.indicator_point WHERE indicator = {indicator:String} AND division_code = toFixedString({division:String}, 12) AND known_from <= if(transform(toString({indicator:String}), ['I-05-08', 'I-05-09a', 'I-05-09b', 'I-05-10', 'I-05-11', 'I-05-15', 'I-09-04', 'I-12-04', 'I-12-06', 'I-12-08', 'I-12-10'], [10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10], 0) > 0, (SELECT known_from FROM ads.indicator FINAL WHERE indicator = {indicator:String}), parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai'))
            UNION ALL
            SELECT * FROM ads.indicator_point_past WHERE indicator = {indicator:String} AND division_code = toFixedString({division:String}, 12) AND known_from <= if(transform(toString({indicator:String}), ['I-05-08', 'I-05-09a', 'I-05-09b', 'I-05-10', 'I-05-11', 'I-05-15', 'I-09-04', 'I-12-04', 'I-12-06', 'I-12-08', 'I-12-10'], [10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10], 0) > 0, (SELECT known_from FROM ads.indicator FINAL WHERE indicator = {indicator:String}), parseDateTime64BestEffort({known:String}, 3, 'Asia/Shanghai'))
          )
        ORDER BY indicator DESC, parent_code DESC, division_code DESC, unit_tier DESC, tier DESC, day DESC, known_from DESC LIMIT 1 BY indicator, parent_code, division_code, unit_tier, tier, day
        )
        WHERE NOT removed
      )
      GROUP BY tier, unit_tier, division_code
    ) AS f
    CROSS JOIN (SELECT arrayZip(days, periods) AS named, every, window FROM ads.indicator FINAL WHERE indicator = {indicator:String}) AS i
    ARRAY JOIN named AS p
  )
  WHERE row.1 AND row.2 > 0
)
WINDOW w AS (PARTITION BY unit_tier ORDER BY as_of ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
ORDER BY unit_tier, as_of
COMMENT '当时所知的走势 / Trend as it was known [c270d6571054e7e8]';

CREATE OR REPLACE VIEW ads.division_profile
(
    indicator LowCardinality(String) COMMENT '指标 / Indicator',
    name_zh String COMMENT '名称 / Name in Chinese',
    name_en String COMMENT '英文名称 / Name',
    unit String COMMENT '计量单位 / Unit',
    direction LowCardinality(String) COMMENT '方向：up 越高越好，down 越低越好，monitor 只监测 / Which way is better: up, down, or monitor',
    unit_tier LowCardinality(String) COMMENT '计算单元层级：各层级分别计数的指标，每层一行 / Tier of the units: an indicator that counts each tier by itself has a row for each',
    period String COMMENT '期间 / Period',
    suppressed Bool COMMENT '不显示：关于人员或案件的小数，或为保护小数而一并不显示，或本期未结束 / Not shown: a small number of persons or cases, one that would tell it, or of a period that is not over',
    numerator Nullable(Decimal(38, 4)) COMMENT '分子之和 / Sum of the numerators',
    denominator Nullable(Decimal(38, 4)) COMMENT '分母之和 / Sum of the denominators',
    value Nullable(Float64) COMMENT '指标值 / The figure',
    n_units Nullable(UInt64) COMMENT '单元数 / Units',
    n_missing Nullable(UInt64) COMMENT '缺值单元数，不进分子分母 / Units without a value; they are in neither sum',
    provisional Bool COMMENT '暂定：缺值超过百分之五 / Provisional: over 5 % of the units have no value',
    target_op LowCardinality(String) COMMENT '目标比较符 / How the target compares',
    target_value Nullable(Float64) COMMENT '目标值 / Target',
    met Nullable(Bool) COMMENT '是否达标 / The target is met',
    rule_version UInt16 COMMENT '口径版本 / Version of the rule',
    register LowCardinality(String) COMMENT '分母名册 / Register of the denominator',
    register_version LowCardinality(String) COMMENT '名册版本 / Version of the register',
    known_from DateTime64(3, 'UTC') COMMENT '自何时所知 / Since when it is known',
    run_id LowCardinality(String) COMMENT '运行标识 / The run that made it'
) DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT indicator, name_zh, name_en, unit, direction, unit_tier, period,
       hide AS suppressed,
       if(suppressed, NULL, row.3) AS numerator,
       if(suppressed, NULL, row.4) AS denominator,
       if(suppressed OR row.4 = 0, NULL, row.7 * toFloat64(row.3) / toFloat64(row.4)) AS value,
       if(suppressed, NULL, row.2) AS n_units,
       if(suppressed, NULL, row.5) AS n_missing,
       row.6 AS provisional,
       row.8 AS target_op,
       row.9 AS target_value,
       CAST(if(suppressed OR row.4 = 0, NULL, multiIf(target_op = '>=', row.7 * toFloat64(row.3) >= target_value * toFloat64(row.4), target_op = '>', row.7 * toFloat64(row.3) > target_value * toFloat64(row.4), target_op = '<=', row.7 * toFloat64(row.3) <= target_value * toFloat64(row.4), target_op = '<', row.7 * toFloat64(row.3) < target_value * toFloat64(row.4), target_op = '=', row.7 * toFloat64(row.3) = target_value * toFloat64(row.4), NULL)), 'Nullable(Bool)') AS met,
       row.10 AS rule_version,
       row.11 AS register,
       row.12 AS register_version,
       row.13 AS known_from,
       row.14 AS run_id
FROM
(
  SELECT f.indicator AS indicator, i.name_zh AS name_zh, i.name_en AS name_en, i.unit AS unit, i.direction AS direction, f.unit_tier AS unit_tier, i.period AS period, row, toBool(transform(toString(f.indicator), ['I-05-08', 'I-05-09a', 'I-05-09b', 'I-05-10', 'I-05-11', 'I-05-15', 'I-09-04', 'I-12-04', 'I-12-06', 'I-12-08', 'I-12-10'], [10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10], 0) > 0 AND ((row.3 > 0 AND row.3 < transform(toString(f.indicator), ['I-05-08', 'I-05-09a', 'I-05-09b', 'I-05-10', 'I-05-11', 'I-05-15', 'I-09-04', 'I-12-04', 'I-12-06', 'I-12-08', 'I-12-10'], [10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10], 0)) OR (row.4 > 0 AND row.4 < transform(toString(f.indicator), ['I-05-08', 'I-05-09a', 'I-05-09b', 'I-05-10', 'I-05-11', 'I-05-15', 'I-09-04', 'I-12-04', 'I-12-06', 'I-12-08', 'I-12-10'], [10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10], 0)) OR ((row.4 - row.3) > 0 AND (row.4 - row.3) < transform(toString(f.indicator), ['I-05-08', 'I-05-09a', 'I-05-09b', 'I-05-10', 'I-05-11', 'I-05-15', 'I-09-04', 'I-12-04', 'I-12-06', 'I-12-08', 'I-12-10'], [10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10], 0)) OR (i.at >= toDate(now('Asia/Shanghai')) OR (CAST(f.indicator, 'String'), multiIf(i.window = i.every, toDate('1970-01-01'), i.window = 'year', toStartOfYear(i.at), i.window = 'quarter', toStartOfQuarter(i.at), toStartOfMonth(i.at)), CAST(f.unit_tier, 'String'), toFixedString({division:String}, 12)) IN (SELECT CAST(indicator, 'String'), block, CAST(unit_tier, 'String'), division_code FROM ads.indicator_cover)))) AS hide
  FROM
  (
    SELECT indicator, unit_tier, arraySort(x -> x.1, groupArray((day, row))) AS points
    FROM
    (
      SELECT indicator, parent_code, division_code, unit_tier, tier, day, tuple(shown, n_units, numerator, denominator, n_missing, provisional, scale, target_op, target_value, rule_version, register, register_version, known_from, run_id) AS row
      FROM
      (
        SELECT indicator, parent_code, division_code, unit_tier, tier, day, removed, shown, n_units, numerator, denominator, n_missing, provisional, scale, target_op, target_value, rule_version, register, register_version, known_from, run_id FROM ads.indicator_point
        WHERE division_code = toFixedString({division:String}, 12) AND parent_code = (SELECT any(ancestor_code) FROM dwd.division_path WHERE division_code = toFixedString({division:String}, 12) AND steps = 1) AND known_from <= (SELECT max(known_from) FROM ads.indicator)
      ORDER BY indicator DESC, parent_code DESC, division_code DESC, unit_tier DESC, tier DESC, day DESC, known_from DESC LIMIT 1 BY indicator, parent_code, division_code, unit_tier, tier, day
      )
      WHERE NOT removed
    )
    GROUP BY indicator, unit_tier
  ) AS f
  INNER JOIN
  (
    SELECT indicator, name_zh, name_en, unit, direction, every, window, arrayLast(p -> p <= toDate({day:String}), days) AS at, periods[indexOf(days, at)] AS period FROM ads.indicator FINAL
  ) AS i ON i.indicator = f.indicator
  ARRAY JOIN arrayMap(x -> x.2, arraySlice(arrayFilter(x -> x.1 <= i.at, f.points), -1)) AS row
)
WHERE row.1 AND row.2 > 0
ORDER BY indicator, unit_tier
COMMENT '区划画像 / Profile of a division [c5e2fb44e25e6a48]';

CREATE OR REPLACE VIEW ads.indicator_under
(
    indicator LowCardinality(String) COMMENT '指标 / Indicator',
    period String COMMENT '期间 / Period',
    as_of Date32 COMMENT '期间末日 / Last day of the period',
    unit_tier LowCardinality(String) COMMENT '计算单元层级：各层级分别计数的指标，每层一行 / Tier of the units: an indicator that counts each tier by itself has a row for each',
    tier LowCardinality(String) COMMENT '区划层级 / Tier of the division',
    under_code FixedString(12) COMMENT '在所选登记册中的区划代码 / Division code in that register',
    under_name String COMMENT '区划名称 / Name of the division',
    under_how String COMMENT 'complete 完整；undivided 未能分到下级，留在上级 / complete, or undivided: what could not be given to a division below',
    numerator Nullable(Decimal(38, 4)) COMMENT '分子之和 / Sum of the numerators',
    denominator Nullable(Decimal(38, 4)) COMMENT '分母之和 / Sum of the denominators',
    value Nullable(Float64) COMMENT '指标值 / The figure',
    recorded Array(FixedString(12)) COMMENT '原记录的区划 / Divisions that it was recorded for',
    partial_from Array(FixedString(12)) COMMENT '有部分并入、份额不明的区划 / Divisions of which it has a part of unknown size: the figure lacks that part'
) DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT indicator, period, as_of, unit_tier, tier, under_code, names.name AS under_name, if(undivided, 'undivided', 'complete') AS under_how,
       if(hidden, NULL, num) AS numerator, if(hidden, NULL, den) AS denominator,
       if(hidden OR den = 0 OR (indicator IN ('', 'I-07-07b') AND (length(recorded) > 1 OR cut)), NULL, (SELECT scale FROM ads.indicator FINAL WHERE indicator = {indicator:String}) * toFloat64(num) / toFloat64(den)) AS value,
       recorded, arraySort(arrayMap(x -> x.3, arrayFilter(x -> x.1 <= as_of AND x.2 > as_of AND NOT undivided, parts.pieces))) AS partial_from
FROM
(
  SELECT t.indicator AS indicator, t.period AS period, t.as_of AS as_of, t.unit_tier AS unit_tier, t.tier AS tier, way.1 AS under_code, way.2 IN ('undivided', 'lost', 'above') AS undivided,
         sum(CAST(round(toDecimal256(ifNull(t.numerator, 0), 4) * toDecimal256(way.4, 12), 4) - round(toDecimal256(ifNull(t.numerator, 0), 4) * toDecimal256(way.3, 12), 4), 'Decimal(38, 4)')) AS num, sum(CAST(round(toDecimal256(ifNull(t.denominator, 0), 4) * toDecimal256(way.4, 12), 4) - round(toDecimal256(ifNull(t.denominator, 0), 4) * toDecimal256(way.3, 12), 4), 'Decimal(38, 4)')) AS den,
         max(isNull(t.numerator)) OR max(isNull(t.denominator)) AS hidden, max(way.2 = 'shared') AS cut, arraySort(groupUniqArray(t.division_code)) AS recorded
  FROM
  (
    SELECT indicator, period, as_of, unit_tier, tier, division_code, if(hide, NULL, row.3) AS numerator, if(hide, NULL, row.4) AS denominator
    FROM
    (
      WITH (SELECT argMax(tuple(days[indexOf(periods, {period:String})] AS day, known_from, multiIf(window = every, toDate('1970-01-01'), window = 'year', toStartOfYear(day), window = 'quarter', toStartOfQuarter(day), toStartOfMonth(day))), known_from) FROM ads.indicator WHERE indicator = {indicator:String}) AS asked
      SELECT {indicator:String} AS indicator, {period:String} AS period, toDate32(asked.1) AS as_of, unit_tier, tier, division_code, row, hide FROM
      (
        SELECT parent_code, division_code, unit_tier, tier, row, toBool(transform(toString({indicator:String}), ['I-05-08', 'I-05-09a', 'I-05-09b', 'I-05-10', 'I-05-11', 'I-05-15', 'I-09-04', 'I-12-04', 'I-12-06', 'I-12-08', 'I-12-10'], [10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10], 0) > 0 AND ((row.3 > 0 AND row.3 < transform(toString({indicator:String}), ['I-05-08', 'I-05-09a', 'I-05-09b', 'I-05-10', 'I-05-11', 'I-05-15', 'I-09-04', 'I-12-04', 'I-12-06', 'I-12-08', 'I-12-10'], [10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10], 0)) OR (row.4 > 0 AND row.4 < transform(toString({indicator:String}), ['I-05-08', 'I-05-09a', 'I-05-09b', 'I-05-10', 'I-05-11', 'I-05-15', 'I-09-04', 'I-12-04', 'I-12-06', 'I-12-08', 'I-12-10'], [10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10], 0)) OR ((row.4 - row.3) > 0 AND (row.4 - row.3) < transform(toString({indicator:String}), ['I-05-08', 'I-05-09a', 'I-05-09b', 'I-05-10', 'I-05-11', 'I-05-15', 'I-09-04', 'I-12-04', 'I-12-06', 'I-12-08', 'I-12-10'], [10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10], 0)) OR (asked.1 >= toDate(now('Asia/Shanghai')) OR (CAST({indicator:String}, 'String'), asked.3, CAST(unit_tier, 'String'), division_code) IN (SELECT CAST(indicator, 'String'), block, CAST(unit_tier, 'String'), division_code FROM ads.indicator_cover)))) AS hide
        FROM
        (
          SELECT parent_code, division_code, unit_tier, tier, row
          FROM
          (
            SELECT indicator, parent_code, division_code, unit_tier, tier, day, tuple(shown, n_units, numerator, denominator, n_missing, provisional, scale, target_op, target_value, rule_version, register, register_version, known_from, run_id) AS row
            FROM
            (
              SELECT indicator, parent_code, division_code, unit_tier, tier, day, removed, shown, n_units, numerator, denominator, n_missing, provisional, scale, target_op, target_value, rule_version, register, register_version, known_from, run_id FROM ads.indicator_point
              WHERE indicator = {indicator:String} AND day <= asked.1 AND 1 AND known_from <= asked.2
            ORDER BY indicator DESC, parent_code DESC, division_code DESC, unit_tier DESC, tier DESC, day DESC, known_from DESC LIMIT 1 BY indicator, parent_code, division_code, unit_tier, tier, day
            )
            WHERE NOT removed
          )
          ORDER BY parent_code DESC, division_code DESC, unit_tier DESC, tier DESC, day DESC LIMIT 1 BY parent_code, division_code, unit_tier, tier
        )
        WHERE row.1 AND row.2 > 0
      )
    )
  ) AS t
  LEFT JOIN (
    SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
    FROM (SELECT * FROM dwd.division_remap WHERE below = 0 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
    GROUP BY code
  ) AS own ON own.code = t.division_code
  LEFT JOIN (
    SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
    FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
    GROUP BY code
  ) AS town ON town.code = toFixedString(if(endsWith(t.division_code, '000'), '', concat(substring(t.division_code, 1, 9), '000')), 12)
  LEFT JOIN (
    SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
    FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
    GROUP BY code
  ) AS county ON county.code = toFixedString(if(endsWith(t.division_code, '000000'), '', concat(substring(t.division_code, 1, 6), '000000')), 12)
  ARRAY JOIN arrayConcat(
    arrayMap(x -> (x.3, x.4, x.5, x.6, x.7), arrayFilter(x -> x.1 <= t.as_of AND x.2 > t.as_of, if(notEmpty(own.ways), own.ways, if(notEmpty(town.ways), town.ways, county.ways))) AS found),
    if(empty(found), [(t.division_code, 'same', toDecimal64(0, 12), toDecimal64(1, 12), emptyArrayString()::Array(FixedString(12)))], [])) AS way
  WHERE throwIf((SELECT count() = 0 FROM dwd.division_remap), 'dwd.division_remap is empty: run "rongtong run integrate" once') = 0 AND 1
  GROUP BY indicator, period, as_of, unit_tier, tier, under_code, undivided
) AS u
LEFT JOIN
(
  SELECT candidate, groupArray((at_from, at_to, code)) AS pieces FROM dwd.division_remap ARRAY JOIN arrayDistinct(candidates) AS candidate
  WHERE NOT below AND how = 'undivided' AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) GROUP BY candidate
) AS parts ON parts.candidate = u.under_code
LEFT JOIN (SELECT division_code AS named, ancestor_name AS name FROM dwd.division_path WHERE steps = 0) AS names ON names.named = u.under_code
ORDER BY as_of, unit_tier, tier, under_code
COMMENT '按另一日期登记册的指标值 / Figures under the register of another day [96da8ab3769054be]';

CREATE OR REPLACE VIEW ads.indicator_trend_under
(
    indicator LowCardinality(String) COMMENT '指标 / Indicator',
    period String COMMENT '期间 / Period',
    as_of Date32 COMMENT '期间末日 / Last day of the period',
    unit_tier LowCardinality(String) COMMENT '计算单元层级：各层级分别计数的指标，每层一行 / Tier of the units: an indicator that counts each tier by itself has a row for each',
    tier LowCardinality(String) COMMENT '区划层级 / Tier of the division',
    under_code FixedString(12) COMMENT '在所选登记册中的区划代码 / Division code in that register',
    under_name String COMMENT '区划名称 / Name of the division',
    under_how String COMMENT 'complete 完整；undivided 未能分到下级，留在上级 / complete, or undivided: what could not be given to a division below',
    numerator Nullable(Decimal(38, 4)) COMMENT '分子之和 / Sum of the numerators',
    denominator Nullable(Decimal(38, 4)) COMMENT '分母之和 / Sum of the denominators',
    value Nullable(Float64) COMMENT '指标值 / The figure',
    recorded Array(FixedString(12)) COMMENT '原记录的区划 / Divisions that it was recorded for',
    partial_from Array(FixedString(12)) COMMENT '有部分并入、份额不明的区划 / Divisions of which it has a part of unknown size: the figure lacks that part'
) DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT indicator, period, as_of, unit_tier, tier, under_code, names.name AS under_name, if(undivided, 'undivided', 'complete') AS under_how,
       if(hidden, NULL, num) AS numerator, if(hidden, NULL, den) AS denominator,
       if(hidden OR den = 0 OR (indicator IN ('', 'I-07-07b') AND (length(recorded) > 1 OR cut)), NULL, (SELECT scale FROM ads.indicator FINAL WHERE indicator = {indicator:String}) * toFloat64(num) / toFloat64(den)) AS value,
       recorded, arraySort(arrayMap(x -> x.3, arrayFilter(x -> x.1 <= as_of AND x.2 > as_of AND NOT undivided, parts.pieces))) AS partial_from
FROM
(
  SELECT t.indicator AS indicator, t.period AS period, t.as_of AS as_of, t.unit_tier AS unit_tier, t.tier AS tier, way.1 AS under_code, way.2 IN ('undivided', 'lost', 'above') AS undivided,
         sum(CAST(round(toDecimal256(ifNull(t.numerator, 0), 4) * toDecimal256(way.4, 12), 4) - round(toDecimal256(ifNull(t.numerator, 0), 4) * toDecimal256(way.3, 12), 4), 'Decimal(38, 4)')) AS num, sum(CAST(round(toDecimal256(ifNull(t.denominator, 0), 4) * toDecimal256(way.4, 12), 4) - round(toDecimal256(ifNull(t.denominator, 0), 4) * toDecimal256(way.3, 12), 4), 'Decimal(38, 4)')) AS den,
         max(isNull(t.numerator)) OR max(isNull(t.denominator)) AS hidden, max(way.2 = 'shared') AS cut, arraySort(groupUniqArray(t.division_code)) AS recorded
  FROM
  (
    SELECT indicator, period, as_of, unit_tier, tier, division_code, if(hide, NULL, row.3) AS numerator, if(hide, NULL, row.4) AS denominator
    FROM
    (
      SELECT indicator, period, toDate32(as_of) AS as_of, unit_tier, tier, division_code, row, hide FROM
      (
        SELECT f.indicator AS indicator, i.period AS period, i.as_of AS as_of, f.unit_tier AS unit_tier, f.division_code AS division_code, f.tier AS tier, f.parent_code AS parent_code, f.row AS row, toBool(transform(toString(f.indicator), ['I-05-08', 'I-05-09a', 'I-05-09b', 'I-05-10', 'I-05-11', 'I-05-15', 'I-09-04', 'I-12-04', 'I-12-06', 'I-12-08', 'I-12-10'], [10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10], 0) > 0 AND ((row.3 > 0 AND row.3 < transform(toString(f.indicator), ['I-05-08', 'I-05-09a', 'I-05-09b', 'I-05-10', 'I-05-11', 'I-05-15', 'I-09-04', 'I-12-04', 'I-12-06', 'I-12-08', 'I-12-10'], [10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10], 0)) OR (row.4 > 0 AND row.4 < transform(toString(f.indicator), ['I-05-08', 'I-05-09a', 'I-05-09b', 'I-05-10', 'I-05-11', 'I-05-15', 'I-09-04', 'I-12-04', 'I-12-06', 'I-12-08', 'I-12-10'], [10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10], 0)) OR ((row.4 - row.3) > 0 AND (row.4 - row.3) < transform(toString(f.indicator), ['I-05-08', 'I-05-09a', 'I-05-09b', 'I-05-10', 'I-05-11', 'I-05-15', 'I-09-04', 'I-12-04', 'I-12-06', 'I-12-08', 'I-12-10'], [10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10], 0)) OR (as_of >= toDate(now('Asia/Shanghai')) OR (CAST(f.indicator, 'String'), i.block, CAST(f.unit_tier, 'String'), f.division_code) IN (SELECT CAST(indicator, 'String'), block, CAST(unit_tier, 'String'), division_code FROM ads.indicator_cover)))) AS hide
        FROM
        (
          SELECT indicator, parent_code, division_code, unit_tier, tier, day, row, leadInFrame(day, 1, toDate('2149-06-06')) OVER (PARTITION BY indicator, parent_code, division_code, unit_tier, tier ORDER BY day ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING) AS next
          FROM
          (
            SELECT indicator, parent_code, division_code, unit_tier, tier, day, tuple(shown, n_units, numerator, denominator, n_missing, provisional, scale, target_op, target_value, rule_version, register, register_version, known_from, run_id) AS row
            FROM
            (
              SELECT p.indicator AS indicator, parent_code, division_code, unit_tier, tier, day, removed, shown, n_units, numerator, denominator, n_missing, provisional, scale, target_op, target_value, rule_version, register, register_version, p.known_from AS known_from, run_id FROM ads.indicator_point AS p
              INNER JOIN (SELECT indicator, known_from AS published FROM ads.indicator FINAL) AS i ON i.indicator = p.indicator
              WHERE p.known_from <= i.published
            ORDER BY indicator DESC, parent_code DESC, division_code DESC, unit_tier DESC, tier DESC, day DESC, known_from DESC LIMIT 1 BY indicator, parent_code, division_code, unit_tier, tier, day
            )
            WHERE NOT removed
          )
        ) AS f
        INNER JOIN
        (
          SELECT indicator, as_of, period, block
          FROM (SELECT indicator, day AS as_of, period, multiIf(window = every, toDate('1970-01-01'), window = 'year', toStartOfYear(day), window = 'quarter', toStartOfQuarter(day), toStartOfMonth(day)) AS block, day = arrayLast(x -> x < toDate(now('Asia/Shanghai')), days) AS is_last FROM ads.indicator FINAL ARRAY JOIN days AS day, periods AS period)
          WHERE 1
        ) AS i ON i.indicator = f.indicator
        WHERE f.day <= i.as_of AND f.next > i.as_of AND row.1 AND row.2 > 0
      )
      WHERE indicator = {indicator:String} AND (division_code = toFixedString({division:String}, 12) OR division_code IN (
          SELECT code FROM dwd.division_remap WHERE NOT below AND to_code = toFixedString({division:String}, 12) AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String})))
    )
  ) AS t
  LEFT JOIN (
    SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
    FROM (SELECT * FROM dwd.division_remap WHERE below = 0 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
    GROUP BY code
  ) AS own ON own.code = t.division_code
  LEFT JOIN (
    SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
    FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
    GROUP BY code
  ) AS town ON town.code = toFixedString(if(endsWith(t.division_code, '000'), '', concat(substring(t.division_code, 1, 9), '000')), 12)
  LEFT JOIN (
    SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
    FROM (SELECT * FROM dwd.division_remap WHERE below = 1 AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
    GROUP BY code
  ) AS county ON county.code = toFixedString(if(endsWith(t.division_code, '000000'), '', concat(substring(t.division_code, 1, 6), '000000')), 12)
  ARRAY JOIN arrayConcat(
    arrayMap(x -> (x.3, x.4, x.5, x.6, x.7), arrayFilter(x -> x.1 <= t.as_of AND x.2 > t.as_of, if(notEmpty(own.ways), own.ways, if(notEmpty(town.ways), town.ways, county.ways))) AS found),
    if(empty(found), [(t.division_code, 'same', toDecimal64(0, 12), toDecimal64(1, 12), emptyArrayString()::Array(FixedString(12)))], [])) AS way
  WHERE throwIf((SELECT count() = 0 FROM dwd.division_remap), 'dwd.division_remap is empty: run "rongtong run integrate" once') = 0 AND way.1 = toFixedString({division:String}, 12)
  GROUP BY indicator, period, as_of, unit_tier, tier, under_code, undivided
) AS u
LEFT JOIN
(
  SELECT candidate, groupArray((at_from, at_to, code)) AS pieces FROM dwd.division_remap ARRAY JOIN arrayDistinct(candidates) AS candidate
  WHERE NOT below AND how = 'undivided' AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) GROUP BY candidate
) AS parts ON parts.candidate = u.under_code
LEFT JOIN (SELECT division_code AS named, ancestor_name AS name FROM dwd.division_path WHERE steps = 0) AS names ON names.named = u.under_code
ORDER BY as_of, unit_tier, tier, under_code
COMMENT '按另一日期登记册的走势 / Trend under the register of another day [3626b64f0193d7db]';

CREATE OR REPLACE VIEW ads.changed_in_month
(
    entity String COMMENT '主题实体 / Entity',
    changed Nullable(Int64) COMMENT '变动行数 / Rows that changed',
    rows Nullable(Int64) COMMENT '全部行数 / Rows in all',
    share Nullable(Decimal(18, 4)) COMMENT '变动占比 / Share（%）'
) DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT entity, if(closed, NULL, c) AS changed, if(closed, NULL, n) AS rows, if(closed, NULL, toDecimal64(100 * c / n, 4)) AS share
FROM
(
  SELECT entity, toInt64(sumIf(rows, month = toDate32(concat({month:String}, '-01')))) AS c, toInt64(sum(rows)) AS n, entity IN ('stat_fact', 'workforce_post', 'dispute_case', 'grid_event', 'petition_case') AS closed
  FROM dwd.territory
  WHERE division_code = toFixedString(substring(concat({division:String}, '000000000000'), 1, 12), 12)
  GROUP BY entity
)
ORDER BY entity
COMMENT '本月变动 / What changed in a month [636d1c0434e90775]';

CREATE OR REPLACE VIEW ads.collected_twice
(
    element_id String COMMENT '数据元 / Data element',
    name_zh String COMMENT '数据元名称 / Name of the element',
    target_tier String COMMENT '填报层级 / Tier that fills it in',
    forms Int64 COMMENT '报表数 / Forms',
    issuers Int64 COMMENT '下发单位数 / Issuers',
    out_of_list Int64 COMMENT '其中清单外报表 / Forms out of the list',
    held_values Int64 COMMENT '已有值的主体数 / Subjects whose value is held'
) AS
SELECT f.element_id AS element_id, any(e.name_zh) AS name_zh, f.target_tier AS target_tier, toInt64(uniqExact(f.form_id)) AS forms,
       toInt64(uniqExact(f.issuer)) AS issuers, toInt64(uniqExactIf(f.form_id, f.out_of_list)) AS out_of_list, toInt64(any(v.n)) AS held_values
FROM
(
  SELECT assumeNotNull(x.element_id) AS element_id, x.form_id AS form_id, toString(c.target_tier) AS target_tier, ifNull(toString(c.issuer_uscc), '') AS issuer, isNull(c.list_item_id) AS out_of_list
  FROM dwd.form_field AS x
  INNER JOIN dwd.collection_form AS c ON c.form_id = x.form_id AND c.form_version = x.form_version
  WHERE x.element_id IS NOT NULL AND c.valid_from <= today() AND (c.valid_to IS NULL OR c.valid_to > today())
) AS f
LEFT JOIN dwd.data_element AS e ON e.element_id = f.element_id
LEFT JOIN (SELECT element_id, uniqExact(subject_ref) AS n FROM dwd.element_value GROUP BY element_id) AS v ON v.element_id = f.element_id
GROUP BY element_id, target_tier
HAVING forms > 1
ORDER BY forms DESC, element_id, target_tier
COMMENT '重复采集的数据项 / Items that are collected twice [6cf9daf4c7e62816]';

CREATE OR REPLACE VIEW ads.contribution
(
    field String COMMENT '字段 / Field',
    src String COMMENT '来源系统 / Source system',
    rule String COMMENT '取值规则 / Rule',
    rows Int64 COMMENT '行数 / Rows',
    share Decimal(18, 4) COMMENT '占比 / Share of the field\'s rows（%）',
    last_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '最近业务时间 / Latest business time'
) DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT field, src, rule, toInt64(rows) AS rows, toDecimal64(100 * rows / sum(rows) OVER (PARTITION BY field), 4) AS share, last_at
FROM dwd.contribution
WHERE entity = {entity:String} AND entity NOT IN ('stat_fact', 'workforce_post', 'dispute_case', 'grid_event', 'petition_case')
ORDER BY field, rows DESC, src, rule
COMMENT '一数一源：来源贡献 / Contributions by source [c28301485592f89c]';

CREATE OR REPLACE VIEW ads.division_holdings
(
    entity String COMMENT '主题实体 / Entity',
    entity_name String COMMENT '实体名称 / Name of the entity',
    rows Nullable(Int64) COMMENT '行数 / Rows',
    last_at DateTime64(3, 'Asia/Shanghai') COMMENT '最近业务时间 / Latest business time',
    fresh_days Nullable(Int64) COMMENT '应更新天数 / How old it may be（日）',
    stale Enum8('unknown' = -1, 'no' = 0, 'yes' = 1) COMMENT '是否过期 / Older than that'
) DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT t.entity AS entity, f.entity_name AS entity_name,
       if(t.entity IN ('stat_fact', 'workforce_post', 'dispute_case', 'grid_event', 'petition_case'), NULL, toInt64(sum(t.rows))) AS rows,
       max(t.last_at) AS last_at, any(f.fresh_days) AS fresh_days,
       multiIf(fresh_days IS NULL, 'unknown', dateDiff('day', last_at, now64(3)) > fresh_days, 'yes', 'no') AS stale
FROM dwd.territory AS t
LEFT JOIN (SELECT entity, any(entity_name) AS entity_name, any(fresh_days) AS fresh_days FROM dwd.feed GROUP BY entity) AS f ON f.entity = t.entity
WHERE t.division_code = toFixedString(substring(concat({division:String}, '000000000000'), 1, 12), 12)
GROUP BY t.entity, f.entity_name
ORDER BY entity
COMMENT '区划家底 / What is held about a division [28697ff5046639ad]';

CREATE OR REPLACE VIEW ads.facility_by_township
(
    township_code FixedString(12) COMMENT '乡镇（街道）代码 / Code of the township',
    township_name String COMMENT '乡镇（街道） / Township',
    facility_kind String COMMENT '设施类别 / Kind of facility',
    facilities Int64 COMMENT '设施数 / Facilities',
    operating Int64 COMMENT '在用数 / In use',
    area_unknown Int64 COMMENT '面积不详数 / Area unknown',
    area_m2 Nullable(Decimal(18, 4)) COMMENT '建筑面积 / Floor area（m2）',
    direct_service_area_m2 Nullable(Decimal(18, 4)) COMMENT '直接服务面积 / Direct service area（m2）'
) AS
SELECT p.ancestor_code AS township_code, any(p.ancestor_name) AS township_name, toString(t.facility_kind) AS facility_kind,
       toInt64(count()) AS facilities, toInt64(countIf(t.operating = 'yes')) AS operating, toInt64(countIf(t.area_m2 IS NULL)) AS area_unknown,
       sum(t.area_m2) AS area_m2, sum(t.direct_service_area_m2) AS direct_service_area_m2
FROM dwd.facility AS t
INNER JOIN dwd.division_path AS p ON p.division_code = t.division_code
WHERE p.ancestor_tier = 'T'
GROUP BY township_code, facility_kind
COMMENT '各乡镇（街道）设施 / Facilities by township [6ea3296f7a1674ba]';

CREATE OR REPLACE VIEW ads.facility_coverage
(
    township_code FixedString(12) COMMENT '乡镇（街道）代码 / Code of the township',
    township_name String COMMENT '乡镇（街道） / Township',
    villages Int64 COMMENT '村（社区）数 / Villages',
    covered Int64 COMMENT '有设施的村数 / Villages with one',
    share Decimal(18, 4) COMMENT '覆盖率 / Coverage（%）',
    facilities Int64 COMMENT '设施数 / Facilities',
    area_m2 Nullable(Decimal(18, 4)) COMMENT '面积合计 / Floor area（m2）'
) AS
SELECT v.township_code AS township_code, any(v.township_name) AS township_name, toInt64(count()) AS villages, toInt64(countIf(f.n > 0)) AS covered,
       toDecimal64(100 * covered / villages, 4) AS share, toInt64(sum(f.n)) AS facilities, sum(f.area) AS area_m2
FROM
(
  SELECT d.division_code AS code, p.ancestor_code AS township_code, p.ancestor_name AS township_name
  FROM (SELECT division_code FROM dwd.division WHERE level = 'village' AND kind = 'civil' AND division_code IN (
          SELECT division_code FROM dwd.division_path WHERE ancestor_code = toFixedString(substring(concat({division:String}, '000000000000'), 1, 12), 12))) AS d
  INNER JOIN (SELECT division_code, ancestor_code, ancestor_name FROM dwd.division_path WHERE ancestor_tier = 'T') AS p ON p.division_code = d.division_code
) AS v
LEFT JOIN
(
  SELECT division_code, count() AS n, sum(area_m2) AS area FROM dwd.facility
  WHERE facility_kind = {kind:String} AND ifNull(toString(operating), '') != 'no'
  GROUP BY division_code
) AS f ON f.division_code = v.code
GROUP BY township_code
ORDER BY township_code
COMMENT '设施覆盖（按乡镇） / Coverage of facilities by township [17000da4945748a8]';

CREATE OR REPLACE VIEW ads.freshness
(
    tier String COMMENT '层级 / Tier',
    department String COMMENT '部门 / Department',
    system String COMMENT '来源系统 / Source system',
    name String COMMENT '系统名称 / Name of the system',
    entity String COMMENT '主题实体 / Entity',
    entity_name String COMMENT '实体名称 / Name of the entity',
    accepted Int64 COMMENT '累计接受 / Rows accepted',
    rejected Int64 COMMENT '累计退回 / Records rejected',
    last_loaded_at Nullable(DateTime64(3, 'Asia/Shanghai')) COMMENT '最近装载时间 / Last loaded',
    fresh_days Nullable(Int64) COMMENT '应更新天数 / How old it may be（日）',
    state String COMMENT '状态 / State: fresh, stale, never, or no rhythm'
) AS
SELECT tier, department, system, name, entity, entity_name, toInt64(accepted) AS accepted, toInt64(rejected) AS rejected, last_loaded_at, fresh_days,
       multiIf(last_loaded_at IS NULL, 'never', fresh_days IS NULL, 'no rhythm', dateDiff('day', last_loaded_at, now64(3)) > fresh_days, 'stale', 'fresh') AS state
FROM dwd.feed
ORDER BY tier, department, system, entity
COMMENT '供数时效 / Freshness of feeds [fdf5464c9102cc24]';

CREATE OR REPLACE VIEW ads.grid_event_by_township
(
    township_code FixedString(12) COMMENT '乡镇（街道）代码 / Code of the township',
    township_name String COMMENT '乡镇（街道） / Township',
    month Date32 COMMENT '月份 / Month',
    category String COMMENT '类别 / Category',
    n Nullable(Int64) COMMENT '事件数 / Events（件）',
    n_closed Nullable(Int64) COMMENT '办结数 / Closed（件）',
    suppressed Enum8('unknown' = -1, 'no' = 0, 'yes' = 1) COMMENT '是否抑制 / Something is not shown'
) DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT township_code, township_name, month, category, if(cases < 10, NULL, cases) AS n,
       if(cases < 10 OR done BETWEEN 1 AND 9 OR cases - done BETWEEN 1 AND 9, NULL, done) AS n_closed,
       if(n IS NULL OR n_closed IS NULL, 'yes', 'no') AS suppressed
FROM
(
  SELECT p.ancestor_code AS township_code, any(p.ancestor_name) AS township_name, toStartOfMonth(toDate32(t.reported_at)) AS month, toString(t.category) AS category,
         toInt64(count()) AS cases, toInt64(countIf(t.closed_at IS NOT NULL)) AS done
  FROM dwd.grid_event AS t
  INNER JOIN dwd.division_path AS p ON p.division_code = t.division_code
  WHERE p.ancestor_tier = 'T'
  GROUP BY township_code, month, category
)
COMMENT '各乡镇（街道）网格事件 / Grid events by township [dd81e1f312e151f6]';

CREATE OR REPLACE VIEW ads.organization_by_township
(
    township_code FixedString(12) COMMENT '乡镇（街道）代码 / Code of the township',
    township_name String COMMENT '乡镇（街道） / Township',
    org_kind String COMMENT '组织类别 / Kind of organisation',
    organizations Int64 COMMENT '组织数 / Organisations',
    with_uscc Int64 COMMENT '已赋码数 / With a code'
) AS
SELECT p.ancestor_code AS township_code, any(p.ancestor_name) AS township_name, toString(t.org_kind) AS org_kind,
       toInt64(count()) AS organizations, toInt64(countIf(t.uscc IS NOT NULL)) AS with_uscc
FROM dwd.organization AS t
INNER JOIN dwd.division_path AS p ON p.division_code = t.division_code
WHERE p.ancestor_tier = 'T'
GROUP BY township_code, org_kind
COMMENT '各乡镇（街道）组织 / Organisations by township [cdf2b1f1486b7b1f]';

CREATE OR REPLACE VIEW ads.reported_figure
(
    division_code FixedString(12) COMMENT '区划代码 / Division code',
    division_name String COMMENT '区划 / Division',
    tier String COMMENT '层级 / Tier',
    breakdown String COMMENT '分组 / Breakdown',
    period_start Date32 COMMENT '时期起始日 / First day of the period',
    value Decimal(18, 4) COMMENT '数值 / Value'
) DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT f.division_code AS division_code, p.ancestor_name AS division_name, p.tier AS tier, f.breakdown AS breakdown, f.at AS period_start, f.latest AS value
FROM
(
  SELECT division_code, breakdown, max(period_start) AS at, argMax(value, period_start) AS latest
  FROM dwd.stat_fact
  WHERE family IN ('population', 'establishment', 'activity', 'collection_burden', 'security_event') AND measure = {measure:String}
    AND measure IN ('resident_households', 'registered_households', 'org_quota', 'org_actual', 'staff_quota', 'plan_intake', 'volunteer_hours', 'activities', 'media_items', 'donations', 'forms_asked', 'systems_n', 'systems_graded_n')
    AND division_code IN (SELECT division_code FROM dwd.division_path WHERE ancestor_code = toFixedString(substring(concat({division:String}, '000000000000'), 1, 12), 12))
  GROUP BY division_code, breakdown
) AS f
INNER JOIN (SELECT division_code, ancestor_name, tier FROM dwd.division_path WHERE steps = 0) AS p ON p.division_code = f.division_code
ORDER BY division_code, breakdown
COMMENT '上报统计数（不含人数） / Reported figures that count no persons [1af1f2550b569d96]';

CREATE OR REPLACE VIEW ads.staffing_by_township
(
    township_code FixedString(12) COMMENT '乡镇（街道）代码 / Code of the township',
    township_name String COMMENT '乡镇（街道） / Township',
    post_kind String COMMENT '岗位类型 / Kind of post',
    n Nullable(Int64) COMMENT '在岗人数 / Persons in post（人）',
    in_scheme Nullable(Int64) COMMENT '纳入职业体系人数 / In the scheme（人）',
    suppressed Enum8('unknown' = -1, 'no' = 0, 'yes' = 1) COMMENT '是否抑制 / Something is not shown'
) DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT township_code, township_name, post_kind, if(hidden, NULL, persons) AS n, if(hidden, NULL, scheme) AS in_scheme, if(hidden, 'yes', 'no') AS suppressed
FROM
(
  SELECT *, small OR sum(small) OVER w = 1 AND row_number() OVER (PARTITION BY county, post_kind, small ORDER BY persons, township_code) = 1
           OR sumIf(scheme, small) OVER w BETWEEN 1 AND 9 AND scheme > 0 AND row_number() OVER (PARTITION BY county, post_kind, small, scheme > 0 ORDER BY persons, township_code) = 1
           OR sumIf(persons - scheme, small) OVER w BETWEEN 1 AND 9 AND persons > scheme AND row_number() OVER (PARTITION BY county, post_kind, small, persons > scheme ORDER BY persons, township_code) = 1 AS hidden
  FROM
  (
    SELECT p.township AS township_code, any(p.name) AS township_name, any(p.county) AS county, toString(w.post_kind) AS post_kind,
           toInt64(count()) AS persons, toInt64(countIf(w.in_community_worker_scheme = 'yes')) AS scheme,
           persons < 10 OR scheme BETWEEN 1 AND 9 OR persons - scheme BETWEEN 1 AND 9 AS small
    FROM (SELECT division_code, post_kind, in_community_worker_scheme FROM dwd.workforce_post WHERE spell_to IS NULL OR spell_to > today()) AS w
    INNER JOIN
    (
      SELECT division_code, anyIf(ancestor_code, ancestor_tier = 'T') AS township, anyIf(ancestor_name, ancestor_tier = 'T') AS name, anyIf(ancestor_code, ancestor_tier = 'X') AS county
      FROM dwd.division_path
      WHERE division_code IN (SELECT division_code FROM dwd.division_path WHERE ancestor_code IN (
        SELECT ancestor_code FROM dwd.division_path WHERE ancestor_tier = 'X' AND division_code IN (
          SELECT division_code FROM dwd.division_path WHERE ancestor_code = toFixedString(substring(concat({division:String}, '000000000000'), 1, 12), 12))))
      GROUP BY division_code
      HAVING countIf(ancestor_tier = 'T') > 0
    ) AS p ON p.division_code = w.division_code
    GROUP BY township_code, post_kind
  )
  WINDOW w AS (PARTITION BY county, post_kind)
)
WHERE township_code IN (SELECT ancestor_code FROM dwd.division_path WHERE ancestor_tier = 'T' AND division_code IN (
  SELECT division_code FROM dwd.division_path WHERE ancestor_code = toFixedString(substring(concat({division:String}, '000000000000'), 1, 12), 12)))
ORDER BY township_code, post_kind
COMMENT '基层队伍（按乡镇） / Staff by township [d7dda6e7677a82cb]';

CREATE OR REPLACE VIEW ads.conflict
(
    entity LowCardinality(String) COMMENT '主题实体 / Entity',
    thing String COMMENT '事物标识（主键以|相连） / The thing: its key, joined with |',
    division_code String COMMENT '所在区划 / Division',
    field LowCardinality(String) COMMENT '字段 / Field',
    value String COMMENT '采用的值 / Value that won',
    src LowCardinality(String) COMMENT '采用的来源 / Its source',
    at DateTime64(3, 'Asia/Shanghai') COMMENT '采用值的业务时间 / Its business time',
    department LowCardinality(String) COMMENT '采用来源的主管部门：由其核实 / Department of that source: it looks into it',
    other_value String COMMENT '未采用的值 / Value that did not win',
    other_src LowCardinality(String) COMMENT '未采用的来源 / Its source',
    other_at DateTime64(3, 'Asia/Shanghai') COMMENT '未采用值的业务时间 / Its business time',
    other_department LowCardinality(String) COMMENT '未采用来源的主管部门 / Department of that source'
) DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT entity, thing, division_code, field, value, src, at, department, other_value, other_src, other_at, other_department
FROM ops.conflict FINAL
WHERE is_deleted = 0 AND entity NOT IN ('stat_fact', 'workforce_post', 'dispute_case', 'grid_event', 'petition_case')
COMMENT '来源分歧 / Disagreements of sources [08197c66c31c7f24]';

CREATE OR REPLACE VIEW ads.conflict_by_department
(
    department LowCardinality(String) COMMENT '采用来源的主管部门：由其核实 / Department of that source: it looks into it',
    entity LowCardinality(String) COMMENT '主题实体 / Entity',
    field LowCardinality(String) COMMENT '字段 / Field',
    src LowCardinality(String) COMMENT '采用的来源 / Its source',
    other_src LowCardinality(String) COMMENT '未采用的来源 / Its source',
    conflicts UInt64 COMMENT '分歧数 / Disagreements',
    things UInt64 COMMENT '涉及事物数 / Things they are about'
) AS
SELECT department, entity, field, src, other_src, count() AS conflicts, uniqExact(thing) AS things
FROM ads.conflict
GROUP BY department, entity, field, src, other_src
COMMENT '各部门的来源分歧 / Disagreements by department [0a420484621db901]';

CREATE OR REPLACE VIEW ads.identity_review
(
    entity LowCardinality(String) COMMENT '主题实体 / Entity',
    pair String COMMENT '标识对编号 / The pair\'s short name',
    left String COMMENT '标识一 / One key',
    right String COMMENT '标识二 / The other key',
    name String COMMENT '名称（比对用） / Name for matching',
    division_code String COMMENT '所在区划 / Division',
    reason LowCardinality(String) COMMENT '为何存疑：name_only, facts_differ, same_source, several / Why it is not clear: name_only, facts_differ, same_source, several',
    agree Array(LowCardinality(String)) COMMENT '一致的字段 / Fields that agree',
    differ Array(LowCardinality(String)) COMMENT '不一致的字段 / Fields that differ',
    left_srcs Array(LowCardinality(String)) COMMENT '标识一的来源 / Sources of the one',
    right_srcs Array(LowCardinality(String)) COMMENT '标识二的来源 / Sources of the other',
    left_codes Array(String) COMMENT '标识一的代码 / Codes of the one, as the entity declares them',
    left_facts Array(String) COMMENT '标识一的佐证 / Second facts of the one',
    right_codes Array(String) COMMENT '标识二的代码 / Codes of the other',
    right_facts Array(String) COMMENT '标识二的佐证 / Second facts of the other',
    asked_at DateTime64(3, 'Asia/Shanghai') COMMENT '提出时间 / Asked at',
    department String COMMENT '核定部门 / Department that decides',
    other_department String COMMENT '另一来源的部门 / Department of the other source'
) DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT entity, substring(lower(hex(sipHash64(entity, least(left, right), greatest(left, right)))), 1, 10) AS pair, left, right, name, division_code, reason, agree, differ,
       left_srcs, right_srcs, left_codes, left_facts, right_codes, right_facts, asked_at, transform(toString(left_srcs[1]), ['nbs_register', 'province_gateway', 'return_receipts', 'city_operations', 'county_ledger', 'county_offices', 'emergency_feed', 'township_ledger', 'village_forms'], ['山东省统计局、山东省民政厅', '山东省大数据局', '山东省大数据局', '各设区的市大数据局', '各县（市、区）民政局', '各县（市、区）财政局、行政审批服务局、民政局、政法委', '各县（市、区）应急管理局', '各乡镇人民政府、街道办事处', '各村（居）民委员会'], '') AS department, transform(toString(right_srcs[1]), ['nbs_register', 'province_gateway', 'return_receipts', 'city_operations', 'county_ledger', 'county_offices', 'emergency_feed', 'township_ledger', 'village_forms'], ['山东省统计局、山东省民政厅', '山东省大数据局', '山东省大数据局', '各设区的市大数据局', '各县（市、区）民政局', '各县（市、区）财政局、行政审批服务局、民政局、政法委', '各县（市、区）应急管理局', '各乡镇人民政府、街道办事处', '各村（居）民委员会'], '') AS other_department
FROM ops.identity_pair FINAL
WHERE is_deleted = 0 AND entity IN ('facility', 'organization')
COMMENT '疑似同一事物 / Things that may be one [9916641d2188a26c]';

CREATE OR REPLACE VIEW ads.identity_review_by_department
(
    department String COMMENT '核定部门 / Department that decides',
    entity LowCardinality(String) COMMENT '主题实体 / Entity',
    reason LowCardinality(String) COMMENT '为何存疑：name_only, facts_differ, same_source, several / Why it is not clear: name_only, facts_differ, same_source, several',
    pairs UInt64 COMMENT '待核定数 / Pairs',
    oldest DateTime64(3, 'Asia/Shanghai') COMMENT '最早提出 / Oldest'
) DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT department, entity, reason, count() AS pairs, min(asked_at) AS oldest
FROM ads.identity_review
GROUP BY department, entity, reason
COMMENT '各部门待核定的标识对 / Pairs to decide by department [beb4106a0aefcfcc]';

CREATE OR REPLACE VIEW ads.identity_crowd
(
    entity LowCardinality(String) COMMENT '主题实体 / Entity',
    division_code String COMMENT '其中一条所在区划 / Division of one of them',
    name String COMMENT '名称（比对用） / Name for matching',
    keys UInt64 COMMENT '标识数 / Keys that bear it'
) DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT 'facility' AS entity, any(division) AS division_code, any(name) AS name, count() AS keys
FROM dwd.facility__members FINAL WHERE is_deleted = 0 AND block IN (SELECT block FROM dwd.facility__members FINAL WHERE is_deleted = 0 GROUP BY block HAVING count() > 100) GROUP BY block
UNION ALL
SELECT 'organization' AS entity, any(division) AS division_code, any(name) AS name, count() AS keys
FROM dwd.organization__members FINAL WHERE is_deleted = 0 AND block IN (SELECT block FROM dwd.organization__members FINAL WHERE is_deleted = 0 GROUP BY block HAVING count() > 100) GROUP BY block
COMMENT '同名过多 / Names that too many bear [1d5df25fde076b91]';

CREATE OR REPLACE VIEW ads.identity_match
(
    entity LowCardinality(String) COMMENT '主题实体 / Entity',
    thing String COMMENT '主标识 / The thing',
    member String COMMENT '归并的标识 / A key that is it',
    how LowCardinality(String) COMMENT '规则或人工决定：rule, decision / By rule or decision',
    facts Array(LowCardinality(String)) COMMENT '一致的佐证字段 / Facts that agreed',
    matched_at DateTime64(3, 'Asia/Shanghai') COMMENT '归并时间 / When'
) DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT entity, canonical AS thing, member, how, facts, matched_at
FROM ops.identity FINAL
WHERE is_deleted = 0 AND entity IN ('facility', 'organization')
COMMENT '归并的标识 / Keys that are one thing [8663eb059eaf1207]';

