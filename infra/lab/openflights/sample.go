package openflights

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"strings"

	"chaosworkshop/shared/model"
)

// sampleFiles are the facts of the sample, as OpenFlights publishes them; network.dat, what each airline flies; and
// major.txt, the airports that long-haul flights go to.
//
//go:embed sample
var sampleFiles embed.FS

// Sample is the built-in content of the flights database: some 260 airports and 100 airlines of all continents, the
// countries of ISO 3166-1, and routes derived from the airlines' hubs.
//
// Names, codes, positions and hubs are facts. The routes are not a timetable. They follow a rule, the same on every computer:
// an airline flies from each of its hubs, and back, to every airport that its reach covers and that is 100 km away or more.
//
//	national      airports in the country of the hub
//	regional      airports at most 1,500 km away
//	continental   airports at most 3,500 km away, major ones at most 4,500 km
//	global        airports at most 3,000 km away, major ones at most 15,500 km
//
// All ids count from 1.
func Sample() model.Dataset {
	// The files are part of the program, and a test proves that they are free of errors.
	data, _ := sample()
	return data
}

// sample builds the Sample. The error names what is wrong in the embedded files; such rows are not in the data.
func sample() (model.Dataset, error) {
	files, err := fs.Sub(sampleFiles, "sample")
	if err != nil {
		return model.Dataset{}, err
	}
	var report Report
	data, loading := loadFacts(files, &report)
	carriers, networking := load(network(), files, &report)
	major, reading := readFile(files, "major.txt")
	var routing error
	data.Routes, routing = deriveRoutes(data, carriers, strings.Fields(string(major)))
	err = errors.Join(loading, networking, reading, routing)
	for _, file := range report.Files {
		for _, rejection := range file.Rejections {
			err = errors.Join(err, fmt.Errorf("sample: %+v", rejection))
		}
	}
	return data, err
}

// carrier is what the rule for routes needs to know about an airline.
type carrier struct {
	iata, reach string
	hubs        []string
	// narrow and wide are the aircraft types for short and for long flights; one may be empty.
	narrow, wide string
}

// network is network.dat: IATA code, reach, hubs, narrow, wide; one row for each of the airlines, in their order.
func network() table[carrier] {
	return table[carrier]{
		name:  "network.dat",
		width: 5,
		decode: func(r *row) carrier {
			return carrier{
				iata: r.key(0, "iata", 2), reach: r.key(1, "reach", 16), hubs: strings.Fields(r.text(2, "hubs", 255)),
				narrow: r.text(3, "narrow", 255), wide: r.text(4, "wide", 255),
			}
		},
		key: func(c carrier) string { return c.iata },
	}
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

const (
	// shortest is the least distance of a route in kilometres: airports of one city have none.
	shortest = 100
	// longHaul is the distance in kilometres beyond which an airline flies its wide aircraft.
	longHaul = 4500
)

// deriveRoutes are the routes of the carriers, by the rule that Sample states, in the order of the carriers, their hubs
// and the airports. The error names what is wrong in the carriers.
func deriveRoutes(data model.Dataset, carriers []carrier, majors []string) (routes []model.Route, err error) {
	airports, major := map[string]model.Airport{}, map[string]bool{}
	for _, airport := range data.Airports {
		airports[airport.IATA] = airport
	}
	for _, code := range majors {
		major[code] = true
	}
	type leg struct{ airline, from, to int }
	flown := map[leg]bool{}
	for i, carrier := range carriers {
		reach, ok := reaches()[carrier.reach]
		if !ok || i >= len(data.Airlines) || data.Airlines[i].IATA != carrier.iata {
			err = errors.Join(err, fmt.Errorf("sample: no such airline or reach: %+v", carrier))
			continue
		}
		airline := data.Airlines[i]
		for _, code := range carrier.hubs {
			hub, ok := airports[code]
			if !ok {
				err = errors.Join(err, fmt.Errorf("sample: no airport %s, a hub of %s", code, carrier.iata))
			}
			for _, airport := range data.Airports {
				distance := kilometres(hub, airport)
				if distance < shortest || !reach.covers(hub, airport, major[airport.IATA], distance) {
					continue
				}
				equipment := carrier.narrow
				if equipment == "" || carrier.wide != "" && distance > longHaul {
					equipment = carrier.wide
				}
				for _, way := range [][2]model.Airport{{hub, airport}, {airport, hub}} {
					from, to := way[0], way[1]
					// A flight between two hubs of one airline would be derived from both.
					if way := (leg{airline.ALID, from.APID, to.APID}); !flown[way] {
						flown[way] = true
						routes = append(routes, model.Route{
							RID: len(routes) + 1, Airline: airline.IATA, ALID: new(airline.ALID), SrcAP: from.IATA, SrcAPID: new(from.APID),
							DstAP: to.IATA, DstAPID: new(to.APID), Equipment: equipment,
						})
					}
				}
			}
		}
	}
	return routes, err
}

// covers says whether an airline flies between the hub and an airport at that distance in kilometres.
func (r reach) covers(hub, airport model.Airport, major bool, distance float64) bool {
	switch {
	case r.home:
		return hub.Country == airport.Country
	case major:
		return distance <= r.far
	}
	return distance <= r.near
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
