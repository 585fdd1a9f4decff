package flightsdb

import "testing"

func TestAsRead(t *testing.T) {
	for query, want := range map[string]string{
		`SELECT 'a\_b'`:                   `SELECT 'a\\_b'`,
		`SELECT "a\%b"`:                   `SELECT "a\\%b"`,
		`SELECT 'a\\_b'`:                  `SELECT 'a\\_b'`,
		`SELECT 'a\\\_b'`:                 `SELECT 'a\\\\_b'`,
		`SELECT 'it''s \_' , '\'\_'`:      `SELECT 'it''s \\_' , '\'\\_'`,
		"SELECT `a\\_b`":                  "SELECT `a\\_b`",
		`SELECT 1 /* it's \_ */, '\_'`:    `SELECT 1 /* it's \_ */, '\\_'`,
		"SELECT 1 -- it's \\_\n, '\\_'":   "SELECT 1 -- it's \\_\n, '\\\\_'",
		"SELECT 1 # it's \\_\n, '\\_'":    "SELECT 1 # it's \\_\n, '\\\\_'",
		`SELECT 1 /*!80000 , '\_' */`:     `SELECT 1 /*!80000 , '\\_' */`,
		`SELECT 2--1, 'a\n\_', 'open \_`:  `SELECT 2- -1, 'a\n\\_', 'open \\_`,
		`SELECT 2---1, '--\_', 2 --`:      `SELECT 2- - -1, '--\\_', 2 --`,
		`SELECT '\`:                       `SELECT '\`,
		`SELECT 'no wildcard \' here', 5`: `SELECT 'no wildcard \' here', 5`,
	} {
		got := asRead(query)
		if got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
		if again := asRead(got); again != got {
			t.Errorf("%s: %s the second time, want the same", got, again)
		}
	}
}
