package page

import "math"

// Run is what the chart of a whole run draws. Times and latencies are in milliseconds.
type Run struct {
	Took float64 `json:"took"`
	// Outcomes are the names of the chart's marks, by the index that the points use.
	Outcomes []string `json:"outcomes"`
	// Points hold the time of each answer, its latency and its outcome's index, three numbers each.
	Points []float64 `json:"points"`
	// Counts are the numbers of answers by outcome.
	Counts []int `json:"counts"`
	// Bands are the phases or faults of the run, States the states of the breaker.
	Bands  []Span `json:"bands"`
	States []Span `json:"states"`

	drawn map[[3]int]bool
}

// Span is a time with a name; Fault says that the database was broken on purpose.
type Span struct {
	Name  string  `json:"name"`
	From  float64 `json:"from"`
	To    float64 `json:"to"`
	Fault bool    `json:"fault"`
}

// NewRun returns a run without points.
func NewRun(took float64, outcomes []string) Run {
	return Run{
		Took: math.Max(took, 1000), Outcomes: outcomes, Points: []float64{}, Counts: make([]int, len(outcomes)),
		Bands: []Span{}, States: []Span{}, drawn: map[[3]int]bool{},
	}
}

// Add adds an answer. It counts a mark that would cover another of the same outcome, but
// does not draw it, so that the page of a long run still opens.
func (r *Run) Add(at, latency float64, outcome int) {
	r.Counts[outcome]++
	const columns, rows = 2000, 100 // In the whole run, and in each decade of latency.
	spot := [3]int{int(at / r.Took * columns), int(math.Log10(math.Max(latency, 0.001)) * rows), outcome}
	if !r.drawn[spot] {
		r.drawn[spot] = true
		r.Points = append(r.Points, math.Round(at), math.Round(latency*100)/100, float64(outcome))
	}
}

// AddState says which state the breaker was in until the next state; a state that continues is one span.
func (r *Run) AddState(name string, from float64) {
	if last := len(r.States) - 1; last >= 0 {
		if r.States[last].Name == name {
			return
		}
		r.States[last].To = from
	}
	r.States = append(r.States, Span{Name: name, From: from, To: r.Took})
}
