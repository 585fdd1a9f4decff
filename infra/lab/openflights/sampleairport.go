package openflights

import (
	"math"

	"chaosworkshop/shared/model"
)

// zone is a time zone of the sample: its Olson name, its standard time in hours from UTC, and the letter of its
// daylight saving scheme.
type zone struct {
	name  string
	hours float64
	dst   string
}

func nameOf(z zone) string { return z.name }

// sampleZones is zones.csv: zone, hours, dst.
func sampleZones() table[zone] {
	return table[zone]{
		name:  "zones.csv",
		width: 3,
		decode: func(r *row) zone {
			return zone{name: r.key(0, "zone", 64), hours: r.decimal(1, "hours", 15), dst: r.letter(2, "dst", "EASOZNU")}
		},
		key: nameOf,
	}
}

// place is an airport of the sample and what the rule for routes asks about it.
type place struct {
	model.Airport
	// major says that long-haul flights go there.
	major bool
}

func iataOf(p place) string { return p.IATA }

// samplePlaces is airports.csv: iata, icao, latitude, longitude, feet, country, zone, size, city, name.
func samplePlaces(countries map[string]model.Country, zones map[string]zone) table[place] {
	return table[place]{
		name:  "airports.csv",
		width: 10,
		decode: func(r *row) place {
			country, zone := countries[r.key(5, "country", 8)], zones[r.key(6, "zone", 64)]
			if country.Code == "" || zone.name == "" {
				r.fail("airport", "unknown country or zone")
			}
			return place{
				Airport: model.Airport{
					APID:        r.line,
					IATA:        r.key(0, "iata", 3),
					ICAO:        r.key(1, "icao", 4),
					Y:           r.decimal(2, "latitude", 90),
					X:           r.decimal(3, "longitude", 180),
					Elevation:   r.integer(4, "feet", -2000, 30000),
					Country:     country.Name,
					CountryCode: new(country.Code),
					TZID:        zone.name,
					Timezone:    float32(zone.hours),
					DST:         zone.dst,
					City:        r.text(8, "city", 255),
					Name:        r.text(9, "name", 240) + " Airport",
					Type:        "airport",
					Source:      "Sample",
				},
				major: r.text(7, "size", 5) == "major",
			}
		},
		key: iataOf,
	}
}

// kilometres is the distance between two airports along the great circle.
func kilometres(from, to model.Airport) float64 {
	const (
		radius = 6371
		degree = math.Pi / 180
	)
	sinY := math.Sin((to.Y - from.Y) * degree / 2)
	sinX := math.Sin((to.X - from.X) * degree / 2)
	h := sinY*sinY + math.Cos(from.Y*degree)*math.Cos(to.Y*degree)*sinX*sinX
	return 2 * radius * math.Asin(math.Sqrt(h))
}
