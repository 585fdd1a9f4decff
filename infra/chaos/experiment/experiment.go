// Package experiment holds the workshop's chaos experiments as data and runs them on an app as a black box: it judges
// what the app's users get, what its database gets, and what it leaves behind, never how the app is written.
package experiment

import (
	"time"
)

// Experiment is one chaos experiment, in the words of the field.
type Experiment struct {
	// ID is E1 to E5.
	ID string `json:"id"`
	// Exercise is the number of the exercise that introduces the pattern: from there on the experiment passes, and it
	// fails before.
	Exercise int `json:"exercise"`
	// Title names what a user gets from the pattern.
	Title string `json:"title"`
	// SteadyState is the normal behaviour, which must hold before the fault and again after the rollback.
	SteadyState string `json:"steadyState"`
	// Hypothesis says what stays true under the fault.
	Hypothesis string `json:"hypothesis"`
	// Method is the fault schedule and the load, phase by phase. The first phase is calm; the last one is calm again.
	Method []Phase `json:"method"`
	// Tolerances decide whether the hypothesis held.
	Tolerances []Tolerance `json:"-"`
	// Rollback says how the fault is removed.
	Rollback string `json:"rollback"`
}

// Phase is one step of the method: a fault, the load under it, and when it ends. It is over when all its requests are
// answered.
type Phase struct {
	// Name identifies it in tolerances and reports.
	Name string `json:"name"`
	// Fault is a name of the catalogue in package toxi; empty for calm.
	Fault string `json:"fault,omitempty"`
	// Rate is the load, in requests a second at a constant arrival rate; 0 means no load.
	Rate int `json:"rate"`
	// For is how long the load lasts at most.
	For time.Duration `json:"for"`
	// Patience is how long a user waits for an answer; 0 means longer than any app may take.
	Patience time.Duration `json:"patience,omitempty"`
	// Until ends the phase as soon as an answer satisfies it; nil means never.
	Until func(Answer) bool `json:"-"`
	// Only skips the phase unless the run so far satisfies it; nil never skips it.
	Only func(*Run) bool `json:"-"`
	// Raw is how long the raw client waits for an answer; 0 means 1.5 s.
	Raw time.Duration `json:"-"`
	// Health asks GET /health/ ten times a second as well.
	Health bool `json:"health,omitempty"`
}

// Tolerance is one expectation of an experiment.
type Tolerance struct {
	// Name is the expectation in a few words.
	Name string
	// Check measures it.
	Check func(*Run) Check
}

// Takes is roughly how long the method takes, for progress lines.
func (e Experiment) Takes() time.Duration {
	takes := time.Second
	for _, phase := range e.Method {
		if phase.Until == nil {
			takes += phase.For
		} else {
			takes += phase.For / 2
		}
	}
	return takes
}
