package cmd

import (
	"encoding/json"
	"fmt"

	"chaosworkshop/infra/internal/cli"

	"github.com/fatih/color"
	"github.com/spf13/cobra"

	"chaosworkshop/infra/room/doctor"
)

// newDoctorCommand looks whether the workshop can run here.
func newDoctorCommand() *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use:   "doctor",
		Short: "Look whether everything is ready on this computer, and how to mend what is not",
		Long: "Look whether everything is ready on this computer, and how to mend what is not.\n\n" +
			"Exit code 0: it is. 1: do what stands behind fix. 2: ask the instructor.",
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			out := command.OutOrStdout()
			var findings []doctor.Finding
			verdict := doctor.Examine(command.Context(), func(finding doctor.Finding) {
				findings = append(findings, finding)
				if asJSON {
					return
				}
				paint := map[doctor.Verdict]color.Attribute{doctor.OK: color.FgGreen, doctor.Fix: color.FgYellow, doctor.Ask: color.FgRed}
				fmt.Fprintf(out, "%s  %-14s %s\n", color.New(paint[finding.Verdict]).Sprintf("%-3s", finding.Verdict), finding.Name, finding.Detail)
				if finding.Remedy != "" {
					fmt.Fprintf(out, "     %-14s -> %s\n", "", finding.Remedy)
				}
			})
			if asJSON {
				encoder := json.NewEncoder(out)
				encoder.SetIndent("", "  ")
				if err := encoder.Encode(map[string]any{"verdict": verdict, "findings": findings}); err != nil {
					return err
				}
			}
			if verdict != doctor.OK {
				return cli.Exit(int(verdict), nil)
			}
			return nil
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print the findings as JSON")
	return command
}
