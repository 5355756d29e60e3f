-- first page []
SELECT t."c_tinyint", CAST(t."c_number" AS VARCHAR(60)), t."c_float", TO_CHAR(t."c_date", 'YYYY-MM-DD'), TO_CHAR(t."c_datetime", 'YYYY-MM-DD HH24:MI:SS.FF6'), TO_CHAR(SYS_EXTRACT_UTC(t."c_timestamp-tz"), 'YYYY-MM-DD"T"HH24:MI:SS.FF"Z"'), t."c_char", t."c_clob", LOWER(RAWTOHEX(t."c_binary")), CAST(t."c_other" AS VARCHAR(4000)), TO_CHAR(t."c_date", 'YYYY-MM-DD'), t."c_tinyint", NVL(CAST(t."c_char" AS VARCHAR), '') FROM "s"."t""x]" t ORDER BY t."c_date", t."c_tinyint", NVL(CAST(t."c_char" AS VARCHAR), '') LIMIT 20001

-- next page ["T" "T" "T" "7" "T" "7" "x"]
SELECT t."c_tinyint", CAST(t."c_number" AS VARCHAR(60)), t."c_float", TO_CHAR(t."c_date", 'YYYY-MM-DD'), TO_CHAR(t."c_datetime", 'YYYY-MM-DD HH24:MI:SS.FF6'), TO_CHAR(SYS_EXTRACT_UTC(t."c_timestamp-tz"), 'YYYY-MM-DD"T"HH24:MI:SS.FF"Z"'), t."c_char", t."c_clob", LOWER(RAWTOHEX(t."c_binary")), CAST(t."c_other" AS VARCHAR(4000)), TO_CHAR(t."c_date", 'YYYY-MM-DD'), t."c_tinyint", NVL(CAST(t."c_char" AS VARCHAR), '') FROM "s"."t""x]" t WHERE t."c_date" >= CAST(? AS DATE) AND (t."c_date" > CAST(? AS DATE) OR t."c_date" = CAST(? AS DATE) AND t."c_tinyint" > CAST(? AS BIGINT) OR t."c_date" = CAST(? AS DATE) AND t."c_tinyint" = CAST(? AS BIGINT) AND NVL(CAST(t."c_char" AS VARCHAR), '') > ?) ORDER BY t."c_date", t."c_tinyint", NVL(CAST(t."c_char" AS VARCHAR), '') LIMIT 20001

-- window ["T1" "T2"]
SELECT t."c_tinyint", CAST(t."c_number" AS VARCHAR(60)), t."c_float", TO_CHAR(t."c_date", 'YYYY-MM-DD'), TO_CHAR(t."c_datetime", 'YYYY-MM-DD HH24:MI:SS.FF6'), TO_CHAR(SYS_EXTRACT_UTC(t."c_timestamp-tz"), 'YYYY-MM-DD"T"HH24:MI:SS.FF"Z"'), t."c_char", t."c_clob", LOWER(RAWTOHEX(t."c_binary")), CAST(t."c_other" AS VARCHAR(4000)), TO_CHAR(t."c_date", 'YYYY-MM-DD'), t."c_tinyint", NVL(CAST(t."c_char" AS VARCHAR), '') FROM "s"."t""x]" t WHERE t."c_date" >= CAST(? AS DATE) AND t."c_date" <= CAST(? AS DATE) ORDER BY t."c_date", t."c_tinyint", NVL(CAST(t."c_char" AS VARCHAR), '') LIMIT 20001

-- range of the key ["7" "7" "7" "x" "9" "9" "9" "y"]
SELECT t."c_tinyint", CAST(t."c_number" AS VARCHAR(60)), t."c_float", TO_CHAR(t."c_date", 'YYYY-MM-DD'), TO_CHAR(t."c_datetime", 'YYYY-MM-DD HH24:MI:SS.FF6'), TO_CHAR(SYS_EXTRACT_UTC(t."c_timestamp-tz"), 'YYYY-MM-DD"T"HH24:MI:SS.FF"Z"'), t."c_char", t."c_clob", LOWER(RAWTOHEX(t."c_binary")), CAST(t."c_other" AS VARCHAR(4000)), TO_CHAR(t."c_date", 'YYYY-MM-DD'), t."c_tinyint", NVL(CAST(t."c_char" AS VARCHAR), '') FROM "s"."t""x]" t WHERE t."c_tinyint" >= CAST(? AS BIGINT) AND (t."c_tinyint" > CAST(? AS BIGINT) OR t."c_tinyint" = CAST(? AS BIGINT) AND NVL(CAST(t."c_char" AS VARCHAR), '') > ?) AND t."c_tinyint" <= CAST(? AS BIGINT) AND (t."c_tinyint" < CAST(? AS BIGINT) OR t."c_tinyint" = CAST(? AS BIGINT) AND NVL(CAST(t."c_char" AS VARCHAR), '') <= ?) ORDER BY t."c_tinyint", NVL(CAST(t."c_char" AS VARCHAR), '') LIMIT 20001

-- boundary ["7" "7" "7" "x"]
SELECT t."c_tinyint", NVL(CAST(t."c_char" AS VARCHAR), '') FROM "s"."t""x]" t WHERE t."c_tinyint" >= CAST(? AS BIGINT) AND (t."c_tinyint" > CAST(? AS BIGINT) OR t."c_tinyint" = CAST(? AS BIGINT) AND NVL(CAST(t."c_char" AS VARCHAR), '') > ?) ORDER BY t."c_tinyint", NVL(CAST(t."c_char" AS VARCHAR), '') LIMIT 1 OFFSET 19999

-- greatest []
SELECT TO_CHAR(MAX(t."c_date"), 'YYYY-MM-DD') FROM "s"."t""x]" t

-- nulls []
SELECT 1 FROM "s"."t""x]" t WHERE t."c_date" IS NULL ORDER BY 1 LIMIT 1

-- everything []
SELECT t."c_tinyint", CAST(t."c_number" AS VARCHAR(60)), t."c_float", TO_CHAR(t."c_date", 'YYYY-MM-DD'), TO_CHAR(t."c_datetime", 'YYYY-MM-DD HH24:MI:SS.FF6'), TO_CHAR(SYS_EXTRACT_UTC(t."c_timestamp-tz"), 'YYYY-MM-DD"T"HH24:MI:SS.FF"Z"'), t."c_char", t."c_clob", LOWER(RAWTOHEX(t."c_binary")), CAST(t."c_other" AS VARCHAR(4000)), TO_CHAR(t."c_date", 'YYYY-MM-DD'), t."c_tinyint", NVL(CAST(t."c_char" AS VARCHAR), '') FROM "s"."t""x]" t

-- now []
SELECT TO_CHAR(SYS_EXTRACT_UTC(SYSTIMESTAMP), 'YYYY-MM-DD"T"HH24:MI:SS.FF6"Z"')

-- one table ["s" "t"]
SELECT c.OWNER, c.TABLE_NAME, c.COLUMN_NAME,
	CASE WHEN c.DATA_TYPE LIKE 'TIMESTAMP%LOCAL%' THEN 'timestamp-ltz' WHEN c.DATA_TYPE LIKE 'TIMESTAMP%ZONE%' THEN 'timestamp-tz'
		WHEN c.DATA_TYPE LIKE 'TIMESTAMP%' THEN 'timestamp' WHEN c.DATA_TYPE = 'LONG RAW' THEN 'long-raw' ELSE c.DATA_TYPE END,
	c.DATA_TYPE || CASE WHEN c.DATA_TYPE = 'NUMBER' AND c.DATA_PRECISION IS NOT NULL THEN '(' || c.DATA_PRECISION || ',' || c.DATA_SCALE || ')' END,
	CASE c.NULLABLE WHEN 'N' THEN '0' ELSE '1' END,
	COALESCE((SELECT MAX(k.POSITION) FROM ALL_CONSTRAINTS x JOIN ALL_CONS_COLUMNS k ON k.OWNER = x.OWNER AND k.CONSTRAINT_NAME = x.CONSTRAINT_NAME
		WHERE x.OWNER = c.OWNER AND x.TABLE_NAME = c.TABLE_NAME AND x.CONSTRAINT_TYPE = 'P' AND k.COLUMN_NAME = c.COLUMN_NAME), 0),
	m.COMMENTS, t.COMMENTS
FROM ALL_TAB_COLUMNS c LEFT JOIN ALL_COL_COMMENTS m ON m.OWNER = c.OWNER AND m.TABLE_NAME = c.TABLE_NAME AND m.COLUMN_NAME = c.COLUMN_NAME
	LEFT JOIN ALL_TAB_COMMENTS t ON t.OWNER = c.OWNER AND t.TABLE_NAME = c.TABLE_NAME
WHERE c.OWNER = ? AND c.TABLE_NAME = ? ORDER BY c.OWNER, c.TABLE_NAME, c.COLUMN_ID

-- all tables []
SELECT c.OWNER, c.TABLE_NAME, c.COLUMN_NAME,
	CASE WHEN c.DATA_TYPE LIKE 'TIMESTAMP%LOCAL%' THEN 'timestamp-ltz' WHEN c.DATA_TYPE LIKE 'TIMESTAMP%ZONE%' THEN 'timestamp-tz'
		WHEN c.DATA_TYPE LIKE 'TIMESTAMP%' THEN 'timestamp' WHEN c.DATA_TYPE = 'LONG RAW' THEN 'long-raw' ELSE c.DATA_TYPE END,
	c.DATA_TYPE || CASE WHEN c.DATA_TYPE = 'NUMBER' AND c.DATA_PRECISION IS NOT NULL THEN '(' || c.DATA_PRECISION || ',' || c.DATA_SCALE || ')' END,
	CASE c.NULLABLE WHEN 'N' THEN '0' ELSE '1' END,
	COALESCE((SELECT MAX(k.POSITION) FROM ALL_CONSTRAINTS x JOIN ALL_CONS_COLUMNS k ON k.OWNER = x.OWNER AND k.CONSTRAINT_NAME = x.CONSTRAINT_NAME
		WHERE x.OWNER = c.OWNER AND x.TABLE_NAME = c.TABLE_NAME AND x.CONSTRAINT_TYPE = 'P' AND k.COLUMN_NAME = c.COLUMN_NAME), 0),
	m.COMMENTS, t.COMMENTS
FROM ALL_TAB_COLUMNS c LEFT JOIN ALL_COL_COMMENTS m ON m.OWNER = c.OWNER AND m.TABLE_NAME = c.TABLE_NAME AND m.COLUMN_NAME = c.COLUMN_NAME
	LEFT JOIN ALL_TAB_COMMENTS t ON t.OWNER = c.OWNER AND t.TABLE_NAME = c.TABLE_NAME
WHERE c.OWNER = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA') ORDER BY c.OWNER, c.TABLE_NAME, c.COLUMN_ID

