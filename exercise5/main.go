// A flights API that reads its database through Toxiproxy.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"chaosworkshop/shared/config"
	"chaosworkshop/shared/database"
	"chaosworkshop/shared/metrics"
	"chaosworkshop/shared/server"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// run wires the app and serves until ctx ends.
func run(ctx context.Context) error {
	app, err := config.Load[config.App]()
	if err != nil {
		return err
	}
	policies, err := config.Load[policies]()
	if err != nil {
		return err
	}
	// The driver's own bound is a backstop: the attempt's timeout comes first.
	app.Database.Timeout = 2 * policies.Timeout

	counts := metrics.New()
	db, err := database.Open(app.Database, counts)
	if err != nil {
		return err
	}
	defer database.Close(db)

	find := findRoutes(db)
	breaker := newBreaker(policies)
	counts.Breaker(func() string { return state(breaker).String() })
	find = resilient(find, policies, breaker)
	router := newRouter(find)
	serveHealth(router, database.Ping(db), breaker)
	return server.Serve(ctx, app.Addr(), router, counts)
}
