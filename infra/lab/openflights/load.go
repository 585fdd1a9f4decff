// Package openflights provides the content of the flights database: the built-in sample, and the data that OpenFlights
// publishes under the Open Database License, loaded from a folder and downloaded into it.
package openflights

import (
	"cmp"
	"fmt"
	"io/fs"
	"os"

	"chaosworkshop/shared/model"
)

// Load reads the five OpenFlights files airlines.dat, airports.dat, countries.dat, locales.dat and routes.dat in the
// folder dir.
//
// A row that cannot be kept does not fail the load; the Report names it. The rows that are kept fit the columns and keys of
// the flights schema. The error says what to do about a folder or file that cannot be read, or that holds no usable row.
func Load(dir string) (model.Dataset, Report, error) {
	files := os.DirFS(dir)
	var report Report
	data, err := loadFacts(files, &report)
	if err == nil {
		data.Routes, err = load(routes(), files, &report)
	}
	if err != nil {
		return model.Dataset{}, report, fmt.Errorf("load OpenFlights data from %s: %w; "+
			"`make data` downloads it, and without OPENFLIGHTS_DIR the built-in sample is served", dir, err)
	}
	report.Files[len(report.Files)-1].Unresolved = resolve(data.Routes, data.Airlines, data.Airports)
	return data, report, nil
}

// loadFacts loads all tables except the routes.
func loadFacts(files fs.FS, report *Report) (model.Dataset, error) {
	var data model.Dataset
	var errs [4]error
	data.Countries, errs[0] = load(countries(), files, report)
	data.Locales, errs[1] = load(locales(), files, report)
	data.Airlines, errs[2] = load(airlines(), files, report)
	data.Airports, errs[3] = load(airports(), files, report)
	setCountryCodes(data.Airports, data.Countries)
	return data, cmp.Or(errs[:]...)
}

// load loads one table and adds its part to the report.
func load[T any](t table[T], files fs.FS, report *Report) ([]T, error) {
	content, err := readFile(files, t.name)
	if err != nil {
		return nil, err
	}
	values, part := t.read(content)
	report.Files = append(report.Files, part)
	if part.Kept == 0 {
		return nil, fmt.Errorf("%s holds no usable row among %d: is it OpenFlights data?", t.name, part.Read)
	}
	return values, nil
}

// maxFile is the largest data file accepted, in bytes. The largest published has about 2.4 million.
const maxFile = 64 << 20

// readFile is the content of a data file.
func readFile(files fs.FS, name string) ([]byte, error) {
	info, err := fs.Stat(files, name)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		// Opening a pipe could wait forever.
		return nil, fmt.Errorf("%s is not a regular file", name)
	case info.Size() > maxFile:
		return nil, fmt.Errorf("%s is larger than %d MiB", name, maxFile>>20)
	}
	return fs.ReadFile(files, name)
}
