package flightsdb

import (
	"testing"
)

// onceWrong are queries to which the library's own expressions and rules give other rows.
var onceWrong = []string{
	"SELECT COUNT(*) FROM airlines WHERE alid IN (SELECT alid FROM routes)",
	"SELECT COUNT(*) FROM airports WHERE apid NOT IN (SELECT src_apid FROM routes)",
	"SELECT COUNT(*) FROM airports WHERE iata IN (SELECT LOWER(src_ap) FROM routes)",
	"SELECT COUNT(*) FROM routes WHERE (src_ap, dst_ap) IN (SELECT dst_ap, src_ap FROM routes)",
	"SELECT COUNT(*) FROM airports WHERE (apid, iata) IN ((1, 'LHR'), (2, NULL))",
	"SELECT COUNT(*) FROM airports WHERE country_code NOT IN (SELECT country_code FROM airports WHERE country_code IS NULL)",
	"SELECT COUNT(*) FROM routes WHERE src_ap IN (SELECT src_ap FROM routes GROUP BY src_ap HAVING COUNT(*) > 20)",
	"(SELECT 1) UNION (SELECT 2) ORDER BY 1 DESC LIMIT 1", "SELECT 1, 'b' UNION SELECT 2, 'a' UNION SELECT 3, 'c' ORDER BY 2 LIMIT 2",
	"SELECT CAST('12.5' AS DECIMAL(20)), CAST(12.5 AS DECIMAL), CAST('12.345' AS DECIMAL(10,0)), CAST('x' AS DECIMAL), CAST('12.345' AS DECIMAL(65,30)), CAST(-0.5 AS DECIMAL)",
	"SELECT MAX(CAST('12.345' AS DECIMAL(20))), MIN(CAST('12.345' AS DECIMAL(20,1))), SUM(CAST('12.345' AS DECIMAL(20))), CONVERT('12.5', DECIMAL)",
	"SELECT IFNULL(QUOTE(NULL), 'x'), CONCAT(QUOTE(NULL), 'z'), QUOTE('a')", "SELECT COUNT(*) FROM airports WHERE QUOTE(uid) IS NULL",
	"SELECT '2024-01-01' + INTERVAL 1 DAY, '2024-01-31' + INTERVAL 1 MONTH, '2024-01-01' - INTERVAL 1 HOUR, DATE('2024-01-01') - INTERVAL 1 DAY, INTERVAL 1 DAY + '2024-01-01'",
	"SELECT COUNT(*) FROM airports WHERE name LIKE BINARY 'l%'", "SELECT COUNT(*) FROM airports WHERE BINARY name LIKE 'L%'",
	"SELECT /*!999999 1 + */ 1, /*!50003 1 + */ 1, '/*!999999 1 + */'",
	"SELECT SESSION_USER() = USER(), SYSTEM_USER() = USER()",
	"SELECT GET_LOCK('a', 0), IS_FREE_LOCK('a'), IS_USED_LOCK('a') = CONNECTION_ID(), RELEASE_LOCK('a'), RELEASE_LOCK('zz'), IS_FREE_LOCK('b')",
	"SELECT 1 IN (2, NULL), 1 NOT IN (2, NULL), NULL IN (1), 1 IN (1, NULL), '1' IN (1, 2), 'a' IN ('A'), 1.0 IN (1), 'x' IN (0)",
	"SELECT COUNT(*) FROM countries WHERE name LIKE 'C%'", "SELECT COUNT(*) FROM routes WHERE src_ap LIKE 'L%'",
	"SELECT COUNT(*) FROM airports WHERE name LIKE '%international%'", "SELECT COUNT(*) FROM airports WHERE iata LIKE '_h_'",
	"SELECT 'a%' LIKE 'a|%' ESCAPE '|', NULL LIKE 'a', 'a' LIKE NULL, '' LIKE '%'",
	"SELECT COUNT(*) FROM routes WHERE src_ap = 'lhr' COLLATE utf8mb4_bin", "SELECT COUNT(*) FROM routes WHERE src_ap = 'LHR' COLLATE utf8mb4_bin",
	"SELECT COUNT(*) FROM routes WHERE src_ap = 0", "SELECT COUNT(*) FROM routes WHERE rid = '12abc'",
	"SELECT COUNT(*) FROM routes WHERE rid < '12abc'", "SELECT COUNT(*) FROM routes WHERE rid IN ('12abc', '7')",
	"SELECT COUNT(*) FROM airports WHERE iata > 5", "SELECT COUNT(*) FROM routes WHERE rid = 12.0 OR rid = 12.5",
	"SELECT INSTR('abc', 'B'), LOCATE('C', 'abcabc', 4), POSITION('b' IN 'ABC'), LOCATE('x', 'abc'), INSTR('abc', ''), INSTR(NULL, 'a')",
	"SELECT rid + 1, rid - 5, rid * 3, -rid FROM routes WHERE rid < 20 ORDER BY rid",
	"SELECT 9223372036854775806 + 1, -9223372036854775807 - 1, 3037000499 * 3037000499",
	"SELECT COUNT(DISTINCT city), COUNT(DISTINCT LOWER(city), country), COUNT(DISTINCT stops) FROM airports a, routes r WHERE r.src_apid = a.apid",
	"SELECT COUNT(DISTINCT v) FROM (SELECT city AS v FROM airports UNION ALL SELECT UPPER(city) FROM airports) a",
	"SELECT COUNT(*) FROM (SELECT city FROM airports UNION SELECT LOWER(city) FROM airports) a",
	"SELECT COUNT(*) FROM (SELECT DISTINCT v FROM (SELECT iata AS v FROM airports UNION ALL SELECT LOWER(src_ap) FROM routes) a) b",
	"SELECT COUNT(*) FROM (SELECT LOWER(src_ap) FROM routes EXCEPT SELECT iata FROM airports WHERE iata < 'M') a",
	"SELECT COUNT(*) FROM (SELECT LOWER(src_ap) FROM routes INTERSECT SELECT iata FROM airports WHERE iata < 'M') a",
	"SELECT COUNT(*) FROM airports a JOIN routes r ON LOWER(a.iata) = r.dst_ap",
	"SELECT SUM(elevation), AVG(elevation), SUM(elevation) + 1, SUM(elevation) / 7, AVG(elevation) * 2, SUM(DISTINCT elevation) FROM airports",
	"SELECT SUM(rid * 1.25), AVG(rid * 1.25), SUM('1.5'), AVG(NULL), SUM(alid) FROM routes",
	"SELECT country_code, SUM(elevation), AVG(elevation) FROM airports GROUP BY country_code HAVING SUM(elevation) > 100 ORDER BY AVG(elevation) DESC, country_code LIMIT 9",
	"SELECT s + 1, m FROM (SELECT SUM(stops) AS s, AVG(rid) AS m FROM routes) a",
	"SELECT ROUND(STD(elevation), 3), ROUND(STDDEV_SAMP(elevation), 3), ROUND(VARIANCE(elevation), 3), ROUND(VAR_SAMP(elevation), 3) FROM airports",
	"SELECT rid, AVG(alid) OVER (PARTITION BY src_ap), SUM(alid) OVER (ORDER BY src_ap), COUNT(*) OVER (ORDER BY src_ap, stops) FROM routes WHERE rid < 60 ORDER BY rid",
	"SELECT rid, MAX(alid) OVER (ORDER BY src_ap), LAST_VALUE(src_ap) OVER (ORDER BY src_ap) FROM routes WHERE rid < 60 ORDER BY rid",
	"SELECT rid, SUM(alid) OVER (ORDER BY rid ROWS BETWEEN 3 PRECEDING AND 2 PRECEDING), AVG(alid) OVER (ORDER BY rid ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) FROM routes WHERE rid < 60 ORDER BY rid",
	"SELECT rid, MIN(alid) OVER (), MAX(src_ap) OVER (), MIN(alid) OVER (ORDER BY rid), MAX(alid) OVER (PARTITION BY src_ap ORDER BY rid DESC) FROM routes WHERE rid < 90 ORDER BY rid",
	"SELECT rid, MIN(alid) OVER (ORDER BY dst_ap), MAX(LOWER(src_ap)) OVER (ORDER BY rid ROWS BETWEEN 3 PRECEDING AND 1 PRECEDING), MIN(alid) OVER (ORDER BY rid ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) FROM routes WHERE rid < 90 ORDER BY rid",
	`SELECT COUNT(*) FROM (SELECT src_ap, SUM(stops) AS s FROM routes GROUP BY src_ap) a
		JOIN (SELECT dst_ap, SUM(stops) * 1.0 AS s FROM routes GROUP BY dst_ap) b ON b.s = a.s`,
	"SELECT COUNT(*) FROM (SELECT src_ap, SUM(stops) AS s FROM routes GROUP BY src_ap) a JOIN airports b ON b.apid = a.s",
	"SELECT k, RANK() OVER (ORDER BY s), DENSE_RANK() OVER (ORDER BY s DESC) FROM (SELECT src_ap AS k, SUM(stops) AS s FROM routes GROUP BY src_ap) a ORDER BY k",
	"SELECT rid, ROUND(STD(alid) OVER (ORDER BY src_ap), 3) FROM routes WHERE rid < 60 ORDER BY rid",
	`SELECT 'a_b' LIKE 'a\_b', 'axb' LIKE 'a\_b', 'a%' LIKE 'a\%', 'ab' LIKE 'a\%', '\_', "\%", LENGTH('a\_'), 'a\nb'`,
	`SELECT COUNT(*) FROM airports WHERE name LIKE '%\_%' OR name LIKE "a\%" -- '\_`,
	"SELECT 5--1, 5---1, 5 -- 1",
	"SELECT COUNT(*) FROM routes WHERE dst_ap <=> 'lhr'", "SELECT COUNT(*) FROM routes WHERE CONCAT('b', src_ap) < CONCAT('B', dst_ap)",
	"SELECT COUNT(*) FROM routes WHERE CONCAT_WS('/', 'b', src_ap) < CONCAT_WS('/', dst_ap, '')",
	"SELECT COUNT(*) FROM (SELECT 1 FROM (SELECT city AS v FROM airports UNION ALL SELECT UPPER(city) FROM airports) a GROUP BY CONCAT(v, ''), LEFT(v, 9)) b",
	"SELECT COUNT(*) FROM (SELECT DISTINCT CONCAT(v COLLATE utf8mb4_bin, '') FROM (SELECT city AS v FROM airports UNION ALL SELECT UPPER(city) FROM airports) a) b",
	"SELECT MAX(CAST(v AS CHAR)), MAX(CONCAT(v, '')), MIN(SUBSTRING_INDEX(v, 'x', 1)) FROM (SELECT 'a' AS v UNION ALL SELECT 'B') a",
	"SELECT CASE CASE '' WHEN 'lhr' THEN 'a' ELSE 'LHR' END WHEN 'lhr' THEN 'a' ELSE 1 END, CASE WHEN 0 THEN 1 END, CASE WHEN 1 THEN LEAST(5, 8.5) ELSE 7 / 3 END",
	"SELECT LPAD('Zü', 2, '*'), RPAD('Zü', 4, '*é'), LPAD(NULL, -1, 'a'), REPEAT('a', -1), REPEAT(NULL, -1), LPAD('abc', 2, '')",
	"SELECT alid FROM airlines WHERE (alid, iata) IN ((1, 'ba'), (2, 'x')) UNION SELECT COUNT(*) FROM routes WHERE (src_ap, dst_ap) IN (SELECT dst_ap, src_ap FROM routes)",
	"SELECT COUNT(*) FROM (SELECT dst FROM airports UNION SELECT iata FROM airlines) a",
	"SELECT CAST('üZa' AS CHAR(2)), CAST(125 AS CHAR(2)), CONVERT('abc', CHAR(1)), CAST(NULL AS CHAR(2)), CAST('Zü' AS CHAR(0))", "SELECT SUBSTRING_INDEX('LHR', '', 1), SUBSTRING_INDEX('aXbxc', 'x', -1)",
	"SELECT COUNT(*) FROM airlines WHERE iata BETWEEN 'a' AND 9", "SELECT 'ba' BETWEEN 'a' AND 9, '5' BETWEEN 'a' AND 9, 5 BETWEEN '3' AND 'x', 'm' BETWEEN 1 AND 'z', 'm' BETWEEN NULL AND 'a'",
	"(SELECT apid AS k, uid AS n FROM airports ORDER BY apid DESC LIMIT 2) UNION ALL (SELECT code, 1 FROM countries ORDER BY code LIMIT 2) ORDER BY k, n LIMIT 3",
	"SELECT CAST('12.345x' AS DECIMAL(12,2)), CAST('x' AS DECIMAL(12,2)), CAST(' 8e1 ' AS DECIMAL(12,2)), CAST('1.5x' AS DOUBLE), CAST('' AS DOUBLE), CAST('12.9x' AS SIGNED), CAST('1e3' AS UNSIGNED), CAST(' -7' AS SIGNED), CAST('x' AS SIGNED), CONCAT_WS('/', 'a', LAST_DAY('2023-12-31 23:59:59')), CONCAT(DATE('2024-01-02'), ''), ELT(1, LAST_DAY('2024-02-02')), LEFT(DATE('2024-01-02'), 12), LPAD(DATE('2024-01-02'), 12, '*'), CAST(iata AS DOUBLE) FROM airports WHERE apid < 5",
	"SELECT COUNT(*) FROM routes r WHERE EXISTS (SELECT 1 FROM routes i WHERE i.alid = r.rid AND i.stops = 0)", "SELECT COUNT(*) FROM routes r WHERE EXISTS (SELECT 1 FROM routes i WHERE i.alid = r.rid)",
	"SELECT COUNT(*) FROM airlines a WHERE EXISTS (SELECT 1 FROM routes i WHERE i.airline = a.iata AND i.src_ap > 'M')", "SELECT COUNT(*) FROM routes r WHERE EXISTS (SELECT 1 FROM airports i WHERE i.apid = r.src_apid AND i.country_code = 'GB')",
	"SELECT COUNT(*) FROM airports a WHERE a.apid < 20 AND NOT EXISTS (SELECT 1 FROM airports i WHERE i.elevation > a.uid)", "SELECT COUNT(*) FROM routes r WHERE NOT EXISTS (SELECT 1 FROM airlines i WHERE i.alid = r.alid)",
	"SELECT COUNT(*) FROM airports a WHERE a.apid < 20 AND EXISTS (SELECT 1 FROM routes i WHERE i.src_ap = a.iata OR i.dst_ap = a.iata)", "SELECT COUNT(*) FROM routes r WHERE NOT EXISTS (SELECT 1 FROM routes i WHERE i.alid = r.rid)",
	"SELECT SUM(oa_code), COUNT(oa_code), MIN(oa_code), SUM('1e999') > 1e300 FROM countries",
	"SELECT s * 2, m * 3 FROM (SELECT SUM(elevation) / 7 AS s, AVG(elevation) AS m FROM airports GROUP BY dst HAVING COUNT(*) > 9) a ORDER BY 1",
}

// TestErrorNumbers are those of MySQL.
func TestErrorNumbers(t *testing.T) {
	db := sample(t)
	for query, want := range map[string]uint16{
		"SELECT nosuch(1)": 1305, "SELECT benchmark_it(1)": 1305,
		"SELECT alid FROM routes r JOIN airlines a ON a.alid = r.alid":               1052,
		"SELECT nosuch FROM routes":                                                  1054,
		"SELECT 1 FROM routes r JOIN airlines r ON 1 = 1":                            1066,
		"SELECT 1 = ANY (SELECT 1)":                                                  1235,
		"SELECT 1 <> ALL(SELECT 2)":                                                  1235,
		"SELECT 1 > some (SELECT 2)":                                                 1235,
		"SELECT stops, COUNT(*) FROM routes GROUP BY stops WITH ROLLUP":              1235,
		"SELECT src_ap, RANK() OVER (ORDER BY COUNT(*)) FROM routes GROUP BY src_ap": 1235,
		"SELECT CUME_DIST() OVER (ORDER BY rid) FROM routes":                         1235, "SELECT BIT_XOR(rid) OVER () FROM routes": 1235, "SELECT INSERT('abc', 1, 1, 'x')": 1235, "SELECT OCT(8)": 1235,
		"SELECT SUBSTRING(LAST_DAY('2024-02-02'), 4)": 1235, "SELECT ABS()": 1582, "SELECT LAST_DAY('2024-02-02') = 'x'": 1525, "SELECT COUNT(*) FROM countries WHERE (NULL, dst) NOT IN ((1, 'x'), (2, 'a'))": 1235,
		"SELECT 1 FROM routes a FULL OUTER JOIN routes b ON a.rid = b.rid": 1064,
		"EXPLAIN FORMAT=JSON SELECT 1":                                     1235,
		"EXPLAIN FORMAT=TRADITIONAL SELECT 1":                              1235,
		"SELECT @@nosuch":                                                  1193,
		"SELECT 9223372036854775807 + 1":                                   1690,
		"SELECT -9223372036854775807 - 2":                                  1690,
	} {
		if _, err := answer(db, query); number(t, err) != want {
			t.Errorf("%s: %v, want error %d", query, err, want)
		}
	}
}
