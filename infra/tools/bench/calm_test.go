package bench

import (
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"chaosworkshop/infra/lab/app"
	"chaosworkshop/infra/lab/stack"
	"chaosworkshop/shared/config"
)

// BenchmarkCalm is the median latency of exercise 5 beside that of exercise 1, through one Toxiproxy to one database: one
// client asks them in turn, so that whatever else the machine does meets both. Each runs twice: a program that runs more
// often than another finds its code in the processor's caches more often. The second exercise 1 shows how much is noise.
func BenchmarkCalm(b *testing.B) {
	cfg, err := config.Load[config.Infra]()
	if err != nil {
		b.Fatal(err)
	}
	cfg = stack.Isolated(cfg)
	cfg.OpenFlightsDir = ""
	running, err := stack.Start(b.Context(), cfg)
	if err != nil {
		b.Fatal(err)
	}
	defer running.Close()
	env, err := app.Env(running.Proxy(), cfg.RootPassword)
	if err != nil {
		b.Fatal(err)
	}
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	var urls []string
	for _, number := range []int{1, 5, 1, 5} {
		binary, err := app.Build(b.Context(), exercise(b, number))
		if err != nil {
			b.Fatal(err)
		}
		process, err := app.Start(b.Context(), app.Options{Binary: binary, Env: env})
		if err != nil {
			b.Fatal(err)
		}
		defer process.Kill()
		urls = append(urls, process.URL)
	}
	latencies := make([][]time.Duration, len(urls))
	random := rand.New(rand.NewPCG(1, 2))
	round := func(count bool) {
		// In random order, so that none always comes after the same other.
		for _, which := range random.Perm(len(urls)) {
			took := ask(client, urls[which])
			if took == 0 {
				b.Fatalf("%s gave no good answer in calm", urls[which])
			}
			if count {
				latencies[which] = append(latencies[which], took)
			}
		}
	}
	for range 200 {
		round(false)
	}
	for b.Loop() {
		round(true)
	}
	for which, unit := range []string{"exercise1-µs", "exercise5-µs", "another1-µs"} {
		b.ReportMetric(middle(latencies[which], time.Microsecond), unit)
	}
	b.ReportMetric(0, "ns/op")
}
