package bench

import (
	"slices"
	"strings"
	"testing"
)

const printed = `goos: linux
cpu: a processor
pkg: chaosworkshop/exercise5
BenchmarkPolicies
BenchmarkPolicies-2   	  140599	      7646 ns/op	    2056 B/op	      36 allocs/op
BenchmarkPolicies-2   	  140599	      7000 ns/op	    2056 B/op	      36 allocs/op
BenchmarkPolicies-2   	  140599	      9000 ns/op	    2056 B/op	      36 allocs/op
PASS
pkg: chaosworkshop/infra/lab/flightsdb
BenchmarkRoutes/kept-2 	    3000	       457.0 flightsdb-µs	       200.0 mariadb-µs	         2.100 ratio
PASS
`

// query is a suite of one figure with a reference and one without.
func query(target, wide float64) suite {
	return suite{title: "Query", figures: []figure{
		{what: "kept", of: database + "Routes/kept flightsdb-µs", reference: database + "Routes/kept mariadb-µs", against: "MariaDB", target: target, wide: wide},
		{what: "policies", of: "exercise5.Policies ns/op", notes: []string{"allocs/op"}},
	}}
}

func TestReadTakesMedians(t *testing.T) {
	section, err := query(4, 12).read(printed)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := section.Lines[1].Value, 7646.0; got != want {
		t.Errorf("median of three runs: got %v, want %v", got, want)
	}
	page := Ledger{Sections: []Section{section}}.Markdown([]string{"a machine"})
	for _, want := range []string{"- a machine\n", "## Query\n",
		"| kept | 457 µs | MariaDB: 200 µs | 2.29 | at most 4 | met |  |\n", "| policies | 7646 ns |  |  |  |  | 36 allocs/op |\n"} {
		if !strings.Contains(page, want) {
			t.Errorf("the ledger lacks %q:\n%s", want, page)
		}
	}
}

func TestBounds(t *testing.T) {
	for _, test := range []struct {
		target, wide   float64
		missed, broken []string
	}{
		{4, 12, nil, nil},
		{2, 12, []string{"kept: 2.29 times MariaDB, at most 2"}, nil},
		{1, 2, []string{"kept: 2.29 times MariaDB, at most 1"}, []string{"kept: 2.29 times MariaDB, at most 2"}},
		{0, 0, nil, nil},
	} {
		section, err := query(test.target, test.wide).read(printed)
		if err != nil {
			t.Fatal(err)
		}
		ledger := Ledger{Sections: []Section{section}}
		if missed, broken := ledger.Missed(), ledger.Broken(); !slices.Equal(missed, test.missed) || !slices.Equal(broken, test.broken) {
			t.Errorf("target %v, wide %v: got %q missed and %q broken, want %q and %q", test.target, test.wide, missed, broken, test.missed, test.broken)
		}
	}
}

func TestAnEmptyReferenceBreaks(t *testing.T) {
	section, err := query(4, 12).read(strings.ReplaceAll(printed, "457.0", "0"))
	if err != nil {
		t.Fatal(err)
	}
	section.Lines[0].Reference = 0
	if broken := (Ledger{Sections: []Section{section}}).Broken(); len(broken) != 1 {
		t.Errorf("0 divided by 0: got %q broken, want one figure", broken)
	}
}

func TestReadFindsWhatIsMissing(t *testing.T) {
	section, err := query(4, 12).read("    bench_test.go:94: SKIPPED, NOTHING WAS TESTED: MariaDB is missing\n")
	if err != nil || section.Missing != "MariaDB" {
		t.Errorf("a benchmark that was skipped: got %+v, %v, want MariaDB missing", section, err)
	}
	if _, err := query(4, 12).read("PASS\n"); err == nil {
		t.Error("no benchmark at all: got no error")
	}
}

func TestNumber(t *testing.T) {
	for value, want := range map[float64]string{0: "0", 20: "20", 1234.5: "1234", 12.345: "12.3", 1.2345: "1.23", 0.00412: "0.00412"} {
		if got := number(value); got != want {
			t.Errorf("number(%v): got %s, want %s", value, got, want)
		}
	}
}
