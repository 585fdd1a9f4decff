package report

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"chaosworkshop/infra/chaos/experiment"
)

// newMatrix is a matrix with one row: E4, which exercise 3 passes although it must fail, and in which exercise 4 opens its breaker.
func newMatrix(t *testing.T) *experiment.Matrix {
	t.Helper()
	matrix := &experiment.Matrix{
		Experiments: experiment.Experiments(experiment.Settings{}),
	}
	for stage := 1; stage <= experiment.Stages; stage++ {
		run := &experiment.Run{
			Experiment: "E4", Stage: stage, Verdict: experiment.Passed, Took: 4000,
			Phases: []experiment.Span{
				{Name: "steady state", From: 0, To: 1000, Dials: 2},
				{Name: "outage continues", Fault: "outage", From: 1000, To: 4000, Dials: 4},
			},
			Answers: []experiment.Answer{
				{Phase: "steady state", At: 100, Latency: 2, Status: 200},
				{Phase: "outage continues", At: 1000, Latency: 1000, Status: 500},
				{Phase: "outage continues", At: 1100, Latency: 1500, Status: 504},
				{Phase: "outage continues", At: 2000, Latency: 0.5, Status: 503, RetryAfter: 5},
				{Phase: "outage continues", At: 2100, Latency: 1000, Status: 0, Error: "</script><b>"},
			},
			States: []experiment.State{{At: 0, Name: "closed"}, {At: 2000, Name: "open"}},
		}
		want := experiment.Passed
		if stage < 4 {
			want = experiment.Failed
			if stage < 3 {
				run.Verdict, run.Reason = experiment.Failed, "it is <slow>"
			}
		}
		matrix.Cells = append(matrix.Cells, experiment.Cell{Number: 4, Stage: stage, Want: want, Run: run})
	}
	return matrix
}

func writePage(t *testing.T, path string) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := Write(file, newMatrix(t)); err != nil {
		t.Fatal(err)
	}
}

func TestPageCountsAndEscapes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "matrix.html")
	writePage(t, path)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	for _, want := range []string{
		"<b>4 of 5</b> cells as expected", "passed, but should have failed", "it is &lt;slow&gt;",
		`"states":[{"name":"closed","from":0,"to":2000,"fault":false},{"name":"open","from":2000,"to":4000,"fault":false}]`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, never := range []string{"http://", "https://", "<slow>", "ZgotmplZ"} {
		if strings.Contains(page, never) {
			t.Errorf("the page holds %q", never)
		}
	}
}

func TestPlotSortsAnswersByOutcome(t *testing.T) {
	cell, _ := newMatrix(t).Cell(4, 4)
	cell.Run.Answers = append(cell.Run.Answers,
		experiment.Answer{Health: true, Status: 200}, experiment.Answer{Health: true, Status: 503}, experiment.Answer{Health: true})
	plot := newPlot(cell.Run)
	want := map[string]int{"served": 1, "rejected": 1, "timeout": 1, "error": 1, "no answer": 2, "healthy": 1, "unhealthy": 1}
	for i, name := range plot.Outcomes {
		if plot.Counts[i] != want[name] {
			t.Errorf("%s: got %d marks, want %d", name, plot.Counts[i], want[name])
		}
	}
	if got, want := plot.Points[:3], []float64{102, 2, 0}; !slices.Equal(got, want) {
		t.Errorf("the first mark is %v, want %v: where the answer came, its latency, a 200", got, want)
	}
}

func TestJournalSurvivesJSON(t *testing.T) {
	text, err := json.Marshal(newMatrix(t))
	if err != nil {
		t.Fatal(err)
	}
	var read experiment.Matrix
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	if got, want := len(read.Cells[0].Run.Answers), 5; got != want {
		t.Errorf("answers: got %d, want %d", got, want)
	}
}

// CI systems show how long each test took, and compare the tests of two runs by the name of their class.
func TestJUnitTimesAndClasses(t *testing.T) {
	journal := experiment.Journal{
		Experiment: experiment.Experiment{
			ID: "shop", Method: []experiment.Phase{{Name: "calm"}, {Name: "slow"}, {Name: "calm again"}},
			Tolerances: []experiment.Tolerance{{Name: "in time", Phases: []string{"slow", "calm again"}}},
		},
		Run: &experiment.Run{
			Verdict: experiment.Inconclusive, Took: 7500, Notes: []string{"a note"},
			Checks: []experiment.Check{{Name: "before"}, {Name: "in time"}, {Name: "after"}},
			Phases: []experiment.Span{{Name: "calm", To: 1000}, {Name: "slow", From: 1000, To: 3500}, {Name: "calm again", From: 3500, To: 7500}},
		},
	}
	var run, failed strings.Builder
	if err := errors.Join(WriteJUnit(&run, journal), WriteError(&failed, "shop", time.Now().Add(-2*time.Second), errors.New("no such file"))); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`name="before" time="1.000"`, `name="in time" time="6.500"`, `name="after" time="4.000"`, `classname="shop" name="verdict" time="7.500"`, `skipped message="no verdict; measured: `, `errors="1" skipped="4"`, `name="note" time="0.000"`} {
		if !strings.Contains(run.String(), want) {
			t.Errorf("got %s, want %s", run.String(), want)
		}
	}
	if got := failed.String(); strings.Count(got, ` time="2.0`) != 2 || !strings.Contains(got, `classname="shop"`) || !strings.HasSuffix(got, ">\n") {
		t.Errorf("got %q, want the class shop, 2 s twice, and a line's end", got)
	}
}

// A page of a person's own says when it ran, and calls no 503 a rejection.
func TestPageOfARunOfOnesOwn(t *testing.T) {
	journal := experiment.Journal{
		Experiment: experiment.Experiment{ID: "shop", Title: "The shop survives"},
		Run: &experiment.Run{
			Verdict: experiment.Passed, Started: time.Date(2026, 3, 4, 5, 6, 0, 0, time.UTC), Took: 7500,
			Answers: []experiment.Answer{{Status: 503}},
		},
	}
	var page strings.Builder
	if err := WriteRun(&page, journal); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<title>The shop survives: passed</title>", "2026-03-04 05:06 UTC, 8 s, shop", `"outcomes":["served","503",`} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

// A note is as visible as the verdict, on the page and in CI.
func TestNotesAreShown(t *testing.T) {
	journal := experiment.Journal{Run: &experiment.Run{Verdict: experiment.Passed, Notes: []string{"nothing met the <fault>"}}}
	var page, suite strings.Builder
	if err := errors.Join(WriteRun(&page, journal), WriteJUnit(&suite, journal)); err != nil {
		t.Fatal(err)
	}
	if want := "Note: nothing met the &lt;fault&gt;"; !strings.Contains(page.String(), want) {
		t.Errorf("the page lacks %q", want)
	}
	if want := `<skipped message="nothing met the &lt;fault&gt;">`; !strings.Contains(suite.String(), want) || !strings.Contains(suite.String(), `skipped="1"`) {
		t.Errorf("got %s, want %s", suite.String(), want)
	}
}
