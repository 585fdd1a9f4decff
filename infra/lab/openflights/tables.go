package openflights

import (
	"math"
	"strconv"

	"chaosworkshop/shared/model"
)

// countries is countries.dat: name, ISO 3166-1 alpha-2 code, code of OurAirports (FIPS 10-4).
//
// Uninhabited islands have no ISO code, and two countries are in the file once for each of their two FIPS codes. The
// ISO code is the key: these rows are rejected.
func countries() table[model.Country] {
	return table[model.Country]{
		name:  "countries.dat",
		width: 3,
		decode: func(r *row) model.Country {
			// The file says nothing of daylight saving: U is the letter of an unknown scheme.
			country := model.Country{Name: r.text(0, "name", 255), Code: r.key(1, "code", 8), DST: "U"}
			if code := r.text(2, "oa_code", 8); code != "" {
				country.OACode = new(code)
			}
			return country
		},
		key: func(c model.Country) string { return c.Code },
	}
}

// locales is locales.dat: locale, name of the language in itself.
func locales() table[model.Locale] {
	return table[model.Locale]{
		name:  "locales.dat",
		width: 2,
		decode: func(r *row) model.Locale {
			return model.Locale{Locale: r.key(0, "locale", 16), Name: r.text(1, "name", 255)}
		},
		key: func(l model.Locale) string { return l.Locale },
	}
}

// airlines is airlines.dat: id, name, alias, IATA, ICAO, callsign, country, active.
//
// The rows -1 (Unknown) and 1 (Private flight) are not carriers, but they are kept like any other. The file has no mode;
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

// setCountryCodes points every airport to the country of the same name, if there is one.
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

// routes is routes.dat: airline code and id, source airport code and id, destination airport code and id, codeshare,
// stops, equipment.
//
// The file has no id of its own: a route's id is the number of its line.
func routes() table[model.Route] {
	return table[model.Route]{
		name:  "routes.dat",
		width: 9,
		decode: func(r *row) model.Route {
			return model.Route{
				RID:       r.line,
				Airline:   r.text(0, "airline", 8),
				ALID:      r.reference(1, "airline id"),
				SrcAP:     r.text(2, "source", 8),
				SrcAPID:   r.reference(3, "source id"),
				DstAP:     r.text(4, "destination", 8),
				DstAPID:   r.reference(5, "destination id"),
				Codeshare: r.letter(6, "codeshare", "Y"),
				Stops:     int8(r.integer(7, "stops", 0, math.MaxInt8)),
				Equipment: r.text(8, "equipment", 255),
			}
		},
	}
}

// resolve clears the ids of airlines and airports that are in no table, which foreign keys would refuse, and returns the
// number of routes with an id missing. Their codes stay.
func resolve(routes []model.Route, airlines []model.Airline, airports []model.Airport) (unresolved int) {
	carriers := make(map[int]bool, len(airlines))
	for _, airline := range airlines {
		carriers[airline.ALID] = true
	}
	places := make(map[int]bool, len(airports))
	for _, airport := range airports {
		places[airport.APID] = true
	}
	for i := range routes {
		route := &routes[i]
		route.ALID = known(route.ALID, carriers)
		route.SrcAPID = known(route.SrcAPID, places)
		route.DstAPID = known(route.DstAPID, places)
		if route.ALID == nil || route.SrcAPID == nil || route.DstAPID == nil {
			unresolved++
		}
	}
	return unresolved
}

// known is the id where it is one of the ids, or nil.
func known(id *int, ids map[int]bool) *int {
	if id == nil || !ids[*id] {
		return nil
	}
	return id
}
