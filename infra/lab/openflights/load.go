// Package openflights provides the content of the flights database: the built-in sample, and the data that OpenFlights
// publishes under the Open Database License, loaded from a folder and downloaded into it.
package openflights

import (
	"fmt"

	"chaosworkshop/shared/model"
)

// Load reads the five OpenFlights files airlines.dat, airports.dat, countries.dat, locales.dat and routes.dat in the
// folder dir.
//
// A row that cannot be kept does not fail the load; the Report names it. What is kept fits the columns and keys of the
// flights schema. The error says what to do about a folder or file that cannot be read, or that holds no usable row.
func Load(dir string) (model.Dataset, Report, error) {
	var data model.Dataset
	var report Report
	err := firstError(
		func() error { return loadInto(&data.Countries, &report, countries(), dir) },
		func() error { return loadInto(&data.Locales, &report, locales(), dir) },
		func() error { return loadInto(&data.Airlines, &report, airlines(), dir) },
		func() error { return loadInto(&data.Airports, &report, airports(), dir) },
		func() error { return loadInto(&data.Routes, &report, routes(), dir) },
	)
	if err != nil {
		return model.Dataset{}, report, fmt.Errorf(
			"load OpenFlights data: %w; `make data` downloads it, and without OPENFLIGHTS_DIR the built-in sample is served", err)
	}
	setCountryCodes(data.Airports, data.Countries)
	unresolved := resolve(data.Routes, data.Airlines, data.Airports)
	report.Files[len(report.Files)-1].Unresolved = unresolved
	return data, report, nil
}

// loadInto loads one table into rows and adds its part to the report.
func loadInto[T any](rows *[]T, report *Report, t table[T], dir string) error {
	values, file, err := t.load(dir)
	if err != nil {
		return err
	}
	*rows = values
	report.Files = append(report.Files, file)
	return nil
}

// firstError runs the steps in turn until one fails.
func firstError(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}
