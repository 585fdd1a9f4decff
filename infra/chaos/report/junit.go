package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"

	"chaosworkshop/infra/chaos/experiment"
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
	Failure *fault `xml:"failure,omitempty"`
	Error   *fault `xml:"error,omitempty"`
	Skipped *fault `xml:"skipped,omitempty"`
}

type fault struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// WriteJUnit writes a run for CI systems: a failure for each check that did not hold, an error if there is no verdict,
// and a skipped test for each note.
func WriteJUnit(out io.Writer, journal experiment.Journal) error {
	run := journal.Run
	made := suite{
		Name: journal.Experiment.Title, Time: fmt.Sprintf("%.3f", run.Took/1000), Started: run.Started.UTC().Format(stamp),
	}
	for _, check := range run.Checks {
		one := test{Class: journal.Experiment.ID, Name: check.Name}
		if !check.Passed && run.Verdict == experiment.Failed {
			lines := []string{"expected: " + check.Required, "happened: " + check.Measured}
			for _, answer := range check.Examples {
				lines = append(lines, run.Story(answer))
			}
			one.Failure = &fault{check.Measured, strings.Join(append(lines, check.Hints...), "\n")}
			made.Failures++
		}
		made.Cases = append(made.Cases, one)
	}
	if run.Verdict == experiment.Inconclusive || run.Died != "" {
		made.Cases = append(made.Cases, test{Class: journal.Experiment.ID, Name: "verdict", Error: &fault{Message: run.Reason}})
		made.Errors++
	}
	for _, note := range run.Notes {
		made.Cases = append(made.Cases, test{Class: journal.Experiment.ID, Name: "note", Skipped: &fault{Message: note}})
		made.Skipped++
	}
	return made.write(out)
}

// WriteError writes for CI systems why there was no run of the experiment in a file.
func WriteError(out io.Writer, file string, err error) error {
	return suite{Name: file, Errors: 1, Time: "0", Started: time.Now().UTC().Format(stamp), Cases: []test{{Class: file, Name: "verdict", Error: &fault{Message: err.Error()}}}}.write(out)
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
