-- first page []
SELECT * FROM (SELECT TO_CHAR(t."c_number", 'TM9', 'NLS_NUMERIC_CHARACTERS=''.,'''), TO_CHAR(t."c_float", 'TM9', 'NLS_NUMERIC_CHARACTERS=''.,'''), TO_CHAR(t."c_date", 'YYYY-MM-DD HH24:MI:SS'), TO_CHAR(t."c_timestamp", 'YYYY-MM-DD HH24:MI:SS.FF'), TO_CHAR(SYS_EXTRACT_UTC(CAST(t."c_timestamp-tz" AS TIMESTAMP WITH TIME ZONE)), 'YYYY-MM-DD"T"HH24:MI:SS.FF"Z"'), t."c_char", t."c_clob", ROWIDTOCHAR(t."c_rowid"), LOWER(RAWTOHEX(t."c_raw")), LOWER(RAWTOHEX(t."c_blob")), TO_CHAR(t."c_other"), TO_CHAR(t."c_date", 'YYYY-MM-DD HH24:MI:SS'), TO_CHAR(t."c_number", 'TM9', 'NLS_NUMERIC_CHARACTERS=''.,'''), NVL(TO_CHAR(t."c_char"), CHR(1)) FROM "s"."t""x]" t ORDER BY t."c_date", t."c_number", NVL(TO_CHAR(t."c_char"), CHR(1))) WHERE ROWNUM <= 20001

-- next page ["T" "T" "T" "7" "T" "7" "x"]
SELECT * FROM (SELECT TO_CHAR(t."c_number", 'TM9', 'NLS_NUMERIC_CHARACTERS=''.,'''), TO_CHAR(t."c_float", 'TM9', 'NLS_NUMERIC_CHARACTERS=''.,'''), TO_CHAR(t."c_date", 'YYYY-MM-DD HH24:MI:SS'), TO_CHAR(t."c_timestamp", 'YYYY-MM-DD HH24:MI:SS.FF'), TO_CHAR(SYS_EXTRACT_UTC(CAST(t."c_timestamp-tz" AS TIMESTAMP WITH TIME ZONE)), 'YYYY-MM-DD"T"HH24:MI:SS.FF"Z"'), t."c_char", t."c_clob", ROWIDTOCHAR(t."c_rowid"), LOWER(RAWTOHEX(t."c_raw")), LOWER(RAWTOHEX(t."c_blob")), TO_CHAR(t."c_other"), TO_CHAR(t."c_date", 'YYYY-MM-DD HH24:MI:SS'), TO_CHAR(t."c_number", 'TM9', 'NLS_NUMERIC_CHARACTERS=''.,'''), NVL(TO_CHAR(t."c_char"), CHR(1)) FROM "s"."t""x]" t WHERE t."c_date" >= TO_DATE(:1, 'YYYY-MM-DD HH24:MI:SS') AND (t."c_date" > TO_DATE(:2, 'YYYY-MM-DD HH24:MI:SS') OR t."c_date" = TO_DATE(:3, 'YYYY-MM-DD HH24:MI:SS') AND t."c_number" > TO_NUMBER(:4) OR t."c_date" = TO_DATE(:5, 'YYYY-MM-DD HH24:MI:SS') AND t."c_number" = TO_NUMBER(:6) AND NVL(TO_CHAR(t."c_char"), CHR(1)) > :7) ORDER BY t."c_date", t."c_number", NVL(TO_CHAR(t."c_char"), CHR(1))) WHERE ROWNUM <= 20001

-- window ["T1" "T2"]
SELECT * FROM (SELECT TO_CHAR(t."c_number", 'TM9', 'NLS_NUMERIC_CHARACTERS=''.,'''), TO_CHAR(t."c_float", 'TM9', 'NLS_NUMERIC_CHARACTERS=''.,'''), TO_CHAR(t."c_date", 'YYYY-MM-DD HH24:MI:SS'), TO_CHAR(t."c_timestamp", 'YYYY-MM-DD HH24:MI:SS.FF'), TO_CHAR(SYS_EXTRACT_UTC(CAST(t."c_timestamp-tz" AS TIMESTAMP WITH TIME ZONE)), 'YYYY-MM-DD"T"HH24:MI:SS.FF"Z"'), t."c_char", t."c_clob", ROWIDTOCHAR(t."c_rowid"), LOWER(RAWTOHEX(t."c_raw")), LOWER(RAWTOHEX(t."c_blob")), TO_CHAR(t."c_other"), TO_CHAR(t."c_date", 'YYYY-MM-DD HH24:MI:SS'), TO_CHAR(t."c_number", 'TM9', 'NLS_NUMERIC_CHARACTERS=''.,'''), NVL(TO_CHAR(t."c_char"), CHR(1)) FROM "s"."t""x]" t WHERE t."c_date" >= TO_DATE(:1, 'YYYY-MM-DD HH24:MI:SS') AND t."c_date" <= TO_DATE(:2, 'YYYY-MM-DD HH24:MI:SS') ORDER BY t."c_date", t."c_number", NVL(TO_CHAR(t."c_char"), CHR(1))) WHERE ROWNUM <= 20001

-- range of the key ["7" "7" "7" "x" "9" "9" "9" "y"]
SELECT * FROM (SELECT TO_CHAR(t."c_number", 'TM9', 'NLS_NUMERIC_CHARACTERS=''.,'''), TO_CHAR(t."c_float", 'TM9', 'NLS_NUMERIC_CHARACTERS=''.,'''), TO_CHAR(t."c_date", 'YYYY-MM-DD HH24:MI:SS'), TO_CHAR(t."c_timestamp", 'YYYY-MM-DD HH24:MI:SS.FF'), TO_CHAR(SYS_EXTRACT_UTC(CAST(t."c_timestamp-tz" AS TIMESTAMP WITH TIME ZONE)), 'YYYY-MM-DD"T"HH24:MI:SS.FF"Z"'), t."c_char", t."c_clob", ROWIDTOCHAR(t."c_rowid"), LOWER(RAWTOHEX(t."c_raw")), LOWER(RAWTOHEX(t."c_blob")), TO_CHAR(t."c_other"), TO_CHAR(t."c_date", 'YYYY-MM-DD HH24:MI:SS'), TO_CHAR(t."c_number", 'TM9', 'NLS_NUMERIC_CHARACTERS=''.,'''), NVL(TO_CHAR(t."c_char"), CHR(1)) FROM "s"."t""x]" t WHERE t."c_number" >= TO_NUMBER(:1) AND (t."c_number" > TO_NUMBER(:2) OR t."c_number" = TO_NUMBER(:3) AND NVL(TO_CHAR(t."c_char"), CHR(1)) > :4) AND t."c_number" <= TO_NUMBER(:5) AND (t."c_number" < TO_NUMBER(:6) OR t."c_number" = TO_NUMBER(:7) AND NVL(TO_CHAR(t."c_char"), CHR(1)) <= :8) ORDER BY t."c_number", NVL(TO_CHAR(t."c_char"), CHR(1))) WHERE ROWNUM <= 20001

-- boundary ["7" "7" "7" "x"]
SELECT * FROM (SELECT q.*, ROWNUM rongtong_row FROM (SELECT TO_CHAR(t."c_number", 'TM9', 'NLS_NUMERIC_CHARACTERS=''.,'''), NVL(TO_CHAR(t."c_char"), CHR(1)) FROM "s"."t""x]" t WHERE t."c_number" >= TO_NUMBER(:1) AND (t."c_number" > TO_NUMBER(:2) OR t."c_number" = TO_NUMBER(:3) AND NVL(TO_CHAR(t."c_char"), CHR(1)) > :4) ORDER BY t."c_number", NVL(TO_CHAR(t."c_char"), CHR(1))) q WHERE ROWNUM <= 20000) WHERE rongtong_row > 19999

-- greatest []
SELECT TO_CHAR(MAX(t."c_date"), 'YYYY-MM-DD HH24:MI:SS') FROM "s"."t""x]" t

-- nulls []
SELECT * FROM (SELECT 1 FROM "s"."t""x]" t WHERE t."c_date" IS NULL ORDER BY 1) WHERE ROWNUM <= 1

-- everything []
SELECT TO_CHAR(t."c_number", 'TM9', 'NLS_NUMERIC_CHARACTERS=''.,'''), TO_CHAR(t."c_float", 'TM9', 'NLS_NUMERIC_CHARACTERS=''.,'''), TO_CHAR(t."c_date", 'YYYY-MM-DD HH24:MI:SS'), TO_CHAR(t."c_timestamp", 'YYYY-MM-DD HH24:MI:SS.FF'), TO_CHAR(SYS_EXTRACT_UTC(CAST(t."c_timestamp-tz" AS TIMESTAMP WITH TIME ZONE)), 'YYYY-MM-DD"T"HH24:MI:SS.FF"Z"'), t."c_char", t."c_clob", ROWIDTOCHAR(t."c_rowid"), LOWER(RAWTOHEX(t."c_raw")), LOWER(RAWTOHEX(t."c_blob")), TO_CHAR(t."c_other"), TO_CHAR(t."c_date", 'YYYY-MM-DD HH24:MI:SS'), TO_CHAR(t."c_number", 'TM9', 'NLS_NUMERIC_CHARACTERS=''.,'''), NVL(TO_CHAR(t."c_char"), CHR(1)) FROM "s"."t""x]" t

-- now []
SELECT TO_CHAR(SYS_EXTRACT_UTC(SYSTIMESTAMP), 'YYYY-MM-DD"T"HH24:MI:SS.FF6"Z"') FROM DUAL

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
WHERE c.OWNER = :1 AND c.TABLE_NAME = :2 ORDER BY c.OWNER, c.TABLE_NAME, c.COLUMN_ID

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

