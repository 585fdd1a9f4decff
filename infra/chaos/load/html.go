package load

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"slices"

	"chaosworkshop/infra/chaos/page"
	"chaosworkshop/infra/internal/stats"
)

//go:embed site
var site embed.FS

// WriteHTML writes the summary as a page of its own: every latency over time, by outcome. It needs no network.
func (s Summary) WriteHTML(out io.Writer) error {
	made, err := page.New(site, template.FuncMap{
		"percent": func(share float64) string { return fmt.Sprintf("%.1f %%", 100*share) },
	})
	if err != nil {
		return err
	}
	return made.Write(out, struct {
		Summary
		Run page.Run
	}{s, s.run()})
}

// run is what the chart shows: each answer when it came.
func (s Summary) run() page.Run {
	outcomes := Outcomes()
	names := make([]string, len(outcomes))
	for i, outcome := range outcomes {
		names[i] = string(outcome)
	}
	answered := func(result Result) float64 { return stats.Milliseconds(result.At.Sub(s.Started) + result.Latency) }
	took := 0.0
	for _, result := range s.results {
		took = max(took, answered(result))
	}
	run := page.NewRun(took, names)
	for _, result := range s.results {
		run.Add(answered(result), stats.Milliseconds(result.Latency), slices.Index(outcomes, result.Outcome()))
	}
	for _, second := range s.Seconds {
		if second.Breaker != "" {
			run.AddState(second.Breaker, float64(second.Second-1)*1000)
		}
	}
	return run
}
