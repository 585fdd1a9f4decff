package openflights

import (
	"math"

	"chaosworkshop/shared/model"
)

// routes is routes.dat: airline code and id, source airport code and id, destination airport code and id, codeshare,
// stops, equipment.
//
// The file has no id of its own: a route's is the number of its line.
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
