package load

import (
	"context"
	"database/sql"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-sql-driver/mysql"
)

// A calibration takes so many slices of time, and in all at most calibrationPatience. The best slice counts: something else may run
// for a moment.
const (
	calibrations        = 5
	calibration         = 50 * time.Millisecond
	calibrationPatience = 700 * time.Millisecond
)

// perRequest is how much one request of an exercise costs, with its app and Toxiproxy, in queries sent to the database directly. Two
// cores that answered 1600 queries a second held 375 requests a second, and not 500.
const perRequest = 4

// Calibrate estimates how many requests a second the exercises on this computer can answer together. For a quarter of a second,
// clients query the database at address directly, past every fault, as fast as it answers. 0 means unknown.
func Calibrate(ctx context.Context, address, user, password string, pairs []Pair) int {
	target := mysql.NewConfig()
	target.Net, target.Addr, target.DBName, target.User, target.Passwd = "tcp", address, "flights", user, password
	target.InterpolateParams, target.Logger = true, &mysql.NopLogger{}
	connector, err := mysql.NewConnector(target)
	if err != nil || len(pairs) == 0 {
		return 0
	}
	database := sql.OpenDB(connector)
	defer database.Close()
	database.SetMaxIdleConns(0) // Each query dials, as those of the exercises do.
	return calibrate(ctx, func(ctx context.Context) error {
		var airline string
		return database.QueryRowContext(ctx, "SELECT a.name FROM routes r JOIN airlines a ON a.alid = r.alid "+
			"WHERE r.src_ap = ? AND r.dst_ap = ? ORDER BY a.name", pairs[0].From, pairs[0].To).Scan(&airline)
	})
}

// calibrate is Calibrate with a query of the caller's.
func calibrate(ctx context.Context, query func(context.Context) error) int {
	ctx, cancel := context.WithTimeout(ctx, calibrationPatience)
	defer cancel()
	best := 0.0
	for range calibrations {
		var answered atomic.Int64
		var clients sync.WaitGroup
		began := time.Now()
		for range 2 * runtime.NumCPU() {
			clients.Go(func() {
				for time.Since(began) < calibration && query(ctx) == nil {
					answered.Add(1)
				}
			})
		}
		clients.Wait()
		best = max(best, float64(answered.Load())/max(time.Since(began), calibration).Seconds())
	}
	if best == 0 {
		return 0 // The database does not answer: that says nothing about the computer.
	}
	return min(max(int(best/perRequest)/10*10, 10), MaxRate)
}

// Holds says how many requests a second this computer holds.
func Holds(rate int) string {
	return fmt.Sprintf("This computer holds about %d requests a second; above that, some failures are its own.", rate)
}
