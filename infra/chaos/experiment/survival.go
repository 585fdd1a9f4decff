package experiment

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"chaosworkshop/infra/internal/stats"
	"chaosworkshop/infra/lab/toxi"
)

// underFault is the phase of a fault of the catalogue.
const underFault = "fault"

// Catalogue is every fault of the catalogue against every stage.
type Catalogue struct {
	Faults []toxi.Fault
	// Runs are by fault, in the order of Faults, and by stage.
	Runs [][]*Run
}

// survival is the method of the catalogue: load under the fault, then the recovery.
func survival(fault toxi.Fault, s Settings) Experiment {
	return Experiment{
		ID: fault.Name, Title: fault.Summary,
		Method: []Phase{
			{Name: steady, Rate: 20, For: time.Second},
			{Name: underFault, Faults: []Fault{FromCatalogue(fault)}, Rate: 20, For: 10 * time.Second, Probe: s.Deadline},
			{Name: rollback, Rate: 20, For: s.openWait() + 2*time.Second, Until: "served"},
			{Name: after, Rate: 20, For: time.Second},
		},
	}
}

// RunCatalogue runs every fault on every stage, the five stages side by side, and calls progress before each fault.
func (r *Runner) RunCatalogue(ctx context.Context, progress func(done, of int, fault string)) (*Catalogue, error) {
	subjects, err := buildStages(ctx)
	if err != nil {
		return nil, err
	}
	catalogue := &Catalogue{Faults: toxi.Faults()}
	for i, fault := range catalogue.Faults {
		progress(i, len(catalogue.Faults), fault.Name)
		runs := make([]*Run, len(subjects))
		errs := make(chan error, len(subjects))
		for stage, subject := range subjects {
			go func() {
				var err error
				runs[stage], err = r.survive(ctx, fault, subject)
				errs <- err
			}()
		}
		for range subjects {
			if failed := <-errs; failed != nil {
				err = failed
			}
		}
		if err != nil {
			return nil, fmt.Errorf("fault %s: %w", fault.Name, err)
		}
		catalogue.Runs = append(catalogue.Runs, runs)
	}
	return catalogue, nil
}

// survive is one run under a fault, repeated if the app was not in its steady state before.
func (r *Runner) survive(ctx context.Context, fault toxi.Fault, subject Subject) (run *Run, err error) {
	for range 1 + len(retries) {
		run, err = r.observe(ctx, survival(fault, r.Settings), subject)
		if err != nil || len(run.Phases) > 1 {
			break
		}
		awaitQuiet(ctx)
	}
	return run, err
}

// Markdown writes the catalogue as a table: a line for each fault, a column for each stage. s are the settings of the run.
func (c *Catalogue) Markdown(out io.Writer, s Settings) error {
	text := &strings.Builder{}
	text.WriteString("| fault | raw client | exercise 1 | exercise 2 | exercise 3 | exercise 4 | exercise 5 |\n")
	text.WriteString("| --- | --- | --- | --- | --- | --- | --- |\n")
	for i, fault := range c.Faults {
		fmt.Fprintf(text, "| **%s**: %s | %s |", fault.Name, fault.Summary, met(c.Runs[i]))
		for _, run := range c.Runs[i] {
			fmt.Fprintf(text, " %s |", survived(run, s))
		}
		text.WriteString("\n")
	}
	_, err := io.WriteString(out, text.String())
	return err
}

// met is what the raw clients met: the share that was served, and their median.
func met(runs []*Run) string {
	probed, failed := 0, 0
	var medians []float64
	for _, run := range runs {
		for _, felt := range run.Felt {
			if felt.Fault != "" {
				probed += felt.Probes
				failed += felt.Failed
				if felt.Failed < felt.Probes {
					medians = append(medians, felt.Median)
				}
			}
		}
	}
	if probed == 0 {
		return "-"
	}
	text := fmt.Sprintf("%.0f %%", 100*float64(probed-failed)/float64(probed))
	if len(medians) > 0 {
		text += "<br>" + Duration(stats.Percentile(medians, 50))
	}
	return text
}

// survived is one cell of the table: success, p99, dials for a request, and the time until the first success.
func survived(run *Run, s Settings) string {
	answers := run.Of(underFault)
	span, ok := run.phase(underFault)
	if !ok || len(answers) == 0 {
		return "-"
	}
	worst := stats.Percentile(Latencies(answers), 99)
	p99 := Duration(worst)
	if worst >= stats.Milliseconds(s.Deadline+patience) {
		p99 = "never"
	}
	recovery := "never"
	if took, ok := run.Recovery(); ok {
		recovery = Duration(took)
	}
	return fmt.Sprintf("%.0f %%<br>p99 %s<br>%.1f dials<br>back in %s", 100*Success(answers), p99, float64(span.Dials)/float64(len(answers)), recovery)
}
