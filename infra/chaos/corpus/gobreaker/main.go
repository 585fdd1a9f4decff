// Command gobreaker is the flights app up to exercise 4 as a module of its own, with sony/gobreaker for a circuit breaker and
// database/sql. It has no metrics and no log.
package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/sony/gobreaker/v2"
)

type flight struct {
	From    string `json:"from"`
	To      string `json:"to"`
	Airline string `json:"airline"`
}

func main() {
	attempts, failures := number("RETRY_ATTEMPTS"), number("BREAKER_FAILURES")
	deadline, delay := duration("DEADLINE"), duration("BREAKER_DELAY")
	db := database()
	var opened atomic.Int64 // In nanoseconds since 1970.
	breaker := gobreaker.NewCircuitBreaker[[]flight](gobreaker.Settings{
		Timeout:     delay,
		ReadyToTrip: func(counts gobreaker.Counts) bool { return int(counts.ConsecutiveFailures) >= failures },
		OnStateChange: func(_ string, _, to gobreaker.State) {
			if to == gobreaker.StateOpen {
				opened.Store(time.Now().UnixNano())
			}
		},
	})
	http.HandleFunc("GET /api/flights/routes", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), deadline)
		defer cancel()
		flights, err := breaker.Execute(func() ([]flight, error) {
			return retry(ctx, db, attempts, r.URL.Query().Get("from"), r.URL.Query().Get("to"))
		})
		switch {
		case err == nil:
			_ = json.NewEncoder(w).Encode(flights)
		case errors.Is(err, gobreaker.ErrOpenState), errors.Is(err, gobreaker.ErrTooManyRequests):
			wait := max(time.Second, delay-time.Since(time.Unix(0, opened.Load())))
			w.Header().Set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
			http.Error(w, "the database is down", http.StatusServiceUnavailable)
		case errors.Is(err, context.DeadlineExceeded):
			http.Error(w, "too late", http.StatusGatewayTimeout)
		default:
			http.Error(w, "the database failed", http.StatusBadGateway)
		}
	})
	log.Fatal(http.ListenAndServe(net.JoinHostPort(os.Getenv("BIND"), os.Getenv("PORT")), nil))
}

// retry makes attempts until one succeeds, with pauses that grow.
func retry(ctx context.Context, db *sql.DB, attempts int, from, to string) (flights []flight, err error) {
	pause, longest, timeout := duration("RETRY_BASE_DELAY"), duration("RETRY_MAX_DELAY"), duration("TIMEOUT")
	for n := 1; ; n++ {
		bounded, cancel := context.WithTimeout(ctx, timeout)
		flights, err = find(bounded, db, from, to)
		cancel()
		var server *mysql.MySQLError
		if err == nil || errors.As(err, &server) || n == attempts || ctx.Err() != nil {
			return flights, err
		}
		select {
		case <-time.After(pause/2 + rand.N(pause/2)):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		pause = min(2*pause, longest)
	}
}

func find(ctx context.Context, db *sql.DB, from, to string) ([]flight, error) {
	rows, err := db.QueryContext(ctx, "SELECT r.src_ap, r.dst_ap, a.name FROM routes r JOIN airlines a ON a.alid = r.alid "+
		"WHERE r.src_ap = ? AND r.dst_ap = ? ORDER BY a.name LIMIT 100", from, to)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	flights := []flight{}
	for rows.Next() {
		var one flight
		if err := rows.Scan(&one.From, &one.To, &one.Airline); err != nil {
			return nil, err
		}
		flights = append(flights, one)
	}
	return flights, rows.Err()
}

func database() *sql.DB {
	cfg := mysql.NewConfig()
	cfg.Net, cfg.Addr, cfg.DBName = "tcp", net.JoinHostPort(os.Getenv("DB_HOST"), os.Getenv("DB_PORT")), os.Getenv("DB_NAME")
	cfg.User, cfg.Passwd, cfg.InterpolateParams, cfg.Logger = os.Getenv("DB_USER"), os.Getenv("DB_PASSWORD"), true, &mysql.NopLogger{}
	connector, err := mysql.NewConnector(cfg)
	if err != nil {
		log.Fatal(err)
	}
	db := sql.OpenDB(connector)
	db.SetMaxIdleConns(number("DB_MAX_IDLE_CONNS"))
	return db
}

func number(name string) int {
	value, err := strconv.Atoi(os.Getenv(name))
	if err != nil {
		log.Fatalf("%s must be a number", name)
	}
	return value
}

func duration(name string) time.Duration {
	value, err := time.ParseDuration(os.Getenv(name))
	if err != nil {
		log.Fatalf("%s must be a duration", name)
	}
	return value
}
