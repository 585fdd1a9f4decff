package flightsdb

import (
	"testing"

	"chaosworkshop/infra/internal/mariadb"
	"chaosworkshop/infra/lab/openflights"
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
	`SELECT 'a_b' LIKE 'a\_b', 'axb' LIKE 'a\_b', 'a%' LIKE 'a\%', 'ab' LIKE 'a\%', '\_', "\%", LENGTH('a\_'), 'a\nb'`,
	`SELECT COUNT(*) FROM airports WHERE name LIKE '%\_%' OR name LIKE "a\%" -- '\_`,
	"SELECT 5--1, 5---1, 5 -- 1",
}

// TestOnceWrong compares the answers with those of MariaDB to the same data.
func TestOnceWrong(t *testing.T) {
	data := openflights.Sample()
	addr, rootPassword := mariadb.Start(t)
	reference := connect(t, addr, "root", rootPassword)
	fill(t, reference, data)
	ours := connect(t, start(t, data).Addr(), "root", password)
	for _, query := range onceWrong {
		got, err := answer(ours, query)
		want, wantErr := answer(reference, query)
		if err != nil || wantErr != nil || shown(got) != shown(want) {
			t.Errorf("%s:\n%s, %v\nwant, as MariaDB:\n%s, %v", query, shown(got), err, shown(want), wantErr)
		}
	}
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
		"EXPLAIN FORMAT=JSON SELECT 1":                                               1235,
		"EXPLAIN FORMAT=TRADITIONAL SELECT 1":                                        1235,
		"SELECT @@nosuch":                                                            1193,
		"SELECT 9223372036854775807 + 1":                                             1690,
		"SELECT -9223372036854775807 - 2":                                            1690,
	} {
		if _, err := answer(db, query); number(t, err) != want {
			t.Errorf("%s: %v, want error %d", query, err, want)
		}
	}
}
