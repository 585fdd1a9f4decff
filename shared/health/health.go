// Package health writes a report on an app's health, as a JSON document.
package health

import (
	"encoding/json"
	"net/http"
	"time"
)

// Status is the health of something.
type Status string

// The statuses, from the best to the worst.
const (
	Healthy   Status = "Healthy"
	Degraded  Status = "Degraded"
	Unhealthy Status = "Unhealthy"
)

// Check is the health of one thing that the app depends on, and how long it took to find out.
type Check struct {
	Name        string
	Status      Status
	Description string
	Duration    time.Duration
}

// check is a Check in the document; Duration is in milliseconds.
type check struct {
	Name        string  `json:"name"`
	Status      Status  `json:"status"`
	Description string  `json:"description"`
	Duration    float64 `json:"duration"`
}

// document is the health of the app, which is that of its worst check; TotalDuration is in milliseconds.
type document struct {
	Status        Status  `json:"status"`
	Checks        []check `json:"checks"`
	TotalDuration float64 `json:"totalDuration"`
}

// Write answers with the document: 200, or 503 when a check is Unhealthy.
func Write(w http.ResponseWriter, checks ...Check) {
	report, code, total := document{Status: Healthy, Checks: []check{}}, http.StatusOK, time.Duration(0)
	for _, one := range checks {
		report.Checks = append(report.Checks, check{one.Name, one.Status, one.Description, milliseconds(one.Duration)})
		total += one.Duration
		switch {
		case one.Status == Unhealthy:
			report.Status, code = Unhealthy, http.StatusServiceUnavailable
		case one.Status == Degraded && report.Status == Healthy:
			report.Status = Degraded
		}
	}
	report.TotalDuration = milliseconds(total)
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(code)
	// The client may be gone, so the error does not matter.
	_ = json.NewEncoder(w).Encode(report)
}

func milliseconds(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e6 }
