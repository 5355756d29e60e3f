SELECT facility_id,
       v_division_code,
       ['county_ledger', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_division_code, 65535))],
       t_division_code,
       multiIf(toUInt8(bitShiftRight(w_division_code, 80)) = 0, '', toUInt8(bitShiftRight(w_division_code, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_division_code, 80))))),
       v_facility_kind,
       ['county_ledger', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_facility_kind, 65535))],
       t_facility_kind,
       multiIf(toUInt8(bitShiftRight(w_facility_kind, 80)) = 0, '', toUInt8(bitShiftRight(w_facility_kind, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_facility_kind, 80))))),
       v_name,
       ['county_ledger', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_name, 65535))],
       t_name,
       multiIf(toUInt8(bitShiftRight(w_name, 80)) = 0, '', toUInt8(bitShiftRight(w_name, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_name, 80))))),
       v_site_type,
       ['county_ledger', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_site_type, 65535))],
       t_site_type,
       multiIf(toUInt8(bitShiftRight(w_site_type, 80)) = 0, '', toUInt8(bitShiftRight(w_site_type, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_site_type, 80))))),
       v_area_m2,
       ['county_ledger', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_area_m2, 65535))],
       t_area_m2,
       multiIf(toUInt8(bitShiftRight(w_area_m2, 80)) = 0, '', toUInt8(bitShiftRight(w_area_m2, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_area_m2, 80))))),
       v_direct_service_area_m2,
       ['county_ledger', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_direct_service_area_m2, 65535))],
       t_direct_service_area_m2,
       multiIf(toUInt8(bitShiftRight(w_direct_service_area_m2, 80)) = 0, '', toUInt8(bitShiftRight(w_direct_service_area_m2, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_direct_service_area_m2, 80))))),
       v_opened_on,
       ['county_ledger', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_opened_on, 65535))],
       t_opened_on,
       multiIf(toUInt8(bitShiftRight(w_opened_on, 80)) = 0, '', toUInt8(bitShiftRight(w_opened_on, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_opened_on, 80))))),
       v_operating,
       ['county_ledger', 'province_gateway', 'township_ledger', 'village_forms'][toUInt16(bitAnd(w_operating, 65535))],
       t_operating,
       multiIf(toUInt8(bitShiftRight(w_operating, 80)) = 0, '', toUInt8(bitShiftRight(w_operating, 80)) = 255, 'freshest', concat('authority:', toString(toUInt8(bitShiftRight(w_operating, 80)))))
FROM
(
  SELECT facility_id,
         argMinIf(division_code, ord_0, 1) AS v_division_code,
         minIf(ord_0, 1) AS w_division_code,
         argMinIf(event_time, ord_0, 1) AS t_division_code,
         argMinIf(facility_kind, ord_0, 1) AS v_facility_kind,
         minIf(ord_0, 1) AS w_facility_kind,
         argMinIf(event_time, ord_0, 1) AS t_facility_kind,
         argMinIf(name, ord_0, name IS NOT NULL) AS v_name,
         minIf(ord_0, name IS NOT NULL) AS w_name,
         argMinIf(toNullable(event_time), ord_0, name IS NOT NULL) AS t_name,
         argMinIf(site_type, ord_1, site_type IS NOT NULL) AS v_site_type,
         minIf(ord_1, site_type IS NOT NULL) AS w_site_type,
         argMinIf(toNullable(event_time), ord_1, site_type IS NOT NULL) AS t_site_type,
         argMinIf(area_m2, ord_2, area_m2 IS NOT NULL) AS v_area_m2,
         minIf(ord_2, area_m2 IS NOT NULL) AS w_area_m2,
         argMinIf(toNullable(event_time), ord_2, area_m2 IS NOT NULL) AS t_area_m2,
         argMinIf(direct_service_area_m2, ord_2, direct_service_area_m2 IS NOT NULL) AS v_direct_service_area_m2,
         minIf(ord_2, direct_service_area_m2 IS NOT NULL) AS w_direct_service_area_m2,
         argMinIf(toNullable(event_time), ord_2, direct_service_area_m2 IS NOT NULL) AS t_direct_service_area_m2,
         argMinIf(opened_on, ord_0, opened_on IS NOT NULL) AS v_opened_on,
         minIf(ord_0, opened_on IS NOT NULL) AS w_opened_on,
         argMinIf(toNullable(event_time), ord_0, opened_on IS NOT NULL) AS t_opened_on,
         argMinIf(operating, ord_3, operating IS NOT NULL) AS v_operating,
         minIf(ord_3, operating IS NOT NULL) AS w_operating,
         argMinIf(toNullable(event_time), ord_3, operating IS NOT NULL) AS t_operating
  FROM
  (
    SELECT *, bitShiftLeft(toUInt128(multiIf(src_system = 'county_ledger', 1, src_system = 'township_ledger', 2, src_system = 'village_forms', 3, src_system = 'province_gateway', 4, 255)), 80) + bitShiftLeft(toUInt128(bitNot(version)), 16) + indexOf(['county_ledger', 'province_gateway', 'township_ledger', 'village_forms'], src_system) AS ord_0, bitShiftLeft(toUInt128(multiIf(src_system = 'county_ledger', 1, src_system = 'township_ledger', 2, src_system = 'village_forms', 3, 255)), 80) + bitShiftLeft(toUInt128(bitNot(version)), 16) + indexOf(['county_ledger', 'province_gateway', 'township_ledger', 'village_forms'], src_system) AS ord_1, bitShiftLeft(toUInt128(multiIf(src_system = 'township_ledger', 1, src_system = 'village_forms', 2, src_system = 'county_ledger', 3, src_system = 'province_gateway', 4, 255)), 80) + bitShiftLeft(toUInt128(bitNot(version)), 16) + indexOf(['county_ledger', 'province_gateway', 'township_ledger', 'village_forms'], src_system) AS ord_2, bitShiftLeft(toUInt128(multiIf(src_system = 'village_forms', 1, src_system = 'county_ledger', 2, src_system = 'province_gateway', 3, 255)), 80) + bitShiftLeft(toUInt128(bitNot(version)), 16) + indexOf(['county_ledger', 'province_gateway', 'township_ledger', 'village_forms'], src_system) AS ord_3
    FROM
    (
      SELECT facility_id, division_code, facility_kind, name, site_type, area_m2, direct_service_area_m2, opened_on, operating, src_system, src_tier, event_time, version, is_deleted
      FROM std.facility
      WHERE src_system IN ('county_ledger', 'province_gateway', 'township_ledger', 'village_forms')
      ORDER BY facility_id DESC, src_system DESC, version DESC, kafka_offset DESC
      LIMIT 1 BY facility_id, src_system
    )
    WHERE is_deleted = 0
  )
  GROUP BY facility_id
)
