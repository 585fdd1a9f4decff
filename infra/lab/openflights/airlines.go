package openflights

import (
	"strconv"

	"chaosworkshop/shared/model"
)

// airlines is airlines.dat: id, name, alias, IATA, ICAO, callsign, country, active.
//
// The rows -1 (Unknown) and 1 (Private flight) are no carriers, but rows like any other, and kept. The file has no mode;
// its rows are all flight carriers.
func airlines() table[model.Airline] {
	return table[model.Airline]{
		name:  "airlines.dat",
		width: 8,
		decode: func(r *row) model.Airline {
			return model.Airline{
				ALID:     r.id(0, "id"),
				Name:     r.text(1, "name", 255),
				Alias:    r.text(2, "alias", 255),
				IATA:     r.text(3, "iata", 8),
				ICAO:     r.text(4, "icao", 8),
				Callsign: r.text(5, "callsign", 255),
				Country:  r.text(6, "country", 255),
				Active:   r.letter(7, "active", "YN"),
				Mode:     "F",
			}
		},
		key: func(a model.Airline) string { return strconv.Itoa(a.ALID) },
	}
}
