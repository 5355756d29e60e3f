CREATE ROLE IF NOT EXISTS rongtong_analyst;

GRANT SELECT ON ads.*, SELECT ON dwd.*, SELECT ON ops.* TO rongtong_analyst;

REVOKE SELECT ON ads.indicator_point* FROM rongtong_analyst;

REVOKE SELECT ON ads.indicator_cover* FROM rongtong_analyst;

REVOKE SELECT ON dwd.territory* FROM rongtong_analyst;

REVOKE SELECT ON dwd.contribution* FROM rongtong_analyst;

REVOKE SELECT ON ops.conflict* FROM rongtong_analyst;

REVOKE SELECT ON ops.quality_issue* FROM rongtong_analyst;

