package bench

import (
	"context"
	"fmt"
)

// flightsDatabase is the embedded database beside MariaDB, with the full OpenFlights data.
func flightsDatabase(ctx context.Context, s *session) ([]Row, error) {
	s.say("the routes query; MariaDB is filled first")
	queries, err := s.goTest(ctx, "infra", "-bench", "^BenchmarkRoutes$", "-benchtime", "3000x", "./lab/flightsdb")
	if err != nil {
		return nil, err
	}
	s.say("start-up and memory")
	starts, err := s.goTest(ctx, "infra", "-bench", "^BenchmarkReady$", "-benchtime", "5x", "./lab/flightsdb")
	if err != nil {
		return nil, err
	}
	figures := reader{}
	const routes, ready = "infra/lab/flightsdb.Routes/", "infra/lab/flightsdb.Ready/"
	const routesCommand = "cd infra && go test -run ^$ -bench Routes ./lab/flightsdb"
	const readyCommand = "cd infra && go test -run ^$ -bench Ready ./lab/flightsdb"
	rows := []Row{}
	for _, connection := range []string{"kept", "dialled"} {
		rows = append(rows, Row{
			Name:  fmt.Sprintf("routes query, connection %s, 67,663 routes", connection),
			Value: figures.median(queries, routes+connection, "flightsdb-µs"), Unit: "µs",
			Reference: &Reference{"MariaDB", figures.median(queries, routes+connection, "mariadb-µs")},
			Target:    atMost(4), Wide: atMost(12), Command: routesCommand,
		})
	}
	growth := &Reference{"67,663 routes", figures.median(starts, ready+"1x", "query-µs")}
	rows = append(rows, Row{
		Name: "routes query, 676,630 routes", Value: figures.median(starts, ready+"10x", "query-µs"), Unit: "µs",
		Reference: growth, Target: atMost(2), Wide: atMost(6), Command: readyCommand,
	}, Row{
		Name: "process start to ready, 67,663 routes", Value: figures.median(starts, ready+"1x", "ready-ms"), Unit: "ms",
		Target: atMost(200), Wide: atMost(2000), Command: readyCommand, Note: "the first answer included",
	}, Row{
		Name: "process start to ready, 676,630 routes", Value: figures.median(starts, ready+"10x", "ready-ms"), Unit: "ms",
		Reference: &Reference{"67,663 routes", figures.median(starts, ready+"1x", "ready-ms")},
		Target:    atMost(12), Wide: atMost(40), Command: readyCommand,
	}, Row{
		Name: "resident memory, 67,663 routes", Value: figures.median(starts, ready+"1x", "RSS-MB"), Unit: "MB",
		Target: atMost(200), Wide: atMost(400), Command: readyCommand, Note: "the most at any time",
	})
	return rows, figures.err
}

// reader takes figures out of results and keeps the first error.
type reader struct{ err error }

func (r *reader) median(from results, name, unit string) float64 {
	value, err := from.median(name, unit)
	if r.err == nil {
		r.err = err
	}
	return value
}
