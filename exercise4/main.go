// A flights API that reads its database through Toxiproxy.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"chaosworkshop/shared/config"
	"chaosworkshop/shared/database"
	"chaosworkshop/shared/metrics"
	"chaosworkshop/shared/server"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	server.LogRequestIDs()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// run wires the app and serves until ctx ends.
func run(ctx context.Context) error {
	settings, err := config.Load[config.App]()
	if err != nil {
		return err
	}
	p, err := config.Load[policies]()
	if err != nil {
		return err
	}
	// The driver's own bound is a backstop: the attempt's timeout comes first.
	settings.Database.Timeout = p.Timeout + time.Second

	counts := metrics.New()
	db, err := database.Open(settings.Database, counts)
	if err != nil {
		return err
	}
	defer database.Close(db)

	find := findRoutes(db)
	breaker := newBreaker(p, counts)
	find = resilient(find, p, breaker)
	router := newRouter(find)
	return server.Serve(ctx, settings.Addr(), router, counts)
}
