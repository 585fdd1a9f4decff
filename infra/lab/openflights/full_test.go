package openflights

import (
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"

	"chaosworkshop/infra/internal/require"
	"chaosworkshop/shared/model"
)

func TestLoadFullSet(t *testing.T) {
	data, report, err := Load(require.FullSet(t))
	if err != nil {
		t.Fatal(err)
	}
	want := `countries.dat: 240 of 261 rows, 21 rejected
locales.dat: 14 of 14 rows
airlines.dat: 6,162 of 6,162 rows
airports.dat: 7,698 of 7,698 rows
routes.dat: 67,663 of 67,663 rows, 1,347 with an unresolved airline or airport`
	if got := report.Summary(); got != want {
		t.Errorf("summary:\n%s\nwant:\n%s", got, want)
	}
	if got, want := len(airlinesBetween(data, "LHR", "JFK")), 12; got != want {
		t.Errorf("airlines from LHR to JFK: %d, want %d", got, want)
	}
	if got, want := *data.Airports[0].CountryCode, "PG"; got != want {
		t.Errorf("country code of %s: %s, want %s", data.Airports[0].Name, got, want)
	}
	checkConsistent(t, data)
}

// The full set meets the expectations of Published, and arrives unchanged.
func TestDownloadFullSet(t *testing.T) {
	from := require.FullSet(t)
	server := httptest.NewServer(http.FileServer(http.Dir(from)))
	defer server.Close()
	source := Published()
	source.URL = server.URL + "/"
	dir := t.TempDir()
	if err := Download(t.Context(), source, dir, io.Discard); err != nil {
		t.Fatal(err)
	}
	want, _, err := Load(from)
	if err != nil {
		t.Fatal(err)
	}
	got, _, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Error("what was downloaded differs from what was published")
	}
}

func BenchmarkLoad(b *testing.B) {
	dir := require.FullSet(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := Load(dir); err != nil {
			b.Fatal(err)
		}
	}
}

// airlinesBetween are the names of the airlines that fly between two airports, as the exercises' query joins them.
func airlinesBetween(data model.Dataset, from, to string) []string {
	names := map[int]string{}
	for _, airline := range data.Airlines {
		names[airline.ALID] = airline.Name
	}
	var found []string
	for _, route := range data.Routes {
		if route.SrcAP == from && route.DstAP == to && route.ALID != nil {
			found = append(found, names[*route.ALID])
		}
	}
	return found
}

// checkConsistent reports keys that are not unique and references that lead nowhere.
func checkConsistent(t *testing.T, data model.Dataset) {
	t.Helper()
	countries := unique(t, "country", data.Countries, func(c model.Country) string { return c.Code })
	unique(t, "locale", data.Locales, func(l model.Locale) string { return l.Locale })
	airlines := unique(t, "airline", data.Airlines, func(a model.Airline) int { return a.ALID })
	airports := unique(t, "airport", data.Airports, func(a model.Airport) int { return a.APID })
	unique(t, "route", data.Routes, func(r model.Route) int { return r.RID })
	for _, airport := range data.Airports {
		if airport.CountryCode != nil && !countries[*airport.CountryCode] {
			t.Errorf("airport %d: no country %s", airport.APID, *airport.CountryCode)
		}
	}
	for _, route := range data.Routes {
		if route.ALID != nil && !airlines[*route.ALID] {
			t.Errorf("route %d: no airline %d", route.RID, *route.ALID)
		}
		for _, id := range []*int{route.SrcAPID, route.DstAPID} {
			if id != nil && !airports[*id] {
				t.Errorf("route %d: no airport %d", route.RID, *id)
			}
		}
	}
}

// unique is the set of the keys of the rows; it reports every key that is there twice.
func unique[T any, K comparable](t *testing.T, noun string, rows []T, key func(T) K) map[K]bool {
	t.Helper()
	keys := make(map[K]bool, len(rows))
	for _, row := range rows {
		if keys[key(row)] {
			t.Errorf("two rows for %s %v", noun, key(row))
		}
		keys[key(row)] = true
	}
	return keys
}
