package openflights

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"testing"
	"time"
	_ "time/tzdata"
)

func TestSample(t *testing.T) {
	data, err := sample()
	if err != nil {
		t.Fatal(err)
	}
	checkConsistent(t, data)
	for _, count := range []struct {
		noun      string
		got, want int
	}{
		{"airports", len(data.Airports), 150},
		{"airlines", len(data.Airlines), 60},
		{"countries", len(data.Countries), 249},
		{"locales", len(data.Locales), 12},
		{"routes", len(data.Routes), 3000},
	} {
		if count.got < count.want {
			t.Errorf("%s: %d, want at least %d", count.noun, count.got, count.want)
		}
	}
	if !reflect.DeepEqual(Sample(), data) {
		t.Error("two samples differ")
	}
}

func TestSampleRoutes(t *testing.T) {
	data := Sample()
	for _, test := range []struct {
		from, to string
		want     []string
	}{
		{"LHR", "JFK", []string{"British Airways", "Virgin Atlantic", "American Airlines", "Delta Air Lines"}},
		{"JFK", "LHR", []string{"British Airways", "Virgin Atlantic", "American Airlines", "Delta Air Lines"}},
		{"CDG", "JFK", []string{"Air France", "American Airlines", "Delta Air Lines"}},
		{"FRA", "LHR", []string{"British Airways", "Virgin Atlantic", "Lufthansa"}},
		{"SIN", "LHR", []string{"British Airways", "Virgin Atlantic", "Singapore Airlines"}},
		{"DXB", "LHR", []string{"British Airways", "Virgin Atlantic", "Emirates"}},
		{"SEA", "ANC", []string{"Alaska Airlines"}},
		{"LHR", "LGW", nil},
		{"TOS", "ZQN", nil},
	} {
		if got := airlinesBetween(data, test.from, test.to); !reflect.DeepEqual(got, test.want) {
			t.Errorf("airlines from %s to %s: %q, want %q", test.from, test.to, got, test.want)
		}
	}
}

func TestSampleServesEveryAirport(t *testing.T) {
	data := Sample()
	perPair := map[[2]string]int{}
	served := map[int]bool{}
	for _, route := range data.Routes {
		served[*route.SrcAPID] = true
		pair := [2]string{route.SrcAP, route.DstAP}
		if perPair[pair]++; perPair[pair] == 20 {
			t.Errorf("%s to %s: 20 routes or more, want a short answer", route.SrcAP, route.DstAP)
		}
		if route.Equipment == "" || route.SrcAP == route.DstAP {
			t.Errorf("bad route %+v", route)
		}
	}
	for _, airport := range data.Airports {
		if !served[airport.APID] {
			t.Errorf("no route from %s", airport.IATA)
		}
	}
}

// A distance that rounding could move across a limit would make the routes differ between machines.
func TestSampleDistancesAreFarFromLimits(t *testing.T) {
	limits := map[float64]bool{shortest: true, longHaul: true}
	for _, reach := range reaches() {
		limits[reach.near], limits[reach.far] = true, true
	}
	airports := Sample().Airports
	for i, from := range airports {
		for _, to := range airports[:i] {
			distance := kilometres(from, to)
			for limit := range limits {
				if math.Abs(distance-limit) < 1e-6 {
					t.Errorf("%s to %s: %v km, too close to the limit of %v", from.IATA, to.IATA, distance, limit)
				}
			}
		}
	}
}

func TestKilometres(t *testing.T) {
	airports := byIATA(Sample())
	for _, test := range []struct {
		from, to string
		want     float64
	}{
		{"LHR", "JFK", 5540},
		{"SYD", "LAX", 12050},
		{"AKL", "HNL", 7070},
		{"CDG", "CDG", 0},
	} {
		got := kilometres(airports[test.from], airports[test.to])
		if math.Abs(got-test.want) > 20 {
			t.Errorf("%s to %s: %.0f km, want about %.0f", test.from, test.to, got, test.want)
		}
	}
}

// The zones are checked against the time zone database as of 2025, so that a later change of law does not break the test.
func TestSampleZones(t *testing.T) {
	for _, airport := range Sample().Airports {
		location, err := time.LoadLocation(airport.TZID)
		if err != nil {
			t.Errorf("%s: %v", airport.IATA, err)
			continue
		}
		_, january := time.Date(2025, 1, 15, 0, 0, 0, 0, location).Zone()
		_, july := time.Date(2025, 7, 15, 0, 0, 0, 0, location).Zone()
		if got, want := airport.Timezone, float32(min(january, july))/3600; got != want {
			t.Errorf("%s: %v hours, want %v", airport.IATA, got, want)
		}
		saves := airport.DST != "N" && airport.DST != "U"
		if want := january != july; saves != want {
			t.Errorf("%s: daylight saving scheme %s, want one: %v", airport.IATA, airport.DST, want)
		}
	}
}

// TestSampleIsTheSame holds the sample's rows byte for byte: documents, lessons and recorded runs quote them.
func TestSampleIsTheSame(t *testing.T) {
	text, err := json.Marshal(Sample())
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprintf("%x", sha256.Sum256(text))
	if want := "f3ed5004e11733a55082dba7e6090ce2893785b2341ca6a710cc1f668869471c"; got != want {
		t.Errorf("SHA-256 of the sample: %s, want %s", got, want)
	}
}

func BenchmarkSample(b *testing.B) {
	for b.Loop() {
		Sample()
	}
}
