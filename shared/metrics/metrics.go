// Package metrics counts what every exercise does, for Prometheus.
package metrics

import (
	"context"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics are the counts of one app. Each has a registry of its own, so that tests do not share any.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	latency  prometheus.Histogram
	attempts prometheus.Counter
	retries  prometheus.Counter
	dials    prometheus.Counter
	// transitions are those of the circuit breaker; an app without one has no line for them.
	transitions *prometheus.CounterVec
	// state is that of the circuit breaker; nil without one.
	state func() string
}

// New returns metrics at zero.
func New() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "http_requests_total", Help: "Requests answered, by status.",
		}, []string{"status"}),
		latency: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "http_request_duration_seconds", Help: "Time from request to answer, in seconds.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2, 3, 4, 5, 6, 10},
		}),
		attempts: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "database_attempts_total", Help: "Queries sent to the database, retries included.",
		}),
		retries: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "database_retries_total", Help: "Queries that repeated an earlier one of the same request.",
		}),
		dials: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "database_dials_total", Help: "Connections opened to the database.",
		}),
		transitions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "circuit_breaker_transitions_total", Help: "Changes of the circuit breaker's state.",
		}, []string{"from", "to"}),
	}
	m.registry.MustRegister(m.requests, m.latency, m.attempts, m.retries, m.dials,
		collectors.NewGoCollector(), collectors.NewBuildInfoCollector()) // The latter names the module: which exercise this is.
	return m
}

// Request counts one answered request.
func (m *Metrics) Request(status int, took time.Duration) {
	m.requests.WithLabelValues(strconv.Itoa(status)).Inc()
	m.latency.Observe(took.Seconds())
}

// attemptsKey is the context key for the number of queries that a request has sent.
type attemptsKey struct{}

// ForRequest returns ctx for one request: its second query and later ones count as retries.
func ForRequest(ctx context.Context) context.Context {
	return context.WithValue(ctx, attemptsKey{}, new(atomic.Int64))
}

// Attempt counts one query sent to the database for the request of ctx, and returns how many it has sent with this one.
func (m *Metrics) Attempt(ctx context.Context) int64 {
	m.attempts.Inc()
	attempts, ok := ctx.Value(attemptsKey{}).(*atomic.Int64)
	if !ok {
		return 1
	}
	number := attempts.Add(1)
	if number > 1 {
		m.retries.Inc()
	}
	return number
}

// Dial counts one connection opened to the database.
func (m *Metrics) Dial() { m.dials.Inc() }

// Breaker exposes a circuit breaker: 1 for the state it is in and 0 for the others, how many of the last requests failed,
// and how many open it. The states are closed, half-open and open.
func (m *Metrics) Breaker(state func() string, failures func() uint, threshold uint) {
	m.state = state
	for _, name := range []string{"closed", "half-open", "open"} {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "circuit_breaker_state", Help: "1 for the state that the circuit breaker is in.",
			ConstLabels: prometheus.Labels{"state": name},
		}, func() float64 {
			if state() == name {
				return 1
			}
			return 0
		}))
	}
	m.registry.MustRegister(m.transitions, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "circuit_breaker_failures", Help: "Failures among the last requests, as many as circuit_breaker_failure_threshold.",
	}, func() float64 { return float64(failures()) }), prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "circuit_breaker_failure_threshold", Help: "Failures in a row that open the circuit breaker.",
	}, func() float64 { return float64(threshold) }))
	for _, step := range [][2]string{
		{"closed", "open"}, {"open", "half-open"}, {"half-open", "open"}, {"half-open", "closed"},
	} {
		m.transitions.WithLabelValues(step[0], step[1]) // It is there from the start, at 0.
	}
}

// BreakerState is the state of the circuit breaker; empty without one.
func (m *Metrics) BreakerState() string {
	if m.state == nil {
		return ""
	}
	return m.state()
}

// BreakerChanged counts one transition of the circuit breaker.
func (m *Metrics) BreakerChanged(from, to string) { m.transitions.WithLabelValues(from, to).Inc() }

// Handler answers with the metrics in Prometheus' text format.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
