package openflights

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// Source says where the data files are published, and what makes a download good.
type Source struct {
	// URL of the folder that holds the files, with the slash at its end.
	URL string
	// Files to download, in order.
	Files []File
	// Stall is how long the server may send nothing before the download fails; 0 for 30 s.
	Stall time.Duration
}

// File is one published file.
type File struct {
	// Name of the file, such as airports.dat.
	Name string
	// Rows is the least number of usable rows.
	Rows int
	// SHA256 is the expected checksum in hexadecimal; "" accepts any content with enough rows.
	SHA256 string
}

// Published is OpenFlights' public repository. Its files change from time to time, so no checksum is expected; the
// numbers of rows are somewhat below those of April 2025.
func Published() Source {
	return Source{
		URL: "https://raw.githubusercontent.com/jpatokal/openflights/master/data/",
		Files: []File{
			{Name: "airlines.dat", Rows: 5000},
			{Name: "airports.dat", Rows: 7000},
			{Name: "countries.dat", Rows: 200},
			{Name: "locales.dat", Rows: 10},
			{Name: "routes.dat", Rows: 60000},
		},
	}
}

// verify checks the file at path, and returns its SHA-256 in hexadecimal and its part of a load's report.
func (f File) verify(path string) (checksum string, report FileReport, err error) {
	content, err := os.Open(path)
	if err != nil {
		return "", report, err
	}
	defer content.Close()
	hash := sha256.New()
	report, err = usable(f.Name, io.TeeReader(content, hash))
	checksum = hex.EncodeToString(hash.Sum(nil))
	switch {
	case err != nil:
		return checksum, report, err
	case report.Kept < f.Rows:
		err = fmt.Errorf("%s usable rows, at least %s expected", thousands(report.Kept), thousands(f.Rows))
	case f.SHA256 != "" && !strings.EqualFold(checksum, f.SHA256):
		err = fmt.Errorf("SHA-256 %s, %s expected", checksum, f.SHA256)
	}
	return checksum, report, err
}

// usable reads a data file as Load does and returns its part of the report.
func usable(name string, in io.Reader) (report FileReport, err error) {
	switch name {
	case airlines().name:
		_, report, err = airlines().read(in)
	case airports().name:
		_, report, err = airports().read(in)
	case countries().name:
		_, report, err = countries().read(in)
	case locales().name:
		_, report, err = locales().read(in)
	case routes().name:
		_, report, err = routes().read(in)
	default:
		err = fmt.Errorf("%q is none of the five data files", name)
	}
	return report, err
}
