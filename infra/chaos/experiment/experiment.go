// Package experiment runs chaos experiments, documents in YAML, on an app as a black box: it judges what the app's users
// get, what its dependencies get, and what it leaves behind, never how the app is written.
package experiment

import (
	"embed"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"chaosworkshop/infra/internal/stats"
)

// Experiment is one chaos experiment, in the words of the field.
type Experiment struct {
	// ID is E1 to E5, or the file's name.
	ID string `json:"id"`
	// Exercise is the number of the exercise that introduces the pattern: from there on the experiment passes, and it
	// fails before. It is 0 for an experiment that is not the workshop's own.
	Exercise int `json:"exercise,omitempty"`
	// Title names what a user gets from the pattern.
	Title string `json:"title"`
	// SteadyState is the normal behaviour, which must hold before the fault and again after the rollback.
	SteadyState string `json:"steadyState"`
	// Hypothesis says what stays true under the fault.
	Hypothesis string `json:"hypothesis"`
	// Method is the fault schedule and the load, phase by phase. The first phase is calm; the last one is calm again.
	Method []Phase `json:"method"`
	// Tolerances decide whether the hypothesis held.
	Tolerances []Tolerance `json:"tolerances"`
	// Rollback says how the fault is removed.
	Rollback string `json:"rollback"`

	// Target, Requests, Proxies and API are those of an experiment that is not the workshop's own. API is the address of
	// a Toxiproxy that is already running; empty means that the experiment runs its own.
	Target   Target    `json:"-"`
	Requests []Request `json:"-"`
	Proxies  []Proxy   `json:"-"`
	API      string    `json:"-"`
	// Warnings say what the file may have meant otherwise; each run notes them.
	Warnings []string `json:"-"`

	steady []Expression
	// cut says that the method ends before its last phases.
	cut   bool
	names names
	file  string
	root  *yaml.Node // Of the file.
}

// mistake is an error about what the file has at a path of keys, which only a run shows.
func (e Experiment) mistake(text string, path ...string) error {
	wrong := problem(find(e.root, path...), "%s", text)
	wrong.File = e.file
	return wrong
}

// forMySQL is the first fault of a user's own experiment that needs MySQL behind a proxy, and its place in the file; nil if there is none.
func (e Experiment) forMySQL(proxy string) (name string, at []string) {
	if e.Exercise > 0 {
		return "", nil
	}
	for i, phase := range e.Method {
		for j, fault := range phase.Faults {
			if !fault.needsMySQL() || !fault.hits(proxy) {
				continue
			}
			at := []string{"method", strconv.Itoa(i), "fault"}
			if find(e.root, at...) == nil {
				at = append(at[:2], "faults", strconv.Itoa(j))
			}
			return fault.Name, at
		}
	}
	return "", nil
}

// Phase is one step of the method: faults, the load under them, and when it ends. It is over when all its requests are
// answered.
type Phase struct {
	// Name identifies it in tolerances and reports.
	Name string
	// Faults are active at the same time; none for calm.
	Faults []Fault
	// Rate is the load, in requests a second at a constant arrival rate; 0 means no load.
	Rate int
	// Invalid is how many requests a second with an invalid code come on top, and NoFlights how many for airports that no flight
	// connects. Nobody judges their answers.
	Invalid, NoFlights int
	// For is how long the load lasts at most.
	For time.Duration
	// Patience is how long a user waits for an answer; 0 means longer than any app may take.
	Patience time.Duration
	// Until ends the phase as soon as an answer has the outcome; empty means never.
	Until Outcome
	// Tail is calm if the faults end with the load, so that the answers still due then come without them; otherwise empty.
	Tail string
	// After skips the phase unless an earlier answer had the outcome; empty never skips it.
	After Outcome
	// Changed says that the rows of the database are others than before. It lasts until the end.
	Changed bool
	// Health asks the health endpoint ten times a second as well.
	Health bool
	// Probe is how long a probe of the injection waits for an answer; 0 means 1.5 s.
	Probe time.Duration
}

// MarshalJSON writes durations in milliseconds.
func (p Phase) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Name     string  `json:"name"`
		Faults   []Fault `json:"faults,omitempty"`
		Rate     int     `json:"ratePerSecond"`
		Invalid  int     `json:"invalidPerSecond,omitempty"`
		None     int     `json:"noFlightsPerSecond,omitempty"`
		For      float64 `json:"forMs"`
		Patience float64 `json:"patienceMs,omitempty"`
		Tail     string  `json:"tail,omitempty"`
		Until    Outcome `json:"until,omitempty"`
		After    Outcome `json:"onlyAfter,omitempty"`
		Health   bool    `json:"health,omitempty"`
	}{p.Name, p.Faults, p.Rate, p.Invalid, p.NoFlights, stats.Milliseconds(p.For), stats.Milliseconds(p.Patience), p.Tail, p.Until, p.After, p.Health})
}

// Tolerance is one expectation of an experiment.
type Tolerance struct {
	// Name is the expectation in a few words, Phases what it is measured in.
	Name   string   `json:"name"`
	Phases []string `json:"phases"`
	// Expect compares measures with limits.
	Expect Expression `json:"expect"`
	// Why says why it matters to a user, Hints where to look if it fails, from a nudge to the answer.
	Why   string   `json:"why,omitempty"`
	Hints []string `json:"hints,omitempty"`
}

// MarshalJSON writes the expression as in its file.
func (e Expression) MarshalJSON() ([]byte, error) { return json.Marshal(e.text) }

// UnmarshalJSON reads no more than its text: a journal is not run again.
func (e *Expression) UnmarshalJSON(text []byte) error { return json.Unmarshal(text, &e.text) }

// String is the expression as in its file.
func (e Expression) String() string { return e.text }

// Subject is what messages call what is under test: a service of the user's own, or an app.
func (e Experiment) Subject() string {
	if e.Exercise == 0 {
		return "service"
	}
	return "app"
}

// Takes is roughly how long the method takes, for progress lines.
func (e Experiment) Takes() time.Duration {
	takes := time.Second
	for _, phase := range e.Method {
		if phase.Until == "" {
			takes += phase.For
		} else {
			takes += phase.For / 2
		}
	}
	return takes
}

// upTo is the experiment without what comes after the tolerances whose names begin so: without the later phases, and without what is
// measured in them. If there is no such tolerance, it is the whole experiment.
func (e Experiment) upTo(name string) Experiment {
	last := -1
	for i, phase := range e.Method {
		if name != "" && slices.ContainsFunc(e.Tolerances, func(t Tolerance) bool {
			return strings.HasPrefix(t.Name, name) && slices.Contains(t.Phases, phase.Name)
		}) {
			last = i
		}
	}
	if last < 0 {
		return e
	}
	later := e.Method[last+1:]
	e.Method, e.cut = e.Method[:last+1], len(later) > 0
	e.Tolerances = slices.DeleteFunc(slices.Clone(e.Tolerances), func(t Tolerance) bool {
		return slices.ContainsFunc(later, func(p Phase) bool { return slices.Contains(t.Phases, p.Name) })
	})
	return e
}

//go:embed e1.yaml e2.yaml e3.yaml e4.yaml e5.yaml
var own embed.FS

// Experiments are E1 to E5 for an app with these settings.
func Experiments(s Settings) []Experiment {
	var all []Experiment
	for number := 1; number <= Stages; number++ {
		file := fmt.Sprintf("e%d.yaml", number)
		text, err := own.ReadFile(file)
		if err != nil {
			panic(err) // The files are embedded, and a test reads them.
		}
		e, err := read(file, text, s.names())
		if err != nil {
			panic(err)
		}
		e.ID = fmt.Sprint("E", number)
		all = append(all, e)
	}
	return all
}

// The phases that the report and the catalogue of faults look at.
const (
	steady   = "steady state"
	rollback = "rollback"
	after    = "steady state again"
)
