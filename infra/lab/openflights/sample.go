package openflights

import (
	"embed"
	"errors"
	"fmt"
	"strings"

	"chaosworkshop/shared/model"
)

// sampleFiles are the facts of the sample, in the quoting of the .dat files below a line that names the columns.
//
//go:embed sample/*.csv
var sampleFiles embed.FS

// Sample is the built-in content of the flights database: some 260 airports and 100 airlines of all continents, the
// countries of ISO 3166-1, and routes derived from the airlines' hubs.
//
// Names, codes, positions and hubs are facts. The routes are no timetable but follow a rule, the same on every machine:
// an airline flies from each of its hubs, and back, to every airport that its reach covers and that is 100 km away or more.
//
//	national      airports in the country of the hub
//	regional      airports at most 1,500 km away
//	continental   airports at most 3,500 km away, major ones at most 4,500 km
//	global        airports at most 3,000 km away, major ones at most 15,500 km
//
// The reach is a column of sample/airlines.csv, the size major one of sample/airports.csv. All ids count from 1.
func Sample() model.Dataset {
	// The files are part of the program, and a test proves that they hold no error.
	data, _ := sample()
	return data
}

// sample builds the Sample. The error names what is wrong in the embedded files; such rows are not in the data.
func sample() (model.Dataset, error) {
	var facts sampleReader
	countries := readSample(&facts, sampleCountries())
	locales := readSample(&facts, sampleLocales())
	zones := readSample(&facts, sampleZones())
	places := readSample(&facts, samplePlaces(byKey(countries, codeOf), byKey(zones, nameOf)))
	carriers := readSample(&facts, sampleCarriers(byKey(countries, codeOf), byKey(places, iataOf)))
	data := model.Dataset{Countries: countries, Locales: locales, Routes: deriveRoutes(carriers, places)}
	for _, place := range places {
		data.Airports = append(data.Airports, place.Airport)
	}
	for _, carrier := range carriers {
		data.Airlines = append(data.Airlines, carrier.Airline)
	}
	return data, facts.err
}

// sampleReader collects what is wrong in the embedded files.
type sampleReader struct {
	err error
}

// readSample reads one embedded file.
func readSample[T any](facts *sampleReader, t table[T]) []T {
	text, err := sampleFiles.ReadFile("sample/" + t.name)
	if err != nil {
		facts.err = errors.Join(facts.err, err)
		return nil
	}
	_, rows, _ := strings.Cut(string(text), "\n")
	values, report, err := t.read(strings.NewReader(rows))
	facts.err = errors.Join(facts.err, err)
	for _, rejection := range report.Rejections {
		facts.err = errors.Join(facts.err, fmt.Errorf("sample: %s", rejection))
	}
	return values
}

// byKey is the rows by their key.
func byKey[T any](rows []T, key func(T) string) map[string]T {
	found := make(map[string]T, len(rows))
	for _, row := range rows {
		found[key(row)] = row
	}
	return found
}

// sampleCountries is countries.csv: code, name.
func sampleCountries() table[model.Country] {
	return table[model.Country]{
		name:  "countries.csv",
		width: 2,
		decode: func(r *row) model.Country {
			return model.Country{Code: r.key(0, "code", 8), Name: r.text(1, "name", 255), DST: unknownDST}
		},
		key: codeOf,
	}
}

func codeOf(c model.Country) string { return c.Code }

// sampleLocales is locales.csv: locale, name, as in the published file.
func sampleLocales() table[model.Locale] {
	table := locales()
	table.name = "locales.csv"
	return table
}
