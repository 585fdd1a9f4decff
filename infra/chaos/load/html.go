package load

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"slices"

	vegeta "github.com/tsenart/vegeta/v12/lib"
	"github.com/tsenart/vegeta/v12/lib/plot"
)

// plotted is how many points of each outcome a page shows; more are thinned out without losing the shape.
const plotted = 4000

// WriteHTML writes the report as a page of its own: every latency over time, by outcome. It needs no network.
func (r Report) WriteHTML(out io.Writer) error {
	page := plot.New(
		plot.Title(fmt.Sprintf("%s at %d requests a second: %.1f %% success, p50 %.1f ms, p99 %.1f ms",
			r.URL, r.Rate, 100*r.Success, r.Latency.P50, r.Latency.P99)),
		plot.Downsample(plotted),
		plot.Label(func(hit *vegeta.Result) string { return hit.Error }),
	)
	results := slices.Clone(r.results)
	slices.SortFunc(results, func(a, b Result) int { return cmp.Compare(a.Seq, b.Seq) })
	for i, result := range results {
		// The plot waits for every number in turn, and the last requests may have been cancelled: count anew.
		hit := vegeta.Result{Seq: uint64(i), Timestamp: result.At, Latency: result.Latency, Error: label(result)}
		if err := page.Add(&hit); err != nil {
			return fmt.Errorf("draw the plot: %w", err)
		}
	}
	page.Close()
	if _, err := page.WriteTo(out); err != nil {
		return fmt.Errorf("write the plot: %w", err)
	}
	return nil
}

// label names a result's line in the plot; the plot draws what contains ERROR in red.
func label(result Result) string {
	switch outcome := result.Outcome(); outcome {
	case OK:
		return "OK"
	case NoAnswer:
		return "ERROR: no answer"
	default:
		return fmt.Sprintf("ERROR: %d %s", result.Status, http.StatusText(result.Status))
	}
}
