package openflights

import (
	"math"
	"slices"
	"testing"

	"chaosworkshop/infra/internal/require"
	"chaosworkshop/shared/model"
)

func TestSampleAirportsAgreeWithFullSet(t *testing.T) {
	full, _, err := Load(require.FullSet(t))
	if err != nil {
		t.Fatal(err)
	}
	// Airports whose ICAO code changed after OpenFlights recorded it.
	newer := map[string]string{"LIM": "SPIM", "DAC": "VGZR", "HRE": "FVHA"}
	published := byIATA(full)
	for _, got := range Sample().Airports {
		want, ok := published[got.IATA]
		if !ok {
			t.Errorf("airport %s: not in the full set", got.IATA)
			continue
		}
		if got.ICAO != want.ICAO && newer[got.IATA] != want.ICAO {
			t.Errorf("airport %s: ICAO %s, want %s", got.IATA, got.ICAO, want.ICAO)
		}
		if math.Abs(got.X-want.X) > 0.2 || math.Abs(got.Y-want.Y) > 0.2 {
			t.Errorf("airport %s: at %v, %v, want %v, %v", got.IATA, got.Y, got.X, want.Y, want.X)
		}
		if got, want, code := got.Elevation, want.Elevation, got.IATA; max(got-want, want-got) > 200 {
			t.Errorf("airport %s: elevation %d ft, want %d ft", code, got, want)
		}
	}
}

func TestSampleAirlinesAgreeWithFullSet(t *testing.T) {
	full, _, err := Load(require.FullSet(t))
	if err != nil {
		t.Fatal(err)
	}
	// Rows of the full set that are misspelt, shifted by a comma, or older than the airline's present callsign.
	outdated := map[string]string{
		"AK": "callsign", "FZ": "callsign", "PX": "callsign", "TK": "callsign", "VA": "callsign",
		"AS": "shifted", "AV": "shifted", "GL": "country", "TN": "country",
	}
	formal := map[string]string{"Hong Kong SAR of China": "Hong Kong", "Republic of Korea": "South Korea"}
	// Some codes are in the full set twice.
	published := map[[2]string][]model.Airline{}
	for _, airline := range full.Airlines {
		if country, ok := formal[airline.Country]; ok {
			airline.Country = country
		}
		if airline.Active == "Y" {
			codes := [2]string{airline.IATA, airline.ICAO}
			published[codes] = append(published[codes], airline)
		}
	}
	compared := 0
	for _, got := range Sample().Airlines {
		want := published[[2]string{got.IATA, got.ICAO}]
		if want == nil {
			t.Logf("airline %s %s: not in the full set", got.IATA, got.ICAO)
			continue
		}
		compared++
		agrees := slices.ContainsFunc(want, func(want model.Airline) bool {
			return got.Callsign == want.Callsign && got.Country == want.Country
		})
		if reason, known := outdated[got.IATA]; agrees == known {
			t.Errorf("airline %s: callsign %q country %q, want one of %+v (exception: %q)",
				got.IATA, got.Callsign, got.Country, want, reason)
		}
	}
	if compared < 90 {
		t.Errorf("%d airlines compared, want at least 90", compared)
	}
}

// byIATA is the airports of the data by their IATA code.
func byIATA(data model.Dataset) map[string]model.Airport {
	found := map[string]model.Airport{}
	for _, airport := range data.Airports {
		found[airport.IATA] = airport
	}
	return found
}
