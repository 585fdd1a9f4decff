package experiment

import (
	"fmt"
	"io"

	"github.com/fatih/color"
)

// Print writes a run for a person: the experiment in the words of the field, every check, and the verdict.
func (r *Run) Print(out io.Writer, e Experiment) {
	fmt.Fprintf(out, "%s\n", color.New(color.Bold).Sprintf("%s %s on %s", e.ID, e.Title, r.Folder))
	fmt.Fprintf(out, "  hypothesis    %s\n", e.Hypothesis)
	for _, felt := range r.Felt {
		if felt.Fault != "" {
			fmt.Fprintf(out, "  fault felt    %s: of %d fresh connections beside the app %d failed, %d were late\n", felt.Fault, felt.Probes, felt.Failed, felt.Late)
		}
	}
	for _, check := range r.Checks {
		mark := color.GreenString("ok  ")
		if !check.Passed {
			mark = color.RedString("no  ")
		}
		fmt.Fprintf(out, "  %s %s: %s (required: %s)\n", mark, check.Name, check.Measured, check.Required)
	}
	switch r.Verdict {
	case Passed:
		color.New(color.FgGreen).Fprintf(out, "passed")
		fmt.Fprintf(out, ": the hypothesis holds\n")
	case Failed:
		color.New(color.FgRed).Fprintf(out, "failed")
		fmt.Fprintf(out, ": %s\n", r.Reason)
	default:
		color.New(color.FgYellow).Fprintf(out, "invalid")
		fmt.Fprintf(out, ": %s\n", r.Reason)
	}
}
