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
		`SELECT 2--1, 'a\n\_', 'open \_`:  `SELECT 2-/*=*/-1, 'a\n\\_', 'open \\_`,
		`SELECT 2---1, '--\_', 2 --`:      `SELECT 2-/*=*/-/*=*/-1, '--\\_', 2 --`,
		`SELECT N'a', n'b\_', 'N', aN'c'`: `SELECT 'a', 'b\\_', 'N', aN'c'`,
		`SELECT DATE '2024-02-29'`:        `SELECT DATE (/*=*/'2024-02-29')`,
		`SELECT '\`:                       `SELECT '\`,
		`SELECT 'no wildcard \' here', 5`: `SELECT 'no wildcard \' here', 5`,
	} {
		got, err := asRead(query)
		if err != nil || got != want {
			t.Errorf("%s: %s, %v, want %s", query, got, err, want)
		}
		if again, _ := asRead(got); again != got {
			t.Errorf("%s: %s the second time, want the same", got, again)
		}
	}
}
