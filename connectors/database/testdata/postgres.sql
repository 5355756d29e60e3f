-- first page []
SELECT t."c_int2", t."c_numeric", t."c_float4", t."c_money", t."c_bool", t."c_date", t."c_timestamp", t."c_timestamptz", t."c_time", t."c_text", t."c_uuid", t."c_bit", t."c_json", encode(t."c_bytea", 'hex'), t."c_other", t."c_date", t."c_int2", COALESCE(t."c_numeric"::text, '') FROM "s"."t""x]" t ORDER BY t."c_date", t."c_int2", COALESCE(t."c_numeric"::text, '') LIMIT 20001

-- next page ["T" "T" "T" "7" "T" "7" "x"]
SELECT t."c_int2", t."c_numeric", t."c_float4", t."c_money", t."c_bool", t."c_date", t."c_timestamp", t."c_timestamptz", t."c_time", t."c_text", t."c_uuid", t."c_bit", t."c_json", encode(t."c_bytea", 'hex'), t."c_other", t."c_date", t."c_int2", COALESCE(t."c_numeric"::text, '') FROM "s"."t""x]" t WHERE t."c_date" >= $1 AND (t."c_date" > $2 OR t."c_date" = $3 AND t."c_int2" > $4 OR t."c_date" = $5 AND t."c_int2" = $6 AND COALESCE(t."c_numeric"::text, '') > $7) ORDER BY t."c_date", t."c_int2", COALESCE(t."c_numeric"::text, '') LIMIT 20001

-- window ["T1" "T2"]
SELECT t."c_int2", t."c_numeric", t."c_float4", t."c_money", t."c_bool", t."c_date", t."c_timestamp", t."c_timestamptz", t."c_time", t."c_text", t."c_uuid", t."c_bit", t."c_json", encode(t."c_bytea", 'hex'), t."c_other", t."c_date", t."c_int2", COALESCE(t."c_numeric"::text, '') FROM "s"."t""x]" t WHERE t."c_date" >= $1 AND t."c_date" <= $2 ORDER BY t."c_date", t."c_int2", COALESCE(t."c_numeric"::text, '') LIMIT 20001

-- range of the key ["7" "7" "7" "x" "9" "9" "9" "y"]
SELECT t."c_int2", t."c_numeric", t."c_float4", t."c_money", t."c_bool", t."c_date", t."c_timestamp", t."c_timestamptz", t."c_time", t."c_text", t."c_uuid", t."c_bit", t."c_json", encode(t."c_bytea", 'hex'), t."c_other", t."c_date", t."c_int2", COALESCE(t."c_numeric"::text, '') FROM "s"."t""x]" t WHERE t."c_int2" >= $1 AND (t."c_int2" > $2 OR t."c_int2" = $3 AND COALESCE(t."c_numeric"::text, '') > $4) AND t."c_int2" <= $5 AND (t."c_int2" < $6 OR t."c_int2" = $7 AND COALESCE(t."c_numeric"::text, '') <= $8) ORDER BY t."c_int2", COALESCE(t."c_numeric"::text, '') LIMIT 20001

-- boundary ["7" "7" "7" "x"]
SELECT t."c_int2", COALESCE(t."c_numeric"::text, '') FROM "s"."t""x]" t WHERE t."c_int2" >= $1 AND (t."c_int2" > $2 OR t."c_int2" = $3 AND COALESCE(t."c_numeric"::text, '') > $4) ORDER BY t."c_int2", COALESCE(t."c_numeric"::text, '') LIMIT 1 OFFSET 19999

-- greatest []
SELECT MAX(t."c_date") FROM "s"."t""x]" t

-- nulls []
SELECT 1 FROM "s"."t""x]" t WHERE t."c_date" IS NULL ORDER BY 1 LIMIT 1

-- everything []
SELECT t."c_int2", t."c_numeric", t."c_float4", t."c_money", t."c_bool", t."c_date", t."c_timestamp", t."c_timestamptz", t."c_time", t."c_text", t."c_uuid", t."c_bit", t."c_json", encode(t."c_bytea", 'hex'), t."c_other", t."c_date", t."c_int2", COALESCE(t."c_numeric"::text, '') FROM "s"."t""x]" t

-- now []
SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')

-- one table ["s" "t"]
SELECT n.nspname, c.relname, a.attname,
	CASE WHEN b.typtype = 'e' THEN 'enum' WHEN b.typcategory = 'A' THEN 'array' WHEN b.typtype = 'c' THEN 'composite'
		WHEN b.typtype = 'r' THEN 'range' WHEN b.typtype = 'm' THEN 'multirange' ELSE b.typname END,
	format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN '0' ELSE '1' END,
	COALESCE((SELECT k.n + 1 FROM (SELECT i.indkey, generate_subscripts(i.indkey, 1) AS n) k WHERE k.indkey[k.n] = a.attnum), 0),
	COALESCE(col_description(c.oid, a.attnum), ''), COALESCE(obj_description(c.oid, 'pg_class'), '')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
	JOIN pg_type t ON t.oid = a.atttypid JOIN pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
	LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0 AND NOT a.attisdropped AND n.nspname = $1 AND c.relname = $2 ORDER BY 1, 2, a.attnum

-- all tables []
SELECT n.nspname, c.relname, a.attname,
	CASE WHEN b.typtype = 'e' THEN 'enum' WHEN b.typcategory = 'A' THEN 'array' WHEN b.typtype = 'c' THEN 'composite'
		WHEN b.typtype = 'r' THEN 'range' WHEN b.typtype = 'm' THEN 'multirange' ELSE b.typname END,
	format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN '0' ELSE '1' END,
	COALESCE((SELECT k.n + 1 FROM (SELECT i.indkey, generate_subscripts(i.indkey, 1) AS n) k WHERE k.indkey[k.n] = a.attnum), 0),
	COALESCE(col_description(c.oid, a.attnum), ''), COALESCE(obj_description(c.oid, 'pg_class'), '')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
	JOIN pg_type t ON t.oid = a.atttypid JOIN pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
	LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0 AND NOT a.attisdropped AND n.nspname !~ '^(pg_|sys|information_schema$|dbe_|cstore$|snapshot$|blockchain$|db4ai$|pkg_|sqladvisor$|perf$|src_restrict$)' ORDER BY 1, 2, a.attnum

