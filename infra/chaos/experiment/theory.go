package experiment

import (
	"math"
	"time"

	"chaosworkshop/infra/lab/toxi"
)

// Theory is what the flaky fault does by arithmetic, if each connection fails by itself with chance p and n connections
// fit into a request.
type Theory struct {
	// Dials is n, how many connections a request can open at most.
	Dials int `json:"dials"`
	// Success is 1-p^n.
	Success float64 `json:"success"`
	// DialsPerRequest is (1-p^n)/(1-p), the mean number of connections until one works or none is left.
	DialsPerRequest float64 `json:"dials_per_request"`
}

// InTheory is the theory of a stage, 1 to 5. database/sql opens up to three connections for a query; a timeout cuts that to
// those that can fail within it; retries multiply it by the attempts that begin within the deadline.
func InTheory(stage int, s Settings) (Theory, error) {
	fault, err := toxi.Lookup("flaky")
	if err != nil {
		return Theory{}, err
	}
	closes := s.Timeout
	for _, attribute := range fault.Attributes {
		if attribute.Name == "timeout" {
			closes = time.Duration(attribute.Value) * time.Millisecond
		}
	}
	dials := dialsPerAttempt
	if stage >= 2 {
		dials = max(1, min(dials, int(s.Timeout/closes)))
	}
	if stage >= 3 {
		dials *= s.attempts(min(s.Timeout, dialsPerAttempt*closes))
	}
	p := float64(fault.Toxicity)
	success := 1 - math.Pow(p, float64(dials))
	return Theory{Dials: dials, Success: success, DialsPerRequest: success / (1 - p)}, nil
}
