package experiment

import (
	"time"

	"chaosworkshop/infra/chaos/load"
)

// Verdict is the outcome of a run.
type Verdict string

// The verdicts. Inconclusive means that there is no verdict: the injection was not verified, or scheduling noise was too high.
const (
	Passed       Verdict = "passed"
	Failed       Verdict = "failed"
	Inconclusive Verdict = "inconclusive"
)

// Run is one experiment on one app: everything that was observed, and the verdict. Times are in milliseconds; those of
// events count from the run's start.
type Run struct {
	Experiment string `json:"experiment"`
	Folder     string `json:"folder"`
	// Stage is the exercise that the app was judged as, 1 to 5: the bound of its answers follows from it.
	Stage   int       `json:"stage,omitempty"`
	Started time.Time `json:"started"`
	Took    float64   `json:"tookMs"`
	Verdict Verdict   `json:"verdict"`
	// Reason says why in one sentence, as measured and required; empty when passed.
	Reason string `json:"reason,omitempty"`
	// Notes say what the verdict does not cover: a phase in which the fault met nothing.
	Notes []string `json:"notes,omitempty"`
	// Words are the end of what a service of the user's own printed, if the experiment started it.
	Words   string   `json:"words,omitempty"`
	Checks  []Check  `json:"checks"`
	Phases  []Span   `json:"phases"`
	Felt    []Felt   `json:"felt"`
	Answers []Answer `json:"answers"`
	// Dials are the connections to the dependencies, as the meter saw them, without those of the probes.
	Dials   []Dial    `json:"dials,omitempty"`
	States  []State   `json:"breaker,omitempty"`
	Modules []Version `json:"modules,omitempty"`
	// Died says how the app ended during the experiment; empty when it did not.
	Died string `json:"died,omitempty"`
	// Broken says which of the experiment's own parts broke; the run is then inconclusive.
	Broken string `json:"broken,omitempty"`

	// strays are invalid requests that the app let through.
	strays []Answer
	// lasting says that a repetition would be as inconclusive.
	lasting bool
}

// Check is one tolerance, measured.
type Check struct {
	Name     string `json:"name"`
	Measured string `json:"measured"`
	Required string `json:"required"`
	Passed   bool   `json:"passed"`
	// Excess is the overshoot of a duration above its limit; 0 for everything else. If scheduling noise explains it, the run
	// is inconclusive.
	Excess float64 `json:"excessMs,omitempty"`
	// Why says why it matters to a user, Hints where to look, and Examples are the answers that show it best.
	Why      string   `json:"why,omitempty"`
	Hints    []string `json:"hints,omitempty"`
	Examples []Answer `json:"examples,omitempty"`

	// phases are the measured phases. certain marks failures that scheduling noise cannot cause.
	phases   []string
	certain  bool
	examples []Answer
	// typical is the overshoot of the median of latencies, in milliseconds.
	typical float64
	// near says that one run is not enough: a share is too close to its limit, or few answers were late and most were not,
	// which may be a stall of the app alone.
	near bool
}

// Span is a phase as it happened.
type Span struct {
	Name  string  `json:"name"`
	Fault string  `json:"fault,omitempty"`
	From  float64 `json:"fromMs"`
	// To is when the last request was answered.
	To float64 `json:"toMs"`
	// Dials counts the connections opened to the dependencies, as the meter saw them, without those of the probes.
	Dials int `json:"dials"`
	// Left counts the app's connections that the meter still saw open a quarter of a second after the last answer.
	Left int `json:"left"`
	// Unused are the proxies through which the app opened no connection and sent nothing, although it was asked.
	Unused []string `json:"unusedProxies,omitempty"`
	// Wrong says how wrong answers differed from the right ones, each difference once, of an experiment in a file.
	Wrong []string `json:"wrongAnswers,omitempty"`
	// Stall is the scheduling noise: the longest time for which the computer kept the measuring program from running.
	Stall float64 `json:"stallMs"`

	// row is how many connections in a row were closed by a fault that spares users; luck says that others passed because a user
	// waited.
	row  int
	luck bool
}

// holds tells whether a time is in the phase.
func (s Span) holds(at float64) bool { return at >= s.From && at <= s.To }

// Dial is a connection to a dependency, as the meter saw it behind the proxy.
type Dial struct {
	Proxy string  `json:"proxy,omitempty"`
	At    float64 `json:"atMs"`
	// End is when it was closed; 0 if it was still open at the end.
	End float64 `json:"endMs,omitempty"`
	// Sent and Received are in bytes, from the app's point of view.
	Sent     int64 `json:"sentBytes"`
	Received int64 `json:"receivedBytes"`
	// Dropped says that the dependency closed it, not the app.
	Dropped bool `json:"closedByDependency,omitempty"`
}

// Answer is one request and its result.
type Answer struct {
	Phase   string  `json:"phase"`
	At      float64 `json:"atMs"`
	Latency float64 `json:"latencyMs"`
	// Status is the HTTP status; 0 when no answer came.
	Status int `json:"status"`
	// Wrong marks an answer of 2xx or 3xx that is not the right one.
	Wrong bool `json:"wrong,omitempty"`
	// RetryAfter is the header of that name, in seconds.
	RetryAfter float64 `json:"retryAfterS,omitempty"`
	// Health marks a request to /health/, Says is the status in its body, such as Healthy.
	Health bool   `json:"health,omitempty"`
	Says   string `json:"says,omitempty"`
	Error  string `json:"error,omitempty"`

	what int // The index of what was asked for.
}

// Served tells whether the user got what was asked for: the right answer.
func (a Answer) Served() bool { return a.Status >= 200 && a.Status < 400 && !a.Wrong }

// gaveUp tells whether the user waited in vain: there may have been an answer later.
func (a Answer) gaveUp() bool { return a.Status == 0 && a.Error == load.GaveUp }

// end is when the answer came.
func (a Answer) end() float64 { return a.At + a.Latency }

// waits tells whether its user waited at a time.
func (a Answer) waits(at float64) bool { return at >= a.At && at <= a.end() }

// State is the state of the breaker from a time on: closed, half-open or open. It explains a run and does not judge it.
type State struct {
	At   float64 `json:"atMs"`
	Name string  `json:"name"`
}

// Version is a module that the app was built with.
type Version struct {
	Path    string `json:"path"`
	Version string `json:"version"`
}

// phase is the span of that name.
func (r *Run) phase(name string) (Span, bool) {
	for _, span := range r.Phases {
		if span.Name == name {
			return span, true
		}
	}
	return Span{}, false
}

// first is the first phase; empty before it is over.
func (r *Run) first() Span {
	if len(r.Phases) == 0 {
		return Span{}
	}
	return r.Phases[0]
}

// Of returns the users' answers in the phases, named as in the method, in the order of their requests.
func (r *Run) Of(phases ...string) []Answer { return r.answers(false, phases) }

// health returns the answers of /health/ in the phases, or in all phases if none is named.
func (r *Run) health(phases ...string) []Answer { return r.answers(true, phases) }

func (r *Run) answers(health bool, phases []string) []Answer {
	var found []Answer
	for _, answer := range r.Answers {
		if answer.Health != health {
			continue
		}
		for _, phase := range phases {
			if answer.Phase == phase {
				found = append(found, answer)
			}
		}
		if len(phases) == 0 {
			found = append(found, answer)
		}
	}
	return found
}

// Sentence names the first expectation that failed, as measured and required.
func (r *Run) Sentence() string {
	for _, check := range r.Checks {
		if !check.Passed {
			return check.Name + ": " + check.Measured + " (required: " + check.Required + ")"
		}
	}
	return ""
}
