package seed

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
	"gorm.io/gorm"

	"chaosworkshop/infra/internal/mariadb"
	"chaosworkshop/shared/model"
)

// start runs a MariaDB with the options until the test ends, and returns how root logs in to its empty database flights.
func start(t *testing.T, options ...string) *mysql.Config {
	t.Helper()
	addr, password := mariadb.Start(t, options...)
	root := mysql.NewConfig()
	root.Net, root.Addr, root.User, root.Passwd, root.DBName = "tcp", addr, "root", password, "flights"
	root.InterpolateParams = true
	return root
}

// execute runs statements as the user of the target.
func execute(t *testing.T, target *mysql.Config, statements ...string) {
	t.Helper()
	db := pool(t, target)
	for _, statement := range statements {
		if _, err := db.Exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// count is the number that a query returns.
func count(t *testing.T, target *mysql.Config, query string) int {
	t.Helper()
	var n int
	if err := pool(t, target).QueryRow(query).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

func pool(t *testing.T, target *mysql.Config) *sql.DB {
	t.Helper()
	connector, err := mysql.NewConnector(target)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	t.Cleanup(func() { db.Close() })
	return db
}

// seedInto fills the database and returns what each table got, as "rows written removed".
func seedInto(t *testing.T, target *mysql.Config, data model.Dataset) map[string]string {
	t.Helper()
	results, err := Run(t.Context(), Options{DSN: target.FormatDSN(), Data: data})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, result := range results {
		got[result.Table] = fmt.Sprint(result.Rows, result.Written, result.Removed)
	}
	return got
}

// wantError runs a seed that must fail, in one line with those words, which does not hold the password.
func wantError(t *testing.T, options Options, password string, words ...string) {
	t.Helper()
	_, err := Run(t.Context(), options)
	if err == nil {
		t.Fatalf("got no error, want one about %q", words)
	}
	text := err.Error()
	for _, word := range words {
		if !strings.Contains(text, word) {
			t.Errorf("got %q, want it to say %q", text, word)
		}
	}
	if strings.Contains(text, "\n") {
		t.Errorf("got more than one line: %q", text)
	}
	if password != "" && strings.Contains(text, password) {
		t.Error("the error shows the password")
	}
}

// small is data with every kind of reference.
func small() model.Dataset {
	code, ba, lhr, jfk := "GB", 1, 10, 20
	return model.Dataset{
		Countries: []model.Country{{Code: "GB", Name: "United Kingdom", DST: "U"}},
		Locales:   []model.Locale{{Locale: "en_US", Name: "English"}, {Locale: "pl_PL", Name: "Polski (Łódź) 東京 🛫"}},
		Airlines:  []model.Airline{{ALID: ba, Name: "British Airways", IATA: "BA", Mode: "F", Active: "Y"}},
		Airports: []model.Airport{
			{APID: lhr, Name: "O'Hare \"\\' Heathrow", IATA: "LHR", X: -0.461941, Y: 51.4706, Timezone: 5.75, DST: "U", CountryCode: &code},
			{APID: jfk, Name: "Kennedy", IATA: "JFK", X: -73.778925, Y: 40.639801, Timezone: -5, DST: "A"},
		},
		Routes: []model.Route{
			{RID: 1, Airline: "BA", ALID: &ba, SrcAP: "LHR", SrcAPID: &lhr, DstAP: "JFK", DstAPID: &jfk},
			{RID: 2, Airline: "BA", ALID: &ba, SrcAP: "JFK", SrcAPID: &jfk, DstAP: "XXX", Codeshare: "Y"},
		},
	}
}

// content reads the whole database through the models.
func content(t *testing.T, db *gorm.DB) model.Dataset {
	t.Helper()
	var data model.Dataset
	for _, read := range []*gorm.DB{
		db.Order("code").Find(&data.Countries), db.Order("locale").Find(&data.Locales), db.Order("alid").Find(&data.Airlines),
		db.Order("apid").Find(&data.Airports), db.Order("rid").Find(&data.Routes),
	} {
		if read.Error != nil {
			t.Fatal(read.Error)
		}
	}
	return data
}
