package report

import (
	"fmt"
	"html/template"
	"math"
	"strings"

	"chaosworkshop/infra/chaos/experiment"
	"chaosworkshop/infra/chaos/load"
)

// The geometry of a plot, in the units of its viewBox.
const (
	plotWidth, plotHeight = 1200.0, 470.0
	left, right           = 78.0, 1188.0
	top, bottom           = 46.0, 370.0
	stripTop, stripHeight = 412.0, 26.0
)

// The latencies at the bottom and the top of a plot, in milliseconds; the axis between is logarithmic.
const (
	lowest  = 0.1
	highest = 10_000.0
)

// plot is latency over time, as the template draws it.
type plot struct {
	Width, Height            float64
	Left, Right, Top, Bottom float64
	StripTop, StripHeight    float64
	Bands                    []band
	Breaker                  []band
	Rows, Columns            []tick
	Series                   []series
	Empty                    bool
}

// band is a span of time: a phase, or a state of the breaker.
type band struct {
	X, Width float64
	Name     string
	Class    string
	// Label tells whether the name fits.
	Label bool
}

// tick is a line of the grid and its label.
type tick struct {
	At    float64
	Label string
}

// series are all answers of one outcome, drawn as one path of small shapes.
type series struct {
	Class, Name string
	Count       int
	Path        template.HTMLAttr
	// Sample is the shape alone, for the legend.
	Sample template.HTMLAttr
}

// shape is the outline of one mark around a point, and the outcomes' names and classes.
var shapes = []struct{ class, name, shape string }{
	{"ok", "200", "m-3.4,0a3.4,3.4 0 1,0 6.8,0a3.4,3.4 0 1,0 -6.8,0z"},
	{"rejected", "503 refused", "m0,-4.6l4.6,4.6l-4.6,4.6l-4.6,-4.6z"},
	{"timeout", "504 out of time", "m0,-4.6l4.6,8.2h-9.2z"},
	{"error", "500 error", "m-3.4,-3.4h6.8v6.8h-6.8z"},
	{"no-answer", "no answer", "m-4,-4l8,8m0,-8l-8,8"},
	{"health-ok", "/health/ 200", "m-5,0a5,5 0 1,0 10,0a5,5 0 1,0 -10,0z"},
	{"health-bad", "/health/ 503", "m-4.6,-4.6h9.2v9.2h-9.2z"},
}

// class is the class of an answer's mark.
func class(a experiment.Answer) string {
	switch {
	case a.Health && a.Status == 200:
		return "health-ok"
	case a.Health && a.Status != 0:
		return "health-bad"
	}
	outcome := load.Result{Status: a.Status}.Outcome()
	return strings.ReplaceAll(string(outcome), " ", "-")
}

func newPlot(run *experiment.Run) plot {
	made := plot{
		Width: plotWidth, Height: plotHeight, Left: left, Right: right, Top: top, Bottom: bottom,
		StripTop: stripTop, StripHeight: stripHeight, Empty: len(run.Answers) == 0,
	}
	took := math.Max(run.Took, 1000)
	x := func(ms float64) float64 { return left + (right-left)*math.Min(ms/took, 1) }
	for _, span := range run.Phases {
		kind := "calm"
		if span.Fault != "" {
			kind = "fault"
		}
		name := span.Name
		made.Bands = append(made.Bands, newBand(x(span.From), x(span.To), name, kind))
	}
	if len(run.States) == 0 {
		made.Height = stripTop
	}
	for i, state := range run.States {
		end := took
		if i+1 < len(run.States) {
			end = run.States[i+1].At
		}
		made.Breaker = append(made.Breaker, newBand(x(state.At), x(end), state.Name, state.Name))
	}
	for ms := lowest; ms <= highest; ms *= 10 {
		made.Rows = append(made.Rows, tick{y(ms), label(ms)})
	}
	step := math.Ceil(took / 1000 / 12)
	for s := 0.0; s*1000 <= took; s += step {
		made.Columns = append(made.Columns, tick{x(s * 1000), fmt.Sprintf("%.0f s", s)})
	}
	for _, one := range shapes {
		path, count := strings.Builder{}, 0
		for _, answer := range run.Answers {
			if class(answer) == one.class {
				fmt.Fprintf(&path, "M%.1f,%.1f%s", x(answer.At+answer.Latency), y(answer.Latency), one.shape)
				count++
			}
		}
		if count > 0 {
			made.Series = append(made.Series, series{
				Class: one.class, Name: one.name, Count: count,
				Path:   template.HTMLAttr(`d="` + path.String() + `"`),
				Sample: template.HTMLAttr(`d="M9,9` + one.shape + `"`),
			})
		}
	}
	return made
}

// newBand is a band whose name is shown if it fits.
func newBand(from, to float64, name, class string) band {
	const perLetter = 9.5
	width := math.Max(0, to-from)
	return band{X: from, Width: width, Name: name, Class: class, Label: width > perLetter*float64(len(name))}
}

// y is where a latency stands.
func y(ms float64) float64 {
	share := math.Log10(math.Max(ms, lowest)/lowest) / math.Log10(highest/lowest)
	return bottom - (bottom-top)*math.Min(share, 1)
}

func label(ms float64) string {
	switch {
	case ms < 1:
		return "0.1 ms"
	case ms < 999:
		return fmt.Sprintf("%.0f ms", ms)
	}
	return fmt.Sprintf("%.0f s", ms/1000)
}
