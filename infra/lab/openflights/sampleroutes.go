package openflights

import "chaosworkshop/shared/model"

// shortest is the least distance of a route in kilometres: airports of one city have none.
const shortest = 100

// deriveRoutes are the routes of the carriers, by the rule that Sample states, in the order of the carriers, their hubs
// and the places.
func deriveRoutes(carriers []carrier, places []place) []model.Route {
	type leg struct{ airline, from, to int }
	var routes []model.Route
	seen := map[leg]bool{}
	add := func(c carrier, from, to place, distance float64) {
		// A flight between two hubs of one airline comes up from both.
		flown := leg{c.ALID, from.APID, to.APID}
		if seen[flown] {
			return
		}
		seen[flown] = true
		routes = append(routes, model.Route{
			RID:       len(routes) + 1,
			Airline:   c.IATA,
			ALID:      new(c.ALID),
			SrcAP:     from.IATA,
			SrcAPID:   new(from.APID),
			DstAP:     to.IATA,
			DstAPID:   new(to.APID),
			Equipment: c.equipment(distance),
		})
	}
	for _, carrier := range carriers {
		for _, hub := range carrier.hubs {
			for _, place := range places {
				distance := kilometres(hub.Airport, place.Airport)
				if distance >= shortest && carrier.reach.covers(hub, place, distance) {
					add(carrier, hub, place, distance)
					add(carrier, place, hub, distance)
				}
			}
		}
	}
	return routes
}
