// Package report writes a proof matrix as one page that needs nothing else: no network, no second file.
package report

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"time"

	"chaosworkshop/infra/chaos/experiment"
)

//go:embed page.html style.css page.js
var files embed.FS

// page is what the template shows.
type page struct {
	Style  template.CSS
	Script template.JS
	Matrix *experiment.Matrix
	Stages []stage
	Rows   []row
	// As is how many cells went as they must.
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
	Plot   plot
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

// Write writes the page.
func Write(out io.Writer, matrix *experiment.Matrix) error {
	page, err := newPage(matrix)
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	functions := template.FuncMap{
		"clock":    func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") },
		"seconds":  func(ms float64) string { return fmt.Sprintf("%.0f s", ms/1000) },
		"duration": experiment.Duration,
		"percent":  func(share float64) string { return fmt.Sprintf("%.0f %%", 100*share) },
	}
	parsed, err := template.New("page.html").Funcs(functions).ParseFS(files, "page.html")
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return parsed.Execute(out, page)
}

func newPage(matrix *experiment.Matrix) (page, error) {
	style, err := files.ReadFile("style.css")
	if err != nil {
		return page{}, err
	}
	script, err := files.ReadFile("page.js")
	if err != nil {
		return page{}, err
	}
	made := page{Style: template.CSS(style), Script: template.JS(script), Matrix: matrix}
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
	return made, nil
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
			latencies := experiment.Latencies(answers)
			line.Success = fmt.Sprintf("%.0f %%", 100*experiment.Success(answers))
			line.P50 = experiment.Duration(experiment.Percentile(latencies, 50))
			line.P95 = experiment.Duration(experiment.Percentile(latencies, 95))
			line.P99 = experiment.Duration(experiment.Percentile(latencies, 99))
			line.DialsPerRequest = fmt.Sprintf("%.2f", float64(span.Dials)/float64(len(answers)))
		}
		made.Phases = append(made.Phases, line)
	}
	return made
}

// figure is the number that an experiment is about, as a cell shows it.
func figure(one experiment.Cell) string {
	switch one.Number {
	case 1:
		return "p99 " + experiment.Duration(experiment.Percentile(experiment.Latencies(one.Run.Of("steady state")), 99))
	case 2:
		return "latest " + experiment.Duration(experiment.Percentile(experiment.Latencies(one.Run.Of("slow", "black hole")), 100))
	case 3:
		return fmt.Sprintf("%.0f %% served", 100*experiment.Success(one.Run.Of("flaky")))
	case 4:
		if len(one.Run.Of("outage goes on")) == 0 {
			return "never rejected"
		}
		p99 := experiment.Duration(experiment.Percentile(experiment.Latencies(one.Run.Of("outage goes on")), 99))
		return "p99 " + p99
	}
	if took, ok := one.Run.HealthyAfter(); ok {
		return "healthy in " + experiment.Duration(took)
	}
	return "no health endpoint"
}
