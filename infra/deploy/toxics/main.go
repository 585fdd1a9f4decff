// A Prometheus exporter of the toxics on a Toxiproxy, which itself only counts bytes.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"chaosworkshop/infra/lab/toxi"
)

// addr is where the exporter listens, within its container.
const addr = ":9100"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends.
func run(ctx context.Context) error {
	url := os.Getenv("TOXIPROXY_URL")
	if url == "" {
		return errors.New("TOXIPROXY_URL is not set; give it the address of a Toxiproxy, such as http://127.0.0.1:8474")
	}
	server := &http.Server{Addr: addr, Handler: handler(toxi.NewClient(url)), ReadHeaderTimeout: 5 * time.Second}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("listen: %w", err)
	}
	return nil
}

// handler answers GET /metrics with the toxics of that moment.
func handler(client *toxi.Client) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(toxics{client})
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	return mux
}

// The metrics: one value for each toxic, and one for each proxy.
var (
	toxicity = prometheus.NewDesc("toxiproxy_toxic",
		"An active toxic: the share of connections that meet it, 0 to 1.", []string{"proxy", "toxic", "type", "stream"}, nil)
	enabled = prometheus.NewDesc("toxiproxy_proxy_enabled",
		"1 for a proxy that is enabled, 0 for one that refuses connections.", []string{"proxy"}, nil)
)

// toxics collects the metrics from a Toxiproxy.
type toxics struct{ client *toxi.Client }

func (toxics) Describe(out chan<- *prometheus.Desc) {
	out <- toxicity
	out <- enabled
}

func (t toxics) Collect(out chan<- prometheus.Metric) {
	// Shorter than Prometheus waits.
	ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
	defer cancel()
	proxies, err := t.client.Proxies(ctx)
	if err != nil {
		out <- prometheus.NewInvalidMetric(enabled, err)
		return
	}
	for name, proxy := range proxies {
		value := 0.0
		if proxy.Enabled {
			value = 1
		}
		out <- prometheus.MustNewConstMetric(enabled, prometheus.GaugeValue, value, name)
		for _, toxic := range proxy.Toxics {
			out <- prometheus.MustNewConstMetric(toxicity, prometheus.GaugeValue, float64(toxic.Toxicity), name, toxic.Name, toxic.Type, toxic.Stream)
		}
	}
}
