package openflights

import (
	"math"
	"strconv"

	"chaosworkshop/shared/model"
)

// airports is airports.dat: id, name, city, country, IATA, ICAO, latitude, longitude, elevation in feet, hours from UTC,
// daylight saving scheme, Olson zone, type, source.
func airports() table[model.Airport] {
	return table[model.Airport]{
		name:  "airports.dat",
		width: 14,
		decode: func(r *row) model.Airport {
			airport := model.Airport{
				APID:      r.id(0, "id"),
				Name:      r.text(1, "name", 255),
				City:      r.text(2, "city", 255),
				Country:   r.text(3, "country", 255),
				IATA:      r.text(4, "iata", 8),
				ICAO:      r.text(5, "icao", 8),
				Y:         r.decimal(6, "latitude", 90),
				X:         r.decimal(7, "longitude", 180),
				Elevation: r.integer(8, "elevation", math.MinInt32, math.MaxInt32),
				DST:       r.letter(10, "dst", "EASOZNU"),
				TZID:      r.text(11, "tz_id", 64),
				Type:      r.text(12, "type", 32),
				Source:    r.text(13, "source", 32),
			}
			// Some fields have no known time zone. The column takes no null: they count as UTC.
			if !r.fields[9].null {
				airport.Timezone = float32(r.decimal(9, "timezone", 15))
			}
			return airport
		},
		key: func(a model.Airport) string { return strconv.Itoa(a.APID) },
	}
}

// setCountryCodes points every airport to the country of the same name, where there is one.
func setCountryCodes(airports []model.Airport, countries []model.Country) {
	codes := map[string]string{}
	for _, country := range countries {
		if _, ok := codes[country.Name]; !ok {
			codes[country.Name] = country.Code
		}
	}
	for i := range airports {
		if code, ok := codes[airports[i].Country]; ok {
			airports[i].CountryCode = new(code)
		}
	}
}
