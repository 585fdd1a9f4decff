package flightsdb

import (
	"strings"
	"testing"
)

// TestRegularExpressions covers the package regex, which stands in for the library's own engine: the expected
// values are the answers of MySQL 8.
func TestRegularExpressions(t *testing.T) {
	db := sample(t)
	for expression, want := range map[string]string{
		"'London' REGEXP '^lon'":                                   "1",
		"'London' NOT REGEXP 'x'":                                  "1",
		"'London' RLIKE 'd.n$'":                                    "1",
		"REGEXP_LIKE('London', 'LON', 'c')":                        "0",
		"REGEXP_LIKE('London', 'LON', 'i')":                        "1",
		"REGEXP_LIKE('a\nb', '^b$')":                               "0",
		"REGEXP_LIKE('a\nb', '^b$', 'm')":                          "1",
		"REGEXP_LIKE('a\nb', 'a.b')":                               "0",
		"REGEXP_LIKE('a\nb', 'a.b', 'n')":                          "1",
		"REGEXP_INSTR('dog cat dog', 'dog')":                       "1",
		"REGEXP_INSTR('dog cat dog', 'dog', 2)":                    "9",
		"REGEXP_INSTR('dog cat dog', 'dog', 1, 2)":                 "9",
		"REGEXP_INSTR('dog cat dog', 'dog', 1, 1, 1)":              "4",
		"REGEXP_INSTR('dog cat dog', 'cow')":                       "0",
		"REGEXP_INSTR('aéé b', 'b')":                               "5",
		"REGEXP_SUBSTR('abc def ghi', '[a-z]+')":                   "abc",
		"REGEXP_SUBSTR('abc def ghi', '[a-z]+', 1, 3)":             "ghi",
		"REGEXP_SUBSTR('abc def ghi', '[a-z]+', 3, 1)":             "c",
		"REGEXP_SUBSTR('abc', '[0-9]')":                            "NULL",
		"REGEXP_REPLACE('a b c', 'b', 'X')":                        "a X c",
		"REGEXP_REPLACE('abc def ghi', '[a-z]+', 'X', 1, 3)":       "abc def X",
		"REGEXP_REPLACE('abc def ghi', '[a-z]+', 'X', 1, 4)":       "abc def ghi",
		"REGEXP_REPLACE('abc def ghi', '[a-z]+', 'X', 5)":          "abc X X",
		"REGEXP_REPLACE('2024-11', '([0-9]+)-([0-9]+)', '$2/$1x')": "11/2024x",
		"REGEXP_LIKE(NULL, 'a')":                                   "NULL",
	} {
		if got := ask(t, db, "SELECT "+expression); got[0] != want {
			t.Errorf("%s: %s, want %s", expression, got[0], want)
		}
	}
	for _, pattern := range []string{"(", "a**", `(a)\\1`} {
		if _, err := answer(db, "SELECT 'a' REGEXP '"+pattern+"'"); number(t, err) == 0 {
			t.Errorf("the pattern %s was taken", pattern)
		}
	}
	// Texts that are long enough for their matches to be found one by one.
	for expression, want := range map[string]string{
		"REGEXP_REPLACE(REPEAT('ab,', 400), '[ab]+', 'x')":         strings.Repeat("x,", 400),
		"REGEXP_REPLACE(REPEAT('ab', 600), 'x*', '-')":             strings.Repeat("-a-b", 600) + "-",
		"REGEXP_REPLACE(REPEAT('aab', 400), 'a*', '-')":            strings.Repeat("-b", 400) + "-",
		"REGEXP_REPLACE(REPEAT('a b ', 300), '\\\\bb\\\\b', 'x')":  strings.Repeat("a x ", 300),
		"REGEXP_INSTR(REPEAT('é,', 600), 'é', 3, 500)":             "1001",
		"REGEXP_SUBSTR(CONCAT(REPEAT('x', 2000), 'é1'), '.[0-9]')": "é1",
	} {
		if got := ask(t, db, "SELECT "+expression); got[0] != want {
			t.Errorf("%s: %.60s, want %.60s", expression, got[0], want)
		}
	}
	for _, expression := range []string{"REPEAT('a', 100000) REGEXP REPEAT('a', 1000)", "REGEXP_REPLACE(REPEAT('a', 100000), '^a', '')"} {
		if _, err := answer(db, "SELECT "+expression); number(t, err) != 3699 {
			t.Errorf("%s: error %v, want 3699", expression, err)
		}
	}
	// A pattern that would take a backtracking engine longer than the age of the universe.
	if got := ask(t, db, "SELECT REPEAT('a', 5000) REGEXP '^(a+)+$b'"); got[0] != "0" {
		t.Errorf("an exponential pattern: %s, want 0", got[0])
	}
}
