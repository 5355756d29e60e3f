-- first page []
SELECT TOP (20001) t.[c_tinyint], t.[c_bit], CONVERT(varchar(60), t.[c_decimal]), CONVERT(varchar(60), t.[c_money], 2), CONVERT(varchar(60), t.[c_real], 3), CONVERT(varchar(10), t.[c_date], 23), CONVERT(varchar(27), CONVERT(datetime2(7), t.[c_datetime2]), 121), CONVERT(varchar(40), t.[c_datetimeoffset], 127), CONVERT(varchar(16), t.[c_time]), t.[c_char], CONVERT(varchar(36), t.[c_uniqueidentifier]), CONVERT(nvarchar(max), t.[c_xml]), CONVERT(bigint, t.[c_timestamp]), LOWER(CONVERT(varchar(max), t.[c_binary], 2)), CONVERT(nvarchar(max), t.[c_other]), CONVERT(varchar(10), t.[c_date], 23), t.[c_tinyint], COALESCE(CONVERT(nvarchar(400), t.[c_decimal]), N'') FROM [s].[t"x]]] t ORDER BY t.[c_date], t.[c_tinyint], COALESCE(CONVERT(nvarchar(400), t.[c_decimal]), N'')

-- next page ["T" "T" "T" "7" "T" "7" "x"]
SELECT TOP (20001) t.[c_tinyint], t.[c_bit], CONVERT(varchar(60), t.[c_decimal]), CONVERT(varchar(60), t.[c_money], 2), CONVERT(varchar(60), t.[c_real], 3), CONVERT(varchar(10), t.[c_date], 23), CONVERT(varchar(27), CONVERT(datetime2(7), t.[c_datetime2]), 121), CONVERT(varchar(40), t.[c_datetimeoffset], 127), CONVERT(varchar(16), t.[c_time]), t.[c_char], CONVERT(varchar(36), t.[c_uniqueidentifier]), CONVERT(nvarchar(max), t.[c_xml]), CONVERT(bigint, t.[c_timestamp]), LOWER(CONVERT(varchar(max), t.[c_binary], 2)), CONVERT(nvarchar(max), t.[c_other]), CONVERT(varchar(10), t.[c_date], 23), t.[c_tinyint], COALESCE(CONVERT(nvarchar(400), t.[c_decimal]), N'') FROM [s].[t"x]]] t WHERE t.[c_date] >= CONVERT(date, @p1, 23) AND (t.[c_date] > CONVERT(date, @p2, 23) OR t.[c_date] = CONVERT(date, @p3, 23) AND t.[c_tinyint] > CONVERT(bigint, @p4) OR t.[c_date] = CONVERT(date, @p5, 23) AND t.[c_tinyint] = CONVERT(bigint, @p6) AND COALESCE(CONVERT(nvarchar(400), t.[c_decimal]), N'') > @p7) ORDER BY t.[c_date], t.[c_tinyint], COALESCE(CONVERT(nvarchar(400), t.[c_decimal]), N'')

-- window ["T1" "T2"]
SELECT TOP (20001) t.[c_tinyint], t.[c_bit], CONVERT(varchar(60), t.[c_decimal]), CONVERT(varchar(60), t.[c_money], 2), CONVERT(varchar(60), t.[c_real], 3), CONVERT(varchar(10), t.[c_date], 23), CONVERT(varchar(27), CONVERT(datetime2(7), t.[c_datetime2]), 121), CONVERT(varchar(40), t.[c_datetimeoffset], 127), CONVERT(varchar(16), t.[c_time]), t.[c_char], CONVERT(varchar(36), t.[c_uniqueidentifier]), CONVERT(nvarchar(max), t.[c_xml]), CONVERT(bigint, t.[c_timestamp]), LOWER(CONVERT(varchar(max), t.[c_binary], 2)), CONVERT(nvarchar(max), t.[c_other]), CONVERT(varchar(10), t.[c_date], 23), t.[c_tinyint], COALESCE(CONVERT(nvarchar(400), t.[c_decimal]), N'') FROM [s].[t"x]]] t WHERE t.[c_date] >= CONVERT(date, @p1, 23) AND t.[c_date] <= CONVERT(date, @p2, 23) ORDER BY t.[c_date], t.[c_tinyint], COALESCE(CONVERT(nvarchar(400), t.[c_decimal]), N'')

-- range of the key ["7" "7" "7" "x" "9" "9" "9" "y"]
SELECT TOP (20001) t.[c_tinyint], t.[c_bit], CONVERT(varchar(60), t.[c_decimal]), CONVERT(varchar(60), t.[c_money], 2), CONVERT(varchar(60), t.[c_real], 3), CONVERT(varchar(10), t.[c_date], 23), CONVERT(varchar(27), CONVERT(datetime2(7), t.[c_datetime2]), 121), CONVERT(varchar(40), t.[c_datetimeoffset], 127), CONVERT(varchar(16), t.[c_time]), t.[c_char], CONVERT(varchar(36), t.[c_uniqueidentifier]), CONVERT(nvarchar(max), t.[c_xml]), CONVERT(bigint, t.[c_timestamp]), LOWER(CONVERT(varchar(max), t.[c_binary], 2)), CONVERT(nvarchar(max), t.[c_other]), CONVERT(varchar(10), t.[c_date], 23), t.[c_tinyint], COALESCE(CONVERT(nvarchar(400), t.[c_decimal]), N'') FROM [s].[t"x]]] t WHERE t.[c_tinyint] >= CONVERT(bigint, @p1) AND (t.[c_tinyint] > CONVERT(bigint, @p2) OR t.[c_tinyint] = CONVERT(bigint, @p3) AND COALESCE(CONVERT(nvarchar(400), t.[c_decimal]), N'') > @p4) AND t.[c_tinyint] <= CONVERT(bigint, @p5) AND (t.[c_tinyint] < CONVERT(bigint, @p6) OR t.[c_tinyint] = CONVERT(bigint, @p7) AND COALESCE(CONVERT(nvarchar(400), t.[c_decimal]), N'') <= @p8) ORDER BY t.[c_tinyint], COALESCE(CONVERT(nvarchar(400), t.[c_decimal]), N'')

-- boundary ["7" "7" "7" "x"]
SELECT t.[c_tinyint], COALESCE(CONVERT(nvarchar(400), t.[c_decimal]), N'') FROM [s].[t"x]]] t WHERE t.[c_tinyint] >= CONVERT(bigint, @p1) AND (t.[c_tinyint] > CONVERT(bigint, @p2) OR t.[c_tinyint] = CONVERT(bigint, @p3) AND COALESCE(CONVERT(nvarchar(400), t.[c_decimal]), N'') > @p4) ORDER BY t.[c_tinyint], COALESCE(CONVERT(nvarchar(400), t.[c_decimal]), N'') OFFSET 19999 ROWS FETCH NEXT 1 ROWS ONLY

-- greatest []
SELECT CONVERT(varchar(10), MAX(t.[c_date]), 23) FROM [s].[t"x]]] t

-- nulls []
SELECT TOP (1) 1 FROM [s].[t"x]]] t WHERE t.[c_date] IS NULL ORDER BY 1

-- everything []
SELECT t.[c_tinyint], t.[c_bit], CONVERT(varchar(60), t.[c_decimal]), CONVERT(varchar(60), t.[c_money], 2), CONVERT(varchar(60), t.[c_real], 3), CONVERT(varchar(10), t.[c_date], 23), CONVERT(varchar(27), CONVERT(datetime2(7), t.[c_datetime2]), 121), CONVERT(varchar(40), t.[c_datetimeoffset], 127), CONVERT(varchar(16), t.[c_time]), t.[c_char], CONVERT(varchar(36), t.[c_uniqueidentifier]), CONVERT(nvarchar(max), t.[c_xml]), CONVERT(bigint, t.[c_timestamp]), LOWER(CONVERT(varchar(max), t.[c_binary], 2)), CONVERT(nvarchar(max), t.[c_other]), CONVERT(varchar(10), t.[c_date], 23), t.[c_tinyint], COALESCE(CONVERT(nvarchar(400), t.[c_decimal]), N'') FROM [s].[t"x]]] t

-- now []
SELECT CONVERT(varchar(33), SYSUTCDATETIME(), 126) + 'Z'

-- one table ["s" "t"]
SELECT s.name, o.name, c.name, COALESCE(TYPE_NAME(c.system_type_id), t.name),
	t.name + CASE WHEN t.name IN ('decimal', 'numeric') THEN '(' + CONVERT(varchar, c.precision) + ',' + CONVERT(varchar, c.scale) + ')' ELSE '' END,
	CONVERT(varchar, c.is_nullable), COALESCE((SELECT CONVERT(int, x.key_ordinal) FROM sys.indexes i JOIN sys.index_columns x ON x.object_id = i.object_id AND x.index_id = i.index_id
		WHERE i.object_id = o.object_id AND i.is_primary_key = 1 AND x.column_id = c.column_id), 0),
	COALESCE(CONVERT(nvarchar(4000), p.value), N''), COALESCE(CONVERT(nvarchar(4000), q.value), N'')
FROM sys.objects o JOIN sys.schemas s ON s.schema_id = o.schema_id JOIN sys.columns c ON c.object_id = o.object_id
	JOIN sys.types t ON t.user_type_id = c.user_type_id
	LEFT JOIN sys.extended_properties p ON p.class = 1 AND p.major_id = o.object_id AND p.minor_id = c.column_id AND p.name = 'MS_Description'
	LEFT JOIN sys.extended_properties q ON q.class = 1 AND q.major_id = o.object_id AND q.minor_id = 0 AND q.name = 'MS_Description'
WHERE o.type IN ('U', 'V') AND o.is_ms_shipped = 0 AND s.name = @p1 AND o.name = @p2 ORDER BY s.name, o.name, c.column_id

-- all tables []
SELECT s.name, o.name, c.name, COALESCE(TYPE_NAME(c.system_type_id), t.name),
	t.name + CASE WHEN t.name IN ('decimal', 'numeric') THEN '(' + CONVERT(varchar, c.precision) + ',' + CONVERT(varchar, c.scale) + ')' ELSE '' END,
	CONVERT(varchar, c.is_nullable), COALESCE((SELECT CONVERT(int, x.key_ordinal) FROM sys.indexes i JOIN sys.index_columns x ON x.object_id = i.object_id AND x.index_id = i.index_id
		WHERE i.object_id = o.object_id AND i.is_primary_key = 1 AND x.column_id = c.column_id), 0),
	COALESCE(CONVERT(nvarchar(4000), p.value), N''), COALESCE(CONVERT(nvarchar(4000), q.value), N'')
FROM sys.objects o JOIN sys.schemas s ON s.schema_id = o.schema_id JOIN sys.columns c ON c.object_id = o.object_id
	JOIN sys.types t ON t.user_type_id = c.user_type_id
	LEFT JOIN sys.extended_properties p ON p.class = 1 AND p.major_id = o.object_id AND p.minor_id = c.column_id AND p.name = 'MS_Description'
	LEFT JOIN sys.extended_properties q ON q.class = 1 AND q.major_id = o.object_id AND q.minor_id = 0 AND q.name = 'MS_Description'
WHERE o.type IN ('U', 'V') AND o.is_ms_shipped = 0 ORDER BY s.name, o.name, c.column_id

