package openflights

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Source says where the data files are published, and what makes a download good.
type Source struct {
	// URL of the folder that holds the files.
	URL string
	// Files to download, in order.
	Files []File
	// Client does the requests; nil for one that limits the time to connect and to the first byte.
	Client *http.Client
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

// fileURL is the address of one file.
func (s Source) fileURL(name string) (string, error) {
	address, err := url.JoinPath(s.URL, name)
	if err != nil {
		return "", fmt.Errorf("download %s: bad address: %w", name, err)
	}
	return address, nil
}

// client is what does the requests.
func (s Source) client() *http.Client {
	if s.Client != nil {
		return s.Client
	}
	return &http.Client{Transport: &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: 30 * time.Second,
		ForceAttemptHTTP2:     true,
		// Each file is a request of its own; nothing is worth keeping open after the last.
		IdleConnTimeout: 10 * time.Second,
	}}
}

// stall is how long the server may send nothing.
func (s Source) stall() time.Duration {
	if s.Stall > 0 {
		return s.Stall
	}
	return 30 * time.Second
}

// verify checks the content of a downloaded file and returns its part of a load's report.
func (f File) verify(in io.Reader, checksum string) (FileReport, error) {
	report, err := usable(f.Name, in)
	if err != nil {
		return report, err
	}
	if report.Kept < f.Rows {
		return report, fmt.Errorf("%s usable rows, at least %s expected", thousands(report.Kept), thousands(f.Rows))
	}
	if f.SHA256 != "" && !strings.EqualFold(checksum, f.SHA256) {
		return report, fmt.Errorf("SHA-256 %s, %s expected", checksum, f.SHA256)
	}
	return report, nil
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
