-- first page []
SELECT +t."c_integer", +t."c_numeric", +t."c_real", +t."c_none", CASE WHEN t."c_blob" IS NOT NULL THEN LOWER(HEX(t."c_blob")) END, +t."c_other", +t."c_numeric", +t."c_integer", COALESCE(CAST(t."c_numeric" AS TEXT), '') FROM "s"."t""x]" t ORDER BY t."c_numeric", t."c_integer", COALESCE(CAST(t."c_numeric" AS TEXT), '') LIMIT 20001

-- next page ["T" "T" "T" "7" "T" "7" "x"]
SELECT +t."c_integer", +t."c_numeric", +t."c_real", +t."c_none", CASE WHEN t."c_blob" IS NOT NULL THEN LOWER(HEX(t."c_blob")) END, +t."c_other", +t."c_numeric", +t."c_integer", COALESCE(CAST(t."c_numeric" AS TEXT), '') FROM "s"."t""x]" t WHERE t."c_numeric" >= CAST(? AS NUMERIC) AND (t."c_numeric" > CAST(? AS NUMERIC) OR t."c_numeric" = CAST(? AS NUMERIC) AND t."c_integer" > CAST(? AS INTEGER) OR t."c_numeric" = CAST(? AS NUMERIC) AND t."c_integer" = CAST(? AS INTEGER) AND COALESCE(CAST(t."c_numeric" AS TEXT), '') > ?) ORDER BY t."c_numeric", t."c_integer", COALESCE(CAST(t."c_numeric" AS TEXT), '') LIMIT 20001

-- window ["T1" "T2"]
SELECT +t."c_integer", +t."c_numeric", +t."c_real", +t."c_none", CASE WHEN t."c_blob" IS NOT NULL THEN LOWER(HEX(t."c_blob")) END, +t."c_other", +t."c_numeric", +t."c_integer", COALESCE(CAST(t."c_numeric" AS TEXT), '') FROM "s"."t""x]" t WHERE t."c_numeric" >= CAST(? AS NUMERIC) AND t."c_numeric" <= CAST(? AS NUMERIC) ORDER BY t."c_numeric", t."c_integer", COALESCE(CAST(t."c_numeric" AS TEXT), '') LIMIT 20001

-- range of the key ["7" "7" "7" "x" "9" "9" "9" "y"]
SELECT +t."c_integer", +t."c_numeric", +t."c_real", +t."c_none", CASE WHEN t."c_blob" IS NOT NULL THEN LOWER(HEX(t."c_blob")) END, +t."c_other", +t."c_numeric", +t."c_integer", COALESCE(CAST(t."c_numeric" AS TEXT), '') FROM "s"."t""x]" t WHERE t."c_integer" >= CAST(? AS INTEGER) AND (t."c_integer" > CAST(? AS INTEGER) OR t."c_integer" = CAST(? AS INTEGER) AND COALESCE(CAST(t."c_numeric" AS TEXT), '') > ?) AND t."c_integer" <= CAST(? AS INTEGER) AND (t."c_integer" < CAST(? AS INTEGER) OR t."c_integer" = CAST(? AS INTEGER) AND COALESCE(CAST(t."c_numeric" AS TEXT), '') <= ?) ORDER BY t."c_integer", COALESCE(CAST(t."c_numeric" AS TEXT), '') LIMIT 20001

-- boundary ["7" "7" "7" "x"]
SELECT +t."c_integer", COALESCE(CAST(t."c_numeric" AS TEXT), '') FROM "s"."t""x]" t WHERE t."c_integer" >= CAST(? AS INTEGER) AND (t."c_integer" > CAST(? AS INTEGER) OR t."c_integer" = CAST(? AS INTEGER) AND COALESCE(CAST(t."c_numeric" AS TEXT), '') > ?) ORDER BY t."c_integer", COALESCE(CAST(t."c_numeric" AS TEXT), '') LIMIT 1 OFFSET 19999

-- greatest []
SELECT +MAX(t."c_numeric") FROM "s"."t""x]" t

-- nulls []
SELECT 1 FROM "s"."t""x]" t WHERE t."c_numeric" IS NULL ORDER BY 1 LIMIT 1

-- everything []
SELECT +t."c_integer", +t."c_numeric", +t."c_real", +t."c_none", CASE WHEN t."c_blob" IS NOT NULL THEN LOWER(HEX(t."c_blob")) END, +t."c_other", +t."c_numeric", +t."c_integer", COALESCE(CAST(t."c_numeric" AS TEXT), '') FROM "s"."t""x]" t

-- now []
SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now')

-- one table ["t"]
SELECT '', m.name, c.name,
	CASE WHEN c.type LIKE '%INT%' THEN 'integer' WHEN c.type LIKE '%CHAR%' OR c.type LIKE '%CLOB%' OR c.type LIKE '%TEXT%' THEN 'text'
		WHEN c.type LIKE '%BLOB%' THEN 'blob' WHEN c.type LIKE '%REAL%' OR c.type LIKE '%FLOA%' OR c.type LIKE '%DOUB%' THEN 'real'
		WHEN c.type LIKE '%NUM%' OR c.type LIKE '%DEC%' THEN 'numeric' WHEN c.type = '' THEN 'none' ELSE 'text' END,
	c.type, CASE WHEN c."notnull" OR c.pk AND c.type = 'INTEGER' AND (SELECT COUNT(*) FROM pragma_table_info(m.name) p WHERE p.pk) = 1 THEN '0' ELSE '1' END,
	c.pk, '', ''
FROM sqlite_master m, pragma_table_info(m.name) c
WHERE m.type IN ('table', 'view') AND m.name NOT LIKE 'sqlite\_%' ESCAPE '\' AND m.name = ? ORDER BY m.name, c.cid

-- all tables []
SELECT '', m.name, c.name,
	CASE WHEN c.type LIKE '%INT%' THEN 'integer' WHEN c.type LIKE '%CHAR%' OR c.type LIKE '%CLOB%' OR c.type LIKE '%TEXT%' THEN 'text'
		WHEN c.type LIKE '%BLOB%' THEN 'blob' WHEN c.type LIKE '%REAL%' OR c.type LIKE '%FLOA%' OR c.type LIKE '%DOUB%' THEN 'real'
		WHEN c.type LIKE '%NUM%' OR c.type LIKE '%DEC%' THEN 'numeric' WHEN c.type = '' THEN 'none' ELSE 'text' END,
	c.type, CASE WHEN c."notnull" OR c.pk AND c.type = 'INTEGER' AND (SELECT COUNT(*) FROM pragma_table_info(m.name) p WHERE p.pk) = 1 THEN '0' ELSE '1' END,
	c.pk, '', ''
FROM sqlite_master m, pragma_table_info(m.name) c
WHERE m.type IN ('table', 'view') AND m.name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY m.name, c.cid

