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
       multiIf(toUInt8(bitShiftRight(ord_0, 80)) = 0, '', toUInt8(bitShiftRight(ord_0, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(ord_0, 80))))) AS _rule
FROM
(
  SELECT *, bitShiftLeft(toUInt128(multiIf(src_system = 'province_gateway', 1, 255)), 80) + bitShiftLeft(toUInt128(bitNot(version)), 16) + indexOf(['county_ledger', 'province_gateway'], src_system) AS ord_0
  FROM
  (
    SELECT programme, division_code, as_of, status, level, document_no, subject_kind, subject_id, category, attrs, src_system, src_tier, event_time, version, is_deleted
    FROM std.programme_status
    WHERE src_system IN ('county_ledger', 'province_gateway')
    ORDER BY programme DESC, division_code DESC, subject_id DESC, as_of DESC, src_system DESC, version DESC, last_delivery DESC
    LIMIT 1 BY programme, division_code, subject_id, as_of, src_system
  )
  WHERE is_deleted = 0
  ORDER BY programme, division_code, subject_id, as_of, ord_0
  LIMIT 1 BY programme, division_code, subject_id, as_of
)
