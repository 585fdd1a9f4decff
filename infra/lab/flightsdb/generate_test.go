package flightsdb

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// generator makes SELECTs over the flights schema that have one right answer: LIMIT goes with an order by a key, and the
// values that are shown, ordered and grouped are numbers and codes. MariaDB and MySQL put punctuation in different orders.
type generator struct {
	*rand.Rand
	// from are the tables that the expressions may use.
	from []source
}

// source is a table of the FROM clause.
type source struct {
	table, alias, key string
	// whole are numbers, codes texts of letters and digits, and words other texts. Those with a question mark may be NULL.
	whole, codes, words []string
}

var sources = []source{
	{"routes", "r", "rid", []string{"rid", "stops", "alid?", "src_apid?", "dst_apid?"}, []string{"src_ap", "dst_ap", "airline", "codeshare"}, []string{"equipment"}},
	{"airports", "a", "apid", []string{"apid", "elevation", "uid?"}, []string{"iata", "icao", "country_code?", "dst"}, []string{"name", "city", "country"}},
	{"airlines", "l", "alid", []string{"alid", "uid?"}, []string{"iata", "icao", "active"}, []string{"name", "callsign", "country", "alias"}},
	{"countries", "c", "code", nil, []string{"code", "oa_code?", "dst"}, []string{"name"}},
}

// joins are the ways to join a table to one that is there.
var joins = map[string][]string{
	"r": {
		"%s JOIN airlines l ON l.alid = r.alid", "%s JOIN airports a ON a.apid = r.src_apid", "%s JOIN airports a ON a.iata = r.dst_ap",
		"%s JOIN airports a ON LOWER(a.iata) = r.src_ap", "%s JOIN airlines l ON l.iata = r.airline AND l.active = 'y'",
	},
	"a": {"%s JOIN countries c ON c.code = a.country_code", "%s JOIN countries c ON LOWER(c.name) = a.country", "%s JOIN routes r ON r.dst_apid = a.apid AND r.src_ap < 'M'"},
	"l": {"%s JOIN routes r ON r.alid = l.alid", "%s JOIN countries c ON c.name = l.country"},
	"c": {"%s JOIN airports a ON a.country_code = c.code", "%s JOIN airlines l ON l.country = UPPER(c.name)"},
}

// pick is one of the choices.
func pick[T any](g *generator, choices ...T) T { return choices[g.IntN(len(choices))] }

// chance is true n times in ten.
func (g *generator) chance(n int) bool { return g.IntN(10) < n }

// statement is the next SELECT.
func (g *generator) statement() string {
	g.from = nil
	return pick(g, g.plain, g.plain, g.scalar, g.aggregated, g.grouped, g.grouped, g.distinct, g.joined, g.joined, g.windowed, g.windowed,
		g.combined, g.derived, g.correlated, g.concatenated, g.empty, g.limitedParts, g.nested)()
}

// table is a FROM clause of one table.
func (g *generator) table() string {
	s := pick(g, sources...)
	g.from = []source{s}
	return s.table + " " + s.alias
}

// where is a WHERE clause, or nothing.
func (g *generator) where() string {
	if g.chance(3) {
		return ""
	}
	return " WHERE " + g.condition(2)
}

// limited is an order by the keys, with a LIMIT, or nothing.
func (g *generator) limited() string {
	if g.chance(6) {
		return ""
	}
	var keys []string
	for _, s := range g.from {
		keys = append(keys, s.alias+"."+s.key+pick(g, "", " DESC"))
	}
	return " ORDER BY " + strings.Join(keys, ", ") + fmt.Sprintf(" LIMIT %d", 1+g.IntN(30)) + pick(g, "", "", " OFFSET 3")
}

func (g *generator) plain() string {
	from := g.table()
	return "SELECT " + g.key() + ", " + g.value() + ", " + g.value() + " FROM " + from + g.where() + g.limited()
}

func (g *generator) scalar() string {
	return "SELECT " + g.number(3) + ", " + g.text(3) + ", " + g.condition(2)
}

func (g *generator) aggregated() string {
	from := g.table()
	return "SELECT " + g.aggregate() + ", " + g.aggregate() + ", " + g.aggregate() + " FROM " + from + g.where()
}

func (g *generator) grouped() string {
	from := g.table()
	by := g.groupKey()
	query := "SELECT " + by + " AS k, " + g.aggregate() + ", " + g.aggregate() + " FROM " + from + g.where() + " GROUP BY " + by
	if g.chance(4) {
		query += " HAVING " + pick(g, "COUNT(*) > 1", "SUM("+g.whole()+") > 10", "AVG("+g.whole()+") < 1000", "MIN("+g.code()+") < 'm'", "COUNT(DISTINCT "+g.code()+") = 1")
	}
	if g.chance(4) {
		query += " ORDER BY " + pick(g, "COUNT(*) DESC, k", "k", "k DESC") + " LIMIT 12"
	}
	return query
}

func (g *generator) distinct() string {
	from := g.table()
	if g.chance(3) {
		return "SELECT COUNT(*) FROM (SELECT DISTINCT " + pick(g, g.word(), g.code(), g.text(2)) + " FROM " + from + g.where() + ") d"
	}
	return "SELECT DISTINCT UPPER(" + g.code() + "), " + pick(g, g.whole(), g.number(1)) + " FROM " + from + g.where()
}

func (g *generator) joined() string {
	from := g.table()
	first := g.from[0].alias
	joined := fmt.Sprintf(pick(g, joins[first]...), pick(g, "", " LEFT", " INNER"))
	second := strings.Fields(joined[strings.Index(joined, "JOIN"):])[2]
	for _, s := range sources {
		if s.alias == second {
			g.from = append(g.from, s)
		}
	}
	from += " " + joined
	switch g.IntN(3) {
	case 0:
		return "SELECT COUNT(*), " + g.aggregate() + ", " + g.aggregate() + " FROM " + from + g.where()
	case 1:
		by := g.groupKey()
		return "SELECT " + by + ", COUNT(*), " + g.aggregate() + " FROM " + from + g.where() + " GROUP BY " + by
	}
	return "SELECT " + g.value() + ", " + g.value() + " FROM " + from + g.where() + g.limited()
}

func (g *generator) windowed() string {
	from := g.table()
	key := g.key()
	partition := pick(g, "", "PARTITION BY "+g.code()+" ")
	total := partition + "ORDER BY " + pick(g, "", g.whole()+" DESC, ", g.code()+", ") + key
	ties := partition + "ORDER BY " + pick(g, g.whole(), g.code(), "IF("+key+" % 2, LOWER("+g.code()+"), "+g.code()+")") + pick(g, "", " DESC")
	frame := pick(g, "", " ROWS UNBOUNDED PRECEDING", " ROWS BETWEEN 2 PRECEDING AND 1 FOLLOWING", " ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING",
		" ROWS BETWEEN 3 PRECEDING AND 1 PRECEDING", " ROWS BETWEEN 1 FOLLOWING AND 2 FOLLOWING", " RANGE BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING")
	function := pick(g, "SUM", "AVG", "COUNT", "MIN", "MAX", "SUM")
	window := pick(g,
		"ROW_NUMBER() OVER ("+total+")", "RANK() OVER ("+ties+")", "DENSE_RANK() OVER ("+ties+")", "NTILE("+fmt.Sprint(1+g.IntN(7))+") OVER ("+total+")",
		"LAG("+g.whole()+") OVER ("+total+")", "LEAD("+g.code()+", 2) OVER ("+total+")", "LAG("+g.whole()+", 3) OVER ("+total+")",
		"FIRST_VALUE("+g.code()+") OVER ("+total+")", "LAST_VALUE("+g.whole()+") OVER ("+total+frame+")",
		"ROUND(PERCENT_RANK() OVER ("+ties+"), 6)",
		function+"("+g.whole()+") OVER ("+ties+")", function+"("+g.whole()+") OVER ("+partition+")", function+"("+g.whole()+") OVER ("+total+frame+")",
		function+"("+g.whole()+") OVER ("+total+frame+")", "ROUND(STD("+g.whole()+") OVER ("+ties+"), 3)", "COUNT(*) OVER ("+ties+")")
	return "SELECT " + key + ", " + window + " FROM " + from + g.where() + pick(g, "", " ORDER BY "+key+" LIMIT 40")
}

func (g *generator) combined() string {
	side := func() string {
		from := g.table()
		return "SELECT " + pick(g, "UPPER("+g.code()+")", g.code()) + " FROM " + from + g.where()
	}
	operator := pick(g, "UNION", "UNION ALL", "INTERSECT", "EXCEPT", "UNION")
	return "SELECT UPPER(v), COUNT(*) FROM (SELECT v FROM (" + strings.Replace(side(), " FROM ", " AS v FROM ", 1) + " " + operator + " " + side() + ") u) w GROUP BY UPPER(v)"
}

func (g *generator) derived() string {
	inner := g.table()
	by := g.code()
	query := "(SELECT " + by + " AS k, COUNT(*) AS n, SUM(" + g.whole() + ") AS s, AVG(" + g.whole() + ") AS m FROM " + inner + g.where() + " GROUP BY " + by + ")"
	body := pick(g, "SELECT SUM(n), SUM(s), MAX(s), MIN(m) FROM %s", "SELECT n, COUNT(*), SUM(s) FROM %s GROUP BY n", "SELECT AVG(s), AVG(n), COUNT(m) FROM %s WHERE n > 1",
		"SELECT UPPER(k), s + 1, m * 2 FROM %s WHERE s > m", "SELECT COUNT(*) FROM %s WHERE k IN (SELECT iata FROM airports)")
	if g.chance(3) {
		return "WITH t AS " + query + " " + fmt.Sprintf(body, "t")
	}
	return fmt.Sprintf(body, query+" t")
}

func (g *generator) correlated() string {
	return fmt.Sprintf(pick(g,
		"SELECT a.apid, (SELECT %s FROM routes r WHERE r.src_apid = a.apid) FROM airports a",
		"SELECT l.alid, (SELECT %s FROM routes r WHERE r.alid = l.alid AND r.stops = 0) AS v FROM airlines l",
		"SELECT COUNT(*) FROM airports a WHERE (SELECT %s FROM routes r WHERE r.src_ap = a.iata) > 5",
		"SELECT l.alid FROM airlines l WHERE l.alid < 9 AND 3 <= (SELECT %s FROM routes r WHERE r.airline = LOWER(l.iata))",
	), pick(g, "COUNT(*)", "COUNT(DISTINCT r.dst_ap)", "SUM(r.stops)", "MAX(r.rid)", "AVG(r.rid)", "COUNT(r.alid)"))
}

func (g *generator) concatenated() string {
	from := g.table()
	distinct, list := pick(g, "", "DISTINCT "), "UPPER("+g.code()+")"
	list = "GROUP_CONCAT(" + distinct + list + " ORDER BY " + pick(g, list, "1") + pick(g, "", " DESC") + pick(g, "", " SEPARATOR '; '", " SEPARATOR ''") + ")"
	// MySQL keeps 1024 letters, MariaDB a million.
	where := " WHERE " + pick(g, g.key()+" IS NULL", g.key()+" < 90", g.key()+" IN (1, 2, 3, 40, 'GB', 'FR')")
	return "SELECT " + list + ", COUNT(*) FROM " + from + where + pick(g, "", " GROUP BY "+g.groupKey())
}

// empty has no rows to aggregate.
func (g *generator) empty() string {
	from := g.table()
	return "SELECT " + g.aggregate() + ", " + g.aggregate() + " FROM " + from + " WHERE " + pick(g, "1 = 0", "NULL", g.key()+" IS NULL", g.key()+" < 0") +
		pick(g, "", " GROUP BY "+g.groupKey(), " HAVING COUNT(*) = 0", " HAVING COUNT(*) > 0")
}

func (g *generator) limitedParts() string {
	part := func() string {
		from := g.table()
		return "(SELECT " + g.key() + " AS k, " + g.whole() + " AS n FROM " + from + g.where() + " ORDER BY " + g.key() + pick(g, "", " DESC") + fmt.Sprintf(" LIMIT %d", g.IntN(9)) + pick(g, "", " OFFSET 2") + ")"
	}
	if g.chance(4) {
		return "SELECT COUNT(*), MIN(n), MAX(n) FROM " + part() + " p"
	}
	return part() + pick(g, " UNION ALL ", " UNION ") + part() + pick(g, "", " ORDER BY k, n LIMIT 7")
}

func (g *generator) nested() string {
	from := g.table()
	condition := fmt.Sprintf(pick(g, "EXISTS (SELECT 1 FROM routes i WHERE i.alid = %s AND i.stops = 0)", "NOT EXISTS (SELECT 1 FROM airports i WHERE i.elevation > %s)",
		"NOT EXISTS (SELECT 1 FROM airlines i WHERE %s > 0)", "NOT EXISTS (SELECT 1 FROM airlines i WHERE i.active = 'Y' AND %s = 5)",
		"%s = (SELECT MAX(i.alid) FROM airlines i)", "%s >= (SELECT AVG(i.apid) FROM airports i WHERE i.country_code = 'GB')", "%s IN (SELECT i.uid FROM airports i WHERE i.apid < 0)",
		"%s NOT IN (SELECT i.src_apid FROM routes i WHERE i.src_apid IS NOT NULL)", "%s <> (SELECT i.uid FROM airlines i WHERE i.alid = -1)",
		"(SELECT COUNT(*) FROM routes i WHERE i.dst_apid = %s) BETWEEN 1 AND '9'"), g.whole())
	return "SELECT " + g.key() + ", " + g.value() + " FROM " + from + " WHERE " + pick(g, "", "NOT ") + condition + g.limited()
}

// key is the key of the first table.
func (g *generator) key() string { return g.from[0].alias + "." + g.from[0].key }

// column is one of the columns, or the fallback if there is none.
func (g *generator) column(of func(source) []string, fallback string) string {
	var all []string
	for _, s := range g.from {
		for _, column := range of(s) {
			all = append(all, s.alias+"."+strings.TrimSuffix(column, "?"))
		}
	}
	if len(all) == 0 {
		return fallback
	}
	return pick(g, all...)
}

func (g *generator) whole() string {
	return g.column(func(s source) []string { return s.whole }, fmt.Sprintf("(%d + 0)", g.IntN(9)))
}

func (g *generator) code() string {
	return g.column(func(s source) []string { return s.codes }, pick(g, "'LHR'", "'ba'", "''"))
}

func (g *generator) word() string {
	return g.column(func(s source) []string { return s.words }, "'London'")
}

// groupKey is an expression whose values in a group differ in nothing.
func (g *generator) groupKey() string {
	return pick(g, "UPPER("+g.code()+")", g.whole(), "LENGTH("+g.word()+")", "UPPER(LEFT("+g.code()+", 1))", g.whole()+" % 3", "("+g.whole()+" - 40) / 2e0 % 2", g.whole()+" IS NULL", "UPPER("+g.code()+")")
}

func (g *generator) value() string {
	return pick(g, g.number(2), g.text(2), g.condition(1), g.number(2))
}

func (g *generator) aggregate() string {
	return pick(g, "COUNT(*)", "COUNT("+g.whole()+")", "COUNT(DISTINCT "+g.word()+")", "COUNT(DISTINCT "+g.code()+")", "COUNT(DISTINCT "+g.whole()+", "+g.code()+")",
		"SUM("+g.whole()+")", "SUM("+g.number(1)+")", "AVG("+g.whole()+")", "AVG("+g.number(1)+")", "MIN("+g.whole()+")", "MAX("+g.number(1)+")", "MAX("+g.whole()+" / 7)", "CONCAT(MIN("+g.whole()+" / 3 + 1))",
		"MIN(UPPER("+g.code()+"))", "MAX(UPPER("+g.code()+"))", "ROUND(STD("+g.whole()+"), 3)", "ROUND(VAR_SAMP("+g.whole()+"), 2)", "SUM(DISTINCT "+g.whole()+")",
		"AVG(DISTINCT "+g.whole()+")", "SUM("+g.condition(1)+")", "BIT_OR("+g.whole()+")", "SUM("+g.code()+")", "COUNT("+g.text(1)+")")
}

// number is an expression of that depth.
func (g *generator) number(depth int) string {
	if depth == 0 || g.chance(2) {
		return pick(g, g.whole(), g.whole(), fmt.Sprint(g.IntN(100)), fmt.Sprintf("%d.%d", g.IntN(9), 1+g.IntN(9)), "NULL")
	}
	n := func() string { return g.number(depth - 1) }
	t := func() string { return g.text(depth - 1) }
	return pick(g,
		func() string { return "(" + n() + " " + pick(g, "+", "-", "*") + " " + n() + ")" },
		func() string { return "(" + n() + " " + pick(g, "+", "-", "*") + " " + n() + ")" },
		func() string {
			return "(" + n() + " " + pick(g, "DIV", "%", "/") + " " + pick(g, "7", "3", "0", g.whole()) + ")"
		},
		func() string { return pick(g, "ABS", "SIGN", "FLOOR", "CEIL", "-") + "(" + n() + ")" },
		func() string { return "ROUND(" + n() + pick(g, "", ", 1", ", -1") + ")" },
		func() string { return pick(g, "LENGTH", "CHAR_LENGTH", "ASCII") + "(" + t() + ")" },
		func() string { return "INSTR(" + t() + ", " + t() + ")" },
		func() string { return "LOCATE(" + t() + ", " + t() + ")" },
		func() string { return "IF(" + g.condition(depth-1) + ", " + n() + ", " + n() + ")" },
		func() string { return pick(g, "COALESCE", "IFNULL", "NULLIF") + "(" + n() + ", " + n() + ")" },
		func() string { return "CASE WHEN " + g.condition(depth-1) + " THEN " + n() + " ELSE " + n() + " END" },
		func() string { return pick(g, "GREATEST", "LEAST") + "(" + n() + ", " + n() + ")" },
		func() string {
			return "(" + pick(g, "'12abc'", "'3'", "' 4'", "'1e1'", "'x'", "'1.5'") + " + " + n() + ")"
		},
		func() string { return "STRCMP(" + t() + ", " + t() + ")" },
		func() string { return "CAST(" + n() + " AS SIGNED)" },
		func() string {
			return "CAST(" + pick(g, n(), "'12.345x'", "'-7'", "' 8 '") + " AS " + pick(g, "DECIMAL(12,2)", "SIGNED", "DOUBLE", "DECIMAL(20)", "DECIMAL") + ")"
		},
		func() string { return "FIELD(" + t() + ", 'lhr', 'b', " + t() + ")" },
		func() string { return "FIND_IN_SET(" + t() + ", 'a,LHR,,b')" },
		func() string {
			return "ROUND(" + n() + ", " + pick(g, "0", "1", "2", "-1") + ")"
		},
		func() string { return "MOD(" + n() + ", " + pick(g, "7", "2.5", g.whole()) + ")" },
		func() string {
			return pick(g, "YEAR", "MONTH", "DAYOFMONTH", "DAYOFWEEK", "DAYOFYEAR", "WEEKDAY", "QUARTER", "TO_DAYS", "HOUR", "MINUTE", "SECOND") + "(" + g.moment() + ")"
		},
		func() string { return "DATEDIFF(" + g.moment() + ", " + g.moment() + ")" },
		func() string { return pick(g, "ISNULL", "BIT_COUNT", "-", "NOT ") + "(" + n() + ")" },
		func() string {
			return "(SELECT " + pick(g, "COUNT(*)", "MAX(i.alid)", "AVG(i.uid)", "SUM(i.alid)") + " FROM airlines i WHERE i.alid < " + fmt.Sprint(g.IntN(60)) + ")"
		},
	)()
}

// text is an expression of that depth.
func (g *generator) text(depth int) string {
	if depth == 0 || g.chance(2) {
		return pick(g, g.code(), g.code(), "'LHR'", "'b'", "''", "'Zü'", "NULL")
	}
	n := func() string { return fmt.Sprint(g.IntN(8) - 2) }
	t := func() string { return g.text(depth - 1) }
	return pick(g,
		func() string { return "CONCAT(" + t() + ", " + pick(g, t(), g.whole(), "'-'") + ")" },
		func() string { return pick(g, "UPPER", "LOWER", "REVERSE", "TRIM", "LTRIM") + "(" + t() + ")" },
		func() string { return pick(g, "LEFT", "RIGHT", "REPEAT") + "(" + t() + ", " + n() + ")" },
		func() string { return "SUBSTRING(" + t() + ", " + n() + pick(g, "", ", "+n()) + ")" },
		func() string { return "REPLACE(" + t() + ", " + t() + ", 'q')" },
		func() string { return pick(g, "LPAD", "RPAD") + "(" + t() + ", " + fmt.Sprint(g.IntN(8)) + ", '*')" },
		func() string { return "CONCAT_WS('/', " + t() + ", " + t() + ")" },
		func() string { return "IF(" + g.condition(depth-1) + ", " + t() + ", " + t() + ")" },
		func() string { return pick(g, "COALESCE", "IFNULL") + "(" + t() + ", " + t() + ")" },
		func() string {
			return "CASE " + t() + " WHEN 'lhr' THEN 'a' WHEN " + t() + " THEN 'b' ELSE " + t() + " END"
		},
		func() string { return "CAST(" + g.whole() + " AS CHAR)" },
		func() string { return "HEX(" + t() + ")" },
		func() string { return "SUBSTRING_INDEX(" + t() + ", " + pick(g, "'a'", "'H'", "''") + ", " + n() + ")" },
		func() string {
			return "TRIM(" + pick(g, "BOTH", "LEADING", "TRAILING") + " " + pick(g, "'L'", "'B'", "' '") + " FROM " + t() + ")"
		},
		func() string { return "ELT(" + n() + ", 'a', " + t() + ", 'b')" },
		func() string { return pick(g, "BIN", "HEX") + "(" + g.whole() + ")" },
		func() string { return "CONV(" + g.whole() + ", 10, 16)" },
		func() string { return "FORMAT(" + g.number(0) + ", " + pick(g, "0", "1", "2") + ")" },
		func() string { return "DATE_FORMAT(" + g.moment() + ", '%Y-%m-%d %H:%i:%s %a %j %W')" },
		func() string { return pick(g, "DATE", "LAST_DAY") + "(" + g.moment() + ")" },
		func() string {
			return pick(g, "DATE_ADD", "DATE_SUB") + "(" + g.moment() + ", INTERVAL " + n() + " " + pick(g, "DAY", "MONTH", "YEAR", "HOUR", "WEEK") + ")"
		},
		func() string { return "CAST(" + t() + " AS CHAR(2))" },
		func() string { return pick(g, "MD5", "TO_BASE64", "QUOTE") + "(" + t() + ")" },
		func() string {
			return pick(g, "GREATEST", "LEAST") + "(" + t() + ", " + pick(g, t(), t(), g.moment()) + ")"
		},
		func() string {
			return "(" + g.moment() + " " + pick(g, "+", "-") + " INTERVAL " + n() + " " + pick(g, "DAY", "MONTH", "HOUR") + ")"
		},
		func() string { return "NULLIF(" + t() + ", " + t() + ")" },
	)()
}

// moment is a date, with or without a time.
func (g *generator) moment() string {
	return pick(g, "'2024-02-29'", "'2023-12-31 23:59:59'", "'2024-01-31 00:00:01'", "DATE '2024-03-01'", "NULL", "'2000-10-05 7:08:09'")
}

// condition is an expression of that depth that is true, false or NULL.
func (g *generator) condition(depth int) string {
	if depth > 0 && g.chance(5) {
		c := func() string { return g.condition(depth - 1) }
		return pick(g,
			func() string { return "(" + c() + " AND " + c() + ")" }, func() string { return "(" + c() + " OR " + c() + ")" },
			func() string { return "(NOT " + c() + ")" }, func() string { return "(" + c() + " XOR " + c() + ")" },
			func() string {
				return "(" + c() + " IS " + pick(g, "TRUE", "NOT TRUE", "FALSE", "NULL", "NOT NULL") + ")"
			},
		)()
	}
	not := pick(g, "", "NOT ")
	operator := pick(g, "=", "<>", "<", "<=", ">", ">=", "<=>")
	subquery := pick(g, "SELECT alid FROM routes", "SELECT src_apid FROM routes WHERE rid < 300", "SELECT apid FROM airports WHERE country_code = 'gb'",
		"SELECT alid FROM airlines WHERE iata > 'M'", "SELECT uid FROM airlines", "SELECT rid FROM routes WHERE 1 = 0")
	codes := pick(g, "SELECT LOWER(src_ap) FROM routes WHERE stops = 0", "SELECT country_code FROM airports", "SELECT iata FROM airlines", "SELECT oa_code FROM countries",
		"SELECT src_ap FROM routes GROUP BY src_ap HAVING COUNT(*) > 20")
	return pick(g,
		func() string { return "(" + g.number(1) + " " + operator + " " + g.number(1) + ")" },
		func() string {
			return "(" + g.whole() + " / 4e0 " + operator + " " + pick(g, "2.5", "7.0", "ROUND(3.6)", "0.2") + ")"
		},
		func() string {
			return "(" + g.code() + " " + operator + " " + pick(g, "'lhr'", "'M'", "'b'", "''", g.code()) + ")"
		},
		func() string {
			return "(" + g.whole() + " " + not + "IN (1, 2, 30, " + pick(g, "NULL", "4", "'5'", "6.0", "1 + 3", g.whole(), g.whole()+" + 1") + "))"
		},
		func() string {
			return "(" + g.code() + " " + not + "IN ('lhr', 'JFK', 'gb', " + pick(g, "NULL", "''", "'e'", "LOWER('AMS')", g.code()) + "))"
		},
		func() string { return "(" + g.whole() + " " + not + "IN (" + subquery + "))" },
		func() string { return "(" + g.code() + " " + not + "IN (" + codes + "))" },
		func() string {
			return "(" + g.word() + " " + not + "LIKE '" + pick(g, "%a%", "A%", "%ü%", "_o%", "%n", `%\_%`, `a\%`, "%air%port", "%") + "')"
		},
		func() string {
			return "(" + g.code() + " " + not + "LIKE '" + pick(g, "l%", "_H_", "%A", "", "E_LL") + "')"
		},
		func() string {
			return "(" + g.whole() + " " + not + "BETWEEN " + g.number(0) + " AND " + g.number(0) + ")"
		},
		func() string { return "(" + g.code() + " " + not + "BETWEEN 'c' AND 'M')" },
		func() string { return "(" + pick(g, g.whole(), g.code()) + " IS " + not + "NULL)" },
		func() string {
			return "(" + g.code() + " = " + pick(g, "'lhr'", "'LHR'", "'GB'") + " COLLATE utf8mb4_bin)"
		},
		func() string { return "(" + g.code() + " " + operator + " " + pick(g, "0", "1", "5") + ")" },
		func() string {
			return "(" + g.whole() + " " + operator + " " + pick(g, "'12abc'", "'7'", "'x'", "''", "12.5", "'1e2'") + ")"
		},
		func() string { return "(" + g.text(1) + " " + operator + " " + g.text(1) + ")" },
		func() string { return pick(g, "EXISTS", "NOT EXISTS") + " (" + subquery + ")" },
		func() string { return "(" + g.number(1) + ")" },
		func() string {
			return "(" + g.whole() + " " + not + "IN (1, '12abc', 2.5, " + pick(g, "'x'", "NULL", "7") + "))"
		},
		func() string {
			return "(" + g.code() + " " + not + "IN ('lhr', 0, " + pick(g, "NULL", "5", "'1'") + "))"
		},
		func() string {
			return "(" + g.whole() + " " + not + "BETWEEN " + pick(g, "'3'", "2.5", "'x'", "NULL") + " AND " + pick(g, "'50'", "60.5", "NULL", "'9z'") + ")"
		},
		func() string {
			return "(" + g.code() + " " + not + "BETWEEN " + pick(g, "'a'", "1", "NULL") + " AND " + pick(g, "'M'", "9") + ")"
		},
		func() string {
			return "(" + g.code() + " COLLATE utf8mb4_bin " + operator + " " + pick(g, "'M'", "'lhr'", g.code()) + ")"
		},
		func() string {
			return "(" + g.code() + " " + not + "REGEXP '" + pick(g, "^l", "[a-c]$", "H", "^...$") + "')"
		},
		func() string { return "(" + g.moment() + " " + operator + " " + g.moment() + ")" },
		func() string {
			// MariaDB loses rows by a NOT IN of rows after a LEFT JOIN.
			if len(g.from) > 1 {
				not = ""
			}
			return "((" + g.whole() + ", " + g.code() + ") " + not + "IN ((1, 'lhr'), (3, 'JFK'), (7, " + pick(g, "NULL", "'x'") + ")))"
		},
	)()
}
