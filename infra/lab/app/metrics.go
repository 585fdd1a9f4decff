package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// Metrics are what an app reports on GET /metrics, counted since its start.
type Metrics struct {
	// Module is the app's Go module, such as chaosworkshop/exercise1; empty if the app does not say.
	Module string
	// Requests are the requests answered, by HTTP status.
	Requests map[string]int
	// Attempts are the queries sent to the database, retries included.
	Attempts int
	// Retries are the attempts after the first of a request.
	Retries int
	// Dials are the connections that the app's driver opened, as the app counts them.
	Dials int
	// Goroutines are those running now.
	Goroutines int
	// Breaker is closed, half-open or open; empty if the exercise has no breaker.
	Breaker string
	// Failures is how many of the last requests failed, of as many as Threshold. So many in a row open the breaker.
	Failures, Threshold int
}

// Metrics asks the app for its metrics. The error says that it does not answer as an exercise does.
func (p *Process) Metrics(ctx context.Context) (Metrics, error) { return MetricsAt(ctx, p.URL) }

// MetricsAt is Process.Metrics of an app that someone else started, at the address url.
func MetricsAt(ctx context.Context, url string) (Metrics, error) {
	response, err := get(ctx, url+"/metrics")
	if err != nil {
		return Metrics{}, fmt.Errorf("read metrics: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return Metrics{}, fmt.Errorf("read metrics: GET /metrics answered %s", response.Status)
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(response.Body)
	if err != nil {
		return Metrics{}, fmt.Errorf("read metrics: %w", err)
	}
	metrics := Metrics{
		Requests:   byLabel(families["http_requests_total"], "status"),
		Attempts:   sum(families["database_attempts_total"]),
		Retries:    sum(families["database_retries_total"]),
		Dials:      sum(families["database_dials_total"]),
		Goroutines: sum(families["go_goroutines"]),
		Failures:   sum(families["circuit_breaker_failures"]),
		Threshold:  sum(families["circuit_breaker_failure_threshold"]),
	}
	for path := range byLabel(families["go_build_info"], "path") {
		metrics.Module = path
	}
	for state, is := range byLabel(families["circuit_breaker_state"], "state") {
		if is == 1 {
			metrics.Breaker = state
		}
	}
	return metrics, nil
}

// byLabel returns the values of a family by one of its labels.
func byLabel(family *dto.MetricFamily, label string) map[string]int {
	values := map[string]int{}
	for _, metric := range family.GetMetric() {
		for _, pair := range metric.GetLabel() {
			if pair.GetName() == label {
				values[pair.GetValue()] += value(metric)
			}
		}
	}
	return values
}

// sum is the sum of a family's values.
func sum(family *dto.MetricFamily) int {
	total := 0
	for _, metric := range family.GetMetric() {
		total += value(metric)
	}
	return total
}

// value is a metric's value: of a counter or of a gauge.
func value(metric *dto.Metric) int {
	return int(metric.GetCounter().GetValue() + metric.GetGauge().GetValue())
}

// Health is what an app answers on GET /health/: the overall status, and that of each check by its name. Checks is nil if the
// answer cannot be read.
type Health struct {
	Status string
	Checks map[string]string
}

// HealthAt asks the app at the address url for its health. The code is the status of its answer; 0 if there is none.
func HealthAt(ctx context.Context, url string) (health Health, code int) {
	response, err := get(ctx, url+"/health/")
	if err != nil {
		return Health{}, 0
	}
	defer response.Body.Close()
	var answer struct {
		Status string
		Checks []struct{ Name, Status string }
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, 64<<10)).Decode(&answer); err != nil {
		return Health{}, response.StatusCode
	}
	health = Health{answer.Status, map[string]string{}}
	for _, check := range answer.Checks {
		health.Checks[check.Name] = check.Status
	}
	return health, response.StatusCode
}

// get asks for a URL. No connection stays open: apps come and go.
func get(ctx context.Context, url string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	client := &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	return client.Do(request)
}
