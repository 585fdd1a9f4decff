package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"chaosworkshop/infra/chaos/experiment"
	"chaosworkshop/infra/internal/stats"
)

// suite is JUnit XML: a test case for each check.
type suite struct {
	XMLName  xml.Name `xml:"testsuite"`
	Name     string   `xml:"name,attr"`
	Tests    int      `xml:"tests,attr"`
	Failures int      `xml:"failures,attr"`
	Errors   int      `xml:"errors,attr"`
	Skipped  int      `xml:"skipped,attr"`
	Time     string   `xml:"time,attr"`
	Started  string   `xml:"timestamp,attr"`
	Cases    []test   `xml:"testcase"`
}

type test struct {
	Class   string `xml:"classname,attr"`
	Name    string `xml:"name,attr"`
	Time    string `xml:"time,attr"`
	Failure *fault `xml:"failure,omitempty"`
	Error   *fault `xml:"error,omitempty"`
	Skipped *fault `xml:"skipped,omitempty"`
}

type fault struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// WriteJUnit writes a run for CI systems: a failure for each check that did not hold, and a skipped test for each note. If there is no
// verdict, that is an error, and the checks are skipped.
func WriteJUnit(out io.Writer, journal experiment.Journal) error {
	run := journal.Run
	made := suite{
		Name: journal.Experiment.Title, Time: seconds(run.Took), Started: run.Started.UTC().Format(stamp),
	}
	for i, check := range run.Checks {
		one := test{Class: journal.Experiment.ID, Name: check.Name, Time: seconds(took(journal, i))}
		if !check.Passed && run.Verdict == experiment.Failed {
			lines := []string{"expected: " + check.Required, "happened: " + check.Measured}
			for _, answer := range check.Examples {
				lines = append(lines, run.Story(answer))
			}
			if check.Why != "" {
				lines = append(lines, "why: "+check.Why)
			}
			for _, hint := range check.Hints {
				lines = append(lines, "look at: "+hint)
			}
			if run.Words != "" {
				lines = append(lines, "the service: "+run.Words)
			}
			one.Failure = &fault{check.Measured, strings.Join(lines, "\n")}
			made.Failures++
		}
		if run.Verdict == experiment.Inconclusive {
			one.Skipped = &fault{Message: fmt.Sprintf("no verdict; measured: %s, required: %s", check.Measured, check.Required)}
			made.Skipped++
		}
		made.Cases = append(made.Cases, one)
	}
	if run.Verdict == experiment.Inconclusive || run.Died != "" {
		made.Cases = append(made.Cases, test{Class: journal.Experiment.ID, Name: "verdict", Time: made.Time, Error: &fault{run.Reason, run.Reason}})
		made.Errors++
	}
	for _, note := range run.Notes {
		made.Cases = append(made.Cases, test{Class: journal.Experiment.ID, Name: "note", Time: seconds(0), Skipped: &fault{Message: note}})
		made.Skipped++
	}
	return made.write(out)
}

// took is how long the phases of a check took, in milliseconds: those of its tolerance, or the first or the last phase.
func took(journal experiment.Journal, check int) (sum float64) {
	e, phases := journal.Experiment, []string{}
	switch {
	case check > 0 && check <= len(e.Tolerances):
		phases = e.Tolerances[check-1].Phases
	case check == 0 && len(e.Method) > 0:
		phases = append(phases, e.Method[0].Name)
	case len(e.Method) > 0:
		phases = append(phases, e.Method[len(e.Method)-1].Name)
	}
	for _, span := range journal.Run.Phases {
		if slices.Contains(phases, span.Name) {
			sum += span.To - span.From
		}
	}
	return sum
}

// seconds are milliseconds in the form of JUnit XML.
func seconds(milliseconds float64) string { return fmt.Sprintf("%.3f", milliseconds/1000) }

// WriteError writes for CI systems why an experiment with that ID, begun at a time, did not run.
func WriteError(out io.Writer, id string, begin time.Time, err error) error {
	lasted := seconds(stats.Milliseconds(time.Since(begin)))
	return suite{
		Name: id, Errors: 1, Time: lasted, Started: begin.UTC().Format(stamp),
		Cases: []test{{Class: id, Name: "verdict", Time: lasted, Error: &fault{err.Error(), err.Error()}}},
	}.write(out)
}

// stamp is the form of a time in JUnit XML.
const stamp = "2006-01-02T15:04:05"

func (made suite) write(out io.Writer) error {
	made.Tests = len(made.Cases)
	if _, err := io.WriteString(out, xml.Header); err != nil {
		return fmt.Errorf("write JUnit XML: %w", err)
	}
	encoder := xml.NewEncoder(out)
	encoder.Indent("", "  ")
	if err := encoder.Encode(made); err != nil {
		return fmt.Errorf("write JUnit XML: %w", err)
	}
	_, err := io.WriteString(out, "\n")
	return err
}
