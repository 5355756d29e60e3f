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
    WHERE src_system IN ('city_operations')
    ORDER BY event_id DESC, src_system DESC, version DESC, last_delivery DESC
    LIMIT 1 BY event_id, src_system
  )
  WHERE is_deleted = 0
)
