package openflights

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"chaosworkshop/shared/model"
)

// smallSet is a made-up set of the five files, with one airline, two airports and one route that are good.
func smallSet() map[string]string {
	return map[string]string{
		"airlines.dat":  `7,"Some Air",\N,"SO","SOM","SOMEAIR","Atlantis","y"` + "\n",
		"airports.dat":  `1,"East","Eastham","Atlantis","EAS","XEAS",1.5,-2.25,33,-3.5,"E","Europe/London","airport","Nowhere"` + "\r\n" + `2,"West","","Mu",\N,"XWES",-1,0,-4,\N,\N,\N,"airport","Nowhere"` + "\n",
		"countries.dat": "\ufeff" + `"Atlantis","AT","XA"` + "\n",
		"locales.dat":   `"en_XX","English"` + "\n",
		"routes.dat":    `SO,7,EAS,1,WES,2,Y,1,320 321` + "\n",
	}
}

// write puts the files in a new folder.
func write(t *testing.T, files map[string]string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestLoad(t *testing.T) {
	got, report, err := Load(write(t, smallSet()))
	if err != nil {
		t.Fatal(err)
	}
	want := model.Dataset{
		Airlines: []model.Airline{{
			ALID: 7, Name: "Some Air", IATA: "SO", ICAO: "SOM", Callsign: "SOMEAIR", Country: "Atlantis",
			Mode: "F", Active: "Y",
		}},
		Airports: []model.Airport{{
			APID: 1, Name: "East", City: "Eastham", Country: "Atlantis", IATA: "EAS", ICAO: "XEAS", X: -2.25, Y: 1.5,
			Elevation: 33, Timezone: -3.5, DST: "E", TZID: "Europe/London", Type: "airport", Source: "Nowhere",
			CountryCode: new("AT"),
		}, {
			APID: 2, Name: "West", Country: "Mu", ICAO: "XWES", Y: -1, Elevation: -4, Type: "airport", Source: "Nowhere",
		}},
		Countries: []model.Country{{Code: "AT", Name: "Atlantis", OACode: new("XA"), DST: "U"}},
		Locales:   []model.Locale{{Locale: "en_XX", Name: "English"}},
		Routes: []model.Route{{
			RID: 1, Airline: "SO", ALID: new(7), SrcAP: "EAS", SrcAPID: new(1), DstAP: "WES", DstAPID: new(2),
			Codeshare: "Y", Stops: 1, Equipment: "320 321",
		}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("data:\n%+v\nwant:\n%+v", got, want)
	}
	if report.Rejected() != 0 {
		t.Errorf("rejected: %+v", report)
	}
}

func TestLoadRejects(t *testing.T) {
	const airport = `3,"South","","Mu","SOU","XSOU",1,2,3,4,"U","Etc/UTC","airport","Nowhere"`
	long := func(n int) string { return strings.Repeat("ü", n) }
	for _, test := range []struct{ file, row, reason string }{
		{"airlines.dat", `7,"Twin",\N,"","","","","N"`, "duplicate key 7, first in line 1"},
		{"airlines.dat", `8,"Short"`, "2 fields instead of 8"},
		{"airlines.dat", `\N,"","","","","","","Y"`, "id: missing"},
		{"airlines.dat", `x,"","","","","","","Y"`, `id: "x" is not a whole number`},
		{"airlines.dat", `99999999999,"","","","","","","Y"`, `id: "99999999999" is not a whole number`},
		{"airlines.dat", `8,"` + long(256) + `","","","","","","Y"`, "name: 256 characters, at most 255 fit"},
		{"airlines.dat", `8,"","","123456789","","","","Y"`, "iata: 9 characters, at most 8 fit"},
		{"airlines.dat", `8,"","","","","","","X"`, `active: "X" is not one of YN`},
		{"airlines.dat", `8,"","","","","","","YES"`, "active: 3 characters, at most 1 fit"},
		{"airports.dat", strings.Replace(airport, ",1,2,", ",91,2,", 1), "latitude: 91 is not from -90 to 90"},
		{"airports.dat", strings.Replace(airport, ",1,2,", ",1,NaN,", 1), "longitude: NaN is not from -180 to 180"},
		{"airports.dat", strings.Replace(airport, ",1,2,", `,1,\N,`, 1), "longitude: missing"},
		{"airports.dat", strings.Replace(airport, ",3,4,", ",3.5,4,", 1), `elevation: "3.5" is not a whole number`},
		{"airports.dat", strings.Replace(airport, ",3,4,", ",3,1e9,", 1), "timezone: 1e+09 is not from -15 to 15"},
		{"airports.dat", strings.Replace(airport, "Etc/UTC", long(65), 1), "tz_id: 65 characters, at most 64 fit"},
		{"airports.dat", `3,"South","","Mu"`, "4 fields instead of 14"},
		{"countries.dat", `"Nowhere",\N,"XN"`, "code: missing"},
		{"countries.dat", `"Umlaut","Ü",""`, `code: "Ü" is not plain ASCII`},
		{"countries.dat", `"Atlantis too","at","XB"`, "duplicate key AT, first in line 1"},
		{"locales.dat", `" ","blank"`, "locale: missing"},
		{"locales.dat", `"en_US-with-a-long-name","x"`, "locale: 22 characters, at most 16 fit"},
		{"routes.dat", `SO,7,EAS,1,WES,2,,128,320`, "stops: 128 is not from 0 to 127"},
		{"routes.dat", `SO,seven,EAS,1,WES,2,,0,320`, `airline id: "seven" is not a whole number`},
		{"routes.dat", `SO,7,EAS,1,WES,2,N,0,320`, `codeshare: "N" is not one of Y`},
		{"routes.dat", "", "empty line"},
	} {
		t.Run(test.file+" "+test.reason, func(t *testing.T) {
			files := smallSet()
			line := strings.Count(files[test.file], "\n") + 1
			files[test.file] += test.row + "\n"
			_, report, err := Load(write(t, files))
			if err != nil {
				t.Fatal(err)
			}
			want := []Rejection{{File: test.file, Line: line, Reason: test.reason}}
			for _, file := range report.Files {
				if file.Name == test.file && !reflect.DeepEqual(file.Rejections, want) {
					t.Errorf("rejections: %v, want %v", file.Rejections, want)
				}
			}
			if got := report.Rejected(); got != 1 {
				t.Errorf("rejected: %d, want 1", got)
			}
		})
	}
}

func TestLoadUnresolved(t *testing.T) {
	files := smallSet()
	files["routes.dat"] = "SO,\\N,EAS,1,WES,2,,0,\nXX,99,EAS,98,WES,2,,0,\nbad\nSO,7,EAS,1,WES,,,0,\n"
	data, report, err := Load(write(t, files))
	if err != nil {
		t.Fatal(err)
	}
	got := data.Routes
	want := []model.Route{
		{RID: 1, Airline: "SO", SrcAP: "EAS", SrcAPID: new(1), DstAP: "WES", DstAPID: new(2)},
		{RID: 2, Airline: "XX", SrcAP: "EAS", DstAP: "WES", DstAPID: new(2)},
		{RID: 4, Airline: "SO", ALID: new(7), SrcAP: "EAS", SrcAPID: new(1), DstAP: "WES"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("routes:\n%+v\nwant:\n%+v", got, want)
	}
	line := "routes.dat: 3 of 4 rows, 1 rejected, 3 with an unresolved airline or airport"
	if got := report.Files[4].String(); got != line {
		t.Errorf("report: %s, want %s", got, line)
	}
}

func TestLoadUnreadable(t *testing.T) {
	for _, test := range []struct {
		name  string
		spoil func(dir string) error
		want  string
	}{
		{"no folder", os.RemoveAll, "countries.dat"},
		{"no file", func(dir string) error { return os.Remove(filepath.Join(dir, "routes.dat")) }, "routes.dat"},
		{"folder for a file", func(dir string) error {
			path := filepath.Join(dir, "airports.dat")
			if err := os.Remove(path); err != nil {
				return err
			}
			return os.Mkdir(path, 0o755)
		}, "airports.dat is not a regular file"},
		{"web page", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "airlines.dat"), []byte("<html>\nnot found"), 0o644)
		}, "airlines.dat holds no usable row among 2"},
		{"too large", func(dir string) error {
			return os.Truncate(filepath.Join(dir, "locales.dat"), maxFile+1)
		}, "locales.dat is larger than 64 MiB"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := write(t, smallSet())
			if err := test.spoil(dir); err != nil {
				t.Fatal(err)
			}
			data, _, err := Load(dir)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range []string{test.want, "`make data`"} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q, want it to say %q", err, want)
				}
			}
			if !reflect.DeepEqual(data, model.Dataset{}) {
				t.Error("data beside the error")
			}
		})
	}
}

func TestReportListsAndCounts(t *testing.T) {
	files := smallSet()
	files["locales.dat"] += strings.Repeat("x\n", 1234)
	_, report, err := Load(write(t, files))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := report.Files[1].String(), "locales.dat: 1 of 1,235 rows, 1,234 rejected"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := len(report.Files[1].Rejections), maxRejections; got != want {
		t.Errorf("%d rejections listed, want %d", got, want)
	}
}

func TestThousands(t *testing.T) {
	for count, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 67663: "67,663", 1234567: "1,234,567"} {
		if got := thousands(count); got != want {
			t.Errorf("thousands(%d) = %s, want %s", count, got, want)
		}
	}
}

// TestLineEndsOnly reads a file of line ends: it takes no memory for rows that are not there.
func TestLineEndsOnly(t *testing.T) {
	const lines = 4 << 20
	content := bytes.Repeat([]byte("\n"), lines)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	values, report := airports().read(content)
	runtime.ReadMemStats(&after)
	if len(values) != 0 || report.Read != lines {
		t.Errorf("%d airports in %d lines, want none in %d", len(values), report.Read, lines)
	}
	if took := (after.TotalAlloc - before.TotalAlloc) >> 20; took > 64 {
		t.Errorf("took %d MB, want at most 64", took)
	}
}
