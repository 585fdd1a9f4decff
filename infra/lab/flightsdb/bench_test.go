package flightsdb

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"chaosworkshop/infra/internal/mariadb"
	"chaosworkshop/infra/internal/require"
	"chaosworkshop/infra/internal/stats"
	"chaosworkshop/shared/model"
)

// query asks for the routes of one pair of airports, as the exercises do, and returns how long the answer took.
func query(b *testing.B, db *sql.DB, from, to string) time.Duration {
	b.Helper()
	start := time.Now()
	rows, err := db.QueryContext(context.Background(), routesQuery, from, to)
	if err != nil {
		b.Fatal(err)
	}
	for rows.Next() {
		var from, to, airline string
		if err := rows.Scan(&from, &to, &airline); err != nil {
			b.Fatal(err)
		}
	}
	if err := rows.Err(); err != nil {
		b.Fatal(err)
	}
	rows.Close()
	return time.Since(start)
}

// paired queries both databases in turn, and reports both medians in microseconds and their ratio.
func paired(b *testing.B, routes []model.Route, ours, reference *sql.DB, name string) {
	random := rand.New(rand.NewPCG(1, 2))
	warm := routes[0]
	query(b, ours, warm.SrcAP, warm.DstAP)
	query(b, reference, warm.SrcAP, warm.DstAP)
	var a, z []time.Duration
	for b.Loop() {
		route := routes[random.IntN(len(routes))]
		a = append(a, query(b, ours, route.SrcAP, route.DstAP))
		z = append(z, query(b, reference, route.SrcAP, route.DstAP))
	}
	ourMedian, referenceMedian := stats.Percentile(a, 50), stats.Percentile(z, 50)
	b.ReportMetric(float64(ourMedian.Microseconds()), "flightsdb-µs")
	b.ReportMetric(float64(referenceMedian.Microseconds()), name+"-µs")
	b.ReportMetric(float64(ourMedian)/float64(referenceMedian), "ratio")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkRoutes is the exercises' query on the full data, compared with MariaDB: on a connection that is kept, and with a
// connection for every query, which is what the exercises do by default.
func BenchmarkRoutes(b *testing.B) {
	data := full(b)
	addr, rootPassword := mariadb.Start(b)
	fill(b, connect(b, addr, "root", rootPassword), data)
	s := start(b, data)
	for _, test := range []struct {
		name string
		idle int
	}{{"kept", 1}, {"dialled", -1}} {
		b.Run(test.name, func(b *testing.B) {
			ours, reference := connect(b, s.Addr(), "root", password), connect(b, addr, "root", rootPassword)
			ours.SetMaxIdleConns(test.idle)
			reference.SetMaxIdleConns(test.idle)
			paired(b, data.Routes, ours, reference, "mariadb")
		})
	}
}

// BenchmarkReady is the time from the start of a process to its first answer to the exercises' query, the time of the
// answers after it, and the memory that it takes: with the full data, and with ten times its routes.
func BenchmarkReady(b *testing.B) {
	from := require.FullSet(b)
	var once startUp
	for _, times := range []int{1, 10} {
		b.Run(fmt.Sprintf("%dx", times), func(b *testing.B) {
			dir := copyTimes(b, from, times)
			var starts []startUp
			for b.Loop() {
				starts = append(starts, measureStart(b, dir))
			}
			m := medians(starts)
			if times == 1 {
				once = m
			}
			b.ReportMetric(float64(m.ready.Milliseconds()), "ready-ms")
			b.ReportMetric(float64(m.query.Microseconds()), "query-µs")
			b.ReportMetric(m.resident, "RSS-MB")
			b.ReportMetric(float64(m.ready)/float64(once.ready), "ready-growth")
			b.ReportMetric(float64(m.query)/float64(once.query), "query-growth")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// startUp holds the measurements of one start of a process.
type startUp struct {
	ready    time.Duration
	query    time.Duration
	resident float64 // Megabytes at most.
}

// measureStart starts a server of the data in the folder and queries it.
func measureStart(b *testing.B, dir string) startUp {
	b.Helper()
	p := startProcess(b, dir)
	db := connect(b, p.addr, "root", password)
	defer db.Close()
	query(b, db, "LHR", "JFK")
	ready := time.Since(p.started)
	var later []time.Duration
	for range 100 {
		later = append(later, query(b, db, "LHR", "JFK"))
	}
	return startUp{ready: ready, query: stats.Percentile(later, 50), resident: p.resident(b)}
}

// medians is the median of each figure.
func medians(starts []startUp) startUp {
	var m startUp
	var ready, query []time.Duration
	for _, start := range starts {
		ready, query = append(ready, start.ready), append(query, start.query)
		m.resident = max(m.resident, start.resident)
	}
	m.ready, m.query = stats.Percentile(ready, 50), stats.Percentile(query, 50)
	return m
}
