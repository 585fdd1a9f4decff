package openflights

import (
	"strings"

	"chaosworkshop/shared/model"
)

// carrier is an airline of the sample and what the rule for routes asks about it.
type carrier struct {
	model.Airline
	reach reach
	hubs  []place
	// narrow and wide are the aircraft types for short and for long flights; one may be empty.
	narrow, wide string
}

// equipment is what the carrier flies over a distance in kilometres.
func (c carrier) equipment(distance float64) string {
	const longHaul = 4500
	if c.narrow == "" || c.wide != "" && distance > longHaul {
		return c.wide
	}
	return c.narrow
}

// reach says how far from its hubs an airline flies.
type reach struct {
	// near is the greatest distance in kilometres to any airport, far to a major one.
	near, far float64
	// home keeps it in the country of the hub, at any distance.
	home bool
}

// reaches are the reaches by name. Sample describes them.
func reaches() map[string]reach {
	return map[string]reach{
		"national":    {home: true},
		"regional":    {near: 1500, far: 1500},
		"continental": {near: 3500, far: 4500},
		"global":      {near: 3000, far: 15500},
	}
}

// covers says whether an airline flies between the hub and the airport, which are so many kilometres apart.
func (r reach) covers(hub, airport place, distance float64) bool {
	switch {
	case r.home:
		return hub.Country == airport.Country
	case airport.major:
		return distance <= r.far
	}
	return distance <= r.near
}

// sampleCarriers is airlines.csv: iata, icao, callsign, country, reach, hubs, narrow, wide, name. Hubs and aircraft
// types are parted by spaces.
func sampleCarriers(countries map[string]model.Country, places map[string]place) table[carrier] {
	return table[carrier]{
		name:  "airlines.csv",
		width: 9,
		decode: func(r *row) carrier {
			country := countries[r.key(3, "country", 8)]
			reach, ok := reaches()[r.text(4, "reach", 16)]
			if country.Code == "" || !ok {
				r.fail("airline", "unknown country or reach")
			}
			carrier := carrier{
				Airline: model.Airline{
					ALID:     r.line,
					IATA:     r.key(0, "iata", 2),
					ICAO:     r.key(1, "icao", 3),
					Callsign: r.text(2, "callsign", 255),
					Country:  country.Name,
					Name:     r.text(8, "name", 255),
					Mode:     "F",
					Active:   "Y",
				},
				reach:  reach,
				narrow: r.text(6, "narrow", 255),
				wide:   r.text(7, "wide", 255),
			}
			for code := range strings.FieldsSeq(r.text(5, "hubs", 255)) {
				hub, ok := places[code]
				if !ok {
					r.fail("hubs", "unknown airport %s", code)
				}
				carrier.hubs = append(carrier.hubs, hub)
			}
			if carrier.hubs == nil || carrier.narrow+carrier.wide == "" {
				r.fail("airline", "no hub or no aircraft")
			}
			return carrier
		},
		key: func(c carrier) string { return c.IATA },
	}
}
