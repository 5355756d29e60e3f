-- first page []
SELECT t.`c_tinyint`, t.`c_tinyint-unsigned`, t.`c_decimal`, (t.`c_float` + 0e0), t.`c_double`, (t.`c_bit` + 0), t.`c_date`, t.`c_datetime`, t.`c_timestamp`, t.`c_time`, t.`c_char`, t.`c_enum`, t.`c_json`, t.`c_uuid`, LOWER(HEX(t.`c_binary`)), ST_AsText(t.`c_geometry`), CAST(t.`c_other` AS CHAR), t.`c_date`, t.`c_tinyint`, COALESCE(CAST(t.`c_decimal` AS CHAR), '') FROM `s`.`t"x]` t ORDER BY t.`c_date`, t.`c_tinyint`, COALESCE(CAST(t.`c_decimal` AS CHAR), '') LIMIT 20001

-- next page ["T" "T" "T" "7" "T" "7" "x"]
SELECT t.`c_tinyint`, t.`c_tinyint-unsigned`, t.`c_decimal`, (t.`c_float` + 0e0), t.`c_double`, (t.`c_bit` + 0), t.`c_date`, t.`c_datetime`, t.`c_timestamp`, t.`c_time`, t.`c_char`, t.`c_enum`, t.`c_json`, t.`c_uuid`, LOWER(HEX(t.`c_binary`)), ST_AsText(t.`c_geometry`), CAST(t.`c_other` AS CHAR), t.`c_date`, t.`c_tinyint`, COALESCE(CAST(t.`c_decimal` AS CHAR), '') FROM `s`.`t"x]` t WHERE t.`c_date` >= CAST(? AS DATE) AND (t.`c_date` > CAST(? AS DATE) OR t.`c_date` = CAST(? AS DATE) AND t.`c_tinyint` > CAST(? AS SIGNED) OR t.`c_date` = CAST(? AS DATE) AND t.`c_tinyint` = CAST(? AS SIGNED) AND COALESCE(CAST(t.`c_decimal` AS CHAR), '') > ?) ORDER BY t.`c_date`, t.`c_tinyint`, COALESCE(CAST(t.`c_decimal` AS CHAR), '') LIMIT 20001

-- window ["T1" "T2"]
SELECT t.`c_tinyint`, t.`c_tinyint-unsigned`, t.`c_decimal`, (t.`c_float` + 0e0), t.`c_double`, (t.`c_bit` + 0), t.`c_date`, t.`c_datetime`, t.`c_timestamp`, t.`c_time`, t.`c_char`, t.`c_enum`, t.`c_json`, t.`c_uuid`, LOWER(HEX(t.`c_binary`)), ST_AsText(t.`c_geometry`), CAST(t.`c_other` AS CHAR), t.`c_date`, t.`c_tinyint`, COALESCE(CAST(t.`c_decimal` AS CHAR), '') FROM `s`.`t"x]` t WHERE t.`c_date` >= CAST(? AS DATE) AND t.`c_date` <= CAST(? AS DATE) ORDER BY t.`c_date`, t.`c_tinyint`, COALESCE(CAST(t.`c_decimal` AS CHAR), '') LIMIT 20001

-- range of the key ["7" "7" "7" "x" "9" "9" "9" "y"]
SELECT t.`c_tinyint`, t.`c_tinyint-unsigned`, t.`c_decimal`, (t.`c_float` + 0e0), t.`c_double`, (t.`c_bit` + 0), t.`c_date`, t.`c_datetime`, t.`c_timestamp`, t.`c_time`, t.`c_char`, t.`c_enum`, t.`c_json`, t.`c_uuid`, LOWER(HEX(t.`c_binary`)), ST_AsText(t.`c_geometry`), CAST(t.`c_other` AS CHAR), t.`c_date`, t.`c_tinyint`, COALESCE(CAST(t.`c_decimal` AS CHAR), '') FROM `s`.`t"x]` t WHERE t.`c_tinyint` >= CAST(? AS SIGNED) AND (t.`c_tinyint` > CAST(? AS SIGNED) OR t.`c_tinyint` = CAST(? AS SIGNED) AND COALESCE(CAST(t.`c_decimal` AS CHAR), '') > ?) AND t.`c_tinyint` <= CAST(? AS SIGNED) AND (t.`c_tinyint` < CAST(? AS SIGNED) OR t.`c_tinyint` = CAST(? AS SIGNED) AND COALESCE(CAST(t.`c_decimal` AS CHAR), '') <= ?) ORDER BY t.`c_tinyint`, COALESCE(CAST(t.`c_decimal` AS CHAR), '') LIMIT 20001

-- boundary ["7" "7" "7" "x"]
SELECT t.`c_tinyint`, COALESCE(CAST(t.`c_decimal` AS CHAR), '') FROM `s`.`t"x]` t WHERE t.`c_tinyint` >= CAST(? AS SIGNED) AND (t.`c_tinyint` > CAST(? AS SIGNED) OR t.`c_tinyint` = CAST(? AS SIGNED) AND COALESCE(CAST(t.`c_decimal` AS CHAR), '') > ?) ORDER BY t.`c_tinyint`, COALESCE(CAST(t.`c_decimal` AS CHAR), '') LIMIT 1 OFFSET 19999

-- greatest []
SELECT MAX(t.`c_date`) FROM `s`.`t"x]` t

-- nulls []
SELECT 1 FROM `s`.`t"x]` t WHERE t.`c_date` IS NULL ORDER BY 1 LIMIT 1

-- everything []
SELECT t.`c_tinyint`, t.`c_tinyint-unsigned`, t.`c_decimal`, (t.`c_float` + 0e0), t.`c_double`, (t.`c_bit` + 0), t.`c_date`, t.`c_datetime`, t.`c_timestamp`, t.`c_time`, t.`c_char`, t.`c_enum`, t.`c_json`, t.`c_uuid`, LOWER(HEX(t.`c_binary`)), ST_AsText(t.`c_geometry`), CAST(t.`c_other` AS CHAR), t.`c_date`, t.`c_tinyint`, COALESCE(CAST(t.`c_decimal` AS CHAR), '') FROM `s`.`t"x]` t

-- now []
SELECT DATE_FORMAT(UTC_TIMESTAMP(6), '%Y-%m-%dT%H:%i:%s.%fZ')

-- one table ["s" "t"]
SELECT c.TABLE_SCHEMA, c.TABLE_NAME, c.COLUMN_NAME,
	CONCAT(CASE WHEN c.COLUMN_TYPE LIKE 'tinyint(1)%' AND c.COLUMN_TYPE NOT LIKE '%unsigned%' THEN 'tinyint(1)' ELSE c.DATA_TYPE END,
		CASE WHEN c.COLUMN_TYPE LIKE '%unsigned%' AND c.DATA_TYPE NOT IN ('enum', 'set') THEN '-unsigned' ELSE '' END),
	c.COLUMN_TYPE, CASE c.IS_NULLABLE WHEN 'NO' THEN '0' ELSE '1' END,
	COALESCE((SELECT k.SEQ_IN_INDEX FROM information_schema.STATISTICS k WHERE k.TABLE_SCHEMA = c.TABLE_SCHEMA
		AND k.TABLE_NAME = c.TABLE_NAME AND k.INDEX_NAME = 'PRIMARY' AND k.COLUMN_NAME = c.COLUMN_NAME), 0),
	c.COLUMN_COMMENT, CASE t.TABLE_TYPE WHEN 'VIEW' THEN '' ELSE t.TABLE_COMMENT END, COALESCE(c.CHARACTER_SET_NAME, '')
FROM information_schema.COLUMNS c JOIN information_schema.TABLES t ON t.TABLE_SCHEMA = c.TABLE_SCHEMA AND t.TABLE_NAME = c.TABLE_NAME
WHERE c.TABLE_SCHEMA = ? AND c.TABLE_NAME = ? ORDER BY 1, 2, c.ORDINAL_POSITION

-- all tables []
SELECT c.TABLE_SCHEMA, c.TABLE_NAME, c.COLUMN_NAME,
	CONCAT(CASE WHEN c.COLUMN_TYPE LIKE 'tinyint(1)%' AND c.COLUMN_TYPE NOT LIKE '%unsigned%' THEN 'tinyint(1)' ELSE c.DATA_TYPE END,
		CASE WHEN c.COLUMN_TYPE LIKE '%unsigned%' AND c.DATA_TYPE NOT IN ('enum', 'set') THEN '-unsigned' ELSE '' END),
	c.COLUMN_TYPE, CASE c.IS_NULLABLE WHEN 'NO' THEN '0' ELSE '1' END,
	COALESCE((SELECT k.SEQ_IN_INDEX FROM information_schema.STATISTICS k WHERE k.TABLE_SCHEMA = c.TABLE_SCHEMA
		AND k.TABLE_NAME = c.TABLE_NAME AND k.INDEX_NAME = 'PRIMARY' AND k.COLUMN_NAME = c.COLUMN_NAME), 0),
	c.COLUMN_COMMENT, CASE t.TABLE_TYPE WHEN 'VIEW' THEN '' ELSE t.TABLE_COMMENT END, COALESCE(c.CHARACTER_SET_NAME, '')
FROM information_schema.COLUMNS c JOIN information_schema.TABLES t ON t.TABLE_SCHEMA = c.TABLE_SCHEMA AND t.TABLE_NAME = c.TABLE_NAME
WHERE c.TABLE_SCHEMA = DATABASE() ORDER BY 1, 2, c.ORDINAL_POSITION

