// Package report writes a proof matrix, or one experiment, as a page that needs nothing else: no network, no second file.
// It writes JUnit XML for CI systems, too.
package report

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"time"

	"chaosworkshop/infra/chaos/experiment"
	"chaosworkshop/infra/chaos/load"
	"chaosworkshop/infra/chaos/page"
	"chaosworkshop/infra/internal/stats"
)

//go:embed site
var site embed.FS

// content is what the template shows.
type content struct {
	Matrix *experiment.Matrix
	Stages []stage
	Rows   []row
	// As is how many cells are as expected, First the cell to show first.
	As    int
	First string
}

// stage is a column.
type stage struct {
	Number  int
	Pattern string
}

// row is an experiment and its cells.
type row struct {
	Experiment experiment.Experiment
	Cells      []cell
}

// cell is one experiment on one stage, with all that its detail shows.
type cell struct {
	ID         string
	Stage      int
	Experiment experiment.Experiment
	Cell       experiment.Cell
	Run        *experiment.Run
	// Figure is the number that the experiment is about.
	Figure string
	Phases []phase
	Plot   page.Run
}

// phase is a line of the table of numbers.
type phase struct {
	Name, Fault            string
	Requests               int
	Success, P50, P95, P99 string
	DialsPerRequest        string
}

// patterns are what the exercises add.
var patterns = []string{"baseline", "timeout", "retry", "circuit breaker", "health"}

// Write writes the page of a matrix.
func Write(out io.Writer, matrix *experiment.Matrix) error { return write(out, newContent(matrix)) }

// WriteRun writes the page of one experiment that is not the workshop's own.
func WriteRun(out io.Writer, journal experiment.Journal) error {
	shown := newCell(journal.Experiment, experiment.Cell{Run: journal.Run})
	return write(out, content{First: shown.ID, Rows: []row{{Cells: []cell{shown}}}})
}

func write(out io.Writer, content content) error {
	made, err := page.New(site, template.FuncMap{
		"clock":   func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") },
		"seconds": func(ms float64) string { return fmt.Sprintf("%.0f s", ms/1000) },
	})
	if err != nil {
		return err
	}
	return made.Write(out, content)
}

func newContent(matrix *experiment.Matrix) content {
	made := content{Matrix: matrix}
	for i, pattern := range patterns {
		made.Stages = append(made.Stages, stage{i + 1, pattern})
	}
	for i, e := range matrix.Experiments {
		line := row{Experiment: e}
		for number := range patterns {
			one, ok := matrix.Cell(i+1, number+1)
			if !ok || one.Run == nil {
				continue
			}
			shown := newCell(e, one)
			if one.OK() {
				made.As++
			} else if made.First == "" {
				made.First = shown.ID
			}
			line.Cells = append(line.Cells, shown)
		}
		made.Rows = append(made.Rows, line)
	}
	if made.First == "" {
		made.First = "e3-3"
	}
	return made
}

func newCell(e experiment.Experiment, one experiment.Cell) cell {
	made := cell{
		ID: fmt.Sprintf("e%d-%d", one.Number, one.Stage), Stage: one.Stage,
		Experiment: e, Cell: one, Run: one.Run, Plot: newPlot(one.Run), Figure: figure(one),
	}
	for _, span := range one.Run.Phases {
		answers := one.Run.Of(span.Name)
		line := phase{Name: span.Name, Fault: span.Fault, Requests: len(answers)}
		if len(answers) > 0 {
			line.Success = fmt.Sprintf("%.0f %%", 100*experiment.Success(answers))
			line.P50, line.P95, line.P99 = percentile(answers, 50), percentile(answers, 95), percentile(answers, 99)
			line.DialsPerRequest = fmt.Sprintf("%.2f", float64(span.Dials)/float64(len(answers)))
		}
		made.Phases = append(made.Phases, line)
	}
	return made
}

// newPlot is the run as the chart draws it.
func newPlot(run *experiment.Run) page.Run {
	nameOf := func(outcome load.Outcome) string {
		if run.Stage == 0 && outcome == load.Rejected {
			return "503" // Only in the workshop's apps is it surely a rejection.
		}
		return string(outcome)
	}
	// Besides the outcomes, the chart has marks for the answers of /health/.
	names := []string{}
	for _, outcome := range load.Outcomes() {
		names = append(names, nameOf(outcome))
	}
	names = append(names, "healthy", "unhealthy")
	plot := page.NewRun(run.Took, names)
	for _, answer := range run.Answers {
		name := nameOf(load.Result{Status: answer.Status}.Outcome())
		switch {
		case answer.Health && answer.Status == 200:
			name = "healthy"
		case answer.Health && answer.Status != 0:
			name = "unhealthy"
		}
		plot.Add(answer.At+answer.Latency, answer.Latency, slices.Index(names, name))
	}
	for _, span := range run.Phases {
		plot.Bands = append(plot.Bands, page.Span{Name: span.Name, From: span.From, To: span.To, Fault: span.Fault != ""})
	}
	for _, state := range run.States {
		plot.AddState(state.Name, state.At)
	}
	return plot
}

// percentile is a percentile of the answers' latencies, as the page shows it.
func percentile(answers []experiment.Answer, p float64) string {
	return experiment.Duration(stats.Percentile(experiment.Latencies(answers), p))
}

// figure is the number that an experiment is about, as a cell shows it.
func figure(one experiment.Cell) string {
	switch one.Number {
	case 1:
		return "p99 " + percentile(one.Run.Of("steady state"), 99)
	case 2:
		return "latest " + percentile(one.Run.Of("slow", "locked table", "black hole"), 100)
	case 3:
		return fmt.Sprintf("%.0f %% served", 100*experiment.Success(one.Run.Of("flaky")))
	case 0:
		return ""
	case 4:
		open := one.Run.Of("outage continues")
		if len(open) == 0 {
			return "never rejected"
		}
		return "p99 " + percentile(open, 99)
	}
	if took, ok := one.Run.HealthyAfter(); ok {
		return "healthy in " + experiment.Duration(took)
	}
	return "no health endpoint"
}
