package flightsdb

import (
	"strings"
	"testing"
)

// TestPlans looks into the plans of joins: which index finds the rows of which table.
func TestPlans(t *testing.T) {
	db := connect(t, start(t, full(t)).Addr(), "root", password)
	for _, test := range []struct {
		name, query string
		want        []string
	}{
		{
			"the exercises' query",
			strings.Replace(strings.Replace(routesQuery, "?", "'LHR'", 1), "?", "'JFK'", 1),
			[]string{"LookupJoin", "[routes.src_ap,routes.dst_ap]", "[{[LHR, LHR], [JFK, JFK]}]", "[airlines.alid]", "keys: routes.alid"},
		},
		{
			"all associations",
			`SELECT r.rid, l.name, s.name, d.name FROM routes r JOIN airlines l ON l.alid = r.alid
				JOIN airports s ON s.apid = r.src_apid JOIN airports d ON d.apid = r.dst_apid
				WHERE r.src_ap = 'LHR' AND r.dst_ap = 'JFK'`,
			[]string{"[routes.src_ap,routes.dst_ap]", "keys: r.alid", "keys: r.src_apid", "keys: r.dst_apid"},
		},
		{
			"from an airport",
			"SELECT r.rid FROM routes r JOIN airports a ON a.apid = r.src_apid WHERE a.iata = 'LHR'",
			[]string{"[airports.iata]", "[routes.src_apid,routes.dst_apid]", "keys: a.apid"},
		},
		{
			"of an airline",
			"SELECT COUNT(*) FROM routes r JOIN airlines a ON a.alid = r.alid WHERE a.iata = 'BA'",
			[]string{"[airlines.iata]", "[routes.alid]", "keys: a.alid"},
		},
		{
			"a country for each airport",
			"SELECT a.name, c.name FROM airports a JOIN countries c ON c.code = a.country_code WHERE a.icao = 'EGLL'",
			[]string{"[airports.icao]", "[countries.code]", "keys: a.country_code"},
		},
		{
			"one row by its key",
			"SELECT * FROM routes WHERE rid = 1",
			[]string{"[routes.rid]", "[{[1, 1]}]"},
		},
		{
			"in the order of an index",
			"SELECT src_ap FROM routes ORDER BY src_ap LIMIT 3",
			[]string{"[routes.src_ap,routes.dst_ap]"},
		},
	} {
		plan := strings.Join(ask(t, db, "EXPLAIN "+test.query), "\n")
		for _, want := range test.want {
			if !strings.Contains(plan, want) {
				t.Errorf("%s: the plan lacks %s:\n%s", test.name, want, plan)
			}
		}
		for _, scan := range []string{"HashJoin", "MergeJoin", "InnerJoin", "Sort("} {
			if strings.Contains(plan, scan) && !(scan == "Sort(" && test.name == "the exercises' query") {
				t.Errorf("%s: the plan has a %s:\n%s", test.name, scan, plan)
			}
		}
	}
}

// TestWholeTablesAreHashed has no index scan to start from: looking each of the routes' airlines up would take longer.
func TestWholeTablesAreHashed(t *testing.T) {
	db := connect(t, start(t, full(t)).Addr(), "root", password)
	plan := strings.Join(ask(t, db, "EXPLAIN SELECT COUNT(*) FROM routes r JOIN airlines a ON a.alid = r.alid"), "\n")
	if strings.Contains(plan, "LookupJoin") {
		t.Errorf("67,663 lookups:\n%s", plan)
	}
}
